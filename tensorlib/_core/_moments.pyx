"""Means, variances and standard deviations in one call, where nobody follows what is computed."""

from libc.math cimport sqrt

from tensorlib._core._copy cimport empty_like
from tensorlib._core._dispatch cimport Op
from tensorlib._core._dtypes cimport TL_FLOAT32, TL_FLOAT64, TL_UINT64, arithmetic_dtype
from tensorlib._core._folds cimport axis_bits, followed
from tensorlib._core._reduce cimport fold, squared_distances
from tensorlib._core._tensor cimport Tensor, copy_into

from tensorlib._core._dispatch import ops

cdef Op adding = ops.sum


cdef int dtype_of_moments(object a) except -2:
    """Of float32 and float64 their own, of 8-bit floats float32, of integers float64; -1 for what
    is computed elsewhere."""
    if not type(a) is Tensor or followed(<Tensor>a):
        return -1
    cdef int dtype = arithmetic_dtype((<Tensor>a).dtype_)
    if dtype == TL_FLOAT32 or dtype == TL_FLOAT64:
        return dtype
    return TL_FLOAT64 if dtype <= TL_UINT64 else -1


cdef Py_ssize_t count_along(Tensor x, unsigned long long axes) noexcept:
    cdef Py_ssize_t count = 1
    cdef int i
    for i in range(x.ndim_):
        if axes >> i & 1:
            count *= x.shape_[i]
    return count


cdef void divide(Tensor x, double number) noexcept nogil:
    """Divide new, contiguous elements in place, float32 by way of float64, as NumPy does."""
    cdef float *singles = <float *>x.data
    cdef double *doubles = <double *>x.data
    cdef Py_ssize_t i
    if x.dtype_ == TL_FLOAT32:
        for i in range(x.size_):
            singles[i] = <float>(singles[i] / number)
    else:
        for i in range(x.size_):
            doubles[i] /= number


cdef void take_root(Tensor x) noexcept nogil:
    """Of a float32 rounded to float64 and back the root is that of float32."""
    cdef float *singles = <float *>x.data
    cdef double *doubles = <double *>x.data
    cdef Py_ssize_t i
    if x.dtype_ == TL_FLOAT32:
        for i in range(x.size_):
            singles[i] = <float>sqrt(singles[i])
    else:
        for i in range(x.size_):
            doubles[i] = sqrt(doubles[i])


cdef Tensor dense(Tensor x, int dtype):
    """x as NumPy's differences from the mean lie in memory: its order, nothing in between."""
    if x.contiguous and x.dtype_ == dtype:
        return x
    cdef str order = "K"
    cdef Tensor result
    cdef int i
    for i in range(x.ndim_):
        if x.strides_[i] == 0 and x.shape_[i] > 1:
            order = "C"
    result = empty_like(x, dtype, order, "var")
    if x.dtype_ == dtype:
        for i in range(x.ndim_):
            if x.shape_[i] > 1 and x.strides_[i] != result.strides_[i]:
                break
        else:
            return x
    copy_into(result, x)
    return result


def mean(a, axis, bint keepdims):
    """The mean of a tensor that nobody follows; None for what the ops must do."""
    cdef int dtype = dtype_of_moments(a)
    if dtype < 0:
        return None
    cdef Tensor x = a, result
    cdef unsigned long long axes = axis_bits(x, axis, "mean")
    cdef Py_ssize_t count = count_along(x, axes)
    if count == 0:
        return None
    result = fold(adding.loops, "mean", x, axes, keepdims, dtype)
    divide(result, count)
    return result


def spread(a, axis, ddof, bint keepdims, bint root):
    """The variance, or its root, of a tensor that nobody follows; None for what the ops must do."""
    cdef int dtype = dtype_of_moments(a)
    if dtype < 0 or not (type(ddof) is int or type(ddof) is float):
        return None
    cdef str name = "std" if root else "var"
    cdef Tensor x = a, means, result
    cdef unsigned long long axes = axis_bits(x, axis, name)
    cdef Py_ssize_t count = count_along(x, axes)
    cdef double freedom = count - <double>ddof
    if count == 0 or not freedom > 0:
        return None
    means = fold(adding.loops, name, x, axes, keepdims, dtype)
    divide(means, count)
    result = squared_distances(dense(x, dtype), means, axes, keepdims, name)
    divide(result, freedom)
    if root:
        take_root(result)
    return result
