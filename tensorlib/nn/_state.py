"""The methods of `Module` that give its state away and take one over."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import NamedTuple

from tensorlib._core._functions import asarray
from tensorlib._core._tensor import Tensor
from tensorlib.autograd import no_grad
from tensorlib.nn._hooks import LOAD_POST, LOAD_PRE, STATE_POST, STATE_PRE, of_kind
from tensorlib.nn.parameter import Parameter, is_lazy

EXTRA_STATE = "_extra_state"  # the last part of its key, as in PyTorch
SHOWN = 8  # names or lines of each kind in an error


class LoadResult(NamedTuple):
    """The names that `Module.load_state_dict` did not match."""

    missing_keys: list
    unexpected_keys: list


class Write(NamedTuple):
    """A value on its way into a module, once it is seen to fit."""

    module: object
    table: str
    name: str
    value: object


def get_extra_state(self):
    """Return what `state_dict` is to hold beside parameters and buffers; a subclass defines it.

    With `tensorlib.save` in mind: Tensors, numbers, strings, and dicts and lists of them.
    """
    raise NotImplementedError(f"{type(self).__name__}: no get_extra_state is defined")


def set_extra_state(self, state):
    """Take over what `get_extra_state` returned; a subclass that defines that defines this too."""
    raise NotImplementedError(f"{type(self).__name__}: no set_extra_state is defined")


def state_dict(self, *, destination=None, prefix="", keep_vars=False):
    """Return the values of all parameters and persistent buffers.

    Parameters
    ----------
    destination : dict, optional
        Where to put them.
    prefix : str, optional
        What the names begin with.
    keep_vars : bool, optional
        Whether to return the parameters themselves, which require gradients.

    Returns
    -------
    OrderedDict of str to Tensor
        They share storage with the module and require no gradient. A parameter that two
        modules share is there under both names. Where a module defines ``get_extra_state``, its
        result is there as ``_extra_state``.

    Examples
    --------
    >>> from tensorlib import nn
    >>> {name: x.shape for name, x in nn.Linear(2, 3).state_dict().items()}
    {'weight': (3, 2), 'bias': (3,)}
    """
    if destination is None:
        destination = OrderedDict()
        destination._metadata = OrderedDict()
    metadata = {"version": self._version}
    if hasattr(destination, "_metadata"):
        destination._metadata[prefix[:-1]] = metadata
    for hook in of_kind(self._state_hooks, STATE_PRE):
        hook(self, prefix, keep_vars)
    self._save_to_state_dict(destination, prefix, keep_vars)
    for name, module in self._modules.items():
        if module is not None:
            module.state_dict(
                destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars
            )
    for hook in of_kind(self._state_hooks, STATE_POST):
        hook(self, destination, prefix, metadata)
    return destination


def save_to_state_dict(self, destination, prefix, keep_vars):
    """Put this module's own state into a dict; subclasses may extend it."""
    for _, name, member in _own_state(self):
        destination[prefix + name] = member if keep_vars or is_lazy(member) else member.detach()
    if _defines(self, "get_extra_state"):
        destination[prefix + EXTRA_STATE] = self.get_extra_state()


def load_state_dict(self, state_dict, strict=True, assign=False):
    """Copy values into the parameters and buffers, to the devices where these are.

    Parameters
    ----------
    state_dict : mapping of str to Tensor
        As `state_dict` returns it, or what `tensorlib.load` read; arrays are taken too. Values are
        cast to the dtypes that the module has.
    strict : bool, optional
        Whether the names must be the same ones.
    assign : bool, optional
        Whether to put the Tensors themselves in the place of the module's, with the dtypes that
        they have, in lieu of copying. An optimizer made before keeps the old ones.

    Returns
    -------
    LoadResult
        ``missing_keys`` and ``unexpected_keys``, both empty if `strict`.

    Raises
    ------
    RuntimeError
        If a shape differs, or a name does and `strict` is true; all differences are in one text.
        Nothing was changed then.
    TypeError
        If `state_dict` is no mapping from str.

    Examples
    --------
    >>> from tensorlib import nn
    >>> a, b = nn.Linear(2, 3), nn.Linear(2, 3)
    >>> b.load_state_dict(a.state_dict())
    LoadResult(missing_keys=[], unexpected_keys=[])
    >>> bool((a.weight == b.weight).all())
    True
    """
    if not isinstance(state_dict, Mapping):
        kind = type(state_dict).__name__
        raise TypeError(f"load_state_dict: expected a mapping of names to Tensors, got {kind}")
    for name in state_dict:
        if not isinstance(name, str):
            raise TypeError(f"load_state_dict: expected names to be str, got {name!r:.100}")
    loading = _Loading(assign, getattr(state_dict, "_metadata", None) or {})
    loading.collect(self, dict(state_dict), "")
    # Post-hooks may forgive names, so these are judged after them.
    loading.report(self, strict and not loading.post_hooks)
    with no_grad():
        undo = loading.write()
        try:
            for module, hook in loading.post_hooks:
                hook(module, loading.result)
            loading.report(self, strict)
        except BaseException:
            undo()
            raise
    return loading.result


