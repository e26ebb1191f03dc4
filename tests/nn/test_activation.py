"""Activations, as functions and as layers, beside PyTorch's."""

import inspect

import numpy as np
import pytest
from parity import array_of, compare, compare_modules, dtypes, torch

import tensorlib as tl
from tensorlib import nn
from tensorlib.nn import functional as F
from tensorlib.testing import assert_allclose, assert_array_equal, check_grads

SAMPLE = np.random.default_rng(0).uniform(-4, 4, (3, 4, 5))
# (function, options) of every choice that changes the arithmetic
FUNCTIONS = [
    ("celu", {}),
    ("celu", {"alpha": 0.5}),  # PyTorch rounds 1 / alpha to float32
    ("celu", {"alpha": -2.0}),
    ("elu", {}),
    ("elu", {"alpha": 1.5}),
    ("gelu", {}),
    ("gelu", {"approximate": "tanh"}),
    ("glu", {"dim": 1}),
    ("hardshrink", {}),
    ("hardshrink", {"lambd": 1.5}),
    ("hardshrink", {"lambd": -1.0}),
    ("hardsigmoid", {}),
    ("hardswish", {}),
    ("hardtanh", {}),
    ("hardtanh", {"min_val": -2.0, "max_val": 0.5}),
    ("leaky_relu", {}),
    ("leaky_relu", {"negative_slope": -0.3}),
    ("logsigmoid", {}),
    ("mish", {}),
    ("relu", {}),
    ("relu6", {}),
    ("rrelu", {}),
    ("rrelu", {"lower": 0.1, "upper": 0.7}),
    ("selu", {}),
    ("sigmoid", {}),
    ("silu", {}),
    ("softplus", {}),
    ("softplus", {"beta": 2.5}),
    ("softplus", {"beta": -1.5}),
    ("softplus", {"beta": 2, "threshold": 3.0}),
    ("softshrink", {}),
    ("softshrink", {"lambd": 0.0}),
    ("softsign", {}),
    ("tanh", {}),
    ("tanhshrink", {}),
    ("threshold", {"threshold": 0.5, "value": -3.0}),
]
ALONG = ["log_softmax", "softmax", "softmin"]
# Where PyTorch's have no derivative it chooses one; softsign and others are smooth there.
KINKS = np.array([-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0, 6.0])

functions = pytest.mark.parametrize(
    ("name", "options"), FUNCTIONS, ids=["-".join(map(str, (n, *o.values()))) for n, o in FUNCTIONS]
)


def has_exact_gradient(name, dtype):
    """PyTorch's of hardsigmoid has 1 / 6 in float32; ours is checked with the second order."""
    return dtype == "float32" or name.lower() != "hardsigmoid"


@dtypes
@functions
def test_functions(name, options, dtype):
    compare(
        getattr(F, name),
        getattr(torch.nn.functional, name),
        [SAMPLE],
        dtype,
        gradients=has_exact_gradient(name, dtype),
        **options,
    )


@dtypes
@functions
def test_functions_at_kinks(name, options, dtype):
    x = np.stack([KINKS, -KINKS])
    options = options if name != "glu" else {}
    compare(
        getattr(F, name),
        getattr(torch.nn.functional, name),
        [x],
        dtype,
        gradients=has_exact_gradient(name, dtype),
        **options,
    )


@dtypes
@functions
def test_functions_far_out(name, options, dtype):
    x = np.array([[-1e3, -100.0, -50.0, -30.0, 30.0, 50.0, 100.0, 1e3]])
    compare(
        getattr(F, name),
        getattr(torch.nn.functional, name),
        [x],
        dtype,
        gradients=has_exact_gradient(name, dtype),
        **options,
    )


@functions
def test_nan_stays(name, options):
    x = np.array([[np.nan, 1.0], [2.0, np.nan]])
    y = array_of(getattr(F, name)(tl.asarray(x), **options))
    theirs = array_of(getattr(torch.nn.functional, name)(torch.tensor(x), **options))
    assert_array_equal(np.isnan(y), np.isnan(theirs))


