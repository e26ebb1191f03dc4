"""GradScaler beside PyTorch's, and what it refuses."""

import copy
import math
import pickle

import numpy as np
import pytest
from parity import torch

import tensorlib as tl
from tensorlib import nn, optim

DTYPES = ["float32", "float64", "bfloat16", "complex64", "complex128"]
INF, NAN = math.inf, math.nan
# For each step the gradient of each of two optimizers, before it is unscaled.
SEQUENCE = [(1, 1), (1, 1), (INF, 1), (1, 1), (1, NAN), (-INF, INF), (1, 1), (1, 1), (1, 1), (1, 1),
            (1, 1), (NAN, 1), (1, 1), (1, 1), (1, 1), (1, 1)]  # fmt: skip


def leaf(*values, dtype="float32"):
    return tl.asarray(values, dtype=dtype).requires_grad_()


def history(library, amp, make, options):
    """The scale, the count of good steps and the parameters after each step of the sequence."""
    a, b = make(1.0), make(2.0)
    optimizers = [library.optim.SGD([a], lr=0.01), library.optim.Adam([b], lr=0.01)]
    scaler, found = amp.GradScaler(device="cpu", **options), []
    for gradients in SEQUENCE:
        for p, optimizer, g in zip((a, b), optimizers, gradients, strict=True):
            optimizer.zero_grad()
            scaler.scale((p * 3.0).sum()).backward()
            p.grad *= g
        for optimizer in optimizers:
            scaler.step(optimizer)
        scaler.update()
        values = [float(p.detach()[0]) for p in (a, b)]
        found.append((scaler.get_scale(), scaler.state_dict()["_growth_tracker"], *values))
    return np.array(found), scaler.state_dict()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"init_scale": 1024.0, "growth_interval": 2},
        {"init_scale": 7.3, "growth_factor": 1.7, "backoff_factor": 0.3, "growth_interval": 1},
        {"init_scale": 2.0**127, "growth_interval": 1},  # cannot grow
        {"growth_interval": 3, "growth_factor": 4, "backoff_factor": 0.9},
    ],
)
@pytest.mark.filterwarnings("ignore:overflow")
def test_the_history_is_that_of_pytorch(options):
    with tl.errstate(all="ignore"):
        ours, state = history(tl, tl.amp, leaf, options)
    theirs, other = history(
        torch, torch.amp, lambda x: torch.tensor([x], requires_grad=True), options
    )
    np.testing.assert_array_equal(ours[:, :2], theirs[:, :2])  # scale and count, bit by bit
    np.testing.assert_allclose(ours[:, 2:], theirs[:, 2:], 1e-6)
    assert state == other
    assert list(state) == list(other)
    assert len(set(ours[:, 0])) > 1 or options.get("init_scale", 0) > 1e38


def test_defaults_and_names_are_those_of_pytorch():
    ours, theirs = tl.amp.GradScaler(), torch.amp.GradScaler(device="cpu")
    assert ours.state_dict() == theirs.state_dict()
    missing = {x for x in dir(theirs) if not x.startswith("_")} - set(dir(ours))
    assert not missing


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", ["plain", "transposed", "reversed", "scalar", "empty"])
def test_gradients_of_all_layouts_are_divided_in_place(dtype, layout):
    rng = np.random.default_rng(0)
    values = rng.standard_normal((3, 5)) * (1 + 1j if dtype.startswith("c") else 1)
    g = tl.asarray(values).astype(dtype)
    g = {"plain": g, "transposed": g.T, "reversed": g[::-2, ::-1], "scalar": g[0, 0],
         "empty": g[:0]}[layout]  # fmt: skip
    p = tl.zeros(g.shape, dtype=dtype).requires_grad_()
    p.grad = g
    expected = g.copy() / 8
    scaler = tl.amp.GradScaler(init_scale=8.0)
    scaler.unscale_(optim.SGD([p], lr=1.0))
    assert p.grad is g
    np.testing.assert_array_equal(p.grad.astype("complex128"), expected.astype("complex128"))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("value", [INF, -INF, NAN])
