"""The transformer and its layers against PyTorch."""

import numpy as np
import pytest
from parity import array_of, assert_close, compare, copy_weights, dtypes, pair_of, torch

import tensorlib as tl
from tensorlib import nn

WIDTH, HEADS, INNER = 8, 2, 12
CAUSAL = np.triu(np.full((4, 4), -np.inf), 1)
PADDING = np.arange(5) >= np.array([[5], [2], [3]])
# PyTorch's own remarks on what it does not do quickly.
pytestmark = pytest.mark.filterwarnings("ignore:enable_nested_tensor is True:UserWarning")


def operands(*shapes):
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape) for shape in shapes]


def sequences(batch_first=False):
    """Of lengths 4 and 5, in batches of three."""
    arrays = operands((4, 3, WIDTH), (5, 3, WIDTH))
    return [x.swapaxes(0, 1) for x in arrays] if batch_first else arrays


def converted(masks, dtype, library):
    """Masks of one library, those of numbers in the dtype."""
    result = {}
    for name, mask in masks.items():
        if isinstance(mask, np.ndarray):
            mask = mask.astype(dtype) if mask.dtype == float else mask
            mask = tl.asarray(mask) if library is tl else torch.tensor(mask)
        result[name] = mask
    return result


def compare_calls(ours, theirs, inputs, dtype, **masks):
    parameters = list(ours.parameters()), list(theirs.parameters())
    compare(
        lambda *x: ours(*x, **converted(masks, dtype, tl)),
        lambda *x: theirs(*x, **converted(masks, dtype, torch)),
        inputs,
        dtype,
        parameters=parameters,
    )


OPTIONS = [
    {},
    {"batch_first": True},
    {"norm_first": True},
    {"bias": False},
    {"activation": "gelu", "layer_norm_eps": 0.1},
    {"norm_first": True, "bias": False, "batch_first": True, "activation": "gelu"},
]


@dtypes
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_encoder_layer(options, training, dtype):
    ours, theirs = pair_of(
        "TransformerEncoderLayer", WIDTH, HEADS, INNER, 0.0, dtype=dtype, **options
    )
    ours.train(training)
    theirs.train(training)
    _, x = sequences(options.get("batch_first", False))
    compare_calls(ours, theirs, [x], dtype)
    compare_calls(ours, theirs, [x], dtype, src_key_padding_mask=PADDING)


@dtypes
@pytest.mark.parametrize("is_causal", [False, True])
@pytest.mark.parametrize("mask", [CAUSAL, CAUSAL != 0], ids=["addends", "truths"])
def test_masks_of_the_encoder_layer(mask, is_causal, dtype):
    ours, theirs = pair_of("TransformerEncoderLayer", WIDTH, HEADS, INNER, 0.0, dtype=dtype)
    x, _ = sequences()
    compare_calls(ours, theirs, [x], dtype, src_mask=mask, is_causal=is_causal)


@dtypes
def test_encoder_layer_without_a_batch(dtype):
    ours, theirs = pair_of("TransformerEncoderLayer", WIDTH, HEADS, INNER, 0.0, dtype=dtype)
    compare_calls(ours, theirs, operands((4, WIDTH)), dtype, src_mask=CAUSAL)


@dtypes
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_decoder_layer(options, training, dtype):
    ours, theirs = pair_of(
        "TransformerDecoderLayer", WIDTH, HEADS, INNER, 0.0, dtype=dtype, **options
    )
    ours.train(training)
    theirs.train(training)
    inputs = sequences(options.get("batch_first", False))
    compare_calls(ours, theirs, inputs, dtype)
    masks = {"tgt_mask": CAUSAL, "tgt_is_causal": True}
    masks |= {"tgt_key_padding_mask": None, "memory_key_padding_mask": PADDING}
    compare_calls(ours, theirs, inputs, dtype, **masks)
    seen = np.arange(20).reshape(4, 5) % 3 == 0
    compare_calls(ours, theirs, inputs, dtype, memory_mask=seen)


