"""From samples to a batch, and from arrays to Tensors."""

import numbers
from collections.abc import Mapping, MutableMapping, Sequence
from copy import copy

import numpy as np

from tensorlib._core._functions import asarray
from tensorlib._core._tensor import Tensor
from tensorlib._joining import stack


def default_collate(batch):
    """Make a batch of samples.

    Parameters
    ----------
    batch : list
        Tensors, arrays or numbers, which are stacked; strings, which stay a list; or mappings and
        sequences of these, all of the same structure, which become one of batches. Tuples become
        lists, tuples with names stay what they are.

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
    samples = list(batch)
    if not samples:
        raise ValueError("default_collate: expected samples, got none")
    first = samples[0]
    if isinstance(first, Tensor | np.ndarray):
        return stack([asarray(sample) for sample in samples])
    if isinstance(first, numbers.Number | np.bool):
        return asarray(samples)
    if isinstance(first, str | bytes):
        return samples
    if isinstance(first, Mapping):
        if not all(isinstance(x, Mapping) and x.keys() == first.keys() for x in samples):
            raise ValueError("default_collate: expected mappings with the same keys")
        return rebuilt(
            first, {key: default_collate([sample[key] for sample in samples]) for key in first}
        )
    if isinstance(first, Sequence):
        if not all(isinstance(x, Sequence) and len(x) == len(first) for x in samples):
            raise ValueError("default_collate: expected sequences of the same length")
        parts = [default_collate(part) for part in zip(*samples, strict=True)]
        return parts if type(first) is tuple else rebuilt(first, parts)
    raise TypeError(
        "default_collate: expected Tensors, arrays, numbers, strings, mappings or sequences, "
        f"got {type(first).__name__}"
    )


def default_convert(data):
    """Make Tensors of the arrays in a sample, and leave the rest as it is.

    Parameters
    ----------
    data : object
        An array, a mapping or sequence of arrays, or anything else.

    Returns
    -------
    object

    Examples
    --------
    >>> import numpy as np
    >>> from tensorlib.utils.data import default_convert
    >>> default_convert({"x": np.ones(2), "name": "a"})
    {'x': tensor([1., 1.]), 'name': 'a'}
    """
    if isinstance(data, np.ndarray | np.generic):
        return data if data.dtype.kind in "SUOMm" else asarray(data)
    if isinstance(data, Mapping):
        return rebuilt(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        parts = [default_convert(value) for value in data]
        return parts if type(data) is tuple else rebuilt(data, parts)
    return data


def pin_tensors(data):
    """A batch with its Tensors in pinned memory; what has a method ``pin_memory`` pins itself."""
    if hasattr(data, "pin_memory"):
        return data.pin_memory()
    if isinstance(data, Mapping):
        return rebuilt(data, {key: pin_tensors(value) for key, value in data.items()})
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        parts = [pin_tensors(value) for value in data]
        return tuple(parts) if type(data) is tuple else rebuilt(data, parts)
    return data


def rebuilt(like, parts):
    """New parts in a mapping or sequence of the same type, if that takes them."""
    if isinstance(like, MutableMapping):  # with what else it has, as a default
        result = copy(like)
        result.update(parts)
        return result
    kind = type(like)
    if isinstance(like, tuple) and hasattr(like, "_fields"):
        return kind(*parts)
    try:
        return kind(parts)
    except TypeError:
        return parts
