"""The negative log-likelihood of classes, summed over all places, and its gradient."""

from libc.stdint cimport int64_t, intptr_t

from tensorlib._core._dtypes cimport (
    TL_BFLOAT16,
    TL_FLOAT16,
    TL_FLOAT32,
    TL_FLOAT64,
    TL_INT64,
    dtype_id,
    dtype_object,
)
from tensorlib._core._tensor cimport LONG, MAX_DIMS, Tensor, c_contiguous, tensor_empty

from math import prod

from tensorlib._core.errors import DeviceError

cdef extern from "nll.h" namespace "tl::nll" nogil:
    cdef struct Shape:
        intptr_t outer, classes, inner

    cdef struct Sums:
        double loss, weight
        intptr_t wrong

    Sums sums_of(int dtype, const char *x, const int64_t *target, const char *weight, Shape shape,
                 int64_t ignored)
    void put(int dtype, char *target, double value)
    double get(int dtype, const char *source)
    void gradient(int dtype, double slope, const int64_t *target, const char *weight, char *out,
                  Shape shape, int64_t ignored)


def layout(tuple shape not None, dtype, Tensor target not None, Tensor weight, str op not None):
    """What lies before, along and after the axis of classes; raises what both ops do."""
    cdef int axis = min(len(shape) - 1, 1), kind = dtype_id(dtype, op)
    if not TL_FLOAT16 <= kind <= TL_FLOAT64:
        raise TypeError(f"{op}: expected a floating dtype of at least 16 bits, got {dtype}")
    if target.dtype_ != TL_INT64:
        raise TypeError(f"{op}: expected classes of int64, got {target.dtype}")
    if len(shape) == 0 or target.shape != shape[:axis] + shape[axis + 1:]:
        raise ValueError(f"{op}: expected shapes (N, C, ...) and (N, ...), or (C,) and (), got "
                         f"{shape} and {target.shape}")
    if weight is not None:
        if weight.shape != (shape[axis],) or weight.dtype != dtype:
            raise ValueError(f"{op}: expected weights of shape {(shape[axis],)} of {dtype}, got "
                             f"{weight.shape} of {weight.dtype}")
    return prod(shape[:axis]), shape[axis], prod(shape[axis + 1:])


cdef int wide_dtype(int dtype) noexcept:
    """The dtype of sums of weights."""
    return TL_FLOAT32 if dtype == TL_FLOAT16 or dtype == TL_BFLOAT16 else dtype


def total_dtype(dtype):
    """The dtype of sums of weights."""
    return dtype_object(wide_dtype(dtype_id(dtype, "nll_loss")))


cdef Shape shape_of(tuple lengths):
    cdef Shape shape
    shape.outer, shape.classes, shape.inner = lengths
    return shape


cdef const char *data_of(Tensor weight) noexcept:
    if weight is None:
        return NULL
    return weight.data


cdef Tensor on_cpu(Tensor weight, str op):
    if weight is None:
        return None
    if weight.storage.device != 0:
        raise DeviceError(f"{op}: expected weights on cpu, got them on {weight.device}")
    return c_contiguous(weight, op)


def nll_loss(Tensor x not None, Tensor target not None, Tensor weight, ignore_index, bint mean,
             str caller not None):
    """The sum over all places of ``-weight[class] * x[class]``, or its quotient by the sum of
    weights; and that sum.

    Parameters
    ----------
    x : Tensor, shape (N, C, ...) or (C,)
    target : Tensor of int64, shape (N, ...) or ()
        The classes.
    weight : Tensor, shape (C,), or None
        Ones by default; a constant.
    ignore_index : int
        Where the target is this, nothing is added.
    mean : bool
        Whether to divide.
    caller : str
        Of the function, for the IndexError of a target that is no class.
    """
    cdef Shape shape = shape_of(layout(x.shape, x.dtype, target, weight, "nll_loss"))
    cdef Sums sums
    cdef int64_t ignored = ignore_index
    x, target = c_contiguous(x, "nll_loss"), c_contiguous(target, "nll_loss")
    weight = on_cpu(weight, "nll_loss")
    cdef const char *weights = data_of(weight)
    if target.size_ > LONG:
        with nogil:
            sums = sums_of(x.dtype_, x.data, <const int64_t *>target.data, weights, shape, ignored)
    else:
        sums = sums_of(x.dtype_, x.data, <const int64_t *>target.data, weights, shape, ignored)
    if sums.wrong >= 0:
        raise IndexError(f"{caller}: expected classes from 0 to {shape.classes - 1}, got "
                         f"{(<const int64_t *>target.data)[sums.wrong]}")
    cdef int wide = wide_dtype(x.dtype_)
    cdef Tensor loss = tensor_empty(0, NULL, x.dtype_, "nll_loss")
    cdef Tensor total = tensor_empty(0, NULL, wide, "nll_loss")
    put(x.dtype_, loss.data, sums.loss / sums.weight if mean else sums.loss)
    put(wide, total.data, sums.weight)
    return loss, total


def nll_loss_backward(Tensor g not None, Tensor target not None, Tensor total not None,
                      tuple shape not None, Tensor weight, ignore_index, bint mean):
    """The gradient of nll_loss, whose second result is `total`, for logarithms of a shape.

    Targets that are no classes, which nll_loss refuses, are taken as ignored from the first on.
    """
    op = "nll_loss_backward"
    cdef Shape lengths = shape_of(layout(shape, g.dtype, target, weight, op))
    cdef Py_ssize_t[MAX_DIMS] given
    cdef int64_t ignored = ignore_index
    cdef double slope
    cdef int i
    if g.ndim_ != 0 or total.ndim_ != 0 or total.dtype_ != wide_dtype(g.dtype_):
        raise ValueError(f"{op}: expected a gradient and a total without axes, of a floating dtype "
                         f"and of {total_dtype(g.dtype)}, got {g.shape} and {total.shape} of "
                         f"{total.dtype}")
    for i in range(len(shape)):
        given[i] = shape[i]
    target, weight = c_contiguous(target, op), on_cpu(weight, op)
    cdef Tensor out = tensor_empty(len(shape), given, g.dtype_, op)
    cdef const char *weights = data_of(weight)
    slope = -get(g.dtype_, g.data)
    if mean:
        slope /= get(total.dtype_, total.data)
    if out.size_ > LONG:
        with nogil:
            gradient(out.dtype_, slope, <const int64_t *>target.data, weights, out.data, lengths,
                     ignored)
    else:
        gradient(out.dtype_, slope, <const int64_t *>target.data, weights, out.data, lengths,
                 ignored)
    return out
