import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from layouts import examples
from numpy.exceptions import AxisError

import tensorlib as tl
from tensorlib.testing import check_grads

RNG = np.random.default_rng(11)
CUBE = RNG.normal(size=(3, 4, 5))
VIEW = CUBE.transpose(2, 0, 1)[:, ::-1]
INTS = RNG.integers(0, 50, (4, 5))
STEPS = np.cumsum(RNG.random(4) + 0.1)
NAMES = ["diff", "ediff1d", "gradient", "trapezoid", "unwrap", "cumulative_sum", "cumulative_prod"]


@pytest.mark.parametrize("name", NAMES)
def test_signature(name):
    assert inspect.signature(getattr(tl, name)) == inspect.signature(getattr(np, name))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", "?bhilBHILefdFD")
def test_dtypes(same, name, dtype):
    array = INTS.astype(dtype)
    kwargs = {"axis": 1} if "cumulative" in name else {}
    try:
        expected = getattr(np, name)(array, **kwargs)
    except (TypeError, OverflowError) as error:
        with pytest.raises(type(error).__mro__[-3]):  # NumPy's own kinds of TypeError
            getattr(tl, name)(tl.asarray(array), **kwargs)
    else:
        same(getattr(tl, name)(tl.asarray(array), **kwargs), expected)


@given(
    arrays(np.float64, array_shapes(max_dims=3, max_side=5), elements=st.floats(-1e3, 1e3)),
    st.integers(0, 6),
    st.floats(0.5, 8),
)
@examples(100)
def test_bits_of_any_array(x, n, period):
    for axis in range(x.ndim):
        for name, kwargs in (
            ("diff", {"n": n}),
            ("trapezoid", {"dx": period}),
            ("unwrap", {"period": period}),
        ):
            expected = getattr(np, name)(x, axis=axis, **kwargs)
            actual = getattr(tl, name)(tl.asarray(x), axis=axis, **kwargs)
            np.testing.assert_allclose(actual, expected, rtol=1e-14, atol=1e-11)
            assert actual.shape == expected.shape


CASES = [
    ("diff", (VIEW,), {"axis": 1}),
    ("diff", (INTS, 2, 0), {}),
    ("diff", (INTS, 9), {}),
    ("diff", (INTS, 0), {}),
    ("diff", (np.array([True, False, False]),), {"n": 2}),
    ("diff", (CUBE,), {"prepend": 0, "axis": 0}),
    ("diff", (CUBE.astype(np.float32),), {"append": np.float32(1.5), "prepend": CUBE}),
    ("diff", (np.array([], np.int8),), {"n": 3}),
    ("ediff1d", (VIEW,), {}),
    ("ediff1d", (CUBE, [1, 2], -3), {}),
    ("ediff1d", (np.array([1, 5], np.int8), np.array([300])), {}),
    ("ediff1d", (7,), {"to_begin": 1}),
    ("gradient", (VIEW,), {}),
    ("gradient", (VIEW, 0.5), {"edge_order": 2}),
    ("gradient", (CUBE, 2, STEPS, [0, 1, 4, 5, 9]), {}),
    ("gradient", (CUBE, STEPS), {"axis": 1, "edge_order": 2}),
    ("gradient", (CUBE, np.arange(4)), {"axis": 1, "edge_order": 2}),
    ("gradient", (CUBE, 3, STEPS), {"axis": (2, 1)}),
    ("gradient", (INTS.astype(np.float32), STEPS), {"axis": 0}),
    ("gradient", (INTS.astype(np.uint8),), {"edge_order": 2}),
    ("gradient", (INTS,), {"axis": ()}),
    ("gradient", (5.0,), {}),
    ("trapezoid", (VIEW,), {"axis": 1}),
    ("trapezoid", (CUBE, STEPS), {"axis": 1}),
    ("trapezoid", (CUBE, np.sort(CUBE, 0)), {"axis": 0}),
    ("trapezoid", (INTS, None, 0.5), {}),
    ("trapezoid", ([],), {}),
    ("unwrap", (10 * VIEW,), {"axis": 1}),
    ("unwrap", (10 * CUBE, 4.0), {"axis": 0}),
    ("unwrap", (INTS,), {"period": 7}),
    ("unwrap", (INTS,), {"period": 6, "axis": 0}),
    ("unwrap", (np.array([0, np.pi, 2 * np.pi, np.pi]),), {}),
    ("cumulative_sum", (5,), {"include_initial": True}),
    ("cumulative_sum", (VIEW,), {"axis": 1, "include_initial": True}),
    ("cumulative_sum", (INTS,), {"axis": 0, "dtype": np.float32}),
    ("cumulative_prod", (np.array([1, 2, 3], np.int8),), {"include_initial": True}),
    ("cumulative_prod", (CUBE,), {"axis": -1, "dtype": np.float32, "include_initial": True}),
]


