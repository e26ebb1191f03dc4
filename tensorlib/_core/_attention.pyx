"""Attention in blocks, and its gradient."""

from libc.stdint cimport intptr_t

from tensorlib._core._copy cimport as_dtype
from tensorlib._core._dtypes cimport (
    TL_BFLOAT16,
    TL_BOOL,
    TL_FLOAT16,
    TL_FLOAT32,
    TL_FLOAT64,
    dtype_itemsize,
)
from tensorlib._core._memory cimport Storage, storage_new, storage_release
from tensorlib._core._tensor cimport (
    MAX_DIMS,
    Tensor,
    c_contiguous,
    tensor_empty,
    tuple_of,
)
from tensorlib._core._threads cimport ThreadPool, pool

import numpy as np

from tensorlib._core._product import vecdot

ThreadPool.share(pool())

cdef extern from "parallel_loops.h" namespace "tl" nogil:
    int threads_for(double alone)

cdef extern from "attention.h" namespace "tl::attention" nogil:
    cdef struct Operand:
        char *data
        intptr_t *outer
        intptr_t row
        intptr_t column

    ctypedef enum MaskKind:
        kNoMask
        kTruths
        kAddends

    cdef struct Problem:
        int outer
        intptr_t *shape
        intptr_t heads
        intptr_t queries
        intptr_t keys
        intptr_t width
        intptr_t value_width
        double scale
        double alone
        bint causal
        MaskKind mask_kind
        Operand query
        Operand key
        Operand value
        Operand mask
        Operand out
        Operand logsumexp
        Operand g
        Operand delta
        Operand d_query
        Operand d_key
        Operand d_value

    cdef cppclass Forward[T]:
        Forward(const Problem &problem, int threads) except +
        intptr_t workspace()
        void run(char *memory) except +

    cdef cppclass Backward[T]:
        Backward(const Problem &problem, int threads) except +
        intptr_t workspace()
        void run(char *memory) except +


# fused: one body for both passes and both dtypes
ctypedef fused Pass:
    Forward[float]
    Forward[double]
    Backward[float]
    Backward[double]


cdef Tensor whole_steps(Tensor x, str op):
    """x, copied if its strides are no multiples of its elements' size."""
    cdef int i
    for i in range(x.ndim_):
        if x.strides_[i] % dtype_itemsize(x.dtype_):
            return c_contiguous(x, op)
    return x


cdef void place(Operand *operand, Tensor x, int outer, bint matrix) noexcept:
    """Describe a stack of `outer` axes of matrices, or of vectors, which are columns then."""
    cdef Py_ssize_t itemsize = dtype_itemsize(x.dtype_)
    cdef int i
    operand.data = x.data
    for i in range(outer):
        operand.outer[i] = x.strides_[i] // itemsize
    operand.row = x.strides_[outer] // itemsize
    operand.column = x.strides_[outer + 1] // itemsize if matrix else 0


cdef int place_mask(Problem *problem, Tensor mask, str op) except -1:
    """Describe a mask, repeated along the axes that it lacks or has one element of."""
    cdef Py_ssize_t itemsize = dtype_itemsize(mask.dtype_)
    cdef Py_ssize_t[MAX_DIMS] shape
    cdef int ndim = problem.outer + 2, lacking = ndim - mask.ndim_, i
    cdef intptr_t stride
    if mask.ndim_ == 0:
        problem.mask_kind = kNoMask
        return 0
    for i in range(problem.outer):
        shape[i] = problem.shape[i]
    shape[ndim - 2] = problem.queries
    shape[ndim - 1] = problem.keys
    problem.mask_kind = kTruths if mask.dtype_ == TL_BOOL else kAddends
    problem.mask.data = mask.data
    for i in range(ndim):
        stride = 0
        if i >= lacking and mask.shape_[i - lacking] != 1:
            stride = mask.strides_[i - lacking] // itemsize
        if lacking < 0 or (i >= lacking and mask.shape_[i - lacking] not in (1, shape[i])):
            raise ValueError(f"{op}: expected a mask that broadcasts to shape "
                             f"{tuple_of(shape, ndim)}, got {mask.shape}")
        if i < problem.outer:
            problem.mask.outer[i] = stride
        elif i == ndim - 2:
            problem.mask.row = stride
        else:
            problem.mask.column = stride
    return 0


