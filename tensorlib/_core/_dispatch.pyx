"""apply(): the one road from a call to a kernel.

Promote, broadcast, allocate, run the kernel, tell the recorder.
"""

import importlib
from types import SimpleNamespace

from libc.string cimport memcpy

from tensorlib._core._backend cimport backend_of, device_of
from tensorlib._core._copy cimport empty_like
from tensorlib._core._dtypes cimport TL_BFLOAT16, dtype_id, dtype_itemsize, dtype_object
from tensorlib._core._exchange cimport asarray
from tensorlib._core._history cimport bind, check_not_leaf, holds_history, wrote
from tensorlib._core._loops cimport (
    Loop,
    LoopTable,
    Walk,
    loop_done,
    run_elementwise,
    store_scalar,
    take_float_status,
    walk_prepare,
)
from tensorlib._core._recorder cimport step_in, step_out, watched
from tensorlib._core._reduce cimport accumulate, fold
from tensorlib._core._tape cimport any_tracked, grad_enabled, keeps_input, record
from tensorlib._core._tensor cimport (
    MAX_DIMS,
    Tensor,
    check_writeable,
    copy_into,
    may_share_memory,
    refuse_wrapped,
    tensor_alias,
    tensor_empty,
    tensor_empty_on,
    tuple_of,
)
from tensorlib._core._threads cimport ThreadPool, pool

import numpy as np

from tensorlib._core import _tape, _views
from tensorlib._core import ops as table
from tensorlib._core._recorder import innermost

ThreadPool.share(pool())

cdef enum:
    MAX_OPERANDS = 8


# ------------------------------------------------------------------------------------------
# ops
# ------------------------------------------------------------------------------------------

# How apply() runs a kind of op.
cdef enum:
    ELEMENTWISE, REDUCES, ACCUMULATES, CALLS
cdef dict ways = {"elementwise": ELEMENTWISE, "reduction": REDUCES, "accumulation": ACCUMULATES}


cdef class Op:
    def __init__(self, str name, str kind, tuple inputs, tuple params, int outputs, str doc):
        self.name = name
        self.kind = kind
        self.way = ways.get(kind, CALLS)
        self.doc = doc
        self.inputs = inputs
        self.params = params
        self.outputs = outputs
        self.anywhere = kind == "view" or name in table.ANYWHERE
        self.rule = _tape.declare(name, inputs, params, outputs)

    @property
    def differentiable(self):
        """bool or None: whether there is a gradient rule; None before one was given."""
        return _tape.has_rule(self.name)

    def __repr__(self):
        return f"<Op {self.name}>"


class LateKernel:
    """A kernel whose module is imported at its first call."""

    def __init__(self, op, path):
        self.op = op
        self.path = path

    def __call__(self, *arguments):
        module, _, function = self.path.partition(".")
        kernel = getattr(importlib.import_module("tensorlib._core." + module), function)
        (<Op>self.op).kernel = kernel
        return kernel(*arguments)


def find_ufunc(path):
    """NumPy's ufunc of a dotted path."""
    found = np
    for part in path.split(".")[1:]:
        found = getattr(found, part)
    return found


def elementwise_op(str name, ufunc, tuple inputs, int outputs, str doc):
    """An op that computes element by element.

    Parameters
    ----------
    name : str
    ufunc : numpy.ufunc or None
        Whose loops it has, NumPy's or another package's; None for the functor of its name.
    inputs : tuple of str
        Their names.
    outputs : int
        Their number.
    doc : str
        One sentence.

    Returns
    -------
    Op
    """
    cdef Op op = Op(name, "elementwise", inputs, (), outputs, doc)
    op.loops = LoopTable(name, ufunc, len(inputs), outputs)
    return op


