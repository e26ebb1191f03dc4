"""Data sets, samplers, collation and the loader."""

import inspect
from collections import OrderedDict, defaultdict, namedtuple

import numpy as np
import pytest

import tensorlib as tl
from tensorlib.testing import assert_array_equal
from tensorlib.utils.data import (
    BatchSampler,
    ChainDataset,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    StackDataset,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    default_convert,
    get_worker_info,
    random_split,
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
    assert some[[2, 0]][1].tolist() == [5, 8]
    assert Subset(some, [1, 2])[[0, 1]][1].tolist() == [2, 5]


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
        ([(1, 2), 3], ValueError, "sequences of the same length"),
        ([{"a": 1}, {"b": 1}], ValueError, "mappings with the same keys"),
        ([{"a": 1}, 3], ValueError, "mappings with the same keys"),
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
        ({"batch_sampler": [[0]], "batch_size": 2}, ValueError, "beside a batch_sampler"),
        ({"batch_sampler": [[0]], "drop_last": True}, ValueError, "beside a batch_sampler"),
        ({"batch_size": None, "drop_last": True}, ValueError, "no drop_last without batches"),
        (
            {"num_workers": 2},
            ValueError,
            "expected num_workers=0, got 2: worker processes are not supported yet",
        ),
        ({"timeout": 3}, ValueError, "expected timeout=0, got 3"),
        ({"worker_init_fn": print}, ValueError, "expected worker_init_fn=None"),
        ({"multiprocessing_context": "fork"}, ValueError, "multiprocessing_context=None, got"),
        ({"prefetch_factor": 2}, ValueError, "expected prefetch_factor=None, got 2"),
        ({"persistent_workers": True}, ValueError, "expected persistent_workers=False, got True"),
        ({"in_order": False}, ValueError, "expected in_order=True, got False"),
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


def test_the_base_classes_define_nothing():
    with pytest.raises(NotImplementedError, match="Dataset: no __getitem__ is defined"):
        Dataset()[0]
    with pytest.raises(NotImplementedError, match="IterableDataset: no __iter__ is defined"):
        iter(IterableDataset())
    with pytest.raises(NotImplementedError, match="Sampler: no __iter__ is defined"):
        iter(Sampler())
    with pytest.raises(TypeError, match="IterableDataset: a stream has no samples by number"):
        IterableDataset()[0]
    for cls in (Dataset, IterableDataset, Sampler):
        with pytest.raises(TypeError, match="has no len"):
            len(cls())


# Streams


class Count(IterableDataset):
    def __init__(self, stop):
        self.stop = stop

    def __iter__(self):
        return iter(range(self.stop))


class Sized(Count):
    def __len__(self):
        return self.stop


def test_streams():
    assert [b.tolist() for b in DataLoader(Count(5), 2)] == [[0, 1], [2, 3], [4]]
    assert [b.tolist() for b in DataLoader(Count(5), 2, drop_last=True)] == [[0, 1], [2, 3]]
    assert list(DataLoader(Count(3), batch_size=None)) == [0, 1, 2]
    assert list(DataLoader(Count(3), 2, collate_fn=tuple)) == [(0, 1), (2,)]
    loader = DataLoader(Sized(5), 2)
    assert len(loader) == 3 and len(DataLoader(Sized(5), 2, drop_last=True)) == 2
    assert len(DataLoader(Sized(5), None)) == 5
    assert len(list(loader)) == len(list(loader)) == 3
    with pytest.raises(TypeError):
        len(DataLoader(Count(5), 2))
    for options in ({"shuffle": True}, {"sampler": [0]}, {"batch_sampler": [[0]]}):
        with pytest.raises(ValueError, match="for an IterableDataset, which has an order"):
            DataLoader(Count(5), **options)


def test_a_stream_without_an_end():
    class Forever(IterableDataset):
        def __iter__(self):
            number = 0
            while True:
                yield number
                number += 1

    batches = iter(DataLoader(Forever(), 3))
    assert next(batches).tolist() == [0, 1, 2] and next(batches).tolist() == [3, 4, 5]


def test_chain():
    assert list(Count(2) + Count(3)) == [0, 1, 0, 1, 2]
    assert len(ChainDataset([Sized(2), Sized(3)])) == 5
    with pytest.raises(TypeError, match=r"expected streams \(IterableDataset\), got TensorDataset"):
        list(ChainDataset([TensorDataset(tl.ones(2))]))


# Data sets of data sets


def test_concat(dataset):
    both = dataset + TensorDataset(tl.zeros((3, 2)), tl.arange(20, 23)) + Subset(dataset, [])
    assert len(both) == 13
    assert [label.item() for _, label in both] == [*range(10), 20, 21, 22]
    assert both[-1][1].item() == 22 and both[-13][1].item() == 0
    assert labels_of(DataLoader(both, 8)) == [[*range(8)], [8, 9, 20, 21, 22]]
    for index in (13, -14):
        with pytest.raises(
            IndexError, match=f"ConcatDataset: expected a number below 13, got {index}"
        ):
            both[index]
    with pytest.raises(ValueError, match="ConcatDataset: expected data sets, got none"):
        ConcatDataset([])
    with pytest.raises(TypeError, match="got the stream Count; use ChainDataset"):
        ConcatDataset([dataset, Count(3)])


def test_stack(dataset):
    pairs = StackDataset(dataset, range(10))
    (x, label), number = pairs[4]
    assert label.item() == number == 4 and len(pairs) == 10
    named = StackDataset(data=dataset, number=range(10))
    (batch,) = DataLoader(named, 10)
    assert_array_equal(batch["number"], np.arange(10))
    assert_array_equal(batch["data"][1], np.arange(10))
    with pytest.raises(ValueError, match=r"data sets of one length, got \[10, 3\]"):
        StackDataset(dataset, "abc")
    with pytest.raises(ValueError, match="with names or without, got none"):
        StackDataset()
    with pytest.raises(ValueError, match="with names or without, got both"):
        StackDataset("a", b="b")


def test_random_split(dataset):
    def labels(parts):
        return [[label.item() for _, label in part] for part in parts]

    parts = random_split(dataset, [7, 3], tl.random.default_rng(5))
    assert list(map(len, parts)) == [7, 3]
    first = labels(parts)
    assert sorted(sum(first, [])) == list(range(10)) and sum(first, []) != list(range(10))
    assert labels(random_split(dataset, [7, 3], tl.random.default_rng(5))) == first
    tl.manual_seed(3)
    second = labels(random_split(dataset, [7, 3]))
    tl.manual_seed(3)
    assert labels(random_split(dataset, [7, 3])) == second
    # What is left over goes to the first parts.
    assert list(map(len, random_split(dataset, [0.25, 0.25, 0.5]))) == [3, 2, 5]
    assert list(map(len, random_split(dataset, [1 / 3] * 3))) == [4, 3, 3]
    assert list(map(len, random_split(dataset, [1.0]))) == [10]
    with pytest.warns(UserWarning, match="random_split: a part is empty"):
        assert list(map(len, random_split("a", [1, 0]))) == [1, 0]
    for bad in ([7, 2], [0.5, 0.4], [11, -1], [9.5, 0.5]):
        with pytest.raises(ValueError, match="random_split: expected "):
            random_split(dataset, bad)


# Samplers


def test_random_sampler_draws_as_many_as_asked_for():
    generator = tl.random.default_rng(0)
    drawn = list(RandomSampler("abcd", num_samples=10, generator=generator))
    assert len(drawn) == 10
    # No sample comes again before all others did.
    assert sorted(drawn[:4]) == sorted(drawn[4:8]) == [0, 1, 2, 3]
    assert len(set(drawn[8:])) == 2
    sampler = RandomSampler(range(1000), replacement=True, generator=generator)
    drawn = list(sampler)
    assert len(drawn) == len(sampler) == 1000 and set(drawn) < set(range(1000))
    assert all(type(number) is int for number in drawn)
    few = RandomSampler("abcd", True, 3, generator)
    assert len(list(few)) == len(few) == 3


def test_subset_random_sampler():
    sampler = SubsetRandomSampler([5, 3, 9], tl.random.default_rng(0))
    orders = {tuple(sampler) for _ in range(50)}
    assert len(orders) == 6 and all(sorted(order) == [3, 5, 9] for order in orders)
    assert len(sampler) == 3


def test_weighted_random_sampler():
    generator = tl.random.default_rng(0)
    drawn = list(WeightedRandomSampler([1, 0, 3], 4000, generator=generator))
    counts = np.bincount(drawn, minlength=3)
    assert counts[1] == 0 and abs(counts[2] / 4000 - 0.75) < 0.03
    sampler = WeightedRandomSampler(tl.asarray([1.0, 0, 3, 1e-3]), 3, False, generator)
    assert sorted(sampler) == [0, 2, 3] and len(sampler) == 3
    assert list(WeightedRandomSampler([0, 1e308, 0], 2)) == [1, 1]
    for weights, number, replacement, text in (
        ([1, -1], 2, True, "finite and not negative"),
        ([1, np.nan], 2, True, "finite and not negative"),
        ([0, 0], 2, True, "at least 1 samples with a weight, got 0"),
        ([1, 0, 1], 3, False, "at least 3 samples with a weight, got 2"),
        ([[1.0]], 1, True, r"a row of weights, got shape \(1, 1\)"),
        ([1], 0, True, "num_samples >= 1, got 0"),
    ):
        with pytest.raises(ValueError, match=f"WeightedRandomSampler: expected .*{text}"):
            WeightedRandomSampler(weights, number, replacement)


def test_batch_sampler(dataset):
    sampler = BatchSampler(SequentialSampler(dataset), 4, True)
    assert len(sampler) == 2 and list(sampler) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    loader = DataLoader(dataset, batch_sampler=[[3], [1, 2]])
    assert labels_of(loader) == [[3], [1, 2]] and len(loader) == 2
    assert loader.batch_size is None


@pytest.mark.parametrize(
    "function, error, text",
    [
        (lambda: RandomSampler("a", 1), TypeError, "replacement to be a bool, got int"),
        (lambda: RandomSampler("a", num_samples=0), ValueError, "num_samples >= 1, got 0"),
        (lambda: RandomSampler("a", num_samples=1.5), TypeError, "to be an int, got float"),
        (lambda: list(RandomSampler("", num_samples=1)), ValueError, "samples to draw from"),
        (lambda: BatchSampler([], 0, False), ValueError, "BatchSampler: expected batch_size >= 1"),
        (lambda: BatchSampler([], 1, 0), TypeError, "drop_last to be a bool, got int"),
    ],
)
def test_samplers_refuse(function, error, text):
    with pytest.raises(error, match=text):
        function()


# Batches


def test_samples_one_by_one(dataset):
    samples = list(DataLoader(dataset, batch_size=None))
    assert len(samples) == len(DataLoader(dataset, batch_size=None)) == 10
    assert samples[3][1].item() == 3
    (array,) = DataLoader([np.ones(2)], batch_size=None)
    assert isinstance(array, tl.Tensor)
    orders = DataLoader(range(5), batch_size=None, sampler=[3, 1], collate_fn=str)
    assert list(orders) == ["3", "1"]


def test_a_batch_is_taken_from_tensors_at_once_with_the_same_result(dataset):
    class Plain(TensorDataset):  # one by one, as it might change its samples
        pass

    fast, slow = dataset, Plain(*dataset.tensors)
    nested = [Subset(Subset(data, [9, 1, 4, 4]), [0, 3, 2]) for data in (fast, slow)]
    for a, b in ((fast, slow), nested):
        for x, y in zip(DataLoader(a, 3), DataLoader(b, 3), strict=True):
            assert type(x) is type(y) is list
            for left, right in zip(x, y, strict=True):
                assert left.dtype == right.dtype
                assert_array_equal(left, right)


def test_data_sets_that_know_batches():
    class Together:
        def __getitems__(self, numbers):
            return [10 * number for number in numbers]

        def __len__(self):
            return 3

    assert [b.tolist() for b in DataLoader(Together(), 2)] == [[0, 10], [20]]


def test_collate_keeps_the_kind_of_what_holds_samples():
    Point = namedtuple("Point", "x y")
    batch = default_collate([Point(1, np.float32(2)), Point(3, np.float32(4))])
    assert type(batch) is Point and batch.y.dtype == np.float32
    assert_array_equal(batch.x, [1, 3])
    batch = default_collate([OrderedDict(a=np.bool(True), b=[1, "u"])] * 2)
    assert type(batch) is OrderedDict and batch["a"].dtype == np.bool_
    assert_array_equal(batch["b"][0], [1, 1])
    assert batch["b"][1] == ["u", "u"]
    samples = [defaultdict(list, a=1), defaultdict(list, a=2)]
    batch = default_collate(samples)
    assert batch["a"].tolist() == [1, 2] and batch["new"] == [] and samples[0]["a"] == 1
    assert type(default_collate([(1, 2), (3, 4)])) is list


def test_convert():
    Point = namedtuple("Point", "x y")
    made = default_convert(Point(np.ones(2), {"a": [np.int64(3), "s", None], "b": b"x"}))
    assert type(made) is Point and isinstance(made.x, tl.Tensor)
    assert isinstance(made.y["a"][0], tl.Tensor) and made.y["a"][1:] == ["s", None]
    assert made.y["b"] == b"x"
    words = np.array(["a", "b"])
    assert default_convert(words) is words
    tensor = tl.ones(2)
    assert default_convert(tensor) is tensor


def test_there_are_no_workers():
    assert get_worker_info() is None


# PyTorch


def test_signatures_and_batches_are_those_of_pytorch():
    torch_data = pytest.importorskip(
        "torch.utils.data", reason="PyTorch is not installed; to compare with it: pip install torch"
    )
    import tensorlib.utils.data as ours

    for name in ours.__all__:
        mine = inspect.signature(getattr(ours, name)).parameters
        theirs = inspect.signature(getattr(torch_data, name)).parameters
        assert list(mine) == [key for key in theirs if key != "pin_memory_device"], name
        for key, parameter in mine.items():
            if (name, key) != ("random_split", "generator"):  # theirs is made at import
                assert parameter.default == theirs[key].default, (name, key)
    samples = [{"a": (1, 2.5), "b": np.arange(2), "c": "s", "d": [True]} for _ in range(3)]
    for mine, theirs in zip(
        ours.DataLoader(samples, 2), torch_data.DataLoader(samples, 2), strict=True
    ):
        assert mine.keys() == theirs.keys() and type(mine["a"]) is type(theirs["a"])
        for x, y in [
            *zip(mine["a"], theirs["a"], strict=True),
            (mine["b"], theirs["b"]),
            (mine["d"][0], theirs["d"][0]),
        ]:
            assert x.tolist() == y.tolist() and str(x.dtype) == str(y.dtype).removeprefix("torch.")
        assert mine["c"] == theirs["c"]
