"""Between tensors and what NumPy knows: ndarrays, buffers, DLPack, nested lists, text."""

import sys

cimport numpy as cnp
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF

from tensorlib._core._dtypes cimport dtype_id, dtype_is_foreign, dtype_itemsize, dtype_object
from tensorlib._core._memory cimport storage_wrap
from tensorlib._core._tensor cimport (
    Tensor,
    is_readable,
    refuse_gradient,
    refuse_wrapped,
    tensor_wrap,
)

import numpy as np

from tensorlib._core import _tensor
from tensorlib._core.device import device_number, part_of

cnp.import_array()

# DLPack's numbers of the kinds of devices: memory of a GPU, and what is on both. NumPy takes what
# the CPU can read.
DLPACK_CUDA, DLPACK_CUDA_MANAGED = 2, 13

cdef extern from "Python.h":
    Py_ssize_t Py_REFCNT(PyObject *o)

cdef extern from "numpy/arrayobject.h":
    object PyArray_NewFromDescr(
        cnp.PyTypeObject *subtype, cnp.dtype descr, int nd, const cnp.npy_intp *dims,
        const cnp.npy_intp *strides, void *data, int flags, object obj)
    bint PyArray_CheckExact(PyObject *op)
    int PyArray_SetBaseObject(cnp.ndarray arr, PyObject *obj) except -1


cdef object to_ndarray(Tensor tensor):
    cdef cnp.dtype descr = dtype_object(tensor.dtype_)
    cdef int flags = 0
    cdef object array
    if tensor.storage.writeable and not tensor.readonly:
        flags = cnp.NPY_ARRAY_WRITEABLE
    Py_INCREF(descr)  # NewFromDescr takes one reference
    array = PyArray_NewFromDescr(
        <cnp.PyTypeObject *>cnp.ndarray, descr, tensor.ndim_, <const cnp.npy_intp *>tensor.shape_,
        <const cnp.npy_intp *>tensor.strides_, tensor.data, flags, None)
    Py_INCREF(tensor)  # and SetBaseObject another
    PyArray_SetBaseObject(array, <PyObject *>tensor)
    return array


def to_numpy(Tensor tensor not None):
    """An ndarray over the tensor's memory."""
    return to_ndarray(tensor)


cdef Tensor from_ndarray(cnp.ndarray array):
    """A tensor over the array's memory."""
    cdef int dtype = dtype_id(array.dtype, "asarray")
    cdef char *low = <char *>array.data
    cdef char *high = low + dtype_itemsize(dtype)
    cdef Py_ssize_t stride
    cdef int i
    if array.size == 0:
        high = low
    else:
        for i in range(array.ndim):
            stride = array.strides[i]
            if stride < 0:
                low += (array.shape[i] - 1) * stride
            else:
                high += (array.shape[i] - 1) * stride
    return tensor_wrap(
        storage_wrap(low, high - low, array.flags.writeable, array), <char *>array.data,
        array.ndim, <const Py_ssize_t *>array.shape, <const Py_ssize_t *>array.strides, dtype)


CopyMode = np._CopyMode
cdef dict copy_modes = {CopyMode.ALWAYS: True, CopyMode.NEVER: False, CopyMode.IF_NEEDED: None}


cpdef str memory_order(str op, object order, str default):
    """The letter of an order, given in either case; None stands for the default."""
    if order is None:
        return default
    if type(order) is str and order in ("C", "F", "A", "K"):
        return order
    if not isinstance(order, str):
        raise TypeError(f"{op}: expected order to be a str, got {type(order).__name__}")
    if order.upper() not in ("C", "F", "A", "K"):
        raise ValueError(f"{op}: order must be one of 'C', 'F', 'A', 'K', got {order!r}")
    return order.upper()


