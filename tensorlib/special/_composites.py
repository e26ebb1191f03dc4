"""Functions of `scipy.special` over some of its ufuncs, which are differentiated through them."""

import math
import operator

import numpy as np

from tensorlib._arguments import anywhere
from tensorlib._core._functions import (
    arange,
    asarray,
    equal,
    less,
    less_equal,
    where,
)
from tensorlib._elementwise import sinc as _sinc
from tensorlib.special import _ufuncs
from tensorlib.special._ufuncs import (
    _lambertw,
    _riemann_zeta,
    _zeta,
    eval_genlaguerre,
    gamma,
    gammaln,
    hankel1,
    hankel2,
    iv,
    jv,
    kv,
    psi,
    yv,
)


def zeta(x, q=None, out=None):
    """Zeta function: Riemann's, or Hurwitz's for a given `q`.

    Parameters
    ----------
    x : array_like
        The exponent; complex without `q`, at least 1 with it.
    q : array_like of float, optional
        The first base. There is a gradient with respect to it alone.
    out : Tensor, optional
        Where the result goes.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If the shapes do not fit together.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.special.zeta([2.0, 4.0])
    tensor([1.64493407, 1.08232323])
    >>> tl.special.zeta(2.0, [1.0, 2.0])
    tensor([1.64493407, 0.64493407])
    """
    return _riemann_zeta(x, out=out) if q is None else _zeta(x, q, out=out)


def polygamma(n, x):
    """Derivative of order `n` of the digamma function.

    Parameters
    ----------
    n : array_like of int
        The order, not negative.
    x : array_like of float
        The argument.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If the shapes do not fit together.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.special.polygamma([0, 1], 2.0)
    tensor([0.42278434, 0.64493407])
    """
    n, x = asarray(n), asarray(x)
    factor = (-1.0) ** (n + 1) * gamma(n + 1.0)
    return where(equal(n, 0), psi(x), factor * _zeta(n + 1, x))


def multigammaln(a, d):
    """Logarithm of the multivariate gamma function.

    Parameters
    ----------
    a : array_like
        Numbers larger than ``(d - 1) / 2``.
    d : int
        The dimension.

    Returns
    -------
    Tensor of the shape of `a`

    Raises
    ------
    ValueError
        If `d` is no integer, or one of `a` is too small.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.special.multigammaln([3.0, 4.0], 2)
    tensor([1.55019499, 3.56509801])
    """
    a = asarray(a)
    if asarray(d).ndim or d != int(d):
        raise ValueError(f"multigammaln: expected an integer as d, got {d}")
    if anywhere(less_equal(a, 0.5 * (d - 1))):
        raise ValueError(f"multigammaln: expected a larger than {0.5 * (d - 1)}, got {a}")
    steps = 0.5 * arange(int(d), dtype=np.float64)
    terms = gammaln(a.reshape((1, *a.shape)) - steps.reshape((-1,) + (1,) * a.ndim))
    return terms.sum(axis=0) + d * (d - 1) * 0.25 * math.log(math.pi)


def lambertw(z, k=0, tol=1e-8):
    """Lambert's W function: a solution w of w exp(w) = z.

    Parameters
    ----------
    z : array_like
        Numbers.
    k : array_like of int, optional
        The branch.
    tol : float, optional
        The tolerance of the iteration.

    Returns
    -------
    Tensor
        Complex numbers.

    Raises
    ------
    ValueError
        If the shapes do not fit together.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.special.lambertw([0.0, 1.0])
    tensor([0.        +0.j, 0.56714329+0.j])
    """
    return _lambertw(z, asarray(k).astype(np.int64), tol)


def sinc(x):
    """``sin(pi x) / (pi x)``, and one at zero: `tensorlib.sinc`.

    Parameters
    ----------
    x : array_like
        Numbers.

    Returns
    -------
    Tensor of the shape of `x`

    Raises
    ------
    TypeError
        If `x` holds no numbers.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.special.sinc([0.0, 0.5])
    tensor([1.        , 0.63661977])
    """
    return _sinc(x)


def assoc_laguerre(x, n, k=0.0):
    """Generalized Laguerre polynomial, with the arguments in another order.

    Parameters
    ----------
    x : array_like
        The argument.
    n : array_like
        The degree.
    k : array_like, optional
        The parameter, larger than -1.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If the shapes do not fit together.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.special.assoc_laguerre([0.5, 1.0], 2, 1.5)
    tensor([2.75 , 1.375])
    """
    return eval_genlaguerre(n, k, x)


