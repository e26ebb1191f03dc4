"""Polynomials and their relatives: NumPy's `numpy.polynomial`, with tensors and gradients.

Each family has a module of functions of coefficients and a class. They are NumPy's code, run on
tensors (``tensorlib._rebound``), so values, signatures and errors are NumPy's.
"""

from tensorlib.polynomial import chebyshev, hermite, hermite_e, laguerre, legendre, polynomial
from tensorlib.polynomial._polybase import ABCPolyBase
from tensorlib.polynomial.chebyshev import Chebyshev
from tensorlib.polynomial.hermite import Hermite
from tensorlib.polynomial.hermite_e import HermiteE
from tensorlib.polynomial.laguerre import Laguerre
from tensorlib.polynomial.legendre import Legendre
from tensorlib.polynomial.polynomial import Polynomial

__all__ = [
    "Chebyshev",
    "Hermite",
    "HermiteE",
    "Laguerre",
    "Legendre",
    "Polynomial",
    "chebyshev",
    "hermite",
    "hermite_e",
    "laguerre",
    "legendre",
    "polynomial",
    "set_default_printstyle",
]


def set_default_printstyle(style):
    """Choose how series are printed.

    Parameters
    ----------
    style : {"unicode", "ascii"}

    Raises
    ------
    ValueError
        If `style` is neither.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.polynomial.set_default_printstyle("unicode")
    >>> print(tl.polynomial.Polynomial([1.0, 2.0, 3.0]))
    1.0 + 2.0·x + 3.0·x²
    """
    if style not in ("unicode", "ascii"):
        raise ValueError(f"set_default_printstyle: expected 'unicode' or 'ascii', got {style!r}")
    ABCPolyBase._use_unicode = style == "unicode"
