from tensorlib._core._tensor cimport Tensor

cdef int wrote(Tensor target, str name) except -1
cdef bint holds_history(Tensor target) except -1
cdef int check_not_leaf(Tensor target, str name) except -1
cdef int bind(Tensor target, Tensor result) except -1
