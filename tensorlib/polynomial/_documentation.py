"""The documentation of the families' functions and classes, from a table of operations."""

import inspect
from collections import namedtuple

Family = namedtuple("Family", "prefix, title, basis, weight")

FAMILIES = {
    "polynomial": Family("poly", "power series", "powers of x", None),
    "chebyshev": Family("cheb", "Chebyshev series", "Chebyshev polynomials",
                        "1 / sqrt(1 - x**2)"),
    "legendre": Family("leg", "Legendre series", "Legendre polynomials", "1"),
    "hermite": Family("herm", "Hermite series", "Hermite polynomials of the physicists",
                      "exp(-x**2)"),
    "hermite_e": Family("herme", "HermiteE series", "Hermite polynomials of the probabilists",
                        "exp(-x**2 / 2)"),
    "laguerre": Family("lag", "Laguerre series", "Laguerre polynomials", "exp(-x)"),
    "polyutils": Family(None, "series", "", ""),
}  # fmt: skip

# What is needed of each operation: a summary, what it returns, arguments of an example, and what
# it raises. The names of functions are those of the operations with the family's prefix for a *.
Operation = namedtuple("Operation", "summary, returns, arguments, raises", defaults=("",))

_SERIES = "Coefficients, the lowest degree first."
_NO_SERIES = "ValueError\n    If the coefficients are empty or have several axes."
_BAD_AXIS = """TypeError
    If `m` or `axis` is no integer.
ValueError
    If `m` is negative."""
_BAD_SHAPES = "ValueError\n    If the coordinates have different shapes."
_NOT_A_DEGREE = "TypeError\n    If `deg` is no integer.\nValueError\n    If `deg` is negative."

