"""Linear algebra: NumPy's `numpy.linalg`, and triangular equations as PyTorch has them."""

from numpy.linalg import LinAlgError

from tensorlib.linalg._decompositions import cholesky, qr, svd, svdvals
from tensorlib.linalg._eigenvalues import eig, eigh, eigvals, eigvalsh
from tensorlib.linalg._equations import (
    cholesky_solve,
    det,
    inv,
    lstsq,
    matrix_power,
    pinv,
    slogdet,
    solve,
    solve_triangular,
    tensorinv,
    tensorsolve,
)
from tensorlib.linalg._norms import cond, matrix_norm, matrix_rank, norm, vector_norm
from tensorlib.linalg._products import (
    cross,
    diagonal,
    matmul,
    matrix_transpose,
    multi_dot,
    outer,
    tensordot,
    trace,
    vecdot,
)

__all__ = [
    "LinAlgError",
    "cholesky",
    "cholesky_solve",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "inv",
    "lstsq",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "multi_dot",
    "norm",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_triangular",
    "svd",
    "svdvals",
    "tensordot",
    "tensorinv",
    "tensorsolve",
    "trace",
    "vecdot",
    "vector_norm",
]
