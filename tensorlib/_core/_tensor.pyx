# cython: auto_pickle=False
"""The Tensor: a strided view of a storage, with a place for its gradient."""

cimport numpy as cnp
from cpython.buffer cimport PyBUF_FORMAT, PyBUF_ND, PyBUF_STRIDES, PyBUF_WRITABLE
from cpython.buffer cimport PyBUF_ANY_CONTIGUOUS, PyBUF_C_CONTIGUOUS, PyBUF_F_CONTIGUOUS
from cpython.dict cimport PyDict_SetItem
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject, PyTypeObject
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM
from libc.string cimport memcpy

from tensorlib._core._dtypes cimport (
    TL_INT8,
    TL_UINT64,
    arithmetic_dtype,
    dtype_is_foreign,
    dtype_is_inexact,
    dtype_itemsize,
    dtype_object,
)
from tensorlib._core._memory cimport Storage, storage_new, storage_release, storage_retain

import numpy as np

from tensorlib._core.device import names as device_names

cnp.import_array()

cdef extern from "Python.h":
    """
    #define type_dict(type) (((PyTypeObject *)(type))->tp_dict)
    """
    void PyType_Modified(PyTypeObject *type)
    PyObject *type_dict(object type)
    Py_ssize_t PY_SSIZE_T_MAX

cdef extern from "tensor_pool.h" namespace "tl":
    void open_pool(Tensor example, void (*abandon)(Tensor) noexcept)
    Tensor take_tensor(Tensor example)   # without storage and shape


# ------------------------------------------------------------------------------------------
# constructors
# ------------------------------------------------------------------------------------------

cdef Operators table


cdef Operators *operators() noexcept:
    return &table


cdef object tuple_of(const Py_ssize_t *values, int n):
    cdef tuple result = PyTuple_New(n)
    cdef object value
    cdef int i
    for i in range(n):
        value = values[i]
        Py_INCREF(value)  # SET_ITEM takes a reference
        PyTuple_SET_ITEM(result, i, value)
    return result


cdef inline int set_ndim(Tensor tensor, int ndim) except -1:
    tensor.ndim_ = ndim
    if ndim <= INLINE_DIMS:
        tensor.shape_ = tensor.inline_dims
    else:
        tensor.shape_ = <Py_ssize_t *>PyMem_Malloc(2 * ndim * sizeof(Py_ssize_t))
        if tensor.shape_ == NULL:
            raise MemoryError()
    tensor.strides_ = tensor.shape_ + ndim
    return 0


cdef inline Tensor laid_out(int ndim, const Py_ssize_t *shape, int dtype, str op):
    """A tensor in C order without a storage."""
    cdef Tensor tensor = take_tensor(None)
    cdef Py_ssize_t size = 1, stride = dtype_itemsize(dtype), length
    cdef bint overflow = False
    cdef int i
    if ndim > MAX_DIMS:
        raise ValueError(f"{op}: expected at most {MAX_DIMS} dimensions, got {ndim}")
    set_ndim(tensor, ndim)
    for i in range(ndim - 1, -1, -1):
        length = shape[i]
        if length < 0:
            raise ValueError(f"{op}: negative dimensions are not allowed, got "
                             f"{tuple_of(shape, ndim)}")
        tensor.shape_[i] = length
        tensor.strides_[i] = stride
        size *= length
        if length > 1:
            # As NumPy, counted as if no axis were empty, so strides never overflow.
            overflow |= stride > PY_SSIZE_T_MAX // length
            if not overflow:
                stride *= length
    if overflow:
        raise ValueError(f"{op}: array is too big; the shape {tuple_of(shape, ndim)} of "
                         f"{dtype_object(dtype)} is larger than the maximum possible size")
    tensor.size_ = size
    tensor.dtype_ = dtype
    tensor.contiguous = True
    return tensor


