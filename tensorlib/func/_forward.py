"""Forward mode: a recorder that carries a derivative along with each value."""

import weakref
from typing import NamedTuple

from tensorlib._core._operators import assign
from tensorlib._core._recorder import Recorder, before_write, run_apart, stepped_out
from tensorlib._core._tape import is_no_grad
from tensorlib._core._tensor import Tensor
from tensorlib._core._wrapping import overlap, rewrap, sole_owner, wrap, wrapped_of
from tensorlib.autograd._mode import enable_grad
from tensorlib.func._functions import as_tuple, recorded
from tensorlib.func._tangents import push, push_function, same_layout


class Dual(NamedTuple):
    """What the recorder keeps for a tensor: its value, and its derivative along the direction."""

    recorder: object
    primal: Tensor
    tangent: Tensor


class Forward(Recorder):
    """Computes with dual numbers: each op on values, and its derivative on tangents.

    Inside of `no_grad` only values are computed.
    """

    wraps = True

    def __init__(self):
        self.adopted = []  # tensors that were written: (reference to it, its own memory)

    def owns(self, value):
        """Whether a value is a tensor of this recorder's."""
        kept = wrapped_of(value) if isinstance(value, Tensor) else None
        return kept is not None and kept.recorder is self

    def dual(self, value):
        """The parts of a value: itself and None where it has no tangent."""
        return wrapped_of(value)[1:] if self.owns(value) else (value, None)

    def join(self, primal, tangent, source=None):
        """A tensor of the two parts; `source` is the one of which it is a view."""
        return wrap(primal, Dual(self, primal, tangent), source)

    def lift(self, tensor):
        return tensor if self.owns(tensor) else self.join(tensor, None)

    def apply(self, op, inputs, params):
        parts = [self.dual(x) for x in inputs]
        primals = tuple([primal for primal, _ in parts])
        tangents = [tangent for _, tangent in parts]
        result = super().apply(op, primals, params)
        if not any(map(self.owns, inputs)):
            return result
        outputs = (result,) if isinstance(result, Tensor) else tuple(result)
        found = [None] * len(outputs)
        if (
            any(t is not None for t in tangents)
            and op.differentiable is not False
            and not is_no_grad()
        ):
            found = push(op, primals, tangents, params, outputs)
        is_view = op.kind == "view" and outputs[0].base is not None
        joined = tuple([
            self.output(x, t if is_view or t is None else _own(t, x, tangents),
                        inputs[0] if is_view else None)
            for x, t in zip(outputs, found, strict=True)
        ])  # fmt: skip
        return joined[0] if isinstance(result, Tensor) else joined

    def output(self, primal, tangent, source=None):
        """A result of tensors of this recorder's."""
        is_plain = tangent is None and primal.dtype.kind not in "fVc"
        return primal if is_plain else self.join(primal, tangent, source)

    def before_write(self, target, value, name, owners=1):
        primal, tangent = self.dual(target)
        new, change = self.dual(value)
        if self.adopts(target, value):
            self.adopt(target, new, change, name, owners)
            return
        before_write(primal, new, name, owners + self.owns(target))
        if tangent is not None and change is not None:
            before_write(tangent, change, name)

    def write(self, target, value, name):
        primal, tangent = self.dual(target)
        new, change = self.dual(value)
        if self.adopts(target, value):
            primal, tangent = self.adopt(target, new, change, name)
        assign(primal, new, name)
        if tangent is not None and not is_no_grad():
            assign(tangent, 0 if change is None else change, name)
        return self.owns(target)

    def adopts(self, target, value):
        """Whether a target must get parts that it has not, before a value is written into it."""
        if is_no_grad() or not self.owns(value):
            return False
        return not self.owns(target) or (
            self.dual(target)[1] is None and self.dual(value)[1] is not None
        )

    def adopt(self, target, new, change, name, owners=1):
        """Give a tensor the parts that a value has which is written into it."""
        owned = self.owns(target)
        if not sole_owner(target, owners) or target.requires_grad and not owned:
            raise RuntimeError(
                f"{name}: expected a tensor with memory of its own, as a value with a forward "
                f"derivative is written into it; got a view, or one with views, of shape "
                f"{target.shape}"
            )
        own = self.dual(target)[0].detach()
        primal, tangent = own.copy(), None if change is None else own * 0
        before_write(primal, new, name)
        if change is not None:
            before_write(tangent, change, name)
        if not owned:
            self.adopted.append((weakref.ref(target), own))
        rewrap(target, primal, Dual(self, primal, tangent))
        return primal, tangent

    def release(self):
        """Make plain tensors again of those that were written; they keep their new values."""
        while self.adopted:
            target, own = self.adopted.pop()
            target = target()
            if target is not None and self.owns(target):
                primal, _ = self.dual(target)
                rewrap(target, own, None)
                assign(target, primal, "jvp")

    def call_function(self, function, args):
        """Answer `Function.apply`."""
        parts = [self.dual(x) for x in args]
        primals = tuple([primal for primal, _ in parts])
        tangents = [tangent for _, tangent in parts]
        with stepped_out():
            result, context = function.evaluate(primals)
            outputs = as_tuple(result)
            found = [None] * len(outputs)
            if any(t is not None for t in tangents) and not is_no_grad():
                with enable_grad():
                    found = push_function(function, context, primals, tangents, outputs)
            made = tuple([
                self.called(function, args, x, t, tangents)
                for x, t in zip(outputs, found, strict=True)
            ])  # fmt: skip
        made = recorded(function, context, primals, args, outputs, made)
        return made if isinstance(result, tuple) else made[0]

    def called(self, function, args, output, tangent, tangents):
        """An output of a `Function`: the argument that it is, with a new tangent, or a new one."""
        if not isinstance(output, Tensor):
            return output
        for x in args:
            if isinstance(x, Tensor) and self.dual(x)[0] is output:
                if self.owns(x):
                    rewrap(x, output, Dual(self, output, tangent))
                elif tangent is not None:
                    raise RuntimeError(
                        f"{function.__name__}: a forward derivative was written into an argument "
                        "that has none"
                    )
                return x
        if tangent is not None:
            return self.join(output, _own(tangent, output, tangents))
        return self.output(output, None) if any(map(self.owns, args)) else output

    def run_apart(self, function, values, name=None):
        parts = [self.dual(x) for x in values]
        if name is not None and any(tangent is not None for _, tangent in parts):
            self.refuse(name)
        return run_apart(function, tuple([primal for primal, _ in parts]), name)

    def detach(self, tensor):
        return self.dual(tensor)[0].detach()

    def readable(self, tensor, name):
        return self.dual(tensor)[0]

    def describe(self, tensor):
        primal, tangent = self.dual(tensor)
        return f"dual({primal!r}, tangent={tangent!r})"

    def refuse(self, name):
        raise TypeError(f"{name}: a tensor with a forward derivative would lose it; use detach()")


def _own(tangent, primal, tangents):
    """A tangent that a write into it changes alone, laid out as the value is."""
    if not same_layout(tangent, primal):
        order = sorted(range(primal.ndim), key=lambda i: -abs(primal.strides[i]))
        inverse = sorted(range(primal.ndim), key=order.__getitem__)
        return tangent.transpose(order).copy("C").transpose(inverse)
    shared = tangent.base is not None or any(
        t is not None and overlap(t, tangent) for t in tangents
    )
    return tangent.copy("K") if shared else tangent
