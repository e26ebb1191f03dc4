"""Copies: to other layouts, to other dtypes, and of several tensors into one."""

from cpython.exc cimport PyErr_WarnEx
from libc.stdint cimport intptr_t, uint8_t
from libc.string cimport memcpy, memmove

from tensorlib._core._backend cimport backend_of, device_of
from tensorlib._core._dtypes cimport TL_BOOL, dtype_id, dtype_is_complex, dtype_itemsize
from tensorlib._core._loops cimport (
    TimedLoop,
    Walk,
    cast_loop,
    loop_done,
    run_long,
    take_float_status,
    walk_prepare,
    walk_run,
)
from tensorlib._core._memory cimport storage_retain
from tensorlib._core._tensor cimport (
    LONG,
    MAX_DIMS,
    Tensor,
    may_share_memory,
    operators,
    tensor_empty,
    tensor_empty_on,
    tensor_wrap,
)
from tensorlib._core._threads cimport ThreadPool, pool

import numpy as np
from numpy.exceptions import ComplexWarning

ThreadPool.share(pool())

cdef extern from "copy.h" namespace "tl" nogil:
    void copy_walk(const Walk &walk, char **start, intptr_t itemsize)


# ------------------------------------------------------------------------------------------
# element by element
# ------------------------------------------------------------------------------------------

cdef float[17][17] cast_costs  # [from][to], as TimedLoop has them


cdef bint same_layout(Tensor a, Tensor b) noexcept:
    """Whether two tensors of one shape have each element at the same address."""
    cdef int i
    if a.data != b.data or dtype_itemsize(a.dtype_) != dtype_itemsize(b.dtype_):
        return False
    for i in range(a.ndim_):
        if a.strides_[i] != b.strides_[i] and a.shape_[i] > 1:
            return False
    return True


cdef int copy_elements(Tensor target, Tensor source) except -1:
    """Copy between tensors of one shape, whatever their layouts and dtypes."""
    if target.storage.device != 0 or source.storage.device != 0:
        return copy_on_devices(target, source, True)
    cdef Py_ssize_t nbytes = target.size_ * dtype_itemsize(target.dtype_)
    cdef bint same_dtype = target.dtype_ == source.dtype_
    cdef Tensor held
    if target.size_ == 0:
        return 0
    cdef bint overlap = target.size_ > LONG and may_share_memory(target, source)
    if same_dtype and target.contiguous and source.contiguous \
            and (overlap or target.size_ <= LONG):
        memmove(target.data, source.data, nbytes)
        return 0
    if overlap or target.size_ <= LONG and may_share_memory(target, source):
        if not same_layout(target, source):
            held = tensor_empty(source.ndim_, source.shape_, source.dtype_, "copy")
            walk_copy(held, source)
            source = held
        elif same_dtype:
            return 0
    return walk_copy(target, source)


cdef int walk_copy(Tensor target, Tensor source) except -1:
    cdef Walk walk
    cdef char *start[2]
    cdef int i, itemsize = dtype_itemsize(target.dtype_)
    cdef uint8_t[2] dtypes
    cdef TimedLoop loop
    walk.ndim = target.ndim_
    walk.operands = 2
    for i in range(target.ndim_):
        walk.shape[i] = target.shape_[i]
        walk.strides[i][0] = source.strides_[i]
        walk.strides[i][1] = target.strides_[i]
    start[0] = source.data
    start[1] = target.data
    if not walk_prepare(&walk):
        return 0
    if source.dtype_ != target.dtype_:
        loop.function = cast_loop(source.dtype_, target.dtype_)
        loop.data = NULL
        take_float_status()
        if target.size_ > LONG:
            dtypes[0], dtypes[1] = source.dtype_, target.dtype_
            loop.cost = &cast_costs[source.dtype_][target.dtype_]
            with nogil:
                run_long(walk, start, loop, dtypes, 1)
        else:
            walk_run(walk, start, loop.function, NULL)
        loop_done("cast", "cast")
    elif target.size_ > LONG:
        with nogil:
            copy_walk(walk, start, itemsize)
    else:
        copy_walk(walk, start, itemsize)
    return 0


operators().copy = copy_elements


# ------------------------------------------------------------------------------------------
# devices
# ------------------------------------------------------------------------------------------

cdef bint is_one_element(Tensor x) noexcept:
    """Whether all elements are one, seen many times."""
    cdef int i
    for i in range(x.ndim_):
        if x.strides_[i] != 0 and x.shape_[i] > 1:
            return False
    return True


