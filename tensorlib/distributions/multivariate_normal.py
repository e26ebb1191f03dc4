"""Normal distributions of vectors."""

import math

from numpy import broadcast_shapes

from tensorlib._core._functions import broadcast_to, log, matmul, matvec, sqrt, square
from tensorlib._creation import eye, tril
from tensorlib._manipulation import matrix_transpose
from tensorlib.distributions import constraints
from tensorlib.distributions._draw import normal
from tensorlib.distributions.distribution import (
    Distribution,
    computed_once,
    only_one,
    parameters,
)
from tensorlib.linalg import cholesky, cholesky_solve, solve_triangular

LOG_TWO_PI = math.log(2 * math.pi)


class MultivariateNormal(Distribution):
    """Normal distribution of vectors of D elements.

    Parameters
    ----------
    loc : Tensor, shape (..., D)
        The mean.
    covariance_matrix : Tensor, shape (..., D, D), optional
    precision_matrix : Tensor, shape (..., D, D), optional
        Instead, the inverse of the covariance.
    scale_tril : Tensor, shape (..., D, D), optional
        Instead, the Cholesky factor of the covariance.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If not exactly one of the matrices is given, it is not what it has to be, or the shapes do
        not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.distributions.MultivariateNormal(tl.zeros(2), tl.eye(2))
    >>> round(x.log_prob(tl.zeros(2)).item(), 4)
    -1.8379
    """

    arg_constraints = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        loc,
        covariance_matrix=None,
        precision_matrix=None,
        scale_tril=None,
        validate_args=None,
    ):
        matrices = {
            "covariance_matrix": covariance_matrix,
            "precision_matrix": precision_matrix,
            "scale_tril": scale_tril,
        }
        only_one("MultivariateNormal", **matrices)
        ((name, matrix),) = [item for item in matrices.items() if item[1] is not None]
        if loc.ndim < 1 or matrix.ndim < 2 or matrix.shape[-2:] != loc.shape[-1:] * 2:
            raise ValueError(
                f"MultivariateNormal: expected loc of shape (..., D) and {name} of shape "
                f"(..., D, D), got {loc.shape} and {matrix.shape}"
            )
        batch = broadcast_shapes(loc.shape[:-1], matrix.shape[:-2])
        self.loc = broadcast_to(loc, batch + loc.shape[-1:])
        setattr(self, name, broadcast_to(matrix, batch + matrix.shape[-2:]))
        super().__init__(batch, loc.shape[-1:], validate_args)

    @computed_once
    def covariance_matrix(self):
        """The covariance."""
        return matmul(self.scale_tril, matrix_transpose(self.scale_tril))

    @computed_once
    def precision_matrix(self):
        """Inverse of the covariance."""
        unit = eye(self._event_shape[0], dtype=self.dtype, device=self.device)
        return cholesky_solve(unit, self.scale_tril)

    @computed_once
    def scale_tril(self):
        """Cholesky factor of the covariance."""
        if "covariance_matrix" in vars(self):
            return cholesky(self.covariance_matrix)
        # The factor of the matrix in reverse order gives an upper one in the right order, so
        # that the precision is R.T @ R with a lower R, the inverse of the covariance's factor.
        factor = cholesky(self.precision_matrix[..., ::-1, ::-1])[..., ::-1, ::-1]
        unit = eye(factor.shape[-1], dtype=factor.dtype, device=factor.device)
        return solve_triangular(matrix_transpose(factor), unit, upper=False)

    @property
    def mean(self):
        return self.loc

    @property
    def mode(self):
        return self.loc

    @property
    def variance(self):
        return square(self.scale_tril).sum(-1)

    def rsample(self, sample_shape=()):
        draws = normal(self._shape(sample_shape), self)
        return self.loc + matvec(tril(self.scale_tril), draws)

    def log_prob(self, value):
        difference = (self._value(value) - self.loc)[..., None]
        distance = square(solve_triangular(self.scale_tril, difference, upper=False)).sum((-2, -1))
        return -0.5 * (distance + self._event_shape[0] * LOG_TWO_PI) - self._half_log_det()

    def _half_log_det(self):
        """Half of the logarithm of the covariance's determinant."""
        return log(self.scale_tril.diagonal(0, -2, -1)).sum(-1)

    def entropy(self):
        return self._half_log_det() + 0.5 * self._event_shape[0] * (1 + LOG_TWO_PI)


