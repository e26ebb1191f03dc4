"""States that are saved, loaded and moved between devices, and batches in pinned memory."""

import copy
import pickle

import numpy as np
import pytest

import tensorlib as tl
from tensorlib import nn
from tensorlib.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tensorlib.utils.data import DataLoader, TensorDataset


def places(state):
    return {x.device for x in state.values()}


def assert_equal(state, other):
    assert state.keys() == other.keys()
    for name, x in state.items():
        np.testing.assert_array_equal(x.cpu().numpy(), other[name].cpu().numpy())


def test_save_and_load(tmp_path, device):
    state = nn.Linear(3, 2).to(device).state_dict()
    path = tmp_path / "state.safetensors"
    tl.save(state, path)
    loaded, moved = tl.load(path), tl.load(path, map_location=device)
    assert (places(loaded), places(moved)) == ({"cpu"}, {"cuda:0"})
    assert_equal(loaded, state)
    assert_equal(moved, state)


def test_load_state_dict(device):
    here, there = nn.BatchNorm1d(3), nn.BatchNorm1d(3).to(device)
    there(tl.ones((4, 3), dtype="float32", device=device))
    here.load_state_dict(there.state_dict())
    assert places(here.state_dict()) == {"cpu"}
    assert_equal(here.state_dict(), there.state_dict())
    here.running_mean += 1
    there.load_state_dict(here.state_dict())
    assert places(there.state_dict()) == {"cuda:0"}
    assert_equal(here.state_dict(), there.state_dict())
    here.load_state_dict(there.state_dict(), assign=True)
    assert places(here.state_dict()) == {"cuda:0"}


def test_copies_of_models(device):
    model = nn.Linear(3, 2).to(device)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert places(other.state_dict()) == {"cuda:0"}
        assert_equal(other.state_dict(), model.state_dict())


@pytest.mark.parametrize(
    "fill", [nn.init.normal_, nn.init.trunc_normal_, nn.init.kaiming_uniform_, nn.init.eye_]
)
def test_first_values(fill, device):
    weights = []
    for place in ("cpu", device):
        tl.manual_seed(0)
        weights.append(fill(nn.Linear(3, 2).to(place).weight))
    assert weights[1].device == "cuda:0"
    tl.testing.assert_array_equal(*weights)


def test_a_norm_of_a_layer_that_is_there(device):
    layer = nn.utils.parametrizations.spectral_norm(nn.Linear(3, 2).to(device))
    assert places(layer.state_dict()) == {"cuda:0"}
    assert layer(tl.ones((2, 3), dtype="float32", device=device)).device == "cuda:0"


@pytest.mark.parametrize("rule", [None, get_ema_multi_avg_fn(0.75)])
def test_averaged_models(rule, device):
    results = []
    for place in ("cpu", device):
        tl.manual_seed(0)
        model = nn.Linear(3, 2).to(place)
        averaged = AveragedModel(model, multi_avg_fn=rule)
        for _ in range(3):
            with tl.no_grad():
                for param in model.parameters():
                    param += 1.0
            averaged.update_parameters(model)
        results.append(averaged.module.state_dict())
    assert places(results[1]) == {"cuda:0"}
    for name, x in results[0].items():
        np.testing.assert_allclose(results[1][name].cpu().numpy(), x.numpy(), rtol=1e-6)


def test_batches_in_pinned_memory(device):
    dataset = TensorDataset(tl.arange(30.0).reshape(10, 3), tl.arange(10))
    for x, y in DataLoader(dataset, batch_size=4, pin_memory=True):
        assert x.is_pinned()
        assert y.is_pinned()
        moved = x.to(device, non_blocking=True)
        assert moved.cpu().tolist() == x.tolist()
    assert not next(iter(DataLoader(dataset, batch_size=4)))[0].is_pinned()
    samples = [{"a": tl.ones(2), "b": ("name", tl.ones(3))}]
    (batch,) = DataLoader(samples, pin_memory=True, collate_fn=lambda found: found[0])
    assert batch["a"].is_pinned()
    assert batch["b"][0] == "name"
    assert batch["b"][1].is_pinned()
