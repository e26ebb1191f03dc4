"""Elementwise kernels: every dtype of every op, and every way in which operands can lie."""

import numpy as np
import pytest
from layouts import random_array

import tensorlib as tl
from tensorlib._core import _functions
from tensorlib._core._dispatch import ops
from tensorlib.cuda.elementwise import OPS

# On the stand-in each dtype of an op is a compilation; these stand for all.
LETTERS = "?ilBefdFD"
# Where the CPU raises: an integer to a negative power.
NOT_COMPARED = {("power", "i"), ("power", "l")}
# Errors of the last place that are allowed beside the CPU's loops, of which each op has its own.
ULPS = {"e": 2, "f": 8, "d": 8, "F": 16, "D": 16}


def loops_of(name):
    for inputs, _ in getattr(ops, name).loops.types():
        if inputs[-1].char in LETTERS and (name, inputs[0].char) not in NOT_COMPARED:
            yield inputs


CALLS = [
    pytest.param(name, inputs, id=f"{name}-{''.join(d.char for d in inputs)}")
    for name in sorted(OPS - {"copy"})
    for inputs in loops_of(name)
]


def as_tuple(value):
    return value if isinstance(value, tuple) else (value,)


def tame(rng, dtype, shape):
    """Numbers at which no op overflows or is ill-conditioned."""
    if dtype.kind == "f":
        return (rng.uniform(0.1, 0.9, shape)).astype(dtype)
    if dtype.kind == "c":
        return (rng.uniform(0.1, 0.9, shape) + 1j * rng.uniform(0.1, 0.9, shape)).astype(dtype)
    return rng.integers(0, 2 if dtype.kind == "b" else 7, shape).astype(dtype)


@pytest.mark.parametrize("name, dtypes", CALLS)
def test_every_loop(name, dtypes, device):
    rng = np.random.default_rng(0)
    arrays = [tame(rng, dtype, 259) for dtype in dtypes]
    function = getattr(_functions, name)
    expected = as_tuple(function(*map(tl.asarray, arrays)))
    actual = as_tuple(function(*[tl.asarray(a, device=device) for a in arrays]))
    for one, other in zip(actual, expected, strict=True):
        assert one.dtype == other.dtype
        one, other = one.cpu().numpy(), other.numpy()
        if other.dtype.kind not in "fc":
            np.testing.assert_array_equal(one, other)
        else:
            error = ULPS[other.dtype.char] * np.finfo(other.dtype).eps
            np.testing.assert_allclose(one, other, rtol=error, atol=error / 16)


@pytest.mark.parametrize("name", ["add", "multiply", "less", "maximum", "absolute", "sign"])
@pytest.mark.parametrize("letter", "?ilBefdFD")
def test_hard_values(name, letter, device):
    op = getattr(ops, name)
    dtype = np.dtype(letter)
    if not any(inputs[0] == dtype for inputs, _ in op.loops.types()):
        return
    if name == "multiply" and dtype.kind == "c":
        return  # near the largest numbers the CPU's fused operations do not overflow where ours do
    rng = np.random.default_rng(1)
    arrays = [random_array(rng, dtype, (300,), hard=0.6) for _ in op.inputs]
    function = getattr(_functions, name)
    expected = function(*map(tl.asarray, arrays)).numpy()
    actual = function(*[tl.asarray(a, device=device) for a in arrays]).cpu().numpy()
    if name == "maximum":  # which zero is the larger one is left open
        actual, expected = actual + dtype.type(0), expected + dtype.type(0)
    if dtype.kind == "c" and name == "absolute":  # the CPU's loop fuses operations
        return np.testing.assert_allclose(actual, expected, rtol=4 * np.finfo(dtype).eps)
    np.testing.assert_array_equal(actual, expected)


# Of arrays (8, 8) and of tensors: views (4, 4).
VIEWS = {
    "corner": lambda a: a[:4, :4],
    "whole": lambda a: a.reshape(4, 4, 4)[0],
    "transposed": lambda a: a[2:6, 1:5].T,
    "strided": lambda a: a[::2, ::2],
    "backwards": lambda a: a[3::-1, 7:3:-1],
    "column": lambda a: a[::2, 3:4] + a[:1, :4] * 0,
}


@pytest.mark.parametrize("first", VIEWS)
@pytest.mark.parametrize("second", VIEWS)
def test_layouts(first, second, device):
    rng = np.random.default_rng(2)
    a, b = rng.standard_normal((2, 8, 8))
    x, y = tl.asarray(a, device=device), tl.asarray(b, device=device)
    result = VIEWS[first](x) - VIEWS[second](y)
    np.testing.assert_array_equal(result.cpu().numpy(), VIEWS[first](a) - VIEWS[second](b))
    np.testing.assert_array_equal(VIEWS[first](x).copy().cpu().numpy(), VIEWS[first](a))
    x[:4, :4] = VIEWS[second](y)
    a[:4, :4] = VIEWS[second](b)
    np.testing.assert_array_equal(x.cpu().numpy(), a)


@pytest.mark.parametrize("n", [0, 1, 3, 4, 5, 255, 256, 257, 1023, 1024, 1025, 5000])
@pytest.mark.parametrize("dtype", ["int8", "float32", "complex128"])
def test_sizes(n, dtype, device):
    x = (np.arange(n) % 100).astype(dtype)
    y = tl.asarray(x, device=device)
    np.testing.assert_array_equal((y + y).cpu().numpy(), x + x)
    # Not aligned to 16 bytes.
    np.testing.assert_array_equal((y[1:] + y[1:]).cpu().numpy(), x[1:] + x[1:])
    np.testing.assert_array_equal((y[::2] + y[::2]).cpu().numpy(), x[::2] + x[::2])


