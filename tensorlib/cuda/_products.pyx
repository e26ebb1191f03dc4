"""Products of matrices and vectors: planned here, done by cuBLAS or by kernels of our own.

A product is brought into one form: a stack of matrices a (rows x inner) times b (inner x columns).
Axes of the stack along which b stays the same become rows where the strides allow it, and with one
column the operands change places, so that then there is one row.
"""

from libc.stdint cimport int64_t

from tensorlib._core._dtypes cimport (
    TL_BFLOAT16,
    TL_FLOAT16,
    TL_FLOAT32,
    TL_INT64,
    TL_UINT32,
    TL_UINT64,
    dtype_is_complex,
    dtype_is_float8,
    dtype_is_inexact,
    dtype_itemsize,
)
from tensorlib._core._loops cimport Walk, walk_prepare
from tensorlib._core._product cimport (
    MATMUL,
    MATVEC,
    VECDOT,
    VECMAT,
    check_linear,
    check_product,
    in_shape,
    linear_dtype,
    product_loop,
    repeated,
    walk_stacks,
)
from tensorlib._core._tensor cimport MAX_DIMS, Tensor, copy_into, tensor_empty_on
from tensorlib._core._views cimport axes_reversed, reshaped
from tensorlib.cuda._backend cimport check_aligned, index_of_tensor
from tensorlib.cuda cimport _blas, _blaslt
from tensorlib.cuda._blas cimport Matrices
from tensorlib.cuda._kernel cimport Kernel

from tensorlib.cuda import products
from tensorlib.cuda._backend import compute

cdef enum:
    THREADS = 256      # of a block
    TILE = 64          # as products.cuh has it
    FEW = 4
    MANY = 64
    ENOUGH = 256       # blocks, for fewer of which the inner axis is cut
    PIECE = 256        # and how long its pieces are at least

# Those of products.cuh; a stack of few axes is packed without gaps.
cdef struct Product:
    Matrices matrices
    int64_t pieces, piece, lanes, along

cdef struct Stack:
    int64_t size, ndim
    int64_t[MANY + 3 * MANY] rest

cdef list names = ["matmul", "matvec", "vecmat", "vecdot"]
cdef dict kernels = {}


cdef Tensor in_dtype(Tensor x, int dtype, str op):
    return x if x.dtype_ == dtype else copied(x, dtype, op)


cdef Tensor copied(Tensor x, int dtype, str op):
    """A copy in C order."""
    cdef Tensor result = tensor_empty_on(x.storage.device, x.ndim_, x.shape_, dtype, op)
    copy_into(result, x)
    return result


cdef int dtype_of_sums(int dtype) noexcept:
    """In what products.cuh adds up: Wide of the dtype."""
    if dtype == TL_INT64 or dtype == TL_UINT64:
        return TL_UINT64
    if not dtype_is_inexact(dtype):
        return TL_UINT32
    return TL_FLOAT32 if dtype == TL_FLOAT16 or dtype == TL_BFLOAT16 else dtype


