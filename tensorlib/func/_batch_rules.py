"""How each op runs on a batch: its elements lie along the first axis.

``batched_op`` turns a call for one element into a call for all. An op without a rule of its own is
run once for each element.
"""

import math

import numpy as np

from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import (
    arange,
    asarray,
    broadcast_to,
    ones,
    reshape,
    transpose,
    where,
    zeros,
)
from tensorlib._core._gradients import swapped
from tensorlib._core._tensor import Tensor
from tensorlib._joining import concatenate


def batched_op(batch, op, inputs, values, params):
    """Run an op for all elements of a batch.

    Parameters
    ----------
    batch : Batching
    op : Op
    inputs : tuple of Tensor
        As one element sees them.
    values : list of (Tensor or None)
        The whole batch of each input; None where it is the same for all.
    params : tuple

    Returns
    -------
    Tensor or tuple of Tensor
        With the batch along the first axis.
    """
    if batch.size == 0 and op.name in BY_BATCH:
        return nothing(op, inputs, params)
    rule = RULES.get(op.name) or KINDS.get(op.kind, one_by_one)
    return rule(batch, op, inputs, values, params)


def nothing(op, inputs, params):
    """The results for a batch of no elements: of the shapes that those of one would have."""
    given = tuple([ones(x.shape, dtype=x.dtype, device=x.device) for x in inputs])
    found = apply(op, given, params)
    if isinstance(found, Tensor):
        return zeros((0, *found.shape), dtype=found.dtype, device=found.device)
    return tuple([zeros((0, *x.shape), dtype=x.dtype, device=x.device) for x in found])


def one_by_one(batch, op, inputs, values, params):
    """The op for each element, and the results stacked."""
    if batch.size == 0:
        raise ValueError(f"vmap: {op.name} has no rule for a batch of no elements")
    results = []
    for i in range(batch.size):
        given = tuple([x if v is None else v[i] for x, v in zip(inputs, values, strict=True)])
        results.append(apply(op, given, params))
    if isinstance(results[0], Tensor):
        return stacked(results)
    return tuple([stacked(parts) for parts in zip(*results, strict=True)])


def stacked(parts):
    shapes = sorted({x.shape for x in parts})
    if len(shapes) > 1:
        raise RuntimeError(
            "vmap: expected results of one shape for all elements of the batch, got shapes "
            f"{', '.join(map(str, shapes))}"
        )
    return concatenate([x[None] for x in parts], axis=0)


# -- by kind ---------------------------------------------------------------------------------


def broadcasting(batch, op, inputs, values, params):
    """An op whose inputs are broadcast: elements, or stacks of matrices of as many axes."""
    rank = max([x.ndim for x in inputs])
    given = []
    for x, v in zip(inputs, values, strict=True):
        if v is not None and x.ndim < rank:
            v = reshape(v, (batch.size,) + (1,) * (rank - x.ndim) + x.shape)
        given.append(x if v is None else v)
    return apply(op, tuple(given), params)


def reduction(batch, op, inputs, values, params):
    axis, *others = params
    return apply(op, tuple(values), (tuple([i + 1 for i in axis]), *others))


def along_axis(batch, op, inputs, values, params):
    """An op of one input whose first parameter is an axis."""
    axis, *others = params
    return apply(op, tuple(values), (axis % max(inputs[0].ndim, 1) + 1, *others))


def all_along_axis(batch, op, inputs, values, params):
    """An op of several inputs of one shape."""
    axis, *others = params
    given = [batch.full(x) if v is None else v for x, v in zip(inputs, values, strict=True)]
    return apply(op, tuple(given), (axis + 1, *others))


def product(batch, op, inputs, values, params):
    first, second = inputs
    if values[1] is None and second.ndim == 2 and op.name == "matmul" and first.ndim:
        return apply(op, (values[0], second), ())
    # Vectors become matrices of one row or one column, which the result has no more.
    vectors = [
        op.name in ("vecmat", "vecdot") or first.ndim == 1 and op.name == "matmul",
        op.name in ("matvec", "vecdot") or second.ndim == 1 and op.name == "matmul",
    ]
    if op.name != "matmul":
        return apply(op, aligned_stacks(inputs, values, vectors), ())
    given = []
    for place, (x, v) in enumerate(zip(inputs, values, strict=True)):
        x = x if v is None else v
        given.append(x if not vectors[place] else x[..., None, :] if place == 0 else x[..., None])
    rank = max(x.ndim - (v is not None) for x, v in zip(given, values, strict=True))
    given = [
        x if v is None else reshape(x, x.shape[:1] + (1,) * (rank + 1 - x.ndim) + x.shape[1:])
        for x, v in zip(given, values, strict=True)
    ]
    result = apply(op, tuple(given), ())
    if vectors[0]:
        result = result[..., 0, :]
    return result[..., 0] if vectors[1] else result


