"""Functions and layers against PyTorch, values and gradients."""

import numpy as np
import pytest

import tensorlib as tl
from tensorlib import nn
from tensorlib.nn import functional as F

torch = pytest.importorskip(
    "torch", reason="PyTorch is not installed; to compare with it: pip install torch"
)
TF = torch.nn.functional
rng = np.random.default_rng(0)


def compare(ours, theirs, *arrays, rtol=1e-11):
    """Values, and gradients with respect to all arrays, of the same function."""
    mine = [tl.asarray(array).requires_grad_() for array in arrays]
    yours = [torch.tensor(array, requires_grad=True) for array in arrays]
    a, b = ours(*mine), theirs(*yours)
    np.testing.assert_allclose(np.asarray(a.detach()), b.detach().numpy(), rtol, 1e-12)
    weights = rng.standard_normal(tuple(a.shape))
    (a * tl.asarray(weights)).sum().backward()
    (b * torch.tensor(weights)).sum().backward()
    for x, y in zip(mine, yours, strict=True):
        np.testing.assert_allclose(np.asarray(x.grad), y.grad.numpy(), rtol, 1e-12)


@pytest.mark.parametrize("stride", [1, 2, (2, 3)])
@pytest.mark.parametrize("padding", [0, 1, (2, 1)])
@pytest.mark.parametrize("dilation", [1, (2, 1)])
@pytest.mark.parametrize("groups", [1, 2])
def test_conv2d(stride, padding, dilation, groups):
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    compare(
        lambda x, w, b: F.conv2d(x, w, b, **options),
        lambda x, w, b: TF.conv2d(x, w, b, **options),
        rng.standard_normal((2, 4, 9, 8)),
        rng.standard_normal((6, 4 // groups, 3, 2)),
        rng.standard_normal(6),
    )


@pytest.mark.parametrize("stride", [None, 1, (2, 3)])
@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("dilation", [1, 2])
def test_max_pool2d(stride, padding, dilation):
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    x = rng.integers(5, size=(2, 3, 9, 8)) * 1.0  # with ties
    compare(
        lambda x: F.max_pool2d(x, (3, 2), **options),
        lambda x: TF.max_pool2d(x, (3, 2), **options),
        x,
    )
    _, ours = F.max_pool2d(tl.asarray(x), (3, 2), **options, return_indices=True)
    _, theirs = TF.max_pool2d(torch.tensor(x), (3, 2), **options, return_indices=True)
    np.testing.assert_array_equal(np.asarray(ours), theirs.numpy())


@pytest.mark.parametrize("name", ["relu", "sigmoid"])
def test_activations(name):
    compare(getattr(F, name), getattr(torch, name), rng.standard_normal((3, 4)))


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("dim", [0, 1])
def test_softmax(name, dim):
    compare(
        lambda x: getattr(F, name)(x, dim=dim),
        lambda x: getattr(TF, name)(x, dim=dim),
        10 * rng.standard_normal((3, 4)),
    )


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", [(7, 5), (2, 5, 3, 4), (5,)])
def test_cross_entropy(reduction, weighted, shape):
    target = rng.integers(5, size=shape[:1] + shape[2:] if len(shape) > 1 else ())
    target = np.where(target == 2, -100, target) if len(shape) > 1 else target
    weight = rng.random(5)
    compare(
        lambda x: F.cross_entropy(
            x, tl.asarray(target), tl.asarray(weight) if weighted else None, reduction=reduction
        ),
        lambda x: TF.cross_entropy(
            x,
            torch.tensor(target),
            torch.tensor(weight) if weighted else None,
            reduction=reduction,
        ),
        rng.standard_normal(shape),
    )


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
def test_mse_loss(reduction):
    x, y = rng.standard_normal((2, 3, 4))
    compare(
        lambda x, y: F.mse_loss(x, y, reduction),
        lambda x, y: TF.mse_loss(x, y, reduction=reduction),
        x,
        y,
    )


def test_a_network_with_the_same_weights():
    def network(nn):
        return nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(64, 10),
            nn.LogSoftmax(dim=1),
        )

    ours, theirs = network(nn), network(torch.nn)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict({name: x.numpy() for name, x in theirs.state_dict().items()})
    x = rng.standard_normal((5, 1, 8, 8)).astype(np.float32)
    labels = rng.integers(10, size=5)
    a = F.nll_loss(ours(tl.asarray(x)), tl.asarray(labels))
    b = TF.nll_loss(theirs(torch.tensor(x)), torch.tensor(labels))
    a.backward()
    b.backward()
    np.testing.assert_allclose(a.item(), b.item(), rtol=1e-5)
    for mine, yours in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(np.asarray(mine.grad), yours.grad.numpy(), 1e-4, 1e-6)
