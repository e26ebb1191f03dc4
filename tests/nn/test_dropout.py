"""Dropout and its relatives: what they draw, keep and refuse."""

import inspect

import numpy as np
import pytest
from parity import array_of, compare, dtypes, torch

import tensorlib as tl
from tensorlib import nn
from tensorlib.nn import functional as F
from tensorlib.testing import assert_allclose, assert_array_equal

ELEMENTS = ["dropout", "alpha_dropout"]
# (function, shape of the input, shape of the noise)
CHANNELS = [
    ("dropout1d", (30, 40, 3), (30, 40, 1)),
    ("dropout1d", (900, 3), (900, 1)),
    ("dropout2d", (30, 40, 3, 2), (30, 40, 1, 1)),
    ("dropout2d", (30, 40, 3), (30, 40, 1)),
    ("dropout3d", (30, 40, 3, 2, 2), (30, 40, 1, 1, 1)),
    ("dropout3d", (900, 3, 2, 2), (900, 1, 1, 1)),
    ("feature_alpha_dropout", (30, 40), (30, 40)),
    ("feature_alpha_dropout", (30, 40, 3), (30, 40, 1)),
]
CASES = [(name, (30, 40), (30, 40)) for name in ELEMENTS] + CHANNELS
LAYERS = {
    "alpha_dropout": "AlphaDropout",
    "dropout": "Dropout",
    "dropout1d": "Dropout1d",
    "dropout2d": "Dropout2d",
    "dropout3d": "Dropout3d",
    "feature_alpha_dropout": "FeatureAlphaDropout",
}
cases = pytest.mark.parametrize(("name", "shape", "noise"), CASES)


def levels(name, p):
    """What PyTorch makes of a one that is dropped and of one that is not."""
    torch.manual_seed(0)
    function = getattr(torch.nn.functional, name)
    shape = next(shape for other, shape, _ in CASES if other == name)
    drawn = function(torch.ones(shape, dtype=torch.float64), p, training=True).unique().tolist()
    assert len(drawn) == 2
    return sorted(drawn)


@cases
@pytest.mark.parametrize("p", [0.2, 0.7])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_levels_and_shares(name, shape, noise, p, dtype):
    """The values are PyTorch's, and whole channels have one."""
    tl.manual_seed(0)
    y = array_of(getattr(F, name)(tl.ones(shape, dtype=dtype), p, training=True))
    assert (y.shape, y.dtype) == (shape, dtype)
    first = tuple(slice(None if n > 1 else 1) for n in noise)
    assert_array_equal(y, np.broadcast_to(y[first], shape))
    low, high = levels(name, p)
    assert_allclose(np.unique(y), [low, high], rtol=1e-6 if dtype == "float32" else 1e-13)
    dropped = np.abs(y[first] - low) < 1e-3
    error = np.sqrt(p * (1 - p) / dropped.size)
    assert abs(dropped.mean() - p) < 5 * error


@pytest.mark.parametrize("name", ["alpha_dropout", "feature_alpha_dropout"])
def test_alpha_dropout_keeps_mean_and_variance(name):
    tl.manual_seed(1)
    x = np.random.default_rng(0).standard_normal((500, 400))
    y = array_of(getattr(F, name)(tl.asarray(x), 0.3, training=True))
    assert abs(y.mean()) < 5 / np.sqrt(x.size)
    assert abs(y.var() - 1) < 5 * np.sqrt(10 / x.size)  # the fourth moment is below 10


@cases
def test_what_drops_nothing_returns_its_input(name, shape, noise):
    x = tl.ones(shape)
    function = getattr(F, name)
    assert function(x, 0.5, training=False) is x
    assert function(x, 0.0, training=True) is x
    assert function(x, 0.5, False, True) is x


@pytest.mark.filterwarnings("ignore:dropout2d. Received a 3D input")
@cases
@dtypes
def test_all_dropped(name, shape, noise, dtype):
    x = np.random.default_rng(1).standard_normal(shape)
    compare(getattr(F, name), getattr(torch.nn.functional, name), [x], dtype, p=1.0, training=True)