def affine(batch, op, inputs, values, params):
    """Rows of the batch are more rows; weights of its own make a stack of products."""
    x, weight, bias = (x if v is None else v for x, v in zip(inputs, values, strict=True))
    if values[1] is None and values[2] is None:
        return apply(op, (x, weight, bias), params)
    *lead, features = inputs[0].shape
    rows = (*x.shape[: x.ndim - inputs[0].ndim], math.prod(lead), features)
    found = apply(ops.matmul, (reshape(x, rows), swapped(weight)))
    found = found + (bias if values[2] is None else bias[:, None])
    return reshape(found, (batch.size, *lead, found.shape[-1]))


def aligned_stacks(inputs, values, vectors):
    """Operands of a product of vectors, with as many axes in their stacks."""
    stack = max(x.ndim - 2 + v for x, v in zip(inputs, vectors, strict=True))
    found = []
    for x, v, vector in zip(inputs, values, vectors, strict=True):
        missing = stack - (x.ndim - 2 + vector)
        if v is not None and missing:
            v = reshape(v, v.shape[:1] + (1,) * missing + v.shape[1:])
        found.append(x if v is None else v)
    return tuple(found)


# -- views -----------------------------------------------------------------------------------


def as_strided(batch, op, inputs, values, params):
    shape, strides, offset = params
    (x,) = values
    return apply(op, (x,), ((batch.size, *shape), (x.strides[0], *strides), offset))


def basic_index(batch, op, inputs, values, params):
    return apply(op, tuple(values), ((slice(None), *params[0]),))


def broadcast(batch, op, inputs, values, params):
    (shape,) = params
    (x,) = values
    x = reshape(x, (batch.size,) + (1,) * (len(shape) - inputs[0].ndim) + inputs[0].shape)
    return apply(op, (x,), ((batch.size, *shape),))


def diagonal(batch, op, inputs, values, params):
    offset, axis1, axis2 = params
    rank = inputs[0].ndim
    return apply(op, tuple(values), (offset, axis1 % rank + 1, axis2 % rank + 1))


def same(batch, op, inputs, values, params):
    """An op that leaves axes in front alone."""
    return apply(op, tuple(values), params)


def reshaped(batch, op, inputs, values, params):
    return apply(op, tuple(values), ((batch.size, *params[0]),))


def transposed(batch, op, inputs, values, params):
    return apply(op, tuple(values), ((0, *[i + 1 for i in params[0]]),))


# -- structured ------------------------------------------------------------------------------


def argument(batch, op, inputs, values, params):
    """argmax and argmin, whose axis may be None."""
    axis, keepdims = params
    (x,) = values
    if axis is not None:
        return apply(op, (x,), (axis % inputs[0].ndim + 1, keepdims))
    found = apply(op, (reshape(x, (batch.size, inputs[0].size)),), (1, False))
    return reshape(found, (batch.size,) + (1,) * inputs[0].ndim) if keepdims else found


def joined(batch, op, inputs, values, params):
    (axis,) = params
    given = tuple([batch.full(x) for x in inputs])
    return apply(op, given, (axis % inputs[0].ndim + 1,))


def fourier(batch, op, inputs, values, params):
    n, axis, *others = params
    return apply(op, tuple(values), (n, axis % inputs[0].ndim + 1, *others))


def merged(x, axis):
    """The batch as a part of an axis of the elements."""
    x = transpose(x, (*range(1, axis + 1), 0, *range(axis + 1, x.ndim)))
    return reshape(x, (*x.shape[:axis], x.shape[axis] * x.shape[axis + 1], *x.shape[axis + 2 :]))


