"""What rules of several kinds need."""

from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import conjugate, masked_divide, masked_multiply, zeros
from tensorlib._core._recorder import innermost
from tensorlib._core._tape import is_grad_enabled
from tensorlib._core._tensor import Tensor
from tensorlib._core._wrapping import wrapped_of

# A gradient times a derivative, and one over a derivative. A gradient that is exactly zero stays
# zero, whatever the derivative: `where` gives zeros to the branch that it did not take, and NaN
# or infinities there must not come back. Both are differentiable by the same rules.
times, over = masked_multiply, masked_divide


def times_own(g, derivative):
    """`times` by a derivative that nobody else has: its memory becomes that of the product, unless
    the walk is recorded. So a walk needs less memory beside what was kept for it."""
    fits = derivative.shape == g.shape and derivative.dtype == g.dtype
    if not fits or is_grad_enabled() or innermost() is not None:
        return times(g, derivative)
    return times(g, derivative, out=derivative)


def conj(x):
    """The complex conjugate; a real `x` itself, not a copy."""
    return conjugate(x) if x.dtype.kind == "c" else x


def arrives(g):
    """Whether a gradient came at all: whether it is anything but zeros that nothing depends on.

    Of what a recorder keeps for it, each part counts: the gradients of a whole batch, a tangent.
    """
    if g.requires_grad:
        return True
    kept = wrapped_of(g)
    if kept is None:
        return bool(g.any())
    return any(arrives(part) for part in kept if isinstance(part, Tensor))


def inverse(axes):
    """The order of axes that undoes the order `axes`."""
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))


def scatter_add(value, shape, index):
    """Zeros of the given shape to which `value` is added at the index."""
    return apply(ops.index_add, (zeros(shape, dtype=value.dtype), value), (index,))


def scatter(value, shape, index):
    """Zeros of the given shape with `value` at the index, which names no place twice."""
    return apply(ops.index_put, (zeros(shape, dtype=value.dtype), value), (index,))
