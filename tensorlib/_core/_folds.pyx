"""Reductions over axes and running folds along one, with NumPy's parameters."""

from tensorlib._core._argreduce cimport find
from tensorlib._core._arrays cimport write_out
from tensorlib._core._dispatch cimport Op, apply, bits_of
from tensorlib._core._dtypes cimport TL_FLOAT32, dtype_id, dtype_is_float8, dtype_object
from tensorlib._core._exchange cimport asarray
from tensorlib._core._reduce cimport accumulate as running
from tensorlib._core._reduce cimport fold, fold_dtype
from tensorlib._core._tensor cimport MAX_DIMS, Tensor

import numpy as np
from numpy.exceptions import AxisError
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from tensorlib._core._arrays import full
from tensorlib._core._dispatch import ops

cdef object NoValue = np._NoValue
cdef Op sums = ops.sum, products = ops.prod, largest = ops.max, smallest = ops.min
cdef Op anything = ops.any, everything = ops.all, running_sums = ops.cumsum
cdef Op running_products = ops.cumprod, place_of_largest = ops.argmax
cdef Op place_of_smallest = ops.argmin
cdef list all_axes = [tuple(range(n)) for n in range(MAX_DIMS + 1)]


cdef tuple axes_of(Tensor x, object axis, str name):
    """An axis argument as a sorted tuple of non-negative axes."""
    if axis is None:
        return all_axes[x.ndim_]
    if type(axis) is int:
        if -x.ndim_ <= axis < x.ndim_:
            return (axis + x.ndim_ if axis < 0 else axis,)
        if x.ndim_ == 0 and axis in (0, -1):
            return ()  # as NumPy: a 0-d array counts as one of one axis
    try:
        axes = normalize_axis_tuple(axis, x.ndim_)
    except AxisError as error:
        raise AxisError(f"{name}: {error}") from None
    except TypeError:
        raise wrong_axis(name, axis) from None
    except ValueError:
        raise ValueError(
            f"{name}: repeated axis in `axis`, expected distinct ones, got {axis!r}") from None
    return tuple(sorted(axes))


cdef object wrong_axis(str name, object axis):
    return TypeError(f"{name}: expected axis to be an int or a tuple of ints, got {axis!r}")


cdef int one_axis(Tensor x, object axis, str name) except -1:
    """An axis argument of a function that works along one axis."""
    if type(axis) is int and 0 <= axis < x.ndim_:
        return axis
    try:
        return normalize_axis_index(axis, x.ndim_)
    except AxisError as error:
        raise AxisError(f"{name}: {error}") from None
    except TypeError:
        raise wrong_axis(name, axis) from None


cdef unsigned long long axis_bits(Tensor x, object axis, str name) except? 0:
    """An axis argument as one bit for each of the axes."""
    cdef Py_ssize_t i
    if axis is None:
        if x.ndim_ == MAX_DIMS:
            return ~<unsigned long long>0
        return (<unsigned long long>1 << x.ndim_) - 1
    if type(axis) is int:
        i = axis
        if -x.ndim_ <= i < x.ndim_:
            return <unsigned long long>1 << (i + x.ndim_ if i < 0 else i)
    return bits_of(axes_of(x, axis, name))


cdef object reduce(Op op, object a, object axis, object dtype, object out, object keepdims,
                   object initial, object where):
    cdef Tensor x = a if isinstance(a, Tensor) else asarray(a)
    cdef tuple axes
    cdef int number
    if where is True and out is None and (initial is NoValue or initial is None) \
            and not followed(x):
        number = fold_dtype(op.loops, x) if dtype is None else dtype_id(dtype, op.name)
        return fold(op.loops, op.name, x, axis_bits(x, axis, op.name), bool(keepdims), number)
    axes = axes_of(x, axis, op.name)
    if initial is None:
        initial = NoValue
    if dtype is None:
        dtype = dtype_object(fold_dtype(op.loops, x))
    else:
        dtype = dtype_object(dtype_id(dtype, op.name))
    if where is not True or initial is not NoValue:
        return reduce_some(op, x, axes, dtype, out, bool(keepdims), initial, where)
    return write_out(op.name, out, apply(op, (x,), (axes, bool(keepdims), dtype)))


cdef object reduce_some(Op op, Tensor x, tuple axes, object dtype, object out, bint keepdims,
                        object initial, object where):
    """A reduction that starts from a value, or leaves elements out."""
    ufunc = op.loops.ufunc
    if dtype_is_float8(dtype_id(dtype, op.name)):  # in which few values can be
        dtype = dtype_object(TL_FLOAT32)
        x = apply(ops.astype, (x,), (dtype,))
    if where is not True:
        neutral = ufunc.identity
        if neutral is None and initial is not NoValue:
            neutral = initial
        if neutral is None:
            raise ValueError(f"{op.name}: a reduction without an identity needs initial= when "
                             "where= leaves elements out")
        x = apply(ops.where, (asarray(where), x, neutral), ())
    binary_op = getattr(ops, op.loops.name)
    if initial is NoValue:
        result = apply(op, (x,), (axes, keepdims, dtype))
    elif ufunc.identity is None and x.size == 0:
        shape = [1 if i in axes else n for i, n in enumerate(x.shape) if keepdims or i not in axes]
        result = full(tuple(shape), initial, dtype, device=x.device)
    else:
        result = apply(op, (x,), (axes, keepdims, dtype))
        result = apply(binary_op, (asarray(initial, dtype), result), ())
    return write_out(op.name, out, result)


