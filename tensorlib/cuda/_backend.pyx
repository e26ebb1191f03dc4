"""What GPUs do for tensors: memory, copies, and the kernels of ops."""

import importlib

from cuda.bindings cimport cydriver
from libc.stdint cimport int64_t, uint8_t, uint64_t, uintptr_t

from tensorlib._core._backend cimport Backend
from tensorlib._core._copy cimport in_c_order
from tensorlib._core._dtypes cimport dtype_id, dtype_itemsize
from tensorlib._core._loops cimport Walk, walk_prepare
from tensorlib._core._memory cimport Storage, storage_on_device
from tensorlib._core._tensor cimport (
    MAX_DIMS,
    Tensor,
    copy_into,
    may_share_memory,
    tensor_empty_on,
)
from tensorlib.cuda._driver cimport (
    check,
    context_of,
    enter,
    note_copy,
    note_synchronised,
    raise_reported,
)
from tensorlib.cuda._kernel cimport Kernel
from tensorlib.cuda._memory cimport allocate as allocate_block
from tensorlib.cuda._memory cimport give_back, used_on
from tensorlib.cuda._pinned cimport pinned_empty, used_by
from tensorlib.cuda._stream cimport Stream, handle_of_stream, stream_on, wait_for

from tensorlib._core.device import device_number
from tensorlib.cuda import _driver
from tensorlib.cuda import elementwise as sources
from tensorlib.cuda.table import KERNELS

cdef enum:
    MAX_OPERANDS = 4      # of an elementwise op
    THREADS = 256         # of a block, as elementwise.py has it
    SIDE = 32             # of a tile, as turned.cuh has it
    FEW = 4
    MANY = 64
    POINTER = 0
    SAME = 1
    VALUE = 2

# Strides of elementwise.cuh, for MANY axes of MAX_OPERANDS operands: what is passed is packed
# without gaps for as many as the kernel has.
cdef struct Strides:
    int64_t size
    int64_t ndim
    int64_t[MANY + MANY * MAX_OPERANDS] rest


cdef int index_of_tensor(Tensor tensor) noexcept:
    return tensor.storage.device - backend.first


cdef int number_of_index(int index) noexcept:
    return backend.first + index


