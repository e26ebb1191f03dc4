"""Bits packed into bytes."""

import numpy as np

from tensorlib._arguments import computed, named


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
        return computed("packbits", lambda a: np.packbits(a, axis, bitorder), a)


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
        return computed("unpackbits", unpacked, a)
