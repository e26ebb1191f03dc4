"""Softmax and its logarithm along an axis."""

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

    intptr_t task_size
    intptr_t scratch_size(Shape shape)
    void softmax_any(bint logarithm, int dtype, const char *x, char *out, char *scratch,
                     Shape shape, int threads)



cdef Tensor along(bint logarithm, Tensor x, int axis, str op):
    cdef Shape shape
    cdef Storage *scratch
    cdef int i, threads = 1
    if not TL_FLOAT16 <= x.dtype_ <= TL_FLOAT64:
        raise TypeError(f"{op}: expected a floating dtype, got {x.dtype}")
    if not 0 <= axis < x.ndim_:
        raise np.exceptions.AxisError(axis, x.ndim_, op)
    shape.outer = shape.inner = 1
    shape.n = x.shape_[axis]
    for i in range(x.ndim_):
        if i < axis:
            shape.outer *= x.shape_[i]
        elif i > axis:
            shape.inner *= x.shape_[i]
    cdef Tensor result = tensor_empty(x.ndim_, x.shape_, x.dtype_, op)
    if result.size_ == 0:
        return result
    cdef Tensor source = c_contiguous(x, op)
    if source.size_ >= 2 * task_size:
        threads = ThreadPool.instance().threads()
    scratch = storage_new(threads * scratch_size(shape), op)
    if source.size_ > LONG:
        with nogil:
            softmax_any(logarithm, source.dtype_, source.data, result.data, scratch.data, shape,
                        threads)
    else:
        softmax_any(logarithm, source.dtype_, source.data, result.data, scratch.data, shape, 1)
    storage_release(scratch)
    return result


def softmax(Tensor x not None, int axis):
    """exp(x) / sum(exp(x)) along an axis."""
    return along(False, x, axis, "softmax")


def log_softmax(Tensor x not None, int axis):
    """The logarithm of `softmax`, precise where that is near 0 or 1."""
    return along(True, x, axis, "log_softmax")
