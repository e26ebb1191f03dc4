"""``CapturedStep``: an optimizer's step in a graph of launches that are replayed."""

from tensorlib._core._capture import capturing, lasting
from tensorlib._core.errors import DeviceError
from tensorlib.autograd import no_grad


def is_captured(optimizer):
    """Whether a graph is being captured where the parameters that have a gradient are."""
    for group in optimizer.param_groups:
        for param in group["params"]:
            if param.grad is not None:
                return capturing(param)
    return False


class CapturedStep:
    """A step of all parameters that have a gradient, which is made at each replay of a graph.

    The launches are repeated as they are, so what is kept for a parameter stays in the Tensors that
    were captured. All else is as in a step that Python makes: called before a replay, this counts
    the step, and gives the numbers that follow from the options of that time. The capture itself
    is no step, and changes nothing.

    Parameters
    ----------
    optimizer : Elementwise or Tensorwise
        It has ``scalars``, ``_rule``, ``_makers``, ``_start``, ``_initial`` and ``_numbers``, as
        `Elementwise` has them.

    Attributes
    ----------
    entries : list of (int, Tensor, dict)
        For each parameter the place of its group, itself, and the Tensors kept for it by name.
    """

    def __init__(self, optimizer):
        self.optimizer = optimizer
        self.device = next(x.device for x in optimizer._parameters() if x.grad is not None)
        self.rules = [optimizer._rule(group) for group in optimizer.param_groups]
        self.entries = []
        for place, group in enumerate(optimizer.param_groups):
            for param in group["params"]:
                if param.grad is not None:
                    self.entries.append((place, param, self._kept(group, param)))

    def _kept(self, group, param):
        """The Tensors that are kept for a parameter; of those that are not in the state yet, the
        graph's other steps have the same."""
        optimizer, kept = self.optimizer, {}
        if param.device != self.device:
            raise DeviceError(
                f"{optimizer._name}.step: expected all parameters on {self.device}, where a graph "
                f"is being captured, got one on {param.device}"
            )
        for name, make in optimizer._makers(group, param).items():
            memory = optimizer.state.get(param, {})
            if name not in memory:
                memory = optimizer._rooms[param]
                if name not in memory:
                    memory[name] = lasting(param, make)
            kept[name] = memory[name]
        return kept

    def __call__(self):
        """Count the step, and return the numbers of each parameter."""
        optimizer = self.optimizer
        groups = optimizer.param_groups[: len(self.rules)]
        for group in groups:
            optimizer._check(group)
        rules = [optimizer._rule(group) for group in groups]
        if rules != self.rules:
            raise RuntimeError(
                f"{optimizer._name}.step: expected the rules {self.rules} of the captured step, "
                f"but the options now ask for {rules}; capture it again"
            )
        starts = [optimizer._start(group) for group in groups]
        known, numbers = {}, []  # most parameters have been through the same steps
        for place, param, kept in self.entries:
            memory = {**starts[place], **optimizer.state.get(param, {})}
            new = self._bring(kept, memory, param, groups[place])
            past = place, new, *[memory[name] for name in optimizer.scalars]
            if past not in known:
                values, present = optimizer._numbers(groups[place], *past[1:])
                known[past] = [float(x) for x in values], present
            values, present = known[past]
            memory.update(zip(optimizer.scalars, present, strict=True))
            if memory:
                optimizer.state[param].update(memory)
            numbers.append(values)
        return numbers

    def _bring(self, kept, memory, param, group):
        """Let the captured Tensors hold what the state has: some may be the first ones, or others
        were loaded, or made by a step since. Returns whether there are first ones."""
        new = False
        for name, tensor in kept.items():
            present = memory.get(name)
            if present is not tensor:
                new = new or present is None
                with no_grad():
                    tensor[...] = (
                        of_both_parts(param, self.optimizer._initial(name, group))
                        if present is None
                        else present
                    )
                memory[name] = tensor
                self.optimizer._rooms.get(param, {}).pop(name, None)
        return new


def of_both_parts(param, value):
    """A number for elements like a parameter's; those of a complex one have it in both parts."""
    return complex(value, value) if param.dtype.kind == "c" else value
