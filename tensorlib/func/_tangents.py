"""How the derivative along a direction passes one op.

Three ways, in order: a linear op is applied to the tangents; an elementwise op multiplies by its
derivative, which its gradient rule does as well; and any other rule is transposed: a gradient
rule is linear in the gradient that it is given, so its own gradient is the forward derivative
(Townsend 2017, "A new trick for calculating Jacobian vector products").
"""

from types import SimpleNamespace

from tensorlib._core import _backward
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._dtypes import arithmetic_dtype_of
from tensorlib._core._functions import astype, broadcast_to, zeros_like
from tensorlib._core._gradients import fit, swapped
from tensorlib._core._recorder import lift
from tensorlib._core._tape import is_grad_enabled, rule_functions
from tensorlib._core._tensor import Tensor
from tensorlib._core._wrapping import offset_of
from tensorlib._core.device import device_number
from tensorlib.autograd._mode import enable_grad
from tensorlib.autograd.function import of_outputs

# Linear in all inputs together.
LINEAR = {
    "advanced_index", "astype", "concatenate", "copy", "cumsum", "fft", "ifft", "index_add",
    "index_put", "irfft", "rfft", "sum", "to_device", "view_read", "view_write",
}  # fmt: skip
# Linear in each input alone.
MULTILINEAR = {
    "conv", "conv_input", "conv_weight", "matmul", "matvec", "multiply", "vecdot", "vecmat",
}  # fmt: skip


def push(op, inputs, tangents, params, outputs):
    """The tangents of an op's outputs.

    Parameters
    ----------
    op : Op
    inputs : tuple of Tensor
    tangents : list of (Tensor or None)
        Of each input; not all None.
    params : tuple
    outputs : tuple of Tensor
        What the op answered.

    Returns
    -------
    list of (Tensor or None)
        Of each output; None where it has no derivative.
    """
    if op.name == "as_strided":
        found = _strided(inputs[0], tangents[0], params)
        if found is not None:
            return [found]
    elif op.kind == "view" or op.name in LINEAR:
        given = [zeros_like(x) if t is None else t for x, t in zip(inputs, tangents, strict=True)]
        return [apply(op, tuple(given), params)]
    if op.name in MULTILINEAR:
        places = [i for i, t in enumerate(tangents) if t is not None]
        return [total([
            apply(op, (*inputs[:i], tangents[i], *inputs[i + 1 :]), params) for i in places
        ])]  # fmt: skip
    if op.name == "linear":
        return [_affine(inputs, tangents, outputs[0])]
    variadic, functions = rule_functions(op.name)
    if not functions:
        return [None] * len(outputs)
    pull = _pullback(inputs, tangents, params, outputs, variadic, functions)
    if (
        op.kind == "elementwise"
        and len(outputs) == 1
        and all(x.dtype.kind != "c" for x in (*inputs, *outputs))
    ):
        return [_multiplied(pull, inputs, tangents, outputs[0])]
    return _transposed(op, pull, inputs, tangents, outputs)


def _strided(x, tangent, params):
    """The tangent of an as_strided view, which speaks of memory; None where that differs."""
    shape, strides, offset = params
    if not same_layout(tangent, x):
        return None
    return apply(ops.as_strided, (tangent,),
                 (shape, strides, offset - offset_of(x) + offset_of(tangent)))  # fmt: skip


def _affine(inputs, tangents, output):
    """The tangent of ``x @ weight.T + bias``."""
    (x, weight, _), (dx, d_weight, d_bias) = inputs, tangents
    parts = [] if dx is None else [dx @ swapped(weight)]
    if d_weight is not None:
        parts.append(x @ swapped(d_weight))
    if d_bias is not None:
        parts.append(broadcast_to(d_bias, output.shape))
    return astype(total(parts), arithmetic_dtype_of(output.dtype), copy=False)


def same_layout(a, b):
    """Whether the elements of two tensors of one shape lie alike in memory."""
    return all(n <= 1 or i == j for n, i, j in zip(a.shape, a.strides, b.strides, strict=True))


def total(parts):
    """The sum of one or more tensors."""
    result = parts[0]
    for part in parts[1:]:
        result = result + part
    return result


