"""``Tensor.to`` and its short forms: another dtype, another device."""

import numpy as np

from tensorlib._core import _tensor
from tensorlib._core._functions import astype
from tensorlib._core._tensor import Tensor
from tensorlib._core.device import DEVICES, check_device


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
        Of no effect on the CPU.
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
    dtype, copy = destination("to", args, kwargs)
    return astype(self, self.dtype if dtype is None else dtype, copy=copy)


def destination(op, args, kwargs):
    """The dtype (or None) and whether to copy, of the arguments of a call of `to`."""
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
    check_device(given.get("device"), op)
    dtype = given.get("dtype")
    if dtype is not None:
        try:
            dtype = np.dtype(dtype)
        except TypeError as error:
            raise TypeError(f"{op}: {error}") from None
    return dtype, bool(given.get("copy", False))


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
    if not isinstance(value, str) or value in DEVICES:
        return isinstance(value, str)
    try:
        np.dtype(value)
    except TypeError:
        raise ValueError(
            f"{op}: expected a dtype or a device out of {DEVICES}, got {value!r}"
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
    """The tensor on the CPU: itself."""
    return self


_tensor.add_methods(
    {
        "to": to,
        "type_as": type_as,
        "cpu": cpu,
        "bfloat16": _short_form("bfloat16", "bfloat16"),
        "bool": _short_form("bool", "bool"),
        "double": _short_form("double", "float64"),
        "float": _short_form("float", "float32"),
        "half": _short_form("half", "float16"),
        "int": _short_form("int", "int32"),
        "long": _short_form("long", "int64"),
    }
)
