from cpython.object cimport PyObject
from libc.stdint cimport uint8_t, uint32_t

cdef extern from "storage.h" namespace "tl" nogil:
    # `references` and `data` are all that the views of a storage touch.
    cdef struct Storage:
        char *data
        size_t nbytes
        size_t capacity
        Py_ssize_t references
        Py_ssize_t exports
        PyObject *owner
        uint32_t version
        bint saved
        bint writeable
        uint8_t device  # by its number; 0 is the CPU

    cdef Storage *storage_retain(Storage *storage) noexcept

# The allocator lives in this extension alone; others reach it through these.
cdef Storage *storage_new(size_t nbytes, str op) except NULL
cdef Storage *storage_wrap(char *data, size_t nbytes, bint writeable, object owner) except NULL
cdef Storage *storage_on_device(uint8_t device, char *data, size_t nbytes, size_t capacity,
                                str op) except NULL
cdef void storage_release(Storage *storage) noexcept

# Of a storage that the tape holds: a write into [low, high), and the last one there (0: none).
cdef int storage_wrote(Storage *storage, const char *low, const char *high, object where) except -1
cdef uint32_t storage_last_write(Storage *storage, const char *low, const char *high,
                                 PyObject **where) noexcept

cdef void set_device_free(void (*device_free)(uint8_t, char *, size_t) noexcept) noexcept
