cdef Py_ssize_t integer(object value, str op) except? -1
cdef tuple shape_of(object shape, str op)   # a shape, or one length, as a tuple of ints
