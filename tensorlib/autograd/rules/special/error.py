"""Derivatives of the error functions and of Fresnel's integrals."""

import cmath
import math

from tensorlib._core._functions import cos, exp, sin
from tensorlib.autograd.rules.special._densities import normal_density
from tensorlib.autograd.rules.special._register import derivatives
from tensorlib.special._ufuncs import erf, erfcx, wofz

PI = math.pi
ROOT_PI = math.sqrt(PI)
TWO_OVER_ROOT_PI = 2 / ROOT_PI  # of 7.2.1
ROOT_HALF = math.sqrt(0.5)
ROOT_HALF_PI = math.sqrt(PI / 2)

derivatives("erf", z=lambda z: TWO_OVER_ROOT_PI * exp(-z * z))  # 7.2.1
derivatives("erfc", x=lambda x: -TWO_OVER_ROOT_PI * exp(-x * x))  # 7.2.2
derivatives("erfi", z=lambda z: TWO_OVER_ROOT_PI * exp(z * z))
derivatives("erfcx", x=lambda x, out: 2 * x * out - TWO_OVER_ROOT_PI)  # 7.10.2, at an imaginary z
derivatives("wofz", z=lambda z, out: 1j * TWO_OVER_ROOT_PI - 2 * z * out)  # 7.10.2
derivatives("dawsn", x=lambda x, out: 1 - 2 * x * out)  # 7.2.5
derivatives("erfinv", y=lambda out: ROOT_PI / 2 * exp(out * out))  # 7.17.1
derivatives("erfcinv", y=lambda out: -ROOT_PI / 2 * exp(out * out))

# the normal distribution: 7.2.1 with another scale


def log_ndtr_slope(x):
    """The density over the distribution function, precise in both tails."""
    return 1 / (ROOT_HALF_PI * erfcx(-ROOT_HALF * x))


derivatives("ndtr", x=lambda x: normal_density(x))
derivatives("log_ndtr", x=log_ndtr_slope)
derivatives("ndtri", y=lambda out: 1 / normal_density(out))
derivatives("ndtri_exp", y=lambda out: 1 / log_ndtr_slope(out))
derivatives(
    "owens_t",
    h=lambda h, a: -0.5 * normal_density(h) * erf(ROOT_HALF * a * h),
    a=lambda h, a: exp(-0.5 * h * h * (1 + a * a)) / (2 * PI * (1 + a * a)),
)


def faddeeva_slope(x, sigma, gamma):
    """That of the function of which Voigt's profile is the real part (7.19.2), and its argument."""
    z = (x + 1j * gamma) * (ROOT_HALF / sigma)
    return (1j * TWO_OVER_ROOT_PI - 2 * z * wofz(z)) / (2 * ROOT_PI * sigma * sigma), z


def voigt_by_sigma(x, sigma, gamma, out):
    slope, z = faddeeva_slope(x, sigma, gamma)
    return -out / sigma - (slope * z).real / ROOT_HALF


derivatives(
    "voigt_profile",
    x=lambda x, sigma, gamma: faddeeva_slope(x, sigma, gamma)[0].real,
    sigma=voigt_by_sigma,
    gamma=lambda x, sigma, gamma: -faddeeva_slope(x, sigma, gamma)[0].imag,
)


# Fresnel's integrals: 7.2.7 and 7.2.8, and the modified ones

derivatives("fresnel", z=lambda z: (sin(PI / 2 * z * z), cos(PI / 2 * z * z)))


def modified_fresnel(name, unit):
    # K is F times exp(-unit (x**2 + pi / 4)) / sqrt(pi)
    corner = cmath.exp(-unit * PI / 4) / ROOT_PI
    derivatives(
        name,
        x=lambda x, out1: (-exp(unit * x * x), -2 * unit * x * out1 - corner),
    )


modified_fresnel("modfresnelp", 1j)
modified_fresnel("modfresnelm", -1j)
