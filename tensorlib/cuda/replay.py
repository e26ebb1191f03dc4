"""Numbers that are written to the device's memory before each replay of a graph."""

import functools
from math import prod

import numpy as np

from tensorlib.cuda import _graph, _kernel, _memory
from tensorlib.cuda._backend import new, place
from tensorlib.cuda.common import THREADS, kernel

MOST_NUMBERS = 480  # of a launch, whose arguments are 4 KB at most: kMostNumbers


def capturing(x):
    """See `_core._capture.capturing`."""
    return _kernel.capturing(place(x))


def lasting(x, make):
    """See `_core._capture.lasting`."""
    return _memory.lasting(place(x), make)


def replayed(x, op, shape, function):
    """See `_core._capture.replayed`.

    The numbers go there as arguments of a kernel, so that nobody waits.
    """
    graph, device = _graph.captured_by_this_thread(place(x)), place(x)
    if graph is None:
        raise RuntimeError(
            f"{op}: expected a graph that is captured by tl.cuda.graph, whose replays ask for "
            "the numbers of each step"
        )
    target = lasting(x, lambda: new(shape, "float64", x, op))

    def write():
        values = np.zeros(-(-prod(shape) // MOST_NUMBERS) * MOST_NUMBERS)
        values[: prod(shape)] = np.ravel(function())
        for start in range(0, prod(shape), MOST_NUMBERS):
            count = min(prod(shape) - start, MOST_NUMBERS)
            some = values[start : start + MOST_NUMBERS].tobytes()
            writer()(op, device, 1, THREADS, some, count, start, target)

    _graph.before_replays(graph, write)
    return target


@functools.cache
def writer():
    """The kernel that writes numbers."""
    return kernel(
        "replay.cuh",
        "write_numbers",
        "replay::Numbers numbers, int64_t count, int64_t start, double *target",
        "replay::write(numbers, count, target + start);",
    )


def sources():
    """The sources of all kernels of this module."""
    yield writer().source
