"""Embeddings beside PyTorch's: values, gradients, bags, tables that are changed, errors."""

import numpy as np
import pytest
from parity import assert_close, compare, compare_modules, copy_weights, dtypes, torch

import tensorlib as tl
from tensorlib import nn
from tensorlib.nn import functional as F
from tensorlib.testing import assert_array_equal, check_grads

TF = torch.nn.functional
ROWS, WIDTH = 7, 4


def table(seed=0):
    return np.random.default_rng(seed).standard_normal((ROWS, WIDTH))


def picks(*shape, seed=1):
    return np.random.default_rng(seed).integers(ROWS, size=shape)


# embedding

OPTIONS = [
    {},
    {"padding_idx": 2},
    {"padding_idx": -3},
    {"scale_grad_by_freq": True},
    {"scale_grad_by_freq": True, "padding_idx": 2},
]


@dtypes
@pytest.mark.parametrize("shape", [(), (5,), (3, 6), (2, 3, 4), (0,), (2, 0)], ids=str)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_embedding(dtype, shape, options):
    compare(F.embedding, TF.embedding, [picks(*shape), table()], dtype, **options)


@dtypes
@pytest.mark.parametrize("norm_type", [1.0, 2.0, 3.0])
def test_long_rows_are_scaled_in_the_table(dtype, norm_type):
    index = picks(3, 3)
    ours = tl.asarray(table().astype(dtype)).requires_grad_()
    theirs = torch.tensor(table().astype(dtype)).requires_grad_()
    results = [
        F.embedding(tl.asarray(index), ours, max_norm=1.5, norm_type=norm_type),
        TF.embedding(torch.tensor(index), theirs, max_norm=1.5, norm_type=norm_type),
    ]
    assert_close(*results, dtype)
    assert_close(ours, theirs, dtype)
    assert ours.is_leaf and ours.requires_grad
    for result in results:
        result.sum().backward()
    assert_close(ours.grad, theirs.grad, dtype)


@pytest.mark.parametrize("dtype", ["int8", "int32", "uint8"])
def test_any_integers_pick(dtype):
    x = tl.asarray(table())
    assert_array_equal(F.embedding(tl.asarray([2, 0]).astype(dtype), x), x[[2, 0]])


@dtypes
@pytest.mark.parametrize("options", [{}, {"padding_idx": 1}, {"scale_grad_by_freq": True}], ids=str)
def test_embedding_module(dtype, options):
    compare_modules("Embedding", (ROWS, WIDTH), [picks(3, 5)], dtype, **options)


def test_first_values():
    tl.manual_seed(0)
    layer = nn.Embedding(400, 50, padding_idx=-1)
    assert layer.padding_idx == 399
    values = np.asarray(layer.weight.detach())
    assert values.dtype == np.float32
    assert not values[399].any()
    assert abs(values[:399].std() - 1) < 0.02 and abs(values.mean()) < 0.02
    assert nn.EmbeddingBag(3, 2, dtype="float64").weight.dtype == np.float64


@pytest.mark.parametrize("kind", [nn.Embedding, nn.EmbeddingBag])
def test_from_pretrained(kind):
    values = tl.asarray(table())
    layer = kind.from_pretrained(values, max_norm=100.0)
    assert (layer.num_embeddings, layer.embedding_dim, layer.max_norm) == (ROWS, WIDTH, 100.0)
    assert not layer.weight.requires_grad
    assert np.shares_memory(np.asarray(layer.weight), np.asarray(values))
    assert kind.from_pretrained(values, freeze=False).weight.requires_grad


# bags


@dtypes
@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
@pytest.mark.parametrize("padding_idx", [None, 2, -1])
@pytest.mark.parametrize(
    "shape, offsets",
    [
        ((3, 4), None),
        ((9,), [0, 2, 2, 5]),  # an empty bag
        ((9,), [0, 4, 9]),
        ((9,), [0]),
        ((0,), [0, 0]),
    ],
)
def test_embedding_bag(dtype, mode, padding_idx, shape, offsets):
    offsets = None if offsets is None else np.array(offsets)
    args = [picks(*shape), table(), offsets]
    if mode == "max" and 0 in shape:  # which is a constant of ours
        compare(
            F.embedding_bag, TF.embedding_bag, args, dtype, gradients=False, mode=mode,
            padding_idx=padding_idx,
        )  # fmt: skip
        return
    compare(F.embedding_bag, TF.embedding_bag, args, dtype, mode=mode, padding_idx=padding_idx)


@dtypes
@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_the_last_offset(dtype, mode):
    args = [picks(9), table(), np.array([0, 3, 3, 9])]
    options = {"mode": mode, "include_last_offset": True}
    compare(F.embedding_bag, TF.embedding_bag, args, dtype, **options)


