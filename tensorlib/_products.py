"""Products of vectors, matrices and tensors; all sums of products go through `matmul`."""

import math
import warnings

import numpy as np

from tensorlib._arguments import axis_index, axis_tuple, integer, write_out
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import asarray, conjugate, matmul, multiply, reshape
from tensorlib._joining import stack
from tensorlib._manipulation import moveaxis
from tensorlib._shape import expand_dims, ravel


def dot(a, b, out=None):
    """Product over the last axis of `a` and the last but one of `b` (its only one if it has one).

    Parameters
    ----------
    a, b : array_like
        Shapes ``(..., n)`` and ``(..., n, k)`` or ``(n,)``. If either has no axis: `multiply`.
    out : Tensor, optional
        Where to write the result; of exactly its dtype.

    Returns
    -------
    Tensor
        Shape ``a.shape[:-1] + b.shape[:-2] + b.shape[-1:]``, the promoted dtype.

    Raises
    ------
    ValueError
        If the two axes differ in length.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.dot([[1, 2], [3, 4]], [[1, 0], [0, 2]])
    tensor([[1, 4],
            [3, 8]])
    """
    a, b = asarray(a), asarray(b)
    if a.ndim == 0 or b.ndim == 0:
        return write_out("dot", out, multiply(a, b), "no")
    row = max(b.ndim - 2, 0)
    _check_aligned("dot", a, a.ndim - 1, b, row)
    if b.ndim < 3:
        return write_out("dot", out, matmul(a, b), "no")
    return write_out("dot", out, tensordot(a, b, (-1, row)), "no")


def _check_aligned(op, a, axis_of_a, b, axis_of_b):
    if a.shape[axis_of_a] != b.shape[axis_of_b]:
        raise ValueError(
            f"{op}: expected equal lengths along axis {axis_of_a} and axis {axis_of_b}, "
            f"got shapes {a.shape} and {b.shape}"
        )


def vdot(a, b, /):
    """Product of two arrays, each taken as one axis; the first is conjugated.

    Parameters
    ----------
    a, b : array_like
        Of the same size.

    Returns
    -------
    Tensor
        No axes, the promoted dtype.

    Raises
    ------
    ValueError
        If the sizes differ.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.vdot([1 + 2j, 3], [1 + 2j, 1])
    tensor(8.+0.j)
    """
    a, b = ravel(a), ravel(b)
    _check_aligned("vdot", a, 0, b, 0)
    return matmul(conjugate(a) if a.dtype.kind == "c" else a, b)


def inner(a, b, /):
    """Products over the last axes.

    Parameters
    ----------
    a, b : array_like
        Shapes ``(..., n)`` and ``(..., n)``. If either has no axis: `multiply`.

    Returns
    -------
    Tensor
        Shape ``a.shape[:-1] + b.shape[:-1]``, the promoted dtype.

    Raises
    ------
    ValueError
        If the last axes differ in length.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.inner([1, 2, 3], [0, 1, 0])
    tensor(2)
    """
    a, b = asarray(a), asarray(b)
    if a.ndim == 0 or b.ndim == 0:
        return multiply(a, b)
    _check_aligned("inner", a, a.ndim - 1, b, b.ndim - 1)
    return tensordot(a, b, (-1, -1))


def outer(a, b, out=None):
    """All products of an element of `a` with one of `b`, each taken as one axis.

    Parameters
    ----------
    a, b : array_like
    out : Tensor, optional
        Where to write the result.

    Returns
    -------
    Tensor
        Shape ``(a.size, b.size)``, the promoted dtype.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.outer([1, 2], [3, 4, 5])
    tensor([[ 3,  4,  5],
            [ 6,  8, 10]])
    """
    return write_out("outer", out, multiply(expand_dims(ravel(a), 1), ravel(b)))


