"""The functions that the op table names, and the few others that every program calls often."""

import inspect

from cpython.object cimport PyObject

from tensorlib._core._dispatch cimport Op, apply, binary, elementwise, unary, watched
from tensorlib._core._exchange cimport asarray as as_tensor
from tensorlib._core._reduce cimport fold_dtype
from tensorlib._core._tensor cimport (
    MAX_DIMS,
    Tensor,
    check_writeable,
    dtype_id,
    dtype_itemsize,
    dtype_object,
    tensor_empty,
    tuple_of,
)
from tensorlib._core._views cimport reshaped

import numpy as np
from numpy.exceptions import AxisError
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from tensorlib._core import _exchange, _tensor
from tensorlib._core._dispatch import Op as OpType
from tensorlib._core._dispatch import assign, ops

NoValue = np._NoValue
asarray = _exchange.asarray
cdef list all_axes = [tuple(range(n)) for n in range(MAX_DIMS + 1)]


cdef object integer(object value, str op):
    try:
        return value.__index__()
    except AttributeError:
        raise TypeError(f"{op}: expected an integer, got {type(value).__name__}") from None


cdef tuple shape_of(object shape, str op):
    """A shape, or one length, as a tuple of ints."""
    if hasattr(shape, "__index__") and not (isinstance(shape, (Tensor, np.ndarray)) and shape.ndim):
        return (shape.__index__(),)
    try:
        return tuple([integer(n, op) for n in shape])
    except TypeError as error:
        raise TypeError(f"{op}: expected a shape of integers, got {shape!r}") from error


cdef Tensor new(object shape, object dtype, object order, object device, str op):
    cdef tuple lengths = shape_of(shape, op)
    cdef Py_ssize_t[MAX_DIMS] dims
    cdef int i, ndim = len(lengths)
    cdef int dtype_number = dtype_id(np.float64 if dtype is None else dtype, op)
    cdef Tensor result
    _exchange.check_device(device, op)
    if order not in ("C", "F"):
        raise ValueError(f"{op}: order must be 'C' or 'F', got {order!r}")
    if ndim > MAX_DIMS:
        raise ValueError(f"{op}: expected at most {MAX_DIMS} dimensions, got {ndim}")
    for i in range(ndim):
        try:
            dims[i] = lengths[i if order == "C" else ndim - 1 - i]
        except OverflowError:
            raise ValueError(f"{op}: the shape {lengths} is larger than the maximum possible "
                             "size") from None
    result = tensor_empty(ndim, dims, dtype_number, op)
    if order == "F" and ndim > 1:
        result = result.transpose()
        result.base = None
    return result


# ------------------------------------------------------------------------------------------
# ufuncs
# ------------------------------------------------------------------------------------------

cdef extern from "Python.h":
    """
    // Calls of the type go through a pointer inside its objects.
    static void use_vectorcall(PyObject *type, Py_ssize_t offset) {
      PyTypeObject *callable = reinterpret_cast<PyTypeObject *>(type);
      callable->tp_vectorcall_offset = offset;
      callable->tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL;
      callable->tp_call = PyVectorcall_Call;
    }
    """
    Py_ssize_t PyVectorcall_NARGS(size_t)
    void use_vectorcall(object type, Py_ssize_t offset)


