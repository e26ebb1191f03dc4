"""Modules that hold parameters: `ParameterList` and `ParameterDict`."""

import operator

from tensorlib._core._tensor import Tensor
from tensorlib.nn.module import Module
from tensorlib.nn.parameter import Parameter


class _Values(Module):
    """What both have in common: each value is an attribute, and a Tensor becomes a parameter."""

    def _set(self, name, value, present):
        value = _as_parameter(value)
        if present:
            delattr(self, name)  # another kind of value may follow
        elif hasattr(self, name):
            raise KeyError(f"{self._get_name()}: expected another name than {name!r}")
        setattr(self, name, value)

    def __call__(self, *args, **kwargs):
        raise RuntimeError(f"{self._get_name()}: it holds parameters and cannot be called")

    def __repr__(self):
        lines = [f"  ({name}): {_describe(value)}" for name, value in self._named()]
        return (
            "\n".join([f"{self._get_name()}(", *lines, ")"]) if lines else f"{self._get_name()}()"
        )


class ParameterList(_Values):
    """A list of parameters, for a ``forward`` of your own to use.

    Parameters
    ----------
    values : iterable, optional
        Tensors become parameters; other values are kept as they are.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> scales = nn.ParameterList(tl.ones(n) for n in (2, 3))
    >>> len(scales), list(scales.state_dict())
    (2, ['0', '1'])
    """

    def __init__(self, values=None):
        super().__init__()
        self._size = 0
        if values is not None:
            self.extend(values)

    def append(self, value):
        """Add a value at the end; return self."""
        self._set(str(self._size), value, False)
        self._size += 1
        return self

    def extend(self, values):
        """Add values at the end; return self."""
        for value in list(values):
            self.append(value)
        return self

    def insert(self, index, value):
        """Put a value before the one at an index."""
        values = list(self)
        values.insert(index, _as_parameter(value))
        self._replace(values)

    def pop(self, index=-1):
        """Take out the value at an index and return it."""
        value = self[index]
        del self[index]
        return value

    def __len__(self):
        return self._size

    def __iter__(self):
        return (getattr(self, str(place)) for place in range(self._size))

    def __getitem__(self, index):
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return getattr(self, self._name_at(index))

    def __setitem__(self, index, value):
        self._set(self._name_at(index), value, True)

    def __delitem__(self, index):
        if not isinstance(index, slice):
            self._name_at(index)
        values = list(self)
        del values[index]
        self._replace(values)

    def __add__(self, other):
        return type(self)([*self, *other])

    def __iadd__(self, other):
        return self.extend(other)

    def __dir__(self):
        return [name for name in super().__dir__() if not name.isdigit()]

    def _replace(self, values):
        for place in range(self._size):
            delattr(self, str(place))
        self._size = 0
        self.extend(values)

    def _name_at(self, index):
        place = operator.index(index)
        if not -self._size <= place < self._size:
            raise IndexError(f"{self._get_name()}: index {index} with {self._size} values")
        return str(place % self._size)

    def _named(self):
        return enumerate(self)


class ParameterDict(_Values):
    """Parameters by name, for a ``forward`` of your own to use.

    Parameters
    ----------
    parameters : mapping of str, or iterable of pairs, optional
        Tensors become parameters; other values are kept as they are.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> scales = nn.ParameterDict({"left": tl.ones(2), "right": tl.ones(3)})
    >>> scales["left"].requires_grad, list(scales.state_dict())
    (True, ['left', 'right'])
    """

    def __init__(self, parameters=None):
        super().__init__()
        self._keys = {}  # in order; the values are attributes
        if parameters is not None:
            self.update(parameters)

    def update(self, parameters):
        """Add the values of a mapping or of pairs, in the place of those of the same names."""
        items = parameters.items() if hasattr(parameters, "items") else parameters
        for key, value in list(items):
            self[key] = value

    def setdefault(self, key, default=None):
        """Return the value of a name, and set it to `default` if there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def get(self, key, default=None):
        """Return the value of a name, or `default` if there is none."""
        return getattr(self, key) if key in self._keys else default

    def pop(self, key):
        """Take out the value of a name and return it."""
        value = self[key]
        del self[key]
        return value

    def popitem(self):
        """Take out the last name and its value and return both."""
        key = next(reversed(self._keys), None)
        if key is None:
            raise KeyError(f"{self._get_name()}.popitem: it is empty")
        return key, self.pop(key)

    def clear(self):
        """Take out all values."""
        for key in list(self._keys):
            del self[key]

    def copy(self):
        """Return another with the same values."""
        return type(self)(self)

    def fromkeys(self, keys, default=None):
        """Return another with the given names, all with one value."""
        return type(self)((key, default) for key in keys)

    def keys(self):
        """Return a view of the names."""
        return self._keys.keys()

    def values(self):
        """Yield the values."""
        return (self[key] for key in self._keys)

    def items(self):
        """Yield the pairs of name and value."""
        return ((key, self[key]) for key in self._keys)

    def __getitem__(self, key):
        if key not in self._keys:
            raise KeyError(key)
        return getattr(self, key)

    def __setitem__(self, key, value):
        if not isinstance(key, str):
            kind = type(key).__name__
            raise TypeError(f"{self._get_name()}: expected a str as name, got {kind} ({key!r})")
        self._set(key, value, key in self._keys)
        self._keys[key] = None

    def __delitem__(self, key):
        if key not in self._keys:
            raise KeyError(key)
        del self._keys[key]
        delattr(self, key)

    def __contains__(self, key):
        return key in self._keys

    def __len__(self):
        return len(self._keys)

    def __iter__(self):
        return iter(self._keys)

    def __reversed__(self):
        return reversed(self._keys)

    def __or__(self, other):
        made = self.copy()
        made.update(other)
        return made

    def __ror__(self, other):
        made = type(self)(other)
        made.update(self)
        return made

    def __ior__(self, other):
        self.update(other)
        return self

    def _named(self):
        return self.items()


def _as_parameter(value):
    if isinstance(value, Tensor) and not isinstance(value, Parameter):
        return Parameter(value)
    return value


def _describe(value):
    if isinstance(value, Tensor):
        return f"{type(value).__name__} of shape {value.shape}, {value.dtype}"
    return f"object of type {type(value).__name__}"
