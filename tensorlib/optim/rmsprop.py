"""``RMSprop``."""

from tensorlib.optim.elementwise import Elementwise


class RMSprop(Elementwise):
    r"""RMSprop (Hinton 2012, lecture 6 of "Neural networks for machine learning"), centred if asked
    for (Graves 2013, "Generating sequences with recurrent neural networks", section 4.2).

    With gradient :math:`g` (to which ``weight_decay * x`` is added):
    :math:`s \leftarrow \alpha s + (1 - \alpha) g^2`,
    :math:`v \leftarrow \mu v + g / (\sqrt{s} + \epsilon)`,
    :math:`x \leftarrow x - \gamma v`. If centred, the square of the average of gradients is
    subtracted from :math:`s` under the root.

    Parameters
    ----------
    params : iterable of Tensor, of (str, Tensor), or of dict
        As for `Optimizer`.
    lr : float, optional
        Step size :math:`\gamma`.
    alpha : float, optional
        What the averages keep at each step.
    eps : float, optional
    weight_decay : float, optional
    momentum : float, optional
        :math:`\mu`.
    centered : bool, optional
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
    >>> optimizer = optim.RMSprop([w], lr=0.25, alpha=0.75)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> round(w.item(), 6)
    0.5
    """

    def __init__(
        self,
        params,
        lr=1e-2,
        alpha=0.99,
        eps=1e-8,
        weight_decay=0,
        momentum=0,
        centered=False,
        maximize=False,
    ):
        defaults = {
            "lr": lr,
            "alpha": alpha,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "centered": centered,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _check(self, group):
        self._require_nonnegative(group, "lr", "alpha", "eps", "weight_decay", "momentum")

    def _rule(self, group):
        rule, names = "rmsprop", ("square_avg",)
        if group["centered"]:
            rule, names = rule + "_centered", (*names, "grad_avg")
        if group["momentum"] > 0:
            rule, names = rule + "_momentum", (*names, "momentum_buffer")
        return rule, names

    def _numbers(self, group, first, step):
        alpha = group["alpha"]
        numbers = (group["lr"], alpha, 1 - alpha, group["eps"], group["momentum"])
        return (*self._decay(group), *numbers), (step + 1,)
