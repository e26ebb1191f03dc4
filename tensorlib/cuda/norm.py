"""Normalization by mean and variance, and its gradients; ``kernels/norm.cuh`` has the layout."""

import functools
import math

from tensorlib.cuda import folds
from tensorlib.cuda._backend import address, compact, new, place
from tensorlib.cuda.common import (
    FLOATING,
    THREADS,
    blocks_for,
    index_type,
    kernel,
    packed,
    type_name,
    wide_dtype,
    wide_type,
)
from tensorlib.cuda.folds import VECTOR, WARP, Fold, make_plan, power_above, run_fold

STATISTICS = (0, 3, 4)  # the axes that they are taken over
WEIGHTS = (0, 1, 4)  # and the sums for the weights
LONG = 1 << 15  # rows of which one block does not take alone
MANY_ROWS = 256  # unless there are as many


def normalize(x, weight, bias, eps, centred):
    """``(x - mean) / sqrt(variance + eps) * weight + bias``, the means and the variances."""
    op = "normalize"
    check_images(x, op)
    x = compact(x)
    weight = check_weight(weight, "weight", x, op)
    bias = check_weight(bias, "bias", x, op)
    out = new(x.shape, x.dtype, x, op)
    device, held = place(x), type_name(x.dtype)
    statistics = (1, *x.shape[1:3], 1, 1)
    mean, variance = (new(statistics, wide_dtype(held), x, op) for _ in range(2))
    width, images = described(x, centred, x, out)
    index = index_type(x.size)
    if in_rows(x):
        run = row_kernel("normalize_rows", held, width, index)
        run(op, device, *row_launch(x, width), images, x, weight, bias, mean, variance, out,
            float(eps), row_group(x, width))  # fmt: skip
        return out, mean, variance
    if mean.size:
        fold = moments(held)
        run_fold(op, fold, plan_of(fold, x, STATISTICS, address(x) % VECTOR), x,
                 (x, mean, variance, int(centred)))  # fmt: skip
    run = all_kernel("normalize_all", held, width, index)
    run(op, device, blocks_for(x.size, THREADS * width), THREADS, images, x, weight, bias, mean,
        variance, out, float(eps))  # fmt: skip
    return out, mean, variance


def normalize_input(g, x, weight, mean, variance, eps, centred):
    """The gradient of normalize with respect to its images, of which the statistics are."""
    op = "normalize_input"
    check_images(x, op)
    x = compact(x)
    g = check_operand(g, "a gradient", x, x.shape, x.dtype, op)
    weight = check_weight(weight, "weight", x, op)
    mean = check_statistics(mean, "means", x, op)
    variance = check_statistics(variance, "variances", x, op)
    out = new(x.shape, x.dtype, x, op)
    if out.size == 0:
        return out
    device, held = place(x), type_name(x.dtype)
    width, images = described(x, centred, x, g, out)
    index = index_type(x.size)
    if in_rows(x):
        run = row_kernel("input_gradient_rows", held, width, index)
        run(op, device, *row_launch(x, width), g, x, weight, mean, variance, None, None, images,
            float(eps), out, row_group(x, width))  # fmt: skip
        return out
    shift, slope = (new(mean.shape, mean.dtype, x, op) for _ in range(2))
    arguments = (g, x, weight, mean, variance, shift, slope, images, float(eps))
    fold = input_slopes(held, index)
    run_fold(op, fold, plan_of(fold, x, STATISTICS, 0 if width > 1 else None), x, arguments)
    run = all_kernel("input_gradient_all", held, width, index)
    run(op, device, blocks_for(x.size, THREADS * width), THREADS, *arguments, out)
    return out


def normalize_weight(g, x, mean, variance, eps, centred):
    """The gradient of normalize with respect to its weight."""
    op = "normalize_weight"
    check_images(x, op)
    x = compact(x)
    g = check_operand(g, "a gradient", x, x.shape, x.dtype, op)
    mean = check_statistics(mean, "means", x, op)
    variance = check_statistics(variance, "variances", x, op)
    out = new((*x.shape[2:4], 1), x.dtype, x, op)
    if out.size == 0:
        return out
    width, images = described(x, centred, x, g)
    fold = weight_slopes(type_name(x.dtype), index_type(x.size))
    run_fold(op, fold, plan_of(fold, x, WEIGHTS, 0 if width > 1 else None), x,
             (g, x, mean, variance, out, images, float(eps)))  # fmt: skip
    return out


# ------------------------------------------------------------------------------------------
# operands
# ------------------------------------------------------------------------------------------


def check_images(x, op):
    if x.ndim != 5:
        raise ValueError(
            f"{op}: expected images of shape (batch, stack, group, channel, place), got {x.shape}"
        )
    if type_name(x.dtype) not in FLOATING:
        raise TypeError(
            f"{op}: expected images of a floating dtype of at least 16 bits, got {x.dtype}"
        )


def check_operand(operand, name, x, shape, dtype, op):
    """The operand in C order, if its shape and dtype are those that the images demand."""
    if operand.shape != shape:
        raise ValueError(
            f"{op}: expected {name} of shape {shape} for images of shape {x.shape}, "
            f"got {operand.shape}"
        )
    if operand.dtype != dtype:
        raise TypeError(
            f"{op}: expected {name} to fit images of dtype {x.dtype}, got {operand.dtype}"
        )
    return compact(operand)


def check_weight(weight, name, x, op):
    return check_operand(weight, name, x, (*x.shape[2:4], 1), x.dtype, op)


def check_statistics(statistics, name, x, op):
    dtype = wide_dtype(type_name(x.dtype))
    return check_operand(statistics, name, x, (1, *x.shape[1:3], 1, 1), dtype, op)


