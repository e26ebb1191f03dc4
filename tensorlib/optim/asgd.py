"""``ASGD``."""

from tensorlib.optim.elementwise import Elementwise


class ASGD(Elementwise):
    r"""Averaged stochastic gradient descent (Polyak and Juditsky 1992, "Acceleration of stochastic
    approximation by averaging").

    With gradient :math:`g` (to which ``weight_decay * x`` is added) at step :math:`t`:
    :math:`x \leftarrow (1 - \lambda \eta_t) x - \eta_t g` and
    :math:`a \leftarrow a + \mu_t (x - a)`, where
    :math:`\eta_{t+1} = \gamma / (1 + \lambda \gamma t)^\alpha`, :math:`\eta_1 = \gamma` and
    :math:`\mu_{t+1} = 1 / \max(1, t - t_0)`. The average :math:`a` is ``state[param]["ax"]``.

    Parameters
    ----------
    params : iterable of Tensor, of (str, Tensor), or of dict
        As for `Optimizer`.
    lr : float, optional
        First step size :math:`\gamma`.
    lambd : float, optional
        Decay :math:`\lambda`.
    alpha : float, optional
        How fast the step size falls.
    t0 : float, optional
        The step after which to average.
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
    >>> optimizer = optim.ASGD([w], lr=0.25, lambd=0)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.item(), optimizer.state[w]["ax"].item()
    (0.5, 0.5)
    """

    scalars = ("step", "eta", "mu")

    def __init__(
        self, params, lr=1e-2, lambd=1e-4, alpha=0.75, t0=1e6, weight_decay=0, maximize=False
    ):
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _check(self, group):
        self._require_nonnegative(group, "lr", "lambd", "weight_decay")
        self._require_numbers(group, "alpha", "t0")

    def _rule(self, group):
        return "asgd", ("ax",)

    def _start(self, group):
        return {"step": 0, "eta": float(group["lr"]), "mu": 1.0}

    def _numbers(self, group, first, step, eta, mu):
        step += 1
        lr, lambd = float(group["lr"]), group["lambd"]
        sign, decay, _ = self._decay(group)
        next_eta = lr / (1 + lambd * lr * step) ** group["alpha"]
        next_mu = 1 / max(1, step - group["t0"])
        return (sign, decay, 1 - lambd * eta, eta, mu), (step, next_eta, next_mu)
