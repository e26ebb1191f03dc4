"""Attention in tiles, and its gradient; what both promise is in `_core._attention`.

Of 16-bit floats without a mask it is cuDNN's where that is installed.
"""

import math

from tensorlib._core._attention import check_gradient
from tensorlib._core._views import broadcast_to, reshape
from tensorlib.cuda import _backend, cudnn
from tensorlib.cuda._backend import compact, new, place
from tensorlib.cuda.common import kernel, packed, type_name

MOST_OUTER = 8  # axes of a stack: kMostOuter
SIDES = {"float64": 2}  # a thread's elements of a tile along each axis; of other dtypes four
PROBLEM = "attention::Problem problem, double scale, int64_t mask_kind"
OPERANDS = "const {0} *query, const {0} *key, const {0} *value, const void *mask"
MOST_STRIPS = 2  # tiles of a result that a thread has registers for
REAL = ("float32", "float64")
DTYPES = ("float16", "bfloat16", *REAL)
NO_MASK, TRUTHS, ADDENDS = range(3)


def attention(query, key, value, mask, is_causal, scale):
    """Weighted values, and for each query the logarithm of the sum of exponentials."""
    op = "attention"
    check(query, key, value, mask, op, DTYPES)
    if mask.ndim == 0:  # else a query may see no key, for which cuDNN has numbers of its own
        results = cudnn.attend(query, key, value, is_causal, scale)
        if results is not None:
            return results
    problem = Problem(query, key, value, mask, is_causal, op)
    sums = "float32" if query.itemsize == 2 else query.dtype
    out = new((*query.shape[:-1], value.shape[-1]), query.dtype, query, op)
    logsumexp = new(query.shape[:-1], sums, query, op)
    tiles = problem.tiles(query.shape[-2])
    parts, strips = problem.columns(value.shape[-1])
    forward_kernel(type_name(query.dtype), type_name(sums), problem.side, strips)(
        op, place(query), tiles * parts, 256, problem.packed(), float(scale), problem.kind,
        *problem.operands, out, logsumexp,
    )  # fmt: skip
    return out, logsumexp


def attention_backward(g, out, query, key, value, mask, logsumexp, is_causal, scale):
    """The gradients of queries, keys and values."""
    op = "attention_backward"
    check(query, key, value, mask, op, DTYPES)
    check_gradient(g, out, query, value, logsumexp, op)
    if query.itemsize == 2:
        given = g, out, query, key, value
        results = None
        if mask.ndim == 0:
            results = cudnn.attend_backward(*given, logsumexp, is_causal, scale)
        if results is None:
            if mask.ndim and mask.dtype != bool:
                mask = compact(mask, "float32")
            wide = [compact(x, "float32") for x in given]
            results = attention_backward(*wide, mask, logsumexp, is_causal, scale)
            results = tuple(compact(x, query.dtype) for x in results)
        return results
    delta = _backend.run("vecdot", (g, out))
    problem = Problem(query, key, value, mask, is_causal, op, g)
    gradients = [new(x.shape, x.dtype, x, op) for x in (query, key, value)]
    given = (
        problem.packed(), float(scale), problem.kind, problem.g, delta,
        *problem.operands, compact(logsumexp),
    )  # fmt: skip
    for whose, results, rows, width in (
        ("query", gradients[:1], query.shape[-2], query.shape[-1]),
        ("key", gradients[1:], key.shape[-2], max(query.shape[-1], value.shape[-1])),
    ):
        parts, strips = problem.columns(width)
        gradient_kernel(whose, type_name(query.dtype), problem.side, strips)(
            op, place(query), problem.tiles(rows) * parts, 256, *given, *results
        )
    return tuple(gradients)


