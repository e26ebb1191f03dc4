"""Pooling: one number for each window."""

from tensorlib._core._dispatch import apply, ops
from tensorlib.nn._arguments import check_window, int_tuple


def max_pool2d(x, kernel_size, stride=None, padding=0, dilation=1, return_indices=False):
    """Take the largest pixel of each window.

    Parameters
    ----------
    x : Tensor, shape (N, C, H, W) or (C, H, W)
    kernel_size : int or pair of ints
        Size of the window.
    stride : int or pair of ints, optional
        Step of the window, by default its size.
    padding : int or pair of ints, optional
        Pixels added at both ends of an axis, below all others; at most half of the window.
    dilation : int or pair of ints, optional
        Distance between the pixels of a window.
    return_indices : bool, optional
        Whether to return also where in its image each pixel was, counted row by row.

    Returns
    -------
    Tensor, shape (N, C, H', W') or (C, H', W')
        The first of them with its indices (int64) if `return_indices`.

    Raises
    ------
    TypeError
        If an option is no int or pair of ints.
    ValueError
        If the shapes do not fit, or an option is out of its range.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.max_pool2d(tl.arange(16.0).reshape(1, 4, 4), 2).tolist()
    [[[5.0, 7.0], [13.0, 15.0]]]
    """
    kernel_size = int_tuple("max_pool2d", "kernel_size", kernel_size, 2, 1)
    stride = kernel_size if stride is None else int_tuple("max_pool2d", "stride", stride, 2, 1)
    padding = int_tuple("max_pool2d", "padding", padding, 2, 0)
    dilation = int_tuple("max_pool2d", "dilation", dilation, 2, 1)
    if x.ndim not in (3, 4):
        raise ValueError(f"max_pool2d: expected shape (N, C, H, W) or (C, H, W), got {x.shape}")
    if any(2 * p > k for p, k in zip(padding, kernel_size, strict=True)):
        raise ValueError(
            f"max_pool2d: expected padding of at most half of kernel_size {kernel_size}, "
            f"got {padding}"
        )
    check_window("max_pool2d", x.shape, kernel_size, padding, dilation)
    images = x if x.ndim == 4 else x[None]
    results = apply(ops.max_pool2d, (images,), (kernel_size, stride, padding, dilation))
    if x.ndim == 3:
        results = tuple(result[0] for result in results)
    return tuple(results) if return_indices else results[0]
