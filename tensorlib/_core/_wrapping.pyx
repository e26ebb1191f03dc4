"""Tensors that belong to a recorder, which keeps something for them."""

from tensorlib._core._memory cimport storage_retain
from tensorlib._core._tensor cimport (
    Tensor,
    may_share_memory,
    tensor_replace,
    tensor_untracked,
    tensor_wrap,
)


def wrap(Tensor memory not None, wrapped, Tensor source=None, int drop=0):
    """A tensor that belongs to a recorder, which keeps something for it.

    Parameters
    ----------
    memory : Tensor
        With the dtype and, after the first `drop` axes, the shape that are seen. Kernels refuse
        the tensor itself.
    wrapped : object
        What the recorder keeps. Its attribute ``recorder`` says whose it is.
    source : Tensor, optional
        Of which the tensor is to be a view.

    Returns
    -------
    Tensor
    """
    cdef Tensor tensor = tensor_wrap(
        storage_retain(memory.storage), memory.data, memory.ndim_ - drop, memory.shape_ + drop,
        memory.strides_ + drop, memory.dtype_)
    tensor.wrapped = wrapped
    # What the short ways to a kernel ask for first, so that they leave it to the long one.
    tensor.contiguous = False
    if source is not None:
        tensor.base = source if source.base is None else source.base
        tensor.graph_version = tensor.base.graph_version
    return tensor


def rewrap(Tensor tensor not None, Tensor memory not None, wrapped, int drop=0):
    """Give a tensor that exists to a recorder, with other memory; or back, without `wrapped`."""
    tensor_replace(tensor, memory if wrapped is None else wrap(memory, wrapped, None, drop))
    tensor.wrapped = wrapped
    if wrapped is not None:
        tensor.contiguous = False


def wrapped_of(Tensor tensor not None):
    """What a recorder keeps for a tensor of its own; None for ordinary ones."""
    return tensor.wrapped


def untracked(Tensor tensor not None):
    """The same elements without history, to the same recorder."""
    return tensor_untracked(tensor)


def sole_owner(Tensor tensor not None, int owners=1):
    """Whether no view and no more than so many tensors, itself one of them, have its memory;
    and of recorders' tensors what they keep."""
    if tensor.base is not None:
        return False
    kept = tensor.wrapped
    while kept is not None:
        owners += 1
        kept = (<Tensor>kept[1]).wrapped
    return tensor.storage.references <= owners


def overlap(Tensor a not None, Tensor b not None):
    """Whether the memory of two tensors may overlap."""
    return may_share_memory(a, b)


def offset_of(Tensor tensor not None):
    """Where the first element lies in the storage, in bytes."""
    return tensor.data - tensor.storage.data
