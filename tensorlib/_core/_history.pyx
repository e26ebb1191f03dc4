"""Writes into tensors: what they do to the tape, to views and to roots."""

import math

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


cdef object laid_out(memory, Py_ssize_t start, Tensor tensor, unit):
    """Integers as a tensor lies in memory, of which each is for `unit` bytes."""
    return np.lib.stride_tricks.as_strided(
        memory[start // unit:], tensor.shape, [s // unit * 8 for s in tensor.strides])


cdef tuple place_in_root(Tensor view):
    """Where the elements of a view are in its root: their flat indices there, on its device, and of
    which part of complex numbers they are: "real", "imag", or None for all of it."""
    cdef Tensor root = view.base
    cdef char *low
    cdef char *high
    cdef char *first
    cdef char *last
    cdef Py_ssize_t itemsize = dtype_itemsize(view.dtype_), start
    if view.size_ == 0:
        return asarray(np.zeros(view.shape, np.int64), None, None, view.device), None
    # The root's flat indices, laid out in memory as the root is, then seen as the view is.
    extent(root, &low, &high)
    extent(view, &first, &last)
    if first < low or last > high:
        raise RuntimeError(f"as_strided: a view of shape {view.shape} that reaches beyond its root "
                           f"of shape {root.shape} cannot be recorded; use detach() or no_grad()")
    unit = math.gcd(itemsize, *root.strides, *view.strides)
    memory = np.full((high - low) // unit, -1, np.int64)
    laid_out(memory, root.data - low, root, unit)[...] = np.arange(root.size).reshape(root.shape)
    start = view.data - low
    part = None
    if itemsize != dtype_itemsize(root.dtype_):
        part = "real" if memory[start // unit] >= 0 else "imag"
        start -= itemsize if part == "imag" else 0
    return asarray(laid_out(memory, start, view, unit).copy(), None, None, view.device), part


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
        record(rules["view_write"], (old, result), place_in_root(target), new)
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
        record(rules["view_read"], (root,), place_in_root(view), new)
        view.node = new.node
        view.output = new.output
        view.tracked = new.tracked
    return 0


operators().refresh = refresh_view
