"""Streams: the orders in which a device works."""

from cuda.bindings cimport cydriver
from libc.stdint cimport uintptr_t

from tensorlib.cuda._driver cimport (
    MAX_DEVICES,
    check,
    current_device,
    enter,
    is_usable,
    note_synchronised,
    raise_reported,
)

from tensorlib.cuda.device import index_of

cdef extern from *:
    """
    static thread_local CUstream tl_streams[64];  // the current one of each device
    """
    cydriver.CUstream tl_streams[MAX_DEVICES]

# Streams that no object stands for any more. They are never destroyed: memory that was freed on
# one is reused in its order.
cdef dict idle = {}


cdef cydriver.CUstream stream_on(int device) noexcept:
    return tl_streams[device]


cdef bint is_capturing(cydriver.CUstream stream) noexcept:
    cdef cydriver.CUstreamCaptureStatus status = cydriver.CU_STREAM_CAPTURE_STATUS_NONE
    cydriver.cuStreamIsCapturing(stream, &status)
    return status != cydriver.CU_STREAM_CAPTURE_STATUS_NONE


cdef class Stream:
    """An order of work on a device; streams run beside one another.

    As a context manager it makes itself, and its device, current: what is computed inside is
    launched on it.

    Parameters
    ----------
    device : int, str or Device, optional
        The current one by default.
    priority : int, optional
        Lower numbers go first, where the device knows priorities.

    Examples
    --------
    >>> import tensorlib as tl
    >>> if tl.cuda.is_available():
    ...     stream = tl.cuda.Stream()
    ...     with stream:
    ...         y = tl.ones(3, device="cuda") + 1
    ...     stream.synchronize()
    """

    def __init__(self, device=None, priority=0):
        cdef list kept
        cdef int wanted = priority
        self.index = index_of(device, "Stream")
        self.outer = []
        enter(self.index, "Stream")
        kept = idle.setdefault((self.index, wanted), [])
        if kept:
            self.handle = <cydriver.CUstream><uintptr_t>kept.pop()
        else:
            check(cydriver.cuStreamCreateWithPriority(
                &self.handle, cydriver.CU_STREAM_NON_BLOCKING, wanted), "Stream")
        self.pooled = True

    @staticmethod
    def from_handle(uintptr_t handle, device=None):
        """A Stream over one that somebody else made, and keeps."""
        cdef Stream stream = Stream.__new__(Stream)
        stream.index = index_of(device, "Stream")
        stream.handle = <cydriver.CUstream>handle
        stream.outer = []
        return stream

    def __dealloc__(self):
        cdef int priority = 0
        if self.pooled and is_usable() and idle is not None \
                and cydriver.cuStreamGetPriority(self.handle, &priority) == cydriver.CUDA_SUCCESS:
            idle.setdefault((self.index, priority), []).append(<uintptr_t>self.handle)

    @property
    def cuda_stream(self):
        """int: the driver's handle."""
        return <uintptr_t>self.handle

    @property
    def device(self):
        """str: where it runs."""
        return f"cuda:{self.index}"

    def __cuda_stream__(self):
        return 0, <uintptr_t>self.handle

    def __eq__(self, other):
        return isinstance(other, Stream) and self.handle == (<Stream>other).handle \
            and self.index == (<Stream>other).index

    def __hash__(self):
        return hash((self.index, <uintptr_t>self.handle))

    def __repr__(self):
        return f"Stream(device={self.device!r}, handle={<uintptr_t>self.handle:#x})"

    def __enter__(self):
        from tensorlib.cuda._driver import set_current
        self.outer.append((<uintptr_t>tl_streams[self.index], current_device()))
        set_current(self.index)
        tl_streams[self.index] = self.handle
        return self

    def __exit__(self, *exception):
        from tensorlib.cuda._driver import set_current
        handle, device = self.outer.pop()
        tl_streams[self.index] = <cydriver.CUstream><uintptr_t>handle
        set_current(device)

    def synchronize(self):
        """Wait until all that was launched on it is done.

        Raises
        ------
        IndexError
            If an index of a call on the device was out of bounds.
        """
        cdef cydriver.CUstream handle = self.handle
        cdef cydriver.CUresult result
        enter(self.index, "synchronize")
        with nogil:
            result = cydriver.cuStreamSynchronize(handle)
        check(result, "synchronize")
        note_synchronised()
        raise_reported(self.index)

    def query(self):
        """Whether all that was launched on it is done.

        Returns
        -------
        bool

        Raises
        ------
        IndexError
            If it is done, and an index of a call on the device was out of bounds.
        """
        enter(self.index, "query")
        cdef cydriver.CUresult result = cydriver.cuStreamQuery(self.handle)
        if result == cydriver.CUDA_ERROR_NOT_READY:
            return False
        check(result, "query")
        raise_reported(self.index)
        return True

    def wait_stream(self, stream):
        """Let what is launched from now on wait for all that was launched on another stream."""
        cdef int there = (<Stream>stream).index if isinstance(stream, Stream) else self.index
        wait_for(self.handle, self.index, handle_of_stream(stream, there, "wait_stream"), there,
                 "wait_stream")

    def wait_event(self, event):
        """Let what is launched from now on wait for an event."""
        event.wait(self)

    def record_event(self, event=None):
        """Let an event, a new one by default, happen when all launched so far is done.

        Returns
        -------
        Event
        """
        from tensorlib.cuda._event import Event
        if event is None:
            event = Event()
        event.record(self)
        return event


def current_stream(device=None):
    """The stream on which this thread computes.

    Parameters
    ----------
    device : int, str or Device, optional
        The current one by default.

    Returns
    -------
    Stream
    """
    cdef int index = index_of(device, "current_stream")
    return Stream.from_handle(<uintptr_t>tl_streams[index], index)


def default_stream(device=None):
    """The stream that is current where no other was made so.

    Returns
    -------
    Stream
    """
    return Stream.from_handle(0, index_of(device, "default_stream"))


cdef cydriver.CUstream handle_of_stream(object stream, int device, str op) except *:
    """The handle of a stream: the current one for None."""
    if stream is None:
        return tl_streams[device]
    if isinstance(stream, Stream):
        return (<Stream>stream).handle
    if hasattr(stream, "__cuda_stream__"):
        return <cydriver.CUstream><uintptr_t>stream.__cuda_stream__()[1]
    raise TypeError(f"{op}: expected a Stream, got {type(stream).__name__}")


cdef int wait_for(cydriver.CUstream stream, int device, cydriver.CUstream other, int there,
                  str op) except -1:
    cdef cydriver.CUevent event
    if stream == other and device == there:
        return 0
    enter(there, op)
    check(cydriver.cuEventCreate(&event, cydriver.CU_EVENT_DISABLE_TIMING), op)
    try:
        check(cydriver.cuEventRecord(event, other), op)
        enter(device, op)
        return check(cydriver.cuStreamWaitEvent(stream, event, 0), op)
    finally:
        cydriver.cuEventDestroy(event)  # at once: the driver keeps it until it has happened
