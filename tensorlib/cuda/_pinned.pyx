"""Pinned memory of the CPU, which GPUs copy from and to while the CPU goes on."""

cimport cython
from cuda.bindings cimport cydriver
from libc.stdint cimport uintptr_t

from tensorlib._core._dtypes cimport dtype_itemsize
from tensorlib._core._memory cimport storage_wrap
from tensorlib._core._tensor cimport MAX_DIMS, Tensor, copy_into, tensor_wrap
from tensorlib.cuda._driver cimport check, current_device, enter, is_usable
from tensorlib.cuda._stream cimport is_capturing

from tensorlib._core.device import device_number

# Blocks that wait to be used again, with the events of their last copies, by their bytes: to pin
# memory takes the system long.
cdef dict waiting = {}


cdef uintptr_t take_waiting(size_t capacity) except? 0:
    """The address of a block that no copy uses any more; 0 where there is none."""
    cdef list kept = waiting.get(capacity, [])
    cdef int i
    for i, (address, events) in enumerate(kept):
        if have_happened(events):
            del kept[i]
            return address
    return 0


cdef bint have_happened(dict events) noexcept:
    """Whether all of a block's events have; then they are no more."""
    for event in events.values():
        if cydriver.cuEventQuery(<cydriver.CUevent><uintptr_t>event) \
                == cydriver.CUDA_ERROR_NOT_READY:
            return False
    for event in events.values():
        cydriver.cuEventDestroy(<cydriver.CUevent><uintptr_t>event)
    return True


@cython.no_gc
cdef class PinnedBlock:
    """A block of pinned memory, which copies may still use when nobody has it any more."""

    cdef void *data
    cdef size_t nbytes
    cdef dict events         # (device, stream) -> the last copy on it, as a CUevent

    def __cinit__(self, size_t nbytes):
        cdef size_t capacity = 4096
        cdef void *data = NULL
        cdef cydriver.CUstreamCaptureMode mode = cydriver.CU_STREAM_CAPTURE_MODE_RELAXED
        cdef cydriver.CUresult result = cydriver.CUDA_SUCCESS
        while capacity < nbytes:
            capacity *= 2
        self.nbytes = capacity
        self.events = {}
        enter(current_device(), "pin_memory")
        # What this thread may be capturing does not hear of it.
        cydriver.cuThreadExchangeStreamCaptureMode(&mode)
        data = <void *>take_waiting(capacity)
        if data == NULL:
            with nogil:  # all of its pages are made
                result = cydriver.cuMemHostAlloc(
                    &data, capacity, cydriver.CU_MEMHOSTALLOC_PORTABLE)
        cydriver.cuThreadExchangeStreamCaptureMode(&mode)
        check(result, "pin_memory")
        self.data = data

    cdef int used(self, int device, cydriver.CUstream stream) except -1:
        cdef cydriver.CUevent event
        if is_capturing(stream):
            return 0  # replays copy when it is too late to ask: the tensor has to be kept for them
        key = device, <uintptr_t>stream
        if key in self.events:
            event = <cydriver.CUevent><uintptr_t>self.events[key]
        else:
            check(cydriver.cuEventCreate(&event, cydriver.CU_EVENT_DISABLE_TIMING), "copy")
            self.events[key] = <uintptr_t>event
        return check(cydriver.cuEventRecord(event, stream), "copy")

    def __dealloc__(self):
        if self.data != NULL and is_usable() and waiting is not None:
            waiting.setdefault(self.nbytes, []).append((<uintptr_t>self.data, self.events))


cdef Tensor pinned_empty(int ndim, const Py_ssize_t *shape, int dtype):
    cdef PinnedBlock block
    cdef Py_ssize_t[MAX_DIMS] strides
    cdef Py_ssize_t stride = dtype_itemsize(dtype), nbytes = stride
    cdef int i
    for i in range(ndim - 1, -1, -1):
        strides[i] = stride
        stride *= max(shape[i], 1)
        nbytes *= shape[i]
    block = PinnedBlock(nbytes)
    return tensor_wrap(storage_wrap(<char *>block.data, block.nbytes, True, block),
                       <char *>block.data, ndim, shape, strides, dtype)


cdef bint used_by(Tensor tensor, int device, cydriver.CUstream stream) except -1:
    if tensor.storage.owner == NULL \
            or not isinstance(<object>tensor.storage.owner, PinnedBlock):
        return False
    (<PinnedBlock>tensor.storage.owner).used(device, stream)
    return True


def is_pinned(Tensor self):
    """bool: whether the elements are in pinned memory of the CPU."""
    return self.storage.owner != NULL and isinstance(<object>self.storage.owner, PinnedBlock)


def pin_memory(Tensor self):
    """The tensor in pinned memory of the CPU: itself where it is there, else a copy in C order.

    From there ``to("cuda", non_blocking=True)`` returns before the copy is done.

    Raises
    ------
    ValueError
        If the tensor is on another device.
    DeviceError
        If there is no GPU.
    """
    cdef Tensor pinned
    device_number("cuda", "pin_memory")
    if is_pinned(self):
        return self
    if self.storage.device:
        raise ValueError(f"pin_memory: expected a tensor on the CPU, got one on {self.device}")
    pinned = pinned_empty(self.ndim_, self.shape_, self.dtype_)
    copy_into(pinned, self.detach())
    return pinned
