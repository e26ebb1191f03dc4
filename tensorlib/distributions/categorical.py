"""Distributions of classes: categorical, one-hot and multinomial."""

import math
import operator

from numpy import broadcast_shapes

from tensorlib._core._functions import (
    arange,
    argmax,
    asarray,
    broadcast_to,
    cumsum,
    exp,
    full,
    isinf,
    where,
)
from tensorlib._core._tensor import Tensor
from tensorlib._creation import eye
from tensorlib._selection import take_along_axis
from tensorlib.distributions import constraints
from tensorlib.distributions._draw import drawn
from tensorlib.distributions._probabilities import OfClasses
from tensorlib.distributions.trials import Binomial
from tensorlib.special import gammaln

PROBABILITIES = {
    # They are normalised first, so that any positive sum will do.
    "probs": constraints.simplex,
    "logits": constraints.real_vector,
}


class Categorical(OfClasses):
    """Distribution of a class, a number from 0 to K - 1.

    Parameters
    ----------
    probs : Tensor, shape (..., K), optional
        The probabilities of the classes, which are divided by their sum.
    logits : Tensor, shape (..., K), optional
        Instead of them, their logarithms, to which any number may be added.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If not exactly one of the two is given, or one of `probs` is negative.

    Examples
    --------
    >>> import tensorlib as tl
    >>> categorical = tl.distributions.Categorical(tl.asarray([1.0, 1.0, 2.0]))
    >>> categorical.probs.tolist()
    [0.25, 0.25, 0.5]
    >>> categorical.sample((5,)).dtype
    dtype('int64')
    """

    arg_constraints = PROBABILITIES
    has_enumerate_support = True

    def __init__(self, probs=None, logits=None, validate_args=None):
        self._set(probs, logits)
        super().__init__(self._given.shape[:-1], (), validate_args)

    @property
    def _classes(self):
        return self._given.shape[-1]

    @property
    def support(self):
        return constraints.integer_interval(0, self._classes - 1)

    @property
    def mean(self):
        return full(self._batch_shape, math.nan, dtype=self.dtype, device=self.device)

    @property
    def mode(self):
        return argmax(self.probs, axis=-1)

    @property
    def variance(self):
        return full(self._batch_shape, math.nan, dtype=self.dtype, device=self.device)

    def sample(self, sample_shape=()):
        # How many of the sums of probabilities are not above a uniform number. In double
        # precision, and over the last sum, which makes that one exactly 1.
        sums = cumsum(self.probs.detach().astype("float64"), axis=-1)
        sums = sums / sums[..., -1:]
        numbers = drawn("random", self._shape(sample_shape), sums.dtype, device=sums.device)
        return (sums <= numbers[..., None]).sum(-1)

    def log_prob(self, value):
        value = self._classes_of(value)
        shape = broadcast_shapes(value.shape, self._batch_shape)
        logits = broadcast_to(self.logits, (*shape, self._classes))
        return take_along_axis(logits, broadcast_to(value, shape)[..., None], -1)[..., 0]

    def _classes_of(self, value):
        """A value as integers, checked."""
        value = value if isinstance(value, Tensor) else asarray(value)
        if self._validate_args:
            self._check_value(value)
        return value.astype("int64")

    def entropy(self):
        return self._entropy()

    def enumerate_support(self, expand=True):
        values = arange(self._classes, device=self.device).reshape(
            (-1,) + (1,) * len(self._batch_shape)
        )
        return broadcast_to(values, (self._classes, *self._batch_shape)) if expand else values


