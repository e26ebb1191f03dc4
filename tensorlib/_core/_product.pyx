"""Products over one or two core dimensions.

Matrices of float32 and float64 are multiplied by `cpu/gemm.h` where the processor has the vectors
for it. All else goes through the loops of NumPy's generalized ufuncs, which hand matrices to BLAS
where the strides allow it and are slow where they do not, so that operands with other strides are
copied first.
"""

from tensorlib._core._copy cimport as_dtype
from tensorlib._core._dtypes cimport (
    TL_BFLOAT16,
    TL_FLOAT16,
    TL_FLOAT32,
    TL_FLOAT64,
    dtype_is_float8,
    dtype_itemsize,
    dtype_object,
)
from tensorlib._core._loops cimport (
    Loop,
    LoopFunction,
    LoopTable,
    Walk,
    loop_done,
    run_elementwise,
    take_float_status,
    walk_prepare,
)
from tensorlib._core._memory cimport Storage, storage_new, storage_release, storage_retain
from tensorlib._core._tensor cimport (
    LONG,
    MAX_DIMS,
    Tensor,
    c_contiguous,
    copy_into,
    tensor_empty,
    tensor_empty_on,
    tensor_wrap,
)
from tensorlib._core._threads cimport ThreadPool, hold_blas_threads, pool, release_blas_threads
from tensorlib._core._views cimport axes_reversed, broadcast

import numpy as np

ThreadPool.share(pool())

cdef extern from "products.h" namespace "tl" nogil:
    cdef struct Products:
        Walk walk
        char *start[3]
        Py_ssize_t dims[4]
        Py_ssize_t steps[9]
        LoopFunction numpy
        void *data
        int real
        bint cut
        int threads

    bint gemm_available "tl::gemm::available"()
    Py_ssize_t product_memory(const Products &products)
    void multiply_all(const Products &products, void *memory)

cdef list names = ["matmul", "matvec", "vecmat", "vecdot"]
cdef list tables = [LoopTable(name, getattr(np, name), 2, 1) for name in names]
cdef LoopTable sums = LoopTable("add", np.add, 2, 1)


cdef bint blas_can_read(Tensor x) noexcept:
    """Whether the last two axes are a matrix, or its transpose, with evenly spaced rows."""
    cdef Py_ssize_t itemsize = dtype_itemsize(x.dtype_)
    cdef Py_ssize_t rows = x.shape_[x.ndim_ - 2], columns = x.shape_[x.ndim_ - 1]
    cdef Py_ssize_t row = x.strides_[x.ndim_ - 2], column = x.strides_[x.ndim_ - 1]
    return ((column == itemsize and row % itemsize == 0 and row >= columns * itemsize)
            or (row == itemsize and column % itemsize == 0 and column >= rows * itemsize))


cdef bint whole_steps(Tensor x) noexcept:
    """Whether the rows and columns of a matrix are whole elements apart."""
    cdef Py_ssize_t itemsize = dtype_itemsize(x.dtype_)
    return ((x.strides_[x.ndim_ - 2] | x.strides_[x.ndim_ - 1]) & (itemsize - 1)) == 0


cdef Tensor operand(Tensor x, int dtype, bint matrix, bint blas, str name):
    """x in the loop's dtype, and in strides that BLAS can read where it has to."""
    cdef Tensor result
    if x.dtype_ != dtype:
        result = tensor_empty(x.ndim_, x.shape_, dtype, name)
        copy_into(result, x)
        return result
    if dtype < TL_FLOAT32 or not blas and whole_steps(x):
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


cdef Tensor rounded(int kind, Tensor a, Tensor b):
    """A product; of 16-bit floats it is computed in float32, which BLAS knows, and rounded once."""
    if kind == MATMUL and a.ndim_ > 2 and b.ndim_ == 2 and a.contiguous and a.size_ > 0:
        return of_rows(a, b)
    if a.dtype_ != b.dtype_ or a.dtype_ != TL_FLOAT16 and a.dtype_ != TL_BFLOAT16:
        return product(kind, a, b)
    return as_dtype(
        product(kind, as_dtype(a, TL_FLOAT32), as_dtype(b, TL_FLOAT32)), a.dtype_)


cdef Tensor of_rows(Tensor a, Tensor b):
    """A stack of matrices times one matrix: all their rows are those of one long matrix."""
    cdef Py_ssize_t[MAX_DIMS] shape
    cdef Py_ssize_t[2] rows
    cdef Tensor result
    cdef int i, last = a.ndim_ - 1
    rows[1] = a.shape_[last]
    rows[0] = a.size_ // rows[1]
    if rows[1] != b.shape_[0]:
        raise mismatch("matmul", a, b)
    result = rounded(MATMUL, in_shape(a, 2, rows), b)
    for i in range(last):
        shape[i] = a.shape_[i]
    shape[last] = result.shape_[1]
    return in_shape(result, a.ndim_, shape)


