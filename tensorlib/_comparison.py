"""Whether arrays are equal, or nearly."""

import math
import warnings

import numpy as np
from numpy import broadcast_shapes

from tensorlib._arguments import anywhere
from tensorlib._core._functions import (
    absolute,
    asarray,
    isfinite,
    isnan,
    less_equal,
    logical_and,
    logical_or,
)
from tensorlib._core._functions import all as all_
from tensorlib._core._tensor import Tensor


def isclose(a, b, rtol=1e-05, atol=1e-08, equal_nan=False):
    """True where ``absolute(a - b) <= atol + rtol * absolute(b)``.

    Parameters
    ----------
    a, b : array_like
        They broadcast together; `b` is the reference.
    rtol, atol : array_like
        Relative and absolute tolerance.
    equal_nan : bool
        Whether NaN equals NaN.

    Returns
    -------
    Tensor
        The broadcast shape, bool.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.

    Warns
    -----
    RuntimeWarning
        If a tolerance is not finite, and `errstate` says "warn" for "invalid".

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.isclose([1e10, 1e-7], [1.00001e10, 1e-8])
    tensor([ True, False])
    """
    x, y = _constant(a), _constant(b)
    # Unsigned integers would wrap around; a Python scalar stays weak next to the other.
    if isinstance(y, Tensor):
        y = asarray(y, np.result_type(y.dtype, 1.0))
    elif isinstance(y, int):
        y = float(y)
    atol, rtol = _constant(atol), _constant(rtol)
    if not (_finite(atol) and _finite(rtol)):
        _report_tolerances(atol, rtol)
    with np.errstate(invalid="ignore"):
        near = less_equal(absolute(x - y), atol + rtol * abs(y))
    result = logical_or(logical_and(near, isfinite(y)), y == x)
    if equal_nan:
        result = logical_or(result, logical_and(isnan(x), isnan(y)))
    return result


def _constant(x):
    """The argument without its history: no gradient flows through a comparison."""
    return x if isinstance(x, (int, float, complex)) else asarray(x).detach()


def _finite(x):
    return math.isfinite(x) if isinstance(x, (int, float)) else not anywhere(~isfinite(x))


def _report_tolerances(atol, rtol):
    text = f"isclose: One of rtol or atol is not valid, atol: {atol}, rtol: {rtol}"
    if np.geterr()["invalid"] == "raise":
        raise FloatingPointError(text)
    if np.geterr()["invalid"] == "warn":
        warnings.warn(text, RuntimeWarning, stacklevel=3)


def allclose(a, b, rtol=1e-05, atol=1e-08, equal_nan=False):
    """Whether all elements are close; see `isclose`.

    Parameters
    ----------
    a, b : array_like
        They broadcast together; `b` is the reference.
    rtol, atol : array_like
        Relative and absolute tolerance.
    equal_nan : bool
        Whether NaN equals NaN.

    Returns
    -------
    bool

    Raises
    ------
    ValueError
        If the shapes do not broadcast.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.allclose([1.0, 2.0], [1.0, 2.00001])
    True
    """
    return bool(all_(isclose(a, b, rtol, atol, equal_nan)))


def array_equal(a1, a2, equal_nan=False):
    """Whether two arrays have the same shape and the same elements.

    Parameters
    ----------
    a1, a2 : array_like
    equal_nan : bool
        Whether NaN equals NaN.

    Returns
    -------
    bool

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.array_equal([1, 2], [1, 2]), tl.array_equal([1, 2], [[1, 2]])
    (True, False)
    """
    a1, a2 = asarray(a1).detach(), asarray(a2).detach()
    if a1.shape != a2.shape:
        return False
    equal = a1 == a2
    if equal_nan:
        equal = logical_or(equal, logical_and(isnan(a1), isnan(a2)))
    return bool(all_(equal))


def array_equiv(a1, a2):
    """Whether two arrays broadcast together and are then equal.

    Parameters
    ----------
    a1, a2 : array_like

    Returns
    -------
    bool

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.array_equiv([1, 2], [[1, 2], [1, 2]])
    True
    """
    a1, a2 = asarray(a1).detach(), asarray(a2).detach()
    try:
        broadcast_shapes(a1.shape, a2.shape)
    except ValueError:
        return False
    return bool(all_(a1 == a2))
