"""Activations that are linear where the input is positive, and their in-place forms."""

from tensorlib._core._autocast import following
from tensorlib._core._functions import expm1, greater, less_equal, where
from tensorlib._core._functions import hardtanh as limited
from tensorlib._core._functions import leaky_relu as leaky
from tensorlib._core._functions import relu as rectified
from tensorlib.nn.functional._in_place import written
from tensorlib.random import default_generator

# Of "Self-Normalizing Neural Networks" (Klambauer et al., 2017), equation 14.
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


def threshold(input, threshold, value, inplace=False):
    """Replace what is not above a threshold by a value; NaN stays.

    Parameters
    ----------
    input : Tensor
    threshold, value : float
    inplace : bool, optional
        Whether to write into `input`, and return it.

    Returns
    -------
    Tensor of the same shape and dtype

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.threshold(tl.asarray([0.5, 2.0]), 1.0, -3.0).tolist()
    [-3.0, 2.0]
    """
    if inplace:
        return threshold_(input, threshold, value)
    return _above(input, threshold, value)


def threshold_(input, threshold, value):
    """Do as `threshold` in place, with the same arguments.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> x = tl.asarray([0.5, 2.0])
    >>> F.threshold_(x, 1.0, -3.0) is x, x.tolist()
    (True, [-3.0, 2.0])
    """
    return written("threshold", _above, input, threshold, value)


def _above(input, limit, value):
    return where(less_equal(input, limit), value, input)


