from libc.stdint cimport uint8_t

from tensorlib._core._memory cimport Storage
from tensorlib._core._tensor cimport Tensor

cdef class Backend:
    cdef readonly str kind
    cdef Storage *allocate(self, int device, Tensor tensor, str op) except NULL
    cdef void free(self, int device, char *data, size_t capacity) noexcept
    cdef int copy(self, Tensor target, Tensor source) except -1
    cdef Tensor landing(self, Tensor source)
    cdef int transfer(self, Tensor target, Tensor source, bint blocking) except -1
    cdef int elementwise(self, str op, const uint8_t *dtypes, list inputs, list outputs, int ndim,
                         const Py_ssize_t *shape) except -1

cdef Backend backend_of(int device)
cdef int number_of_device(str kind, int index) except -1
cdef int device_of(str op, tuple operands) except -1   # 0 is the CPU's
