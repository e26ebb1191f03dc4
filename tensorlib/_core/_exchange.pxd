from tensorlib._core._tensor cimport Tensor

cdef object to_ndarray(Tensor tensor)
cpdef str memory_order(str op, object order, str default)   # C, F, A or K, as given or default
cdef bint owns_memory(Tensor tensor) noexcept
cpdef Tensor asarray(object a, object dtype=*, object order=*, object device=*, object copy=*,
                     object like=*)
