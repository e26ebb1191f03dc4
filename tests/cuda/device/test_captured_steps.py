"""Steps of optimizers in graphs: each replay is the step that the CPU makes."""

import numpy as np
import pytest

import tensorlib as tl
from tensorlib import optim

OPTIMIZERS = [
    ("Adadelta", {}),
    ("Adafactor", {"weight_decay": 0.1}),
    ("Adagrad", {"lr_decay": 0.5, "initial_accumulator_value": 0.25}),
    ("Adam", {"weight_decay": 0.1}),
    ("Adam", {"amsgrad": True}),
    ("AdamW", {}),
    ("Adamax", {}),
    ("ASGD", {"t0": 2, "lambd": 0.1}),
    ("Muon", {}),
    ("NAdam", {}),
    ("RAdam", {}),
    ("RMSprop", {"centered": True, "momentum": 0.9}),
    ("Rprop", {}),
    ("SGD", {}),
    ("SGD", {"momentum": 0.9, "dampening": 0.5}),
]


class Course:
    """The training of two groups of matrices, one of which never has a gradient.

    Parameters
    ----------
    make : callable
        The optimizer of groups.
    place : str
        A device. On the CPU `capture` does nothing, and `replay` steps.
    """

    def __init__(self, make, place):
        rng = np.random.default_rng(0)
        self.place, self.steps, self.graph = place, 0, None
        self.params = [self.brought(rng.standard_normal((4, 3))) for _ in range(4)]
        self.params = [param.requires_grad_() for param in self.params]
        self.x, self.y = (self.brought(rng.standard_normal(shape)) for shape in ((5, 4), (5, 3)))
        self.optimizer = make([
            {"params": [self.params[0], self.params[3]]},
            {"params": self.params[1:3], "lr": 0.02},
        ])  # fmt: skip

    def brought(self, values):
        return tl.asarray(values).to(self.place)

    def compute(self):
        self.optimizer.zero_grad()
        a, b, c, _ = self.params
        loss = ((self.x @ (a + b) * (self.x @ c) - self.y) ** 2).mean()
        loss.backward()
        self.optimizer.step()

    def input(self):
        self.steps += 1
        values = np.random.default_rng(self.steps).standard_normal((5, 4))
        self.x[...] = self.brought(values)

    def step(self):
        self.input()
        self.compute()

    def capture(self):
        if self.place != "cpu":
            self.graph = tl.cuda.CUDAGraph()
            with tl.cuda.graph(self.graph):
                self.compute()

    def replay(self):
        self.input()
        if self.graph is None:
            self.compute()
        else:
            self.graph.replay()

    def go(self, plan):
        for word in plan.split():
            getattr(self, word)()
        return self

    def state(self):
        return self.optimizer.state_dict()["state"]


def assert_same(found, expected, tolerance=1e-12):
    close = {"rtol": tolerance, "atol": tolerance}
    for x, y in zip(found.params, expected.params, strict=True):
        np.testing.assert_allclose(x.detach().cpu().numpy(), y.detach().numpy(), **close)
    states, theirs = found.state(), expected.state()
    assert states.keys() == theirs.keys()
    for place, memory in states.items():
        assert memory.keys() == theirs[place].keys()
        for name, value in memory.items():
            if isinstance(value, tl.Tensor):
                np.testing.assert_allclose(
                    value.cpu().numpy(), theirs[place][name].numpy(), **close
                )
            else:
                assert (type(value), value) == (type(theirs[place][name]), theirs[place][name])


def compared(device, make, plan, tolerance=1e-12):
    found, expected = (Course(make, place).go(plan) for place in (device, "cpu"))
    assert_same(found, expected, tolerance)
    return found, expected


PLANS = [
    "capture replay replay replay replay replay replay",
    "step step capture replay replay step step replay replay",
    "capture step replay step capture replay",
]


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize(("name", "options"), OPTIMIZERS)
def test_replays_are_steps(name, options, plan, device):
    def make(groups):
        return getattr(optim, name)(groups, lr=0.01, **options)

    # What Muon rounds to bfloat16 may round the other way.
    found, _ = compared(device, make, plan, 2e-3 if name == "Muon" else 1e-12)
    assert 1 not in found.state()


def test_a_capture_changes_nothing(device):
    course = Course(lambda groups: optim.Adam(groups, lr=0.01), device)
    before = [param.tolist() for param in course.params]
    course.go("capture")
    assert [param.tolist() for param in course.params] == before and course.state() == {}


def test_schedulers_go_on(device):
    courses = []
    for place in (device, "cpu"):
        course = Course(lambda groups: optim.NAdam(groups, lr=0.01, weight_decay=0.1), place)
        scheduler = optim.lr_scheduler.ExponentialLR(course.optimizer, 0.5)
        course.go("step capture")
        for _ in range(4):
            course.replay()
            scheduler.step()
        course.optimizer.param_groups[1]["betas"] = (0.5, 0.9)
        courses.append(course.go("replay replay"))
    assert_same(*courses)


def test_a_rate_that_is_a_tensor(device):
    courses = []
    for place in (device, "cpu"):
        rate = tl.asarray(0.01, device=place)
        course = Course(lambda groups, rate=rate: optim.RAdam(groups, lr=rate), place)
        course.go("capture replay")
        rate[...] = 0.5
        courses.append(course.go("replay replay"))
    assert_same(*courses)


