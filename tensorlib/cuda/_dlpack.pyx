"""Exchange of device memory with other libraries: DLPack, and CUDA's array interface."""

from cpython.pycapsule cimport (
    PyCapsule_GetPointer,
    PyCapsule_IsValid,
    PyCapsule_New,
    PyCapsule_SetName,
)
from cpython.ref cimport Py_DECREF, Py_INCREF
from cuda.bindings cimport cydriver
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t, uintptr_t
from libc.stdlib cimport free, malloc

from tensorlib._core._backend cimport number_of_device
from tensorlib._core._dtypes cimport dtype_id, dtype_is_foreign, dtype_itemsize, dtype_object
from tensorlib._core._memory cimport storage_wrap
from tensorlib._core._tensor cimport MAX_DIMS, Tensor, refuse_wrapped, tensor_wrap
from tensorlib.cuda._backend cimport index_of_tensor
from tensorlib.cuda._driver cimport check, enter
from tensorlib.cuda._stream cimport stream_on, wait_for

import numpy as np

from tensorlib.cuda import _driver

cdef extern from "Python.h":
    int Py_IsInitialized() nogil

# The structures of DLPack 1.1 (dlpack.h).
cdef enum:
    CPU = 1
    CUDA = 2
    CUDA_MANAGED = 13   # memory that the driver moves: GPUs read it as they do their own
    READ_ONLY = 1       # a flag

cdef struct DLDevice:
    int32_t device_type
    int32_t device_id

cdef struct DLDataType:
    uint8_t code
    uint8_t bits
    uint16_t lanes

cdef struct DLTensor:
    void *data
    DLDevice device
    int32_t ndim
    DLDataType dtype
    int64_t *shape
    int64_t *strides
    uint64_t byte_offset

cdef struct DLManagedTensor:
    DLTensor tensor
    void *manager
    void (*deleter)(DLManagedTensor *self) noexcept nogil

cdef struct DLPackVersion:
    uint32_t major
    uint32_t minor

cdef struct DLManagedTensorVersioned:
    DLPackVersion version
    void *manager
    void (*deleter)(DLManagedTensorVersioned *self) noexcept nogil
    uint64_t flags
    DLTensor tensor

# DLPack's code of a kind of dtype, and of those that are of no kind of NumPy's.
cdef dict CODES = {"i": 0, "u": 1, "f": 2, "c": 5, "b": 6}
cdef dict KINDS = {0: "i", 1: "u", 2: "f", 5: "c"}
cdef dict NAMES = {(4, 16): "bfloat16", (10, 8): "float8_e4m3fn", (12, 8): "float8_e5m2"}
cdef dict CODES_BY_NAME = {name: code for (code, _), name in NAMES.items()}


# ------------------------------------------------------------------------------------------
# to others
# ------------------------------------------------------------------------------------------

cdef int fill(DLTensor *target, Tensor tensor) except -1:
    """Describe a tensor; shape and strides are in a block of their own."""
    cdef int i, itemsize = dtype_itemsize(tensor.dtype_)
    dtype = dtype_object(tensor.dtype_)
    target.shape = <int64_t *>malloc(max(1, 2 * tensor.ndim_) * sizeof(int64_t))
    if target.shape == NULL:
        raise MemoryError("__dlpack__: unable to allocate a shape")
    target.strides = target.shape + tensor.ndim_
    for i in range(tensor.ndim_):
        target.shape[i] = tensor.shape_[i]
        target.strides[i] = tensor.strides_[i] // itemsize
    target.data = tensor.data
    target.device.device_type = CUDA
    target.device.device_id = index_of_tensor(tensor)
    target.ndim = tensor.ndim_
    target.dtype.code = CODES_BY_NAME[dtype.name] if dtype_is_foreign(tensor.dtype_) \
        else CODES[dtype.kind]
    target.dtype.bits = 8 * itemsize
    target.dtype.lanes = 1
    target.byte_offset = 0
    return 0


# Consumers may call these from any thread, and when the interpreter has ended.
cdef void let_go(DLManagedTensor *self) noexcept nogil:
    release(self.manager)
    free(self.tensor.shape)
    free(self)


cdef void let_go_versioned(DLManagedTensorVersioned *self) noexcept nogil:
    release(self.manager)
    free(self.tensor.shape)
    free(self)


cdef void release(void *tensor) noexcept nogil:
    if Py_IsInitialized():
        with gil:
            Py_DECREF(<object>tensor)


cdef void drop_capsule(object capsule) noexcept:
    """Nobody took what is in it."""
    cdef DLManagedTensor *managed
    if PyCapsule_IsValid(capsule, "dltensor"):
        managed = <DLManagedTensor *>PyCapsule_GetPointer(capsule, "dltensor")
        managed.deleter(managed)


