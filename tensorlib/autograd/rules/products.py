"""Rules of the matrix products.

Stacks are broadcast; the walk sums over what was. A vector in a `matmul` is not a stack.
"""

import math

from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import reshape
from tensorlib._core._gradients import adjoint, conj, swapped
from tensorlib.autograd.rules._register import rule


def matvec(x1, x2):
    return apply(ops.matvec, (x1, x2))


def outer(column, row):
    return column[..., :, None] * row[..., None, :]


def rows_of(x):
    return reshape(x, (math.prod(x.shape[:-1]), x.shape[-1])) if x.ndim != 2 else x


def matmul_first(g, x1_shape, x2):
    if len(x1_shape) == 1:
        return g * conj(x2) if x2.ndim == 1 else matvec(conj(x2), g)
    if x2.ndim == 1:
        return outer(g, conj(x2))
    return g @ adjoint(x2)


def matmul_second(g, x1, x2_shape, x2_strides):
    if len(x2_shape) == 1:
        return g * conj(x1) if x1.ndim == 1 else matvec(adjoint(x1), g)
    if x1.ndim == 1:
        return outer(conj(x1), g)
    if len(x2_shape) == 2 and x1.ndim > 2:  # a stack times one matrix is one long matrix times it
        x1, g = rows_of(x1), rows_of(g)
    if len(x2_shape) == 2 and x2_strides[0] < x2_strides[1]:
        # A transposed matrix, as `linear` has: the gradient is laid out as it is.
        return swapped(swapped(g) @ conj(x1))
    return adjoint(x1) @ g


rule("matmul", matmul_first, matmul_second)
rule(
    "linear",
    lambda g, weight: g @ conj(weight),
    lambda g, x: swapped(rows_of(g)) @ conj(rows_of(x)),
    lambda g: g,
)
rule("matvec", lambda g, x2: outer(g, conj(x2)), lambda g, x1: matvec(adjoint(x1), g))
# These conjugate their first operand, so it has no second conjugate in the rule of the other one.
rule("vecmat", lambda g, x2: matvec(x2, conj(g)), lambda g, x1: outer(x1, g))
rule("vecdot", lambda g, x2: conj(g)[..., None] * x2, lambda g, x1: g[..., None] * x1)
