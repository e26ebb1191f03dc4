"""Module: members, walks, modes, dtypes; Parameter."""

import copy
import pickle

import numpy as np
import pytest

import tensorlib as tl
from tensorlib import nn, optim
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


def test_a_parameter_left_out_can_be_registered():
    layer = nn.Linear(2, 3, bias=False)
    layer.register_parameter("bias", nn.Parameter(tl.ones(3, dtype="float32")))
    assert list(layer.state_dict()) == ["weight", "bias"]
    assert layer.bias.tolist() == [1, 1, 1]


def test_attributes_refused():
    net = Net()
    for member in (nn.Parameter(tl.ones(2)), nn.Buffer(tl.ones(2)), nn.ReLU()):
        with pytest.raises(KeyError, match="Net: expected a name without dots, got 'a.b'"):
            setattr(net, "a.b", member)
        with pytest.raises(KeyError, match="Net: the class already has 'forward'"):
            net.forward = member
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


def test_modules_can_be_copied():
    net = Net()
    other = copy.deepcopy(net)
    x = tl.ones((2, 3), dtype="float32")
    assert_array_equal(other(x).detach(), net(x).detach())
    with tl.no_grad():
        other.scale[...] = 0
    assert net.scale.detach().all()


def test_text():
    assert repr(nn.Sequential(nn.Tanh(), nn.Sequential(nn.ReLU()))) == (
        "Sequential(\n  (0): Tanh()\n  (1): Sequential(\n    (0): ReLU()\n  )\n)"
    )


def test_names_of_members():
    net = Net()
    assert net.get_submodule("") is net and net.get_submodule("body.0") is net.body[0]
    assert net.get_parameter("body.0.bias") is net.body[0].bias
    assert net.get_parameter("scale") is net.scale
    assert net.get_buffer("count") is net.count
    with pytest.raises(
        AttributeError, match=r"get_submodule: Sequential has no module '7' \(of 'b"
    ):
        net.get_submodule("body.7.x")
    with pytest.raises(AttributeError, match="get_parameter: Linear has no parameter 'gain'"):
        net.get_parameter("head.gain")
    with pytest.raises(AttributeError, match="get_buffer: Net has no buffer 'scale'"):
        net.get_buffer("scale")


def test_set_submodule():
    net = Net()
    net.set_submodule("body.1", nn.Tanh())
    net.set_submodule("tail", nn.ReLU())
    net.set_submodule("head", nn.Linear(4, 1), strict=True)
    assert isinstance(net.body[1], nn.Tanh) and isinstance(net.tail, nn.ReLU)
    assert net.head.weight.shape == (1, 4)
    with pytest.raises(AttributeError, match="set_submodule: Sequential has no module 'x'"):
        net.set_submodule("body.x", nn.ReLU(), strict=True)
    with pytest.raises(AttributeError, match="get_submodule: Net has no module 'legs'"):
        net.set_submodule("legs.left", nn.ReLU())
    with pytest.raises(KeyError, match="expected a name without dots, got ''"):
        net.set_submodule("", nn.ReLU())
    with pytest.raises(TypeError, match="expected a Module for 'head', got int"):
        net.set_submodule("head", 3)


def test_walks_with_duplicates():
    layer = nn.Linear(3, 3)
    net = nn.Sequential(layer, nn.Sequential(layer))
    modules = [name for name, _ in net.named_modules(remove_duplicate=False)]
    assert modules == ["", "0", "1", "1.0"]
    names = [name for name, _ in net.named_parameters(remove_duplicate=False)]
    assert names == ["0.weight", "0.bias", "1.0.weight", "1.0.bias"]
    assert [name for name, _ in net.named_modules({layer}, "net")] == ["net", "net.1"]
    twice = nn.Sequential(layer, layer)
    assert [name for name, _ in twice.named_children()] == ["0"]
    twice.register_buffer("a", tl.zeros(1))
    twice.register_buffer("b", twice.a)
    assert [name for name, _ in twice.named_buffers()] == ["a"]
    assert [name for name, _ in twice.named_buffers(remove_duplicate=False)] == ["a", "b"]


def test_a_module_that_holds_itself_is_walked():
    net = nn.Module()
    net.again = net
    assert list(net.modules()) == [net]
    with pytest.raises(RecursionError):
        net.state_dict()


def test_buffers_by_assignment():
    net = nn.Module()
    net.mean = nn.Buffer(tl.zeros(3))
    net.scratch = nn.Buffer(tl.zeros(3), persistent=False)
    assert [name for name, _ in net.named_buffers()] == ["mean", "scratch"]
    assert list(net.state_dict()) == ["mean"]
    assert not net.mean.requires_grad and type(net.mean + 1) is tl.Tensor
    for other in (copy.deepcopy(net.scratch), pickle.loads(pickle.dumps(net.scratch))):
        assert type(other) is nn.Buffer and not other.persistent
    net.scratch = nn.Buffer(tl.ones(3))
    assert list(net.state_dict()) == ["mean", "scratch"]


# Dtypes


