"""Folds of a binary op's loop: reductions over axes, and running folds along one."""

from libc.string cimport memcpy, memset

from tensorlib._core._dtypes cimport (
    TL_BOOL,
    TL_FLOAT16,
    TL_FLOAT32,
    TL_FLOAT64,
    TL_INT64,
    TL_UINT8,
    TL_UINT64,
    arithmetic_dtype,
    dtype_is_complex,
    dtype_is_foreign,
    dtype_is_inexact,
    dtype_itemsize,
    dtype_object,
)
from tensorlib._core._loops cimport (
    Loop,
    LoopFunction,
    LoopTable,
    TimedLoop,
    Walk,
    loop_done,
    store_scalar,
    take_float_status,
    walk_each,
    walk_prepare,
    walk_run,
)
from tensorlib._core._tensor cimport LONG, MAX_DIMS, Tensor, copy_into, tensor_empty, tensor_view
from tensorlib._core._threads cimport ThreadPool, pool

import numpy as np

cdef extern from "folds.h" namespace "tl" nogil:
    ctypedef void (*RowsLoop)(char **args, Py_ssize_t rows, Py_ssize_t row_step,
                              Py_ssize_t n) noexcept nogil
    ctypedef enum Division:
        kInOrder, kHalves, kAnywhere

    cdef struct FoldLoop:
        TimedLoop loop
        LoopFunction join
        RowsLoop rows
        int itemsize
        int number_bytes
        Division division

    LoopFunction add_loop(int dtype, bint squares)
    RowsLoop add_rows "tl::rows_loop<tl::AddRow>"(int dtype)
    RowsLoop add_squares "tl::rows_loop<tl::AddSquares>"(int dtype)
    RowsLoop keep_largest "tl::rows_loop<tl::KeepBest<true>>"(int dtype)
    RowsLoop keep_smallest "tl::rows_loop<tl::KeepBest<false>>"(int dtype)
    void fold_walk(const Walk &walk, char **start, const FoldLoop &fold)
    void fold_walk_long(const Walk &walk, char **start, const FoldLoop &fold)
    void scan_walk_long(const Walk &walk, char **start, Py_ssize_t step, const TimedLoop &loop)

cdef extern from "scan.h" namespace "tl" nogil:
    LoopFunction scan_loop(int dtype, bint products)

ThreadPool.share(pool())

cdef float[17] square_costs  # of an element of squared_distances, by dtype, as a Loop's


cdef int fold_dtype(LoopTable table, Tensor x) except -1:
    """The dtype that NumPy folds in: sums and products of small integers are made in 64 bits, and
    here those of 8-bit floats in float32."""
    if table.widens:
        if x.dtype_ < TL_INT64:
            return TL_INT64
        if TL_UINT8 <= x.dtype_ < TL_UINT64:
            return TL_UINT64
        return arithmetic_dtype(x.dtype_)
    return x.dtype_


cdef Tensor with_dtype(Tensor x, int dtype, str name):
    if x.dtype_ == dtype:
        return x
    cdef Tensor result = tensor_empty(x.ndim_, x.shape_, dtype, name)
    copy_into(result, x)
    return result


cdef FoldLoop fold_loop(LoopTable table, Loop *loop) noexcept:
    """How a loop folds, and how its elements may be divided."""
    cdef FoldLoop fold
    cdef int dtype = loop.dtypes[2]
    fold.loop.function = fold.join = loop.function
    fold.loop.data = loop.data
    fold.loop.cost = &loop.cost
    fold.rows = NULL
    fold.itemsize = fold.number_bytes = dtype_itemsize(dtype)
    fold.division = kInOrder
    if table.adds and dtype_is_inexact(dtype):
        if dtype_is_complex(dtype):
            fold.number_bytes //= 2
        if dtype != TL_FLOAT16:  # whose halves NumPy adds up in float32
            fold.division = kHalves
        if dtype == TL_FLOAT32 or dtype == TL_FLOAT64:
            fold.loop.function = add_loop(dtype, False)
            fold.rows = add_rows(dtype)
    elif table.reorderable and loop.dtypes[0] == loop.dtypes[1] == dtype and (
            not dtype_is_inexact(dtype) or table.identity is None):
        fold.division = kAnywhere
        if table.name == "maximum":
            fold.rows = keep_largest(dtype)
        elif table.name == "minimum":
            fold.rows = keep_smallest(dtype)
    return fold


