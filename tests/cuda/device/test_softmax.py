"""Softmax, its logarithm and their gradients on a GPU against those of the CPU."""

import numpy as np
import pytest

import tensorlib as tl
from tensorlib._core._dispatch import apply, ops

TOLERANCE = {"float16": 2e-3, "bfloat16": 2e-2, "float32": 2e-6, "float64": 1e-13}
OPS = ("softmax", "log_softmax")


def numbers(shape, dtype, seed=0):
    return tl.asarray(np.random.default_rng(seed).standard_normal(shape) * 3).astype(dtype)


def assert_close(result, expected):
    assert result.dtype == expected.dtype
    assert result.shape == expected.shape
    tolerance = TOLERANCE[expected.dtype.name]
    a, b = (np.asarray(t.astype("float64")) for t in (result.cpu(), expected))
    np.testing.assert_allclose(a, b, rtol=tolerance * 4, atol=tolerance * 4)


def check(op, x, axis, device):
    expected = apply(getattr(ops, op), (x,), (axis,))
    assert_close(apply(getattr(ops, op), (x.to(device),), (axis,)), expected)
    g = numbers(x.shape, x.dtype.name, 1)
    backward = getattr(ops, f"{op}_backward")
    assert_close(
        apply(backward, (g.to(device), expected.to(device)), (axis,)),
        apply(backward, (g, expected), (axis,)),
    )


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_every_dtype(op, dtype, device):
    check(op, numbers((5, 64), dtype), 1, device)
    check(op, numbers((64, 5), dtype), 0, device)


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize(
    "shape, axis",
    [
        ((1,), 0),
        ((40, 10), 1),
        ((40, 8), 1),
        ((3, 33), 1),
        ((3, 500), 1),
        ((3, 1001), 1),
        ((2, 4096), 1),
        ((2, 20000), 1),  # does not fit into registers
        ((2, 20001), 1),
        ((4, 7, 6), 1),
        ((3, 70, 8), 1),
        ((3000, 2), 0),
        ((0, 3), 1),
        ((3, 0), 1),
    ],
)
def test_shapes(op, shape, axis, device):
    check(op, numbers(shape, "float32"), axis, device)


@pytest.mark.parametrize("op", OPS)
def test_layouts(op, device):
    x = numbers((6, 7, 9), "float32")
    for view in (lambda t: t[::-1, ::2], lambda t: t.T, lambda t: t[1:, 1:, 1:]):
        run = getattr(ops, op)
        for axis in range(3):
            assert_close(
                apply(run, (view(x.to(device)),), (axis,)), apply(run, (view(x),), (axis,))
            )


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("length", [12, 13, 9000])
@pytest.mark.parametrize("axis", [0, 1])
def test_special_values(op, length, axis, device):
    x = np.random.default_rng(0).standard_normal((6, length)).astype("float32")
    x[0, 3] = np.nan
    x[1, 0] = np.nan
    x[2, 5] = np.inf
    x[3] = -np.inf
    x[4, 1:] = -np.inf
    x[5] = 1e30
    x = tl.asarray(x if axis else np.ascontiguousarray(x.T))
    assert_close(
        apply(getattr(ops, op), (x.to(device),), (axis,)), apply(getattr(ops, op), (x,), (axis,))
    )


def test_errors(device):
    x = tl.ones((2, 3), device=device)
    with pytest.raises(TypeError, match="softmax: expected a floating dtype of .* bits, got int64"):
        apply(ops.softmax, (x.astype("int64"),), (1,))
    with pytest.raises(ValueError, match="softmax_backward: expected a gradient of shape"):
        apply(ops.softmax_backward, (x[:1], x), (1,))


def test_gradients(device):
    for op in OPS:
        x = numbers((6, 5), "float64").requires_grad_()
        d = numbers((6, 5), "float64").to(device).requires_grad_()
        for t in (x, d):
            (getattr(tl.nn.functional, op)(t, 0) ** 2).sum().backward()
        assert_close(d.grad.cpu(), x.grad)
