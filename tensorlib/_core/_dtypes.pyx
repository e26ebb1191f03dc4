"""The dtypes of the core: small ids for NumPy's dtype objects."""

import numpy as np


# Those of ml_dtypes are None until they are asked for.
cdef list dtype_objects = [name and np.dtype(name) for name in (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    None, None, "float16", None, "float32", "float64", "complex64", "complex128",
)]
cdef dict ids_of_ml_dtypes = {
    "float8_e4m3fn": TL_FLOAT8_E4M3FN, "float8_e5m2": TL_FLOAT8_E5M2, "bfloat16": TL_BFLOAT16}
ML_DTYPES = tuple(ids_of_ml_dtypes)
cdef dict ids_by_number = {
    np.dtype(code).num: id for id, code in (
        (TL_BOOL, "?"), (TL_INT8, "b"), (TL_INT16, "h"), (TL_INT32, "i"), (TL_INT64, "int64"),
        (TL_UINT8, "B"), (TL_UINT16, "H"), (TL_UINT32, "I"), (TL_UINT64, "uint64"),
        (TL_FLOAT16, "e"), (TL_FLOAT32, "f"), (TL_FLOAT64, "d"), (TL_COMPLEX64, "F"),
        (TL_COMPLEX128, "D"),
    )
}
for _code in "lqLQ":  # C's long and long long are two numbers of one type
    _name = np.dtype(_code).name
    ids_by_number[np.dtype(_code).num] = ids_by_number[np.dtype(_name).num]


# What dtypes are mostly called: found at once, without making one.
cdef dict ids_by_name = {bool: TL_BOOL, int: TL_INT64, float: TL_FLOAT64, complex: TL_COMPLEX128}
for _id, _dtype in enumerate(dtype_objects):
    if _dtype is not None:
        ids_by_name.update(dict.fromkeys((_dtype.type, _dtype.name, _dtype.str[1:]), _id))


cdef object dtype_object(int dtype):
    return dtype_objects[dtype]


cdef int dtype_id(object dtype, str op) except -1:
    cdef object found
    cdef int i
    if dtype is None:  # as NumPy; and what stands for those of ml_dtypes that are not known
        return TL_FLOAT64
    for i in range(TL_NDTYPES):
        if dtype_objects[i] is dtype:
            return i
    if type(dtype) is str or type(dtype) is type:
        found = ids_by_name.get(dtype)
        if found is not None:
            return found
    if not isinstance(dtype, np.dtype):
        try:
            dtype = np.dtype(dtype)
        except TypeError as error:
            raise TypeError(f"{op}: {error}") from None
    found = ids_by_number.get(dtype.num)
    if found is None and dtype.name in ids_of_ml_dtypes:
        found = ids_by_number[dtype.num] = ids_of_ml_dtypes[dtype.name]
        dtype_objects[found] = dtype
    if found is None:
        raise TypeError(
            f"{op}: Unsupported dtype: expected a bool, integer, floating-point or complex dtype "
            f"of at most 16 bytes, got {dtype}")
    if not dtype.isnative:
        raise TypeError(f"{op}: expected a dtype in native byte order, got {dtype.str}")
    return found


def arithmetic_dtype_of(dtype):
    """The dtype of what is computed with numbers of a dtype: float32 for those of 8 bits."""
    return dtype_object(arithmetic_dtype(dtype_id(dtype, "dtype")))


def number_of(dtype):
    """The id of a dtype."""
    return dtype_id(dtype, "dtype")
