"""Linear equations, inverses and determinants."""

import math

import numpy as np
from numpy.linalg import LinAlgError
from numpy.linalg._linalg import SlogdetResult

from tensorlib._arguments import anywhere, axis_index, integer
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import (
    asarray,
    broadcast_to,
    conjugate,
    empty,
    matmul,
    maximum,
    reshape,
    transpose,
    zeros,
)
from tensorlib._creation import eye, tril
from tensorlib._manipulation import matrix_transpose
from tensorlib._selection import where
from tensorlib._shape import ravel
from tensorlib.linalg._checks import alike, check_square, inexact, matrices, square_matrices


def solve(a, b):
    """Solution ``x`` of ``a @ x = b``.

    Parameters
    ----------
    a : array_like
        Shape ``(..., n, n)``.
    b : array_like
        Shape ``(n,)``, or ``(..., n, k)`` for `k` right-hand sides.

    Returns
    -------
    Tensor
        Shape ``(..., n)`` or ``(..., n, k)``; the promoted dtype, float64 for integers.

    Raises
    ------
    LinAlgError
        If a matrix is not square or is singular.
    TypeError
        If a dtype is none that LAPACK knows, such as float16.
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.linalg.solve([[2.0, 0.0], [1.0, 4.0]], [2.0, 9.0])
    tensor([1., 2.])
    """
    a = square_matrices("solve", a)
    b = inexact("solve", asarray(b))
    if a.dtype is not b.dtype:
        a, b = alike(a, b)
    if b.ndim == 1:
        return apply(ops.solve, (a, b[:, None]), ())[..., 0]
    return apply(ops.solve, (a, b), ())


def solve_triangular(A, B, *, upper, left=True, unitriangular=False):
    """Solution ``X`` of ``A @ X = B``, or of ``X @ A = B``, for a triangular matrix.

    Parameters
    ----------
    A : array_like
        Shape ``(..., n, n)``; of the other triangle nothing is read.
    B : array_like
        Shape ``(n,)``, or ``(..., n, k)``; ``(..., k, n)`` if `left` is False.
    upper : bool
        Whether the upper triangle is meant, or else the lower one.
    left : bool
        Whether `A` stands to the left of the solution.
    unitriangular : bool
        Whether the diagonal is taken to be of ones; then it is not read either.

    Returns
    -------
    Tensor
        Shape of `B`, with the leading axes broadcast; the promoted dtype, float64 for integers.

    Raises
    ------
    LinAlgError
        If a matrix is not square, or there is a zero on its diagonal.
    TypeError
        If a dtype is none that BLAS knows, such as float16.
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.linalg.solve_triangular([[2.0, 0.0], [1.0, 4.0]], [2.0, 9.0], upper=False)
    tensor([1., 2.])
    """
    A = square_matrices("solve_triangular", A)
    A, B = alike(A, inexact("solve_triangular", asarray(B)))
    upper, unitriangular = bool(upper), bool(unitriangular)
    if B.ndim == 0:
        raise ValueError("solve_triangular: expected B of at least one dimension, got shape ()")
    vector = B.ndim == 1
    if vector:
        B = B[:, None] if left else B[None]
    if not left:  # the same equations transposed
        A, B, upper = matrix_transpose(A), matrix_transpose(B), not upper
    X = apply(ops.solve_triangular, (A, B), (upper, unitriangular))
    if vector:
        return X[..., 0]
    return X if left else matrix_transpose(X)


