"""Sorting along an axis, by NumPy's own functions."""

cimport numpy as cnp
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy

from tensorlib._core._copy cimport copy_elements
from tensorlib._core._dtypes cimport (
    TL_FLOAT32,
    TL_INT64,
    TL_NDTYPES,
    TL_UINT64,
    dtype_is_complex,
    dtype_is_foreign,
    dtype_is_inexact,
    dtype_itemsize,
    dtype_object,
)
from tensorlib._core._numpy_functions cimport (
    ArgSortFunction,
    SortFunction,
    numpy_functions,
)
from tensorlib._core._tensor cimport LONG, Tensor, tensor_empty
from tensorlib._core._threads cimport ThreadPool, pool
from tensorlib._core._views cimport with_axis_last

import numpy as np

cnp.import_array()

ThreadPool.share(pool())

cdef extern from "sort.h" namespace "tl" nogil:
    const Py_ssize_t LONG_SORT "tl::kLongSort"
    bint sort_rows(char *data, Py_ssize_t rows, Py_ssize_t n, Py_ssize_t row_bytes,
                   SortFunction sort, void *array, int threads)
    bint sorts_long(int dtype)
    char *sort_elements(int dtype, char *data, char *spare, Py_ssize_t n, SortFunction sort,
                        void *array, int threads)

cdef extern from "argsort.h" namespace "tl" nogil:
    bint order_elements(int dtype, const char *data, Py_ssize_t n, int64_t *places,
                        uint64_t *spare, SortFunction sort, void *array, int threads)
    bint order_rows(int dtype, const char *data, Py_ssize_t rows, Py_ssize_t n, int64_t *places,
                    SortFunction sort, void *array, int threads)

cdef dict kinds = {None: 0, "quicksort": 0, "heapsort": 0, "mergesort": 2, "stable": 2}


cdef int sort_kind(object kind, str op) except -1:
    """The slot of NumPy's function; its quicksort, which has a heapsort in it, serves both."""
    if kind not in kinds:
        raise ValueError(f"{op}: expected kind to be 'quicksort', 'heapsort', 'mergesort', "
                         f"'stable' or None, got {kind!r}")
    return kinds[kind]


cdef Tensor copied(Tensor x, int dtype, str op):
    cdef Tensor result = tensor_empty(x.ndim_, x.shape_, dtype, op)
    copy_elements(result, x)
    return result


cdef int check_axis(Tensor x, int axis, str op) except -1:
    if not 0 <= axis < x.ndim_:
        raise np.exceptions.AxisError(axis, x.ndim_, op)
    return 0


cdef int sortable_dtype(Tensor x) noexcept:
    """NumPy has no sort for dtypes of ml_dtypes, whose numbers are all float32's."""
    return TL_FLOAT32 if dtype_is_foreign(x.dtype_) else x.dtype_


# An array of each dtype: NumPy's functions take one, and look at it where a dtype is not their own.
cdef list specimens = [None if dtype_is_foreign(dtype) else np.empty(0, dtype_object(dtype))
                       for dtype in range(TL_NDTYPES)]