cdef class Cuda(Backend):
    """The GPUs of this machine."""

    def __init__(self):
        self.elementwise_kernels = {}
        Backend.__init__(self, "cuda", _driver.device_count())
        self.first = device_number("cuda:0", "cuda")
        self.kernels = {}

    # memory ---------------------------------------------------------------------------------

    cdef Storage *allocate(self, int device, Tensor tensor, str op) except NULL:
        cdef size_t nbytes = tensor.size_ * dtype_itemsize(tensor.dtype_), capacity = 0
        cdef char *data = allocate_block(device - self.first, tensor, nbytes, &capacity, op)
        return storage_on_device(device, data, nbytes, capacity, op)

    cdef void free(self, int device, char *data, size_t capacity) noexcept:
        give_back(device - self.first, data)

    cdef Tensor landing(self, Tensor source):
        return pinned_empty(source.ndim_, source.shape_, source.dtype_)

    cdef int transfer(self, Tensor target, Tensor source, bint blocking) except -1:
        cdef size_t nbytes = target.size_ * dtype_itemsize(target.dtype_)
        cdef int device = index_of_tensor(target if target.storage.device else source)
        cdef cydriver.CUstream stream
        cdef cydriver.CUresult result
        if target.storage.device and source.storage.device:
            return self.transfer_between(target, source, nbytes)
        enter(device, "copy")
        stream = stream_on(device)
        with nogil:  # from memory that is not pinned, much of the copy is done here
            result = cydriver.cuMemcpyAsync(<cydriver.CUdeviceptr>target.data,
                                            <cydriver.CUdeviceptr>source.data, nbytes, stream)
        check(result, "copy")
        if not blocking and used_by(target if source.storage.device else source, device, stream):
            return 0
        with nogil:
            result = cydriver.cuStreamSynchronize(stream)
        check(result, "copy")
        note_synchronised()
        if source.storage.device:
            raise_reported(device)
        return 0

    cdef int transfer_between(self, Tensor target, Tensor source, size_t nbytes) except -1:
        """From one GPU to another: on the source's stream, for which the target's waits."""
        cdef int here = index_of_tensor(source), there = index_of_tensor(target)
        cdef cydriver.CUstream from_ = stream_on(here), to = stream_on(there)
        wait_for(from_, here, to, there, "copy")  # the memory may still be in use there
        # As blocks of pools are not mapped on other GPUs, the copy has to be told whose they are.
        check(cydriver.cuMemcpyPeerAsync(
            <cydriver.CUdeviceptr>target.data, context_of(there),
            <cydriver.CUdeviceptr>source.data, context_of(here), nbytes, from_), "copy")
        note_copy(there, here)
        return wait_for(to, there, from_, here, "copy")

    cdef int copy(self, Tensor target, Tensor source) except -1:
        cdef uint8_t[2] dtypes
        dtypes[0], dtypes[1] = source.dtype_, source.dtype_
        return self.elementwise("copy", dtypes, [source], [target], target.ndim_, target.shape_)

    # kernels --------------------------------------------------------------------------------

    def run(self, str op, tuple inputs, tuple params):
        kernel = self.kernels.get(op)
        if kernel is None:
            kernel = self.find(op, inputs)
        return kernel(*inputs, *params)

    cdef object find(self, str op, tuple inputs):
        """The kernel of an op, whose module is imported at the first call."""
        if op not in KERNELS:
            device = [x.device for x in inputs if x.device != "cpu"][0]
            raise NotImplementedError(f"{op}: no kernel for {device}; cpu() brings a tensor to "
                                      "where there is one")
        module, _, name = KERNELS[op].partition(".")
        kernel = getattr(importlib.import_module(f"tensorlib.cuda.{module}"), name)
        self.kernels[op] = kernel
        return kernel

    cdef int elementwise(self, str op, const uint8_t *dtypes, list inputs, list outputs, int ndim,
                         const Py_ssize_t *shape) except -1:
        cdef Walk walk
        cdef char *pointers[MAX_OPERANDS]
        cdef int[MAX_OPERANDS] kinds     # dtypes in memory: outputs, then inputs
        cdef int[MAX_OPERANDS] modes
        cdef Tensor tensor
        cdef int device = 0, i, k = 0, lead, nout = len(outputs), operands = nout + len(inputs)
        cdef int64_t size = 1
        if operands > MAX_OPERANDS or op not in sources.OPS:
            device_name = (<Tensor>outputs[0]).device
            raise NotImplementedError(f"{op}: no kernel for {device_name}; cpu() brings a tensor "
                                      "to where there is one")
        device = index_of_tensor(outputs[0])
        walk.ndim = ndim
        walk.operands = operands
        for i in range(ndim):
            walk.shape[i] = shape[i]
            size *= shape[i]
        if size == 0:
            return 0
        for tensors in (outputs, inputs):
            for value in tensors:
                tensor = value
                pointers[k] = tensor.data
                kinds[k] = tensor.dtype_
                modes[k] = POINTER if tensor.storage.device else VALUE
                lead = ndim - tensor.ndim_
                for i in range(ndim):
                    walk.strides[i][k] = 0 if i < lead or tensor.shape_[i - lead] == 1 \
                        else tensor.strides_[i - lead]
                check_aligned(tensor, op)
                k += 1
        walk_prepare(&walk)
        if is_flat(walk, kinds, modes, nout):
            return self.run_flat(op, dtypes, device, size, pointers, kinds, modes, nout, operands)
        if op == "copy" and modes[1] == POINTER and dtypes[0] == kinds[1]:
            i = turned_axis(walk, kinds)
            if i >= 0:
                return self.run_turned(op, device, walk, i, pointers, kinds)
        return self.run_strided(op, dtypes, device, size, walk, pointers, kinds, modes, nout)

    cdef int run_flat(self, str op, const uint8_t *dtypes, int device, int64_t size,
                      char **pointers, const int *kinds, const int *modes, int nout,
                      int operands) except -1:
        cdef void *arguments[1 + MAX_OPERANDS]
        cdef int widest = 1, width, k
        cdef uint64_t key
        cdef Kernel kernel
        for k in range(operands):
            if modes[k] == POINTER:
                widest = max(widest, dtype_itemsize(kinds[k]))
        width = 16 // widest
        for k in range(operands):
            if modes[k] == POINTER and <uintptr_t>pointers[k] % (width * dtype_itemsize(kinds[k])):
                width = 1
        key = key_of(dtypes, kinds, modes, nout, operands) | <uint64_t>width << 48
        kernel = self.kernel_of(op, key)
        if kernel is None:
            kernel = Kernel(sources.flat_source(
                *described(op, dtypes, kinds, modes, nout, operands), width), "elementwise")
            self.elementwise_kernels[op, key] = kernel
        arguments[0] = &size
        set_arguments(&arguments[1], pointers, modes, operands)
        return kernel.launch(device, blocks_for(size, width), THREADS, arguments, op)

    cdef int run_strided(self, str op, const uint8_t *dtypes, int device, int64_t size,
                         const Walk &walk, char **pointers, const int *kinds, const int *modes,
                         int nout) except -1:
        cdef void *arguments[1 + MAX_OPERANDS]
        cdef Strides strides
        cdef int operands = walk.operands, axes = FEW if walk.ndim <= FEW else MANY, i, k
        cdef bint wide = size > 0xffffffff
        cdef uint64_t key = key_of(dtypes, kinds, modes, nout, operands) \
            | <uint64_t>(64 if axes == FEW else 128) << 48 | <uint64_t>wide << 56
        cdef Kernel kernel = self.kernel_of(op, key)
        if kernel is None:
            kernel = Kernel(sources.strided_source(
                *described(op, dtypes, kinds, modes, nout, operands), axes,
                "uint64_t" if wide else "uint32_t"), "elementwise")
            self.elementwise_kernels[op, key] = kernel
        strides.size = size
        strides.ndim = walk.ndim
        for i in range(walk.ndim):
            strides.rest[i] = walk.shape[i]
            for k in range(operands):
                strides.rest[axes + i * operands + k] = walk.strides[i][k]
        arguments[0] = &strides
        set_arguments(&arguments[1], pointers, modes, operands)
        return kernel.launch(device, blocks_for(size, 1), THREADS, arguments, op)

    cdef int run_turned(self, str op, int device, const Walk &walk, int axis, char **pointers,
                        const int *kinds) except -1:
        """Copy where neighbours in the source are those along an axis, not along the last."""
        cdef void *arguments[7]
        cdef Strides outer
        cdef int last = walk.ndim - 1, axes = FEW if walk.ndim - 2 <= FEW else MANY, i, k = 0
        cdef uint64_t key = kinds[0] << 6 | kinds[1] | <uint64_t>(192 if axes == FEW else 193) << 48
        cdef int64_t rows = walk.shape[axis], row_step = walk.strides[axis][0]
        cdef int64_t columns = walk.shape[last], column_step = walk.strides[last][1]
        cdef Kernel kernel = self.kernel_of(op, key)
        if kernel is None:
            kernel = Kernel(sources.turned_source(kinds[1], kinds[0], axes), "elementwise")
            self.elementwise_kernels[op, key] = kernel
        outer.size, outer.ndim = 1, walk.ndim - 2
        for i in range(last):
            if i != axis:
                outer.size *= walk.shape[i]
                outer.rest[k] = walk.shape[i]
                outer.rest[axes + 2 * k] = walk.strides[i][0]
                outer.rest[axes + 2 * k + 1] = walk.strides[i][1]
                k += 1
        arguments[0], arguments[1], arguments[2] = &outer, &rows, &columns
        arguments[3], arguments[4] = &row_step, &column_step
        arguments[5], arguments[6] = &pointers[0], &pointers[1]
        return kernel.launch(device, outer.size * tiles_of(rows) * tiles_of(columns), THREADS,
                             arguments, op)

    cdef Kernel kernel_of(self, str op, uint64_t key):
        return self.elementwise_kernels.get((op, key))


