"""What gradient rules and the walk back do most often, compiled."""

from libc.string cimport memset

from tensorlib._core._dispatch cimport Op, apply
from tensorlib._core._dtypes cimport (
    TL_FLOAT32,
    arithmetic_dtype,
    dtype_id,
    dtype_is_complex,
    dtype_itemsize,
    dtype_object,
)
from tensorlib._core._recorder cimport watched
from tensorlib._core._reduce cimport fold_dtype
from tensorlib._core._short_ways cimport binary, binary_into
from tensorlib._core._tape cimport grad_enabled
from tensorlib._core._tensor cimport (
    MAX_DIMS,
    Tensor,
    copy_into,
    is_readable,
    operators,
    tensor_empty_on,
    tuple_of,
)
from tensorlib._core._views cimport broadcast, reshaped, transposed, view_at

from tensorlib._core import _backward
from tensorlib._core._dispatch import ops
from tensorlib._core.device import names

cdef Op add_reduce = ops.sum
cdef Op astype = ops.astype
cdef Op broadcast_to = ops.broadcast_to
cdef Op conjugate = ops.conjugate
cdef Op index_add = ops.index_add
cdef Op index_put = ops.index_put
cdef Op masked_multiply = ops.masked_multiply
cdef Op real = ops.real
cdef Op reshape = ops.reshape
cdef Op to_device = ops.to_device
cdef Op transpose = ops.transpose

cdef object add_at = None

cdef enum:
    ADD = 0  # the slot of Operators


cdef inline bint seen(Tensor x) noexcept:
    """Whether what is done to a tensor must go the whole way, by recorders and the tape."""
    return watched() or grad_enabled() or not is_readable(x)


def fit(Tensor gradient not None, tuple shape not None, dtype, int device, node):
    """Bring a gradient to the shape, dtype and device of its input: undo broadcasting by summing,
    promotion by casting, and bring back that of a tensor of the CPU that was a scalar elsewhere.

    Parameters
    ----------
    gradient : Tensor
        What a rule returned.
    shape, dtype, device : tuple of int, numpy.dtype, int
        Those of the input; the number of its device.
    node : Node
        For the error's text.

    Raises
    ------
    RuntimeError
        If the gradient's shape is none that the input's can be broadcast to, or it is elsewhere
        and has axes.
    """
    cdef int target = arithmetic_dtype(dtype_id(dtype, "backward"))
    cdef int lead = gradient.ndim_ - len(shape), i
    cdef bint same = lead == 0, kept = False
    cdef int wide
    cdef list axes = list(range(max(lead, 0)))
    for i in range(len(shape) if lead >= 0 else 0):
        if <Py_ssize_t>shape[i] == gradient.shape_[lead + i]:
            continue
        same = False
        if <Py_ssize_t>shape[i] != 1:
            lead = -1
            break
        kept = True
        axes.append(lead + i)
    if lead < 0:
        raise RuntimeError(
            f"{node.name}: expected a gradient of shape {shape}, or one that it can be "
            f"broadcast to, got {gradient.shape}; the op was at {node.where}")
    if not same:
        wide = fold_dtype(add_reduce.loops, gradient)
        if dtype_itemsize(wide) == 2:
            wide = TL_FLOAT32  # sums in 16 bits stagnate
        gradient = apply(add_reduce, (gradient,), (tuple(axes), False, dtype_object(wide)))
        if kept:
            gradient = apply(reshape, (gradient,), (shape,))
    if gradient.dtype_ != target:
        if dtype_is_complex(gradient.dtype_) and not dtype_is_complex(target):
            gradient = apply(real, (gradient,), ())
        if gradient.dtype_ != target:
            gradient = apply(astype, (gradient,), (dtype_object(target),))
    if gradient.storage.device != device:
        if gradient.ndim_ > 0:
            raise RuntimeError(
                f"{node.name}: expected a gradient on {names[device]}, where the input of shape "
                f"{shape} is, got one on {gradient.device}; the op was at {node.where}")
        gradient = apply(to_device, (gradient,), (device, gradient.storage.device, False))
    return gradient


