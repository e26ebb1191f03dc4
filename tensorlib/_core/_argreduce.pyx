"""The places of the largest and the smallest elements."""

cimport numpy as cnp
from libc.stdint cimport int64_t, intptr_t

from tensorlib._core._dtypes cimport TL_INT64, TL_NDTYPES, dtype_object
from tensorlib._core._numpy_functions cimport ArgFunction, numpy_functions
from tensorlib._core._tensor cimport LONG, MAX_DIMS, Tensor, c_contiguous, tensor_empty
from tensorlib._core._threads cimport ThreadPool, pool

import numpy as np

cnp.import_array()

cdef extern from "argreduce.h" namespace "tl::argreduce" nogil:
    void find_in_rows(ArgFunction function, void *specimen, bint largest, int dtype, const char *x,
                      intptr_t rows, intptr_t n, int64_t *places) except +
    void find_places(bint largest, int dtype, const char *x, intptr_t outer, intptr_t n,
                     intptr_t inner, int64_t *places)

ThreadPool.share(pool())

cdef list specimens = [None] * TL_NDTYPES  # an array of each dtype, for NumPy's functions to ask


cdef int find_along_rows(bint largest, Tensor x, Py_ssize_t rows, Py_ssize_t n,
                         Tensor result) except -1:
    """Along contiguous rows, by NumPy's function for the dtype."""
    cdef ArgFunction function
    cdef void *specimen
    if specimens[x.dtype_] is None:
        specimens[x.dtype_] = np.empty(0, dtype_object(x.dtype_))
    specimen = <void *>specimens[x.dtype_]
    if largest:
        function = numpy_functions(dtype_object(x.dtype_)).argmax
    else:
        function = numpy_functions(dtype_object(x.dtype_)).argmin
    if x.size_ <= LONG:
        find_in_rows(function, specimen, largest, x.dtype_, x.data, rows, n,
                     <int64_t *>result.data)
        return 0
    with nogil:
        find_in_rows(function, specimen, largest, x.dtype_, x.data, rows, n,
                     <int64_t *>result.data)
    return 0


cdef Tensor find(bint largest, Tensor x, int along, bint keepdims, str op):
    cdef Py_ssize_t[MAX_DIMS] shape
    cdef Py_ssize_t outer = 1, n = 1, inner = 1
    cdef int ndim = 0, i
    cdef Tensor source, result
    n = x.size_ if along < 0 else x.shape_[along]
    for i in range(x.ndim_):
        if along < 0 or i == along:
            if keepdims:
                shape[ndim] = 1
                ndim += 1
            continue
        shape[ndim] = x.shape_[i]
        ndim += 1
        if i < along:
            outer *= x.shape_[i]
        else:
            inner *= x.shape_[i]
    if n == 0:
        raise ValueError(f"{op}: attempt to get {op} of an empty sequence")
    result = tensor_empty(ndim, shape, TL_INT64, op)
    if result.size_ == 0:
        return result
    source = c_contiguous(x, op)
    if inner == 1:
        find_along_rows(largest, source, outer, n, result)
    elif source.size_ > LONG:
        with nogil:
            find_places(largest, source.dtype_, source.data, outer, n, inner,
                        <int64_t *>result.data)
    else:
        find_places(largest, source.dtype_, source.data, outer, n, inner, <int64_t *>result.data)
    return result


cdef int axis_of(Tensor x, object axis, str op) except -2:
    """A kernel's axis as of `find`, for which -1 stands for all."""
    if axis is None:
        return -1
    if not 0 <= axis < x.ndim_:
        raise np.exceptions.AxisError(axis, x.ndim_, op)
    return axis


def argmax(Tensor x not None, axis, bint keepdims):
    """The index of the largest element, over all axes (None) or one; the first, and of NaN too."""
    return find(True, x, axis_of(x, axis, "argmax"), keepdims, "argmax")


def argmin(Tensor x not None, axis, bint keepdims):
    """The index of the smallest element, over all axes (None) or one; the first, and of NaN too."""
    return find(False, x, axis_of(x, axis, "argmin"), keepdims, "argmin")
