"""Recurrent layers: plain, long short-term memory, gated."""

import math
import warnings

from tensorlib._core._autocast import following
from tensorlib._core._functions import empty, zeros
from tensorlib._joining import stack
from tensorlib._manipulation import swapaxes
from tensorlib.nn import functional, init
from tensorlib.nn._arguments import check_probability, int_tuple
from tensorlib.nn._recurrent_walks import joined, walk
from tensorlib.nn.module import Module
from tensorlib.nn.parameter import Parameter
from tensorlib.nn.recurrent_cells import check_nonlinearity
from tensorlib.nn.utils.rnn import PackedSequence

GATES = {"RNN_TANH": 1, "RNN_RELU": 1, "LSTM": 4, "GRU": 3}
WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")


class RNNBase(Module):
    """What the recurrent layers share.

    Parameters
    ----------
    mode : {"RNN_TANH", "RNN_RELU", "LSTM", "GRU"}
    input_size, hidden_size : int
    num_layers : int, optional
    bias, batch_first : bool, optional
    dropout : float, optional
    bidirectional : bool, optional
    proj_size : int, optional
    dtype : dtype, optional
        Of the parameters, float32 by default.

    Raises
    ------
    TypeError
        If a number is no int, or a flag no bool.
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> from tensorlib import nn
    >>> layer = nn.RNNBase("GRU", 3, 4, bias=False)
    >>> {name: x.shape for name, x in layer.named_parameters()}
    {'weight_ih_l0': (12, 3), 'weight_hh_l0': (12, 4)}
    """

    def __init__(
        self,
        mode,
        input_size,
        hidden_size,
        num_layers=1,
        bias=True,
        batch_first=False,
        dropout=0.0,
        bidirectional=False,
        proj_size=0,
        dtype="float32",
    ):
        super().__init__()
        name = type(self).__name__
        if mode not in GATES:
            raise ValueError(f"{name}: expected mode to be one of {', '.join(GATES)}, got {mode!r}")
        (input_size,) = int_tuple(name, "input_size", input_size, 1, 1)
        (hidden_size,) = int_tuple(name, "hidden_size", hidden_size, 1, 1)
        (num_layers,) = int_tuple(name, "num_layers", num_layers, 1, 1)
        (proj_size,) = int_tuple(name, "proj_size", proj_size, 1, 0)
        for option, flag in (("bias", bias), ("batch_first", batch_first)):
            if not isinstance(flag, bool):
                raise TypeError(f"{name}: expected {option} to be a bool, got {flag!r}")
        if proj_size >= hidden_size:
            raise ValueError(
                f"{name}: expected proj_size less than hidden_size {hidden_size}, got {proj_size}"
            )
        if proj_size and mode != "LSTM":
            raise ValueError(f"{name}: expected proj_size 0 but for LSTM, got {proj_size}")
        check_probability(name, dropout)
        if dropout and num_layers == 1:
            warnings.warn(
                f"{name}: dropout is between layers, and there is one only (dropout={dropout})",
                stacklevel=3,
            )
        self.mode, self.input_size, self.hidden_size = mode, input_size, hidden_size
        self.num_layers, self.bias, self.batch_first = num_layers, bias, batch_first
        self.dropout, self.bidirectional, self.proj_size = dropout, bidirectional, proj_size
        rows, size = GATES[mode] * hidden_size, proj_size or hidden_size
        for layer, suffix in self._passes():
            columns = size * self._directions if layer else input_size
            shapes = {"weight_ih": (rows, columns), "weight_hh": (rows, size)}
            if bias:
                shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
            if proj_size:
                shapes["weight_hr"] = (proj_size, hidden_size)
            for key, shape in shapes.items():
                setattr(self, key + suffix, Parameter(empty(shape, dtype=dtype)))
        self.reset_parameters()

    @property
    def _directions(self):
        return 2 if self.bidirectional else 1

    def _passes(self):
        """Each pass over the sequence: its layer, and how the names of its parameters end."""
        for layer in range(self.num_layers):
            for direction in ("", "_reverse")[: self._directions]:
                yield layer, f"_l{layer}{direction}"

    def reset_parameters(self):
        """Draw the parameters anew, uniformly from ``[-k, k)`` with ``k = 1 / sqrt(hidden)``."""
        bound = 1 / math.sqrt(self.hidden_size)
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def flatten_parameters(self):
        """Do nothing: there is no other layout in which the weights would be read faster."""

    @property
    def all_weights(self):
        """list of list of Parameter: those of each layer and direction."""
        return [
            [getattr(self, name + suffix) for name in WEIGHTS if hasattr(self, name + suffix)]
            for _, suffix in self._passes()
        ]

    def forward(self, input, hx=None):
        if isinstance(input, PackedSequence):
            return self._packed(input, hx)
        name = type(self).__name__
        if input.ndim not in (2, 3) or input.shape[-1] != self.input_size:
            axes = "batch, time" if self.batch_first else "time, batch"
            raise ValueError(
                f"{name}: expected input of shape ({axes}, {self.input_size}) or "
                f"(time, {self.input_size}), got {input.shape}"
            )
        batched = input.ndim == 3
        x = input if batched else input[:, None]
        if batched and self.batch_first:
            x = swapaxes(x, 0, 1)
        time, batch = x.shape[:2]
        if time == 0:
            raise ValueError(f"{name}: expected at least one step, got shape {input.shape}")
        state = self._state(hx, batch, x, batched)
        output, state = self._layers(
            x.reshape(time * batch, self.input_size), [batch] * time, state
        )
        output = output.reshape(time, batch, output.shape[-1])
        if not batched:
            output, state = output[:, 0], tuple(x[:, 0] for x in state)
        elif self.batch_first:
            output = swapaxes(output, 0, 1)
        return output, self._result(state)

    def _packed(self, input, hx):
        data, batch_sizes, order, inverse = input
        if data.ndim != 2 or data.shape[-1] != self.input_size:
            raise ValueError(
                f"{type(self).__name__}: expected packed data of shape (elements, "
                f"{self.input_size}), got {data.shape}"
            )
        sizes = batch_sizes.tolist()
        state = self._state(hx, sizes[0], data, True)
        if order is not None:
            state = tuple(x[:, order] for x in state)
        output, state = self._layers(data, sizes, state)
        if inverse is not None:
            state = tuple(x[:, inverse] for x in state)
        return PackedSequence(output, batch_sizes, order, inverse), self._result(state)

    def _result(self, state):
        return state if self.mode == "LSTM" else state[0]

    def _state(self, hx, batch, input, batched):
        """The initial state as a tuple of Tensors of three axes: as given, or zeros."""
        passes = self.num_layers * self._directions
        sizes = (self.proj_size or self.hidden_size, self.hidden_size)
        shapes = [(passes, batch, size) for size in sizes][: 2 if self.mode == "LSTM" else 1]
        if hx is None:
            given = {"dtype": input.dtype, "device": input.device}
            return tuple(zeros(shape, **given) for shape in shapes)
        state = tuple(hx) if self.mode == "LSTM" else (hx,)
        expected = shapes if batched else [(shape[0], shape[2]) for shape in shapes]
        if [x.shape for x in state] != expected:
            wanted = " and ".join(map(str, expected))
            got = " and ".join(str(x.shape) for x in state)
            raise ValueError(f"{type(self).__name__}: expected hx of shape {wanted}, got {got}")
        return state if batched else tuple(x[:, None] for x in state)

    def _layers(self, data, sizes, state):
        """All layers on data whose rows are the elements of one step after another."""
        finals = []
        outputs = []
        initial = list(zip(*(list(x) for x in state), strict=True))
        for number, (_, suffix) in enumerate(self._passes()):
            if number and number % self._directions == 0:  # a layer is done
                data, outputs = joined(outputs, -1), []
                if self.dropout and self.training:
                    data = functional.dropout(data, self.dropout)
            output, final = self._pass(data, sizes, initial[number], suffix)
            outputs.append(output)
            finals.append(final)
        return joined(outputs, -1), tuple(map(stack, zip(*finals, strict=True)))

    def _pass(self, data, sizes, state, suffix):
        """One layer in one direction; the products with all of its input are one."""
        weight_ih, weight_hh, bias_ih, bias_hh, weight_hr = (
            getattr(self, name + suffix, None) for name in WEIGHTS
        )
        if self.mode != "GRU" and bias_ih is not None:
            bias_ih, bias_hh = bias_ih + bias_hh, None
        inputs = functional.linear(data, weight_ih, bias_ih)
        state = tuple([following(x, inputs) for x in state])
        reverse = suffix.endswith("_reverse")
        return walk(self.mode, inputs, sizes, state, reverse, weight_hh, bias_hh, weight_hr)

    def extra_repr(self):
        text = f"{self.input_size}, {self.hidden_size}"
        usual = {
            "proj_size": 0,
            "num_layers": 1,
            "bias": True,
            "batch_first": False,
            "dropout": 0,
            "bidirectional": False,
        }
        for name, value in usual.items():
            if getattr(self, name) != value:
                text += f", {name}={getattr(self, name)}"
        return text