cdef Tensor tensor_empty(int ndim, const Py_ssize_t *shape, int dtype, str op):
    """An uninitialised tensor in C order."""
    cdef Tensor tensor = laid_out(ndim, shape, dtype, op)
    tensor.storage = storage_new(tensor.size_ * dtype_itemsize(dtype), op)
    tensor.data = tensor.storage.data
    return tensor


cdef Tensor tensor_empty_on(int device, int ndim, const Py_ssize_t *shape, int dtype, str op):
    """The same on the device of this number."""
    if device == 0:
        return tensor_empty(ndim, shape, dtype, op)
    cdef Tensor tensor = laid_out(ndim, shape, dtype, op)
    tensor.storage = table.allocate(device, tensor, op)
    tensor.data = tensor.storage.data
    tensor.contiguous = False
    return tensor


cdef Tensor tensor_wrap(Storage *storage, char *data, int ndim, const Py_ssize_t *shape,
                        const Py_ssize_t *strides, int dtype):
    """A tensor over a storage whose reference it takes; the layout is trusted."""
    cdef Tensor tensor = take_tensor(None)
    cdef Py_ssize_t size = 1, itemsize = dtype_itemsize(dtype)
    cdef bint contiguous = True
    cdef int i
    tensor.storage = storage
    tensor.data = data
    set_ndim(tensor, ndim)
    for i in range(ndim - 1, -1, -1):
        tensor.shape_[i] = shape[i]
        tensor.strides_[i] = strides[i]
        if shape[i] != 1 and strides[i] != size * itemsize:
            contiguous = False
        size *= shape[i]
    tensor.size_ = size
    tensor.dtype_ = dtype
    tensor.contiguous = (contiguous or size == 0) and storage.device == 0
    return tensor


cdef Tensor tensor_view(Tensor source, char *data, int ndim, const Py_ssize_t *shape,
                        const Py_ssize_t *strides, int dtype):
    """A view of `source`; the layout is trusted to lie inside its storage."""
    if source.wrapped is not None:
        refuse_wrapped(source, "view")
    cdef Tensor tensor = tensor_wrap(storage_retain(source.storage), data, ndim, shape, strides,
                                     dtype)
    cdef Tensor root = source.base
    if root is None:
        root = source
    tensor.base = root
    tensor.graph_version = root.graph_version
    tensor.readonly = source.readonly
    return tensor


cdef Tensor tensor_rows(Tensor source, Py_ssize_t start, Py_ssize_t length, Py_ssize_t step):
    """A view of evenly spaced places along the first axis: the most common view, built at once."""
    cdef Tensor tensor = take_tensor(None)
    cdef Tensor root = source.base
    cdef Py_ssize_t before = source.shape_[0]
    if source.wrapped is not None:
        refuse_wrapped(source, "view")
    tensor.storage = storage_retain(source.storage)
    set_ndim(tensor, source.ndim_)
    if source.ndim_ <= INLINE_DIMS:
        memcpy(tensor.inline_dims, source.inline_dims, sizeof(tensor.inline_dims))  # no call
    else:
        memcpy(tensor.shape_, source.shape_, 2 * source.ndim_ * sizeof(Py_ssize_t))
    tensor.data = source.data + start * source.strides_[0] if length else source.data
    tensor.shape_[0] = length
    tensor.strides_[0] = source.strides_[0] * step
    tensor.size_ = source.size_ // before * length if before else 0
    tensor.dtype_ = source.dtype_
    tensor.contiguous = source.contiguous and (step == 1 or length == 1) \
        or tensor.size_ == 0 and source.storage.device == 0
    if root is None:
        root = source
    tensor.base = root
    tensor.graph_version = root.graph_version
    tensor.readonly = source.readonly
    return tensor


cdef Tensor tensor_alias(Tensor x):
    """Another tensor of the same elements and history, outside the views of its root."""
    cdef Tensor alias = tensor_untracked(x)
    alias.node = x.node
    alias.output = x.output
    alias.tracked = x.tracked
    return alias


