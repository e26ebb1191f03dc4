from tensorlib._core._loops cimport Loop, LoopTable
from tensorlib._core._tensor cimport Tensor

cdef enum:
    MAX_OPERANDS = 8
    MAX_CORE = 4       # core dimensions of an operand, and different names of them in a signature

cdef class Gufunc:
    cdef readonly str name
    cdef LoopTable loops
    cdef object failure
    cdef bint double
    cdef int nin
    cdef int nout
    cdef tuple names           # of core dimensions, in the order of the signature
    cdef int ncore[MAX_OPERANDS]
    cdef int core[MAX_OPERANDS][MAX_CORE]   # which of the names

    cdef Loop *choose(self, list inputs) except NULL
    cdef Tensor cast(self, Tensor x, int dtype)
    cdef Tensor narrowed(self, Tensor x)
    cdef int measure(self, list inputs, object sizes, Py_ssize_t *lengths) except -1
    cdef int broadcast(self, list inputs, Py_ssize_t *shape) except -1
    cdef str shapes(self, list inputs)
    cdef Tensor new_output(self, int k, int outer, Py_ssize_t *shape, const Py_ssize_t *lengths,
                           int dtype)
    cdef int run(self, Loop *loop, list tensors, int outer, const Py_ssize_t *shape,
                 const Py_ssize_t *lengths) except -1
