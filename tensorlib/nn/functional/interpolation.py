"""Images, signals and volumes in other sizes."""

import math

import numpy as np

from tensorlib._core._functions import asarray
from tensorlib._core._resample import SparseRows
from tensorlib.nn._arguments import LARGEST, int_tuple
from tensorlib.nn.functional._resampling import adaptive_averages, remembered, resample

RANKS = {
    "nearest": (3, 4, 5),
    "nearest-exact": (3, 4, 5),
    "area": (3, 4, 5),
    "linear": (3,),
    "bilinear": (4,),
    "bicubic": (4,),
    "trilinear": (5,),
}
WITH_CORNERS = ("linear", "bilinear", "bicubic", "trilinear")
WITH_ANTIALIAS = ("bilinear", "bicubic")


def interpolate(
    input,
    size=None,
    scale_factor=None,
    mode="nearest",
    align_corners=None,
    recompute_scale_factor=None,
    antialias=False,
):
    """Change the size of signals, images or volumes.

    Element i of an axis is what is at ``(i + 1/2) * s - 1/2`` among the elements of the input,
    where s is the ratio of the old size to the new.

    Parameters
    ----------
    input : Tensor, shape (N, C, L), (N, C, H, W) or (N, C, D, H, W)
        Of a floating-point or complex dtype; for the two nearest modes of any.
    size : int or sequence of ints, optional
        The new size, for all axes after the second or for each.
    scale_factor : float or sequence of floats, optional
        Instead of `size`: new size over old; what comes out is rounded down.
    mode : str, optional
        "nearest": the element at ``floor(i * s)``; "nearest-exact": the one at ``floor((i + 1/2) *
        s)``; "linear" (signals), "bilinear" (images), "trilinear" (volumes): linear between
        neighbours; "bicubic" (images): cubic convolution with a = -3/4 (R. Keys, Cubic convolution
        interpolation for digital image processing, 1981, equation 15 and its family);
        "area": means, as of `adaptive_avg_pool2d`.
    align_corners : bool, optional
        For the linear and cubic modes: whether the first and the last elements stay where they
        are, so that element i is at ``i * (L - 1) / (L' - 1)``.
    recompute_scale_factor : bool, optional
        With `scale_factor`: whether s is the ratio of sizes also where rounding has made it differ
        from ``1 / scale_factor``.
    antialias : bool, optional
        For "bilinear" and "bicubic": whether a smaller image is made with a filter that is wider
        by s, and cubic convolution is with a = -1/2.

    Returns
    -------
    Tensor, shape (N, C, L'), (N, C, H', W') or (N, C, D', H', W')

    Raises
    ------
    TypeError
        If `size` or `scale_factor` are no numbers of their kind, or the dtype of `input` does not
        suit the mode.
    ValueError
        If there is no such mode for inputs of this shape, an option is not for it or out of its
        range, both or neither of `size` and `scale_factor` are given.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> x = tl.asarray([[[0.0, 4.0, 2.0]]])
    >>> F.interpolate(x, scale_factor=2).tolist()
    [[[0.0, 0.0, 4.0, 4.0, 2.0, 2.0]]]
    >>> F.interpolate(x, size=5, mode="linear", align_corners=True).tolist()
    [[[0.0, 2.0, 4.0, 3.0, 2.0]]]
    """
    check_mode(mode, align_corners, antialias)
    if input.ndim not in RANKS[mode] or 0 in input.shape[2:]:
        raise ValueError(
            f"interpolate: expected for mode {mode!r} an input with "
            f"{' or '.join(map(str, RANKS[mode]))} axes, the last not empty, got {input.shape}"
        )
    sizes = input.shape[2:]
    counts, factors = _new_size(sizes, size, scale_factor, recompute_scale_factor)
    if mode in ("nearest", "nearest-exact"):
        dtype = "float64" if input.dtype.itemsize == 8 else "float32"
        options = (
            (step, mode == "nearest-exact", dtype) for step in _steps(sizes, counts, factors)
        )
        if input.dtype.kind in "biu":
            return _picked(input, counts, options)
        return resample(input, _matrices(nearest, sizes, counts, options))
    if input.dtype.kind in "biu":
        raise TypeError(
            f"interpolate: expected floating-point numbers for mode {mode!r}, got {input.dtype}"
        )
    if mode == "area":
        return resample(input, _matrices(adaptive_averages, sizes, counts, [()] * len(sizes)))
    if align_corners:
        steps = [(n - 1) / (m - 1) if m > 1 else 0.0 for n, m in zip(sizes, counts, strict=True)]
    else:
        steps = _steps(sizes, counts, factors)
    cubic = mode == "bicubic"
    if antialias:
        options, build = [(step, cubic) for step in steps], filtered
    else:
        options, build = [(step, bool(align_corners)) for step in steps], cubics if cubic else lines
    return resample(input, _matrices(build, sizes, counts, options))


