"""Hooks: functions that are called around ``forward``, around state, and at registration.

A module keeps those around its calls in one dict, and so does the library those of all modules, so
that a call without hooks costs two looks at empty dicts.
"""

from typing import NamedTuple

from tensorlib._core._hooks import RemovableHandle, new_functions

FORWARD_PRE, FORWARD, BACKWARD_PRE, BACKWARD = "forward pre", "forward", "backward pre", "backward"
STATE_PRE, STATE_POST, LOAD_PRE, LOAD_POST = "state pre", "state post", "load pre", "load post"
REGISTRATION = {"_parameters": "parameter", "_buffers": "buffer", "_modules": "module"}


class Hook(NamedTuple):
    """A function, and when and how it is called."""

    kind: str
    function: object
    with_kwargs: bool = False
    always_call: bool = False

    def __call__(self, *args):
        return self.function(*args)


# Those of all modules.
call_hooks = new_functions()
registration_hooks = new_functions()


def register(hooks, operation, hook, prepend=False):
    """Add a hook to a dict of hooks; return its handle."""
    if not callable(hook.function):
        kind = type(hook.function).__name__
        raise TypeError(f"{operation}: expected a callable, got {kind}")
    return RemovableHandle(hooks, hook, prepend)


def of_kind(hooks, kind):
    """Those of one kind, in order; a list, as hooks may remove hooks."""
    return [hook for hook in hooks.values() if hook.kind == kind] if hooks else ()


# The methods of `Module`


def register_forward_pre_hook(self, hook, *, prepend=False, with_kwargs=False):
    """Call a function before each ``forward``.

    Parameters
    ----------
    hook : callable
        ``hook(module, args)`` returns None or what to call ``forward`` with: one argument or a
        tuple of them. With `with_kwargs`, ``hook(module, args, kwargs)`` returns None or a tuple
        of args and kwargs.
    prepend : bool, optional
        Whether it comes before the module's other hooks.
    with_kwargs : bool, optional

    Returns
    -------
    RemovableHandle

    Raises
    ------
    TypeError
        If `hook` is not callable.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> layer = nn.ReLU()
    >>> handle = layer.register_forward_pre_hook(lambda module, args: -args[0])
    >>> layer(tl.asarray([1.0, -1.0]))
    tensor([0., 1.])
    >>> handle.remove()
    """
    hook = Hook(FORWARD_PRE, hook, with_kwargs)
    return register(self._call_hooks, "register_forward_pre_hook", hook, prepend)


def register_forward_hook(self, hook, *, prepend=False, with_kwargs=False, always_call=False):
    """Call a function after each ``forward``.

    Parameters
    ----------
    hook : callable
        ``hook(module, args, output)``, or ``hook(module, args, kwargs, output)`` with
        `with_kwargs`, returns None or what to put in place of the output.
    prepend : bool, optional
        Whether it comes before the module's other hooks.
    with_kwargs : bool, optional
    always_call : bool, optional
        Whether it is called, with None as output, also where ``forward`` or another hook raised an
        error.

    Returns
    -------
    RemovableHandle

    Raises
    ------
    TypeError
        If `hook` is not callable.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> shapes = []
    >>> layer = nn.Linear(3, 2)
    >>> _ = layer.register_forward_hook(lambda module, args, output: shapes.append(output.shape))
    >>> _ = layer(tl.zeros((5, 3), dtype="float32"))
    >>> shapes
    [(5, 2)]
    """
    hook = Hook(FORWARD, hook, with_kwargs, always_call)
    return register(self._call_hooks, "register_forward_hook", hook, prepend)


def register_state_dict_pre_hook(self, hook):
    """Call ``hook(module, prefix, keep_vars)`` before `state_dict` reads this module."""
    hook = Hook(STATE_PRE, hook)
    return register(self._state_hooks, "register_state_dict_pre_hook", hook)


def register_state_dict_post_hook(self, hook):
    """Call ``hook(module, state_dict, prefix, local_metadata)`` once `state_dict` has this module.

    It changes ``state_dict`` in place, where the module's names begin with ``prefix``, and returns
    None.

    Examples
    --------
    >>> from tensorlib import nn
    >>> layer = nn.Linear(2, 2)
    >>> def without_bias(module, state_dict, prefix, local_metadata):
    ...     del state_dict[prefix + "bias"]
    >>> _ = layer.register_state_dict_post_hook(without_bias)
    >>> list(nn.Sequential(layer).state_dict())
    ['0.weight']
    """
    hook = Hook(STATE_POST, hook)
    return register(self._state_hooks, "register_state_dict_post_hook", hook)