@pytest.mark.parametrize("place", [0, 17, 99])
def test_one_number_that_is_not_finite_stops_the_step(dtype, value, place):
    model = [leaf(*np.ones(100), dtype=dtype), leaf(*np.ones(3), dtype=dtype)]
    optimizer, scaler = optim.SGD(model, lr=1.0), tl.amp.GradScaler()
    for p in model:
        p.grad = tl.ones(p.shape, dtype=dtype)
    model[0].grad[place] = value * 1j if dtype.startswith("c") and value == INF else value
    with tl.errstate(all="ignore"):
        assert scaler.step(optimizer) is None
        scaler.update()
    for p in model:
        np.testing.assert_array_equal(p.detach().astype("complex128"), 1)
    assert scaler.get_scale() == 32768


def test_the_largest_numbers_are_finite():
    p = leaf(1.0, 1.0)
    p.grad = tl.asarray([np.finfo("f4").max, -np.finfo("f4").max])
    scaler = tl.amp.GradScaler(init_scale=4.0, growth_interval=1)
    scaler.step(optim.SGD([p], lr=0.0))
    scaler.update()
    assert scaler.get_scale() == 8.0


OPTIMIZERS = [
    name
    for name in optim.__all__
    if isinstance(getattr(optim, name), type)
    and issubclass(getattr(optim, name), optim.Optimizer)
    and name not in ("Optimizer", "LBFGS")
]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_steps_as_without_it(name):
    """The scale is a power of two, so that the numbers are the same."""
    rng = np.random.default_rng(1)
    start, data = rng.standard_normal((3, 3)), rng.standard_normal((4, 3, 3))
    results = []
    for scaler in (tl.amp.GradScaler(), tl.amp.GradScaler(enabled=False)):
        w = tl.asarray(start, dtype="float32").requires_grad_()
        optimizer = getattr(optim, name)([w], lr=0.01)
        for x in data:
            optimizer.zero_grad()
            loss = ((w @ tl.asarray(x, dtype="float32")) ** 2).sum()
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
        results.append(w.detach())
    np.testing.assert_array_equal(*results)
    assert not np.allclose(results[0], start)


def test_clipping_between_unscaling_and_step():
    w = leaf(3.0, 4.0)
    optimizer, scaler = optim.SGD([w], lr=1.0), tl.amp.GradScaler()
    scaler.scale((w * w).sum()).backward()
    scaler.unscale_(optimizer)
    np.testing.assert_allclose(w.grad, [6, 8])
    nn.utils.clip_grad_norm_([w], 1.0)
    scaler.step(optimizer)
    scaler.update()
    np.testing.assert_allclose(w.detach(), [2.4, 3.2], 1e-6)


def test_float16_needs_it_and_works_with_it():
    """Gradients below float16's range arrive with it alone."""
    found = []
    for enabled in (False, True):
        w = leaf(1.0, 1.0)
        scaler = tl.amp.GradScaler(enabled=enabled)
        with tl.amp.autocast(dtype="float16"):
            y = tl.ones((1, 2), dtype="float32") @ (w[:, None] * 2.0)
            loss = y.astype("float32").sum() * 1e-8
        scaler.scale(loss).backward()
        optimizer = optim.SGD([w], lr=1.0)
        scaler.unscale_(optimizer)
        found.append(w.grad)
    np.testing.assert_array_equal(found[0], 0)
    np.testing.assert_allclose(found[1], 2e-8, 0.03)


def test_losses_of_all_kinds_are_scaled():
    scaler = tl.amp.GradScaler(init_scale=4.0)
    x = leaf(1.0, dtype="float16")
    scaled = scaler.scale([x, (x, x)])
    assert isinstance(scaled, list)
    assert isinstance(scaled[1], tuple)
    assert scaled[0].dtype == "float16"
    assert scaled[1][1].item() == 4.0
    assert tl.amp.GradScaler(enabled=False).scale(x) is x
    for wrong in (3.0, "loss", None):
        with pytest.raises(TypeError, match="GradScaler.scale: expected a Tensor or an iterable"):
            scaler.scale(wrong)


# What is refused


