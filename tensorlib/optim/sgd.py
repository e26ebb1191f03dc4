"""``SGD``."""

from tensorlib.optim.optimizer import Optimizer


class SGD(Optimizer):
    r"""Gradient descent, with momentum if asked for.

    With gradient :math:`g` (to which ``weight_decay * x`` is added), the parameter :math:`x`
    goes :math:`v \leftarrow \mu v + (1 - \tau) g` (:math:`v = g` at the first step),
    :math:`x \leftarrow x - \gamma v`. Nesterov's form takes :math:`g + \mu v` for the last
    :math:`v` (Sutskever et al. 2013, "On the importance of initialization and momentum in deep
    learning").

    Parameters
    ----------
    parameters : iterable of Tensor, or of dict
        As for `Optimizer`.
    lr : float, optional
        Step size :math:`\gamma`.
    momentum : float, optional
        :math:`\mu`.
    dampening : float, optional
        :math:`\tau`.
    weight_decay : float, optional
    nesterov : bool, optional

    Raises
    ------
    TypeError, ValueError
        As for `Optimizer`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import optim
    >>> w = tl.asarray([1.0, 2.0]).requires_grad_()
    >>> optimizer = optim.SGD([w], lr=0.5)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.tolist()
    [0.0, 0.0]
    """

    takes_complex = True

    def __init__(
        self, parameters, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False
    ):
        super().__init__(
            parameters,
            {
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
            },
        )

    def _check(self, group):
        for name in ("lr", "momentum", "weight_decay"):
            self._require(group[name] >= 0, f"{name} >= 0", group[name])
        if group["nesterov"]:
            self._require(group["momentum"] > 0, "momentum > 0 with nesterov", group["momentum"])
            self._require(group["dampening"] == 0, "no dampening with nesterov", group["dampening"])

    def _remembers(self, group):
        return ("momentum_buffer",) if group["momentum"] else ()

    def _update(self, data, grad, kept, step, group):
        momentum = group["momentum"]
        if group["weight_decay"]:
            grad = grad + group["weight_decay"] * data
        if momentum:
            buffer = kept["momentum_buffer"]
            buffer *= momentum
            buffer += grad if step == 1 else (1 - group["dampening"]) * grad
            grad = grad + momentum * buffer if group["nesterov"] else buffer
        data -= group["lr"] * grad
