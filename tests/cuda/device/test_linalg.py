"""Linear algebra on a device against that of the CPU.

What is not unique is not compared: vectors have any phase, general eigenvalues any order.
"""

import numpy as np
import pytest
from numpy.linalg import LinAlgError

import tensorlib as tl
from tensorlib import linalg

pytestmark = pytest.mark.usefixtures("libraries")

DTYPES = ("float32", "float64", "complex64", "complex128")
SQUARES = ((4, 4), (2, 3, 5, 5), (1, 1), (0, 3, 3), (2, 0, 0), (40, 40))
SHAPES = ((4, 4), (3, 6, 4), (2, 4, 6), (5, 1), (1, 5), (0, 3, 2), (2, 0, 3), (3, 0))


def matrices(shape, dtype, kind="any", seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape)
    if dtype.startswith("complex"):
        x = x + 1j * rng.standard_normal(shape)
    if kind == "hermitian":
        x = x + np.conj(np.swapaxes(x, -1, -2))
    elif kind == "positive":
        x = x @ np.conj(np.swapaxes(x, -1, -2)) + np.eye(shape[-1]) * shape[-1]
    return tl.asarray(x).astype(dtype)


def adjoint(x):
    return tl.conjugate(x.mT)


def check(function, device, *inputs, error=1e-9, **options):
    expected = function(*inputs, **options)
    result = function(*[x.to(device) for x in inputs], **options)
    if not isinstance(expected, tuple):
        expected, result = (expected,), (result,)
    assert len(result) == len(expected)
    for one, other in zip(result, expected, strict=True):
        assert one.device == f"{device}:0"
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        # Both are computed in double precision, but for triangular equations, and rounded.
        least = 1e-4 if other.dtype.name in ("float32", "complex64") else error
        np.testing.assert_allclose(one.cpu().numpy(), other.numpy(), rtol=least, atol=least)


@pytest.mark.parametrize("dtype", DTYPES)
def test_equations(dtype, device):
    for shape in SQUARES:
        a, b = matrices(shape, dtype), matrices((*shape[:-1], 3), dtype, seed=1)
        for function in (linalg.det, linalg.slogdet, linalg.inv):
            check(function, device, a)
        check(linalg.solve, device, a, b)
        for upper in (False, True):
            check(linalg.cholesky, device, matrices(shape, dtype, "positive"), upper=upper)


@pytest.mark.parametrize("dtype", DTYPES)
def test_triangular_equations(dtype, device):
    for shape in SQUARES[:-1]:
        a, b = matrices(shape, dtype, "positive") / 9, matrices((*shape[:-1], 3), dtype, seed=1)
        for upper in (False, True):
            for unit in (False, True):
                options = {"upper": upper, "unitriangular": unit}
                check(linalg.solve_triangular, device, a, b, **options)
                options["left"] = False
                check(linalg.solve_triangular, device, a, b.mT, **options)


@pytest.mark.parametrize("dtype", ["float64", "complex64"])
def test_broadcasting_and_views(dtype, device):
    a, b = matrices((2, 1, 3, 3), dtype, "positive"), matrices((4, 3, 2), dtype, seed=1)
    check(linalg.solve, device, a, b)
    check(lambda a, b: linalg.solve(a.mT, b[::-1, :, ::-1]), device, a, b)
    check(lambda a, b: linalg.solve(a[0, 0], b[0, :, 0]), device, a, b)
    check(lambda a, b: linalg.solve_triangular(a.mT, b[..., ::-1], upper=True), device, a, b)
    check(lambda a, b: linalg.cholesky_solve(b, linalg.cholesky(a)), device, a, b)
    check(lambda a, b: linalg.inv(tl.broadcast_to(a, (2, 2, 3, 3))), device, a, b)


