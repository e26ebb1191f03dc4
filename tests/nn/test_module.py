"""Module, Parameter and the containers."""

import copy
import pickle

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


NAMES = ["scale", "body.0.weight", "body.0.bias", "head.weight", "head.bias"]


def test_parameter():
    data = tl.zeros(3)
    parameter = nn.Parameter(data)
    assert isinstance(parameter, tl.Tensor) and parameter.requires_grad and parameter.is_leaf
    data[0] = 5
    assert parameter[0].item() == 5
    assert type(parameter + 1) is tl.Tensor
    assert not nn.Parameter(data, requires_grad=False).requires_grad
    assert repr(parameter).startswith("Parameter containing:\ntensor([5., 0., 0.]")


def test_parameter_of_a_result_starts_a_graph_of_its_own():
    x = tl.ones(3).requires_grad_()
    parameter = nn.Parameter(x * 2)
    (parameter * 3).sum().backward()
    assert x.grad is None
    assert_array_equal(parameter.grad, [3, 3, 3])


def test_parameter_refuses():
    with pytest.raises(TypeError, match="floating"):
        nn.Parameter(tl.zeros(3, dtype="int64"))
    with pytest.raises(TypeError, match="Parameter: expected an array_like"):
        nn.Parameter(None)


def test_copies_and_pickles_stay_parameters():
    parameter = nn.Parameter(tl.ones(2))
    for other in (copy.deepcopy(parameter), pickle.loads(pickle.dumps(parameter))):
        assert type(other) is nn.Parameter and other.requires_grad
        assert_array_equal(other.detach(), [1, 1])
        assert not np.shares_memory(np.asarray(other.detach()), np.asarray(parameter.detach()))


def test_walks():
    net = Net()
    assert [name for name, _ in net.named_parameters()] == NAMES
    assert [name for name, _ in net.named_parameters(recurse=False)] == ["scale"]
    assert [name for name, _ in net.named_buffers()] == ["count", "scratch"]
    assert [name for name, _ in net.named_children()] == ["body", "head"]
    names = [name for name, _ in net.named_modules()]
    assert names == ["", "body", "body.0", "body.1", "head"]
    assert len(list(net.parameters())) == 5 and len(list(net.buffers())) == 2
    assert [name for name, _ in net.named_parameters("net")][0] == "net.scale"


def test_what_is_shared_comes_once():
    layer = nn.Linear(3, 3)
    net = nn.Sequential(layer, nn.ReLU(), layer)
    assert [name for name, _ in net.named_parameters()] == ["0.weight", "0.bias"]
    assert len(list(net.modules())) == 3
    assert list(net.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]


def test_apply_visits_those_below_first():
    visited = []
    net = Net()
    assert net.apply(visited.append) is net
    assert visited == [net.body[0], net.body[1], net.body, net.head, net]


def test_training_and_evaluation():
    net = Net()
    assert net.training and net.eval() is net
    assert not any(module.training for module in net.modules())
    assert net.train().body[1].training


def test_requires_grad_and_zero_grad():
    net = Net()
    net(tl.ones((1, 3), dtype="float32")).sum().backward()
    assert all(parameter.grad is not None for parameter in net.parameters())
    net.zero_grad(set_to_none=False)
    assert all(not parameter.grad.any() for parameter in net.parameters())
    net.zero_grad()
    assert all(parameter.grad is None for parameter in net.parameters())
    net.requires_grad_(False)
    assert not net(tl.ones((1, 3), dtype="float32")).requires_grad


def test_attributes():
    net = Net()
    net.count = tl.ones((), dtype="int64")  # still a buffer
    assert net.state_dict()["count"].item() == 1
    net.scale = None
    assert net.scale is None and "scale" not in net.state_dict()
    net.scale = nn.Parameter(tl.ones(2, dtype="float32"))
    assert "scale" in net.state_dict()
    del net.head
    assert not hasattr(net, "head")
    assert "body" in dir(net)
    net.body = nn.Parameter(tl.ones(1))  # another kind of member
    assert [name for name, _ in net.named_children()] == []
    net.note = "plain"
    assert net.note == "plain"


