"""What the layers compute, as functions without parameters of their own."""

import math

from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import arange, exp, isfinite, log, square, where
from tensorlib._manipulation import moveaxis
from tensorlib.nn._arguments import check_probability, pair
from tensorlib.random import default_generator

__all__ = [
    "conv2d",
    "cross_entropy",
    "dropout",
    "flatten",
    "linear",
    "log_softmax",
    "max_pool2d",
    "mse_loss",
    "nll_loss",
    "relu",
    "sigmoid",
    "softmax",
]


def linear(x, weight, bias=None):
    """Map the last axis: ``x @ weight.T + bias``.

    Parameters
    ----------
    x : Tensor, shape (..., in)
    weight : Tensor, shape (out, in)
    bias : Tensor, shape (out,), optional

    Returns
    -------
    Tensor, shape (..., out)

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.linear(tl.asarray([1.0, 2.0]), tl.asarray([[3.0, 4.0]]), tl.asarray([0.5])).tolist()
    [11.5]
    """
    if weight.ndim != 2 or x.ndim < 1 or x.shape[-1] != weight.shape[1]:
        raise ValueError(
            f"linear: expected shapes (..., in) and (out, in), got {x.shape} and {weight.shape}"
        )
    _check_bias("linear", bias, weight)
    result = x @ weight.T
    return result if bias is None else result + bias


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """Slide filters over images (cross-correlation).

    Parameters
    ----------
    x : Tensor, shape (N, C, H, W) or (C, H, W)
    weight : Tensor, shape (out, C / groups, height, width)
    bias : Tensor, shape (out,), optional
    stride : int or pair of ints, optional
        Step of the filter over the image.
    padding : int or pair of ints, optional
        Zeros added at both ends of an axis.
    dilation : int or pair of ints, optional
        Distance between the pixels that a filter sees.
    groups : int, optional
        Parts into which the channels fall; each has filters of its own.

    Returns
    -------
    Tensor, shape (N, out, H', W') or (out, H', W')
        ``H' = (H + 2 * padding - dilation * (height - 1) - 1) // stride + 1``.

    Raises
    ------
    TypeError
        If an option is no int or pair of ints.
    ValueError
        If the shapes do not fit, or an option is out of its range.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.conv2d(tl.ones((1, 1, 4, 4)), tl.ones((1, 1, 3, 3)), padding=1)[0, 0].tolist()[0]
    [4.0, 6.0, 6.0, 4.0]
    """
    stride = pair("conv2d", "stride", stride, 1)
    padding = pair("conv2d", "padding", padding, 0)
    dilation = pair("conv2d", "dilation", dilation, 1)
    groups, _ = pair("conv2d", "groups", (groups, 1), 1)
    if x.ndim not in (3, 4) or weight.ndim != 4:
        raise ValueError(
            "conv2d: expected shapes (N, C, H, W) or (C, H, W) and (out, C / groups, height, "
            f"width), got {x.shape} and {weight.shape}"
        )
    if x.shape[-3] != weight.shape[1] * groups or weight.shape[0] % groups:
        raise ValueError(
            f"conv2d: expected weight of shape (out, C / groups, height, width) with out a multiple"
            f" of groups, got {weight.shape} for images {x.shape} in {groups} groups"
        )
    if 0 in weight.shape[2:]:
        raise ValueError(f"conv2d: expected a filter with pixels, got weight {weight.shape}")
    _check_bias("conv2d", bias, weight)
    _check_window("conv2d", x.shape, weight.shape[2:], padding, dilation)
    images = x if x.ndim == 4 else x[None]
    result = apply(ops.conv2d, (images, weight), (stride, padding, dilation, groups))
    if bias is not None:
        result += bias.reshape(-1, 1, 1)  # in place: the gradient does not need what was there
    return result if x.ndim == 4 else result[0]


def max_pool2d(x, kernel_size, stride=None, padding=0, dilation=1, return_indices=False):
    """Take the largest pixel of each window.

    Parameters
    ----------
    x : Tensor, shape (N, C, H, W) or (C, H, W)
    kernel_size : int or pair of ints
        Size of the window.
    stride : int or pair of ints, optional
        Step of the window, by default its size.
    padding : int or pair of ints, optional
        Pixels added at both ends of an axis, below all others; at most half of the window.
    dilation : int or pair of ints, optional
        Distance between the pixels of a window.
    return_indices : bool, optional
        Whether to return also where in its image each pixel was, counted row by row.

    Returns
    -------
    Tensor, shape (N, C, H', W') or (C, H', W')
        The first of them with its indices (int64) if `return_indices`.

    Raises
    ------
    TypeError
        If an option is no int or pair of ints.
    ValueError
        If the shapes do not fit, or an option is out of its range.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.max_pool2d(tl.arange(16.0).reshape(1, 4, 4), 2).tolist()
    [[[5.0, 7.0], [13.0, 15.0]]]
    """
    kernel_size = pair("max_pool2d", "kernel_size", kernel_size, 1)
    stride = kernel_size if stride is None else pair("max_pool2d", "stride", stride, 1)
    padding = pair("max_pool2d", "padding", padding, 0)
    dilation = pair("max_pool2d", "dilation", dilation, 1)
    if x.ndim not in (3, 4):
        raise ValueError(f"max_pool2d: expected shape (N, C, H, W) or (C, H, W), got {x.shape}")
    if any(2 * p > k for p, k in zip(padding, kernel_size, strict=True)):
        raise ValueError(
            f"max_pool2d: expected padding of at most half of kernel_size {kernel_size}, "
            f"got {padding}"
        )
    _check_window("max_pool2d", x.shape, kernel_size, padding, dilation)
    images = x if x.ndim == 4 else x[None]
    results = apply(ops.max_pool2d, (images,), (kernel_size, stride, padding, dilation))
    if x.ndim == 3:
        results = tuple(result[0] for result in results)
    return tuple(results) if return_indices else results[0]


