"""``Independent``."""

from tensorlib.distributions import constraints
from tensorlib.distributions.distribution import Distribution
from tensorlib.distributions.transforms.transform import sum_of_last


class Independent(Distribution):
    """Distribution of several independent variables together: axes of the batch become the event's.

    Parameters
    ----------
    base_distribution : Distribution
    reinterpreted_batch_ndims : int
        How many of the last axes of its batch.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If there are not as many.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.distributions import Independent, Normal
    >>> x = Independent(Normal(tl.zeros((2, 3)), tl.ones((2, 3))), 1)
    >>> x.batch_shape, x.event_shape, x.log_prob(tl.zeros((2, 3))).shape
    ((2,), (3,), (2,))
    """

    def __init__(self, base_distribution, reinterpreted_batch_ndims, validate_args=None):
        count = reinterpreted_batch_ndims
        if not 0 <= count <= len(base_distribution.batch_shape):
            raise ValueError(
                "Independent: expected reinterpreted_batch_ndims from 0 to "
                f"{len(base_distribution.batch_shape)}, got {count}"
            )
        self.base_dist = base_distribution
        self.reinterpreted_batch_ndims = count
        shape = base_distribution.batch_shape + base_distribution.event_shape
        split = len(base_distribution.batch_shape) - count
        super().__init__(shape[:split], shape[split:], validate_args)

    def expand(self, batch_shape):
        split = len(self._event_shape) - len(self.base_dist.event_shape)
        base = self.base_dist.expand((*batch_shape, *self._event_shape[:split]))
        return Independent(base, self.reinterpreted_batch_ndims, self._validate_args)

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
        return constraints.independent(self.base_dist.support, self.reinterpreted_batch_ndims)

    @property
    def mean(self):
        return self.base_dist.mean

    @property
    def mode(self):
        return self.base_dist.mode

    @property
    def variance(self):
        return self.base_dist.variance

    def sample(self, sample_shape=()):
        return self.base_dist.sample(sample_shape)

    def rsample(self, sample_shape=()):
        return self.base_dist.rsample(sample_shape)

    def log_prob(self, value):
        return sum_of_last(self.base_dist.log_prob(value), self.reinterpreted_batch_ndims)

    def entropy(self):
        return sum_of_last(self.base_dist.entropy(), self.reinterpreted_batch_ndims)

    def __repr__(self):
        return f"Independent({self.base_dist!r}, {self.reinterpreted_batch_ndims})"
