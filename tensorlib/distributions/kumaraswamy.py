"""``Kumaraswamy``."""

import math

from numpy import euler_gamma

from tensorlib._core._functions import (
    broadcast_to,
    exp,
    log,
    log1p,
    ones_like,
    square,
    where,
    zeros_like,
)
from tensorlib.distributions import constraints
from tensorlib.distributions.distribution import parameters
from tensorlib.distributions.transformed import TransformedDistribution
from tensorlib.distributions.transforms import AffineTransform, PowerTransform
from tensorlib.distributions.uniform import Uniform
from tensorlib.special import betaln, psi


class Kumaraswamy(TransformedDistribution):
    """Kumaraswamy distribution, like `Beta` but with a distribution function in closed form.

    Parameters
    ----------
    concentration1, concentration0 : float or Tensor
        a and b of the distribution function ``1 - (1 - x**a)**b``.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If one is not above 0, or the shapes do not broadcast.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.Kumaraswamy(2.0, 1.0).cdf(0.5).item()
    0.25
    """

    arg_constraints = {
        "concentration1": constraints.positive,
        "concentration0": constraints.positive,
    }
    support = constraints.unit_interval
    has_rsample = True

    def __init__(self, concentration1, concentration0, validate_args=None):
        a, b = parameters(concentration1, concentration0)
        base = Uniform(zeros_like(a), ones_like(a), validate_args=False)
        parts = [PowerTransform(1 / b), AffineTransform(1.0, -1.0), PowerTransform(1 / a)]
        super().__init__(base, parts, validate_args)
        self.concentration1, self.concentration0 = a, b
        if self._validate_args:
            for name, constraint in self.arg_constraints.items():
                self._check(name, getattr(self, name), constraint)

    def expand(self, batch_shape):
        expanded = (
            broadcast_to(x, batch_shape) for x in (self.concentration1, self.concentration0)
        )
        return Kumaraswamy(*expanded, self._validate_args)

    def _moment(self, order):
        a, b = self.concentration1, self.concentration0
        return b * exp(betaln(1 + order / a, b))

    @property
    def mean(self):
        return self._moment(1)

    @property
    def mode(self):
        a, b = self.concentration1, self.concentration0
        has = (a >= 1) & (b >= 1) & (a * b > 1)
        a, b = where(has, a, 2), where(has, b, 2)
        return where(has, exp((log(a - 1) - log(a * b - 1)) / a), math.nan)

    @property
    def variance(self):
        return self._moment(2) - square(self.mean)

    def entropy(self):
        a, b = self.concentration1, self.concentration0
        harmonic = psi(b + 1) + euler_gamma
        return 1 - 1 / b + (1 - 1 / a) * harmonic - log(a) - log(b)

    def log_prob(self, value):
        value = self._value(value)
        a, b = self.concentration1, self.concentration0
        logarithm = log(value)
        return log(a * b) + (a - 1) * logarithm + (b - 1) * log1p(-exp(a * logarithm))
