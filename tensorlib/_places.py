"""Indices of diagonals and triangles, and of places in an array taken as one axis."""

import math

import numpy as np

from tensorlib._arguments import all_beside, anywhere, beside, on_device
from tensorlib._core._functions import asarray, ones
from tensorlib._numpy_code import computed_by
from tensorlib._selection import in_bounds, nonzero


@computed_by(np.diag_indices)
def diag_indices(n, ndim=2):
    """The indices of the main diagonal.

    Parameters
    ----------
    n : int
        The length of each axis.
    ndim : int
        The number of axes.

    Returns
    -------
    tuple of Tensor
        One for each axis, int64.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.zeros((2, 2))
    >>> x[tl.diag_indices(2)] = 5
    >>> x
    tensor([[5., 0.],
            [0., 5.]])
    """


def diag_indices_from(arr):
    """The indices of the main diagonal of an array.

    Parameters
    ----------
    arr : array_like
        At least two axes, all of one length.

    Returns
    -------
    tuple of Tensor
        One for each axis, int64.

    Raises
    ------
    ValueError
        If `arr` has fewer than two axes, or they differ in length.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.diag_indices_from(tl.eye(3))
    (tensor([0, 1, 2]), tensor([0, 1, 2]))
    """
    shape = asarray(arr).shape
    if len(shape) < 2:
        raise ValueError(f"diag_indices_from: input array must be at least 2-d, got shape {shape}")
    if len(set(shape)) > 1:
        raise ValueError(
            f"diag_indices_from: All dimensions of input must be of equal length, got {shape}"
        )
    return _beside(arr, diag_indices(shape[0], len(shape)))


@computed_by(np.tril_indices)
def tril_indices(n, k=0, m=None):
    """The indices of the lower triangle of a matrix.

    Parameters
    ----------
    n : int
        The number of rows.
    k : int
        The last diagonal: 0 is the main one, positive ones are above it.
    m : int, optional
        The number of columns; by default `n`.

    Returns
    -------
    tuple of Tensor
        Rows and columns, int64.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.tril_indices(2)
    (tensor([0, 1, 1]), tensor([0, 0, 1]))
    """


@computed_by(np.triu_indices)
def triu_indices(n, k=0, m=None):
    """The indices of the upper triangle of a matrix.

    Parameters
    ----------
    n : int
        The number of rows.
    k : int
        The first diagonal: 0 is the main one, positive ones are above it.
    m : int, optional
        The number of columns; by default `n`.

    Returns
    -------
    tuple of Tensor
        Rows and columns, int64.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.triu_indices(2)
    (tensor([0, 0, 1]), tensor([0, 1, 1]))
    """


def tril_indices_from(arr, k=0):
    """The indices of the lower triangle of an array of two axes.

    Parameters
    ----------
    arr : array_like
        Two axes.
    k : int
        The last diagonal: 0 is the main one, positive ones are above it.

    Returns
    -------
    tuple of Tensor
        Rows and columns, int64.

    Raises
    ------
    ValueError
        If `arr` has not two axes.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.tril_indices_from(tl.eye(2))
    (tensor([0, 1, 1]), tensor([0, 0, 1]))
    """
    rows, columns = _two("tril_indices_from", arr)
    return _beside(arr, tril_indices(rows, k, columns))


def triu_indices_from(arr, k=0):
    """The indices of the upper triangle of an array of two axes.

    Parameters
    ----------
    arr : array_like
        Two axes.
    k : int
        The first diagonal: 0 is the main one, positive ones are above it.

    Returns
    -------
    tuple of Tensor
        Rows and columns, int64.

    Raises
    ------
    ValueError
        If `arr` has not two axes.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.triu_indices_from(tl.eye(2))
    (tensor([0, 0, 1]), tensor([0, 1, 1]))
    """
    rows, columns = _two("triu_indices_from", arr)
    return _beside(arr, triu_indices(rows, k, columns))


