"""Rules of the folds over axes and of the running folds along one."""

import math

from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import (
    cumprod,
    cumsum,
    equal,
    isnan,
    logical_or,
    ones,
    reshape,
    sum,
    transpose,
    where,
)
from tensorlib._core._gradients import conj, spread
from tensorlib._joining import concatenate
from tensorlib.autograd.rules._common import inverse
from tensorlib.autograd.rules._register import not_differentiable, rule


def with_axes(reduced, shape, axis):
    """A reduced tensor with its axes back, of length one, where `shape` was reduced."""
    lengths = tuple([1 if i in axis else n for i, n in enumerate(shape)])
    return apply(ops.reshape, (reduced,), (lengths,))


rule("sum", lambda g, x_shape, axis: spread(g, x_shape, axis))


def extremum_rule(g, x, out, axis):
    """Equal shares for all elements that are the extremum; a NaN is."""
    chosen = logical_or(equal(x, with_axes(out, x.shape, axis)), isnan(x))
    share = with_axes(g, x.shape, axis) / sum(chosen, axis=axis, keepdims=True)
    return where(chosen, share.astype(g.dtype), 0)


rule("max", extremum_rule)
rule("min", extremum_rule)

# products: without division, so that zeros are like other numbers. All work along the last axis.


def flip(x):
    return x[..., ::-1]


def products_before(x):
    """For each element, the product of those before it."""
    one = ones((*x.shape[:-1], 1), dtype=x.dtype, device=x.device)
    return cumprod(concatenate((one, x), axis=-1), axis=-1)[..., :-1]


def suffix_sums(terms, factors):
    """s where s[i] = terms[i] + factors[i] * s[i + 1], in logarithmically many steps.

    After each step, terms[i] is the sum as far as i + distance, and factors[i] the product that
    leads there.
    """
    length, distance = terms.shape[-1], 1
    while distance < length:
        head = terms[..., :-distance] + factors * terms[..., distance:]
        terms = concatenate((head, terms[..., length - distance :]), axis=-1)
        factors = factors[..., :-distance] * factors[..., distance:]
        distance *= 2
    return terms


def prod_rule(g, x, axis):
    order = tuple(i for i in range(x.ndim) if i not in axis) + axis
    moved = transpose(x, order)
    kept = moved.shape[: x.ndim - len(axis)]
    flat = reshape(moved, (*kept, math.prod(moved.shape[len(kept) :])))
    others = products_before(flat) * flip(products_before(flip(flat)))
    others = transpose(reshape(others, moved.shape), inverse(order))
    return with_axes(g, x.shape, axis) * conj(others)


rule("prod", prod_rule)


def swap_last(x, axis):
    """`x` with the given axis and the last one exchanged; its own inverse."""
    axes = list(range(x.ndim))
    axes[axis], axes[-1] = axes[-1], axes[axis]
    return transpose(x, tuple(axes))


def cumsum_rule(g, axis):
    return swap_last(flip(cumsum(flip(swap_last(g, axis)), axis=-1)), axis)


def cumprod_rule(g, x, axis):
    x = swap_last(x, axis)
    later = suffix_sums(swap_last(g, axis), conj(x)[..., 1:])
    return swap_last(conj(products_before(x)) * later, axis)


rule("cumsum", cumsum_rule)
rule("cumprod", cumprod_rule)

not_differentiable("all", "any", "argmax", "argmin")
