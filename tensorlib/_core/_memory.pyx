"""Storage and the caching allocator: the one extension that owns the blocks of memory."""

cdef extern from "storage.h" namespace "tl" nogil:
    cdef cppclass Writes:
        Writes() except +
        void note(const char *low, const char *high, uint32_t version, PyObject *where) except +
        uint32_t last(const char *low, const char *high, PyObject **where)

    Writes *writes_of "tl::writes_of"(Storage *storage) except +

    cdef struct MemoryStats:
        size_t allocated
        size_t peak
        size_t cached
        size_t cache_limit
        size_t allocations
        size_t cache_hits

    Storage *new_storage "tl::storage_new"(size_t nbytes)
    Storage *wrap_storage "tl::storage_wrap"(
        char *data, size_t nbytes, bint writeable, PyObject *owner)
    Storage *device_storage "tl::storage_on_device"(
        uint8_t device, char *data, size_t nbytes, size_t capacity)
    void release_storage "tl::storage_release"(Storage *storage)
    MemoryStats current_stats "tl::memory_stats"()
    void reset_peak "tl::reset_peak_memory_stats"()
    void limit_cache "tl::set_cache_limit"(size_t nbytes)
    void drop_cache "tl::empty_cache"()

cdef extern from "storage.h":
    void install_device_free "tl::set_device_free"(
        void (*device_free)(uint8_t device, char *data, size_t capacity) noexcept)


cdef Storage *storage_new(size_t nbytes, str op) except NULL:
    cdef Storage *storage = new_storage(nbytes)
    if storage == NULL:
        raise MemoryError(f"{op}: unable to allocate {nbytes:,} bytes")
    return storage


cdef Storage *storage_wrap(char *data, size_t nbytes, bint writeable, object owner) except NULL:
    cdef Storage *storage = wrap_storage(data, nbytes, writeable, <PyObject *>owner)
    if storage == NULL:
        raise MemoryError("asarray: unable to allocate the header of a storage")
    return storage


cdef Storage *storage_on_device(uint8_t device, char *data, size_t nbytes, size_t capacity,
                                str op) except NULL:
    cdef Storage *storage = device_storage(device, data, nbytes, capacity)
    if storage == NULL:
        raise MemoryError(f"{op}: unable to allocate the header of a storage")
    return storage


cdef void set_device_free(void (*device_free)(uint8_t, char *, size_t) noexcept) noexcept:
    install_device_free(device_free)


cdef void storage_release(Storage *storage) noexcept:
    release_storage(storage)


cdef int storage_wrote(Storage *storage, const char *low, const char *high,
                       object where) except -1:
    writes_of(storage).note(low, high, storage.version, <PyObject *>where)
    return 0


cdef uint32_t storage_last_write(Storage *storage, const char *low, const char *high,
                                 PyObject **where) noexcept:
    return writes_of(storage).last(low, high, where)


def memory_stats():
    """Counters of the caching allocator.

    Returns
    -------
    dict of str to int
        ``allocated`` and ``peak``: bytes that tensors use now, and at most since the start or the
        last `reset_peak_memory_stats`; ``cached``: bytes kept for reuse, never above
        ``cache_limit``; ``allocations`` and ``cache_hits``: blocks handed out, and how many of
        them came from the cache.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.zeros(1000)
    >>> tl.memory_stats()["allocated"] >= x.nbytes
    True
    """
    return current_stats()


def reset_peak_memory_stats():
    """Let the ``peak`` of `memory_stats` begin anew, at the bytes that tensors use now.

    Examples
    --------
    The most that a step needs beside what was there before:

    >>> import tensorlib as tl
    >>> x = tl.ones((1000, 1000))
    >>> before = tl.memory_stats()["allocated"]
    >>> tl.reset_peak_memory_stats()
    >>> y = (2 * x).sum()
    >>> tl.memory_stats()["peak"] - before >= x.nbytes
    True
    """
    reset_peak()


def set_cache_limit(nbytes):
    """Bound the memory that the allocator keeps for reuse.

    Parameters
    ----------
    nbytes : int
        Bytes; an eighth of the machine's memory at the start.

    Raises
    ------
    ValueError
        If `nbytes` is negative.

    Examples
    --------
    >>> import tensorlib as tl
    >>> limit = tl.memory_stats()["cache_limit"]
    >>> tl.set_cache_limit(64 << 20)
    >>> tl.memory_stats()["cache_limit"]
    67108864
    >>> tl.set_cache_limit(limit)
    """
    if nbytes < 0:
        raise ValueError(f"set_cache_limit: expected a number of bytes >= 0, got {nbytes}")
    limit_cache(nbytes)


def empty_cache():
    """Give all memory that waits for reuse back to the system.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.empty_cache()
    >>> tl.memory_stats()["cached"]
    0
    """
    drop_cache()