def ready():
    w = leaf(1.0, 2.0)
    optimizer, scaler = optim.SGD([w], lr=1.0), tl.amp.GradScaler()
    scaler.scale((w * w).sum()).backward()
    return w, optimizer, scaler


def test_the_order_of_calls_is_checked():
    w, optimizer, scaler = ready()
    with pytest.raises(RuntimeError, match=r"GradScaler.update: expected step\(\)"):
        scaler.update()
    scaler.unscale_(optimizer)
    with pytest.raises(RuntimeError, match="optimizer was unscaled since the last update"):
        scaler.unscale_(optimizer)
    scaler.step(optimizer)
    with pytest.raises(RuntimeError, match="optimizer was stepped since the last update"):
        scaler.unscale_(optimizer)
    with pytest.raises(RuntimeError, match=r"GradScaler.step: expected update\(\)"):
        scaler.step(optimizer)
    np.testing.assert_array_equal(w.detach(), [-1, -2])


def test_closures_are_refused():
    w, optimizer, scaler = ready()
    for call in (
        lambda: scaler.step(optimizer, lambda: None),
        lambda: scaler.step(optimizer, closure=lambda: None),
        lambda: scaler.step(optim.LBFGS([w]), lambda: None),
    ):
        with pytest.raises(RuntimeError, match="GradScaler.step: expected no closure"):
            call()
    np.testing.assert_array_equal(w.grad, [2 * 65536, 4 * 65536])


def test_other_arguments_reach_the_optimizer():
    class Noted(optim.SGD):
        def step(self, closure=None, *, note=None):
            super().step()
            return closure, note

    w = leaf(1.0)
    optimizer, scaler = Noted([w], lr=1.0), tl.amp.GradScaler()
    w.grad = tl.ones(1, dtype="float32")
    assert scaler.step(optimizer, None, note=3) == (None, 3)


def test_a_scale_does_not_vanish():
    w = leaf(1.0)
    optimizer = optim.SGD([w], lr=1.0)
    scaler = tl.amp.GradScaler(init_scale=1e-30, backoff_factor=1e-5, growth_interval=1)
    for _ in range(4):
        w.grad = tl.asarray([np.inf], dtype="float32")
        assert scaler.step(optimizer) is None
        scaler.update()
    assert scaler.get_scale() == np.finfo("float32").tiny
    w.grad = tl.asarray([scaler.get_scale() / 2], dtype="float32")
    scaler.step(optimizer)
    assert w.item() == 0.5
    scaler.update()
    assert scaler.get_scale() == 2 * np.finfo("float32").tiny
    assert tl.amp.GradScaler(init_scale=1e-44).get_scale() == np.finfo("float32").tiny


def test_gradients_that_cannot_be_unscaled_change_nothing():
    first, second = leaf(1.0), leaf(1.0, dtype="float16")
    first.grad, second.grad = tl.asarray([8.0], dtype="float32"), tl.ones(1, dtype="float16")
    optimizer, scaler = optim.SGD([first, second], lr=1.0), tl.amp.GradScaler()
    with pytest.raises(ValueError, match="GradScaler.step: expected gradients of float32, got"):
        scaler.step(optimizer)
    assert first.grad.item() == 8.0
    optimizer.zero_grad()
    with pytest.raises(RuntimeError, match="GradScaler.step: expected gradients, got none"):
        scaler.step(optimizer)
    first.grad = tl.asarray([8.0], dtype="float32")
    scaler.step(optimizer)  # nothing of all that has left traces
    assert first.grad.item() == 8.0 / 65536


