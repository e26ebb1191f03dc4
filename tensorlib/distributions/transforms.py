"""Transforms of random variables, with the logarithms of their derivatives."""

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
    zeros_like,
)
from tensorlib._core._tensor import Tensor
from tensorlib.distributions import constraints

__all__ = [
    "AffineTransform",
    "ComposeTransform",
    "ExpTransform",
    "PowerTransform",
    "SigmoidTransform",
    "SoftplusTransform",
    "TanhTransform",
    "Transform",
]


def _softplus(x):
    return logaddexp(0, x)


class Transform:
    """A function that can be inverted, with the logarithm of its derivative.

    A subclass defines `_call`, `_inverse` and `log_abs_det_jacobian`.

    Attributes
    ----------
    domain, codomain : Constraint
    bijective : bool
    sign : int or Tensor
        1 where the function increases, -1 where it decreases.
    inv : Transform
        The inverse.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.distributions import transforms
    >>> exp = transforms.ExpTransform()
    >>> exp(tl.zeros(2)).tolist(), exp.inv(tl.ones(2)).tolist()
    ([1.0, 1.0], [0.0, 0.0])
    """

    domain = constraints.real
    codomain = constraints.real
    bijective = True
    sign = 1

    def __call__(self, x):
        return self._call(x)

    @property
    def inv(self):
        """The inverse."""
        return _Inverse(self)

    def log_abs_det_jacobian(self, x, y):
        """Logarithm of the absolute value of the derivative.

        Parameters
        ----------
        x : Tensor
        y : Tensor
            The result for `x`.

        Returns
        -------
        Tensor, of the shape of `x` without the axes of an event
        """
        raise NotImplementedError(f"{type(self).__name__}: there is no log_abs_det_jacobian")

    def forward_shape(self, shape):
        """Shape of the result for an input of this shape."""
        return tuple(shape)

    def inverse_shape(self, shape):
        """Shape of the input for a result of this shape."""
        return tuple(shape)

    def __eq__(self, other):
        return type(self) is type(other) and self._parts() == other._parts()

    __hash__ = object.__hash__

    def _parts(self):
        """What makes two transforms of one class equal."""
        return ()

    def __repr__(self):
        return f"{type(self).__name__}()"


class _Inverse(Transform):
    def __init__(self, transform):
        self.inv_ = transform

    @property
    def inv(self):
        return self.inv_

    @property
    def domain(self):
        return self.inv_.codomain

    @property
    def codomain(self):
        return self.inv_.domain

    @property
    def bijective(self):
        return self.inv_.bijective

    @property
    def sign(self):
        return self.inv_.sign

    def _call(self, x):
        return self.inv_._inverse(x)

    def _inverse(self, y):
        return self.inv_(y)

    def log_abs_det_jacobian(self, x, y):
        return -self.inv_.log_abs_det_jacobian(y, x)

    def forward_shape(self, shape):
        return self.inv_.inverse_shape(shape)

    def inverse_shape(self, shape):
        return self.inv_.forward_shape(shape)

    def _parts(self):
        return (self.inv_,)

    def __repr__(self):
        return f"{self.inv_!r}.inv"


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

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.PowerTransform(2.0)(tl.asarray(3.0)).item()
    9.0
    """

    domain = constraints.positive
    codomain = constraints.positive

    def __init__(self, exponent):
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

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.AffineTransform(1.0, 2.0)(tl.asarray(3.0)).item()
    7.0
    """

    def __init__(self, loc, scale, event_dim=0):
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
        return _sum_of_last(logarithm, self.event_dim)

    def forward_shape(self, shape):
        return broadcast_shapes(shape, _shape_of(self.loc), _shape_of(self.scale))

    inverse_shape = forward_shape

    def _parts(self):
        return (*_comparable(self.loc), *_comparable(self.scale), self.event_dim)


class ComposeTransform(Transform):
    """Transforms one after the other.

    Parameters
    ----------
    parts : list of Transform
        The first one is applied first.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.distributions import AffineTransform, ComposeTransform, ExpTransform
    >>> ComposeTransform([ExpTransform(), AffineTransform(1.0, 2.0)])(tl.asarray(0.0)).item()
    3.0
    """

    def __init__(self, parts):
        self.parts = list(parts)

    @property
    def domain(self):
        """That of the first, with the axes that later ones need."""
        need = extra = 0
        for part in self.parts:  # axes of an event, counted in those of the first one's input
            need = max(need, part.domain.event_dim - extra)
            extra += part.codomain.event_dim - part.domain.event_dim
        first = self.parts[0].domain if self.parts else constraints.real
        return constraints.independent(first, need - first.event_dim)

    @property
    def codomain(self):
        """That of the last, with the axes that earlier ones make."""
        need = extra = 0
        for part in reversed(self.parts):
            need = max(need, part.codomain.event_dim - extra)
            extra += part.domain.event_dim - part.codomain.event_dim
        last = self.parts[-1].codomain if self.parts else constraints.real
        return constraints.independent(last, need - last.event_dim)

    @property
    def bijective(self):
        return all(part.bijective for part in self.parts)

    @property
    def sign(self):
        return math.prod(part.sign for part in self.parts)

    @property
    def inv(self):
        return ComposeTransform([part.inv for part in reversed(self.parts)])

    def _call(self, x):
        for part in self.parts:
            x = part(x)
        return x

    def _inverse(self, y):
        return self.inv(y)

    def log_abs_det_jacobian(self, x, y):
        events = self.domain.event_dim
        total = _sum_of_last(zeros_like(x), events)
        for part in self.parts:
            following = part(x)
            logarithm = part.log_abs_det_jacobian(x, following)
            total = total + _sum_of_last(logarithm, events - part.domain.event_dim)
            events += part.codomain.event_dim - part.domain.event_dim
            x = following
        return total

    def forward_shape(self, shape):
        for part in self.parts:
            shape = part.forward_shape(shape)
        return tuple(shape)

    def inverse_shape(self, shape):
        for part in reversed(self.parts):
            shape = part.inverse_shape(shape)
        return tuple(shape)

    def _parts(self):
        return tuple(self.parts)

    def __repr__(self):
        return f"ComposeTransform({self.parts!r})"


def _sum_of_last(x, count):
    return x.sum(tuple(range(-count, 0))) if count else x


def _sign(x):
    return sign(x) if isinstance(x, Tensor) else (x > 0) - (x < 0)


def _shape_of(x):
    return x.shape if isinstance(x, Tensor) else ()


def _comparable(x):
    return (x.shape, x.tolist()) if isinstance(x, Tensor) else ((), x)
