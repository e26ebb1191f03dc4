"""First values of parameters. Each function fills a Tensor in place and returns it."""

import math

import numpy as np

from tensorlib._core._functions import argsort, asarray, clip, transpose
from tensorlib._core._functions import sign as sign_of
from tensorlib.autograd import no_grad
from tensorlib.linalg import qr
from tensorlib.random import default_generator

__all__ = [
    "calculate_fans",
    "calculate_gain",
    "constant_",
    "dirac_",
    "eye_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "reset_affine_",
    "sparse_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]

# Variance that an activation takes away, as the factor that gives it back.
GAINS = {
    "linear": 1.0,
    "conv1d": 1.0,
    "conv2d": 1.0,
    "conv3d": 1.0,
    "conv_transpose1d": 1.0,
    "conv_transpose2d": 1.0,
    "conv_transpose3d": 1.0,
    "sigmoid": 1.0,
    "tanh": 5.0 / 3.0,
    "relu": math.sqrt(2.0),
    "selu": 0.75,
}


def calculate_gain(nonlinearity, param=None):
    """Return the factor for the deviation of weights that feed an activation.

    Parameters
    ----------
    nonlinearity : str
        "sigmoid", "tanh", "relu", "leaky_relu", "selu", or for none "linear" or the name of a
        convolution, such as "conv2d".
    param : float, optional
        Slope of "leaky_relu" below zero, 0.01 by default.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the name is another one, or the slope no number.

    Examples
    --------
    >>> from tensorlib import nn
    >>> nn.init.calculate_gain("linear")
    1.0
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, int | float):
            raise ValueError(f"calculate_gain: expected a number as slope, got {param!r}")
        return math.sqrt(2.0 / (1.0 + slope * slope))
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


def constant_(tensor, val):
    """Fill with one value.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.init.constant_(tl.empty(3), 0.5).tolist()
    [0.5, 0.5, 0.5]
    """
    with no_grad():
        tensor[...] = val
    return tensor


def _put(tensor, values):
    """Fill with numbers that were drawn on the CPU."""
    if tensor.device != "cpu":
        values = asarray(values, tensor.dtype, device=tensor.device)
    return constant_(tensor, values)


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
    ValueError
        If not ``a <= b``.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> x = nn.init.uniform_(tl.empty(1000), -2.0, 2.0)
    >>> bool((abs(x) <= 2).all())
    True
    """
    if not a <= b:
        raise ValueError(f"uniform_: expected a <= b, got a={a} and b={b}")
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
    if not std >= 0:
        raise ValueError(f"normal_: expected std >= 0, got {std}")
    return _fill("normal_", "standard_normal", tensor, std, mean, generator)


def trunc_normal_(tensor, mean=0.0, std=1.0, a=-2.0, b=2.0, generator=None):
    """Fill from the normal distribution, as far as it lies in [a, b].

    Numbers are drawn by the inverse of its distribution function.

    Parameters
    ----------
    tensor : Tensor
        Of a floating dtype.
    mean, std : float, optional
        Of the distribution before it is cut.
    a, b : float, optional
        The ends.
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
        If ``a > b``, or `std` is not positive.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> x = nn.init.trunc_normal_(tl.empty(1000), std=3.0)
    >>> bool((abs(x) <= 2).all())
    True
    """
    from tensorlib.special import ndtr, ndtri  # which loads SciPy

    _check_floating("trunc_normal_", tensor)
    if not (a <= b and std > 0):
        raise ValueError(
            f"trunc_normal_: expected a <= b and std > 0, got a={a}, b={b} and std={std}"
        )
    low, high = ((end - mean) / std for end in (a, b))
    # Of the two tails the lower one has the finer numbers.
    side = -1 if low > 0 else 1
    ends = sorted((side * low, side * high))
    first, last = (float(ndtr(end)) for end in ends)
    places = (generator or default_generator()).random(tensor.shape) * (last - first) + first
    values = clip(ndtri(places), *ends) * (side * std) + mean
    return _put(tensor, clip(values, a, b))


def eye_(tensor):
    """Fill a matrix with ones on its diagonal and zeros elsewhere.

    Parameters
    ----------
    tensor : Tensor, shape (m, n)

    Returns
    -------
    Tensor
        `tensor` itself.

    Raises
    ------
    ValueError
        If it is no matrix.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.init.eye_(tl.empty((2, 3))).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    if tensor.ndim != 2:
        raise ValueError(f"eye_: expected a matrix, got shape {tensor.shape}")
    return constant_(tensor, np.eye(*tensor.shape))


def dirac_(tensor, groups=1):
    """Fill the weight of a convolution so that it keeps its input, as far as there are channels.

    Parameters
    ----------
    tensor : Tensor, shape (out, in, window...)
        With a window of one to three axes. A one stands in the middle of the window.
    groups : int, optional
        Parts into which the outputs fall, each of which keeps channels of its own.

    Returns
    -------
    Tensor
        `tensor` itself.

    Raises
    ------
    ValueError
        If the shape is another one, or the outputs do not fall into `groups`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.init.dirac_(tl.empty((2, 2, 3))).tolist()
    [[[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]], [[0.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]
    """
    if not 3 <= tensor.ndim <= 5:
        raise ValueError(f"dirac_: expected three to five axes, got shape {tensor.shape}")
    if groups < 1 or tensor.shape[0] % groups:
        raise ValueError(
            f"dirac_: expected outputs that fall into groups={groups}, got shape {tensor.shape}"
        )
    outputs = tensor.shape[0] // groups
    channel = np.arange(min(outputs, tensor.shape[1]))
    middle = tuple(n // 2 for n in tensor.shape[2:])
    zeros_(tensor)
    with no_grad():
        tensor[(np.arange(groups)[:, None] * outputs + channel, channel, *middle)] = 1
    return tensor


def orthogonal_(tensor, gain=1, generator=None):
    """Fill with a matrix whose rows, or columns if they are fewer, are orthonormal.

    It is uniformly distributed: the factor Q of a matrix of normal numbers, its columns turned so
    that R has a positive diagonal (Mezzadri, "How to generate random matrices from the classical
    compact groups", 2007). For networks: Saxe, McClelland and Ganguli, "Exact solutions to the
    nonlinear dynamics of learning in deep linear neural networks" (2013).

    Parameters
    ----------
    tensor : Tensor, shape (m, ...)
        Of a floating dtype; the axes after the first count as one.
    gain : float, optional
        A factor of all numbers.
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
        If there are fewer than two axes.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> q = nn.init.orthogonal_(tl.empty((3, 5)))
    >>> tl.allclose(q @ q.T, tl.eye(3))
    True
    """
    _check_floating("orthogonal_", tensor)
    if tensor.ndim < 2:
        raise ValueError(f"orthogonal_: expected at least two axes, got shape {tensor.shape}")
    if tensor.size == 0:
        return tensor
    rows, columns = tensor.shape[0], tensor.size // tensor.shape[0]
    shape = (max(rows, columns), min(rows, columns))
    normal = (generator or default_generator()).standard_normal(shape)
    q, r = qr(normal)
    q *= sign_of(r.diagonal()) * gain
    return _put(tensor, (q if rows >= columns else transpose(q)).reshape(tensor.shape))


def sparse_(tensor, sparsity, std=0.01, generator=None):
    """Fill a matrix normally, but for zeros at random places of each column.

    Martens, "Deep learning via Hessian-free optimization" (2010).

    Parameters
    ----------
    tensor : Tensor, shape (m, n)
        Of a floating dtype.
    sparsity : float
        Part of each column that is zero, rounded up to whole numbers.
    std : float, optional
        Deviation of the other numbers, whose mean is zero.
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
        If it is no matrix, or `sparsity` is not in [0, 1].

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> (nn.init.sparse_(tl.empty((10, 3)), sparsity=0.25) == 0).sum(axis=0).tolist()
    [3, 3, 3]
    """
    _check_floating("sparse_", tensor)
    if tensor.ndim != 2 or not 0 <= sparsity <= 1:
        raise ValueError(
            "sparse_: expected a matrix and a sparsity in [0, 1], got shape "
            f"{tensor.shape} and {sparsity!r}"
        )
    generator = generator or default_generator()
    normal_(tensor, 0.0, std, generator)
    order = argsort(generator.random(tensor.shape), axis=0)
    zeros = order[: math.ceil(sparsity * tensor.shape[0])]
    with no_grad():
        tensor[zeros, np.arange(tensor.shape[1])] = 0
    return tensor


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
    _check_floating(operation, tensor)
    draw = getattr(generator or default_generator(), method)
    values = draw(tensor.shape, dtype="float64" if tensor.dtype == "float64" else "float32")
    values *= scale
    values += shift
    return _put(tensor, values)


def _check_floating(operation, tensor):
    if tensor.dtype.kind not in "fV":  # bfloat16's kind is V
        raise TypeError(f"{operation}: expected a floating dtype, got {tensor.dtype}")
