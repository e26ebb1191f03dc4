"""Elements picked by index, by condition or by place."""

import numpy as np
from numpy import broadcast_shapes

from tensorlib._arguments import (
    axis_index,
    beside,
    computed,
    elements,
    integer,
    integers,
    named,
    on_device,
    promoted,
    stays,
    write_out,
)
from tensorlib._core import _functions as functions
from tensorlib._core._backend import run_on_device
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import arange, asarray, broadcast_to, empty, reshape, transpose
from tensorlib._core._tensor import Tensor
from tensorlib._core.errors import DeviceError
from tensorlib._joining import stack
from tensorlib._shape import broadcast_arrays, ravel

MODES = ("raise", "wrap", "clip")
_BOOL = np.dtype(bool)


def take(a, indices, axis=None, out=None, mode="raise"):
    """Slices along an axis, picked by index.

    Parameters
    ----------
    a : array_like
    indices : array_like of int
        Any shape.
    axis : int, optional
        By default `a` is taken as one axis.
    out : Tensor, optional
        Where to write the result.
    mode : {"raise", "wrap", "clip"}
        What to do with an index out of bounds: refuse it, count it around, or move it to the end
        (negative ones then to the front).

    Returns
    -------
    Tensor
        The shape of `a` with `axis` replaced by the axes of `indices`; dtype of `a`.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.
    IndexError
        If an index is out of bounds.
    TypeError
        If `indices` are no integers.
    ValueError
        If `mode` is none of the three.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.take([4, 3, 5, 7], [0, -1])
    tensor([4, 7])
    """
    a = ravel(a) if axis is None else asarray(a)
    axis = 0 if axis is None else axis_index("take", axis, a.ndim)
    indices = integers("take", "indices", indices)
    length = a.shape[axis]
    if length == 0 and indices.size:
        raise IndexError("take: cannot take elements from an axis of length 0")
    places = in_bounds("take", indices.reshape(-1), length, mode)
    taken = a[(slice(None),) * axis + (places,)]
    shape = (*a.shape[:axis], *indices.shape, *a.shape[axis + 1 :])
    return write_out("take", out, reshape(taken, shape))


def in_bounds(op, indices, length, mode):
    """Indices as `mode` says; what "raise" leaves out of bounds, the kernel finds."""
    if mode == "wrap":
        return indices % max(length, 1)
    if mode == "clip":
        return indices.clip(0, max(length - 1, 0))
    if mode != "raise":
        raise ValueError(f"{op}: expected mode to be one of {MODES}, got {mode!r}")
    return indices


def take_along_axis(arr, indices, axis=-1):
    """Elements picked by an index for each place, along one axis.

    Parameters
    ----------
    arr : array_like
    indices : array_like of int
        As many axes as `arr`; all but `axis` broadcast with it.
    axis : int, optional
        None: `arr` is taken as one axis.

    Returns
    -------
    Tensor
        The broadcast shape of `indices`, dtype of `arr`.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.
    IndexError
        If an index is no integer or out of bounds.
    ValueError
        If `indices` has another number of axes.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.asarray([[10, 30, 20], [60, 40, 50]])
    >>> tl.take_along_axis(x, tl.argsort(x, axis=1), axis=1)
    tensor([[10, 20, 30],
            [40, 50, 60]])
    """
    arr = ravel(arr) if axis is None else asarray(arr)
    return arr[along_axis_index("take_along_axis", arr, indices, axis)]


def along_axis_index(op, a, indices, axis):
    """The index that pairs each place of `indices` with its own place on the other axes."""
    indices = indices if stays(indices) else elements(op, indices)
    axis = 0 if axis is None else axis_index(op, axis, a.ndim)
    if indices.dtype.kind not in "iu":
        raise IndexError(f"{op}: expected indices to be integers, got {indices.dtype}")
    if indices.ndim != a.ndim:
        wanted = "a single dimension" if a.ndim == 1 else f"{a.ndim} dimensions"
        raise ValueError(f"{op}: expected indices of {wanted}, got {indices.ndim}")
    if a.device == "cpu":
        places = list(np.ix_(*map(np.arange, a.shape)))
    else:  # made there, as a copy would be waited for
        places = [
            arange(n, device=a.device).reshape((n,) + (1,) * (a.ndim - 1 - i))
            for i, n in enumerate(a.shape)
        ]
    places[axis] = indices
    return tuple(places)


