"""Linear algebra against NumPy: signatures, values, dtypes, shapes, errors."""

import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layouts import LAYOUTS, array_of, examples, outcome

import tensorlib as tl
from tensorlib import linalg

PYTORCHS = {"cholesky_solve", "solve_triangular"}
NAMES = sorted(set(linalg.__all__) - PYTORCHS - {"LinAlgError"})
DTYPES = [np.dtype(letter) for letter in "?bhilBHILfdFD"]
OUTER = [(), (2,), (3, 1), (0,)]

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def assert_same(actual, expected, rtol=1e-10):
    if isinstance(expected, tuple):
        assert len(actual) == len(expected)
        assert getattr(actual, "_fields", None) == getattr(expected, "_fields", None)
        for ours, theirs in zip(actual, expected, strict=True):
            assert_same(ours, theirs, rtol)
        return
    assert isinstance(actual, tl.Tensor)
    expected = np.asarray(expected)
    assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape)
    rtol = rtol if actual.dtype.char in "dDg" or actual.dtype.kind in "biu" else 1e-5
    np.testing.assert_allclose(array_of(actual), expected, rtol=rtol, atol=rtol)


def compare(name, *args, **kwargs):
    """The result of NumPy or, if that fails, an exception of its type with the function's name."""
    tensors = [tl.asarray(x) if isinstance(x, np.ndarray) else x for x in args]
    actual = outcome(getattr(linalg, name), *tensors, **kwargs)
    expected = outcome(getattr(np.linalg, name), *args, **kwargs)
    if isinstance(expected, Exception):
        assert isinstance(actual, type(expected)), (actual, expected)
        return
    if isinstance(actual, Exception):
        raise actual
    assert_same(actual, expected)


def numbers(shape, dtype="d", seed=0):
    rng, dtype = np.random.default_rng(seed), np.dtype(dtype)
    if dtype.kind in "biu":
        return rng.integers(0, 9, shape).astype(dtype)
    x = rng.standard_normal(shape)
    return (x + 1j * rng.standard_normal(shape) if dtype.kind == "c" else x).astype(dtype)


def hermitian(x):
    return x + x.conj().swapaxes(-1, -2)


def test_all_names():
    assert set(linalg.__all__) == set(np.linalg.__all__) | PYTORCHS
    assert linalg.LinAlgError is np.linalg.LinAlgError


@pytest.mark.parametrize("name", NAMES)
def test_signatures(name):
    theirs = inspect.signature(getattr(np.linalg, name))
    assert inspect.signature(getattr(linalg, name)) == theirs


# functions of one matrix

CALLS = {
    "cholesky": [{}, {"upper": True}],
    "cond": [{"p": p} for p in (None, 1, -1, 2, -2, np.inf, -np.inf, "fro", "nuc")],
    "det": [{}],
    "eigvalsh": [{}, {"UPLO": "u"}],
    "inv": [{}],
    "matrix_power": [{"n": n} for n in (0, 1, 2, 3, 7, -1, -3)],
    "matrix_norm": [{"ord": o} for o in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)],
    "slogdet": [{}],
}
GENERAL = {
    "diagonal": [{}, {"offset": 1}, {"offset": -9}],
    "matrix_norm": [{}, {"keepdims": True, "ord": 1}, {"ord": -np.inf, "keepdims": True}],
    "matrix_rank": [{}, {"tol": 0.1}, {"rtol": 1e-3}],
    "matrix_transpose": [{}],
    "pinv": [{}, {"rcond": 0.2}, {"rtol": None}],
    "qr": [{}, {"mode": "complete"}, {"mode": "r"}, {"mode": "raw"}],
    "svd": [{}, {"full_matrices": False}, {"compute_uv": False}],
    "svdvals": [{}],
    "trace": [{}, {"offset": 1}, {"dtype": np.complex128}],
    "vector_norm": [{}, {"axis": 0}, {"axis": (0, -1), "keepdims": True}, {"ord": 3, "axis": -1}],
}


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", CALLS)
def test_square_matrices(name, dtype):
    for outer in OUTER:
        for n in (0, 1, 3):
            a = numbers((*outer, n, n), dtype)
            if dtype.kind != "b":
                a = hermitian(a) + (20 * np.eye(n)).astype(dtype)
            for kwargs in CALLS[name]:
                if kwargs == {"p": "nuc"} and dtype.kind == "b":
                    continue  # singular: NumPy looks for singular values of NaNs, and fails
                compare(name, a, **kwargs)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", GENERAL)
