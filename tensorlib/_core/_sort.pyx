"""Sorting along an axis, by NumPy's own functions for each dtype."""

cimport numpy as cnp
from libc.stdint cimport int64_t

from tensorlib._core._copy cimport copy_elements
from tensorlib._core._dtypes cimport (
    TL_BFLOAT16,
    TL_FLOAT32,
    TL_INT64,
    dtype_itemsize,
    dtype_object,
)
from tensorlib._core._numpy_functions cimport (
    ArgSortFunction,
    SortFunction,
    numpy_functions,
)
from tensorlib._core._tensor cimport Tensor, tensor_empty
from tensorlib._core._views cimport with_axis_last

import numpy as np

cnp.import_array()

cdef extern from "sort.h" namespace "tl" nogil:
    void settle_ties(int dtype, const char *x, int64_t *places, Py_ssize_t n, SortFunction sort,
                     void *array)

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
    """NumPy has no sort for bfloat16, whose numbers are all float32's."""
    return TL_FLOAT32 if x.dtype_ == TL_BFLOAT16 else x.dtype_


def sort(Tensor x not None, int axis, kind):
    """The elements in ascending order along an axis, NaN last."""
    cdef int slot = sort_kind(kind, "sort"), dtype = sortable_dtype(x), failed = 0
    check_axis(x, axis, "sort")
    cdef Tensor view = with_axis_last(x, axis)
    cdef Tensor rows = copied(view, dtype, "sort"), result
    cdef Py_ssize_t n = x.shape_[axis], row_bytes = n * dtype_itemsize(dtype), i
    cdef SortFunction function = numpy_functions(dtype_object(dtype)).sort[slot]
    cdef object specimen = np.empty(0, dtype_object(dtype))
    cdef void *array = <void *>specimen
    if n > 1:
        with nogil:
            for i in range(rows.size_ // n):
                failed |= function(rows.data + i * row_bytes, n, array) < 0
    if failed:
        raise MemoryError("sort: unable to allocate what the sort works in")
    if axis == x.ndim_ - 1 and dtype == x.dtype_:
        return rows
    result = tensor_empty(x.ndim_, x.shape_, x.dtype_, "sort")
    copy_elements(with_axis_last(result, axis), rows)
    return result


def argsort(Tensor x not None, int axis, kind):
    """The indices that would sort along an axis; with no kind given equal elements keep their
    order, as the array API standard has it."""
    cdef int slot = sort_kind(kind, "argsort"), dtype = sortable_dtype(x), failed = 0
    check_axis(x, axis, "argsort")
    cdef Tensor view = with_axis_last(x, axis), result
    cdef Tensor rows = view if view.contiguous and dtype == x.dtype_ \
        else copied(view, dtype, "argsort")
    cdef Tensor places = tensor_empty(view.ndim_, view.shape_, TL_INT64, "argsort")
    cdef Py_ssize_t n = x.shape_[axis], row_bytes = n * dtype_itemsize(dtype), i, k
    cdef int64_t *row = <int64_t *>places.data
    cdef ArgSortFunction function = numpy_functions(dtype_object(dtype)).argsort[slot]
    cdef SortFunction sort = numpy_functions(dtype_object(TL_INT64)).sort[0]
    cdef object integer_specimen = np.empty(0, np.int64)
    cdef void *integers = <void *>integer_specimen
    cdef bint any_kind = kind is None
    cdef object specimen = np.empty(0, dtype_object(dtype))
    cdef void *array = <void *>specimen
    if places.size_ > 0:
        with nogil:
            for i in range(places.size_ // n):
                for k in range(n):
                    row[k] = k
                failed |= function(rows.data + i * row_bytes, <cnp.npy_intp *>row, n, array) < 0
                if any_kind:
                    settle_ties(dtype, rows.data + i * row_bytes, row, n, sort, integers)
                row += n
    if failed:
        raise MemoryError("argsort: unable to allocate what the sort works in")
    if axis == x.ndim_ - 1:
        return places
    result = tensor_empty(x.ndim_, x.shape_, TL_INT64, "argsort")
    copy_elements(with_axis_last(result, axis), places)
    return result
