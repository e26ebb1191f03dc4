"""Smooth activations, gates, what resembles them piecewise, and probabilities along an axis."""

import warnings

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from tensorlib._arguments import on_device
from tensorlib._core import _functions as elementwise
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import (
    absolute,
    arange,
    argmax,
    copysign,
    equal,
    greater,
    less_equal,
    log,
    log1p,
    maximum,
    where,
)
from tensorlib.nn.functional._in_place import written
from tensorlib.random import default_generator


def sigmoid(input):
    """Compute the logistic function ``1 / (1 + exp(-x))``.

    Parameters
    ----------
    input : Tensor

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
    return elementwise.sigmoid(input)


def tanh(input):
    """Compute the hyperbolic tangent.

    Parameters
    ----------
    input : Tensor

    Returns
    -------
    Tensor of the same shape

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.tanh(tl.asarray([0.0])).tolist()
    [0.0]
    """
    return elementwise.tanh(input)


def logsigmoid(input):
    """Compute the logarithm of `sigmoid`, accurately.

    Parameters
    ----------
    input : Tensor

    Returns
    -------
    Tensor of the same shape

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.logsigmoid(tl.asarray([-1000.0, 1000.0])).tolist()
    [-1000.0, -0.0]
    """
    return elementwise.logsigmoid(input)


def softplus(input, beta=1.0, threshold=20.0):
    """Compute ``log(1 + exp(beta * x)) / beta``, without overflow: a smooth `relu`.

    Parameters
    ----------
    input : Tensor
    beta : float, optional
        Not zero.
    threshold : float, optional
        Where ``beta * x`` is above this, the result is `x` itself.

    Returns
    -------
    Tensor of the same shape

    Raises
    ------
    ValueError
        If `beta` is zero.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.softplus(tl.asarray([-1000.0, 0.0, 1000.0]))
    tensor([0.00000000e+00, 6.93147181e-01, 1.00000000e+03])
    """
    if beta == 0:
        raise ValueError("softplus: expected beta other than 0, got 0")
    scaled = input if beta == 1 else input * beta
    result = elementwise.softplus(scaled)
    if beta != 1:
        result = result / beta
    # Above 17 the two are one number, where they have no more digits than float32.
    if threshold >= 17 and result.dtype.itemsize <= 4:
        return result
    return where(greater(scaled, threshold), input, result)


def softsign(input):
    """Compute ``x / (1 + abs(x))``.

    Parameters
    ----------
    input : Tensor

    Returns
    -------
    Tensor of the same shape

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.softsign(tl.asarray([-1.0, 3.0])).tolist()
    [-0.5, 0.75]
    """
    return input / (absolute(input) + 1)


def tanhshrink(input):
    """Compute ``x - tanh(x)``.

    Parameters
    ----------
    input : Tensor

    Returns
    -------
    Tensor of the same shape

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.tanhshrink(tl.asarray([0.0, 100.0])).tolist()
    [0.0, 99.0]
    """
    return input - elementwise.tanh(input)


def hardshrink(input, lambd=0.5):
    """Replace what is in [-lambd, lambd] by zero.

    Parameters
    ----------
    input : Tensor
    lambd : float, optional

    Returns
    -------
    Tensor of the same shape and dtype

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.hardshrink(tl.asarray([-2.0, 0.5, 2.0])).tolist()
    [-2.0, 0.0, 2.0]
    """
    return where(less_equal(absolute(input), lambd), 0, input)


def softshrink(input, lambd=0.5):
    """Move towards zero by at most `lambd`.

    Parameters
    ----------
    input : Tensor
    lambd : float, optional
        Not negative.

    Returns
    -------
    Tensor of the same shape and dtype

    Raises
    ------
    ValueError
        If `lambd` is negative.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.softshrink(tl.asarray([-2.0, 0.5, 2.0])).tolist()
    [-1.5, 0.0, 1.5]
    """
    if not lambd >= 0:
        raise ValueError(f"softshrink: expected lambd >= 0, got {lambd}")
    moved = input - copysign(lambd, input.detach())
    return where(less_equal(absolute(input), lambd), 0, moved)


def hardsigmoid(input, inplace=False):
    """Compute ``relu6(x + 3) / 6``, which resembles `sigmoid`.

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
    >>> F.hardsigmoid(tl.asarray([-4.0, 0.0, 4.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    if inplace:
        return written("hardsigmoid", hardsigmoid, input)
    return elementwise.hardsigmoid(input)


def hardswish(input, inplace=False):
    """Compute ``x * hardsigmoid(x)``, which resembles `silu`.

    "Searching for MobileNetV3" (Howard et al., 2019), section 5.2.

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
    >>> F.hardswish(tl.asarray([-4.0, 1.5, 4.0])).tolist()
    [-0.0, 1.125, 4.0]
    """
    if inplace:
        return written("hardswish", hardswish, input)
    return elementwise.hardswish(input)


def gelu(input, approximate="none"):
    """Multiply by the normal distribution function.

    "Gaussian Error Linear Units" (Hendrycks and Gimpel, 2016), section 2. It is 0 at -inf, and
    keeps its digits where it is small.

    Parameters
    ----------
    input : Tensor
    approximate : {"none", "tanh"}, optional
        With "tanh" the distribution function is replaced by
        ``(1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2``.

    Returns
    -------
    Tensor of the same shape

    Raises
    ------
    ValueError
        If `approximate` is something else.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.gelu(tl.asarray([-1.0, 0.0, 1.0]))
    tensor([-0.15865525,  0.        ,  0.84134475])
    """
    if approximate == "none":
        return elementwise.gelu(input)
    if approximate == "tanh":
        return elementwise.gelu_tanh(input)
    raise ValueError(f"gelu: expected approximate 'none' or 'tanh', got {approximate!r}")


def silu(input, inplace=False):
    """Multiply by `sigmoid` of the input. It is 0 at -inf.

    "Gaussian Error Linear Units" (Hendrycks and Gimpel, 2016), section 2; also known as swish.

    Parameters
    ----------
    input : Tensor
    inplace : bool, optional
        Whether to write into `input`, and return it.

    Returns
    -------
    Tensor of the same shape

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.silu(tl.asarray([-1.0, 0.0, 1.0]))
    tensor([-0.26894142,  0.        ,  0.73105858])
    """
    return written("silu", silu, input) if inplace else elementwise.silu(input)


def mish(input, inplace=False):
    """Multiply by the hyperbolic tangent of `softplus` of the input. It is 0 at -inf.

    "Mish: A Self Regularized Non-Monotonic Activation Function" (Misra, 2019), equation 1.

    Parameters
    ----------
    input : Tensor
    inplace : bool, optional
        Whether to write into `input`, and return it.

    Returns
    -------
    Tensor of the same shape

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.mish(tl.asarray([-1.0, 0.0, 1.0]))
    tensor([-0.30340146,  0.        ,  0.86509839])
    """
    return written("mish", mish, input) if inplace else elementwise.mish(input)


def glu(input, dim=-1):
    """Multiply the first half along an axis by `sigmoid` of the second.

    "Language Modeling with Gated Convolutional Networks" (Dauphin et al., 2017), equation 1.

    Parameters
    ----------
    input : Tensor
    dim : int, optional
        The axis, of an even length.

    Returns
    -------
    Tensor
        Half as long along the axis.

    Raises
    ------
    numpy.exceptions.AxisError
        If `input` has no such axis.
    ValueError
        If the axis has an odd length.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.glu(tl.asarray([2.0, 4.0, 0.0, 1000.0])).tolist()
    [1.0, 4.0]
    """
    axis = normalize_axis_index(dim, input.ndim, "glu")
    half, odd = divmod(input.shape[axis], 2)
    if odd:
        raise ValueError(f"glu: expected an even length along axis {axis}, got {input.shape}")
    before = (slice(None),) * axis
    return input[(*before, slice(half))] * elementwise.sigmoid(input[(*before, slice(half, None))])


def softmax(input, dim=None, dtype=None):
    """Compute ``exp(x) / sum(exp(x))`` along an axis, without overflow.

    What is -inf gets the probability zero; where all of them are, the result is NaN.

    Parameters
    ----------
    input : Tensor
        Of a floating dtype.
    dim : int, optional
        The axis. Without it, 0 for an input of 0, 1 or 3 axes and 1 for others, with a warning.
    dtype : dtype, optional
        To which the input is cast first.

    Returns
    -------
    Tensor of the same shape

    Raises
    ------
    numpy.exceptions.AxisError
        If `input` has no such axis.
    TypeError
        If the dtype is not floating.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.softmax(tl.asarray([[5.0, 5.0], [1000.0, 0.0]]), dim=1).tolist()
    [[0.5, 0.5], [1.0, 0.0]]
    """
    return _along("softmax", ops.softmax, input, dim, dtype)


def log_softmax(input, dim=None, dtype=None):
    """Compute the logarithm of `softmax`, accurately; arguments and errors are the same.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.log_softmax(tl.asarray([0.0, -1000.0]), dim=0).tolist()
    [0.0, -1000.0]
    """
    return _along("log_softmax", ops.log_softmax, input, dim, dtype)


def softmin(input, dim=None, dtype=None):
    """Compute `softmax` of ``-input``; arguments and errors are the same.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.softmin(tl.asarray([0.0, 1000.0]), dim=0).tolist()
    [1.0, 0.0]
    """
    if dtype is not None:  # first: unsigned integers have no negative ones
        input = input.astype(dtype, copy=False)
    return _along("softmin", ops.softmax, -input, dim, None)


def gumbel_softmax(logits, tau=1, hard=False, eps=1e-10, dim=-1, *, generator=None):
    """Draw from a categorical distribution, differentiably.

    "Categorical Reparameterization with Gumbel-Softmax" (Jang et al., 2017), equation 2.

    Parameters
    ----------
    logits : Tensor
        Logarithms of probabilities, up to a constant; of a floating dtype.
    tau : float, optional
        Temperature: the smaller, the closer a draw is to one-hot.
    hard : bool, optional
        Whether draws are one-hot. The gradient is that of the soft ones.
    eps : float, optional
        Not used; PyTorch has it.
    dim : int, optional
        The axis of the categories.
    generator : tensorlib.random.Generator, optional
        By default the one that `tensorlib.manual_seed` seeds.

    Returns
    -------
    Tensor of the same shape and dtype

    Raises
    ------
    numpy.exceptions.AxisError
        If `logits` has no such axis.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> y = F.gumbel_softmax(tl.zeros((5, 3)), hard=True)
    >>> y.sum(axis=1).tolist(), y.max(axis=1).tolist()
    ([1.0, 1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0, 1.0])
    """
    axis = normalize_axis_index(dim, logits.ndim, "gumbel_softmax")
    # The negative logarithm of an exponential number, which may be rounded to zero.
    generator = generator or default_generator()
    if on_device(logits):
        noise = -log1p(-generator.random_on(logits.device, logits.shape, "float32"))
    else:
        noise = generator.standard_exponential(logits.shape, dtype="float32")
    noise = log(maximum(noise, np.finfo(np.float32).tiny)).astype(logits.dtype, copy=False)
    soft = softmax((logits - noise) / tau, axis)
    if not hard:
        return soft
    shape = [1] * soft.ndim
    shape[axis] = soft.shape[axis]
    places = arange(soft.shape[axis], device=soft.device).reshape(shape)
    value = soft.detach()
    chosen = equal(argmax(value, axis=axis, keepdims=True), places).astype(soft.dtype)
    return (chosen - value) + soft


def _along(name, op, input, dim, dtype):
    if dim is None:
        dim = 0 if input.ndim in (0, 1, 3) else 1
        warnings.warn(f"{name}: expected dim; without it, it is {dim}", stacklevel=3)
    axis = normalize_axis_index(dim, max(input.ndim, 1), name)
    if dtype is not None:
        input = input.astype(dtype, copy=False)
    if input.ndim:
        return apply(op, (input,), (axis,))
    return apply(op, (input.reshape(1),), (0,)).reshape(())
