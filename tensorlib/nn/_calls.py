"""A call of a module that has hooks."""

import warnings
from contextlib import suppress

from tensorlib.nn._backward_hooks import BackwardCall
from tensorlib.nn._hooks import BACKWARD, BACKWARD_PRE, FORWARD, FORWARD_PRE, call_hooks


def call_with_hooks(module, args, kwargs):
    """Call ``forward`` between the hooks: those of all modules, then the module's own."""
    hooks = [*call_hooks.values(), *module._call_hooks.values()]
    after = [hook for hook in hooks if hook.kind == FORWARD]
    try:
        for hook in hooks:
            if hook.kind == FORWARD_PRE:
                args, kwargs = _before(hook, module, args, kwargs)
        backward = None
        if any(hook.kind in (BACKWARD_PRE, BACKWARD) for hook in hooks):
            backward = BackwardCall(module, hooks)
            args = backward.take(args)
        output = module.forward(*args, **kwargs)
        while after:
            output = _after(after.pop(0), module, args, kwargs, output)
        if backward is not None:
            output = backward.give(output)
    except Exception:
        for hook in after:
            if hook.always_call:
                _call_after_error(hook, module, args, kwargs)
        raise
    return output


def _before(hook, module, args, kwargs):
    if not hook.with_kwargs:
        answer = hook(module, args)
        if answer is not None:
            args = answer if isinstance(answer, tuple) else (answer,)
        return args, kwargs
    answer = hook(module, args, kwargs)
    if answer is None:
        return args, kwargs
    if not (isinstance(answer, tuple) and len(answer) == 2):
        raise RuntimeError(
            f"{type(module).__name__}: expected a forward pre-hook to return None or a tuple of "
            f"args and kwargs, got {answer!r:.100}"
        )
    return answer


def _after(hook, module, args, kwargs, output):
    given = (args, kwargs) if hook.with_kwargs else (args,)
    answer = hook(module, *given, output)
    return output if answer is None else answer


def _call_after_error(hook, module, args, kwargs):
    """The error that made the call fail is the one to raise; one of the hook is a warning."""
    try:
        _after(hook, module, args, kwargs, None)
    except Exception as error:
        warnings.warn(
            f"{type(module).__name__}: a forward hook with always_call=True raised {error!r} "
            "after another error",
            stacklevel=4,
        )


def tell_module(error, module):
    """Add to an error in which of the modules inside of each other it came up: the innermost."""
    told = any(note.startswith(IN_MODULE) for note in getattr(error, "__notes__", ()))
    with suppress(Exception):  # of an ``extra_repr``: the first error is the one to raise
        if not told:
            error.add_note(f"{IN_MODULE}{type(module).__name__}({module.extra_repr()})")


IN_MODULE = "in the module "
