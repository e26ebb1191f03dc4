"""Gradients of linear algebra: finite differences, and PyTorch's formulas."""

import numpy as np
import pytest

import tensorlib as tl
from tensorlib import linalg
from tensorlib.testing import assert_allclose, check_grads

DTYPES = [float, complex]
both = pytest.mark.parametrize("dtype", DTYPES, ids=["real", "complex"])


def numbers(shape, dtype=float, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape)
    return x + 1j * rng.standard_normal(shape) if dtype is complex else x


def invertible(shape, dtype=float, seed=0):
    return numbers(shape, dtype, seed) + 3 * np.eye(shape[-1])


def adjoint(x):
    return tl.conj(tl.matrix_transpose(x))


def hermitian(x):
    return x + adjoint(x)


def positive(x):
    return x @ adjoint(x) + tl.eye(x.shape[-1])


def squares(vectors):
    """What does not depend on signs or phases."""
    return tl.real(vectors * tl.conj(vectors))


# equations


@both
@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (2, 3, 3), (0, 3, 3), (2, 0, 0)], ids=str)
@pytest.mark.parametrize("name", ["inv", "det", "slogdet", "matrix_power"])
def test_square(name, shape, dtype):
    def f(a):
        if name == "matrix_power":
            return linalg.matrix_power(a, 3), linalg.matrix_power(a, -2)
        return getattr(linalg, name)(a)

    check_grads(f, [invertible(shape, dtype)])


@both
@pytest.mark.parametrize(
    "first, second",
    [((3, 3), (3,)), ((3, 3), (3, 2)), ((2, 3, 3), (3, 2)), ((3, 3), (2, 3, 1)), ((0, 0), (0, 2))],
    ids=str,
)
def test_solve(first, second, dtype):
    check_grads(linalg.solve, [invertible(first, dtype), numbers(second, dtype)])


def test_solve_of_a_real_matrix_and_complex_numbers():
    check_grads(linalg.solve, [invertible((3, 3)), numbers((3, 2), complex)])


@both
@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_determinant_of_singular_matrices(n, dtype):
    a = numbers((2, n, n), dtype)
    a[0, -1] = 0
    assert linalg.det(a)[0] == 0
    check_grads(linalg.det, [a], order=1)


def test_determinant_of_rank_two_less():
    a = tl.zeros((3, 3)).requires_grad_()
    linalg.det(a).backward()
    assert a.grad.tolist() == [[0.0] * 3] * 3


def test_second_order_of_determinant_where_singular_values_are_equal():
    check_grads(linalg.det, [np.eye(3)])


@both
@pytest.mark.parametrize("m, n", [(4, 2), (3, 3), (2, 4), (1, 3), (3, 1)])
def test_pinv(m, n, dtype):
    check_grads(linalg.pinv, [numbers((2, m, n), dtype)])


def test_pinv_where_singular_values_are_equal():
    check_grads(linalg.pinv, [np.eye(3, 2) * 2])


@both
def test_pinv_of_hermitian_matrices(dtype):
    check_grads(
        lambda x: linalg.pinv(hermitian(x), hermitian=True), [numbers((3, 3), dtype, seed=3)]
    )


@both
def test_pinv_and_lstsq_of_lower_rank(dtype):
    """Along changes that keep the rank."""
    left, right, b = numbers((4, 2), dtype), numbers((2, 3), dtype, 1), numbers((4, 2), dtype, 2)
    check_grads(lambda x, y: linalg.pinv(x @ y, rcond=1e-9), [left, right])
    check_grads(lambda x, y, b: linalg.lstsq(x @ y, b, rcond=1e-9)[0], [left, right, b])


