"""Images sampled at given places, and channels turned into pixels."""

import itertools
import math

import numpy as np

from tensorlib._core._functions import absolute, arange, asarray, floor, fmax, fmin, rint, where
from tensorlib.nn._arguments import int_tuple

PADDING_MODES = ("zeros", "border", "reflection")


def grid_sample(input, grid, mode="bilinear", padding_mode="zeros", align_corners=None):
    """Sample images, or volumes, at the places of a grid.

    Places are in [-1, 1] along each axis of an image. The ends are the outer edges of the first and
    the last pixel, or with `align_corners` their centres.

    Parameters
    ----------
    input : Tensor, shape (N, C, H, W) or (N, C, D, H, W)
        Of a real floating-point dtype.
    grid : Tensor, shape (N, H', W', 2) or (N, D', H', W', 3)
        The places, the coordinate along the last axis of an image first; dtype of `input`.
    mode : {"bilinear", "nearest", "bicubic"}, optional
        What is between pixels: linear along each axis, also of volumes; the nearest pixel, at half
        the way the even one; cubic convolution with a = -3/4 (R. Keys, 1981), of images alone.
    padding_mode : {"zeros", "border", "reflection"}, optional
        What is outside: zeros; the nearest pixel; the image mirrored at its ends.
    align_corners : bool, optional
        False by default.

    Returns
    -------
    Tensor, shape (N, C, H', W') or (N, C, D', H', W')
        The nearest pixels have no gradient with respect to the grid.

    Raises
    ------
    TypeError
        If the dtypes of the two differ, or are not real and floating-point.
    ValueError
        If the shapes do not fit, or there is no such mode.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> x = tl.asarray([[[[1.0, 2.0], [3.0, 4.0]]]])
    >>> middle_and_corner = tl.asarray([[[[0.0, 0.0], [1.0, -1.0]]]])
    >>> F.grid_sample(x, middle_and_corner, align_corners=True).tolist()
    [[[[2.5, 2.0]]]]
    """
    _check_sampling(input, grid, mode, padding_mode)
    count, channels, *sizes = input.shape
    axes = []
    for axis, size in enumerate(sizes):
        place = grid[..., len(sizes) - 1 - axis]
        place = (place + 1) * ((size - 1) / 2) if align_corners else ((place + 1) * size - 1) / 2
        axes.append(list(_taps(place, size, mode, padding_mode, align_corners)))
    pixels = input.transpose((0, *range(2, input.ndim), 1))  # those of a place side by side
    pixels = pixels.reshape((count * math.prod(sizes), channels))
    # The image.
    first = arange(count, device=input.device).reshape((count,) + (1,) * len(sizes))
    total = None
    for taps in itertools.product(*axes):
        index, weight = first, None
        for (position, part), size in zip(taps, sizes, strict=True):
            index = index * size + position
            if part is not None:
                weight = part if weight is None else weight * part
        sample = pixels[index]
        sample = sample if weight is None else sample * weight[..., None]
        total = sample if total is None else total + sample
    return total.transpose((0, total.ndim - 1, *range(1, total.ndim - 1)))


def _check_sampling(input, grid, mode, padding_mode):
    if mode not in ("bilinear", "nearest", "bicubic"):
        raise ValueError(
            f"grid_sample: expected mode 'bilinear', 'nearest' or 'bicubic', got {mode!r}"
        )
    if padding_mode not in PADDING_MODES:
        raise ValueError(
            "grid_sample: expected padding_mode 'zeros', 'border' or 'reflection', "
            f"got {padding_mode!r}"
        )
    if input.ndim not in ((4,) if mode == "bicubic" else (4, 5)):
        raise ValueError(
            "grid_sample: expected an input of shape (N, C, H, W) or, but for mode 'bicubic', "
            f"(N, C, D, H, W), got {input.shape} for mode {mode!r}"
        )
    if grid.ndim != input.ndim or (grid.shape[0], grid.shape[-1]) != (
        input.shape[0],
        input.ndim - 2,
    ):
        raise ValueError(
            f"grid_sample: expected for an input of shape {input.shape} a grid with as many axes, "
            f"first {input.shape[0]} and last {input.ndim - 2} long, got {grid.shape}"
        )
    if 0 in input.shape[2:]:
        raise ValueError(f"grid_sample: expected an input with pixels, got shape {input.shape}")
    if input.dtype != grid.dtype or input.dtype.kind in "biuc":
        raise TypeError(
            "grid_sample: expected input and grid of one real floating-point dtype, got "
            f"{input.dtype} and {grid.dtype}"
        )


