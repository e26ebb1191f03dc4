"""Hooks around an optimizer's step and around its state: wrappers that run them, and the methods of
`Optimizer` that register them."""

import functools

from tensorlib._core._hooks import RemovableHandle, new_functions

STEP_PRE, STEP_POST = "step pre", "step post"
STATE_PRE, STATE_POST, LOAD_PRE, LOAD_POST = "state pre", "state post", "load pre", "load post"


def new_hooks():
    """No hooks yet, for each time at which there may be some."""
    return {
        time: new_functions()
        for time in (STEP_PRE, STEP_POST, STATE_PRE, STATE_POST, LOAD_PRE, LOAD_POST)
    }


def at(optimizer, time):
    """The hooks of a time, in order; a list, as hooks may remove hooks."""
    return list(optimizer._hooks[time].values())


def with_hooks(step):
    """Let an optimizer's ``step`` run the optimizer's hooks, but where a subclass's calls it."""

    @functools.wraps(step)
    def hooked(*args, **kwargs):
        optimizer = args[0]
        if type(optimizer).step is not hooked:
            return step(*args, **kwargs)
        for hook in at(optimizer, STEP_PRE):
            changed = hook(optimizer, args, kwargs)
            if changed is None:
                continue
            if not (isinstance(changed, tuple) and len(changed) == 2):
                raise TypeError(
                    f"step: {type(optimizer).__name__}: expected a hook to return None or a pair "
                    f"of new arguments, got {type(changed).__name__}"
                )
            args, kwargs = changed
        result = step(*args, **kwargs)
        for hook in at(optimizer, STEP_POST):
            hook(optimizer, args, kwargs)
        return result

    hooked.runs_hooks = True
    return hooked


def through(optimizer, time, state_dict):
    """A state that hooks may have changed or replaced."""
    for hook in at(optimizer, time):
        changed = hook(optimizer, state_dict)
        state_dict = state_dict if changed is None else changed
    return state_dict


# The methods of `Optimizer`


def register_step_pre_hook(self, hook):
    """Call a function before each step.

    Parameters
    ----------
    hook : callable
        ``hook(optimizer, args, kwargs)``, where `args` begins with the optimizer. It may return
        a pair of new arguments.

    Returns
    -------
    RemovableHandle
        Its ``remove()`` takes the hook away.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import optim
    >>> optimizer = optim.SGD([tl.ones(2).requires_grad_()], lr=0.1)
    >>> handle = optimizer.register_step_pre_hook(lambda *_: print("a step"))
    >>> optimizer.step()
    a step
    >>> handle.remove()
    """
    return RemovableHandle(self._hooks[STEP_PRE], hook)


def register_step_post_hook(self, hook):
    """Call ``hook(optimizer, args, kwargs)`` after each step that did not fail.

    Returns
    -------
    RemovableHandle
    """
    return RemovableHandle(self._hooks[STEP_POST], hook)


def register_state_dict_pre_hook(self, hook, prepend=False):
    """Call ``hook(optimizer)`` before `state_dict` reads the optimizer; with `prepend` before the
    other such hooks.

    Returns
    -------
    RemovableHandle
    """
    return RemovableHandle(self._hooks[STATE_PRE], hook, prepend)


def register_state_dict_post_hook(self, hook, prepend=False):
    """Call a function with what `state_dict` is about to return.

    Parameters
    ----------
    hook : callable
        ``hook(optimizer, state_dict)`` changes the dict, or returns another one to take its place.
    prepend : bool, optional
        Whether it comes before the other hooks of this kind.

    Returns
    -------
    RemovableHandle

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import optim
    >>> optimizer = optim.SGD([tl.ones(2).requires_grad_()], lr=0.1)
    >>> def with_version(optimizer, state_dict):
    ...     state_dict["version"] = 2
    >>> handle = optimizer.register_state_dict_post_hook(with_version)
    >>> optimizer.state_dict()["version"]
    2
    """
    return RemovableHandle(self._hooks[STATE_POST], hook, prepend)


def register_load_state_dict_pre_hook(self, hook, prepend=False):
    """Call a function with what `load_state_dict` is about to take over.

    Parameters
    ----------
    hook : callable
        ``hook(optimizer, state_dict)`` gets a shallow copy of the user's dict, which it changes, or
        returns another one to take its place.
    prepend : bool, optional
        Whether it comes before the other hooks of this kind.

    Returns
    -------
    RemovableHandle
    """
    return RemovableHandle(self._hooks[LOAD_PRE], hook, prepend)


def register_load_state_dict_post_hook(self, hook, prepend=False):
    """Call ``hook(optimizer)`` after `load_state_dict`, if it did not fail; with `prepend` before
    the other such hooks.

    Returns
    -------
    RemovableHandle
    """
    return RemovableHandle(self._hooks[LOAD_POST], hook, prepend)
