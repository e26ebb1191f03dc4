"""Transforms of numbers, one by one."""

import math

from numpy import broadcast_shapes

from tensorlib._core._functions import (
    absolute,
    arctanh,
    asarray,
    broadcast_to,
    exp,
    expm1,
    log,
    log1p,
    logaddexp,
    power,
    sigmoid,
    sign,
    tanh,
)
from tensorlib._core._tensor import Tensor
from tensorlib.distributions import constraints
from tensorlib.distributions.transforms.transform import Transform, sum_of_last


def _softplus(x):
    return logaddexp(0, x)


class ExpTransform(Transform):
    """``exp(x)``.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.ExpTransform()(tl.asarray(0.0)).item()
    1.0
    """

    codomain = constraints.positive

    def _call(self, x):
        return exp(x)

    def _inverse(self, y):
        return log(y)

    def log_abs_det_jacobian(self, x, y):
        return x


class PowerTransform(Transform):
    """``x**exponent``, of positive numbers.

    Parameters
    ----------
    exponent : float or Tensor
    cache_size : {0, 1}, optional
        As of `Transform`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.PowerTransform(2.0)(tl.asarray(3.0)).item()
    9.0
    """

    domain = constraints.positive
    codomain = constraints.positive

    def __init__(self, exponent, cache_size=0):
        super().__init__(cache_size)
        self.exponent = exponent

    @property
    def sign(self):
        return _sign(self.exponent)

    def _call(self, x):
        return power(x, self.exponent)

    def _inverse(self, y):
        return power(y, 1 / self.exponent)

    def log_abs_det_jacobian(self, x, y):
        return log(absolute(self.exponent * y / x))

    def forward_shape(self, shape):
        return broadcast_shapes(shape, _shape_of(self.exponent))

    inverse_shape = forward_shape

    def _parts(self):
        return _comparable(self.exponent)


class SigmoidTransform(Transform):
    """``1 / (1 + exp(-x))``.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.SigmoidTransform()(tl.asarray(0.0)).item()
    0.5
    """

    codomain = constraints.unit_interval

    def _call(self, x):
        return sigmoid(x)

    def _inverse(self, y):
        return log(y) - log1p(-y)

    def log_abs_det_jacobian(self, x, y):
        return -_softplus(-x) - _softplus(x)


class TanhTransform(Transform):
    """``tanh(x)``.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.TanhTransform()(tl.asarray(0.0)).item()
    0.0
    """

    codomain = constraints.interval(-1.0, 1.0)

    def _call(self, x):
        return tanh(x)

    def _inverse(self, y):
        return arctanh(y)

    def log_abs_det_jacobian(self, x, y):
        # 1 - tanh(x)**2 as 4 / (exp(x) + exp(-x))**2, which does not cancel.
        return 2 * (math.log(2) - x - _softplus(-2 * x))


class SoftplusTransform(Transform):
    """``log(1 + exp(x))``.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.SoftplusTransform()(tl.asarray(1000.0)).item()
    1000.0
    """

    codomain = constraints.positive

    def _call(self, x):
        return _softplus(x)

    def _inverse(self, y):
        return y + log(-expm1(-y))

    def log_abs_det_jacobian(self, x, y):
        return -_softplus(-x)


class AffineTransform(Transform):
    """``loc + scale * x``.

    Parameters
    ----------
    loc, scale : float or Tensor
    event_dim : int, optional
        How many axes make one value.
    cache_size : {0, 1}, optional
        As of `Transform`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.AffineTransform(1.0, 2.0)(tl.asarray(3.0)).item()
    7.0
    """

    def __init__(self, loc, scale, event_dim=0, cache_size=0):
        super().__init__(cache_size)
        self.loc, self.scale, self.event_dim = loc, scale, event_dim

    @property
    def domain(self):
        return constraints.independent(constraints.real, self.event_dim)

    codomain = domain

    @property
    def sign(self):
        return _sign(self.scale)

    def _call(self, x):
        return self.loc + self.scale * x

    def _inverse(self, y):
        return (y - self.loc) / self.scale

    def log_abs_det_jacobian(self, x, y):
        if isinstance(self.scale, Tensor):
            logarithm = broadcast_to(log(absolute(self.scale)), x.shape)
        else:
            value = math.log(abs(self.scale))
            logarithm = broadcast_to(asarray(value, dtype=x.dtype), x.shape)
        return sum_of_last(logarithm, self.event_dim)

    def forward_shape(self, shape):
        return broadcast_shapes(shape, _shape_of(self.loc), _shape_of(self.scale))

    inverse_shape = forward_shape

    def _parts(self):
        return (*_comparable(self.loc), *_comparable(self.scale), self.event_dim)


class AbsTransform(Transform):
    """``abs(x)``, whose inverse is the positive number.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.AbsTransform()(tl.asarray([-2.0, 3.0])).tolist()
    [2.0, 3.0]
    """

    codomain = constraints.positive
    bijective = False

    def _call(self, x):
        return absolute(x)

    def _inverse(self, y):
        return y


class CumulativeDistributionTransform(Transform):
    """The distribution function of a distribution, which makes its samples uniform.

    Parameters
    ----------
    distribution : Distribution
        One with `cdf`; with `icdf` for the inverse.
    cache_size : {0, 1}, optional
        As of `Transform`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.distributions import CumulativeDistributionTransform, Normal
    >>> CumulativeDistributionTransform(Normal(1.0, 2.0))(tl.asarray(1.0)).item()
    0.5
    """

    codomain = constraints.unit_interval

    def __init__(self, distribution, cache_size=0):
        super().__init__(cache_size)
        self.distribution = distribution

    @property
    def domain(self):
        return self.distribution.support

    def _call(self, x):
        return self.distribution.cdf(x)

    def _inverse(self, y):
        return self.distribution.icdf(y)

    def log_abs_det_jacobian(self, x, y):
        return self.distribution.log_prob(x)

    def _parts(self):
        return (self.distribution,)


def _sign(x):
    return sign(x) if isinstance(x, Tensor) else (x > 0) - (x < 0)


def _shape_of(x):
    return x.shape if isinstance(x, Tensor) else ()


def _comparable(x):
    return (x.shape, x.tolist()) if isinstance(x, Tensor) else ((), x)
