"""Quantiles and medians on a GPU against the CPU: results, errors, warnings and gradients."""

import warnings

import numpy as np
import pytest

import tensorlib as tl
from tensorlib._quantiles import METHODS

RNG = np.random.default_rng(0)
X = RNG.normal(size=(5, 4, 3))
NAN = np.where(RNG.random(X.shape) < 0.4, np.nan, X)
NAN[2, :, 1] = np.nan
WEIGHTS = RNG.integers(0, 4, X.shape).astype(float)
WEIGHTS[0] += 1
ARRAYS = {
    "numbers": X,
    "NaN": NAN,
    "float32": NAN.astype("float32"),
    "integers": (X * 9).astype("int32"),
    "infinite": np.where(X > 0.5, np.inf, X),
    "nothing": X[:, :0],
    "nothing but NaN": X * np.nan,
    "one": X[:1, :1, :1],
}
MEDIANS = ["median", "nanmedian"]
QUANTILES = ["quantile", "percentile", "nanquantile", "nanpercentile"]


def call(function, array, place, *args, **kwargs):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = function(tl.asarray(array, device=place), *args, **kwargs)
        except Exception as error:
            return error, []
    return result, [str(w.message) for w in caught if "invalid value" not in str(w.message)]


def check(name, array, device, *args, **kwargs):
    function = getattr(tl, name)
    expected, warned = call(function, array, "cpu", *args, **kwargs)
    result, warned_there = call(function, array, device, *args, **kwargs)
    if isinstance(expected, Exception):
        assert (type(result), str(result)) == (type(expected), str(expected))
        return
    if isinstance(result, Exception):
        raise result
    assert warned_there == warned
    assert result.device == f"{device}:0"
    assert (result.shape, result.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_array_equal(result.cpu(), expected)


@pytest.mark.parametrize("array", ARRAYS)
@pytest.mark.parametrize("name", MEDIANS + QUANTILES)
def test_axes(name, array, device):
    part = [] if name in MEDIANS else [30]
    if name.endswith("quantile"):
        part = [[0.25, 0.7]]
    for axis in (None, 1, 3):
        check(name, ARRAYS[array], device, *part, axis=axis)
    check(name, ARRAYS[array], device, *part, axis=(0, 2), keepdims=True)


@pytest.mark.parametrize("method", [*METHODS, "none"])
@pytest.mark.parametrize("name", ["quantile", "nanquantile"])
def test_methods(name, method, device):
    for array in ("numbers", "NaN", "integers"):
        for part in (0.3, [0, 0.5, 1], np.float32(0.7), [], 1.5):
            check(name, ARRAYS[array], device, part, 1, method=method)


@pytest.mark.parametrize("name", QUANTILES)
def test_weights(name, device):
    whole = 100 if "percentile" in name else 1
    for weights in (WEIGHTS, WEIGHTS[0, :, 0], WEIGHTS - 1, WEIGHTS * 0, WEIGHTS * np.inf):
        for array in ("numbers", "NaN", "integers"):
            parts = [0.1 * whole, 0.5 * whole]
            options = {"axis": 1, "method": "inverted_cdf", "weights": weights}
            check(name, ARRAYS[array], device, parts, **options)
    check(name, X, device, 0, weights=WEIGHTS)


def test_parts_on_the_device(device):
    x, parts = tl.asarray(NAN, device=device), tl.asarray([0.2, 0.9], device=device)
    for function in (tl.quantile, tl.nanquantile):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = function(NAN, [0.2, 0.9], axis=1)
            result = function(x, parts, axis=1)
        np.testing.assert_array_equal(result.cpu(), expected)


@pytest.mark.parametrize("name", MEDIANS + QUANTILES)
def test_gradients(name, device):
    array = NAN[:2] if name.startswith("nan") else X
    gradients = []
    for place in ("cpu", device):
        x = tl.asarray(array, device=place).requires_grad_()
        part = [] if name in MEDIANS else [60 if "percentile" in name else 0.6]
        result = getattr(tl, name)(x, *part, axis=1)
        (result * result).sum().backward()
        gradients.append(x.grad.cpu())
    np.testing.assert_allclose(gradients[1], gradients[0], rtol=1e-12, atol=1e-12)
