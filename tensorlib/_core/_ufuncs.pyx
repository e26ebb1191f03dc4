"""The elementwise functions and products as objects that NumPy's users know: ufuncs."""

import inspect

from cpython.object cimport PyObject

from tensorlib._core._arrays cimport write_out
from tensorlib._core._dispatch cimport Op, apply, binary, elementwise, unary
from tensorlib._core._dtypes cimport dtype_id, dtype_object
from tensorlib._core._exchange cimport asarray
from tensorlib._core._folds cimport accumulate, reduce

import numpy as np

from tensorlib._core._arrays import zeros
from tensorlib._core._dispatch import Op as OpType
from tensorlib._core._dispatch import ops
from tensorlib._core._ufunc_docs import documentation
from tensorlib._core.ops import ACCUMULATIONS, REDUCTIONS

NoValue = np._NoValue
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


cdef Ufunc any_ufunc = Ufunc(ops.add)
use_vectorcall(Ufunc, <char *>&any_ufunc.vectorcall - <char *><void *>any_ufunc)


def call(Op op, tuple args, out=None, where=True, dtype=None, casting="same_kind", order="K",
         subok=True):
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


cdef object masked(Op op, tuple args, object out, object where, object dtype):
    """A call with a mask: computed everywhere, written where the mask holds."""
    cdef list results = []
    mask = asarray(where)
    if mask.dtype != np.bool_:
        raise TypeError(f"{op.name}: expected a mask of bool as where, got {mask.dtype}")
    values = elementwise(op, args, None, dtype)
    for k, value in enumerate(values if op.outputs > 1 else (values,)):
        try:
            shape = np.broadcast_shapes(value.shape, mask.shape)
        except ValueError:
            raise ValueError(f"{op.name}: the result of shape {value.shape} and where of shape "
                             f"{mask.shape} cannot be broadcast together") from None
        target = None if out is None else out[k]
        if target is None:
            # NumPy leaves the rest undefined; zeros are the same on each run.
            target = zeros(shape, value.dtype)
        elif target.shape != shape:
            raise ValueError(f"{op.name}: expected out of shape {shape}, got {target.shape}")
        results.append(write_out(op.name, apply(ops.where, (mask, value, target), ())
                                 .astype(target.dtype), target))
    return results[0] if op.outputs == 1 else tuple(results)