def _taps(place, size, mode, padding_mode, align_corners):
    """The pixels that take part along an axis: their positions, and weights or None for one."""

    def fold(place):
        return _mirrored(place, size, align_corners) if padding_mode == "reflection" else place

    outside_is_zero = padding_mode == "zeros"
    cubic = mode == "bicubic"
    if not (cubic or outside_is_zero):
        place = _kept_inside(fold(place), size)
    if mode == "nearest":
        pairs = [(rint(place.detach()), None)]
    else:
        low = floor(place.detach())
        part = place - low
        weights = _cubic_weights(part) if cubic else (1 - part, part)
        pairs = [(low + k, weight) for k, weight in enumerate(weights, -1 if cubic else 0)]
    for position, weight in pairs:
        if outside_is_zero:
            outside = (position < 0) | (position > size - 1)  # NaN is not
            weight = where(outside, 0.0, 1.0 if weight is None else weight).astype(place.dtype)
        elif cubic:
            position = fold(position)
        # Not clip, which would leave NaN.
        yield fmin(fmax(position, 0), size - 1).astype("int64"), weight


def _mirrored(place, size, align_corners):
    """Places of an image that goes on as its mirror image, in its first copy."""
    start, length = (0.0, size - 1.0) if align_corners else (-0.5, float(size))
    if length == 0:
        return place * 0
    distance = absolute(place - start)
    flips = floor(distance.detach() / length)
    rest = distance - flips * length
    return where(flips % 2 == 0, rest, length - rest) + start


def _kept_inside(place, size):
    """Places moved to the next pixel, where they have no gradient."""
    inside = (place > 0) & (place < size - 1)
    return where(inside, place, fmin(fmax(place.detach(), 0), size - 1))


def _cubic_weights(part):
    """Of the pixels at -1, 0, 1 and 2, for a place between 0 and 1."""
    other, a = 1 - part, -0.75
    return (
        a * part * other * other,
        ((a + 2) * part - (a + 3)) * part * part + 1,
        ((a + 2) * other - (a + 3)) * other * other + 1,
        a * other * part * part,
    )


def affine_grid(theta, size, align_corners=None):
    """Make the grid by which `grid_sample` maps images, or volumes, by affine functions.

    Parameters
    ----------
    theta : Tensor, shape (N, 2, 3) or (N, 3, 4)
        Matrices: a place of the output, with a one appended, times the matrix is a place of the
        input. Coordinates along the last axis of an image come first.
    size : sequence of ints
        Shape of the output: (N, C, H, W) or (N, C, D, H, W).
    align_corners : bool, optional
        As in `grid_sample`.

    Returns
    -------
    Tensor, shape (N, H, W, 2) or (N, D, H, W, 3)

    Raises
    ------
    TypeError
        If `size` is no sequence of ints, or `theta` has no floating-point dtype.
    ValueError
        If the shapes do not fit, or `size` has a number less than one.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> turned = tl.asarray([[[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]]])
    >>> F.affine_grid(turned, (1, 1, 2, 2), align_corners=True)[0, 0].tolist()
    [[-1.0, 1.0], [-1.0, -1.0]]
    """
    if not isinstance(size, tuple | list) or len(size) not in (4, 5):
        raise ValueError(
            f"affine_grid: expected size (N, C, H, W) or (N, C, D, H, W), got {size!r}"
        )
    size = int_tuple("affine_grid", "size", size, len(size), 1)
    axes = len(size) - 2
    if theta.shape != (size[0], axes, axes + 1):
        raise ValueError(
            f"affine_grid: expected theta of shape {(size[0], axes, axes + 1)} for size {size}, "
            f"got {theta.shape}"
        )
    if theta.dtype.kind in "biuc":
        raise TypeError(f"affine_grid: expected theta of a floating dtype, got {theta.dtype}")
    ends = [(n - 1 if align_corners else n) or 1 for n in size[2:]]
    lines = [(2 * np.arange(n) - (n - 1)) / end for n, end in zip(size[2:], ends, strict=True)]
    places = np.meshgrid(*lines, 1.0, indexing="ij")
    places = np.stack([*places[-2::-1], places[-1]], axis=-1).reshape(-1, axes + 1)
    grid = asarray(places, device=theta.device).astype(theta.dtype) @ theta.transpose((0, 2, 1))
    return grid.reshape((size[0], *size[2:], axes))


