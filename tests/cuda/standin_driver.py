"""Runs code in a process whose CUDA driver is the stand-in, and talks to the stand-in there."""

import ctypes
import functools
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

from host_compiler import build_standin, compile_for_host

TESTS = Path(__file__).resolve().parent
SONAMES = {
    "cublas": "libcublas.so.13",
    "cublasLt": "libcublasLt.so.13",
    "cudnn": "libcudnn.so.9",
    "cufft": "libcufft.so.12",
    "cusolver": "libcusolver.so.12",
}


def run_with_standin(code, *, timeout=300, check=True, **environment):
    """Run Python code with the stand-in as CUDA's driver.

    Parameters
    ----------
    code : str
        Indented as one likes. The modules beside this one can be imported, and ``tests``' too.
    timeout : float
        In seconds.
    check : bool
        Whether an exit status other than 0 is an AssertionError with what the process wrote.
    **environment : str
        Variables of the environment: the stand-in's (``STANDIN_MEMORY=...``, see ``standin.h``),
        and any other ones.

    Returns
    -------
    subprocess.CompletedProcess
        With ``stdout`` and ``stderr`` as text.
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=process_environment(**environment),
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    if check and done.returncode:
        raise AssertionError(f"exit status {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


def process_environment(**environment):
    """The variables of a process whose CUDA driver is the stand-in."""
    variables = os.environ | {key: str(value) for key, value in environment.items()}
    variables["PYTHONSAFEPATH"] = "1"  # what is installed, not the sources of this folder
    prepend(variables, "LD_LIBRARY_PATH", build_standin().parent)
    prepend(variables, "PYTHONPATH", TESTS, TESTS.parent)
    return variables


def prepend(variables, name, *paths):
    before = [variables[name]] if variables.get(name) else []
    variables[name] = os.pathsep.join([*map(str, paths), *before])


# Within such a process


def compile_on_host():
    """Let tensorlib compile its kernels for the stand-in, and not find NVIDIA's own libraries of
    mathematics, which want a GPU, where they are installed; only stand-ins for them."""
    from cuda import pathfinder

    from tensorlib.cuda import nvrtc

    find = pathfinder.load_nvidia_dynamic_lib

    def load(name):
        if name not in SONAMES:
            return find(name)
        # Loaded already, or on LD_LIBRARY_PATH.
        return SimpleNamespace(_handle_uint=ctypes.CDLL(SONAMES[name])._handle)

    nvrtc.compile_source = lambda source, arch: compile_for_host(source, nvrtc.HEADERS)
    pathfinder.load_nvidia_dynamic_lib = load


@functools.cache
def library():
    loaded = ctypes.CDLL("libcuda.so.1")
    loaded.standin_log.restype = ctypes.c_size_t
    loaded.standin_live_allocations.restype = ctypes.c_size_t
    loaded.standin_bytes_in_use.restype = ctypes.c_size_t
    return loaded


def log():
    """The calls of the driver since the last ``clear_log``, as lines of text, without those of
    cuCtxGetCurrent: that is asked before all else, and costs next to nothing."""
    size = library().standin_log(None, ctypes.c_size_t(0)) + 1
    buffer = ctypes.create_string_buffer(size)
    library().standin_log(buffer, ctypes.c_size_t(size))
    lines = buffer.value.decode().splitlines()
    return [line for line in lines if not line.startswith("cuCtxGetCurrent(")]


def called():
    """The names of the functions of the log, in order."""
    return [line.split("(")[0] for line in log() if not line.startswith(" ")]


def unordered():
    """Uses of memory in two streams that nothing orders; needs ``STANDIN_ORDER=1``."""
    return [line.strip() for line in log() if line.startswith("  not ordered: ")]


def clear_log():
    library().standin_clear_log()


def fail(function, nth, code):
    """Let the `nth` call of a function from now return an error code; 0 lets none."""
    library().standin_fail(function.encode(), nth, int(code))


def live_allocations():
    """How many allocations of device memory there are."""
    return library().standin_live_allocations()


def bytes_in_use():
    """How many bytes of device memory are allocated."""
    return library().standin_bytes_in_use()
