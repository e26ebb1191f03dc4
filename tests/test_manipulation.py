import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes
from numpy.exceptions import AxisError

import tensorlib as tl
from tensorlib.testing import check_grads

CUBE = np.arange(24.0).reshape(2, 3, 4)
VECTOR = np.array([1, 2, 3, 4, 5], np.int16)

CASES = [
    ("swapaxes", (CUBE, 0, -1), {}),
    ("moveaxis", (CUBE, 0, -1), {}),
    ("moveaxis", (CUBE, [0, 2], [1, 0]), {}),
    ("moveaxis", (CUBE, (-1, 0), (0, -1)), {}),
    ("rollaxis", (CUBE, 2), {}),
    ("rollaxis", (CUBE, 0, 3), {}),
    ("rollaxis", (CUBE, 1, -1), {}),
    ("permute_dims", (CUBE,), {}),
    ("permute_dims", (CUBE, (1, 2, 0)), {}),
    ("matrix_transpose", (CUBE,), {}),
    ("flip", (CUBE,), {}),
    ("flip", (CUBE, 1), {}),
    ("flip", (CUBE, (0, -1)), {}),
    ("flip", (3.0,), {}),
    ("fliplr", (CUBE,), {}),
    ("flipud", (CUBE,), {}),
    *[("rot90", (CUBE, k), {"axes": axes}) for k in (-1, 0, 1, 2, 3) for axes in ((0, 1), (2, 0))],
    ("roll", (CUBE, 5), {}),
    ("roll", (CUBE, -1, 2), {}),
    ("roll", (CUBE, (1, 2), (0, 2)), {}),
    ("roll", (CUBE, 1, (0, 1)), {}),
    ("roll", (CUBE, (1, 2), 1), {}),
    ("roll", (VECTOR, 12), {}),
    ("roll", (np.ones(0), 1), {}),
    ("roll", (3, 1), {}),
    ("repeat", (CUBE, 2), {}),
    ("repeat", (CUBE, 2, 1), {}),
    ("repeat", (CUBE, [1, 0, 2], -2), {}),
    ("repeat", (CUBE, np.array([2]), 0), {}),
    ("repeat", (VECTOR[::-2], 3), {}),
    ("repeat", (VECTOR, 0), {}),
    ("repeat", (7, 2), {}),
    ("tile", (VECTOR, 2), {}),
    ("tile", (CUBE, (2, 1)), {}),
    ("tile", (VECTOR, (2, 3)), {}),
    ("tile", (CUBE.T, (1, 2, 0)), {}),
    ("tile", (1.5, 3), {}),
    ("tile", (VECTOR, ()), {}),
]

ERRORS = [
    (lambda: tl.swapaxes(tl.ones(2), 0, 1), AxisError, "swapaxes: axis 1"),
    (lambda: tl.moveaxis(tl.ones((2, 3)), 0, 2), AxisError, "moveaxis: destination: axis 2"),
    (lambda: tl.moveaxis(tl.ones((2, 3)), [0, 1], [0]), ValueError, "moveaxis: .* same number"),
    (lambda: tl.moveaxis(tl.ones((2, 3)), [0, 0], [0, 1]), ValueError, "moveaxis: .* distinct"),
    (lambda: tl.rollaxis(tl.ones(2), 1), AxisError, "rollaxis: axis 1"),
    (lambda: tl.rollaxis(tl.ones(2), 0, 4), AxisError, "rollaxis: .*start.*got 4"),
    (lambda: tl.permute_dims(tl.ones((2, 3)), (0,)), ValueError, "transpose"),
    (lambda: tl.matrix_transpose(tl.ones(2)), ValueError, r"matrix_transpose: .* \(2,\)"),
    (lambda: tl.flip(tl.ones(2), 1), AxisError, "flip: axis 1"),
    (lambda: tl.fliplr(tl.ones(2)), ValueError, r"fliplr: .* \(2,\)"),
    (lambda: tl.flipud(1.0), ValueError, r"flipud: .* \(\)"),
    (lambda: tl.rot90(tl.ones(2)), AxisError, "rot90: axis 1"),
    (lambda: tl.rot90(tl.ones((2, 2)), axes=(0, 0)), ValueError, "rot90: .* distinct"),
    (lambda: tl.rot90(tl.ones((2, 2)), axes=(0,)), ValueError, "rot90: .* two axes"),
    (lambda: tl.roll(tl.ones(2), 1, 1), AxisError, "roll: axis 1"),
    (lambda: tl.roll(tl.ones(2), 1.5), TypeError, "roll: .* float64"),
    (lambda: tl.roll(tl.ones((2, 2)), (1, 2, 3), (0, 1)), ValueError, "roll: .*broadcast"),
    (lambda: tl.repeat(tl.ones(3), [1, 2]), ValueError, r"repeat: .* got shape \(2,\)"),
    (lambda: tl.repeat(tl.ones(3), -1), ValueError, "repeat: .* got -1"),
    (lambda: tl.repeat(tl.ones(3), 1.5), TypeError, "repeat: .* float64"),
    (lambda: tl.repeat(tl.ones(3), 2, 1), AxisError, "repeat: axis 1"),
    (lambda: tl.tile(tl.ones(3), -1), ValueError, "tile: .* got"),
    (lambda: tl.tile(tl.ones(3), 1.5), TypeError, "tile: .* float64"),
]

