"""Convolution, pooling and resampling on a device against the CPU."""

import numpy as np
import pytest

import tensorlib as tl
from tensorlib import nn
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._resample import SparseRows
from tensorlib.nn import functional as F

STEPS = {"float16": 2**-11, "bfloat16": 2**-8, "float32": 2**-24, "complex64": 2**-24}


def numbers(shape, dtype="float32", seed=0):
    x = np.random.default_rng(seed).standard_normal(shape)
    if dtype.startswith("complex"):
        x = x + 1j * x[::-1]
    return tl.asarray(x).astype(dtype)


def assert_close(result, expected):
    assert result.device == "cuda:0"
    assert (result.shape, result.dtype) == (expected.shape, expected.dtype)
    wide = "complex128" if str(expected.dtype).startswith("complex") else "float64"
    expected = expected.astype(wide).numpy()
    # Sums in other orders, and one rounding.
    error = STEPS.get(str(result.dtype), 2**-53) * (4 if result.dtype.itemsize == 2 else 64)
    largest = np.abs(expected).max(initial=1)
    np.testing.assert_allclose(
        result.cpu().astype(wide).numpy(), expected, rtol=error, atol=error * largest
    )


def check(op, a, b, *params):
    expected = apply(getattr(ops, op), (a, b), params)
    assert_close(apply(getattr(ops, op), (a.to("cuda"), b.to("cuda")), params), expected)
    return expected


# images, channels, filters, places, taps, stride, padding, dilation, groups
GEOMETRIES = (
    (2, 3, 8, (9, 10), (3, 3), (1, 1), (1, 1), (1, 1), 1),
    (2, 4, 6, (9, 10), (3, 2), (2, 3), (1, 0), (2, 1), 2),
    (1, 8, 8, (12, 11), (3, 3), (1, 1), (1, 1), (1, 1), 8),
    (2, 5, 70, (200,), (7,), (3,), (4,), (2,), 1),
    (1, 40, 66, (20, 21), (3, 3), (1, 1), (1, 1), (1, 1), 1),
    (1, 4, 8, (5, 6, 7), (2, 3, 3), (2, 1, 2), (1, 1, 0), (1, 2, 1), 2),
    (3, 300, 5, (6, 6), (3, 3), (1, 1), (0, 0), (1, 1), 1),
    (4, 8, 8, (32, 32), (1, 1), (2, 2), (0, 0), (1, 1), 1),
    (3, 40, 48, (6, 7), (1, 1), (1, 1), (0, 0), (1, 1), 1),
    (0, 2, 2, (8, 8), (5, 5), (1, 1), (2, 2), (1, 1), 2),
)


