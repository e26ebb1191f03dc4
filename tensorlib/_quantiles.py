"""Medians and quantiles: what sorting would put at a place, or between two."""

import math
import warnings
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from tensorlib._arguments import (
    anywhere,
    axis_tuple,
    beside,
    elements,
    followed,
    for_arithmetic,
    on_device,
    write_out,
)
from tensorlib._core._functions import (
    arange,
    argsort,
    asarray,
    broadcast_to,
    cumsum,
    divide,
    isnan,
    maximum,
    reshape,
    sort,
    sum,
    where,
)
from tensorlib._core._recorder import run_apart
from tensorlib._core._tensor import Tensor
from tensorlib._joining import stack
from tensorlib._manipulation import moveaxis
from tensorlib._nan_functions import nanmean
from tensorlib._selection import take_along_axis
from tensorlib._sorting import partition
from tensorlib._statistics import NoValue, given, mean, weights_for


def median(a, axis=None, out=None, overwrite_input=False, keepdims=False):
    """Median: the element in the middle, or the mean of the two.

    Parameters
    ----------
    a : array_like
    axis : int or tuple of int, optional
        All axes by default.
    out : Tensor, optional
        Where to write the result.
    overwrite_input : bool
        For NumPy's callers; without effect.
    keepdims : bool
        Whether to keep the axes, with length one.

    Returns
    -------
    Tensor
        float64 for integers and bools, else the dtype of `a`; NaN where there is one.

    Raises
    ------
    AxisError
        If an axis is out of bounds.

    See Also
    --------
    nanmedian, quantile

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.median([[7, 1, 4], [2, 9, 3]], axis=1)
    tensor([4., 3.])
    """
    lines, shape, kept = _lines("median", asarray(a), axis)
    length = lines.shape[1]
    start, stop = max(length - 1, 0) // 2, length // 2 + 1
    ordered = _ordered(lines, [start, stop - 1])
    result = mean(ordered[:, start:stop], 1)
    if length and lines.dtype.kind not in "biu":
        last = ordered[:, -1]  # NaNs are sorted to the end
        result = where(isnan(last), last, result)
    return write_out("median", out, reshape(result, kept if keepdims else shape))


def nanmedian(a, axis=None, out=None, overwrite_input=False, keepdims=NoValue):
    """Median of the elements that are not NaN.

    Parameters
    ----------
    a : array_like
    axis : int or tuple of int, optional
        All axes by default.
    out : Tensor, optional
        Where to write the result.
    overwrite_input : bool
        For NumPy's callers; without effect.
    keepdims : bool
        Whether to keep the axes, with length one.

    Returns
    -------
    Tensor
        float64 for integers and bools, else the dtype of `a`.

    Raises
    ------
    AxisError
        If an axis is out of bounds.

    Warns
    -----
    RuntimeWarning
        If there is nothing but NaN; the median is then NaN.

    See Also
    --------
    median, nanquantile

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.nanmedian([7.0, tl.nan, 4.0])
    tensor(5.5)
    """
    a, keepdims = asarray(a), given(keepdims, False)
    if a.dtype.kind in "biu" and a.size:
        return median(a, axis, out, keepdims=keepdims)
    if a.size == 0:
        return nanmean(a, axis, out=out, keepdims=keepdims)
    lines, shape, kept = _lines("nanmedian", a, axis)
    count = _counted(lines)
    ordered, rows = sort(lines), arange(len(lines), device=lines.device)
    low, high = maximum(count - 1, 0) // 2, count // 2
    # The mean of two is right for one in the middle too, unless their sum overflows.
    pairs = mean(ordered[rows[:, None], stack([low, high], 1)], 1)
    result = where(low == high, ordered[rows, low], pairs)
    return write_out("nanmedian", out, reshape(result, kept if keepdims else shape))


def quantile(
    a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False,
    *, weights=None,
):  # fmt: skip
    """Quantiles: the values below which given parts of the elements lie.

    Parameters
    ----------
    a : array_like
        Real.
    q : array_like
        The parts, from 0 to 1; at most two axes.
    axis : int or tuple of int, optional
        All axes by default.
    out : Tensor, optional
        Where to write the result.
    overwrite_input : bool
        For NumPy's callers; without effect.
    method : str
        What to take where a quantile lies between two elements: "linear" (a point between them),
        "lower", "higher", "nearest" or "midpoint". The other ways of estimating the quantiles of
        a distribution: "inverted_cdf", "averaged_inverted_cdf", "closest_observation",
        "interpolated_inverted_cdf", "hazen", "weibull", "median_unbiased" and "normal_unbiased".
    keepdims : bool
        Whether to keep the axes, with length one.
    weights : array_like, optional
        Of the shape of `a`, or of its axes `axis`; only with ``method="inverted_cdf"``.

    Returns
    -------
    Tensor
        The axes of `q` come first. The dtype of `a` if the quantiles are elements of it, else the
        promoted dtype, at least floating-point; NaN where there is one.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    IndexError
        If there is no element.
    TypeError
        If `a` is complex, or bool where elements have to be interpolated.
    ValueError
        If `q` is out of range or has more than two axes, `method` is unknown, or `weights` are
        negative, all zero, not finite, or given with another method.

    See Also
    --------
    percentile, nanquantile, median

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.quantile([3.0, 1.0, 2.0, 4.0], [0.5, 0.75])
    tensor([2.5 , 3.25])
    >>> tl.quantile([3.0, 1.0, 2.0, 4.0], 0.5, method="lower")
    tensor(2.)
    """
    fractions = _fractions("quantile", q, 1)
    return _quantiles("quantile", a, q, fractions, axis, out, method, keepdims, weights)


