"""Normalization of one sample at a time: layers, groups of channels, neighbouring channels."""

from tensorlib._core._functions import empty
from tensorlib.nn import functional, init
from tensorlib.nn._arguments import int_tuple
from tensorlib.nn.module import Module
from tensorlib.nn.parameter import Parameter


class _AffineNorm(Module):
    """Has a weight of ones and a bias of zeros, or None for what is not wanted."""

    def _make_affine(self, shape, weight, bias, dtype):
        self.weight = Parameter(empty(shape, dtype=dtype)) if weight else None
        self.bias = Parameter(empty(shape, dtype=dtype)) if bias else None
        self.reset_parameters()

    def reset_parameters(self):
        """Set the weight to ones and the bias to zeros."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)


class LayerNorm(_AffineNorm):
    """Gives mean zero and variance one over the last axes, then an affine map.

    Parameters
    ----------
    normalized_shape : int or sequence of int
        Of the axes to take mean and variance over.
    eps : float, optional
        Added to the variance.
    elementwise_affine : bool, optional
        Whether there is a weight, and a bias.
    bias : bool, optional
        Whether there is a bias, if there is a weight.
    dtype : dtype, optional
        Of the parameters, float32 by default.

    Attributes
    ----------
    weight, bias : Parameter, shape normalized_shape, or None
        At first ones and zeros.

    Raises
    ------
    TypeError
        If `normalized_shape` is not of ints.
    ValueError
        If it is empty or has a negative number.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.LayerNorm(2, eps=0.0, dtype="float64")(tl.asarray([[1.0, 3.0]])).tolist()
    [[-1.0, 1.0]]
    """

    def __init__(
        self, normalized_shape, eps=1e-5, elementwise_affine=True, bias=True, dtype="float32"
    ):
        super().__init__()
        self.normalized_shape = _shape_of("LayerNorm", normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self._make_affine(
            self.normalized_shape, elementwise_affine, elementwise_affine and bias, dtype
        )

    def forward(self, input):
        return functional.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self):
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        )


class RMSNorm(Module):
    """Divides by the root of the mean square over the last axes, then multiplies by a weight.

    Parameters
    ----------
    normalized_shape : int or sequence of int
        Of the axes to take the mean over.
    eps : float, optional
        Added to the mean square; by default the spacing of numbers of the input's dtype at one.
    elementwise_affine : bool, optional
        Whether there is a weight.
    dtype : dtype, optional
        Of the weight, float32 by default.

    Attributes
    ----------
    weight : Parameter, shape normalized_shape, or None
        At first ones.

    Raises
    ------
    TypeError
        If `normalized_shape` is not of ints.
    ValueError
        If it is empty or has a negative number.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.RMSNorm(2, eps=0.0, dtype="float64")(tl.asarray([[3.0, -3.0]])).tolist()
    [[1.0, -1.0]]
    """

    def __init__(self, normalized_shape, eps=None, elementwise_affine=True, dtype="float32"):
        super().__init__()
        self.normalized_shape = _shape_of("RMSNorm", normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self.weight = (
            Parameter(empty(self.normalized_shape, dtype=dtype)) if elementwise_affine else None
        )
        self.reset_parameters()

    def reset_parameters(self):
        """Set the weight to ones."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, x):
        return functional.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self):
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        )


class GroupNorm(_AffineNorm):
    """Gives each group of channels of each sample mean zero and variance one, then an affine map.

    Parameters
    ----------
    num_groups : int
    num_channels : int
        A multiple of `num_groups`.
    eps : float, optional
        Added to the variance.
    affine : bool, optional
        Whether there are a weight and a bias for each channel.
    dtype : dtype, optional
        Of the parameters, float32 by default.
    bias : bool, optional
        Whether there is a bias, if there is a weight.

    Attributes
    ----------
    weight, bias : Parameter, shape (num_channels,), or None
        At first ones and zeros.

    Raises
    ------
    TypeError
        If a number is no int.
    ValueError
        If the channels do not fall into so many groups.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> layer = nn.GroupNorm(2, 4, eps=0.0, dtype="float64")
    >>> layer(tl.asarray([[1.0, 3.0, 10.0, 30.0]])).tolist()
    [[-1.0, 1.0, -1.0, 1.0]]
    """

    def __init__(
        self, num_groups, num_channels, eps=1e-5, affine=True, dtype="float32", *, bias=True
    ):
        super().__init__()
        (self.num_groups,) = int_tuple("GroupNorm", "num_groups", num_groups, 1, 1)
        (self.num_channels,) = int_tuple("GroupNorm", "num_channels", num_channels, 1, 0)
        if self.num_channels % self.num_groups:
            raise ValueError(
                "GroupNorm: expected num_channels to be a multiple of num_groups, "
                f"got {num_channels} and {num_groups}"
            )
        self.eps = eps
        self.affine = affine
        self._make_affine(self.num_channels, affine, affine and bias, dtype)

    def forward(self, input):
        if input.ndim < 2 or input.shape[1] != self.num_channels:
            raise ValueError(
                f"GroupNorm: expected an input of shape (N, {self.num_channels}, ...), "
                f"got {input.shape}"
            )
        return functional.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self):
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class LocalResponseNorm(Module):
    """Divides by a power of the mean square of neighbouring channels.

    `functional.local_response_norm` as a module.

    Parameters
    ----------
    size : int
        Number of channels.
    alpha, beta, k : float, optional

    Raises
    ------
    TypeError
        If `size` is no int.
    ValueError
        If it is less than one.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.LocalResponseNorm(1, alpha=1.0, beta=1.0)(tl.ones((1, 2, 1))).flatten().tolist()
    [0.5, 0.5]
    """

    def __init__(self, size, alpha=1e-4, beta=0.75, k=1.0):
        super().__init__()
        (self.size,) = int_tuple("LocalResponseNorm", "size", size, 1, 1)
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input):
        return functional.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self):
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


def _shape_of(operation, normalized_shape):
    """The shape as a tuple of ints; one int is a tuple, too."""
    if not isinstance(normalized_shape, tuple | list):
        normalized_shape = (normalized_shape,)
    if not normalized_shape:
        raise ValueError(f"{operation}: expected a normalized_shape of at least one axis, got ()")
    count = len(normalized_shape)
    return int_tuple(operation, "normalized_shape", normalized_shape, count, 0)