def test_an_activation_of_ones_own():
    ours, theirs = (
        library.nn.TransformerEncoderLayer(WIDTH, HEADS, INNER, 0.0, activation=library.tanh)
        for library in (tl, torch)
    )
    copy_weights(ours, theirs)
    compare_calls(ours, theirs, operands((4, 3, WIDTH)), "float32")


def stacks(kind, dtype, norm, **options):
    """An encoder or a decoder of three layers, in both libraries."""
    pair = []
    for library in (tl, torch):
        layer = getattr(library.nn, f"Transformer{kind}Layer")(WIDTH, HEADS, INNER, 0.0, **options)
        last = library.nn.LayerNorm(WIDTH) if norm else None
        pair.append(getattr(library.nn, f"Transformer{kind}")(layer, 3, last))
    ours, theirs = pair[0].to(dtype), pair[1].to(getattr(torch, dtype))
    for x in theirs.parameters():  # not three times the same layer
        torch.nn.init.normal_(x, std=0.5, generator=torch.Generator().manual_seed(x.numel()))
    copy_weights(ours, theirs)
    return ours, theirs


@dtypes
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("norm", [False, True])
def test_encoder(norm, training, dtype):
    ours, theirs = stacks("Encoder", dtype, norm, norm_first=True)
    ours.train(training)
    theirs.train(training)
    x, _ = sequences()
    compare_calls(ours, theirs, [x], dtype)
    compare_calls(ours, theirs, [x], dtype, mask=CAUSAL)
    compare_calls(ours, theirs, [x], dtype, mask=CAUSAL, is_causal=True)
    padding = {"src_key_padding_mask": PADDING[:, :4]}
    compare_calls(ours, theirs, [x], dtype, mask=CAUSAL != 0, **padding)


@dtypes
@pytest.mark.parametrize("norm", [False, True])
def test_decoder(norm, dtype):
    ours, theirs = stacks("Decoder", dtype, norm, norm_first=True)
    compare_calls(ours, theirs, sequences(), dtype)
    masks = {"tgt_mask": CAUSAL, "memory_key_padding_mask": PADDING}
    compare_calls(ours, theirs, sequences(), dtype, **masks)
    compare_calls(ours, theirs, sequences(), dtype, tgt_is_causal=True, **masks)


def test_copies_of_a_layer_begin_with_its_parameters_and_share_none():
    layer = nn.TransformerEncoderLayer(WIDTH, HEADS, INNER)
    first, second = nn.TransformerEncoder(layer, 2).layers
    for x, y, z in zip(layer.parameters(), first.parameters(), second.parameters(), strict=True):
        np.testing.assert_array_equal(array_of(x), array_of(y))
        np.testing.assert_array_equal(array_of(x), array_of(z))
        assert not any(tl.shares_memory(a, b) for a, b in ((x, y), (y, z)))


@dtypes
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("options", OPTIONS[:4], ids=str)
def test_transformer(options, training, dtype):
    options = {"dropout": 0.0, **options}
    ours, theirs = pair_of("Transformer", WIDTH, HEADS, 2, 1, INNER, dtype=dtype, **options)
    ours.train(training)
    theirs.train(training)
    tgt, src = sequences(options.get("batch_first", False))
    compare_calls(ours, theirs, [src, tgt], dtype)
    masks = {"tgt_mask": CAUSAL, "src_key_padding_mask": PADDING}
    masks |= {"memory_key_padding_mask": PADDING, "tgt_is_causal": True}
    compare_calls(ours, theirs, [src, tgt], dtype, **masks)


def test_parts_of_ones_own():
    encoder, decoder = (
        nn.Identity(),
        nn.TransformerDecoder(nn.TransformerDecoderLayer(WIDTH, HEADS, INNER, dtype="float64"), 1),
    )

    class Encoder(nn.Module):
        def forward(self, src, mask=None, src_key_padding_mask=None, is_causal=None):
            return encoder(src)

    model = nn.Transformer(
        WIDTH, HEADS, custom_encoder=Encoder(), custom_decoder=decoder, dtype="float64"
    ).eval()
    tgt, src = (tl.asarray(x) for x in sequences())
    assert_close(model(src, tgt), decoder(tgt, src), "float64")


