"""The places of the largest and the smallest elements."""

import functools

import numpy as np

from tensorlib._core._dtypes import number_of
from tensorlib.cuda import folds
from tensorlib.cuda._backend import aligned_address, compact, new
from tensorlib.cuda.elementwise import ITEMSIZES, TYPES
from tensorlib.cuda.folds import VECTOR, Fold, make_plan, run_fold


def argreduce(op, x, axis, keepdims):
    """The index of the first best element, over all axes (None) or one."""
    if axis is not None and not 0 <= axis < x.ndim:
        raise np.exceptions.AxisError(axis, x.ndim, op)
    if (x.size if axis is None else x.shape[axis]) == 0:
        raise ValueError(f"{op}: attempt to get {op} of an empty sequence")
    along = range(x.ndim) if axis is None else (axis,)
    shape = tuple(
        1 if i in along else n for i, n in enumerate(x.shape) if keepdims or i not in along
    )
    out = new(shape, "int64", x, op)
    if out.size == 0:
        return out
    shape, strides, axes = x.shape, x.strides, (axis,)
    if axis is None:
        x = compact(x)
        shape, strides, axes = (x.size,), (x.dtype.itemsize,), (0,)
    fold = search(op, number_of(x.dtype))
    plan = make_plan(
        shape, strides, axes, x.dtype.itemsize, aligned_address(x, op) % VECTOR, fold.state_size
    )
    run_fold(op, fold, plan, x, (x, out))
    return out


@functools.cache
def search(op, dtype):
    """The fold that finds the best element of a dtype, given by its id."""
    held = TYPES[dtype]
    return Fold(
        op,
        "argreduce.cuh",
        f"PlaceOfBest<{'true' if op == 'argmax' else 'false'}, {held}>",
        (f"const {held} *x", "int64_t *y"),
        8 + max(8, ITEMSIZES[dtype]),
    )


argmax = functools.partial(argreduce, "argmax")
argmin = functools.partial(argreduce, "argmin")


def sources():
    """The sources for all dtypes."""
    for op in ("argmax", "argmin"):
        for dtype, itemsize in enumerate(ITEMSIZES):
            yield from folds.sources(search(op, dtype), itemsize)
