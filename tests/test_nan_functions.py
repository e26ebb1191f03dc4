import inspect
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from layouts import examples
from numpy.exceptions import AxisError

import tensorlib as tl
from tensorlib.testing import check_grads

RNG = np.random.default_rng(9)
CUBE = RNG.normal(size=(2, 3, 4))
HOLES = CUBE.copy()
HOLES[[0, 1, 0, 1], [1, 2, 0, 2], [2, 0, 3, 1]] = np.nan
INTS = RNG.integers(-50, 50, (3, 4))
WITH_NAN = np.array([[1.0, np.nan, 3.0], [4.0, 5.0, 6.0]])
MASK = np.array([[True, False, True]])

REDUCTIONS = ["nansum", "nanprod", "nanmax", "nanmin", "nanmean", "nanvar", "nanstd"]
RUNNING = ["nancumsum", "nancumprod"]
PLACES = ["nanargmax", "nanargmin"]


@pytest.mark.parametrize("name", REDUCTIONS + RUNNING + PLACES)
def test_signature(name):
    assert inspect.signature(getattr(tl, name)) == inspect.signature(getattr(np, name))


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (1, 0, 2)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_axes(compare, name, axis, keepdims):
    for array in (CUBE, HOLES, HOLES.transpose(2, 0, 1)[::-1]):
        compare(name, array, axis=axis, keepdims=keepdims)


@pytest.mark.parametrize("name", REDUCTIONS + RUNNING + PLACES)
@pytest.mark.parametrize("dtype", "?bhilBHILefdFD")
def test_dtypes(compare, name, dtype):
    array = np.abs(INTS // 20).astype(dtype)
    compare(name, array)
    compare(name, array, axis=0)
    if dtype in "efdFD":
        array[1, 2] = np.nan
        compare(name, array)
        compare(name, array, axis=1)


@pytest.mark.parametrize("name", RUNNING + PLACES)
@pytest.mark.parametrize("axis", [None, 0, -1, 1])
def test_axis(compare, name, axis):
    compare(name, HOLES, axis=axis)


@given(
    arrays(
        np.float64,
        array_shapes(max_dims=3, max_side=5),
        elements=st.one_of(st.just(np.nan), st.floats(-1e3, 1e3)),
    ),
    st.integers(0, 2),
)
@examples(150)
def test_any_array(x, ddof):
    calls = [(name, {}) for name in ("nanmax", "nanmin", "nansum", "nanmean", "nanprod")]
    calls += [("nanvar", {"ddof": ddof}), ("nanstd", {"correction": ddof})]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for name, kwargs in calls:
            for axis in (None, -1):
                expected = getattr(np, name)(x, axis=axis, **kwargs)
                actual = getattr(tl, name)(tl.asarray(x), axis=axis, **kwargs)
                np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-12)


CASES = [
    ("nansum", (WITH_NAN, 0), {"where": MASK, "initial": 2}),
    ("nansum", (INTS,), {"dtype": np.float32}),
    ("nanprod", (WITH_NAN, 0), {"where": MASK, "initial": 2}),
    ("nanmax", (WITH_NAN, 0), {"where": MASK, "initial": -9.0}),
    ("nanmax", (INTS,), {"initial": 99}),
    ("nanmin", (np.array([np.nan, 1 + 2j, 1 + 1j]),), {}),
    ("nanmin", (np.array([np.nan, np.nan]),), {"initial": 3.0}),
    ("nanmin", (np.array([np.inf, np.nan]),), {}),
    ("nanmean", (WITH_NAN,), {"where": MASK}),
    ("nanmean", (WITH_NAN.astype(np.float16), 0), {"dtype": np.float64}),
    ("nanvar", (HOLES,), {"axis": 1, "mean": np.ones((2, 1, 4))}),
    ("nanvar", (HOLES,), {"where": CUBE > -1, "keepdims": True}),
    ("nanvar", (HOLES.astype(np.float32),), {"dtype": np.float64}),
    ("nanvar", (HOLES + 1j * CUBE,), {"axis": (0, 2)}),
    ("nanvar", (INTS,), {"axis": 1, "correction": 1}),
    ("nanstd", (HOLES,), {"axis": 2, "ddof": 0.5}),
    ("nanstd", (HOLES,), {"correction": 1, "keepdims": True}),
    ("nancumsum", (WITH_NAN,), {"dtype": np.float32}),
    ("nancumprod", (3.0,), {}),
    ("nanargmax", (HOLES, 1), {"keepdims": True}),
    ("nanargmin", ([3, 1, 2],), {"keepdims": True}),
]


