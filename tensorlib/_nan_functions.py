"""Reductions and running totals that leave NaN out."""

import warnings

import numpy as np

from tensorlib._arguments import anywhere, for_arithmetic, write_out
from tensorlib._complex import real
from tensorlib._core import _functions as functions
from tensorlib._core._functions import (
    asarray,
    conjugate,
    divide,
    isnan,
    logical_and,
    logical_not,
    multiply,
    sqrt,
    subtract,
)
from tensorlib._core._functions import where as where_  # `where` is a parameter too
from tensorlib._statistics import NoValue, freedom_lost, given, mean, var
from tensorlib._untracked import untracked

sum_, any_, all_ = functions.sum, functions.any, functions.all


def nansum(a, axis=None, dtype=None, out=None, keepdims=NoValue, initial=NoValue, where=NoValue):
    """Sum in which NaN counts as zero.

    Parameters
    ----------
    a : array_like
    axis : int or tuple of int, optional
        All axes by default.
    dtype : dtype, optional
        In which to add up; by default as `sum` does.
    out : Tensor, optional
        Where to write the result.
    keepdims : bool
        Whether to keep the axes, with length one.
    initial : number
        Where to start.
    where : array_like of bool
        Which elements count; broadcasts to `a`.

    Returns
    -------
    Tensor

    Raises
    ------
    AxisError
        If an axis is out of bounds.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.nansum([1.0, tl.nan, 2.0])
    tensor(3.)
    """
    keepdims, where = given(keepdims, False), given(where, True)
    return sum_(_without_nan(a, 0), axis, dtype, out, keepdims, initial, where)


def nanprod(a, axis=None, dtype=None, out=None, keepdims=NoValue, initial=NoValue, where=NoValue):
    """Product in which NaN counts as one.

    Parameters
    ----------
    a : array_like
    axis : int or tuple of int, optional
        All axes by default.
    dtype : dtype, optional
        In which to multiply; by default as `prod` does.
    out : Tensor, optional
        Where to write the result.
    keepdims : bool
        Whether to keep the axes, with length one.
    initial : number
        Where to start.
    where : array_like of bool
        Which elements count; broadcasts to `a`.

    Returns
    -------
    Tensor

    Raises
    ------
    AxisError
        If an axis is out of bounds.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.nanprod([3.0, tl.nan, 2.0])
    tensor(6.)
    """
    keepdims, where = given(keepdims, False), given(where, True)
    return functions.prod(_without_nan(a, 1), axis, dtype, out, keepdims, initial, where)


def nancumsum(a, axis=None, dtype=None, out=None):
    """Running sum in which NaN counts as zero.

    Parameters
    ----------
    a : array_like
    axis : int, optional
        By default `a` is taken as one axis.
    dtype : dtype, optional
        In which to add; by default as `cumsum` does.
    out : Tensor, optional
        Where to write the result.

    Returns
    -------
    Tensor
        Shape of `a`, or one axis.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.nancumsum([1.0, tl.nan, 2.0])
    tensor([1., 1., 3.])
    """
    return functions.cumsum(_without_nan(a, 0), axis, dtype, out)


def nancumprod(a, axis=None, dtype=None, out=None):
    """Running product in which NaN counts as one.

    Parameters
    ----------
    a : array_like
    axis : int, optional
        By default `a` is taken as one axis.
    dtype : dtype, optional
        In which to multiply; by default as `cumprod` does.
    out : Tensor, optional
        Where to write the result.

    Returns
    -------
    Tensor
        Shape of `a`, or one axis.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.nancumprod([3.0, tl.nan, 2.0])
    tensor([3., 3., 6.])
    """
    return functions.cumprod(_without_nan(a, 1), axis, dtype, out)


def nanmax(a, axis=None, out=None, keepdims=NoValue, initial=NoValue, where=NoValue):
    """Largest element that is not NaN.

    Parameters
    ----------
    a : array_like
    axis : int or tuple of int, optional
        All axes by default.
    out : Tensor, optional
        Where to write the result.
    keepdims : bool
        Whether to keep the axes, with length one.
    initial : number
        The least that the result can be.
    where : array_like of bool
        Which elements count; broadcasts to `a`. Needs `initial`.

    Returns
    -------
    Tensor
        dtype of `a`; NaN where there is nothing else.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    ValueError
        If there is no element and no `initial`.

    Warns
    -----
    RuntimeWarning
        If there is nothing but NaN.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.nanmax([[1.0, 5.0], [tl.nan, 2.0]], axis=0)
    tensor([1., 5.])
    """
    return _extreme("nanmax", functions.max, a, axis, out, keepdims, initial, where)


