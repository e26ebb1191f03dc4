"""Softmax and its logarithm along an axis, and their gradients."""

from libc.stdint cimport intptr_t

from tensorlib._core._dtypes cimport TL_FLOAT16, TL_FLOAT64
from tensorlib._core._memory cimport Storage, storage_new, storage_release
from tensorlib._core._tensor cimport LONG, Tensor, c_contiguous, tensor_empty
from tensorlib._core._threads cimport ThreadPool, pool

import numpy as np

ThreadPool.share(pool())

cdef extern from "softmax.h" namespace "tl::softmax" nogil:
    cdef struct Shape:
        intptr_t outer, n, inner

    double time_of(intptr_t elements)
    intptr_t scratch_size(Shape shape)
    void softmax_any(bint logarithm, int dtype, const char *x, char *out, char *scratch,
                     Shape shape, int threads)
    void softmax_backward_any(bint logarithm, int dtype, const char *g, const char *y, char *out,
                              Shape shape, int threads)


cdef extern from "parallel_loops.h" namespace "tl" nogil:
    int threads_for(double alone)


cdef int read_shape(Shape *shape, Tensor x, int axis, str op) except -1:
    """Check the operand, and describe the lines along the axis."""
    cdef int i
    if not TL_FLOAT16 <= x.dtype_ <= TL_FLOAT64:
        raise TypeError(f"{op}: expected a floating dtype of at least 16 bits, got {x.dtype}")
    if not 0 <= axis < x.ndim_:
        raise np.exceptions.AxisError(axis, x.ndim_, op)
    shape.outer = shape.inner = 1
    shape.n = x.shape_[axis]
    for i in range(x.ndim_):
        if i < axis:
            shape.outer *= x.shape_[i]
        elif i > axis:
            shape.inner *= x.shape_[i]
    return 0


cdef Tensor along(bint logarithm, Tensor x, int axis, str op):
    cdef Shape shape
    cdef Storage *scratch
    cdef int threads = threads_for(time_of(x.size_))
    read_shape(&shape, x, axis, op)
    cdef Tensor result = tensor_empty(x.ndim_, x.shape_, x.dtype_, op)
    if result.size_ == 0:
        return result
    cdef Tensor source = c_contiguous(x, op)
    scratch = storage_new(threads * scratch_size(shape), op)
    if source.size_ > LONG:
        with nogil:
            softmax_any(logarithm, source.dtype_, source.data, result.data, scratch.data, shape,
                        threads)
    else:
        softmax_any(logarithm, source.dtype_, source.data, result.data, scratch.data, shape, 1)
    storage_release(scratch)
    return result


cdef Tensor backward(bint logarithm, Tensor g, Tensor y, int axis, str op):
    cdef Shape shape
    cdef int threads = threads_for(time_of(y.size_))
    read_shape(&shape, y, axis, op)
    if g.shape != y.shape or g.dtype_ != y.dtype_:
        raise ValueError(f"{op}: expected a gradient of shape {y.shape} of {y.dtype}, got "
                         f"{g.shape} of {g.dtype}")
    cdef Tensor result = tensor_empty(y.ndim_, y.shape_, y.dtype_, op)
    if result.size_ == 0:
        return result
    g = c_contiguous(g, op)
    y = c_contiguous(y, op)
    if y.size_ > LONG:
        with nogil:
            softmax_backward_any(logarithm, y.dtype_, g.data, y.data, result.data, shape, threads)
    else:
        softmax_backward_any(logarithm, y.dtype_, g.data, y.data, result.data, shape, 1)
    return result


def softmax(Tensor x not None, int axis):
    """exp(x) / sum(exp(x)) along an axis."""
    return along(False, x, axis, "softmax")


def log_softmax(Tensor x not None, int axis):
    """The logarithm of `softmax`, precise where that is near 0 or 1."""
    return along(True, x, axis, "log_softmax")


def softmax_backward(Tensor g not None, Tensor y not None, int axis):
    """The gradient of `softmax`, whose result is y."""
    return backward(False, g, y, axis, "softmax_backward")


def log_softmax_backward(Tensor g not None, Tensor y not None, int axis):
    """The gradient of `log_softmax`, whose result is y: no number above zero."""
    return backward(True, g, y, axis, "log_softmax_backward")
