"""The kernels of products, of our own: see ``kernels/products.cuh``."""

from tensorlib.cuda.common import kernel
from tensorlib.cuda.elementwise import FEW, TYPES

WAYS = ("multiply_matrices", "multiply_vectors")


def product_kernel(way, dtype, conjugated, axes=FEW):
    """A kernel ``(Product, stack, a, b, result, sums of pieces)``.

    Parameters
    ----------
    way : str
        One of `WAYS`.
    dtype : int
        The id of a dtype.
    conjugated : bool
        Whether the first operand is.
    axes : int
        The most that a stack can have: FEW or MANY.
    """
    name, flag = TYPES[dtype], "true" if conjugated else "false"
    return kernel(
        "products.cuh",
        f"{way}_kernel",
        f"Product product, Strides<{axes}, 3> stack, const char *a, const char *b, {name} *c, "
        f"Wide<{name}> *sums",
        f"tl::{way}<{name}, {flag}, {axes}>(product, stack, a, b, c, sums);",
    )


def adding_kernel(dtype):
    """A kernel ``(size, pieces, their sums, result)``."""
    name = TYPES[dtype]
    return kernel(
        "tiles.cuh",
        "add_pieces_kernel",
        f"int64_t size, int64_t pieces, const Wide<{name}> *sums, {name} *c",
        f"tl::add_pieces<{name}>(size, pieces, sums, c);",
    )


def sources():
    """The sources of all of them for stacks of few axes."""
    for dtype, name in enumerate(TYPES):
        if name.startswith("Float8"):
            continue  # whose products are float32's
        for way in WAYS:
            for conjugated in (False, True) if name.startswith("Complex") else (False,):
                yield product_kernel(way, dtype, conjugated).source
        yield adding_kernel(dtype).source
