"""The distributions that the old and the new generators share, made from a table.

A row: the name, the dtype of the numbers, what is drawn, the arguments of an example, and the
parameters in groups of names with their defaults, their kind and what they must be.
"""

import inspect

import numpy as np

from tensorlib._arguments import axis_index
from tensorlib._core._functions import asarray
from tensorlib._core._recorder import random, watched
from tensorlib._numpy_code import by_numpy, has_tensors
from tensorlib._selection import take

# Types of arguments in which no Tensor can be: with them alone the road is shorter.
SIMPLE = {type(None), bool, int, float, str, type, np.ndarray}

REAL, WHOLE = "float or array_like of floats", "int or array_like of ints"

TABLE = (
    ("beta", "float64", "from Beta distributions, whose numbers lie between 0 and 1",
     "2.0, 5.0", ("a, b", REAL, "Above 0.")),
    ("binomial", "int64", "how many of `n` trials succeed, each with probability `p`",
     "10, 0.5", ("n", WHOLE, "Not negative."), ("p", REAL, "From 0 to 1.")),
    ("chisquare", "float64", "sums of the squares of `df` standard normal numbers",
     "3.0", ("df", REAL, "Degrees of freedom, above 0.")),
    ("exponential", "float64", "from exponential distributions of mean `scale`",
     "2.0", ("scale=1.0", REAL, "Not negative.")),
    ("f", "float64", "ratios of two chi-square numbers, each over its degrees of freedom",
     "4.0, 9.0", ("dfnum, dfden", REAL, "Degrees of freedom of the two, above 0.")),
    ("gamma", "float64", "from Gamma distributions of mean ``shape * scale``",
     "2.0, 3.0", ("shape, scale=1.0", REAL, "Not negative.")),
    ("geometric", "int64", "how many trials there are up to the first success",
     "0.25", ("p", REAL, "The probability of success, above 0 and at most 1.")),
    ("gumbel", "float64", "from Gumbel distributions, those of the largest of many numbers",
     "1.0, 2.0", ("loc=0.0", REAL, "The most probable number."),
     ("scale=1.0", REAL, "Not negative.")),
    ("hypergeometric", "int64", "how many good ones are in a sample without replacement",
     "7, 5, 4", ("ngood, nbad", WHOLE, "How many there are of each kind, not negative."),
     ("nsample", WHOLE, "The size of the sample, at most ``ngood + nbad``.")),
    ("laplace", "float64", "from Laplace distributions, exponential on both sides",
     "1.0, 2.0", ("loc=0.0", REAL, "The mean."), ("scale=1.0", REAL, "Not negative.")),
    ("logistic", "float64", "from logistic distributions",
     "1.0, 2.0", ("loc=0.0", REAL, "The mean."), ("scale=1.0", REAL, "Not negative.")),
    ("lognormal", "float64", "numbers whose logarithms are normal",
     "1.0, 0.5", ("mean=0.0", REAL, "Of the logarithms."),
     ("sigma=1.0", REAL, "The deviation of the logarithms, not negative.")),
    ("logseries", "int64", "from the logarithmic series: k has a probability like ``p**k / k``",
     "0.5", ("p", REAL, "From 0 to below 1.")),
    ("negative_binomial", "int64", "how many trials fail before `n` have succeeded",
     "3.0, 0.5", ("n", REAL, "Above 0."), ("p", REAL, "Above 0 and at most 1.")),
    ("noncentral_chisquare", "float64", "sums of the squares of `df` shifted normal numbers",
     "3.0, 1.5", ("df", REAL, "Degrees of freedom, above 0."),
     ("nonc", REAL, "The sum of the squares of the shifts, not negative.")),
    ("noncentral_f", "float64", "as `f` does, the first of the two chi-squares being shifted",
     "4.0, 9.0, 1.5", ("dfnum, dfden", REAL, "Degrees of freedom of the two, above 0."),
     ("nonc", REAL, "The sum of the squares of the shifts, not negative.")),
    ("normal", "float64", "from normal distributions",
     "1.0, 2.0", ("loc=0.0", REAL, "The mean."),
     ("scale=1.0", REAL, "The deviation, not negative.")),
    ("pareto", "float64", "from Pareto distributions moved to begin at 0 (Lomax)",
     "3.0", ("a", REAL, "How fast the tail falls, above 0.")),
    ("poisson", "int64", "how many events there are, where `lam` are expected",
     "4.0", ("lam=1.0", REAL, "Not negative.")),
    ("power", "float64", "numbers between 0 and 1 with a density like ``x**(a - 1)``",
     "2.0", ("a", REAL, "Above 0.")),
    ("rayleigh", "float64", "lengths of 2-d vectors of normal numbers of mean 0",
     "2.0", ("scale=1.0", REAL, "The deviation of the normal numbers, not negative.")),
    ("standard_cauchy", "float64", "ratios of two standard normal numbers", ""),
    ("standard_t", "float64", "from Student's t distributions",
     "5.0", ("df", REAL, "Degrees of freedom, above 0.")),
    ("triangular", "float64", "numbers whose density rises to `mode` and falls from it on",
     "0.0, 1.0, 4.0", ("left, mode, right", REAL,
                       "In ascending order; the first and the last differ.")),
    ("uniform", "float64", "uniformly from [low, high)",
     "-1.0, 1.0", ("low=0.0, high=1.0", REAL, "Their difference is finite.")),
    ("vonmises", "float64", "angles from -pi to pi that gather around `mu`",
     "0.5, 2.0", ("mu", REAL, "In radians."), ("kappa", REAL, "How closely, not negative.")),
    ("wald", "float64", "from Wald distributions (inverse Gaussian)",
     "2.0, 3.0", ("mean, scale", REAL, "Above 0.")),
    ("weibull", "float64", "powers ``1 / a`` of standard exponential numbers",
     "1.5", ("a", REAL, "Not negative.")),
    ("zipf", "int64", "from Zipf distributions: k has a probability like ``k**-a``",
     "3.0", ("a", REAL, "Above 1.")),
)  # fmt: skip


