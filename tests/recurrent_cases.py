"""The ops of recurrent layers against NumPy, one sequence after another, in float64."""

import numpy as np
from hypothesis import strategies as st
from layouts import LAYOUTS, assert_close

import tensorlib as tl
from tensorlib._core._dispatch import apply, ops


def recurrent_problem(data, a, rng, gates):
    """Steps, the places of each sequence's elements in order, and a maker of operands."""
    batch = data.draw(st.sampled_from([1, 2, 5]))
    steps = data.draw(st.lists(st.integers(1, batch), max_size=7))
    sizes = (batch, *sorted(steps, reverse=True))
    if data.draw(st.booleans()):
        sizes = (batch,) * len(sizes)
    reverse, size = data.draw(st.booleans()), data.draw(st.sampled_from([1, 3, 16, 35]))
    firsts = np.cumsum((0, *sizes))
    places = [[firsts[t] + b for t, n in enumerate(sizes) if b < n] for b in range(batch)]
    layout = data.draw(st.sampled_from(LAYOUTS))

    def operand(*shape):
        return layout(rng.uniform(-1, 1, shape).astype(a.dtype))

    shapes = (sum(sizes), gates * size), (gates * size, size), (batch, size)
    return (sizes, reverse), [p[::-1] if reverse else p for p in places], operand, shapes


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def check_lstm(data, a, rng):
    params, places, operand, shapes = recurrent_problem(data, a, rng, 4)
    (rows, _), (_, size), _ = shapes
    inputs, weight, h, c = operands = [operand(*shapes[i]) for i in (0, 1, 2, 2)]
    g, g_cells, g_gates = gradients = [operand(rows, n * size) for n in (1, 1, 4)]
    some = [data.draw(st.booleans()) for _ in gradients]
    given = [x if keep else np.zeros(0, a.dtype) for x, keep in zip(gradients, some, strict=True)]
    g, g_cells, g_gates = (x.astype("d") * keep for x, keep in zip(gradients, some, strict=True))
    inputs, weight, h, c = (x.astype("d") for x in operands)
    output, cells, before = (np.zeros((rows, size)) for _ in range(3))
    gates, d_inputs = np.zeros((rows, 4 * size)), np.zeros((rows, 4 * size))
    d_h, d_c = np.zeros(h.shape), np.zeros(h.shape)
    for b, row in ((b, row) for b, path in enumerate(places) for row in path):
        i, f, z, o = np.split(inputs[row] + weight @ h[b], 4)
        i, f, z, o = gates[row].reshape(4, -1)[:] = sigmoid(i), sigmoid(f), np.tanh(z), sigmoid(o)
        before[row] = c[b]
        c[b] = cells[row] = f * c[b] + i * z
        h[b] = output[row] = o * np.tanh(c[b])
    for b, row in ((b, row) for b, path in enumerate(places) for row in path[::-1]):
        i, f, z, o = np.split(gates[row], 4)
        t = np.tanh(cells[row])
        d_h[b] += g[row]
        d_c[b] += g_cells[row] + d_h[b] * o * (1 - t * t)
        slopes = [i * (1 - i), f * (1 - f), 1 - z * z, o * (1 - o)]
        d = np.concatenate([d_c[b] * z, d_c[b] * before[row], d_c[b] * i, d_h[b] * t])
        d_inputs[row] = (d + g_gates[row]) * np.concatenate(slopes)
        d_h[b], d_c[b] = d_inputs[row] @ weight, d_c[b] * f
    found = apply(ops.lstm, tuple(map(tl.asarray, operands)), params)
    for actual, expected in zip(found, (output, cells, gates), strict=True):
        assert_close(actual, expected.astype(a.dtype), 100, scale=4)
    tensors = map(tl.asarray, (*given, operands[1], operands[3]))
    back = apply(ops.lstm_backward, (*tensors, found[1], found[2]), params)
    for actual, expected in zip(back, (d_inputs, d_h, d_c), strict=True):
        assert_close(actual, expected.astype(a.dtype), 200, scale=np.abs(expected).max() + 4)


def check_gru(data, a, rng):
    params, places, operand, shapes = recurrent_problem(data, a, rng, 3)
    (rows, _), (_, size), _ = shapes
    operands = [operand(*shape) for shape in (shapes[0], shapes[1], (3 * size,), shapes[2])]
    gradients = [operand(rows, n * size) for n in (1, 4)]
    some = [data.draw(st.booleans()) for _ in gradients]
    given = [x if keep else np.zeros(0, a.dtype) for x, keep in zip(gradients, some, strict=True)]
    g, g_gates = (x.astype("d") * keep for x, keep in zip(gradients, some, strict=True))
    inputs, weight, bias, h = (x.astype("d") for x in operands)
    output, before = np.zeros((rows, size)), np.zeros((rows, size))
    gates = np.zeros((rows, 4 * size))
    d_inputs, d_hidden, d_h = np.zeros(inputs.shape), np.zeros(inputs.shape), np.zeros(h.shape)
    for b, row in ((b, row) for b, path in enumerate(places) for row in path):
        hidden = weight @ h[b] + bias
        r, z = np.split(sigmoid(inputs[row] + hidden)[: 2 * size], 2)
        n = np.tanh(inputs[row, 2 * size :] + r * hidden[2 * size :])
        gates[row] = np.concatenate([r, z, n, hidden[2 * size :]])
        before[row] = h[b]
        h[b] = output[row] = (1 - z) * n + z * h[b]
    for b, row in ((b, row) for b, path in enumerate(places) for row in path[::-1]):
        r, z, n, hidden = np.split(gates[row], 4)
        g_r, g_z, g_n, g_hidden = np.split(g_gates[row], 4)
        d_h[b] += g[row]
        d_n = (d_h[b] * (1 - z) + g_n) * (1 - n * n)
        d_r = (d_n * hidden + g_r) * r * (1 - r)
        d_z = (d_h[b] * (before[row] - n) + g_z) * z * (1 - z)
        d_inputs[row] = np.concatenate([d_r, d_z, d_n])
        d_hidden[row] = np.concatenate([d_r, d_z, d_n * r + g_hidden])
        d_h[b] = d_h[b] * z + d_hidden[row] @ weight
    found = apply(ops.gru, tuple(map(tl.asarray, operands)), params)
    for actual, expected in zip(found, (output, gates), strict=True):
        assert_close(actual, expected.astype(a.dtype), 100, scale=4)
    tensors = map(tl.asarray, (*given, operands[1], operands[3]))
    back = apply(ops.gru_backward, (*tensors, *found), params)
    for actual, expected in zip(back, (d_inputs, d_hidden, d_h), strict=True):
        assert_close(actual, expected.astype(a.dtype), 200, scale=np.abs(expected).max() + 4)
