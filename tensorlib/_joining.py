"""Arrays joined into one."""

import numpy as np

from tensorlib._arguments import along, axis_index, beside, elements, named, promoted, write_out
from tensorlib._core import _exchange
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import asarray, broadcast_to, reshape, transpose
from tensorlib._core._shapes import join_alike
from tensorlib._manipulation import moveaxis
from tensorlib._shape import atleast_1d, atleast_2d, atleast_3d, expand_dims, ravel


def concatenate(arrays, /, axis=0, out=None, *, dtype=None, casting="same_kind"):
    """Arrays joined along an axis that they have.

    Parameters
    ----------
    arrays : sequence of array_like
        Of equal shape, except along `axis`.
    axis : int, optional
        None: the arrays are taken as one axis each.
    out : Tensor, optional
        Where to write the result.
    dtype : dtype, optional
        Of the result; by default the promoted one. Not together with `out`.
    casting : {"no", "equiv", "safe", "same_kind", "unsafe"}
        Which casts are allowed.

    Returns
    -------
    Tensor

    Raises
    ------
    AxisError
        If `axis` is out of bounds.
    TypeError
        If `casting` forbids a cast, or `out` and `dtype` are both given.
    ValueError
        If there is no array, or the shapes do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.concatenate(([[1, 2]], [[3, 4], [5, 6]]))
    tensor([[1, 2],
            [3, 4],
            [5, 6]])
    """
    if out is None and dtype is None and casting == "same_kind" and type(axis) is int:
        joined = join_alike(arrays, axis, False)
        if joined is not None:
            return joined
    return _join("concatenate", arrays, axis, out, dtype, casting)


def _join(op, arrays, axis, out=None, dtype=None, casting="same_kind"):
    """Concatenate; the kernel promotes dtypes and checks shapes."""
    arrays = sequence(op, arrays)
    if axis is None and any(type(a) in (int, float, complex) for a in arrays):
        arrays = promoted(*arrays)  # numbers are weak
    arrays = [asarray(a) for a in arrays]
    if axis is None:
        arrays, axis = [ravel(a) for a in arrays], 0
    if arrays and arrays[0].ndim:
        axis = axis_index(op, axis, arrays[0].ndim)
    if out is not None or dtype is not None or casting != "same_kind":
        arrays = _cast(op, arrays, out, dtype, casting)
    return write_out(op, out, apply(ops.concatenate, tuple(arrays), (axis,)), casting)


def sequence(op, arrays):
    """The arrays to join; an iterator is none, as it could be used once only."""
    if not hasattr(arrays, "__getitem__"):
        raise TypeError(
            f'{op}: arrays to stack must be passed as a "sequence" type such as list or tuple, '
            f"got {type(arrays).__name__}"
        )
    return arrays


def _cast(op, arrays, out, dtype, casting):
    if out is not None and dtype is not None:
        raise TypeError(f"{op}: expected out or dtype, got both")
    dtypes = {a.dtype for a in arrays}
    target = out.dtype if out is not None else dtype
    target = np.result_type(*dtypes) if target is None else np.dtype(target)
    for found in dtypes | {target}:  # the target too: it checks the rule
        if not np.can_cast(found, target, casting):
            raise TypeError(
                f"{op}: cannot cast array data from {found} to {target} "
                f"according to the rule {casting!r}"
            )
    return [asarray(a, target) for a in arrays]


