"""Tensor.flat against ndarray.flat."""

import itertools

import numpy as np
import pytest

import tensorlib as tl
from tensorlib.testing import check_grads

ARRAYS = [
    np.arange(12).reshape(3, 4),
    np.arange(12.0).reshape(3, 4).T,
    np.arange(24, dtype="int8").reshape(2, 3, 4)[:, ::-1, ::2],
    np.array(5),
    np.zeros((3, 0)),
]
MANY = [
    ..., slice(2, None), slice(None, None, -2), slice(40, 50), (slice(3),), [0, -1], [],
    np.array([[1, 0], [0, 1]]), ([1, 0],),
]  # fmt: skip


@pytest.mark.parametrize("array", ARRAYS)
def test_iteration(array):
    theirs, ours = array.flat, tl.asarray(array.copy("K")).flat
    assert len(theirs) == len(ours)
    for _ in range(array.size):
        assert (ours.index, ours.coords) == (theirs.index, theirs.coords)
        element = next(ours)
        assert isinstance(element, tl.Tensor) and element.shape == () and element == next(theirs)
    with pytest.raises(StopIteration):
        next(ours)


@pytest.mark.parametrize("array", ARRAYS[:3])
@pytest.mark.parametrize("key", [*MANY, (), 3, -1, np.int8(2), np.array(1)])
def test_reading(array, key):
    tensor = tl.asarray(array)
    expected, result = np.asarray(array.flat[key]), tensor.flat[key]
    assert result.dtype == expected.dtype and result.shape == expected.shape
    assert np.array_equal(result, expected)
    assert not tl.shares_memory(result, tensor)


@pytest.mark.parametrize("array", ARRAYS[:3])
@pytest.mark.parametrize(
    "key, value",
    [
        *itertools.product(MANY, [7, 2.5, np.array(3), [1, 2, 3], [[4, 5]], []]),
        *itertools.product([3, -1, np.array(1)], [7, 2.5, np.array(3)]),
    ],
)
def test_writing(array, key, value):
    ours, theirs = tl.asarray(array.copy("K")), array.copy("K")
    ours.flat[key] = value
    theirs.flat[key] = value
    assert np.array_equal(ours, theirs)


def test_masks():
    tensor = tl.arange(6).reshape(2, 3).T
    mask = tl.asarray([True, False, False, True, False, True])
    assert tensor.flat[mask].tolist() == [0, 4, 5]
    tensor.flat[mask] = -1
    assert tensor.tolist() == [[-1, 3], [1, -1], [2, -1]]
    with pytest.warns(DeprecationWarning, match="0-dimensional boolean"):
        assert tensor.flat[True] == -1
    with pytest.warns(DeprecationWarning, match="0-dimensional boolean"):
        assert tensor.flat[False].shape == (0,)
    with pytest.warns(DeprecationWarning, match="Invalid non-array indices"):
        assert tensor.flat[[1.0, 2.0]].tolist() == [3, 1]


def test_attribute_can_be_set():
    tensor = tl.zeros((2, 3), dtype=int)
    tensor.T.flat = [1, 2]
    assert tensor.tolist() == [[1, 1, 1], [2, 2, 2]]


@pytest.mark.parametrize("array", ARRAYS[:3])
def test_copies_arrays_and_comparisons(array):
    tensor = tl.asarray(array)
    assert tensor.flat.base is tensor
    assert np.array_equal(tensor.flat.copy(), array.flat.copy())
    assert np.array_equal(np.asarray(tensor.flat), np.asarray(array.flat))
    assert np.asarray(tensor.flat).flags.writeable == np.asarray(array.flat).flags.writeable
    assert np.array_equal(tensor.flat == 3, array.flat == 3)
    assert np.array_equal(tensor.flat < tensor.flat, array.flat < array.flat)
    assert np.array_equal(tensor.flat >= tensor.flat.copy(), array.flat >= array.flat.copy())
    with pytest.raises(TypeError):
        hash(tensor.flat)


@pytest.mark.parametrize("key", [
    "a", None, (1, 2), 12, -13, [0, 12], [True, False], np.zeros(3, bool), np.ones((3, 4), bool),
    np.array([1.0]),
])  # fmt: skip
def test_bad_index(key):
    array = np.arange(12)
    with pytest.raises(IndexError) as theirs:
        array.flat[key]
    with pytest.raises(IndexError) as ours:
        tl.asarray(array).flat[key]
    assert str(theirs.value)[:30] in str(ours.value)
    with pytest.raises(IndexError):
        tl.asarray(array).flat[key] = 0


def test_bad_value():
    tensor = tl.arange(4)
    with pytest.raises(IndexError, match="0-D index"):
        tensor.flat[()] = 1
    with pytest.raises(ValueError):
        tensor.flat[0] = [1, 2]
    with pytest.raises(TypeError, match="Cannot delete"):
        del tensor.flat[0]
    tensor.setflags(write=False)
    with pytest.raises(ValueError, match="read-only"):
        tensor.flat[0] = 1
    assert tensor.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("turned", [False, True])
def test_gradients(turned):
    def change(x):
        y = tl.copy(x.T if turned else x)
        y.flat[1:3] = y.flat[0] * y.flat[[3, 3]]
        return y.flat[::2] * sum(y.flat)

    check_grads(change, [np.array([[1.0, 2.0], [3.0, 4.0]])])
