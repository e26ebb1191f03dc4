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


def widened(x):
    """Under autocast, float32 for 16 bits."""
    return x.astype("float32") if _here.caster is not None and is_half(x) else x


def following(x, other):
    """Under autocast, float32 numbers in the 16 bits of others: a bias in those of the product that
    it is added to, which promotion would make float32; a result, of batch norm say, in the input's.
    """
    if _here.caster is not None and is_half(other) and x.dtype == "float32":
        return x.astype(other.dtype)
    return x


def in_float32(function):
    """Under autocast, have a function computed in float32: what ops it is made of, and that some
    of them would be computed in fewer digits, is its own affair.
    """

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        caster = _here.caster
        if caster is None:
            return function(*args, **kwargs)
        args = [widened(x) for x in args]
        kwargs = {name: widened(x) for name, x in kwargs.items()}
        set_current(None)
        try:
            return function(*args, **kwargs)
        finally:
            set_current(caster)

    return wrapper
