"""``MaxPool2d``."""

from tensorlib.nn import functional
from tensorlib.nn._arguments import int_tuple
from tensorlib.nn.module import Module


class MaxPool2d(Module):
    """The largest pixel of each window.

    Parameters
    ----------
    kernel_size : int or pair of ints
    stride : int or pair of ints, optional
        By default the size of the window.
    padding, dilation : int or pair of ints, optional
    return_indices : bool, optional
        Whether the result is a pair, with the place of each pixel in its image.

    Raises
    ------
    TypeError
        If an option is no int or pair of ints.
    ValueError
        If an option is out of its range.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.MaxPool2d(2)(tl.zeros((5, 3, 8, 6))).shape
    (5, 3, 4, 3)
    """

    def __init__(self, kernel_size, stride=None, padding=0, dilation=1, return_indices=False):
        super().__init__()
        self.kernel_size = int_tuple("MaxPool2d", "kernel_size", kernel_size, 2, 1)
        self.stride = int_tuple("MaxPool2d", "stride", kernel_size if stride is None else stride, 2, 1)
        self.padding = int_tuple("MaxPool2d", "padding", padding, 2, 0)
        self.dilation = int_tuple("MaxPool2d", "dilation", dilation, 2, 1)
        self.return_indices = return_indices

    def forward(self, x):
        return functional.max_pool2d(
            x, self.kernel_size, self.stride, self.padding, self.dilation, self.return_indices
        )

    def extra_repr(self):
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}"
        )
