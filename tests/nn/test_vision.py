"""Interpolation, sampling and shuffling beside PyTorch's; layers, errors."""

import itertools
import re

import numpy as np
import pytest
from parity import compare, compare_modules, dtypes, torch

import tensorlib as tl
from tensorlib import nn
from tensorlib.nn import functional as F
from tensorlib.testing import assert_allclose, assert_array_equal, check_grads

TF = torch.nn.functional
rng = np.random.default_rng(0)
pytestmark = pytest.mark.filterwarnings("ignore:Default grid_sample:UserWarning")

SHAPES = {
    "linear": (2, 3, 7),
    "bilinear": (2, 3, 7, 5),
    "bicubic": (2, 3, 7, 5),
    "trilinear": (1, 2, 4, 7, 5),
}

# interpolation


@dtypes
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact"])
@pytest.mark.parametrize("shape", [(2, 3, 7), (2, 3, 7, 5), (1, 2, 4, 7, 5)])
def test_nearest(mode, shape, dtype):
    x = rng.standard_normal(shape)
    for size in (1, 2, 5, 7, 14, 17):
        compare(F.interpolate, TF.interpolate, [x], dtype, size=size, mode=mode)
    for factor, recompute in itertools.product((0.3, 0.7, 2, 2.5), (None, True, False)):
        options = {"scale_factor": factor, "recompute_scale_factor": recompute}
        compare(F.interpolate, TF.interpolate, [x], dtype, mode=mode, **options)


@dtypes
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact"])
def test_nearest_takes_the_same_element_of_two_also_at_a_tie(mode, dtype):
    for length in range(1, 40):
        x = np.arange(length, dtype=dtype)[None, None]
        for size in range(1, 50):
            ours = F.interpolate(tl.asarray(x), size, mode=mode)
            assert_array_equal(ours, TF.interpolate(torch.tensor(x), size, mode=mode).numpy())


@pytest.mark.parametrize("dtype", ["uint8", "int64", "bool"])
def test_nearest_of_integers(dtype):
    x = rng.integers(0, 2, (1, 2, 5, 7)).astype(dtype)
    expected = x[:, :, [0, 1, 3]][..., [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]]
    result = F.interpolate(tl.asarray(x), (3, 14))
    assert result.dtype == x.dtype
    assert_array_equal(result, expected)


@dtypes
@pytest.mark.parametrize("mode", SHAPES)
@pytest.mark.parametrize("align_corners", [None, False, True])
def test_interpolation_between_elements(mode, align_corners, dtype):
    x = rng.standard_normal(SHAPES[mode])
    options = {"mode": mode, "align_corners": align_corners}
    for size in (1, 2, 3, 5, 7, 9, 16):
        compare(F.interpolate, TF.interpolate, [x], dtype, size=size, **options)
    for factor, recompute in itertools.product((0.3, 0.7, 1.3, 2, 2.5), (None, True)):
        options |= {"scale_factor": factor, "recompute_scale_factor": recompute}
        compare(F.interpolate, TF.interpolate, [x], dtype, **options)


@dtypes
@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
@pytest.mark.parametrize("align_corners", [None, True])
def test_antialias(mode, align_corners, dtype):
    x = rng.standard_normal((2, 3, 13, 11))
    options = {"mode": mode, "align_corners": align_corners, "antialias": True}
    # Not a width of one: there PyTorch 2.13 gives all rows the value of the first.
    for size in ((1, 2), (2, 3), (5, 4), (13, 11), (20, 30)):
        compare(F.interpolate, TF.interpolate, [x], dtype, size=size, **options)
    for factor in (0.3, 0.5, (0.7, 1.5)):
        compare(F.interpolate, TF.interpolate, [x], dtype, scale_factor=factor, **options)


@dtypes
@pytest.mark.parametrize("shape", [(2, 3, 7), (2, 3, 7, 6), (1, 2, 4, 7, 5)])
def test_area(shape, dtype):
    x = rng.standard_normal(shape)
    compare(F.interpolate, TF.interpolate, [x], dtype, size=3, mode="area")
    compare(F.interpolate, TF.interpolate, [x], dtype, scale_factor=1.5, mode="area")


