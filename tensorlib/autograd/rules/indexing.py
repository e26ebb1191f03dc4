"""Rules of indexing, sorting and copying."""

import itertools
import math

from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import arange, equal, reshape, where, zeros
from tensorlib._core._gradients import added
from tensorlib._core._tensor import Tensor
from tensorlib._selection import take_along_axis
from tensorlib.autograd.rules._common import nothing, scatter_add
from tensorlib.autograd.rules._register import not_differentiable, rule

# elements by index

rule("advanced_index", lambda g, x_shape, index, into: added(g, x_shape, index, into))
rule("index_add", lambda g: g, lambda g, index: g[index])


def may_repeat(index):
    """Whether an index can name a place twice: integers can, slices and masks cannot."""
    return any(isinstance(entry, Tensor) and entry.dtype.kind in "iu" for entry in index)


def index_put_value(g, index):
    picked = g[index]
    if not may_repeat(index):
        return picked
    # Of several values for one place, the last one was kept.
    order = reshape(arange(picked.size, device=g.device), picked.shape)
    zero = zeros(g.shape, dtype=order.dtype, device=g.device)
    kept = apply(ops.index_put, (zero, order), (index,))[index]
    return where(equal(kept, order), picked, 0)


rule(
    "index_put",
    lambda g, index: apply(ops.index_put, (g, nothing((), g)), (index,)),
    index_put_value,
)


# A view after a write to its root, and the root after a write to one of its views.


def view_read_rule(g, x_shape, positions, part):
    placed = reshape(scatter_add(g, (math.prod(x_shape),), (positions,)), x_shape)
    return placed * 1j if part == "imag" else placed


rule("view_read", view_read_rule)
rule(
    "view_write",
    lambda g, value_shape, positions, part: apply(
        ops.view_write, (g, nothing(value_shape, g)), (positions, part)
    ),
    lambda g, positions, part: apply(ops.view_read, (g,), (positions, part)),
)

# other orders and copies


def sort_rule(g, x, axis, kind):
    order = apply(ops.argsort, (x,), (axis, kind))
    return take_along_axis(g, apply(ops.argsort, (order,), (axis, kind)), axis)


rule("sort", sort_rule)


def concatenate_rule(g, shapes, axis):
    before = (slice(None),) * axis
    ends = itertools.accumulate((shape[axis] for shape in shapes), initial=0)
    return [g[(*before, slice(*bounds))] for bounds in itertools.pairwise(ends)]


rule("concatenate", variadic=concatenate_rule)
rule("astype", lambda g: g)  # the walk casts
rule("to_device", lambda g, device, source: apply(ops.to_device, (g,), (source, device, False)))
rule("copy", lambda g: g)

not_differentiable("argsort", "nonzero")