def percentile(
    a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False,
    *, weights=None,
):  # fmt: skip
    """Percentiles: quantiles with parts in percent.

    Parameters
    ----------
    a : array_like
        Real.
    q : array_like
        The parts, from 0 to 100; at most two axes.
    axis : int or tuple of int, optional
        All axes by default.
    out : Tensor, optional
        Where to write the result.
    overwrite_input : bool
        For NumPy's callers; without effect.
    method : str
        See `quantile`.
    keepdims : bool
        Whether to keep the axes, with length one.
    weights : array_like, optional
        Of the shape of `a`, or of its axes `axis`; only with ``method="inverted_cdf"``.

    Returns
    -------
    Tensor
        The axes of `q` come first; see `quantile`.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    IndexError
        If there is no element.
    TypeError
        If `a` is complex, or bool where elements have to be interpolated.
    ValueError
        If `q` is out of range or has more than two axes, `method` is unknown, or `weights` are
        negative, all zero, not finite, or given with another method.

    See Also
    --------
    quantile, nanpercentile

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.percentile([3.0, 1.0, 2.0, 4.0], 75)
    tensor(3.25)
    """
    fractions = _fractions("percentile", q, 100)
    return _quantiles("percentile", a, q, fractions, axis, out, method, keepdims, weights)


def nanquantile(
    a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=NoValue,
    *, weights=None,
):  # fmt: skip
    """Quantiles of the elements that are not NaN.

    Parameters
    ----------
    a : array_like
        Real.
    q : array_like
        The parts, from 0 to 1; at most two axes.
    axis : int or tuple of int, optional
        All axes by default.
    out : Tensor, optional
        Where to write the result.
    overwrite_input : bool
        For NumPy's callers; without effect.
    method : str
        See `quantile`.
    keepdims : bool
        Whether to keep the axes, with length one.
    weights : array_like, optional
        Of the shape of `a`, or of its axes `axis`; only with ``method="inverted_cdf"``.

    Returns
    -------
    Tensor
        The axes of `q` come first; see `quantile`. Of no elements their mean, which is NaN.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    TypeError
        If `a` is complex, or bool where elements have to be interpolated.
    ValueError
        If `q` is out of range or has more than two axes, `method` is unknown, or `weights` are
        negative, all zero, not finite, or given with another method.

    Warns
    -----
    RuntimeWarning
        If there is nothing but NaN; the quantiles are then NaN.

    See Also
    --------
    quantile, nanpercentile, nanmedian

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.nanquantile([3.0, 1.0, tl.nan, 2.0], 0.25)
    tensor(1.5)
    """
    fractions, keepdims = _fractions("nanquantile", q, 1), given(keepdims, False)
    return _quantiles(
        "nanquantile", a, q, fractions, axis, out, method, keepdims, weights, skip_nan=True
    )


def nanpercentile(
    a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=NoValue,
    *, weights=None,
):  # fmt: skip
    """Percentiles of the elements that are not NaN.

    Parameters
    ----------
    a : array_like
        Real.
    q : array_like
        The parts, from 0 to 100; at most two axes.
    axis : int or tuple of int, optional
        All axes by default.
    out : Tensor, optional
        Where to write the result.
    overwrite_input : bool
        For NumPy's callers; without effect.
    method : str
        See `quantile`.
    keepdims : bool
        Whether to keep the axes, with length one.
    weights : array_like, optional
        Of the shape of `a`, or of its axes `axis`; only with ``method="inverted_cdf"``.

    Returns
    -------
    Tensor
        The axes of `q` come first; see `quantile`. Of no elements their mean, which is NaN.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    TypeError
        If `a` is complex, or bool where elements have to be interpolated.
    ValueError
        If `q` is out of range or has more than two axes, `method` is unknown, or `weights` are
        negative, all zero, not finite, or given with another method.

    Warns
    -----
    RuntimeWarning
        If there is nothing but NaN; the percentiles are then NaN.

    See Also
    --------
    percentile, nanquantile

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.nanpercentile([3.0, 1.0, tl.nan, 2.0], 25)
    tensor(1.5)
    """
    fractions, keepdims = _fractions("nanpercentile", q, 100), given(keepdims, False)
    return _quantiles(
        "nanpercentile", a, q, fractions, axis, out, method, keepdims, weights, skip_nan=True
    )


