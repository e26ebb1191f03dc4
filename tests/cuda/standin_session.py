"""Short forms of the driver's calls, for the tests of the stand-in itself.

Importing it makes the context of device 0 current.
"""

import ctypes
import textwrap

import host_compiler
import numpy as np
from cuda.bindings import driver

TYPES = {int: ctypes.c_int, float: ctypes.c_float, driver.CUdeviceptr: ctypes.c_void_p}


def call(name, *args):
    """The results of a call that has to succeed: none, one or a tuple."""
    error, *results = getattr(driver, name)(*args)
    assert error == driver.CUresult.CUDA_SUCCESS, (name, error)
    return results[0] if len(results) == 1 else tuple(results) or None


def error(name, *args):
    """The name of the error of a call, without its prefix."""
    return getattr(driver, name)(*args)[0].name.removeprefix("CUDA_").removeprefix("ERROR_")


def to_device(array, stream=0):
    address = call("cuMemAllocAsync", array.nbytes, stream)
    call("cuMemcpyHtoDAsync", address, array.ctypes.data, array.nbytes, stream)
    return address


def to_host(address, like, stream=0):
    array = np.empty_like(like)
    call("cuMemcpyDtoHAsync", array.ctypes.data, address, array.nbytes, stream)
    call("cuStreamSynchronize", stream)
    return array


def module(source, include_directories=()):
    image = host_compiler.compile_for_host(textwrap.dedent(source), include_directories)
    return call("cuModuleLoadData", image)


def kernels(source, *names, include_directories=()):
    loaded = module(source, include_directories)
    found = [call("cuModuleGetFunction", loaded, name.encode()) for name in names]
    return found[0] if len(found) == 1 else found


def launch(kernel, grid, block, *args, stream=0):
    """Launch a kernel: the error. Arguments are device pointers, ints and floats."""
    grid, block = [(*size, 1, 1)[:3] for size in (grid, block)]
    types = tuple(TYPES[type(arg)] for arg in args)
    values = tuple(int(arg) if isinstance(arg, driver.CUdeviceptr) else arg for arg in args)
    result = driver.cuLaunchKernel(kernel, *grid, *block, 0, stream, (values, types), 0)
    return result[0].name.removeprefix("CUDA_").removeprefix("ERROR_")


call("cuInit", 0)
context = call("cuDevicePrimaryCtxRetain", 0)
call("cuCtxSetCurrent", context)
