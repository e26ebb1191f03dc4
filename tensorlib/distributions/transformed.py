"""``TransformedDistribution``."""

from tensorlib.distributions.constraints import independent
from tensorlib.distributions.distribution import Distribution
from tensorlib.distributions.independent import Independent
from tensorlib.distributions.transforms.transform import (
    ComposeTransform,
    Transform,
    sum_of_last,
)


class TransformedDistribution(Distribution):
    """Distribution of a function of a random variable.

    Parameters
    ----------
    base_distribution : Distribution
        Of the variable.
    transforms : Transform or list of Transform
        Applied one after the other.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    TypeError
        If `transforms` are none.
    ValueError
        If the shape of the samples does not suit the transforms.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.distributions import ExpTransform, Normal, TransformedDistribution
    >>> x = TransformedDistribution(Normal(0.0, 1.0), ExpTransform())
    >>> x.cdf(tl.asarray(1.0)).item()
    0.5
    """

    def __init__(self, base_distribution, transforms, validate_args=None):
        transforms = [transforms] if isinstance(transforms, Transform) else list(transforms)
        if not all(isinstance(transform, Transform) for transform in transforms):
            raise TypeError(f"{type(self).__name__}: expected transforms, got {transforms!r}")
        self.transforms = transforms
        whole = ComposeTransform(transforms)
        shape = base_distribution.batch_shape + base_distribution.event_shape
        if len(shape) < whole.domain.event_dim:
            raise ValueError(
                f"{type(self).__name__}: expected samples of at least {whole.domain.event_dim} "
                f"axes, got shape {shape}"
            )
        after = whole.forward_shape(shape)
        wider = whole.inverse_shape(after)
        events = len(base_distribution.event_shape)
        if wider != shape:
            base_distribution = base_distribution.expand(wider[: len(wider) - events])
        more = whole.domain.event_dim - events
        self.base_dist = Independent(base_distribution, more) if more > 0 else base_distribution
        events = whole.codomain.event_dim + max(-more, 0)
        split = len(after) - events
        super().__init__(after[:split], after[split:], validate_args)

    @property
    def dtype(self):
        return self.base_dist.dtype

    @property
    def device(self):
        return self.base_dist.device

    @property
    def has_rsample(self):
        return self.base_dist.has_rsample

    @property
    def support(self):
        if not self.transforms:
            return self.base_dist.support
        last = self.transforms[-1].codomain
        return independent(last, max(len(self._event_shape) - last.event_dim, 0))

    def expand(self, batch_shape):
        new = super().expand(())
        shape = (*batch_shape, *self._event_shape)
        before = ComposeTransform(self.transforms).inverse_shape(shape)
        new.base_dist = self.base_dist.expand(
            before[: len(before) - len(self.base_dist.event_shape)]
        )
        new._batch_shape = tuple(batch_shape)
        return new

    def sample(self, sample_shape=()):
        return self._transformed(self.base_dist.sample(sample_shape)).detach()

    def rsample(self, sample_shape=()):
        return self._transformed(self.base_dist.rsample(sample_shape))

    def _transformed(self, x):
        for transform in self.transforms:
            x = transform(x)
        return x

    def log_prob(self, value):
        y = self._value(value)
        events = len(self._event_shape)
        total = 0
        for transform in reversed(self.transforms):
            x = transform.inv(y)
            events += transform.domain.event_dim - transform.codomain.event_dim
            slope = transform.log_abs_det_jacobian(x, y)
            total = total - sum_of_last(slope, events - transform.domain.event_dim)
            y = x
        base = self.base_dist.log_prob(y)
        return total + sum_of_last(base, events - len(self.base_dist.event_shape))

    def _untransformed(self, value):
        """The value of the base, and whether the function increases."""
        sign = 1
        for transform in reversed(self.transforms):
            sign = sign * transform.sign
            value = transform.inv(value)
        return value, sign

    def cdf(self, value):
        value, sign = self._untransformed(self._value(value))
        return sign * (self.base_dist.cdf(value) - 0.5) + 0.5

    def icdf(self, value):
        value = self._tensor(value)
        sign = ComposeTransform(self.transforms).sign
        return self._transformed(self.base_dist.icdf(sign * (value - 0.5) + 0.5))

    def _repr_parts(self):
        return []

    def __repr__(self):
        return f"{type(self).__name__}({self.base_dist!r}, {self.transforms!r})"
