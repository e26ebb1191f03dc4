"""Products of matrices and vectors, with the signatures of the array API standard."""

import numpy as np
from numpy.linalg import LinAlgError

from tensorlib import _manipulation, _products, _selection
from tensorlib._arguments import axis_index, write_out
from tensorlib._core import _functions
from tensorlib._core._functions import asarray
from tensorlib._manipulation import moveaxis


def matmul(x1, x2, /):
    """Matrix product, over stacks of matrices.

    Parameters
    ----------
    x1, x2 : array_like
        Shapes ``(..., m, n)`` and ``(..., n, k)``, or ``(n,)`` for a vector.

    Returns
    -------
    Tensor
        Shape ``(..., m, k)``, without the dimensions that a vector lacks; the promoted dtype.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.linalg.matmul([[1, 2], [3, 4]], [1, 1])
    tensor([3, 7])
    """
    return _functions.matmul(x1, x2)


def vecdot(x1, x2, /, *, axis=-1):
    """Inner products of vectors, the first conjugated.

    Parameters
    ----------
    x1, x2 : array_like
        They broadcast together, apart from `axis`.
    axis : int
        The axis of the vectors in both.

    Returns
    -------
    Tensor
        The broadcast shape without `axis`, the promoted dtype.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.linalg.vecdot([[1, 2], [3, 4]], [1, 1])
    tensor([3, 7])
    """
    if axis != -1:
        x1, x2 = asarray(x1), asarray(x2)
        x1 = moveaxis(x1, axis_index("vecdot", axis, x1.ndim), -1)
        x2 = moveaxis(x2, axis_index("vecdot", axis, x2.ndim), -1)
    return _functions.vecdot(x1, x2)


def outer(x1, x2, /):
    """All products of an element of one vector with one of another.

    Parameters
    ----------
    x1, x2 : array_like
        One axis each.

    Returns
    -------
    Tensor
        Shape ``(x1.size, x2.size)``, the promoted dtype.

    Raises
    ------
    ValueError
        If an argument has not one axis.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.linalg.outer([1, 2], [3, 4])
    tensor([[3, 4],
            [6, 8]])
    """
    x1, x2 = asarray(x1), asarray(x2)
    if x1.ndim != 1 or x2.ndim != 1:
        raise ValueError(
            f"outer: Input arrays must be one-dimensional, got shapes {x1.shape} and {x2.shape}"
        )
    return _products.outer(x1, x2)


def cross(x1, x2, /, *, axis=-1):
    """Cross product of vectors of three components.

    Parameters
    ----------
    x1, x2 : array_like
        They broadcast together.
    axis : int
        The axis of the vectors.

    Returns
    -------
    Tensor
        The broadcast shape, the promoted dtype.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.
    ValueError
        If the vectors have not three components.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.linalg.cross([1, 0, 0], [0, 1, 0])
    tensor([0, 0, 1])
    """
    x1, x2 = asarray(x1), asarray(x2)
    lengths = [x.shape[axis_index("cross", axis, x.ndim)] for x in (x1, x2)]
    if lengths != [3, 3]:
        raise ValueError(
            "cross: Both input arrays must be (arrays of) 3-dimensional vectors, "
            f"but they are {lengths[0]} and {lengths[1]} dimensional"
        )
    return _products.cross(x1, x2, axis=axis)


def tensordot(x1, x2, /, *, axes=2):
    """Product over any axes of two arrays.

    Parameters
    ----------
    x1, x2 : array_like
    axes : int or (int or tuple of int, int or tuple of int)
        The last `axes` axes of `x1` and the first of `x2`; or the axes of each, in pairs.

    Returns
    -------
    Tensor
        The other axes of `x1`, then those of `x2`; the promoted dtype.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    ValueError
        If paired axes differ in number or length.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.linalg.tensordot(tl.ones((2, 3, 4)), tl.ones((3, 4, 5))).shape
    (2, 5)
    """
    return _products.tensordot(x1, x2, axes)