def test_sizes_and_factors_for_each_axis():
    x = rng.standard_normal((2, 3, 7, 5))
    for options in ({"size": (3, 8)}, {"size": [8, 3]}, {"scale_factor": (0.5, 2.0)}):
        compare(F.interpolate, TF.interpolate, [x], "float64", mode="bilinear", **options)


@pytest.mark.parametrize("mode", [*SHAPES, "nearest", "area"])
def test_second_order_of_interpolation(mode):
    x = rng.standard_normal({**SHAPES, "nearest": (1, 2, 3, 4), "area": (1, 2, 3, 4)}[mode][2:])
    for size in (3, 6):
        check_grads(lambda x, n=size: F.interpolate(x[None, None] ** 2, n, mode=mode), [x])


def test_interpolation_of_half_precision():
    x = tl.asarray(rng.standard_normal((1, 2, 5, 6))).astype("float16")
    result = F.interpolate(x, scale_factor=2, mode="bicubic")
    assert result.dtype == np.float16
    expected = F.interpolate(x.astype("float64"), scale_factor=2, mode="bicubic")
    assert_allclose(result.astype("float64"), expected, rtol=2e-3, atol=2e-3)


# sampling


def grid_of(axes, *shape):
    """Places inside and outside."""
    return rng.uniform(-1.7, 1.7, (2, *shape, axes))


SAMPLING = [
    (mode, padding_mode, align_corners, axes)
    for mode, padding_mode, align_corners, axes in itertools.product(
        ("bilinear", "nearest", "bicubic"),
        ("zeros", "border", "reflection"),
        (None, False, True),
        (2, 3),
    )
    if (mode, axes) != ("bicubic", 3)
]


@dtypes
@pytest.mark.parametrize("mode, padding_mode, align_corners, axes", SAMPLING)
def test_grid_sample(mode, padding_mode, align_corners, axes, dtype):
    x = rng.standard_normal((2, 3, 5, 4, 6)[: axes + 2])
    grid = grid_of(axes, *(3, 7, 2)[:axes]).astype(dtype)
    options = {
        "mode": mode,
        "padding_mode": padding_mode,
        "align_corners": align_corners,
    }
    if mode == "nearest":  # PyTorch gives the grid a gradient of zeros, we give it none
        compare(
            lambda x: F.grid_sample(x, tl.asarray(grid), **options),
            lambda x: TF.grid_sample(x, torch.tensor(grid), **options),
            [x],
            dtype,
        )
    else:
        compare(F.grid_sample, TF.grid_sample, [x, grid], dtype, **options)


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
@pytest.mark.parametrize("padding_mode", ["zeros", "border", "reflection"])
def test_second_order_of_sampling(mode, padding_mode):
    x, grid = rng.standard_normal((1, 2, 4, 3)), rng.uniform(-0.95, 0.95, (1, 2, 2, 2))
    check_grads(lambda x, grid: F.grid_sample(x, grid, mode, padding_mode), [x, grid])


@pytest.mark.parametrize("padding_mode", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (1, 2, 1, 5)])
def test_sampling_at_the_ends_and_of_lines(padding_mode, shape):
    ends = np.array([-3.0, -1.0, -0.5, 0.0, 1.0, 2.0])
    grid = np.stack(np.meshgrid(ends, ends), -1)[None]
    for align_corners in (False, True):
        options = {"padding_mode": padding_mode, "align_corners": align_corners}
        x = rng.standard_normal(shape)
        compare(F.grid_sample, TF.grid_sample, [x, grid], "float64", gradients=False, **options)


def test_a_place_that_is_no_number_is_no_crash():
    grid = np.array([np.nan, 0.0, 1e30, 0.0, -1e30, 0.0]).reshape(1, 1, 3, 2)
    for padding_mode in ("zeros", "border"):
        compare(
            F.grid_sample,
            TF.grid_sample,
            [np.ones((1, 1, 3, 3)), grid],
            "float64",
            gradients=False,
            padding_mode=padding_mode,
            align_corners=True,
        )
    result = F.grid_sample(tl.ones((1, 1, 3, 3)), tl.asarray(grid), padding_mode="reflection")
    assert result.shape == (1, 1, 1, 3)


