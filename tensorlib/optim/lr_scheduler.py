"""Schedulers: they change the learning rate of an optimizer from epoch to epoch."""

from tensorlib.optim.optimizer import Optimizer

__all__ = ["LRScheduler", "StepLR"]


class LRScheduler:
    """The base of all schedulers: a subclass defines ``_next`` (the new rate of a group).

    Parameters
    ----------
    optimizer : Optimizer

    Attributes
    ----------
    last_epoch : int
        How often `step` was called.

    Raises
    ------
    TypeError
        If it is no optimizer.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn, optim
    >>> class Inverse(optim.lr_scheduler.LRScheduler):
    ...     def _next(self, group):
    ...         return group["initial_lr"] / (1 + self.last_epoch)
    >>> scheduler = Inverse(optim.SGD([nn.Parameter(tl.ones(2))], lr=1.0))
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer):
        if not isinstance(optimizer, Optimizer):
            name, kind = type(self).__name__, type(optimizer).__name__
            raise TypeError(f"{name}: expected an Optimizer, got {kind}")
        self.optimizer = optimizer
        self.last_epoch = 0
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])

    def step(self):
        """Go on to the next epoch; call it after the optimizer's last step of an epoch."""
        self.last_epoch += 1
        for group in self.optimizer.param_groups:
            group["lr"] = self._next(group)

    def get_last_lr(self):
        """Return the rates of the groups.

        Returns
        -------
        list of float
        """
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self):
        """Return the scheduler's numbers; the rates themselves are the optimizer's."""
        return {name: value for name, value in vars(self).items() if name != "optimizer"}

    def load_state_dict(self, state_dict):
        """Take over the numbers.

        Raises
        ------
        ValueError
            If they are another scheduler's. Nothing was changed then.
        """
        if state_dict.keys() != self.state_dict().keys():
            raise ValueError(
                f"load_state_dict: {type(self).__name__}: expected {sorted(self.state_dict())}, "
                f"got {sorted(state_dict)}"
            )
        vars(self).update(state_dict)

    def _next(self, group):
        raise NotImplementedError(f"{type(self).__name__}: no rate is defined")


class StepLR(LRScheduler):
    """Multiply the rates by a factor, once every so many epochs.

    Parameters
    ----------
    optimizer : Optimizer
    step_size : int
        How many epochs a rate stays.
    gamma : float, optional
        The factor.

    Raises
    ------
    TypeError
        If it is no optimizer.
    ValueError
        If `step_size` is not positive.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import optim
    >>> optimizer = optim.SGD([tl.ones(2).requires_grad_()], lr=1.0)
    >>> scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
    >>> rates = []
    >>> for epoch in range(4):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [1.0, 1.0, 0.5, 0.5]
    """

    def __init__(self, optimizer, step_size, gamma=0.1):
        if step_size < 1:
            raise ValueError(f"StepLR: expected step_size >= 1, got {step_size!r}")
        super().__init__(optimizer)
        self.step_size = step_size
        self.gamma = gamma

    def _next(self, group):
        return group["lr"] * self.gamma if self.last_epoch % self.step_size == 0 else group["lr"]
