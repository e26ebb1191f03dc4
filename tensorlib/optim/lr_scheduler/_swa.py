"""``SWALR``."""

from math import cos, pi

from tensorlib.optim.lr_scheduler._base import LRScheduler


class SWALR(LRScheduler):
    """Rates that go to a constant one, at which the weights are averaged (Izmailov et al. 2018,
    "Averaging weights leads to wider optima and better generalization").

    Parameters
    ----------
    optimizer : Optimizer
    swa_lr : float or list of float
        The constant rate, for all groups or for each.
    anneal_epochs : int, optional
        How many epochs it takes to get there.
    anneal_strategy : {"cos", "linear"}, optional
    last_epoch : int, optional

    Raises
    ------
    TypeError
        If it is no optimizer.
    ValueError
        If an option is out of its range.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import optim
    >>> optimizer = optim.SGD([tl.ones(2).requires_grad_()], lr=1.0)
    >>> scheduler = optim.swa_utils.SWALR(
    ...     optimizer, swa_lr=0.5, anneal_epochs=2, anneal_strategy="linear"
    ... )
    >>> rates = []
    >>> for epoch in range(4):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [1.0, 0.75, 0.5, 0.5]
    """

    def __init__(self, optimizer, swa_lr, anneal_epochs=10, anneal_strategy="cos", last_epoch=-1):
        self._check_optimizer(optimizer)
        strategies = ("cos", "linear")
        expected = f"anneal_strategy as one of {strategies}"
        self._require(anneal_strategy in strategies, expected, anneal_strategy)
        valid = isinstance(anneal_epochs, int) and anneal_epochs >= 0
        self._require(valid, "an int anneal_epochs >= 0", anneal_epochs)
        rates = self._per_group(optimizer, "swa_lr", swa_lr)
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["swa_lr"] = rate
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def get_lr(self):  # noqa: D102
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._done(step - 1), self._done(step)
        rates = []
        for group in self._groups:
            # Other schedulers may have changed the rate: where this one would have begun.
            end = group["swa_lr"]
            start = end if before == 1 else (group["lr"] - before * end) / (1 - before)
            rates.append(end * now + start * (1 - now))
        return rates

    def _done(self, step):
        """Which part of the way is behind after a step."""
        part = max(0, min(1, step / max(1, self.anneal_epochs)))
        return part if self._anneal_strategy == "linear" else (1 - cos(pi * part)) / 2
