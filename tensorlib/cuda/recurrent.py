"""Recurrent layers over time, and their gradients: a product and a kernel for each step.

What the ops promise is in `_core._recurrent`. Rows are the elements of one step after another.
"""

import functools

from tensorlib._core._views import basic_index, transpose
from tensorlib.cuda._backend import compact, new, place, run, write
from tensorlib.cuda.common import blocks_for, kernel, type_name

# What the kernels are given behind the numbers of rows and columns: what they read, then what they
# write. "before" is the state before the step.
OPERANDS = {
    "lstm": ("inputs product before", "h output cells gates"),
    "lstm_backward": ("g g_cells g_gates gates cells before d_h", "d_c d_inputs"),
    "gru": ("inputs product bias before", "h output gates"),
    "gru_backward": ("g g_gates gates before", "d_h d_inputs d_hidden"),
    "add": ("product", "d_h"),
}


def lstm(inputs, weight, h, c, sizes, reverse):
    """The states of all steps, the cells, and the gates i, f, g, o."""
    op = "lstm"
    rows = check_sizes(sizes, h, op)
    n = h.shape[1]
    inputs = check(inputs, "inputs", (rows, 4 * n), h, op)
    weight = check(weight, "weight", (4 * n, n), h, op)
    c = check(c, "c", h.shape, h, op)
    output, cells, gates = [new((rows, k * n), h.dtype, h, op) for k in (1, 1, 4)]
    if output.size == 0:
        return output, cells, gates
    state, columns = copied(h, op), transpose(weight, (1, 0))
    for span, before in walk(sizes, reverse):
        product = run("matmul", (part(state, (0, span[1])), columns))
        results = [part(x, span) for x in (output, cells, gates)]
        known = previous(cells, c, before)
        launch(op, h, span, part(inputs, span), product, *known, state, *results)
    return output, cells, gates


def lstm_backward(g, g_cells, g_gates, weight, c, cells, gates, sizes, reverse):
    """The gradients of the inputs and of the initial state of `lstm`."""
    op = "lstm_backward"
    rows = check_sizes(sizes, c, op)
    n = c.shape[1]
    weight = check(weight, "weight", (4 * n, n), c, op)
    cells = check(cells, "cells", (rows, n), c, op)
    gates = check(gates, "gates", (rows, 4 * n), c, op)
    g = check_gradient(g, "a gradient", (rows, n), c, op)
    g_cells = check_gradient(g_cells, "a gradient of cells", (rows, n), c, op)
    g_gates = check_gradient(g_gates, "a gradient of gates", (rows, 4 * n), c, op)
    c = compact(c)
    d_inputs = new((rows, 4 * n), c.dtype, c, op)
    d_h, d_c = zeros_like(c, op), zeros_like(c, op)
    if d_inputs.size == 0:
        return d_inputs, d_h, d_c
    for span, before in reversed(list(walk(sizes, reverse))):
        found = part(d_inputs, span)
        given = [part(x, span) for x in (g, g_cells, g_gates, gates, cells)]
        launch(op, c, span, *given, *previous(cells, c, before), d_h, d_c, found)
        product = run("matmul", (found, weight))
        if span[1] == len(c):
            d_h = product
        else:
            write(part(d_h, (0, span[1])), product)
    return d_inputs, d_h, d_c


def gru(inputs, weight, bias, h, sizes, reverse):
    """The states of all steps and, side by side, the gates r, z, n and what the state contributes
    to n, with its bias."""
    op = "gru"
    rows = check_sizes(sizes, h, op)
    n = h.shape[1]
    inputs = check(inputs, "inputs", (rows, 3 * n), h, op)
    weight = check(weight, "weight", (3 * n, n), h, op)
    bias = check(bias, "bias", (3 * n,), h, op)
    h = compact(h)
    output, gates = [new((rows, k * n), h.dtype, h, op) for k in (1, 4)]
    if output.size == 0:
        return output, gates
    state, columns = copied(h, op), transpose(weight, (1, 0))
    for span, before in walk(sizes, reverse):
        product = run("matmul", (part(state, (0, span[1])), columns))
        results = [part(x, span) for x in (output, gates)]
        known = previous(output, h, before)
        launch(op, h, span, part(inputs, span), product, bias, *known, state, *results)
    return output, gates


