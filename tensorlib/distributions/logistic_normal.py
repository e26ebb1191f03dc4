"""``LogisticNormal``."""

from tensorlib.distributions import constraints
from tensorlib.distributions.normal import Normal
from tensorlib.distributions.transformed import TransformedDistribution
from tensorlib.distributions.transforms import StickBreakingTransform


class LogisticNormal(TransformedDistribution):
    """Distribution of probabilities that `StickBreakingTransform` makes of normal variables.

    Parameters
    ----------
    loc, scale : float or Tensor
        Means and standard deviations of the K - 1 variables, which are the last axis.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If one of `scale` is not above 0, or the shapes do not broadcast.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.LogisticNormal(tl.zeros(3), tl.ones(3)).sample().shape
    (4,)
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.simplex
    has_rsample = True

    def __init__(self, loc, scale, validate_args=None):
        base = Normal(loc, scale, validate_args)
        base = base if base.batch_shape else base.expand((1,))
        super().__init__(base, StickBreakingTransform(), validate_args)

    @property
    def loc(self):
        """Means of the normal variables."""
        return self.base_dist.base_dist.loc

    @property
    def scale(self):
        """Standard deviations of the normal variables."""
        return self.base_dist.base_dist.scale
