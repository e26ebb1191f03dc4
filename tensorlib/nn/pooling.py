"""Layers of pooling, and what they share with those of ``max_pooling``."""

from tensorlib.nn import functional
from tensorlib.nn._arguments import int_tuple
from tensorlib.nn.functional.pooling import check_exponent
from tensorlib.nn.module import Module


class PoolNd(Module):
    """A layer over so many last axes that calls a function; its options are attributes."""

    axes = 0
    function = None
    options = ()  # in its text
    rare_options = {}  # in its text where they do not have these values

    def _set_windows(self, as_tuples=False, **options):
        """Set options that are a number for each axis, as they are given or as tuples."""
        for name, value in options.items():
            if value is not None:
                least = 0 if name == "padding" else 1
                numbers = int_tuple(type(self).__name__, name, value, self.axes, least)
                value = numbers if as_tuples else value
            setattr(self, name, value)

    def extra_repr(self):
        rare = [name for name, usual in self.rare_options.items() if getattr(self, name) != usual]
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in (*self.options, *rare))


class AvgPool1d(PoolNd):
    """The mean of each window, by `functional.avg_pool1d`.

    Inputs are of shape (N, C, L) or (C, L).

    Parameters
    ----------
    kernel_size : int
    stride : int, optional
        By default the size of the window.
    padding : int, optional
    ceil_mode : bool, optional
        Whether a last window may reach over the end.
    count_include_pad : bool, optional
        Whether the padding counts as elements.

    Raises
    ------
    TypeError
        If an option is no int.
    ValueError
        If an option is out of its range.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.AvgPool1d(2)(tl.asarray([[1.0, 3.0, 8.0, 4.0]])).tolist()
    [[2.0, 6.0]]
    """

    axes = 1
    function = staticmethod(functional.avg_pool1d)
    options = ("kernel_size", "stride", "padding")
    rare_options = {"ceil_mode": False, "count_include_pad": True}

    def __init__(
        self, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True
    ):
        super().__init__()
        stride = kernel_size if stride is None else stride
        self._set_windows(True, kernel_size=kernel_size, stride=stride, padding=padding)
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def forward(self, input):
        return self.function(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
        )


class _AvgPool(PoolNd):
    options = AvgPool1d.options
    rare_options = {**AvgPool1d.rare_options, "divisor_override": None}

    def __init__(
        self,
        kernel_size,
        stride=None,
        padding=0,
        ceil_mode=False,
        count_include_pad=True,
        divisor_override=None,
    ):
        super().__init__()
        stride = kernel_size if stride is None else stride
        self._set_windows(kernel_size=kernel_size, stride=stride, padding=padding)
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input):
        return self.function(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )


class AvgPool2d(_AvgPool):
    """The mean of each window of images, by `functional.avg_pool2d`.

    Inputs are of shape (N, C, H, W) or (C, H, W).

    Parameters
    ----------
    kernel_size : int or pair of ints
    stride, padding : int or pair of ints, optional
    ceil_mode, count_include_pad : bool, optional
        As in `AvgPool1d`, with its errors.
    divisor_override : int, optional
        What sums are divided by, instead of the number of elements.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.AvgPool2d(2)(tl.zeros((5, 3, 8, 6))).shape
    (5, 3, 4, 3)
    """

    axes = 2
    function = staticmethod(functional.avg_pool2d)


class AvgPool3d(_AvgPool):
    """The mean of each window of volumes, by `functional.avg_pool3d`.

    Inputs are of shape (N, C, D, H, W) or (C, D, H, W).

    Parameters
    ----------
    kernel_size : int or triple of ints
    stride, padding : int or triple of ints, optional
    ceil_mode, count_include_pad : bool, optional
        As in `AvgPool1d`, with its errors.
    divisor_override : int, optional
        What sums are divided by, instead of the number of elements.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.AvgPool3d(2)(tl.zeros((5, 3, 8, 6, 4))).shape
    (5, 3, 4, 3, 2)
    """

    axes = 3
    function = staticmethod(functional.avg_pool3d)


class _LPPool(PoolNd):
    options = ("norm_type", "kernel_size", "stride", "ceil_mode")

    def __init__(self, norm_type, kernel_size, stride=None, ceil_mode=False):
        super().__init__()
        check_exponent(type(self).__name__, norm_type)
        self._set_windows(kernel_size=kernel_size, stride=stride)
        self.norm_type, self.ceil_mode = norm_type, ceil_mode

    def forward(self, input):
        return self.function(input, self.norm_type, self.kernel_size, self.stride, self.ceil_mode)


