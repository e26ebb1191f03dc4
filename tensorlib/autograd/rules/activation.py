"""Rules of the activations.

Where a derivative takes several operations it is an op of its own, `..._slope`, so that a backward
pass is as fast as the forward pass; their rules are written out.
"""

import math

from tensorlib._core._dispatch import apply, ops
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
from tensorlib.autograd.rules._common import times, times_own
from tensorlib.autograd.rules._register import rule, zero

TWO_OVER_ROOT_PI = 2 / math.sqrt(math.pi)
ROOT_2_PI = math.sqrt(2 * math.pi)

rule("erf", lambda g, x: times_own(g, TWO_OVER_ROOT_PI * exp(-x * x)))
rule("softplus", lambda g, x: times_own(g, sigmoid(x)))
rule("logsigmoid", lambda g, x: times_own(g, sigmoid(-x)))
rule(
    "leaky_relu",
    lambda g, x, slope: where(greater(x, 0), g, times(g, slope)),
    lambda g, x: where(greater(x, 0), zero(g), times(g, x)),
)

rule("gelu", lambda g, x: times_own(g, gelu_slope(x)))
rule("gelu_tanh", lambda g, x: times_own(g, gelu_tanh_slope(x)))
rule("silu", lambda g, x: times_own(g, silu_slope(x)))
rule("mish", lambda g, x: times_own(g, mish_slope(x)))


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


# The gradient of softmax is symmetric as a map of g, so it maps gradients of its result, too.


def softmax_backward(g, y, axis):
    return apply(ops.softmax_backward, (g, y), (axis,))


def softmax_backward_y(gradient, g, y, axis):
    part = gradient * (g - sum(g * y, axis=axis, keepdims=True))
    return part - g * sum(gradient * y, axis=axis, keepdims=True)


def log_softmax_backward_y(gradient, g, y, axis):
    return -gradient * exp(y) * sum(g, axis=axis, keepdims=True)


rule("softmax", lambda g, out, axis: softmax_backward(g, out, axis))
rule(
    "softmax_backward",
    lambda gradient, y, axis: softmax_backward(gradient, y, axis),
    softmax_backward_y,
)
rule("log_softmax", lambda g, out, axis: apply(ops.log_softmax_backward, (g, out), (axis,)))
rule(
    "log_softmax_backward",
    lambda gradient, y, axis: gradient - sum(gradient * exp(y), axis=axis, keepdims=True),
    log_softmax_backward_y,
)
