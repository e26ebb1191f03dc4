"""Convolutions."""

from tensorlib._core._dispatch import apply, ops
from tensorlib.nn._arguments import check_bias, check_window, int_tuple


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """Slide filters over images (cross-correlation).

    Parameters
    ----------
    x : Tensor, shape (N, C, H, W) or (C, H, W)
    weight : Tensor, shape (out, C / groups, height, width)
    bias : Tensor, shape (out,), optional
    stride : int or pair of ints, optional
        Step of the filter over the image.
    padding : int or pair of ints, optional
        Zeros added at both ends of an axis.
    dilation : int or pair of ints, optional
        Distance between the pixels that a filter sees.
    groups : int, optional
        Parts into which the channels fall; each has filters of its own.

    Returns
    -------
    Tensor, shape (N, out, H', W') or (out, H', W')
        ``H' = (H + 2 * padding - dilation * (height - 1) - 1) // stride + 1``.

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
    >>> F.conv2d(tl.ones((1, 1, 4, 4)), tl.ones((1, 1, 3, 3)), padding=1)[0, 0].tolist()[0]
    [4.0, 6.0, 6.0, 4.0]
    """
    stride = int_tuple("conv2d", "stride", stride, 2, 1)
    padding = int_tuple("conv2d", "padding", padding, 2, 0)
    dilation = int_tuple("conv2d", "dilation", dilation, 2, 1)
    (groups,) = int_tuple("conv2d", "groups", groups, 1, 1)
    if x.ndim not in (3, 4) or weight.ndim != 4:
        raise ValueError(
            "conv2d: expected shapes (N, C, H, W) or (C, H, W) and (out, C / groups, height, "
            f"width), got {x.shape} and {weight.shape}"
        )
    if x.shape[-3] != weight.shape[1] * groups or weight.shape[0] % groups:
        raise ValueError(
            f"conv2d: expected weight of shape (out, C / groups, height, width) with out a multiple"
            f" of groups, got {weight.shape} for images {x.shape} in {groups} groups"
        )
    if 0 in weight.shape[2:]:
        raise ValueError(f"conv2d: expected a filter with pixels, got weight {weight.shape}")
    check_bias("conv2d", bias, weight)
    check_window("conv2d", x.shape, weight.shape[2:], padding, dilation)
    images = x if x.ndim == 4 else x[None]
    result = apply(ops.conv2d, (images, weight), (stride, padding, dilation, groups))
    if bias is not None:
        result += bias.reshape(-1, 1, 1)  # in place: the gradient does not need what was there
    return result if x.ndim == 4 else result[0]