@both
@pytest.mark.parametrize("shape", [(4, 2), (3, 3), (2, 4)], ids=str)
@pytest.mark.parametrize("columns", [(), (2,)], ids=str)
def test_lstsq(shape, columns, dtype):
    def f(a, b):
        x, residuals, rank, s = linalg.lstsq(a, b)
        return [x, s, residuals] if residuals.size else [x, s]

    check_grads(f, [numbers(shape, dtype), numbers((shape[0], *columns), dtype, 1)])


@both
@pytest.mark.parametrize("unitriangular", [False, True])
@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("upper", [True, False])
def test_solve_triangular(upper, left, unitriangular, dtype):
    def f(a, b):
        b = b if left else tl.matrix_transpose(b)
        return linalg.solve_triangular(a, b, upper=upper, left=left, unitriangular=unitriangular)

    for first, second in [((3, 3), (3, 2)), ((2, 3, 3), (3, 1)), ((3, 3), (2, 3, 1))]:
        check_grads(f, [invertible(first, dtype), numbers(second, dtype)], order=2)
    check_grads(lambda a, b: f(a, b[:, None]), [invertible((3, 3), float), numbers(3, complex)])


@both
@pytest.mark.parametrize("upper", [True, False])
def test_cholesky_solve(upper, dtype):
    def f(a, b):
        return linalg.cholesky_solve(b, linalg.cholesky(positive(a), upper=upper), upper)

    check_grads(f, [numbers((2, 3, 3), dtype), numbers((3, 2), dtype)], order=2)


def test_tensorsolve_and_tensorinv():
    a = numbers((2, 3, 6)) + np.eye(6).reshape(2, 3, 6) * 3
    check_grads(linalg.tensorsolve, [a, numbers((2, 3))])
    check_grads(lambda a: linalg.tensorinv(a, 2), [a])


# decompositions


@both
@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (2, 3, 3), (0, 0)], ids=str)
def test_cholesky(shape, upper, dtype):
    check_grads(lambda x: linalg.cholesky(positive(x), upper=upper), [numbers(shape, dtype)])


@both
@pytest.mark.parametrize("uplo", ["L", "U"])
@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (2, 3, 3), (0, 0)], ids=str)
def test_eigh(shape, uplo, dtype):
    def f(x):
        w, v = linalg.eigh(hermitian(x), uplo)
        rebuilt = (v * tl.exp(w)[..., None, :]) @ adjoint(v)
        return w, squares(v), rebuilt, linalg.eigvalsh(hermitian(x), uplo)

    check_grads(f, [numbers(shape, dtype)])


def test_eigh_of_real_matrices_has_vectors_of_constant_sign():
    check_grads(lambda x: linalg.eigh(hermitian(x)), [numbers((3, 3))])


@both
@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (2, 3, 3), (0, 0)], ids=str)
def test_eig(shape, dtype):
    def f(x):
        w, v = linalg.eig(x)
        rebuilt = linalg.solve(
            tl.swapaxes(v, -1, -2), tl.swapaxes(v * tl.exp(w)[..., None, :], -1, -2)
        )
        return w, squares(v), rebuilt, linalg.eigvals(x)

    check_grads(f, [numbers(shape, dtype)])


def test_eig_with_real_eigenvalues():
    a = np.diag([1.0, 2.0, 3.0]) + 0.1 * numbers((3, 3))
    assert not linalg.eigvals(a).imag.any()
    check_grads(lambda x: (*linalg.eig(x), linalg.eigvals(x)), [a])


@both
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4), (2, 3, 2), (1, 3), (3, 0)], ids=str)
def test_svd(shape, full, dtype):
    def f(x):
        u, s, vh = linalg.svd(x, full_matrices=full)
        k = s.shape[-1]
        parts = [s, squares(u[..., :k]), squares(vh[..., :k, :]), linalg.svdvals(x)]
        parts.append((u[..., :k] * tl.exp(s)[..., None, :]) @ vh[..., :k, :])
        rest_u, rest_v = u[..., k:], vh[..., k:, :]
        return [*parts, rest_u @ adjoint(rest_u), adjoint(rest_v) @ rest_v]

    check_grads(f, [numbers(shape, dtype)])