cdef class Ufunc:
    """An elementwise function or a product of the op table, called as NumPy's ufuncs are.

    Calls take the inputs, then ``out`` (a Tensor, or a tuple with one for each output),
    ``where`` (a mask; elsewhere `out` stays as it is), and ``dtype`` (of the computation).
    """
    cdef readonly Op op
    cdef void *vectorcall
    cdef dict __dict__  # the names that functions have
    cdef Op reduction
    cdef Op accumulation

    def __init__(self, Op op):
        self.op = op
        self.vectorcall = <void *>call_ufunc
        parameters = [inspect.Parameter(n, inspect.Parameter.POSITIONAL_ONLY) for n in op.inputs]
        parameters.append(
            inspect.Parameter("out", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None))
        parameters += [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=d)
                       for n, d in (("where", True), ("dtype", None))]
        vars(self).update({
            "__name__": op.name, "__qualname__": op.name, "__module__": "tensorlib",
            "__signature__": inspect.Signature(parameters), "__doc__": documentation(op),
        })

    @property
    def nin(self):
        """int: the number of inputs."""
        return len(self.op.inputs)

    @property
    def nout(self):
        """int: the number of outputs."""
        return self.op.outputs

    @property
    def nargs(self):
        """int: inputs and outputs together."""
        return self.nin + self.nout

    @property
    def identity(self):
        """The value that changes nothing in a reduction, or None."""
        ufunc = self.numpy_ufunc()
        return None if ufunc is None else ufunc.identity

    @property
    def types(self):
        """list of str: the dtypes of each loop, as NumPy writes them."""
        if self.op.kind == "product":
            return self.numpy_ufunc().types
        return ["".join(d.char for d in i) + "->" + "".join(d.char for d in o)
                for i, o in self.op.loops.types()]

    @property
    def ntypes(self):
        """int: the number of loops."""
        return len(self.types)

    @property
    def signature(self):
        """str or None: the core dimensions of a product."""
        ufunc = self.numpy_ufunc()
        return None if ufunc is None else ufunc.signature

    def numpy_ufunc(self):
        """numpy.ufunc or None: whose loops are used."""
        return getattr(np, self.op.name) if self.op.kind == "product" else self.op.loops.ufunc

    def reduce(self, array, axis=0, dtype=None, out=None, keepdims=False, initial=NoValue,
               where=True):
        """Fold the op over axes; all of NumPy's parameters."""
        if self.reduction is None:
            self.reduction = self.folding("reduce", reductions, ("axis", "keepdims", "dtype"))
        return reduce(self.reduction, array, axis, dtype, out, keepdims, initial, where)

    def accumulate(self, array, axis=0, dtype=None, out=None):
        """The running fold of the op along an axis."""
        if self.accumulation is None:
            self.accumulation = self.folding("accumulate", accumulations, ("axis", "dtype"))
        return accumulate(self.accumulation, array, axis, dtype, out)

    def folding(self, str method, dict named, tuple params):
        """The op of a method of this ufunc: that of the table, or one without a gradient rule."""
        cdef Op op
        self.check_binary(method)
        if self.op.name in named:
            return named[self.op.name]
        op = OpType(f"{self.op.name}.{method}",
                    "reduction" if method == "reduce" else "accumulation", ("x",), params, 1,
                    self.op.doc)
        op.loops = self.op.loops
        return op

    def check_binary(self, str method):
        """Refuse a method that only ops of two inputs and one output have."""
        if self.op.kind == "product":
            raise RuntimeError(f"{self.op.name}.{method}: not defined for products of matrices")
        if len(self.op.inputs) != 2 or self.op.outputs != 1:
            raise ValueError(f"{self.op.name}.{method}: only defined for ops of two inputs and "
                             "one output")

    def outer(self, a, b, /, **kwargs):
        """The op on all pairs of an element of `a` and one of `b`."""
        self.check_binary("outer")
        a = asarray(a)
        b = asarray(b)
        return self(a.reshape(a.shape + (1,) * b.ndim), b, **kwargs)

    def __repr__(self):
        return f"<ufunc '{self.op.name}'>"

    def __reduce__(self):
        return self.op.name


cdef object call_ufunc(object self, PyObject **args, size_t nargs, PyObject *names):
    """A call of a ufunc, without a tuple or dict for the most common ones."""
    cdef Op op = (<Ufunc>self).op
    cdef Py_ssize_t i, n = PyVectorcall_NARGS(nargs)
    if names == NULL and op.way == 0 and op.outputs == 1 and n == len(op.inputs):
        if n == 1:
            return unary(op, <object>args[0])
        if n == 2:
            return binary(op, <object>args[0], <object>args[1])
    positional = tuple([<object>args[i] for i in range(n)])
    if names == NULL:
        return call(op, positional)
    keywords = <tuple>names
    return call(op, positional,
                **{keywords[i]: <object>args[n + i] for i in range(len(keywords))})


def documentation(Op op):
    """The docstring of a ufunc."""
    inputs = ", ".join(op.inputs)
    results = "Tensor" if op.outputs == 1 else "tuple of Tensor"
    if op.kind == "product":
        limits = "shapes and errors as in NumPy; the outer axes are broadcast."
    else:
        limits = "the inputs are broadcast together."
    return f"""{op.doc}

Parameters
----------
{inputs} : array_like
    Numbers; {limits}
out : Tensor or tuple, optional
    Where the result goes; of the broadcast shape.
where : array_like of bool, optional
    Where to compute; elsewhere `out` stays as it is.
dtype : dtype, optional
    The dtype to compute in.

Returns
-------
{results}

Raises
------
TypeError
    If there is no loop for the dtypes of the inputs.
ValueError
    If the shapes do not fit together.
"""


