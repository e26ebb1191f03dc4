"""cuFFT: plans, which are kept, and transforms along lines of memory."""

from collections import OrderedDict

from cuda.bindings cimport cydriver

from tensorlib._core._dtypes cimport (
    TL_COMPLEX64,
    TL_COMPLEX128,
    TL_FLOAT32,
    TL_FLOAT64,
)
from tensorlib._core._memory cimport storage_retain
from tensorlib._core._tensor cimport Tensor, tensor_wrap
from tensorlib.cuda._backend cimport index_of_tensor
from tensorlib.cuda._driver cimport enter, is_usable, note_launch
from tensorlib.cuda._kernel cimport wait_if_blocking
from tensorlib.cuda._libraries cimport Library, check_status, workspace
from tensorlib.cuda._stream cimport is_capturing, stream_on

from tensorlib.cuda._libraries import CUFFT

cdef enum:
    KEPT = 64      # plans
    FORWARD = -1
    BACKWARD = 1
    C2C = 0x29
    R2C = 0x2a
    C2R = 0x2c
    DOUBLE = 0x40  # to be added

cdef struct Functions:
    int (*create)(int *plan) noexcept nogil
    int (*set_auto_allocation)(int plan, int automatic) noexcept nogil
    int (*make)(int plan, int rank, long long *n, long long *inembed, long long istride,
                long long idist, long long *onembed, long long ostride, long long odist, int kind,
                long long batch, size_t *work) noexcept nogil
    int (*set_stream)(int plan, cydriver.CUstream stream) noexcept nogil
    int (*set_work_area)(int plan, void *work) noexcept nogil
    int (*c2c)(int plan, void *x, void *result, int direction) noexcept nogil
    int (*z2z)(int plan, void *x, void *result, int direction) noexcept nogil
    int (*r2c)(int plan, void *x, void *result) noexcept nogil
    int (*d2z)(int plan, void *x, void *result) noexcept nogil
    int (*c2r)(int plan, void *x, void *result) noexcept nogil
    int (*z2d)(int plan, void *x, void *result) noexcept nogil
    int (*destroy)(int plan) noexcept nogil

cdef Library library = CUFFT
cdef Functions cufft
cdef dict STATUS = {
    1: "invalid plan", 2: "allocation failed", 3: "invalid type", 4: "invalid value",
    5: "internal error", 6: "execution failed", 7: "setup failed", 8: "invalid size",
    11: "invalid device", 13: "no workspace", 14: "not implemented", 16: "not supported",
    17: "missing dependency",
}
cdef object plans = OrderedDict()   # the one used last at the end
cdef set captured = set()           # plans whose memory graphs read at each replay


cdef int load(str op) except -1:
    if cufft.destroy != NULL:
        return 0
    (<void **>&cufft.create)[0] = library.function("cufftCreate", op)
    (<void **>&cufft.set_auto_allocation)[0] = library.function("cufftSetAutoAllocation", op)
    (<void **>&cufft.make)[0] = library.function("cufftMakePlanMany64", op)
    (<void **>&cufft.set_stream)[0] = library.function("cufftSetStream", op)
    (<void **>&cufft.set_work_area)[0] = library.function("cufftSetWorkArea", op)
    (<void **>&cufft.c2c)[0] = library.function("cufftExecC2C", op)
    (<void **>&cufft.z2z)[0] = library.function("cufftExecZ2Z", op)
    (<void **>&cufft.r2c)[0] = library.function("cufftExecR2C", op)
    (<void **>&cufft.d2z)[0] = library.function("cufftExecD2Z", op)
    (<void **>&cufft.c2r)[0] = library.function("cufftExecC2R", op)
    (<void **>&cufft.z2d)[0] = library.function("cufftExecZ2D", op)
    (<void **>&cufft.destroy)[0] = library.function("cufftDestroy", op)
    return 0


