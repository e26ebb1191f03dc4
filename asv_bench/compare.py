"""Compare tensorlib with NumPy, PyTorch, numexpr and Numba, side by side.

    python asv_bench/compare.py --group small --group record

Each library has a process of its own, and all stay alive: the repeats go in turn through the
libraries, so a slow moment of the machine hits all of them. What is compared is data, in
comparison/groups.
"""

import argparse
import importlib.metadata
import importlib.util
import json
import math
import os
import platform
import sys
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # also where PYTHONSAFEPATH is set

from comparison.chart import draw
from comparison.figures import measure
from comparison.group import Figures
from comparison.groups import GROUPS
from comparison.report import GroupResult
from comparison.workers import CaseError, Worker, chosen, running

INSTALL = {
    "numba": "pip install numba",
    "numexpr": "pip install numexpr",
    "numpy": "pip install numpy",
    "tensorlib": "spin build, or make bench",
    "torch": "pip install torch",
}


def main(arguments=None):
    options = parse(arguments)
    groups = {name: GROUPS[name] for name in options.group or GROUPS}
    wanted = {name.split()[0] for group in groups.values() for name in group.libraries}
    missing = [name for name in INSTALL if name in wanted and not importlib.util.find_spec(name)]
    for name in missing:
        print(f"{name} is not installed and left out: {INSTALL[name]}")
    if "tensorlib" in missing:
        return 1

    versions = {library: version(library) for library in sorted(wanted.difference(missing))}
    print(", ".join(f"{library} {number}" for library, number in versions.items()))
    print(f"Python {platform.python_version()}, {cpu_name()}, {cpus()} CPUs")

    results = {}
    for name, group in groups.items():
        threads = options.threads or group.threads or cpus()
        repeats = options.repeats or group.repeats
        try:
            if isinstance(group, Figures):
                results[name] = measure(name, group, threads, repeats)
            else:
                results[name] = compare(name, group, threads, repeats, missing)
        except CaseError as error:
            print(f"compare.py: {name}: {error}", file=sys.stderr)
            return 1
        print("\n" + results[name].table(), flush=True)
    if options.chart:
        draw(results, options.chart)
    if options.json:
        machine = {"system": platform.platform(), "cpu": cpu_name(), "cpus": cpus()}
        report = {
            "machine": machine,
            "versions": {"python": platform.python_version(), **versions},
            "groups": {name: result.as_dict() for name, result in results.items()},
        }
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    # A missed target is a result; a case that does not run is a mistake.
    return 1 if any(result.errors for result in results.values()) else 0


def compare(name, group, threads, repeats, missing):
    """Time the cases of a group with all of its libraries that are installed."""
    libraries = [name for name in group.libraries if name.split()[0] not in missing]
    result = GroupResult(name, group, threads, repeats)
    with ExitStack() as stack:
        workers = {x: stack.enter_context(Worker(x, threads, group.setup)) for x in libraries}
        able = {  # the libraries that can run each case
            case: prepare(result, case, statement, workers)
            for case, statement in group.cases.items()
        }
        stop, wake = stack.enter_context(running(group.beside))
        for repeat in range(repeats):
            for case, ready in able.items():
                first = repeat % max(len(ready), 1)  # nobody is always the first
                for library in ready[first:] + ready[:first]:
                    if workers[library].alone:
                        stop()
                    result.add(case, library, workers[library].time(case))
                    if workers[library].alone:
                        wake()
    return result


def prepare(result, case, statement, workers):
    """Run a case once with each library; return those that can, with equal answers."""
    values = {}
    for library, worker in workers.items():
        own = chosen(statement, worker.library)
        if own is None:
            continue
        try:
            values[library] = worker.prepare(case, own)
        except CaseError as error:
            result.errors[case, library] = str(error)
    reference = next((value for value in values.values() if value is not None), None)
    for library, value in values.items():
        if value is not None and not math.isclose(value, reference, rel_tol=1e-3, abs_tol=1e-6):
            result.errors[case, library] = f"the mean of its result is {value}, not {reference}"
    return [library for library in values if (case, library) not in result.errors]


def version(library):
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return "(not installed as a package)"


def cpus():
    """The number of CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def cpu_name():
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def parse(arguments):
    parser = argparse.ArgumentParser(prog="compare.py", description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--group", action="append", choices=GROUPS, help="may be given again (default: all)")
    add("--repeats", type=positive, metavar="N", help="timings of each case (default: its group's)")
    add("--threads", type=positive, metavar="N", help="in each library (default: the group's)")
    add("--json", type=Path, metavar="FILE", help="write all timings to this file, too")
    add("--chart", type=Path, metavar="FILE", help="draw the ratios, too (PNG; needs matplotlib)")
    options = parser.parse_args(arguments)
    for path in filter(None, (options.json, options.chart)):
        if not path.resolve().parent.is_dir():
            parser.error(f"{path}: there is no such folder")
    if options.chart and not importlib.util.find_spec("matplotlib"):
        parser.error("--chart: pip install matplotlib")
    return options


def positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a positive number, got {value}")
    return value


if __name__ == "__main__":
    sys.exit(main())
