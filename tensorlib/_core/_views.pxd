from tensorlib._core._tensor cimport Tensor

cdef Tensor basic_view(Tensor x, tuple index)      # None where the index is not a basic one
cdef Tensor view_at(Tensor x, object index)        # the same for one int, slice or tuple of them
cdef Tensor element_or_view(Tensor x, object index)   # None as above; x[2, 3] is no view
cdef Tensor reshaped(Tensor x, int ndim, const Py_ssize_t *shape, str op)   # None: must copy
cdef Tensor broadcast(Tensor x, int ndim, const Py_ssize_t *shape, str op)
cdef Tensor transposed(Tensor x, const int *axes)
cdef Tensor axes_reversed(Tensor x)
cdef Tensor with_axis_last(Tensor x, int axis)
