"""Modules that hold modules: `Sequential`, `ModuleList`, `ModuleDict`."""

import operator
from collections.abc import Mapping

from tensorlib.nn.module import Module


class _Modules(Module):
    """What `Sequential` and `ModuleList` have in common: they are lists.

    Modules are named by their places; names that are no numbers stay with their modules.
    """

    def append(self, module):
        """Add a module at the end; return self."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules):
        """Add modules at the end; return self."""
        for module in list(modules):
            self.append(module)
        return self

    def insert(self, index, module):
        """Put a module before the one at an index.

        Raises
        ------
        IndexError
            If the index is out of range.
        TypeError
            If it is no module.
        """
        self._check_module(".insert", module)
        place = operator.index(index)
        if not -len(self) <= place <= len(self):
            raise self._out_of_range(index)
        items = list(self._modules.items())
        items.insert(place, ("0", module))
        self._rename(items)
        return self

    def pop(self, key):
        """Take out the module at an index and return it."""
        module = self[key]
        del self[key]
        return module

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules.values())

    def __getitem__(self, index):
        if isinstance(index, slice):
            return self._part(list(self._modules.items())[index])
        return self._modules[self._name_at(index)]

    def __setitem__(self, index, module):
        names = list(self._modules)
        if not isinstance(index, slice):
            self.register_module(self._name_at(index), module)
            return
        modules = list(module)
        if len(modules) != len(names[index]):
            raise ValueError(
                f"{self._get_name()}: expected {len(names[index])} modules for the slice, got "
                f"{len(modules)}"
            )
        for one in modules:
            self._check_module("", one)
        for name, one in zip(names[index], modules, strict=True):
            self.register_module(name, one)

    def __delitem__(self, index):
        items = list(self._modules.items())
        if isinstance(index, slice):
            del items[index]
        else:
            self._name_at(index)
            del items[index]
        self._rename(items)

    def __add__(self, other):
        return self._part(self._modules.items()).extend(self._modules_of(other))

    def __iadd__(self, other):
        return self.extend(self._modules_of(other))

    def __dir__(self):
        return [name for name in super().__dir__() if not name.isdigit()]

    def _part(self, items):
        made = type(self)()
        for name, module in items:
            made.add_module(str(len(made)) if name.isdigit() else name, module)
        return made

    def _modules_of(self, other):
        if not isinstance(other, _Modules | list | tuple):
            kind = type(other).__name__
            raise TypeError(f"{self._get_name()}: expected modules to add, got {kind}")
        return list(other)

    def _rename(self, items):
        modules = {
            str(place) if name.isdigit() else name: module
            for place, (name, module) in enumerate(items)
        }
        self._modules.clear()
        self._modules.update(modules)

    def _check_module(self, operation, module):
        if not isinstance(module, Module | None):
            kind = type(module).__name__
            raise TypeError(f"{self._get_name()}{operation}: expected a Module, got {kind}")

    def _name_at(self, index):
        try:
            return list(self._modules)[operator.index(index)]
        except IndexError:
            raise self._out_of_range(index) from None

    def _out_of_range(self, index):
        return IndexError(f"{self._get_name()}: index {index} with {len(self)} modules")


class ModuleList(_Modules):
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
    >>> nn.ModuleList([nn.ReLU(), nn.ReLU(), nn.Tanh()])
    ModuleList(
      (0-1): 2 x ReLU()
      (2): Tanh()
    )
    """

    def __init__(self, modules=None):
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def __repr__(self):
        if not len(self):
            return f"{self._get_name()}()"
        groups = []  # [first place, last place, text]
        for place, module in enumerate(self):
            text = repr(module)
            if groups and groups[-1][2] == text:
                groups[-1][1] = place
            else:
                groups.append([place, place, text])
        lines = [
            f"({first}): {text}"
            if first == last
            else f"({first}-{last}): {last - first + 1} x {text}"
            for first, last, text in groups
        ]
        body = "\n".join(lines).replace("\n", "\n  ")
        return f"{self._get_name()}(\n  {body}\n)"


class Sequential(_Modules):
    """Modules called one after another, each with the result of the one before.

    Parameters
    ----------
    *args : Module
        Or a single dict of names to modules.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    >>> model(tl.zeros((5, 4), dtype="float32")).shape
    (5, 2)
    >>> model[1:2]
    Sequential(
      (0): ReLU()
    )
    """

    def __init__(self, *args):
        super().__init__()
        if len(args) == 1 and isinstance(args[0], dict):
            for name, module in args[0].items():
                self.add_module(name, module)
        else:
            self.extend(args)

    def forward(self, input):
        for module in self:
            input = module(input)
        return input

    def __mul__(self, other):
        return self._part([]).extend(list(self) * self._times(other))

    __rmul__ = __mul__

    def __imul__(self, other):
        return self.extend(list(self) * (self._times(other) - 1))

    def _times(self, other):
        if not isinstance(other, int):
            kind = type(other).__name__
            raise TypeError(f"{self._get_name()}: expected an int to multiply with, got {kind}")
        if other < 1:
            raise ValueError(
                f"{self._get_name()}: expected a number > 0 to multiply with, got {other}"
            )
        return other


class ModuleDict(Module):
    """Modules by name, for a ``forward`` of your own to use.

    Parameters
    ----------
    modules : mapping of str to Module, or iterable of pairs, optional

    Examples
    --------
    >>> from tensorlib import nn
    >>> heads = nn.ModuleDict({"value": nn.Linear(4, 1), "policy": nn.Linear(4, 6)})
    >>> heads["policy"].out_features, "value" in heads
    (6, True)
    """

    def __init__(self, modules=None):
        super().__init__()
        if modules is not None:
            self.update(modules)

    def update(self, modules):
        """Add the modules of a mapping, in the place of those of the same names.

        Raises
        ------
        TypeError
            If it is neither a mapping nor an iterable of pairs of a name and a module.
        """
        if not isinstance(modules, Mapping | ModuleDict):
            try:
                modules = dict(modules)
            except (TypeError, ValueError) as error:
                raise TypeError(
                    f"{self._get_name()}.update: expected a mapping or pairs of names and modules "
                    f"({error})"
                ) from None
        for name, module in modules.items():
            self[name] = module

    def pop(self, key):
        """Take out the module of a name and return it."""
        module = self[key]
        del self[key]
        return module

    def clear(self):
        """Take out all modules."""
        self._modules.clear()

    def __setitem__(self, key, module):
        self.add_module(key, module)

    def __getitem__(self, key):
        return self._modules[key]

    def __delitem__(self, key):
        del self._modules[key]

    def __contains__(self, key):
        return key in self._modules

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
