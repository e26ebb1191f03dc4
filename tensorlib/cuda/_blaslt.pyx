"""cuBLASLt, where it is installed: products of matrices that cuBLAS does not have.

They are those to which a bias is added in the same launch, and those of 8-bit floats. As cuBLAS it
goes by columns, so it is given b and a for the result's transpose. A bias has an element for each
row of that: for each of our columns.
"""

from collections import OrderedDict

from cpython.bytes cimport PyBytes_FromStringAndSize
from cuda.bindings cimport cydriver
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t, uintptr_t

from tensorlib._core._dtypes cimport (
    TL_FLOAT8_E5M2,
    TL_FLOAT16,
    TL_FLOAT64,
    dtype_is_float8,
    dtype_itemsize,
)
from tensorlib._core._tensor cimport Tensor, copy_into, tensor_empty_on
from tensorlib.cuda._backend cimport index_of_tensor
from tensorlib.cuda._blas cimport COMPUTE_64F, OP_N, Laid, Matrices, compute_of, laid, type_of
from tensorlib.cuda._driver cimport enter, is_usable, note_launch
from tensorlib.cuda._kernel cimport wait_if_blocking
from tensorlib.cuda._libraries cimport Library, check_status, workspace
from tensorlib.cuda._stream cimport stream_on

from tensorlib.cuda import _driver
from tensorlib.cuda._libraries import CUBLAS_LT

# Of cublasLt.h and library_types.h.
cdef enum:
    DESC_TRANSA = 3
    DESC_TRANSB = 4
    DESC_EPILOGUE = 7
    DESC_BIAS_POINTER = 8
    EPILOGUE_DEFAULT = 1
    EPILOGUE_BIAS = 4
    PREF_MAX_WORKSPACE_BYTES = 1
    PREF_REDUCTION_SCHEME_MASK = 3
    PREF_MIN_ALIGNMENT_A_BYTES = 5
    PREF_MIN_ALIGNMENT_B_BYTES = 6
    PREF_MIN_ALIGNMENT_C_BYTES = 7
    PREF_MIN_ALIGNMENT_D_BYTES = 8
    REDUCTION_SCHEME_COMPUTE_TYPE = 2
    R_32F = 0
    R_64F = 1

cdef enum:
    KEPT = 1024          # plans
    ALIGNED = 256        # more makes no difference
    BIAS_ALIGNED = 16    # less, and it is copied

cdef struct Algorithm:
    uint64_t[8] data

cdef struct Heuristic:
    Algorithm algorithm
    size_t work
    int state
    float waves
    int[4] reserved

cdef struct Functions:
    int (*create_desc)(void **desc, int compute, int scale) noexcept nogil
    int (*set_desc)(void *desc, int attribute, const void *value, size_t nbytes) noexcept nogil
    int (*destroy_desc)(void *desc) noexcept nogil
    int (*create_layout)(void **layout, int type, uint64_t rows, uint64_t columns,
                         int64_t step) noexcept nogil
    int (*destroy_layout)(void *layout) noexcept nogil
    int (*create_preference)(void **preference) noexcept nogil
    int (*set_preference)(void *preference, int attribute, const void *value,
                          size_t nbytes) noexcept nogil
    int (*destroy_preference)(void *preference) noexcept nogil
    int (*heuristic)(void *handle, void *desc, void *a, void *b, void *c, void *d,
                     void *preference, int wanted, Heuristic *found, int *count) noexcept nogil
    int (*matmul)(void *handle, void *desc, const void *alpha, const void *a, void *a_layout,
                  const void *b, void *b_layout, const void *beta, const void *c, void *c_layout,
                  void *d, void *d_layout, const Algorithm *algorithm, void *work,
                  size_t nbytes, cydriver.CUstream stream) noexcept nogil

# What a plan depends on. All are of one size, so that the bytes of two are the same if they are.
cdef struct Key:
    int64_t device, compute, m, n, k
    int64_t a_type, a_op, a_step, a_aligned
    int64_t b_type, b_op, b_step, b_aligned
    int64_t d_type, d_aligned
    int64_t bias_aligned   # 0 without one

cdef Library library = CUBLAS_LT
cdef Functions lt
cdef object found = None            # whether it is there; None before it was looked for
cdef dict STATUS = {
    1: "not initialized", 3: "allocation failed", 7: "invalid value", 8: "architecture mismatch",
    11: "mapping error", 13: "execution failed", 14: "internal error", 15: "not supported",
}
cdef object plans = OrderedDict()   # the one used last at the end