def test_a_step_that_fails_can_be_tried_again():
    w, optimizer, scaler = ready()
    optimizer.param_groups[0]["lr"] = -1.0
    with pytest.raises(ValueError, match="lr"):
        scaler.step(optimizer)
    np.testing.assert_array_equal(w.detach(), [1, 2])
    optimizer.param_groups[0]["lr"] = 1.0
    scaler.step(optimizer)
    np.testing.assert_array_equal(w.detach(), [-1, -2])


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"device": "tpu"}, "GradScaler: expected a device out of"),
        ({"growth_factor": 1.0}, "GradScaler: expected growth_factor > 1, got 1.0"),
        ({"backoff_factor": 1.0}, "GradScaler: expected 0 < backoff_factor < 1, got 1.0"),
        ({"growth_interval": 0}, "GradScaler: expected growth_interval >= 1, got 0"),
        ({"init_scale": 0.0}, "GradScaler: expected a scale above zero and finite, got 0.0"),
        ({"init_scale": NAN}, "GradScaler: expected a scale above zero and finite, got nan"),
        ({"init_scale": 1e300}, "GradScaler: expected a scale above zero and finite, got inf"),
    ],
)
def test_errors(options, text):
    with pytest.raises(ValueError, match=text):
        tl.amp.GradScaler(**options)


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("growth_factor", "2", "a number, got str"),
        ("backoff_factor", None, "a number, got NoneType"),
        ("growth_interval", 2.5, "an int, got float"),
        ("init_scale", "4", "a number, got str"),
    ],
)
def test_what_is_no_number(option, value, expected):
    name = option.removeprefix("init_")
    with pytest.raises(TypeError, match=f"GradScaler: expected {name} to be {expected}"):
        tl.amp.GradScaler(**{option: value})


def test_a_scale_of_ones_own():
    _, optimizer, scaler = ready()
    scaler.step(optimizer)
    scaler.update(128.0)
    assert scaler.get_scale() == 128.0
    scaler.update(tl.asarray(64.0))
    assert scaler.get_scale() == 64.0
    with pytest.raises(ValueError, match="GradScaler.update: expected a scale above zero"):
        scaler.update(-1.0)
    assert scaler.get_scale() == 64.0


def test_state_travels_between_the_libraries():
    ours = tl.amp.GradScaler(init_scale=8.0, growth_interval=7)
    theirs = torch.amp.GradScaler(device="cpu", init_scale=3.0)
    theirs.load_state_dict(ours.state_dict())
    assert theirs.state_dict() == ours.state_dict()
    other = tl.amp.GradScaler()
    other.load_state_dict(theirs.state_dict())
    assert other.state_dict() == ours.state_dict()
    for copied in (copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):
        assert copied.state_dict() == ours.state_dict()


def test_a_state_that_does_not_fit_changes_nothing():
    scaler = tl.amp.GradScaler()
    before = scaler.state_dict()
    with pytest.raises(RuntimeError, match="expected the state of a scaler that is enabled"):
        scaler.load_state_dict(tl.amp.GradScaler(enabled=False).state_dict())
    with pytest.raises(ValueError, match="0 < backoff_factor < 1, got 2.0"):
        scaler.load_state_dict({**before, "backoff_factor": 2.0} | {"scale": -1.0})
    with pytest.raises(ValueError, match=r"expected \['scale'\] in the state"):
        scaler.load_state_dict({k: v for k, v in before.items() if k != "scale"})
    with pytest.raises(ValueError, match="scale above zero"):
        scaler.load_state_dict({**before, "growth_interval": 3, "scale": -1.0})
    assert scaler.state_dict() == before


def test_what_is_not_enabled_only_calls_the_optimizer():
    w = leaf(1.0)
    optimizer, scaler = optim.SGD([w], lr=0.5), tl.amp.GradScaler(enabled=False)
    scaler.load_state_dict({})
    assert scaler.state_dict() == {}
    assert not scaler.is_enabled()
    assert scaler.get_scale() == 1.0

    def closure():
        optimizer.zero_grad()
        loss = (w * w).sum()
        scaler.scale(loss).backward()
        return loss

    assert scaler.step(optimizer, closure).item() == 1.0
    scaler.unscale_(optimizer)
    scaler.update()
    assert w.item() == 0.0


def test_factors_can_be_changed():
    scaler = tl.amp.GradScaler()
    scaler.set_growth_factor(3.0)
    scaler.set_backoff_factor(0.25)
    scaler.set_growth_interval(5)
    assert (scaler.get_growth_factor(), scaler.get_backoff_factor()) == (3.0, 0.25)
    assert scaler.get_growth_interval() == 5
    with pytest.raises(ValueError, match="growth_factor > 1"):
        scaler.set_growth_factor(0.5)
