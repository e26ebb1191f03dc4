"""Prints what it costs to have tensorlib: `start.py REPEATS`; see group.Figures."""

import importlib.metadata
import json
import os
import subprocess
import sys
import zlib
from resource import RUSAGE_CHILDREN, getrusage

from packaging.requirements import Requirement


def milliseconds(library):
    """Processor time of a process that imports a library: other processes do not lengthen it."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}  # sources are compiled once
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-P", "-c", f"import {library}"], check=True, env=environment)
    after = getrusage(RUSAGE_CHILDREN)
    return 1e3 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def distributions(name):
    """A distribution and all that it needs, by name; nothing where it is not installed."""
    found, open_names = {}, [name]
    while open_names:
        name = open_names.pop()
        if name in found:
            continue
        try:
            found[name] = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            return {}
        for requirement in map(Requirement, found[name].requires or ()):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                open_names.append(requirement.name.lower().replace("_", "-"))
    return found


def paths(distribution):
    """Its files, without what Python makes of the sources."""
    located = (file.locate() for file in distribution.files or () if file.suffix != ".pyc")
    return [path for path in located if path.is_file()]


def installed(name):
    return sum(path.stat().st_size for x in distributions(name).values() for path in paths(x))


def wheel(name):
    """The bytes of the files in a wheel, which are packed one by one."""
    files = paths(importlib.metadata.distribution(name))
    return sum(len(zlib.compress(path.read_bytes())) for path in files)


def main(repeats):
    imports = []
    for library in ("numpy", "tensorlib"):
        milliseconds(library)
    for _ in range(repeats):
        imports.append(milliseconds("tensorlib") - milliseconds("numpy"))
    ours, theirs = installed("tensorlib"), installed("torch")
    print(
        json.dumps(
            {
                "import, ms more than numpy's": imports,
                "wheel, MB": [wheel("tensorlib") / 1e6] if ours else [],
                "installed with what it needs, MB": [ours / 1e6] if ours else [],
                "the same of torch, MB": [theirs / 1e6] if theirs else [],
                "installed with what it needs, over torch's": (
                    [ours / theirs] if ours and theirs else []
                ),
            }
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
