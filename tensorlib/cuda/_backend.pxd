from libc.stdint cimport int64_t, uint8_t, uint64_t

from tensorlib._core._backend cimport Backend
from tensorlib._core._loops cimport Walk
from tensorlib._core._tensor cimport Tensor
from tensorlib.cuda._kernel cimport Kernel

cdef class Cuda(Backend):
    cdef dict elementwise_kernels    # key of a call -> Kernel
    cdef dict kernels                # op -> function, of those called so far
    cdef int first                   # the number of cuda:0
    cdef int transfer_between(self, Tensor target, Tensor source, size_t nbytes) except -1
    cdef object find(self, str op, tuple inputs)
    cdef Kernel kernel_of(self, str op, uint64_t key)
    cdef int run_flat(self, str op, const uint8_t *dtypes, int device, int64_t size,
                      char **pointers, const int *kinds, const int *modes, int nout,
                      int operands) except -1
    cdef int run_turned(self, str op, int device, const Walk &walk, int axis, char **pointers,
                        const int *kinds) except -1
    cdef int run_strided(self, str op, const uint8_t *dtypes, int device, int64_t size,
                         const Walk &walk, char **pointers, const int *kinds, const int *modes,
                         int nout) except -1

cdef int index_of_tensor(Tensor tensor) noexcept   # of its device
cdef int number_of_index(int index) noexcept       # of a device, among those of all kinds

# Refuses elements between the places where a GPU can read them.
cdef int check_aligned(Tensor tensor, str op) except -1
