"""Rules of linear algebra.

With ``<x, y> = Re(sum(conj(x) * y))``, the gradient of a matrix A is the G for which the change of
the result's ``<g, .>`` is ``<G, dA>``. Most formulas are those of Giles, "Collected matrix
derivative results for forward and reverse mode algorithmic differentiation" (2008), carried over
to complex numbers. Decompositions whose factors are not unique (signs or phases of vectors) have
the gradient of a function that does not depend on the choice.
"""

import math

from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import (
    conjugate,
    equal,
    matmul,
    where,
)
from tensorlib._core._gradients import conj
from tensorlib._creation import eye, tril, triu
from tensorlib._joining import concatenate
from tensorlib.autograd.rules._common import arrives
from tensorlib.autograd.rules._register import not_differentiable, rule
from tensorlib.autograd.rules.products import adjoint
from tensorlib.autograd.rules.reductions import flip, products_before


def solve(a, b):
    return apply(ops.solve, (a, b), ())


def solve_triangular(a, b, upper, unitriangular=False):
    return apply(ops.solve_triangular, (a, b), (upper, unitriangular))


def inv(a):
    return apply(ops.inv, (a,), ())


def with_diagonal(values):
    """Matrices with the given diagonals, zero elsewhere."""
    return values[..., None] * eye(values.shape[-1], dtype=values.dtype, device=values.device)


def diagonal(x):
    return apply(ops.diagonal, (x,), (0, x.ndim - 2, x.ndim - 1))


def skew(x):
    return x - adjoint(x)


def gaps(values):
    """``values[j] - values[i]`` at (i, j), as divisors."""
    return off_diagonal(values[..., None, :] - values[..., :, None])


def off_diagonal(divisors):
    """Divisors of what counts off the diagonal only: infinity on it."""
    diagonal = eye(divisors.shape[-1], dtype=bool, device=divisors.device)
    return where(diagonal, math.inf, divisors)


# equations


def inv_rule(g, out):
    h = adjoint(out)
    return -(h @ g @ h)


def solve_triangular_a(g, a, out, upper, unitriangular):
    result = -matmul(solve_triangular_b(g, a, upper, unitriangular), adjoint(out))
    return triu(result, unitriangular) if upper else tril(result, -unitriangular)


def solve_triangular_b(g, a, upper, unitriangular):
    return solve_triangular(adjoint(a), g, not upper, unitriangular)


rule("inv", inv_rule)
rule(
    "solve",
    lambda g, a, out: -matmul(solve(adjoint(a), g), adjoint(out)),
    lambda g, a: solve(adjoint(a), g),
)
rule("solve_triangular", solve_triangular_a, solve_triangular_b)


def det_rule(g, a, out):
    """The conjugated cofactors: det(A) A^-1, and without an inverse from the singular values."""
    if not arrives(equal(out, 0)):
        return (g * conj(out))[..., None, None] * adjoint(inv(a))
    u, s, vh = apply(ops.svd, (a,), (False,))
    others = products_before(s) * flip(products_before(flip(s)))
    phase = apply(ops.det, (u,), ()) * apply(ops.det, (vh,), ())
    return (g * conj(phase))[..., None, None] * ((u * others[..., None, :]) @ vh)


def slogdet_rule(g, a, out0):
    """A change of t = tr(A^-1 dA) adds Re(t) to the logarithm, and turns the sign by Im(t)."""
    g_sign, factor = g
    if out0.dtype.kind == "c":
        factor = factor - 1j * (conjugate(g_sign) * out0).imag
    return factor[..., None, None] * adjoint(inv(a))


rule("det", det_rule)
rule("slogdet", slogdet_rule)


# least squares: x = P b, where P is the pseudo-inverse. Golub & Pereyra, "The differentiation of
# pseudo-inverses and nonlinear least squares problems whose variables separate" (1973), eq. 4.12,
# for a rank that does not change. Residuals are at a minimum, so they change by b and A alone.


def pseudo_inverse(a, rcond):
    unit = eye(a.shape[-2], dtype=a.dtype, device=a.device)
    return apply(ops.lstsq, (a, unit), (rcond,))[0]


def lstsq_a(g, a, b, out0, rcond):
    g_x, g_residuals, _, g_s = g
    p = pseudo_inverse(a, rcond)
    residual = b - a @ out0
    by_b = adjoint(p) @ g_x
    result = residual @ adjoint(p @ by_b) - by_b @ adjoint(out0)
    result = result + (adjoint(p) @ out0) @ adjoint(g_x - p @ (a @ g_x))
    if arrives(g_residuals):
        result = result - (2 * g_residuals[..., None, :] * residual) @ adjoint(out0)
    if arrives(g_s):
        result = result + svdvals_rule(g_s, a)
    return result


def lstsq_b(g, a, b, out0, rcond):
    result = adjoint(pseudo_inverse(a, rcond)) @ g[0]
    if arrives(g[1]):
        result = result + 2 * g[1][..., None, :] * (b - a @ out0)
    return result


rule("lstsq", lstsq_a, lstsq_b)


# cholesky: Murray, "Differentiation of the Cholesky decomposition" (2016), eq. 9


