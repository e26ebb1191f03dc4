"""Modules that run at their first use.

Such a module is there from the start, and empty. Whoever first asks it for an attribute imports it,
and Python's import system sees to it that it runs once, and that other threads wait until it has.
The import system would make a new module, were it not for a finder that gives it the one there is.
"""

import sys
from importlib import import_module
from threading import RLock, get_ident
from types import ModuleType

_empty = {}  # modules that have not run yet, by name
_one = RLock()  # modules that import parts of each other, begun in two threads, would be stuck


def lazy_module(name):
    """The module of this name, which runs when an attribute of it is first asked for."""
    return sys.modules.get(name) or _empty.setdefault(name, _Empty(name))


class _Empty(ModuleType):
    """A module that has not run to its end."""

    def __getattribute__(self, name):
        _run(self, name)
        return ModuleType.__getattribute__(self, name)

    def __setattr__(self, name, value):
        _run(self, name)
        ModuleType.__setattr__(self, name, value)


def _run(module, attribute):
    """Import a module before an attribute of it is used."""
    own = ModuleType.__getattribute__(module, "__dict__")
    begun = attribute == "__spec__" and own["__name__"] in sys.modules  # the import system asks
    if own.get("__thread__") != get_ident() and not begun:
        with _one:
            import_module(own["__name__"])


class _Loader:
    """Runs a module that is there already; in its thread it is then like any other."""

    def __init__(self, module, loader):
        self._module = module
        self._loader = loader

    def create_module(self, spec):
        ModuleType.__setattr__(self._module, "__thread__", get_ident())
        return self._module

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self._loader
        try:
            self._loader.exec_module(module)
            module.__class__ = ModuleType
            del _empty[module.__name__]
        finally:
            del module.__thread__


class _Finder:
    """Finds the modules that have not run yet."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in _empty:
            return None
        for finder in sys.meta_path:
            spec = None if finder is _Finder else finder.find_spec(name, path, target)
            if spec is not None:
                spec.loader = _Loader(_empty[name], spec.loader)
                return spec
        return None


sys.meta_path.insert(0, _Finder)