def upsample(input, size=None, scale_factor=None, mode="nearest", align_corners=None):
    """Change the size of signals, images or volumes: an older name of `interpolate`.

    Parameters
    ----------
    input, size, scale_factor, mode, align_corners
        As in `interpolate`.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.upsample(tl.asarray([[[1.0, 2.0]]]), scale_factor=2).tolist()
    [[[1.0, 1.0, 2.0, 2.0]]]
    """
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input, size=None, scale_factor=None):
    """Change the size by `interpolate` with ``mode="nearest"``.

    Parameters
    ----------
    input, size, scale_factor
        As in `interpolate`.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.upsample_nearest(tl.asarray([[[1.0, 2.0]]]), 4).tolist()
    [[[1.0, 1.0, 2.0, 2.0]]]
    """
    return interpolate(input, size, scale_factor)


def upsample_bilinear(input, size=None, scale_factor=None):
    """Change the size of images by `interpolate`, linear, with the corners where they are.

    Parameters
    ----------
    input, size, scale_factor
        As in `interpolate`.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.upsample_bilinear(tl.asarray([[[[1.0, 2.0]]]]), (1, 3)).tolist()
    [[[[1.0, 1.5, 2.0]]]]
    """
    return interpolate(input, size, scale_factor, "bilinear", align_corners=True)


def check_mode(mode, align_corners, antialias, operation="interpolate"):
    """Refuse options of interpolation that do not belong together."""
    if mode not in RANKS:
        raise ValueError(f"{operation}: expected mode {', '.join(map(repr, RANKS))}, got {mode!r}")
    if align_corners is not None and mode not in WITH_CORNERS:
        raise ValueError(
            f"{operation}: expected align_corners for modes {', '.join(map(repr, WITH_CORNERS))} "
            f"only, got {align_corners!r} for {mode!r}"
        )
    if antialias and mode not in WITH_ANTIALIAS:
        raise ValueError(
            f"{operation}: expected antialias for modes {', '.join(map(repr, WITH_ANTIALIAS))} "
            f"only, got it for {mode!r}"
        )


def _new_size(sizes, size, scale_factor, recompute):
    """The new sizes, and for each axis the scale factor to use, if there is one."""
    axes = len(sizes)
    if (size is None) == (scale_factor is None):
        raise ValueError(
            f"interpolate: expected either size or scale_factor, got {size!r} and {scale_factor!r}"
        )
    if size is not None:
        if recompute:
            raise ValueError(
                "interpolate: expected recompute_scale_factor with scale_factor only, got it with "
                f"size {size!r}"
            )
        return int_tuple("interpolate", "size", size, axes, 1), None
    factors = check_scale("interpolate", scale_factor, axes)
    counts = tuple(
        int(min(n * factor, LARGEST + 1)) for n, factor in zip(sizes, factors, strict=True)
    )
    if min(counts) < 1:
        raise ValueError(
            f"interpolate: expected a new size of at least one, got {counts} by scale_factor "
            f"{scale_factor!r} from {sizes}"
        )
    return int_tuple("interpolate", "a new size", counts, axes, 1), None if recompute else factors


def check_scale(operation, factor, axes):
    """Finite positive numbers, from one or as many as axes."""
    factors = tuple(factor) if isinstance(factor, tuple | list) else (factor,) * axes
    if len(factors) != axes or not all(isinstance(f, int | float) for f in factors):
        raise TypeError(
            f"{operation}: expected scale_factor to be a number or {axes} numbers, got {factor!r}"
        )
    if not all(0 < f < math.inf for f in factors):
        raise ValueError(f"{operation}: expected scale_factor above zero, got {factor!r}")
    return factors


