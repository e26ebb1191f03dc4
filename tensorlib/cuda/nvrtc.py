"""Compiling kernels with NVRTC, once for each kind of device.

Compiled kernels are kept on disk. Their names there are made of all that decides them, so nothing
is ever stale.
"""

import contextlib
import functools
import hashlib
import os
import threading
from pathlib import Path

from tensorlib._version import __version__
from tensorlib.cuda.errors import CudaError

HEADERS = (
    Path(__file__).parent / "kernels",
    Path(__file__).parent.parent / "_core" / "include",
)
OPTIONS = (
    "-std=c++17",
    "-default-device",
    # Products and sums are rounded apart, as on the CPU; kernels that want fma() say so.
    "-fmad=false",
)

_lock = threading.Lock()


def compiled(source, major, minor, anew=False):
    """A kernel's machine code.

    Parameters
    ----------
    source : str
    major, minor : int
        Of the device's compute capability.
    anew : bool, optional
        Whether to compile even where the disk has it.

    Returns
    -------
    bytes
        A cubin.
    """
    cache = disk_cache()
    key = cache_key(source, f"sm_{major}{minor}")
    cubin = None
    if cache is not None and not anew:
        with contextlib.suppress(OSError):  # a file that is not ours to read
            cubin = cache.get(key)
    if cubin is None:
        cubin = compile_source(source, f"sm_{major}{minor}")
        if cache is not None:
            with contextlib.suppress(OSError):  # a full disk, or a folder of others
                cache[key] = cubin
    return cubin


def compile_source(source, arch):
    """Compile for an architecture, such as ``"sm_90"``; no device is needed.

    Raises
    ------
    CudaError
        With the compiler's text.
    """
    from cuda.bindings import nvrtc

    def check(result, *values):
        if result != nvrtc.nvrtcResult.NVRTC_SUCCESS:
            raise CudaError(f"nvrtc: {result.name}{log()}")
        return values[0] if values else None

    def log():
        if program is None:
            return ""
        text = bytes(nvrtc.nvrtcGetProgramLogSize(program)[1])
        nvrtc.nvrtcGetProgramLog(program, text)
        return "\n" + text.rstrip(b"\0").decode()

    options = [f"-arch={arch}", *OPTIONS, *(f"-I{folder}" for folder in HEADERS)]
    program = None
    with _lock:  # it compiles one after the other anyway
        program = check(*nvrtc.nvrtcCreateProgram(source.encode(), b"kernel.cu", 0, [], []))
        try:
            encoded = [option.encode() for option in options]
            check(*nvrtc.nvrtcCompileProgram(program, len(encoded), encoded))
            cubin = bytes(check(*nvrtc.nvrtcGetCUBINSize(program)))
            check(*nvrtc.nvrtcGetCUBIN(program, cubin))
        finally:
            nvrtc.nvrtcDestroyProgram(program)
    return cubin


def cache_key(source, arch):
    """The name of a compiled kernel: a digest of all that decides it."""
    parts = (__version__, nvrtc_version(), arch, *OPTIONS, headers_digest(), source)
    return hashlib.sha256("\0".join(parts).encode()).digest()


@functools.cache
def nvrtc_version():
    from cuda.bindings import nvrtc

    result, major, minor = nvrtc.nvrtcVersion()
    return f"{major}.{minor}"


@functools.cache
def headers_digest():
    digest = hashlib.sha256()
    for folder in HEADERS:
        for path in sorted(folder.glob("*.*h")):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def cache_folder():
    """Where compiled kernels are kept: ``TENSORLIB_CUDA_CACHE``, or a folder of the user's cache;
    None where that variable is empty, which keeps none."""
    folder = os.environ.get("TENSORLIB_CUDA_CACHE")
    if folder is None:
        root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        return Path(root) / "tensorlib" / "kernels"
    return Path(folder) if folder else None


@functools.cache
def disk_cache():
    """The kernels on disk, or None where there is no place for them."""
    from cuda.core.utils import FileStreamProgramCache

    folder = cache_folder()
    try:
        return None if folder is None else FileStreamProgramCache(folder)
    except OSError:  # a read-only home
        return None