def nanmin(a, axis=None, out=None, keepdims=NoValue, initial=NoValue, where=NoValue):
    """Smallest element that is not NaN.

    Parameters
    ----------
    a : array_like
    axis : int or tuple of int, optional
        All axes by default.
    out : Tensor, optional
        Where to write the result.
    keepdims : bool
        Whether to keep the axes, with length one.
    initial : number
        The most that the result can be.
    where : array_like of bool
        Which elements count; broadcasts to `a`. Needs `initial`.

    Returns
    -------
    Tensor
        dtype of `a`; NaN where there is nothing else.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    ValueError
        If there is no element and no `initial`.

    Warns
    -----
    RuntimeWarning
        If there is nothing but NaN.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.nanmin([[1.0, 5.0], [tl.nan, 2.0]], axis=0)
    tensor([1., 2.])
    """
    return _extreme("nanmin", functions.min, a, axis, out, keepdims, initial, where)


def _extreme(op, reduce, a, axis, out, keepdims, initial, where):
    a, keepdims, where = asarray(a), given(keepdims, False), given(where, True)
    result = reduce(a, axis, None, keepdims, initial, where)
    # A NaN would have won.
    if a.dtype.kind not in "biu" and anywhere(isnan(result)):
        result = _extreme_number(reduce, a, axis, keepdims, initial, where)
        if anywhere(isnan(result)):
            warnings.warn("All-NaN slice encountered", RuntimeWarning, stacklevel=3)
    return write_out(op, out, result)


def _extreme_number(reduce, a, axis, keepdims, initial, where):
    """What is the extreme but for NaN, which is the result where there is nothing else."""
    fold, worst = (np.fmax, -np.inf) if reduce is functions.max else (np.fmin, np.inf)
    dtype = a.dtype
    if (arrays := untracked(a, initial, where)) is not None:
        a, initial, where = arrays
        found = fold.reduce(a, axis, keepdims=keepdims, initial=initial, where=where)
        return asarray(found, dtype)
    nan = isnan(a)
    a = for_arithmetic(a)  # which has infinities
    numbers = where_(nan, asarray(worst, a.dtype), a)
    result = reduce(numbers, axis, None, keepdims, initial, where)
    if initial is NoValue:
        nothing = all_(nan, axis, None, keepdims)
        result = where_(nothing, asarray(np.nan, a.dtype), result)
    return result.astype(dtype, copy=False)


def nanargmax(a, axis=None, out=None, *, keepdims=NoValue):
    """Index of the first largest element that is not NaN.

    Parameters
    ----------
    a : array_like
    axis : int, optional
        By default `a` is taken as one axis.
    out : Tensor, optional
        Where to write the result.
    keepdims : bool
        Whether to keep the axis, with length one.

    Returns
    -------
    Tensor
        int64.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.
    ValueError
        If there is nothing but NaN somewhere, or nothing at all.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.nanargmax([1.0, tl.nan, 5.0])
    tensor(2)
    """
    return _argument("nanargmax", functions.argmax, -np.inf, a, axis, out, keepdims)


def nanargmin(a, axis=None, out=None, *, keepdims=NoValue):
    """Index of the first smallest element that is not NaN.

    Parameters
    ----------
    a : array_like
    axis : int, optional
        By default `a` is taken as one axis.
    out : Tensor, optional
        Where to write the result.
    keepdims : bool
        Whether to keep the axis, with length one.

    Returns
    -------
    Tensor
        int64.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.
    ValueError
        If there is nothing but NaN somewhere, or nothing at all.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.nanargmin([3.0, tl.nan, 1.0])
    tensor(2)
    """
    return _argument("nanargmin", functions.argmin, np.inf, a, axis, out, keepdims)


def _argument(op, reduce, worst, a, axis, out, keepdims):
    a = for_arithmetic(asarray(a))
    if a.dtype.kind not in "biu" and a.size and anywhere(all_(isnan(a), axis)):
        raise ValueError(f"{op}: All-NaN slice encountered")
    return reduce(_without_nan(a, worst), axis, out, keepdims=given(keepdims, False))


def nanmean(a, axis=None, dtype=None, out=None, keepdims=NoValue, *, where=NoValue):
    """Mean of the elements that are not NaN.

    Parameters
    ----------
    a : array_like
    axis : int or tuple of int, optional
        All axes by default.
    dtype : dtype, optional
        In which to add up; that of `a` by default, float64 for integers and bools.
    out : Tensor, optional
        Where to write the result.
    keepdims : bool
        Whether to keep the axes, with length one.
    where : array_like of bool
        Which elements count; broadcasts to `a`.

    Returns
    -------
    Tensor
        The dtype in which it was added up.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    TypeError
        If `a` is inexact, and `dtype` or that of `out` is not.

    Warns
    -----
    RuntimeWarning
        If there is nothing to average; the mean is then NaN.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.nanmean([1.0, tl.nan, 2.0])
    tensor(1.5)
    """
    a = asarray(a)
    if a.dtype.kind in "biu":
        return mean(a, axis, dtype, out, keepdims, where=where)
    keepdims, where = given(keepdims, False), given(where, True)
    _check_inexact("nanmean", dtype, out)
    numbers = logical_not(isnan(a))
    count = sum_(numbers, axis, np.intp, keepdims=keepdims, where=where)
    total = sum_(where_(numbers, a, asarray(0, a.dtype)), axis, dtype, None, keepdims, where=where)
    if anywhere(count == 0):
        warnings.warn("Mean of empty slice", RuntimeWarning, stacklevel=2)
    return write_out("nanmean", out, _quotient(total, count))