def make_ops():
    """All ops, as a namespace."""
    cdef Op op
    found = {}
    for name, kernel, inputs, outputs, doc in table.ELEMENTWISE:
        ufunc = None if kernel == "functor" else find_ufunc(kernel)
        found[name] = elementwise_op(name, ufunc, inputs, outputs, doc)
    for name, _, inputs, doc in table.PRODUCTS:
        op = found[name] = Op(name, "product", inputs, (), 1, doc)
        op.kernel = LateKernel(op, "_product." + name)
    for name, binary, doc in table.REDUCTIONS:
        op = found[name] = Op(name, "reduction", ("x",), ("axis", "keepdims", "dtype"), 1, doc)
        op.loops = (<Op>found[binary]).loops
    for name, binary, doc in table.ACCUMULATIONS:
        op = found[name] = Op(name, "accumulation", ("x",), ("axis", "dtype"), 1, doc)
        op.loops = (<Op>found[binary]).loops
    for name, inputs, params, doc in table.VIEWS:
        op = found[name] = Op(name, "view", inputs, params, 1, doc)
        op.kernel = getattr(_views, name)
    for name, kernel, inputs, params, outputs, doc in table.STRUCTURED:
        op = found[name] = Op(name, "structured", inputs, params, outputs, doc)
        op.kernel = LateKernel(op, kernel)
    return SimpleNamespace(**found)


ops = make_ops()


# ------------------------------------------------------------------------------------------
# apply
# ------------------------------------------------------------------------------------------

cdef object tell_recorder(Op op, tuple inputs, tuple params):
    """Hand a call to the innermost recorder."""
    cdef object recorder = innermost(), result
    if recorder.wraps and op.way == ELEMENTWISE:
        inputs = tuple(as_tensors(op, inputs))
    step_out()
    try:
        result = recorder.apply(op, inputs, params)
    finally:
        step_in(recorder)
    # What the recorder passed on, the tape has recorded already.
    if recorder.wraps and recorder.taped and any_tracked(inputs) and not any_tracked(
            (result,) if isinstance(result, Tensor) else result):
        record(op.rule, inputs, params, result)
    return result


cdef bint tell_write(Tensor target, Tensor value, str name) except -1:
    """Hand a write to the innermost recorder; returns whether the target is its own."""
    cdef object recorder = step_out()
    try:
        return recorder.write(target, value, name)
    finally:
        step_in(recorder)


cdef list as_tensors(Op op, tuple inputs):
    """Inputs of an elementwise op, its scalars in the dtypes that they take there."""
    cdef list operands = as_operands(op, inputs)
    cdef Loop *loop = NULL
    for i in range(len(operands)):
        if not isinstance(operands[i], Tensor):
            if loop == NULL:
                loop = choose_loop(op, list(operands), None)
            operands[i] = weak_scalar(op, operands[i], loop.dtypes[i])
    return operands


cdef object watched_elementwise(Op op, tuple inputs, object out, tuple request):
    """An elementwise op with given outputs or dtypes, for a recorder: casts and writes apart."""
    from tensorlib._core._operators import assign
    cdef list tensors, operands = as_operands(op, inputs)
    cdef Loop *loop = choose_loop(op, operands, request)
    cdef Py_ssize_t[MAX_DIMS] shape
    cdef int ndim
    if request is not None:
        operands = [
            apply(ops.astype, (x,), (dtype_object(loop.dtypes[i]),)) if isinstance(x, Tensor)
            and (<Tensor>x).dtype_ != loop.dtypes[i] else x for i, x in enumerate(operands)]
    if out is not None:
        tensors = [x for x in operands if isinstance(x, Tensor)]
        ndim = broadcast_shape(op, tensors, shape)
        check_outputs(op, tensors, out, loop, ndim, shape,
                      "same_kind" if request is None else request[1])
        operands = [unwritten(op, x, out) for x in operands]
    result = tell_recorder(op, tuple(operands), ())
    if out is None:
        return result
    results = [result] if op.outputs == 1 else list(result)
    for k, target in enumerate(out):
        if target is not None:
            assign(target, results[k], op.name)
            results[k] = target
    return results[0] if op.outputs == 1 else tuple(results)