def test_broadcasting_and_scalars(device):
    rng = np.random.default_rng(3)
    a, b = rng.standard_normal((4, 1, 3)), rng.standard_normal((5, 1))
    x, y = tl.asarray(a, device=device), tl.asarray(b, device=device)
    np.testing.assert_array_equal((x * y).cpu().numpy(), a * b)
    np.testing.assert_array_equal((x * y[0]).cpu().numpy(), a * b[0])
    np.testing.assert_array_equal((2 - x).cpu().numpy(), 2 - a)
    np.testing.assert_array_equal((x * tl.asarray(3.0)).cpu().numpy(), a * 3.0)  # of the CPU
    assert (tl.ones(3, dtype="float32", device=device) * 2).dtype == np.float32
    assert (tl.ones(3, dtype="int8", device=device) + 1).dtype == np.int8
    with pytest.raises(OverflowError):
        tl.ones(3, dtype="int8", device=device) + 1000
    assert (tl.ones(3, dtype="uint8", device=device) < 300).cpu().tolist() == [True] * 3


def test_mixed_dtypes_and_out(device):
    a = np.arange(6, dtype=np.int32)
    b = np.linspace(0, 1, 6, dtype=np.float32)
    x, y = tl.asarray(a, device=device), tl.asarray(b, device=device)
    np.testing.assert_array_equal((x * y).cpu().numpy(), a * b)
    out = tl.zeros(6, dtype="float16", device=device)
    tl.multiply(y, y, out=out)
    np.testing.assert_array_equal(out.cpu().numpy(), (b * b).astype(np.float16))
    view = tl.zeros((6, 2), device=device)
    tl.add(x, y, out=view[:, 1])
    np.testing.assert_array_equal(view.cpu().numpy()[:, 1], a + b)
    y[1:] += y[:-1]  # overlapping operands
    np.testing.assert_array_equal(y.cpu().numpy()[1:], b[1:] + b[:-1])
    with pytest.raises(TypeError, match="add: cannot cast"):
        tl.add(y, y, out=x)
    with pytest.raises(tl.DeviceError, match="add: expected tensors on one device"):
        tl.add(y, y, out=tl.zeros(6))


def test_many_axes(device):
    shape = (2,) * 9
    a = np.arange(512.0).reshape(shape)
    x = tl.asarray(a, device=device)
    order = (8, 0, 7, 1, 6, 2, 5, 3, 4)
    np.testing.assert_array_equal((x.transpose(order) + x).cpu().numpy(), a.transpose(order) + a)


@pytest.mark.parametrize("dtype", ["bool", "float16", "float32", "int64", "complex128"])
def test_turned_copies(dtype, device):
    """Where the target's neighbours are far from each other in the source, and near ones there are
    along another axis."""
    rng = np.random.default_rng(1)
    for shape, axes in [
        ((33, 65), (1, 0)),
        ((16, 16), (1, 0)),
        ((1000, 17), (1, 0)),
        ((3, 40, 50), (0, 2, 1)),
        ((20, 3, 70), (2, 1, 0)),
        ((2, 17, 2, 3, 2, 2, 19), (6, 0, 5, 2, 4, 1, 3)),
    ]:
        a = (rng.random(shape) * 10).astype(dtype)
        x = tl.asarray(a, device=device)
        turned, expected = x.transpose(axes), a.transpose(axes)
        np.testing.assert_array_equal(turned.copy().cpu().numpy(), expected)
        np.testing.assert_array_equal(
            turned.astype("float64" if dtype != "complex128" else dtype, order="C").cpu().numpy(),
            expected.astype("float64" if dtype != "complex128" else dtype),
        )
    a = (rng.random((70, 41)) * 10).astype(dtype)
    x, y = tl.asarray(a, device=device), tl.zeros((50, 90), dtype=dtype, device=device)
    y[3:44, 7:77] = x.T
    y[::-1][5:46, 20:] = x[::-1].T
    expected = np.zeros((50, 90), dtype)
    expected[3:44, 7:77] = a.T
    expected[::-1][5:46, 20:] = a[::-1].T
    np.testing.assert_array_equal(y.cpu().numpy(), expected)


def test_two_outputs(device):
    a = np.array([-7.5, -0.25, 0.0, 3.75])
    x = tl.asarray(a, device=device)
    for name in ("modf", "frexp"):
        for one, other in zip(getattr(tl, name)(x), getattr(np, name)(a), strict=True):
            np.testing.assert_array_equal(one.cpu().numpy(), other)
    for one, other in zip(divmod(x, 2.0), divmod(a, 2.0), strict=True):
        np.testing.assert_array_equal(one.cpu().numpy(), other)


def test_mixed_devices_name_both(device):
    x = tl.ones((2, 3), device=device)
    text = rf"add: expected tensors on one device, got shape \(2, 3\) on {device}:0 and shape \(3,"
    with pytest.raises(tl.DeviceError, match=text + r"\) on cpu; use to\(\)"):
        x + tl.ones(3)
    with pytest.raises(ValueError):
        tl.ones(3) + x