@pytest.mark.parametrize("name, args, kwargs", CASES)
def test_like_numpy(compare, name, args, kwargs):
    compare(name, *args, **kwargs)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_out(name):
    out = tl.zeros((2, 4), dtype=tl.float32)
    assert getattr(tl, name)(tl.asarray(HOLES), axis=1, out=out) is out
    np.testing.assert_allclose(out, getattr(np, name)(HOLES, axis=1), rtol=1e-5)
    with pytest.raises(ValueError, match=r"\(2, 4\), got \(3,\)"):
        getattr(tl, name)(tl.asarray(HOLES), axis=1, out=tl.zeros(3))
    with pytest.raises(TypeError, match="int64"):
        getattr(tl, name)(tl.asarray(HOLES), axis=1, out=tl.zeros((2, 4), dtype=int))


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: tl.nanmean([tl.nan]), "Mean of empty slice"),
        (lambda: tl.nanmean(tl.ones((2, 0)), axis=1), "Mean of empty slice"),
        (lambda: tl.nanmax([[tl.nan, 1.0]], axis=0), "All-NaN slice encountered"),
        (lambda: tl.nanmin(tl.asarray([tl.nan]).requires_grad_()), "All-NaN slice encountered"),
        (lambda: tl.nanvar([1.0, tl.nan], ddof=1), "Degrees of freedom <= 0 for slice."),
        (lambda: tl.nanstd([tl.nan]), "Degrees of freedom <= 0 for slice."),
        (lambda: tl.nanstd(tl.ones(1), ddof=3), "Degrees of freedom <= 0 for slice."),
    ],
)
def test_nothing_left_is_nan_with_a_warning(call, text):
    with pytest.warns(RuntimeWarning) as caught:
        result = call()
    assert [str(w.message) for w in caught] == [text]
    assert caught[0].filename == __file__
    assert bool(tl.isnan(result).any())


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: tl.nanmax([]), ValueError, "max"),
        (lambda: tl.nanmax(WITH_NAN, where=MASK), ValueError, "initial"),
        (lambda: tl.nanmean(WITH_NAN, axis=2), AxisError, "axis 2"),
        (lambda: tl.nanmean(WITH_NAN, dtype=int), TypeError, "nanmean: .* dtype .* int64"),
        (lambda: tl.nanvar(WITH_NAN, out=tl.ones((), dtype=int)), TypeError, "nanvar: .* out"),
        (lambda: tl.nanvar([1.0], ddof=1, correction=1), ValueError, "nanvar: ddof and correction"),
        (lambda: tl.nanstd([1], ddof=1, correction=1), ValueError, "nanstd: ddof and correction"),
        (lambda: tl.nanargmax([tl.nan]), ValueError, "nanargmax: All-NaN slice"),
        (lambda: tl.nanargmin([[tl.nan, 1], [tl.nan, 2]], 0), ValueError, "nanargmin: All-NaN"),
        (lambda: tl.nanargmax([]), ValueError, "argmax"),
        (lambda: tl.nancumsum(WITH_NAN, axis=2), AxisError, "axis 2"),
    ],
)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize("name", REDUCTIONS + RUNNING)
@pytest.mark.parametrize("axis", [1, 2])
def test_gradient(name, axis):
    holes = np.isnan(HOLES)
    check_grads(lambda x: getattr(tl, name)(tl.where(holes, tl.nan, x), axis=axis), [CUBE])


def test_gradient_of_complex_variance():
    holes = tl.asarray([[False, True, False], [False, False, False]])
    x = CUBE[0, :2, :3] + 1j * CUBE[1, :2, :3]
    check_grads(lambda x: tl.nanvar(tl.where(holes, tl.nan, x), axis=1), [x])


def test_nan_gets_no_gradient():
    x = tl.asarray(WITH_NAN).requires_grad_()
    (tl.nansum(x) + tl.nanmean(x)).backward()
    np.testing.assert_allclose(x.grad, np.where(np.isnan(WITH_NAN), 0, 1.2))
    x = tl.asarray(WITH_NAN).requires_grad_()
    tl.nanmax(x, 1).sum().backward()
    np.testing.assert_array_equal(x.grad, [[0, 0, 1], [0, 0, 1]])
