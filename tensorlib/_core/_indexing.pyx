"""Indexing with tensors of integers and of bools: reading, writing, adding; and nonzero."""

from cpython.slice cimport PySlice_AdjustIndices, PySlice_Unpack
from libc.stdint cimport int64_t, intptr_t
from libc.string cimport memcpy, memset

from tensorlib._core._copy cimport copy_elements
from tensorlib._core._dtypes cimport TL_BOOL, TL_INT8, TL_INT64, TL_UINT64, dtype_itemsize
from tensorlib._core._tensor cimport (
    LONG,
    MAX_DIMS,
    Tensor,
    c_contiguous,
    check_writeable,
    may_share_memory,
    operators,
    tensor_empty,
    tensor_view,
    tuple_of,
)
from tensorlib._core._threads cimport ThreadPool, pool
from tensorlib._core._views cimport broadcast, reshaped

from tensorlib._core.errors import DeviceError

ThreadPool.share(pool())

cdef extern from "indexing.h" namespace "tl::indexing" nogil:
    cdef struct Axes:
        int ndim
        intptr_t shape[64]
        intptr_t strides[64]

    cdef struct Region:
        char *data
        Axes before
        Axes after
        const int64_t *indices
        intptr_t count
        intptr_t stride
        intptr_t length
        intptr_t itemsize

    intptr_t find_outside(const int64_t *indices, intptr_t n, intptr_t length)
    void add_offsets(int64_t *total, const int64_t *indices, intptr_t n, intptr_t step,
                     intptr_t length, intptr_t stride)
    void gather(const Region &region, char *target)
    void scatter(const Region &region, const char *source, intptr_t source_step)
    void add(const Region &region, int dtype, const char *source, intptr_t source_step)
    bint gather_rows(const char *data, intptr_t length, intptr_t row, const int64_t *indices,
                     intptr_t count, char *target, int64_t *outside)
    void unravel(const int64_t *places, intptr_t n, intptr_t inner, intptr_t length,
                 int64_t *indices)

cdef extern from "masks.h" namespace "tl::indexing" nogil:
    cdef struct Mask:
        pass

    intptr_t count_true(Mask *mask, const char *data, intptr_t n)
    void find_true(const Mask &mask, int64_t *places)
    void gather_mask(const char *data, const Mask &mask, intptr_t itemsize, char *target)
    void scatter_mask(char *data, const Mask &mask, const char *source, intptr_t source_step,
                      intptr_t itemsize)


# ------------------------------------------------------------------------------------------
# what an index means
# ------------------------------------------------------------------------------------------

cdef class IndexArray:
    """Integers that pick along one axis; zeros of stride zero for a mask of no axes."""
    cdef Tensor values     # int64, contiguous
    cdef Py_ssize_t length
    cdef Py_ssize_t stride
    cdef int axis          # to be named in an error, or -1 where no value can be outside


cdef class Places:
    """The elements of a tensor that an index names, as the loops walk them, and their shape."""
    cdef Region region
    cdef int ndim
    cdef Py_ssize_t[MAX_DIMS] shape
    cdef Py_ssize_t size
    cdef Tensor indices    # keeps region.indices


