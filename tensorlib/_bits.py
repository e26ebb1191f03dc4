"""Bits packed into bytes."""

import numpy as np

from tensorlib._arguments import along, computed, named, on_device
from tensorlib._core._functions import asarray, reshape, sum, zeros
from tensorlib._joining import concatenate
from tensorlib._manipulation import moveaxis


def packbits(a, /, axis=None, bitorder="big"):
    """Eight elements as the bits of one byte.

    Parameters
    ----------
    a : array_like of int or bool
        What is not zero is a bit that is set.
    axis : int, optional
        Along which to pack; by default `a` is taken as one axis.
    bitorder : {"big", "little"}
        Whether the first of eight is the highest or the lowest bit.

    Returns
    -------
    Tensor
        uint8; `axis` is an eighth as long, rounded up, and the last byte is filled with zeros.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.
    TypeError
        If the elements are neither integers nor bools.
    ValueError
        If `bitorder` is neither.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.packbits([1, 0, 1])
    tensor([160], dtype=uint8)
    """
    with named("packbits"):
        if on_device(a):
            np.packbits(np.empty((0,) * a.ndim, a.dtype), axis, bitorder)  # NumPy's own checks
            return _packed(*along("packbits", a, axis if a.ndim else None), bitorder)
        return computed("packbits", lambda a: np.packbits(a, axis, bitorder), a)


def _packed(a, axis, bitorder):
    """`packbits` on a device: eight neighbours are added up, each with the value of its bit."""
    lines = moveaxis(a != 0, axis, -1)
    rest = zeros((*lines.shape[:-1], -lines.shape[-1] % 8), bool, device=a.device)
    eights = concatenate((lines, rest), -1)
    eights = reshape(eights, (*eights.shape[:-1], eights.shape[-1] // 8, 8))
    return moveaxis(sum(eights * _values(bitorder, a), -1, np.uint8), -1, axis)


def _values(bitorder, a):
    """The values of the bits of a byte in their order."""
    values = np.uint8(1) << np.arange(8, dtype=np.uint8)
    return asarray(values if bitorder == "little" else values[::-1].copy(), device=a.device)


def unpackbits(a, /, axis=None, count=None, bitorder="big"):
    """The bits of bytes, an element each.

    Parameters
    ----------
    a : array_like of uint8
    axis : int, optional
        Along which to unpack; by default `a` is taken as one axis.
    count : int, optional
        How many bits to keep, a negative number of them to leave out at the end; by default all.
        Zeros follow where there are fewer.
    bitorder : {"big", "little"}
        Whether the highest or the lowest bit comes first.

    Returns
    -------
    Tensor
        uint8, of zeros and ones.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.
    TypeError
        If the elements are not uint8.
    ValueError
        If `bitorder` is neither, or fewer than no bits are left.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.unpackbits(tl.asarray([5], dtype=tl.uint8))
    tensor([0, 0, 0, 0, 0, 1, 0, 1], dtype=uint8)
    """

    def unpacked(packed):
        bits = np.unpackbits(packed, axis, count, bitorder)
        if packed.size == 0:
            bits[...] = 0  # NumPy leaves there what was in the memory
        return bits

    with named("unpackbits"):
        if on_device(a):
            np.unpackbits(np.empty((0,) * a.ndim, a.dtype), axis, None, bitorder)
            return _unpacked(*along("unpackbits", a, axis if a.ndim else None), count, bitorder)
        return computed("unpackbits", unpacked, a)


def _unpacked(a, axis, count, bitorder):
    """`unpackbits` on a device."""
    lines = moveaxis(a, axis, -1)
    bits = asarray((lines[..., None] & _values(bitorder, a)) != 0, np.uint8)
    length = 8 * lines.shape[-1]
    bits = reshape(bits, (*lines.shape[:-1], length))
    if count is not None:
        kept = count if count >= 0 else length + count
        np.unpackbits(np.empty(lines.shape[-1], np.uint8), 0, count)
        rest = zeros((*lines.shape[:-1], max(kept - length, 0)), np.uint8, device=a.device)
        bits = concatenate((bits[..., :kept], rest), -1)
    return moveaxis(bits, -1, axis)
