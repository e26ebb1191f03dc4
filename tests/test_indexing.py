"""Integer, boolean and mixed indexing, reading and writing, against NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layouts import ALL_DTYPES, DTYPES, LAYOUTS, assert_identical, examples, outcome, random_array

import tensorlib as tl

SHAPES = st.lists(st.sampled_from([0, 1, 2, 3, 4]), min_size=1, max_size=4).map(tuple)


@st.composite
def indices(draw, rng, shape, out_of_bounds=False):
    """An index of every kind of entry, most of them valid."""
    entries, axis = [], 0
    common = draw(st.sampled_from([(), (1,), (3,), (2, 3), (0,)]))
    while axis < len(shape) and draw(st.integers(0, 5)):
        n = shape[axis]
        kind = draw(st.sampled_from(["slice", "integer", "array", "array", "mask", "none", "list"]))
        if kind == "none":
            entries.append(None)
            continue
        if kind == "slice":
            steps = st.sampled_from([None, 1, -1, 2])
            entries.append(slice(draw(st.none() | st.integers(-3, 3)), None, draw(steps)))
        elif kind == "integer" and n:
            entries.append(draw(st.integers(-n, n - 1)))
        elif kind == "mask":
            width = min(draw(st.integers(1, 2)), len(shape) - axis)
            entries.append(rng.random(shape[axis : axis + width]) < 0.6)
            axis += width - 1
        else:
            bound = n + 1 if out_of_bounds else max(n, 1)
            own = tuple(draw(st.sampled_from([length, 1])) for length in common)
            values = rng.integers(-min(n, bound), bound, own)
            dtype = draw(st.sampled_from(["l", "i", "b"]))
            entries.append(values.tolist() if kind == "list" and own else values.astype(dtype))
        axis += 1
    if draw(st.booleans()):
        entries.insert(draw(st.integers(0, len(entries))), ...)
    if len(entries) == 1 and draw(st.booleans()):
        return entries[0]
    return tuple(entries)


def as_tensors(index, convert):
    """The same index with tensors for its arrays."""
    if isinstance(index, tuple):
        return tuple(as_tensors(entry, convert) for entry in index)
    return tl.asarray(index) if isinstance(index, np.ndarray) and convert else index


def is_basic(index):
    entries = index if isinstance(index, tuple) else (index,)
    return not any(isinstance(entry, (np.ndarray, list)) for entry in entries)


@st.composite
def cases(draw, dtypes=ALL_DTYPES, **options):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    a = random_array(rng, draw(st.sampled_from(dtypes)), draw(SHAPES))
    a = draw(st.sampled_from(LAYOUTS))(a)
    return rng, a, draw(indices(rng, a.shape, **options)), draw(st.booleans())


def lenient(a, ours):
    """Whether NumPy let pass a mask of the wrong shape, as it does where there are no elements."""
    return a.size == 0 and isinstance(ours, IndexError) and "boolean" in str(ours)


@examples(400)
@given(cases())
def test_reading(case):
    rng, a, index, convert = case
    expected = outcome(a.__getitem__, index)
    actual = outcome(tl.asarray(a).__getitem__, as_tensors(index, convert))
    if isinstance(expected, Exception):
        assert isinstance(actual, IndexError), (index, actual)
    elif not lenient(a, actual):
        assert not isinstance(actual, Exception), (index, actual)
        assert_identical(actual, expected)
        if is_basic(index):
            is_view = actual.ndim > 0 or isinstance(expected, np.ndarray)
            assert np.shares_memory(actual, a) == (is_view and actual.size > 0)
        elif not convert:
            assert np.shares_memory(actual, a) == np.shares_memory(expected, a)


@examples(400)
@given(cases(), st.data())
def test_writing(case, data):
    rng, a, index, convert = case
    a = np.array(a)
    x = tl.array(a)
    selected = outcome(a.__getitem__, index)
    if isinstance(selected, Exception):
        with pytest.raises(IndexError):
            x[as_tensors(index, convert)] = 1
        assert_identical(x, a)
        return
    shape = np.shape(selected)
    forms = [shape, shape[1:], tuple(1 for _ in shape), (), (1, *shape)]
    own = data.draw(st.sampled_from(forms)) if shape else ()
    dtype = a.dtype if a.dtype.kind == "V" else data.draw(st.sampled_from([a.dtype, *DTYPES[:5]]))
    value = data.draw(st.sampled_from(LAYOUTS))(random_array(rng, dtype, own, hard=0))
    failed = outcome(a.__setitem__, index, value)
    ours = outcome(x.__setitem__, as_tensors(index, convert), tl.asarray(value))
    if isinstance(failed, Exception):
        if "requires a 0 or 1-dimensional input" in str(failed):
            return  # a limit of NumPy's for a single mask
        assert isinstance(ours, ValueError), (index, shape, own)
    elif not lenient(a, ours):
        assert ours is None, ours
    assert_identical(x, a)


@examples(200)
@given(cases(dtypes=[np.dtype("d")], out_of_bounds=True))
def test_out_of_bounds(case):
    rng, a, index, convert = case
    a = np.array(a)
    x = tl.array(a)
    expected = outcome(a.__getitem__, index)
    actual = outcome(x.__getitem__, as_tensors(index, convert))
    if isinstance(expected, Exception):
        assert isinstance(actual, IndexError)
        with pytest.raises(IndexError):
            x[as_tensors(index, convert)] = 5
    elif not lenient(a, actual):
        assert_identical(actual, expected)
    assert_identical(x, a)


@pytest.mark.parametrize("operator", ["+=", "*=", "-="])
@examples(60)
@given(case=cases(dtypes=[np.dtype("d"), np.dtype("i")]))
def test_in_place_operators_on_an_index(operator, case):
    rng, a, index, convert = case
    a = np.array(a)
    x = tl.array(a)
    failed = outcome(exec, f"a[index] {operator} 2", {"a": a, "index": index})
    ours = as_tensors(index, convert)
    actual = outcome(exec, f"x[index] {operator} 2", {"x": x, "index": ours})
    if not lenient(a, actual):
        assert isinstance(actual, IndexError) if isinstance(failed, Exception) else actual is None
    assert_identical(x, a)


A = np.arange(24.0).reshape(2, 3, 4)


@pytest.mark.parametrize(
    "index",
    [
        [0, 1],
        ([0, 1], [2, 0]),
        ([[0], [1]], [2, 0]),
        (slice(None), [0, 2], slice(1, 3)),
        ([0, 1], slice(None), [1, 3]),
        (0, [0, 2]),
        (..., [1, 3]),
        ([0], ..., [1]),
        (None, [0, 1]),
        ([0, 1], None, [1, 2]),
        np.array(1),
        np.int8(-1),
        (np.uint8(1), np.int64(2)),
        True,
        False,
        (True, 0),
        (0, False),
        (None, True, [0, 1]),
        [True, False],
        ([True, False], [0]),
        (slice(None), [True, False, True]),
        A > 11,
        (0, A[0] > 5),
        (A[:, :, 0] > 3, 1),
        [],
        ([], slice(None)),
        np.zeros((2, 0), int),
        (np.array([0, 1], np.uint64),),
        (slice(None, None, -1), [2, 1]),
        [[0, 1], [1, 0]],
        ((0, 1), (1, 2)),
        (),
        (...,),
        None,
    ],
    ids=repr,
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_kinds_of_indices(index):
    expected = outcome(A.__getitem__, index)
    x = tl.asarray(A)
    if isinstance(expected, Exception):
        with pytest.raises(type(expected)):
            x[index]
        return
    assert_identical(x[index], expected)
    written, b = tl.array(A), A.copy()
    written[index] = -1
    b[index] = -1
    assert_identical(written, b)


@pytest.mark.parametrize(
    "index",
    [
        [2],
        [-3],
        ([0, 1], [0, 1, 2]),
        ([0], [0], [0], [0]),
        [True, False, True],
        np.ones((2, 4), bool),
        np.ones((2, 3, 4, 1), bool),
        np.array([0.0]),
        ["a"],
        [None],
        [slice(0, 1)],
        (..., [0], ...),
        1.0,
        "x",
        np.array(["a"]),
        {},
        1j,
        b"x",
    ],
    ids=repr,
)
def test_bad_indices(index):
    x = tl.array(A)
    with pytest.raises(IndexError):
        x[index]
    with pytest.raises(IndexError):
        x[index] = 1
    with pytest.raises(IndexError):
        x[index] += 1
    assert_identical(x, A)


def test_an_index_tensor_that_requires_a_gradient():
    with pytest.raises((IndexError, TypeError)):
        tl.arange(3)[tl.ones(1).requires_grad_()]


def test_an_empty_float_index_is_refused_and_an_empty_list_is_not():
    assert tl.arange(3)[[]].shape == (0,)
    with pytest.raises(IndexError):
        tl.arange(3)[np.array([])]


def test_repeated_indices():
    x, a = tl.zeros(3), np.zeros(3)
    x[[0, 0, 2]] = tl.asarray([1.0, 2.0, 3.0])
    a[[0, 0, 2]] = [1.0, 2.0, 3.0]
    assert_identical(x, a)
    x[[1, 1]] += 1  # once, as in NumPy
    a[[1, 1]] += 1
    assert_identical(x, a)


def test_values_and_indices_that_overlap_the_target():
    a, x = np.arange(6), tl.arange(6)
    a[[0, 1, 2]] = a[1:4].copy()
    x[[0, 1, 2]] = x[1:4]
    assert_identical(x, a)
    a, x = np.arange(6)[::-1].copy(), tl.array(np.arange(6)[::-1])
    a[a.copy()] = np.arange(6) * 2
    x[x] = tl.arange(6) * 2
    assert_identical(x, a)


def test_writing_to_views_by_index():
    a, x = np.zeros((4, 6)), tl.zeros((4, 6))
    a[::2, ::-1][[0, 1], [1, 2]] = [5, 6]
    x[::2, ::-1][[0, 1], [1, 2]] = tl.asarray([5, 6])
    a.T[1:][[[True] * 4] * 5] = 7
    x.T[1:][tl.asarray([[True] * 4] * 5)] = 7
    assert_identical(x, a)


def test_numpy_arrays_indexed_by_tensors():
    index, mask = tl.asarray([2, 0]), tl.asarray([True, False, True])
    a = np.arange(3)
    np.testing.assert_array_equal(a[index], [2, 0])
    np.testing.assert_array_equal(a[mask], [0, 2])
    a[index] = 9
    assert a.tolist() == [9, 1, 9]


def test_large_indices():
    rng = np.random.default_rng(0)
    a = rng.standard_normal((200, 300))
    rows, columns = rng.integers(-200, 200, (2, 20_000)) % 200
    assert_identical(tl.asarray(a)[rows, columns], a[rows, columns])
    mask = a > 0
    assert_identical(tl.asarray(a)[mask], a[mask])
    x = tl.array(a)
    x[mask] = 0
    a[mask] = 0
    assert_identical(x, a)
    assert_identical(tl.asarray(a)[rows], a[rows])
    assert_identical(tl.asarray(a)[:, columns], a[:, columns])