def test_matrices(name, dtype):
    for outer in OUTER:
        for m, n in ((3, 2), (2, 3), (2, 2), (0, 2), (2, 0), (1, 1)):
            for kwargs in GENERAL[name]:
                if kwargs == {"rtol": None} and dtype.kind in "biu":
                    continue  # an error in NumPy, as integers have no precision
                compare(name, numbers((*outer, m, n), dtype), **kwargs)


@pytest.mark.parametrize("name", ["cholesky", "inv", "det", "eigh", "svdvals", "pinv", "norm"])
def test_layouts(name):
    a = hermitian(numbers((3, 4, 4))) + 9 * np.eye(4)
    for layout in LAYOUTS[:-1]:
        compare(name, layout(a)[1] if name == "norm" else layout(a))


@pytest.mark.parametrize("dtype", [d for d in DTYPES if d.kind != "b"], ids=str)
def test_vectors_solve_the_equation(dtype):
    for outer in OUTER:
        a = hermitian(numbers((*outer, 3, 3), dtype))
        for UPLO in "LUl":
            w, v = linalg.eigh(tl.asarray(a), UPLO)
            expected = np.linalg.eigh(a, UPLO)
            assert_same(w, expected.eigenvalues)
            assert (v.dtype, v.shape) == (expected.eigenvectors.dtype, a.shape)
            rtol = 1e-12 if v.dtype.char in "dD" else 1e-4
            np.testing.assert_allclose(a @ array_of(v), array_of(v * w[..., None, :]), rtol, rtol)
        a = numbers((*outer, 3, 3), dtype)
        w, v = linalg.eig(a)
        # Complex, as NumPy from 2.5 on, whatever the numbers are.
        expected = np.result_type(np.linalg.eig(a)[0], np.complex64)
        assert (w.dtype, v.dtype) == (expected, expected)
        np.testing.assert_allclose(array_of(linalg.eigvals(a)), np.linalg.eigvals(a), rtol, rtol)
        np.testing.assert_allclose(a @ array_of(v), array_of(v * w[..., None, :]), rtol, 10 * rtol)


def test_hermitian_svd_pinv_and_rank():
    for dtype in "dD":
        a = hermitian(numbers((2, 4, 4), dtype))
        compare("svd", a, compute_uv=False, hermitian=True)
        u, s, vh = linalg.svd(a, hermitian=True)
        np.testing.assert_allclose(array_of((u * s[..., None, :]) @ vh), a, atol=1e-12)
        compare("pinv", a, hermitian=True)
        compare("matrix_rank", a, hermitian=True)
        lower = np.tril(a)
        compare("pinv", lower, hermitian=True)


# equations


@pytest.mark.parametrize("second", DTYPES, ids=str)
@pytest.mark.parametrize("first", [np.dtype(letter) for letter in "ifdF"], ids=str)
def test_solve_and_lstsq(first, second):
    a = numbers((3, 3), first) + (9 * np.eye(3)).astype(first)
    for shape in ((3,), (3, 2), (3, 0), (2, 3, 2)):
        compare("solve", a, numbers(shape, second))
        if len(shape) < 3:
            compare("lstsq", a, numbers(shape, second))
    compare("solve", numbers((2, 3, 3), first), numbers((3,), second))
    compare("solve", numbers((0, 0), first), numbers((0, 2), second))
    for m, n in ((4, 2), (2, 4), (0, 2), (2, 0)):
        for k in ((), (1,), (3,), (0,)):
            compare("lstsq", numbers((m, n), first), numbers((m, *k), second))
            compare("lstsq", numbers((m, n), first), numbers((m, *k), second), 0.5)


TRIANGULAR = [  # shapes of A and of B
    ((3, 3), (3,)),
    ((3, 3), (3, 2)),
    ((1, 1), (1, 4)),
    ((2, 3, 3), (3, 2)),
    ((3, 3), (2, 3, 1)),
    ((2, 1, 3, 3), (5, 3, 2)),
    ((0, 0), (0, 2)),
    ((0, 3, 3), (3, 2)),
    ((3, 3), (3, 0)),
]


