"""The methods and attributes of ndarray that are about its bytes and about protocols."""

import pickle
import sys
import types

from tensorlib._core import _tensor
from tensorlib._core._dtypes import ML_DTYPES
from tensorlib._core._exchange import asarray
from tensorlib._core.device import device_number
from tensorlib._to import move


def array_namespace(self, /, *, api_version=None):
    """The module with the functions of the array API standard: always `tensorlib`.

    Parameters
    ----------
    api_version : str, optional
        A version of the standard, such as "2025.12".

    Raises
    ------
    ValueError
        If the version is not one that the library follows.
    """
    known = ("2021.12", "2022.12", "2023.12", "2024.12", "2025.12")
    if api_version is not None and api_version not in known:
        raise ValueError(
            f"__array_namespace__: expected a version of {', '.join(known)}, got {api_version!r}"
        )
    return sys.modules["tensorlib"]


def array_wrap(self, array, context=None, return_scalar=True, /):
    """What NumPy's own functions give back: a tensor for an ndarray."""
    return asarray(array)


def array_struct(self):
    """PyCapsule: the memory, as NumPy's C protocol describes it."""
    if self.dtype.name in ML_DTYPES:
        raise AttributeError(f"__array_struct__: the protocol has no code for {self.dtype}")
    return self.numpy().__array_struct__


def byteswap(self, /, inplace=False):
    """The elements with their bytes in reversed order, in place if asked.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.asarray([1, 256], dtype="int16").byteswap()
    tensor([256,   1], dtype=int16)
    """
    swapped = asarray(self.numpy().byteswap())
    if not inplace:
        return swapped
    self[...] = swapped
    return self


def data(self):
    """memoryview: the bytes, through the buffer protocol."""
    if self.requires_grad:
        raise BufferError(
            "data: the tensor requires a gradient; write into it by x[...] = values inside of "
            "no_grad(), or read x.detach()"
        )
    return memoryview(self)


def ctypes(self):
    """The memory for functions of ctypes; see ndarray's attribute."""
    return self.numpy().ctypes


def dump(self, /, file):
    """Pickle the tensor into a file, given by its path or open for writing bytes."""
    if hasattr(file, "write"):
        pickle.dump(self, file, protocol=2)
    else:
        with open(file, "wb") as opened:
            pickle.dump(self, opened, protocol=2)


def dumps(self, /):
    """The pickled tensor as bytes.

    Examples
    --------
    >>> import pickle, tensorlib as tl
    >>> pickle.loads(tl.arange(3).dumps())
    tensor([0, 1, 2])
    """
    return pickle.dumps(self, protocol=2)


def tofile(self, /, fid, sep="", format="%s"):
    """Write the elements to a file as bytes, or as text with a separator, in C order.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.arange(3.0).tofile("numbers.bin")
    >>> tl.fromfile("numbers.bin")
    tensor([0., 1., 2.])
    """
    self.numpy().tofile(fid, sep, format)


def to_device(self, device, /, *, stream=None):
    """The tensor on a device: itself where it is there.

    Raises
    ------
    ValueError
        If there is no such device, or a stream is given.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.arange(3).to_device("cpu")
    tensor([0, 1, 2])
    """
    if stream is not None:
        raise ValueError("to_device: The stream argument in to_device() is not supported")
    return move(self, device_number(device, "to_device"))


_tensor.add_methods(
    {
        "__array_namespace__": array_namespace,
        "__array_struct__": property(array_struct),
        "__array_wrap__": array_wrap,
        "__class_getitem__": classmethod(types.GenericAlias),
        "byteswap": byteswap,
        "ctypes": property(ctypes),
        "data": property(data),
        "dump": dump,
        "dumps": dumps,
        "to_device": to_device,
        "tofile": tofile,
    }
)
