"""Reductions of the op table over axes."""

import functools

from tensorlib._core._dtypes import number_of
from tensorlib._core.ops import REDUCTIONS
from tensorlib.cuda import folds
from tensorlib.cuda._backend import aligned_address, new
from tensorlib.cuda.common import NARROW
from tensorlib.cuda.elementwise import ITEMSIZES, TYPES
from tensorlib.cuda.folds import VECTOR, Fold, make_plan, run_fold

LOGICAL = ("all", "any")
# Of no elements: sums are zero and products one, as false and true are.
OF_NOTHING = {"sum": "any", "prod": "all"}


def reduce(op, x, axes, keepdims, dtype):
    """The fold of x over axes; in which order elements are added is the same on all GPUs."""
    shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape) if keepdims or i not in axes)
    name = op
    if any(x.shape[i] == 0 for i in axes):
        if op in ("max", "min"):
            raise ValueError(f"{op}: zero-size tensor to a reduction which has no identity")
        name = OF_NOTHING.get(op, op)
    out = new(shape, "bool" if op in LOGICAL else dtype, x, op)
    if out.size == 0:
        return out
    fold = reduction(name, number_of(x.dtype), number_of(out.dtype))
    plan = make_plan(
        x.shape, x.strides, axes, x.dtype.itemsize, aligned_address(x, op) % VECTOR, fold.state_size
    )
    run_fold(op, fold, plan, x, (x, out))
    return out


@functools.cache
def reduction(op, source, target):
    """The fold of an op from elements of one dtype to results of another, given by their ids."""
    held, given = TYPES[source], TYPES[target]
    if op in LOGICAL:
        state_size = 1
    elif op in OF_NOTHING:
        state_size = 4 if given in NARROW else ITEMSIZES[target]
    else:
        state_size = ITEMSIZES[target]
    return Fold(
        "reduce_" + op,
        "reduce.cuh",
        f"Reduce<{op.capitalize()}<{given}>, {held}, {given}>",
        (f"const {held} *x", f"{given} *y"),
        state_size,
    )


sum_ = functools.partial(reduce, "sum")
prod = functools.partial(reduce, "prod")
max_ = functools.partial(reduce, "max")
min_ = functools.partial(reduce, "min")
all_ = functools.partial(reduce, "all")
any_ = functools.partial(reduce, "any")


def target_of(op, source):
    """The dtype of results by default, given by their ids."""
    held = TYPES[source]
    if op in LOGICAL:
        return TYPES.index("bool")
    if op in OF_NOTHING and ("int" in held or held == "bool"):
        return TYPES.index("uint64_t" if held.startswith("u") else "int64_t")
    if op in OF_NOTHING and held.startswith("Float8"):
        return TYPES.index("float")
    return source


def sources():
    """The sources for all dtypes, whose results have the dtypes that they have by default."""
    for op, _, _ in REDUCTIONS:
        for source, itemsize in enumerate(ITEMSIZES):
            yield from folds.sources(reduction(op, source, target_of(op, source)), itemsize)
