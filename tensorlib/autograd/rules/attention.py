"""The rule of attention, and its formula in ops that are differentiated again.

The op computes in blocks. Where the walk itself is recorded or transformed, where the gradient of
an additive mask is wanted, and where one comes to the logarithms, the whole matrix of weights is
made.
"""

from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import (
    arange,
    exp,
    isfinite,
    matmul,
    transpose,
    where,
    zeros_like,
)
from tensorlib._core._recorder import watched
from tensorlib._core._tape import is_grad_enabled
from tensorlib.autograd.rules._register import not_differentiable, rule


def swapped(x):
    """The last two axes exchanged."""
    axes = tuple(range(x.ndim))
    return transpose(x, (*axes[:-2], axes[-1], axes[-2]))


def attention_weights(query, key, mask, is_causal, scale):
    """Softmax of the scores over the keys; zeros for a query that sees no key.

    A mask of no dimension masks nothing.
    """
    scores = matmul(query * scale, swapped(key))
    if mask.ndim:
        scores = where(mask, scores, -float("inf")) if mask.dtype == bool else scores + mask
    if is_causal:
        queries, keys = scores.shape[-2:]
        device = scores.device
        seen = arange(keys, device=device) <= arange(queries, device=device)[:, None]
        scores = where(seen, scores, -float("inf"))
    # The largest score has no part in the gradient: the result does not depend on it.
    top = scores.detach().max(axis=-1, keepdims=True, initial=-float("inf"))
    powers = exp(scores - where(isfinite(top), top, 0))
    total = powers.sum(axis=-1, keepdims=True)
    return powers / where(total == 0, 1, total)


def attention_rule(g, query, key, value, mask, out0, out1, is_causal, scale, wanted):
    g, g_logsumexp = g
    if g is None:
        g = zeros_like(out0)
    if g_logsumexp is None and not (is_grad_enabled() or watched() or wanted[3]):
        inputs = g, out0, query, key, value, mask, out1
        return *apply(ops.attention_backward, inputs, (is_causal, scale)), None
    if g.itemsize == 2:  # sums of many products want more digits
        g, query, key, value, out0 = (x.astype("float32") for x in (g, query, key, value, out0))
        mask = mask if mask.dtype == bool else mask.astype("float32")
    delta = (g * out0).sum(axis=-1)
    if g_logsumexp is not None:
        delta = delta - g_logsumexp
    return by_weights(g, delta, query, key, value, mask, is_causal, scale, wanted)


def by_weights(g, delta, query, key, value, mask, is_causal, scale, wanted):
    """The gradients of queries, keys, values and mask from the matrix of weights."""
    weights = attention_weights(query, key, mask, is_causal, scale)
    slopes = weights * (matmul(g, swapped(value)) - delta[..., None])
    return (
        matmul(slopes, key) * scale,
        matmul(swapped(slopes), query) * scale,
        matmul(swapped(weights), g),
        slopes if wanted[3] else None,
    )


rule("attention", variadic=attention_rule, materialize=False)
not_differentiable("attention_backward")  # as a walk that is recorded does not call it
