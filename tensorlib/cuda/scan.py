"""Running sums and products along an axis."""

import functools
import math

from tensorlib._core._dtypes import number_of
from tensorlib._core.ops import ACCUMULATIONS
from tensorlib.cuda._backend import compact, new, place
from tensorlib.cuda.common import THREADS, blocks_for, index_type, kernel, packed
from tensorlib.cuda.elementwise import FEW, ITEMSIZES, TYPES
from tensorlib.cuda.folds import COLUMNS, ROWS, WARP, kernels, packed_axes, power_above
from tensorlib.cuda.reduce import reduction, target_of

REDUCTION = {"cumsum": "sum", "cumprod": "prod"}
SHORT = 32  # lines that one thread scans
CHUNK = 4096  # of a row that is divided
FEW_ROWS = 512  # of which long ones are
COLUMN_CHUNK = 64
FEW_COLUMNS = 65536
PARAMETERS = "const {held} *x, {given} *y, const void *starts, Lines lines"
BODY = "{form}<{op}>(x, y, static_cast<const {op}::State *>(starts), lines);"


def accumulate(op, x, axis, dtype):
    """The running fold of x along an axis."""
    out = new(x.shape, dtype, x, op)
    if out.size == 0:
        return out
    x = compact(x)
    outer, n, inner = math.prod(x.shape[:axis]), x.shape[axis] if x.ndim else 1, 1
    inner = math.prod(x.shape[axis + 1 :])
    source, target = number_of(x.dtype), number_of(out.dtype)
    chunk = chunk_of(outer, n, inner)
    starts = None
    if chunk < n:
        starts = totals(op, x, outer, n, inner, chunk, source, target)
    scan(op, x, out, starts, (outer, n, inner), chunk, source, target)
    return out


def scan(op, x, out, starts, shape, chunk, source, target):
    """Launch the kernel that scans all chunks."""
    outer, n, inner = shape
    chunks = -(-n // chunk)
    form, group, blocks = "scan_columns", 1, blocks_for(outer * inner * chunks)
    if inner == 1 and n > SHORT:
        form = "scan_rows"
        group = WARP if n <= 32 * WARP and outer >= FEW_ROWS else THREADS
        blocks = blocks_for(outer * chunks, THREADS // group)
    lines = packed_lines(outer, n, inner, chunks, chunk, group)
    made = scan_kernel(op, form, source, target)
    made(op, place(x), blocks, THREADS, x, out, starts, lines)


packed_lines = functools.lru_cache(4096)(packed)


@functools.cache
def scan_kernel(op, form, source, target):
    """The kernel of one of the two forms, for dtypes given by their ids."""
    held, given = TYPES[source], TYPES[target]
    name = f"{REDUCTION[op].capitalize()}<{given}>"
    return kernel(
        "scan.cuh",
        op,
        PARAMETERS.format(held=held, given=given),
        BODY.format(form=form, op=name),
    )


def chunk_of(outer, n, inner):
    """How long the chunks of a line are."""
    if inner == 1 and n > SHORT:
        if outer >= FEW_ROWS or n <= 2 * CHUNK:
            return n
        chunks = min(-(-2 * FEW_ROWS // outer), n // CHUNK)
    else:
        lines = outer * inner
        if lines >= FEW_COLUMNS or n <= 2 * COLUMN_CHUNK:
            return n
        chunks = min(-(-FEW_COLUMNS // lines), n // COLUMN_CHUNK)
    return power_above(-(-n // chunks))


def totals(op, x, outer, n, inner, chunk, source, target):
    """What each chunk comes to with those of its line before it: states, line after line."""
    fold = reduction(REDUCTION[op], source, target)
    chunks = -(-n // chunk)
    states = new((outer * inner * chunks * fold.state_size,), "uint8", x, op)
    if inner == 1:
        kept, group, blocks = [(outer, n, 1)], THREADS, outer * chunks
        template = ROWS.format(16 // ITEMSIZES[source], "true")
    else:
        kept, group = [(outer, n * inner, inner), (inner, 1, 1)], min(WARP, power_above(inner))
        template, blocks = COLUMNS.format(1), blocks_for(outer * inner, group) * chunks
    index = index_type(x.size)
    made, _ = kernels(fold, template, index, FEW)
    made(op, place(x), blocks, THREADS, packed_axes(kept, FEW, 2),
         packed_axes([(n, inner, 0)], FEW, 1), packed(chunks, chunk, group), states, x,
         None)  # fmt: skip
    wide = TYPES.index("float") if fold.state_size > ITEMSIZES[target] else target
    scan(op, states, states, None, (outer * inner, chunks, 1), chunks, wide, wide)
    return states


cumsum = functools.partial(accumulate, "cumsum")
cumprod = functools.partial(accumulate, "cumprod")


def sources():
    """The sources for all dtypes, whose results have the dtypes that they have by default."""
    for op, _, _ in ACCUMULATIONS:
        for source in range(len(TYPES)):
            for form in ("scan_rows", "scan_columns"):
                yield scan_kernel(op, form, source, target_of(REDUCTION[op], source)).source