def test_mask_of_later_positions():
    ours = nn.Transformer.generate_square_subsequent_mask(4)
    assert_close(ours, torch.nn.Transformer.generate_square_subsequent_mask(4), "float32")
    ours = nn.Transformer.generate_square_subsequent_mask(3, dtype="float64")
    theirs = torch.nn.Transformer.generate_square_subsequent_mask(3, dtype=torch.float64)
    assert_close(ours, theirs, "float64")


def test_gradients_of_gradients():
    layer = nn.TransformerDecoderLayer(4, 2, 3, 0.0, "gelu", dtype="float64")
    tl.testing.check_grads(layer, operands((2, 1, 4), (3, 1, 4)), order=2)


def test_initial_values():
    tl.manual_seed(0)
    model = nn.Transformer(64, 4, 1, 1, 128)
    for name, x in model.named_parameters():
        values = array_of(x)
        if x.ndim > 1:
            bound = np.sqrt(6 / sum(x.shape))
            assert abs(values).max() <= bound, name
            np.testing.assert_allclose(values.std(), bound / np.sqrt(3), 0.05, err_msg=name)
    # Copies of one layer are drawn anew here.
    model = nn.Transformer(8, 2, 2, 1, 8)
    first, second = (array_of(layer.linear1.weight) for layer in model.encoder.layers)
    assert (first != second).any()


def test_dropout():
    tl.manual_seed(0)
    layer = nn.TransformerEncoderLayer(WIDTH, HEADS, INNER, dropout=0.5)
    x = tl.asarray(operands((4, 3, WIDTH))[0].astype("float32"))
    assert (array_of(layer(x)) != array_of(layer(x))).any()
    layer.eval()
    np.testing.assert_array_equal(layer(x).detach(), layer(x).detach())


def test_arguments_that_are_refused():
    for name in ("TransformerEncoderLayer", "TransformerDecoderLayer"):
        with pytest.raises(ValueError, match=f"^{name}: expected activation 'relu', 'gelu' or a"):
            getattr(nn, name)(8, 2, activation="sin")
    with pytest.raises(ValueError, match="^MultiheadAttention: .*, got 8 and 3"):
        nn.TransformerEncoderLayer(8, 3)
    model = nn.Transformer(8, 2, 1, 1, 8)
    x = tl.zeros((4, 3, 8), dtype="float32")
    with pytest.raises(ValueError, match=r"^Transformer: .* width 8, got \(4, 3, 8\) and \(4, 2"):
        model(x, x[:, :2])
    with pytest.raises(ValueError, match=r"^Transformer: .* got \(4, 3, 6\) and \(4, 3, 6\)"):
        model(x[..., :6], x[..., :6])


def test_training_follows_pytorch():
    """Twenty steps; the same loss at each."""
    ours, theirs = pair_of("Transformer", WIDTH, HEADS, 1, 1, INNER, 0.0, dtype="float32")
    tgt, src = (x.astype("float32") for x in sequences())
    optimizers = tl.optim.SGD(ours.parameters(), 0.1), torch.optim.SGD(theirs.parameters(), 0.1)
    losses = []
    for _ in range(20):
        pair = []
        for module, optimizer, library in zip((ours, theirs), optimizers, (tl, torch), strict=True):
            mask = library.asarray(CAUSAL.astype("float32"))
            output = module(library.asarray(src), library.asarray(tgt), tgt_mask=mask)
            loss = ((output - library.asarray(tgt[::-1].copy())) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            pair.append(float(loss.detach()))
        losses.append(pair)
    mine, yours = np.array(losses).T
    np.testing.assert_allclose(mine, yours, 1e-4)
    assert mine[-1] < mine[0]
