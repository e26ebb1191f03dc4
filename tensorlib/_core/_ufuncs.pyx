"""The elementwise functions and products as objects that NumPy's users know: ufuncs."""

import inspect

from cpython.object cimport PyObject

from tensorlib._core._arrays cimport write_out
from tensorlib._core._dispatch cimport Op, apply, elementwise
from tensorlib._core._dtypes cimport dtype_id, dtype_object
from tensorlib._core._exchange cimport asarray
from tensorlib._core._folds cimport accumulate, reduce
from tensorlib._core._history cimport wrote
from tensorlib._core._operators cimport prepared, write_at
from tensorlib._core._short_ways cimport binary, ternary, unary
from tensorlib._core._tensor cimport Tensor, check_writeable

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from tensorlib._core._arrays import zeros
from tensorlib._core._dispatch import Op as OpType
from tensorlib._core._dispatch import ops
from tensorlib._core._shapes import broadcast_to
from tensorlib._core._ufunc_docs import documentation
from tensorlib._core.ops import ACCUMULATIONS, REDUCTIONS

NoValue = np._NoValue
# The keywords of a call, with their defaults.
COMMON = (("casting", "same_kind"), ("order", "K"), ("dtype", None), ("subok", True),
          ("signature", None))
ELEMENTWISE = (("where", True), *COMMON)
PRODUCT = (*COMMON, ("axes", NoValue), ("axis", NoValue), ("keepdims", False))
cdef dict reductions = {name: getattr(ops, op) for op, name, _ in REDUCTIONS}
cdef dict accumulations = {name: getattr(ops, op) for op, name, _ in ACCUMULATIONS}


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

    Examples
    --------
    >>> import tensorlib as tl
    >>> isinstance(tl.add, tl.ufunc), tl.add.nin
    (True, 2)
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
                       for n, d in (PRODUCT if op.kind == "product" else ELEMENTWISE)]
        vars(self).update({
            "__name__": op.name, "__qualname__": op.name, "__module__": "tensorlib",
            "__signature__": inspect.Signature(parameters),
        })

    @property
    def __doc__(self):
        """str: the documentation of the op."""
        return documentation(self.op, self.numpy_ufunc())

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

    def reduceat(self, array, indices, axis=0, dtype=None, out=None):
        """Fold the op over slices along an axis, each from one index to the next.

        Where the next index is not larger, the result is the element at the index; the last
        slice goes to the end.
        """
        self.check_binary("reduceat")
        x = asarray(array)
        starts = asarray(indices, np.intp)
        axis = normalize_axis_index(axis, x.ndim, f"{self.op.name}.reduceat")
        length = x.shape[axis]
        for start in starts.tolist():
            if not 0 <= start < length:
                raise IndexError(f"{self.op.name}.reduceat: index {start} out of bounds for axis "
                                 f"{axis} with size {length}")
        if not x.requires_grad:
            result = asarray(self.numpy_ufunc().reduceat(np.asarray(x), np.asarray(starts), axis,
                                                         dtype))
        else:
            before = (slice(None),) * axis
            bounds = starts.tolist() + [length]
            parts = [
                self.reduce(x[(*before, slice(start, max(stop, start + 1)))], axis, dtype,
                            keepdims=True)
                for start, stop in zip(bounds, bounds[1:])
            ]
            result = apply(ops.concatenate, tuple(parts), (axis,))
        return write_out(f"{self.op.name}.reduceat", out, result)

    def at(self, a, indices, b=NoValue, /):
        """Apply the op in place at the given indices, once for each time that one occurs."""
        name = f"{self.op.name}.at"
        if not isinstance(a, Tensor):
            raise TypeError(f"{name}: expected a Tensor to write to, got {type(a).__name__}")
        if self.op.outputs != 1 or self.op.kind == "product":
            raise ValueError(f"{name}: only defined for ops of one output, element by element")
        if (b is NoValue) != (self.nin == 1):
            raise ValueError(f"{name}: expected {self.nin} operands")
        check_writeable(a, name)
        operand = () if b is NoValue else (asarray(b),)
        index = indices if isinstance(indices, tuple) else (indices,)
        followed = a.requires_grad or operand and operand[0].requires_grad
        if followed or a.device != "cpu":
            if self.op.name not in ("add", "subtract"):
                if not followed:
                    raise NotImplementedError(f"{name}: no kernel for {a.device}; cpu() brings a "
                                              "tensor to where there is one")
                raise TypeError(f"{name}: a tensor requires a gradient, which only add.at and "
                                "subtract.at pass on; use detach()")
            if not np.can_cast(operand[0].dtype, a.dtype, "same_kind"):
                raise TypeError(f"{name}: cannot cast from {operand[0].dtype} to {a.dtype} "
                                "according to the rule 'same_kind'")
            value = operand[0] if self.op.name == "add" else -operand[0]
            sum = apply(ops.index_add, (a, value.astype(a.dtype)), (prepared(index),))
            a[...] = sum
        else:
            arrays = [np.asarray(x) if isinstance(x, Tensor) else x for x in index]
            self.numpy_ufunc().at(np.asarray(a), tuple(arrays), *map(np.asarray, operand))
            wrote(a, name)

    def resolve_dtypes(self, dtypes, *, signature=None, casting=None, reduction=False):
        """The dtypes that a call with these would compute in; as NumPy's method."""
        given = {"signature": signature, "casting": casting}
        given = {name: value for name, value in given.items() if value is not None}
        return self.numpy_ufunc().resolve_dtypes(dtypes, reduction=reduction, **given)

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
        if n == 3:
            return ternary(op, <object>args[0], <object>args[1], <object>args[2])
    positional = tuple([<object>args[i] for i in range(n)])
    if names == NULL:
        return call(op, positional)
    keywords = <tuple>names
    return call(op, positional,
                **{keywords[i]: <object>args[n + i] for i in range(len(keywords))})


