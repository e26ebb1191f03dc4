# The functions that NumPy keeps with each dtype, compiled for the processor at hand. Users of this
# file call import_array() first.
cimport numpy as cnp

# Arguments: the elements, how many, the result, and an array of that dtype to ask if need be.
ctypedef int (*ArgFunction)(void *data, cnp.npy_intp n, cnp.npy_intp *place,
                            void *array) noexcept nogil
ctypedef int (*SortFunction)(void *data, cnp.npy_intp n, void *array) noexcept nogil
ctypedef int (*ArgSortFunction)(void *data, cnp.npy_intp *places, cnp.npy_intp n,
                                void *array) noexcept nogil

cdef extern from "numpy/arrayobject.h":
    # Null where a dtype has no such function; the kinds of sort are quick, heap and stable.
    ctypedef struct PyArray_ArrFuncs:
        ArgFunction argmax
        ArgFunction argmin
        SortFunction sort[3]
        ArgSortFunction argsort[3]

    PyArray_ArrFuncs *PyDataType_GetArrFuncs(cnp.PyArray_Descr *dtype)


cdef inline PyArray_ArrFuncs *numpy_functions(cnp.dtype dtype) noexcept:
    return PyDataType_GetArrFuncs(<cnp.PyArray_Descr *>dtype)
