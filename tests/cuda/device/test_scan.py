"""Running sums and products on a GPU against those of the CPU."""

import numpy as np
import pytest

import tensorlib as tl

DTYPES = ("bool", "int8", "uint32", "int64", "bfloat16", "float32", "float64", "complex64")


def numbers(shape, dtype):
    values = np.random.default_rng(0).uniform(-1, 1.1, shape) * 2
    return tl.asarray(values).astype(dtype)


def assert_close(result, expected, tolerance):
    assert result.dtype == expected.dtype
    assert result.shape == expected.shape
    a, b = (np.asarray(t.astype("complex128")) for t in (result.cpu(), expected))
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * max(1, abs(b).max(initial=0)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", ["cumsum", "cumprod"])
def test_every_dtype(op, dtype, device):
    x = numbers((5, 70), dtype)
    tolerance = 1e-2 if dtype == "bfloat16" else 1e-5
    for axis in (0, 1):
        run = getattr(tl, op)
        assert_close(run(x.to(device), axis=axis), run(x, axis=axis), tolerance)


@pytest.mark.parametrize(
    "shape, axis",
    [
        ((), None),
        ((1,), 0),
        ((31,), 0),
        ((33,), 0),
        ((257,), 0),
        ((2500,), 0),
        ((600, 40), 1),  # a warp each
        ((40, 30), 1),  # a thread each
        ((4, 5, 6), 1),
        ((4, 5, 6), None),
        ((30000,), 0),  # in chunks
        ((2, 20001), 1),
        ((20001, 3), 0),
        ((0, 3), 0),
    ],
)
def test_shapes(shape, axis, device):
    x = numbers(shape, "float64")
    assert_close(tl.cumsum(x.to(device), axis=axis), tl.cumsum(x, axis=axis), 1e-13)


def test_layouts(device):
    x = numbers((6, 7, 8), "float32")
    for view in (lambda t: t[::-1, ::2], lambda t: t.T, lambda t: t[1:, 1:, 1:]):
        assert_close(tl.cumsum(view(x.to(device)), 1), tl.cumsum(view(x), 1), 1e-6)


def test_16_bit_floats_are_rounded_once(device):
    x = tl.ones(3000, "float16", device=device)
    assert tl.cumsum(x)[-1].item() == 3000


def test_gradients(device):
    x = numbers((6, 5), "float64").requires_grad_()
    d = numbers((6, 5), "float64").to(device).requires_grad_()
    for t in (x, d):
        (tl.cumsum(t, 0) ** 2).sum().backward()
        tl.cumprod(t, 1).sum().backward()
        t.prod(0).sum().backward()
    assert_close(d.grad, x.grad, 1e-12)