@dtypes
@pytest.mark.parametrize("padding_idx", [None, 2])
@pytest.mark.parametrize("flat", [False, True])
def test_weights_of_samples(dtype, padding_idx, flat):
    shape, offsets = ((12,), np.array([0, 5])) if flat else ((3, 4), None)
    weights = np.random.default_rng(3).standard_normal(shape)

    def call(function):
        def run(index, weight, offsets, samples):
            return function(
                index, weight, offsets, mode="sum", per_sample_weights=samples,
                padding_idx=padding_idx,
            )  # fmt: skip

        return run

    args = [picks(*shape), table(), offsets, weights]
    compare(call(F.embedding_bag), call(TF.embedding_bag), args, dtype)


@dtypes
@pytest.mark.parametrize("mode", ["sum", "mean"])
def test_bags_by_frequency(dtype, mode):
    """Beside PyTorch's embedding: its embedding_bag takes the counts of other rows (2.13)."""

    def expected(index, weight):
        rows = TF.embedding(index, weight, scale_grad_by_freq=True)
        return rows.sum(1) if mode == "sum" else rows.mean(1)

    def ours(index, weight):
        return F.embedding_bag(index, weight, mode=mode, scale_grad_by_freq=True)

    compare(ours, expected, [picks(3, 6), table()], dtype)


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_bags_of_nothing(mode):
    weight = tl.asarray(table()).requires_grad_()
    result = F.embedding_bag(tl.zeros((3, 0), dtype="int64"), weight, mode=mode)
    assert_array_equal(result, np.zeros((3, WIDTH)))
    if mode != "max":  # of nothing that is a constant
        result.sum().backward()
        assert_array_equal(weight.grad, np.zeros((ROWS, WIDTH)))


@dtypes
@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_embedding_bag_module(dtype, mode):
    offsets = np.array([0, 2, 2, 5])
    compare_modules("EmbeddingBag", (ROWS, WIDTH), [picks(9), offsets], dtype, mode=mode)


def test_the_module_scales_long_rows_and_weighs_samples():
    theirs = torch.nn.EmbeddingBag(ROWS, WIDTH, mode="sum", max_norm=1.0, padding_idx=2).double()
    ours = nn.EmbeddingBag(ROWS, WIDTH, mode="sum", max_norm=1.0, padding_idx=2, dtype="float64")
    copy_weights(ours, theirs)
    index, weights = picks(3, 4), np.random.default_rng(0).standard_normal((3, 4))
    result = ours(tl.asarray(index), per_sample_weights=tl.asarray(weights))
    expected = theirs(torch.tensor(index), per_sample_weights=torch.tensor(weights))
    assert_close(result, expected, "float64")
    assert_close(ours.weight, theirs.weight, "float64")


def test_a_padding_row_is_a_constant_in_forward_mode():
    weight, index = tl.asarray(table()), tl.asarray([0, 2, 2])
    _, tangent = tl.func.jvp(
        lambda w: F.embedding(index, w, padding_idx=2), (weight,), (tl.ones_like(weight),)
    )
    assert_array_equal(tangent, np.repeat([[1.0], [0.0], [0.0]], WIDTH, 1))


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_padded_bags_under_vmap(mode):
    index, weight = picks(3, 2, 5), table()
    result = tl.func.vmap(
        lambda i: F.embedding_bag(i, tl.asarray(weight), mode=mode, padding_idx=1)
    )(tl.asarray(index))
    for i, own in zip(index, result, strict=True):
        args = torch.tensor(i), torch.tensor(weight)
        assert_close(own, TF.embedding_bag(*args, mode=mode, padding_idx=1), "float64")


def test_second_order():
    index = tl.asarray(picks(3, 4))
    weights = np.random.default_rng(3).standard_normal((3, 4))
    check_grads(lambda w: F.embedding(index, w) ** 2, [table()])
    check_grads(lambda w: F.embedding_bag(index, w) ** 2, [table()])
    check_grads(lambda w: F.embedding_bag(index, w, mode="max") ** 2, [table()])
    check_grads(
        lambda w, s: F.embedding_bag(index, w, mode="sum", per_sample_weights=s) ** 2,
        [table(), weights],
    )


# one hot


@pytest.mark.parametrize("shape", [(), (5,), (2, 3), (0, 3)])
@pytest.mark.parametrize("count", [-1, 7, 9])
def test_one_hot(shape, count):
    if 0 in shape and count == -1:
        with pytest.raises(ValueError, match=r"one_hot: .* empty tensor of shape \(0, 3\)"):
            F.one_hot(tl.asarray(picks(*shape)))
        return
    expected = TF.one_hot(torch.tensor(picks(*shape)), count)
    result = F.one_hot(tl.asarray(picks(*shape)), count)
    assert result.dtype == np.int64
    assert_array_equal(result, expected.numpy())


# errors

INDEX = tl.asarray([0, 1, 6])
TABLE = tl.asarray(table())


