"""Polynomials."""
from tensorlib.polynomial import chebyshev, hermite, hermite_e, laguerre, legendre, polynomial
from tensorlib.polynomial.chebyshev import Chebyshev
from tensorlib.polynomial.hermite import Hermite
from tensorlib.polynomial.hermite_e import HermiteE
from tensorlib.polynomial.laguerre import Laguerre
from tensorlib.polynomial.legendre import Legendre
from tensorlib.polynomial.polynomial import Polynomial
