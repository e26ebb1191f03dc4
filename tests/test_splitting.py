import numpy as np
import pytest
from numpy.exceptions import AxisError

import tensorlib as tl
from tensorlib.testing import check_grads

A = np.arange(24.0).reshape(4, 6)
CUBE = np.arange(24).reshape(2, 3, 4)
V = np.arange(7, dtype=np.float32)

CASES = [
    ("split", (A, 2), {}),
    ("split", (A, 3, 1), {}),
    ("split", (A, [1, 3]), {"axis": -1}),
    ("split", (V, [2, 2, 10]), {}),
    ("split", (V, np.array([-3])), {}),
    ("split", (V, []), {}),
    ("array_split", (V, 3), {}),
    ("array_split", (V, 9), {}),
    ("array_split", (A, 4), {"axis": 1}),
    ("hsplit", (A, 2), {}),
    ("hsplit", (V, [3]), {}),
    ("vsplit", (A, 2), {}),
    ("dsplit", (CUBE, [1, 2]), {}),
    ("unstack", (A,), {}),
    ("unstack", (CUBE,), {"axis": -1}),
    ("delete", (V, 2), {}),
    ("delete", (V, -1), {}),
    ("delete", (V, [0, 2, 2]), {}),
    ("delete", (V, []), {}),
    ("delete", (V, slice(1, None, 2)), {}),
    ("delete", (V, V > 3), {}),
    ("delete", (A, 1), {}),
    ("delete", (A, [1, 3], 0), {}),
    ("delete", (A, 0, -1), {}),
]

ERRORS = [
    (lambda: tl.split(tl.ones(5), 2), ValueError, "split: .* got 5"),
    (lambda: tl.split(tl.ones(5), 0), ValueError, "split: .* got 0"),
    (lambda: tl.split(tl.ones(5), 1, 1), AxisError, "split: axis 1"),
    (lambda: tl.array_split(tl.ones(5), -1), ValueError, "array_split: .* got -1"),
    (lambda: tl.array_split(tl.ones(5), 2.5), TypeError, "array_split: .*got [12].5"),
    (lambda: tl.hsplit(tl.asarray(1.0), 1), ValueError, "hsplit: .* at least 1"),
    (lambda: tl.vsplit(tl.ones(2), 1), ValueError, "vsplit: .* at least 2"),
    (lambda: tl.dsplit(tl.ones((2, 2)), 1), ValueError, "dsplit: .* at least 3"),
    (lambda: tl.unstack(1.0), ValueError, "unstack: .* at least 1"),
    (lambda: tl.unstack(tl.ones(2), axis=1), AxisError, "unstack: axis 1"),
    (lambda: tl.delete(tl.ones(3), 5), IndexError, "delete: .*5"),
    (lambda: tl.delete(tl.ones(3), [0, 7]), IndexError, "delete: .*7"),
    (lambda: tl.delete(tl.ones(3), 0, axis=2), AxisError, "delete: axis 2"),
]

GRADIENTS = [
    (lambda x: tl.split(x, 2, 1), [A]),
    (lambda x: tl.array_split(x, 3), [A]),
    (lambda x: tl.unstack(x, axis=1), [A]),
    (lambda x: tl.delete(x, [0, 2], 1), [A]),
]


@pytest.mark.parametrize("name, args, kwargs", CASES)
def test_like_numpy(compare, name, args, kwargs):
    compare(name, *args, **kwargs)


def test_parts_are_views():
    x = tl.zeros((6, 1))
    for part in (*tl.split(x, 2), *tl.unstack(x)):
        part[...] = part + 1
    assert (x == 2).all()


@pytest.mark.parametrize("call, error, text", ERRORS)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize("function, args", GRADIENTS)
def test_gradient(function, args):
    check_grads(function, args)


def test_delete_keeps_the_memory_layout():
    x = np.arange(10).reshape((2, 5), order="F")
    assert tl.delete(tl.asarray(x), slice(60, None), axis=1).flags.f_contiguous
    assert tl.delete(tl.ones((2, 5)), 1, axis=1).flags.c_contiguous
