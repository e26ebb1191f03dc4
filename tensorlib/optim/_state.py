"""``States``: what an optimizer remembers for each parameter."""

from collections.abc import MutableMapping


class States(MutableMapping):
    """Parameters and a dict for each, which is made when it is first asked for.

    Parameters are told apart by identity: one of a single element would, once frozen, hash and
    compare by its value.

    Parameters
    ----------
    items : iterable of (Tensor, dict)
    """

    def __init__(self, items=()):
        self._entries = {id(param): (param, memory) for param, memory in items}

    def __getitem__(self, param):
        entry = self._entries.get(id(param))
        if entry is None:
            entry = self._entries[id(param)] = (param, {})
        return entry[1]

    def get(self, param, default=None):
        """Return what is remembered for a parameter, or else `default`."""
        entry = self._entries.get(id(param))
        return default if entry is None else entry[1]

    def __setitem__(self, param, memory):
        self._entries[id(param)] = (param, memory)

    def __delitem__(self, param):
        try:
            del self._entries[id(param)]
        except KeyError:
            raise KeyError("nothing is remembered for this parameter") from None

    def __contains__(self, param):
        return id(param) in self._entries

    def __iter__(self):
        return (param for param, _ in self._entries.values())

    def __len__(self):
        return len(self._entries)

    def __repr__(self):
        return f"States({list(self._entries.values())!r})"

    def __reduce__(self):
        return States, (list(self._entries.values()),)
