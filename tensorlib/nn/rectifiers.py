"""Layers of activations that are linear where the input is positive."""

from tensorlib._core._functions import full
from tensorlib.nn import functional, init
from tensorlib.nn._arguments import int_tuple
from tensorlib.nn._in_place import InPlace
from tensorlib.nn.module import Module
from tensorlib.nn.parameter import Parameter


class Threshold(InPlace):
    """Replace what is not above a threshold by a value.

    Inputs and results are Tensors of one shape; see `functional.threshold`.

    Parameters
    ----------
    threshold, value : float
    inplace : bool, optional
        Whether the input is written, and returned.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Threshold(1.0, -3.0)(tl.asarray([0.5, 2.0])).tolist()
    [-3.0, 2.0]
    """

    def __init__(self, threshold, value, inplace=False):
        super().__init__(inplace)
        self.threshold = threshold
        self.value = value

    def forward(self, input):
        return functional.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self):
        return self.with_inplace(f"threshold={self.threshold}, value={self.value}")


class ReLU(InPlace):
    """Replace what is below zero by zero.

    Inputs and results are Tensors of one shape; see `functional.relu`.

    Parameters
    ----------
    inplace : bool, optional
        Whether the input is written, and returned.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.ReLU()(tl.asarray([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    def forward(self, input):
        return functional.relu(input, self.inplace)


class Hardtanh(InPlace):
    """Limit to an interval.

    Inputs and results are Tensors of one shape; see `functional.hardtanh`.

    Parameters
    ----------
    min_val, max_val : float, optional
    inplace : bool, optional
        Whether the input is written, and returned.

    Raises
    ------
    ValueError
        If `min_val` is not below `max_val`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Hardtanh()(tl.asarray([-3.0, 0.5, 3.0])).tolist()
    [-1.0, 0.5, 1.0]
    """

    def __init__(self, min_val=-1.0, max_val=1.0, inplace=False):
        super().__init__(inplace)
        if not min_val < max_val:
            raise ValueError(f"Hardtanh: expected min_val < max_val, got {min_val} and {max_val}")
        self.min_val = min_val
        self.max_val = max_val

    def forward(self, input):
        return functional.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self):
        return self.with_inplace(f"min_val={self.min_val}, max_val={self.max_val}")


class ReLU6(InPlace):
    """Limit to [0, 6].

    Inputs and results are Tensors of one shape; see `functional.relu6`.

    Parameters
    ----------
    inplace : bool, optional
        Whether the input is written, and returned.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.ReLU6()(tl.asarray([-1.0, 2.0, 8.0])).tolist()
    [0.0, 2.0, 6.0]
    """

    min_val, max_val = 0.0, 6.0

    def forward(self, input):
        return functional.relu6(input, self.inplace)


class LeakyReLU(InPlace):
    """Multiply what is not positive by a slope.

    Inputs and results are Tensors of one shape; see `functional.leaky_relu`.

    Parameters
    ----------
    negative_slope : float, optional
    inplace : bool, optional
        Whether the input is written, and returned.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.LeakyReLU(0.25)(tl.asarray([-1.0, 2.0])).tolist()
    [-0.25, 2.0]
    """

    def __init__(self, negative_slope=0.01, inplace=False):
        super().__init__(inplace)
        self.negative_slope = negative_slope

    def forward(self, input):
        return functional.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self):
        return self.with_inplace(f"negative_slope={self.negative_slope}")


class PReLU(Module):
    """Multiply what is not positive by a slope that is learned.

    "Delving Deep into Rectifiers" (He et al., 2015), section 2.1. Inputs are of shape (N, C, ...);
    see `functional.prelu`.

    Parameters
    ----------
    num_parameters : int, optional
        One slope for all channels, or one for each.
    init : float, optional
        What the slopes are at first.
    dtype : dtype, optional
        Of the parameter.

    Attributes
    ----------
    weight : Parameter
        Of shape (num_parameters,).

    Raises
    ------
    TypeError
        If `num_parameters` is no int.
    ValueError
        If it is less than 1.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.PReLU()(tl.asarray([-1.0, 2.0], dtype="float32")).tolist()
    [-0.25, 2.0]
    """

    def __init__(self, num_parameters=1, init=0.25, dtype="float32"):
        super().__init__()
        (self.num_parameters,) = int_tuple("PReLU", "num_parameters", num_parameters, 1, 1)
        self.init = init
        self.weight = Parameter(full((self.num_parameters,), init, dtype=dtype))

    def reset_parameters(self):
        """Give the slopes their first value again."""
        init.constant_(self.weight, self.init)

    def forward(self, input):
        return functional.prelu(input, self.weight)

    def extra_repr(self):
        return f"num_parameters={self.num_parameters}"


class RReLU(InPlace):
    """Multiply what is not positive by slopes that training draws at random.

    Inputs and results are Tensors of one shape; see `functional.rrelu`.

    Parameters
    ----------
    lower, upper : float, optional
        The slopes are uniform between these; in evaluation, their mean.
    inplace : bool, optional
        Whether the input is written, and returned.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.RReLU(0.25, 0.75).eval()(tl.asarray([-1.0, 2.0])).tolist()
    [-0.5, 2.0]
    """

    def __init__(self, lower=1.0 / 8, upper=1.0 / 3, inplace=False):
        super().__init__(inplace)
        self.lower = lower
        self.upper = upper

    def forward(self, input):
        return functional.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self):
        return self.with_inplace(f"lower={self.lower}, upper={self.upper}")


class ELU(InPlace):
    """Replace what is not positive by ``alpha * (exp(x) - 1)``.

    Inputs and results are Tensors of one shape; see `functional.elu`.

    Parameters
    ----------
    alpha : float, optional
    inplace : bool, optional
        Whether the input is written, and returned.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.ELU(0.5)(tl.asarray([-tl.inf, 2.0])).tolist()
    [-0.5, 2.0]
    """

    def __init__(self, alpha=1.0, inplace=False):
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, input):
        return functional.elu(input, self.alpha, self.inplace)

    def extra_repr(self):
        return self.with_inplace(f"alpha={self.alpha}")


class SELU(InPlace):
    """Scaled `ELU`, which preserves mean zero and variance one.

    Inputs and results are Tensors of one shape; see `functional.selu`.

    Parameters
    ----------
    inplace : bool, optional
        Whether the input is written, and returned.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.SELU()(tl.asarray([-1.0, 1.0]))
    tensor([-1.11133074,  1.05070099])
    """

    def forward(self, input):
        return functional.selu(input, self.inplace)


class CELU(InPlace):
    """Replace what is not positive by ``alpha * (exp(x / alpha) - 1)``.

    Inputs and results are Tensors of one shape; see `functional.celu`.

    Parameters
    ----------
    alpha : float, optional
        Not zero.
    inplace : bool, optional
        Whether the input is written, and returned.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.CELU(0.5)(tl.asarray([-tl.inf, 2.0])).tolist()
    [-0.5, 2.0]
    """

    def __init__(self, alpha=1.0, inplace=False):
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, input):
        return functional.celu(input, self.alpha, self.inplace)

    def extra_repr(self):
        return self.with_inplace(f"alpha={self.alpha}")
