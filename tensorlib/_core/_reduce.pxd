from libc.stdint cimport uint64_t

from tensorlib._core._loops cimport LoopTable
from tensorlib._core._tensor cimport Tensor

cdef Tensor fold(LoopTable table, str name, Tensor x, uint64_t axes, bint keepdims, int dtype)
cdef Tensor squared_distances(Tensor x, Tensor means, uint64_t axes, bint keepdims, str name)
cdef Tensor accumulate(LoopTable table, str name, Tensor x, int axis, int dtype)
cdef int fold_dtype(LoopTable table, Tensor x) except -1
