"""The methods of `Module` that walk over the modules below, and find members by their names.

Names have dots between a module's and its member's.
"""


def named_modules(self, memo=None, prefix="", remove_duplicate=True):
    """Yield ``(name, module)`` for this module and all below it.

    Parameters
    ----------
    memo : set of Module, optional
        Modules to leave out; those that come are added to it.
    prefix : str, optional
        The name of this module.
    remove_duplicate : bool, optional
        Whether a module with several names comes once.

    Examples
    --------
    >>> from tensorlib import nn
    >>> net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    >>> [name for name, _ in net.named_modules()]
    ['', '0', '1']
    """
    memo = set() if memo is None else memo
    if self in memo:
        return
    if remove_duplicate:
        memo.add(self)
    yield prefix, self
    for name, module in self._modules.items():
        if module is not None:
            yield from module.named_modules(memo, join(prefix, name), remove_duplicate)


def modules(self, remove_duplicate=True):
    """Yield this module and all below it; each once, but if `remove_duplicate` is false."""
    return (module for _, module in self.named_modules(remove_duplicate=remove_duplicate))


def named_children(self):
    """Yield ``(name, module)`` for the modules directly below, each once."""
    return _once((name, module) for name, module in self._modules.items() if module is not None)


def children(self):
    """Yield the modules directly below, each once."""
    return (module for _, module in self.named_children())


def named_parameters(self, prefix="", recurse=True, remove_duplicate=True):
    """Yield ``(name, parameter)``.

    Parameters
    ----------
    prefix : str, optional
        The name of this module.
    recurse : bool, optional
        Whether to include those of the modules below.
    remove_duplicate : bool, optional
        Whether a parameter with several names comes once.

    Examples
    --------
    >>> from tensorlib import nn
    >>> [name for name, _ in nn.Sequential(nn.Linear(2, 3)).named_parameters()]
    ['0.weight', '0.bias']
    """
    return _named_members(self, "_parameters", prefix, recurse, remove_duplicate)


def parameters(self, recurse=True):
    """Yield the parameters, each once, those of modules below included."""
    return (parameter for _, parameter in self.named_parameters(recurse=recurse))


def named_buffers(self, prefix="", recurse=True, remove_duplicate=True):
    """Yield ``(name, buffer)``; options as of `named_parameters`."""
    return _named_members(self, "_buffers", prefix, recurse, remove_duplicate)


def buffers(self, recurse=True):
    """Yield the buffers, each once, those of modules below included."""
    return (buffer for _, buffer in self.named_buffers(recurse=recurse))


def get_submodule(self, target):
    """Return the module of a name with dots; the empty name is this one's.

    Raises
    ------
    AttributeError
        If there is none.

    Examples
    --------
    >>> from tensorlib import nn
    >>> nn.Sequential(nn.Sequential(nn.ReLU())).get_submodule("0.0")
    ReLU()
    """
    module = self
    for name in target.split(".") if target else ():
        below = module._modules.get(name)
        if below is None:
            raise _absent("get_submodule", module, "module", name, target)
        module = below
    return module


def get_parameter(self, target):
    """Return the parameter of a name with dots.

    Raises
    ------
    AttributeError
        If there is none.

    Examples
    --------
    >>> from tensorlib import nn
    >>> nn.Sequential(nn.Linear(4, 2)).get_parameter("0.bias").shape
    (2,)
    """
    return _member(self, "get_parameter", "_parameters", "parameter", target)


def get_buffer(self, target):
    """Return the buffer of a name with dots.

    Raises
    ------
    AttributeError
        If there is none.
    """
    return _member(self, "get_buffer", "_buffers", "buffer", target)


def set_submodule(self, target, module, strict=False):
    """Put a module in the place of another, or at a name that is free.

    Parameters
    ----------
    target : str
        A name with dots, whose last part may be new.
    module : Module
    strict : bool, optional
        Whether there must be a module of this name.

    Raises
    ------
    AttributeError
        If there is no module to put it into, or none of this name and `strict` is true.
    KeyError
        If the name cannot be used.
    TypeError
        If it is no module.

    Examples
    --------
    >>> from tensorlib import nn
    >>> net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    >>> net.set_submodule("1", nn.Tanh())
    >>> net[1]
    Tanh()
    """
    path, _, name = target.rpartition(".")
    parent = self.get_submodule(path)
    if strict and parent._modules.get(name) is None:
        raise _absent("set_submodule", parent, "module", name, target)
    parent.register_module(name, module)


def apply(self, fn):
    """Call ``fn`` with each module, those below first, and return self.

    Examples
    --------
    >>> from tensorlib import nn
    >>> names = []
    >>> net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    >>> _ = net.apply(lambda module: names.append(type(module).__name__))
    >>> names
    ['Linear', 'ReLU', 'Sequential']
    """
    for module in self.children():
        module.apply(fn)
    fn(self)
    return self


def join(prefix, name):
    """A name with the name of the module before it."""
    return f"{prefix}.{name}" if prefix else name


def _named_members(module, table, prefix, recurse, remove_duplicate):
    modules = (
        module.named_modules(None, prefix, remove_duplicate) if recurse else [(prefix, module)]
    )
    named = (
        (join(path, name), member)
        for path, owner in modules
        for name, member in vars(owner)[table].items()
        if member is not None
    )
    return _once(named) if remove_duplicate else named


def _once(named):
    seen = set()
    for name, member in named:
        if id(member) not in seen:
            seen.add(id(member))
            yield name, member


def _member(module, operation, table, kind, target):
    path, _, name = target.rpartition(".")
    owner = module.get_submodule(path)
    member = vars(owner)[table].get(name)
    if member is None:
        raise _absent(operation, owner, kind, name, target)
    return member


def _absent(operation, module, kind, name, target):
    place = "" if name == target else f" (of {target!r})"
    return AttributeError(f"{operation}: {type(module).__name__} has no {kind} {name!r}{place}")
