"""A batch normalization made part of the layer before it, for evaluation."""

import copy

from tensorlib._core._functions import ones_like, reshape, sqrt, zeros_like
from tensorlib.autograd import no_grad
from tensorlib.nn.parameter import Parameter


def fuse_conv_bn_eval(conv, bn, transpose=False):
    """A convolution that does what another and the batch normalization after it do.

    Parameters
    ----------
    conv, bn : Module
        Both in evaluation mode.
    transpose : bool, optional
        Whether `conv` is transposed.

    Returns
    -------
    Module
        A copy of `conv` with other parameters.

    Raises
    ------
    ValueError
        If one is in training mode, `bn` has no running statistics, or `conv` is transposed and has
        several groups.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> conv, bn = nn.Conv2d(3, 8, 3).eval(), nn.BatchNorm2d(8).eval()
    >>> x = tl.ones((1, 3, 5, 5), dtype="float32")
    >>> tl.allclose(nn.utils.fuse_conv_bn_eval(conv, bn)(x), bn(conv(x)), atol=1e-6)
    True
    """
    if transpose and conv.groups > 1:
        raise ValueError(
            f"fuse_conv_bn_eval: expected a transposed convolution of one group, got {conv.groups}"
        )
    return _fused("fuse_conv_bn_eval", conv, bn, 1 if transpose else 0)


def fuse_conv_bn_weights(conv_w, conv_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, transpose=False):
    """The weight and the bias of a convolution with the batch normalization after it.

    Parameters
    ----------
    conv_w : Tensor
    conv_b : Tensor or None
    bn_rm, bn_rv : Tensor
        Running mean and variance.
    bn_eps : float
    bn_w, bn_b : Tensor or None
    transpose : bool, optional
        Whether the convolution is transposed.

    Returns
    -------
    weight, bias : Parameter

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> zero, one = tl.zeros(1), tl.ones(1)
    >>> w = tl.ones((1, 1, 1))
    >>> weight, bias = nn.utils.fuse_conv_bn_weights(w, None, one, one * 4, 0.0, one, zero)
    >>> weight.item(), bias.item()
    (0.5, -0.5)
    """
    return _fused_weights(conv_w, conv_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, 1 if transpose else 0)


def fuse_linear_bn_eval(linear, bn):
    """A linear layer that does what another and the batch normalization after it do.

    Parameters
    ----------
    linear, bn : Module
        Both in evaluation mode.

    Returns
    -------
    Module
        A copy of `linear` with other parameters.

    Raises
    ------
    ValueError
        If one is in training mode, or `bn` has no running statistics.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> linear, bn = nn.Linear(3, 8).eval(), nn.BatchNorm1d(8).eval()
    >>> x = tl.ones((1, 3), dtype="float32")
    >>> tl.allclose(nn.utils.fuse_linear_bn_eval(linear, bn)(x), bn(linear(x)), atol=1e-6)
    True
    """
    return _fused("fuse_linear_bn_eval", linear, bn, 0)


def fuse_linear_bn_weights(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b):
    """The weight and the bias of a linear layer with the batch normalization after it.

    Parameters and result are those of `fuse_conv_bn_weights`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> zero, one = tl.zeros(1), tl.ones(1)
    >>> w = tl.ones((1, 1))
    >>> weight, bias = nn.utils.fuse_linear_bn_weights(w, zero, one, one * 4, 0.0, one, zero)
    >>> weight.item(), bias.item()
    (0.5, -0.5)
    """
    return _fused_weights(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, 0)


def _fused(operation, layer, bn, axis):
    for module in (layer, bn):
        if module.training:
            kind = type(module).__name__
            raise ValueError(f"{operation}: expected {kind} in evaluation mode; call eval()")
    if bn.running_mean is None:
        raise ValueError(f"{operation}: expected {type(bn).__name__} with running statistics")
    fused = copy.deepcopy(layer)
    fused.weight, fused.bias = _fused_weights(
        *(layer.weight, layer.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias),
        axis,
    )
    return fused


def _fused_weights(weight, bias, mean, variance, eps, gain, shift, axis):
    trained = weight.requires_grad
    with no_grad():
        bias = zeros_like(mean) if bias is None else bias
        gain = ones_like(mean) if gain is None else gain
        shift = zeros_like(mean) if shift is None else shift
        scale = gain / sqrt(variance + eps)
        shape = tuple(-1 if i == axis else 1 for i in range(weight.ndim))
        fused = weight * reshape(scale, shape), (bias - mean) * scale + shift
    return tuple(Parameter(x.astype(weight.dtype, copy=False), trained) for x in fused)
