"""Losses of numbers."""

from tensorlib.nn import functional
from tensorlib.nn.loss._base import Loss


class L1Loss(Loss):
    """Mean of the absolute value of the difference.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}, optional

    See Also
    --------
    tensorlib.nn.functional.l1_loss : Shapes and errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.L1Loss()(tl.asarray([1.0, 4.0]), tl.asarray([2.0, 2.0])).item()
    1.5
    """

    def forward(self, input, target):
        return functional.l1_loss(input, target, reduction=self.reduction)


class MSELoss(Loss):
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

    def forward(self, input, target):
        return functional.mse_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(Loss):
    """Square of small differences, and the absolute value of others.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}, optional
    beta : float, optional
        Where the two meet.

    See Also
    --------
    tensorlib.nn.functional.smooth_l1_loss : Shapes and errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.SmoothL1Loss(reduction="sum")(tl.asarray([0.5, 3.0]), tl.zeros(2)).item()
    2.625
    """

    def __init__(self, reduction="mean", beta=1.0):
        super().__init__(reduction)
        self.beta = beta

    def forward(self, input, target):
        return functional.smooth_l1_loss(input, target, beta=self.beta, reduction=self.reduction)


class HuberLoss(Loss):
    """Half the square of small differences, and a linear function of others.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}, optional
    delta : float, optional
        Where the two meet.

    See Also
    --------
    tensorlib.nn.functional.huber_loss : Shapes and errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.HuberLoss("sum", delta=2.0)(tl.asarray([1.0, 3.0]), tl.zeros(2)).item()
    4.5
    """

    def __init__(self, reduction="mean", delta=1.0):
        super().__init__(reduction)
        self.delta = delta

    def forward(self, input, target):
        return functional.huber_loss(input, target, delta=self.delta, reduction=self.reduction)


class KLDivLoss(Loss):
    """Kullback-Leibler divergence of a distribution from the target.

    Parameters
    ----------
    reduction : {"mean", "batchmean", "sum", "none"}, optional
    log_target : bool, optional
        Whether the target holds logarithms of probabilities too.

    See Also
    --------
    tensorlib.nn.functional.kl_div : Shapes and errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> x = tl.log(tl.asarray([0.25, 0.75]))
    >>> round(nn.KLDivLoss("sum")(x, tl.asarray([0.5, 0.5])).item(), 4)
    0.1438
    """

    def __init__(self, reduction="mean", log_target=False):
        super().__init__(reduction)
        self.log_target = log_target

    def forward(self, input, target):
        return functional.kl_div(
            input, target, log_target=self.log_target, reduction=self.reduction
        )


class PoissonNLLLoss(Loss):
    """Negative log-likelihood of counts that have a Poisson distribution.

    Parameters
    ----------
    log_input : bool, optional
        Whether the input holds the logarithms of the rates.
    full : bool, optional
        Whether to add Stirling's formula for the term without the rate.
    eps : float, optional
        Added to a rate before its logarithm is taken.
    reduction : {"mean", "sum", "none"}, optional

    See Also
    --------
    tensorlib.nn.functional.poisson_nll_loss : Shapes and errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.PoissonNLLLoss()(tl.asarray([0.0, 0.0]), tl.asarray([2.0, 5.0])).item()
    1.0
    """

    def __init__(self, log_input=True, full=False, eps=1e-8, reduction="mean"):
        super().__init__(reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, log_input, target):
        return functional.poisson_nll_loss(
            log_input,
            target,
            log_input=self.log_input,
            full=self.full,
            eps=self.eps,
            reduction=self.reduction,
        )


class GaussianNLLLoss(Loss):
    """Negative log-likelihood of numbers that have a normal distribution.

    Parameters
    ----------
    full : bool, optional
        Whether to add the constant term.
    eps : float, optional
        The least variance.
    reduction : {"mean", "sum", "none"}, optional

    See Also
    --------
    tensorlib.nn.functional.gaussian_nll_loss : Shapes and errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.GaussianNLLLoss()(tl.asarray([0.0]), tl.asarray([2.0]), tl.ones(1)).item()
    2.0
    """

    def __init__(self, *, full=False, eps=1e-6, reduction="mean"):
        super().__init__(reduction)
        self.full = full
        self.eps = eps

    def forward(self, input, target, var):
        return functional.gaussian_nll_loss(
            input, target, var, full=self.full, eps=self.eps, reduction=self.reduction
        )
