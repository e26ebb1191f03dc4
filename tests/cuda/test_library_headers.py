"""The stand-ins for NVIDIA's libraries have the functions and the types of NVIDIA's headers."""

import os
import subprocess
from importlib import util
from pathlib import Path

import host_compiler
import pytest
from host_compiler import DRIVER_OPTIONS, FOLDER, compiler, cuda_headers

NAMES = ("cublas_v2.h", "cusolverDn.h", "cufft.h")
SOURCES = [path for name in ("cublas_linalg", "cufft", "cusolver")
           for path in sorted((FOLDER / name).glob("*.cpp"))]  # fmt: skip

# Of the 16-bit floats' own headers, which want more of a toolkit, only the names are needed.
HALVES = "struct __half;\nstruct __nv_bfloat16;\n"
OPTIONS = ("-DSTANDIN_REAL_HEADERS", "-D__CUDA_FP16_H__", "-D__CUDA_BF16_H__", "-fsyntax-only")


def include_folders():
    """The folders that have the headers, or None where one is missing."""
    wheels = util.find_spec("nvidia")
    folders = [Path(path) for path in wheels.submodule_search_locations] if wheels else []
    candidates = [include for folder in folders for include in folder.glob("*/include")]
    candidates += [Path(home) / "include" for home in [os.environ.get("CUDA_HOME")] if home]
    found = [next((f for f in candidates if (f / name).exists()), None) for name in NAMES]
    return None if None in found else dict.fromkeys(found)


def compiled(source, tmp_path):
    folders = include_folders()
    if host_compiler.why_not():
        pytest.skip(host_compiler.why_not())
    if folders is None:
        pytest.skip(f"needs {', '.join(NAMES)}: pip install 'tensorlib[cuda13]', or set CUDA_HOME")
    (tmp_path / "halves.h").write_text(HALVES)
    includes = [f"-I{folder}" for folder in (*folders, cuda_headers())]
    options = [*DRIVER_OPTIONS, *OPTIONS, *includes, "-include", tmp_path / "halves.h"]
    return subprocess.run([*compiler(), *options, source], capture_output=True, text=True)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_functions_have_the_types_of_the_headers(source, tmp_path):
    done = compiled(source, tmp_path)
    assert done.returncode == 0, done.stderr[-5000:]


def test_another_type_is_an_error(tmp_path):
    text = (FOLDER / "cusolver" / "batched.cpp").read_text()
    text = text.replace('"cusolver.h"', f'"{FOLDER / "cusolver" / "cusolver.h"}"')
    source = tmp_path / "batched.cpp"
    source.write_text(text.replace("int* infos, int64_t count)", "int* infos, int count)"))
    done = compiled(source, tmp_path)
    assert "conflicting declaration" in done.stderr
