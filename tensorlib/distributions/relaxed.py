"""Continuous stand-ins for a truth and for a class, with samples that have gradients."""

from tensorlib._core._functions import asarray, log, log1p, logaddexp
from tensorlib.distributions import constraints
from tensorlib.distributions._draw import exponential, uniform
from tensorlib.distributions._probabilities import OfClasses, OfProbability, clipped
from tensorlib.distributions.categorical import PROBABILITIES
from tensorlib.distributions.transformed import TransformedDistribution
from tensorlib.distributions.transforms import ExpTransform, SigmoidTransform
from tensorlib.special import gammaln, logsumexp


class LogitRelaxedBernoulli(OfProbability):
    """Logits of relaxed truths (Maddison et al., 2017, appendix B)."""

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.real
    has_rsample = True

    def __init__(self, temperature, probs=None, logits=None, validate_args=None):
        self._set(probs, logits)
        self.temperature = self._tensor(temperature)
        super().__init__(self._given.shape, (), validate_args)

    def rsample(self, sample_shape=()):
        u = clipped(uniform(self._shape(sample_shape), self))
        return (log(u) - log1p(-u) + self.logits) / self.temperature

    def log_prob(self, value):
        difference = self.logits - self._value(value) * self.temperature
        return log(self.temperature) + difference - 2 * logaddexp(0, difference)


class ExpRelaxedCategorical(OfClasses):
    """Logarithms of relaxed classes (Maddison et al., 2017, appendix C)."""

    arg_constraints = PROBABILITIES
    support = constraints.real_vector
    has_rsample = True

    def __init__(self, temperature, probs=None, logits=None, validate_args=None):
        self._set(probs, logits)
        self.temperature = self._tensor(temperature)
        super().__init__(self._given.shape[:-1], self._given.shape[-1:], validate_args)

    def rsample(self, sample_shape=()):
        gumbel = -log(exponential(self._shape(sample_shape), self))
        scores = (self.logits + gumbel) / self.temperature
        return scores - logsumexp(scores, axis=-1, keepdims=True)

    def log_prob(self, value):
        classes = self._event_shape[0]
        scores = self.logits - self._value(value) * self.temperature
        scores = (scores - logsumexp(scores, axis=-1, keepdims=True)).sum(-1)
        constant = gammaln(asarray(float(classes), dtype=self.dtype))
        return scores + constant + (classes - 1) * log(self.temperature)


class _Relaxed(TransformedDistribution):
    has_rsample = True

    @property
    def temperature(self):
        """How far from the discrete distribution it is."""
        return self.base_dist.temperature

    @property
    def probs(self):
        """The probabilities of what is relaxed."""
        return self.base_dist.probs

    @property
    def logits(self):
        """The logits of what is relaxed."""
        return self.base_dist.logits


class RelaxedBernoulli(_Relaxed):
    """Numbers between 0 and 1 that tend to those of `Bernoulli` as the temperature tends to 0.

    Maddison, Mnih and Teh, "The Concrete Distribution", 2017; Jang, Gu and Poole, "Categorical
    Reparameterization with Gumbel-Softmax", 2017.

    Parameters
    ----------
    temperature : float or Tensor
        Above 0.
    probs : float or Tensor, optional
        The probability of 1.
    logits : float or Tensor, optional
        Instead of it, its logit.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If not exactly one of `probs` and `logits` is given, or one of `probs` is outside [0, 1].

    Examples
    --------
    >>> import tensorlib as tl
    >>> relaxed = tl.distributions.RelaxedBernoulli(0.1, tl.asarray([0.2, 0.8]))
    >>> relaxed.rsample().shape
    (2,)
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval

    def __init__(self, temperature, probs=None, logits=None, validate_args=None):
        base = LogitRelaxedBernoulli(temperature, probs, logits, validate_args)
        super().__init__(base, SigmoidTransform(), validate_args)


class RelaxedOneHotCategorical(_Relaxed):
    """Probabilities that tend to vectors of `OneHotCategorical` as the temperature tends to 0.

    Maddison, Mnih and Teh, "The Concrete Distribution", 2017; Jang, Gu and Poole, "Categorical
    Reparameterization with Gumbel-Softmax", 2017.

    Parameters
    ----------
    temperature : float or Tensor
        Above 0.
    probs : Tensor, shape (..., K), optional
        The probabilities of the classes, which are divided by their sum.
    logits : Tensor, shape (..., K), optional
        Instead of them, their logarithms, to which any number may be added.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If not exactly one of `probs` and `logits` is given.

    Examples
    --------
    >>> import tensorlib as tl
    >>> relaxed = tl.distributions.RelaxedOneHotCategorical(0.5, tl.asarray([0.2, 0.8]))
    >>> round(relaxed.rsample().sum().item(), 6)
    1.0
    """

    arg_constraints = PROBABILITIES
    support = constraints.simplex

    def __init__(self, temperature, probs=None, logits=None, validate_args=None):
        base = ExpRelaxedCategorical(temperature, probs, logits, validate_args)
        super().__init__(base, ExpTransform(), validate_args)
