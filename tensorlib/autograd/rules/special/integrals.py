"""Derivatives of exponential integrals and their kin, and of the solutions of w + log(w) = z."""

from tensorlib._core._functions import (
    absolute,
    cos,
    cosh,
    equal,
    exp,
    greater_equal,
    logical_and,
    where,
)
from tensorlib.autograd.rules._common import conj
from tensorlib.autograd.rules.special._register import derivatives, gradients
from tensorlib.special._ufuncs import _spherical_in, _spherical_jn, expn, hyp2f1

derivatives("exp1", z=lambda z: -exp(-z) / z)  # 6.2.1
derivatives("expi", x=lambda x: exp(x) / x)  # 6.2.5


def expn_slope(n, x):
    """Minus that of the order below (8.19.13), which for the order 0 is an elementary one."""
    ordinary = greater_equal(n, 1)
    return -where(ordinary, expn(where(ordinary, n - 1, 0), x), exp(-x) * (1 + 1 / x) / x)


derivatives("expn", x=expn_slope)


def over(g, x):
    """g / x, and 0 of two zeros: where only the other output is used, the pole of this one at 0
    must not reach its gradient."""
    return g / where(logical_and(equal(x, 0), equal(g, 0)), 1, x)


def even(function):
    """A spherical Bessel function of order 0; SciPy has it for positive real numbers."""
    return lambda x: function(0, x if x.dtype.kind == "c" else absolute(x))


# sin(z) / z and sinh(z) / z as spherical Bessel functions (10.49.3, 10.49.9), which know the limit
sinc, sinhc = even(_spherical_jn), even(_spherical_in)
gradients(  # 6.2.9, 6.2.11
    "sici", x=lambda g, x: g[0] * conj(sinc(x)) + over(g[1], conj(x)) * conj(cos(x))
)
gradients(  # 6.2.15, 6.2.16
    "shichi", x=lambda g, x: g[0] * conj(sinhc(x)) + over(g[1], conj(x)) * conj(cosh(x))
)
# log(z) / (1 - z), by 15.4.1 without a division by zero at 1; 25.12.2
derivatives("spence", z=lambda z: -hyp2f1(1.0, 1.0, 2.0, 1 - z))

derivatives("wrightomega", z=lambda out: out / (1 + out))  # 4.13.11
derivatives("_lambertw", z=lambda out: exp(-out) / (1 + out))  # 4.13.4