cdef Places locate(Tensor x, tuple index, str op):
    """Check an index against a tensor's shape and bounds, and lay out what it names."""
    cdef Places places = Places.__new__(Places)
    cdef Axes kept
    cdef list arrays = []
    cdef Py_ssize_t start, stop, step, length
    cdef int axis = 0, position = 0, consumed = 0, ellipses = 0
    cdef bint picking = False, interrupted = False, separated = False, fancy = False
    for entry in index:
        if entry is Ellipsis:
            ellipses += 1
        elif isinstance(entry, Tensor):
            check_readable(entry, x, op)
            consumed += axes_of(entry, op)
            fancy = fancy or not is_integer(entry)
        elif entry is not None:
            consumed += 1
    if ellipses > 1:
        raise IndexError(f"{op}: an index can only have a single ellipsis ('...')")
    if consumed > x.ndim_:
        raise IndexError(f"{op}: too many indices: tensor is {x.ndim_}-dimensional, but {consumed} "
                         "were indexed")
    if ellipses == 0:
        index = (*index, Ellipsis)
    places.region.data = x.data
    places.region.itemsize = dtype_itemsize(x.dtype_)
    kept.ndim = 0
    for entry in index:
        if entry is None or entry is Ellipsis or isinstance(entry, slice):
            interrupted = interrupted or picking
            if entry is None:
                keep(&kept, 1, 0, op)
            elif entry is Ellipsis:
                for _ in range(x.ndim_ - consumed):
                    keep(&kept, x.shape_[axis], x.strides_[axis], op)
                    axis += 1
            else:
                PySlice_Unpack(entry, &start, &stop, &step)
                length = PySlice_AdjustIndices(x.shape_[axis], &start, &stop, step)
                if length > 0:
                    places.region.data += start * x.strides_[axis]
                keep(&kept, length, x.strides_[axis] * step, op)
                axis += 1
            continue
        if fancy:
            # Beside arrays integers are arrays, too: of no axes.
            if not picking:
                position = kept.ndim
            separated = separated or interrupted
            picking = True
        if isinstance(entry, Tensor) and not is_integer(entry):
            axis += pick(arrays, x, axis, entry, op)
        else:
            places.region.data += checked_integer(entry, x.shape_[axis], axis, op) \
                * x.strides_[axis]
            axis += 1
    if separated:
        position = 0
    lay_out(places, arrays, &kept, position, op)
    return places


cdef int check_readable(Tensor entry, Tensor x, str op) except -1:
    if entry.storage.device != 0:
        raise DeviceError(
            f"{op}: expected tensors on one device, got shape {x.shape} on {x.device} and an "
            f"index of shape {entry.shape} on {entry.device}; use to()")
    return 0


cdef bint is_integer(Tensor entry) noexcept:
    return entry.ndim_ == 0 and entry.dtype_ != TL_BOOL


cdef int axes_of(Tensor entry, str op) except -1:
    if entry.dtype_ == TL_BOOL:
        return entry.ndim_
    if not TL_INT8 <= entry.dtype_ <= TL_UINT64:
        raise IndexError(f"{op}: arrays used as indices must be of integer (or boolean) type, got "
                         f"{entry.dtype}")
    return 1


cdef int keep(Axes *axes, Py_ssize_t length, Py_ssize_t stride, str op) except -1:
    if axes.ndim == MAX_DIMS:
        raise IndexError(f"{op}: the index makes more than {MAX_DIMS} dimensions")
    axes.shape[axes.ndim] = length
    axes.strides[axes.ndim] = stride
    axes.ndim += 1
    return 0


cdef Py_ssize_t checked_integer(object entry, Py_ssize_t length, int axis, str op) except -1:
    cdef Py_ssize_t i
    try:
        i = entry.__index__()
    except OverflowError:
        i = length
    if not -length <= i < length:
        raise IndexError(
            f"{op}: index {entry.__index__()} is out of bounds for axis {axis} with size {length}")
    return i + length if i < 0 else i


cdef int pick(list arrays, Tensor x, int axis, Tensor entry, str op) except -1:
    """Add the index arrays that an entry stands for; returns how many axes it picks along."""
    cdef IndexArray array
    cdef Tensor flat
    cdef int i
    if entry.dtype_ != TL_BOOL:
        array = IndexArray.__new__(IndexArray)
        array.values = as_int64(entry)
        array.length = x.shape_[axis]
        array.stride = x.strides_[axis]
        array.axis = axis
        arrays.append(array)
        return 1
    for i in range(entry.ndim_):
        if entry.shape_[i] != x.shape_[axis + i] and entry.shape_[i] != 0:  # as NumPy
            raise IndexError(
                f"{op}: boolean index did not match indexed array along axis {axis + i}; size of "
                f"axis is {x.shape_[axis + i]} but size of corresponding boolean axis is "
                f"{entry.shape_[i]}")
    flat = true_places(entry)
    if merges(x, axis, entry.ndim_):
        array = IndexArray.__new__(IndexArray)
        array.values = flat
        array.length = entry.size_
        array.stride = x.strides_[axis + entry.ndim_ - 1] if entry.ndim_ > 0 else 0
        array.axis = -1
        arrays.append(array)
        return entry.ndim_
    for i in range(entry.ndim_):
        array = IndexArray.__new__(IndexArray)
        array.values = coordinate(flat, entry, i)
        array.length = entry.shape_[i]
        array.stride = x.strides_[axis + i]
        array.axis = -1
        arrays.append(array)
    return entry.ndim_


