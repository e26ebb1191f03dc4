"""Pooling beside PyTorch's: windows of all kinds, indices, unpooling; layers, errors."""

import itertools
import re

import numpy as np
import pytest
from parity import compare, compare_modules, dtypes, torch

import tensorlib as tl
from tensorlib import nn
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._resample import SparseRows
from tensorlib.nn import functional as F
from tensorlib.testing import assert_allclose, assert_array_equal, check_grads

TF = torch.nn.functional
rng = np.random.default_rng(0)
SHAPES = {1: (2, 3, 11), 2: (2, 3, 9, 8), 3: (2, 2, 7, 6, 8)}
axes_counts = pytest.mark.parametrize("axes", SHAPES)


def both(name, axes):
    """The functions of the two libraries."""
    return getattr(F, f"{name}{axes}d"), getattr(TF, f"{name}{axes}d")


def distinct(*shape):
    """Numbers no two of which are nearer than 0.1: maxima have a derivative."""
    return rng.permutation(np.prod(shape)).reshape(shape) / 10.0


def tied(*shape):
    return rng.integers(4, size=shape) * 1.0


# averages


@dtypes
@axes_counts
@pytest.mark.parametrize("kernel_size, padding", [(2, 0), (2, 1), (3, 0), (3, 1)])
@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize("count_include_pad", [False, True])
def test_avg_pool(axes, kernel_size, padding, ceil_mode, count_include_pad, dtype):
    for stride in (None, 1, 2, 3):
        compare(
            *both("avg_pool", axes),
            [rng.standard_normal(SHAPES[axes])],
            dtype,
            kernel_size=kernel_size,
            stride=stride,
            padding=padding,
            ceil_mode=ceil_mode,
            count_include_pad=count_include_pad,
        )


@dtypes
@pytest.mark.parametrize("axes", [2, 3])
@pytest.mark.parametrize("divisor_override", [1, 5, -2])
def test_avg_pool_by_another_divisor(axes, divisor_override, dtype):
    x = rng.standard_normal(SHAPES[axes][1:])
    options = {"kernel_size": (3, 2, 2)[:axes], "padding": 1, "ceil_mode": True}
    options["divisor_override"] = divisor_override
    compare(*both("avg_pool", axes), [x], dtype, **options)


@dtypes
@axes_counts
@pytest.mark.parametrize("output_size", [1, 2, 3, 5, 7, 12])
def test_adaptive_avg_pool(axes, output_size, dtype):
    x = rng.standard_normal(SHAPES[axes])
    compare(*both("adaptive_avg_pool", axes), [x], dtype, output_size=output_size)


@dtypes
@axes_counts
@pytest.mark.parametrize("norm_type", [1, 2, 3.5])
@pytest.mark.parametrize("ceil_mode", [False, True])
def test_lp_pool(axes, norm_type, ceil_mode, dtype):
    x = rng.uniform(0.1, 3, SHAPES[axes])
    for kernel_size, stride in itertools.product((2, 3), (None, 1, 2)):
        options = {"norm_type": norm_type, "kernel_size": kernel_size, "stride": stride}
        compare(*both("lp_pool", axes), [x], dtype, ceil_mode=ceil_mode, **options)


def test_lp_pool_has_no_gradient_where_all_is_zero():
    compare(F.lp_pool2d, TF.lp_pool2d, [np.zeros((1, 4, 4))], "float64", norm_type=2, kernel_size=2)


@axes_counts
def test_second_order_of_averages(axes):
    x = rng.uniform(0.5, 2, (1, *(5, 4, 3)[:axes]))
    options = {"stride": 2, "padding": 1, "ceil_mode": True, "count_include_pad": False}
    check_grads(lambda x: both("avg_pool", axes)[0](x * x, 2, **options), [x])
    check_grads(lambda x: both("adaptive_avg_pool", axes)[0](x * x, 2), [x])
    check_grads(lambda x: both("lp_pool", axes)[0](x, 3, 2), [x])


