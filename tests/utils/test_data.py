"""Data sets, samplers, collation and the loader."""

import numpy as np
import pytest

import tensorlib as tl
from tensorlib.testing import assert_array_equal
from tensorlib.utils.data import (
    DataLoader,
    Dataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    TensorDataset,
    default_collate,
)


@pytest.fixture
def dataset():
    return TensorDataset(tl.arange(20).reshape(10, 2), tl.arange(10))


def labels_of(loader):
    return [labels.tolist() for _, labels in loader]


def test_tensor_dataset(dataset):
    assert len(dataset) == 10
    pair, label = dataset[3]
    assert_array_equal(pair, [6, 7])
    assert label.item() == 3
    pairs, labels = dataset[[1, 4]]
    assert_array_equal(pairs, [[2, 3], [8, 9]])
    assert_array_equal(labels, [1, 4])
    with pytest.raises(IndexError):
        _ = dataset[10]


@pytest.mark.parametrize(
    "tensors, error, text",
    [
        ((), ValueError, "TensorDataset: expected at least one Tensor"),
        ((tl.zeros(2), tl.zeros(3)), ValueError, r"same length, got shapes \(2,\), \(3,\)"),
        ((tl.zeros(()),), ValueError, r"got shapes \(\)"),
        ((np.zeros(2),), TypeError, "TensorDataset: expected Tensors, got ndarray"),
    ],
)
def test_tensor_dataset_refuses(tensors, error, text):
    with pytest.raises(error, match=text):
        TensorDataset(*tensors)


def test_batches_in_order(dataset):
    loader = DataLoader(dataset, batch_size=4)
    assert len(loader) == 3
    assert labels_of(loader) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    pairs, _ = next(iter(loader))
    assert_array_equal(pairs, np.arange(8).reshape(4, 2))
    pairs[...] = 0  # a copy
    assert dataset.tensors[0].any(axis=1).all()


def test_the_last_batch_can_be_left_out(dataset):
    loader = DataLoader(dataset, batch_size=4, drop_last=True)
    assert len(loader) == 2
    assert labels_of(loader) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert len(DataLoader(dataset, batch_size=5, drop_last=True)) == 2


def test_shuffled_batches_hold_every_sample_once_in_an_order_of_the_seed(dataset):
    def orders():
        loader = DataLoader(dataset, 3, shuffle=True, generator=tl.random.default_rng(1))
        return [sum(labels_of(loader), []) for _ in range(2)]

    first, second = orders()
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second
    assert orders() == [first, second]


def test_shuffling_uses_the_default_generator(dataset):
    loader = DataLoader(dataset, 10, shuffle=True)
    tl.manual_seed(3)
    first = labels_of(loader)
    tl.manual_seed(3)
    assert labels_of(loader) == first


def test_pairs_stay_together_when_shuffled(dataset):
    for pairs, labels in DataLoader(dataset, 3, shuffle=True):
        assert_array_equal(pairs[:, 0], 2 * labels)


def test_samplers(dataset):
    assert list(SequentialSampler(dataset)) == list(range(10))
    assert sorted(RandomSampler(dataset)) == list(range(10))
    assert len(SequentialSampler(dataset)) == len(RandomSampler(dataset)) == 10
    loader = DataLoader(dataset, batch_size=2, sampler=[7, 1, 1])
    assert labels_of(loader) == [[7, 1], [1]] and len(loader) == 2


def test_other_data_sets_are_collated():
    class Samples(Dataset):
        def __getitem__(self, index):
            return {"x": tl.full(2, float(index)), "y": index, "name": str(index)}

        def __len__(self):
            return 5

    first, second = DataLoader(Samples(), batch_size=3)
    assert_array_equal(first["x"], [[0, 0], [1, 1], [2, 2]])
    assert first["y"].dtype == np.int64
    assert second["name"] == ["3", "4"]
    batches = DataLoader(Samples(), batch_size=3, collate_fn=len)
    assert list(batches) == [3, 2]


def test_subset(dataset):
    some = Subset(dataset, [8, 2, 5])
    assert len(some) == 3 and some[1][1].item() == 2
    assert labels_of(DataLoader(some, batch_size=2)) == [[8, 2], [5]]


def test_collate():
    batch = default_collate([(1.5, np.ones(2), b"a"), (2.5, np.zeros(2), b"b")])
    assert batch[0].dtype == np.float64
    assert_array_equal(batch[0], [1.5, 2.5])
    assert_array_equal(batch[1], [[1, 1], [0, 0]])
    assert batch[2] == [b"a", b"b"]
    assert default_collate([True, False]).dtype == np.bool_


@pytest.mark.parametrize(
    "samples, error, text",
    [
        ([], ValueError, "expected samples, got none"),
        ([None, None], TypeError, "got NoneType"),
        ([(1, 2), (1,)], ValueError, "sequences of the same length"),
        ([{"a": 1}, {"b": 1}], ValueError, "mappings with the same keys"),
        ([tl.zeros(2), tl.zeros(3)], ValueError, "shape"),
    ],
)
def test_collate_refuses(samples, error, text):
    with pytest.raises(error, match=text):
        default_collate(samples)


@pytest.mark.parametrize(
    "options, error, text",
    [
        ({"batch_size": 0}, ValueError, "DataLoader: expected batch_size >= 1, got 0"),
        ({"batch_size": 1.5}, TypeError, "DataLoader: expected batch_size to be an int, got float"),
        ({"shuffle": True, "sampler": [0]}, ValueError, "either shuffle or a sampler, got both"),
    ],
)
def test_loader_refuses(dataset, options, error, text):
    with pytest.raises(error, match=text):
        DataLoader(dataset, **options)


def test_empty_data_sets():
    empty = TensorDataset(tl.zeros((0, 3)))
    for shuffle in (False, True):
        loader = DataLoader(empty, batch_size=2, shuffle=shuffle)
        assert len(loader) == 0 and list(loader) == []


def test_the_base_class_defines_nothing():
    with pytest.raises(NotImplementedError, match="Dataset: no __getitem__ is defined"):
        Dataset()[0]
    with pytest.raises(NotImplementedError, match="Dataset: no __len__ is defined"):
        len(Dataset())
