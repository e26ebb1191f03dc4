"""Differences of neighbours, derivatives and integrals made of them, and running totals."""

import math

import numpy as np

from tensorlib._arguments import (
    axis_index,
    axis_tuple,
    followed,
    for_arithmetic,
    integer,
    write_out,
)
from tensorlib._core._functions import (
    absolute,
    asarray,
    broadcast_to,
    cumprod,
    cumsum,
    logical_and,
    not_equal,
    remainder,
    reshape,
    subtract,
    where,
)
from tensorlib._core._functions import all as all_
from tensorlib._core._functions import sum as sum_
from tensorlib._core._tensor import Tensor
from tensorlib._joining import concatenate
from tensorlib._shape import atleast_1d, ravel


def diff(a, n=1, axis=-1, prepend=np._NoValue, append=np._NoValue):
    """Each element less the one before it, along an axis.

    Parameters
    ----------
    a : array_like
        At least one axis.
    n : int
        How many times.
    axis : int
    prepend, append : array_like, optional
        What to put before and after `a` first: numbers, or arrays of the shape of `a` but for
        `axis`.

    Returns
    -------
    Tensor
        Shorter by `n` along the axis; the dtype of `a`. For bools: whether neighbours differ.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.
    TypeError
        If `n` is no integer.
    ValueError
        If `a` has no axis, or `n` is negative.

    See Also
    --------
    ediff1d, gradient, cumulative_sum

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.diff([1, 2, 4, 7])
    tensor([1, 2, 3])
    >>> tl.diff([1, 2, 4, 7], n=2)
    tensor([1, 1])
    """
    n = integer("diff", "n", n)
    if n < 0:
        raise ValueError(f"diff: expected n not to be negative, got {n}")
    if n == 0:
        return a
    a = asarray(a)
    if a.ndim == 0:
        raise ValueError("diff: expected at least one axis, got shape ()")
    axis = axis_index("diff", axis, a.ndim)
    ends = [x if x is np._NoValue else _slices(x, a, axis) for x in (prepend, append)]
    parts = [x for x in (ends[0], a, ends[1]) if x is not np._NoValue]
    a = concatenate(parts, axis) if len(parts) > 1 else a
    for _ in range(min(n, a.shape[axis])):  # then nothing is left
        a = _steps(a, axis)
    return a


def _slices(x, a, axis):
    """What to put before or after `a`: a number becomes one slice of it."""
    x = x if isinstance(x, Tensor) else asarray(x, device=a.device)
    return x if x.ndim else broadcast_to(x, (*a.shape[:axis], 1, *a.shape[axis + 1 :]))


def _part(axis, start, stop=None):
    """The index of a part along one axis."""
    return (*(slice(None),) * axis, slice(start, stop))


def _steps(a, axis):
    step = not_equal if a.dtype == bool else subtract
    return step(a[_part(axis, 1)], a[_part(axis, None, -1)])


def ediff1d(ary, to_end=None, to_begin=None):
    """Each element less the one before it, in an array taken as one axis.

    Parameters
    ----------
    ary : array_like
    to_end, to_begin : array_like, optional
        Numbers to put after and before the differences.

    Returns
    -------
    Tensor
        One axis, dtype of `ary`.

    Raises
    ------
    TypeError
        If `to_end` or `to_begin` cannot be cast to the dtype of `ary` by the rule "same_kind".

    See Also
    --------
    diff

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.ediff1d([1, 2, 4, 7], to_begin=-9)
    tensor([-9,  1,  2,  3])
    """
    a = ravel(ary)
    parts = [subtract(a[1:], a[:-1])]
    for name, place, x in (("to_begin", 0, to_begin), ("to_end", 2, to_end)):
        if x is not None:
            x = x if isinstance(x, Tensor) else asarray(x, device=a.device)
            if not np.can_cast(x.dtype, a.dtype, "same_kind"):
                raise TypeError(
                    f"ediff1d: dtype of `{name}` must be compatible with {a.dtype} under the rule "
                    f"'same_kind', got {x.dtype}"
                )
            parts.insert(place, asarray(ravel(x), a.dtype))
    return concatenate(parts) if len(parts) > 1 else parts[0]


