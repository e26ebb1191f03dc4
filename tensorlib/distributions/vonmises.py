"""``VonMises``."""

import math

from tensorlib._core._functions import cos, log
from tensorlib.distributions import constraints
from tensorlib.distributions._draw import drawn
from tensorlib.distributions.distribution import Distribution, parameters
from tensorlib.special import i0e, i1e


class VonMises(Distribution):
    """Von Mises distribution, of angles.

    Parameters
    ----------
    loc : float or Tensor
        The mean, in radians.
    concentration : float or Tensor
        How closely the angles gather around it.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If `concentration` is not above 0, or the shapes do not broadcast.

    Examples
    --------
    >>> import tensorlib as tl
    >>> round(tl.distributions.VonMises(0.0, 1.0).log_prob(0.0).item(), 4)
    -1.0738
    """

    arg_constraints = {"loc": constraints.real, "concentration": constraints.positive}
    support = constraints.real

    def __init__(self, loc, concentration, validate_args=None):
        self.loc, self.concentration = parameters(loc, concentration)
        super().__init__(self.loc.shape, (), validate_args)

    @property
    def mean(self):
        """The circular mean."""
        return self.loc

    @property
    def mode(self):
        return self.loc

    @property
    def variance(self):
        """The circular variance."""
        return 1 - i1e(self.concentration) / i0e(self.concentration)

    def sample(self, sample_shape=()):
        shape = self._shape(sample_shape)
        loc = self.loc.detach()
        deviation = drawn("vonmises", shape, self.dtype, 0 * loc, self.concentration)
        return (loc + deviation + math.pi) % (2 * math.pi) - math.pi

    def log_prob(self, value):
        value, k = self._value(value), self.concentration
        # i0e is i0 over exp(k), which overflows.
        return k * (cos(value - self.loc) - 1) - math.log(2 * math.pi) - log(i0e(k))
