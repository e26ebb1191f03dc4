"""``Tensorwise``: optimizers whose formula is of all elements of a parameter together."""

from tensorlib._core._capture import replayed
from tensorlib._core._functions import asarray, empty, zeros
from tensorlib.autograd import no_grad
from tensorlib.optim._captured import CapturedStep, is_captured
from tensorlib.optim.optimizer import Optimizer, evaluate


class Tensorwise(Optimizer):
    """The base of optimizers that change one parameter after the other, by the library's ops.

    A subclass says which Tensors it keeps (`_shapes`), computes the numbers of a step (`_numbers`),
    and changes a parameter by them (`_change`). No value of a Tensor decides how, so that graphs
    can capture it.
    """

    # What is remembered beside Tensors.
    scalars = ()

    # How many numbers a step has, and the options that a captured step cannot change.
    count, fixed = 0, ()

    def _check_parameter(self, param):
        super()._check_parameter(param)
        if param.dtype.kind not in "fV":
            raise TypeError(f"{self._name}: expected real parameters, got {param.dtype}")

    def step(self, closure=None):  # noqa: D102 (the base class has the text)
        loss = evaluate(closure)
        changes = []
        captured = is_captured(self)
        for group in self.param_groups:
            if not captured:
                self._check(group)
            for param in group["params"]:
                if param.grad is not None:
                    self._check_tensors(param)
                    changes.append((param, group))
        with no_grad():
            if captured:
                self._capture()
                return loss
            for param, group in changes:
                memory = self.state[param]
                for name, shape in self._shapes(param.shape).items():
                    if name not in memory:
                        memory[name] = zeros(shape, param.dtype, device=param.device)
                past = [memory.get(name, start) for name, start in self._start(group).items()]
                numbers, present = self._numbers(group, False, *past)
                memory.update(zip(self.scalars, present, strict=True))
                if param.size > 0:
                    self._change(param.detach(), param.grad.detach(), memory, group, numbers)
        return loss

    step.__doc__ = Optimizer.step.__doc__

    def _capture(self):
        captured = CapturedStep(self)
        entries = captured.entries
        shape = (len(entries), self.count)
        rows = replayed(entries[0][1], f"{self._name}.step", shape, captured)
        for row, (place, param, kept) in zip(rows, entries, strict=True):
            if param.size > 0:
                numbers = row.astype("float64" if param.dtype.itemsize == 8 else "float32")
                group = self.param_groups[place]
                self._change(param.detach(), param.grad.detach(), kept, group, tuple(numbers))

    def _check_tensors(self, param):
        name, memory = f"{self._name}.step", self.state.get(param, {})
        if param.grad.shape != param.shape:
            raise ValueError(
                f"{name}: expected a gradient of a parameter's shape {param.shape}, got "
                f"{param.grad.shape}"
            )
        for key, shape in self._shapes(param.shape).items():
            if key in memory and memory[key].shape != shape:
                raise ValueError(
                    f"{name}: expected {key!r} of shape {shape}, got {memory[key].shape}"
                )
        if not param.flags.writeable:
            raise ValueError(f"{name}: expected parameters that can be written")

    def _shapes(self, shape):
        """The names and shapes of the Tensors that are kept for a parameter of a shape."""
        raise NotImplementedError(f"{self._name}: no state is defined")

    def _rule(self, group):
        return [group[name] for name in self.fixed]

    def _makers(self, group, param):
        """For the Tensors that are kept, functions that make them, not filled yet."""
        return {
            name: lambda shape=shape: empty(shape, param.dtype, device=param.device)
            for name, shape in self._shapes(param.shape).items()
        }

    def _initial(self, name, group):
        return 0

    def _start(self, group):
        """The scalars before the first step."""
        return {}

    def _numbers(self, group, first, *scalars):
        """The numbers of a step, and the scalars after it: see `Elementwise._numbers`."""
        raise NotImplementedError(f"{self._name}: no numbers are defined")

    def _change(self, data, grad, memory, group, numbers):
        """Change a parameter, and what is kept for it, in place."""
        raise NotImplementedError(f"{self._name}: no change is defined")

    def _loaded(self, memory, param):
        loaded = super()._loaded(memory, param)
        for name, shape in self._shapes(param.shape).items():
            if name in loaded:
                self._require_shape(name, asarray(loaded[name]), shape)
        return loaded
