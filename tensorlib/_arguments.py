"""Checks and conversions of arguments that many functions of the main namespace share."""

from operator import index

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from tensorlib._core._arrays import write_out as write_out  # for the modules beside this one
from tensorlib._core._dtypes import ML_DTYPES, arithmetic_dtype_of
from tensorlib._core._functions import asarray, reshape
from tensorlib._core._recorder import run_apart
from tensorlib._core._tensor import Tensor
from tensorlib._core._wrapping import wrapped_of


class named:
    """A block whose errors, raised by NumPy, get the name of the op."""

    def __init__(self, op):
        self.op = op

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if kind in (IndexError, TypeError, ValueError):
            raise kind(f"{self.op}: {error}") from None


def integer(op, name, value):
    """An argument that is one integer."""
    try:
        return index(value)
    except TypeError:
        raise TypeError(f"{op}: expected {name} to be an integer, got {value!r}") from None


def axis_index(op, axis, ndim):
    """One axis, counted from the front."""
    return normalize_axis_index(integer(op, "axis", axis), ndim, op)


def axis_tuple(op, axis, ndim, name="axis"):
    """Several axes, counted from the front, in the order given; all of them for None."""
    if axis is None:
        return tuple(range(ndim))
    if type(axis) is int and name == "axis":
        return (axis_index(op, axis, ndim),)
    try:
        prefix = op if name == "axis" else f"{op}: {name}"
        axes = normalize_axis_tuple(axis, ndim, prefix, allow_duplicate=True)
    except TypeError:
        raise TypeError(f"{op}: expected an axis or a tuple of axes, got {axis!r}") from None
    if len(set(axes)) != len(axes):
        raise ValueError(f"{op}: repeated axis in `{name}`, expected distinct ones, got {axis}")
    return axes


def along(op, a, axis):
    """An array and an axis of it, counted from the front; for None all of it as one axis."""
    a = asarray(a)
    if axis is None:
        return reshape(a, (-1,)), 0
    return a, axis_index(op, axis, a.ndim)


def on_device(x):
    """Whether a value is a tensor of a device other than the CPU."""
    return isinstance(x, Tensor) and x.device != "cpu"


def stays(x):
    """Whether a value's elements cannot be read here: a recorder or a device keeps them."""
    return isinstance(x, Tensor) and (wrapped_of(x) is not None or x.device != "cpu")


def from_zero(indices):
    """Indices of which none counts from the end: a device's kernels refuse those below zero where
    they are unsigned. On the CPU their values were looked at."""
    if not on_device(indices):
        return indices
    if indices.dtype == np.int64 and wrapped_of(indices) is None:
        return indices.view(np.uint64)  # which costs nothing
    return indices.astype(np.uint64, copy=False)


def beside(x, value):
    """A value to be written into `x`: on its device, unless it is a tensor, which says where."""
    made = not isinstance(value, Tensor) and on_device(x)
    return asarray(value, device=x.device) if made else value


def first_on_device(value):
    """The first tensor of a device in lists and tuples, or None."""
    if isinstance(value, (list, tuple)):
        return next((x for x in map(first_on_device, value) if x is not None), None)
    return value if on_device(value) else None


def all_beside(*values):
    """The arguments as tensors, on the device of the first that is on one; see `beside`."""
    place = first_on_device(values)
    return [beside(place, x) for x in values]


def check_on_cpu(op, x):
    """Refuse a tensor of a device, for a function that computes on the CPU."""
    if on_device(x):
        raise NotImplementedError(
            f"{op}: no kernel for {x.device}; cpu() brings a tensor to where there is one"
        )


def elements(op, x):
    """The values of an argument of integers or bools as an ndarray, over a tensor's memory."""
    check_on_cpu(op, x)
    if isinstance(x, (Tensor, np.ndarray)):
        return np.asarray(x.detach() if isinstance(x, Tensor) else x)
    values = np.asarray(x)
    return values if values.size else values.astype(np.intp)  # [] has no dtype of its own


def for_arithmetic(x):
    """A tensor as it is computed with: as float32 if its numbers are of 8 bits."""
    return x.astype(arithmetic_dtype_of(x.dtype), copy=False)


def comparable(op, x):
    """The same for what compares them: those of ml_dtypes as float32, where NumPy knows NaN."""
    values = elements(op, x)
    return values.astype(np.float32) if values.dtype.name in ML_DTYPES else values


def computed(op, function, *arrays):
    """What a function of ndarrays gives, as a Tensor: numbers that have no derivative. Under vmap
    it runs for each example.
    """

    def call(*values):
        return asarray(function(*(comparable(op, x) for x in values)))

    return run_apart(call, arrays)


def followed(x):
    """Whether the tape or a recorder takes a derivative, or a batch, through a value."""
    return isinstance(x, Tensor) and (x.requires_grad or wrapped_of(x) is not None)


def anywhere(condition):
    """Whether a condition holds for any element; under vmap, in any example of the batch."""
    kept = wrapped_of(condition)
    if kept is None:
        return bool(condition.any())
    return any(anywhere(part) for part in kept if isinstance(part, Tensor))


def integers(op, name, x):
    """An argument of integers, for which bools are 0 and 1: an ndarray, or what a recorder or a
    device keeps as it is.
    """
    values = x if stays(x) else elements(op, x)
    if values.dtype.kind not in "biu":
        raise TypeError(f"{op}: expected {name} to be integers, got {values.dtype}")
    return values.astype(np.intp, copy=False)


def promoted(*values):
    """The arguments as tensors of their common dtype, for which Python scalars are weak."""
    values = [x if type(x) in (int, float, complex) else asarray(x) for x in values]
    dtype = np.result_type(*(x.dtype if isinstance(x, Tensor) else x for x in values))
    return [asarray(x, dtype) for x in values]