cdef int copy_on_devices(Tensor target, Tensor source, bint blocking) except -1:
    """Copy between tensors of one shape of which not both are on the CPU."""
    cdef int here = source.storage.device, there = target.storage.device
    cdef Tensor block = source, landing = target
    if target.size_ == 0:
        return 0
    if here == there:
        if may_share_memory(target, source) and not same_layout(target, source):
            source = empty_like(source, source.dtype_, "K", "copy")
            copy_on_devices(source, block, blocking)
        return backend_of(there).copy(target, source)
    if here == 0 and is_one_element(source):  # which travels with the launch
        return backend_of(there).copy(
            target, tensor_wrap(storage_retain(source.storage), source.data, 0, NULL, NULL,
                                source.dtype_))
    # Between devices only blocks in C order move; the rest is done where the elements are.
    if source.dtype_ != target.dtype_ or not in_c_order(source):
        block = tensor_empty_on(here, source.ndim_, source.shape_, target.dtype_, "copy")
        copy_elements(block, source)
    if not in_c_order(target):
        landing = tensor_empty_on(there, target.ndim_, target.shape_, target.dtype_, "copy")
    backend_of(there if there else here).transfer(landing, block, blocking)
    return 0 if landing is target else copy_elements(target, landing)


def to_device(Tensor x not None, int device, int source, bint non_blocking):
    """The elements on the device of this number, in x's order of memory; they come from that of
    the number `source`."""
    cdef int[MAX_DIMS] axes
    cdef Tensor result
    if x.storage.device == device:
        return copy(x, "K")
    if device == 0 and non_blocking and in_c_order(x):
        result = backend_of(x.storage.device).landing(x)
    else:
        sort_by_stride(x, axes)
        result = empty_ordered(device, x.ndim_, x.shape_, axes, x.dtype_, "to")
    copy_on_devices(result, x, not non_blocking)
    return result


# ------------------------------------------------------------------------------------------
# layouts
# ------------------------------------------------------------------------------------------

cdef bint in_c_order(Tensor x) noexcept:
    """As `contiguous` says for tensors of the CPU."""
    cdef Py_ssize_t expected = dtype_itemsize(x.dtype_)
    cdef int i
    if x.storage.device == 0:
        return x.contiguous
    for i in range(x.ndim_ - 1, -1, -1):
        if x.shape_[i] != 1:
            if x.strides_[i] != expected:
                return False
            expected *= x.shape_[i]
    return True


cdef bint is_fortran(Tensor x) noexcept:
    cdef Py_ssize_t expected = dtype_itemsize(x.dtype_)
    cdef int i
    for i in range(x.ndim_):
        if x.shape_[i] != 1:
            if x.strides_[i] != expected:
                return False
            expected *= x.shape_[i]
    return True


cdef void sort_by_stride(Tensor x, int *axes) noexcept:
    """Axes from the largest stride to the smallest; equal ones stay as they are."""
    cdef int i, j
    for i in range(x.ndim_):
        j = i
        while j > 0 and abs(x.strides_[axes[j - 1]]) < abs(x.strides_[i]):
            axes[j] = axes[j - 1]
            j -= 1
        axes[j] = i


cdef void reverse_order(int ndim, int *axes) noexcept:
    cdef int i
    for i in range(ndim):
        axes[i] = ndim - 1 - i


cdef Tensor empty_ordered(int device, int ndim, const Py_ssize_t *shape, const int *axes,
                          int dtype, str op):
    """A new tensor whose axes lie in memory in the order given."""
    cdef Py_ssize_t[MAX_DIMS] lengths
    cdef Py_ssize_t[MAX_DIMS] strides
    cdef Tensor laid
    cdef int i
    for i in range(ndim):
        lengths[i] = shape[axes[i]]
    laid = tensor_empty_on(device, ndim, lengths, dtype, op)
    for i in range(ndim):
        strides[axes[i]] = laid.strides_[i]
    return tensor_wrap(storage_retain(laid.storage), laid.data, ndim, shape, strides, dtype)


