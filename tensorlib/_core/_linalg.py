"""The kernels of linear algebra: LAPACK through the loops of `numpy.linalg`.

Inputs are stacks of matrices of one inexact dtype. As in NumPy all is computed in double
precision, and the results are rounded to the precision of the inputs.
"""

import numpy as np
from numpy.linalg import LinAlgError
from numpy.linalg import _umath_linalg as loops

from tensorlib._core._copy import astype, copy
from tensorlib._core._exchange import asarray
from tensorlib._core._gufunc import Gufunc

WIDE = {"f": "d", "F": "D"}
NARROW = {"d": "f", "D": "F"}

SINGULAR = "Singular matrix"
NO_EIGENVALUES = "Eigenvalues did not converge"
NO_SVD = "SVD did not converge"
BAD_QR = "Incorrect argument found while performing QR factorization"


class InDouble:
    """A generalized ufunc of `numpy.linalg`, computed in double precision.

    Parameters
    ----------
    name : str
        The op, with which messages begin.
    ufunc : numpy.ufunc
    failure : str, optional
        What the LinAlgError says where LAPACK gives up.
    """

    def __init__(self, name, ufunc, failure=None):
        self.compute = Gufunc(name, ufunc, failure and LinAlgError(f"{name}: {failure}"))

    def __call__(self, *inputs, sizes=None):
        if inputs[0].dtype.char not in WIDE:
            return self.compute(*inputs, sizes=sizes)
        results = self.compute(*(changed(x, WIDE) for x in inputs), sizes=sizes)
        if isinstance(results, tuple):
            return tuple(changed(x, NARROW) for x in results)
        return changed(results, NARROW)


def changed(x, precision):
    """The numbers in another precision; integers as they are."""
    return astype(x, precision.get(x.dtype.char, x.dtype))


_cholesky = {
    upper: InDouble("cholesky", ufunc, "Matrix is not positive definite")
    for upper, ufunc in ((False, loops.cholesky_lo), (True, loops.cholesky_up))
}
_eigh = {
    "L": InDouble("eigh", loops.eigh_lo, NO_EIGENVALUES),
    "U": InDouble("eigh", loops.eigh_up, NO_EIGENVALUES),
}
_eigvalsh = {
    "L": InDouble("eigvalsh", loops.eigvalsh_lo, NO_EIGENVALUES),
    "U": InDouble("eigvalsh", loops.eigvalsh_up, NO_EIGENVALUES),
}
_lstsq = InDouble("lstsq", loops.lstsq, "SVD did not converge in Linear Least Squares")
_svd = {True: InDouble("svd", loops.svd_f, NO_SVD), False: InDouble("svd", loops.svd_s, NO_SVD)}
_svdvals = InDouble("svdvals", loops.svd, NO_SVD)
_qr_raw = InDouble("qr", loops.qr_r_raw, BAD_QR)
_qr_reduced = InDouble("qr", loops.qr_reduced, BAD_QR)
_qr_complete = InDouble("qr", loops.qr_complete, BAD_QR)

det = InDouble("det", loops.det)
eig = InDouble("eig", loops.eig, NO_EIGENVALUES)
eigvals = InDouble("eigvals", loops.eigvals, NO_EIGENVALUES)
inv = InDouble("inv", loops.inv, SINGULAR)
slogdet = InDouble("slogdet", loops.slogdet)
solve = InDouble("solve", loops.solve, SINGULAR)


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
    return _lstsq(a, b, asarray(rcond, dtype=float), sizes={"p": min(a.shape[-2:])})


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
    """What `qr_raw` returns, in double precision."""
    reflectors = copy(changed(a, WIDE), "C")  # a copy, as the loop works in place
    return reflectors, _qr_raw(reflectors, sizes={"p": min(a.shape[-2:])})
