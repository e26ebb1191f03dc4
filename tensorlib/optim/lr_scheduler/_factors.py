"""Schedulers that multiply the rates by a factor."""

from bisect import bisect_right
from collections import Counter

from tensorlib.optim.lr_scheduler._base import LRScheduler, saved_function


class _OfFunctions(LRScheduler):
    """What schedulers share that are given functions, one for each group."""

    _not_saved = ("optimizer", "lr_lambdas")

    def __init__(self, optimizer, lr_lambda, last_epoch=-1):
        self._check_optimizer(optimizer)
        self.lr_lambdas = self._per_group(optimizer, "lr_lambda", lr_lambda)
        for function in self.lr_lambdas:
            if not callable(function):
                kind = type(function).__name__
                raise TypeError(f"{self._name}: expected lr_lambda to be a function, got {kind}")
        super().__init__(optimizer, last_epoch)

    def state_dict(self):
        functions = [saved_function(function) for function in self.lr_lambdas]
        return {**super().state_dict(), "lr_lambdas": functions}

    state_dict.__doc__ = LRScheduler.state_dict.__doc__

    def load_state_dict(self, state_dict):
        state = self._checked(state_dict)
        saved, count = state.pop("lr_lambdas"), len(self.lr_lambdas)
        self._require(len(saved) == count, f"lr_lambdas of {count} groups", saved)
        vars(self).update(state)
        for function, attributes in zip(self.lr_lambdas, saved, strict=True):
            if attributes is not None:
                vars(function).update(attributes)

    load_state_dict.__doc__ = LRScheduler.load_state_dict.__doc__


class LambdaLR(_OfFunctions):
    """The first rates times a function of the epoch.

    Parameters
    ----------
    optimizer : Optimizer
    lr_lambda : callable or list of callables
        ``lr_lambda(epoch)`` returns the factor; of several each is for one group.
    last_epoch : int, optional

    Raises
    ------
    TypeError, ValueError
        If something is no function, or they are not as many as groups.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import optim
    >>> optimizer = optim.SGD([tl.ones(2).requires_grad_()], lr=1.0)
    >>> scheduler = optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 0.5**epoch)
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def get_lr(self):  # noqa: D102
        pairs = zip(self.base_lrs, self.lr_lambdas, strict=True)
        return [base * function(self.last_epoch) for base, function in pairs]


class MultiplicativeLR(_OfFunctions):
    """Multiply the rates by a function of the epoch.

    Parameters
    ----------
    optimizer : Optimizer
    lr_lambda : callable or list of callables
        ``lr_lambda(epoch)`` returns the factor; of several each is for one group.
    last_epoch : int, optional

    Raises
    ------
    TypeError, ValueError
        If something is no function, or they are not as many as groups.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import optim
    >>> optimizer = optim.SGD([tl.ones(2).requires_grad_()], lr=1.0)
    >>> scheduler = optim.lr_scheduler.MultiplicativeLR(optimizer, lambda epoch: 0.5)
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def get_lr(self):  # noqa: D102
        if self._is_initial:
            return self._current()
        pairs = zip(self._current(), self.lr_lambdas, strict=True)
        return [rate * function(self.last_epoch) for rate, function in pairs]


