import inspect
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from layouts import examples

import tensorlib as tl
from tensorlib.testing import check_grads

RNG = np.random.default_rng(13)
X = RNG.normal(size=(3, 6))
Y = RNG.normal(size=(2, 6))
COMPLEX = X + 1j * X[::-1, ::-1]
COUNTS = np.array([1, 2, 0, 3, 1, 1])
WEIGHTS = RNG.random(6) + 0.1
MODES = ["full", "same", "valid"]


@pytest.mark.parametrize("name", ["cov", "corrcoef", "convolve", "correlate"])
def test_signature(name):
    assert inspect.signature(getattr(tl, name)) == inspect.signature(getattr(np, name))


CASES = [
    ((X,), {}),
    ((X[:, ::2],), {"rowvar": False}),
    ((X, Y), {}),
    ((X.T, Y.T), {"rowvar": False}),
    ((X[0], Y[0]), {"rowvar": False}),
    ((X[0],), {}),
    (([1, 2, 4],), {}),
    ((X.astype(np.float32),), {}),
    ((X.astype(np.float32),), {"dtype": np.float32}),
    ((COMPLEX,), {}),
    ((COMPLEX, X), {}),
    ((np.zeros((0, 3)),), {}),
]
WEIGHTED = [
    {"bias": True},
    {"ddof": 0},
    {"ddof": 3},
    {"fweights": COUNTS},
    {"aweights": WEIGHTS},
    {"aweights": WEIGHTS, "bias": True},
    {"aweights": WEIGHTS, "fweights": COUNTS},
    {"aweights": WEIGHTS, "fweights": COUNTS, "ddof": 2},
]


@pytest.mark.parametrize("args, kwargs", CASES)
@pytest.mark.parametrize("name", ["cov", "corrcoef"])
def test_like_numpy(compare, name, args, kwargs):
    compare(name, *args, **kwargs)


@pytest.mark.parametrize("kwargs", WEIGHTED)
def test_weights(compare, kwargs):
    for array in (X, COMPLEX, X[0]):
        compare("cov", array, **kwargs)


@pytest.mark.parametrize("dtype", "?bhilBHILefdFD")
def test_dtypes(compare, dtype):
    array = np.abs(10 * X).astype(dtype)
    array[:, 0] = 0
    compare("cov", array)
    if dtype != "?":
        compare("corrcoef", array)


@pytest.mark.parametrize(
    "call, inf",
    [
        (lambda: tl.cov([1.0]), False),
        (lambda: tl.corrcoef(3.0), False),
        (lambda: tl.cov([[1.0, 2.0], [3.0, 5.0]], ddof=2), True),
        (lambda: tl.cov([1.0, 2.0], aweights=[1.0, 0.0]), False),
    ],
)
def test_too_few_observations(call, inf):
    with pytest.warns(RuntimeWarning) as caught:
        result = call()
    assert any(str(w.message) == "Degrees of freedom <= 0 for slice" for w in caught)
    assert any(w.filename == __file__ for w in caught)
    assert bool((tl.isinf if inf else tl.isnan)(result).all())


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: tl.cov(np.ones((2, 2, 2))), ValueError, "cov: .*two axes"),
        (lambda: tl.corrcoef(X, np.ones((2, 2, 2))), ValueError, "corrcoef: .*two axes"),
        (lambda: tl.cov(X, ddof=1.5), ValueError, "cov: .*1.5"),
        (lambda: tl.cov([1, 2], fweights=[1.5, 2]), TypeError, "cov: .*integers"),
        (lambda: tl.cov([1, 2], fweights=[1, 2, 3]), RuntimeError, r"cov: .*\(2,\), got \(3,\)"),
        (lambda: tl.cov([1, 2], aweights=[[1, 2]]), RuntimeError, r"cov: .*\(1, 2\)"),
        (lambda: tl.cov([1, 2], fweights=[1, -2]), ValueError, "cov: .*negative"),
        (lambda: tl.cov([1, 2], aweights=[1, -2]), ValueError, "cov: .*negative"),
        (lambda: tl.cov([1, 2], aweights=[0, 0]), ZeroDivisionError, "zero"),
        (lambda: tl.cov([1, 2], [1, 2, 3]), ValueError, "concatenate"),
    ],
)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize(
    "function, args",
    [
        (tl.cov, [X]),
        (lambda x, y: tl.cov(x, y, bias=True), [X, Y]),
        (lambda x, w: tl.cov(x, fweights=COUNTS, aweights=w), [X, WEIGHTS]),
        (lambda x: tl.cov(x, rowvar=False), [X[:, :2]]),
        (tl.cov, [COMPLEX[:2]]),
        (tl.cov, [X[0]]),
    ],
)
def test_gradient_of_covariances(function, args):
    check_grads(function, args)


