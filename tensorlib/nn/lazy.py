"""Layers that take the number of their inputs from the first input."""

from tensorlib.autograd import no_grad
from tensorlib.nn.batchnorm import (
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
)
from tensorlib.nn.conv import Conv1d, Conv2d, Conv3d
from tensorlib.nn.conv_transpose import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from tensorlib.nn.linear import Linear
from tensorlib.nn.parameter import UninitializedBuffer, UninitializedParameter, is_lazy


class LazyModuleMixin:
    """What makes a module lazy: some of its parameters have no shape before its first call.

    A subclass, which derives from this and from a `Module`, assigns `UninitializedParameter` and
    `UninitializedBuffer` and defines ``initialize_parameters``, which is called with the arguments
    of the first call and materializes them.

    Attributes
    ----------
    cls_to_become : type or None
        The class that the module has afterwards.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> class Gain(nn.LazyModuleMixin, nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.gain = nn.UninitializedParameter()
    ...
    ...     def initialize_parameters(self, x):
    ...         self.gain.materialize(x.shape[-1])
    ...         nn.init.ones_(self.gain)
    ...
    ...     def forward(self, x):
    ...         return x * self.gain
    >>> gain = Gain()
    >>> gain(tl.ones((2, 3))).shape, gain.gain.shape
    ((2, 3), (3,))
    """

    cls_to_become = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._initialize_hook = self.register_forward_pre_hook(_infer, with_kwargs=True).id

    def initialize_parameters(self, *args, **kwargs):
        """Materialize the parameters for the arguments of a call; a subclass defines it."""
        raise NotImplementedError(f"{type(self).__name__}: no initialize_parameters is defined")

    def has_uninitialized_params(self):
        """Whether a parameter or buffer of this module has no shape yet."""
        return any(map(is_lazy, (*self._parameters.values(), *self._buffers.values())))

    def reset_parameters(self):
        """Draw the parameters anew, if they have a shape."""
        if not self.has_uninitialized_params():
            super().reset_parameters()


def _infer(module, args, kwargs):
    """The hook before the first call."""
    module.initialize_parameters(*args, **kwargs)
    if module.has_uninitialized_params():
        raise RuntimeError(
            f"{type(module).__name__}: expected initialize_parameters to materialize all parameters"
        )
    del module._call_hooks[module._initialize_hook], module._initialize_hook
    if module.cls_to_become is not None:
        module.__class__ = module.cls_to_become


class _Lazy(LazyModuleMixin):
    """A layer of the library without its first argument.

    It is made with a number of inputs that stands for any, and then loses its Tensors. The first
    call makes a layer for the right number and takes over that one's.
    """

    inferred = "in_channels"

    def __init__(self, stand_in, *args, **kwargs):
        super().__init__(stand_in, *args, **kwargs)
        self._options = args, kwargs
        setattr(self, self.inferred, 0)
        for name, parameter in self._parameters.items():
            if parameter is not None:
                setattr(self, name, UninitializedParameter(dtype=parameter.dtype))
        for name, buffer in self._buffers.items():
            if buffer is not None and buffer.ndim:
                setattr(self, name, UninitializedBuffer(dtype=buffer.dtype))

    def initialize_parameters(self, input, *args, **kwargs):
        """Give the parameters the shapes that fit an input, and draw them."""
        number = self._number_in(input)
        if self.has_uninitialized_params():
            options, named = self._options
            made = self.cls_to_become(number, *options, **named)
            with no_grad():
                for table in ("_parameters", "_buffers"):
                    for name, member in vars(self)[table].items():
                        if is_lazy(member):
                            value = vars(made)[table][name]
                            member.materialize(value.shape)
                            member[...] = value
        setattr(self, self.inferred, number)
        del self._options

    def _number_in(self, input):
        """How many channels (features) an input has."""
        ranks, axis = self._layout(input)
        if input.ndim not in ranks:
            raise ValueError(
                f"{type(self).__name__}: expected an input of {' or '.join(map(str, ranks))} axes, "
                f"got shape {input.shape}"
            )
        return input.shape[axis]


