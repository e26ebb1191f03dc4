"""Groups, state, hooks, layouts and refusals of the optimizers."""

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

import tensorlib as tl
from tensorlib import nn, optim
from tensorlib._core._optimize import RULES, update
from tensorlib.testing import assert_allclose, assert_array_equal

rng = np.random.default_rng(0)

ALL = {
    optim.SGD: {"lr": 0.1, "momentum": 0.9},
    optim.Adam: {"lr": 0.1},
    optim.AdamW: {"lr": 0.1, "amsgrad": True},
    optim.NAdam: {"lr": 0.1},
    optim.RAdam: {"lr": 0.1},
    optim.Adamax: {"lr": 0.1},
    optim.Adagrad: {"lr": 0.1},
    optim.Adadelta: {"lr": 1.0, "eps": 1e-2},
    optim.RMSprop: {"lr": 0.1, "centered": True, "momentum": 0.5},
    optim.Rprop: {"lr": 0.1},
    optim.ASGD: {"lr": 0.1, "t0": 2},
    optim.Adafactor: {"lr": 0.1, "weight_decay": 1e-3},
}
every = pytest.mark.parametrize("make, options", list(ALL.items()))
elementwise = pytest.mark.parametrize("make, options", list(ALL.items())[:-1])


def run(make, x, gradients, options):
    parameter = nn.Parameter(tl.asarray(np.array(x)))
    optimizer = make([parameter], **options)
    for g in gradients:
        parameter.grad = tl.asarray(g)
        optimizer.step()
    return parameter


def adam(x, gradients, lr):
    """Adam in NumPy."""
    m = v = np.zeros_like(x)
    for t, g in enumerate(gradients, 1):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        x = x - lr * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return x


def test_a_formula():
    x, gradients = rng.standard_normal((3, 4)), rng.standard_normal((5, 3, 4))
    parameter = run(optim.Adam, x, gradients, {"lr": 0.1})
    assert_allclose(parameter.detach(), adam(x, gradients, 0.1), rtol=1e-12)
    assert parameter.is_leaf and parameter.requires_grad


# Layouts


@every
def test_any_layout(make, options):
    shape = (40, 3, 700)  # long enough for several threads
    x, gradients = rng.standard_normal(shape), rng.standard_normal((3, *shape))
    expected = run(make, x, gradients, options).detach()
    layouts = [
        (lambda a: tl.asarray(a.T.copy()).T, lambda a: tl.asarray(a)),
        (lambda a: tl.asarray(a.copy()), lambda a: tl.asarray(a.T.copy()).T),
        (lambda a: tl.asarray(np.repeat(a, 2, -1))[..., ::2], lambda a: tl.asarray(a[::-1])[::-1]),
        (lambda a: tl.asarray(a[:, ::-1].copy())[:, ::-1], lambda a: tl.asarray(a)),
    ]
    for of_parameter, of_gradient in layouts:
        parameter = nn.Parameter(of_parameter(x))
        optimizer = make([parameter], **options)
        for g in gradients:
            parameter.grad = of_gradient(g)
            optimizer.step()
        assert_allclose(parameter.detach(), expected, rtol=1e-12, atol=1e-15)


def test_neighbours_are_left_alone():
    memory = tl.zeros((4, 6))
    parameter = nn.Parameter(memory[1:3, ::2])
    parameter.grad = tl.ones((2, 3))
    optim.SGD([parameter], lr=1.0).step()
    expected = np.zeros((4, 6))
    expected[1:3, ::2] = -1
    assert_array_equal(memory, expected)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1,) * 9, (2, 1, 2, 1, 2)])
@pytest.mark.parametrize("make", [optim.Adam, optim.Adafactor])
def test_odd_shapes(make, shape):
    parameter = nn.Parameter(tl.ones(shape))
    parameter.grad = tl.ones(shape)
    make([parameter], lr=0.5).step()
    assert_allclose(parameter.detach(), np.full(shape, 0.5), rtol=1e-7)


def test_a_broadcast_gradient():
    parameter = nn.Parameter(tl.ones((3, 4)))
    parameter.grad = tl.broadcast_to(tl.asarray(2.0), (3, 4))
    optim.SGD([parameter], lr=0.25).step()
    assert_array_equal(parameter.detach(), np.full((3, 4), 0.5))


