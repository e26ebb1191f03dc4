"""State: state_dict, load_state_dict, its hooks, extra state, and files that PyTorch reads."""

from collections import OrderedDict

import numpy as np
import pytest

import tensorlib as tl
from tensorlib import nn
from tensorlib.testing import assert_array_equal


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 4), nn.ReLU())
        self.head = nn.Linear(4, 2)
        self.scale = nn.Parameter(tl.ones(2, dtype="float32"))
        self.register_buffer("count", tl.zeros((), dtype="int64"))
        self.register_buffer("scratch", tl.zeros(5), persistent=False)

    def forward(self, x):
        return self.head(self.body(x)) * self.scale


NAMES = ["scale", "count", "body.0.weight", "body.0.bias", "head.weight", "head.bias"]


def snapshot(net):
    return {name: value.copy() for name, value in net.state_dict().items()}


def assert_unchanged(net, before):
    for name, value in net.state_dict().items():
        assert_array_equal(value, before[name])


def test_state_dict_shares_storage_and_needs_no_gradient():
    net = Net()
    state = net.state_dict()
    assert list(state) == NAMES
    assert not any(value.requires_grad for value in state.values())
    with tl.no_grad():
        net.scale[0] = 7
    assert state["scale"][0].item() == 7


def test_options_of_state_dict():
    net = Net()
    state = net.state_dict(keep_vars=True)
    assert state["scale"] is net.scale and state["count"] is net.count
    given = {"other": 1}
    assert net.head.state_dict(destination=given, prefix="net.") is given
    assert list(given) == ["other", "net.weight", "net.bias"]


def test_metadata():
    class Versioned(nn.Module):
        _version = 3

        def _load_from_state_dict(self, state_dict, prefix, local_metadata, *rest):
            seen.append((prefix, local_metadata.get("version")))
            super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)

    seen = []
    net = nn.Sequential(Versioned())
    state = net.state_dict()
    assert state._metadata == {"": {"version": 1}, "0": {"version": 3}}
    net.load_state_dict(state)
    net.load_state_dict({})
    assert seen == [("0.", 3), ("0.", None)]


def test_load_state_dict():
    a, b = Net(), Net()
    result = b.load_state_dict(a.state_dict())
    assert result == ([], []) and result.missing_keys == []
    assert_unchanged(b, a.state_dict())
    # Arrays of another dtype are taken too.
    b.load_state_dict({name: np.zeros(x.shape) for name, x in a.state_dict().items()})
    assert b.scale.dtype == np.float32 and not b.scale.detach().any()
    assert b.scale.requires_grad and b.scale.is_leaf


def test_differences_are_told_at_once_and_change_nothing():
    net = Net()
    before = snapshot(net)
    state = {name: tl.zeros(value.shape) for name, value in before.items()}
    del state["head.bias"]
    state["tail"] = state["head.x"] = tl.zeros(1)
    state["scale"] = tl.zeros(3)
    state["head.weight"] = tl.zeros((2, 4), dtype="complex128")
    state["count"] = "three"
    with pytest.raises(RuntimeError) as error:
        net.load_state_dict(state)
    assert str(error.value).splitlines() == [
        "load_state_dict: Net:",
        "  no value for 'head.bias'",
        "  no place for 'tail', 'head.x'",
        "  expected shape (2,) for 'scale', got (3,)",
        str(error.value).splitlines()[4],
        "  expected a real dtype for 'head.weight', got complex128",
    ]
    assert str(error.value).splitlines()[4].startswith("  expected a Tensor for 'count', got str")
    assert_unchanged(net, before)
    for name in ("scale", "head.weight", "count"):
        del state[name]
    result = net.load_state_dict(state, strict=False)
    assert result == (["scale", "count", "head.weight", "head.bias"], ["tail", "head.x"])
    assert not net.body[0].weight.detach().any() and net.scale.detach().all()


def test_shapes_count_without_strict_too():
    net = Net()
    before = snapshot(net)
    state = {"body.0.bias": tl.ones(4), "scale": tl.zeros((2, 1))}
    with pytest.raises(RuntimeError, match=r"expected shape \(2,\) for 'scale', got \(2, 1\)"):
        net.load_state_dict(state, strict=False)
    assert_unchanged(net, before)


