cdef tuple prepared(object index)   # an index as a tuple of what the kernels take
