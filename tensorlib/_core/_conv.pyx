"""Convolution in one, two and three dimensions, and its gradients.

Images have the shape (image, channel, *places) and filters (out, channel / groups, *places), with
one to three axes of places.
"""

from libc.stdint cimport intptr_t

from tensorlib._core._dtypes cimport TL_BFLOAT16, TL_FLOAT16, TL_FLOAT32, TL_FLOAT64
from tensorlib._core._memory cimport Storage, storage_new, storage_release
from tensorlib._core._tensor cimport Tensor, tensor_empty
from tensorlib._core._threads cimport ThreadPool, pool

ThreadPool.share(pool())

cdef extern from "conv.h" namespace "tl::conv" nogil:
    cdef struct Array:
        char *data
        intptr_t shape[5]
        intptr_t strides[5]

    cdef struct Geometry:
        intptr_t stride[3]
        intptr_t padding[3]
        intptr_t dilation[3]
        intptr_t groups

    cdef cppclass Job:
        double alone
        intptr_t workspace()
        void run(char *memory) except +

    ctypedef enum Direction:
        kForward
        kInput
        kWeight

    Job *make_job(int dtype, Direction direction, const Array &image, const Array &filter,
                  const Array &output, const Geometry &geometry, int threads) except +


cdef extern from "parallel_loops.h" namespace "tl" nogil:
    int threads_for(double alone)

# Nanoseconds for a product, and for an element to read or write.
cdef double PRODUCT = 0.015, ELEMENT = 0.2

# Elements of padded images or of filters beyond which the sizes of a plan might overflow.
cdef double LARGEST = 2.0 ** 42


cdef Array array_of(Tensor tensor) noexcept:
    """Its memory with three axes of places, the missing ones of length one."""
    cdef Array array
    cdef int i, missing = 5 - tensor.ndim_
    array.data = tensor.data
    for i in range(5):
        array.shape[i] = 1
        array.strides[i] = 0
    for i in range(tensor.ndim_):
        array.shape[i if i < 2 else i + missing] = tensor.shape_[i]
        array.strides[i if i < 2 else i + missing] = tensor.strides_[i]
    return array


cdef int check_tensor(Tensor tensor, int ndim, str name, str axes, str op) except -1:
    """Refuse other dtypes and other numbers of axes than `ndim`, or than three to five if zero."""
    if not 3 <= tensor.ndim_ <= 5 or ndim and tensor.ndim_ != ndim:
        wanted = f" with {ndim} axes" if ndim else ""
        raise ValueError(f"{op}: expected {name} of shape ({axes}){wanted}, got {tensor.shape}")
    if tensor.dtype_ not in (TL_FLOAT16, TL_BFLOAT16, TL_FLOAT32, TL_FLOAT64):
        raise TypeError(f"{op}: expected {name} of a floating dtype of at least 16 bits, "
                        f"got {tensor.dtype}")
    return 0


cdef int read_option(intptr_t *target, object numbers, Py_ssize_t n, Py_ssize_t missing,
                     Py_ssize_t least, str name, str op) except -1:
    """A number for each axis of places; the missing ones first."""
    cdef Py_ssize_t i
    if len(numbers) != n:
        raise ValueError(f"{op}: expected {n} numbers as {name}, got {numbers}")
    for i in range(missing):
        target[i] = 0 if name == "padding" else 1
    for i in range(n):
        if not least <= numbers[i] < 1 << 31:
            raise ValueError(f"{op}: expected {name} from {least} to 2**31 - 1, got {numbers}")
        target[missing + i] = numbers[i]
    return 0


cdef int check_geometry(Geometry *geometry, tuple image, tuple filters, Py_ssize_t *shape,
                        object stride, object padding, object dilation, Py_ssize_t groups,
                        str op) except -1:
    """Read the parameters and work out the shape of the output."""
    cdef Py_ssize_t n = len(image) - 2, missing = 3 - n
    cdef Py_ssize_t i, axis
    cdef double elements, weights = filters[0] * filters[1]
    read_option(geometry.stride, stride, n, missing, 1, "stride", op)
    read_option(geometry.padding, padding, n, missing, 0, "padding", op)
    read_option(geometry.dilation, dilation, n, missing, 1, "dilation", op)
    if groups < 1 or filters[0] % groups:
        raise ValueError(f"{op}: expected groups to divide the {filters[0]} filters, got {groups}")
    if image[1] != filters[1] * groups:
        raise ValueError(f"{op}: expected images of {filters[1] * groups} channels for filters of "
                         f"shape {filters} in {groups} groups, got images of shape {image}")
    geometry.groups = groups
    shape[0] = image[0]
    shape[1] = filters[0]
    elements = max(image[1], filters[0])
    for i in range(n):
        axis = missing + i
        room = image[2 + i] + 2 * geometry.padding[axis]
        reach = geometry.dilation[axis] * (filters[2 + i] - 1) + 1
        if filters[2 + i] < 1 or image[2 + i] < 1 or reach > room:
            raise ValueError(f"{op}: expected filters that fit into the padded images, got filters "
                             f"of shape {filters}, images of shape {image}, padding {padding} and "
                             f"dilation {dilation}")
        shape[2 + i] = (room - reach) // geometry.stride[axis] + 1
        elements *= 2 * room + filters[2 + i]
        weights *= filters[2 + i]
    if max(elements, weights) > LARGEST:
        raise MemoryError(f"{op}: images of shape {image} with padding {padding} are too large for "
                          f"filters of shape {filters} with dilation {dilation}")
    return 0


cdef int check_gradient(Tensor g, const Py_ssize_t *shape, str op) except -1:
    cdef list expected = [shape[i] for i in range(g.ndim_)]
    if g.shape != tuple(expected):
        raise ValueError(f"{op}: expected a gradient of shape {tuple(expected)}, got {g.shape}")
    return 0


