"""``ndarray``: NumPy's constructor, and the name under which existing code asks for an array."""

import numpy as np

from tensorlib._core._exchange import asarray
from tensorlib._core._tensor import Tensor
from tensorlib._core.device import check_device


class _NdarrayType(type):
    def __instancecheck__(cls, instance):
        return isinstance(instance, Tensor)

    def __subclasscheck__(cls, subclass):
        return issubclass(subclass, Tensor)

    def __call__(cls, shape, dtype=float, buffer=None, offset=0, strides=None, order=None):
        if isinstance(buffer, Tensor):
            check_device(buffer.device, "ndarray")
            buffer = buffer.numpy()
        return asarray(np.ndarray(shape, dtype, buffer, offset, strides, order))


class ndarray(Tensor, metaclass=_NdarrayType):  # noqa: N801 (NumPy's name)
    """A tensor of a given layout, over a buffer or over new memory.

    Every Tensor is an instance of this class, so that ``isinstance(x, ndarray)`` in existing code
    goes on working; objects of it are never made. `zeros`, `empty`, `asarray` are the usual ways
    to make tensors.

    Parameters
    ----------
    shape : int or tuple of int
    dtype : dtype, optional
    buffer : object with a buffer, optional
        The memory; new and uninitialised by default.
    offset : int, optional
        Bytes from the start of the buffer to the first element.
    strides : tuple of int, optional
        Bytes from one element to the next along each axis.
    order : {'C', 'F'}, optional

    Raises
    ------
    TypeError
        If the buffer is too small, or there are no tensors of the dtype.
    ValueError
        If the strides lead outside the buffer.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.ndarray((2, 2), dtype="int8", buffer=bytes([1, 2, 3, 4]))
    tensor([[1, 2],
            [3, 4]], dtype=int8)
    >>> isinstance(tl.zeros(3), tl.ndarray)
    True
    """
