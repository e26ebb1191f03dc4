"""Attention on a GPU against that of the CPU."""

import numpy as np
import pytest

import tensorlib as tl
from tensorlib._core._dispatch import apply, ops
from tensorlib.nn import functional

TOLERANCE = {"float16": 2e-3, "bfloat16": 1.6e-2, "float32": 1e-5, "float64": 1e-12}
# Stack, queries, keys, width, width of values: around tiles, none, and more than registers hold.
SHAPES = [
    ((2, 3), 5, 7, 4, 6),
    ((2,), 65, 130, 33, 70),
    ((), 64, 64, 64, 64),
    ((1, 2), 3, 129, 8, 150),
    ((2, 0), 3, 4, 5, 6),
    ((2,), 0, 4, 5, 6),
    ((2,), 3, 0, 5, 6),
    ((2,), 3, 4, 0, 6),
    ((2,), 3, 4, 5, 0),
    ((1,) * 9 + (2,), 3, 4, 5, 6),
]


def numbers(shape, dtype, seed):
    return tl.asarray(np.random.default_rng(seed).standard_normal(shape)).astype(dtype)


def masks(stack, queries, keys, dtype):
    rng = np.random.default_rng(9)
    yield tl.zeros((), dtype=bool)
    yield tl.asarray(rng.random((queries, keys)) > 0.3)
    yield tl.zeros((1, keys), dtype=bool)
    yield numbers((*stack, queries, keys), dtype, 8)


def assert_close(results, expected, dtype):
    for x, y in zip(results, expected, strict=True):
        assert (x.shape, x.dtype) == (y.shape, y.dtype)
        x, y = (z.detach().cpu().astype("float64").numpy() for z in (x, y))
        largest = 1
        if dtype in ("float16", "bfloat16"):  # cuDNN rounds to 16 bits what it multiplies
            largest = np.abs(y[np.isfinite(y)]).max(initial=1)
        error = TOLERANCE[dtype]
        np.testing.assert_allclose(x, y, rtol=error, atol=error * largest)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_as_on_the_cpu(shape, causal, dtype, device):
    stack, queries, keys, width, value_width = shape
    for mask in masks(stack, queries, keys, dtype):
        operands = [
            numbers((*stack, queries, width), dtype, 1),
            numbers((*stack, keys, width), dtype, 2),
            numbers((*stack, keys, value_width), dtype, 3),
            mask,
        ]
        moved = [x.to(device) for x in operands]
        found = apply(ops.attention, tuple(moved), (causal, 0.3))
        expected = apply(ops.attention, tuple(operands), (causal, 0.3))
        assert_close(found, expected, dtype)
        # Of the same results: what differs by a rounding there may differ by more here.
        g, (out, logsumexp) = numbers((*stack, queries, value_width), dtype, 4), expected
        inputs = g, out, *operands, logsumexp
        expected = apply(ops.attention_backward, inputs, (causal, 0.3))
        found = apply(ops.attention_backward, tuple(x.to(device) for x in inputs), (causal, 0.3))
        assert_close(found, expected, dtype)


def test_operands_of_any_strides(device):
    mask = tl.asarray([[True, False, True] * 3])
    results = []
    for place in ("cpu", device):
        operands = [numbers((2, 9, 3, 8), "float32", k).to(place) for k in range(3)]
        query, key, value = (x.transpose((0, 2, 1, 3))[:, ::-1] for x in operands)
        value = value.swapaxes(2, 3).copy().swapaxes(2, 3)
        seen = mask.to(place)[:, ::-1]
        results.append(functional.scaled_dot_product_attention(query, key, value, seen))
    assert_close(results[1:], results[:1], "float32")


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_gradients(dtype, device):
    results = []
    for place in ("cpu", device):
        operands = [numbers((2, 5, 4), dtype, k).to(place).requires_grad_() for k in range(3)]
        out = functional.scaled_dot_product_attention(*operands, is_causal=True)
        (out.astype("float32" if dtype == "float16" else dtype) ** 2).sum().backward()
        results.append([out, *[x.grad for x in operands]])
    assert_close(results[1], results[0], dtype)


def test_the_same_bits_again(device):
    operands = [numbers((2, 70, 16), "float32", k).to(device).requires_grad_() for k in range(3)]
    gradients = []
    for _ in range(2):
        out = functional.scaled_dot_product_attention(*operands, is_causal=True)
        gradients.append(tl.autograd.grad((out * out).sum(), operands))
    for x, y in zip(*gradients, strict=True):
        np.testing.assert_array_equal(x.cpu().numpy(), y.cpu().numpy())


def test_what_is_not_a_number_stays_in_its_row(device):
    query, key, value = (numbers((66, 4), "float32", k) for k in range(3))
    query[3, 1] = np.nan
    key[65, 2] = np.inf
    operands = query, key, value, tl.zeros((), dtype=bool)
    expected = apply(ops.attention, operands, (True, 0.5))
    found = apply(ops.attention, tuple(x.to(device) for x in operands), (True, 0.5))
    assert_close(found, expected, "float32")


REFUSED = [
    (lambda x: (x, x[0], x, x[0, 0, 0] > 9), ValueError),
    (lambda x: (x, x, x.astype("float32"), x[0, 0, 0] > 9), TypeError),
    (lambda x: (x, x, x, tl.ones((5, 5), dtype=bool, device=x.device)), ValueError),
    (lambda x: (x, x, x, x[0].astype("float32")), TypeError),
    (lambda x: (x, x[..., :2], x, x[0, 0, 0] > 9), ValueError),
    (lambda x: (x, x, x[:, :2], x[0, 0, 0] > 9), ValueError),
    (lambda x: (*[x.astype("int32")] * 3, x[0, 0, 0] > 9), TypeError),
    (lambda x: (*[x.astype("float16")] * 3, x[0]), TypeError),
]


@pytest.mark.parametrize(("operands", "error"), REFUSED)
def test_errors_are_those_of_the_cpu(operands, error, device):
    texts = []
    for place in ("cpu", device):
        with pytest.raises(error) as caught:
            apply(ops.attention, operands(tl.ones((2, 3, 4), device=place)), (False, 1.0))
        texts.append(str(caught.value))
    assert texts[0] == texts[1]