def test_to_keeps_the_parameters():
    net = Net()
    parameters = list(net.parameters())
    net(tl.ones((1, 3), dtype="float32")).sum().backward()
    gradients = [p.grad.tolist() for p in parameters]
    values = [p.tolist() for p in parameters]
    assert net.to("float64") is net
    for parameter, own, value, gradient in zip(
        parameters, net.parameters(), values, gradients, strict=True
    ):
        assert parameter is own and parameter.is_leaf and parameter.requires_grad
        assert parameter.dtype == parameter.grad.dtype == np.float64
        assert parameter.tolist() == value and parameter.grad.tolist() == gradient
    assert net.scratch.dtype == np.float64 and net.count.dtype == np.int64
    assert net(tl.ones((1, 3))).dtype == np.float64


def test_an_optimizer_goes_on_after_to():
    net = nn.Linear(2, 1, bias=False)
    optimizer = optim.SGD(net.parameters(), lr=0.5)
    net.double()
    before = net.weight.tolist()
    net(tl.ones((1, 2))).sum().backward()
    optimizer.step()
    assert net.weight.tolist() == [[w - 0.5 for w in before[0]]]


@pytest.mark.parametrize(
    "convert, dtype",
    [
        (nn.Module.double, "float64"),
        (nn.Module.half, "float16"),
        (nn.Module.bfloat16, "bfloat16"),
        (lambda net: net.double().float(), "float32"),
        (lambda net: net.to(tl.zeros(1, dtype="float16")), "float16"),
        (lambda net: net.to(tensor=tl.zeros(1)), "float64"),
        (lambda net: net.to("cpu", np.float64, True), "float64"),
        (lambda net: net.to(device="cpu", dtype="float64"), "float64"),
        (lambda net: net.cpu(), "float32"),
        (lambda net: net.half().to("cpu").type("float64"), "float64"),
    ],
)
def test_conversions(convert, dtype):
    net = nn.Linear(2, 3)
    net.register_buffer("steps", tl.ones((), dtype="int64"))
    assert convert(net) is net
    assert net.weight.dtype.name == net.bias.dtype.name == dtype
    assert type(net.weight) is nn.Parameter


def test_type_casts_all():
    net = nn.Linear(2, 3)
    net.register_buffer("steps", tl.ones((), dtype="int64"))
    assert net.type("float64").steps.dtype == np.float64
    with pytest.raises(TypeError, match="Linear: expected a floating-point or complex dtype"):
        net.type("int64")
    assert net.weight.dtype == net.steps.dtype == np.float64
    net.requires_grad_(False).type("int64")
    assert net.weight.dtype == np.int64


def test_complex_parameters():
    net = nn.Module()
    net.real = nn.Parameter(tl.ones(2, dtype="float32"))
    net.complex = nn.Parameter(tl.ones(2, dtype="complex64"))
    net.double()
    assert net.real.dtype == np.float64 and net.complex.dtype == np.complex64
    net.to("complex128")
    assert net.real.dtype == net.complex.dtype == np.complex128


def test_to_refuses():
    net = nn.Linear(2, 2)
    with pytest.raises(
        TypeError, match="Linear.to: expected a floating-point or complex dtype, go"
    ):
        net.to("int8")
    with pytest.raises(ValueError, match="Linear.to: expected a dtype or a device out of"):
        net.to("abacus")
    with pytest.raises(ValueError, match="train: expected mode to be a bool, got 1"):
        net.train(1)


def test_shared_parameters_stay_shared():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    net[1].weight = net[0].weight
    net.register_buffer("a", tl.zeros(1))
    net.register_buffer("b", net.a)
    net.double()
    assert net[1].weight is net[0].weight and net.a is net.b
    assert net.a.dtype == np.float64


# Copies


def test_pickles():
    net = Net().eval()
    net.note = "kept"
    other = pickle.loads(pickle.dumps(net))
    assert not other.training and other.note == "kept"
    assert list(other.state_dict()) == list(net.state_dict())
    for name, value in net.state_dict().items():
        assert_array_equal(other.state_dict()[name], value)
    assert type(other.scale) is nn.Parameter and other.scale.requires_grad


def test_state_from_before_hooks():
    net = nn.Linear(2, 2)
    state = {k: v for k, v in vars(net).items() if not k.endswith("_hooks")}
    other = nn.Linear.__new__(nn.Linear)
    other.__setstate__(state)
    x = tl.ones((1, 2), dtype="float32")
    assert_array_equal(other(x).detach(), net(x).detach())


def test_copies_keep_what_is_shared():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    net[1].weight = net[0].weight
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert other[1].weight is other[0].weight is not net[0].weight


def test_errors_tell_the_innermost_module():
    net = nn.Sequential(nn.Flatten(), nn.Sequential(nn.Linear(6, 4), nn.Linear(3, 2)))
    with pytest.raises(ValueError, match="^linear: ") as caught:
        net(tl.zeros((5, 2, 3), dtype="float32"))
    note = "in the module Linear(in_features=3, out_features=2, bias=True)"
    assert caught.value.__notes__ == [note]

    class Faulty(nn.Module):
        def forward(self, x):
            raise KeyError(x)

        def extra_repr(self):
            return self.undefined

    with pytest.raises(KeyError) as caught:
        nn.Sequential(Faulty())("x")
    assert caught.value.__notes__ == ["in the module Sequential()"]


def test_modules_with_several_names_are_walked_once_or_each_time():
    shared = nn.ReLU()
    net = nn.Sequential(shared, shared)
    assert list(net.modules()) == [net, shared]
    assert list(net.modules(remove_duplicate=False)) == [net, shared, shared]