def gradient(f, *varargs, axis=None, edge_order=1):
    """Derivatives of sampled values: central differences, one-sided ones at the edges.

    Parameters
    ----------
    f : array_like
    *varargs : array_like, optional
        Where the samples are: nothing for a spacing of one, a number for the spacing along all
        axes, or for each axis its spacing or the coordinates along it.
    axis : int or tuple of int, optional
        Along which to differentiate; all axes by default.
    edge_order : {1, 2}
        How well the edges are approximated.

    Returns
    -------
    Tensor or tuple of Tensor
        For each axis one of the shape of `f`, if there are not just one. float64 for integers,
        else the dtype of `f`.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    TypeError
        If the number of spacings is neither one nor that of the axes.
    ValueError
        If `f` has no more than `edge_order` elements along an axis, if coordinates do not fit it,
        or if `edge_order` is greater than 2.

    See Also
    --------
    diff

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.gradient([1.0, 2.0, 4.0, 7.0])
    tensor([1. , 1.5, 2.5, 3. ])
    >>> tl.gradient([1.0, 2.0, 4.0, 7.0], [0.0, 1.0, 3.0, 4.0])
    tensor([1. , 1. , 2.33333333, 3. ])
    """
    f = for_arithmetic(asarray(f))
    axes = axis_tuple("gradient", axis, f.ndim)
    if not varargs:
        varargs = (1.0,)
    if len(varargs) == 1 and np.ndim(varargs[0]) == 0:
        varargs *= len(axes)
    if len(varargs) != len(axes):
        raise TypeError(
            f"gradient: expected one spacing or one for each of {len(axes)} axes, "
            f"got {len(varargs)}"
        )
    if edge_order > 2:
        raise ValueError(f"gradient: expected an edge_order of 1 or 2, got {edge_order}")
    dtype = np.dtype(np.float64) if f.dtype.kind in "biu" else f.dtype
    f = asarray(f, dtype) if f.dtype.kind in "iu" else f
    results = []
    for i, spacing in zip(axes, varargs, strict=True):
        if f.shape[i] < edge_order + 1:
            raise ValueError(
                f"gradient: expected at least edge_order + 1 = {edge_order + 1} elements along "
                f"axis {i}, got {f.shape[i]}"
            )
        parts = _derivative(f, i, _spacing(f, i, spacing), edge_order)
        results.append(concatenate([asarray(part, dtype) for part in parts], i))
    return results[0] if len(results) == 1 else tuple(results)


def _spacing(f, axis, distances):
    """The distance of neighbours along an axis: a number, or one for each pair."""
    if type(distances) in (int, float, complex):
        return distances
    distances = asarray(distances)
    if distances.ndim == 0:
        return distances
    if distances.ndim != 1:
        raise ValueError(
            f"gradient: distances must be either scalars or 1d, got shape {distances.shape}"
        )
    if distances.shape[0] != f.shape[axis]:
        raise ValueError(
            f"gradient: expected {f.shape[axis]} coordinates along axis {axis}, "
            f"got {distances.shape[0]}"
        )
    distances = asarray(distances, np.float64) if distances.dtype.kind in "iu" else distances
    steps = _steps(distances, 0)
    # For equal steps one number will do, but the gradient belongs to all of them.
    return steps[0] if not followed(steps) and bool(all_(steps == steps[0])) else steps


def _derivative(f, axis, steps, edge_order):
    """The derivative at the first place, in the interior and at the last place."""
    uniform = not isinstance(steps, Tensor) or steps.ndim == 0
    first, last = (steps, steps) if uniform else (steps[0], steps[-1])
    if edge_order == 2:
        second, before = (steps, steps) if uniform else (steps[1], steps[-2])

    def at(start, stop=None):
        return f[_part(axis, start, stop)]

    if uniform:
        interior = (at(2) - at(None, -2)) / (2.0 * steps)
    else:
        along_axis = (-1,) + (1,) * (f.ndim - 1 - axis)
        left, right = steps[:-1], steps[1:]
        lower = reshape(-right / (left * (left + right)), along_axis)
        middle = reshape((right - left) / (left * right), along_axis)
        upper = reshape(left / (right * (left + right)), along_axis)
        interior = lower * at(None, -2) + middle * at(1, -1) + upper * at(2)
    if edge_order < 2:
        return (at(1, 2) - at(0, 1)) / first, interior, (at(-1) - at(-2, -1)) / last
    if uniform:
        start = -1.5 / steps, 2.0 / steps, -0.5 / steps
        end = 0.5 / steps, -2.0 / steps, 1.5 / steps
    else:
        both = first + second
        start = -(2.0 * first + second) / (first * both), both / (first * second)
        start = *start, -first / (second * both)
        both = before + last
        end = last / (before * both), -both / (before * last)
        end = *end, (2.0 * last + before) / (last * both)
    return (
        start[0] * at(0, 1) + start[1] * at(1, 2) + start[2] * at(2, 3),
        interior,
        end[0] * at(-3, -2) + end[1] * at(-2, -1) + end[2] * at(-1),
    )


