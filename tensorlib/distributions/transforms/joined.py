"""Transforms that change shapes, and several of them beside each other."""

import math

from tensorlib._core._functions import zeros
from tensorlib._joining import concatenate, stack
from tensorlib._manipulation import moveaxis
from tensorlib._splitting import split
from tensorlib.distributions import constraints
from tensorlib.distributions.transforms.transform import Transform, sum_of_last


class ReshapeTransform(Transform):
    """The last axes of a value in another shape.

    Parameters
    ----------
    in_shape, out_shape : tuple of int
    cache_size : {0, 1}, optional
        As of `Transform`.

    Raises
    ------
    ValueError
        If the shapes have different numbers of elements.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.ReshapeTransform((4,), (2, 2))(tl.zeros((5, 4))).shape
    (5, 2, 2)
    """

    def __init__(self, in_shape, out_shape, cache_size=0):
        super().__init__(cache_size)
        self.in_shape, self.out_shape = tuple(in_shape), tuple(out_shape)
        if math.prod(self.in_shape) != math.prod(self.out_shape):
            raise ValueError(
                "ReshapeTransform: expected shapes of one number of elements, got "
                f"{self.in_shape} and {self.out_shape}"
            )

    @property
    def domain(self):
        return constraints.independent(constraints.real, len(self.in_shape))

    @property
    def codomain(self):
        return constraints.independent(constraints.real, len(self.out_shape))

    def _call(self, x):
        return x.reshape(self.forward_shape(x.shape))

    def _inverse(self, y):
        return y.reshape(self.inverse_shape(y.shape))

    def log_abs_det_jacobian(self, x, y):
        return zeros(x.shape[: x.ndim - len(self.in_shape)], dtype=x.dtype)

    def forward_shape(self, shape):
        return _replaced(shape, self.in_shape, self.out_shape)

    def inverse_shape(self, shape):
        return _replaced(shape, self.out_shape, self.in_shape)

    def _parts(self):
        return (self.in_shape, self.out_shape)


def _replaced(shape, old, new):
    split = len(shape) - len(old)
    if split < 0 or tuple(shape[split:]) != old:
        raise ValueError(f"ReshapeTransform: expected a shape (..., *{old}), got {tuple(shape)}")
    return (*shape[:split], *new)


class _Several(Transform):
    """Transforms of the parts of a value, along one axis."""

    def __init__(self, tseq, dim=0, cache_size=0):
        super().__init__(cache_size)
        self.transforms = [transform.with_cache(cache_size) for transform in tseq]
        if not self.transforms or not all(isinstance(t, Transform) for t in tseq):
            raise TypeError(f"{type(self).__name__}: expected transforms, got {tseq!r}")
        self.dim = dim

    @property
    def bijective(self):
        return all(transform.bijective for transform in self.transforms)

    def _call(self, x):
        pairs = zip(self.transforms, self._split(x), strict=True)
        return self._joined([transform(part) for transform, part in pairs])

    def _inverse(self, y):
        pairs = zip(self.transforms, self._split(y), strict=True)
        return self._joined([transform.inv(part) for transform, part in pairs])

    def _parts(self):
        return (*self.transforms, self.dim)


class CatTransform(_Several):
    """Transforms of the parts of a value that is made by `concatenate`.

    Parameters
    ----------
    tseq : sequence of Transform
    dim : int, optional
        The axis.
    lengths : sequence of int, optional
        Of the parts along it, 1 by default.
    cache_size : {0, 1}, optional
        As of `Transform`.

    Raises
    ------
    TypeError
        If `tseq` are no transforms.
    ValueError
        If there is not one length for each, or a value is not as long as all of them.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.distributions import CatTransform, ExpTransform, identity_transform
    >>> CatTransform([ExpTransform(), identity_transform], lengths=[1, 2])(tl.zeros(3)).tolist()
    [1.0, 0.0, 0.0]
    """

    def __init__(self, tseq, dim=0, lengths=None, cache_size=0):
        tseq = list(tseq)
        super().__init__(tseq, dim, cache_size)
        self.lengths = [1] * len(tseq) if lengths is None else list(lengths)
        if len(self.lengths) != len(tseq):
            raise ValueError(
                f"CatTransform: expected a length for each of {len(tseq)} transforms, got "
                f"{self.lengths}"
            )

    @property
    def length(self):
        """Of a value along the axis."""
        return sum(self.lengths)

    @property
    def event_dim(self):
        """How many axes make one value: the most of all."""
        return max(transform.domain.event_dim for transform in self.transforms)

    @property
    def domain(self):
        return constraints.cat([t.domain for t in self.transforms], self.dim, self.lengths)

    @property
    def codomain(self):
        return constraints.cat([t.codomain for t in self.transforms], self.dim, self.lengths)

    def _split(self, x):
        if x.shape[self.dim] != self.length:
            raise ValueError(
                f"CatTransform: expected a value of length {self.length} along axis {self.dim}, "
                f"got {x.shape}"
            )
        ends = [sum(self.lengths[:k]) for k in range(1, len(self.lengths))]
        return split(x, ends, self.dim)

    def _joined(self, parts):
        return concatenate(parts, axis=self.dim)

    def log_abs_det_jacobian(self, x, y):
        events = self.event_dim
        logarithms = []
        parts = zip(self.transforms, self._split(x), self._split(y), strict=True)
        for transform, before, after in parts:
            slope = transform.log_abs_det_jacobian(before, after)
            logarithms.append(sum_of_last(slope, events - transform.domain.event_dim))
        axis = self.dim - x.ndim if self.dim >= 0 else self.dim
        axis += events  # counted from the end of what is left
        return concatenate(logarithms, axis=axis) if axis < 0 else sum(logarithms)

    def _parts(self):
        return (*super()._parts(), *self.lengths)


class StackTransform(_Several):
    """Transforms of the parts of a value that is made by `stack`.

    Parameters
    ----------
    tseq : sequence of Transform
    dim : int, optional
        The axis.
    cache_size : {0, 1}, optional
        As of `Transform`.

    Raises
    ------
    TypeError
        If `tseq` are no transforms.
    ValueError
        If a value has not one part for each.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.distributions import ExpTransform, StackTransform, identity_transform
    >>> StackTransform([ExpTransform(), identity_transform])(tl.zeros((2, 1))).tolist()
    [[1.0], [0.0]]
    """

    def __init__(self, tseq, dim=0, cache_size=0):
        super().__init__(list(tseq), dim, cache_size)

    @property
    def domain(self):
        return constraints.stack([transform.domain for transform in self.transforms], self.dim)

    @property
    def codomain(self):
        return constraints.stack([transform.codomain for transform in self.transforms], self.dim)

    def _split(self, x):
        if x.shape[self.dim] != len(self.transforms):
            raise ValueError(
                f"StackTransform: expected a value of length {len(self.transforms)} along axis "
                f"{self.dim}, got {x.shape}"
            )
        return list(moveaxis(x, self.dim, 0))

    def _joined(self, parts):
        return stack(parts, self.dim)

    def log_abs_det_jacobian(self, x, y):
        pairs = zip(self.transforms, self._split(x), self._split(y), strict=True)
        return stack([t.log_abs_det_jacobian(*pair) for t, *pair in pairs], self.dim)