def compress(condition, a, axis=None, out=None):
    """The slices along an axis where a condition holds.

    Parameters
    ----------
    condition : array_like of bool
        One axis, at most as long as `axis`.
    a : array_like
    axis : int, optional
        By default `a` is taken as one axis.
    out : Tensor, optional
        Where to write the result.

    Returns
    -------
    Tensor
        dtype of `a`.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.
    IndexError
        If the condition holds past the end of the axis.
    ValueError
        If the condition has not one axis.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.compress([False, True], [[1, 2], [3, 4]], axis=0)
    tensor([[3, 4]])
    """
    kept = on_device(condition)
    condition = condition if kept else elements("compress", condition)
    if condition.ndim != 1:
        raise ValueError(f"compress: expected a condition of one axis, got {condition.shape}")
    return take(a, nonzero(condition)[0] if kept else np.flatnonzero(condition), axis, out)


def extract(condition, arr):
    """The elements where a condition holds.

    Parameters
    ----------
    condition : array_like of bool
        Of the size of `arr`.
    arr : array_like

    Returns
    -------
    Tensor
        One axis, dtype of `arr`.

    Raises
    ------
    IndexError
        If the condition holds past the end of `arr`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.arange(6)
    >>> tl.extract(x % 2 == 0, x)
    tensor([0, 2, 4])
    """
    return compress(reshape(asarray(condition), (-1,)), arr)


def choose(a, choices, out=None, mode="raise"):
    """For each place the element of the array that its index names.

    Parameters
    ----------
    a : array_like of int
        Indices into `choices`.
    choices : sequence of array_like
        They broadcast together, and with `a`.
    out : Tensor, optional
        Where to write the result, cast to its dtype.
    mode : {"raise", "wrap", "clip"}
        What to do with an index out of bounds: refuse it, count it around, or move it to the end.

    Returns
    -------
    Tensor
        The broadcast shape, the promoted dtype of `choices`.

    Raises
    ------
    TypeError
        If `a` are no integers.
    ValueError
        If an index is out of bounds, the shapes do not broadcast, or `mode` is unknown.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.choose([0, 1, 0], [[1, 2, 3], [10, 20, 30]])
    tensor([ 1, 20,  3])
    """
    which = integers("choose", "a", a)
    choices = promoted(*choices)
    which = in_bounds("choose", which, len(choices), mode)
    kept = isinstance(which, Tensor)  # the kernel finds what is out of bounds
    if not kept and which.size and (which.min() < 0 or which.max() >= len(choices)):
        raise ValueError(f"choose: expected indices of {len(choices)} choices, got {which}")
    with named("choose"):
        shape = broadcast_shapes(which.shape, *(choice.shape for choice in choices))
    layers = stack([broadcast_to(choice, shape) for choice in choices])
    chosen = layers[(broadcast_to(asarray(which), shape), *np.ix_(*map(np.arange, shape)))]
    return write_out("choose", out, chosen, "unsafe")


def select(condlist, choicelist, default=0):
    """For each place the element of the first array whose condition holds.

    Parameters
    ----------
    condlist : list of array_like of bool
    choicelist : list of array_like
        As many as conditions; they all broadcast together.
    default : array_like
        For places where no condition holds.

    Returns
    -------
    Tensor
        The broadcast shape, the promoted dtype.

    Raises
    ------
    TypeError
        If a condition is not bool.
    ValueError
        If the lists differ in length or are empty.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.arange(6)
    >>> tl.select([x < 2, x > 3], [x, x**2], 42)
    tensor([ 0,  1, 42, 42, 16, 25])
    """
    if len(condlist) != len(choicelist) or not condlist:
        raise ValueError(
            "select: expected as many conditions as choices and at least one, "
            f"got {len(condlist)} and {len(choicelist)}"
        )
    conditions = broadcast_arrays(*condlist)
    for i, condition in enumerate(conditions):
        if condition.dtype != bool:
            raise TypeError(f"select: expected condition {i} to be bool, got {condition.dtype}")
    *choices, result = promoted(*choicelist, default)
    broadcast_shapes(*(x.shape for x in (*conditions, *choices, result)))
    for condition, choice in zip(conditions[::-1], choices[::-1], strict=True):
        result = functions.where(condition, choice, result)
    return result


