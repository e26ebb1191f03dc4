"""Averaged models, beside PyTorch's and plain averages."""

import numpy as np
import pytest

import tensorlib as tl
from tensorlib import nn
from tensorlib.optim import swa_utils
from tensorlib.testing import assert_allclose, assert_array_equal

try:
    import torch
except ImportError:
    torch = None
needs_torch = pytest.mark.skipif(
    torch is None, reason="PyTorch is not installed; to compare with it: pip install torch"
)
rng = np.random.default_rng(0)


def model_of(library):
    if library is tl:
        layers = nn
        options = {"dtype": "float64"}
    else:
        layers = torch.nn
        options = {"dtype": torch.float64}
    return layers.Sequential(
        layers.Linear(3, 4, **options), layers.ReLU(), layers.Linear(4, 2, **options)
    )


def weights():
    return {
        "0.weight": rng.standard_normal((4, 3)),
        "0.bias": rng.standard_normal(4),
        "2.weight": rng.standard_normal((2, 4)),
        "2.bias": rng.standard_normal(2),
    }


def averages_of(library, options, all_weights):
    source = swa_utils if library is tl else torch.optim.swa_utils
    options = {
        key: getattr(source, value[0])(*value[1:]) if isinstance(value, tuple) else value
        for key, value in options.items()
    }
    model = model_of(library)
    averaged = source.AveragedModel(model, **options)
    for values in all_weights:
        make = tl.asarray if library is tl else torch.tensor
        model.load_state_dict({key: make(value) for key, value in values.items()})
        averaged.update_parameters(model)
    return averaged


@needs_torch
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"avg_fn": ("get_swa_avg_fn",)},
        {"multi_avg_fn": ("get_swa_multi_avg_fn",)},
        {"avg_fn": ("get_ema_avg_fn", 0.9)},
        {"multi_avg_fn": ("get_ema_multi_avg_fn", 0.7)},
        {"multi_avg_fn": ("get_ema_multi_avg_fn",), "use_buffers": True},
    ],
)
def test_averages_are_those_of_pytorch(options):
    all_weights = [weights() for _ in range(6)]
    mine = averages_of(tl, options, all_weights)
    yours = averages_of(torch, options, all_weights)
    ours, theirs = mine.state_dict(), yours.state_dict()
    assert list(ours) == list(theirs)
    # PyTorch computes one over a count, a Tensor of integers, in its default dtype.
    rtol = 1e-6 if ("get_swa_multi_avg_fn",) in options.values() else 1e-10
    for key, value in theirs.items():
        assert ours[key].shape == tuple(value.shape)
        assert str(ours[key].dtype) == str(value.dtype).removeprefix("torch.")
        np.testing.assert_allclose(np.asarray(ours[key].detach()), value.numpy(), rtol)
    x = rng.standard_normal((5, 3))
    with tl.autograd.no_grad(), torch.no_grad():
        np.testing.assert_allclose(mine(tl.asarray(x)), yours(torch.tensor(x)).numpy(), 10 * rtol)


def test_the_average_is_a_copy():
    model = nn.Linear(1, 1)
    averaged = swa_utils.AveragedModel(model)
    assert averaged.module is not model and averaged.n_averaged.item() == 0
    averaged.update_parameters(model)
    before = averaged.module.weight.detach().copy()
    with tl.autograd.no_grad():
        model.weight += 1
    assert_array_equal(averaged.module.weight.detach(), before)
    averaged.update_parameters(model)
    assert_allclose(averaged.module.weight.detach(), before + 0.5, rtol=1e-6)
    assert averaged.n_averaged.item() == 2 and averaged.module.weight.requires_grad


def test_buffers_are_those_of_the_model_or_averages():
    class Counter(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("mean", tl.zeros(2))
            self.weight = nn.Parameter(tl.zeros(1))

    for use_buffers, expected in ((False, 6.0), (True, 3.0)):
        model = Counter()
        averaged = swa_utils.AveragedModel(model, use_buffers=use_buffers)
        for value in (1.0, 2.0, 6.0):
            model.mean[...] = value
            averaged.update_parameters(model)
        assert_array_equal(averaged.module.mean, [expected] * 2)


def test_another_model_is_refused_and_nothing_changes():
    averaged = swa_utils.AveragedModel(nn.Linear(2, 3))
    before = averaged.module.weight.detach().copy()
    with pytest.raises(
        ValueError, match=r"AveragedModel: expected parameters of shapes \[\(3, 2\)"
    ):
        averaged.update_parameters(nn.Linear(2, 2))
    assert_array_equal(averaged.module.weight.detach(), before)
    assert averaged.n_averaged.item() == 0


@pytest.mark.parametrize(
    "function, text",
    [
        (lambda: swa_utils.get_ema_avg_fn(1.5), r"get_ema_avg_fn: expected decay in \[0, 1\]"),
        (lambda: swa_utils.get_ema_multi_avg_fn(-1), r"get_ema_multi_avg_fn: expected decay in"),
        (
            lambda: swa_utils.AveragedModel(nn.ReLU(), avg_fn=max, multi_avg_fn=max),
            "AveragedModel: expected avg_fn or multi_avg_fn, got both",
        ),
    ],
)
def test_refused(function, text):
    with pytest.raises(ValueError, match=text):
        function()


# update_bn


@needs_torch
def test_statistics_are_those_of_pytorch():
    batches = [rng.standard_normal((8, 3)) + k for k in range(4)]
    mine = nn.Sequential(nn.BatchNorm1d(3, dtype="float64"), nn.Dropout(0.5))
    theirs = torch.nn.Sequential(
        torch.nn.BatchNorm1d(3, dtype=torch.float64), torch.nn.Dropout(0.5)
    )
    mine[1].eval()
    swa_utils.update_bn([(tl.asarray(b), 0) for b in batches], mine)
    torch.optim.swa_utils.update_bn([(torch.tensor(b), 0) for b in batches], theirs)
    for key in ("running_mean", "running_var", "num_batches_tracked"):
        np.testing.assert_allclose(getattr(mine[0], key), getattr(theirs[0], key).numpy(), 1e-10)
    # Modes and momenta are as before, each module's its own.
    assert mine.training and not mine[1].training and mine[0].momentum == 0.1


def test_a_batch_that_fails_leaves_modes_and_momenta():
    model = nn.Sequential(nn.BatchNorm1d(3)).eval()
    with pytest.raises(ValueError):
        swa_utils.update_bn([tl.ones((2, 5), dtype="float32")], model)
    assert not model.training and model[0].momentum == 0.1
    plain = nn.Sequential(nn.ReLU())
    swa_utils.update_bn(iter(lambda: pytest.fail("no batch is needed"), None), plain)
