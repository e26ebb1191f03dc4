"""``SGD``."""

from tensorlib.optim.elementwise import Elementwise


class SGD(Elementwise):
    r"""Gradient descent, with momentum if asked for.

    With gradient :math:`g` (to which ``weight_decay * x`` is added), the parameter :math:`x`
    goes :math:`v \leftarrow \mu v + (1 - \tau) g` (:math:`v = g` at the first step),
    :math:`x \leftarrow x - \gamma v`. Nesterov's form takes :math:`g + \mu v` for the last
    :math:`v` (Sutskever et al. 2013, "On the importance of initialization and momentum in deep
    learning").

    Parameters
    ----------
    params : iterable of Tensor, of (str, Tensor), or of dict
        As for `Optimizer`.
    lr : float, optional
        Step size :math:`\gamma`.
    momentum : float, optional
        :math:`\mu`.
    dampening : float, optional
        :math:`\tau`.
    weight_decay : float, optional
    nesterov : bool, optional
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
    >>> w = tl.asarray([1.0, 2.0]).requires_grad_()
    >>> optimizer = optim.SGD([w], lr=0.5)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.tolist()
    [0.0, 0.0]
    """

    scalars = ()

    def __init__(
        self,
        params,
        lr=1e-3,
        momentum=0,
        dampening=0,
        weight_decay=0,
        nesterov=False,
        *,
        maximize=False,
    ):
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _check(self, group):
        self._require_nonnegative(group, "lr", "momentum", "weight_decay")
        self._require_numbers(group, "dampening")
        if group["nesterov"]:
            self._require(group["momentum"] > 0, "momentum > 0 with nesterov", group["momentum"])
            self._require(group["dampening"] == 0, "no dampening with nesterov", group["dampening"])

    def _rule(self, group):
        return ("momentum", ("momentum_buffer",)) if group["momentum"] else ("descent", ())

    def _start(self, group):
        return {}

    def _numbers(self, group, first):
        momentum = group["momentum"]
        if not momentum:
            return (*self._decay(group), group["lr"]), ()
        take = 1 if first else 1 - group["dampening"]
        return (*self._decay(group), group["lr"], momentum, take, group["nesterov"]), ()
