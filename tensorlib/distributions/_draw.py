"""Random numbers for samples, of any floating dtype, from the default generator.

They are drawn on the CPU, also for a distribution on another device.
"""

import operator

from tensorlib._core._functions import asarray
from tensorlib.random import default_generator

NATIVE = ("float32", "float64")  # what the generator draws by itself


def _native(method):
    def draw(shape, distribution):
        """Numbers of the dtype, and on the device, of a distribution."""
        dtype, make = distribution.dtype, getattr(default_generator(), method)
        numbers = make(shape, dtype=dtype) if dtype.name in NATIVE else make(shape).astype(dtype)
        return numbers.to(distribution.device)

    return draw


normal = _native("standard_normal")
exponential = _native("standard_exponential")
uniform = _native("random")


def drawn(name, shape, dtype, *parameters, device="cpu"):
    """What the generator's method of this name draws; the parameters have no part in gradients."""
    values = [p.detach() for p in parameters]
    return asarray(getattr(default_generator(), name)(*values, size=shape)).astype(dtype).to(device)


def size_of(sample_shape):
    """A tuple of ints."""
    try:
        return (operator.index(sample_shape),)
    except TypeError:
        return tuple(sample_shape)