def trapezoid(y, x=None, dx=1.0, axis=-1):
    """Integral of samples along an axis by the trapezoidal rule.

    Parameters
    ----------
    y : array_like
        The samples; at least one axis.
    x : array_like, optional
        Where they are: the coordinates along the axis, or those of all samples.
    dx : number
        The spacing, without `x`.
    axis : int

    Returns
    -------
    Tensor
        Without the axis; at least floating-point.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.
    ValueError
        If the shape of `x` does not fit.

    See Also
    --------
    gradient, cumulative_sum

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.trapezoid([1, 2, 3], x=[4, 6, 8])
    tensor(8.)
    """
    y = asarray(y)
    axis = axis_index("trapezoid", axis, y.ndim)
    if x is not None:
        x = asarray(x)
        if x.ndim == 1:
            dx = reshape(_steps(x, 0), (-1,) + (1,) * (y.ndim - 1 - axis))
        else:
            dx = diff(x, axis=axis)
    return sum_(dx * (y[_part(axis, 1)] + y[_part(axis, None, -1)]) / 2.0, axis)


def unwrap(p, discont=None, axis=-1, *, period=2 * math.pi):
    """Add multiples of a period where neighbours differ by more than half of it.

    Parameters
    ----------
    p : array_like
        Real; at least one axis.
    discont : number, optional
        Smaller differences stay as they are; half a period by default, and no less counts.
    axis : int
    period : number
        The range of the values.

    Returns
    -------
    Tensor
        Shape of `p`; the dtype of `p` and `period`.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.
    TypeError
        If `p` is complex.
    ValueError
        If `p` has no axis.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.unwrap([0, 1, 2, -1, 0], period=4)
    tensor([0, 1, 2, 3, 4])
    """
    p = asarray(p)
    if p.ndim == 0:
        raise ValueError("unwrap: expected at least one axis, got shape ()")
    axis = axis_index("unwrap", axis, p.ndim)
    steps = _steps(p, axis)
    dtype = np.result_type(steps.dtype, period)
    if dtype.kind in "iu":
        half, rest = divmod(period, 2)
        symmetric = rest == 0
    else:
        half, symmetric = period / 2, True
    wrapped = remainder(steps - -half, period) + -half
    if symmetric:  # half a period up stays a step up
        wrapped = where(logical_and(wrapped == -half, steps > 0), half, wrapped)
    small = absolute(steps) < (period / 2 if discont is None else discont)
    correction = cumsum(where(small, 0, wrapped - steps), axis)
    first, rest = p[_part(axis, None, 1)], p[_part(axis, 1)]
    return concatenate([asarray(first, dtype), asarray(rest + correction, dtype)], axis)


def cumulative_sum(x, /, *, axis=None, dtype=None, out=None, include_initial=False):
    """Running sum along an axis; the array API's name of `cumsum`.

    Parameters
    ----------
    x : array_like
        A number counts as an array of one.
    axis : int, optional
        Needed for more than one axis.
    dtype : dtype, optional
        In which to add; by default as `cumsum` does.
    out : Tensor, optional
        Where to write the result.
    include_initial : bool
        Whether to begin with a zero.

    Returns
    -------
    Tensor
        Shape of `x`; longer by one along the axis with `include_initial`.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.
    ValueError
        If there are several axes and none is chosen.

    See Also
    --------
    cumsum, diff

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.cumulative_sum([1, 2, 3], include_initial=True)
    tensor([0, 1, 3, 6])
    """
    return _cumulative("cumulative_sum", cumsum, 0, x, axis, dtype, out, include_initial)


def cumulative_prod(x, /, *, axis=None, dtype=None, out=None, include_initial=False):
    """Running product along an axis; the array API's name of `cumprod`.

    Parameters
    ----------
    x : array_like
        A number counts as an array of one.
    axis : int, optional
        Needed for more than one axis.
    dtype : dtype, optional
        In which to multiply; by default as `cumprod` does.
    out : Tensor, optional
        Where to write the result.
    include_initial : bool
        Whether to begin with a one.

    Returns
    -------
    Tensor
        Shape of `x`; longer by one along the axis with `include_initial`.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.
    ValueError
        If there are several axes and none is chosen.

    See Also
    --------
    cumprod

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.cumulative_prod([1, 2, 3], include_initial=True)
    tensor([1, 1, 2, 6])
    """
    return _cumulative("cumulative_prod", cumprod, 1, x, axis, dtype, out, include_initial)


def _cumulative(op, running, neutral, x, axis, dtype, out, include_initial):
    x = atleast_1d(x)
    if axis is None and x.ndim > 1:
        raise ValueError(f"{op}: expected an axis for an array of {x.ndim} axes")
    axis = axis_index(op, 0 if axis is None else axis, x.ndim)
    result = running(x, axis, dtype)
    if include_initial:
        first = _slices(asarray(neutral, result.dtype, device=x.device), x, axis)
        result = concatenate([first, result], axis)
    return write_out(op, out, result)
