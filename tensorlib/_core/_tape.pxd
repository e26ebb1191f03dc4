from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libcpp.vector cimport vector

from tensorlib._core._memory cimport Storage
from tensorlib._core._tensor cimport Tensor

cdef enum:
    NOT_CHECKED = 0xFFFFFFFF   # the version of what a hook packed

# What a rule can ask for.
cdef enum:
    INPUT, OUTPUT, SHAPE, DTYPE, STRIDES, OFFSET, SHAPES, PARAM, NODE, WANTED, INTO

cdef struct Source:
    int kind
    int index

cdef class Plan:
    """What nodes keep when certain inputs of their rule need a gradient."""
    cdef vector[Source] kept

cdef class Rule:
    """How gradients pass one op, and what that needs."""
    cdef readonly str name
    cdef readonly tuple inputs
    cdef readonly tuple params
    cdef readonly int outputs
    cdef bint known            # a rule was given
    cdef bint differentiable
    cdef bint variadic
    cdef bint calls            # a function of the user's, whose context is kept
    cdef bint materialize      # zeros for the outputs to which no gradient came
    cdef tuple functions       # per input, or one if variadic: None or a function
    cdef vector[vector[Source]] sources   # what each takes after the gradient
    cdef dict plans            # which inputs need a gradient -> Plan
    cdef Plan plan(self, uint64_t wanted)

cdef struct Layout:
    int ndim
    uint8_t dtype
    uint8_t readonly
    uint8_t device
    Py_ssize_t offset
    Py_ssize_t *dims           # the shape, then the strides

cdef struct Kept:
    Storage *storage           # of an input or output; NULL where an object is kept in its place
    uint32_t version           # or NOT_CHECKED

cdef class Node:
    cdef Rule rule
    cdef tuple params_
    cdef tuple parents         # per input: None, a leaf, a Node, or (Node, output)
    cdef Plan plan
    cdef Kept *kept_           # by the plan, in one block with the layouts
    cdef list objects          # what is kept as an object, in the plan's order: Packed, or a
    cdef uint64_t sequence     # tensor of a recorder's; None for the others, or for all
    cdef int ninputs
    cdef int noutputs
    cdef int nkept
    cdef object code           # the user's, which made the call
    cdef int place             # in it
    cdef bint released
    cdef dict hooks            # of the walk, or None
    cdef Layout *layouts       # of the inputs, then of the outputs

cdef class Packed:
    cdef object value
    cdef object unpack

cdef Tensor unpacked(Packed packed, what)
cdef tuple kept_tensors(Node node)
cdef int place_of(Plan plan, Source source) noexcept
cdef void let_go(Node node) noexcept
cdef int show_graph(object last) except -1   # to the garbage collector
cdef int show_new(int change) noexcept
cdef dict rules
cdef bint grad_enabled() noexcept
cdef bint no_grad() noexcept
cdef int switch_mode(int mode) noexcept
cdef bint any_tracked(tuple inputs) except -1
cdef int record(Rule rule, tuple inputs, tuple params, object outputs) except -1
cdef tuple caller_line()
cdef str package           # where its files are

cdef extern from "user_line.h":
    # The code of the innermost Python frame outside the package, or None, and the place in it.
    object user_code(object package, int *place)
    int line_of(object code, int place)

cdef bint keeps_input(Rule rule, tuple inputs, int index) except -1