class RNN(RNNBase):
    """A plain recurrent layer, or several: ``h = tanh(W_ih x + b_ih + W_hh h + b_hh)``.

    Called with ``input`` of shape (time, batch, input_size), (batch, time, input_size) if
    `batch_first`, (time, input_size), or a `PackedSequence`; and with the initial state ``hx`` of
    shape (num_layers * directions, batch, hidden_size), by default zeros. Returns the
    outputs of the last layer, (time, batch, directions * hidden_size), and the last state, of the
    shape of ``hx``.

    Parameters
    ----------
    input_size, hidden_size : int
    num_layers : int, optional
        Each layer has the outputs of the one before as its input.
    nonlinearity : {"tanh", "relu"}, optional
    bias : bool, optional
    batch_first : bool, optional
    dropout : float, optional
        Probability of a zero between layers, in training.
    bidirectional : bool, optional
        Whether each layer also runs from the end to the start; the outputs are joined.
    dtype : dtype, optional
        Of the parameters, float32 by default.

    Attributes
    ----------
    weight_ih_l0 : Parameter, shape (hidden_size, input_size)
        Of the first layer; the other direction's names end in ``_reverse``.
    weight_hh_l0 : Parameter, shape (hidden_size, hidden_size)
    bias_ih_l0, bias_hh_l0 : Parameter, shape (hidden_size,)

    Raises
    ------
    TypeError
        If a number is no int, or a flag no bool.
    ValueError
        If an option is out of its range; when called, if the shapes do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> output, state = nn.RNN(3, 4)(tl.ones((5, 2, 3), dtype="float32"))
    >>> output.shape, state.shape
    ((5, 2, 4), (1, 2, 4))
    """

    def __init__(
        self,
        input_size,
        hidden_size,
        num_layers=1,
        nonlinearity="tanh",
        bias=True,
        batch_first=False,
        dropout=0.0,
        bidirectional=False,
        dtype="float32",
    ):
        check_nonlinearity("RNN", nonlinearity)
        super().__init__(
            f"RNN_{nonlinearity.upper()}",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            dtype=dtype,
        )
        self.nonlinearity = nonlinearity


