"""NumPy's own code on tensors, where it is the honest way to get NumPy's exact behaviour.

The functions get ndarrays over the tensors' memory and give tensors back. That cannot be
differentiated, so a tensor that requires a gradient is refused.
"""

import functools

import numpy as np

from tensorlib._arguments import check_on_cpu, on_device
from tensorlib._core._dtypes import ML_DTYPES, arithmetic_dtype_of
from tensorlib._core._functions import asarray
from tensorlib._core._recorder import run_apart, watched
from tensorlib._core._tensor import Tensor

# Functions that give elements of what they are given.
OF_ELEMENTS = frozenset(
    [
        "intersect1d",
        "setdiff1d",
        "setxor1d",
        "union1d",
        "unique",
        "unique_all",
        "unique_counts",
        "unique_inverse",
        "unique_values",
    ]
)


def computed_by(function, elsewhere=False):
    """Make a function of the library out of one of NumPy's: a decorator.

    The decorated function gives the name, the signature and the documentation.

    Parameters
    ----------
    function : callable
        NumPy's.
    elsewhere : bool, optional
        Whether the body of the decorated function is for other devices than the CPU; else it is
        empty.

    Returns
    -------
    callable
        The decorator.

    Examples
    --------
    >>> import numpy as np
    >>> from tensorlib._core._functions import sort
    >>> from tensorlib._numpy_code import computed_by
    >>> @computed_by(np.unique_values)
    ... def unique_values(x):
    ...     "The elements of `x`, each once."
    >>> unique_values([2, 1, 2])
    tensor([1, 2])
    >>> @computed_by(np.sort, elsewhere=True)
    ... def ordered(x):
    ...     "The elements of `x` in ascending order."
    ...     return sort(x)
    >>> ordered([2, 1, 2])
    tensor([1, 2, 2])
    """

    def decorate(described):
        @functools.wraps(described)
        def called(*args, **kwargs):
            own = described if elsewhere else None
            return by_numpy(described.__name__, function, args, kwargs, own)

        return called

    return decorate


def by_numpy(name, function, args, kwargs, elsewhere=None):
    """Call a function of NumPy on arrays over the tensors' memory.

    Parameters
    ----------
    name : str
        With which the messages of errors begin.
    function : callable
    args : tuple
    kwargs : dict
        Tensors in lists, tuples and dicts are found too.
    elsewhere : callable, optional
        What to call instead if a tensor is on another device than the CPU, where NumPy cannot
        compute; without it such a tensor is refused.

    Returns
    -------
    object
        The result, with tensors for the arrays and scalars of NumPy in it. Strings, dates and
        objects stay NumPy's own. An array that was made from a tensor is that tensor again.

    Raises
    ------
    TypeError
        If a tensor requires a gradient.
    """
    if watched() and any(isinstance(x, Tensor) for x in (*args, *kwargs.values())):
        return _by_recorder(name, function, args, kwargs, elsewhere)
    tensors, dtypes, away = {}, set(), False

    def array_of(value):
        nonlocal away
        if isinstance(value, Tensor):
            if value.requires_grad:
                raise TypeError(
                    f"{name}: computed by NumPy, which knows no gradients, but a tensor requires "
                    "one; use detach()"
                )
            if on_device(value):
                if elsewhere is None:
                    check_on_cpu(name, value)
                away = True
                return value
            array = np.asarray(value)
            if array.dtype.kind not in "biu":
                dtypes.add(array.dtype)
            if array.dtype.name in ML_DTYPES:  # in which NumPy sees no NaN
                return array.astype(np.float32)
            tensors[id(array)] = array, value
            return array
        return _rebuilt(value, array_of)

    def tensor_of(value):
        if id(value) in tensors:
            return tensors[id(value)][1]
        if isinstance(value, (np.ndarray, np.generic)):
            if value.dtype == np.float32 and narrow is not None:
                return asarray(value, narrow)
            return asarray(value) if has_tensors(value.dtype) else value
        return _rebuilt(value, tensor_of)

    arrays, named = [*map(array_of, args)], {k: array_of(v) for k, v in kwargs.items()}
    narrow = None  # what float32 stands for
    if len(dtypes) == 1 and (dtype := dtypes.pop()).name in ML_DTYPES:
        narrow = dtype if name in OF_ELEMENTS else arithmetic_dtype_of(dtype)
    if away:
        return elsewhere(*args, **kwargs)
    return tensor_of(function(*arrays, **named))


def _by_recorder(name, function, args, kwargs, elsewhere):
    """The same for a recorder, which may run the function for each example of a batch."""
    values = (*args, *kwargs.values())
    places = [i for i, x in enumerate(values) if isinstance(x, Tensor)]

    def called(*tensors):
        given = list(values)
        for i, tensor in zip(places, tensors, strict=True):
            given[i] = tensor
        named = dict(zip(kwargs, given[len(args) :], strict=True))
        return by_numpy(name, function, tuple(given[: len(args)]), named, elsewhere)

    return run_apart(called, tuple([values[i] for i in places]), name)


def has_tensors(dtype):
    """Whether there are tensors of a dtype of NumPy."""
    if dtype.kind in "fc":
        return dtype.itemsize <= (8 if dtype.kind == "f" else 16)
    return dtype.kind in "biu" or dtype.name in ML_DTYPES


def _rebuilt(value, change):
    """A list, tuple or dict with each value changed; anything else as it is."""
    if isinstance(value, dict):
        return {key: change(item) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(change, value))
    if type(value) in (list, tuple):
        return type(value)(map(change, value))
    return value
