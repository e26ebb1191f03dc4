"""Convolution and its gradients: cuDNN's, or else those of ``kernels/conv.cuh``.

Without cuDNN, but with cuBLAS, the right one of two large matrices is brought into memory, so that
16-bit floats and TensorFloat-32 are multiplied by the units that GPUs have for them.
"""

import functools
import math

from tensorlib._core._conv import result_shape
from tensorlib._core._dtypes import number_of
from tensorlib._core._views import basic_index, reshape, transpose
from tensorlib.cuda import _backend, cudnn
from tensorlib.cuda._backend import compact, new, place, write
from tensorlib.cuda._blas import found_library
from tensorlib.cuda.common import blocks_for, kernel, packed, type_name
from tensorlib.cuda.products import adding_kernel

DTYPES = ("float16", "bfloat16", "float32", "float64")
WAYS = ("convolve", "convolve_rows")
TILE = 64  # as tiles.cuh has it
FEW_ROWS = 4  # for fewer, tiles would be nearly empty
ENOUGH = 256  # blocks, for fewer of which the inner axis is cut
PIECE = 256  # and how long its pieces are at least
LARGE = 32  # rows, columns and inner axis for which cuBLAS is worth a matrix in memory
ROOM = 256 << 20  # bytes of it


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
    image, filters, output, *options, groups = geometry
    options = tuple(tuple(map(int, option)) for option in options)
    geometry = (image, filters, output, *options, groups)
    left, right = compact(left), compact(right)
    result = cudnn.convolve(op, right, left, shape, options, groups)
    if result is not None:
        return result
    if groups == 1 and found_library() and (images := images_at_once(op, right, geometry)):
        if op == "conv_weight":
            return by_all_columns(left, right, shape, geometry)
        return by_columns(op, left, right, shape, geometry, images)
    result = new(shape, left.dtype, left, op)
    if result.size == 0:
        return result
    argument, way, blocks, pieces = plan(op, *geometry)
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


def images_at_once(op, right, geometry):
    """For how many images there is room for the right matrix in memory; 0 where it does not pay,
    and for conv_weight, which needs all, where there is not room for all."""
    image, filters, output = geometry[:3]
    taps = math.prod(filters[2:])
    rows, inner, columns = {
        "conv": (filters[0], filters[1] * taps, math.prod(output[2:])),
        "conv_input": (filters[1], filters[0] * taps, math.prod(image[2:])),
        "conv_weight": (filters[0], filters[1] * taps, math.prod(output[2:])),
    }[op]
    if min(rows, inner, columns * image[0]) < LARGE:
        return 0
    images = max(ROOM // (inner * columns * right.dtype.itemsize), 1)
    return 0 if op == "conv_weight" and images < image[0] else min(images, image[0])


def by_columns(op, left, right, shape, geometry, images):
    """conv or conv_input as a product for each image."""
    image, filters, output, *options = geometry
    taps = math.prod(filters[2:])
    if op == "conv":
        left = reshape(left, (filters[0], filters[1] * taps))
    else:
        left = transpose(reshape(left, (filters[0], filters[1], taps)), (1, 0, 2))
        left = reshape(compact(left), (filters[1], filters[0] * taps))
    inner, size = left.shape[1], math.prod(shape[2:])
    result = new(shape, left.dtype, left, op) if images < shape[0] else None
    for first in range(0, shape[0], images):
        some = basic_index(right, (slice(first, first + images),))
        n = some.shape[0]
        if some.shape[2:] == shape[2:] and taps == 1 and not any(options[1]):
            columns = reshape(some, (n, inner, size))  # what it would gather, as it lies
        else:
            own = [(n, *whole[1:]) for whole in (image, output)]
            argument = plan(op, own[0], filters, own[1], *options)[0]
            columns = gathered(op, argument, some, (n, inner, size))
        part = reshape(_backend.run("matmul", (left, columns)), (n, *shape[1:]))
        if result is None:
            return part
        write(basic_index(result, (slice(first, first + n),)), part)
    return result


def by_all_columns(left, right, shape, geometry):
    """conv_weight as one product."""
    columns, inner = math.prod(shape[1:]), left.shape[0] * math.prod(left.shape[2:])
    argument = plan("conv_weight", *geometry)[0]
    columns = gathered("conv_weight", argument, right, (columns, inner))
    left = reshape(left, (*left.shape[:2], math.prod(left.shape[2:])))
    left = reshape(compact(transpose(left, (1, 0, 2))), (left.shape[1], inner))
    return reshape(_backend.run("matmul", (left, transpose(columns, (1, 0)))), shape)


def gathered(op, argument, right, shape):
    """The right matrix in memory."""
    result = new(shape, right.dtype, right, op)
    launch = gathering_kernel(type_name(right.dtype))
    launch(op, place(right), blocks_for(result.size, 256 * 64), 256, argument, right, result)
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


def gathering_kernel(name):
    """A kernel ``(Conv, right, result)``."""
    return kernel(
        "conv.cuh",
        "gather_columns_kernel",
        f"Conv conv, const {name} *right, {name} *result",
        f"tl::gather_columns<{name}>(conv, right, result);",
    )


def sources():
    """The sources of all kernels."""
    for dtype in DTYPES:
        for way in WAYS:
            yield conv_kernel(way, type_name(dtype)).source
        yield gathering_kernel(type_name(dtype)).source