cdef Ufunc any_ufunc = Ufunc(ops.add)
use_vectorcall(Ufunc, <char *>&any_ufunc.vectorcall - <char *><void *>any_ufunc)


def call(Op op, tuple args, out=None, where=True, dtype=None, casting="same_kind", order="K",
         subok=True):
    """A ufunc call with keywords."""
    cdef int nin = len(op.inputs)
    cdef tuple outputs
    if len(args) > nin:
        if out is not None or len(args) > nin + op.outputs:
            raise TypeError(f"{op.name}: expected {nin} inputs and at most {op.outputs} outputs, "
                            f"got {len(args)} arguments")
        out = args[nin:] + (None,) * (nin + op.outputs - len(args))
        args = args[:nin]
    if len(args) != nin:
        raise TypeError(f"{op.name}: expected {nin} inputs, got {len(args)}")
    if out is not None and not isinstance(out, tuple):
        out = (out,)
    if out is not None and all_none(out):
        out = None
    if dtype is not None:
        dtype = dtype_object(dtype_id(dtype, op.name))
    if op.kind == "product":
        return product(op, args, out, dtype)
    if where is not True:
        return masked(op, args, out, where, dtype)
    if out is None and dtype is None:
        return apply(op, args, ())
    return elementwise(op, args, out, dtype)


cdef bint all_none(tuple values):
    for value in values:
        if value is not None:
            return False
    return True


cdef object product(Op op, tuple args, object out, object dtype):
    inputs = [asarray(a) for a in args]
    if dtype is not None:
        inputs = [x.astype(dtype) for x in inputs]
    result = apply(op, tuple(inputs), ())
    if out is None:
        return result
    return write_out(op.name, result, out[0])


cdef object write_out(str name, Tensor result, object out):
    """Put a result where the caller wants it."""
    if not isinstance(out, Tensor):
        raise TypeError(f"{name}: expected a Tensor as out, got {type(out).__name__}")
    if out.shape != result.shape:
        raise ValueError(f"{name}: expected out of shape {result.shape}, got {out.shape}")
    if not np.can_cast(result.dtype, out.dtype, "same_kind"):
        raise TypeError(f"{name}: cannot cast the result from {result.dtype} to {out.dtype} with "
                        "casting rule 'same_kind'")
    assign(out, result, name)
    return out


cdef object masked(Op op, tuple args, object out, object where, object dtype):
    """A call with a mask: computed everywhere, written where the mask holds."""
    cdef list results = []
    mask = asarray(where)
    if mask.dtype != np.bool_:
        raise TypeError(f"{op.name}: expected a mask of bool as where, got {mask.dtype}")
    values = elementwise(op, args, None, dtype)
    for k, value in enumerate(values if op.outputs > 1 else (values,)):
        shape = np.broadcast_shapes(value.shape, mask.shape)
        target = None if out is None else out[k]
        if target is None:
            # NumPy leaves the rest undefined; zeros are the same on each run.
            target = zeros(shape, value.dtype)
        elif target.shape != shape:
            raise ValueError(f"{op.name}: expected out of shape {shape}, got {target.shape}")
        results.append(write_out(op.name, apply(ops.where, (mask, value, target), ())
                                 .astype(target.dtype), target))
    return results[0] if op.outputs == 1 else tuple(results)


# ------------------------------------------------------------------------------------------
# folds
# ------------------------------------------------------------------------------------------

from tensorlib._core.ops import ACCUMULATIONS, REDUCTIONS

cdef dict reductions = {name: getattr(ops, op) for op, name, _ in REDUCTIONS}
cdef dict accumulations = {name: getattr(ops, op) for op, name, _ in ACCUMULATIONS}


cdef tuple axes_of(Tensor x, object axis, str name):
    """An axis argument as a sorted tuple of non-negative axes."""
    if axis is None:
        return all_axes[x.ndim_]
    if type(axis) is int:
        if -x.ndim_ <= axis < x.ndim_:
            return (axis + x.ndim_ if axis < 0 else axis,)
        if x.ndim_ == 0 and axis in (0, -1):
            return ()  # as NumPy: a 0-d array counts as one of one axis
    try:
        axes = normalize_axis_tuple(axis, x.ndim_)
    except AxisError as error:
        raise AxisError(f"{name}: {error}") from None
    return tuple(sorted(axes))