cdef int check_aligned(Tensor tensor, str op) except -1:
    cdef size_t misplaced = <uintptr_t>tensor.data
    cdef int i
    if tensor.storage.device == 0:
        return 0
    for i in range(tensor.ndim_):
        if tensor.shape_[i] > 1:
            misplaced |= <size_t>tensor.strides_[i]
    cdef size_t itemsize = dtype_itemsize(tensor.dtype_)
    if misplaced % min(itemsize, <size_t>16):
        raise ValueError(f"{op}: expected elements at multiples of {itemsize} bytes on "
                         f"{tensor.device}, got strides {tensor.strides}; use copy()")
    return 0


cdef bint is_flat(const Walk &walk, const int *kinds, int *modes, int nout) noexcept:
    """Whether each operand is one element, or all of them one after the other; and which."""
    cdef int k
    cdef Py_ssize_t stride
    if walk.ndim > 1:
        return False
    for k in range(walk.operands):
        if modes[k] == VALUE:
            continue
        stride = walk.strides[0][k] if walk.ndim else 0
        if stride == 0 and k >= nout:
            modes[k] = SAME
        elif walk.ndim and stride != dtype_itemsize(kinds[k]):
            return False
    return True


cdef inline size_t tiles_of(Py_ssize_t length) noexcept:
    return (length + SIDE - 1) // SIDE


