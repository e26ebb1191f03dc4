"""Measure tensorlib on a GPU, side by side with PyTorch and CuPy, and check what only a GPU shows.

    python asv_bench/gpu.py
    python asv_bench/gpu.py --group steps --group tests --quick

Each library has a process of its own, which is started anew where a case breaks or hangs it, and
the repeats go in turn through the libraries. Checks (tests, examples, tools) are a process each.
All is done within --limit seconds: what has no time left says so. The table comes last, and
everything is written to asv_bench/results/gpu, after each group. What is measured is in gpus/.
"""

import argparse
import datetime
import importlib.metadata
import importlib.util
import json
import math
import os
import platform
import re
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # also where PYTHONSAFEPATH is set

from gpus import checks
from gpus.case import ALL, VALUE
from gpus.checks import CHECKS, MARK
from gpus.groups import GROUPS
from gpus.report import judged, row_of, summary, table
from gpus.workers import Failed, Worker, lines_of, start

RESULTS = Path(__file__).resolve().parent / "results" / "gpu"
PACKAGES = ("numpy", "torch", "cupy-cuda13x", "cuda-bindings", "cuda-core", "nvidia-cuda-nvrtc",
            "nvidia-cublas", "nvidia-cudnn-cu13", "nvidia-cudnn-frontend",
            "nvmath-python")  # fmt: skip
ANSWER = 60  # seconds, for one request
GRACE = 5  # seconds, for a check to say that its time is over


def main(arguments=None):
    options = parse(arguments)
    if options.list:
        print_names()
        return 0
    trouble = absent()
    if trouble:
        print(f"gpu.py: nothing to measure: {trouble}", file=sys.stderr)
        return 1
    began = time.monotonic()
    deadline = began + options.limit
    path = options.json or RESULTS / f"{file_name()}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    chosen = {"quick": options.quick, "tiny": options.tiny, "limit": options.limit}
    report = {"machine": machine(), "options": chosen, "groups": {}}
    wanted = options.group or [*GROUPS, *CHECKS]
    size = "tiny" if options.tiny else "full"
    workers = {name: Worker(name, size) for name in ALL if importlib.util.find_spec(name)}
    try:
        report["groups"]["libraries"] = opened(workers)
        for name in wanted:
            print(f"{time.monotonic() - began:5.0f} s  {name}", flush=True)
            if name in GROUPS:
                rows = compare(name, workers, deadline, options.quick)
            else:
                rows = check(name, deadline, options)
            report["groups"][name] = rows
            report["seconds"] = round(time.monotonic() - began, 1)
            path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    finally:
        for worker in workers.values():
            worker.close()
    print(f"\nwritten to {path}\n")
    print(", ".join(f"{key} {value}" for key, value in report["machine"].items() if value))
    titles = {name: f"{name}: {found.title}" for name, found in (GROUPS | CHECKS).items()}
    print(table({titles.get(name, name): rows for name, rows in report["groups"].items()}))
    return 0


# ------------------------------------------------------------------------------------------
# groups
# ------------------------------------------------------------------------------------------


def compare(group_name, workers, deadline, quick):
    """The rows of a group of cases."""
    group = GROUPS[group_name]
    deadline = min(deadline, time.monotonic() + group.limit)
    rows, ours = [], {}
    for case in group.cases:
        figures, errors, means = {}, {}, {}
        ready = [library for library in case.libraries if library in workers]

        def ask(library, *request, errors=errors):
            left = min(ANSWER, deadline - time.monotonic())
            if left <= 0:
                errors[library] = "no time was left"
                return None
            try:
                return workers[library].ask(left, *request)
            except Failed as failed:
                errors[library] = str(failed)
                return None

        for library in ready:
            means[library] = ask(library, "prepare", group_name, case.name)
        rounds = 1 if quick or case.measure == VALUE else 3
        for k in range(rounds):
            able = [library for library in ready if library not in errors]
            for library in able[k % max(len(able), 1) :] + able[: k % max(len(able), 1)]:
                figures.setdefault(library, []).extend(
                    ask(library, "time", 3 if quick else 10) or []
                )
        for library in ready:
            if library not in errors:
                ask(library, "drop")
        errors |= disagreements(case, means)
        values = {library: summary(found) for library, found in figures.items() if found}
        ours |= {case.name: values["tensorlib"]} if "tensorlib" in values else {}
        aims = judged(case.aims, values, case.unit, ours)
        rows.append(row_of(case.name, case.unit, values, errors, aims))
    return rows


