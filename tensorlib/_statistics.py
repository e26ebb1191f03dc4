"""Averages, spreads and counts."""

import math
import warnings

import numpy as np

from tensorlib._arguments import anywhere, axis_tuple, for_arithmetic, write_out
from tensorlib._complex import real
from tensorlib._core import _functions as functions
from tensorlib._core import _moments as moments
from tensorlib._core._dtypes import arithmetic_dtype_of
from tensorlib._core._functions import (
    asarray,
    broadcast_to,
    conjugate,
    divide,
    maximum,
    multiply,
    reshape,
    sqrt,
    square,
    subtract,
    transpose,
)
from tensorlib._core._functions import sum as sum_

NoValue = np._NoValue  # NumPy's mark of an argument that was not given


def given(value, default):
    """`value`, or `default` where NumPy's mark says that the caller gave none."""
    return default if value is NoValue else value


def mean(a, axis=None, dtype=None, out=None, keepdims=NoValue, *, where=NoValue):
    """Arithmetic mean.

    Parameters
    ----------
    a : array_like
    axis : int or tuple of int, optional
        All axes by default.
    dtype : dtype, optional
        In which to add up. By default float64 for integers and bools, float32 for numbers of two
        bytes, else that of `a`.
    out : Tensor, optional
        Where to write the result.
    keepdims : bool
        Whether to keep the axes, with length one.
    where : array_like of bool
        Which elements count; broadcasts to `a`.

    Returns
    -------
    Tensor
        The dtype in which it was added up; that of `a` for numbers of two bytes.

    Raises
    ------
    AxisError
        If an axis is out of bounds.

    Warns
    -----
    RuntimeWarning
        If there is nothing to average; the mean is then NaN.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.mean([[1, 2], [3, 4]], axis=0)
    tensor([2., 3.])
    """
    if dtype is None and out is None and where is NoValue:
        result = moments.mean(a, axis, keepdims is not NoValue and keepdims)
        if result is not None:
            return result
    a, keepdims, where = asarray(a), given(keepdims, False), given(where, True)
    result_dtype = _inexact_dtype(a, dtype)
    half = dtype is None and result_dtype.itemsize == 2
    count = _count("mean", a, axis, keepdims, where)
    if _any_below(count, 1):
        warnings.warn("Mean of empty slice.", RuntimeWarning, stacklevel=2)
    total = sum_(
        a, axis, dtype=np.float32 if half else result_dtype, keepdims=keepdims, where=where
    )
    return write_out("mean", out, asarray(divide(total, count), result_dtype))


def var(
    a, axis=None, dtype=None, out=None, ddof=0, keepdims=NoValue,
    *, where=NoValue, mean=NoValue, correction=NoValue,
):  # fmt: skip
    """Variance: the mean of the squared distances from the mean.

    Parameters
    ----------
    a : array_like
    axis : int or tuple of int, optional
        All axes by default.
    dtype : dtype, optional
        In which to compute. By default float64 for integers and bools, else that of `a`.
    out : Tensor, optional
        Where to write the result.
    ddof : number
        The sum is divided by the number of elements less this.
    keepdims : bool
        Whether to keep the axes, with length one.
    where : array_like of bool
        Which elements count; broadcasts to `a`.
    mean : array_like, optional
        The mean, computed already with ``keepdims=True``.
    correction : number, optional
        Another name of `ddof`.

    Returns
    -------
    Tensor
        Real, in the precision in which it was computed.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    ValueError
        If `ddof` and `correction` are both given.

    Warns
    -----
    RuntimeWarning
        If no more than `ddof` elements count.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.var([1, 2, 3, 4])
    tensor(1.25)
    """
    if dtype is None and out is None and where is mean is correction is NoValue:
        result = moments.spread(a, axis, ddof, keepdims is not NoValue and keepdims, False)
        if result is not None:
            return result
    variance = _var("var", a, axis, dtype, ddof, keepdims, where, mean, correction)
    return write_out("var", out, variance)


