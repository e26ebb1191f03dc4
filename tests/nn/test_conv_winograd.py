"""Convolution with many 3 x 3 filters in float32, by Winograd's filtering, beside PyTorch's."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import tensorlib as tl
from tensorlib.nn import functional as F

torch = pytest.importorskip(
    "torch", reason="PyTorch is not installed; to compare with it: pip install torch"
)
rng = np.random.default_rng(7)

# Images, filters and options: few and many tiles in a row, whole ones and pieces, odd channels.
CASES = [
    ((16, 16, 5, 5), (16, 16, 3, 3), {}),
    ((2, 16, 15, 17), (16, 16, 3, 3), {"padding": 1}),
    ((2, 20, 28, 28), (24, 20, 3, 3), {}),
    ((3, 17, 12, 30), (19, 17, 3, 3), {"padding": (2, 0)}),
    ((1, 64, 56, 56), (64, 64, 3, 3), {"padding": 1}),
    ((2, 32, 14, 14), (17, 32, 3, 3), {"padding": (4, 3)}),
    ((1, 16, 8, 900), (16, 16, 3, 3), {"padding": 1}),
    ((4, 32, 14, 14), (64, 16, 3, 3), {"padding": 1, "groups": 2}),
    ((2, 200, 16, 16), (32, 200, 3, 3), {"padding": 1}),
]


def sample(*shape):
    return rng.standard_normal(shape, np.float32)


def results(library, function, x, weight, g, options):
    """The images and the gradients."""
    tensor = tl.asarray if library is tl else torch.tensor
    x, weight = tensor(x).requires_grad_(), tensor(weight).requires_grad_()
    y = function(x, weight, **options)
    y.backward(tensor(g))
    return y.detach(), x.grad, weight.grad


def shape_of(images, filters, padding=0, groups=1):
    padding = np.broadcast_to(padding, 2)
    return images[0], filters[0], *(n + 2 * p - 2 for n, p in zip(images[2:], padding, strict=True))


@pytest.mark.parametrize(("images", "filters", "options"), CASES)
def test_results_and_gradients_are_those_of_float64(images, filters, options):
    x, weight = sample(*images), sample(*filters)
    g = sample(*shape_of(images, filters, **options))
    ours = results(tl, F.conv2d, x, weight, g, options)
    wide = [array.astype(np.float64) for array in (x, weight, g)]
    theirs = results(torch, torch.conv2d, *wide, options)
    for mine, exact in zip(ours, theirs, strict=True):
        exact = exact.numpy()
        assert mine.dtype == np.float32
        assert_allclose(mine, exact, rtol=0, atol=5e-6 * np.abs(exact).max())


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_sixteen_bits_are_rounded_once(dtype):
    x = tl.asarray(sample(2, 16, 20, 20)).astype(dtype)
    weight = tl.asarray(sample(16, 16, 3, 3)).astype(dtype)
    wide = F.conv2d(x.astype("float32"), weight.astype("float32"), padding=1)
    assert_array_equal(F.conv2d(x, weight, padding=1), wide.astype(dtype))


def test_views_of_any_strides():
    x = tl.asarray(sample(20, 24, 16, 2)).transpose((3, 2, 0, 1))[:, ::-1, ::-1, ::1]
    weight = tl.asarray(sample(3, 3, 16, 32)).transpose((3, 2, 1, 0))[::2]
    assert_array_equal(F.conv2d(x, weight), F.conv2d(x.copy(), weight.copy()))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
def test_what_is_not_finite_reaches_only_the_taps_that_see_it(value):
    x, weight, g = sample(2, 16, 20, 20), sample(16, 16, 3, 3), sample(2, 16, 20, 20)
    for array in (x, g):
        array[0, 3, 10, 9] = value
        array[1, 15, -1, -1] = value
    ours = results(tl, F.conv2d, x, weight, g, {"padding": 1})
    theirs = results(torch, torch.conv2d, x, weight, g, {"padding": 1})
    for mine, exact in zip(ours[:2], theirs[:2], strict=True):
        exact = exact.numpy()
        assert np.isfinite(exact).sum() > exact.size - 16 * 9 * 2 - 1
        small = np.abs(exact) < 1e30
        assert_allclose(np.asarray(mine)[~small], exact[~small], rtol=1e-5)
        assert_allclose(np.asarray(mine)[small], exact[small], rtol=0, atol=1e-4)


@pytest.mark.parametrize(("images", "filters", "options"), CASES[:4])
def test_results_do_not_depend_on_the_number_of_threads(images, filters, options):
    x, weight = sample(*images), sample(*filters)
    g = sample(*shape_of(images, filters, **options))
    usual, found = tl.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            tl.set_num_threads(threads)
            found.append(results(tl, F.conv2d, x, weight, g, options))
    finally:
        tl.set_num_threads(usual)
    for others in found[1:]:
        for one, other in zip(found[0], others, strict=True):
            assert_array_equal(one, other)
