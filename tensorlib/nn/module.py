"""``Module``: the base of layers and networks."""

from typing import NamedTuple

from tensorlib._core._functions import asarray
from tensorlib._core._tensor import Tensor
from tensorlib.autograd import no_grad
from tensorlib.nn.parameter import Parameter, clear_gradients


class LoadResult(NamedTuple):
    """The names that `Module.load_state_dict` did not match."""

    missing_keys: list
    unexpected_keys: list


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

    def __init__(self):
        # Not by assignment: __setattr__ needs these.
        vars(self).update(training=True, _parameters={}, _buffers={}, _modules={}, _not_saved=set())

    def forward(self, *args, **kwargs):
        raise NotImplementedError(f"{type(self).__name__}: no forward is defined")

    def __call__(self, *args, **kwargs):
        return self.forward(*args, **kwargs)

    # Members

    def register_parameter(self, name, parameter):
        """Add a parameter; None keeps the name without one.

        Raises
        ------
        TypeError
            If `parameter` is neither a `Parameter` nor None.
        KeyError
            If the name cannot be used.
        """
        if not isinstance(parameter, Parameter | None):
            kind = type(parameter).__name__
            raise TypeError(f"register_parameter: expected a Parameter for {name!r}, got {kind}")
        self._register("register_parameter", "_parameters", name, parameter)

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
        if not persistent:
            self._not_saved.add(name)

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

    def _register(self, operation, table, name, member):
        if not isinstance(name, str):
            raise TypeError(f"{operation}: expected a str as name, got {type(name).__name__}")
        if not name or "." in name:
            raise KeyError(f"{operation}: expected a name without dots, got {name!r}")
        if hasattr(self, name) and name not in vars(self)[table]:
            raise KeyError(f"{operation}: {type(self).__name__} already has {name!r}")
        vars(self)[table][name] = member

    def __setattr__(self, name, value):
        members = vars(self)
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
        members.pop(name, None)
        if present and present != table:
            del members[present][name]
        members[table][name] = value

    def __getattr__(self, name):  # only where the usual lookup found nothing
        tables = vars(self)
        for table in TABLES:
            if name in tables.get(table, ()):
                return tables[table][name]
        raise AttributeError(
            f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self
        )

    def __delattr__(self, name):
        tables = vars(self)
        for table in TABLES:
            if name in tables.get(table, ()):
                del tables[table][name]
                self._not_saved.discard(name)
                return
        object.__delattr__(self, name)

    def __dir__(self):
        return [*super().__dir__(), *self._parameters, *self._buffers, *self._modules]

    # Walks. Names have dots between a module's and its member's; what is shared comes once.

    def named_modules(self, prefix=""):
        """Yield ``(name, module)`` for this module and all below it."""
        seen = set()
        pending = [(prefix, self)]
        while pending:
            name, module = pending.pop()
            if id(module) in seen:
                continue
            seen.add(id(module))
            yield name, module
            below = [(_join(name, child), m) for child, m in module._modules.items()]
            pending += [(path, m) for path, m in reversed(below) if m is not None]

    def modules(self):
        """Yield this module and all below it."""
        return (module for _, module in self.named_modules())

    def named_children(self):
        """Yield ``(name, module)`` for the modules directly below."""
        return ((name, module) for name, module in self._modules.items() if module is not None)

    def children(self):
        """Yield the modules directly below."""
        return (module for _, module in self.named_children())

    def named_parameters(self, prefix="", recurse=True):
        """Yield ``(name, parameter)``, each parameter once, those of modules below included.

        Examples
        --------
        >>> from tensorlib import nn
        >>> [name for name, _ in nn.Sequential(nn.Linear(2, 3)).named_parameters()]
        ['0.weight', '0.bias']
        """
        return _once(self._named_members("_parameters", prefix, recurse))

    def parameters(self, recurse=True):
        """Yield the parameters, each once, those of modules below included."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(self, prefix="", recurse=True):
        """Yield ``(name, buffer)``, each buffer once, those of modules below included."""
        return _once(self._named_members("_buffers", prefix, recurse))

    def buffers(self, recurse=True):
        """Yield the buffers, each once, those of modules below included."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def _named_members(self, table, prefix, recurse):
        for path, module in self.named_modules(prefix) if recurse else ((prefix, self),):
            for name, member in vars(module)[table].items():
                if member is not None:
                    yield _join(path, name), member

    def apply(self, function):
        """Call ``function`` with each module, those below first, and return self."""
        for module in self.children():
            module.apply(function)
        function(self)
        return self

    def to(self, dtype):
        """Cast the floating-point parameters and buffers; return self."""
        for module in self.modules():
            for name, parameter in module._parameters.items():
                if parameter is not None and parameter.dtype.kind == "f":
                    value = parameter.detach().astype(dtype)
                    module._parameters[name] = Parameter(value, parameter.requires_grad)
            for name, buffer in module._buffers.items():
                if buffer is not None and buffer.dtype.kind == "f":
                    module._buffers[name] = buffer.astype(dtype)
        return self

    # State

    def state_dict(self):
        """Return the values of all parameters and persistent buffers.

        Returns
        -------
        dict of str to Tensor
            They share storage with the module and require no gradient. A parameter that two
            modules share is there under both names.

        Examples
        --------
        >>> from tensorlib import nn
        >>> {name: x.shape for name, x in nn.Linear(2, 3).state_dict().items()}
        {'weight': (3, 2), 'bias': (3,)}
        """
        return {name: tensor.detach() for name, tensor in self._state().items()}

    def _state(self, prefix=""):
        state = {_join(prefix, name): x for name, x in self._parameters.items() if x is not None}
        for name, x in self._buffers.items():
            if x is not None and name not in self._not_saved:
                state[_join(prefix, name)] = x
        for name, module in self.named_children():
            state |= module._state(_join(prefix, name))
        return state

    def load_state_dict(self, state_dict, strict=True):
        """Copy values into the parameters and buffers.

        Parameters
        ----------
        state_dict : mapping of str to Tensor
            As `state_dict` returns it. Values are cast to the dtypes that the module has.
        strict : bool, optional
            Whether the names must be the same ones.

        Returns
        -------
        LoadResult
            ``missing_keys`` and ``unexpected_keys``, both empty if `strict`.

        Raises
        ------
        RuntimeError
            If a shape differs, or a name does and `strict` is true. Nothing was changed then.

        Examples
        --------
        >>> from tensorlib import nn
        >>> a, b = nn.Linear(2, 3), nn.Linear(2, 3)
        >>> b.load_state_dict(a.state_dict())
        LoadResult(missing_keys=[], unexpected_keys=[])
        >>> bool((a.weight == b.weight).all())
        True
        """
        own = self._state()
        missing = [name for name in own if name not in state_dict]
        unexpected = [name for name in state_dict if name not in own]
        values = {name: asarray(state_dict[name]) for name in own if name in state_dict}
        problems = [
            f"expected shape {own[name].shape} for {name!r}, got {value.shape}"
            for name, value in values.items()
            if value.shape != own[name].shape
        ]
        if strict and missing:
            problems.append(f"no value for {', '.join(map(repr, missing))}")
        if strict and unexpected:
            problems.append(f"no place for {', '.join(map(repr, unexpected))}")
        if problems:
            raise RuntimeError(f"load_state_dict: {type(self).__name__}: {'; '.join(problems)}")
        with no_grad():
            for name, value in values.items():
                own[name][...] = value
        return LoadResult(missing, unexpected)

    # Modes

    def train(self, mode=True):
        """Set training mode (or evaluation, if `mode` is false) here and below; return self."""
        for module in self.modules():
            module.training = bool(mode)
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

    def __repr__(self):
        below = [
            f"({name}): {module!r}".replace("\n", "\n  ") for name, module in self._modules.items()
        ]
        if not below:
            return f"{type(self).__name__}({self.extra_repr()})"
        lines = "".join(f"\n  {line}" for line in [self.extra_repr(), *below] if line)
        return f"{type(self).__name__}({lines}\n)"


# Where a module keeps its members, and what messages call them.
TABLES = {"_parameters": "a Parameter", "_modules": "a Module", "_buffers": "a Tensor"}


def _table_for(value):
    if isinstance(value, Parameter):
        return "_parameters"
    return "_modules" if isinstance(value, Module) else None


def _join(prefix, name):
    return f"{prefix}.{name}" if prefix else name


def _once(named):
    seen = set()
    for name, member in named:
        if id(member) not in seen:
            seen.add(id(member))
            yield name, member