@pytest.mark.parametrize("shapes", TRIANGULAR, ids=str)
@pytest.mark.parametrize("unitriangular", [False, True])
@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("upper", [True, False])
@pytest.mark.parametrize("first, second", ["ff", "dd", "FF", "DD", "fD", "id"])
def test_triangular_equations(first, second, upper, left, unitriangular, shapes):
    a, b = (numbers(s, np.dtype(t)) for s, t in zip(shapes, (first, second), strict=True))
    a = a + (4 * np.eye(shapes[0][-1])).astype(a.dtype)
    if not left and b.ndim > 1:
        b = b.swapaxes(-1, -2)
    found = linalg.solve_triangular(a, b, upper=upper, left=left, unitriangular=unitriangular)
    triangle = (np.triu if upper else np.tril)(a).astype(np.result_type(a, "d"))
    if unitriangular:
        triangle[..., range(a.shape[-1]), range(a.shape[-1])] = 1
    if not left:
        triangle, b = triangle.swapaxes(-1, -2), b if b.ndim == 1 else b.swapaxes(-1, -2)
    expected = np.linalg.solve(triangle, b)
    if not left and b.ndim > 1:
        expected = expected.swapaxes(-1, -2)
    dtype = np.result_type(a if first != "i" else np.float64, b)
    assert found.dtype == dtype
    tolerance = 1e-5 if dtype.char in "fF" else 1e-12
    np.testing.assert_allclose(array_of(found), expected, tolerance, tolerance)


@pytest.mark.parametrize("order", ["C", "F", "steps", "reversed"])
def test_triangular_equations_in_any_layout(order):
    a = numbers((2, 4, 4)) + 4 * np.eye(4)
    layout = {
        "C": a,
        "F": a.swapaxes(-1, -2).copy().swapaxes(-1, -2),
        "steps": np.repeat(a, 2, -1)[..., ::2],
        "reversed": a[::-1, ::-1, ::-1].copy()[::-1, ::-1, ::-1],
    }[order]
    b = np.asfortranarray(numbers((4, 3)))
    before = a.copy(), b.copy()
    found = linalg.solve_triangular(tl.asarray(layout), tl.asarray(b), upper=True)
    np.testing.assert_allclose(array_of(found), np.linalg.solve(np.triu(a), b), 1e-12)
    np.testing.assert_array_equal(layout, before[0])
    np.testing.assert_array_equal(b, before[1])


def test_the_other_triangle_is_not_read():
    a = np.array([[2.0, np.nan], [1.0, 4.0]])
    np.testing.assert_allclose(
        array_of(linalg.solve_triangular(a, [2.0, 9.0], upper=False)), [1.0, 2.0]
    )
    a[[0, 1], [0, 1]] = np.inf, 0
    np.testing.assert_allclose(
        array_of(linalg.solve_triangular(a, [2.0, 9.0], upper=False, unitriangular=True)), [2, 7]
    )


@pytest.mark.parametrize("upper", [True, False])
@pytest.mark.parametrize("dtype", "fdFD")
def test_cholesky_solve(dtype, upper):
    a = numbers((2, 3, 3), dtype)
    a = a @ a.conj().swapaxes(-1, -2) + np.eye(3, dtype=dtype)
    factor = linalg.cholesky(a, upper=upper)
    tolerance = 1e-4 if dtype in "fF" else 1e-11
    for shape in ((3,), (3, 2), (4, 1, 3, 2)):
        b = numbers(shape, dtype)
        found = linalg.cholesky_solve(b, factor, upper)
        assert found.dtype == dtype
        np.testing.assert_allclose(array_of(found), np.linalg.solve(a, b), tolerance, tolerance)


@pytest.mark.parametrize("name", ["solve_triangular", "cholesky_solve"])
def test_triangular_equations_have_pytorchs_signature(name):
    torch = pytest.importorskip("torch", reason="to compare with PyTorch: pip install torch")
    a, b = numbers((2, 3, 3)) + 4 * np.eye(3), numbers((2, 3, 2))
    calls = {
        "solve_triangular": (torch.linalg, [
            ((a, b), {"upper": True}),
            ((a, b.swapaxes(-1, -2)), {"upper": False, "left": False, "unitriangular": True}),
        ]),
        "cholesky_solve": (torch, [((b, a), {}), ((b, a, True), {})]),
    }  # fmt: skip
    module, cases = calls[name]
    for args, options in cases:
        theirs = [torch.tensor(x) if isinstance(x, np.ndarray) else x for x in args]
        np.testing.assert_allclose(
            array_of(getattr(linalg, name)(*args, **options)),
            getattr(module, name)(*theirs, **options).numpy(),
            rtol=1e-10,
        )