cdef object reduce(Op op, object a, object axis, object dtype, object out, object keepdims,
                   object initial, object where):
    cdef Tensor x = a if isinstance(a, Tensor) else asarray(a)
    cdef tuple axes = axes_of(x, axis, op.name)
    cdef object identity
    if dtype is None:
        dtype = dtype_object(fold_dtype(op.loops, x))
    else:
        dtype = dtype_object(dtype_id(dtype, op.name))
    if where is not True or initial is not NoValue:
        return reduce_some(op, x, axes, dtype, out, bool(keepdims), initial, where)
    result = apply(op, (x,), (axes, bool(keepdims), dtype))
    return result if out is None else write_out(op.name, result, out)


cdef object reduce_some(Op op, Tensor x, tuple axes, object dtype, object out, bint keepdims,
                        object initial, object where):
    """A reduction that starts from a value, or leaves elements out."""
    ufunc = op.loops.ufunc
    if where is not True:
        neutral = ufunc.identity if initial is NoValue else initial
        if neutral is None:
            raise ValueError(f"{op.name}: a reduction without an identity needs initial= when "
                             "where= leaves elements out")
        x = apply(ops.where, (asarray(where), x, neutral), ())
    binary_op = getattr(ops, op.loops.name)
    if initial is NoValue:
        result = apply(op, (x,), (axes, keepdims, dtype))
    elif ufunc.identity is None and x.size == 0:
        shape = [1 if i in axes else n for i, n in enumerate(x.shape) if keepdims or i not in axes]
        result = full(tuple(shape), initial, dtype)
    else:
        result = apply(op, (x,), (axes, keepdims, dtype))
        result = apply(binary_op, (asarray(initial, dtype), result), ())
    return result if out is None else write_out(op.name, result, out)


cdef object accumulate(Op op, object a, object axis, object dtype, object out):
    cdef Tensor x = a if isinstance(a, Tensor) else asarray(a)
    if axis is None:
        x = x.reshape(-1)
        axis = 0
    if x.ndim_ == 0:
        x = x.reshape(1)
    try:
        axis = normalize_axis_index(axis, x.ndim_)
    except AxisError as error:
        raise AxisError(f"{op.name}: {error}") from None
    if dtype is None:
        dtype = dtype_object(fold_dtype(op.loops, x))
    else:
        dtype = dtype_object(dtype_id(dtype, op.name))
    result = apply(op, (x,), (axis, dtype))
    return result if out is None else write_out(op.name, result, out)


def sum(a, axis=None, dtype=None, out=None, keepdims=False, initial=NoValue, where=True):
    """Sum of the elements over axes.

    Parameters
    ----------
    a : array_like
        Numbers.
    axis : int or tuple of int, optional
        The axes to sum over; all by default.
    dtype : dtype, optional
        To add in; 64-bit integers for smaller ones by default, else `a`'s own.
    out : Tensor, optional
        Where the result goes.
    keepdims : bool, optional
        Keep summed axes with length one.
    initial : scalar, optional
        Added to the sum.
    where : array_like of bool, optional
        The elements to include.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.sum([[1.0, 2.0], [3.0, 4.0]], axis=0)
    tensor([4., 6.])
    """
    return reduce(ops.sum, a, axis, dtype, out, keepdims, initial, where)


def prod(a, axis=None, dtype=None, out=None, keepdims=False, initial=NoValue, where=True):
    """Product of the elements over axes; parameters as of `sum`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.prod([1.0, 2.0, 4.0])
    tensor(8.)
    """
    return reduce(ops.prod, a, axis, dtype, out, keepdims, initial, where)


def max(a, axis=None, out=None, keepdims=False, initial=NoValue, where=True):
    """Largest element over axes; NaN wins. Parameters as of `sum`.

    Raises
    ------
    ValueError
        If there is no element and no `initial`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.max([[1, 5], [7, 2]], axis=1)
    tensor([5, 7])
    """
    return reduce(ops.max, a, axis, None, out, keepdims, initial, where)


