"""The kernels of linear algebra: LAPACK through the loops of `numpy.linalg`.

Inputs are stacks of matrices of one inexact dtype. As in NumPy all is computed in double
precision, and the results are rounded to the precision of the inputs.
"""

from numpy.linalg import LinAlgError
from numpy.linalg import _umath_linalg as loops

from tensorlib._core._copy import astype, copy
from tensorlib._core._exchange import asarray
from tensorlib._core._gufunc import Gufunc
from tensorlib._core._inverse import Inverse
from tensorlib._core._triangular import upper_triangle

SINGULAR = "Singular matrix"
NO_EIGENVALUES = "Eigenvalues did not converge"
NO_SVD = "SVD did not converge"
NO_LSTSQ = "SVD did not converge in Linear Least Squares"
NOT_POSITIVE = "Matrix is not positive definite"
BAD_QR = "Incorrect argument found while performing QR factorization"


def in_double(name, ufunc, failure=None, kind=Gufunc):
    """A generalized ufunc of `numpy.linalg`, with what its LinAlgError says if LAPACK gives up."""
    return kind(name, ufunc, failure and LinAlgError(f"{name}: {failure}"), double=True)


_cholesky = {
    upper: in_double("cholesky", ufunc, NOT_POSITIVE)
    for upper, ufunc in ((False, loops.cholesky_lo), (True, loops.cholesky_up))
}
_eigh = {
    "L": in_double("eigh", loops.eigh_lo, NO_EIGENVALUES),
    "U": in_double("eigh", loops.eigh_up, NO_EIGENVALUES),
}
_eigvalsh = {
    "L": in_double("eigvalsh", loops.eigvalsh_lo, NO_EIGENVALUES),
    "U": in_double("eigvalsh", loops.eigvalsh_up, NO_EIGENVALUES),
}
_svd = {True: in_double("svd", loops.svd_f, NO_SVD), False: in_double("svd", loops.svd_s, NO_SVD)}
_svdvals = in_double("svdvals", loops.svd, NO_SVD)
_qr_raw = in_double("qr", loops.qr_r_raw, BAD_QR)
_qr_reduced = in_double("qr", loops.qr_reduced, BAD_QR)
_qr_complete = in_double("qr", loops.qr_complete, BAD_QR)

least_squares = in_double("lstsq", loops.lstsq, NO_LSTSQ)
det = in_double("det", loops.det)
eig = in_double("eig", loops.eig, NO_EIGENVALUES)
eigvals = in_double("eigvals", loops.eigvals, NO_EIGENVALUES)
inv = in_double("inv", loops.inv, SINGULAR, Inverse)
slogdet = in_double("slogdet", loops.slogdet)
solve = in_double("solve", loops.solve, SINGULAR)


def cholesky(a, upper):
    """The triangular factor of a positive definite matrix."""
    return _cholesky[upper](a)


def eigh(a, uplo):
    """Eigenvalues and eigenvectors of a Hermitian matrix, of which one triangle is read."""
    return _eigh[uplo](a)


def eigvalsh(a, uplo):
    """Eigenvalues of a Hermitian matrix, of which one triangle is read."""
    return _eigvalsh[uplo](a)


def lstsq(a, b, rcond):
    """Solution, sums of squared residuals, rank and singular values."""
    return least_squares(a, b, asarray(rcond, dtype=float), sizes={"p": min(a.shape[-2:])})


def svd(a, full_matrices):
    """Left singular vectors, singular values, and right singular vectors as rows."""
    return _svd[full_matrices](a, sizes={"p": min(a.shape[-2:])})


def svdvals(a):
    """The singular values."""
    return _svdvals(a, sizes={"p": min(a.shape[-2:])})


def qr_raw(a):
    """Householder reflectors above which r lies, and their factors."""
    return tuple(astype(x, a.dtype) for x in _factored(a))


def qr(a, complete):
    """An orthonormal and an upper triangular factor."""
    rows, columns = a.shape[-2:]
    reflectors, factors = _factored(a)
    if complete and rows > columns:
        q, order = _qr_complete(reflectors, factors), rows
    else:
        q, order = _qr_reduced(reflectors, factors), min(rows, columns)
    return astype(q, a.dtype), upper_triangle(reflectors, order, a.dtype)


def _factored(a):
    """What `qr_raw` returns, in double precision."""
    # A copy, as the loop works in place.
    reflectors = copy(astype(a, "D" if a.dtype.kind == "c" else "d"), "C")
    return reflectors, _qr_raw(reflectors, sizes={"p": min(a.shape[-2:])})