def _pullback(inputs, tangents, params, outputs, variadic, functions):
    """The gradient rule as a function of the gradient, or of one for each input, and of a number:
    what the rule gives for the inputs that have tangents; None for the others.
    """

    def value(kind, i):
        if kind == "shapes":
            return tuple([x.shape for x in inputs])
        if kind == "wanted":
            return tuple([t is not None for t in tangents])
        if kind == "into":
            return None
        if kind in ("input", "output", "param"):
            return {"input": inputs, "output": outputs, "param": params}[kind][i]
        return offset_of(inputs[i]) if kind == "offset" else getattr(inputs[i], kind)

    def pull(gradients):
        if variadic:
            function, sources = functions[0]
            found = function(gradients(0), *[value(kind, k) for kind, k in sources])
            return [None if t is None else g for g, t in zip(found, tangents, strict=True)]
        return [
            None if entry is None or tangent is None
            else entry[0](gradients(i), *[value(kind, k) for kind, k in entry[1]])
            for i, (entry, tangent) in enumerate(zip(functions, tangents, strict=True))
        ]  # fmt: skip

    return pull


def _multiplied(pull, inputs, tangents, output):
    """The tangent of an elementwise op: each input's times the derivative by it."""

    def aligned(i):
        tangent = astype(tangents[i], arithmetic_dtype_of(output.dtype), copy=False)
        lead = output.ndim - tangent.ndim
        return tangent.reshape((1,) * lead + tangent.shape) if lead else tangent

    parts = [part for part in pull(aligned) if part is not None]
    if not parts:
        return None
    result = total(parts)
    if result.shape != output.shape:
        result = broadcast_to(result, output.shape)
    return astype(result, arithmetic_dtype_of(output.dtype), copy=False)


def _transposed(op, pull, inputs, tangents, outputs):
    """The tangents by a gradient rule's own gradient."""
    differentiable = [x.dtype.kind in "fVc" for x in outputs]
    node = SimpleNamespace(name=op.name, where="a forward derivative")
    record = is_grad_enabled()
    with enable_grad():
        zeros = [zeros_like(x.detach(), arithmetic_dtype_of(x.dtype)) for x in outputs]
        cotangents = [
            lift(x).requires_grad_() if d else x for x, d in zip(zeros, differentiable, strict=True)
        ]
        given = cotangents[0] if op.outputs == 1 else tuple(cotangents)
        pulled, seeds = [], []
        for x, tangent, gradient in zip(inputs, tangents, pull(lambda i: given), strict=True):
            if gradient is None:
                continue
            here = device_number(x.device, op.name)
            gradient = fit(gradient, x.shape, x.dtype, here, node)
            if gradient.requires_grad:
                pulled.append(gradient)
                seeds.append(tangent)
        if not pulled:
            return [None] * len(outputs)
        wanted = tuple([x for x, d in zip(cotangents, differentiable, strict=True) if d])
        follow = record and any(
            x.requires_grad or _backward.followed_outside(x)
            for x in (*inputs, *seeds) if isinstance(x, Tensor)
        )  # fmt: skip
        found = iter(_backward.backward(tuple(pulled), tuple(seeds), wanted, False, follow, False))
    return [next(found) if d else None for d in differentiable]


def push_function(function, context, inputs, tangents, outputs):
    """The tangents of the outputs of a `Function`: by its ``jvp``, else by its ``backward``."""
    context.needs_input_grad = tuple([t is not None for t in tangents])
    context._saved = context._to_save
    if function.overrides("jvp"):
        found = function.jvp(context, *tangents)
        found = list(found) if isinstance(found, tuple) else [found]
    else:
        found = _transposed_function(function, context, inputs, tangents, outputs)
    context._saved = None
    constant = context._non_differentiable
    return [
        None if any(x is y for y in constant) else t for x, t in zip(outputs, found, strict=True)
    ]


def _transposed_function(function, context, inputs, tangents, outputs):
    places = [i for i, x in enumerate(outputs) if isinstance(x, Tensor)]

    def pull(gradients):
        found = function.backward(context, *of_outputs(gradients(0), places, len(outputs)))
        found = found if isinstance(found, tuple) else (found,)
        return [None if t is None else g for g, t in zip(found, tangents, strict=True)]

    op = SimpleNamespace(name=function.__name__, outputs=len(places))
    made = _transposed(op, pull, inputs, tangents, [outputs[i] for i in places])
    result = [None] * len(outputs)
    for i, tangent in zip(places, made, strict=True):
        result[i] = tangent
    return result
