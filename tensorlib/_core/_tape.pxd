from libc.stdint cimport uint32_t, uint64_t

from tensorlib._core._tensor cimport Tensor

cdef enum:
    NOT_CHECKED = 0xFFFFFFFF   # the version of what a hook packed

# What a rule can ask for: (kind, index) in a Rule's sources.
cdef enum:
    INPUT, OUTPUT, SHAPE, DTYPE, STRIDES, OFFSET, SHAPES, PARAM, NODE, WANTED

cdef class Rule:
    """How gradients pass one op, and what that needs."""
    cdef readonly str name
    cdef readonly tuple inputs
    cdef readonly tuple params
    cdef readonly int outputs
    cdef bint known            # a rule was given
    cdef bint differentiable
    cdef bint variadic
    cdef bint materialize      # zeros for the outputs to which no gradient came
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
    cdef tuple kept_           # by the plan; Packed where a hook changed it
    cdef tuple plan
    cdef uint32_t *versions    # of what is kept, or NOT_CHECKED; in one block with the layouts
    cdef uint64_t sequence
    cdef int ninputs
    cdef int noutputs
    cdef object code           # the user's, which made the call
    cdef int place             # in it
    cdef dict hooks            # of the walk, or None
    cdef Layout *layouts       # of the inputs, then of the outputs
    cdef bint released

cdef class Packed:
    cdef object value
    cdef object unpack

cdef Tensor unpacked(Packed packed, what)
cdef dict rules
cdef bint grad_enabled() noexcept
cdef bint any_tracked(tuple inputs) except -1
cdef int record(Rule rule, tuple inputs, tuple params, object outputs) except -1
cdef tuple caller_line()
cdef bint keeps_input(Rule rule, tuple inputs, int index) except -1
