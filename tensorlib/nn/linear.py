"""``Linear``, ``Bilinear`` and ``Identity``."""

import math

from tensorlib._core._functions import empty
from tensorlib.nn import functional, init
from tensorlib.nn._arguments import int_tuple
from tensorlib.nn.module import Module
from tensorlib.nn.parameter import Parameter


class Identity(Module):
    """Returns its input; takes and ignores any arguments, to stand where another module did.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Identity(54, unused=True)(tl.ones(2)).tolist()
    [1.0, 1.0]
    """

    def __init__(self, *args, **kwargs):
        super().__init__()

    def forward(self, input):
        return input


class Linear(Module):
    """An affine map of the last axis: ``input @ weight.T + bias``.

    Parameters
    ----------
    in_features, out_features : int
    bias : bool, optional
    dtype : dtype, optional
        Of the parameters, float32 by default.

    Attributes
    ----------
    weight : Parameter, shape (out_features, in_features)
    bias : Parameter, shape (out_features,), or None
        Both are drawn uniformly from ``[-k, k)`` with ``k = 1 / sqrt(in_features)``.

    Raises
    ------
    TypeError
        If a number of features is no int.
    ValueError
        If a number of features is negative.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Linear(4, 2)(tl.ones((3, 4), dtype="float32")).shape
    (3, 2)
    """

    def __init__(self, in_features, out_features, bias=True, dtype="float32"):
        super().__init__()
        (self.in_features,) = int_tuple("Linear", "numbers of features", in_features, 1, 0)
        (self.out_features,) = int_tuple("Linear", "numbers of features", out_features, 1, 0)
        self.weight = Parameter(empty((out_features, in_features), dtype=dtype))
        self.bias = Parameter(empty(out_features, dtype=dtype)) if bias else None
        self.reset_parameters()

    def reset_parameters(self):
        """Draw the parameters anew."""
        init.reset_affine_(self.weight, self.bias)

    def forward(self, input):
        return functional.linear(input, self.weight, self.bias)

    def extra_repr(self):
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class Bilinear(Module):
    """Maps two vectors to one, linearly in each: ``input1 @ weight[k] @ input2 + bias[k]``.

    Parameters
    ----------
    in1_features, in2_features, out_features : int
    bias : bool, optional
    dtype : dtype, optional
        Of the parameters, float32 by default.

    Attributes
    ----------
    weight : Parameter, shape (out_features, in1_features, in2_features)
    bias : Parameter, shape (out_features,), or None
        Both are drawn uniformly from ``[-k, k)`` with ``k = 1 / sqrt(in1_features)``.

    Raises
    ------
    TypeError
        If a number of features is no int.
    ValueError
        If a number of features is negative, or `in1_features` zero.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> a, b = tl.ones((5, 2), dtype="float32"), tl.ones((5, 3), dtype="float32")
    >>> nn.Bilinear(2, 3, 4)(a, b).shape
    (5, 4)
    """

    def __init__(self, in1_features, in2_features, out_features, bias=True, dtype="float32"):
        super().__init__()
        (self.in1_features,) = int_tuple("Bilinear", "in1_features", in1_features, 1, 1)
        (self.in2_features,) = int_tuple("Bilinear", "in2_features", in2_features, 1, 0)
        (self.out_features,) = int_tuple("Bilinear", "out_features", out_features, 1, 0)
        self.weight = Parameter(empty((out_features, in1_features, in2_features), dtype=dtype))
        self.bias = Parameter(empty(out_features, dtype=dtype)) if bias else None
        self.reset_parameters()

    def reset_parameters(self):
        """Draw the parameters anew."""
        bound = 1 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1, input2):
        return functional.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self):
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )
