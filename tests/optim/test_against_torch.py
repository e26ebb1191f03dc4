"""Optimizers and schedulers against PyTorch's, over some steps."""

import numpy as np
import pytest

import tensorlib as tl
from tensorlib import nn, optim

torch = pytest.importorskip(
    "torch", reason="PyTorch is not installed; to compare with it: pip install torch"
)
rng = np.random.default_rng(0)


@pytest.mark.parametrize(
    "name, options",
    [
        ("SGD", {"lr": 0.1}),
        ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
        ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
        ("Adam", {}),
        ("Adam", {"lr": 0.1, "betas": (0.7, 0.8), "eps": 1e-4, "weight_decay": 0.1}),
        ("Adadelta", {}),
        ("Adadelta", {"lr": 0.7, "rho": 0.8, "eps": 1e-4, "weight_decay": 0.1}),
    ],
)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_with_a_falling_rate(name, options, dtype):
    x = rng.standard_normal((4, 5)).astype(dtype)
    ours = nn.Parameter(tl.asarray(x.copy()))
    theirs = torch.nn.Parameter(torch.tensor(x))
    mine = getattr(optim, name)([ours], **options)
    yours = getattr(torch.optim, name)([theirs], **options)
    my_schedule = optim.lr_scheduler.StepLR(mine, 3, 0.7)
    your_schedule = torch.optim.lr_scheduler.StepLR(yours, 3, 0.7)
    for _ in range(10):
        gradient = rng.standard_normal((4, 5)).astype(dtype)
        ours.grad = tl.asarray(gradient)
        theirs.grad = torch.tensor(gradient)
        mine.step()
        yours.step()
        my_schedule.step()
        your_schedule.step()
        assert my_schedule.get_last_lr() == your_schedule.get_last_lr()
    rtol = 1e-12 if dtype == "float64" else 2e-5
    np.testing.assert_allclose(np.asarray(ours.detach()), theirs.detach().numpy(), rtol, rtol)
    # The state has PyTorch's names.
    memory = yours.state_dict()["state"].get(0, {})
    for key, value in memory.items():
        if value is not None and key != "step":
            kept = np.asarray(mine.state_dict()["state"][0][key])
            np.testing.assert_allclose(kept, value.numpy(), rtol, rtol)
