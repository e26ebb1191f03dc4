"""Linear and bilinear maps beside PyTorch's."""

import numpy as np
import pytest
from parity import compare, compare_modules, dtypes, torch

import tensorlib as tl
from tensorlib import nn
from tensorlib.nn import functional as F
from tensorlib.testing import check_grads

TF = torch.nn.functional
LEADING = [(), (4,), (2, 3), (0,)]
leading = pytest.mark.parametrize("leading", LEADING, ids=str)


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


@dtypes
@leading
@pytest.mark.parametrize("biased", [False, True])
def test_linear(dtype, leading, biased):
    bias = numbers(3, seed=2) if biased else None
    compare(F.linear, TF.linear, [numbers(*leading, 5), numbers(3, 5, seed=1), bias], dtype)


@dtypes
@leading
def test_linear_to_one_number(dtype, leading):
    args = [numbers(*leading, 5), numbers(5, seed=1)]
    compare(F.linear, TF.linear, args, dtype)
    # PyTorch takes no bias there.
    compare(
        lambda x, weight, bias: F.linear(x, weight, bias),
        lambda x, weight, bias: TF.linear(x, weight) + bias,
        [*args, np.asarray(0.5)],
        dtype,
    )


@dtypes
@leading
@pytest.mark.parametrize("biased", [False, True])
def test_bilinear(dtype, leading, biased):
    bias = numbers(3, seed=3) if biased else None
    args = [numbers(*leading, 5), numbers(*leading, 2, seed=1), numbers(3, 5, 2, seed=2), bias]
    compare(F.bilinear, TF.bilinear, args, dtype)


@dtypes
@pytest.mark.parametrize("bias", [False, True])
def test_modules(dtype, bias):
    compare_modules("Linear", (5, 3), [numbers(4, 5)], dtype, bias=bias)
    inputs = [numbers(4, 5), numbers(4, 2, seed=1)]
    compare_modules("Bilinear", (5, 2, 3), inputs, dtype, bias=bias)


def test_second_order():
    check_grads(F.linear, [numbers(2, 3), numbers(2, 3, seed=1), numbers(2, seed=2)])
    check_grads(
        F.bilinear,
        [numbers(2, 3), numbers(2, 2, seed=1), numbers(2, 3, 2, seed=2), numbers(2, seed=3)],
    )


def test_identity():
    layer = nn.Identity(54, unused=1)
    x = tl.ones(3)
    assert layer(x) is x
    assert repr(layer) == "Identity()"
    assert not list(layer.parameters())


@pytest.mark.parametrize(
    "call, error, text",
    [
        (
            lambda: F.linear(tl.ones((2, 3)), tl.ones((3, 2))),
            ValueError,
            r"linear: expected shapes \(..., in\) .* got \(2, 3\) and \(3, 2\)",
        ),
        (lambda: F.linear(tl.ones(()), tl.ones(1)), ValueError, r"linear: .* got \(\) and \(1,\)"),
        (
            lambda: F.linear(tl.ones(3), tl.ones((2, 3)), tl.ones(3)),
            ValueError,
            r"linear: expected bias of shape \(2,\), got \(3,\)",
        ),
        (
            lambda: F.bilinear(tl.ones((2, 3)), tl.ones((4, 3)), tl.ones((1, 3, 3))),
            ValueError,
            r"bilinear: .*, got \(2, 3\), \(4, 3\) and \(1, 3, 3\)",
        ),
        (
            lambda: F.bilinear(tl.ones(3), tl.ones(2), tl.ones((1, 2, 3))),
            ValueError,
            r"bilinear: .*, got \(3,\), \(2,\) and \(1, 2, 3\)",
        ),
        (
            lambda: F.bilinear(tl.ones(3), tl.ones(2), tl.ones((1, 3, 2)), tl.ones(2)),
            ValueError,
            r"bilinear: expected bias of shape \(1,\), got \(2,\)",
        ),
        (lambda: nn.Linear(2.5, 3), TypeError, "Linear: expected numbers of features to be an int"),
        (lambda: nn.Bilinear(0, 3, 3), ValueError, "Bilinear: expected in1_features >= 1, got 0"),
        (lambda: nn.Bilinear(1, 3, -1), ValueError, "Bilinear: expected out_features >= 0, got -1"),
    ],
)
def test_refused(call, error, text):
    with pytest.raises(error, match=text):
        call()
