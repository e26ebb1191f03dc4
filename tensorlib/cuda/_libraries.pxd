from cuda.bindings cimport cydriver

from tensorlib._core._tensor cimport Tensor

cdef class Library:
    cdef readonly str name
    cdef readonly str title
    cdef tuple handle_functions
    cdef void *opened
    cdef int (*create)(void **handle) noexcept nogil
    cdef int (*set_stream)(void *handle, cydriver.CUstream stream) noexcept nogil
    cdef object own         # handles of threads, by the device
    cdef dict idle          # those of threads that ended
    cdef void *open(self, str op) except NULL
    cdef void *function(self, str name, str op) except NULL
    cdef bint fill(self, tuple places, str op) except -1

    # What its calls take first, of this thread and, if it has one, for the current stream.
    cdef void *handle_on(self, int device, str op) except NULL

# A CudaError where a call of a library did not return 0.
cdef int check_status(Library library, int status, dict names, str op) except -1

# Memory for a call, which is given back in the order of the stream.
cdef Tensor workspace(int device, size_t nbytes, str op)
