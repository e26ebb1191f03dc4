import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from layouts import examples
from numpy.exceptions import AxisError

import tensorlib as tl
from tensorlib._quantiles import METHODS
from tensorlib.testing import check_grads

RNG = np.random.default_rng(5)
CUBE = RNG.normal(size=(2, 3, 4))
INTS = RNG.integers(-50, 50, (3, 4))
WITH_NAN = np.array([[1.0, np.nan, 3.0, -2.0], [4.0, 5.0, 6.0, np.nan], [0.5, 2.0, 7.0, 1.0]])
WEIGHTS = np.array([[0, 2, 1, 0], [3, 1, 0, 2], [1, 1, 1, 1]])
NAMES = ["median", "nanmedian", "quantile", "percentile", "nanquantile", "nanpercentile"]
CONTINUOUS = [name for name, method in METHODS.items() if method.share is None and not method.takes]


@pytest.mark.parametrize("name", NAMES)
def test_signature(name):
    assert inspect.signature(getattr(tl, name)) == inspect.signature(getattr(np, name))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (2, 0, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_axes(compare, name, axis, keepdims):
    part = () if "median" in name else ([0.25, 0.5, 0.9],)
    for array in (CUBE, CUBE.transpose(2, 0, 1)[::-1]):
        compare(name, array, *part, axis=axis, keepdims=keepdims)


@pytest.mark.parametrize("name", ["median", "nanmedian"])
@pytest.mark.parametrize("dtype", "?bhilBHILefdFD")
def test_dtypes_of_medians(compare, name, dtype):
    compare(name, np.abs(INTS).astype(dtype), axis=1)
    compare(name, np.abs(INTS[:, :3]).astype(dtype))


# as type: of Python numbers, of arrays of less precision than the elements, of more
PARTS = [
    0.3,
    1,
    [0, 1],
    0.0,
    np.float32(0.7),
    np.array([0.1, 1], np.float16),
    np.array([[0.2, 0.5]]),
]


@pytest.mark.parametrize("dtype", "bhilBHILefd")
@pytest.mark.parametrize("method", list(METHODS))
def test_dtypes_of_methods(same, dtype, method):
    array = np.abs(INTS).astype(dtype)
    for part in PARTS:
        for name in ("quantile", "nanquantile"):
            if name == "nanquantile" and np.ndim(part) == 2:
                continue  # of two axes, NumPy puts one in another place
            expected = getattr(np, name)(array, part, axis=1, method=method)
            same(getattr(tl, name)(tl.asarray(array), part, axis=1, method=method), expected)


@given(
    arrays(np.float64, array_shapes(max_dims=2, max_side=6), elements=st.floats(-1e3, 1e3)),
    st.sampled_from(list(METHODS)),
    st.floats(0, 1),
)
@examples(200)
def test_bits_of_any_array(x, method, part):
    for axis in (None, -1):
        expected = np.quantile(x, part, axis=axis, method=method)
        actual = tl.quantile(tl.asarray(x), part, axis=axis, method=method)
        tl.testing.assert_array_equal(actual, expected, strict=True)
        expected = np.percentile(x, 100 * part, axis=axis, method=method)
        actual = tl.percentile(tl.asarray(x), 100 * part, axis=axis, method=method)
        tl.testing.assert_array_equal(actual, expected, strict=True)


@given(
    arrays(
        np.float32,
        array_shapes(min_dims=2, max_dims=3, max_side=6),
        elements=st.one_of(st.just(np.nan), st.floats(-1e3, 1e3, width=32)),
    ),
    st.sampled_from(list(METHODS)),
    st.floats(0, 1),
)
@pytest.mark.filterwarnings("ignore:All-NaN")
@pytest.mark.filterwarnings("ignore:invalid value")
@examples(200)
def test_nan_is_left_out_of_any_array(x, method, part):
    for axis in (None, 0, -1):
        expected = np.nanmedian(x, axis=axis)
        tl.testing.assert_allclose(tl.nanmedian(tl.asarray(x), axis=axis), expected, rtol=1e-6)
        expected = np.nanquantile(x, part, axis=axis, method=method)
        actual = tl.nanquantile(tl.asarray(x), part, axis=axis, method=method)
        tl.testing.assert_array_equal(actual, expected, strict=True)


CASES = [
    ("median", (INTS, 0), {}),
    ("median", (INTS[:, :3],), {}),
    ("median", (WITH_NAN, 1), {}),
    ("median", (WITH_NAN,), {"keepdims": True}),
    ("median", (np.float64(3.0).reshape(()),), {"axis": ()}),
    ("median", (np.array([np.inf, 1, -np.inf]),), {}),
    ("median", ([3, 1, 2],), {"overwrite_input": True}),
    ("nanmedian", (WITH_NAN, 1), {}),
    ("nanmedian", (np.array([np.nan, 1.7e308, np.nan]),), {}),
    ("nanmedian", (INTS,), {"axis": (0, 1), "keepdims": True}),
    ("quantile", (WITH_NAN, [0.2, 0.8]), {"axis": 1}),
    ("quantile", (WITH_NAN, 0.5), {"axis": 1, "method": "lower"}),
    ("quantile", (np.array([True, False, True]), 0.5), {"method": "nearest"}),
    ("quantile", (INTS, []), {}),
    ("quantile", (np.ones((0, 3)), 0.5), {"axis": 1}),
    ("quantile", (WITH_NAN, [0, 0.4, 1]), {"weights": WEIGHTS, "method": "inverted_cdf"}),
    ("quantile", (INTS, [0.1, 0.9]), {"axis": 1, "weights": WEIGHTS, "method": "inverted_cdf"}),
    ("quantile", (INTS, 0.5), {"axis": 1, "weights": WEIGHTS[1], "method": "inverted_cdf"}),
    ("quantile", (CUBE, 0.7), {"axis": (2, 0), "weights": np.arange(8.0).reshape(4, 2),
                               "method": "inverted_cdf", "keepdims": True}),  # fmt: skip
    ("quantile", (CUBE, np.float32([0.4, 1])), {"axis": 2, "weights": WEIGHTS[1] / 10,
                                                "method": "inverted_cdf"}),  # fmt: skip
    ("nanquantile", (WITH_NAN, [0.4, 1]), {"axis": 1, "weights": WEIGHTS + 1,
                                           "method": "inverted_cdf"}),  # fmt: skip
    ("percentile", (INTS, 30), {"axis": 0}),
    ("percentile", (INTS.astype(np.float32), [0, 33]), {}),
    ("percentile", (CUBE, np.float32(12.5)), {}),
    ("nanpercentile", (WITH_NAN, [30, 60]), {"axis": 0}),
]  # fmt: skip


@pytest.mark.parametrize("name, args, kwargs", CASES)
def test_like_numpy(compare, name, args, kwargs):
    compare(name, *args, **kwargs)


@pytest.mark.parametrize("name", NAMES)
def test_out(name):
    part = () if "median" in name else (0.5,)
    out = tl.zeros((2, 4), dtype=tl.float32)
    assert getattr(tl, name)(tl.asarray(CUBE), *part, axis=1, out=out) is out
    np.testing.assert_allclose(out, getattr(np, name)(CUBE, *part, axis=1), rtol=1e-5)
    with pytest.raises(ValueError, match=rf"{name}: .* \(2, 4\), got \(3,\)"):
        getattr(tl, name)(tl.asarray(CUBE), *part, axis=1, out=tl.zeros(3))
    with pytest.raises(TypeError, match=f"{name}: .* int64"):
        getattr(tl, name)(tl.asarray(CUBE), *part, axis=1, out=tl.zeros((2, 4), dtype=int))


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: tl.median(tl.ones((0, 2)), axis=0), "Mean of empty slice"),
        (lambda: tl.nanmedian([]), "Mean of empty slice"),
        (lambda: tl.nanmedian([[tl.nan, 1.0], [tl.nan, 2.0]], axis=0), "All-NaN slice encountered"),
        (lambda: tl.nanquantile([tl.nan], 0.5), "All-NaN slice encountered"),
        (lambda: tl.nanpercentile([tl.nan], [5, 7]), "All-NaN slice encountered"),
        (lambda: tl.nanquantile([], [0.5, 0.2]), "Mean of empty slice"),
        (
            lambda: tl.nanquantile([tl.nan], 0.5, weights=[1.0], method="inverted_cdf"),
            "All-NaN slice encountered",
        ),
    ],
)
def test_nothing_to_order_is_nan_with_a_warning(call, text):
    with pytest.warns(RuntimeWarning, match=text) as caught:
        result = call()
    assert bool(tl.isnan(result).any())
    assert str(caught[0].message).rstrip(".") == text


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: tl.median(tl.ones(2), axis=1), AxisError, "median: axis 1"),
        (lambda: tl.quantile(tl.ones(2), 0.5, axis=1), AxisError, "quantile: axis 1"),
        (lambda: tl.quantile([1, 2], 1.5), ValueError, r"quantile: .* \[0, 1\]"),
        (lambda: tl.quantile([1, 2], tl.nan), ValueError, r"quantile: .* \[0, 1\]"),
        (lambda: tl.percentile([1, 2], -1), ValueError, r"percentile: .* \[0, 100\]"),
        (lambda: tl.quantile([1, 2], 0.5, method="best"), ValueError, "quantile: .* 'best'"),
        (lambda: tl.quantile([1, 2], [[[0.5]]]), ValueError, r"quantile: .* \(1, 1, 1\)"),
        (lambda: tl.quantile([1j, 2], 0.5), TypeError, "quantile: .* complex128"),
        (lambda: tl.quantile([1, 2], 1j), TypeError, "quantile: .* complex128"),
        (lambda: tl.quantile([True, False], 0.5), TypeError, "quantile: .* bool"),
        (lambda: tl.quantile([], 0.5), IndexError, r"quantile: .* \(0,\)"),
        (lambda: tl.percentile(tl.ones((0, 2)), 5, axis=0), IndexError, "percentile"),
        (lambda: tl.quantile([1, 2], 0.5, weights=[1, 2]), ValueError, "Only .*inverted_cdf"),
    ],
)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize(
    "weights, error, text",
    [
        ([1, -1], ValueError, "non-negative"),
        ([0, 0], ValueError, "all zero"),
        ([1, np.nan], ValueError, "NaN"),
        ([1, np.inf], ValueError, "inf"),
        ([1, 2, 3], TypeError, "Axis"),
    ],
)
def test_bad_weights(weights, error, text):
    with pytest.raises(error, match=f"quantile: .*{text}"):
        tl.quantile([1.0, 2.0], 0.5, weights=weights, method="inverted_cdf")