_backward.set_fit(fit)


def conj(Tensor x not None):
    """The complex conjugate; a real `x` itself, not a copy."""
    return apply(conjugate, (x,), ()) if dtype_is_complex(x.dtype_) else x


def times_own(Tensor g not None, Tensor derivative not None):
    """A gradient times a derivative that nobody else has: its memory becomes that of the product,
    unless the walk is recorded. So a walk needs less memory beside what was kept for it."""
    if seen(g) or seen(derivative) or not binary_into(masked_multiply, derivative, g):
        return binary(masked_multiply, g, derivative)
    return derivative


def swapped(Tensor x not None):
    """The last two axes exchanged."""
    cdef int[MAX_DIMS] axes
    cdef int i, last = x.ndim_ - 1
    for i in range(last + 1):
        axes[i] = i
    axes[last - 1], axes[last] = last, last - 1
    return permuted(x, axes)


def adjoint(Tensor x not None):
    """The last two axes exchanged, conjugated."""
    return conj(swapped(x))


def untransposed(Tensor x not None, tuple axes not None):
    """What has the given order of axes in their own order."""
    cdef int[MAX_DIMS] inverse
    cdef int i
    for i in range(x.ndim_):
        inverse[<int>axes[i]] = i
    return permuted(x, inverse)


cdef Tensor permuted(Tensor x, const int *axes):
    cdef int i
    if seen(x):
        return apply(transpose, (x,), (tuple([axes[i] for i in range(x.ndim_)]),))
    return transposed(x, axes)


def spread(Tensor g not None, tuple shape not None, tuple axes not None):
    """What was summed over axes of a tensor of the given shape, at each element that was."""
    cdef Py_ssize_t[MAX_DIMS] lengths
    cdef Py_ssize_t[MAX_DIMS] ones
    cdef int i, ndim = len(shape)
    cdef Tensor x
    for i in range(ndim):
        lengths[i] = ones[i] = shape[i]
    for i in axes:
        ones[i] = 1
    if seen(g):
        if g.ndim_:
            g = apply(reshape, (g,), (tuple_of(ones, ndim),))
        return apply(broadcast_to, (g,), (shape,))
    if g.ndim_:
        x = reshaped(g, ndim, ones, "reshape")
        g = apply(reshape, (g,), (tuple_of(ones, ndim),)) if x is None else x
    x = broadcast(g, ndim, lengths, "broadcast_to")
    x.readonly = True
    return x


cdef Tensor zeros_for(Tensor value, tuple shape):
    cdef Py_ssize_t[MAX_DIMS] lengths
    cdef int i, ndim = len(shape)
    cdef Tensor zeros
    for i in range(ndim):
        lengths[i] = shape[i]
    zeros = tensor_empty_on(value.storage.device, ndim, lengths, value.dtype_, "backward")
    if value.storage.device != 0:
        zeros.fill(0)
    else:
        memset(zeros.data, 0, zeros.size_ * dtype_itemsize(zeros.dtype_))
    return zeros


def placed(Tensor value not None, tuple shape not None, tuple index not None, Tensor into=None):
    """Zeros of a shape with a value at a basic index; or `into`, to which it was added there."""
    if seen(value):
        return apply(index_put, (zeros_for(value, shape), value), (index,))
    if into is not None:
        operators().inplace(ADD, view_at(into, index), value)
        return into
    into = zeros_for(value, shape)
    copy_into(view_at(into, index), value)
    return into


def added(Tensor value not None, tuple shape not None, tuple index not None, Tensor into=None):
    """Zeros of a shape, or `into`, to which a value was added at an index that may name a place
    several times."""
    global add_at
    if seen(value):
        return apply(index_add, (zeros_for(value, shape), value), (index,))
    if add_at is None:  # its module is imported at the first index
        from tensorlib._core._indexing import add_at
    if into is None:
        into = zeros_for(value, shape)
    add_at(into, index, value)
    return into
