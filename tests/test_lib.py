import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layouts import LAYOUTS, array_of, assert_close, examples, outcome

import tensorlib as tl
from tensorlib.testing import check_grads

M = np.arange(12.0).reshape(3, 4)
windows = tl.lib.stride_tricks.sliding_window_view
as_strided = tl.lib.stride_tricks.as_strided


def test_the_namespace():
    assert tl.emath is tl.lib.scimath
    assert tl.lib.NumpyVersion is np.lib.NumpyVersion
    buffered = tl.lib.Arrayterator(M, 4)
    assert sum(tl.asarray(part).sum().item() for part in buffered) == M.sum()


@examples(100)
@given(st.sampled_from(LAYOUTS), st.data())
def test_sliding_windows(layout, data):
    shape = tuple(data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=3)))
    a = layout(np.arange(np.prod(shape)).reshape(shape))
    axis = data.draw(st.none() | st.lists(st.integers(-len(shape), len(shape) - 1), max_size=3))
    count = len(shape) if axis is None else len(axis)
    window = data.draw(st.lists(st.integers(0, 5), min_size=count, max_size=count))
    axis = None if axis is None else tuple(axis)
    expected = outcome(np.lib.stride_tricks.sliding_window_view, a, tuple(window), axis)
    if isinstance(expected, Exception):
        with pytest.raises(type(expected)):
            windows(tl.asarray(a), window, axis)
    else:
        made = windows(tl.asarray(a), window, axis)
        assert (made.shape, made.dtype) == (expected.shape, expected.dtype)
        np.testing.assert_array_equal(array_of(made), expected)


def test_windows_are_views():
    x = tl.arange(5)
    made = windows(x, 3, 0, writeable=True)
    assert tl.shares_memory(made, x)
    x[2] = 9
    assert made.tolist() == [[0, 1, 9], [1, 9, 3], [9, 3, 4]]


@pytest.mark.parametrize("args", [((2,),), ((1, -1),), ((4, 1),), (2, 5), ((1, 2), 0), (1.5, 0)])
def test_errors_of_windows(args):
    assert isinstance(outcome(np.lib.stride_tricks.sliding_window_view, M, *args), Exception)
    with pytest.raises((ValueError, TypeError)):
        windows(M, *args)


def test_strides():
    made = as_strided(M, (2, 2), (8, 16))
    np.testing.assert_array_equal(
        array_of(made), np.lib.stride_tricks.as_strided(M, (2, 2), (8, 16))
    )
    assert as_strided(M).shape == M.shape
    with pytest.raises(ValueError):
        as_strided(M, (100,))


def test_gradients_of_views():
    check_grads(lambda x: windows(x, (2, 3)) ** 2, [M])
    check_grads(lambda x: windows(x, 2, 1).mean(-1), [M[:, ::2].copy()])
    check_grads(lambda x: as_strided(x, (3, 3), (8, 16)) ** 2, [M])


@pytest.mark.parametrize(
    "a", [M, M.T, M[::-1, ::2], M[:0], np.array(3.0), np.broadcast_to(M, (9, 3, 4))]
)
def test_byte_bounds(a):
    expected = np.lib.array_utils.byte_bounds(a)
    assert tl.lib.array_utils.byte_bounds(tl.asarray(a)) == expected
    assert tl.lib.array_utils.byte_bounds(a) == expected


def test_byte_bounds_of_tracked_tensors():
    low, high = tl.lib.array_utils.byte_bounds(tl.ones(3).requires_grad_())
    assert high - low == 24


def test_axes():
    assert tl.lib.array_utils.normalize_axis_index(-1, 3) == 2
    assert tl.lib.array_utils.normalize_axis_tuple((0, -1), 3) == (0, 2)


UNARY = ["arccos", "arcsin", "arctanh", "log", "log10", "log2", "sqrt"]
VALUES = [[-1.5, 2.0, 0.5], [0.25, 1, 0.5], -2, [], [3, -4], [-1 + 2j, 2], [np.nan, -1.0]]


@pytest.mark.parametrize("letter", ["?", "b", "B", "h", "H", "i", "q", "e", "f", "d", "F", "D"])
@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_argument(name, letter):
    values = np.array([0, 1, 1, 2]) - (2 if letter in "bhiqefdFD" else 0)
    for a in (values.astype(letter), np.array([0, 1], letter)):
        assert_close(getattr(tl.emath, name)(tl.asarray(a)), getattr(np.emath, name)(a), 8)


@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize("name", UNARY)
def test_array_likes(name, value):
    assert_close(getattr(tl.emath, name)(value), getattr(np.emath, name)(value), 8)


@pytest.mark.parametrize(
    "args",
    [
        ([2, 4], 2),
        ([2, 4], -2),
        ([2, 4], [-1, 1]),
        ([-2, 4], 2),
        ([-2.0, 4], 0.5),
        ([2, 4], 1j),
        (np.float32([-1, 2]), np.int8(-1)),
        (True, -1),
    ],
)
def test_powers_and_logarithms(args):
    assert_close(tl.emath.power(*args), np.emath.power(*args), 16)
    assert_close(tl.emath.logn(*args), np.emath.logn(*args), 16)


def test_gradients_of_scimath():
    inside = np.array([0.3, -0.6])
    check_grads(tl.emath.arcsin, [inside])
    check_grads(tl.emath.arctanh, [inside])
    check_grads(tl.emath.sqrt, [inside + 1])
    check_grads(lambda x: tl.emath.sqrt(x).imag, [inside])
    check_grads(lambda x: tl.emath.log(x).real, [inside])
    check_grads(tl.emath.power, [inside + 1, np.array([2.0, -1.0])])


def test_views_that_cannot_be_written_to():
    tricks = tl.lib.stride_tricks
    x = tl.arange(5)
    assert not tricks.sliding_window_view(x, 3).flags.writeable
    tricks.sliding_window_view(x, 3, writeable=True)[0, 0] = 7
    assert x[0] == 7 and x.flags.writeable
    assert tricks.as_strided(x, (2,), (8,)).flags.writeable
    assert not tricks.as_strided(x, (2,), (8,), writeable=False).flags.writeable
