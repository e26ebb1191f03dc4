"""Recurrent layers and cells against PyTorch."""

import inspect

import numpy as np
import pytest
from parity import array_of, assert_close, compare, dtypes, pair_of, torch

import tensorlib as tl
from tensorlib import nn
from tensorlib.nn.utils import rnn

LAYERS = ["RNN", "LSTM", "GRU"]
CELLS = ["RNNCell", "LSTMCell", "GRUCell"]


def operands(*shapes):
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape) for shape in shapes]


def compare_calls(ours, theirs, inputs, dtype):
    """A call of two modules; also without gradients, which takes other ways in PyTorch."""
    parameters = list(ours.parameters()), list(theirs.parameters())
    compare(ours, theirs, inputs, dtype, parameters=parameters)
    with tl.no_grad(), torch.no_grad():
        compare(ours, theirs, inputs, dtype, gradients=False)


def states(name, *shapes):
    """An initial state as the layer takes it."""
    return tuple(operands(*shapes)) if name.startswith("LSTM") else operands(shapes[0])[0]


# layers


@dtypes
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bias": False},
        {"batch_first": True},
        {"bidirectional": True},
        {"num_layers": 3},
        {"num_layers": 2, "bidirectional": True, "batch_first": True, "bias": False},
    ],
    ids=str,
)
@pytest.mark.parametrize("name", LAYERS)
def test_layers(name, options, training, dtype):
    ours, theirs = pair_of(name, 3, 5, dtype=dtype, **options)
    ours.train(training)
    theirs.train(training)
    (x,) = operands((2, 7, 3) if options.get("batch_first") else (7, 2, 3))
    compare_calls(ours, theirs, [x], dtype)
    passes = options.get("num_layers", 1) * (2 if options.get("bidirectional") else 1)
    hx = states(name, (passes, 2, 5), (passes, 2, 5))
    compare_calls(ours, theirs, [x, hx], dtype)


@dtypes
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("name", LAYERS)
def test_one_sequence_without_a_batch(name, bidirectional, dtype):
    options = {"num_layers": 2, "bidirectional": bidirectional, "batch_first": True}
    ours, theirs = pair_of(name, 3, 5, dtype=dtype, **options)
    passes = 4 if bidirectional else 2
    (x,) = operands((7, 3))
    compare_calls(ours, theirs, [x], dtype)
    compare_calls(ours, theirs, [x, states(name, (passes, 5), (passes, 5))], dtype)


@dtypes
@pytest.mark.parametrize("bias", [False, True])
def test_relu(bias, dtype):
    ours, theirs = pair_of("RNN", 3, 5, 2, "relu", bias, dtype=dtype)
    compare_calls(ours, theirs, operands((7, 2, 3), (2, 2, 5)), dtype)


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported:UserWarning")  # theirs
@dtypes
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_projections(bidirectional, bias, dtype):
    options = {"num_layers": 2, "bidirectional": bidirectional, "bias": bias, "proj_size": 2}
    ours, theirs = pair_of("LSTM", 3, 5, dtype=dtype, **options)
    passes = 4 if bidirectional else 2
    (x,) = operands((7, 2, 3))
    compare_calls(ours, theirs, [x], dtype)
    compare_calls(ours, theirs, [x, states("LSTM", (passes, 2, 2), (passes, 2, 5))], dtype)


@pytest.mark.parametrize("name", LAYERS)
def test_one_step(name):
    ours, theirs = pair_of(name, 3, 5, bidirectional=True)
    compare_calls(ours, theirs, operands((1, 2, 3)), "float64")


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported:UserWarning")  # theirs
@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("projected", [False, True])
def test_no_sequences(name, batch_first, projected):
    options = {"num_layers": 2, "bidirectional": True, "batch_first": batch_first}
    if projected and name == "LSTM":
        options["proj_size"] = 2
    ours, theirs = pair_of(name, 3, 5, **options)
    (x,) = operands((0, 7, 3) if batch_first else (7, 0, 3))
    compare(ours, theirs, [x], "float64")


@dtypes
@pytest.mark.parametrize("name", LAYERS)
def test_parametrized_weights(name, dtype):
    ours, theirs = pair_of(name, 3, 5, dtype=dtype)
    for weight in ("weight_hh_l0", "bias_ih_l0"):
        nn.utils.parametrizations.weight_norm(ours, weight)
        torch.nn.utils.parametrizations.weight_norm(theirs, weight)
    compare_calls(ours, theirs, operands((7, 2, 3)), dtype)
    for mine, yours in zip(ours.all_weights[0], theirs.all_weights[0], strict=True):
        assert_close(mine, yours, dtype)