cpdef Tensor asarray(object a, object dtype=None, object order=None, object device=None,
                     object copy=None, object like=None):
    """An array_like as a tensor, over the same memory where that is possible.

    Parameters
    ----------
    a : array_like
        A tensor, an ndarray, a buffer, a scalar, nested sequences of these.
    dtype : dtype, optional
        The dtype of the result; `a`'s own by default.
    order : {'C', 'F', 'A', 'K'}, optional
        The memory layout of the result; `a`'s own by default.
    device : str, optional
        Where the result is; where `a` is by default.
    copy : bool, optional
        True: always copy. False: never; None: only where it must be.
    like : Tensor, optional
        Of no effect here; NumPy's functions pass a call on to the library by it.

    Returns
    -------
    Tensor
        Differentiable with respect to a tensor `a`.

    Raises
    ------
    TypeError
        If the elements are not numbers or bools.
    ValueError
        If `copy` is False and a copy is needed.

    Examples
    --------
    >>> import numpy as np, tensorlib as tl
    >>> array = np.zeros(3)
    >>> tl.asarray(array)[1] = 5
    >>> array
    array([0., 5., 0.])
    """
    cdef object array
    if type(copy) is CopyMode:
        copy = copy_modes[copy]
    if order is not None:
        order = memory_order("asarray", order, "K")
    if device is not None:
        return placed(asarray(a, dtype, order, None, copy), device_number(device, "asarray"), copy)
    if isinstance(a, Tensor):
        if dtype is None and order is None and not copy:
            return a
        return converted(a, dtype, order, copy)
    if dtype is not None:
        dtype = dtype_object(dtype_id(dtype, "asarray"))
    if type(a) not in host_types and hasattr(a, "__cuda_array_interface__"):
        a = part_of("cuda", "_dlpack", "asarray").from_other(a)
        return converted(a, dtype, order, copy)
    try:
        array = np.array(a, dtype=dtype, order=order or "K", copy=copy)
    except (RuntimeError, TypeError):
        if join is None or not has_kept(a):
            raise
        return converted(join(a), dtype, order, None)
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if not array.flags.aligned:
        array = array.copy()
    return from_ndarray(array)


# What most arguments are: nothing to be asked whether it is on a device.
cdef frozenset host_types = frozenset((np.ndarray, list, tuple, bool, int, float, complex))


cdef object join = None  # makes a tensor of nested sequences with tensors in them


def set_join(function):
    """Install what `asarray` calls for sequences with tensors that NumPy cannot take."""
    global join
    join = function


cdef bint has_kept(object a) except -1:
    """Whether the tape, a recorder or a device keeps a tensor in nested sequences."""
    if isinstance(a, Tensor):
        return a.requires_grad or not is_readable(<Tensor>a)
    if type(a) is list or type(a) is tuple:
        for item in a:
            if has_kept(item):
                return True
    return False


cdef Tensor placed(Tensor a, int device, object copy):
    """The tensor on the device of this number."""
    if a.storage.device == device:
        return a
    if copy is not None and not copy:
        raise ValueError(f"asarray: a copy is needed, from {a.device} to another device, and "
                         "copy=False forbids it")
    return move(a, device, False)


cdef object move = None  # the elements on another device, and the gradient's way back


def set_move(function):
    """Install what brings tensors to another device: ``function(tensor, number, non_blocking)``."""
    global move
    move = function


cdef Tensor converted(Tensor a, object dtype, object order, object copy):
    cdef bint same_dtype = dtype is None or dtype_id(dtype, "asarray") == a.dtype_
    cdef bint same_order = True
    if order == "C":
        same_order = a.contiguous or to_ndarray(a).flags.c_contiguous
    elif order == "F":
        same_order = to_ndarray(a).flags.f_contiguous
    if same_dtype and same_order and not copy:
        return a
    if copy is not None and not copy:
        raise ValueError("asarray: a copy is needed, and copy=False forbids it")
    if not same_dtype:
        a = a.astype(dtype, order=order or "K")
        return a
    return a.copy(order or "K")


def from_dlpack(x, /, *, device=None, copy=None):
    """A tensor over the memory of any object that speaks DLPack.

    Parameters
    ----------
    x : object
        With ``__dlpack__`` and ``__dlpack_device__``, on the CPU or a GPU.
    device : str, optional
        Where the result is; where `x` is by default.
    copy : bool, optional
        True: always copy. False: never.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import numpy as np, tensorlib as tl
    >>> tl.from_dlpack(np.arange(3))
    tensor([0, 1, 2])
    """
    if hasattr(x, "__dlpack_device__") \
            and x.__dlpack_device__()[0] in (DLPACK_CUDA, DLPACK_CUDA_MANAGED):
        result = part_of("cuda", "_dlpack", "from_dlpack").from_exporter(x, copy)
    else:
        result = asarray(np.from_dlpack(x, copy=copy))
    return result if device is None else asarray(result, device=device)


