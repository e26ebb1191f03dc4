"""Products over one or two core dimensions, through the loops of NumPy's generalized ufuncs.

Those loops hand matrices to BLAS where the strides allow it and are slow where they do not, so
operands with other strides are copied first.
"""

from tensorlib._core._dtypes cimport TL_FLOAT32, dtype_itemsize
from tensorlib._core._loops cimport (
    Loop,
    LoopTable,
    Walk,
    loop_done,
    take_float_status,
    walk_core,
    walk_prepare,
)
from tensorlib._core._tensor cimport LONG, MAX_DIMS, Tensor, c_contiguous, copy_into, tensor_empty

import numpy as np

cdef enum:
    MATMUL, MATVEC, VECMAT, VECDOT

cdef list names = ["matmul", "matvec", "vecmat", "vecdot"]
cdef list tables = [LoopTable(name, getattr(np, name), 2, 1) for name in names]


cdef bint blas_can_read(Tensor x) noexcept:
    """Whether the last two axes are a matrix, or its transpose, with evenly spaced rows."""
    cdef Py_ssize_t itemsize = dtype_itemsize(x.dtype_)
    cdef Py_ssize_t rows = x.shape_[x.ndim_ - 2], columns = x.shape_[x.ndim_ - 1]
    cdef Py_ssize_t row = x.strides_[x.ndim_ - 2], column = x.strides_[x.ndim_ - 1]
    return ((column == itemsize and row % itemsize == 0 and row >= columns * itemsize)
            or (row == itemsize and column % itemsize == 0 and column >= rows * itemsize))


cdef Tensor operand(Tensor x, int dtype, bint matrix, str name):
    """x in the loop's dtype, and in strides that BLAS can read."""
    cdef Tensor result
    if x.dtype_ != dtype:
        result = tensor_empty(x.ndim_, x.shape_, dtype, name)
        copy_into(result, x)
        return result
    if dtype < TL_FLOAT32:
        return x
    if matrix and not blas_can_read(x):
        return c_contiguous(x, name)
    if not matrix and x.strides_[x.ndim_ - 1] != dtype_itemsize(dtype):
        return c_contiguous(x, name)
    return x


cdef object mismatch(str name, Tensor a, Tensor b):
    expected = {"matmul": "(n, k) and (k, m)", "matvec": "(m, n) and (n,)",
                "vecmat": "(n,) and (n, m)", "vecdot": "(n,) and (n,)"}[name]
    return ValueError(f"{name}: expected shapes {expected}, got {a.shape} and {b.shape}")