def _quantiles(op, a, q, fractions, axis, out, method, keepdims, weights, skip_nan=False):
    a = asarray(a)
    if a.dtype.kind == "c":
        raise TypeError(f"{op}: expected real numbers, got {a.dtype}")
    if method not in METHODS:
        raise ValueError(f"{op}: expected method to be one of {list(METHODS)}, got {method!r}")
    if weights is not None and method != "inverted_cdf":
        raise ValueError(f"{op}: Only method 'inverted_cdf' supports weights, got {method!r}")
    if skip_nan and a.size == 0:
        return nanmean(a, axis, out=out, keepdims=keepdims)
    lines, shape, kept = _lines(op, a, axis)
    if lines.shape[1] == 0 and lines.shape[0]:
        raise IndexError(f"{op}: expected at least one element, got shape {a.shape}")
    parts = reshape(fractions, (-1, 1))
    parts = asarray(parts, device=a.device) if on_device(a) else parts
    skip_nan = skip_nan and a.dtype.kind not in "biu"
    count = _counted(lines) if skip_nan else lines.shape[1]
    if weights is None:
        weak = type(q) in (int, float)  # for the dtype of the result, as in NEP 50
        result = _unweighted(op, lines, parts, METHODS[method], count, weak)
    else:
        weights = broadcast_to(weights_for(op, beside(a, weights), a, axis), a.shape)
        weights = _lines(op, weights, axis)[0]
        result = _weighted(op, lines, parts, weights, skip_nan)
    result = reshape(result, fractions.shape + (kept if keepdims else shape))
    return write_out(op, out, result)


def _fractions(op, q, whole):
    """The parts of the elements as a tensor of numbers from 0 to 1."""
    q = asarray(q) if whole == 1 else divide(q, whole)
    if q.dtype.kind == "c":
        raise TypeError(f"{op}: expected q to be real, got {q.dtype}")
    if anywhere(~((q >= 0) & (q <= 1))):
        names = "Quantiles" if whole == 1 else "Percentiles"
        raise ValueError(f"{op}: {names} must be in the range [0, {whole}]")
    if q.ndim > 2:
        raise ValueError(f"{op}: expected q of at most two axes, got shape {q.shape}")
    return q


def _lines(op, a, axis):
    """What the axes `axis` hold as rows, and the shapes of a result without and with them."""
    a = for_arithmetic(a)
    axes = sorted(axis_tuple(op, axis, a.ndim))
    shape = tuple(n for i, n in enumerate(a.shape) if i not in axes)
    kept = tuple(1 if i in axes else n for i, n in enumerate(a.shape))
    if len(shape) and axes:
        a = moveaxis(a, axes, range(a.ndim - len(axes), a.ndim))
    return reshape(a, (math.prod(shape), math.prod(a.shape[len(shape) :]))), shape, kept


def _counted(lines):
    """How many elements of each line are not NaN."""

    def count(lines):
        found = sum(~isnan(lines), 1)
        for _ in range(int(sum(found == 0))):  # NumPy warns of each
            warnings.warn("All-NaN slice encountered", RuntimeWarning, stacklevel=6)
        return found

    return run_apart(count, (lines,))


def _ordered(lines, places):
    """The lines with what sorting would put there at the places, and with NaN at the end."""
    if lines.size == 0 or not places:
        return lines
    end = [lines.shape[1] - 1] if lines.dtype.kind not in "biu" else []
    return partition(lines, [*places, *end], 1)


class Method(NamedTuple):
    """A way to estimate a quantile from sorted elements."""

    place: Callable  # of the quantile among them, from their number and its part of them
    share: Callable | None = None  # of the upper neighbour, if it does not follow from the place
    takes: bool = False  # the elements themselves, with their dtype, at places that are integers


def _linear(count, q):
    return (count - 1) * q


def _between(alpha, beta):
    return Method(lambda count, q: count * q + (alpha + q * (1 - alpha - beta)) - 1)


def _rounded(function):
    return Method(lambda count, q: function(count, q).astype(np.intp), takes=True)


def _closest(count, q):
    place = count * q - 1 - 0.5
    below = np.floor(place)
    return below + ((place != below) | (below % 2 != 1))  # an odd index where it is in the middle