@dtypes
@pytest.mark.parametrize("size", [(2, 3, 4, 5), (2, 3, 4, 5, 3), (2, 1, 1, 3)])
@pytest.mark.parametrize("align_corners", [None, False, True])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_affine_grid(size, align_corners, dtype):
    axes = len(size) - 2
    theta = rng.standard_normal((2, axes, axes + 1))
    options = {"size": size, "align_corners": align_corners}
    compare(F.affine_grid, TF.affine_grid, [theta], dtype, **options)


@pytest.mark.parametrize("align_corners", [False, True])
def test_the_grid_of_the_identity_gives_the_image(align_corners):
    x = rng.standard_normal((1, 2, 5, 6))
    grid = F.affine_grid(tl.eye(2, 3)[None], x.shape, align_corners)
    result = F.grid_sample(tl.asarray(x), grid, align_corners=align_corners)
    assert_allclose(result, x, rtol=1e-12, atol=1e-12)


def test_second_order_of_affine_grid():
    theta = rng.standard_normal((1, 2, 3))
    check_grads(lambda theta: F.affine_grid(theta * theta, (1, 1, 2, 3)), [theta])


# channels and pixels


@dtypes
@pytest.mark.parametrize("stack", [(), (2,), (2, 3)])
def test_shuffling(stack, dtype):
    x = rng.standard_normal((*stack, 18, 2, 4))
    compare(F.pixel_shuffle, TF.pixel_shuffle, [x], dtype, upscale_factor=3)
    x = rng.standard_normal((*stack, 2, 4, 6))
    compare(F.pixel_unshuffle, TF.pixel_unshuffle, [x], dtype, downscale_factor=2)
    x = rng.standard_normal((2, 6, *stack, 3))
    compare(F.channel_shuffle, TF.channel_shuffle, [x], dtype, groups=3)


def test_second_order_of_shuffling():
    x = rng.standard_normal((1, 4, 2, 2))
    check_grads(lambda x: F.pixel_shuffle(x * x, 2), [x])
    check_grads(lambda x: F.pixel_unshuffle(x * x, 2), [x])
    check_grads(lambda x: F.channel_shuffle(x * x, 2), [x])


# transforms


def test_under_vmap_and_jvp():
    x = tl.asarray(rng.standard_normal((3, 1, 4, 6, 6)))
    grid = tl.asarray(grid_of(2, 3, 3)[:1])
    for f in (
        lambda x: F.interpolate(x, 9),
        lambda x: F.interpolate(x, 9, mode="bicubic"),
        lambda x: F.interpolate(x, 4, mode="bilinear", antialias=True),
        lambda x: F.grid_sample(x, grid),
        lambda x: F.grid_sample(tl.ones((1, 2, 5, 5)), x[:, 0, :, :2].reshape(1, 3, 2, 2)),
        lambda x: F.affine_grid(x[:, 0, :2, :3], (1, 1, 3, 4)),
        lambda x: F.pixel_shuffle(x, 2),
        lambda x: F.channel_shuffle(x, 2),
    ):
        assert_allclose(
            tl.func.vmap(f)(x), np.stack([np.asarray(f(part)) for part in x]), rtol=1e-14
        )
        _, slope = tl.func.jvp(f, (x[0],), (x[1],))
        difference = (f(x[0] + 1e-6 * x[1]) - f(x[0] - 1e-6 * x[1])) / 2e-6
        assert_allclose(slope, difference, rtol=1e-6, atol=1e-6)


# layers

