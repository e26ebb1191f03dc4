"""NumPy's functions on tensors: ``np.mean(tensor)`` is ``tl.mean(tensor)``.

What the library does not have is computed by NumPy, on arrays over the tensors' memory. That cannot
be differentiated, so tensors that require a gradient are refused there.
"""

import importlib
import sys
from functools import cache

import numpy as np

from tensorlib._core import _functions as functions
from tensorlib._core import _tensor
from tensorlib._core._dispatch import ops
from tensorlib._core._functions import asarray
from tensorlib._core._recorder import watched
from tensorlib._core._tape import is_grad_enabled
from tensorlib._core._tensor import Tensor
from tensorlib._numpy_code import by_numpy

# Functions that share a name with one of NumPy's and do something else.
OTHERS = {"load", "save"}
# Functions that write into their first argument, which may be an ndarray.
WRITERS = {"copyto", "fill_diagonal", "place", "put", "put_along_axis", "putmask"}


def array_function(tensor, function, types, args, kwargs):
    """Answer a call of a function of NumPy that has a tensor among its arguments.

    The library's function of that name runs if a tensor requires a gradient, is written to, or a
    recorder is active; otherwise NumPy's own code runs, as if there were no
    ``__array_function__``.

    Parameters
    ----------
    tensor : Tensor
        Which was asked.
    function : callable
        NumPy's function.
    types : collection of type
        The types among the arguments that have the protocol.
    args : tuple
    kwargs : dict
        Of the call.

    Returns
    -------
    object
        What the function returns; NotImplemented if some type is unknown.

    Raises
    ------
    TypeError
        If a tensor requires a gradient and there is no function of that name.

    Notes
    -----
    SciPy's helpers call functions of NumPy and hand the results to compiled code that takes
    nothing but ndarrays, which is why the answer is not a tensor in every case.
    """
    if not all(issubclass(kind, (Tensor, np.ndarray)) for kind in types):
        return NotImplemented
    name, ours = function.__name__, _namesake(function)
    written = args[0] if name in WRITERS and args else kwargs.get("out")
    traced = watched() or _requires_grad((args, kwargs))
    if not traced and not isinstance(written, Tensor) and hasattr(function, "_implementation"):
        return function._implementation(*args, **kwargs)
    if ours is None or (name in WRITERS and isinstance(written, np.ndarray)):
        return by_numpy(name, function, args, kwargs)
    kwargs = {
        key: value for key, value in kwargs.items() if key != "subok" and value is not np._NoValue
    }
    return _with_arrays_out(ours, args, kwargs)


@cache
def _namesake(function):
    """The library's function of the same name in the same module, or None."""
    package, _, path = function.__module__.partition(".")
    if package != "numpy" or function.__name__ in OTHERS:
        return None
    try:
        module = importlib.import_module(f"tensorlib.{path}" if path else "tensorlib")
    except ModuleNotFoundError:
        return None
    ours = getattr(module, function.__name__, None)
    return None if ours is function else ours


def array_ufunc(tensor, ufunc, method, inputs, kwargs):
    """Answer a call of a ufunc that has a tensor among its arguments.

    Parameters
    ----------
    tensor : Tensor
        Which was asked.
    ufunc : numpy.ufunc
        Of NumPy or of anybody.
    method : str
        Of the ufunc.
    inputs : tuple
    kwargs : dict
        Of the call.

    Returns
    -------
    Tensor or tuple of Tensor
        The result of the library's op with this ufunc; if there is none, of the ufunc itself.

    Raises
    ------
    TypeError
        If a tensor requires a gradient and there is no such op.
    """
    for value in (*inputs, *kwargs.get("out", ())):
        known = isinstance(value, (Tensor, np.ndarray, np.generic))
        if not known and hasattr(type(value), "__array_ufunc__"):
            return NotImplemented
    ours = _ours(ufunc)
    if ours is None:
        return by_numpy(ufunc.__name__, getattr(ufunc, method), inputs, kwargs)
    if method == "__call__":
        return _with_arrays_out(ours, inputs, kwargs)
    if "out" in kwargs:  # methods have one output, which comes in a tuple all the same
        kwargs = {**kwargs, "out": kwargs["out"][0]}
    return _with_arrays_out(getattr(ours, method), inputs, kwargs)


def _ours(ufunc):
    """The library's object for somebody's ufunc, or None."""
    if ufunc not in UFUNCS and "scipy.special" in sys.modules:
        # SciPy's own are added to UFUNCS when the lazy module is first used.
        importlib.import_module("tensorlib.special").__all__  # noqa: B018
    return UFUNCS.get(ufunc)


UFUNCS = {
    op.loops.ufunc if op.kind == "elementwise" else getattr(np, name): getattr(functions, name)
    for name, op in vars(ops).items()
    if op.kind in ("elementwise", "product")
}


def _with_arrays_out(function, args, kwargs):
    """Call a function of ours whose `out` may be of ndarrays: those are written, and returned."""
    out = kwargs.get("out")
    outs = out if isinstance(out, tuple) else (out,)
    if not any(isinstance(value, np.ndarray) for value in outs):
        return function(*args, **kwargs)
    if is_grad_enabled() and _requires_grad((args, kwargs)):
        raise TypeError(
            f"{function.__name__}: a tensor requires a gradient, which an ndarray as out would "
            "lose; use detach()"
        )
    tensors = tuple(asarray(x) if isinstance(x, np.ndarray) else x for x in outs)
    result = function(*args, **{**kwargs, "out": tensors if isinstance(out, tuple) else tensors[0]})
    if not isinstance(result, tuple):
        return outs[0]
    return tuple(r if x is None else x for r, x in zip(result, outs, strict=True))


def _requires_grad(value):
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, (list, tuple)):
        return any(map(_requires_grad, value))
    return isinstance(value, Tensor) and value.requires_grad


_tensor.set_protocols(array_function=array_function, array_ufunc=array_ufunc)