def min(a, axis=None, out=None, keepdims=False, initial=NoValue, where=True):
    """Smallest element over axes; NaN wins. Parameters as of `sum`.

    Raises
    ------
    ValueError
        If there is no element and no `initial`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.min([[1, 5], [7, 2]], axis=1)
    tensor([1, 2])
    """
    return reduce(ops.min, a, axis, None, out, keepdims, initial, where)


def any(a, axis=None, out=None, keepdims=False, *, where=True):
    """Whether any element over axes is non-zero; parameters as of `sum`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.any([[0, 1], [0, 0]], axis=1)
    tensor([ True, False])
    """
    return reduce(ops.any, a, axis, None, out, keepdims, NoValue, where)


def all(a, axis=None, out=None, keepdims=False, *, where=True):
    """Whether all elements over axes are non-zero; parameters as of `sum`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.all([[1, 1], [0, 1]], axis=1)
    tensor([ True, False])
    """
    return reduce(ops.all, a, axis, None, out, keepdims, NoValue, where)


def cumsum(a, axis=None, dtype=None, out=None):
    """Running sum along an axis, over the flattened tensor by default.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.cumsum([1, 2, 3])
    tensor([1, 3, 6])
    """
    return accumulate(ops.cumsum, a, axis, dtype, out)


def cumprod(a, axis=None, dtype=None, out=None):
    """Running product along an axis, over the flattened tensor by default.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.cumprod([1, 2, 3])
    tensor([1, 2, 6])
    """
    return accumulate(ops.cumprod, a, axis, dtype, out)


cdef object argreduce(Op op, object a, object axis, object out, object keepdims):
    cdef Tensor x = a if isinstance(a, Tensor) else asarray(a)
    if axis is not None:
        try:
            axis = normalize_axis_index(axis, x.ndim_)
        except AxisError as error:
            raise AxisError(f"{op.name}: {error}") from None
    result = apply(op, (x,), (axis, bool(keepdims)))
    return result if out is None else write_out(op.name, result, out)


def argmax(a, axis=None, out=None, *, keepdims=False):
    """Index of the first largest element; NaN wins.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.argmax([3, 9, 9])
    tensor(1)
    """
    return argreduce(ops.argmax, a, axis, out, keepdims)


def argmin(a, axis=None, out=None, *, keepdims=False):
    """Index of the first smallest element; NaN wins.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.argmin([3, 1, 1])
    tensor(1)
    """
    return argreduce(ops.argmin, a, axis, out, keepdims)


# ------------------------------------------------------------------------------------------
# shapes
# ------------------------------------------------------------------------------------------

cdef Tensor reshape_to(Tensor x, tuple shape, object copy):
    cdef Py_ssize_t[MAX_DIMS] dims
    cdef Py_ssize_t known = 1, length
    cdef int i, ndim = len(shape), unknown = -1
    cdef Tensor result
    if ndim > MAX_DIMS:
        raise ValueError(f"reshape: expected at most {MAX_DIMS} dimensions, got {ndim}")
    for i in range(ndim):
        length = shape[i] if type(shape[i]) is int else integer(shape[i], "reshape")
        if length < 0:
            if unknown >= 0:
                raise ValueError("reshape: can only specify one unknown dimension, got "
                                 f"{shape}")
            unknown = i
        else:
            if length and known > x.size_ // length and known:
                known = -1  # more elements than there are
            known *= length
        dims[i] = length
    if unknown >= 0 and known > 0 and x.size_ % known == 0:
        dims[unknown] = x.size_ // known
        known = x.size_
    elif unknown >= 0 and known <= 0:
        known = -1
    if known != x.size_:
        raise ValueError(f"reshape: cannot reshape tensor of size {x.size_} into shape {shape}")
    result = reshaped(x, ndim, dims, "reshape")
    if result is None and copy is False:
        raise ValueError("reshape: a copy is needed, and copy=False forbids it")
    if copy:
        x = x.copy()
    return apply(ops.reshape, (x,), (tuple_of(dims, ndim),)) if result is None or copy \
        or x.tracked or x.base is not None or watched() else result


