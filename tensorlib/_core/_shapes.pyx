"""Functions that change shapes: views where strides allow, copies where they must; and joining."""

from cpython.exc cimport PyErr_Clear, PyErr_Occurred
from libc.string cimport memcpy

from tensorlib._core._dispatch cimport Op, apply
from tensorlib._core._dtypes cimport dtype_itemsize
from tensorlib._core._exchange cimport asarray, memory_order
from tensorlib._core._recorder cimport watched
from tensorlib._core._tape cimport any_tracked, record
from tensorlib._core._tensor cimport LONG, MAX_DIMS, Tensor, operators, tensor_empty, tuple_of
from tensorlib._core._views cimport axes_reversed, reshaped

import numpy as np
from numpy.exceptions import AxisError
from numpy.lib.array_utils import normalize_axis_tuple

from tensorlib._core import _exchange
from tensorlib._core._dispatch import ops

cdef extern from "Python.h":
    Py_ssize_t PY_SSIZE_T_MAX
    Py_ssize_t PyLong_AsSsize_t(object value)  # errors are looked for by hand

cdef Op reshape_op = ops.reshape
cdef Op transpose_op = ops.transpose
cdef list reversed_axes = [tuple(range(n))[::-1] for n in range(MAX_DIMS + 1)]


cdef Py_ssize_t integer(object value, str op) except? -1:
    cdef Py_ssize_t number
    if type(value) is not int:
        try:
            value = value.__index__()
        except AttributeError:
            raise TypeError(f"{op}: expected an integer, got {type(value).__name__}") from None
    number = PyLong_AsSsize_t(value)
    if number == -1 and PyErr_Occurred() != NULL:
        PyErr_Clear()
        raise OverflowError(f"{op}: expected an integer of 64 bits, got {value}")
    return number


cdef tuple shape_of(object shape, str op):
    """A shape, or one length, as a tuple of ints."""
    if hasattr(shape, "__index__") and not (isinstance(shape, (Tensor, np.ndarray)) and shape.ndim):
        return (integer(shape, op),)
    try:
        return tuple([integer(n, op) for n in shape])
    except TypeError as error:
        raise TypeError(f"{op}: expected a shape of integers, got {shape!r}") from error


cdef Tensor reshape_to(Tensor x, tuple shape, object copy):
    cdef Py_ssize_t[MAX_DIMS] dims
    cdef Py_ssize_t known = 1, length
    cdef int i, ndim = len(shape), unknown = -1
    cdef Tensor result
    if ndim > MAX_DIMS:
        raise ValueError(f"reshape: expected at most {MAX_DIMS} dimensions, got {ndim}")
    for i in range(ndim):
        length = integer(shape[i], "reshape")
        if length < 0:
            if unknown >= 0:
                raise ValueError("reshape: can only specify one unknown dimension, got "
                                 f"{shape}")
            unknown = i
        else:
            if (known | length) >> 31 and length and known > PY_SSIZE_T_MAX // length:
                known = -1  # more elements than there can be
            known *= length
        dims[i] = length
    if unknown >= 0 and known > 0 and x.size_ % known == 0:
        dims[unknown] = x.size_ // known
        known = x.size_
    elif unknown >= 0 and known <= 0:
        known = -1
    if known != x.size_:
        raise ValueError(f"reshape: cannot reshape tensor of size {x.size_} into shape {shape}")
    if copy:
        x = x.copy()
    if copy or watched():
        return apply(reshape_op, (x,), (tuple_of(dims, ndim),))
    result = reshaped(x, ndim, dims, "reshape")
    if result is None:
        if copy is False:
            raise ValueError("reshape: a copy is needed, and copy=False forbids it")
        return apply(reshape_op, (x,), (tuple_of(dims, ndim),))
    if (x.tracked or x.base is not None) and any_tracked((x,)):
        record(reshape_op.rule, (x,), (tuple_of(dims, ndim),), result)
    return result


def reshape(a, /, shape, order="C", *, copy=None):
    """The same elements in another shape.

    Parameters
    ----------
    a : array_like
    shape : int or tuple of int
        One length may be -1: what is left for it.
    order : {'C', 'F', 'A'}, optional
        In which order elements are read and placed.
    copy : bool, optional
        True: always copy. False: never; None: only where strides cannot express it.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If the sizes differ, or `copy` is False and a copy is needed.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.reshape(tl.arange(6), (2, -1))
    tensor([[0, 1, 2],
            [3, 4, 5]])
    """
    cdef Tensor x = a if isinstance(a, Tensor) else asarray(a)
    cdef tuple lengths = shape if type(shape) is tuple else shape_of(shape, "reshape")
    order = memory_order("reshape", order, "C")
    if order == "A":
        order = "F" if _exchange.to_numpy(x).flags.fnc else "C"
    if order == "C":
        return reshape_to(x, lengths, copy)
    if order != "F":
        raise ValueError(f"reshape: order must be one of 'C', 'F', 'A', got {order!r}")
    return transpose(reshape_to(transpose(x), lengths[::-1], copy))


def reshape_method(Tensor self, *shape, order="C", copy=None):
    """The same elements in another shape, given as a tuple or as separate lengths."""
    if len(shape) == 1 and not isinstance(shape[0], int):
        shape = shape_of(shape[0], "reshape")
    if order == "C":
        return reshape_to(self, shape, copy)
    return reshape(self, shape, order, copy=copy)


