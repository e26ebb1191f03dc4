"""Views: other shapes and strides over the same storage."""

from cpython.slice cimport PySlice_AdjustIndices, PySlice_Check, PySlice_Unpack
from libc.string cimport memcpy

from tensorlib._core._dtypes cimport (
    TL_COMPLEX64,
    TL_FLOAT32,
    TL_FLOAT64,
    dtype_is_complex,
    dtype_itemsize,
)
from tensorlib._core._tensor cimport (
    MAX_DIMS,
    Tensor,
    copy_into,
    refuse_wrapped,
    tensor_empty_on,
    tensor_rows,
    tensor_view,
    tuple_of,
)

import numpy as np

cdef extern from "Python.h":
    """
    typedef __int128 int128;
    """
    ctypedef long long int128
    Py_ssize_t PY_SSIZE_T_MAX
    Py_ssize_t PY_SSIZE_T_MIN

cdef extern from "plain_numbers.h" namespace "tl":
    bint plain_place(object index, Py_ssize_t length, Py_ssize_t *place)
    bint plain_slice(object index, Py_ssize_t length, Py_ssize_t *first, Py_ssize_t *count)


# ------------------------------------------------------------------------------------------
# basic indexing
# ------------------------------------------------------------------------------------------

cdef struct Layout:
    char *data
    int axis   # of the source
    int ndim   # of the view
    Py_ssize_t shape[MAX_DIMS]
    Py_ssize_t strides[MAX_DIMS]


cdef inline int keep_axis(Layout *layout, Tensor x) except -1:
    layout.shape[layout.ndim] = x.shape_[layout.axis]
    layout.strides[layout.ndim] = x.strides_[layout.axis]
    layout.axis += 1
    layout.ndim += 1
    return 0


cdef inline int apply_integer(Layout *layout, Tensor x, Py_ssize_t i) except -1:
    cdef Py_ssize_t length = x.shape_[layout.axis]
    if i < -length or i >= length:
        raise IndexError(
            f"index {i} is out of bounds for axis {layout.axis} with size {length}")
    layout.data += (i + length if i < 0 else i) * x.strides_[layout.axis]
    layout.axis += 1
    return 0


cdef inline Py_ssize_t as_index(object entry) except? -1:
    try:
        return entry
    except OverflowError:
        raise IndexError(f"index {entry} does not fit into 64 bits") from None


cdef inline int apply_slice(Layout *layout, Tensor x, object index) except -1:
    cdef Py_ssize_t start, stop, step, length
    PySlice_Unpack(index, &start, &stop, &step)
    length = PySlice_AdjustIndices(x.shape_[layout.axis], &start, &stop, step)
    if length > 0:
        layout.data += start * x.strides_[layout.axis]
    layout.shape[layout.ndim] = length
    layout.strides[layout.ndim] = x.strides_[layout.axis] * step
    layout.axis += 1
    layout.ndim += 1
    return 0


cdef int index_kind(object entry) except -1:
    """0: an integer, 1: a slice, 2: None, 3: Ellipsis, 4: anything else, so advanced indexing."""
    if type(entry) is int:
        return 0
    if PySlice_Check(entry):
        return 1
    if entry is None:
        return 2
    if entry is Ellipsis:
        return 3
    if isinstance(entry, (bool, Tensor)) or not hasattr(entry, "__index__"):
        return 4
    # NumPy's integer scalars are integers, its bools and 0-d arrays are arrays.
    return 4 if isinstance(entry, (np.ndarray, np.bool_)) else 0