def test_results_do_not_depend_on_how_work_is_shared_out():
    x = rng.standard_normal(200_000).astype("float32")
    g = rng.standard_normal(200_000).astype("float32")
    whole = run(optim.Adam, x, [g, g], {}).detach()
    parts = [
        run(optim.Adam, part, [h, h], {}).detach()
        for part, h in zip(np.split(x, 40), np.split(g, 40), strict=True)
    ]
    assert_array_equal(whole, tl.concatenate(parts))


@elementwise
def test_what_is_not_a_number_stays_where_it_is(make, options):
    x, g = np.ones(100), np.full(100, 0.5)
    g[[3, 50]] = np.nan
    parameter = run(make, x, [g, g], options).detach()
    good = np.ones(100, bool)
    good[[3, 50]] = False
    assert np.isfinite(np.asarray(parameter)[good]).all()
    if make is not optim.Rprop:  # which goes by the sign alone
        assert np.isnan(np.asarray(parameter)[~good]).all()


def test_infinite_parameters_without_a_gradient_stay():
    parameter = run(optim.SGD, [np.inf, -np.inf, 1.0], [[0.0, 0.0, 1.0]], {"lr": 1.0})
    assert_array_equal(parameter.detach(), [np.inf, -np.inf, 0.0])


# Training


@every
def test_a_fit(make, options):
    tl.manual_seed(1)
    x = np.linspace(-1, 1, 40)[:, None]
    y = 3 * x - 2
    model = nn.Linear(1, 1, dtype="float64")
    optimizer = make(model.parameters(), **options)
    slow = make in (optim.Adafactor, optim.Adagrad, optim.ASGD)
    for _ in range(1500 if slow else 400):
        optimizer.zero_grad()
        nn.functional.mse_loss(model(tl.asarray(x)), tl.asarray(y)).backward()
        optimizer.step()
    tolerance = 0.05 if make is optim.AdamW else 0.02
    assert_allclose(model.weight.detach(), [[3]], rtol=tolerance)
    assert_allclose(model.bias.detach(), [-2], rtol=tolerance)


def test_sgd_of_complex_numbers_goes_downhill():
    z = nn.Parameter(tl.asarray([1 + 2j]))
    optimizer = optim.SGD([z], lr=0.25)
    for _ in range(20):
        optimizer.zero_grad()
        (z * z.conj()).real.sum().backward()
        optimizer.step()
    assert abs(z.item()) < 1e-5


def test_parameters_without_a_gradient_stay():
    a, b = nn.Parameter(tl.ones(2)), nn.Parameter(tl.ones(2))
    frozen = nn.Parameter(tl.ones(2), requires_grad=False)
    optimizer = optim.SGD([a, b, frozen], lr=1.0, momentum=0.5)
    a.grad = tl.ones(2)
    optimizer.step()
    assert_array_equal(a.detach(), [0, 0])
    assert_array_equal(b.detach(), [1, 1])
    assert_array_equal(frozen, [1, 1])
    assert a in optimizer.state and b not in optimizer.state and frozen not in optimizer.state


def test_options_that_are_turned_on_later():
    parameter = nn.Parameter(tl.ones(2))
    optimizer = optim.SGD([parameter], lr=0.25)
    parameter.grad = tl.ones(2)
    optimizer.step()
    optimizer.param_groups[0]["momentum"] = 0.5
    optimizer.step()
    optimizer.step()
    assert_array_equal(parameter.detach(), [1 - 0.25 - 0.25 - 0.375] * 2)


@every
def test_a_rate_may_be_a_tensor(make, options):
    x, gradients = rng.standard_normal((3, 4)), rng.standard_normal((5, 3, 4))
    expected = run(make, x, gradients, options)
    rate = tl.asarray(options["lr"])
    assert_array_equal(run(make, x, gradients, {**options, "lr": rate}).detach(), expected.detach())


