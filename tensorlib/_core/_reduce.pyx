"""Folds of a binary op's loop: reductions over axes, and running folds along one."""

from libc.string cimport memcpy, memset

from tensorlib._core._dtypes cimport (
    TL_BFLOAT16,
    TL_FLOAT32,
    TL_INT64,
    TL_UINT8,
    TL_UINT64,
    dtype_is_complex,
    dtype_is_inexact,
    dtype_itemsize,
    dtype_object,
)
from tensorlib._core._loops cimport (
    Loop,
    LoopTable,
    Walk,
    loop_done,
    store_scalar,
    take_float_status,
    walk_each,
    walk_prepare,
    walk_run,
)
from tensorlib._core._tensor cimport LONG, MAX_DIMS, Tensor, copy_into, tensor_empty, tensor_view

import numpy as np


cdef int fold_dtype(LoopTable table, Tensor x) except -1:
    """The dtype that NumPy folds in: sums and products of small integers are made in 64 bits."""
    if table.widens:
        if x.dtype_ < TL_INT64:
            return TL_INT64
        if TL_UINT8 <= x.dtype_ < TL_UINT64:
            return TL_UINT64
    return x.dtype_


cdef Tensor with_dtype(Tensor x, int dtype, str name):
    if x.dtype_ == dtype:
        return x
    cdef Tensor result = tensor_empty(x.ndim_, x.shape_, dtype, name)
    copy_into(result, x)
    return result


cdef Tensor fold(LoopTable table, str name, Tensor x, uint64_t axes, bint keepdims, int dtype):
    """Fold over the axes whose bits are set."""
    if dtype == TL_BFLOAT16 and table.widens:
        # Running results of eight bits would soon stay as they are.
        return with_dtype(fold(table, name, x, axes, keepdims, TL_FLOAT32), dtype, name)
    cdef Loop *loop = table.folding(dtype)
    cdef object identity = table.identity
    cdef Py_ssize_t[MAX_DIMS] shape
    cdef Py_ssize_t count = 1
    cdef int i, k = 0, ndim = 0, folded = 0, axis = -1
    cdef Tensor first, result
    cdef Walk walk
    cdef char *pointers[3]
    first = with_dtype(x, dtype, name)
    x = with_dtype(first, loop.dtypes[1], name)
    dtype = loop.dtypes[2]
    if x.contiguous and x.size_ > 0 and not keepdims and table.reorderable \
            and (x.ndim_ == MAX_DIMS or axes == (<uint64_t>1 << x.ndim_) - 1) and x.ndim_ > 0:
        return fold_all(table, loop, name, x)
    for i in range(x.ndim_):
        if axes >> i & 1:
            count *= x.shape_[i]
            folded += 1
            axis = i
            if keepdims:
                shape[ndim] = 1
                ndim += 1
        else:
            shape[ndim] = x.shape_[i]
            ndim += 1
    result = tensor_empty(ndim, shape, dtype, name)
    if folded > 1 and not table.reorderable:
        raise ValueError(f"{name}: the op is not reorderable, so at most one axis may be given")
    if identity is None and count == 0:
        raise_empty(name)
    if result.size_ == 0:
        return result
    if identity is None:
        if folded > 1:
            return fold_each(table, name, x, axes, keepdims, dtype)
    walk.ndim = x.ndim_
    walk.operands = 3
    for i in range(x.ndim_):
        walk.shape[i] = x.shape_[i]
        walk.strides[i][1] = x.strides_[i]
        if axes >> i & 1:
            walk.strides[i][0] = walk.strides[i][2] = 0
            k += keepdims
        else:
            walk.strides[i][0] = walk.strides[i][2] = result.strides_[k]
            k += 1
    pointers[0] = pointers[2] = result.data
    pointers[1] = x.data
    if identity is None:
        copy_first(result, first, axis, keepdims)
        if folded == 0:
            return result
        walk.shape[axis] -= 1
        pointers[1] += x.strides_[axis]
    else:
        fill(result, identity)
        if count > 0:
            keep_negative_zero(table, result)
    # Sorted by the input, whose memory is larger.
    for i in range(x.ndim_):
        walk.strides[i][0], walk.strides[i][1] = walk.strides[i][1], walk.strides[i][0]
    if not walk_prepare(&walk):
        return result
    for i in range(walk.ndim):
        walk.strides[i][0], walk.strides[i][1] = walk.strides[i][1], walk.strides[i][0]
    take_float_status()
    if table.one_by_one:
        walk_each(walk, pointers, loop.function, loop.data)
    elif x.size_ > LONG:
        with nogil:
            walk_run(walk, pointers, loop.function, loop.data)
    else:
        walk_run(walk, pointers, loop.function, loop.data)
    loop_done(name, "reduce")
    return result


