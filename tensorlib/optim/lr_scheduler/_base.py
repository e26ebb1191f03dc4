"""``LRScheduler``: what all schedulers share."""

from copy import copy
from types import FunctionType

from tensorlib.optim.optimizer import Optimizer


class LRScheduler:
    """The base of all schedulers: a subclass defines ``get_lr``, the rates of the groups.

    Parameters
    ----------
    optimizer : Optimizer
    last_epoch : int, optional
        Where to go on; -1 to begin, which sets the rates of epoch 0.

    Attributes
    ----------
    last_epoch : int
        How often `step` was called.
    base_lrs : list of float
        The rates with which the optimizer was made, from its groups' ``"initial_lr"``.

    Raises
    ------
    TypeError
        If it is no optimizer.
    KeyError
        If it is to go on, and a group has no ``"initial_lr"``.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn, optim
    >>> class Inverse(optim.lr_scheduler.LRScheduler):
    ...     def get_lr(self):
    ...         return [lr / (1 + self.last_epoch) for lr in self.base_lrs]
    >>> scheduler = Inverse(optim.SGD([nn.Parameter(tl.ones(2))], lr=1.0))
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.5]
    """

    # What `state_dict` leaves out.
    _not_saved = ("optimizer",)

    def __init__(self, optimizer, last_epoch=-1):
        self._check_optimizer(optimizer)
        for number, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", copy(group["lr"]))  # of a Tensor
            elif "initial_lr" not in group:
                raise KeyError(
                    f"{self._name}: expected 'initial_lr' in param_groups[{number}] to go on from "
                    f"epoch {last_epoch}; load the optimizer's state first"
                )
        self.optimizer = optimizer
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._begin()

    def _begin(self):
        """Go to the first epoch, where rates that go on from the ones before stay as they are."""
        self._step_count = 0
        self._is_initial = True
        self.step()
        self._is_initial = False

    def step(self):
        """Go on to the next epoch; call it after the optimizer's last step of an epoch."""
        self._step_count += 1
        self.last_epoch += 1
        self._set(self.get_lr())

    def _restart(self):
        """Go to epoch 0, as a scheduler whose turn has come among others."""
        self.last_epoch = 0
        self._set(self._rates_at_start())

    def get_lr(self):
        """Return the rates at epoch ``last_epoch``, where the groups have those of the one before.

        Returns
        -------
        list of float
        """
        raise NotImplementedError(f"{self._name}: no rate is defined")

    def _rates_at_start(self):
        """The rates at epoch 0, whatever the groups have."""
        return self.get_lr()

    def get_last_lr(self):
        """Return the rates that were set last.

        Returns
        -------
        list of float
        """
        return self._last_lr

    def state_dict(self):
        """Return the scheduler's numbers; the rates themselves are the optimizer's.

        Functions of the user are left out; of other callables their attributes are there.
        """
        return {name: value for name, value in vars(self).items() if name not in self._not_saved}

    def load_state_dict(self, state_dict):
        """Take over the numbers.

        Parameters
        ----------
        state_dict : dict
            As `state_dict` returns it. PyTorch's fits too.

        Raises
        ------
        ValueError
            If they are another scheduler's. Nothing was changed then.
        """
        vars(self).update(self._checked(state_dict))

    def _checked(self, state_dict):
        """The items of a state that are this scheduler's."""
        own = self.state_dict().keys()
        other = {key for key in state_dict if key in own or not key.startswith("_")}
        if other != own:
            raise ValueError(
                f"load_state_dict: {self._name}: expected {sorted(own)}, got {sorted(state_dict)}"
            )
        return {key: state_dict[key] for key in own}

    # Helpers of subclasses

    @property
    def _groups(self):
        return self.optimizer.param_groups

    @property
    def _name(self):
        return type(self).__name__

    def _current(self):
        return [group["lr"] for group in self._groups]

    def _scaled(self, factor):
        """The current rates times a factor."""
        return [group["lr"] * factor for group in self._groups]

    def _set(self, rates):
        if len(rates) != len(self._groups):
            raise ValueError(
                f"{self._name}: expected rates for {len(self._groups)} groups, got {len(rates)}"
            )
        for group, rate in zip(self._groups, rates, strict=True):
            group["lr"] = rate
        self._last_lr = self._current()

    def _check_optimizer(self, optimizer):
        if not isinstance(optimizer, Optimizer):
            kind = type(optimizer).__name__
            raise TypeError(f"{self._name}: expected an Optimizer, got {kind}")

    def _require(self, holds, expected, value):
        if not holds:
            raise ValueError(f"{self._name}: expected {expected}, got {value!r}")

    def _per_group(self, optimizer, name, value):
        """One value for each group, of a list of them or of one for all."""
        groups = len(optimizer.param_groups)
        if not isinstance(value, list | tuple):
            return [value] * groups
        self._require(len(value) == groups, f"{name} for {groups} groups", value)
        return list(value)


def saved_function(function):
    """What is saved of a callable: the attributes of an object, of a function nothing."""
    return None if isinstance(function, FunctionType) else dict(vars(function))
