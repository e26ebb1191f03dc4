import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layouts import examples, outcome

import tensorlib as tl
from tensorlib import _index_tricks
from tensorlib.testing import check_grads

V = np.array([7, 8], np.int16)
M = np.arange(6.0).reshape(2, 3)

KEYS = [
    (V, 0, 0, V),
    V,
    M,
    (np.s_[1:4], 0, V),
    np.s_[:3],
    np.s_[0:1:5j],
    (np.s_[-1:1:6j], [0] * 3, 5, 6),
    (np.float32(1), 2.5),
    (np.int8(1), 2),
    (True, False),
    (1, True, 2.0),
    (1 + 2j, V),
    ("-1", M, M),
    ("0", M, M),
    ("0,2", V, V),
    ("0,2,0", V, V, np.s_[0:2]),
    ("1,2,0", V, V),
    ("0,3,1", V, [[3, 4]]),
    ("1,3,1", V, V),
    ("0,3,-2", V, 5),
    ("1,3", M, M),
    ("0,2", np.s_[0:3], np.s_[0:1:3j]),
    ([], V),
]


@pytest.mark.parametrize("key", KEYS, ids=repr)
@pytest.mark.parametrize("name", ["r_", "c_"])
def test_concatenators(same, name, key):
    expected = outcome(getattr(np, name).__getitem__, key)
    tensors = tuple(map(tensor, key)) if isinstance(key, tuple) else tensor(key)
    actual = outcome(getattr(tl, name).__getitem__, tensors)
    if isinstance(expected, Exception):
        assert isinstance(actual, type(expected))
    else:
        same(actual, expected)


def tensor(value):
    return tl.asarray(value) if isinstance(value, np.ndarray) else value


@pytest.mark.parametrize(
    "error, key",
    [
        (ValueError, ()),
        (ValueError, (1, "0")),
        (ValueError, ("x", 1)),
        (ValueError, ("r", 1)),
        (ValueError, ("0,a", 1)),
        (ValueError, ("0,3,5", V)),
        (ValueError, (M, V[None])),
        (OverflowError, (np.int8(1), 300)),
        (ZeroDivisionError, np.s_[0:3:0]),
    ],
)
def test_errors_of_concatenators(error, key):
    with pytest.raises(error):
        tl.r_[key]


def test_concatenators_are_empty_sequences():
    assert (len(tl.r_), len(tl.c_)) == (0, 0)
    assert repr(tl.r_) == "<tensorlib.r_>"


GRIDS = [
    np.s_[0:5, 0:5],
    np.s_[-1:1:5j],
    np.s_[0:4],
    np.s_[:3, 1:9:3],
    np.s_[0:1:3j, 0:2],
    np.s_[0:1:1j],
    np.s_[0.5:3],
    np.s_[0:0, 0:2],
]


@pytest.mark.parametrize("key", GRIDS, ids=repr)
@pytest.mark.parametrize("name", ["mgrid", "ogrid"])
def test_grids(same, name, key):
    same(getattr(tl, name)[key], getattr(np, name)[key])


def test_examples_of_the_classes():
    result = doctest.testmod(_index_tricks, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.attempted
    assert not result.failed


@pytest.mark.parametrize(
    "args", [(), ([0, 1], [2, 4]), (V, [True, False]), ([], [1]), (np.array([1.5]), V), (V, V, V)]
)
def test_ix(compare, args):
    compare("ix_", *args)


@pytest.mark.parametrize("bad", [3, [[1]]])
def test_ix_needs_one_axis(bad):
    assert isinstance(outcome(np.ix_, bad), ValueError)
    with pytest.raises(ValueError, match="^ix_: "):
        tl.ix_(bad)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 2), (2, 1, 3)])
def test_ndenumerate(shape):
    a = np.arange(np.prod(shape, dtype=int)).reshape(shape).T
    pairs = list(tl.ndenumerate(tl.asarray(a)))
    assert [(index, x.item()) for index, x in pairs] == [(i, int(x)) for i, x in np.ndenumerate(a)]
    assert all(isinstance(x, tl.Tensor) for _, x in pairs)


