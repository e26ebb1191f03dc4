"""The rules of recurrent layers, and the same in ops that are differentiated again.

The ops go back through the steps in one pass each. Where the walk itself is recorded or
transformed, the steps are taken in plain ops.
"""

import numpy as np

from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import matmul, tanh, zeros, zeros_like
from tensorlib._core._recorder import watched
from tensorlib._core._tape import is_grad_enabled
from tensorlib._joining import concatenate
from tensorlib.autograd.rules._register import not_differentiable, rule


def spans(sizes, reverse):
    """First row and number of rows of each step, in the order in which a layer takes them."""
    ends = np.cumsum(sizes).tolist()
    found = [(end - size, size) for end, size in zip(ends, sizes, strict=True)]
    return found[::-1] if reverse else found


def previous(initial, values, sizes, reverse):
    """What the state was before each row, from what it was after each."""
    batch = sizes[0]
    if len(sizes) == 1:
        return initial
    if sizes[-1] == batch:
        parts = (values[batch:], initial) if reverse else (initial, values[:-batch])
        return concatenate(parts, axis=0) if batch else values
    state, places = np.arange(batch), np.empty(sum(sizes), np.intp)
    for first, size in spans(sizes, reverse):
        places[first : first + size] = state[:size]
        state[:size] = np.arange(batch + first, batch + first + size)
    return concatenate((initial, values), axis=0)[places]


def pieces(x, sizes):
    """Consecutive rows of x, by halves: the gradient of a slice is as large as what it is cut from.

    In time and memory that is T log T instead of T squared.
    """
    if len(sizes) == 1:
        return [x]
    half = len(sizes) // 2
    rows = sum(sizes[:half])
    return pieces(x[:rows], sizes[:half]) + pieces(x[rows:], sizes[half:])


def parts(x, count):
    """The last axis in equal parts."""
    size = x.shape[-1] // count
    return [x[..., k * size : (k + 1) * size] for k in range(count)]


def plus(x, more):
    """A gradient and another one, if that came."""
    return x if more is None else x + more


def steps_of(sizes, *tensors):
    """For each step the rows of each tensor, in the order of time; None stays."""
    found = [[None] * len(sizes) if x is None else pieces(x, sizes) for x in tensors]
    return list(zip(*found, strict=True))


def with_rows(state, rows):
    """The state with other first rows."""
    size = len(rows)
    return rows if size == len(state) else concatenate((rows, state[size:]), axis=0)


def order(sizes, reverse):
    """The numbers of the steps from the last one taken to the first."""
    return range(len(sizes)) if reverse else range(len(sizes) - 1, -1, -1)


def or_empty(gradients, like):
    """The gradients as the ops take them."""
    return [zeros(0, dtype=like.dtype, device=like.device) if g is None else g for g in gradients]


# long short-term memory


def lstm_rule(g, weight, h, c, out0, out1, out2, sizes, reverse, wanted):
    if is_grad_enabled() or watched():
        d_inputs, d_h, d_c = lstm_by_steps(g, weight, c, out1, out2, sizes, reverse)
    else:
        inputs = *or_empty(g, c), weight, c, out1, out2
        d_inputs, d_h, d_c = apply(ops.lstm_backward, inputs, (sizes, reverse))
    d_weight = None
    if wanted[1]:
        d_weight = matmul(d_inputs.T, previous(h, out0, sizes, reverse))
    return d_inputs, d_weight, d_h, d_c


def lstm_by_steps(g, weight, c, cells, gates, sizes, reverse):
    """The gradients of inputs and state in plain ops."""
    g, g_cells, g_gates = g
    i, f, z, o = parts(gates, 4)
    t = tanh(cells)
    slopes = i * (1 - i), f * (1 - f), 1 - z * z, o * (1 - o)
    by_cell = z * slopes[0], previous(c, cells, sizes, reverse) * slopes[1], i * slopes[2]
    if g_gates is not None:
        g_gates = g_gates * concatenate(slopes, axis=1)
    steps = steps_of(sizes, g, g_cells, g_gates, o * (1 - t * t), t * slopes[3], f, *by_cell)
    d_h, d_c = zeros_like(c), zeros_like(c)
    found = [None] * len(sizes)
    for k in order(sizes, reverse):
        g, g_cells, g_gates, cell_by_state, by_state, f, *by_cell = steps[k]
        d_state = plus(d_h[: sizes[k]], g)
        d_cell = plus(d_c[: sizes[k]] + d_state * cell_by_state, g_cells)
        d_gates = [d_cell * x for x in by_cell] + [d_state * by_state]
        found[k] = plus(concatenate(d_gates, axis=1), g_gates)
        d_h = with_rows(d_h, matmul(found[k], weight))
        d_c = with_rows(d_c, d_cell * f)
    return concatenate(found, axis=0), d_h, d_c


# gated units


def gru_rule(g, weight, h, out0, out1, sizes, reverse, wanted):
    if is_grad_enabled() or watched():
        d_inputs, d_hidden, d_h = gru_by_steps(g, weight, h, out0, out1, sizes, reverse)
    else:
        inputs = *or_empty(g, h), weight, h, out0, out1
        d_inputs, d_hidden, d_h = apply(ops.gru_backward, inputs, (sizes, reverse))
    d_weight = None
    if wanted[1]:
        d_weight = matmul(d_hidden.T, previous(h, out0, sizes, reverse))
    return d_inputs, d_weight, d_hidden.sum(axis=0) if wanted[2] else None, d_h


def gru_by_steps(g, weight, h, output, gates, sizes, reverse):
    """The gradients of inputs, of what the state contributes, and of the state in plain ops."""
    g, g_gates = g
    r, z, candidate, hidden = parts(gates, 4)
    by_z = previous(h, output, sizes, reverse) - candidate
    slopes = r * (1 - r), z * (1 - z), 1 - candidate * candidate
    steps = steps_of(sizes, g, g_gates, r, z, hidden, by_z, *slopes)
    d_h = zeros_like(h)
    found = [None] * len(sizes)
    for k in order(sizes, reverse):
        g, g_gates, r, z, hidden, by_z, slope_r, slope_z, slope_n = steps[k]
        more = [None] * 4 if g_gates is None else parts(g_gates, 4)
        d_state = plus(d_h[: sizes[k]], g)
        d_n = plus(d_state * (1 - z), more[2]) * slope_n
        d_r = plus(d_n * hidden, more[0]) * slope_r
        d_z = plus(d_state * by_z, more[1]) * slope_z
        d_hidden = concatenate((d_r, d_z, plus(d_n * r, more[3])), axis=1)
        found[k] = concatenate((d_r, d_z, d_n), axis=1), d_hidden
        d_h = with_rows(d_h, d_state * z + matmul(d_hidden, weight))
    return *(concatenate(x, axis=0) for x in zip(*found, strict=True)), d_h


rule("lstm", variadic=lstm_rule, materialize=False)
rule("gru", variadic=gru_rule, materialize=False)
# As a walk that is recorded does not call them.
not_differentiable("lstm_backward", "gru_backward")
