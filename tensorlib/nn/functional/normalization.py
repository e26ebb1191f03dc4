"""Normalization: by statistics of the input, of its neighbours, or by a norm.

Batch, layer, group and instance normalization differ in what they take means over, so they are
one op, which sees its input as (batch, stack, group, channel, place): statistics are taken over
batch, channel and place, and weights belong to a group and a channel.
"""

import math

import numpy as np

from tensorlib._core._autocast import following
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import broadcast_to, maximum, ones, zeros
from tensorlib._dtypes import result_type
from tensorlib._manipulation import swapaxes
from tensorlib.autograd import no_grad
from tensorlib.linalg import vector_norm
from tensorlib.nn._arguments import int_tuple
from tensorlib.nn.functional._resampling import window_averages

# Up to so many, the numbers of channels are written out for each place.
FEW_PLACES = 256


def batch_norm(
    input,
    running_mean,
    running_var,
    weight=None,
    bias=None,
    training=False,
    momentum=0.1,
    eps=1e-5,
):
    """Give each channel mean zero and variance one, over all samples and places.

    ``(input - mean) / sqrt(var + eps) * weight + bias`` (Ioffe and Szegedy, "Batch normalization",
    2015). The statistics are those of the input in training, else the running ones.

    Parameters
    ----------
    input : Tensor, shape (N, C, ...)
        Of a floating dtype.
    running_mean, running_var : Tensor, shape (C,), or None
        In training they are moved, in place, towards the statistics of the input: the mean, and
        the variance with divisor ``n - 1``.
    weight, bias : Tensor, shape (C,), optional
    training : bool, optional
    momentum : float, optional
        How far the running statistics are moved, from 0 to 1.
    eps : float, optional

    Returns
    -------
    Tensor of the same shape

    Raises
    ------
    TypeError
        If the dtype is not floating.
    ValueError
        If the shapes do not fit, there are no running statistics where they are needed, or a
        channel has one value only in training.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> x = tl.asarray([[1.0, 10.0], [3.0, 30.0]])
    >>> F.batch_norm(x, None, None, training=True, eps=0.0).tolist()
    [[-1.0, -1.0], [1.0, 1.0]]
    """
    if input.ndim < 2:
        raise ValueError(f"batch_norm: expected an input of shape (N, C, ...), got {input.shape}")
    running = _check_running("batch_norm", input, running_mean, running_var, not training)
    given = input
    input, weight, bias = _operands("batch_norm", input, weight, bias, input.shape[1:2])
    if not training:
        return following(by_statistics(input, running, weight, bias, eps), given)
    samples, channels, *places = input.shape
    places = math.prod(places)
    count = samples * places
    if count < 2:
        raise ValueError(
            "batch_norm: expected more than one value for each channel in training, got an input "
            f"of shape {input.shape}"
        )
    if places == 1:
        # Numbers of a channel are brought together, which is quicker than to read them apart.
        shape = (1, 1, channels, 1, count)
        result, mean, variance = _normalize(swapaxes(input, 0, 1), shape, weight, bias, eps)
        result = swapaxes(result, 0, 1)
    else:
        shape = (samples, 1, channels, 1, places)
        result, mean, variance = _normalize(input, shape, weight, bias, eps)
    update_running(running, mean.reshape(-1), variance.reshape(-1), count, momentum)
    return following(result, given)


