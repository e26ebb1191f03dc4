"""Derivatives of elliptic integrals and functions, all in Carlson's symmetric ones.

The derivatives of these divide by the differences of their arguments, so that where two arguments
agree (the parameter 0 or the amplitude 0, say) the second derivative is NaN.
"""

import math

from tensorlib._core._functions import cos, equal, rint, sin, sqrt, where
from tensorlib.autograd.rules.special._register import derivatives
from tensorlib.special._ufuncs import ellipj, elliprd, elliprf, elliprj, hyp2f1

PI = math.pi

# complete integrals: 19.5.1 and 19.5.2, differentiated by 15.5.1


def ellipk_slope(m):
    return PI / 8 * hyp2f1(1.5, 1.5, 2.0, m)


def ellipe_slope(m):
    return -PI / 8 * hyp2f1(0.5, 1.5, 2.0, m)


derivatives("ellipk", m=ellipk_slope)
derivatives("ellipe", m=ellipe_slope)
derivatives("ellipkm1", p=lambda p: elliprd(0.0, 1.0, p) / -6)  # 19.25.1 and 19.18.1

# incomplete integrals: 19.25.5 and 19.25.10 for an amplitude of at most a quarter of the circle,
# differentiated; each half of the circle adds two complete integrals (19.2.10)


def from_half_turns(part, complete):
    def slope(phi, m):
        turns = rint(phi / PI)
        rest = phi - turns * PI
        sine, cosine = sin(rest), cos(rest)
        found = sine * sine * sine * part(cosine * cosine, 1 - m * sine * sine) / 6
        return found + 2 * turns * complete(where(equal(turns, 0), 0.0, m))

    return slope


ellipkinc_by_m = from_half_turns(lambda c, d: elliprd(c, 1.0, d), ellipk_slope)
ellipeinc_by_m = from_half_turns(lambda c, d: -elliprd(c, d, 1.0), ellipe_slope)
derivatives(
    "ellipkinc",
    phi=lambda phi, m: 1 / sqrt(1 - m * sin(phi) * sin(phi)),  # 19.2.4
    m=ellipkinc_by_m,
)
derivatives(
    "ellipeinc",
    phi=lambda phi, m: sqrt(1 - m * sin(phi) * sin(phi)),  # 19.2.5
    m=ellipeinc_by_m,
)

# Jacobi's functions: 22.13.1 to 22.13.3; by the parameter as the inverse of ellipkinc (22.16.11)


def ellipj_by_u(u, m):
    sn, cn, dn, _ = ellipj(u, m)
    return cn * dn, -sn * dn, -m * sn * cn, dn


def ellipj_by_m(u, m):
    sn, cn, dn, phase = ellipj(u, m)
    slope = -dn * ellipkinc_by_m(phase, m)
    return cn * slope, -sn * slope, -(0.5 * sn * sn + m * sn * cn * slope) / dn, slope


derivatives("ellipj", u=ellipj_by_u, m=ellipj_by_m)

# Carlson's integrals: 19.16.1 to 19.16.6 differentiated under the integral, in partial fractions


def moved(x, y, z):
    """x RD(y, z, x), which is 0 where x is."""
    return x * elliprd(y, z, where(equal(x, 0), y + z, x))


def rd_by_x(x, y, z):
    return 0.5 * (elliprd(y, z, x) - elliprd(x, y, z)) / (x - z)


def rd_by_z(x, y, z, out):
    """As the function is homogeneous (19.16.8), from x and y times the other derivatives."""
    by_x = 0.5 * (moved(x, y, z) - x * out) / (x - z)
    by_y = 0.5 * (moved(y, x, z) - y * out) / (y - z)
    return -(1.5 * out + by_x + by_y) / z


def rj_by_x(x, y, z, p):
    return 0.5 * (elliprd(y, z, x) - elliprj(x, y, z, p)) / (x - p)


def rj_by_p(x, y, z, p):
    out = elliprj(x, y, z, p)
    by_x = 0.5 * (moved(x, y, z) - x * out) / (x - p)
    by_y = 0.5 * (moved(y, x, z) - y * out) / (y - p)
    by_z = 0.5 * (moved(z, x, y) - z * out) / (z - p)
    return -(1.5 * out + by_x + by_y + by_z) / p


def rg_by_x(x, y, z):
    return 0.25 * (elliprf(x, y, z) - moved(x, y, z) / 3)


derivatives(
    "elliprf",
    x=lambda x, y, z: elliprd(y, z, x) / -6,  # 19.18.1
    y=lambda x, y, z: elliprd(x, z, y) / -6,
    z=lambda x, y, z: elliprd(x, y, z) / -6,
)
derivatives(
    "elliprg",
    x=rg_by_x,
    y=lambda x, y, z: rg_by_x(y, x, z),
    z=lambda x, y, z: rg_by_x(z, x, y),
)
derivatives(
    "elliprc",
    x=lambda x, y, out: (1 / sqrt(x) - out) / (2 * (x - y)),
    y=lambda x, y, out: (out - sqrt(x) / y) / (2 * (x - y)),
)
derivatives("elliprd", x=rd_by_x, y=lambda x, y, z: rd_by_x(y, x, z), z=rd_by_z)
derivatives(
    "elliprj",
    x=rj_by_x,
    y=lambda x, y, z, p: rj_by_x(y, x, z, p),
    z=lambda x, y, z, p: rj_by_x(z, x, y, p),
    p=rj_by_p,
)

# the mean is pi / 2 over RF(0, a**2, b**2) (19.22.8)


def agm_slope(a, b, out):
    ratio = out / a
    return 2 / (3 * PI) * ratio * ratio * elliprd(0.0, (b / a) * (b / a), 1.0)


derivatives("agm", a=agm_slope, b=lambda a, b, out: agm_slope(b, a, out))
