from cuda.bindings cimport cydriver

from tensorlib._core._tensor cimport Tensor

# Memory of a device for a tensor, or for nbytes where that is None, in the order of its current
# stream; `capacity` says how many bytes there are.
cdef char *allocate(int device, Tensor tensor, size_t nbytes, size_t *capacity, str op) except NULL
cdef void give_back(int device, char *data) noexcept

# Let memory not be reused before what was launched on `stream` is done, too.
cdef int used_on(char *data, cydriver.CUstream stream) except -1

# While a graph is captured on a stream, that stream's memory comes from blocks of the graph's.
cdef int begin_private(int device, cydriver.CUstream stream, size_t graph) except -1
cdef void end_private(cydriver.CUstream stream) noexcept
cdef void release_private(int device, size_t graph, cydriver.CUstream stream) noexcept