@pytest.mark.parametrize("dtype", DTYPES)
def test_hermitian_eigenvalues(dtype, device):
    def decomposed(a, uplo):
        values, v = linalg.eigh(a, uplo)
        below = tl.tril(a, -1) if uplo == "L" else adjoint(tl.triu(a, 1))
        whole = (
            below + adjoint(below) + tl.eye(a.shape[-1], dtype=a.dtype, device=a.device) * a.real
        )
        return values, (v * values[..., None, :]) @ adjoint(v) - whole, adjoint(v) @ v

    for shape in SQUARES:
        a = matrices(shape, dtype)  # of which one triangle counts
        for uplo in "LU":
            check(linalg.eigvalsh, device, a, UPLO=uplo)
            check(decomposed, device, a, uplo=uplo)


@pytest.mark.parametrize("dtype", DTYPES)
def test_eigenvalues(dtype, device):
    def decomposed(a):
        values, v = linalg.eig(a)
        return a.astype(v.dtype) @ v - v * values[..., None, :], linalg.vector_norm(v, axis=-2)

    for shape in SQUARES:
        a = matrices(shape, dtype)
        check(decomposed, device, a)
        check(lambda a: tl.sort(linalg.eigvals(a).real, -1), device, a)
        check(lambda a: tl.sort(linalg.eigvals(a).imag, -1), device, a)


@pytest.mark.parametrize("dtype", DTYPES)
def test_singular_values(dtype, device):
    def decomposed(a, full):
        u, s, vh = linalg.svd(a, full_matrices=full)
        count = s.shape[-1]
        product = (u[..., :count] * s[..., None, :]) @ vh[..., :count, :]
        return s, product, adjoint(u) @ u, vh @ adjoint(vh)

    for shape in SHAPES:
        a = matrices(shape, dtype)
        check(linalg.svdvals, device, a)
        for full in (False, True):
            check(decomposed, device, a, full=full)


@pytest.mark.parametrize("dtype", DTYPES)
def test_qr(dtype, device):
    for shape in SHAPES:
        for mode in ("reduced", "complete", "r", "raw"):
            check(linalg.qr, device, matrices(shape, dtype), mode=mode)


@pytest.mark.parametrize("dtype", DTYPES)
def test_least_squares(dtype, device):
    for shape in ((6, 4), (4, 6), (4, 4), (3, 0), (0, 3)):
        a = matrices(shape, dtype)
        for columns in ((), (3,), (0,)):
            check(linalg.lstsq, device, a, matrices((shape[0], *columns), dtype, seed=1))
        check(linalg.pinv, device, a)
    deficient = matrices((6, 2), dtype) @ matrices((2, 4), dtype, seed=1)
    b = matrices((6, 2), dtype, seed=2)
    check(lambda a, b: linalg.lstsq(a, b, 1e-5), device, deficient, b)
    check(lambda a: linalg.pinv(a, [1e-5, 0.5]), device, matrices((2, 4, 3), dtype))


@pytest.mark.parametrize("dtype", ["float64", "complex64"])
def test_compositions(dtype, device):
    a = matrices((2, 3, 3), dtype)
    for power in (0, 5, -2):
        check(linalg.matrix_power, device, a, n=power)
    for order in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf):
        check(linalg.matrix_norm, device, a, ord=order)
        check(linalg.cond, device, a, p=order)
    for order in (0, 1, 2, 3, np.inf, -np.inf):
        check(linalg.vector_norm, device, a, axis=-1, ord=order)
    for options in ({}, {"tol": 0.1}, {"rtol": [0.1, 0.2]}, {"hermitian": True}):
        check(linalg.matrix_rank, device, a, **options)
    check(lambda a: linalg.pinv(a, hermitian=True), device, matrices((3, 3), dtype, "hermitian"))
    check(lambda a: linalg.tensorinv(a, 1), device, matrices((6, 2, 3), dtype))
    check(linalg.tensorsolve, device, matrices((2, 3, 6), dtype), matrices((2, 3), dtype))


SIDES = (1, 2, 3, 8, 32, 33, 64)  # libraries have other ways for up to 32


