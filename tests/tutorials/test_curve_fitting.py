"""A decaying oscillation, fitted to noisy measurements."""

import numpy as np
from scipy import optimize

import tensorlib as tl

START = [1.5, 0.3, 3.5, 0.2]


def model(xp, t, amplitude, decay, frequency, phase):
    return amplitude * xp.exp(-decay * t) * xp.sin(frequency * t + phase)


def measurements(xp):
    t = xp.linspace(0.0, 6.0, 120)
    noise = 0.05 * xp.random.default_rng(3).standard_normal(t.size)
    return t, model(xp, t, 2.0, 0.5, 4.0, 0.4) + noise


def program(xp):
    t, y = measurements(xp)

    fitted, covariance = optimize.curve_fit(
        lambda *args: model(xp, *args), t, y, p0=xp.asarray(START)
    )
    errors = xp.sqrt(xp.diag(covariance))

    # The same with outliers, which a robust loss bears.
    spoiled = y.copy()
    spoiled[::10] += 1.5
    robust = optimize.least_squares(
        lambda p: model(xp, t, *p) - spoiled, xp.asarray(START), loss="soft_l1", f_scale=0.1
    )
    bounded = optimize.least_squares(
        lambda p: model(xp, t, *p) - y,
        xp.asarray(START),
        bounds=(xp.zeros(4), xp.asarray([1.9, 1.0, 5.0, 1.0])),
        method="trf",
    )
    return {
        "fitted": fitted,
        "errors": errors,
        "robust": robust.x,
        "bounded": bounded.x,
        "active": bounded.active_mask,
    }


def test_fit(same_numbers):
    result = same_numbers(program, rtol=1e-6)
    np.testing.assert_allclose(result["fitted"], [2.0, 0.5, 4.0, 0.4], atol=0.1)
    np.testing.assert_allclose(result["robust"], [2.0, 0.5, 4.0, 0.4], atol=0.2)
    assert result["active"][0] == 1


def jacobian(residuals, parameters):
    """By autograd, a row for each residual."""
    p = tl.asarray(parameters, copy=True).requires_grad_()
    found = residuals(p)
    return tl.stack([tl.autograd.grad(each, [p], retain_graph=True)[0] for each in found])


def test_fit_with_a_jacobian_by_autograd():
    t, y = measurements(tl)

    def residuals(p):
        return model(tl, t, *p) - y

    by_autograd = optimize.least_squares(
        residuals, tl.asarray(START), jac=lambda p: jacobian(residuals, p)
    )
    t, y = measurements(np)
    by_differences = optimize.least_squares(lambda p: model(np, t, *p) - y, START, jac="3-point")
    np.testing.assert_allclose(by_autograd.x, by_differences.x, rtol=1e-6)
    assert by_autograd.njev <= by_differences.njev