@cases
@pytest.mark.parametrize("inplace", [False, True])
def test_gradients(name, shape, noise, inplace):
    """That of what was kept is its factor, of the rest zero; also of the second order."""
    x = tl.asarray(np.random.default_rng(2).standard_normal(shape)).requires_grad_()

    def call(x):
        y = x * 1
        return getattr(F, name)(y, 0.4, True, inplace, generator=tl.random.default_rng(3))

    y = call(x)
    (g,) = tl.autograd.grad((y * y).sum(), x, create_graph=True)
    factors = (array_of(call(x + 1)) - array_of(y)).round(12)
    assert len(np.unique(factors)) == 2
    assert_allclose(g.detach(), 2 * array_of(y) * factors, rtol=1e-9)
    (second,) = tl.autograd.grad(g.sum(), x)
    assert_allclose(second, 2 * factors**2, rtol=1e-9)


@cases
def test_in_place(name, shape, noise):
    values = np.random.default_rng(4).standard_normal(shape)
    x = tl.asarray(values.copy())
    generator = tl.random.default_rng
    expected = getattr(F, name)(tl.asarray(values), 0.4, True, generator=generator(5))
    assert getattr(F, name)(x, 0.4, True, True, generator=generator(5)) is x
    assert_array_equal(x, expected)
    leaf = tl.asarray(values.copy()).requires_grad_()
    with pytest.raises(RuntimeError, match="a leaf that requires a gradient"):
        getattr(F, name)(leaf, 0.4, True, True)
    assert_array_equal(leaf.detach(), values)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", ELEMENTS)
def test_16_bit_dtypes(name, dtype):
    dtype = tl.bfloat16 if dtype == "bfloat16" else dtype
    y = getattr(F, name)(tl.ones(1000).astype(dtype), 0.4, True)
    assert y.dtype == tl.zeros(1).astype(dtype).dtype
    assert_allclose(np.unique(array_of(y.astype("float64"))), levels(name, 0.4), rtol=1e-2, atol=0)


def test_the_default_generator_is_seeded():
    x, found = tl.ones(100), []
    for _ in range(2):
        tl.manual_seed(6)
        found.append(array_of(F.dropout(x)))
    assert_array_equal(*found)
    assert not np.array_equal(found[0], array_of(F.dropout(x)))


@cases
def test_layers(name, shape, noise):
    layer = getattr(nn, LAYERS[name])(0.4, generator=tl.random.default_rng(7))
    x = tl.asarray(np.random.default_rng(8).standard_normal(shape))
    expected = getattr(F, name)(x, 0.4, True, generator=tl.random.default_rng(7))
    assert_array_equal(layer(x), expected)
    assert layer.eval()(x) is x
    writing = getattr(nn, LAYERS[name])(0.4, inplace=True)
    assert writing(x) is x
    assert repr(writing) == repr(getattr(torch.nn, LAYERS[name])(0.4, inplace=True))


@pytest.mark.parametrize("name", LAYERS)
def test_pytorchs_parameters(name):
    functions = getattr(F, name), getattr(torch.nn.functional, name)
    ours, theirs = (inspect.signature(f).parameters.values() for f in functions)
    ours = [(p.name, p.default) for p in ours if p.kind is not p.KEYWORD_ONLY]
    assert ours == [(p.name, p.default) for p in theirs]


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("p", [-0.1, 1.5, float("nan")])
def test_no_probability_is_refused(name, p):
    shape = next(shape for other, shape, _ in CASES if other == name)
    for training in (False, True):
        with pytest.raises(ValueError, match=rf"^{name}: expected a probability in \[0, 1\], got"):
            getattr(F, name)(tl.ones(shape), p, training)
    with pytest.raises(ValueError, match=rf"^{LAYERS[name]}: expected a probability"):
        getattr(nn, LAYERS[name])(p)


@pytest.mark.parametrize(
    ("name", "shape", "wanted"),
    [
        ("dropout1d", (3,), r"\(N, C, L\) or \(C, L\)"),
        ("dropout1d", (1, 2, 3, 4), r"\(N, C, L\) or \(C, L\)"),
        ("dropout2d", (2, 3), r"\(N, C, H, W\) or \(N, C, L\)"),
        ("dropout3d", (2, 3, 4), r"\(N, C, D, H, W\) or \(C, D, H, W\)"),
        ("feature_alpha_dropout", (3,), r"\(N, C, \.\.\.\)"),
    ],
)
def test_other_shapes_are_refused(name, shape, wanted):
    got = str(shape).replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(ValueError, match=f"^{name}: expected input of shape {wanted}, got {got}"):
        getattr(F, name)(tl.ones(shape), training=True)
