"""Derivatives of gamma and beta functions."""

import math

from tensorlib._core._functions import cos, less, sin, where
from tensorlib.autograd.rules._register import zero
from tensorlib.autograd.rules.special._densities import beta_density, gamma_density
from tensorlib.autograd.rules.special._register import derivatives, gradients
from tensorlib.special._ufuncs import _zeta, gamma, psi, rgamma

PI = math.pi
# The Bernoulli numbers of even index from 2 on.
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)
SHIFT = 12  # how far to the right those are enough for double precision


def trigamma(z):
    """The derivative of psi."""
    if z.dtype.kind != "c":
        return _zeta(2.0, z)  # 5.15.1 and 25.11.1
    left = less(z.real, 0.5)
    w = where(left, 1 - z, z)
    total = 0.0
    for _ in range(SHIFT):  # 5.15.5
        total = total + 1 / (w * w)
        w = w + 1
    inverse = 1 / w  # 5.15.8
    square = inverse * inverse
    series = 0.0
    for number in reversed(BERNOULLI):
        series = (series + number) * square
    total = total + inverse * (1 + inverse / 2 + series)
    ratio = PI / where(left, sin(PI * z), 1)
    return where(left, ratio * ratio - total, total)  # 5.15.6


def rgamma_slope(z):
    """-psi(z) / gamma(z); on the left by reflection (5.5.3), which has no poles there."""
    left = less(z.real, 0.5)
    w = where(left, z, 0)
    angle = PI * w
    reflected = gamma(1 - w) * (cos(angle) - sin(angle) * psi(1 - w) / PI)
    w = where(left, 1, z)
    return where(left, reflected, -rgamma(w) * psi(w))


derivatives("gamma", z=lambda z, out: out * psi(z))  # 5.2.2
derivatives("rgamma", z=rgamma_slope)
derivatives("gammaln", x=lambda x: psi(x))
derivatives("loggamma", z=lambda z: psi(z))
gradients("gammasgn", x=zero)
derivatives("psi", z=trigamma)
derivatives("_zeta", q=lambda x, q: -x * _zeta(x + 1, q))  # 25.11.17

# 5.12.1
derivatives(
    "beta",
    a=lambda a, b, out: out * (psi(a) - psi(a + b)),
    b=lambda a, b, out: out * (psi(b) - psi(a + b)),
)
derivatives(
    "betaln",
    a=lambda a, b: psi(a) - psi(a + b),
    b=lambda a, b: psi(b) - psi(a + b),
)
# 1.2.6 and 5.2.5, in terms of the gamma function
derivatives(
    "binom",
    x=lambda x, y, out: out * (psi(x + 1) - psi(x - y + 1)),
    y=lambda x, y, out: out * (psi(x - y + 1) - psi(y + 1)),
)
derivatives(
    "poch",
    z=lambda z, m, out: out * (psi(z + m) - psi(z)),
    m=lambda z, m, out: out * psi(z + m),
)

# 8.8.13 and 8.17.1: the derivatives are densities, and one over them of the inverse functions
derivatives("gammainc", x=lambda a, x: gamma_density(a, x))
derivatives("gammaincc", x=lambda a, x: -gamma_density(a, x))
derivatives("gammaincinv", y=lambda a, out: 1 / gamma_density(a, out))
derivatives("gammainccinv", y=lambda a, out: -1 / gamma_density(a, out))
derivatives("betainc", x=lambda a, b, x: beta_density(a, b, x))
derivatives("betaincc", x=lambda a, b, x: -beta_density(a, b, x))
derivatives("betaincinv", y=lambda a, b, out: 1 / beta_density(a, b, out))
derivatives("betainccinv", y=lambda a, b, out: -1 / beta_density(a, b, out))