@pytest.mark.parametrize("name", ["gelu", "mish", "silu"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_gates_have_their_limits(name, dtype):
    """PyTorch has NaN at -inf."""
    x = tl.asarray([-np.inf, np.inf], dtype=dtype).requires_grad_()
    y = getattr(F, name)(x)
    assert_array_equal(y.detach(), [0, np.inf])
    y[0].backward()
    assert_array_equal(x.grad, [0, 0])


@functions
def test_second_order(name, options):
    check_grads(lambda x: getattr(F, name)(x, **options), [SAMPLE], order=2)


@functions
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_16_bit_dtypes(name, options, dtype):
    dtype = tl.bfloat16 if dtype == "bfloat16" else dtype
    x = tl.asarray(SAMPLE).astype(dtype)
    y = getattr(F, name)(x, **options)
    assert y.dtype == x.dtype
    wide = getattr(F, name)(x.astype("float64"), **options)
    tolerance = 1e-2 if dtype == "float16" else 8e-2  # parts of composites are rounded
    assert_allclose(y.astype("float64"), wide, rtol=tolerance, atol=tolerance)


def test_small_results_keep_their_digits():
    """Φ(-10) = 7.619853024160526e-24 (DLMF 7.17); PyTorch's gelu is 0 there in float32."""
    x = tl.asarray([-10.0], dtype="float32")
    assert_allclose(F.gelu(x), [-7.619853024160526e-23], rtol=1e-6)
    assert_allclose(F.silu(x), [-10 / (1 + np.exp(10.0))], rtol=1e-6)
    assert_allclose(F.logsigmoid(-x), [-np.log1p(np.exp(-10.0))], rtol=1e-6)
    assert_allclose(F.mish(x * 9), [-90 * np.exp(-90.0)], rtol=1e-6)


# in place

IN_PLACE = [
    ("celu_", {"alpha": 0.5}),
    ("elu_", {"alpha": 1.5}),
    ("hardtanh_", {"min_val": -2.0}),
    ("leaky_relu_", {"negative_slope": 0.3}),
    ("relu_", {}),
    ("rrelu_", {"lower": 0.2}),
    ("selu_", {}),
    ("threshold_", {"threshold": 0.5, "value": -3.0}),
]
IN_PLACE += [
    (name, options | {"inplace": True})
    for name, options in FUNCTIONS
    if min(options.get("negative_slope", 0), options.get("alpha", 0)) >= 0  # PyTorch refuses those
    if "inplace" in inspect.signature(getattr(F, name)).parameters
]


@dtypes
@pytest.mark.parametrize(("name", "options"), IN_PLACE)
def test_in_place(name, options, dtype):
    def written(function):
        def call(x):
            y = x * 1
            assert function(y, **options) is y
            return y * y

        return call

    ours, theirs = written(getattr(F, name)), written(getattr(torch.nn.functional, name))
    compare(ours, theirs, [SAMPLE], dtype, gradients=has_exact_gradient(name, dtype))


@pytest.mark.parametrize(("name", "options"), IN_PLACE)
def test_a_leaf_is_not_written(name, options):
    x = tl.asarray(SAMPLE.copy()).requires_grad_()
    with pytest.raises(RuntimeError, match="a leaf that requires a gradient"):
        getattr(F, name)(x, **options)
    assert_array_equal(x.detach(), SAMPLE)


def test_integers_are_not_written():
    x = tl.asarray([-1, 2])
    with pytest.raises(TypeError, match="^silu: expected input of a floating dtype .* got int64"):
        F.silu(x, inplace=True)
    assert_array_equal(x, [-1, 2])


# channels, halves, randomness


@dtypes
@pytest.mark.parametrize(
    ("shape", "parameters"), [((3, 4, 5), 4), ((3, 4), 4), ((3, 4, 5), 1), ((6,), 1), ((), 1)]
)
def test_prelu(shape, parameters, dtype):
    rng = np.random.default_rng(1)
    inputs = [rng.standard_normal(shape), rng.uniform(-0.5, 0.5, parameters)]
    compare(F.prelu, torch.nn.functional.prelu, inputs, dtype)
    check_grads(F.prelu, inputs, order=2)


@dtypes
def test_prelu_of_a_scalar_weight(dtype):
    weight = np.array(0.3)
    compare(F.prelu, torch.nn.functional.prelu, [SAMPLE, weight], dtype)


@dtypes
@pytest.mark.parametrize("dim", [0, -1, 2])
def test_glu_along_axes(dim, dtype):
    x = np.random.default_rng(2).standard_normal((4, 3, 6))
    compare(F.glu, torch.nn.functional.glu, [x], dtype, dim=dim)


def test_rrelu_draws_its_slopes():
    tl.manual_seed(0)
    x = -tl.ones(20_000, dtype="float32").requires_grad_()
    y = F.rrelu(x, 0.25, 0.75, training=True)
    slopes = -array_of(y)
    assert y.dtype == np.float32
    assert 0.25 <= slopes.min() < 0.251 and 0.749 < slopes.max() <= 0.75
    # Of uniform numbers: five standard errors of the mean.
    assert abs(slopes.mean() - 0.5) < 5 * 0.5 / np.sqrt(12 * 20_000)
    (g,) = tl.autograd.grad(y.sum(), x)
    assert_array_equal(g, slopes)
    assert_array_equal(F.rrelu(tl.ones(5), training=True), np.ones(5))


@pytest.mark.parametrize("dim", [0, 1])
def test_gumbel_softmax_has_the_frequencies_of_its_logits(dim):
    tl.manual_seed(0)
    n, probabilities = 20_000, np.array([0.1, 0.2, 0.7])
    logits = np.log(np.tile(probabilities, (n, 1)))
    draws = array_of(F.gumbel_softmax(tl.asarray(logits if dim else logits.T), hard=True, dim=dim))
    assert set(np.unique(draws)) == {0, 1}
    assert_array_equal(draws.sum(dim), np.ones(n))
    error = np.sqrt(probabilities * (1 - probabilities) / n)
    assert np.all(np.abs(draws.mean(1 - dim) - probabilities) < 5 * error)


def test_gumbel_softmax_passes_the_gradient_of_soft_draws():
    logits = tl.asarray(SAMPLE).requires_grad_()
    weights = tl.asarray(np.random.default_rng(3).standard_normal(SAMPLE.shape))
    found = []
    for hard in (False, True):
        y = F.gumbel_softmax(logits, 0.5, hard, generator=tl.random.default_rng(4))
        found.append(tl.autograd.grad((y * weights).sum(), logits)[0])
        assert_allclose(y.detach().sum(axis=-1), np.ones((3, 4)), rtol=1e-12)
    assert_allclose(*found, rtol=1e-12)
    assert F.gumbel_softmax(logits.astype("float32")).dtype == np.float32


# along an axis


@dtypes
@pytest.mark.parametrize("dim", [0, 1, 2, -1, -3])
@pytest.mark.parametrize("name", ALONG)
def test_softmax(name, dim, dtype):
    compare(getattr(F, name), getattr(torch.nn.functional, name), [SAMPLE], dtype, dim=dim)


@dtypes
@pytest.mark.parametrize("shape", [(2, 0), (0, 3), (1,), (), (3, 1), (2, 1000), (1000, 2), (7, 70)])
@pytest.mark.parametrize("name", ALONG)
def test_softmax_of_shapes(name, shape, dtype):
    x = np.asarray(np.random.default_rng(5).standard_normal(shape))
    for dim in {0, len(shape) - 1 if shape else 0}:
        compare(getattr(F, name), getattr(torch.nn.functional, name), [x], dtype, dim=dim)


# Short rows are taken up to eight at a time.
@pytest.mark.parametrize("name", ["log_softmax", "softmax"])
@pytest.mark.parametrize("n", [1, 2, 65, 127, 128, 129, 512, 513, 1025])
@pytest.mark.parametrize("rows", [1, 7, 8, 19])
def test_rows_of_a_softmax_do_not_depend_on_their_neighbours(name, rows, n):
    function = getattr(F, name)
    x = tl.random.default_rng(n).standard_normal((rows, n)).astype("float32")
    x[rows // 2, n // 2] = np.nan
    together = np.asarray(function(x, 1))
    for row, alone in zip(together, x, strict=True):
        np.testing.assert_array_equal(row, function(alone, 0))


@pytest.mark.parametrize("name", ALONG)
def test_softmax_second_order(name):
    for dim in range(3):
        check_grads(lambda x, dim=dim: getattr(F, name)(x, dim), [SAMPLE], order=2)


@pytest.mark.parametrize("name", ["log_softmax", "softmax"])
@pytest.mark.parametrize("dim", [0, 1])
def test_softmax_of_infinities(name, dim):
    x = np.array([[-np.inf, -np.inf, 0.0], [-np.inf, 1.0, np.inf], [-np.inf, 2.0, 0.0]])
    ours = getattr(F, name)(tl.asarray(x), dim)
    theirs = getattr(torch.nn.functional, name)(torch.tensor(x), dim)
    assert_allclose(ours, array_of(theirs), rtol=1e-15)


@pytest.mark.parametrize("ndim", range(5))
@pytest.mark.parametrize("name", ALONG)
def test_softmax_without_an_axis(name, ndim):
    x = np.random.default_rng(6).standard_normal((2,) * ndim)
    with pytest.warns(UserWarning, match=f"{name}: expected dim"):
        ours = getattr(F, name)(tl.asarray(x))
    with pytest.warns(UserWarning):
        theirs = getattr(torch.nn.functional, name)(torch.tensor(x))
    assert_allclose(ours, array_of(theirs), rtol=1e-12)


def test_softmax_in_another_dtype():
    x = tl.asarray(SAMPLE).astype("float16")
    y = F.softmax(x, 1, dtype="float32")
    assert y.dtype == np.float32
    theirs = torch.softmax(torch.tensor(array_of(x)), 1, dtype=torch.float32)
    assert_allclose(y, array_of(theirs), rtol=1e-6)


def test_softmin_of_unsigned_integers():
    """PyTorch's negates before it casts, so that all but zero become large."""
    x = np.array([0, 1, 2], np.uint8)
    expected = torch.softmax(-torch.tensor(x).double(), 0)
    assert_allclose(F.softmin(tl.asarray(x), 0, "float64"), array_of(expected), rtol=1e-14)


@pytest.mark.parametrize("length", [1 << 18, 100_003])
def test_softmax_of_many(length):
    """Sums of many float32 terms keep their digits, on several threads too."""
    x = np.random.default_rng(7).standard_normal((2, length)).astype(np.float32)
    wide = np.exp(x.astype(np.float64))
    for rows, dim in ((x, 1), (x.T, 0)):
        expected = wide / wide.sum(1, keepdims=True)
        ours = array_of(F.softmax(tl.asarray(np.ascontiguousarray(rows)), dim))
        assert_allclose(ours if dim else ours.T, expected, rtol=2e-6)


# layers

LAYERS = [
    ("CELU", [0.5]),
    ("ELU", [1.5]),
    ("GELU", []),
    ("GELU", ["tanh"]),
    ("GLU", [1]),
    ("Hardshrink", [1.5]),
    ("Hardsigmoid", []),
    ("Hardswish", []),
    ("Hardtanh", [-2.0, 0.5]),
    ("LeakyReLU", [0.3]),
    ("LogSigmoid", []),
    ("LogSoftmax", [1]),
    ("Mish", []),
    ("PReLU", []),
    ("PReLU", [4, 0.1]),
    ("RReLU", [0.1, 0.7]),
    ("ReLU", []),
    ("ReLU6", []),
    ("SELU", []),
    ("SiLU", []),
    ("Sigmoid", []),
    ("Softmax", [1]),
    ("Softmax2d", []),
    ("Softmin", [1]),
    ("Softplus", [2.0, 3.0]),
    ("Softshrink", [1.5]),
    ("Softsign", []),
    ("Tanh", []),
    ("Tanhshrink", []),
    ("Threshold", [0.5, -3.0]),
]


@dtypes
@pytest.mark.parametrize(("name", "args"), LAYERS)
def test_layers(name, args, dtype):
    ours, theirs = compare_modules(
        name, args, [SAMPLE], dtype, training=False, gradients=has_exact_gradient(name, dtype)
    )
    assert repr(ours) == repr(theirs)


WRITING = [
    (name, args)
    for name, args in LAYERS
    if "inplace" in inspect.signature(getattr(torch.nn, name)).parameters
]


@pytest.mark.parametrize(("name", "args"), WRITING)
def test_layers_in_place(name, args):
    layer = getattr(nn, name)(*args, inplace=True).eval()
    x = tl.asarray(SAMPLE.copy())
    expected = getattr(nn, name)(*args).eval()(x)
    assert layer(x) is x
    assert_array_equal(x, expected)
    if name not in ("Hardsigmoid", "Hardswish"):  # PyTorch's do not tell
        assert repr(layer) == repr(getattr(torch.nn, name)(*args, inplace=True))


# what is refused


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda x: F.hardtanh(x, 1.0, -1.0), ValueError, "hardtanh: expected min_val <= max_val"),
        (lambda x: nn.Hardtanh(1.0, 1.0), ValueError, "Hardtanh: expected min_val < max_val"),
        (lambda x: F.celu(x, 0), ValueError, "celu: expected alpha other than 0"),
        (lambda x: F.softplus(x, 0), ValueError, "softplus: expected beta other than 0"),
        (lambda x: F.softshrink(x, -1), ValueError, "softshrink: expected lambd >= 0, got -1"),
        (lambda x: F.rrelu(x, 2, 1), ValueError, "rrelu: expected lower <= upper, got 2 and 1"),
        (lambda x: F.gelu(x, "x"), ValueError, "gelu: expected approximate 'none' or 'tanh'"),
        (lambda x: F.glu(x, 0), ValueError, r"glu: expected an even length .* got \(3, 4, 5\)"),
        (lambda x: F.glu(x, 3), np.exceptions.AxisError, "glu: axis 3 is out of bounds"),
        (
            lambda x: F.prelu(x, tl.ones(5)),
            ValueError,
            r"prelu: expected weight of shape \(1,\) or \(4,\) .* \(3, 4, 5\), got \(5,\)",
        ),
        (lambda x: F.prelu(x, tl.ones((4, 1))), ValueError, r"prelu: .* got \(4, 1\)"),
        (lambda x: nn.PReLU(0), ValueError, "PReLU: expected num_parameters >= 1, got 0"),
        (lambda x: nn.PReLU(1.5), TypeError, "PReLU: expected num_parameters to be an int"),
        (lambda x: F.softmax(x, 3), np.exceptions.AxisError, "softmax: axis 3 is out of bounds"),
        (lambda x: F.softmin(x, -4), np.exceptions.AxisError, "softmin: axis -4 is out of bounds"),
        (
            lambda x: F.softmax(x > 0, 1),
            TypeError,
            "softmax: expected a floating .* got bool",
        ),
        (lambda x: F.gumbel_softmax(x, dim=3), np.exceptions.AxisError, "gumbel_softmax: axis 3"),
        (lambda x: nn.Softmax2d()(x[0]), ValueError, r"Softmax2d: .* got \(4, 5\)"),
        (lambda x: F.gelu(x * 1j), TypeError, "gelu: not supported for input dtypes"),
    ],
)
def test_what_is_refused(call, error, text):
    with pytest.raises(error, match=f"^{text}"):
        call(tl.asarray(SAMPLE))


@pytest.mark.parametrize(
    "name", sorted({n for n, _ in FUNCTIONS} | set(ALONG) | {"gumbel_softmax", "prelu"})
)
def test_functions_have_pytorchs_parameters(name):
    try:
        theirs = inspect.signature(getattr(torch.nn.functional, name)).parameters
    except ValueError:  # made in C++
        return
    ours = inspect.signature(getattr(F, name)).parameters
    theirs = [(p.name, p.default) for p in theirs.values() if p.name != "_stacklevel"]
    assert [(p.name, p.default) for p in ours.values() if p.name != "generator"] == theirs


def test_slopes_of_prelu_are_reset():
    layer = nn.PReLU(3, 0.1)
    with tl.no_grad():
        layer.weight += 1
    layer.reset_parameters()
    assert layer.weight.tolist() == [pytest.approx(0.1)] * 3