@pytest.mark.parametrize(
    "function",
    [
        lambda x: tl.median(x, 1),
        lambda x: tl.median(x, (0, 2), keepdims=True),
        lambda x: tl.quantile(x, [0.2, 0.55], axis=(2, 0)),
        lambda x: tl.percentile(x, 40, axis=1),
        lambda x: tl.quantile(x, 0.5, axis=2, method="inverted_cdf", weights=[1, 2, 0, 3]),
        *(lambda x, m=m: tl.quantile(x, [0.1, 0.6], axis=2, method=m) for m in METHODS),
        *(lambda x, m=m: tl.nanquantile(x, 0.35, axis=2, method=m) for m in METHODS),
    ],
)
def test_gradient(function):
    check_grads(function, [CUBE])


@pytest.mark.parametrize("method", ["linear", *CONTINUOUS])
def test_gradient_of_the_parts(method):
    check_grads(lambda x, q: tl.quantile(x, q, 1, method=method), [CUBE[0], [0.21, 0.77]])
    check_grads(lambda x, q: tl.nanpercentile(x, q, 1, method=method), [CUBE[0], 61.7])


def test_nan_gets_no_gradient():
    for function in (tl.nanmedian, lambda x, axis: tl.nanquantile(x, 0.5, axis=axis)):
        x = tl.asarray(WITH_NAN).requires_grad_()
        function(x, 1).sum().backward()
        expected = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0.5, 0, 0.5]]
        np.testing.assert_array_equal(x.grad, expected)