def check_convolutions(geometry, dtype):
    n, channels, filters, places, taps, *options, groups = geometry
    x = numbers((n, channels, *places), dtype)
    w = numbers((filters, channels // groups, *taps), dtype, 1)
    y = check("conv", x, w, *options, groups)
    g = numbers(y.shape, dtype, 2)
    check("conv_input", g, w, x.shape, *options, groups)
    check("conv_weight", x, g, w.shape, *options, groups)


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_convolution(geometry, device):
    check_convolutions(geometry, "float32")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_convolution_of_other_dtypes(dtype, device):
    for geometry in GEOMETRIES[:3]:
        check_convolutions(geometry, dtype)


def test_images_one_after_the_other(device, monkeypatch):
    from tensorlib.cuda import conv

    monkeypatch.setattr(conv, "ROOM", 1)
    check_convolutions((5, 6, 40, (7, 8), (3, 3), (2, 1), (1, 1), (1, 1), 1), "float32")


def test_convolution_of_views(device):
    x, w = numbers((2, 8, 6, 8)), numbers((8, 8, 3, 3), seed=1)
    for view in (
        lambda x, w: (x.transpose(0, 1, 3, 2)[:, ::-1], w[::-1, :, :, ::-1]),
        lambda x, w: (x[:, :, ::2], w[::2]),
        lambda x, w: (tl.broadcast_to(x[:, :1], (2, 8, 6, 8)), w),
    ):
        options = (1, 1), (1, 1), (1, 1), 1
        expected = apply(ops.conv, view(x, w), options)
        assert_close(apply(ops.conv, view(x.to(device), w.to(device)), options), expected)


@pytest.mark.parametrize(
    "op, a, b, params",
    [
        ("conv", (2, 3, 4), (2, 4, 3), ((1,), (0,), (1,), 1)),
        ("conv", (2, 3), (2, 4, 3), ((1,), (0,), (1,), 1)),
        ("conv", (2, 3, 4), (2, 3, 9), ((1,), (0,), (1,), 1)),
        ("conv", (2, 3, 4), (2, 3, 3), ((0,), (0,), (1,), 1)),
        ("conv_input", (2, 3, 4), (3, 5, 2), ((2, 5, 6), (1,), (0,), (1,), 1)),
        ("conv_weight", (2, 3, 4), (3, 5, 2), ((2, 5, 6), (1,), (0,), (1,), 1)),
    ],
)
def test_shapes_that_do_not_fit(op, a, b, params, device):
    texts = []
    for name in ("cpu", device):
        inputs = tl.zeros(a, "float32", device=name), tl.zeros(b, "float32", device=name)
        with pytest.raises(ValueError) as caught:
            apply(getattr(ops, op), inputs, params)
        texts.append(str(caught.value))
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    "dtype", ["bool", "int8", "int64", "uint16", "float16", "bfloat16", "float32", "float64"]
)
def test_max_pooling(dtype, device):
    x = tl.asarray(np.random.default_rng(0).integers(0, 9, (2, 3, 17, 20)) - 4).astype(dtype)
    if dtype.startswith(("float", "bfloat")):
        x[0, 0, 3, 4] = np.nan
        x[0, 1] = -np.inf
    for window, stride, padding, dilation in (
        ((2, 2), (2, 2), (0, 0), (1, 1)),
        ((3, 4), (2, 1), (1, 2), (1, 1)),
        ((3, 3), (1, 3), (2, 2, 2, 5), (2, 3)),
        ((17, 20), (1, 1), (0, 0), (1, 1)),
    ):
        for view in (lambda x: x, lambda x: x.mT[:, ::-1], lambda x: x[:0], lambda x: x[0, 0]):
            params = window, stride, padding, dilation
            if view(x).shape[-2] != 17:
                params = [(*p[1::-1], *p[:1:-1]) for p in params]
            expected = apply(ops.max_pool2d, (view(x),), tuple(params))
            result = apply(ops.max_pool2d, (view(x.to(device)),), tuple(params))
            for a, b in zip(result, expected, strict=True):
                assert a.device == "cuda:0" and a.dtype == b.dtype
                np.testing.assert_array_equal(
                    a.cpu().astype("float64").numpy(), b.astype("float64").numpy()
                )


@pytest.mark.parametrize(
    "dtype", ["float16", "bfloat16", "float32", "float64", "complex64", "complex128"]
)
def test_resample(dtype, device):
    rng = np.random.default_rng(3)
    offsets = np.concatenate(([0], np.cumsum(rng.integers(0, 5, 11))))
    matrix = SparseRows(
        offsets, rng.integers(0, 13, offsets[-1]), rng.standard_normal(offsets[-1]), 13
    )
    whole = SparseRows([0, 700, 1400], [*range(700)] * 2, rng.standard_normal(1400), 700)
    for shape, axis, m in (
        ((3, 13, 5), 1, matrix),
        ((3, 13), 1, matrix),
        ((13, 300), 0, matrix),
        ((4, 11), 1, matrix.transposed),
        ((5, 700), 1, whole),
        ((0, 13), 1, matrix),
    ):
        x = numbers(shape, dtype)
        assert_close(
            apply(ops.resample, (x.to(device),), (axis, m)), apply(ops.resample, (x,), (axis, m))
        )
    for text in ("expected 13 elements", "expected floating-point"):
        with pytest.raises((ValueError, TypeError), match=text):
            x = tl.zeros((3, 12 if "13" in text else 13), "int8", device=device)
            apply(ops.resample, (x,), (1, matrix))


MODULES = {
    "conv1d": (lambda: nn.Conv1d(3, 5, 3, padding="same", dilation=2), (2, 3, 12)),
    "conv2d": (lambda: nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2), (2, 4, 9, 8)),
    "circular": (lambda: nn.Conv2d(3, 4, 3, padding=1, padding_mode="circular"), (2, 3, 6, 7)),
    "reflect": (lambda: nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect"), (2, 3, 6, 7)),
    "conv3d": (lambda: nn.Conv3d(2, 3, 2), (1, 2, 4, 5, 4)),
    "transposed1d": (lambda: nn.ConvTranspose1d(3, 4, 3, stride=2, output_padding=1), (2, 3, 7)),
    "transposed2d": (lambda: nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2), (2, 4, 5, 6)),
    "transposed3d": (lambda: nn.ConvTranspose3d(2, 3, 2), (1, 2, 3, 3, 3)),
    "unfold": (lambda: nn.Unfold(3, padding=1, stride=2), (2, 3, 7, 8)),
    "fold": (lambda: nn.Fold((6, 7), 3, padding=1), (2, 18, 42)),
    "max1d": (lambda: nn.MaxPool1d(3, 2, padding=1), (2, 3, 11)),
    "max2d": (lambda: nn.MaxPool2d(3, 2, padding=1, ceil_mode=True), (2, 3, 11, 8)),
    "max3d": (lambda: nn.MaxPool3d(2), (2, 2, 4, 6, 4)),
    "average1d": (lambda: nn.AvgPool1d(3, 2, padding=1), (2, 3, 11)),
    "average2d": (lambda: nn.AvgPool2d(3, 2, 1, count_include_pad=False), (2, 3, 11, 8)),
    "average3d": (lambda: nn.AvgPool3d(2), (2, 2, 4, 6, 4)),
    "lp2d": (lambda: nn.LPPool2d(2, 3), (2, 3, 9, 9)),
    "adaptive_average": (lambda: nn.AdaptiveAvgPool2d((3, 2)), (2, 3, 8, 7)),
    "adaptive_average1d": (lambda: nn.AdaptiveAvgPool1d(1), (2, 3, 8)),
    "adaptive_average3d": (lambda: nn.AdaptiveAvgPool3d(2), (2, 2, 4, 5, 4)),
    "adaptive_max": (lambda: nn.AdaptiveMaxPool2d((3, 2)), (2, 3, 8, 7)),
    "adaptive_max_even": (lambda: nn.AdaptiveMaxPool1d(4), (2, 3, 8)),
    "adaptive_max3d": (lambda: nn.AdaptiveMaxPool3d(3), (1, 2, 4, 5, 4)),
    "nearest": (lambda: nn.Upsample(scale_factor=2), (2, 3, 4, 5)),
    "bilinear": (lambda: nn.Upsample(size=(7, 9), mode="bilinear"), (2, 3, 4, 5)),
    "linear": (lambda: nn.Upsample(size=9, mode="linear", align_corners=True), (2, 3, 4)),
    "bicubic": (lambda: nn.Upsample(scale_factor=1.5, mode="bicubic"), (2, 3, 6, 5)),
    "trilinear": (lambda: nn.Upsample(scale_factor=2, mode="trilinear"), (1, 2, 3, 2, 3)),
    "shuffle": (lambda: nn.PixelShuffle(2), (2, 8, 3, 4)),
    "response": (lambda: nn.LocalResponseNorm(3), (2, 5, 3, 4)),
}