class Distributions:
    """What draws through `_numpy`, a generator of NumPy's. `TABLE` gives most of its methods."""

    def _drawn(self, name, *args, **kwargs):
        """What the method of NumPy's generator draws, as a Tensor, also if it is one number."""
        if not watched():
            return self._draw(name, *args, **kwargs)
        count = len(args)

        def draw(_, *values):
            named = dict(zip(kwargs, values[count:], strict=True))
            return self._draw(name, *values[:count], **named)

        return random(draw, None, (*args, *kwargs.values()))

    def _draw(self, name, *args, **kwargs):
        draw = getattr(self._numpy, name)
        if SIMPLE.issuperset(map(type, args)) and SIMPLE.issuperset(map(type, kwargs.values())):
            result = draw(*args, **kwargs)
        else:
            result = by_numpy(name, draw, args, kwargs)
        kind = getattr(result, "dtype", None)
        number = has_tensors(kind) if kind else isinstance(result, (int, float))
        return asarray(result) if number else result

    def _shuffle_tensor(self, x, axis=0):
        length = len(x) if axis == 0 else x.shape[axis_index("shuffle", axis, x.ndim)]

        def draw(_):
            # As many axes: NumPy draws otherwise for more than one.
            places = np.arange(length).reshape(length, *[1] * (x.ndim - 1))
            self._numpy.shuffle(places)
            return asarray(places.reshape(-1))

        if x.size:
            # The elements follow the places in one write, which the tape sees.
            x[...] = take(x, random(draw), axis)

    def bytes(self, length):
        """Draw bytes.

        Parameters
        ----------
        length : int
            How many.

        Returns
        -------
        bytes

        Examples
        --------
        >>> import tensorlib as tl
        >>> len(tl.random.default_rng(7).bytes(5))
        5
        """
        return self._numpy.bytes(length)

    def dirichlet(self, alpha, size=None):
        """Draw vectors of positive numbers that sum to 1.

        Parameters
        ----------
        alpha : 1-D array_like of floats
            The weights of the k parts, not negative.
        size : int or tuple of ints, optional
            How many vectors; without it one is drawn.

        Returns
        -------
        Tensor of float64
            Shape ``(*size, k)``.

        Raises
        ------
        TypeError
            If `alpha` requires a gradient.
        ValueError
            If a weight is negative or there is no vector of weights.

        Examples
        --------
        >>> import tensorlib as tl
        >>> tl.random.default_rng(7).dirichlet([1.0, 2.0, 3.0], size=4).sum(axis=1)
        tensor([1., 1., 1., 1.])
        """
        return self._drawn("dirichlet", alpha, size)

    def multinomial(self, n, pvals, size=None):
        """Draw how many of `n` trials end in each of k ways.

        Parameters
        ----------
        n : int or array_like of ints
            Not negative. `RandomState` takes one int only.
        pvals : array_like of floats
            The probabilities of the k ways lie along the last axis and sum to 1.
        size : int or tuple of ints, optional
            Shape of the experiments, by default that of `n` and `pvals` together.

        Returns
        -------
        Tensor of int64
            Shape ``(*size, k)``.

        Raises
        ------
        TypeError
            If a Tensor requires a gradient.
        ValueError
            If `pvals` is no distribution, `n` is negative or the shapes do not fit.

        Examples
        --------
        >>> import tensorlib as tl
        >>> tl.random.default_rng(7).multinomial(20, [0.2, 0.3, 0.5], size=4).sum(axis=1)
        tensor([20, 20, 20, 20])
        """
        return self._drawn("multinomial", n, pvals, size)


DOCSTRING = """Draw {what}.

Parameters
----------
{parameters}size : int or tuple of ints, optional
    Shape of the result{default}.

Returns
-------
Tensor of {dtype}

Raises
------
TypeError
    If a Tensor among the arguments requires a gradient.
ValueError
    If a number is not allowed, a length is negative or the shapes do not fit.

Examples
--------
>>> import numpy as np
>>> import tensorlib as tl
>>> x = tl.random.default_rng(7).{call}
>>> np.array_equal(x, np.random.default_rng(7).{call})
True
"""


def distribution(name, dtype, what, example, *groups):
    """Make a method of `Distributions` from a row of the table."""

    def draw(self, *args, **kwargs):
        return self._drawn(name, *args, **kwargs)

    parameters = [_parameter("self")]
    for names, _, _ in groups:
        parameters += map(_parameter, names.split(", "))
    draw.__name__, draw.__qualname__ = name, f"{Distributions.__name__}.{name}"
    draw.__signature__ = inspect.Signature([*parameters, _parameter("size", None)])
    draw.__doc__ = DOCSTRING.format(
        what=what,
        dtype=dtype,
        parameters="".join(
            f"{', '.join(part.partition('=')[0] for part in names.split(', '))} : {kind}\n"
            f"    {meaning}\n"
            for names, kind, meaning in groups
        ),
        default=", by default that of the parameters together" if groups else "",
        call=f"{name}({example}, size=4)" if example else f"{name}(size=4)",
    )
    return draw


def _parameter(text, default=inspect.Parameter.empty):
    name, _, number = text.partition("=")
    return inspect.Parameter(
        name,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        default=float(number) if number else default,
    )


for _row in TABLE:
    setattr(Distributions, _row[0], distribution(*_row))