OPERATIONS = {
    "*line": Operation("A {title} that is a straight line.", _SERIES, "3.0, 2.0"),
    "*add": Operation("The sum of two {title}.", _SERIES, "[1.0, 2.0, 3.0], [3.0, 2.0]",
                      _NO_SERIES),
    "*sub": Operation("The difference of two {title}.", _SERIES, "[1.0, 2.0, 3.0], [3.0, 2.0]",
                      _NO_SERIES),
    "*mulx": Operation("A {title} times x.", _SERIES, "[1.0, 2.0, 3.0]", _NO_SERIES),
    "*mul": Operation("The product of two {title}.", _SERIES, "[1.0, 2.0, 3.0], [3.0, 2.0]",
                      _NO_SERIES),
    "*div": Operation("Quotient and remainder of two {title}.",
                      "tuple of Tensor: the coefficients of the quotient and of the remainder.",
                      "[1.0, 2.0, 3.0], [3.0, 2.0]",
                      "ZeroDivisionError\n    If the divisor is zero."),
    "*pow": Operation("A power of a {title}.", _SERIES, "[1.0, 2.0], 3",
                      "ValueError\n    If `pow` is no integer from 0 to `maxpower`."),
    "*val": Operation("Values of a {title}.",
                      "The shape of `x`, after the axes of `c` behind the first with `tensor`.",
                      "[0.0, 0.5, 2.0], [1.0, 2.0, 3.0]"),
    "*valfromroots": Operation("Values of the polynomial with given roots.",
                               "The shape of `x`, after the axes of `r` behind the first with "
                               "`tensor`.",
                               "[0.0, 0.5, 2.0], [1.0, 2.0, 3.0]",
                               "ValueError\n    If the axes do not fit, without `tensor`."),
    "*der": Operation("Derivative of a {title}.", _SERIES, "[1.0, 2.0, 3.0, 4.0]", _BAD_AXIS),
    "*int": Operation("Antiderivative of a {title}.", _SERIES, "[1.0, 2.0, 3.0]", _BAD_AXIS),
    "*fromroots": Operation("A {title} with given roots.", _SERIES, "[-1.0, 0.0, 1.0]"),
    "*vander": Operation("The {basis} up to a degree, at points.",
                         "The shape of `x` and a last axis of length ``deg + 1``.",
                         "[-1.0, 0.5, 2.0], 3", _NOT_A_DEGREE),
    "*vander2d": Operation("Products of the {basis} in two variables, at points.",
                           "The shape of `x` and a last axis for the pairs of degrees.",
                           "[-1.0, 0.5], [1.0, 2.0], [1, 2]", _BAD_SHAPES),
    "*vander3d": Operation("Products of the {basis} in three variables, at points.",
                           "The shape of `x` and a last axis for the triples of degrees.",
                           "[-1.0, 0.5], [1.0, 2.0], [0.0, 1.0], [1, 2, 1]", _BAD_SHAPES),
    "*fit": Operation("The {title} nearest to points: least squares.",
                      "Shape ``(deg + 1,)`` or ``(deg + 1, K)``: coefficients, the lowest degree "
                      "first. With `full` a tuple of them and a list ``[residuals, rank, "
                      "singular_values, rcond]``.",
                      "[-1.0, 0.0, 1.0, 2.0], [1.0, 0.0, 1.0, 3.0], 2",
                      "TypeError\n    If `deg` is no integer, or the number of axes or the lengths "
                      "of `x`, `y`, `w` are wrong.\nValueError\n    If `deg` is negative."),
    "*roots": Operation("Roots of a {title}: eigenvalues of its companion matrix.",
                        "Shape ``(N - 1,)``, in rising order; complex where a root is.",
                        "[-2.0, 0.0, 1.0]", _NO_SERIES),
    "*val2d": Operation("Values of a {title} in two variables.", "The shape of `x`.",
                        "[0.0, 0.5], [1.0, 2.0], [[1.0, 2.0], [3.0, 4.0]]", _BAD_SHAPES),
    "*val3d": Operation("Values of a {title} in three variables.", "The shape of `x`.",
                        "[0.0, 0.5], [1.0, 2.0], [2.0, 3.0], [[[1.0, 2.0]], [[3.0, 4.0]]]",
                        _BAD_SHAPES),
    "*grid2d": Operation("Values of a {title} in two variables, on a grid.",
                         "The shapes of `x` and `y`, one after the other.",
                         "[0.0, 0.5], [1.0, 2.0], [[1.0, 2.0], [3.0, 4.0]]"),
    "*grid3d": Operation("Values of a {title} in three variables, on a grid.",
                         "The shapes of `x`, `y` and `z`, one after the other.",
                         "[0.0, 0.5], [1.0, 2.0], [2.0, 3.0], [[[1.0, 2.0]], [[3.0, 4.0]]]"),
    "*companion": Operation("The companion matrix of a {title}: its eigenvalues are the roots.",
                            "Shape ``(N - 1, N - 1)``.", "[1.0, 2.0, 3.0]",
                            "ValueError\n    If there are fewer than two coefficients."),
    "*2poly": Operation("A {title} as a power series.", _SERIES, "[1.0, 2.0, 3.0]", _NO_SERIES),
    "poly2*": Operation("A power series as a {title}.", _SERIES, "[1.0, 2.0, 3.0]", _NO_SERIES),
    "*pts1": Operation("The zeros of a Chebyshev polynomial.", "Shape ``(npts,)``, rising.", "4",
                       "ValueError\n    If `npts` is no positive integer."),
    "*pts2": Operation("Where a Chebyshev polynomial has its extrema.",
                       "Shape ``(npts,)``, rising.", "4",
                       "ValueError\n    If `npts` is no integer of at least 2."),
    "*gauss": Operation("Points and weights of Gauss's quadrature for the weight ``{weight}``.",
                        "tuple of Tensor: the points and their weights, each of shape "
                        "``(deg,)``.", "4",
                        "TypeError\n    If `deg` is no integer.\n"
                        "ValueError\n    If `deg` is not positive."),
    "*weight": Operation("The weight for which the {basis} are orthogonal: ``{weight}``.",
                         "The shape of `x`.", "0.5"),
    "*interpolate": Operation("The {title} equal to a function at the zeros of a polynomial.",
                              "Shape ``(deg + 1,)``: coefficients, the lowest degree first.",
                              "lambda x: x**2, 3", _NOT_A_DEGREE),
    "as_series": Operation("Coefficients as arrays of one dtype.",
                           "list of Tensor: one for each item, floating-point or complex.",
                           "[[1, 2, 0], [1.0]]", _NO_SERIES),
    "getdomain": Operation("The smallest interval (for complex points: the corners of the smallest "
                           "rectangle) that holds points.", "Shape ``(2,)``.", "[-1.0, 3.0, 2.0]"),
    "mapdomain": Operation("Points moved by the linear map between two intervals.",
                           "The shape of `x`.", "[0.0, 0.5], [0, 1], [2, 4]"),
    "mapparms": Operation("Offset and scale of the linear map between two intervals.",
                          "tuple of float: offset and scale; Tensors for Tensors.",
                          "[0, 1], [2, 4]"),
    "trimcoef": Operation("Coefficients without the small ones at the end.",
                          "One element at least.", "[1.0, 0.0, 1e-9, 0.0], 1e-8",
                          "ValueError\n    If `tol` is negative."),
    "trimseq": Operation("A sequence of coefficients without the zeros at its end.",
                         "sequence: as `seq`, one element at least.", "[1.0, 2.0, 0.0]"),
}  # fmt: skip

