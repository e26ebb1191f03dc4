"""Recurrent cells: one step of a recurrent layer."""

import math

from tensorlib._core._functions import empty, zeros
from tensorlib.nn import functional, init
from tensorlib.nn._arguments import int_tuple
from tensorlib.nn._recurrent_walks import ACTIVATIONS, walk
from tensorlib.nn.module import Module
from tensorlib.nn.parameter import Parameter


def check_nonlinearity(operation, nonlinearity):
    """Refuse what is no activation of a plain recurrent layer."""
    if nonlinearity not in ACTIVATIONS:
        raise ValueError(
            f"{operation}: expected nonlinearity 'tanh' or 'relu', got {nonlinearity!r}"
        )


class RNNCellBase(Module):
    """What the cells share: their weights, and the check of their arguments.

    Parameters
    ----------
    input_size, hidden_size : int
    bias : bool
    num_chunks : int
        Gates.
    dtype : dtype, optional

    Raises
    ------
    TypeError
        If a size is no int.
    ValueError
        If a size is negative.

    Examples
    --------
    >>> from tensorlib import nn
    >>> cell = nn.RNNCellBase(3, 4, bias=True, num_chunks=2)
    >>> {name: x.shape for name, x in cell.named_parameters()}
    {'weight_ih': (8, 3), 'weight_hh': (8, 4), 'bias_ih': (8,), 'bias_hh': (8,)}
    """

    def __init__(self, input_size, hidden_size, bias, num_chunks, dtype="float32"):
        super().__init__()
        name = type(self).__name__
        (self.input_size,) = int_tuple(name, "input_size", input_size, 1, 0)
        (self.hidden_size,) = int_tuple(name, "hidden_size", hidden_size, 1, 0)
        self.bias = bias
        rows = num_chunks * hidden_size
        self.weight_ih = Parameter(empty((rows, input_size), dtype=dtype))
        self.weight_hh = Parameter(empty((rows, hidden_size), dtype=dtype))
        self.bias_ih = Parameter(empty(rows, dtype=dtype)) if bias else None
        self.bias_hh = Parameter(empty(rows, dtype=dtype)) if bias else None
        self.reset_parameters()

    def reset_parameters(self):
        """Draw the parameters anew, uniformly from ``[-k, k)`` with ``k = 1 / sqrt(hidden)``."""
        bound = 1 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def _state(self, input, hx, count):
        """The state as a tuple of `count` Tensors: as given, or zeros."""
        name = type(self).__name__
        if input.ndim not in (1, 2) or input.shape[-1] != self.input_size:
            raise ValueError(
                f"{name}: expected input of shape (batch, {self.input_size}) or "
                f"({self.input_size},), got {input.shape}"
            )
        shape = (*input.shape[:-1], self.hidden_size)
        if hx is None:
            return (zeros(shape, dtype=input.dtype, device=input.device),) * count
        state = (hx,) if count == 1 else tuple(hx)
        if len(state) != count or any(x.shape != shape for x in state):
            shapes = " and ".join(str(x.shape) for x in state)
            raise ValueError(
                f"{name}: expected {count} state(s) of shape {shape} for input of shape "
                f"{input.shape}, got {shapes}"
            )
        return state

    def _from_input(self, input, with_hidden_bias=True):
        """What the input contributes, with the biases."""
        bias = self.bias_ih
        if bias is not None and with_hidden_bias:
            bias = bias + self.bias_hh
        return functional.linear(input, self.weight_ih, bias)

    def _step(self, mode, input, state):
        """The new state: a layer of one step."""
        inputs = self._from_input(input, with_hidden_bias=mode != "GRU")
        if input.ndim == 1:
            inputs, *state = [x[None] for x in (inputs, *state)]
        bias = self.bias_hh if mode == "GRU" else None
        _, state = walk(mode, inputs, (len(inputs),), state, False, self.weight_hh, bias, None)
        return state if input.ndim == 2 else tuple([x[0] for x in state])

    def extra_repr(self):
        text = f"{self.input_size}, {self.hidden_size}"
        return text if self.bias else f"{text}, bias={self.bias}"


