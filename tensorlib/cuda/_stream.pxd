from cuda.bindings cimport cydriver

cdef class Stream:
    cdef cydriver.CUstream handle
    cdef readonly int index      # of the device
    cdef bint pooled             # goes back to the idle ones at the end
    cdef list outer              # the streams that were current before it, one for each `with`

cdef cydriver.CUstream stream_on(int device) noexcept   # this thread's current one
cdef bint is_capturing(cydriver.CUstream stream) noexcept   # whether a graph is, on it
cdef cydriver.CUstream handle_of_stream(object stream, int device, str op) except *

# Let what is launched from now on on a stream of a device wait for what was on another one. Both
# devices have to be known: each has a default stream, and the handle of all of these is NULL.
cdef int wait_for(cydriver.CUstream stream, int device, cydriver.CUstream other, int there,
                  str op) except -1