def split_off(x, axis, size):
    """The inverse of `merged`."""
    x = reshape(x, (*x.shape[:axis], size, x.shape[axis] // max(size, 1), *x.shape[axis + 1 :]))
    return transpose(x, (axis, *range(axis), *range(axis + 1, x.ndim)))


def convolved(batch, op, inputs, values, params):
    """Images of the batch are more images; filters of the batch are more groups."""
    *geometry, groups = params
    if values[1] is None:
        return split_off(apply(op, (merged(values[0], 0), inputs[1]), params), 0, batch.size)
    x, weight = batch.full(inputs[0]), values[1]
    found = apply(op, (merged(x, 1), merged(weight, 0)), (*geometry, groups * batch.size))
    return split_off(found, 1, batch.size)


def convolved_input(batch, op, inputs, values, params):
    shape, *geometry, groups = params
    if values[1] is None:
        many = (shape[0] * batch.size, *shape[1:])
        found = apply(op, (merged(values[0], 0), inputs[1]), (many, *geometry, groups))
        return split_off(found, 0, batch.size)
    g, weight = batch.full(inputs[0]), values[1]
    wide = (shape[0], shape[1] * batch.size, *shape[2:])
    found = apply(op, (merged(g, 1), merged(weight, 0)), (wide, *geometry, groups * batch.size))
    return split_off(found, 1, batch.size)


def convolved_weight(batch, op, inputs, values, params):
    shape, *geometry, groups = params
    x, g = (batch.full(x) for x in inputs)
    many = (shape[0] * batch.size, *shape[1:])
    found = apply(op, (merged(x, 1), merged(g, 1)), (many, *geometry, groups * batch.size))
    return split_off(found, 0, batch.size)


def pooled(batch, op, inputs, values, params):
    found = apply(op, (merged(values[0], 0),), params)
    return tuple([split_off(x, 0, batch.size) for x in found])


def likelihood(batch, op, inputs, values, params):
    """A sum over the elements for the places of one, by the weight of each class there: zero but
    for the true one."""
    backward = op.name == "nll_loss_backward"
    shape = params[0] if backward else inputs[0].shape
    weight, ignored, mean = params[1:] if backward else params[:3]
    first, target, *totals = [batch.full(x) for x in inputs]
    axis = min(len(shape) - 1, 1) + 1
    axes, after = tuple(range(1, len(shape) + 1)), (1,) * (len(shape) - axis)
    target = reshape(target, (*target.shape[:axis], 1, *target.shape[axis:]))
    classes = reshape(arange(shape[axis - 1], device=target.device), (-1, *after))
    weight = 1.0 if weight is None else reshape(weight, (-1, *after))
    true = (target == classes) & (target != ignored)
    if backward:
        slope = reshape(-first / totals[0] if mean else -first, (-1,) + (1,) * len(shape))
        return where(true, slope * weight, 0.0).astype(first.dtype)
    counted = where(true, ones((), dtype=first.dtype, device=first.device) * weight, 0.0)
    loss, total = -where(true, first * weight, 0.0).sum(axes), counted.sum(axes)
    loss = loss / total if mean else loss
    return loss, total.astype("float32" if first.dtype.itemsize == 2 else first.dtype)


def normalized(batch, op, inputs, values, params):
    """Images have the axes (batch, stack, group, channel, place), and each stack and group has its
    statistics: the batch makes more stacks; or more groups, which have weights of their own."""
    weights = [x.ndim == 3 for x in inputs]
    as_groups = op.name == "normalize_weight" or any(
        v is not None and weight for v, weight in zip(values, weights, strict=True)
    )
    given = []
    for x, weight in zip(inputs, weights, strict=True):
        axis = 0 if weight else 2 if as_groups else 1
        given.append(merged(batch.full(x), axis) if as_groups or not weight else x)
    found = apply(op, tuple(given), params)
    if op.name == "normalize_weight":
        return split_off(found, 0, batch.size)
    axis = 2 if as_groups else 1
    if op.name == "normalize_input":
        return split_off(found, axis, batch.size)
    return tuple([split_off(x, axis, batch.size) for x in found])


def attended(batch, op, inputs, values, params):
    """Stacks of matrices; and a mask that broadcasts against the scores, or has no axes."""
    place = op.inputs.index("mask")
    query, mask, masks = inputs[op.inputs.index("query")], inputs[place], values[place]
    given = [
        broadcast_to(x, (batch.size, *x.shape)) if v is None else v
        for x, v in zip(inputs, values, strict=True)
    ]
    if mask.ndim == 0:
        given[place] = mask if masks is None else masks[0]
    elif masks is None:
        given[place] = mask
    else:
        lead = query.ndim - (masks.ndim - 1)
        given[place] = reshape(masks, masks.shape[:1] + (1,) * lead + masks.shape[1:])
    return apply(op, tuple(given), params)


def recurrent(batch, op, inputs, values, params):
    """Rows of one step after another: each of a step's rows becomes one for each element, so that
    those that end early are the last ones still. With weights of their own, one by one."""
    sizes, *others = params
    shared = [name in ("weight", "bias") for name in op.inputs]
    if any(v is not None and alike for v, alike in zip(values, shared, strict=True)):
        return one_by_one(batch, op, inputs, values, params)
    given = [
        x if alike else rows_together(batch.full(x) if v is None else v)
        for x, v, alike in zip(inputs, values, shared, strict=True)
    ]
    found = apply(op, tuple(given), (tuple([n * batch.size for n in sizes]), *others))
    return tuple([
        transpose(reshape(x, (-1, batch.size, x.shape[1])), (1, 0, 2)) for x in found
    ])  # fmt: skip


def rows_together(x):
    return reshape(transpose(x, (1, 0, 2)), (-1, x.shape[2]))


def data_dependent(batch, op, inputs, values, params):
    raise RuntimeError(
        f"vmap: the shape of the result of {op.name} would depend on the elements of the batch"
    )


# -- indexing --------------------------------------------------------------------------------


class Index:
    """An index with arrays, of one element of the batch, as an index of the whole batch.

    ``entries`` is the index of the whole. In what it gives, the batch is at axis ``batch_axis``.
    Where that is 0, the axes of the arrays come next, and belong behind as many other axes as
    ``behind`` says.
    """

    def __init__(self, batch, shape, index):
        self.size = batch.size
        self.result = _result_shape(shape, index, batch)
        places = [i for i, entry in enumerate(index) if isinstance(entry, Tensor)]
        values = [batch.value(index[i]) for i in places]
        if any(v is not None and v.dtype.kind == "b" for v in values):
            raise RuntimeError("vmap: an index of bools would give results of different shapes")
        # Integers beside arrays count as arrays, so they are made ones.
        self.arrays = max((_index_rank(index[i]) for i in places), default=0)
        self.before, self.separated = _position(index, len(shape))
        if all(v is None for v in values):
            self.entries = (slice(None), *index)
            self.batch_axis = self.arrays if self.separated and places else 0
            self.behind = 0
            return
        entries = list(index)
        for i, v in zip(places, values, strict=True):
            if v is not None:
                pad = (1,) * (self.arrays - (v.ndim - 1))
                entries[i] = reshape(v, v.shape[:1] + pad + v.shape[1:])
        device = next(v.device for v in values if v is not None)
        first = reshape(arange(self.size, device=device), (self.size,) + (1,) * self.arrays)
        self.entries = (first, *entries)
        self.batch_axis = 0
        self.behind = 0 if self.separated else self.before

    def restore(self, found):
        """A result of the whole batch with its axes in order."""
        order = self.order(found.ndim)
        return transpose(found, order) if order != tuple(range(found.ndim)) else found

    def lay(self, value):
        """A value for the whole batch, with its axes in order, as the index wants it."""
        order = self.order(value.ndim)
        inverse = sorted(range(value.ndim), key=order.__getitem__)
        return transpose(value, tuple(inverse))

    def order(self, ndim):
        if self.batch_axis:
            return (self.batch_axis, *(i for i in range(ndim) if i != self.batch_axis))
        arrays = range(1, 1 + self.arrays)
        others = range(1 + self.arrays, ndim)
        if not self.behind:
            return tuple(range(ndim))
        return (0, *others[: self.behind], *arrays, *others[self.behind :])


def _index_rank(entry):
    return 1 if entry.dtype.kind == "b" else entry.ndim


def _result_shape(shape, index, batch):
    """The shape of one element's result."""
    known = []
    for entry in index:
        if isinstance(entry, Tensor):
            v = batch.value(entry)
            if v is not None or (entry.device != "cpu" and entry.dtype.kind != "b"):
                known.append(np.zeros(entry.shape, np.intp))  # the numbers do not matter
            else:
                known.append(np.asarray(entry.detach().cpu()))
        else:
            known.append(entry)
    return np.broadcast_to(np.empty((), bool), shape)[tuple(known)].shape


def _position(index, ndim):
    """How many axes of a result lie before those of the arrays; whether arrays are separated."""
    used = sum(
        entry.ndim if isinstance(entry, Tensor) and entry.dtype.kind == "b" else 1
        for entry in index
        if entry is not None and entry is not Ellipsis
    )
    before, axis, groups, inside = 0, 0, 0, False
    for entry in index:
        is_array = isinstance(entry, (Tensor, int))
        if is_array and not inside:
            groups += 1
            if groups == 1:
                before = axis
        inside = is_array
        if entry is Ellipsis:
            axis += ndim - used
            inside = False
        elif not is_array:
            axis += 1
    return before, groups > 1


def picked(batch, op, inputs, values, params):
    (x,) = inputs
    index = Index(batch, x.shape, params[0])
    return index.restore(apply(op, (batch.full(x),), (index.entries,)))


def masked(batch, op, inputs, values, params):
    """A write of the same value wherever a mask of the batch holds; None for other indices."""
    x, value = inputs
    mask, *rest = [entry for entry in params[0] if entry is not Ellipsis] or [None]
    if rest or not isinstance(mask, Tensor) or mask.dtype.kind != "b" or batch.value(mask) is None:
        return None
    behind = x.ndim - mask.ndim
    if value.ndim > behind + 1 or value.ndim == behind + 1 and value.shape[0] != 1:
        return None
    if value.ndim == behind + 1:
        value = value[0] if values[1] is None else value
        values = [values[0], None if values[1] is None else values[1][:, 0]]
    if values[1] is not None:
        lead = x.ndim - (values[1].ndim - 1)
        value = reshape(values[1], (batch.size,) + (1,) * lead + values[1].shape[1:])
    mask = batch.value(mask)
    mask = reshape(mask, mask.shape + (1,) * behind)
    whole = batch.full(x)
    if op.name == "index_add":
        return whole + where(mask, value, asarray(0, x.dtype, device=x.device))
    return where(mask, value, whole)


def put(batch, op, inputs, values, params):
    x, value = inputs
    found = masked(batch, op, inputs, values, params)
    if found is not None:
        return found
    index = Index(batch, x.shape, params[0])
    value = broadcast_to(value, index.result) if values[1] is None else reshape(
        values[1], (batch.size,) + (1,) * (len(index.result) - value.ndim) + value.shape
    )  # fmt: skip
    value = broadcast_to(value, (batch.size, *index.result))
    return apply(op, (batch.full(x), index.lay(value)), (index.entries,))


def first_of_each(batch, positions):
    """The numbers of a batch's elements, with axes for positions in each."""
    numbers = arange(batch.size, device=positions.device)
    return reshape(numbers, (batch.size,) + (1,) * positions.ndim)


def view_read(batch, op, inputs, values, params):
    positions, part = params
    flat = reshape(values[0], (batch.size, inputs[0].size))
    first = first_of_each(batch, positions) * inputs[0].size
    return apply(op, (reshape(flat, (-1,)),), (first + positions, part))


def view_write(batch, op, inputs, values, params):
    positions, part = params
    x, value = (batch.full(x) for x in inputs)
    first = first_of_each(batch, positions) * inputs[0].size
    found = apply(op, (reshape(x, (-1,)), value), (first + positions, part))
    return reshape(found, x.shape)


KINDS = {
    "elementwise": broadcasting,
    "reduction": reduction,
    "accumulation": along_axis,
    "product": product,
}
RULES = {
    "advanced_index": picked,
    "argmax": argument,
    "argmin": argument,
    "argsort": along_axis,
    "as_strided": as_strided,
    "attention": attended,
    "attention_backward": attended,
    "astype": same,
    "to_device": same,
    "basic_index": basic_index,
    "broadcast_to": broadcast,
    "cholesky": same,
    "concatenate": joined,
    "conv": convolved,
    "conv_input": convolved_input,
    "conv_weight": convolved_weight,
    "copy": same,
    "det": same,
    "diagonal": diagonal,
    "eig": same,
    "eigh": same,
    "eigvals": same,
    "eigvalsh": same,
    "fft": fourier,
    "gru": recurrent,
    "gru_backward": recurrent,
    "ifft": fourier,
    "imag": same,
    "index_add": put,
    "index_put": put,
    "inv": same,
    "irfft": fourier,
    "linear": affine,
    "log_softmax": along_axis,
    "log_softmax_backward": all_along_axis,
    "lstm": recurrent,
    "lstm_backward": recurrent,
    "lstsq": broadcasting,
    "max_pool2d": pooled,
    "nll_loss": likelihood,
    "nll_loss_backward": likelihood,
    "nonzero": data_dependent,
    "normalize": normalized,
    "normalize_input": normalized,
    "normalize_weight": normalized,
    "qr": same,
    "qr_raw": same,
    "real": same,
    "resample": along_axis,
    "reshape": reshaped,
    "rfft": fourier,
    "slogdet": same,
    "softmax": along_axis,
    "softmax_backward": all_along_axis,
    "solve": broadcasting,
    "solve_triangular": broadcasting,
    "sort": along_axis,
    "svd": same,
    "svdvals": same,
    "transpose": transposed,
    "view_read": view_read,
    "view_write": view_write,
}

# Their rules make the batch a part of other axes, which of no elements no kernel could take.
BY_BATCH = {
    "attention", "attention_backward", "conv", "conv_input", "conv_weight", "gru", "gru_backward",
    "lstm", "lstm_backward", "max_pool2d", "normalize", "normalize_input", "normalize_weight",
}  # fmt: skip
