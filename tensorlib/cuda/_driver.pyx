"""The driver: devices, their contexts, and what to say of errors of it and of kernels."""

import atexit
import functools

from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF, Py_XDECREF
from cuda.bindings cimport cydriver
from libc.stdint cimport int64_t, uint64_t, uintptr_t
from libc.string cimport memset

from tensorlib._core._tape cimport line_of, package, user_code

from tensorlib.cuda.errors import CudaError, OutOfMemoryError

cdef extern from *:
    """
    #include <pthread.h>
    static int tl_forked = 0;
    static void tl_note_fork(void) { tl_forked = 1; }
    static void tl_watch_forks(void) { pthread_atfork(nullptr, nullptr, tl_note_fork); }
    static thread_local int tl_device = 0;  // the current one
    """
    int tl_forked
    int tl_device
    void tl_watch_forks()

cdef extern from "reports.h" namespace "tl":
    cdef struct Report:
        uint64_t order
        int64_t axis, index, length
    cdef struct Reports:
        uint64_t taken

cdef extern from *:
    """
    // Whether something was found since the last call.
    static bool tl_look(tl::Reports *reports) {
      return __atomic_load_n(&reports->found, __ATOMIC_ACQUIRE) != 0 &&
             __atomic_exchange_n(&reports->found, 0, __ATOMIC_SEQ_CST) != 0;
    }
    // Whether there is a report. A thread of a kernel that has taken one writes it in no time;
    // if it does not, a later call looks again.
    static bool tl_is_written(tl::Reports *reports, tl::Report *report) {
      unsigned long long state = tl::kTaken;
      for (int i = 0; i < 10000000 && state == tl::kTaken; ++i) {
        state = __atomic_load_n(&report->state, __ATOMIC_ACQUIRE);
      }
      if (state == tl::kTaken) __atomic_store_n(&reports->found, 1, __ATOMIC_RELEASE);
      return state == tl::kWritten;
    }
    static void tl_free(tl::Report *report) {
      __atomic_store_n(&report->state, tl::kFree, __ATOMIC_RELEASE);
    }
    """
    bint tl_look(Reports *reports) noexcept
    bint tl_is_written(Reports *reports, Report *report) noexcept
    void tl_free(Report *report) noexcept

cdef enum:
    RECENT = 64
    MAX_REPORTS = 1024

cdef int count = 0
cdef str absent = None       # why there is no device; None before the driver was asked
cdef bint ended = False
cdef cydriver.CUdevice[MAX_DEVICES] handles
cdef cydriver.CUcontext[MAX_DEVICES] contexts
cdef int[MAX_DEVICES] processors
cdef PyObject *recent[RECENT]   # names of ops
cdef size_t launched = 0
cdef size_t synchronised = 0
cdef Reports *reports[MAX_DEVICES]    # of wrong indices; NULL before the first call on a device
cdef uint64_t[MAX_DEVICES] givers      # the devices from which one had copies, as bits
cdef list lines = []                   # by the number of a report: op, code of the user's, place
cdef dict numbers = {}                 # op, id of code, place -> number of a report


# ------------------------------------------------------------------------------------------
# errors
# ------------------------------------------------------------------------------------------

cdef int check(cydriver.CUresult result, str what) except -1:
    if result == cydriver.CUDA_SUCCESS:
        return 0
    raise error_of(result, what)


cdef object error_of(cydriver.CUresult result, str what):
    cdef bint of_memory = result == cydriver.CUDA_ERROR_OUT_OF_MEMORY
    error = (OutOfMemoryError if of_memory else CudaError)(
        f"{what}: {text_of(result)}{in_flight(result)}")
    error.code = <int>result
    return error


cdef str text_of(cydriver.CUresult result):
    cdef const char *name = NULL
    cdef const char *text = NULL
    if cydriver.cuGetErrorName(result, &name) != cydriver.CUDA_SUCCESS or name == NULL:
        return f"CUDA error {<int>result}"
    cydriver.cuGetErrorString(result, &text)
    return f"{name.decode()} ({text.decode() if text != NULL else ''})"


