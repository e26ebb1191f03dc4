"""Poisson's equation on a square, by sparse matrices."""

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph, linalg

SIDE = 16


def program(xp):
    second = sparse.diags_array(
        [-xp.ones(SIDE - 1), 2.0 * xp.ones(SIDE), -xp.ones(SIDE - 1)], offsets=[-1, 0, 1]
    )
    laplacian = sparse.csr_array(sparse.kronsum(second, second)) * (SIDE + 1) ** 2
    points = xp.arange(1, SIDE + 1) / (SIDE + 1)
    exact = (xp.sin(xp.pi * points)[:, None] * xp.sin(xp.pi * points)).ravel()
    load = 2 * xp.pi**2 * exact

    direct = linalg.spsolve(laplacian.tocsc(), load)
    iterative, info = linalg.cg(laplacian, load, rtol=1e-10)
    sides = np.asarray(xp.stack([load, exact], axis=1))  # SuperLU takes the type ndarray alone
    factorised = linalg.splu(laplacian.tocsc()).solve(sides)
    lowest = linalg.eigsh(laplacian, k=3, sigma=0, return_eigenvectors=False, v0=load)

    rows, columns = xp.asarray([0, 1, 2, 3]), xp.asarray([1, 2, 0, 4])
    network = sparse.coo_array((xp.asarray([1.0, 2.0, 4.0, 1.5]), (rows, columns)), shape=(5, 5))
    count, components = csgraph.connected_components(network, directed=False)
    dense = xp.random.default_rng(2).random((SIDE * SIDE, 3))
    return {
        "product": laplacian @ exact,
        "products": laplacian @ dense,
        "from the left": dense.T @ laplacian,
        "direct": direct,
        "iterative": iterative,
        "info": info,
        "factorised": factorised,
        "lowest": xp.sort(xp.asarray(lowest)),
        "error": xp.max(xp.abs(xp.asarray(direct) - exact)),
        "components": components,
        "paths": csgraph.shortest_path(network, indices=xp.asarray([0])),
        "rows": network.tocsr()[rows].toarray(),
    }


def test_poisson(same_numbers):
    result = same_numbers(program, rtol=1e-8, atol=1e-7)
    assert result["info"] == 0
    assert result["error"] < 1e-2
    np.testing.assert_allclose(result["lowest"][0], 2 * np.pi**2, rtol=1e-2)
    np.testing.assert_array_equal(result["components"], [0, 0, 0, 1, 1])
