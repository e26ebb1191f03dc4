"""Where arrays lie in memory, and axes counted from the front."""

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from tensorlib._core._tensor import Tensor

__all__ = ["byte_bounds", "normalize_axis_index", "normalize_axis_tuple"]


def byte_bounds(a):
    """The address of the first byte of an array, and that after the last.

    Parameters
    ----------
    a : Tensor or ndarray

    Returns
    -------
    tuple of int

    Examples
    --------
    >>> import tensorlib as tl
    >>> low, high = tl.lib.array_utils.byte_bounds(tl.zeros((2, 3)).T)
    >>> high - low
    48
    """
    array = np.asarray(a.detach()) if isinstance(a, Tensor) else a
    return np.lib.array_utils.byte_bounds(array)
