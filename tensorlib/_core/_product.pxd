from tensorlib._core._loops cimport Loop, Walk
from tensorlib._core._tensor cimport Tensor

cdef enum:
    MATMUL, MATVEC, VECMAT, VECDOT

# Refuses shapes that do not fit; how many axes of each operand are multiplied over.
cdef int check_product(int kind, Tensor a, Tensor b, int *core_a, int *core_b) except -1

# Fills a walk over the other axes, which broadcast, and the shape of the result, but not the
# result's strides; returns how many axes that has.
cdef int walk_stacks(Walk *walk, Tensor a, Tensor b, int core_a, int core_b, Py_ssize_t *shape,
                     str name) except -1

cdef Loop *product_loop(int kind, Tensor a, Tensor b) except NULL   # it says the dtypes

# Refuses shapes that do not fit; the shape of the result.
cdef int check_linear(Tensor x, Tensor weight, Tensor bias, Py_ssize_t *shape) except -1

# The dtype of x @ weight.T + bias.
cdef int linear_dtype(Tensor x, Tensor weight, Tensor bias) except -1

# A copy of a vector for each place of the other axes.
cdef Tensor repeated(Tensor vector, int ndim, const Py_ssize_t *shape, int dtype, str name)

# The elements of a tensor in C order in another shape.
cdef Tensor in_shape(Tensor x, int ndim, const Py_ssize_t *shape)