def disagreements(case, means):
    """An error for each library whose result is not that of PyTorch (or else of the first)."""
    found = {library: mean for library, mean in means.items() if mean is not None}
    if case.tolerance is None or len(found) < 2:
        return {}
    judge = "torch" if "torch" in found else next(iter(found))
    return {
        library: f"the mean magnitude of the result is {mean:.6g}, not {found[judge]:.6g}"
        for library, mean in found.items()
        if not math.isclose(mean, found[judge], rel_tol=case.tolerance, abs_tol=1e-9)
    }


# ------------------------------------------------------------------------------------------
# checks
# ------------------------------------------------------------------------------------------


def check(name, deadline, options):
    """The rows of a check."""
    limit = min(CHECKS[name].limit, deadline - time.monotonic())
    if limit < 2 * GRACE:
        return [row_of(name, errors={"": "no time was left"})]
    command = [checks.__file__, name, str(limit - GRACE)]
    command += ["--quick"] if options.quick else []
    command += ["--text", str(options.text.resolve())] if options.text else []
    process = start(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    rows, last = [], ""
    try:
        for text in lines_of(process, limit):
            if text.startswith(MARK):
                rows.append(json.loads(text.removeprefix(MARK)))
            elif text.strip():
                last = text.strip()
    except Failed as failed:
        rows.append(row_of(name, errors={"": f"{failed}: {last}"}))
    return rows


# ------------------------------------------------------------------------------------------
# what is there
# ------------------------------------------------------------------------------------------


def absent():
    """Why nothing can be measured, or an empty text."""
    if importlib.util.find_spec("tensorlib") is None:
        return "tensorlib is not installed (pip install ., or PYTHONPATH=. for a build in place)"
    import tensorlib as tl

    return tl.cuda.why()


def machine():
    import tensorlib as tl

    properties = tl.cuda.Device(0)
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "GPU": properties.name,
        "compute capability": "{}.{}".format(*properties.compute_capability),
        "memory, bytes": properties.total_memory,
        "driver": nvidia_smi("driver_version"),
        "system": f"{platform.system()} {platform.machine()}",
        "CPUs": len(os.sched_getaffinity(0)),
        "Python": platform.python_version(),
        "tensorlib": tl.__version__,
        "commit": output("git", "rev-parse", "HEAD"),
        **{name: version(name) for name in PACKAGES},
    }


def nvidia_smi(query):
    return output("nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader", "--id=0")


def output(*command):
    """What a program prints, or None where it cannot be run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30,
                              cwd=Path(__file__).parent)  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def opened(workers):
    """Start the libraries; the row of each. Those that do not start are taken out."""
    rows = [row_of(name, errors={"": "not installed"}) for name in ALL if name not in workers]
    for worker in workers.values():
        worker.open()  # all at once: to import one takes long
    for name, worker in list(workers.items()):
        try:
            rows.append(row_of(name, note=worker.ask(ANSWER, "version")))
        except Failed as failed:
            workers.pop(name).close()
            rows.append(row_of(name, errors={"": f"left out: {failed}"}))
    return rows


def file_name():
    import tensorlib as tl

    gpu = re.sub(r"\W+", "-", tl.cuda.get_device_name()).strip("-").lower()
    return f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d-%H%M}-{gpu}"


def print_names():
    for name, group in GROUPS.items():
        print(f"{name}: {group.title}")
        for case in group.cases:
            print(f"  {case.name} ({case.unit}; {', '.join(case.libraries)})")
    for name, found in CHECKS.items():
        print(f"{name}: {found.title}")


def parse(arguments):
    parser = argparse.ArgumentParser(prog="gpu.py", description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--group", action="append", choices=[*GROUPS, *CHECKS], metavar="NAME",
        help="may be given again; --list tells which there are (default: all)")  # fmt: skip
    add("--list", action="store_true", help="print the groups and their cases, and end")
    add("--quick", action="store_true", help="fewer repeats")
    add("--tiny", action="store_true", help="cases as small as can be: do they run?")
    add("--limit", type=float, default=520, metavar="S", help="seconds for all (default: 520)")
    add("--text", type=Path, metavar="F", help='"tiny Shakespeare", for the check of that name')
    add("--json", type=Path, metavar="F", help="where the figures go")
    options = parser.parse_args(arguments)
    if options.text and not options.text.is_file():
        parser.error(f"--text: {options.text}: there is no such file")
    return options


if __name__ == "__main__":
    sys.exit(main())