cdef Tensor sort_long_rows(Tensor rows, Py_ssize_t n):
    """Rows of many elements, one after another on all threads; returns them or other memory."""
    cdef int dtype = rows.dtype_, threads = ThreadPool.instance().threads()
    cdef Tensor spare = rows
    cdef SortFunction function = numpy_functions(dtype_object(dtype)).sort[0]
    cdef void *array = <void *>specimens[dtype]
    cdef Py_ssize_t row_bytes = n * dtype_itemsize(dtype), i
    cdef char *sorted_row = NULL
    cdef char *first = NULL
    if threads > 1:
        spare = tensor_empty(rows.ndim_, rows.shape_, dtype, "sort")
    with nogil:
        for i in range(rows.size_ // n):
            sorted_row = sort_elements(dtype, rows.data + i * row_bytes, spare.data + i * row_bytes,
                                       n, function, array, threads)
            if sorted_row == NULL:
                break
            if first == NULL:
                first = sorted_row
            elif sorted_row != first + i * row_bytes:
                # Whether pieces are merged, into other memory, depends on the moment.
                memcpy(first + i * row_bytes, sorted_row, row_bytes)
    if sorted_row == NULL:
        raise MemoryError("sort: unable to allocate what the sort works in")
    return rows if first == rows.data else spare


def sort(Tensor x not None, int axis, kind):
    """The elements in ascending order along an axis, NaN last."""
    cdef int slot = sort_kind(kind, "sort"), dtype = sortable_dtype(x)
    check_axis(x, axis, "sort")
    cdef bint last = axis == x.ndim_ - 1, done = True
    cdef Tensor rows = copied(x if last else with_axis_last(x, axis), dtype, "sort"), result
    cdef Py_ssize_t n = x.shape_[axis], row_bytes = n * dtype_itemsize(dtype)
    cdef SortFunction function
    cdef void *array
    if n >= LONG_SORT and rows.size_ > 0 and sorts_long(dtype) \
            and (slot == 0 or not dtype_is_inexact(dtype)):
        rows = sort_long_rows(rows, n)
    elif n > 1:
        function = numpy_functions(dtype_object(dtype)).sort[slot]
        array = <void *>specimens[dtype]
        if rows.size_ <= LONG:
            done = sort_rows(rows.data, rows.size_ // n, n, row_bytes, function, array, 1)
        else:
            with nogil:
                done = sort_rows(rows.data, rows.size_ // n, n, row_bytes, function, array,
                                 ThreadPool.instance().threads())
    if not done:
        raise MemoryError("sort: unable to allocate what the sort works in")
    if last and dtype == x.dtype_:
        return rows
    result = tensor_empty(x.ndim_, x.shape_, x.dtype_, "sort")
    copy_elements(with_axis_last(result, axis), rows)
    return result


cdef bint order_complex(Tensor rows, Tensor places, Py_ssize_t n) noexcept:
    """By NumPy's stable sort, as keys of two parts have no room in 64 bits."""
    cdef ArgSortFunction function = numpy_functions(dtype_object(rows.dtype_)).argsort[2]
    cdef void *array = <void *>specimens[rows.dtype_]
    cdef int64_t *row = <int64_t *>places.data
    cdef Py_ssize_t i, k
    cdef bint done = True
    with nogil:
        for i in range(rows.size_ // n):
            for k in range(n):
                row[k] = k
            if function(rows.data + i * n * dtype_itemsize(rows.dtype_), <cnp.npy_intp *>row, n,
                        array) < 0:
                done = False
            row += n
    return done


cdef bint order_long_rows(Tensor rows, Tensor places, Py_ssize_t n, SortFunction function,
                          void *array) except -1:
    cdef int dtype = rows.dtype_, threads = ThreadPool.instance().threads()
    cdef Py_ssize_t row_bytes = n * dtype_itemsize(dtype), i
    cdef Tensor spare = tensor_empty(1, &n, TL_UINT64, "argsort") if threads > 1 else places
    cdef bint done = True
    with nogil:
        for i in range(rows.size_ // n):
            if not order_elements(dtype, rows.data + i * row_bytes, n,
                                  <int64_t *>places.data + i * n, <uint64_t *>spare.data, function,
                                  array, threads):
                done = False
    return done


def argsort(Tensor x not None, int axis, kind):
    """The indices that would sort along an axis; equal elements keep their order, whichever kind
    is given, as the array API standard has it for none."""
    sort_kind(kind, "argsort")
    check_axis(x, axis, "argsort")
    cdef bint last = axis == x.ndim_ - 1, done = True
    cdef Tensor view = x if last else with_axis_last(x, axis), result
    cdef Tensor rows = view if view.contiguous else copied(view, x.dtype_, "argsort")
    cdef Tensor places = tensor_empty(view.ndim_, view.shape_, TL_INT64, "argsort")
    cdef Py_ssize_t n = x.shape_[axis]
    cdef SortFunction function = numpy_functions(dtype_object(TL_UINT64)).sort[0]
    cdef void *array = <void *>specimens[TL_UINT64]
    if places.size_ > 0:
        if dtype_is_complex(x.dtype_):
            done = order_complex(rows, places, n)
        elif n >= LONG_SORT:
            done = order_long_rows(rows, places, n, function, array)
        elif places.size_ <= LONG:
            done = order_rows(x.dtype_, rows.data, places.size_ // n, n, <int64_t *>places.data,
                              function, array, 1)
        else:
            with nogil:
                done = order_rows(x.dtype_, rows.data, places.size_ // n, n,
                                  <int64_t *>places.data, function, array,
                                  ThreadPool.instance().threads())
    if not done:
        raise MemoryError("argsort: unable to allocate what the sort works in")
    if last:
        return places
    result = tensor_empty(x.ndim_, x.shape_, TL_INT64, "argsort")
    copy_elements(with_axis_last(result, axis), places)
    return result
