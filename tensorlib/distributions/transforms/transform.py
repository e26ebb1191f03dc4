"""``Transform``, its inverse, and several of them one after the other."""

import copy
import math

from tensorlib._core._functions import zeros_like
from tensorlib.distributions import constraints


class Transform:
    """A function that can be inverted, with the logarithm of its derivative.

    A subclass defines `_call`, `_inverse` and `log_abs_det_jacobian`.

    Parameters
    ----------
    cache_size : {0, 1}, optional
        Whether the last value and its result are remembered, so that the inverse of a result is
        the very Tensor that it was computed from.

    Attributes
    ----------
    domain, codomain : Constraint
    bijective : bool
    sign : int or Tensor
        1 where the function increases, -1 where it decreases.
    inv : Transform
        The inverse.

    Raises
    ------
    ValueError
        If `cache_size` is neither 0 nor 1.

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
    _cache_size = 0
    _last = None, None  # a value and its result

    def __init__(self, cache_size=0):
        if cache_size not in (0, 1):
            raise ValueError(f"{type(self).__name__}: expected cache_size 0 or 1, got {cache_size}")
        self._cache_size = cache_size

    def with_cache(self, cache_size=1):
        """Return the same transform with another `cache_size`, and nothing remembered."""
        new = copy.copy(self)
        Transform.__init__(new, cache_size)
        new._last = None, None
        return new

    def __call__(self, x):
        before, result = self._last
        if before is None or before is not x:
            result = self._remembered(x, self._call(x))[1]
        return result

    def _inverted(self, y):
        before, result = self._last
        if result is None or result is not y:
            before = self._remembered(self._inverse(y), y)[0]
        return before

    def _remembered(self, x, y):
        if self._cache_size:
            self._last = x, y
        return x, y

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

    def __hash__(self):
        return hash(type(self))

    def _parts(self):
        """What makes two transforms of one class equal."""
        return ()

    def __repr__(self):
        return f"{type(self).__name__}()"


class _Inverse(Transform):
    def __init__(self, transform):
        super().__init__()
        self.inv_ = transform

    def with_cache(self, cache_size=1):
        return self.inv_.with_cache(cache_size).inv

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
        return self.inv_._inverted(x)

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


class ComposeTransform(Transform):
    """Transforms one after the other.

    Parameters
    ----------
    parts : list of Transform
        The first one is applied first.
    cache_size : {0, 1}, optional
        As of `Transform`, for each of them.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.distributions import AffineTransform, ComposeTransform, ExpTransform
    >>> ComposeTransform([ExpTransform(), AffineTransform(1.0, 2.0)])(tl.asarray(0.0)).item()
    3.0
    """

    def __init__(self, parts, cache_size=0):
        super().__init__(cache_size)
        parts = list(parts)
        self.parts = [part.with_cache(cache_size) for part in parts] if cache_size else parts

    def with_cache(self, cache_size=1):
        return ComposeTransform(self.parts, cache_size)

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
        total = sum_of_last(zeros_like(x), events)
        for part in self.parts:
            following = part(x)
            logarithm = part.log_abs_det_jacobian(x, following)
            total = total + sum_of_last(logarithm, events - part.domain.event_dim)
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


class IndependentTransform(Transform):
    """A transform of several numbers together: more axes make one value.

    Parameters
    ----------
    base_transform : Transform
    reinterpreted_batch_ndims : int
        How many more axes.
    cache_size : {0, 1}, optional
        As of `Transform`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.distributions.transforms import ExpTransform, IndependentTransform
    >>> exp = IndependentTransform(ExpTransform(), 1)
    >>> x = tl.asarray([0.5, 0.25])
    >>> exp.log_abs_det_jacobian(x, exp(x)).item()
    0.75
    """

    def __init__(self, base_transform, reinterpreted_batch_ndims, cache_size=0):
        super().__init__(cache_size)
        self.base_transform = base_transform.with_cache(cache_size)
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims

    @property
    def domain(self):
        return constraints.independent(self.base_transform.domain, self.reinterpreted_batch_ndims)

    @property
    def codomain(self):
        return constraints.independent(self.base_transform.codomain, self.reinterpreted_batch_ndims)

    @property
    def bijective(self):
        return self.base_transform.bijective

    @property
    def sign(self):
        return self.base_transform.sign

    def _call(self, x):
        return self.base_transform(x)

    def _inverse(self, y):
        return self.base_transform.inv(y)

    def log_abs_det_jacobian(self, x, y):
        logarithm = self.base_transform.log_abs_det_jacobian(x, y)
        return sum_of_last(logarithm, self.reinterpreted_batch_ndims)

    def forward_shape(self, shape):
        return self.base_transform.forward_shape(shape)

    def inverse_shape(self, shape):
        return self.base_transform.inverse_shape(shape)

    def _parts(self):
        return (self.base_transform, self.reinterpreted_batch_ndims)

    def __repr__(self):
        return f"IndependentTransform({self.base_transform!r}, {self.reinterpreted_batch_ndims})"


def sum_of_last(x, count):
    return x.sum(tuple(range(-count, 0))) if count else x


identity_transform = ComposeTransform([])