# derivatives of Bessel functions

DERIVATIVE = """Derivative of a Bessel function, {function}.

Parameters
----------
v : array_like
    The order.
z : array_like
    The argument.
n : int, optional
    The order of the derivative; 0 for the function itself.

Returns
-------
Tensor

Raises
------
TypeError
    If `n` is no integer.
ValueError
    If `n` is negative.

Examples
--------
>>> import tensorlib as tl
>>> x = tl.asarray([0.5, 1.0])
>>> by_difference = (tl.special.{ufunc}(1, x + 1e-6) - tl.special.{ufunc}(1, x - 1e-6)) / 2e-6
>>> tl.testing.assert_allclose(tl.special.{name}(1, x), by_difference, rtol=1e-8)
"""


def bessel_derivative(name, function, between, outside=1):
    """A function that computes derivatives by DLMF 10.6.7 and 10.29.5: the sum over the orders
    from v - n to v + n with binomial coefficients, whose signs are powers of `between`."""

    def derivative(v, z, n=1):
        try:
            n = operator.index(n)
        except TypeError:
            raise TypeError(f"{name}: expected an integer as n, got {n!r}") from None
        if n < 0:
            raise ValueError(f"{name}: expected n of at least 0, got {n}")
        v = asarray(v)
        total = function(v - n, z) if n else function(v, z)
        for i in range(1, n + 1):
            total = total + between**i * math.comb(n, i) * function(v - n + 2 * i, z)
        return total * (outside**n / 2.0**n)

    derivative.__name__ = derivative.__qualname__ = name
    derivative.__doc__ = DERIVATIVE.format(
        name=name, ufunc=function.__name__, function=f"`{function.__name__}`"
    )
    return derivative


jvp = bessel_derivative("jvp", jv, -1)
yvp = bessel_derivative("yvp", yv, -1)
h1vp = bessel_derivative("h1vp", hankel1, -1)
h2vp = bessel_derivative("h2vp", hankel2, -1)
ivp = bessel_derivative("ivp", iv, 1)
kvp = bessel_derivative("kvp", kv, 1, outside=-1)


# spherical Bessel functions

SPHERICAL = """{kind} kind, or its derivative.

Parameters
----------
n : array_like of int
    The order, not negative.
z : array_like
    The argument.
derivative : bool, optional
    Whether to return the derivative.

Returns
-------
Tensor

Raises
------
ValueError
    If the shapes do not fit together.

Examples
--------
>>> import tensorlib as tl
>>> tl.special.{name}(1, [0.5, 1.0])
{answer}
"""


def spherical_bessel(name, sign_of_even, kind, answer):
    """A function over one of SciPy's private ufuncs, which know positive real numbers only. For
    negative ones the functions are even or odd (10.47(v)), but those of the sign None."""
    plain = getattr(_ufuncs, f"_{name}")
    derived = getattr(_ufuncs, f"_{name}_d")

    def spherical(n, z, derivative=False):
        function = derived if derivative else plain
        n, z = asarray(n).astype(np.int64), asarray(z)
        below = less(z.real, 0)
        if z.dtype.kind == "c":
            return function(n, z)
        value = function(n, where(below, -z, z))
        if sign_of_even is not None:
            value = value.astype(np.float64)  # as SciPy, also of single precision
        if not anywhere(below):
            return value
        if sign_of_even is None:
            return where(below, function(n, z + 0j).real, value)
        flips = equal(n % 2, 0 if sign_of_even < 0 else 1)
        if derivative:
            flips = ~flips
        return where(below & flips, -value, value)

    spherical.__name__ = spherical.__qualname__ = name
    spherical.__doc__ = SPHERICAL.format(kind=kind, name=name, answer=answer)
    return spherical


spherical_jn = spherical_bessel(
    "spherical_jn",
    1,
    "Spherical Bessel function of the first",
    "tensor([0.16253703, 0.30116868])",
)
spherical_yn = spherical_bessel(
    "spherical_yn",
    -1,
    "Spherical Bessel function of the second",
    "tensor([-4.46918132, -1.38177329])",
)
spherical_in = spherical_bessel(
    "spherical_in",
    1,
    "Modified spherical Bessel function of the first",
    "tensor([0.17087071, 0.36787944])",
)
spherical_kn = spherical_bessel(
    "spherical_kn",
    None,
    "Modified spherical Bessel function of the second",
    "tensor([5.71641679, 1.15572735])",
)
