"""``Adam``."""

import math

from tensorlib._core._functions import sqrt, square
from tensorlib.optim.optimizer import Optimizer


class Adam(Optimizer):
    r"""Adam (Kingma and Ba 2015, "Adam: a method for stochastic optimization", algorithm 1).

    With gradient :math:`g` (to which ``weight_decay * x`` is added) at step :math:`t`:
    :math:`m \leftarrow \beta_1 m + (1 - \beta_1) g`,
    :math:`v \leftarrow \beta_2 v + (1 - \beta_2) g^2`,
    :math:`x \leftarrow x - \gamma \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} +
    \epsilon}`.

    Parameters
    ----------
    parameters : iterable of Tensor, or of dict
        As for `Optimizer`.
    lr : float, optional
        Step size :math:`\gamma`.
    betas : pair of floats, optional
    eps : float, optional
    weight_decay : float, optional

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

    def __init__(self, parameters, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(parameters, defaults)

    def _check(self, group):
        for name in ("lr", "eps", "weight_decay"):
            self._require(group[name] >= 0, f"{name} >= 0", group[name])
        valid = len(group["betas"]) == 2 and all(0 <= beta < 1 for beta in group["betas"])
        self._require(valid, "betas to be two numbers in [0, 1)", group["betas"])

    def _remembers(self, group):
        return ("exp_avg", "exp_avg_sq")

    def _update(self, data, grad, kept, step, group):
        beta1, beta2 = group["betas"]
        exp_avg, exp_avg_sq = kept["exp_avg"], kept["exp_avg_sq"]
        if group["weight_decay"]:
            grad = grad + group["weight_decay"] * data
        exp_avg *= beta1
        exp_avg += (1 - beta1) * grad
        exp_avg_sq *= beta2
        exp_avg_sq += (1 - beta2) * square(grad)
        # Both corrections are numbers: one joins the step size, one the root.
        root = sqrt(exp_avg_sq)
        root *= 1 / math.sqrt(1 - beta2**step)
        root += group["eps"]
        change = group["lr"] / (1 - beta1**step) * exp_avg
        change /= root
        data -= change
