"""Axes in another order, and elements in other places."""

import numpy as np
from numpy.exceptions import AxisError

from tensorlib._arguments import (
    axis_index,
    axis_tuple,
    check_on_cpu,
    integer,
    integers,
    named,
    on_device,
)
from tensorlib._core._backend import run_on_device
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import (
    arange,
    asarray,
    broadcast_to,
    cumsum,
    empty_like,
    reshape,
    transpose,
)
from tensorlib._shape import expand_dims, flatten, ravel


def swapaxes(a, axis1, axis2):
    """A view with two axes exchanged.

    Parameters
    ----------
    a : array_like
    axis1, axis2 : int

    Returns
    -------
    Tensor
        dtype of `a`; a view.

    Raises
    ------
    AxisError
        If an axis is out of bounds.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.swapaxes(tl.zeros((2, 3, 4)), 0, 2).shape
    (4, 3, 2)
    """
    a = asarray(a)
    axis1 = axis_index("swapaxes", axis1, a.ndim)
    axis2 = axis_index("swapaxes", axis2, a.ndim)
    axes = list(range(a.ndim))
    axes[axis1], axes[axis2] = axis2, axis1
    return apply(ops.transpose, (a,), (tuple(axes),))


def moveaxis(a, source, destination):
    """A view with axes moved to other places, the rest in their order.

    Parameters
    ----------
    a : array_like
    source, destination : int or tuple of int
        The axes, and the places that they get.

    Returns
    -------
    Tensor
        dtype of `a`; a view.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    ValueError
        If an axis is named twice, or `source` and `destination` differ in length.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.moveaxis(tl.zeros((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    a = asarray(a)
    source = axis_tuple("moveaxis", source, a.ndim, "source")
    destination = axis_tuple("moveaxis", destination, a.ndim, "destination")
    if len(source) != len(destination):
        raise ValueError(
            "moveaxis: `source` and `destination` arguments must have the same number of elements, "
            f"got {source} and {destination}"
        )
    axes = [i for i in range(a.ndim) if i not in source]
    for place, axis in sorted(zip(destination, source, strict=True)):
        axes.insert(place, axis)
    return apply(ops.transpose, (a,), (tuple(axes),))


def rollaxis(a, axis, start=0):
    """A view with one axis moved before another; `moveaxis` is easier to read.

    Parameters
    ----------
    a : array_like
    axis : int
    start : int
        `axis` comes before this one; ``a.ndim`` makes it the last.

    Returns
    -------
    Tensor
        dtype of `a`; a view.

    Raises
    ------
    AxisError
        If `axis` or `start` is out of bounds.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.rollaxis(tl.zeros((2, 3, 4)), 2).shape
    (4, 2, 3)
    """
    a = asarray(a)
    axis = axis_index("rollaxis", axis, a.ndim)
    # `start` has one place more than there are axes, but counts from the back among the axes
    start = integer("rollaxis", "start", start)
    if not -a.ndim <= start <= a.ndim:
        raise AxisError(f"rollaxis: expected {-a.ndim} <= start <= {a.ndim}, got {start}")
    place = start + a.ndim if start < 0 else start
    axes = list(range(a.ndim))
    axes.remove(axis)
    axes.insert(place - (axis < place), axis)
    return apply(ops.transpose, (a,), (tuple(axes),))


def permute_dims(a, axes=None):
    """A view with the axes in another order: the array API's name of `transpose`.

    Parameters
    ----------
    a : array_like
    axes : tuple of int, optional
        Reversed by default.

    Returns
    -------
    Tensor
        dtype of `a`; a view.

    Raises
    ------
    ValueError
        If `axes` is no permutation of the axes.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.permute_dims(tl.zeros((2, 3, 4)), (1, 2, 0)).shape
    (3, 4, 2)
    """
    return transpose(a, axes)


def matrix_transpose(x, /):
    """A view with the last two axes exchanged.

    Parameters
    ----------
    x : array_like
        Shape ``(..., m, n)``.

    Returns
    -------
    Tensor
        Shape ``(..., n, m)``, dtype of `x`; a view.

    Raises
    ------
    ValueError
        If `x` has fewer than two axes.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.matrix_transpose(tl.zeros((2, 3, 4))).shape
    (2, 4, 3)
    """
    x = asarray(x)
    if x.ndim < 2:
        raise ValueError(f"matrix_transpose: expected at least two axes, got shape {x.shape}")
    return swapaxes(x, -1, -2)


def flip(m, axis=None):
    """A view with the elements in reverse order along axes.

    Parameters
    ----------
    m : array_like
    axis : int or tuple of int, optional
        All axes by default.

    Returns
    -------
    Tensor
        Shape and dtype of `m`; a view.

    Raises
    ------
    AxisError
        If an axis is out of bounds.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.flip([[1, 2], [3, 4]], axis=1)
    tensor([[2, 1],
            [4, 3]])
    """
    m = asarray(m)
    axes = axis_tuple("flip", axis, m.ndim)
    return m[tuple(slice(None, None, -1 if i in axes else None) for i in range(m.ndim))]


def fliplr(m):
    """A view with the columns, axis 1, in reverse order.

    Parameters
    ----------
    m : array_like
        At least two axes.

    Returns
    -------
    Tensor
        Shape and dtype of `m`; a view.

    Raises
    ------
    ValueError
        If `m` has fewer than two axes.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.fliplr([[1, 2], [3, 4]])
    tensor([[2, 1],
            [4, 3]])
    """
    m = asarray(m)
    if m.ndim < 2:
        raise ValueError(f"fliplr: expected at least two axes, got shape {m.shape}")
    return flip(m, 1)


def flipud(m):
    """A view with the rows, axis 0, in reverse order.

    Parameters
    ----------
    m : array_like
        At least one axis.

    Returns
    -------
    Tensor
        Shape and dtype of `m`; a view.

    Raises
    ------
    ValueError
        If `m` has no axis.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.flipud([[1, 2], [3, 4]])
    tensor([[3, 4],
            [1, 2]])
    """
    m = asarray(m)
    if m.ndim < 1:
        raise ValueError(f"flipud: expected at least one axis, got shape {m.shape}")
    return flip(m, 0)


def rot90(m, k=1, axes=(0, 1)):
    """A view rotated by quarter turns in the plane of two axes.

    Parameters
    ----------
    m : array_like
        At least two axes.
    k : int
        Number of quarter turns.
    axes : (int, int)
        The turn goes from the first towards the second.

    Returns
    -------
    Tensor
        dtype of `m`; a view.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    ValueError
        If `axes` are not two different ones.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.rot90([[1, 2], [3, 4]])
    tensor([[2, 4],
            [1, 3]])
    """
    m = asarray(m)
    axes = axis_tuple("rot90", tuple(axes), m.ndim)
    if len(axes) != 2:
        raise ValueError(f"rot90: expected two axes, got {axes}")
    turns = integer("rot90", "k", k) % 4
    if turns == 1:
        return swapaxes(flip(m, axes[1]), *axes)
    if turns == 3:
        return flip(swapaxes(m, *axes), axes[1])
    return flip(m, axes if turns == 2 else ())


def roll(a, shift, axis=None):
    """Elements moved along axes; what leaves at the end comes back at the front.

    Parameters
    ----------
    a : array_like
    shift : int or tuple of int
    axis : int or tuple of int, optional
        By default the array is taken as one axis, and gets its shape back.

    Returns
    -------
    Tensor
        Shape and dtype of `a`.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    ValueError
        If `shift` and `axis` do not broadcast together.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.roll([1, 2, 3, 4], 1)
    tensor([4, 1, 2, 3])
    """
    a = asarray(a)
    if axis is None:
        return reshape(roll(ravel(a), shift, 0), a.shape)
    check_on_cpu("roll", shift)
    shifts = shift if isinstance(shift, int) else integers("roll", "shift", shift)
    if isinstance(shift, int):  # of any size
        shifts = shift % max(a.size, 1)
    with named("roll"):
        shifts, axes = np.broadcast_arrays(shifts, axis)
    if shifts.ndim > 1:
        raise ValueError("roll: expected shift and axis to be ints or sequences of ints")
    pairs = list(zip(shifts.flat, axes.flat, strict=True))
    axes = [axis_index("roll", int(place), a.ndim) for _, place in pairs]
    result = a
    for (count, _), place in zip(pairs, axes, strict=True):
        split = -int(count) % max(a.shape[place], 1)
        front = (slice(None),) * place
        parts = (result[(*front, slice(split, None))], result[(*front, slice(split))])
        result = apply(ops.concatenate, tuple(parts), (place,))
    return apply(ops.copy, (a,), ("K",)) if result is a else result


def repeat(a, repeats, axis=None):
    """Each element several times in a row.

    Parameters
    ----------
    a : array_like
    repeats : int or array_like of int
        One number for all, or one for each place along `axis`.
    axis : int, optional
        By default the array is taken as one axis.

    Returns
    -------
    Tensor
        dtype of `a`.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.
    TypeError
        If `repeats` are no integers.
    ValueError
        If a number is negative, or there are not as many as places along `axis`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.repeat([1, 2, 3], [2, 0, 1])
    tensor([1, 1, 3])
    """
    a = ravel(a) if axis is None else asarray(a)
    axis = 0 if axis is None else axis_index("repeat", axis, a.ndim)
    repeats = integers("repeat", "repeats", repeats)
    length = a.shape[axis]
    if repeats.ndim > 1 or (repeats.size != 1 and repeats.shape != (length,)):
        raise ValueError(f"repeat: expected {length} repeats or one, got shape {repeats.shape}")
    if (repeats < 0).any():
        raise ValueError(f"repeat: expected repeats >= 0, got {repeats.min()}")
    if repeats.size != 1:
        if on_device(repeats):
            ends = cumsum(repeats)
            places = arange(int(ends[-1]) if length else 0, device=repeats.device)
            picked = empty_like(places)
            run_on_device("searchsorted", picked, (ends, places, True))
        else:
            picked = np.repeat(np.arange(length), repeats)
        return a[(slice(None),) * axis + (picked,)]
    count = repeats.item()
    before, after = a.shape[:axis], a.shape[axis + 1 :]
    copies = broadcast_to(expand_dims(a, axis + 1), (*before, length, count, *after))
    return reshape(flatten(copies), (*before, length * count, *after))


def tile(A, reps):
    """The whole array several times along each axis.

    Parameters
    ----------
    A : array_like
    reps : int or tuple of int
        Numbers of copies; the shorter of `reps` and ``A.shape`` gets ones in front.

    Returns
    -------
    Tensor
        dtype of `A`.

    Raises
    ------
    ValueError
        If a number is negative.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.tile([1, 2], (2, 2))
    tensor([[1, 2, 1, 2],
            [1, 2, 1, 2]])
    """
    a = asarray(A)
    check_on_cpu("tile", reps)
    reps = tuple(integers("tile", "reps", reps).reshape(-1).tolist())
    if any(count < 0 for count in reps):
        raise ValueError(f"tile: expected reps >= 0, got {reps}")
    reps = (1,) * (a.ndim - len(reps)) + reps
    lengths = (1,) * (len(reps) - a.ndim) + a.shape
    pairs = list(zip(reps, lengths, strict=True))
    copies = broadcast_to(
        reshape(a, tuple(n for _, length in pairs for n in (1, length))),
        tuple(n for pair in pairs for n in pair),
    )
    return reshape(flatten(copies), tuple(count * length for count, length in pairs))
