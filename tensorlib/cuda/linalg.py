"""The kernels of linear algebra, by cuSOLVER and cuBLAS (see `factorize`).

They promise what `_core._linalg` does: as on the CPU all is computed in double precision and
rounded to that of the inputs, and only triangular equations are solved in their own. Each reads
back once whether the library found a solution, for which the host waits; so no graph can capture
them, and a triangular equation that one captures may be singular unnoticed.

The library goes by columns. To it a stack in C order is one of the transposes, of which use is made
where that saves a copy (see `matrices`).
"""

import math

import numpy as np
from numpy.linalg import LinAlgError

from tensorlib._core import _linalg, _views
from tensorlib._core._copy import to_device
from tensorlib._core._exchange import asarray
from tensorlib._core.device import device_number
from tensorlib.cuda import factorize
from tensorlib.cuda._backend import compact, compute, new, place, run, write
from tensorlib.cuda._kernel import capturing
from tensorlib.cuda.factorize import has_nan, read
from tensorlib.cuda.matrices import (
    adjoint,
    clear_triangle,
    doubled,
    finished,
    identity,
    launch,
    launch_blocks,
    matrices_between,
    part,
    stack,
)

INT_MAX = 2**31 - 1
TRIANGULAR = ("float32", "float64", "complex64", "complex128")


def real_dtype(dtype):
    return {"complex64": "float32", "complex128": "float64"}.get(dtype.name, dtype.name)


def complex_dtype(dtype):
    return {"float32": "complex64", "float64": "complex128"}.get(dtype.name, dtype.name)


def cholesky(a, upper):
    """The triangular factor of a positive definite matrix."""
    result = stack(a, doubled(a), "cholesky")
    if result.size:
        # What is lower by rows is upper by columns, and the conjugate has the conjugate factor.
        factorize.cholesky(result, not upper, "cholesky")
        clear_triangle(result, upper, "cholesky")
    return finished(result, a.shape, a.dtype)


def det(a):
    """The determinant."""
    sign, logarithm = _determinant(a, "det")
    result = new(sign.shape, sign.dtype, a, "det")
    launch("from_logarithms", sign, "det", sign.size, sign, logarithm, result)
    return finished(result, a.shape[:-2], a.dtype)


def slogdet(a):
    """Sign and logarithm of the determinant."""
    sign, logarithm = _determinant(a, "slogdet")
    shape = a.shape[:-2]
    return finished(sign, shape, a.dtype), finished(logarithm, shape, real_dtype(a.dtype))


def _determinant(a, op):
    matrices = stack(a, doubled(a), op)
    count, n = matrices.shape[:2]
    sign = new((count,), matrices.dtype, a, op)
    logarithm = new((count,), "float64", a, op)
    pivots = factorize.lu(matrices, op) if matrices.size else new((count, 0), "int32", a, op)
    launch_blocks("determinants", sign, op, count, n, matrices, pivots, sign, logarithm)
    return sign, logarithm


def inv(a):
    """The inverse of a matrix."""
    matrices = stack(a, doubled(a), "inv")
    if matrices.size:
        # The inverse of the transpose is that of the matrix, transposed.
        pivots = factorize.lu(matrices, "inv", _linalg.SINGULAR)
        matrices = factorize.inverse(matrices, pivots, "inv")
    return finished(matrices, a.shape, a.dtype)


def solve(a, b):
    """Solution of a @ x = b for a matrix b."""
    outer = _linalg.solve.outer_shape(a, b)
    matrices = stack(a, doubled(a), "solve")
    turned = stack(_views.broadcast_to(b, (*outer, *b.shape[-2:])), matrices.dtype, "solve", True)
    if turned.size:
        pivots = factorize.lu(matrices, "solve", _linalg.SINGULAR)
        factorize.solve_lu(matrices, pivots, a.shape[:-2], turned, outer, "solve")
    return finished(turned, (*outer, *b.shape[-2:]), b.dtype, turned=True)


