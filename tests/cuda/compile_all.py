"""Compile all kernels that can be generated: ``python compile_all.py sm_75 sm_90 ...``.

Several kernels go into one translation unit, so that headers are read once for them. It needs
NVRTC and a driver, for modules of kernels ask for one; the stand-in will do.
"""

import os
import re
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

TOGETHER = 32
INCLUDE = re.compile(r"^#include .*\n", flags=re.M)
KERNEL = re.compile(r'(extern "C" __global__ void (?:__launch_bounds__\(\d+\) )?)(\w+)\(')


def joined(sources):
    """One source with all of them, and the names that their kernels have in it."""
    includes, parts, names = {}, [], []
    for number, source in enumerate(sources):
        includes |= dict.fromkeys(INCLUDE.findall(source))
        found = [f"{name}_{number}" for _, name in KERNEL.findall(source)]
        assert found, source
        body = KERNEL.sub(rf"\1\2_{number}(", INCLUDE.sub("", source))
        parts.append(f"namespace part_{number} {{\n{body}}}\n")
        names += found
    return "".join([*includes, *parts]), names


def compile_some(work):
    """Compile sources for an architecture: how many kernels they have."""
    from tensorlib.cuda import nvrtc

    arch, sources = work
    source, names = joined(sources)
    cubin = nvrtc.compile_source(source, arch)
    for name in names:
        assert f".text.{name}\0".encode() in cubin, name
    return len(names)


def main(archs):
    from tensorlib.cuda.sources import all_sources

    start = time.monotonic()
    sources = list(dict.fromkeys(all_sources()))
    families = {}  # by their headers, whose names may clash
    for source in sources:
        families.setdefault(tuple(INCLUDE.findall(source)), []).append(source)
    parts = [
        family[i : i + TOGETHER]
        for family in families.values()
        for i in range(0, len(family), TOGETHER)
    ]
    work = [(arch, part) for arch in archs for part in parts]
    workers = len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        compiled = sum(pool.map(compile_some, work))
    seconds = time.monotonic() - start
    print(
        f"{compiled} kernels, of {len(sources)} sources for {len(archs)} kinds, in {seconds:.0f} s"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
