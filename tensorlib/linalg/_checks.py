"""What the functions of linear algebra ask of their arguments."""

import numpy as np
from numpy.linalg import LinAlgError

from tensorlib._arguments import anywhere
from tensorlib._core._autocast import widened
from tensorlib._core._functions import asarray, isfinite, logical_not

KNOWN = "dfDF"  # the letters of the dtypes for which LAPACK has routines


def matrices(op, a):
    """An argument that is a stack of matrices, in a precision that LAPACK knows."""
    a = asarray(a)
    if a.ndim < 2:
        raise LinAlgError(f"{op}: expected an array of at least two dimensions, got {a.ndim}")
    return inexact(op, a)


def square_matrices(op, a):
    """An argument that is a stack of square matrices, in a precision that LAPACK knows."""
    a = asarray(a)
    check_square(op, a.shape)
    return a if a.dtype.char in KNOWN else inexact(op, a)


def check_square(op, shape):
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise LinAlgError(
            f"{op}: expected at least two dimensions, and the last 2 dimensions of the array "
            f"to be square, got shape {shape}"
        )


def inexact(op, a):
    """A tensor of float32, float64, complex64 or complex128: integers become float64."""
    a = widened(a)
    dtype = a.dtype
    if dtype.char in KNOWN:
        return a
    if dtype.kind in "biu":
        return a.astype(np.float64)
    raise TypeError(f"{op}: array type {dtype.name} is unsupported in linalg")


def alike(a, b):
    """Two tensors with inexact dtypes in their common dtype."""
    if a.dtype is b.dtype:
        return a, b
    dtype = np.result_type(a.dtype, b.dtype)
    return a.astype(dtype, copy=False), b.astype(dtype, copy=False)


def check_finite(op, a):
    """Refuse infinities and NaNs, with which LAPACK's search for eigenvalues does not end."""
    if anywhere(logical_not(isfinite(a))):
        raise LinAlgError(f"{op}: array must not contain infs or NaNs")


def triangle(op, UPLO):
    """The name of the triangle to read, in upper case."""
    name = UPLO.upper()
    if name not in ("L", "U"):
        raise ValueError(f"{op}: expected UPLO to be 'L' or 'U', got {UPLO!r}")
    return name
