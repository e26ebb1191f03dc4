"""Matrices as products of simpler ones."""

import warnings

from numpy.linalg._linalg import QRResult, SVDResult

from tensorlib._arguments import followed
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import absolute, argsort, conjugate, copysign, sort
from tensorlib._core._tape import is_grad_enabled
from tensorlib._creation import triu
from tensorlib._manipulation import matrix_transpose
from tensorlib._selection import take_along_axis
from tensorlib.linalg._checks import matrices, square_matrices
from tensorlib.linalg._eigenvalues import eigh, eigvalsh


def cholesky(a, /, *, upper=False):
    """Triangular factor of a positive definite matrix: ``L @ L^H``, or ``U^H @ U``.

    Parameters
    ----------
    a : array_like
        Shape ``(..., n, n)``, Hermitian. Only the triangle that is returned is read.
    upper : bool
        Whether to return the upper factor instead of the lower one.

    Returns
    -------
    Tensor
        Shape ``(..., n, n)``; float64 for integers, else dtype of `a`. The diagonal is positive.

    Raises
    ------
    LinAlgError
        If a matrix is not square or not positive definite.
    TypeError
        If the dtype is none that LAPACK knows, such as float16.

    Notes
    -----
    The gradient is Hermitian: that of a change which keeps `a` Hermitian.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.linalg.cholesky([[4.0, 2.0], [2.0, 5.0]])
    tensor([[2., 0.],
            [1., 2.]])
    """
    return apply(ops.cholesky, (square_matrices("cholesky", a),), (bool(upper),))


def qr(a, mode="reduced"):
    """Orthonormal and upper triangular factors: ``a = Q @ R``.

    Parameters
    ----------
    a : array_like
        Shape ``(..., m, n)``.
    mode : {"reduced", "complete", "r", "raw"}
        With ``k = min(m, n)``: Q and R of shapes ``(m, k)`` and ``(k, n)``; of ``(m, m)`` and
        ``(m, n)``; R alone; or LAPACK's own form, the transposed reflectors ``(n, m)`` and their
        factors ``(k,)``.

    Returns
    -------
    QRResult
        With fields `Q` and `R`. A Tensor for mode "r", a tuple of two for "raw". float64 for
        integers, else dtype of `a`.

    Raises
    ------
    LinAlgError
        If `a` has fewer than two dimensions.
    TypeError
        If the dtype is none that LAPACK knows, or the result of mode "raw" would need a gradient.
    ValueError
        If `mode` is unknown.

    Examples
    --------
    >>> import tensorlib as tl
    >>> a = tl.asarray([[3.0, 1.0], [4.0, 2.0], [0.0, 1.0]])
    >>> Q, R = tl.linalg.qr(a)
    >>> Q.shape, R.shape
    ((3, 2), (2, 2))
    >>> tl.allclose(Q @ R, a)
    True
    """
    mode = _mode(mode)
    a = matrices("qr", a)
    if mode in ("reduced", "complete"):
        return QRResult(*apply(ops.qr, (a,), (mode == "complete",)))
    needs_gradient = a.requires_grad and is_grad_enabled()
    if mode == "r":
        if followed(a):
            return apply(ops.qr, (a,), (False,))[1]
        return triu(apply(ops.qr_raw, (a,), ())[0][..., : min(a.shape[-2:]), :])
    if needs_gradient:
        raise TypeError(
            f"qr: mode {mode!r} has no gradient, but the matrix needs one; use detach()"
        )
    reflectors, factors = apply(ops.qr_raw, (a,), ())
    return reflectors if mode == "economic" else (matrix_transpose(reflectors), factors)


def _mode(mode):
    """The mode of `qr`, also by the names of long ago."""
    if mode in ("f", "full"):
        warnings.warn("qr: mode 'full' is deprecated; use 'reduced'", DeprecationWarning, 3)
        return "reduced"
    if mode in ("e", "economic"):
        warnings.warn("qr: mode 'economic' is deprecated", DeprecationWarning, 3)
        return "economic"
    if mode not in ("reduced", "complete", "r", "raw"):
        raise ValueError(f"qr: Unrecognized mode {mode!r}")
    return mode


def svd(a, full_matrices=True, compute_uv=True, hermitian=False):
    """Singular value decomposition: ``a = U @ diag(S) @ Vh``.

    Parameters
    ----------
    a : array_like
        Shape ``(..., m, n)``.
    full_matrices : bool
        Whether `U` and `Vh` are square, or of shapes ``(m, k)`` and ``(k, n)`` with
        ``k = min(m, n)``.
    compute_uv : bool
        Whether to return `U` and `Vh` too.
    hermitian : bool
        Whether `a` is Hermitian, which is quicker. Only its lower triangle is read.

    Returns
    -------
    SVDResult
        With fields `U`, `S` and `Vh`; only `S`, a Tensor, without `compute_uv`. `S` is real, of
        shape ``(..., k)``, in descending order. float64 for integers, else dtype of `a`.

    Raises
    ------
    LinAlgError
        If `a` has fewer than two dimensions, or LAPACK does not converge.
    TypeError
        If the dtype is none that LAPACK knows, such as float16.

    Notes
    -----
    Gradients are those of functions that do not depend on the choice of the vectors (their signs,
    or phases if complex). Gradients of the vectors are infinite or NaN where singular values are
    equal or, for matrices that are not square, zero; those of `S` are not.

    Examples
    --------
    >>> import tensorlib as tl
    >>> U, S, Vh = tl.linalg.svd([[0.0, 2.0], [3.0, 0.0], [0.0, 0.0]], full_matrices=False)
    >>> S
    tensor([3., 2.])
    >>> (U * S) @ Vh
    tensor([[0., 2.],
            [3., 0.],
            [0., 0.]])
    """
    if hermitian:
        return _hermitian_svd(a) if compute_uv else sort(absolute(eigvalsh(a)))[..., ::-1]
    a = matrices("svd", a)
    if compute_uv:
        return SVDResult(*apply(ops.svd, (a,), (bool(full_matrices),)))
    return apply(ops.svdvals, (a,), ())


def _hermitian_svd(a):
    """From eigenvalues, whose signs become those of the vectors in `Vh`."""
    values, u = eigh(a)
    order = argsort(absolute(values))[..., ::-1]
    values = take_along_axis(values, order, -1)
    u = take_along_axis(u, order[..., None, :], -1)
    vh = conjugate(matrix_transpose(u * copysign(1.0, values)[..., None, :]))
    return SVDResult(u, absolute(values), vh)


def svdvals(x, /):
    """Singular values of a matrix.

    Parameters
    ----------
    x : array_like
        Shape ``(..., m, n)``.

    Returns
    -------
    Tensor
        Shape ``(..., min(m, n))``, real, in descending order.

    Raises
    ------
    LinAlgError
        If `x` has fewer than two dimensions, or LAPACK does not converge.
    TypeError
        If the dtype is none that LAPACK knows, such as float16.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.linalg.svdvals([[0.0, 2.0], [3.0, 0.0]])
    tensor([3., 2.])
    """
    return apply(ops.svdvals, (matrices("svdvals", x),), ())
