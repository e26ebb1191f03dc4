"""One element of a tensor as a Python scalar."""

from libc.string cimport memcpy

from tensorlib._core._dtypes cimport (
    TL_BOOL,
    TL_FLOAT32,
    TL_FLOAT64,
    TL_INT64,
    dtype_itemsize,
    dtype_object,
)
from tensorlib._core._tensor cimport Tensor

import numpy as np

from tensorlib._core import _tensor

cdef object NoIndex = object()


def item(Tensor self, index=NoIndex, /, *rest):
    """One element as a Python scalar.

    Parameters
    ----------
    index, *rest : int
        Nothing for a tensor of one element; an index into the flattened tensor; or one index
        for each axis.

    Returns
    -------
    bool, int, float or complex

    Raises
    ------
    ValueError
        If there is more than one element and no index.
    IndexError
        If an index is out of bounds.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.arange(4).item(2)
    2
    """
    cdef char *address = self.data
    cdef Py_ssize_t flat
    cdef int i
    if self.wrapped is not None:
        self = self.wrapped.recorder.readable(self, "item")
        return self.item() if index is NoIndex else self.item(index, *rest)
    if self.storage.device != 0:
        return item_of_device(self, () if index is NoIndex else (index, *rest))
    if index is NoIndex:
        if self.size_ != 1:
            raise ValueError("item: expected a tensor of one element, got shape "
                             f"{self.shape}")
    elif type(index) is int and not rest:
        flat = checked_index(index, self.size_, 0)
        if self.contiguous:
            address += flat * dtype_itemsize(self.dtype_)
        else:
            for i in range(self.ndim_ - 1, -1, -1):
                address += flat % self.shape_[i] * self.strides_[i]
                flat //= self.shape_[i]
    else:
        indices = index if type(index) is tuple else (index, *rest)
        if len(indices) == 1:
            return self.item(checked_index(indices[0], self.size_, 0))
        if len(indices) != self.ndim_:
            raise ValueError(f"item: expected {self.ndim_} indices, got {len(indices)}")
        for i in range(self.ndim_):
            address += checked_index(indices[i], self.shape_[i], i) * self.strides_[i]
    return scalar_at(address, self.dtype_)


cdef object item_of_device(Tensor x, tuple indices):
    """The same where the elements are on a device, from which only the one is read."""
    if len(indices) == 1 and type(indices[0]) is tuple:
        indices = indices[0]
    if len(indices) == 1 and x.ndim_ != 1:
        indices = np.unravel_index(checked_index(indices[0], x.size_, 0), x.shape)
    if indices:
        if len(indices) != x.ndim_:
            raise ValueError(f"item: expected {x.ndim_} indices, got {len(indices)}")
        x = x.detach()[tuple([checked_index(indices[i], x.shape_[i], i) for i in range(x.ndim_)])]
    return x.detach().cpu().item()


cdef inline Py_ssize_t checked_index(object index, Py_ssize_t length, int axis) except -1:
    cdef Py_ssize_t i
    if type(index) is not int:
        try:
            index = index.__index__()
        except AttributeError:
            raise TypeError(f"item: expected integers, got {type(index).__name__}") from None
    i = index
    if i < -length or i >= length:
        raise IndexError(f"index {i} is out of bounds for axis {axis} with size {length}")
    return i + length if i < 0 else i


cdef object scalar_at(char *address, int dtype):
    cdef float single_value
    cdef double double_value
    cdef long long integer
    if dtype == TL_FLOAT32:
        memcpy(&single_value, address, 4)
        return <double>single_value
    if dtype == TL_FLOAT64:
        memcpy(&double_value, address, 8)
        return double_value
    if dtype == TL_INT64:
        memcpy(&integer, address, 8)
        return integer
    if dtype == TL_BOOL:
        return address[0] != 0
    element = (<const char *>address)[:dtype_itemsize(dtype)]
    return np.frombuffer(element, dtype_object(dtype))[0].item()


_tensor.add_methods({"item": item})
