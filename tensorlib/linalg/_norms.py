"""Norms, and what follows from them: the condition and the rank of a matrix."""

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple
from numpy.linalg import LinAlgError

from tensorlib._arguments import anywhere, axis_tuple, followed
from tensorlib._core._autocast import in_float32
from tensorlib._core._functions import (
    absolute,
    any,
    asarray,
    conjugate,
    equal,
    isnan,
    logical_and,
    logical_not,
    max,
    min,
    power,
    reshape,
    sqrt,
    sum,
    transpose,
)
from tensorlib._core._tensor import Tensor
from tensorlib._creation import eye
from tensorlib._manipulation import moveaxis
from tensorlib._products import dot
from tensorlib._selection import where
from tensorlib._shape import ravel
from tensorlib._statistics import count_nonzero
from tensorlib.linalg._checks import square_matrices
from tensorlib.linalg._decompositions import svd, svdvals
from tensorlib.linalg._equations import inv, slogdet

FROBENIUS = ("f", "fro")


@in_float32
def norm(x, ord=None, axis=None, keepdims=False):
    """Norm of vectors or matrices.

    Parameters
    ----------
    x : array_like
    ord : {None, "fro", "nuc", inf, -inf} or float
        Of vectors ``sum(abs(x)**ord)**(1/ord)``, the largest or smallest absolute value for `inf`
        and `-inf`, the number of elements that are not zero for 0. Of matrices 1 and -1 for the
        largest and smallest sum of a column, `inf` and `-inf` for those of a row, 2 and -2 for the
        largest and smallest singular value, "nuc" for their sum, and "fro" for the root of the sum
        of the squares of all elements, which is also the default of everything.
    axis : int or tuple of two ints, optional
        The axis of the vectors, or the two axes of the matrices. By default all of `x` is one
        vector (if `ord` is None, whatever its dimensions) or one matrix.
    keepdims : bool
        Whether the axes stay, with length one.

    Returns
    -------
    Tensor
        Real; float64 for integers, else of the precision of `x`.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    TypeError
        If `axis` is no integer or tuple.
    ValueError
        If there are more than two axes, or `ord` is unknown.

    Notes
    -----
    The gradient at zero is zero.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.linalg.norm([3.0, 4.0])
    tensor(5.)
    >>> tl.linalg.norm([[1.0, -2.0], [3.0, 4.0]], ord=1, axis=0)
    tensor([4., 6.])
    """
    x = asarray(x)
    if x.dtype.kind in "biu":
        x = x.astype(float)
    ndim = x.ndim
    if axis is None:
        if ord is None or (ndim == 2 and ord in FROBENIUS) or (ndim == 1 and ord == 2):
            result = _length(x)
            return reshape(result, (1,) * ndim) if keepdims else result
        axis = tuple(range(ndim))
    elif not isinstance(axis, tuple):
        try:
            axis = (int(axis),)
        except Exception:
            raise TypeError(
                f"norm: expected axis to be None, an integer or a tuple of integers, got {axis!r}"
            ) from None
    axis = normalize_axis_tuple(axis, ndim, "norm", allow_duplicate=True)
    if len(axis) == 1:
        return _vector_norm(x, ord, axis, keepdims)
    if len(axis) != 2:
        raise ValueError(f"norm: expected one or two axes, got {len(axis)}")
    if axis[0] == axis[1]:
        raise ValueError(f"norm: expected two different axes, got {axis}")
    return _matrix_norm(x, ord, axis, keepdims)


def _length(x):
    """The root of the sum of all squares, as a product of vectors."""
    if x.ndim != 1:
        x = reshape(x, (-1,))
    parts = (x.real, x.imag) if x.dtype.kind == "c" else (x,)
    squares = [dot(part, part) for part in parts]
    return _without_slope_at_zero(
        sqrt, squares[0] if len(squares) == 1 else squares[0] + squares[1]
    )


def _squares(x):
    return (conjugate(x) * x).real if x.dtype.kind == "c" else x * x