cdef void drop_versioned_capsule(object capsule) noexcept:
    cdef DLManagedTensorVersioned *managed
    if PyCapsule_IsValid(capsule, "dltensor_versioned"):
        managed = <DLManagedTensorVersioned *>PyCapsule_GetPointer(capsule, "dltensor_versioned")
        managed.deleter(managed)


def to_capsule(Tensor tensor not None, stream=None, max_version=None, copy=None):
    """A device tensor as a DLPack capsule.

    Parameters
    ----------
    tensor : Tensor
    stream : int, optional
        The consumer's, by DLPack's numbers: 1, or None, is the default stream; for -1 nothing
        waits. It waits for what the tensor's memory is computed by.
    max_version : tuple of int, optional
        The newest version of DLPack that the consumer knows.
    copy : bool, optional
        True: the consumer gets memory of its own.

    Raises
    ------
    BufferError
        If elements do not lie at multiples of their size.
    """
    cdef DLManagedTensor *managed
    cdef DLManagedTensorVersioned *versioned
    cdef int i, device
    if tensor.wrapped is not None:
        refuse_wrapped(tensor, "__dlpack__")
    if copy:
        tensor = tensor.detach().copy("K")
    device = index_of_tensor(tensor)
    for i in range(tensor.ndim_):
        if tensor.strides_[i] % dtype_itemsize(tensor.dtype_):
            raise BufferError(f"__dlpack__: expected strides in multiples of the itemsize, got "
                              f"{tensor.strides} for {tensor.dtype}")
    if stream is None or stream != -1:
        wait_for(<cydriver.CUstream><uintptr_t>(0 if stream in (None, 0, 1) else stream), device,
                 stream_on(device), device, "__dlpack__")
    if max_version is None or max_version[0] < 1:
        if tensor.readonly or not tensor.storage.writeable:
            raise BufferError("__dlpack__: a tensor that is read-only needs a consumer of DLPack "
                              "1.0 or newer")
        managed = <DLManagedTensor *>malloc(sizeof(DLManagedTensor))
        if managed == NULL:
            raise MemoryError("__dlpack__: unable to allocate a description")
        fill(&managed.tensor, tensor)
        managed.manager = <void *>tensor
        managed.deleter = let_go
        Py_INCREF(tensor)
        return PyCapsule_New(managed, "dltensor", drop_capsule)
    versioned = <DLManagedTensorVersioned *>malloc(sizeof(DLManagedTensorVersioned))
    if versioned == NULL:
        raise MemoryError("__dlpack__: unable to allocate a description")
    fill(&versioned.tensor, tensor)
    versioned.version.major, versioned.version.minor = 1, 1
    versioned.flags = READ_ONLY if tensor.readonly or not tensor.storage.writeable else 0
    versioned.manager = <void *>tensor
    versioned.deleter = let_go_versioned
    Py_INCREF(tensor)
    return PyCapsule_New(versioned, "dltensor_versioned", drop_versioned_capsule)


def array_interface(Tensor tensor not None):
    """The dict of ``__cuda_array_interface__``, version 3."""
    cdef uintptr_t stream
    if tensor.wrapped is not None:
        refuse_wrapped(tensor, "__cuda_array_interface__")
    dtype = dtype_object(tensor.dtype_)
    if dtype_is_foreign(tensor.dtype_):
        raise AttributeError(f"__cuda_array_interface__: the protocol has no code for {dtype}")
    stream = <uintptr_t>stream_on(index_of_tensor(tensor))
    return {
        "shape": tensor.shape,
        "strides": tensor.strides,
        "typestr": dtype.str,
        "data": (<uintptr_t>tensor.data, tensor.readonly or not tensor.storage.writeable),
        "stream": stream if stream else 1,
        "version": 3,
    }


# ------------------------------------------------------------------------------------------
# from others
# ------------------------------------------------------------------------------------------

cdef class Taken:
    """What another library handed over, which is let go of when nobody has its memory."""

    cdef DLManagedTensor *managed
    cdef DLManagedTensorVersioned *versioned

    def __dealloc__(self):
        if self.managed != NULL and self.managed.deleter != NULL:
            self.managed.deleter(self.managed)
        if self.versioned != NULL and self.versioned.deleter != NULL:
            self.versioned.deleter(self.versioned)


