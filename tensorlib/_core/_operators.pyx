"""The operators of tensors: arithmetic, comparisons, indexing, and writes."""

from tensorlib._core._backend cimport backend_of, device_of
from tensorlib._core._copy cimport warn_of_lost_part
from tensorlib._core._dispatch cimport Op, apply, elementwise, tell_recorder, tell_write
from tensorlib._core._dtypes cimport TL_BOOL, dtype_is_complex, dtype_is_inexact
from tensorlib._core._exchange cimport asarray
from tensorlib._core._history cimport bind, check_not_leaf, holds_history, wrote
from tensorlib._core._recorder cimport watched
from tensorlib._core._short_ways cimport binary, binary_into, unary
from tensorlib._core._tape cimport any_tracked, grad_enabled, record
from tensorlib._core._tensor cimport (
    Operators,
    Tensor,
    check_writeable,
    copy_into,
    is_readable,
    operators,
    tensor_alias,
)
from tensorlib._core._views cimport broadcast, element_or_view, view_at

import numpy as np

from tensorlib._core._dispatch import ops
from tensorlib._core._recorder import before_write

cdef Operators *table = operators()
cdef Op basic_index = ops.basic_index
cdef Op advanced_index = ops.advanced_index
cdef Op square = ops.square


# ------------------------------------------------------------------------------------------
# writes
# ------------------------------------------------------------------------------------------

cdef Tensor value_for(Tensor target, object value):
    """What is written into a tensor; an int must fit its dtype."""
    if isinstance(value, Tensor):
        return value
    if type(value) is float and not dtype_is_inexact(target.dtype_) and target.dtype_ != TL_BOOL:
        int(value)  # refuses infinities and NaN, as NumPy does
    elif type(value) is complex and not dtype_is_complex(target.dtype_):
        float(value)  # which is a TypeError
    return asarray(value, target.dtype) if type(value) is int else asarray(value)


def assign(Tensor target not None, object value, str name="setitem"):
    """Write `value`, broadcast and cast, into all of a tensor."""
    cdef Tensor source = value_for(target, value)
    cdef Tensor result
    cdef bint tracked
    check_writeable(target, name)
    if source.storage.device != target.storage.device:
        if isinstance(value, Tensor):
            device_of(name, (target, source))
        elif source.ndim_ > 0:  # a scalar travels with the launch
            source = asarray(source, None, None, target.device)
    while source.ndim_ > target.ndim_ and source.shape_[0] == 1:
        source = source[0]
    if source.ndim_ > target.ndim_:
        raise ValueError(f"{name}: could not broadcast a value of shape {source.shape} into shape "
                         f"{target.shape}")
    tracked = any_tracked((source,)) or (grad_enabled() and holds_history(target))
    if tracked:
        check_not_leaf(target, name)
    warn_of_lost_part(target, source)
    if watched():
        check_broadcast(source, target, name)
        if not tell_write(target, source, name):
            return
    else:
        copy_into(target, broadcast(source, target.ndim_, target.shape_, name))
    wrote(target, name)
    if tracked:
        result = tensor_alias(target)
        result.node = None
        result.tracked = False
        if source.tracked:
            # The walk undoes the broadcasting.
            record((<Op>ops.astype).rule, (source,), (target.dtype,), result)
        bind(target, result)


cdef int check_broadcast(Tensor source, Tensor target, str name) except -1:
    """Refuse a value whose shape does not fit into that of a target."""
    cdef int lead = target.ndim_ - source.ndim_, i
    for i in range(source.ndim_):
        if source.shape_[i] != 1 and source.shape_[i] != target.shape_[lead + i]:
            raise ValueError(f"{name}: could not broadcast a value of shape {source.shape} into "
                             f"shape {target.shape}")
    return 0


cdef tuple prepared(object index):
    """An index as a tuple of what the kernels take."""
    cdef list entries = []
    for entry in index if type(index) is tuple else (index,):
        if entry is None or entry is Ellipsis or isinstance(entry, (slice, Tensor)):
            entries.append(entry)
        elif isinstance(entry, (int, np.integer)) and not isinstance(entry, bool):
            entries.append(int(entry))
        else:
            entries.append(index_tensor(entry))
    return tuple(entries)


cdef Tensor index_tensor(object entry):
    if isinstance(entry, (str, bytes, float, complex)):
        raise IndexError(index_message)
    array = np.asarray(entry)
    if array.size == 0 and not hasattr(entry, "dtype"):
        array = array.astype(np.int64)
    if array.dtype.kind not in "biu":
        raise IndexError(index_message)
    return asarray(array)


cdef str index_message = (
    "only integers, slices (`:`), ellipsis (`...`), None and integer or boolean arrays are valid "
    "indices")


cdef object getitem(Tensor x, object index):
    cdef Tensor result
    cdef tuple entries
    if watched():
        entries = prepared(index)
        kind = basic_index if is_basic(entries) else advanced_index
        return tell_recorder(kind, (x,), (entries,))
    if type(index) is Tensor and table.take != NULL and is_readable(x) \
            and is_readable(<Tensor>index):
        result = table.take(x, index)
        if (x.tracked or x.base is not None) and any_tracked((x,)):
            record(advanced_index.rule, (x,), ((index,),), result)
        return result
    result = element_or_view(x, index)
    if result is not None:
        if (x.tracked or x.base is not None) and any_tracked((x,)):
            entries = index if type(index) is tuple else (index,)
            record(basic_index.rule, (x,), (entries,), result)
        return result
    return apply(advanced_index, (x,), (prepared(index),))