def relu(input, inplace=False):
    """Replace what is below zero by zero; NaN stays.

    Parameters
    ----------
    input : Tensor
    inplace : bool, optional
        Whether to write into `input`, and return it.

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
    return rectified(input, out=input) if inplace else rectified(input)


def relu_(input):
    """Do as `relu` in place.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> x = tl.asarray([-1.0, 2.0])
    >>> F.relu_(x) is x, x.tolist()
    (True, [0.0, 2.0])
    """
    return rectified(input, out=input)


def hardtanh(input, min_val=-1.0, max_val=1.0, inplace=False):
    """Limit to an interval, with a gradient inside alone; NaN stays.

    Parameters
    ----------
    input : Tensor
        Of a floating dtype.
    min_val, max_val : float, optional
    inplace : bool, optional
        Whether to write into `input`, and return it.

    Returns
    -------
    Tensor of the same shape and dtype

    Raises
    ------
    ValueError
        If `min_val` is above `max_val`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.hardtanh(tl.asarray([-3.0, 0.5, 3.0])).tolist()
    [-1.0, 0.5, 1.0]
    """
    if min_val > max_val:
        raise ValueError(f"hardtanh: expected min_val <= max_val, got {min_val} and {max_val}")
    if inplace:
        return written("hardtanh", hardtanh, input, min_val, max_val)
    return limited(input, min_val, max_val)


def hardtanh_(input, min_val=-1.0, max_val=1.0):
    """Do as `hardtanh` in place, with the same arguments.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> x = tl.asarray([-3.0, 0.5])
    >>> F.hardtanh_(x) is x, x.tolist()
    (True, [-1.0, 0.5])
    """
    return hardtanh(input, min_val, max_val, inplace=True)


def relu6(input, inplace=False):
    """Limit to [0, 6]: `relu` that saturates.

    Parameters
    ----------
    input : Tensor
        Of a floating dtype.
    inplace : bool, optional
        Whether to write into `input`, and return it.

    Returns
    -------
    Tensor of the same shape and dtype

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.relu6(tl.asarray([-1.0, 2.0, 8.0])).tolist()
    [0.0, 2.0, 6.0]
    """
    return hardtanh(input, 0.0, 6.0, inplace)


def leaky_relu(input, negative_slope=0.01, inplace=False):
    """Multiply what is not positive by a slope.

    Parameters
    ----------
    input : Tensor
        Of a floating dtype.
    negative_slope : float, optional
    inplace : bool, optional
        Whether to write into `input`, and return it.

    Returns
    -------
    Tensor of the same shape and dtype

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.leaky_relu(tl.asarray([-1.0, 2.0]), 0.25).tolist()
    [-0.25, 2.0]
    """
    if inplace:
        return written("leaky_relu", leaky_relu, input, negative_slope)
    return leaky(input, negative_slope)


def leaky_relu_(input, negative_slope=0.01):
    """Do as `leaky_relu` in place, with the same arguments.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> x = tl.asarray([-1.0, 2.0])
    >>> F.leaky_relu_(x, 0.25) is x, x.tolist()
    (True, [-0.25, 2.0])
    """
    return leaky_relu(input, negative_slope, inplace=True)


def prelu(input, weight):
    """Multiply what is not positive by a slope that is learned.

    Parameters
    ----------
    input : Tensor
        Of a floating dtype and shape (N, C, ...).
    weight : Tensor
        Of one element, or of shape (C,): the slope of each channel. An input without an axis of
        channels has one channel.

    Returns
    -------
    Tensor of the same shape

    Raises
    ------
    ValueError
        If `weight` is neither of one element nor one for each channel.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.prelu(tl.asarray([[-1.0, -1.0]]), tl.asarray([0.25, 0.5])).tolist()
    [[-0.25, -0.5]]
    """
    channels = input.shape[1] if input.ndim > 1 else 1
    if weight.ndim > 1 or weight.size not in (1, channels):
        raise ValueError(
            f"prelu: expected weight of shape (1,) or ({channels},) for input of shape "
            f"{input.shape}, got {weight.shape}"
        )
    if weight.size > 1:
        weight = weight.reshape(-1, *(1,) * (input.ndim - 2))
    elif weight.ndim > input.ndim:
        weight = weight.reshape(())
    return leaky(input, following(weight, input))


def rrelu(input, lower=1.0 / 8, upper=1.0 / 3, training=False, inplace=False, *, generator=None):
    """Multiply what is not positive by slopes that training draws at random.

    "Empirical Evaluation of Rectified Activations in Convolution Network" (Xu et al., 2015).

    Parameters
    ----------
    input : Tensor
        Of a floating dtype.
    lower, upper : float, optional
        The slopes are uniform between these.
    training : bool, optional
        If false, the slope is the mean of the two.
    inplace : bool, optional
        Whether to write into `input`, and return it.
    generator : tensorlib.random.Generator, optional
        By default the one that `tensorlib.manual_seed` seeds.

    Returns
    -------
    Tensor of the same shape and dtype

    Raises
    ------
    ValueError
        If `lower` is above `upper`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.rrelu(tl.asarray([-1.0, 2.0]), 0.25, 0.75).tolist()
    [-0.5, 2.0]
    """
    if lower > upper:
        raise ValueError(f"rrelu: expected lower <= upper, got {lower} and {upper}")
    slope = (lower + upper) / 2
    if training:
        dtype = "float64" if input.dtype == "float64" else "float32"
        generator = generator or default_generator()
        slope = generator.random_on(input.device, input.shape, dtype)
        slope = (slope * (upper - lower) + lower).astype(input.dtype, copy=False)
    return leaky_relu(input, slope, inplace)


def rrelu_(input, lower=1.0 / 8, upper=1.0 / 3, training=False):
    """Do as `rrelu` in place, with the same arguments.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> x = tl.asarray([-1.0, 2.0])
    >>> F.rrelu_(x, 0.25, 0.75) is x, x.tolist()
    (True, [-0.5, 2.0])
    """
    return rrelu(input, lower, upper, training, inplace=True)


def elu(input, alpha=1.0, inplace=False):
    """Replace what is not positive by ``alpha * (exp(x) - 1)``.

    "Fast and Accurate Deep Network Learning by Exponential Linear Units" (Clevert et al., 2015),
    equation 15.

    Parameters
    ----------
    input : Tensor
        Of a floating dtype.
    alpha : float, optional
    inplace : bool, optional
        Whether to write into `input`, and return it.

    Returns
    -------
    Tensor of the same shape and dtype

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.elu(tl.asarray([-tl.inf, 2.0]), alpha=0.5).tolist()
    [-0.5, 2.0]
    """
    if inplace:
        return written("elu", elu, input, alpha)
    positive = greater(input, 0)
    # Of the negative numbers alone, so that no overflow of the others is in the gradient.
    left = expm1(where(positive, 0, input))
    return following(where(positive, input, left if alpha == 1 else left * alpha), input)


def elu_(input, alpha=1.0):
    """Do as `elu` in place, with the same arguments.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> x = tl.asarray([-tl.inf, 2.0])
    >>> F.elu_(x) is x, x.tolist()
    (True, [-1.0, 2.0])
    """
    return elu(input, alpha, inplace=True)


def selu(input, inplace=False):
    """Compute `elu`, scaled so that mean zero and variance one are preserved.

    "Self-Normalizing Neural Networks" (Klambauer et al., 2017), equation 2.

    Parameters
    ----------
    input : Tensor
        Of a floating dtype.
    inplace : bool, optional
        Whether to write into `input`, and return it.

    Returns
    -------
    Tensor of the same shape and dtype

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.selu(tl.asarray([-1.0, 1.0]))
    tensor([-1.11133074,  1.05070099])
    """
    if inplace:
        return written("selu", selu, input)
    return elu(input, SELU_ALPHA) * SELU_SCALE


def selu_(input):
    """Do as `selu` in place.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> x = tl.asarray([0.0, 1.0])
    >>> F.selu_(x) is x, x
    (True, tensor([0.        , 1.05070099]))
    """
    return selu(input, inplace=True)


def celu(input, alpha=1.0, inplace=False):
    """Replace what is not positive by ``alpha * (exp(x / alpha) - 1)``.

    Unlike `elu` it has no kink at zero, whatever `alpha` is. "Continuously Differentiable
    Exponential Linear Units" (Barron, 2017), equation 2.

    Parameters
    ----------
    input : Tensor
        Of a floating dtype.
    alpha : float, optional
        Not zero.
    inplace : bool, optional
        Whether to write into `input`, and return it.

    Returns
    -------
    Tensor of the same shape and dtype

    Raises
    ------
    ValueError
        If `alpha` is zero.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.celu(tl.asarray([-tl.inf, 2.0]), alpha=0.5).tolist()
    [-0.5, 2.0]
    """
    if alpha == 0:
        raise ValueError("celu: expected alpha other than 0, got 0")
    if inplace:
        return written("celu", celu, input, alpha)
    positive = greater(input, 0)
    left = expm1(where(positive, 0, input) / alpha) * alpha
    return following(where(positive, input, left), input)


def celu_(input, alpha=1.0):
    """Do as `celu` in place, with the same arguments.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> x = tl.asarray([-tl.inf, 2.0])
    >>> F.celu_(x, 0.5) is x, x.tolist()
    (True, [-0.5, 2.0])
    """
    return celu(input, alpha, inplace=True)