def test_groups_have_options_of_their_own():
    a, b, c = (nn.Parameter(tl.ones(2)) for _ in range(3))
    optimizer = optim.SGD([{"params": [a], "role": "first"}, {"params": b, "lr": 0.25}], lr=0.5)
    optimizer.add_param_group({"params": iter([c]), "lr": 1.0})
    for parameter in (a, b, c):
        parameter.grad = tl.ones(2)
    optimizer.step()
    assert [x[0].item() for x in (a, b, c)] == [0.5, 0.75, 0.0]
    assert "1: 1 parameters, lr=0.25, momentum=0" in repr(optimizer)
    assert optimizer.param_groups[0]["role"] == "first"


def test_parameters_with_names():
    model = nn.Linear(2, 3)
    optimizer = optim.Adam(model.named_parameters())
    (group,) = optimizer.state_dict()["param_groups"]
    assert group["params"] == [0, 1] and group["param_names"] == ["weight", "bias"]


def test_zero_grad():
    a = nn.Parameter(tl.ones(2))
    optimizer = optim.SGD([a])
    a.grad = tl.ones(2)
    optimizer.zero_grad(set_to_none=False)
    assert_array_equal(a.grad, [0, 0])
    optimizer.zero_grad()
    assert a.grad is None


def test_a_closure_gives_the_loss():
    a = nn.Parameter(tl.ones(2))
    optimizer = optim.SGD([a], lr=0.5)

    def closure():
        optimizer.zero_grad()
        loss = (a * a).sum()
        loss.backward()
        return loss

    with tl.autograd.no_grad():
        assert optimizer.step(closure).item() == 2
    assert_array_equal(a.detach(), [0, 0])
    assert optimizer.step() is None


# A step is a write


@pytest.mark.parametrize("make", [optim.SGD, optim.Adam, optim.Muon])
def test_a_step_is_seen_by_the_tape(make):
    a, other = nn.Parameter(tl.ones((2, 2))), nn.Parameter(tl.ones((2, 2)))
    optimizer = make([a, other], lr=0.5)
    loss, unharmed = (a * a).sum(), (other * other).sum()
    before = a._version
    a.grad = tl.ones((2, 2))
    optimizer.step()
    assert a._version > before
    with pytest.raises(RuntimeError, match="step" if make is not optim.Muon else "multiply"):
        loss.backward()
    unharmed.backward()
    assert_array_equal(other.grad, np.full((2, 2), 2.0))


def test_a_saved_parameter_that_is_linear_may_change():
    a, x = nn.Parameter(tl.ones(2)), tl.ones(2)
    loss = (a * x).sum()
    a.grad = tl.ones(2)
    optim.SGD([a], lr=0.5).step()
    a.grad = None
    loss.backward()
    assert_array_equal(a.grad, [1, 1])


def test_states_are_freed_with_their_optimizer():
    gc.disable()
    try:
        parameter = nn.Parameter(tl.ones(100))
        parameter.grad = tl.ones(100)
        optimizer = optim.Adam([parameter])
        optimizer.step()
        kept = weakref.ref(optimizer.state[parameter]["exp_avg"])
        del optimizer
        assert kept() is None
    finally:
        gc.enable()


# Hooks


def test_hooks():
    calls = []
    a = nn.Parameter(tl.ones(1))
    optimizer = optim.SGD([a], lr=0.5)
    before = optimizer.register_step_pre_hook(
        lambda o, args, kwargs: calls.append(("before", o, args, kwargs))
    )
    after = optimizer.register_step_post_hook(lambda o, args, kwargs: calls.append(("after", o)))

    def closure():
        calls.append(("closure",))

    optimizer.step(closure)
    assert [call[0] for call in calls] == ["before", "closure", "after"]
    assert calls[0][1] is optimizer and calls[0][2] == (optimizer, closure)
    before.remove()
    after.remove()
    optimizer.step(closure)
    assert len(calls) == 4


def test_a_hook_may_change_the_arguments():
    optimizer = optim.SGD([nn.Parameter(tl.ones(1))])
    with optimizer.register_step_pre_hook(lambda o, args, kwargs: (args, {"closure": lambda: 7})):
        assert optimizer.step() == 7
    with (
        optimizer.register_step_pre_hook(lambda *_: 3),
        pytest.raises(TypeError, match="step: SGD: expected a hook to return None or a pair"),
    ):
        optimizer.step()