cdef int turned_axis(const Walk &walk, const int *kinds) noexcept:
    """The axis along which a source's elements are neighbours, if those of the target are along
    the last one and both are long enough for tiles; else -1."""
    cdef int axis, last = walk.ndim - 1
    if walk.strides[last][0] != dtype_itemsize(kinds[0]) or walk.strides[last][1] == 0 \
            or walk.shape[last] < SIDE // 2:
        return -1
    for axis in range(last):
        if walk.strides[axis][1] == dtype_itemsize(kinds[1]) and walk.shape[axis] >= SIDE // 2:
            return axis
    return -1


cdef uint64_t key_of(const uint8_t *dtypes, const int *kinds, const int *modes, int nout,
                     int operands) noexcept:
    """A number for the dtypes of a call and how its operands are read: 48 bits."""
    cdef uint64_t key = 0
    cdef int k
    for k in range(operands):
        # Five bits for a dtype, of which `dtypes` has the inputs first, and two for a mode.
        key = key << 12 | <uint64_t>kinds[k] << 7 | <uint64_t>modes[k] << 5 \
            | dtypes[k - nout if k >= nout else operands - nout + k]
    return key


cdef tuple described(str op, const uint8_t *dtypes, const int *kinds, const int *modes, int nout,
                     int operands):
    """What elementwise.py wants to know of a call."""
    inputs = [kinds[k] for k in range(nout, operands)]
    outputs = [kinds[k] for k in range(nout)]
    element = sources.element_of(op, [dtypes[k] for k in range(operands - nout)], inputs, outputs)
    return element, inputs, outputs, [modes[k] for k in range(nout, operands)]


cdef inline void set_arguments(void **arguments, char **pointers, const int *modes,
                               int operands) noexcept:
    cdef int k
    for k in range(operands):
        # The driver copies from where it points: to a pointer, or to the scalar itself.
        arguments[k] = pointers[k] if modes[k] == VALUE else <void *>&pointers[k]