cdef object unwritten(Op op, object value, tuple out):
    """An input of a recorder's that writing into `out` leaves alone: its gradient may need it."""
    if isinstance(value, Tensor) and (<Tensor>value).wrapped is not None \
            and op.rule.differentiable:
        for target in out:
            if target is not None and may_share_memory(value, target):
                return apply(ops.copy, (value,), ("K",))
    return value


cpdef object apply(Op op, tuple inputs, tuple params=()):
    """Run an op.

    Parameters
    ----------
    op : Op
        One of `ops`.
    inputs : tuple of Tensor
        Elementwise ops also take Python scalars and what `asarray` takes.
    params : tuple
        In the order of the op's row, normalised.

    Returns
    -------
    Tensor or tuple of Tensor
    """
    cdef object result
    if watched():
        return tell_recorder(op, inputs, params)
    if op.way == ELEMENTWISE:
        return elementwise(op, inputs, None, None)
    result = run_kernel(op, inputs, params)
    if any_tracked(inputs):
        record(op.rule, inputs, params, result)
    return result


cdef unsigned long long bits_of(tuple axes) except? 0:
    """A set of axes as one bit each."""
    cdef unsigned long long bits = 0
    for axis in axes:
        bits |= <unsigned long long>1 << <int>axis
    return bits


cdef object run_kernel(Op op, tuple inputs, tuple params):
    cdef int device = 0
    for tensor in inputs:
        if (<Tensor>tensor).wrapped is not None:
            refuse_wrapped(tensor, op.name)
        if (<Tensor>tensor).storage.device != 0:
            device = (<Tensor>tensor).storage.device
    if device != 0 and not op.anywhere:
        device_of(op.name, inputs)
        return backend_of(device).run(op.name, inputs, params)
    if op.way == CALLS:
        return op.kernel(*inputs, *params) if params else op.kernel(*inputs)
    if op.way == REDUCES:
        return fold(op.loops, op.name, inputs[0], bits_of(params[0]), params[1],
                    dtype_id(params[2], op.name))
    return accumulate(op.loops, op.name, inputs[0], params[0], dtype_id(params[1], op.name))


# ------------------------------------------------------------------------------------------
# elementwise ops
# ------------------------------------------------------------------------------------------

cdef object refused(str name, object value):
    return TypeError(f"{name}: expected a tensor, an array_like or a number, got "
                     f"{type(value).__name__}")


cdef list as_operands(Op op, tuple inputs):
    """Inputs as tensors, or as scalars of Python that stay weak."""
    cdef list operands = []
    cdef bint weak = True
    if len(inputs) != len(op.inputs):
        raise TypeError(f"{op.name}: expected {len(op.inputs)} inputs, got {len(inputs)}")
    for value in inputs:
        if isinstance(value, Tensor):
            weak = False
        elif type(value) not in (int, float, complex):
            try:
                value = asarray(value)
            except (TypeError, ValueError) as error:
                raise refused(op.name, value) from error
            weak = False
        operands.append(value)
    # Without a tensor among them, scalars have NumPy's dtypes for them.
    return [asarray(value) for value in operands] if weak else operands


cdef bint has_bfloat16(list operands) noexcept:
    for value in operands:
        if isinstance(value, Tensor) and (<Tensor>value).dtype_ == TL_BFLOAT16:
            return True
    return False


cdef Loop *choose_loop(Op op, list operands, tuple request) except NULL:
    cdef Tensor tensor
    cdef int common = -1
    cdef list key
    if request is None:
        for value in operands:
            if not isinstance(value, Tensor):
                common = -2
                break
            tensor = value
            if common == -1:
                common = tensor.dtype_
            elif common != tensor.dtype_:
                common = -2
                break
        if common >= 0:
            return op.loops.same(common)
    key = [(<Tensor>value).dtype if isinstance(value, Tensor) else type(value)
           for value in operands]
    if has_bfloat16(operands):
        # NumPy has no weak scalars beside the dtypes of other packages.
        key = [dtype_object(TL_BFLOAT16) if kind is float or kind is int else kind for kind in key]
    return op.loops.resolve(tuple(key), request)


