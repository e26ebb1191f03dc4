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

from tensorlib._arguments import anywhere
from tensorlib._core._functions import array, asarray, sqrt
from tensorlib._core._tensor import Tensor
from tensorlib._core._wrapping import wrapped_of
from tensorlib._joining import stack
from tensorlib._numpy_code import by_numpy


def run_module(name, namespace, keep=()):
    """Execute the code of one of NumPy's modules.

    Parameters
    ----------
    name : str
        ``"numpy.polynomial.chebyshev"``.
    namespace : dict
        The globals. Relative imports and the functions' `__module__` follow its ``__name__``.
    keep : collection of str
        Names that the namespace already has, and which the code shall not define anew.

    Examples
    --------
    >>> from tensorlib._rebound import run_module
    >>> namespace = {"__name__": "tensorlib.polynomial.polyutils"}
    >>> run_module("numpy.polynomial.polyutils", namespace)
    >>> namespace["trimcoef"]([1.0, 2.0, 0.0])
    tensor([1., 2.])
    """
    namespace["__builtins__"] = {**vars(builtins), "__import__": _import}
    exec(find_spec(name).loader.get_code(name), namespace, _Definitions(namespace, keep))


class _Definitions:
    """Where the code of a module stores its names: the namespace, but for those it shall keep."""

    def __init__(self, namespace, keep):
        self._namespace = namespace
        self._keep = {"__doc__", *keep}

    def __getitem__(self, name):
        return self._namespace[name]

    def __setitem__(self, name, value):
        if name not in self._keep:
            self._namespace[name] = value

    def __delitem__(self, name):
        del self._namespace[name]


def _import(name, globals=None, locals=None, fromlist=(), level=0):
    """The builtin `__import__`, with the library in NumPy's place."""
    if level or name.partition(".")[0] != "numpy":
        return builtins.__import__(name, globals, locals, fromlist, level)
    if not fromlist:
        return _Numpy(np)
    module = _Numpy(importlib.import_module(name))
    return types.SimpleNamespace(**{item: _late(module, item) for item in fromlist})


def _late(module, name):
    """What `module` has by that name; a function is looked up at each call: at import the library
    may have no such name yet."""
    value = getattr(module._theirs, name)
    if name in _OTHERS or not callable(value) or isinstance(value, type):
        return getattr(module, name)
    return lambda *args, **kwargs: getattr(module, name)(*args, **kwargs)


class _Numpy:
    """A module of NumPy whose names are the library's, as far as it has them."""

    def __init__(self, theirs):
        self._theirs = theirs

    @functools.cached_property
    def _ours(self):
        path = self._theirs.__name__.split(".")[1:]
        private = any(part.startswith("_") for part in path)
        try:
            return importlib.import_module(".".join(["tensorlib", *([] if private else path)]))
        except ModuleNotFoundError:
            return None

    def __getattr__(self, name):
        theirs = getattr(self._theirs, name)
        if name in _OTHERS:
            return _OTHERS[name]
        if isinstance(theirs, types.ModuleType):
            return _Numpy(theirs)
        if isinstance(theirs, type) or not callable(theirs):
            return theirs
        if hasattr(self._ours, name):
            return getattr(self._ours, name)
        return lambda *args, **kwargs: by_numpy(name, theirs, args, kwargs)


def _array(object, *args, **kwargs):
    if isinstance(object, (list, tuple)) and any(isinstance(item, Tensor) for item in object):
        object = stack(object)  # with the gradients of its items
    return array(object, *args, **kwargs)


def eigvals(a):
    """The eigenvalues as NumPy's modules expect them: real where none of a real matrix is not."""
    values = importlib.import_module("tensorlib.linalg").eigvals(a)
    if values.dtype.kind != "c" or asarray(a).dtype.kind == "c":
        return values
    return values if anywhere(values.imag != 0) else values.real


def nonzero(a):
    """The places that are not zero; under vmap in any example."""
    if wrapped_of(a) is None:
        return importlib.import_module("tensorlib").nonzero(a)
    return (asarray([i for i, x in enumerate(a) if anywhere(x != 0)], int),)


def _sqrt(x):
    return sqrt(x) + 0.0  # NumPy's modules write into it, and the gradient needs the root itself


def _undispatched(dispatcher=None, module=None, **kwargs):
    return lambda function: function


_OTHERS = {
    "array": _array,
    "array_function_dispatch": _undispatched,  # Tensor's protocol would call NumPy's function
    "eigvals": eigvals,
    "nonzero": nonzero,
    "ndarray": Tensor | np.ndarray,  # asked for by isinstance
    "sqrt": _sqrt,
}
