"""Schedulers that move the rates up and down, and the momentum against them."""

from math import cos, floor, pi

from tensorlib.optim.lr_scheduler._base import LRScheduler, saved_function


class _WithMomentum(LRScheduler):
    """What schedulers share that change the momentum, which for Adam and its kin is a beta."""

    def _begin_momentum(self, optimizer, base_momentum, max_momentum, last_epoch):
        if not {"momentum", "betas"} & optimizer.defaults.keys():
            raise ValueError(
                f"{self._name}: expected an optimizer with momentum or betas, got "
                f"{type(optimizer).__name__}; use cycle_momentum=False"
            )
        self.use_beta1 = "betas" in optimizer.defaults
        base = self._per_group(optimizer, "base_momentum", base_momentum)
        most = self._per_group(optimizer, "max_momentum", max_momentum)
        if last_epoch == -1:
            for group, low, high in zip(optimizer.param_groups, base, most, strict=True):
                self._set_momentum(group, high)
                group["max_momentum"] = high
                group["base_momentum"] = low
        return base, most

    def _set_momentum(self, group, momentum):
        if self.use_beta1:
            group["betas"] = (momentum, *group["betas"][1:])
        else:
            group["momentum"] = momentum


class CyclicLR(_WithMomentum):
    """Rates that go up and down between two bounds (Smith 2017, "Cyclical learning rates for
    training neural networks").

    Parameters
    ----------
    optimizer : Optimizer
    base_lr, max_lr : float or list of float
        The bounds, for all groups or for each.
    step_size_up, step_size_down : int, optional
        How many steps it takes up and down; `step_size_down` is else `step_size_up`.
    mode : {"triangular", "triangular2", "exp_range"}, optional
        Whether the upper bound stays, halves its distance with each cycle, or falls by `gamma` with
        each step.
    gamma : float, optional
    scale_fn : callable, optional
        A function to scale the distance, in lieu of a mode's.
    scale_mode : {"cycle", "iterations"}, optional
        Whether `scale_fn` gets the number of the cycle, from one, or of the step.
    cycle_momentum : bool, optional
        Whether the momentum goes down while the rate goes up.
    base_momentum, max_momentum : float or list of float, optional
    last_epoch : int, optional

    Raises
    ------
    TypeError
        If it is no optimizer.
    ValueError
        If an option is out of its range, or the optimizer has no momentum to change.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import optim
    >>> optimizer = optim.SGD([tl.ones(2).requires_grad_()], lr=1.0, momentum=0.9)
    >>> scheduler = optim.lr_scheduler.CyclicLR(optimizer, 0.0, 1.0, step_size_up=2)
    >>> rates = []
    >>> for step in range(5):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """

    _not_saved = ("optimizer", "_scale_fn_custom")

    def __init__(
        self,
        optimizer,
        base_lr,
        max_lr,
        step_size_up=2000,
        step_size_down=None,
        mode="triangular",
        gamma=1.0,
        scale_fn=None,
        scale_mode="cycle",
        cycle_momentum=True,
        base_momentum=0.8,
        max_momentum=0.9,
        last_epoch=-1,
    ):
        self._check_optimizer(optimizer)
        modes = ("triangular", "triangular2", "exp_range")
        self._require(mode in modes or scale_fn, f"mode as one of {modes}", mode)
        scale_modes = ("cycle", "iterations")
        self._require(scale_mode in scale_modes, f"scale_mode as one of {scale_modes}", scale_mode)
        self._require(step_size_up > 0, "step_size_up > 0", step_size_up)
        step_size_down = step_size_up if step_size_down is None else step_size_down
        self._require(step_size_down > 0, "step_size_down > 0", step_size_down)
        base_lrs = self._per_group(optimizer, "base_lr", base_lr)
        self.max_lrs = self._per_group(optimizer, "max_lr", max_lr)
        self.total_size = float(step_size_up + step_size_down)
        self.step_ratio = step_size_up / self.total_size
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        if scale_fn is None:
            scale_mode = "iterations" if mode == "exp_range" else "cycle"
        self.scale_mode = scale_mode
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.base_momentums, self.max_momentums = self._begin_momentum(
                optimizer, base_momentum, max_momentum, last_epoch
            )
        if last_epoch == -1:
            for group, rate in zip(optimizer.param_groups, base_lrs, strict=True):
                group["lr"] = rate
        super().__init__(optimizer, last_epoch)
        # Other schedulers may have begun with other rates.
        self.base_lrs = base_lrs
        self._set(self.get_lr())

    def scale_fn(self, x):
        """Return how much of the distance is left, at a cycle or a step.

        Parameters
        ----------
        x : int

        Returns
        -------
        float
        """
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "exp_range":
            return self.gamma**x
        return 1.0 if self.mode == "triangular" else 0.5 ** (x - 1)

    def get_lr(self):  # noqa: D102
        cycle = floor(1 + self.last_epoch / self.total_size)
        x = 1 + self.last_epoch / self.total_size - cycle
        up = x <= self.step_ratio
        height = x / self.step_ratio if up else (x - 1) / (self.step_ratio - 1)
        scale = self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            bounds = zip(self._groups, self.base_momentums, self.max_momentums, strict=True)
            for group, low, high in bounds:
                self._set_momentum(group, high - (high - low) * height * scale)
        pairs = zip(self.base_lrs, self.max_lrs, strict=True)
        return [low + (high - low) * height * scale for low, high in pairs]

    def state_dict(self):
        function = self._scale_fn_custom
        saved = None if function is None else saved_function(function)
        return {**super().state_dict(), "_scale_fn_custom": saved}

    state_dict.__doc__ = LRScheduler.state_dict.__doc__

    def load_state_dict(self, state_dict):
        state = self._checked(state_dict)
        attributes = state.pop("_scale_fn_custom")
        vars(self).update(state)
        if attributes is not None:
            vars(self._scale_fn_custom).update(attributes)

    load_state_dict.__doc__ = LRScheduler.load_state_dict.__doc__