LAYERS = [
    ("PixelShuffle", (2,), {}, (2, 8, 3, 4)),
    ("PixelUnshuffle", (2,), {}, (2, 2, 6, 4)),
    ("ChannelShuffle", (2,), {}, (2, 8, 3, 4)),
    ("Upsample", (), {"scale_factor": 2.5}, (2, 3, 4)),
    ("Upsample", ((5, 7),), {"mode": "bilinear", "align_corners": True}, (2, 3, 4, 6)),
    (
        "Upsample",
        (),
        {"scale_factor": (1.3, 2), "mode": "bicubic", "recompute_scale_factor": True},
        (2, 3, 4, 6),
    ),
    ("Upsample", (5,), {"mode": "trilinear"}, (2, 3, 4, 6, 2)),
    ("UpsamplingNearest2d", (), {"scale_factor": 2}, (2, 3, 4, 6)),
    ("UpsamplingNearest2d", ((5, 7),), {}, (2, 3, 4, 6)),
    ("UpsamplingBilinear2d", (), {"scale_factor": (2, 1.5)}, (2, 3, 4, 6)),
    ("UpsamplingBilinear2d", (5,), {}, (2, 3, 4, 6)),
]


@dtypes
@pytest.mark.parametrize("name, args, options, shape", LAYERS)
def test_layers(name, args, options, shape, dtype):
    compare_modules(name, args, [rng.standard_normal(shape)], dtype, **options)


# errors

