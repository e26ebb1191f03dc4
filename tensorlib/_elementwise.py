"""Functions of each element that are made of several ufuncs."""

import math

import numpy as np

from tensorlib._arguments import integer, write_out
from tensorlib._array_api import finfo
from tensorlib._complex import imag, real
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import (
    asarray,
    isinf,
    isnan,
    logical_and,
    rint,
    signbit,
    sin,
    trunc,
    where,
    zeros,
)
from tensorlib._core._tensor import Tensor


def round(a, decimals=0, out=None):
    """Elements rounded to a number of decimals; halves to the even neighbour.

    Parameters
    ----------
    a : array_like
    decimals : int
        Digits after the point; negative ones are before it.
    out : Tensor, optional
        Where to write the result.

    Returns
    -------
    Tensor
        Shape and dtype of `a`; float16 for bools.

    Raises
    ------
    TypeError
        If `decimals` is no integer.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.round([0.5, 1.5, 2.34], 1)
    tensor([0.5, 1.5, 2.3])
    >>> tl.round([14, 16], -1)
    tensor([10, 20])
    """
    a, decimals = asarray(a), integer("round", "decimals", decimals)
    whole = a.dtype.kind in "iu"
    scale = 10.0 ** abs(decimals)
    if whole and decimals >= 0:
        result = apply(ops.copy, (a,), ("K",))
    elif decimals > 0:
        result = rint(a * scale) / scale
    elif decimals < 0:
        result = rint(a / scale) * scale
    else:
        result = rint(a)
    return write_out("round", out, asarray(result, a.dtype) if whole else result)


around = round


def fix(x, out=None):
    """Elements rounded towards zero: `trunc`.

    Parameters
    ----------
    x : array_like
    out : Tensor, optional
        Where to write the result.

    Returns
    -------
    Tensor
        Shape and dtype of `x`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.fix([2.7, -2.7])
    tensor([ 2., -2.])
    """
    return trunc(x, out=out)


def nan_to_num(x, copy=True, nan=0.0, posinf=None, neginf=None):
    """Elements with NaN and the infinities replaced by numbers.

    Parameters
    ----------
    x : array_like
    copy : bool
        False: write into `x` itself, where it is a tensor.
    nan : array_like
        For NaN.
    posinf, neginf : array_like, optional
        For the infinities; by default the largest and the smallest number of the dtype.

    Returns
    -------
    Tensor
        Shape and dtype of `x`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.nan_to_num([1.0, tl.nan, tl.inf], posinf=9.0)
    tensor([1., 0., 9.])
    """
    x = asarray(x, copy=copy and not isinstance(x, Tensor))
    if x.dtype.kind in "biu":
        return apply(ops.copy, (x,), ("K",)) if copy else x
    if x.dtype.kind == "c":
        parts = [_finite(part, nan, posinf, neginf) for part in (real(x), imag(x))]
        result = parts[0] + 1j * parts[1]
    else:
        result = _finite(x, nan, posinf, neginf)
    if copy:
        return result
    x[...] = result
    return x


def _finite(x, nan, posinf, neginf):
    limits = finfo(x.dtype)
    replacements = (
        (isnan(x), nan),
        (isposinf(x), limits.max if posinf is None else posinf),
        (isneginf(x), limits.min if neginf is None else neginf),
    )
    for condition, value in replacements:
        x = where(condition, asarray(value, x.dtype), x)
    return x


def isposinf(x, out=None):
    """True where plus infinity.

    Parameters
    ----------
    x : array_like
        Real.
    out : Tensor, optional
        Where to write the result.

    Returns
    -------
    Tensor
        Shape of `x`, bool.

    Raises
    ------
    TypeError
        If `x` is complex.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.isposinf([-tl.inf, 0.0, tl.inf])
    tensor([False, False,  True])
    """
    return _is_infinity("isposinf", x, out, negative=False)


def isneginf(x, out=None):
    """True where minus infinity.

    Parameters
    ----------
    x : array_like
        Real.
    out : Tensor, optional
        Where to write the result.

    Returns
    -------
    Tensor
        Shape of `x`, bool.

    Raises
    ------
    TypeError
        If `x` is complex.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.isneginf([-tl.inf, 0.0, tl.inf])
    tensor([ True, False, False])
    """
    return _is_infinity("isneginf", x, out, negative=True)


def _is_infinity(op, x, out, negative):
    x = asarray(x)
    if x.dtype.kind == "c":
        raise TypeError(f"{op}: expected real numbers, got {x.dtype}")
    if x.dtype.kind in "biu":
        result = zeros(x.shape, bool, device=x.device)
    else:
        result = logical_and(isinf(x), signbit(x) == negative)
    return write_out(op, out, result)


def sinc(x):
    """``sin(pi x) / (pi x)``, and one at zero.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    Tensor
        Shape of `x`, at least floating-point.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.sinc([0.0, 0.5, 1.0]).round(3)
    tensor([1.   , 0.637, 0.   ])
    """
    x = asarray(x) * math.pi
    x = where(x != 0, x, np.finfo(x.dtype).eps if x.dtype.kind == "f" else 1e-20)
    return sin(x) / x
