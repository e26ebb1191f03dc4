"""Events: places in the order of a stream."""

from cuda.bindings cimport cydriver
from libc.stdint cimport uintptr_t

from tensorlib.cuda._driver cimport check, current_device, enter, is_usable, raise_reported
from tensorlib.cuda._stream cimport Stream, handle_of_stream


cdef class Event:
    """A place in the order of a stream, for which others can wait.

    Parameters
    ----------
    enable_timing : bool, optional
        Whether `elapsed_time` can be asked.
    blocking : bool, optional
        Whether `synchronize` lets the CPU sleep rather than ask again and again.

    Examples
    --------
    >>> import tensorlib as tl
    >>> if tl.cuda.is_available():
    ...     start, stop = (tl.cuda.Event(enable_timing=True) for _ in range(2))
    ...     start.record()
    ...     y = tl.ones((1000, 1000), device="cuda") * 2
    ...     stop.record()
    ...     stop.synchronize()
    ...     milliseconds = start.elapsed_time(stop)
    """

    cdef cydriver.CUevent handle
    cdef int index         # of the device; -1 before it is recorded for the first time
    cdef readonly bint enable_timing
    cdef unsigned int flags

    def __init__(self, enable_timing=False, blocking=False):
        self.index = -1
        self.enable_timing = enable_timing
        self.flags = 0 if enable_timing else cydriver.CU_EVENT_DISABLE_TIMING
        if blocking:
            self.flags |= cydriver.CU_EVENT_BLOCKING_SYNC

    def __dealloc__(self):
        if self.index >= 0 and is_usable():
            cydriver.cuEventDestroy(self.handle)

    @property
    def cuda_event(self):
        """int: the driver's handle; 0 before it is recorded."""
        return <uintptr_t>self.handle if self.index >= 0 else 0

    def record(self, stream=None):
        """Let the event happen when all launched so far on a stream, the current one by default,
        is done."""
        cdef int device = (<Stream>stream).index if isinstance(stream, Stream) \
            else current_device()
        cdef cydriver.CUstream handle = handle_of_stream(stream, device, "record")
        enter(device, "record")
        if self.index < 0:
            check(cydriver.cuEventCreate(&self.handle, self.flags), "record")
            self.index = device
        elif self.index != device:
            raise ValueError(f"record: expected a stream of cuda:{self.index}, where the event was "
                             f"recorded before, got one of cuda:{device}")
        check(cydriver.cuEventRecord(self.handle, handle), "record")

    def wait(self, stream=None):
        """Let what is launched from now on on a stream, the current one by default, wait for the
        event. One that was never recorded has happened."""
        cdef int device = (<Stream>stream).index if isinstance(stream, Stream) \
            else current_device()
        if self.index >= 0:
            enter(device, "wait")
            check(cydriver.cuStreamWaitEvent(
                handle_of_stream(stream, device, "wait"), self.handle, 0), "wait")

    def query(self):
        """Whether it has happened.

        Returns
        -------
        bool

        Raises
        ------
        IndexError
            If it has, and an index of a call on the device was out of bounds.
        """
        if self.index < 0:
            return True
        enter(self.index, "query")
        cdef cydriver.CUresult result = cydriver.cuEventQuery(self.handle)
        if result == cydriver.CUDA_ERROR_NOT_READY:
            return False
        check(result, "query")
        raise_reported(self.index)
        return True

    def synchronize(self):
        """Wait until it has happened.

        Raises
        ------
        IndexError
            If an index of a call on the device was out of bounds.
        """
        cdef cydriver.CUevent handle = self.handle
        cdef cydriver.CUresult result
        if self.index < 0:
            return
        enter(self.index, "synchronize")
        with nogil:
            result = cydriver.cuEventSynchronize(handle)
        check(result, "synchronize")
        raise_reported(self.index)

    def elapsed_time(self, Event end not None):
        """Milliseconds between this event and a later one.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If one of them was not recorded, or made without timing.
        """
        cdef float milliseconds = 0
        if self.index < 0 or end.index < 0:
            raise ValueError("elapsed_time: expected two events that were recorded")
        if not (self.enable_timing and end.enable_timing):
            raise ValueError("elapsed_time: expected events made with enable_timing=True")
        enter(self.index, "elapsed_time")
        check(cydriver.cuEventElapsedTime(&milliseconds, self.handle, end.handle), "elapsed_time")
        return milliseconds
