"""Sequences of different lengths: padded to one, or packed without padding.

A packed batch holds, step by step, the elements of all sequences that are that long; the sequences
are sorted, the longest first, so a step is a leading part of the batch.
"""

import operator
from typing import NamedTuple

import numpy as np

from tensorlib._core._functions import asarray, full, reshape
from tensorlib._core._tensor import Tensor
from tensorlib._joining import concatenate
from tensorlib._manipulation import swapaxes

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


class _Fields(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Fields):
    """Sequences of different lengths without padding; `pack_padded_sequence` makes one.

    Parameters
    ----------
    data : Tensor, shape (sum of lengths, ...)
        The first elements of all sequences, then the second ones, and so on.
    batch_sizes : Tensor, shape (longest length,)
        How many sequences have an element at each step, as int64.
    sorted_indices : Tensor, shape (batch,), optional
        Where each of the sorted sequences was; None if they came sorted.
    unsorted_indices : Tensor, shape (batch,), optional
        Where each sequence is among the sorted ones; by default the inverse of `sorted_indices`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn.utils.rnn import pack_sequence
    >>> packed = pack_sequence([tl.asarray([1, 2, 3]), tl.asarray([4, 5])])
    >>> packed.data.tolist(), packed.batch_sizes.tolist()
    ([1, 4, 2, 5, 3], [2, 2, 1])
    """

    def __new__(cls, data, batch_sizes=None, sorted_indices=None, unsorted_indices=None):
        if batch_sizes is None:
            data, batch_sizes = data
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args, **kwargs):
        """Cast or move the data, as `Tensor.to`; return itself if nothing changes."""
        data = self.data.to(*args, **kwargs)
        return self if data is self.data else self._replace(data=data)

    def cpu(self):
        """``to("cpu")``."""
        return self.to("cpu")

    def double(self):
        """``to("float64")``."""
        return self.to("float64")

    def float(self):
        """``to("float32")``."""
        return self.to("float32")

    def half(self):
        """``to("float16")``."""
        return self.to("float16")

    def long(self):
        """``to("int64")``."""
        return self.to("int64")

    def int(self):
        """``to("int32")``."""
        return self.to("int32")


def invert_permutation(permutation):
    """Find the permutation that undoes one.

    Parameters
    ----------
    permutation : Tensor of int64, shape (n,), or None

    Returns
    -------
    Tensor of int64, or None for None

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn.utils.rnn import invert_permutation
    >>> invert_permutation(tl.asarray([2, 0, 1])).tolist()
    [1, 2, 0]
    """
    return None if permutation is None else permutation.argsort()


def pack_padded_sequence(input, lengths, batch_first=False, enforce_sorted=True):
    """Pack a batch of padded sequences.

    Parameters
    ----------
    input : Tensor, shape (time, batch, ...), or (batch, time, ...) if `batch_first`
    lengths : sequence of int or Tensor, shape (batch,)
    batch_first : bool, optional
    enforce_sorted : bool, optional
        Whether the sequences come with the longest first; if not, they are sorted here, and the
        order is remembered.

    Returns
    -------
    PackedSequence

    Raises
    ------
    ValueError
        If there is not one length for each sequence, or one is below 1 or above the time that
        there is.
    RuntimeError
        If `enforce_sorted` is true and the lengths are not sorted.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn.utils.rnn import pack_padded_sequence
    >>> padded = tl.asarray([[1, 0, 0], [2, 3, 4]])
    >>> packed = pack_padded_sequence(padded, [1, 3], batch_first=True, enforce_sorted=False)
    >>> packed.data.tolist(), packed.sorted_indices.tolist()
    ([2, 1, 3, 4], [1, 0])
    """
    name = "pack_padded_sequence"
    if input.ndim < 2:
        raise ValueError(f"{name}: expected input of at least two axes, got shape {input.shape}")
    time, batch = input.shape[1::-1] if batch_first else input.shape[:2]
    lengths = _lengths(name, lengths)
    if len(lengths) != batch or batch == 0:
        raise ValueError(
            f"{name}: expected a length for each of {batch} sequences of input of shape "
            f"{input.shape}, and at least one, got {len(lengths)}"
        )
    if lengths.min() < 1 or lengths.max() > time:
        raise ValueError(f"{name}: expected lengths from 1 to {time}, got {lengths.tolist()}")
    order = None
    if not enforce_sorted:
        order = np.argsort(-lengths, kind="stable")
        lengths = lengths[order]
    elif (np.diff(lengths) > 0).any():
        raise RuntimeError(
            f"{name}: expected lengths in descending order, got {lengths.tolist()}; pass "
            "enforce_sorted=False to have the sequences sorted"
        )
    steps, places = np.nonzero(np.arange(lengths[0])[:, None] < lengths)
    sizes = np.bincount(steps)
    if order is not None:
        places = order[places]
    index = (places, steps) if batch_first else (steps, places)
    order = None if order is None else asarray(order)
    return PackedSequence(input[tuple(map(asarray, index))], asarray(sizes), order)