class LSTM(RNNBase):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997), in one layer or several.

    Called as `RNN`, but that ``hx`` and the last state are pairs ``(h, c)``; see `LSTMCell`
    for the equations. With a projection (Sak et al., 2014, arXiv:1402.1128) ``h`` and the outputs
    have `proj_size` in place of `hidden_size` elements.

    Parameters
    ----------
    input_size, hidden_size, num_layers : int
    bias, batch_first : bool, optional
    dropout : float, optional
        Probability of a zero between layers, in training.
    bidirectional : bool, optional
    proj_size : int, optional
        0: no projection.
    dtype : dtype, optional
        Of the parameters, float32 by default.

    Attributes
    ----------
    weight_ih_l0 : Parameter, shape (4 * hidden_size, input_size)
        Of the first layer; the other direction's names end in ``_reverse``.
    weight_hh_l0 : Parameter, shape (4 * hidden_size, hidden_size)
    bias_ih_l0, bias_hh_l0 : Parameter, shape (4 * hidden_size,)
    weight_hr_l0 : Parameter, shape (proj_size, hidden_size)
        With a projection.

    Raises
    ------
    TypeError
        If a number is no int, or a flag no bool.
    ValueError
        If an option is out of its range; when called, if the shapes do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> lstm = nn.LSTM(3, 4, bidirectional=True, batch_first=True)
    >>> output, (h, c) = lstm(tl.ones((2, 5, 3), dtype="float32"))
    >>> output.shape, h.shape, c.shape
    ((2, 5, 8), (2, 2, 4), (2, 2, 4))
    """

    def __init__(
        self,
        input_size,
        hidden_size,
        num_layers=1,
        bias=True,
        batch_first=False,
        dropout=0.0,
        bidirectional=False,
        proj_size=0,
        dtype="float32",
    ):
        super().__init__(
            "LSTM",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            proj_size,
            dtype,
        )


class GRU(RNNBase):
    """Gated recurrent units (Cho et al., 2014, arXiv:1406.1078), in one layer or several.

    Called as `RNN`; see `GRUCell` for the equations.

    Parameters
    ----------
    input_size, hidden_size, num_layers : int
    bias, batch_first : bool, optional
    dropout : float, optional
        Probability of a zero between layers, in training.
    bidirectional : bool, optional
    dtype : dtype, optional
        Of the parameters, float32 by default.

    Attributes
    ----------
    weight_ih_l0 : Parameter, shape (3 * hidden_size, input_size)
        Of the first layer; the other direction's names end in ``_reverse``.
    weight_hh_l0 : Parameter, shape (3 * hidden_size, hidden_size)
    bias_ih_l0, bias_hh_l0 : Parameter, shape (3 * hidden_size,)

    Raises
    ------
    TypeError
        If a number is no int, or a flag no bool.
    ValueError
        If an option is out of its range; when called, if the shapes do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> output, state = nn.GRU(3, 4, num_layers=2)(tl.ones((5, 2, 3), dtype="float32"))
    >>> output.shape, state.shape
    ((5, 2, 4), (2, 2, 4))
    """

    def __init__(
        self,
        input_size,
        hidden_size,
        num_layers=1,
        bias=True,
        batch_first=False,
        dropout=0.0,
        bidirectional=False,
        dtype="float32",
    ):
        super().__init__(
            "GRU",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            dtype=dtype,
        )