@pytest.mark.parametrize("name, args, kwargs", CASES)
def test_like_numpy(compare, name, args, kwargs):
    compare(name, *args, **kwargs)


def test_differences_of_differences_end():
    assert tl.diff(INTS, 10**12, axis=0).shape == (0, 5)  # at once, where NumPy goes on and on


@pytest.mark.parametrize("name", ["cumulative_sum", "cumulative_prod"])
def test_out(name):
    out = tl.zeros((4, 6))
    function = getattr(tl, name)
    assert function(INTS / 9, axis=1, out=out, include_initial=True) is out
    expected = getattr(np, name)(INTS / 9, axis=1, include_initial=True)
    np.testing.assert_allclose(out, expected, rtol=1e-14)
    with pytest.raises(ValueError, match=rf"{name}: .* \(4, 5\), got \(4, 6\)"):
        function(INTS, axis=1, out=out)


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: tl.diff(3), ValueError, "diff: .*axis"),
        (lambda: tl.diff([1, 2], -1), ValueError, "diff: .*-1"),
        (lambda: tl.diff([1, 2], 1.5), TypeError, "diff: .*1.5"),
        (lambda: tl.diff([1, 2], axis=1), AxisError, "diff: axis 1"),
        (lambda: tl.ediff1d([1, 2], 0.5), TypeError, "ediff1d: .*to_end.*int64.*float64"),
        (lambda: tl.gradient([1.0]), ValueError, "gradient: .*edge_order"),
        (lambda: tl.gradient([1.0, 2.0], edge_order=2), ValueError, "gradient: .*3 elements"),
        (lambda: tl.gradient([1, 2, 3], edge_order=3), ValueError, "gradient: .*got 3"),
        (lambda: tl.gradient([1, 2], 1, 2), TypeError, "gradient: .*got 2"),
        (lambda: tl.gradient([1, 2], [1, 2, 3]), ValueError, "gradient: .*2 coordinates"),
        (lambda: tl.gradient([1, 2], [[1, 2]]), ValueError, r"gradient: .*\(1, 2\)"),
        (lambda: tl.gradient([1, 2], axis=1), AxisError, "gradient: axis 1"),
        (lambda: tl.gradient([True, False]), TypeError, "bool"),
        (lambda: tl.trapezoid([1, 2], axis=1), AxisError, "trapezoid: axis 1"),
        (lambda: tl.trapezoid([1, 2, 3, 4], [1, 2, 3]), ValueError, "broadcast"),
        (lambda: tl.unwrap(1.0), ValueError, "unwrap: .*axis"),
        (lambda: tl.unwrap([1, 2], axis=1), AxisError, "unwrap: axis 1"),
        (lambda: tl.unwrap([1j, 2]), TypeError, "remainder"),
        (lambda: tl.cumulative_sum(CUBE), ValueError, "cumulative_sum: .*axis"),
        (lambda: tl.cumulative_prod([1], axis=1), AxisError, "cumulative_prod: axis 1"),
    ],
)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize(
    "function, args",
    [
        (lambda x: tl.diff(x, 2, 0), [CUBE]),
        (lambda x, y: tl.diff(x, prepend=y, append=1.5), [CUBE[0], CUBE[1]]),
        (tl.ediff1d, [CUBE[0, 0], 2.0, [1.0, 3.0]]),
        (tl.gradient, [CUBE[0]]),
        (lambda x: tl.gradient(x, axis=1, edge_order=2), [CUBE[0]]),
        (lambda x, dx: tl.gradient(x, dx, axis=0), [CUBE[0], 0.7]),
        (lambda x, p: tl.gradient(x, p, axis=0), [CUBE[0], STEPS]),
        (lambda x, p: tl.gradient(x, p, axis=0), [CUBE[0], np.arange(4.0)]),
        (lambda x, p: tl.gradient(x, p, axis=0, edge_order=2), [CUBE[0], STEPS]),
        (lambda y: tl.trapezoid(y, axis=0), [CUBE[0]]),
        (lambda y, x: tl.trapezoid(y, x, axis=0), [CUBE[0], STEPS]),
        (lambda y, x: tl.trapezoid(y, x), [CUBE[0], CUBE[1]]),
        (lambda y, dx: tl.trapezoid(y, dx=dx), [CUBE[0], 0.3]),
        (lambda p: tl.unwrap(p, axis=0), [10 * CUBE[0]]),
        (lambda x: tl.cumulative_sum(x, axis=0, include_initial=True), [CUBE[0]]),
        (lambda x: tl.cumulative_prod(x, axis=1, include_initial=True), [CUBE[0]]),
    ],
)
def test_gradient(function, args):
    check_grads(function, args)
