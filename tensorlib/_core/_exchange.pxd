from tensorlib._core._tensor cimport Tensor

cdef object to_ndarray(Tensor tensor)
cpdef Tensor asarray(object a, object dtype=*, object order=*, object device=*, object copy=*)