def nanvar(
    a, axis=None, dtype=None, out=None, ddof=0, keepdims=NoValue,
    *, where=NoValue, mean=NoValue, correction=NoValue,
):  # fmt: skip
    """Variance of the elements that are not NaN.

    Parameters
    ----------
    a : array_like
    axis : int or tuple of int, optional
        All axes by default.
    dtype : dtype, optional
        In which to compute; that of `a` by default, float64 for integers and bools.
    out : Tensor, optional
        Where to write the result.
    ddof : number
        The sum of squares is divided by the number of elements less this.
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
        Real, in the precision in which it was computed; NaN where no more than `ddof` elements
        count.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    TypeError
        If `a` is inexact, and `dtype` or that of `out` is not.
    ValueError
        If `ddof` and `correction` are both given.

    Warns
    -----
    RuntimeWarning
        If no more than `ddof` elements count.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.nanvar([1.0, tl.nan, 3.0])
    tensor(1.)
    """
    variance = _nanvar("nanvar", a, axis, dtype, out, ddof, keepdims, where, mean, correction)
    return write_out("nanvar", out, variance)


def nanstd(
    a, axis=None, dtype=None, out=None, ddof=0, keepdims=NoValue,
    *, where=NoValue, mean=NoValue, correction=NoValue,
):  # fmt: skip
    """Standard deviation of the elements that are not NaN.

    Parameters
    ----------
    a : array_like
    axis : int or tuple of int, optional
        All axes by default.
    dtype : dtype, optional
        In which to compute; that of `a` by default, float64 for integers and bools.
    out : Tensor, optional
        Where to write the result.
    ddof : number
        The sum of squares is divided by the number of elements less this.
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
        Real, in the precision in which it was computed; NaN where no more than `ddof` elements
        count.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    TypeError
        If `a` is inexact, and `dtype` or that of `out` is not.
    ValueError
        If `ddof` and `correction` are both given.

    Warns
    -----
    RuntimeWarning
        If no more than `ddof` elements count.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.nanstd([1.0, tl.nan, 5.0])
    tensor(2.)
    """
    variance = _nanvar("nanstd", a, axis, dtype, out, ddof, keepdims, where, mean, correction)
    return write_out("nanstd", out, sqrt(variance))


def _nanvar(op, a, axis, dtype, out, ddof, keepdims, where, mean, correction):
    a = for_arithmetic(asarray(a))
    ddof = freedom_lost(op, ddof, correction)
    if a.dtype.kind in "biu":
        return var(a, axis, dtype, None, ddof, keepdims, where=where, mean=mean)
    keepdims, where = given(keepdims, False), given(where, True)
    _check_inexact(op, dtype, out)
    numbers = logical_not(isnan(a))
    zero = asarray(0, a.dtype)
    if mean is NoValue:
        total = sum_(where_(numbers, a, zero), axis, dtype, keepdims=True, where=where)
        mean = _quotient(total, sum_(numbers, axis, np.intp, keepdims=True, where=where))
    # What does not count is zero before it can meet a mean that is NaN.
    counted = numbers if where is True else logical_and(numbers, where)
    distance = where_(counted, asarray(subtract(where_(counted, a, zero), mean), a.dtype), zero)
    if distance.dtype.kind == "c":
        squares = real(multiply(distance, conjugate(distance)))
    else:
        squares = multiply(distance, distance)
    total = sum_(squares, axis, dtype, keepdims=keepdims)
    freedom = sum_(counted, axis, np.intp, keepdims=keepdims) - ddof
    short = freedom <= 0
    if anywhere(short):
        warnings.warn("Degrees of freedom <= 0 for slice.", RuntimeWarning, stacklevel=3)
    return where_(short, asarray(np.nan, total.dtype), _quotient(total, freedom))


def _check_inexact(op, dtype, out):
    for name, kind in (("dtype", dtype), ("out", getattr(out, "dtype", None))):
        if kind is not None and np.dtype(kind).kind in "biu":
            raise TypeError(
                f"{op}: expected an inexact {name} as the array is inexact, got {np.dtype(kind)}"
            )


def _quotient(total, count):
    """A mean in the dtype of the sum; NaN of nothing, of which the caller has warned."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return asarray(divide(total, count), total.dtype)


def _without_nan(a, value):
    """`a` with a value in place of NaN."""
    a = asarray(a)
    return a if a.dtype.kind in "biu" else where_(isnan(a), asarray(value, a.dtype), a)
