"""Kernels: compiled at their first launch on a kind of device, then kept."""

import os

from cpython.bytes cimport PyBytes_AS_STRING
from cuda.bindings cimport cydriver
from libc.stdint cimport int64_t

from tensorlib._core._tensor cimport Tensor
from tensorlib.cuda._driver cimport check, enter, note_launch, note_synchronised, raise_reported
from tensorlib.cuda._stream cimport is_capturing, stream_on

from tensorlib.cuda import _driver, nvrtc

cdef enum:
    MAX_ARGUMENTS = 32
    MAX_BLOCKS = 0x7fffffff

cdef bint blocking = os.environ.get("TENSORLIB_CUDA_BLOCKING", "0") not in ("", "0")


cdef cydriver.CUresult load_function(cydriver.CUfunction *function, bytes cubin,
                                     bytes name) except *:
    """Load machine code; a graph that is being captured does not hear of it."""
    cdef cydriver.CUstreamCaptureMode mode = cydriver.CU_STREAM_CAPTURE_MODE_RELAXED
    cdef cydriver.CUmodule module = NULL
    cdef cydriver.CUresult result
    cydriver.cuThreadExchangeStreamCaptureMode(&mode)
    result = cydriver.cuModuleLoadData(&module, PyBytes_AS_STRING(cubin))
    if result == cydriver.CUDA_SUCCESS:
        # Where modules are loaded lazily, most of the work is done here.
        result = cydriver.cuModuleGetFunction(function, module, PyBytes_AS_STRING(name))
    cydriver.cuThreadExchangeStreamCaptureMode(&mode)
    return result


cdef union Value:
    int64_t integer
    double number
    char *address


cdef class Kernel:
    """A function that runs on GPUs.

    Parameters
    ----------
    source : str
        CUDA C++, in which the function is ``extern "C"``.
    name : str
    """

    def __init__(self, str source not None, str name not None):
        self.source = source
        self.name = name

    cdef int load(self, int device, str op) except -1:
        cdef cydriver.CUresult result
        cdef bytes cubin, name = self.name.encode()
        major, minor = _driver.capability(device)
        cubin = nvrtc.compiled(self.source, major, minor)
        result = load_function(&self.functions[device], cubin, name)
        if result == cydriver.CUDA_ERROR_INVALID_IMAGE \
                or result == cydriver.CUDA_ERROR_NO_BINARY_FOR_GPU:
            # What the disk had was damaged.
            cubin = nvrtc.compiled(self.source, major, minor, anew=True)
            result = load_function(&self.functions[device], cubin, name)
        return check(result, op)

    cdef int launch(self, int device, size_t blocks, unsigned int threads, void **arguments,
                    str op) except -1:
        cdef cydriver.CUstream stream = stream_on(device)
        enter(device, op)
        if self.functions[device] == NULL:
            self.load(device, op)
        if blocks > MAX_BLOCKS:
            blocks = MAX_BLOCKS  # kernels go on with the rest
        note_launch(op)
        check(cydriver.cuLaunchKernel(self.functions[device], <unsigned int>blocks, 1, 1, threads,
                                      1, 1, 0, stream, arguments, NULL), op)
        return wait_if_blocking(device, stream, op)

    def __call__(self, str op not None, int device, size_t blocks, unsigned int threads,
                 *arguments):
        """Launch it on a device's current stream.

        Parameters
        ----------
        op : str
            For whom, in errors.
        device : int
            An index.
        blocks, threads : int
            How many blocks of how many threads.
        *arguments : Tensor, int, float or bytes
            For parameters that are pointers, ``int64_t``, ``double``, and structures.
        """
        cdef Value[MAX_ARGUMENTS] values
        cdef void *pointers[MAX_ARGUMENTS]
        cdef int i = 0
        if len(arguments) > MAX_ARGUMENTS:
            raise ValueError(f"{op}: a kernel with more than {MAX_ARGUMENTS} arguments")
        for argument in arguments:
            pointers[i] = &values[i]
            if isinstance(argument, Tensor):
                values[i].address = (<Tensor>argument).data
            elif isinstance(argument, float):
                values[i].number = argument
            elif isinstance(argument, bytes):
                pointers[i] = PyBytes_AS_STRING(argument)
            elif argument is None:
                values[i].address = NULL
            else:
                values[i].integer = argument
            i += 1
        if blocks > 0:
            self.launch(device, blocks, threads, pointers, op)


cdef int wait_if_blocking(int device, cydriver.CUstream stream, str op) except -1:
    cdef cydriver.CUresult result
    if blocking and not is_capturing(stream):
        with nogil:
            result = cydriver.cuStreamSynchronize(stream)
        check(result, op)
        note_synchronised()
        raise_reported(device)
    return 0


def capturing(int device):
    """Whether a graph is being captured on a device's current stream, so that nothing can be read
    back."""
    return is_capturing(stream_on(device))
