cpdef bint watched() noexcept          # by a recorder of this thread
cdef object step_out()                 # take the innermost recorder off
cdef int step_in(object recorder) except -1
