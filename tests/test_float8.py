"""The floats of 8 bits, against ml_dtypes; test_ops.py and others have them among all dtypes."""

import ml_dtypes
import numpy as np
import pytest
from layouts import FLOAT8, ML_DTYPES

import tensorlib as tl
from tensorlib.nn import functional as F

pytestmark = pytest.mark.parametrize("dtype", FLOAT8, ids=str)
ALL_BITS = np.arange(256, dtype=np.uint8)


def same_bits(actual, expected):
    """Bit for bit, but for NaN."""
    assert actual.dtype == expected.dtype
    np.testing.assert_array_equal(np.isnan(actual), np.isnan(expected))
    known = ~np.isnan(expected)
    np.testing.assert_array_equal(actual.view("u1")[known], expected.view("u1")[known])


def test_every_number_is_converted(dtype):
    x = ALL_BITS.view(dtype)
    for other in ("float16", "float32", "float64", "complex64", "bfloat16", *FLOAT8):
        expected = x.astype("float32").astype(other)
        np.testing.assert_array_equal(
            tl.asarray(x).astype(other).numpy().astype("complex128"), expected.astype("complex128")
        )
    np.testing.assert_array_equal(
        tl.asarray(x).astype(bool).numpy(), x.astype("float32").astype(bool)
    )


def test_every_float16_and_numbers_between_are_rounded(dtype):
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    same_bits(tl.asarray(halves).astype(dtype).numpy(), halves.astype(dtype))
    floats = halves.astype(np.float32)
    for near in (floats, np.nextafter(floats, np.float32(np.inf)), np.nextafter(floats, -floats)):
        same_bits(tl.asarray(near).astype(dtype).numpy(), near.astype(dtype))
        wide = near.astype(np.float64)
        same_bits(tl.asarray(wide).astype(dtype).numpy(), wide.astype(dtype))
    whole = np.arange(-70_000, 70_000)
    same_bits(tl.asarray(whole).astype(dtype).numpy(), whole.astype(dtype))


def test_what_is_too_large(dtype):
    x = tl.asarray([449.0, 1e6, -1e6, np.inf]).astype(dtype).tolist()
    if dtype.name == "float8_e4m3fn":
        assert x[0] == 448 and all(np.isnan(x[1:]))
    else:
        assert x == [448, np.inf, -np.inf, np.inf]
    info = tl.finfo(dtype)
    assert info.max == float(ml_dtypes.finfo(dtype).max) and info.bits == 8


def test_what_is_computed_is_float32(dtype):
    x = tl.asarray([1.0, 2.0], dtype=dtype)
    for result in (x + x, x + 1.5, 3 * x, -x, tl.exp(x), F.relu(x), x.cumsum(), F.gelu(x)):
        assert result.dtype == "float32"
    for result in (x.max(), tl.sort(x), tl.where(x > 1, x, x), x[x > 1], tl.concatenate([x, x])):
        assert result.dtype == dtype
    # Numbers that do not fit into 8 bits.
    assert ((x / 1000).tolist(), (x * 1000.0).tolist()) == (
        (np.float32([1, 2]) / 1000).tolist(),
        [1000, 2000],
    )
    assert (x < 500.0).all() and tl.minimum(x, 1000.0).tolist() == [1, 2]
    assert tl.where(x > 1, x, -np.inf).tolist() == [-np.inf, 2]
    x[0] = 0.75
    x += 0.3
    assert x.dtype == dtype and x.tolist() == (np.float32([1.05, 2.3]).astype(dtype)).tolist()
    out = tl.empty(2, dtype=dtype)
    assert tl.multiply(x, 2, out=out) is out


@pytest.mark.parametrize("size", [3, 1000])
def test_statistics_do_not_overflow(dtype, size):
    a = (np.random.default_rng(0).standard_normal(size) * 100).astype(dtype)
    x, wide = tl.asarray(a), a.astype("float64")
    for name in ("sum", "mean", "var", "std", "median", "ptp", "average", "nanmean", "nanvar"):
        result = getattr(tl, name)(x)
        np.testing.assert_allclose(float(result), getattr(np, name)(wide), rtol=2e-5)
    norm = np.linalg.norm(wide)
    for result in (tl.linalg.norm(x), tl.linalg.vector_norm(x), tl.sqrt(x @ x)):
        np.testing.assert_allclose(float(result), norm, rtol=1e-5)
    loss = F.mse_loss(x, tl.zeros(size, dtype=dtype))
    np.testing.assert_allclose(float(loss), (wide**2).mean(), rtol=1e-5)


