"""``Optimizer``: parameter groups, state, hooks, and what all optimizers share."""

from collections.abc import Iterable, Mapping
from copy import deepcopy

from tensorlib._core._dtypes import arithmetic_dtype_of
from tensorlib._core._functions import asarray
from tensorlib._core._tensor import Tensor
from tensorlib.autograd import enable_grad
from tensorlib.nn._arguments import check_number
from tensorlib.nn.parameter import clear_gradients
from tensorlib.optim import _hooks
from tensorlib.optim._state import States


class Optimizer:
    """The base of all optimizers.

    A subclass defines ``step``. If an element changes by a formula of its own, the library's
    optimizers have one road for all parameters, see ``tensorlib/optim/elementwise.py``.

    Parameters
    ----------
    params : iterable of Tensor, of (str, Tensor), or of dict
        The Tensors to change, with names as ``named_parameters`` gives them or without. Dicts are
        groups: ``"params"`` are the Tensors of the group, and the other items are its options.
    defaults : dict
        The options of groups that do not give their own.

    Attributes
    ----------
    param_groups : list of dict
        The groups with all their options, which may be changed between steps.
    state : mapping of Tensor to dict
        What is remembered for each parameter.

    Raises
    ------
    TypeError
        If something is no Tensor, or the parameters come in an order that is not fixed.
    ValueError
        If there are no parameters, one is there twice or is the result of an operation, or an
        option is out of its range.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn, optim
    >>> class SignDescent(optim.Optimizer):
    ...     def __init__(self, params, lr):
    ...         super().__init__(params, {"lr": lr})
    ...
    ...     def step(self):
    ...         with tl.autograd.no_grad():
    ...             for group in self.param_groups:
    ...                 for param in group["params"]:
    ...                     param -= group["lr"] * tl.sign(param.grad)
    >>> w = nn.Parameter(tl.asarray([3.0, -3.0]))
    >>> optimizer = SignDescent([w], lr=0.5)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.tolist()
    [2.5, -2.5]
    """

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        if not hasattr(cls.step, "runs_hooks"):
            cls.step = _hooks.with_hooks(cls.step)

    def __init__(self, params, defaults):
        self.defaults = defaults
        self.param_groups = []
        self.state = States()
        self._rooms = States()  # of captured steps, which no step has filled yet
        self._hooks = _hooks.new_hooks()
        if isinstance(params, Tensor):
            raise TypeError(
                f"{self._name}: expected an iterable of Tensors, got a {kind_of(params)}"
            )
        groups = self._listed(params)
        if not groups:
            raise ValueError(f"{self._name}: expected parameters, got none")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def add_param_group(self, param_group):
        """Add Tensors with options of their own.

        Parameters
        ----------
        param_group : dict
            ``"params"``, a Tensor or an iterable as for the class, and options. Items that are no
            options are kept.

        Raises
        ------
        TypeError, ValueError
            As for the class. Nothing was added then.
        """
        if not isinstance(param_group, dict) or "params" not in param_group:
            raise TypeError(
                f"{self._name}: expected a dict with 'params', got {param_group!r:.100}"
            )
        params = param_group["params"]
        params = [params] if isinstance(params, Tensor) else self._listed(params)
        group = {"params": params}
        if params and all(isinstance(pair, tuple) and len(pair) == 2 for pair in params):
            group = {
                "params": [param for _, param in params],
                "param_names": [name for name, _ in params],
            }
        seen = {id(param) for param in self._parameters()}
        for param in group["params"]:
            self._check_parameter(param)
            if id(param) in seen:
                raise ValueError(f"{self._name}: a parameter of shape {param.shape} comes twice")
            seen.add(id(param))
        group = {**self.defaults, **param_group, **group}
        self._check(group)
        self.param_groups.append(group)

    def zero_grad(self, set_to_none=True):
        """Drop the gradients of all parameters, or set them to zero.

        Parameters
        ----------
        set_to_none : bool, optional
        """
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
        TypeError, ValueError
            If an option was set to a value out of its range, or a gradient does not fit its
            parameter. Nothing was changed then, as when the closure raises.

        Notes
        -----
        Captured in a `tensorlib.cuda.CUDAGraph`, it changes nothing; each replay of the graph is a
        step of the parameters that had a gradient, with the options that the groups then have.
        """
        raise NotImplementedError(f"{self._name}: no step is defined")

    register_step_pre_hook = _hooks.register_step_pre_hook
    register_step_post_hook = _hooks.register_step_post_hook
    register_state_dict_pre_hook = _hooks.register_state_dict_pre_hook
    register_state_dict_post_hook = _hooks.register_state_dict_post_hook
    register_load_state_dict_pre_hook = _hooks.register_load_state_dict_pre_hook
    register_load_state_dict_post_hook = _hooks.register_load_state_dict_post_hook

    # Checks

    def _listed(self, params):
        if isinstance(params, dict | set | frozenset) or not isinstance(params, Iterable):
            raise TypeError(
                f"{self._name}: expected an iterable of Tensors or of dicts, in a fixed order, "
                f"got a {kind_of(params)}"
            )
        return list(params)

    def _check(self, group):
        """Raise ValueError if an option of the group is out of its range."""

    def _require(self, holds, expected, value):
        if not holds:
            raise ValueError(f"{self._name}: expected {expected}, got {value!r}")

    def _require_numbers(self, group, *names):
        for name in names:
            self._number(name, group[name])

    def _require_nonnegative(self, group, *names):
        for name in names:
            if not self._number(name, group[name]) >= 0:
                self._require(False, f"{name} >= 0", group[name])

    def _require_betas(self, group):
        first, second = self._several(group, "betas", "two")
        valid = 0 <= first < 1 and 0 <= second < 1
        self._require(valid, "betas to be two numbers in [0, 1)", group["betas"])

    def _several(self, group, name, count):
        """An option of two or three numbers; the count is a word."""
        values = group[name]
        if not isinstance(values, (tuple, list)) or len(values) != {"two": 2, "three": 3}[count]:
            self._require(False, f"{name} to be {count} numbers", values)
        return [self._number(name, value) for value in values]

    def _number(self, name, value):
        return check_number(self._name, name, value)

    def _check_parameter(self, param):
        if not isinstance(param, Tensor):
            raise TypeError(f"{self._name}: expected Tensors as parameters, got {kind_of(param)}")
        if not param.is_leaf:
            raise ValueError(
                f"{self._name}: expected parameters that are no results of operations, got one of "
                f"shape {param.shape}"
            )
        if param.dtype != arithmetic_dtype_of(param.dtype):
            raise TypeError(
                f"{self._name}: expected parameters of floats of at least 16 bits, got "
                f"{param.dtype}, in which they would not change by small steps"
            )

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
        for hook in _hooks.at(self, _hooks.STATE_PRE):
            hook(self)
        places = {id(param): place for place, param in enumerate(self._parameters())}
        groups = [
            {**group, "params": [places[id(param)] for param in group["params"]]}
            for group in self.param_groups
        ]
        state = {places[id(param)]: dict(memory) for param, memory in self.state.items()}
        whole = {"state": state, "param_groups": groups}
        return _hooks.through(self, _hooks.STATE_POST, whole)

    def load_state_dict(self, state_dict):
        """Take over options and state, as copies.

        Parameters
        ----------
        state_dict : dict
            As `state_dict` returns it, of an optimizer with groups of the same sizes. PyTorch's
            fits too.

        Raises
        ------
        ValueError
            If it does not fit. Nothing was changed then.
        """
        if isinstance(state_dict, Mapping):
            state_dict = _hooks.through(self, _hooks.LOAD_PRE, dict(state_dict))
        try:
            groups, memories = state_dict["param_groups"], dict(state_dict["state"])
            sizes = [len(group["params"]) for group in groups]
        except (KeyError, TypeError) as error:
            raise self._misfit(f"expected 'param_groups' and 'state', got {error!r}") from None
        own = [len(group["params"]) for group in self.param_groups]
        if sizes != own:
            raise self._misfit(f"expected groups of {own} parameters, got {sizes}")
        loaded = []
        for group, mine in zip(groups, self.param_groups, strict=True):
            kept = {name: mine[name] for name in ("param_names",) if name in mine}
            loaded.append({**kept, **deepcopy(group), "params": mine["params"]})
        for group in loaded:
            missing = self.defaults.keys() - group.keys()
            if missing:
                raise self._misfit(f"expected an option {min(missing)!r}")
            self._check(group)
        # The numbers of the parameters are whatever the groups say.
        places = [place for group in groups for place in group["params"]]
        params = dict(zip(places, self._parameters(), strict=True))
        if len(params) < len(places):
            raise self._misfit("expected each number of a parameter once")
        state = States()
        for place, memory in memories.items():
            if place not in params:
                raise self._misfit(f"expected state of the parameters {places}, got {place!r}")
            if not isinstance(memory, Mapping):
                raise self._misfit(f"expected dicts of state, got {memory!r:.100}")
            state[params[place]] = self._loaded(memory, params[place])
        self.param_groups[:] = loaded
        self.state = state
        for hook in _hooks.at(self, _hooks.LOAD_POST):
            hook(self)

    def _loaded(self, memory, param):
        """What was remembered for a parameter, copied, in the parameter's dtype, to its device."""
        return {
            name: self._copied(value, None, "cpu")
            if name == "step"
            else self._copied(value, param.dtype, param.device)
            for name, value in memory.items()
        }

    def _copied(self, value, dtype, device):
        if isinstance(value, list):
            return [self._copied(item, dtype, device) for item in value]
        if not hasattr(value, "__array__"):
            return deepcopy(value)
        value = asarray(value.detach() if isinstance(value, Tensor) else value, device=device)
        alike = dtype is not None and (value.dtype.kind == "c") == (dtype.kind == "c")
        return value.astype(dtype) if alike and value.dtype.kind not in "biu" else value.copy()

    def _require_shape(self, name, value, shape):
        if value.shape != shape:
            raise self._misfit(f"expected {name!r} of shape {shape}, got {value.shape}")

    def _misfit(self, text):
        return ValueError(f"load_state_dict: {self._name}: {text}")

    def __repr__(self):
        lines = []
        for number, group in enumerate(self.param_groups):
            options = ", ".join(f"{name}={group[name]!r}" for name in self.defaults)
            lines.append(f"\n  {number}: {len(group['params'])} parameters, {options}")
        return f"{self._name}({''.join(lines)}\n)"


def kind_of(value):
    return type(value).__name__


def evaluate(closure):
    """The loss that a closure computes, or None without one."""
    if closure is None:
        return None
    with enable_grad():
        return closure()
