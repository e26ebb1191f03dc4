"""Averages over windows; `max_pooling` has the maxima."""

import math

from tensorlib._core._autocast import following
from tensorlib._core._functions import where
from tensorlib.nn.functional._resampling import adaptive_averages, resample, window_averages
from tensorlib.nn.functional._windows import adaptive_size, check_floating, windows


def avg_pool1d(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    """Take the mean of each window.

    Parameters
    ----------
    input : Tensor, shape (N, C, L) or (C, L)
        Of a floating-point or complex dtype.
    kernel_size : int
        Size of the window.
    stride : int, optional
        Step of the window, by default its size.
    padding : int, optional
        Zeros added at both ends; at most half of the window.
    ceil_mode : bool, optional
        Whether a last window may reach over the end, if it starts before the end.
    count_include_pad : bool, optional
        Whether the padding counts as elements. What a window has beyond the padding never does.

    Returns
    -------
    Tensor, shape (N, C, L') or (C, L')
        ``L' = (L + 2 * padding - kernel_size) // stride + 1``, rounded up in `ceil_mode`.

    Raises
    ------
    TypeError
        If an option is no int, or `input` has an integer dtype.
    ValueError
        If the shapes do not fit, or an option is out of its range.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.avg_pool1d(tl.asarray([[1.0, 3.0, 4.0, 8.0]]), 2).tolist()
    [[2.0, 6.0]]
    """
    options = kernel_size, stride, padding, ceil_mode
    return _avg_pool("avg_pool1d", input, 1, *options, count_include_pad, None)


def avg_pool2d(
    input,
    kernel_size,
    stride=None,
    padding=0,
    ceil_mode=False,
    count_include_pad=True,
    divisor_override=None,
):
    """Take the mean of each window of images.

    Parameters
    ----------
    input : Tensor, shape (N, C, H, W) or (C, H, W)
    kernel_size, stride, padding : int or pair of ints
    ceil_mode, count_include_pad : bool, optional
        All as in `avg_pool1d`.
    divisor_override : int, optional
        What sums are divided by, instead of the number of elements.

    Returns
    -------
    Tensor, shape (N, C, H', W') or (C, H', W')

    Raises
    ------
    TypeError, ValueError
        As in `avg_pool1d`; also if `divisor_override` is zero.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.avg_pool2d(tl.arange(16.0).reshape(1, 4, 4), 2).tolist()
    [[[2.5, 4.5], [10.5, 12.5]]]
    """
    options = kernel_size, stride, padding, ceil_mode
    return _avg_pool("avg_pool2d", input, 2, *options, count_include_pad, divisor_override)


def avg_pool3d(
    input,
    kernel_size,
    stride=None,
    padding=0,
    ceil_mode=False,
    count_include_pad=True,
    divisor_override=None,
):
    """Take the mean of each window of volumes.

    Parameters
    ----------
    input : Tensor, shape (N, C, D, H, W) or (C, D, H, W)
    kernel_size, stride, padding : int or triple of ints
    ceil_mode, count_include_pad : bool, optional
    divisor_override : int, optional
        All as in `avg_pool2d`, with its errors.

    Returns
    -------
    Tensor, shape (N, C, D', H', W') or (C, D', H', W')

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.avg_pool3d(tl.arange(8.0).reshape(1, 2, 2, 2), 2).tolist()
    [[[[3.5]]]]
    """
    options = kernel_size, stride, padding, ceil_mode
    return _avg_pool("avg_pool3d", input, 3, *options, count_include_pad, divisor_override)


def _avg_pool(
    operation, input, axes, kernel_size, stride, padding, ceil_mode, include_pad, override
):
    plan = windows(operation, input.shape, axes, kernel_size, stride, padding, 1, ceil_mode)
    check_floating(operation, input)
    if not isinstance(override, int | None):
        raise TypeError(f"{operation}: expected divisor_override to be an int, got {override!r}")
    if override == 0:
        raise ValueError(f"{operation}: expected divisor_override other than zero, got {override}")
    divisors = ["padded" if include_pad else "inside"] * axes
    if override is not None:
        divisors = [override] + [1] * (axes - 1)
    matrices = map(
        window_averages,
        input.shape[-axes:],
        plan.counts,
        plan.kernel_size,
        plan.stride,
        plan.padding,
        divisors,
    )
    return resample(input, tuple(matrices))


def lp_pool1d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """Take the p-norm of each window, ``(sum of x ** p) ** (1 / p)``.

    Parameters
    ----------
    input : Tensor, shape (N, C, L) or (C, L)
        Of a floating-point dtype. Powers are taken of the elements, not of their magnitudes.
    norm_type : float
        The exponent p.
    kernel_size : int
        Size of the window.
    stride : int, optional
        Step of the window, by default its size.
    ceil_mode : bool, optional
        Whether a last window may reach over the end; its sum is scaled up to the size of a whole
        window.

    Returns
    -------
    Tensor, shape (N, C, L') or (C, L')
        Where a sum is zero the gradient is too.

    Raises
    ------
    TypeError
        If an option is no number of its kind, or `input` has an integer dtype.
    ValueError
        If the shapes do not fit, or an option is out of its range.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.lp_pool1d(tl.asarray([[3.0, 4.0, 0.0, 2.0]]), 2, 2).round(6).tolist()
    [[5.0, 2.0]]
    """
    return _lp_pool("lp_pool1d", input, 1, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """Take the p-norm of each window of images, as `lp_pool1d` does.

    Parameters
    ----------
    input : Tensor, shape (N, C, H, W) or (C, H, W)
    norm_type : float
    kernel_size, stride : int or pair of ints
    ceil_mode : bool, optional
        All as in `lp_pool1d`, with its errors.

    Returns
    -------
    Tensor, shape (N, C, H', W') or (C, H', W')

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.lp_pool2d(tl.ones((1, 4, 4)), 2, 2).round(6).tolist()
    [[[2.0, 2.0], [2.0, 2.0]]]
    """
    return _lp_pool("lp_pool2d", input, 2, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """Take the p-norm of each window of volumes, as `lp_pool1d` does.

    Parameters
    ----------
    input : Tensor, shape (N, C, D, H, W) or (C, D, H, W)
    norm_type : float
    kernel_size, stride : int or triple of ints
    ceil_mode : bool, optional
        All as in `lp_pool1d`, with its errors.

    Returns
    -------
    Tensor, shape (N, C, D', H', W') or (C, D', H', W')

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.lp_pool3d(tl.ones((1, 2, 2, 2)), 3, 2).round(6).tolist()
    [[[[2.0]]]]
    """
    return _lp_pool("lp_pool3d", input, 3, norm_type, kernel_size, stride, ceil_mode)


def _lp_pool(operation, input, axes, norm_type, kernel_size, stride, ceil_mode):
    check_exponent(operation, norm_type)
    plan = windows(operation, input.shape, axes, kernel_size, stride, 0, 1, ceil_mode)
    means = _avg_pool(
        operation, input**norm_type, axes, plan.kernel_size, plan.stride, 0, ceil_mode, True, None
    )
    sums = means * math.prod(plan.kernel_size)
    some = sums != 0
    norms = where(some, where(some, sums, 1) ** (1 / norm_type), 0)  # no gradient at a zero
    return following(norms, input)


def check_exponent(operation, norm_type):
    """Refuse what is no exponent of a norm."""
    if not isinstance(norm_type, int | float):
        raise TypeError(f"{operation}: expected norm_type to be a number, got {norm_type!r}")
    if norm_type == 0 or not math.isfinite(norm_type):
        raise ValueError(f"{operation}: expected norm_type finite and not zero, got {norm_type!r}")


def adaptive_avg_pool1d(input, output_size):
    """Take the means of as many windows as asked for, of nearly one size.

    Window i goes from ``floor(i * L / L')`` to ``ceil((i + 1) * L / L')``.

    Parameters
    ----------
    input : Tensor, shape (N, C, L) or (C, L)
        Of a floating-point or complex dtype.
    output_size : int
        The number of windows, L'.

    Returns
    -------
    Tensor, shape (N, C, L') or (C, L')

    Raises
    ------
    TypeError
        If `output_size` is no int, or `input` has an integer dtype.
    ValueError
        If the shapes do not fit, or `output_size` is less than one.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.adaptive_avg_pool1d(tl.asarray([[1.0, 3.0, 5.0]]), 2).tolist()
    [[2.0, 4.0]]
    """
    return _adaptive_avg_pool("adaptive_avg_pool1d", input, 1, output_size)


def adaptive_avg_pool2d(input, output_size):
    """Take the means of as many windows of images as asked for.

    Parameters
    ----------
    input : Tensor, shape (N, C, H, W) or (C, H, W)
    output_size : int, or pair of int or None
        As in `adaptive_avg_pool1d`, with its errors; None leaves an axis as it is.

    Returns
    -------
    Tensor, shape (N, C, H', W') or (C, H', W')

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.adaptive_avg_pool2d(tl.arange(16.0).reshape(1, 4, 4), (2, 1)).tolist()
    [[[3.5], [11.5]]]
    """
    return _adaptive_avg_pool("adaptive_avg_pool2d", input, 2, output_size)


def adaptive_avg_pool3d(input, output_size):
    """Take the means of as many windows of volumes as asked for.

    Parameters
    ----------
    input : Tensor, shape (N, C, D, H, W) or (C, D, H, W)
    output_size : int, or triple of int or None
        As in `adaptive_avg_pool1d`, with its errors; None leaves an axis as it is.

    Returns
    -------
    Tensor, shape (N, C, D', H', W') or (C, D', H', W')

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.adaptive_avg_pool3d(tl.arange(8.0).reshape(1, 2, 2, 2), (2, 1, None)).tolist()
    [[[[1.0, 2.0]], [[5.0, 6.0]]]]
    """
    return _adaptive_avg_pool("adaptive_avg_pool3d", input, 3, output_size)


def _adaptive_avg_pool(operation, input, axes, output_size):
    sizes = adaptive_size(operation, input.shape, axes, output_size)
    check_floating(operation, input)
    return resample(input, tuple(map(adaptive_averages, input.shape[-axes:], sizes)))