cdef str in_flight(cydriver.CUresult result):
    """Which launches an error of a kernel may be of: the driver tells of it at a later call."""
    cdef size_t first = max(synchronised, launched - min(launched, <size_t>RECENT)), i
    if result not in (
            cydriver.CUDA_ERROR_ILLEGAL_ADDRESS, cydriver.CUDA_ERROR_LAUNCH_FAILED,
            cydriver.CUDA_ERROR_LAUNCH_TIMEOUT, cydriver.CUDA_ERROR_ASSERT,
            cydriver.CUDA_ERROR_HARDWARE_STACK_ERROR, cydriver.CUDA_ERROR_ILLEGAL_INSTRUCTION,
            cydriver.CUDA_ERROR_MISALIGNED_ADDRESS, cydriver.CUDA_ERROR_INVALID_ADDRESS_SPACE,
            cydriver.CUDA_ERROR_INVALID_PC) or first == launched:
        return ""
    names = ", ".join([<object>recent[i % RECENT] for i in range(first, launched)])
    return f"; in flight: {names}; TENSORLIB_CUDA_BLOCKING=1 finds the one"


cdef void note_launch(str op) noexcept:
    global launched
    cdef PyObject *before = recent[launched % RECENT]
    Py_INCREF(op)
    recent[launched % RECENT] = <PyObject *>op
    Py_XDECREF(before)
    launched += 1


cdef void note_synchronised() noexcept:
    global synchronised
    synchronised = launched


# ------------------------------------------------------------------------------------------
# wrong indices, of which kernels report
# ------------------------------------------------------------------------------------------

def report_of(int device, str op not None):
    """Where kernels report wrong indices of a call: the addresses of `Reports`, and of the `Report`
    of an op at the place where the user's program is."""
    cdef int place = -1
    cdef object code = user_code(package, &place), number = numbers.get((op, id(code), place))
    if number is None:
        if len(lines) >= MAX_REPORTS - 64:  # what is left is for ops alone
            code, place = None, -1
        number = numbers.setdefault((op, id(code), place), len(lines))
        if number == len(lines):
            lines.append((op, code, place))
    if reports[device] == NULL:
        make_reports(device, op)
    return <uintptr_t>reports[device], <uintptr_t>report_at(device, number)


cdef inline Report *report_at(int device, int number) noexcept:
    return <Report *>&reports[device][1] + number


cdef int make_reports(int device, str op) except -1:
    """Memory of the host to which kernels write; a graph that is being captured does not hear of
    it."""
    cdef cydriver.CUstreamCaptureMode mode = cydriver.CU_STREAM_CAPTURE_MODE_RELAXED
    cdef size_t nbytes = sizeof(Reports) + MAX_REPORTS * sizeof(Report)
    cdef void *memory = NULL
    cdef cydriver.CUresult result
    enter(device, op)
    cydriver.cuThreadExchangeStreamCaptureMode(&mode)
    result = cydriver.cuMemHostAlloc(
        &memory, nbytes, cydriver.CU_MEMHOSTALLOC_PORTABLE | cydriver.CU_MEMHOSTALLOC_DEVICEMAP)
    cydriver.cuThreadExchangeStreamCaptureMode(&mode)
    check(result, op)
    memset(memory, 0, nbytes)
    reports[device] = <Reports *>memory
    return 0


cdef void note_copy(int device, int giver) noexcept:
    givers[device] |= givers[giver] | <uint64_t>1 << giver


cdef int raise_reported(int device) except -1:
    cdef list found = []
    cdef int i
    for i in range(count):
        if (i == device or givers[device] >> i & 1) and reports[i] != NULL and tl_look(reports[i]):
            found += taken_reports(i)
    if not found:
        return 0
    text, call = found[0]
    error = IndexError(text)
    error.add_note(f"The call: {call}. A GPU tells of it when it is waited for; "
                   "TENSORLIB_CUDA_BLOCKING=1 lets each call wait.")
    for text, call in found[1:]:
        error.add_note(f"Later: {text}. The call: {call}.")
    raise error


cdef list taken_reports(int device):
    """The text and the call of each report of a device, in their order; they are free again."""
    cdef list found = []
    cdef Report *report
    cdef Report copy
    cdef int number
    for number in range(len(lines)):
        report = report_at(device, number)
        if not tl_is_written(reports[device], report):
            continue
        copy = report[0]
        tl_free(report)  # before Python does anything, so that no other thread has it, too
        op, code, place = lines[number]
        line = "an unknown line" if code is None else f"{code.co_filename}:{line_of(code, place)}"
        found.append((copy.order, f"{op}: index {copy.index} is out of bounds for axis {copy.axis} "
                      f"with size {copy.length}", f"{line}, on cuda:{device}"))
    return [(text, call) for _, text, call in sorted(found)]


# ------------------------------------------------------------------------------------------
# devices
# ------------------------------------------------------------------------------------------

def missing():
    """What is missing for a device to be used, in one line; empty where nothing is."""
    global absent
    if absent is None:
        try:
            absent = open_driver()
        except Exception as error:  # cuda-bindings raises its own where there is no libcuda
            absent = "no NVIDIA driver: " + (str(error).partition("\n")[0] or type(error).__name__)
    return absent