def test_attributes_refused():
    net = Net()
    with pytest.raises(TypeError, match="Net: expected a Parameter or None for 'scale', got Tens"):
        net.scale = tl.ones(2)
    with pytest.raises(TypeError, match="expected a Module or None for 'head', got int"):
        net.head = 3
    with pytest.raises(TypeError, match="expected a Tensor or None for 'count', got int"):
        net.count = 3
    with pytest.raises(AttributeError, match="'Net' object has no attribute 'tail'"):
        _ = net.tail
    with pytest.raises(KeyError, match="expected a name without dots, got 'a.b'"):
        net.register_buffer("a.b", None)
    with pytest.raises(KeyError, match="register_parameter: Net already has 'forward'"):
        net.register_parameter("forward", None)
    with pytest.raises(TypeError, match="register_parameter: expected a Parameter for 'x', got T"):
        net.register_parameter("x", tl.ones(2))
    with pytest.raises(TypeError, match="register_buffer: expected a Tensor for 'x', got list"):
        net.register_buffer("x", [1])
    with pytest.raises(TypeError, match="register_module: expected a Module for 'x', got int"):
        net.register_module("x", 1)


def test_assignment_before_init_is_refused():
    class Broken(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(2, 2)

    with pytest.raises(AttributeError, match=r"Broken: call super\(\).__init__\(\) before"):
        Broken()


def test_forward_must_be_defined():
    with pytest.raises(NotImplementedError, match="Module: no forward is defined"):
        nn.Module()(1)


def test_state_dict_shares_storage_and_needs_no_gradient():
    net = Net()
    state = net.state_dict()
    assert list(state) == ["scale", "count", *NAMES[1:]]
    assert not any(value.requires_grad for value in state.values())
    with tl.no_grad():
        net.scale[0] = 7
    assert state["scale"][0].item() == 7


def test_load_state_dict():
    a, b = Net(), Net()
    result = b.load_state_dict(a.state_dict())
    assert result == ([], [])
    for name, value in b.state_dict().items():
        assert_array_equal(value, a.state_dict()[name])
    # Arrays of another dtype are taken too.
    b.load_state_dict({name: np.zeros(x.shape) for name, x in a.state_dict().items()})
    assert b.scale.dtype == np.float32 and not b.scale.detach().any()
    assert b.scale.requires_grad and b.scale.is_leaf


def test_load_state_dict_refuses_and_changes_nothing():
    net = Net()
    before = {name: value.copy() for name, value in net.state_dict().items()}
    state = {name: tl.zeros(value.shape) for name, value in before.items()}
    del state["head.bias"]
    state["tail"] = tl.zeros(1)
    state["scale"] = tl.zeros(3)
    text = r"load_state_dict: Net: expected shape \(2,\) for 'scale', got \(3,\); no value for "
    text += "'head.bias'; no place for 'tail'"
    with pytest.raises(RuntimeError, match=text):
        net.load_state_dict(state)
    for name, value in net.state_dict().items():
        assert_array_equal(value, before[name])
    del state["scale"]
    assert net.load_state_dict(state, strict=False) == (["scale", "head.bias"], ["tail"])
    assert not net.head.weight.detach().any() and net.scale.detach().all()


def test_modules_can_be_copied():
    net = Net()
    other = copy.deepcopy(net)
    x = tl.ones((2, 3), dtype="float32")
    assert_array_equal(other(x).detach(), net(x).detach())
    with tl.no_grad():
        other.scale[...] = 0
    assert net.scale.detach().all()


def test_sequential():
    layers = [nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)]
    net = nn.Sequential(*layers)
    x = tl.ones((2, 3), dtype="float32")
    assert_array_equal(net(x).detach(), layers[2](layers[1](layers[0](x))).detach())
    assert len(net) == 3 and list(net) == layers and net[-1] is layers[2]
    assert list(net[1:]) == layers[1:]
    assert list(net.append(nn.ReLU()))[-1] is net[3]
    named = nn.Sequential({"first": layers[0], "second": layers[1]})
    assert list(named.state_dict()) == ["first.weight", "first.bias"]
    with pytest.raises(IndexError, match="Sequential: index 4 with 4 modules"):
        _ = net[4]
    with pytest.raises(TypeError, match="register_module: expected a Module for '0', got function"):
        nn.Sequential(lambda x: x)


def test_module_list_and_dict():
    layers = nn.ModuleList([nn.Linear(2, 2)]).extend([nn.ReLU(), nn.Linear(2, 2)])
    assert [name for name, _ in layers.named_parameters()][2] == "2.weight"
    heads = nn.ModuleDict({"a": nn.Linear(2, 1)})
    heads["b"] = nn.Linear(2, 3)
    assert list(heads) == list(heads.keys()) == ["a", "b"] and len(heads) == 2
    assert heads["b"] in list(heads.values()) and "a" in heads
    del heads["a"]
    assert [name for name, _ in heads.items()] == ["b"]


def test_text():
    assert repr(nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.ReLU()))) == (
        "Sequential(\n  (0): Linear(2, 3, bias=True)\n  (1): Sequential(\n    (0): ReLU()\n  )\n)"
    )