cdef bint is_available() except -1:
    global found
    if found is None:
        found = library.fill((
            ("cublasLtMatmulDescCreate", <uintptr_t>&lt.create_desc),
            ("cublasLtMatmulDescSetAttribute", <uintptr_t>&lt.set_desc),
            ("cublasLtMatmulDescDestroy", <uintptr_t>&lt.destroy_desc),
            ("cublasLtMatrixLayoutCreate", <uintptr_t>&lt.create_layout),
            ("cublasLtMatrixLayoutDestroy", <uintptr_t>&lt.destroy_layout),
            ("cublasLtMatmulPreferenceCreate", <uintptr_t>&lt.create_preference),
            ("cublasLtMatmulPreferenceSetAttribute", <uintptr_t>&lt.set_preference),
            ("cublasLtMatmulPreferenceDestroy", <uintptr_t>&lt.destroy_preference),
            ("cublasLtMatmulAlgoGetHeuristic", <uintptr_t>&lt.heuristic),
            ("cublasLtMatmul", <uintptr_t>&lt.matmul)), "linear")
    return found


cdef bint has_dtype(int dtype) noexcept:
    return TL_FLOAT16 <= dtype <= TL_FLOAT64


cdef int64_t alignment_of(const void *address) noexcept:
    cdef int64_t aligned = ALIGNED
    while <uintptr_t>address % aligned:
        aligned //= 2
    return aligned


cdef class Plan:
    """How cuBLASLt multiplies matrices of one kind; all threads may use it, one after the
    other."""
    cdef void *desc
    cdef void *a
    cdef void *b
    cdef void *d
    cdef Heuristic chosen
    cdef bint exists       # whether there is a way

    def __init__(self, bytes key, str op):
        cdef const Key *p = <const Key *><const char *>key
        cdef int scale = R_64F if p.compute == COMPUTE_64F else R_32F
        check_status(library, lt.create_desc(&self.desc, p.compute, scale), STATUS, op)
        self.set_option(DESC_TRANSA, p.a_op, op)
        self.set_option(DESC_TRANSB, p.b_op, op)
        self.set_option(DESC_EPILOGUE, EPILOGUE_BIAS if p.bias_aligned else EPILOGUE_DEFAULT, op)
        self.a = self.layout(p.a_type, p.a_op, p.m, p.k, p.a_step, op)
        self.b = self.layout(p.b_type, p.b_op, p.k, p.n, p.b_step, op)
        self.d = self.layout(p.d_type, OP_N, p.m, p.n, p.m, op)

    cdef int set_option(self, int attribute, int32_t value, str op) except -1:
        return check_status(library, lt.set_desc(self.desc, attribute, &value, sizeof(value)),
                            STATUS, op)

    cdef void *layout(self, int type, int op, int64_t rows, int64_t columns, int64_t step,
                      str name) except NULL:
        """A matrix as it lies in memory, which is transposed if `op` says so."""
        cdef void *made = NULL
        if op != OP_N:
            rows, columns = columns, rows
        check_status(library, lt.create_layout(&made, type, rows, columns, step), STATUS, name)
        return made

    cdef int choose(self, void *handle, const Key &p, str op) except -1:
        """Ask which way is best. Where there is none, for whatever reason, the product is left to
        cuBLAS, which has its own errors."""
        cdef cydriver.CUstreamCaptureMode mode = cydriver.CU_STREAM_CAPTURE_MODE_RELAXED
        # What NVIDIA recommends.
        cdef uint64_t most = (32 << 20) if _driver.capability(p.device)[0] >= 9 else (8 << 20)
        # Sums that are added up in parts keep their digits, and have an order.
        cdef uint32_t scheme = REDUCTION_SCHEME_COMPUTE_TYPE
        cdef void *preference = NULL
        cdef int status, count = 0
        check_status(library, lt.create_preference(&preference), STATUS, op)
        try:
            prefer(preference, PREF_MAX_WORKSPACE_BYTES, &most, sizeof(most), op)
            prefer(preference, PREF_REDUCTION_SCHEME_MASK, &scheme, sizeof(scheme), op)
            prefer_aligned(preference, PREF_MIN_ALIGNMENT_A_BYTES, p.a_aligned, op)
            prefer_aligned(preference, PREF_MIN_ALIGNMENT_B_BYTES, p.b_aligned, op)
            prefer_aligned(preference, PREF_MIN_ALIGNMENT_C_BYTES, p.d_aligned, op)
            prefer_aligned(preference, PREF_MIN_ALIGNMENT_D_BYTES, p.d_aligned, op)
            # It may load kernels, which is not to disturb what this thread may be capturing.
            cydriver.cuThreadExchangeStreamCaptureMode(&mode)
            status = lt.heuristic(handle, self.desc, self.a, self.b, self.d, self.d, preference, 1,
                                  &self.chosen, &count)
            cydriver.cuThreadExchangeStreamCaptureMode(&mode)
        finally:
            lt.destroy_preference(preference)
        self.exists = status == 0 and count == 1 and self.chosen.state == 0
        return 0

    def __dealloc__(self):
        if not is_usable():
            return
        if self.desc != NULL:
            lt.destroy_desc(self.desc)
        for layout in (<uintptr_t>self.a, <uintptr_t>self.b, <uintptr_t>self.d):
            if layout:
                lt.destroy_layout(<void *><uintptr_t>layout)


