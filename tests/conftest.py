"""Fixtures that several test modules use."""

import numpy as np
import pytest

import tensorlib as tl


@pytest.fixture
def compare():
    """Call the function of a name in NumPy and in tensorlib, and compare the results."""
    return compare_with_numpy


@pytest.fixture
def same():
    """Assert that a result of tensorlib is what NumPy gives: type, shape, dtype and values."""
    return assert_same


def compare_with_numpy(name, *args, **kwargs):
    expected = getattr(np, name)(*args, **kwargs)
    tensors = {key: as_tensors(value) for key, value in kwargs.items()}
    assert_same(getattr(tl, name)(*map(as_tensors, args), **tensors), expected)


def as_tensors(value):
    """An argument with a tensor over the memory of each ndarray."""
    if isinstance(value, np.ndarray):
        return tl.asarray(value)
    if type(value) in (list, tuple):
        return type(value)(map(as_tensors, value))
    return value


def assert_same(actual, expected):
    if isinstance(expected, (list, tuple)):
        assert type(actual) is type(expected)
        assert len(actual) == len(expected)
        for one, other in zip(actual, expected, strict=True):
            assert_same(one, other)
        return
    if isinstance(expected, (bool, int, str, np.dtype)) and not isinstance(expected, np.generic):
        assert type(actual) is type(expected)
        assert actual == expected
        return
    assert isinstance(actual, tl.Tensor)
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    if expected.dtype.kind in "fc":
        # NumPy adds and multiplies in another order.
        finite = np.abs(expected[np.isfinite(expected)])
        rounding = 16 * np.finfo(expected.dtype).eps
        np.testing.assert_allclose(
            actual, expected, rtol=rounding, atol=rounding * float(finite.max(initial=0))
        )
    else:
        np.testing.assert_array_equal(actual, expected)
