"""The kernels of linear algebra: cuSOLVER, and cuBLAS for triangular equations.

They promise what `_core._linalg` does: as on the CPU all is computed in double precision and
rounded to that of the inputs, and only triangular equations are solved in their own. Each reads
back once whether the library found a solution, for which the host waits; so no graph can capture
them, and a triangular equation that one captures may be singular unnoticed.

The library goes by columns. To it a stack in C order is one of the transposes, of which use is made
where that saves a copy: below "turned" are tensors whose last two axes are exchanged in memory.
"""

import math

import numpy as np
from numpy.linalg import LinAlgError

from tensorlib._core import _linalg, _views
from tensorlib._core._copy import to_device
from tensorlib._core._exchange import asarray
from tensorlib._core.device import device_number
from tensorlib.cuda import _solver
from tensorlib.cuda._backend import compact, compute, new, place, run, write
from tensorlib.cuda._kernel import capturing
from tensorlib.cuda.common import THREADS, blocks_for, kernel, type_name

INT_MAX = 2**31 - 1


def cholesky(a, upper):
    """The triangular factor of a positive definite matrix."""
    result = stack(a, doubled(a), "cholesky")
    if result.size:
        # What is lower by rows is upper by columns, and the conjugate has the conjugate factor.
        infos = numbers_of(result, "cholesky")
        _solver.cholesky(result, not upper, infos, "cholesky")
        check(infos, "cholesky", _linalg.NOT_POSITIVE)
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
    logarithm, pivots = new((count,), "float64", a, op), new((count, n), "int64", a, op)
    if matrices.size:
        # That a matrix is singular, which `infos` tells, is seen in the factor.
        _solver.lu(matrices, pivots, numbers_of(matrices, op), op)
    launch_blocks("determinants", sign, op, count, n, matrices, pivots, sign, logarithm)
    return sign, logarithm


def inv(a):
    """The inverse of a matrix."""
    matrices = stack(a, doubled(a), "inv")
    result = identity(matrices.shape, matrices, "inv")
    if result.size:
        # The inverse of the transpose is that of the matrix, transposed.
        _solve_lu(matrices, result, np.arange(len(result)), False, "inv")
    return finished(result, a.shape, a.dtype)


def solve(a, b):
    """Solution of a @ x = b for a matrix b."""
    outer = _linalg.solve.outer_shape(a, b)
    matrices = stack(a, doubled(a), "solve")
    turned = stack(_views.broadcast_to(b, (*outer, *b.shape[-2:])), matrices.dtype, "solve", True)
    if turned.size:
        _solve_lu(matrices, turned, which_matrix(a, outer), True, "solve")
    return finished(turned, (*outer, *b.shape[-2:]), b.dtype, turned=True)


def _solve_lu(matrices, x, which, transposed, op):
    count, n = matrices.shape[:2]
    pivots, infos = new((count, n), "int64", x, op), numbers_of(matrices, op)
    _solver.lu(matrices, pivots, infos, op)
    check(infos, op, _linalg.SINGULAR)
    _solver.solve_lu(matrices, pivots, which, x, transposed, numbers_of(x, op), op)


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
    result = stack(_views.broadcast_to(b, (*outer, n, k)), b.dtype, op)
    if result.size:
        if not unitriangular and not capturing(place(a)):
            diagonal = _views.diagonal(a, 0, a.ndim - 2, a.ndim - 1)
            if not read(run("all", (diagonal,), (tuple(range(diagonal.ndim)), False, "bool"))):
                raise LinAlgError("solve_triangular: Singular matrix")
        matrices = _views.reshape(compact(a), (math.prod(a.shape[:-2]), n, n))
        _solver.triangular(matrices, upper, unitriangular, which_matrix(a, outer), result)
    return _views.reshape(result, (*outer, n, k))


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
            _solver.multiplied_out(q, factors, numbers_of(q, "qr"), "qr")
    r = compact(part(_views.transpose(reflectors, (0, 2, 1)), width))
    clear_triangle(r, True, "qr")
    outer = a.shape[:-2]
    q = finished(q, (*outer, rows, width), a.dtype, turned=True)
    return q, finished(r, (*outer, width, columns), a.dtype)


def _factored(a):
    """What `qr_raw` returns, in double precision and turned."""
    turned = stack(a, doubled(a), "qr", turned=True)
    factors = new((len(turned), min(turned.shape[1:])), turned.dtype, a, "qr")
    if factors.size:
        infos = numbers_of(turned, "qr")
        _solver.householder(turned, factors, infos, "qr")
        check(infos, "qr", _linalg.BAD_QR)
    return turned, factors


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
    values = new(turned.shape[:2], "float64", a, op)
    if turned.size:
        infos = numbers_of(turned, op)
        _solver.hermitian_eigen(turned, values, uplo == "U", vectors, infos, op)
        check(infos, op, _linalg.NO_EIGENVALUES, values)
    return values, turned


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
    values = new(turned.shape[:2], "complex128", turned, op)
    if turned.size:
        infos = numbers_of(turned, op)
        _solver.eigen(turned, values, vectors, infos, op)
        check(infos, op, _linalg.NO_EIGENVALUES)
    return values


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
        infos = numbers_of(tall, op)
        _solver.singular(tall, s, u, vt, infos, op)
        check(infos, op, failure, s)
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


# ------------------------------------------------------------------------------------------
# stacks of matrices
# ------------------------------------------------------------------------------------------