@pytest.mark.parametrize(
    "call, error, text",
    [
        (
            lambda: F.embedding(tl.asarray([0, 7]), TABLE),
            IndexError,
            r"embedding: expected rows from 0 to 6 for weight of shape \(7, 4\), got 0 to 7",
        ),
        (lambda: F.embedding(tl.asarray([-1]), TABLE), IndexError, "embedding: .* got -1 to -1"),
        (lambda: F.embedding(INDEX * 1.0, TABLE), TypeError, "embedding: .* got float64"),
        (lambda: F.embedding(INDEX, TABLE[0]), ValueError, r"embedding: .* got \(4,\)"),
        (
            lambda: F.embedding(INDEX, TABLE, 7),
            ValueError,
            "padding_idx to be one of 7 rows, got 7",
        ),
        (lambda: F.embedding(INDEX, TABLE, -8), ValueError, "padding_idx >= -7, got -8"),
        (lambda: F.embedding(INDEX, TABLE, 0.5), TypeError, "padding_idx to be an int, got 0.5"),
        (
            lambda: F.embedding(INDEX, TABLE, sparse=True),
            ValueError,
            "embedding: expected sparse=False, as gradients are dense",
        ),
        (lambda: nn.Embedding(3, 4, sparse=True), ValueError, "Embedding: expected sparse=False"),
        (lambda: nn.EmbeddingBag(3, 4, sparse=True), ValueError, "EmbeddingBag: .* sparse=False"),
        (lambda: nn.Embedding(-3, 4), ValueError, "Embedding: expected num_embeddings >= 0"),
        (lambda: nn.Embedding(3, "4"), TypeError, "Embedding: expected embedding_dim to be an int"),
        (lambda: nn.Embedding(3, 4, padding_idx=3), ValueError, "Embedding: expected padding_idx"),
        (
            lambda: nn.Embedding(3, 4, _weight=tl.ones((4, 3))),
            ValueError,
            r"Embedding: expected a weight of shape \(3, 4\), got \(4, 3\)",
        ),
        (
            lambda: nn.Embedding.from_pretrained(tl.ones(3)),
            ValueError,
            r"Embedding: expected embeddings of shape \(V, D\), got \(3,\)",
        ),
        (lambda: nn.EmbeddingBag(3, 4, mode="min"), ValueError, "EmbeddingBag: .* got 'min'"),
        (
            lambda: F.embedding_bag(INDEX, TABLE),
            ValueError,
            r"embedding_bag: expected an input of shape \(B, L\), .*, got \(3,\) and None",
        ),
        (
            lambda: F.embedding_bag(INDEX[None], TABLE, tl.asarray([0])),
            ValueError,
            r"embedding_bag: expected no offsets for an input of shape \(1, 3\)",
        ),
        (
            lambda: F.embedding_bag(INDEX, TABLE, tl.asarray([1, 2])),
            ValueError,
            r"embedding_bag: expected offsets that begin with 0 .* got \[1, 2\]",
        ),
        (
            lambda: F.embedding_bag(INDEX, TABLE, tl.asarray([0, 2, 1])),
            ValueError,
            r"never fall, .* got \[0, 2, 1\]",
        ),
        (
            lambda: F.embedding_bag(INDEX, TABLE, tl.asarray([0, 4])),
            ValueError,
            r"up to the 3 numbers of the input, got \[0, 4\]",
        ),
        (
            lambda: F.embedding_bag(INDEX, TABLE, tl.asarray([0.0])),
            TypeError,
            "embedding_bag: expected offsets of integers, got float64",
        ),
        (
            lambda: F.embedding_bag(INDEX[None], TABLE, per_sample_weights=tl.ones((1, 3))),
            ValueError,
            "embedding_bag: expected mode 'sum' with per_sample_weights, got 'mean'",
        ),
        (
            lambda: F.embedding_bag(INDEX[None], TABLE, mode="sum", per_sample_weights=tl.ones(3)),
            ValueError,
            r"per_sample_weights of shape \(1, 3\), got \(3,\)",
        ),
        (
            lambda: F.embedding_bag(INDEX[None], TABLE, mode="max", scale_grad_by_freq=True),
            ValueError,
            "embedding_bag: expected scale_grad_by_freq=False with mode 'max'",
        ),
        (lambda: F.one_hot(tl.ones(3)), TypeError, "one_hot: expected a tensor of integers"),
        (
            lambda: F.one_hot(INDEX, 6),
            ValueError,
            "one_hot: expected numbers from 0 to 5, got 0 to",
        ),
        (lambda: F.one_hot(INDEX - 1), ValueError, "one_hot: .*, got -1 to 5"),
        (lambda: F.one_hot(INDEX, -2), ValueError, "one_hot: expected num_classes >= -1, got -2"),
    ],
)
def test_refused(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_a_refused_call_scales_no_rows():
    weight = tl.asarray(table() * 10)
    before = np.asarray(weight).copy()
    with pytest.raises(IndexError):
        F.embedding(tl.asarray([0, 7]), weight, max_norm=1.0)
    with pytest.raises(ValueError):
        F.embedding_bag(tl.asarray([0, 1]), weight, tl.asarray([1]), max_norm=1.0)
    assert_array_equal(weight, before)
