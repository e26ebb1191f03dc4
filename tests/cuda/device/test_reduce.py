"""Reductions on a GPU against those of the CPU."""

import numpy as np
import pytest

import tensorlib as tl

OPS = ("sum", "prod", "max", "min", "all", "any")
INEXACT = ("float16", "bfloat16", "float32", "float64", "complex64", "complex128")
EXACT = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
TOLERANCE = {"float16": 2e-3, "bfloat16": 2e-2, "float32": 1e-5, "complex64": 1e-5}


def numbers(shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    values = rng.uniform(0.5, 1.5, shape) * rng.choice([-1, 1], shape)
    if dtype.startswith("complex"):
        values = values + 1j * rng.uniform(-1, 1, shape)
    elif dtype in EXACT:
        values = rng.integers(0, 2 if dtype == "bool" else 100, shape)
    return tl.asarray(values).astype(dtype)


def assert_close(result, expected):
    assert result.dtype == expected.dtype
    assert result.shape == expected.shape
    tolerance = TOLERANCE.get(expected.dtype.name, 1e-12)
    wide = "complex128" if expected.dtype.kind == "c" else "float64"
    np.testing.assert_allclose(
        np.asarray(result.cpu().astype(wide)),
        np.asarray(expected.astype(wide)),
        rtol=tolerance,
        atol=tolerance * 10,
    )


@pytest.mark.parametrize("dtype", EXACT + INEXACT)
@pytest.mark.parametrize("op", OPS)
def test_every_dtype(op, dtype, device):
    reduce = getattr(tl, op)
    for shape, axis in (((33,), None), ((9, 40), 1), ((40, 9), 0)):
        x = numbers(shape, dtype)
        assert_close(reduce(x.to(device), axis=axis), reduce(x, axis=axis))


SHAPES = [
    ((), None),
    ((1,), 0),
    ((255,), 0),
    ((257,), 0),
    ((70001,), 0),  # several blocks
    ((3, 40000), 1),
    ((40000, 3), 0),
    ((40000, 8), 0),
    ((3000, 2), 1),
    ((2, 3000), 0),
    ((5, 8, 16), (0, 2)),  # in vectors
    ((5, 3, 7), (0, 2)),
    ((5, 3, 7), 1),
    ((2, 3, 4, 5), (1, 3)),
    ((2, 1, 2, 3, 2, 1, 3, 2, 2, 3), (0, 2, 5, 7, 9)),  # many axes
    ((4, 6), ()),
]


@pytest.mark.parametrize("shape, axis", SHAPES)
@pytest.mark.parametrize("keepdims", [False, True])
def test_shapes(shape, axis, keepdims, device):
    x = numbers(shape, "float32")
    for op in ("sum", "max"):
        reduce = getattr(tl, op)
        expected = reduce(x.astype("float64"), axis=axis, keepdims=keepdims).astype("float32")
        assert_close(reduce(x.to(device), axis=axis, keepdims=keepdims), expected)


VIEWS = {
    "negative": lambda x: x[::-1, ::2, ::-3],
    "transposed": lambda x: x.transpose(2, 0, 1),
    "unaligned": lambda x: x[:, 3:, 1:],
    "repeated": lambda x: tl.broadcast_to(x[:1], (4, 10, 9)),
    "one line": lambda x: x.reshape(-1)[1:].reshape(1, 1079, 1),
}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("axis", [None, 0, 1, 2, (0, 1), (0, 2), (1, 2)])
def test_layouts(view, axis, device):
    x = numbers((12, 10, 9), "float32")
    assert_close(VIEWS[view](x.to(device)).sum(axis), VIEWS[view](x).sum(axis))
    assert_close(VIEWS[view](x.to(device)).max(axis), VIEWS[view](x).max(axis))


@pytest.mark.parametrize("op", OPS)
def test_no_elements(op, device):
    reduce = getattr(tl, op)
    empty = tl.zeros((3, 0), "float32", device=device)
    assert reduce(empty, axis=0).shape == (0,) or op in ("max", "min")
    if op in ("max", "min"):
        with pytest.raises(ValueError, match=f"{op}: zero-size tensor to a reduction which has no"):
            reduce(empty, axis=1)
    else:
        expected = reduce(tl.zeros((3, 0), "float32"), axis=1)
        assert_close(reduce(empty, axis=1), expected)
        assert not np.signbit(np.asarray(reduce(empty, axis=1).cpu())).any()


def test_special_values(device):
    x = np.random.default_rng(1).standard_normal((40, 300)).astype("float32")
    x[3, 299] = np.nan
    x[5, 0] = np.inf
    x[7] = -np.inf
    d = tl.asarray(x, device=device)
    np.testing.assert_array_equal(np.asarray(d.max(1).cpu()), x.max(1))
    np.testing.assert_array_equal(np.asarray(d.min(0).cpu()), x.min(0))
    zeros = tl.asarray([-0.0, -0.0], device=device)
    assert np.signbit(zeros.sum().item())


def test_16_bit_floats_are_rounded_once(device):
    x = tl.ones(5000, "float16", device=device)
    assert x.sum().item() == 5000  # one by one it would stop at 2048
    assert tl.ones(1000, "bfloat16", device=device).sum().item() == 1000


def test_dtype(device):
    x = tl.arange(300, dtype="int8")
    for dtype in ("int8", "int64", "float32", "complex64", "bool"):
        assert_close(x.to(device).sum(dtype=dtype), x.sum(dtype=dtype))


def test_gradients(device):
    x = numbers((6, 5), "float64").requires_grad_()
    d = numbers((6, 5), "float64").to(device).requires_grad_()
    for t in (x, d):
        (t.sum(0) ** 2).sum().backward()
        t.max(1).sum().backward()
    assert_close(d.grad, x.grad)
