"""What rules of several kinds need."""

from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import broadcast_to, masked_divide, masked_multiply, zeros
from tensorlib._core._tensor import Tensor
from tensorlib._core._wrapping import wrapped_of

# A gradient times a derivative, and one over a derivative. A gradient that is exactly zero stays
# zero, whatever the derivative: `where` gives zeros to the branch that it did not take, and NaN
# or infinities there must not come back. Both are differentiable by the same rules.
times, over = masked_multiply, masked_divide


def arrives(g):
    """Whether a gradient came at all: whether it is anything but zeros that nothing depends on.

    Of what a recorder keeps for it, each part counts: the gradients of a whole batch, a tangent.
    """
    if g.requires_grad:
        return True
    kept = wrapped_of(g)
    if kept is None:
        return g.device != "cpu" or bool(g.any())  # to ask a device would wait for it
    return any(arrives(part) for part in kept if isinstance(part, Tensor))


def inverse(axes):
    """The order of axes that undoes the order `axes`."""
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))


def nothing(shape, like):
    """Zeros for an op that copies them, of the dtype and device of a tensor; they take no memory
    themselves."""
    return broadcast_to(zeros((), dtype=like.dtype, device=like.device), shape)


def scatter_add(value, shape, index):
    """Zeros of the given shape to which `value` is added at the index."""
    return apply(ops.index_add, (nothing(shape, value), value), (index,))


def scatter(value, shape, index):
    """Zeros of the given shape with `value` at the index, which names no place twice."""
    return apply(ops.index_put, (nothing(shape, value), value), (index,))
