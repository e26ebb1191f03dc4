"""Optimizers against PyTorch's: parameters and state over twenty steps, for every option."""

import copy
import inspect
import operator

import numpy as np
import pytest
from parity import TOLERANCES, array_of, torch

import tensorlib as tl
from tensorlib import nn, optim

STEPS = 20
CASES = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.1, "maximize": True}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "maximize": True}),
    ("Adam", {}),
    ("Adam", {"lr": 0.1, "betas": (0.7, 0.8), "eps": 1e-4, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.1, "betas": (0.7, 0.8), "amsgrad": True, "maximize": True}),
    ("Adam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("AdamW", {"lr": 0.1}),
    ("AdamW", {"lr": 0.1, "betas": (0.7, 0.8), "weight_decay": 0.3, "amsgrad": True}),
    ("AdamW", {"lr": 0.1, "maximize": True}),
    ("NAdam", {}),
    ("NAdam", {"lr": 0.1, "betas": (0.7, 0.8), "weight_decay": 0.1, "momentum_decay": 0.1}),
    ("NAdam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
    ("RAdam", {"lr": 0.1}),
    ("RAdam", {"lr": 0.1, "betas": (0.7, 0.6), "eps": 1e-4, "weight_decay": 0.1}),
    ("RAdam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
    ("Adamax", {}),
    ("Adamax", {"lr": 0.1, "betas": (0.7, 0.8), "eps": 1e-2, "weight_decay": 0.1}),
    ("Adamax", {"lr": 0.1, "maximize": True}),
    ("Adagrad", {}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1, "eps": 1e-3}),
    ("Adagrad", {"lr": 0.1, "initial_accumulator_value": 0.5, "maximize": True}),
    ("Adadelta", {}),
    ("Adadelta", {"lr": 0.7, "rho": 0.8, "eps": 1e-4, "weight_decay": 0.1}),
    ("Adadelta", {"lr": 0.7, "maximize": True}),
    ("RMSprop", {}),
    ("RMSprop", {"lr": 0.1, "alpha": 0.8, "eps": 1e-3, "weight_decay": 0.1, "momentum": 0.5}),
    ("RMSprop", {"lr": 0.1, "alpha": 0.8, "centered": True}),
    ("RMSprop", {"lr": 0.1, "alpha": 0.8, "centered": True, "momentum": 0.5, "maximize": True}),
    ("Rprop", {}),
    ("Rprop", {"lr": 0.1, "etas": (0.4, 1.5), "step_sizes": (0.05, 0.2), "maximize": True}),
    ("ASGD", {}),
    ("ASGD", {"lr": 0.1, "lambd": 0.1, "alpha": 0.5, "t0": 5, "weight_decay": 0.1}),
    ("ASGD", {"lr": 0.1, "t0": 5, "maximize": True}),
    ("Adafactor", {}),
    ("Adafactor", {"lr": 0.3, "beta2_decay": -0.4, "d": 1.5, "weight_decay": 0.1}),
    ("Adafactor", {"lr": 2.0, "eps": (0.3, 0.5), "maximize": True}),
]
cases = pytest.mark.parametrize("name, options", CASES)
REAL = {"Adafactor"}


@pytest.fixture(autouse=True)
def numbers_of_the_state_in_double_precision():
    """PyTorch keeps ``mu_product`` and ``eta`` in its default dtype, which limits their digits."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def problem(dtype, shapes=((4, 5), (3,), ()), seed=0):
    """First values, and gradients for all steps."""
    rng = np.random.default_rng(seed)

    def draw(shape):
        x = rng.standard_normal(shape)
        if np.dtype(dtype).kind == "c":
            x = x + 1j * rng.standard_normal(shape)
        return np.asarray(x, dtype)

    return [draw(shape) for shape in shapes], [[draw(s) for s in shapes] for _ in range(STEPS)]


def both(name, options, values):
    ours = [nn.Parameter(tl.array(x)) for x in values]
    theirs = [torch.nn.Parameter(torch.tensor(x)) for x in values]
    return (
        ours,
        theirs,
        getattr(optim, name)(ours, **options),
        getattr(torch.optim, name)(theirs, **options),
    )


def set_gradients(ours, theirs, gradients):
    for x, y, g in zip(ours, theirs, gradients, strict=True):
        x.grad = None if g is None else tl.array(g)
        y.grad = None if g is None else torch.tensor(g)


def assert_near(ours, theirs, dtype, label=""):
    precision = "float64" if np.dtype(dtype).itemsize >= 8 and dtype != "complex64" else "float32"
    tolerance = TOLERANCES[precision]
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape, label
    scale = max(1.0, float(np.abs(theirs).max(initial=0)))
    np.testing.assert_allclose(ours, theirs, tolerance, tolerance * scale, err_msg=label)


def assert_same_state(mine, yours, dtype):
    mine, yours = mine.state_dict()["state"], yours.state_dict()["state"]
    assert mine.keys() == yours.keys()
    for place, memory in yours.items():
        assert mine[place].keys() == memory.keys()
        for key, value in memory.items():
            kept = mine[place][key]
            assert_near(array_of(kept) if hasattr(kept, "detach") else kept, value, dtype, key)


LEFT_OUT = {"foreach", "fused", "capturable", "differentiable", "device"}


@pytest.mark.parametrize("module", ["optim", "optim.lr_scheduler", "optim.swa_utils"])
def test_names_and_signatures(module):
    ours, theirs = operator.attrgetter(module)(tl), operator.attrgetter(module)(torch)
    missing = {"SparseAdam", "swap_in_optimizer_params_and_state"}
    public = {name for name in getattr(theirs, "__all__", dir(theirs)) if name[0] not in "_"}
    public -= {"Any", "ParamsT"}
    assert {name for name in public - missing if not hasattr(ours, name)} == set()
    for name in ours.__all__:
        if not callable(getattr(ours, name)) or not hasattr(theirs, name):
            continue
        mine = inspect.signature(getattr(ours, name)).parameters
        others = inspect.signature(getattr(theirs, name)).parameters
        assert list(mine) == [key for key in others if key not in LEFT_OUT], name
        for key, parameter in mine.items():
            if (name, key) != ("LBFGS", "line_search_fn"):  # ours searches by default
                assert parameter.default == others[key].default, (name, key)


@cases
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
def test_twenty_steps(name, options, dtype):
    values, gradients = problem(dtype)
    if name in REAL and dtype == "complex128":
        with pytest.raises(TypeError, match=f"{name}: expected real parameters, got {dtype}"):
            both(name, options, values)
        return
    ours, theirs, mine, yours = both(name, options, values)
    for step, now in enumerate(gradients):
        # A parameter may have no gradient at some steps.
        set_gradients(ours, theirs, [now[0], None if step % 3 == 1 else now[1], now[2]])
        mine.step()
        yours.step()
        for x, y in zip(ours, theirs, strict=True):
            assert x.dtype == dtype
            assert_near(array_of(x), array_of(y), dtype, f"step {step}")
    assert_same_state(mine, yours, dtype)


@cases
def test_the_state_travels_both_ways(name, options):
    values, gradients = problem("float64")
    ours, theirs, mine, yours = both(name, options, values)
    for now in gradients[:5]:
        set_gradients(ours, theirs, now)
        mine.step()
        yours.step()
    state = mine.state_dict()
    assert all(key in yours.param_groups[0] for key in state["param_groups"][0])
    # Theirs into ours.
    fresh = [nn.Parameter(tl.array(array_of(x))) for x in ours]
    loaded = getattr(optim, name)(fresh, lr=77.0)
    loaded.load_state_dict(copy.deepcopy(yours.state_dict()))
    assert loaded.param_groups[0]["lr"] == options.get("lr", mine.defaults["lr"])
    # Ours into theirs, whose Tensors are PyTorch's.
    groups = [
        {**other, **own}
        for other, own in zip(
            yours.state_dict()["param_groups"], state["param_groups"], strict=True
        )
    ]
    as_torch = {
        place: {
            key: torch.tensor(array_of(x)) if hasattr(x, "detach") else x
            for key, x in memory.items()
        }
        for place, memory in state["state"].items()
    }
    other = [torch.nn.Parameter(torch.tensor(array_of(x))) for x in theirs]
    back = getattr(torch.optim, name)(other, **options)
    back.load_state_dict({"state": as_torch, "param_groups": groups})
    for now in gradients[5:10]:
        set_gradients(ours, theirs, now)
        set_gradients(fresh, other, now)
        for optimizer in (mine, yours, loaded, back):
            optimizer.step()
    for a, b, c, d in zip(ours, theirs, fresh, other, strict=True):
        for x in (b, c, d):
            assert_near(array_of(a), array_of(x), "float64")


@cases
def test_groups_and_a_rate_that_changes(name, options):
    values, gradients = problem("float64")
    ours = [nn.Parameter(tl.array(x)) for x in values]
    theirs = [torch.nn.Parameter(torch.tensor(x)) for x in values]
    optimizers = []
    for params, library in ((ours, optim), (theirs, torch.optim)):
        groups = [{"params": params[:1]}, {"params": params[1:], "lr": 0.02}]
        optimizers.append(getattr(library, name)(groups, **options))
    for step, now in enumerate(gradients):
        set_gradients(ours, theirs, now)
        for optimizer in optimizers:
            optimizer.param_groups[0]["lr"] *= 0.9
            if step == 10 and "weight_decay" in optimizer.param_groups[1]:
                optimizer.param_groups[1]["weight_decay"] = 0.2
            optimizer.step()
    for x, y in zip(ours, theirs, strict=True):
        assert_near(array_of(x), array_of(y), "float64")


@cases
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_that_of_floats_rounded(name, options, dtype):
    # PyTorch rounds after each of several operations, ours once: so the reference is one step in
    # float32 from the same parameter, to the spacing of the numbers.
    values, gradients = problem("float32", shapes=((64,),))
    rounded = tl.array(values[0]).astype(dtype)
    gradient = tl.array(gradients[0][0]).astype(dtype)
    half, single = nn.Parameter(rounded), nn.Parameter(rounded.astype("float32"))
    half.grad, single.grad = gradient, gradient.astype("float32")
    for param in (half, single):
        getattr(optim, name)([param], **options).step()
    assert half.dtype == dtype
    got, expected = (array_of(x.detach().astype("float64")) for x in (half, single))
    spacing = 2.0**-10 if dtype == "float16" else 2.0**-7
    np.testing.assert_allclose(got, expected, spacing, spacing)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_adafactor_of_stacks_of_matrices(dtype):
    values, gradients = problem(dtype, ((2, 3, 4), (1, 6), (5, 1), (1, 1, 1)))
    ours, theirs, mine, yours = both("Adafactor", {"lr": 0.5}, values)
    for now in gradients:
        set_gradients(ours, theirs, now)
        mine.step()
        yours.step()
    for x, y in zip(ours, theirs, strict=True):
        assert_near(array_of(x), array_of(y), dtype)
    assert_same_state(mine, yours, dtype)


@pytest.mark.parametrize("adjust", [None, "original", "match_rms_adamw"])
@pytest.mark.parametrize("nesterov", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_muon(adjust, nesterov, dtype):
    # Both make the iterations in bfloat16, whose products PyTorch's libraries sum in an order of
    # their own; where that rounds differently an element of the update, about 0.2, is off by 2^-8
    # of itself. What does not come from the iterations agrees to all digits.
    options = {"lr": 0.02, "adjust_lr_fn": adjust, "nesterov": nesterov}
    shapes = ((8, 20), (20, 8), (6, 6))
    values, gradients = problem(dtype, shapes)
    ours, theirs, mine, yours = both("Muon", options, values)
    for step, now in enumerate(gradients):
        set_gradients(ours, theirs, now)
        mine.step()
        yours.step()
        for x, y in zip(ours, theirs, strict=True):
            allowed = 0.02 * 0.02 * (step + 1)
            np.testing.assert_allclose(array_of(x), array_of(y), rtol=0, atol=allowed)
    assert_same_state(mine, yours, dtype)


def test_muon_without_iterations():
    options = {"lr": 0.02, "ns_steps": 0}
    values, gradients = problem("float64", ((8, 20), (20, 8)))
    ours, theirs, mine, yours = both("Muon", options, values)
    for now in gradients:
        set_gradients(ours, theirs, now)
        mine.step()
        yours.step()
    for x, y in zip(ours, theirs, strict=True):
        assert_near(array_of(x), array_of(y), "float64")


def rosenbrock(x):
    return ((1 - x[:-1]) ** 2 + 10 * (x[1:] - x[:-1] ** 2) ** 2).sum()


@pytest.mark.parametrize(
    "options",
    [
        {"line_search_fn": "strong_wolfe"},
        {"line_search_fn": "strong_wolfe", "max_iter": 4, "history_size": 3},
        {"line_search_fn": "strong_wolfe", "max_iter": 10, "max_eval": 6, "lr": 0.5},
        {"line_search_fn": None, "lr": 0.05, "max_iter": 3},
        {"line_search_fn": None, "lr": 0.1, "max_iter": 1, "history_size": 2},
    ],
)
def test_lbfgs(options):
    start = np.array([-0.5, 0.7, 0.3, -0.2])
    ours, theirs, mine, yours = both("LBFGS", options, [start[:3].copy(), start[3:].copy()])
    evaluations = [0, 0]

    def closure(params, optimizer, concatenate, which):
        def evaluate():
            evaluations[which] += 1
            optimizer.zero_grad()
            loss = rosenbrock(concatenate(params))
            loss.backward()
            return loss

        return evaluate

    my_closure = closure(ours, mine, tl.concatenate, 0)
    your_closure = closure(theirs, yours, torch.cat, 1)
    for step in range(STEPS):
        my_loss, your_loss = mine.step(my_closure), yours.step(your_closure)
        assert_near(my_loss.item(), your_loss.item(), "float64", f"step {step}")
        assert evaluations[0] == evaluations[1]
        for x, y in zip(ours, theirs, strict=True):
            assert_near(array_of(x), array_of(y), "float64", f"step {step}")
    (memory,), (other,) = (o.state_dict()["state"].values() for o in (mine, yours))
    assert memory.keys() == other.keys() - {"al"}  # which is scratch
    for key in ("func_evals", "n_iter"):
        assert memory[key] == other[key]


@pytest.mark.parametrize("search", ["strong_wolfe", None])
def test_lbfgs_of_complex_numbers_and_single_precision(search):
    for dtype in ("complex128", "float32"):
        options = {"line_search_fn": search, "lr": 0.3, "max_iter": 3}
        target = (
            np.array([1 + 2j, -3j, 0.5]).astype(dtype)
            if dtype == "complex128"
            else np.array([1, 2, -0.5], dtype)
        )
        ours, theirs, mine, yours = both("LBFGS", options, [np.zeros(3, dtype)])
        scale = np.array([1.0, 3.0, 0.5], target.real.dtype)

        def closure(param, optimizer, make, target=target, scale=scale):
            def evaluate():
                optimizer.zero_grad()
                loss = (make(scale) * abs(param - make(target)) ** 2).sum()
                loss.backward()
                return loss

            return evaluate

        for _ in range(5):
            mine.step(closure(ours[0], mine, tl.array))
            yours.step(closure(theirs[0], yours, torch.tensor))
            assert_near(array_of(ours[0]), array_of(theirs[0]), dtype)
