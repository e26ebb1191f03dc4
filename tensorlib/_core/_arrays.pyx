"""Functions that make tensors: new ones, copies, sorted ones."""

from libc.stdint cimport int64_t
from libc.string cimport memset

from tensorlib._core._backend cimport backend_of
from tensorlib._core._copy cimport empty_like as empty_in_order
from tensorlib._core._copy cimport warn_of_lost_part
from tensorlib._core._dispatch cimport Op, apply
from tensorlib._core._dtypes cimport TL_FLOAT64, TL_INT64, dtype_id, dtype_itemsize, dtype_object
from tensorlib._core._exchange cimport asarray, memory_order
from tensorlib._core._recorder cimport watched
from tensorlib._core._shapes cimport shape_of
from tensorlib._core._tape cimport any_tracked, record
from tensorlib._core._tensor cimport (
    LONG,
    MAX_DIMS,
    Tensor,
    copy_into,
    tensor_empty,
    tensor_empty_on,
)

import numpy as np
from numpy.exceptions import AxisError
from numpy.lib.array_utils import normalize_axis_index

from tensorlib._core import _exchange
from tensorlib._core._dispatch import ops
from tensorlib._core._operators import assign
from tensorlib._core.device import device_number

cdef extern from "plain_numbers.h" namespace "tl":
    bint plain_int(object value, Py_ssize_t *number)
    int plain_shape(object shape, int most, Py_ssize_t *lengths)

cdef Py_ssize_t EXACT = <Py_ssize_t>1 << 52  # below, NumPy's quotients of floats count exactly

cdef Op astype_op = ops.astype
cdef Op copy_op = ops.copy


cdef Tensor new(object shape, object dtype, object order, object device, str op):
    cdef Py_ssize_t[MAX_DIMS] dims
    cdef int i, ndim, dtype_number, device_place
    if device is None and order == "C" and not isinstance(dtype, int):
        ndim = plain_shape(shape, MAX_DIMS, dims)
        if ndim >= 0:
            return tensor_empty(ndim, dims, TL_FLOAT64 if dtype is None else dtype_id(dtype, op),
                                op)
    if isinstance(dtype, int) and isinstance(shape, int):
        value = ", 1" if op == "full" else ""
        raise TypeError(f"{op}: expected a dtype, got {dtype}; a shape is one tuple, as in "
                        f"{op}((2, 3){value})")
    cdef tuple lengths = shape_of(shape, op)
    cdef Tensor result
    ndim = len(lengths)
    dtype_number = dtype_id(dtype, op)
    device_place = 0 if device is None else device_number(device, op)
    order = memory_order(op, order, "C")
    if order not in ("C", "F"):
        raise ValueError(f"{op}: order must be 'C' or 'F', got {order!r}")
    if ndim > MAX_DIMS:
        raise ValueError(f"{op}: expected at most {MAX_DIMS} dimensions, got {ndim}")
    for i in range(ndim):
        dims[i] = lengths[i if order == "C" else ndim - 1 - i]
    result = tensor_empty_on(device_place, ndim, dims, dtype_number, op)
    if order == "F" and ndim > 1:
        result = result.transpose()
        result.base = None
    return result


cpdef object write_out(str op, object out, Tensor result, str casting="same_kind"):
    """`result`; or, if there is an `out`, that after the result was written into it."""
    if out is None:
        return result
    target = out
    if isinstance(out, np.ndarray):
        if result.requires_grad:
            raise TypeError(f"{op}: a tensor requires a gradient, which an ndarray as out would "
                            "lose; use detach()")
        target = asarray(out)
    elif not isinstance(out, Tensor):
        raise TypeError(f"{op}: expected a Tensor as out, got {type(out).__name__}")
    if target.shape != result.shape:
        raise ValueError(f"{op}: expected out of shape {result.shape}, got {target.shape}")
    if not np.can_cast(result.dtype, target.dtype, casting):
        raise TypeError(f"{op}: cannot cast the result from {result.dtype} to {target.dtype} with "
                        f"casting rule {casting!r}")
    assign(target, result, op)
    return out


