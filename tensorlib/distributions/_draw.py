"""Random numbers for samples, of any floating dtype, from the default generator."""

import operator

from tensorlib._core._functions import asarray
from tensorlib.random import default_generator

NATIVE = ("float32", "float64")  # what the generator draws by itself


def _native(method):
    def draw(shape, dtype):
        if dtype.name in NATIVE:
            return getattr(default_generator(), method)(shape, dtype=dtype)
        return getattr(default_generator(), method)(shape).astype(dtype)

    return draw


normal = _native("standard_normal")
exponential = _native("standard_exponential")
uniform = _native("random")


def drawn(name, shape, dtype, *parameters):
    """What the generator's method of this name draws; the parameters have no part in gradients."""
    values = [p.detach() for p in parameters]
    return asarray(getattr(default_generator(), name)(*values, size=shape)).astype(dtype)


def size_of(sample_shape):
    """A tuple of ints."""
    try:
        return (operator.index(sample_shape),)
    except TypeError:
        return tuple(sample_shape)