class OneHotCategorical(OfClasses):
    """Distribution of a class as a vector, 1 at its place and 0 at others.

    Parameters
    ----------
    probs : Tensor, shape (..., K), optional
        The probabilities of the classes, which are divided by their sum.
    logits : Tensor, shape (..., K), optional
        Instead of them, their logarithms, to which any number may be added.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If not exactly one of the two is given, or one of `probs` is negative.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.OneHotCategorical(tl.asarray([0.0, 1.0])).sample().tolist()
    [0.0, 1.0]
    """

    arg_constraints = PROBABILITIES
    support = constraints.one_hot
    has_enumerate_support = True

    def __init__(self, probs=None, logits=None, validate_args=None):
        self._set(probs, logits)
        super().__init__(self._given.shape[:-1], self._given.shape[-1:], validate_args)

    @property
    def _categorical(self):
        return Categorical(**{self._given_name: self._given}, validate_args=False)

    def _vectors(self, classes):
        return eye(self._event_shape[0], dtype=self.dtype, device=self.device)[classes]

    @property
    def mean(self):
        return self.probs

    @property
    def mode(self):
        return self._vectors(argmax(self.probs, axis=-1))

    @property
    def variance(self):
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape=()):
        return self._vectors(self._categorical.sample(sample_shape))

    def log_prob(self, value):
        return self._categorical.log_prob(argmax(self._value(value), axis=-1))

    def entropy(self):
        return self._entropy()

    def enumerate_support(self, expand=True):
        classes = self._event_shape[0]
        values = eye(classes, dtype=self.dtype, device=self.device)
        values = values.reshape((classes,) + (1,) * len(self._batch_shape) + (classes,))
        return broadcast_to(values, (classes, *self._shape())) if expand else values


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """`OneHotCategorical`, whose samples have the gradient of its probabilities.

    The straight-through estimator of Bengio, Léonard and Courville (2013), which is biased.

    Parameters
    ----------
    probs : Tensor, shape (..., K), optional
        The probabilities of the classes, which are divided by their sum.
    logits : Tensor, shape (..., K), optional
        Instead of them, their logarithms, to which any number may be added.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If not exactly one of the two is given, or one of `probs` is negative.

    Examples
    --------
    >>> import tensorlib as tl
    >>> logits = tl.zeros(2).requires_grad_()
    >>> x = tl.distributions.OneHotCategoricalStraightThrough(logits=logits).rsample()
    >>> x[0].backward()
    >>> logits.grad.tolist()
    [0.25, -0.25]
    """

    has_rsample = True

    def rsample(self, sample_shape=()):
        return self.sample(sample_shape) + (self.probs - self.probs.detach())


class Multinomial(OfClasses):
    """Distribution of how many of a number of trials end in each of K classes.

    Parameters
    ----------
    total_count : int, optional
        The number of trials.
    probs : Tensor, shape (..., K), optional
        The probabilities of the classes, which are divided by their sum.
    logits : Tensor, shape (..., K), optional
        Instead of them, their logarithms, to which any number may be added.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    TypeError
        If `total_count` is no int.
    ValueError
        If not exactly one of `probs` and `logits` is given, or one of `probs` is negative.

    Examples
    --------
    >>> import tensorlib as tl
    >>> multinomial = tl.distributions.Multinomial(10, tl.asarray([0.25, 0.75]))
    >>> multinomial.mean.tolist(), multinomial.sample().sum().item()
    ([2.5, 7.5], 10.0)
    """

    arg_constraints = PROBABILITIES

    def __init__(self, total_count=1, probs=None, logits=None, validate_args=None):
        try:
            self.total_count = operator.index(total_count)
        except TypeError:
            raise TypeError(
                f"Multinomial: expected an int as total_count, got {total_count!r}"
            ) from None
        self._set(probs, logits)
        super().__init__(self._given.shape[:-1], self._given.shape[-1:], validate_args)

    @property
    def support(self):
        return constraints.multinomial(self.total_count)

    @property
    def mean(self):
        return self.probs * self.total_count

    @property
    def variance(self):
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape=()):
        shape = self._shape(sample_shape)[:-1]
        counts = asarray(self.total_count)
        probs = self.probs.detach().astype("float64")
        probs = probs / probs.sum(-1, keepdims=True)
        return drawn("multinomial", shape, self.dtype, counts, probs)

    def log_prob(self, value):
        value = self._value(value)
        ways = gammaln(value.sum(-1) + 1) - gammaln(value + 1).sum(-1)
        none = (value == 0) & isinf(self.logits)
        return ways + (where(none, 0, self.logits) * value).sum(-1)

    def entropy(self):
        n = self.total_count
        counts = Binomial(n, self.probs, validate_args=False)
        values = counts.enumerate_support(expand=False)[1:]
        ways = (exp(counts.log_prob(values)) * gammaln(values + 1)).sum((0, -1))
        return n * self._entropy() - math.lgamma(n + 1) + ways
