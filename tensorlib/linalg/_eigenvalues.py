"""Eigenvalues and eigenvectors."""

from numpy.linalg._linalg import EighResult, EigResult

from tensorlib._core._dispatch import apply, ops
from tensorlib.linalg._checks import check_finite, square_matrices, triangle


def eig(a):
    """Eigenvalues and right eigenvectors of a square matrix.

    Parameters
    ----------
    a : array_like
        Shape ``(..., n, n)``, finite.

    Returns
    -------
    EigResult
        With fields `eigenvalues`, shape ``(..., n)``, in no order, and `eigenvectors`, shape
        ``(..., n, n)``, as columns of length one. Complex, of the precision of `a`.

    Raises
    ------
    LinAlgError
        If a matrix is not square or not finite, or LAPACK does not converge.
    TypeError
        If the dtype is none that LAPACK knows, such as float16.

    Notes
    -----
    The dtype depends on that of `a` alone, as the array API standard has it and NumPy from 2.5
    on; older NumPy gives real numbers where all eigenvalues happen to be real.

    Gradients are those of functions that do not depend on the phases of the vectors; those of the
    vectors are infinite or NaN where eigenvalues are equal.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.linalg.eig([[2.0, 0.0], [0.0, 3.0]]).eigenvalues
    tensor([2.+0.j, 3.+0.j])
    >>> tl.linalg.eig([[0.0, -1.0], [1.0, 0.0]]).eigenvalues
    tensor([0.+1.j, 0.-1.j])
    """
    a = square_matrices("eig", a)
    check_finite("eig", a)
    return EigResult(*apply(ops.eig, (a,), ()))


def eigvals(a):
    """Eigenvalues of a square matrix.

    Parameters
    ----------
    a : array_like
        Shape ``(..., n, n)``, finite.

    Returns
    -------
    Tensor
        Shape ``(..., n)``, in no order. Complex, of the precision of `a`.

    Raises
    ------
    LinAlgError
        If a matrix is not square or not finite, or LAPACK does not converge.
    TypeError
        If the dtype is none that LAPACK knows, such as float16.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.linalg.eigvals([[2.0, 1.0], [0.0, 3.0]])
    tensor([2.+0.j, 3.+0.j])
    """
    a = square_matrices("eigvals", a)
    check_finite("eigvals", a)
    return apply(ops.eigvals, (a,), ())


def eigh(a, UPLO="L"):
    """Eigenvalues and eigenvectors of a Hermitian matrix: ``a = V @ diag(w) @ V^H``.

    Parameters
    ----------
    a : array_like
        Shape ``(..., n, n)``.
    UPLO : {"L", "U"}
        Which triangle is read, the lower or the upper one.

    Returns
    -------
    EighResult
        With fields `eigenvalues`, shape ``(..., n)``, real, in ascending order, and
        `eigenvectors`, shape ``(..., n, n)``, as orthonormal columns. float64 for integers, else
        dtype of `a`.

    Raises
    ------
    LinAlgError
        If a matrix is not square, or LAPACK does not converge.
    TypeError
        If the dtype is none that LAPACK knows, such as float16.
    ValueError
        If `UPLO` is neither "L" nor "U".

    Notes
    -----
    The gradient is Hermitian: that of a change which keeps `a` Hermitian. Gradients of the vectors
    are those of functions that do not depend on their signs, or phases if complex, and are
    infinite or NaN where eigenvalues are equal.

    Examples
    --------
    >>> import tensorlib as tl
    >>> w, V = tl.linalg.eigh([[2.0, 1.0], [1.0, 2.0]])
    >>> w
    tensor([1., 3.])
    """
    uplo = triangle("eigh", UPLO)
    return EighResult(*apply(ops.eigh, (square_matrices("eigh", a),), (uplo,)))


def eigvalsh(a, UPLO="L"):
    """Eigenvalues of a Hermitian matrix.

    Parameters
    ----------
    a : array_like
        Shape ``(..., n, n)``.
    UPLO : {"L", "U"}
        Which triangle is read, the lower or the upper one.

    Returns
    -------
    Tensor
        Shape ``(..., n)``, real, in ascending order.

    Raises
    ------
    LinAlgError
        If a matrix is not square, or LAPACK does not converge.
    TypeError
        If the dtype is none that LAPACK knows, such as float16.
    ValueError
        If `UPLO` is neither "L" nor "U".

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.linalg.eigvalsh([[2.0, 1.0], [1.0, 2.0]])
    tensor([1., 3.])
    """
    uplo = triangle("eigvalsh", UPLO)
    return apply(ops.eigvalsh, (square_matrices("eigvalsh", a),), (uplo,))
