"""Distances and similarities beside PyTorch's."""

import numpy as np
import pytest
from parity import compare, compare_modules, dtypes, torch

import tensorlib as tl
from tensorlib import nn
from tensorlib.nn import functional as F
from tensorlib.nn.functional.distance import COMPUTE_MODES
from tensorlib.testing import check_grads

TF = torch.nn.functional
orders = pytest.mark.parametrize("p", [0.5, 1, 1.5, 2.0, 3, np.inf])


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


@dtypes
@pytest.mark.parametrize("dim", [0, 1, -1])
@pytest.mark.parametrize("other", [(3, 4, 5), (4, 5), (3, 1, 5), (1, 1, 1)], ids=str)
def test_cosine_similarity(dtype, dim, other):
    args = [numbers(3, 4, 5), numbers(*other, seed=1), dim]
    compare(F.cosine_similarity, TF.cosine_similarity, args, dtype)


@dtypes
def test_cosine_of_short_vectors(dtype):
    """Values only: PyTorch's gradient is that of a length which eps does not replace."""
    args = [np.array([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]]), numbers(3, 2), 1, 1.0]
    compare(F.cosine_similarity, TF.cosine_similarity, args, dtype, gradients=False)
    check_grads(lambda a, b: F.cosine_similarity(a, b, eps=1.0), [args[0][:2], args[1][:2]])


@dtypes
@orders
@pytest.mark.parametrize("keepdim", [False, True])
@pytest.mark.parametrize("other", [(3, 4), (4,), (2, 3, 4)], ids=str)
def test_pairwise_distance(dtype, p, keepdim, other):
    args = [numbers(3, 4), numbers(*other, seed=1), p, 1e-6, keepdim]
    compare(F.pairwise_distance, TF.pairwise_distance, args, dtype)


@dtypes
@orders
@pytest.mark.parametrize("shape", [(5, 4), (2, 3), (1, 3)], ids=str)
def test_pdist(dtype, p, shape):
    gradients = shape[0] > 1 or p != np.inf  # the largest of no elements is a constant
    compare(F.pdist, TF.pdist, [numbers(*shape), p], dtype, gradients=gradients)


@dtypes
@orders
@pytest.mark.parametrize(
    "shapes", [[(3, 4), (5, 4)], [(2, 3, 4), (5, 4)], [(2, 1, 3, 4), (3, 2, 4)], [(0, 4), (5, 4)]]
)
def test_cdist(dtype, p, shapes):
    args = [numbers(*shapes[0]), numbers(*shapes[1], seed=1), p]
    gradients = 0 not in shapes[0] or p != np.inf  # the largest of no elements is a constant
    compare(F.cdist, torch.cdist, args, dtype, gradients=gradients)


@pytest.mark.parametrize("mode", COMPUTE_MODES)
@pytest.mark.parametrize("rows", [5, 30])
def test_compute_modes_of_cdist(mode, rows):
    args = [numbers(rows, 4), numbers(7, 4, seed=1), 2.0, mode]
    compare(F.cdist, torch.cdist, args, "float64")


@pytest.mark.parametrize("rows", [3, 30])
def test_equal_points_have_no_gradient(rows):
    x = numbers(rows, 4)
    with_itself = tl.asarray(x).requires_grad_()
    # Of differences they are exactly zero; as products only nearly.
    F.cdist(with_itself, with_itself.detach(), 2.0, COMPUTE_MODES[2]).sum().backward()
    expected = torch.tensor(x, requires_grad=True)
    torch.cdist(expected, expected.detach(), 2.0, COMPUTE_MODES[2]).sum().backward()
    np.testing.assert_allclose(np.asarray(with_itself.grad), expected.grad.numpy(), atol=1e-12)


def test_counts_of_differing_elements():
    a, b = tl.asarray([[0.0, 1.0], [2.0, 1.0]]), tl.asarray([[0.0, 1.0], [3.0, 3.0]])
    assert F.cdist(a, b, 0).tolist() == [[0.0, 2.0], [1.0, 2.0]]
    assert F.pdist(a, 0).tolist() == [1.0]


@dtypes
def test_modules(dtype):
    inputs = [numbers(3, 4), numbers(3, 4, seed=1)]
    compare_modules("CosineSimilarity", (), inputs, dtype, dim=0, eps=1e-3)
    compare_modules("PairwiseDistance", (), inputs, dtype, p=3.0, eps=1e-3, keepdim=True)
    assert repr(nn.CosineSimilarity()) == "CosineSimilarity(dim=1, eps=1e-08)"
    assert repr(nn.PairwiseDistance()) == "PairwiseDistance(p=2.0, eps=1e-06, keepdim=False)"


def test_second_order():
    pair = [numbers(2, 3), numbers(2, 3, seed=1)]
    check_grads(F.cosine_similarity, pair)
    check_grads(F.pairwise_distance, pair)
    check_grads(lambda a, b: F.pairwise_distance(a, b, 3.0), pair)
    check_grads(F.cdist, pair)
    check_grads(lambda a, b: F.cdist(a, b, compute_mode=COMPUTE_MODES[1]), pair)
    check_grads(F.pdist, [numbers(3, 2)])


X = tl.ones((2, 3))


@pytest.mark.parametrize(
    "call, error, text",
    [
        (
            lambda: F.cosine_similarity(X, tl.ones((2, 4))),
            ValueError,
            r"cosine_similarity: .* got \(2, 3\) and \(2, 4\)",
        ),
        (lambda: F.cosine_similarity(X, X, 2), np.exceptions.AxisError, "axis 2 is out of bounds"),
        (
            lambda: F.pairwise_distance(X, tl.ones((3, 3))),
            ValueError,
            r"pairwise_distance: .* got \(2, 3\) and \(3, 3\)",
        ),
        (
            lambda: F.pdist(X[0]),
            ValueError,
            r"pdist: expected an input of shape \(N, D\), got \(3,",
        ),
        (lambda: F.pdist(X, -1), ValueError, "pdist: expected p >= 0, got -1"),
        (lambda: F.cdist(X, tl.ones((2, 4))), ValueError, r"cdist: .* got \(2, 3\) and \(2, 4\)"),
        (
            lambda: F.cdist(tl.ones((2, 2, 3)), tl.ones((3, 2, 3))),
            ValueError,
            r"cdist: .* got \(2,\) and \(3,\)",
        ),
        (lambda: F.cdist(X, X, float("nan")), ValueError, "cdist: expected p >= 0, got nan"),
        (
            lambda: F.cdist(X, X, 2, "fast"),
            ValueError,
            "cdist: expected compute_mode .* got 'fast'",
        ),
    ],
)
def test_refused(call, error, text):
    with pytest.raises(error, match=text):
        call()