def _two(op, arr):
    shape = asarray(arr).shape
    if len(shape) != 2:
        raise ValueError(f"{op}: expected two axes, got shape {shape}")
    return shape


def mask_indices(n, mask_func, k=0):
    """The indices of the places of a square matrix that a function leaves.

    Parameters
    ----------
    n : int
        The number of rows and columns.
    mask_func : callable
        Called with a matrix of ones and `k`, it returns the matrix with zeros at other places.
    k : object
        The second argument of `mask_func`.

    Returns
    -------
    tuple of Tensor
        Rows and columns, int64.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.mask_indices(2, tl.triu)
    (tensor([0, 0, 1]), tensor([0, 1, 1]))
    """
    return nonzero(mask_func(ones((n, n), int), k) != 0)


@computed_by(np.ravel_multi_index, elsewhere=True)
def ravel_multi_index(multi_index, dims, mode="raise", order="C"):
    """The places in an array taken as one axis, of indices into its axes.

    Parameters
    ----------
    multi_index : tuple of array_like of int
        One for each axis; they broadcast together.
    dims : tuple of int
        The shape of the array.
    mode : {"raise", "wrap", "clip"} or tuple of these
        What to do with an index out of bounds, for all axes or for each.
    order : {"C", "F"}
        In which order the array is taken.

    Returns
    -------
    Tensor
        The broadcast shape, int64.

    Raises
    ------
    TypeError
        If an index is no integer.
    ValueError
        If an index is out of bounds, or there are not as many as axes.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.ravel_multi_index(([3, 6], [4, 5]), (7, 6))
    tensor([22, 41])
    """
    indices = all_beside(*multi_index)
    nothing = tuple([np.empty(0, x.dtype) for x in indices])
    np.ravel_multi_index(nothing, dims, mode, order)  # NumPy's own checks
    modes = [mode] * len(indices) if isinstance(mode, str) else mode
    places, wrong = 0, None
    for x, length, step, how in zip(indices, dims, _steps(dims, order), modes, strict=True):
        if how == "raise":
            outside = (x < 0) | (x >= length)
            wrong = outside if wrong is None else wrong | outside
        places = places + in_bounds("ravel_multi_index", asarray(x, np.intp), length, how) * step
    if wrong is not None and anywhere(wrong):
        raise ValueError("invalid entry in coordinates array")
    return places


@computed_by(np.unravel_index, elsewhere=True)
def unravel_index(indices, shape, order="C"):
    """The indices into the axes of an array, of places in it taken as one axis.

    Parameters
    ----------
    indices : array_like of int
    shape : tuple of int
        That of the array.
    order : {"C", "F"}
        In which order the array is taken.

    Returns
    -------
    tuple of Tensor
        One for each axis; shape of `indices`, int64.

    Raises
    ------
    TypeError
        If `indices` are no integers.
    ValueError
        If an index is out of bounds.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.unravel_index([22, 41], (7, 6))
    (tensor([3, 6]), tensor([4, 5]))
    """
    places = asarray(indices)
    shape = (shape,) if isinstance(shape, int) else shape
    size = math.prod(shape)
    if places.dtype.kind in "biu":
        wrong = (places < 0) | (places >= size)
        if anywhere(wrong):
            found = int(places[wrong][0])
            raise ValueError(f"index {found} is out of bounds for array with size {size}")
    example = np.zeros(places.shape if places.size < 2 else 1, places.dtype)
    np.unravel_index(example, shape, order)  # NumPy's own checks
    places = asarray(places, np.intp)
    steps = _steps(shape, order)
    return tuple([places // step % length for step, length in zip(steps, shape, strict=True)])


def _steps(shape, order):
    """How far apart neighbours along each axis are, in the array taken as one axis."""
    if order == "F":
        return _steps(shape[::-1], "C")[::-1]
    return [math.prod(shape[i + 1 :]) for i in range(len(shape))]


def _beside(arr, indices):
    """Indices on the device of the array that they are for."""
    return tuple([beside(arr, index.numpy()) for index in indices]) if on_device(arr) else indices
