"""Sorting along an axis: a stable merge sort of our own.

``cuda.compute`` of cuda-cccl has a radix sort that could take its place for long rows, once both
were measured on a GPU.
"""

import functools

import numpy as np

from tensorlib._core import _views
from tensorlib.cuda._backend import compact, new, place, write
from tensorlib.cuda.common import THREADS, blocks_for, kernel, type_name
from tensorlib.cuda.elementwise import TYPES

TILE = 1024  # elements that a block sorts in shared memory, as sort.cuh has it
KINDS = (None, "quicksort", "heapsort", "mergesort", "stable")


def sort(x, axis, kind):
    """The elements in ascending order along an axis, NaN last."""
    return _along(x, axis, kind, "sort")


def argsort(x, axis, kind):
    """The indices that would sort along an axis; equal elements keep their order."""
    return _along(x, axis, kind, "argsort")


def searchsorted(places, a, v, right):
    """Write, to places in C order, where elements belong in a sorted one; all of one dtype."""
    search = searcher(type_name(a.dtype))
    arguments = (compact(a), a.size, compact(v), v.size, int(right), places)
    search("searchsorted", place(places), blocks_for(v.size), THREADS, *arguments)


@functools.cache
def searcher(kind):
    """The kernel that looks for elements of a C++ type."""
    return kernel(
        "sort.cuh",
        "tl_search",
        f"const {kind} *a, int64_t size, const {kind} *v, int64_t n, int64_t right, "
        "int64_t *places",
        "sorting::search(a, size, v, n, right, places);",
    )


def ordered_rows(rows, n, op):
    """Sort the rows of a tensor in C order.

    Parameters
    ----------
    rows : Tensor
    n : int
        The length of a row.
    op : str
        Where it is ``"sort"``, the places are not asked for.

    Returns
    -------
    sorted : Tensor
    places : Tensor or None
    """
    rows_count, tiles = rows.size // n if n else 0, -(-n // TILE)
    width = min(max(4, 1 << (max(n, 1) - 1).bit_length()), TILE)  # of a row's part in a tile

    def buffers():
        order = None if op == "sort" else new(rows.shape, "int64", rows, op)
        return new(rows.shape, rows.dtype, rows, op), order

    kind, device, found = type_name(rows.dtype), place(rows), buffers()
    blocks = -(-rows_count * -(-n // width) // (TILE // width))
    sort_tiles = sorter("sort_tiles", kind, op != "sort")
    sort_tiles(op, device, blocks, THREADS, rows, rows_count, n, width, *found)
    if tiles > 1:
        merge, spare = sorter("merge_runs", kind, op != "sort"), buffers()
    while width < n:
        merge(op, device, rows_count * tiles, THREADS, *found, rows_count, n, width, *spare)
        found, spare, width = spare, found, 2 * width
    return found


@functools.cache
def sorter(name, kind, ordered):
    """A kernel of a template of sort.cuh, over elements of a C++ type, with their places or not."""
    places, size = ("", "width") if name == "sort_tiles" else ("const int64_t *places, ", "run")
    passed = f"x, {'places, ' if places else ''}rows, n, {size}, sorted, order"
    return kernel(
        "sort.cuh",
        f"tl_{name}",
        f"const {kind} *x, {places}int64_t rows, int64_t n, int64_t {size}, {kind} *sorted, "
        "int64_t *order",
        f"sorting::{name}<{kind}, {str(ordered).lower()}>({passed});",
    )


def _along(x, axis, kind, op):
    if kind not in KINDS:
        raise ValueError(
            f"{op}: expected kind to be 'quicksort', 'heapsort', 'mergesort', 'stable' or None, "
            f"got {kind!r}"
        )
    if not 0 <= axis < x.ndim:
        raise np.exceptions.AxisError(axis, x.ndim, op)
    axes = tuple(i for i in range(x.ndim) if i != axis) + (axis,)
    sorted_rows, places = ordered_rows(compact(_views.transpose(x, axes)), x.shape[axis], op)
    found = sorted_rows if op == "sort" else places
    if axis == x.ndim - 1:
        return found
    result = new(x.shape, found.dtype, x, op)
    write(_views.transpose(result, axes), found)
    return result


def sources():
    """The sources of the kernels here, of each dtype."""
    for kind in TYPES:
        yield searcher(kind).source
        for name in ("sort_tiles", "merge_runs"):
            for ordered in (False, True):
                yield sorter(name, kind, ordered).source
