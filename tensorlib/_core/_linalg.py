"""The kernels of linear algebra: LAPACK through the loops of `numpy.linalg`.

Inputs are stacks of matrices of one inexact dtype.
"""

import numpy as np
from numpy.linalg import LinAlgError
from numpy.linalg import _umath_linalg as loops

from tensorlib._core._copy import astype, copy
from tensorlib._core._exchange import asarray
from tensorlib._core._gufunc import Gufunc

SINGULAR = LinAlgError("Singular matrix")
NO_CONVERGENCE = LinAlgError("Eigenvalues did not converge")

_cholesky = {
    upper: Gufunc(
        "cholesky",
        loops.cholesky_up if upper else loops.cholesky_lo,
        LinAlgError("Matrix is not positive definite"),
    )
    for upper in (False, True)
}
_eigh = {
    uplo: Gufunc("eigh", getattr(loops, f"eigh_{'lo' if uplo == 'L' else 'up'}"), NO_CONVERGENCE)
    for uplo in "LU"
}
_eigvalsh = {
    uplo: Gufunc(
        "eigvalsh", getattr(loops, f"eigvalsh_{'lo' if uplo == 'L' else 'up'}"), NO_CONVERGENCE
    )
    for uplo in "LU"
}
_lstsq = Gufunc("lstsq", loops.lstsq, LinAlgError("SVD did not converge in Linear Least Squares"))
_svd_failure = LinAlgError("SVD did not converge")
_svd = {
    True: Gufunc("svd", loops.svd_f, _svd_failure),
    False: Gufunc("svd", loops.svd_s, _svd_failure),
}
_svdvals = Gufunc("svdvals", loops.svd, _svd_failure)
_qr_failure = LinAlgError("Incorrect argument found while performing QR factorization")
_qr_raw = Gufunc("qr", loops.qr_r_raw, _qr_failure)
_qr_reduced = Gufunc("qr", loops.qr_reduced, _qr_failure)
_qr_complete = Gufunc("qr", loops.qr_complete, _qr_failure)

det = Gufunc("det", loops.det, SINGULAR)
eig = Gufunc("eig", loops.eig, NO_CONVERGENCE)
eigvals = Gufunc("eigvals", loops.eigvals, NO_CONVERGENCE)
inv = Gufunc("inv", loops.inv, SINGULAR)
slogdet = Gufunc("slogdet", loops.slogdet, SINGULAR)
solve = Gufunc("solve", loops.solve, SINGULAR)


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
    rcond = asarray(rcond, dtype=a.real.dtype)
    return _lstsq(a, b, rcond, sizes={"p": min(a.shape[-2:])})


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
    r = np.triu(np.asarray(reflectors)[..., :order, :])
    return astype(q, a.dtype), astype(asarray(r), a.dtype)


def _factored(a):
    """What `qr_raw` returns, in the double precision that the loops have."""
    # A copy, as the loop works in place.
    reflectors = copy(astype(a, "D" if a.dtype.kind == "c" else "d"), "C")
    return reflectors, _qr_raw(reflectors, sizes={"p": min(a.shape[-2:])})
