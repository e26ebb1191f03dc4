"""Samplers: in which order a loader goes through a data set."""

from tensorlib.random import default_generator


class Sampler:
    """The base of samplers: a subclass defines ``__iter__``, over numbers of samples, and
    ``__len__``.

    Examples
    --------
    >>> from tensorlib.utils.data import DataLoader, Sampler
    >>> class Backwards(Sampler):
    ...     def __init__(self, dataset):
    ...         self.dataset = dataset
    ...
    ...     def __iter__(self):
    ...         return iter(reversed(range(len(self))))
    ...
    ...     def __len__(self):
    ...         return len(self.dataset)
    >>> list(DataLoader("abc", batch_size=2, sampler=Backwards("abc")))
    [['c', 'b'], ['a']]
    """

    def __iter__(self):
        raise NotImplementedError(f"{type(self).__name__}: no __iter__ is defined")

    def __len__(self):
        raise NotImplementedError(f"{type(self).__name__}: no __len__ is defined")


class SequentialSampler(Sampler):
    """All samples, from the first to the last.

    Parameters
    ----------
    dataset : Dataset

    Examples
    --------
    >>> from tensorlib.utils.data import SequentialSampler
    >>> list(SequentialSampler("abc"))
    [0, 1, 2]
    """

    def __init__(self, dataset):
        self.dataset = dataset

    def __iter__(self):
        return iter(range(len(self.dataset)))

    def __len__(self):
        return len(self.dataset)


class RandomSampler(Sampler):
    """All samples, in an order that is drawn anew at each iteration.

    Parameters
    ----------
    dataset : Dataset
    generator : tensorlib.random.Generator, optional
        By default the one that `tensorlib.manual_seed` seeds.

    Examples
    --------
    >>> from tensorlib.utils.data import RandomSampler
    >>> sorted(RandomSampler("abc"))
    [0, 1, 2]
    """

    def __init__(self, dataset, generator=None):
        self.dataset = dataset
        self.generator = generator

    def __iter__(self):
        generator = self.generator or default_generator()
        return iter(generator.permutation(len(self.dataset)).tolist())

    def __len__(self):
        return len(self.dataset)
