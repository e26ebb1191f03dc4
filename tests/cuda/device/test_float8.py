"""The floats of 8 bits on the device, against the CPU."""

import numpy as np
import pytest
from layouts import ALL_DTYPES, random_array

import tensorlib as tl
from tensorlib.nn import functional as F

DTYPES = ["float8_e4m3fn", "float8_e5m2"]
UNARY = (
    "absolute ceil exp floor gelu isfinite isinf isnan log1p logical_not negative relu sign "
    "signbit silu sin spacing sqrt tanh trunc"
)
BINARY = (
    "add copysign divide fmin fmod greater hypot less_equal logical_and maximum minimum multiply "
    "nextafter not_equal remainder subtract"
)

pytestmark = [
    pytest.mark.parametrize("dtype", DTYPES),
    pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning"),
]


def every(dtype):
    """All 256 numbers."""
    return tl.asarray(np.arange(256, dtype=np.uint8)).view(dtype)


def same(actual, expected, rtol=0):
    assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape)
    actual, expected = (np.asarray(t.cpu().astype("float64")) for t in (actual, expected))
    assert np.isfinite(expected).any()
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=rtol / 10)


def test_casts(device, dtype):
    x = every(dtype)
    finite = x[tl.isfinite(x) & (abs(x.astype("float32")) < 100)]
    rng = np.random.default_rng(0)
    for other in ALL_DTYPES:
        source = abs(finite) if other.kind == "u" else finite
        source = source if other.kind in "biu" else x  # others have no defined answer
        same(source.to(device).astype(other), source.astype(other))
        back = tl.asarray(random_array(rng, other, (300,)))
        same(back.to(device).astype(dtype), back.astype(dtype))


def test_strides_and_views(device, dtype):
    x = every(dtype).reshape(16, 16)
    moved = x.to(device)
    same(moved[::-3, 1::2].T.copy(), x[::-3, 1::2].T)
    same(moved.T.astype("float32"), x.T.astype("float32"))
    same(moved.view("uint8"), x.view("uint8"))
    moved[3:5] = 2.5
    x[3:5] = 2.5
    same(moved, x)
    same(tl.concatenate([moved, moved[1:]]), tl.concatenate([x, x[1:]]))
    same(tl.where(moved > 1, moved, moved[0]), tl.where(x > 1, x, x[0]))


@pytest.mark.parametrize("name", UNARY.split())
def test_functions_of_one_number(device, name, dtype):
    function = getattr(F, name, None) or getattr(tl, name)
    x = every(dtype)
    with np.errstate(all="ignore"):
        same(function(x.to(device)), function(x), rtol=1e-5)


@pytest.mark.parametrize("name", BINARY.split())
def test_functions_of_two_numbers(device, name, dtype):
    rng = np.random.default_rng(1)
    x, y = (tl.asarray(random_array(rng, np.dtype(dtype), (40, 40))) for _ in range(2))
    function = getattr(tl, name)
    with np.errstate(all="ignore"):
        same(function(x.to(device), y.to(device)), function(x, y), rtol=1e-5)
        same(function(x.to(device), 1.5), function(x, 1.5), rtol=1e-5)


def test_reductions(device, dtype):
    rng = np.random.default_rng(2)
    x = tl.asarray(rng.standard_normal((30, 70)) / 4).astype(dtype)
    for name in ("sum", "mean", "prod", "max", "min", "all", "any", "argmax", "argmin", "cumsum"):
        for axis in (0, 1) if name == "cumsum" else (None, 0, 1):
            function = getattr(tl, name)
            same(function(x.to(device), axis=axis), function(x, axis=axis), rtol=1e-5)
    assert np.isnan(tl.max(every(dtype).to(device)).item())
    assert tl.ones(1000, dtype, device=device).sum().item() == 1000
    assert tl.full(1000, 0.5, dtype=dtype, device=device).mean().item() == 0.5
    assert tl.full(100, 0.25, dtype=dtype, device=device).sum(dtype=dtype).item() in (24, 26)


def test_functions_of_several_ops(device, dtype):
    """Where 8 bits would not do."""
    x = tl.asarray(np.linspace(-300, 300, 24)).astype(dtype)
    rows = x.reshape(4, 6)
    for function in (
        lambda x, rows: tl.max(x, initial=1000.0),
        lambda x, rows: tl.min(x, where=x > 0, initial=500.0),
        lambda x, rows: tl.einsum("ij->i", rows),
        lambda x, rows: tl.convolve(x, x[:3]),
        lambda x, rows: tl.average(x, weights=abs(x) + 1),
        lambda x, rows: tl.gradient(x),
        lambda x, rows: tl.histogram(x, 5)[1],
        lambda x, rows: tl.histogram(x, 5, weights=abs(x))[0],
        lambda x, rows: tl.i0(x / 100),
        lambda x, rows: tl.linalg.norm(rows),
        lambda x, rows: F.embedding_bag(tl.asarray([[0, 1], [2, 3]], device=x.device), rows),
        lambda x, rows: F.fold(rows[None, :2], (1, 7), (1, 2)),
        lambda x, rows: tl.func.jvp(lambda a: a.copy(), (x,), (x.astype("float32") * 3,))[1],
    ):
        found = function(x.to(device), rows.to(device))
        expected = function(x.astype("float32"), rows.astype("float32"))
        same(found, expected, rtol=1e-4)
        same(function(x, rows), expected, rtol=1e-4)


def test_sorting_and_places(device, dtype):
    rng = np.random.default_rng(3)
    x = tl.asarray(random_array(rng, np.dtype(dtype), (5, 300)))
    same(tl.sort(x.to(device)), tl.sort(x))
    same(tl.argsort(x.to(device), stable=True), tl.argsort(x, stable=True))
    same(tl.nonzero(x.to(device))[1], tl.nonzero(x)[1])
    places = tl.asarray(rng.integers(0, 300, 50))
    same(x.to(device)[:, places.to(device)], x[:, places])
    same(x.to(device)[x.to(device) > 1], x[x > 1])


def test_products(device, dtype):
    rng = np.random.default_rng(4)
    for a, b in [
        ((20, 32), (32, 48)),
        ((3, 5, 7), (7, 4)),
        ((2, 3, 16), (2, 16, 16)),
        ((9,), (9,)),
    ]:
        x, y = (tl.asarray(rng.standard_normal(shape)).astype(dtype) for shape in (a, b))
        result = x.to(device) @ y.to(device)
        assert result.dtype == "float32"
        x, y = (np.asarray(t.astype("float64")) for t in (x, y))
        # The units for 8 bits add up fewer digits than float32 has.
        assert (abs(result.cpu().numpy() - x @ y) <= 2**-11 * (abs(x) @ abs(y))).all()


def test_gradients(device, dtype):
    results = []
    for place in ("cpu", device):
        x = tl.linspace(-2, 2, 32 * 16, device=place).astype("float32").reshape(16, 32)
        w = tl.linspace(1, -1, 32 * 16, device=place).astype("float32").reshape(16, 32)
        x.requires_grad = w.requires_grad = True
        (x.astype(dtype) @ w.astype(dtype).T).sum().backward()
        results.append((x.grad, w.grad))
    for one, other in zip(*results, strict=True):
        same(other, one, rtol=1e-5)
