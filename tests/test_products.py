import numpy as np
import pytest
from numpy.exceptions import AxisError

import tensorlib as tl
from tensorlib.testing import check_grads

RNG = np.random.default_rng(3)
A = RNG.normal(size=(2, 3, 4))
B = RNG.normal(size=(5, 4, 2))
M = RNG.normal(size=(4, 3))
V = RNG.normal(size=4)
W = RNG.normal(size=3)
C = V + 1j * V[::-1]
INTS = np.arange(12, dtype=np.int32).reshape(3, 4)

CASES = [
    ("dot", (V, V), {}),
    ("dot", (A, V), {}),
    ("dot", (A, M), {}),
    ("dot", (A, B), {}),
    ("dot", (V, B), {}),
    ("dot", (A.T, A[:, 0]), {}),
    ("dot", (2, A), {}),
    ("dot", (C, C), {}),
    ("dot", (INTS, INTS.T), {}),
    ("dot", (INTS > 3, INTS.T > 5), {}),
    ("dot", (np.ones((2, 0)), np.ones((0, 3))), {}),
    ("dot", (M.astype(np.float32), INTS), {}),
    ("vdot", (V, V), {}),
    ("vdot", (C, V), {}),
    ("vdot", (M, M.T), {}),
    ("vdot", (2j, 3j), {}),
    ("inner", (V, V), {}),
    ("inner", (A, V), {}),
    ("inner", (A, INTS), {}),
    ("inner", (3, A), {}),
    ("inner", (C, C), {}),
    ("outer", (V, W), {}),
    ("outer", (M, [1, 2]), {}),
    ("outer", (C, C), {}),
    ("tensordot", (A, A), {"axes": 3}),
    ("tensordot", (A, B, 0), {}),
    ("tensordot", (A, M), {"axes": 1}),
    ("tensordot", (A, B, ([2, 0], [1, 2])), {}),
    ("tensordot", (A, B, (-1, 1)), {}),
    ("tensordot", (A.T, B.T, (0, -2)), {}),
    ("tensordot", (np.ones((2, 0)), np.ones((0, 2))), {"axes": 1}),
    ("kron", (V, W), {}),
    ("kron", (M, A), {}),
    ("kron", (A, V), {}),
    ("kron", (2, M), {}),
    ("cross", (W, [1, 2, 3]), {}),
    ("cross", (M, W), {}),
    ("cross", (A.transpose(0, 2, 1), M), {}),
    ("cross", (M.T, M), {"axisa": 0, "axisc": 0}),
    ("cross", (INTS, INTS[::-1]), {"axis": 0}),
]

ERRORS = [
    (
        lambda: tl.dot(tl.ones((2, 3)), tl.ones((2, 3))),
        ValueError,
        r"dot: .* \(2, 3\) and \(2, 3\)",
    ),
    (
        lambda: tl.dot(tl.ones(2), tl.ones(2), out=tl.zeros((), tl.float32)),
        TypeError,
        "dot: .*'no'",
    ),
    (lambda: tl.vdot(tl.ones(2), tl.ones(3)), ValueError, r"vdot: .* \(2,\) and \(3,\)"),
    (lambda: tl.inner(tl.ones((2, 3)), tl.ones((2, 2))), ValueError, r"inner: .* \(2, 2\)"),
    (lambda: tl.outer([1], [2], out=tl.zeros(3)), ValueError, r"outer: .* \(1, 1\), got \(3,\)"),
    (lambda: tl.tensordot(tl.ones((2, 3)), tl.ones((4, 5))), ValueError, "tensordot: .* lengths"),
    (lambda: tl.tensordot(tl.ones(2), tl.ones(2), 2), AxisError, "tensordot: axis -2"),
    (lambda: tl.tensordot(tl.ones(2), tl.ones(2), ([0, 0], [0, 0])), ValueError, "distinct"),
    (lambda: tl.tensordot(tl.ones(2), tl.ones(2), 1.5), TypeError, "tensordot: .*got [12].5"),
    (lambda: tl.cross(1, [1, 2, 3]), ValueError, r"cross: .* \(\)"),
    (lambda: tl.cross([1, 2, 3, 4], [1, 2, 3]), ValueError, "cross: .* got 4, 3"),
    (lambda: tl.cross([1, 2, 3], [1, 2, 3], axis=1), AxisError, "cross: axis 1"),
]

GRADIENTS = [
    (tl.dot, [V, V + 1]),
    (tl.dot, [A, B]),
    (tl.dot, [np.array(2.0), M]),
    (tl.vdot, [C, C[::-1]]),
    (tl.inner, [M, A[..., :3]]),
    (tl.outer, [V, W]),
    (lambda a, b: tl.tensordot(a, b, ([2, 0], [1, 2])), [A, B]),
    (tl.kron, [M, W]),
    (tl.cross, [M, W]),
]


@pytest.mark.parametrize("name, args, kwargs", CASES)
def test_like_numpy(compare, name, args, kwargs):
    compare(name, *args, **kwargs)


@pytest.mark.parametrize("lengths", [(2, 2), (2, 3), (3, 2)])
def test_cross_of_vectors_in_a_plane(same, lengths):
    a, b = M[:, : lengths[0]], M[::-1, : lengths[1]]
    with pytest.warns(DeprecationWarning, match="2 components"):
        actual = tl.cross(tl.asarray(a), tl.asarray(b))
    with pytest.warns(DeprecationWarning):
        same(actual, np.cross(a, b))


def test_out_is_written_and_returned():
    out = tl.zeros((2, 3))
    assert tl.dot(tl.ones((2, 4)), tl.asarray(M), out=out) is out
    np.testing.assert_allclose(out, np.ones((2, 4)) @ M)
    assert tl.outer([1.0, 2.0], tl.ones(3), out=out) is out
    assert out.tolist() == [[1, 1, 1], [2, 2, 2]]


@pytest.mark.parametrize("call, error, text", ERRORS)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize("function, args", GRADIENTS)
def test_gradient(function, args):
    check_grads(function, args)
