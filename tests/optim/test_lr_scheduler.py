"""Schedulers: the rates of two groups beside PyTorch's, state, and refusals."""

import json
import warnings

import numpy as np
import pytest

import tensorlib as tl
from tensorlib import nn, optim
from tensorlib.optim import lr_scheduler

try:
    import torch
except ImportError:
    torch = None
needs_torch = pytest.mark.skipif(
    torch is None, reason="PyTorch is not installed; to compare with it: pip install torch"
)
EPOCHS = 50


def make(library=None, name="SGD", **options):
    """An optimizer of two groups."""
    if library is None or library is tl:
        parameters = [nn.Parameter(tl.ones(1)) for _ in range(2)]
        make = getattr(optim, name)
    else:
        parameters = [torch.nn.Parameter(torch.ones(1)) for _ in range(2)]
        make = getattr(torch.optim, name)
    options = {"lr": 0.5, **options}
    return make([{"params": parameters[:1]}, {"params": parameters[1:], "lr": 2.0}], **options)


def wave(epoch):
    return 0.9 + 0.1 * np.cos(epoch).item()


class Falling:
    """A callable object, whose attributes are saved."""

    def __init__(self, factor):
        self.factor = factor

    def __call__(self, epoch):
        return self.factor**epoch


CASES = {
    "LambdaLR": [{"lr_lambda": wave}, {"lr_lambda": [wave, Falling(0.9)]}],
    "MultiplicativeLR": [{"lr_lambda": wave}, {"lr_lambda": [wave, lambda epoch: 0.5]}],
    "StepLR": [{"step_size": 7}, {"step_size": 1, "gamma": 0.9}],
    "MultiStepLR": [{"milestones": [3, 10, 10, 40]}, {"milestones": [0, 1], "gamma": 0.7}],
    "ConstantLR": [{}, {"factor": 0.2, "total_iters": 20}],
    "LinearLR": [{}, {"start_factor": 0.9, "end_factor": 0.1, "total_iters": 30}],
    "ExponentialLR": [{"gamma": 0.9}],
    "PolynomialLR": [{}, {"total_iters": 40, "power": 2.5}],
    "CosineAnnealingLR": [{"T_max": 10}, {"T_max": 7, "eta_min": 0.01}, {"T_max": 100}],
    "CosineAnnealingWarmRestarts": [{"T_0": 5}, {"T_0": 3, "T_mult": 2, "eta_min": 0.01}],
    "CyclicLR": [
        {"base_lr": 0.1, "max_lr": 1.0, "step_size_up": 4},
        {"base_lr": [0.1, 0.2], "max_lr": [1.0, 2.0], "step_size_up": 4, "step_size_down": 7},
        {"base_lr": 0.1, "max_lr": 1.0, "step_size_up": 4, "mode": "triangular2"},
        {
            "base_lr": 0.1,
            "max_lr": 1.0,
            "step_size_up": 4,
            "mode": "exp_range",
            "gamma": 0.9,
            "base_momentum": 0.7,
            "max_momentum": 0.95,
        },
        {
            "base_lr": 0.1,
            "max_lr": 1.0,
            "step_size_up": 4,
            "scale_fn": wave,
            "scale_mode": "iterations",
            "cycle_momentum": False,
        },
        {"base_lr": 0.1, "max_lr": 1.0, "step_size_up": 4, "scale_fn": Falling(0.5)},
    ],
    "OneCycleLR": [
        {"max_lr": 1.0, "total_steps": EPOCHS + 1},
        {"max_lr": [1.0, 2.0], "epochs": 10, "steps_per_epoch": 6, "anneal_strategy": "linear"},
        {"max_lr": 1.0, "total_steps": 60, "three_phase": True, "pct_start": 0.4},
        {"max_lr": 1.0, "total_steps": 60, "div_factor": 5.0, "cycle_momentum": False},
    ],
    "SWALR": [
        {"swa_lr": 0.05},
        {"swa_lr": [0.05, 0.1], "anneal_epochs": 20, "anneal_strategy": "linear"},
        {"swa_lr": 0.05, "anneal_epochs": 0},
    ],
}
cases = pytest.mark.parametrize(
    "name, options", [(name, options) for name, many in CASES.items() for options in many]
)


def build(library, name, optimizer, options):
    source = lr_scheduler if library is tl else torch.optim.lr_scheduler
    if name == "SWALR" and library is not tl:
        source = torch.optim.swa_utils
    return getattr(source, name)(optimizer, **options)


def rates(optimizer):
    return [
        [group[key] for key in ("lr", "momentum", "betas") if key in group]
        for group in optimizer.param_groups
    ]


