"""Windows as columns, and back."""

import inspect

import numpy as np
import pytest
from parity import compare, compare_modules, dtypes, torch

import tensorlib as tl
from tensorlib.nn import functional as F
from tensorlib.testing import check_grads

TF = torch.nn.functional
rng = np.random.default_rng(0)

WINDOWS = [
    {"kernel_size": 2},
    {"kernel_size": (3, 2), "stride": 2},
    {"kernel_size": 3, "padding": (1, 2), "dilation": (2, 1)},
    {"kernel_size": (1, 4), "padding": 3, "stride": (3, 2)},
    {"kernel_size": (7, 6)},
]


def places(kernel_size, dilation=1, padding=0, stride=1):
    """How many windows an image of 7 by 6 has."""
    return TF.unfold(torch.zeros(1, 1, 7, 6), kernel_size, dilation, padding, stride).shape[-1]


def columns(batch, channels=3, **window):
    height, width = np.broadcast_to(window["kernel_size"], 2)
    return rng.standard_normal((*batch, channels * height * width, places(**window)))


@dtypes
@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("batch", [(2,), ()])
def test_unfold(window, batch, dtype):
    x = rng.standard_normal((*batch, 3, 7, 6))
    compare(F.unfold, TF.unfold, [x], dtype, **window)
    ours, theirs = compare_modules("Unfold", (), [x], dtype, **window)
    assert repr(ours) == repr(theirs)


@dtypes
@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("batch", [(2,), ()])
def test_fold(window, batch, dtype):
    x = columns(batch, **window)
    compare(F.fold, TF.fold, [x], dtype, output_size=(7, 6), **window)
    ours, theirs = compare_modules("Fold", ((7, 6),), [x], dtype, **window)
    assert repr(ours) == repr(theirs)


def test_complex_numbers():
    x = rng.standard_normal((2, 3, 7, 6)) + 1j * rng.standard_normal((2, 3, 7, 6))
    compare(F.unfold, TF.unfold, [x], "float64", kernel_size=3, padding=1)
    x = columns((2,), kernel_size=2) + 1j * columns((2,), kernel_size=2)
    compare(F.fold, TF.fold, [x], "float64", output_size=(7, 6), kernel_size=2)


def test_nan_stays_where_it_is():
    x = np.zeros((1, 1, 3, 3))
    x[0, 0, 1, 1] = np.nan
    assert np.isnan(F.unfold(tl.asarray(x), 2)).sum() == 4


@pytest.mark.parametrize("window", WINDOWS[:3])
def test_gradients_of_first_and_second_order(window):
    x = tl.asarray(rng.random((1, 1, 7, 6)))
    check_grads(lambda x: F.unfold(x, **window) ** 2, [x], order=2)
    x = tl.asarray(columns((1,), 1, **window))
    check_grads(lambda x: F.fold(x, (7, 6), **window) ** 2, [x], order=2)


@pytest.mark.parametrize("name", ["fold", "unfold"])
def test_signatures(name):
    signatures = (inspect.signature(getattr(space, name)).parameters for space in (F, TF))
    pairs = zip(*(parameters.values() for parameters in signatures), strict=True)
    for a, b in pairs:
        assert (a.name, a.default) == (b.name, b.default)


@pytest.mark.parametrize(
    "call, error, text",
    [
        (
            lambda: F.unfold(tl.ones((4, 4)), 2),
            ValueError,
            r"unfold: expected shape \(N, C, H, W\) or \(C, H, W\), got \(4, 4\)",
        ),
        (
            lambda: F.unfold(tl.ones((1, 4, 4)), 5),
            ValueError,
            r"unfold: expected images, .* no smaller than the window \(5, 5\), got \(4, 4\)",
        ),
        (lambda: F.unfold(tl.ones((1, 4, 4)), 0), ValueError, "unfold: expected kernel_size >= 1"),
        (
            lambda: F.unfold(tl.ones((1, 4, 4)), 2.0),
            TypeError,
            "unfold: expected kernel_size to be",
        ),
        (
            lambda: F.fold(tl.ones((2, 8, 9)), 3, 2),
            ValueError,
            r"fold: expected shape \(N, C \* 4, 4\) .* got \(2, 8, 9\)",
        ),
        (lambda: F.fold(tl.ones((2, 7, 4)), 3, 2), ValueError, r"fold: .* got \(2, 7, 4\)"),
        (lambda: F.fold(tl.ones((2, 0, 4)), 3, 2), ValueError, r"fold: .* got \(2, 0, 4\)"),
        (lambda: F.fold(tl.ones((2, 8, 4)), 1, 2), ValueError, r"fold: .* the window \(2, 2\)"),
        (lambda: F.fold(tl.ones((2, 8, 4)), "a", 2), TypeError, "fold: expected output_size to be"),
    ],
)
def test_refusals(call, error, text):
    with pytest.raises(error, match=text):
        call()