cdef Tensor in_shape(Tensor x, int ndim, const Py_ssize_t *shape):
    cdef Py_ssize_t[MAX_DIMS] strides
    cdef Py_ssize_t stride = dtype_itemsize(x.dtype_)
    cdef int i
    for i in range(ndim - 1, -1, -1):
        strides[i] = stride
        stride *= shape[i]
    return tensor_wrap(storage_retain(x.storage), x.data, ndim, shape, strides, x.dtype_)


cdef int check_product(int kind, Tensor a, Tensor b, int *core_a, int *core_b) except -1:
    cdef str name = names[kind]
    core_a[0] = 2 if kind <= MATVEC else 1
    core_b[0] = 2 if kind == MATMUL or kind == VECMAT else 1
    if a.ndim_ == 0 or b.ndim_ == 0:
        raise ValueError(f"{name}: expected at least one dimension in each operand, got shapes "
                         f"{a.shape} and {b.shape}")
    if kind == MATMUL:  # a vector is a matrix of one row or column
        core_a[0] = min(core_a[0], a.ndim_)
        core_b[0] = min(core_b[0], b.ndim_)
    if a.ndim_ < core_a[0] or b.ndim_ < core_b[0] \
            or a.shape_[a.ndim_ - 1] != b.shape_[b.ndim_ - core_b[0]]:
        raise mismatch(name, a, b)
    return 0


cdef Loop *product_loop(int kind, Tensor a, Tensor b) except NULL:
    if a.dtype_ == b.dtype_:
        return (<LoopTable>tables[kind]).same(a.dtype_)
    return (<LoopTable>tables[kind]).resolve((a.dtype, b.dtype), None)


cdef int walk_stacks(Walk *walk, Tensor a, Tensor b, int core_a, int core_b, Py_ssize_t *shape,
                     str name) except -1:
    cdef int outer_a = a.ndim_ - core_a, outer_b = b.ndim_ - core_b
    cdef int outer = max(outer_a, outer_b), ndim = outer, i, k
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
        walk.shape[i] = shape[i]
    if core_a == 2:
        shape[ndim] = a.shape_[a.ndim_ - 2]
        ndim += 1
    if core_b == 2:
        shape[ndim] = b.shape_[b.ndim_ - 1]
        ndim += 1
    return ndim


cdef Tensor product(int kind, Tensor a, Tensor b):
    cdef str name = names[kind]
    cdef Loop *loop
    cdef int core_a, core_b, outer, ndim, i
    cdef bint rows, columns
    cdef Py_ssize_t inner_a, n, m
    cdef Py_ssize_t[MAX_DIMS] shape
    cdef Tensor result
    cdef Products products
    cdef Walk *walk = &products.walk
    cdef Py_ssize_t *dims = products.dims
    cdef Py_ssize_t *steps = products.steps
    cdef bint real, blas
    check_product(kind, a, b, &core_a, &core_b)
    loop = product_loop(kind, a, b)
    inner_a = a.shape_[a.ndim_ - 1]
    rows = core_a == 2
    columns = core_b == 2
    real = ((loop.dtypes[0] == TL_FLOAT32 or loop.dtypes[0] == TL_FLOAT64)
            and loop.dtypes[1] == loop.dtypes[0])
    if real and kind != MATMUL:  # the same, but for complex numbers
        kind = MATMUL
        loop = (<LoopTable>tables[MATMUL]).same(loop.dtypes[0])
    n = a.shape_[a.ndim_ - 2] if rows else 1
    m = b.shape_[b.ndim_ - 1] if columns else 1
    blas = not (real and n > 1 and m > 1 and gemm_available())
    a = operand(a, loop.dtypes[0], core_a == 2, blas, name)
    b = operand(b, loop.dtypes[1], core_b == 2, blas, name)
    ndim = walk_stacks(walk, a, b, core_a, core_b, shape, name)
    outer = walk.ndim
    result = tensor_empty(ndim, shape, loop.dtypes[2], name)
    if result.size_ == 0:
        return result
    for i in range(outer):
        walk.strides[i][2] = result.strides_[i]
    # The loop's dimensions and strides: those of matmul need rows and columns of vectors too.
    cdef Py_ssize_t a_inner = a.strides_[a.ndim_ - 1]
    cdef Py_ssize_t a_row = a.strides_[a.ndim_ - 2] if rows else inner_a * a_inner
    cdef Py_ssize_t b_inner = b.strides_[b.ndim_ - core_b]
    cdef Py_ssize_t b_column = b.strides_[b.ndim_ - 1] if columns else dtype_itemsize(b.dtype_)
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
    walk_prepare(walk)
    products.start[0] = a.data
    products.start[1] = b.data
    products.start[2] = result.data
    products.numpy, products.data = loop.function, loop.data
    take_float_status()
    products.real = <int>itemsize if real else 0
    if result.size_ * inner_a > LONG:
        products.cut = hold_blas_threads() and kind == MATMUL
        products.threads = ThreadPool.instance().threads()
        try:
            run(&products, True, name)
        finally:
            release_blas_threads()
    else:
        products.cut = False
        products.threads = 1
        run(&products, False, name)
    loop_done(name, name)
    return result


