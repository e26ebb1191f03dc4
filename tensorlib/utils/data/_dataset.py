"""Data sets: samples by number, or one after the other."""

from bisect import bisect_right
from itertools import accumulate, chain

from tensorlib._core._tensor import Tensor


class Dataset:
    """The base of data sets: a subclass defines ``__getitem__`` and ``__len__``.

    Examples
    --------
    >>> from tensorlib.utils.data import DataLoader, Dataset
    >>> class Squares(Dataset):
    ...     def __getitem__(self, index):
    ...         return index**2
    ...
    ...     def __len__(self):
    ...         return 5
    >>> [batch.tolist() for batch in DataLoader(Squares(), batch_size=3)]
    [[0, 1, 4], [9, 16]]
    """

    def __getitem__(self, index):
        raise NotImplementedError(f"{type(self).__name__}: no __getitem__ is defined")

    def __add__(self, other):
        return ConcatDataset([self, other])


class IterableDataset(Dataset):
    """The base of data sets that are streams: a subclass defines ``__iter__``.

    Examples
    --------
    >>> from tensorlib.utils.data import DataLoader, IterableDataset
    >>> class Countdown(IterableDataset):
    ...     def __iter__(self):
    ...         return iter(range(4, -1, -1))
    >>> [batch.tolist() for batch in DataLoader(Countdown(), batch_size=3)]
    [[4, 3, 2], [1, 0]]
    """

    def __iter__(self):
        raise NotImplementedError(f"{type(self).__name__}: no __iter__ is defined")

    def __getitem__(self, index):
        raise TypeError(f"{type(self).__name__}: a stream has no samples by number")

    def __add__(self, other):
        return ChainDataset([self, other])


class TensorDataset(Dataset):
    """Samples along the first axis of Tensors.

    Parameters
    ----------
    *tensors : Tensor
        With first axes of the same length.

    Raises
    ------
    TypeError
        If something is no Tensor.
    ValueError
        If the lengths differ, or there is no Tensor.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.utils.data import TensorDataset
    >>> images, labels = tl.zeros((10, 28, 28)), tl.arange(10)
    >>> dataset = TensorDataset(images, labels)
    >>> len(dataset), dataset[3][1].item()
    (10, 3)
    >>> dataset[[2, 5]][0].shape
    (2, 28, 28)
    """

    def __init__(self, *tensors):
        if not tensors:
            raise ValueError("TensorDataset: expected at least one Tensor")
        for tensor in tensors:
            if not isinstance(tensor, Tensor):
                kind = type(tensor).__name__
                raise TypeError(f"TensorDataset: expected Tensors, got {kind}")
        shapes = [tensor.shape for tensor in tensors]
        if not all(shapes) or len({shape[0] for shape in shapes}) > 1:
            raise ValueError(
                f"TensorDataset: expected first axes of the same length, got shapes "
                f"{', '.join(map(str, shapes))}"
            )
        self.tensors = tensors

    def __getitem__(self, index):
        """Return a tuple of one part of each Tensor; `index` may be whatever indexes an axis."""
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self):
        return self.tensors[0].shape[0]


class Subset(Dataset):
    """Some of the samples of a data set; those of a list of numbers are taken at once.

    Parameters
    ----------
    dataset : Dataset
    indices : sequence of int

    Examples
    --------
    >>> from tensorlib.utils.data import Subset
    >>> list(Subset("abcdef", [0, 2, 4]))
    ['a', 'c', 'e']
    """

    def __init__(self, dataset, indices):
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index):
        if isinstance(index, list):
            return self.dataset[[self.indices[number] for number in index]]
        return self.dataset[self.indices[index]]

    def __len__(self):
        return len(self.indices)


class ConcatDataset(Dataset):
    """Several data sets, one after the other; ``first + second`` makes one, too.

    Parameters
    ----------
    datasets : iterable of Dataset

    Attributes
    ----------
    cumulative_sizes : list of int
        Where each one ends.

    Raises
    ------
    TypeError
        If one is a stream, for which there is `ChainDataset`.
    ValueError
        If there are none.

    Examples
    --------
    >>> from tensorlib.utils.data import ConcatDataset
    >>> both = ConcatDataset(["abc", "de"])
    >>> len(both), both[3], both[-1]
    (5, 'd', 'e')
    """

    def __init__(self, datasets):
        self.datasets = list(datasets)
        if not self.datasets:
            raise ValueError("ConcatDataset: expected data sets, got none")
        for dataset in self.datasets:
            if isinstance(dataset, IterableDataset):
                kind = type(dataset).__name__
                raise TypeError(
                    f"ConcatDataset: expected data sets with samples by number, got the stream "
                    f"{kind}; use ChainDataset"
                )
        self.cumulative_sizes = list(accumulate(map(len, self.datasets)))

    def __getitem__(self, index):
        number = index + len(self) if index < 0 else index
        if not 0 <= number < len(self):
            raise IndexError(f"ConcatDataset: expected a number below {len(self)}, got {index}")
        place = bisect_right(self.cumulative_sizes, number)
        before = self.cumulative_sizes[place - 1] if place else 0
        return self.datasets[place][number - before]

    def __len__(self):
        return self.cumulative_sizes[-1]


class ChainDataset(IterableDataset):
    """Several streams, one after the other; ``first + second`` makes one, too.

    Parameters
    ----------
    datasets : iterable of IterableDataset

    Raises
    ------
    TypeError
        At iteration, if one is no stream.

    Examples
    --------
    >>> from tensorlib.utils.data import ChainDataset, IterableDataset
    >>> class Count(IterableDataset):
    ...     def __iter__(self):
    ...         return iter(range(2))
    >>> list(ChainDataset([Count(), Count()]))
    [0, 1, 0, 1]
    """

    def __init__(self, datasets):
        self.datasets = datasets

    def __iter__(self):
        return chain.from_iterable(map(self._checked, self.datasets))

    def __len__(self):
        return sum(len(self._checked(dataset)) for dataset in self.datasets)

    @staticmethod
    def _checked(dataset):
        if not isinstance(dataset, IterableDataset):
            kind = type(dataset).__name__
            raise TypeError(f"ChainDataset: expected streams (IterableDataset), got {kind}")
        return dataset


class StackDataset(Dataset):
    """Several data sets side by side: a sample is a tuple, or a dict, of one sample of each.

    Parameters
    ----------
    *args : Dataset
    **kwargs : Dataset
        In lieu of `args`, for dicts.

    Raises
    ------
    ValueError
        If their lengths differ, there are none, or some come with names and some without.

    Examples
    --------
    >>> from tensorlib.utils.data import StackDataset
    >>> StackDataset("abc", range(3))[1]
    ('b', 1)
    >>> StackDataset(letter="abc", number=range(3))[1]
    {'letter': 'b', 'number': 1}
    """

    def __init__(self, *args, **kwargs):
        if bool(args) == bool(kwargs):
            given = "both" if args else "none"
            raise ValueError(f"StackDataset: expected data sets with names or without, got {given}")
        self.datasets = kwargs or args
        lengths = [len(dataset) for dataset in (*args, *kwargs.values())]
        if len(set(lengths)) > 1:
            raise ValueError(f"StackDataset: expected data sets of one length, got {lengths}")
        self._length = lengths[0]

    def __getitem__(self, index):
        if isinstance(self.datasets, dict):
            return {name: dataset[index] for name, dataset in self.datasets.items()}
        return tuple(dataset[index] for dataset in self.datasets)

    def __len__(self):
        return self._length
