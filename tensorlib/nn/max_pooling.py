"""Layers of maxima of windows, and of the way back."""

from tensorlib.nn import functional
from tensorlib.nn._arguments import int_tuple
from tensorlib.nn.functional.fractional_pooling import check_ratios
from tensorlib.nn.pooling import AdaptivePoolNd, PoolNd


class _MaxPool(PoolNd):
    options = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")

    def __init__(
        self,
        kernel_size,
        stride=None,
        padding=0,
        dilation=1,
        return_indices=False,
        ceil_mode=False,
    ):
        super().__init__()
        stride = kernel_size if stride is None else stride
        self._set_windows(
            kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation
        )
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def forward(self, input):
        return self.function(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            ceil_mode=self.ceil_mode,
            return_indices=self.return_indices,
        )


class MaxPool1d(_MaxPool):
    """The largest element of each window, by `functional.max_pool1d`.

    Inputs are of shape (N, C, L) or (C, L).

    Parameters
    ----------
    kernel_size : int
    stride : int, optional
        By default the size of the window.
    padding, dilation : int, optional
    return_indices : bool, optional
        Whether the result is a pair, with the place of each maximum.
    ceil_mode : bool, optional
        Whether a last window may reach over the end.

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
    >>> nn.MaxPool1d(2)(tl.zeros((5, 3, 8))).shape
    (5, 3, 4)
    """

    axes = 1
    function = staticmethod(functional.max_pool1d)


class MaxPool2d(_MaxPool):
    """The largest pixel of each window of images, by `functional.max_pool2d`.

    Inputs are of shape (N, C, H, W) or (C, H, W).

    Parameters
    ----------
    kernel_size : int or pair of ints
    stride : int or pair of ints, optional
        By default the size of the window.
    padding, dilation : int or pair of ints, optional
    return_indices, ceil_mode : bool, optional
        As in `MaxPool1d`, with its errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.MaxPool2d(2)(tl.zeros((5, 3, 8, 6))).shape
    (5, 3, 4, 3)
    """

    axes = 2
    function = staticmethod(functional.max_pool2d)


class MaxPool3d(_MaxPool):
    """The largest element of each window of volumes, by `functional.max_pool3d`.

    Inputs are of shape (N, C, D, H, W) or (C, D, H, W).

    Parameters
    ----------
    kernel_size : int or triple of ints
    stride : int or triple of ints, optional
        By default the size of the window.
    padding, dilation : int or triple of ints, optional
    return_indices, ceil_mode : bool, optional
        As in `MaxPool1d`, with its errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.MaxPool3d(2)(tl.zeros((5, 3, 8, 6, 4))).shape
    (5, 3, 4, 3, 2)
    """

    axes = 3
    function = staticmethod(functional.max_pool3d)


class _MaxUnpool(PoolNd):
    options = ("kernel_size", "stride", "padding")

    def __init__(self, kernel_size, stride=None, padding=0):
        super().__init__()
        stride = kernel_size if stride is None else stride
        self._set_windows(True, kernel_size=kernel_size, stride=stride, padding=padding)

    def forward(self, input, indices, output_size=None):
        return self.function(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )


class MaxUnpool1d(_MaxUnpool):
    """Elements put where `MaxPool1d` took them from, by `functional.max_unpool1d`.

    It is called with them, their indices, and the size of the result where there is a choice.

    Parameters
    ----------
    kernel_size : int
    stride : int, optional
        By default the size of the window.
    padding : int, optional

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
    >>> x, places = nn.MaxPool1d(2, return_indices=True)(tl.asarray([[1.0, 3.0, 8.0, 4.0]]))
    >>> nn.MaxUnpool1d(2)(x, places).tolist()
    [[0.0, 3.0, 8.0, 0.0]]
    """

    axes = 1
    function = staticmethod(functional.max_unpool1d)


class MaxUnpool2d(_MaxUnpool):
    """Pixels put where `MaxPool2d` took them from, by `functional.max_unpool2d`.

    Parameters
    ----------
    kernel_size : int or pair of ints
    stride, padding : int or pair of ints, optional
        As in `MaxUnpool1d`, with its errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> x, places = nn.MaxPool2d(2, return_indices=True)(tl.zeros((5, 3, 8, 6)))
    >>> nn.MaxUnpool2d(2)(x, places).shape
    (5, 3, 8, 6)
    """

    axes = 2
    function = staticmethod(functional.max_unpool2d)


class MaxUnpool3d(_MaxUnpool):
    """Elements put where `MaxPool3d` took them from, by `functional.max_unpool3d`.

    Parameters
    ----------
    kernel_size : int or triple of ints
    stride, padding : int or triple of ints, optional
        As in `MaxUnpool1d`, with its errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> x, places = nn.MaxPool3d(2, return_indices=True)(tl.zeros((3, 8, 6, 4)))
    >>> nn.MaxUnpool3d(2)(x, places).shape
    (3, 8, 6, 4)
    """

    axes = 3
    function = staticmethod(functional.max_unpool3d)


