"""Sums of exponentials, and what is divided by them."""

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from tensorlib._arguments import for_arithmetic
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import (
    absolute,
    asarray,
    equal,
    exp,
    full,
    isfinite,
    less,
    log,
    log1p,
    logaddexp,
    maximum,
    minimum,
    sign,
    where,
)


def logsumexp(a, axis=None, b=None, keepdims=False, return_sign=False):
    """Compute the logarithm of the sum of exponentials, without overflow.

    Parameters
    ----------
    a : array_like
        The exponents.
    axis : int or tuple of int, optional
        The axes to sum over; all of them by default.
    b : array_like, optional
        Weights, of any sign; broadcast with `a`.
    keepdims : bool, optional
        Whether the axes stay, with length 1.
    return_sign : bool, optional
        Whether the sign of the sum (of complex ones the direction) is returned too, and the
        logarithm is that of its size. Without, the logarithm of a negative sum is NaN.

    Returns
    -------
    Tensor or tuple of Tensor

    Raises
    ------
    numpy.exceptions.AxisError
        If `a` has no such axis.
    ValueError
        If `a` and `b` cannot be broadcast together.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.special.logsumexp([1000.0, 1000.0])
    tensor(1000.69314718)
    >>> tl.special.logsumexp([1.0, 2.0], b=[1.0, -1.0], return_sign=True)
    (tensor(1.54132485), tensor(-1.))
    """
    a = _inexact(asarray(a))
    if b is not None:
        b = asarray(b)
        # A weight of zero takes out what it weighs, infinities too.
        a = where(equal(b, 0), -np.inf, a)
    if a.size == 0:
        out = full(a.real.sum(axis=axis, keepdims=keepdims).shape, -np.inf, dtype=a.dtype)
        return (out, sign(out)) if return_sign else out
    limit = float(np.finfo(a.dtype).max)
    with np.errstate(all="ignore"):
        size = a.detach().real
        top = size.max(axis=axis, keepdims=True)
        base = minimum(maximum(top, -limit), limit)  # no infinity, which would make NaN
        terms = exp(a - base)
        if b is not None:
            terms = b * terms
        if not keepdims:
            base = base.reshape(terms.sum(axis=axis).shape)
        summed = {"axis": axis, "keepdims": keepdims}
        if a.dtype.kind == "c" or terms.dtype.kind == "c":
            total = terms.sum(**summed)
            if not return_sign:
                return log(total) + base
            return log(absolute(total)) + base, sign(total)
        # The largest terms apart: the others may be too small to change their sum.
        largest = equal(size, top)
        first = where(largest, terms, 0).sum(**summed)
        rest = where(largest, 0, terms).sum(**summed)
        out = _log_size(first, rest) + base
        if return_sign:
            return out, sign(first + rest)
        return where(less(first + rest, 0), np.nan, out)


def _log_size(first, rest):
    """The logarithm of abs(first + rest), precise where the rest is small."""
    alone = equal(first, 0)
    ratio = where(alone, 0, rest) / where(alone, 1, first)
    ratio = where(less(ratio, -1), -2 - ratio, ratio)
    return log(absolute(where(alone, rest, first))) + log1p(ratio)


def softmax(x, axis=None):
    """Compute the exponentials over their sum, without overflow.

    Parameters
    ----------
    x : array_like
        The exponents.
    axis : int or tuple of int, optional
        The axes to sum over; all of them by default.

    Returns
    -------
    Tensor of the shape of `x`

    Raises
    ------
    numpy.exceptions.AxisError
        If `x` has no such axis.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.special.softmax([[1000.0, 1000.0], [0.0, 0.0]], axis=1)
    tensor([[0.5, 0.5],
            [0.5, 0.5]])
    """
    x = for_arithmetic(asarray(x))
    if x.dtype.kind == "f" and isinstance(axis, int) and x.ndim:
        return apply(ops.softmax, (x,), (normalize_axis_index(axis, x.ndim, "softmax"),))
    powers = exp(x - x.detach().max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def log_softmax(x, axis=None):
    """Compute the logarithm of `softmax`, precise where that is near 0 or 1.

    Parameters
    ----------
    x : array_like
        The exponents.
    axis : int or tuple of int, optional
        The axes to sum over; all of them by default.

    Returns
    -------
    Tensor of the shape of `x`

    Raises
    ------
    numpy.exceptions.AxisError
        If `x` has no such axis.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.special.log_softmax([1000.0, 1.0])
    tensor([   0., -999.])
    """
    x = asarray(x)
    top = x.detach().max(axis=axis, keepdims=True)
    shifted = x - where(isfinite(top), top, 0)
    with np.errstate(divide="ignore"):
        return shifted - log(exp(shifted).sum(axis=axis, keepdims=True))


def softplus(x, **kwargs):
    """Compute log(1 + exp(x)), without overflow.

    Parameters
    ----------
    x : array_like
        Real numbers.
    **kwargs
        `out`, `where` and `dtype`, as for `tensorlib.logaddexp`.

    Returns
    -------
    Tensor

    Raises
    ------
    TypeError
        For complex numbers.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.special.softplus([0.0, 1000.0])
    tensor([6.93147181e-01, 1.00000000e+03])
    """
    return logaddexp(0, x, **kwargs)


def _inexact(x):
    """The numbers themselves, integers and truths as float64."""
    x = for_arithmetic(x)
    return x if x.dtype.kind in "fc" else x.astype(np.float64)