def std(
    a, axis=None, dtype=None, out=None, ddof=0, keepdims=NoValue,
    *, where=NoValue, mean=NoValue, correction=NoValue,
):  # fmt: skip
    """Standard deviation: the square root of the variance.

    Parameters
    ----------
    a : array_like
    axis : int or tuple of int, optional
        All axes by default.
    dtype : dtype, optional
        In which to compute. By default float64 for integers and bools, else that of `a`.
    out : Tensor, optional
        Where to write the result.
    ddof : number
        The sum is divided by the number of elements less this.
    keepdims : bool
        Whether to keep the axes, with length one.
    where : array_like of bool
        Which elements count; broadcasts to `a`.
    mean : array_like, optional
        The mean, computed already with ``keepdims=True``.
    correction : number, optional
        Another name of `ddof`.

    Returns
    -------
    Tensor
        Real, in the precision in which it was computed.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    ValueError
        If `ddof` and `correction` are both given.

    Warns
    -----
    RuntimeWarning
        If no more than `ddof` elements count.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.std([1.0, 3.0])
    tensor(1.)
    """
    if dtype is None and out is None and where is mean is correction is NoValue:
        result = moments.spread(a, axis, ddof, keepdims is not NoValue and keepdims, True)
        if result is not None:
            return result
    variance = _var("std", a, axis, dtype, ddof, keepdims, where, mean, correction)
    return write_out("std", out, sqrt(variance))


def freedom_lost(op, ddof, correction):
    """How much less than their number the squares are divided by, which has two names."""
    if correction is NoValue:
        return ddof
    if ddof != 0:
        raise ValueError(
            f"{op}: ddof and correction can't be provided simultaneously, got {ddof} and "
            f"{correction}"
        )
    return correction


def _var(op, a, axis, dtype, ddof, keepdims, where, mean, correction):
    ddof = freedom_lost(op, ddof, correction)
    a, keepdims, where = asarray(a), given(keepdims, False), given(where, True)
    dtype = _inexact_dtype(a, dtype)
    if mean is NoValue or mean is None:
        count = _count(op, a, axis, True, where)
        mean = asarray(divide(sum_(a, axis, dtype=dtype, keepdims=True, where=where), count), dtype)
    distance = subtract(a, mean)
    if distance.dtype.kind == "c":
        squares = real(multiply(distance, conjugate(distance)))
        dtype = squares.dtype if dtype.kind == "c" else dtype
    else:
        squares = square(distance)
    total = sum_(squares, axis, dtype=dtype, keepdims=keepdims, where=where)
    freedom = _count(op, a, axis, keepdims, where) - ddof
    if _any_below(freedom, 0, or_equal=True):
        warnings.warn("Degrees of freedom <= 0 for slice", RuntimeWarning, stacklevel=3)
    freedom = max(freedom, 0) if isinstance(freedom, (int, float)) else maximum(freedom, 0)
    return asarray(divide(total, freedom), total.dtype)


def _inexact_dtype(a, dtype):
    if dtype is not None:
        return np.dtype(dtype)
    return np.dtype(np.float64) if a.dtype.kind in "biu" else arithmetic_dtype_of(a.dtype)


def _count(op, a, axis, keepdims, where):
    """How many elements a reduction adds up: an int, or a tensor if that differs by place."""
    if where is not True:
        counted = broadcast_to(asarray(where, bool), a.shape)
        return sum_(counted, axis, dtype=np.intp, keepdims=keepdims)
    return math.prod(a.shape[i] for i in axis_tuple(op, axis, a.ndim))


def _any_below(count, limit, or_equal=False):
    if isinstance(count, (int, float)):
        return count < limit or (or_equal and count == limit)
    return anywhere(count <= limit if or_equal else count < limit)


