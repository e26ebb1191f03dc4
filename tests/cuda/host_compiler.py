"""Compiles CUDA kernels, and the stand-in driver that runs them, with the compiler of the host."""

import functools
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from importlib import util
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "standin"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tensorlib-standin"

# Rounding is that of plain IEEE operations. Addresses that a GPU would refuse as not aligned, and
# indices beyond the ends of arrays in shared and local memory, are traps.
KERNEL_OPTIONS = shlex.split(
    "-std=c++17 -O1 -fPIC -fno-math-errno -ffp-contract=off -w -U_FORTIFY_SOURCE"
    " -fvisibility=hidden -fno-gnu-unique -fno-exceptions -fno-asynchronous-unwind-tables"
    " -fsanitize=alignment,bounds -fsanitize-undefined-trap-on-error"
)
DRIVER_OPTIONS = shlex.split("-std=c++17 -O2 -g1 -fPIC -Wall -Wno-missing-field-initializers")


def why_not():
    """What the stand-in driver needs and this machine lacks, or None."""
    if compiler() is None:
        return "needs a C++ compiler of GCC: install g++, or set CXX"
    if util.find_spec("cuda") is None or util.find_spec("cuda.bindings") is None:
        return "needs cuda-bindings: pip install cuda-bindings"
    if cuda_headers() is None:
        return "needs cuda.h: pip install nvidia-cuda-runtime, or set CUDA_HOME"
    return None


@functools.cache
def compiler():
    """The command of GCC's compiler for C++, as a list; None where there is none."""
    for command in [os.environ.get("CXX", "g++"), "g++", "c++"]:
        words = shlex.split(command)
        if shutil.which(words[0]) and b"Free Software Foundation" in version_of(words):
            return words
    return None


def version_of(command):
    return subprocess.run([*command, "--version"], capture_output=True).stdout


@functools.cache
def cuda_headers():
    """The folder of cuda.h: of the wheel nvidia-cuda-runtime, or of a toolkit."""
    wheels = util.find_spec("nvidia")
    folders = [Path(path) for path in wheels.submodule_search_locations] if wheels else []
    candidates = [include for folder in folders for include in folder.glob("*/include")]
    candidates += [Path(home) / "include" for home in [os.environ.get("CUDA_HOME")] if home]
    return next((folder for folder in candidates if (folder / "cuda.h").exists()), None)


def compile_for_host(source, include_directories=(), defines=()):
    """Compile a CUDA source to what ``cuModuleLoadData`` of the stand-in driver takes.

    Parameters
    ----------
    source : str
        Kernels are the functions declared ``extern "C" __global__ void NAME(``; attributes may
        stand between. A name must not be one of the C library (``index``).
    include_directories : sequence of path-like
        Where ``#include`` finds headers. If ``functors.h`` is there, it is compiled once for all
        sources.
    defines : sequence of str
        Macros, as ``"NAME"`` or ``"NAME=value"``.

    Returns
    -------
    bytes

    Raises
    ------
    RuntimeError
        Where the compiler refuses the source; with what it said.
    """
    folders = [str(Path(folder).resolve()) for folder in include_directories]
    options = [*KERNEL_OPTIONS, *[f"-I{folder}" for folder in folders], f"-I{FOLDER}"]
    options += [f"-D{define}" for define in defines]
    base = _digest(version_of(compiler()), *options, *_headers([FOLDER, *folders]))
    source += module_table(source, lambda: _preprocessed(source, options))

    def build(folder):
        prelude = _prelude(base, options, folders)
        path, target = folder / "kernel.cpp", folder / "result"
        path.write_text(source)
        _run([*compiler(), *options, "-shared", "-nostartfiles", "-include", prelude, path,
              "-o", target, "-lm"])  # fmt: skip

    return _cached(_digest(base, source) + ".so", build).read_bytes()