cdef bint merges(Tensor x, int axis, int count) noexcept:
    """Whether some axes follow each other in memory."""
    cdef int i
    for i in range(axis, axis + count - 1):
        if x.strides_[i] != x.strides_[i + 1] * x.shape_[i + 1]:
            return False
    return True


cdef int check_bounds(IndexArray array, str op) except -1:
    cdef int64_t *values = <int64_t *>array.values.data
    cdef intptr_t outside = find_outside(values, array.values.size_, array.length)
    if outside >= 0:
        raise IndexError(f"{op}: index {values[outside]} is out of bounds for axis {array.axis} "
                         f"with size {array.length}")
    return 0


cdef Tensor as_int64(Tensor entry):
    cdef Tensor values
    if entry.dtype_ == TL_INT64:
        return c_contiguous(entry, "advanced_index")
    values = tensor_empty(entry.ndim_, entry.shape_, TL_INT64, "advanced_index")
    copy_elements(values, entry)
    return values


cdef int lay_out(Places places, list arrays, const Axes *kept, int position, str op) except -1:
    """Broadcast the index arrays, and put the axes of the result in order."""
    cdef Region *region = &places.region
    cdef Py_ssize_t[MAX_DIMS] shape
    cdef IndexArray array
    cdef Tensor values
    cdef Py_ssize_t count = 1
    cdef int ndim = 0, i
    if arrays:
        ndim = common_shape(arrays, shape, op)
    for i in range(ndim):
        count *= shape[i]
    for entry in arrays:
        array = entry
        if array.axis >= 0 and count > 0:  # as NumPy, which lets indices that pick nothing be
            check_bounds(array, op)
    if kept.ndim + ndim > MAX_DIMS:
        raise IndexError(f"{op}: the index makes more than {MAX_DIMS} dimensions")
    if len(arrays) == 1:
        array = arrays[0]
        places.indices = array.values
        region.stride = array.stride
        region.length = array.length
    else:
        # Offsets in bytes, of all arrays together; with none of them the only offset is zero.
        places.indices = tensor_empty(ndim, shape, TL_INT64, op)
        memset(places.indices.data, 0, places.indices.size_ * sizeof(int64_t))
        for entry in arrays:
            array = entry
            values = c_contiguous(broadcast(array.values, ndim, shape, op), op)
            add_offsets(<int64_t *>places.indices.data, <int64_t *>values.data, values.size_, 1,
                        array.length, array.stride)
        region.stride = 1
        region.length = 0
    region.indices = <int64_t *>places.indices.data
    region.count = count
    places.ndim = 0
    places.size = 1
    copy_axes(&region.before, kept, 0, position)
    copy_axes(&region.after, kept, position, kept.ndim)
    for i in range(position):
        append_length(places, kept.shape[i])
    for i in range(ndim):
        append_length(places, shape[i])
    for i in range(position, kept.ndim):
        append_length(places, kept.shape[i])
    return 0


cdef void append_length(Places places, Py_ssize_t length) noexcept:
    places.shape[places.ndim] = length
    places.ndim += 1
    places.size *= length


cdef void copy_axes(Axes *target, const Axes *source, int begin, int end) noexcept:
    target.ndim = end - begin
    memcpy(target.shape, source.shape + begin, (end - begin) * sizeof(intptr_t))
    memcpy(target.strides, source.strides + begin, (end - begin) * sizeof(intptr_t))