@pytest.mark.parametrize("x", [X, COMPLEX])
def test_gradient_of_coefficients(x):
    # The diagonal is at the bound of one, where a difference may see a rounding.
    rows, columns = np.triu_indices(len(x), 1)
    check_grads(lambda x: tl.corrcoef(x)[rows, columns], [x])


@pytest.mark.parametrize("name", ["convolve", "correlate"])
@pytest.mark.parametrize("mode", [*MODES, 0, 1, 2])
@pytest.mark.parametrize("lengths", [(6, 3), (3, 6), (5, 4), (4, 5), (5, 5), (1, 4), (2, 1)])
def test_modes(compare, same, name, mode, lengths):
    x, z = X.ravel()[: lengths[0]], COMPLEX.ravel()[: lengths[1]]
    for a, v in ((x, z.real), (x, z), (z, x), (z, z[::-1])):
        compare(name, a, v, mode)
        expected = getattr(np, name)(a, v, mode)
        tracked = getattr(tl, name)(tl.asarray(a).requires_grad_(), v, mode)
        assert tracked.requires_grad
        same(tracked.detach(), expected)


@pytest.mark.parametrize("name", ["convolve", "correlate"])
@pytest.mark.parametrize("dtype", "?bhilBHILefdFD")
def test_dtypes_of_sequences(compare, same, name, dtype):
    a, v = np.abs(9 * X[0]).astype(dtype), np.abs(9 * Y[0, :3]).astype(dtype)
    compare(name, a, v)
    compare(name, a, np.arange(3, dtype=np.int16))
    if dtype in "efdFD":
        result = getattr(tl, name)(tl.asarray(a).requires_grad_(), v)
        same(result.detach(), getattr(np, name)(a, v))


@given(
    arrays(np.float64, st.integers(1, 40), elements=st.floats(-1e3, 1e3)),
    arrays(np.float64, st.integers(1, 40), elements=st.floats(-1e3, 1e3)),
    st.sampled_from(MODES),
)
@examples(100)
def test_any_sequences(a, v, mode):
    for name in ("convolve", "correlate"):
        expected = getattr(np, name)(a, v, mode)
        tl.testing.assert_array_equal(getattr(tl, name)(a, v, mode), expected, strict=True)
        actual = getattr(tl, name)(a, tl.asarray(v).requires_grad_(), mode)
        size = np.abs(a).max() * np.abs(v).max() * len(v)
        np.testing.assert_allclose(actual.detach(), expected, rtol=1e-13, atol=1e-15 * size)


@pytest.mark.parametrize("name", ["convolve", "correlate"])
@pytest.mark.parametrize("gradient", [False, True])
def test_bad_sequences(name, gradient):
    function, x = getattr(tl, name), tl.ones(3).requires_grad_(gradient)
    for args, error, text in (
        ((x, []), ValueError, "v cannot be empty"),
        (([], x), ValueError, "a cannot be empty"),
        ((x, [[1]]), ValueError, r"one axis, got shape \(1, 1\)"),
        ((x, x, "most"), ValueError, "'most'"),
        ((x, x, 7), ValueError, "7"),
        ((x, x, None), TypeError, "None"),
    ):
        with pytest.raises(error, match=f"{name}: .*{text}"):
            function(*args)


def test_numbers_are_sequences_for_convolve_only():
    tl.testing.assert_array_equal(tl.convolve(2, 3), [6])
    with pytest.raises(ValueError, match=r"correlate: .*\(\)"):
        tl.correlate(2, 3)


@pytest.mark.parametrize("function", [tl.convolve, tl.correlate])
@pytest.mark.parametrize("mode", MODES)
def test_gradient_of_sequences(function, mode):
    check_grads(lambda a, v: function(a, v, mode), [X[0], Y[0, :3]])
    check_grads(lambda a, v: function(a, v, mode), [Y[0, :4], X[0]])
    check_grads(lambda a, v: function(a, v, mode), [COMPLEX[0, :4], COMPLEX[1, :2]])
    check_grads(lambda v: function(X[0], v, mode), [COMPLEX[1, :2]])


def test_coefficients_stay_within_one():
    x = RNG.normal(size=(40, 5)) * 1e-3
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        c = tl.corrcoef(x)
    assert float(tl.max(tl.absolute(c))) <= 1
