"""``Optimizer``: parameter groups, state, and what all update rules share."""

from tensorlib._core._functions import zeros_like
from tensorlib._core._tensor import Tensor
from tensorlib.autograd import no_grad
from tensorlib.nn.parameter import clear_gradients

# A long parameter is updated in parts of this many elements: the few passes over a part and its
# state then run in the cache. 2 ms instead of 5 ms for Adadelta on 1.2 million float32.
BLOCK = 1 << 16


class Optimizer:
    """The base of all optimizers.

    A subclass defines the defaults of its options, ``_check``, ``_update``, and ``_remembers``: the
    names of the Tensors, shaped like the parameter, that it keeps from step to step.

    Parameters
    ----------
    parameters : iterable of Tensor, or of dict
        The Tensors to change. Dicts are groups: ``"params"`` are the Tensors of the group, and the
        other items are its options.
    defaults : dict
        The options of groups that do not give their own.

    Attributes
    ----------
    param_groups : list of dict
        The groups with all their options, which may be changed between steps.
    state : dict of Tensor to dict
        What is remembered for each parameter.

    Raises
    ------
    TypeError
        If something is no Tensor, or complex where the rule is for real numbers.
    ValueError
        If there are no parameters, one is there twice or requires no gradient, or an option is out
        of its range.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn, optim
    >>> class SignDescent(optim.Optimizer):
    ...     def __init__(self, parameters, lr):
    ...         super().__init__(parameters, {"lr": lr})
    ...
    ...     def _update(self, data, grad, kept, step, group):
    ...         data -= group["lr"] * tl.sign(grad)
    >>> w = nn.Parameter(tl.asarray([3.0, -3.0]))
    >>> optimizer = SignDescent([w], lr=0.5)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.tolist()
    [2.5, -2.5]
    """

    takes_complex = False

    def __init__(self, parameters, defaults):
        self.defaults = defaults
        self.param_groups = []
        self.state = {}
        if isinstance(parameters, Tensor | dict):
            kind = type(parameters).__name__
            raise TypeError(
                f"{self._name}: expected an iterable of Tensors or of dicts, got a {kind}"
            )
        groups = list(parameters)
        if not groups:
            raise ValueError(f"{self._name}: expected parameters, got none")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def add_param_group(self, group):
        """Add Tensors with options of their own.

        Parameters
        ----------
        group : dict
            ``"params"``, a Tensor or an iterable of Tensors, and options.

        Raises
        ------
        TypeError, ValueError
            As for the class. Nothing was added then.
        """
        if not isinstance(group, dict) or "params" not in group:
            raise TypeError(f"{self._name}: expected a dict with 'params', got {group!r:.100}")
        params = group["params"]
        params = [params] if isinstance(params, Tensor) else list(params)
        seen = set(self._parameters())
        for param in params:
            self._check_parameter(param)
            if param in seen:
                raise ValueError(f"{self._name}: a parameter of shape {param.shape} comes twice")
            seen.add(param)
        unknown = group.keys() - self.defaults.keys() - {"params", "initial_lr"}
        if unknown:
            raise ValueError(f"{self._name}: unknown option {min(unknown)!r}")
        group = {**self.defaults, **group, "params": params}
        self._check(group)
        self.param_groups.append(group)

    def zero_grad(self, set_to_none=True):
        """Drop the gradients of all parameters, or set them to zero."""
        clear_gradients(self._parameters(), set_to_none)

    def step(self, closure=None):
        """Change the parameters once, by their gradients; those without one stay.

        Parameters
        ----------
        closure : callable, optional
            Called first; it computes the loss and the gradients and returns the loss.

        Returns
        -------
        object
            What the closure returned, else None.

        Raises
        ------
        ValueError
            If an option was set to a value out of its range. Nothing was changed then.
        """
        loss = None if closure is None else closure()
        for group in self.param_groups:
            self._check(group)
        with no_grad():
            for group in self.param_groups:
                for param in group["params"]:
                    if param.grad is not None:
                        self._step_one(param, group)
        return loss

    def _step_one(self, param, group):
        state = self.state.setdefault(param, {"step": 0})
        state["step"] += 1
        names = self._remembers(group)
        for name in names:
            if name not in state:
                state[name] = zeros_like(param.detach())
        tensors = param.detach(), param.grad.detach(), *(state[name] for name in names)
        for data, grad, *kept in blocks(*tensors):
            self._update(data, grad, dict(zip(names, kept, strict=True)), state["step"], group)

    # What a rule defines

    def _check(self, group):
        """Raise ValueError if an option of the group is out of its range."""

    def _remembers(self, group):
        return ()

    def _update(self, data, grad, kept, step, group):
        """Change a part of a parameter, and what is kept for it, in place."""
        raise NotImplementedError(f"{self._name}: no update is defined")

    def _require(self, holds, expected, value):
        if not holds:
            raise ValueError(f"{self._name}: expected {expected}, got {value!r}")

    def _check_parameter(self, param):
        if not isinstance(param, Tensor):
            kind = type(param).__name__
            raise TypeError(f"{self._name}: expected Tensors as parameters, got {kind}")
        if not (param.requires_grad and param.is_leaf):
            raise ValueError(
                f"{self._name}: expected parameters that require a gradient and are no results "
                f"of operations, got one of shape {param.shape}"
            )
        if param.dtype.kind == "c" and not self.takes_complex:
            raise TypeError(f"{self._name}: expected real parameters, got {param.dtype}")

    def _parameters(self):
        return [param for group in self.param_groups for param in group["params"]]

    @property
    def _name(self):
        return type(self).__name__

    # State

    def state_dict(self):
        """Return options and state, ready for `tensorlib.save`.

        Returns
        -------
        dict
            ``"state"`` and ``"param_groups"``, with numbers in lieu of the parameters: their places
            in all groups together. The Tensors share storage with the optimizer.

        Examples
        --------
        >>> import tensorlib as tl
        >>> from tensorlib import optim
        >>> w = tl.ones(2).requires_grad_()
        >>> optim.SGD([w], lr=0.1).state_dict()["param_groups"][0]["params"]
        [0]
        """
        places = {param: place for place, param in enumerate(self._parameters())}
        groups = [
            {**group, "params": [places[param] for param in group["params"]]}
            for group in self.param_groups
        ]
        state = {places[param]: dict(memory) for param, memory in self.state.items()}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict):
        """Take over options and state; Tensors are copied.

        Parameters
        ----------
        state_dict : dict
            As `state_dict` returns it, of an optimizer with groups of the same sizes.

        Raises
        ------
        ValueError
            If it does not fit. Nothing was changed then.
        """
        try:
            groups, memories = state_dict["param_groups"], state_dict["state"]
            sizes = [len(group["params"]) for group in groups]
        except (KeyError, TypeError) as error:
            raise self._misfit(f"expected 'param_groups' and 'state', got {error!r}") from None
        own = [len(group["params"]) for group in self.param_groups]
        if sizes != own:
            raise self._misfit(f"expected groups of {own} parameters, got {sizes}")
        loaded = [
            {**group, "params": mine["params"]}
            for group, mine in zip(groups, self.param_groups, strict=True)
        ]
        for group in loaded:
            missing = self.defaults.keys() - group.keys()
            if missing:
                raise self._misfit(f"expected an option {min(missing)!r}")
            self._check(group)
        params = self._parameters()
        state = {}
        for place, memory in memories.items():
            if place not in range(len(params)):
                raise self._misfit(f"expected places below {len(params)}, got {place!r}")
            state[params[place]] = self._copy(memory, params[place])
        self.param_groups[:] = loaded
        self.state = state

    def _copy(self, memory, param):
        copy = dict(memory)
        for name, value in memory.items():
            if isinstance(value, Tensor):
                if value.shape != param.shape:
                    raise self._misfit(
                        f"expected {name!r} of shape {param.shape}, got {value.shape}"
                    )
                copy[name] = value.detach().astype(param.dtype)
        return copy

    def _misfit(self, text):
        return ValueError(f"load_state_dict: {self._name}: {text}")

    def __repr__(self):
        lines = []
        for number, group in enumerate(self.param_groups):
            options = ", ".join(f"{name}={group[name]!r}" for name in self.defaults)
            lines.append(f"\n  {number}: {len(group['params'])} parameters, {options}")
        return f"{self._name}({''.join(lines)}\n)"


def blocks(*tensors):
    """Yield views of Tensors of one shape, part by part, each part small enough for the cache."""
    size = tensors[0].size
    # A Tensor that is not contiguous has no flat view.
    if size <= BLOCK or not all(tensor.flags.c_contiguous for tensor in tensors):
        yield tensors
        return
    flat = [tensor.reshape(-1) for tensor in tensors]
    for start in range(0, size, BLOCK):
        yield tuple(tensor[start : start + BLOCK] for tensor in flat)
