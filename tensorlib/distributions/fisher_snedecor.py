"""``FisherSnedecor``."""

import math

from tensorlib._core._functions import exp, log, log1p, square, where
from tensorlib.distributions import constraints
from tensorlib.distributions._implicit import log_gamma_sample
from tensorlib.distributions.distribution import Distribution, parameters
from tensorlib.special import betaln, xlogy


class FisherSnedecor(Distribution):
    """F-distribution: that of the ratio of two independent mean squares.

    Parameters
    ----------
    df1, df2 : float or Tensor
        Degrees of freedom of the one above and the one below.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If one is not above 0, or the shapes do not broadcast.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.FisherSnedecor(1.0, 4.0).mean.item()
    2.0
    """

    arg_constraints = {"df1": constraints.positive, "df2": constraints.positive}
    support = constraints.positive
    has_rsample = True

    def __init__(self, df1, df2, validate_args=None):
        self.df1, self.df2 = parameters(df1, df2)
        super().__init__(self.df1.shape, (), validate_args)

    @property
    def mean(self):
        m = where(self.df2 > 2, self.df2, 3)
        return where(self.df2 > 2, m / (m - 2), math.nan)

    @property
    def mode(self):
        mode = (self.df1 - 2) / self.df1 * self.df2 / (self.df2 + 2)
        return where(self.df1 > 2, mode, math.nan)

    @property
    def variance(self):
        n, m = self.df1, where(self.df2 > 4, self.df2, 5)
        variance = 2 * square(m / (m - 2)) * (n + m - 2) / (n * (m - 4))
        return where(self.df2 > 4, variance, math.nan)

    def rsample(self, sample_shape=()):
        shape = self._shape(sample_shape)
        above = log_gamma_sample(self.df1 / 2, shape) - log(self.df1)
        below = log_gamma_sample(self.df2 / 2, shape) - log(self.df2)
        return exp(above - below)

    def log_prob(self, value):
        value = self._value(value)
        a, b, ratio = self.df1 / 2, self.df2 / 2, self.df1 / self.df2
        powers = xlogy(a, ratio) + xlogy(a - 1, value) - (a + b) * log1p(ratio * value)
        return powers - betaln(a, b)
