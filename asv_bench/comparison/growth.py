"""Prints how costs grow: `growth.py REPEATS`; see group.Figures.

Times are of the processor, which other processes do not lengthen.
"""

import json
import operator
import os
import sys
import timeit
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import process_time

import tensorlib as tl

OPS = {"y + w": operator.add, "y * w": operator.mul}  # the second one's operands are kept
NODES = range(3, 7)  # powers of ten
BYTES = range(3, 10)
ENOUGH = 10**9  # bytes to add in one timing


def resident():
    """The bytes that the process has in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def chain(op, length):
    """Of a chain of ops: nanoseconds an op forward and backward, bytes a node."""
    w = tl.ones(4, tl.float32)
    w.requires_grad = True
    y = op(w, w)
    before, start = resident(), process_time()
    for _ in range(length):
        y = op(y, w)
    recorded, after = process_time(), resident()
    y.sum().backward()
    walked = process_time()
    return (
        1e9 * (recorded - start) / length,
        1e9 * (walked - recorded) / length,
        (after - before) / length,
    )


def chains(name, length):
    """The medians of several chains, unless they are long; the first one's bytes."""
    found = [chain(OPS[name], length) for _ in range(max(1, 10**5 // length))]
    forward, backward, size = zip(*found, strict=True)
    return median(forward), median(backward), size[0]


def tape(name):
    """How the costs of a tape grow; a process for each length, for memory is not given back."""
    found = {}
    for power in NODES:
        with get_context("spawn").Pool(1) as pool:
            forward, backward, size = pool.apply(chains, (name, 10**power))
        found[f"{name}, 10^{power} nodes, ns an op"] = forward
        found[f"{name}, 10^{power} nodes, ns an op walked back"] = backward
    found[f"{name}, 10^6 nodes over 10^4"] = (
        found[f"{name}, 10^6 nodes, ns an op"] / found[f"{name}, 10^4 nodes, ns an op"]
    )
    found[f"{name}, bytes a node"] = size
    return found


def available():
    """The bytes of memory that are free."""
    text = Path("/proc/meminfo").read_text()
    return 1024 * int(text.partition("MemAvailable:")[2].split()[0])


def elementwise():
    """Nanoseconds a byte of an operand of an addition, by its size."""
    found = {}
    for power in BYTES:
        size = 10**power
        if available() < 4 * size:
            break
        a, b = tl.ones(size // 4, tl.float32), tl.ones(size // 4, tl.float32)
        timer = timeit.Timer(lambda a=a, b=b: a + b, timer=process_time)
        timer.timeit(1)
        loops = max(1, ENOUGH // size // 10)
        found[f"add, 10^{power} bytes, ns a byte"] = (
            1e9 * min(timer.repeat(3, loops)) / loops / size
        )
    costs = list(found.values())
    found["add, 10^9 bytes over 10^8"] = costs[-1] / costs[-2] if len(costs) == len(BYTES) else None
    return found


def bandwidth():
    """How long a byte of an addition takes, as a ratio to a byte of a copy: it has three to two."""
    a, b, out = (tl.ones(10**7, tl.float32) for _ in range(3))
    add = timeit.Timer(lambda: tl.add(a, b, out=out), timer=process_time)
    copy = timeit.Timer(lambda: tl.copyto(out, a), timer=process_time)
    times = [(add.timeit(1), copy.timeit(1)) for _ in range(20)]
    added, copied = map(min, zip(*times, strict=True))
    return (added / 3) / (copied / 2)


def main(repeats):
    figures = {}
    for _ in range(repeats):
        found = {**tape("y + w"), **tape("y * w"), **elementwise()}
        found["add of 10^7 elements, a byte over a copied one"] = bandwidth()
        for name, value in found.items():
            figures.setdefault(name, []).extend([] if value is None else [value])
    print(json.dumps(figures))


if __name__ == "__main__":
    main(int(sys.argv[1]))
