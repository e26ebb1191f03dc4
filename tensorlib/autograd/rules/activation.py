"""Rules of the activations.

Where a derivative takes several operations, the gradient is an op of its own, `..._backward`: one
pass over the memory. It is linear in g; what it does with x is written out.
"""

import math

from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import (
    exp,
    gelu_backward,
    gelu_tanh_backward,
    greater,
    greater_equal,
    hardsigmoid_backward,
    hardswish_backward,
    less,
    less_equal,
    logical_and,
    logical_or,
    mish_backward,
    relu_backward,
    sigmoid,
    silu_backward,
    softplus,
    sum,
    tanh,
    where,
)
from tensorlib._core._gradients import times_own
from tensorlib.autograd.rules._common import times
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

rule("relu", lambda g, out: relu_backward(g, out))
rule("relu_backward", lambda gradient, y: relu_backward(gradient, y), zero)

rule("hardsigmoid", lambda g, x: hardsigmoid_backward(g, x))
rule("hardsigmoid_backward", lambda gradient, x: hardsigmoid_backward(gradient, x), zero)
rule("hardswish", lambda g, x: hardswish_backward(g, x))
rule(
    "hardtanh",
    lambda g, x, min, max: where(logical_or(less_equal(x, min), greater_equal(x, max)), 0, g),
    lambda g, x, min: where(less_equal(x, min), g, 0),
    lambda g, x, max: where(greater_equal(x, max), g, 0),
)

rule("gelu", lambda g, x: gelu_backward(g, x))
rule("gelu_tanh", lambda g, x: gelu_tanh_backward(g, x))
rule("silu", lambda g, x: silu_backward(g, x))
rule("mish", lambda g, x: mish_backward(g, x))


def gelu_curvature(x):
    square = x * x
    return exp(-0.5 * square) * (2 - square) / ROOT_2_PI


def gelu_tanh_curvature(x):
    """With s the logistic function of u(x), (x s)'' = 2 s' + x s''."""
    square = x * x
    linear = math.sqrt(8 / math.pi)
    cubic = linear * 0.044715
    s = sigmoid(x * (linear + cubic * square))
    slope = linear + 3 * cubic * square
    slope_of_slope = 6 * cubic * x
    bend = 2 * slope + x * (slope_of_slope + (1 - 2 * s) * slope * slope)
    return s * (1 - s) * bend


def silu_curvature(x):
    s = sigmoid(x)
    return s * (1 - s) * (2 + x * (1 - 2 * s))


def mish_curvature(x):
    """With t = tanh(log(1 + exp(x))) and s the logistic function, t' = (1 - t**2) s."""
    s, t = sigmoid(x), tanh(softplus(x))
    return (1 - t * t) * s * (2 + x * (1 - s - 2 * t * s))


def backward_rule(backward, curvature):
    """The rule of an op that multiplies g by a slope at x, which changes by `curvature`."""
    rule(
        backward.__name__,
        lambda gradient, x: backward(gradient, x),
        lambda gradient, g, x: times(times(gradient, g), curvature(x)),
    )


def hardswish_curvature(x):
    return where(logical_and(greater(x, -3), less(x, 3)), 1 / 3, 0)


backward_rule(hardswish_backward, hardswish_curvature)
backward_rule(gelu_backward, gelu_curvature)
backward_rule(gelu_tanh_backward, gelu_tanh_curvature)
backward_rule(silu_backward, silu_curvature)
backward_rule(mish_backward, mish_curvature)


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
