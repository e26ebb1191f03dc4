"""What the modules of kernels share."""

import functools
import struct
from math import prod

import numpy as np

from tensorlib._core._dtypes import number_of
from tensorlib.cuda._kernel import Kernel
from tensorlib.cuda.elementwise import TYPES

THREADS = 256  # of a block, unless a kernel says otherwise
NARROW = ("Float8E4M3", "Float8E5M2", "Half", "BFloat16")  # computed in float
FLOATING = ("Half", "BFloat16", "float", "double")


def type_name(dtype):
    """The C++ type of a dtype's elements."""
    return TYPES[number_of(dtype)]


def wide_type(held):
    """The C++ type in which a floating one is computed."""
    return "double" if held == "double" else "float"


def wide_dtype(held):
    """Its dtype."""
    return "float64" if held == "double" else "float32"


def index_type(size):
    """A C++ type that can count so many elements."""
    return "uint64_t" if size >= 1 << 32 else "uint32_t"


def blocks_for(size, each=THREADS):
    """How many blocks have as many threads as there are elements."""
    return -(-size // each)


def packed(*values):
    """A structure of int64_t, as a kernel takes it by value; sequences stand for arrays."""
    return np.concatenate([np.ravel(value) for value in values]).astype(np.int64).tobytes()


def merged(shape, strides):
    """Axes as (length, strides of the operands), those that follow each other made one."""
    axes = []
    for length, steps in zip(shape, strides, strict=True):
        if length == 1:
            continue
        if axes and all(a == b * length for a, b in zip(axes[-1][1], steps, strict=True)):
            axes[-1] = (axes[-1][0] * length, steps)
        else:
            axes.append((length, steps))
    return axes


def packed_strides(axes, most, operands):
    """The struct Strides of elementwise.cuh, with room for so many axes, of axes as `merged` gives
    them."""
    laid = [prod(length for length, _ in axes), len(axes), *(length for length, _ in axes)]
    laid += (0,) * (most - len(axes))
    for _, strides in axes:
        laid += strides
    laid += (0,) * (2 + most + most * operands - len(laid))
    return struct.pack(f"{len(laid)}q", *laid)


@functools.cache
def kernel(header, name, parameters, body):
    """A kernel that calls a template.

    Parameters
    ----------
    header : str
        Of the folder ``kernels``.
    name : str
        Of the kernel, for messages of NVIDIA's tools.
    parameters : str
        In C++.
    body : str
        The call.

    Returns
    -------
    Kernel
        Called with the op's name, the index of the device, how many blocks of how many threads,
        and the arguments.
    """
    return Kernel(
        f'#include "{header}"\nusing namespace tl;\n'
        f'extern "C" __global__ void __launch_bounds__({THREADS}) {name}({parameters}) {{\n'
        f"  {body}\n}}\n",
        name,
    )
