"""Recurrent layers on a GPU against those of the CPU."""

import numpy as np
import pytest

import tensorlib as tl
from tensorlib import nn
from tensorlib._core._dispatch import apply, ops

TOLERANCE = {"float32": 1e-5, "float64": 1e-12}
SIZES = [(3, 3, 3), (4, 3, 3, 1), (2,), (3, 1, 0), (0,), (300, 7)]


def numbers(shape, dtype, seed):
    return tl.asarray(np.random.default_rng(seed).standard_normal(shape)).astype(dtype)


def assert_close(results, expected, dtype):
    for x, y in zip(results, expected, strict=True):
        assert (x.shape, x.dtype) == (y.shape, y.dtype)
        np.testing.assert_allclose(
            x.detach().cpu().numpy(), y.detach().numpy(), rtol=1e-4, atol=TOLERANCE[dtype]
        )


def compared(name, inputs, params, device):
    """The CPU's results, after those of the device were found to be the same."""
    expected = apply(getattr(ops, name), tuple(inputs), params)
    found = apply(getattr(ops, name), tuple(x.to(device) for x in inputs), params)
    assert_close(found, expected, inputs[-1].dtype.name)
    return expected


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("n", [1, 33])
@pytest.mark.parametrize("sizes", SIZES)
def test_lstm(sizes, n, reverse, dtype, device):
    rows, batch, none = sum(sizes), sizes[0], tl.zeros(0, dtype=dtype)
    inputs, weight = numbers((rows, 4 * n), dtype, 1), numbers((4 * n, n), dtype, 2) / n
    h, c = numbers((batch, n), dtype, 3), numbers((batch, n), dtype, 4)
    _, *saved = compared("lstm", (inputs, weight, h, c), (sizes, reverse), device)
    g, g_cells = numbers((rows, n), dtype, 5), numbers((rows, n), dtype, 6)
    for gradients in ((g, none, none), (g, g_cells, numbers((rows, 4 * n), dtype, 7))):
        given = *gradients, weight, c, *saved
        compared("lstm_backward", given, (sizes, reverse), device)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("n", [1, 33])
@pytest.mark.parametrize("sizes", SIZES)
def test_gru(sizes, n, reverse, dtype, device):
    rows, batch, none = sum(sizes), sizes[0], tl.zeros(0, dtype=dtype)
    inputs, weight = numbers((rows, 3 * n), dtype, 1), numbers((3 * n, n), dtype, 2) / n
    bias, h = numbers(3 * n, dtype, 3), numbers((batch, n), dtype, 4)
    saved = compared("gru", (inputs, weight, bias, h), (sizes, reverse), device)
    g = numbers((rows, n), dtype, 5)
    for gradients in ((g, none), (none, numbers((rows, 4 * n), dtype, 6))):
        compared("gru_backward", (*gradients, weight, h, *saved), (sizes, reverse), device)


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_layers_of_packed_sequences(kind, device):
    results = []
    for place in ("cpu", device):
        tl.manual_seed(0)
        layer = getattr(nn, kind)(3, 4, 2, bidirectional=True, dtype="float64").to(place)
        x = numbers((5, 3, 3), "float64", 1).to(place).requires_grad_()
        packed = nn.utils.rnn.pack_padded_sequence(x, tl.asarray([5, 2, 3]), enforce_sorted=False)
        output, _ = layer(packed)
        output, _ = nn.utils.rnn.pad_packed_sequence(output)
        (output**2).sum().backward()
        results.append([output, x.grad, *[p.grad for p in layer.parameters()]])
    assert_close(results[1], results[0], "float64")


REFUSED = [
    ({}, (2, 4), ValueError),
    ({}, (3, 4), ValueError),
    ({}, (3, -1), ValueError),
    ({"h": lambda h: h[0]}, (3, 3), ValueError),
    ({"h": lambda h: h.astype("float16")}, (3, 3), TypeError),
    ({"c": lambda c: c[:2]}, (3, 3), ValueError),
    ({"inputs": lambda x: x[:5]}, (3, 3), ValueError),
]


@pytest.mark.parametrize(("changes", "sizes", "error"), REFUSED)
def test_errors_are_those_of_the_cpu(changes, sizes, error, device):
    texts = []
    for place in ("cpu", device):
        shapes = {"inputs": (6, 16), "weight": (16, 4), "h": (3, 4), "c": (3, 4)}
        operands = {name: tl.ones(shape, device=place) for name, shape in shapes.items()}
        operands |= {name: change(operands[name]) for name, change in changes.items()}
        with pytest.raises(error) as caught:
            apply(ops.lstm, tuple(operands.values()), (sizes, False))
        texts.append(str(caught.value))
    assert texts[0] == texts[1]