def cholesky_solve(B, L, upper=False):
    """Solution ``X`` of ``A @ X = B``, for a positive definite matrix of which the factor is known.

    Parameters
    ----------
    B : array_like
        Shape ``(n,)``, or ``(..., n, k)`` for `k` right-hand sides.
    L : array_like
        What `cholesky` returns of `A`: the lower triangular factor, or the upper one. Shape
        ``(..., n, n)``.
    upper : bool
        Whether it is the upper one.

    Returns
    -------
    Tensor
        Shape of `B`, with the leading axes broadcast; the promoted dtype, float64 for integers.

    Raises
    ------
    LinAlgError
        If a matrix is not square, or there is a zero on its diagonal.
    TypeError
        If a dtype is none that BLAS knows, such as float16.
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> L = tl.linalg.cholesky([[4.0, 2.0], [2.0, 5.0]])
    >>> tl.linalg.cholesky_solve([8.0, 12.0], L)
    tensor([1., 2.])
    """
    L = square_matrices("cholesky_solve", L)
    B = inexact("cholesky_solve", asarray(B))
    if B.ndim == 1:
        return cholesky_solve(B[:, None], L, upper)[..., 0]
    adjoint = conjugate(matrix_transpose(L))
    first, second = (adjoint, L) if upper else (L, adjoint)
    return solve_triangular(second, solve_triangular(first, B, upper=False), upper=True)


def inv(a):
    """Inverse of a matrix.

    Parameters
    ----------
    a : array_like
        Shape ``(..., n, n)``.

    Returns
    -------
    Tensor
        Shape ``(..., n, n)``; float64 for integers, else dtype of `a`.

    Raises
    ------
    LinAlgError
        If a matrix is not square or is singular.
    TypeError
        If the dtype is none that LAPACK knows, such as float16.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.linalg.inv([[2.0, 0.0], [0.0, 4.0]])
    tensor([[0.5 , 0.  ],
            [0.  , 0.25]])
    """
    return apply(ops.inv, (square_matrices("inv", a),), ())


def det(a):
    """Determinant of a matrix.

    Parameters
    ----------
    a : array_like
        Shape ``(..., n, n)``.

    Returns
    -------
    Tensor
        Shape ``(...)``; float64 for integers, else dtype of `a`.

    Raises
    ------
    LinAlgError
        If a matrix is not square.
    TypeError
        If the dtype is none that LAPACK knows, such as float16.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.linalg.det([[2.0, 1.0], [0.0, 4.0]])
    tensor(8.)
    """
    return apply(ops.det, (square_matrices("det", a),), ())


def slogdet(a):
    """Sign and logarithm of the absolute value of a determinant, safe from overflow.

    Parameters
    ----------
    a : array_like
        Shape ``(..., n, n)``.

    Returns
    -------
    SlogdetResult
        With fields `sign`, a number of modulus one or zero, and `logabsdet`, real, minus infinity
        for a singular matrix; shape ``(...)``.

    Raises
    ------
    LinAlgError
        If a matrix is not square.
    TypeError
        If the dtype is none that LAPACK knows, such as float16.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.linalg.slogdet([[0.0, 1.0], [1.0, 0.0]])
    SlogdetResult(sign=tensor(-1.), logabsdet=tensor(0.))
    """
    return SlogdetResult(*apply(ops.slogdet, (square_matrices("slogdet", a),), ()))


def matrix_power(a, n):
    """A matrix multiplied `n` times by itself.

    Parameters
    ----------
    a : array_like
        Shape ``(..., m, m)``.
    n : int
        Zero gives the identity; a negative one takes powers of the inverse.

    Returns
    -------
    Tensor
        Shape ``(..., m, m)``, dtype of `a`; float64 for integers with negative `n`.

    Raises
    ------
    LinAlgError
        If a matrix is not square, or is singular and `n` negative.
    TypeError
        If `n` is no integer.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.linalg.matrix_power([[1, 1], [1, 0]], 10)
    tensor([[89, 55],
            [55, 34]])
    """
    a = asarray(a)
    check_square("matrix_power", a.shape)
    n = integer("matrix_power", "n", n)
    if n == 0:
        return broadcast_to(eye(a.shape[-1], dtype=a.dtype, device=a.device), a.shape).copy()
    if n < 0:
        a, n = inv(a), -n
    result, square = None, a
    while True:  # over the binary digits of n
        if n & 1:
            result = square if result is None else matmul(result, square)
        n >>= 1
        if not n:
            return result
        square = matmul(square, square)


