"""L-BFGS where it is hard: no point that is not finite, refusals in the middle of a step, state."""

import numpy as np
import pytest

import tensorlib as tl
from tensorlib import nn, optim
from tensorlib.optim._line_search import Point, minimum_of_cubic, strong_wolfe
from tensorlib.testing import assert_allclose, assert_array_equal

scipy_optimize = pytest.importorskip("scipy.optimize")


def rosenbrock(x):
    return ((1 - x[:-1]) ** 2 + 100 * (x[1:] - x[:-1] ** 2) ** 2).sum()


def closure_of(optimizer, function, *parameters):
    def closure():
        optimizer.zero_grad()
        loss = function(*parameters)
        loss.backward()
        return loss

    return closure


def test_it_finds_the_minimum_that_scipy_finds():
    start = np.array([-1.2, 1.0])
    x = nn.Parameter(tl.asarray(start.copy()))
    optimizer = optim.LBFGS([x], max_iter=200, tolerance_grad=1e-10, tolerance_change=1e-14)
    closure = closure_of(optimizer, rosenbrock, x)
    assert optimizer.step(closure).item() == rosenbrock(start)
    found = scipy_optimize.minimize(lambda z: rosenbrock(z), start, method="BFGS")
    assert_allclose(x.detach(), found.x, rtol=1e-4)
    assert_allclose(x.detach(), np.ones(2), rtol=1e-6)


@pytest.mark.parametrize("lr", [1, 1e3, 1e10])
def test_a_loss_that_ends_is_not_left(lr):
    # log is not a number below zero; the minimum is at one half.
    x = nn.Parameter(tl.asarray([3.0, 1e-3]))
    optimizer = optim.LBFGS([x], lr=lr, max_iter=100)
    losses = []
    for _ in range(10):  # without a word of the points that are not taken
        closure = closure_of(optimizer, lambda: (2 * x - tl.log(x)).sum())
        losses.append(optimizer.step(closure).item())
        assert np.isfinite(np.asarray(x.detach())).all()
    assert all(b <= a for a, b in zip(losses, losses[1:], strict=False))
    # Where the loss changes by less than 1e-9 it stops.
    assert_allclose(x.detach(), [0.5, 0.5], rtol=1e-4)


def test_without_a_search_too_a_point_that_is_not_finite_is_not_taken():
    x = nn.Parameter(tl.asarray([3.0]))
    optimizer = optim.LBFGS([x], lr=1e200, max_iter=5, line_search_fn=None)
    with np.errstate(all="ignore"):
        optimizer.step(closure_of(optimizer, lambda: (x**4).sum()))
    assert_array_equal(x.detach(), [3.0])
    assert set(optimizer.state[x]) == {"func_evals", "n_iter"}
    optimizer.param_groups[0]["lr"] = 0.1
    optimizer.step(closure_of(optimizer, lambda: (x**4).sum()))
    assert 0 < x.item() < 3


def test_a_loss_that_is_not_a_number_changes_nothing():
    x = nn.Parameter(tl.asarray([-1.0]))
    optimizer = optim.LBFGS([x])
    with np.errstate(all="ignore"):
        loss = optimizer.step(closure_of(optimizer, lambda: tl.log(x).sum()))
    assert np.isnan(loss.item())
    assert_array_equal(x.detach(), [-1.0])


def test_a_direction_without_a_better_point_is_forgotten():
    # The gradient says one thing and the loss another.
    x = nn.Parameter(tl.asarray([1.0]))
    optimizer = optim.LBFGS([x])

    def closure():
        x.grad = tl.asarray([1.0])
        return -x.detach().sum()

    optimizer.step(closure)
    assert_array_equal(x.detach(), [1.0])
    assert "d" not in optimizer.state[x]


