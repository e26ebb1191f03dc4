"""Convolution and its gradients: see ``kernels/conv.cuh``."""

import functools
import math

from tensorlib._core._conv import result_shape
from tensorlib._core._dtypes import number_of
from tensorlib.cuda._backend import compact, new, place
from tensorlib.cuda.common import blocks_for, kernel, packed, type_name
from tensorlib.cuda.products import adding_kernel

DTYPES = ("float16", "bfloat16", "float32", "float64")
WAYS = ("convolve", "convolve_rows")
TILE = 64  # as tiles.cuh has it
FEW_ROWS = 4  # for fewer, tiles would be nearly empty
ENOUGH = 256  # blocks, for fewer of which the inner axis is cut
PIECE = 256  # and how long its pieces are at least


def conv(x, weight, stride, padding, dilation, groups):
    """The kernel of conv."""
    shape = result_shape("conv", x, weight, (stride, padding, dilation, groups))
    geometry = (x.shape, weight.shape, shape, stride, padding, dilation, groups)
    return run("conv", weight, x, shape, geometry)


def conv_input(g, weight, shape, stride, padding, dilation, groups):
    """The kernel of conv_input."""
    shape = result_shape("conv_input", g, weight, (shape, stride, padding, dilation, groups))
    geometry = (shape, weight.shape, g.shape, stride, padding, dilation, groups)
    return run("conv_input", weight, g, shape, geometry)


def conv_weight(x, g, shape, stride, padding, dilation, groups):
    """The kernel of conv_weight."""
    shape = result_shape("conv_weight", x, g, (shape, stride, padding, dilation, groups))
    geometry = (x.shape, shape, g.shape, stride, padding, dilation, groups)
    return run("conv_weight", g, x, shape, geometry)


def run(op, left, right, shape, geometry):
    """Multiply the two matrices of an op."""
    result = new(shape, left.dtype, left, op)
    if result.size == 0:
        return result
    image, filters, output, *options, groups = geometry
    options = tuple(tuple(map(int, option)) for option in options)
    argument, way, blocks, pieces = plan(op, image, filters, output, *options, groups)
    left, right = compact(left), compact(right)
    device, sums = place(result), None
    if pieces > 1:
        wide = "float64" if left.dtype == "float64" else "float32"
        sums = new((pieces, result.size), wide, left, op)
    launch = conv_kernel(way, type_name(left.dtype))
    launch(op, device, blocks, 256, argument, left, right, result, sums)
    if pieces > 1:
        add = adding_kernel(number_of(left.dtype))
        add(op, device, blocks_for(result.size), 256, result.size, pieces, sums, result)
    return result


@functools.lru_cache(4096)
def plan(op, image, filters, output, stride, padding, dilation, groups):
    """What is launched for an op.

    Returns
    -------
    argument : bytes
        A ``Conv`` of conv.cuh.
    way : str
        One of `WAYS`.
    blocks, pieces : int
    """
    missing = 5 - len(image)
    stride, dilation = [(1,) * missing + option for option in (stride, dilation)]
    padding = (0,) * missing + padding
    one, negative = (1, 1, 1), tuple(-d for d in dilation)
    places, taps, outputs = [(1,) * missing + shape[2:] for shape in (image, filters, output)]
    size, reach, many = math.prod(places), math.prod(taps), math.prod(outputs)
    channels, out, inner = filters[1], filters[0] // groups, filters[1] * reach
    before = tuple(-p for p in padding)
    if op == "conv":
        # size, lengths, scale, start, right, other
        column = (many, outputs, stride, before, image[1] * size, output[1] * many)
        step = (reach, taps, dilation, (0, 0, 0), size, reach)
        sizes = (image[0] * many, inner, out, inner, many)
        parts = (out * inner, channels * size, out * many)
        lengths, divisor = places, one
    elif op == "conv_input":
        column = (size, places, one, padding, output[1] * many, image[1] * size)
        step = (reach, taps, negative, (0, 0, 0), many, inner)
        sizes = (image[0] * size, out * reach, channels, reach, size)
        parts = (out * inner, out * many, channels * size)
        lengths, divisor = outputs, stride
    else:
        column = (reach, taps, dilation, before, size, reach)
        step = (many, outputs, stride, (0, 0, 0), image[1] * size, output[1] * many)
        sizes = (inner, image[0] * many, out, many, inner)
        parts = (out * many, channels * size, out * inner)
        lengths, divisor = places, one
    columns, depth, rows = sizes[:3]
    lanes, way = 1, "convolve"
    if rows < FEW_ROWS:
        way = "convolve_rows"
        while lanes < 256 and lanes * 64 < depth:
            lanes *= 2
        blocks = blocks_for(groups * rows * columns * lanes)
    else:
        blocks = groups * -(-rows // TILE) * -(-columns // TILE)
    pieces = max(1, min(ENOUGH // blocks, depth // PIECE))
    along = op == "conv_weight"
    argument = packed(
        *column, *step, sizes, groups, parts, lengths, divisor, pieces, -(-depth // pieces), lanes,
        along,
    )  # fmt: skip
    return argument, way, blocks * pieces, pieces


def conv_kernel(way, name):
    """A kernel ``(Conv, left, right, result, sums of pieces)``."""
    return kernel(
        "conv.cuh",
        f"{way}_kernel",
        f"Conv conv, const {name} *left, const {name} *right, {name} *result, Wide<{name}> *sums",
        f"tl::{way}<{name}>(conv, left, right, result, sums);",
    )


def sources():
    """The sources of all kernels."""
    for way in WAYS:
        for dtype in DTYPES:
            yield conv_kernel(way, type_name(dtype)).source
