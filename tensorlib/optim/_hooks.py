"""Hooks around an optimizer's step."""

import functools


def with_hooks(step):
    """Let an optimizer's ``step`` run the optimizer's hooks."""

    @functools.wraps(step)
    def hooked(*args, **kwargs):
        optimizer = args[0]
        for hook in list(optimizer._pre_hooks.values()):
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
        for hook in list(optimizer._post_hooks.values()):
            hook(optimizer, args, kwargs)
        return result

    return hooked