cdef str open_driver():
    """Find the devices; returns what is missing."""
    global count
    cdef int version = 0, i, found = 0
    cdef cydriver.CUresult result = cydriver.cuInit(0)
    if result == cydriver.CUDA_ERROR_NO_DEVICE:
        return "the NVIDIA driver finds no GPU"
    if result != cydriver.CUDA_SUCCESS:
        return f"the NVIDIA driver does not start: {text_of(result)}"
    check(cydriver.cuDriverGetVersion(&version), "cuda")
    if version < 13000:
        return (f"a driver for CUDA 13 (580 or newer); this one is for CUDA {version // 1000}."
                f"{version % 1000 // 10}")
    check(cydriver.cuDeviceGetCount(&found), "cuda")
    if found == 0:
        return "the NVIDIA driver finds no GPU"
    for i in range(min(found, MAX_DEVICES)):
        check(cydriver.cuDeviceGet(&handles[i], i), "cuda")
        check(cydriver.cuDeviceGetAttribute(
            &processors[i], cydriver.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, handles[i]), "cuda")
    count = min(found, MAX_DEVICES)
    tl_watch_forks()
    atexit.register(end)
    return ""


def end():
    """At the interpreter's exit: the driver frees all itself, and may be gone already."""
    global ended
    ended = True


def device_count():
    """The number of devices."""
    return count


def check_index(index, str op):
    """An index of a device as an int, or an error that lists them."""
    from tensorlib._core.device import known
    from tensorlib._core.errors import DeviceError
    if not isinstance(index, int) or not 0 <= index < count:
        raise DeviceError(f"{op}: expected a device out of {known()}, got "
                          f"{f'cuda:{index}' if isinstance(index, int) else repr(index)}")
    return index


cdef int enter(int device, str what) except -1:
    if not tl_forked and contexts[device] != NULL and is_current(contexts[device]):
        return 0
    if tl_forked:
        raise RuntimeError(f"{what}: CUDA was used before this process was forked, and cannot be "
                           "used in it; start processes by 'spawn' or 'forkserver'")
    if contexts[device] == NULL:
        check(cydriver.cuDevicePrimaryCtxRetain(&contexts[device], handles[device]), what)
    return check(cydriver.cuCtxSetCurrent(contexts[device]), what)


cdef bint is_current(cydriver.CUcontext context) noexcept:
    """Whether a context is the thread's: another library may have taken it away."""
    cdef cydriver.CUcontext current = NULL
    cydriver.cuCtxGetCurrent(&current)
    return current == context


cdef bint is_usable() noexcept:
    return not tl_forked and not ended


cdef cydriver.CUdevice handle_of(int device) noexcept:
    return handles[device]


cdef cydriver.CUcontext context_of(int device) noexcept:
    return contexts[device]


cdef int current_device() noexcept:
    return tl_device


cdef int multiprocessors(int device) noexcept:
    return processors[device]


def current_index():
    """The index of this thread's current device."""
    return tl_device


def set_current(int device):
    """Make a device this thread's current one; its index was checked."""
    global tl_device
    enter(device, "set_device")
    tl_device = device


def attribute(int device, int name):
    """A number that the driver knows of a device."""
    cdef int value = 0
    check(cydriver.cuDeviceGetAttribute(&value, <cydriver.CUdevice_attribute>name,
                                        handles[device]), "device")
    return value


def name_of(int device):
    """The name of a device."""
    cdef char[256] name
    check(cydriver.cuDeviceGetName(name, 256, handles[device]), "device")
    return (<bytes>name).decode()


def total_memory(int device):
    """The bytes of memory that a device has."""
    cdef size_t nbytes = 0
    check(cydriver.cuDeviceTotalMem(&nbytes, handles[device]), "device")
    return nbytes


@functools.cache
def capability(int device):
    """The compute capability, as (major, minor)."""
    return (attribute(device, cydriver.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR),
            attribute(device, cydriver.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR))


def free_memory(int device):
    """The bytes that are free, by the driver's count."""
    cdef size_t free = 0, total = 0
    enter(device, "memory")
    check(cydriver.cuMemGetInfo(&free, &total), "memory")
    return free


def synchronize(int device):
    """Wait for all that was launched on a device; the errors that it tells of then."""
    cdef cydriver.CUresult result
    enter(device, "synchronize")
    with nogil:
        result = cydriver.cuCtxSynchronize()
    check(result, "synchronize")
    note_synchronised()
    raise_reported(device)
