"""Max pooling in two dimensions."""

from libc.stdint cimport int64_t, intptr_t

from tensorlib._core._dtypes cimport TL_INT64, dtype_is_complex
from tensorlib._core._memory cimport Storage, storage_new, storage_release
from tensorlib._core._tensor cimport MAX_DIMS, Tensor, tensor_empty
from tensorlib._core._threads cimport ThreadPool, pool

ThreadPool.share(pool())

cdef extern from "pool.h" namespace "tl::pool" nogil:
    cdef struct Window:
        intptr_t kernel[2]
        intptr_t stride[2]
        intptr_t padding[2]
        intptr_t dilation[2]

    cdef struct Plane:
        const char *data
        intptr_t shape[2]
        intptr_t strides[2]

    cdef struct Planes:
        Plane first
        int ndim
        const Py_ssize_t *shape
        const Py_ssize_t *strides

    bint max_pool_any(int dtype, const Planes &planes, const Window &window, intptr_t rows,
                      intptr_t columns, char *values, int64_t *indices, char *scratch)


cdef int read_numbers(intptr_t *target, int count, object pair, Py_ssize_t least,
                      str name) except -1:
    cdef int i
    if len(pair) != count:
        raise ValueError(f"max_pool2d: expected {count} numbers as {name}, got {pair}")
    for i in range(count):
        target[i] = pair[i]
        if not least <= target[i] < (1 << 31):
            raise ValueError(f"max_pool2d: expected {name} of at least {least}, got {pair}")
    return 0


cdef int check_pool(Tensor x, kernel_size, stride, padding, dilation, Window *window,
                    Py_ssize_t *shape) except -1:
    """Refuse what max_pool2d cannot do; the windows and the shape of their maxima."""
    cdef intptr_t[4] padded
    cdef Py_ssize_t room, reach
    cdef int i, outer = x.ndim_ - 2
    if outer < 0:
        raise ValueError("max_pool2d: expected images of shape (..., height, width), got "
                         f"{x.shape}")
    if dtype_is_complex(x.dtype_):
        raise TypeError(f"max_pool2d: expected images of real numbers, got {x.dtype}")
    read_numbers(window.kernel, 2, kernel_size, 1, "kernel_size")
    read_numbers(window.stride, 2, stride, 1, "stride")
    read_numbers(padded, 4, padding if len(padding) == 4 else 2 * padding, 0, "padding")
    read_numbers(window.dilation, 2, dilation, 1, "dilation")
    for i in range(outer):
        shape[i] = x.shape_[i]
    for i in range(2):
        window.padding[i] = padded[i]
        room = x.shape_[outer + i] + padded[i] + padded[2 + i]
        reach = window.dilation[i] * (window.kernel[i] - 1) + 1
        if 2 * window.padding[i] > reach:
            raise ValueError("max_pool2d: expected padding of at most half the window, got padding "
                             f"{padding}, kernel_size {kernel_size} and dilation {dilation}")
        if reach > room or x.shape_[outer + i] == 0:
            raise ValueError("max_pool2d: expected windows that fit into the padded images, got "
                             f"images of shape {x.shape}, kernel_size {kernel_size}, padding "
                             f"{padding} and dilation {dilation}")
        shape[outer + i] = (room - reach) // window.stride[i] + 1
    return 0


def result_shape(Tensor x not None, kernel_size, stride, padding, dilation):
    """The shape of the results of max_pool2d; its errors."""
    cdef Window window
    cdef Py_ssize_t[MAX_DIMS] shape
    check_pool(x, kernel_size, stride, padding, dilation, &window, shape)
    return tuple([shape[i] for i in range(x.ndim_)])


def max_pool2d(Tensor x not None, kernel_size, stride, padding, dilation):
    """The largest element of each window of the last two axes, and its flat place in the plane.

    NaN wins; of equal elements the first. Padding never wins; there are two numbers of it, or
    four: those before the axes, and those after.
    """
    cdef Window window
    cdef Py_ssize_t[MAX_DIMS] shape
    cdef Storage *scratch
    cdef Planes planes
    cdef int i, threads, outer = x.ndim_ - 2
    check_pool(x, kernel_size, stride, padding, dilation, &window, shape)
    cdef Tensor values = tensor_empty(x.ndim_, shape, x.dtype_, "max_pool2d")
    cdef Tensor indices = tensor_empty(x.ndim_, shape, TL_INT64, "max_pool2d")
    if values.size_ > 0:
        planes.first.data = x.data
        for i in range(2):
            planes.first.shape[i] = x.shape_[outer + i]
            planes.first.strides[i] = x.strides_[outer + i]
        planes.ndim = outer
        planes.shape = x.shape_
        planes.strides = x.strides_
        threads = ThreadPool.instance().threads()
        scratch = storage_new(threads * 8 * shape[outer + 1], "max_pool2d")
        with nogil:
            max_pool_any(x.dtype_, planes, window, shape[outer], shape[outer + 1], values.data,
                         <int64_t *>indices.data, scratch.data)
        storage_release(scratch)
    return values, indices
