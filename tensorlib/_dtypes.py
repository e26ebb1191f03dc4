"""NumPy's dtypes under the library's name, and the promotion of tensors."""

import contextlib

import numpy as np
from numpy import (
    False_,
    ScalarType,
    True_,
    bool_,
    byte,
    bytes_,
    cdouble,
    character,
    clongdouble,
    complex64,
    complex128,
    complexfloating,
    csingle,
    datetime64,
    double,
    dtype,
    finfo,
    flexible,
    float16,
    float32,
    float64,
    floating,
    generic,
    half,
    iinfo,
    inexact,
    int8,
    int16,
    int32,
    int64,
    int_,
    intc,
    integer,
    intp,
    isdtype,
    issubdtype,
    little_endian,
    long,
    longdouble,
    longlong,
    mintypecode,
    number,
    object_,
    promote_types,
    sctypeDict,
    short,
    signedinteger,
    single,
    str_,
    timedelta64,
    typecodes,
    typename,
    ubyte,
    uint,
    uint8,
    uint16,
    uint32,
    uint64,
    uintc,
    uintp,
    ulong,
    ulonglong,
    unsignedinteger,
    ushort,
    void,
)

from tensorlib._core._tensor import Tensor

__all__ = [
    "False_", "ScalarType", "True_", "bool_", "byte", "bytes_", "can_cast", "cdouble",
    "character", "clongdouble", "common_type", "complex128", "complex64", "complexfloating",
    "csingle", "datetime64", "double", "dtype", "finfo", "flexible", "float16", "float32",
    "float64", "floating", "generic", "half", "iinfo", "inexact", "int16", "int32", "int64",
    "int8", "int_", "intc", "integer", "intp", "isdtype", "issubdtype", "little_endian", "long",
    "longdouble", "longlong", "min_scalar_type", "mintypecode", "number", "object_",
    "promote_types", "result_type", "sctypeDict", "short", "signedinteger", "single", "str_",
    "timedelta64", "typecodes", "typename", "ubyte", "uint", "uint16", "uint32", "uint64",
    "uint8", "uintc", "uintp", "ulong", "ulonglong", "unsignedinteger", "ushort", "void",
]  # fmt: skip

with contextlib.suppress(ImportError):  # not on every platform
    from numpy import complex256, float128

    __all__ += ["complex256", "float128"]


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


def common_type(*arrays):
    """The inexact type that numbers of several arrays have in common.

    Parameters
    ----------
    *arrays : Tensor
        Of numbers. Integers count as float64.

    Returns
    -------
    type
        A scalar type of NumPy's: float16 at least; complex if one array is.

    Raises
    ------
    TypeError
        If an array holds no numbers.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.common_type(tl.ones(2, dtype=tl.float32), tl.ones(2, dtype=int))
    <class 'numpy.float64'>
    """
    return np.common_type(*(np.empty(0, array.dtype) for array in arrays))


def min_scalar_type(a, /):
    """The smallest dtype that holds the value of a scalar.

    Parameters
    ----------
    a : scalar or array_like

    Returns
    -------
    dtype
        Of an array with axes its own.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.min_scalar_type(-260), tl.min_scalar_type(tl.ones(2))
    (dtype('int16'), dtype('float64'))
    """
    return np.min_scalar_type(np.asarray(a.detach()) if isinstance(a, Tensor) else a)


def _dtype_of(x):
    return x.dtype if isinstance(x, Tensor) else x