def test_matrices_of_lower_rank():
    a = np.outer([1.0, 2.0, 3.0], [1.0, 1.0])
    compare("lstsq", a, np.ones(3))
    compare("matrix_rank", a)
    compare("pinv", np.stack([a, numbers((3, 2))]), np.array([0.1, 1e-3]))
    assert linalg.matrix_rank([0.0, 0.0]) == 0 and linalg.matrix_rank(3.0) == 1
    compare("cond", np.stack([np.ones((2, 2)), np.eye(2), np.full((2, 2), np.nan)]))
    compare("cond", np.stack([np.ones((2, 2)), np.eye(2), np.full((2, 2), np.nan)]), 1)
    compare("det", np.ones((2, 2)))
    compare("slogdet", np.ones((2, 2)))


@pytest.mark.parametrize("call", [
    lambda la, A: la.inv(A([[1.0, 1.0], [1.0, 1.0]])),
    lambda la, A: la.solve(A([[0.0]]), A([1.0])),
    lambda la, A: la.cholesky(A([[1.0, 2.0], [2.0, 1.0]])),
    lambda la, A: la.eig(A([[np.nan]])),
    lambda la, A: la.eigvals(A([[np.inf]])),
    lambda la, A: la.matrix_power(A([[0.0]]), -1),
    lambda la, A: la.matrix_power(A([[0.0]]), 1.5),
    lambda la, A: la.matrix_power(A([[0.0, 1.0]]), 2),
    lambda la, A: la.tensorsolve(A(np.ones((2, 3))), A(np.ones(2))),
    lambda la, A: la.tensorinv(A(np.ones((2, 2))), 0),
    lambda la, A: la.tensorinv(A(np.ones((2, 3))), 1),
    lambda la, A: la.cond(A(np.ones((0, 2)))),
    lambda la, A: la.cond(A(np.ones((3, 2))), 1),
    lambda la, A: la.multi_dot([A([1.0])]),
    lambda la, A: la.multi_dot([A(np.ones((2, 2)))] * 2 + [A(np.ones((2, 2, 2)))]),
    lambda la, A: la.outer(A([[1.0]]), A([1.0])),
    lambda la, A: la.cross(A([1.0, 2.0]), A([1.0, 2.0])),
    lambda la, A: la.diagonal(A([1.0])),
    lambda la, A: la.trace(A([1.0])),
    lambda la, A: la.matrix_transpose(A([1.0])),
    lambda la, A: la.pinv(A([[1.0]]), 0.1, rtol=0.1),
    lambda la, A: la.matrix_rank(A([[1.0]]), 0.1, rtol=0.1),
    lambda la, A: la.qr(A([[1.0]]), "q"),
    lambda la, A: la.norm(A([1.0, 2.0]), "fro"),
    lambda la, A: la.norm(A([[1.0, 2.0]]), 3),
    lambda la, A: la.norm(A([[1.0, 2.0]]), None, 2),
    lambda la, A: la.norm(A([[1.0, 2.0]]), None, (0, 0)),
    lambda la, A: la.norm(A([[1.0, 2.0]]), None, "x"),
    lambda la, A: la.norm(A(np.ones((2, 2, 2))), 2),
    lambda la, A: la.norm(A(np.ones(0)), -np.inf),
    lambda la, A: la.vector_norm(A([1.0]), axis=3),
    lambda la, A: la.matrix_norm(A([1.0])),
    *(lambda la, A, n=n: getattr(la, n)(A(np.ones((2, 2), "e")))
      for n in ("inv", "det", "eig", "eigh", "svd", "qr", "cholesky", "pinv", "slogdet")),
])  # fmt: skip
def test_errors(call):
    with pytest.raises(Exception) as expected:
        call(np.linalg, np.asarray)
    with pytest.raises(type(expected.value)) as actual:
        call(linalg, tl.asarray)
    assert type(expected.value) is not Exception
    assert str(actual.value)


@pytest.mark.parametrize("dtype", "fdFD")
@pytest.mark.parametrize("n", [31, 32, 33, 66])
def test_large_inverses(n, dtype):
    for x in (numbers((n, n), dtype), numbers((3, 2, n, n), dtype, 1)):
        compare("inv", x)
        compare("inv", x.swapaxes(-1, -2))
        compare("inv", x[..., ::-1, ::-1])
    compare("inv", np.broadcast_to(numbers((n, n), dtype), (2, n, n)))


def test_large_inverses_of_special_numbers():
    x = numbers((3, 40, 40))
    for value in (np.nan, np.inf):  # where they spread is up to LAPACK
        x[1, 5, 7] = value
        with np.errstate(all="raise"):
            inverse = linalg.inv(tl.asarray(x))
        assert np.isinf(value) or np.isnan(array_of(inverse)[1]).any()
        assert_same(inverse[::2], np.linalg.inv(x)[::2])
    x[2, 3] = x[2, 4] = 0
    compare("inv", x)
    with pytest.raises(linalg.LinAlgError, match="inv: Singular matrix"):
        linalg.inv(tl.asarray(x[2]))