def _steps(sizes, counts, factors):
    """The distances of new elements, in old ones."""
    if factors is None:
        return [n / m for n, m in zip(sizes, counts, strict=True)]
    return [1 / factor for factor in factors]


def _matrices(build, sizes, counts, options):
    return tuple(build(n, m, *own) for n, m, own in zip(sizes, counts, options, strict=True))


def _picked(x, counts, options):
    """The nearest elements, of integers."""
    for axis, own in enumerate(options, 2):
        index = asarray(nearest_places(x.shape[axis], counts[axis - 2], *own))
        x = x[(slice(None),) * axis + (index,)]
    return x


def nearest_places(length, rows, step, exact, dtype):
    """The places of the nearest elements.

    At a tie between two the arithmetic decides: it is PyTorch's, in `dtype`, with a fused multiply
    and add. In float64 the product of two float32 is exact, so there is one rounding here too.
    """
    i, step = np.arange(rows), np.float64(np.dtype(dtype).type(step))
    position = ((i + 0.5) * step - 0.5 if exact else i * step).astype(dtype)
    if exact:
        position = np.maximum(position, 0) + np.dtype(dtype).type(0.5)
    return np.minimum(np.floor(position.astype("float32")), length - 1).astype(np.intp)


@remembered
def nearest(length, rows, step, exact, dtype):
    return neighbours(length, nearest_places(length, rows, step, exact, dtype), [1.0])


@remembered
def lines(length, rows, step, aligned):
    position = np.maximum(positions(rows, step, aligned), 0)
    left = np.minimum(np.floor(position), length - 1)
    part = np.minimum(position - left, 1)
    return neighbours(length, left.astype(np.intp), [1 - part, part])


@remembered
def cubics(length, rows, step, aligned):
    position = positions(rows, step, aligned)
    left = np.floor(position)
    part = position - left
    weights = [cubic(part + 1, -0.75), cubic(part, -0.75)]
    weights += [cubic(1 - part, -0.75), cubic(2 - part, -0.75)]
    return neighbours(length, left.astype(np.intp) - 1, weights)


def positions(rows, step, aligned):
    """Where the new elements are among the old ones."""
    i = np.arange(rows)
    return i * step if aligned else (i + 0.5) * step - 0.5


def neighbours(length, first, weights):
    """The matrix with `weights[k][r]` in row r, column `first[r] + k` or the nearest there is."""
    places = np.clip(first[:, None] + np.arange(len(weights)), 0, length - 1)
    weights = np.stack(np.broadcast_arrays(*weights, first * 0.0)[:-1], axis=-1)
    offsets = np.arange(len(first) + 1) * places.shape[1]
    return SparseRows(offsets, places.ravel(), weights.ravel(), length)


@remembered
def filtered(length, rows, step, is_cubic):
    """Weighted means with the kernel of interpolation, as wide as a step where that is longer."""
    width = max(step, 1.0)
    reach = (2 if is_cubic else 1) * width
    centre = (np.arange(rows) + 0.5) * step
    starts = np.maximum((centre - reach + 0.5).astype(np.intp), 0)
    stops = np.minimum((centre + reach + 0.5).astype(np.intp), length)
    places = starts[:, None] + np.arange(max((stops - starts).max(), 1))
    distance = np.abs(places - centre[:, None] + 0.5) / width
    weights = cubic(distance, -0.5) if is_cubic else np.maximum(1 - distance, 0)
    inside = places < stops[:, None]
    weights = np.where(inside, weights, 0)
    weights /= weights.sum(axis=1, keepdims=True)
    offsets = np.concatenate(([0], np.cumsum(inside.sum(axis=1))))
    return SparseRows(offsets, places[inside], weights[inside], length)


def cubic(distance, a):
    """Keys' cubic convolution kernel at non-negative distances."""
    near = ((a + 2) * distance - (a + 3)) * distance * distance + 1
    far = a * (((distance - 5) * distance + 8) * distance - 4)
    return np.where(distance <= 1, near, np.where(distance < 2, far, 0))
