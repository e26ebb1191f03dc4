"""Gamma, chi-square, beta and Dirichlet distributions, whose samples are made of gamma ones."""

import math

from tensorlib._array_api import finfo
from tensorlib._core._functions import arange, exp, log, maximum, sigmoid, square, where
from tensorlib._joining import stack
from tensorlib._selection import clip
from tensorlib.distributions import constraints
from tensorlib.distributions._implicit import log_gamma_sample
from tensorlib.distributions.distribution import Distribution, parameters
from tensorlib.nn.functional.activation import softmax
from tensorlib.special import betainc, betaln, gammainc, gammaln, psi, xlog1py, xlogy


def _away_from_zero(logarithm):
    """The exponential, no smaller than the least normal number."""
    return exp(maximum(logarithm, math.log(finfo(logarithm.dtype).smallest_normal)))


class Gamma(Distribution):
    """Gamma distribution.

    The gradient of samples with respect to `concentration` is implicit (Figurnov et al., "Implicit
    reparameterization gradients", 2018), of the first order only.

    Parameters
    ----------
    concentration : float or Tensor
        The shape parameter.
    rate : float or Tensor
        The mean is ``concentration / rate``.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If a parameter is not above 0, or the shapes do not broadcast.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.Gamma(2.0, 4.0).mean.item()
    0.5
    """

    arg_constraints = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, concentration, rate, validate_args=None):
        self.concentration, self.rate = parameters(concentration, rate)
        super().__init__(self.concentration.shape, (), validate_args)

    @property
    def mean(self):
        return self.concentration / self.rate

    @property
    def mode(self):
        return clip((self.concentration - 1) / self.rate, 0, None)

    @property
    def variance(self):
        return self.concentration / square(self.rate)

    def rsample(self, sample_shape=()):
        logarithm = log_gamma_sample(self.concentration, self._shape(sample_shape))
        return _away_from_zero(logarithm - log(self.rate))

    def log_prob(self, value):
        value, a = self._value(value), self.concentration
        return xlogy(a, self.rate) + xlogy(a - 1, value) - self.rate * value - gammaln(a)

    def cdf(self, value):
        return gammainc(self.concentration, self.rate * self._value(value))

    def entropy(self):
        a = self.concentration
        return a - log(self.rate) + gammaln(a) + (1 - a) * psi(a)


class Chi2(Gamma):
    """Chi-square distribution, that of a sum of squares of standard normal variables.

    Parameters
    ----------
    df : float or Tensor
        Degrees of freedom: how many there are.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If `df` is not above 0.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.Chi2(3.0).variance.item()
    6.0
    """

    arg_constraints = {"df": constraints.positive}

    def __init__(self, df, validate_args=None):
        (self.df,) = parameters(df)
        super().__init__(0.5 * self.df, 0.5, validate_args)

    def expand(self, batch_shape):
        new = super().expand(batch_shape)
        new.concentration, new.rate = parameters(0.5 * new.df, 0.5)
        return new


class Beta(Distribution):
    """Beta distribution.

    Samples have the gradients of two samples of `Gamma`.

    Parameters
    ----------
    concentration1, concentration0 : float or Tensor
        The exponents of ``x`` and ``1 - x`` in the density, plus 1.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If a parameter is not above 0, or the shapes do not broadcast.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.Beta(1.0, 3.0).mean.item()
    0.25
    """

    arg_constraints = {
        "concentration1": constraints.positive,
        "concentration0": constraints.positive,
    }
    support = constraints.unit_interval
    has_rsample = True

    def __init__(self, concentration1, concentration0, validate_args=None):
        self.concentration1, self.concentration0 = parameters(concentration1, concentration0)
        super().__init__(self.concentration1.shape, (), validate_args)

    @property
    def mean(self):
        return self.concentration1 / (self.concentration1 + self.concentration0)

    @property
    def mode(self):
        both = stack([self.concentration1, self.concentration0], -1)
        return _mode_of_parts(both)[..., 0]

    @property
    def variance(self):
        total = self.concentration1 + self.concentration0
        return self.concentration1 * self.concentration0 / (square(total) * (total + 1))

    def rsample(self, sample_shape=()):
        shape = self._shape(sample_shape)
        ratio = log_gamma_sample(self.concentration1, shape) - log_gamma_sample(
            self.concentration0, shape
        )
        return sigmoid(ratio)

    def log_prob(self, value):
        value, a, b = self._value(value), self.concentration1, self.concentration0
        return xlogy(a - 1, value) + xlog1py(b - 1, -value) - betaln(a, b)

    def cdf(self, value):
        return betainc(self.concentration1, self.concentration0, self._value(value))

    def entropy(self):
        a, b = self.concentration1, self.concentration0
        slopes = (a - 1) * psi(a) + (b - 1) * psi(b) - (a + b - 2) * psi(a + b)
        return betaln(a, b) - slopes


class Dirichlet(Distribution):
    """Dirichlet distribution, of positive numbers that sum to 1.

    Samples have the gradients of samples of `Gamma`.

    Parameters
    ----------
    concentration : Tensor, shape (..., K)
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If a concentration is not above 0, or there is no axis of them.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.Dirichlet(tl.asarray([1.0, 3.0])).mean.tolist()
    [0.25, 0.75]
    """

    arg_constraints = {"concentration": constraints.independent(constraints.positive, 1)}
    support = constraints.simplex
    has_rsample = True

    def __init__(self, concentration, validate_args=None):
        (self.concentration,) = parameters(concentration)
        if self.concentration.ndim == 0:
            raise ValueError("Dirichlet: expected concentration of shape (..., K), got ()")
        shape = self.concentration.shape
        super().__init__(shape[:-1], shape[-1:], validate_args)

    @property
    def mean(self):
        return self.concentration / self.concentration.sum(-1, keepdims=True)

    @property
    def mode(self):
        return _mode_of_parts(self.concentration)

    @property
    def variance(self):
        total = self.concentration.sum(-1, keepdims=True)
        mean = self.concentration / total
        return mean * (1 - mean) / (total + 1)

    def rsample(self, sample_shape=()):
        return softmax(log_gamma_sample(self.concentration, self._shape(sample_shape)), -1)

    def log_prob(self, value):
        value, a = self._value(value), self.concentration
        return xlogy(a - 1, value).sum(-1) + gammaln(a.sum(-1)) - gammaln(a).sum(-1)

    def entropy(self):
        a = self.concentration
        total = a.sum(-1)
        return (
            gammaln(a).sum(-1)
            - gammaln(total)
            - (a.shape[-1] - total) * psi(total)
            - ((a - 1) * psi(a)).sum(-1)
        )


def _mode_of_parts(concentration):
    """Of the Dirichlet distribution. Where no part is above 1 it is infinite at every corner, of
    which the first is taken."""
    above = clip(concentration - 1, 0, None)
    flat = (concentration < 1).all(-1, keepdims=True)
    total = where(flat, 1, above.sum(-1, keepdims=True))
    corner = (arange(concentration.shape[-1], device=concentration.device) == 0).astype(
        concentration.dtype
    )
    return where(flat, corner, above / total)
