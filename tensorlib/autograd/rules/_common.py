"""What rules of several kinds need."""

from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import conjugate, zeros


def conj(x):
    """The complex conjugate; a real `x` itself, not a copy."""
    return conjugate(x) if x.dtype.kind == "c" else x


def inverse(axes):
    """The order of axes that undoes the order `axes`."""
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))


def scatter_add(value, shape, index):
    """Zeros of the given shape to which `value` is added at the index."""
    return apply(ops.index_add, (zeros(shape, dtype=value.dtype), value), (index,))


def scatter(value, shape, index):
    """Zeros of the given shape with `value` at the index, which names no place twice."""
    return apply(ops.index_put, (zeros(shape, dtype=value.dtype), value), (index,))
