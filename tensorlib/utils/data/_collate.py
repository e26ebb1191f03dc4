"""``default_collate``: from samples to a batch."""

import numbers
from collections.abc import Mapping, Sequence

import numpy as np

from tensorlib._core._functions import asarray
from tensorlib._core._tensor import Tensor
from tensorlib._joining import stack


def default_collate(samples):
    """Make a batch of samples.

    Parameters
    ----------
    samples : list
        Tensors, arrays or numbers, which are stacked; strings, which stay a list; or mappings and
        sequences of these, all of the same structure, which become one of batches.

    Returns
    -------
    Tensor, list, tuple or dict

    Raises
    ------
    TypeError
        If a sample is something else.
    ValueError
        If there are no samples, or they differ in shape or structure.

    Examples
    --------
    >>> from tensorlib.utils.data import default_collate
    >>> batch = default_collate([{"x": 1.5, "name": "a"}, {"x": 2.5, "name": "b"}])
    >>> batch["x"].tolist(), batch["name"]
    ([1.5, 2.5], ['a', 'b'])
    """
    if not samples:
        raise ValueError("default_collate: expected samples, got none")
    first = samples[0]
    if isinstance(first, Tensor | np.ndarray):
        return stack([asarray(sample) for sample in samples])
    if isinstance(first, numbers.Number):
        return asarray(samples)
    if isinstance(first, str | bytes):
        return list(samples)
    if isinstance(first, Mapping):
        if any(sample.keys() != first.keys() for sample in samples):
            raise ValueError("default_collate: expected mappings with the same keys")
        return {key: default_collate([sample[key] for sample in samples]) for key in first}
    if isinstance(first, Sequence):
        if any(len(sample) != len(first) for sample in samples):
            raise ValueError("default_collate: expected sequences of the same length")
        return tuple(default_collate(list(parts)) for parts in zip(*samples, strict=True))
    raise TypeError(
        "default_collate: expected Tensors, arrays, numbers, strings, mappings or sequences, "
        f"got {type(first).__name__}"
    )