def where(condition, x=None, y=None, /):
    """`x` where a condition holds, else `y`; or the indices of the places where it holds.

    Parameters
    ----------
    condition : array_like of bool
    x, y : array_like, optional
        Both or neither; they broadcast together, and with the condition.

    Returns
    -------
    Tensor or tuple of Tensor
        The broadcast shape and the promoted dtype; with the condition alone what `nonzero` returns.

    Raises
    ------
    ValueError
        If only one of `x` and `y` is given, or the shapes do not broadcast.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.arange(5)
    >>> tl.where(x < 3, x, 10 * x)
    tensor([ 0,  1,  2, 30, 40])
    >>> tl.where(x > 2)
    (tensor([3, 4]),)
    """
    if x is None or y is None:
        if x is None and y is None:
            return nonzero(condition)
        raise ValueError("where: expected both x and y or neither, got one of them")
    if not isinstance(condition, Tensor):
        condition = asarray(condition)
    if condition.dtype is not _BOOL:
        condition = condition != 0
    return functions.where(condition, x, y)


def nonzero(a):
    """The indices of the elements that are not zero.

    Parameters
    ----------
    a : array_like
        At least one axis.

    Returns
    -------
    tuple of Tensor
        One for each axis, int64, in C order of the places.

    Raises
    ------
    ValueError
        If `a` has no axis.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.nonzero([[3, 0], [0, 4]])
    (tensor([0, 1]), tensor([0, 1]))
    """
    a = asarray(a)
    if a.ndim == 0:
        raise ValueError("nonzero: Calling nonzero on 0d arrays is not allowed; use atleast_1d")
    return apply(ops.nonzero, (a,), ())


def flatnonzero(a):
    """The indices of the elements that are not zero, in the array taken as one axis.

    Parameters
    ----------
    a : array_like

    Returns
    -------
    Tensor
        One axis, int64.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.flatnonzero([[3, 0], [0, 4]])
    tensor([0, 3])
    """
    return nonzero(ravel(a))[0]


def argwhere(a):
    """The indices of the elements that are not zero, one row each.

    Parameters
    ----------
    a : array_like

    Returns
    -------
    Tensor
        Shape ``(count, a.ndim)``, int64.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.argwhere([[3, 0], [0, 4]])
    tensor([[0, 0],
            [1, 1]])
    """
    a = asarray(a)
    if a.ndim == 0:
        return functions.zeros((int(bool(a)), 0), int)
    return transpose(stack(nonzero(a)))


def searchsorted(a, v, side="left", sorter=None):
    """The places where values would keep a sorted array sorted.

    Parameters
    ----------
    a : array_like
        One axis, ascending, unless `sorter` sorts it.
    v : array_like
        The values.
    side : {"left", "right"}
        Before or after equal elements.
    sorter : array_like of int, optional
        Indices that sort `a`.

    Returns
    -------
    Tensor
        Shape of `v`, int64.

    Raises
    ------
    ValueError
        If `a` has not one axis, or `side` is neither.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.searchsorted([1, 2, 4], [2, 3])
    tensor([1, 2])
    """
    if np.ndim(a) != 1:
        shape = np.shape(a)
        raise ValueError(f"searchsorted: expected an array of one axis, got shape {shape}")
    more = [] if sorter is None else [sorter]
    if on_device(a) or on_device(v):
        return _search(a if sorter is None else take(a, sorter), v, side)
    with named("searchsorted"):
        return computed(
            "searchsorted", lambda a, v, *sorter: np.searchsorted(a, v, side, *sorter), a, v, *more
        )