cdef inline size_t blocks_for(int64_t size, int width) noexcept:
    return (size + THREADS * width - 1) // (THREADS * width)


cdef Cuda backend


def open_backend():
    """Find the GPUs, once; an error says what is missing."""
    global backend
    if backend is not None:
        return
    absent = _driver.missing()
    if absent:
        raise RuntimeError(absent)
    backend = Cuda()


def current_number():
    """The number of this thread's current device."""
    return backend.first + _driver.current_index()


def mark_used(Tensor tensor not None, stream):
    """See `tensorlib.cuda.record_stream`."""
    if tensor.storage.device == 0:
        raise ValueError("record_stream: expected a tensor of a GPU, got one on the CPU")
    device = index_of_tensor(tensor)
    if isinstance(stream, Stream) and stream.index != device:
        raise ValueError(f"record_stream: expected a stream of {tensor.device}, got one of "
                         f"{stream.device}")
    used_on(tensor.storage.data, handle_of_stream(stream, device, "record_stream"))


# ------------------------------------------------------------------------------------------
# for modules of kernels
# ------------------------------------------------------------------------------------------

def place(Tensor tensor not None):
    """The index of the GPU that a tensor is on."""
    return index_of_tensor(tensor)


def address(Tensor tensor not None):
    """Where the first element is in the GPU's memory."""
    return <uintptr_t>tensor.data


def run(str op not None, tuple inputs not None, tuple params=()):
    """The result of the kernel of another op."""
    return backend.run(op, inputs, params)


def new(tuple shape not None, dtype, Tensor like not None, str op not None):
    """An uninitialised tensor in C order, on the GPU of another."""
    cdef Py_ssize_t[MAX_DIMS] lengths
    cdef int i, ndim = len(shape)
    for i in range(min(ndim, <int>MAX_DIMS)):
        lengths[i] = shape[i]
    return tensor_empty_on(like.storage.device, ndim, lengths, dtype_id(dtype, op), op)


def compact(Tensor tensor not None, dtype=None):
    """A tensor in C order and of a dtype: itself where it is, else a copy.

    ValueError where a GPU cannot read its elements.
    """
    cdef Tensor result
    cdef int wanted = tensor.dtype_ if dtype is None else dtype_id(dtype, "copy")
    if wanted == tensor.dtype_ and in_c_order(tensor):
        check_aligned(tensor, "copy")
        return tensor
    result = tensor_empty_on(tensor.storage.device, tensor.ndim_, tensor.shape_, wanted, "copy")
    copy_into(result, tensor)
    return result


def write(Tensor target not None, Tensor source not None):
    """Copy into a tensor of the same shape, whatever the dtypes and layouts."""
    copy_into(target, source)


def fill(Tensor target not None, Tensor value not None):
    """Write one element, of the CPU or of the target's GPU, to all places of a tensor."""
    cdef uint8_t[2] dtypes
    dtypes[0], dtypes[1] = value.dtype_, value.dtype_
    backend.elementwise("copy", dtypes, [value], [target], target.ndim_, target.shape_)


def compute(str op not None, Tensor target not None, *inputs):
    """Write what an elementwise op, which has a loop for just these dtypes, gives."""
    cdef uint8_t[MAX_OPERANDS] dtypes
    cdef Tensor x
    cdef int k = 0
    for x in (*inputs, target):
        dtypes[k] = x.dtype_
        k += 1
    backend.elementwise(op, dtypes, list(inputs), [target], target.ndim_, target.shape_)


def aligned_address(Tensor tensor not None, str op not None):
    """Where the first element is; a ValueError where a GPU cannot read them."""
    check_aligned(tensor, op)
    return <uintptr_t>tensor.data


def overlap(Tensor a not None, Tensor b not None):
    """Whether two tensors may have memory in common."""
    return may_share_memory(a, b)
