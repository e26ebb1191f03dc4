"""Places filled with values that are repeated where there are too few."""

import math

import numpy as np

from tensorlib._arguments import beside, elements, integer, stays
from tensorlib._core._functions import asarray, broadcast_to, cumsum, reshape, where, zeros
from tensorlib._core._tensor import Tensor
from tensorlib._shape import ravel


def resize(a, new_shape):
    """The elements in another shape of any size: repeated where there are too few.

    Parameters
    ----------
    a : array_like
        Taken as one axis, in C order.
    new_shape : int or tuple of int

    Returns
    -------
    Tensor
        dtype of `a`; zeros if `a` has no elements. Differentiable.

    Raises
    ------
    ValueError
        If a length is negative.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.resize([[0, 1], [2, 3]], (2, 3))
    tensor([[0, 1, 2],
            [3, 0, 1]])
    """
    lengths = new_shape if np.iterable(new_shape) else (new_shape,)
    shape = tuple(integer("resize", "a length", n) for n in lengths)
    if any(n < 0 for n in shape):
        raise ValueError(f"resize: expected lengths that are not negative, got {shape}")
    values = ravel(a)
    if values.size == 0:
        return zeros(shape, values.dtype, device=values.device)
    return reshape(_repeated(values, math.prod(shape)), shape)


def place(arr, mask, vals):
    """Write values where a mask holds, one after the other.

    Parameters
    ----------
    arr : Tensor or ndarray
        Changed in place.
    mask : array_like of bool
        Of the size of `arr`.
    vals : array_like
        As many as the mask has true places; repeated where there are too few.

    Raises
    ------
    TypeError
        If `arr` is no array.
    ValueError
        If the mask has another size, or there are no values for its places.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.arange(6)
    >>> tl.place(x, x > 2, [44, 55])
    >>> x
    tensor([ 0,  1,  2, 44, 55, 44])
    """
    arr = _target("place", arr)
    kept = stays(mask)
    mask = (mask if kept else elements("place", mask)).astype(bool, copy=False)
    if mask.size != arr.size:
        raise ValueError(f"place: expected a mask of shape {arr.shape}, got {mask.shape}")
    if kept:
        values, mask = ravel(beside(arr, vals)), reshape(mask, arr.shape)
        order = reshape(cumsum(reshape(mask, (-1,))) - 1, arr.shape)
        arr[...] = where(mask, values[order % max(values.size, 1)], arr)
        return
    values, count = ravel(beside(arr, vals)), int(np.count_nonzero(mask))
    if count and values.size == 0:
        raise ValueError(f"place: Cannot insert from an empty array into {count} places")
    if count:
        arr[mask.reshape(arr.shape)] = _repeated(values, count)


def fill_diagonal(a, val, wrap=False):
    """Write to the main diagonal of an array.

    Parameters
    ----------
    a : Tensor or ndarray
        Changed in place; at least two axes, of one length if there are more than two.
    val : array_like
        Taken as one axis; repeated where it is shorter than the diagonal, and without elements
        not written.
    wrap : bool
        Whether in a matrix of more rows than columns the diagonal begins again, one row below
        its end.

    Raises
    ------
    TypeError
        If `a` is no array.
    ValueError
        If `a` has fewer than two axes, or more of different lengths.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.zeros((2, 2))
    >>> tl.fill_diagonal(x, [3, 4])
    >>> x
    tensor([[3., 0.],
            [0., 4.]])
    """
    a = _target("fill_diagonal", a)
    if a.ndim < 2:
        raise ValueError(f"fill_diagonal: expected a to be at least 2-d, got shape {a.shape}")
    if a.ndim > 2 and len(set(a.shape)) > 1:
        raise ValueError(f"fill_diagonal: expected axes of equal length, got shape {a.shape}")
    step = 1 + sum(math.prod(a.shape[k:]) for k in range(1, a.ndim))
    end = a.shape[1] ** 2 if a.ndim == 2 and not wrap else a.size
    count = -(-min(end, a.size) // step)
    values = ravel(beside(a, val))
    if values.size > 1:
        values = _repeated(values, count)
    if values.size and a.flags.c_contiguous:
        reshape(a, (a.size,))[:end:step] = values
    elif values.size:
        a[np.unravel_index(np.arange(count) * step, a.shape)] = values


def _target(op, a):
    """What to write to, as a tensor over its memory."""
    if not isinstance(a, (Tensor, np.ndarray)):
        raise TypeError(f"{op}: expected a Tensor, got {type(a).__name__}")
    return asarray(a)


def _repeated(values, count):
    """The first `count` of the values, written again and again."""
    if count > values.size:
        rows = -(-count // values.size)
        values = reshape(broadcast_to(values, (rows, values.size)), (-1,))
    return values[:count]
