import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from layouts import examples

import tensorlib as tl
from tensorlib.testing import check_grads

RNG = np.random.default_rng(17)
XP = np.array([-2.0, -0.5, 0.0, 1.5, 4.0])
FP = RNG.normal(size=5)
X = np.array([[-3.0, -2.0, -1.1, 0.0], [0.7, 3.9, 4.0, 5.5]])
COMPLEX = FP + 1j * FP[::-1]


@pytest.mark.parametrize("name", ["interp", "digitize"])
def test_signature(name):
    assert inspect.signature(getattr(tl, name)) == inspect.signature(getattr(np, name))


CASES = [
    (X, XP, FP),
    (X[:, ::-2], XP, FP, -7.0, 9),
    (X, XP, COMPLEX),
    (X, XP, COMPLEX, 1j, 2.0),
    (0.5, [0, 1], [1, 2]),
    ([0.5, 3.0], [1], [7]),
    (np.array([np.nan, np.inf, -np.inf]), XP, FP),
    (X, np.array([0.0, 1.0, 1.0, 4.0]), FP[:4]),
    (np.array([1.0, 3.0]), np.array([0.0, 1.0, 1.0]), FP[:3]),
    (X.astype(np.float32), XP.astype(np.float32), FP.astype(np.float16)),
    (np.arange(4), np.arange(5), np.arange(5)[::-1]),
    (np.zeros((0, 3)), XP, FP),
]


@pytest.mark.parametrize("args", CASES)
def test_interp(compare, same, args):
    compare("interp", *args)
    result = tl.interp(*args[:2], tl.asarray(args[2]).astype(
        complex if np.iscomplexobj(args[2]) else float).requires_grad_(), *args[3:])  # fmt: skip
    same(result.detach(), np.interp(*args))


@pytest.mark.parametrize("fp", [FP, COMPLEX])
@pytest.mark.parametrize("period", [3.0, -3.0, 360])
def test_period(compare, same, fp, period):
    compare("interp", 100 * X, XP, fp, period=period)
    compare("interp", X, XP[::-1], fp, -1.0, 1.0, period=period)
    result = tl.interp(100 * X, XP, tl.asarray(fp).requires_grad_(), period=period)
    same(result.detach(), np.interp(100 * X, XP, fp, period=period))


@given(
    arrays(np.float64, st.integers(0, 9), elements=st.floats(-5, 5)),
    arrays(np.float64, st.integers(1, 9), elements=st.floats(-4, 4), unique=True),
    st.integers(0, 99),
)
@examples(150)
def test_any_points(x, xp, seed):
    xp, fp = np.sort(xp), np.random.default_rng(seed).normal(size=len(xp))
    expected = np.interp(x, xp, fp)
    tl.testing.assert_array_equal(tl.interp(x, xp, fp), expected, strict=True)
    actual = tl.interp(x, xp, tl.asarray(fp).requires_grad_()).detach()
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("gradient", [False, True])
@pytest.mark.parametrize(
    "args, kwargs, error, text",
    [
        (([], []), {}, ValueError, "at least one point"),
        (([0, 1], [1.0]), {}, ValueError, "got 2 and 1"),
        (([[0, 1]], [[1, 2]]), {}, ValueError, "one axis"),
        (([0, 1j], [1, 2]), {}, TypeError, "complex128"),
        (([0, 1], [1, 2]), {"period": 0}, ValueError, "period"),
        (([0, 1], [1, 2]), {"left": 1j}, TypeError, "complex"),
    ],
)
def test_bad_points(args, kwargs, error, text, gradient):
    if gradient and "left" in kwargs:
        kwargs = {"period": 0}
        error, text = ValueError, "period"
    with pytest.raises(error, match=text):
        tl.interp(tl.ones(2).requires_grad_(gradient), *args, **kwargs)


@pytest.mark.parametrize("fp", [FP, COMPLEX])
def test_gradient(fp):
    x = X + 0.03  # not at the points, where there are two derivatives
    check_grads(tl.interp, [x, XP, fp])
    check_grads(lambda fp, left, right: tl.interp(x, XP, fp, left, right), [fp, fp[0], fp[1]])
    check_grads(lambda x, xp, fp: tl.interp(x, xp, fp, period=7.0), [3 * x, XP, fp])


def test_gradient_at_points_that_coincide():
    fp = tl.asarray([1.0, 2.0, 5.0]).requires_grad_()
    x = tl.asarray([0.5, 1.0, 2.0]).requires_grad_()
    tl.interp(x, [0.0, 1.0, 1.0], fp).sum().backward()
    np.testing.assert_array_equal(fp.grad, [0.5, 0.5, 2])
    np.testing.assert_array_equal(x.grad, [1, 0, 0])


@pytest.mark.parametrize("right", [False, True])
@pytest.mark.parametrize("bins", [XP, XP[::-1], np.array([0, 1, 1, 3]), [], [2]])
def test_digitize(compare, bins, right):
    for x in (X, 0.0, np.arange(5), np.array([np.nan, np.inf])):
        compare("digitize", x, bins, right)


def test_digitize_needs_no_gradient():
    assert not tl.digitize(tl.asarray(X).requires_grad_(), XP).requires_grad


@pytest.mark.parametrize(
    "args, error",
    [(([1j], [1, 2]), TypeError), (([1], [1, 3, 2]), ValueError), (([1], [[1]]), ValueError)],
)
def test_bad_intervals(args, error):
    with pytest.raises(error, match="digitize: "):
        tl.digitize(*args)
