"""Two-dimensional convolution, and its gradients."""

from libc.stdint cimport intptr_t

from tensorlib._core._dtypes cimport TL_FLOAT32, TL_FLOAT64
from tensorlib._core._memory cimport Storage, storage_new, storage_release
from tensorlib._core._tensor cimport Tensor, tensor_empty

cdef extern from "conv.h" namespace "tl::conv" nogil:
    cdef struct Array:
        char *data
        intptr_t shape[4]
        intptr_t strides[4]

    cdef struct Geometry:
        intptr_t stride[2]
        intptr_t padding[2]
        intptr_t dilation[2]
        intptr_t groups

    cdef cppclass Job:
        intptr_t workspace()
        void run(char *memory) except +

    ctypedef enum Direction:
        kForward
        kInput
        kWeight

    Job *make_job[T](Direction direction, const Array &image, const Array &filter,
                     const Array &output, const Geometry &geometry, int threads) except +

cdef extern from "thread_pool.h" namespace "tl" nogil:
    cdef cppclass ThreadPool:
        @staticmethod
        ThreadPool &instance()
        int threads()
        void set_threads(int threads)


cdef Array array_of(Tensor tensor) noexcept:
    cdef Array array
    cdef int i
    array.data = tensor.data
    for i in range(4):
        array.shape[i] = tensor.shape_[i]
        array.strides[i] = tensor.strides_[i]
    return array


cdef int check_tensor(Tensor tensor, str name, str axes, str op) except -1:
    if tensor.ndim_ != 4:
        raise ValueError(f"{op}: expected {name} of shape ({axes}), got {tensor.shape}")
    if tensor.dtype_ != TL_FLOAT32 and tensor.dtype_ != TL_FLOAT64:
        raise TypeError(f"{op}: expected {name} of dtype float32 or float64, got {tensor.dtype}")
    return 0


cdef int read_pair(intptr_t *target, object pair, Py_ssize_t least, str name, str op) except -1:
    cdef int i
    if len(pair) != 2:
        raise ValueError(f"{op}: expected two numbers as {name}, got {pair}")
    for i in range(2):
        target[i] = pair[i]
        if not least <= target[i] < (1 << 31):
            raise ValueError(f"{op}: expected {name} of at least {least}, got {pair}")
    return 0


cdef int check_geometry(Geometry *geometry, tuple image, tuple filters, Py_ssize_t *shape,
                        object stride, object padding, object dilation, Py_ssize_t groups,
                        str op) except -1:
    """Read the parameters and work out the shape of conv2d's output."""
    cdef Py_ssize_t room, reach
    cdef int i
    read_pair(geometry.stride, stride, 1, "stride", op)
    read_pair(geometry.padding, padding, 0, "padding", op)
    read_pair(geometry.dilation, dilation, 1, "dilation", op)
    if groups < 1 or filters[0] % groups:
        raise ValueError(f"{op}: expected groups to divide the {filters[0]} filters, got {groups}")
    if image[1] != filters[1] * groups:
        raise ValueError(f"{op}: expected images of {filters[1] * groups} channels for filters of "
                         f"shape {filters} in {groups} groups, got images of shape {image}")
    geometry.groups = groups
    shape[0] = image[0]
    shape[1] = filters[0]
    for i in range(2):
        room = image[2 + i] + 2 * geometry.padding[i]
        reach = geometry.dilation[i] * (filters[2 + i] - 1) + 1
        if filters[2 + i] < 1 or image[2 + i] < 1 or reach > room:
            raise ValueError(f"{op}: expected filters that fit into the padded images, got filters "
                             f"of shape {filters}, images of shape {image}, padding {padding} and "
                             f"dilation {dilation}")
        shape[2 + i] = (room - reach) // geometry.stride[i] + 1
    return 0


cdef int check_gradient(Tensor g, const Py_ssize_t *shape, str op) except -1:
    cdef int i
    for i in range(4):
        if g.shape_[i] != shape[i]:
            raise ValueError(f"{op}: expected a gradient of shape "
                             f"{(shape[0], shape[1], shape[2], shape[3])}, got {g.shape}")
    return 0


cdef int read_shape(Py_ssize_t *target, object shape, str op) except -1:
    cdef int i
    if len(shape) != 4:
        raise ValueError(f"{op}: expected a shape of four axes, got {shape}")
    for i in range(4):
        target[i] = shape[i]
        if target[i] < 0:
            raise ValueError(f"{op}: expected a shape of non-negative numbers, got {shape}")
    return 0