def test_two_steps_in_a_graph(device):
    def make(groups):
        return optim.AdamW(groups, lr=0.01)

    found, expected = Course(make, device), Course(make, "cpu")
    found.graph = tl.cuda.CUDAGraph()
    with tl.cuda.graph(found.graph):
        found.compute()
        found.compute()
    for _ in range(2):
        found.replay()
        expected.replay()
        expected.compute()
    assert_same(found, expected)


@pytest.mark.parametrize("name", ["Adam", "ASGD", "SGD"])
def test_a_loaded_state_goes_on(name, device):
    def make(groups):
        options = {"momentum": 0.9} if name == "SGD" else {}
        return getattr(optim, name)(groups, lr=0.01, **options)

    # From a graph to steps of another optimizer.
    found, expected = compared(device, make, "step capture replay replay")
    for course in (found, expected):
        saved = course.optimizer.state_dict()
        course.optimizer = make(course.optimizer.param_groups)
        course.optimizer.load_state_dict(saved)
        course.go("step step")
    assert_same(found, expected)
    # From a state of before to the graph.
    found, expected = compared(device, make, "step step capture replay")
    other = Course(make, "cpu").go("step step step step")
    for course in (found, expected):
        course.optimizer.load_state_dict(other.optimizer.state_dict())
        course.go("replay replay step replay")
    assert_same(found, expected)


def test_many_parameters(device):
    """More than a launch has room for, of two dtypes, some of them complex or not in C order."""

    def made(place):
        params = [tl.ones((2, 3), dtype="float32") * k for k in range(70)]
        params += [tl.ones((3, 2)).T * k for k in range(5)]
        params += [tl.ones(3, dtype="complex128") * (k + 2j) for k in range(5)]
        params = [x.to(place).requires_grad_() for x in params]
        for k, param in enumerate(params):
            param.grad = tl.full_like(param.detach(), k - 30.0)
        return params, optim.Rprop(params, lr=0.5)

    params, optimizer = made(device)
    graph = tl.cuda.CUDAGraph()
    with tl.cuda.graph(graph):
        optimizer.step()
    expected, theirs = made("cpu")
    for _ in range(3):
        graph.replay()
        theirs.step()
    for x, y in zip(params, expected, strict=True):
        np.testing.assert_allclose(x.detach().cpu().numpy(), y.detach().numpy(), rtol=1e-6)


def test_what_a_replay_refuses(device):
    found, _ = compared(device, lambda groups: optim.SGD(groups, lr=0.5), "capture replay")
    before = [param.tolist() for param in found.params]
    group = found.optimizer.param_groups[1]
    group["lr"] = -1.0
    with pytest.raises(ValueError, match="SGD: expected lr >= 0, got -1.0"):
        found.replay()
    group["lr"], group["momentum"] = 0.5, 0.9
    with pytest.raises(RuntimeError, match=r"SGD\.step: expected the rules .* capture it again"):
        found.replay()
    assert [param.tolist() for param in found.params] == before and found.state() == {}


def test_parameters_on_two_devices(device):
    params = [tl.ones(3, device=place).requires_grad_() for place in (device, "cpu")]
    for param in params:
        param.grad = tl.ones_like(param.detach())
    for several in (params, params[::-1]):
        with (
            pytest.raises((tl.DeviceError, RuntimeError), match="expected all parameters on"),
            tl.cuda.graph(tl.cuda.CUDAGraph()),
        ):
            optim.Adam(several, lr=0.5).step()
    assert params[1].tolist() == [1.0, 1.0, 1.0]


def test_a_scaler_beside_a_graph(device):
    """The scale, which an infinite gradient halves, is that of each replay."""

    def trained(place):
        scaler = tl.amp.GradScaler(place, init_scale=1024.0, growth_interval=2)
        w = tl.ones(3, dtype="float32", device=place).requires_grad_()
        x = tl.ones(3, dtype="float32", device=place)
        optimizer = optim.Adam([w], lr=0.25)

        def compute():
            optimizer.zero_grad()
            scaler.scale((w * w * x).sum()).backward()

        replay = compute
        if place != "cpu":
            graph = tl.cuda.CUDAGraph()
            with tl.cuda.graph(graph):
                compute()
            replay = graph.replay
        for value in (1.0, np.inf, 2.0, 3.0, 1.0):
            x[...] = value
            replay()
            scaler.step(optimizer)
            scaler.update()
        return w.tolist(), scaler.get_scale()

    found, expected = trained(device), trained("cpu")
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-5)
    assert found[1] == expected[1] == 1024.0


def test_a_scaler_does_not_step_in_a_graph(device):
    scaler, w = tl.amp.GradScaler(device), tl.ones(3, device=device).requires_grad_()
    optimizer = optim.Adam([w], lr=0.25)
    w.grad = tl.ones(3, device=device)
    for function in (scaler.step, scaler.unscale_):
        with (
            pytest.raises(RuntimeError, match="expected no graph to be captured, for whether"),
            tl.cuda.graph(tl.cuda.CUDAGraph()),
        ):
            function(optimizer)
    scaler.step(optimizer)
    assert w.tolist() != [1.0, 1.0, 1.0]


def test_an_average_is_not_taken_in_a_graph(device):
    model = tl.nn.Linear(3, 2).to(device)
    averaged = optim.swa_utils.AveragedModel(model)
    averaged.update_parameters(model)
    with (
        pytest.raises(RuntimeError, match="^AveragedModel: the number of models would be"),
        tl.cuda.graph(tl.cuda.CUDAGraph()),
    ):
        averaged.update_parameters(model)
    assert averaged.n_averaged.item() == 1
    averaged.update_parameters(model)
    assert averaged.n_averaged.item() == 2
