from tensorlib._core._tensor cimport Tensor

cdef tuple prepared(object index)   # an index as a tuple of what the kernels take

# x[index] = value, for the op of this name
cdef int write_at(Tensor x, object index, object value, str name) except -1