cdef int run(Direction direction, Tensor image, Tensor filters, Tensor output,
             const Geometry &geometry, str op) except -1:
    cdef Array image_array = array_of(image)
    cdef Array filter_array = array_of(filters)
    cdef Array output_array = array_of(output)
    cdef int threads = ThreadPool.instance().threads()
    cdef Py_ssize_t work = output.size_ * filters.shape_[1] * filters.shape_[2] * filters.shape_[3]
    cdef Storage *storage
    cdef Job *job
    if image.dtype_ != filters.dtype_ or image.dtype_ != output.dtype_:
        raise TypeError(f"{op}: expected images, filters and gradients of one dtype, got "
                        f"{image.dtype}, {filters.dtype} and {output.dtype}")
    if work < (1 << 18):
        threads = 1  # done before others wake up
    if image.dtype_ == TL_FLOAT32:
        job = make_job[float](direction, image_array, filter_array, output_array, geometry, threads)
    else:
        job = make_job[double](direction, image_array, filter_array, output_array, geometry,
                               threads)
    try:
        storage = storage_new(job.workspace(), op)
        try:
            with nogil:
                job.run(storage.data)
        finally:
            storage_release(storage)
    finally:
        del job
    return 0


# ------------------------------------------------------------------------------------------
# kernels
# ------------------------------------------------------------------------------------------

def conv2d(Tensor x not None, Tensor weight not None, stride, padding, dilation, groups):
    """Images (image, channel, row, column) correlated with filters (out, in, row, column)."""
    cdef Geometry geometry
    cdef Py_ssize_t[4] shape
    check_tensor(x, "images", "n, channels, height, width", "conv2d")
    check_tensor(weight, "filters", "out, channels / groups, height, width", "conv2d")
    check_geometry(&geometry, x.shape, weight.shape, shape, stride, padding, dilation, groups,
                   "conv2d")
    cdef Tensor result = tensor_empty(4, shape, x.dtype_, "conv2d")
    run(kForward, x, weight, result, geometry, "conv2d")
    return result


def conv2d_input(Tensor g not None, Tensor weight not None, shape, stride, padding, dilation,
                 groups):
    """The gradient of conv2d with respect to images of the given shape."""
    cdef Geometry geometry
    cdef Py_ssize_t[4] output
    cdef Py_ssize_t[4] image
    check_tensor(g, "a gradient", "n, out, height, width", "conv2d_input")
    check_tensor(weight, "filters", "out, channels / groups, height, width", "conv2d_input")
    read_shape(image, shape, "conv2d_input")
    check_geometry(&geometry, tuple(shape), weight.shape, output, stride, padding, dilation,
                   groups, "conv2d_input")
    check_gradient(g, output, "conv2d_input")
    cdef Tensor result = tensor_empty(4, image, g.dtype_, "conv2d_input")
    run(kInput, result, weight, g, geometry, "conv2d_input")
    return result


def conv2d_weight(Tensor x not None, Tensor g not None, shape, stride, padding, dilation, groups):
    """The gradient of conv2d with respect to filters of the given shape."""
    cdef Geometry geometry
    cdef Py_ssize_t[4] output
    cdef Py_ssize_t[4] filters
    check_tensor(x, "images", "n, channels, height, width", "conv2d_weight")
    check_tensor(g, "a gradient", "n, out, height, width", "conv2d_weight")
    read_shape(filters, shape, "conv2d_weight")
    check_geometry(&geometry, x.shape, tuple(shape), output, stride, padding, dilation, groups,
                   "conv2d_weight")
    check_gradient(g, output, "conv2d_weight")
    cdef Tensor result = tensor_empty(4, filters, x.dtype_, "conv2d_weight")
    run(kWeight, x, result, g, geometry, "conv2d_weight")
    return result


def get_num_threads():
    """The number of threads that convolutions may use."""
    return ThreadPool.instance().threads()


def set_num_threads(int threads):
    """Bound the number of threads that convolutions may use; results do not depend on it."""
    if threads < 1:
        raise ValueError(f"set_num_threads: expected at least one thread, got {threads}")
    ThreadPool.instance().set_threads(threads)
