"""``random_split``."""

import warnings
from math import floor, isclose

from tensorlib.random import default_generator
from tensorlib.utils.data._dataset import Subset


def random_split(dataset, lengths, generator=None):
    """Share out the samples of a data set at random.

    Parameters
    ----------
    dataset : Dataset
    lengths : sequence of int or of float
        How many samples each part gets; or which part of them, with a sum of one, where the
        samples that are left over go to the first parts.
    generator : tensorlib.random.Generator, optional
        By default the one that `tensorlib.manual_seed` seeds.

    Returns
    -------
    list of Subset

    Raises
    ------
    ValueError
        If a length is negative, or they do not sum up to the number of samples.

    Examples
    --------
    >>> from tensorlib.utils.data import random_split
    >>> train, test = random_split(range(10), [0.75, 0.25])
    >>> len(train), len(test), sorted([*train, *test]) == list(range(10))
    (8, 2, True)
    """
    size, sizes = len(dataset), list(lengths)
    if any(length < 0 for length in sizes):
        raise ValueError(f"random_split: expected no negative lengths, got {lengths}")
    if isclose(sum(sizes), 1) and (size != 1 or any(length % 1 for length in sizes)):
        sizes = [floor(size * part) for part in sizes]
        for place in range(size - sum(sizes)):
            sizes[place % len(sizes)] += 1
    if sum(sizes) != size or any(length % 1 for length in sizes):
        raise ValueError(
            f"random_split: expected lengths with a sum of {size}, or parts with a sum of 1, got "
            f"{lengths}"
        )
    if 0 in sizes:
        warnings.warn("random_split: a part is empty", UserWarning, stacklevel=2)
    order = (generator or default_generator()).permutation(size).tolist()
    parts, start = [], 0
    for length in map(int, sizes):
        parts.append(Subset(dataset, order[start : start + length]))
        start += length
    return parts
