"""Chains of elementwise ops that ``fused`` is tested with."""

import numpy as np

import tensorlib as tl

# Of operands of float64, int32 and float16.
FUNCTIONS = [
    lambda x, n, h: x * n + h,
    lambda x, n, h: (n + 1) * h > x,
    lambda x, n, h: tl.where(n > 1, x, h) ** 2,
    lambda x, n, h: n * 2 + n // 2,
    lambda x, n, h: (x + 1j * h) * n,
    lambda x, n, h: -(h * h) + 0.5,
]


def numbers(*shape, dtype="float64", seed=0):
    return np.random.default_rng(seed).uniform(0.5, 2, shape).astype(dtype)


def chain(x, y):
    return x * y + tl.sin(x) * 2 - tl.where(x > y, x, y / 3)


def operands(size):
    """Those of `FUNCTIONS`."""
    n = np.random.default_rng(0).integers(1, 9, size).astype(np.int32)
    return numbers(size), n, numbers(size, dtype="float16")