class LazyLinear(_Lazy, Linear):
    """A `Linear` layer that takes ``in_features`` from its first input.

    Parameters
    ----------
    out_features : int
    bias : bool, optional
    dtype : dtype, optional
        Of the parameters, float32 by default.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> layer = nn.LazyLinear(2)
    >>> layer(tl.ones((3, 4), dtype="float32")).shape, type(layer).__name__, layer.in_features
    ((3, 2), 'Linear', 4)
    """

    cls_to_become = Linear
    inferred = "in_features"

    def __init__(self, out_features, bias=True, dtype="float32"):
        super().__init__(1, out_features, bias, dtype)

    def _layout(self, input):
        return (max(input.ndim, 1),), -1


class _LazyConv(_Lazy):
    def __init__(
        self,
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
            groups if isinstance(groups, int) and groups > 0 else 1,
            *(out_channels, kernel_size, stride, padding, dilation, groups, bias),
            *(padding_mode, dtype),
        )

    def _layout(self, input):
        return (self.axes + 1, self.axes + 2), -self.axes - 1


class _LazyConvTranspose(_LazyConv):
    def __init__(
        self,
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
        _Lazy.__init__(
            self,
            groups if isinstance(groups, int) and groups > 0 else 1,
            *(out_channels, kernel_size, stride, padding, output_padding, groups, bias),
            *(dilation, padding_mode, dtype),
        )


class _LazyNorm(_Lazy):
    inferred = "num_features"

    def __init__(
        self,
        eps=1e-5,
        momentum=0.1,
        affine=True,
        track_running_stats=True,
        dtype="float32",
        *,
        bias=True,
    ):
        super().__init__(1, eps, momentum, affine, track_running_stats, dtype, bias=bias)

    def _layout(self, input):
        return self.ranks, 1


class _LazyInstanceNorm(_LazyNorm):
    def _layout(self, input):
        return self.ranks, 1 if input.ndim == max(self.ranks) else 0


class LazyConv1d(_LazyConv, Conv1d):
    """A `Conv1d` layer that takes ``in_channels`` from its first input.

    Parameters
    ----------
    out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, dtype
        As of `Conv1d`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.LazyConv1d(8, 3)(tl.zeros((1, 3, 9), dtype="float32")).shape
    (1, 8, 7)
    """

    cls_to_become = Conv1d


class LazyConv2d(_LazyConv, Conv2d):
    """A `Conv2d` layer that takes ``in_channels`` from its first input.

    Parameters
    ----------
    out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, dtype
        As of `Conv2d`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.LazyConv2d(8, 3)(tl.zeros((1, 3, 9, 9), dtype="float32")).shape
    (1, 8, 7, 7)
    """

    cls_to_become = Conv2d


class LazyConv3d(_LazyConv, Conv3d):
    """A `Conv3d` layer that takes ``in_channels`` from its first input.

    Parameters
    ----------
    out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, dtype
        As of `Conv3d`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.LazyConv3d(8, 3)(tl.zeros((1, 3, 9, 9, 9), dtype="float32")).shape
    (1, 8, 7, 7, 7)
    """

    cls_to_become = Conv3d


class LazyConvTranspose1d(_LazyConvTranspose, ConvTranspose1d):
    """A `ConvTranspose1d` layer that takes ``in_channels`` from its first input.

    Parameters
    ----------
    out_channels, kernel_size, stride, padding, output_padding, groups, bias, dilation, dtype
        As of `ConvTranspose1d`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.LazyConvTranspose1d(8, 3)(tl.zeros((1, 3, 9), dtype="float32")).shape
    (1, 8, 11)
    """

    cls_to_become = ConvTranspose1d


class LazyConvTranspose2d(_LazyConvTranspose, ConvTranspose2d):
    """A `ConvTranspose2d` layer that takes ``in_channels`` from its first input.

    Parameters
    ----------
    out_channels, kernel_size, stride, padding, output_padding, groups, bias, dilation, dtype
        As of `ConvTranspose2d`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.LazyConvTranspose2d(8, 3)(tl.zeros((1, 3, 9, 9), dtype="float32")).shape
    (1, 8, 11, 11)
    """

    cls_to_become = ConvTranspose2d


class LazyConvTranspose3d(_LazyConvTranspose, ConvTranspose3d):
    """A `ConvTranspose3d` layer that takes ``in_channels`` from its first input.

    Parameters
    ----------
    out_channels, kernel_size, stride, padding, output_padding, groups, bias, dilation, dtype
        As of `ConvTranspose3d`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.LazyConvTranspose3d(8, 3)(tl.zeros((1, 3, 9, 9, 9), dtype="float32")).shape
    (1, 8, 11, 11, 11)
    """

    cls_to_become = ConvTranspose3d


class LazyBatchNorm1d(_LazyNorm, BatchNorm1d):
    """A `BatchNorm1d` layer that takes ``num_features`` from its first input.

    Parameters
    ----------
    eps, momentum, affine, track_running_stats, dtype, bias
        As of `BatchNorm1d`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> layer = nn.LazyBatchNorm1d()
    >>> layer(tl.zeros((2, 3, 9), dtype="float32")).shape, layer.num_features
    ((2, 3, 9), 3)
    """

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_LazyNorm, BatchNorm2d):
    """A `BatchNorm2d` layer that takes ``num_features`` from its first input.

    Parameters
    ----------
    eps, momentum, affine, track_running_stats, dtype, bias
        As of `BatchNorm2d`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> layer = nn.LazyBatchNorm2d()
    >>> layer(tl.zeros((2, 3, 9, 9), dtype="float32")).shape, layer.num_features
    ((2, 3, 9, 9), 3)
    """

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_LazyNorm, BatchNorm3d):
    """A `BatchNorm3d` layer that takes ``num_features`` from its first input.

    Parameters
    ----------
    eps, momentum, affine, track_running_stats, dtype, bias
        As of `BatchNorm3d`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> layer = nn.LazyBatchNorm3d()
    >>> layer(tl.zeros((2, 3, 9, 9, 9), dtype="float32")).shape, layer.num_features
    ((2, 3, 9, 9, 9), 3)
    """

    cls_to_become = BatchNorm3d