class LowRankMultivariateNormal(Distribution):
    """Normal distribution of vectors of D elements, of covariance ``W @ W.T + diag(d)``.

    The D by D covariance is never made: by Woodbury's identity and the determinant lemma its
    inverse and determinant are those of an R by R matrix.

    Parameters
    ----------
    loc : Tensor, shape (..., D)
        The mean.
    cov_factor : Tensor, shape (..., D, R)
        W.
    cov_diag : Tensor, shape (..., D)
        d, above 0.
    validate_args : bool, optional
        As of `Distribution`.

    Raises
    ------
    ValueError
        If the shapes do not fit, or `cov_diag` is not above 0.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.distributions.LowRankMultivariateNormal(tl.zeros(2), tl.ones((2, 1)), tl.ones(2))
    >>> x.covariance_matrix.tolist()
    [[2.0, 1.0], [1.0, 2.0]]
    """

    arg_constraints = {
        "loc": constraints.real_vector,
        "cov_factor": constraints.independent(constraints.real, 2),
        "cov_diag": constraints.independent(constraints.positive, 1),
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(self, loc, cov_factor, cov_diag, validate_args=None):
        fits = loc.ndim >= 1 and cov_factor.ndim >= 2 and cov_diag.ndim >= 1
        if not fits or not loc.shape[-1] == cov_factor.shape[-2] == cov_diag.shape[-1]:
            raise ValueError(
                "LowRankMultivariateNormal: expected loc of shape (..., D), cov_factor of shape "
                "(..., D, R) and cov_diag of shape (..., D), "
                f"got {loc.shape}, {cov_factor.shape} and {cov_diag.shape}"
            )
        self.loc, self.cov_diag = parameters(loc, cov_diag)
        batch = broadcast_shapes(self.loc.shape[:-1], cov_factor.shape[:-2])
        self.loc = broadcast_to(self.loc, batch + loc.shape[-1:])
        self.cov_diag = broadcast_to(self.cov_diag, batch + loc.shape[-1:])
        self.cov_factor = broadcast_to(cov_factor, batch + cov_factor.shape[-2:])
        super().__init__(batch, loc.shape[-1:], validate_args)

    @property
    def _whitened_factor(self):
        return self.cov_factor / self.cov_diag[..., None]

    @property
    def _capacitance(self):
        """Cholesky factor of ``1 + W.T @ W / d``."""
        product = matmul(matrix_transpose(self.cov_factor), self._whitened_factor)
        unit = eye(product.shape[-1], dtype=product.dtype, device=product.device)
        return cholesky(product + unit)

    def _whiten(self):
        """X of Woodbury's identity: the inverse of the covariance is ``diag(1 / d) - X.T @ X``."""
        rows = matrix_transpose(self._whitened_factor)
        return solve_triangular(self._capacitance, rows, upper=False)

    @property
    def covariance_matrix(self):
        """The covariance."""
        product = matmul(self.cov_factor, matrix_transpose(self.cov_factor))
        unit = eye(self._event_shape[0], dtype=self.dtype, device=self.device)
        return product + self.cov_diag[..., None] * unit

    @property
    def precision_matrix(self):
        """Inverse of the covariance."""
        whiten = self._whiten()
        unit = eye(self._event_shape[0], dtype=self.dtype, device=self.device)
        inverse = unit / self.cov_diag[..., None]
        return inverse - matmul(matrix_transpose(whiten), whiten)

    @property
    def scale_tril(self):
        """Cholesky factor of the covariance."""
        return cholesky(self.covariance_matrix)

    @property
    def mean(self):
        return self.loc

    @property
    def mode(self):
        return self.loc

    @property
    def variance(self):
        return square(self.cov_factor).sum(-1) + self.cov_diag

    def rsample(self, sample_shape=()):
        shape = self._shape(sample_shape)
        common = normal((*shape[:-1], self.cov_factor.shape[-1]), self)
        own = normal(shape, self)
        return self.loc + matvec(self.cov_factor, common) + sqrt(self.cov_diag) * own

    def log_prob(self, value):
        difference = self._value(value) - self.loc
        distance = (square(difference) / self.cov_diag).sum(-1)
        distance = distance - square(matvec(self._whiten(), difference)).sum(-1)
        return -0.5 * (distance + self._event_shape[0] * LOG_TWO_PI) - self._half_log_det()

    def _half_log_det(self):
        small = log(self._capacitance.diagonal(0, -2, -1)).sum(-1)
        return small + 0.5 * log(self.cov_diag).sum(-1)

    def entropy(self):
        return self._half_log_det() + 0.5 * self._event_shape[0] * (1 + LOG_TWO_PI)
