"""From maxima of windows back to where they were."""

import math

from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import arange, where, zeros
from tensorlib.nn._arguments import int_tuple
from tensorlib.nn.functional._windows import check_rank


def max_unpool1d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """Put elements where `max_pool1d` took them from, with zeros elsewhere.

    Parameters
    ----------
    input : Tensor, shape (N, C, L) or (C, L)
    indices : Tensor of int64, of the same shape
        The places, as `max_pool1d` returns them. Of elements for one place one is kept, which
        alone has a gradient.
    kernel_size, stride, padding : int
        Those of the pooling.
    output_size : int or sequence of ints, optional
        The length of the result, for which a pooling leaves several possibilities; shape of
        the whole result or its last axis.

    Returns
    -------
    Tensor, shape (N, C, L') or (C, L')
        By default ``L' = (L - 1) * stride - 2 * padding + kernel_size``; by `output_size` less
        than one stride away from it.

    Raises
    ------
    IndexError
        If an index is out of bounds.
    TypeError
        If an option is no int, or `indices` are not of int64.
    ValueError
        If the shapes do not fit, or an option is out of its range.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> x, places = F.max_pool1d(tl.asarray([[1.0, 3.0, 8.0, 4.0]]), 2, return_indices=True)
    >>> F.max_unpool1d(x, places, 2).tolist()
    [[0.0, 3.0, 8.0, 0.0]]
    """
    options = indices, kernel_size, stride, padding, output_size
    return _max_unpool("max_unpool1d", input, 1, *options)


def max_unpool2d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """Put pixels where `max_pool2d` took them from, with zeros elsewhere.

    Parameters
    ----------
    input : Tensor, shape (N, C, H, W) or (C, H, W)
    indices : Tensor of int64, of the same shape
    kernel_size, stride, padding : int or pair of ints
    output_size : sequence of ints, optional
        All as in `max_unpool1d`, with its errors.

    Returns
    -------
    Tensor, shape (N, C, H', W') or (C, H', W')

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> x, places = F.max_pool2d(tl.asarray([[[1.0, 3.0], [8.0, 4.0]]]), 2, return_indices=True)
    >>> F.max_unpool2d(x, places, 2).tolist()
    [[[0.0, 0.0], [8.0, 0.0]]]
    """
    options = indices, kernel_size, stride, padding, output_size
    return _max_unpool("max_unpool2d", input, 2, *options)


def max_unpool3d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """Put elements where `max_pool3d` took them from, with zeros elsewhere.

    Parameters
    ----------
    input : Tensor, shape (N, C, D, H, W) or (C, D, H, W)
    indices : Tensor of int64, of the same shape
    kernel_size, stride, padding : int or triple of ints
    output_size : sequence of ints, optional
        All as in `max_unpool1d`, with its errors.

    Returns
    -------
    Tensor, shape (N, C, D', H', W') or (C, D', H', W')

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.max_unpool3d(tl.ones((1, 1, 1, 1)), tl.asarray([[[[5]]]]), 2).tolist()
    [[[[0.0, 0.0], [0.0, 0.0]], [[0.0, 1.0], [0.0, 0.0]]]]
    """
    options = indices, kernel_size, stride, padding, output_size
    return _max_unpool("max_unpool3d", input, 3, *options)


def _max_unpool(operation, input, axes, indices, kernel_size, stride, padding, output_size):
    kernel_size = int_tuple(operation, "kernel_size", kernel_size, axes, 1)
    stride = kernel_size if stride is None else int_tuple(operation, "stride", stride, axes, 1)
    padding = int_tuple(operation, "padding", padding, axes, 0)
    check_rank(operation, input.shape, axes)
    if indices.dtype != "int64":
        raise TypeError(f"{operation}: expected indices of int64, got {indices.dtype}")
    if indices.shape != input.shape:
        raise ValueError(
            f"{operation}: expected indices of the shape of input, {input.shape}, "
            f"got {indices.shape}"
        )
    stack = input.shape[:-axes]
    sizes = _unpooled_size(
        operation, input.shape[-axes:], kernel_size, stride, padding, output_size
    )
    flat = (math.prod(stack), math.prod(input.shape[-axes:]))
    total = math.prod(sizes)
    places = indices.reshape(flat)
    places = where(places < 0, total, places)  # out of bounds, and not counted from the end
    target = zeros((flat[0], total), dtype=input.dtype, device=input.device)
    try:
        index = arange(flat[0], device=input.device)[:, None], places
        result = apply(ops.index_put, (target, input.reshape(flat)), (index,))
    except IndexError:
        raise IndexError(
            f"{operation}: expected indices in [0, {total}), of an output of {sizes}, got others"
        ) from None
    return result.reshape((*stack, *sizes))


def _unpooled_size(operation, sizes, kernel_size, stride, padding, output_size):
    usual = tuple(
        (n - 1) * s - 2 * p + k
        for n, s, p, k in zip(sizes, stride, padding, kernel_size, strict=True)
    )
    axes = len(sizes)
    if output_size is None:
        return int_tuple(operation, "an output", usual, axes, 1)
    if isinstance(output_size, tuple | list) and len(output_size) in (axes + 1, axes + 2):
        output_size = output_size[-axes:]
    wanted = int_tuple(operation, "output_size", output_size, axes, 1)
    if any(abs(n - m) >= s for n, m, s in zip(wanted, usual, stride, strict=True)):
        raise ValueError(
            f"{operation}: expected output_size less than a stride, {stride}, from {usual}, "
            f"got {wanted}"
        )
    return wanted
