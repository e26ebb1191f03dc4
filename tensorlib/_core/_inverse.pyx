"""Inverses of matrices by LAPACK's ``getrf`` and ``getri``, from SciPy.

NumPy solves equations with an identity matrix, which takes twice as long: these know that half of
what they multiply is zero (Golub and Van Loan, Matrix Computations, section 3.2).
"""

from libc.limits cimport INT_MAX
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from tensorlib._core._dtypes cimport TL_COMPLEX128
from tensorlib._core._gufunc cimport Gufunc
from tensorlib._core._loops cimport Loop
from tensorlib._core._scipy_functions cimport scipy_function
from tensorlib._core._threads cimport find_blas_threads

cdef extern from "<fenv.h>" nogil:
    const int FE_ALL_EXCEPT
    const int FE_INVALID
    int feclearexcept(int)
    int feraiseexcept(int)

ctypedef void (*Getrf)(int *m, int *n, void *a, int *lda, int *pivots, int *info) noexcept nogil
ctypedef void (*Getri)(int *n, void *a, int *lda, int *pivots, void *work, int *lwork,
                       int *info) noexcept nogil

cdef struct Routines:
    Getrf factorize
    Getri invert
    int itemsize

cdef enum:
    WORTH = 32      # rows of a matrix
    BLOCK = 64      # columns that getri multiplies at once

cdef Routines[2] routines   # of real and of complex numbers


cdef int load() except -1:
    """SciPy is not imported before it is needed."""
    from scipy.linalg import cython_lapack
    routines[0] = Routines(<Getrf>scipy_function(cython_lapack, "dgetrf"),
                           <Getri>scipy_function(cython_lapack, "dgetri"), 8)
    routines[1] = Routines(<Getrf>scipy_function(cython_lapack, "zgetrf"),
                           <Getri>scipy_function(cython_lapack, "zgetri"), 16)
    find_blas_threads()
    return 0


cdef bint invert(char *a, Py_ssize_t row, Py_ssize_t column, int n, char *out,
                 const Routines *by) noexcept nogil:
    """Whether a matrix, of steps in bytes, has an inverse, which goes to `out` in C order."""
    cdef int lwork = n * BLOCK, info = -1
    cdef Py_ssize_t i, k
    cdef int *pivots = <int *>malloc(n * sizeof(int) + <Py_ssize_t>lwork * by.itemsize + 16)
    # LAPACK, which goes by columns, inverts what to it is the transposed matrix.
    for i in range(n):
        if column == by.itemsize:
            memcpy(out + i * n * by.itemsize, a + i * row, n * by.itemsize)
            continue
        for k in range(n):
            memcpy(out + (i * n + k) * by.itemsize, a + i * row + k * column, by.itemsize)
    if pivots != NULL:
        by.factorize(&n, &n, out, &n, pivots, &info)
        if info == 0:
            work = <char *>(pivots + n)
            by.invert(&n, out, &n, pivots, work + (-<Py_ssize_t>work & 15), &lwork, &info)
    free(pivots)
    return info == 0


cdef void invert_all(char **args, const Py_ssize_t *dims, const Py_ssize_t *steps,
                     void *data) noexcept nogil:
    """A loop of NumPy's kind, of the signature (n,n)->(n,n).

    An invalid operation says that a matrix has no inverse; what LAPACK met is forgotten.
    """
    cdef Py_ssize_t i
    cdef bint failed = False
    for i in range(dims[0]):
        if not invert(args[0] + i * steps[0], steps[2], steps[3], <int>dims[1],
                      args[1] + i * steps[1], <const Routines *>data):
            failed = True
    feclearexcept(FE_ALL_EXCEPT)
    if failed:
        feraiseexcept(FE_INVALID)


cdef class Inverse(Gufunc):
    """The inverse, which for small matrices is NumPy's."""

    cdef int run(self, Loop *loop, list tensors, int outer, const Py_ssize_t *shape,
                 const Py_ssize_t *lengths) except -1:
        cdef Loop own = loop[0]
        if WORTH <= lengths[0] <= INT_MAX // BLOCK:
            if routines[0].factorize == NULL:
                load()
            own.function = invert_all
            own.data = &routines[loop.dtypes[0] == TL_COMPLEX128]
            loop = &own
        return Gufunc.run(self, loop, tensors, outer, shape, lengths)