def instance_norm(
    input,
    running_mean=None,
    running_var=None,
    weight=None,
    bias=None,
    use_input_stats=True,
    momentum=0.1,
    eps=1e-5,
):
    """Give each channel of each sample mean zero and variance one, over its places.

    Ulyanov, Vedaldi and Lempitsky, "Instance normalization: the missing ingredient for fast
    stylization" (2016). Parameters, result and errors are those of `batch_norm`, with
    `use_input_stats` for `training`; what is added to the running statistics is the mean of those
    of the samples.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.instance_norm(tl.asarray([[[1.0, 3.0], [10.0, 30.0]]]), eps=0.0).tolist()
    [[[-1.0, 1.0], [-1.0, 1.0]]]
    """
    if input.ndim < 3:
        raise ValueError(
            f"instance_norm: expected an input of shape (N, C, L, ...), got {input.shape}"
        )
    running = _check_running("instance_norm", input, running_mean, running_var, not use_input_stats)
    given = input
    input, weight, bias = _operands("instance_norm", input, weight, bias, input.shape[1:2])
    if not use_input_stats:
        return following(by_statistics(input, running, weight, bias, eps), given)
    samples, channels, *places = input.shape
    places = math.prod(places)
    if places < 2:
        raise ValueError(
            "instance_norm: expected more than one place to take statistics over, got an input of "
            f"shape {input.shape}"
        )
    shape = (1, samples, channels, 1, places)
    result, mean, variance = _normalize(input, shape, weight, bias, eps)
    if running is not None:
        mean, variance = (x.reshape(samples, channels).mean(axis=0) for x in (mean, variance))
        update_running(running, mean, variance, places, momentum)
    return following(result, given)


def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5):
    """Give mean zero and variance one over the last axes.

    ``(input - mean) / sqrt(var + eps) * weight + bias`` (Ba, Kiros and Hinton, "Layer
    normalization", 2016).

    Parameters
    ----------
    input : Tensor, shape (..., normalized_shape)
        Of a floating dtype.
    normalized_shape : int or sequence of int
        Of the axes to take mean and variance over.
    weight, bias : Tensor, shape normalized_shape, optional
    eps : float, optional

    Returns
    -------
    Tensor of the same shape

    Raises
    ------
    TypeError
        If the dtype is not floating.
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.layer_norm(tl.asarray([[1.0, 3.0], [10.0, 30.0]]), (2,), eps=0.0).tolist()
    [[-1.0, 1.0], [-1.0, 1.0]]
    """
    shape = _last_axes("layer_norm", input, normalized_shape)
    input, weight, bias = _operands("layer_norm", input, weight, bias, shape)
    return _normalize(input, _rows(input, shape), weight, bias, eps)[0]


def rms_norm(input, normalized_shape, weight=None, eps=None):
    """Divide by the root of the mean square over the last axes.

    ``input / sqrt(mean(input ** 2) + eps) * weight`` (Zhang and Sennrich, "Root mean square layer
    normalization", 2019).

    Parameters
    ----------
    input : Tensor, shape (..., normalized_shape)
        Of a floating dtype.
    normalized_shape : int or sequence of int
        Of the axes to take the mean over.
    weight : Tensor, shape normalized_shape, optional
    eps : float, optional
        By default the spacing of numbers of the input's dtype at one; of 16 bits, float32's.

    Returns
    -------
    Tensor of the same shape

    Raises
    ------
    TypeError
        If the dtype is not floating.
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.rms_norm(tl.asarray([[3.0, -3.0]]), (2,), eps=0.0).tolist()
    [[1.0, -1.0]]
    """
    shape = _last_axes("rms_norm", input, normalized_shape)
    input, weight, _ = _operands("rms_norm", input, weight, None, shape)
    if eps is None:
        eps = float(np.finfo(_statistics_dtype(input)).eps)
    return _normalize(input, _rows(input, shape), weight, None, eps, centred=False)[0]