def _without_slope_at_zero(f, x):
    """``f(x)``, whose gradient is zero where x is."""
    if not followed(x):
        return f(x)
    at_zero = equal(x, 0)
    with np.errstate(divide="ignore"):
        value = f(asarray(0, dtype=x.dtype))
    return where(at_zero, value, f(where(at_zero, 1, x)))


def _vector_norm(x, ord, axis, keepdims):
    if ord is None or ord == 2:
        return _without_slope_at_zero(sqrt, sum(_squares(x), axis=axis, keepdims=keepdims))
    if isinstance(ord, str):
        raise ValueError(f"norm: Invalid norm order {ord!r} for vectors")
    sizes = absolute(x)
    if ord == np.inf:
        return max(sizes, axis=axis, keepdims=keepdims, initial=0)
    if ord == -np.inf:
        return min(sizes, axis=axis, keepdims=keepdims)
    if ord == 0:
        return sum((x != 0).astype(sizes.dtype), axis=axis, keepdims=keepdims)
    if ord == 1:
        return sum(sizes, axis=axis, keepdims=keepdims)
    ord = asarray(ord, dtype=sizes.dtype)
    powers = _without_slope_at_zero(lambda s: power(s, ord), sizes)
    total = sum(powers, axis=axis, keepdims=keepdims)
    return _without_slope_at_zero(lambda s: power(s, 1 / ord), total)


def _matrix_norm(x, ord, axis, keepdims):
    if ord in (None, *FROBENIUS):
        return _without_slope_at_zero(sqrt, sum(_squares(x), axis=axis, keepdims=keepdims))
    if ord in (2, -2, "nuc"):
        values = svdvals(moveaxis(x, axis, (-2, -1)))
        if ord == "nuc":
            result = sum(values, axis=-1)
        else:
            result = max(values, axis=-1, initial=0) if ord == 2 else min(values, axis=-1)
        return _with_axes(result, x.shape, axis) if keepdims else result
    if ord not in (1, -1, np.inf, -np.inf):
        raise ValueError(f"norm: Invalid norm order {ord!r} for matrices")
    summed, compared = axis if ord in (1, -1) else axis[::-1]
    sums = sum(absolute(x), axis=summed, keepdims=True)
    if ord > 0:
        result = max(sums, axis=compared, keepdims=True, initial=0)
    else:
        result = min(sums, axis=compared, keepdims=True)
    kept = tuple(n for i, n in enumerate(x.shape) if i not in axis)
    return result if keepdims else reshape(result, kept)


def _with_axes(reduced, shape, axis):
    """A reduced tensor with its axes back, of length one."""
    return reshape(reduced, tuple(1 if i in axis else n for i, n in enumerate(shape)))


def vector_norm(x, /, *, axis=None, keepdims=False, ord=2):
    """Norm of vectors, which may have several axes.

    Parameters
    ----------
    x : array_like
    axis : int or tuple of int, optional
        The axes that make up a vector; by default all.
    keepdims : bool
        Whether the axes stay, with length one.
    ord : {inf, -inf} or float
        As for `norm`.

    Returns
    -------
    Tensor
        Real; float64 for integers, else of the precision of `x`.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    ValueError
        If an axis is given twice, or `ord` is no norm of vectors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.linalg.vector_norm(tl.ones((2, 3, 4)), axis=(0, 2)) ** 2
    tensor([8., 8., 8.])
    """
    x = asarray(x)
    axes = axis_tuple("vector_norm", axis, x.ndim)
    if axis is None:
        result = norm(ravel(x), ord, 0)
    elif len(axes) == 1:
        result = norm(x, ord, axes[0])
    else:
        rest = tuple(i for i in range(x.ndim) if i not in axes)
        kept = tuple(x.shape[i] for i in rest)
        size = int(np.prod([x.shape[i] for i in axes], dtype=int))
        result = norm(reshape(transpose(x, (*axes, *rest)), (size, *kept)), ord, 0)
    return _with_axes(result, x.shape, axes) if keepdims else result