cdef int setitem(Tensor x, object index, object value) except -1:
    return write_at(x, index, value, "setitem")


cdef int write_at(Tensor x, object index, object value, str name) except -1:
    cdef Tensor view, source, result
    cdef tuple entries
    cdef bint tracked
    check_writeable(x, name)
    if watched():
        return watched_write_at(x, prepared(index), value, name)
    view = view_at(x, index)
    if view is not None:
        assign(view, value, name)
        return 0
    entries = prepared(index)
    source = value_for(x, value)
    if source.dtype_ != x.dtype_:
        source = source.astype(x.dtype)
    tracked = any_tracked((source,)) or (grad_enabled() and holds_history(x))
    if tracked:
        check_not_leaf(x, name)
    old = tensor_alias(x)
    index_write(x, entries, source)
    wrote(x, name)
    if tracked:
        result = tensor_alias(x)
        result.node = None
        result.tracked = False
        record((<Op>ops.index_put).rule, (old, source), (entries,), result)
        bind(x, result)
    return 0


cdef int watched_write_at(Tensor x, tuple index, object value, str name) except -1:
    """A write at an index, for a recorder: into a view, or of the whole anew."""
    cdef Tensor source
    source = value_for(x, value)
    if is_basic(index):
        before_write(x, source, name)
        if not any([entry is Ellipsis for entry in index]):
            index += (Ellipsis,)  # with one, integers give a view too
        assign(tell_recorder(ops.basic_index, (x,), (index,)), source, name)
        return 0
    if source.dtype_ != x.dtype_:
        source = source.astype(x.dtype)
    assign(x, tell_recorder(ops.index_put, (x, source), (index,)), name)
    return 0


cdef bint is_basic(tuple entries) except -1:
    """Whether an index has no arrays."""
    for entry in entries:
        if isinstance(entry, Tensor):
            return False
    return True


cdef object index_write(Tensor target, tuple index, Tensor value):
    """The kernel of a write through arrays; its module is imported at the first one."""
    if target.storage.device != 0:
        device_of("setitem", (target, value))
        return backend_of(target.storage.device).run("index_write", (target, value), (index,))
    from tensorlib._core._indexing import index_write as kernel
    kernel(target, index, value)


# ------------------------------------------------------------------------------------------
# operators
# ------------------------------------------------------------------------------------------

# In the order of the slots in _tensor.pyx.
cdef list binary_ops = [getattr(ops, name) for name in (
    "add", "subtract", "multiply", "divide", "floor_divide", "remainder", "power", "matmul",
    "bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift", "divmod",
    "less", "less_equal", "equal", "not_equal", "greater", "greater_equal",
)]
cdef list unary_ops = [getattr(ops, name) for name in (
    "negative", "positive", "absolute", "invert")]
cdef enum:
    POWER = 6
    MATMUL = 7
    DIVMOD = 13
    EQUAL = 16
    NOT_EQUAL = 17


cdef bint foreign(object value) except -1:
    """Whether an operand is of a type that should answer itself."""
    if isinstance(value, (Tensor, int, float, complex)):
        return False
    if isinstance(value, (np.ndarray, np.generic, list, tuple)):
        return False
    return not (hasattr(value, "__array__") or hasattr(value, "__array_interface__"))


cdef bint squares(object base, object exponent) except -1:
    """Whether a power is a square, which NumPy's operator computes as such, too."""
    if type(base) is not Tensor:
        return False
    if type(exponent) is float:
        return exponent == 2.0 and dtype_is_inexact((<Tensor>base).dtype_)
    return type(exponent) is int and exponent == 2


cdef object binary_slot(int slot, object a, object b):
    cdef Op op = binary_ops[slot]
    if type(a) is Tensor and type(b) is Tensor:
        return apply(op, (a, b), ()) if slot == MATMUL or slot == DIVMOD else binary(op, a, b)
    if not isinstance(a, Tensor) and foreign(a) or not isinstance(b, Tensor) and foreign(b):
        return NotImplemented
    if slot == POWER and squares(a, b):
        return unary(square, a)
    if slot == MATMUL:
        return apply(op, (asarray(a), asarray(b)), ())
    if slot == DIVMOD:
        return apply(op, (a, b), ())
    return binary(op, a, b)


cdef object inplace_slot(int slot, Tensor a, object b):
    cdef Op op = binary_ops[slot]
    if foreign(b):
        return NotImplemented
    if slot == MATMUL:
        result = apply(op, (a, asarray(b)), ())
        if result.shape != a.shape:
            raise ValueError(f"matmul: the product of shape {result.shape} cannot be written into "
                             f"the tensor of shape {a.shape}")
        assign(a, result, "matmul")
        return a
    if type(b) is not Tensor or not binary_into(op, a, b):
        elementwise(op, (a, b), (a,), None)
    return a


cdef object unary_slot(int slot, Tensor a):
    return unary(unary_ops[slot], a)


table.binary = binary_slot
table.inplace = inplace_slot
table.unary = unary_slot
table.getitem = getitem
table.setitem = setitem
