"""The recorder behind ``fused``: elementwise ops wait, and are computed together."""

import weakref
from contextlib import nullcontext
from typing import NamedTuple

from tensorlib._core import _backward
from tensorlib._core._fused import Expression, Program, fits
from tensorlib._core._history import rebind
from tensorlib._core._operators import assign
from tensorlib._core._recorder import Recorder, innermost, lift, random, run_apart, stepped_out
from tensorlib._core._tape import is_grad_enabled
from tensorlib._core._tensor import Tensor
from tensorlib._core._wrapping import rewrap, wrap, wrapped_of
from tensorlib._core.ops import ELEMENTWISE
from tensorlib.autograd._mode import enable_grad, set_grad_enabled
from tensorlib.autograd.function import Function

OF_DEVICES = frozenset([row[0] for row in ELEMENTWISE])  # ops that have kernels for devices
WORTH = 1 << 18  # elements: less stays in the cache from one operation to the next


class Waiting(NamedTuple):
    """What the recorder keeps for a tensor: what it stands for, an Expression or a Tensor."""

    recorder: object
    memory: Tensor  # with the dtype and the shape that the program sees
    part: object


class Fusing(Recorder):
    """Lets elementwise ops wait, and computes them together.

    Parameters
    ----------
    taped : bool, optional
        Whether single ops are recorded, for gradients inside of the block. Otherwise what is
        computed together is recorded as one `FusedFunction`.
    """

    wraps = True

    def __init__(self, taped=False):
        self.taped = taped
        self.grad_enabled = is_grad_enabled()
        self.tensors = []  # references to those of this recorder

    def __exit__(self, kind, *exception):
        super().__exit__(kind, *exception)
        if kind is None:
            self.settle()

    # -- tensors of its own

    def owns(self, x):
        """Whether a value is a tensor of this recorder's."""
        kept = wrapped_of(x) if isinstance(x, Tensor) else None
        return kept is not None and kept.recorder is self

    def part(self, x):
        """What a tensor stands for."""
        kept = wrapped_of(x)
        part = x if kept is None or kept.recorder is not self else kept.part
        return part if isinstance(part, Tensor) or part.value is None else part.value

    def join(self, part):
        """A tensor that stands for a part."""
        memory = part.stand_in() if isinstance(part, Expression) else part
        tensor = wrap(memory, Waiting(self, memory, part))
        self.tensors.append(weakref.ref(tensor))
        return tensor

    def lift(self, tensor):
        return tensor if self.owns(tensor) else self.join(tensor)

    def value(self, x):
        """The Tensor that a tensor stands for, computed now if it was not yet."""
        part = self.part(x)
        if isinstance(part, Expression):
            compute([part])
            part = part.value
        return part

    def settle(self):
        """Compute all that waits for tensors that are alive, and make these plain ones."""
        alive = [x for x in (reference() for reference in self.tensors) if x is not None]
        alive = [x for x in alive if self.owns(x)]
        compute([self.part(x) for x in alive])
        for x in alive:
            value = self.part(x)
            rewrap(x, value, None)
            if value.requires_grad and not x.requires_grad:
                rebind(x, value, "fused")
        self.tensors = []

    # -- ops

    def apply(self, op, inputs, params):
        # On the recorder's tensors the tape records what this returns; what is computed for it
        # belongs to the tape further out.
        with set_grad_enabled(self.grad_enabled) if self.taped else nullcontext():
            if self.waits(op, inputs):
                return self.join(self.expression(op, inputs))
            values = tuple([self.value(x) for x in inputs])
            result = super().apply(op, values, params)
        if not self.taped or not any(map(self.owns, inputs)):
            return result
        return self.lift(result) if isinstance(result, Tensor) else tuple(map(self.lift, result))

    def waits(self, op, inputs):
        """Whether an op is one that can wait, and is worth it."""
        if op.kind != "elementwise" or op.outputs != 1:
            return False
        if op.name not in OF_DEVICES and any([x.device != "cpu" for x in inputs]):
            return False  # it says itself that it has no kernel there
        if not self.taped and is_grad_enabled() is not self.grad_enabled:
            return False  # its derivative is not that of the others
        return any([x.size >= WORTH for x in inputs])

    def expression(self, op, inputs):
        """What an op of some tensors is to be, once what it cannot wait for is computed."""
        parts = tuple([self.part(x) for x in inputs])
        if not fits(parts):
            compute(parts)
            parts = tuple([self.part(x) for x in inputs])
        expression = Expression(op, parts, inputs)
        compute([part for part in parts if part.shape != expression.shape])
        return expression

    # -- what else there is

    def before_write(self, target, value, name, owners=1):
        self.settle()

    def write(self, target, value, name):
        self.settle()  # what waits may read the old elements
        assign(target, value, name)
        return False

    def random(self, draw, size=None, values=()):
        self.settle()
        return random(draw, size, values)

    def run_apart(self, function, values, name=None):
        self.settle()
        return run_apart(function, values, name)

    def call_function(self, function, args):
        self.settle()
        return super().call_function(function, args)

    def detach(self, tensor):
        return self.readable(tensor, "detach").detach()

    def readable(self, tensor, name):
        with stepped_out() if innermost() is self else nullcontext():
            return self.value(tensor)

    def describe(self, tensor):
        return repr(self.readable(tensor, "repr"))

    def refuse(self, name):
        raise RuntimeError(
            f"{name}: a tensor inside of fused may wait to be computed; its copy() does not"
        )


def compute(parts):
    """Compute the expressions among some parts, those of one shape together."""
    shapes = {}
    for part in parts:
        if isinstance(part, Expression) and part.value is None:
            shapes.setdefault(part.shape, {})[id(part)] = part
    for wanted in shapes.values():
        wanted = [part for part in wanted.values() if part.value is None]
        program = Program(wanted)
        if is_grad_enabled() and any([x.requires_grad for x in program.leaves]):
            results = FusedFunction.apply(program, *program.leaves)
        else:
            results = program.run(program.leaves)
        for part, result in zip(wanted, results, strict=True):
            part.value = result


class FusedFunction(Function):
    """A program as one operation of the tape."""

    @staticmethod
    def forward(ctx, program, *leaves):
        ctx.program = program
        ctx.save_for_backward(*leaves)
        return tuple(program.run(leaves))

    @staticmethod
    def backward(ctx, *gradients):
        leaves = ctx.saved_tensors
        needed = ctx.needs_input_grad[1:]
        with Fusing(taped=True), enable_grad():
            places = [
                lift(x).requires_grad_() if wanted else x
                for x, wanted in zip(leaves, needed, strict=True)
            ]
            inputs = tuple([x for x, wanted in zip(places, needed, strict=True) if wanted])
            pairs = zip(ctx.program.replay(places), gradients, strict=True)
            results, seeds = zip(*[(x, lift(g)) for x, g in pairs if x.requires_grad], strict=True)
            found = iter(_backward.backward(results, seeds, inputs, False, False, False))
            del pairs, results, seeds  # or they would be computed, too
        return None, *[next(found) if wanted else None for wanted in needed]
