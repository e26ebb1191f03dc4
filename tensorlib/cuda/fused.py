"""Elementwise ops that are computed together: one kernel takes each element through all of them."""

import functools

from tensorlib._core._dtypes import number_of
from tensorlib._core._views import broadcast_to
from tensorlib.cuda._backend import aligned_address, place
from tensorlib.cuda._kernel import Kernel
from tensorlib.cuda.common import THREADS, blocks_for, index_type, merged, packed_strides
from tensorlib.cuda.elementwise import (
    FEW,
    ITEMSIZES,
    POINTER,
    SAME,
    TYPES,
    VALUE,
    call_of,
    element_function,
    flat_source,
    strided_source,
)

VECTOR = 16  # bytes that a thread reads at once
MOST_OPERANDS = 31  # of a launch, beside what says how they lie


def fused(*arguments):
    """Compute the results of a program, which are the last tensors among the arguments.

    Parameters
    ----------
    *arguments : Tensor
        The leaves, then the results, uninitialised; then two tuples, the steps and the places of
        the results among leaves and steps: see ``Program.described`` of the core.

    Returns
    -------
    bool
        Whether it was done: there may be too many operands, or axes.
    """
    *tensors, steps, places = arguments
    results = tensors[-len(places) :]
    leaves = tensors[: -len(places)]
    like = results[0]
    if like.size == 0:
        return True
    if len(tensors) > MOST_OPERANDS:
        return False
    operands = (*results, *leaves)
    held = tuple([number_of(x.dtype) for x in operands])
    modes = [POINTER if x.device != "cpu" else VALUE for x in operands]
    addresses = [aligned_address(x, "fused") if x.device != "cpu" else 0 for x in operands]
    axes = axes_of(operands, like)
    if len(axes) > FEW:
        return False
    inner = axes[0][1] if axes else (0,) * len(operands)
    if len(axes) < 2 and all(
        mode == VALUE or step in (0, ITEMSIZES[dtype])
        for mode, step, dtype in zip(modes, inner, held, strict=True)
    ):
        modes = [
            SAME if mode == POINTER and step == 0 and k >= len(results) else mode
            for k, (mode, step) in enumerate(zip(modes, inner, strict=True))
        ]
        width = VECTOR // max(ITEMSIZES[k] for k in held)
        walked = zip(addresses, modes, strict=True)
        if any(mode == POINTER and address % VECTOR for address, mode in walked):
            width = 1
        laid, form, each = like.size, width, THREADS * width
    else:
        laid = packed_strides(axes, FEW, len(operands))
        form, each = index_type(like.size), THREADS
    run = fused_kernel(steps, places, len(leaves), held, tuple(modes[len(results) :]), form)
    given = [x if x.device != "cpu" else x.tobytes() for x in operands]
    run("fused", place(like), blocks_for(like.size, each), THREADS, laid, *given)
    return True


def axes_of(operands, like):
    """The axes of all operands as (length, strides), the one that moves first in memory last."""
    strides = [broadcast_to(x, like.shape).strides for x in operands]
    order = sorted(range(like.ndim), key=lambda axis: -abs(like.strides[axis]))
    return merged(
        [like.shape[axis] for axis in order],
        [tuple([steps[axis] for steps in strides]) for axis in order],
    )


@functools.lru_cache(4096)
def fused_kernel(steps, places, leaves, held, modes, form):
    """The kernel of a program.

    Parameters
    ----------
    steps, places : tuple
        As `fused` takes them.
    leaves : int
        Of how many leaves.
    held : tuple of int
        The ids of the dtypes of results and leaves.
    modes : tuple of int
        How the leaves are read.
    form : int or str
        Elements at once, of operands in one order; else a type that can count the elements.
    """
    outputs, inputs = held[: len(places)], held[len(places) :]
    names = [f"x{k}" for k in range(leaves)]
    lines = []
    for op, dtypes, taken in steps:
        name = f"r{len(lines)}"
        call = call_of(op, dtypes, [names[k] for k in taken])
        lines.append(f"auto const {name} = Cast<{TYPES[dtypes[-1]]}>()({call});")
        names.append(name)
    lines += [f"y{k} = {names[place]};" for k, place in enumerate(places)]
    element = element_function(lines, inputs, outputs)
    if isinstance(form, int):
        return Kernel(flat_source(element, inputs, outputs, modes, form), "elementwise")
    return Kernel(strided_source(element, inputs, outputs, modes, FEW, form), "elementwise")


def sources():
    """The sources of one program over each layout: there are as many programs as users write."""
    real = number_of("float32")
    steps = (("multiply", (real,) * 3, (0, 1)), ("exp", (real,) * 2, (2,)))
    for form in (VECTOR // ITEMSIZES[real], "uint32_t"):
        yield fused_kernel(steps, (3,), 2, (real,) * 3, (POINTER,) * 2, form).source
