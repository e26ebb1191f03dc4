"""Activations, element by element and along an axis."""

from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import exp, isfinite, log, where


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


def _below_zero(x, dim):
    """`x` less its maximum, which has no part in the gradient: the result does not depend on it."""
    top = x.detach().max(axis=dim, keepdims=True)
    # Where all is infinite there is nothing to take away.
    return x - where(isfinite(top), top, 0)
