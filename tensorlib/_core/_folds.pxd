from tensorlib._core._dispatch cimport Op
from tensorlib._core._tensor cimport Tensor

cdef int one_axis(Tensor x, object axis, str name) except -1
cdef object reduce(Op op, object a, object axis, object dtype, object out, object keepdims,
                   object initial, object where)
cdef object accumulate(Op op, object a, object axis, object dtype, object out)
