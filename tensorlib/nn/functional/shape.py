"""Layouts of the elements."""

import math


def flatten(x, start_dim=0, end_dim=-1):
    """Make one axis of the axes from `start_dim` to `end_dim`, both included.

    Parameters
    ----------
    x : Tensor
    start_dim, end_dim : int, optional

    Returns
    -------
    Tensor
        A view where the layout allows it.

    Raises
    ------
    IndexError
        If `x` has no such axis.
    ValueError
        If `start_dim` comes after `end_dim`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.flatten(tl.zeros((2, 3, 4)), start_dim=1).shape
    (2, 12)
    """
    rank = max(x.ndim, 1)
    for dim in (start_dim, end_dim):
        if not -rank <= dim < rank:
            raise IndexError(f"flatten: axis {dim} is out of bounds for shape {x.shape}")
    start, end = start_dim % rank, end_dim % rank
    if start > end:
        raise ValueError(f"flatten: expected start_dim <= end_dim, got {start_dim} and {end_dim}")
    merged = math.prod(x.shape[start : end + 1])
    return x.reshape((*x.shape[:start], merged, *x.shape[end + 1 :]))
