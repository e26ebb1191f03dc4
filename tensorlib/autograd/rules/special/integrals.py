"""Derivatives of exponential integrals and their kin, and of the solutions of w + log(w) = z."""

from tensorlib._core._functions import (
    absolute,
    cos,
    cosh,
    exp,
    greater_equal,
    where,
)
from tensorlib._core._gradients import conj
from tensorlib.autograd.rules._common import over, times
from tensorlib.autograd.rules.special._register import derivatives, gradients
from tensorlib.special._ufuncs import _spherical_in, _spherical_jn, expn, hyp2f1

derivatives("exp1", z=lambda z: -exp(-z) / z)  # 6.2.1
derivatives("expi", x=lambda x: exp(x) / x)  # 6.2.5


def expn_slope(n, x):
    """Minus that of the order below (8.19.13), which for the order 0 is an elementary one."""
    ordinary = greater_equal(n, 1)
    return -where(ordinary, expn(where(ordinary, n - 1, 0), x), exp(-x) * (1 + 1 / x) / x)


derivatives("expn", x=expn_slope)


def even(function):
    """A spherical Bessel function of order 0; SciPy has it for positive real numbers."""
    return lambda x: function(0, x if x.dtype.kind == "c" else absolute(x))


# sin(z) / z and sinh(z) / z as spherical Bessel functions (10.49.3, 10.49.9), which know the limit
sinc, sinhc = even(_spherical_jn), even(_spherical_in)
gradients(  # 6.2.9, 6.2.11
    "sici", x=lambda g, x: times(g[0], conj(sinc(x))) + over(times(g[1], conj(cos(x))), conj(x))
)
gradients(  # 6.2.15, 6.2.16
    "shichi", x=lambda g, x: times(g[0], conj(sinhc(x))) + over(times(g[1], conj(cosh(x))), conj(x))
)
# log(z) / (1 - z), by 15.4.1 without a division by zero at 1; 25.12.2
derivatives("spence", z=lambda z: -hyp2f1(1.0, 1.0, 2.0, 1 - z))

derivatives("wrightomega", z=lambda out: out / (1 + out))  # 4.13.11
derivatives("_lambertw", z=lambda out: exp(-out) / (1 + out))  # 4.13.4