cdef Tensor view_at(Tensor x, object index):
    cdef Layout layout
    cdef int kind
    cdef Py_ssize_t start, stop, step, length
    if PySlice_Check(index) and x.ndim_ > 0:
        if plain_slice(index, x.shape_[0], &start, &length):
            return tensor_rows(x, start, length, 1)
        PySlice_Unpack(index, &start, &stop, &step)
        length = PySlice_AdjustIndices(x.shape_[0], &start, &stop, step)
        return tensor_rows(x, start, length, step)
    if type(index) is tuple:
        return basic_view(x, index)
    kind = index_kind(index)
    if kind > 0 or x.ndim_ == 0:
        return None if kind == 4 else basic_view(x, (index,))
    layout.data = x.data
    layout.axis = 0
    layout.ndim = 0
    apply_integer(&layout, x, as_index(index))
    return tensor_view(x, layout.data, x.ndim_ - 1, x.shape_ + 1, x.strides_ + 1, x.dtype_)


cdef Tensor plain_view(Tensor x, tuple index):
    """What most indices make: ints in bounds, slices without a step, None; None for others."""
    cdef Layout layout
    cdef Py_ssize_t start, length, count = len(index), i
    if x.ndim_ + count > MAX_DIMS:
        return None
    layout.data = x.data
    layout.axis = 0
    layout.ndim = 0
    for i in range(count):
        entry = index[i]
        if entry is None:
            layout.shape[layout.ndim] = 1
            layout.strides[layout.ndim] = 0
            layout.ndim += 1
        elif layout.axis == x.ndim_:
            return None
        elif plain_place(entry, x.shape_[layout.axis], &start):
            layout.data += start * x.strides_[layout.axis]
            layout.axis += 1
        elif plain_slice(entry, x.shape_[layout.axis], &start, &length):
            if length > 0:
                layout.data += start * x.strides_[layout.axis]
            layout.shape[layout.ndim] = length
            layout.strides[layout.ndim] = x.strides_[layout.axis]
            layout.axis += 1
            layout.ndim += 1
        else:
            return None
    while layout.axis < x.ndim_:
        keep_axis(&layout, x)
    return tensor_view(x, layout.data, layout.ndim, layout.shape, layout.strides, x.dtype_)


cdef Tensor basic_view(Tensor x, tuple index):
    cdef Layout layout
    cdef int kind, consumed = 0, added = 0, ellipses = 0
    cdef Tensor view = plain_view(x, index)
    if view is not None:
        return view
    for entry in index:
        kind = index_kind(entry)
        if kind == 4:
            return None
        consumed += kind < 2
        added += kind == 2
        ellipses += kind == 3
    if ellipses > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    if consumed > x.ndim_:
        raise IndexError(f"too many indices: tensor is {x.ndim_}-dimensional, but {consumed} "
                         "were indexed")
    if x.ndim_ + added > MAX_DIMS:
        raise IndexError(f"index would make {x.ndim_ + added} dimensions; at most {MAX_DIMS} "
                         "are supported")
    layout.data = x.data
    layout.axis = 0
    layout.ndim = 0
    for entry in index:
        kind = index_kind(entry)
        if kind == 0:
            apply_integer(&layout, x, as_index(entry))
        elif kind == 1:
            apply_slice(&layout, x, entry)
        elif kind == 2:
            layout.shape[layout.ndim] = 1
            layout.strides[layout.ndim] = 0
            layout.ndim += 1
        else:
            for _ in range(x.ndim_ - consumed):
                keep_axis(&layout, x)
    while layout.axis < x.ndim_:
        keep_axis(&layout, x)
    return tensor_view(x, layout.data, layout.ndim, layout.shape, layout.strides, x.dtype_)


def basic_index(Tensor x not None, tuple index not None):
    """The kernel of basic indexing."""
    return element_or_view(x, index)