def astype(x, dtype, /, *, order="K", casting="unsafe", copy=True, device=None):
    """The elements as another dtype.

    Parameters
    ----------
    x : array_like
    dtype : dtype
    order : {'C', 'F', 'A', 'K'}, optional
        The memory layout of the result.
    casting : str, optional
        NumPy's rule of what may be lost.
    copy : bool, optional
        False: return `x` itself where nothing changes.
    device : str, optional
        Where the result is; where `x` is by default.

    Raises
    ------
    TypeError
        If `casting` forbids the cast.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.astype([1.7, 2.2], int)
    tensor([1, 2])
    """
    cdef Tensor tensor = x if isinstance(x, Tensor) else asarray(x)
    cdef int target = dtype_id(dtype, "astype")
    if device is not None:
        tensor = tensor.to(device)
    order = memory_order("astype", order, "K")
    if casting == "same_value":
        tensor.numpy().astype(dtype, casting=casting)  # NumPy's own check
    elif casting != "unsafe" and not np.can_cast(tensor.dtype, dtype_object(target), casting):
        raise TypeError(f"astype: cannot cast from {tensor.dtype} to {dtype_object(target)} with "
                        f"casting rule {casting!r}")
    if target == tensor.dtype_:
        return tensor if not copy else copied(tensor, order)
    result = apply(astype_op, (tensor,), (dtype_object(target),))
    return result if order in ("K", "A") else asarray(result, None, order)


def astype_method(Tensor self, dtype, order="K", casting="unsafe", subok=True, copy=True):
    """The elements as another dtype; parameters as of `astype`."""
    cdef Tensor result
    cdef int target
    if order == "K" and casting == "unsafe" and copy is True and self.contiguous \
            and not watched():
        target = dtype_id(dtype, "astype")
        if target == self.dtype_:
            return copied(self, "K")
        result = tensor_empty(self.ndim_, self.shape_, target, "astype")
        warn_of_lost_part(result, self)
        copy_into(result, self)
        if (self.tracked or self.base is not None) and any_tracked((self,)):
            record(astype_op.rule, (self,), (dtype_object(target),), result)
        return result
    return astype(self, dtype, order=order, casting=casting, copy=copy)


def copy_method(Tensor self, order="C"):
    """A copy with storage of its own, in the given memory layout."""
    return copied(self, memory_order("copy", order, "C"))


cdef object copied(Tensor x, str order):
    """The op of that name, with a short way for what lies in C order and stays so."""
    cdef Tensor result
    if not x.contiguous or order == "F" or watched():
        return apply(copy_op, (x,), (order,))
    result = tensor_empty(x.ndim_, x.shape_, x.dtype_, "copy")
    copy_into(result, x)
    if (x.tracked or x.base is not None) and any_tracked((x,)):
        record(copy_op.rule, (x,), (order,), result)
    return result


def fill_method(Tensor self, value):
    """Set all elements to a scalar."""
    assign(self, value, "fill")


def array(object, dtype=None, *, copy=True, order="K", subok=False, ndmin=0, ndmax=0, device=None,
          like=None):
    """An array_like as a tensor, copied unless `copy` says otherwise.

    Parameters
    ----------
    object : array_like
    dtype : dtype, optional
    copy : bool or None, optional
        None: copy only where it must be. False: never.
    order : {'C', 'F', 'A', 'K'}, optional
        The memory layout.
    subok : bool, optional
        Of no effect, as tensors have no subclasses that functions know.
    ndmin : int, optional
        The least number of axes; missing ones go in front.
    ndmax : int, optional
        The most axes that nested sequences may have; 0 stands for the limit of 64.
    device : str, optional
        Where the result is.
    like : Tensor, optional
        Of no effect here; NumPy's functions pass a call on to the library by it.

    Returns
    -------
    Tensor

    Raises
    ------
    TypeError
        If the elements are not numbers or bools.
    ValueError
        If there are more axes than `ndmax`, or `copy` is False and a copy is needed.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.array([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    """
    result = asarray(object, dtype, order, device, copy)
    if 0 < ndmax < result.ndim:
        raise ValueError(f"array: expected at most ndmax={ndmax} dimensions, got {result.ndim}")
    if result.ndim < ndmin:
        result = result.reshape((1,) * (ndmin - result.ndim) + result.shape)
    return result


