"""Probabilities and logits, each of which gives the other."""

from tensorlib._array_api import finfo
from tensorlib._core._functions import log, log1p, maximum, sigmoid
from tensorlib._selection import clip
from tensorlib.distributions.distribution import (
    Distribution,
    computed_once,
    only_one,
    parameters,
)
from tensorlib.nn.functional.activation import softmax
from tensorlib.special import logsumexp


def clipped(probabilities):
    """Probabilities away from 0 and 1, so that their logits are finite."""
    eps = finfo(probabilities.dtype).eps
    return clip(probabilities, eps, 1 - eps)


class _OfEither(Distribution):
    """A distribution of `probs` or of `logits`; the other is computed when it is asked for."""

    @property
    def _given(self):
        return getattr(self, self._given_name)

    @property
    def dtype(self):
        return self._given.dtype

    @property
    def param_shape(self):
        """Shape of the probabilities."""
        return self._given.shape

    def _repr_parts(self):
        other = {"probs": "logits", "logits": "probs"}[self._given_name]
        return [part for part in super()._repr_parts() if part != other]

    def _choose(self, probs, logits):
        """Remember which of the two is given, and return it."""
        only_one(type(self).__name__, probs=probs, logits=logits)
        self._given_name = "probs" if logits is None else "logits"
        return probs if logits is None else logits


class OfProbability(_OfEither):
    """A distribution of the probability `probs` of one truth, or of its `logits`."""

    def _set(self, probs, logits, *others):
        """Keep what is given; return the others, broadcast with it."""
        value, *others = parameters(self._choose(probs, logits), *others)
        setattr(self, self._given_name, value)
        return others

    @computed_once
    def probs(self):
        """Probability of a truth."""
        return sigmoid(self.logits)

    @computed_once
    def logits(self):
        """Logarithm of ``probs / (1 - probs)``."""
        p = clipped(self.probs)
        return log(p) - log1p(-p)


class OfClasses(_OfEither):
    """A distribution of the probabilities `probs` of classes, or of their `logits`.

    Either is normalised: `probs` sum to 1, and so do the exponentials of `logits`.
    """

    def _set(self, probs, logits):
        (value,) = parameters(self._choose(probs, logits))
        if value.ndim == 0:
            raise ValueError(
                f"{type(self).__name__}: expected {self._given_name} of shape (..., K), got ()"
            )
        if logits is None:
            self.probs = value / value.sum(-1, keepdims=True)
        else:
            self.logits = value - logsumexp(value, axis=-1, keepdims=True)

    @computed_once
    def probs(self):
        """Probabilities of the classes."""
        return softmax(self.logits, -1)

    @computed_once
    def logits(self):
        """Logarithms of the probabilities."""
        return log(clipped(self.probs))

    def _entropy(self):
        least = finfo(self.dtype).min
        return -(maximum(self.logits, least) * self.probs).sum(-1)
