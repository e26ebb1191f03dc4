"""Rules of normalization by mean and variance.

Images have the axes (batch, stack, group, channel, place), and their statistics are taken over the
first and the last two. With ``f = (variance + eps) ** -0.5``, ``z = (x - mean) * f`` and
``p = g * weight`` the gradients are ``f * (p - mean(p) - z * mean(p * z))`` for the images and
``sum(g * z)`` for the weight (Ioffe and Szegedy, "Batch normalization", 2015, section 3).
Both are ops; what follows here are their derivatives and those of the statistics.
"""

from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import ones
from tensorlib.autograd.rules._common import arrives
from tensorlib.autograd.rules._register import rule

NORMALIZED = (0, 3, 4)


def mean_over(x):
    return x.sum(axis=NORMALIZED, keepdims=True) / (x.shape[0] * x.shape[3] * x.shape[4])


def factor_of(variance, eps):
    return (variance + eps) ** -0.5


def input_gradient(g, x, weight, mean, variance, eps, centred):
    return apply(ops.normalize_input, (g, x, weight, mean, variance), (eps, centred))


def normalize_x(g, x, weight, out1, out2, eps, centred):
    g, g_mean, g_variance = g
    result = input_gradient(g, x, weight, out1, out2, eps, centred)
    count = x.shape[0] * x.shape[3] * x.shape[4]
    if centred and arrives(g_mean):
        result = result + g_mean / count
    if arrives(g_variance):
        result = result + 2 / count * g_variance * (x - out1)
    return result


rule(
    "normalize",
    normalize_x,
    lambda g, x, out1, out2, eps, centred: apply(
        ops.normalize_weight, (g[0], x, out1, out2), (eps, centred)
    ),
    lambda g: g[0],  # the walk sums
)


# The gradient of the images is symmetric as a map of p, so it maps gradients of its result, too.
# The statistics count as inputs of their own.


def mapped(gradient, x, mean, variance, eps, centred):
    plain = ones((*x.shape[2:4], 1), dtype=x.dtype, device=x.device)
    return input_gradient(gradient, x, plain, mean, variance, eps, centred)


def by_standardized(gradient, g, x, weight, mean, variance, eps):
    """The gradient with respect to z."""
    factor = factor_of(variance, eps)
    z, p = (x - mean) * factor, g * weight
    return -factor * (gradient * mean_over(p * z) + p * mean_over(gradient * z))


def normalize_input_x(gradient, g, x, weight, mean, variance, eps):
    s = by_standardized(gradient, g, x, weight, mean, variance, eps)
    return s * factor_of(variance, eps)


def normalize_input_variance(gradient, g, x, weight, mean, variance, out, eps):
    factor = factor_of(variance, eps)
    s = by_standardized(gradient, g, x, weight, mean, variance, eps)
    return factor**2 / -2 * (gradient * out + s * (x - mean) * factor)


rule(
    "normalize_input",
    lambda gradient, x, weight, mean, variance, eps, centred: (
        mapped(gradient, x, mean, variance, eps, centred) * weight
    ),
    normalize_input_x,
    lambda gradient, g, x, mean, variance, eps, centred: (
        mapped(gradient, x, mean, variance, eps, centred) * g
    ),
    lambda gradient, g, x, weight, mean, variance, eps: (
        -normalize_input_x(gradient, g, x, weight, mean, variance, eps)
    ),
    normalize_input_variance,
)
rule(
    "normalize_weight",
    lambda gradient, x, mean, variance, eps: gradient * ((x - mean) * factor_of(variance, eps)),
    lambda gradient, g, variance, eps: gradient * g * factor_of(variance, eps),
    lambda gradient, g, variance, eps: -gradient * g * factor_of(variance, eps),
    lambda gradient, g, x, mean, variance, eps: (
        gradient * g * (x - mean) * (factor_of(variance, eps) ** 3 / -2)
    ),
)