def test_a_failed_step_runs_no_hook_after_it():
    optimizer = optim.SGD([nn.Parameter(tl.ones(1))])
    optimizer.register_step_post_hook(lambda *_: pytest.fail("a hook was called"))
    with pytest.raises(ZeroDivisionError):
        optimizer.step(lambda: 1 / 0)


def test_a_step_that_calls_its_base_runs_each_hook_once():
    class Twice(optim.SGD):
        def step(self, closure=None):
            super().step(closure)
            return super().step(closure)

    class Mixin:
        def step(self, closure=None):
            return super().step(closure)

    class Mixed(Mixin, optim.SGD):
        pass

    for make, expected in ((Twice, 0.0), (Mixed, 0.5)):
        a, calls = nn.Parameter(tl.ones(1)), []
        optimizer = make([a], lr=0.5)
        optimizer.register_step_pre_hook(lambda *_, calls=calls: calls.append("before"))
        optimizer.register_step_post_hook(lambda *_, calls=calls: calls.append("after"))
        a.grad = tl.ones(1)
        optimizer.step()
        assert calls == ["before", "after"]
        assert a.item() == expected


@pytest.mark.parametrize("prepend", [False, True])
def test_hooks_of_the_state(prepend):
    torch = pytest.importorskip("torch", reason="to compare with it: pip install torch")
    found = []
    for library, parameter in (
        (optim, nn.Parameter(tl.ones(1))),
        (torch.optim, torch.nn.Parameter(torch.ones(1))),
    ):
        optimizer, calls = library.SGD([parameter], lr=0.5), []

        def note(name, calls=calls, optimizer=optimizer):
            def hook(who, *state):
                assert who is optimizer
                calls.append((name, *[list(each) for each in state]))
                if name == "replaces":
                    return {**state[0], "new": 1}
                if name == "changes":
                    state[0]["changed"] = True
                return None

            return hook

        optimizer.register_state_dict_pre_hook(note("first"))
        optimizer.register_state_dict_pre_hook(note("second"), prepend=prepend)
        optimizer.register_state_dict_post_hook(note("replaces"))
        optimizer.register_state_dict_post_hook(note("changes"), prepend=prepend)
        given = optimizer.state_dict()
        optimizer.register_load_state_dict_pre_hook(note("replaces"))
        optimizer.register_load_state_dict_pre_hook(note("changes"), prepend=prepend)
        optimizer.register_load_state_dict_post_hook(note("third"))
        handle = optimizer.register_load_state_dict_post_hook(note("fourth"), prepend=prepend)
        before = {**given, "param_groups": [{**given["param_groups"][0], "lr": 0.25}]}
        before.pop("new")
        optimizer.load_state_dict(before)
        assert "new" not in before  # hooks have a copy
        handle.remove()
        optimizer.load_state_dict(before)
        assert optimizer.param_groups[0]["lr"] == 0.25
        found.append((calls, list(given)))
    assert found[0] == found[1]


def test_a_hook_may_adapt_a_state_and_a_refused_one_runs_no_hook_after_it():
    optimizer = optim.SGD([nn.Parameter(tl.ones(1))], lr=0.5)
    state, calls = optimizer.state_dict(), []
    optimizer.register_load_state_dict_post_hook(lambda _: calls.append(1))
    (group,) = state["param_groups"]
    other = {"state": {}, "param_groups": [{**group, "rate": group["lr"]}]}
    other["param_groups"][0].pop("lr")
    with pytest.raises(ValueError, match="expected an option 'lr'"):
        optimizer.load_state_dict(other)
    assert calls == []

    def rename(optimizer, state_dict):
        groups = [{**group, "lr": group["rate"]} for group in state_dict["param_groups"]]
        return {**state_dict, "param_groups": groups}

    with optimizer.register_load_state_dict_pre_hook(rename):
        optimizer.load_state_dict(other)
    assert calls == [1]
    with pytest.raises(TypeError, match="hook: expected a function, got int"):
        optimizer.register_state_dict_post_hook(3)


# A user's own


