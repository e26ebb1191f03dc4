"""Softmax and its logarithm along an axis, and their gradients."""

import functools
import math

import numpy as np

from tensorlib.cuda import folds
from tensorlib.cuda._backend import address, compact, new, place
from tensorlib.cuda.common import (
    FLOATING,
    THREADS,
    blocks_for,
    index_type,
    kernel,
    type_name,
    wide_dtype,
    wide_type,
)
from tensorlib.cuda.folds import VECTOR, WARP, Fold, make_plan, power_above, run_fold

REGISTERS = 32  # numbers of a row that a thread keeps


def softmax_any(logarithm, op, x, axis):
    """The softmax of x along an axis, or its logarithm."""
    outer, n, inner = lines_of(x, axis, op)
    out = new(x.shape, x.dtype, x, op)
    if out.size == 0:
        return out
    x = compact(x)
    width = width_of(n if inner == 1 else inner, x)
    form = row_form(n, width, REGISTERS) if inner == 1 else None
    device, held = place(x), type_name(x.dtype)
    if form is not None:
        group, each = form
        run = row_kernel("softmax", logarithm, held, width, each)
        run(op, device, blocks_for(outer, THREADS // group), THREADS, x, out, outer, n, group)
        return out
    tops, sums = (new((outer * inner,), wide_dtype(held), x, op) for _ in range(2))
    fold = powers(logarithm, held)
    plan = plan_of(fold, x, (outer, n, inner), address(x) % VECTOR)
    run_fold(op, fold, plan, x, (x, tops, sums))
    run = line_kernel("softmax", logarithm, held, width, index_type(x.size))
    run(op, device, blocks_for(x.size, THREADS * width), THREADS, x, out, tops, sums, x.size, n,
        inner)  # fmt: skip
    return out


def backward_any(logarithm, op, g, y, axis):
    """The gradient of `softmax_any`, whose result is y."""
    outer, n, inner = lines_of(y, axis, op)
    if g.shape != y.shape or g.dtype != y.dtype:
        raise ValueError(
            f"{op}: expected a gradient of shape {y.shape} of {y.dtype}, got {g.shape} of {g.dtype}"
        )
    out = new(y.shape, y.dtype, y, op)
    if out.size == 0:
        return out
    g, y = compact(g), compact(y)
    width = width_of(n if inner == 1 else inner, g, y)
    form = row_form(n, width, REGISTERS // 2) if inner == 1 else None
    device, held = place(y), type_name(y.dtype)
    if form is not None:
        group, each = form
        run = row_kernel("softmax_backward", logarithm, held, width, each)
        run(op, device, blocks_for(outer, THREADS // group), THREADS, g, y, out, outer, n, group)
        return out
    sums = new((outer * inner,), wide_dtype(held), y, op)
    fold = slopes(logarithm, held)
    misplaced = address(g) % VECTOR
    if misplaced != address(y) % VECTOR:
        misplaced = None
    plan = plan_of(fold, y, (outer, n, inner), misplaced)
    run_fold(op, fold, plan, y, (g, y, sums))
    run = line_kernel("softmax_backward", logarithm, held, width, index_type(y.size))
    run(op, device, blocks_for(y.size, THREADS * width), THREADS, g, y, out, sums, y.size, n,
        inner)  # fmt: skip
    return out


def lines_of(x, axis, op):
    """Check the operand, and describe the lines along the axis."""
    if type_name(x.dtype) not in FLOATING:
        raise TypeError(f"{op}: expected a floating dtype of at least 16 bits, got {x.dtype}")
    if not 0 <= axis < x.ndim:
        raise np.exceptions.AxisError(axis, x.ndim, op)
    return math.prod(x.shape[:axis]), x.shape[axis], math.prod(x.shape[axis + 1 :])


def width_of(length, *tensors):
    """How many neighbours a thread reads at once, where the last axis has this length."""
    width = VECTOR // tensors[0].dtype.itemsize
    if length % width or any(address(tensor) % VECTOR for tensor in tensors):
        return 1
    return width


def row_form(n, width, registers):
    """Threads for a row, and packs that each keeps; None where a row has too many."""
    packs = n // width
    if packs <= WARP:
        return power_above(packs), 1
    for group in (WARP, THREADS):
        each = power_above(-(-packs // group))
        if each * width <= registers:
            return group, each
    return None


def plan_of(fold, x, shape, misplaced):
    """A plan for folding lines."""
    outer, n, inner = shape
    itemsize = x.dtype.itemsize
    strides = (n * inner * itemsize, inner * itemsize, itemsize)
    return make_plan(shape, strides, (1,), itemsize, misplaced, fold.state_size)


@functools.cache
def powers(logarithm, held):
    """The fold of a line to its maximum and its sum."""
    given = wide_type(held)
    return Fold(
        "softmax_sums",
        "softmax.cuh",
        f"SumOfPowers<{as_bool(logarithm)}, {held}>",
        (f"const {held} *x", f"{given} *tops", f"{given} *sums"),
        16 if given == "double" else 8,
    )


@functools.cache
def slopes(logarithm, held):
    """The fold of a gradient."""
    given = wide_type(held)
    return Fold(
        "softmax_slopes",
        "softmax.cuh",
        f"SumOfSlopes<{as_bool(logarithm)}, {held}>",
        (f"const {held} *g", f"const {held} *y", f"{given} *sums"),
        8 if given == "double" else 4,
    )


def as_bool(value):
    return "true" if value else "false"


@functools.cache
def row_kernel(name, logarithm, held, width, each):
    """The kernel of rows that stay in registers."""
    inputs = INPUTS[name]
    parameters = [f"const {held} *{x}" for x in inputs] + [f"{held} *out"]
    return kernel(
        "softmax.cuh",
        f"rows_of_{name}",
        ", ".join([*parameters, "int64_t rows", "int64_t n", "int64_t group"]),
        f"{name}_rows<{as_bool(logarithm)}, {width}, {each}>"
        f"({', '.join(inputs)}, out, rows, n, int(group));",
    )


@functools.cache
def line_kernel(name, logarithm, held, width, index):
    """The kernel that comes after a fold."""
    given, inputs = wide_type(held), INPUTS[name]
    folded = ("tops", "sums") if name == "softmax" else ("sums",)
    parameters = [f"const {held} *{x}" for x in inputs] + [f"{held} *out"]
    parameters += [f"const {given} *{x}" for x in folded]
    return kernel(
        "softmax.cuh",
        f"lines_of_{name}",
        ", ".join([*parameters, "int64_t size", "int64_t n", "int64_t inner"]),
        f"{name}_lines<{as_bool(logarithm)}, {width}, {index}>"
        f"({', '.join([*inputs, 'out', *folded])}, size, n, inner);",
    )


INPUTS = {"softmax": ("x",), "softmax_backward": ("g", "y")}

softmax = functools.partial(softmax_any, False, "softmax")
log_softmax = functools.partial(softmax_any, True, "log_softmax")
softmax_backward = functools.partial(backward_any, False, "softmax_backward")
log_softmax_backward = functools.partial(backward_any, True, "log_softmax_backward")


def sources():
    """The sources for all dtypes: of rows as they are in vectors, of lines and of columns."""
    for held, itemsize in (("Half", 2), ("BFloat16", 2), ("float", 4), ("double", 8)):
        width = VECTOR // itemsize
        for logarithm in (False, True):
            for op, fold, most in (
                ("softmax", powers, REGISTERS),
                ("softmax_backward", slopes, REGISTERS // 2),
            ):
                for each in (1, most // width):
                    yield row_kernel(op, logarithm, held, width, each).source
                yield line_kernel(op, logarithm, held, width, "uint32_t").source
                yield from folds.sources(fold(logarithm, held), itemsize)
