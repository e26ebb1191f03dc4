import numpy as np
import pytest
from numpy.exceptions import AxisError

import tensorlib as tl
from tensorlib.testing import check_grads

CUBE = np.arange(24.0).reshape(2, 3, 4)
ONES = np.arange(6.0).reshape(1, 2, 1, 3)
LAYOUTS = [
    CUBE, CUBE.T, CUBE.transpose(1, 0, 2), CUBE[:, ::-2], np.array(3), np.ones((0, 2))
]  # fmt: skip

CASES = [
    ("shape", (CUBE,), {}),
    ("shape", ([[1, 2]],), {}),
    ("ndim", (CUBE,), {}),
    ("size", (CUBE,), {}),
    ("size", (CUBE, 1), {}),
    *[("ravel", (x, order), {}) for order in (*"CFAKfk", None) for x in LAYOUTS],
    ("expand_dims", (CUBE, 0), {}),
    ("expand_dims", (CUBE.T, (-1, 1)), {}),
    ("expand_dims", (3.0, 0), {}),
    ("squeeze", (ONES,), {}),
    ("squeeze", (ONES, 0), {}),
    ("squeeze", (ONES[..., ::2], (0, -2)), {}),
    ("squeeze", (np.ones((1, 1)),), {}),
    ("squeeze", (CUBE,), {}),
    *[(name, (x,), {}) for name in ("atleast_1d", "atleast_2d", "atleast_3d")
      for x in (np.array(2), np.arange(3), np.ones((2, 3)), CUBE)],
    ("atleast_2d", (1, np.arange(3)), {}),
    ("atleast_1d", (), {}),
    ("broadcast_arrays", (np.arange(3), np.ones((2, 1)), 4), {}),
    ("broadcast_arrays", (np.arange(3),), {}),
    ("broadcast_shapes", ((1, 3), (2, 1)), {}),
]  # fmt: skip

ERRORS = [
    (lambda: tl.size(tl.ones(2), 3), AxisError, "size: axis 3"),
    (lambda: tl.ravel(tl.ones(2), "Q"), ValueError, "ravel: .* 'Q'"),
    (lambda: tl.ones(2).flatten("Q"), ValueError, "flatten: .* 'Q'"),
    (lambda: tl.expand_dims(tl.ones(2), 5), AxisError, "expand_dims: axis 5"),
    (lambda: tl.expand_dims(tl.ones(2), (0, 0)), ValueError, "expand_dims: .* distinct"),
    (lambda: tl.expand_dims(tl.ones(2), 1.0), TypeError, "expand_dims: .* 1.0"),
    (lambda: tl.squeeze(tl.ones((2, 1)), 0), ValueError, r"squeeze: .* \(2, 1\)"),
    (lambda: tl.squeeze(tl.ones((2, 1)), 2), AxisError, "squeeze: axis 2"),
    (lambda: tl.squeeze(tl.ones((1, 1)), (0, -2)), ValueError, "squeeze: .* distinct"),
    (lambda: tl.broadcast_arrays(tl.ones(2), tl.ones(3)), ValueError, "broadcast"),
]

GRADIENTS = [
    (lambda x: tl.ravel(x, "F"), [CUBE]),
    (lambda x: x.flatten(), [CUBE.T]),
    (lambda x: tl.expand_dims(x, (0, 2)), [CUBE]),
    (tl.squeeze, [ONES]),
    (tl.atleast_3d, [np.arange(3.0)]),
    (tl.broadcast_arrays, [np.arange(3.0), np.ones((2, 1))]),
]


@pytest.mark.parametrize("name, args, kwargs", CASES)
def test_like_numpy(compare, name, args, kwargs):
    compare(name, *args, **kwargs)


@pytest.mark.parametrize("order", [*"CFAKcfak", None])
@pytest.mark.parametrize("array", [CUBE, CUBE.T, CUBE[::-1]])
def test_flatten_copies(same, array, order):
    x = tl.asarray(array)
    flat = x.flatten(order)
    same(flat, array.flatten(order))
    flat[...] = -1
    assert (x >= 0).all()


def test_views_share_memory():
    x = tl.zeros((1, 2, 3))
    for view in (tl.ravel(x), tl.expand_dims(x, 0), tl.squeeze(x), tl.atleast_3d(x)):
        view[...] = view + 1
    assert (x == 4).all()


def test_ravel_copies_what_is_not_contiguous():
    x = tl.zeros((2, 3))
    tl.ravel(x.T)[...] = 1
    tl.ravel(x[:, ::2])[...] = 1
    assert (x == 0).all()
    tl.ravel(x.T, "F")[...] = 1
    assert (x == 1).all()


@pytest.mark.parametrize("call, error, text", ERRORS)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize("function, args", GRADIENTS)
def test_gradient(function, args):
    check_grads(function, args)
