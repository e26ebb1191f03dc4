"""First values of parameters. Each function fills a Tensor in place and returns it."""

import math

from tensorlib.autograd import no_grad
from tensorlib.random import default_generator

__all__ = [
    "calculate_fans",
    "calculate_gain",
    "constant_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "reset_affine_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]

# Variance that an activation takes away, as the factor that gives it back.
GAINS = {"linear": 1.0, "sigmoid": 1.0, "tanh": 5.0 / 3.0, "relu": math.sqrt(2.0)}


def calculate_gain(nonlinearity, a=0.0):
    """Return the factor for the deviation of weights that feed an activation.

    Parameters
    ----------
    nonlinearity : {"linear", "sigmoid", "tanh", "relu", "leaky_relu"}
    a : float, optional
        Slope of ``"leaky_relu"`` below zero.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the name is another one.

    Examples
    --------
    >>> from tensorlib import nn
    >>> nn.init.calculate_gain("linear")
    1.0
    """
    if nonlinearity == "leaky_relu":
        return math.sqrt(2.0 / (1.0 + a * a))
    if nonlinearity not in GAINS:
        names = ", ".join([*GAINS, "leaky_relu"])
        raise ValueError(f"calculate_gain: expected one of {names}, got {nonlinearity!r}")
    return GAINS[nonlinearity]


def calculate_fans(tensor):
    """Return how many inputs feed one output of a weight, and how many outputs one input feeds.

    Parameters
    ----------
    tensor : Tensor
        Of shape ``(out, in, *window)``.

    Returns
    -------
    fan_in, fan_out : int

    Raises
    ------
    ValueError
        If the Tensor has fewer than two axes.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.init.calculate_fans(tl.empty((32, 16, 3, 3)))
    (144, 288)
    """
    if tensor.ndim < 2:
        raise ValueError(f"calculate_fans: expected at least two axes, got shape {tensor.shape}")
    window = math.prod(tensor.shape[2:])
    return tensor.shape[1] * window, tensor.shape[0] * window


def constant_(tensor, value):
    """Fill with one value.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.init.constant_(tl.empty(3), 0.5).tolist()
    [0.5, 0.5, 0.5]
    """
    with no_grad():
        tensor[...] = value
    return tensor


def zeros_(tensor):
    """Fill with zeros.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.init.zeros_(tl.empty(3)).tolist()
    [0.0, 0.0, 0.0]
    """
    return constant_(tensor, 0)


def ones_(tensor):
    """Fill with ones.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.init.ones_(tl.empty(3)).tolist()
    [1.0, 1.0, 1.0]
    """
    return constant_(tensor, 1)


def uniform_(tensor, a=0.0, b=1.0, generator=None):
    """Fill from the uniform distribution over [a, b).

    Parameters
    ----------
    tensor : Tensor
        Of a floating dtype.
    a, b : float, optional
    generator : tensorlib.random.Generator, optional
        By default the one that `tensorlib.manual_seed` seeds.

    Returns
    -------
    Tensor
        `tensor` itself.

    Raises
    ------
    TypeError
        If the dtype is not floating.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> x = nn.init.uniform_(tl.empty(1000), -2.0, 2.0)
    >>> bool((abs(x) <= 2).all())
    True
    """
    return _fill("uniform_", "random", tensor, b - a, a, generator)


def normal_(tensor, mean=0.0, std=1.0, generator=None):
    """Fill from the normal distribution; `generator` and errors as in `uniform_`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> abs(nn.init.normal_(tl.empty(1000), mean=5.0, std=0.1).mean().item() - 5.0) < 0.1
    True
    """
    return _fill("normal_", "standard_normal", tensor, std, mean, generator)


def kaiming_uniform_(tensor, a=0.0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Fill uniformly so that the variance stays the same through layers with a rectifier.

    The bound is ``gain * sqrt(3 / fan)`` (He et al. 2015, "Delving deep into rectifiers").

    Parameters
    ----------
    tensor : Tensor
        Of shape ``(out, in, *window)`` and a floating dtype.
    a : float, optional
        Slope of the rectifier below zero.
    mode : {"fan_in", "fan_out"}, optional
        Whether the variance is kept on the way forward or back.
    nonlinearity : str, optional
        As in `calculate_gain`.
    generator : tensorlib.random.Generator, optional
        By default the one that `tensorlib.manual_seed` seeds.

    Returns
    -------
    Tensor
        `tensor` itself.

    Raises
    ------
    TypeError
        If the dtype is not floating.
    ValueError
        If there are fewer than two axes, or a name is unknown.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> x = nn.init.kaiming_uniform_(tl.empty((10, 6)), nonlinearity="relu")
    >>> bool((abs(x) <= 1).all())
    True
    """
    bound = math.sqrt(3.0) * _kaiming_deviation(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(tensor, a=0.0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Fill normally with deviation ``gain / sqrt(fan)``; arguments as in `kaiming_uniform_`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.init.kaiming_normal_(tl.empty((10, 6))).shape
    (10, 6)
    """
    return normal_(tensor, 0.0, _kaiming_deviation(tensor, a, mode, nonlinearity), generator)


def xavier_uniform_(tensor, gain=1.0, generator=None):
    """Fill uniformly within ``gain * sqrt(6 / (fan_in + fan_out))``.

    Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural
    networks". Arguments and errors are those of `kaiming_uniform_`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> bool((abs(nn.init.xavier_uniform_(tl.empty((2, 4)))) <= 1).all())
    True
    """
    bound = math.sqrt(3.0) * _xavier_deviation(tensor, gain)
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor, gain=1.0, generator=None):
    """Fill normally with deviation ``gain * sqrt(2 / (fan_in + fan_out))``.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.init.xavier_normal_(tl.empty((10, 6))).shape
    (10, 6)
    """
    return normal_(tensor, 0.0, _xavier_deviation(tensor, gain), generator)


def reset_affine_(weight, bias):
    """Fill a weight and its bias (or None) uniformly within ``1 / sqrt(fan_in)``.

    That is PyTorch's default, `kaiming_uniform_` with ``a=sqrt(5)``.

    Parameters
    ----------
    weight : Tensor, shape (out, in, ...)
    bias : Tensor or None

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> weight = tl.empty((3, 4))
    >>> nn.init.reset_affine_(weight, None)
    >>> bool((abs(weight) <= 0.5).all())
    True
    """
    bound = 1.0 / math.sqrt(max(calculate_fans(weight)[0], 1))
    for tensor in (weight, bias):
        if tensor is not None:
            uniform_(tensor, -bound, bound)


def _kaiming_deviation(tensor, a, mode, nonlinearity):
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"kaiming: expected mode 'fan_in' or 'fan_out', got {mode!r}")
    fan = calculate_fans(tensor)[mode == "fan_out"]
    # Where nothing is to be filled the fan can be zero.
    return calculate_gain(nonlinearity, a) / math.sqrt(max(fan, 1))


def _xavier_deviation(tensor, gain):
    return gain * math.sqrt(2.0 / max(sum(calculate_fans(tensor)), 1))


def _fill(operation, method, tensor, scale, shift, generator):
    if tensor.dtype.kind not in "fV":  # bfloat16's kind is V
        raise TypeError(f"{operation}: expected a floating dtype, got {tensor.dtype}")
    draw = getattr(generator or default_generator(), method)
    values = draw(tensor.shape, dtype="float64" if tensor.dtype == "float64" else "float32")
    values *= scale
    values += shift
    return constant_(tensor, values)
