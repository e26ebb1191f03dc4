"""What the functions compute, against NumPy's formulas and finite differences."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

import tensorlib as tl
from tensorlib.nn import functional as F
from tensorlib.testing import assert_allclose, assert_array_equal, check_grads

rng = np.random.default_rng(0)


def tensor(*shape):
    return tl.asarray(rng.standard_normal(shape))


def windows(x, size, stride, dilation):
    """(N, C, H', W', height, width): what each place of a window sees."""
    extent = tuple(d * (n - 1) + 1 for n, d in zip(size, dilation, strict=True))
    seen = sliding_window_view(x, extent, axis=(2, 3))
    return seen[:, :, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]


def padded(x, padding, value=0.0):
    ends = [(0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2]
    return np.pad(x, ends, constant_values=value)


CONVOLUTIONS = [
    # images, filters, stride, padding, dilation, groups
    ((2, 3, 7, 6), (4, 3, 3, 2), (1, 1), (0, 0), (1, 1), 1),
    ((2, 3, 7, 6), (4, 3, 3, 2), (2, 1), (1, 2), (1, 2), 1),
    ((1, 4, 9, 9), (6, 2, 3, 3), (2, 2), (1, 1), (2, 2), 2),
    ((3, 4, 5, 5), (4, 1, 3, 3), (1, 1), (1, 1), (1, 1), 4),
    ((2, 2, 4, 4), (3, 2, 1, 1), (1, 1), (0, 0), (1, 1), 1),
    ((0, 2, 4, 4), (3, 2, 3, 3), (1, 1), (0, 0), (1, 1), 1),
    ((2, 2, 4, 4), (3, 2, 4, 4), (5, 5), (0, 0), (1, 1), 1),
]


@pytest.mark.parametrize("images, filters, stride, padding, dilation, groups", CONVOLUTIONS)
def test_conv2d(images, filters, stride, padding, dilation, groups):
    x, weight, bias = tensor(*images), tensor(*filters), tensor(filters[0])
    seen = windows(padded(np.asarray(x), padding), filters[2:], stride, dilation)
    parts = zip(np.split(seen, groups, 1), np.split(np.asarray(weight), groups), strict=True)
    expected = np.concatenate([np.einsum("nchwij,ocij->nohw", *part) for part in parts], 1)
    expected += np.asarray(bias)[:, None, None]
    result = F.conv2d(x, weight, bias, stride, padding, dilation, groups)
    assert_allclose(result, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("images, filters, stride, padding, dilation, groups", CONVOLUTIONS[:4])
def test_conv2d_gradients(images, filters, stride, padding, dilation, groups):
    options = stride, padding, dilation, groups
    check_grads(
        lambda x, weight, bias: F.conv2d(x, weight, bias, *options),
        [tensor(*images), tensor(*filters), tensor(filters[0])],
    )


def test_conv2d_of_one_image_and_of_float32():
    x, weight = tensor(2, 5, 5).astype("float32"), tensor(3, 2, 3, 3).astype("float32")
    result = F.conv2d(x, weight, padding=1)
    assert result.dtype == np.float32
    assert_array_equal(result, F.conv2d(x[None], weight, padding=(1, 1))[0])


def test_conv2d_of_views():
    x, weight = tensor(5, 2, 6, 7), tensor(3, 3, 2, 2)
    image = x.transpose((1, 0, 3, 2))[:, 1:4, ::-1, ::2]
    expected = F.conv2d(image.copy(), weight.copy())
    assert_allclose(F.conv2d(image, weight), expected, rtol=1e-13)
    flipped = weight[:, ::-1, :, ::-1]
    assert_allclose(F.conv2d(image, flipped), F.conv2d(image, flipped.copy()), rtol=1e-13)


@pytest.mark.parametrize(
    "x, weight, options, error, text",
    [
        ((2, 3), (4, 3, 3, 3), {}, ValueError, r"conv2d: expected shapes .* got \(2, 3\)"),
        ((1, 3, 5, 5), (4, 2, 3, 3), {}, ValueError, r"conv2d: .* got \(4, 2, 3, 3\) for images"),
        ((1, 4, 5, 5), (3, 2, 3, 3), {"groups": 2}, ValueError, "a multiple of groups"),
        ((1, 3, 2, 5), (4, 3, 3, 3), {}, ValueError, r"the window \(3, 3\), got \(2, 5\)"),
        ((1, 3, 5, 5), (4, 3, 3, 3), {"stride": 0}, ValueError, "expected stride >= 1, got 0"),
        ((1, 3, 5, 5), (4, 3, 3, 3), {"padding": -1}, ValueError, "expected padding >= 0, got -1"),
        ((1, 3, 5, 5), (4, 3, 3, 3), {"dilation": 1.5}, TypeError, "to be an int or 2 ints"),
        ((1, 3, 5, 5), (4, 3, 3, 3), {"stride": (1, 2, 3)}, TypeError, r"got \(1, 2, 3\)"),
        ((1, 3, 5, 5), (4, 3, 0, 3), {}, ValueError, "expected a filter with pixels"),
    ],
)
def test_conv2d_refuses(x, weight, options, error, text):
    with pytest.raises(error, match=text):
        F.conv2d(tl.zeros(x), tl.zeros(weight), **options)


def test_conv2d_refuses_a_bias_that_does_not_fit():
    with pytest.raises(ValueError, match=r"conv2d: expected bias of shape \(4,\), got \(3,\)"):
        F.conv2d(tl.zeros((1, 3, 5, 5)), tl.zeros((4, 3, 3, 3)), tl.zeros(3))


POOLS = [
    # images, kernel_size, stride, padding, dilation
    ((2, 3, 6, 8), (2, 2), (2, 2), (0, 0), (1, 1)),
    ((2, 3, 7, 7), (3, 2), (2, 1), (1, 1), (1, 1)),
    ((1, 2, 9, 9), (3, 3), (1, 2), (1, 0), (2, 3)),
    ((0, 2, 4, 4), (2, 2), (2, 2), (0, 0), (1, 1)),
]


@pytest.mark.parametrize("images, size, stride, padding, dilation", POOLS)
def test_max_pool2d(images, size, stride, padding, dilation):
    x = tensor(*images)
    seen = windows(padded(np.asarray(x), padding, -np.inf), size, stride, dilation)
    options = size, stride, padding, dilation
    result, indices = F.max_pool2d(x, *options, return_indices=True)
    assert_array_equal(result, seen.max(axis=(-1, -2)))
    assert indices.dtype == np.int64
    flat = np.asarray(x).reshape(*images[:2], images[2] * images[3])
    places = np.asarray(indices).reshape(*images[:2], result.shape[2] * result.shape[3])
    picked = np.take_along_axis(flat, places, axis=-1)
    assert_array_equal(result, picked.reshape(result.shape))


@pytest.mark.parametrize("images, size, stride, padding, dilation", POOLS[:3])
def test_max_pool2d_gradients(images, size, stride, padding, dilation):
    # Distinct values: at a tie there is no derivative.
    x = tl.asarray(rng.permutation(np.prod(images)).reshape(images) / 10.0)
    check_grads(lambda x: F.max_pool2d(x, size, stride, padding, dilation), [x])


def test_max_pool2d_takes_the_window_as_stride_and_single_images():
    x = tensor(2, 6, 6)
    assert_array_equal(F.max_pool2d(x, 3), F.max_pool2d(x[None], (3, 3), stride=(3, 3))[0])


def test_max_pool2d_keeps_nan():
    x = np.zeros((1, 1, 2, 4))
    x[0, 0, 1, 2] = np.nan
    assert_array_equal(F.max_pool2d(tl.asarray(x), 2), [[[[0.0, np.nan]]]])


@pytest.mark.parametrize(
    "shape, size, options, error, text",
    [
        ((4, 4), 2, {}, ValueError, r"max_pool2d: expected shape .* got \(4, 4\)"),
        ((1, 1, 4, 4), 0, {}, ValueError, "expected kernel_size >= 1, got 0"),
        (
            (1, 1, 4, 4),
            2,
            {"padding": 2},
            ValueError,
            r"half of kernel_size \(2, 2\), got \(2, 2\)",
        ),
        ((1, 1, 4, 4), 5, {}, ValueError, r"the window \(5, 5\), got \(4, 4\)"),
        ((1, 1, 4, 4), "2", {}, TypeError, "kernel_size to be an int or 2 ints, got '2'"),
    ],
)
def test_max_pool2d_refuses(shape, size, options, error, text):
    with pytest.raises(error, match=text):
        F.max_pool2d(tl.zeros(shape), size, **options)


@pytest.mark.parametrize("leading", [(), (4,), (2, 3), (0,)])
def test_linear(leading):
    x, weight, bias = tensor(*leading, 5), tensor(3, 5), tensor(3)
    expected = np.asarray(x) @ np.asarray(weight).T + np.asarray(bias)
    assert_allclose(F.linear(x, weight, bias), expected, rtol=1e-13, atol=1e-14)
    check_grads(F.linear, [x, weight, bias])


def test_linear_refuses_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match=r"linear: expected shapes .* got \(2, 4\) and \(3, 5\)"):
        F.linear(tensor(2, 4), tensor(3, 5))
    with pytest.raises(ValueError, match=r"linear: expected bias of shape \(3,\), got \(2,\)"):
        F.linear(tensor(2, 5), tensor(3, 5), tensor(2))


def test_relu_keeps_nan_and_has_no_slope_at_zero():
    x = tl.asarray([-1.0, 0.0, 2.0, np.nan]).requires_grad_()
    y = F.relu(x)
    assert_array_equal(y, [0, 0, 2, np.nan])
    y[:3].sum().backward()
    assert_array_equal(x.grad[:3], [0, 0, 1])


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_softmax_and_its_logarithm(dim):
    x = tensor(3, 4, 2)
    powers = np.exp(np.asarray(x))
    expected = powers / powers.sum(axis=dim, keepdims=True)
    assert_allclose(F.softmax(x, dim), expected, rtol=1e-13)
    assert_allclose(F.log_softmax(x, dim), np.log(expected), rtol=1e-12)
    check_grads(lambda x: F.softmax(x, dim), [x])
    check_grads(lambda x: F.log_softmax(x, dim), [x])


def test_softmax_does_not_overflow():
    x = tl.asarray([1e4, 0.0, -np.inf])
    assert_array_equal(F.softmax(x, 0), [1, 0, 0])
    assert_array_equal(F.log_softmax(x, 0), [0, -1e4, -np.inf])


def test_softmax_refuses_an_axis_that_is_not_there():
    with pytest.raises(np.exceptions.AxisError):
        F.softmax(tensor(2, 3), 2)


def test_dropout_keeps_the_mean_and_zeroes_the_right_share():
    x = tl.ones((1000, 100), dtype="float32")
    y = F.dropout(x, 0.25, generator=tl.random.default_rng(0))
    assert y.dtype == np.float32
    values = np.asarray(y)
    assert set(np.unique(values)) == {0, np.float32(1 / 0.75)}
    # 100,000 draws: four deviations are 0.0055.
    assert abs((values == 0).mean() - 0.25) < 0.0055


def test_dropout_has_the_gradient_of_its_factors():
    x = tl.ones(50).requires_grad_()
    y = F.dropout(x, 0.5, generator=tl.random.default_rng(0))
    y.sum().backward()
    assert_array_equal(x.grad, y.detach())


def test_dropout_at_its_ends_and_in_evaluation():
    x = tensor(5)
    assert F.dropout(x, 0.0) is x
    assert F.dropout(x, 0.9, training=False) is x
    assert_array_equal(F.dropout(x, 1.0), np.zeros(5))


@pytest.mark.parametrize("p", [-0.1, 1.1, np.nan])
def test_dropout_refuses_what_is_no_probability(p):
    with pytest.raises(ValueError, match=r"dropout: expected a probability in \[0, 1\], got"):
        F.dropout(tensor(5), p)


@pytest.mark.parametrize(
    "shape, dims, expected",
    [
        ((2, 3, 4), (), (24,)),
        ((2, 3, 4), (1,), (2, 12)),
        ((2, 3, 4), (0, 1), (6, 4)),
        ((2, 3, 4), (-2, -1), (2, 12)),
        ((2, 3, 4), (1, 1), (2, 3, 4)),
        ((), (), (1,)),
        ((0, 3), (), (0,)),
        ((0, 3, 4), (1,), (0, 12)),
    ],
)
def test_flatten(shape, dims, expected):
    x = tensor(*shape)
    assert_array_equal(F.flatten(x, *dims), np.asarray(x).reshape(expected))


def test_flatten_refuses():
    with pytest.raises(IndexError, match=r"flatten: axis 3 is out of bounds for shape \(2, 3\)"):
        F.flatten(tensor(2, 3), 3)
    with pytest.raises(ValueError, match="flatten: expected start_dim <= end_dim, got 1 and 0"):
        F.flatten(tensor(2, 3), 1, 0)
