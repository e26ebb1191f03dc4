"""The docstrings of ufuncs, written from the op table when somebody reads them."""

import numpy as np

from tensorlib._core._exchange import asarray

# What the example of an op is called with, where two plain numbers would not do.
INTEGERS = "[5, 6], [3, 2]"
ARGUMENTS = {
    "arccosh": "[1.5, 2.0]",
    "bitwise_and": INTEGERS,
    "bitwise_count": "[5, 6]",
    "bitwise_or": INTEGERS,
    "bitwise_xor": INTEGERS,
    "clip": "[1.0, 3.0, 5.0], 2.0, 4.0",
    "gcd": "[12, 18], [8, 27]",
    "invert": "[5, 6]",
    "isfinite": "[1.0, float('nan')]",
    "isinf": "[1.0, float('inf')]",
    "isnan": "[1.0, float('nan')]",
    "lcm": "[4, 6], [6, 9]",
    "ldexp": "[1.0, 2.0], [3, 4]",
    "left_shift": INTEGERS,
    "matmul": "[[1, 2], [3, 4]], [[0, 1], [1, 0]]",
    "matvec": "[[1, 2], [3, 4]], [1, 10]",
    "right_shift": INTEGERS,
    "vecdot": "[1, 2], [3, 4]",
    "vecmat": "[1, 10], [[1, 2], [3, 4]]",
    "where": "[True, False], [1, 2], [3, 4]",
}
UNARY = "[0.25, -0.5]"
POSITIVE = "[0.25, 0.5]"
POSITIVE_ONLY = ("log", "log10", "log1p", "log2", "sqrt")
BINARY = "[1.0, 5.0], [2.0, 3.0]"

# The answers of ops that NumPy does not have.
ANSWERS = {
    "relu": [0.25, 0.0],
    "sigmoid": 1 / (1 + np.exp([-0.25, 0.5])),
    "where": [1, 4],
}


def documentation(op, ufunc):
    """The docstring of an op whose loops are those of NumPy's `ufunc`, or None."""
    product = op.kind == "product"
    fit = "shapes as the summary says, outer axes broadcast" if product else "broadcast together"
    arguments = ARGUMENTS.get(op.name)
    if arguments is None:
        unary = POSITIVE if op.name in POSITIVE_ONLY else UNARY
        arguments = unary if len(op.inputs) == 1 else BINARY
    text = f"""{op.doc}

Parameters
----------
{", ".join(op.inputs)} : array_like
    Numbers, {fit}.
out : Tensor or tuple, optional
    Where the result goes; of the broadcast shape.
where : array_like of bool, optional
    Where to compute; elsewhere `out` stays as it is.
dtype : dtype, optional
    The dtype to compute in.

Returns
-------
{"Tensor" if op.outputs == 1 else "tuple of Tensor"}

Raises
------
TypeError
    If there is no loop for the dtypes of the inputs.
ValueError
    If the shapes do not fit together.
"""
    if ufunc is None and op.name not in ANSWERS:
        return text  # of an op that the main namespace does not have
    return f"""{text}
Examples
--------
>>> import tensorlib as tl
>>> tl.{op.name}({arguments})
{answer(op, ufunc, arguments)}
"""


def answer(op, ufunc, arguments):
    """What the example prints, by NumPy."""
    if op.name in ANSWERS:
        return repr(asarray(ANSWERS[op.name]))
    given = eval(arguments, {"float": float})  # of the literals above
    result = ufunc(*given) if len(op.inputs) > 1 else ufunc(given)
    if op.outputs == 1:
        return repr(asarray(result))
    return repr(tuple(asarray(part) for part in result))
