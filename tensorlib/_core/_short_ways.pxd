from tensorlib._core._dispatch cimport Op
from tensorlib._core._tensor cimport Tensor

cdef object binary(Op op, object first, object second)
cdef bint binary_into(Op op, Tensor a, Tensor b) except -1   # into a, where that can be
cdef object ternary(Op op, object first, object second, object third)
cdef object unary(Op op, object x)
