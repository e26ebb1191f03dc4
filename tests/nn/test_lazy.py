"""Lazy modules, and parameters without a shape."""

import copy
import pickle

import numpy as np
import pytest

import tensorlib as tl
from tensorlib import nn, optim
from tensorlib.testing import assert_array_equal

torch = pytest.importorskip(
    "torch", reason="PyTorch is not installed; to compare with it: pip install torch"
)

CASES = [
    ("LazyLinear", (5,), {}, (2, 3, 4), "in_features"),
    ("LazyLinear", (5,), {"bias": False}, (4,), "in_features"),
    ("LazyConv1d", (6, 3), {"stride": 2, "groups": 2}, (2, 4, 9), "in_channels"),
    ("LazyConv2d", (6, 3), {"padding_mode": "circular", "padding": 1}, (4, 5, 5), "in_channels"),
    ("LazyConv3d", (6, 2), {"bias": False}, (2, 4, 3, 3, 3), "in_channels"),
    ("LazyConvTranspose1d", (6, 3), {"groups": 2}, (2, 4, 9), "in_channels"),
    ("LazyConvTranspose2d", (6, 3), {"stride": 2, "output_padding": 1}, (4, 5, 5), "in_channels"),
    ("LazyConvTranspose3d", (6, 2), {"dilation": 2}, (2, 4, 3, 3, 3), "in_channels"),
    ("LazyBatchNorm1d", (), {}, (3, 4), "num_features"),
    ("LazyBatchNorm2d", (), {"affine": False}, (3, 4, 2, 2), "num_features"),
    ("LazyBatchNorm3d", (), {"track_running_stats": False}, (3, 4, 2, 2, 2), "num_features"),
    ("LazyInstanceNorm1d", (), {"bias": False}, (3, 4, 5), "num_features"),
    ("LazyInstanceNorm2d", (1e-3,), {}, (3, 4, 2, 3), "num_features"),
    ("LazyInstanceNorm3d", (), {"momentum": 0.5}, (3, 4, 2, 2, 2), "num_features"),
]
cases = pytest.mark.parametrize("name, args, options, shape, attribute", CASES)


@cases
def test_like_pytorch(name, args, options, shape, attribute):
    ours, theirs = getattr(nn, name)(*args, **options), getattr(torch.nn, name)(*args, **options)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    parameters = list(ours.parameters())
    assert getattr(ours, attribute) == 0
    assert ours.has_uninitialized_params() == theirs.has_uninitialized_params()
    ours(tl.asarray(x))
    theirs(torch.tensor(x))
    assert type(ours).__name__ == type(theirs).__name__ == name.removeprefix("Lazy")
    assert getattr(ours, attribute) == getattr(theirs, attribute) == 4
    assert all(a is b for a, b in zip(parameters, ours.parameters(), strict=True))
    assert all(type(p) is nn.Parameter and p.requires_grad for p in parameters)
    assert not vars(ours).keys() & {"_options", "_initialize_hook"} and not ours._call_hooks
    state = {key: np.asarray(value) for key, value in theirs.state_dict().items()}
    assert {k: (v.shape, v.dtype) for k, v in ours.state_dict().items()} == {
        k: (v.shape, v.dtype) for k, v in state.items()
    }
    ours.load_state_dict(state)
    np.testing.assert_allclose(
        np.asarray(ours(tl.asarray(x)).detach()),
        theirs(torch.tensor(x)).detach().numpy(),
        rtol=1e-5,
        atol=1e-5,
    )


@cases
def test_state_into_lazy_modules(name, args, options, shape, attribute):
    x = tl.asarray(np.random.default_rng(0).normal(size=shape).astype("float32"))
    known = getattr(nn, name)(*args, **options)
    known.eval()(x)
    lazy = getattr(nn, name)(*args, **options).eval()
    lazy.load_state_dict(known.state_dict())
    assert not lazy.has_uninitialized_params()
    assert_array_equal(lazy(x).detach(), known(x).detach())
    assert type(lazy) is type(known) and getattr(lazy, attribute) == 4


def test_state_of_lazy_modules():
    lazy, other = nn.LazyLinear(3), nn.LazyLinear(3)
    state = lazy.state_dict()
    assert repr(state["weight"]) == "<UninitializedParameter>"
    assert other.load_state_dict(state) == ([], []) and other.has_uninitialized_params()
    known = nn.Linear(2, 3)
    before = known.weight.tolist()
    with pytest.raises(RuntimeError, match="expected a value for 'weight', got <Uninitialized"):
        known.load_state_dict(state)
    assert known.weight.tolist() == before
    with pytest.raises(RuntimeError, match="no value for 'bias'"):
        lazy.load_state_dict({"weight": tl.ones((3, 2))})
    assert lazy.has_uninitialized_params()