@pytest.mark.parametrize("shape", [(3, 3), (3, 2), (2, 3)], ids=str)
def test_svd_of_real_matrices_has_vectors_of_constant_sign(shape):
    check_grads(linalg.svd, [numbers(shape)])


def test_svd_of_hermitian_matrices():
    x = numbers((3, 3))
    check_grads(lambda x: linalg.svd(hermitian(x), hermitian=True), [x])
    check_grads(lambda x: linalg.svd(hermitian(x), compute_uv=False, hermitian=True), [x])


@both
@pytest.mark.parametrize("mode", ["reduced", "complete", "r"])
@pytest.mark.parametrize("shape", [(3, 3), (4, 3), (2, 4), (2, 3, 2), (1, 3), (0, 2)], ids=str)
def test_qr(shape, mode, dtype):
    def f(x):
        result = linalg.qr(x, mode)
        if mode == "r":
            return result
        q, r = result
        k = min(shape[-2:])
        rest = q[..., k:]
        parts = [q[..., :k], r, q @ r, rest @ adjoint(rest)]
        return [*parts, q] if dtype is float and shape[-2] - k < 2 else parts

    check_grads(f, [numbers(shape, dtype)])


def test_raw_qr_has_no_gradient():
    x = tl.ones((2, 2)).requires_grad_()
    with pytest.raises(TypeError, match=r"^qr: .*detach\(\)"):
        linalg.qr(x, "raw")
    with tl.no_grad():
        linalg.qr(x, "raw")
    linalg.qr(x.detach(), "raw")


@pytest.mark.parametrize("name", ["eigvalsh", "svdvals", "eigvals", "eigh", "svd", "eig"])
def test_equal_values_do_no_harm_where_vectors_are_not_used(name):
    x = tl.eye(3).requires_grad_()
    result = getattr(linalg, name)(x)
    values = result if isinstance(result, tl.Tensor) else result[1 if name == "svd" else 0]
    tl.real(values).sum().backward()
    assert_allclose(x.grad, np.eye(3), atol=1e-15)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", ["eigh", "svd", "eig"])
def test_vectors_of_equal_values_have_no_finite_gradient(name):
    x = tl.eye(3).requires_grad_()
    result = getattr(linalg, name)(x)
    tl.real(result[0] if name == "svd" else result[1])[0].sum().backward()
    assert not np.isfinite(np.asarray(x.grad)).all()


# norms


@both
@pytest.mark.parametrize("ord", [None, 1, 2, 3, 0.5, 2.5, -1, -2, np.inf, -np.inf], ids=str)
@pytest.mark.parametrize("axis", [None, 0, -1])
def test_norms_of_vectors(ord, axis, dtype):
    shape = (3,) if axis is None else (3, 2)
    check_grads(lambda x: linalg.norm(x, ord, axis, keepdims=True), [numbers(shape, dtype)])


@both
@pytest.mark.parametrize("ord", [None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf], ids=str)
def test_norms_of_matrices(ord, dtype):
    x = numbers((2, 3, 2), dtype)
    check_grads(lambda x: linalg.norm(x, ord, axis=(0, 1), keepdims=True), [x])
    check_grads(lambda x: linalg.norm(x[0], ord), [x])
    check_grads(lambda x: linalg.matrix_norm(x, ord=ord), [x])


@pytest.mark.parametrize("dtype", ["f4", "f8", "c8", "c16"])
@pytest.mark.parametrize("ord", [None, 1, 2, 3, 0.5, 1.5, np.inf, "nuc", "fro"], ids=str)
def test_the_gradient_of_a_norm_at_zero_is_a_subgradient(ord, dtype):
    shape = (2, 2) if isinstance(ord, str) else (3,)
    x = tl.zeros(shape, dtype=dtype).requires_grad_()
    linalg.norm(x, ord).backward()
    assert x.grad.dtype == dtype
    if ord == "nuc":
        assert_allclose(linalg.norm(x.grad, 2), 1)
    else:
        assert not np.asarray(x.grad).any()


