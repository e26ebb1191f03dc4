"""``Adagrad``."""

from tensorlib.optim.elementwise import Elementwise


class Adagrad(Elementwise):
    r"""Adagrad (Duchi, Hazan and Singer 2011, "Adaptive subgradient methods for online learning and
    stochastic optimization").

    With gradient :math:`g` (to which ``weight_decay * x`` is added) at step :math:`t`:
    :math:`s \leftarrow s + g^2`,
    :math:`x \leftarrow x - \frac{\gamma}{1 + (t - 1) \eta} \frac{g}{\sqrt{s} + \epsilon}`.

    Parameters
    ----------
    params : iterable of Tensor, of (str, Tensor), or of dict
        As for `Optimizer`.
    lr : float, optional
        Step size :math:`\gamma`.
    lr_decay : float, optional
        :math:`\eta`.
    weight_decay : float, optional
    initial_accumulator_value : float, optional
        :math:`s` before the first step.
    eps : float, optional
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
    >>> optimizer = optim.Adagrad([w], lr=0.25)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> round(w.item(), 6)
    0.75
    """

    def __init__(
        self,
        params,
        lr=1e-2,
        lr_decay=0,
        weight_decay=0,
        initial_accumulator_value=0,
        eps=1e-10,
        *,
        maximize=False,
    ):
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "eps": eps,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _check(self, group):
        self._require_nonnegative(
            group, "lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps"
        )

    def _rule(self, group):
        return "adagrad", ("sum",)

    def _initial(self, name, group):
        return group["initial_accumulator_value"]

    def _numbers(self, group, first, step):
        rate = group["lr"] / (1 + step * group["lr_decay"])
        return (*self._decay(group), rate, group["eps"]), (step + 1,)