class Lion(optim.Optimizer):
    def __init__(self, params, lr):
        super().__init__(params, {"lr": lr})

    def step(self, closure=None):
        with tl.autograd.no_grad():
            for group in self.param_groups:
                for param in group["params"]:
                    state = self.state[param]
                    if not state:
                        state["m"] = tl.zeros_like(param)
                    state["m"] *= 0.5
                    state["m"] += param.grad
                    param -= group["lr"] * tl.sign(state["m"])


def test_an_optimizer_of_a_users_own():
    a, calls = nn.Parameter(tl.ones(2)), []
    optimizer = Lion([a], lr=0.25)
    optimizer.register_step_post_hook(lambda *_: calls.append(1))
    a.grad = tl.asarray([1.0, -1.0])
    optimizer.step()
    assert_array_equal(a.detach(), [0.75, 1.25])
    assert calls == [1]
    other = Lion([nn.Parameter(a.detach().copy())], lr=1.0)
    other.load_state_dict(optimizer.state_dict())
    assert_array_equal(other.state[other.param_groups[0]["params"][0]]["m"], [1, -1])
    with pytest.raises(NotImplementedError, match="Optimizer: no step is defined"):
        optim.Optimizer([a], {}).step()


# State


@every
def test_going_on_from_a_saved_state(make, options, tmp_path):
    x, gradients = rng.standard_normal((3, 4)), rng.standard_normal((6, 3, 4))
    expected = run(make, x, gradients, options)

    a = nn.Parameter(tl.asarray(x.copy()))
    first = make([a], **options)
    for g in gradients[:3]:
        a.grad = tl.asarray(g)
        first.step()
    tl.save({"model": {"a": a}, "optimizer": first.state_dict()}, tmp_path / "checkpoint")
    saved = tl.load(tmp_path / "checkpoint")
    b = nn.Parameter(saved["model"]["a"])
    second = make([b], lr=77.0)
    second.load_state_dict(saved["optimizer"])
    assert second.param_groups[0]["lr"] == options["lr"]
    for g in gradients[3:]:
        b.grad = tl.asarray(g)
        second.step()
    assert_array_equal(b.detach(), expected.detach())


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_of_model_and_optimizer_stay_together(duplicate):
    model = nn.Linear(2, 2)
    optimizer = optim.Adam(model.parameters(), lr=0.1)
    model(tl.ones((1, 2), dtype="float32")).sum().backward()
    optimizer.step()
    other, second = duplicate((model, optimizer))
    for network, each in ((model, optimizer), (other, second)):
        each.zero_grad()
        network(tl.ones((1, 2), dtype="float32")).sum().backward()
        each.step()
    assert_array_equal(other.weight.detach(), model.weight.detach())
    assert other.weight in second.state and model.weight not in second.state


def test_the_state_of_a_parameter_of_one_element_outlives_freezing():
    a = nn.Parameter(tl.asarray(1.0))
    optimizer = optim.Adam([a])
    a.grad = tl.asarray(1.0)
    optimizer.step()
    a.requires_grad_(False)
    assert optimizer.state[a]["step"] == 1 and len(optimizer.state) == 1
    del optimizer.state[a]
    assert a not in optimizer.state and optimizer.state.get(a) is None


def test_load_state_dict_copies():
    a = run(optim.Adam, np.ones(2), [np.ones(2)], {})
    b = nn.Parameter(tl.ones(2))
    first, second = optim.Adam([a]), optim.Adam([b])
    a.grad = tl.ones(2)
    first.step()
    second.load_state_dict(first.state_dict())
    first.step()
    assert second.state[b]["step"] == 1
    assert_allclose(second.state[b]["exp_avg"], [0.1, 0.1])


def test_load_state_dict_copies_options_and_keeps_names():
    rate = tl.asarray(0.5)
    first = optim.SGD([nn.Parameter(tl.ones(2))], lr=rate)
    second = optim.SGD([("w", nn.Parameter(tl.ones(2)))])
    second.load_state_dict(first.state_dict())
    rate *= 2
    (group,) = second.param_groups
    assert group["lr"] == 0.5 and group["param_names"] == ["w"]


