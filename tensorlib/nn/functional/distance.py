"""Distances and similarities of vectors."""

import numpy as np

from tensorlib._core._autocast import in_float32
from tensorlib._core._functions import broadcast_to, matmul, maximum, sqrt, where
from tensorlib._manipulation import matrix_transpose
from tensorlib.linalg import vector_norm

# How `cdist` finds Euclidean distances, and from how many points on products pay.
COMPUTE_MODES = (
    "use_mm_for_euclid_dist_if_necessary",
    "use_mm_for_euclid_dist",
    "donot_use_mm_for_euclid_dist",
)
MANY_POINTS = 25


@in_float32
def cosine_similarity(x1, x2, dim=1, eps=1e-8):
    """Compute the cosine of the angle between vectors.

    ``sum(x1 * x2) / (max(norm(x1), eps) * max(norm(x2), eps))``

    Parameters
    ----------
    x1, x2 : Tensor
        Of shapes that can be broadcast to each other, and floating dtypes.
    dim : int, optional
        The axis of the vectors.
    eps : float, optional

    Returns
    -------
    Tensor
        Without that axis.

    Raises
    ------
    numpy.exceptions.AxisError
        If there is no such axis.
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.cosine_similarity(tl.asarray([[2.0, 0.0]]), tl.asarray([[3.0, 4.0]])).tolist()
    [0.6]
    """
    shape = _broadcast("cosine_similarity", x1.shape, x2.shape)
    x1, x2 = broadcast_to(x1, shape), broadcast_to(x2, shape)
    lengths = [maximum(vector_norm(x, axis=dim, ord=2, keepdims=True), eps) for x in (x1, x2)]
    return (x1 / lengths[0] * (x2 / lengths[1])).sum(axis=dim)


@in_float32
def pairwise_distance(x1, x2, p=2.0, eps=1e-6, keepdim=False):
    """Compute the norm of the difference of vectors: ``norm(x1 - x2 + eps)``.

    Parameters
    ----------
    x1, x2 : Tensor, shape (..., D)
        Of shapes that can be broadcast to each other, and floating dtypes.
    p : float, optional
        Order of the norm, as for `tensorlib.linalg.vector_norm`.
    eps : float, optional
        Added to the difference, so that it is not zero.
    keepdim : bool, optional
        Whether the last axis stays, with length one.

    Returns
    -------
    Tensor, shape (...) or (..., 1)

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.pairwise_distance(tl.asarray([[1.0, 1.0]]), tl.asarray([[4.0, 5.0]]), eps=0.0).tolist()
    [5.0]
    """
    _broadcast("pairwise_distance", x1.shape, x2.shape)
    return vector_norm(x1 - x2 + eps, axis=-1, ord=p, keepdims=keepdim)


@in_float32
def pdist(input, p=2):
    """Compute the distances between the rows of a matrix.

    Parameters
    ----------
    input : Tensor, shape (N, D)
        Of a floating dtype.
    p : float, optional
        Order of the norm, at least zero.

    Returns
    -------
    Tensor, shape (N * (N - 1) / 2,)
        Of the rows ``(0, 1), (0, 2), ..., (1, 2), ...``. At zero the gradient is zero.

    Raises
    ------
    ValueError
        If `input` is no matrix, or `p` is negative.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.pdist(tl.asarray([[0.0, 0.0], [3.0, 4.0], [0.0, 4.0]])).tolist()
    [5.0, 4.0, 3.0]
    """
    if input.ndim != 2:
        raise ValueError(f"pdist: expected an input of shape (N, D), got {input.shape}")
    _check_order("pdist", p)
    first, second = np.triu_indices(input.shape[0], 1)
    return vector_norm(input[first] - input[second], axis=-1, ord=p)


@in_float32
def cdist(x1, x2, p=2.0, compute_mode="use_mm_for_euclid_dist_if_necessary"):
    """Compute the distances between the rows of two matrices, each with each.

    Parameters
    ----------
    x1 : Tensor, shape (..., P, D)
    x2 : Tensor, shape (..., R, D)
        Of floating dtypes.
    p : float, optional
        Order of the norm, at least zero.
    compute_mode : str, optional
        Whether Euclidean distances are found as ``|a|^2 - 2 a b + |b|^2``, by a product of
        matrices, which is quicker, needs less memory and is less precise where rows are close:
        ``"use_mm_for_euclid_dist_if_necessary"`` (with more than 25 rows),
        ``"use_mm_for_euclid_dist"`` (always) or ``"donot_use_mm_for_euclid_dist"`` (never).

    Returns
    -------
    Tensor, shape (..., P, R)
        At zero the gradient is zero.

    Raises
    ------
    ValueError
        If the shapes do not fit, `p` is negative or `compute_mode` unknown.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.cdist(tl.asarray([[0.0, 0.0]]), tl.asarray([[3.0, 4.0], [0.0, 1.0]])).tolist()
    [[5.0, 1.0]]
    """
    if x1.ndim < 2 or x2.ndim < 2 or x1.shape[-1] != x2.shape[-1]:
        raise ValueError(
            f"cdist: expected shapes (..., P, D) and (..., R, D), got {x1.shape} and {x2.shape}"
        )
    _broadcast("cdist", x1.shape[:-2], x2.shape[:-2])
    _check_order("cdist", p)
    if compute_mode not in COMPUTE_MODES:
        raise ValueError(
            f"cdist: expected compute_mode to be one of {', '.join(COMPUTE_MODES)}, "
            f"got {compute_mode!r}"
        )
    many = max(x1.shape[-2], x2.shape[-2]) > MANY_POINTS
    by_products = compute_mode == COMPUTE_MODES[1] or (many and compute_mode == COMPUTE_MODES[0])
    if p == 2 and by_products:
        return _euclidean(x1, x2)
    return vector_norm(x1[..., :, None, :] - x2[..., None, :, :], axis=-1, ord=p)


def _euclidean(x1, x2):
    squares = (x1 * x1).sum(axis=-1)[..., :, None] + (x2 * x2).sum(axis=-1)[..., None, :]
    squares = squares - 2 * matmul(x1, matrix_transpose(x2))
    positive = squares > 0
    return where(positive, sqrt(where(positive, squares, 1)), 0)


def _check_order(operation, p):
    if not p >= 0:
        raise ValueError(f"{operation}: expected p >= 0, got {p!r}")


def _broadcast(operation, *shapes):
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise ValueError(
            f"{operation}: expected shapes that can be broadcast to each other, "
            f"got {shapes[0]} and {shapes[1]}"
        ) from None
