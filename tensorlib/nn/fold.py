"""``Fold`` and ``Unfold``."""

from tensorlib.nn import functional
from tensorlib.nn.module import Module


class Unfold(Module):
    """Make a column of each window of the images; see `functional.unfold`.

    Parameters
    ----------
    kernel_size : int or pair of ints
    dilation, padding, stride : int or pair of ints, optional

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Unfold(3, padding=1)(tl.zeros((5, 2, 8, 8))).shape
    (5, 18, 64)
    """

    def __init__(self, kernel_size, dilation=1, padding=0, stride=1):
        super().__init__()
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input):
        return functional.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self):
        return (
            f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, "
            f"stride={self.stride}"
        )


class Fold(Module):
    """Add the columns of windows to images; see `functional.fold`.

    Parameters
    ----------
    output_size : int or pair of ints
    kernel_size : int or pair of ints
    dilation, padding, stride : int or pair of ints, optional

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Fold(8, 2, stride=2)(tl.zeros((5, 12, 16))).shape
    (5, 3, 8, 8)
    """

    def __init__(self, output_size, kernel_size, dilation=1, padding=0, stride=1):
        super().__init__()
        self.output_size = output_size
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input):
        return functional.fold(
            input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride
        )

    def extra_repr(self):
        return (
            f"output_size={self.output_size}, kernel_size={self.kernel_size}, "
            f"dilation={self.dilation}, padding={self.padding}, stride={self.stride}"
        )
