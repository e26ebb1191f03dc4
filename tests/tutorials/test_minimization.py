"""Rosenbrock's valley, with the gradient written by hand and by autograd."""

import numpy as np
import pytest
from scipy import optimize

import tensorlib as tl


def rosenbrock(x):
    return (100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2).sum()


def gradient(xp, x):
    inner = x[1:-1]
    result = xp.zeros_like(x)
    result[1:-1] = 200 * (inner - x[:-2] ** 2) - 400 * (x[2:] - inner**2) * inner - 2 * (1 - inner)
    result[0] = -400 * x[0] * (x[1] - x[0] ** 2) - 2 * (1 - x[0])
    result[-1] = 200 * (x[-1] - x[-2] ** 2)
    return result


def program(xp):
    start = xp.asarray([1.3, 0.7, 0.8, 1.9, 1.2])
    results = {}
    for method in ("L-BFGS-B", "BFGS", "CG", "TNC", "SLSQP", "trust-constr"):
        found = optimize.minimize(
            lambda x: rosenbrock(xp.asarray(x)),
            start,
            jac=lambda x: gradient(xp, xp.asarray(x)),
            method=method,
        )
        results[method] = found.x
    simplex = optimize.minimize(rosenbrock, start, method="Nelder-Mead", options={"xatol": 1e-9})
    results["Nelder-Mead"] = simplex.x

    # On the unit disc, and between bounds.
    disc = optimize.NonlinearConstraint(lambda x: (xp.asarray(x) ** 2).sum(), -xp.inf, 1.0)
    results["disc"] = optimize.minimize(
        rosenbrock, xp.asarray([0.1, 0.2]), method="SLSQP", constraints=[disc]
    ).x
    results["bounds"] = optimize.minimize(
        rosenbrock,
        xp.asarray([0.1, 0.2]),
        bounds=optimize.Bounds(xp.asarray([-1.0, -1.0]), xp.asarray([0.5, 2.0])),
    ).x
    root = optimize.root(lambda x: gradient(xp, xp.asarray(x)), start, method="hybr")
    results["root"] = root.x
    results["brentq"] = optimize.brentq(lambda x: xp.cos(x) - x, 0.0, 1.0)
    results["linear"] = optimize.linprog(
        c=xp.asarray([-1.0, 4.0]),
        A_ub=xp.asarray([[-3.0, 1.0], [1.0, 2.0]]),
        b_ub=xp.asarray([6.0, 4.0]),
    ).x
    rows, columns = optimize.linear_sum_assignment(xp.asarray([[4, 1, 3], [2, 0, 5], [3, 2, 2]]))
    results["assignment"] = columns
    return results


def test_minimize(same_numbers):
    result = same_numbers(program, rtol=1e-6)
    np.testing.assert_allclose(result["L-BFGS-B"], np.ones(5), atol=1e-4)
    np.testing.assert_allclose(result["bounds"], [0.5, 0.25], atol=1e-4)


def value_and_gradient(x):
    x = tl.asarray(x, copy=True).requires_grad_()
    value = rosenbrock(x)
    value.backward()
    return value.item(), x.grad


@pytest.mark.parametrize("method", ["L-BFGS-B", "BFGS", "CG", "TNC", "trust-constr"])
def test_minimize_with_the_gradient_by_backward(method):
    start = [1.3, 0.7, 0.8, 1.9, 1.2]
    by_backward = optimize.minimize(value_and_gradient, tl.asarray(start), jac=True, method=method)
    by_hand = optimize.minimize(
        rosenbrock, np.asarray(start), jac=lambda x: gradient(np, x), method=method
    )
    np.testing.assert_allclose(by_backward.x, by_hand.x, rtol=1e-5)
    assert abs(by_backward.nfev - by_hand.nfev) <= 2


def test_newton_with_products_of_the_hessian_by_autograd():
    def hessian_product(x, direction):
        x = tl.asarray(x, copy=True).requires_grad_()
        (first,) = tl.autograd.grad(rosenbrock(x), [x], create_graph=True)
        return tl.autograd.grad((first * direction).sum(), [x])[0]

    found = optimize.minimize(
        value_and_gradient,
        tl.asarray([1.3, 0.7, 0.8]),
        jac=True,
        hessp=hessian_product,
        method="Newton-CG",
    )
    np.testing.assert_allclose(found.x, np.ones(3), atol=1e-4)
