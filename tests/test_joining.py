import numpy as np
import pytest
from numpy.exceptions import AxisError

import tensorlib as tl
from tensorlib.testing import check_grads

A = np.arange(6.0).reshape(2, 3)
B = np.arange(6, 12, dtype=np.int32).reshape(2, 3)
V = np.array([1.0, 2.0, 3.0], np.float32)

CASES = [
    ("concatenate", ((A, B),), {}),
    ("concatenate", ([A, B.T.reshape(2, 3)],), {"axis": 1}),
    ("concatenate", ((A.T, A[:, ::-1].T), -1), {}),
    ("concatenate", ((A, V),), {"axis": None}),
    ("concatenate", ((A,),), {}),
    ("concatenate", ((np.ones((0, 3)), A),), {}),
    ("concatenate", ((B, B),), {"dtype": np.float32}),
    ("concatenate", ((A, A),), {"dtype": np.int8, "casting": "unsafe"}),
    ("concatenate", (([1, 2], [True]),), {}),
    ("concat", ((V, V),), {}),
    ("stack", ((A, B),), {}),
    ("stack", ([A, B], -1), {}),
    ("stack", ((1, 2.5),), {}),
    ("stack", ((V, V),), {"axis": 1, "dtype": np.float64}),
    ("vstack", ((V, V),), {}),
    ("vstack", ((A, V),), {}),
    ("vstack", ((1, 2),), {"dtype": np.int8}),
    ("hstack", ((V, V),), {}),
    ("hstack", ((A, B),), {}),
    ("hstack", ((1, 2),), {}),
    ("dstack", ((V, V),), {}),
    ("dstack", ((A, B),), {}),
    ("dstack", ((A[:, :, None], B),), {}),
    ("column_stack", ((V, V),), {}),
    ("column_stack", ((A, np.arange(2)),), {}),
    ("column_stack", ((1, 2),), {}),
    ("block", ([[A, np.ones((2, 2))], [np.zeros((1, 5))]],), {}),
    ("block", ([V, 1, 2.5],), {}),
    ("block", ([[V], [V]],), {}),
    ("block", ([[[1, 2]], [[3, 4]]],), {}),
    ("block", (A,), {}),
    ("block", ([A[None], B[None]],), {}),
    ("append", (A, 3), {}),
    ("append", (A, B), {"axis": 0}),
    ("insert", (V, 1, 9.7), {}),
    ("insert", (V, [0, 3], [8, 9]), {}),
    ("insert", (V, [1, 1, 2], [7, 8, 9]), {}),
    ("insert", (V, -1, [8, 9]), {}),
    ("insert", (V, [1], [8, 9]), {}),
    ("insert", (A, 1, 5), {}),
    ("insert", (A, 1, [5, 6, 7], 0), {}),
    ("insert", (A, 1, [5, 6], 1), {}),
    ("insert", (A, [1], [[5], [6]], 1), {}),
    ("insert", (A, [0, 2], 5, 1), {}),
    ("insert", (A, slice(0, 2), 5, 1), {}),
    ("insert", (V, np.array([True, False, True]), 0), {}),
    ("insert", (V, [], 0), {}),
    ("insert", (B, 1, 2.9), {}),
]

