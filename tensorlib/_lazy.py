"""Modules that run at their first use."""

import sys
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
