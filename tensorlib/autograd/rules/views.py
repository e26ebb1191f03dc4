"""Rules of the views."""

import math

import numpy as np

from tensorlib._core._functions import asarray, reshape, transpose, zeros
from tensorlib._core._gradients import placed, untransposed
from tensorlib.autograd.rules._common import inverse, scatter, scatter_add
from tensorlib.autograd.rules._register import rule

rule("basic_index", lambda g, x_shape, index, into: placed(g, x_shape, index, into))
rule("broadcast_to", lambda g: g)  # the walk sums
rule("reshape", lambda g, x_shape: reshape(g, x_shape))
rule("transpose", lambda g, axes: untransposed(g, axes))
rule("real", lambda g: g)
rule("imag", lambda g: g * 1j)


def diagonal_rule(g, x_shape, offset, axis1, axis2):
    order = tuple(i for i in range(len(x_shape)) if i not in (axis1, axis2)) + (axis1, axis2)
    along = np.arange(g.shape[-1])
    rows = asarray(along + max(-offset, 0), device=g.device)
    columns = asarray(along + max(offset, 0), device=g.device)
    matrices = scatter(g, tuple(x_shape[i] for i in order), (Ellipsis, rows, columns))
    return transpose(matrices, inverse(order))


rule("diagonal", diagonal_rule)


def addresses(shape, strides, offset):
    """Where in the storage each element begins."""
    places = np.full(shape, offset)
    for axis, (length, stride) in enumerate(zip(shape, strides, strict=True)):
        steps = np.arange(length) * stride
        places += steps.reshape(-1, *[1] * (len(shape) - axis - 1))
    return places


def as_strided_rule(g, x_shape, x_strides, x_offset, shape, strides, offset):
    """What arrives at each place of the storage, shared by the elements of x that are there."""
    view, source = addresses(shape, strides, offset), addresses(x_shape, x_strides, x_offset)
    if view.size == 0 or source.size == 0:
        return zeros(x_shape, dtype=g.dtype, device=g.device)
    first = min(view.min(), source.min())
    unit = math.gcd(*strides, *x_strides, offset - x_offset) or 1
    view, source = (view - first) // unit, (source - first) // unit
    length = int(max(view.max(), source.max())) + 1
    sums = scatter_add(g, (length,), (asarray(view, device=g.device),))
    elements = np.bincount(source.ravel())
    if elements.max() > 1:
        shares = np.maximum(np.resize(elements, length), 1).astype(g.real.dtype)
        sums = sums / asarray(shares, device=g.device)
    return sums[asarray(source, device=g.device)]


rule("as_strided", as_strided_rule)