def assert_rates(mine, yours):
    for ours, theirs in zip(rates(mine), rates(yours), strict=True):
        for x, y in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(x, y, rtol=1e-12, atol=1e-15)


def run_both(schedulers, optimizers, epochs=EPOCHS):
    assert_rates(*optimizers)
    for _ in range(epochs):
        for optimizer, scheduler in zip(optimizers, schedulers, strict=True):
            optimizer.step()
            scheduler.step()
        assert_rates(*optimizers)
        np.testing.assert_allclose(schedulers[0].get_last_lr(), schedulers[1].get_last_lr(), 1e-12)


@needs_torch
@cases
@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_rates_are_those_of_pytorch(name, options, optimizer):
    more = {"momentum": 0.9} if optimizer == "SGD" else {}
    optimizers = [make(library, optimizer, **more) for library in (tl, torch)]
    schedulers = [
        build(library, name, each, options)
        for library, each in zip((tl, torch), optimizers, strict=True)
    ]
    run_both(schedulers, optimizers)


@needs_torch
@cases
def test_the_state_is_that_of_pytorch(name, options):
    optimizers = [make(library, momentum=0.9) for library in (tl, torch)]
    mine, yours = (
        build(library, name, each, options)
        for library, each in zip((tl, torch), optimizers, strict=True)
    )
    for _ in range(5):
        for optimizer, scheduler in zip(optimizers, (mine, yours), strict=True):
            optimizer.step()
            scheduler.step()
    theirs = yours.state_dict()
    assert mine.state_dict().keys() == theirs.keys() - {"_get_lr_called_within_step"}
    # Theirs into a scheduler of ours, made anew.
    fresh = make(momentum=0.9)
    for group, other in zip(fresh.param_groups, optimizers[1].param_groups, strict=True):
        group.update({key: value for key, value in other.items() if key != "params"})
    other = build(tl, name, make(momentum=0.9), options)
    other.optimizer = fresh
    other.load_state_dict(theirs)
    run_both((other, yours), (fresh, optimizers[1]), 20)


@cases
def test_going_on_from_a_saved_state(name, options):
    optimizer = make(momentum=0.9)
    scheduler = build(tl, name, optimizer, options)
    for _ in range(6):
        optimizer.step()
        scheduler.step()
    state = scheduler.state_dict()
    if not any(callable(value) for value in options.values()):
        json.dumps(state["_last_lr"])
    other_optimizer = make(momentum=0.9)
    other = build(tl, name, other_optimizer, options)
    other_optimizer.load_state_dict(optimizer.state_dict())
    other.load_state_dict(state)
    for _ in range(20):
        for each in (scheduler, other):
            each.step()
        assert rates(optimizer) == rates(other_optimizer)
    assert other.last_epoch == scheduler.last_epoch == 26


@needs_torch
@cases
def test_going_on_at_an_epoch(name, options):
    optimizers = [make(library, momentum=0.9) for library in (tl, torch)]
    for library, optimizer in zip((tl, torch), optimizers, strict=True):
        build(library, name, optimizer, options)  # leaves what the groups must have
    schedulers = [
        build(library, name, optimizer, {**options, "last_epoch": 4})
        for library, optimizer in zip((tl, torch), optimizers, strict=True)
    ]
    run_both(schedulers, optimizers, 20)


@needs_torch
@pytest.mark.parametrize(
    "options",
    [
        {"patience": 2},
        {"mode": "max", "patience": 0, "cooldown": 3, "factor": 0.5},
        {"threshold_mode": "abs", "threshold": 0.1, "patience": 1, "min_lr": [0.01, 0.3]},
        {"mode": "max", "threshold_mode": "abs", "patience": 1, "min_lr": 0.02, "eps": 1e-3},
    ],
)
def test_plateau(options):
    optimizers = [make(library) for library in (tl, torch)]
    mine = lr_scheduler.ReduceLROnPlateau(optimizers[0], **options)
    yours = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizers[1], **options)
    losses = np.cumsum(np.random.default_rng(0).standard_normal(EPOCHS))
    for epoch, loss in enumerate(losses):
        mine.step(tl.asarray(loss))
        yours.step(loss)
        assert_rates(*optimizers)
        assert mine.in_cooldown == yours.in_cooldown
        assert mine.get_last_lr() == yours.get_last_lr()
        if epoch == 20:
            assert mine.state_dict() == yours.state_dict()
            other = lr_scheduler.ReduceLROnPlateau(optimizers[0])
            other.load_state_dict(yours.state_dict())
            mine = other