def test_load_state_dict_keeps_real_state_of_complex_parameters():
    a, b = (nn.Parameter(tl.ones(2, dtype="complex128")) for _ in "ab")
    first, second = Lion([a], lr=1.0), Lion([b], lr=1.0)
    first.state[a].update(norm=tl.ones(()), history={"norms": [1.0]})
    second.load_state_dict(first.state_dict())
    assert second.state[b]["norm"].dtype == "float64"
    first.state[a]["history"]["norms"].append(2.0)
    assert second.state[b]["history"] == {"norms": [1.0]}


def test_load_state_dict_refuses_and_changes_nothing():
    a = nn.Parameter(tl.ones(2))
    optimizer = optim.Adam([a])
    a.grad = tl.ones(2)
    optimizer.step()
    good = optimizer.state_dict()
    (group,) = good["param_groups"]
    cases = [
        ({}, "expected 'param_groups' and 'state'"),
        ({**good, "param_groups": []}, r"expected groups of \[1\] parameters, got \[\]"),
        ({**good, "param_groups": [{"params": [0]}]}, "expected an option 'amsgrad'"),
        ({**good, "param_groups": [{**group, "lr": -1}]}, "expected lr >= 0, got -1"),
        ({**good, "state": None}, "expected 'param_groups' and 'state', got TypeError"),
        ({**good, "state": {0: 3}}, "expected dicts of state, got 3"),
        ({**good, "state": {3: {}}}, r"expected state of the parameters \[0\], got 3"),
        (
            {**good, "state": {0: {"exp_avg": tl.zeros(3)}}},
            r"expected 'exp_avg' of shape \(2,\), got \(3,",
        ),
    ]
    for bad, text in cases:
        with pytest.raises(ValueError, match=f"Adam: {text}"):
            optimizer.load_state_dict(bad)
        assert optimizer.param_groups[0]["lr"] == 1e-3
        assert optimizer.state[a]["step"] == 1


# Refusals

P = nn.Parameter(tl.ones(2))