def stack(arrays, axis=0, out=None, *, dtype=None, casting="same_kind"):
    """Arrays joined along a new axis.

    Parameters
    ----------
    arrays : sequence of array_like
        All of the same shape.
    axis : int
        Where the new axis is in the result.
    out : Tensor, optional
        Where to write the result.
    dtype : dtype, optional
        Of the result; by default the promoted one. Not together with `out`.
    casting : {"no", "equiv", "safe", "same_kind", "unsafe"}
        Which casts are allowed.

    Returns
    -------
    Tensor
        One axis more than the arrays have.

    Raises
    ------
    AxisError
        If `axis` is out of bounds for the result.
    TypeError
        If `casting` forbids a cast, or `out` and `dtype` are both given.
    ValueError
        If there is no array, or the shapes differ.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.stack(([1, 2], [3, 4]), axis=1)
    tensor([[1, 3],
            [2, 4]])
    """
    if out is None and dtype is None and casting == "same_kind" and type(axis) is int:
        joined = join_alike(arrays, axis, True)
        if joined is not None:
            return joined
    arrays = [asarray(a) for a in sequence("stack", arrays)]
    if not arrays:
        raise ValueError("stack: need at least one array to stack, got none")
    for a in arrays:
        if a.shape != arrays[0].shape:
            raise ValueError(
                "stack: all input arrays must have the same shape, "
                f"got {arrays[0].shape} and {a.shape}"
            )
    axis = axis_index("stack", axis, arrays[0].ndim + 1)
    return _join("stack", [expand_dims(a, axis) for a in arrays], axis, out, dtype, casting)


def vstack(tup, *, dtype=None, casting="same_kind"):
    """Arrays joined along axis 0; those of one axis count as rows.

    Parameters
    ----------
    tup : sequence of array_like
        Of equal shape, except along axis 0.
    dtype : dtype, optional
        Of the result; by default the promoted one.
    casting : {"no", "equiv", "safe", "same_kind", "unsafe"}
        Which casts are allowed.

    Returns
    -------
    Tensor
        At least two axes.

    Raises
    ------
    ValueError
        If there is no array, or the shapes do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.vstack(([1, 2], [3, 4]))
    tensor([[1, 2],
            [3, 4]])
    """
    arrays = [atleast_2d(a) for a in sequence("vstack", tup)]
    return _join("vstack", arrays, 0, dtype=dtype, casting=casting)


def hstack(tup, *, dtype=None, casting="same_kind"):
    """Arrays joined along axis 1; those of one axis along axis 0.

    Parameters
    ----------
    tup : sequence of array_like
        Of equal shape, except along the axis of joining.
    dtype : dtype, optional
        Of the result; by default the promoted one.
    casting : {"no", "equiv", "safe", "same_kind", "unsafe"}
        Which casts are allowed.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If there is no array, or the shapes do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.hstack(([[1], [2]], [[3], [4]]))
    tensor([[1, 3],
            [2, 4]])
    """
    arrays = [atleast_1d(a) for a in sequence("hstack", tup)]
    axis = 0 if arrays and arrays[0].ndim == 1 else 1
    return _join("hstack", arrays, axis, dtype=dtype, casting=casting)


def dstack(tup):
    """Arrays joined along axis 2; ``(n,)`` counts as ``(1, n, 1)``, ``(m, n)`` as ``(m, n, 1)``.

    Parameters
    ----------
    tup : sequence of array_like
        Of equal shape, except along axis 2.

    Returns
    -------
    Tensor
        At least three axes.

    Raises
    ------
    ValueError
        If there is no array, or the shapes do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.dstack(([1, 2], [3, 4]))
    tensor([[[1, 3],
             [2, 4]]])
    """
    return _join("dstack", [atleast_3d(a) for a in sequence("dstack", tup)], 2)


def column_stack(tup):
    """Matrices and columns, arrays of one axis, side by side.

    Parameters
    ----------
    tup : sequence of array_like
        Shapes ``(n,)`` or ``(n, ...)``.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If there is no array, or the shapes do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.column_stack(([1, 2], [3, 4]))
    tensor([[1, 3],
            [2, 4]])
    """
    arrays = map(asarray, sequence("column_stack", tup))
    arrays = [a if a.ndim > 1 else transpose(atleast_2d(a)) for a in arrays]
    return _join("column_stack", arrays, 1)


