"""Factorizations by cuBLAS and cuSOLVER, and what is solved with them.

A stack of small matrices is one call of a library, whose kernels take all of them at once; a matrix
that keeps a GPU busy by itself is a call of its own. Where the one ends and the other begins has
been measured for PyTorch. All is by columns (see `matrices`), in place, and but for triangular
equations in double precision.

General eigenvalues have no routine for stacks. gesvdaStridedBatched is not used: it takes roots of
the eigenvalues of ``a.mT @ a``, and small singular values lose half of their digits.
"""

import math

import numpy as np
from numpy.linalg import LinAlgError

from tensorlib._core import _linalg, _views
from tensorlib._core._copy import to_device
from tensorlib.cuda import _batched, _solver
from tensorlib.cuda._backend import compact, new, place, run
from tensorlib.cuda._kernel import capturing
from tensorlib.cuda.matrices import addresses, identity, launch_blocks, matrices_between

# The most rows of matrices of which a stack is one call. A Cholesky factor and eigenvalues are not
# here: PyTorch calls potrfBatched for stacks, and XsyevBatched for all, of any size.
LU = 511  # PyTorch's lu_factor
QR = 256  # PyTorch's geqrf, where there are as many matrices as a sixteenth of the rows
SVD = 32  # of gesvdjBatched, which takes no larger ones; PyTorch and JAX call it up to there
TRIANGULAR = 512  # PyTorch's triangular equations,
TRIANGULAR_FEW = 63  # and those of no more than eight matrices

# The most in a call: a grid has no more blocks along y and z, and workspaces are counted by ints.
MATRICES = 65535
ELEMENTS = 1 << 26


def in_one_call(x, rows, most=math.inf):
    """Whether a stack, of matrices or right-hand sides of so many rows, is one call."""
    return len(x) > 1 and rows <= most and x.size // len(x) <= ELEMENTS