GRADIENTS = [
    (lambda x: tl.moveaxis(x, 0, -1), [CUBE]),
    (lambda x: tl.flip(x, (0, 2)), [CUBE]),
    (lambda x: tl.rot90(x, 1, (0, 2)), [CUBE]),
    (lambda x: tl.roll(x, (1, 2), (0, 2)), [CUBE]),
    (lambda x: tl.roll(x, 5), [CUBE]),
    (lambda x: tl.repeat(x, 3, 1), [CUBE]),
    (lambda x: tl.repeat(x, [2, 0, 1], 1), [CUBE]),
    (lambda x: tl.tile(x, (2, 1, 2)), [CUBE]),
]


@pytest.mark.parametrize("name, args, kwargs", CASES)
def test_like_numpy(compare, name, args, kwargs):
    compare(name, *args, **kwargs)


@given(array_shapes(min_dims=1, max_dims=4, max_side=4), st.data())
def test_moveaxis_of_any_axes(shape, data):
    x = np.arange(np.prod(shape)).reshape(shape)
    axes = st.lists(st.integers(0, len(shape) - 1), unique=True)
    source = data.draw(axes)
    destination = data.draw(st.permutations(range(len(shape))))[: len(source)]
    expected = np.moveaxis(x, source, destination)
    np.testing.assert_array_equal(tl.moveaxis(tl.asarray(x), source, destination), expected)


def test_views_share_memory():
    x = tl.zeros((2, 3))
    for view in (
        tl.flip(x),
        tl.rot90(x),
        tl.moveaxis(x, 0, 1),
        tl.rollaxis(x, 1),
        x.swapaxes(0, 1),
    ):
        view[...] = view + 1
    assert (x == 5).all()


def test_roll_by_nothing_copies():
    x = tl.zeros(3)
    tl.roll(x, 0)[...] = 1
    tl.roll(x, (), ())[...] = 1
    tl.repeat(x, 1)[...] = 1
    tl.tile(x, 1)[...] = 1
    assert (x == 0).all()


@pytest.mark.parametrize("call, error, text", ERRORS)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize("function, args", GRADIENTS)
def test_gradient(function, args):
    check_grads(function, args)


@pytest.mark.parametrize("shift", [2**100, -(2**100), 2**100 + 1])
def test_roll_by_numbers_of_any_size(shift):
    assert tl.roll(tl.arange(7), shift).tolist() == np.roll(np.arange(7), shift).tolist()


@pytest.mark.parametrize("start", [-5, 5])
def test_rollaxis_out_of_bounds(start):
    with pytest.raises(AxisError, match=f"rollaxis: .* start .* got {start}"):
        tl.rollaxis(tl.zeros((1, 2, 3, 4)), 0, start)