class OneCycleLR(_WithMomentum):
    """Rates that go up once and then far down (Smith and Topin 2019, "Super-convergence: very fast
    training of neural networks using large learning rates").

    Parameters
    ----------
    optimizer : Optimizer
    max_lr : float or list of float
        The highest rate, for all groups or for each.
    total_steps : int, optional
        All steps; else `epochs` times `steps_per_epoch`.
    epochs, steps_per_epoch : int, optional
    pct_start : float, optional
        The part of the steps that goes up.
    anneal_strategy : {"cos", "linear"}, optional
    cycle_momentum : bool, optional
        Whether the momentum goes down while the rate goes up.
    base_momentum, max_momentum : float or list of float, optional
    div_factor : float, optional
        The first rate is ``max_lr / div_factor``.
    final_div_factor : float, optional
        The last rate is the first one divided by this.
    three_phase : bool, optional
        Whether the rate comes down to the first one as fast as it went up, and only then to the
        last one.
    last_epoch : int, optional

    Raises
    ------
    TypeError
        If it is no optimizer.
    ValueError
        If an option is out of its range, the optimizer has no momentum to change, or there are
        more steps than were announced.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import optim
    >>> optimizer = optim.SGD([tl.ones(2).requires_grad_()], lr=1.0, momentum=0.9)
    >>> scheduler = optim.lr_scheduler.OneCycleLR(
    ...     optimizer, max_lr=1.0, total_steps=5, pct_start=0.4, anneal_strategy="linear"
    ... )
    >>> rates = []
    >>> for step in range(5):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> [round(rate, 3) for rate in rates]
    [0.04, 1.0, 0.667, 0.333, 0.0]
    """

    def __init__(
        self,
        optimizer,
        max_lr,
        total_steps=None,
        epochs=None,
        steps_per_epoch=None,
        pct_start=0.3,
        anneal_strategy="cos",
        cycle_momentum=True,
        base_momentum=0.85,
        max_momentum=0.95,
        div_factor=25.0,
        final_div_factor=1e4,
        three_phase=False,
        last_epoch=-1,
    ):
        self._check_optimizer(optimizer)
        if total_steps is None:
            given = epochs is not None and steps_per_epoch is not None
            self._require(given, "total_steps, or epochs and steps_per_epoch", None)
            self._require(isinstance(epochs, int) and epochs > 0, "an int epochs > 0", epochs)
            valid = isinstance(steps_per_epoch, int) and steps_per_epoch > 0
            self._require(valid, "an int steps_per_epoch > 0", steps_per_epoch)
            total_steps = epochs * steps_per_epoch
        valid = isinstance(total_steps, int) and total_steps > 0
        self._require(valid, "an int total_steps > 0", total_steps)
        self._require(0 <= pct_start <= 1, "pct_start in [0, 1]", pct_start)
        strategies = ("cos", "linear")
        expected = f"anneal_strategy as one of {strategies}"
        self._require(anneal_strategy in strategies, expected, anneal_strategy)
        max_lrs = self._per_group(optimizer, "max_lr", max_lr)
        self.total_steps = total_steps
        self._schedule_phases = phases(pct_start, total_steps, three_phase)
        self._anneal_func_type = anneal_strategy
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self._begin_momentum(optimizer, base_momentum, max_momentum, last_epoch)
        if last_epoch == -1:
            for group, rate in zip(optimizer.param_groups, max_lrs, strict=True):
                group["initial_lr"] = rate / div_factor
                group["max_lr"] = rate
                group["min_lr"] = group["initial_lr"] / final_div_factor
        super().__init__(optimizer, last_epoch)

    def get_lr(self):  # noqa: D102
        step = self.last_epoch
        if step > self.total_steps:
            raise ValueError(f"{self._name}: expected at most {self.total_steps} steps, got {step}")
        start = 0.0
        for phase in self._schedule_phases[:-1]:
            if step <= phase["end_step"]:
                break
            start = phase["end_step"]
        else:
            phase = self._schedule_phases[-1]
        part = (step - start) / (phase["end_step"] - start)
        if self.cycle_momentum:
            ends = phase["start_momentum"], phase["end_momentum"]
            for group in self._groups:
                self._set_momentum(group, self._between(group, ends, part))
        ends = phase["start_lr"], phase["end_lr"]
        return [self._between(group, ends, part) for group in self._groups]

    def _between(self, group, ends, part):
        start, end = (group[name] for name in ends)
        if self._anneal_func_type == "linear":
            return (end - start) * part + start
        return end + (start - end) / 2 * (cos(pi * part) + 1)


def phases(pct_start, total_steps, three_phase):
    """Where each phase ends, and between which items of a group it leads."""

    def phase(end, start_lr, end_lr, start_momentum, end_momentum):
        return {
            "end_step": end,
            "start_lr": start_lr,
            "end_lr": end_lr,
            "start_momentum": start_momentum,
            "end_momentum": end_momentum,
        }

    last = total_steps - 1
    top = float(pct_start * total_steps) - 1
    up = phase(top, "initial_lr", "max_lr", "max_momentum", "base_momentum")
    if not three_phase:
        return [up, phase(last, "max_lr", "min_lr", "base_momentum", "max_momentum")]
    bottom = float(2 * pct_start * total_steps) - 2
    return [
        up,
        phase(bottom, "max_lr", "initial_lr", "base_momentum", "max_momentum"),
        phase(last, "initial_lr", "min_lr", "max_momentum", "max_momentum"),
    ]
