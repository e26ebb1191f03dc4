"""``Poisson``."""

from tensorlib._core._functions import floor
from tensorlib.distributions import constraints
from tensorlib.distributions._draw import drawn
from tensorlib.distributions.distribution import Distribution, parameters
from tensorlib.special import gammaln, xlogy


class Poisson(Distribution):
    """Poisson distribution, of counts.

    Parameters
    ----------
    rate : float or Tensor
        The mean.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If `rate` is negative.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.Poisson(2.0).log_prob(0).item()
    -2.0
    """

    arg_constraints = {"rate": constraints.nonnegative}
    support = constraints.nonnegative_integer

    def __init__(self, rate, validate_args=None):
        (self.rate,) = parameters(rate)
        super().__init__(self.rate.shape, (), validate_args)

    @property
    def mean(self):
        return self.rate

    @property
    def mode(self):
        return floor(self.rate)

    @property
    def variance(self):
        return self.rate

    def sample(self, sample_shape=()):
        return drawn("poisson", self._shape(sample_shape), self.dtype, self.rate)

    def log_prob(self, value):
        value = self._value(value)
        return xlogy(value, self.rate) - self.rate - gammaln(value + 1)