cdef Tensor fold_all(LoopTable table, Loop *loop, str name, Tensor x):
    """Fold all elements of contiguous memory at once."""
    cdef Tensor result = tensor_empty(0, NULL, loop.dtypes[2], name)
    cdef int itemsize = dtype_itemsize(x.dtype_)
    cdef char *pointers[3]
    cdef Py_ssize_t[3] steps
    cdef Py_ssize_t n = x.size_
    pointers[1] = x.data
    if table.identity is None:
        memcpy(result.data, x.data, itemsize)
        pointers[1] += itemsize
        n -= 1
    else:
        fill(result, table.identity)
        keep_negative_zero(table, result)
    pointers[0] = pointers[2] = result.data
    steps[0] = steps[2] = 0
    steps[1] = itemsize
    take_float_status()
    if n > LONG:
        with nogil:
            loop.function(pointers, &n, steps, loop.data)
    elif n > 0:
        loop.function(pointers, &n, steps, loop.data)
    loop_done(name, "reduce")
    return result


cdef Tensor fold_each(LoopTable table, str name, Tensor x, uint64_t axes, bint keepdims,
                      int dtype):
    """Fold several axes where there is no identity to start from."""
    cdef Py_ssize_t[MAX_DIMS] shape
    cdef Py_ssize_t[MAX_DIMS] strides
    cdef Py_ssize_t count = 1
    cdef int i, kept = 0, ndim = x.ndim_
    cdef Tensor moved, flat
    if table.name in ("maximum", "minimum", "fmax", "fmin"):
        # One axis after the other, which needs no copy.
        for i in range(ndim - 1, -1, -1):
            if axes >> i & 1:
                x = fold(table, name, x, <uint64_t>1 << i, keepdims, dtype)
        return x
    # The order may matter: as one axis, in C order.
    for folded in (False, True):
        for i in range(ndim):
            if (axes >> i & 1) == folded:
                shape[kept] = x.shape_[i]
                strides[kept] = x.strides_[i]
                kept += 1
                if folded:
                    count *= x.shape_[i]
    moved = tensor_empty(ndim, shape, x.dtype_, name)
    copy_into(moved, tensor_view(x, x.data, ndim, shape, strides, x.dtype_))
    kept = 0
    for i in range(ndim):
        kept += not axes >> i & 1
    shape[kept] = count
    for i in range(kept):
        strides[i] = moved.strides_[i]
    strides[kept] = dtype_itemsize(x.dtype_)
    flat = tensor_view(moved, moved.data, kept + 1, shape, strides, x.dtype_)
    flat = fold(table, name, flat, <uint64_t>1 << kept, False, dtype)
    return with_ones(flat, x, axes) if keepdims else flat


cdef Tensor with_ones(Tensor folded, Tensor x, uint64_t axes):
    """A new result with the folded axes of x back, of length one."""
    cdef Py_ssize_t[MAX_DIMS] shape
    cdef int i
    cdef Tensor result
    for i in range(x.ndim_):
        shape[i] = 1 if axes >> i & 1 else x.shape_[i]
    result = tensor_empty(x.ndim_, shape, folded.dtype_, "reshape")
    memcpy(result.data, folded.data, folded.size_ * dtype_itemsize(folded.dtype_))
    return result


cdef object raise_empty(str name):
    raise ValueError(f"{name}: zero-size tensor to a reduction which has no identity")


