"""``DataLoader``."""

import operator
from itertools import islice

from tensorlib.utils.data._collate import default_collate
from tensorlib.utils.data._dataset import TensorDataset
from tensorlib.utils.data._sampler import RandomSampler, SequentialSampler


class DataLoader:
    """Batches of a data set, drawn in this process.

    Parameters
    ----------
    dataset : Dataset
        Anything with ``__getitem__`` and ``__len__``. Each batch of a `TensorDataset` is taken from
        its Tensors at once.
    batch_size : int, optional
    shuffle : bool, optional
        Whether each iteration has an order of its own.
    sampler : iterable of int, optional
        Another order; not together with `shuffle`.
    collate_fn : callable, optional
        Makes a batch of a list of samples; by default `default_collate`.
    drop_last : bool, optional
        Whether a last batch with fewer samples is left out.
    generator : tensorlib.random.Generator, optional
        What shuffles; by default the one that `tensorlib.manual_seed` seeds.

    Raises
    ------
    TypeError
        If `batch_size` is no int.
    ValueError
        If it is not positive, or there are both `shuffle` and `sampler`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.utils.data import DataLoader, TensorDataset
    >>> dataset = TensorDataset(tl.zeros((10, 3)), tl.arange(10))
    >>> loader = DataLoader(dataset, batch_size=4)
    >>> len(loader), [labels.tolist() for _, labels in loader]
    (3, [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]])
    """

    def __init__(
        self,
        dataset,
        batch_size=1,
        shuffle=False,
        sampler=None,
        collate_fn=None,
        drop_last=False,
        generator=None,
    ):
        try:
            self.batch_size = operator.index(batch_size)
        except TypeError:
            kind = type(batch_size).__name__
            raise TypeError(f"DataLoader: expected batch_size to be an int, got {kind}") from None
        if self.batch_size < 1:
            raise ValueError(f"DataLoader: expected batch_size >= 1, got {batch_size}")
        if sampler is not None and shuffle:
            raise ValueError("DataLoader: expected either shuffle or a sampler, got both")
        if sampler is None:
            sampler = RandomSampler(dataset, generator) if shuffle else SequentialSampler(dataset)
        self.dataset = dataset
        self.sampler = sampler
        self.collate_fn = collate_fn
        self.drop_last = drop_last

    def __iter__(self):
        numbers = iter(self.sampler)
        while batch := list(islice(numbers, self.batch_size)):
            if self.drop_last and len(batch) < self.batch_size:
                return
            yield self._take(batch)

    def __len__(self):
        whole, rest = divmod(len(self.sampler), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def _take(self, batch):
        if self.collate_fn is None and isinstance(self.dataset, TensorDataset):
            return self.dataset[batch]
        collate = self.collate_fn or default_collate
        return collate([self.dataset[number] for number in batch])
