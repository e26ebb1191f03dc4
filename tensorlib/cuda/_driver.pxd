from cuda.bindings cimport cydriver

cdef enum:
    MAX_DEVICES = 64

# What a call of the driver returned, or a CudaError that begins with `what`.
cdef int check(cydriver.CUresult result, str what) except -1

# Make a device's context the thread's, before calls of the driver; refuses in a forked child.
cdef int enter(int device, str what) except -1

# Whether calls of the driver are still possible: not in a forked child, nor at the very end.
cdef bint is_usable() noexcept

cdef cydriver.CUdevice handle_of(int device) noexcept
cdef cydriver.CUcontext context_of(int device) noexcept   # NULL before it was entered
cdef int current_device() noexcept           # of this thread
cdef int multiprocessors(int device) noexcept

# The launches of which the driver may not have told yet whether they failed.
cdef void note_launch(str op) noexcept
cdef void note_synchronised() noexcept

# After the host waited for a device, so that results can be seen: the IndexError of kernels that
# met an index outside, on this device or on one from which it had copies.
cdef int raise_reported(int device) except -1
cdef void note_copy(int device, int giver) noexcept   # of results, from one device to another