# ------------------------------------------------------------------------------------------
# methods
# ------------------------------------------------------------------------------------------

def numpy(Tensor self):
    """The elements as an ndarray over the same memory.

    Raises
    ------
    TypeError
        If the tensor requires a gradient, which an ndarray would lose.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.arange(3).numpy()
    array([0, 1, 2])
    """
    return to_ndarray(refuse_gradient(self, "numpy"))


cdef Tensor readable(Tensor tensor, str op):
    """A tensor whose elements can be read: of a recorder's what that says."""
    if tensor.wrapped is not None:
        return tensor.wrapped.recorder.readable(tensor, op)
    return tensor if tensor.storage.device == 0 else tensor.detach().cpu()


def tolist(Tensor self):
    """The elements as nested lists of Python scalars.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.eye(2).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    return to_ndarray(readable(self, "tolist")).tolist()


def tobytes(Tensor self, order="C"):
    """The elements as bytes, in C or Fortran order.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.asarray([1, 2], dtype="int8").tobytes()
    b'\\x01\\x02'
    """
    return to_ndarray(readable(self, "tobytes")).tobytes(order)


# Flags that can be set -> the parameters of setflags.
cdef dict settable = {"writeable": "write", "aligned": "align", "writebackifcopy": "uic"}


class Flags:
    """What is true of a tensor's memory, as NumPy's flags say it; `writeable` can be set."""

    def __init__(self, tensor):
        object.__setattr__(self, "_tensor", tensor)

    @property
    def owndata(self):
        return owns_memory(self._tensor)

    def __getattr__(self, name):
        return getattr(to_ndarray(self._tensor).flags, name)

    def __setattr__(self, name, value):
        if name not in settable:
            raise AttributeError(f"flags: {name} cannot be set")
        setflags(self._tensor, **{settable[name]: value})

    def __getitem__(self, name):
        if name in ("OWNDATA", "O"):
            return self.owndata
        return to_ndarray(self._tensor).flags[name]

    def __setitem__(self, name, value):
        name = {"W": "WRITEABLE", "A": "ALIGNED", "X": "WRITEBACKIFCOPY"}.get(name, name)
        if name.lower() not in settable:
            raise KeyError("Unknown flag")
        setattr(self, name.lower(), value)

    def __eq__(self, other):
        return repr(self) == repr(other)

    __hash__ = None

    def __repr__(self):
        text = repr(to_ndarray(self._tensor).flags)
        return text.replace("OWNDATA : False", f"OWNDATA : {self.owndata}")


cdef bint owns_memory(Tensor tensor) noexcept:
    """Whether nobody else has made the memory, or can still reach it through an array."""
    cdef PyObject *owner = tensor.storage.owner
    if tensor.base is not None:
        return False
    return owner == NULL or (Py_REFCNT(owner) == 1 and PyArray_CheckExact(owner)
                             and cnp.PyArray_CHKFLAGS(<cnp.ndarray>owner, cnp.NPY_ARRAY_OWNDATA))


def flags(Tensor self):
    """Flags: memory layout, as NumPy describes it."""
    return Flags(self)


def setflags(Tensor self, write=None, align=None, uic=None):
    """Say whether the tensor may be written to.

    Parameters
    ----------
    write : bool, optional
        The new value. Views made later have it too.
    align, uic : bool, optional
        As of NumPy's method: memory is always aligned and never a copy to be written back.

    Raises
    ------
    ValueError
        If the memory itself is read-only.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.zeros(2)
    >>> x.setflags(write=False)
    >>> x.flags.writeable
    False
    """
    if align is not None and not align:
        raise ValueError("setflags: cannot set ALIGNED to False")
    if uic:
        raise ValueError("setflags: cannot set WRITEBACKIFCOPY to True")
    if write is None:
        return
    if write and (not self.storage.writeable or self.base is not None
                  and (<Tensor>self.base).readonly):
        raise ValueError("setflags: cannot set WRITEABLE to True of this tensor")
    self.readonly = not write


def flat(Tensor self):
    """numpy.flatiter: an iterator over the elements in C order."""
    return to_ndarray(refuse_gradient(self, "flat")).flat


def array_interface(Tensor self):
    """dict: the memory, as version 3 of NumPy's protocol describes it."""
    if dtype_is_foreign(self.dtype_):
        raise AttributeError(f"__array_interface__: the protocol has no code for {self.dtype}")
    return to_ndarray(refuse_gradient(self, "__array_interface__")).__array_interface__


