from libc.stdint cimport uint32_t, uint64_t

from tensorlib._core._tensor cimport Tensor

cdef enum:
    MAX_KEPT = 4

cdef class Rule:
    """How gradients pass one op, and what that needs."""
    cdef readonly str name
    cdef readonly tuple inputs
    cdef readonly tuple params
    cdef readonly int outputs
    cdef bint known            # a rule was given
    cdef bint differentiable
    cdef bint variadic
    cdef tuple functions       # per input: None or (function, sources)
    cdef dict plans            # which inputs need a gradient -> sources to keep
    cdef tuple plan(self, uint64_t wanted)

cdef struct Layout:
    int ndim
    int dtype
    Py_ssize_t offset
    Py_ssize_t *dims           # the shape, then the strides

cdef class Node:
    cdef Rule rule
    cdef tuple params_
    cdef tuple parents         # per input: None, a leaf, a Node, or (Node, output)
    cdef tuple kept
    cdef tuple plan
    cdef uint32_t versions[4]
    cdef uint64_t sequence
    cdef int ninputs
    cdef Layout *layouts       # of the inputs, then of the outputs
    cdef bint released

cdef bint grad_enabled() noexcept
cdef bint any_tracked(tuple inputs) except -1
cdef int record(Rule rule, tuple inputs, tuple params, object outputs) except -1
cdef int wrote(Tensor target, str name) except -1
cdef bint keeps_input(Rule rule, tuple inputs, int index) except -1
cdef bint holds_history(Tensor target) except -1
cdef int check_not_leaf(Tensor target, str name) except -1
cdef int bind(Tensor target, Tensor result) except -1