@pytest.mark.parametrize(
    "name, args",
    [
        ("diag_indices", (4,)),
        ("diag_indices", (3, 3)),
        ("diag_indices_from", (np.ones((3, 3, 3)),)),
        ("tril_indices", (4,)),
        ("tril_indices", (4, 1)),
        ("tril_indices", (4, -2, 6)),
        ("triu_indices", (4,)),
        ("triu_indices", (4, 1)),
        ("triu_indices", (4, -2, 2)),
        ("tril_indices_from", (M,)),
        ("tril_indices_from", (M, 1)),
        ("triu_indices_from", (M, -1)),
        ("ravel_multi_index", (([3, 6, 6], [4, 5, 1]), (7, 6))),
        ("ravel_multi_index", (np.array([[3, 6, 6], [4, 5, 1]]), (7, 6), "raise", "F")),
        ("ravel_multi_index", (([3, 9], [-4, 5]), (4, 6), ("clip", "wrap"))),
        ("ravel_multi_index", ((3, 1, 4, 1), (6, 7, 8, 9))),
        ("unravel_index", ([22, 41, 37], (7, 6))),
        ("unravel_index", (np.array([[22], [41]]), (7, 6), "F")),
        ("unravel_index", (1621, (6, 7, 8, 9))),
    ],
)
def test_places(compare, name, args):
    compare(name, *args)


def test_mask_indices(same):
    same(tl.mask_indices(3, tl.triu), np.mask_indices(3, np.triu))
    same(tl.mask_indices(3, tl.tril, -1), np.mask_indices(3, np.tril, -1))


@pytest.mark.parametrize(
    "name, args",
    [
        ("diag_indices_from", (M,)),
        ("diag_indices_from", (V,)),
        ("tril_indices_from", (V,)),
        ("triu_indices_from", (np.ones((1, 1, 1)),)),
        ("ravel_multi_index", (([3, 7], [4, 5]), (7, 6))),
        ("ravel_multi_index", (([3.0], [4]), (7, 6))),
        ("ravel_multi_index", (([3],), (7, 6))),
        ("ravel_multi_index", (([3], [4]), (2**40, 2**40))),
        ("unravel_index", ([42], (7, 6))),
        ("unravel_index", ([-1], (7, 6))),
        ("unravel_index", ([1.5], (7, 6))),
        ("unravel_index", ([], (7, 6))),
        ("tril_indices", (2**40,)),
    ],
)
def test_errors_of_places(name, args):
    expected = outcome(getattr(np, name), *args)
    assert isinstance(expected, Exception)
    with pytest.raises(type(expected)):
        getattr(tl, name)(*args)


@examples(60)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=4), st.sampled_from("CF"), st.data())
def test_places_there_and_back(shape, order, data):
    shape = tuple(shape)
    places = data.draw(st.lists(st.integers(0, int(np.prod(shape)) - 1), min_size=1, max_size=5))
    index = tl.unravel_index(places, shape, order)
    expected = np.unravel_index(places, shape, order)
    assert [x.tolist() for x in index] == [x.tolist() for x in expected]
    assert tl.ravel_multi_index(index, shape, order=order).tolist() == places


def test_gradients():
    check_grads(lambda x: tl.r_[x, 0.0, 2 * x], [np.array([1.0, 2.0])])
    check_grads(lambda x: tl.c_[x, x**2, tl.ones(2)], [np.array([1.0, 2.0])])
    check_grads(lambda x: tl.r_["0,2,0", x, 3.0], [np.array([1.0, 2.0])])
    check_grads(lambda x: sum(v * i for (i,), v in tl.ndenumerate(x)), [np.arange(3.0)])


def test_joining_keeps_memory_of_its_own():
    x = tl.asarray([1, 2])
    assert not tl.shares_memory(tl.r_[x], x)
