"""Borders."""

import inspect

import numpy as np
import pytest
from parity import compare, compare_modules, dtypes, torch

import tensorlib as tl
from tensorlib import nn
from tensorlib.nn import functional as F
from tensorlib.testing import check_grads

TF = torch.nn.functional
rng = np.random.default_rng(0)

KINDS = ["Constant", "Zero", "Reflection", "Replication", "Circular"]
SHAPES = {1: (2, 3, 5), 2: (2, 3, 4, 5), 3: (2, 3, 4, 3, 5)}
modes = pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])


@dtypes
@modes
@pytest.mark.parametrize(
    "pad",
    [
        (1, 2),
        (0, 4),
        (-2, 3),
        (2, -1),
        (-1, -1),
        (0, 0),
        (1, 0, 2, 1),
        (-1, 2, 1, -2),
        (2, 1, 1, 2, 0, 1),
    ],
)
def test_pad(pad, mode, dtype):
    x = rng.standard_normal(SHAPES[len(pad) // 2])
    compare(F.pad, TF.pad, [x], dtype, pad=list(pad), mode=mode)


@pytest.mark.parametrize("value", [None, 0, 2.5, -np.inf, np.nan, True])
@pytest.mark.parametrize("shape, pad", [((3,), [1, 2]), ((2, 3), [0, 1, 2, 0]), ((2, 0), [1, 1])])
def test_values(shape, pad, value):
    x = rng.standard_normal(shape)
    compare(F.pad, TF.pad, [x], "float64", pad=pad, value=value)


@modes
@pytest.mark.parametrize("dtype", ["bool", "int8", "int64", "float16", "complex64"])
def test_other_dtypes(mode, dtype):
    if dtype == "bool" and mode in ("reflect", "replicate"):
        mode = "circular"  # PyTorch has no such kernels
    x = (rng.standard_normal((1, 5)) * 10).astype(dtype)
    gradients = dtype == "complex64"
    compare(F.pad, TF.pad, [x], "float32", gradients=gradients, pad=[2, 1], mode=mode)


def test_the_result_is_a_copy():
    x = tl.ones(3)
    y = F.pad(x, ())
    y[0] = 5
    assert x.tolist() == [1, 1, 1]


@modes
def test_gradients_of_first_and_second_order(mode):
    x = tl.asarray(rng.standard_normal((1, 1, 3, 4)))
    check_grads(lambda x: F.pad(x, (1, 2, -1, 1), mode) ** 2, [x], order=2)


@dtypes
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("padding", [1, (2, 0, 1, 2, 0, 1), (-1, 2, 1, 0, 1, -1)])
@pytest.mark.parametrize("batch", [True, False])
def test_layers(kind, axes, padding, batch, dtype):
    if isinstance(padding, tuple):
        padding = padding[: 2 * axes]
    args = (padding, 1.5) if kind == "Constant" else (padding,)
    x = rng.standard_normal(SHAPES[axes] if batch else SHAPES[axes][1:])
    ours, theirs = compare_modules(f"{kind}Pad{axes}d", args, [x], dtype)
    assert repr(ours) == repr(theirs)


def test_signature_of_the_function():
    pairs = zip(*(inspect.signature(f).parameters.values() for f in (F.pad, TF.pad)), strict=True)
    for a, b in pairs:
        assert (a.name, a.default) == (b.name, b.default)


X = tl.ones((2, 3, 4))


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: F.pad(X, 1), TypeError, "pad: expected pad to be a sequence of ints, got 1"),
        (lambda: F.pad(X, (1, 1.5)), TypeError, r"pad: .* got \(1, 1.5\)"),
        (lambda: F.pad(X, (1, 2, 3)), ValueError, r"pad: expected pairs .* got \(1, 2, 3\)"),
        (
            lambda: F.pad(X, (1,) * 8),
            ValueError,
            r"pad: expected pairs for at most 3 axes, got \(1, .* for shape \(2, 3, 4\)",
        ),
        (
            lambda: F.pad(X, (1, 1), "edge"),
            ValueError,
            "pad: expected mode 'constant', 'reflect', 'replicate', 'circular', got 'edge'",
        ),
        (
            lambda: F.pad(X, (1, 1), "reflect", 2.0),
            ValueError,
            "pad: expected no value in the mode 'reflect', got 2.0",
        ),
        (
            lambda: F.pad(X, (4, 0), "reflect"),
            ValueError,
            r"pad: expected axes .* 'reflect', got shape \(2, 3, 4\) and pad \(4, 0\)",
        ),
        (lambda: F.pad(X, (0, 5), "circular"), ValueError, r"'circular', .* pad \(0, 5\)"),
        (lambda: F.pad(X[:, :, :0], (0, 1), "replicate"), ValueError, "'replicate', got shape"),
        (
            lambda: F.pad(X, (-3, -2)),
            ValueError,
            r"pad: expected no more to be taken away than there is, got shape \(2, 3, 4\)",
        ),
        (
            lambda: nn.ReflectionPad2d((1, 2)),
            TypeError,
            r"ReflectionPad2d: expected padding to be an int or 4 ints, got \(1, 2\)",
        ),
    ],
)
def test_refusals(call, error, text):
    with pytest.raises(error, match=text):
        call()


@modes
@pytest.mark.parametrize("width", [2**40, 2**62, 2**70])
def test_hostile_sizes(mode, width):
    with pytest.raises((MemoryError, ValueError, TypeError), match="pad|full|allocate|too big"):
        F.pad(tl.ones((2, 2)), (0, width), mode)