cdef Tensor multiply(int kind, Tensor a, Tensor b):
    cdef str op = names[kind]
    cdef int core_a, core_b, ndim, dtype, i
    cdef Py_ssize_t[MAX_DIMS] shape
    cdef Walk walk
    cdef Matrices p
    cdef Tensor result
    cdef Py_ssize_t itemsize
    cdef bint conjugated
    check_product(kind, a, b, &core_a, &core_b)
    if kind == MATMUL and dtype_is_float8(a.dtype_):
        result = multiply_float8(a, b)
        if result is not None:
            return result
    if a.dtype_ == b.dtype_ and (a.dtype_ == TL_FLOAT16 or a.dtype_ == TL_BFLOAT16):
        dtype = a.dtype_  # for which NumPy has no loops of all products
    else:
        dtype = product_loop(kind, a, b).dtypes[2]
    a, b = in_dtype(a, dtype, op), in_dtype(b, dtype, op)
    check_aligned(a, op)
    check_aligned(b, op)
    itemsize = dtype_itemsize(dtype)
    conjugated = dtype_is_complex(dtype) and (kind == VECMAT or kind == VECDOT)
    if kind == MATMUL and core_a == 2 and core_b == 2 and _blas.has_dtype(dtype) \
            and _blas.is_available():
        a, b = for_blas(a, op), for_blas(b, op)
    ndim = walk_stacks(&walk, a, b, core_a, core_b, shape, op)
    result = tensor_empty_on(a.storage.device, ndim, shape, dtype, op)
    if result.size_ == 0:
        return result
    for i in range(walk.ndim):
        walk.strides[i][2] = result.strides_[i] // itemsize
    walk_prepare(&walk)
    p.inner = a.shape_[a.ndim_ - 1]
    p.a_inner = a.strides_[a.ndim_ - 1]
    p.b_inner = b.strides_[b.ndim_ - core_b]
    p.rows, p.a_row, p.columns, p.b_column = 1, 0, 1, 0
    if core_a == 2:
        p.rows, p.a_row = a.shape_[a.ndim_ - 2], a.strides_[a.ndim_ - 2]
    if core_b == 2:
        p.columns, p.b_column = b.shape_[b.ndim_ - 1], b.strides_[b.ndim_ - 1]
    if p.columns == 1 and p.rows > 1:
        p.columns, p.rows = p.rows, 1
        p.b_column, p.a_row = p.a_row, 0
        p.a_inner, p.b_inner = p.b_inner, p.a_inner
        a, b = b, a
        for i in range(walk.ndim):
            walk.strides[i][0], walk.strides[i][1] = walk.strides[i][1], walk.strides[i][0]
    stack_to_rows(&walk, &p)
    if p.rows > 1 and p.inner > 0 and not conjugated and _blas.has_dtype(dtype) \
            and fits(p, itemsize) and _blas.is_available():
        _blas.multiply(p, walk, a, b, result, op)
    else:
        launch(op, a, b, result, p, walk, conjugated)
    return result


cdef Tensor multiply_float8(Tensor a, Tensor b):
    """A product of 8-bit floats as float32, where the GPU has it; else None.

    The library is given what all such GPUs can read: rows of a and columns of b, each in one piece
    of whole 16 bytes.
    """
    cdef Py_ssize_t[MAX_DIMS] shape
    cdef Py_ssize_t[2] rows
    cdef Tensor flat, turned, result
    cdef Matrices p
    cdef int i, last = a.ndim_ - 1
    if last < 1 or b.ndim_ != 2 or b.shape_[0] % 16 or b.shape_[1] % 16 or a.size_ == 0 \
            or b.size_ == 0 or not _blaslt.has_float8(a.dtype_, b.dtype_, index_of_tensor(a)):
        return None
    check_aligned(a, "matmul")
    check_aligned(b, "matmul")
    p.inner, p.columns = b.shape_[0], b.shape_[1]
    p.rows = rows[0] = a.size_ // p.inner
    rows[1] = p.inner
    flat = reshaped(a, 2, rows, "matmul")
    if flat is None or not has_whole_rows(flat):
        flat = in_shape(copied(a, a.dtype_, "matmul"), 2, rows)
    turned = axes_reversed(b)
    if not has_whole_rows(turned):
        turned = copied(turned, b.dtype_, "matmul")
    p.a_row, p.a_inner, p.b_inner, p.b_column = flat.strides_[0], 1, 1, turned.strides_[0]
    rows[1] = p.columns
    result = tensor_empty_on(a.storage.device, 2, rows, TL_FLOAT32, "matmul")
    if not _blaslt.multiply(p, flat, turned, None, result, "matmul"):
        return None
    for i in range(last):
        shape[i] = a.shape_[i]
    shape[last] = p.columns
    return result if last == 1 else in_shape(result, a.ndim_, shape)


