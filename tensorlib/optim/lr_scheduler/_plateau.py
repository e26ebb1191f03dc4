"""``ReduceLROnPlateau``."""

from math import inf

from tensorlib.optim.lr_scheduler._base import LRScheduler


class ReduceLROnPlateau(LRScheduler):
    """Reduce the rates when a figure has stopped improving.

    Parameters
    ----------
    optimizer : Optimizer
    mode : {"min", "max"}, optional
        Whether a smaller or a larger figure is better.
    factor : float, optional
        By what the rates are multiplied; below one.
    patience : int, optional
        After how many epochs without improvement, and one more.
    threshold : float, optional
        By how much a figure must be better to count.
    threshold_mode : {"rel", "abs"}, optional
        Whether `threshold` is a part of the best figure, or a difference.
    cooldown : int, optional
        For how many epochs after a reduction nothing counts.
    min_lr : float or list of float, optional
        Where to stop, for all groups or for each.
    eps : float, optional
        A rate that would fall by less than this stays.

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
    >>> scheduler = optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    >>> for loss in (3.0, 2.0, 2.0, 2.0):
    ...     scheduler.step(loss)
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def __init__(
        self,
        optimizer,
        mode="min",
        factor=0.1,
        patience=10,
        threshold=1e-4,
        threshold_mode="rel",
        cooldown=0,
        min_lr=0,
        eps=1e-8,
    ):
        self._check_optimizer(optimizer)
        self._require(factor < 1, "factor < 1", factor)
        self._require(mode in ("min", "max"), "mode as 'min' or 'max'", mode)
        valid = threshold_mode in ("rel", "abs")
        self._require(valid, "threshold_mode as 'rel' or 'abs'", threshold_mode)
        self.min_lrs = self._per_group(optimizer, "min_lr", min_lr)
        self.default_min_lr = None if isinstance(min_lr, list | tuple) else min_lr
        self.optimizer = optimizer
        self.mode = mode
        self.mode_worse = inf if mode == "min" else -inf
        self.factor = factor
        self.patience = patience
        self.threshold = threshold
        self.threshold_mode = threshold_mode
        self.cooldown = cooldown
        self.eps = eps
        self.last_epoch = 0
        self.best = self.mode_worse
        self.cooldown_counter = 0
        self.num_bad_epochs = 0
        self._last_lr = self._current()

    @property
    def in_cooldown(self):
        """bool: whether a reduction was so recent that nothing counts."""
        return self.cooldown_counter > 0

    def step(self, metrics):
        """Take the figure of an epoch; call it after the epoch.

        Parameters
        ----------
        metrics : float
            Anything that ``float`` takes.

        Raises
        ------
        ValueError
            If groups were added and `min_lr` was one rate for each.
        """
        current = float(metrics)
        if len(self.min_lrs) != len(self._groups):
            known = self.default_min_lr is not None
            self._require(known, f"min_lr for {len(self._groups)} groups", self.min_lrs)
            self.min_lrs = [self.default_min_lr] * len(self._groups)
        self.last_epoch += 1
        if self._is_better(current, self.best):
            self.best = current
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._last_lr = self._current()

    def _is_better(self, figure, best):
        sign = 1 if self.mode == "min" else -1
        if self.threshold_mode == "rel":
            return sign * figure < sign * best * (1 - sign * self.threshold)
        return sign * figure < sign * best - self.threshold

    def _reduce(self):
        for group, least in zip(self._groups, self.min_lrs, strict=True):
            rate = max(group["lr"] * self.factor, least)
            if group["lr"] - rate > self.eps:
                group["lr"] = rate
