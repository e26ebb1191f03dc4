"""Rules of convolution and pooling.

Convolution is linear in its images and in its filters, so its gradients, and theirs, are each
other: three ops that are closed under differentiation.
"""

import math

from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import arange, reshape
from tensorlib._core._gradients import conj
from tensorlib.autograd.rules._common import scatter_add
from tensorlib.autograd.rules._register import rule


def images(g, weight, shape, *geometry):
    return apply(ops.conv_input, (g, conj(weight)), (shape, *geometry))


def filters(x, g, shape, *geometry):
    return apply(ops.conv_weight, (conj(x), g), (shape, *geometry))


def convolved(x, weight, *geometry):
    return apply(ops.conv, (x, weight), geometry)


rule(
    "conv",
    lambda g, weight, x_shape, stride, padding, dilation, groups: images(
        g, weight, x_shape, stride, padding, dilation, groups
    ),
    lambda g, x, weight_shape, stride, padding, dilation, groups: filters(
        x, g, weight_shape, stride, padding, dilation, groups
    ),
)
# In the next two, `g` is an input of the op, and `gradient` that of its output.
rule(
    "conv_input",
    lambda gradient, weight, stride, padding, dilation, groups: convolved(
        gradient, conj(weight), stride, padding, dilation, groups
    ),
    lambda gradient, g, weight_shape, stride, padding, dilation, groups: apply(
        ops.conv_weight,
        (gradient, conj(g)),
        (weight_shape, stride, padding, dilation, groups),
    ),
)
rule(
    "conv_weight",
    lambda gradient, g, x_shape, stride, padding, dilation, groups: apply(
        ops.conv_input, (conj(g), gradient), (x_shape, stride, padding, dilation, groups)
    ),
    lambda gradient, x, stride, padding, dilation, groups: convolved(
        conj(x), gradient, stride, padding, dilation, groups
    ),
)


def max_pool2d_rule(g, out1, x_shape):
    """To the place that each window's largest element came from."""
    *stack, height, width = x_shape
    # The place of each image, in all of them.
    first = arange(math.prod(stack), device=out1.device) * (height * width)
    places = out1 + reshape(first, (*stack, 1, 1))
    return reshape(scatter_add(g[0], (math.prod(x_shape),), (places,)), x_shape)


rule("max_pool2d", max_pool2d_rule)
rule(
    "resample",
    lambda g, axis, matrix: apply(ops.resample, (g,), (axis, matrix.transposed)),
)