def gru_backward(g, g_gates, weight, h, output, gates, sizes, reverse):
    """The gradients of the inputs, of what the state contributes, and of the initial state of
    `gru`."""
    op = "gru_backward"
    rows = check_sizes(sizes, h, op)
    n = h.shape[1]
    weight = check(weight, "weight", (3 * n, n), h, op)
    output = check(output, "output", (rows, n), h, op)
    gates = check(gates, "gates", (rows, 4 * n), h, op)
    g = check_gradient(g, "a gradient", (rows, n), h, op)
    g_gates = check_gradient(g_gates, "a gradient of gates", (rows, 4 * n), h, op)
    h = compact(h)
    d_inputs, d_hidden = [new((rows, 3 * n), h.dtype, h, op) for _ in range(2)]
    d_h = zeros_like(h, op)
    if d_inputs.size == 0:
        return d_inputs, d_hidden, d_h
    for span, before in reversed(list(walk(sizes, reverse))):
        given = [part(x, span) for x in (g, g_gates, gates)]
        found = part(d_inputs, span), part(d_hidden, span)
        launch(op, h, span, *given, *previous(output, h, before), d_h, *found)
        launch("add", h, span, run("matmul", (found[1], weight)), d_h)
    return d_inputs, d_hidden, d_h


# ------------------------------------------------------------------------------------------
# steps
# ------------------------------------------------------------------------------------------


def walk(sizes, reverse):
    """For each step, in the order in which a layer takes them, its span, which is its first row and
    the number of them; and that of the rows of the step before that go on in it."""
    spans, first = [], 0
    for rows in sizes:
        spans.append((first, rows))
        first += rows
    before = 0, 0
    for span in reversed(spans) if reverse else spans:
        if span[1] > 0:
            yield span, (before[0], min(before[1], span[1]))
        before = span


def part(x, span):
    """Some rows; None stays."""
    return None if x is None else basic_index(x, (slice(span[0], span[0] + span[1]),))


def previous(values, initial, span):
    """The state before a step, as kernels take it."""
    return part(values, span), initial, span[1]


def launch(name, like, span, *arguments):
    """Run a kernel for a step's elements."""
    n = like.shape[1]
    step_kernel(name, type_name(like.dtype))(
        name, place(like), blocks_for(span[1] * n), 256, span[1], n, *arguments
    )


@functools.cache
def step_kernel(name, real):
    """The kernel of a step, for a C++ type."""
    read, written = (names.split() for names in OPERANDS[name])
    parameters = ["int64_t rows", "int64_t n"]
    arguments = ["rows", "n"]
    for operand in read:
        if operand == "before":
            parameters += [f"const {real} *values", f"const {real} *initial", "int64_t known"]
            arguments.append(f"recurrent::Before<{real}>{{values, initial, known}}")
        else:
            parameters.append(f"const {real} *{operand}")
            arguments.append(operand)
    parameters += [f"{real} *{operand}" for operand in written]
    return kernel(
        "recurrent.cuh",
        name,
        ", ".join(parameters),
        f"recurrent::{name}<{real}>({', '.join(arguments + written)});",
    )


# ------------------------------------------------------------------------------------------
# operands
# ------------------------------------------------------------------------------------------


def check_sizes(sizes, h, op):
    """Check the sizes of steps for an initial state; their sum."""
    if h.dtype.name not in ("float32", "float64"):
        raise TypeError(f"{op}: expected dtype float32 or float64, got {h.dtype}")
    if h.ndim != 2:
        raise ValueError(f"{op}: expected h of shape (batch, size), got {h.shape}")
    if not sizes or sizes[0] != h.shape[0]:
        raise ValueError(
            f"{op}: expected as many rows in the first step as h has, got sizes {sizes} for shape "
            f"{h.shape}"
        )
    if sizes[-1] < 0 or any(a < b for a, b in zip(sizes, sizes[1:], strict=False)):
        raise ValueError(f"{op}: expected sizes that do not grow, got {sizes}")
    return sum(sizes)


def check(x, name, shape, h, op):
    """The operand in C order, if its shape and dtype are those that the state demands."""
    if x.shape != shape or x.dtype != h.dtype:
        raise ValueError(
            f"{op}: expected {name} of shape {shape} of {h.dtype} for h of shape {h.shape}, got "
            f"{x.shape} of {x.dtype}"
        )
    return compact(x)


def check_gradient(g, name, shape, h, op):
    """The same of a gradient, or None if none came."""
    return None if g.size == 0 and g.ndim == 1 else check(g, name, shape, h, op)


def zeros_like(x, op):
    zeros = new(x.shape, x.dtype, x, op)
    zeros.fill(0)
    return zeros


def copied(x, op):
    result = new(x.shape, x.dtype, x, op)
    write(result, x)
    return result


def sources():
    """The sources of all kernels of this module."""
    for name in OPERANDS:
        for real in ("float", "double"):
            yield step_kernel(name, real).source
