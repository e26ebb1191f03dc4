"""Decorators of the methods of a ``Function``, for use under `autocast`."""

import functools

from tensorlib._core._tensor import Tensor
from tensorlib._core.device import check_kind
from tensorlib.amp.autocast_mode import autocast, get_autocast_dtype, is_autocast_enabled


def custom_fwd(fwd=None, *, device_type="cpu", cast_inputs=None):
    """Decorate the ``forward`` of an `autograd.Function`, for use under `autocast`.

    Parameters
    ----------
    fwd : callable, optional
        ``forward(ctx, *args)``.
    device_type : str, optional
        "cpu" or "cuda"; it need not be there.
    cast_inputs : dtype, optional
        Under `autocast`, the floating-point Tensors among the arguments, float64 left out, become
        of this dtype, also those in lists, tuples and dicts, and ``forward`` itself runs without
        autocast. By default it runs with it.

    Returns
    -------
    callable

    See Also
    --------
    custom_bwd : for ``backward``, which it tells how ``forward`` ran.

    Examples
    --------
    >>> import tensorlib as tl
    >>> class Cube(tl.autograd.Function):
    ...     @staticmethod
    ...     @tl.amp.custom_fwd(cast_inputs="float32")
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x * x
    ...
    ...     @staticmethod
    ...     @tl.amp.custom_bwd
    ...     def backward(ctx, gradient):
    ...         (x,) = ctx.saved_tensors
    ...         return 3 * x * x * gradient
    >>> x = tl.asarray(2.0, dtype="float16").requires_grad_()
    >>> with tl.amp.autocast():
    ...     y = Cube.apply(x)
    >>> y.backward()
    >>> str(y.dtype), x.grad
    ('float32', tensor(12., dtype=float16))
    """
    check_kind(device_type, "custom_fwd")
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def wrapper(ctx, *args, **kwargs):
        enabled = is_autocast_enabled(device_type)
        ctx._autocast = enabled and cast_inputs is None, get_autocast_dtype(device_type)
        if cast_inputs is None or not enabled:
            return fwd(ctx, *args, **kwargs)
        with autocast(device_type, enabled=False):
            return fwd(ctx, *_cast(args, cast_inputs), **_cast(kwargs, cast_inputs))

    return wrapper


def custom_bwd(bwd=None, *, device_type="cpu"):
    """Decorate the ``backward`` of an `autograd.Function`: it runs as ``forward`` did.

    Parameters
    ----------
    bwd : callable, optional
        ``backward(ctx, *gradients)``, of a Function whose ``forward`` has `custom_fwd`.
    device_type : str, optional
        "cpu" or "cuda"; it need not be there.

    Returns
    -------
    callable

    Examples
    --------
    >>> import tensorlib as tl
    >>> class Product(tl.autograd.Function):
    ...     @staticmethod
    ...     @tl.amp.custom_fwd
    ...     def forward(ctx, x, y):
    ...         ctx.save_for_backward(x, y)
    ...         return x @ y
    ...
    ...     @staticmethod
    ...     @tl.amp.custom_bwd
    ...     def backward(ctx, gradient):
    ...         x, y = ctx.saved_tensors
    ...         return gradient @ y.T, x.T @ gradient  # in bfloat16, as forward
    >>> x = tl.ones((2, 2), dtype="float32").requires_grad_()
    >>> with tl.amp.autocast():
    ...     y = Product.apply(x, x)
    >>> y.sum().backward()
    >>> x.grad.tolist()
    [[4.0, 4.0], [4.0, 4.0]]
    """
    check_kind(device_type, "custom_bwd")
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def wrapper(ctx, *gradients):
        try:
            enabled, dtype = ctx._autocast
        except AttributeError:
            raise RuntimeError(
                "custom_bwd: expected a Function whose forward is decorated with custom_fwd"
            ) from None
        with autocast(device_type, dtype=dtype, enabled=enabled):
            return bwd(ctx, *gradients)

    return wrapper


def _cast(value, dtype):
    """A tree of arguments with the floating-point Tensors cast, but for float64."""
    if isinstance(value, Tensor):
        eligible = value.dtype.kind in "fV" and value.dtype.itemsize <= 4
        return value.astype(dtype, copy=False) if eligible else value
    if isinstance(value, dict):
        return {key: _cast(item, dtype) for key, item in value.items()}
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return type(value)([_cast(item, dtype) for item in value])
    return value