cdef Ufunc any_ufunc = Ufunc(ops.add)
use_vectorcall(Ufunc, <char *>&any_ufunc.vectorcall - <char *><void *>any_ufunc)


def call(Op op, tuple args, out=None, **keywords):
    """A ufunc call with keywords."""
    cdef int nin = len(op.inputs)
    if len(args) > nin:
        if out is not None or len(args) > nin + op.outputs:
            raise TypeError(f"{op.name}: expected {nin} inputs and at most {op.outputs} outputs, "
                            f"got {len(args)} arguments")
        out = args[nin:] + (None,) * (nin + op.outputs - len(args))
        args = args[:nin]
    if len(args) != nin:
        raise TypeError(f"{op.name}: expected {nin} inputs, got {len(args)}")
    if out is Ellipsis:  # as NumPy: an array even where that has no axes, which tensors always are
        out = None
    if out is not None and not isinstance(out, tuple):
        if op.outputs > 1:
            raise TypeError(f"{op.name}: expected out as a tuple of {op.outputs}, got "
                            f"{type(out).__name__}")
        out = (out,)
    if out is not None and all_none(out):
        out = None
    return (product if op.kind == "product" else mapped)(op, args, out, **keywords)


cdef bint all_none(tuple values):
    for value in values:
        if value is not None:
            return False
    return True


def mapped(Op op, tuple args, object out, where=True, dtype=None, casting="same_kind", order="K",
           subok=True, signature=None):
    """The call of an elementwise function."""
    request = None
    if dtype is not None or signature is not None or casting != "same_kind":
        request = (wanted_dtypes(op, dtype, signature), casting)
    if order not in ("K", "C", "F", "A"):
        raise ValueError(f"{op.name}: order must be one of 'C', 'F', 'A', 'K', got {order!r}")
    if where is not True:
        return masked(op, args, out, where, request)
    if out is None and request is None:
        result = apply(op, args, ())
    else:
        result = elementwise(op, args, out, request)
    if order == "K" or out is not None:
        return result
    if op.outputs == 1:
        return result.copy(order)
    return tuple([each.copy(order) for each in result])


cdef tuple wanted_dtypes(Op op, dtype, signature):
    """What `dtype` or `signature` says of each operand."""
    cdef int count = len(op.inputs) + op.outputs
    cdef object wanted
    if signature is None:
        wanted = (None,) * len(op.inputs) + (dtype,) * op.outputs
    elif dtype is not None:
        raise TypeError(f"{op.name}: expected dtype or signature, got both")
    elif isinstance(signature, str):
        wanted = tuple(signature.replace("->", ""))
    else:
        wanted = tuple(signature)
    if len(wanted) == 1:
        wanted = (None,) * len(op.inputs) + wanted * op.outputs
    if len(wanted) != count:
        raise ValueError(f"{op.name}: expected a signature of {count} dtypes, got {signature!r}")
    return tuple([None if each is None else dtype_object(dtype_id(each, op.name))
                  for each in wanted])


