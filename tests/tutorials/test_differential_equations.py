"""Foxes and hares: the equations of Lotka and Volterra."""

import numpy as np
import pytest
from scipy import integrate

import tensorlib as tl


def rates(xp, t, population, growth, catch, yield_, death):
    hares, foxes = population
    return xp.stack(
        [growth * hares - catch * hares * foxes, yield_ * hares * foxes - death * foxes]
    )


def program(xp, method="RK45"):
    start, times = xp.asarray([10.0, 5.0]), xp.linspace(0.0, 15.0, 61)

    def most_hares(t, population):
        return rates(xp, t, xp.asarray(population), *PARAMETERS)[0]

    most_hares.direction = -1
    solution = integrate.solve_ivp(
        lambda t, population: rates(xp, t, xp.asarray(population), *PARAMETERS),
        (times[0], times[-1]),
        start,
        method=method,
        t_eval=times,
        events=most_hares,
        dense_output=True,
        rtol=1e-6,
    )
    hares, foxes = solution.y
    invariant = 0.1 * hares - 0.4 * xp.log(hares) + 0.1 * foxes - 1.1 * xp.log(foxes)
    return {
        "y": solution.y,
        "between": solution.sol(times[:-1] + 0.1),
        "peaks": solution.t_events[0],
        "spread": xp.ptp(invariant),
        "evaluations": solution.nfev,
    }


PARAMETERS = (1.1, 0.1, 0.1, 0.4)


@pytest.mark.parametrize("method", ["RK45", "DOP853", "Radau", "LSODA"])
def test_populations(same_numbers, method):
    result = same_numbers(lambda xp: program(xp, method), rtol=1e-6)
    assert result["peaks"].size == 2
    assert result["spread"] < 1e-2


def test_the_gradient_through_an_integrator_of_our_own():
    """What a change of a parameter does to the foxes at the end, by the classical method."""

    def foxes_at_the_end(growth):
        parameters, step = (growth, *PARAMETERS[1:]), 0.05
        population = tl.asarray([10.0, 5.0])
        for _ in range(40):
            k1 = rates(tl, 0, population, *parameters)
            k2 = rates(tl, 0, population + step / 2 * k1, *parameters)
            k3 = rates(tl, 0, population + step / 2 * k2, *parameters)
            k4 = rates(tl, 0, population + step * k3, *parameters)
            population = population + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        return population[1]

    growth = tl.asarray(1.1).requires_grad_()
    foxes_at_the_end(growth).backward()

    def by_scipy(growth):
        parameters = (growth, *PARAMETERS[1:])
        solved = integrate.solve_ivp(
            lambda t, y: rates(np, t, y, *parameters), (0, 2), [10.0, 5.0], rtol=1e-11, atol=1e-11
        )
        return solved.y[1, -1]

    difference = (by_scipy(1.1 + 1e-4) - by_scipy(1.1 - 1e-4)) / 2e-4
    np.testing.assert_allclose(growth.grad, difference, rtol=1e-4)
