"""``NAdam``."""

import math

from tensorlib.optim.elementwise import Elementwise


class NAdam(Elementwise):
    r"""Adam with Nesterov's momentum (Dozat 2016, "Incorporating Nesterov momentum into Adam").

    The averages :math:`m` and :math:`v` are those of `Adam`. With
    :math:`\mu_t = \beta_1 (1 - 0.96^{t \psi} / 2)` and the product :math:`P_t` of
    :math:`\mu_1 \ldots \mu_t`, the parameter moves by

    .. math::
        -\gamma \left(\frac{\mu_{t+1} m}{1 - P_{t+1}} + \frac{(1 - \mu_t) g}{1 - P_t}\right)
        \Big/ \left(\sqrt{v / (1 - \beta_2^t)} + \epsilon\right).

    Parameters
    ----------
    params : iterable of Tensor, of (str, Tensor), or of dict
        As for `Optimizer`.
    lr : float, optional
        Step size :math:`\gamma`.
    betas : pair of floats, optional
    eps : float, optional
    weight_decay : float, optional
    momentum_decay : float, optional
        :math:`\psi`.
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
    >>> optimizer = optim.NAdam([w], lr=0.25)
    >>> for _ in range(20):
    ...     optimizer.zero_grad()
    ...     (w * w).sum().backward()
    ...     optimizer.step()
    >>> abs(w.item()) < 0.3
    True
    """

    scalars = ("step", "mu_product")

    def __init__(
        self,
        params,
        lr=2e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        momentum_decay=4e-3,
        decoupled_weight_decay=False,
        *,
        maximize=False,
    ):
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _check(self, group):
        self._require_nonnegative(group, "lr", "eps", "weight_decay", "momentum_decay")
        self._require_betas(group)

    def _rule(self, group):
        return "nadam", ("exp_avg", "exp_avg_sq")

    def _start(self, group):
        return {"step": 0, "mu_product": 1.0}

    def _numbers(self, group, first, step, mu_product):
        step += 1
        beta1, beta2 = group["betas"]
        lr, decay = group["lr"], group["momentum_decay"]
        mu, next_mu = (beta1 * (1 - 0.5 * 0.96 ** (t * decay)) for t in (step, step + 1))
        mu_product *= mu
        rate = lr * next_mu / (1 - mu_product * next_mu)
        rate_gradient = lr * (1 - mu) / (1 - mu_product)
        scale = 1 / math.sqrt(1 - beta2**step)
        numbers = (1 - beta1, beta2, 1 - beta2, rate, rate_gradient, scale, group["eps"])
        return (*self._decay(group), *numbers), (step, mu_product)