@dtypes
@pytest.mark.parametrize("given", [False, True], ids=["zeros", "state"])
@pytest.mark.parametrize("lengths", [(6, 4, 4, 1), (2, 5, 1, 5), (3, 3, 3, 3)], ids=str)
@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True}], ids=str)
@pytest.mark.parametrize("name", LAYERS)
def test_packed_sequences(name, options, lengths, given, dtype):
    ours, theirs = pair_of(name, 3, 5, dtype=dtype, **options)
    passes = options.get("num_layers", 1) * (2 if options.get("bidirectional") else 1)

    def call(module, rnn):
        def function(x, *hx):
            packed = rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
            output, state = module(packed, *hx)
            return rnn.pad_packed_sequence(output), state, output.sorted_indices

        return function

    inputs = operands((6, 4, 3))
    if given:
        inputs.append(states(name, (passes, 4, 5), (passes, 4, 5)))
    parameters = list(ours.parameters()), list(theirs.parameters())
    functions = call(ours, rnn), call(theirs, torch.nn.utils.rnn)
    compare(*functions, inputs, dtype, parameters=parameters)


def test_dropout_is_between_layers():
    tl.manual_seed(0)
    x = tl.asarray(operands((7, 2, 3))[0])
    layers = nn.LSTM(3, 5, 2, dropout=1.0, dtype="float64")
    theirs = torch.nn.LSTM(3, 5, 2, dropout=1.0).double()
    theirs.load_state_dict(
        {name: torch.tensor(array_of(value)) for name, value in layers.state_dict().items()}
    )
    # All that the second layer is given is zero, and the result of it is not.
    assert_close(layers(x)[0], theirs(torch.tensor(np.asarray(x)))[0], "float64")
    layers.eval()
    np.testing.assert_array_equal(layers(x)[0].detach(), layers(x)[0].detach())
    layers.train().dropout = 0.5
    assert (array_of(layers(x)[0]) != array_of(layers(x)[0])).any()


@pytest.mark.parametrize("name", LAYERS)
def test_gradients_of_gradients(name):
    module = getattr(nn, name)(2, 2, bidirectional=True, dtype="float64")
    tl.testing.check_grads(lambda x: module(x)[0], operands((3, 2, 2)), order=2)


LENGTHS = pytest.mark.parametrize("lengths", [(5, 3, 3, 1), (4, 4)], ids=str)


@LENGTHS
@pytest.mark.parametrize("name", LAYERS)
def test_gradients_of_gradients_of_packed_sequences(name, lengths):
    module = getattr(nn, name)(2, 2, bidirectional=True, dtype="float64")

    def function(x, weight, *hx):
        packed = rnn.pack_padded_sequence(x, lengths)
        arguments = packed, hx if name == "LSTM" else hx[0]
        output, state = tl.func.functional_call(module, {"weight_hh_l0": weight}, arguments)
        return output.data, *(state if name == "LSTM" else [state])

    batch = len(lengths)
    shapes = (lengths[0], batch, 2), module.weight_hh_l0.shape, (2, batch, 2), (2, batch, 2)
    tl.testing.check_grads(function, operands(*shapes[: 4 if name == "LSTM" else 3]), order=2)


@LENGTHS
@pytest.mark.parametrize("name", LAYERS)
def test_transforms(name, lengths):
    """Of batches and along directions, against loops, backward passes and differences."""
    func, size = tl.func, (4, lengths[0], len(lengths), 2)
    module = getattr(nn, name)(2, 3, bidirectional=True, dtype="float64")
    x, v = map(tl.asarray, operands(size, size))

    def loss(x):
        output, state = module(rnn.pack_padded_sequence(x, lengths))
        return (output.data**2).sum() + (state[0] ** 3).sum()

    gradient = func.grad(loss)
    gradients = np.stack([array_of(gradient(part)) for part in x])
    np.testing.assert_allclose(array_of(func.vmap(gradient)(x)), gradients, 1e-9, 1e-12)
    values = [array_of(loss(part).detach()) for part in x]
    np.testing.assert_allclose(array_of(func.vmap(loss)(x).detach()), values, 1e-12)
    slopes = func.vmap(lambda x, v: func.jvp(loss, (x,), (v,))[1])(x, v).detach()
    np.testing.assert_allclose(array_of(slopes), (gradients * array_of(v)).sum((1, 2, 3)), 1e-9)
    curvature = func.jvp(gradient, (x[0],), (v[0],))[1]
    ends = [array_of(gradient(x[0] + step * v[0])) for step in (1e-6, -1e-6)]
    np.testing.assert_allclose(array_of(curvature), (ends[0] - ends[1]) / 2e-6, 1e-5, 1e-7)


