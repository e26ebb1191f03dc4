"""Power series: coefficients, values, fits, and a class."""

from tensorlib.polynomial._families import define


def polydiv(c1, c2):
    # NumPy's subtracts in place what it needs for the gradient.
    return pu._divmod(polymul, c1, c2)  # noqa: F821 (names of the module that is run)


define(globals(), keep={"polydiv"})