X = tl.ones((1, 2, 4, 4))
GRID = tl.zeros((1, 3, 3, 2))
REFUSED = [
    (lambda: F.interpolate(X, 3, mode="cubic"), ValueError, "interpolate: expected mode 'nearest'"),
    (
        lambda: F.interpolate(X, 3, mode="linear"),
        ValueError,
        "interpolate: expected for mode 'linear' an input with 3 axes, the last not empty, got "
        "(1, 2, 4, 4)",
    ),
    (lambda: F.interpolate(X[..., :0], 3), ValueError, "with 3 or 4 or 5 axes, the last not empty"),
    (
        lambda: F.interpolate(X, 3, align_corners=False),
        ValueError,
        "only, got False for 'nearest'",
    ),
    (lambda: F.interpolate(X, 3, antialias=True), ValueError, "only, got it for 'nearest'"),
    (lambda: F.interpolate(X), ValueError, "expected either size or scale_factor, got None"),
    (lambda: F.interpolate(X, 3, 2), ValueError, "expected either size or scale_factor, got 3 and"),
    (
        lambda: F.interpolate(X, 3, recompute_scale_factor=True),
        ValueError,
        "expected recompute_scale_factor with scale_factor only, got it with size 3",
    ),
    (lambda: F.interpolate(X, 0), ValueError, "interpolate: expected size >= 1, got 0"),
    (
        lambda: F.interpolate(X, scale_factor=1e308),
        ValueError,
        "interpolate: expected a new size of at most 2147483647, got (2147483648, 2147483648)",
    ),
    (lambda: F.interpolate(X, 2.0), TypeError, "expected size to be an int or 2 ints, got 2.0"),
    (lambda: F.interpolate(X, (1, 2, 3)), TypeError, "to be an int or 2 ints, got (1, 2, 3)"),
    (
        lambda: F.interpolate(X, scale_factor=(1, 2, 3)),
        TypeError,
        "expected scale_factor to be a number or 2 numbers, got (1, 2, 3)",
    ),
    (lambda: F.interpolate(X, scale_factor=-1), ValueError, "expected scale_factor above zero"),
    (lambda: F.interpolate(X, scale_factor=np.nan), ValueError, "expected scale_factor above zero"),
    (
        lambda: F.interpolate(X, scale_factor=0.1),
        ValueError,
        "expected a new size of at least one, got (0, 0) by scale_factor 0.1 from (4, 4)",
    ),
    (
        lambda: F.interpolate(X.astype("uint8"), 3, mode="bilinear"),
        TypeError,
        "interpolate: expected floating-point numbers for mode 'bilinear', got uint8",
    ),
    (lambda: F.grid_sample(X, GRID, "linear"), ValueError, "grid_sample: expected mode 'bilinear'"),
    (
        lambda: F.grid_sample(X, GRID, "nearest", "wrap"),
        ValueError,
        "grid_sample: expected padding_mode 'zeros', 'border' or 'reflection', got 'wrap'",
    ),
    (
        lambda: F.grid_sample(X[0], GRID),
        ValueError,
        "grid_sample: expected an input of shape (N, C, H, W) or, but for mode 'bicubic', "
        "(N, C, D, H, W), got (2, 4, 4)",
    ),
    (
        lambda: F.grid_sample(X[..., None], GRID[:, None], "bicubic"),
        ValueError,
        "got (1, 2, 4, 4, 1) for mode 'bicubic'",
    ),
    (
        lambda: F.grid_sample(X, tl.zeros((2, 3, 3, 2))),
        ValueError,
        "grid_sample: expected for an input of shape (1, 2, 4, 4) a grid with as many axes, first "
        "1 and last 2 long, got (2, 3, 3, 2)",
    ),
    (lambda: F.grid_sample(X[..., :0], GRID), ValueError, "an input with pixels, got shape"),
    (
        lambda: F.grid_sample(X.astype("float32"), GRID),
        TypeError,
        "grid_sample: expected input and grid of one real floating-point dtype, got float32 and",
    ),
    (lambda: F.affine_grid(X[0, :, :3], (1, 2, 3)), ValueError, "affine_grid: expected size (N, C"),
    (
        lambda: F.affine_grid(tl.ones((1, 3, 4)), (1, 2, 3, 3)),
        ValueError,
        "affine_grid: expected theta of shape (1, 2, 3) for size (1, 2, 3, 3), got (1, 3, 4)",
    ),
    (lambda: F.affine_grid(tl.ones((1, 2, 3)), (1, 2, 0, 3)), ValueError, "expected size >= 1"),
    (
        lambda: F.affine_grid(tl.ones((1, 2, 3), dtype="int64"), (1, 2, 3, 3)),
        TypeError,
        "affine_grid: expected theta of a floating dtype, got int64",
    ),
    (
        lambda: F.pixel_shuffle(X, 2),
        ValueError,
        "pixel_shuffle: expected shape (..., C, H, W) with C a multiple of 4, got (1, 2, 4, 4)",
    ),
    (lambda: F.pixel_shuffle(X, 0), ValueError, "pixel_shuffle: expected upscale_factor >= 1"),
    (lambda: F.pixel_shuffle(X, 1.5), TypeError, "pixel_shuffle: expected upscale_factor to be an"),
    (
        lambda: F.pixel_unshuffle(X, 3),
        ValueError,
        "pixel_unshuffle: expected shape (..., C, H, W) with H and W multiples of 3, got (1, 2, 4",
    ),
    (
        lambda: F.channel_shuffle(X, 3),
        ValueError,
        "channel_shuffle: expected shape (N, C, ...) with C a multiple of 3 groups, got (1, 2, 4",
    ),
    (lambda: nn.PixelShuffle(0), ValueError, "PixelShuffle: expected upscale_factor >= 1, got 0"),
    (lambda: nn.PixelUnshuffle("2"), TypeError, "PixelUnshuffle: expected downscale_factor to be"),
    (lambda: nn.ChannelShuffle(0), ValueError, "ChannelShuffle: expected groups >= 1, got 0"),
    (lambda: nn.Upsample(), ValueError, "Upsample: expected either size or scale_factor, got None"),
    (lambda: nn.Upsample(2, mode="cubic"), ValueError, "Upsample: expected mode 'nearest'"),
    (lambda: nn.Upsample(scale_factor=0), ValueError, "Upsample: expected scale_factor above zero"),
    (
        lambda: nn.UpsamplingNearest2d((1, 2, 3)),
        TypeError,
        "UpsamplingNearest2d: expected size to be an int or 2 ints, got (1, 2, 3)",
    ),
]


@pytest.mark.parametrize("call, error, text", REFUSED)
def test_refused(call, error, text):
    with pytest.raises(error, match=re.escape(text)):
        call()


@dtypes
@pytest.mark.parametrize("name", ["upsample", "upsample_nearest", "upsample_bilinear"])
@pytest.mark.parametrize("options", [{"size": (5, 7)}, {"scale_factor": 2}])
@pytest.mark.filterwarnings("ignore::UserWarning")  # PyTorch's, that they have another name
def test_older_names_of_interpolate(name, options, dtype):
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 5))
    ours, theirs = getattr(F, name), getattr(torch.nn.functional, name)
    compare(ours, theirs, [x], dtype, **options)
