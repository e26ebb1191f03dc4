"""nn.utils: norms of gradients and clipping, parameters as a vector; beside PyTorch's."""

import numpy as np
import pytest
from parity import array_of, dtypes, torch

import tensorlib as tl
from tensorlib import nn

SHAPES = [(3, 4), (5,), (), (2, 0)]


def gradients(dtype, library, scale=1.0):
    """Leaves with gradients, and one without."""
    random = np.random.default_rng(0)
    leaves = []
    for shape in SHAPES:
        value = (scale * random.normal(size=shape)).astype(dtype)
        leaf = (tl.array if library is tl else torch.tensor)(np.zeros(shape, dtype))
        leaf.requires_grad_()
        leaf.grad = (tl.array if library is tl else torch.tensor)(value)
        leaves.append(leaf)
    rest = tl.zeros(2) if library is tl else torch.zeros(2)
    return [*leaves, rest.requires_grad_()]


def same(a, b, tolerance=1e-6):
    np.testing.assert_allclose(array_of(a), array_of(b), tolerance, tolerance)
    assert array_of(a).dtype == array_of(b).dtype


@dtypes
@pytest.mark.parametrize("norm_type", [2.0, 1, 3.5, float("inf"), "inf"])
@pytest.mark.parametrize("max_norm", [0.5, 1e6])
def test_clip_grad_norm(dtype, norm_type, max_norm):
    mine, yours = gradients(dtype, tl)[:-2], gradients(dtype, torch)[:-2]
    ours = nn.utils.clip_grad_norm_(mine, max_norm, norm_type)
    same(ours, torch.nn.utils.clip_grad_norm_(yours, max_norm, norm_type))
    assert ours.shape == () and not ours.requires_grad
    for a, b in zip(mine, yours, strict=True):
        same(a.grad, b.grad)


@dtypes
def test_norm_in_parts(dtype):
    mine, yours = gradients(dtype, tl), gradients(dtype, torch)
    total = nn.utils.get_total_norm([p.grad for p in mine[:4]])
    expected = torch.nn.utils.get_total_norm([p.grad for p in yours[:4]])
    same(total, expected)
    assert nn.utils.clip_grads_with_norm_(mine, 0.1, total) is None
    torch.nn.utils.clip_grads_with_norm_(yours, 0.1, expected)
    for a, b in zip(mine[:4], yours[:4], strict=True):
        same(a.grad, b.grad)
    assert mine[4].grad is None


@dtypes
def test_clip_grad_value(dtype):
    mine, yours = gradients(dtype, tl), gradients(dtype, torch)
    kept = mine[0].grad
    nn.utils.clip_grad_value_(mine, 0.25)
    torch.nn.utils.clip_grad_value_(yours, 0.25)
    assert mine[0].grad is kept
    for a, b in zip(mine[:4], yours[:4], strict=True):
        same(a.grad, b.grad)


def test_one_tensor_and_none():
    leaf = gradients("float64", tl)[0]
    norm = nn.utils.clip_grad_norm_(leaf, 1.0)
    assert norm.item() > 1 and abs(np.linalg.norm(array_of(leaf.grad)) - 1) < 1e-5
    assert nn.utils.clip_grad_norm_([], 1.0).item() == 0
    assert nn.utils.clip_grad_norm_([tl.zeros(2).requires_grad_()], 1.0).item() == 0
    assert nn.utils.clip_grad_norm_(iter([leaf]), 0.5).item() < 1.0001
    assert abs(np.linalg.norm(array_of(leaf.grad)) - 0.5) < 1e-5


def test_of_half_precision_the_squares_do_not_overflow():
    leaf = tl.zeros(4, dtype="float16").requires_grad_()
    leaf.grad = tl.full(4, 1000.0, dtype="float16")
    assert nn.utils.clip_grad_norm_([leaf], 2.0).item() == 2000
    assert leaf.grad.dtype == np.float16 and leaf.grad.tolist() == [1, 1, 1, 1]


def test_what_is_not_finite():
    leaf = tl.zeros(2).requires_grad_()
    leaf.grad = tl.asarray([np.inf, 1.0])
    text = "clip_grad_norm_: expected gradients with a finite norm of order 2, got inf"
    with pytest.raises(RuntimeError, match=text):
        nn.utils.clip_grad_norm_([leaf], 1.0, error_if_nonfinite=True)
    assert leaf.grad.tolist() == [np.inf, 1]
    with pytest.raises(RuntimeError, match="get_total_norm: expected gradients with a finite norm"):
        nn.utils.get_total_norm(leaf.grad, error_if_nonfinite=True)


def test_a_vector_of_parameters():
    ours, theirs = nn.Linear(3, 2), torch.nn.Linear(3, 2)
    vector = np.arange(8, dtype="float32")
    nn.utils.vector_to_parameters(tl.asarray(vector), ours.parameters())
    torch.nn.utils.vector_to_parameters(torch.tensor(vector), theirs.parameters())
    same(ours.weight, theirs.weight)
    same(ours.bias, theirs.bias)
    made = nn.utils.parameters_to_vector(ours.parameters())
    same(made, torch.nn.utils.parameters_to_vector(theirs.parameters()))
    (made * tl.asarray(vector)).sum().backward()
    assert ours.bias.grad.tolist() == [6, 7]


def test_vectors_that_do_not_fit():
    layer = nn.Linear(3, 2)
    before = layer.weight.tolist()
    for size in (7, 9):
        with pytest.raises(ValueError, match=rf"expected a vector of shape \(8,\) .*\({size},\)"):
            nn.utils.vector_to_parameters(tl.zeros(size), layer.parameters())
    assert layer.weight.tolist() == before
    with pytest.raises(ValueError, match="parameters_to_vector: expected parameters, got none"):
        nn.utils.parameters_to_vector([])
