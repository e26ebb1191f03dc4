"""Parametrizations in common use: weight and spectral normalization, orthogonal matrices."""

import functools

from tensorlib._arguments import axis_index
from tensorlib._array_api import finfo
from tensorlib._core._functions import (
    absolute,
    astype,
    conjugate,
    empty,
    matmul,
    maximum,
    reshape,
    sign,
    zeros,
    zeros_like,
)
from tensorlib._creation import eye, tril, triu
from tensorlib._joining import concatenate
from tensorlib._manipulation import matrix_transpose, moveaxis
from tensorlib._products import vdot
from tensorlib._selection import diagonal, where
from tensorlib.autograd import no_grad
from tensorlib.linalg import qr, solve, vector_norm
from tensorlib.nn import init
from tensorlib.nn.module import Module
from tensorlib.nn.utils._matrix_exponential import matrix_exponential
from tensorlib.nn.utils.parametrize import register_parametrization


def weight_norm(module, name="weight", dim=0):
    """Train the length and the direction of a parameter's slices apart.

    The parameter is ``g * v / norm(v)`` (Salimans and Kingma 2016, "Weight Normalization", eq. 2);
    ``g`` and ``v`` are ``parametrizations.<name>.original0`` and ``original1``.

    Parameters
    ----------
    module : Module
    name : str, optional
    dim : int or None, optional
        The axis along which the slices lie; None takes all of the parameter as one.

    Returns
    -------
    Module
        `module`, changed.

    Examples
    --------
    >>> from tensorlib import nn
    >>> from tensorlib.nn.utils import parametrizations
    >>> layer = parametrizations.weight_norm(nn.Linear(20, 40))
    >>> layer.parametrizations.weight.original0.shape
    (40, 1)
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)
    module.register_load_state_dict_pre_hook(functools.partial(_take_older_names, name))
    return module


def _take_older_names(name, module, state_dict, prefix, *rest):
    """Those of the form of weight normalization that PyTorch had before."""
    for number, end in enumerate("gv"):
        if f"{prefix}{name}_{end}" in state_dict:
            value = state_dict.pop(f"{prefix}{name}_{end}")
            state_dict[f"{prefix}parametrizations.{name}.original{number}"] = value


class _WeightNorm(Module):
    def __init__(self, dim):
        super().__init__()
        self.dim = dim if dim != -1 else None  # as in PyTorch

    def forward(self, weight_g, weight_v):
        return weight_v * (weight_g / self._norm(weight_v))

    def right_inverse(self, weight):
        return self._norm(weight), weight

    def _norm(self, x):
        if self.dim is None:
            return vector_norm(x)
        kept = axis_index("weight_norm", self.dim, x.ndim)
        return vector_norm(x, axis=tuple(i for i in range(x.ndim) if i != kept), keepdims=True)

    def extra_repr(self):
        return f"dim={self.dim}"


def spectral_norm(module, name="weight", n_power_iterations=1, eps=1e-12, dim=None):
    """Divide a parameter by its largest singular value.

    The singular vectors are buffers, improved by the power method at each use in training (Miyato
    et al. 2018, "Spectral Normalization for Generative Adversarial Networks", algorithm 1).

    Parameters
    ----------
    module : Module
    name : str, optional
    n_power_iterations : int, optional
        Steps of the power method at each use.
    eps : float, optional
        The least norm that a vector is divided by.
    dim : int, optional
        The axis of the rows of the matrix; 0, and 1 for transposed convolutions.

    Returns
    -------
    Module
        `module`, changed.

    Raises
    ------
    ValueError
        If there is no such parameter, or `n_power_iterations` is not positive.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> from tensorlib.nn.utils import parametrizations
    >>> layer = parametrizations.spectral_norm(nn.Linear(20, 40), n_power_iterations=20)
    >>> tl.allclose(tl.linalg.matrix_norm(layer.weight, ord=2), 1, atol=0.1)
    True
    """
    weight = _tensor_of("spectral_norm", module, name)
    if dim is None:
        dim = 1 if type(module).__name__.startswith("ConvTranspose") else 0
    return register_parametrization(
        module, name, _SpectralNorm(weight, n_power_iterations, dim, eps)
    )


class _SpectralNorm(Module):
    def __init__(self, weight, n_power_iterations=1, dim=0, eps=1e-12):
        super().__init__()
        if n_power_iterations <= 0:
            raise ValueError(
                f"spectral_norm: expected n_power_iterations > 0, got {n_power_iterations}"
            )
        self.dim = axis_index("spectral_norm", dim, weight.ndim)
        self.n_power_iterations = n_power_iterations
        self.eps = eps
        if weight.ndim > 1:
            matrix = self._matrix(weight.detach())
            for buffer, length in zip(("_u", "_v"), matrix.shape, strict=True):
                self.register_buffer(buffer, self._unit(_normal(length, weight)))
            self._improve(matrix, 15)

    def forward(self, weight):
        if weight.ndim == 1:
            return self._unit(weight)
        matrix = self._matrix(weight)
        if self.training:
            self._improve(matrix.detach(), self.n_power_iterations)
        # Copies, as the next use changes the vectors while this one's gradient may be to come.
        u, v = self._u.copy(), self._v.copy()
        return weight / vdot(u, matmul(matrix, v))

    def right_inverse(self, value):
        return value

    def _matrix(self, weight):
        return reshape(moveaxis(weight, self.dim, 0), (weight.shape[self.dim], -1))

    def _unit(self, vector):
        return vector / maximum(vector_norm(vector), self.eps)

    def _improve(self, matrix, steps):
        with no_grad():
            for _ in range(steps):
                self._u[...] = self._unit(matmul(matrix, self._v))
                self._v[...] = self._unit(matmul(conjugate(matrix.T), self._u))

    def extra_repr(self):
        return f"dim={self.dim}, n_power_iterations={self.n_power_iterations}, eps={self.eps}"


def orthogonal(module, name="weight", orthogonal_map=None, *, use_trivialization=True):
    """Keep a matrix orthogonal (unitary if it is complex).

    Of more rows than columns, the columns are orthonormal, else the rows; of more than two axes,
    the last two count.

    Parameters
    ----------
    module : Module
    name : str, optional
    orthogonal_map : {"matrix_exp", "cayley", "householder"}, optional
        How the matrix is made of free elements: as the exponential ``exp(A)`` of a skew-symmetric
        one, as its Cayley transform ``(1 - A/2)^-1 (1 + A/2)``, or as a product of reflections.
        "matrix_exp" for matrices that are square or complex, "householder" for others.
    use_trivialization : bool, optional
        Whether the first value, made orthogonal, is a fixed factor beside the free one (Lezcano
        Casado 2019, "Trivializations for Gradient-Based Optimization on Manifolds").

    Returns
    -------
    Module
        `module`, changed.

    Raises
    ------
    ValueError
        If there is no such parameter, it has fewer than two axes, or the map is unknown or not for
        it.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> from tensorlib.nn.utils import parametrizations
    >>> layer = parametrizations.orthogonal(nn.Linear(20, 40))
    >>> tl.allclose(layer.weight.T @ layer.weight, tl.eye(20), atol=1e-5)
    True
    """
    weight = _tensor_of("orthogonal", module, name)
    if weight.ndim < 2:
        raise ValueError(
            f"orthogonal: expected {name!r} with two axes or more, got shape {weight.shape}"
        )
    if orthogonal_map is None:
        square = weight.shape[-2] == weight.shape[-1]
        orthogonal_map = "matrix_exp" if square or weight.dtype.kind == "c" else "householder"
    if orthogonal_map not in MAPS:
        raise ValueError(
            f"orthogonal: expected orthogonal_map to be one of {', '.join(map(repr, MAPS))}, got "
            f"{orthogonal_map!r}"
        )
    if orthogonal_map == "householder" and weight.dtype.kind == "c":
        raise ValueError(f"orthogonal: 'householder' is for real matrices, got {weight.dtype}")
    return register_parametrization(
        module, name, _Orthogonal(orthogonal_map, use_trivialization), unsafe=True
    )


class _Orthogonal(Module):
    def __init__(self, orthogonal_map, use_trivialization=True):
        super().__init__()
        self.orthogonal_map = orthogonal_map
        self.use_trivialization = use_trivialization
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X):
        wide = X.shape[-2] < X.shape[-1]
        if wide:
            X = matrix_transpose(X)
        Q = MAPS[self.orthogonal_map](X)
        if self.use_trivialization and self.base is not None:
            Q = matmul(self.base, Q)
        return matrix_transpose(Q) if wide else Q

    def right_inverse(self, Q):
        with no_grad():
            wide = Q.shape[-2] < Q.shape[-1]
            tall = matrix_transpose(Q) if wide else Q
            if self.use_trivialization:
                self.base = _completed(tall)
                # What the maps make the first columns of the unit matrix of.
                return zeros_like(Q) - eye(*Q.shape[-2:], dtype=Q.dtype, device=Q.device)
            if self.orthogonal_map != "householder":
                raise NotImplementedError(
                    f"orthogonal: {self.orthogonal_map!r} has no inverse; use_trivialization=True "
                    "allows assignment"
                )
            reflectors, factors = qr(tall, mode="raw")
            reflectors = matrix_transpose(reflectors)
            signs = sign(diagonal(reflectors, 0, -2, -1))
            signs = where(factors == 0, -signs, signs)
            unit = eye(*reflectors.shape[-2:], dtype=Q.dtype, device=Q.device)
            made = reflectors * (1 - unit) + unit * signs[..., None, :]
            return matrix_transpose(made) if wide else made

    def extra_repr(self):
        return f"{self.orthogonal_map}, use_trivialization={self.use_trivialization}"


def _skew(X):
    """The lower triangle less its transpose, as a square matrix."""
    A = tril(X)
    rows, columns = A.shape[-2:]
    if rows != columns:
        rest = zeros((*A.shape[:-1], rows - columns), dtype=A.dtype, device=A.device)
        A = concatenate([A, rest], axis=-1)
    return A - conjugate(matrix_transpose(A))


def _by_exponential(X):
    return matrix_exponential(_skew(X))[..., : X.shape[-1]]


def _by_cayley(X):
    A = _skew(X) / 2
    unit = eye(A.shape[-1], dtype=A.dtype, device=A.device)
    return solve(unit - A, unit + A)[..., : X.shape[-1]]


def _by_reflections(X):
    """Columns of the product of the reflections along those below the diagonal, with ones on it.

    With the vectors as columns of V the product is ``1 - V T V'``, where ``inv(T)`` has the upper
    triangle of ``V' V`` and half its diagonal (Joffrain et al. 2006, "Accumulating Householder
    Transformations, Revisited", section 2).
    """
    rows, columns = X.shape[-2:]
    unit = eye(rows, columns, dtype=X.dtype, device=X.device)
    V = tril(X, -1) + unit
    products = matmul(matrix_transpose(V), V)
    half = eye(columns, dtype=X.dtype, device=X.device) / 2
    inverse = triu(products, 1) + products * half
    top = matrix_transpose(V[..., :columns, :])
    Q = unit - matmul(V, solve(inverse, top))
    # LAPACK's reflections leave signs, which are kept on the diagonal.
    signs = astype(astype(diagonal(X, 0, -2, -1), int), X.dtype)
    return Q * signs[..., None, :]


MAPS = {"matrix_exp": _by_exponential, "cayley": _by_cayley, "householder": _by_reflections}


def _completed(Q):
    """A square orthogonal matrix that begins with the columns of Q, made orthogonal."""
    rows, columns = Q.shape[-2:]
    if rows == columns and _is_orthogonal(Q):
        return Q.copy()
    if rows != columns:
        rest = _normal((*Q.shape[:-1], rows - columns), Q)
        Q = concatenate([Q, rest], axis=-1)
    factor, triangle = qr(Q)
    corner = diagonal(triangle, 0, -2, -1)
    phases = corner / absolute(corner) if Q.dtype.kind == "c" else sign(corner)
    return factor * phases[..., None, :]


def _normal(shape, like):
    if like.dtype.kind != "c":
        return init.normal_(empty(shape, dtype=like.dtype, device=like.device))
    shape = (2, shape) if isinstance(shape, int) else (2, *shape)
    real, imag = init.normal_(empty(shape, device=like.device))
    return astype(real + 1j * imag, like.dtype)


def _is_orthogonal(Q):
    n = Q.shape[-1]
    unit = eye(n, dtype=Q.dtype, device=Q.device)
    error = absolute(matmul(conjugate(matrix_transpose(Q)), Q) - unit)
    return bool((error <= 10 * n * finfo(Q.dtype).eps).all())


def _tensor_of(operation, module, name):
    weight = getattr(module, name, None)
    if weight is None:
        raise ValueError(
            f"{operation}: {type(module).__name__} has no parameter or buffer {name!r}"
        )
    return weight


__all__ = ["orthogonal", "spectral_norm", "weight_norm"]
