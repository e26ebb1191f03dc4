"""Flatten and Unflatten, beside PyTorch's."""

import numpy as np
import pytest
from parity import compare, compare_modules, dtypes, torch

import tensorlib as tl
from tensorlib import nn
from tensorlib.nn import functional as F

X = np.arange(120.0).reshape(2, 3, 4, 5)
Y = X.transpose(0, 2, 1, 3)  # (2, 4, 3, 5), not contiguous


@dtypes
@pytest.mark.parametrize("args", [(), (0,), (2,), (1, 2), (-3, -2), (0, -1), (3, 3)])
def test_flatten(dtype, args):
    compare_modules("Flatten", args, [X], dtype)
    compare(lambda x: F.flatten(x, *args), lambda x: torch.flatten(x, *args), [Y], dtype)


@dtypes
@pytest.mark.parametrize(
    "args", [(3, (5, 1)), (2, (1, -1)), (-2, [1, -1, 1]), (-1, (-1,)), (0, (1, 2, 1))]
)
def test_unflatten(dtype, args):
    compare_modules("Unflatten", args, [X], dtype)
    compare(lambda x: F.unflatten(x, *args), lambda x: torch.unflatten(x, *args), [Y], dtype)


def test_edges():
    assert F.flatten(tl.ones(())).shape == torch.flatten(torch.ones(())).shape == (1,)
    assert F.flatten(tl.ones((2, 0, 3)), 1).shape == (2, 0)
    assert F.unflatten(tl.ones((2, 0)), 1, (0, 3)).shape == (2, 0, 3)
    assert F.unflatten(tl.ones((2, 0)), 1, (-1, 3)).shape == (2, 0, 3)
    x = tl.ones((2, 6))
    assert F.unflatten(x, 1, (2, 3)).base is x


@pytest.mark.parametrize(
    "call, error, text",
    [
        (
            lambda x: F.flatten(x, 2),
            IndexError,
            r"flatten: axis 2 is out of bounds for shape \(2, 6",
        ),
        (
            lambda x: F.flatten(x, 1, 0),
            ValueError,
            "flatten: expected start_dim <= end_dim, got 1 an",
        ),
        (lambda x: F.unflatten(x, 2, (1, 1)), IndexError, "unflatten: axis 2 is out of bounds"),
        (
            lambda x: F.unflatten(x, 1, (4, -1)),
            ValueError,
            "unflatten: expected sizes that multiply",
        ),
        (
            lambda x: F.unflatten(x, 1, (2, 2)),
            ValueError,
            r"multiply to 6, .* shape \(2, 6\), got \(",
        ),
        (
            lambda x: F.unflatten(x, 1, (-1, -1)),
            ValueError,
            "unflatten: expected sizes that multiply",
        ),
        (
            lambda x: F.unflatten(x, 1, (0, -1)),
            ValueError,
            "unflatten: expected sizes that multiply",
        ),
        (
            lambda x: F.unflatten(x, 1, (-2, -3)),
            ValueError,
            "unflatten: expected lengths >= -1, got",
        ),
        (lambda x: F.unflatten(x, 1, ()), ValueError, "unflatten: expected lengths >= -1, got"),
        (lambda x: F.unflatten(x, 1, 6), TypeError, "unflatten: expected a tuple of ints, got 6"),
        (
            lambda x: nn.Unflatten(1, ("a", 2)),
            TypeError,
            "Unflatten: expected a tuple of ints, got",
        ),
        (
            lambda x: nn.Unflatten("a", (1, 2)),
            TypeError,
            "Unflatten: expected dim to be an int, got",
        ),
    ],
)
def test_refused(call, error, text):
    with pytest.raises(error, match=text):
        call(tl.ones((2, 6)))