def lstsq(a, b, rcond=None):
    """Least-squares solution of ``a @ x = b``, the smallest one if there are several.

    Parameters
    ----------
    a : array_like
        Shape ``(m, n)``.
    b : array_like
        Shape ``(m,)`` or ``(m, k)``.
    rcond : float, optional
        Singular values below `rcond` times the largest one count as zero. By default the precision
        of float64 times ``max(m, n)``.

    Returns
    -------
    x : Tensor
        Shape ``(n,)`` or ``(n, k)``; the promoted dtype, float64 for integers.
    residuals : Tensor
        Sums of squared residuals, shape ``(1,)`` or ``(k,)``, real; empty if ``m <= n`` or the rank
        is less than `n`.
    rank : Tensor
        int32, of no dimensions.
    s : Tensor
        Singular values of `a`, real.

    Raises
    ------
    LinAlgError
        If the arguments have other shapes, or LAPACK does not converge.
    TypeError
        If a dtype is none that LAPACK knows, such as float16.

    Notes
    -----
    Gradients take the rank as fixed.

    Examples
    --------
    >>> import tensorlib as tl
    >>> a = [[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]
    >>> x, residuals, rank, s = tl.linalg.lstsq(a, [1.0, 3.0, 5.0])
    >>> x
    tensor([1., 2.])
    """
    a, b = inexact("lstsq", asarray(a)), inexact("lstsq", asarray(b))
    if a.ndim != 2 or b.ndim not in (1, 2):
        raise LinAlgError(
            "lstsq: expected a two-dimensional array and a vector or two-dimensional array, "
            f"got shapes {a.shape} and {b.shape}"
        )
    (m, n), rows = a.shape, b.shape[0]
    if m != rows:
        raise LinAlgError(f"lstsq: Incompatible dimensions: {m} rows and {rows}")
    if rcond is None:
        rcond = np.finfo(np.float64).eps * max(m, n)
    a, b = alike(a, b)
    columns = b if b.ndim == 2 else b[:, None]
    count = columns.shape[1]
    if count == 0:  # LAPACK needs one
        columns = zeros((m, 1), dtype=b.dtype, device=b.device)
    x, residuals, rank, s = apply(ops.lstsq, (a, columns), (rcond,))
    if m == 0:
        x = zeros(x.shape, dtype=x.dtype, device=x.device)
    x = x[:, 0] if b.ndim == 1 else x[:, :count]
    if m <= n or anywhere(rank != n):
        residuals = empty(0, dtype=s.dtype, device=s.device)
    else:
        residuals = residuals[:count]
    return x, residuals, rank, s


def pinv(a, rcond=None, hermitian=False, *, rtol=np._NoValue):
    """Moore-Penrose inverse of a matrix.

    Parameters
    ----------
    a : array_like
        Shape ``(..., m, n)``.
    rcond : array_like of float, optional
        Singular values of at most `rcond` times the largest one count as zero; by default 1e-15.
        One for each matrix, of a shape that broadcasts with ``(...)``.
    hermitian : bool
        Whether `a` is Hermitian; then only its lower triangle is read.
    rtol : array_like of float, optional
        The same as `rcond`, but None stands for the precision of the dtype times ``max(m, n)``.

    Returns
    -------
    Tensor
        Shape ``(..., n, m)``; float64 for integers, else dtype of `a`.

    Raises
    ------
    LinAlgError
        If `a` has fewer than two dimensions, or LAPACK does not converge.
    TypeError
        If the dtype is none that LAPACK knows, such as float16.
    ValueError
        If both `rcond` and `rtol` are given.

    Notes
    -----
    Gradients take the rank as fixed.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.linalg.pinv([[2.0, 0.0], [0.0, 0.0], [0.0, 4.0]])
    tensor([[0.5 , 0.  , 0.  ],
            [0.  , 0.  , 0.25]])
    """
    if rcond is not None and rtol is not np._NoValue:
        raise ValueError("pinv: `rtol` and `rcond` can't be both set.")
    a = asarray(a)
    given, a = a.dtype, matrices("pinv", a)
    m, n = a.shape[-2:]
    if rcond is None:
        rcond = 1e-15 if rtol is np._NoValue else rtol
    if rcond is None:
        rcond = max(m, n) * np.finfo(a.dtype).eps
    if m == 0 or n == 0:
        # Of integers, too, as in NumPy
        return empty((*a.shape[:-2], n, m), dtype=given, device=a.device)
    if hermitian:
        square_matrices("pinv", a)
        below = tril(a, -1)
        diagonal = where(eye(n, dtype=bool, device=a.device), a.real, 0)
        a = below + conjugate(matrix_transpose(below)) + diagonal
    # The least-squares solution for each column of the identity. LAPACK has another use for
    # negative limits.
    limits = maximum(asarray(rcond, dtype=float), 0.0)
    return apply(ops.lstsq, (a, eye(m, dtype=a.dtype, device=a.device)), (limits,))[0]