def stacks(dtype, kind):
    """Of one matrix, which is factored by itself, and of more."""
    for n in SIDES:
        for count in (1, 2, 33):
            yield matrices((count, n, n), dtype, kind, seed=n) / n


def arrays(function, device, *inputs, **options):
    """The results of a device as NumPy's arrays in double precision."""
    results = function(*[x.to(device) for x in inputs], **options)
    results = results if isinstance(results, tuple) else (results,)
    return [x.cpu().numpy() * np.float64(1) for x in results]


def agree(dtype, *pairs):
    error = 1e-4 if dtype in ("float32", "complex64") else 1e-10
    for result, expected in pairs:
        expected = np.broadcast_to(expected, result.shape)
        np.testing.assert_allclose(result, expected, rtol=error, atol=error)


def hermitian(x):
    return np.conj(np.swapaxes(x, -1, -2))


@pytest.mark.parametrize("dtype", DTYPES)
def test_equations_of_stacks(dtype, device):
    for a in stacks(dtype, "positive"):
        b, n = matrices((*a.shape[:-1], 2), dtype, seed=1), a.shape[-1]
        x, y = a.numpy(), b.numpy()
        sign, logarithm = arrays(linalg.slogdet, device, a)
        agree(dtype, (sign, np.linalg.slogdet(x)[0]), (logarithm, np.linalg.slogdet(x)[1]))
        (inverse,), (solution,) = arrays(linalg.inv, device, a), arrays(linalg.solve, device, a, b)
        agree(dtype, (x @ inverse, np.eye(n)), (x @ solution, y))
        (factor,) = arrays(linalg.cholesky, device, a)
        agree(dtype, (factor, np.linalg.cholesky(x)), (factor @ hermitian(factor), x))
        (factor,) = arrays(linalg.cholesky, device, a, upper=True)
        agree(dtype, (factor, np.linalg.cholesky(x, upper=True)))
        for upper, part in ((True, np.triu(x)), (False, np.tril(x))):
            (solution,) = arrays(linalg.solve_triangular, device, a, b, upper=upper)
            agree(dtype, (part @ solution, y))


@pytest.mark.parametrize("dtype", DTYPES)
def test_decompositions_of_stacks(dtype, device):
    for a in stacks(dtype, "any"):
        x, n = a.numpy(), a.shape[-1]
        h = x + hermitian(x)
        values, v = arrays(linalg.eigh, device, tl.asarray(h))
        agree(dtype, (values, np.linalg.eigvalsh(h)), (hermitian(v) @ v, np.eye(n)))
        agree(dtype, ((v * values[..., None, :]) @ hermitian(v), h))
        agree(dtype, (arrays(linalg.eigvalsh, device, a)[0], np.linalg.eigvalsh(x)))
        u, values, vh = arrays(linalg.svd, device, a)
        agree(dtype, (values, np.linalg.svdvals(x)), ((u * values[..., None, :]) @ vh, x))
        agree(dtype, (hermitian(u) @ u, np.eye(n)), (vh @ hermitian(vh), np.eye(n)))
        agree(dtype, (arrays(linalg.svdvals, device, a)[0], np.linalg.svdvals(x)))


