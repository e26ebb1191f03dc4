"""Elementwise ops by short ways to their loops, for what most calls are made of.

What a short way does not take, and every error, goes the long way of `_dispatch`.
"""

from tensorlib._core._dispatch cimport (
    Op,
    apply,
    broadcast_shape,
    elementwise,
    empty_as,
    run_strided,
    same_shape,
    tell_recorder,
    weak_scalar,
)
from tensorlib._core._dtypes cimport TL_FLOAT32, TL_FLOAT64, TL_INT64, dtype_itemsize
from tensorlib._core._history cimport holds_history, wrote
from tensorlib._core._loops cimport Loop, loop_done, run_flat, take_float_status
from tensorlib._core._recorder cimport watched
from tensorlib._core._tape cimport any_tracked, grad_enabled, record
from tensorlib._core._tensor cimport (
    MAX_DIMS,
    Tensor,
    check_writeable,
    is_readable,
    may_share_memory,
    tensor_empty,
)
from tensorlib._core._threads cimport ThreadPool, pool

ThreadPool.share(pool())

cdef extern from "plain_numbers.h" namespace "tl":
    bint plain_element(object value, int dtype, double *address)


cdef inline int run_contiguous(Op op, Loop *loop, Tensor a, Tensor b, Tensor out) except -1:
    """A loop over whole operands of one shape; b is None for unary ops."""
    cdef char *pointers[3]
    cdef Py_ssize_t[3] steps
    cdef Py_ssize_t n = out.size_
    # As NumPy, whose loops choose between SIMD and libm by the strides: none for one element.
    cdef Py_ssize_t moves = n != 1
    pointers[0] = a.data
    steps[0] = moves * dtype_itemsize(loop.dtypes[0])
    steps[1] = moves * dtype_itemsize(loop.dtypes[1])
    if b is None:
        pointers[1] = out.data
    else:
        pointers[1] = b.data
        pointers[2] = out.data
        steps[2] = moves * dtype_itemsize(loop.dtypes[2])
    take_float_status()
    run_flat(loop, pointers, steps, 2 if b is None else 3, n)
    return loop_done(op.name, op.name)


cdef object binary(Op op, object first, object second):
    """An op of two inputs and one output, with a short way for what is most common."""
    cdef Tensor a, b, out
    cdef Loop *loop
    if watched():
        return tell_recorder(op, (first, second), ())
    if isinstance(first, Tensor) and isinstance(second, Tensor):
        a = first
        b = second
        if a.dtype_ == b.dtype_ and a.contiguous and b.contiguous and same_shape(a, b):
            loop = op.loops.same(a.dtype_)
            if loop.dtypes[0] == a.dtype_ and loop.dtypes[1] == a.dtype_:
                out = tensor_empty(a.ndim_, a.shape_, loop.dtypes[2], op.name)
                run_contiguous(op, loop, a, b, out)
                if a.tracked or b.tracked or a.base is not None or b.base is not None:
                    if any_tracked((a, b)):
                        record(op.rule, (a, b), (), out)
                return out
        elif a.dtype_ == b.dtype_ and is_readable(a) and is_readable(b):
            loop = loop_of(op, a.dtype_)
            if loop != NULL and loop.dtypes[0] == a.dtype_ and loop.dtypes[1] == a.dtype_:
                return binary_strided(op, loop, a, b)
    elif type(first) is Tensor and (type(second) is float or type(second) is int):
        return binary_scalar(op, first, second, False)
    elif type(second) is Tensor and (type(first) is float or type(first) is int):
        return binary_scalar(op, second, first, True)
    return elementwise(op, (first, second), None, None)


cdef bint binary_into(Op op, Tensor a, Tensor b) except -1:
    """The same with the result in the first operand's memory, where nothing is to be recorded;
    returns whether it was computed, as only what is most common is."""
    cdef Loop *loop
    if watched() or a.dtype_ != b.dtype_ or not a.contiguous or not b.contiguous \
            or not same_shape(a, b) \
            or (a.data != b.data and may_share_memory(a, b)):
        return False
    if grad_enabled() and (any_tracked((b,)) or holds_history(a)):
        return False
    loop = op.loops.same(a.dtype_)
    if loop.dtypes[0] != a.dtype_ or loop.dtypes[1] != a.dtype_ or loop.dtypes[2] != a.dtype_:
        return False
    check_writeable(a, op.name)
    run_contiguous(op, loop, a, b, a)
    wrote(a, op.name)
    return True


