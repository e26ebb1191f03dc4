"""Tensors on NVIDIA GPUs.

Importing this module loads nothing of CUDA: that happens when a device is first named.
"""

import functools
import importlib

from tensorlib._core.device import reason

# What needs the driver, by the module that has it.
_LATE = {
    "CudaError": "errors",
    "OutOfMemoryError": "errors",
    "Device": "device",
    "current_device": "device",
    "get_device_capability": "device",
    "get_device_name": "device",
    "set_device": "device",
    "synchronize": "device",
    "Stream": "_stream",
    "current_stream": "_stream",
    "default_stream": "_stream",
    "Event": "_event",
    "get_float32_matmul_precision": "_blas",
    "set_float32_matmul_precision": "_blas",
    "CUDAGraph": "_graph",
    "graph": "_graph",
    "empty_cache": "memory",
    "max_memory_allocated": "memory",
    "memory_allocated": "memory",
    "memory_reserved": "memory",
    "memory_snapshot": "memory",
    "memory_stats": "memory",
    "memory_summary": "memory",
    "record_stream": "memory",
    "reset_peak_memory_stats": "memory",
    "set_per_process_memory_fraction": "memory",
    "compile_cache": "compile_cache",
    "cudnn": "cudnn",
    "nvtx": "nvtx",
}

__all__ = ["device_count", "is_available", "why", *_LATE]


def is_available():
    """Whether tensors can be on a GPU.

    Returns
    -------
    bool

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.cuda.is_available() == (tl.cuda.why() == "")
    True
    """
    return why() == ""


def device_count():
    """The number of GPUs; 0 where CUDA is not available.

    Returns
    -------
    int

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.cuda.device_count() > 0 or not tl.cuda.is_available()
    True
    """
    return 0 if why() else importlib.import_module("tensorlib.cuda._driver").device_count()


@functools.cache
def why():
    """What is missing for tensors to be on a GPU, in one line.

    Returns
    -------
    str
        Empty where nothing is missing.

    Examples
    --------
    >>> import tensorlib as tl
    >>> isinstance(tl.cuda.why(), str)
    True
    """
    try:
        importlib.import_module("cuda.bindings")
    except Exception as error:
        return f"the packages for CUDA: pip install tensorlib[cuda13] ({reason(error)})"
    try:
        driver = importlib.import_module("tensorlib.cuda._driver")
    except ModuleNotFoundError:
        return "tensorlib was built without CUDA: build it with -Dcuda=enabled"
    except Exception as error:
        return f"the modules for CUDA do not load: {reason(error)}"
    return driver.missing()


def __getattr__(name):
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = importlib.import_module(f"tensorlib.cuda.{_LATE[name]}")
    except ImportError as error:
        raise AttributeError(f"cuda.{name} is not there: {why()}") from error
    found = module if name == _LATE[name] else getattr(module, name)
    globals()[name] = found
    return found


def __dir__():
    return sorted(__all__)