@pytest.mark.parametrize(
    "function, error, text",
    [
        (lambda: optim.SGD([]), ValueError, "SGD: expected parameters, got none"),
        (lambda: optim.SGD(P), TypeError, "SGD: expected an iterable of .* got a Parameter"),
        (lambda: optim.SGD({P}), TypeError, "in a fixed order, got a set"),
        (lambda: optim.SGD([{"params": {P}}]), TypeError, "in a fixed order, got a set"),
        (lambda: optim.SGD(None), TypeError, "SGD: expected an iterable of .* got a NoneType"),
        (lambda: optim.SGD([{"params": 3}]), TypeError, "SGD: expected an iterable .* got a int"),
        (lambda: optim.SGD([1.0]), TypeError, "SGD: expected Tensors as parameters, got float"),
        (lambda: optim.SGD([P * 2]), ValueError, "are no results of operations"),
        (lambda: optim.SGD([P, P]), ValueError, r"a parameter of shape \(2,\) comes twice"),
        (lambda: optim.SGD([{"params": [P]}, {"params": [P]}]), ValueError, "comes twice"),
        (lambda: optim.SGD([{"weights": [P]}]), TypeError, "expected a dict with 'params'"),
        (lambda: optim.SGD([P], lr=-1), ValueError, "SGD: expected lr >= 0, got -1"),
        (lambda: optim.SGD([P], lr="1"), TypeError, "SGD: expected lr to be a number, got str"),
        (lambda: optim.SGD([P], lr=tl.ones(2)), TypeError, "lr to be a number, got Tensor"),
        (lambda: optim.SGD([P], dampening="1"), TypeError, "SGD: expected dampening to be a"),
        (lambda: optim.ASGD([P], t0=None), TypeError, "ASGD: expected t0 to be a number, got None"),
        (lambda: optim.Adadelta([P], rho="1"), TypeError, "Adadelta: expected rho to be a number"),
        (lambda: optim.Adam([P], betas=("1", 0.9)), TypeError, "Adam: expected betas to be a num"),
        (lambda: optim.Adafactor([P], eps=1e-3), ValueError, "Adafactor: expected eps to be two"),
        (lambda: optim.Adafactor([P], eps=(None, -1)), ValueError, "eps to be two numbers >= 0"),
        (lambda: optim.Adafactor([P], eps=(1, None)), TypeError, "expected eps to be a number"),
        (lambda: optim.Adafactor([P], d=0.5), ValueError, "Adafactor: expected d >= 1, got 0.5"),
        (lambda: optim.Adafactor([P], beta2_decay=1), ValueError, "beta2_decay <= 0, got 1"),
        (lambda: optim.Adam([P], betas=0.9), ValueError, "betas to be two numbers, got 0.9"),
        (lambda: optim.Rprop([P], etas=(1, 2, 3)), ValueError, "Rprop: expected etas to be two"),
        (lambda: optim.SGD([P], lr=np.nan), ValueError, "expected lr >= 0, got nan"),
        (lambda: optim.SGD([P], momentum=-1), ValueError, "expected momentum >= 0, got -1"),
        (lambda: optim.SGD([P], nesterov=True), ValueError, "expected momentum > 0 with nesterov"),
        (lambda: optim.Adam([P], betas=(0.9, 1)), ValueError, r"two numbers in \[0, 1\), got"),
        (lambda: optim.Adam([P], eps=-1), ValueError, "Adam: expected eps >= 0, got -1"),
        (lambda: optim.NAdam([P], momentum_decay=-1), ValueError, "momentum_decay >= 0, got -1"),
        (lambda: optim.Adadelta([P], rho=2), ValueError, r"Adadelta: expected rho in \[0, 1\]"),
        (lambda: optim.Rprop([P], etas=(1, 2)), ValueError, "etas with 0 < first < 1 < second"),
        (lambda: optim.Muon([P]), ValueError, r"Muon: expected matrices as parameters, got \(2,\)"),
        (
            lambda: optim.Muon([nn.Parameter(tl.ones((2, 2), dtype="complex64"))]),
            TypeError,
            "Muon: expected real parameters, got complex64",
        ),
        (
            lambda: optim.Muon([nn.Parameter(tl.ones((2, 2)))], adjust_lr_fn="no"),
            ValueError,
            "Muon: expected adjust_lr_fn as one of",
        ),
        (
            lambda: optim.Muon([nn.Parameter(tl.ones((2, 2)))], ns_steps=100),
            ValueError,
            r"Muon: expected ns_steps in \[0, 100\), got 100",
        ),
        (
            lambda: optim.Muon([nn.Parameter(tl.ones((2, 2)))], ns_steps=2.5),
            ValueError,
            r"Muon: expected ns_steps in \[0, 100\), got 2.5",
        ),
        (
            lambda: optim.Muon([nn.Parameter(tl.ones((2, 2)))], ns_coefficients=3),
            ValueError,
            "Muon: expected ns_coefficients to be three numbers, got 3",
        ),
        (lambda: optim.LBFGS([{"params": []}]), ValueError, "LBFGS: expected parameters, got none"),
        (
            lambda: optim.LBFGS([P], line_search_fn="armijo"),
            ValueError,
            "LBFGS: expected line_search_fn as 'strong_wolfe' or None, got 'armijo'",
        ),
        (
            lambda: optim.LBFGS([{"params": [P]}, {"params": [nn.Parameter(tl.ones(1))]}]),
            ValueError,
            "LBFGS: expected parameters in one group, got a second one",
        ),
    ],
)
def test_refused(function, error, text):
    with pytest.raises(error, match=text):
        function()


def test_a_refused_group_is_not_added():
    optimizer = optim.SGD([nn.Parameter(tl.ones(2))])
    with pytest.raises(ValueError):
        optimizer.add_param_group({"params": [nn.Parameter(tl.ones(2)), P * 2]})
    assert len(optimizer.param_groups) == 1


def bad_rate(optimizer, a, b):
    optimizer.param_groups[1]["lr"] = -1


def bad_gradient(optimizer, a, b):
    b.shape = (4,)  # and the gradient keeps its own


def bad_state(optimizer, a, b):
    memory = optimizer.state[b]
    for key in memory:
        if isinstance(memory[key], tl.Tensor):
            memory[key] = tl.zeros(5)


