"""Hands rules to the tape, which checks that it knows what their parameters name."""

from tensorlib._core import _tape
from tensorlib._core._functions import zeros_like


def with_names(function):
    """A rule's function with the names of what it needs besides the gradient; pairs of both, and
    None, stay."""
    if function is None or isinstance(function, tuple):
        return function
    code = function.__code__
    return function, code.co_varnames[1 : code.co_argcount]


def rule(op, *functions, variadic=None, materialize=True):
    """
    Register the gradient of an op.

    Parameters
    ----------
    op : str
        Its name in the op table.
    *functions : callable or None
        One for each input; None where it has no gradient. It is given the gradient of the output,
        and what its other parameters name: an input, ``out`` (``out0``, ``out1`` of an op with
        several outputs), ``x_shape``, ``x_dtype``, ``x_strides`` or ``x_offset`` of an input
        ``x``, a param of the op, or ``into``: the sum of what came to the input so far, if nobody
        else sees it, or None. The function may add to it and return it.
    variadic : callable, optional
        Returns a list of one gradient (or None) for each input: for an op of any number of
        inputs, or where the gradients are computed together. It may name ``shapes``, and
        ``wanted`` (whether each input needs a gradient).
    materialize : bool, optional
        Whether `variadic` is given zeros for the outputs to which no gradient came, or None.

    Raises
    ------
    ValueError
        For a name that the op does not have, or a wrong number of functions.
    """
    if variadic is not None:
        _tape.set_rule(op, None, with_names(variadic), materialize)
    elif functions:
        _tape.set_rule(op, tuple(map(with_names, functions)))
    else:
        raise ValueError(f"rule: expected one function for each input of {op}, got none")


def zero(g):
    """The function for an input on which the result depends in steps only."""
    return zeros_like(g)


def zero_gradient(*names):
    """Register ops of one input whose derivative is zero wherever it exists."""
    for op in names:
        rule(op, zero)


def not_differentiable(*names):
    """Register ops whose result never requires a gradient."""
    for op in names:
        _tape.set_rule(op, ())
