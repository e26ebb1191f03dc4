"""Derivatives of orthogonal polynomials by their argument: 18.9.15 to 18.9.28.

Each is a polynomial of a degree less, times a factor that is zero for the degree 0.
"""

from tensorlib._core._functions import equal, where
from tensorlib.autograd.rules.special._register import derivatives
from tensorlib.special._ufuncs import (
    eval_chebyu,
    eval_gegenbauer,
    eval_genlaguerre,
    eval_hermite,
    eval_hermitenorm,
    eval_jacobi,
    eval_sh_jacobi,
    lpmv,
)


def below(n):
    """The degree of the derivative."""
    return where(equal(n, 0), n, n - 1)


def unless_constant(n, factor):
    return where(equal(n, 0), 0.0, factor)


def jacobi(n, alpha, beta, x):
    factor = unless_constant(n, 0.5 * (n + alpha + beta + 1))
    return factor * eval_jacobi(below(n), alpha + 1, beta + 1, x)


def chebyshev_second(n, x):
    return unless_constant(n, 2.0) * eval_gegenbauer(below(n), 2.0, x)


derivatives("eval_jacobi", x=jacobi)
derivatives("eval_sh_jacobi", x=lambda n, p, q, x: n * eval_sh_jacobi(below(n), p + 2, q + 1, x))
derivatives(
    "eval_gegenbauer",
    x=lambda n, alpha, x: unless_constant(n, 2 * alpha) * eval_gegenbauer(below(n), alpha + 1, x),
)
derivatives("eval_legendre", x=lambda n, x: jacobi(n, 0.0, 0.0, x))
derivatives("eval_sh_legendre", x=lambda n, x: 2 * jacobi(n, 0.0, 0.0, 2 * x - 1))
derivatives("eval_chebyt", x=lambda n, x: n * eval_chebyu(below(n), x))
derivatives("eval_sh_chebyt", x=lambda n, x: 2 * n * eval_chebyu(below(n), 2 * x - 1))
derivatives("eval_chebyc", x=lambda n, x: n * eval_chebyu(below(n), 0.5 * x))
derivatives("eval_chebyu", x=chebyshev_second)
derivatives("eval_sh_chebyu", x=lambda n, x: 2 * chebyshev_second(n, 2 * x - 1))
derivatives("eval_chebys", x=lambda n, x: 0.5 * chebyshev_second(n, 0.5 * x))
derivatives(
    "eval_genlaguerre",
    x=lambda n, alpha, x: unless_constant(n, -1.0) * eval_genlaguerre(below(n), alpha + 1, x),
)
derivatives(
    "eval_laguerre", x=lambda n, x: unless_constant(n, -1.0) * eval_genlaguerre(below(n), 1.0, x)
)
derivatives("eval_hermite", x=lambda n, x: 2 * n * eval_hermite(below(n), x))
derivatives("eval_hermitenorm", x=lambda n, x: n * eval_hermitenorm(below(n), x))
# 14.10.5
derivatives(
    "lpmv",
    x=lambda m, v, x, out: ((m - v - 1) * lpmv(m, v + 1, x) + (v + 1) * x * out) / (1 - x * x),
)
