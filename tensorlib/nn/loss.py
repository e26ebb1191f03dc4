"""Losses: how far a result is from what was wanted."""

from tensorlib.nn import functional
from tensorlib.nn.module import Module


class NLLLoss(Module):
    """Negative log-likelihood of the true classes.

    Parameters
    ----------
    weight : Tensor, shape (C,), optional
        What each class counts.
    ignore_index : int, optional
        Where the target is this, nothing is counted.
    reduction : {"mean", "sum", "none"}, optional

    See Also
    --------
    tensorlib.nn.functional.nll_loss : Shapes and errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.NLLLoss()(tl.asarray([[-0.5, -2.0]]), tl.asarray([1])).item()
    2.0
    """

    def __init__(self, weight=None, ignore_index=-100, reduction="mean"):
        super().__init__()
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.reduction = reduction

    def forward(self, x, target):
        return functional.nll_loss(x, target, self.weight, self.ignore_index, self.reduction)


class CrossEntropyLoss(NLLLoss):
    """Negative log-likelihood of the true classes, from scores of any size.

    Parameters
    ----------
    weight : Tensor, shape (C,), optional
        What each class counts.
    ignore_index : int, optional
        Where the target is this, nothing is counted.
    reduction : {"mean", "sum", "none"}, optional

    See Also
    --------
    tensorlib.nn.functional.cross_entropy : Shapes and errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> round(nn.CrossEntropyLoss()(tl.zeros((1, 10)), tl.asarray([1])).item(), 4)
    2.3026
    """

    def forward(self, x, target):
        return functional.cross_entropy(x, target, self.weight, self.ignore_index, self.reduction)


class MSELoss(Module):
    """Mean square of the difference.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}, optional

    See Also
    --------
    tensorlib.nn.functional.mse_loss : Shapes and errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.MSELoss()(tl.asarray([1.0, 3.0]), tl.asarray([1.0, 1.0])).item()
    2.0
    """

    def __init__(self, reduction="mean"):
        super().__init__()
        self.reduction = reduction

    def forward(self, x, target):
        return functional.mse_loss(x, target, self.reduction)
