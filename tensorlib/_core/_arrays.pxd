from tensorlib._core._tensor cimport Tensor

cpdef object write_out(str op, object out, Tensor result, str casting=*)
