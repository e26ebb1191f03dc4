"""Sorting, and what follows from it, on a GPU against the CPU."""

import numpy as np
import pytest

import tensorlib as tl

DTYPES = [
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float16", "bfloat16", "float32", "float64", "complex64", "complex128",
]  # fmt: skip
SIZES = [1, 3, 4, 5, 33, 255, 1023, 1024, 1025, 2049, 5000]


def few_values(shape, dtype):
    """Many are equal; some are NaN or infinite where the dtype has such."""
    rng = np.random.default_rng(0)
    values = rng.integers(-50, 50, shape).astype("float64")
    if "float" in dtype or "complex" in dtype:
        for special in (np.nan, np.inf, -np.inf):
            values[rng.random(shape) < 0.05] = special
    else:
        values = abs(values)
    if "complex" in dtype:
        parts = rng.integers(-3, 3, shape).astype("float64")
        parts[rng.random(shape) < 0.05] = np.nan
        values = np.stack([values, parts], -1).view("complex128")[..., 0]
    return tl.asarray(values).astype(dtype)


def same(one, other):
    assert one.dtype == other.dtype
    one, other = (np.asarray(x.astype("complex128") if x.dtype.kind not in "iu" else x)
                  for x in (one.cpu(), other))  # fmt: skip
    for part in ("real", "imag"):
        np.testing.assert_array_equal(getattr(one, part), getattr(other, part))


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows(dtype, device):
    for n in SIZES:
        x = few_values((2 if n > 300 else 70, n), dtype)
        same(tl.sort(x.to(device)), tl.sort(x))
        same(tl.argsort(x.to(device)), tl.argsort(x))


def test_axes_and_layouts(device):
    x = tl.asarray(np.random.default_rng(1).random((5, 7, 6)))
    for axis in (0, 1, -1, None):
        same(tl.sort(x.to(device).T, axis), tl.sort(x.T, axis))
        same(tl.argsort(x.to(device)[::-1], axis), tl.argsort(x[::-1], axis))
    for shape in [(0,), (3, 0), (0, 3)]:
        assert tl.sort(tl.zeros(shape, device=device)).shape == shape
        assert tl.argsort(tl.zeros(shape, device=device)).shape == shape
    with pytest.raises(ValueError, match="sort: kind must be one of"):
        tl.sort(x.to(device), kind="other")
    with pytest.raises(np.exceptions.AxisError):
        tl.sort(x.to(device), 3)


@pytest.mark.parametrize("dtype", ["int32", "float32", "complex64"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_searchsorted(dtype, side, device):
    a, v = tl.sort(few_values(300, dtype)), few_values((20, 30), dtype)
    expected = tl.searchsorted(a, v, side)
    same(tl.searchsorted(a.to(device), v.to(device), side), expected)
    same(tl.searchsorted(a.to(device), v.to(device).T, side), expected.T)
    with pytest.raises(tl.DeviceError, match="expected tensors on one device"):
        tl.searchsorted(a.to(device), v, side)


X = few_values((40, 30), "float32")
REAL = tl.asarray(np.random.default_rng(2).standard_normal((40, 30)))


@pytest.mark.parametrize(
    "function",
    [
        lambda to: tl.partition(to(REAL), 7, axis=0)[7],
        lambda to: tl.take_along_axis(to(REAL), tl.argpartition(to(REAL), -3), 1)[:, -3],
        lambda to: tl.lexsort((to(X[0] % 3), to(REAL[0]), to(X[1] % 2))),
        lambda to: tl.digitize(to(REAL), to(tl.asarray([-1.0, 0.0, 0.5]))),
        lambda to: tl.digitize(to(REAL), to(tl.asarray([1.0, 0.0, -0.5])), right=True),
        lambda to: tl.median(to(REAL), axis=1),
        lambda to: tl.quantile(to(REAL), [0.1, 0.45], axis=0),
        lambda to: tl.unique(to(X)),
        lambda to: tl.unique(to(X), equal_nan=False),
        lambda to: tl.unique(to(X), return_index=True)[1],
        lambda to: tl.unique(to(X), return_inverse=True)[1],
        lambda to: tl.unique(to(X), return_counts=True)[1],
        lambda to: tl.unique(to(X[:0]), return_counts=True)[1],
        lambda to: tl.bincount(to(X[0].astype("int64") % 7), minlength=5),
        lambda to: tl.bincount(to(tl.arange(30) % 4), to(REAL[0])),
    ],
)
def test_functions(function, device):
    result = function(lambda x: x.to(device))
    assert result.device == f"{device}:0"
    same(result, function(lambda x: x))