def empty(shape, dtype=None, order="C", *, device=None, like=None):
    """An uninitialised tensor.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.empty((2, 3)).shape
    (2, 3)
    """
    return new(shape, dtype, order, device, "empty")


def zeros(shape, dtype=None, order="C", *, device=None, like=None):
    """A tensor of zeros, of float64 by default.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.zeros(3)
    tensor([0., 0., 0.])
    """
    cdef Tensor result = new(shape, dtype, order, device, "zeros")
    clear(result)
    return result


cdef int clear(Tensor x) except -1:
    if x.storage.device != 0:
        x.fill(0)
        return 0
    memset(x.data, 0, x.size_ * dtype_itemsize(x.dtype_))
    return 0


def ones(shape, dtype=None, order="C", *, device=None, like=None):
    """A tensor of ones, of float64 by default.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.ones(3)
    tensor([1., 1., 1.])
    """
    result = new(shape, dtype, order, device, "ones")
    assign(result, 1, "ones")
    return result


def full(shape, fill_value, dtype=None, order="C", *, device=None, like=None):
    """A tensor in which all elements are `fill_value`, whose dtype is the default.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.full(2, 7)
    tensor([7, 7])
    """
    value = asarray(fill_value)
    result = new(shape, value.dtype if dtype is None else dtype, order, device, "full")
    assign(result, value, "full")
    return result


cdef Tensor like(object a, object dtype, object order, object shape, object device, str op):
    cdef Tensor x = a if isinstance(a, Tensor) else asarray(a)
    if dtype is None:
        dtype = x.dtype
    order = memory_order(op, order, "K")
    if device is None:
        device = x.device
    if shape is None and order in ("A", "K") and not x.contiguous and device == x.device:
        return empty_in_order(x, dtype_id(dtype, op), order, op)
    if order in ("A", "K"):
        order = "C"
    return new(x.shape if shape is None else shape, dtype, order, device, op)


def empty_like(prototype, /, dtype=None, order="K", subok=True, shape=None, *, device=None):
    """An uninitialised tensor of the shape and dtype of another.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.empty_like([[1, 2]]).shape
    (1, 2)
    """
    return like(prototype, dtype, order, shape, device, "empty_like")


def zeros_like(a, dtype=None, order="K", subok=True, shape=None, *, device=None):
    """Zeros in the shape and dtype of another tensor.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.zeros_like([1.5, 2.5])
    tensor([0., 0.])
    """
    cdef Tensor result = like(a, dtype, order, shape, device, "zeros_like")
    clear(result)
    return result


def ones_like(a, dtype=None, order="K", subok=True, shape=None, *, device=None):
    """Ones in the shape and dtype of another tensor.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.ones_like([1.5, 2.5])
    tensor([1., 1.])
    """
    result = like(a, dtype, order, shape, device, "ones_like")
    assign(result, 1, "ones_like")
    return result


def full_like(a, fill_value, dtype=None, order="K", subok=True, shape=None, *, device=None):
    """One value in the shape and dtype of another tensor.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.full_like([1.5, 2.5], 3)
    tensor([3., 3.])
    """
    result = like(a, dtype, order, shape, device, "full_like")
    assign(result, fill_value, "full_like")
    return result


def arange(start=None, stop=None, step=1, dtype=None, *, device=None, like=None):
    """Evenly spaced numbers of a half-open interval.

    Parameters
    ----------
    start : number
        The first; with one positional argument, that is `stop` and the first is 0.
    stop : number, optional
        The end, not included.
    step : number, optional
        The distance.
    dtype : dtype, optional
        That of the arguments by default.
    device : str, optional
        Where the result is.

    Returns
    -------
    Tensor

    Raises
    ------
    ZeroDivisionError
        If `step` is zero.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.arange(1, 10, 3)
    tensor([1, 4, 7])
    """
    cdef Py_ssize_t first = 0, last, distance
    cdef int place = 0 if device is None else device_number(device, "arange")
    if dtype is None and (
            (stop is None and plain_int(start, &last))
            or (plain_int(start, &first) and plain_int(stop, &last))) \
            and plain_int(step, &distance) and distance != 0 \
            and -EXACT < first < EXACT and -EXACT < last < EXACT and -EXACT < distance < EXACT:
        return integers(first, last, distance, place)
    if stop is None:
        if start is None:
            raise TypeError("arange: expected start or stop, got neither")
        start, stop = 0, start
    elif start is None:
        start = 0
    return _exchange.asarray(np.arange(start, stop, step, dtype), device=device)


