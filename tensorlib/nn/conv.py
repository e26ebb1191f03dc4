"""``Conv2d``."""

from tensorlib._core._functions import empty
from tensorlib.nn import functional, init
from tensorlib.nn._arguments import int_tuple
from tensorlib.nn.module import Module
from tensorlib.nn.parameter import Parameter


class Conv2d(Module):
    """A bank of filters that slide over images.

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size : int or pair of ints
    stride, padding, dilation : int or pair of ints, optional
    groups : int, optional
        Parts into which the channels fall; each has filters of its own.
    bias : bool, optional
    padding_mode : {"zeros"}, optional
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
        super().__init__()
        self.in_channels, self.out_channels = int_tuple(
            "Conv2d", "channels", (in_channels, out_channels), 2, 1
        )
        self.kernel_size = int_tuple("Conv2d", "kernel_size", kernel_size, 2, 1)
        self.stride = int_tuple("Conv2d", "stride", stride, 2, 1)
        self.padding = int_tuple("Conv2d", "padding", padding, 2, 0)
        self.dilation = int_tuple("Conv2d", "dilation", dilation, 2, 1)
        (self.groups,) = int_tuple("Conv2d", "groups", groups, 1, 1)
        if in_channels % groups or out_channels % groups:
            raise ValueError(
                f"Conv2d: expected channels that fall into {groups} groups, "
                f"got {in_channels} and {out_channels}"
            )
        if padding_mode != "zeros":
            raise ValueError(f"Conv2d: expected padding_mode 'zeros', got {padding_mode!r}")
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        self.weight = Parameter(empty(shape, dtype=dtype))
        self.bias = Parameter(empty(out_channels, dtype=dtype)) if bias else None
        self.reset_parameters()

    def reset_parameters(self):
        """Draw the parameters anew."""
        init.reset_affine_(self.weight, self.bias)

    def forward(self, x):
        return functional.conv2d(
            x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups
        )

    def extra_repr(self):
        text = (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}"
        )
        for name, usual in (("padding", (0, 0)), ("dilation", (1, 1)), ("groups", 1)):
            if getattr(self, name) != usual:
                text += f", {name}={getattr(self, name)}"
        return text if self.bias is not None else f"{text}, bias=False"
