from tensorlib._core._dispatch cimport Op
from tensorlib._core._recorder cimport watched
from tensorlib._core._tape cimport any_tracked
from tensorlib._core._tensor cimport Tensor, is_readable

cdef inline bint followed(Tensor x) except -1:
    """Whether the tape, a recorder or a device must hear of an op on x."""
    return watched() or not is_readable(x) or (
        (x.tracked or x.base is not None) and any_tracked((x,)))


cdef unsigned long long axis_bits(Tensor x, object axis, str name) except? 0
cdef int one_axis(Tensor x, object axis, str name) except -1
cdef object reduce(Op op, object a, object axis, object dtype, object out, object keepdims,
                   object initial, object where)
cdef object accumulate(Op op, object a, object axis, object dtype, object out)