@pytest.mark.parametrize("name", ["LSTM", "GRU"])
def test_other_dtypes_take_plain_ops(name):
    """And give what the op gives, as far as their digits go."""
    module, (x,) = getattr(nn, name)(3, 5, bidirectional=True), operands((6, 2, 3))
    expected = array_of(module(tl.asarray(x.astype("float32")))[0])
    found = module.to("float16")(tl.asarray(x.astype("float16")))[0]
    assert found.dtype == np.float16
    np.testing.assert_allclose(array_of(found).astype("float32"), expected, 0, 5e-3)


@pytest.mark.parametrize("name", ["LSTM", "GRU"])
def test_numbers_that_are_not_finite(name):
    ours, theirs = pair_of(name, 3, 5, dtype="float64")
    (x,) = operands((4, 3, 3))
    x[1, 0, 1], x[2, 1, 0], x[0, 2, 2] = np.nan, np.inf, -1e300
    with tl.no_grad(), torch.no_grad():
        compare(ours, theirs, [x], "float64", gradients=False)


@pytest.mark.parametrize("name", LAYERS)
def test_signatures(name):
    """PyTorch's layers take any arguments and pass them on to the class above."""

    def names(cls):
        found = list(inspect.signature(cls.__init__).parameters.values())[1:]
        return [(p.name, p.default) for p in found if p.name not in ("mode", "device", "dtype")]

    expected = names(torch.nn.RNNBase)
    if name == "RNN":
        expected.insert(3, ("nonlinearity", "tanh"))
    if name != "LSTM":
        expected.remove(("proj_size", 0))
    assert names(getattr(nn, name)) == expected


def test_all_weights():
    ours, theirs = pair_of("LSTM", 3, 5, 2, bidirectional=True, proj_size=2)
    for mine, yours in zip(ours.all_weights, theirs.all_weights, strict=True):
        for x, y in zip(mine, yours, strict=True):
            assert_close(x, y, "float64")


@pytest.mark.parametrize(
    "error, text, arguments",
    [
        (ValueError, "expected hidden_size >= 1, got 0", (3, 0)),
        (ValueError, "expected input_size >= 1, got -1", (-1, 5)),
        (ValueError, "expected num_layers >= 1, got 0", (3, 5, 0)),
        (TypeError, "expected input_size to be an int, got 2.5", (2.5, 5)),
        (TypeError, "expected hidden_size to be an int, got '5'", (3, "5")),
        (TypeError, "expected bias to be a bool, got 1", (3, 5, 1, 1)),
        (ValueError, r"expected a probability in \[0, 1\], got 2", (3, 5, 2, True, False, 2)),
    ],
)
@pytest.mark.parametrize("name", ["LSTM", "GRU"])
def test_options_that_are_refused(name, error, text, arguments):
    with pytest.raises(error, match=f"^{name}: {text}"):
        getattr(nn, name)(*arguments)


def test_other_options_that_are_refused():
    with pytest.raises(ValueError, match="^LSTM: expected proj_size .* hidden_size 5, got 5"):
        nn.LSTM(3, 5, proj_size=5)
    with pytest.raises(ValueError, match="^RNN: expected nonlinearity 'tanh' or 'relu', got 'sin'"):
        nn.RNN(3, 5, nonlinearity="sin")
    with pytest.raises(ValueError, match="^RNNBase: expected mode to be one of"):
        nn.RNNBase("LST", 3, 5)
    with pytest.raises(ValueError, match="^RNNBase: expected proj_size 0 but for LSTM, got 2"):
        nn.RNNBase("GRU", 3, 5, proj_size=2)
    with pytest.warns(UserWarning, match="^GRU: dropout is between layers"):
        nn.GRU(3, 5, dropout=0.5)


