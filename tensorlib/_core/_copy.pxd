from tensorlib._core._tensor cimport Tensor

# Tensors laid out by `order`, as NumPy's empty_like has it: "C", "F", "A" or "K".
cdef Tensor empty_like(Tensor x, int dtype, str order, str op)
cdef Tensor as_dtype(Tensor x, int dtype)   # itself where it has the dtype

cdef bint in_c_order(Tensor x) noexcept     # as `contiguous` says for tensors of the CPU

# NumPy's ComplexWarning, where a copy would discard imaginary parts.
cdef int warn_of_lost_part(Tensor target, Tensor source) except -1

# Same shape, any dtypes and strides, overlapping or not: what `_tensor.copy_into` calls.
cdef int copy_elements(Tensor target, Tensor source) except -1
