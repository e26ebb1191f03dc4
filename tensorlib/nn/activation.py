"""Layers of smooth activations, gates, and probabilities along an axis."""

from tensorlib.nn import functional
from tensorlib.nn._in_place import InPlace
from tensorlib.nn.module import Module


class Sigmoid(Module):
    """Logistic function ``1 / (1 + exp(-x))``.

    Inputs and results are Tensors of one shape; see `functional.sigmoid`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Sigmoid()(tl.asarray([0.0])).tolist()
    [0.5]
    """

    def forward(self, input):
        return functional.sigmoid(input)


class Tanh(Module):
    """Hyperbolic tangent.

    Inputs and results are Tensors of one shape; see `functional.tanh`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Tanh()(tl.asarray([0.0])).tolist()
    [0.0]
    """

    def forward(self, input):
        return functional.tanh(input)


class LogSigmoid(Module):
    """Logarithm of the logistic function.

    Inputs and results are Tensors of one shape; see `functional.logsigmoid`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.LogSigmoid()(tl.asarray([-1000.0])).tolist()
    [-1000.0]
    """

    def forward(self, input):
        return functional.logsigmoid(input)


class Softplus(Module):
    """Smooth `ReLU`: ``log(1 + exp(beta * x)) / beta``.

    Inputs and results are Tensors of one shape; see `functional.softplus`.

    Parameters
    ----------
    beta : float, optional
        Not zero.
    threshold : float, optional
        Where ``beta * x`` is above this, the result is `x` itself.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Softplus()(tl.asarray([-1000.0, 1000.0])).tolist()
    [0.0, 1000.0]
    """

    def __init__(self, beta=1.0, threshold=20.0):
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input):
        return functional.softplus(input, self.beta, self.threshold)

    def extra_repr(self):
        return f"beta={self.beta}, threshold={self.threshold}"


class Softsign(Module):
    """``x / (1 + abs(x))``.

    Inputs and results are Tensors of one shape; see `functional.softsign`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Softsign()(tl.asarray([-1.0, 3.0])).tolist()
    [-0.5, 0.75]
    """

    def forward(self, input):
        return functional.softsign(input)


class Tanhshrink(Module):
    """``x - tanh(x)``.

    Inputs and results are Tensors of one shape; see `functional.tanhshrink`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Tanhshrink()(tl.asarray([0.0, 100.0])).tolist()
    [0.0, 99.0]
    """

    def forward(self, input):
        return functional.tanhshrink(input)


class Hardshrink(Module):
    """Replace what is in [-lambd, lambd] by zero.

    Inputs and results are Tensors of one shape; see `functional.hardshrink`.

    Parameters
    ----------
    lambd : float, optional

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Hardshrink()(tl.asarray([-2.0, 0.5, 2.0])).tolist()
    [-2.0, 0.0, 2.0]
    """

    def __init__(self, lambd=0.5):
        super().__init__()
        self.lambd = lambd

    def forward(self, input):
        return functional.hardshrink(input, self.lambd)

    def extra_repr(self):
        return f"{self.lambd}"


class Softshrink(Module):
    """Move towards zero by at most `lambd`.

    Inputs and results are Tensors of one shape; see `functional.softshrink`.

    Parameters
    ----------
    lambd : float, optional
        Not negative.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Softshrink()(tl.asarray([-2.0, 0.5, 2.0])).tolist()
    [-1.5, 0.0, 1.5]
    """

    def __init__(self, lambd=0.5):
        super().__init__()
        self.lambd = lambd

    def forward(self, input):
        return functional.softshrink(input, self.lambd)

    def extra_repr(self):
        return f"{self.lambd}"


class Hardsigmoid(InPlace):
    """Piecewise linear function that resembles `Sigmoid`.

    Inputs and results are Tensors of one shape; see `functional.hardsigmoid`.

    Parameters
    ----------
    inplace : bool, optional
        Whether the input is written, and returned.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Hardsigmoid()(tl.asarray([-4.0, 0.0, 4.0])).tolist()
    [0.0, 0.5, 1.0]
    """

    def forward(self, input):
        return functional.hardsigmoid(input, self.inplace)


class Hardswish(InPlace):
    """Input times `Hardsigmoid` of it.

    Inputs and results are Tensors of one shape; see `functional.hardswish`.

    Parameters
    ----------
    inplace : bool, optional
        Whether the input is written, and returned.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Hardswish()(tl.asarray([-4.0, 1.5, 4.0])).tolist()
    [-0.0, 1.125, 4.0]
    """

    def forward(self, input):
        return functional.hardswish(input, self.inplace)