def check_gradients(build, shape):
    """The outputs of a function of tensors and the gradients of its inputs, on both devices."""
    found = []
    for name in ("cpu", "cuda"):
        inputs, function = build(name)
        y = function(*inputs)
        g = numbers(y.shape, seed=5).to(name)
        y.backward(g)
        found.append([y.detach(), *(x.grad for x in inputs)])
    for expected, result in zip(*found, strict=True):
        assert_close(result, expected)


@pytest.mark.parametrize("name", MODULES)
def test_modules(name, device):
    make, shape = MODULES[name]

    def build(place):
        module = make()
        for k, parameter in enumerate(module.parameters()):
            parameter.detach()[...] = numbers(parameter.shape, seed=k)
        module.to(place)
        x = numbers(shape, seed=4).to(place).requires_grad_()
        return [x, *module.parameters()], lambda x, *parameters: module(x)

    check_gradients(build, shape)


def test_unpooling(device):
    def build(place):
        x = numbers((2, 3, 6, 8), seed=4).to(place).requires_grad_()

        def both(x):
            values, places = F.max_pool2d(x, 2, return_indices=True)
            return F.max_unpool2d(values, places, 2)

        return [x], both

    check_gradients(build, None)


def test_second_derivatives(device):
    found = []
    for name in ("cpu", device):
        x = numbers((1, 2, 5, 5), "float64").to(name).requires_grad_()
        w = numbers((3, 2, 3, 3), "float64", 1).to(name).requires_grad_()
        y = F.conv2d(x, w, padding=1) ** 2
        (gradient,) = tl.autograd.grad(y.sum(), x, create_graph=True)
        (gradient**2).sum().backward()
        found.append((x.grad, w.grad))
    for expected, result in zip(*found, strict=True):
        assert_close(result, expected)