def pad_packed_sequence(sequence, batch_first=False, padding_value=0.0, total_length=None):
    """Undo `pack_padded_sequence`.

    Parameters
    ----------
    sequence : PackedSequence
    batch_first : bool, optional
    padding_value : float, optional
        What follows a sequence that is shorter than the longest one.
    total_length : int, optional
        The time to pad to; by default the longest length.

    Returns
    -------
    padded : Tensor, shape (time, batch, ...), or (batch, time, ...) if `batch_first`
        With the sequences in the order they had before packing.
    lengths : Tensor of int64, shape (batch,)

    Raises
    ------
    TypeError
        If `sequence` is no PackedSequence.
    ValueError
        If `total_length` is less than the longest length.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn.utils.rnn import pack_sequence, pad_packed_sequence
    >>> packed = pack_sequence([tl.asarray([1, 2, 3]), tl.asarray([4])])
    >>> padded, lengths = pad_packed_sequence(packed, batch_first=True)
    >>> padded.tolist(), lengths.tolist()
    ([[1, 2, 3], [4, 0, 0]], [3, 1])
    """
    _check_packed("pad_packed_sequence", sequence)
    sizes = np.asarray(sequence.batch_sizes)
    time = len(sizes) if total_length is None else operator.index(total_length)
    if time < len(sizes):
        raise ValueError(
            f"pad_packed_sequence: expected total_length of at least {len(sizes)}, the longest "
            f"length, got {total_length}"
        )
    ends = np.cumsum(sizes)
    places = np.arange(sizes[0])
    index = np.where(places < sizes[:, None], (ends - sizes)[:, None] + places, ends[-1])
    index = np.pad(index, ((0, time - len(sizes)), (0, 0)), constant_values=ends[-1])
    lengths = (places[:, None] < sizes).sum(axis=1)
    if sequence.unsorted_indices is not None:
        order = np.asarray(sequence.unsorted_indices)
        index, lengths = index[:, order], lengths[order]
    if batch_first:
        index = index.T
    return _padded([sequence.data], index, padding_value), asarray(lengths)


def pad_sequence(sequences, batch_first=False, padding_value=0.0, padding_side="right"):
    """Put sequences of different lengths into one Tensor.

    Parameters
    ----------
    sequences : sequence of Tensor, shapes (length, ...)
    batch_first : bool, optional
    padding_value : float, optional
    padding_side : {"right", "left"}, optional

    Returns
    -------
    Tensor, shape (time, batch, ...), or (batch, time, ...) if `batch_first`

    Raises
    ------
    ValueError
        If there is no sequence, shapes differ in more than the length, or `padding_side` is
        another one.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn.utils.rnn import pad_sequence
    >>> pad_sequence([tl.asarray([1, 2]), tl.asarray([3])], batch_first=True).tolist()
    [[1, 2], [3, 0]]
    """
    sequences = list(sequences)
    if not sequences or any(x.ndim == 0 for x in sequences):
        raise ValueError("pad_sequence: expected at least one sequence, of at least one axis each")
    if any(x.shape[1:] != sequences[0].shape[1:] for x in sequences):
        shapes = ", ".join(str(x.shape) for x in sequences)
        raise ValueError(f"pad_sequence: expected shapes that differ in the length, got {shapes}")
    if padding_side not in ("right", "left"):
        raise ValueError(
            f"pad_sequence: expected padding_side 'right' or 'left', got {padding_side!r}"
        )
    lengths = np.array([len(x) for x in sequences])
    ends = np.cumsum(lengths)
    step = np.arange(lengths.max())
    if padding_side == "left":
        step = step - (lengths.max() - lengths)[:, None]
    valid = (step >= 0) & (step < lengths[:, None])
    index = np.where(valid, (ends - lengths)[:, None] + step, ends[-1])
    return _padded(sequences, index if batch_first else index.T, padding_value)


