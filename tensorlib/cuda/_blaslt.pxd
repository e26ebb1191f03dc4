from tensorlib._core._tensor cimport Tensor
from tensorlib.cuda._blas cimport Matrices

cdef bint is_available() except -1

# Whether it adds vectors to products of a dtype.
cdef bint has_dtype(int dtype) noexcept

# Whether a device multiplies 8-bit floats of two dtypes.
cdef bint has_float8(int a, int b, int device) except -1

# result = a @ b, + bias unless that is None, of matrices that fit; False where cuBLASLt has no way,
# and nothing is done.
cdef bint multiply(const Matrices &p, Tensor a, Tensor b, Tensor bias, Tensor result,
                   str op) except -1