def test_nan_is_left_out(dtype):
    a = np.array([np.nan, 1, 3, 2, np.nan]).astype(dtype)
    x = tl.asarray(a)
    assert (tl.nanmax(x).item(), tl.nanmin(x).item()) == (3, 1)
    assert (tl.nanargmax(x).item(), tl.nanargmin(x).item()) == (2, 1)
    with_gradient = x.astype(dtype).requires_grad_()
    assert tl.nanmax(with_gradient).item() == 3
    assert tl.nan_to_num(x).tolist() == [0, 1, 3, 2, 0]
    weight = tl.asarray([[1.0, -3.0], [2.0, -4.0]], dtype=dtype)
    bags = F.embedding_bag(tl.asarray([[0, 1]]), weight, mode="max")
    assert bags.tolist() == [[2, -3]]


def test_numpys_code_sees_nan(dtype):
    a = np.array([3, np.nan, 1, 2, 5, np.nan]).astype(dtype)
    for narrow in (dtype, np.dtype(ml_dtypes.bfloat16)):
        x, wide = tl.asarray(a).astype(narrow), a.astype("float32")
        found = tl.unique(x)
        assert found.dtype == narrow
        np.testing.assert_array_equal(found.numpy().astype("float32"), np.unique(wide))
        part = tl.partition(x, 2).numpy().astype("float32")
        assert part[2] == 3 and sorted(part[:2]) == [1, 2]
        assert tl.argpartition(x, 0)[0].item() == 2
        assert np.isnan(tl.median(x).item()) and tl.nanmedian(x).item() == 2.5
        places = tl.searchsorted(tl.sort(x), x)
        np.testing.assert_array_equal(places.numpy(), np.searchsorted(np.sort(wide), wide))


def test_histograms(dtype):
    a = (np.random.default_rng(0).standard_normal(200) * 3).astype(dtype)
    counts, edges = tl.histogram(tl.asarray(a), 7)
    expected = np.histogram(a.astype("float32"), 7)
    np.testing.assert_array_equal(counts.numpy(), expected[0])
    np.testing.assert_array_equal(edges.numpy(), expected[1])


def test_functions_with_limits_of_a_dtype(dtype):
    a = np.random.default_rng(0).standard_normal(50).astype(dtype)
    x, wide = tl.asarray(a), a.astype("float64")
    np.testing.assert_allclose(tl.sinc(x).numpy(), np.sinc(wide), rtol=1e-5, atol=1e-6)
    powers = np.exp(wide)
    np.testing.assert_allclose(float(tl.special.logsumexp(x)), np.log(powers.sum()), rtol=1e-6)
    softmax = tl.special.softmax(x, axis=0)
    np.testing.assert_allclose(softmax.numpy(), powers / powers.sum(), rtol=1e-5)
    transform = tl.fft.fft(x)
    assert transform.dtype == "complex64"
    np.testing.assert_allclose(transform.numpy(), np.fft.fft(wide), rtol=1e-4, atol=1e-4)


def test_promotion(dtype):
    x = tl.ones(2, dtype=dtype)
    for other in (
        "float32",
        "float64",
        "complex64",
        "int8",
        "bool",
        "int64",
        "float16",
        *ML_DTYPES,
    ):
        result = x + tl.ones(2, other)
        wide = np.float32 if other in FLOAT8 else other
        expected = np.add(np.ones(2, np.float32), np.ones(2, wide))
        assert (result.dtype, result.tolist()) == (expected.dtype, [2, 2])


def test_sums_are_float32(dtype):
    x = tl.full(100, 0.25, dtype=dtype)
    assert x.sum().dtype == "float32" and x.sum().item() == 25
    assert x.sum(dtype=dtype).item() in (24, 26)  # 25 is between


def test_products_are_float32(dtype):
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal(shape).astype(dtype) for shape in [(3, 5), (5, 4)])
    x, y = tl.asarray(a), tl.asarray(b)
    expected = a.astype("float64") @ b.astype("float64")
    for result in (x @ y, x[0] @ y, tl.vecdot(x[0], x[1]), tl.einsum("ij,jk->ik", x, y)):
        assert result.dtype == "float32"
    np.testing.assert_allclose((x @ y).numpy(), expected, rtol=1e-5, atol=1e-6)
    for other in FLOAT8:
        mixed = x @ y.astype(other)
        wide = a.astype("float64") @ b.astype(other).astype("float64")
        np.testing.assert_allclose(mixed.numpy(), wide, rtol=1e-5, atol=1e-6)
    bias = tl.ones(4)
    result = F.linear(x, y.T, bias.astype("float32"))
    assert result.dtype == "float32"
    np.testing.assert_allclose(result.numpy(), expected + 1, rtol=1e-5, atol=1e-6)