def matrix_norm(x, /, *, keepdims=False, ord="fro"):
    """Norm of matrices.

    Parameters
    ----------
    x : array_like
        Shape ``(..., m, n)``.
    keepdims : bool
        Whether the last two axes stay, with length one.
    ord : {"fro", "nuc", 1, -1, 2, -2, inf, -inf}
        As for `norm`.

    Returns
    -------
    Tensor
        Shape ``(...)``, real; float64 for integers, else of the precision of `x`.

    Raises
    ------
    AxisError
        If `x` has fewer than two dimensions.
    ValueError
        If `ord` is no norm of matrices.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.linalg.matrix_norm([[3.0, 0.0], [0.0, -4.0]], ord="nuc")
    tensor(7.)
    """
    return norm(x, ord, (-2, -1), keepdims)


def cond(x, p=None):
    """Condition number of a matrix: its norm times that of its inverse.

    Parameters
    ----------
    x : array_like
        Shape ``(..., m, n)``; square unless `p` is None, 2 or -2.
    p : {None, 1, -1, 2, -2, inf, -inf, "fro", "nuc"}
        Which norm, by default 2: the ratio of the largest to the smallest singular value.

    Returns
    -------
    Tensor
        Shape ``(...)``, real; infinite for a singular matrix.

    Raises
    ------
    LinAlgError
        If a matrix is empty or not square.
    ValueError
        If `p` is no norm of matrices.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.linalg.cond([[2.0, 0.0], [0.0, 0.5]])
    tensor(4.)
    """
    x = asarray(x)
    if x.size == 0 and 0 in x.shape[-2:]:
        raise LinAlgError("cond: is not defined on empty arrays")
    with np.errstate(all="ignore"):
        if p is None or p in (2, -2):
            values = svd(x, compute_uv=False)
            large, small = values[..., 0], values[..., -1]
            result = small / large if p == -2 else large / small
        else:
            x = square_matrices("cond", x)
            singular = equal(slogdet(x.detach()).sign, 0)
            unit = eye(x.shape[-1], dtype=x.dtype, device=x.device)
            inverse = inv(where(singular[..., None, None], unit, x))
            product = norm(x, p, (-2, -1)) * norm(inverse, p, (-2, -1))
            result = where(singular, np.nan, product)
    # No number, but for a matrix of numbers: infinite.
    undefined = logical_and(isnan(result), logical_not(any(isnan(x), axis=(-2, -1))))
    return where(undefined, np.inf, result) if anywhere(undefined) else result


def matrix_rank(A, tol=None, hermitian=False, *, rtol=None):
    """Rank of a matrix: how many of its singular values are not near zero.

    Parameters
    ----------
    A : array_like
        Shape ``(..., m, n)``, or a vector, whose rank is 1 unless it is zero.
    tol : array_like of float, optional
        What counts as zero; one for each matrix, of a shape that broadcasts with ``(...)``.
    hermitian : bool
        Whether `A` is Hermitian, which is quicker.
    rtol : array_like of float, optional
        What counts as zero relative to the largest singular value; by default the precision of
        the dtype times ``max(m, n)``.

    Returns
    -------
    Tensor or int
        Shape ``(...)``, int64; an int for a vector.

    Raises
    ------
    LinAlgError
        If LAPACK does not converge.
    TypeError
        If the dtype is none that LAPACK knows, such as float16.
    ValueError
        If both `tol` and `rtol` are given.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.linalg.matrix_rank([[1.0, 2.0], [2.0, 4.0]])
    tensor(1)
    """
    if rtol is not None and tol is not None:
        raise ValueError("matrix_rank: `tol` and `rtol` can't be both set.")
    A = asarray(A).detach()
    if A.ndim < 2:
        return int(any(A != 0))
    values = svd(A, compute_uv=False, hermitian=hermitian)
    if tol is None:
        if rtol is None:
            rtol = np.max(A.shape[-2:]) * np.finfo(values.dtype).eps
        else:
            rtol = _beside(rtol, values)[..., None]
        limit = max(values, axis=-1, keepdims=True, initial=0) * rtol
    else:
        limit = _beside(tol, values)[..., None]
    return count_nonzero(values > limit, axis=-1)


def _beside(limits, values):
    """What a user gave as limits: a tensor as it is, anything else on the device of the values."""
    return limits if isinstance(limits, Tensor) else asarray(limits, device=values.device)
