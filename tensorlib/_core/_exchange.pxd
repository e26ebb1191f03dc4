from tensorlib._core._tensor cimport Tensor

cdef object to_ndarray(Tensor tensor)
cdef bint owns_memory(Tensor tensor) noexcept
cpdef Tensor asarray(object a, object dtype=*, object order=*, object device=*, object copy=*)
