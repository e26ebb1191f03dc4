"""``Adam`` and ``AdamW``."""

import math

from tensorlib.optim.elementwise import Elementwise


class Adam(Elementwise):
    r"""Adam (Kingma and Ba 2015, "Adam: a method for stochastic optimization", algorithm 1).

    With gradient :math:`g` (to which ``weight_decay * x`` is added) at step :math:`t`:
    :math:`m \leftarrow \beta_1 m + (1 - \beta_1) g`,
    :math:`v \leftarrow \beta_2 v + (1 - \beta_2) g^2`,
    :math:`x \leftarrow x - \gamma \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} +
    \epsilon}`.

    Parameters
    ----------
    params : iterable of Tensor, of (str, Tensor), or of dict
        As for `Optimizer`.
    lr : float, optional
        Step size :math:`\gamma`.
    betas : pair of floats, optional
    eps : float, optional
    weight_decay : float, optional
    amsgrad : bool, optional
        Whether the largest :math:`v` so far stands under the root (Reddi et al. 2018, "On the
        convergence of Adam and beyond").
    maximize : bool, optional
        Whether to go up instead of down.
    decoupled_weight_decay : bool, optional
        Whether the decay is that of `AdamW`.

    Raises
    ------
    TypeError, ValueError
        As for `Optimizer`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import optim
    >>> w = tl.asarray([1.0]).requires_grad_()
    >>> optimizer = optim.Adam([w], lr=0.25)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> round(w.item(), 6)
    0.75
    """

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        amsgrad=False,
        *,
        maximize=False,
        decoupled_weight_decay=False,
    ):
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def _check(self, group):
        self._require_nonnegative(group, "lr", "eps", "weight_decay")
        self._require_betas(group)

    def _rule(self, group):
        if group["amsgrad"]:
            return "amsgrad", ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")
        return "adam", ("exp_avg", "exp_avg_sq")

    def _numbers(self, group, first, step):
        step += 1
        beta1, beta2 = group["betas"]
        # Both corrections are numbers: one joins the step size, one the root.
        rate = group["lr"] / (1 - beta1**step)
        scale = 1 / math.sqrt(1 - beta2**step)
        numbers = (1 - beta1, beta2, 1 - beta2, rate, scale, group["eps"])
        return (*self._decay(group), *numbers), (step,)


class AdamW(Adam):
    r"""Adam with decoupled weight decay (Loshchilov and Hutter 2019, "Decoupled weight decay
    regularization", algorithm 2).

    The parameter is multiplied with ``1 - lr * weight_decay`` before the step of `Adam`, whose
    averages do not see the decay.

    Parameters
    ----------
    params : iterable of Tensor, of (str, Tensor), or of dict
        As for `Optimizer`.
    lr : float, optional
    betas : pair of floats, optional
    eps : float, optional
    weight_decay : float, optional
    amsgrad : bool, optional
    maximize : bool, optional
        As for `Adam`.

    Raises
    ------
    TypeError, ValueError
        As for `Optimizer`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import optim
    >>> w = tl.asarray([1.0]).requires_grad_()
    >>> optimizer = optim.AdamW([w], lr=0.25, weight_decay=0.5)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> round(w.item(), 6)
    0.625
    """

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=1e-2,
        amsgrad=False,
        *,
        maximize=False,
    ):
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            maximize=maximize,
            decoupled_weight_decay=True,
        )
