"""What is found out once, in a process of its own: `python checks.py NAME LIMIT [OPTIONS]`.

Each line of its output that begins with `figure: ` is a row of the table, in JSON; the others say
how it went.
"""

import argparse
import importlib
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from gpus.report import row_of, summary
from gpus.workers import Failed, lines_of, start

ROOT = Path(__file__).resolve().parents[2]
SESSION = Path(__file__).with_name("session.py")
MARK = "figure: "


@dataclass(frozen=True)
class Check:
    title: str
    limit: float  # in seconds


CHECKS = {
    "driver": Check("the driver: modules, launches, memory", 30),
    "imports": Check("imports, each in a new process", 60),
    "exchange": Check("memory that other libraries share", 40),
    "tests": Check("the tests of tests/cuda/device", 150),
    "digits": Check("examples/digits.py", 60),
    "shakespeare": Check("examples/shakespeare.py", 60),
    "sanitizer": Check("compute-sanitizer on all cases, tiny", 60),
}


def report(name, unit="", figures=None, error=None, note=""):
    values = {"": summary(figures)} if figures else {}
    errors = {"": error} if error else {}
    print(MARK + json.dumps(row_of(name, unit, values, errors, note=note)), flush=True)


def timed(function, count):
    """Microseconds of each of `count` calls, as a list of one mean for each tenth of them."""
    found = []
    for _ in range(10):
        begin = time.perf_counter()
        for _ in range(max(count // 10, 1)):
            function()
        found.append(1e6 * (time.perf_counter() - begin) / max(count // 10, 1))
    return found


# ------------------------------------------------------------------------------------------
# driver
# ------------------------------------------------------------------------------------------

SOURCE = 'extern "C" __global__ void nothing_{k}(long long n) {{}}\n'


def driver(options):
    """What could not be known without a GPU: a kernel's way there, and which allocator is faster.

    Calls of the driver go through Python here, which takes about half a microsecond of each.
    """
    from cuda.bindings import driver as cu

    import tensorlib as tl
    from tensorlib.cuda import nvrtc
    from tensorlib.cuda._kernel import Kernel

    tl.zeros(4, device="cuda")
    capability = tl.cuda.get_device_capability()

    def checked(result, *values):
        if result != cu.CUresult.CUDA_SUCCESS:
            raise RuntimeError(result.name)
        return values[0] if values else None

    sources = [SOURCE.format(k=k) for k in range(options.count(20, 2))]
    compiling, loading, finding = [], [], []
    for k, source in enumerate(sources):
        begin = time.perf_counter()
        cubin = nvrtc.compile_source(source, "sm_{}{}".format(*capability))
        compiled = time.perf_counter()
        module = checked(*cu.cuModuleLoadData(cubin))
        loaded = time.perf_counter()
        checked(*cu.cuModuleGetFunction(module, f"nothing_{k}".encode()))
        compiling.append(1e3 * (compiled - begin))
        loading.append(1e3 * (loaded - compiled))
        finding.append(1e6 * (time.perf_counter() - loaded))
    report("compile an empty kernel", "ms", compiling)
    report("load a cubin", "ms", loading)
    report("find its function", "us", finding)

    kernel = Kernel(sources[0], "nothing_0")
    kernel("launch", 0, 1, 32, 1)
    tl.cuda.synchronize()
    calls = options.count(500, 10)
    report("launch it, the call", "us", timed(lambda: kernel("launch", 0, 1, 32, 1), calls))
    tl.cuda.synchronize()

    def launch_and_wait():
        kernel("launch", 0, 1, 32, 1)
        tl.cuda.synchronize()

    report("launch it and wait", "us", timed(launch_and_wait, calls))
    report("a call of the driver from Python", "us", timed(cu.cuCtxGetCurrent, calls))

    for size in (4096, 1 << 20, 1 << 26):

        def pool(size=size):
            checked(*cu.cuMemFreeAsync(checked(*cu.cuMemAllocAsync(size, 0)), 0))

        def ours(size=size):
            tl.empty((size,), dtype="uint8", device="cuda")

        for name, function in (("the driver's pool", pool), ("tensorlib", ours)):
            function()
            report(f"allocate and free {size:,}, {name}", "us", timed(function, calls))
            tl.cuda.synchronize()


# ------------------------------------------------------------------------------------------
# imports, exchange
# ------------------------------------------------------------------------------------------

FIRST_USE = "import tensorlib as tl; tl.zeros(4, device='cuda'); tl.cuda.synchronize()"
IMPORTS = {
    "tensorlib": "import tensorlib",
    "tensorlib, and a first tensor": FIRST_USE,
    "tensorlib, and a first kernel, from disk": FIRST_USE.replace("zeros(4,", "ones(4,"),
    "torch": "import torch",
    "torch, and a first tensor": "import torch; torch.zeros(4, device='cuda')",
    "cupy, and a first tensor": "import cupy; cupy.zeros(4)",
    "nvmath.bindings.cycublas": "import nvmath.bindings.cycublas",
}


def imports(options):
    for name, code in IMPORTS.items():
        package = code.split()[1].strip(";").split(".")[0]
        if importlib.util.find_spec(package) is None:
            report(name, error=f"{package} is not installed")
            continue
        seconds = []
        for _ in range(options.count(4, 2)):
            begin = time.perf_counter()
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
            seconds.append(time.perf_counter() - begin)
        if done.returncode:
            report(name, error=(done.stderr.strip().splitlines() or ["it failed"])[-1])
        else:
            report(name, "s", seconds[1:])  # the first one filled caches


def exchange(options):
    import tensorlib as tl

    def address(x):
        if hasattr(x, "data_ptr"):
            return x.data_ptr()
        return x.__cuda_array_interface__["data"][0]

    def check(name, make):
        try:
            there, back = make()
        except Exception as error:
            report(name, error=f"{type(error).__name__}: {error}")
            return
        same = address(there) == address(ours) == address(back)
        report(name, error=None if same else "copied", note="without a copy" if same else "")

    ours = tl.arange(12, dtype="float32", device="cuda").reshape(3, 4) + 1
    for name, via in (("torch", "from_dlpack"), ("torch", "as_tensor"), ("cupy", "from_dlpack"),
                      ("cupy", "asarray")):  # fmt: skip
        if importlib.util.find_spec(name) is None:
            report(f"{name}.{via}", error=f"{name} is not installed")
            continue

        def make(name=name, via=via):
            options = {"device": "cuda"} if via == "as_tensor" else {}
            there = getattr(importlib.import_module(name), via)(ours, **options)
            return there, tl.from_dlpack(there)

        check(f"{name}.{via}, and back", make)


# ------------------------------------------------------------------------------------------
# programs
# ------------------------------------------------------------------------------------------


def output_of(command, limit, keep=None):
    """The lines of a program, and what went wrong with it or None; `keep` is given each line."""
    lines, trouble = [], None
    process = start([*map(str, command)], cwd=ROOT, stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT)  # fmt: skip
    try:
        for text in lines_of(process, limit):
            lines.append(text)
            if keep:
                keep(text)
    except Failed as failed:
        trouble = str(failed)
    return lines, trouble


def tests(options):
    folder = ROOT / "tests" / "cuda" / "device"
    command = ["-m", "pytest", "-v", "-p", "no:cacheprovider", folder]
    if importlib.util.find_spec("xdist"):
        command += ["-n", "4"]
    lines, trouble = output_of(command, options.limit - 5)
    counts, failed = count_tests(lines)
    for outcome, count in counts.items():
        report(outcome.lower(), "tests", [count])
    for name in failed[:10]:
        report("failed", error=name)
    if trouble and not failed:
        report("pytest", error=f"{trouble}: {(lines or ['no output'])[-1]}")


def count_tests(lines):
    """How many tests had which outcome, by the lines of `pytest -v`; those that failed."""
    counts, failed = {}, []
    for text in lines:
        # "path::test PASSED [ 3%]"; with pytest-xdist "[gw0] [ 3%] PASSED path::test"
        found = re.match(r"(\S+::.*?) ([A-Z]{5,7})\b.*\[ *\d+%\]$", text) or re.match(
            r"\[gw\d+\] \[ *\d+%\] (?P<outcome>[A-Z]{5,7}) (?P<name>\S+::.*)", text
        )
        if found:
            groups = found.groupdict()
            name = (groups.get("name") or found[1]).strip()
            outcome = groups.get("outcome") or found[2]
            counts[outcome] = counts.get(outcome, 0) + 1
            if outcome in ("FAILED", "ERROR"):
                failed.append(name)
    return counts, failed


def digits(options):
    """The accuracy of the same training on both devices; each misreads some of 1,000 digits."""
    example("digits", "test accuracy", "%", r"test accuracy: ([\d.]+) %",
            ("--epochs", options.count(6, 1)), options)  # fmt: skip


def shakespeare(options):
    """The validation loss of the same training on both devices."""
    with tempfile.TemporaryDirectory() as folder:
        text = options.text
        if text is None:
            text = Path(folder) / "text.txt"
            text.write_text(own_text(), encoding="utf-8")
            print("no --text: what the documentation and the sources say")
        steps = 2000 if options.text else options.count(400, 20)
        example("shakespeare", "validation loss", "nats", r"validation loss: ([\d.]+)",
                ("--text", text, "--steps", steps), options)  # fmt: skip


def own_text():
    """A text that is there everywhere."""
    paths = sorted([*ROOT.glob("doc/source/**/*.rst"), *ROOT.glob("doc/source/**/*.md"),
                    *ROOT.glob("tensorlib/*.py")])  # fmt: skip
    return "\n".join(path.read_text(encoding="utf-8") for path in paths if "inc" not in path.name)


def example(name, what, unit, figure, arguments, options):
    with tempfile.TemporaryDirectory() as folder:
        for device in ("cuda", "cpu"):
            command = [ROOT / "examples" / f"{name}.py", *arguments, "--device", device]
            command += ["--output", Path(folder) / device]
            begin = time.monotonic()
            lines, trouble = output_of(command, options.left() - 3)
            seconds = time.monotonic() - begin
            found = [re.fullmatch(figure, text) for text in lines]
            found = [match for match in found if match]
            if found:
                report(f"{what} on {device}", unit, [float(found[-1][1])],
                       note=f"in {seconds:.0f} s")  # fmt: skip
            else:
                report(f"{what} on {device}", error=f"{trouble}: {(lines or [''])[-1]}")


def sanitizer(options):
    program = shutil.which("compute-sanitizer")
    if program is None:
        candidate = Path("/usr/local/cuda/bin/compute-sanitizer")
        program = str(candidate) if candidate.exists() else None
    if program is None:
        report("compute-sanitizer", error="the program is not there")
        return
    for tool in ("memcheck", "racecheck"):
        code = (
            "import subprocess, sys\n"
            f"sys.exit(subprocess.run([{program!r}, '--tool', {tool!r}, sys.executable, "
            f"{str(SESSION)!r}, 'tensorlib', 'tiny', '--all']).returncode)"
        )
        lines, trouble = output_of(["-c", code], options.left() - 3)
        text = "\n".join(lines)
        ran = re.search(r"(\d+) cases ran", text)
        note = f"{ran[1]} cases ran" if ran else f"{trouble or ''}: {(lines or [''])[-1]}"
        errors = re.search(r"(?:ERROR|RACECHECK) SUMMARY: (\d+) (?:errors?|hazards?)", text)
        if errors:
            report(tool, "faults", [int(errors[1])], note=note)
        else:
            report(tool, error=f"no summary; {note}")


class Options(argparse.Namespace):
    def count(self, usual, quick):
        return quick if self.quick else usual

    def left(self):
        return self.limit - (time.monotonic() - BEGAN)


BEGAN = time.monotonic()


def main():
    parser = argparse.ArgumentParser(prog="checks.py")
    parser.add_argument("name", choices=CHECKS)
    parser.add_argument("limit", type=float)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--text", type=Path)
    options = parser.parse_args(namespace=Options())
    globals()[options.name](options)


if __name__ == "__main__":
    main()