ERRORS = [
    (lambda: tl.concatenate(()), ValueError, "concatenate: .* at least one"),
    (lambda: tl.concatenate((1, 2)), ValueError, "concatenate: zero-dimensional"),
    (
        lambda: tl.concatenate((tl.ones((2, 2)), tl.ones(2))),
        ValueError,
        "concatenate: .* 2 and, at index 1, 1",
    ),
    (lambda: tl.concatenate((tl.ones((2, 2)), tl.ones((2, 3)))), ValueError, r"\(2, 3\)"),
    (lambda: tl.concatenate((tl.ones(2),), axis=1), AxisError, "concatenate: axis 1"),
    (lambda: tl.concatenate((tl.ones(2),), dtype=int), TypeError, "concatenate: cannot cast"),
    (lambda: tl.concatenate((tl.ones(2),), out=tl.ones(3)), ValueError, r"concatenate: .*\(2,\)"),
    (lambda: tl.concatenate((tl.ones(2),), 0, tl.ones(2), dtype=float), TypeError, "both"),
    (lambda: tl.stack(()), ValueError, "stack: .* at least one"),
    (lambda: tl.stack((tl.ones(2), tl.ones(3))), ValueError, r"stack: .* \(2,\) and \(3,\)"),
    (lambda: tl.stack((tl.ones(2),), axis=2), AxisError, "stack: axis 2"),
    (lambda: tl.vstack((tl.ones(2), tl.ones(3))), ValueError, "concatenate: .* shapes"),
    (lambda: tl.hstack(()), ValueError, "concatenate: .* at least one"),
    (lambda: tl.dstack((tl.ones(2), tl.ones(3))), ValueError, "concatenate: .* shapes"),
    (lambda: tl.column_stack((tl.ones(2), tl.ones(3))), ValueError, "concatenate: .* shapes"),
    (lambda: tl.block([]), ValueError, "block: .* empty"),
    (lambda: tl.block([[1, 2], 3]), ValueError, "block: .* depths"),
    (lambda: tl.block((1, 2)), TypeError, "block: .* tuple"),
    (lambda: tl.block([[1, 2], [3]]), ValueError, "concatenate: .* shapes"),
    (lambda: tl.append(tl.ones((2, 2)), 1, axis=0), ValueError, "concatenate: .* dimensions"),
    (lambda: tl.insert(tl.ones(3), 5, 1), IndexError, "insert: .*5"),
    (lambda: tl.insert(tl.ones(3), [[1]], 1), ValueError, r"insert: .* \(1, 1\)"),
    (lambda: tl.insert(tl.ones(3), 1.0, 1), IndexError, "insert: .* float64"),
    (lambda: tl.insert(tl.ones(3), 1, 1, axis=2), AxisError, "insert: axis 2"),
]

C = np.arange(3.0)
GRADIENTS = [
    (lambda a, b: tl.concatenate((a, b), 1), [A, A + 1]),
    (lambda a, b: tl.concatenate((a, b), None), [A, C]),
    (lambda a, b: tl.stack((a, b), -1), [A, A + 1]),
    (lambda a, b: tl.vstack((a, b)), [A, C]),
    (lambda a, b: tl.dstack((a, b)), [A, A]),
    (lambda a, b: tl.block([[a, a], [b, b]]), [A, C]),
    (lambda a, b: tl.append(a, b), [A, C]),
    (lambda a, b: tl.insert(a, [0, 2], b, 1), [A, np.ones((2, 2))]),
]


@pytest.mark.parametrize("name, args, kwargs", CASES)
def test_like_numpy(compare, name, args, kwargs):
    compare(name, *args, **kwargs)


def test_out_is_written_and_returned():
    out = tl.zeros(5, dtype=tl.float64)
    assert tl.concatenate((tl.asarray(V), tl.arange(2)), out=out) is out
    assert out.tolist() == [1, 2, 3, 0, 1]
    out = tl.zeros((2, 3), dtype=tl.float32)
    assert tl.stack((tl.asarray(V), tl.asarray(V)), out=out) is out
    assert out.tolist() == [[1, 2, 3]] * 2


def test_block_of_one_array_copies():
    x = tl.zeros(3)
    tl.block(x)[...] = 1
    assert (x == 0).all()


@pytest.mark.parametrize("call, error, text", ERRORS)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize("function, args", GRADIENTS)
def test_gradient(function, args):
    check_grads(function, args)


@pytest.mark.parametrize("name", ["stack", "vstack", "hstack", "dstack", "column_stack"])
def test_iterators_are_refused(name):
    with pytest.raises(TypeError, match=f"{name}: arrays to stack must be passed as a .sequence"):
        getattr(tl, name)(x for x in [[1], [2]])


def test_numbers_are_weak_where_axis_is_none():
    values = [np.float32(1), 2.0, np.array([3], "i1")]
    assert tl.concatenate(values, axis=None).dtype == np.concatenate(values, axis=None).dtype


@pytest.mark.parametrize("place", [4, -4])
def test_insert_out_of_bounds(place):
    with pytest.raises(IndexError, match=f"insert: index {place} is out of bounds"):
        tl.insert([0, 1, 2], [place], [3, 4])