cdef int copy_first(Tensor result, Tensor x, int axis, bint keepdims) except -1:
    """The first elements along the axis start the fold."""
    cdef Py_ssize_t[MAX_DIMS] shape
    cdef Py_ssize_t[MAX_DIMS] strides
    cdef int i, k = 0
    for i in range(x.ndim_):
        if i == axis and not keepdims:
            continue
        shape[k] = 1 if i == axis else x.shape_[i]
        strides[k] = x.strides_[i]
        k += 1
    copy_into(result, tensor_view(x, x.data, k, shape, strides, x.dtype_))
    return 0


cdef void keep_negative_zero(LoopTable table, Tensor result) noexcept:
    """Let sums start from -0.0, to which each number adds up to itself, -0.0 too."""
    cdef Py_ssize_t width = dtype_itemsize(result.dtype_), i
    cdef Py_ssize_t nbytes = result.size_ * width
    if not table.adds or not dtype_is_inexact(result.dtype_):
        return
    if dtype_is_complex(result.dtype_):
        width //= 2
    i = width - 1
    while i < nbytes:
        result.data[i] = <char>0x80  # the byte of the sign, where memory is little-endian
        i += width


cdef int fill(Tensor result, object value) except -1:
    """Set all elements of a new tensor."""
    cdef char[16] element
    cdef int itemsize = dtype_itemsize(result.dtype_)
    cdef Py_ssize_t i
    if type(value) is int and <long>value == 0:
        memset(result.data, 0, result.size_ * itemsize)
        return 0
    # A cast, as the identity -1 stands for all bits of unsigned integers too.
    store_scalar(element, result.dtype_, np.asarray(value).astype(result.dtype)[()])
    for i in range(result.size_):
        memcpy(result.data + i * itemsize, element, itemsize)
    return 0


cdef Tensor accumulate(LoopTable table, str name, Tensor x, int axis, int dtype):
    """The running fold along an axis."""
    if dtype == TL_BFLOAT16 and table.widens:
        return with_dtype(accumulate(table, name, x, axis, TL_FLOAT32), dtype, name)
    cdef Loop *loop = table.folding(dtype)
    cdef Tensor result
    cdef Walk walk
    cdef char *pointers[3]
    cdef int i
    if loop.dtypes[0] != loop.dtypes[1]:
        raise TypeError(f"{name}: the dtypes of the inputs, {dtype_object(loop.dtypes[0])} and "
                        f"{dtype_object(loop.dtypes[1])}, differ")
    x = with_dtype(with_dtype(x, dtype, name), loop.dtypes[1], name)
    dtype = loop.dtypes[2]
    result = tensor_empty(x.ndim_, x.shape_, dtype, name)
    if x.size_ == 0:
        return result
    if x.ndim_ == 0:
        copy_into(result, x)
        return result
    copy_first_row(result, x, axis)
    # out[i] = loop(out[i - 1], x[i]): the axis is walked last to first inside one call, so it
    # must stay in order; the other axes may move.
    walk.ndim = x.ndim_
    walk.operands = 3
    for i in range(x.ndim_):
        walk.shape[i] = x.shape_[i] - (i == axis)
        walk.strides[i][0] = walk.strides[i][2] = result.strides_[i]
        walk.strides[i][1] = x.strides_[i]
    pointers[0] = result.data
    pointers[1] = x.data + x.strides_[axis]
    pointers[2] = result.data + result.strides_[axis]
    if not walk_prepare(&walk):
        return result
    take_float_status()
    if x.size_ > LONG:
        with nogil:
            walk_run(walk, pointers, loop.function, loop.data)
    else:
        walk_run(walk, pointers, loop.function, loop.data)
    loop_done(name, "accumulate")
    return result


cdef int copy_first_row(Tensor result, Tensor x, int axis) except -1:
    cdef Py_ssize_t[MAX_DIMS] shape
    cdef int i
    for i in range(x.ndim_):
        shape[i] = 1 if i == axis else x.shape_[i]
    copy_into(tensor_view(result, result.data, x.ndim_, shape, result.strides_, x.dtype_),
              tensor_view(x, x.data, x.ndim_, shape, x.strides_, x.dtype_))
    return 0
