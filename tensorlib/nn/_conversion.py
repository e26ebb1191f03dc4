"""The methods of `Module` that change the dtype or the device of its parameters and buffers."""

from tensorlib._to import converted, cuda_name, destination, is_inexact
from tensorlib.nn.parameter import is_lazy, replace


def apply_to_members(self, fn, recurse=True):
    """Replace the values of all parameters, their gradients and the buffers by what `fn` returns.

    The parameters stay the same objects, so an optimizer goes on with them. Everything is computed
    before anything is replaced.
    """
    modules = list(self.modules()) if recurse else [self]
    parameters = {
        id(p): p for module in modules for p in module._parameters.values() if p is not None
    }
    buffers = {id(b): b for module in modules for b in module._buffers.values() if b is not None}
    values, gradients = [], []
    for parameter in parameters.values():
        value = fn(parameter.detach())
        values.append(value)
        gradients.append(None if parameter.grad is None else fn(parameter.grad))
        if parameter.requires_grad and not is_inexact(value.dtype):
            raise TypeError(
                f"{type(self).__name__}: expected a floating-point or complex dtype for a "
                f"parameter that requires a gradient, got {value.dtype}"
            )
    replaced = {key: fn(buffer) for key, buffer in buffers.items()}
    for parameter, value, gradient in zip(parameters.values(), values, gradients, strict=True):
        parameter.grad = None
        replace(parameter, value)
        parameter.grad = gradient
    for module in modules:
        for name, buffer in module._buffers.items():
            if is_lazy(buffer):  # its module will look for this object
                replace(buffer, replaced[id(buffer)])
            elif buffer is not None:
                module._buffers[name] = replaced[id(buffer)]
    return self


def to(self, *args, **kwargs):
    """Change the dtype of the floating-point parameters and buffers, or the device of all.

    Called as ``to(dtype)``, ``to(device)``, ``to(device, dtype)`` or ``to(tensor)``. The parameters
    stay the same objects, so an optimizer that was made before goes on with them. Loading its own
    ``state_dict`` brings along what it remembers of steps on another device.

    Parameters
    ----------
    dtype : dtype, optional
        Floating-point or complex.
    device : str, optional
    tensor : Tensor, optional
        One that has the dtype and device that are wanted.
    non_blocking : bool, optional
        As of ``Tensor.to``.

    Returns
    -------
    Module
        This one.

    Raises
    ------
    TypeError
        If the dtype is neither floating nor complex.
    ValueError
        If there is no such device. Nothing was changed then.

    Examples
    --------
    >>> from tensorlib import nn
    >>> layer = nn.Linear(2, 2)
    >>> weight = layer.weight
    >>> layer.to("float64").weight is weight, weight.dtype
    (True, dtype('float64'))
    """
    if "tensor" in kwargs:
        kwargs["other"] = kwargs.pop("tensor")
    wanted = destination(f"{type(self).__name__}.to", args, kwargs)
    dtype = wanted.dtype
    if dtype is not None and not is_inexact(dtype):
        raise TypeError(
            f"{type(self).__name__}.to: expected a floating-point or complex dtype, got {dtype}"
        )
    return self._apply(lambda x: converted(x, dtype if is_inexact(x.dtype) else None, wanted))


def cpu(self):
    """Bring parameters and buffers to the CPU; return self."""
    return self.to("cpu")


def cuda(self, device=None):
    """Bring parameters and buffers to an NVIDIA GPU, the current one by default; return self."""
    return self.to(cuda_name(device))


def double(self):
    """Cast floating-point parameters and buffers to float64; return self."""
    return _cast(self, "float64", "fV")


def float_(self):
    """Cast floating-point parameters and buffers to float32; return self."""
    return _cast(self, "float32", "fV")


def half(self):
    """Cast floating-point parameters and buffers to float16; return self."""
    return _cast(self, "float16", "fV")


def bfloat16(self):
    """Cast floating-point parameters and buffers to bfloat16; return self."""
    return _cast(self, "bfloat16", "fV")


def type_(self, dst_type):
    """Cast all parameters and buffers, those of integers too; return self.

    Raises
    ------
    TypeError
        If a parameter requires a gradient and the dtype can have none. Nothing was changed then.
    """
    return self._apply(lambda x: x.astype(dst_type, copy=False))


def _cast(module, dtype, kinds="fcV"):
    return module._apply(lambda x: x.astype(dtype, copy=False) if x.dtype.kind in kinds else x)