cdef int read_shape(Py_ssize_t *target, object shape, int ndim, str op) except -1:
    cdef int i
    if len(shape) != ndim:
        raise ValueError(f"{op}: expected a shape of {ndim} axes, got {shape}")
    for i in range(ndim):
        if not 0 <= shape[i] < 1 << 62:
            raise ValueError(f"{op}: expected a shape of non-negative numbers, got {shape}")
        target[i] = shape[i]
    return 0


cdef int check_dtypes(Tensor image, Tensor filters, Tensor output, str op) except -1:
    if image.dtype_ != filters.dtype_ or image.dtype_ != output.dtype_:
        raise TypeError(f"{op}: expected images, filters and gradients of one dtype, got "
                        f"{image.dtype}, {filters.dtype} and {output.dtype}")
    return 0


cdef int check_conv(Tensor x, Tensor weight, stride, padding, dilation, groups,
                    Geometry *geometry, Py_ssize_t *result) except -1:
    """What conv refuses; the shape of its result."""
    check_tensor(x, 0, "images", "n, channels, *places", "conv")
    check_tensor(weight, x.ndim_, "filters", "out, channels / groups, *places", "conv")
    check_geometry(geometry, x.shape, weight.shape, result, stride, padding, dilation, groups,
                   "conv")
    return check_dtypes(x, weight, x, "conv")


cdef int check_conv_input(Tensor g, Tensor weight, shape, stride, padding, dilation, groups,
                          Geometry *geometry, Py_ssize_t *result) except -1:
    cdef Py_ssize_t[5] output
    check_tensor(g, 0, "a gradient", "n, out, *places", "conv_input")
    check_tensor(weight, g.ndim_, "filters", "out, channels / groups, *places", "conv_input")
    read_shape(result, shape, g.ndim_, "conv_input")
    check_geometry(geometry, tuple(shape), weight.shape, output, stride, padding, dilation,
                   groups, "conv_input")
    check_gradient(g, output, "conv_input")
    return check_dtypes(g, weight, g, "conv_input")


cdef int check_conv_weight(Tensor x, Tensor g, shape, stride, padding, dilation, groups,
                           Geometry *geometry, Py_ssize_t *result) except -1:
    cdef Py_ssize_t[5] output
    check_tensor(x, 0, "images", "n, channels, *places", "conv_weight")
    check_tensor(g, x.ndim_, "a gradient", "n, out, *places", "conv_weight")
    read_shape(result, shape, x.ndim_, "conv_weight")
    check_geometry(geometry, x.shape, tuple(shape), output, stride, padding, dilation, groups,
                   "conv_weight")
    check_gradient(g, output, "conv_weight")
    return check_dtypes(x, x, g, "conv_weight")


def result_shape(str op not None, Tensor a not None, Tensor b not None, params):
    """The shape of the result of conv, conv_input or conv_weight; their errors."""
    cdef Geometry geometry
    cdef Py_ssize_t[5] shape
    if op == "conv":
        stride, padding, dilation, groups = params
        check_conv(a, b, stride, padding, dilation, groups, &geometry, shape)
        return tuple([shape[i] for i in range(a.ndim_)])
    given, stride, padding, dilation, groups = params
    if op == "conv_input":
        check_conv_input(a, b, given, stride, padding, dilation, groups, &geometry, shape)
    else:
        check_conv_weight(a, b, given, stride, padding, dilation, groups, &geometry, shape)
    return tuple([shape[i] for i in range(a.ndim_)])


cdef int run(Direction direction, Tensor image, Tensor filters, Tensor output,
             const Geometry &geometry, str op) except -1:
    cdef Array image_array = array_of(image)
    cdef Array filter_array = array_of(filters)
    cdef Array output_array = array_of(output)
    cdef double alone, work = output.size_
    cdef Storage *storage
    cdef Job *job
    cdef int i
    for i in range(1, filters.ndim_):
        work *= filters.shape_[i]
    alone = PRODUCT * work + ELEMENT * (image.size_ + output.size_)
    job = make_job(image.dtype_, direction, image_array, filter_array, output_array, geometry,
                   threads_for(alone))
    job.alone = alone
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

def conv(Tensor x not None, Tensor weight not None, stride, padding, dilation, groups):
    """Images correlated with filters."""
    cdef Geometry geometry
    cdef Py_ssize_t[5] shape
    check_conv(x, weight, stride, padding, dilation, groups, &geometry, shape)
    cdef Tensor result = tensor_empty(x.ndim_, shape, x.dtype_, "conv")
    run(kForward, x, weight, result, geometry, "conv")
    return result


def conv_input(Tensor g not None, Tensor weight not None, shape, stride, padding, dilation,
               groups):
    """The gradient of conv with respect to images of the given shape."""
    cdef Geometry geometry
    cdef Py_ssize_t[5] image
    check_conv_input(g, weight, shape, stride, padding, dilation, groups, &geometry, image)
    cdef Tensor result = tensor_empty(g.ndim_, image, g.dtype_, "conv_input")
    run(kInput, result, weight, g, geometry, "conv_input")
    return result


def conv_weight(Tensor x not None, Tensor g not None, shape, stride, padding, dilation, groups):
    """The gradient of conv with respect to filters of the given shape."""
    cdef Geometry geometry
    cdef Py_ssize_t[5] filters
    check_conv_weight(x, g, shape, stride, padding, dilation, groups, &geometry, filters)
    cdef Tensor result = tensor_empty(x.ndim_, filters, x.dtype_, "conv_weight")
    run(kWeight, x, result, g, geometry, "conv_weight")
    return result