cdef Tensor product(int kind, Tensor a, Tensor b):
    cdef str name = names[kind]
    cdef LoopTable table = tables[kind]
    cdef Loop *loop
    cdef int core_a = 2 if kind <= MATVEC else 1
    cdef int core_b = 2 if kind == MATMUL or kind == VECMAT else 1
    cdef bint rows, columns
    cdef Py_ssize_t inner_a, inner_b
    cdef Py_ssize_t[MAX_DIMS] shape
    cdef Py_ssize_t[MAX_DIMS] result_shape
    cdef Py_ssize_t[4] dims
    cdef Py_ssize_t[9] steps
    cdef int outer_a, outer_b, outer, i, k, core_ndim
    cdef Tensor result
    cdef Walk walk
    cdef char *pointers[5]
    if a.ndim_ == 0 or b.ndim_ == 0:
        raise ValueError(f"{name}: expected at least one dimension in each operand, got shapes "
                         f"{a.shape} and {b.shape}")
    if kind == MATMUL:  # a vector is a matrix of one row or column
        core_a = min(core_a, a.ndim_)
        core_b = min(core_b, b.ndim_)
    if a.ndim_ < core_a or b.ndim_ < core_b:
        raise mismatch(name, a, b)
    inner_a = a.shape_[a.ndim_ - 1]
    inner_b = b.shape_[b.ndim_ - core_b]
    if inner_a != inner_b:
        raise mismatch(name, a, b)
    if a.dtype_ == b.dtype_:
        loop = table.same(a.dtype_)
    else:
        loop = table.resolve((a.dtype, b.dtype), None)
    a = operand(a, loop.dtypes[0], core_a == 2, name)
    b = operand(b, loop.dtypes[1], core_b == 2, name)
    rows = core_a == 2
    columns = core_b == 2
    outer_a = a.ndim_ - core_a
    outer_b = b.ndim_ - core_b
    outer = max(outer_a, outer_b)
    walk.ndim = outer
    walk.operands = 3
    for i in range(outer):
        k = i - (outer - outer_a)
        shape[i] = a.shape_[k] if k >= 0 else 1
        walk.strides[i][0] = a.strides_[k] if k >= 0 and a.shape_[k] != 1 else 0
        k = i - (outer - outer_b)
        walk.strides[i][1] = b.strides_[k] if k >= 0 and b.shape_[k] != 1 else 0
        if k >= 0 and b.shape_[k] != 1:
            if shape[i] != 1 and shape[i] != b.shape_[k]:
                raise ValueError(f"{name}: the outer dimensions of shapes {a.shape} and {b.shape} "
                                 "cannot be broadcast together")
            shape[i] = b.shape_[k]
        result_shape[i] = shape[i]
        walk.shape[i] = shape[i]
    core_ndim = outer
    if rows:
        result_shape[core_ndim] = a.shape_[a.ndim_ - 2]
        core_ndim += 1
    if columns:
        result_shape[core_ndim] = b.shape_[b.ndim_ - 1]
        core_ndim += 1
    result = tensor_empty(core_ndim, result_shape, loop.dtypes[2], name)
    if result.size_ == 0:
        return result
    for i in range(outer):
        walk.strides[i][2] = result.strides_[i]
    # The loop's dimensions and strides: those of matmul need rows and columns of vectors too.
    cdef Py_ssize_t a_row = a.strides_[a.ndim_ - 2] if rows else a.shape_[0] * a.strides_[0]
    cdef Py_ssize_t a_inner = a.strides_[a.ndim_ - 1]
    cdef Py_ssize_t b_inner = b.strides_[b.ndim_ - core_b]
    cdef Py_ssize_t b_column = b.strides_[b.ndim_ - 1] if columns else dtype_itemsize(b.dtype_)
    cdef Py_ssize_t n = a.shape_[a.ndim_ - 2] if rows else 1
    cdef Py_ssize_t m = b.shape_[b.ndim_ - 1] if columns else 1
    cdef Py_ssize_t itemsize = dtype_itemsize(result.dtype_)
    if kind == MATMUL:
        dims[1], dims[2], dims[3] = n, inner_a, m
        steps[3], steps[4], steps[5], steps[6] = a_row, a_inner, b_inner, b_column
        steps[7], steps[8] = m * itemsize, itemsize
    elif kind == MATVEC:
        dims[1], dims[2] = n, inner_a
        steps[3], steps[4], steps[5], steps[6] = a_row, a_inner, b_inner, itemsize
    elif kind == VECMAT:
        dims[1], dims[2] = inner_a, m
        steps[3], steps[4], steps[5], steps[6] = a_inner, b_inner, b_column, itemsize
    else:
        dims[1] = inner_a
        steps[3], steps[4] = a_inner, b_inner
    walk_prepare(&walk)
    pointers[0] = a.data
    pointers[1] = b.data
    pointers[2] = result.data
    take_float_status()
    if result.size_ * inner_a > LONG:
        with nogil:
            walk_core(walk, pointers, loop.function, loop.data, dims, steps)
    else:
        walk_core(walk, pointers, loop.function, loop.data, dims, steps)
    loop_done(name, name)
    return result


def matmul(Tensor x1 not None, Tensor x2 not None):
    """The kernel of matmul."""
    return product(MATMUL, x1, x2)


def matvec(Tensor x1 not None, Tensor x2 not None):
    """The kernel of matvec."""
    return product(MATVEC, x1, x2)


def vecmat(Tensor x1 not None, Tensor x2 not None):
    """The kernel of vecmat."""
    return product(VECMAT, x1, x2)


def vecdot(Tensor x1 not None, Tensor x2 not None):
    """The kernel of vecdot."""
    return product(VECDOT, x1, x2)
