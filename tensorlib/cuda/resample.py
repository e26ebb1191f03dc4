"""Sparse matrices along axes: see ``kernels/resample.cuh``."""

import math

from tensorlib._core._exchange import asarray
from tensorlib._core._resample import check
from tensorlib.cuda._backend import compact, new, place, write
from tensorlib.cuda._kernel import capturing
from tensorlib.cuda.common import THREADS, blocks_for, kernel, packed, type_name

DTYPES = ("float16", "bfloat16", "float32", "float64")
PARTS = {"complex64": "float32", "complex128": "float64"}

# Matrices that captured graphs read, for which nothing tells when they are not needed any more.
kept = {}


def resample(x, axis, matrix):
    """The kernel of resample."""
    check(x, axis, matrix)
    result = new((*x.shape[:axis], matrix.rows, *x.shape[axis + 1 :]), x.dtype, x, "resample")
    if result.size == 0:
        return result
    # The weights are real: the two parts of a complex number are neighbours like others.
    dtype, parts = PARTS.get(str(x.dtype), x.dtype), 2 if str(x.dtype) in PARTS else 1
    size, inner = result.size * parts, math.prod(x.shape[axis + 1 :]) * parts
    numbers = numbers_on(matrix, x, "float64" if dtype == "float64" else "float32")
    lanes = 1
    while inner == 1 and lanes < THREADS and lanes * 16 * matrix.rows < numbers[1].size:
        lanes *= 2
    argument = packed(size, matrix.rows, matrix.columns, inner, lanes)
    launch, device, blocks = resample_kernel(type_name(dtype)), place(x), blocks_for(size * lanes)
    launch("resample", device, blocks, THREADS, argument, *numbers, compact(x), result)
    return result


def numbers_on(matrix, like, dtype):
    """The offsets, places and weights of a matrix on the device of a tensor, copied once."""
    found = matrix.copies.get((like.device, dtype))
    if found is None:
        offsets, places, weights = matrix.numbers
        numbers = [asarray(offsets), asarray(places), asarray(weights.astype(dtype))]
        found = tuple(new(x.shape, x.dtype, like, "resample") for x in numbers)
        for target, source in zip(found, numbers, strict=True):
            write(target, source)
        matrix.copies[like.device, dtype] = found
    if capturing(place(like)):
        kept[id(found)] = found
    return found


def resample_kernel(name):
    """A kernel ``(Resample, offsets, places, weights, array, result)``."""
    return kernel(
        "resample.cuh",
        "resample_kernel",
        "Resample matrix, const int64_t *offsets, const int64_t *places, "
        f"const Wide<{name}> *weights, const {name} *x, {name} *result",
        f"tl::resample<{name}>(matrix, offsets, places, weights, x, result);",
    )


def sources():
    """The sources of all kernels."""
    for dtype in DTYPES:
        yield resample_kernel(type_name(dtype)).source
