from libc.stdint cimport int64_t

from tensorlib._core._loops cimport Walk
from tensorlib._core._tensor cimport Tensor

# A product of matrices a (rows x inner) and b (inner x columns), or a stack of them; strides are in
# bytes. The result is in C order.
cdef struct Matrices:
    int64_t rows, inner, columns
    int64_t a_row, a_inner, b_inner, b_column

cdef bint is_available() except -1

# Whether cuBLAS knows a dtype.
cdef bint has_dtype(int dtype) noexcept

# Whether cuBLAS can read a matrix where it lies.
cdef bint fits(int64_t rows, int64_t columns, int64_t row, int64_t column,
               int64_t itemsize) noexcept

# Of matrices that fit. The walk is over the stack; strides of its third operand are in elements.
cdef int multiply(const Matrices &p, const Walk &walk, Tensor a, Tensor b, Tensor result,
                  str op) except -1
