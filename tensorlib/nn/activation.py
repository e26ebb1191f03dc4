"""Activations: functions of the elements, or of one axis."""

from tensorlib._core._functions import tanh
from tensorlib.nn import functional
from tensorlib.nn.module import Module


class ReLU(Module):
    """Replace what is below zero by zero.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.ReLU()(tl.asarray([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    def forward(self, x):
        return functional.relu(x)


class Sigmoid(Module):
    """Logistic function ``1 / (1 + exp(-x))``.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Sigmoid()(tl.asarray([0.0])).tolist()
    [0.5]
    """

    def forward(self, x):
        return functional.sigmoid(x)


class Tanh(Module):
    """Hyperbolic tangent.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Tanh()(tl.asarray([0.0])).tolist()
    [0.0]
    """

    def forward(self, x):
        return tanh(x)


class Softmax(Module):
    """Probabilities that sum to one along an axis.

    Parameters
    ----------
    dim : int, optional
        The axis.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Softmax(dim=0)(tl.asarray([1.0, 1.0])).tolist()
    [0.5, 0.5]
    """

    def __init__(self, dim=-1):
        super().__init__()
        self.dim = dim

    def forward(self, x):
        return functional.softmax(x, self.dim)

    def extra_repr(self):
        return f"dim={self.dim}"


class LogSoftmax(Softmax):
    """Logarithm of `Softmax`, accurate where probabilities are small.

    Parameters
    ----------
    dim : int, optional
        The axis.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.LogSoftmax()(tl.asarray([0.0, -1000.0])).tolist()
    [0.0, -1000.0]
    """

    def forward(self, x):
        return functional.log_softmax(x, self.dim)