def group_norm(input, num_groups, weight=None, bias=None, eps=1e-5):
    """Give each group of channels of each sample mean zero and variance one.

    Wu and He, "Group normalization" (2018).

    Parameters
    ----------
    input : Tensor, shape (N, C, ...)
        Of a floating dtype.
    num_groups : int
        Divides C.
    weight, bias : Tensor, shape (C,), optional
    eps : float, optional

    Returns
    -------
    Tensor of the same shape

    Raises
    ------
    TypeError
        If the dtype is not floating, or `num_groups` is no int.
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.group_norm(tl.asarray([[1.0, 3.0, 10.0, 30.0]]), 2, eps=0.0).tolist()
    [[-1.0, 1.0, -1.0, 1.0]]
    """
    (num_groups,) = int_tuple("group_norm", "num_groups", num_groups, 1, 1)
    if input.ndim < 2 or input.shape[1] % num_groups:
        raise ValueError(
            f"group_norm: expected an input of shape (N, C, ...) with C a multiple of num_groups "
            f"{num_groups}, got {input.shape}"
        )
    input, weight, bias = _operands("group_norm", input, weight, bias, input.shape[1:2])
    samples, channels, *places = input.shape
    shape = (1, samples, num_groups, channels // num_groups, math.prod(places))
    return _normalize(input, shape, weight, bias, eps)[0]


def local_response_norm(input, size, alpha=1e-4, beta=0.75, k=1.0):
    """Divide by a power of the mean square of neighbouring channels.

    ``input / (k + alpha * mean) ** beta``, where the mean is that of the squares of `size` channels
    around, those beyond the ends counted as zero (Krizhevsky, Sutskever and Hinton, "ImageNet
    classification with deep convolutional neural networks", 2012, section 3.3).

    Parameters
    ----------
    input : Tensor, shape (N, C, L, ...)
        Of a floating dtype.
    size : int
        Number of channels.
    alpha, beta, k : float, optional

    Returns
    -------
    Tensor of the same shape and dtype

    Raises
    ------
    TypeError
        If `size` is no int.
    ValueError
        If there are fewer than three axes, or `size` is less than one.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.local_response_norm(tl.ones((1, 3, 1)), 3, alpha=3.0, beta=1.0).flatten().tolist()
    [0.3333333333333333, 0.25, 0.3333333333333333]
    """
    (size,) = int_tuple("local_response_norm", "size", size, 1, 1)
    if input.ndim < 3:
        raise ValueError(
            f"local_response_norm: expected an input of shape (N, C, L, ...), got {input.shape}"
        )
    channels = input.shape[1]
    neighbours = window_averages(channels, channels, size, 1, size // 2, size)
    means = apply(ops.resample, (input * input,), (1, neighbours))
    return input / (means * alpha + k) ** beta


def normalize(input, p=2.0, dim=1, eps=1e-12, out=None):
    """Divide by the norm along an axis, or by `eps` where the norm is less.

    Parameters
    ----------
    input : Tensor
    p : float, optional
        Order of the norm, as for `tensorlib.linalg.vector_norm`.
    dim : int or tuple of int, optional
        The axes that make up a vector.
    eps : float, optional
    out : Tensor, optional
        Where the result is written, and what is returned then.

    Returns
    -------
    Tensor of the same shape and dtype

    Raises
    ------
    numpy.exceptions.AxisError
        If `input` has no such axis.
    ValueError
        If `out` has another shape.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.normalize(tl.asarray([[3.0, 4.0]])).tolist()
    [[0.6, 0.8]]
    """
    length = vector_norm(input, axis=dim, keepdims=True, ord=p)
    result = input / maximum(length, eps)
    if out is None:
        return result
    if out.shape != input.shape:
        raise ValueError(f"normalize: expected out of shape {input.shape}, got {out.shape}")
    out[...] = result
    return out


def _normalize(input, shape, weight, bias, eps, centred=True):
    """The input, seen in five axes, normalized; the means and the variances."""
    channels = (*shape[2:4], 1)
    given = {"dtype": input.dtype, "device": input.device}
    weight = ones(channels, **given) if weight is None else weight.reshape(channels)
    bias = zeros(channels, **given) if bias is None else bias.reshape(channels)
    images = input.reshape(shape)
    result, mean, variance = apply(ops.normalize, (images, weight, bias), (float(eps), centred))
    return result.reshape(input.shape), mean, variance


def _rows(input, normalized_shape):
    """The five axes of an input whose last axes are normalized."""
    kept = input.shape[: input.ndim - len(normalized_shape)]
    return (1, math.prod(kept), 1, math.prod(normalized_shape), 1)


def _last_axes(operation, input, normalized_shape):
    """`normalized_shape` as a tuple, checked against the input."""
    shape = normalized_shape if isinstance(normalized_shape, tuple | list) else (normalized_shape,)
    shape = int_tuple(operation, "normalized_shape", shape, len(shape), 0) if shape else ()
    if not shape or input.shape[-len(shape) :] != shape:
        raise ValueError(
            f"{operation}: expected an input of shape (..., *normalized_shape) with "
            f"normalized_shape {shape}, got {input.shape}"
        )
    return shape


def _operands(operation, input, weight, bias, shape):
    """Input, weight and bias of one floating dtype; these two have the given shape or are None."""
    if input.dtype.kind not in "fV" or input.dtype.itemsize < 2:  # bfloat16's kind is V
        raise TypeError(
            f"{operation}: expected an input of a floating dtype of at least 16 bits, "
            f"got {input.dtype}"
        )
    operands = [input]
    for name, operand in (("weight", weight), ("bias", bias)):
        if operand is not None and operand.shape != shape:
            raise ValueError(
                f"{operation}: expected {name} of shape {shape} for an input of shape "
                f"{input.shape}, got {operand.shape}"
            )
        operands.append(operand)
    dtypes = [operand.dtype for operand in operands if operand is not None]
    if any(dtype != dtypes[0] for dtype in dtypes):
        dtype = result_type(*dtypes)
        operands = [x if x is None else x.astype(dtype, copy=False) for x in operands]
    return operands


def _check_running(operation, input, mean, variance, needed):
    """The running statistics, which fit the input; None where there are none."""
    if (mean is None) != (variance is None):
        raise ValueError(f"{operation}: expected both running_mean and running_var, or neither")
    if mean is None:
        if needed:
            raise ValueError(
                f"{operation}: expected running_mean and running_var where the input's own "
                "statistics are not used"
            )
        return None
    for name, statistics in (("running_mean", mean), ("running_var", variance)):
        if statistics.shape != input.shape[1:2]:
            raise ValueError(
                f"{operation}: expected {name} of shape {input.shape[1:2]} for an input of shape "
                f"{input.shape}, got {statistics.shape}"
            )
    return mean, variance


def by_statistics(input, statistics, weight, bias, eps):
    """The input normalized by given statistics."""
    wide = input.astype(_statistics_dtype(input), copy=False)
    mean, variance = (x.astype(wide.dtype, copy=False) for x in statistics)
    factor = (variance + eps) ** -0.5
    if weight is not None:
        factor = factor * weight
    shift = -mean * factor
    if bias is not None:
        shift = shift + bias
    factor, shift = (_for_places(x, wide) for x in (factor, shift))
    result = wide * factor
    result += shift  # in place: the gradient does not need what was there
    return result.astype(input.dtype, copy=False)


def _statistics_dtype(input):
    """The dtype to compute in: float32 for 16 bits, which leave few digits to a difference."""
    return input.dtype if input.dtype.itemsize > 2 else np.dtype("float32")


def _for_places(values, input):
    """One number for each channel, ready to be broadcast with the input."""
    values = values.astype(input.dtype, copy=False)
    places = input.shape[2:]
    if 1 < math.prod(places) < FEW_PLACES:
        # Loops over long rows are quicker than many over short ones.
        values = broadcast_to(values[:, None], (values.size, math.prod(places))).reshape(-1)
        return values.reshape(input.shape[1:])
    return values.reshape(-1, *(1,) * len(places))


def update_running(running, mean, variance, count, momentum):
    """Move running statistics towards those of the input, one number for each channel."""
    if running is None:
        return
    with no_grad():
        for target, value, factor in (
            (running[0], mean, momentum),
            (running[1], variance, momentum * count / (count - 1)),
        ):
            target *= 1 - momentum
            target += factor * value
