"""Derivatives of Bessel, Hankel and Struve functions by their argument."""

import math

from tensorlib._core._functions import equal, power, sign, where
from tensorlib._core._gradients import conj
from tensorlib.autograd.rules._common import times
from tensorlib.autograd.rules.special._register import derivatives, gradients
from tensorlib.special import _ufuncs as special
from tensorlib.special._ufuncs import (
    i0,
    i0e,
    i1,
    i1e,
    iv,
    ive,
    j0,
    j1,
    jv,
    jve,
    k0,
    k0e,
    k1,
    k1e,
    kn,
    kve,
    modstruve,
    rgamma,
    struve,
    y0,
    y1,
    yn,
    yve,
)

ROOT_PI = math.sqrt(math.pi)


def neighbours(function, plus):
    """Half the sum, or difference, of the functions of the orders below and above."""
    return lambda v, z: 0.5 * (function(v - 1, z) + plus * function(v + 1, z))


# 10.6.1, 10.29.1
for name in ("hankel1", "hankel2", "jv", "yv"):
    derivatives(name, z=neighbours(getattr(special, name), -1))
derivatives("yn", x=lambda n, x: 0.5 * (yn(n - 1, x) - yn(n + 1, x)))
derivatives("iv", z=neighbours(iv, 1))
derivatives("kv", z=lambda v, z: -neighbours(special.kv, 1)(v, z))
derivatives("kn", x=lambda n, x: -0.5 * (kn(n - 1, x) + kn(n + 1, x)))

# scaled by an analytic factor
derivatives("kve", z=lambda v, z, out: out - neighbours(kve, 1)(v, z))
derivatives("hankel1e", z=lambda v, z, out: neighbours(special.hankel1e, -1)(v, z) - 1j * out)
derivatives("hankel2e", z=lambda v, z, out: neighbours(special.hankel2e, -1)(v, z) + 1j * out)


# scaled by exp(-abs(z.imag)) or exp(-abs(z.real)), which pulls along one axis only


def scaled_by_imaginary_part(function):
    def gradient(g, v, z, out):
        passed = times(g, conj(neighbours(function, -1)(v, z)))
        if z.dtype.kind != "c":
            return passed
        return passed - 1j * times(times(g, conj(out)).real, sign(z.imag))

    return gradient


def ive_gradient(g, v, z, out):
    passed = times(g, conj(neighbours(ive, 1)(v, z)))
    return passed - times(times(g, conj(out)).real, sign(z.real))


gradients("jve", z=scaled_by_imaginary_part(jve))
gradients("yve", z=scaled_by_imaginary_part(yve))
gradients("ive", z=ive_gradient)

# orders 0 and 1: 10.6.2, 10.6.3, 10.29.2, 10.29.3
derivatives("j0", x=lambda x: -j1(x))
derivatives("j1", x=lambda x: 0.5 * (j0(x) - jv(2.0, x)))
derivatives("y0", x=lambda x: -y1(x))
derivatives("y1", x=lambda x, out: y0(x) - out / x)
derivatives("i0", x=lambda x: i1(x))
derivatives("i1", x=lambda x: 0.5 * (i0(x) + iv(2.0, x)))
derivatives("k0", x=lambda x: -k1(x))
derivatives("k1", x=lambda x, out: -k0(x) - out / x)
derivatives("i0e", x=lambda x, out: i1e(x) - sign(x) * out)
derivatives("i1e", x=lambda x, out: 0.5 * (i0e(x) + ive(2.0, x)) - sign(x) * out)
derivatives("k0e", x=lambda x, out: out - k1e(x))
derivatives("k1e", x=lambda x, out: out - k0e(x) - out / x)


# spherical ones: 10.51.2, 10.51.5. The order below 0 has the weight 0; it is not asked for.


def spherical(function, below, above):
    def slope(n, z):
        lower = where(equal(n, 0), n, n - 1)
        return (below * n * function(lower, z) + above * (n + 1) * function(n + 1, z)) / (2 * n + 1)

    return slope


for letter, below, above in ("j", 1, -1), ("y", 1, -1), ("i", 1, 1), ("k", -1, -1):
    for name in (f"_spherical_{letter}n", f"_spherical_{letter}n_d"):
        derivatives(name, z=spherical(getattr(special, name), below, above))


# Struve functions: 11.4.24 and 11.4.26


def struve_rest(v, x):
    return 0.5 * power(0.5 * x, v) * rgamma(v + 1.5) / ROOT_PI


derivatives(
    "struve", x=lambda v, x: 0.5 * (struve(v - 1, x) - struve(v + 1, x)) + struve_rest(v, x)
)
derivatives(
    "modstruve",
    x=lambda v, x: 0.5 * (modstruve(v - 1, x) + modstruve(v + 1, x)) + struve_rest(v, x),
)

# integrals
derivatives("itj0y0", x=lambda x: (j0(x), y0(x)))
derivatives("iti0k0", x=lambda x: (i0(x), k0(x)))
derivatives("it2j0y0", x=lambda x: ((1 - j0(x)) / x, -y0(x) / x))
derivatives("it2i0k0", x=lambda x: ((i0(x) - 1) / x, -k0(x) / x))
derivatives("itstruve0", x=lambda x: struve(0.0, x))
derivatives("itmodstruve0", x=lambda x: modstruve(0.0, x))
derivatives("it2struve0", x=lambda x: -struve(0.0, x) / x)
# by parts, as a and the variable of integration come as a product
derivatives("besselpoly", a=lambda a, lmb, nu, out: (jv(nu, 2 * a) - (lmb + 1) * out) / a)