def module_table(source, preprocessed=str):
    """The text to be written behind a source: the table of its kernels.

    They are looked for in what `preprocessed` returns, where macros or headers declare them.
    """
    found = list(find_kernels(source))
    if not found or re.search(r"#\s*define.*(\\\n.*)*__global__", source):
        found = list(find_kernels(preprocessed()))
    kernels = []
    for name, attributes in found:
        bound = re.search(r"__launch_bounds__\s*\(((?:[^()]|\([^()]*\))*)\)", attributes)
        most_threads = bound[1].split(",")[0].strip() if bound else "1024"
        kernels.append(f"STANDIN_KERNEL({name}, {most_threads})")
    if not kernels:
        raise RuntimeError('no kernel: none is declared extern "C" __global__ void NAME(')
    return "\nSTANDIN_MODULE(" + ", ".join(kernels) + ")\n"


def find_kernels(source):
    """The names of the kernels of a source, each with what stands before it."""
    source = re.sub(r"//[^\n]*|/\*.*?\*/", " ", source, flags=re.DOTALL)
    declarations = re.finditer(r'extern\s+"C"\s+([^;{}]*?__global__[^;{}]*?)\{', source)
    for declaration in declarations:
        head = declaration[1]
        bounds = re.compile(r"__launch_bounds__\s*\((?:[^()]|\([^()]*\))*\)")
        name = re.search(r"(\w+)\s*\(", bounds.sub(" ", head))
        if name:
            yield name[1], head


def build_standin(directory=None):
    """Build the stand-in driver.

    Returns
    -------
    Path
        Of ``libcuda.so.1``, in `directory` if one is given. The folder that has it is for
        ``LD_LIBRARY_PATH``.
    """
    sources = sorted(FOLDER.glob("libcuda*.cpp"))
    options = [*DRIVER_OPTIONS, f"-I{cuda_headers()}"]
    content = [path.read_bytes() for path in [*sources, cuda_headers() / "cuda.h"]]
    key = _digest(version_of(compiler()), *options, *content, *_headers([FOLDER]))

    def build(folder):
        linked = ["-shared", "-Wl,-soname,libcuda.so.1", "-ldl", "-lpthread"]
        objects = [folder / f"{source.stem}.o" for source in sources]
        commands = [
            [*compiler(), *options, "-c", source, "-o", target]
            for source, target in zip(sources, objects, strict=True)
        ]
        _run_together(commands)
        _run([*compiler(), *objects, *linked, "-o", folder / "result"])

    library = _cached(f"driver-{key}/libcuda.so.1", build)
    if directory is None:
        return library
    target = Path(directory) / "libcuda.so.1"
    shutil.copyfile(library, target)
    return target


def _prelude(base, options, folders):
    """The header that is included first, precompiled."""
    headers = ["host_cuda.h"]
    if any((Path(folder) / "functors.h").exists() for folder in folders):
        headers.append("functors.h")
    text = "".join(f'#include "{header}"\n' for header in headers)
    name = f"prelude-{_digest(base, text)}"

    def build(folder):
        path = folder / "prelude.h"
        path.write_text(text)
        _run([*compiler(), *options, "-x", "c++-header", path, "-o", folder / "result"])

    return _cached(f"{name}/prelude.h.gch", build).with_name("prelude.h")


def _headers(folders):
    """The names and the content of all headers of some folders."""
    for folder in folders:
        for path in sorted(Path(folder).glob("*.*h")):
            yield path.name
            yield path.read_bytes()


def _preprocessed(source, options):
    command = [*compiler(), *options, "-E", "-P", "-x", "c++", "-"]
    return subprocess.run(command, input=source, capture_output=True, text=True).stdout


def _digest(*parts):
    digest = hashlib.sha256()
    for part in parts:
        part = part if isinstance(part, bytes) else str(part).encode()
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()[:32]


def _cached(name, build):
    """The path of a file of the cache; `build` makes it, as ``result`` in a folder, if need be.

    Several processes may build one file: each writes its own and moves it in place.
    """
    path = CACHE / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE, prefix="build-") as folder:
            build(Path(folder))
            os.replace(Path(folder) / "result", path)
    return path


def _run(command):
    _run_together([command])


def _run_together(commands):
    started = [
        subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, text=True)
        for command in commands
    ]
    messages = [process.communicate()[1] for process in started]
    for process, message in zip(started, messages, strict=True):
        if process.returncode:
            raise RuntimeError(f"the compiler refuses the source:\n{message}")
