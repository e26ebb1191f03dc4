"""Exceptions that NumPy has no type for."""


class SerializationError(ValueError):
    """A file that :func:`tensorlib.load` was given is damaged, or is of another kind.

    Examples
    --------
    >>> import tensorlib as tl
    >>> issubclass(tl.SerializationError, ValueError)
    True
    """
