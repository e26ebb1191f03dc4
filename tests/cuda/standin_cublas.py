"""Builds the stand-in for cuBLAS, which runs on the stand-in driver."""

import host_compiler
from host_compiler import FOLDER, _cached, _digest, _run, build_standin, compile_for_host, compiler

SOURCES = FOLDER / "cublas"
FUNCTORS = FOLDER.parents[2] / "tensorlib" / "_core" / "include"


def build_cublas():
    """Build it.

    Returns
    -------
    Path
        Of the folder of ``libcublas.so.13`` and of ``libcublasLt.so.13``, which is empty, for
        ``LD_LIBRARY_PATH``.
    """
    image = compile_for_host((SOURCES / "gemm.cu").read_text(), [FUNCTORS])
    source = SOURCES / "cublas.cpp"
    driver = build_standin()
    key = _digest(image, source.read_bytes(), str(driver), host_compiler.version_of(compiler()))

    def build_blas(folder):
        (folder / "image").write_bytes(image)
        options = [*host_compiler.DRIVER_OPTIONS, f"-I{host_compiler.cuda_headers()}"]
        options += [f'-DGEMM_IMAGE="{folder / "image"}"', "-shared", "-Wl,-soname,libcublas.so.13"]
        _run([*compiler(), *options, source, driver, "-o", folder / "result"])

    def build_empty(folder):
        (folder / "empty.cpp").write_text("")
        options = ["-shared", "-fPIC", "-Wl,-soname,libcublasLt.so.13"]
        _run([*compiler(), *options, folder / "empty.cpp", "-o", folder / "result"])

    _cached(f"cublas-{key}/libcublasLt.so.13", build_empty)
    return _cached(f"cublas-{key}/libcublas.so.13", build_blas).parent
