"""Rules of the activations.

Where a derivative takes several operations it is an op of its own, `..._slope`, so that a backward
pass is as fast as the forward pass; their rules are written out.
"""

import math

from tensorlib._core._functions import (
    exp,
    gelu_slope,
    gelu_tanh_slope,
    greater,
    mish_slope,
    sigmoid,
    silu_slope,
    softplus,
    sum,
    tanh,
    where,
)
from tensorlib.autograd.rules._common import times
from tensorlib.autograd.rules._register import rule, zero

TWO_OVER_ROOT_PI = 2 / math.sqrt(math.pi)
ROOT_2_PI = math.sqrt(2 * math.pi)

rule("erf", lambda g, x: times(g, TWO_OVER_ROOT_PI * exp(-x * x)))
rule("softplus", lambda g, x: times(g, sigmoid(x)))
rule("logsigmoid", lambda g, x: times(g, sigmoid(-x)))
rule(
    "leaky_relu",
    lambda g, x, slope: where(greater(x, 0), g, times(g, slope)),
    lambda g, x: where(greater(x, 0), zero(g), times(g, x)),
)

rule("gelu", lambda g, x: times(g, gelu_slope(x)))
rule("gelu_tanh", lambda g, x: times(g, gelu_tanh_slope(x)))
rule("silu", lambda g, x: times(g, silu_slope(x)))
rule("mish", lambda g, x: times(g, mish_slope(x)))


def gelu_curvature(g, x):
    square = x * x
    return times(g, exp(-0.5 * square) * (2 - square) / ROOT_2_PI)


def gelu_tanh_curvature(g, x):
    """With s the logistic function of u(x), (x s)'' = 2 s' + x s''."""
    square = x * x
    linear = math.sqrt(8 / math.pi)
    cubic = linear * 0.044715
    s = sigmoid(x * (linear + cubic * square))
    slope = linear + 3 * cubic * square
    slope_of_slope = 6 * cubic * x
    bend = 2 * slope + x * (slope_of_slope + (1 - 2 * s) * slope * slope)
    return times(g, s * (1 - s) * bend)


def silu_curvature(g, x):
    s = sigmoid(x)
    return times(g, s * (1 - s) * (2 + x * (1 - 2 * s)))


def mish_curvature(g, x):
    """With t = tanh(log(1 + exp(x))) and s the logistic function, t' = (1 - t**2) s."""
    s, t = sigmoid(x), tanh(softplus(x))
    return times(g, (1 - t * t) * s * (2 + x * (1 - s - 2 * t * s)))


rule("gelu_slope", gelu_curvature)
rule("gelu_tanh_slope", gelu_tanh_curvature)
rule("silu_slope", silu_curvature)
rule("mish_slope", mish_curvature)


# softmax along an axis


def softmax_rule(g, out, axis):
    product = g * out
    return product - out * sum(product, axis=axis, keepdims=True)


def log_softmax_rule(g, out, axis):
    return g - exp(out) * sum(g, axis=axis, keepdims=True)


rule("softmax", softmax_rule)
rule("log_softmax", log_softmax_rule)