cdef int run(const Products *products, bint long, str name) except -1:
    cdef Storage *storage = NULL
    cdef char *memory = NULL
    cdef Py_ssize_t needed = product_memory(products[0])
    if needed > 0:
        storage = storage_new(needed, name)
        memory = storage.data
    if long:
        with nogil:
            multiply_all(products[0], memory)
    else:
        multiply_all(products[0], memory)
    if storage != NULL:
        storage_release(storage)
    return 0


cdef int check_linear(Tensor x, Tensor weight, Tensor bias, Py_ssize_t *shape) except -1:
    cdef int i, last = x.ndim_ - 1
    if last < 0 or weight.ndim_ != 2 or x.shape_[last] != weight.shape_[1]:
        raise ValueError("linear: expected shapes (..., in) and (out, in) or (in,), got "
                         f"{x.shape} and {weight.shape}")
    if bias.ndim_ != 1 or bias.shape_[0] != weight.shape_[0]:
        raise ValueError(f"linear: expected bias of shape {weight.shape[:1]}, got {bias.shape}")
    for i in range(last):
        shape[i] = x.shape_[i]
    shape[last] = weight.shape_[0]
    return 0


cdef int linear_dtype(Tensor x, Tensor weight, Tensor bias) except -1:
    cdef int dtype = x.dtype_
    if weight.dtype_ != dtype or dtype_is_float8(dtype):
        dtype = product_loop(MATMUL, x, weight).dtypes[2]
    if bias.dtype_ != dtype:
        dtype = sums.resolve((dtype_object(dtype), bias.dtype), None).dtypes[2]
    return dtype


cdef Tensor repeated(Tensor vector, int ndim, const Py_ssize_t *shape, int dtype, str name):
    cdef Tensor result = tensor_empty_on(vector.storage.device, ndim, shape, dtype, name)
    copy_into(result, broadcast(vector, ndim, shape, name))
    return result


cdef int add_to_rows(Tensor x, Tensor vector, str name) except -1:
    """Add a vector to each row of a matrix in C order, in place."""
    cdef Loop *loop = sums.same(x.dtype_)
    cdef Walk walk
    cdef char *pointers[3]
    cdef int i
    walk.ndim, walk.operands = 2, 3
    for i in range(2):
        walk.shape[i] = x.shape_[i]
        walk.strides[i][0] = walk.strides[i][2] = x.strides_[i]
    walk.strides[0][1], walk.strides[1][1] = 0, vector.strides_[0]
    pointers[0], pointers[1], pointers[2] = x.data, vector.data, x.data
    if walk_prepare(&walk):
        take_float_status()
        run_elementwise(loop, &walk, pointers, x.size_)
        loop_done(name, name)
    return 0


def matmul(Tensor x1 not None, Tensor x2 not None):
    """The kernel of matmul."""
    return rounded(MATMUL, x1, x2)


def matvec(Tensor x1 not None, Tensor x2 not None):
    """The kernel of matvec."""
    return rounded(MATVEC, x1, x2)


def vecmat(Tensor x1 not None, Tensor x2 not None):
    """The kernel of vecmat."""
    return rounded(VECMAT, x1, x2)


def vecdot(Tensor x1 not None, Tensor x2 not None):
    """The kernel of vecdot."""
    return rounded(VECDOT, x1, x2)


def linear(Tensor x not None, Tensor weight not None, Tensor bias not None):
    """The kernel of linear: in float32 for 16-bit floats, which are rounded once."""
    cdef Py_ssize_t[MAX_DIMS] shape
    cdef Py_ssize_t[2] rows
    cdef int dtype, wide
    cdef Tensor result
    check_linear(x, weight, bias, shape)
    dtype = wide = linear_dtype(x, weight, bias)
    if x.size_ == 0:
        return repeated(bias, x.ndim_, shape, dtype, "linear")
    rows[1] = x.shape_[x.ndim_ - 1]
    rows[0] = x.size_ // rows[1]
    if dtype == TL_FLOAT16 or dtype == TL_BFLOAT16:
        wide = TL_FLOAT32
    result = as_dtype(x, wide)
    if x.ndim_ != 2:
        result = in_shape(c_contiguous(result, "linear"), 2, rows)
    result = product(MATMUL, result, axes_reversed(as_dtype(weight, wide)))
    add_to_rows(result, as_dtype(bias, wide), "linear")
    result = as_dtype(result, dtype)
    return result if x.ndim_ == 2 else in_shape(result, x.ndim_, shape)
