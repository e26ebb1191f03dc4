from libc.stdint cimport int64_t

from tensorlib._core._loops cimport Walk
from tensorlib._core._tensor cimport Tensor

# A product of matrices a (rows x inner) and b (inner x columns), or a stack of them; strides are in
# bytes. The result is in C order.
cdef struct Matrices:
    int64_t rows, inner, columns
    int64_t a_row, a_inner, b_inner, b_column

# How cuBLAS, which goes by columns, is to read a matrix: whether transposed, and the step between
# what it takes for columns, in elements.
cdef struct Laid:
    int op
    int64_t step

# Of cublas_api.h and library_types.h.
cdef enum:
    OP_N = 0
    OP_T = 1
    COMPUTE_64F = 70

cdef bint is_available() except -1

# Whether cuBLAS knows a dtype.
cdef bint has_dtype(int dtype) noexcept

# Whether cuBLAS can read a matrix where it lies.
cdef bint fits(int64_t rows, int64_t columns, int64_t row, int64_t column,
               int64_t itemsize) noexcept

# What cuBLAS calls a dtype, and in what it is to multiply and add: as the user wants it.
cdef int type_of(int dtype) noexcept
cdef int compute_of(int dtype) noexcept

# Of a matrix that fits; here strides are in elements.
cdef Laid laid(int64_t rows, int64_t columns, int64_t row, int64_t column) noexcept

# Of matrices that fit. The walk is over the stack; strides of its third operand are in elements.
cdef int multiply(const Matrices &p, const Walk &walk, Tensor a, Tensor b, Tensor result,
                  str op) except -1
