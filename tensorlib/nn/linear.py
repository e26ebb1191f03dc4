"""``Linear``."""

from tensorlib._core._functions import empty
from tensorlib.nn import functional, init
from tensorlib.nn.module import Module
from tensorlib.nn.parameter import Parameter


class Linear(Module):
    """An affine map of the last axis: ``x @ weight.T + bias``.

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
        if in_features < 0 or out_features < 0:
            raise ValueError(
                f"Linear: expected numbers of features >= 0, got {in_features} and {out_features}"
            )
        self.in_features = in_features
        self.out_features = out_features
        self.weight = Parameter(empty((out_features, in_features), dtype=dtype))
        self.bias = Parameter(empty(out_features, dtype=dtype)) if bias else None
        self.reset_parameters()

    def reset_parameters(self):
        """Draw the parameters anew."""
        init.reset_affine_(self.weight, self.bias)

    def forward(self, x):
        return functional.linear(x, self.weight, self.bias)

    def extra_repr(self):
        return f"{self.in_features}, {self.out_features}, bias={self.bias is not None}"