cdef Tensor weak_scalar(Op op, object value, int dtype):
    """A 0-d tensor of a Python scalar in the loop's dtype."""
    cdef Tensor tensor = tensor_empty(0, NULL, dtype, op.name)
    store_scalar(tensor.data, dtype, value)
    return tensor


cdef object compare_out_of_range(Op op, list operands):
    """A comparison with an int that the tensor's dtype cannot hold, so no element matters:
    NumPy's answer."""
    device = [v for v in operands if isinstance(v, Tensor)][0].device
    arrays = [np.zeros(v.shape, v.dtype) if isinstance(v, Tensor) else v for v in operands]
    return asarray(op.loops.ufunc(*arrays), None, None, device)


cdef object elementwise(Op op, tuple inputs, object out, tuple request):
    """Any elementwise op: weak scalars, mixed dtypes, broadcasting, any layout, `out`.

    `out` is None or a tuple with a Tensor or None for each output; `request` as of a LoopTable.
    """
    if watched():
        return watched_elementwise(op, inputs, out, request)
    cdef int nin = len(op.inputs), nout = op.outputs
    cdef list operands = as_operands(op, inputs)
    cdef Loop *loop = choose_loop(op, operands, request)
    cdef list originals, results = []
    cdef int ndim = 0, i, k, device = 0
    cdef Py_ssize_t[MAX_DIMS] shape
    cdef Tensor tensor, result
    cdef bint tracked
    try:
        for i in range(nin):
            if not isinstance(operands[i], Tensor):
                operands[i] = weak_scalar(op, operands[i], loop.dtypes[i])
            elif (<Tensor>operands[i]).wrapped is not None:
                refuse_wrapped(operands[i], op.name)
            elif (<Tensor>operands[i]).storage.device != 0:
                device = (<Tensor>operands[i]).storage.device
    except OverflowError:
        if op.name in ("less", "less_equal", "equal", "not_equal", "greater", "greater_equal"):
            return compare_out_of_range(op, operands)
        raise
    ndim = broadcast_shape(op, operands, shape)
    if device != 0 or out is not None:
        device = device_of(op.name, tuple(operands) + (out or ()))
    if out is not None:
        ndim = check_outputs(op, operands, out, loop, ndim, shape,
                             "same_kind" if request is None else request[1])
    originals = list(operands)
    tracked = any_tracked(tuple(originals)) or (out is not None and grad_enabled()
                                                and any_holds_history(out))
    if tracked and out is not None:
        for target in out:
            if target is not None:
                check_not_leaf(target, op.name)
        originals = [keep_value(op, originals, i, out) for i in range(nin)]
    for i in range(nin):
        tensor = operands[i]
        if tensor.dtype_ != loop.dtypes[i] and device == 0:
            result = empty_like(tensor, loop.dtypes[i], "K", op.name)
            copy_into(result, tensor)
            operands[i] = result
        elif out is not None:
            operands[i] = apart(tensor, out, ndim, shape)
    for k in range(nout):
        result = None if out is None else out[k]
        if result is None or result.dtype_ != loop.dtypes[nin + k]:
            result = empty_as(op, operands, ndim, shape, loop.dtypes[nin + k], device)
        results.append(result)
    if device == 0:
        run_strided(op, loop, operands, results, ndim, shape)
    else:
        backend_of(device).elementwise(op.name, loop.dtypes, operands, results, ndim, shape)
    if out is not None:
        for k in range(nout):
            if out[k] is not None:
                if out[k] is not results[k]:
                    copy_into(out[k], results[k])
                    results[k] = out[k]
                wrote(out[k], op.name)
    if tracked:
        record_results(op, tuple(originals), results, out)
    return results[0] if nout == 1 else tuple(results)


