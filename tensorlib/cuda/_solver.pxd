from tensorlib._core._tensor cimport Tensor
from tensorlib.cuda._libraries cimport Library

# Of cublas_api.h, cusolver_common.h and library_types.h.
cdef enum:
    LOWER = 0
    UPPER = 1
    OP_N = 0
    OP_T = 1
    RIGHT = 1
    R_64F = 1
    C_64F = 5

cdef class Call:
    cdef Library library
    cdef str prefix       # of the names of its functions
    cdef dict statuses
    cdef str op
    cdef int device
    cdef void *handle
    cdef Tensor work
    cdef void *function(self, str name) except NULL
    cdef int check(self, int status) except -1
    cdef int end(self) except -1   # after the last call

cdef class SolverCall(Call):
    cdef int type         # of the elements
    cdef void *params
    cdef int *info        # of the first matrix
    cdef size_t work_size
    cdef size_t host_size
    cdef object host_work
    cdef int provide(self) except -1   # the memory that the library asked for
    cdef void *host(self) noexcept

cdef class BlasCall(Call):
    pass

# What names of functions have for a dtype, and the factor 1 as they take it.
cdef str blas_letter(int dtype)
cdef void write_one(double *one, int dtype) noexcept
