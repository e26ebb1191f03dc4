"""Recurrent layers over time, and their gradients: see ``cpu/recurrent.h``.

Rows are the elements of one step after another; `sizes` has the number of each step's.
"""

from libc.stdint cimport intptr_t
from libc.string cimport memset
from libcpp cimport bool
from libcpp.vector cimport vector

from tensorlib._core._dtypes cimport TL_FLOAT32, TL_FLOAT64, dtype_itemsize
from tensorlib._core._loops cimport Loop, LoopFunction, LoopTable
from tensorlib._core._tensor cimport Tensor, c_contiguous, copy_into, tensor_empty
from tensorlib._core._threads cimport ThreadPool, pool

import numpy as np

ThreadPool.share(pool())

cdef extern from "recurrent.h" namespace "tl::recurrent" nogil:
    ctypedef vector[intptr_t] Sizes

    cdef struct Matmul:
        LoopFunction loop
        void *data

    cdef cppclass Lstm[R]:
        Matmul matmul
        intptr_t size
        const R *weight
        R *product
        R *h
        const R *inputs
        const R *c
        R *output
        R *cells
        R *gates
        void run(const Sizes &sizes, bool reverse) except +

    cdef cppclass LstmBackward[R]:
        Matmul matmul
        intptr_t size
        const R *g
        const R *g_cells
        const R *g_gates
        const R *weight
        const R *c
        const R *cells
        const R *gates
        R *d_inputs
        R *d_h
        R *d_c
        void run(const Sizes &sizes, bool reverse) except +

    cdef cppclass Gru[R]:
        Matmul matmul
        intptr_t size
        const R *weight
        R *product
        R *h
        const R *inputs
        const R *bias
        const R *initial
        R *output
        R *gates
        void run(const Sizes &sizes, bool reverse) except +

    cdef cppclass GruBackward[R]:
        Matmul matmul
        intptr_t size
        const R *g
        const R *g_gates
        const R *weight
        const R *h
        const R *output
        const R *gates
        R *product
        R *d_inputs
        R *d_hidden
        R *d_h
        void run(const Sizes &sizes, bool reverse) except +

# What the calls below are compiled for; Cython takes it from an argument, whose value is not used.
ctypedef fused Real:
    float
    double

cdef LoopTable products = LoopTable("matmul", np.matmul, 2, 1)


# ------------------------------------------------------------------------------------------
# what the kernels share
# ------------------------------------------------------------------------------------------

cdef Matmul matmul_of(int dtype) except *:
    cdef Loop *loop = products.same(dtype)
    cdef Matmul result
    result.loop = loop.function
    result.data = loop.data
    return result


cdef int read_sizes(Sizes *sizes, tuple given, Tensor h, str op) except -1:
    """Check the sizes of steps for an initial state; returns nothing."""
    cdef Py_ssize_t before, size
    if h.dtype_ != TL_FLOAT32 and h.dtype_ != TL_FLOAT64:
        raise TypeError(f"{op}: expected dtype float32 or float64, got {h.dtype}")
    if h.ndim_ != 2:
        raise ValueError(f"{op}: expected h of shape (batch, size), got {h.shape}")
    before = h.shape_[0]
    if not given or given[0] != before:
        raise ValueError(f"{op}: expected as many rows in the first step as h has, got sizes "
                         f"{given} for shape {h.shape}")
    for size in given:
        if not 0 <= size <= before:
            raise ValueError(f"{op}: expected sizes that do not grow, got {given}")
        before = size
        sizes.push_back(size)
    return 0


cdef Tensor check(Tensor x, str name, tuple shape, Tensor h, str op):
    """The operand in C order, if its shape and dtype are those that the state demands."""
    if x.shape != shape or x.dtype_ != h.dtype_:
        raise ValueError(f"{op}: expected {name} of shape {shape} of {h.dtype} for h of shape "
                         f"{h.shape}, got {x.shape} of {x.dtype}")
    return c_contiguous(x, op)


cdef Tensor check_gradient(Tensor g, str name, tuple shape, Tensor h, str op):
    """The same of a gradient, or no elements if none came."""
    return g if g.size_ == 0 and g.ndim_ == 1 else check(g, name, shape, h, op)


cdef void *data_or_null(Tensor x) noexcept:
    return NULL if x.size_ == 0 else x.data


cdef Tensor matrix(Py_ssize_t rows, Py_ssize_t columns, Tensor like, str op):
    cdef Py_ssize_t[2] shape
    shape[0], shape[1] = rows, columns
    return tensor_empty(2, shape, like.dtype_, op)


cdef Tensor zeros_like(Tensor x, str op):
    cdef Tensor result = matrix(x.shape_[0], x.shape_[1], x, op)
    memset(result.data, 0, result.size_ * dtype_itemsize(x.dtype_))
    return result


cdef Tensor copied(Tensor x, str op):
    cdef Tensor result = matrix(x.shape_[0], x.shape_[1], x, op)
    copy_into(result, x)
    return result