cdef bint any_holds_history(tuple out) except -1:
    for tensor in out:
        if tensor is not None and holds_history(tensor):
            return True
    return False


cdef int record_results(Op op, tuple inputs, list results, object out) except -1:
    """Record an op whose outputs may have been written into given tensors."""
    cdef list recorded = []
    cdef Tensor tensor
    for k, result in enumerate(results):
        tensor = result
        if out is not None and out[k] is not None:
            tensor = tensor_alias(tensor)
            tensor.node = None
            tensor.tracked = False
        recorded.append(tensor)
    if any_tracked(inputs):
        record(op.rule, inputs, (), recorded[0] if len(recorded) == 1 else recorded)
    for k, result in enumerate(results):
        if recorded[k] is not result:
            bind(result, recorded[k])
    return 0


cdef object keep_value(Op op, list inputs, int i, object out):
    """An input as the tape should see it: a copy where the gradient needs what is overwritten."""
    cdef Tensor tensor = inputs[i]
    cdef Tensor copied
    for target in out:
        if target is not None and may_share_memory(tensor, target) \
                and keeps_input(op.rule, tuple(inputs), i):
            copied = tensor_empty_on(tensor.storage.device, tensor.ndim_, tensor.shape_,
                                     tensor.dtype_, op.name)
            copy_into(copied, tensor)
            copied.node = tensor.node
            copied.output = tensor.output
            copied.tracked = tensor.tracked
            return copied
    return tensor


cdef int broadcast_shape(Op op, list operands, Py_ssize_t *shape) except -1:
    """The common shape of all operands; returns its number of axes."""
    cdef Tensor tensor
    cdef int ndim = 0, i, k
    for tensor in operands:
        ndim = max(ndim, tensor.ndim_)
    for i in range(ndim):
        shape[i] = 1
    for tensor in operands:
        for k in range(tensor.ndim_):
            i = ndim - tensor.ndim_ + k
            if shape[i] == 1:
                shape[i] = tensor.shape_[k]
            elif tensor.shape_[k] != 1 and tensor.shape_[k] != shape[i]:
                shapes = " ".join([str((<Tensor>t).shape) for t in operands])
                raise ValueError(f"{op.name}: operands could not be broadcast together with "
                                 f"shapes {shapes}")
    return ndim


cdef int check_outputs(Op op, list operands, tuple out, Loop *loop, int ndim, Py_ssize_t *shape,
                       str casting) except -1:
    """Check `out`, to whose shape operands are broadcast too; returns the number of axes."""
    cdef Tensor tensor
    cdef Py_ssize_t[MAX_DIMS] wider
    cdef int i, k
    if len(out) != op.outputs:
        raise ValueError(f"{op.name}: expected {op.outputs} entries in out, got {len(out)}")
    for k in range(op.outputs):
        if out[k] is None:
            continue
        if not isinstance(out[k], Tensor):
            raise TypeError(f"{op.name}: expected a Tensor as out, got {type(out[k]).__name__}")
        tensor = out[k]
        if tensor.shape != tuple_of(shape, ndim):
            try:
                i = broadcast_shape(op, operands + [tensor], wider)
            except ValueError:
                i = -1
            if i == tensor.ndim_ and tensor.shape == tuple_of(wider, i):
                ndim = i
                memcpy(shape, wider, ndim * sizeof(Py_ssize_t))
        if tensor.shape != tuple_of(shape, ndim):
            raise ValueError(f"{op.name}: non-broadcastable output operand with shape "
                             f"{tensor.shape} does not match the broadcast shape "
                             f"{tuple_of(shape, ndim)}")
        check_writeable(tensor, op.name)
        i = loop.dtypes[len(op.inputs) + k]
        if tensor.dtype_ != i and not np.can_cast(dtype_object(i), tensor.dtype, casting):
            raise TypeError(f"{op.name}: cannot cast the result from {dtype_object(i)} to "
                            f"{tensor.dtype} with casting rule {casting!r}")
    return ndim


