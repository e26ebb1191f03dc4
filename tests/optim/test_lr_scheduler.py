"""StepLR."""

import pytest

import tensorlib as tl
from tensorlib import nn, optim
from tensorlib.optim.lr_scheduler import StepLR


def make(**options):
    parameters = [nn.Parameter(tl.ones(1)) for _ in range(2)]
    return optim.SGD(
        [{"params": parameters[:1]}, {"params": parameters[1:], "lr": 10.0}], **options
    )


def test_rates_fall_once_every_so_many_epochs():
    optimizer = make(lr=1.0)
    scheduler = StepLR(optimizer, step_size=3, gamma=0.5)
    rates = []
    for _ in range(7):
        rates.append(scheduler.get_last_lr())
        scheduler.step()
    expected = [1, 1, 1, 0.5, 0.5, 0.5, 0.25]
    assert rates == [[rate, 10 * rate] for rate in expected]
    assert optimizer.param_groups[0]["initial_lr"] == 1.0


def test_going_on_from_a_saved_state():
    optimizer = make(lr=1.0)
    scheduler = StepLR(optimizer, step_size=2, gamma=0.5)
    scheduler.step()
    other_optimizer = make(lr=3.0)
    other = StepLR(other_optimizer, step_size=9)
    other_optimizer.load_state_dict(optimizer.state_dict())
    other.load_state_dict(scheduler.state_dict())
    scheduler.step()
    other.step()
    assert other.get_last_lr() == scheduler.get_last_lr() == [0.5, 5.0]
    assert other.last_epoch == 2


def test_refused():
    with pytest.raises(TypeError, match="StepLR: expected an Optimizer, got list"):
        StepLR([], 1)
    with pytest.raises(ValueError, match="StepLR: expected step_size >= 1, got 0"):
        StepLR(make(), 0)
    scheduler = StepLR(make(), 1)
    with pytest.raises(ValueError, match="load_state_dict: StepLR: expected "):
        scheduler.load_state_dict({"last_epoch": 5})
    assert scheduler.last_epoch == 0
