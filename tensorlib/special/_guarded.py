"""Ufuncs whose loops must not see every number.

SciPy computes Mathieu and spheroidal functions in arrays of a fixed length, and writes behind their
end for large or undefined parameters. In single precision the spheroidal ones never end. Here they
give NaN for such parameters, and compute in double precision always. So do the functions that take
as many steps as their order or argument is large: they are NaN where that takes seconds, or what
they tend to.
"""

import numpy as np

from tensorlib._arguments import anywhere
from tensorlib._assignment import copyto
from tensorlib._core._functions import (
    absolute,
    asarray,
    equal,
    exp,
    floor,
    less_equal,
    logical_not,
    maximum,
    minimum,
    where,
)
from tensorlib.special._ufuncs import UFUNCS, gammasgn

# Beyond these, where SciPy has room for the coefficients, the functions are NaN.
LARGEST_Q = 1e6
LARGEST_ORDER = 1e6
LARGEST_DEGREE = 200  # plus twice the parameter c
LARGEST_DEGREE_OF_SECOND_KIND = 100

LARGEST_COUNT = 1e8  # of the steps of a recurrence
LARGEST_OF_DENSITY = 1e8  # Boost raises errors, or ends the process, where it overflows


def mathieu_inside(m, q, *others):
    """Where the parameters are safe; not where one is NaN."""
    return less_equal(absolute(q), LARGEST_Q) & less_equal(m, LARGEST_ORDER)


def spheroidal_inside(m, n, c, *others):
    """Where the parameters are safe; not where one is NaN."""
    return less_equal(n + 2 * absolute(c), LARGEST_DEGREE) & less_equal(m, n)


def second_kind_inside(m, n, c, *others):
    """The same for radial functions of the second kind, which need more room."""
    small = less_equal(n + 2 * c, LARGEST_DEGREE_OF_SECOND_KIND)
    return small & less_equal(m, n) & less_equal(0, c)


def bessel_inside(n, x):
    """A recurrence from the order 0, which overflows where the order passes the argument."""
    return less_equal(minimum(absolute(n), absolute(x)), LARGEST_COUNT)


def legendre_inside(m, v, x):
    return less_equal(absolute(m), LARGEST_ORDER)


def f_density_inside(f, dfn, dfd, nc):
    """Not at its pole 0 either."""
    largest = maximum(maximum(f, dfn), maximum(dfd, nc))
    smallest = minimum(minimum(f, dfn), dfd)
    bounded = less_equal(largest, LARGEST_OF_DENSITY)
    return bounded & less_equal(1 / LARGEST_OF_DENSITY, smallest)


def t_density_inside(t, df, nc):
    largest = maximum(maximum(absolute(t), df), absolute(nc))
    return less_equal(largest, LARGEST_OF_DENSITY) & less_equal(1 / LARGEST_OF_DENSITY, df)


class GuardedUfunc:
    """A ufunc that is NaN outside of a region, where its loops do not get the numbers."""

    def __init__(self, ufunc, inside, double_only=False):
        self.ufunc, self.inside, self.double_only = ufunc, inside, double_only
        for name in ("__name__", "__qualname__", "__module__", "__signature__"):
            setattr(self, name, getattr(ufunc, name))

    def __call__(self, *args, **kwargs):
        count = self.ufunc.nin
        if len(args) < count:
            return self.ufunc(*args, **kwargs)  # which says what is missing
        single = self.double_only and self.gives_single(args[:count])
        inputs = [asarray(x).astype(np.float64) for x in args[:count]] if single else args[:count]
        safe = self.inside(*(asarray(x).detach() for x in inputs))
        if anywhere(logical_not(safe)):
            inputs = (where(safe, inputs[0], np.nan), *inputs[1:])
        found = self.ufunc(*inputs, *args[count:], **kwargs)
        if not single or len(args) > count or kwargs.get("out") is not None:
            return found
        if isinstance(found, tuple):
            return tuple(x.astype(np.float32) for x in found)
        return found.astype(np.float32)

    def gives_single(self, inputs):
        """Whether SciPy has the loop in single precision for these."""
        kinds = (type(x) if type(x) in (int, float) else asarray(x).dtype for x in inputs)
        loops = self.ufunc.numpy_ufunc()
        try:
            return loops.resolve_dtypes((*kinds, *[None] * loops.nout))[-1] == np.float32
        except TypeError:
            return False  # which the ufunc refuses

    def __getattr__(self, name):
        return getattr(self.ufunc, name)

    def __repr__(self):
        return repr(self.ufunc)

    def __reduce__(self):
        return self.ufunc.__reduce__()

    @property
    def __doc__(self):
        """str: that of the ufunc."""
        return self.ufunc.__doc__


