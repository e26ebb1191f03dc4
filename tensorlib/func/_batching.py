"""Vectorisation: a recorder that runs each op once for a whole batch."""

import weakref
from typing import NamedTuple

from tensorlib._core._functions import broadcast_to
from tensorlib._core._operators import assign
from tensorlib._core._recorder import (
    Recorder,
    before_write,
    random,
    run_apart,
    stepped_out,
)
from tensorlib._core._tensor import Tensor
from tensorlib._core._wrapping import rewrap, sole_owner, wrap, wrapped_of
from tensorlib._manipulation import moveaxis
from tensorlib.func._batch_rules import batched_op, stacked
from tensorlib.func._functions import Mapped, MappedWithJvp, Mapping, as_tuple, followed, recorded
from tensorlib.func._trees import flatten


class Batched(NamedTuple):
    """What the recorder keeps for a tensor: the values of the whole batch, along the first axis;
    or, without `batched`, those that are the same for all elements.
    """

    recorder: object
    value: Tensor
    batched: bool


class BatchInfo(NamedTuple):
    """What the ``vmap`` of a `Function` is told."""

    batch_size: int
    randomness: str


class Batching(Recorder):
    """Runs ops on batches of which the program sees one element.

    Parameters
    ----------
    size : int
        The number of elements.
    randomness : {"error", "different", "same"}
        What random functions give to the elements.
    """

    wraps = True

    def __init__(self, size, randomness):
        self.size = size
        self.randomness = randomness
        self.adopted = []  # of tensors that were written: (reference, memory of their own)

    def kept(self, x):
        """What is kept for a tensor of this recorder's, or None."""
        kept = wrapped_of(x) if isinstance(x, Tensor) else None
        return kept if kept is not None and kept.recorder is self else None

    def owns(self, x):
        """Whether a value is a tensor of this recorder's."""
        return self.kept(x) is not None

    def value(self, x):
        """The whole batch, or None where all elements are the same."""
        kept = self.kept(x)
        return kept.value if kept is not None and kept.batched else None

    def plain(self, x):
        """What is the same for all elements as the next recorder knows it; others as they are."""
        kept = self.kept(x)
        return x if kept is None or kept.batched else kept.value

    def join(self, value, source=None):
        """The tensor that stands for one element."""
        return wrap(value, Batched(self, value, True), source, 1)

    def lift(self, tensor, source=None):
        return tensor if self.owns(tensor) else wrap(tensor, Batched(self, tensor, False), source)

    def full(self, x):
        """The whole batch also of what is the same for all elements."""
        value = self.value(x)
        x = self.plain(x)
        return broadcast_to(x, (self.size, *x.shape)) if value is None else value

    def apply(self, op, inputs, params):
        values = [self.value(x) for x in inputs]
        plain = tuple([self.plain(x) for x in inputs])
        if all(v is None for v in values) and not self.batched_index(params):
            result = super().apply(op, plain, params)
            return self.output(op, result, inputs) if any(map(self.owns, inputs)) else result
        result = batched_op(self, op, plain, values, params)
        if isinstance(result, Tensor):
            is_view = op.kind == "view" and result.base is not None
            return self.join(result, inputs[0] if is_view else None)
        return tuple([self.join(x) for x in result])

    def output(self, op, result, inputs):
        """A result, the same for all elements, of tensors of this recorder's."""
        if not isinstance(result, Tensor):
            return tuple([self.output(op, x, inputs) for x in result])
        if result.dtype.kind not in "fVc":
            return result
        is_view = op.kind == "view" and result.base is not None
        return self.lift(result, inputs[0] if is_view else None)

    def batched_index(self, params):
        """Whether an index in the params has a batch."""
        return any(
            isinstance(entry, Tensor) and self.value(entry) is not None
            for param in params if isinstance(param, tuple) for entry in param
        )  # fmt: skip

    def before_write(self, target, value, name, owners=1):
        if self.adopts(target, value):
            self.adopt(target, value, name, owners)
            return
        values, new = self.value(target), self.value(value)
        inner = self.plain(target) if values is None else values
        given = self.plain(value) if new is None else new
        before_write(inner, given, name, owners + self.owns(target))

    def write(self, target, value, name):
        if self.adopts(target, value):
            self.adopt(target, value, name)
        values, new = self.value(target), self.value(value)
        if new is not None:  # the axes of one element at the end
            lead = values.ndim - new.ndim
            new = new.reshape((self.size,) + (1,) * lead + new.shape[1:]) if lead else new
        assign(self.plain(target) if values is None else values,
               self.plain(value) if new is None else new, name)  # fmt: skip
        return self.owns(target)

    def adopts(self, target, value):
        """Whether a target must become another kind of tensor before a value is written into it."""
        if not self.owns(value):
            return False
        return not self.owns(target) or (
            self.value(target) is None and self.value(value) is not None
        )

    def adopt(self, target, value, name, owners=1):
        """Give each element of the batch a copy of a tensor that was the same for all; or only
        the recorder the tensor, if what is written is the same for all.
        """
        owned = self.owns(target)
        if not sole_owner(target, owners) or target.requires_grad and not owned:
            raise RuntimeError(
                f"{name}: expected a tensor with memory of its own, as each element of a batch "
                f"writes other values into it; got a view, or one with views, of shape "
                f"{target.shape}"
            )
        own = self.plain(target).detach()
        new = self.value(value)
        batched = new is not None
        values = self.full(own).copy() if batched else own.copy()
        before_write(values, new if batched else self.plain(value), name)
        if not owned:
            self.adopted.append((weakref.ref(target), own))
        rewrap(target, values, Batched(self, values, batched), int(batched))

    def release(self):
        """Give tensors that were written back what they were; returns how many got a batch."""
        left = 0
        while self.adopted:
            target, own = self.adopted.pop()
            target = target()
            if target is None or not self.owns(target):
                continue
            batched = self.value(target) is not None
            values = self.plain(target)
            rewrap(target, own, None)
            if batched:
                left += 1
            else:
                assign(target, values, "vmap")
        return left

    def call_function(self, function, args):
        """Answer `Function.apply`."""
        values = tuple([self.plain(x) if self.value(x) is None else self.value(x) for x in args])
        batched = any(self.value(x) is not None for x in args)
        with stepped_out():
            if batched and function.overrides("vmap"):
                outer, made, several = None, *self.call_vmap(function, args, values)
            else:
                if batched:
                    mapped = MappedWithJvp if function.overrides("jvp") else Mapped
                    result = mapped.apply(Mapping(self, function, args), *values)
                else:
                    result, context = function.evaluate(values)
                outer, several = as_tuple(result), isinstance(result, tuple)
                given = dict(zip(map(id, values), args, strict=True))  # what was written in place
                made = tuple([
                    x if not isinstance(x, Tensor) else given[id(x)] if id(x) in given
                    else self.join(x) if batched
                    else self.lift(x) if x.dtype.kind in "fVc" and any(map(self.owns, args)) else x
                    for x in outer
                ])  # fmt: skip
        if followed(args):
            if batched:  # the context of one element
                context = function.context_of(args, made if several else made[0])
                made = as_tuple(function.record(context, args, made if several else made[0]))
            else:
                made = recorded(function, context, values, args, outer, made)
        return made if several else made[0]

    def call_vmap(self, function, args, values):
        """The outputs of a function that has a ``vmap`` of its own, and whether it is a tuple."""
        in_dims = tuple([None if self.value(x) is None else 0 for x in args])
        info = BatchInfo(self.size, self.randomness)
        result, out_dims = function.vmap(info, in_dims, *values)
        several = isinstance(result, tuple)
        dims = out_dims if isinstance(out_dims, tuple) else (out_dims,) * len(as_tuple(result))
        return tuple([
            x if dim is None else self.join(moveaxis(x, dim, 0))
            for x, dim in zip(as_tuple(result), dims, strict=True)
        ]), several  # fmt: skip

    def random(self, draw, size=None, values=()):
        if self.randomness == "error":
            raise RuntimeError(
                "vmap: expected no random numbers to be drawn; randomness='different' or 'same' "
                "says what the elements of the batch get"
            )
        batched = any(self.value(x) is not None for x in values)
        plain = tuple([self.plain(x) for x in values])
        if self.randomness == "same":
            if batched:
                raise RuntimeError(
                    "vmap: expected random numbers that do not depend on the elements of the "
                    "batch, as randomness is 'same'"
                )
            return random(draw, size, plain)
        if size is not None and not batched:
            return self.join(random(draw, (self.size, *size), plain))
        return self.for_each(lambda *values: random(draw, size, values), values)

    def run_apart(self, function, values, name=None):
        if any(self.value(x) is not None for x in values):
            return self.for_each(lambda *values: run_apart(function, values, name), values)
        return run_apart(function, tuple([self.plain(x) for x in values]), name)

    def for_each(self, function, values):
        """The result of a function, a tree of Tensors, for each element of the batch."""
        if self.size == 0:
            raise ValueError("vmap: expected elements to compute something for, got none")
        batches = [self.value(x) for x in values]
        found = [
            function(*[self.plain(x) if v is None else v[i]
                       for x, v in zip(values, batches, strict=True)])
            for i in range(self.size)
        ]  # fmt: skip
        leaves, rebuilds = zip(*map(flatten, found), strict=True)
        return rebuilds[0]([self.join(stacked(parts)) for parts in zip(*leaves, strict=True)])

    def detach(self, tensor):
        with stepped_out():
            value = self.value(tensor)
            return self.plain(tensor).detach() if value is None else self.join(value.detach())

    def readable(self, tensor, name):
        if self.value(tensor) is None:
            return self.plain(tensor)
        raise RuntimeError(
            f"{name}: a tensor inside of vmap stands for a batch of {self.size}, so it has no "
            "value for Python to read or to decide by; use where() and the like"
        )

    def describe(self, tensor):
        value = self.value(tensor)
        if value is None:
            return f"same_for_all({self.plain(tensor)!r})"
        return f"one_of_batch({value!r}, shape={tensor.shape})"

    def refuse(self, name):
        raise RuntimeError(
            f"{name}: a tensor inside of vmap stands for a batch of {self.size}; this function "
            "would see one element, or the tensor was used after vmap was left"
        )
