"""Exceptions that NumPy has no type for."""


class SerializationError(ValueError):
    """A file that :func:`tensorlib.load` was given is damaged, or is of another kind.

    Examples
    --------
    >>> import tensorlib as tl
    >>> issubclass(tl.SerializationError, ValueError)
    True
    """


class DeviceError(ValueError):
    """Tensors of one op are on different devices, or a device is not there.

    Examples
    --------
    >>> import tensorlib as tl
    >>> try:
    ...     tl.zeros(3, device="abacus")
    ... except tl.DeviceError as error:
    ...     print(str(error)[:31])
    zeros: expected a device out of
    """