def to_array(Tensor self, dtype=None, *, copy=None):
    """The tensor as an ndarray, for NumPy's functions."""
    array = to_ndarray(refuse_gradient(self, "__array__"))
    if dtype is None and not copy:
        return array
    return np.array(array, dtype=dtype, copy=copy)


def formatted(Tensor self, spec):
    return format(self.item(), spec) if self.ndim_ == 0 else object.__format__(self, spec)


def copy_alike(Tensor self):
    return self.copy()


def deepcopy(Tensor self, memo):
    if self.wrapped is not None:
        refuse_wrapped(self, "deepcopy")
    if self.node is not None:
        raise RuntimeError("deepcopy: only leaves can be copied with their history; "
                           "use detach()")
    copied = type(self)._make_subclass(type(self), self.detach().copy(), self.requires_grad)
    memo[id(self)] = copied
    return copied


def reduce(Tensor self):
    if self.wrapped is not None:
        refuse_wrapped(self, "pickle")
    array = to_ndarray(self.detach().cpu()).copy()
    return rebuild, (type(self), array, self.requires_grad, self.device)


def rebuild(cls, array, requires_grad, device="cpu"):
    """Unpickle a tensor."""
    return cls._make_subclass(cls, asarray(array, device=device), requires_grad)


def to_dlpack(Tensor self, *, stream=None, max_version=None, dl_device=None, copy=None):
    """The tensor as a DLPack capsule, through NumPy where it is on the CPU."""
    if self.storage.device != 0 and (dl_device is None or dl_device == dlpack_device(self)):
        if self.requires_grad:
            raise TypeError("__dlpack__: the tensor requires a gradient, which another library "
                            "would lose; use detach()")
        return part_of("cuda", "_dlpack", "__dlpack__").to_capsule(
            self, stream, max_version, copy)
    if self.storage.device != 0:
        if dl_device[0] != 1 or copy is False:
            raise BufferError(f"__dlpack__: the tensor is on {self.device}, and only a copy for "
                              f"the CPU can be handed over elsewhere, got dl_device={dl_device} "
                              f"and copy={copy}; use to()")
        self, stream = self.cpu(), None
    array = to_ndarray(refuse_gradient(self, "__dlpack__"))
    return array.__dlpack__(stream=stream, max_version=max_version, dl_device=dl_device, copy=copy)


def dlpack_device(Tensor self):
    """DLPack's numbers of the device: (1, 0) is the CPU, (2, i) the GPU i."""
    if self.storage.device == 0:
        return 1, 0
    return DLPACK_CUDA, int(self.device.partition(":")[2])


def cuda_array_interface(Tensor self):
    """dict: the memory of a GPU, as version 3 of the protocol describes it."""
    if self.storage.device == 0:
        raise AttributeError("__cuda_array_interface__: the tensor is on the CPU")
    if self.requires_grad:
        raise AttributeError("__cuda_array_interface__: the tensor requires a gradient, which "
                             "another library would lose; use detach()")
    return part_of("cuda", "_dlpack", "__cuda_array_interface__").array_interface(self)


_tensor.set_protocols(exporter=sys.modules[__name__])
_tensor.add_methods({
    "numpy": numpy, "tolist": tolist, "tobytes": tobytes, "flags": property(flags),
    "flat": property(flat), "setflags": setflags, "__array_interface__": property(array_interface),
    "__format__": formatted, "__copy__": copy_alike, "__deepcopy__": deepcopy, "__reduce__": reduce,
    "__cuda_array_interface__": property(cuda_array_interface),
    "__array__": to_array, "__dlpack__": to_dlpack, "__dlpack_device__": dlpack_device,
})
