"""Maxima of windows at random distances."""

import math

from tensorlib._core._functions import arange, floor, where
from tensorlib.nn._arguments import int_tuple
from tensorlib.nn.functional._windows import check_floating, check_rank, check_real
from tensorlib.nn.functional.max_pooling import maxima_of_pieces
from tensorlib.random._default import default_generator


def fractional_max_pool2d(
    input,
    kernel_size,
    output_size=None,
    output_ratio=None,
    return_indices=False,
    _random_samples=None,
):
    """Take the maxima of windows of images at random distances.

    Along an axis of L elements, window i of n, of k elements, starts at ``floor((i + u) * a) -
    floor(u * a)`` with ``a = (L - k) / (n - 1)``, the last at ``L - k`` (B. Graham, Fractional
    Max-Pooling, 2014, with the overlapping regions of its section 2). The numbers u are drawn
    uniformly from [0, 1) for each image, channel and axis.

    Parameters
    ----------
    input : Tensor, shape (N, C, H, W) or (C, H, W)
        Of a real floating-point dtype.
    kernel_size : int or pair of ints
        Size of the window.
    output_size : int or pair of ints, optional
        The numbers of windows.
    output_ratio : float or pair of floats, optional
        The same as a share of the pixels; without effect if there is an `output_size`.
    return_indices : bool, optional
        Whether to return also where in its image each maximum was, counted row by row.
    _random_samples : Tensor, shape (N, C, 2), optional
        The numbers u, those of the last axis of an image first; by default they come from
        ``tensorlib.random.default_generator()``.

    Returns
    -------
    Tensor, shape (N, C, H', W') or (C, H', W')
        The first of two, with its indices (int64), if `return_indices`.

    Raises
    ------
    TypeError
        If an option is no number of its kind, or `input` has no real floating-point dtype.
    ValueError
        If the shapes do not fit, neither `output_size` nor `output_ratio` is given, or the windows
        have no place: ``output_size + kernel_size - 1`` is to be at most the size of the image.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.fractional_max_pool2d(tl.zeros((1, 7, 9)), 2, output_ratio=(0.5, 0.7)).shape
    (1, 3, 6)
    """
    options = kernel_size, output_size, output_ratio, return_indices, _random_samples
    return _fractional_max_pool("fractional_max_pool2d", input, 2, *options)


def fractional_max_pool3d(
    input,
    kernel_size,
    output_size=None,
    output_ratio=None,
    return_indices=False,
    _random_samples=None,
):
    """Take the maxima of windows of volumes at random distances.

    Parameters
    ----------
    input : Tensor, shape (N, C, D, H, W) or (C, D, H, W)
    kernel_size, output_size : int or triple of ints
    output_ratio : float or triple of floats, optional
        All as in `fractional_max_pool2d`, with its errors.
    return_indices : bool, optional
        Whether to return also where in its volume each maximum was, counted in C order.
    _random_samples : Tensor, shape (N, C, 3), optional
        As in `fractional_max_pool2d`, but those of the first axis of a volume first.

    Returns
    -------
    Tensor, shape (N, C, D', H', W') or (C, D', H', W')
        The first of two, with its indices (int64), if `return_indices`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.fractional_max_pool3d(tl.zeros((1, 7, 9, 5)), 2, output_size=3).shape
    (1, 3, 3, 3)
    """
    options = kernel_size, output_size, output_ratio, return_indices, _random_samples
    return _fractional_max_pool("fractional_max_pool3d", input, 3, *options)


def _fractional_max_pool(
    operation, input, axes, kernel_size, output_size, output_ratio, return_indices, samples
):
    kernel_size = int_tuple(operation, "kernel_size", kernel_size, axes, 1)
    check_rank(operation, input.shape, axes)
    check_floating(operation, input)
    check_real(operation, input)
    sizes = input.shape[-axes:]
    if output_size is None:
        if output_ratio is None:
            raise ValueError(f"{operation}: expected output_size or output_ratio, got neither")
        ratios = check_ratios(operation, output_ratio, axes)
        output_size = [int(size * ratio) for size, ratio in zip(sizes, ratios, strict=True)]
    counts = int_tuple(operation, "output_size", output_size, axes, 1)
    if any(n + k - 1 > size for n, k, size in zip(counts, kernel_size, sizes, strict=True)):
        raise ValueError(
            f"{operation}: expected output_size + kernel_size - 1 of at most {sizes}, got "
            f"output_size {counts} and kernel_size {kernel_size}"
        )
    shape = (*input.shape[:-axes], axes)
    shape = shape if len(shape) == 3 else (1, *shape)
    if samples is None:
        samples = default_generator().random_on(input.device, shape).astype(input.dtype)
    elif samples.shape != shape:
        raise ValueError(
            f"{operation}: expected _random_samples of shape {shape}, got {samples.shape}"
        )
    samples = samples.reshape((math.prod(shape[:2]), axes))
    tables = []
    for axis, (size, n, k) in enumerate(zip(sizes, counts, kernel_size, strict=True)):
        u = samples[:, axes - 1 - axis if axes == 2 else axis, None]
        starts = _random_starts(u, size - k, n)
        table = starts[:, :, None] + arange(k, device=starts.device)
        tables.append(table.reshape((len(table), n * k)))
    return maxima_of_pieces(input, tables, kernel_size, return_indices)


def _random_starts(u, last, count):
    """Ascending positions from 0 to `last`, in each row for its number of `u`."""
    step = last / (count - 1) if count > 1 else 0.0
    i = arange(count, device=u.device)
    starts = floor((i.astype(u.dtype) + u) * step) - floor(u * step)
    return where(i == count - 1, last, starts.astype("int64"))


def check_ratios(operation, ratio, axes):
    """Numbers between 0 and 1, from one or as many as axes."""
    ratios = tuple(ratio) if isinstance(ratio, tuple | list) else (ratio,) * axes
    if len(ratios) != axes or not all(isinstance(r, int | float) for r in ratios):
        raise TypeError(
            f"{operation}: expected output_ratio to be a number or {axes} numbers, got {ratio!r}"
        )
    if not all(0 < r < 1 for r in ratios):
        raise ValueError(f"{operation}: expected output_ratio between 0 and 1, got {ratio!r}")
    return ratios
