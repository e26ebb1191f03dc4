"""The normal distribution, its logarithmic and its absolute one."""

import math

from tensorlib._core._functions import exp, expm1, log, square, where, zeros_like
from tensorlib.distributions import constraints
from tensorlib.distributions._draw import normal
from tensorlib.distributions.distribution import Distribution, parameters
from tensorlib.distributions.transformed import TransformedDistribution
from tensorlib.distributions.transforms import ExpTransform
from tensorlib.special import erf, ndtr, ndtri

HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


class Normal(Distribution):
    """Normal distribution.

    Parameters
    ----------
    loc : float or Tensor
        The mean.
    scale : float or Tensor
        The standard deviation.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If `scale` is not above 0, or the shapes do not broadcast.

    Examples
    --------
    >>> import tensorlib as tl
    >>> normal = tl.distributions.Normal(1.0, 2.0)
    >>> round(normal.log_prob(1.0).item(), 4), normal.cdf(1.0).item()
    (-1.6121, 0.5)
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True

    def __init__(self, loc, scale, validate_args=None):
        self.loc, self.scale = parameters(loc, scale)
        super().__init__(self.loc.shape, (), validate_args)

    @property
    def mean(self):
        return self.loc

    @property
    def mode(self):
        return self.loc

    @property
    def stddev(self):
        return self.scale

    @property
    def variance(self):
        return square(self.scale)

    def rsample(self, sample_shape=()):
        return self.loc + self.scale * normal(self._shape(sample_shape), self)

    def log_prob(self, value):
        deviation = (self._value(value) - self.loc) / self.scale
        return -0.5 * square(deviation) - log(self.scale) - HALF_LOG_TWO_PI

    def cdf(self, value):
        return ndtr((self._value(value) - self.loc) / self.scale)

    def icdf(self, value):
        value = self._tensor(value)
        return self.loc + self.scale * ndtri(value)

    def entropy(self):
        return 0.5 + HALF_LOG_TWO_PI + log(self.scale)


class HalfNormal(Distribution):
    """Absolute value of a normal variable of mean 0.

    Parameters
    ----------
    scale : float or Tensor
        The standard deviation of the normal variable.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If `scale` is not above 0.

    Examples
    --------
    >>> import tensorlib as tl
    >>> round(tl.distributions.HalfNormal(1.0).mean.item(), 4)
    0.7979
    """

    arg_constraints = {"scale": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, scale, validate_args=None):
        (self.scale,) = parameters(scale)
        super().__init__(self.scale.shape, (), validate_args)

    @property
    def mean(self):
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def mode(self):
        return zeros_like(self.scale)

    @property
    def variance(self):
        return square(self.scale) * (1 - 2 / math.pi)

    def rsample(self, sample_shape=()):
        return self.scale * abs(normal(self._shape(sample_shape), self))

    def log_prob(self, value):
        value = self._value(value)
        density = -0.5 * square(value / self.scale) - log(self.scale)
        return where(value >= 0, density + (math.log(2) - HALF_LOG_TWO_PI), -math.inf)

    def cdf(self, value):
        return erf(self._value(value) / (self.scale * math.sqrt(2)))

    def icdf(self, value):
        value = self._tensor(value)
        return self.scale * ndtri((value + 1) / 2)

    def entropy(self):
        return log(self.scale) + (0.5 + HALF_LOG_TWO_PI - math.log(2))


class LogNormal(TransformedDistribution):
    """Distribution of numbers whose logarithms are normal.

    Parameters
    ----------
    loc, scale : float or Tensor
        Mean and standard deviation of the logarithms.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If `scale` is not above 0, or the shapes do not broadcast.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.LogNormal(0.0, 1.0).cdf(1.0).item()
    0.5
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.positive
    has_rsample = True

    def __init__(self, loc, scale, validate_args=None):
        super().__init__(Normal(loc, scale, validate_args), ExpTransform(), validate_args)

    @property
    def loc(self):
        """Mean of the logarithms."""
        return self.base_dist.loc

    @property
    def scale(self):
        """Standard deviation of the logarithms."""
        return self.base_dist.scale

    @property
    def mean(self):
        return exp(self.loc + 0.5 * square(self.scale))

    @property
    def mode(self):
        return exp(self.loc - square(self.scale))

    @property
    def variance(self):
        variance = square(self.scale)
        return expm1(variance) * exp(2 * self.loc + variance)

    def entropy(self):
        return self.base_dist.entropy() + self.loc
