"""Samplers: in which order a loader goes through a data set."""

import operator
from itertools import islice

import numpy as np

from tensorlib.random import default_generator


class Sampler:
    """The base of samplers: a subclass defines ``__iter__``, over numbers of samples, and, where it
    is known, ``__len__``.

    Examples
    --------
    >>> from tensorlib.utils.data import DataLoader, Sampler
    >>> class Backwards(Sampler):
    ...     def __init__(self, data_source):
    ...         self.data_source = data_source
    ...
    ...     def __iter__(self):
    ...         return iter(reversed(range(len(self))))
    ...
    ...     def __len__(self):
    ...         return len(self.data_source)
    >>> list(DataLoader("abc", batch_size=2, sampler=Backwards("abc")))
    [['c', 'b'], ['a']]
    """

    def __iter__(self):
        raise NotImplementedError(f"{type(self).__name__}: no __iter__ is defined")


class SequentialSampler(Sampler):
    """All samples, from the first to the last.

    Parameters
    ----------
    data_source : Dataset

    Examples
    --------
    >>> from tensorlib.utils.data import SequentialSampler
    >>> list(SequentialSampler("abc"))
    [0, 1, 2]
    """

    def __init__(self, data_source):
        self.data_source = data_source

    def __iter__(self):
        return iter(range(len(self.data_source)))

    def __len__(self):
        return len(self.data_source)


class RandomSampler(Sampler):
    """Samples in an order that is drawn anew at each iteration.

    Parameters
    ----------
    data_source : Dataset
    replacement : bool, optional
        Whether each number is drawn from all; else no sample comes again before all others did.
    num_samples : int, optional
        How many to draw; by default as many as there are.
    generator : tensorlib.random.Generator, optional
        By default the one that `tensorlib.manual_seed` seeds.

    Raises
    ------
    TypeError, ValueError
        If `replacement` is no bool, or `num_samples` no positive int.

    Examples
    --------
    >>> from tensorlib.utils.data import RandomSampler
    >>> sorted(RandomSampler("abc"))
    [0, 1, 2]
    """

    def __init__(self, data_source, replacement=False, num_samples=None, generator=None):
        if not isinstance(replacement, bool):
            kind = type(replacement).__name__
            raise TypeError(f"RandomSampler: expected replacement to be a bool, got {kind}")
        if num_samples is not None:
            num_samples = positive("RandomSampler", "num_samples", num_samples)
        self.data_source = data_source
        self.replacement = replacement
        self.generator = generator
        self._num_samples = num_samples

    @property
    def num_samples(self):
        """int: how many numbers an iteration draws."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self):
        generator = self.generator or default_generator()
        size, left = len(self.data_source), self.num_samples
        if left > 0 and size == 0:
            raise ValueError("RandomSampler: expected samples to draw from, got none")
        if self.replacement:
            yield from generator.integers(size, size=left).tolist() if left else ()
            return
        while left > 0:
            yield from generator.permutation(size)[:left].tolist()
            left -= size

    def __len__(self):
        return self.num_samples


class SubsetRandomSampler(Sampler):
    """Given samples, in an order that is drawn anew at each iteration.

    Parameters
    ----------
    indices : sequence of int
    generator : tensorlib.random.Generator, optional
        By default the one that `tensorlib.manual_seed` seeds.

    Examples
    --------
    >>> from tensorlib.utils.data import SubsetRandomSampler
    >>> sorted(SubsetRandomSampler([2, 4, 9]))
    [2, 4, 9]
    """

    def __init__(self, indices, generator=None):
        self.indices = indices
        self.generator = generator

    def __iter__(self):
        generator = self.generator or default_generator()
        for place in generator.permutation(len(self.indices)).tolist():
            yield self.indices[place]

    def __len__(self):
        return len(self.indices)


class WeightedRandomSampler(Sampler):
    """Samples drawn with given weights.

    Parameters
    ----------
    weights : sequence of float
        One for each sample; they need not sum up to one.
    num_samples : int
        How many to draw.
    replacement : bool, optional
        Whether a sample may come again.
    generator : tensorlib.random.Generator, optional
        By default the one that `tensorlib.manual_seed` seeds.

    Raises
    ------
    TypeError, ValueError
        If `replacement` is no bool, `num_samples` no positive int, or the weights are not finite
        and positive, or too few are.

    Examples
    --------
    >>> from tensorlib.utils.data import WeightedRandomSampler
    >>> list(WeightedRandomSampler([0, 0, 1], num_samples=4))
    [2, 2, 2, 2]
    """

    def __init__(self, weights, num_samples, replacement=True, generator=None):
        name = "WeightedRandomSampler"
        if not isinstance(replacement, bool):
            kind = type(replacement).__name__
            raise TypeError(f"{name}: expected replacement to be a bool, got {kind}")
        self.num_samples = positive(name, "num_samples", num_samples)
        self.weights = np.asarray(weights, np.float64)
        if self.weights.ndim != 1:
            raise ValueError(f"{name}: expected a row of weights, got shape {self.weights.shape}")
        if not (np.isfinite(self.weights).all() and (self.weights >= 0).all()):
            raise ValueError(f"{name}: expected weights that are finite and not negative")
        possible = np.count_nonzero(self.weights)
        needed = 1 if replacement else self.num_samples
        if possible < needed:
            raise ValueError(
                f"{name}: expected at least {needed} samples with a weight, got {possible}"
            )
        self.replacement = replacement
        self.generator = generator

    def __iter__(self):
        generator = self.generator or default_generator()
        shares = self.weights / self.weights.max()  # whose sum is finite
        drawn = generator.choice(
            len(shares), self.num_samples, replace=self.replacement, p=shares / shares.sum()
        )
        return iter(drawn.tolist())

    def __len__(self):
        return self.num_samples


class BatchSampler(Sampler):
    """The numbers of another sampler, in lists.

    Parameters
    ----------
    sampler : iterable of int
    batch_size : int
    drop_last : bool
        Whether a last list that is shorter is left out.

    Raises
    ------
    TypeError, ValueError
        If `batch_size` is no positive int, or `drop_last` no bool.

    Examples
    --------
    >>> from tensorlib.utils.data import BatchSampler
    >>> list(BatchSampler(range(5), batch_size=2, drop_last=False))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler, batch_size, drop_last):
        self.batch_size = positive("BatchSampler", "batch_size", batch_size)
        if not isinstance(drop_last, bool):
            kind = type(drop_last).__name__
            raise TypeError(f"BatchSampler: expected drop_last to be a bool, got {kind}")
        self.sampler = sampler
        self.drop_last = drop_last

    def __iter__(self):
        return batches(self.sampler, self.batch_size, self.drop_last)

    def __len__(self):
        return number_of_batches(len(self.sampler), self.batch_size, self.drop_last)


def batches(items, size, drop_last):
    """The items in lists of a size."""
    items = iter(items)
    while batch := list(islice(items, size)):
        if drop_last and len(batch) < size:
            return
        yield batch


def number_of_batches(items, size, drop_last):
    whole, rest = divmod(items, size)
    return whole + (rest > 0 and not drop_last)


def positive(op, name, value):
    """A positive int, of anything that is one."""
    try:
        number = operator.index(value)
    except TypeError:
        kind = type(value).__name__
        raise TypeError(f"{op}: expected {name} to be an int, got {kind}") from None
    if number < 1:
        raise ValueError(f"{op}: expected {name} >= 1, got {value}")
    return number
