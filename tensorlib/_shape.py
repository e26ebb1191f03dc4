"""The shape of an array, and the same elements in another shape."""

from numpy import broadcast_shapes

from tensorlib._arguments import axis_tuple, named
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._exchange import memory_order
from tensorlib._core._functions import asarray, broadcast_to, reshape, transpose


def shape(a):
    """Lengths of the axes.

    Parameters
    ----------
    a : array_like

    Returns
    -------
    tuple of int

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.shape([[1, 2, 3]])
    (1, 3)
    """
    return asarray(a).shape


def ndim(a):
    """Number of axes.

    Parameters
    ----------
    a : array_like

    Returns
    -------
    int

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.ndim([[1, 2, 3]])
    2
    """
    return asarray(a).ndim


def size(a, axis=None):
    """Number of elements, of all axes or along some.

    Parameters
    ----------
    a : array_like
    axis : int or tuple of int, optional

    Returns
    -------
    int

    Raises
    ------
    AxisError
        If an axis is out of bounds.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.size([[1, 2, 3], [4, 5, 6]]), tl.size([[1, 2, 3], [4, 5, 6]], axis=1)
    (6, 3)
    """
    a = asarray(a)
    if axis is None:
        return a.size
    count = 1
    for i in axis_tuple("size", axis, a.ndim):
        count *= a.shape[i]
    return count


def ravel(a, order="C"):
    """All elements along one axis; a view where `a` is contiguous already.

    Parameters
    ----------
    a : array_like
    order : {"C", "F", "A", "K"}
        Last index fastest, first index fastest, "F" only where `a` is Fortran-contiguous, or as the
        elements lie in memory.

    Returns
    -------
    Tensor
        Shape ``(a.size,)``, dtype of `a`.

    Raises
    ------
    ValueError
        If `order` is none of the four.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.ravel([[1, 2], [3, 4]], order="F")
    tensor([1, 3, 2, 4])
    """
    a = _in_order("ravel", a, order)
    return reshape(a if a.flags.c_contiguous else apply(ops.copy, (a,), ("C",)), (a.size,))


def flatten(a, order="C"):
    """A copy of all elements along one axis.

    Parameters
    ----------
    a : array_like
    order : {"C", "F", "A", "K"}
        As in `ravel`.

    Returns
    -------
    Tensor
        Shape ``(a.size,)``, dtype of `a`; never a view.

    Raises
    ------
    ValueError
        If `order` is none of the four.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.asarray([[1, 2], [3, 4]]).flatten()
    tensor([1, 2, 3, 4])
    """
    return reshape(apply(ops.copy, (_in_order("flatten", a, order),), ("C",)), (-1,))


def _in_order(op, a, order):
    """The view of `a` whose elements in C order are those of `a` in `order`."""
    a = asarray(a)
    order = memory_order(op, order, "C")
    if order == "F" or (order == "A" and a.flags.fnc):
        return transpose(a)
    if order == "K":
        return transpose(a, sorted(range(a.ndim), key=lambda i: -abs(a.strides[i])))
    return a


def expand_dims(a, axis):
    """A view with new axes of length one.

    Parameters
    ----------
    a : array_like
    axis : int or tuple of int
        Places of the new axes in the result.

    Returns
    -------
    Tensor
        dtype of `a`; a view.

    Raises
    ------
    AxisError
        If an axis is out of bounds for the result.
    ValueError
        If an axis is named twice.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.expand_dims(tl.zeros((3, 4)), (0, -1)).shape
    (1, 3, 4, 1)
    """
    a = asarray(a)
    count = len(axis) if isinstance(axis, (tuple, list)) else 1
    axes = axis_tuple("expand_dims", axis, a.ndim + count)
    lengths = iter(a.shape)
    return reshape(a, tuple(1 if i in axes else next(lengths) for i in range(a.ndim + count)))


def squeeze(a, axis=None):
    """A view without axes of length one.

    Parameters
    ----------
    a : array_like
    axis : int or tuple of int, optional
        The axes to leave out; by default all of length one.

    Returns
    -------
    Tensor
        dtype of `a`; a view.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    ValueError
        If a named axis is longer than one, or named twice.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.squeeze(tl.zeros((1, 3, 1)), axis=0).shape
    (3, 1)
    """
    a = asarray(a)
    if axis is None:
        return reshape(a, tuple(n for n in a.shape if n != 1))
    axes = axis_tuple("squeeze", axis, a.ndim)
    if any(a.shape[i] != 1 for i in axes):
        raise ValueError(f"squeeze: expected axes of length 1 at {axis}, got shape {a.shape}")
    return reshape(a, tuple(n for i, n in enumerate(a.shape) if i not in axes))


def atleast_1d(*arys):
    """Inputs with at least one axis.

    Parameters
    ----------
    *arys : array_like

    Returns
    -------
    Tensor or tuple of Tensor
        Views; numbers get shape ``(1,)``.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.atleast_1d(3)
    tensor([3])
    """
    return _each(arys, lambda a: reshape(a, (1,)) if a.ndim == 0 else a)


def atleast_2d(*arys):
    """Inputs with at least two axes.

    Parameters
    ----------
    *arys : array_like

    Returns
    -------
    Tensor or tuple of Tensor
        Views; shape ``(n,)`` becomes ``(1, n)``.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.atleast_2d([1, 2])
    tensor([[1, 2]])
    """
    return _each(arys, lambda a: reshape(a, (1,) * (2 - a.ndim) + a.shape) if a.ndim < 2 else a)


def atleast_3d(*arys):
    """Inputs with at least three axes.

    Parameters
    ----------
    *arys : array_like

    Returns
    -------
    Tensor or tuple of Tensor
        Views; shape ``(n,)`` becomes ``(1, n, 1)``, and ``(m, n)`` becomes ``(m, n, 1)``.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.atleast_3d([1, 2]).shape
    (1, 2, 1)
    """

    return _each(arys, lambda a: reshape(a, (*atleast_2d(a).shape, 1)) if a.ndim < 3 else a)


def _each(arrays, change):
    results = tuple(change(asarray(a)) for a in arrays)
    return results[0] if len(results) == 1 else results


def broadcast_arrays(*args, subok=False):
    """Views of the inputs, all of the shape that they broadcast to.

    Parameters
    ----------
    *args : array_like
    subok : bool
        Of no effect, as tensors have no subclasses that functions know.

    Returns
    -------
    tuple of Tensor

    Raises
    ------
    ValueError
        If the shapes do not broadcast together.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.broadcast_arrays([1, 2], [[3], [4]])[0]
    tensor([[1, 2],
            [1, 2]])
    """
    arrays = [asarray(a) for a in args]
    with named("broadcast_arrays"):
        common = broadcast_shapes(*(a.shape for a in arrays))
    return tuple(a if a.shape == common else broadcast_to(a, common) for a in arrays)