def relu(x):
    """Replace what is below zero by zero; NaN stays.

    Parameters
    ----------
    x : Tensor

    Returns
    -------
    Tensor of the same shape and dtype

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.relu(tl.asarray([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    return apply(ops.relu, (x,), ())


def sigmoid(x):
    """Compute ``1 / (1 + exp(-x))``, element by element.

    Parameters
    ----------
    x : Tensor

    Returns
    -------
    Tensor of the same shape

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.sigmoid(tl.asarray([0.0])).tolist()
    [0.5]
    """
    return apply(ops.sigmoid, (x,), ())


def dropout(x, p=0.5, training=True, generator=None):
    """Zero each element with probability `p` and scale the others by ``1 / (1 - p)``.

    Parameters
    ----------
    x : Tensor
        Of a floating dtype.
    p : float, optional
    training : bool, optional
        If false, `x` is returned as it is.
    generator : tensorlib.random.Generator, optional
        By default the one that `tensorlib.manual_seed` seeds.

    Returns
    -------
    Tensor of the same shape and dtype

    Raises
    ------
    ValueError
        If `p` is outside [0, 1].

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> y = F.dropout(tl.ones(1000), p=0.25)
    >>> sorted(set(y.tolist())) == [0.0, 1 / 0.75]
    True
    """
    check_probability("dropout", p)
    if not training or p == 0:
        return x
    # At p = 1 nothing is kept, so any finite factor serves.
    scale = 1.0 / (1.0 - p) if p < 1 else 0.0
    noise = (generator or default_generator()).random(x.shape, dtype="float32")
    factor = (noise >= p).astype(x.dtype)
    factor *= scale
    return x * factor


def flatten(x, start_dim=0, end_dim=-1):
    """Make one axis of the axes from `start_dim` to `end_dim`, both included.

    Parameters
    ----------
    x : Tensor
    start_dim, end_dim : int, optional

    Returns
    -------
    Tensor
        A view where the layout allows it.

    Raises
    ------
    IndexError
        If `x` has no such axis.
    ValueError
        If `start_dim` comes after `end_dim`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.flatten(tl.zeros((2, 3, 4)), start_dim=1).shape
    (2, 12)
    """
    rank = max(x.ndim, 1)
    for dim in (start_dim, end_dim):
        if not -rank <= dim < rank:
            raise IndexError(f"flatten: axis {dim} is out of bounds for shape {x.shape}")
    start, end = start_dim % rank, end_dim % rank
    if start > end:
        raise ValueError(f"flatten: expected start_dim <= end_dim, got {start_dim} and {end_dim}")
    merged = math.prod(x.shape[start : end + 1])
    return x.reshape((*x.shape[:start], merged, *x.shape[end + 1 :]))


def softmax(x, dim=-1):
    """Compute ``exp(x) / sum(exp(x))`` along an axis, without overflow.

    Parameters
    ----------
    x : Tensor
        Of a floating dtype.
    dim : int, optional
        The axis.

    Returns
    -------
    Tensor of the same shape and dtype

    Raises
    ------
    numpy.exceptions.AxisError
        If `x` has no such axis.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.softmax(tl.asarray([5.0, 5.0])).tolist()
    [0.5, 0.5]
    """
    powers = exp(_below_zero(x, dim))
    return powers / powers.sum(axis=dim, keepdims=True)


def log_softmax(x, dim=-1):
    """Compute the logarithm of `softmax`, accurately; arguments and errors are the same.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.log_softmax(tl.asarray([0.0, -1000.0])).tolist()
    [0.0, -1000.0]
    """
    shifted = _below_zero(x, dim)
    return shifted - log(exp(shifted).sum(axis=dim, keepdims=True))


def nll_loss(x, target, weight=None, ignore_index=-100, reduction="mean"):
    """Negative log-likelihood of the classes that are true.

    Parameters
    ----------
    x : Tensor, shape (N, C, ...) or (C,)
        Logarithms of probabilities of C classes, as `log_softmax` gives them.
    target : Tensor of an integer dtype, shape (N, ...) or ()
        The true classes.
    weight : Tensor, shape (C,), optional
        What each class counts.
    ignore_index : int, optional
        Where the target is this, nothing is counted.
    reduction : {"mean", "sum", "none"}, optional
        The mean is over the weights of the targets.

    Returns
    -------
    Tensor, shape () or that of `target` with "none"

    Raises
    ------
    IndexError
        If a target is no class.
    TypeError
        If the target has no integer dtype.
    ValueError
        If the shapes do not fit, or the reduction is unknown.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.nll_loss(tl.asarray([[-0.5, -2.0], [-3.0, -0.25]]), tl.asarray([0, 1])).item()
    0.375
    """
    _check_reduction("nll_loss", reduction)
    if target.dtype.kind not in "iu":
        raise TypeError(f"nll_loss: expected a target of an integer dtype, got {target.dtype}")
    if x.ndim == 0 or target.shape != (x.shape[:1] + x.shape[2:] if x.ndim > 1 else ()):
        raise ValueError(
            "nll_loss: expected shapes (N, C, ...) and (N, ...), or (C,) and (), "
            f"got {x.shape} and {target.shape}"
        )
    classes = x.shape[min(x.ndim - 1, 1)]
    if weight is not None and weight.shape != (classes,):
        raise ValueError(f"nll_loss: expected weight of shape ({classes},), got {weight.shape}")
    labels = target.reshape(-1)
    counted = _counted(labels, classes, ignore_index)
    if counted is not None:
        labels = where(counted, labels, 0)
    rows = moveaxis(x, min(x.ndim - 1, 1), -1).reshape((-1, classes))
    losses = -rows[arange(labels.size), labels]
    weights = None if weight is None else weight[labels]
    if counted is not None:
        # By `where`, so that an infinite loss that is not counted leaves no NaN.
        losses = where(counted, losses, 0)
        weights = counted.astype(x.dtype) if weights is None else where(counted, weights, 0)
    if weight is not None:
        losses = losses * weights
    if reduction == "mean" and weights is not None:
        return losses.sum() / weights.sum()
    return _reduce(losses.reshape(target.shape), reduction)


def cross_entropy(x, target, weight=None, ignore_index=-100, reduction="mean"):
    """Apply `nll_loss` to `log_softmax` of the scores of classes.

    Parameters
    ----------
    x : Tensor, shape (N, C, ...) or (C,)
        Scores of C classes, of any size.
    target, weight, ignore_index, reduction
        As in `nll_loss`.

    Returns
    -------
    Tensor, shape () or that of `target` with "none"

    Raises
    ------
    IndexError, TypeError, ValueError
        As `nll_loss`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> round(F.cross_entropy(tl.zeros((2, 10)), tl.asarray([3, 4])).item(), 4)
    2.3026
    """
    scores = log_softmax(x, min(x.ndim - 1, 1))
    return nll_loss(scores, target, weight, ignore_index, reduction)


def mse_loss(x, target, reduction="mean"):
    """Square of the difference.

    Parameters
    ----------
    x, target : Tensor
        Of shapes that broadcast.
    reduction : {"mean", "sum", "none"}, optional

    Returns
    -------
    Tensor, shape () or the broadcast one with "none"

    Raises
    ------
    ValueError
        If the shapes do not broadcast, or the reduction is unknown.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.mse_loss(tl.asarray([1.0, 3.0]), tl.asarray([1.0, 1.0])).item()
    2.0
    """
    _check_reduction("mse_loss", reduction)
    return _reduce(square(x - target), reduction)


def _check_bias(operation, bias, weight):
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(
            f"{operation}: expected bias of shape {weight.shape[:1]}, got {bias.shape}"
        )


def _check_window(operation, shape, window, padding, dilation):
    """Refuse a window that has no place in the image."""
    image = tuple(n + 2 * p for n, p in zip(shape[-2:], padding, strict=True))
    extent = tuple(d * (n - 1) + 1 for n, d in zip(window, dilation, strict=True))
    if extent[0] > image[0] or extent[1] > image[1]:
        raise ValueError(
            f"{operation}: expected images, padding included, no smaller than the window "
            f"{extent}, got {image}"
        )


def _check_reduction(operation, reduction):
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(
            f"{operation}: expected reduction 'mean', 'sum' or 'none', got {reduction!r}"
        )


def _reduce(losses, reduction):
    return losses if reduction == "none" else getattr(losses, reduction)()


def _below_zero(x, dim):
    """`x` less its maximum, which has no part in the gradient: the result does not depend on it."""
    top = x.detach().max(axis=dim, keepdims=True)
    # Where all is infinite there is nothing to take away.
    return x - where(isfinite(top), top, 0)


def _counted(labels, classes, ignore_index):
    """Where labels are counted, or None if everywhere; refuses what is no class."""
    if labels.size == 0:
        return None
    low, high = int(labels.min()), int(labels.max())
    if low >= 0 and high < classes and not low <= ignore_index <= high:
        return None
    counted = labels != ignore_index
    wrong = labels[counted & ((labels < 0) | (labels >= classes))]
    if wrong.size:
        raise IndexError(f"nll_loss: expected classes from 0 to {classes - 1}, got {int(wrong[0])}")
    return counted
