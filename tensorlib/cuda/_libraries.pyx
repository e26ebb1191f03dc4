"""NVIDIA's libraries, each found and loaded at its first use."""

import threading

from cuda.bindings cimport cydriver
from libc.stdint cimport uintptr_t

from tensorlib._core._dtypes cimport TL_UINT8
from tensorlib._core._tensor cimport Tensor, tensor_empty_on
from tensorlib.cuda._backend cimport number_of_index
from tensorlib.cuda._driver cimport enter, is_usable, note_launch
from tensorlib.cuda._kernel cimport wait_if_blocking
from tensorlib.cuda._stream cimport stream_on

from tensorlib.cuda.errors import CudaError, OutOfMemoryError

cdef extern from "dlfcn.h":
    void *dlsym(void *library, const char *name)


cdef class Library:
    """One of NVIDIA's libraries.

    Parameters
    ----------
    name : str
        As cuda-pathfinder calls it.
    title : str
        As NVIDIA does.
    create, set_stream : str, optional
        The functions that make a handle, where calls take one, and let it use a stream, where
        calls are not told it.
    """

    def __init__(self, str name not None, str title not None, str create=None,
                 str set_stream=None):
        self.name = name
        self.title = title
        self.handle_functions = (create, set_stream)
        self.own = threading.local()
        self.idle = {}

    cdef void *open(self, str op) except NULL:
        if self.opened == NULL:
            try:
                from cuda.pathfinder import load_nvidia_dynamic_lib
                found = load_nvidia_dynamic_lib(self.name)
            except Exception as error:  # it has errors of its own
                raise NotImplementedError(
                    f"{op}: needs {self.title} on a GPU, which is not installed: "
                    "pip install tensorlib[cuda13]") from error
            self.opened = <void *><uintptr_t>found._handle_uint
        return self.opened

    cdef void *function(self, str name, str op) except NULL:
        cdef bytes encoded = name.encode()
        cdef void *found = dlsym(self.open(op), encoded)
        if found == NULL:
            raise NotImplementedError(f"{op}: this {self.title} is too old, it has no {name}: "
                                      "pip install --upgrade tensorlib[cuda13]")
        return found

    cdef bint fill(self, tuple places, str op) except -1:
        """Find functions, each given as its name and where its address is to be written. Returns
        whether all are there."""
        try:
            for name, place in places:
                (<void **><uintptr_t>place)[0] = self.function(name, op)
        except NotImplementedError:
            return False
        return True

    cdef void *handle_on(self, int device, str op) except NULL:
        cdef dict handles = self.own.__dict__
        cdef Handle handle = handles.get(device)
        if handle is None:
            create, set_stream = self.handle_functions
            (<void **>&self.create)[0] = self.function(create, op)
            if set_stream is not None:
                (<void **>&self.set_stream)[0] = self.function(set_stream, op)
            handle = handles[device] = Handle(self, device, op)
        if self.set_stream != NULL:
            check_status(self, self.set_stream(handle.address, stream_on(device)), {}, op)
        return handle.address


CUBLAS = Library("cublas", "cuBLAS", "cublasCreate_v2", "cublasSetStream_v2")
CUBLAS_LT = Library("cublasLt", "cuBLASLt", "cublasLtCreate")
CUDNN = Library("cudnn", "cuDNN", "cudnnCreate", "cudnnSetStream")
CUFFT = Library("cufft", "cuFFT")
CUSOLVER = Library("cusolver", "cuSOLVER", "cusolverDnCreate", "cusolverDnSetStream")


cdef class Handle:
    """What a library keeps for a thread on a device. Those of threads that ended are used again,
    as to destroy one waits for the device."""
    cdef void *address
    cdef list kept

    def __init__(self, Library library, int device, str op):
        cdef cydriver.CUstreamCaptureMode mode = cydriver.CU_STREAM_CAPTURE_MODE_RELAXED
        cdef int status
        self.kept = library.idle.setdefault(device, [])
        if self.kept:
            self.address = <void *><uintptr_t>self.kept.pop()
            return
        # It allocates, which is not to disturb what this thread may be capturing.
        cydriver.cuThreadExchangeStreamCaptureMode(&mode)
        status = library.create(&self.address)
        cydriver.cuThreadExchangeStreamCaptureMode(&mode)
        check_status(library, status, {}, op)

    def __dealloc__(self):
        if self.address != NULL and self.kept is not None and is_usable():
            self.kept.append(<uintptr_t>self.address)


cdef class Calls:
    """A block in which Python calls a library, on a device's current stream.

    It is entered with the address of a handle of this thread and that of the stream. What the
    library loads and allocates does not disturb what this thread may be capturing.
    """
    cdef Library library
    cdef int device
    cdef str op
    cdef cydriver.CUstreamCaptureMode mode

    def __init__(self, Library library not None, int device, str op not None):
        self.library = library
        self.device = device
        self.op = op

    def __enter__(self):
        enter(self.device, self.op)
        cdef void *handle = self.library.handle_on(self.device, self.op)
        note_launch(self.op)
        self.mode = cydriver.CU_STREAM_CAPTURE_MODE_RELAXED
        cydriver.cuThreadExchangeStreamCaptureMode(&self.mode)
        return <uintptr_t>handle, <uintptr_t>stream_on(self.device)

    def __exit__(self, kind, *exception):
        cydriver.cuThreadExchangeStreamCaptureMode(&self.mode)
        if kind is None:
            wait_if_blocking(self.device, stream_on(self.device), self.op)


cdef int check_status(Library library, int status, dict names, str op) except -1:
    if status == 0:
        return 0
    text = names.get(status, f"status {status}")
    error = OutOfMemoryError if text == "allocation failed" else CudaError
    raised = error(f"{op}: {library.title}: {text}")
    raised.code = status
    raise raised


cdef Tensor workspace(int device, size_t nbytes, str op):
    cdef Py_ssize_t[1] shape
    shape[0] = max(nbytes, <size_t>1)
    return tensor_empty_on(number_of_index(device), 1, shape, TL_UINT8, op)