cdef object binary_scalar(Op op, Tensor a, object scalar, bint swapped):
    """The same for a tensor and a scalar of Python, which comes first where `swapped`."""
    cdef Tensor element, out
    cdef Loop *loop
    cdef char *pointers[3]
    cdef Py_ssize_t[3] steps
    cdef Py_ssize_t n
    cdef double number
    if a.contiguous and takes_numbers(op, a.dtype_) and plain_element(scalar, a.dtype_, &number):
        loop = loop_of(op, a.dtype_)
        if loop != NULL and loop.dtypes[0] == a.dtype_ and loop.dtypes[1] == a.dtype_:
            out = tensor_empty(a.ndim_, a.shape_, loop.dtypes[2], op.name)
            n = out.size_
            pointers[swapped], pointers[not swapped] = a.data, <char *>&number
            steps[swapped], steps[not swapped] = dtype_itemsize(a.dtype_) if n != 1 else 0, 0
            pointers[2], steps[2] = out.data, dtype_itemsize(out.dtype_) if n != 1 else 0
            take_float_status()
            run_flat(loop, pointers, steps, 3, n)
            loop_done(op.name, op.name)
            if (a.tracked or a.base is not None) and any_tracked((a,)):
                element = weak_scalar(op, scalar, a.dtype_)
                record(op.rule, (element, a) if swapped else (a, element), (), out)
            return out
    return elementwise(op, (scalar, a) if swapped else (a, scalar), None, None)


cdef Loop *loop_of(Op op, int dtype) except? NULL:
    """The loop for inputs of one dtype; NULL where there is none, of which the long way tells."""
    if op.loops.uniform[dtype].function != NULL:
        return &op.loops.uniform[dtype]
    try:
        return op.loops.same(dtype)
    except TypeError:
        return NULL


cdef inline bint takes_numbers(Op op, int dtype) noexcept:
    """Whether a number beside a tensor of this dtype may be taken as `plain_element` has it."""
    return op.loops.numpys and (dtype == TL_FLOAT64 or dtype == TL_FLOAT32 or dtype == TL_INT64)


cdef object binary_strided(Op op, Loop *loop, Tensor a, Tensor b):
    """The same for tensors of the loop's dtype that broadcast, or lie in any order."""
    cdef list operands = [a, b]
    cdef Py_ssize_t[MAX_DIMS] shape
    cdef int ndim = broadcast_shape(op, operands, shape)
    cdef Tensor out = empty_as(op, operands, ndim, shape, loop.dtypes[2])
    run_strided(op, loop, operands, [out], ndim, shape)
    if (a.tracked or b.tracked or a.base is not None or b.base is not None) \
            and any_tracked((a, b)):
        record(op.rule, (a, b), (), out)
    return out


cdef object ternary(Op op, object first, object second, object third):
    """An op of three inputs and one output, with a short way for tensors of one shape in C order,
    and numbers beside them."""
    cdef tuple operands = (first, second, third)
    cdef Tensor tensor, model = None, out
    cdef Loop *loop
    cdef double[3] numbers
    cdef char *pointers[4]
    cdef Py_ssize_t[4] steps
    cdef bint linked = False
    cdef int k
    if watched():
        return tell_recorder(op, operands, ())
    for value in operands:
        if type(value) is Tensor:
            tensor = value
            if not tensor.contiguous or (model is not None and not same_shape(tensor, model)):
                return elementwise(op, operands, None, None)
            linked = linked or tensor.tracked or tensor.base is not None
            model = tensor  # the last, whose dtype decides: a condition comes first
    if model is None:
        return elementwise(op, operands, None, None)
    loop = loop_of(op, model.dtype_)
    if loop == NULL:
        return elementwise(op, operands, None, None)
    for k in range(3):
        if type(operands[k]) is Tensor:
            tensor = operands[k]
            if tensor.dtype_ != loop.dtypes[k]:
                return elementwise(op, operands, None, None)
            pointers[k] = tensor.data
            steps[k] = dtype_itemsize(tensor.dtype_) if model.size_ != 1 else 0
        elif loop.dtypes[k] == model.dtype_ and takes_numbers(op, model.dtype_) \
                and plain_element(operands[k], model.dtype_, &numbers[k]):
            pointers[k], steps[k] = <char *>&numbers[k], 0
        else:
            return elementwise(op, operands, None, None)
    out = tensor_empty(model.ndim_, model.shape_, loop.dtypes[3], op.name)
    pointers[3] = out.data
    steps[3] = dtype_itemsize(out.dtype_) if out.size_ != 1 else 0
    take_float_status()
    run_flat(loop, pointers, steps, 4, out.size_)
    loop_done(op.name, op.name)
    if linked:
        operands = tuple([value if type(value) is Tensor
                          else weak_scalar(op, value, model.dtype_) for value in operands])
        if any_tracked(operands):
            record(op.rule, operands, (), out)
    return out


cdef object unary(Op op, object x):
    """An op of one input and one output."""
    cdef Tensor a, out
    cdef Loop *loop
    if type(x) is Tensor and not watched():
        a = x
        if a.contiguous:
            loop = op.loops.same(a.dtype_)
            if loop.dtypes[0] == a.dtype_:
                out = tensor_empty(a.ndim_, a.shape_, loop.dtypes[1], op.name)
                run_contiguous(op, loop, a, None, out)
                if (a.tracked or a.base is not None) and any_tracked((a,)):
                    record(op.rule, (a,), (), out)
                return out
    return apply(op, (x,))
