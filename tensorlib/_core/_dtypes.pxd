cdef extern from "dtypes.h":
    enum:
        TL_BOOL
        TL_INT8
        TL_INT16
        TL_INT32
        TL_INT64
        TL_UINT8
        TL_UINT16
        TL_UINT32
        TL_UINT64
        TL_FLOAT8_E4M3FN
        TL_FLOAT8_E5M2
        TL_FLOAT16
        TL_BFLOAT16
        TL_FLOAT32
        TL_FLOAT64
        TL_COMPLEX64
        TL_COMPLEX128
        TL_NDTYPES
    const int tl_itemsizes[17]

cdef object dtype_object(int dtype)                 # np.dtype of an id
cdef int dtype_id(object dtype, str op) except -1   # of anything np.dtype() accepts


cdef inline int dtype_itemsize(int dtype) noexcept nogil:
    return tl_itemsizes[dtype]


cdef inline bint dtype_is_inexact(int dtype) noexcept nogil:
    return dtype >= TL_FLOAT8_E4M3FN


cdef inline bint dtype_is_narrow(int dtype) noexcept nogil:
    """Floats of 8 and 16 bits, which are computed in float32."""
    return TL_FLOAT8_E4M3FN <= dtype <= TL_BFLOAT16


cdef inline bint dtype_is_float8(int dtype) noexcept nogil:
    return dtype == TL_FLOAT8_E4M3FN or dtype == TL_FLOAT8_E5M2


cdef inline bint dtype_is_foreign(int dtype) noexcept nogil:
    """Those that NumPy has from another package, ml_dtypes."""
    return dtype_is_narrow(dtype) and dtype != TL_FLOAT16


cdef inline int arithmetic_dtype(int dtype) noexcept nogil:
    """The dtype in which numbers are computed: those of 8 bits as float32, for few results fit."""
    return TL_FLOAT32 if dtype_is_float8(dtype) else dtype


cdef inline bint dtype_is_complex(int dtype) noexcept nogil:
    return dtype >= TL_COMPLEX64