cdef int common_shape(list arrays, Py_ssize_t *shape, str op) except -1:
    cdef IndexArray array
    cdef Py_ssize_t length
    cdef int ndim = 0, i, k
    for entry in arrays:
        ndim = max(ndim, (<IndexArray>entry).values.ndim_)
    for i in range(ndim):
        shape[i] = 1
    for entry in arrays:
        array = entry
        for k in range(array.values.ndim_):
            i = ndim - array.values.ndim_ + k
            length = array.values.shape_[k]
            if shape[i] == 1:
                shape[i] = length
            elif length != 1 and length != shape[i]:
                shapes = " ".join([str((<IndexArray>each).values.shape) for each in arrays])
                raise IndexError(f"{op}: shape mismatch: indexing arrays could not be broadcast "
                                 f"together with shapes {shapes}")
    return ndim


# ------------------------------------------------------------------------------------------
# masks
# ------------------------------------------------------------------------------------------

cdef Tensor true_places(Tensor mask):
    """The flat indices of the true elements."""
    cdef Tensor bytes_ = c_contiguous(mask, "nonzero"), places
    cdef Py_ssize_t count
    cdef Mask counted
    if mask.size_ > LONG:
        with nogil:
            count = count_true(&counted, bytes_.data, mask.size_)
        places = tensor_empty(1, &count, TL_INT64, "nonzero")
        with nogil:
            find_true(counted, <int64_t *>places.data)
    else:
        count = count_true(&counted, bytes_.data, mask.size_)
        places = tensor_empty(1, &count, TL_INT64, "nonzero")
        find_true(counted, <int64_t *>places.data)
    return places


cdef Tensor coordinate(Tensor places, Tensor mask, int axis):
    """The index along one axis of each flat place."""
    cdef Tensor indices
    cdef Py_ssize_t inner = 1, n = places.size_
    cdef int i
    if mask.ndim_ == 1:
        return places
    indices = tensor_empty(1, places.shape_, TL_INT64, "nonzero")
    for i in range(axis + 1, mask.ndim_):
        inner *= mask.shape_[i]
    with nogil:
        unravel(<int64_t *>places.data, n, inner, mask.shape_[axis], <int64_t *>indices.data)
    return indices


cdef bint is_whole_mask(Tensor x, Tensor mask) noexcept:
    """Whether an index is a mask of x's own shape, and both lie in C order."""
    cdef int i
    if mask.dtype_ != TL_BOOL or mask.ndim_ != x.ndim_ or mask.ndim_ == 0 or not x.contiguous \
            or not mask.contiguous:
        return False
    for i in range(x.ndim_):
        if mask.shape_[i] != x.shape_[i]:
            return False
    return True


cdef Tensor only_tensor(tuple index):
    """The tensor of an index that is nothing else, or None; one of a device `locate` refuses."""
    if len(index) == 1 and isinstance(index[0], Tensor) \
            and (<Tensor>index[0]).storage.device == 0:
        return index[0]
    return None


# ------------------------------------------------------------------------------------------
# kernels
# ------------------------------------------------------------------------------------------

cdef Tensor rows_at(Tensor x, Tensor entry, str op):
    """Rows of a tensor in C order, by int64 in C order."""
    cdef Py_ssize_t[MAX_DIMS] shape
    cdef Py_ssize_t row = dtype_itemsize(x.dtype_)
    cdef int64_t outside = 0
    cdef bint inside
    cdef Tensor result
    cdef int i, ndim = entry.ndim_ + x.ndim_ - 1
    if ndim > MAX_DIMS:
        raise IndexError(f"{op}: the index makes more than {MAX_DIMS} dimensions")
    for i in range(entry.ndim_):
        shape[i] = entry.shape_[i]
    for i in range(1, x.ndim_):
        shape[entry.ndim_ + i - 1] = x.shape_[i]
        row *= x.shape_[i]
    result = tensor_empty(ndim, shape, x.dtype_, op)
    if result.size_ > LONG:
        with nogil:
            inside = gather_rows(x.data, x.shape_[0], row, <int64_t *>entry.data, entry.size_,
                                 result.data, &outside)
    else:
        inside = gather_rows(x.data, x.shape_[0], row, <int64_t *>entry.data, entry.size_,
                             result.data, &outside)
    if not inside:
        raise IndexError(f"{op}: index {outside} is out of bounds for axis 0 with size "
                         f"{x.shape_[0]}")
    return result