def test_long_lists_are_shortened():
    net = nn.Sequential(*(nn.Linear(1, 1) for _ in range(20)))
    with pytest.raises(RuntimeError) as error:
        net.load_state_dict({f"x{i}": tl.zeros(1) for i in range(10)})
    lines = str(error.value).splitlines()
    assert lines[1].startswith("  no value for '0.weight', '0.bias', '1.weight'")
    assert lines[1].endswith("... and 32 more") and lines[2].endswith("'x7', ... and 2 more")
    with pytest.raises(RuntimeError) as error:
        net.load_state_dict({name: tl.zeros(7) for name in net.state_dict()})
    lines = str(error.value).splitlines()
    assert len(lines) == 10 and lines[-1] == "  ... and 32 more"


def test_read_only_parameters_are_refused():
    net = Net()
    fixed = np.ones(2, dtype="float32")
    fixed.flags.writeable = False
    net.scale = nn.Parameter(tl.asarray(fixed))
    before = snapshot(net)
    with pytest.raises(RuntimeError, match="'scale' is read-only"):
        net.load_state_dict({name: x + 1 for name, x in before.items()})
    assert_unchanged(net, before)


def test_what_is_no_mapping():
    with pytest.raises(
        TypeError, match="load_state_dict: expected a mapping of names to Tensors, "
    ):
        Net().load_state_dict([1])
    with pytest.raises(TypeError, match="load_state_dict: expected names to be str, got 3"):
        Net().load_state_dict({3: tl.zeros(2)}, strict=False)


def test_assign():
    net = Net()
    net.head.weight.requires_grad = False
    state = OrderedDict((name, tl.zeros(x.shape)) for name, x in net.state_dict().items())
    state["body.0.bias"] = given = nn.Parameter(tl.zeros(4))
    net.load_state_dict(state, assign=True)
    assert net.body[0].bias is given and net.count is state["count"]
    assert type(net.scale) is nn.Parameter and net.scale.dtype == np.float64
    assert net.scale.requires_grad and not net.head.weight.requires_grad
    assert np.shares_memory(np.asarray(net.scale.detach()), np.asarray(state["scale"]))
    with pytest.raises(RuntimeError, match="expected shape"):
        net.load_state_dict(dict(state, scale=tl.zeros(3)), assign=True)


def test_shared_parameters():
    layer = nn.Linear(3, 3)
    net = nn.Sequential(layer, nn.ReLU(), layer)
    state = net.state_dict()
    assert list(state) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    net.load_state_dict({name: tl.zeros(x.shape) for name, x in state.items()})
    assert not layer.weight.detach().any()
    assert [name for name, _ in net.named_parameters()] == ["0.weight", "0.bias"]


class Counter(nn.Module):
    def __init__(self):
        super().__init__()
        self.steps = 0

    def get_extra_state(self):
        return {"steps": self.steps}

    def set_extra_state(self, state):
        if state["steps"] < 0:
            raise ValueError("negative")
        self.steps = state["steps"]


def test_extra_state(tmp_path):
    net = nn.Sequential(nn.Linear(1, 1), Counter())
    net[1].steps = 5
    state = net.state_dict()
    assert list(state) == ["0.weight", "0.bias", "1._extra_state"]
    tl.save(state, tmp_path / "state.safetensors")
    other = nn.Sequential(nn.Linear(1, 1), Counter())
    other.load_state_dict(tl.load(tmp_path / "state.safetensors"))
    assert other[1].steps == 5
    del state["1._extra_state"]
    with pytest.raises(RuntimeError, match="no value for '1._extra_state'"):
        net.load_state_dict(state)
    plain = nn.Sequential(nn.Linear(1, 1), nn.ReLU())
    with pytest.raises(RuntimeError, match="no place for '1._extra_state'"):
        plain.load_state_dict(net.state_dict())
    with pytest.raises(NotImplementedError, match="Linear: no get_extra_state is defined"):
        nn.Linear(1, 1).get_extra_state()


def test_an_error_in_set_extra_state_changes_no_tensor():
    net = nn.Sequential(nn.Linear(1, 1), Counter())
    before = net[0].weight.tolist()
    state = {"0.weight": tl.ones((1, 1)) * 9, "0.bias": tl.ones(1)}
    state["1._extra_state"] = {"steps": -1}
    for assign in (False, True):
        weight = net[0].weight
        with pytest.raises(ValueError, match="negative"):
            net.load_state_dict(state, assign=assign)
        assert net[0].weight is weight and weight.tolist() == before


