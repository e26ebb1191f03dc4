"""Schedulers made of schedulers."""

from bisect import bisect_right

from tensorlib.optim.lr_scheduler._base import LRScheduler
from tensorlib.optim.lr_scheduler._plateau import ReduceLROnPlateau


class _Composite(LRScheduler):
    """What schedulers share that are made of others."""

    _not_saved = ("optimizer", "_schedulers")

    def _check_schedulers(self, optimizer, schedulers):
        self._require(len(schedulers) > 0, "at least one scheduler", schedulers)
        for place, scheduler in enumerate(schedulers):
            if not isinstance(scheduler, LRScheduler):
                kind = type(scheduler).__name__
                raise TypeError(f"{self._name}: expected schedulers, got {kind} at index {place}")
            if isinstance(scheduler, ReduceLROnPlateau):
                raise ValueError(
                    f"{self._name}: expected schedulers that step without a figure, got "
                    f"ReduceLROnPlateau at index {place}"
                )
            if scheduler.optimizer is not optimizer:
                raise ValueError(
                    f"{self._name}: expected schedulers of one optimizer, got "
                    f"{type(scheduler).__name__} of another at index {place}"
                )

    def state_dict(self):
        states = [scheduler.state_dict() for scheduler in self._schedulers]
        return {**super().state_dict(), "_schedulers": states}

    state_dict.__doc__ = LRScheduler.state_dict.__doc__

    def load_state_dict(self, state_dict):
        state = self._checked(state_dict)
        states, count = state.pop("_schedulers"), len(self._schedulers)
        self._require(len(states) == count, f"states of {count} schedulers", states)
        for scheduler, saved in zip(self._schedulers, states, strict=True):
            scheduler._checked(saved)
        for scheduler, saved in zip(self._schedulers, states, strict=True):
            scheduler.load_state_dict(saved)
        vars(self).update(state)

    load_state_dict.__doc__ = LRScheduler.load_state_dict.__doc__


class SequentialLR(_Composite):
    """Schedulers one after the other.

    Parameters
    ----------
    optimizer : Optimizer
    schedulers : list of LRScheduler
    milestones : list of int
        The epochs at which the second scheduler and those after it begin, with their epoch 0.
    last_epoch : int, optional

    Raises
    ------
    TypeError, ValueError
        If the schedulers are not of the optimizer, or the milestones not one fewer, in order.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import optim
    >>> optimizer = optim.SGD([tl.ones(2).requires_grad_()], lr=1.0)
    >>> warmup = optim.lr_scheduler.ConstantLR(optimizer, factor=0.125, total_iters=9)
    >>> decay = optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    >>> scheduler = optim.lr_scheduler.SequentialLR(optimizer, [warmup, decay], milestones=[2])
    >>> rates = []
    >>> for epoch in range(5):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [0.125, 0.125, 1.0, 0.5, 0.25]
    """

    def __init__(self, optimizer, schedulers, milestones, last_epoch=-1):
        self._check_optimizer(optimizer)
        self._check_schedulers(optimizer, schedulers)
        expected = f"{len(schedulers) - 1} milestones in order for {len(schedulers)} schedulers"
        valid = len(milestones) == len(schedulers) - 1 and list(milestones) == sorted(milestones)
        self._require(valid, expected, milestones)
        self.optimizer = optimizer
        self._schedulers = schedulers
        self._milestones = milestones
        self.last_epoch = last_epoch + 1
        # Each scheduler has set its first rates already; only the first one's count.
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"]
        undo(schedulers)
        first = schedulers[bisect_right(milestones, 0)]
        first._begin()
        self._last_lr = first.get_last_lr()

    def step(self):  # noqa: D102
        self.last_epoch += 1
        place = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[place]
        if place > 0 and self._milestones[place - 1] == self.last_epoch:
            scheduler._restart()
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()

    step.__doc__ = LRScheduler.step.__doc__

    def _restart(self):
        self.last_epoch = 0
        first = self._schedulers[bisect_right(self._milestones, 0)]
        first._restart()
        self._last_lr = first.get_last_lr()


class ChainedScheduler(_Composite):
    """Schedulers that all act at each epoch, each on the rates that the one before has set.

    Parameters
    ----------
    schedulers : sequence of LRScheduler
    optimizer : Optimizer, optional
        By default that of the first scheduler.

    Raises
    ------
    TypeError, ValueError
        If the schedulers are not of one optimizer.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import optim
    >>> optimizer = optim.SGD([tl.ones(2).requires_grad_()], lr=1.0)
    >>> first = optim.lr_scheduler.ConstantLR(optimizer, factor=0.5, total_iters=2)
    >>> second = optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    >>> scheduler = optim.lr_scheduler.ChainedScheduler([first, second])
    >>> rates = []
    >>> for epoch in range(4):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [0.5, 0.25, 0.25, 0.125]
    """

    def __init__(self, schedulers, optimizer=None):
        if optimizer is None and len(schedulers) > 0:
            optimizer = getattr(schedulers[0], "optimizer", None)
        self._check_schedulers(optimizer, schedulers)
        self.optimizer = optimizer
        self._schedulers = schedulers
        self._last_lr = self._current()

    def step(self):  # noqa: D102
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = self._current()

    step.__doc__ = LRScheduler.step.__doc__

    def _restart(self):
        for group in self._groups:
            group["lr"] = group["initial_lr"]
        for scheduler in self._schedulers:
            scheduler.last_epoch = -1
            scheduler._begin()
        self._last_lr = self._current()


def undo(schedulers):
    """Take back the epoch that each scheduler counted when it was made."""
    for scheduler in schedulers:
        if isinstance(scheduler, _Composite):
            undo(scheduler._schedulers)
        else:
            scheduler.last_epoch -= 1