def unpad_sequence(padded_sequences, lengths, batch_first=False):
    """Undo `pad_sequence`.

    Parameters
    ----------
    padded_sequences : Tensor, shape (time, batch, ...), or (batch, time, ...) if `batch_first`
    lengths : sequence of int or Tensor, shape (batch,)
    batch_first : bool, optional

    Returns
    -------
    list of Tensor, shapes (length, ...)
        Views.

    Raises
    ------
    ValueError
        If there is not one length for each sequence.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn.utils.rnn import unpad_sequence
    >>> [x.tolist() for x in unpad_sequence(tl.asarray([[1, 2], [3, 0]]), [2, 1], batch_first=True)]
    [[1, 2], [3]]
    """
    rows = padded_sequences if batch_first else swapaxes(padded_sequences, 0, 1)
    lengths = _lengths("unpad_sequence", lengths).tolist()
    if len(lengths) != len(rows):
        raise ValueError(
            f"unpad_sequence: expected a length for each of {len(rows)} sequences of shape "
            f"{padded_sequences.shape}, got {len(lengths)}"
        )
    return [row[:length] for row, length in zip(rows, lengths, strict=True)]


def pack_sequence(sequences, enforce_sorted=True):
    """Pack sequences of different lengths.

    Parameters
    ----------
    sequences : sequence of Tensor, shapes (length, ...)
    enforce_sorted : bool, optional
        As of `pack_padded_sequence`, whose errors this has too.

    Returns
    -------
    PackedSequence

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn.utils.rnn import pack_sequence
    >>> pack_sequence([tl.asarray([1, 2]), tl.asarray([3])]).data.tolist()
    [1, 3, 2]
    """
    sequences = list(sequences)
    lengths = [len(x) for x in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences):
    """Undo `pack_sequence`.

    Parameters
    ----------
    packed_sequences : PackedSequence

    Returns
    -------
    list of Tensor, shapes (length, ...)

    Raises
    ------
    TypeError
        If the argument is no PackedSequence.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn.utils.rnn import pack_sequence, unpack_sequence
    >>> packed = pack_sequence([tl.asarray([1, 2]), tl.asarray([3])])
    >>> [x.tolist() for x in unpack_sequence(packed)]
    [[1, 2], [3]]
    """
    _check_packed("unpack_sequence", packed_sequences)
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)


def _padded(parts, index, padding_value):
    """Rows of the joined parts, by index; the one behind the last is padding."""
    like = parts[0]
    padding = full((1, *like.shape[1:]), padding_value, dtype=like.dtype, device=like.device)
    rows = concatenate([*parts, padding])
    return reshape(rows[asarray(index.ravel())], (*index.shape, *rows.shape[1:]))


def _lengths(operation, lengths):
    lengths = np.asarray(lengths)
    if lengths.ndim != 1 or (lengths.dtype.kind not in "iu" and lengths.size):
        raise ValueError(f"{operation}: expected lengths to be integers, got {lengths.tolist()}")
    return lengths.astype(np.int64)


def _check_packed(operation, sequence):
    if not isinstance(sequence, PackedSequence):
        raise TypeError(f"{operation}: expected a PackedSequence, got {type(sequence).__name__}")