def tensorsolve(a, b, axes=None):
    """Solution ``x`` of ``tensordot(a, x, x.ndim) = b``.

    Parameters
    ----------
    a : array_like
        Shape ``b.shape + x.shape``, where both have the same size.
    b : array_like
    axes : tuple of int, optional
        Axes of `a` to move to the end first.

    Returns
    -------
    Tensor
        Shape ``a.shape[b.ndim:]``; the promoted dtype, float64 for integers.

    Raises
    ------
    LinAlgError
        If the sizes differ, or the equations are singular.

    Examples
    --------
    >>> import tensorlib as tl
    >>> a = tl.reshape(tl.eye(6), (2, 3, 6))
    >>> tl.linalg.tensorsolve(a, tl.ones((2, 3)))
    tensor([1., 1., 1., 1., 1., 1.])
    """
    a, b = asarray(a), asarray(b)
    if axes is not None:
        moved = [axis_index("tensorsolve", axis, a.ndim) for axis in axes]
        a = transpose(a, (*(i for i in range(a.ndim) if i not in moved), *moved))
    shape = a.shape[-(a.ndim - b.ndim) :]
    size = math.prod(shape)
    if a.size != size**2:
        raise LinAlgError(
            "tensorsolve: expected prod(a.shape[b.ndim:]) == prod(a.shape[:b.ndim]), got shapes "
            f"{a.shape} and {b.shape}"
        )
    return reshape(solve(reshape(a, (size, size)), ravel(b)), shape)


def tensorinv(a, ind=2):
    """Inverse of ``tensordot(a, x, ind)`` as a function of ``x``.

    Parameters
    ----------
    a : array_like
        The sizes of its first `ind` axes and of the others are the same.
    ind : int
        How many axes of `a` are those of the result.

    Returns
    -------
    Tensor
        Shape ``a.shape[ind:] + a.shape[:ind]``; float64 for integers, else dtype of `a`.

    Raises
    ------
    LinAlgError
        If the sizes differ, or the inverse does not exist.
    ValueError
        If `ind` is not positive.

    Examples
    --------
    >>> import tensorlib as tl
    >>> a = tl.reshape(tl.eye(24), (4, 6, 8, 3))
    >>> tl.linalg.tensorinv(a, ind=2).shape
    (8, 3, 4, 6)
    """
    a = asarray(a)
    ind = integer("tensorinv", "ind", ind)
    if ind <= 0:
        raise ValueError(f"tensorinv: expected a positive ind, got {ind}")
    rows, columns = a.shape[:ind], a.shape[ind:]
    # Reshaped as NumPy does, so that sizes that do not fit give no square.
    inverse = inv(reshape(a, (math.prod(columns), -1)))
    return reshape(inverse, (*columns, *rows))