def test_norms_with_some_zeros():
    x = np.array([[0.0, 0.0], [3.0, 0.0]])
    for ord in (None, 1.5, 3):
        x_ = tl.asarray(x.copy()).requires_grad_()
        linalg.norm(x_, ord, axis=1).sum().backward()
        assert_allclose(x_.grad, [[0, 0], [1, 0]])


@both
@pytest.mark.parametrize("p", [None, 1, -1, 2, -2, np.inf, -np.inf, "fro", "nuc"], ids=str)
def test_condition_numbers(p, dtype):
    check_grads(lambda x: linalg.cond(x, p), [invertible((2, 3, 3), dtype)])


# products


def test_products():
    a, b, c = numbers((2, 3)), numbers((3, 2)), numbers((2, 4))
    check_grads(lambda *x: linalg.multi_dot(x), [a, b, c, numbers(4)])
    check_grads(lambda a, c: linalg.vecdot(a, c[:, :3], axis=0), [a, c])
    check_grads(lambda a, b: linalg.cross(a, b, axis=0), [numbers((3, 2)), b])
    check_grads(lambda a: (linalg.trace(a), linalg.diagonal(a)), [numbers((2, 3, 3))])
    check_grads(lambda a, b: linalg.outer(a[0], b[0]), [a, b])
    check_grads(lambda a, b: linalg.tensordot(a, b, axes=1), [a, b])


# PyTorch


@both
@pytest.mark.parametrize("name", ["inv", "det", "eigvalsh", "svdvals", "pinv", "cholesky"])
def test_against_torch(name, dtype):
    torch = pytest.importorskip("torch", reason="to compare with PyTorch: pip install torch")
    a = numbers((3, 3), dtype)
    a = a @ a.conj().T + np.eye(3)
    x, y = tl.asarray(a).requires_grad_(), torch.tensor(a, requires_grad=True)
    found, expected = getattr(linalg, name)(x), getattr(torch.linalg, name)(y)
    weight = numbers(found.shape, dtype if found.dtype.kind == "c" else float, 5)
    found.backward(tl.asarray(weight))
    expected.backward(torch.tensor(weight))
    assert_allclose(found, expected.detach().numpy(), rtol=1e-10)
    expected = y.grad.numpy()
    if name == "cholesky":  # PyTorch's has a part that no change of a Hermitian matrix sees
        expected = (expected + expected.conj().T) / 2
    assert_allclose(x.grad, expected, rtol=1e-8, atol=1e-10)


@both
@pytest.mark.parametrize("mode", ["reduced", "complete"])
@pytest.mark.parametrize("shape", [(3, 3), (4, 2)], ids=str)
def test_qr_and_solve_against_torch(shape, mode, dtype):
    torch = pytest.importorskip("torch", reason="to compare with PyTorch: pip install torch")
    if mode == "complete" and shape[0] > shape[1]:
        pytest.skip("PyTorch has no gradient of a complete QR decomposition of a tall matrix")
    a, b = numbers(shape, dtype), numbers((shape[1], 2), dtype, 1)
    gradients = []
    for module, x, y in [
        (linalg, tl.asarray(a).requires_grad_(), tl.asarray(b).requires_grad_()),
        (torch.linalg, torch.tensor(a, requires_grad=True), torch.tensor(b, requires_grad=True)),
    ]:
        q, r = module.qr(x, mode)
        loss = (abs(q[0]) ** 3).sum() + abs(module.solve(r[: shape[1]], y)).sum()
        loss.backward()
        gradients.append((x.grad, y.grad))
    for found, expected in zip(*gradients, strict=True):
        assert_allclose(found, expected.numpy(), rtol=1e-8, atol=1e-10)
