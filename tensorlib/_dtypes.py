"""NumPy's dtypes under the library's name, and the promotion of tensors."""

import numpy as np
from numpy import (
    bool_,
    complex64,
    complex128,
    dtype,
    finfo,
    float16,
    float32,
    float64,
    iinfo,
    int8,
    int16,
    int32,
    int64,
    intp,
    isdtype,
    issubdtype,
    promote_types,
    uint8,
    uint16,
    uint32,
    uint64,
)

from tensorlib._core._tensor import Tensor

__all__ = [
    "bool_", "can_cast", "complex64", "complex128", "dtype", "finfo", "float16",
    "float32", "float64", "iinfo", "int8", "int16", "int32", "int64", "intp", "isdtype",
    "issubdtype", "promote_types", "result_type", "uint8", "uint16", "uint32", "uint64",
]  # fmt: skip


def result_type(*arrays_and_dtypes):
    """The dtype that arrays, dtypes and Python scalars promote to.

    Parameters
    ----------
    *arrays_and_dtypes : array_like or dtype
        Python scalars are weak.

    Returns
    -------
    dtype

    Raises
    ------
    TypeError
        If there is no such dtype.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.result_type(tl.ones(2, dtype=tl.float32), 1.5)
    dtype('float32')
    """
    return np.result_type(*map(_dtype_of, arrays_and_dtypes))


def can_cast(from_, to, casting="safe"):
    """Whether one dtype can be cast to another.

    Parameters
    ----------
    from_ : dtype or Tensor
    to : dtype
    casting : {"no", "equiv", "safe", "same_kind", "unsafe"}
        The rule.

    Returns
    -------
    bool

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.can_cast(tl.int32, tl.float64), tl.can_cast(tl.float64, tl.int32)
    (True, False)
    """
    return np.can_cast(_dtype_of(from_), to, casting)


def _dtype_of(x):
    return x.dtype if isinstance(x, Tensor) else x
