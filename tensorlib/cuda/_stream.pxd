from cuda.bindings cimport cydriver

cdef class Stream:
    cdef cydriver.CUstream handle
    cdef readonly int index      # of the device
    cdef bint pooled             # goes back to the idle ones at the end
    cdef list outer              # the streams that were current before it, one for each `with`

cdef cydriver.CUstream stream_on(int device) noexcept   # this thread's current one
cdef cydriver.CUstream handle_of_stream(object stream, int device, str op) except *
cdef int wait_for(cydriver.CUstream stream, cydriver.CUstream other, int device,
                  str op) except -1   # what is launched on `stream` from now on, for `other`
