from cuda.bindings cimport cydriver

from tensorlib.cuda._driver cimport MAX_DEVICES

cdef class Kernel:
    """A function that runs on GPUs."""
    cdef readonly str name                      # in its source
    cdef readonly str source
    cdef cydriver.CUfunction[MAX_DEVICES] functions   # NULL where it was not loaded yet
    cdef int load(self, int device, str op) except -1
    # On the device's current stream; the arguments as the driver takes them.
    cdef int launch(self, int device, size_t blocks, unsigned int threads, void **arguments,
                    str op) except -1

# After a launch: waits for it where TENSORLIB_CUDA_BLOCKING says so.
cdef int wait_if_blocking(int device, cydriver.CUstream stream, str op) except -1
