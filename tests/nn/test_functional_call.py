"""functional_call and stack_module_state."""

import numpy as np
import pytest
from parity import array_of, copy_weights, torch

import tensorlib as tl
from tensorlib import nn
from tensorlib.nn.functional_call import functional_call, stack_module_state
from tensorlib.testing import assert_array_equal


class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2)
        self.register_buffer("calls", tl.zeros(()))

    def forward(self, x, fail=False):
        self.calls = self.calls + 1
        if fail:
            raise ZeroDivisionError
        return self.layer(x)


X = np.array([[1.0, 2.0]], dtype="float32")


def test_like_pytorch():
    theirs = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
    ours = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    copy_weights(ours, theirs)
    random = np.random.default_rng(0)
    arrays = {
        name: random.normal(size=tuple(x.shape)).astype("float32")
        for name, x in theirs.named_parameters()
    }
    del arrays["2.bias"]  # the module's own serves
    mine = {name: tl.array(x).requires_grad_() for name, x in arrays.items()}
    yours = {name: torch.tensor(x, requires_grad=True) for name, x in arrays.items()}
    a = functional_call(ours, mine, tl.asarray(X))
    b = torch.func.functional_call(theirs, yours, torch.tensor(X))
    np.testing.assert_allclose(array_of(a), array_of(b), rtol=1e-6)
    a.sum().backward()
    b.sum().backward()
    for name in arrays:
        np.testing.assert_allclose(
            array_of(mine[name].grad), array_of(yours[name].grad), rtol=1e-5, atol=1e-7
        )
    assert ours[0].weight.grad is None and ours[2].bias.grad.tolist() == [1]


def test_the_module_is_as_before():
    net = Counting()
    own, calls = net.layer.weight, net.calls
    values = {"layer.weight": tl.zeros((2, 2), dtype="float32"), "calls": tl.asarray(10.0)}
    result = functional_call(net, values, (tl.asarray(X),))
    assert_array_equal(result, np.broadcast_to(array_of(net.layer.bias), (1, 2)))
    assert net.layer.weight is own and net.calls is calls and calls.item() == 0
    assert values["calls"].item() == 11
    with pytest.raises(ZeroDivisionError):
        functional_call(net, values, tl.asarray(X), {"fail": True})
    assert net.layer.weight is own and net.calls is calls
    assert values["calls"].item() == 12


def test_several_dicts():
    net = Counting()
    weights, buffers = {"layer.bias": tl.ones(2)}, {"calls": tl.zeros(())}
    functional_call(net, (weights, buffers), tl.asarray(X))
    assert buffers["calls"].item() == 1 and net.calls.item() == 0
    with pytest.raises(ValueError, match="functional_call: expected 'calls' in one dict"):
        functional_call(net, [buffers, buffers], tl.asarray(X))
    for wrong in (3, [3], "ab"):
        with pytest.raises(
            TypeError, match="functional_call: expected a dict or a sequence of dict"
        ):
            functional_call(net, wrong, tl.asarray(X))
    with pytest.raises(TypeError, match="expected a Tensor for 'calls', got float"):
        functional_call(net, {"calls": 1.0}, tl.asarray(X))


def test_strict():
    net = Counting()
    functional_call(net, {"unknown": tl.zeros(1)}, tl.asarray(X))
    text = "functional_call: Counting: no value for 'calls', 'layer.bias'; no place for 'unknown'"
    values = {"layer.weight": tl.zeros((2, 2)), "unknown": tl.zeros(1)}
    with pytest.raises(RuntimeError, match=text):
        functional_call(net, values, tl.asarray(X), strict=True)
    own = {**dict(net.named_parameters()), **dict(net.named_buffers())}
    functional_call(net, own, tl.asarray(X), strict=True)


def test_tied_parameters():
    net = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    net[1].weight = net[0].weight
    double = tl.asarray([[2.0, 0.0], [0.0, 2.0]], dtype="float32")
    x = tl.asarray(X)
    assert functional_call(net, {"0.weight": double}, x).tolist() == [[4, 8]]
    assert functional_call(net, {"1.weight": double}, x).tolist() == [[4, 8]]
    both = {"0.weight": double, "1.weight": double * 2}
    with pytest.raises(ValueError, match="'0.weight' and '1.weight' are one parameter"):
        functional_call(net, both, x)
    assert functional_call(net, both, x, tie_weights=False).tolist() == [[8, 16]]
    functional_call(net, {"0.weight": double, "1.weight": double}, x, strict=True)


def test_second_order():
    net = nn.Linear(2, 1, bias=False)
    weight = tl.asarray([[1.0, 3.0]]).requires_grad_()
    loss = (functional_call(net, {"weight": weight}, tl.asarray(X)) ** 3).sum()
    (first,) = tl.autograd.grad(loss, [weight], create_graph=True)
    (second,) = tl.autograd.grad(first[0, 0], [weight])
    assert first.tolist() == [[3 * 49, 2 * 3 * 49]]
    assert second.tolist() == [[6 * 7, 2 * 6 * 7]]


def test_stacked_modules():
    models = [Counting() for _ in range(3)]
    params, buffers = stack_module_state(models)
    assert {name: x.shape for name, x in params.items()} == {
        "layer.weight": (3, 2, 2),
        "layer.bias": (3, 2),
    }
    assert buffers["calls"].shape == (3,) and not buffers["calls"].requires_grad
    for place, model in enumerate(models):
        assert_array_equal(params["layer.weight"].detach()[place], model.layer.weight.detach())
    assert all(x.requires_grad and x.is_leaf for x in params.values())
    with pytest.raises(RuntimeError, match="expected at least one module, got none"):
        stack_module_state([])
    with pytest.raises(RuntimeError, match="modules of one class, got Counting and Linear"):
        stack_module_state([Counting(), nn.Linear(1, 1)])
    with pytest.raises(RuntimeError, match="modules of one mode, got evaluation and training"):
        stack_module_state([Counting(), Counting().eval()])
    frozen = Counting().requires_grad_(False)
    with pytest.raises(RuntimeError, match="expected all 'layer.weight' to require a gradient"):
        stack_module_state([Counting(), frozen])


def test_an_ensemble_in_one_call():
    models = [nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1)) for _ in range(3)]
    params, buffers = stack_module_state(models)
    x = tl.asarray(X)

    def loss(params, buffers):
        return functional_call(models[0], (params, buffers), x).sum()

    gradients = tl.func.vmap(tl.func.grad(loss))(params, buffers)
    for place, model in enumerate(models):
        model(x).sum().backward()
        for name, parameter in model.named_parameters():
            np.testing.assert_allclose(
                array_of(gradients[name][place]), array_of(parameter.grad), rtol=1e-5, atol=1e-7
            )
