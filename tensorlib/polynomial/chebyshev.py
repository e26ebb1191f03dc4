"""Chebyshev series: coefficients, values, fits, and a class."""

from tensorlib.polynomial._families import define


def chebdiv(c1, c2):
    # NumPy's divides by `z[0]` in place, which it takes for a copy: in a Tensor it is a view.
    return pu._divmod(chebmul, c1, c2)  # noqa: F821 (names of the module that is run)


define(globals(), keep={"chebdiv"})
