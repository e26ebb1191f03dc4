"""What a device other than the CPU does for its tensors."""

from libc.stdint cimport uint8_t

from tensorlib._core._memory cimport Storage, set_device_free
from tensorlib._core._tensor cimport Tensor, operators, tensor_empty

from tensorlib._core.device import add_device, names
from tensorlib._core.errors import DeviceError

cdef list backends = [None]  # by the number of the device


cdef class Backend:
    """The devices of one kind.

    Ops come to it when their operands are on one of its devices. A class of a package of its own
    derives from this one and makes one instance, when its module is imported.

    Parameters
    ----------
    kind : str
        The name of the device, without an index.
    count : int
        How many there are.
    """

    def __init__(self, str kind, int count):
        cdef int index
        self.kind = kind
        for index in range(count):
            add_device(f"{kind}:{index}")
            backends.append(self)

    cdef Storage *allocate(self, int device, Tensor tensor, str op) except NULL:
        """Memory of the device of this number for a tensor that has none yet."""
        raise NotImplementedError

    cdef void free(self, int device, char *data, size_t capacity) noexcept:
        """Take memory back."""

    cdef int copy(self, Tensor target, Tensor source) except -1:
        """Copy between tensors of one shape on one device, of any layouts and dtypes; they do not
        overlap, unless they have the same layout."""
        raise NotImplementedError

    cdef Tensor landing(self, Tensor source):
        """A tensor of the CPU in C order, of the shape and dtype of one here, into which a copy may
        go on after the return."""
        return tensor_empty(source.ndim_, source.shape_, source.dtype_, "to")

    cdef int transfer(self, Tensor target, Tensor source, bint blocking) except -1:
        """Copy between tensors in C order of one shape and dtype, on two devices, one of them of
        this kind. Without `blocking` it may go on after the return."""
        raise NotImplementedError

    cdef int elementwise(self, str op, const uint8_t *dtypes, list inputs, list outputs, int ndim,
                         const Py_ssize_t *shape) except -1:
        """Run an elementwise op, computed in `dtypes`, over operands that broadcast to `shape`.

        Inputs of other dtypes are cast as they are read, outputs as they are written. Tensors of
        the CPU among the inputs have no axes: scalars.
        """
        raise NotImplementedError

    def run(self, str op, tuple inputs, tuple params):
        """Run the kernel of an op that is not elementwise.

        Its inputs are on one device; an op without a kernel is a NotImplementedError that names
        the op and the device.
        """
        raise NotImplementedError


cdef Backend backend_of(int device):
    return backends[device]


cdef int number_of_device(str kind, int index) except -1:
    return names.index(f"{kind}:{index}")


cdef Storage *allocate(int device, Tensor tensor, str op) except NULL:
    return (<Backend>backends[device]).allocate(device, tensor, op)


cdef void free(uint8_t device, char *data, size_t capacity) noexcept:
    (<Backend>backends[device]).free(device, data, capacity)


operators().allocate = allocate
set_device_free(free)


def run_on_device(str op not None, Tensor target not None, tuple params):
    """Run a kernel that devices alone have, on that of a tensor."""
    if target.storage.device == 0:
        raise NotImplementedError(f"{op}: no kernel for cpu")
    return backend_of(target.storage.device).run(op, (target,), params)


cdef int device_of(str op, tuple operands) except -1:
    """The number of the device that operands are on; tensors of the CPU without axes may be
    beside those of another device.

    Raises DeviceError where they are on different ones.
    """
    cdef Tensor tensor, first = None
    cdef int device = 0
    for value in operands:
        if isinstance(value, Tensor):
            tensor = value
            if tensor.storage.device != 0:
                if device == 0:
                    device, first = tensor.storage.device, tensor
                elif tensor.storage.device != device:
                    raise mixed(op, first, tensor)
    if device != 0:
        for value in operands:
            if isinstance(value, Tensor):
                tensor = value
                if tensor.storage.device == 0 and tensor.ndim_ > 0:
                    raise mixed(op, first, tensor)
    return device


cdef object mixed(str op, Tensor a, Tensor b):
    return DeviceError(
        f"{op}: expected tensors on one device, got shape {a.shape} on {names[a.storage.device]} "
        f"and shape {b.shape} on {names[b.storage.device]}; use to()")
