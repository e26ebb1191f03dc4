"""How a recurrent layer goes through a sequence, and one step of each kind.

Data has the rows of one step after another, and `sizes` the number of each step's, which does not
grow. LSTM and GRU have ops for a whole layer; plain ops take the steps of other layers, of
projections, and of dtypes that those ops do not have.
"""

import itertools
from functools import partial

import numpy as np

from tensorlib._core._autocast import following
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import tanh, zeros
from tensorlib._joining import concatenate
from tensorlib.autograd.rules.recurrent import parts, pieces, spans
from tensorlib.nn import functional

ACTIVATIONS = {"tanh": tanh, "relu": functional.relu}
COMPILED = (np.dtype("float32"), np.dtype("float64"))


def walk(mode, inputs, sizes, state, reverse, weight, bias, weight_hr):
    """A layer over time, in one direction.

    Parameters
    ----------
    mode : {"RNN_TANH", "RNN_RELU", "LSTM", "GRU"}
    inputs : Tensor
        What the input contributes to the gates.
    sizes : tuple of int
    state : tuple of Tensor
        The initial one.
    reverse : bool
        Whether the last step is taken first.
    weight, bias, weight_hr : Tensor or None
        What the state is multiplied with; the bias of that (of GRU; the others' is in `inputs`);
        the projection.

    Returns
    -------
    Tensor, tuple of Tensor
        The outputs, and the state after each sequence's last step.
    """
    if weight_hr is None and is_compiled(mode, inputs, weight, bias, *state):
        values = compiled(mode, inputs, sizes, state, reverse, weight, bias)
        return values[0], tuple([final(x, sizes, reverse) for x in values])
    weight = weight.T.copy()  # BLAS is slower on small products with a transpose
    if mode == "GRU":
        step = partial(gru_step, weight=weight, bias=bias)
    elif mode == "LSTM":
        projection = None if weight_hr is None else weight_hr.T
        step = partial(lstm_step, weight=weight, projection=projection)
    else:
        activation = ACTIVATIONS[mode.removeprefix("RNN_").lower()]
        step = partial(rnn_step, weight=weight, activation=activation)
    steps = backwards if reverse else forwards
    results, last = steps(pieces(inputs, sizes), sizes, state, step)
    return joined(results, 0), last


# by one op


def is_compiled(mode, *operands):
    """Whether there is an op for the mode and the dtype of all operands that there are."""
    dtypes = {x.dtype for x in operands if x is not None}
    return mode in ("LSTM", "GRU") and len(dtypes) == 1 and dtypes.pop() in COMPILED


def compiled(mode, inputs, sizes, state, reverse, weight, bias):
    """The state after each row: outputs, and the cells of LSTM."""
    sizes = tuple(sizes)
    if mode == "LSTM":
        return apply(ops.lstm, (inputs, weight, *state), (sizes, reverse))[:2]
    if bias is None:
        bias = zeros(len(weight), dtype=weight.dtype, device=weight.device)
    return apply(ops.gru, (inputs, weight, bias, *state), (sizes, reverse))[:1]


def final(values, sizes, reverse):
    """The rows of each sequence's last step."""
    batch = sizes[0]
    if len(sizes) == 1:
        return values
    if reverse:
        return values[:batch]
    if sizes[-1] == batch:
        return values[len(values) - batch :]
    places = np.empty(batch, np.intp)
    for first, size in spans(sizes, False):
        places[:size] = np.arange(first, first + size)
    return values[places]


# by steps


def rnn_step(inputs, state, weight, activation):
    """A step takes what the input contributes, the state, and the weights, transposed."""
    (h,) = state
    return (activation(inputs + h @ weight),)


def lstm_step(inputs, state, weight, projection=None):
    h, c = state
    i, f, g, o = parts(inputs + h @ weight, 4)
    sigmoid = functional.sigmoid
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    h = sigmoid(o) * tanh(c)
    return h if projection is None else h @ projection, c


def gru_step(inputs, state, weight, bias):
    (h,) = state
    hidden = h @ weight
    if bias is not None:
        hidden = hidden + following(bias, hidden)
    size = h.shape[-1]
    gates = functional.sigmoid(inputs[..., : 2 * size] + hidden[..., : 2 * size])
    r, z = parts(gates, 2)
    n = tanh(inputs[..., 2 * size :] + r * hidden[..., 2 * size :])
    return (n + z * (h - n),)


def forwards(inputs, sizes, state, step):
    """Outputs of all steps, and the state after each sequence's last one."""
    outputs, ended = [], []
    for x, size, before in zip(inputs, sizes, itertools.chain(sizes[:1], sizes), strict=False):
        if size < before:
            ended.append(tuple(s[size:] for s in state))
            state = tuple(s[:size] for s in state)
        state = step(x, state)
        outputs.append(state[0])
    ends = [state, *reversed(ended)]
    return outputs, tuple(joined(end, 0) for end in zip(*ends, strict=True))


def backwards(inputs, sizes, initial, step):
    """The same from the last step to the first, where sequences join."""
    outputs = []
    size = sizes[-1]
    state = tuple(s[:size] for s in initial)
    for x, now in zip(reversed(inputs), reversed(sizes), strict=True):
        if now > size:
            joining = (s[size:now] for s in initial)
            state = tuple(concatenate(pair) for pair in zip(state, joining, strict=True))
            size = now
        state = step(x, state)
        outputs.append(state[0])
    return outputs[::-1], state


def joined(tensors, axis):
    """The tensors side by side; the only one itself."""
    return tensors[0] if len(tensors) == 1 else concatenate(tensors, axis=axis)