def test_inputs_that_are_refused():
    lstm = nn.LSTM(3, 5, dtype="float64")
    with pytest.raises(ValueError, match=r"^LSTM: expected input of shape .*, got \(7, 2, 4\)"):
        lstm(tl.zeros((7, 2, 4)))
    with pytest.raises(ValueError, match=r"^LSTM: expected input of shape .*, got \(3,\)"):
        lstm(tl.zeros(3))
    with pytest.raises(ValueError, match=r"at least one step, got shape \(0, 2, 3\)"):
        lstm(tl.zeros((0, 2, 3)))
    x, h = tl.zeros((7, 2, 3)), tl.zeros((1, 2, 5))
    with pytest.raises(ValueError, match=r"hx of shape \(1, 2, 5\) and \(1, 2, 5\), got .* 4\)"):
        lstm(x, (h, h[..., :4]))
    with pytest.raises(ValueError, match=r"hx of shape \(1, 5\) and \(1, 5\), got \(1, 2, 5\)"):
        lstm(x[:, 0], (h, h))
    with pytest.raises(ValueError, match="packed data of shape"):
        lstm(rnn.pack_sequence([tl.zeros((4, 2))]))


# cells


@dtypes
@pytest.mark.parametrize("batch", [(), (3,)])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("name", CELLS)
def test_cells(name, bias, batch, dtype):
    ours, theirs = pair_of(name, 4, 5, bias, dtype=dtype)
    x, h, c = operands((*batch, 4), (*batch, 5), (*batch, 5))
    compare_calls(ours, theirs, [x], dtype)
    compare_calls(ours, theirs, [x, (h, c) if name == "LSTMCell" else h], dtype)


@dtypes
def test_cell_with_relu(dtype):
    ours, theirs = pair_of("RNNCell", 4, 5, nonlinearity="relu", dtype=dtype)
    compare_calls(ours, theirs, operands((3, 4), (3, 5)), dtype)


@pytest.mark.parametrize("name", CELLS)
def test_gradients_of_gradients_of_cells(name):
    cell = getattr(nn, name)(2, 3, dtype="float64")
    if name == "LSTMCell":
        x, h, c = operands((2, 2), (2, 3), (2, 3))
        tl.testing.check_grads(lambda x, h, c: cell(x, (h, c)), [x, h, c], order=2)
    else:
        tl.testing.check_grads(cell, operands((2, 2), (2, 3)), order=2)


def test_cells_that_are_refused():
    with pytest.raises(ValueError, match="^GRUCell: expected input_size >= 0, got -1"):
        nn.GRUCell(-1, 5)
    with pytest.raises(TypeError, match="^LSTMCell: expected hidden_size to be an int, got 5.0"):
        nn.LSTMCell(3, 5.0)
    with pytest.raises(ValueError, match="^RNNCell: expected nonlinearity"):
        nn.RNNCell(3, 5, nonlinearity="sin")
    cell = nn.LSTMCell(3, 5)
    with pytest.raises(ValueError, match=r"^LSTMCell: expected input of shape .*, got \(2, 4\)"):
        cell(tl.zeros((2, 4), dtype="float32"))
    x, h = tl.zeros((2, 3), dtype="float32"), tl.zeros((2, 5), dtype="float32")
    with pytest.raises(ValueError, match=r"2 state\(s\) of shape \(2, 5\) .*, got \(2, 5\)(\n|$)"):
        cell(x, (h,))
    with pytest.raises(ValueError, match=r"got \(2, 5\) and \(1, 5\)"):
        cell(x, (h, h[:1]))


def test_a_layer_is_its_cell_step_by_step():
    layer, cell = nn.GRU(3, 5, dtype="float64"), nn.GRUCell(3, 5, dtype="float64")
    cell.load_state_dict({k.removesuffix("_l0"): x for k, x in layer.state_dict().items()})
    x = tl.asarray(operands((6, 2, 3))[0])
    h, outputs = None, []
    for step in x:
        h = cell(step, h)
        outputs.append(array_of(h))
    np.testing.assert_allclose(array_of(layer(x)[0]), np.stack(outputs), 1e-13)


def test_training_follows_pytorch():
    """Twenty steps; the same loss at each."""
    ours, theirs = pair_of("LSTM", 3, 8, dtype="float32")
    rng = np.random.default_rng(1)
    x, y = (rng.standard_normal(shape).astype("float32") for shape in ((9, 4, 3), (9, 4, 8)))
    optimizers = tl.optim.SGD(ours.parameters(), 0.5), torch.optim.SGD(theirs.parameters(), 0.5)
    losses = []
    for _ in range(20):
        pair = []
        for module, optimizer, library in zip((ours, theirs), optimizers, (tl, torch), strict=True):
            output, _ = module(library.asarray(x))
            loss = ((output - library.asarray(y)) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            pair.append(float(loss.detach()))
        losses.append(pair)
    mine, yours = np.array(losses).T
    np.testing.assert_allclose(mine, yours, 1e-4)
    assert mine[-1] < mine[0]
