"""Values written into a tensor, by functions; ``x[index] = values`` is the other way."""

import numpy as np

from tensorlib._arguments import beside, elements, integers, named, stays
from tensorlib._core._functions import asarray, broadcast_to, reshape
from tensorlib._core._functions import where as where_ufunc
from tensorlib._core._tensor import Tensor
from tensorlib._selection import along_axis_index, in_bounds
from tensorlib._shape import ravel


def copyto(dst, src, casting="same_kind", where=True):
    """Write values into a tensor, by default everywhere.

    Parameters
    ----------
    dst : Tensor
        Changed in place.
    src : array_like
        Broadcasts to `dst`.
    casting : {"no", "equiv", "safe", "same_kind", "same_value", "unsafe"}
        Which casts are allowed; with "same_value" all that keep each value.
    where : array_like of bool
        Where to write; broadcasts to `dst`.

    Raises
    ------
    TypeError
        If `dst` is no tensor, or `casting` forbids the cast.
    ValueError
        If the shapes do not broadcast to that of `dst`, or a value changes with "same_value".

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.zeros(3)
    >>> tl.copyto(x, [1, 2, 3], where=[True, False, True])
    >>> x
    tensor([1., 0., 3.])
    """
    if not isinstance(dst, Tensor):
        raise TypeError(f"copyto: expected a Tensor, got {type(dst).__name__}")
    weak = type(src) in KINDS
    source = src if weak else asarray(src)
    if not _can_cast(source, dst.dtype, casting):
        raise TypeError(
            f"copyto: cannot cast from {asarray(source).dtype} to {dst.dtype} "
            f"according to the rule {casting!r}"
        )
    source = asarray(source, dst.dtype) if weak else broadcast_to(source, dst.shape)
    where = where if where is True else broadcast_to(asarray(asarray(where), bool), dst.shape)
    if casting == "same_value":
        with named("copyto"):  # NumPy's own check
            written = elements("copyto", src if weak else source)
            written = written if where is True or weak else written[elements("copyto", where)]
            written.astype(dst.dtype, casting=casting)
    if where is not True:
        source = where_ufunc(where, asarray(source, dst.dtype), dst)
    dst[...] = source


# Python scalars and kinds of dtypes, from which each may be cast to those that do not come before.
KINDS = {bool: 0, int: 1, float: 2, complex: 3, "b": 0, "i": 1, "u": 1, "f": 2, "c": 3}


def _can_cast(x, dtype, casting):
    """Whether the rule allows it; of Python scalars, which have no dtype, the kind counts."""
    if casting == "same_value":  # which the values decide
        return True
    if type(x) in KINDS and casting in ("safe", "same_kind"):
        return KINDS[type(x)] <= KINDS.get(dtype.kind, KINDS[float])  # bfloat16 is "V"
    return np.can_cast(asarray(x).dtype, dtype, casting)


def put(a, ind, v, mode="raise"):
    """Write values at places of an array taken as one axis.

    Parameters
    ----------
    a : Tensor
        Changed in place.
    ind : array_like of int
        The places.
    v : array_like
        Repeated where it is shorter than `ind`.
    mode : {"raise", "wrap", "clip"}
        What to do with an index out of bounds.

    Raises
    ------
    IndexError
        If an index is out of bounds.
    TypeError
        If `a` is no tensor, or `ind` are no integers.
    ValueError
        If `mode` is none of the three.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.arange(5)
    >>> tl.put(x, [0, 2], [-44, -55])
    >>> x
    tensor([-44,   1, -55,   3,   4])
    """
    places = integers("put", "ind", ind).reshape(-1)
    values = ravel(beside(a, v))
    if places.size == 0 or values.size == 0:
        return
    places = in_bounds("put", places, asarray(a).size, mode)
    values = values[np.arange(places.size) % values.size]

    def write(flat):
        flat[places] = values

    _flat("put", a, write)


def putmask(a, /, mask, values):
    """Write values where a mask holds.

    Parameters
    ----------
    a : Tensor
        Changed in place.
    mask : array_like of bool
        Shape of `a`.
    values : array_like
        Of the size of `a`, or repeated.

    Raises
    ------
    TypeError
        If `a` is no tensor.
    ValueError
        If the mask has another size.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.arange(5)
    >>> tl.putmask(x, x > 2, x * 10)
    >>> x
    tensor([ 0,  1,  2, 30, 40])
    """
    kept = stays(mask)
    mask = (mask if kept else elements("putmask", mask)).astype(bool, copy=False)
    if mask.size != asarray(a).size:
        raise ValueError(f"putmask: expected a mask of shape {a.shape}, got {mask.shape}")
    if kept:
        values = ravel(beside(a, values))
        repeated = reshape(values[np.arange(mask.size) % max(values.size, 1)], a.shape)
        a[...] = where_ufunc(reshape(mask, a.shape), repeated, a)
        return
    places = np.flatnonzero(mask)
    values = ravel(beside(a, values))
    if places.size and values.size:
        put(a, places, values[places % values.size])


def put_along_axis(arr, indices, values, axis):
    """Write values at an index for each place, along one axis.

    Parameters
    ----------
    arr : Tensor
        Changed in place.
    indices : array_like of int
        As many axes as `arr`; all but `axis` broadcast with it.
    values : array_like
        Broadcasts to `indices`.
    axis : int, optional
        None: `arr` is taken as one axis.

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
    >>> tl.put_along_axis(x, tl.argmax(x, axis=1, keepdims=True), 99, axis=1)
    >>> x
    tensor([[10, 99, 20],
            [99, 40, 50]])
    """
    if axis is None:
        _flat("put_along_axis", arr, lambda flat: put_along_axis(flat, indices, values, 0))
    else:
        arr[along_axis_index("put_along_axis", arr, indices, axis)] = values


def _flat(op, a, write):
    """Let `write` change `a` as one axis."""
    if not isinstance(a, Tensor):
        raise TypeError(f"{op}: expected a Tensor, got {type(a).__name__}")
    if a.flags.c_contiguous:
        write(reshape(a, (a.size,)))
        return
    flat = ravel(a)
    write(flat)
    a[...] = reshape(flat, a.shape)
