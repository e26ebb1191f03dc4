"""Layers that change the size of images."""

from tensorlib.nn import functional
from tensorlib.nn._arguments import int_tuple
from tensorlib.nn.functional.interpolation import check_mode, check_scale
from tensorlib.nn.module import Module


class PixelShuffle(Module):
    """Groups of channels turned into squares of pixels, by `functional.pixel_shuffle`.

    Parameters
    ----------
    upscale_factor : int
        The edge of a square.

    Raises
    ------
    TypeError
        If `upscale_factor` is no int.
    ValueError
        If `upscale_factor` is less than one.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.PixelShuffle(2)(tl.zeros((5, 12, 4, 3))).shape
    (5, 3, 8, 6)
    """

    def __init__(self, upscale_factor):
        super().__init__()
        (self.upscale_factor,) = int_tuple("PixelShuffle", "upscale_factor", upscale_factor, 1, 1)

    def forward(self, input):
        return functional.pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self):
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """Squares of pixels turned into channels, by `functional.pixel_unshuffle`.

    Parameters
    ----------
    downscale_factor : int
        The edge of a square.

    Raises
    ------
    TypeError
        If `downscale_factor` is no int.
    ValueError
        If `downscale_factor` is less than one.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.PixelUnshuffle(2)(tl.zeros((5, 3, 8, 6))).shape
    (5, 12, 4, 3)
    """

    def __init__(self, downscale_factor):
        super().__init__()
        (self.downscale_factor,) = int_tuple(
            "PixelUnshuffle", "downscale_factor", downscale_factor, 1, 1
        )

    def forward(self, input):
        return functional.pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self):
        return f"downscale_factor={self.downscale_factor}"


class ChannelShuffle(Module):
    """The channels of groups mixed, by `functional.channel_shuffle`.

    Parameters
    ----------
    groups : int

    Raises
    ------
    TypeError
        If `groups` is no int.
    ValueError
        If `groups` is less than one.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.ChannelShuffle(2)(tl.arange(4.0).reshape(1, 4, 1)).ravel().tolist()
    [0.0, 2.0, 1.0, 3.0]
    """

    def __init__(self, groups):
        super().__init__()
        (self.groups,) = int_tuple("ChannelShuffle", "groups", groups, 1, 1)

    def forward(self, input):
        return functional.channel_shuffle(input, self.groups)

    def extra_repr(self):
        return f"groups={self.groups}"


class Upsample(Module):
    """Signals, images or volumes in another size, by `functional.interpolate`.

    Parameters
    ----------
    size : int or sequence of ints, optional
    scale_factor : float or sequence of floats, optional
        Either one or the other.
    mode : str, optional
    align_corners, recompute_scale_factor : bool, optional
        All as in `functional.interpolate`.

    Raises
    ------
    TypeError
        If `size` or `scale_factor` are no numbers of their kind.
    ValueError
        If there is no such mode, an option is not for it or out of its range, or both or neither of
        `size` and `scale_factor` are given.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Upsample(scale_factor=2, mode="bilinear")(tl.zeros((5, 3, 4, 6))).shape
    (5, 3, 8, 12)
    """

    axes = None  # as many as the input has

    def __init__(
        self,
        size=None,
        scale_factor=None,
        mode="nearest",
        align_corners=None,
        recompute_scale_factor=None,
    ):
        super().__init__()
        name = type(self).__name__
        check_mode(mode, align_corners, False, name)
        if (size is None) == (scale_factor is None):
            raise ValueError(
                f"{name}: expected either size or scale_factor, got {size!r} and {scale_factor!r}"
            )

        def axes(value):
            return self.axes or (len(value) if isinstance(value, tuple | list) else 1)

        if size is not None:
            int_tuple(name, "size", size, axes(size), 1)
        else:
            factors = check_scale(name, scale_factor, axes(scale_factor))
            many = isinstance(scale_factor, tuple | list)
            scale_factor = tuple(map(float, factors)) if many else float(scale_factor)
        self.size, self.scale_factor, self.mode = size, scale_factor, mode
        self.align_corners, self.recompute_scale_factor = align_corners, recompute_scale_factor

    def forward(self, input):
        return functional.interpolate(
            input,
            self.size,
            self.scale_factor,
            self.mode,
            self.align_corners,
            self.recompute_scale_factor,
        )

    def extra_repr(self):
        name = "size" if self.scale_factor is None else "scale_factor"
        return f"{name}={getattr(self, name)!r}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """Images in another size, each pixel the nearest one.

    Parameters
    ----------
    size : int or pair of ints, optional
    scale_factor : float or pair of floats, optional
        As in `Upsample`, with its errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.UpsamplingNearest2d(scale_factor=2)(tl.asarray([[[[1.0, 2.0]]]])).tolist()
    [[[[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]]]]
    """

    axes = 2

    def __init__(self, size=None, scale_factor=None):
        super().__init__(size, scale_factor, mode="nearest")


class UpsamplingBilinear2d(Upsample):
    """Images in another size, linear between pixels; the corners stay where they are.

    Parameters
    ----------
    size : int or pair of ints, optional
    scale_factor : float or pair of floats, optional
        As in `Upsample`, with its errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.UpsamplingBilinear2d(size=(1, 3))(tl.asarray([[[[1.0, 2.0]]]])).tolist()
    [[[[1.0, 1.5, 2.0]]]]
    """

    axes = 2

    def __init__(self, size=None, scale_factor=None):
        super().__init__(size, scale_factor, mode="bilinear", align_corners=True)
