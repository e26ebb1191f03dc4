"""The negative log-likelihood on a device against that on the CPU."""

import numpy as np
import pytest

import tensorlib as tl
from tensorlib.nn import functional as F

SHAPES = [(3,), (1, 1), (32, 4), (33, 3), (257, 5), (1000, 8), (2, 3, 5), (3, 4, 8, 8), (2, 5, 511)]


def losses(place, shape, dtype, options):
    """A loss, and its gradient of first and second order."""
    rng = np.random.default_rng(0)
    axis = min(len(shape) - 1, 1)
    x = tl.asarray(rng.standard_normal(shape)).astype(dtype).to(place).requires_grad_()
    labels = rng.integers(0, shape[axis], shape[:axis] + shape[axis + 1 :])
    weight = tl.asarray(rng.uniform(0.5, 2.0, shape[axis])).astype(dtype).to(place)
    options = {**options, "weight": weight} if options.get("weight") else options
    y = F.nll_loss(x, tl.asarray(labels).to(place), **options)
    (slope,) = tl.autograd.grad(y * y, x, create_graph=True)
    (curve,) = tl.autograd.grad((slope * slope).sum(), x)
    return y, slope, curve


@pytest.mark.parametrize(
    "options", [{}, {"reduction": "sum", "weight": True}, {"ignore_index": 1, "weight": True}]
)
@pytest.mark.parametrize("shape", SHAPES)
def test_shapes(shape, options, device):
    for dtype, tolerance in (("float32", 2e-5), ("float64", 1e-13)):
        found, expected = (losses(place, shape, dtype, options) for place in (device, "cpu"))
        for x, y in zip(found, expected, strict=True):
            np.testing.assert_allclose(
                x.detach().cpu().numpy(), y.detach().numpy(), rtol=tolerance, atol=tolerance
            )


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_short_floats(dtype, device):
    x = tl.asarray(np.random.default_rng(0).standard_normal((2500, 3))).astype(dtype)
    labels = tl.asarray(np.arange(2500) % 3)
    results = []
    for place in (device, "cpu"):
        here = x.to(place).requires_grad_()
        y = F.nll_loss(here, labels.to(place))
        y.backward()
        results.append([y.detach().cpu().astype("float32"), here.grad.cpu().astype("float32")])
    for found, expected in zip(*results, strict=True):
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-2)


def test_strided_and_empty(device):
    x = np.random.default_rng(0).standard_normal((5, 40))
    labels = np.arange(80).reshape(40, 2) % 5
    found = F.nll_loss(tl.asarray(x).to(device).T[::-2], tl.asarray(labels).to(device)[::2, 1])
    expected = F.nll_loss(tl.asarray(x).T[::-2], tl.asarray(labels)[::2, 1])
    np.testing.assert_allclose(found.item(), expected.item(), rtol=1e-13)
    nothing = tl.ones((0, 3), device=device), tl.zeros(0, dtype="int64", device=device)
    assert F.nll_loss(*nothing, reduction="sum").item() == 0
    ignored = tl.full((4,), 1, dtype="int32", device=device)
    assert np.isnan(F.nll_loss(tl.ones((4, 3), device=device), ignored, ignore_index=1).item())


def test_wrong_classes(device):
    x = tl.zeros((300, 3), device=device)
    for place, label in ((299, 3), (0, -1), (150, 7)):
        labels = np.zeros(300, np.int64)
        labels[place] = label
        y = F.cross_entropy(x, tl.asarray(labels).to(device))
        with pytest.raises(
            IndexError, match=f"^cross_entropy: index {label} is .* axis 1 with size 3"
        ):
            y.item()
    with pytest.raises(tl.DeviceError, match="nll_loss: expected weights on cuda:0"):
        F.nll_loss(x, tl.zeros(300, dtype="int64", device=device), tl.ones(3))


def test_tensors_of_the_cpu_without_axes(device):
    x = tl.asarray([0.5, 0.25], device=device).requires_grad_()
    y = F.nll_loss(x, tl.asarray(1))
    y.backward(tl.asarray(2.0, device=device))
    assert y.item() == -0.25 and x.grad.tolist() == [0.0, -2.0]