def reshape(a, /, shape, order="C", *, copy=None):
    """The same elements in another shape.

    Parameters
    ----------
    a : array_like
    shape : int or tuple of int
        One length may be -1: what is left for it.
    order : {'C', 'F', 'A'}, optional
        In which order elements are read and placed.
    copy : bool, optional
        True: always copy. False: never; None: only where strides cannot express it.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If the sizes differ, or `copy` is False and a copy is needed.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.reshape(tl.arange(6), (2, -1))
    tensor([[0, 1, 2],
            [3, 4, 5]])
    """
    cdef Tensor x = a if isinstance(a, Tensor) else asarray(a)
    cdef tuple lengths = shape if type(shape) is tuple else shape_of(shape, "reshape")
    if order == "A":
        order = "F" if _exchange.to_numpy(x).flags.fnc else "C"
    if order == "C":
        return reshape_to(x, lengths, copy)
    if order != "F":
        raise ValueError(f"reshape: order must be one of 'C', 'F', 'A', got {order!r}")
    return transpose(reshape_to(transpose(x), lengths[::-1], copy))


def reshape_method(Tensor self, *shape, order="C", copy=None):
    """The same elements in another shape, given as a tuple or as separate lengths."""
    if len(shape) == 1 and not isinstance(shape[0], int):
        shape = shape_of(shape[0], "reshape")
    if order == "C":
        return reshape_to(self, shape, copy)
    return reshape(self, shape, order, copy=copy)


def transpose(a, axes=None):
    """A view with the axes in another order, reversed by default.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.transpose(tl.zeros((2, 3, 4)), (1, 0, 2)).shape
    (3, 2, 4)
    """
    cdef Tensor x = a if isinstance(a, Tensor) else asarray(a)
    if axes is None:
        return apply(ops.transpose, (x,), (all_axes[x.ndim_][::-1],))
    if len(axes) != x.ndim_:
        raise ValueError(f"transpose: expected {x.ndim_} axes, got {tuple(axes)}")
    try:
        axes = normalize_axis_tuple(axes, x.ndim_)
    except AxisError as error:
        raise AxisError(f"transpose: {error}") from None
    except ValueError:
        raise ValueError(f"transpose: repeated axis in {tuple(axes)}") from None
    return apply(ops.transpose, (x,), (axes,))


def transpose_method(Tensor self, *axes):
    """A view with the axes in another order, given as a tuple or one by one."""
    if not axes or (len(axes) == 1 and axes[0] is None):
        return transpose(self)
    if len(axes) == 1 and not hasattr(axes[0], "__index__"):
        axes = tuple(axes[0])
    return transpose(self, axes)


def broadcast_to(array, shape, subok=False):
    """A view in which axes of length one are repeated.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.broadcast_to([1, 2], (2, 2))
    tensor([[1, 2],
            [1, 2]])
    """
    cdef tuple lengths = shape_of(shape, "broadcast_to")
    if len(lengths) > MAX_DIMS:
        raise ValueError(f"broadcast_to: expected at most {MAX_DIMS} dimensions, got {shape}")
    if np.any(np.less(lengths, 0)):
        raise ValueError(f"broadcast_to: all lengths must be non-negative, got {shape}")
    return apply(ops.broadcast_to, (asarray(array),), (lengths,))


def as_strided(x, shape=None, strides=None, offset=None):
    """A view of any shape and strides inside the tensor's storage.

    Parameters
    ----------
    x : Tensor
    shape : tuple of int, optional
    strides : tuple of int, optional
        In bytes.
    offset : int, optional
        Bytes from the start of the storage; that of `x` by default.

    Raises
    ------
    ValueError
        If an element would lie outside the storage.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.as_strided(tl.arange(4), (3, 2), (8, 8))
    tensor([[0, 1],
            [1, 2],
            [2, 3]])
    """
    cdef Tensor tensor = asarray(x)
    return apply(ops.as_strided, (tensor,), (
        tensor.shape if shape is None else shape_of(shape, "as_strided"),
        tensor.strides if strides is None else shape_of(strides, "as_strided"),
        tensor.data - tensor.storage.data if offset is None else integer(offset, "as_strided")))


# ------------------------------------------------------------------------------------------
# copies and creation
# ------------------------------------------------------------------------------------------