cdef Tensor element_or_view(Tensor x, object index):
    """What indexing gives: a view, but the element itself where all of the index is integers."""
    cdef Tensor view
    cdef const char *address
    cdef Py_ssize_t place
    cdef int axis
    if PySlice_Check(index):
        return view_at(x, index)
    if x.ndim_ > 0 and plain_place(index, x.shape_[0], &place):
        if x.ndim_ == 1:
            return element_at(x, x.data + place * x.strides_[0])
        return tensor_view(x, x.data + place * x.strides_[0], x.ndim_ - 1, x.shape_ + 1,
                           x.strides_ + 1, x.dtype_)
    if type(index) is tuple:
        if x.ndim_ > 0 and len(<tuple>index) == x.ndim_:
            address = x.data
            for axis in range(x.ndim_):
                if not plain_place((<tuple>index)[axis], x.shape_[axis], &place):
                    break
                address += place * x.strides_[axis]
            else:
                return element_at(x, address)
        view = basic_view(x, index)
    else:
        view = view_at(x, index)
    if view is None or view.ndim_ > 0 or index is Ellipsis:
        return view
    if type(index) is tuple and Ellipsis in index:
        return view
    return element_at(x, view.data)


cdef Tensor element_at(Tensor x, const char *address):
    if x.wrapped is not None:
        refuse_wrapped(x, "getitem")
    cdef Tensor element = tensor_empty_on(x.storage.device, 0, NULL, x.dtype_, "getitem")
    if x.storage.device != 0:
        copy_into(element, tensor_view(x, <char *>address, 0, NULL, NULL, x.dtype_))
        return element
    cdef int itemsize = dtype_itemsize(x.dtype_)
    # of constant size, so without a call
    if itemsize == 8:
        memcpy(element.data, address, 8)
    elif itemsize == 4:
        memcpy(element.data, address, 4)
    else:
        memcpy(element.data, address, itemsize)
    return element


# ------------------------------------------------------------------------------------------
# shapes
# ------------------------------------------------------------------------------------------

cdef Tensor reshaped(Tensor x, int ndim, const Py_ssize_t *shape, str op):
    cdef Py_ssize_t[MAX_DIMS] strides
    cdef Py_ssize_t stride = dtype_itemsize(x.dtype_)
    cdef int i
    if x.contiguous or x.size_ == 0:
        for i in range(ndim - 1, -1, -1):
            strides[i] = stride
            stride *= shape[i] if shape[i] > 1 else 1
        return tensor_view(x, x.data, ndim, shape, strides, x.dtype_)
    if not strides_without_copy(x, ndim, shape, strides):
        return None
    return tensor_view(x, x.data, ndim, shape, strides, x.dtype_)


cdef bint strides_without_copy(Tensor x, int ndim, const Py_ssize_t *shape,
                               Py_ssize_t *strides) noexcept:
    """Strides over x's memory for a shape of as many elements; False where there are none.

    Both shapes are cut into the shortest runs of axes with equal products; a run of the old shape
    must be evenly spaced in memory, so that the run of the new one can split it as it likes.
    """
    cdef Py_ssize_t[MAX_DIMS] old_shape
    cdef Py_ssize_t[MAX_DIMS] old_strides
    cdef Py_ssize_t old_product, new_product
    cdef int i, old_ndim = 0, old_start = 0, old_stop, new_start = 0, new_stop
    for i in range(x.ndim_):
        if x.shape_[i] != 1:
            old_shape[old_ndim] = x.shape_[i]
            old_strides[old_ndim] = x.strides_[i]
            old_ndim += 1
    while old_start < old_ndim and new_start < ndim:
        old_stop = old_start + 1
        new_stop = new_start + 1
        old_product = old_shape[old_start]
        new_product = shape[new_start]
        while old_product != new_product:
            if new_product < old_product:
                new_product *= shape[new_stop]
                new_stop += 1
            else:
                old_product *= old_shape[old_stop]
                old_stop += 1
        for i in range(old_start, old_stop - 1):
            if old_strides[i] != old_shape[i + 1] * old_strides[i + 1]:
                return False
        strides[new_stop - 1] = old_strides[old_stop - 1]
        for i in range(new_stop - 1, new_start, -1):
            strides[i - 1] = strides[i] * shape[i]
        old_start = old_stop
        new_start = new_stop
    for i in range(new_start, ndim):  # trailing ones
        strides[i] = dtype_itemsize(x.dtype_)
    return True