cdef int kept_shape(Tensor x, uint64_t axes, bint keepdims, Py_ssize_t *shape) noexcept:
    """The shape of x without the axes whose bits are set; returns its number of axes."""
    cdef int i, ndim = 0
    for i in range(x.ndim_):
        if not axes >> i & 1:
            shape[ndim] = x.shape_[i]
            ndim += 1
        elif keepdims:
            shape[ndim] = 1
            ndim += 1
    return ndim


cdef void plan(Walk *walk, Tensor x, Tensor result, uint64_t axes, bint keepdims) noexcept:
    """The walk of a fold of x, whose operands are the output, x and the output."""
    cdef int i, k = 0
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


cdef bint prepare(Walk *walk) noexcept:
    """Sort the axes of a planned walk by x, whose memory is larger than the output's."""
    cdef int i
    for i in range(walk.ndim):
        walk.strides[i][0], walk.strides[i][1] = walk.strides[i][1], walk.strides[i][0]
    if not walk_prepare(walk):
        return False
    for i in range(walk.ndim):
        walk.strides[i][0], walk.strides[i][1] = walk.strides[i][1], walk.strides[i][0]
    return True


cdef void run_fold(const Walk &walk, char **pointers, const FoldLoop &loop,
                   Py_ssize_t size) noexcept:
    if size <= LONG:
        fold_walk(walk, pointers, loop)
        return
    with nogil:
        fold_walk_long(walk, pointers, loop)


cdef Tensor fold(LoopTable table, str name, Tensor x, uint64_t axes, bint keepdims, int dtype):
    """Fold over the axes whose bits are set."""
    if dtype_is_foreign(dtype) and table.widens:
        # Running results of so few bits would soon stay as they are.
        return with_dtype(fold(table, name, x, axes, keepdims, TL_FLOAT32), dtype, name)
    cdef Loop *loop = table.folding(dtype)
    cdef object identity = table.identity
    cdef Py_ssize_t[MAX_DIMS] shape
    cdef Py_ssize_t count = 1
    cdef int i, folded = 0, axis = -1
    cdef Tensor first, result
    cdef Walk walk
    cdef char *pointers[4]
    first = with_dtype(x, dtype, name)
    x = with_dtype(first, loop.dtypes[1], name)
    dtype = loop.dtypes[2]
    for i in range(x.ndim_):
        if axes >> i & 1:
            count *= x.shape_[i]
            folded += 1
            axis = i
    if folded > 1 and not table.reorderable:
        raise ValueError(f"{name}: the op is not reorderable, so at most one axis may be given")
    result = tensor_empty(kept_shape(x, axes, keepdims, shape), shape, dtype, name)
    if identity is None and count == 0:
        raise_empty(name)
    if result.size_ == 0:
        return result
    pointers[0] = pointers[2] = result.data
    pointers[1] = x.data
    pointers[3] = NULL
    if identity is not None:
        fill(result, identity)
        if count > 0 and table.adds and dtype_is_inexact(dtype):
            negate_zeros(result)
    if x.contiguous and folded == x.ndim_ and folded > 0 and not table.one_by_one \
            and (identity is not None or x.dtype_ == dtype):
        # All elements of contiguous memory, as one axis.
        walk.ndim = 1
        walk.operands = 3
        walk.shape[0] = x.size_
        walk.strides[0][0] = walk.strides[0][2] = 0
        walk.strides[0][1] = dtype_itemsize(x.dtype_)
        if identity is None:
            memcpy(result.data, x.data, dtype_itemsize(dtype))
            walk.shape[0] -= 1
            pointers[1] += walk.strides[0][1]
        if walk.shape[0] == 0:
            return result
    else:
        if identity is None and folded > 1:
            return fold_each(table, name, x, axes, keepdims, dtype)
        plan(&walk, x, result, axes, keepdims)
        if identity is None:
            copy_first(result, first, axis, keepdims)
            if folded == 0:
                return result
            walk.shape[axis] -= 1
            pointers[1] += x.strides_[axis]
        if not prepare(&walk):
            return result
    take_float_status()
    if table.one_by_one:
        walk_each(walk, pointers, loop.function, loop.data)
    elif loop.threads:
        run_fold(walk, pointers, fold_loop(table, loop), x.size_)
    else:
        walk_run(walk, pointers, loop.function, loop.data)
    loop_done(name, "reduce")
    return result