class RNNCell(RNNCellBase):
    """One step of a plain recurrent layer: ``h = tanh(W_ih x + b_ih + W_hh h + b_hh)``.

    Parameters
    ----------
    input_size, hidden_size : int
    bias : bool, optional
    nonlinearity : {"tanh", "relu"}, optional
    dtype : dtype, optional
        Of the parameters, float32 by default.

    Attributes
    ----------
    weight_ih : Parameter, shape (hidden_size, input_size)
    weight_hh : Parameter, shape (hidden_size, hidden_size)
    bias_ih, bias_hh : Parameter, shape (hidden_size,), or None

    Raises
    ------
    TypeError
        If a size is no int.
    ValueError
        If a size is negative, or `nonlinearity` is another one; when called, if the shapes of
        ``input`` (batch, input_size) and ``hx`` (batch, hidden_size) do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> cell = nn.RNNCell(3, 4)
    >>> cell(tl.ones((2, 3), dtype="float32")).shape
    (2, 4)
    """

    def __init__(self, input_size, hidden_size, bias=True, nonlinearity="tanh", dtype="float32"):
        check_nonlinearity("RNNCell", nonlinearity)
        super().__init__(input_size, hidden_size, bias, 1, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input, hx=None):
        state = self._state(input, hx, 1)
        return self._step(f"RNN_{self.nonlinearity.upper()}", input, state)[0]

    def extra_repr(self):
        text = super().extra_repr()
        return text if self.nonlinearity == "tanh" else f"{text}, nonlinearity={self.nonlinearity}"


class LSTMCell(RNNCellBase):
    """One step of a long short-term memory (Hochreiter and Schmidhuber, 1997).

    With ``i, f, g, o`` the parts of ``W_ih x + b_ih + W_hh h + b_hh``, the new state is
    ``c = sigmoid(f) * c + sigmoid(i) * tanh(g)`` and ``h = sigmoid(o) * tanh(c)``.

    Parameters
    ----------
    input_size, hidden_size : int
    bias : bool, optional
    dtype : dtype, optional
        Of the parameters, float32 by default.

    Attributes
    ----------
    weight_ih : Parameter, shape (4 * hidden_size, input_size)
    weight_hh : Parameter, shape (4 * hidden_size, hidden_size)
    bias_ih, bias_hh : Parameter, shape (4 * hidden_size,), or None

    Raises
    ------
    TypeError
        If a size is no int.
    ValueError
        If a size is negative; when called, if the shapes of ``input`` (batch, input_size) and of
        the two in ``hx`` (batch, hidden_size) do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> h, c = nn.LSTMCell(3, 4)(tl.ones((2, 3), dtype="float32"))
    >>> h.shape, c.shape
    ((2, 4), (2, 4))
    """

    def __init__(self, input_size, hidden_size, bias=True, dtype="float32"):
        super().__init__(input_size, hidden_size, bias, 4, dtype)

    def forward(self, input, hx=None):
        state = self._state(input, hx, 2)
        return self._step("LSTM", input, state)


class GRUCell(RNNCellBase):
    """One step of a gated recurrent unit (Cho et al., 2014, arXiv:1406.1078).

    With ``r, z`` the sigmoids of the first two parts of ``W_ih x + b_ih + W_hh h + b_hh`` and
    ``n = tanh(W_in x + b_in + r * (W_hn h + b_hn))`` of the third ones, the new state is
    ``(1 - z) * n + z * h``.

    Parameters
    ----------
    input_size, hidden_size : int
    bias : bool, optional
    dtype : dtype, optional
        Of the parameters, float32 by default.

    Attributes
    ----------
    weight_ih : Parameter, shape (3 * hidden_size, input_size)
    weight_hh : Parameter, shape (3 * hidden_size, hidden_size)
    bias_ih, bias_hh : Parameter, shape (3 * hidden_size,), or None

    Raises
    ------
    TypeError
        If a size is no int.
    ValueError
        If a size is negative; when called, if the shapes of ``input`` (batch, input_size) and
        ``hx`` (batch, hidden_size) do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.GRUCell(3, 4)(tl.ones((2, 3), dtype="float32")).shape
    (2, 4)
    """

    def __init__(self, input_size, hidden_size, bias=True, dtype="float32"):
        super().__init__(input_size, hidden_size, bias, 3, dtype)

    def forward(self, input, hx=None):
        state = self._state(input, hx, 1)
        return self._step("GRU", input, state)[0]
