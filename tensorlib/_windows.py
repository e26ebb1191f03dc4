"""Window functions, and the Bessel function that one of them is made of."""

import math

import numpy as np

from tensorlib._arguments import for_arithmetic, stays
from tensorlib._core._functions import asarray, exp, where
from tensorlib._core._tensor import Tensor
from tensorlib._numpy_code import by_numpy, computed_by
from tensorlib._statistics import mean
from tensorlib._untracked import untracked


@computed_by(np.bartlett)
def bartlett(M):
    """Bartlett window: a triangle that begins and ends with zero.

    Parameters
    ----------
    M : int
        How many points; none if it is not positive.

    Returns
    -------
    Tensor
        float64.

    Raises
    ------
    MemoryError, ValueError
        If there is no memory for as many.

    See Also
    --------
    blackman, hamming, hanning, kaiser

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.bartlett(5)
    tensor([0. , 0.5, 1. , 0.5, 0. ])
    """


@computed_by(np.blackman)
def blackman(M):
    """Blackman window: a sum of two cosines with little leakage.

    Parameters
    ----------
    M : int
        How many points; none if it is not positive.

    Returns
    -------
    Tensor
        float64.

    Raises
    ------
    MemoryError, ValueError
        If there is no memory for as many.

    See Also
    --------
    bartlett, hamming, hanning, kaiser

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.round(tl.blackman(5), 2)
    tensor([-0.  ,  0.34,  1.  ,  0.34, -0.  ])
    """


@computed_by(np.hamming)
def hamming(M):
    """Hamming window: a raised cosine that does not begin with zero.

    Parameters
    ----------
    M : int
        How many points; none if it is not positive.

    Returns
    -------
    Tensor
        float64.

    Raises
    ------
    MemoryError, ValueError
        If there is no memory for as many.

    See Also
    --------
    bartlett, blackman, hanning, kaiser

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.hamming(5)
    tensor([0.08, 0.54, 1.  , 0.54, 0.08])
    """


@computed_by(np.hanning)
def hanning(M):
    """Hann window: a raised cosine that begins and ends with zero.

    Parameters
    ----------
    M : int
        How many points; none if it is not positive.

    Returns
    -------
    Tensor
        float64.

    Raises
    ------
    MemoryError, ValueError
        If there is no memory for as many.

    See Also
    --------
    bartlett, blackman, hamming, kaiser

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.hanning(5)
    tensor([0. , 0.5, 1. , 0.5, 0. ])
    """


def kaiser(M, beta):
    """Kaiser window, made of a Bessel function.

    Parameters
    ----------
    M : int
        How many points; none if it is not positive.
    beta : number
        The shape: 0 is a rectangle, 5 about a Hamming window, 8.6 about a Blackman one.

    Returns
    -------
    Tensor
        float64. Differentiable in `beta`.

    Raises
    ------
    MemoryError, ValueError
        If there is no memory for as many.

    See Also
    --------
    bartlett, blackman, hamming, hanning, i0

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.round(tl.kaiser(5, 8.6), 3)
    tensor([0.001, 0.34 , 1.   , 0.34 , 0.001])
    """
    if untracked(beta) is not None or M <= 1:
        beta = beta.detach() if isinstance(beta, Tensor) else beta
        return by_numpy("kaiser", np.kaiser, (M, beta), {})
    middle = (M - 1) / 2
    height = np.sqrt(1 - ((np.arange(M) - middle) / middle) ** 2)
    return i0(beta * asarray(height)) / i0(beta)


def i0(x):
    """Modified Bessel function of the first kind, order zero.

    Parameters
    ----------
    x : array_like
        Real.

    Returns
    -------
    Tensor
        Shape of `x`; its dtype, float64 for integers and bools.

    Raises
    ------
    TypeError
        If `x` is complex.

    See Also
    --------
    kaiser

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.i0([0.0, 1.0])
    tensor([1.        , 1.26606588])
    """
    x = for_arithmetic(asarray(x))
    if x.dtype.kind == "c":
        raise TypeError(f"i0: not supported for complex values, got {x.dtype}")
    if (arrays := untracked(x)) is not None:
        return asarray(np.i0(*arrays))
    x = x.astype(np.float64) if x.dtype.kind in "biu" else x
    # The mean of exp(x cos(angle)) over the circle. With equally spaced angles the error shrinks
    # faster than any power of their number; that of one quadrant pair is enough by symmetry.
    largest = 720  # beyond, exp(x) is infinite
    if not stays(x):  # else a recorder or a device keeps the elements
        sizes = np.abs(np.asarray(x.detach(), np.float64))
        largest = min(largest, sizes.max(initial=0, where=np.isfinite(sizes)))
    count = 10 + math.ceil(4.5 * math.sqrt(largest))
    angles = np.pi * (np.arange(count) + 0.5) / count
    size = where(x < 0, -x, x)  # smooth in effect: the function is even
    # Less the largest exponent: cos(angle) - 1, without cancellation.
    exponents = size[..., None] * asarray(-2 * np.sin(angles / 2) ** 2, x.dtype, device=x.device)
    return exp(size) * mean(exp(exponents), -1)