cdef int set_problem(Problem *problem, Tensor query, Tensor key, Tensor value, Tensor mask,
                     bint is_causal, double scale, str op) except -1:
    """Check operands and describe them."""
    cdef int outer = query.ndim_ - 2, i
    cdef Tensor x
    for x in (key, value):
        if x.dtype_ != query.dtype_:
            raise TypeError(f"{op}: expected operands of one dtype, got {query.dtype} and "
                            f"{x.dtype}")
        if outer < 0 or x.ndim_ != query.ndim_ or x.shape[:outer] != query.shape[:outer]:
            raise ValueError(f"{op}: expected stacks of matrices of one shape, got {query.shape} "
                             f"and {x.shape}")
    if query.dtype_ != TL_FLOAT32 and query.dtype_ != TL_FLOAT64:
        raise TypeError(f"{op}: expected dtype float32 or float64, got {query.dtype}")
    if mask.ndim_ and mask.dtype_ != TL_BOOL and mask.dtype_ != query.dtype_:
        raise TypeError(f"{op}: expected a mask of dtype bool or {query.dtype}, got {mask.dtype}")
    if key.shape_[outer + 1] != query.shape_[outer + 1]:
        raise ValueError(f"{op}: expected queries and keys of one length, got shapes "
                         f"{query.shape} and {key.shape}")
    if value.shape_[outer] != key.shape_[outer]:
        raise ValueError(f"{op}: expected as many values as keys, got shapes {value.shape} and "
                         f"{key.shape}")
    problem.outer = outer
    problem.heads = 1
    for i in range(outer):
        problem.shape[i] = query.shape_[i]
        problem.heads *= query.shape_[i]
    problem.queries = query.shape_[outer]
    problem.keys = key.shape_[outer]
    problem.width = query.shape_[outer + 1]
    problem.value_width = value.shape_[outer + 1]
    problem.scale = scale
    problem.causal = is_causal
    # What is copied into panels has to fit into the address space, padding included.
    if (int(problem.heads) * (problem.keys + 64) * (problem.width + problem.value_width + 64)
            > 1 << 56):
        raise ValueError(f"{op}: the shapes {key.shape} and {value.shape} are too large")
    place(&problem.query, query, outer, True)
    place(&problem.key, key, outer, True)
    place(&problem.value, value, outer, True)
    place_mask(problem, mask, op)
    return 0


# Nanoseconds for each product of a query with a key, and of a weight with a value.
cdef double FORWARD = 0.025, BACKWARD = 0.065


cdef int estimate(Problem *problem, double product) noexcept:
    """How many threads it is worth, where a product takes so many nanoseconds."""
    problem.alone = product * problem.heads * problem.queries * problem.keys \
        * (problem.width + problem.value_width)
    return threads_for(problem.alone)


cdef int run(Pass *job, str op) except -1:
    """Do the work, and free what describes it."""
    cdef Storage *storage = NULL
    try:
        storage = storage_new(job.workspace(), op)
        with nogil:
            job.run(storage.data)
    finally:
        if storage != NULL:
            storage_release(storage)
        del job
    return 0


cdef Tensor stack_like(const Problem &problem, Py_ssize_t rows, Py_ssize_t columns, int dtype,
                       str op):
    """An empty stack of matrices, or of vectors if `columns` is negative."""
    cdef Py_ssize_t[MAX_DIMS] shape
    cdef int i
    for i in range(problem.outer):
        shape[i] = problem.shape[i]
    shape[problem.outer] = rows
    shape[problem.outer + 1] = columns
    return tensor_empty(problem.outer + 1 + (columns >= 0), shape, dtype, op)


cdef bint is_half(Tensor x) noexcept:
    return x.dtype_ == TL_FLOAT16 or x.dtype_ == TL_BFLOAT16


cdef tuple widened(Tensor query, Tensor key, Tensor value, Tensor mask, str op):
    """16-bit operands in float32, in which their products are summed."""
    cdef Tensor x
    for x in (key, value, mask):
        if x.dtype_ != query.dtype_ and (x is not mask or x.ndim_ and x.dtype_ != TL_BOOL):
            raise TypeError(f"{op}: expected operands of one dtype, got {query.dtype} and "
                            f"{x.dtype}")
    return tuple([as_dtype(x, TL_FLOAT32) if is_half(x) else x
                  for x in (query, key, value, mask)])


