"""Modules that run at their first use."""

import sys
from importlib.machinery import ModuleSpec
from importlib.util import LazyLoader, find_spec, module_from_spec


def lazy_module(name):
    """The module of this name, which runs when an attribute of it is first asked for."""
    if name in sys.modules:
        return sys.modules[name]
    spec = find_spec(name)
    spec.loader = LazyLoader(spec.loader)
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class _Loaded:
    """Finds modules that have been imported already.

    To import a module below a lazy package Python looks it up, finds nothing, and asks the package
    for its path. That makes the package run, which may import the module. Python goes on to find
    it, and would run it a second time.
    """

    def __init__(self, module=None):
        self.module = module
        self.spec = getattr(module, "__spec__", None)

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if not name.startswith(f"{__package__}.") or target is not None:
            return None
        module = sys.modules.get(name)
        return None if module is None else ModuleSpec(name, cls(module))

    def create_module(self, spec):
        return self.module

    def exec_module(self, module):
        module.__spec__ = self.spec


sys.meta_path.insert(0, _Loaded)