class StepLR(LRScheduler):
    """Multiply the rates by a factor, once every so many epochs.

    Parameters
    ----------
    optimizer : Optimizer
    step_size : int
        How many epochs a rate stays.
    gamma : float, optional
        The factor.
    last_epoch : int, optional

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

    def __init__(self, optimizer, step_size, gamma=0.1, last_epoch=-1):
        self._require(step_size >= 1, "step_size >= 1", step_size)
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self):  # noqa: D102
        falls = self.last_epoch > 0 and self.last_epoch % self.step_size == 0
        return self._scaled(self.gamma) if falls else self._current()

    def _rates_at_start(self):
        return list(self.base_lrs)


class MultiStepLR(LRScheduler):
    """Multiply the rates by a factor at given epochs.

    Parameters
    ----------
    optimizer : Optimizer
    milestones : iterable of int
        The epochs; one that is there twice counts twice.
    gamma : float, optional
        The factor.
    last_epoch : int, optional

    Raises
    ------
    TypeError
        If it is no optimizer.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import optim
    >>> optimizer = optim.SGD([tl.ones(2).requires_grad_()], lr=1.0)
    >>> scheduler = optim.lr_scheduler.MultiStepLR(optimizer, [1, 3], gamma=0.5)
    >>> rates = []
    >>> for epoch in range(4):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [1.0, 0.5, 0.5, 0.25]
    """

    def __init__(self, optimizer, milestones, gamma=0.1, last_epoch=-1):
        self.milestones = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self):  # noqa: D102
        return self._scaled(self.gamma ** self.milestones[self.last_epoch])

    def _rates_at_start(self):
        passed = bisect_right(sorted(self.milestones.elements()), 0)
        return [base * self.gamma**passed for base in self.base_lrs]


class ConstantLR(LRScheduler):
    """Smaller rates by a factor, until a given epoch.

    Parameters
    ----------
    optimizer : Optimizer
    factor : float, optional
    total_iters : int, optional
        The epoch at which the rates are full.
    last_epoch : int, optional

    Raises
    ------
    TypeError
        If it is no optimizer.
    ValueError
        If `factor` is not in [0, 1].

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import optim
    >>> optimizer = optim.SGD([tl.ones(2).requires_grad_()], lr=1.0)
    >>> scheduler = optim.lr_scheduler.ConstantLR(optimizer, factor=0.5, total_iters=2)
    >>> rates = []
    >>> for epoch in range(3):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [0.5, 0.5, 1.0]
    """

    def __init__(self, optimizer, factor=1 / 3, total_iters=5, last_epoch=-1):
        self._require(0 <= factor <= 1, "factor in [0, 1]", factor)
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self):  # noqa: D102
        if self.last_epoch == 0:
            return self._scaled(self.factor)
        if self.last_epoch != self.total_iters:
            return self._current()
        # A rate of zero cannot grow again by a factor.
        return self._scaled(1 / self.factor) if self.factor else list(self.base_lrs)

    def _rates_at_start(self):
        factor = 1 if self.total_iters <= 0 else self.factor
        return [base * factor for base in self.base_lrs]


class LinearLR(LRScheduler):
    """Rates that go from one part of the first rates to another, in equal steps.

    Parameters
    ----------
    optimizer : Optimizer
    start_factor, end_factor : float, optional
    total_iters : int, optional
        The epoch at which the end is reached.
    last_epoch : int, optional

    Raises
    ------
    TypeError
        If it is no optimizer.
    ValueError
        If `start_factor` is not in (0, 1] or `end_factor` not in [0, 1].

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import optim
    >>> optimizer = optim.SGD([tl.ones(2).requires_grad_()], lr=1.0)
    >>> scheduler = optim.lr_scheduler.LinearLR(optimizer, start_factor=0.5, total_iters=2)
    >>> rates = []
    >>> for epoch in range(4):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [0.5, 0.75, 1.0, 1.0]
    """

    def __init__(self, optimizer, start_factor=1 / 3, end_factor=1.0, total_iters=5, last_epoch=-1):
        self._require(0 < start_factor <= 1, "start_factor in (0, 1]", start_factor)
        self._require(0 <= end_factor <= 1, "end_factor in [0, 1]", end_factor)
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self):  # noqa: D102
        epoch, rise = self.last_epoch, self.end_factor - self.start_factor
        if epoch == 0:
            return self._scaled(self.start_factor)
        if self._is_initial or epoch > self.total_iters:
            return self._current()
        before = self.total_iters * self.start_factor + (epoch - 1) * rise
        return self._scaled(1 + rise / before)

    def _rates_at_start(self):
        factor = self.start_factor if self.total_iters > 0 else self.end_factor
        return [base * factor for base in self.base_lrs]


class ExponentialLR(LRScheduler):
    """Multiply the rates by a factor at each epoch.

    Parameters
    ----------
    optimizer : Optimizer
    gamma : float
        The factor.
    last_epoch : int, optional

    Raises
    ------
    TypeError
        If it is no optimizer.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import optim
    >>> optimizer = optim.SGD([tl.ones(2).requires_grad_()], lr=1.0)
    >>> scheduler = optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer, gamma, last_epoch=-1):
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self):  # noqa: D102
        return self._current() if self._is_initial else self._scaled(self.gamma)

    def _rates_at_start(self):
        return list(self.base_lrs)


class PolynomialLR(LRScheduler):
    """Rates that fall to zero as a power of the epochs that are left.

    Parameters
    ----------
    optimizer : Optimizer
    total_iters : int, optional
        The epoch at which they are zero.
    power : float, optional
    last_epoch : int, optional

    Raises
    ------
    TypeError
        If it is no optimizer.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import optim
    >>> optimizer = optim.SGD([tl.ones(2).requires_grad_()], lr=1.0)
    >>> scheduler = optim.lr_scheduler.PolynomialLR(optimizer, total_iters=4, power=2.0)
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.5625]
    """

    def __init__(self, optimizer, total_iters=5, power=1.0, last_epoch=-1):
        self._require(total_iters >= 1, "total_iters >= 1", total_iters)
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def get_lr(self):  # noqa: D102
        if self._is_initial or self.last_epoch > self.total_iters:
            return self._current()
        left = 1 - self.last_epoch / self.total_iters
        before = 1 - (self.last_epoch - 1) / self.total_iters
        return self._scaled((left / before) ** self.power)

    def _rates_at_start(self):
        return list(self.base_lrs)