cdef Tensor over(uintptr_t address, int device, tuple shape, const Py_ssize_t *strides, dtype,
                 bint writeable, object owner):
    """A tensor over the memory of a device that `owner` keeps; strides in bytes, NULL for C
    order."""
    cdef Py_ssize_t[MAX_DIMS] lengths
    cdef Py_ssize_t[MAX_DIMS] steps
    cdef int kind = dtype_id(dtype, "asarray"), i, ndim = len(shape)
    cdef Py_ssize_t low = 0, high = dtype_itemsize(kind), step = high, size = 1
    if ndim > MAX_DIMS:
        raise ValueError(f"asarray: expected at most {MAX_DIMS} dimensions, got {ndim}")
    for i in range(ndim - 1, -1, -1):
        lengths[i] = shape[i]
        steps[i] = step if strides == NULL else strides[i]
        step *= max(lengths[i], 1)
        size *= lengths[i]
        if steps[i] < 0:
            low += (lengths[i] - 1) * steps[i]
        else:
            high += (lengths[i] - 1) * steps[i]
    if size == 0:
        low = high = 0
    storage = storage_wrap(<char *>address + low, high - low, writeable, owner)
    storage.device = number_of_device("cuda", device)
    return tensor_wrap(storage, <char *>address, ndim, lengths, steps, kind)


def from_other(x):
    """A tensor over the memory of an object with ``__cuda_array_interface__``, by DLPack where it
    has that, too: that knows bfloat16, and all that speak it say what has to be waited for."""
    if hasattr(x, "__dlpack__") and hasattr(x, "__dlpack_device__"):
        try:
            return from_exporter(x)
        except BufferError:  # something that it cannot describe
            pass
    return from_interface(x)


cdef Tensor from_interface(object x):
    cdef Py_ssize_t[MAX_DIMS] strides
    cdef Py_ssize_t *steps = NULL
    cdef int device = _driver.current_index(), i
    described = x.__cuda_array_interface__
    if described.get("mask") is not None:
        raise NotImplementedError("asarray: masked arrays of __cuda_array_interface__")
    address, read_only = described["data"]
    enter(device, "asarray")
    if 0 not in described["shape"]:
        check(cydriver.cuPointerGetAttribute(
            &device, cydriver.CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL, <uintptr_t>address), "asarray")
    stream = described.get("stream")
    if stream is not None:
        wait_for(stream_on(device), device,
                 <cydriver.CUstream><uintptr_t>(0 if stream == 1 else stream), device, "asarray")
    given = described.get("strides")
    if given is not None:
        for i in range(len(given)):
            strides[i] = given[i]
        steps = strides
    return over(address or 0, device, tuple(described["shape"]), steps,
                np.dtype(described["typestr"]), not read_only, x)


def from_exporter(x, copy=None):
    """A tensor over the memory of an object with ``__dlpack__`` that is on a GPU."""
    cdef uintptr_t stream
    cdef DLTensor *found
    cdef Taken taken = Taken()
    cdef Py_ssize_t[MAX_DIMS] strides
    cdef Py_ssize_t *steps = NULL
    cdef bint writeable = True
    cdef int i, itemsize
    kind, device = x.__dlpack_device__()
    if kind not in (CUDA, CUDA_MANAGED):
        raise BufferError(f"from_dlpack: expected memory of the CPU or of a GPU, got DLPack's "
                          f"device {kind}")
    if kind == CUDA_MANAGED:
        device = _driver.current_index()
    _driver.check_index(device, "from_dlpack")
    stream = <uintptr_t>stream_on(device)
    try:
        capsule = x.__dlpack__(stream=stream if stream else 1, max_version=(1, 1), copy=copy)
    except TypeError:  # older than DLPack 1.0
        if copy:
            raise
        capsule = x.__dlpack__(stream=stream if stream else 1)
    if PyCapsule_IsValid(capsule, "dltensor_versioned"):
        taken.versioned = <DLManagedTensorVersioned *>PyCapsule_GetPointer(
            capsule, "dltensor_versioned")
        PyCapsule_SetName(capsule, "used_dltensor_versioned")
        if taken.versioned.version.major > 1:
            raise BufferError("from_dlpack: a version of DLPack that is too new")
        found = &taken.versioned.tensor
        writeable = not taken.versioned.flags & READ_ONLY
    else:
        taken.managed = <DLManagedTensor *>PyCapsule_GetPointer(capsule, "dltensor")
        PyCapsule_SetName(capsule, "used_dltensor")
        found = &taken.managed.tensor
    dtype = dtype_of(found.dtype)
    itemsize = dtype.itemsize
    if found.strides != NULL:
        for i in range(found.ndim):
            strides[i] = found.strides[i] * itemsize
        steps = strides
    return over(<uintptr_t>found.data + found.byte_offset, device,
                tuple([found.shape[i] for i in range(found.ndim)]),
                steps, dtype, writeable, taken)


cdef object dtype_of(DLDataType found):
    if found.lanes == 1:
        if found.code == 6 and found.bits == 8:
            return np.dtype(bool)
        if (found.code, found.bits) in NAMES:
            return np.dtype(NAMES[found.code, found.bits])
        if found.code in KINDS and found.bits in (8, 16, 32, 64, 128):
            return np.dtype(f"{KINDS[found.code]}{found.bits // 8}")
    raise BufferError(f"from_dlpack: a dtype that tensors do not have: DLPack's code {found.code} "
                      f"of {found.bits} bits and {found.lanes} lanes")
