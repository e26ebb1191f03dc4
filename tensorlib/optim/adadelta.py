"""``Adadelta``."""

from tensorlib.optim.elementwise import Elementwise


class Adadelta(Elementwise):
    r"""Adadelta (Zeiler 2012, "ADADELTA: an adaptive learning rate method", algorithm 1).

    With gradient :math:`g` (to which ``weight_decay * x`` is added):
    :math:`s \leftarrow \rho s + (1 - \rho) g^2`,
    :math:`d = g \sqrt{(a + \epsilon) / (s + \epsilon)}`,
    :math:`a \leftarrow \rho a + (1 - \rho) d^2`,
    :math:`x \leftarrow x - \gamma d`.

    Parameters
    ----------
    params : iterable of Tensor, of (str, Tensor), or of dict
        As for `Optimizer`.
    lr : float, optional
        Step size :math:`\gamma`.
    rho : float, optional
        What the averages keep at each step.
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
    >>> optimizer = optim.Adadelta([w], rho=0.75, eps=0.25)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> round(w.item(), 6)
    0.105573
    """

    def __init__(self, params, lr=1.0, rho=0.9, eps=1e-6, weight_decay=0, *, maximize=False):
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _check(self, group):
        self._require_nonnegative(group, "lr", "eps", "weight_decay")
        self._require(0 <= self._number("rho", group["rho"]) <= 1, "rho in [0, 1]", group["rho"])

    def _rule(self, group):
        return "adadelta", ("square_avg", "acc_delta")

    def _numbers(self, group, first, step):
        rho = group["rho"]
        return (*self._decay(group), group["lr"], rho, 1 - rho, group["eps"]), (step + 1,)