def combination(library, optimizer, kind):
    source = lr_scheduler if library is tl else torch.optim.lr_scheduler
    swa = lr_scheduler if library is tl else torch.optim.swa_utils
    first = source.LinearLR(optimizer, 0.1, total_iters=5)
    if kind == "chained":
        second = source.ExponentialLR(optimizer, 0.95)
        third = source.MultiStepLR(optimizer, [10, 20])
        return source.ChainedScheduler([first, second, third])
    if kind == "chained cosine":
        second = source.CosineAnnealingLR(optimizer, 8)
        return source.ChainedScheduler([first, second], optimizer)
    others = [
        source.CosineAnnealingLR(optimizer, 10),
        source.StepLR(optimizer, 3),
        source.MultiStepLR(optimizer, [2]),
        source.ConstantLR(optimizer, 0.5, 3),
        source.PolynomialLR(optimizer, 6),
        source.ExponentialLR(optimizer, 0.9),
        source.MultiplicativeLR(optimizer, wave),
        source.LambdaLR(optimizer, wave),
        source.CosineAnnealingWarmRestarts(optimizer, 3),
        swa.SWALR(optimizer, 0.05, 3),
    ]
    if kind == "sequence of a chain":
        chain = source.ChainedScheduler(others[3:5])
        return source.SequentialLR(optimizer, [chain, first], [10])
    milestones = list(range(4, 4 * len(others) + 1, 4))
    return source.SequentialLR(optimizer, [first, *others], milestones)


COMBINATIONS = ["chained", "chained cosine", "sequence", "sequence of a chain"]


# PyTorch's, which sees its own first step of a chain as one that comes too early.
@pytest.mark.filterwarnings("ignore:Detected call of:UserWarning")
@needs_torch
@pytest.mark.parametrize("kind", COMBINATIONS)
def test_schedulers_of_schedulers(kind):
    optimizers = [make(library) for library in (tl, torch)]
    schedulers = [
        combination(library, optimizer, kind)
        for library, optimizer in zip((tl, torch), optimizers, strict=True)
    ]
    run_both(schedulers, optimizers, 25)
    theirs = schedulers[1].state_dict()
    assert schedulers[0].state_dict().keys() == theirs.keys() - {"_get_lr_called_within_step"}
    fresh = make()
    other = combination(tl, fresh, kind)
    for group, known in zip(fresh.param_groups, optimizers[0].param_groups, strict=True):
        group.update({key: value for key, value in known.items() if key != "params"})
    other.load_state_dict(theirs)
    run_both((other, schedulers[1]), (fresh, optimizers[1]), 25)


@pytest.mark.parametrize("kind", COMBINATIONS[:3])
def test_a_combination_as_part_of_a_sequence(kind):
    # PyTorch refuses: "NotImplementedError" at the milestone. It goes on as if it were alone.
    alone = make()
    expected = combination(tl, alone, kind)
    optimizer = make()
    first = lr_scheduler.ExponentialLR(optimizer, 0.5)
    scheduler = lr_scheduler.SequentialLR(
        optimizer, [first, combination(tl, optimizer, kind)], [10]
    )
    for epoch in range(30):
        assert rates(optimizer)[0][0] == pytest.approx(0.5**epoch * 0.5) or epoch >= 10
        if epoch >= 10:
            assert_rates(optimizer, alone)
            expected.step()
        scheduler.step()


def test_a_users_scheduler():
    class Inverse(lr_scheduler.LRScheduler):
        def get_lr(self):
            return [lr / (1 + self.last_epoch) for lr in self.base_lrs]

    scheduler = Inverse(make(lr=1.0))
    for _ in range(3):
        scheduler.step()
    assert scheduler.get_last_lr() == [0.25, 0.5]
    with pytest.raises(NotImplementedError, match="LRScheduler: no rate is defined"):
        lr_scheduler.LRScheduler(make())


def test_warm_restarts_within_epochs():
    optimizer = make(lr=1.0)
    scheduler = lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 2, 2)
    for epoch, part in ((0.5, 0.5 / 2), (2.5, 0.5 / 4), (7.0, 1 / 8)):
        scheduler.step(epoch)
        expected = (1 + np.cos(np.pi * part)) / 2
        np.testing.assert_allclose(scheduler.get_last_lr(), [expected, 2 * expected], 1e-12)


def test_a_group_that_is_added_later_gets_no_rate_silently():
    optimizer = make()
    scheduler = lr_scheduler.LambdaLR(optimizer, wave)
    optimizer.add_param_group({"params": nn.Parameter(tl.ones(1))})
    with pytest.raises(ValueError):
        scheduler.step()


