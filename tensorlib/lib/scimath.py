"""Functions that leave the real numbers where the answer is complex: ``sqrt(-1)`` is ``1j``."""

import numpy as np

from tensorlib._arguments import anywhere
from tensorlib._core import _functions as functions

__all__ = ["arccos", "arcsin", "arctanh", "log", "log10", "log2", "logn", "power", "sqrt"]


def sqrt(x):
    """Square root, complex where an element is negative.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    Tensor
        Shape of `x`; complex if any element is negative. Differentiable.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.emath.sqrt([-1, 4])
    tensor([0.+1.j, 2.+0.j])
    """
    return functions.sqrt(_complex_if_negative(x))


def log(x):
    """Natural logarithm, complex where an element is negative.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    Tensor
        Shape of `x`; complex if any element is negative. Differentiable.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.emath.log(-1.0)
    tensor(0.+3.14159265j)
    """
    return functions.log(_complex_if_negative(x))


def log10(x):
    """Logarithm to base 10, complex where an element is negative.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    Tensor
        Shape of `x`; complex if any element is negative. Differentiable.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.emath.log10([10, 100])
    tensor([1., 2.])
    """
    return functions.log10(_complex_if_negative(x))


def log2(x):
    """Logarithm to base 2, complex where an element is negative.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    Tensor
        Shape of `x`; complex if any element is negative. Differentiable.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.emath.log2([4, 8])
    tensor([2., 3.])
    """
    return functions.log2(_complex_if_negative(x))


def logn(n, x):
    """Logarithm to base `n`, complex where an element or a base is negative.

    Parameters
    ----------
    n : array_like
    x : array_like
        Broadcasts with `n`.

    Returns
    -------
    Tensor
        The broadcast shape; complex if any element is negative. Differentiable.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.emath.logn(2, [4, 8])
    tensor([2., 3.])
    """
    return log(x) / log(n)


def power(x, p):
    """Powers, complex where an element is negative; exponents below zero give fractions.

    Parameters
    ----------
    x : array_like
    p : array_like
        Broadcasts with `x`.

    Returns
    -------
    Tensor
        The broadcast shape; complex if any element of `x` is negative. Differentiable.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.emath.power([2, 4], -1)
    tensor([0.5 , 0.25])
    """
    p = functions.asarray(p)
    if p.dtype.kind != "c" and anywhere(p < 0):
        p = p * 1.0
    return functions.power(_complex_if_negative(x), p)


def arccos(x):
    """Inverse cosine, complex where an element is beyond -1 and 1.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    Tensor
        Shape of `x`; complex if any element is out of the interval. Differentiable.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.emath.arccos([1, 2])
    tensor([0.-0.j        , 0.-1.3169579j])
    """
    return functions.arccos(_complex_if_large(x))


def arcsin(x):
    """Inverse sine, complex where an element is beyond -1 and 1.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    Tensor
        Shape of `x`; complex if any element is out of the interval. Differentiable.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.emath.arcsin(0.5) == tl.arcsin(0.5)
    tensor(True)
    """
    return functions.arcsin(_complex_if_large(x))


def arctanh(x):
    """Inverse hyperbolic tangent, complex where an element is beyond -1 and 1.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    Tensor
        Shape of `x`; complex if any element is out of the interval. Differentiable.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.emath.arctanh(0.5) == tl.arctanh(0.5)
    tensor(True)
    """
    return functions.arctanh(_complex_if_large(x))


def _complex_if_negative(x):
    x = functions.asarray(x)
    return _as_complex(x) if x.dtype.kind != "c" and anywhere(x < 0) else x


def _complex_if_large(x):
    x = functions.asarray(x)
    return _as_complex(x) if x.dtype.kind != "c" and anywhere(functions.absolute(x) > 1) else x


def _as_complex(x):
    """Complex numbers, of single precision for what holds no more."""
    single = x.dtype.char in "bBhHf"
    return functions.astype(x, np.complex64 if single else np.complex128)