def call(function, stacks, *options):
    """Call a function of `_batched` for stacks of one length, or None."""
    count, size = len(stacks[0]), stacks[0].size
    step = min(MATRICES, max(1, ELEMENTS // (size // count)))
    for start in range(0, count, step):
        pieces = [x if x is None else matrices_between(x, start, start + step) for x in stacks]
        function(*pieces, *options)


def cholesky(a, upper, op):
    """Factor matrices of which one triangle is read; of the other one nothing is known then."""
    infos = numbers_of(a, op)
    if in_one_call(a, a.shape[1]):
        call(_batched.cholesky, (a, addresses(a, op), infos), upper, op)
    else:
        _solver.cholesky(a, upper, infos, op)
    check(infos, op, _linalg.NOT_POSITIVE)


def lu(a, op, failure=None):
    """Factor square matrices; returns pivots of int32, counted from 1.

    The factor of a singular matrix has a zero on its diagonal; with `failure`, a text, that is an
    error.
    """
    infos, shape = numbers_of(a, op), a.shape[:2]
    if in_one_call(a, a.shape[1], LU):
        pivots = new(shape, "int32", a, op)
        call(_batched.lu, (a, addresses(a, op), pivots, infos), op)
    else:
        pivots = new(shape, "int64", a, op)
        _solver.lu(a, pivots, infos, op)
        pivots = compact(pivots, "int32")
    if failure:
        check(infos, op, failure)
    return pivots


def solve_lu(a, pivots, own, x, outer, op):
    """Solve equations with the transposes of what `lu` factored.

    Parameters
    ----------
    a, pivots : Tensor
        Factors.
    own : tuple
        The shape that their stack has as an array.
    x : Tensor
        Turned right-hand sides, which become the solutions.
    outer : tuple
        The shape that their stack has, to which `own` is broadcast.
    """
    if in_one_call(x, x.shape[2], LU):
        stacks = (
            addresses(x, op),
            spread(addresses(a, op), own, outer),
            spread(pivots, own, outer),
        )
        call(_batched.solve_lu, (x, *stacks), True, op)
    else:
        _each_lu(a, pivots, which_matrix(own, outer), x, True, op)


def inverse(a, pivots, op):
    """The inverses of what `lu` factored."""
    if not in_one_call(a, a.shape[1], LU):
        result = identity(a.shape, a, op)
        _each_lu(a, pivots, np.arange(len(a)), result, False, op)
        return result
    result = new(a.shape, a.dtype, a, op)
    stacks = (addresses(result, op), addresses(a, op), pivots, numbers_of(a, op))
    call(_batched.inverse, (result, *stacks), op)
    return result


def _each_lu(a, pivots, which, x, transposed, op):
    _solver.solve_lu(a, compact(pivots, "int64"), which, x, transposed, numbers_of(x, op), op)


def triangular(a, own, x, outer, upper, unitriangular):
    """Solve triangular equations; `own` and `outer` as in `solve_lu`, all in C order."""
    op = "solve_triangular"
    if in_one_call(x, x.shape[1], TRIANGULAR_FEW if len(x) <= 8 else TRIANGULAR):
        stacks = (x, addresses(x, op), spread(addresses(a, op), own, outer))
        call(_batched.triangular, stacks, upper, unitriangular)
    else:
        _solver.triangular(a, upper, unitriangular, which_matrix(own, outer), x)


def householder(a, op):
    """Factor turned matrices into reflectors and an upper triangle; returns the reflectors'
    factors."""
    factors, infos = new((len(a), min(a.shape[1:])), a.dtype, a, op), numbers_of(a, op)
    if _qr_in_one_call(a):
        call(_batched.householder, (a, addresses(a, op), addresses(factors, op)), op)
    else:
        _solver.householder(a, factors, infos, op)
        check(infos, op, _linalg.BAD_QR)
    return factors


def multiplied_out(q, factors, op):
    """Columns of the products of reflectors, which the first rows of turned `q` are."""
    if _qr_in_one_call(q):
        launch_blocks("multiply_out", q, op, len(q), *q.shape[1:], factors.shape[1], factors, q)
    else:
        _solver.multiplied_out(q, factors, numbers_of(q, op), op)


def _qr_in_one_call(a):
    rows = a.shape[2]
    return in_one_call(a, rows, QR) and len(a) >= rows / 16


def hermitian_eigen(a, upper, vectors, op):
    """Eigenvalues of turned matrices, of which one triangle is read, and the eigenvectors in their
    place."""
    values, infos = new(a.shape[:2], "float64", a, op), numbers_of(a, op)
    if in_one_call(a, a.shape[1]):
        call(_batched.hermitian_eigen, (a, values, infos), upper, vectors, op)
    else:
        _solver.hermitian_eigen(a, values, upper, vectors, infos, op)
    check(infos, op, _linalg.NO_EIGENVALUES, values)
    return values


def eigen(a, vectors, op):
    """Eigenvalues of turned matrices, and right eigenvectors unless these are None."""
    values, infos = new(a.shape[:2], "complex128", a, op), numbers_of(a, op)
    _solver.eigen(a, values, vectors, infos, op)
    check(infos, op, _linalg.NO_EIGENVALUES)
    return values


def singular(a, u, vt, op, failure):
    """Singular values of turned matrices that are not wide, and as many vectors as there is room
    for, if there is any."""
    count, n, _ = a.shape
    s, infos = new((count, n), "float64", a, op), numbers_of(a, op)
    _solver.singular(a, s, u, vt, infos, op)
    check(infos, op, failure, s)
    return s


def by_jacobi(shape):
    """Whether `singular_by_jacobi` takes a stack."""
    *outer, m, n = shape
    return math.prod(outer) > 1 and min(m, n) > 0 and max(m, n) <= SVD


def singular_by_jacobi(a, vectors, op):
    """Singular values of turned matrices.

    Returns
    -------
    u, s, v : Tensor
        With all vectors, turned; or None for both.
    failed : array of int
        The matrices for which the iteration did not end. Of them there is another way.
    """
    count, n, m = a.shape
    s, infos, u, v = new((count, min(m, n)), "float64", a, op), numbers_of(a, op), None, None
    if vectors:
        u, v = new((count, m, m), a.dtype, a, op), new((count, n, n), a.dtype, a, op)
    call(_batched.singular, (a, s, u, v, infos), op)
    return u, s, v, np.flatnonzero(read(infos))


# ------------------------------------------------------------------------------------------
# stacks that are broadcast
# ------------------------------------------------------------------------------------------


def spread(x, own, outer):
    """What belongs to matrices, for each place of the shape that their stack is broadcast to."""
    rest = x.shape[1:]
    whole = _views.broadcast_to(_views.reshape(x, (*own, *rest)), (*outer, *rest))
    return _views.reshape(compact(whole), (math.prod(outer), *rest))


def which_matrix(own, outer):
    """The flat index of the matrix for each of these places, on the host."""
    places = np.arange(math.prod(own), dtype=np.int64).reshape(own)
    return np.ascontiguousarray(np.broadcast_to(places, outer).ravel())


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
    if read(infos).any() or (values is not None and has_nan(values)):
        raise LinAlgError(f"{op}: {failure}")


def has_nan(values):
    """Whether a library has passed NaN on, with which LAPACK does not converge."""
    return np.isnan(read(run("max", (values,), ((0, 1), False, values.dtype))))


def read(x):
    return np.asarray(to_device(x, 0, 0, False))
