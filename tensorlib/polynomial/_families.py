"""Make the module of one family out of NumPy's."""

import operator

from tensorlib._core._functions import array
from tensorlib._joining import stack
from tensorlib._rebound import run_module
from tensorlib.polynomial._documentation import FAMILIES, document_class, document_function

# The basis of degree 1, and that of degree n out of the two before it.
RECURRENCES = {
    "polynomial": (lambda x: x, lambda n, x, last, other: last * x),
    "chebyshev": (lambda x: x, lambda n, x, last, other: last * (2 * x) - other),
    "legendre": (
        lambda x: x,
        lambda n, x, last, other: (last * x * (2 * n - 1) - other * (n - 1)) / n,
    ),
    "hermite": (lambda x: 2 * x, lambda n, x, last, other: last * (2 * x) - other * (2 * (n - 1))),
    "hermite_e": (lambda x: x, lambda n, x, last, other: last * x - other * (n - 1)),
    "laguerre": (
        lambda x: 1 - x,
        lambda n, x, last, other: (last * (2 * n - 1 - x) - other * (n - 1)) / n,
    ),
}


def define(namespace, keep=()):
    """Fill the module of a family: NumPy's code on tensors, with documentation of ours.

    Parameters
    ----------
    namespace : dict
        The module's, which has the name of NumPy's module.
    keep : collection of str
        What the module has defined itself.
    """
    module = namespace["__name__"].rpartition(".")[2]
    vander = _vander(f"{FAMILIES[module].prefix}vander", *RECURRENCES[module])
    vander.__module__ = namespace["__name__"]
    namespace[vander.__name__] = vander
    run_module(f"numpy.polynomial.{module}", namespace, {vander.__name__, *keep})
    for name in namespace["__all__"]:
        value = namespace[name]
        if isinstance(value, type):
            document_class(value, module)
        elif callable(value) and value.__module__ == namespace["__name__"]:
            document_function(value, module)


def _vander(name, first, step):
    """The basis at points. NumPy's writes each degree beside the one that it is made of: a gradient
    needs the values that were there before."""

    def vander(x, deg):
        try:
            count = operator.index(deg) + 1
        except TypeError as error:
            raise TypeError(f"{name}: expected an integer as deg, got {deg!r}") from error
        if count < 1:
            raise ValueError(f"{name}: expected a deg of at least 0, got {deg}")
        x = array(x, copy=None, ndmin=1) + 0.0
        degrees = [x * 0 + 1, first(x)]
        for n in range(2, count):
            degrees.append(step(n, x, degrees[-1], degrees[-2]))
        return stack(degrees[:count], axis=-1)

    vander.__name__ = vander.__qualname__ = name
    return vander
