"""Least squares, principal components and matrix equations."""

import numpy as np
from scipy import linalg


def program(xp):
    random = xp.random.default_rng(4)
    x = xp.linspace(-1.0, 1.0, 50)
    y = 1.5 - 2.0 * x + 0.5 * x**3 + 0.01 * random.standard_normal(50)
    design = xp.vander(x, 4, increasing=True)
    solution, residual, rank, _ = xp.linalg.lstsq(design, y, rcond=None)

    # Principal components of a cloud that is long in one direction.
    cloud = random.standard_normal((200, 3)) @ xp.asarray([[3.0, 0, 0], [1, 0.5, 0], [0, 0.2, 0.1]])
    cloud -= cloud.mean(axis=0)
    _, singular, axes = xp.linalg.svd(cloud, full_matrices=False)
    axes = axes * xp.sign(axes[:, :1])
    shares = singular**2 / xp.sum(singular**2)

    covariance = xp.cov(cloud, rowvar=False)
    factor = linalg.cho_factor(covariance)
    values, vectors = linalg.eigh(covariance)
    lower, upper = linalg.lu(covariance, permute_l=True)
    return {
        "solution": solution,
        "scipy": linalg.lstsq(design, y)[0],
        "rank": rank,
        "polynomial": xp.polynomial.Polynomial.fit(x, y, 3).convert().coef,
        "shares": shares,
        "axes": axes,
        "projected": (cloud @ axes.T)[:, 0],
        "solved": linalg.cho_solve(factor, xp.ones(3)),
        "values": values,
        "root": linalg.sqrtm(covariance),
        "exponential": linalg.expm(-covariance),
        "product": xp.asarray(lower) @ xp.asarray(upper),
        "toeplitz": linalg.solve_toeplitz(xp.asarray([4.0, 1.0, 0.5]), xp.ones(3)),
        "sylvester": linalg.solve_sylvester(covariance, covariance, xp.eye(3)),
        "banded": linalg.solve_banded(
            (1, 1), xp.asarray([[0.0, 1, 1], [4, 4, 4], [1, 1, 0]]), xp.ones(3)
        ),
        "norm": linalg.norm(covariance, "fro"),
        "determinant": linalg.det(covariance),
        "inverse": xp.linalg.inv(covariance),
        "einsum": xp.einsum("ni,ij,nj->n", cloud, covariance, cloud),
    }


def test_matrices(same_numbers):
    result = same_numbers(program, rtol=1e-7)
    np.testing.assert_allclose(result["solution"], [1.5, -2.0, 0.0, 0.5], atol=0.05)
    np.testing.assert_allclose(result["scipy"], result["solution"], rtol=1e-7)
    assert result["shares"][0] > 0.9