cdef Tensor integers(Py_ssize_t first, Py_ssize_t stop, Py_ssize_t step, int device):
    cdef Py_ssize_t count = 0, i
    cdef int64_t *numbers
    cdef Tensor result
    if step > 0 and stop > first:
        count = (stop - first - 1) // step + 1
    elif step < 0 and stop < first:
        count = (first - stop - 1) // -step + 1
    result = tensor_empty_on(device, 1, &count, TL_INT64, "arange")
    if device != 0:
        backend_of(device).run("arange", (result,), (first, step))
        return result
    numbers = <int64_t *>result.data
    if count > LONG:
        with nogil:
            for i in range(count):
                numbers[i] = first + i * step
    else:
        for i in range(count):
            numbers[i] = first + i * step
    return result


def sort(a, axis=-1, kind=None, order=None, *, stable=None, descending=False):
    """A sorted copy; NaN comes last.

    Parameters
    ----------
    a : array_like
    axis : int or None, optional
        The axis to sort along; None flattens first.
    kind : {'quicksort', 'mergesort', 'heapsort', 'stable'}, optional
    order : None
        For arrays with fields, which tensors are not.
    stable : bool, optional
        Instead of `kind`: whether equal elements keep their order.
    descending : bool, optional
        Whether the largest element comes first.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.sort([3, 1, 2])
    tensor([1, 2, 3])
    """
    x, axis, kind = sort_arguments("sort", a, axis, kind, order, stable)
    result = apply(ops.sort, (x,), (axis, kind))
    return reversed_along(result, axis) if descending else result


def argsort(a, axis=-1, kind=None, order=None, *, stable=None, descending=False):
    """The indices that would sort; parameters as of `sort`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.argsort([3, 1, 2])
    tensor([1, 2, 0])
    """
    x, axis, kind = sort_arguments("argsort", a, axis, kind, order, stable)
    if not descending:
        return apply(ops.argsort, (x,), (axis, kind))
    # Backwards, so that equal elements keep their order.
    backwards = reversed_along(x, axis)
    return x.shape[axis] - 1 - reversed_along(apply(ops.argsort, (backwards,), (axis, kind)), axis)


cdef object reversed_along(object x, int axis):
    return x[(slice(None),) * axis + (slice(None, None, -1),)]


# By the first letter, as NumPy.
cdef dict sort_kinds = {"q": "quicksort", "h": "heapsort", "m": "mergesort", "s": "stable"}


cdef tuple sort_arguments(str op, object a, object axis, object kind, object order,
                          object stable):
    cdef Tensor x = a if isinstance(a, Tensor) else asarray(a)
    if kind is not None and stable is not None:
        raise ValueError(f"{op}: expected kind or stable, got both")
    if stable is not None:
        kind = "stable" if stable else "quicksort"
    if order is not None:
        raise ValueError(f"{op}: order is for arrays with fields, got {order!r}")
    if kind is not None:
        if not isinstance(kind, str) or kind[:1].lower() not in sort_kinds:
            raise ValueError(f"{op}: kind must be one of 'quicksort', 'mergesort', 'heapsort', "
                             f"'stable', got {kind!r}")
        kind = sort_kinds[kind[:1].lower()]
    if axis is None or x.ndim_ == 0 and op == "argsort" and axis in (0, -1):  # as NumPy
        x = x.reshape(-1)
        axis = 0
    try:
        axis = normalize_axis_index(axis, x.ndim_)
    except AxisError as error:
        raise AxisError(f"{op}: {error}") from None
    except TypeError:
        raise TypeError(f"{op}: expected axis to be an int or None, got {axis!r}") from None
    return x, axis, kind
