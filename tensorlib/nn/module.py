"""``Module``: the base of layers and networks.

Here are its members, its call and its modes. Its other methods are functions of the modules beside
this one: names and walks in ``_walks``, state in ``_state``, dtypes in ``_conversion``, hooks in
``_hooks``.
"""

from tensorlib._core._hooks import new_functions
from tensorlib._core._tensor import Tensor
from tensorlib.nn import _backward_hooks, _conversion, _hooks, _state, _walks
from tensorlib.nn._calls import call_with_hooks, tell_module
from tensorlib.nn._hooks import call_hooks, registered, registration_hooks
from tensorlib.nn.parameter import Buffer, Parameter, clear_gradients


class Module:
    """The base of all layers and networks.

    A subclass calls ``super().__init__()``, assigns parameters and other modules to attributes, and
    defines ``forward``. Calling the module calls ``forward``.

    Attributes
    ----------
    training : bool
        Whether layers such as `Dropout` behave as in training; see `train` and `eval`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> class Scale(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.factor = nn.Parameter(tl.asarray(2.0))
    ...
    ...     def forward(self, x):
    ...         return x * self.factor
    >>> Scale()(tl.asarray([1.0, 2.0])).tolist()
    [2.0, 4.0]
    >>> list(Scale().state_dict())
    ['factor']
    """

    _version = 1  # of the layout of its state; loading hands it to `_load_from_state_dict`

    def __init__(self):
        vars(self).update(_initial_members())  # not by assignment: __setattr__ needs these

    def __setstate__(self, state):
        vars(self).update(_initial_members() | state)

    def forward(self, *args, **kwargs):
        raise NotImplementedError(f"{type(self).__name__}: no forward is defined")

    def __call__(self, *args, **kwargs):
        try:
            if self._call_hooks or call_hooks:
                return call_with_hooks(self, args, kwargs)
            return self.forward(*args, **kwargs)
        except Exception as error:
            tell_module(error, self)
            raise

    # Members

    def register_parameter(self, name, param):
        """Add a parameter; None keeps the name without one.

        Raises
        ------
        TypeError
            If `param` is neither a `Parameter` nor None.
        KeyError
            If the name cannot be used.
        """
        if not isinstance(param, Parameter | None):
            kind = type(param).__name__
            raise TypeError(f"register_parameter: expected a Parameter for {name!r}, got {kind}")
        self._register("register_parameter", "_parameters", name, param)

    def register_buffer(self, name, tensor, persistent=True):
        """Add a Tensor that is part of the state and not trained.

        Parameters
        ----------
        name : str
        tensor : Tensor or None
        persistent : bool, optional
            Whether `state_dict` has it.

        Raises
        ------
        TypeError
            If `tensor` is neither a Tensor nor None.
        KeyError
            If the name cannot be used.

        Examples
        --------
        >>> import tensorlib as tl
        >>> from tensorlib import nn
        >>> module = nn.Module()
        >>> module.register_buffer("mean", tl.zeros(3))
        >>> [name for name, _ in module.named_buffers()]
        ['mean']
        """
        if not isinstance(tensor, Tensor | None):
            kind = type(tensor).__name__
            raise TypeError(f"register_buffer: expected a Tensor for {name!r}, got {kind}")
        self._register("register_buffer", "_buffers", name, tensor)
        self._set_persistent(name, persistent)

    def register_module(self, name, module):
        """Add a module under a name; None keeps the name without one.

        Raises
        ------
        TypeError
            If `module` is neither a `Module` nor None.
        KeyError
            If the name cannot be used.
        """
        if not isinstance(module, Module | None):
            kind = type(module).__name__
            raise TypeError(f"register_module: expected a Module for {name!r}, got {kind}")
        self._register("register_module", "_modules", name, module)

    add_module = register_module

    def _register(self, operation, table, name, member):
        _check_name(operation, name)
        if vars(self).get(name, self) is None:  # a parameter left out, as with bias=False
            del vars(self)[name]
        if hasattr(self, name) and name not in vars(self)[table]:
            raise KeyError(f"{operation}: {type(self).__name__} already has {name!r}")
        self._put(table, name, member)

    def _put(self, table, name, member):
        if registration_hooks and member is not None:
            member = registered(self, table, name, member)
        vars(self)[table][name] = member

    def _set_persistent(self, name, persistent):
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def __setattr__(self, name, value):
        members = vars(self)
        if name in members.get("_computed", ()):
            return members["_computed"][name].right_inverse(value)
        table = _table_for(value)
        if "_modules" not in members:
            if table:
                raise AttributeError(
                    f"{type(self).__name__}: call super().__init__() before assigning {name!r}"
                )
            return object.__setattr__(self, name, value)
        present = next((table for table in TABLES if name in members[table]), None)
        if present and not table:
            # The name stays what it is: None empties it, and a buffer takes another Tensor.
            if value is not None and not (present == "_buffers" and isinstance(value, Tensor)):
                raise TypeError(
                    f"{type(self).__name__}: expected {TABLES[present]} or None "
                    f"for {name!r}, got {type(value).__name__}"
                )
            table = present
        if not table:
            return object.__setattr__(self, name, value)
        _check_name(type(self).__name__, name)
        if not present and hasattr(type(self), name):  # which would be found before the member
            raise KeyError(f"{type(self).__name__}: the class already has {name!r}")
        members.pop(name, None)
        if present and present != table:
            delattr(self, name)
        self._put(table, name, value)
        if isinstance(value, Buffer):
            self._set_persistent(name, value.persistent)

    def __getattr__(self, name):  # only where the usual lookup found nothing
        tables = self.__dict__
        try:
            return tables["_parameters"][name]  # what is asked for most often
        except KeyError:
            pass
        for table in TABLES:
            if name in tables.get(table, ()):
                return tables[table][name]
        if name in tables.get("_computed", ()):  # parametrized tensors: modules that compute them
            return tables["_computed"][name]()
        raise AttributeError(
            f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self
        )

    def __delattr__(self, name):
        tables = vars(self)
        for table in TABLES:
            if name in tables.get(table, ()):
                del tables[table][name]
                self._non_persistent_buffers_set.discard(name)
                return
        object.__delattr__(self, name)

    def __dir__(self):
        members = self._parameters, self._buffers, self._modules, vars(self).get("_computed", ())
        return [*super().__dir__(), *(name for table in members for name in table)]

    # Names and walks

    named_modules = _walks.named_modules
    modules = _walks.modules
    named_children = _walks.named_children
    children = _walks.children
    named_parameters = _walks.named_parameters
    parameters = _walks.parameters
    named_buffers = _walks.named_buffers
    buffers = _walks.buffers
    get_submodule = _walks.get_submodule
    set_submodule = _walks.set_submodule
    get_parameter = _walks.get_parameter
    get_buffer = _walks.get_buffer
    apply = _walks.apply

    # State

    state_dict = _state.state_dict
    load_state_dict = _state.load_state_dict
    get_extra_state = _state.get_extra_state
    set_extra_state = _state.set_extra_state
    _save_to_state_dict = _state.save_to_state_dict
    _load_from_state_dict = _state.load_from_state_dict

    # Dtypes and devices

    to = _conversion.to
    type = _conversion.type_
    cpu = _conversion.cpu
    cuda = _conversion.cuda
    double = _conversion.double
    float = _conversion.float_
    half = _conversion.half
    bfloat16 = _conversion.bfloat16
    _apply = _conversion.apply_to_members

    # Hooks

    register_forward_pre_hook = _hooks.register_forward_pre_hook
    register_forward_hook = _hooks.register_forward_hook
    register_full_backward_pre_hook = _backward_hooks.register_full_backward_pre_hook
    register_full_backward_hook = _backward_hooks.register_full_backward_hook
    register_state_dict_pre_hook = _hooks.register_state_dict_pre_hook
    register_state_dict_post_hook = _hooks.register_state_dict_post_hook
    register_load_state_dict_pre_hook = _hooks.register_load_state_dict_pre_hook
    register_load_state_dict_post_hook = _hooks.register_load_state_dict_post_hook

    # Modes

    def train(self, mode=True):
        """Set training mode (or evaluation, if `mode` is false) here and below; return self.

        Raises
        ------
        ValueError
            If `mode` is no bool.
        """
        if not isinstance(mode, bool):
            raise ValueError(f"train: expected mode to be a bool, got {mode!r}")
        for module in self.modules():
            module.training = mode
        return self

    def eval(self):
        """Set evaluation mode here and below; return self.

        Examples
        --------
        >>> from tensorlib import nn
        >>> nn.Dropout(0.5).eval().training
        False
        """
        return self.train(False)

    def requires_grad_(self, requires_grad=True):
        """Set whether the parameters collect gradients; return self."""
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def zero_grad(self, set_to_none=True):
        """Drop the gradients of the parameters, or set them to zero."""
        clear_gradients(self.parameters(), set_to_none)

    # Display

    def extra_repr(self):
        """Return what stands between the parentheses of this module's repr."""
        return ""

    def _get_name(self):
        return self.__class__.__name__

    def __repr__(self):
        below = [
            f"({name}): {module!r}".replace("\n", "\n  ") for name, module in self._modules.items()
        ]
        if not below:
            return f"{self._get_name()}({self.extra_repr()})"
        lines = "".join(f"\n  {line}" for line in [self.extra_repr(), *below] if line)
        return f"{self._get_name()}({lines}\n)"


# Where a module keeps its members, and what messages call them.
TABLES = {"_parameters": "a Parameter", "_modules": "a Module", "_buffers": "a Tensor"}


def _initial_members():
    return {
        "training": True,
        "_parameters": {},
        "_buffers": {},
        "_non_persistent_buffers_set": set(),
        "_modules": {},
        "_call_hooks": new_functions(),
        "_state_hooks": new_functions(),
    }


def _check_name(operation, name):
    if not isinstance(name, str):
        raise TypeError(f"{operation}: expected a str as name, got {type(name).__name__}")
    if not name or "." in name:
        raise KeyError(f"{operation}: expected a name without dots, got {name!r}")


def _table_for(value):
    if isinstance(value, Parameter):
        return "_parameters"
    if isinstance(value, Buffer):
        return "_buffers"
    return "_modules" if isinstance(value, Module) else None