def test_gradients(dtype):
    x = tl.asarray([[0.5, -1.0], [2.0, 3.0]], dtype="float32").requires_grad_()
    w = tl.asarray([[1.0, 2.0], [-0.5, 4.0]], dtype="float32").requires_grad_()
    (x.astype(dtype) @ w.astype(dtype)).sum().backward()
    # All numbers here are exact in 3 bits.
    assert x.grad.dtype == "float32" and x.grad.tolist() == [[3, 3.5], [3, 3.5]]
    assert w.grad.tolist() == [[2.5, 2.5], [2, 2]]


def test_gradients_that_are_kept(dtype):
    a = tl.asarray([1.0, 2.0], dtype=dtype).requires_grad_()
    b = a.copy()
    b.retain_grad()
    (b * 1000).sum().backward()
    for kept in (a, b):
        assert kept.grad.dtype == "float32" and kept.grad.tolist() == [1000, 1000]
    gradient, a.grad = a.grad, None
    a.grad = gradient
    (a * 3).sum().backward()
    assert a.grad.tolist() == [1003, 1003]
    with pytest.raises(RuntimeError, match="^grad: expected"):
        a.grad = tl.ones(2, dtype=dtype)


def test_gradients_are_float32(dtype):
    """Sums of many do not fit into 8 bits."""
    s = tl.ones(2).astype("float32").requires_grad_()
    (tl.ones((1000, 2), dtype=dtype) * s.astype(dtype)).sum().backward()
    assert s.grad.tolist() == [1000, 1000]
    x = tl.ones(2, dtype=dtype).requires_grad_()
    x[tl.zeros(1000, "int64")].sum().backward()
    assert x.grad.dtype == "float32" and x.grad.tolist() == [1000, 0]
    y = tl.ones(2).astype("float32").requires_grad_()
    y.astype(dtype).backward(tl.asarray([1e6, -1e-9], "float32"))
    assert y.grad.tolist() == np.float32([1e6, -1e-9]).tolist()
    with pytest.raises(TypeError, match="^SGD: expected parameters of floats of at least 16 bits"):
        tl.optim.SGD([x], 0.1)


def test_ops_without_kernels_for_them_say_so(dtype):
    x = tl.ones((1, 1, 4, 4), dtype=dtype)
    for name, call in {
        "softmax": lambda: F.softmax(x, -1),
        "conv": lambda: F.conv2d(x, x),
        "layer_norm": lambda: F.layer_norm(x, 4),
    }.items():
        with pytest.raises(TypeError, match=f"^{name}: "):
            call()


def test_saved_and_exchanged(dtype, tmp_path):
    x = tl.asarray(ALL_BITS).view(dtype)
    tl.save({"x": x}, tmp_path / "x.safetensors")
    same_bits(tl.load(tmp_path / "x.safetensors")["x"].numpy(), x.numpy())
    assert x.numpy().dtype == dtype and np.shares_memory(x.numpy(), x.view("uint8").numpy())
    with pytest.raises(BufferError, match=f"^buffer: {dtype} "):
        memoryview(x)
    with pytest.raises(AttributeError, match=f"no code for {dtype}$"):
        x.__array_interface__  # noqa: B018


def test_saved_as_safetensors_has_it(dtype, tmp_path):
    torch = pytest.importorskip("torch", reason="reads the file: pip install torch")
    safetensors = pytest.importorskip("safetensors.torch", reason="pip install safetensors")
    x = tl.asarray(ALL_BITS).view(dtype)
    tl.save({"x": x}, tmp_path / "x.safetensors")
    loaded = safetensors.load_file(tmp_path / "x.safetensors")["x"]
    assert loaded.dtype == getattr(torch, dtype.name)
    np.testing.assert_array_equal(loaded.view(torch.uint8).numpy(), ALL_BITS)
    # PyTorch rounds as ml_dtypes does.
    floats = np.random.default_rng(1).standard_normal(1000).astype("float32") * 100
    theirs = torch.from_numpy(floats).to(loaded.dtype).view(torch.uint8).numpy()
    same_bits(tl.asarray(floats).astype(dtype).numpy(), theirs.view(dtype))