cdef object transposed(Tensor x):
    """A view with the axes in reverse order."""
    cdef Tensor result
    if watched() or x.wrapped is not None:
        return apply(transpose_op, (x,), (reversed_axes[x.ndim_],))
    result = axes_reversed(x)
    if (x.tracked or x.base is not None) and any_tracked((x,)):
        record(transpose_op.rule, (x,), (reversed_axes[x.ndim_],), result)
    return result


operators().transpose = transposed


def transpose(a, axes=None):
    """A view with the axes in another order, reversed by default.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.transpose(tl.zeros((2, 3, 4)), (1, 0, 2)).shape
    (3, 2, 4)
    """
    cdef Tensor x = a if isinstance(a, Tensor) else asarray(a)
    if axes is None:
        return transposed(x)
    if len(axes) != x.ndim_:
        raise ValueError(f"transpose: expected {x.ndim_} axes, got {tuple(axes)}")
    try:
        axes = normalize_axis_tuple(axes, x.ndim_)
    except AxisError as error:
        raise AxisError(f"transpose: {error}") from None
    except TypeError:
        raise TypeError(f"transpose: expected axes to be ints, got {tuple(axes)}") from None
    except ValueError:
        raise ValueError(f"transpose: repeated axis in {tuple(axes)}") from None
    return apply(transpose_op, (x,), (axes,))


def transpose_method(Tensor self, *axes):
    """A view with the axes in another order, given as a tuple or one by one."""
    if not axes or (len(axes) == 1 and axes[0] is None):
        return transposed(self)
    if len(axes) == 1 and not hasattr(axes[0], "__index__"):
        axes = tuple(axes[0])
    return transpose(self, axes)


def broadcast_to(array, shape, subok=False):
    """A view in which axes of length one are repeated.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.broadcast_to([1, 2], (2, 2))
    tensor([[1, 2],
            [1, 2]])
    """
    cdef tuple lengths = shape_of(shape, "broadcast_to")
    if len(lengths) > MAX_DIMS:
        raise ValueError(f"broadcast_to: expected at most {MAX_DIMS} dimensions, got {shape}")
    if np.any(np.less(lengths, 0)):
        raise ValueError(f"broadcast_to: all lengths must be non-negative, got {shape}")
    return apply(ops.broadcast_to, (asarray(array),), (lengths,))


def as_strided(x, shape=None, strides=None, offset=None):
    """A view of any shape and strides inside the tensor's storage.

    Parameters
    ----------
    x : Tensor
    shape : tuple of int, optional
    strides : tuple of int, optional
        In bytes.
    offset : int, optional
        Bytes from the start of the storage; that of `x` by default.

    Raises
    ------
    ValueError
        If an element would lie outside the storage.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.as_strided(tl.arange(4), (3, 2), (8, 8))
    tensor([[0, 1],
            [1, 2],
            [2, 3]])
    """
    cdef Tensor tensor = asarray(x)
    return apply(ops.as_strided, (tensor,), (
        tensor.shape if shape is None else shape_of(shape, "as_strided"),
        tensor.strides if strides is None else shape_of(strides, "as_strided"),
        tensor.data - tensor.storage.data if offset is None else integer(offset, "as_strided")))


def join_alike(arrays, int axis, bint stacks):
    """Tensors joined along an axis, one that they have or, if it `stacks` them, a new one.

    For what is most common, None for all else: a list or a tuple of few elements in C order, of one
    dtype, whose shapes fit and that neither the tape nor a recorder follows.
    """
    cdef tuple tensors
    cdef Tensor first, tensor, result
    cdef Py_ssize_t[MAX_DIMS] shape
    cdef Py_ssize_t outer = 1, length = 0, inner, row, k
    cdef char *target
    cdef bint linked = False
    cdef int ndim, i
    if watched() or not (type(arrays) is tuple or type(arrays) is list) or not arrays:
        return None
    tensors = tuple(arrays)
    if type(tensors[0]) is not Tensor:
        return None
    first = tensors[0]
    ndim = first.ndim_ + stacks
    axis += ndim if axis < 0 else 0
    if not 0 <= axis < ndim or ndim > MAX_DIMS:
        return None
    for entry in tensors:
        if type(entry) is not Tensor:
            return None
        tensor = entry
        if not tensor.contiguous or tensor.dtype_ != first.dtype_ or tensor.ndim_ != first.ndim_ \
                or tensor.size_ > LONG:
            return None
        for i in range(first.ndim_):
            if tensor.shape_[i] != first.shape_[i] and (stacks or i != axis):
                return None
        linked = linked or tensor.tracked or tensor.base is not None
        length += 1 if stacks else tensor.shape_[axis]
    if linked and any_tracked(tensors):
        return None
    for i in range(ndim):
        shape[i] = first.shape_[i - (stacks and i > axis)] if i != axis else length
        outer *= shape[i] if i < axis else 1
    result = tensor_empty(ndim, shape, first.dtype_, "stack" if stacks else "concatenate")
    if result.size_ == 0:
        return result
    row = result.size_ // outer * dtype_itemsize(first.dtype_)
    target = result.data
    for entry in tensors:
        tensor = entry
        inner = tensor.size_ // outer * dtype_itemsize(first.dtype_)
        for k in range(outer):
            memcpy(target + k * row, tensor.data + k * inner, inner)
        target += inner
    return result
