"""``DataLoader``."""

from tensorlib._core.device import available
from tensorlib.utils.data._collate import default_collate, default_convert, pin_tensors
from tensorlib.utils.data._dataset import IterableDataset, Subset, TensorDataset
from tensorlib.utils.data._sampler import (
    BatchSampler,
    RandomSampler,
    SequentialSampler,
    batches,
    number_of_batches,
    positive,
)


class DataLoader:
    """Batches of a data set, drawn in this process.

    Parameters
    ----------
    dataset : Dataset
        Anything with ``__getitem__`` and ``__len__``, or an `IterableDataset`. Each batch of a
        `TensorDataset`, or of a subset of one, is taken from its Tensors at once. If a data set has
        ``__getitems__``, it is given the numbers of a batch and returns the list of its samples.
    batch_size : int, optional
        None to get samples one by one, through `default_convert`.
    shuffle : bool, optional
        Whether each iteration has an order of its own.
    sampler : iterable of int, optional
        Another order; not together with `shuffle`.
    batch_sampler : iterable of list of int, optional
        The numbers of each batch; not together with `batch_size`, `shuffle`, `sampler` and
        `drop_last`.
    num_workers : int, optional
        Zero. Worker processes are yet to come, and so is what concerns them: `timeout`,
        `worker_init_fn`, `multiprocessing_context`, `prefetch_factor`, `persistent_workers`.
    collate_fn : callable, optional
        Makes a batch of a list of samples; by default `default_collate`.
    pin_memory : bool, optional
        Whether the Tensors of batches are brought to pinned memory, from where
        ``to("cuda", non_blocking=True)`` returns before the copy is done. Without a GPU it has no
        effect.
    drop_last : bool, optional
        Whether a last batch with fewer samples is left out.
    timeout, worker_init_fn, multiprocessing_context : optional
        See `num_workers`.
    generator : tensorlib.random.Generator, optional
        What shuffles; by default the one that `tensorlib.manual_seed` seeds.
    prefetch_factor, persistent_workers, in_order : optional
        See `num_workers`; batches always come in order.

    Raises
    ------
    TypeError
        If `batch_size` is no int.
    ValueError
        If it is not positive, options exclude each other, or one is not supported.

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
        shuffle=None,
        sampler=None,
        batch_sampler=None,
        num_workers=0,
        collate_fn=None,
        pin_memory=False,
        drop_last=False,
        timeout=0,
        worker_init_fn=None,
        multiprocessing_context=None,
        generator=None,
        *,
        prefetch_factor=None,
        persistent_workers=False,
        in_order=True,
    ):
        refuse_unless_default(
            {
                "num_workers": (num_workers, 0),
                "timeout": (timeout, 0),
                "worker_init_fn": (worker_init_fn, None),
                "multiprocessing_context": (multiprocessing_context, None),
                "prefetch_factor": (prefetch_factor, None),
                "persistent_workers": (persistent_workers, False),
                "in_order": (in_order, True),
            },
            "worker processes are not supported yet",
        )
        streams = isinstance(dataset, IterableDataset)
        if streams and (shuffle or sampler is not None or batch_sampler is not None):
            raise ValueError(
                "DataLoader: expected no shuffle, sampler or batch_sampler for an IterableDataset, "
                "which has an order of its own"
            )
        if sampler is not None and shuffle:
            raise ValueError("DataLoader: expected either shuffle or a sampler, got both")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "DataLoader: expected no batch_size, shuffle, sampler or drop_last beside a "
                    "batch_sampler"
                )
            batch_size = None
        elif batch_size is not None:
            batch_size = positive("DataLoader", "batch_size", batch_size)
        elif drop_last:
            raise ValueError("DataLoader: expected no drop_last without batches (batch_size=None)")
        if sampler is None and not streams:
            if shuffle:
                sampler = RandomSampler(dataset, generator=generator)
            else:
                sampler = SequentialSampler(dataset)
        if batch_size is not None and not streams:
            batch_sampler = BatchSampler(sampler, batch_size, bool(drop_last))
        if collate_fn is None:
            batched = batch_size is not None or batch_sampler is not None
            collate_fn = default_collate if batched else default_convert
        self.dataset = dataset
        self.batch_size = batch_size
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.num_workers = 0
        self.collate_fn = collate_fn
        self.pin_memory = bool(pin_memory)
        self.drop_last = drop_last
        self.generator = generator

    def __iter__(self):
        found = self._batches()
        return map(pin_tensors, found) if self.pin_memory and has_gpu() else found

    def _batches(self):
        if self.sampler is None:
            return self._from_stream()
        if self.batch_sampler is None:
            return (self.collate_fn(self.dataset[number]) for number in self.sampler)
        return map(self._take, self.batch_sampler)

    def __len__(self):
        if self.batch_sampler is not None:
            return len(self.batch_sampler)
        if self.sampler is not None:
            return len(self.sampler)
        if self.batch_size is None:
            return len(self.dataset)
        return number_of_batches(len(self.dataset), self.batch_size, self.drop_last)

    def _from_stream(self):
        if self.batch_size is None:
            return map(self.collate_fn, self.dataset)
        return map(self.collate_fn, batches(self.dataset, self.batch_size, self.drop_last))

    def _take(self, numbers):
        if self.collate_fn is default_collate:
            batch = whole_batch(self.dataset, numbers)
            if batch is not None:
                return batch
        if hasattr(self.dataset, "__getitems__"):
            return self.collate_fn(self.dataset.__getitems__(numbers))
        return self.collate_fn([self.dataset[number] for number in numbers])


def has_gpu():
    return any(name.startswith("cuda") for name in available())


def whole_batch(dataset, numbers):
    """The batch of samples that lie in Tensors, taken at once; None if they do not."""
    if type(dataset) is Subset:
        return whole_batch(dataset.dataset, [dataset.indices[number] for number in numbers])
    return list(dataset[numbers]) if type(dataset) is TensorDataset else None


def refuse_unless_default(options, reason):
    for name, (value, default) in options.items():
        if value != default:
            raise ValueError(f"DataLoader: expected {name}={default}, got {value!r}: {reason}")


def get_worker_info():
    """Return what a data set's copy in a worker process is to know: None in the main process.

    Returns
    -------
    None
        There are no worker processes yet.

    Examples
    --------
    >>> from tensorlib.utils.data import get_worker_info
    >>> get_worker_info() is None
    True
    """
    return None