PARAMETERS = {
    "alist": ("sequence of array_like", "Coefficients, each with one axis."),
    "args": ("tuple", "Further arguments of `func`."),
    "axis": ("int", "Along which the degrees lie in `c`."),
    "c": ("array_like", "Coefficients, the lowest degree first, along the first axis of each "
                        "variable."),
    "c1, c2": ("array_like", "Coefficients, shapes ``(M,)`` and ``(N,)``, the lowest degree "
                             "first."),
    "deg": ("int or sequence of int", "The degree: one for each variable. A fit takes several, "
                                      "to use only the terms of these degrees."),
    "full": ("bool", "Whether to return what the solution of the least squares tells too."),
    "func": ("callable", "Takes the points as a Tensor, returns the values there."),
    "k": ("array_like", "Constants of integration, one for each integral; zeros by default."),
    "lbnd": ("scalar", "Where the integral is zero, before its constant is added."),
    "m": ("int", "How many times."),
    "maxpower": ("int, optional", "The largest power allowed."),
    "npts": ("int", "How many points."),
    "off": ("scalar", "The value at 0."),
    "pol": ("array_like", "Coefficients of the power series, the lowest degree first."),
    "pow": ("int", "The power, not negative."),
    "old, new": ("array_like", "Two points each."),
    "r": ("array_like", "Roots, along the first axis."),
    "rcond": ("float, optional", "Singular values below `rcond` times the largest one count as "
                                 "zero; ``M`` times the dtype's epsilon by default."),
    "roots": ("array_like", "Shape ``(N,)``."),
    "scl": ("scalar", "The slope of a line; else by what each result is multiplied, for a change "
                      "of variable."),
    "seq": ("sequence", "Coefficients, the lowest degree first."),
    "tensor": ("bool", "Whether each series in `c` (each set of roots in `r`) is taken at each "
                       "element of `x`; else the axes broadcast."),
    "tol": ("scalar", "Absolute values up to this count as zero."),
    "trim": ("bool", "Whether to leave out the zeros at the end."),
    "w": ("array_like, optional", "Weights of the differences (not of their squares), shape "
                                  "``(M,)``."),
    "x": ("array_like", "The points."),
    "y": ("array_like", "The second coordinates; in a fit the values, shape ``(M,)``, or "
                        "``(M, K)`` for `K` fits at once."),
    "z": ("array_like", "The third coordinates."),
}  # fmt: skip

_FUNCTION = """{summary}

{parameters}

Returns
-------
{returns}
{raises}
See Also
--------
numpy.polynomial.{module}.{name} : the same for arrays.

Examples
--------
>>> import numpy as np
>>> import tensorlib as tl
>>> result = tl.polynomial.{module}.{name}({arguments})
>>> expected = np.polynomial.{module}.{name}({arguments})
>>> {comparison}
True
"""