def advanced_index(Tensor x not None, tuple index not None):
    """The elements that an index names, copied."""
    return gathered(x, index, "advanced_index")


cdef Tensor masked(Tensor x, Tensor mask, str op):
    """The elements where a mask of x's shape is true; both lie in C order."""
    cdef Tensor result
    cdef Mask counted
    cdef Py_ssize_t count, n = mask.size_
    cdef int itemsize = dtype_itemsize(x.dtype_)
    if n > LONG:
        with nogil:
            count = count_true(&counted, mask.data, n)
    else:
        count = count_true(&counted, mask.data, n)
    result = tensor_empty(1, &count, x.dtype_, op)
    if n > LONG:
        with nogil:
            gather_mask(x.data, counted, itemsize, result.data)
    else:
        gather_mask(x.data, counted, itemsize, result.data)
    return result


cdef Tensor gathered_by(Tensor x, Tensor index, str op):
    """What a mask of x's shape, or int64 along the first axis, picks; None for other indices."""
    if index.dtype_ == TL_INT64:
        if index.ndim_ > 0 and index.contiguous and x.ndim_ > 0 and x.contiguous:
            return rows_at(x, index, op)
    elif is_whole_mask(x, index):
        return masked(x, index, op)
    return None


cdef Tensor take(Tensor x, Tensor index):
    cdef Tensor result = gathered_by(x, index, "advanced_index")
    return gathered(x, (index,), "advanced_index") if result is None else result


operators().take = take


cdef Tensor gathered(Tensor x, tuple index, str op):
    cdef Places places
    cdef Tensor result, only = only_tensor(index)
    if only is not None:
        result = gathered_by(x, only, op)
        if result is not None:
            return result
    places = locate(x, index, op)
    result = tensor_empty(places.ndim, places.shape, x.dtype_, op)
    if places.size > LONG:
        with nogil:
            gather(places.region, result.data)
    else:
        gather(places.region, result.data)
    return result


cdef Tensor laid_value(Tensor value, Tensor target, int ndim, const Py_ssize_t *shape, str op):
    """A value as the loops want it: of the target's dtype, contiguous, of one element or all."""
    cdef Tensor laid = value, result
    cdef int i, lead
    while laid.ndim_ > ndim and laid.shape_[0] == 1:
        laid = tensor_view(laid, laid.data, laid.ndim_ - 1, laid.shape_ + 1, laid.strides_ + 1,
                           laid.dtype_)
    lead = ndim - laid.ndim_
    for i in range(laid.ndim_):
        if lead < 0 or laid.shape_[i] != 1 and laid.shape_[i] != shape[lead + i]:
            raise ValueError(f"{op}: shape mismatch: value array of shape {value.shape} could not "
                             "be broadcast to indexing result of shape "
                             f"{tuple_of(shape, ndim)}")
    if laid.size_ > 1:
        laid = broadcast(laid, ndim, shape, op)
    if laid.dtype_ == target.dtype_ and laid.contiguous and not may_share_memory(laid, target):
        return laid
    result = tensor_empty(laid.ndim_, laid.shape_, target.dtype_, op)
    copy_elements(result, laid)
    return result