def load_from_state_dict(
    self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
):
    """Find the values for this module's own state; subclasses may extend it.

    They may change ``state_dict`` and the three lists. What was found is written once all modules
    have been through this.
    """
    loading = local_metadata["loading"]
    own = {name: (table, member) for table, name, member in _own_state(self)}
    for name, (table, member) in own.items():
        key = prefix + name
        if key not in state_dict:
            missing_keys.append(key)
            continue
        value = state_dict[key]
        try:
            value = value if isinstance(value, Tensor) else asarray(value)
        except (TypeError, ValueError) as error:
            problem = f"expected a Tensor for {key!r}, got {type(value).__name__} ({error})"
        else:
            problem = _misfit(key, member, value, loading.assign)
        if problem:
            error_msgs.append(problem)
        else:
            loading.writes.append(Write(self, table, name, value))
    key = prefix + EXTRA_STATE
    if _defines(self, "set_extra_state"):
        if key in state_dict:
            loading.extra.append((self, state_dict[key]))
        else:
            missing_keys.append(key)
        own[EXTRA_STATE] = None
    for key in state_dict:
        first, dot, _ = key[len(prefix) :].partition(".")
        if key.startswith(prefix) and first not in (self._modules if dot else own):
            unexpected_keys.append(key)


class _Loading:
    """One call of `load_state_dict`: what goes where, and what does not fit."""

    def __init__(self, assign, metadata):
        self.assign = assign
        self.metadata = metadata
        self.writes = []
        self.extra = []  # (module, extra state)
        self.problems = []
        self.result = LoadResult([], [])
        self.post_hooks = []  # (module, hook), those below first

    def collect(self, module, state, prefix):
        local = {**self.metadata.get(prefix[:-1], {}), "loading": self}
        local["assign_to_params_buffers"] = self.assign
        rest = (prefix, local, True, *self.result, self.problems)
        for hook in of_kind(module._state_hooks, LOAD_PRE):
            hook(module, state, *rest)
        module._load_from_state_dict(state, *rest)
        for name, below in module._modules.items():
            if below is not None:
                path = f"{prefix}{name}."
                part = {key: value for key, value in state.items() if key.startswith(path)}
                self.collect(below, part, path)
        self.post_hooks += [(module, h) for h in of_kind(module._state_hooks, LOAD_POST)]

    def report(self, module, strict):
        """Raise an error if a value does not fit or, if `strict`, a name is left over."""
        problems = []
        for words, names in zip(("no value for", "no place for"), self.result, strict=True):
            if strict and names:
                problems.append(f"{words} {_shortened(list(map(repr, names)), ', ')}")
        if self.problems:
            problems.append(_shortened(self.problems, "\n  "))
        if problems:
            text = "\n  ".join(problems)
            raise RuntimeError(f"load_state_dict: {type(module).__name__}:\n  {text}")

    def write(self):
        """Write all values; return what takes them back."""
        # Values are kept only where code of others is still to come, which may raise.
        before = [
            (write, old, old.copy() if not self.assign and not is_lazy(old) else None)
            for write in (self.writes if self.post_hooks or self.extra else ())
            for old in (vars(write.module)[write.table][write.name],)
        ]

        def undo():
            for write, old, value in before:
                vars(write.module)[write.table][write.name] = old
                if value is not None:
                    old[...] = value

        try:
            for write in self.writes:
                _put(write, self.assign)
            for module, state in self.extra:
                module.set_extra_state(state)
        except BaseException:
            undo()
            raise
        return undo


def _put(write, assign):
    members = vars(write.module)[write.table]
    old = members[write.name]
    if not assign:
        if is_lazy(old) and not is_lazy(write.value):
            old.materialize(write.value.shape)
        if not is_lazy(write.value):
            old[...] = asarray(write.value, device=old.device)
        return
    value = write.value
    if isinstance(old, Parameter):
        if not isinstance(value, Parameter):
            value = Parameter(value, old.requires_grad)
        value.requires_grad = old.requires_grad
    members[write.name] = value


def _own_state(module):
    """``(table, name, member)`` of what a module itself saves."""
    for name, member in module._parameters.items():
        if member is not None:
            yield "_parameters", name, member
    for name, member in module._buffers.items():
        if member is not None and name not in module._non_persistent_buffers_set:
            yield "_buffers", name, member


def _misfit(key, member, value, assign):
    """Why a value cannot be loaded, or None."""
    if is_lazy(member) or is_lazy(value):
        return None if is_lazy(member) else f"expected a value for {key!r}, got {value!r}"
    if value.shape != member.shape:
        return f"expected shape {member.shape} for {key!r}, got {value.shape}"
    if value.dtype.kind == "c" and member.dtype.kind != "c" and not assign:
        return f"expected a real dtype for {key!r}, got {value.dtype}"
    if not assign and not member.flags.writeable:
        return f"{key!r} is read-only"
    return None


def _defines(module, name):
    from tensorlib.nn.module import Module  # which imports this module

    return getattr(type(module), name) is not getattr(Module, name)


def _shortened(texts, separator):
    if len(texts) > SHOWN:
        texts = [*texts[:SHOWN], f"... and {len(texts) - SHOWN} more"]
    return separator.join(texts)
