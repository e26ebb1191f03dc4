"""Layers of transposed convolution."""

from collections.abc import Iterable

from tensorlib.nn import functional
from tensorlib.nn._arguments import int_tuple
from tensorlib.nn.conv import ConvNd


class _ConvTranspose(ConvNd):
    transposed = True

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        output_padding=0,
        groups=1,
        bias=True,
        dilation=1,
        padding_mode="zeros",
        dtype="float32",
    ):
        name = type(self).__name__
        if padding_mode != "zeros":
            raise ValueError(f"{name}: expected padding_mode 'zeros', got {padding_mode!r}")
        padding = int_tuple(name, "padding", padding, self.axes, 0)
        super().__init__(
            *(in_channels, out_channels, kernel_size, stride, padding, dilation),
            *(output_padding, groups, bias, padding_mode, dtype),
        )

    def forward(self, input, output_size=None):
        output_padding = self.output_padding
        if output_size is not None:
            output_padding = self._padding_to(input, output_size)
        return self.convolve(
            *(input, self.weight, self.bias, self.stride, self.padding),
            *(output_padding, self.groups, self.dilation),
        )

    def _padding_to(self, input, output_size):
        """The output_padding with which the result has the given size."""
        name, axes = type(self).__name__, self.axes
        given = tuple(output_size) if isinstance(output_size, Iterable) else (output_size,) * axes
        if input.ndim not in (axes + 1, axes + 2):
            raise ValueError(
                f"{name}: expected input of {axes + 1} or {axes + 2} axes, got {input.shape}"
            )
        if len(given) not in (axes, input.ndim):
            raise ValueError(
                f"{name}: expected output_size of {axes} or {input.ndim} numbers, got {given}"
            )
        size = int_tuple(name, "output_size", given[-axes:], axes, 1)
        least = tuple(
            (n - 1) * s - 2 * p + d * (k - 1) + 1
            for n, s, p, d, k in zip(
                *(input.shape[-axes:], self.stride, self.padding, self.dilation, self.kernel_size),
                strict=True,
            )
        )
        if any(not m <= n < m + s for m, n, s in zip(least, size, self.stride, strict=True)):
            most = tuple(m + s - 1 for m, s in zip(least, self.stride, strict=True))
            raise ValueError(
                f"{name}: expected output_size from {least} to {most} for input of shape "
                f"{input.shape}, got {given}"
            )
        return tuple(n - m for n, m in zip(size, least, strict=True))


class ConvTranspose1d(_ConvTranspose):
    """A bank of filters over which each place of sequences is spread.

    Options, attributes and errors are those of `ConvTranspose2d`, with one axis of places for two.

    Inputs are of shape (N, in_channels, L) or (in_channels, L).

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size : int
    stride, padding, output_padding : int, optional
    groups : int, optional
    bias : bool, optional
    dilation : int, optional
    padding_mode : {"zeros"}, optional
    dtype : dtype, optional

    Attributes
    ----------
    weight : Parameter, shape (in_channels, out_channels / groups, length)
    bias : Parameter, shape (out_channels,), or None

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.ConvTranspose1d(8, 2, 4, stride=2)(tl.zeros((3, 8, 9), dtype="float32")).shape
    (3, 2, 20)
    """

    axes = 1
    convolve = staticmethod(functional.conv_transpose1d)


class ConvTranspose2d(_ConvTranspose):
    """A bank of filters over which each pixel of images is spread.

    The gradient of a `Conv2d` of the same options by its input, as a layer. Called as ``layer(x,
    output_size=(H, W))`` it makes images of that size, which `stride` leaves open: a `Conv2d` gives
    results of one size for images of several.

    Inputs are of shape (N, in_channels, H, W) or (in_channels, H, W).

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size : int or pair of ints
    stride : int or pair of ints, optional
        Step of the filter over the result.
    padding : int or pair of ints, optional
        Pixels taken away from both ends of an axis of the result.
    output_padding : int or pair of ints, optional
        Pixels added again at the end; fewer than the stride or than the dilation.
    groups : int, optional
        Parts into which the channels fall; each has filters of its own.
    bias : bool, optional
    dilation : int or pair of ints, optional
        Distance between the pixels that a filter reaches.
    padding_mode : {"zeros"}, optional
    dtype : dtype, optional
        Of the parameters, float32 by default.

    Attributes
    ----------
    weight : Parameter, shape (in_channels, out_channels / groups, height, width)
    bias : Parameter, shape (out_channels,), or None
        Both are drawn uniformly from ``[-k, k)`` with ``k = 1 / sqrt(out_channels / groups *
        height * width)``.

    Raises
    ------
    TypeError
        If an option is no int or pair of ints.
    ValueError
        If an option is out of its range, the channels cannot be parted into groups, or there is
        no way to the `output_size`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> layer = nn.ConvTranspose2d(8, 1, 3, stride=2, padding=1)
    >>> images = tl.zeros((5, 8, 14, 14), dtype="float32")
    >>> layer(images).shape, layer(images, output_size=(28, 28)).shape
    ((5, 1, 27, 27), (5, 1, 28, 28))
    """

    axes = 2
    convolve = staticmethod(functional.conv_transpose2d)


class ConvTranspose3d(_ConvTranspose):
    """A bank of filters over which each place of volumes is spread.

    Options, attributes and errors are those of `ConvTranspose2d`, with three axes of places for
    two.

    Inputs are of shape (N, in_channels, D, H, W) or (in_channels, D, H, W).

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size : int or three ints
    stride, padding, output_padding : int or three ints, optional
    groups : int, optional
    bias : bool, optional
    dilation : int or three ints, optional
    padding_mode : {"zeros"}, optional
    dtype : dtype, optional

    Attributes
    ----------
    weight : Parameter, shape (in_channels, out_channels / groups, depth, height, width)
    bias : Parameter, shape (out_channels,), or None

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.ConvTranspose3d(4, 2, 2, stride=2)(tl.zeros((1, 4, 3, 3, 3), dtype="float32")).shape
    (1, 2, 6, 6, 6)
    """

    axes = 3
    convolve = staticmethod(functional.conv_transpose3d)