cdef int prefer(void *preference, int attribute, const void *value, size_t nbytes,
                str op) except -1:
    return check_status(library, lt.set_preference(preference, attribute, value, nbytes), STATUS,
                        op)


cdef int prefer_aligned(void *preference, int attribute, uint32_t nbytes, str op) except -1:
    return prefer(preference, attribute, &nbytes, sizeof(nbytes), op)


cdef Plan plan_for(const Key &p, void *handle, const void *bias, str op):
    cdef bytes key = PyBytes_FromStringAndSize(<const char *>&p, sizeof(Key))
    cdef Plan plan = plans.pop(key, None)
    if plan is None:
        plan = Plan(key, op)
        if bias != NULL:
            set_bias(plan, bias, op)  # of which the alignment is asked
        plan.choose(handle, p, op)
        while len(plans) >= KEPT:
            plans.popitem(last=False)
    plans[key] = plan
    return plan


cdef int set_bias(Plan plan, const void *bias, str op) except -1:
    return check_status(library, lt.set_desc(plan.desc, DESC_BIAS_POINTER, &bias, sizeof(bias)),
                        STATUS, op)


cdef Tensor readable(Tensor bias, str op):
    """A vector that cuBLASLt can add: itself, or a copy."""
    cdef Tensor result
    if bias.shape_[0] == 1 or bias.strides_[0] == dtype_itemsize(bias.dtype_):
        if <uintptr_t>bias.data % BIAS_ALIGNED == 0:
            return bias
    result = tensor_empty_on(bias.storage.device, 1, bias.shape_, bias.dtype_, op)
    copy_into(result, bias)
    return result


cdef bint has_float8(int a, int b, int device) except -1:
    if not (dtype_is_float8(a) and dtype_is_float8(b)) or a == b == TL_FLOAT8_E5M2:
        return False
    return is_available() and _driver.capability(device) >= (8, 9)


cdef bint multiply(const Matrices &p, Tensor a, Tensor b, Tensor bias, Tensor result,
                   str op) except -1:
    cdef int64_t itemsize = dtype_itemsize(a.dtype_)
    cdef Laid laid_a = laid(p.rows, p.inner, p.a_row // itemsize, p.a_inner // itemsize)
    cdef Laid laid_b = laid(p.inner, p.columns, p.b_inner // itemsize, p.b_column // itemsize)
    cdef int device = index_of_tensor(result), status
    cdef cydriver.CUstream stream = stream_on(device)
    cdef double one = 1, zero = 0
    cdef float single = 1  # the scale of all but float64; 0 is the same in both
    cdef Key key
    cdef Plan plan
    cdef Tensor work
    cdef void *handle
    cdef void *added = NULL
    if bias is not None:
        bias = readable(bias, op)
        added = bias.data
    key.device, key.compute = device, compute_of(a.dtype_)
    key.m, key.n, key.k = p.columns, p.rows, p.inner
    key.a_type, key.a_op, key.a_step = type_of(b.dtype_), laid_b.op, laid_b.step
    key.b_type, key.b_op, key.b_step = type_of(a.dtype_), laid_a.op, laid_a.step
    key.a_aligned, key.b_aligned = alignment_of(b.data), alignment_of(a.data)
    key.d_type, key.d_aligned = type_of(result.dtype_), alignment_of(result.data)
    key.bias_aligned = alignment_of(added) if added != NULL else 0
    enter(device, op)
    handle = library.handle_on(device, op)
    plan = plan_for(key, handle, added, op)
    if not plan.exists:
        return False
    work = workspace(device, plan.chosen.work, op)
    note_launch(op)
    # From here to the product nothing lets another thread use the plan.
    if added != NULL:
        set_bias(plan, added, op)
    status = lt.matmul(
        handle, plan.desc, &one if key.compute == COMPUTE_64F else <void *>&single, b.data,
        plan.a, a.data, plan.b, &zero, result.data, plan.d, result.data, plan.d,
        &plan.chosen.algorithm, work.data, plan.chosen.work, stream)
    check_status(library, status, STATUS, op)
    wait_if_blocking(device, stream, op)
    return True


def kept_plans():
    """How many plans are kept."""
    return len(plans)
