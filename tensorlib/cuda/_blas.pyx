"""cuBLAS, where it is installed: products of matrices of floating and complex dtypes.

The library is loaded at the first product. It takes matrices in Fortran's order, in which ours are
transposed: so it is given b and a for the result's transpose, which is the result in C order.
"""

from cuda.bindings cimport cydriver
from libc.stdint cimport int64_t, uintptr_t

from tensorlib._core._dtypes cimport (
    TL_BFLOAT16,
    TL_COMPLEX64,
    TL_COMPLEX128,
    TL_FLOAT8_E4M3FN,
    TL_FLOAT8_E5M2,
    TL_FLOAT16,
    TL_FLOAT32,
    TL_FLOAT64,
    dtype_is_narrow,
    dtype_itemsize,
)
from tensorlib._core._loops cimport Walk
from tensorlib._core._tensor cimport Tensor
from tensorlib.cuda._backend cimport index_of_tensor
from tensorlib.cuda._driver cimport enter, note_launch
from tensorlib.cuda._kernel cimport wait_if_blocking
from tensorlib.cuda._libraries cimport Library
from tensorlib.cuda._memory cimport allocate, give_back
from tensorlib.cuda._stream cimport stream_on

from tensorlib.cuda._libraries import CUBLAS
from tensorlib.cuda.errors import CudaError, OutOfMemoryError

# Of cublas_api.h and library_types.h.
cdef enum:
    ALLOC_FAILED = 3
    GEMM_DEFAULT = -1
    COMPUTE_32F = 68
    COMPUTE_32F_FAST_16BF = 75
    COMPUTE_32F_FAST_TF32 = 77
    DISALLOW_REDUCED_PRECISION_REDUCTION = 16
    R_32F = 0
    R_64F = 1
    R_16F = 2
    C_32F = 4
    C_64F = 5
    R_16BF = 14
    R_8F_E4M3 = 28
    R_8F_E5M2 = 29

# What NVIDIA recommends for sm_90; smaller GPUs are content with less.
cdef enum:
    WORKSPACE = 32 << 20

cdef struct Functions:
    int (*set_workspace)(void *handle, void *workspace, size_t nbytes) noexcept nogil
    int (*set_math_mode)(void *handle, int mode) noexcept nogil
    int (*gemm)(void *handle, int op_a, int op_b, int64_t m, int64_t n, int64_t k,
                const void *alpha, const void *a, int a_type, int64_t lda, long long a_stride,
                const void *b, int b_type, int64_t ldb, long long b_stride, const void *beta,
                void *c, int c_type, int64_t ldc, long long c_stride, int64_t count, int compute,
                int algorithm) noexcept nogil
    const char *(*status_name)(int status) noexcept nogil
    const char *(*status_text)(int status) noexcept nogil

cdef Library library = CUBLAS
cdef Functions cublas
cdef object found = None              # whether cuBLAS is there; None before it was looked for
cdef int float32_compute = COMPUTE_32F
cdef dict PRECISIONS = {"highest": COMPUTE_32F, "high": COMPUTE_32F_FAST_TF32,
                        "medium": COMPUTE_32F_FAST_16BF}


cdef bint is_available() except -1:
    global found
    if found is None:
        found = library.fill((
            ("cublasSetWorkspace_v2", <uintptr_t>&cublas.set_workspace),
            ("cublasSetMathMode", <uintptr_t>&cublas.set_math_mode),
            ("cublasGemmStridedBatchedEx_64", <uintptr_t>&cublas.gemm),
            ("cublasGetStatusName", <uintptr_t>&cublas.status_name),
            ("cublasGetStatusString", <uintptr_t>&cublas.status_text)), "matmul")
    return found


def found_library():
    """Whether cuBLAS is there."""
    return is_available()


cdef int check(int status, str op) except -1:
    if status == 0:
        return 0
    error = OutOfMemoryError if status == ALLOC_FAILED else CudaError
    raise error(f"{op}: {cublas.status_name(status).decode()} "
                f"({cublas.status_text(status).decode()})")


def set_float32_matmul_precision(precision):
    """Choose how exactly matrices of float32 and complex64 are multiplied on GPUs.

    Parameters
    ----------
    precision : {"highest", "high", "medium"}
        "highest", as it is without a call, multiplies all 24 bits of the numbers; "high" lets
        cuBLAS round them to TensorFloat-32 (11 bits), "medium" to bfloat16 (8 bits). Sums are of
        float32 in each case. Convolutions by cuDNN go by it, too, with TensorFloat-32 for both.

    Examples
    --------
    >>> import tensorlib as tl
    >>> if tl.cuda.is_available():
    ...     tl.cuda.set_float32_matmul_precision("high")
    ...     tl.cuda.set_float32_matmul_precision("highest")
    """
    global float32_compute
    if precision not in PRECISIONS:
        raise ValueError("set_float32_matmul_precision: expected 'highest', 'high' or 'medium', "
                         f"got {precision!r}")
    float32_compute = PRECISIONS[precision]


def get_float32_matmul_precision():
    """How exactly matrices of float32 are multiplied on GPUs.

    Returns
    -------
    str
        See `set_float32_matmul_precision`.
    """
    return next(name for name in PRECISIONS if PRECISIONS[name] == float32_compute)


