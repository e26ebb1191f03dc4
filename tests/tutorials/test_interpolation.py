"""Curves and surfaces through samples."""

import numpy as np
from scipy import interpolate


def program(xp):
    x = xp.linspace(0.0, 10.0, 11)
    y = xp.cos(-(x**2) / 9.0)
    between = xp.linspace(0.0, 10.0, 73)
    spline = interpolate.CubicSpline(x, y, bc_type="natural")
    knots, coefficients, degree = interpolate.splrep(x, y, s=0)

    rows, columns = xp.linspace(1.0, 4.0, 11), xp.linspace(4.0, 7.0, 22)
    table = rows[:, xp.newaxis] ** 2 - xp.sin(columns)
    surface = interpolate.RegularGridInterpolator((rows, columns), table, method="cubic")
    points = xp.asarray([[2.1, 6.2], [3.3, 5.2], [1.0, 7.0]])

    scattered = xp.random.default_rng(5).random((60, 2))
    heights = xp.hypot(scattered[:, 0], scattered[:, 1])
    inside = xp.asarray([[0.4, 0.5], [0.6, 0.3]])
    return {
        "numpy": xp.interp(between, x, y),
        "spline": spline(between),
        "slope": spline(between, 1),
        "area": spline.integrate(0.0, 10.0),
        "roots": spline.roots(),
        "monotone": interpolate.PchipInterpolator(x, y)(between),
        "akima": interpolate.Akima1DInterpolator(x, y)(between),
        "smooth": interpolate.make_smoothing_spline(x, y, lam=0.1)(between),
        "b-spline": interpolate.splev(between, (knots, coefficients, degree)),
        "old": interpolate.interp1d(x, y, kind="quadratic")(between),
        "surface": surface(points),
        "spline surface": interpolate.RectBivariateSpline(rows, columns, table)(
            rows[:3], columns[:3]
        ),
        "scattered": interpolate.griddata(scattered, heights, inside, method="linear"),
        "nearest": interpolate.NearestNDInterpolator(scattered, heights)(inside),
        "radial": interpolate.RBFInterpolator(scattered, heights)(inside),
    }


def test_curves_and_surfaces(same_numbers):
    result = same_numbers(program)
    np.testing.assert_allclose(result["surface"], [4.49, 11.78, 0.34], atol=0.05)
    np.testing.assert_allclose(result["radial"], [0.640, 0.671], atol=0.01)
