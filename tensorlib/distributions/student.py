"""``StudentT``."""

import math

from tensorlib._core._functions import asarray, exp, full_like, log, log1p, square, where
from tensorlib.distributions import constraints
from tensorlib.distributions._draw import normal
from tensorlib.distributions._implicit import log_gamma_sample
from tensorlib.distributions.distribution import Distribution, parameters
from tensorlib.special import betaln, psi


class StudentT(Distribution):
    """Student's t distribution.

    Parameters
    ----------
    df : float or Tensor
        Degrees of freedom.
    loc, scale : float or Tensor, optional
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If `df` or `scale` is not above 0, or the shapes do not broadcast.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.StudentT(4.0).variance.item()
    2.0
    """

    arg_constraints = {
        "df": constraints.positive,
        "loc": constraints.real,
        "scale": constraints.positive,
    }
    support = constraints.real
    has_rsample = True

    def __init__(self, df, loc=0.0, scale=1.0, validate_args=None):
        self.df, self.loc, self.scale = parameters(df, loc, scale)
        super().__init__(self.df.shape, (), validate_args)

    @property
    def mean(self):
        return where(self.df > 1, self.loc, math.nan)

    @property
    def mode(self):
        return self.loc

    @property
    def variance(self):
        exists = self.df > 2
        df = where(exists, self.df, 3)
        variance = square(self.scale) * df / (df - 2)
        undefined = where(self.df > 1, full_like(df.detach(), math.inf), math.nan)
        return where(exists, variance, undefined)

    def rsample(self, sample_shape=()):
        shape = self._shape(sample_shape)
        half = 0.5 * self.df
        # Over the root of a chi-square sample, twice a gamma one, per degree of freedom.
        factor = exp(0.5 * (log(half) - log_gamma_sample(half, shape)))
        return self.loc + self.scale * normal(shape, self) * factor

    def log_prob(self, value):
        df, z = self.df, (self._value(value) - self.loc) / self.scale
        constant = log(self.scale) + 0.5 * log(df) + self._log_beta()
        return -0.5 * (df + 1) * log1p(square(z) / df) - constant

    def _log_beta(self):
        return betaln(0.5 * self.df, asarray(0.5, dtype=self.dtype))

    def entropy(self):
        half = 0.5 * self.df
        return (
            log(self.scale)
            + (half + 0.5) * (psi(half + 0.5) - psi(half))
            + 0.5 * log(self.df)
            + self._log_beta()
        )
