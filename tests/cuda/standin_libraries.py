"""Builds and loads the stand-ins for NVIDIA's libraries of mathematics.

They run on the stand-in driver; for linear algebra they call the LAPACK of SciPy.
"""

import ctypes

from host_compiler import (
    DRIVER_OPTIONS,
    FOLDER,
    _cached,
    _digest,
    _headers,
    _run,
    build_standin,
    compiler,
    cuda_headers,
    version_of,
)

SONAMES = {
    "cublas_linalg": "libcublas.so.13",  # `standin_cublas` has the products
    "cufft": "libcufft.so.12",
    "cusolver": "libcusolver.so.12",
}
# What cuda-pathfinder loads before those; empty here.
NEEDED = ("libcublasLt.so.13", "libcusparse.so.12", "libnvJitLink.so.13")
BLAS = [letter + "trsm" for letter in "sdcz"]
LAPACK = [
    letter + name
    for letter, names in {
        "d": "potrf getrf getri getrs geqrf orgqr syev gesvd geev",
        "z": "potrf getrf getri getrs geqrf ungqr heev gesvd geev",
    }.items()
    for name in names.split()
]


def build_library(name, soname=None):
    """Build a stand-in; returns its path."""
    soname, driver = soname or SONAMES[name], build_standin()
    sources = sorted((FOLDER / name).glob("*.cpp"))
    content = [*(path.read_bytes() for path in sources), *_headers([FOLDER, FOLDER / name])]
    options = [*DRIVER_OPTIONS, f"-I{cuda_headers()}"]
    key = _digest(version_of(compiler()), driver, *options, *content)

    def build(folder):
        linked = ["-shared", f"-Wl,-soname,{soname}", "-o", folder / "result"]
        _run([*compiler(), *options, *sources, driver, *linked])

    return _cached(f"{name}-{key}/{soname}", build)


def build_empty(soname):
    """Build a library that has nothing but a name; returns its path."""

    def build(folder):
        (folder / "empty.cpp").touch()
        linked = ["-shared", f"-Wl,-soname,{soname}", "-o", folder / "result"]
        _run([*compiler(), folder / "empty.cpp", *linked])

    return _cached(f"empty/{soname}", build)


def load_libraries():
    """Load all of them, so that cuda-pathfinder finds them loaded, whatever is installed."""
    from scipy.linalg import cython_blas, cython_lapack

    for soname in NEEDED:
        ctypes.CDLL(build_empty(soname))
    routines = {name: cython_blas for name in BLAS} | {name: cython_lapack for name in LAPACK}
    for name in SONAMES:
        library = ctypes.CDLL(build_library(name), mode=ctypes.RTLD_LOCAL)
        if hasattr(library, "standin_routine"):
            for routine, module in routines.items():
                library.standin_routine(routine.encode(), _address(module, routine))


def made(name):
    """How many handles a library has made."""
    return ctypes.CDLL(SONAMES[name], mode=ctypes.DEFAULT_MODE).standin_handles_made()


def _address(module, routine):
    """Where a routine of SciPy is."""
    api, capsule = ctypes.pythonapi, module.__pyx_capi__[routine]
    api.PyCapsule_GetName.restype = ctypes.c_char_p
    api.PyCapsule_GetPointer.restype = ctypes.c_void_p
    name = api.PyCapsule_GetName(ctypes.py_object(capsule))
    return ctypes.c_void_p(api.PyCapsule_GetPointer(ctypes.py_object(capsule), name))
