"""Writes into tensors: what they do to the tape, to views and to roots."""

from tensorlib._core._dtypes cimport dtype_itemsize
from tensorlib._core._exchange cimport asarray
from tensorlib._core._memory cimport storage_wrote
from tensorlib._core._tape cimport caller_line, record, rules
from tensorlib._core._tensor cimport Tensor, extent, operators, refresh, tensor_alias

import numpy as np

from tensorlib._core._tape import user_line


cdef int wrote(Tensor target, str name) except -1:
    """Count a write, and remember where it happened if the tape keeps the storage."""
    cdef char *low
    cdef char *high
    target.storage.version += 1
    if target.storage.saved and target.size_ > 0:
        extent(target, &low, &high)
        storage_wrote(target.storage, low, high, (name,) + caller_line())
    return 0


def increment_version(Tensor target not None):
    """Count a write that was not made by an op."""
    wrote(target, "increment_version")


cdef bint holds_history(Tensor target) except -1:
    """Whether a write into a tensor must be recorded for its own sake, or its root's."""
    refresh(target)
    return target.tracked or (target.base is not None and target.base.tracked)


cdef int check_not_leaf(Tensor target, str name) except -1:
    """Refuse to record a write into a leaf, whose gradient would no longer be its own."""
    cdef Tensor root = target if target.base is None else target.base
    refresh(target)
    if (root.tracked and root.node is None) or (target.tracked and target.node is None):
        raise RuntimeError(
            f"{name}: a leaf that requires a gradient, or a view of it, cannot be written in "
            f"place; use no_grad() or a copy; the write was at {user_line()}")
    return 0


cdef Tensor positions(Tensor view):
    """For each element of a view the flat index in its root."""
    cdef Tensor root = view.base
    cdef Py_ssize_t low = 0, high = 0
    cdef Py_ssize_t itemsize = root.dtype.itemsize
    cdef int i
    # The root's flat indices, laid out in memory as the root is, then seen as the view is.
    for i in range(root.ndim_):
        if root.strides_[i] < 0:
            low += root.strides_[i] * (root.shape_[i] - 1)
        else:
            high += root.strides_[i] * (root.shape_[i] - 1)
    memory = np.zeros((high - low) // itemsize + 1, np.int64)
    scale = [s // itemsize * 8 for s in root.strides]
    laid = np.lib.stride_tricks.as_strided(memory[-low // itemsize:], root.shape, scale)
    laid[...] = np.arange(root.size).reshape(root.shape)
    offset = (view.data - root.data - low) // itemsize
    seen = np.lib.stride_tricks.as_strided(
        memory[offset:], view.shape, [s // itemsize * 8 for s in view.strides])
    return asarray(seen.copy())


cdef object part_of(Tensor view):
    """Which part of a complex root a real view shows: "real", "imag", or None for all of it."""
    cdef Tensor root = view.base
    if dtype_itemsize(view.dtype_) == dtype_itemsize(root.dtype_):
        return None
    return "imag" if (view.data - root.data) % dtype_itemsize(root.dtype_) else "real"


cdef int bind(Tensor target, Tensor result) except -1:
    """Give a tensor that was written the history of its new value."""
    cdef Tensor root, old, new
    if target.base is None:
        target.node = result.node
        target.output = result.output
        target.tracked = result.tracked
        target.graph_version += 1
        return 0
    root = target.base
    old = tensor_alias(root)
    new = tensor_alias(root)
    new.node = None
    new.tracked = False
    if old.tracked or result.tracked:
        record(rules["view_write"], (old, result), (positions(target), part_of(target)), new)
    root.node = new.node
    root.output = new.output
    root.tracked = new.tracked
    root.graph_version += 1
    target.node = result.node
    target.output = result.output
    target.tracked = result.tracked
    target.graph_version = root.graph_version
    return 0


def rebind(Tensor target not None, Tensor result not None, str name):
    """Say that a tensor was written outside of the ops and has the history of `result` now."""
    check_not_leaf(target, name)
    wrote(target, name)
    bind(target, result)


cdef int refresh_view(Tensor view) except -1:
    """Give a view whose root was written a history that starts at the root."""
    cdef Tensor root = view.base
    cdef Tensor new
    view.graph_version = root.graph_version
    view.node = None
    view.tracked = False
    if root.tracked:
        new = tensor_alias(view)
        record(rules["view_read"], (root,), (positions(view), part_of(view)), new)
        view.node = new.node
        view.output = new.output
        view.tracked = new.tracked
    return 0


operators().refresh = refresh_view
