from tensorlib._core._tensor cimport Tensor

cdef object write_out(str name, Tensor result, object out)