cdef object accumulate(Op op, object a, object axis, object dtype, object out):
    cdef Tensor x = a if isinstance(a, Tensor) else asarray(a)
    if axis is None:
        x = x.reshape(-1)
        axis = 0
    if x.ndim_ == 0:
        x = x.reshape(1)
    cdef int along = one_axis(x, axis, op.name)
    cdef int number = fold_dtype(op.loops, x) if dtype is None else dtype_id(dtype, op.name)
    if out is None and not followed(x):
        return running(op.loops, op.name, x, along, number)
    return write_out(op.name, out, apply(op, (x,), (along, dtype_object(number))))


def sum(a, axis=None, dtype=None, out=None, keepdims=False, initial=NoValue, where=True):
    """Sum of the elements over axes.

    Parameters
    ----------
    a : array_like
        Numbers.
    axis : int or tuple of int, optional
        The axes to sum over; all by default.
    dtype : dtype, optional
        To add in; 64-bit integers for smaller ones by default, else `a`'s own.
    out : Tensor, optional
        Where the result goes.
    keepdims : bool, optional
        Keep summed axes with length one.
    initial : scalar, optional
        Added to the sum.
    where : array_like of bool, optional
        The elements to include.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.sum([[1.0, 2.0], [3.0, 4.0]], axis=0)
    tensor([4., 6.])
    """
    return reduce(sums, a, axis, dtype, out, keepdims, initial, where)


def prod(a, axis=None, dtype=None, out=None, keepdims=False, initial=NoValue, where=True):
    """Product of the elements over axes; parameters as of `sum`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.prod([1.0, 2.0, 4.0])
    tensor(8.)
    """
    return reduce(products, a, axis, dtype, out, keepdims, initial, where)


def max(a, axis=None, out=None, keepdims=False, initial=NoValue, where=True):
    """Largest element over axes; NaN wins. Parameters as of `sum`.

    Raises
    ------
    ValueError
        If there is no element and no `initial`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.max([[1, 5], [7, 2]], axis=1)
    tensor([5, 7])
    """
    return reduce(largest, a, axis, None, out, keepdims, initial, where)


def min(a, axis=None, out=None, keepdims=False, initial=NoValue, where=True):
    """Smallest element over axes; NaN wins. Parameters as of `sum`.

    Raises
    ------
    ValueError
        If there is no element and no `initial`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.min([[1, 5], [7, 2]], axis=1)
    tensor([1, 2])
    """
    return reduce(smallest, a, axis, None, out, keepdims, initial, where)


def any(a, axis=None, out=None, keepdims=False, *, where=True):
    """Whether any element over axes is non-zero; parameters as of `sum`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.any([[0, 1], [0, 0]], axis=1)
    tensor([ True, False])
    """
    return reduce(anything, a, axis, None, out, keepdims, NoValue, where)


def all(a, axis=None, out=None, keepdims=False, *, where=True):
    """Whether all elements over axes are non-zero; parameters as of `sum`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.all([[1, 1], [0, 1]], axis=1)
    tensor([ True, False])
    """
    return reduce(everything, a, axis, None, out, keepdims, NoValue, where)


def cumsum(a, axis=None, dtype=None, out=None):
    """Running sum along an axis, over the flattened tensor by default.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.cumsum([1, 2, 3])
    tensor([1, 3, 6])
    """
    return accumulate(running_sums, a, axis, dtype, out)


def cumprod(a, axis=None, dtype=None, out=None):
    """Running product along an axis, over the flattened tensor by default.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.cumprod([1, 2, 3])
    tensor([1, 2, 6])
    """
    return accumulate(running_products, a, axis, dtype, out)


cdef object argreduce(Op op, object a, object axis, object out, object keepdims):
    cdef Tensor x = a if isinstance(a, Tensor) else asarray(a)
    cdef int along
    if axis is not None and (x.ndim_ > 0 or axis not in (0, -1)):  # as NumPy, a number has an axis
        axis = one_axis(x, axis, op.name)
    else:
        axis = None
    if out is None and not followed(x):
        along = -1 if axis is None else axis
        return find(op is place_of_largest, x, along, bool(keepdims), op.name)
    result = apply(op, (x,), (axis, bool(keepdims)))
    return write_out(op.name, out, result)


def argmax(a, axis=None, out=None, *, keepdims=False):
    """Index of the first largest element; NaN wins.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.argmax([3, 9, 9])
    tensor(1)
    """
    return argreduce(place_of_largest, a, axis, out, keepdims)


def argmin(a, axis=None, out=None, *, keepdims=False):
    """Index of the first smallest element; NaN wins.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.argmin([3, 1, 1])
    tensor(1)
    """
    return argreduce(place_of_smallest, a, axis, out, keepdims)
