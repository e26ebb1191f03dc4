import numpy as np
import pytest

import tensorlib as tl
from tensorlib.testing import check_grads

NUMBERS = np.array([3.0, -1.0, 0.5])
MATRIX = np.arange(12.0).reshape(3, 4)

CASES = [
    ("eye", (3,), {}),
    ("eye", (2, 4), {"k": 1, "dtype": np.int8}),
    ("eye", (3, 3, -1), {"order": "F"}),
    ("identity", (3,), {}),
    ("identity", (2, np.complex64), {}),
    ("tri", (3,), {}),
    ("tri", (3, 5, -1), {"dtype": bool}),
    ("diag", (NUMBERS,), {}),
    ("diag", (NUMBERS, 2), {}),
    ("diag", (NUMBERS[::-1], -1), {}),
    ("diag", (np.array([True, False]),), {}),
    ("diag", (MATRIX,), {}),
    ("diag", (MATRIX.T, 1), {}),
    ("diag", (MATRIX, -9), {}),
    ("diagflat", (MATRIX, 1), {}),
    ("diagflat", (3.0,), {}),
    ("tril", (MATRIX,), {}),
    ("tril", (MATRIX, -1), {}),
    ("tril", (np.ones(3, bool),), {}),
    ("tril", (np.arange(24, dtype=np.uint8).reshape(2, 3, 4), 2), {}),
    ("triu", (MATRIX,), {}),
    ("triu", (MATRIX.T, 1), {}),
    ("triu", (np.arange(24, dtype=np.complex64).reshape(2, 3, 4),), {}),
    ("vander", (NUMBERS,), {}),
    ("vander", (NUMBERS, 5), {"increasing": True}),
    ("vander", (np.array([1, 2], np.int8), 0), {}),
    ("vander", (np.array([1, 2], np.float32), 1), {}),
    ("copy", (MATRIX.T,), {}),
    ("copy", (MATRIX[::2, ::-1],), {"order": "C"}),
    ("ascontiguousarray", (MATRIX.T,), {}),
    ("ascontiguousarray", (2, np.float32), {}),
    ("frombuffer", (b"\x01\x02\x03\x04",), {"dtype": np.int16}),
    ("frombuffer", (b"\x01\x02\x03\x04", np.uint8, 2, 1), {}),
]

ERRORS = [
    (lambda: tl.eye(-1), ValueError, "eye: .*negative dimensions"),
    (lambda: tl.diag(tl.ones((2, 2, 2))), ValueError, r"diag: .* got shape \(2, 2, 2\)"),
    (lambda: tl.diag(tl.ones(2), 1.5), TypeError, "diag: .* got 1.5"),
    (lambda: tl.tril(1.0), ValueError, r"tril: .* got shape \(\)"),
    (lambda: tl.triu(1.0), ValueError, r"triu: .* got shape \(\)"),
    (lambda: tl.vander(tl.ones((2, 2))), ValueError, r"vander: .* got shape \(2, 2\)"),
    (lambda: tl.copy(tl.ones(2), order="Z"), ValueError, "copy: .* 'Z'"),
    (lambda: tl.copy(tl.ones(2), order=1), TypeError, "copy: .* int"),
    (lambda: tl.frombuffer(b"abc", dtype=np.int16), ValueError, "frombuffer: .*multiple"),
    (lambda: tl.eye(2, device="moon"), ValueError, "moon"),
    # what users of PyTorch type first
    (lambda: tl.zeros(2, 3), TypeError, r"^zeros: expected a dtype, got 3; .* zeros\(\(2, 3\)\)$"),
    (lambda: tl.ones(2, 3), TypeError, r"^ones: expected a dtype, got 3; .* ones\(\(2, 3\)\)$"),
    (lambda: tl.empty(2, 3), TypeError, r"^empty: expected a dtype, got 3; .* empty\(\(2, 3\)\)$"),
    (lambda: tl.full(2, 3, 4), TypeError, r"^full: .* dtype, got 4; .* full\(\(2, 3\), 1\)$"),
    (lambda: tl.zeros((2, 3), 4), TypeError, "^zeros: Cannot interpret '4' as a data type$"),
    (lambda: tl.ones(6).view(2, 3), TypeError, "^view: expected a dtype, got 2; reshape gives"),
    (lambda: tl.ones(6).view(-1), TypeError, "^view: expected a dtype, got -1; reshape gives"),
    (lambda: tl.nn.Linear(2, 2).weight.data, BufferError, "^data: .* inside of no_grad"),
]

GRADIENTS = [
    (lambda x: tl.diag(x, 1), [NUMBERS]),
    (tl.diag, [MATRIX]),
    (tl.diagflat, [MATRIX]),
    (tl.tril, [MATRIX]),
    (lambda x: tl.triu(x, 1), [MATRIX]),
    (lambda x: tl.vander(x, 4), [NUMBERS]),
    (tl.copy, [MATRIX.T]),
    (tl.ascontiguousarray, [MATRIX.T]),
]


@pytest.mark.parametrize("name, args, kwargs", CASES)
def test_like_numpy(compare, name, args, kwargs):
    compare(name, *args, **kwargs)


@pytest.mark.parametrize("call, error, text", ERRORS)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize("function, args", GRADIENTS)
def test_gradient(function, args):
    check_grads(function, args)


def test_copy_has_memory_of_its_own():
    x = tl.zeros(3)
    tl.copy(x)[0] = 1
    assert x[0] == 0
    assert tl.copy(tl.asarray(MATRIX).T).flags.f_contiguous
    assert tl.copy(tl.asarray(MATRIX).T, order="C").flags.c_contiguous


def test_ascontiguousarray_copies_only_where_it_must():
    x = tl.ones((2, 3))
    assert tl.ascontiguousarray(x) is x
    assert tl.ascontiguousarray(x.T).flags.c_contiguous


def test_frombuffer_shares_memory():
    buffer = bytearray(8)
    tl.frombuffer(buffer, dtype=np.int64)[0] = 3
    assert buffer[0] == 3
    with pytest.raises(ValueError, match="read-only"):
        tl.frombuffer(bytes(8), dtype=np.int64)[0] = 3


def test_diag_of_a_matrix_is_a_view():
    x = tl.zeros((2, 2))
    tl.diag(x)[...] = 5
    assert x.tolist() == [[5, 0], [0, 5]]