cdef bint has_dtype(int dtype) noexcept:
    return dtype >= TL_FLOAT16


cdef int type_of(int dtype) noexcept:
    if dtype == TL_FLOAT8_E4M3FN:
        return R_8F_E4M3
    if dtype == TL_FLOAT8_E5M2:
        return R_8F_E5M2
    if dtype == TL_FLOAT16:
        return R_16F
    if dtype == TL_BFLOAT16:
        return R_16BF
    if dtype == TL_FLOAT32:
        return R_32F
    if dtype == TL_FLOAT64:
        return R_64F
    return C_32F if dtype == TL_COMPLEX64 else C_64F


cdef int64_t leading(int64_t rows, int64_t columns, int64_t row, int64_t column) noexcept:
    """The step between the rows of a matrix whose rows lie in one piece each; 0 where they do
    not. Steps are in elements."""
    if column != 1 and columns > 1:
        return 0
    if rows == 1:
        return columns
    return row if row >= columns else 0


cdef bint fits(int64_t rows, int64_t columns, int64_t row, int64_t column,
               int64_t itemsize) noexcept:
    if row % itemsize or column % itemsize:
        return False
    return leading(rows, columns, row // itemsize, column // itemsize) > 0 \
        or leading(columns, rows, column // itemsize, row // itemsize) > 0


cdef Laid laid(int64_t rows, int64_t columns, int64_t row, int64_t column) noexcept:
    cdef Laid result
    result.op, result.step = OP_N, leading(rows, columns, row, column)
    if result.step == 0:
        result.op, result.step = OP_T, leading(columns, rows, column, row)
    return result


cdef int compute_of(int dtype) noexcept:
    if dtype_is_narrow(dtype):
        return COMPUTE_32F
    return COMPUTE_64F if dtype == TL_FLOAT64 or dtype == TL_COMPLEX128 else float32_compute


cdef int multiply(const Matrices &p, const Walk &walk, Tensor a, Tensor b, Tensor result,
                  str op) except -1:
    cdef int64_t itemsize = dtype_itemsize(result.dtype_)
    cdef Laid laid_a = laid(p.rows, p.inner, p.a_row // itemsize, p.a_inner // itemsize)
    cdef Laid laid_b = laid(p.inner, p.columns, p.b_inner // itemsize, p.b_column // itemsize)
    cdef int device = index_of_tensor(result), type = type_of(result.dtype_), i, k
    cdef int longest = 0, status, compute = compute_of(result.dtype_)
    cdef double[2] one
    cdef double[2] zero
    cdef size_t capacity = 0
    cdef int64_t[64] place
    cdef int64_t[3] steps
    cdef int64_t count = 1
    cdef char *pointers[3]
    cdef char *workspace
    cdef void *handle
    cdef cydriver.CUstream stream
    zero[0] = zero[1] = one[0] = one[1] = 0
    if compute == COMPUTE_64F:
        one[0] = 1
    else:
        (<float *>&one)[0] = 1
    pointers[0], pointers[1], pointers[2] = a.data, b.data, result.data
    # One call is for the longest axis of the stack, and for each place of the others.
    steps[0] = steps[1] = steps[2] = 0
    for i in range(walk.ndim):
        place[i] = 0
        if walk.shape[i] > walk.shape[longest]:
            longest = i
    if walk.ndim:
        count = walk.shape[longest]
        for k in range(3):
            steps[k] = walk.strides[longest][k]
    enter(device, op)
    handle = library.handle_on(device, op)
    stream = stream_on(device)
    note_launch(op)
    # Another stream's order would not protect a workspace that stays: it is the call's.
    workspace = allocate(device, None, WORKSPACE, &capacity, op)
    try:
        check(cublas.set_math_mode(handle, DISALLOW_REDUCED_PRECISION_REDUCTION), op)
        check(cublas.set_workspace(handle, workspace, capacity), op)
        while True:
            status = cublas.gemm(
                handle, laid_b.op, laid_a.op, p.columns, p.rows, p.inner, &one, pointers[1], type,
                laid_b.step, steps[1] // itemsize, pointers[0], type, laid_a.step,
                steps[0] // itemsize, &zero, pointers[2], type, p.columns, steps[2], count,
                compute, GEMM_DEFAULT)
            check(status, op)
            if not next_place(walk, longest, place, pointers, itemsize):
                break
    finally:
        give_back(device, workspace)
    return wait_if_blocking(device, stream, op)


cdef bint next_place(const Walk &walk, int skipped, int64_t *place, char **pointers,
                     int64_t itemsize) noexcept:
    """Go on to the next place of all axes but one; False at the end."""
    cdef int axis = walk.ndim - 1, k
    cdef int64_t step
    while axis >= 0:
        if axis != skipped:
            place[axis] += 1
            step = 1 if place[axis] < walk.shape[axis] else 1 - walk.shape[axis]
            for k in range(3):
                pointers[k] += step * walk.strides[axis][k] * (itemsize if k == 2 else 1)
            if step == 1:
                return True
            place[axis] = 0
        axis -= 1
    return False