cdef int write(Tensor target, tuple index, Tensor value, str op) except -1:
    cdef Places places
    cdef Tensor laid, copied, mask = only_tensor(index)
    cdef Mask counted
    cdef Py_ssize_t count
    cdef intptr_t step
    if mask is not None and is_whole_mask(target, mask) and not may_share_memory(mask, target):
        with nogil:
            count = count_true(&counted, mask.data, mask.size_)
        laid = laid_value(value, target, 1, &count, op)
        step = dtype_itemsize(target.dtype_) if laid.size_ > 1 else 0
        with nogil:
            scatter_mask(target.data, counted, laid.data, step, dtype_itemsize(target.dtype_))
        return 0
    places = locate(target, index, op)
    laid = laid_value(value, target, places.ndim, places.shape, op)
    if may_share_memory(places.indices, target):
        copied = tensor_empty(places.indices.ndim_, places.indices.shape_, TL_INT64, op)
        copy_elements(copied, places.indices)
        places.indices = copied
        places.region.indices = <int64_t *>copied.data
    step = dtype_itemsize(target.dtype_) if laid.size_ > 1 else 0
    if places.size > LONG:
        with nogil:
            scatter(places.region, laid.data, step)
    else:
        scatter(places.region, laid.data, step)
    return 0


def index_write(Tensor target not None, tuple index not None, Tensor value not None):
    """Write a value, broadcast, to the places of an index in the target's own memory."""
    check_writeable(target, "index_put")
    write(target, index, value, "index_put")


cdef Tensor copied(Tensor x, str op):
    cdef Tensor result = tensor_empty(x.ndim_, x.shape_, x.dtype_, op)
    copy_elements(result, x)
    return result


def index_put(Tensor x not None, Tensor value not None, tuple index not None):
    """A copy of x in which the places of an index hold a value, broadcast."""
    return scattered(x, value, index, "index_put")


cdef Tensor scattered(Tensor x, Tensor value, tuple index, str op):
    cdef Tensor result = copied(x, op)
    write(result, index, value, op)
    return result


def index_add(Tensor x not None, Tensor value not None, tuple index not None):
    """A copy of x to which a value, broadcast, is added at an index; repeated places add up."""
    cdef Tensor result = copied(x, "index_add")
    add_at(result, index, value)
    return result


def add_at(Tensor target not None, tuple index not None, Tensor value not None):
    """Add a value, broadcast, at the places of an index in the target's own memory."""
    cdef Places places = locate(target, index, "index_add")
    cdef Tensor laid = laid_value(value, target, places.ndim, places.shape, "index_add")
    cdef intptr_t step = dtype_itemsize(target.dtype_) if laid.size_ > 1 else 0
    if places.size > LONG:
        with nogil:
            add(places.region, target.dtype_, laid.data, step)
    else:
        add(places.region, target.dtype_, laid.data, step)


def nonzero(Tensor x not None):
    """The indices of the elements that are not zero, one tensor for each axis, in C order."""
    cdef Tensor mask = x, places
    cdef int axis
    if x.ndim_ == 0:
        raise ValueError("nonzero: expected at least one dimension, got a 0-d tensor; "
                         "use atleast_1d(x)")
    if x.dtype_ != TL_BOOL:
        mask = tensor_empty(x.ndim_, x.shape_, TL_BOOL, "nonzero")
        copy_elements(mask, x)
    places = true_places(mask)
    return tuple([coordinate(places, mask, axis) for axis in range(x.ndim_)])


def view_read(Tensor x not None, Tensor positions not None, part=None):
    """The elements of x at flat positions, in the shape of `positions`; of complex numbers the
    part "real" or "imag" where the view was one of that."""
    return gathered(flat(x if part is None else getattr(x, part)), (positions,), "view_read")


def view_write(Tensor x not None, Tensor value not None, Tensor positions not None, part=None):
    """A copy of x that holds a value, of the shape of `positions`, at flat positions, or that has
    it as the part there."""
    cdef Tensor written = copied(flat(x), "view_write")
    write(written if part is None else getattr(written, part), (positions,), value, "view_write")
    return reshaped(written, x.ndim_, x.shape_, "view_write")


cdef Tensor flat(Tensor x):
    """All elements of x along one axis, in C order."""
    cdef Tensor whole = x if x.contiguous else copied(x, "reshape")
    return reshaped(whole, 1, &whole.size_, "reshape")