# ------------------------------------------------------------------------------------------
# long short-term memory
# ------------------------------------------------------------------------------------------

cdef int call_lstm(Real zero, Tensor inputs, Tensor weight, Tensor h, Tensor c, Tensor output,
                   Tensor cells, Tensor gates, const Sizes &sizes, bint reverse) except -1:
    cdef Lstm[Real] layer
    cdef Tensor product = matrix(h.shape_[0], weight.shape_[0], h, "lstm")
    cdef Tensor state = copied(h, "lstm")
    layer.matmul = matmul_of(h.dtype_)
    layer.size = h.shape_[1]
    layer.weight = <const Real *>weight.data
    layer.product = <Real *>product.data
    layer.h = <Real *>state.data
    layer.inputs = <const Real *>inputs.data
    layer.c = <const Real *>c.data
    layer.output = <Real *>output.data
    layer.cells = <Real *>cells.data
    layer.gates = <Real *>gates.data
    with nogil:
        layer.run(sizes, reverse)
    return 0


def lstm(Tensor inputs not None, Tensor weight not None, Tensor h not None, Tensor c not None,
         tuple sizes, bint reverse):
    """A layer of long short-term memory; `inputs` is what the input contributes to the gates.

    Returns the states of all steps, the cells, and the gates i, f, g, o.
    """
    cdef str op = "lstm"
    cdef Sizes steps
    read_sizes(&steps, sizes, h, op)
    cdef Py_ssize_t rows = sum(sizes), size = h.shape_[1]
    inputs = check(inputs, "inputs", (rows, 4 * size), h, op)
    weight = check(weight, "weight", (4 * size, size), h, op)
    c = check(c, "c", h.shape, h, op)
    cdef Tensor output = matrix(rows, size, h, op), cells = matrix(rows, size, h, op)
    cdef Tensor gates = matrix(rows, 4 * size, h, op)
    if output.size_ == 0:
        return output, cells, gates
    if h.dtype_ == TL_FLOAT32:
        call_lstm[float](0, inputs, weight, h, c, output, cells, gates, steps, reverse)
    else:
        call_lstm[double](0, inputs, weight, h, c, output, cells, gates, steps, reverse)
    return output, cells, gates


cdef int call_lstm_backward(Real zero, Tensor g, Tensor g_cells, Tensor g_gates, Tensor weight,
                            Tensor c, Tensor cells, Tensor gates, Tensor d_inputs, Tensor d_h,
                            Tensor d_c, const Sizes &sizes, bint reverse) except -1:
    cdef LstmBackward[Real] layer
    layer.matmul = matmul_of(c.dtype_)
    layer.size = c.shape_[1]
    layer.g = <const Real *>data_or_null(g)
    layer.g_cells = <const Real *>data_or_null(g_cells)
    layer.g_gates = <const Real *>data_or_null(g_gates)
    layer.weight = <const Real *>weight.data
    layer.c = <const Real *>c.data
    layer.cells = <const Real *>cells.data
    layer.gates = <const Real *>gates.data
    layer.d_inputs = <Real *>d_inputs.data
    layer.d_h = <Real *>d_h.data
    layer.d_c = <Real *>d_c.data
    with nogil:
        layer.run(sizes, reverse)
    return 0


def lstm_backward(Tensor g not None, Tensor g_cells not None, Tensor g_gates not None,
                  Tensor weight not None, Tensor c not None, Tensor cells not None,
                  Tensor gates not None, tuple sizes, bint reverse):
    """The gradients of the inputs and of the initial state of `lstm`.

    Of those of its results, which come first, any may be missing: a vector of no elements.
    """
    cdef str op = "lstm_backward"
    cdef Sizes steps
    read_sizes(&steps, sizes, c, op)
    cdef Py_ssize_t rows = sum(sizes), size = c.shape_[1]
    weight = check(weight, "weight", (4 * size, size), c, op)
    cells = check(cells, "cells", (rows, size), c, op)
    gates = check(gates, "gates", (rows, 4 * size), c, op)
    g = check_gradient(g, "a gradient", (rows, size), c, op)
    g_cells = check_gradient(g_cells, "a gradient of cells", (rows, size), c, op)
    g_gates = check_gradient(g_gates, "a gradient of gates", (rows, 4 * size), c, op)
    c = c_contiguous(c, op)
    cdef Tensor d_inputs = matrix(rows, 4 * size, c, op)
    cdef Tensor d_h = zeros_like(c, op), d_c = zeros_like(c, op)
    if d_inputs.size_ == 0:
        return d_inputs, d_h, d_c
    if c.dtype_ == TL_FLOAT32:
        call_lstm_backward[float](0, g, g_cells, g_gates, weight, c, cells, gates, d_inputs, d_h,
                                  d_c, steps, reverse)
    else:
        call_lstm_backward[double](0, g, g_cells, g_gates, weight, c, cells, gates, d_inputs, d_h,
                                   d_c, steps, reverse)
    return d_inputs, d_h, d_c