def test_averages_of_half_precision_and_of_complex_numbers():
    x = rng.standard_normal((2, 3, 8, 6))
    for dtype in ("float16", "bfloat16"):
        half = tl.asarray(x).astype(dtype)
        result = F.avg_pool2d(half, (4, 3))
        assert result.dtype == half.dtype
        expected = F.avg_pool2d(half.astype("float64"), (4, 3))
        assert_allclose(result.astype("float64"), expected, rtol=2**-7, atol=2**-9)
    z = x + 1j * x[::-1]
    result = F.avg_pool2d(tl.asarray(z), 2)
    expected = F.avg_pool2d(tl.asarray(z.real), 2) + 1j * F.avg_pool2d(tl.asarray(z.imag), 2)
    assert_array_equal(result, expected)


def test_averages_of_views_and_of_much_data():
    # As much as several threads share.
    x = rng.standard_normal((40, 30, 34, 33))
    view = tl.asarray(x).transpose((1, 0, 3, 2))[:, ::-1, ::2]
    for kernel_size in ((1, 2), (2, 1), (3, 3)):
        expected = TF.avg_pool2d(torch.tensor(np.array(view)), kernel_size).numpy()
        assert_allclose(F.avg_pool2d(view, kernel_size), expected, rtol=1e-10, atol=1e-12)


def test_a_mean_does_not_see_nan_elsewhere():
    x = tl.asarray([[1.0, 3.0, np.nan, 4.0]])
    assert_array_equal(F.avg_pool1d(x, 2), [[2.0, np.nan]])


# the op


