import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layouts import LAYOUTS, examples, outcome, random_array

import tensorlib as tl
from tensorlib.testing import check_grads

MATRIX = np.array([[1, 0, 1], [2, 3, 2], [1, 0, 1]])
FLOATS = np.array([2.5, np.nan, -0.0, np.nan, 0.0, 2.5, np.inf])
PAIRS = [
    (np.array([1, 2, 3, 2, 4]), np.array([2, 3, 5])),
    (np.array([1.5, 2]), np.array([2], np.float32)),
    (MATRIX, [[1, 3], [7, 7]]),
    (np.array([], np.int8), np.array([1, 2], np.int16)),
    (np.array([True, False]), np.array([0, 1, 2])),
    (FLOATS, FLOATS[1:4]),
    (3, 3),
]


@st.composite
def few_values(draw):
    """Arrays in which many elements are equal."""
    dtype = np.dtype(draw(st.sampled_from("?bHiqefdFD")))
    shape = tuple(draw(st.lists(st.integers(0, 5), max_size=3)))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    a = rng.integers(0, 4, shape).astype(dtype)
    if dtype.kind in "fc":
        a = np.where(rng.random(shape) < 0.2, dtype.type(np.nan), a).astype(dtype)
    return draw(st.sampled_from(LAYOUTS))(a)


FLAGS = list(itertools.product([False, True], repeat=3))


@examples(200)
@given(few_values(), st.sampled_from(FLAGS), st.booleans(), st.data())
def test_unique(compare, a, flags, equal_nan, data):
    axes = [None] if a.size == 0 or a.ndim == 0 else [None, *range(-a.ndim, a.ndim)]
    axis = data.draw(st.sampled_from(axes))
    compare("unique", a, *flags, axis=axis, equal_nan=equal_nan)


@pytest.mark.parametrize("name", ["unique_all", "unique_counts", "unique_inverse"])
@pytest.mark.parametrize("x", [MATRIX, FLOATS[:1], np.array(3), np.zeros((0, 2)), [2, 1, 2]])
def test_unique_of_the_standard(compare, name, x):
    compare(name, x)


def test_values_come_sorted():
    """In NumPy their order is open."""
    x = np.random.default_rng(0).integers(0, 50, 200)
    assert tl.unique_values(tl.asarray(x)).tolist() == np.unique(x).tolist()


def test_unique_without_order():
    x = np.random.default_rng(0).integers(0, 50, 200)
    assert sorted(tl.unique(tl.asarray(x), sorted=False).tolist()) == np.unique(x).tolist()


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("name", ["intersect1d", "setdiff1d", "setxor1d", "union1d", "isin"])
def test_pairs(compare, name, pair):
    compare(name, *pair)


@pytest.mark.parametrize("kind", [None, "sort", "table"])
@pytest.mark.parametrize("invert", [False, True])
def test_isin(compare, kind, invert):
    compare("isin", MATRIX, [1, 3], False, invert, kind=kind)
    compare("isin", MATRIX[1][:2], np.array([3, 1]), assume_unique=True, invert=invert, kind=kind)
    compare("isin", 2, [[1], [2]], invert=invert, kind=kind)


def test_keywords(compare):
    compare("intersect1d", MATRIX, [0, 2, 9], return_indices=True)
    compare("intersect1d", np.array([3, 1]), [1, 9], True, True)
    compare("setdiff1d", np.array([3, 1, 2]), [1], assume_unique=True)
    compare("setxor1d", np.array([3, 1, 2]), [1, 5], assume_unique=True)


@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 1), ()])
@pytest.mark.parametrize("trim", ["fb", "F", "b", "bf"])
@pytest.mark.parametrize(
    "x", [np.pad(MATRIX, ((1, 2), (0, 3))), np.zeros((2, 3)), np.pad(MATRIX, 1) * 1j]
)
def test_trim_zeros(compare, x, trim, axis):
    compare("trim_zeros", x, trim, axis)


def test_trim_zeros_of_other_sequences(compare):
    compare("trim_zeros", np.array([0, 0, 1, 0, 2.0, 0]))
    assert tl.trim_zeros([0, 1, 0]) == [1]
    assert tl.trim_zeros((0, 0)) == ()
    x = tl.asarray([0, 1, 0])
    assert tl.shares_memory(tl.trim_zeros(x), x)


@pytest.mark.parametrize(
    "name, args, kwargs",
    [
        ("unique", ([1, 2],), {"axis": 1}),
        ("isin", ([1], [2]), {"kind": "tree"}),
        ("isin", ([1.5], [2]), {"kind": "table"}),
        ("isin", ([1], [2**62, -(2**62)]), {"kind": "table"}),
        ("intersect1d", ([1],), {}),
        ("trim_zeros", (MATRIX, "x"), {}),
        ("trim_zeros", (MATRIX, "f", 2), {}),
    ],
)
def test_errors(name, args, kwargs):
    expected = outcome(getattr(np, name), *args, **kwargs)
    assert isinstance(expected, Exception)
    with pytest.raises(type(expected)):
        getattr(tl, name)(*args, **kwargs)


def test_texts_are_refused():
    with pytest.raises(TypeError):
        tl.unique(["a", "b"])


def test_gradients():
    x = np.array([[2.0, 1.0, 4.0], [0.5, 3.0, 1.5]])
    check_grads(tl.unique, [x])
    check_grads(tl.unique_values, [x])
    check_grads(lambda x: tl.unique(x, axis=1), [x])
    check_grads(lambda x: tl.trim_zeros(tl.pad(x, ((2, 1), (0, 3)))), [x])


def test_gradients_go_to_the_first_of_equal_elements():
    x = np.array([[2.0, 1.0, 2.0], [0.5, 3.0, 1.0]])
    tracked = tl.asarray(x).requires_grad_()
    values, index, inverse, counts = tl.unique(tracked, True, True, True)
    expected = np.unique(x, True, True, True)
    for one, other in zip((values, index, inverse, counts), expected, strict=True):
        np.testing.assert_array_equal(one.detach().numpy(), other)
    (values * tl.arange(1, 5)).sum().backward()
    assert tracked.grad.tolist() == [[3, 2, 0], [1, 4, 0]]
    assert tl.isin(tracked, [1, 2]).tolist() == np.isin(x, [1, 2]).tolist()


@pytest.mark.parametrize("name", ["intersect1d", "setdiff1d", "setxor1d", "union1d"])
def test_pairs_have_no_gradient(name):
    with pytest.raises(TypeError, match="detach"):
        getattr(tl, name)(tl.ones(2).requires_grad_(), [1])


def test_random_arrays_of_all_dtypes():
    rng = np.random.default_rng(4)
    for letter in "?bBhHiIqQefdFD":
        a = random_array(rng, np.dtype(letter), (40,))
        expected = np.unique(a)
        actual = tl.unique(tl.asarray(a))
        assert actual.dtype == expected.dtype
        np.testing.assert_array_equal(actual.numpy(), expected)