def solve_triangular(a, b, upper, unitriangular):
    """Solution of a @ x = b for a triangular matrix a."""
    op, (n, k) = "solve_triangular", (a.shape[-1], b.shape[-1])
    if a.dtype != b.dtype or a.dtype.name not in TRIANGULAR:
        raise TypeError(
            "solve_triangular: expected matrices of one dtype that BLAS knows, got "
            f"{a.dtype} and {b.dtype}"
        )
    try:
        outer = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    except ValueError:
        outer = None
    if outer is None or b.shape[-2] != n or max(n, k) > INT_MAX:
        raise ValueError(
            f"solve_triangular: expected shapes (..., n, n) and (..., n, k), got "
            f"{a.shape} and {b.shape}"
        )
    x = stack(_views.broadcast_to(b, (*outer, n, k)), b.dtype, op)
    if x.size:
        if not unitriangular and not capturing(place(a)):
            diagonal = _views.diagonal(a, 0, a.ndim - 2, a.ndim - 1)
            if not read(run("all", (diagonal,), (tuple(range(diagonal.ndim)), False, "bool"))):
                raise LinAlgError("solve_triangular: Singular matrix")
        matrices = _views.reshape(compact(a), (math.prod(a.shape[:-2]), n, n))
        factorize.triangular(matrices, a.shape[:-2], x, outer, upper, unitriangular)
    return _views.reshape(x, (*outer, n, k))


def qr_raw(a):
    """Householder reflectors above which r lies, and their factors."""
    reflectors, factors = _factored(a)
    shape = (*a.shape[:-2], factors.shape[1])
    return finished(reflectors, a.shape, a.dtype, True), finished(factors, shape, a.dtype)


def qr(a, complete):
    """An orthonormal and an upper triangular factor."""
    rows, columns = a.shape[-2:]
    reflectors, factors = _factored(a)
    count, order = len(reflectors), min(rows, columns)
    width = rows if complete and rows > columns else order
    if order == 0:
        q = identity((count, width, rows), reflectors, "qr")
    else:
        q = new((count, width, rows), reflectors.dtype, a, "qr")
        write(part(q, order), part(reflectors, order))
        if q.size:
            factorize.multiplied_out(q, factors, "qr")
    r = compact(part(_views.transpose(reflectors, (0, 2, 1)), width))
    clear_triangle(r, True, "qr")
    outer = a.shape[:-2]
    q = finished(q, (*outer, rows, width), a.dtype, turned=True)
    return q, finished(r, (*outer, width, columns), a.dtype)


def _factored(a):
    """What `qr_raw` returns, in double precision and turned."""
    turned = stack(a, doubled(a), "qr", turned=True)
    if turned.size:
        return turned, factorize.householder(turned, "qr")
    return turned, new((len(turned), min(turned.shape[1:])), turned.dtype, a, "qr")


def eigh(a, uplo):
    """Eigenvalues and eigenvectors of a Hermitian matrix, of which one triangle is read."""
    values, vectors = _hermitian(a, uplo, True, "eigh")
    values = finished(values, a.shape[:-1], real_dtype(a.dtype))
    return values, finished(vectors, a.shape, a.dtype, turned=True)


def eigvalsh(a, uplo):
    """Eigenvalues of a Hermitian matrix, of which one triangle is read."""
    values, _ = _hermitian(a, uplo, False, "eigvalsh")
    return finished(values, a.shape[:-1], real_dtype(a.dtype))


def _hermitian(a, uplo, vectors, op):
    turned = stack(a, doubled(a), op, turned=True)
    if turned.size:
        return factorize.hermitian_eigen(turned, uplo == "U", vectors, op), turned
    return new(turned.shape[:2], "float64", a, op), turned


def eig(a):
    """Complex eigenvalues and eigenvectors."""
    turned = stack(a, doubled(a), "eig", turned=True)
    vectors = new(turned.shape, turned.dtype, a, "eig")
    values = _eigenvalues(turned, vectors, "eig")
    if a.dtype.kind == "c":
        result = finished(vectors, a.shape, a.dtype, turned=True)
    else:
        whole = new(turned.shape, "complex128", a, "eig")
        launch("complex_vectors", None, "eig", whole.size, a.shape[-1], values, vectors, whole)
        result = finished(whole, a.shape, complex_dtype(a.dtype))
    return finished(values, a.shape[:-1], complex_dtype(a.dtype)), result


def eigvals(a):
    """Complex eigenvalues."""
    values = _eigenvalues(stack(a, doubled(a), "eigvals", turned=True), None, "eigvals")
    return finished(values, a.shape[:-1], complex_dtype(a.dtype))


def _eigenvalues(turned, vectors, op):
    if turned.size:
        return factorize.eigen(turned, vectors, op)
    return new(turned.shape[:2], "complex128", turned, op)