cdef bint has_whole_rows(Tensor x) noexcept:
    return x.strides_[1] == 1 and x.strides_[0] >= x.shape_[1] and x.strides_[0] % 16 == 0 \
        and <size_t>x.data % 16 == 0


cdef bint fits(const Matrices &p, int64_t itemsize) noexcept:
    return _blas.fits(p.rows, p.inner, p.a_row, p.a_inner, itemsize) \
        and _blas.fits(p.inner, p.columns, p.b_inner, p.b_column, itemsize)


cdef Tensor for_blas(Tensor x, str op):
    """A stack of matrices as cuBLAS can read it: itself, or a copy in C order."""
    cdef int last = x.ndim_ - 1
    if x.ndim_ < 2 or _blas.fits(x.shape_[last - 1], x.shape_[last], x.strides_[last - 1],
                                 x.strides_[last], dtype_itemsize(x.dtype_)):
        return x
    return copied(x, x.dtype_, op)


cdef void stack_to_rows(Walk *walk, Matrices *p) noexcept:
    """Let the last axes of a stack of which b has none be rows of a."""
    cdef int last = walk.ndim - 1
    while last >= 0 and walk.strides[last][1] == 0 \
            and walk.strides[last][2] == p.rows * p.columns \
            and (p.rows == 1 or walk.strides[last][0] == p.rows * p.a_row):
        if p.rows == 1:
            p.a_row = walk.strides[last][0]
        p.rows *= walk.shape[last]
        last -= 1
    walk.ndim = last + 1