def cholesky_rule(g, out, upper):
    lower = adjoint(out) if upper else out
    inner = adjoint(lower) @ (adjoint(g) if upper else g)
    below = tril(inner, -1)
    inner = below + adjoint(below) + with_diagonal(diagonal(inner).real)
    h = adjoint(lower)
    return solve_triangular(h, adjoint(solve_triangular(h, inner, True)), True) / 2


rule("cholesky", cholesky_rule)


# eigenvalues. For V Giles gives the change V C with C[i, j] = (V^-1 dA V)[i, j] / (w[j] - w[i]).


def eigh_rule(g, out0, out1):
    g_values, g_vectors = g
    inner = with_diagonal(g_values)
    # Without a gradient for the vectors, equal values do no harm.
    if arrives(g_vectors):
        inner = inner + skew(adjoint(out1) @ g_vectors) / (2 * gaps(out0))
    return out1 @ inner @ adjoint(out1)


def eig_rule(g, out0, out1):
    """As Boeddeker et al., "On the computation of complex-valued gradients with application to
    statistically optimum beamforming" (2017), eq. 4.77: vectors keep their length of one."""
    g_values, g_vectors = g
    h = adjoint(out1)
    inner = with_diagonal(g_values)
    if arrives(g_vectors):
        change = h @ g_vectors
        change = change - (h @ out1) * diagonal(change).real[..., None, :]
        inner = inner + change / conj(gaps(out0))
    return solve(h, inner @ h)


def eigvalsh_rule(g, a, uplo):
    vectors = apply(ops.eigh, (a,), (uplo,))[1]
    return (vectors * g[..., None, :]) @ adjoint(vectors)


def eigvals_rule(g, a):
    h = adjoint(apply(ops.eig, (a,), ())[1])
    return solve(h, g[..., :, None] * h)


rule("eigh", eigh_rule)
rule("eigvalsh", eigvalsh_rule)
rule("eig", eig_rule)
rule("eigvals", eigvals_rule)


# singular values: Townsend, "Differentiating the singular value decomposition" (2016); the phases
# of complex vectors as in Wan & Zhang, "Automatic differentiation for complex valued SVD" (2019)


def svdvals_rule(g, a):
    u, _, vh = apply(ops.svd, (a,), (False,))
    return (u * g[..., None, :]) @ vh


def svd_rule(g, out0, out1, out2):
    g_u, g_s, g_vh = g
    count = out1.shape[-1]
    u, vh = out0[..., :count], out2[..., :count, :]
    if not arrives(g_u) and not arrives(g_vh):
        return (u * g_s[..., None, :]) @ vh
    row, column = out1[..., None, :], out1[..., :, None]
    of_squares = off_diagonal((row - column) * (row + column))
    g_v = adjoint(g_vh)
    in_u = adjoint(u) @ g_u[..., :count]
    in_v = vh @ g_v[..., :count]
    inner = with_diagonal(g_s) + skew(in_u) / of_squares * row + column * (skew(in_v) / of_squares)
    if u.dtype.kind == "c":
        turned = (diagonal(in_u) - diagonal(in_v)).imag
        inner = inner + 1j * with_diagonal(turned / (2 * out1))
    result = u @ inner @ vh
    if out0.shape[-2] > count:
        result = result + (outside(out0, g_u, in_u) / row) @ vh
    if out2.shape[-1] > count:
        result = result + (u / row) @ adjoint(outside(adjoint(out2), g_v, in_v))
    return result


def outside(q, g, inside):
    """What of the gradient of orthonormal columns leads out of their span. Further columns of a
    square `q` span the rest, and move against the first ones."""
    count = inside.shape[-1]
    result = g[..., :count] - q[..., :count] @ inside
    if q.shape[-1] > count:
        result = result - q[..., count:] @ (adjoint(g[..., count:]) @ q[..., :count])
    return result


rule("svdvals", svdvals_rule)
rule("svd", svd_rule)


# QR: Walter, Lehmann & Lamour, "On evaluating higher-order derivatives of the QR decomposition of
# tall matrices with full column rank in forward and reverse mode" (2012)


def qr_rule(g, a, out0, out1):
    g_q, g_r = g
    rows, columns = a.shape[-2:]
    count = min(rows, columns)
    q, r, square = out0[..., :count], out1[..., :count, :], out1[..., :count, :count]
    g_r = g_r[..., :count, :]
    if columns > rows:  # the other columns of R are those of Q^H A
        g_first = g_q + a[..., rows:] @ adjoint(g_r[..., rows:])
        first = qr_of_columns(g_first, g_r[..., :rows], q, square)
        return concatenate((first, q @ g_r[..., rows:]), axis=-1)
    g_first = g_q[..., :count]
    if out0.shape[-1] > count:  # the other columns of Q move against the first ones
        others = out0[..., count:]
        g_first = g_first - others @ (adjoint(g_q[..., count:]) @ q)
    return qr_of_columns(g_first, g_r, q, r)


def qr_of_columns(g_q, g_r, q, r):
    inner = triu(g_r @ adjoint(r) - adjoint(q) @ g_q)
    above = triu(inner, 1)
    symmetric = above + adjoint(above) + with_diagonal(diagonal(inner).real)
    return adjoint(solve_triangular(r, adjoint(g_q + q @ symmetric), True))


rule("qr", qr_rule)
not_differentiable("qr_raw")
