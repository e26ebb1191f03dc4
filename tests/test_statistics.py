import inspect
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.exceptions import AxisError

import tensorlib as tl
from tensorlib.testing import check_grads

RNG = np.random.default_rng(7)
CUBE = RNG.normal(size=(2, 3, 4))
INTS = RNG.integers(-50, 50, (3, 4))
MASK = np.array([[True, False, True, True]])
WITH_NAN = np.array([[1.0, np.nan, 3.0], [4.0, 5.0, 6.0]])

REDUCTIONS = ["mean", "var", "std", "ptp", "count_nonzero", "average"]
AXES = [None, 0, -1, (0, 2), (1, 0, 2)]


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("keepdims", [False, True])
def test_axes(same, name, axis, keepdims):
    for array in (CUBE, CUBE.transpose(2, 0, 1)[::-1]):
        expected = getattr(np, name)(array, axis=axis, keepdims=keepdims)
        # NumPy's count_nonzero of all axes is an int
        expected = np.asarray(expected)
        same(getattr(tl, name)(tl.asarray(array), axis=axis, keepdims=keepdims), expected)


@pytest.mark.parametrize("name", ["mean", "var", "std", "average"])
@pytest.mark.parametrize("dtype", "?bhilBHILefdFD")
def test_dtypes(compare, name, dtype):
    compare(name, np.abs(INTS // 10).astype(dtype))
    compare(name, np.abs(INTS // 10).astype(dtype), axis=0)


@pytest.mark.parametrize("dtype", "bhilBHILefd")
def test_dtypes_of_ptp(compare, dtype):
    compare("ptp", np.abs(INTS).astype(dtype), axis=1)


@given(arrays(np.float64, array_shapes(max_dims=3, max_side=5),
              elements=st.floats(-1e3, 1e3)), st.integers(0, 2))  # fmt: skip
def test_moments_of_any_array(x, ddof):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for name, kwargs in (("mean", {}), ("var", {"ddof": ddof}), ("std", {"ddof": ddof})):
            expected = getattr(np, name)(x, **kwargs)
            actual = getattr(tl, name)(tl.asarray(x), **kwargs)
            np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-9)


CASES = [
    ("mean", (INTS,), {"dtype": np.float32}),
    ("mean", (INTS,), {"dtype": int}),
    ("mean", (CUBE[0, :3, :3],), {"axis": 0, "where": np.eye(3, dtype=bool)}),
    ("mean", (INTS,), {"where": MASK, "keepdims": True}),
    ("mean", (np.full(5000, 60000.0, np.float16),), {}),
    ("mean", ([1, 2, 3],), {}),
    ("mean", (4.0,), {}),
    ("var", (INTS,), {"ddof": 1}),
    ("var", (INTS,), {"axis": 1, "correction": 1}),
    ("var", (INTS,), {"axis": 0, "where": INTS > -20}),
    ("var", (CUBE,), {"axis": 1, "mean": CUBE.mean(1, keepdims=True)}),
    ("var", (CUBE,), {"dtype": np.float32}),
    ("var", (INTS,), {"where": MASK, "mean": np.full((1, 1), 2.5), "correction": 1}),
    ("std", (CUBE,), {"axis": (0, 2), "mean": CUBE.mean((0, 2), keepdims=True)}),
    ("var", (CUBE + 1j * CUBE[::-1],), {"axis": (0, 2)}),
    ("var", ((CUBE + 1j).astype(np.complex64),), {}),
    ("std", (CUBE,), {"ddof": 1.5}),
    ("std", (CUBE,), {"axis": 0, "correction": 1, "keepdims": True}),
    ("std", (CUBE + 1j * CUBE[::-1],), {}),
    ("average", (INTS,), {"weights": INTS % 7 + 1}),
    ("average", (INTS, 1), {"weights": np.array([1, 2, 3, 4], np.float32), "returned": True}),
    ("average", (CUBE, (1, 0)), {"weights": np.arange(1, 7).reshape(3, 2)}),
    ("average", (CUBE, 2), {"returned": True, "keepdims": True}),
    ("average", (CUBE.astype(np.float32),), {"weights": np.abs(CUBE).astype(np.float32)}),
    ("ptp", (np.array([5, 250], np.uint8),), {}),
    ("count_nonzero", (INTS > 3, 0), {}),
    ("count_nonzero", (WITH_NAN, (0, 1)), {"keepdims": True}),
]


@pytest.mark.parametrize("name, args, kwargs", CASES)
def test_like_numpy(compare, name, args, kwargs):
    compare(name, *args, **kwargs)


@pytest.mark.parametrize("name", ["mean", "var", "std", "ptp"])
def test_out(name):
    out = tl.zeros((2, 4), dtype=tl.float32)
    assert getattr(tl, name)(tl.asarray(CUBE), axis=1, out=out) is out
    expected = getattr(np, name)(CUBE, axis=1)
    np.testing.assert_allclose(out, expected, rtol=1e-5)
    with pytest.raises(ValueError, match=rf"{name}: .* \(2, 4\), got \(3,\)"):
        getattr(tl, name)(tl.asarray(CUBE), axis=1, out=tl.zeros(3))
    with pytest.raises(TypeError, match=f"{name}: .* int64"):
        getattr(tl, name)(tl.asarray(CUBE), axis=1, out=tl.zeros((2, 4), dtype=int))
    with pytest.raises(TypeError, match=f"{name}: .* list"):
        getattr(tl, name)(tl.asarray(CUBE), axis=1, out=[])


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: tl.mean(tl.ones(0)), "Mean of empty slice"),
        (lambda: tl.mean(tl.ones((2, 2)), axis=0, where=[False, True]), "Mean of empty slice"),
        (lambda: tl.var(tl.ones(2), ddof=2), "Degrees of freedom"),
        (lambda: tl.std(tl.ones((2, 0)), axis=1), "Degrees of freedom"),
    ],
)
def test_nothing_to_average_is_nan_with_a_warning(call, text):
    with pytest.warns(RuntimeWarning, match=text):
        result = call()
    assert bool(tl.isnan(result).any())


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: tl.mean(tl.ones(2), axis=1), AxisError, "mean: axis 1"),
        (lambda: tl.mean(tl.ones(2), axis=(0, 0)), ValueError, "mean: .* distinct"),
        (lambda: tl.mean(tl.ones(2), axis="x"), TypeError, "mean: .* 'x'"),
        (lambda: tl.var(tl.ones(2), axis=1), AxisError, "var: axis 1"),
        (lambda: tl.var(tl.ones(2), ddof=1, correction=1), ValueError, "var: ddof and correction"),
        (lambda: tl.std(tl.ones(2), ddof=1, correction=1), ValueError, "std: ddof and correction"),
        (lambda: tl.average([1, 2], weights=[1, -1]), ZeroDivisionError, "average: .* zero"),
        (lambda: tl.average(tl.ones((2, 3)), weights=[1, 2]), TypeError, "average: Axis"),
        (lambda: tl.average(tl.ones((2, 3)), 1, [1, 2]), ValueError, r"average: .* \(3,\)"),
        (lambda: tl.ptp(tl.ones(0)), ValueError, "max"),
        (lambda: tl.count_nonzero(tl.ones(2), axis=3), AxisError, "axis 3"),
    ],
)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize(
    "function",
    [
        lambda x: tl.mean(x, (0, 2)),
        lambda x: tl.mean(x, 1, where=tl.asarray(CUBE < 1)),
        tl.var,
        lambda x: tl.var(x, 1, ddof=1, keepdims=True),
        lambda x: tl.std(x, (0, 1)),
        lambda x: tl.average(x, 1, weights=[1.0, 2.0, 3.0]),
        lambda x: tl.ptp(x, 1),
    ],
)
def test_gradient(function):
    check_grads(function, [CUBE])


def test_other_gradients():
    check_grads(lambda x: tl.var(x, 0), [CUBE + 1j * CUBE[::-1]])
    check_grads(lambda x, w: tl.average(x, weights=w), [CUBE, np.abs(CUBE) + 1])


@pytest.mark.parametrize("name", ["mean", "var", "std", "average", "ptp"])
def test_signature(name):
    assert inspect.signature(getattr(tl, name)) == inspect.signature(getattr(np, name))
    no_value = {"keepdims": np._NoValue}
    tl.testing.assert_array_equal(
        getattr(tl, name)(CUBE, 1, **no_value), getattr(tl, name)(CUBE, 1)
    )