def test_nothing_warns():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scheduler = lr_scheduler.StepLR(make(), 1)
        scheduler.step()


@pytest.mark.parametrize(
    "function, error, text",
    [
        (lambda: lr_scheduler.StepLR([], 1), TypeError, "StepLR: expected an Optimizer, got list"),
        (lambda: lr_scheduler.StepLR(make(), 0), ValueError, "expected step_size >= 1, got 0"),
        (
            lambda: lr_scheduler.StepLR(make(), 1, last_epoch=3),
            KeyError,
            r"expected 'initial_lr' in param_groups\[0\] to go on from epoch 3",
        ),
        (lambda: lr_scheduler.LambdaLR(make(), [wave]), ValueError, "lr_lambda for 2 groups"),
        (lambda: lr_scheduler.LambdaLR(make(), 2.0), TypeError, "to be a function, got float"),
        (lambda: lr_scheduler.ConstantLR(make(), 2.0), ValueError, r"factor in \[0, 1\], got 2.0"),
        (lambda: lr_scheduler.LinearLR(make(), 0.0), ValueError, r"start_factor in \(0, 1\]"),
        (lambda: lr_scheduler.LinearLR(make(), 0.5, 2), ValueError, r"end_factor in \[0, 1\]"),
        (lambda: lr_scheduler.PolynomialLR(make(), 0), ValueError, "total_iters >= 1, got 0"),
        (lambda: lr_scheduler.CosineAnnealingLR(make(), 0), ValueError, "T_max > 0, got 0"),
        (
            lambda: lr_scheduler.CosineAnnealingWarmRestarts(make(), 0),
            ValueError,
            "an int T_0 >= 1, got 0",
        ),
        (
            lambda: lr_scheduler.CosineAnnealingWarmRestarts(make(), 2).step(np.inf),
            ValueError,
            "a finite epoch >= 0, got inf",
        ),
        (
            lambda: lr_scheduler.CyclicLR(make(), 0.1, 1.0, mode="square"),
            ValueError,
            "CyclicLR: expected mode as one of",
        ),
        (
            lambda: lr_scheduler.CyclicLR(make(name="Adagrad"), 0.1, 1.0),
            ValueError,
            "an optimizer with momentum or betas, got Adagrad",
        ),
        (lambda: lr_scheduler.OneCycleLR(make(), 1.0), ValueError, "total_steps, or epochs and"),
        (
            lambda: lr_scheduler.OneCycleLR(make(), 1.0, 10, pct_start=2.0),
            ValueError,
            r"pct_start in \[0, 1\], got 2.0",
        ),
        (
            lambda: [s := lr_scheduler.OneCycleLR(make(), 1.0, 1), s.step(), s.step()],
            ValueError,
            "OneCycleLR: expected at most 1 steps, got 2",
        ),
        (lambda: lr_scheduler.ReduceLROnPlateau(make(), "up"), ValueError, "'min' or 'max'"),
        (lambda: lr_scheduler.ReduceLROnPlateau(make(), factor=1), ValueError, "factor < 1, got 1"),
        (lambda: lr_scheduler.SWALR(make(), [0.1]), ValueError, "swa_lr for 2 groups, got"),
        (lambda: lr_scheduler.ChainedScheduler([]), ValueError, "at least one scheduler, got"),
        (lambda: lr_scheduler.ChainedScheduler([1]), TypeError, "got int at index 0"),
        (
            lambda: lr_scheduler.SequentialLR(make(), [lr_scheduler.StepLR(make(), 1)], []),
            ValueError,
            "schedulers of one optimizer, got StepLR of another at index 0",
        ),
    ],
)
def test_refused(function, error, text):
    with pytest.raises(error, match=text):
        function()


def test_a_rate_that_is_a_tensor_may_be_changed_in_place():
    rate = tl.asarray(1.0)
    optimizer = optim.SGD([nn.Parameter(tl.ones(1))], lr=rate)
    scheduler = lr_scheduler.LambdaLR(optimizer, lambda epoch: 0.5**epoch)
    optimizer.param_groups[0]["lr"] *= 10
    rate *= 10
    scheduler.step()
    assert scheduler.get_last_lr() == [0.5]


def test_a_refused_state_changes_nothing():
    scheduler = lr_scheduler.StepLR(make(), 1)
    for state in ({"last_epoch": 5}, {**scheduler.state_dict(), "gama": 3}):
        with pytest.raises(ValueError, match="load_state_dict: StepLR: expected "):
            scheduler.load_state_dict(state)
    assert scheduler.last_epoch == 0
