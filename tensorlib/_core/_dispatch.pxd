from tensorlib._core._loops cimport Loop, LoopTable
from tensorlib._core._tape cimport Rule
from tensorlib._core._tensor cimport Tensor

cdef class Op:
    """One row of the op table, with its kernel and its rule."""
    cdef readonly str name
    cdef readonly str kind
    cdef int way                   # how apply() runs it, from the kind
    cdef readonly str doc
    cdef readonly tuple inputs
    cdef readonly tuple params
    cdef readonly int outputs
    cdef readonly bint anywhere             # the kernel serves tensors of any device
    cdef readonly object kernel    # of all but elementwise ops
    cdef readonly LoopTable loops  # of elementwise ops
    cdef Rule rule

cpdef object apply(Op op, tuple inputs, tuple params=*)
cdef object elementwise(Op op, tuple inputs, object out, tuple request)
cdef Loop *choose_loop(Op op, list operands, tuple request) except NULL
cdef int broadcast_shape(Op op, list operands, Py_ssize_t *shape) except -1
cdef Tensor empty_as(Op op, list operands, int ndim, const Py_ssize_t *shape, int dtype,
                     int device=*)
cdef unsigned long long bits_of(tuple axes) except? 0
cdef object tell_recorder(Op op, tuple inputs, tuple params)
cdef bint tell_write(Tensor target, Tensor value, str name) except -1
cdef Tensor weak_scalar(Op op, object value, int dtype)
cdef int run_strided(Op op, Loop *loop, list inputs, list outputs, int ndim,
                     const Py_ssize_t *shape) except -1


cdef inline bint same_shape(Tensor a, Tensor b) noexcept:
    cdef int i
    if a.ndim_ != b.ndim_:
        return False
    for i in range(a.ndim_):
        if a.shape_[i] != b.shape_[i]:
            return False
    return True