cdef Tensor tensor_untracked(Tensor x):
    """Another tensor of the same elements, without history."""
    cdef Tensor alias = tensor_wrap(storage_retain(x.storage), x.data, x.ndim_, x.shape_,
                                    x.strides_, x.dtype_)
    alias.readonly = x.readonly
    if x.wrapped is not None:
        alias.wrapped = x.wrapped
        alias.contiguous = False  # see wrap()
    return alias


cdef int refuse_wrapped(Tensor tensor, str op) except -1:
    """Refuse a recorder's tensor where only its memory would be seen."""
    tensor.wrapped.recorder.refuse(op)
    return 0


cdef int refuse_unreadable(Tensor tensor, str op) except -1:
    """Refuse a tensor whose elements only a recorder or a device can read."""
    if tensor.wrapped is not None:
        refuse_wrapped(tensor, op)
    raise TypeError(f"{op}: expected a tensor on the CPU, got one on {tensor.device}; use cpu()")


cdef bint may_share_memory(Tensor a, Tensor b) noexcept:
    cdef char *a_low
    cdef char *a_high
    cdef char *b_low
    cdef char *b_high
    if a.size_ == 0 or b.size_ == 0:
        return False
    extent(a, &a_low, &a_high)
    extent(b, &b_low, &b_high)
    return a_low < b_high and b_low < a_high


cdef void extent(Tensor tensor, char **low, char **high) noexcept:
    cdef int i
    low[0] = tensor.data
    high[0] = tensor.data + dtype_itemsize(tensor.dtype_)
    for i in range(tensor.ndim_):
        if tensor.strides_[i] < 0:
            low[0] += (tensor.shape_[i] - 1) * tensor.strides_[i]
        else:
            high[0] += (tensor.shape_[i] - 1) * tensor.strides_[i]


cdef int check_writeable(Tensor tensor, str op) except -1:
    if tensor.readonly or not tensor.storage.writeable:
        raise ValueError(f"{op}: output array is read-only")
    return 0


cdef Tensor c_contiguous(Tensor x, str op):
    if x.contiguous:
        return x
    cdef Tensor result = tensor_empty(x.ndim_, x.shape_, x.dtype_, op)
    table.copy(result, x)
    return result


cdef int copy_into(Tensor target, Tensor source) except -1:
    return table.copy(target, source)


# ------------------------------------------------------------------------------------------
# the class
# ------------------------------------------------------------------------------------------

cdef object array_function_protocol = None
cdef object array_ufunc_protocol = None
cdef object represent_protocol = None
cdef object exchange = None  # the functions of _exchange


def set_protocols(array_function=None, array_ufunc=None, exporter=None, represent=None):
    """Install what answers NumPy's protocols and `repr`; higher layers call this once."""
    global array_function_protocol, array_ufunc_protocol, exchange, represent_protocol
    array_function_protocol = array_function or array_function_protocol
    array_ufunc_protocol = array_ufunc or array_ufunc_protocol
    exchange = exporter or exchange
    represent_protocol = represent or represent_protocol


def add_methods(methods):
    """Give Tensor methods that are defined in higher layers, by name."""
    for name, method in methods.items():
        PyDict_SetItem(<object>type_dict(Tensor), name, method)
    PyType_Modified(<PyTypeObject *>Tensor)


# The slots of Operators.binary, .inplace and .unary; `_dispatch` lists ops in this order.
cdef enum:
    ADD, SUBTRACT, MULTIPLY, DIVIDE, FLOOR_DIVIDE, REMAINDER, POWER, MATMUL
    BITWISE_AND, BITWISE_OR, BITWISE_XOR, LEFT_SHIFT, RIGHT_SHIFT, DIVMOD
    LESS, LESS_EQUAL, EQUAL, NOT_EQUAL, GREATER, GREATER_EQUAL
cdef enum:
    NEGATIVE, POSITIVE, ABSOLUTE, INVERT
cdef int[6] comparisons = [LESS, LESS_EQUAL, EQUAL, NOT_EQUAL, GREATER, GREATER_EQUAL]  # Py_LT...


