"""Maxima of windows."""

import math

import numpy as np

from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import arange, asarray, broadcast_to
from tensorlib.nn.functional._resampling import adaptive_bounds
from tensorlib.nn.functional._windows import Windows, adaptive_size, check_real, windows

# The geometry along an axis of length one.
ONE_WINDOW = Windows(kernel_size=1, stride=1, padding=0, dilation=1, counts=1)


def max_pool1d(
    input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False
):
    """Take the largest element of each window.

    Parameters
    ----------
    input : Tensor, shape (N, C, L) or (C, L)
        Of a real dtype. NaN is larger than all else.
    kernel_size : int
        Size of the window.
    stride : int, optional
        Step of the window, by default its size.
    padding : int, optional
        Elements added at both ends, below all others; at most half of the window.
    dilation : int, optional
        Distance between the elements of a window.
    ceil_mode : bool, optional
        Whether a last window may reach over the end, if it starts before the end.
    return_indices : bool, optional
        Whether to return also the place of each maximum, of equal ones the first.

    Returns
    -------
    Tensor, shape (N, C, L') or (C, L')
        ``L' = (L + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1``, rounded up in
        `ceil_mode`; the first of two, with its indices (int64), if `return_indices`.

    Raises
    ------
    TypeError
        If an option is no int, or `input` is complex.
    ValueError
        If the shapes do not fit, or an option is out of its range.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.max_pool1d(tl.asarray([[1.0, 3.0, 8.0, 4.0]]), 2).tolist()
    [[3.0, 8.0]]
    """
    options = kernel_size, stride, padding, dilation, ceil_mode
    return _max_pool("max_pool1d", input, 1, *options, return_indices)


def max_pool2d(
    input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False
):
    """Take the largest pixel of each window of images.

    Parameters
    ----------
    input : Tensor, shape (N, C, H, W) or (C, H, W)
    kernel_size, stride, padding, dilation : int or pair of ints
    ceil_mode : bool, optional
        All as in `max_pool1d`, with its errors.
    return_indices : bool, optional
        Whether to return also where in its image each pixel was, counted row by row.

    Returns
    -------
    Tensor, shape (N, C, H', W') or (C, H', W')
        The first of two, with its indices (int64), if `return_indices`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.max_pool2d(tl.arange(16.0).reshape(1, 4, 4), 2).tolist()
    [[[5.0, 7.0], [13.0, 15.0]]]
    """
    options = kernel_size, stride, padding, dilation, ceil_mode
    return _max_pool("max_pool2d", input, 2, *options, return_indices)


def max_pool3d(
    input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False
):
    """Take the largest element of each window of volumes.

    Parameters
    ----------
    input : Tensor, shape (N, C, D, H, W) or (C, D, H, W)
    kernel_size, stride, padding, dilation : int or triple of ints
    ceil_mode : bool, optional
        All as in `max_pool1d`, with its errors.
    return_indices : bool, optional
        Whether to return also where in its volume each element was, counted in C order.

    Returns
    -------
    Tensor, shape (N, C, D', H', W') or (C, D', H', W')
        The first of two, with its indices (int64), if `return_indices`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.max_pool3d(tl.arange(16.0).reshape(1, 2, 2, 4), 2).tolist()
    [[[[13.0, 15.0]]]]
    """
    options = kernel_size, stride, padding, dilation, ceil_mode
    return _max_pool("max_pool3d", input, 3, *options, return_indices)


def _max_pool(
    operation, input, axes, kernel_size, stride, padding, dilation, ceil_mode, return_indices
):
    options = kernel_size, stride, padding, dilation, ceil_mode
    plan = windows(operation, input.shape, axes, *options)
    check_real(operation, input)
    return _maxima(input, plan, return_indices)


def _maxima(x, plan, return_indices):
    """The largest elements of windows, and if wanted their places in C order."""
    axes = len(plan.counts)
    if axes == 1:
        planes = Windows(*((usual, *own) for usual, own in zip(ONE_WINDOW, plan, strict=True)))
        values, places = _maxima_of_planes(x[..., None, :], planes)
        values, places = values[..., 0, :], places[..., 0, :]
    elif axes == 2:
        values, places = _maxima_of_planes(x, plan)
    else:
        values, places = _maxima_of_volumes(x, plan, return_indices)
    return (values, places) if return_indices else values


def _maxima_of_planes(x, plan):
    after = [
        max((count - 1) * s + d * (k - 1) + 1 - p - n, 0)  # as far as the last window reaches
        for n, k, s, p, d, count in zip(x.shape[-2:], *plan, strict=True)
    ]
    padding = (*plan.padding, *after)
    return apply(ops.max_pool2d, (x,), (plan.kernel_size, plan.stride, padding, plan.dilation))


def _maxima_of_volumes(x, plan, return_indices):
    """The maxima of planes, and of these along the axis before them."""
    planes, inside = _maxima_of_planes(x, Windows(*(own[1:] for own in plan)))
    *stack, depth, height, width = planes.shape
    flat = (*stack, depth, height * width)
    along = Windows(*((own[0], usual) for own, usual in zip(plan, ONE_WINDOW, strict=True)))
    values, places = _maxima_of_planes(planes.reshape(flat), along)
    if return_indices:
        count = math.prod(stack)
        places = places.reshape((count, *plan.counts))
        found = _look_up(inside.reshape((count, depth * height * width)), places)
        places = places // (height * width) * math.prod(x.shape[-2:]) + found
        places = places.reshape((*stack, *plan.counts))
    return values.reshape((*stack, *plan.counts)), places