class _AdaptiveMaxPool(AdaptivePoolNd):
    def __init__(self, output_size, return_indices=False):
        super().__init__()
        self._set_output_size(output_size)
        self.return_indices = return_indices

    def forward(self, input):
        return self.function(input, self.output_size, self.return_indices)


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """The maxima of as many windows as asked for, by `functional.adaptive_max_pool1d`.

    Inputs are of shape (N, C, L) or (C, L).

    Parameters
    ----------
    output_size : int
        The number of windows.
    return_indices : bool, optional
        Whether the result is a pair, with the place of each maximum.

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
    >>> nn.AdaptiveMaxPool1d(2)(tl.asarray([[1.0, 3.0, 5.0]])).tolist()
    [[3.0, 5.0]]
    """

    axes = 1
    function = staticmethod(functional.adaptive_max_pool1d)


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """The maxima of as many windows of images as asked for, by `functional.adaptive_max_pool2d`.

    Inputs are of shape (N, C, H, W) or (C, H, W).

    Parameters
    ----------
    output_size : int, or pair of int or None
        None leaves an axis as it is.
    return_indices : bool, optional
        As in `AdaptiveMaxPool1d`, with its errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.AdaptiveMaxPool2d((2, None))(tl.zeros((5, 3, 8, 6))).shape
    (5, 3, 2, 6)
    """

    axes = 2
    function = staticmethod(functional.adaptive_max_pool2d)


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """The maxima of as many windows of volumes as asked for, by `functional.adaptive_max_pool3d`.

    Inputs are of shape (N, C, D, H, W) or (C, D, H, W).

    Parameters
    ----------
    output_size : int, or triple of int or None
        None leaves an axis as it is.
    return_indices : bool, optional
        As in `AdaptiveMaxPool1d`, with its errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.AdaptiveMaxPool3d((2, None, 1))(tl.zeros((3, 8, 6, 4))).shape
    (3, 2, 6, 1)
    """

    axes = 3
    function = staticmethod(functional.adaptive_max_pool3d)


class _FractionalMaxPool(PoolNd):
    options = ("kernel_size",)
    rare_options = {"output_size": None, "output_ratio": None}

    def __init__(
        self,
        kernel_size,
        output_size=None,
        output_ratio=None,
        return_indices=False,
        _random_samples=None,
    ):
        super().__init__()
        name = type(self).__name__
        if (output_size is None) == (output_ratio is None):
            raise ValueError(
                f"{name}: expected either output_size or output_ratio, got {output_size} and "
                f"{output_ratio}"
            )
        self.kernel_size = int_tuple(name, "kernel_size", kernel_size, self.axes, 1)
        self.output_size = self.output_ratio = None
        if output_ratio is None:
            self.output_size = int_tuple(name, "output_size", output_size, self.axes, 1)
        else:
            self.output_ratio = check_ratios(name, output_ratio, self.axes)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)

    def forward(self, input):
        return self.function(
            input,
            self.kernel_size,
            self.output_size,
            self.output_ratio,
            self.return_indices,
            self._random_samples,
        )


class FractionalMaxPool2d(_FractionalMaxPool):
    """The maxima of windows of images at random distances, by `functional.fractional_max_pool2d`.

    Inputs are of shape (N, C, H, W) or (C, H, W).

    Parameters
    ----------
    kernel_size : int or pair of ints
    output_size : int or pair of ints, optional
    output_ratio : float or pair of floats, optional
        Either one or the other: the numbers of windows, or their share of the pixels.
    return_indices : bool, optional
        Whether the result is a pair, with the place of each maximum.
    _random_samples : Tensor, optional
        Numbers from [0, 1) to use in place of random ones.

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
    >>> nn.FractionalMaxPool2d(2, output_ratio=0.7)(tl.zeros((5, 3, 10, 20))).shape
    (5, 3, 7, 14)
    """

    axes = 2
    function = staticmethod(functional.fractional_max_pool2d)


class FractionalMaxPool3d(_FractionalMaxPool):
    """The maxima of windows of volumes at random distances, by `functional.fractional_max_pool3d`.

    Inputs are of shape (N, C, D, H, W) or (C, D, H, W).

    Parameters
    ----------
    kernel_size : int or triple of ints
    output_size : int or triple of ints, optional
    output_ratio : float or triple of floats, optional
    return_indices : bool, optional
    _random_samples : Tensor, optional
        All as in `FractionalMaxPool2d`, with its errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.FractionalMaxPool3d(2, output_size=(3, 4, 2))(tl.zeros((3, 8, 7, 6))).shape
    (3, 3, 4, 2)
    """

    axes = 3
    function = staticmethod(functional.fractional_max_pool3d)
