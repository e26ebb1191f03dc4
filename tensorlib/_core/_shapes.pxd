cdef object integer(object value, str op)
cdef tuple shape_of(object shape, str op)   # a shape, or one length, as a tuple of ints
