"""An array taken apart."""

import numpy as np

from tensorlib._arguments import along, axis_index, elements, integer, named
from tensorlib._core._functions import asarray


def array_split(ary, indices_or_sections, axis=0):
    """An array cut along an axis, into parts of about equal length or at given places.

    Parameters
    ----------
    ary : array_like
    indices_or_sections : int or sequence of int
        The number of parts, the first of which are longer by one where they cannot be equal; or
        the places of the cuts.
    axis : int

    Returns
    -------
    list of Tensor
        Views.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.
    ValueError
        If the number of parts is not positive.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.array_split(tl.arange(5), 2)
    [tensor([0, 1, 2]), tensor([3, 4])]
    """
    return _split("array_split", asarray(ary), indices_or_sections, axis)


def split(ary, indices_or_sections, axis=0):
    """An array cut along an axis, into equal parts or at given places.

    Parameters
    ----------
    ary : array_like
    indices_or_sections : int or sequence of int
        The number of parts, or the places of the cuts.
    axis : int

    Returns
    -------
    list of Tensor
        Views.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.
    ValueError
        If the parts cannot be equal.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.split(tl.arange(6), 2)
    [tensor([0, 1, 2]), tensor([3, 4, 5])]
    >>> tl.split(tl.arange(6), [1, 3])
    [tensor([0]), tensor([1, 2]), tensor([3, 4, 5])]
    """
    return _split("split", asarray(ary), indices_or_sections, axis, equal=True)


def _split(op, a, cuts, axis, equal=False):
    axis = axis_index(op, axis, a.ndim)
    length = a.shape[axis]
    if np.ndim(cuts) == 0:
        parts = integer(op, "the number of parts", cuts)
        if parts <= 0:
            raise ValueError(f"{op}: expected a number of parts > 0, got {parts}")
        if equal and length % parts:
            raise ValueError(
                f"{op}: expected a length that {parts} divides, got {length} along axis {axis}"
            )
        cuts = [i * (length // parts) + min(i, length % parts) for i in range(1, parts)]
    bounds = [0, *(integer(op, "a cut", cut) for cut in cuts), length]
    front = (slice(None),) * axis
    return [a[(*front, slice(*pair))] for pair in zip(bounds, bounds[1:], strict=False)]


def hsplit(ary, indices_or_sections):
    """An array cut along axis 1, or axis 0 if it has one axis; see `split`.

    Parameters
    ----------
    ary : array_like
    indices_or_sections : int or sequence of int
        The number of parts, or the places of the cuts.

    Returns
    -------
    list of Tensor
        Views.

    Raises
    ------
    ValueError
        If `ary` has no axis, or the parts cannot be equal.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.hsplit(tl.eye(2), 2)[0]
    tensor([[1.],
            [0.]])
    """
    a = _with_axes("hsplit", ary, 1)
    return _split("hsplit", a, indices_or_sections, 0 if a.ndim == 1 else 1, equal=True)


def vsplit(ary, indices_or_sections):
    """An array of at least two axes cut along axis 0; see `split`.

    Parameters
    ----------
    ary : array_like
    indices_or_sections : int or sequence of int
        The number of parts, or the places of the cuts.

    Returns
    -------
    list of Tensor
        Views.

    Raises
    ------
    ValueError
        If `ary` has fewer than two axes, or the parts cannot be equal.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.vsplit(tl.eye(2), 2)[0]
    tensor([[1., 0.]])
    """
    return _split("vsplit", _with_axes("vsplit", ary, 2), indices_or_sections, 0, equal=True)


def dsplit(ary, indices_or_sections):
    """An array of at least three axes cut along axis 2; see `split`.

    Parameters
    ----------
    ary : array_like
    indices_or_sections : int or sequence of int
        The number of parts, or the places of the cuts.

    Returns
    -------
    list of Tensor
        Views.

    Raises
    ------
    ValueError
        If `ary` has fewer than three axes, or the parts cannot be equal.

    Examples
    --------
    >>> import tensorlib as tl
    >>> [part.shape for part in tl.dsplit(tl.zeros((2, 3, 4)), [1])]
    [(2, 3, 1), (2, 3, 3)]
    """
    return _split("dsplit", _with_axes("dsplit", ary, 3), indices_or_sections, 2, equal=True)


def _with_axes(op, a, ndim):
    a = asarray(a)
    if a.ndim < ndim:
        raise ValueError(f"{op}: expected at least {ndim} axes, got shape {a.shape}")
    return a


def unstack(x, /, *, axis=0):
    """The slices along an axis: what `stack` puts together.

    Parameters
    ----------
    x : array_like
    axis : int

    Returns
    -------
    tuple of Tensor
        Views without that axis.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.
    ValueError
        If `x` has no axis.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.unstack([[1, 2], [3, 4]], axis=1)
    (tensor([1, 3]), tensor([2, 4]))
    """
    x = _with_axes("unstack", x, 1)
    axis = axis_index("unstack", axis, x.ndim)
    return tuple(x[(slice(None),) * axis + (i,)] for i in range(x.shape[axis]))


def delete(arr, obj, axis=None):
    """A copy of an array without some slices along an axis.

    Parameters
    ----------
    arr : array_like
    obj : int, slice, or array_like of int or bool
        The slices to leave out.
    axis : int, optional
        By default the array is taken as one axis.

    Returns
    -------
    Tensor
        dtype of `arr`, and its memory layout, if that is Fortran order.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.
    IndexError
        If an index is out of bounds.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.delete([1, 2, 3, 4], [0, 2])
    tensor([2, 4])
    """
    a, axis = along("delete", arr, axis)
    with named("delete"):
        obj = obj if isinstance(obj, slice) else elements("delete", obj)
        kept = np.delete(np.arange(a.shape[axis]), obj)
    kept = a[(slice(None),) * axis + (kept,)]
    return asarray(kept, order="F") if a.ndim > 1 and a.flags.fnc else kept
