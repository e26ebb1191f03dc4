"""``Uniform``."""

import math

from tensorlib._arguments import anywhere
from tensorlib._core._functions import full_like, less, log, square, where
from tensorlib._selection import clip
from tensorlib.distributions import constraints
from tensorlib.distributions._draw import uniform
from tensorlib.distributions.distribution import Distribution, parameters


class Uniform(Distribution):
    """Uniform distribution from `low` to `high`.

    Parameters
    ----------
    low, high : float or Tensor
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If `low` is not below `high`, or the shapes do not broadcast.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.Uniform(1.0, 3.0).cdf(1.5).item()
    0.25
    """

    arg_constraints = {"low": constraints.real, "high": constraints.real}
    has_rsample = True

    def __init__(self, low, high, validate_args=None):
        self.low, self.high = parameters(low, high)
        super().__init__(self.low.shape, (), validate_args)
        if self._validate_args and anywhere(~less(self.low, self.high)):
            raise ValueError("Uniform: expected low to be below high")

    @property
    def support(self):
        return constraints.interval(self.low.detach(), self.high.detach())

    @property
    def mean(self):
        return (self.high + self.low) / 2

    @property
    def mode(self):
        return full_like(self.low, math.nan)

    @property
    def variance(self):
        return square(self.high - self.low) / 12

    def rsample(self, sample_shape=()):
        return self.low + (self.high - self.low) * uniform(self._shape(sample_shape), self)

    def log_prob(self, value):
        value = self._value(value)
        inside = (value >= self.low) & (value < self.high)
        return where(inside, -log(self.high - self.low), -math.inf)

    def cdf(self, value):
        return clip((self._value(value) - self.low) / (self.high - self.low), 0, 1)

    def icdf(self, value):
        value = self._tensor(value)
        return self.low + (self.high - self.low) * value

    def entropy(self):
        return log(self.high - self.low)