METHODS = {
    "inverted_cdf": _rounded(lambda count, q: np.ceil(count * q - 1)),
    "averaged_inverted_cdf": Method(
        lambda count, q: count * q - 1, lambda part: 1 - 0.5 * (part == 0)
    ),
    "closest_observation": _rounded(_closest),
    "interpolated_inverted_cdf": _between(0, 1),
    "hazen": _between(0.5, 0.5),
    "weibull": _between(0, 0),
    "linear": Method(_linear, takes=True),
    "median_unbiased": _between(1 / 3, 1 / 3),
    "normal_unbiased": _between(3 / 8, 3 / 8),
    "lower": _rounded(lambda count, q: np.floor(_linear(count, q))),
    "higher": _rounded(lambda count, q: np.ceil(_linear(count, q))),
    "midpoint": Method(lambda count, q: _linear(count, q) * 1.0, lambda part: 0.5 * (part != 0)),
    "nearest": _rounded(lambda count, q: np.around(_linear(count, q))),
}


def _unweighted(op, lines, q, method, count, weak):
    skip_nan = isinstance(count, Tensor)
    if skip_nan and q.dtype.kind == "f":
        count = count.astype(q.dtype)  # as weak as one number is
    below, above, part = run_apart(partial(_neighbours, method), (count, q))
    if skip_nan or followed(below) or on_device(lines):
        ordered = sort(lines)
    else:
        places = [*elements("quantile", below).flat, *elements("quantile", above).flat]
        ordered = _ordered(lines, places)
    rows = arange(lines.shape[0], device=lines.device)
    result = ordered[rows, below]
    if part.dtype.kind == "f" or not method.takes:
        if method.share is None and followed(q):
            part = asarray(method.place(count, q) - below, part.dtype)
        result = _interpolated(op, result, ordered[rows, above], part, weak)
    if lines.size and not skip_nan and lines.dtype.kind not in "biu":
        end = ordered[:, -1]
        result = where(isnan(end), end, result)
    return result


def _neighbours(method, count, q):
    """The places of the elements around a quantile, and the share of the upper one."""
    if not on_device(q):
        count = count if isinstance(count, int) else elements("quantile", count)
        q = elements("quantile", q)
    place = method.place(count, q)
    floor = np.floor(place)
    last = np.maximum(count - 1, 0)
    below = np.minimum(np.maximum(floor, 0), last).astype(np.intp)
    above = np.minimum(np.maximum(floor + 1, 0), last).astype(np.intp)
    part = (place - below).astype(place.dtype)
    if method.share is not None:
        part = method.share(part).astype(place.dtype)
    return asarray(below), asarray(above), asarray(part)


def _interpolated(op, low, high, part, weak):
    """Between two elements, computed from the nearer one."""
    if low.dtype == bool:
        raise TypeError(f"{op}: expected numbers to interpolate between, got bool")
    rest, nearer_high = 1 - part, part >= 0.5
    if weak:
        dtype = np.float64 if low.dtype.kind in "iu" else low.dtype
        part, rest = part.astype(dtype), rest.astype(dtype)
    step = high - low
    return where(nearer_high, high - step * rest, low + step * part)


def _weighted(op, lines, q, weights, skip_nan):
    picked, last = run_apart(partial(_reaching, op, skip_nan), (lines, q, weights))
    rows = arange(lines.shape[0], device=lines.device)
    result = lines[rows, picked]
    if not skip_nan and lines.dtype.kind not in "biu":
        end = lines[rows, last]
        result = where(isnan(end), end, result)
    return result


def _reaching(op, skip_nan, lines, q, weights):
    """Where in each line the weights of sorted elements reach the parts `q` of all; where its
    last element is."""
    lines, q, weights = (x.detach() for x in (lines, q, weights))
    if (weights < 0).any():
        raise ValueError(f"{op}: Weights must be non-negative, got {weights.min().item()}")
    if skip_nan:  # they weigh nothing, unless there is nothing else
        nan = isnan(lines)
        weights = where(nan, nan.all(1, keepdims=True), weights)
    order = argsort(lines, 1)
    reached = cumsum(take_along_axis(weights, order, 1), 1, np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        reached = reached / reached[:, -1:]
    if isnan(reached[:, -1:]).any():
        raise ValueError(f"{op}: Weights included NaN, inf or were all zero")
    if q.dtype.kind == "f":
        reached = reached.astype(q.dtype)
    reached = where(reached == 0, -1, reached)  # leading elements without weight are no quantile
    if on_device(lines):
        index = sum(reached < q[..., None], -1)
    else:
        index, parts = np.empty((len(q), len(reached)), np.intp), q.numpy()[:, 0]
        for i, line in enumerate(reached.numpy()):
            index[:, i] = np.searchsorted(line, parts)
    return order[arange(len(order), device=order.device), index], order[:, -1]
