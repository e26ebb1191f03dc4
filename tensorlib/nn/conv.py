"""Layers of convolution, and what they share with those of transposed convolution."""

from tensorlib._core._functions import empty
from tensorlib.nn import functional, init
from tensorlib.nn._arguments import int_tuple
from tensorlib.nn.functional.conv import same_padding
from tensorlib.nn.module import Module
from tensorlib.nn.parameter import Parameter

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class ConvNd(Module):
    """The options and the parameters of all convolutions; a subclass tells the axes of places."""

    axes = 0
    transposed = False

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride,
        padding,
        dilation,
        output_padding,
        groups,
        bias,
        padding_mode,
        dtype,
    ):
        super().__init__()
        name, axes = type(self).__name__, self.axes
        self.in_channels, self.out_channels = int_tuple(
            name, "channels", (in_channels, out_channels), 2, 1
        )
        self.kernel_size = int_tuple(name, "kernel_size", kernel_size, axes, 1)
        self.stride = int_tuple(name, "stride", stride, axes, 1)
        self.dilation = int_tuple(name, "dilation", dilation, axes, 1)
        if isinstance(padding, str):
            self._border = same_padding(name, padding, self.kernel_size, self.stride, self.dilation)
            self.padding = padding
        else:
            self.padding = int_tuple(name, "padding", padding, axes, 0)
            self._border = tuple((n, n) for n in self.padding)
        self.output_padding = int_tuple(name, "output_padding", output_padding, axes, 0)
        (self.groups,) = int_tuple(name, "groups", groups, 1, 1)
        if in_channels % groups or out_channels % groups:
            raise ValueError(
                f"{name}: expected channels that fall into {groups} groups, "
                f"got {in_channels} and {out_channels}"
            )
        if padding_mode not in PADDING_MODES:
            raise ValueError(
                f"{name}: expected padding_mode {', '.join(map(repr, PADDING_MODES))}, "
                f"got {padding_mode!r}"
            )
        self.padding_mode = padding_mode
        channels = (self.out_channels, self.in_channels)
        first, second = channels[::-1] if self.transposed else channels
        shape = (first, second // self.groups, *self.kernel_size)
        self.weight = Parameter(empty(shape, dtype=dtype))
        self.bias = Parameter(empty(self.out_channels, dtype=dtype)) if bias else None
        self.reset_parameters()

    def reset_parameters(self):
        """Draw the parameters anew."""
        init.reset_affine_(self.weight, self.bias)

    def extra_repr(self):
        text = (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}"
        )
        zeros, ones = (0,) * self.axes, (1,) * self.axes
        usual = {"padding": zeros, "dilation": ones, "output_padding": zeros, "groups": 1}
        for name, value in usual.items():
            if getattr(self, name) != value:
                text += f", {name}={getattr(self, name)}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode}"
        return text


class _Conv(ConvNd):
    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
        bias=True,
        padding_mode="zeros",
        dtype="float32",
    ):
        super().__init__(
            *(in_channels, out_channels, kernel_size, stride, padding, dilation),
            *(0, groups, bias, padding_mode, dtype),
        )

    def forward(self, input):
        padding = self.padding
        if self.padding_mode != "zeros":
            border = [n for pair in reversed(self._border) for n in pair]
            input, padding = functional.pad(input, border, mode=self.padding_mode), 0
        return self.convolve(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )


class Conv1d(_Conv):
    """A bank of filters that slide along sequences.

    Options, attributes and errors are those of `Conv2d`, with one axis of places for two.

    Inputs are of shape (N, in_channels, L) or (in_channels, L).

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size : int
    stride, dilation : int, optional
    padding : int or {"valid", "same"}, optional
    groups : int, optional
    bias : bool, optional
    padding_mode : {"zeros", "reflect", "replicate", "circular"}, optional
    dtype : dtype, optional

    Attributes
    ----------
    weight : Parameter, shape (out_channels, in_channels / groups, length)
    bias : Parameter, shape (out_channels,), or None

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Conv1d(2, 8, 5, stride=2)(tl.zeros((3, 2, 21), dtype="float32")).shape
    (3, 8, 9)
    """

    axes = 1
    convolve = staticmethod(functional.conv1d)


class Conv2d(_Conv):
    """A bank of filters that slide over images.

    Inputs are of shape (N, in_channels, H, W) or (in_channels, H, W).

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size : int or pair of ints
    stride, dilation : int or pair of ints, optional
    padding : int, pair of ints or {"valid", "same"}, optional
        Width of the border at both ends of an axis. "valid" is none; "same" makes the result as
        large as the image and needs a stride of one.
    groups : int, optional
        Parts into which the channels fall; each has filters of its own.
    bias : bool, optional
    padding_mode : {"zeros", "reflect", "replicate", "circular"}, optional
        What the border holds; see `functional.pad`.
    dtype : dtype, optional
        Of the parameters, float32 by default.

    Attributes
    ----------
    weight : Parameter, shape (out_channels, in_channels / groups, height, width)
    bias : Parameter, shape (out_channels,), or None
        Both are drawn uniformly from ``[-k, k)`` with ``k = 1 / sqrt(in_channels / groups *
        height * width)``.

    Raises
    ------
    TypeError
        If an option is no int or pair of ints.
    ValueError
        If an option is out of its range, or the channels cannot be parted into groups.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Conv2d(1, 32, 3, padding=1)(tl.zeros((5, 1, 28, 28), dtype="float32")).shape
    (5, 32, 28, 28)
    """

    axes = 2
    convolve = staticmethod(functional.conv2d)


class Conv3d(_Conv):
    """A bank of filters that slide through volumes.

    Options, attributes and errors are those of `Conv2d`, with three axes of places for two.

    Inputs are of shape (N, in_channels, D, H, W) or (in_channels, D, H, W).

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size : int or three ints
    stride, dilation : int or three ints, optional
    padding : int, three ints or {"valid", "same"}, optional
    groups : int, optional
    bias : bool, optional
    padding_mode : {"zeros", "reflect", "replicate", "circular"}, optional
    dtype : dtype, optional

    Attributes
    ----------
    weight : Parameter, shape (out_channels, in_channels / groups, depth, height, width)
    bias : Parameter, shape (out_channels,), or None

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> volumes = tl.zeros((2, 1, 8, 8, 8), dtype="float32")
    >>> nn.Conv3d(1, 4, 3, padding="same")(volumes).shape
    (2, 4, 8, 8, 8)
    """

    axes = 3
    convolve = staticmethod(functional.conv3d)
