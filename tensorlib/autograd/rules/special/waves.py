"""Derivatives by the argument of functions that come with their derivative.

Its derivative in turn follows from the differential equation.
"""

import math

from tensorlib._core._functions import cos, cosh
from tensorlib.autograd.rules.special._register import derivatives
from tensorlib.special._ufuncs import UFUNCS, mathieu_a, mathieu_b, obl_cv, pro_cv

DEGREE = math.pi / 180


# Mathieu functions of an angle in degrees: 28.2.1; modified ones: 28.20.1


def angular(name, characteristic):
    def slopes(m, q, x):
        value, slope = UFUNCS[name](m, q, x)
        bend = 2 * q * cos(2 * DEGREE * x) - characteristic(m, q)
        return DEGREE * slope, DEGREE * bend * value

    derivatives(name, x=slopes)


def radial(name, characteristic):
    def slopes(m, q, x):
        value, slope = UFUNCS[name](m, q, x)
        return slope, (characteristic(m, q) - 2 * q * cosh(2 * x)) * value

    derivatives(name, x=slopes)


angular("mathieu_cem", mathieu_a)
angular("mathieu_sem", mathieu_b)
for kind in "12":
    radial(f"mathieu_modcem{kind}", mathieu_a)
    radial(f"mathieu_modsem{kind}", mathieu_b)


# spheroidal functions: 30.2.1, with the characteristic value of SciPy, which is that of 30.2.1
# plus c**2. Of oblate ones `c` is imaginary, and of oblate radial ones the argument too. Left out
# are the radial ones of the second kind, as SciPy's values are too coarse for the equation, and
# those of a given characteristic value, as a node of the tape keeps four tensors only.


def spheroidal(name, characteristic, square_of_c=1, square_of_x=1):
    def slopes(m, n, c, x):
        value, slope = UFUNCS[name](m, n, c, x)
        across = 1 - square_of_x * x * x
        inner = characteristic(m, n, c) - square_of_c * square_of_x * c * c * x * x
        inner = inner - m * m / across
        return slope, square_of_x * (2 * x * slope - inner * value) / across

    derivatives(name, x=slopes)


spheroidal("pro_ang1", pro_cv)
spheroidal("pro_rad1", pro_cv)
spheroidal("obl_ang1", obl_cv, square_of_c=-1)
spheroidal("obl_rad1", obl_cv, square_of_c=-1, square_of_x=-1)

# parabolic cylinder functions: 12.2.4 and 12.14.2

derivatives("pbdv", x=lambda v, x, out0, out1: (out1, (0.25 * x * x - v - 0.5) * out0))
derivatives("pbvv", x=lambda v, x, out0, out1: (out1, (0.25 * x * x - v - 0.5) * out0))
derivatives("pbwa", x=lambda a, x, out0, out1: (out1, (a - 0.25 * x * x) * out0))
