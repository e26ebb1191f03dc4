"""Distributions of a location and a scale: Laplace, Cauchy, half of it, and Gumbel."""

import math

from numpy import euler_gamma

from tensorlib._core._functions import (
    absolute,
    arctan,
    exp,
    expm1,
    full_like,
    log,
    log1p,
    sign,
    square,
    tan,
    where,
    zeros_like,
)
from tensorlib.distributions import constraints
from tensorlib.distributions._draw import drawn, exponential
from tensorlib.distributions.distribution import Distribution, parameters


class _LocationScale(Distribution):
    """Samples are ``loc + scale * standard``."""

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

    def rsample(self, sample_shape=()):
        return self.loc + self.scale * self._standard(self._shape(sample_shape))

    def _standardized(self, value):
        return (self._value(value) - self.loc) / self.scale


class Laplace(_LocationScale):
    """Laplace distribution, exponential on both sides.

    Parameters
    ----------
    loc : float or Tensor
        The mean.
    scale : float or Tensor
        The mean distance from it.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If `scale` is not above 0, or the shapes do not broadcast.

    Examples
    --------
    >>> import tensorlib as tl
    >>> round(tl.distributions.Laplace(0.0, 1.0).log_prob(1.0).item(), 4)
    -1.6931
    """

    @property
    def variance(self):
        return 2 * square(self.scale)

    def _standard(self, shape):
        return drawn("laplace", shape, self.dtype, device=self.device)

    def log_prob(self, value):
        return -absolute(self._standardized(value)) - log(2 * self.scale)

    def cdf(self, value):
        z = self._standardized(value)
        return 0.5 - 0.5 * sign(z) * expm1(-absolute(z))

    def icdf(self, value):
        value = self._tensor(value)
        beyond = value - 0.5
        return self.loc - self.scale * sign(beyond) * log1p(-2 * absolute(beyond))

    def entropy(self):
        return 1 + log(2 * self.scale)


class Cauchy(_LocationScale):
    """Cauchy distribution, which has no mean.

    Parameters
    ----------
    loc : float or Tensor
        The median.
    scale : float or Tensor
        Half of the distance between the quartiles.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If `scale` is not above 0, or the shapes do not broadcast.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.Cauchy(0.0, 1.0).cdf(1.0).item()
    0.75
    """

    @property
    def mean(self):
        return full_like(self.loc, math.nan)

    @property
    def variance(self):
        return full_like(self.loc, math.inf)

    def _standard(self, shape):
        return drawn("standard_cauchy", shape, self.dtype, device=self.device)

    def log_prob(self, value):
        return -log1p(square(self._standardized(value))) - log(self.scale) - math.log(math.pi)

    def cdf(self, value):
        return arctan(self._standardized(value)) / math.pi + 0.5

    def icdf(self, value):
        value = self._tensor(value)
        return self.loc + self.scale * tan(math.pi * (value - 0.5))

    def entropy(self):
        return math.log(4 * math.pi) + log(self.scale)


class HalfCauchy(Distribution):
    """Absolute value of a Cauchy variable of median 0.

    Parameters
    ----------
    scale : float or Tensor
        The median.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If `scale` is not above 0.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.HalfCauchy(2.0).cdf(2.0).item()
    0.5
    """

    arg_constraints = {"scale": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, scale, validate_args=None):
        (self.scale,) = parameters(scale)
        super().__init__(self.scale.shape, (), validate_args)

    @property
    def mean(self):
        return full_like(self.scale, math.inf)

    @property
    def mode(self):
        return zeros_like(self.scale)

    @property
    def variance(self):
        return full_like(self.scale, math.inf)

    def rsample(self, sample_shape=()):
        shape = self._shape(sample_shape)
        return self.scale * abs(drawn("standard_cauchy", shape, self.dtype, device=self.device))

    def log_prob(self, value):
        value = self._value(value)
        density = -log1p(square(value / self.scale)) - log(self.scale) + math.log(2 / math.pi)
        return where(value >= 0, density, -math.inf)

    def cdf(self, value):
        return arctan(self._value(value) / self.scale) * (2 / math.pi)

    def icdf(self, value):
        value = self._tensor(value)
        return self.scale * tan(math.pi / 2 * value)

    def entropy(self):
        return math.log(2 * math.pi) + log(self.scale)


class Gumbel(_LocationScale):
    """Gumbel distribution, that of the largest of many numbers.

    Parameters
    ----------
    loc : float or Tensor
        The mode.
    scale : float or Tensor
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If `scale` is not above 0, or the shapes do not broadcast.

    Examples
    --------
    >>> import tensorlib as tl
    >>> round(tl.distributions.Gumbel(0.0, 1.0).mean.item(), 4)
    0.5772
    """

    @property
    def mean(self):
        return self.loc + self.scale * euler_gamma

    @property
    def variance(self):
        return square(self.scale) * (math.pi**2 / 6)

    def _standard(self, shape):
        return -log(exponential(shape, self))

    def log_prob(self, value):
        z = self._standardized(value)
        return -z - exp(-z) - log(self.scale)

    def cdf(self, value):
        return exp(-exp(-self._standardized(value)))

    def icdf(self, value):
        value = self._tensor(value)
        return self.loc - self.scale * log(-log(value))

    def entropy(self):
        return log(self.scale) + (1 + euler_gamma)
