"""NumPy's Python modules, run once more with tensors in the place of arrays.

Much of NumPy is plain Python over its own public functions: `numpy.polynomial`, most of
`numpy.lib`. Here the code of such a module is executed a second time, in a namespace of ours where
``import numpy as np`` gives the library instead: `np.name` is the library's `name` if there is one,
and NumPy's otherwise. So the very same code gives tensors, which can be differentiated.

It relies on three things. NumPy's modules are Python code that their loader can give. What a
module imports from another one of NumPy's is public under the same name (``numpy._core.zeros`` is
``numpy.zeros``), so that ours is found by name. And the code is right for views: indexing a Tensor
with integers gives a view where an ndarray gives a scalar. The few functions that are not, or that
ask for types, are replaced by whoever runs the module.
"""

import builtins
import functools
import importlib
import types
from importlib.util import find_spec

import numpy as np

from tensorlib._core._functions import asarray
from tensorlib._core._tensor import Tensor


def run_module(name, namespace):
    """Execute the code of one of NumPy's modules.

    Parameters
    ----------
    name : str
        ``"numpy.polynomial.chebyshev"``.
    namespace : dict
        The globals. Relative imports and the functions' `__module__` follow its ``__name__``.
        Its documentation stays.

    Examples
    --------
    >>> from tensorlib._rebound import run_module
    >>> namespace = {"__name__": "tensorlib.polynomial.polyutils"}
    >>> run_module("numpy.polynomial.polyutils", namespace)
    >>> namespace["trimcoef"]([1.0, 2.0, 0.0])
    tensor([1., 2.])
    """
    documentation = namespace.get("__doc__")
    namespace["__builtins__"] = {**vars(builtins), "__import__": _import}
    exec(find_spec(name).loader.get_code(name), namespace)
    namespace["__doc__"] = documentation


def rebound(module, **replaced):
    """Make a function of the library out of the code of NumPy's: a decorator.

    The decorated function gives the name, the signature and the documentation; its body is empty.

    Parameters
    ----------
    module : str
        In which NumPy defines the function of that name. It is run at the first call.
    **replaced
        What these global names of the module shall mean.

    Returns
    -------
    callable
        The decorator.
    """

    def decorate(described):
        @functools.wraps(described)
        def called(*args, **kwargs):
            return _namespace(module, **replaced)[described.__name__](*args, **kwargs)

        return called

    return decorate


@functools.cache
def _namespace(module, **replaced):
    namespace = {"__name__": f"tensorlib{module.removeprefix('numpy')}"}
    run_module(module, namespace)
    namespace.update(replaced)
    return namespace


def _import(name, globals=None, locals=None, fromlist=(), level=0):
    """The builtin `__import__`, with the library in NumPy's place."""
    if level or name.partition(".")[0] != "numpy":
        return builtins.__import__(name, globals, locals, fromlist, level)
    return _Numpy(importlib.import_module(name if fromlist else "numpy"))


class _Numpy:
    """A module of NumPy whose names are the library's, as far as it has them."""

    def __init__(self, theirs):
        path = theirs.__name__.split(".")[1:]
        private = any(part.startswith("_") for part in path)
        self._theirs = theirs
        self._ours = _module_or_none(".".join(["tensorlib", *([] if private else path)]))

    def __getattr__(self, name):
        theirs = getattr(self._theirs, name)
        if name in _OTHERS:
            return _OTHERS[name]
        if isinstance(theirs, types.ModuleType):
            return _Numpy(theirs)
        return getattr(self._ours, name, theirs)


def _module_or_none(name):
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        return None


def _undispatched(dispatcher=None, module=None, **kwargs):
    return lambda function: function


_OTHERS = {
    "ndarray": Tensor | np.ndarray,  # asked for by isinstance
    "array_function_dispatch": _undispatched,  # Tensor's protocol would call NumPy's function
    "asanyarray": asarray,
}
