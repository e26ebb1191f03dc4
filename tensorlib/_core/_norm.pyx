"""Normalization by mean and variance, and its gradients.

Images have the axes (batch, stack, group, channel, place); ``cpu/norm.h`` tells what they are for.
Means and variances have one number for each stack and group: 16-bit images have float32 ones.
"""

from tensorlib._core._dtypes cimport TL_FLOAT16, TL_FLOAT32, TL_FLOAT64
from tensorlib._core._tensor cimport Tensor, c_contiguous, tensor_empty
from tensorlib._core._threads cimport ThreadPool, pool

ThreadPool.share(pool())

cdef extern from "norm.h" namespace "tl::norm" nogil:
    cdef struct Shape:
        Py_ssize_t batch, stack, group, channel, place

    cdef struct Rule:
        double eps
        bint centred

    cdef struct Numbers:
        void *data

    void normalize_any(int dtype, const Shape &shape, Numbers x, Numbers weight, Numbers bias,
                       const Rule &rule, Numbers out, Numbers mean, Numbers variance,
                       int threads) except +
    void input_gradient_any(int dtype, const Shape &shape, Numbers g, Numbers x, Numbers weight,
                            Numbers mean, Numbers variance, const Rule &rule, Numbers out,
                            int threads) except +
    void weight_gradient_any(int dtype, const Shape &shape, Numbers g, Numbers x, Numbers mean,
                             Numbers variance, const Rule &rule, Numbers out,
                             int threads) except +


cdef inline Numbers numbers(Tensor tensor) noexcept nogil:
    cdef Numbers result
    result.data = tensor.data
    return result


cdef int read_shape(Shape *shape, Tensor x, str op) except -1:
    if x.ndim_ != 5:
        raise ValueError(f"{op}: expected images of shape (batch, stack, group, channel, place), "
                         f"got {x.shape}")
    if not TL_FLOAT16 <= x.dtype_ <= TL_FLOAT64:
        raise TypeError(f"{op}: expected images of a floating dtype of at least 16 bits, "
                        f"got {x.dtype}")
    shape.batch = x.shape_[0]
    shape.stack = x.shape_[1]
    shape.group = x.shape_[2]
    shape.channel = x.shape_[3]
    shape.place = x.shape_[4]
    return 0


cdef Tensor check_operand(Tensor operand, str name, Tensor x, tuple shape, int dtype, str op):
    """The operand in C order, if its shape and dtype are those that the images demand."""
    if operand.shape != shape:
        raise ValueError(f"{op}: expected {name} of shape {shape} for images of shape {x.shape}, "
                         f"got {operand.shape}")
    if operand.dtype_ != dtype:
        raise TypeError(f"{op}: expected {name} to fit images of dtype {x.dtype}, got "
                        f"{operand.dtype}")
    return c_contiguous(operand, op)


cdef Tensor check_gradient(Tensor g, Tensor x, str op):
    return check_operand(g, "a gradient", x, x.shape, x.dtype_, op)


cdef Tensor check_weight(Tensor weight, str name, Tensor x, str op):
    return check_operand(weight, name, x, (*x.shape[2:4], 1), x.dtype_, op)


cdef Tensor check_statistics(Tensor statistics, str name, Tensor x, str op):
    return check_operand(statistics, name, x, (1, *x.shape[1:3], 1, 1), wide_dtype(x), op)


cdef int wide_dtype(Tensor x) noexcept:
    return TL_FLOAT64 if x.dtype_ == TL_FLOAT64 else TL_FLOAT32


# ------------------------------------------------------------------------------------------
# kernels
# ------------------------------------------------------------------------------------------

def normalize(Tensor x not None, Tensor weight not None, Tensor bias not None, double eps,
              bint centred):
    """``(x - mean) / sqrt(variance + eps) * weight + bias``, the means and the variances.

    Without `centred` the mean is zero and the variance the mean square.
    """
    cdef Shape shape
    cdef Rule rule = Rule(eps, centred)
    cdef Py_ssize_t[5] dims
    cdef int threads = ThreadPool.instance().threads()
    read_shape(&shape, x, "normalize")
    x = c_contiguous(x, "normalize")
    weight = check_weight(weight, "weight", x, "normalize")
    bias = check_weight(bias, "bias", x, "normalize")
    dims[:] = [1, shape.stack, shape.group, 1, 1]
    cdef Tensor out = tensor_empty(5, x.shape_, x.dtype_, "normalize")
    cdef Tensor mean = tensor_empty(5, dims, wide_dtype(x), "normalize")
    cdef Tensor variance = tensor_empty(5, dims, wide_dtype(x), "normalize")
    with nogil:
        normalize_any(x.dtype_, shape, numbers(x), numbers(weight), numbers(bias), rule,
                      numbers(out), numbers(mean), numbers(variance), threads)
    return out, mean, variance


def normalize_input(Tensor g not None, Tensor x not None, Tensor weight not None,
                    Tensor mean not None, Tensor variance not None, double eps, bint centred):
    """The gradient of normalize with respect to its images, of which the statistics are."""
    cdef Shape shape
    cdef Rule rule = Rule(eps, centred)
    cdef int threads = ThreadPool.instance().threads()
    read_shape(&shape, x, "normalize_input")
    x = c_contiguous(x, "normalize_input")
    g = check_gradient(g, x, "normalize_input")
    weight = check_weight(weight, "weight", x, "normalize_input")
    mean = check_statistics(mean, "means", x, "normalize_input")
    variance = check_statistics(variance, "variances", x, "normalize_input")
    cdef Tensor out = tensor_empty(5, x.shape_, x.dtype_, "normalize_input")
    with nogil:
        input_gradient_any(x.dtype_, shape, numbers(g), numbers(x), numbers(weight), numbers(mean),
                           numbers(variance), rule, numbers(out), threads)
    return out


def normalize_weight(Tensor g not None, Tensor x not None, Tensor mean not None,
                     Tensor variance not None, double eps, bint centred):
    """The gradient of normalize with respect to its weight."""
    cdef Shape shape
    cdef Rule rule = Rule(eps, centred)
    cdef Py_ssize_t[3] dims
    cdef int threads = ThreadPool.instance().threads()
    read_shape(&shape, x, "normalize_weight")
    x = c_contiguous(x, "normalize_weight")
    g = check_gradient(g, x, "normalize_weight")
    mean = check_statistics(mean, "means", x, "normalize_weight")
    variance = check_statistics(variance, "variances", x, "normalize_weight")
    dims[:] = [shape.group, shape.channel, 1]
    cdef Tensor out = tensor_empty(3, dims, x.dtype_, "normalize_weight")
    with nogil:
        weight_gradient_any(x.dtype_, shape, numbers(g), numbers(x), numbers(mean),
                            numbers(variance), rule, numbers(out), threads)
    return out
