"""Areas and volumes, of functions and of samples."""

import numpy as np
from scipy import integrate, special


def program(xp):
    scale = xp.asarray(0.7)
    bell, _ = integrate.quad(lambda x: xp.exp(-scale * x**2), -xp.inf, xp.inf)
    bessel, error = integrate.quad(lambda x: special.jv(2.5, x), 0.0, xp.asarray(4.5))
    piece, _ = integrate.quad(lambda x: xp.abs(x - 0.3), 0.0, 1.0, points=xp.asarray([0.3]))
    volume, _ = integrate.dblquad(
        lambda y, x: x * y + scale, 0.0, 1.0, lambda x: xp.asarray(x) ** 2, lambda x: xp.sqrt(x)
    )
    curve, _ = integrate.quad_vec(lambda x: xp.asarray([xp.sin(x), xp.cos(x), x**2]), 0.0, 2.0)

    x = xp.linspace(0.0, xp.pi, 41)
    y = xp.sin(x) ** 2
    return {
        "bell": bell,
        "bessel": bessel,
        "piece": piece,
        "volume": volume,
        "curve": curve,
        "trapezoid": integrate.trapezoid(y, x),
        "numpy": xp.trapezoid(y, x),
        "simpson": integrate.simpson(y, x=x),
        "cumulative": integrate.cumulative_trapezoid(y, x, initial=0),
        "romberg": integrate.romb(y[:33], dx=float(x[1] - x[0])),
        "fixed": integrate.fixed_quad(lambda t: xp.exp(-t), 0.0, 1.0, n=5)[0],
    }


def test_areas(same_numbers):
    result = same_numbers(program)
    np.testing.assert_allclose(result["bell"], np.sqrt(np.pi / 0.7))
    np.testing.assert_allclose(result["simpson"], np.pi / 2, rtol=1e-6)