cdef Tensor squared_distances(Tensor x, Tensor means, uint64_t axes, bint keepdims, str name):
    """Sums over axes of the squared distances of x, of float32 or float64, from its means."""
    cdef Tensor result = tensor_empty(means.ndim_, means.shape_, x.dtype_, name)
    cdef FoldLoop fold
    cdef Walk walk
    cdef char *pointers[4]
    cdef int i
    fill(result, 0)
    negate_zeros(result)
    plan(&walk, x, result, axes, keepdims)
    walk.operands = 4
    for i in range(walk.ndim):
        walk.strides[i][3] = walk.strides[i][0]
    if not prepare(&walk):
        return result
    pointers[0] = pointers[2] = result.data
    pointers[1] = x.data
    pointers[3] = means.data
    fold.loop.function = add_loop(x.dtype_, True)
    fold.loop.data = NULL
    fold.loop.cost = &square_costs[x.dtype_]
    fold.join = add_loop(x.dtype_, False)
    fold.rows = add_squares(x.dtype_)
    fold.itemsize = fold.number_bytes = dtype_itemsize(x.dtype_)
    fold.division = kHalves
    take_float_status()
    run_fold(walk, pointers, fold, x.size_)
    loop_done(name, name)
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


cdef void negate_zeros(Tensor result) noexcept:
    """Let sums start from -0.0, to which each number adds up to itself, -0.0 too."""
    cdef Py_ssize_t width = dtype_itemsize(result.dtype_), i
    cdef Py_ssize_t nbytes = result.size_ * width
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
    if result.dtype_ == TL_BOOL:
        memset(result.data, 1 if value else 0, result.size_)
        return 0
    # A cast, as the identity -1 stands for all bits of unsigned integers too.
    store_scalar(element, result.dtype_, np.asarray(value).astype(result.dtype)[()])
    for i in range(result.size_):
        memcpy(result.data + i * itemsize, element, itemsize)
    return 0


cdef Tensor accumulate(LoopTable table, str name, Tensor x, int axis, int dtype):
    """The running fold along an axis."""
    if dtype_is_foreign(dtype) and table.widens:
        return with_dtype(accumulate(table, name, x, axis, TL_FLOAT32), dtype, name)
    cdef Loop *loop = table.folding(dtype)
    cdef Tensor result
    cdef Walk walk
    cdef char *pointers[3]
    cdef TimedLoop timed
    cdef LoopFunction scanning
    cdef int i, k
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
    if x.ndim_ == 1:
        memcpy(result.data, x.data, dtype_itemsize(dtype))
    else:
        copy_first_row(result, x, axis)
    # out[i] = loop(out[i - 1], x[i]), in order along the axis. It is no part of the walk at first,
    # or it would be merged with others.
    walk.ndim = 0
    walk.operands = 3
    for i in range(x.ndim_):
        if i != axis:
            walk.shape[walk.ndim] = x.shape_[i]
            walk.strides[walk.ndim][0] = walk.strides[walk.ndim][2] = result.strides_[i]
            walk.strides[walk.ndim][1] = x.strides_[i]
            walk.ndim += 1
    if x.shape_[axis] == 1 or not walk_prepare(&walk):
        return result
    i = walk.ndim
    timed.function, timed.data, timed.cost = loop.function, loop.data, &loop.cost
    if i > 0 and walk.strides[i - 1][0] < result.strides_[axis] and walk.shape[i - 1] >= 16:
        # Row after row; the axis goes before the last.
        i -= 1
        walk.shape[i + 1] = walk.shape[i]
        for k in range(3):
            walk.strides[i + 1][k] = walk.strides[i][k]
    elif table.widens:
        scanning = scan_loop(dtype, not table.adds)
        if scanning != NULL:
            timed.function = scanning
    walk.ndim += 1
    walk.shape[i] = x.shape_[axis] - 1
    walk.strides[i][0] = walk.strides[i][2] = result.strides_[axis]
    walk.strides[i][1] = x.strides_[axis]
    pointers[0] = result.data
    pointers[1] = x.data + x.strides_[axis]
    pointers[2] = result.data + result.strides_[axis]
    take_float_status()
    if x.size_ > LONG and loop.threads:
        with nogil:
            scan_walk_long(walk, pointers, result.strides_[axis], timed)
    else:
        walk_run(walk, pointers, timed.function, timed.data)
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
