"""``RAdam``."""

import math

from tensorlib.optim.elementwise import Elementwise


class RAdam(Elementwise):
    r"""Adam with a rectified step (Liu et al. 2020, "On the variance of the adaptive learning rate
    and beyond", algorithm 2).

    The averages :math:`m` and :math:`v` are those of `Adam`. With
    :math:`\rho_\infty = 2 / (1 - \beta_2) - 1` and
    :math:`\rho_t = \rho_\infty - 2 t \beta_2^t / (1 - \beta_2^t)` the step is that of `Adam` times

    .. math::
        \sqrt{\frac{(\rho_t - 4) (\rho_t - 2) \rho_\infty}
        {(\rho_\infty - 4) (\rho_\infty - 2) \rho_t}},

    and while :math:`\rho_t \le 5` it is :math:`\gamma m / (1 - \beta_1^t)`.

    Parameters
    ----------
    params : iterable of Tensor, of (str, Tensor), or of dict
        As for `Optimizer`.
    lr : float, optional
        Step size :math:`\gamma`.
    betas : pair of floats, optional
    eps : float, optional
    weight_decay : float, optional
    decoupled_weight_decay : bool, optional
        Whether the decay is that of `AdamW`.
    maximize : bool, optional
        Whether to go up instead of down.

    Raises
    ------
    TypeError, ValueError
        As for `Optimizer`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import optim
    >>> w = tl.asarray([1.0]).requires_grad_()
    >>> optimizer = optim.RAdam([w], lr=0.25)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.item()
    0.5
    """

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        decoupled_weight_decay=False,
        *,
        maximize=False,
    ):
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _check(self, group):
        self._require_nonnegative(group, "lr", "eps", "weight_decay")
        self._require_betas(group)

    def _rule(self, group):
        return "radam", ("exp_avg", "exp_avg_sq")

    def _numbers(self, group, first, step):
        step += 1
        beta1, beta2 = group["betas"]
        correction = 1 - beta2**step
        rho_end = 2 / (1 - beta2) - 1
        rho = rho_end - 2 * step * beta2**step / correction
        rectified = 0.0
        if rho > 5:
            top = (rho - 4) * (rho - 2) * rho_end
            bottom = (rho_end - 4) * (rho_end - 2) * rho
            rectified = math.sqrt(top / bottom * correction)
        rate = group["lr"] / (1 - beta1**step)
        numbers = (1 - beta1, beta2, 1 - beta2, rate, rectified, group["eps"])
        return (*self._decay(group), *numbers), (step,)
