"""Derivatives of the Airy and Kelvin functions."""

import cmath
import math

from tensorlib._core._functions import sign, sqrt
from tensorlib._core._gradients import conj
from tensorlib.autograd.rules._common import times
from tensorlib.autograd.rules.special._register import derivatives, gradients
from tensorlib.special._ufuncs import airy, airye, beip, berp, jv, keip, kelvin, kerp, kv

# Airy functions: 9.2.1


def airy_slopes(z):
    ai, aip, bi, bip = airy(z)
    return aip, z * ai, bip, z * bi


def airye_gradient(g, z):
    """The first two are scaled by exp(zeta), zeta = 2/3 z**(3/2), the others by the exponential of
    -abs(zeta.real), which pulls along one direction only."""
    ai, aip, bi, bip = airye(z)
    root = sqrt(z)  # the derivative of zeta
    passed = times(g[0], conj(aip + root * ai)) + times(g[1], conj(z * ai + root * aip))
    passed = passed + times(g[2], conj(bip)) + times(g[3], conj(z * bi))
    pull = times(g[2], conj(bi)).real + times(g[3], conj(bip)).real
    pull = times(pull, sign((z * root).real))
    return passed - times(pull, conj(root))


derivatives("airy", z=airy_slopes)
gradients("airye", z=airye_gradient)


def integrals_of_airy(x):
    ai, _, bi, _ = airy(x)
    ai_back, _, bi_back, _ = airy(-x)
    return ai, bi, ai_back, bi_back


derivatives("itairy", x=integrals_of_airy)

# Kelvin functions: ber + i bei is J0, ker + i kei is K0 on rays of the plane (10.61.1, 10.61.2)

BE_RAY = cmath.exp(0.75j * math.pi)
KE_RAY = cmath.exp(0.25j * math.pi)


def be_curvature(x):
    """The second derivative of ber + i bei."""
    z = BE_RAY * x
    return (0.5 * BE_RAY * BE_RAY) * (jv(2.0, z) - jv(0.0, z))


def ke_curvature(x):
    """The second derivative of ker + i kei."""
    z = KE_RAY * x
    return (0.5 * KE_RAY * KE_RAY) * (kv(2.0, z) + kv(0.0, z))


derivatives("ber", x=lambda x: berp(x))
derivatives("bei", x=lambda x: beip(x))
derivatives("ker", x=lambda x: kerp(x))
derivatives("kei", x=lambda x: keip(x))
derivatives("berp", x=lambda x: be_curvature(x).real)
derivatives("beip", x=lambda x: be_curvature(x).imag)
derivatives("kerp", x=lambda x: ke_curvature(x).real)
derivatives("keip", x=lambda x: ke_curvature(x).imag)


def kelvin_slopes(x):
    _, _, bep, kep = kelvin(x)
    return bep, kep, be_curvature(x), ke_curvature(x)


derivatives("kelvin", x=kelvin_slopes)