cdef object masked(Op op, tuple args, object out, object where, tuple request):
    """A call with a mask: computed and written only where it holds."""
    cdef list operands = [], results = []
    mask = asarray(where)
    if mask.dtype != np.bool_:
        raise TypeError(f"{op.name}: expected a mask of bool as where, got {mask.dtype}")
    args = tuple([x if type(x) in (int, float, complex) else asarray(x) for x in args])
    arrays = [mask, *(x for x in args if isinstance(x, Tensor)),
              *(x for x in out or () if x is not None)]
    try:
        shape = np.broadcast_shapes(*[x.shape for x in arrays])
    except ValueError:
        shapes = " ".join([str(x.shape) for x in arrays])
        raise ValueError(f"{op.name}: operands, where and out could not be broadcast together "
                         f"with shapes {shapes}") from None
    selected = broadcast_to(mask, shape)
    operands = [broadcast_to(x, shape)[selected] if isinstance(x, Tensor) and x.ndim else x
                for x in args]
    values = elementwise(op, tuple(operands), None, request)
    for k, value in enumerate(values if op.outputs > 1 else (values,)):
        target = None if out is None else out[k]
        if target is None:
            # NumPy leaves the rest undefined; zeros are the same on each run.
            target = zeros(shape, value.dtype)
        else:
            check_target(op, target, shape, value.dtype, request)
        write_at(target, selected, value, op.name)
        results.append(target)
    return results[0] if op.outputs == 1 else tuple(results)


cdef int check_target(Op op, object target, tuple shape, object dtype, tuple request) except -1:
    casting = "same_kind" if request is None else request[1]
    if not isinstance(target, Tensor):
        raise TypeError(f"{op.name}: expected a Tensor as out, got {type(target).__name__}")
    if target.shape != shape:
        raise ValueError(f"{op.name}: expected out of shape {shape}, got {target.shape}")
    if not np.can_cast(dtype, target.dtype, casting):
        raise TypeError(f"{op.name}: cannot cast the result from {dtype} to {target.dtype} with "
                        f"casting rule {casting!r}")
    return 0


def product(Op op, tuple args, object out, dtype=None, casting="same_kind", order="K", subok=True,
            signature=None, axes=NoValue, axis=NoValue, keepdims=False):
    """The call of a product of vectors or matrices."""
    inputs = [asarray(a) for a in args]
    if dtype is not None or signature is not None:
        wanted = wanted_dtypes(op, dtype, signature)
        count = len(wanted)
        inputs = [x.astype(d or wanted[count - 1] or x.dtype, casting=casting)
                  for x, d in zip(inputs, wanted)]
    if axis is not NoValue:
        if op.name != "vecdot":
            raise TypeError(f"{op.name}: axis is for a product of vectors alone; use axes")
        axes = [(axis,), (axis,), (axis,) if keepdims else ()]
    elif keepdims and op.name != "vecdot":
        raise TypeError(f"{op.name}: keepdims is for a product of vectors alone")
    if axes is not NoValue:
        inputs = [moved(op, x, where, False) for x, where in zip(inputs, axes)]
    result = apply(op, tuple(inputs), ())
    if keepdims:
        result = result[..., np.newaxis]
    if axes is not NoValue and len(axes) > 2:
        result = moved(op, result, axes[2], True)
    if order in ("C", "F"):
        result = result.copy(order)
    return result if out is None else write_out(op.name, out[0], result)


cdef object moved(Op op, object x, object axes, bint back):
    """The core dimensions from where `axes` says to the end, or back from there."""
    if not isinstance(axes, tuple):
        axes = (axes,)
    places = [normalize_axis_index(a, x.ndim, op.name) for a in axes]
    rest = [i for i in range(x.ndim) if i not in places]
    order = rest + places
    if back:
        order = [order.index(i) for i in range(x.ndim)]
    return x.transpose(order)