def _search(a, v, side):
    """`searchsorted` on a device."""
    if side not in ("left", "right"):
        raise ValueError(f"searchsorted: side must be 'left' or 'right' (got {side!r})")
    a, v = promoted(beside(v, a), beside(a, v))
    if a.device != v.device:
        raise DeviceError(
            f"searchsorted: expected tensors on one device, got shape {a.shape} on {a.device} and "
            f"shape {v.shape} on {v.device}; use to()"
        )
    places = empty(v.shape, np.int64, device=v.device)
    run_on_device("searchsorted", places, (a.detach(), v.detach(), side == "right"))
    return places


def diagonal(a, offset=0, axis1=0, axis2=1):
    """A view of a diagonal of the matrices in two axes.

    Parameters
    ----------
    a : array_like
        At least two axes.
    offset : int
        0 is the main diagonal, positive ones are above it.
    axis1, axis2 : int
        Axes of the rows and columns.

    Returns
    -------
    Tensor
        `a` without the two axes, the diagonal as last axis; dtype of `a`.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    ValueError
        If `a` has fewer than two axes, or the two are the same.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.diagonal([[1, 2], [3, 4]])
    tensor([1, 4])
    """
    return _diagonal("diagonal", asarray(a), offset, axis1, axis2)


def _diagonal(op, a, offset, axis1, axis2):
    if a.ndim < 2:
        raise ValueError(f"{op}: expected at least two axes, got shape {a.shape}")
    axis1, axis2 = axis_index(op, axis1, a.ndim), axis_index(op, axis2, a.ndim)
    if axis1 == axis2:
        raise ValueError(f"{op}: expected two different axes, got {axis1} twice")
    return apply(ops.diagonal, (a,), (integer(op, "offset", offset), axis1, axis2))


def trace(a, offset=0, axis1=0, axis2=1, dtype=None, out=None):
    """The sum over a diagonal of the matrices in two axes.

    Parameters
    ----------
    a : array_like
        At least two axes.
    offset : int
        0 is the main diagonal, positive ones are above it.
    axis1, axis2 : int
        Axes of the rows and columns.
    dtype : dtype, optional
        In which to sum; by default as `sum` does.
    out : Tensor, optional
        Where to write the result.

    Returns
    -------
    Tensor
        `a` without the two axes.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    ValueError
        If `a` has fewer than two axes, or the two are the same.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.trace([[1, 2], [3, 4]])
    tensor(5)
    """
    total = functions.sum(_diagonal("trace", asarray(a), offset, axis1, axis2), -1, dtype=dtype)
    return write_out("trace", out, total)


def clip(a, min=None, max=None, out=None, *, a_min=np._NoValue, a_max=np._NoValue, **kwargs):
    """Elements limited to an interval.

    Parameters
    ----------
    a : array_like
    min, max : array_like, optional
        The bounds; None for no bound. They broadcast with `a`.
    out : Tensor, optional
        Where to write the result.
    a_min, a_max : array_like, optional
        NumPy's names for the bounds. The first two parameters have the names of the Array API
        standard, so that a call of either form is understood.
    **kwargs
        ``where`` and ``dtype``, as ufuncs take them.

    Returns
    -------
    Tensor
        The broadcast shape, the promoted dtype.

    Raises
    ------
    ValueError
        If a bound is given under both names.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.clip([1, 5, 9], 2, 8)
    tensor([2, 5, 8])
    """
    lower, upper = _bound("min", min, a_min), _bound("max", max, a_max)
    if not isinstance(a, Tensor):
        a = asarray(a)
    if a.dtype.kind in "iu":
        # A bound that Python's int allows and the dtype does not is no bound.
        limits = np.iinfo(a.dtype)
        lower = None if type(lower) is int and lower <= limits.min else lower
        upper = None if type(upper) is int and upper >= limits.max else upper
    if lower is None and upper is None:
        return functions.positive(a, out=out, **kwargs)
    if lower is None:
        return functions.minimum(a, upper, out=out, **kwargs)
    if upper is None:
        return functions.maximum(a, lower, out=out, **kwargs)
    if out is None and not kwargs:
        return functions.clip(a, lower, upper)
    return functions.clip(a, lower, upper, out=out, **kwargs)


def _bound(name, value, other):
    if other is np._NoValue:
        return value
    if value is not None:
        raise ValueError(f"clip: expected {name} or a_{name}, got both")
    return other