# ------------------------------------------------------------------------------------------
# gated units
# ------------------------------------------------------------------------------------------

cdef int call_gru(Real zero, Tensor inputs, Tensor weight, Tensor bias, Tensor h, Tensor output,
                  Tensor gates, const Sizes &sizes, bint reverse) except -1:
    cdef Gru[Real] layer
    cdef Tensor product = matrix(h.shape_[0], weight.shape_[0], h, "gru")
    cdef Tensor state = copied(h, "gru")
    layer.matmul = matmul_of(h.dtype_)
    layer.size = h.shape_[1]
    layer.weight = <const Real *>weight.data
    layer.product = <Real *>product.data
    layer.h = <Real *>state.data
    layer.inputs = <const Real *>inputs.data
    layer.bias = <const Real *>bias.data
    layer.initial = <const Real *>h.data
    layer.output = <Real *>output.data
    layer.gates = <Real *>gates.data
    with nogil:
        layer.run(sizes, reverse)
    return 0


def gru(Tensor inputs not None, Tensor weight not None, Tensor bias not None, Tensor h not None,
        tuple sizes, bint reverse):
    """A layer of gated units; `inputs` is what the input contributes to the gates.

    Returns the states of all steps and, side by side, the gates r, z, n and what the state
    contributes to n, with its bias.
    """
    cdef str op = "gru"
    cdef Sizes steps
    read_sizes(&steps, sizes, h, op)
    cdef Py_ssize_t rows = sum(sizes), size = h.shape_[1]
    inputs = check(inputs, "inputs", (rows, 3 * size), h, op)
    weight = check(weight, "weight", (3 * size, size), h, op)
    bias = check(bias, "bias", (3 * size,), h, op)
    h = c_contiguous(h, op)
    cdef Tensor output = matrix(rows, size, h, op), gates = matrix(rows, 4 * size, h, op)
    if output.size_ == 0:
        return output, gates
    if h.dtype_ == TL_FLOAT32:
        call_gru[float](0, inputs, weight, bias, h, output, gates, steps, reverse)
    else:
        call_gru[double](0, inputs, weight, bias, h, output, gates, steps, reverse)
    return output, gates


cdef int call_gru_backward(Real zero, Tensor g, Tensor g_gates, Tensor weight, Tensor h,
                           Tensor output, Tensor gates, Tensor d_inputs, Tensor d_hidden,
                           Tensor d_h, const Sizes &sizes, bint reverse) except -1:
    cdef GruBackward[Real] layer
    cdef Tensor product = matrix(h.shape_[0], h.shape_[1], h, "gru_backward")
    layer.matmul = matmul_of(h.dtype_)
    layer.size = h.shape_[1]
    layer.g = <const Real *>data_or_null(g)
    layer.g_gates = <const Real *>data_or_null(g_gates)
    layer.weight = <const Real *>weight.data
    layer.h = <const Real *>h.data
    layer.output = <const Real *>output.data
    layer.gates = <const Real *>gates.data
    layer.product = <Real *>product.data
    layer.d_inputs = <Real *>d_inputs.data
    layer.d_hidden = <Real *>d_hidden.data
    layer.d_h = <Real *>d_h.data
    with nogil:
        layer.run(sizes, reverse)
    return 0


def gru_backward(Tensor g not None, Tensor g_gates not None, Tensor weight not None,
                 Tensor h not None, Tensor output not None, Tensor gates not None, tuple sizes,
                 bint reverse):
    """The gradients of the inputs, of what the state contributes, and of the initial state of
    `gru`.

    Of those of its results, which come first, any may be missing: a vector of no elements.
    """
    cdef str op = "gru_backward"
    cdef Sizes steps
    read_sizes(&steps, sizes, h, op)
    cdef Py_ssize_t rows = sum(sizes), size = h.shape_[1]
    weight = check(weight, "weight", (3 * size, size), h, op)
    output = check(output, "output", (rows, size), h, op)
    gates = check(gates, "gates", (rows, 4 * size), h, op)
    g = check_gradient(g, "a gradient", (rows, size), h, op)
    g_gates = check_gradient(g_gates, "a gradient of gates", (rows, 4 * size), h, op)
    h = c_contiguous(h, op)
    cdef Tensor d_inputs = matrix(rows, 3 * size, h, op)
    cdef Tensor d_hidden = matrix(rows, 3 * size, h, op), d_h = zeros_like(h, op)
    if d_inputs.size_ == 0:
        return d_inputs, d_hidden, d_h
    if h.dtype_ == TL_FLOAT32:
        call_gru_backward[float](0, g, g_gates, weight, h, output, gates, d_inputs, d_hidden, d_h,
                                 steps, reverse)
    else:
        call_gru_backward[double](0, g, g_gates, weight, h, output, gates, d_inputs, d_hidden,
                                  d_h, steps, reverse)
    return d_inputs, d_hidden, d_h