def register_load_state_dict_pre_hook(self, hook):
    """Call a function before `load_state_dict` comes to this module.

    Parameters
    ----------
    hook : callable
        ``hook(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys,
        error_msgs)``; it may change ``state_dict``, a copy that has the names of the module and
        those below, and the three lists, which are reported.

    Returns
    -------
    RemovableHandle
    """
    hook = Hook(LOAD_PRE, hook)
    return register(self._state_hooks, "register_load_state_dict_pre_hook", hook)


def register_load_state_dict_post_hook(self, hook):
    """Call ``hook(module, incompatible_keys)`` after `load_state_dict` loaded this module.

    ``incompatible_keys`` has the lists ``missing_keys`` and ``unexpected_keys``; what the hook
    takes out of them is no error.
    """
    hook = Hook(LOAD_POST, hook)
    return register(self._state_hooks, "register_load_state_dict_post_hook", hook)


# Hooks of all modules


def register_module_forward_pre_hook(hook):
    """Call ``hook(module, args)`` before each ``forward`` of any module.

    Parameters and result are those of `Module.register_forward_pre_hook`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> calls = []
    >>> with nn.register_module_forward_pre_hook(lambda module, args: calls.append(module)):
    ...     _ = nn.Sequential(nn.ReLU(), nn.Tanh())(tl.zeros(1))
    >>> calls[1:]
    [ReLU(), Tanh()]
    """
    hook = Hook(FORWARD_PRE, hook)
    return register(call_hooks, "register_module_forward_pre_hook", hook)


def register_module_forward_hook(hook, *, with_kwargs=False, always_call=False):
    """Call ``hook(module, args, output)`` after each ``forward`` of any module.

    Parameters and result are those of `Module.register_forward_hook`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> calls = []
    >>> hook = lambda module, args, output: calls.append(module)
    >>> with nn.register_module_forward_hook(hook):
    ...     _ = nn.Sequential(nn.ReLU(), nn.Tanh())(tl.zeros(1))
    >>> calls[:2]
    [ReLU(), Tanh()]
    """
    hook = Hook(FORWARD, hook, with_kwargs, always_call)
    return register(call_hooks, "register_module_forward_hook", hook)


def register_module_parameter_registration_hook(hook):
    """Call ``hook(module, name, parameter)`` wherever a module is given a parameter.

    It returns None or what to put in the parameter's place.

    Examples
    --------
    >>> from tensorlib import nn
    >>> names = []
    >>> hook = lambda module, name, parameter: names.append(name)
    >>> with nn.register_module_parameter_registration_hook(hook):
    ...     _ = nn.Linear(2, 2)
    >>> names
    ['weight', 'bias']
    """
    hook = Hook("parameter", hook)
    return register(registration_hooks, "register_module_parameter_registration_hook", hook)


def register_module_buffer_registration_hook(hook):
    """Call ``hook(module, name, buffer)`` wherever a module is given a buffer.

    It returns None or what to put in the buffer's place.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> with nn.register_module_buffer_registration_hook(lambda module, name, buffer: buffer + 1):
    ...     module = nn.Module()
    ...     module.register_buffer("mean", tl.zeros(2))
    >>> module.mean
    tensor([1., 1.])
    """
    hook = Hook("buffer", hook)
    return register(registration_hooks, "register_module_buffer_registration_hook", hook)


def register_module_module_registration_hook(hook):
    """Call ``hook(module, name, submodule)`` wherever a module is given a module.

    It returns None or what to put in its place.

    Examples
    --------
    >>> from tensorlib import nn
    >>> names = []
    >>> hook = lambda module, name, submodule: names.append(name)
    >>> with nn.register_module_module_registration_hook(hook):
    ...     _ = nn.Sequential(nn.ReLU(), nn.Tanh())
    >>> names
    ['0', '1']
    """
    hook = Hook("module", hook)
    return register(registration_hooks, "register_module_module_registration_hook", hook)


def registered(module, table, name, member):
    """The member that a module gets, once the registration hooks have seen it."""
    for hook in of_kind(registration_hooks, REGISTRATION[table]):
        answer = hook(module, name, member)
        member = member if answer is None else answer
    return member
