"""Hands the derivatives of the special functions to the tape."""

from tensorlib._core import _tape
from tensorlib._core._gradients import conj
from tensorlib.autograd.rules._common import times
from tensorlib.autograd.rules._register import with_names
from tensorlib.special._ufuncs import UFUNCS

refused = {}  # name of a function -> the inputs by which it has no derivative


def derivatives(name, /, **by_input):
    """Say what the partial derivatives of a function are.

    Parameters
    ----------
    name : str
        Of the function.
    **by_input : callable
        For each input the derivative by it, or a tuple with that of each output. It is given what
        its parameters name: inputs, and ``out`` (``out0``, ``out1`` of several). Gradients with
        respect to inputs that have none here are refused.
    """
    gradients(name, **{i: _chained(function) for i, function in by_input.items()})


def gradients(name, /, **by_input):
    """Say how gradients pass a function that is not analytic: as for `derivatives`, but the
    functions get the gradient of the output first, and return that of the input."""
    op = UFUNCS[name].op
    known = {i: with_names(function) for i, function in by_input.items()}
    unknown = [i for i in op.inputs if i not in known]
    if set(known) - set(op.inputs):
        raise ValueError(f"{op.name}: expected inputs of {op.inputs}, got {tuple(known)}")
    if unknown:
        refused[name] = unknown
        known |= {i: (_refusal(op.name, i), ()) for i in unknown}
    _tape.set_rule(op.name, tuple(known[i] for i in op.inputs))


def refuse_the_rest():
    """Refuse gradients of the functions of which nothing was said."""
    for name, ufunc in UFUNCS.items():
        if _tape.has_rule(ufunc.op.name) is None:
            gradients(name)


def _chained(derivative):
    """The rule of a derivative, by the chain rule."""
    code = derivative.__code__

    def rule(g, *values):
        found = derivative(*values)
        if not isinstance(found, tuple):
            return times(g, conj(found))
        total, *others = (times(part, conj(d)) for part, d in zip(g, found, strict=True))
        return sum(others, start=total)

    return rule, code.co_varnames[: code.co_argcount]


def _refusal(op, name):
    def refuse(g):
        raise NotImplementedError(
            f"{op}: no gradient with respect to {name} is known; use detach() on it"
        )

    return refuse