def _look_up(table, places):
    """`table[i, place]` for the places `places[i]`."""
    rows = arange(len(table), device=table.device).reshape((len(table), *(1,) * (places.ndim - 1)))
    return table[rows, places]


def maxima_of_pieces(x, tables, kernel_size, return_indices):
    """The maxima of windows that are no lattice.

    The windows are laid side by side: `tables`, one for each axis, have the positions in them, all
    of the first window, then all of the second. Their first axis is that of (N, C), which are one,
    or of length one.
    """
    axes = len(tables)
    stack, sizes = x.shape[:-axes], x.shape[-axes:]
    count = math.prod(stack)
    places = 0  # in C order
    for axis, (table, size) in enumerate(zip(tables, sizes, strict=True)):
        after = (1,) * (axes - 1 - axis)
        places = places * size + table.reshape((len(table), *(1,) * axis, table.shape[1], *after))
    flat = x.reshape((count, math.prod(sizes)))
    values = flat.detach()
    laid = values[:, places[0]] if len(places) == 1 else _look_up(values, places)
    shape = laid.shape[1:]
    counts = tuple(n // k for n, k in zip(shape, kernel_size, strict=True))
    plan = Windows(kernel_size, kernel_size, (0,) * axes, (1,) * axes, counts)
    _, indices = _maxima(laid, plan, return_indices=True)
    places = broadcast_to(places, (count, *shape)).reshape((count, math.prod(shape)))
    indices = _look_up(places, indices)
    # Picked anew: the gradient then goes to them alone, past the pieces, which are larger.
    values = _look_up(flat, indices).reshape((*stack, *counts))
    return (values, indices.reshape((*stack, *counts))) if return_indices else values


def adaptive_max_pool1d(input, output_size, return_indices=False):
    """Take the maxima of as many windows as asked for, of nearly one size.

    Window i goes from ``floor(i * L / L')`` to ``ceil((i + 1) * L / L')``.

    Parameters
    ----------
    input : Tensor, shape (N, C, L) or (C, L)
        Of a real dtype. NaN is larger than all else.
    output_size : int
        The number of windows, L'.
    return_indices : bool, optional
        Whether to return also the place of each maximum, of equal ones the first.

    Returns
    -------
    Tensor, shape (N, C, L') or (C, L')
        The first of two, with its indices (int64), if `return_indices`.

    Raises
    ------
    TypeError
        If `output_size` is no int, or `input` is complex.
    ValueError
        If the shapes do not fit, or `output_size` is less than one.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.adaptive_max_pool1d(tl.asarray([[1.0, 3.0, 2.0]]), 2).tolist()
    [[3.0, 3.0]]
    """
    return _adaptive_max_pool("adaptive_max_pool1d", input, 1, output_size, return_indices)


def adaptive_max_pool2d(input, output_size, return_indices=False):
    """Take the maxima of as many windows of images as asked for.

    Parameters
    ----------
    input : Tensor, shape (N, C, H, W) or (C, H, W)
    output_size : int, or pair of int or None
        As in `adaptive_max_pool1d`, with its errors; None leaves an axis as it is.
    return_indices : bool, optional
        Whether to return also where in its image each maximum was, counted row by row.

    Returns
    -------
    Tensor, shape (N, C, H', W') or (C, H', W')
        The first of two, with its indices (int64), if `return_indices`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.adaptive_max_pool2d(tl.arange(16.0).reshape(1, 4, 4), (2, 1)).tolist()
    [[[7.0], [15.0]]]
    """
    return _adaptive_max_pool("adaptive_max_pool2d", input, 2, output_size, return_indices)


def adaptive_max_pool3d(input, output_size, return_indices=False):
    """Take the maxima of as many windows of volumes as asked for.

    Parameters
    ----------
    input : Tensor, shape (N, C, D, H, W) or (C, D, H, W)
    output_size : int, or triple of int or None
        As in `adaptive_max_pool1d`, with its errors; None leaves an axis as it is.
    return_indices : bool, optional
        Whether to return also where in its volume each maximum was, counted in C order.

    Returns
    -------
    Tensor, shape (N, C, D', H', W') or (C, D', H', W')
        The first of two, with its indices (int64), if `return_indices`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.adaptive_max_pool3d(tl.arange(8.0).reshape(1, 2, 2, 2), (2, 1, None)).tolist()
    [[[[2.0, 3.0]], [[6.0, 7.0]]]]
    """
    return _adaptive_max_pool("adaptive_max_pool3d", input, 3, output_size, return_indices)


def _adaptive_max_pool(operation, input, axes, output_size, return_indices):
    counts = adaptive_size(operation, input.shape, axes, output_size)
    check_real(operation, input)
    sizes = input.shape[-axes:]
    if all(size % count == 0 for size, count in zip(sizes, counts, strict=True)):
        kernel_size = tuple(size // count for size, count in zip(sizes, counts, strict=True))
        plan = Windows(kernel_size, kernel_size, (0,) * axes, (1,) * axes, counts)
        return _maxima(input, plan, return_indices)
    tables, kernel_size = [], []
    for size, count in zip(sizes, counts, strict=True):
        starts, stops = adaptive_bounds(size, count)
        width = int((stops - starts).max())
        # Shorter windows have their last element more than once, which is not seen in a maximum.
        positions = np.minimum(starts[:, None] + np.arange(width), stops[:, None] - 1)
        tables.append(asarray(positions.reshape(1, -1), device=input.device))
        kernel_size.append(width)
    return maxima_of_pieces(input, tables, tuple(kernel_size), return_indices)
