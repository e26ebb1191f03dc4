"""Steps of optimizers on a GPU against those on the CPU."""

import numpy as np
import pytest

import tensorlib as tl
from tensorlib import nn, optim
from tensorlib._core._unscale import unscale

OPTIMIZERS = [
    ("Adadelta", {}),
    ("Adagrad", {}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True, "weight_decay": 0.1}),
    ("AdamW", {}),
    ("Adamax", {}),
    ("ASGD", {"maximize": True}),
    ("NAdam", {}),
    ("RAdam", {}),
    ("RMSprop", {}),
    ("RMSprop", {"centered": True}),
    ("RMSprop", {"momentum": 0.9}),
    ("RMSprop", {"centered": True, "momentum": 0.9}),
    ("Rprop", {}),
    ("SGD", {}),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
]
TOLERANCE = {"float16": 2e-3, "bfloat16": 2e-2, "float32": 1e-6, "complex64": 1e-6}
# Around what a block works on and what is read at once; one tensor more than fits in a launch.
SHAPES = [(), (1,), (3,), (255,), (2047,), (2048,), (2049,), (7, 911), (4, 0)] + [(2,)] * 56


def numbers(shape, dtype, seed):
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(shape)
    if dtype.startswith("complex"):
        values = values + 1j * rng.standard_normal(shape)
    return tl.asarray(values).astype(dtype)


def parameters(dtype, device):
    """Of many shapes, the last ones not in C order, and not aligned."""
    made = [numbers(shape, dtype, k).to(device) for k, shape in enumerate(SHAPES)]
    made += [
        numbers((6, 7), dtype, 90).to(device).T,
        numbers((6, 8), dtype, 91).to(device)[:, ::-2],
    ]
    made.append(numbers(1001, dtype, 92).to(device)[1:])
    return [x.requires_grad_() for x in made]


def stepped(make, dtype, device, steps=3):
    """Parameters after some steps, and the optimizer."""
    made = parameters(dtype, device)
    optimizer = make(made)
    for step in range(steps):
        for k, param in enumerate(made):
            param.grad = numbers(param.shape, dtype, 1000 * step + k).to(device)
        optimizer.step()
    return made, optimizer


def assert_close(results, expected, dtype):
    tolerance = TOLERANCE.get(dtype, 1e-14)
    for x, y in zip(results, expected, strict=True):
        np.testing.assert_allclose(
            x.detach().cpu().astype("complex128").numpy(),
            y.detach().astype("complex128").numpy(),
            rtol=tolerance,
            atol=tolerance,
        )


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize(("name", "options"), OPTIMIZERS)
def test_every_rule(name, options, dtype, device):
    def make(params):
        return getattr(optim, name)(params, lr=0.01, **options)

    steps = 6 if name == "RAdam" else 2  # from where on it is rectified
    found, optimizer = stepped(make, dtype, device, steps)
    expected, _ = stepped(make, dtype, "cpu", steps)
    assert_close(found, expected, dtype)
    kept = [x for memory in optimizer.state.values() for x in memory.values()]
    assert all(x.device == found[0].device for x in kept if isinstance(x, tl.Tensor))


@pytest.mark.parametrize("dtype", ["float16", "float64", "complex64", "complex128"])
def test_every_dtype(dtype, device):
    found, _ = stepped(lambda params: optim.Adam(params, lr=0.01), dtype, device)
    expected, _ = stepped(lambda params: optim.Adam(params, lr=0.01), dtype, "cpu")
    assert_close(found, expected, dtype)


def test_parameters_on_two_devices(device):
    here, there = tl.ones(3).requires_grad_(), tl.ones(3, device=device).requires_grad_()
    here.grad, there.grad = tl.ones(3), tl.ones(3, device=device)
    optim.Adam([here, there], lr=0.5).step()
    assert here.tolist() == there.tolist() != [1.0] * 3


def test_a_step_with_a_gradient_elsewhere_changes_nothing(device):
    first, second = (tl.ones((), device=device).requires_grad_() for _ in range(2))
    first.grad = tl.ones((), device=device)
    with pytest.raises(RuntimeError, match=r"grad: expected .* on cuda:0, got .* on cpu"):
        second.grad = tl.ones(())
    optimizer = optim.SGD([first, second], lr=1.0, momentum=0.5)
    optimizer.state[second]["momentum_buffer"] = tl.ones(())
    second.grad = tl.ones((), device=device)
    with pytest.raises(
        tl.DeviceError, match=r"SGD.step: expected a state on cuda:0, where the par"
    ):
        optimizer.step()
    assert (first.item(), second.item()) == (1.0, 1.0)


@pytest.mark.parametrize("bad", [None, np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "complex64"])
def test_unscale(dtype, bad, device):
    gradients = [numbers(shape, dtype, k) for k, shape in enumerate(SHAPES[:9])]
    if bad is not None:
        gradients[7][3, 900] = bad
    moved = [x.to(device) for x in gradients]
    assert unscale("here", moved, 0.25) is (bad is not None)
    assert unscale("here", gradients, 0.25) is (bad is not None)
    for x, y in zip(moved, gradients, strict=True):
        np.testing.assert_array_equal(
            x.cpu().astype("complex128").numpy(), y.astype("complex128").numpy()
        )


def trained(device, make, scaler=None):
    tl.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2)).to(device)
    optimizer = make(model.parameters())
    x, y = numbers((5, 4), "float32", 1).to(device), numbers((5, 2), "float32", 2).to(device)
    for _ in range(3):
        optimizer.zero_grad()
        loss = ((model(x) - y) ** 2).mean()
        if scaler is None:
            loss.backward()
        else:
            scaler.scale(loss).backward()
            scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        if scaler is None:
            optimizer.step()
        else:
            scaler.step(optimizer)
            scaler.update()
    return list(model.parameters())


@pytest.mark.parametrize("name", ["Adafactor", "AdamW"])
def test_a_model_is_trained(name, device):
    def make(params):
        return getattr(optim, name)(params, lr=0.01)

    assert_close(trained(device, make), trained("cpu", make), "float32")


def test_a_model_is_trained_with_a_scaler(device):
    def make(params):
        return optim.SGD(params, lr=0.1)

    found = trained(device, make, tl.amp.GradScaler(device))
    assert_close(found, trained("cpu", make, tl.amp.GradScaler()), "float32")


def test_lbfgs(device):
    results = []
    for place in ("cpu", device):
        x = tl.asarray([-1.0, 2.0], device=place).requires_grad_()
        optimizer = optim.LBFGS([x], line_search_fn="strong_wolfe")

        def loss(x=x, optimizer=optimizer):
            optimizer.zero_grad()
            value = (1 - x[0]) ** 2 + 10 * (x[1] - x[0] ** 2) ** 2
            value.backward()
            return value

        optimizer.step(loss)
        results.append(x)
    np.testing.assert_allclose(results[1].tolist(), results[0].tolist(), rtol=1e-9)


def test_state_goes_to_the_device_of_the_parameter(device):
    made, optimizer = stepped(lambda params: optim.Adam(params, lr=0.01), "float32", "cpu", 1)
    moved = [x.detach().to(device).requires_grad_() for x in made]
    loaded = optim.Adam(moved, lr=0.01)
    loaded.load_state_dict(optimizer.state_dict())
    for params, place in ((made, "cpu"), (moved, device)):
        for param in params:
            param.grad = tl.ones(param.shape, dtype="float32", device=place)
    optimizer.step()
    loaded.step()
    assert_close(moved, made, "float32")
