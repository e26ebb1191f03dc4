"""Builds the stand-ins for cuBLAS and cuBLASLt, which run on the stand-in driver."""

import ctypes

import host_compiler
from host_compiler import FOLDER, _cached, _digest, _run, build_standin, compile_for_host, compiler

SOURCES = FOLDER / "cublas"
FUNCTORS = FOLDER.parents[2] / "tensorlib" / "_core" / "include"
LIBRARIES = {"libcublas.so.13": "cublas.cpp", "libcublasLt.so.13": "cublaslt.cpp"}


def build_cublas():
    """Build them.

    Returns
    -------
    Path
        Of the folder of ``libcublas.so.13`` and ``libcublasLt.so.13``, for ``LD_LIBRARY_PATH``.
    """
    image = compile_for_host((SOURCES / "gemm.cu").read_text(), [FUNCTORS])
    driver = build_standin()
    sources = [path.read_bytes() for path in sorted(SOURCES.iterdir())]
    key = _digest(image, *sources, str(driver), host_compiler.version_of(compiler()))

    def build(soname):
        def build_one(folder):
            (folder / "image").write_bytes(image)
            options = [*host_compiler.DRIVER_OPTIONS, f"-I{host_compiler.cuda_headers()}"]
            options += [f'-DGEMM_IMAGE="{folder / "image"}"', "-shared", f"-Wl,-soname,{soname}"]
            source = SOURCES / LIBRARIES[soname]
            _run([*compiler(), *options, source, driver, "-o", folder / "result"])

        return _cached(f"cublas-{key}/{soname}", build_one)

    return [build(soname) for soname in LIBRARIES][0].parent


def find_nothing(nothing):
    """Whether the heuristic of cuBLASLt is to find no way from now on."""
    ctypes.CDLL("libcublasLt.so.13").standin_find_nothing(int(nothing))
