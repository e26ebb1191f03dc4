"""How a `Function` of one's own passes a recorder.

The function is called for the next recorder further out, or for the tape; what it gives becomes
tensors of the recorder's. Where these are followed too, by a derivative that is taken further in,
the call is recorded once more, with them in the places of the others.
"""

from tensorlib._core._gradients import fit
from tensorlib._core._tensor import Tensor
from tensorlib._core.device import device_number
from tensorlib.autograd.function import Function


def as_tuple(result):
    return result if isinstance(result, tuple) else (result,)


def followed(args):
    """Whether a derivative further in follows one of the arguments."""
    return any(isinstance(x, Tensor) and x.requires_grad for x in args)


def recorded(function, context, outer, args, result, outputs):
    """The outputs of a call, on the tape that is further in.

    Parameters
    ----------
    function : subclass of Function
    context : FunctionContext
        Of the call further out, with arguments `outer` and result `result`.
    outer, args : tuple
        The arguments as they are further out, and here.
    result, outputs : tuple
        The outputs as they are further out, and here.

    Returns
    -------
    tuple
    """
    if not followed(args):
        return outputs
    pairs = [*zip(result, outputs, strict=True), *zip(outer, args, strict=True)]
    moved = context.moved((old, new) for old, new in pairs if isinstance(old, Tensor))
    moved.needs_input_grad = function.needed(args)
    return as_tuple(function.record(moved, args, outputs))


class Mapping:
    """A `Function` to be run on the elements of a batch.

    Parameters
    ----------
    batch : Batching
    function : subclass of Function
    args : tuple
        As one element sees them.
    """

    def __init__(self, batch, function, args):
        self.batch = batch
        self.function = function
        self.batched = [batch.value(x) is not None for x in args]
        self.layouts = [
            (x.shape, x.dtype, device_number(x.device, "vmap")) if isinstance(x, Tensor) else None
            for x in args
        ]
        self.where = "inside of vmap"
        self.name = function.__name__

    def elements(self, values):
        """Batches as one element sees them."""
        return tuple([
            self.batch.join(x) if x is not None and batched else x
            for x, batched in zip(values, self.batched, strict=True)
        ])  # fmt: skip

    def outputs(self, values):
        """The same for batches that the function returned, or their gradients."""
        return tuple([None if x is None else self.batch.join(x) for x in values])

    def whole(self, x):
        return self.batch.full(x) if isinstance(x, Tensor) else x

    def context(self, ctx):
        """The context of the function, with what the tape kept for it."""
        inner = ctx.inner
        inner._saved = tuple([
            self.batch.join(x) if batched else x
            for x, batched in zip(ctx.saved_tensors, ctx.batched, strict=True)
        ])  # fmt: skip
        return inner


class Mapped(Function):
    """Runs the function of a `Mapping` on batches, and its ``backward`` on theirs."""

    @staticmethod
    def forward(ctx, mapping, *values):
        batch, elements = mapping.batch, mapping.elements(values)
        with batch:
            inner, result = mapping.function.run(elements)
        whole = {id(x): value for x, value in zip(elements, values, strict=True)}
        outputs = as_tuple(result)
        made = tuple([whole[id(x)] if id(x) in whole else mapping.whole(x) for x in outputs])
        whole.update((id(x), value) for x, value in zip(outputs, made, strict=True))
        ctx.batched = [batch.value(x) is not None for x in inner._to_save]
        ctx.save_for_backward(*[
            whole.get(id(x), batch.value(x)) if batched else x
            for x, batched in zip(inner._to_save, ctx.batched, strict=True)
        ])  # fmt: skip
        ctx.mark_dirty(*[whole[id(x)] for x in inner._dirty])
        ctx.mark_non_differentiable(*[whole[id(x)] for x in inner._non_differentiable])
        ctx.set_materialize_grads(inner._materialize)
        inner._to_save = inner._dirty = inner._non_differentiable = ()
        inner.needs_input_grad = ctx.needs_input_grad[1:]
        ctx.inner, ctx.mapping = inner, mapping
        return made if isinstance(result, tuple) else made[0]

    @staticmethod
    def backward(ctx, *gradients):
        mapping = ctx.mapping
        inner = mapping.context(ctx)
        with mapping.batch:
            found = as_tuple(mapping.function.backward(inner, *mapping.outputs(gradients)))
            found = [
                fit(g, *layout, mapping) if isinstance(g, Tensor) and layout else g
                for g, layout in zip(found, mapping.layouts, strict=True)
            ]
        inner._saved = None
        return None, *[
            g if g is None else mapping.whole(g) if batched else mapping.whole(g).sum(axis=0)
            for g, batched in zip(found, mapping.batched, strict=True)
        ]


class MappedWithJvp(Mapped):
    """The same for a function that has a ``jvp``."""

    @staticmethod
    def jvp(ctx, _, *tangents):
        mapping = ctx.mapping
        inner = mapping.context(ctx)
        with mapping.batch:
            found = mapping.function.jvp(inner, *mapping.elements(tangents))
        inner._saved = None
        made = tuple(map(mapping.whole, as_tuple(found)))
        return made if isinstance(found, tuple) else made[0]