def astype(x, dtype, /, *, order="K", casting="unsafe", copy=True):
    """The elements as another dtype.

    Parameters
    ----------
    x : array_like
    dtype : dtype
    order : {'C', 'F', 'A', 'K'}, optional
        The memory layout of the result.
    casting : str, optional
        NumPy's rule of what may be lost.
    copy : bool, optional
        False: return `x` itself where nothing changes.

    Raises
    ------
    TypeError
        If `casting` forbids the cast.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.astype([1.7, 2.2], int)
    tensor([1, 2])
    """
    cdef Tensor tensor = x if isinstance(x, Tensor) else asarray(x)
    cdef int target = dtype_id(dtype, "astype")
    if casting != "unsafe" and not np.can_cast(tensor.dtype, dtype_object(target), casting):
        raise TypeError(f"astype: cannot cast from {tensor.dtype} to {dtype_object(target)} with "
                        f"casting rule {casting!r}")
    if target == tensor.dtype_:
        return tensor if not copy else apply(ops.copy, (tensor,), (order,))
    result = apply(ops.astype, (tensor,), (dtype_object(target),))
    return result if order in ("K", "A") else asarray(result, order=order)


def astype_method(Tensor self, dtype, order="K", casting="unsafe", subok=True, copy=True):
    """The elements as another dtype; parameters as of `astype`."""
    return astype(self, dtype, order=order, casting=casting, copy=copy)


def copy_method(Tensor self, order="C"):
    """A copy with storage of its own, in the given memory layout."""
    return apply(ops.copy, (self,), (order,))


def fill_method(Tensor self, value):
    """Set all elements to a scalar."""
    assign(self, value, "fill")


def array(object, dtype=None, *, copy=True, order="K", ndmin=0, device=None):
    """An array_like as a tensor, copied unless `copy` says otherwise.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.array([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    """
    result = asarray(object, dtype, order, device=device, copy=copy)
    if result.ndim < ndmin:
        result = result.reshape((1,) * (ndmin - result.ndim) + result.shape)
    return result


def empty(shape, dtype=None, order="C", *, device=None):
    """An uninitialised tensor.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.empty((2, 3)).shape
    (2, 3)
    """
    return new(shape, dtype, order, device, "empty")


def zeros(shape, dtype=None, order="C", *, device=None):
    """A tensor of zeros, of float64 by default.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.zeros(3)
    tensor([0., 0., 0.])
    """
    cdef Tensor result = new(shape, dtype, order, device, "zeros")
    clear(result)
    return result


cdef extern from "string.h":
    void *memset(void *s, int c, size_t n)


cdef void clear(Tensor x) noexcept:
    memset(x.data, 0, x.size_ * dtype_itemsize(x.dtype_))


def ones(shape, dtype=None, order="C", *, device=None):
    """A tensor of ones, of float64 by default.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.ones(3)
    tensor([1., 1., 1.])
    """
    result = new(shape, dtype, order, device, "ones")
    assign(result, 1, "ones")
    return result


def full(shape, fill_value, dtype=None, order="C", *, device=None):
    """A tensor in which all elements are `fill_value`, whose dtype is the default.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.full(2, 7)
    tensor([7, 7])
    """
    value = asarray(fill_value)
    result = new(shape, value.dtype if dtype is None else dtype, order, device, "full")
    assign(result, value, "full")
    return result


cdef Tensor like(object a, object dtype, object order, object shape, object device, str op):
    cdef Tensor x = a if isinstance(a, Tensor) else asarray(a)
    if dtype is None:
        dtype = x.dtype
    if order not in ("C", "F", "A", "K"):
        raise ValueError(f"{op}: order must be one of 'C', 'F', 'A', 'K', got {order!r}")
    if order == "A" or (order == "K" and x.ndim_ > 1 and not x.contiguous and shape is None):
        order = "F" if _exchange.to_numpy(x).flags.fnc else "C"
    elif order == "K":
        order = "C"
    return new(x.shape if shape is None else shape, dtype, order, device, op)


def empty_like(prototype, /, dtype=None, order="K", *, shape=None, device=None):
    """An uninitialised tensor of the shape and dtype of another.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.empty_like([[1, 2]]).shape
    (1, 2)
    """
    return like(prototype, dtype, order, shape, device, "empty_like")


def zeros_like(a, dtype=None, order="K", *, shape=None, device=None):
    """Zeros in the shape and dtype of another tensor.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.zeros_like([1.5, 2.5])
    tensor([0., 0.])
    """
    cdef Tensor result = like(a, dtype, order, shape, device, "zeros_like")
    clear(result)
    return result


