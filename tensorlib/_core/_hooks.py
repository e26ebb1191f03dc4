"""Handles of functions that were asked to be called later."""

import itertools
import weakref


class _Functions(dict):
    """Functions by the number of their handle; unlike a dict it can be referred to weakly."""


class RemovableHandle:
    """Stands for one registered function.

    Parameters
    ----------
    functions : dict
        Where it is kept, in the order of the calls.
    function : callable
    prepend : bool, optional
        Whether it is called before those that are there.

    Examples
    --------
    >>> from tensorlib._core._hooks import RemovableHandle, new_functions
    >>> functions = new_functions()
    >>> handle = RemovableHandle(functions, print)
    >>> handle.remove()
    >>> functions
    {}
    """

    _numbers = itertools.count()

    def __init__(self, functions, function, prepend=False):
        if not callable(function):
            raise TypeError(f"hook: expected a function, got {type(function).__name__}")
        self.id = next(self._numbers)
        self._functions = weakref.ref(functions)
        functions[self.id] = function
        if prepend:
            others = {key: functions.pop(key) for key in list(functions) if key != self.id}
            functions.update(others)

    def remove(self):
        """Call the function no more."""
        functions = self._functions()
        if functions is not None:
            functions.pop(self.id, None)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.remove()


def new_functions():
    """An empty collection for handles to register functions in."""
    return _Functions()