cdef class Tensor:
    """An n-dimensional array of numbers that can remember how it was computed.

    Made by `asarray`, `zeros`, `arange` and the like, rarely by the class itself, whose
    constructor copies as ``array`` does.

    Parameters
    ----------
    object : array_like
        What to copy.
    dtype : dtype, optional
        The dtype of the copy.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.asarray([1.0, 2.0, 3.0])
    >>> x * 2
    tensor([2., 4., 6.])
    """

    def __init__(self, object=None, dtype=None):
        if object is None:
            raise TypeError("Tensor: expected an array_like, got nothing")
        cdef Tensor made = exchange.asarray(object, dtype, None, copy=True)
        if self.storage != NULL:
            raise TypeError("Tensor: __init__ of a tensor that exists already")
        self.storage = storage_retain(made.storage)
        adopt(self, made)

    def __dealloc__(self):
        abandon(self)

    @staticmethod
    def _make_subclass(cls, Tensor tensor not None, bint requires_grad=False):
        """A tensor of class `cls` that shares `tensor`'s storage and starts a graph of its own."""
        cdef Tensor made = cls.__new__(cls)
        made.storage = storage_retain(tensor.storage)
        adopt(made, tensor)
        made.wrapped = tensor.wrapped
        made.requires_grad = requires_grad
        return made

    # attributes -----------------------------------------------------------------------------

    @property
    def shape(self):
        """tuple of int: the length of each axis."""
        return tuple_of(self.shape_, self.ndim_)

    @shape.setter
    def shape(self, value):
        cdef Tensor shaped = self.detach().reshape(value)
        if shaped.storage != self.storage:
            raise AttributeError("shape: the elements cannot have another shape in place; use "
                                 "reshape()")
        refuse_gradient(self, "shape")
        tensor_replace(self, shaped)

    @property
    def strides(self):
        """tuple of int: bytes from one element to the next along each axis."""
        return tuple_of(self.strides_, self.ndim_)

    @property
    def ndim(self):
        """int: the number of axes."""
        return self.ndim_

    @property
    def size(self):
        """int: the number of elements."""
        return self.size_

    @property
    def itemsize(self):
        """int: bytes of one element."""
        return dtype_itemsize(self.dtype_)

    @property
    def nbytes(self):
        """int: bytes of all elements."""
        return self.size_ * dtype_itemsize(self.dtype_)

    @property
    def dtype(self):
        """numpy.dtype: the type of the elements."""
        return dtype_object(self.dtype_)

    @dtype.setter
    def dtype(self, value):
        tensor_replace(self, self.view(value))

    @property
    def T(self):
        """Tensor: a view with the axes in reverse order; see `transpose`."""
        return table.transpose(self)

    @property
    def device(self):
        """str: where the elements are."""
        return device_names[self.storage.device]

    # gradients ------------------------------------------------------------------------------

    @property
    def requires_grad(self):
        """bool: whether the tape follows this tensor."""
        refresh(self)
        return self.tracked

    @requires_grad.setter
    def requires_grad(self, bint value):
        refresh(self)
        if value and not dtype_is_inexact(self.dtype_):
            raise TypeError("requires_grad: expected a floating-point or complex tensor, got "
                            f"{self.dtype}")
        if not value and self.node is not None:
            raise RuntimeError("requires_grad: only a leaf can stop requiring a gradient; "
                               "use detach()")
        self.tracked = value

    def requires_grad_(self, requires_grad=True):
        """Set `requires_grad` and return the tensor itself."""
        self.requires_grad = requires_grad
        return self

    @property
    def grad(self):
        """Tensor or None: the gradient that `backward` accumulated."""
        return self.grad_

    @grad.setter
    def grad(self, value):
        cdef Tensor gradient = value if isinstance(value, Tensor) else None
        if value is not None:
            if gradient is None:
                raise TypeError(f"grad: expected a Tensor or None, got {type(value).__name__}")
            if gradient.shape != self.shape or gradient.dtype_ != arithmetic_dtype(self.dtype_) \
                    or gradient.storage.device != self.storage.device:
                raise RuntimeError(f"grad: expected {self.shape} of {self.dtype} on {self.device}, "
                                   f"got {gradient.shape} of {gradient.dtype} on {gradient.device}")
            table.show(gradient.node)
        self.grad_ = value

    @property
    def grad_fn(self):
        """Node or None: the tape's node that made this tensor."""
        refresh(self)
        return self.node

    @property
    def output_nr(self):
        """int: which output of `grad_fn` this tensor is."""
        refresh(self)
        return self.output if self.node is not None else 0

    @property
    def is_leaf(self):
        """bool: whether the tape did not make this tensor."""
        refresh(self)
        return self.node is None

    @property
    def _version(self):
        """int: counts the writes into the storage."""
        return self.storage.version

    def detach(self):
        """The same elements in the same storage, without history.

        Returns
        -------
        Tensor
            Writes into it are seen by this tensor, and noticed by the tape, but not differentiated.

        Examples
        --------
        >>> import tensorlib as tl
        >>> x = tl.ones(2).requires_grad_()
        >>> (x * 2).detach().requires_grad
        False
        """
        if self.wrapped is not None:
            return self.wrapped.recorder.detach(self)
        return tensor_untracked(self)

    # Python ---------------------------------------------------------------------------------

    def __len__(self):
        if self.ndim_ == 0:
            raise TypeError("len() of a 0-d tensor")
        return self.shape_[0]

    def __bool__(self):
        if self.size_ != 1:
            raise ValueError(
                f"The truth value of a tensor of shape {self.shape} is ambiguous. "
                "Use x.any() or x.all()")
        return bool(self.item())

    def __int__(self):
        return int(single(self, "int"))

    def __float__(self):
        return float(single(self, "float"))

    def __complex__(self):
        return complex(single(self, "complex"))

    def __index__(self):
        if self.ndim_ != 0 or not TL_INT8 <= self.dtype_ <= TL_UINT64:
            raise TypeError("only a 0-d tensor of integers can be converted to an index, got "
                            f"shape {self.shape} of {self.dtype}")
        return self.item()

    def __repr__(self):
        return represent_protocol(self)

    def __str__(self):
        if self.wrapped is not None:
            return self.wrapped.recorder.describe(self)
        return str(exchange.to_numpy(self.cpu()))

    def __iter__(self):
        if self.ndim_ == 0:
            raise TypeError("iteration over a 0-d tensor")
        return (self[i] for i in range(len(self)))

    def __contains__(self, value):
        return bool((self == value).any())

    def __hash__(self):
        # A number is found in sets and dicts by its value, as NumPy's scalars are; a parameter
        # and an array by its identity.
        if self.ndim_ == 0 and not self.tracked:
            return hash(self.item())
        return <Py_ssize_t><void *>self >> 4

    # exchange -------------------------------------------------------------------------------

    def __getbuffer__(self, Py_buffer *buffer, int flags):
        if dtype_is_foreign(self.dtype_):
            raise BufferError(f"buffer: {self.dtype} has no format in the buffer protocol")
        if self.storage.device != 0:
            raise BufferError(f"buffer: the tensor is on {self.device}; use cpu()")
        if flags & PyBUF_WRITABLE and (self.readonly or not self.storage.writeable):
            raise BufferError("buffer: the tensor is read-only")
        if self.tracked or self.wrapped is not None:
            raise BufferError("buffer: the tensor requires a gradient; use detach(), or write into "
                              "the tensor itself inside of no_grad()")
        if not self.contiguous and (
                flags & PyBUF_C_CONTIGUOUS == PyBUF_C_CONTIGUOUS
                or flags & PyBUF_ANY_CONTIGUOUS == PyBUF_ANY_CONTIGUOUS
                or not flags & PyBUF_STRIDES == PyBUF_STRIDES):
            raise BufferError("buffer: the tensor is not contiguous")
        if flags & PyBUF_F_CONTIGUOUS == PyBUF_F_CONTIGUOUS and self.ndim_ > 1:
            raise BufferError("buffer: the tensor is not in Fortran order")
        buffer.buf = self.data
        buffer.obj = self
        buffer.len = self.size_ * dtype_itemsize(self.dtype_)
        buffer.itemsize = dtype_itemsize(self.dtype_)
        buffer.readonly = self.readonly or not self.storage.writeable
        buffer.ndim = self.ndim_ if flags & PyBUF_ND else 1  # plain bytes have one axis
        buffer.format = <char *><bytes>formats[self.dtype_] if flags & PyBUF_FORMAT else NULL
        buffer.shape = self.shape_ if flags & PyBUF_ND else NULL
        buffer.strides = self.strides_ if flags & PyBUF_STRIDES == PyBUF_STRIDES else NULL
        buffer.suboffsets = NULL
        buffer.internal = NULL

    @property
    def __array_priority__(self):
        return 1000.0

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return array_ufunc_protocol(self, ufunc, method, inputs, kwargs)

    def __array_function__(self, func, types, args, kwargs):
        return array_function_protocol(self, func, types, args, kwargs)

    # operators ------------------------------------------------------------------------------

    def __add__(self, other):
        return table.binary(ADD, self, other)

    def __radd__(self, other):
        return table.binary(ADD, other, self)

    def __sub__(self, other):
        return table.binary(SUBTRACT, self, other)

    def __rsub__(self, other):
        return table.binary(SUBTRACT, other, self)

    def __mul__(self, other):
        return table.binary(MULTIPLY, self, other)

    def __rmul__(self, other):
        return table.binary(MULTIPLY, other, self)

    def __truediv__(self, other):
        return table.binary(DIVIDE, self, other)

    def __rtruediv__(self, other):
        return table.binary(DIVIDE, other, self)

    def __floordiv__(self, other):
        return table.binary(FLOOR_DIVIDE, self, other)

    def __rfloordiv__(self, other):
        return table.binary(FLOOR_DIVIDE, other, self)

    def __mod__(self, other):
        return table.binary(REMAINDER, self, other)

    def __rmod__(self, other):
        return table.binary(REMAINDER, other, self)

    def __divmod__(self, other):
        return table.binary(DIVMOD, self, other)

    def __rdivmod__(self, other):
        return table.binary(DIVMOD, other, self)

    def __pow__(self, other, modulo):
        if modulo is not None:
            raise TypeError("power: a modulus is not supported")
        return table.binary(POWER, self, other)

    def __rpow__(self, other, modulo):
        return table.binary(POWER, other, self)

    def __matmul__(self, other):
        return table.binary(MATMUL, self, other)

    def __rmatmul__(self, other):
        return table.binary(MATMUL, other, self)

    def __and__(self, other):
        return table.binary(BITWISE_AND, self, other)

    def __rand__(self, other):
        return table.binary(BITWISE_AND, other, self)

    def __or__(self, other):
        return table.binary(BITWISE_OR, self, other)

    def __ror__(self, other):
        return table.binary(BITWISE_OR, other, self)

    def __xor__(self, other):
        return table.binary(BITWISE_XOR, self, other)

    def __rxor__(self, other):
        return table.binary(BITWISE_XOR, other, self)

    def __lshift__(self, other):
        return table.binary(LEFT_SHIFT, self, other)

    def __rlshift__(self, other):
        return table.binary(LEFT_SHIFT, other, self)

    def __rshift__(self, other):
        return table.binary(RIGHT_SHIFT, self, other)

    def __rrshift__(self, other):
        return table.binary(RIGHT_SHIFT, other, self)

    def __richcmp__(self, other, int op):
        return table.binary(comparisons[op], self, other)

    def __iadd__(self, other):
        return table.inplace(ADD, self, other)

    def __isub__(self, other):
        return table.inplace(SUBTRACT, self, other)

    def __imul__(self, other):
        return table.inplace(MULTIPLY, self, other)

    def __itruediv__(self, other):
        return table.inplace(DIVIDE, self, other)

    def __ifloordiv__(self, other):
        return table.inplace(FLOOR_DIVIDE, self, other)

    def __imod__(self, other):
        return table.inplace(REMAINDER, self, other)

    def __ipow__(self, other):
        return table.inplace(POWER, self, other)

    def __imatmul__(self, other):
        return table.inplace(MATMUL, self, other)

    def __iand__(self, other):
        return table.inplace(BITWISE_AND, self, other)

    def __ior__(self, other):
        return table.inplace(BITWISE_OR, self, other)

    def __ixor__(self, other):
        return table.inplace(BITWISE_XOR, self, other)

    def __ilshift__(self, other):
        return table.inplace(LEFT_SHIFT, self, other)

    def __irshift__(self, other):
        return table.inplace(RIGHT_SHIFT, self, other)

    def __neg__(self):
        return table.unary(NEGATIVE, self)

    def __pos__(self):
        return table.unary(POSITIVE, self)

    def __abs__(self):
        return table.unary(ABSOLUTE, self)

    def __invert__(self):
        return table.unary(INVERT, self)

    def __getitem__(self, index):
        return table.getitem(self, index)

    def __setitem__(self, index, value):
        table.setitem(self, index, value)

    def __delitem__(self, index):
        raise ValueError("cannot delete tensor elements")


