"""Parts of complex numbers, and questions about them."""

import math

import numpy as np

from tensorlib._arguments import anywhere
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import absolute, arctan2, asarray, logical_not, zeros


def real(val):
    """The real part.

    Parameters
    ----------
    val : array_like

    Returns
    -------
    Tensor
        Shape of `val`; a view.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.real([1 + 2j, 3])
    tensor([1., 3.])
    """
    return apply(ops.real, (asarray(val),), ())


def imag(val):
    """The imaginary part.

    Parameters
    ----------
    val : array_like

    Returns
    -------
    Tensor
        Shape of `val`; a view of complex numbers, zeros for real ones.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.imag([1 + 2j, 3])
    tensor([2., 0.])
    """
    return apply(ops.imag, (asarray(val),), ())


def angle(z, deg=False):
    """The angle of a complex number, from the positive real axis.

    Parameters
    ----------
    z : array_like
    deg : bool
        In degrees instead of radians.

    Returns
    -------
    Tensor
        Shape of `z`, in (-pi, pi].

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.angle([1.0, 1j, 1 + 1j], deg=True)
    tensor([ 0., 90., 45.])
    """
    z = asarray(z)
    result = arctan2(imag(z), real(z)) if z.dtype.kind == "c" else arctan2(0, z)
    return result * (180 / math.pi) if deg else result


def iscomplex(x):
    """True where the imaginary part is not zero.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    Tensor
        Shape of `x`, bool.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.iscomplex([1 + 1j, 1 + 0j, 4.5])
    tensor([ True, False, False])
    """
    x = asarray(x)
    return imag(x) != 0 if x.dtype.kind == "c" else zeros(x.shape, bool, device=x.device)


def isreal(x):
    """True where the imaginary part is zero.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    Tensor
        Shape of `x`, bool.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.isreal([1 + 1j, 1 + 0j, 4.5])
    tensor([False,  True,  True])
    """
    return imag(x) == 0


def iscomplexobj(x):
    """Whether the dtype is complex.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    bool

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.iscomplexobj([1 + 0j])
    True
    """
    return asarray(x).dtype.kind == "c"


def isrealobj(x):
    """Whether the dtype is not complex.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    bool

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.isrealobj([1 + 0j])
    False
    """
    return not iscomplexobj(x)


def real_if_close(a, tol=100):
    """The real part, if no imaginary part is far from zero; else the array itself.

    Parameters
    ----------
    a : array_like
    tol : number
        The bound: above 1 in units of the dtype's machine epsilon, else as it is.

    Returns
    -------
    Tensor
        Shape of `a`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.real_if_close([2.1 + 4e-15j, 5.2 + 3e-16j])
    tensor([2.1, 5.2])
    """
    a = asarray(a)
    if a.dtype.kind != "c":
        return a
    bound = tol * np.finfo(a.dtype).eps if tol > 1 else tol
    return real(a) if not anywhere(logical_not(absolute(imag(a)) < bound)) else a