# Kummer's function: SciPy adds up logarithms of its size, one step for a factor of e or so. Where
# all is below LARGE that is soon done; so it is for an argument below VERY_LARGE and small
# parameters, and for polynomials.
LARGE, VERY_LARGE = 1e6, 1e9


def is_pole(x):
    """Whether the gamma function is infinite."""
    return less_equal(x, 0) & equal(floor(x), x)


def hyp1f1_inside(a, b, x):
    size = maximum(absolute(a), absolute(b))
    small = less_equal(size, 0.1 * LARGE)
    polynomial = small & (is_pole(a) | is_pole(b))
    vanishing = less_equal(x, 0) & is_pole(b - a)  # exp(x) times a polynomial
    far = absolute(x) > VERY_LARGE
    soon = small & logical_not(far & (vanishing | less_equal(0, x)))
    return less_equal(absolute(x), LARGE) | polynomial | soon | (x != x)


def hyp1f1_limit(a, b, x):
    """With the argument far beyond the parameters: infinite (DLMF 13.7.1) or, as `hyp1f1_inside`
    leaves only one such case on the left, zero (13.2.39). NaN where both are large."""
    known = less_equal(10 * maximum(absolute(a), absolute(b)), absolute(x))
    known = known & (less_equal(0, x) | is_pole(b - a))
    sign = where(less_equal(0, x), gammasgn(a) * gammasgn(b), 1)
    return where(known, sign, np.nan) * exp(x)


class Hyp1f1(GuardedUfunc):
    # Kummer's function with its limits outside.

    __doc__ = GuardedUfunc.__doc__  # the property that gives the ufunc's

    def __call__(self, *args, **kwargs):
        if len(args) < 3:
            return self.ufunc(*args, **kwargs)
        a, b, x = map(asarray, args[:3])
        if x.dtype.kind == "c":
            return self.ufunc(*args, **kwargs)
        a, b = (value.detach().astype(np.float64) for value in (a, b))
        outside = logical_not(self.inside(a, b, x.detach()))
        if not anywhere(outside):
            return self.ufunc(*args, **kwargs)
        found = self.ufunc(*args[:2], where(outside, 0, x), *args[3:], **kwargs)
        limit = hyp1f1_limit(a, b, x)
        copyto(found, limit, where=outside & kwargs.get("where", True))
        return found


def guarded(ufuncs):
    """The guarded forms of those that need it, by name."""
    found = {
        "_ncf_pdf": GuardedUfunc(ufuncs["_ncf_pdf"], f_density_inside),
        "_nct_pdf": GuardedUfunc(ufuncs["_nct_pdf"], t_density_inside),
        "hyp1f1": Hyp1f1(ufuncs["hyp1f1"], hyp1f1_inside),
        "lpmv": GuardedUfunc(ufuncs["lpmv"], legendre_inside),
        "yn": GuardedUfunc(ufuncs["yn"], bessel_inside),
    }
    for name, ufunc in ufuncs.items():
        if name.startswith("mathieu_") and ufunc.nin == 3:
            found[name] = GuardedUfunc(ufunc, mathieu_inside)
        elif name.startswith(("obl_", "pro_")):
            inside = second_kind_inside if "rad2" in name else spheroidal_inside
            found[name] = GuardedUfunc(ufunc, inside, double_only=True)
    return found


GUARDED = guarded(UFUNCS)
globals().update(GUARDED)
