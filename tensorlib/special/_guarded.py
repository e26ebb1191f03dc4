"""Ufuncs whose loops must not see every number.

SciPy computes Mathieu and spheroidal functions in arrays of a fixed length, and writes behind their
end for large or undefined parameters. In single precision the spheroidal ones never end. Here they
give NaN for such parameters, and compute in double precision always.
"""

import numpy as np

from tensorlib._core._functions import absolute, asarray, less_equal, where

# Beyond these, where SciPy has room for the coefficients, the functions are NaN.
LARGEST_Q = 1e6
LARGEST_ORDER = 1e6
LARGEST_DEGREE = 200  # plus twice the parameter c
LARGEST_DEGREE_OF_SECOND_KIND = 100


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
        if not safe.all():
            inputs = (where(safe, inputs[0], -1), *inputs[1:])  # an order that there is not
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


def guarded(ufuncs):
    """The guarded forms of those that need it, by name."""
    found = {}
    for name, ufunc in ufuncs.items():
        if name.startswith("mathieu_") and ufunc.nin == 3:
            found[name] = GuardedUfunc(ufunc, mathieu_inside)
        elif name.startswith(("obl_", "pro_")):
            inside = second_kind_inside if "rad2" in name else spheroidal_inside
            found[name] = GuardedUfunc(ufunc, inside, double_only=True)
    return found
