"""The places of the largest and smallest elements on a GPU against those on the CPU."""

import numpy as np
import pytest

import tensorlib as tl

DTYPES = [
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "bfloat16",
    "float32",
    "float64",
    "complex64",
    "complex128",
]


def few_values(shape, dtype):
    """So that many are equal."""
    values = np.random.default_rng(0).integers(0, 5, shape)
    if dtype.startswith("complex"):
        values = values + 1j * values[::-1]
    return tl.asarray(values).astype(dtype)


def check(x, axis, device, keepdims=False):
    for find in (tl.argmax, tl.argmin):
        expected = find(x, axis=axis, keepdims=keepdims)
        result = find(x.to(device), axis=axis, keepdims=keepdims)
        assert result.dtype == expected.dtype
        assert result.shape == expected.shape
        np.testing.assert_array_equal(np.asarray(result.cpu()), np.asarray(expected))


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype(dtype, device):
    check(few_values((300,), dtype), None, device)
    check(few_values((5, 40), dtype), 1, device)
    check(few_values((40, 5), dtype), 0, device)


@pytest.mark.parametrize(
    "shape, axis",
    [((), None), ((1,), 0), ((70001,), 0), ((4, 9, 6), None), ((4, 9, 6), 1), ((0, 3), 1)],
)
@pytest.mark.parametrize("keepdims", [False, True])
def test_shapes(shape, axis, keepdims, device):
    check(few_values(shape, "float32"), axis, device, keepdims)


@pytest.mark.parametrize("axis", [None, 0, 1, 2])
def test_layouts(axis, device):
    x = few_values((12, 10, 9), "float32")
    d = x.to(device)
    for view in (lambda t: t[::-1, ::2, ::-3], lambda t: t.transpose(2, 0, 1), lambda t: t[:, 3:]):
        for find in (tl.argmax, tl.argmin):
            assert (find(view(d), axis=axis).cpu() == find(view(x), axis=axis)).all()


def test_nan_wins(device):
    x = np.random.default_rng(0).standard_normal((6, 300)).astype("float32")
    x[0, 200:203] = np.nan
    x[1] = np.inf
    x[2] = -np.inf
    x[3] = np.nan
    d = tl.asarray(x, device=device)
    for axis in (0, 1):
        np.testing.assert_array_equal(np.asarray(d.argmax(axis).cpu()), x.argmax(axis))
        np.testing.assert_array_equal(np.asarray(d.argmin(axis).cpu()), x.argmin(axis))


def test_errors(device):
    empty = tl.zeros((3, 0), device=device)
    with pytest.raises(ValueError, match="argmax: attempt to get argmax of an empty sequence"):
        tl.argmax(empty, axis=1)
    assert tl.argmin(empty.T, axis=1).shape == (0,)