def test_hooks_of_state_dict():
    net = Net()
    calls = []
    net.head.register_state_dict_pre_hook(lambda *args: calls.append(args))

    def rename(module, state, prefix, metadata):
        state[prefix + "gain"] = state.pop(prefix + "weight")
        metadata["renamed"] = True

    handle = net.head.register_state_dict_post_hook(rename)
    state = net.state_dict()
    assert calls == [(net.head, "head.", False)]
    assert "head.gain" in state and "head.weight" not in state
    assert state._metadata["head"] == {"version": 1, "renamed": True}
    handle.remove()
    assert "head.weight" in net.state_dict()


def test_hooks_before_loading():
    net = Net()
    state = net.state_dict()
    old = dict(state)
    old["head.gain"] = tl.zeros((2, 4))
    del old["head.weight"]
    seen = []

    def rename(module, state_dict, prefix, metadata, strict, missing, unexpected, errors):
        seen.append((module, prefix, strict, list(state_dict)))
        state_dict[prefix + "weight"] = state_dict.pop(prefix + "gain")

    with net.head.register_load_state_dict_pre_hook(rename):
        assert net.load_state_dict(old) == ([], [])
    assert seen == [(net.head, "head.", True, ["head.bias", "head.gain"])]
    assert "head.gain" in old and not net.head.weight.detach().any()
    net.register_load_state_dict_pre_hook(lambda *args: args[-1].append("told by a hook"))
    with pytest.raises(RuntimeError, match="Net:\n  told by a hook"):
        net.load_state_dict(state)


def test_hooks_after_loading():
    net = Net()
    before = snapshot(net)
    state = {name: tl.zeros(x.shape) for name, x in before.items() if name != "scale"}
    seen = []

    def forgive(module, keys):
        seen.append((bool(module.head.bias.detach().any()), list(keys.missing_keys)))
        keys.missing_keys.clear()

    with net.register_load_state_dict_post_hook(forgive):
        assert net.load_state_dict(state) == ([], [])
    assert seen == [(False, ["scale"])]
    net.load_state_dict(before)
    with net.head.register_load_state_dict_post_hook(lambda module, keys: None):
        with pytest.raises(RuntimeError, match="no value for 'scale'"):
            net.load_state_dict(state)
        assert_unchanged(net, before)
    with net.register_load_state_dict_post_hook(lambda module, keys: 1 / 0):
        with pytest.raises(ZeroDivisionError):
            net.load_state_dict(dict(state, scale=tl.zeros(2)))
        assert_unchanged(net, before)


# Files

torch = pytest.importorskip(
    "torch", reason="PyTorch is not installed; to compare with it: pip install torch"
)
safetensors = pytest.importorskip(
    "safetensors.torch", reason="safetensors is not installed; to compare: pip install safetensors"
)


def networks(library):
    return library.Sequential(
        library.Conv2d(1, 4, 3),
        library.ReLU(),
        library.Flatten(),
        library.Sequential(library.Linear(16, 5, bias=False), library.Linear(5, 2)),
    )


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_weights_from_pytorch(tmp_path, dtype):
    theirs = networks(torch.nn).to(getattr(torch, dtype))
    safetensors.save_file(theirs.state_dict(), tmp_path / "weights.safetensors")
    ours = networks(nn).to(dtype)
    state = tl.load(tmp_path / "weights.safetensors")
    assert {x.dtype.name for x in state.values()} == {dtype}
    assert ours.load_state_dict(state) == ([], [])
    x = np.random.default_rng(0).normal(size=(3, 1, 4, 4))
    if dtype != "bfloat16":
        result = ours(tl.asarray(x, dtype=dtype)).detach()
        expected = theirs(torch.tensor(x, dtype=getattr(torch, dtype))).detach().numpy()
        np.testing.assert_allclose(np.asarray(result), expected, rtol=1e-5, atol=1e-6)
    for name, value in theirs.state_dict().items():
        assert ours.state_dict()[name].tolist() == value.tolist()


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_weights_to_pytorch(tmp_path, dtype):
    ours = networks(nn).to(dtype)
    tl.save(ours.state_dict(), tmp_path / "weights.safetensors")
    theirs = networks(torch.nn).to(getattr(torch, dtype))
    assert list(theirs.state_dict()) == list(ours.state_dict())
    theirs.load_state_dict(safetensors.load_file(tmp_path / "weights.safetensors"))
    for name, value in ours.state_dict().items():
        got = theirs.state_dict()[name]
        assert got.dtype == getattr(torch, dtype) and got.tolist() == value.tolist()
    safetensors.load_model(theirs, tmp_path / "weights.safetensors")
