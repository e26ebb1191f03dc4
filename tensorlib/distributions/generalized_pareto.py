"""``GeneralizedPareto``."""

import math

from tensorlib._core._functions import expm1, log, log1p, square, where
from tensorlib.distributions import constraints
from tensorlib.distributions._draw import exponential
from tensorlib.distributions.distribution import Distribution, parameters


class GeneralizedPareto(Distribution):
    """Generalized Pareto distribution, of what exceeds a high threshold.

    Parameters
    ----------
    loc : float or Tensor
        The threshold.
    scale : float or Tensor
    concentration : float or Tensor
        Above 0 for heavy tails; 0 for the exponential distribution; below it values end at
        ``loc - scale / concentration``.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If `scale` is not above 0, or the shapes do not broadcast.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.GeneralizedPareto(1.0, 2.0, 0.5).mean.item()
    5.0
    """

    arg_constraints = {
        "loc": constraints.real,
        "scale": constraints.positive,
        "concentration": constraints.real,
    }
    has_rsample = True

    def __init__(self, loc, scale, concentration, validate_args=None):
        self.loc, self.scale, self.concentration = parameters(loc, scale, concentration)
        super().__init__(self.loc.shape, (), validate_args)

    @property
    def support(self):
        loc, scale, c = (x.detach() for x in (self.loc, self.scale, self.concentration))
        end = where(c < 0, loc - scale / where(c < 0, c, -1), math.inf)
        return constraints.interval(loc, end)

    def _or_exponential(self, of_concentration, limit):
        """A function of the concentration where it is not 0, and else its limit."""
        c = self.concentration
        usual = c != 0
        return where(usual, of_concentration(where(usual, c, 1)), limit)

    @property
    def mean(self):
        c = self.concentration
        return where(c < 1, self.loc + self.scale / (1 - where(c < 1, c, 0)), math.inf)

    @property
    def mode(self):
        return self.loc

    @property
    def variance(self):
        c = self.concentration
        d = where(c < 0.5, c, 0)
        return where(c < 0.5, square(self.scale / (1 - d)) / (1 - 2 * d), math.inf)

    def rsample(self, sample_shape=()):
        x = exponential(self._shape(sample_shape), self)
        return self.loc + self.scale * self._or_exponential(lambda c: expm1(c * x) / c, x)

    def _exceeding(self, value):
        """What has the exponential distribution."""
        y = (self._value(value) - self.loc) / self.scale
        return self._or_exponential(lambda c: log1p(c * y) / c, y)

    def log_prob(self, value):
        return -(1 + self.concentration) * self._exceeding(value) - log(self.scale)

    def cdf(self, value):
        return -expm1(-self._exceeding(value))

    def log_cdf(self, value):
        """Logarithm of `cdf`, accurate near the threshold."""
        return log(-expm1(-self._exceeding(value)))

    def log_survival_function(self, value):
        """Logarithm of the probability of samples above `value`, accurate in the tail."""
        return -self._exceeding(value)

    def icdf(self, value):
        value = self._tensor(value)
        x = -log1p(-value)
        return self.loc + self.scale * self._or_exponential(lambda c: expm1(c * x) / c, x)

    def entropy(self):
        return log(self.scale) + self.concentration + 1