def test_one_singular_matrix_of_a_stack():
    a = np.stack([np.eye(2), np.zeros((2, 2))])
    for f in (linalg.inv, lambda a: linalg.solve(a, np.ones(2))):
        with pytest.raises(linalg.LinAlgError, match="Singular matrix"):
            f(a)


# norms


@pytest.mark.parametrize("dtype", [*DTYPES, np.dtype("e")], ids=str)
@pytest.mark.parametrize("ord", [None, 0, 1, -1, 2, -2, 3, 0.5, -0.5, np.inf, -np.inf], ids=str)
def test_norms_of_vectors(ord, dtype):
    for shape, axis in (((5,), None), ((3, 4), 0), ((3, 4), (-1,)), ((2, 3, 4), 1), ((0,), 0)):
        for keepdims in (False, True):
            compare("norm", numbers(shape, dtype), ord, axis, keepdims)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize(
    "ord", [None, "fro", "f", "nuc", 1, -1, 2, -2, np.inf, -np.inf, "x", 0], ids=str
)
def test_norms_of_matrices(ord, dtype):
    for shape, axis in (
        ((3, 4), None),
        ((3, 4), (1, 0)),
        ((2, 3, 4), (0, 2)),
        ((2, 3, 4), (-1, 1)),
        ((0, 3), None),
    ):
        for keepdims in (False, True):
            compare("norm", numbers(shape, dtype), ord, axis, keepdims)


def test_norms_of_anything():
    for shape in ((), (2, 3, 4)):
        for keepdims in (False, True):
            compare("norm", numbers(shape), None, None, keepdims)
            compare("vector_norm", numbers(shape), keepdims=keepdims)
    compare("norm", np.array([np.nan, 1.0]), np.inf)
    compare("norm", np.array([3e200, 4e200]))
    compare("norm", [3, 4])


# products


def test_products():
    a, b = numbers((3, 4)), numbers((4, 3), "D")
    compare("matmul", a, b)
    compare("outer", a[0], b[0])
    compare("tensordot", a, b, axes=1)
    compare("tensordot", a, b, axes=((0, 1), (1, 0)))
    compare("vecdot", b.T, a)
    compare("vecdot", b.T, a, axis=0)
    compare("vecdot", numbers((2, 3, 4), "D"), numbers((3, 4), "D"), axis=-2)
    compare("cross", a[:, :3], b.T[:, :3])
    compare("cross", a, b.T, axis=0)
    compare("tensorsolve", numbers((2, 3, 6)), numbers((2, 3)))
    compare("tensorsolve", numbers((2, 6, 3)), numbers((2, 3)), axes=(1,))
    compare("tensorinv", numbers((4, 6, 8, 3)), 2)
    compare("tensorinv", numbers((24, 8, 3)), 1)
    assert np.shares_memory(array_of(linalg.diagonal(a)), a)


@examples(40)
@given(st.data())
def test_multi_dot(data):
    lengths = data.draw(st.lists(st.integers(1, 6), min_size=3, max_size=7))
    arrays = [
        numbers(pair, seed=i) for i, pair in enumerate(zip(lengths, lengths[1:], strict=False))
    ]
    if data.draw(st.booleans()):
        arrays[0] = arrays[0][0]
    if data.draw(st.booleans()):
        arrays[-1] = arrays[-1][:, 0]
    expected = np.linalg.multi_dot(arrays)
    assert_same(linalg.multi_dot([tl.asarray(a) for a in arrays]), expected)
    out = tl.empty(np.shape(expected))
    assert linalg.multi_dot(arrays, out=out) is out
    assert_same(out, expected)


def test_the_order_of_multi_dot_is_the_best():
    """By Cormen et al., Introduction to Algorithms: ((A1 (A2 A3)) ((A4 A5) A6))."""
    from tensorlib.linalg._products import _best_splits

    splits = _best_splits([30, 35, 15, 5, 10, 20, 25])
    assert (splits[0, 5], splits[0, 2], splits[3, 5]) == (2, 0, 4)


def test_results_hold_no_reference_to_the_input():
    a = tl.eye(3)
    linalg.inv(a), linalg.qr(a), linalg.svd(a), linalg.eigh(a)
    assert a.tolist() == np.eye(3).tolist()