def test_resample_is_a_product_with_a_matrix():
    dense = np.array([[0.5, 0, -2, 0], [0, 0, 0, 0], [0, 3, 1, 0]])
    matrix = SparseRows([0, 2, 2, 5], [0, 2, 1, 2, 2], [0.5, -2, 3, 0.25, 0.75], 4)
    assert repr(matrix) == "SparseRows(3 x 4, 5 numbers)"
    for shape, axis in [((4,), 0), ((5, 4), 1), ((4, 1100), 0), ((2, 4, 3, 2), 1), ((0, 4), 1)]:
        x = rng.standard_normal(shape)
        expected = np.moveaxis(np.tensordot(dense, x, (1, axis)), 0, axis)
        result = apply(ops.resample, (tl.asarray(x),), (axis, matrix))
        assert_allclose(result, expected, rtol=1e-13, atol=1e-13)
        g = rng.standard_normal(expected.shape)
        back = apply(ops.resample, (tl.asarray(g),), (axis, matrix.transposed))
        expected = np.moveaxis(np.tensordot(dense.T, g, (1, axis)), 0, axis)
        assert_allclose(back, expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize(
    "arguments, text",
    [
        (([1, 2], [0], [1.0], 3), "ascending offsets from 0"),
        (([0, 2, 1], [0], [1.0], 3), "ascending offsets from 0"),
        (([], [], [], 3), "ascending offsets from 0"),
        (([0, 2], [0], [1.0], 3), "the number of places and weights"),
        (([0, 1], [0], [1.0, 2.0], 3), "the number of places and weights"),
        (([0, 1], [3], [1.0], 3), r"expected places in \[0, 3\), got some from 3 to 3"),
        (([0, 1], [-1], [1.0], 3), r"expected places in \[0, 3\), got some from -1 to -1"),
    ],
)
def test_sparse_rows_refuse(arguments, text):
    with pytest.raises(ValueError, match=f"SparseRows: .*{text}"):
        SparseRows(*arguments)


def test_resample_refuses():
    matrix = SparseRows([0, 1], [0], [1.0], 3)
    with pytest.raises(ValueError, match=r"resample: expected 3 elements along axis 1, got shape"):
        apply(ops.resample, (tl.ones((3, 2)),), (1, matrix))
    with pytest.raises(ValueError, match="resample: expected 3 elements along axis 2"):
        apply(ops.resample, (tl.ones((3, 2)),), (2, matrix))
    with pytest.raises(TypeError, match="resample: expected floating-point .* got int64"):
        apply(ops.resample, (tl.ones(3, dtype="int64"),), (0, matrix))


# maxima


@dtypes
@axes_counts
@pytest.mark.parametrize("kernel_size, padding", [(2, 0), (2, 1), (3, 0), (3, 1)])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize("data", [distinct, tied])
def test_max_pool(axes, kernel_size, padding, dilation, ceil_mode, data, dtype):
    for stride in (None, 1, 2, 3):
        compare(
            *both("max_pool", axes),
            [data(*SHAPES[axes])],
            dtype,
            kernel_size=kernel_size,
            stride=stride,
            padding=padding,
            dilation=dilation,
            ceil_mode=ceil_mode,
            return_indices=True,
        )


@axes_counts
def test_max_pool_of_single_inputs_and_of_nan(axes):
    x = distinct(*SHAPES[axes][1:])
    x[..., 2, 3:5] = np.nan
    options = {"kernel_size": (3, 2, 2)[:axes], "stride": 2, "return_indices": True}
    compare(*both("max_pool", axes), [x], "float64", **options)


def test_max_pool_of_integers_and_of_half_precision():
    x = rng.integers(-100, 100, (2, 3, 6, 6))
    expected = TF.max_pool2d(torch.tensor(x), 2).numpy()
    for dtype in ("int64", "int8", "float16", "bfloat16"):
        result = F.max_pool2d(tl.asarray(x).astype(dtype), 2)
        assert str(result.dtype) == dtype
        assert_array_equal(result.astype("int64"), expected)


def test_the_place_of_a_maximum_is_inside_also_where_a_window_has_no_element():
    x = tl.zeros((1, 1, 1)).requires_grad_()
    values, places = F.max_pool2d(x, 2, padding=1, dilation=2, return_indices=True)
    assert (values.tolist(), places.tolist()) == ([[[-np.inf]]], [[[0]]])
    values.sum().backward()


def test_windows_much_larger_than_images_take_no_time():
    x = tl.asarray(distinct(1, 4, 5))
    size, padding = (1 << 31) - 1, (1 << 30) - 1
    values, places = F.max_pool2d(x, size, 1, padding, return_indices=True)
    assert_array_equal(values, np.full((1, 4, 5), np.max(np.asarray(x))))
    assert_array_equal(places, np.full((1, 4, 5), np.argmax(np.asarray(x))))
    assert_allclose(F.avg_pool2d(x, size, 1, padding, False, False)[0, 0, 0], x.mean(), rtol=1e-12)


@dtypes
@axes_counts
@pytest.mark.parametrize("output_size", [1, 2, 3, 4, 5, 7, 8, 12])
@pytest.mark.parametrize("data", [distinct, tied])
def test_adaptive_max_pool(axes, output_size, data, dtype):
    options = {"output_size": output_size, "return_indices": True}
    compare(*both("adaptive_max_pool", axes), [data(*SHAPES[axes])], dtype, **options)


def test_adaptive_pools_keep_axes():
    x = distinct(2, 3, 6, 5)
    for name in ("adaptive_avg_pool", "adaptive_max_pool"):
        for size in ((None, 2), (4, None), [None, None]):
            compare(*both(name, 2), [x], "float64", output_size=size)
            compare(*both(name, 3), [x], "float64", output_size=(2, *size))


@dtypes
@pytest.mark.parametrize("axes", [2, 3])
@pytest.mark.parametrize("kernel_size", [1, 2, 3])
@pytest.mark.parametrize("output_size", [1, 2, 3])
@pytest.mark.parametrize("data", [distinct, tied])
def test_fractional_max_pool(axes, kernel_size, output_size, data, dtype):
    x = data(*SHAPES[axes])
    samples = rng.random((2, SHAPES[axes][1], axes)).astype(dtype)
    ours, theirs = both("fractional_max_pool", axes)
    options = {"kernel_size": kernel_size, "output_size": output_size, "return_indices": True}
    compare(
        lambda x: ours(x, **options, _random_samples=tl.asarray(samples)),
        lambda x: theirs(x, **options, _random_samples=torch.tensor(samples)),
        [x],
        dtype,
    )


def test_fractional_max_pool_draws_from_the_global_generator():
    x = tl.asarray(distinct(2, 3, 20, 20))
    tl.manual_seed(3)
    first = F.fractional_max_pool2d(x, 2, output_ratio=(0.5, 0.7))
    again = F.fractional_max_pool2d(x, 2, output_ratio=(0.5, 0.7))
    tl.manual_seed(3)
    assert_array_equal(F.fractional_max_pool2d(x, 2, output_ratio=(0.5, 0.7)), first)
    assert first.shape == (2, 3, 10, 14)
    assert (np.asarray(first) != np.asarray(again)).any()
    assert F.fractional_max_pool3d(x, 2, output_ratio=0.5).shape == (2, 1, 10, 10)


@axes_counts
def test_second_order_of_maxima(axes):
    x = distinct(1, *(5, 4, 3)[:axes])
    samples = tl.asarray(rng.random((1, 1, axes)))
    check_grads(lambda x: both("max_pool", axes)[0](x * x, 2, 1, 1), [x])
    check_grads(lambda x: both("adaptive_max_pool", axes)[0](x * x, 2), [x])
    if axes > 1:
        fractional = both("fractional_max_pool", axes)[0]
        check_grads(lambda x: fractional(x * x, 2, 2, _random_samples=samples), [x])


# the way back


@dtypes
@axes_counts
@pytest.mark.parametrize(
    "kernel_size, stride, padding", [(2, None, 0), (2, 3, 0), (3, 3, 1), (1, 2, 0)]
)
def test_max_unpool(axes, kernel_size, stride, padding, dtype):
    shape = SHAPES[axes]
    _, indices = both("max_pool", axes)[1](
        torch.tensor(distinct(*shape)), kernel_size, stride, padding, return_indices=True
    )
    indices = indices.numpy()
    values = rng.standard_normal(indices.shape)
    ours, theirs = both("max_unpool", axes)
    options = {"kernel_size": kernel_size, "stride": stride, "padding": padding}
    for size in (shape, shape[2:], list(shape[2:])):
        compare(ours, theirs, [values, indices], dtype, output_size=size, **options)
    compare(ours, theirs, [values[0], indices[0]], dtype, output_size=shape[2:], **options)
    places = np.zeros_like(indices)
    places[...] = np.arange(indices[0, 0].size).reshape(indices.shape[2:])
    compare(ours, theirs, [values, places], dtype, **options)


def test_the_output_size_of_unpooling_is_a_shape_or_lengths():
    x, places = tl.asarray([[1.0, 2.0]]), tl.asarray([[0, 3]])
    for size in (5, (5,), (1, 5)):
        assert F.max_unpool1d(x, places, 2, output_size=size).tolist() == [[1, 0, 0, 2, 0]]
    with pytest.raises(TypeError, match="max_unpool1d: expected output_size to be an int, got 4.5"):
        F.max_unpool1d(x, places, 2, output_size=4.5)


@axes_counts
def test_second_order_of_unpooling(axes):
    places = rng.permutation(4**axes)[: 2**axes].reshape((1,) + (2,) * axes)
    x = rng.standard_normal(places.shape)
    check_grads(lambda x, i: both("max_unpool", axes)[0](x * x, i, 2), [x, places])


def test_of_elements_for_one_place_one_is_kept_and_has_the_gradient():
    x = tl.asarray([[1.0, 2.0]]).requires_grad_()
    y = F.max_unpool1d(x, tl.asarray([[3, 3]]), 2)
    y.sum().backward()
    kept = y.tolist()[0][3]
    assert_array_equal(x.grad, np.array([[1.0, 2.0]]) == kept)


def test_a_refused_index_is_no_place_counted_from_the_end():
    x = tl.ones((1, 2))
    for wrong in ([[0, -1]], [[0, 4]]):
        with pytest.raises(IndexError, match=r"max_unpool1d: expected indices in \[0, 4\), of an"):
            F.max_unpool1d(x, tl.asarray(wrong), 2)


# transforms


def test_under_vmap_and_jvp():
    x = tl.asarray(distinct(3, 1, 2, 6, 6))
    places = tl.asarray(np.arange(72).reshape(1, 2, 6, 6) % 36)
    samples = tl.asarray(rng.random((1, 2, 2)))
    for f in (
        lambda x: F.avg_pool2d(x, 3, 2, 1),
        lambda x: F.lp_pool2d(x + 1, 3, 2),
        lambda x: F.adaptive_avg_pool2d(x, 4),
        lambda x: F.max_pool2d(x, 3, 2, 1),
        lambda x: F.max_pool3d(x, 2, return_indices=True)[0],
        lambda x: F.adaptive_max_pool2d(x, 4),
        lambda x: F.fractional_max_pool2d(x, 2, 4, _random_samples=samples),
        lambda x: F.max_unpool2d(x, places, 1),
    ):
        assert_array_equal(tl.func.vmap(f)(x), np.stack([np.asarray(f(part)) for part in x]))
        _, slope = tl.func.jvp(f, (x[0],), (x[1],))
        difference = (f(x[0] + 1e-6 * x[1]) - f(x[0] - 1e-6 * x[1])) / 2e-6
        assert_allclose(slope, difference, rtol=1e-6, atol=1e-6)


# layers

LAYERS = [
    ("MaxPool", (3, 2, 1, 2), {"return_indices": True, "ceil_mode": True}),
    ("MaxPool", (2,), {}),
    ("AvgPool", (3, 2, 1), {"ceil_mode": True, "count_include_pad": False}),
    ("AvgPool", (2,), {}),
    ("LPPool", (2, 3), {"ceil_mode": True}),
    ("LPPool", (3.0, 2, 1), {}),
    ("AdaptiveAvgPool", (3,), {}),
    ("AdaptiveMaxPool", (3,), {"return_indices": True}),
]


@dtypes
@axes_counts
@pytest.mark.parametrize("name, args, options", LAYERS)
def test_layers(name, args, options, axes, dtype):
    x = distinct(*SHAPES[axes]) + 0.1
    compare_modules(f"{name}{axes}d", args, [x], dtype, **options)


@dtypes
@pytest.mark.parametrize("axes", [2, 3])
def test_average_layers_with_another_divisor(axes, dtype):
    x = distinct(*SHAPES[axes])
    compare_modules(f"AvgPool{axes}d", (2,), [x], dtype, divisor_override=3)


@axes_counts
def test_unpooling_layers(axes):
    x = tl.asarray(distinct(*SHAPES[axes]))
    values, places = getattr(nn, f"MaxPool{axes}d")(2, return_indices=True)(x)
    layer = getattr(nn, f"MaxUnpool{axes}d")(2)
    theirs = getattr(torch.nn, f"MaxUnpool{axes}d")(2)
    for size in (None, x.shape):
        arguments = [torch.tensor(np.array(t)) for t in (values, places)]
        assert_array_equal(layer(values, places, size), theirs(*arguments, size).numpy())


@pytest.mark.parametrize("axes", [2, 3])
@pytest.mark.parametrize("size", [{"output_size": 3}, {"output_ratio": (0.5, 0.5, 0.5)}])
def test_fractional_layers(axes, size):
    size = {name: v[:axes] if isinstance(v, tuple) else v for name, v in size.items()}
    x, samples = distinct(*SHAPES[axes]), rng.random((2, SHAPES[axes][1], axes))
    name = f"FractionalMaxPool{axes}d"
    ours = getattr(nn, name)(2, **size, return_indices=True, _random_samples=tl.asarray(samples))
    theirs = getattr(torch.nn, name)(
        2, **size, return_indices=True, _random_samples=torch.tensor(samples)
    )
    assert list(ours.state_dict()) == list(theirs.state_dict())
    compare(ours, theirs, [x], "float64")
    assert list(getattr(nn, name)(2, **size).state_dict()) == []


@pytest.mark.parametrize(
    "layer, text",
    [
        (
            nn.MaxPool1d(2),
            "MaxPool1d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)",
        ),
        (nn.MaxUnpool2d((2, 3)), "kernel_size=(2, 3), stride=(2, 3), padding=(0, 0))"),
        (
            nn.AvgPool2d(3, 2, ceil_mode=True, divisor_override=4),
            "AvgPool2d(kernel_size=3, stride=2, padding=0, ceil_mode=True, divisor_override=4)",
        ),
        (nn.LPPool1d(2, 3), "LPPool1d(norm_type=2, kernel_size=3, stride=None, ceil_mode=False)"),
        (nn.AdaptiveAvgPool2d((None, 3)), "AdaptiveAvgPool2d(output_size=(None, 3))"),
        (
            nn.FractionalMaxPool2d(2, output_ratio=0.5),
            "FractionalMaxPool2d(kernel_size=(2, 2), output_ratio=(0.5, 0.5))",
        ),
    ],
)
def test_texts(layer, text):
    assert repr(layer).endswith(text)


# errors

X = tl.ones((1, 2, 4, 4))
PLACES = tl.zeros((1, 2, 4, 4), dtype="int64")
REFUSED = [
    (
        lambda: F.avg_pool2d(tl.ones((4, 4)), 2),
        ValueError,
        "avg_pool2d: expected shape (N, C, H, W) or (C, H, W), got (4, 4)",
    ),
    (
        lambda: F.max_pool1d(X, 2),
        ValueError,
        "max_pool1d: expected shape (N, C, L) or (C, L), got (1, 2, 4, 4)",
    ),
    (
        lambda: F.max_pool3d(tl.ones((2, 2)), 2),
        ValueError,
        "max_pool3d: expected shape (N, C, D, H, W)",
    ),
    (lambda: F.avg_pool2d(X, 0), ValueError, "avg_pool2d: expected kernel_size >= 1, got 0"),
    (lambda: F.avg_pool2d(X, 2, 0), ValueError, "avg_pool2d: expected stride >= 1, got 0"),
    (
        lambda: F.avg_pool2d(X, 2.5),
        TypeError,
        "avg_pool2d: expected kernel_size to be an int or 2 ints, got 2.5",
    ),
    (
        lambda: F.avg_pool2d(X, 2, padding=2),
        ValueError,
        "avg_pool2d: expected padding of at most half of kernel_size (2, 2), got (2, 2)",
    ),
    (
        lambda: F.avg_pool2d(X, 5),
        ValueError,
        "avg_pool2d: expected images, padding included, no smaller than the window (5, 5), got (4",
    ),
    (
        lambda: F.max_pool2d(X, 9, 1, ceil_mode=True),
        ValueError,
        "no smaller than the window (9, 9), got (4, 4)",
    ),
    (
        lambda: F.avg_pool2d(X, 1 << 40),
        ValueError,
        "avg_pool2d: expected kernel_size of at most 2147483647",
    ),
    (
        lambda: F.max_pool2d(X, 2, stride=1 << 62),
        ValueError,
        "max_pool2d: expected stride of at most 2147483647",
    ),
    (
        lambda: F.avg_pool2d(X[:, :, :0], 1),
        ValueError,
        "avg_pool2d: expected elements along the last axes, got shape (1, 2, 0, 4)",
    ),
    (
        lambda: F.avg_pool2d(X, 2, divisor_override=0),
        ValueError,
        "avg_pool2d: expected divisor_override other than zero",
    ),
    (
        lambda: F.avg_pool2d(X.astype("int64"), 2),
        TypeError,
        "avg_pool2d: expected floating-point numbers, got int64",
    ),
    (
        lambda: F.max_pool2d(X.astype("complex64"), 2),
        TypeError,
        "max_pool2d: expected real numbers, got complex64",
    ),
    (
        lambda: F.lp_pool2d(X, "2", 2),
        TypeError,
        "lp_pool2d: expected norm_type to be a number, got '2'",
    ),
    (
        lambda: F.lp_pool2d(X, np.inf, 2),
        ValueError,
        "lp_pool2d: expected norm_type finite and not zero, got inf",
    ),
    (
        lambda: F.adaptive_avg_pool2d(X, 0),
        ValueError,
        "adaptive_avg_pool2d: expected output_size >= 1, got (0, 0)",
    ),
    (
        lambda: F.adaptive_avg_pool2d(X, (1, 2, 3)),
        TypeError,
        "adaptive_avg_pool2d: expected output_size to be an int or 2 ints, got (1, 2, 3)",
    ),
    (
        lambda: F.adaptive_max_pool2d(X[:, :, :0], 1),
        ValueError,
        "adaptive_max_pool2d: expected elements along the last axes",
    ),
    (
        lambda: F.adaptive_max_pool1d(X, 1),
        ValueError,
        "adaptive_max_pool1d: expected shape (N, C, L) or (C, L)",
    ),
    (
        lambda: F.fractional_max_pool2d(X, 2),
        ValueError,
        "fractional_max_pool2d: expected output_size or output_ratio, got neither",
    ),
    (
        lambda: F.fractional_max_pool2d(X, 2, 4),
        ValueError,
        "expected output_size + kernel_size - 1 of at most (4, 4), got output_size (4, 4) and "
        "kernel_size (2, 2)",
    ),
    (
        lambda: F.fractional_max_pool2d(X, 2, output_ratio=1.5),
        ValueError,
        "expected output_ratio between 0 and 1, got 1.5",
    ),
    (
        lambda: F.fractional_max_pool2d(X, 2, output_ratio=(0.5,)),
        TypeError,
        "expected output_ratio to be a number or 2 numbers, got (0.5,)",
    ),
    (
        lambda: F.fractional_max_pool2d(X, 2, 2, _random_samples=tl.ones((1, 2))),
        ValueError,
        "fractional_max_pool2d: expected _random_samples of shape (1, 2, 2), got (1, 2)",
    ),
    (
        lambda: F.max_unpool2d(X, X, 2),
        TypeError,
        "max_unpool2d: expected indices of int64, got float64",
    ),
    (
        lambda: F.max_unpool2d(X, PLACES[0], 2),
        ValueError,
        "max_unpool2d: expected indices of the shape of input, (1, 2, 4, 4), got (2, 4, 4)",
    ),
    (
        lambda: F.max_unpool2d(X, PLACES, 2, output_size=(6, 8)),
        ValueError,
        "max_unpool2d: expected output_size less than a stride, (2, 2), from (8, 8), got (6, 8)",
    ),
    (
        lambda: F.max_unpool2d(X, PLACES, 1, padding=5),
        ValueError,
        "max_unpool2d: expected an output >= 1, got (-6, -6)",
    ),
    (
        lambda: F.avg_pool2d(X, 2, divisor_override=2.5),
        TypeError,
        "avg_pool2d: expected divisor_override to be an int, got 2.5",
    ),
    (
        lambda: F.adaptive_avg_pool2d(X, 1 << 40),
        ValueError,
        "adaptive_avg_pool2d: expected output_size of at most 2147483647, got",
    ),
    (lambda: nn.MaxPool1d(0), ValueError, "MaxPool1d: expected kernel_size >= 1, got 0"),
    (
        lambda: nn.AvgPool3d((1, 2)),
        TypeError,
        "AvgPool3d: expected kernel_size to be an int or 3 ints, got (1, 2)",
    ),
    (
        lambda: nn.LPPool2d(0, 2),
        ValueError,
        "LPPool2d: expected norm_type finite and not zero, got 0",
    ),
    (
        lambda: nn.AdaptiveMaxPool2d((1, 0)),
        ValueError,
        "AdaptiveMaxPool2d: expected output_size >= 1",
    ),
    (
        lambda: nn.AdaptiveAvgPool1d("3"),
        TypeError,
        "AdaptiveAvgPool1d: expected output_size to be an int",
    ),
    (
        lambda: nn.FractionalMaxPool2d(2),
        ValueError,
        "FractionalMaxPool2d: expected either output_size or output_ratio",
    ),
    (
        lambda: nn.FractionalMaxPool3d(2, 2, 0.5),
        ValueError,
        "FractionalMaxPool3d: expected either output_size or output_ratio",
    ),
]


@pytest.mark.parametrize("call, error, text", REFUSED)
def test_refused(call, error, text):
    with pytest.raises(error, match=re.escape(text)):
        call()
