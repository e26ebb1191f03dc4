"""Sparse matrices along axes: what averages over windows and interpolation are made of."""

import functools

import numpy as np

from tensorlib._core._dispatch import apply, ops
from tensorlib._core._resample import SparseRows

REMEMBERED = 1 << 20  # rows times columns: larger matrices cost memory, and their use takes longer


def remembered(build):
    """`build`, of a matrix with `length` columns: small ones are made once."""
    cached = functools.lru_cache(maxsize=64)(build)

    @functools.wraps(build)
    def matrix(length, rows, *options):
        small = length * rows <= REMEMBERED
        return (cached if small else build)(length, rows, *options)

    return matrix


def resample(x, matrices):
    """Multiply the lines along each of the last axes by a matrix of its own."""
    first = x.ndim - len(matrices)

    def cost(axis):
        # Axes that shrink come first, the outer of them before the inner: lines along an outer
        # axis are taken side by side. Axes that grow come last, for the same reason inner first.
        ratio = matrices[axis].rows / max(matrices[axis].columns, 1)
        return ratio, axis if ratio < 1 else -axis

    for axis in sorted(range(len(matrices)), key=cost):
        x = apply(ops.resample, (x,), (first + axis, matrices[axis]))
    return x


def runs(length, starts, stops, weights):
    """The matrix whose row r has `weights[r]` in the columns from `starts[r]` to `stops[r]`."""
    counts = stops - starts
    offsets = np.concatenate(([0], np.cumsum(counts)))
    places = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], counts)
    return SparseRows(offsets, places, np.repeat(weights, counts), length)


@remembered
def window_averages(length, rows, kernel_size, stride, padding, divisor):
    """Averages over windows. The sums are divided by `divisor`: "padded", the number of elements
    with padding; "inside", without; or a number."""
    starts = np.arange(rows) * stride - padding
    stops = starts + kernel_size
    padded = np.minimum(stops, length + padding) - starts
    starts, stops = np.maximum(starts, 0), np.minimum(stops, length)
    divisors = {"padded": padded, "inside": stops - starts}.get(divisor, divisor)
    return runs(length, starts, stops, np.broadcast_to(1 / divisors, rows))


def adaptive_bounds(length, rows):
    """Starts and stops of as many windows, of nearly one size, that cover an axis."""
    steps = np.arange(rows + 1)
    return steps[:-1] * length // rows, -(-steps[1:] * length // rows)


@remembered
def adaptive_averages(length, rows):
    """Averages over the windows of `adaptive_bounds`."""
    starts, stops = adaptive_bounds(length, rows)
    return runs(length, starts, stops, 1 / (stops - starts))
