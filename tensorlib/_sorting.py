"""Partial orders, orders by several keys, and the order of complex numbers."""

import numpy as np

from tensorlib._arguments import along, axis_index, comparable, computed, followed, named, on_device
from tensorlib._core._functions import argsort, asarray, astype, sort
from tensorlib._selection import take_along_axis


def partition(a, kth, axis=-1, kind="introselect", order=None):
    """Elements ordered so far that one of them is in its place: smaller ones before it.

    Parameters
    ----------
    a : array_like
    kth : int or sequence of int
        The places whose elements are to be those that sorting would put there.
    axis : int, optional
        Along which; None: `a` is taken as one axis.
    kind : {"introselect"}
        The algorithm.
    order : None
        Arrays here have no fields to order by.

    Returns
    -------
    Tensor
        A copy; shape and dtype of `a`. Differentiable.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.
    TypeError
        If `kth` are no integers.
    ValueError
        If `kth` is out of bounds.

    See Also
    --------
    argpartition, sort

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.partition([7, 1, 5, 2, 6], 2)
    >>> x[2]
    tensor(5)
    """
    a = asarray(a)
    if followed(a):
        a, axis = along("partition", a, axis)
        return take_along_axis(a, argpartition(a, kth, axis, kind, order), axis)
    if on_device(a):
        return sort(*_checked("partition", a, kth, axis, kind, order))
    with named("partition"):
        values = np.partition(comparable("partition", a), kth, axis, kind, order)
    return asarray(values, a.dtype)


def argpartition(a, kth, axis=-1, kind="introselect", order=None):
    """The indices that would put elements into the order of `partition`.

    Parameters
    ----------
    a : array_like
    kth : int or sequence of int
        The places whose elements are to be those that sorting would put there.
    axis : int, optional
        Along which; None: `a` is taken as one axis.
    kind : {"introselect"}
        The algorithm.
    order : None
        Arrays here have no fields to order by.

    Returns
    -------
    Tensor
        Shape of `a`, int64.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.
    TypeError
        If `kth` are no integers.
    ValueError
        If `kth` is out of bounds.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.asarray([30, 10, 20])
    >>> x[tl.argpartition(x, 0)[0]]
    tensor(10)
    """
    if on_device(a):
        return argsort(*_checked("argpartition", a, kth, axis, kind, order))
    with named("argpartition"):
        return computed("argpartition", lambda a: np.argpartition(a, kth, axis, kind, order), a)


def _checked(op, a, kth, axis, kind, order):
    """What to sort on a device, where that is how a part of it is done, and along which axis."""
    a, axis = along(op, a, axis)
    length = a.shape[axis]
    with named(op):
        np.partition(np.zeros(1), 0, 0, kind, order)
        if np.asarray(kth).dtype.kind not in "iu":
            raise TypeError("Partition index must be integer")
        for k in np.ravel(kth).tolist():
            if not -length <= k < length:
                raise ValueError(f"kth(={k}) out of bounds ({length})")
    return a, axis


def lexsort(keys, axis=-1):
    """The indices that sort by several keys, of which the last counts most.

    Parameters
    ----------
    keys : sequence of array_like, or array_like
        Arrays of one shape; of an array of more axes, the rows.
    axis : int
        Of each key, along which to sort.

    Returns
    -------
    Tensor
        Shape of a key, int64. Equal elements stay in order.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.
    TypeError
        If there is no key.
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> import tensorlib as tl
    >>> surnames, names = [2, 1, 2], [5, 6, 4]
    >>> tl.lexsort((names, surnames))
    tensor([1, 2, 0])
    """
    several = isinstance(keys, (list, tuple))
    if any(map(on_device, keys if several else [keys])):
        return _sorted_by([asarray(key) for key in keys], axis)
    with named("lexsort"):
        return computed("lexsort", lambda *keys: np.lexsort(keys if several else keys[0], axis),
                        *(keys if several else [keys]))  # fmt: skip


def _sorted_by(keys, axis):
    """`lexsort` on a device: by each key in turn, where equal elements stay in order."""
    axis = axis_index("lexsort", axis, keys[0].ndim)
    if len({key.shape for key in keys}) > 1:
        raise ValueError("lexsort: all keys need to be the same shape")
    order = argsort(keys[0], axis)
    for key in keys[1:]:
        places = argsort(take_along_axis(key, order, axis), axis)
        order = take_along_axis(order, places, axis)
    return order


def sort_complex(a):
    """The elements as complex numbers, sorted along the last axis by real, then imaginary part.

    Parameters
    ----------
    a : array_like

    Returns
    -------
    Tensor
        Shape of `a`; complex64 for complex64 and integers of up to 16 bits, else complex128.
        Differentiable.

    Raises
    ------
    AxisError
        If `a` has no axis.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.sort_complex([2, 1 + 2j, 1 - 1j])
    tensor([1.-1.j, 1.+2.j, 2.+0.j])
    """
    ordered = sort(asarray(a))
    if ordered.dtype.kind == "c":
        return ordered
    small = ordered.dtype.char in "bhBH"
    return astype(ordered, np.complex64 if small else np.complex128)