def pixel_shuffle(input, upscale_factor):
    """Turn groups of channels into squares of pixels.

    Parameters
    ----------
    input : Tensor, shape (..., C * r * r, H, W)
    upscale_factor : int
        r, the edge of a square.

    Returns
    -------
    Tensor, shape (..., C, H * r, W * r)

    Raises
    ------
    TypeError
        If `upscale_factor` is no int.
    ValueError
        If the number of channels is no multiple of r * r, `input` has fewer than three axes, or
        `upscale_factor` is less than one.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.pixel_shuffle(tl.arange(4.0).reshape(4, 1, 1), 2).tolist()
    [[[0.0, 1.0], [2.0, 3.0]]]
    """
    (r,) = int_tuple("pixel_shuffle", "upscale_factor", upscale_factor, 1, 1)
    if input.ndim < 3 or input.shape[-3] % (r * r):
        raise ValueError(
            "pixel_shuffle: expected shape (..., C, H, W) with C a multiple of "
            f"{r * r}, got {input.shape}"
        )
    *stack, channels, height, width = input.shape
    n, channels = len(stack), channels // (r * r)
    parts = input.reshape((*stack, channels, r, r, height, width))
    parts = parts.transpose((*range(n + 1), n + 3, n + 1, n + 4, n + 2))
    return parts.reshape((*stack, channels, height * r, width * r))


def pixel_unshuffle(input, downscale_factor):
    """Turn squares of pixels into channels, as the inverse of `pixel_shuffle`.

    Parameters
    ----------
    input : Tensor, shape (..., C, H * r, W * r)
    downscale_factor : int
        r, the edge of a square.

    Returns
    -------
    Tensor, shape (..., C * r * r, H, W)

    Raises
    ------
    TypeError
        If `downscale_factor` is no int.
    ValueError
        If height or width is no multiple of r, `input` has fewer than three axes, or
        `downscale_factor` is less than one.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.pixel_unshuffle(tl.arange(4.0).reshape(1, 2, 2), 2).tolist()
    [[[0.0]], [[1.0]], [[2.0]], [[3.0]]]
    """
    (r,) = int_tuple("pixel_unshuffle", "downscale_factor", downscale_factor, 1, 1)
    if input.ndim < 3 or input.shape[-2] % r or input.shape[-1] % r:
        raise ValueError(
            "pixel_unshuffle: expected shape (..., C, H, W) with H and W multiples of "
            f"{r}, got {input.shape}"
        )
    *stack, channels, height, width = input.shape
    n, height, width = len(stack), height // r, width // r
    parts = input.reshape((*stack, channels, height, r, width, r))
    parts = parts.transpose((*range(n + 1), n + 2, n + 4, n + 1, n + 3))
    return parts.reshape((*stack, channels * r * r, height, width))


def channel_shuffle(input, groups):
    """Mix the channels of groups: the first of each group, then the second, and so on.

    Parameters
    ----------
    input : Tensor, shape (N, C, ...)
        With at least three axes.
    groups : int

    Returns
    -------
    Tensor of the same shape

    Raises
    ------
    TypeError
        If `groups` is no int.
    ValueError
        If the channels cannot be parted into groups, `input` has fewer than three axes, or `groups`
        is less than one.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.channel_shuffle(tl.arange(6.0).reshape(1, 6, 1), 2).ravel().tolist()
    [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]
    """
    (groups,) = int_tuple("channel_shuffle", "groups", groups, 1, 1)
    if input.ndim < 3 or input.shape[1] % groups:
        raise ValueError(
            f"channel_shuffle: expected shape (N, C, ...) with C a multiple of {groups} groups, "
            f"got {input.shape}"
        )
    count, channels, *sizes = input.shape
    parts = input.reshape((count, groups, channels // groups, *sizes))
    return parts.transpose((0, 2, 1, *range(3, parts.ndim))).reshape(input.shape)