cdef class Plan:
    """How cuFFT does the transforms of one shape and layout; all threads may use it, one after the
    other."""
    cdef int number
    cdef bint made
    cdef size_t work     # bytes that a transform needs

    def __init__(self, str op, int kind, long long n, tuple source, tuple target):
        cdef cydriver.CUstreamCaptureMode mode = cydriver.CU_STREAM_CAPTURE_MODE_RELAXED
        cdef long long istride = source[0], idist = source[1], batch = source[2]
        cdef long long ostride = target[0], odist = target[1]
        cdef int status
        check_status(library, cufft.create(&self.number), STATUS, op)
        self.made = True
        check_status(library, cufft.set_auto_allocation(self.number, 0), STATUS, op)
        # Making a plan loads kernels, which is not to disturb what this thread may be capturing.
        cydriver.cuThreadExchangeStreamCaptureMode(&mode)
        # The strides count only where the sizes of what surrounds the lines are given; of one
        # dimension they have no meaning.
        status = cufft.make(self.number, 1, &n, &n, istride, idist, &n, ostride, odist, kind,
                            batch, &self.work)
        cydriver.cuThreadExchangeStreamCaptureMode(&mode)
        check_status(library, status, STATUS, op)

    def __dealloc__(self):
        if self.made and is_usable():
            cufft.destroy(self.number)


cdef int keep_for_graph(Plan plan, cydriver.CUstream stream) except -1:
    if is_capturing(stream):
        captured.add(plan)
    return 0


cdef Plan plan_for(str op, int device, int kind, long long n, tuple source, tuple target):
    cdef tuple key = (device, kind, n, source, target)
    cdef Plan plan = plans.pop(key, None)
    if plan is None:
        plan = Plan(op, kind, n, source, target)
        while len(plans) >= KEPT:
            plans.popitem(last=False)
    plans[key] = plan
    return plan


def transform(str op not None, Tensor x not None, tuple source not None, Tensor result not None,
              tuple target not None, long long n):
    """Transform along lines, on the device's current stream.

    Parameters
    ----------
    op : {"fft", "ifft", "rfft", "irfft"}
    x, result : Tensor
        Of dtypes of one precision.
    source, target : (int, int, int)
        Elements from one to the next in a line, from line to line, and how many lines, of each.
    n : int
        Elements of a line, of the real ones where those of the two differ.
    """
    cdef int device = index_of_tensor(x), status
    cdef int direction = FORWARD if op == "fft" else BACKWARD
    cdef bint double = x.dtype_ == TL_FLOAT64 or x.dtype_ == TL_COMPLEX128
    cdef int kind = C2C if x.dtype_ == result.dtype_ else R2C if op == "rfft" else C2R
    cdef cydriver.CUstream stream = stream_on(device)
    cdef Plan plan
    cdef Tensor work
    enter(device, op)
    load(op)
    plan = plan_for(op, device, kind + DOUBLE if double else kind, n, source, target)
    keep_for_graph(plan, stream)
    work = workspace(device, plan.work, op)
    note_launch(op)
    # From here to the transform nothing lets another thread use the plan.
    check_status(library, cufft.set_stream(plan.number, stream), STATUS, op)
    check_status(library, cufft.set_work_area(plan.number, work.data), STATUS, op)
    if kind == C2C:
        status = (cufft.z2z if double else cufft.c2c)(plan.number, x.data, result.data, direction)
    elif kind == R2C:
        status = (cufft.d2z if double else cufft.r2c)(plan.number, x.data, result.data)
    else:
        status = (cufft.z2d if double else cufft.c2r)(plan.number, x.data, result.data)
    check_status(library, status, STATUS, op)
    wait_if_blocking(device, stream, op)


def as_real(Tensor x not None):
    """The numbers that those of a tensor in C order are made of, in one row: a view."""
    cdef bint is_complex = x.dtype_ == TL_COMPLEX64 or x.dtype_ == TL_COMPLEX128
    cdef bint double = x.dtype_ == TL_FLOAT64 or x.dtype_ == TL_COMPLEX128
    cdef Py_ssize_t[1] shape
    cdef Py_ssize_t[1] strides
    shape[0] = x.size_ * (2 if is_complex else 1)
    strides[0] = 8 if double else 4
    return tensor_wrap(storage_retain(x.storage), x.data, 1, shape, strides,
                       TL_FLOAT64 if double else TL_FLOAT32)


def kept_plans():
    """How many plans are kept, and how many of them, or more, for graphs."""
    return len(plans), len(captured)
