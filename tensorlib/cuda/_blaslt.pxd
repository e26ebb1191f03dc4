from tensorlib._core._tensor cimport Tensor
from tensorlib.cuda._blas cimport Matrices

cdef bint is_available() except -1

# Whether it adds vectors to products of a dtype.
cdef bint has_dtype(int dtype) noexcept

# result = a @ b + bias, of matrices that fit; False where cuBLASLt has no way, and nothing is done.
cdef bint multiply_and_add(const Matrices &p, Tensor a, Tensor b, Tensor bias, Tensor result,
                           str op) except -1
