import numpy as np
import pytest

import tensorlib as tl
from tensorlib.testing import check_grads

Z = np.array([[1 + 2j, -3, 1j], [0, 2.5 - 1j, -1 - 1j]])
X = np.array([1.5, -2.0, 0.0], np.float32)

CASES = [
    (name, (x,), {})
    for name in ("real", "imag", "angle", "iscomplex", "isreal", "iscomplexobj", "isrealobj",
                 "real_if_close")
    for x in (Z, Z.T[::-1], Z.astype(np.complex64), X, np.array([1, -2]))
] + [
    ("angle", (Z,), {"deg": True}),
    ("angle", (1j,), {}),
    ("real_if_close", (X + 1e-16j,), {}),
    ("real_if_close", (X + 1e-3j,), {"tol": 0.1}),
]  # fmt: skip


@pytest.mark.parametrize("name, args, kwargs", CASES)
def test_like_numpy(compare, name, args, kwargs):
    compare(name, *args, **kwargs)


def test_parts_are_views():
    x = tl.zeros(2, dtype=complex)
    tl.real(x)[...] = 1
    x.imag[...] = 2
    x.imag[0] = 3
    assert x.tolist() == [1 + 3j, 1 + 2j]
    x.real = 5
    x.imag = [6, 7]
    assert x.tolist() == [5 + 6j, 5 + 7j]
    with pytest.raises(TypeError, match="imag: .* float64"):
        tl.ones(2).imag = 1


def test_gradients():
    for function in (tl.real, tl.imag, tl.angle):
        check_grads(function, [Z[[0, 0, 1], [0, 2, 2]]])
    check_grads(tl.real, [np.array([1.5, -2.0])])