class GELU(Module):
    """Input times the normal distribution function of it.

    Inputs and results are Tensors of one shape; see `functional.gelu`.

    Parameters
    ----------
    approximate : {"none", "tanh"}, optional
        With "tanh" the distribution function is replaced by one of a hyperbolic tangent.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.GELU()(tl.asarray([-1.0, 0.0, 1.0]))
    tensor([-0.15865525,  0.        ,  0.84134475])
    """

    def __init__(self, approximate="none"):
        super().__init__()
        self.approximate = approximate

    def forward(self, input):
        return functional.gelu(input, self.approximate)

    def extra_repr(self):
        return f"approximate={self.approximate!r}"


class SiLU(InPlace):
    """Input times `Sigmoid` of it.

    Inputs and results are Tensors of one shape; see `functional.silu`.

    Parameters
    ----------
    inplace : bool, optional
        Whether the input is written, and returned.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.SiLU()(tl.asarray([-1.0, 0.0, 1.0]))
    tensor([-0.26894142,  0.        ,  0.73105858])
    """

    def forward(self, input):
        return functional.silu(input, self.inplace)


class Mish(InPlace):
    """Input times the hyperbolic tangent of `Softplus` of it.

    Inputs and results are Tensors of one shape; see `functional.mish`.

    Parameters
    ----------
    inplace : bool, optional
        Whether the input is written, and returned.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Mish()(tl.asarray([-1.0, 0.0, 1.0]))
    tensor([-0.30340146,  0.        ,  0.86509839])
    """

    def forward(self, input):
        return functional.mish(input, self.inplace)


class GLU(Module):
    """First half along an axis times `Sigmoid` of the second.

    Results are half as long along the axis; see `functional.glu`.

    Parameters
    ----------
    dim : int, optional
        The axis, of an even length.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.GLU()(tl.asarray([2.0, 4.0, 0.0, 1000.0])).tolist()
    [1.0, 4.0]
    """

    def __init__(self, dim=-1):
        super().__init__()
        self.dim = dim

    def forward(self, input):
        return functional.glu(input, self.dim)

    def extra_repr(self):
        return f"dim={self.dim}"


class Softmax(Module):
    """Probabilities that sum to one along an axis.

    Inputs and results are Tensors of one shape; see `functional.softmax`.

    Parameters
    ----------
    dim : int, optional
        The axis. Without it, 0 for an input of 0, 1 or 3 axes and 1 for others, with a warning.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Softmax(dim=0)(tl.asarray([1.0, 1.0])).tolist()
    [0.5, 0.5]
    """

    def __init__(self, dim=None):
        super().__init__()
        self.dim = dim

    def forward(self, input):
        return functional.softmax(input, self.dim)

    def extra_repr(self):
        return f"dim={self.dim}"


class LogSoftmax(Softmax):
    """Logarithm of `Softmax`, accurate where probabilities are small.

    Inputs and results are Tensors of one shape; see `functional.log_softmax`.

    Parameters
    ----------
    dim : int, optional
        The axis. Without it, 0 for an input of 0, 1 or 3 axes and 1 for others, with a warning.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.LogSoftmax(dim=0)(tl.asarray([0.0, -1000.0])).tolist()
    [0.0, -1000.0]
    """

    def forward(self, input):
        return functional.log_softmax(input, self.dim)


class Softmin(Softmax):
    """`Softmax` of the negative input.

    Inputs and results are Tensors of one shape; see `functional.softmin`.

    Parameters
    ----------
    dim : int, optional
        The axis. Without it, 0 for an input of 0, 1 or 3 axes and 1 for others, with a warning.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Softmin(dim=0)(tl.asarray([0.0, 1000.0])).tolist()
    [1.0, 0.0]
    """

    def forward(self, input):
        return functional.softmin(input, self.dim)


class Softmax2d(Module):
    """`Softmax` over the channels of images, at each place.

    Inputs and results are Tensors of one shape, (N, C, H, W) or (C, H, W).

    Raises
    ------
    ValueError
        At a call, if the input is of another shape.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Softmax2d()(tl.zeros((2, 3, 3)))[:, 0, 0].tolist()
    [0.5, 0.5]
    """

    def forward(self, input):
        if input.ndim not in (3, 4):
            raise ValueError(
                f"Softmax2d: expected input of shape (N, C, H, W) or (C, H, W), got {input.shape}"
            )
        return functional.softmax(input, -3)
