"""First values: that they lie where the formulas say."""

import math

import numpy as np
import pytest
import scipy.stats

import tensorlib as tl
from tensorlib import nn
from tensorlib.nn import init

SHAPE = (200, 20, 5, 4)  # fan_in 400, fan_out 4000


def filled(function, *arguments, **options):
    x = tl.empty(SHAPE, dtype="float32")
    assert function(x, *arguments, **options, generator=tl.random.default_rng(0)) is x
    return np.asarray(x)


def assert_uniform(values, bound):
    assert np.abs(values).max() <= bound
    assert math.isclose(values.std(), bound / math.sqrt(3), rel_tol=0.01)


def assert_normal(values, deviation):
    assert math.isclose(values.std(), deviation, rel_tol=0.01)
    # Of a normal distribution 4.55 % lie beyond two deviations.
    assert math.isclose((np.abs(values) > 2 * deviation).mean(), 0.0455, rel_tol=0.05)


def test_uniform_and_normal():
    values = filled(init.uniform_, 2.0, 3.0)
    assert 2 <= values.min() < 2.001 and 2.999 < values.max() <= 3
    assert_normal(filled(init.normal_, 5.0, 0.5) - 5, 0.5)


def test_kaiming():
    assert_uniform(filled(init.kaiming_uniform_), math.sqrt(6 / 400))
    assert_uniform(filled(init.kaiming_uniform_, math.sqrt(5)), math.sqrt(1 / 400))
    assert_uniform(filled(init.kaiming_uniform_, mode="fan_out"), math.sqrt(6 / 4000))
    assert_uniform(filled(init.kaiming_uniform_, nonlinearity="tanh"), 5 / 3 * math.sqrt(3 / 400))
    assert_normal(filled(init.kaiming_normal_, nonlinearity="relu"), math.sqrt(2 / 400))


def test_xavier():
    assert_uniform(filled(init.xavier_uniform_, 2.0), 2 * math.sqrt(6 / 4400))
    assert_normal(filled(init.xavier_normal_), math.sqrt(2 / 4400))


@pytest.mark.parametrize(
    "mean, std, a, b",
    [(0, 1, -2, 2), (1, 0.5, 0, 1.2), (0, 1, 2.5, 9), (3, 1, -8, 0), (0, 9, 1, 2)],
)
def test_trunc_normal(mean, std, a, b):
    values = filled(init.trunc_normal_, mean, std, a, b).ravel()
    assert a <= values.min() and values.max() <= b
    expected = scipy.stats.truncnorm((a - mean) / std, (b - mean) / std, mean, std)
    # Of so many numbers of the distribution 1 in 1,000 samples is further away.
    assert scipy.stats.kstest(values, expected.cdf).statistic < 1.95 / math.sqrt(values.size)


