import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tensorlib as tl
from tensorlib.testing import check_grads

X = np.array([[0.5, 1.5, -2.5, 2.675], [1e10, -0.0, 123.456, -7.0]])
ODD = np.array([np.nan, np.inf, -np.inf, 2.0])


@pytest.mark.parametrize("decimals", [-2, -1, 0, 1, 3])
@pytest.mark.parametrize("dtype", "bhilBHILefdFD")
def test_round(compare, decimals, dtype):
    compare("round", np.clip(X, 0, 120).astype(dtype), decimals)
    compare("around", np.clip(X.T[::-1], 0, 120).astype(dtype), decimals=decimals)


@given(st.floats(-1e6, 1e6), st.integers(-3, 6))
def test_round_any_number(x, decimals):
    assert tl.round(x, decimals).item() == np.round(x, decimals)


CASES = [
    ("round", (np.array([True, False]),), {}),
    ("round", (ODD, 2), {}),
    ("fix", (X,), {}),
    ("fix", (np.array([1, -2]),), {}),
    ("nan_to_num", (ODD,), {}),
    ("nan_to_num", (ODD.astype(np.float16),), {}),
    ("nan_to_num", (ODD,), {"nan": 1, "posinf": 2.5, "neginf": -3}),
    ("nan_to_num", (np.array([complex(np.nan, np.inf), 1 - 1j], np.complex64),), {}),
    ("nan_to_num", (np.array([1, 2]),), {}),
    ("nan_to_num", (np.nan,), {}),
    ("isposinf", (ODD,), {}),
    ("isneginf", (ODD.astype(np.float32),), {}),
    ("isposinf", (np.array([1, 2]),), {}),
    ("sinc", (X,), {}),
    ("sinc", (np.array([0, 1, 2]),), {}),
    ("sinc", (X.astype(np.float32),), {}),
    ("sinc", (np.array([0.5 + 0.5j, 0]),), {}),
]


@pytest.mark.parametrize("name, args, kwargs", CASES)
def test_like_numpy(compare, name, args, kwargs):
    compare(name, *args, **kwargs)


def test_nan_to_num_in_place():
    x = tl.asarray(ODD.copy())
    assert tl.nan_to_num(x, copy=False, posinf=1, neginf=-1) is x
    assert x.tolist() == [0, 1, -1, 2]
    y = tl.arange(2)
    assert tl.nan_to_num(y, copy=False) is y
    assert tl.nan_to_num(y) is not y


def test_bfloat16():
    x = tl.asarray(ODD).astype(tl.bfloat16)
    replaced = tl.nan_to_num(x)
    assert replaced.dtype == tl.bfloat16
    assert replaced.astype(float).tolist()[0] == 0
    assert tl.isposinf(x).tolist() == [False, True, False, False]


def test_out():
    for name in ("round", "fix"):
        out = tl.zeros(2)
        assert getattr(tl, name)([1.7, -1.7], out=out) is out
    assert out.tolist() == [1, -1]
    out = tl.zeros(4, dtype=bool)
    assert tl.isposinf(ODD, out) is out
    assert out.tolist() == [False, True, False, False]


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: tl.round([1.0], 1.5), TypeError, "round: .* got 1.5"),
        (lambda: tl.round([1.5], out=tl.zeros(1, dtype=int)), TypeError, "round: .* int64"),
        (lambda: tl.round([1.5], out=tl.zeros(2)), ValueError, r"round: .* \(1,\), got \(2,\)"),
        (lambda: tl.isposinf(1j), TypeError, "isposinf: .* complex128"),
        (lambda: tl.isneginf([1j]), TypeError, "isneginf: .* complex128"),
    ],
)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_gradients():
    check_grads(tl.sinc, [np.array([0.3, -1.2, 2.0])])
    check_grads(tl.nan_to_num, [np.array([0.3, -1.2])])
    check_grads(tl.nan_to_num, [np.array([0.3 - 1j, -1.2])])
    x = tl.asarray([0.0, 1.0]).requires_grad_()
    tl.sinc(x).sum().backward()
    np.testing.assert_allclose(x.grad, [0, -1], atol=1e-12)
    y = tl.asarray(ODD).requires_grad_()
    tl.nan_to_num(y).sum().backward()
    assert y.grad.tolist() == [0, 0, 0, 1]
