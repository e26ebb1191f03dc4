"""Transforms of vectors and matrices."""

import numpy as np

from tensorlib._array_api import finfo
from tensorlib._core._functions import asarray, cumprod, cumsum, exp, log, matmul, sigmoid
from tensorlib._creation import eye, tril
from tensorlib._joining import concatenate
from tensorlib._manipulation import matrix_transpose
from tensorlib._selection import clip
from tensorlib.distributions import constraints
from tensorlib.distributions.transforms.transform import Transform
from tensorlib.linalg import cholesky
from tensorlib.nn.functional.activation import logsigmoid, softmax


class SoftmaxTransform(Transform):
    """The softmax of vectors; the inverse is the logarithm.

    Many vectors have one result, so there is no determinant.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.SoftmaxTransform()(tl.asarray([1.0, 1.0])).tolist()
    [0.5, 0.5]
    """

    domain = constraints.real_vector
    codomain = constraints.simplex
    bijective = False

    def _call(self, x):
        return softmax(x, -1)

    def _inverse(self, y):
        return log(y)


class StickBreakingTransform(Transform):
    """Vectors of K - 1 numbers to K probabilities: each number breaks off a part of the rest.

    Number k, counted from 0, breaks off ``sigmoid(x[k] - log(K - 1 - k))``, so that zeros make
    equal parts ("Stan Reference Manual", Simplex transform).

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.distributions import StickBreakingTransform
    >>> [round(x, 3) for x in StickBreakingTransform()(tl.zeros(3)).tolist()]
    [0.25, 0.25, 0.25, 0.25]
    """

    domain = constraints.real_vector
    codomain = constraints.simplex

    def _shifted(self, x):
        left = np.arange(x.shape[-1], 0, -1)
        return x - asarray(np.log(left), dtype=x.dtype)

    def _call(self, x):
        limits = finfo(x.dtype)
        least, most = limits.smallest_normal, 1 - limits.eps
        parts = clip(sigmoid(self._shifted(x)), least, most)
        rest = cumprod(1 - parts, axis=-1)
        first = concatenate([parts[..., :1], parts[..., 1:] * rest[..., :-1]], axis=-1)
        return concatenate([first, rest[..., -1:]], axis=-1)

    def _inverse(self, y):
        parts = y[..., :-1]
        rest = clip(1 - cumsum(parts, axis=-1), finfo(y.dtype).smallest_normal, None)
        left = asarray(np.log(np.arange(parts.shape[-1], 0, -1)), dtype=y.dtype)
        return log(parts) - log(rest) + left

    def log_abs_det_jacobian(self, x, y):
        # The matrix is triangular; on its diagonal is y (1 - part).
        return (log(y[..., :-1]) + logsigmoid(-self._shifted(x))).sum(-1)

    def forward_shape(self, shape):
        return (*_vector("StickBreakingTransform", shape)[:-1], shape[-1] + 1)

    def inverse_shape(self, shape):
        return (*_vector("StickBreakingTransform", shape)[:-1], shape[-1] - 1)


class LowerCholeskyTransform(Transform):
    """Matrices to lower triangular ones with a positive diagonal, the exponential of theirs.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.LowerCholeskyTransform()(tl.asarray([[0.0, 3.0], [2.0, 0.0]])).tolist()
    [[1.0, 0.0], [2.0, 1.0]]
    """

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.lower_cholesky
    bijective = False  # what is above the diagonal does not matter

    def _call(self, x):
        return _with_diagonal(x, exp)

    def _inverse(self, y):
        return _with_diagonal(y, log)


class PositiveDefiniteTransform(Transform):
    """Matrices to symmetric positive definite ones: ``L @ L.mT`` of `LowerCholeskyTransform`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> transform = tl.distributions.PositiveDefiniteTransform()
    >>> transform(tl.asarray([[0.0, 3.0], [2.0, 0.0]])).tolist()
    [[1.0, 2.0], [2.0, 5.0]]
    """

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.positive_definite
    bijective = False

    def _call(self, x):
        factor = _with_diagonal(x, exp)
        return matmul(factor, matrix_transpose(factor))

    def _inverse(self, y):
        return _with_diagonal(cholesky(y), log)


def _with_diagonal(x, function):
    """The lower triangle, a function of its diagonal in place of it."""
    diagonal = function(x.diagonal(0, -2, -1))
    return tril(x, -1) + diagonal[..., None] * eye(x.shape[-1], dtype=x.dtype)


def _vector(name, shape):
    if not shape:
        raise ValueError(f"{name}: expected a shape of at least one axis, got {shape}")
    return tuple(shape)