# ------------------------------------------------------------------------------------------
# helpers of the class
# ------------------------------------------------------------------------------------------

# Of the buffer protocol, by dtype id; of two letters for 64 bits that of int64, as NumPy takes it.
cdef list formats = [b"?", b"b", b"h", b"i", np.dtype("int64").char.encode(), b"B", b"H", b"I",
                     np.dtype("u8").char.encode(), b"", b"", b"e", b"", b"f", b"d", b"Zf", b"Zd"]


cdef inline void abandon(Tensor tensor) noexcept:
    """Let go of the storage and of the memory of the shape."""
    if tensor.storage != NULL:
        if tensor.storage.references > 1:
            tensor.storage.references -= 1
        else:
            storage_release(tensor.storage)
    if tensor.ndim_ > INLINE_DIMS:
        PyMem_Free(tensor.shape_)


open_pool(Tensor.__new__(Tensor), abandon)


cdef int tensor_replace(Tensor tensor, Tensor source) except -1:
    """Give a tensor the memory and the layout of another."""
    storage_retain(source.storage)
    abandon(tensor)
    tensor.storage = source.storage
    adopt(tensor, source)
    tensor.wrapped = source.wrapped
    return 0


cdef void adopt(Tensor tensor, Tensor source):
    """Take the layout of `source`, whose storage `tensor` holds already."""
    tensor.data = source.data
    set_ndim(tensor, source.ndim_)
    memcpy(tensor.shape_, source.shape_, 2 * source.ndim_ * sizeof(Py_ssize_t))
    tensor.size_ = source.size_
    tensor.dtype_ = source.dtype_
    tensor.contiguous = source.contiguous


cdef int refresh(Tensor tensor) except -1:
    """Follow writes that reached the root of a view after the view was made."""
    if tensor.base is not None and tensor.graph_version != tensor.base.graph_version:
        table.refresh(tensor)
    return 0


cdef Tensor refuse_gradient(Tensor tensor, str op):
    refresh(tensor)
    if not is_readable(tensor):
        refuse_unreadable(tensor, op)
    if tensor.tracked:
        raise TypeError(f"{op}: the tensor requires a gradient, which an ndarray would lose; "
                        "use detach()")
    return tensor


cdef object single(Tensor tensor, str kind):
    if tensor.size_ != 1:
        raise TypeError(f"{kind}: only a tensor of one element can be converted, got shape "
                        f"{tensor.shape}")
    return tensor.item()