def svd(a, full_matrices):
    """Left singular vectors, singular values, and right singular vectors as rows."""
    u, s, vh = _singular(a, full_matrices, True, "svd")
    outer = a.shape[:-2]
    return (
        finished(u, (*outer, *u.shape[1:]), a.dtype),
        finished(s, (*outer, s.shape[1]), real_dtype(a.dtype)),
        finished(vh, (*outer, *vh.shape[1:]), a.dtype),
    )


def svdvals(a):
    """The singular values."""
    _, s, _ = _singular(a, False, False, "svdvals")
    return finished(s, (*a.shape[:-2], s.shape[1]), real_dtype(a.dtype))


def _singular(a, full, vectors, op, failure=_linalg.NO_SVD):
    """Stacks of the factors, in double precision; the outer two are None without `vectors`."""
    if not factorize.by_jacobi(a.shape):
        return _singular_by_qr(a, full, vectors, op, failure)
    # The factors of the transposes
    v, s, u, failed = factorize.singular_by_jacobi(stack(a, doubled(a), op), vectors, op)
    if vectors:
        u = adjoint(u, op)
        if not full:
            u, v = _views.basic_index(u, (..., slice(s.shape[1]))), part(v, s.shape[1])
    if len(failed):
        matrices = stack(a, doubled(a), op)
    for i in failed:
        one = matrices_between(matrices, i, i + 1)
        found = _singular_by_qr(one, full, vectors, op, failure)
        for whole, single in zip((u, s, v), found, strict=True):
            if whole is not None:
                write(matrices_between(whole, i, i + 1), single)
    if has_nan(s):
        raise LinAlgError(f"{op}: {failure}")
    return u, s, v


def _singular_by_qr(a, full, vectors, op, failure):
    rows, columns = a.shape[-2:]
    wide = rows < columns  # then the library, which wants tall matrices, sees the transposes
    tall = stack(a, doubled(a), op, turned=not wide)
    count, n, m = tall.shape
    s, u, vt = new((count, n), "float64", a, op), None, None
    if n == 0:
        u = identity((count, m if full else 0, m), tall, op)
        vt = new((count, 0, 0), tall.dtype, a, op)
    elif vectors:
        u = new((count, m if full else n, m), tall.dtype, a, op)
        vt = new((count, n, n), tall.dtype, a, op)
    if s.size:
        s = factorize.singular(tall, u, vt, op, failure)
    if not vectors:
        return None, s, None
    if wide:
        return vt, s, u
    return _views.transpose(u, (0, 2, 1)), s, _views.transpose(vt, (0, 2, 1))


def lstsq(a, b, rcond):
    """Solution, sums of squared residuals, rank and singular values."""
    op = "lstsq"
    limits = asarray(rcond, dtype=float)
    outer = _linalg.least_squares.outer_shape(a, b, limits)
    (m, n), k = a.shape[-2:], b.shape[-1]
    a_all = stack(_views.broadcast_to(a, (*outer, m, n)), doubled(a), op)
    b_all = stack(_views.broadcast_to(b, (*outer, m, k)), a_all.dtype, op)
    limits = compact(_views.broadcast_to(on_device(limits, a), outer))
    u, s, vh = _singular(a_all, False, True, op, _linalg.NO_LSTSQ)
    count, inverses = len(s), new(s.shape, s.dtype, a, op)
    ranks = new((count,), "int32", a, op)
    launch("inverse_values", None, op, count, s.shape[1], s, limits, inverses, ranks)
    by_left = run("matmul", (adjoint(u, op), b_all))
    factors = compact(_views.reshape(inverses, (*s.shape, 1)), by_left.dtype)
    compute("multiply", by_left, by_left, factors)
    x = run("matmul", (adjoint(vh, op), by_left))
    rest = run("matmul", (a_all, x))
    compute("subtract", rest, b_all, rest)
    sums = new((count, k), "float64", a, op)
    full = n if m >= n else -1
    launch_blocks("residuals", rest, op, count * k, m, k, full, rest, ranks, sums)
    real = real_dtype(a.dtype)
    return (
        finished(x, (*outer, n, k), a.dtype),
        finished(sums, (*outer, k), real),
        _views.reshape(ranks, outer),
        finished(s, (*outer, s.shape[1]), real),
    )


def on_device(x, like):
    return to_device(x, device_number(like.device, "to"), 0, False)
