import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.exceptions import AxisError

import tensorlib as tl
from tensorlib.testing import check_grads

CUBE = np.arange(24.0).reshape(2, 3, 4)
VECTOR = np.array([4, 0, -3, 7, 0], np.int16)
ORDER = np.argsort(CUBE[:, ::-1] % 5, axis=1)

CASES = [
    ("take", (VECTOR, [0, -1, 2]), {}),
    ("take", (VECTOR, 2), {}),
    ("take", (VECTOR, np.array([[0, 1], [4, 4]])), {}),
    ("take", (CUBE, [5, 7]), {}),
    ("take", (CUBE, [[0, 2]]), {"axis": 1}),
    ("take", (CUBE.T, 1), {"axis": -1}),
    ("take", (CUBE, []), {"axis": 0}),
    ("take", (VECTOR, [-8, 9]), {"mode": "wrap"}),
    ("take", (VECTOR, [-8, 9, -1]), {"mode": "clip"}),
    ("take", (np.ones((0, 2)), [], 0), {}),
    ("take_along_axis", (CUBE, ORDER), {"axis": 1}),
    ("take_along_axis", (CUBE, ORDER[:, :1], 1), {}),
    ("take_along_axis", (CUBE, np.array([[[-1]]]), 0), {}),
    ("take_along_axis", (CUBE, np.array([3, 0]), None), {}),
    ("take_along_axis", (VECTOR, np.array([1, 1])), {}),
    ("compress", ([False, True], CUBE, 0), {}),
    ("compress", ([1, 0, 1], CUBE), {"axis": 2}),
    ("compress", (VECTOR > 0, VECTOR), {}),
    ("compress", ([True], CUBE), {}),
    ("extract", (CUBE % 5 == 0, CUBE), {}),
    ("choose", ([0, 1, 1], [[1, 2, 3], [4.5, 5.5, 6.5]]), {}),
    ("choose", (np.array([[0], [2]]), [VECTOR, 10, VECTOR * 2]), {}),
    ("choose", ([-1, 5], [1, 2]), {"mode": "wrap"}),
    ("choose", ([-1, 5], [1, 2]), {"mode": "clip"}),
    ("select", ([VECTOR > 3, VECTOR < 0], [VECTOR, -1]), {}),
    ("select", ([VECTOR > 3], [VECTOR * 0.5], 9), {}),
    ("select", ([CUBE > 20, CUBE > 10], [np.float32(1), np.arange(4, dtype=np.float32)], 0), {}),
    ("where", (VECTOR > 0, VECTOR, -1), {}),
    ("where", (VECTOR, 1.5, 0), {}),
    ("where", (CUBE > 4, np.arange(4, dtype=np.int8), np.arange(3)[:, None]), {}),
    ("where", (VECTOR,), {}),
    ("nonzero", (CUBE % 2,), {}),
    ("nonzero", (VECTOR == 0,), {}),
    ("flatnonzero", (CUBE.T % 3,), {}),
    ("argwhere", (CUBE % 5,), {}),
    ("argwhere", (3.0,), {}),
    ("searchsorted", ([1, 2, 2, 4], 2), {}),
    ("searchsorted", (np.array([1.0, 2.0, 4.0]), CUBE), {"side": "right"}),
    ("searchsorted", ([4, 1, 2], [0, 3]), {"sorter": [1, 2, 0]}),
    ("diagonal", (CUBE,), {}),
    ("diagonal", (CUBE, 1, -1, 0), {}),
    ("diagonal", (CUBE[0], -5), {}),
    ("trace", (CUBE,), {}),
    ("trace", (CUBE.astype(np.int8), 1), {"axis1": 2, "axis2": 1}),
    ("trace", (CUBE,), {"dtype": np.float32}),
    ("clip", (CUBE, 4, 9.5), {}),
    ("clip", (VECTOR, None, 2), {}),
    ("clip", (VECTOR, 2, None), {}),
    ("clip", (VECTOR, None, None), {}),
    ("clip", (VECTOR, -(10**6), 10**6), {}),
    ("clip", (VECTOR,), {"a_min": -1, "a_max": None}),
    ("clip", (VECTOR,), {"min": -1}),
    ("clip", (VECTOR,), {"max": np.arange(5)}),
    ("clip", (VECTOR,), {}),
    ("clip", (np.array([np.nan, 1.0]), 2, 3), {}),
    ("clip", (CUBE.astype(np.float32), 2.0, 3.0), {}),
]

