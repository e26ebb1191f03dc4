"""``Tensorwise``: optimizers whose formula is of all elements of a parameter together."""

from tensorlib._core._functions import asarray, zeros
from tensorlib.autograd import no_grad
from tensorlib.optim.optimizer import Optimizer, evaluate


class Tensorwise(Optimizer):
    """The base of optimizers that change one parameter after the other, by the library's ops.

    A subclass says which Tensors it keeps (`_shapes`), and makes the step of a parameter
    (`_change`).
    """

    def _check_parameter(self, param):
        super()._check_parameter(param)
        if param.dtype.kind not in "fV":
            raise TypeError(f"{self._name}: expected real parameters, got {param.dtype}")

    def step(self, closure=None):  # noqa: D102 (the base class has the text)
        loss = evaluate(closure)
        changes = []
        for group in self.param_groups:
            self._check(group)
            for param in group["params"]:
                if param.grad is not None:
                    self._check_tensors(param)
                    changes.append((param, group))
        with no_grad():
            for param, group in changes:
                memory = self.state[param]
                for name, shape in self._shapes(param.shape).items():
                    if name not in memory:
                        memory[name] = zeros(shape, param.dtype, device=param.device)
                if param.size > 0:
                    self._change(param.detach(), param.grad.detach(), memory, group)
        return loss

    step.__doc__ = Optimizer.step.__doc__

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

    def _change(self, data, grad, memory, group):
        """Change the numbers of a parameter, and what is kept for it, in place."""
        raise NotImplementedError(f"{self._name}: no change is defined")

    def _loaded(self, memory, param):
        loaded = super()._loaded(memory, param)
        for name, shape in self._shapes(param.shape).items():
            if name in loaded:
                self._require_shape(name, asarray(loaded[name]), shape)
        return loaded