cdef int launch(str op, Tensor a, Tensor b, Tensor result, const Matrices &m,
                const Walk &walk, bint conjugated) except -1:
    """Multiply with a kernel of our own."""
    cdef Stack stack
    cdef Product p
    cdef int dtype = result.dtype_
    cdef int axes = FEW if walk.ndim <= FEW else MANY, i, k, device = index_of_tensor(result)
    cdef int64_t blocks, size = result.size_
    cdef bint matrices = m.rows > 1
    cdef Tensor sums = None
    cdef void *arguments[6]
    cdef Kernel kernel
    stack.size = size // (m.rows * m.columns)
    stack.ndim = walk.ndim
    for i in range(walk.ndim):
        stack.rest[i] = walk.shape[i]
        for k in range(3):
            stack.rest[axes + 3 * i + k] = walk.strides[i][k]
    p.matrices = m
    p.lanes = p.along = 0
    if matrices:
        blocks = stack.size * ((m.rows + TILE - 1) // TILE) * ((m.columns + TILE - 1) // TILE)
    else:
        share_threads(&p, m, walk)
        blocks = (size * p.lanes + THREADS - 1) // THREADS
    p.pieces = max(<int64_t>1, min(ENOUGH // blocks, m.inner // PIECE))
    p.piece = (m.inner + p.pieces - 1) // p.pieces
    if p.pieces > 1:
        sums = empty_sums(result, p.pieces, dtype_of_sums(dtype), op)
    arguments[0] = &p
    arguments[1] = &stack
    arguments[2] = &a.data
    arguments[3] = &b.data
    arguments[4] = &result.data
    arguments[5] = &sums.data if sums is not None else &result.data
    kernel = kernel_of("multiply_matrices" if matrices else "multiply_vectors", dtype, conjugated,
                       axes)
    kernel.launch(device, blocks * p.pieces, THREADS, arguments, op)
    if sums is not None:
        arguments[0] = &size
        arguments[1] = &p.pieces
        arguments[2] = &sums.data
        arguments[3] = &result.data
        kernel = kernel_of("add_pieces", dtype, False, 0)
        kernel.launch(device, (size + THREADS - 1) // THREADS, THREADS, arguments, op)
    return 0


cdef Tensor empty_sums(Tensor result, Py_ssize_t pieces, int dtype, str op):
    cdef Py_ssize_t[2] shape
    shape[0], shape[1] = pieces, result.size_
    return tensor_empty_on(result.storage.device, 2, shape, dtype, op)


cdef void share_threads(Product *p, const Matrices &m, const Walk &walk) noexcept:
    """How many threads work for each result of a product of vectors, and which are neighbours."""
    cdef int64_t step = m.b_column
    if m.columns == 1:
        step = walk.strides[walk.ndim - 1][1] if walk.ndim else 0
    p.along = step == 0 or abs(m.b_inner) <= abs(step)
    p.lanes = 8
    if p.along:
        while p.lanes < THREADS and p.lanes * 8 < m.inner:
            p.lanes *= 2
    elif m.inner < 32:
        p.lanes = 1


cdef Kernel kernel_of(str way, int dtype, bint conjugated, int axes):
    cdef Kernel kernel = kernels.get((way, dtype, conjugated, axes))
    if kernel is None:
        if axes == 0:
            kernel = products.adding_kernel(dtype)
        else:
            kernel = products.product_kernel(way, dtype, conjugated, axes)
        kernels[way, dtype, conjugated, axes] = kernel
    return kernel


def matmul(Tensor x1 not None, Tensor x2 not None):
    """The kernel of matmul."""
    return multiply(MATMUL, x1, x2)


def matvec(Tensor x1 not None, Tensor x2 not None):
    """The kernel of matvec."""
    return multiply(MATVEC, x1, x2)


def vecmat(Tensor x1 not None, Tensor x2 not None):
    """The kernel of vecmat."""
    return multiply(VECMAT, x1, x2)


def vecdot(Tensor x1 not None, Tensor x2 not None):
    """The kernel of vecdot."""
    return multiply(VECDOT, x1, x2)


def linear(Tensor x not None, Tensor weight not None, Tensor bias not None):
    """The kernel of linear."""
    cdef Py_ssize_t[MAX_DIMS] shape
    cdef Py_ssize_t[2] rows
    cdef Tensor tensor, flat
    cdef int dtype
    check_linear(x, weight, bias, shape)
    dtype = linear_dtype(x, weight, bias)
    if x.size_ == 0:
        return repeated(bias, x.ndim_, shape, dtype, "linear")
    for tensor in (x, weight, bias):
        check_aligned(tensor, "linear")
    rows[1] = x.shape_[x.ndim_ - 1]
    rows[0] = x.size_ // rows[1]
    if dtype == TL_FLOAT32 and dtype_is_float8(x.dtype_):
        flat = multiply_float8(x, axes_reversed(weight))
        if flat is not None:
            compute("add", flat, flat, in_dtype(bias, dtype, "linear"))
            return flat
    flat = reshaped(x, 2, rows, "linear")
    if flat is None:
        flat = in_shape(copied(x, dtype, "linear"), 2, rows)
    flat = multiply_and_add(in_dtype(flat, dtype, "linear"), in_dtype(weight, dtype, "linear"),
                            in_dtype(bias, dtype, "linear"))
    return flat if x.ndim_ == 2 else in_shape(flat, x.ndim_, shape)


cdef Tensor multiply_and_add(Tensor x, Tensor weight, Tensor bias):
    """x @ weight.T + bias, of one dtype: by one launch where cuBLASLt can."""
    cdef Tensor result
    cdef Matrices p
    cdef Py_ssize_t[2] shape
    if _blaslt.has_dtype(x.dtype_) and _blaslt.is_available():
        x, weight = for_blas(x, "linear"), for_blas(weight, "linear")
        p.rows, p.inner, p.columns = x.shape_[0], x.shape_[1], weight.shape_[0]
        p.a_row, p.a_inner = x.strides_[0], x.strides_[1]
        p.b_inner, p.b_column = weight.strides_[1], weight.strides_[0]
        shape[0], shape[1] = p.rows, p.columns
        result = tensor_empty_on(x.storage.device, 2, shape, x.dtype_, "linear")
        if result.size_ == 0 or _blaslt.multiply(p, x, weight, bias, result, "linear"):
            return result
    result = multiply(MATMUL, x, axes_reversed(weight))
    compute("add", result, result, bias)
    return result