ERRORS = [
    (lambda: tl.take([1, 2], 5), IndexError, "5 is out of bounds"),
    (lambda: tl.take([1, 2], tl.asarray([1.0])), TypeError, "take: .* float64"),
    (lambda: tl.take([1, 2], [0], axis=1), AxisError, "take: axis 1"),
    (lambda: tl.take([1, 2], [0], mode="moon"), ValueError, "take: .* 'moon'"),
    (lambda: tl.take(tl.ones(0), [0]), IndexError, "take: .* length 0"),
    (lambda: tl.take_along_axis(tl.ones(2), [0.5]), IndexError, "take_along_axis: .* float64"),
    (lambda: tl.take_along_axis(tl.ones((2, 2)), [0]), ValueError, "take_along.*: .* 2 dimensions"),
    (lambda: tl.take_along_axis(tl.ones(2), [0], 1), AxisError, "take_along_axis: axis 1"),
    (lambda: tl.take_along_axis(tl.ones(2), [2]), IndexError, "2"),
    (lambda: tl.compress([1, 0, 1, 1], tl.ones(3)), IndexError, "3 is out of bounds"),
    (lambda: tl.compress([[1]], tl.ones(3)), ValueError, r"compress: .* \(1, 1\)"),
    (lambda: tl.choose([0, 3], [[1, 2], [3, 4]]), ValueError, "choose: .* 3"),
    (lambda: tl.choose([0, -1], [[1, 2], [3, 4]]), ValueError, "choose: .* -1"),
    (lambda: tl.choose([0.5], [1, 2]), TypeError, "choose: .* float64"),
    (lambda: tl.select([], []), ValueError, "select: .* 0 and 0"),
    (lambda: tl.select([[True]], [1, 2]), ValueError, "select: .* 1 and 2"),
    (lambda: tl.select([[1]], [1]), TypeError, "select: .* int64"),
    (lambda: tl.where([True], 1), ValueError, "where: .* both"),
    (lambda: tl.where([True, False], [1, 2, 3], 0), ValueError, "where: .* broadcast"),
    (lambda: tl.nonzero(3), ValueError, "nonzero: .* atleast_1d"),
    (lambda: tl.searchsorted(tl.ones((2, 2)), 1), ValueError, r"searchsorted: .* \(2, 2\)"),
    (lambda: tl.searchsorted([1, 2], 1, side="middle"), ValueError, "searchsorted: .*side"),
    (lambda: tl.diagonal(tl.ones(3)), ValueError, r"diagonal: .* \(3,\)"),
    (lambda: tl.diagonal(tl.ones((2, 2)), axis1=1), ValueError, "diagonal: .* 1 twice"),
    (lambda: tl.diagonal(tl.ones((2, 2)), axis2=2), AxisError, "diagonal: axis 2"),
    (lambda: tl.trace(tl.ones(3)), ValueError, r"trace: .* \(3,\)"),
    (lambda: tl.clip([1], 2, 3, a_min=1), ValueError, "clip: .* min or a_min"),
    (lambda: tl.clip([1], max=3, a_max=3), ValueError, "clip: .* max or a_max"),
]

GRADIENTS = [
    (lambda x: tl.take(x, [[0, 2], [2, 2]], 1), [CUBE]),
    (lambda x: tl.take(x, 3), [CUBE]),
    (lambda x: tl.take_along_axis(x, ORDER, 1), [CUBE]),
    (lambda x: tl.compress([True, False, True], x, 1), [CUBE]),
    (lambda x, y: tl.choose([[0, 1], [1, 1]], [x, y]), [np.ones((2, 1)), np.ones(2)]),
    (lambda x, y: tl.select([CUBE[0] > 5, CUBE[0] > 2], [x, y], 1.0), [CUBE[0], np.ones(4)]),
    (lambda x, y: tl.where(CUBE[0] > 5, x, y), [CUBE[0], np.ones(4)]),
    (lambda x: tl.diagonal(x, 1, 1, 2), [CUBE]),
    (lambda x: tl.trace(x, 0, 2, 1), [CUBE]),
    (lambda x: tl.clip(x, 3.5, 11.5), [CUBE]),
    (lambda x: tl.clip(x, None, 11.5), [CUBE]),
]


@pytest.mark.parametrize("name, args, kwargs", CASES)
def test_like_numpy(compare, name, args, kwargs):
    compare(name, *args, **kwargs)


@given(st.integers(-20, 20), st.integers(1, 6), st.sampled_from(["wrap", "clip"]))
def test_take_out_of_bounds(index, length, mode):
    x = np.arange(length) * 3
    assert tl.take(tl.asarray(x), index, mode=mode).item() == np.take(x, index, mode=mode)


def test_out_is_written_and_returned():
    out = tl.zeros(2)
    for result in (
        tl.take([1.0, 2.0], [1, 0], out=out),
        tl.compress([True, True], [1.0, 2.0], out=out),
        tl.choose([0, 1], [[1.0, 2.0], [3.0, 4.0]], out=out),
        tl.trace(tl.ones((2, 2, 2)), out=out),
        tl.clip([1.0, 5.0], 2, 3, out=out),
    ):
        assert result is out
    assert out.tolist() == [2, 3]


def test_diagonal_is_a_view():
    x = tl.zeros((2, 2))
    tl.diagonal(x)[...] = 1
    assert x.tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize("call, error, text", ERRORS)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize("function, args", GRADIENTS)
def test_gradient(function, args):
    check_grads(function, args)


def test_bools_are_zero_and_one():
    mask = np.array([True, False])
    assert tl.take(tl.asarray([5, 6]), mask).tolist() == np.take([5, 6], mask).tolist()
    assert tl.choose(mask, [[1, 2], [3, 4]]).tolist() == [3, 2]


def test_choose_casts_to_out():
    out = tl.zeros(2, dtype=int)
    assert tl.choose([0, 1], [[1.5, 2.5], [3.5, 4.5]], out=out) is out
    assert out.tolist() == [1, 4]
