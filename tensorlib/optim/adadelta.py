"""``Adadelta``."""

from tensorlib._core._functions import sqrt, square
from tensorlib.optim.optimizer import Optimizer


class Adadelta(Optimizer):
    r"""Adadelta (Zeiler 2012, "ADADELTA: an adaptive learning rate method", algorithm 1).

    With gradient :math:`g` (to which ``weight_decay * x`` is added):
    :math:`s \leftarrow \rho s + (1 - \rho) g^2`,
    :math:`d = g \sqrt{(a + \epsilon) / (s + \epsilon)}`,
    :math:`a \leftarrow \rho a + (1 - \rho) d^2`,
    :math:`x \leftarrow x - \gamma d`.

    Parameters
    ----------
    parameters : iterable of Tensor, or of dict
        As for `Optimizer`.
    lr : float, optional
        Step size :math:`\gamma`.
    rho : float, optional
        What the averages keep at each step.
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
    >>> optimizer = optim.Adadelta([w], rho=0.75, eps=0.25)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> round(w.item(), 6)
    0.105573
    """

    def __init__(self, parameters, lr=1.0, rho=0.9, eps=1e-6, weight_decay=0.0):
        defaults = {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay}
        super().__init__(parameters, defaults)

    def _check(self, group):
        for name in ("lr", "eps", "weight_decay"):
            self._require(group[name] >= 0, f"{name} >= 0", group[name])
        self._require(0 <= group["rho"] <= 1, "rho in [0, 1]", group["rho"])

    def _remembers(self, group):
        return ("square_avg", "acc_delta")

    def _update(self, data, grad, kept, step, group):
        rho, eps = group["rho"], group["eps"]
        square_avg, acc_delta = kept["square_avg"], kept["acc_delta"]
        if group["weight_decay"]:
            grad = grad + group["weight_decay"] * data
        squares = square(grad)
        squares *= 1 - rho
        square_avg *= rho
        square_avg += squares
        delta = acc_delta + eps
        delta /= square_avg + eps
        sqrt(delta, out=delta)
        delta *= grad
        square(delta, out=squares)
        squares *= 1 - rho
        acc_delta *= rho
        acc_delta += squares
        if group["lr"] != 1:
            delta *= group["lr"]
        data -= delta
