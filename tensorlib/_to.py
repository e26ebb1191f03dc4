"""``Tensor.to`` and its short forms: another dtype, another device."""

import sys
from typing import NamedTuple

import numpy as np

from tensorlib._core import _exchange, _tensor
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import astype
from tensorlib._core._tensor import Tensor
from tensorlib._core.device import BACKENDS, device_number, known, part_of


def to(self, *args, **kwargs):
    """The tensor with another dtype or on another device, as PyTorch's method of this name.

    Called as ``to(dtype)``, ``to(device)``, ``to(device, dtype)`` or ``to(other)``, with a tensor
    whose dtype and device are wanted; by position, the two options follow.

    Parameters
    ----------
    dtype : dtype, optional
        Its own by default.
    device : str, optional
        Its own by default.
    other : Tensor, optional
        In place of both.
    non_blocking : bool, optional
        Whether a copy from pinned memory of the CPU to another device, or from there to the CPU,
        which then gives a tensor in pinned memory, may go on after the return. Until the device was
        synchronised, the elements on the CPU are not to be used then.
    copy : bool, optional
        Whether to copy where nothing changes.

    Returns
    -------
    Tensor
        The tensor itself where nothing changes and no copy is asked for. Differentiable.

    Raises
    ------
    ValueError
        If there is no such device.
    TypeError
        If the dtype is none that tensors have, or the arguments are none of the forms above.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.ones(2)
    >>> x.to("float32"), x.to("cpu") is x, x.to("cpu", tl.int8).dtype
    (tensor([1., 1.], dtype=float32), True, dtype('int8'))
    """
    wanted = destination("to", args, kwargs)
    return converted(self, wanted.dtype, wanted)


class Destination(NamedTuple):
    """What a call of `to` asks for."""

    dtype: np.dtype | None
    device: int | None  # its number
    non_blocking: bool
    copy: bool


def converted(x, dtype, wanted):
    """A tensor with a dtype, or its own for None, where a `Destination` wants it."""
    if dtype is None or dtype == x.dtype:
        moved = move(x, wanted.device, wanted.non_blocking)
        return astype(x, x.dtype) if wanted.copy and moved is x else moved
    # Fewer bytes travel before a cast that widens, or after one that narrows.
    if dtype.itemsize < x.itemsize:
        return move(astype(x, dtype), wanted.device, wanted.non_blocking)
    return astype(move(x, wanted.device, wanted.non_blocking), dtype)


def move(x, device, non_blocking=False):
    """A tensor on the device of a number, itself where it is there or the number is None."""
    here = device_number(x.device, "to")
    if device is None or device == here:
        return x
    return apply(ops.to_device, (x,), (device, here, non_blocking))


_exchange.set_move(move)


def destination(op, args, kwargs):
    """The `Destination` of the arguments of a call of `to`."""
    given = dict(zip(_names(op, args), args, strict=True))
    for name, value in kwargs.items():
        if name in given:
            raise TypeError(f"{op}: got {name!r} twice")
        if name not in ("device", "dtype", "other", "non_blocking", "copy"):
            raise TypeError(f"{op}: got an unexpected argument {name!r}")
        given[name] = value
    if "other" in given:
        other = given["other"]
        if not isinstance(other, Tensor):
            raise TypeError(f"{op}: expected other to be a Tensor, got {type(other).__name__}")
        if "dtype" in given or "device" in given:
            raise TypeError(f"{op}: expected a Tensor or a dtype and a device, got both")
        given |= {"device": other.device, "dtype": other.dtype}
    if not given.keys() & {"device", "dtype", "copy"}:
        raise TypeError(f"{op}: expected a dtype, a device or a Tensor, got nothing")
    device = given.get("device")
    dtype = given.get("dtype")
    if dtype is not None:
        try:
            dtype = np.dtype(dtype)
        except TypeError as error:
            raise TypeError(f"{op}: {error}") from None
    return Destination(
        dtype,
        None if device is None else device_number(device, op),
        bool(given.get("non_blocking", False)),
        bool(given.get("copy", False)),
    )


def _names(op, args):
    """What the arguments by position are: the first one decides."""
    if not args:
        return ()
    if isinstance(args[0], Tensor):
        names = "other", "non_blocking", "copy"
    elif args[0] is None or _is_device(op, args[0]):
        names = "device", "dtype", "non_blocking", "copy"
    else:
        names = "dtype", "non_blocking", "copy"
    if len(args) > len(names):
        raise TypeError(
            f"{op}: expected at most {len(names)} arguments after a {names[0]}, got {len(args)}"
        )
    return names[: len(args)]


def _is_device(op, value):
    if not isinstance(value, str):
        return getattr(value, "kind", None) in BACKENDS  # a Device of a backend
    if value == "cpu" or value.partition(":")[0] in BACKENDS:
        return True
    try:
        np.dtype(value)
    except TypeError:
        raise ValueError(
            f"{op}: expected a dtype or a device out of {known()}, got {value!r}"
        ) from None
    return False


def is_inexact(dtype):
    """Whether a dtype is floating-point or complex."""
    return dtype.kind in "fcV"  # bfloat16's kind is V


def type_as(self, other):
    """The elements in the dtype of another tensor."""
    return to(self, other)


def _short_form(name, dtype):
    def method(self):
        return astype(self, dtype, copy=False)

    method.__name__ = name
    method.__qualname__ = f"Tensor.{name}"
    method.__doc__ = f"The elements as {dtype}: the tensor itself if they are."
    return method


def cpu(self):
    """The tensor on the CPU: itself where it is there, else a copy.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.ones(2)
    >>> x.cpu() is x
    True
    """
    return move(self, 0)


def cuda(self, device=None, non_blocking=False):
    """The tensor on an NVIDIA GPU: itself where it is there, else a copy.

    Parameters
    ----------
    device : int or str, optional
        The current one by default.
    non_blocking : bool, optional
        As of `to`.
    """
    return move(self, device_number(cuda_name(device), "cuda"), non_blocking)


def cuda_name(device):
    """The name of what the methods ``cuda`` are given: an index, a name or None."""
    return "cuda" if device is None else f"cuda:{device}" if isinstance(device, int) else device


def pinned():
    """The module of pinned memory; DeviceError says why there is none."""
    return part_of("cuda", "_pinned", "pin_memory")


def pin_memory(self):
    """The tensor in pinned memory of the CPU: itself where it is there, else a copy in C order.

    From there ``to("cuda", non_blocking=True)`` returns before the copy is done.

    Raises
    ------
    ValueError
        If the tensor is on another device, or there is no GPU.
    """
    return pinned().pin_memory(self)


def is_pinned(self):
    """bool: whether the elements are in pinned memory of the CPU.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.ones(2).is_pinned()
    False
    """
    loaded = sys.modules.get("tensorlib.cuda._pinned")
    return loaded is not None and loaded.is_pinned(self)


_tensor.add_methods(
    {
        "to": to,
        "type_as": type_as,
        "cpu": cpu,
        "cuda": cuda,
        "pin_memory": pin_memory,
        "is_pinned": is_pinned,
        "bfloat16": _short_form("bfloat16", "bfloat16"),
        "bool": _short_form("bool", "bool"),
        "double": _short_form("double", "float64"),
        "float": _short_form("float", "float32"),
        "half": _short_form("half", "float16"),
        "int": _short_form("int", "int32"),
        "long": _short_form("long", "int64"),
    }
)