TRIANGULAR = ("float32", "float64", "complex64", "complex128")


def doubled(a):
    """The dtype of double precision that a tensor is computed in."""
    return "complex128" if a.dtype.kind == "c" else "float64"


def real_dtype(dtype):
    return {"complex64": "float32", "complex128": "float64"}.get(dtype.name, dtype.name)


def complex_dtype(dtype):
    return {"float32": "complex64", "float64": "complex128"}.get(dtype.name, dtype.name)


def stack(a, dtype, op, turned=False):
    """A new tensor of all matrices, (count, rows, columns) or turned."""
    outer, (rows, columns) = a.shape[:-2], a.shape[-2:]
    if turned:
        axes = tuple(range(a.ndim - 2))
        a = _views.transpose(a, (*axes, a.ndim - 1, a.ndim - 2))
        rows, columns = columns, rows
    result = new((*outer, rows, columns), dtype, a, op)
    write(result, a)
    return _views.reshape(result, (math.prod(outer), rows, columns))


def finished(x, shape, dtype, turned=False):
    """A stack in C order, of the shape and dtype of a result."""
    if turned:
        x = _views.transpose(x, (0, 2, 1))
    return _views.reshape(compact(x, dtype), tuple(shape))


def part(x, count):
    """The first rows of each matrix."""
    return _views.basic_index(x, (slice(None), slice(count)))


def adjoint(x, op):
    x = _views.transpose(x, (0, 2, 1))
    if x.dtype.kind != "c":
        return x
    result = new(x.shape, x.dtype, x, op)
    compute("conjugate", result, x)
    return result


def which_matrix(a, outer):
    """The flat index of the matrix of `a` for each place of a broadcast shape."""
    own = a.shape[:-2]
    places = np.arange(math.prod(own), dtype=np.int64).reshape(own)
    return np.ascontiguousarray(np.broadcast_to(places, outer).ravel())


def identity(shape, like, op):
    result = new(shape, like.dtype, like, op)
    launch("identity", result, op, result.size, *shape[1:], result)
    return result


def clear_triangle(x, below, op):
    """Write zeros below the diagonal, or else above it."""
    launch("clear_triangle", x, op, x.size, *x.shape[1:], int(below), x)


# ------------------------------------------------------------------------------------------
# what the library found
# ------------------------------------------------------------------------------------------


def numbers_of(x, op):
    """Room for the library's number for each matrix, which is zero where there is a solution."""
    if capturing(place(x)):
        raise RuntimeError(
            f"{op}: whether there is a solution has to be read back, which a graph cannot capture"
        )
    return new((len(x),), "int32", x, op)


def check(infos, op, failure, values=None):
    """A LinAlgError where one of the matrices has no solution, or NaN among its values; the host
    waits."""
    failed = read(infos).any()
    if values is not None and not failed:
        # LAPACK does not converge with NaN, which the library may pass on.
        failed = np.isnan(read(run("max", (values,), ((0, 1), False, values.dtype))))
    if failed:
        raise LinAlgError(f"{op}: {failure}")


def read(x):
    return np.asarray(to_device(x, 0, 0, False))


def on_device(x, like):
    return to_device(x, device_number(like.device, "to"), 0, False)


# ------------------------------------------------------------------------------------------
# kernels of our own
# ------------------------------------------------------------------------------------------

# Their parameters in C++, where T is the type of the matrices.
PARAMETERS = {
    "clear_triangle": "int64_t size, int64_t rows, int64_t columns, int64_t below, T *x",
    "complex_vectors": "int64_t size, int64_t n, const Complex<double> *values, "
    "const double *given, Complex<double> *vectors",
    "determinants": "int64_t count, int64_t n, const T *lu, const int64_t *pivots, T *signs, "
    "double *logarithms",
    "from_logarithms": "int64_t count, const T *signs, const double *logarithms, T *result",
    "identity": "int64_t size, int64_t rows, int64_t columns, T *x",
    "inverse_values": "int64_t count, int64_t n, const double *values, const double *limits, "
    "double *inverses, int32_t *ranks",
    "residuals": "int64_t columns, int64_t rows, int64_t k, int64_t full, const T *x, "
    "const int32_t *ranks, double *sums",
}


def linalg_kernel(name, kind):
    """A kernel of ``kernels/linalg.cuh``, for matrices of a type."""
    parameters = PARAMETERS[name]
    names = ", ".join(words.split()[-1].lstrip("*") for words in parameters.split(","))
    template = f"<{kind}>" if "T *" in parameters else ""
    parameters = parameters.replace("T *", f"{kind} *")
    body = f"tl::linalg::{name}{template}({names});"
    return kernel("linalg.cuh", f"{name}_kernel", parameters, body)


def launch(name, like, op, size, *arguments):
    """With a thread for each of `size` elements."""
    _launch(name, like, op, blocks_for(size), size, *arguments)


def launch_blocks(name, like, op, count, *arguments):
    """With a block for each of `count` matrices or columns."""
    _launch(name, like, op, count, count, *arguments)


def _launch(name, like, op, blocks, *arguments):
    kind = "double" if like is None else type_name(like.dtype)
    device = place(next(x for x in arguments if not isinstance(x, int)))
    linalg_kernel(name, kind)(op, device, blocks, THREADS, *arguments)


def sources():
    """The sources of all of them."""
    for name, parameters in PARAMETERS.items():
        for kind in ("double", "Complex<double>") if "T *" in parameters else ("double",):
            yield linalg_kernel(name, kind).source