def check_gradient(Tensor g not None, Tensor out not None, Tensor query not None,
                   Tensor value not None, Tensor logsumexp not None, op):
    """Refuse a gradient and results that do not go with the operands."""
    cdef tuple rows = query.shape[:max(query.ndim_ - 1, 0)]
    cdef tuple values = (*rows, *value.shape[max(value.ndim_ - 1, 0):])
    sums = np.dtype(np.float32) if is_half(query) else query.dtype
    for x, shape, dtype in ((g, values, query.dtype), (out, values, query.dtype),
                            (logsumexp, rows, sums)):
        if x.dtype != dtype or x.shape != shape:
            raise ValueError(f"{op}: expected a gradient of shape {shape} of {dtype}, got "
                             f"{x.shape} of {x.dtype}")


# ------------------------------------------------------------------------------------------
# kernels
# ------------------------------------------------------------------------------------------

def attention(Tensor query not None, Tensor key not None, Tensor value not None,
              Tensor mask not None, is_causal, scale):
    """Weighted values, and for each query the logarithm of the sum of exponentials.

    A mask of no dimension masks nothing. A query that sees no key has zeros and -inf. Logarithms
    of 16-bit operands are float32.
    """
    cdef str op = "attention"
    if is_half(query):
        found = attention(*widened(query, key, value, mask, op), is_causal, scale)
        return as_dtype(found[0], query.dtype_), found[1]
    cdef Problem problem
    query, key, value, mask = [whole_steps(x, op) for x in (query, key, value, mask)]
    set_problem(&problem, query, key, value, mask, is_causal, scale, op)
    cdef int threads = estimate(&problem, FORWARD)
    cdef Tensor out = stack_like(problem, problem.queries, problem.value_width, query.dtype_, op)
    cdef Tensor logsumexp = stack_like(problem, problem.queries, -1, query.dtype_, op)
    place(&problem.out, out, problem.outer, True)
    place(&problem.logsumexp, logsumexp, problem.outer, False)
    if query.dtype_ == TL_FLOAT32:
        run(new Forward[float](problem, threads), op)
    else:
        run(new Forward[double](problem, threads), op)
    return out, logsumexp


def attention_backward(Tensor g not None, Tensor out not None, Tensor query not None,
                       Tensor key not None, Tensor value not None, Tensor mask not None,
                       Tensor logsumexp not None, is_causal, scale):
    """The gradients of queries, keys and values.

    `g` is the gradient of the weighted values `out`; to `logsumexp` none came.
    """
    cdef str op = "attention_backward"
    cdef Problem problem
    if is_half(query):
        check_gradient(g, out, query, value, logsumexp, op)
        operands = widened(query, key, value, mask, op)
        found = attention_backward(as_dtype(g, TL_FLOAT32), as_dtype(out, TL_FLOAT32), *operands,
                                   logsumexp, is_causal, scale)
        return tuple([as_dtype(x, query.dtype_) for x in found])
    query, key, value, mask = [whole_steps(x, op) for x in (query, key, value, mask)]
    set_problem(&problem, query, key, value, mask, is_causal, scale, op)
    check_gradient(g, out, query, value, logsumexp, op)
    cdef int outer = problem.outer
    cdef Tensor delta = vecdot(g, out)
    g, logsumexp = whole_steps(g, op), whole_steps(logsumexp, op)
    cdef Tensor d_query = stack_like(problem, problem.queries, problem.width, query.dtype_, op)
    cdef Tensor d_key = stack_like(problem, problem.keys, problem.width, query.dtype_, op)
    cdef Tensor d_value = stack_like(problem, problem.keys, problem.value_width, query.dtype_, op)
    place(&problem.g, g, outer, True)
    place(&problem.delta, delta, outer, False)
    place(&problem.logsumexp, logsumexp, outer, False)
    place(&problem.d_query, d_query, outer, True)
    place(&problem.d_key, d_key, outer, True)
    place(&problem.d_value, d_value, outer, True)
    cdef int threads = estimate(&problem, BACKWARD)
    if query.dtype_ == TL_FLOAT32:
        run(new Backward[float](problem, threads), op)
    else:
        run(new Backward[double](problem, threads), op)
    return d_query, d_key, d_value
