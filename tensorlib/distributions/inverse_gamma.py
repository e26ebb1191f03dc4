"""``InverseGamma``."""

import math

from tensorlib._core._functions import log, square, where
from tensorlib.distributions import constraints
from tensorlib.distributions.gamma import Gamma
from tensorlib.distributions.transformed import TransformedDistribution
from tensorlib.distributions.transforms import PowerTransform
from tensorlib.special import gammaln, psi


class InverseGamma(TransformedDistribution):
    """Distribution of the reciprocals of `Gamma` variables.

    Parameters
    ----------
    concentration, rate : float or Tensor
        Of the gamma variables.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If one is not above 0, or the shapes do not broadcast.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.InverseGamma(3.0, 4.0).mean.item()
    2.0
    """

    arg_constraints = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.positive
    has_rsample = True

    def __init__(self, concentration, rate, validate_args=None):
        base = Gamma(concentration, rate, validate_args)
        super().__init__(base, PowerTransform(-1.0), validate_args)

    @property
    def concentration(self):
        """That of the gamma variables."""
        return self.base_dist.concentration

    @property
    def rate(self):
        """That of the gamma variables."""
        return self.base_dist.rate

    @property
    def mean(self):
        a = self.concentration
        return where(a > 1, self.rate / where(a > 1, a - 1, 1), math.inf)

    @property
    def mode(self):
        return self.rate / (self.concentration + 1)

    @property
    def variance(self):
        a = self.concentration
        b = where(a > 2, a, 3)
        return where(a > 2, square(self.rate / (b - 1)) / (b - 2), math.inf)

    def entropy(self):
        a = self.concentration
        return a + log(self.rate) + gammaln(a) - (1 + a) * psi(a)