def reshape(Tensor x not None, tuple shape not None):
    """The kernel of reshape: a view, or a view of a copy in C order."""
    cdef Py_ssize_t[MAX_DIMS] lengths
    cdef int i, ndim = len(shape)
    cdef Tensor copied, result
    for i in range(ndim):
        lengths[i] = shape[i]
    result = reshaped(x, ndim, lengths, "reshape")
    if result is None:
        copied = tensor_empty_on(x.storage.device, ndim, lengths, x.dtype_, "reshape")
        copy_into(reshaped(copied, x.ndim_, x.shape_, "reshape"), x)
        return copied
    return result


cdef Tensor transposed(Tensor x, const int *axes):
    cdef Py_ssize_t[MAX_DIMS] shape
    cdef Py_ssize_t[MAX_DIMS] strides
    cdef int i
    for i in range(x.ndim_):
        shape[i] = x.shape_[axes[i]]
        strides[i] = x.strides_[axes[i]]
    return tensor_view(x, x.data, x.ndim_, shape, strides, x.dtype_)


cdef Tensor axes_reversed(Tensor x):
    cdef Py_ssize_t[MAX_DIMS] shape
    cdef Py_ssize_t[MAX_DIMS] strides
    cdef int i
    for i in range(x.ndim_):
        shape[i] = x.shape_[x.ndim_ - 1 - i]
        strides[i] = x.strides_[x.ndim_ - 1 - i]
    return tensor_view(x, x.data, x.ndim_, shape, strides, x.dtype_)


cdef Tensor with_axis_last(Tensor x, int axis):
    """A view of x with one axis at the end and the others in order."""
    cdef int[MAX_DIMS] axes
    cdef int i
    for i in range(x.ndim_ - 1):
        axes[i] = i + (i >= axis)
    axes[x.ndim_ - 1] = axis
    return transposed(x, axes)


def transpose(Tensor x not None, tuple axes not None):
    """The kernel of transpose."""
    cdef int[MAX_DIMS] order
    cdef int i
    for i in range(x.ndim_):
        order[i] = axes[i]
    return transposed(x, order)


cdef Tensor broadcast(Tensor x, int ndim, const Py_ssize_t *shape, str op):
    cdef Py_ssize_t[MAX_DIMS] strides
    cdef int128 size = 1
    cdef int i, lead = ndim - x.ndim_
    for i in range(ndim):
        if size <= PY_SSIZE_T_MAX and shape[i] != 0:
            size *= shape[i]
    if size > PY_SSIZE_T_MAX:
        raise ValueError(f"{op}: the shape {tuple_of(shape, ndim)} has too many elements")
    if lead < 0:
        raise ValueError(f"{op}: expected a shape of at least {x.ndim_} dimensions, got "
                         f"{tuple_of(shape, ndim)}")
    for i in range(ndim):
        if i < lead:
            strides[i] = 0
        elif x.shape_[i - lead] == shape[i]:
            strides[i] = x.strides_[i - lead]
        elif x.shape_[i - lead] == 1:
            strides[i] = 0
        else:
            raise ValueError(f"{op}: shape {x.shape} cannot be broadcast to "
                             f"{tuple_of(shape, ndim)}")
    return tensor_view(x, x.data, ndim, shape, strides, x.dtype_)


def broadcast_to(Tensor x not None, tuple shape not None):
    """The kernel of broadcast_to."""
    cdef Py_ssize_t[MAX_DIMS] lengths
    cdef int i, ndim = len(shape)
    for i in range(ndim):
        lengths[i] = shape[i]
    cdef Tensor view = broadcast(x, ndim, lengths, "broadcast_to")
    view.readonly = True
    return view


# ------------------------------------------------------------------------------------------
# other layouts
# ------------------------------------------------------------------------------------------

