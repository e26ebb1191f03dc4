"""How threads share the work of a fold over axes; ``kernels/fold.cuh`` says what a fold is."""

import functools
from typing import NamedTuple

from tensorlib.cuda._backend import new, place
from tensorlib.cuda.common import (
    THREADS,
    blocks_for,
    index_type,
    kernel,
    packed,
    packed_strides,
)
from tensorlib.cuda.elementwise import FEW, MANY

WARP = 32
VECTOR = 16  # bytes that a thread reads at once
BLOCKS = 2048  # keep any GPU busy; the same for all of them, as results are to be
CHAIN = 512  # the most that a thread adds one after the other, which costs precision
ROWS, COLUMNS = "fold_rows<{}, {}", "fold_columns<{}"  # to which the index's type is added
STATES = 128  # bytes that a thread has in shared memory, where it folds columns


class Fold(NamedTuple):
    """What is folded: a struct of a header.

    Attributes
    ----------
    name : str
        Of the kernels.
    header : str
    type : str
        The struct, in C++.
    members : tuple of str
        Its members, declared as parameters of a kernel.
    state_size : int
        Bytes of its State.
    """

    name: str
    header: str
    type: str
    members: tuple
    state_size: int


class Plan(NamedTuple):
    """How it is folded, and the arguments that say so."""

    template: str  # of fold.cuh, with its arguments
    index: str  # a type that can count all elements
    most: int
    kept: bytes
    reduced: bytes
    shares: bytes
    blocks: int
    size: int
    parts: int
    last: bytes  # shares of the fold over parts
    last_blocks: int


def run_fold(op, fold, plan, like, arguments):
    """Launch the kernels of a fold.

    Parameters
    ----------
    op : str
    fold : Fold
    plan : Plan
    like : Tensor
        On the GPU.
    arguments : sequence
        Its members.
    """
    device = place(like)
    partial = None
    if plan.parts > 1:
        partial = new((plan.size * plan.parts * fold.state_size,), "uint8", like, op)
    first, last = kernels(fold, plan.template, plan.index, plan.most)
    first(op, device, plan.blocks, THREADS, plan.kept, plan.reduced, plan.shares, partial,
          *arguments)  # fmt: skip
    if plan.parts > 1:
        last(op, device, plan.last_blocks, THREADS, plan.kept, plan.reduced, plan.last, partial,
             *arguments)  # fmt: skip


@functools.cache
def kernels(fold, template, index, most):
    """The kernels of a fold: over elements, and over parts."""
    members = "".join(f", {member}" for member in fold.members)
    names = ", ".join(member.replace("*", " ").split()[-1] for member in fold.members)
    # __grid_constant__: without it each thread would copy what it indexes.
    fixed = (
        f"const __grid_constant__ Strides<{most}, 2> kept, "
        f"const __grid_constant__ Strides<{most}, 1> reduced, Shares shares, void *partial"
    )
    make = (
        f"{fold.type} const fold{{{names}}};\n"
        f"  auto const states = static_cast<{fold.type}::State *>(partial);\n "
    )
    calls = (
        f"{template}, {index}>(fold, kept, reduced, shares, states);",
        f"fold_parts<{index}>(fold, kept, shares, states);",
    )
    return tuple(
        kernel(fold.header, fold.name, fixed + members, f"{make} {call}") for call in calls
    )


