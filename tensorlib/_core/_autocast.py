"""Whether ops get their operands in another precision, in this thread: what `tensorlib.amp` sets.

Here are the parts that the functions below `tensorlib.amp` need.
"""

import functools
import threading

from tensorlib._core._tensor import Tensor


class _Here(threading.local):
    caster = None


_here = _Here()


def current():
    """The recorder that casts operands in this thread, or None."""
    return _here.caster


def set_current(caster):
    """Put another recorder, or None, in charge; returns the one that was."""
    previous, _here.caster = _here.caster, caster
    return previous


def is_half(x):
    """Whether a value is a Tensor of 16-bit floating-point numbers."""
    return isinstance(x, Tensor) and x.dtype.itemsize == 2 and x.dtype.kind in "fV"


def in_float32(function):
    """Under autocast, have a function computed in float32: what ops it is made of, and that some
    of them would be computed in fewer digits, is its own affair.
    """

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        caster = _here.caster
        if caster is None:
            return function(*args, **kwargs)
        args = [x.astype("float32") if is_half(x) else x for x in args]
        kwargs = {k: x.astype("float32") if is_half(x) else x for k, x in kwargs.items()}
        set_current(None)
        try:
            return function(*args, **kwargs)
        finally:
            set_current(caster)

    return wrapper
