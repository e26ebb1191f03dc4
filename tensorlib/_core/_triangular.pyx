"""Triangular matrices, and equations with them by the routines ``trsm`` of SciPy's BLAS."""

from libc.limits cimport INT_MAX
from libc.string cimport memset

from tensorlib._core._dtypes cimport (
    TL_COMPLEX64,
    TL_COMPLEX128,
    TL_FLOAT32,
    dtype_id,
    dtype_itemsize,
)
from tensorlib._core._memory cimport storage_retain
from tensorlib._core._scipy_functions cimport scipy_function
from tensorlib._core._tensor cimport (
    MAX_DIMS,
    Tensor,
    c_contiguous,
    copy_into,
    tensor_empty,
    tensor_wrap,
)
from tensorlib._core._threads cimport (
    find_blas_threads,
    hold_blas_threads,
    release_blas_threads,
)
from tensorlib._core._views cimport broadcast

import numpy as np

from tensorlib._core._exchange import to_numpy

ctypedef void (*Trsm)(char *side, char *uplo, char *trans, char *diag, int *m, int *n,
                      void *alpha, void *a, int *lda, void *b, int *ldb) noexcept nogil

cdef Trsm[4] routines   # in the order of the dtypes' ids
cdef bint loaded = False


cdef int load() except -1:
    """SciPy is not imported before it is needed."""
    global loaded
    from scipy.linalg import cython_blas
    for i, name in enumerate(("strsm", "dtrsm", "ctrsm", "ztrsm")):
        routines[i] = <Trsm>scipy_function(cython_blas, name)
    find_blas_threads()
    loaded = True
    return 0


cdef float[2] one_single = [1, 0]
cdef double[2] one_double = [1, 0]


def upper_triangle(Tensor x not None, Py_ssize_t rows, dtype):
    """The first rows of a stack of matrices in another dtype, with zeros below the diagonal."""
    cdef Py_ssize_t[MAX_DIMS] shape
    cdef int axis = x.ndim_ - 2, i
    cdef Py_ssize_t columns = x.shape_[axis + 1], itemsize, place
    cdef Tensor result
    for i in range(x.ndim_):
        shape[i] = x.shape_[i]
    shape[axis] = rows
    result = tensor_empty(x.ndim_, shape, dtype_id(dtype, "qr"), "qr")
    copy_into(result, tensor_wrap(storage_retain(x.storage), x.data, x.ndim_, shape, x.strides_,
                                  x.dtype_))
    if result.size_ == 0:
        return result
    itemsize = dtype_itemsize(result.dtype_)
    for place in range(result.size_ // columns):
        memset(result.data + place * columns * itemsize, 0,
               min(place % rows, columns) * itemsize)
    return result


cdef struct Equations:
    Trsm routine
    void *one                # as real or complex number
    char uplo, trans, diag
    int n, k, row            # unknowns, right-hand sides, elements between rows of the matrix


def solve_triangular(Tensor a not None, Tensor b not None, bint upper, bint unitriangular):
    """The kernel of solve_triangular."""
    cdef Py_ssize_t[MAX_DIMS] shape
    cdef Py_ssize_t n = a.shape_[a.ndim_ - 1], k = b.shape_[b.ndim_ - 1]
    cdef Equations equations
    cdef Tensor result
    cdef bint by_rows
    cdef int i, outer
    if a.dtype_ != b.dtype_ or not TL_FLOAT32 <= a.dtype_ <= TL_COMPLEX128:
        raise TypeError("solve_triangular: expected matrices of one dtype that BLAS knows, got "
                        f"{a.dtype} and {b.dtype}")
    try:
        lengths = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    except ValueError:
        lengths = None
    if lengths is None or b.shape_[b.ndim_ - 2] != n or max(n, k) > INT_MAX:
        raise ValueError(f"solve_triangular: expected shapes (..., n, n) and (..., n, k), got "
                         f"{a.shape} and {b.shape}")
    outer = len(lengths)
    for i, length in enumerate((*lengths, n, k)):
        shape[i] = length
    result = tensor_empty(outer + 2, shape, b.dtype_, "solve_triangular")
    copy_into(result, broadcast(b, outer + 2, shape, "solve_triangular"))
    if result.size_ == 0:
        return result
    if not unitriangular and not to_numpy(a).diagonal(0, -2, -1).all():
        raise np.linalg.LinAlgError("solve_triangular: Singular matrix")
    if not loaded:
        load()
    if not row_step(a, 2, 1) and not row_step(a, 1, 2):
        a = c_contiguous(a, "solve_triangular")
    # BLAS goes by columns, so it sees matrices in C order transposed, and is asked for x.T in
    # x.T @ a.T = b.T. Matrices in Fortran order it sees as they are, and has to transpose.
    by_rows = row_step(a, 2, 1) > 0
    equations.routine = routines[a.dtype_ - TL_FLOAT32]
    equations.one = <void *>one_single if a.dtype_ in (TL_FLOAT32, TL_COMPLEX64) else one_double
    equations.uplo = b"L" if upper == by_rows else b"U"
    equations.trans = b"N" if by_rows else b"T"
    equations.diag = b"U" if unitriangular else b"N"
    equations.n, equations.k = n, k
    equations.row = row_step(a, 2, 1) if by_rows else row_step(a, 1, 2)
    shape[outer + 1] = n
    a = broadcast(a, outer + 2, shape, "solve_triangular")
    with nogil:
        hold_blas_threads()
        solve_each(equations, a, result)
        release_blas_threads()
    return result


cdef int row_step(Tensor a, int row_axis, int column_axis) noexcept:
    """Elements from row to row where BLAS can read them, else 0; axes are counted from the end."""
    cdef Py_ssize_t itemsize = dtype_itemsize(a.dtype_), n = a.shape_[a.ndim_ - 1]
    cdef Py_ssize_t step = a.strides_[a.ndim_ - row_axis]
    if n == 1:
        return 1
    if a.strides_[a.ndim_ - column_axis] != itemsize or step % itemsize:
        return 0
    step //= itemsize
    return <int>step if n <= step <= INT_MAX else 0


cdef void solve_each(Equations equations, Tensor a, Tensor x) noexcept nogil:
    """Replace the right-hand sides in x, which is in C order, by the solutions."""
    cdef char side = b"R"
    cdef Py_ssize_t size = <Py_ssize_t>equations.n * equations.k
    cdef Py_ssize_t bytes = size * dtype_itemsize(x.dtype_), place, i
    cdef char *matrix
    cdef int axis
    for i in range(x.size_ // size):
        matrix = a.data
        place = i
        for axis in range(a.ndim_ - 3, -1, -1):
            matrix += place % a.shape_[axis] * a.strides_[axis]
            place //= a.shape_[axis]
        equations.routine(&side, &equations.uplo, &equations.trans, &equations.diag, &equations.k,
                          &equations.n, equations.one, matrix, &equations.row, x.data + i * bytes,
                          &equations.k)