@every
@pytest.mark.parametrize("spoil", [bad_rate, bad_gradient, bad_state])
def test_a_refused_step_changes_nothing(make, options, spoil):
    a, b = nn.Parameter(tl.ones((2, 2))), nn.Parameter(tl.ones((2, 2)))
    optimizer = make([{"params": [a]}, {"params": [b]}], **options)
    a.grad, b.grad = tl.ones((2, 2)), tl.ones((2, 2))
    optimizer.step()
    b.requires_grad_(False)  # so that its shape may be changed
    spoil(optimizer, a, b)
    before = a.detach().copy()
    state = copy.deepcopy(optimizer.state_dict()["state"][0])
    with pytest.raises((ValueError, RuntimeError), match=make.__name__):
        optimizer.step()
    assert_array_equal(a.detach(), before)
    now = optimizer.state_dict()["state"][0]
    for key, value in state.items():
        assert_array_equal(now[key], value)


def test_a_step_with_the_gradients_of_a_batch():
    a = nn.Parameter(tl.ones(2))
    optimizer = optim.SGD([a], lr=1.0)

    def step(gradient):
        a.grad = gradient
        optimizer.step()

    with pytest.raises(
        RuntimeError, match=r"SGD\.step: a tensor inside of vmap stands for a batch"
    ):
        tl.func.vmap(step)(tl.ones((3, 2)))
    assert_array_equal(a.detach(), [1, 1])


def test_a_parameter_that_cannot_be_written():
    a, b = nn.Parameter(tl.ones(2)), nn.Parameter(tl.ones(2))
    fixed = np.ones(2)
    fixed.flags.writeable = False
    c = nn.Parameter(tl.asarray(fixed))
    optimizer = optim.SGD([a, b, c], lr=1.0)
    for each in (a, b, c):
        each.grad = tl.ones(2)
    with pytest.raises(ValueError, match=r"SGD\.step: output array is read-only"):
        optimizer.step()
    assert_array_equal(a.detach(), [1, 1])


def test_muon_refuses_before_it_changes_anything():
    a, b = nn.Parameter(tl.ones((2, 2))), nn.Parameter(tl.ones((2, 2)))
    optimizer = optim.Muon([a, b])
    a.grad, b.grad = tl.ones((2, 2)), tl.ones((2, 2))
    b.requires_grad_(False)
    b.shape = (1, 4)
    with pytest.raises(ValueError, match=r"Muon\.step: expected .* \(1, 4\), got \(2, 2"):
        optimizer.step()
    assert_array_equal(a.detach(), np.ones((2, 2)))
    b.shape = (2, 2)
    optimizer.state[b]["momentum_buffer"] = tl.zeros(3)
    with pytest.raises(ValueError, match=r"Muon\.step: expected 'momentum_buffer' of shape"):
        optimizer.step()
    assert_array_equal(a.detach(), np.ones((2, 2)))
    good = optimizer.state_dict()
    with pytest.raises(ValueError, match="Muon: expected 'momentum_buffer' of shape"):
        optimizer.load_state_dict({**good, "state": {0: {"momentum_buffer": tl.zeros(3)}}})


def test_a_closure_that_raises_changes_nothing():
    a = nn.Parameter(tl.ones(2))
    optimizer = optim.Adam([a])
    a.grad = tl.ones(2)
    with pytest.raises(ZeroDivisionError):
        optimizer.step(lambda: 1 / 0)
    assert_array_equal(a.detach(), [1, 1])
    assert not optimizer.state


def test_parameters_of_integers():
    a = nn.Parameter(tl.ones(2, dtype="int64"), requires_grad=False)
    a.grad = tl.ones(2, dtype="int64")
    with pytest.raises(TypeError, match="expected floating-point or complex parameters, got int64"):
        optim.SGD([a]).step()


def test_the_kernel_takes_only_what_a_rule_has():
    a, g = tl.ones(2), tl.ones(2)
    assert RULES["descent"] == (0, 4)
    for numbers, tensors in (((1.0,) * 3, (a, g)), ((1.0,) * 4, (a, g, g)), ((1.0,) * 99, (a, g))):
        with pytest.raises(ValueError, match="test: expected 4 numbers and 2 Tensors for descent"):
            update("test", [("descent", numbers, tensors)])
    with pytest.raises(KeyError):
        update("test", [("ascent", (), (a, g))])
    assert_array_equal(a, [1, 1])
