"""``Elementwise``: optimizers that change each element by a formula of its own."""

from tensorlib._core._functions import asarray, empty_like, full_like, zeros_like
from tensorlib._core._optimize import update
from tensorlib.optim._captured import CapturedStep, is_captured, of_both_parts
from tensorlib.optim.optimizer import Optimizer, evaluate


class Elementwise(Optimizer):
    """The base of optimizers whose formula is a rule of ``_core/include/update_rules.h``.

    A step is one pass in C++ over all elements of all groups; every element of a parameter, of its
    gradient and of what is kept for it is read once, in any layout. A subclass says which rule
    that is and which Tensors it keeps (`_rule`), and computes its numbers (`_numbers`).
    """

    # What is remembered beside Tensors.
    scalars = ("step",)

    def step(self, closure=None):  # noqa: D102 (the base class has the text)
        loss = evaluate(closure)
        if is_captured(self):
            self._capture()
            return loss
        for group in self.param_groups:
            self._check(group)
        updates, memories, states = [], [], self.state
        for group in self.param_groups:
            rule, names = self._rule(group)
            start = self._start(group)
            known = {}  # most parameters have been through the same steps
            for param in group["params"]:
                gradient = param.grad
                if gradient is None:
                    continue
                memory = states.get(param, start)
                kept = [memory.get(name) for name in names]
                new = any([x is None for x in kept])
                if new or memory is start:
                    memory = {**start, **memory}  # remembered after the step, if it can be made
                    for i, name in enumerate(names):
                        if kept[i] is None:
                            kept[i] = filled(param.detach(), self._initial(name, group))
                            memory[name] = kept[i]
                past = new, *[memory.get(name, start[name]) for name in self.scalars]
                if past not in known:
                    numbers, present = self._numbers(group, *past)
                    known[past] = numbers, dict(zip(self.scalars, present, strict=True))
                numbers, present = known[past]
                updates.append((rule, numbers, (param, gradient, *kept)))
                if memory:
                    memories.append((param, memory, present))
        update(f"{self._name}.step", updates)
        for param, memory, present in memories:
            remembered = states[param]
            if remembered is not memory:
                remembered.update(memory)
            remembered.update(present)
        return loss

    step.__doc__ = Optimizer.step.__doc__

    def _capture(self):
        captured = CapturedStep(self)
        updates = [
            (captured.rules[place][0], (), (param, param.grad, *kept.values()))
            for place, param, kept in captured.entries
        ]
        update(f"{self._name}.step", updates, captured)

    def _rule(self, group):
        """The rule's name, and the names of the Tensors that it keeps, in its order."""
        raise NotImplementedError(f"{self._name}: no rule is defined")

    def _makers(self, group, param):
        """For the Tensors that are kept, functions that make them, not filled yet."""
        _, names = self._rule(group)
        return {name: lambda: empty_like(param.detach()) for name in names}

    def _start(self, group):
        """The scalars before the first step."""
        return {"step": 0}

    def _initial(self, name, group):
        """What a Tensor that is kept is filled with before the first step."""
        return 0

    def _numbers(self, group, first, step):
        """The rule's numbers for a step, and the scalars after it.

        `first` says whether what is kept has only just been made; the other arguments are the
        scalars.
        """
        raise NotImplementedError(f"{self._name}: no numbers are defined")

    def _decay(self, group):
        """The numbers with which every rule begins: sign of the gradient, decay, shrinking."""
        sign = -1.0 if group["maximize"] else 1.0
        decay = group.get("weight_decay", 0.0)
        if group.get("decoupled_weight_decay", False):
            return sign, 0.0, 1 - group["lr"] * decay
        return sign, decay, 1.0

    def _loaded(self, memory, param):
        loaded = super()._loaded(memory, param)
        for name, value in loaded.items():
            if name in self.scalars:
                loaded[name] = int(value) if name == "step" else float(value)
            elif value is not None:
                self._require_shape(name, asarray(value), param.shape)
        return loaded


def filled(param, value):
    """A Tensor like the parameter; of a complex one, both parts are filled."""
    if value == 0:
        return zeros_like(param)
    return full_like(param, of_both_parts(param, value))