def tensordot(a, b, axes=2):
    """Product over any axes of two arrays.

    Parameters
    ----------
    a, b : array_like
    axes : int or (int or tuple of int, int or tuple of int)
        The last `axes` axes of `a` and the first of `b`; or the axes of each, in pairs.

    Returns
    -------
    Tensor
        The other axes of `a`, then those of `b`; the promoted dtype.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    ValueError
        If paired axes differ in number or length.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.tensordot(tl.ones((2, 3, 4)), tl.ones((4, 3, 5)), axes=([1, 2], [1, 0])).shape
    (2, 5)
    """
    a, b = asarray(a), asarray(b)
    if np.iterable(axes):
        axes_of_a, axes_of_b = (axis if np.iterable(axis) else (axis,) for axis in axes)
    else:
        count = integer("tensordot", "axes", axes)
        axes_of_a, axes_of_b = range(-count, 0), range(count)
    axes_of_a = axis_tuple("tensordot", tuple(axes_of_a), a.ndim)
    axes_of_b = axis_tuple("tensordot", tuple(axes_of_b), b.ndim)
    lengths = [a.shape[i] for i in axes_of_a]
    if lengths != [b.shape[i] for i in axes_of_b]:
        raise ValueError(
            f"tensordot: expected equal lengths along axes {axes_of_a} and {axes_of_b}, "
            f"got shapes {a.shape} and {b.shape}"
        )
    rows = [i for i in range(a.ndim) if i not in axes_of_a]
    columns = [i for i in range(b.ndim) if i not in axes_of_b]
    row_shape, column_shape = [a.shape[i] for i in rows], [b.shape[i] for i in columns]
    summed = math.prod(lengths)
    a = apply(ops.transpose, (a,), ((*rows, *axes_of_a),))
    b = apply(ops.transpose, (b,), ((*axes_of_b, *columns),))
    left = reshape(a, (math.prod(row_shape), summed))
    right = reshape(b, (summed, math.prod(column_shape)))
    return reshape(matmul(left, right), (*row_shape, *column_shape))


def kron(a, b):
    """Kronecker product: every element of `a` times the whole of `b`.

    Parameters
    ----------
    a, b : array_like
        The one with fewer axes gets axes of length one in front.

    Returns
    -------
    Tensor
        Lengths are the products of the lengths; the promoted dtype.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.kron([1, 10], [1, 2, 3])
    tensor([ 1,  2,  3, 10, 20, 30])
    """
    a, b = asarray(a), asarray(b)
    ndim = max(a.ndim, b.ndim)
    outer_shape = (1,) * (ndim - a.ndim) + a.shape
    inner_shape = (1,) * (ndim - b.ndim) + b.shape
    product = multiply(
        reshape(a, tuple(n for length in outer_shape for n in (length, 1))),
        reshape(b, tuple(n for length in inner_shape for n in (1, length))),
    )
    return reshape(product, tuple(n * m for n, m in zip(outer_shape, inner_shape, strict=True)))


def cross(a, b, axisa=-1, axisb=-1, axisc=-1, axis=None):
    """Cross product of vectors of three components.

    Parameters
    ----------
    a, b : array_like
        They broadcast together, apart from the axes of the vectors. Two components, which NumPy
        deprecates, count as vectors in a plane.
    axisa, axisb, axisc : int
        The axes of the vectors in `a`, `b` and the result.
    axis : int, optional
        One axis for all three.

    Returns
    -------
    Tensor
        The promoted dtype. Of two vectors in a plane the third component alone.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    ValueError
        If the vectors have neither two nor three components.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.cross([1, 0, 0], [0, 1, 0])
    tensor([0, 0, 1])
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = asarray(a), asarray(b)
    if a.ndim == 0 or b.ndim == 0:
        raise ValueError(
            f"cross: At least one array has zero dimension, got shapes {a.shape} and {b.shape}"
        )
    a = moveaxis(a, axis_index("cross", axisa, a.ndim), -1)
    b = moveaxis(b, axis_index("cross", axisb, b.ndim), -1)
    lengths = a.shape[-1], b.shape[-1]
    if not set(lengths) <= {2, 3}:
        raise ValueError(f"cross: expected vectors of 3 components, got {lengths[0]}, {lengths[1]}")
    if 2 in lengths:
        warnings.warn(
            "cross: vectors of 2 components are deprecated; give them a third",
            DeprecationWarning,
            stacklevel=2,
        )
    a0, a1 = a[..., 0], a[..., 1]
    b0, b1 = b[..., 0], b[..., 1]
    third = a0 * b1 - a1 * b0
    if lengths == (2, 2):
        return third
    a2 = a[..., 2] if lengths[0] == 3 else asarray(0, a.dtype)
    b2 = b[..., 2] if lengths[1] == 3 else asarray(0, b.dtype)
    return moveaxis(stack((a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, third), axis=-1), -1, axisc)
