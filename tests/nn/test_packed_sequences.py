"""Padded and packed sequences against PyTorch."""

import inspect

import numpy as np
import pytest
from parity import array_of, assert_close, compare, torch

import tensorlib as tl
from tensorlib.nn.utils import rnn

theirs = torch.nn.utils.rnn
LENGTHS = [(5, 3, 3, 1), (4, 4), (2,)]
UNSORTED = [(3, 5, 1, 3), (1, 4), (2, 2, 2)]


def padded(lengths, batch_first, features=(2,)):
    shape = (len(lengths), max(lengths) + 1)
    x = np.random.default_rng(0).standard_normal((*shape, *features))
    return x if batch_first else x.swapaxes(0, 1)


def sequences(lengths, features=(2,)):
    rng = np.random.default_rng(0)
    return [rng.standard_normal((length, *features)) for length in lengths]


@pytest.mark.parametrize("features", [(), (2,), (2, 3)])
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("lengths", LENGTHS + UNSORTED, ids=str)
def test_pack_and_pad(lengths, batch_first, features):
    in_order = list(lengths) == sorted(lengths, reverse=True)

    def function(library):
        def call(x):
            packed = library.pack_padded_sequence(x, lengths, batch_first, in_order)
            return (
                tuple(packed),
                library.pad_packed_sequence(packed, batch_first),
                library.pad_packed_sequence(packed, not batch_first, 7.5, max(lengths) + 2),
                library.unpack_sequence(packed),
            )

        return call

    x = padded(lengths, batch_first, features)
    compare(function(rnn), function(theirs), [x], "float64")


def test_lengths_may_be_a_tensor_and_elements_integers():
    x = np.arange(6).reshape(2, 3)
    a = rnn.pack_padded_sequence(tl.asarray(x), tl.asarray([2, 3]), True, False)
    b = theirs.pack_padded_sequence(torch.tensor(x), torch.tensor([2, 3]), True, False)
    for mine, yours in zip(a, b, strict=True):
        assert_close(mine, yours, "float64")
    for mine, yours in zip(
        rnn.pad_packed_sequence(a, padding_value=-1),
        theirs.pad_packed_sequence(b, padding_value=-1),
        strict=True,
    ):
        assert_close(mine, yours, "float64")


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("lengths", LENGTHS + UNSORTED, ids=str)
def test_pad_sequence(lengths, batch_first, side):
    compare(
        lambda *x: rnn.pad_sequence(x, batch_first, 1.5, side),
        lambda *x: theirs.pad_sequence(x, batch_first, 1.5, side),
        sequences(lengths),
        "float64",
    )


@pytest.mark.parametrize("batch_first", [False, True])
def test_unpad_sequence(batch_first):
    compare(
        lambda x: rnn.unpad_sequence(x, tl.asarray([3, 5, 1]), batch_first),
        lambda x: theirs.unpad_sequence(x.clone(), torch.tensor([3, 5, 1]), batch_first),
        [padded((3, 5, 1), batch_first)],
        "float64",
    )


@pytest.mark.parametrize("lengths", LENGTHS + UNSORTED, ids=str)
def test_pack_sequence(lengths):
    compare(
        lambda *x: tuple(rnn.pack_sequence(x, enforce_sorted=False)),
        lambda *x: tuple(theirs.pack_sequence(x, enforce_sorted=False)),
        sequences(lengths),
        "float64",
    )


def test_invert_permutation():
    assert rnn.invert_permutation(None) is None
    order = np.random.default_rng(0).permutation(9)
    mine, yours = (
        rnn.invert_permutation(tl.asarray(order)),
        theirs.invert_permutation(torch.tensor(order)),
    )
    assert_close(mine, yours, "float64")


def test_packed_sequence():
    data, sizes = tl.arange(3.0), tl.asarray([2, 1])
    packed = rnn.PackedSequence(data, sizes, tl.asarray([1, 0]))
    assert packed.unsorted_indices.tolist() == [1, 0]
    assert rnn.PackedSequence((data, sizes)).data is data
    changed = packed.to("float32")
    assert changed.data.dtype == "float32"
    assert changed.batch_sizes is sizes
    assert packed.to("float64").data is data
    data, batch_sizes, order, inverse = packed
    assert array_of(order).tolist() == array_of(inverse).tolist() == [1, 0]


def test_gradients_of_gradients():
    tl.testing.check_grads(
        lambda x: rnn.pad_packed_sequence(rnn.pack_padded_sequence(x, [3, 1]))[0] ** 2,
        [padded((3, 1), False)],
        order=2,
    )


@pytest.mark.parametrize("name", theirs.__all__)
def test_signatures(name):
    def names(function):
        return list(inspect.signature(function).parameters.items())

    ours, yours = names(getattr(rnn, name)), names(getattr(theirs, name))
    assert [(key, p.default) for key, p in ours] == [(key, p.default) for key, p in yours]
    assert name in rnn.__all__


@pytest.mark.parametrize(
    "error, text, lengths",
    [
        (ValueError, "a length for each of 2 sequences of input of shape .*, got 3", [1, 1, 1]),
        (ValueError, r"lengths from 1 to 3, got \[3, 0\]", [3, 0]),
        (ValueError, r"lengths from 1 to 3, got \[4, 1\]", [4, 1]),
        (ValueError, "lengths to be integers", [2.5, 1.0]),
        (RuntimeError, "lengths in descending order, got .* enforce_sorted=False", [1, 3]),
    ],
)
def test_lengths_that_are_refused(error, text, lengths):
    with pytest.raises(error, match=f"^pack_padded_sequence: expected {text}"):
        rnn.pack_padded_sequence(tl.zeros((3, 2)), lengths)


def test_other_arguments_that_are_refused():
    packed = rnn.pack_sequence([tl.zeros(3)])
    with pytest.raises(ValueError, match=r"at least two axes, got shape \(3,\)"):
        rnn.pack_padded_sequence(tl.zeros(3), [3])
    with pytest.raises(ValueError, match="total_length of at least 3, the longest length, got 2"):
        rnn.pad_packed_sequence(packed, total_length=2)
    with pytest.raises(TypeError, match="^pad_packed_sequence: expected a PackedSequence, got Ten"):
        rnn.pad_packed_sequence(tl.zeros(3))
    with pytest.raises(TypeError, match="^unpack_sequence: expected a PackedSequence, got tuple"):
        rnn.unpack_sequence(())
    with pytest.raises(ValueError, match="^pad_sequence: expected at least one sequence"):
        rnn.pad_sequence([])
    with pytest.raises(ValueError, match=r"differ in the length, got \(3, 2\), \(3, 1\)"):
        rnn.pad_sequence([tl.zeros((3, 2)), tl.zeros((3, 1))])
    with pytest.raises(ValueError, match="padding_side 'right' or 'left', got 'top'"):
        rnn.pad_sequence([tl.zeros(3)], padding_side="top")
    with pytest.raises(ValueError, match="a length for each of 2 sequences .*, got 1"):
        rnn.unpad_sequence(tl.zeros((3, 2)), [3])


def test_packed_sequences_are_cast_and_moved():
    packed = rnn.pack_sequence([tl.asarray([1.5, 2.0]), tl.asarray([3.0])])
    for same in (packed.to("cpu"), packed.cpu(), packed.double(), packed.to("float64")):
        assert same is packed
    for name, dtype in (("float", "float32"), ("half", "float16"), ("int", "int32")):
        other = getattr(packed, name)()
        assert other.data.dtype == dtype
        assert other.batch_sizes is packed.batch_sizes
    assert packed.long().data.tolist() == [1, 3, 2]