_CLASS = """A {title}: coefficients, with a domain that is mapped to a window.

Adding, multiplying, dividing (``//``, ``%``, `divmod`) and powers give series; a call gives the
values, with gradients for the points and for the coefficients.

Parameters
----------
coef : array_like
    Coefficients, the lowest degree first.
domain, window : array_like, optional
    Two points each: the series is taken at x after the map that moves `domain` to `window`. By
    default both are the family's own.
symbol : str
    The variable's name, for printing.

See Also
--------
numpy.polynomial.{name} : the same for arrays.

Examples
--------
>>> import numpy as np
>>> import tensorlib as tl
>>> p = tl.polynomial.{name}([1.0, 2.0, 3.0])
>>> x = tl.asarray([0.0, 0.5])
>>> np.array_equal(p(x), np.polynomial.{name}([1.0, 2.0, 3.0])([0.0, 0.5]))
True
"""

METHODS = {
    "basis": "The series of one term: the basis function of a degree.",
    "cast": "A series of another family as one of this class.",
    "convert": "The series on another domain, or as one of another family.",
    "copy": "The series with coefficients of its own.",
    "cutdeg": "The series up to a degree.",
    "degree": "The degree: the number of coefficients less one, whether they are zero or not.",
    "deriv": "The derivative, as a series.",
    "fit": "The series nearest to points: least squares.",
    "fromroots": "The series with given roots.",
    "has_samecoef": "Whether the coefficients are equal to those of another series.",
    "has_samedomain": "Whether the domain is that of another series.",
    "has_sametype": "Whether another series is of this class.",
    "has_samewindow": "Whether the window is that of another series.",
    "identity": "The series whose value at x is x.",
    "integ": "The antiderivative, as a series.",
    "interpolate": "The series equal to a function at Chebyshev's points of its domain.",
    "linspace": "Points at equal distances in the domain, and the values there.",
    "mapparms": "Offset and scale of the map from the domain to the window.",
    "roots": "The roots, in the domain.",
    "trim": "The series without the small coefficients at its end.",
    "truncate": "The series of a number of coefficients.",
}


def document_function(function, module):
    """Give a function of a family, or of what they have in common, its documentation."""
    family, name = FAMILIES[module], function.__name__
    # The first: the names of power series begin with "poly", and so does "poly2cheb".
    operation = OPERATIONS[name.replace(family.prefix, "*", 1) if family.prefix else name]
    kind, returns = "Tensor", operation.returns
    comparison = "np.allclose(result, expected)"
    if ": " in returns:
        kind, returns = returns.split(": ", 1)
        comparison = "all(map(np.allclose, result, expected))"
    function.__doc__ = _FUNCTION.format(
        summary=_filled(operation.summary, family),
        parameters=_parameters(function),
        returns=f"{kind}\n    {returns}",
        raises=f"\nRaises\n------\n{operation.raises}\n" if operation.raises else "",
        arguments=operation.arguments,
        comparison=comparison,
        module=module,
        name=name,
    )


def document_class(cls, module):
    """Give the class of a family, and its methods, their documentation."""
    cls.__doc__ = _filled(_CLASS.replace("{name}", cls.__name__), FAMILIES[module])
    for base in cls.__mro__[:2]:
        for name, text in METHODS.items():
            method = vars(base).get(name)
            if method is not None:
                getattr(method, "__func__", method).__doc__ = text


def _filled(text, family):
    return text.format(**family._asdict())


def _parameters(function):
    names = list(inspect.signature(function).parameters)
    for pair in ("c1", "c2"), ("old", "new"):
        if set(pair) <= set(names):
            names[names.index(pair[0]) : names.index(pair[1]) + 1] = [", ".join(pair)]
    described = (f"{name} : {PARAMETERS[name][0]}\n    {PARAMETERS[name][1]}" for name in names)
    return "\n".join(["Parameters", "----------", *described])
