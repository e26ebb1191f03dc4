"""``MixtureSameFamily``."""

from tensorlib._core._functions import arange, square
from tensorlib.distributions.categorical import Categorical
from tensorlib.distributions.distribution import Distribution
from tensorlib.special import logsumexp


class MixtureSameFamily(Distribution):
    """Mixture of distributions of one family.

    Parameters
    ----------
    mixture_distribution : Categorical
        Of the components, of batch shape ``(...)`` over K of them.
    component_distribution : Distribution
        The components, of batch shape ``(..., K)``.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    TypeError
        If a distribution is not what is expected.
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.distributions import Categorical, MixtureSameFamily, Normal
    >>> weights = Categorical(tl.asarray([0.25, 0.75]))
    >>> mixture = MixtureSameFamily(weights, Normal(tl.asarray([0.0, 4.0]), 1.0))
    >>> mixture.mean.item()
    3.0
    """

    def __init__(self, mixture_distribution, component_distribution, validate_args=None):
        if not isinstance(mixture_distribution, Categorical):
            raise TypeError(
                "MixtureSameFamily: expected a Categorical as mixture_distribution, "
                f"got {type(mixture_distribution).__name__}"
            )
        if not isinstance(component_distribution, Distribution):
            raise TypeError(
                "MixtureSameFamily: expected a Distribution as component_distribution, "
                f"got {type(component_distribution).__name__}"
            )
        weights, components = mixture_distribution.batch_shape, component_distribution.batch_shape
        count = mixture_distribution.param_shape[-1]
        if components[-1:] != (count,) or weights not in ((), components[:-1]):
            raise ValueError(
                "MixtureSameFamily: expected component_distribution of batch shape "
                f"{(*weights, count)}, got {components}"
            )
        self.mixture_distribution = mixture_distribution
        self.component_distribution = component_distribution
        super().__init__(components[:-1], component_distribution.event_shape, validate_args)

    def expand(self, batch_shape):
        count = self.mixture_distribution.param_shape[-1]
        return MixtureSameFamily(
            self.mixture_distribution.expand(batch_shape),
            self.component_distribution.expand((*batch_shape, count)),
            self._validate_args,
        )

    @property
    def dtype(self):
        return self.component_distribution.dtype

    @property
    def device(self):
        return self.component_distribution.device

    @property
    def support(self):
        return self.component_distribution.support if self._same_support() else None

    def _same_support(self):
        """Whether it is no property of each component's parameters."""
        return not isinstance(getattr(type(self.component_distribution), "support", None), property)

    @property
    def _axis(self):
        return -1 - len(self._event_shape)

    def _weighted(self, x):
        probs = self.mixture_distribution.probs
        return (x * probs.reshape(probs.shape + (1,) * len(self._event_shape))).sum(self._axis)

    @property
    def mean(self):
        return self._weighted(self.component_distribution.mean)

    @property
    def variance(self):
        means = self.component_distribution.mean
        within = self._weighted(self.component_distribution.variance)
        return within + self._weighted(square(means - self._beside(self.mean)))

    def _beside(self, value):
        """A value with an axis for the components."""
        return value[(..., None) + (slice(None),) * len(self._event_shape)]

    def sample(self, sample_shape=()):
        components = self.component_distribution.sample(sample_shape)
        which = self.mixture_distribution.expand(self._batch_shape).sample(sample_shape)
        index = [
            arange(n, device=which.device).reshape((n,) + (1,) * (which.ndim - i - 1))
            for i, n in enumerate(which.shape)
        ]
        return components[(*index, which)]

    def log_prob(self, value):
        value = self._value(value)
        logarithms = self.component_distribution.log_prob(self._beside(value))
        return logsumexp(logarithms + self.mixture_distribution.logits, axis=-1)

    def cdf(self, value):
        value = self._value(value)
        probabilities = self.component_distribution.cdf(self._beside(value))
        return (probabilities * self.mixture_distribution.probs).sum(-1)

    def __repr__(self):
        return f"MixtureSameFamily({self.mixture_distribution!r}, {self.component_distribution!r})"
