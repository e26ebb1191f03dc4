"""Copies: from one memory layout or dtype to another, and of several tensors into one."""

from libc.string cimport memcpy

from tensorlib._core._exchange cimport to_ndarray
from tensorlib._core._loops cimport LoopFunction, Walk, cast_loop, walk_prepare, walk_run
from tensorlib._core._tensor cimport (
    MAX_DIMS,
    Tensor,
    copy_into,
    dtype_id,
    dtype_itemsize,
    may_share_memory,
    operators,
    tensor_empty,
    tensor_view,
)

import numpy as np

cdef extern from "transpose.h" namespace "tl" nogil:
    void copy_transposed(char *target, const char *source, Py_ssize_t rows, Py_ssize_t columns,
                         Py_ssize_t target_row, Py_ssize_t source_column, int itemsize)

# More elements than this are worth letting other threads run.
cdef enum:
    LONG = 8192


cdef int copy_elements(Tensor target, Tensor source) except -1:
    """Copy elements between tensors of one shape, whatever their layouts and dtypes."""
    cdef Walk walk
    cdef char *pointers[2]
    cdef LoopFunction loop
    cdef Tensor held
    cdef int i, itemsize = dtype_itemsize(target.dtype_)
    cdef bint same = target.dtype_ == source.dtype_
    if target.size_ == 0:
        return 0
    if same and target.contiguous and source.contiguous:
        if target.data != source.data:
            if may_share_memory(target, source):
                held = tensor_empty(source.ndim_, source.shape_, source.dtype_, "copy")
                memcpy(held.data, source.data, source.size_ * itemsize)
                source = held
            with nogil:
                memcpy(target.data, source.data, source.size_ * itemsize)
        return 0
    if may_share_memory(target, source):
        held = tensor_empty(source.ndim_, source.shape_, source.dtype_, "copy")
        copy_elements(held, source)
        return copy_elements(target, held)
    walk.ndim = target.ndim_
    walk.operands = 2
    for i in range(target.ndim_):
        walk.shape[i] = target.shape_[i]
        walk.strides[i][0] = source.strides_[i]
        walk.strides[i][1] = target.strides_[i]
    pointers[0] = source.data
    pointers[1] = target.data
    # Sorted by the target: writes in order cost less than reads in order.
    swap(&walk)
    if not walk_prepare(&walk):
        return 0
    swap(&walk)
    if same and walk.ndim == 2 and walk.strides[1][1] == itemsize \
            and walk.strides[0][0] == itemsize:
        with nogil:
            copy_transposed(pointers[1], pointers[0], walk.shape[0], walk.shape[1],
                            walk.strides[0][1], walk.strides[1][0], itemsize)
        return 0
    loop = cast_loop(source.dtype_, target.dtype_)
    if target.size_ > LONG:
        with nogil:
            walk_run(walk, pointers, loop, NULL)
    else:
        walk_run(walk, pointers, loop, NULL)
    return 0


cdef void swap(Walk *walk) noexcept:
    """Exchange the two operands."""
    cdef int i
    cdef Py_ssize_t step
    for i in range(walk.ndim):
        step = walk.strides[i][0]
        walk.strides[i][0] = walk.strides[i][1]
        walk.strides[i][1] = step


operators().copy = copy_elements


cdef Tensor empty_like(Tensor x, int dtype, str order, str op):
    """An uninitialised tensor of x's shape in a memory layout: C, F, A (F for F) or K (x's own)."""
    cdef Py_ssize_t[MAX_DIMS] shape
    cdef Py_ssize_t[MAX_DIMS] strides
    cdef int[MAX_DIMS] axes
    cdef Tensor made
    cdef Py_ssize_t stride = dtype_itemsize(dtype)
    cdef int i, j, ndim = x.ndim_
    if order == "C" or ndim < 2 or (x.contiguous and order != "F"):
        return tensor_empty(ndim, x.shape_, dtype, op)
    if order == "A" and not to_ndarray(x).flags.fnc:
        return tensor_empty(ndim, x.shape_, dtype, op)
    for i in range(ndim):
        axes[i] = ndim - 1 - i
    if order == "K":
        for i in range(ndim):
            axes[i] = i
        for i in range(1, ndim):
            j = i
            while j > 0 and abs(x.strides_[axes[j - 1]]) < abs(x.strides_[axes[j]]):
                axes[j - 1], axes[j] = axes[j], axes[j - 1]
                j -= 1
    for i in range(ndim):
        shape[i] = x.shape_[axes[i]]
    made = tensor_empty(ndim, shape, dtype, op)
    for i in range(ndim - 1, -1, -1):
        strides[axes[i]] = stride
        stride *= shape[i] if shape[i] > 1 else 1
    made = tensor_view(made, made.data, ndim, x.shape_, strides, dtype)
    made.base = None
    return made


def copy(Tensor x not None, str order not None):
    """The kernel of copy."""
    if order not in ("C", "F", "A", "K"):
        raise ValueError(f"copy: order must be one of 'C', 'F', 'A', 'K', got {order!r}")
    cdef Tensor result = empty_like(x, x.dtype_, order, "copy")
    copy_into(result, x)
    return result


def astype(Tensor x not None, dtype):
    """The kernel of astype, in the memory layout of x."""
    cdef Tensor result = empty_like(x, dtype_id(dtype, "astype"), "K", "astype")
    copy_into(result, x)
    return result


def concatenate(*arrays):
    """The kernel of concatenate: the tensors, then the axis; dtypes are promoted."""
    cdef tuple tensors = arrays[:-1]
    cdef int axis = arrays[-1]
    cdef Py_ssize_t[MAX_DIMS] shape
    cdef Py_ssize_t total = 0
    cdef Tensor first, tensor, result
    cdef char *place
    cdef int i, k = 0
    if not tensors:
        raise ValueError("concatenate: need at least one tensor to concatenate")
    first = tensors[0]
    if axis < 0 or axis >= first.ndim_:
        raise ValueError("concatenate: zero-dimensional tensors cannot be concatenated")
    for tensor in tensors:
        if tensor.ndim_ != first.ndim_:
            raise ValueError("concatenate: expected tensors of one number of dimensions, got "
                             f"{first.ndim_} and, at index {k}, {tensor.ndim_}")
        for i in range(first.ndim_):
            if i != axis and tensor.shape_[i] != first.shape_[i]:
                raise ValueError(
                    f"concatenate: expected shapes that agree but for axis {axis}, got "
                    f"{first.shape} and, at index {k}, {tensor.shape}")
        total += tensor.shape_[axis]
        k += 1
    for i in range(first.ndim_):
        shape[i] = first.shape_[i]
    shape[axis] = total
    dtype = np.result_type(*{t.dtype for t in tensors})
    result = tensor_empty(first.ndim_, shape, dtype_id(dtype, "concatenate"), "concatenate")
    place = result.data
    for tensor in tensors:
        copy_into(tensor_view(result, place, tensor.ndim_, tensor.shape_, result.strides_,
                              result.dtype_), tensor)
        place += tensor.shape_[axis] * result.strides_[axis]
    return result