def block(arrays):
    """An array put together from blocks, given as nested lists.

    Parameters
    ----------
    arrays : nested list of array_like
        The innermost lists are joined along the last axis, those around them along the one before,
        and so on.

    Returns
    -------
    Tensor

    Raises
    ------
    TypeError
        If a tuple stands where a list is meant.
    ValueError
        If lists are empty or nested to different depths, or the shapes do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.block([[tl.eye(2), tl.zeros((2, 1))], [tl.ones((1, 3))]])
    tensor([[1., 0., 0.],
            [0., 1., 0.],
            [1., 1., 1.]])
    """
    depth = _block_depth(arrays)
    leaves = _block_leaves(arrays)
    ndim = max(depth, *(a.ndim for a in leaves))
    dtype = np.result_type(*(a.dtype for a in leaves))

    def join(node, level):
        if level == depth:
            a = asarray(node, dtype)
            return reshape(a, (1,) * (ndim - a.ndim) + a.shape)
        parts = [join(child, level + 1) for child in node]
        return _join("block", parts, ndim - depth + level)

    result = join(arrays, 0)
    return apply(ops.copy, (result,), ("K",)) if depth == 0 else result


def _block_depth(node):
    if isinstance(node, tuple):
        raise TypeError("block: expected lists and arrays, got a tuple")
    if not isinstance(node, list):
        return 0
    depths = {_block_depth(child) for child in node}
    if len(depths) != 1:
        what = "lists of different depths" if depths else "an empty list"
        raise ValueError(f"block: List depths are mismatched or zero, got {what}")
    return 1 + depths.pop()


def _block_leaves(node):
    if not isinstance(node, list):
        return [asarray(node)]
    return [leaf for child in node for leaf in _block_leaves(child)]


def append(arr, values, axis=None):
    """A copy of an array with values after its end.

    Parameters
    ----------
    arr : array_like
    values : array_like
        Shape of `arr`, except along `axis`.
    axis : int, optional
        By default both are taken as one axis.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.append([1, 2], [[3], [4]])
    tensor([1, 2, 3, 4])
    """
    return _join("append", (arr, values), axis)


def insert(arr, obj, values, axis=None):
    """A copy of an array with values before given places along an axis.

    Parameters
    ----------
    arr : array_like
    obj : int, slice, or array_like of int or bool
        Before which places of `arr`.
    values : array_like
        Cast to the dtype of `arr` and broadcast to one slice for each place.
    axis : int, optional
        By default the array is taken as one axis.

    Returns
    -------
    Tensor
        dtype of `arr`.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.
    IndexError
        If a place is out of bounds or no integer.
    ValueError
        If the places have more than one axis, or the values do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.insert([1, 2, 3], [1, 3], [8, 9])
    tensor([1, 8, 2, 3, 9])
    """
    a, axis = along("insert", arr, axis)
    values = asarray(asarray(beside(a, values)), a.dtype)
    length = a.shape[axis]
    if isinstance(obj, slice):
        obj = np.arange(*obj.indices(length))
    places = elements("insert", obj)
    if places.ndim > 1:
        raise ValueError(f"insert: expected obj of at most one axis, got shape {places.shape}")
    places = np.flatnonzero(places) if places.dtype == bool else places
    if places.dtype.kind not in "iu":
        raise IndexError(f"insert: expected obj to be integers or bools, got {places.dtype}")
    for place in places[(places < -length) | (places > length)][:1]:
        raise IndexError(
            f"insert: index {place} is out of bounds for axis {axis} with size {length}"
        )
    if places.size == 1:
        # One place takes all slices of the values; an int broadcasts as an index does.
        if values.ndim < a.ndim:
            values = reshape(values, (1,) * (a.ndim - values.ndim) + values.shape)
        values = moveaxis(values, 0, axis) if places.ndim == 0 else values
        count = values.shape[axis]
        places = np.repeat(places, count)
    count = places.size
    with named("insert"):
        order = np.insert(np.arange(length), places, np.arange(length, length + count))
    lengths = (*a.shape[:axis], count, *a.shape[axis + 1 :])
    both = _join("insert", (a, broadcast_to(values, lengths)), axis)
    return both[(slice(None),) * axis + (order,)]


# Sequences of tensors that require a gradient: what asarray does with other sequences.
_exchange.set_join(stack)