class Problem:
    """What a kernel is told about its operands."""

    def __init__(self, query, key, value, mask, is_causal, op, g=None):
        stack = query.shape[:-2]
        queries, keys = query.shape[-2], key.shape[-2]
        if mask.ndim == 0:
            self.kind, mask = NO_MASK, None
        else:
            self.kind = TRUTHS if mask.dtype == bool else ADDENDS
            mask = broadcast_mask(mask, (*stack, queries, keys), op)
        given = [query, key, value, mask, g]
        if len(stack) > MOST_OUTER:
            given = [None if x is None else flattened(x) for x in given]
            stack = (math.prod(stack),)
        elif any(n % x.itemsize for x in given if x is not None for n in x.strides):
            given = [None if x is None else compact(x) for x in given]
        *self.operands, self.g = given
        self.heads = math.prod(stack)
        self.side = SIDES.get(query.dtype.name, 4)
        lengths = queries, keys, query.shape[-1], value.shape[-1], int(is_causal), len(stack)
        self.numbers = [self.heads, *lengths, stack, (0,) * (MOST_OUTER - len(stack))]

    def packed(self):
        """The structure that kernels take."""
        return packed(*self.numbers, *[steps(x) for x in (*self.operands, self.g)])

    def tiles(self, rows):
        """The number of tiles of so many rows, of all heads."""
        return self.heads * -(-rows // (16 * self.side))

    def columns(self, width):
        """The number of blocks that columns are shared out to, and of tiles that each has."""
        tiles = max(1, -(-width // (16 * self.side)))
        strips = min(tiles, MOST_STRIPS)
        return -(-tiles // strips), strips


def check(query, key, value, mask, op, dtypes):
    """Refuse operands that do not go together, as on the CPU."""
    stack = query.shape[:-2]
    half = query.itemsize == 2
    for x in (key, value):
        if x.dtype != query.dtype:
            raise TypeError(
                f"{op}: expected operands of one dtype, got {query.dtype} and {x.dtype}"
            )
        if query.ndim < 2 or x.ndim != query.ndim or x.shape[:-2] != stack:
            raise ValueError(
                f"{op}: expected stacks of matrices of one shape, got {query.shape} and {x.shape}"
            )
    if query.dtype.name not in dtypes:
        raise TypeError(f"{op}: expected dtype float32 or float64, got {query.dtype}")
    if mask.ndim and mask.dtype != bool and mask.dtype != query.dtype:
        raise TypeError(
            f"{op}: expected operands of one dtype, got {query.dtype} and {mask.dtype}"
            if half
            else f"{op}: expected a mask of dtype bool or {query.dtype}, got {mask.dtype}"
        )
    if key.shape[-1] != query.shape[-1]:
        raise ValueError(
            f"{op}: expected queries and keys of one length, got shapes {query.shape} and "
            f"{key.shape}"
        )
    if value.shape[-2] != key.shape[-2]:
        raise ValueError(
            f"{op}: expected as many values as keys, got shapes {value.shape} and {key.shape}"
        )


def broadcast_mask(mask, shape, op):
    try:
        return broadcast_to(mask, shape)
    except ValueError:
        raise ValueError(
            f"{op}: expected a mask that broadcasts to shape {shape}, got {mask.shape}"
        ) from None


def flattened(x):
    """A stack of matrices along one axis."""
    return reshape(compact(x), (math.prod(x.shape[:-2]), *x.shape[-2:]))


def steps(x):
    """The structure of an operand, which may be missing: strides in elements."""
    outer = [0, 0] if x is None else [n // x.itemsize for n in x.strides]
    return [*outer[:-2], *[0] * (MOST_OUTER + 2 - len(outer)), *outer[-2:]]


def forward_kernel(name, sums, side, strips):
    """The kernel of `attention` for a C++ type and that of its sums."""
    return kernel(
        "attention.cuh",
        "attention_forward",
        f"{PROBLEM}, {OPERANDS.format(name)}, {name} *out, {sums} *logsumexp",
        f"attention::forward<{name}, {side}, {strips}>(problem, scale, int(mask_kind), query, key, "
        "value, mask, out, logsumexp);",
    )


def gradient_kernel(whose, name, side, strips):
    """The kernel of the gradient of "query", or of "key" and value."""
    results = ["d_query"] if whose == "query" else ["d_key", "d_value"]
    return kernel(
        "attention.cuh",
        f"attention_{whose}_gradient",
        f"{PROBLEM}, const {name} *g, const {name} *delta, {OPERANDS.format(name)}, "
        f"const {name} *logsumexp, " + ", ".join(f"{name} *{x}" for x in results),
        f"attention::{whose}_gradient<{name}, {side}, {strips}>(problem, scale, int(mask_kind), g, "
        f"delta, query, key, value, mask, logsumexp, {', '.join(results)});",
    )


def sources():
    """The sources of all kernels of this module."""
    for dtype in DTYPES:
        real = dtype in REAL
        for strips in range(1, MOST_STRIPS + 1):
            given = SIDES.get(dtype, 4), strips
            yield forward_kernel(
                type_name(dtype), type_name(dtype if real else "float32"), *given
            ).source
            for whose in ("query", "key") if real else ():
                yield gradient_kernel(whose, type_name(dtype), *given).source