cdef Tensor empty_like(Tensor x, int dtype, str order, str op):
    """An uninitialised tensor of x's shape: C, F, A (F for F) or K (x's own order of memory)."""
    cdef int[MAX_DIMS] axes
    if order == "A":
        order = "F" if is_fortran(x) and not in_c_order(x) else "C"
    if order == "C" or order == "K" and x.contiguous:
        return tensor_empty_on(x.storage.device, x.ndim_, x.shape_, dtype, op)
    if order == "K":
        sort_by_stride(x, axes)
    else:
        reverse_order(x.ndim_, axes)
    return empty_ordered(x.storage.device, x.ndim_, x.shape_, axes, dtype, op)


# ------------------------------------------------------------------------------------------
# kernels
# ------------------------------------------------------------------------------------------

cdef Tensor as_dtype(Tensor x, int dtype):
    cdef Tensor result
    if x.dtype_ == dtype:
        return x
    result = empty_like(x, dtype, "K", "astype")
    copy_elements(result, x)
    return result


cdef int warn_of_lost_part(Tensor target, Tensor source) except -1:
    """NumPy's warning where complex numbers become real ones."""
    if dtype_is_complex(source.dtype_) and not dtype_is_complex(target.dtype_) \
            and target.dtype_ != TL_BOOL:
        PyErr_WarnEx(ComplexWarning, "Casting complex values to real discards the imaginary part",
                     1)
    return 0


def astype(Tensor x not None, dtype):
    """The elements as another dtype, in x's order of memory."""
    cdef Tensor result = empty_like(x, dtype_id(dtype, "astype"), "K", "astype")
    warn_of_lost_part(result, x)
    copy_elements(result, x)
    return result


def copy(Tensor x not None, str order not None):
    """The elements in new memory, laid out by `order`."""
    if order not in ("C", "F", "A", "K"):
        raise ValueError(f"copy: order must be one of 'C', 'F', 'A', 'K', got {order!r}")
    cdef Tensor result = empty_like(x, x.dtype_, order, "copy")
    copy_elements(result, x)
    return result


cdef int check_joinable(Tensor part, Tensor first, int axis, int place) except -1:
    cdef int i
    if part.ndim_ != first.ndim_:
        raise ValueError("concatenate: expected tensors of one number of dimensions, got "
                         f"{first.ndim_} and, at index {place}, {part.ndim_}")
    for i in range(first.ndim_):
        if i != axis and part.shape_[i] != first.shape_[i]:
            raise ValueError(f"concatenate: expected shapes that agree but for axis {axis}, got "
                             f"{first.shape} and, at index {place}, {part.shape}")
    return 0


def concatenate(*arrays):
    """Tensors joined along an axis, which is the last argument; dtypes are promoted."""
    cdef int count = len(arrays) - 1, axis = arrays[count], place, dtype, device
    cdef tuple tensors = arrays[:count]
    cdef Tensor first, part, result
    cdef Py_ssize_t[MAX_DIMS] shape
    cdef Py_ssize_t[MAX_DIMS] strides
    cdef int[MAX_DIMS] axes
    cdef Py_ssize_t length = 0
    cdef bint fortran = True, mixed = False
    cdef char *data
    if count == 0:
        raise ValueError("concatenate: need at least one tensor to concatenate")
    first = tensors[0]
    if first.ndim_ == 0:
        raise ValueError("concatenate: zero-dimensional tensors cannot be concatenated")
    if not 0 <= axis < first.ndim_:
        raise np.exceptions.AxisError(axis, first.ndim_, "concatenate")
    for place in range(count):
        part = tensors[place]
        check_joinable(part, first, axis, place)
        length += part.shape_[axis]
        fortran = fortran and is_fortran(part) and not in_c_order(part)
        mixed = mixed or part.dtype_ != first.dtype_
    device = device_of("concatenate", tensors)
    dtype = first.dtype_
    if mixed:
        dtype = dtype_id(np.result_type(*{each.dtype for each in tensors}), "concatenate")
    memcpy(shape, first.shape_, first.ndim_ * sizeof(Py_ssize_t))
    shape[axis] = length
    if fortran:
        reverse_order(first.ndim_, axes)
        result = empty_ordered(device, first.ndim_, shape, axes, dtype, "concatenate")
    else:
        result = tensor_empty_on(device, first.ndim_, shape, dtype, "concatenate")
    data = result.data
    memcpy(strides, result.strides_, first.ndim_ * sizeof(Py_ssize_t))
    for part in tensors:
        copy_elements(tensor_wrap(storage_retain(result.storage), data, part.ndim_, part.shape_,
                                  strides, dtype), part)
        data += part.shape_[axis] * strides[axis]
    return result