def test_a_closure_that_raises_in_the_middle_leaves_all_as_it_was():
    x = nn.Parameter(tl.asarray([-1.2, 1.0]))
    optimizer = optim.LBFGS([x], max_iter=3)
    closure = closure_of(optimizer, rosenbrock, x)
    optimizer.step(closure)
    before, state = x.detach().copy(), dict(optimizer.state[x])
    calls = []

    def failing():
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return closure()

    with pytest.raises(KeyboardInterrupt):
        optimizer.step(failing)
    assert_array_equal(x.detach(), before)
    assert optimizer.state[x].keys() == state.keys()
    for key, value in state.items():
        assert optimizer.state[x][key] is value


def test_going_on_from_a_saved_state(tmp_path):
    def start():
        x = nn.Parameter(tl.asarray([-1.2, 1.0, 0.3]))
        return x, optim.LBFGS([x], max_iter=4)

    x, whole = start()
    for _ in range(4):
        whole.step(closure_of(whole, rosenbrock, x))
    y, first = start()
    for _ in range(2):
        first.step(closure_of(first, rosenbrock, y))
    tl.save({"y": y, "optimizer": first.state_dict()}, tmp_path / "checkpoint")
    saved = tl.load(tmp_path / "checkpoint")
    z = nn.Parameter(saved["y"])
    second = optim.LBFGS([z])
    second.load_state_dict(saved["optimizer"])
    for _ in range(2):
        second.step(closure_of(second, rosenbrock, z))
    assert_array_equal(z.detach(), x.detach())
    other = optim.LBFGS([nn.Parameter(tl.ones(5))])
    with pytest.raises(ValueError, match="LBFGS: expected vectors of 5 elements, got "):
        other.load_state_dict(saved["optimizer"])


def test_parameters_in_any_layout_and_without_a_gradient():
    a = nn.Parameter(tl.asarray(np.arange(6.0).reshape(2, 3)).T)
    b = nn.Parameter(tl.ones(2))
    optimizer = optim.LBFGS([a, b], max_iter=50)
    target = np.arange(6.0).reshape(3, 2)[::-1].copy()
    optimizer.step(closure_of(optimizer, lambda: ((a - tl.asarray(target)) ** 2).sum()))
    assert_allclose(a.detach(), target, atol=1e-6)
    assert_array_equal(b.detach(), [1, 1])


# The line search alone


def on_a_line(function, slope):
    return lambda t: Point(t, function(t), t, slope(t))


@pytest.mark.parametrize("first", [1e-4, 0.1, 1.0, 10.0, 1e6])
def test_the_conditions_hold(first):
    def f(t):
        return -t / (t * t + 2)

    def df(t):
        return (t * t - 2) / (t * t + 2) ** 2

    measure = on_a_line(f, df)
    start = measure(0.0)
    point, _ = strong_wolfe(measure, start, first, 1.0, 1e-12, 50)
    assert point.loss <= start.loss + 1e-4 * point.step * start.slope
    assert abs(point.slope) <= 0.9 * abs(start.slope)


@pytest.mark.parametrize("trials", range(8))
def test_it_stops_when_it_must_at_the_best_point(trials):
    seen = []

    def measure(t):
        seen.append(t)
        return Point(t, abs(t - 1e-3), t, -1.0 if t < 1e-3 else 1.0)

    start = measure(0.0)
    seen.clear()
    point, count = strong_wolfe(measure, start, 1.0, 1.0, 0.0, trials)
    assert count == len(seen) <= trials + 1
    assert point.loss == min([start.loss] + [abs(t - 1e-3) for t in seen])


def test_the_cubic():
    def point(t):  # t^3 - 3 t has its minimum at one
        return Point(t, t**3 - 3 * t, None, 3 * t * t - 3)

    for a, b in ((0.0, 2.0), (2.0, 0.0), (0.5, 3.0)):
        found = minimum_of_cubic(point(a), point(b), (min(a, b), max(a, b)))
        assert abs(found - 1) < 1e-12
    line = Point(0.0, 0.0, None, -1.0), Point(1.0, -1.0, None, -1.0)
    assert minimum_of_cubic(*line, (2.0, 4.0)) == 3.0
    beyond = Point(0.0, 0.0, None, -1.0), Point(1.0, np.inf, None, np.nan)
    assert minimum_of_cubic(*beyond, (0.0, 1.0)) == 0.5