def matrix_transpose(x, /):
    """Transpose of a matrix, or of each matrix of a stack.

    Parameters
    ----------
    x : array_like
        Shape ``(..., m, n)``.

    Returns
    -------
    Tensor
        Shape ``(..., n, m)``: a view.

    Raises
    ------
    ValueError
        If `x` has fewer than two dimensions.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.linalg.matrix_transpose([[1, 2], [3, 4]])
    tensor([[1, 3],
            [2, 4]])
    """
    x = asarray(x)
    if x.ndim < 2:
        raise ValueError(
            f"matrix_transpose: array must be at least 2-dimensional, got shape {x.shape}"
        )
    return _manipulation.matrix_transpose(x)


def diagonal(x, /, *, offset=0):
    """Diagonal of a matrix, or of each matrix of a stack.

    Parameters
    ----------
    x : array_like
        Shape ``(..., m, n)``.
    offset : int
        Which diagonal: positive above the main one, negative below.

    Returns
    -------
    Tensor
        The diagonals as the last axis: a view.

    Raises
    ------
    ValueError
        If `x` has fewer than two dimensions.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.linalg.diagonal([[[1, 2], [3, 4]], [[5, 6], [7, 8]]])
    tensor([[1, 4],
            [5, 8]])
    """
    return _selection.diagonal(x, offset, -2, -1)


def trace(x, /, *, offset=0, dtype=None):
    """Sum of the diagonal of a matrix, or of each matrix of a stack.

    Parameters
    ----------
    x : array_like
        Shape ``(..., m, n)``.
    offset : int
        Which diagonal: positive above the main one, negative below.
    dtype : dtype, optional
        In which to add up, and of the result.

    Returns
    -------
    Tensor
        Shape ``(...)``; dtype of `x`, but at least int64 for integers.

    Raises
    ------
    ValueError
        If `x` has fewer than two dimensions.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.linalg.trace([[[1, 2], [3, 4]], [[5, 6], [7, 8]]])
    tensor([ 5, 13])
    """
    return _selection.trace(x, offset, -2, -1, dtype)


def multi_dot(arrays, *, out=None):
    """Product of several matrices, in the order that needs the fewest multiplications.

    Parameters
    ----------
    arrays : sequence of array_like
        At least two, of two dimensions each; the first and the last may be vectors, a row and a
        column.
    out : Tensor, optional
        Where to write the result; of exactly its dtype.

    Returns
    -------
    Tensor
        Shape ``(rows of the first, columns of the last)``, without that of a vector.

    Raises
    ------
    LinAlgError
        If an array is no matrix.
    ValueError
        If there are fewer than two arrays, or their shapes do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> a, b, c = tl.ones((2, 9)), tl.ones((9, 2)), tl.ones(2)
    >>> tl.linalg.multi_dot([a, b, c])
    tensor([18., 18.])
    """
    if len(arrays) < 2:
        raise ValueError(f"multi_dot: expected at least two arrays, got {len(arrays)}")
    if len(arrays) == 2:
        return _products.dot(*arrays, out)
    arrays = [asarray(a) for a in arrays]
    first, last = arrays[0].ndim == 1, arrays[-1].ndim == 1
    if first:
        arrays[0] = arrays[0][None, :]
    if last:
        arrays[-1] = arrays[-1][:, None]
    for a in arrays:
        if a.ndim != 2:
            raise LinAlgError(f"multi_dot: expected two-dimensional arrays, got shape {a.shape}")
    splits = _best_splits([a.shape[0] for a in arrays] + [arrays[-1].shape[1]])

    def product(i, j):
        """Of the arrays i, ..., j."""
        if i == j:
            return arrays[i]
        k = splits[i, j]
        return _functions.matmul(product(i, k), product(k + 1, j))

    result = product(0, len(arrays) - 1)
    if first or last:
        result = result[0 if first else slice(None), 0 if last else slice(None)]
    return write_out("multi_dot", out, result, "no")


def _best_splits(lengths):
    """Where to split each run of matrices, of `lengths[i]` rows and `lengths[i + 1]` columns, in
    two; by dynamic programming over ever longer runs."""
    count = len(lengths) - 1
    cost = np.zeros((count, count))
    splits = {}
    for i, j in ((i, i + n) for n in range(1, count) for i in range(count - n)):
        costs = [
            cost[i, k] + cost[k + 1, j] + float(lengths[i]) * lengths[k + 1] * lengths[j + 1]
            for k in range(i, j)
        ]
        cost[i, j] = min(costs)
        splits[i, j] = i + costs.index(cost[i, j])
    return splits
