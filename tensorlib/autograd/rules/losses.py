"""Rules of losses.

The negative log-likelihood is linear in the logarithms. So its gradient does not depend on them,
and is linear in that of the loss: the two ops are each other's rules.
"""

from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import zeros_like
from tensorlib.autograd.rules._register import rule


def nll_loss_x(g, target, out1, x_shape, weight, ignore_index, mean):
    params = x_shape, weight, ignore_index, mean
    total = out1.detach()  # of weights, which depends on nothing that has a gradient
    return apply(ops.nll_loss_backward, (g[0], target, total), params)


# In the next two, `g` is an input of the op, and `gradient` that of its output.
def nll_loss_backward_g(gradient, target, total, weight, ignore_index, mean):
    params = weight, ignore_index, False, "nll_loss"
    losses, _ = apply(ops.nll_loss, (gradient, target), params)
    return (losses / total).astype(gradient.dtype) if mean else losses


def nll_loss_backward_total(gradient, total, out, mean):
    if not mean:
        return zeros_like(total)
    return (-(gradient * out).sum() / total).astype(total.dtype)


rule("nll_loss", nll_loss_x, None)
rule("nll_loss_backward", nll_loss_backward_g, None, nll_loss_backward_total)