class LazyInstanceNorm1d(_LazyInstanceNorm, InstanceNorm1d):
    """An `InstanceNorm1d` layer that takes ``num_features`` from its first input.

    Parameters
    ----------
    eps, momentum, affine, track_running_stats, dtype, bias
        As of `InstanceNorm1d`; `affine` and `track_running_stats` are true by default.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> layer = nn.LazyInstanceNorm1d()
    >>> layer(tl.zeros((2, 3, 9), dtype="float32")).shape, layer.num_features
    ((2, 3, 9), 3)
    """

    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(_LazyInstanceNorm, InstanceNorm2d):
    """An `InstanceNorm2d` layer that takes ``num_features`` from its first input.

    Parameters
    ----------
    eps, momentum, affine, track_running_stats, dtype, bias
        As of `InstanceNorm2d`; `affine` and `track_running_stats` are true by default.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> layer = nn.LazyInstanceNorm2d()
    >>> layer(tl.zeros((2, 3, 9, 9), dtype="float32")).shape, layer.num_features
    ((2, 3, 9, 9), 3)
    """

    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(_LazyInstanceNorm, InstanceNorm3d):
    """An `InstanceNorm3d` layer that takes ``num_features`` from its first input.

    Parameters
    ----------
    eps, momentum, affine, track_running_stats, dtype, bias
        As of `InstanceNorm3d`; `affine` and `track_running_stats` are true by default.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> layer = nn.LazyInstanceNorm3d()
    >>> layer(tl.zeros((2, 3, 9, 9, 9), dtype="float32")).shape, layer.num_features
    ((2, 3, 9, 9, 9), 3)
    """

    cls_to_become = InstanceNorm3d