@pytest.mark.parametrize("dtype", DTYPES)
def test_qr_of_stacks(dtype, device):
    few = [a for a in stacks(dtype, "any") if a.size < 1 << 13]
    for a in (*few, matrices((5, 64, 64), dtype), matrices((17, 260, 2), dtype)):
        for columns in {a.shape[-1], a.shape[-1] // 3 + 1}:
            x = a.numpy()[..., :columns]
            for mode in ("reduced", "complete"):
                q, r = arrays(linalg.qr, device, tl.asarray(x), mode=mode)
                expected = np.linalg.qr(x.astype(q.dtype), mode=mode)
                assert q.shape == expected[0].shape
                agree(dtype, (q @ r, x), (hermitian(q) @ q, np.eye(q.shape[-1])))
                agree(dtype, (np.abs(r), np.abs(expected[1])), (np.tril(r, -1), 0))


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_singular_values_of_stacks_of_any_shape(dtype, device):
    for shape in ((3, 32, 2), (3, 2, 32), (2, 2, 5, 3), (3, 1, 4), (3, 33, 2)):
        whole = matrices(shape, dtype)
        for a in (whole, whole[..., :1] @ whole[..., :1, :], whole * 0):  # of rank one, and none
            x = a.numpy()
            for full in (False, True):
                u, s, vh = arrays(linalg.svd, device, a, full_matrices=full)
                expected = np.linalg.svd(x, full_matrices=full)
                assert (u.shape, vh.shape) == (expected[0].shape, expected[2].shape)
                count = s.shape[-1]
                product = (u[..., :count] * s[..., None, :]) @ vh[..., :count, :]
                agree(dtype, (s, expected[1]), (product, x))
                agree(dtype, (hermitian(u) @ u, np.eye(u.shape[-1])))
                agree(dtype, (vh @ hermitian(vh), np.eye(vh.shape[-2])))
        check(linalg.pinv, device, whole)


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_stacks_that_are_broadcast(dtype, device):
    for own, outer in (((1,), (5,)), ((2, 1), (1, 3)), ((3,), (2, 3)), ((), (4,)), ((4,), ())):
        a, b = matrices((*own, 3, 3), dtype, "positive"), matrices((*outer, 3, 2), dtype, seed=1)
        check(linalg.solve, device, a, b)
        check(linalg.solve_triangular, device, a, b, upper=True)


def test_more_matrices_than_fit_into_a_call(device):
    a = tl.arange(1.0, 70_001).reshape(-1, 1, 1)
    check(linalg.svdvals, device, a)
    a[69_999] = -1
    with pytest.raises(LinAlgError, match="cholesky: Matrix is not positive definite"):
        linalg.cholesky(a.to(device))


@pytest.mark.parametrize("broken", [0, 17, 32])
def test_one_matrix_of_a_stack_has_no_solution(broken, device):
    singular = matrices((33, 3, 3), "float64", "positive")
    singular[broken, 1] = 0
    negative = matrices((33, 3, 3), "float64", "positive")
    negative[broken, 2, 2] = -1
    nan = matrices((33, 3, 3), "float64", "positive")
    nan[broken, 1, 1] = np.nan
    b = tl.ones((33, 3, 2))
    for function in (
        lambda place: linalg.inv(singular.to(place)),
        lambda place: linalg.solve(singular.to(place), b.to(place)),
        lambda place: linalg.solve_triangular(singular.to(place), b.to(place), upper=True),
        lambda place: linalg.cholesky(negative.to(place)),
        lambda place: linalg.eigh(nan.to(place)),
        lambda place: linalg.eigvalsh(nan.to(place)),
        lambda place: linalg.svd(nan.to(place)),
        lambda place: linalg.svdvals(nan.to(place)),
    ):
        one, other = refused(function, device)
        assert one == other
        assert one[0] is LinAlgError
    for function in (linalg.det, linalg.slogdet):
        check(function, device, singular)


def test_singular_matrices(device):
    zeros = tl.zeros((2, 3, 3))
    check(linalg.det, device, zeros)
    check(linalg.slogdet, device, zeros)
    check(lambda a: linalg.cond(a, 1), device, zeros)


def refused(function, device):
    """What a function of a device raises, on the CPU and on the device."""
    found = []
    for place in ("cpu", device):
        with pytest.raises(Exception) as caught:
            function(place)
        found.append((type(caught.value), str(caught.value)))
    return found


@pytest.mark.parametrize(
    "function",
    [
        lambda place: linalg.inv(tl.zeros((2, 2), device=place)),
        lambda place: linalg.inv(tl.ones((3, 2), device=place)),
        lambda place: linalg.inv(tl.ones((3, 3), "float16", device=place)),
        lambda place: linalg.solve(tl.zeros((2, 2), device=place), tl.ones(2, device=place)),
        lambda place: linalg.solve(tl.ones((3, 3), device=place), tl.ones((2, 1), device=place)),
        lambda place: linalg.solve(
            tl.ones((2, 3, 3), device=place), tl.ones((4, 3, 1), device=place)
        ),
        lambda place: linalg.solve_triangular(
            tl.zeros((2, 2), device=place), tl.ones((2, 1), device=place), upper=True
        ),
        lambda place: linalg.solve_triangular(
            tl.ones((3, 3), device=place), tl.ones((2, 1), device=place), upper=True
        ),
        lambda place: linalg.cholesky(-tl.ones((2, 3, 3), device=place)),
        lambda place: linalg.eig(tl.full((3, 3), np.nan, device=place)),
        lambda place: linalg.eigh(tl.full((3, 3), np.nan, device=place)),
        lambda place: linalg.svd(tl.full((3, 3), np.nan, device=place)),
        lambda place: linalg.svdvals(tl.full((3, 3), np.nan, device=place)),
        lambda place: linalg.lstsq(tl.ones((3, 3), device=place), tl.ones(2, device=place)),
    ],
)
def test_errors_are_those_of_the_cpu(function, device):
    one, other = refused(function, device)
    assert one == other


def test_inputs_stay(device):
    for function in (linalg.inv, linalg.cholesky, linalg.eigh, linalg.svd, linalg.qr, linalg.eig):
        a = matrices((3, 3), "float64", "positive").to(device)
        before = a.cpu().numpy()
        function(a)
        np.testing.assert_array_equal(a.cpu().numpy(), before)


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_gradients_that_no_choice_of_vectors_changes(dtype, device):
    def of_vectors(values, vectors):
        return (
            tl.absolute(vectors[..., :1, :] * vectors[..., -1:, :]).sum() + (values**2).real.sum()
        )

    functions = (
        lambda a: of_vectors(*linalg.eigh(a)),
        lambda a: of_vectors(*linalg.eig(a)),
        lambda a: (linalg.eigvals(a) ** 3).real.sum(),
        lambda a: of_vectors(*linalg.svd(a)[:2][::-1]),
    )
    for function in functions:
        grads = []
        for place in ("cpu", device):
            a = matrices((3, 3), dtype, "hermitian").to(place).requires_grad_()
            function(a).backward()
            grads.append(a.grad.cpu().numpy())
        np.testing.assert_allclose(*grads, rtol=1e-8, atol=1e-8)


def test_a_graph_cannot_read_back(device):
    a = tl.eye(3, device=device)
    linalg.solve_triangular(a, a, upper=True)
    graph = tl.cuda.CUDAGraph()
    refusal = pytest.raises(RuntimeError, match="inv: whether there is a solution has to be read")
    with refusal, tl.cuda.graph(tl.cuda.CUDAGraph()):
        linalg.inv(a)
    with tl.cuda.graph(graph):
        x = linalg.solve_triangular(a, a, upper=True)
    a *= 2
    graph.replay()
    np.testing.assert_array_equal(x.cpu().numpy(), np.eye(3))


def test_a_graph_solves_a_stack_of_triangular_equations(device):
    a, b = tl.eye(3, device=device) * tl.ones((5, 1, 1), device=device), tl.ones((5, 3, 2))
    b = b.to(device)
    linalg.solve_triangular(a, b, upper=True)
    graph = tl.cuda.CUDAGraph()
    with tl.cuda.graph(graph):
        x = linalg.solve_triangular(a, b, upper=True)
    a[3] *= 2
    graph.replay()
    expected = np.ones((5, 3, 2))
    expected[3] = 0.5
    np.testing.assert_array_equal(x.cpu().numpy(), expected)


def test_reshaping_nothing(device):
    assert tl.zeros((3, 0), device=device).reshape(1, 0, 3).shape == (1, 0, 3)
