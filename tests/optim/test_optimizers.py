"""Update rules against their formulas in NumPy, groups, state and refusals."""

import numpy as np
import pytest

import tensorlib as tl
from tensorlib import nn, optim
from tensorlib.optim.optimizer import BLOCK
from tensorlib.testing import assert_allclose, assert_array_equal

rng = np.random.default_rng(0)


def sgd(x, gradients, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
    velocity = None
    for g in gradients:
        g = g + weight_decay * x
        velocity = g if velocity is None else momentum * velocity + (1 - dampening) * g
        x = x - lr * (g + momentum * velocity if nesterov else velocity)
    return x


def adam(x, gradients, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    m = v = 0.0
    for t, g in enumerate(gradients, 1):
        g = g + weight_decay * x
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        x = x - lr * (m / (1 - betas[0] ** t)) / (np.sqrt(v / (1 - betas[1] ** t)) + eps)
    return x


def adadelta(x, gradients, lr=1.0, rho=0.9, eps=1e-6, weight_decay=0.0):
    s = a = 0.0
    for g in gradients:
        g = g + weight_decay * x
        s = rho * s + (1 - rho) * g**2
        d = np.sqrt(a + eps) / np.sqrt(s + eps) * g
        a = rho * a + (1 - rho) * d**2
        x = x - lr * d
    return x


RULES = [
    (optim.SGD, sgd, {"lr": 0.1}),
    (optim.SGD, sgd, {"lr": 0.1, "weight_decay": 0.2}),
    (optim.SGD, sgd, {"lr": 0.1, "momentum": 0.9}),
    (optim.SGD, sgd, {"lr": 0.1, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.1}),
    (optim.SGD, sgd, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    (optim.Adam, adam, {}),
    (optim.Adam, adam, {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": 0.1}),
    (optim.Adadelta, adadelta, {}),
    (optim.Adadelta, adadelta, {"lr": 0.5, "rho": 0.8, "eps": 1e-3, "weight_decay": 0.1}),
]


def run(make, x, gradients, options):
    parameter = nn.Parameter(tl.asarray(x.copy()))
    optimizer = make([parameter], **options)
    for g in gradients:
        parameter.grad = tl.asarray(g)
        optimizer.step()
    return parameter


@pytest.mark.parametrize("make, formula, options", RULES)
def test_the_formulas(make, formula, options):
    x, gradients = rng.standard_normal((3, 4)), rng.standard_normal((5, 3, 4))
    parameter = run(make, x, gradients, options)
    assert_allclose(parameter.detach(), formula(x, gradients, **options), rtol=1e-12)
    assert parameter.is_leaf and parameter.requires_grad


@pytest.mark.parametrize("make, formula, options", [RULES[3], RULES[6], RULES[8]])
def test_long_parameters_go_in_parts(make, formula, options):
    shape = (3, BLOCK // 2 + 7)
    x, gradients = rng.standard_normal(shape), rng.standard_normal((3, *shape))
    parameter = run(make, x, gradients, options)
    assert_allclose(parameter.detach(), formula(x, gradients, **options), rtol=1e-11, atol=1e-15)
    # Neither a transposed parameter nor a transposed gradient has a flat view.
    parameter = nn.Parameter(tl.asarray(x.T.copy()).T)
    optimizer = make([parameter], **options)
    for g in gradients:
        parameter.grad = tl.asarray(g.T.copy()).T
        optimizer.step()
    assert_allclose(parameter.detach(), formula(x, gradients, **options), rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_the_dtype_stays(dtype):
    for make in (optim.SGD, optim.Adam, optim.Adadelta):
        parameter = nn.Parameter(tl.ones(4, dtype=dtype))
        optimizer = make([parameter], lr=0.5)
        parameter.grad = tl.ones(4, dtype=dtype)
        optimizer.step()
        assert parameter.dtype == dtype
        assert all(
            value.dtype == dtype
            for value in optimizer.state[parameter].values()
            if isinstance(value, tl.Tensor)
        )


def test_sgd_of_complex_numbers_goes_downhill():
    z = nn.Parameter(tl.asarray([1 + 2j]))
    optimizer = optim.SGD([z], lr=0.25)
    for _ in range(20):
        optimizer.zero_grad()
        (z * z.conj()).real.sum().backward()
        optimizer.step()
    assert abs(z.item()) < 1e-5


def test_a_fit():
    x = np.linspace(-1, 1, 40)[:, None]
    y = 3 * x - 2
    for make, options in (
        (optim.SGD, {"lr": 0.3, "momentum": 0.5}),
        (optim.Adam, {"lr": 0.1}),
        (optim.Adadelta, {"lr": 1.0, "eps": 1e-2}),
    ):
        model = nn.Linear(1, 1, dtype="float64")
        optimizer = make(model.parameters(), **options)
        for _ in range(400):
            optimizer.zero_grad()
            nn.functional.mse_loss(model(tl.asarray(x)), tl.asarray(y)).backward()
            optimizer.step()
        assert_allclose(model.weight.detach(), [[3]], rtol=1e-2)
        assert_allclose(model.bias.detach(), [-2], rtol=1e-2)


def test_parameters_without_a_gradient_stay():
    a, b = nn.Parameter(tl.ones(2)), nn.Parameter(tl.ones(2))
    optimizer = optim.SGD([a, b], lr=1.0)
    a.grad = tl.ones(2)
    optimizer.step()
    assert_array_equal(a.detach(), [0, 0])
    assert_array_equal(b.detach(), [1, 1])
    assert b not in optimizer.state


def test_groups_have_options_of_their_own():
    a, b, c = (nn.Parameter(tl.ones(2)) for _ in range(3))
    optimizer = optim.SGD([{"params": [a]}, {"params": b, "lr": 0.25}], lr=0.5)
    optimizer.add_param_group({"params": iter([c]), "lr": 1.0})
    for parameter in (a, b, c):
        parameter.grad = tl.ones(2)
    optimizer.step()
    assert [x[0].item() for x in (a, b, c)] == [0.5, 0.75, 0.0]
    assert "1: 1 parameters, lr=0.25, momentum=0.0" in repr(optimizer)


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

    assert optimizer.step(closure).item() == 2
    assert_array_equal(a.detach(), [0, 0])
    assert optimizer.step() is None


def test_a_step_is_seen_by_the_tape():
    a = nn.Parameter(tl.ones(2))
    optimizer = optim.SGD([a], lr=0.5)
    loss = (a * a).sum()
    a.grad = tl.ones(2)
    optimizer.step()
    with pytest.raises(RuntimeError):
        loss.backward()


@pytest.mark.parametrize("make", [optim.SGD, optim.Adam, optim.Adadelta])
def test_going_on_from_a_saved_state(make, tmp_path):
    options = {"lr": 0.1, **({"momentum": 0.9} if make is optim.SGD else {})}
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
    assert second.param_groups[0]["lr"] == 0.1
    for g in gradients[3:]:
        b.grad = tl.asarray(g)
        second.step()
    assert_array_equal(b.detach(), expected.detach())


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
        ({**good, "param_groups": [{"params": [0]}]}, "expected an option 'betas'"),
        ({**good, "param_groups": [{**group, "lr": -1}]}, "expected lr >= 0, got -1"),
        ({**good, "state": {3: {}}}, "expected places below 1, got 3"),
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


P = nn.Parameter(tl.ones(2))


@pytest.mark.parametrize(
    "function, error, text",
    [
        (lambda: optim.SGD([]), ValueError, "SGD: expected parameters, got none"),
        (lambda: optim.SGD(P), TypeError, "SGD: expected an iterable of .* got a Parameter"),
        (lambda: optim.SGD([1.0]), TypeError, "SGD: expected Tensors as parameters, got float"),
        (lambda: optim.SGD([tl.ones(2)]), ValueError, "SGD: expected parameters that require a"),
        (lambda: optim.SGD([P * 2]), ValueError, "are no results of operations"),
        (lambda: optim.SGD([P, P]), ValueError, r"a parameter of shape \(2,\) comes twice"),
        (lambda: optim.SGD([{"params": [P]}, {"params": [P]}]), ValueError, "comes twice"),
        (lambda: optim.SGD([{"weights": [P]}]), TypeError, "expected a dict with 'params'"),
        (lambda: optim.SGD([{"params": [P], "rho": 1}]), ValueError, "unknown option 'rho'"),
        (lambda: optim.SGD([P], lr=-1), ValueError, "SGD: expected lr >= 0, got -1"),
        (lambda: optim.SGD([P], lr=np.nan), ValueError, "expected lr >= 0, got nan"),
        (lambda: optim.SGD([P], momentum=-1), ValueError, "expected momentum >= 0, got -1"),
        (lambda: optim.SGD([P], nesterov=True), ValueError, "expected momentum > 0 with nesterov"),
        (lambda: optim.Adam([P], betas=(0.9, 1)), ValueError, r"two numbers in \[0, 1\), got"),
        (lambda: optim.Adam([P], eps=-1), ValueError, "Adam: expected eps >= 0, got -1"),
        (lambda: optim.Adadelta([P], rho=2), ValueError, r"Adadelta: expected rho in \[0, 1\]"),
        (
            lambda: optim.Adam([nn.Parameter(tl.ones(2, dtype="complex64"))]),
            TypeError,
            "Adam: expected real parameters, got complex64",
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


def test_a_refused_step_changes_nothing():
    a, b = nn.Parameter(tl.ones(2)), nn.Parameter(tl.ones(2))
    optimizer = optim.SGD([{"params": [a]}, {"params": [b]}], lr=0.5)
    a.grad = b.grad = tl.ones(2)
    optimizer.param_groups[1]["lr"] = -1
    with pytest.raises(ValueError, match="SGD: expected lr >= 0, got -1"):
        optimizer.step()
    assert_array_equal(a.detach(), [1, 1])
    assert not optimizer.state
