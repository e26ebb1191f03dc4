"""Convolutions and transposed convolutions in one, two and three dimensions."""

from tensorlib._core._autocast import current, following
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import conjugate, negative, reshape
from tensorlib._joining import stack
from tensorlib.nn._arguments import check_bias, check_window, int_tuple
from tensorlib.nn.functional.padding import pad

# The axes of images and of filters, by their number.
PLACES = {1: "L", 2: "H, W", 3: "D, H, W"}
WINDOWS = {1: "length", 2: "height, width", 3: "depth, height, width"}


def conv1d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """Slide filters along sequences (cross-correlation).

    Parameters and errors are those of `conv2d`, with one axis of places for two.

    Parameters
    ----------
    input : Tensor, shape (N, C, L) or (C, L)
    weight : Tensor, shape (out, C / groups, length)
    bias : Tensor, shape (out,), optional
    stride, dilation : int, optional
    padding : int or {"valid", "same"}, optional
    groups : int, optional

    Returns
    -------
    Tensor, shape (N, out, L') or (out, L')

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.conv1d(tl.arange(5.0).reshape(1, 5), tl.asarray([[[-1.0, 0.0, 1.0]]])).tolist()
    [[2.0, 2.0, 2.0]]
    """
    return _convolve("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """Slide filters over images (cross-correlation).

    Parameters
    ----------
    input : Tensor, shape (N, C, H, W) or (C, H, W)
        Of a floating or complex dtype; 16-bit numbers are summed in float32.
    weight : Tensor, shape (out, C / groups, height, width)
        Of the same dtype.
    bias : Tensor, shape (out,), optional
    stride : int or pair of ints, optional
        Step of the filter over the image.
    padding : int, pair of ints or {"valid", "same"}, optional
        Zeros added at both ends of an axis. "valid" is none; "same" is as many as make the result
        as large as the image, the odd one at the end, and needs a stride of one.
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
        If an option is no int or pair of ints, or the dtypes differ.
    ValueError
        If the shapes do not fit, or an option is out of its range.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.conv2d(tl.ones((1, 1, 4, 4)), tl.ones((1, 1, 3, 3)), padding=1)[0, 0].tolist()[0]
    [4.0, 6.0, 6.0, 4.0]
    """
    return _convolve("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """Slide filters through volumes (cross-correlation).

    Parameters and errors are those of `conv2d`, with three axes of places for two.

    Parameters
    ----------
    input : Tensor, shape (N, C, D, H, W) or (C, D, H, W)
    weight : Tensor, shape (out, C / groups, depth, height, width)
    bias : Tensor, shape (out,), optional
    stride, dilation : int or three ints, optional
    padding : int, three ints or {"valid", "same"}, optional
    groups : int, optional

    Returns
    -------
    Tensor, shape (N, out, D', H', W') or (out, D', H', W')

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.conv3d(tl.ones((1, 2, 4, 4, 4)), tl.ones((3, 2, 2, 2, 2)), stride=2)[0, 0].tolist()
    [[[16.0, 16.0], [16.0, 16.0]], [[16.0, 16.0], [16.0, 16.0]]]
    """
    return _convolve("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(
    input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1
):
    """Spread each place of sequences over the filters: the gradient of `conv1d` by its input.

    Parameters and errors are those of `conv_transpose2d`, with one axis of places for two.

    Parameters
    ----------
    input : Tensor, shape (N, C, L) or (C, L)
    weight : Tensor, shape (C, out / groups, length)
    bias : Tensor, shape (out,), optional
    stride, padding, output_padding : int, optional
    groups : int, optional
    dilation : int, optional

    Returns
    -------
    Tensor, shape (N, out, L') or (out, L')

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.conv_transpose1d(tl.asarray([[1.0, 2.0]]), tl.ones((1, 1, 3)), stride=2).tolist()
    [[1.0, 1.0, 3.0, 2.0, 2.0]]
    """
    return _transpose(
        "conv_transpose1d",
        1,
        *(input, weight, bias, stride, padding, output_padding, groups, dilation),
    )


def conv_transpose2d(
    input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1
):
    """Spread each pixel of images over the filters: the gradient of `conv2d` by its input.

    Parameters
    ----------
    input : Tensor, shape (N, C, H, W) or (C, H, W)
        Of a floating or complex dtype; 16-bit numbers are summed in float32.
    weight : Tensor, shape (C, out / groups, height, width)
        Of the same dtype.
    bias : Tensor, shape (out,), optional
    stride : int or pair of ints, optional
        Step of the filter over the result.
    padding : int or pair of ints, optional
        Pixels taken away from both ends of an axis of the result.
    output_padding : int or pair of ints, optional
        Pixels added again at the end; fewer than the stride or than the dilation.
    groups : int, optional
        Parts into which the channels fall; each has filters of its own.
    dilation : int or pair of ints, optional
        Distance between the pixels that a filter reaches.

    Returns
    -------
    Tensor, shape (N, out, H', W') or (out, H', W')
        ``H' = (H - 1) * stride - 2 * padding + dilation * (height - 1) + output_padding + 1``.

    Raises
    ------
    TypeError
        If an option is no int or pair of ints, or the dtypes differ.
    ValueError
        If the shapes do not fit, an option is out of its range, or nothing would be left.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.conv_transpose2d(tl.ones((1, 2, 2)), tl.ones((1, 1, 2, 2)))[0].tolist()
    [[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]
    """
    return _transpose(
        "conv_transpose2d",
        2,
        *(input, weight, bias, stride, padding, output_padding, groups, dilation),
    )


def conv_transpose3d(
    input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1
):
    """Spread each place of volumes over the filters: the gradient of `conv3d` by its input.

    Parameters and errors are those of `conv_transpose2d`, with three axes of places for two.

    Parameters
    ----------
    input : Tensor, shape (N, C, D, H, W) or (C, D, H, W)
    weight : Tensor, shape (C, out / groups, depth, height, width)
    bias : Tensor, shape (out,), optional
    stride, padding, output_padding : int or three ints, optional
    groups : int, optional
    dilation : int or three ints, optional

    Returns
    -------
    Tensor, shape (N, out, D', H', W') or (out, D', H', W')

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.conv_transpose3d(tl.ones((4, 2, 3, 3)), tl.ones((4, 5, 2, 2, 2)), stride=2).shape
    (5, 4, 6, 6)
    """
    return _transpose(
        "conv_transpose3d",
        3,
        *(input, weight, bias, stride, padding, output_padding, groups, dilation),
    )


def same_padding(operation, padding, kernel_size, stride, dilation):
    """The (before, after) of each axis that `padding`, "valid" or "same", means."""
    if padding == "valid":
        return ((0, 0),) * len(kernel_size)
    if padding != "same":
        raise ValueError(f"{operation}: expected padding 'valid', 'same' or ints, got {padding!r}")
    if max(stride) > 1:
        raise ValueError(f"{operation}: expected stride 1 for padding 'same', got {stride}")
    totals = (d * (k - 1) for d, k in zip(dilation, kernel_size, strict=True))
    return tuple((total // 2, total - total // 2) for total in totals)


def _convolve(operation, axes, input, weight, bias, stride, padding, dilation, groups):
    stride = int_tuple(operation, "stride", stride, axes, 1)
    dilation = int_tuple(operation, "dilation", dilation, axes, 1)
    (groups,) = int_tuple(operation, "groups", groups, 1, 1)
    form = f"(out, C / groups, {WINDOWS[axes]})"
    _check_tensors(operation, axes, input, weight, bias, form)
    if input.shape[-axes - 1] != weight.shape[1] * groups or weight.shape[0] % groups:
        raise ValueError(
            f"{operation}: expected weight of shape {form} with out a multiple"
            f" of groups, got {weight.shape} for images {input.shape} in {groups} groups"
        )
    check_bias(operation, bias, weight.shape[:1])
    images = input if input.ndim == axes + 2 else input[None]
    if isinstance(padding, str):
        pairs = same_padding(operation, padding, weight.shape[2:], stride, dilation)
        # The kernel adds as much at both ends.
        padding = tuple(before for before, _ in pairs)
        odd = tuple(after - before for before, after in pairs)
        images = _extended(images, odd)
    else:
        padding = int_tuple(operation, "padding", padding, axes, 0)
    check_window(operation, images.shape, weight.shape[2:], padding, dilation)
    result = _apply(ops.conv, images, weight, (stride, padding, dilation, groups))
    return _finished(result, bias, axes, input)


def _transpose(
    operation, axes, input, weight, bias, stride, padding, output_padding, groups, dilation
):
    stride = int_tuple(operation, "stride", stride, axes, 1)
    padding = int_tuple(operation, "padding", padding, axes, 0)
    output_padding = int_tuple(operation, "output_padding", output_padding, axes, 0)
    (groups,) = int_tuple(operation, "groups", groups, 1, 1)
    dilation = int_tuple(operation, "dilation", dilation, axes, 1)
    form = f"(C, out / groups, {WINDOWS[axes]})"
    _check_tensors(operation, axes, input, weight, bias, form)
    if input.shape[-axes - 1] != weight.shape[0] or weight.shape[0] % groups:
        raise ValueError(
            f"{operation}: expected weight of shape {form} with C a multiple of groups, "
            f"got {weight.shape} for images {input.shape} in {groups} groups"
        )
    out = weight.shape[1] * groups
    check_bias(operation, bias, (out,))
    if any(o >= max(s, d) for o, s, d in zip(output_padding, stride, dilation, strict=True)):
        raise ValueError(
            f"{operation}: expected output_padding below stride {stride} or dilation {dilation}, "
            f"got {output_padding}"
        )
    images = input if input.ndim == axes + 2 else input[None]
    places = tuple(
        (n - 1) * s - 2 * p + d * (k - 1) + o + 1
        for n, s, p, d, k, o in zip(
            *(images.shape[2:], stride, padding, dilation, weight.shape[2:], output_padding),
            strict=True,
        )
    )
    if 0 in images.shape[2:] or min(places) < 1:
        raise ValueError(
            f"{operation}: expected images from which pixels come, got images {input.shape} and "
            f"weight {weight.shape}, with which the result would have the size {places}"
        )
    # A whole stride more is what one more pixel of the image, zero, would give.
    images = _extended(images, tuple(o // s for o, s in zip(output_padding, stride, strict=True)))
    shape = (images.shape[0], out, *places)
    result = _apply(ops.conv_input, images, weight, (shape, stride, padding, dilation, groups))
    return _finished(result, bias, axes, input)


def _check_tensors(operation, axes, input, weight, bias, form):
    if input.ndim not in (axes + 1, axes + 2) or weight.ndim != axes + 2:
        places = PLACES[axes]
        raise ValueError(
            f"{operation}: expected shapes (N, C, {places}) or (C, {places}) and {form}, "
            f"got {input.shape} and {weight.shape}"
        )
    if 0 in weight.shape[2:]:
        raise ValueError(f"{operation}: expected a filter with pixels, got weight {weight.shape}")
    dtypes = [x.dtype for x in (input, weight, bias) if x is not None]
    mixed = len(set(dtypes)) > 1 and current() is None  # autocast makes them one
    if dtypes[0].kind not in "fVc" or mixed:  # bfloat16's kind is V
        raise TypeError(
            f"{operation}: expected input, weight and bias of one floating or complex dtype, "
            f"got {', '.join(map(str, dtypes))}"
        )


def _extended(images, after):
    """With zeros at the ends of the axes of places."""
    if not any(after):
        return images
    return pad(images, [n for count in reversed(after) for n in (0, count)])


def _finished(result, bias, axes, input):
    if bias is not None:
        # In place: the gradient does not need what was there.
        result += reshape(following(bias, result), (-1, *[1] * axes))
    return result if input.ndim == axes + 2 else result[0]


def _apply(op, images, weight, params):
    """Run conv or conv_input, in any number of dimensions.

    The parts of complex numbers become channels: a number is its parts, and what it multiplies
    is a matrix of two by two.
    """
    if images.dtype.kind != "c":
        return apply(op, (images, weight), params)
    if op is ops.conv_input:
        (count, channels, *places), *geometry = params
        params = ((count, 2 * channels, *places), *geometry)
        weight = conjugate(weight)  # the transposed matrix
    real, imag = weight.real, weight.imag
    matrices = stack((stack((real, negative(imag)), 2), stack((imag, real), 2)), 1)
    count, channels, *places = images.shape
    images = reshape(stack((images.real, images.imag), 2), (count, 2 * channels, *places))
    weight = reshape(matrices, (2 * weight.shape[0], 2 * weight.shape[1], *weight.shape[2:]))
    result = apply(op, (images, weight), params)
    return result[:, 0::2] + 1j * result[:, 1::2]