def ones_like(a, dtype=None, order="K", *, shape=None, device=None):
    """Ones in the shape and dtype of another tensor.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.ones_like([1.5, 2.5])
    tensor([1., 1.])
    """
    result = like(a, dtype, order, shape, device, "ones_like")
    assign(result, 1, "ones_like")
    return result


def full_like(a, fill_value, dtype=None, order="K", *, shape=None, device=None):
    """One value in the shape and dtype of another tensor.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.full_like([1.5, 2.5], 3)
    tensor([3., 3.])
    """
    result = like(a, dtype, order, shape, device, "full_like")
    assign(result, fill_value, "full_like")
    return result


def arange(start, stop=None, step=1, dtype=None, *, device=None):
    """Evenly spaced numbers of a half-open interval.

    Parameters
    ----------
    start : number
        The first; with only one argument, that is `stop` and the first is 0.
    stop : number, optional
        The end, not included.
    step : number, optional
        The distance.
    dtype : dtype, optional
        That of the arguments by default.

    Returns
    -------
    Tensor

    Raises
    ------
    ZeroDivisionError
        If `step` is zero.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.arange(1, 10, 3)
    tensor([1, 4, 7])
    """
    if stop is None:
        start, stop = 0, start
    return asarray(np.arange(start, stop, step, dtype), device=device)


def sort(a, axis=-1, kind=None, *, stable=None):
    """A sorted copy; NaN comes last.

    Parameters
    ----------
    a : array_like
    axis : int or None, optional
        The axis to sort along; None flattens first.
    kind : {'quicksort', 'mergesort', 'heapsort', 'stable'}, optional
    stable : bool, optional
        Instead of `kind`: whether equal elements keep their order.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.sort([3, 1, 2])
    tensor([1, 2, 3])
    """
    x, axis, kind = sort_arguments("sort", a, axis, kind, stable)
    return apply(ops.sort, (x,), (axis, kind))


def argsort(a, axis=-1, kind=None, *, stable=None):
    """The indices that would sort; parameters as of `sort`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.argsort([3, 1, 2])
    tensor([1, 2, 0])
    """
    x, axis, kind = sort_arguments("argsort", a, axis, kind, stable)
    return apply(ops.argsort, (x,), (axis, kind))


cdef tuple sort_arguments(str op, object a, object axis, object kind, object stable):
    cdef Tensor x = a if isinstance(a, Tensor) else asarray(a)
    if kind is not None and stable is not None:
        raise ValueError(f"{op}: expected kind or stable, got both")
    if stable is not None:
        kind = "stable" if stable else "quicksort"
    if kind not in (None, "quicksort", "mergesort", "heapsort", "stable"):
        raise ValueError(f"{op}: kind must be one of 'quicksort', 'mergesort', 'heapsort', "
                         f"'stable', got {kind!r}")
    if axis is None or x.ndim_ == 0:
        x = x.reshape(-1)
        if axis not in (None, 0, -1):
            raise AxisError(f"{op}: axis {axis} is out of bounds for a 0-d tensor")
        axis = -1
    try:
        axis = normalize_axis_index(axis, x.ndim_)
    except AxisError as error:
        raise AxisError(f"{op}: {error}") from None
    return x, axis, kind


def backward_method(Tensor self, gradient=None, retain_graph=None, create_graph=False,
                    inputs=None):
    """Accumulate the gradients of this tensor into the leaves it was made from.

    Parameters
    ----------
    gradient : Tensor, optional
        The gradient of something with respect to this tensor; needed unless it has one element.
    retain_graph : bool, optional
        Keep the graph for another walk; `create_graph` by default.
    create_graph : bool, optional
        Record the walk, for higher derivatives.
    inputs : sequence of Tensor, optional
        Accumulate into these only.
    """
    from tensorlib.autograd import backward

    backward(self, gradient, retain_graph, create_graph, inputs)


_tensor.add_methods({
    "sum": sum, "prod": prod, "max": max, "min": min, "any": any, "all": all,
    "cumsum": cumsum, "cumprod": cumprod, "argmax": argmax, "argmin": argmin,
    "reshape": reshape_method, "transpose": transpose_method, "astype": astype_method,
    "copy": copy_method, "fill": fill_method, "argsort": argsort, "backward": backward_method,
})

for _name, _op in sorted(vars(ops).items()):
    if _op.kind in ("elementwise", "product"):
        globals()[_name] = Ufunc(_op)
del _name, _op