def sources(fold, itemsize):
    """The sources of a fold of elements of a size, over rows, strides and columns, and parts."""
    width = min(VECTOR // itemsize, STATES // fold.state_size)
    templates = ROWS.format(width, "true"), ROWS.format(1, "false"), COLUMNS.format(width)
    return {made.source for name in templates for made in kernels(fold, name, "uint32_t", FEW)}


@functools.lru_cache(4096)
def make_plan(shape, strides, axes, itemsize, misplaced, state_size):
    """A plan for a fold whose results lie in C order.

    Parameters
    ----------
    shape, strides : tuple of int
        Of the elements; strides in bytes.
    axes : tuple of int
        That are folded.
    itemsize : int
        Of an element.
    misplaced : int or None
        The address of the first element, modulo 16; None if there must be no loads of 16 bytes.
    state_size : int
        Bytes of a state.

    Returns
    -------
    Plan
    """
    kept, reduced = merged_axes(shape, [stride // itemsize for stride in strides], axes)
    width = 1 if misplaced is None else min(VECTOR // itemsize, STATES // state_size)
    rows = not kept or (reduced and distance(reduced[-1]) < distance(kept[-1]))
    inner, outer = (reduced, kept) if rows else (kept, reduced)
    whole = (
        width > 1 and inner and inner[-1][1] == 1
    )  # whether neighbours are elements of one vector
    adjacent = bool(rows and whole and len(reduced) == 1 and inner[-1][0] >= width)
    if not (adjacent or (
        whole and not misplaced and inner[-1][0] % width == 0
        and all(axis[1] % width == 0 for axis in inner[:-1] + outer)
    )):  # fmt: skip
        width = 1
    outputs, terms = product(kept), product(reduced)
    if rows:
        packs = -(-terms // width)
        group, parts = row_shares(outputs, packs)
        share = -(-packs // parts)
        parts = -(-packs // share) if packs else 1
        blocks = blocks_for(outputs * parts, THREADS // group)
        template = ROWS.format(width, "true" if adjacent else "false")
        if adjacent:
            share *= width
        else:
            reduced = in_packs(reduced, width)
    else:
        group, parts, blocks = column_shares(outputs // width, terms)
        share = -(-terms // parts)
        template = COLUMNS.format(width)
    most = FEW if max(len(kept), len(reduced)) <= FEW else MANY
    last = WARP if parts <= 4 * WARP else THREADS
    return Plan(
        template,
        index_type(max(outputs, terms)),
        most,
        packed_axes(kept, most, 2),
        packed_axes(reduced, most, 1),
        packed(parts, share, group),
        blocks,
        outputs,
        parts,
        packed(parts, 1, last),
        blocks_for(outputs, THREADS // last),
    )


def merged_axes(shape, strides, axes):
    """Kept and folded axes as (length, stride, stride of the result), as few as there can be, the
    one whose elements are closest last."""
    kept, reduced, step = [], [], 1
    for i in reversed(range(len(shape))):
        if i not in axes:
            if shape[i] != 1:
                kept.append((shape[i], strides[i], step))
            step *= shape[i]
        elif shape[i] != 1:
            reduced.append((shape[i], strides[i], 0))
    return merged(sorted(kept, key=distance)), merged(sorted(reduced, key=distance))


def merged(axes):
    """Axes, the last first, in order and with those together that are one in memory."""
    result = []
    for length, *steps in axes:
        if result and all(
            a == b * result[-1][0] for a, b in zip(steps, result[-1][1:], strict=True)
        ):
            result[-1] = (length * result[-1][0], *result[-1][1:])
        else:
            result.append((length, *steps))
    return result[::-1]


def distance(axis):
    """How far neighbours along an axis are from each other; axes that repeat elements come last."""
    return abs(axis[1]) or float("inf")


def product(axes):
    """How many elements there are along all of them."""
    size = 1
    for axis in axes:
        size *= axis[0]
    return size


def in_packs(axes, width):
    """The same axes, in steps of as many elements along the last."""
    if not axes:
        return axes
    length, stride, step = axes[-1]
    return [*axes[:-1], (length // width, stride * width, step)]


def packed_axes(axes, most, operands):
    """The struct Strides of axes, for as many operands as asked for."""
    return packed_strides([(n, steps[:operands]) for n, *steps in axes], most, operands)


def power_above(n):
    """The smallest power of two that is not below n."""
    return 1 << (n - 1).bit_length() if n > 1 else 1


def row_shares(outputs, packs):
    """Threads for a part of an output, and parts of an output."""
    if packs <= WARP:
        return power_above(packs), 1
    if packs <= 4 * WARP or (packs <= 32 * WARP and outputs >= BLOCKS // 2):
        return WARP, 1
    most = max(1, packs // (8 * THREADS))
    least = blocks_for(packs, THREADS * CHAIN)
    return THREADS, max(least, min(most, -(-BLOCKS // outputs)))


def column_shares(columns, terms):
    """Columns beside each other, parts of them, and blocks."""
    across = min(WARP, power_above(columns))
    if terms < THREADS // across:
        across = THREADS // power_above(terms)
    down, strips = THREADS // across, blocks_for(columns, across)
    most = max(1, terms // (8 * down))
    least = blocks_for(terms, down * CHAIN)
    parts = max(least, min(most, -(-BLOCKS // max(strips, 1))))
    parts = blocks_for(terms, -(-terms // parts)) if terms else 1
    return across, parts, strips * parts