cdef Tensor apart(Tensor tensor, tuple out, int ndim, const Py_ssize_t *shape):
    """An input that writing into `out` cannot change: itself where each element is read before
    it is written, else a copy."""
    cdef Tensor target, result
    cdef int i
    for entry in out:
        if entry is None:
            continue
        target = entry
        if not may_share_memory(tensor, target):
            continue
        if tensor.data == target.data and same_shape(tensor, target) and len(out) == 1:
            for i in range(tensor.ndim_):
                if tensor.strides_[i] != target.strides_[i] and tensor.shape_[i] > 1:
                    break
            else:
                continue
        result = tensor_empty_on(tensor.storage.device, tensor.ndim_, tensor.shape_, tensor.dtype_,
                                 "copy")
        copy_into(result, tensor)
        return result
    return tensor


cdef Tensor empty_as(Op op, list operands, int ndim, const Py_ssize_t *shape, int dtype,
                     int device=0):
    """An output in the memory order of the inputs (NumPy's order K)."""
    cdef Tensor tensor, result
    cdef int[MAX_DIMS] order
    cdef Py_ssize_t[MAX_DIMS] lengths
    cdef Py_ssize_t[MAX_DIMS] strides
    cdef Py_ssize_t stride
    cdef int i, j, axis
    for value in operands:
        tensor = value
        if tensor.ndim_ == ndim and not tensor.contiguous:
            break
        if tensor.contiguous and tensor.ndim_ == ndim and ndim > 1:
            return tensor_empty(ndim, shape, dtype, op.name)
    else:
        return tensor_empty_on(device, ndim, shape, dtype, op.name)
    for i in range(ndim):
        order[i] = i
    for i in range(1, ndim):
        j = i
        while j > 0 and abs(tensor.strides_[order[j - 1]]) < abs(tensor.strides_[order[j]]) \
                and tensor.strides_[order[j - 1]] != 0:
            order[j - 1], order[j] = order[j], order[j - 1]
            j -= 1
    for i in range(ndim):
        lengths[i] = shape[order[i]]
    result = tensor_empty_on(device, ndim, lengths, dtype, op.name)
    stride = dtype_itemsize(dtype)
    for i in range(ndim - 1, -1, -1):
        axis = order[i]
        result.shape_[axis] = shape[axis]
        strides[axis] = stride
        stride *= shape[axis] if shape[axis] > 1 else 1
    for i in range(ndim):
        result.strides_[i] = strides[i]
        if order[i] != i and shape[i] != 1:
            result.contiguous = result.size_ == 0 and device == 0
    return result


cdef int run_strided(Op op, Loop *loop, list inputs, list outputs, int ndim,
                     const Py_ssize_t *shape) except -1:
    """Run a loop over broadcast operands of any strides."""
    cdef Walk walk
    cdef char *pointers[MAX_OPERANDS]
    cdef Tensor tensor
    cdef Py_ssize_t size = 1
    cdef int k = 0, i, lead
    walk.ndim = ndim
    walk.operands = len(inputs) + len(outputs)
    for i in range(ndim):
        walk.shape[i] = shape[i]
        size *= shape[i]
    for tensors in (inputs, outputs):
        for value in tensors:
            tensor = value
            pointers[k] = tensor.data
            lead = ndim - tensor.ndim_
            for i in range(ndim):
                walk.strides[i][k] = 0 if i < lead or tensor.shape_[i - lead] == 1 \
                    else tensor.strides_[i - lead]
            k += 1
    if not walk_prepare(&walk):
        return 0
    take_float_status()
    run_elementwise(loop, &walk, pointers, size)
    return loop_done(op.name, op.name)
