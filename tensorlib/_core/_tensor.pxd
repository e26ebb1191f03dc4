from libc.stdint cimport uint32_t, uint8_t

from tensorlib._core._memory cimport Storage

cdef enum:
    MAX_DIMS = 64    # NumPy's own limit
    INLINE_DIMS = 4  # more axes than this live on the heap
    LONG = 8192      # more elements than this are worth letting other threads run

cdef class Tensor:
    cdef Storage *storage
    cdef char *data          # the first element
    cdef Py_ssize_t *shape_  # then ndim strides, in bytes
    cdef Py_ssize_t *strides_
    cdef Py_ssize_t inline_dims[8]
    cdef Py_ssize_t size_
    cdef int ndim_
    cdef uint8_t dtype_      # an id of dtypes.h
    cdef bint contiguous     # in C order, in memory that loops of the CPU may read
    cdef bint readonly       # beside what the storage says; views inherit it
    cdef bint tracked       # what requires_grad says, once refreshed
    cdef uint32_t graph_version  # of a root: recorded writes; of a view: those it has seen
    cdef readonly Tensor base    # the root of which this is a view, or None
    cdef object node         # the tape's node that made it, or None
    cdef int output          # which output of that node
    cdef object grad_
    cdef object hooks        # of a leaf: a dict of lists of functions, or None
    cdef object wrapped      # what a recorder keeps for a tensor of its own, or None
    cdef object __weakref__

# constructors
cdef Tensor tensor_empty(int ndim, const Py_ssize_t *shape, int dtype, str op)
cdef Tensor tensor_empty_on(int device, int ndim, const Py_ssize_t *shape, int dtype, str op)
cdef Tensor tensor_view(Tensor source, char *data, int ndim, const Py_ssize_t *shape,
                        const Py_ssize_t *strides, int dtype)
cdef Tensor tensor_wrap(Storage *storage, char *data, int ndim, const Py_ssize_t *shape,
                        const Py_ssize_t *strides, int dtype)   # steals the storage
cdef Tensor tensor_rows(Tensor source, Py_ssize_t start, Py_ssize_t length, Py_ssize_t step)
cdef object tuple_of(const Py_ssize_t *values, int n)
cdef bint may_share_memory(Tensor a, Tensor b) noexcept
cdef void extent(Tensor tensor, char **low, char **high) noexcept   # of its addresses
cdef int check_writeable(Tensor tensor, str op) except -1
cdef Tensor tensor_alias(Tensor x)                    # another object: same storage, same history
cdef Tensor tensor_untracked(Tensor x)                # the same without history
cdef int refuse_wrapped(Tensor tensor, str op) except -1
cdef int refuse_unreadable(Tensor tensor, str op) except -1
cdef int tensor_replace(Tensor tensor, Tensor source) except -1   # in place; history stays
cdef int refresh(Tensor tensor) except -1
cdef Tensor refuse_gradient(Tensor tensor, str op)   # itself, unless it has derivatives to lose
cdef Tensor c_contiguous(Tensor x, str op)          # itself where it is, else a copy
cdef int copy_into(Tensor target, Tensor source) except -1   # same shape; casts as needed

# What higher layers bring: the operators and methods that compute.
cdef struct Operators:
    object (*binary)(int slot, object a, object b)
    object (*inplace)(int slot, Tensor a, object b)
    object (*unary)(int slot, Tensor a)
    object (*getitem)(Tensor a, object index)
    int (*setitem)(Tensor a, object index, object value) except -1
    int (*show)(object node) except -1      # a graph that a leaf holds, to the garbage collector
    int (*refresh)(Tensor view) except -1   # renew the node of a view whose root was written
    int (*copy)(Tensor target, Tensor source) except -1
    object (*transpose)(Tensor a)            # with all axes reversed
    Storage *(*allocate)(int device, Tensor tensor, str op) except NULL  # not for the CPU
    Tensor (*take)(Tensor a, Tensor index)   # a[index]; NULL until its module is imported

cdef Operators *operators() noexcept


cdef inline bint is_readable(Tensor tensor) noexcept:
    """Whether its elements can be read here: neither a recorder's nor a device's."""
    return tensor.wrapped is None and tensor.storage.device == 0
