"""The exponential distribution, and those of powers and exponentials of its variable."""

import math

from numpy import euler_gamma

from tensorlib._core._functions import exp, expm1, log, log1p, power, square, where, zeros_like
from tensorlib.distributions import constraints
from tensorlib.distributions._draw import exponential
from tensorlib.distributions.distribution import Distribution, parameters
from tensorlib.special import gammaln


class Exponential(Distribution):
    """Exponential distribution.

    Parameters
    ----------
    rate : float or Tensor
        One over the mean.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If `rate` is not above 0.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.Exponential(1.0).log_prob(3.0).item()
    -3.0
    """

    arg_constraints = {"rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, rate, validate_args=None):
        (self.rate,) = parameters(rate)
        super().__init__(self.rate.shape, (), validate_args)

    @property
    def mean(self):
        return 1 / self.rate

    @property
    def mode(self):
        return zeros_like(self.rate)

    @property
    def stddev(self):
        return 1 / self.rate

    @property
    def variance(self):
        return 1 / square(self.rate)

    def rsample(self, sample_shape=()):
        return exponential(self._shape(sample_shape), self) / self.rate

    def log_prob(self, value):
        return log(self.rate) - self.rate * self._value(value)

    def cdf(self, value):
        return -expm1(-self.rate * self._value(value))

    def icdf(self, value):
        value = self._tensor(value)
        return -log1p(-value) / self.rate

    def entropy(self):
        return 1 - log(self.rate)


class Weibull(Distribution):
    """Weibull distribution, that of a power of an exponential variable.

    Parameters
    ----------
    scale : float or Tensor
    concentration : float or Tensor
        One over the power.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If a parameter is not above 0, or the shapes do not broadcast.

    Examples
    --------
    >>> import tensorlib as tl
    >>> round(tl.distributions.Weibull(1.0, 2.0).mean.item(), 4)
    0.8862
    """

    arg_constraints = {"scale": constraints.positive, "concentration": constraints.positive}
    support = constraints.positive
    has_rsample = True

    def __init__(self, scale, concentration, validate_args=None):
        self.scale, self.concentration = parameters(scale, concentration)
        super().__init__(self.scale.shape, (), validate_args)

    @property
    def mean(self):
        return self.scale * exp(gammaln(1 + 1 / self.concentration))

    @property
    def mode(self):
        k = self.concentration
        exists = k > 1  # else the density falls from 0 on
        k = where(exists, k, 2)
        return where(exists, self.scale * power((k - 1) / k, 1 / k), 0)

    @property
    def variance(self):
        inverse = 1 / self.concentration
        ratio = exp(gammaln(1 + 2 * inverse)) - exp(2 * gammaln(1 + inverse))
        return square(self.scale) * ratio

    def rsample(self, sample_shape=()):
        draws = exponential(self._shape(sample_shape), self)
        return self.scale * power(draws, 1 / self.concentration)

    def log_prob(self, value):
        k, ratio = self.concentration, self._value(value) / self.scale
        return log(k / self.scale) + (k - 1) * log(ratio) - power(ratio, k)

    def cdf(self, value):
        return -expm1(-power(self._value(value) / self.scale, self.concentration))

    def icdf(self, value):
        value = self._tensor(value)
        return self.scale * power(-log1p(-value), 1 / self.concentration)

    def entropy(self):
        k = self.concentration
        return euler_gamma * (1 - 1 / k) + log(self.scale / k) + 1


class Pareto(Distribution):
    """Pareto distribution, that of the exponential of an exponential variable.

    Parameters
    ----------
    scale : float or Tensor
        The least value.
    alpha : float or Tensor
        How fast the tail falls.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If a parameter is not above 0, or the shapes do not broadcast.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.Pareto(1.0, 2.0).cdf(2.0).item()
    0.75
    """

    arg_constraints = {"scale": constraints.positive, "alpha": constraints.positive}
    has_rsample = True

    def __init__(self, scale, alpha, validate_args=None):
        self.scale, self.alpha = parameters(scale, alpha)
        super().__init__(self.scale.shape, (), validate_args)

    @property
    def support(self):
        return constraints.greater_than_eq(self.scale.detach())

    @property
    def mean(self):
        exists = self.alpha > 1
        a = where(exists, self.alpha, 2)
        return where(exists, a * self.scale / (a - 1), math.inf)

    @property
    def mode(self):
        return self.scale

    @property
    def variance(self):
        exists = self.alpha > 2
        a = where(exists, self.alpha, 3)
        variance = square(self.scale) * a / (square(a - 1) * (a - 2))
        return where(exists, variance, math.inf)

    def rsample(self, sample_shape=()):
        return self.scale * exp(exponential(self._shape(sample_shape), self) / self.alpha)

    def log_prob(self, value):
        a = self.alpha
        return log(a) + a * log(self.scale) - (a + 1) * log(self._value(value))

    def cdf(self, value):
        return 1 - power(self.scale / self._value(value), self.alpha)

    def icdf(self, value):
        value = self._tensor(value)
        return self.scale * power(1 - value, -1 / self.alpha)

    def entropy(self):
        return log(self.scale / self.alpha) + (1 + 1 / self.alpha)
