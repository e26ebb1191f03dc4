from tensorlib._core._tensor cimport Tensor

cdef class Library:
    """One of NVIDIA's libraries."""
    cdef readonly str name
    cdef str title
    cdef void *opened
    cdef object own         # handles of threads, by the device
    cdef dict idle          # those of threads that ended
    cdef void *open(self, str op) except NULL
    cdef void *function(self, str name, str op) except NULL

    # What calls of libraries like cuSOLVER take first, for this thread and the device's current
    # stream. The functions are `create(void **handle)` and `set_stream(handle, stream)`.
    cdef void *handle_on(self, int device, str create, str set_stream, str op) except NULL

# A CudaError where a call of a library did not return 0.
cdef int check_status(Library library, int status, dict names, str op) except -1

# Memory for a call, which is given back in the order of the stream.
cdef Tensor workspace(int device, size_t nbytes, str op)
