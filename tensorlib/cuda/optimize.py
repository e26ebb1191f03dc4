"""Steps of optimizers: parameters by dozens, each launch with a table of where they are.

A step that a graph captures finds its numbers in memory, where each replay has them written anew.
"""

import numpy as np

from tensorlib._core._optimize import RULES
from tensorlib.cuda._backend import address, compact, new, place, write
from tensorlib.cuda._kernel import capturing
from tensorlib.cuda.common import kernel, packed, type_name
from tensorlib.cuda.elementwise import functor
from tensorlib.cuda.replay import replayed

MOST_TENSORS = 64  # of a launch: kMostTensors
ELEMENTS = 1 << 11  # of a block: kElements
MOST_NUMBERS = 12
WIDTH = 4  # elements at once, where memory is aligned to so many

# The templates of update_rules.h, where they are not the rules' names in camel case.
TEMPLATES = {
    "adamax": "Adamax",
    "amsgrad": "AmsGrad",
    "asgd": "ASGD",
    "nadam": "NAdam",
    "radam": "RAdam",
    "rmsprop": "RMSprop",
    "rmsprop_centered": "RMSpropCentered",
    "rmsprop_centered_momentum": "RMSpropCenteredMomentum",
    "rmsprop_momentum": "RMSpropMomentum",
}


def update(parameter, op, updates, numbers_of_replay=None):
    """Change parameters, and what is kept for them, in place: see `_core._optimize.update`, which
    has checked everything."""
    if numbers_of_replay is None and capturing(place(parameter)):
        raise RuntimeError(
            f"{op}: expected all parameters on {parameter.device}, where a graph is being captured"
        )
    groups = {}  # the places of updates that go together
    for k, (rule, numbers, tensors) in enumerate(updates):
        if tensors[0].size:
            groups.setdefault((rule, numbers, tensors[0].dtype), []).append(k)
    row = None
    if numbers_of_replay is not None:
        order = [k for places in groups.values() for k in places]
        row = address(rows_of(parameter, op, updates, order, numbers_of_replay))
    for (rule, numbers, dtype), places in groups.items():
        values = np.zeros(MOST_NUMBERS)
        values[: len(numbers)] = numbers
        members = [updates[k][2] for k in places]
        runs, copies = in_one_order(members, written=lambda k: k != 1)
        for table, blocks, width, count in launches(runs):
            step_kernel(rule, real_type(dtype), len(members[0]), width)(
                op, place(parameter), blocks, 256, table, values.tobytes(), row
            )
            if row is not None:
                row += count * RULES[rule][1] * values.itemsize
        for target, source in copies:
            write(target, source)


def rows_of(parameter, op, updates, order, numbers_of_replay):
    """The numbers of updates, those of one after those of the other, as each replay has them."""

    def function():
        numbers = numbers_of_replay()
        return [x for k in order for x in numbers[k]]

    size = sum(RULES[updates[k][0]][1] for k in order)
    return replayed(parameter, op, (size,), function)


def unscale(_, op, gradients, factor):
    """Multiply gradients by a number, in place.

    Returns
    -------
    Tensor
        bool, without axes: whether an element was infinite or NaN.
    """
    bad = new((), "bool", gradients[0], op)
    bad.fill(False)
    groups = {}
    for gradient in gradients:
        if gradient.size:
            groups.setdefault(gradient.dtype, []).append((gradient,))
    for dtype, members in groups.items():
        runs, copies = in_one_order(members, written=lambda _: True)
        for table, blocks, width, _ in launches(runs):
            unscale_kernel(real_type(dtype), width)(
                op, place(bad), blocks, 256, table, float(factor), bad
            )
        for target, source in copies:
            write(target, source)
    return bad


def step_kernel(rule, name, operands, width):
    """The kernel of a rule for real numbers of a C++ type."""
    return kernel(
        "optimize.cuh",
        "update_step",
        f"update::Runs<{operands}> runs, update::Numbers numbers, const double *rows",
        f"update::step<update::{TEMPLATES.get(rule) or functor(rule)}, {name}, {width}>"
        "(runs, numbers, rows);",
    )


def unscale_kernel(name, width):
    """The kernel of `unscale` for real numbers of a C++ type."""
    return kernel(
        "optimize.cuh",
        "unscale",
        "update::Runs<1> runs, double factor, bool *bad",
        f"update::unscale<{name}, {width}>(runs, factor, bad);",
    )


def real_type(dtype):
    """The C++ type of the parts of a dtype's numbers, which are updated one by one."""
    return type_name({"complex64": "float32", "complex128": "float64"}.get(dtype.name, dtype))


def in_one_order(members, written):
    """Tensors that go together, each group in one order of memory without gaps.

    Returns
    -------
    runs : list of tuple of Tensor
        Themselves, or copies in C order.
    copies : list of (Tensor, Tensor)
        What is to be written back, and from where.
    """
    runs, copies = [], []
    for tensors in members:
        strides = tensors[0].strides
        if not without_gaps(tensors[0]) or any(x.strides != strides for x in tensors):
            laid_out = tuple([compact(x) for x in tensors])
            pairs = enumerate(zip(tensors, laid_out, strict=True))
            copies += [(x, y) for k, (x, y) in pairs if x is not y and written(k)]
            tensors = laid_out
        runs.append(tensors)
    return runs, copies


def without_gaps(x):
    """Whether a tensor's elements lie in some order one after the other, its first one first."""
    step = x.itemsize
    for stride, length in sorted(zip(x.strides, x.shape, strict=True)):
        if length != 1:
            if stride != step:
                return False
            step *= length
    return True


def launches(runs):
    """(table, number of blocks, elements at once, number of tensors) of each launch."""
    operands = len(runs[0])
    for start in range(0, len(runs), MOST_TENSORS):
        some = runs[start : start + MOST_TENSORS]
        table = np.zeros((2 + operands, MOST_TENSORS), np.int64)
        table[1, : len(some)] = sizes = [parts(x[0]) for x in some]
        blocks = -(-np.asarray(sizes) // ELEMENTS)
        table[0, 1 : len(some)] = np.cumsum(blocks)[:-1]
        table[2:, : len(some)] = np.transpose([[address(x) for x in tensors] for tensors in some])
        unit = WIDTH * some[0][0].nbytes // sizes[0]
        width = 1 if (table[2:, : len(some)] % unit).any() else WIDTH
        yield packed(len(some), table), int(blocks.sum()), width, len(some)


def parts(x):
    """The number of real numbers in a tensor."""
    return x.size * (2 if x.dtype.kind == "c" else 1)


def sources():
    """The sources of all kernels of this module."""
    for dtype in ("float16", "bfloat16", "float32", "float64"):
        for width in (1, WIDTH):
            yield unscale_kernel(type_name(dtype), width).source
            for rule, (states, _) in RULES.items():
                yield step_kernel(rule, type_name(dtype), 2 + states, width).source
