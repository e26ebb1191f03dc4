"""Distributions of trials that succeed or not: Bernoulli's, and of how many of them do."""

import math

from tensorlib._core._functions import (
    arange,
    broadcast_to,
    equal,
    exp,
    floor,
    logaddexp,
    minimum,
    sigmoid,
    where,
    zeros_like,
)
from tensorlib._selection import clip
from tensorlib.distributions import constraints
from tensorlib.distributions._draw import drawn
from tensorlib.distributions._probabilities import OfProbability
from tensorlib.special import gammaln, xlog1py


def _softplus(x):
    return logaddexp(0, x)


class Bernoulli(OfProbability):
    """Distribution of a truth, 0 or 1.

    Parameters
    ----------
    probs : float or Tensor, optional
        The probability of 1.
    logits : float or Tensor, optional
        Instead of it, the logarithm of ``probs / (1 - probs)``.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If not exactly one of the two is given, or `probs` is not in [0, 1].

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.Bernoulli(0.25).variance.item()
    0.1875
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.boolean
    has_enumerate_support = True

    def __init__(self, probs=None, logits=None, validate_args=None):
        self._set(probs, logits)
        super().__init__(self._given.shape, (), validate_args)

    @property
    def mean(self):
        return self.probs

    @property
    def mode(self):
        more = (self.probs > 0.5).astype(self.dtype)
        return where(equal(self.probs, 0.5), math.nan, more)

    @property
    def variance(self):
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape=()):
        shape = self._shape(sample_shape)
        numbers = drawn("random", shape, self.probs.dtype, device=self.device)
        return (numbers < self.probs.detach()).astype(self.dtype)

    def log_prob(self, value):
        return self._value(value) * self.logits - _softplus(self.logits)

    def entropy(self):
        return _softplus(self.logits) - self.logits * self.probs

    def enumerate_support(self, expand=True):
        return _counts(self, 2, expand)


class Geometric(OfProbability):
    """Distribution of the number of trials that fail before the first one succeeds.

    Parameters
    ----------
    probs : float or Tensor, optional
        The probability of success.
    logits : float or Tensor, optional
        Instead of it, the logarithm of ``probs / (1 - probs)``.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If not exactly one of the two is given, or `probs` is not above 0 and up to 1.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.Geometric(0.25).mean.item()
    3.0
    """

    arg_constraints = {
        "probs": constraints.Constraint("above 0 and up to 1", lambda p: (p > 0) & (p <= 1)),
        "logits": constraints.real,
    }
    support = constraints.nonnegative_integer

    def __init__(self, probs=None, logits=None, validate_args=None):
        self._set(probs, logits)
        super().__init__(self._given.shape, (), validate_args)

    @property
    def mean(self):
        return 1 / self.probs - 1

    @property
    def mode(self):
        return zeros_like(self.probs)

    @property
    def variance(self):
        return (1 / self.probs - 1) / self.probs

    def sample(self, sample_shape=()):
        return drawn("geometric", self._shape(sample_shape), self.dtype, self.probs) - 1

    def log_prob(self, value):
        # log(probs) is logits - softplus(logits), and log(1 - probs) is -softplus(logits).
        return xlog1py(self._value(value), -self.probs) + self.logits - _softplus(self.logits)

    def entropy(self):
        return (_softplus(self.logits) - self.logits * self.probs) / self.probs


class Binomial(OfProbability):
    """Distribution of how many of a number of trials succeed.

    Parameters
    ----------
    total_count : int or Tensor, optional
        The number of trials.
    probs : float or Tensor, optional
        The probability of success.
    logits : float or Tensor, optional
        Instead of it, the logarithm of ``probs / (1 - probs)``.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If not exactly one of `probs` and `logits` is given, `probs` is not in [0, 1] or
        `total_count` is no whole number from 0 on.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.Binomial(10, 0.25).mean.item()
    2.5
    """

    arg_constraints = {
        "total_count": constraints.nonnegative_integer,
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    has_enumerate_support = True

    def __init__(self, total_count=1, probs=None, logits=None, validate_args=None):
        (self.total_count,) = self._set(probs, logits, total_count)
        super().__init__(self._given.shape, (), validate_args)

    @property
    def support(self):
        return constraints.integer_interval(0, self.total_count.detach())

    @property
    def mean(self):
        return self.total_count * self.probs

    @property
    def mode(self):
        return minimum(floor((self.total_count + 1) * self.probs), self.total_count)

    @property
    def variance(self):
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape=()):
        counts = self.total_count.astype("int64")
        probs = self.probs.detach().astype("float64")
        return drawn("binomial", self._shape(sample_shape), self.dtype, counts, probs)

    def log_prob(self, value):
        value, n = self._value(value), self.total_count
        ways = gammaln(n + 1) - gammaln(value + 1) - gammaln(n - value + 1)
        return ways + value * self.logits - n * _softplus(self.logits)

    def entropy(self):
        logarithms = self.log_prob(self.enumerate_support(False))
        return -(exp(logarithms) * logarithms).sum(0)

    def enumerate_support(self, expand=True):
        total = int(self.total_count.max())
        if (self.total_count != total).any():
            raise NotImplementedError("Binomial: there is no support of different total_count")
        return _counts(self, total + 1, expand)


class NegativeBinomial(OfProbability):
    """Distribution of how many trials succeed before a number of them has failed.

    Parameters
    ----------
    total_count : float or Tensor
        The number of failures.
    probs : float or Tensor, optional
        The probability of success.
    logits : float or Tensor, optional
        Instead of it, the logarithm of ``probs / (1 - probs)``.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If not exactly one of `probs` and `logits` is given, `probs` is not from 0 to below 1 or
        `total_count` is negative.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.NegativeBinomial(3.0, 0.5).mean.item()
    3.0
    """

    arg_constraints = {
        "total_count": constraints.nonnegative,
        "probs": constraints.half_open_interval(0, 1),
        "logits": constraints.real,
    }
    support = constraints.nonnegative_integer

    def __init__(self, total_count, probs=None, logits=None, validate_args=None):
        (self.total_count,) = self._set(probs, logits, total_count)
        super().__init__(self._given.shape, (), validate_args)

    @property
    def mean(self):
        return self.total_count * exp(self.logits)

    @property
    def mode(self):
        return clip(floor((self.total_count - 1) * exp(self.logits)), 0, None)

    @property
    def variance(self):
        return self.mean / sigmoid(-self.logits)

    def sample(self, sample_shape=()):
        shape = self._shape(sample_shape)
        rate = drawn("standard_gamma", shape, "float64", self.total_count)
        rate = rate * exp(self.logits.detach().astype("float64"))
        return drawn("poisson", shape, self.dtype, rate)

    def log_prob(self, value):
        value, n = self._value(value), self.total_count
        ways = gammaln(n + value) - gammaln(value + 1) - gammaln(n)
        ways = where(equal(n + value, 0), 0, ways)
        return ways - n * _softplus(self.logits) - value * _softplus(-self.logits)


def _counts(distribution, length, expand):
    """The numbers from 0 on, along a new first axis."""
    values = arange(length, dtype=distribution.dtype, device=distribution.device)
    values = values.reshape((length,) + (1,) * len(distribution.batch_shape))
    return broadcast_to(values, (length, *distribution.batch_shape)) if expand else values
