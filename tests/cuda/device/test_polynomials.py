"""NumPy's older functions of polynomials on a GPU against the CPU: results and gradients."""

import numpy as np
import pytest

import tensorlib as tl

P = np.array([0.0, 2.0, -3.0, 0.5, 0.0])
Q = np.array([1.5, -1.0])
CALLS = {
    "poly": (Q,),
    "poly of conjugates": (np.array([1 + 2j, 1 - 2j]),),
    "poly of complex numbers": (np.array([1 + 2j, 3.0]),),
    "poly of integers": (np.array([1, 2]),),
    "poly of none": (np.zeros(0),),
    "poly of a cube": (np.zeros((2, 2, 2)),),
    "polyadd": (P, Q),
    "polyadd of less": (Q, P),
    "polysub": (P, Q),
    "polymul": (P, Q),
    "polymul by zero": (P, Q * 0),
    "polymul of float32": (P.astype("float32"), Q),
    "polydiv": (P[1:], Q),
    "polydiv by more": (Q, P[1:]),
    "polyval": (P, Q),
    "polyder": (P,),
    "polyder twice": (P, 2),
    "polyder at last": (P, 9),
    "polyder back": (P, -1),
    "polyder not": (P, 0),
    "polyint": (P,),
    "polyint from": (P, 2, [1.0, 2.0]),
    "polyint from one": (P.astype("float32"), 3, 1),
    "polyint from too few": (P, 3, [1.0, 2.0]),
    "polyint of integers": (np.array([1, 2]), 1, 5),
    "polyint back": (P, -1),
}


def moved(value, place):
    return tl.asarray(value.copy()).to(place) if isinstance(value, np.ndarray) else value


def call(name, place, gradient=False):
    args = [moved(x, place) for x in CALLS[name]]
    if gradient:
        args = [x.requires_grad_() if isinstance(x, tl.Tensor) else x for x in args]
    try:
        result = getattr(tl, name.split()[0])(*args)
    except ValueError as error:
        return str(error), args
    return result, args


@pytest.mark.parametrize("name", CALLS)
def test_results(name, device):
    (expected, _), (result, _) = call(name, "cpu"), call(name, device)
    assert type(result) is type(expected)
    if not isinstance(expected, (tl.Tensor, tuple)):
        assert result == expected
        return
    expected, result = (x if isinstance(x, tuple) else (x,) for x in (expected, result))
    for one, other in zip(result, expected, strict=True):
        assert one.device == f"{device}:0"
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        np.testing.assert_allclose(one.cpu(), other, rtol=1e-14)


@pytest.mark.parametrize("name", [name for name in CALLS if CALLS[name][0].dtype == "float64"])
def test_gradients(name, device):
    (expected, args), (result, args_there) = call(name, "cpu", True), call(name, device, True)
    if not isinstance(expected, tl.Tensor):
        return
    (expected**2).sum().backward()
    (result**2).sum().backward()
    for one, other in zip(args_there, args, strict=True):
        if isinstance(one, tl.Tensor):
            np.testing.assert_allclose(one.grad.cpu(), other.grad, rtol=1e-13)


def test_roots(device, libraries):
    for p in (P, Q, P * 0, P[:0], np.array([3, 0, 0]), np.array([1, 2, 5])):
        expected, result = tl.roots(tl.asarray(p)), tl.roots(tl.asarray(p, device=device))
        assert result.device == f"{device}:0"
        assert (result.shape, result.dtype) == (expected.shape, expected.dtype)
        np.testing.assert_allclose(tl.sort(result).cpu(), tl.sort(expected), rtol=1e-12)
    with pytest.raises(ValueError, match=r"Input must be a rank-1 array\."):
        tl.roots(tl.ones((2, 2), device=device))
    square = tl.asarray([[1.0, 2.0], [3.0, 4.0]], device=device)
    np.testing.assert_allclose(tl.poly(square).cpu(), [1, -5, -2], atol=1e-12)


def test_class(device):
    p = tl.poly1d(tl.asarray(P, device=device))
    for result, expected in (
        (p * p, np.poly1d(P) * np.poly1d(P)),
        (p + tl.ones(6, device=device), np.poly1d(P) + np.ones(6)),
        (p.deriv(), np.poly1d(P).deriv()),
        (p.integ(k=2.0), np.poly1d(P).integ(k=2.0)),
        (p - p, np.poly1d(P) - np.poly1d(P)),
    ):
        assert result.coeffs.device == f"{device}:0"
        np.testing.assert_allclose(result.coeffs.cpu(), expected.coeffs)
    np.testing.assert_allclose(p(tl.asarray(Q, device=device)).cpu(), np.poly1d(P)(Q))