def test_an_optimizer_made_before_the_first_call():
    net = nn.Sequential(nn.LazyLinear(3), nn.ReLU(), nn.LazyLinear(1))
    parameters = list(net.parameters())
    net(tl.ones((2, 5), dtype="float32"))
    optimizer = optim.SGD(parameters, lr=0.1)
    before = net[0].weight.tolist()
    net(tl.ones((2, 5), dtype="float32")).sum().backward()
    optimizer.step()
    assert net[0].weight.shape == (3, 5) and net[0].weight.tolist() != before


def test_conversions_copies_and_pickles_of_lazy_modules():
    lazy = nn.LazyConv2d(2, 3).double()
    assert lazy.weight.dtype == np.float64 and lazy.has_uninitialized_params()
    for other in (copy.deepcopy(lazy), pickle.loads(pickle.dumps(lazy))):
        assert other.has_uninitialized_params() and other.weight.requires_grad
        other(tl.ones((1, 3, 4, 4)))
        assert type(other) is nn.Conv2d and other.weight.shape == (2, 3, 3, 3)
        assert other.weight.dtype == other.bias.dtype == np.float64
        assert not other._call_hooks
    assert lazy.has_uninitialized_params()


def test_buffers_without_a_shape_are_converted():
    lazy = nn.LazyBatchNorm1d().double()
    lazy(tl.ones((2, 3)))
    assert type(lazy) is nn.BatchNorm1d
    dtypes = [x.dtype.name for x in lazy.state_dict().values()]
    assert dtypes == ["float64"] * 4 + ["int64"]


def test_resetting_waits():
    lazy = nn.LazyLinear(3)
    lazy.reset_parameters()
    lazy(tl.ones((1, 2), dtype="float32"))
    lazy.reset_parameters()
    assert 0 < abs(lazy.weight.detach()).max() < 1


def test_inputs_that_do_not_fit():
    lazy = nn.LazyConv2d(4, 3, groups=2)
    with pytest.raises(ValueError, match="LazyConv2d: expected an input of 3 or 4 axes, got shape"):
        lazy(tl.ones((2, 2), dtype="float32"))
    with pytest.raises(
        ValueError, match="Conv2d: expected channels that fall into 2 groups, got 3"
    ):
        lazy(tl.ones((1, 3, 5, 5), dtype="float32"))
    assert lazy.has_uninitialized_params()
    lazy(tl.ones((1, 2, 5, 5), dtype="float32"))
    with pytest.raises(ValueError, match="LazyConv2d: expected channels that fall into 3 groups"):
        nn.LazyConv2d(4, 3, groups=3)
    with pytest.raises(ValueError, match="LazyBatchNorm2d: expected an input of 4 axes, got shape"):
        nn.LazyBatchNorm2d()(tl.ones((2, 2), dtype="float32"))


def test_modules_of_users():
    class Broken(nn.LazyModuleMixin, nn.Module):
        def __init__(self):
            super().__init__()
            self.gain = nn.UninitializedParameter()

    broken = Broken()
    with pytest.raises(NotImplementedError, match="Broken: no initialize_parameters is defined"):
        broken(1)
    Broken.initialize_parameters = lambda self, x: None
    with pytest.raises(RuntimeError, match="Broken: expected initialize_parameters to materialize"):
        broken(1)


def test_without_a_shape():
    parameter = nn.UninitializedParameter(requires_grad=False, dtype="float64")
    assert isinstance(parameter, nn.Parameter) and repr(parameter) == "<UninitializedParameter>"
    with pytest.raises(RuntimeError, match="UninitializedParameter: there is no shape yet"):
        _ = parameter.shape
    parameter.materialize((2, 3), dtype="float32")
    assert type(parameter) is nn.Parameter and parameter.shape == (2, 3)
    assert parameter.dtype == np.float32 and not parameter.requires_grad
    module = nn.Module()
    module.mean = nn.UninitializedBuffer(persistent=False)
    module.mean.materialize(4)
    assert type(module.mean) is nn.Buffer and module.mean.shape == (4,) and not module.state_dict()


def test_summary_of_lazy_modules():
    net = nn.Sequential(nn.LazyLinear(3))
    with pytest.raises(RuntimeError, match="summary: 0: 'weight' has no shape yet; give inputs"):
        nn.summary(net)
    assert nn.summary(net, tl.ones((1, 2), dtype="float32")).parameters == 9
