"""Windows of images as columns, and back."""

from tensorlib._arguments import for_arithmetic
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import arange, reshape, zeros
from tensorlib.nn._arguments import check_window, int_tuple
from tensorlib.nn.functional.padding import pad


def unfold(input, kernel_size, dilation=1, padding=0, stride=1):
    """Make a column of each window of the images.

    Parameters
    ----------
    input : Tensor, shape (N, C, H, W) or (C, H, W)
    kernel_size : int or pair of ints
        Size of the window.
    dilation : int or pair of ints, optional
        Distance between the pixels of a window.
    padding : int or pair of ints, optional
        Zeros added at both ends of an axis.
    stride : int or pair of ints, optional
        Step of the window.

    Returns
    -------
    Tensor, shape (N, C * height * width, L) or (C * height * width, L)
        One column for each of the L places of the window, row by row.

    Raises
    ------
    TypeError
        If an option is no int or pair of ints.
    ValueError
        If the shape does not fit, or an option is out of its range.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.unfold(tl.arange(6.0).reshape(1, 2, 3), (2, 2)).tolist()
    [[0.0, 1.0], [1.0, 2.0], [3.0, 4.0], [4.0, 5.0]]
    """
    window = _window("unfold", kernel_size, dilation, padding, stride)
    kernel_size, dilation, padding, stride = window
    if input.ndim not in (3, 4):
        raise ValueError(f"unfold: expected shape (N, C, H, W) or (C, H, W), got {input.shape}")
    check_window("unfold", input.shape, kernel_size, padding, dilation)
    height, width = padding
    images = pad(input, (width, width, height, height)) if any(padding) else input
    rows, columns = _places(images.shape[-2:], kernel_size, dilation, stride, input.device)
    seen = images[..., rows, columns]
    *outer, channels = input.shape[:-2]
    pixels, places = seen.shape[-4] * seen.shape[-3], seen.shape[-2] * seen.shape[-1]
    return reshape(seen, (*outer, channels * pixels, places))


def fold(input, output_size, kernel_size, dilation=1, padding=0, stride=1):
    """Add the columns of windows to images: the gradient of `unfold`.

    Parameters
    ----------
    input : Tensor, shape (N, C * height * width, L) or (C * height * width, L)
        One column for each of the L places of the window, row by row.
    output_size : int or pair of ints
        Size of the images.
    kernel_size : int or pair of ints
        Size of the window.
    dilation : int or pair of ints, optional
        Distance between the pixels of a window.
    padding : int or pair of ints, optional
        Pixels at both ends of an axis that are left out.
    stride : int or pair of ints, optional
        Step of the window.

    Returns
    -------
    Tensor, shape (N, C, H, W) or (C, H, W)
        Each pixel is the sum of all elements that lie on it.

    Raises
    ------
    TypeError
        If an option is no int or pair of ints.
    ValueError
        If the shape does not fit, or an option is out of its range.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.fold(tl.ones((4, 2)), (2, 3), (2, 2)).tolist()
    [[[1.0, 2.0, 1.0], [1.0, 2.0, 1.0]]]
    """
    size = int_tuple("fold", "output_size", output_size, 2, 1)
    window = _window("fold", kernel_size, dilation, padding, stride)
    kernel_size, dilation, padding, stride = window
    check_window("fold", size, kernel_size, padding, dilation)
    padded = tuple(n + 2 * p for n, p in zip(size, padding, strict=True))
    height, width = kernel_size
    steps = tuple(
        (n - d * (k - 1) - 1) // s + 1
        for n, d, k, s in zip(padded, dilation, kernel_size, stride, strict=True)
    )
    if (
        input.ndim not in (2, 3)
        or input.shape[-2] == 0
        or input.shape[-2] % (height * width)
        or input.shape[-1] != steps[0] * steps[1]
    ):
        raise ValueError(
            f"fold: expected shape (N, C * {height * width}, {steps[0] * steps[1]}) or without N "
            f"for kernel_size {kernel_size} and output_size {size}, got {input.shape}"
        )
    outer = (*input.shape[:-2], input.shape[-2] // (height * width))
    index = (Ellipsis, *_places(padded, kernel_size, dilation, stride, input.device))
    input = for_arithmetic(input)
    start = zeros((*outer, *padded), dtype=input.dtype, device=input.device)
    images = apply(ops.index_add, (start, reshape(input, (*outer, *kernel_size, *steps))), (index,))
    if not any(padding):
        return images
    (top, left), (bottom, right) = padding, (n + p for n, p in zip(size, padding, strict=True))
    return images[..., top:bottom, left:right]


def _window(operation, kernel_size, dilation, padding, stride):
    return (
        int_tuple(operation, "kernel_size", kernel_size, 2, 1),
        int_tuple(operation, "dilation", dilation, 2, 1),
        int_tuple(operation, "padding", padding, 2, 0),
        int_tuple(operation, "stride", stride, 2, 1),
    )


def _places(shape, kernel_size, dilation, stride, device):
    """The rows and the columns that windows see: (height, 1, H', 1) and (1, width, 1, W')."""
    indices = []
    for axis, (n, k, d, s) in enumerate(zip(shape, kernel_size, dilation, stride, strict=True)):
        inside = reshape(arange(k, device=device) * d, (k, 1, 1))
        starts = arange(0, n - d * (k - 1), s, device=device)
        index = inside + starts
        indices.append(index if axis else reshape(index, (k, 1, starts.size, 1)))
    return indices
