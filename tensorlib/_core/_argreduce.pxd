from tensorlib._core._tensor cimport Tensor

# Along one axis, or over all elements: -1.
cdef Tensor find(bint largest, Tensor x, int along, bint keepdims, str op)
