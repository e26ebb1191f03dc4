from cuda.bindings cimport cydriver

from tensorlib._core._tensor cimport Tensor

# A tensor in C order in pinned memory.
cdef Tensor pinned_empty(int ndim, const Py_ssize_t *shape, int dtype)

# Whether a tensor's memory is pinned; if so, it will not be freed before what is now on the stream.
cdef bint used_by(Tensor tensor, int device, cydriver.CUstream stream) except -1