class LPPool1d(_LPPool):
    """The p-norm of each window, by `functional.lp_pool1d`.

    Inputs are of shape (N, C, L) or (C, L).

    Parameters
    ----------
    norm_type : float
        The exponent p.
    kernel_size : int
    stride : int, optional
        By default the size of the window.
    ceil_mode : bool, optional
        Whether a last window may reach over the end.

    Raises
    ------
    TypeError
        If an option is no number of its kind.
    ValueError
        If an option is out of its range.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.LPPool1d(2, 2)(tl.asarray([[3.0, 4.0, 0.0, 2.0]])).round(6).tolist()
    [[5.0, 2.0]]
    """

    axes = 1
    function = staticmethod(functional.lp_pool1d)


class LPPool2d(_LPPool):
    """The p-norm of each window of images, by `functional.lp_pool2d`.

    Inputs are of shape (N, C, H, W) or (C, H, W).

    Parameters
    ----------
    norm_type : float
    kernel_size : int or pair of ints
    stride : int or pair of ints, optional
    ceil_mode : bool, optional
        As in `LPPool1d`, with its errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.LPPool2d(2, 2)(tl.ones((5, 3, 8, 6))).shape
    (5, 3, 4, 3)
    """

    axes = 2
    function = staticmethod(functional.lp_pool2d)


class LPPool3d(_LPPool):
    """The p-norm of each window of volumes, by `functional.lp_pool3d`.

    Inputs are of shape (N, C, D, H, W) or (C, D, H, W).

    Parameters
    ----------
    norm_type : float
    kernel_size : int or triple of ints
    stride : int or triple of ints, optional
    ceil_mode : bool, optional
        As in `LPPool1d`, with its errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.LPPool3d(2, 2)(tl.ones((5, 3, 8, 6, 4))).shape
    (5, 3, 4, 3, 2)
    """

    axes = 3
    function = staticmethod(functional.lp_pool3d)


class AdaptivePoolNd(PoolNd):
    """A layer that is told how many windows to make, not how large they are."""

    options = ("output_size",)

    def _set_output_size(self, output_size):
        """The numbers of windows; None stands for an axis that keeps its length."""
        sizes = output_size if isinstance(output_size, tuple | list) else (output_size,) * self.axes
        stand_ins = tuple([1 if size is None else size for size in sizes])
        int_tuple(type(self).__name__, "output_size", stand_ins, self.axes, 1)
        self.output_size = output_size


class _AdaptiveAvgPool(AdaptivePoolNd):
    def __init__(self, output_size):
        super().__init__()
        self._set_output_size(output_size)

    def forward(self, input):
        return self.function(input, self.output_size)


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """The means of as many windows as asked for, by `functional.adaptive_avg_pool1d`.

    Inputs are of shape (N, C, L) or (C, L).

    Parameters
    ----------
    output_size : int
        The number of windows.

    Raises
    ------
    TypeError
        If `output_size` is no int.
    ValueError
        If `output_size` is less than one.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.AdaptiveAvgPool1d(2)(tl.asarray([[1.0, 3.0, 5.0]])).tolist()
    [[2.0, 4.0]]
    """

    axes = 1
    function = staticmethod(functional.adaptive_avg_pool1d)


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """The means of as many windows of images as asked for, by `functional.adaptive_avg_pool2d`.

    Inputs are of shape (N, C, H, W) or (C, H, W).

    Parameters
    ----------
    output_size : int, or pair of int or None
        As in `AdaptiveAvgPool1d`, with its errors; None leaves an axis as it is.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.AdaptiveAvgPool2d((2, None))(tl.zeros((5, 3, 8, 6))).shape
    (5, 3, 2, 6)
    """

    axes = 2
    function = staticmethod(functional.adaptive_avg_pool2d)


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    """The means of as many windows of volumes as asked for, by `functional.adaptive_avg_pool3d`.

    Inputs are of shape (N, C, D, H, W) or (C, D, H, W).

    Parameters
    ----------
    output_size : int, or triple of int or None
        As in `AdaptiveAvgPool1d`, with its errors; None leaves an axis as it is.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.AdaptiveAvgPool3d((2, None, 1))(tl.zeros((3, 8, 6, 4))).shape
    (3, 2, 6, 1)
    """

    axes = 3
    function = staticmethod(functional.adaptive_avg_pool3d)
