import numpy as np
import pytest
from numpy.exceptions import AxisError

import tensorlib as tl
from tensorlib.testing import check_grads

MATRIX = np.arange(12.0).reshape(3, 4)
ORDER = np.argsort(MATRIX % 5, axis=1)

CASES = [
    ("put", ([0, -2, 5], [7, 8, 9]), {}),
    ("put", ([0, 1, 2], [7, 8]), {}),
    ("put", (3, 7.5), {}),
    ("put", ([-20, 13], 1), {"mode": "clip"}),
    ("put", ([-20, 13], 1), {"mode": "wrap"}),
    ("put", ([], 1), {}),
    ("put", ([1], []), {}),
    ("putmask", (MATRIX > 5, -1), {}),
    ("putmask", (MATRIX > 5, np.arange(5)), {}),
    ("putmask", (MATRIX < 0, 1), {}),
    ("copyto", (np.arange(4),), {}),
    ("copyto", (7,), {"where": MATRIX % 2 == 0}),
    ("copyto", (1.5,), {"where": [True, False, False, True]}),
    ("copyto", (MATRIX[::-1, ::-1],), {"casting": "unsafe"}),
    ("put_along_axis", (ORDER[:, :2], 99, 1), {}),
    ("put_along_axis", (np.array([[2, 0, 1, 1]]), MATRIX[:1] * 10, 0), {}),
]


@pytest.mark.parametrize("name, args, kwargs", CASES)
@pytest.mark.parametrize("view", [lambda x: x, lambda x: x.T.copy().T, lambda x: x[::-1, ::-1]])
def test_like_numpy(name, args, kwargs, view):
    expected = view(MATRIX.copy())
    actual = tl.asarray(view(MATRIX.copy()))
    assert getattr(np, name)(expected, *args, **kwargs) is None
    assert getattr(tl, name)(actual, *args, **kwargs) is None
    np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("layout", [tl.asarray, lambda x: tl.asarray(x).T.copy().T])
def test_put_along_all_axes(layout):
    x = layout(MATRIX.copy())
    tl.put_along_axis(x, [1, 5], [7, 8], axis=None)
    assert x[0, 1] == 7 and x[1, 1] == 8 and (x == MATRIX).sum() == 10


def test_copyto_casts_by_the_rule():
    x = tl.zeros(2, dtype=tl.int32)
    tl.copyto(x, 3)
    assert x.tolist() == [3, 3]
    with pytest.raises(TypeError, match="copyto: cannot cast from float64 to int32"):
        tl.copyto(x, tl.asarray([1.5, 2.5]))
    tl.copyto(x, tl.asarray([1.5, 2.5]), casting="unsafe")
    assert x.tolist() == [1, 2]


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda x: tl.put(x, [12], 1), IndexError, "12 is out of bounds"),
        (lambda x: tl.put(x, [0.5], 1), TypeError, "put: .* float64"),
        (lambda x: tl.put(x, [0], 1, mode="moon"), ValueError, "put: .* 'moon'"),
        (lambda x: tl.put([1, 2], [0], 1), TypeError, "put: .* list"),
        (lambda x: tl.putmask(x, [True], 1), ValueError, r"putmask: .* \(1,\)"),
        (lambda x: tl.copyto([1], 1), TypeError, "copyto: .* list"),
        (lambda x: tl.copyto(x, tl.ones(5)), ValueError, "broadcast"),
        (lambda x: tl.put_along_axis(x, [[0]], 1, 2), AxisError, "put_along_axis: axis 2"),
        (lambda x: tl.put_along_axis(x, [0], 1, 0), ValueError, "put_along.*: .* 2 dimensions"),
        (lambda x: tl.put_along_axis(x, [[9]], 1, 0), IndexError, "9"),
    ],
)
def test_bad_input_changes_nothing(call, error, text):
    x = tl.asarray(MATRIX.copy())
    with pytest.raises(error, match=text):
        call(x)
    assert x.tolist() == MATRIX.tolist()


@pytest.mark.parametrize(
    "write",
    [
        lambda x, v: tl.put(x, [0, 5], v),
        lambda x, v: tl.put(x.T, [0, 5], v),
        lambda x, v: tl.putmask(x, MATRIX > 9, v),
        lambda x, v: tl.copyto(x[:, :2], v, where=[True, False]),
        lambda x, v: tl.put_along_axis(x, np.array([[0, 3]]), v, 1),
    ],
)
def test_gradient(write):
    def function(x, v):
        y = x * 2
        write(y, v)
        return y * y

    check_grads(function, [MATRIX, np.array([5.0, 7.0])])


@pytest.mark.parametrize("casting", ["equiv", "safe", "same_kind", "unsafe"])
@pytest.mark.parametrize("scalar", [True, 3, 2.5, 1j])
@pytest.mark.parametrize("dtype", ["?", "u1", "i8", "f4", "f8", "c8"])
def test_copyto_casts_python_scalars_as_numpy(dtype, scalar, casting):
    if casting == "unsafe" and isinstance(scalar, complex):
        scalar = 1  # NumPy warns of the lost part
    theirs, ours = np.zeros(2, dtype), tl.zeros(2, dtype)
    try:
        np.copyto(theirs, scalar, casting=casting)
    except TypeError:
        with pytest.raises(TypeError, match="copyto: cannot cast"):
            tl.copyto(ours, scalar, casting=casting)
    else:
        tl.copyto(ours, scalar, casting=casting)
    assert ours.tolist() == theirs.tolist()


def test_copyto_same_value():
    x = tl.zeros(3, dtype="i4")
    tl.copyto(x, [1.0, 2.0, 3.0], casting="same_value")
    tl.copyto(x, [1.5, 7.0, 8.0], casting="same_value", where=[0, 1, 1])
    for source in ([1.5, 2, 3], 2.5):
        with pytest.raises(ValueError, match="copyto: could not cast 'same_value'"):
            tl.copyto(x, source, casting="same_value")
    assert x.tolist() == [1, 7, 8]


def test_bools_count_as_places():
    x = tl.arange(3)
    tl.put(x, [True, False], [8, 9])
    assert x.tolist() == [9, 8, 2]
