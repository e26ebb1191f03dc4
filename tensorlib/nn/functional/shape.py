"""Layouts of the elements."""

import math
import operator


def flatten(input, start_dim=0, end_dim=-1):
    """Make one axis of the axes from `start_dim` to `end_dim`, both included.

    Parameters
    ----------
    input : Tensor
    start_dim, end_dim : int, optional

    Returns
    -------
    Tensor
        A view where the layout allows it.

    Raises
    ------
    IndexError
        If `input` has no such axis.
    ValueError
        If `start_dim` comes after `end_dim`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.flatten(tl.zeros((2, 3, 4)), start_dim=1).shape
    (2, 12)
    """
    rank = max(input.ndim, 1)
    for dim in (start_dim, end_dim):
        if not -rank <= dim < rank:
            raise IndexError(f"flatten: axis {dim} is out of bounds for shape {input.shape}")
    start, end = start_dim % rank, end_dim % rank
    if start > end:
        raise ValueError(f"flatten: expected start_dim <= end_dim, got {start_dim} and {end_dim}")
    merged = math.prod(input.shape[start : end + 1])
    return input.reshape((*input.shape[:start], merged, *input.shape[end + 1 :]))


def unflatten(input, dim, sizes):
    """Make several axes of one.

    Parameters
    ----------
    input : Tensor
    dim : int
    sizes : tuple or list of int
        The lengths of the new axes; one may be -1, for what the others leave.

    Returns
    -------
    Tensor
        A view where the layout allows it.

    Raises
    ------
    IndexError
        If `input` has no such axis.
    TypeError
        If a length is no int.
    ValueError
        If the lengths do not multiply to that of the axis.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.unflatten(tl.zeros((2, 12)), 1, (3, -1)).shape
    (2, 3, 4)
    """
    if not -input.ndim <= dim < input.ndim:
        raise IndexError(f"unflatten: axis {dim} is out of bounds for shape {input.shape}")
    sizes = check_unflattened_size("unflatten", sizes)
    dim %= input.ndim
    length = input.shape[dim]
    known = math.prod(n for n in sizes if n != -1)
    free = sizes.count(-1)
    if free > 1 or (known == 0 or length % known if free else known != length):
        raise ValueError(
            f"unflatten: expected sizes that multiply to {length}, the length of axis {dim} of "
            f"shape {input.shape}, got {sizes}"
        )
    sizes = tuple(length // known if n == -1 else n for n in sizes)
    return input.reshape((*input.shape[:dim], *sizes, *input.shape[dim + 1 :]))


def check_unflattened_size(operation, sizes):
    """Lengths as a tuple of ints, each at least -1."""
    try:
        lengths = tuple([operator.index(n) for n in sizes])
    except TypeError:
        raise TypeError(f"{operation}: expected a tuple of ints, got {sizes!r}") from None
    if not lengths or min(lengths) < -1:
        raise ValueError(f"{operation}: expected lengths >= -1, got {lengths}")
    return lengths