def average(a, axis=None, weights=None, returned=False, *, keepdims=NoValue):
    """Weighted mean.

    Parameters
    ----------
    a : array_like
    axis : int or tuple of int, optional
        All axes by default.
    weights : array_like, optional
        Of the shape of `a`, or of its axes `axis`. All one by default.
    returned : bool
        Whether to return the sum of the weights too.
    keepdims : bool
        Whether to keep the axes, with length one.

    Returns
    -------
    average : Tensor
        At least floating-point.
    weights : Tensor
        Only with `returned`.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    TypeError
        If the shapes differ and no axis is given.
    ValueError
        If the shape of `weights` is not that of the axes.
    ZeroDivisionError
        If the weights of a mean add up to zero.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.average([1, 2, 3], weights=[3, 1, 0])
    tensor(1.25)
    """
    a, keepdims = asarray(a), given(keepdims, False)
    if weights is None:
        result = mean(a, axis, keepdims=keepdims)
        total = functions.full(
            result.shape, a.size / max(result.size, 1), result.dtype, device=result.device
        )
        return (result, total) if returned else result
    a, weights = for_arithmetic(a), for_arithmetic(weights_for("average", weights, a, axis))
    at_least = (np.float64,) if a.dtype.kind in "biu" else ()
    dtype = np.result_type(a.dtype, weights.dtype, *at_least)
    total = sum_(weights, axis, dtype=dtype, keepdims=keepdims)
    if anywhere(total == 0):
        raise ZeroDivisionError("average: Weights sum to zero, can't be normalized")
    result = sum_(multiply(asarray(a, dtype), asarray(weights, dtype)), axis, keepdims=keepdims)
    result = result / total
    return (result, broadcast_to(total, result.shape)) if returned else result


def weights_for(op, weights, a, axis):
    """Weights of the elements, or of the places along axes, in a shape that broadcasts to `a`."""
    weights, axes = asarray(weights), axis_tuple(op, axis, a.ndim)
    if weights.shape == a.shape:
        return weights
    if axis is None:
        raise TypeError(
            f"{op}: Axis must be specified when shapes of a and weights differ, "
            f"got {a.shape} and {weights.shape}"
        )
    expected = tuple(a.shape[i] for i in axes)
    if weights.shape != expected:
        raise ValueError(
            f"{op}: Shape of weights must be consistent with shape of a along specified axis, "
            f"{expected}, got {weights.shape}"
        )
    weights = transpose(weights, sorted(range(len(axes)), key=axes.__getitem__))
    return reshape(weights, tuple(n if i in axes else 1 for i, n in enumerate(a.shape)))


def ptp(a, axis=None, out=None, keepdims=NoValue):
    """Range: the largest element less the smallest.

    Parameters
    ----------
    a : array_like
    axis : int or tuple of int, optional
        All axes by default.
    out : Tensor, optional
        Where to write the result.
    keepdims : bool
        Whether to keep the axes, with length one.

    Returns
    -------
    Tensor
        dtype of `a`.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    ValueError
        If there is no element.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.ptp([[4, 9, 2], [6, 9, 7]], axis=1)
    tensor([7, 3])
    """
    a, keepdims = asarray(a), given(keepdims, False)
    largest = functions.max(a, axis, keepdims=keepdims)
    return write_out("ptp", out, subtract(largest, functions.min(a, axis, keepdims=keepdims)))


def count_nonzero(a, axis=None, *, keepdims=False):
    """Number of elements that are not zero.

    Parameters
    ----------
    a : array_like
    axis : int or tuple of int, optional
        All axes by default.
    keepdims : bool
        Whether to keep the axes, with length one.

    Returns
    -------
    Tensor
        int64.

    Raises
    ------
    AxisError
        If an axis is out of bounds.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.count_nonzero([[0, 1, 7], [3, 0, 2]], axis=1)
    tensor([2, 2])
    """
    return sum_(asarray(a) != 0, axis, dtype=np.intp, keepdims=keepdims)