# ------------------------------------------------------------------------------------------
# how the work is shared
# ------------------------------------------------------------------------------------------


def described(x, centred, *tensors):
    """How many neighbours a thread reads at once, and the struct Images."""
    aligned = all(address(tensor) % VECTOR == 0 for tensor in tensors)
    return images_of(x.shape, VECTOR // x.dtype.itemsize if aligned else 1, bool(centred))


@functools.lru_cache(4096)
def images_of(shape, width, centred):
    """The same, for images that could be read by this many numbers.

    Neighbours have one weight, or weights that are neighbours, too, and perhaps statistics.
    """
    batch, stack, group, channel, length = shape
    row_step = weight_step = 0
    if length % width == 0:
        pass
    elif length == 1 and channel % width == 0:
        weight_step = 1
    elif length == channel == 1 and group % width == 0:
        row_step = weight_step = 1
    else:
        width = 1
    row_size = batch * channel * length
    return width, packed(
        math.prod(shape),
        row_size,
        stack * group,
        group,
        channel,
        length,
        row_step,
        weight_step,
        centred,
    )


def in_rows(x):
    """Whether rows lie in one piece each and are short, or enough for all blocks."""
    batch, stack, group, channel, length = x.shape
    size, rows = channel * length, stack * group
    return batch == 1 and size > 1 and rows > 0 and (size <= LONG or rows >= MANY_ROWS)


def row_group(x, width):
    """Threads for a row in one piece."""
    packs = x.shape[3] * x.shape[4] // width
    return power_above(packs) if packs <= WARP else WARP if packs <= 8 * WARP else THREADS


def row_launch(x, width):
    """Blocks and threads."""
    return blocks_for(x.shape[1] * x.shape[2], THREADS // row_group(x, width)), THREADS


def plan_of(fold, x, axes, misplaced):
    return make_plan(x.shape, x.strides, axes, x.dtype.itemsize, misplaced, fold.state_size)


# ------------------------------------------------------------------------------------------
# kernels
# ------------------------------------------------------------------------------------------


@functools.cache
def moments(held):
    """The fold to means and variances."""
    wide = wide_type(held)
    return Fold(
        "moments",
        "norm.cuh",
        f"Moments<{held}>",
        (f"const {held} *x", f"{wide} *mean", f"{wide} *variance", "int64_t centred"),
        24 if wide == "double" else 12,
    )


@functools.cache
def input_slopes(held, index):
    """The fold of the gradient of the images."""
    wide = wide_type(held)
    members = [f"const {held} *{name}" for name in ("g", "x", "weight")]
    members += [f"const {wide} *mean", f"const {wide} *variance", f"{wide} *shift"]
    members += [f"{wide} *slope", "Images s", "double eps"]
    return Fold(
        "normalize_slopes",
        "norm.cuh",
        f"InputSlopes<{held}, {index}>",
        tuple(members),
        16 if wide == "double" else 8,
    )


@functools.cache
def weight_slopes(held, index):
    """The fold of the gradient of the weights."""
    wide = wide_type(held)
    members = [f"const {held} *g", f"const {held} *x", f"const {wide} *mean"]
    members += [f"const {wide} *variance", f"{held} *out", "Images s", "double eps"]
    return Fold(
        "normalize_weight_slopes",
        "norm.cuh",
        f"WeightSlopes<{held}, {index}>",
        tuple(members),
        8 if wide == "double" else 4,
    )


def normalize_parameters(held, statistics):
    wide = wide_type(held)
    return ", ".join(
        ["Images s", *(f"const {held} *{name}" for name in ("x", "weight", "bias"))]
        + [f"{statistics}{wide} *mean", f"{statistics}{wide} *variance"]
        + [f"{held} *out", "double eps"]
    )


@functools.cache
def row_kernel(name, held, width, index):
    """The kernel of rows in one piece."""
    if name == "normalize_rows":
        parameters = normalize_parameters(held, "")
        call = (
            f"{name}<{width}, {index}>(s, x, weight, bias, mean, variance, out, eps, int(group));"
        )
    else:
        parameters, fold = gradient_parameters(held, index)
        call = f"{fold} {name}<{width}>(fold, out, int(group));"
    return kernel("norm.cuh", f"kernel_{name}", f"{parameters}, int64_t group", call)


@functools.cache
def all_kernel(name, held, width, index):
    """The kernel that comes after a fold."""
    if name == "normalize_all":
        parameters = normalize_parameters(held, "const ")
        call = f"{name}<{width}, {index}>(s, x, weight, bias, mean, variance, out, eps);"
    else:
        parameters, fold = gradient_parameters(held, index)
        call = f"{fold} {name}<{width}>(fold, out);"
    return kernel("norm.cuh", f"kernel_{name}", parameters, call)


def gradient_parameters(held, index):
    """Those of kernels of the images' gradient, and the fold made of them."""
    fold = input_slopes(held, index)
    names = "g, x, weight, mean, variance, shift, slope, s, eps"
    return ", ".join([*fold.members, f"{held} *out"]), f"{fold.type} const fold{{{names}}};"


def sources():
    """The sources for all dtypes, as far as numbers are read in vectors."""
    index = "uint32_t"
    for held, itemsize in (("Half", 2), ("BFloat16", 2), ("float", 4), ("double", 8)):
        width = VECTOR // itemsize
        for name in ("normalize_rows", "input_gradient_rows"):
            yield row_kernel(name, held, width, index).source
        for name in ("normalize_all", "input_gradient_all"):
            yield all_kernel(name, held, width, index).source
        for fold in (moments(held), input_slopes(held, index), weight_slopes(held, index)):
            yield from folds.sources(fold, itemsize)
