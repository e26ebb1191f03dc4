"""Modules that hold modules."""

from tensorlib.nn.module import Module


class ModuleList(Module):
    """A list of modules, for a ``forward`` of your own to use.

    Parameters
    ----------
    modules : iterable of Module, optional

    Examples
    --------
    >>> from tensorlib import nn
    >>> layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))
    >>> len(layers), len(list(layers.parameters()))
    (3, 6)
    """

    def __init__(self, modules=()):
        super().__init__()
        self.extend(modules)

    def append(self, module):
        """Add a module at the end; return self."""
        self.register_module(str(len(self)), module)
        return self

    def extend(self, modules):
        """Add modules at the end; return self."""
        for module in modules:
            self.append(module)
        return self

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules.values())

    def __getitem__(self, index):
        modules = list(self._modules.values())
        if isinstance(index, slice):
            return type(self)(modules[index])
        try:
            return modules[index]
        except IndexError:
            name = type(self).__name__
            raise IndexError(f"{name}: index {index} with {len(self)} modules") from None


class Sequential(ModuleList):
    """Modules called one after another, each with the result of the one before.

    Parameters
    ----------
    *modules : Module
        Or a single dict of names to modules.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    >>> model(tl.zeros((5, 4), dtype="float32")).shape
    (5, 2)
    """

    def __init__(self, *modules):
        named = len(modules) == 1 and isinstance(modules[0], dict)
        super().__init__(() if named else modules)
        if named:
            for name, module in modules[0].items():
                self.register_module(name, module)

    def forward(self, x):
        for module in self:
            x = module(x)
        return x

    def __getitem__(self, index):
        if isinstance(index, slice):
            return Sequential(dict(list(self._modules.items())[index]))
        return super().__getitem__(index)


class ModuleDict(Module):
    """Modules by name, for a ``forward`` of your own to use.

    Parameters
    ----------
    modules : mapping of str to Module, optional

    Examples
    --------
    >>> from tensorlib import nn
    >>> heads = nn.ModuleDict({"value": nn.Linear(4, 1), "policy": nn.Linear(4, 6)})
    >>> heads["policy"].out_features, "value" in heads
    (6, True)
    """

    def __init__(self, modules=()):
        super().__init__()
        self.update(modules)

    def update(self, modules):
        """Add the modules of a mapping, in the place of those of the same names."""
        for name, module in dict(modules).items():
            self[name] = module

    def __setitem__(self, name, module):
        self.register_module(name, module)

    def __getitem__(self, name):
        return self._modules[name]

    def __delitem__(self, name):
        del self._modules[name]

    def __contains__(self, name):
        return name in self._modules

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules)

    def keys(self):
        """Return a view of the names."""
        return self._modules.keys()

    def values(self):
        """Return a view of the modules."""
        return self._modules.values()

    def items(self):
        """Return a view of the pairs of name and module."""
        return self._modules.items()
