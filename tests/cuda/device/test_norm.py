"""Normalization and its gradients on a GPU against those of the CPU."""

import numpy as np
import pytest

import tensorlib as tl
from tensorlib import nn
from tensorlib._core._dispatch import apply, ops

TOLERANCE = {"float16": 4e-3, "bfloat16": 3e-2, "float32": 1e-5, "float64": 1e-12}

# (batch, stack, group, channel, place)
SHAPES = {
    "layer": (1, 6, 1, 40, 1),
    "layer of odd length": (1, 5, 1, 1001, 1),
    "long layer": (1, 2, 1, 40000, 1),
    "group": (1, 3, 4, 2, 12),
    "group, odd": (1, 3, 2, 3, 5),
    "batch of images": (4, 1, 6, 1, 20),
    "batch of odd images": (4, 1, 3, 1, 25),
    "batch": (50, 1, 8, 1, 1),
    "odd batch": (50, 1, 7, 1, 1),
    "one row": (3, 1, 1, 4, 8),
    "stacks": (3, 2, 2, 4, 6),
    "nothing": (0, 1, 3, 1, 4),
}


def numbers(shape, dtype, seed=0):
    return tl.asarray(np.random.default_rng(seed).standard_normal(shape) + 0.5).astype(dtype)


def assert_close(result, expected):
    assert result.dtype == expected.dtype
    assert result.shape == expected.shape
    tolerance = TOLERANCE[expected.dtype.name]
    a, b = (np.asarray(t.astype("float64")) for t in (result.cpu(), expected))
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * max(1, abs(b).max(initial=0)))


def check(shape, dtype, centred, device):
    x, g = numbers(shape, dtype), numbers(shape, dtype, 1)
    weight, bias = (numbers((*shape[2:4], 1), dtype, seed) for seed in (2, 3))
    on = [t.to(device) for t in (x, weight, bias)]
    expected = apply(ops.normalize, (x, weight, bias), (1e-5, centred))
    for a, b in zip(apply(ops.normalize, tuple(on), (1e-5, centred)), expected, strict=True):
        assert_close(a, b)
    _, mean, variance = expected
    for op, inputs in (
        (ops.normalize_input, (g, x, weight, mean, variance)),
        (ops.normalize_weight, (g, x, mean, variance)),
    ):
        result = apply(op, tuple(t.to(device) for t in inputs), (1e-5, centred))
        assert_close(result, apply(op, inputs, (1e-5, centred)))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("centred", [True, False])
def test_shapes(shape, centred, device):
    check(SHAPES[shape], "float32", centred, device)


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_every_dtype(dtype, device):
    for shape in ("layer", "batch of images"):
        check(SHAPES[shape], dtype, True, device)


def test_far_from_zero(device):
    x = tl.asarray(np.random.default_rng(0).standard_normal((1, 3, 1, 500, 1)) + 3000, "float32")
    ones = tl.ones((1, 500, 1), "float32")
    _, _, variance = apply(
        ops.normalize, (x.to(device), ones.to(device), ones.to(device)), (0.0, True)
    )
    np.testing.assert_allclose(
        variance.cpu().reshape(3), np.var(np.asarray(x), axis=(0, 3, 4)).ravel(), rtol=1e-4
    )


@pytest.mark.parametrize(
    "make, shape",
    [
        (lambda: nn.LayerNorm(12), (5, 12)),
        (lambda: nn.LayerNorm((4, 6)), (3, 4, 6)),
        (lambda: nn.RMSNorm(12), (5, 12)),
        (lambda: nn.BatchNorm1d(6), (8, 6)),
        (lambda: nn.BatchNorm2d(4), (3, 4, 5, 5)),
        (lambda: nn.GroupNorm(2, 4), (3, 4, 5, 5)),
        (lambda: nn.InstanceNorm2d(4), (3, 4, 5, 5)),
    ],
)
def test_layers(make, shape, device):
    x = numbers(shape, "float32").requires_grad_()
    d = numbers(shape, "float32").to(device).requires_grad_()
    layer, moved = make(), make().to(device)
    for module, t in ((layer, x), (moved, d)):
        module.train()
        (module(t) ** 3).sum().backward()
    assert_close(d.grad, x.grad)
    for a, b in zip(moved.parameters(), layer.parameters(), strict=True):
        assert_close(a.grad, b.grad)
    for a, b in zip(moved.buffers(), layer.buffers(), strict=True):
        assert (abs(a.cpu() - b) < 1e-5).all()
    moved.eval(), layer.eval()
    assert_close(moved(d).detach(), layer(x).detach())


def test_errors(device):
    x = tl.ones((2, 3), device=device)
    with pytest.raises(ValueError, match="normalize: expected images of shape"):
        apply(ops.normalize, (x, x, x), (1e-5, True))
    images = tl.ones((1, 2, 1, 3, 1), device=device)
    with pytest.raises(ValueError, match="normalize: expected weight of shape"):
        apply(ops.normalize, (images, x, x), (1e-5, True))