def as_strided(Tensor x not None, tuple shape not None, tuple strides not None,
               Py_ssize_t offset):
    """The kernel of as_strided; strides and offset in bytes, the offset from the storage's start.

    Raises ValueError where an element would lie outside the storage.
    """
    cdef Py_ssize_t[MAX_DIMS] lengths
    cdef Py_ssize_t[MAX_DIMS] steps
    cdef int128 low = offset, high = <int128>offset + dtype_itemsize(x.dtype_)
    cdef int128 span
    cdef bint empty = False, outside = False
    cdef int i, ndim = len(shape)
    if len(strides) != ndim:
        raise ValueError(f"as_strided: expected as many strides as axes, got {len(strides)} "
                         f"for shape {shape}")
    if ndim > MAX_DIMS:
        raise ValueError(f"as_strided: expected at most {MAX_DIMS} dimensions, got {ndim}")
    cdef int128 size = 1
    for i in range(ndim):
        lengths[i] = shape[i]
        steps[i] = strides[i]
        if lengths[i] < 0:
            raise ValueError(f"as_strided: negative dimensions are not allowed, got {shape}")
        if lengths[i] == 0:
            empty = True
            continue
        if size <= PY_SSIZE_T_MAX:
            size *= lengths[i]
        span = <int128>(lengths[i] - 1) * steps[i]
        if span < 0:
            low += span
        else:
            high += span
        # At once, so that the sum of 64 spans cannot overflow.
        if low < PY_SSIZE_T_MIN or high > PY_SSIZE_T_MAX:
            outside = True
            break
    if not empty and size > PY_SSIZE_T_MAX:
        raise ValueError(f"as_strided: the shape {shape} has too many elements")
    if not empty and (outside or low < 0 or high > <int128>x.storage.nbytes):
        raise ValueError(f"as_strided: shape {shape} and strides {strides} from offset {offset} "
                         f"reach outside the storage of {x.storage.nbytes} bytes")
    if empty:
        offset = 0
    return tensor_view(x, x.storage.data + offset, ndim, lengths, steps, x.dtype_)


def diagonal(Tensor x not None, Py_ssize_t offset, int axis1, int axis2):
    """The kernel of diagonal; the axes are distinct and not negative."""
    cdef Layout layout
    cdef Py_ssize_t rows = x.shape_[axis1], columns = x.shape_[axis2], length
    cdef int i
    layout.data = x.data
    layout.ndim = 0
    if offset >= 0:
        length = min(rows, max(columns - offset, 0)) if offset < columns else 0
        if length > 0:
            layout.data += offset * x.strides_[axis2]
    else:
        length = min(columns, rows + offset) if offset > -rows else 0
        if length > 0:
            layout.data -= offset * x.strides_[axis1]
    for i in range(x.ndim_):
        if i != axis1 and i != axis2:
            layout.shape[layout.ndim] = x.shape_[i]
            layout.strides[layout.ndim] = x.strides_[i]
            layout.ndim += 1
    layout.shape[layout.ndim] = length
    layout.strides[layout.ndim] = x.strides_[axis1] + x.strides_[axis2]
    return tensor_view(x, layout.data, layout.ndim + 1, layout.shape, layout.strides, x.dtype_)


cdef Tensor component(Tensor x, int index):
    cdef int real_dtype = TL_FLOAT32 if x.dtype_ == TL_COMPLEX64 else TL_FLOAT64
    return tensor_view(x, x.data + index * dtype_itemsize(real_dtype), x.ndim_, x.shape_,
                       x.strides_, real_dtype)


def real(Tensor x not None):
    """The kernel of real: a view of complex numbers, real ones as they are."""
    if not dtype_is_complex(x.dtype_):
        return tensor_view(x, x.data, x.ndim_, x.shape_, x.strides_, x.dtype_)
    return component(x, 0)


def imag(Tensor x not None):
    """The kernel of imag: a view of complex numbers, zeros for real ones."""
    cdef Tensor zeros
    if not dtype_is_complex(x.dtype_):
        zeros = tensor_empty_on(x.storage.device, x.ndim_, x.shape_, x.dtype_, "imag")
        zeros.fill(0)
        return zeros
    return component(x, 1)
