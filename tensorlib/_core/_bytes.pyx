"""Tensors as bytes: the same memory read as another dtype, and memory that grows or shrinks."""

import builtins

cimport numpy as cnp
from libc.string cimport memcpy, memset

from tensorlib._core._dtypes cimport dtype_id, dtype_itemsize
from tensorlib._core._exchange cimport owns_memory
from tensorlib._core._memory cimport storage_retain
from tensorlib._core._tensor cimport (
    Tensor,
    check_writeable,
    refresh,
    refuse_gradient,
    refuse_wrapped,
    tensor_empty,
    tensor_replace,
    tensor_wrap,
)

import numpy as np

from tensorlib._core import _tensor
from tensorlib._core._exchange import to_numpy

cnp.import_array()


cdef Tensor over(Tensor source, cnp.ndarray array):
    """A tensor in the storage of `source` with the layout of an ndarray over its memory.

    It is outside the views that the tape follows; writes are noticed, and not differentiated.
    """
    cdef Tensor made = tensor_wrap(
        storage_retain(source.storage), <char *>array.data, array.ndim,
        <const Py_ssize_t *>array.shape, <const Py_ssize_t *>array.strides,
        dtype_id(array.dtype, "view"))
    made.readonly = source.readonly
    return made


cdef object layout_of(Tensor x, str op):
    """An ndarray for views of other dtypes, by NumPy's rules; its elements may be a device's, and
    are not to be read."""
    refresh(x)
    if x.wrapped is not None:
        refuse_wrapped(x, op)
    if x.tracked:
        raise TypeError(f"{op}: the tensor requires a gradient, which another dtype would lose; "
                        "use detach()")
    return to_numpy(x)


def view(Tensor self, dtype=None, type=None):
    """The same memory, read as another dtype.

    Parameters
    ----------
    dtype : dtype, optional
        Its own by default. An itemsize that differs changes the length of the last axis.
    type : type, optional
        Tensor, or a class derived from it.

    Returns
    -------
    Tensor
        A view.

    Raises
    ------
    TypeError
        If the tensor requires a gradient and the dtype changes.
    ValueError
        If the last axis does not fit the dtype.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.asarray([1.0], dtype="float32").view("int32")
    tensor([1065353216], dtype=int32)
    """
    if isinstance(dtype, int):
        raise TypeError(f"view: expected a dtype, got {dtype!r}; reshape gives another shape")
    if isinstance(dtype, builtins.type) and issubclass(dtype, (Tensor, np.ndarray)):
        dtype, type = None, dtype
    if type is not None and not issubclass(type, Tensor):
        return to_numpy(refuse_gradient(self, "view")).view(dtype or self.dtype, type)
    viewed = self[...] if dtype is None or np.dtype(dtype) == self.dtype else over(
        self, layout_of(self, "view").view(dtype))
    if type is not None and type is not Tensor:
        viewed = type._make_subclass(type, viewed)
    return viewed


def getfield(Tensor self, dtype, offset=0):
    """The bytes at an offset into each element as another dtype: a view; see NumPy's method.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.asarray([1 + 2j]).getfield("float64", 8)
    tensor([2.])
    """
    return over(self, layout_of(self, "getfield").getfield(dtype, offset))


def setfield(Tensor self, value, dtype, offset=0):
    """Write a value into what `getfield` shows.

    Examples
    --------
    >>> import tensorlib as tl
    >>> z = tl.asarray([1 + 2j])
    >>> z.setfield(5, "float64", 8)
    >>> z
    tensor([1.+5.j])
    """
    check_writeable(self, "setfield")
    getfield(self, dtype, offset)[...] = value


def resize(Tensor self, *new_shape, refcheck=True):
    """Change the shape and the size in place; new elements are zero.

    Parameters
    ----------
    *new_shape : int or tuple of int
        One tuple, or an int for each axis.
    refcheck : bool, optional
        Whether to refuse while views share the memory; without the check they keep the old one.

    Raises
    ------
    ValueError
        If the tensor does not own its memory, is shared, is not contiguous, requires a gradient,
        or the shape is negative.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.arange(3)
    >>> x.resize(2, 2)
    >>> x
    tensor([[0, 1],
            [2, 0]])
    """
    cdef Tensor grown
    cdef Py_ssize_t[64] dims
    cdef Py_ssize_t kept
    cdef int i
    if self.wrapped is not None:
        refuse_wrapped(self, "resize")
    if len(new_shape) == 1 and not isinstance(new_shape[0], int):
        if new_shape[0] is None:
            return
        new_shape = tuple(new_shape[0]) if np.iterable(new_shape[0]) else new_shape
    shape = tuple([length.__index__() for length in new_shape])
    if not new_shape:
        return
    if len(shape) > 64:
        raise ValueError(f"resize: expected at most 64 dimensions, got {len(shape)}")
    if self.tracked:
        raise ValueError("resize: the tensor requires a gradient")
    if not owns_memory(self):
        raise ValueError("resize: the tensor does not own its memory")
    if not self.contiguous:
        raise ValueError("resize: expected a contiguous tensor")
    if refcheck and (self.storage.references > 1 or self.storage.exports > 0):
        raise ValueError("resize: the memory is shared with another tensor; refcheck=False leaves "
                         "that one as it is")
    check_writeable(self, "resize")
    for i, length in enumerate(shape):
        dims[i] = length
    grown = tensor_empty(len(shape), dims, self.dtype_, "resize")
    kept = min(grown.size_, self.size_) * dtype_itemsize(self.dtype_)
    memcpy(grown.data, self.data, kept)
    memset(grown.data + kept, 0, grown.size_ * dtype_itemsize(self.dtype_) - kept)
    tensor_replace(self, grown)


_tensor.add_methods({"view": view, "getfield": getfield, "setfield": setfield, "resize": resize})