@pytest.mark.parametrize("shape", [(6, 6), (4, 9), (9, 4), (4, 3, 2, 2), (20, 3, 2)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_orthogonal(shape, dtype):
    x = init.orthogonal_(tl.empty(shape, dtype=dtype), 3.0, tl.random.default_rng(0))
    matrix = np.asarray(x).reshape(shape[0], -1) / 3
    square = matrix @ matrix.T if matrix.shape[0] < matrix.shape[1] else matrix.T @ matrix
    np.testing.assert_allclose(square, np.eye(len(square)), atol=1e-6)


def test_orthogonal_matrices_are_uniformly_distributed():
    """In the plane, of rotations and reflections alike, with every angle as likely as another."""
    generator = tl.random.default_rng(0)
    drawn = [np.asarray(init.orthogonal_(tl.empty((2, 2)), 1, generator)) for _ in range(2000)]
    assert abs(np.mean([np.linalg.det(q) > 0 for q in drawn]) - 0.5) < 0.05
    angles = [np.arctan2(q[1, 0], q[0, 0]) for q in drawn]
    assert scipy.stats.kstest(angles, scipy.stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > 0.001


@pytest.mark.parametrize("sparsity", [0.0, 0.1, 0.55, 1.0])
def test_sparse(sparsity):
    x = init.sparse_(tl.empty((40, 300)), sparsity, 2.0, tl.random.default_rng(0))
    values = np.asarray(x)
    zeros = math.ceil(sparsity * 40)
    assert ((values == 0).sum(axis=0) == zeros).all()
    if sparsity < 1:
        assert_normal(values[values != 0], 2.0)
    if 0 < sparsity < 1:  # and they are anywhere
        assert np.abs((values == 0).mean(axis=1) - zeros / 40).max() < 0.12


@pytest.mark.parametrize("shape", [(3, 3), (2, 5), (5, 2), (0, 3)])
def test_eye(shape):
    x = tl.full(shape, 7.0)
    assert init.eye_(x) is x
    assert x.tolist() == np.eye(*shape).tolist()


@pytest.mark.parametrize("groups", [1, 2, 3])
@pytest.mark.parametrize("shape", [(6, 2, 3), (6, 4, 3, 4), (6, 9, 1, 2, 3), (6, 3, 5)])
def test_dirac(shape, groups):
    torch = pytest.importorskip("torch", reason="to compare with PyTorch: pip install torch")
    expected = torch.nn.init.dirac_(torch.empty(shape), groups)
    assert init.dirac_(tl.full(shape, 7.0), groups).tolist() == expected.tolist()


def test_gains_are_pytorchs():
    torch = pytest.importorskip("torch", reason="to compare with PyTorch: pip install torch")
    for name in (*init.GAINS, "leaky_relu"):
        assert init.calculate_gain(name) == pytest.approx(torch.nn.init.calculate_gain(name))
    assert init.calculate_gain("leaky_relu", 0.2) == torch.nn.init.calculate_gain("leaky_relu", 0.2)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize(
    "function",
    [init.uniform_, init.normal_, init.trunc_normal_, init.orthogonal_, init.xavier_normal_],
)
def test_any_floating_dtype_is_filled(function, dtype):
    x = tl.zeros((4, 5), dtype=dtype)
    assert function(x) is x and x.dtype == tl.dtype(dtype)
    assert (x != 0).all()


def test_constants():
    x = tl.empty((2, 3))
    assert init.zeros_(x).tolist() == [[0.0] * 3] * 2
    assert init.ones_(x).tolist() == [[1.0] * 3] * 2
    assert init.constant_(x, 7).tolist() == [[7.0] * 3] * 2


def test_parameters_are_filled_without_a_trace_on_the_tape():
    parameter = nn.Parameter(tl.zeros(3))
    init.uniform_(parameter, 1.0, 2.0)
    assert parameter.is_leaf and parameter.requires_grad
    assert parameter.detach().min().item() >= 1


def test_the_default_generator_is_used():
    tl.manual_seed(0)
    first = init.normal_(tl.empty(5)).tolist()
    tl.manual_seed(0)
    assert init.normal_(tl.empty(5)).tolist() == first


def test_empty_tensors():
    assert init.kaiming_uniform_(tl.empty((0, 3))).shape == (0, 3)
    assert init.kaiming_uniform_(tl.empty((3, 0))).shape == (3, 0)


@pytest.mark.parametrize(
    "function, error, text",
    [
        (lambda: init.kaiming_uniform_(tl.empty(3)), ValueError, r"two axes, got shape \(3,\)"),
        (lambda: init.kaiming_uniform_(tl.empty((3, 3)), mode="in"), ValueError, "got 'in'"),
        (
            lambda: init.kaiming_uniform_(tl.empty((3, 3)), nonlinearity="cube"),
            ValueError,
            "calculate_gain: expected one of linear, .* got 'cube'",
        ),
        (
            lambda: init.uniform_(tl.zeros(3, dtype="int64")),
            TypeError,
            "uniform_: expected a floating dtype, got int64",
        ),
        (lambda: init.uniform_(tl.empty(3), 1.0, 0.0), ValueError, "uniform_: .* a=1.0 and b=0.0"),
        (lambda: init.normal_(tl.empty(3), 0.0, -1.0), ValueError, "normal_: .* std >= 0, got -1"),
        (lambda: init.normal_(tl.zeros(3, dtype="complex64")), TypeError, "got complex64"),
        (lambda: init.calculate_gain("leaky_relu", "x"), ValueError, "calculate_gain: .* got 'x'"),
        (
            lambda: init.trunc_normal_(tl.empty(3), a=1.0, b=0.0),
            ValueError,
            "trunc_normal_: expected a <= b and std > 0, got a=1.0, b=0.0",
        ),
        (lambda: init.trunc_normal_(tl.empty(3), std=0), ValueError, "trunc_normal_: .* std=0"),
        (lambda: init.trunc_normal_(tl.zeros(3, dtype=int)), TypeError, "trunc_normal_: .* int64"),
        (lambda: init.eye_(tl.empty(3)), ValueError, r"eye_: expected a matrix, got shape \(3,\)"),
        (lambda: init.dirac_(tl.empty((3, 3))), ValueError, r"dirac_: .* got shape \(3, 3\)"),
        (lambda: init.dirac_(tl.empty((3, 3, 3)), 2), ValueError, "dirac_: .* groups=2, got shape"),
        (lambda: init.orthogonal_(tl.empty(3)), ValueError, "orthogonal_: expected at least two"),
        (lambda: init.orthogonal_(tl.zeros((3, 3), dtype=int)), TypeError, "orthogonal_: .* int64"),
        (lambda: init.sparse_(tl.empty(3), 0.5), ValueError, r"sparse_: .* got shape \(3,\)"),
        (lambda: init.sparse_(tl.empty((3, 3)), 1.5), ValueError, "sparse_: .* and 1.5"),
    ],
)
def test_refused(function, error, text):
    with pytest.raises(error, match=text):
        function()
