"""``Adamax``."""

from tensorlib.optim.elementwise import Elementwise


class Adamax(Elementwise):
    r"""Adam in the maximum norm (Kingma and Ba 2015, "Adam: a method for stochastic optimization",
    algorithm 2).

    With gradient :math:`g` (to which ``weight_decay * x`` is added) at step :math:`t`:
    :math:`m \leftarrow \beta_1 m + (1 - \beta_1) g`,
    :math:`u \leftarrow \max(\beta_2 u, |g| + \epsilon)`,
    :math:`x \leftarrow x - \gamma m / ((1 - \beta_1^t) u)`.

    Parameters
    ----------
    params : iterable of Tensor, of (str, Tensor), or of dict
        As for `Optimizer`.
    lr : float, optional
        Step size :math:`\gamma`.
    betas : pair of floats, optional
    eps : float, optional
    weight_decay : float, optional
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
    >>> optimizer = optim.Adamax([w], lr=0.25)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> round(w.item(), 6)
    0.75
    """

    def __init__(
        self, params, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, *, maximize=False
    ):
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _check(self, group):
        self._require_nonnegative(group, "lr", "eps", "weight_decay")
        self._require_betas(group)

    def _rule(self, group):
        return "adamax", ("exp_avg", "exp_inf")

    def _numbers(self, group, first, step):
        step += 1
        beta1, beta2 = group["betas"]
        rate = group["lr"] / (1 - beta1**step)
        return (*self._decay(group), 1 - beta1, beta2, rate, group["eps"]), (step,)
