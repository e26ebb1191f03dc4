"""All kernels that can be generated, for those who compile them ahead."""

import importlib

from tensorlib._core._dispatch import ops
from tensorlib._core._dtypes import number_of
from tensorlib.cuda.elementwise import (
    FEW,
    ITEMSIZES,
    OPS,
    POINTER,
    element_of,
    flat_source,
    strided_source,
    turned_source,
)

COMMON = ("float32", "float16", "bfloat16", "float64", "int64", "bool")


def elementwise_calls():
    """(op, ids of the dtypes of its inputs, of its outputs) for each loop of the op table."""
    for name in sorted(OPS - {"copy"}):
        for inputs, outputs in getattr(ops, name).loops.types():
            yield name, [number_of(d) for d in inputs], [number_of(d) for d in outputs]
    for source in range(len(ITEMSIZES)):
        for target in range(len(ITEMSIZES)):
            yield "copy", [source], [target]


def elementwise_sources():
    """The sources of all elementwise kernels whose operands have the dtypes of a loop: over
    elements in one order, and over any strides; and of copies by tiles."""
    for op, inputs, outputs in elementwise_calls():
        element = element_of(op, inputs, inputs, outputs)
        modes = [POINTER] * len(inputs)
        width = 16 // max(ITEMSIZES[k] for k in inputs + outputs)
        yield flat_source(element, inputs, outputs, modes, width)
        yield strided_source(element, inputs, outputs, modes, FEW, "uint32_t")
        if op == "copy":
            yield turned_source(*inputs, *outputs, FEW)


def common_sources():
    """Those of the dtypes that networks are made of, in one order."""
    common = {number_of(name) for name in COMMON}
    for op, inputs, outputs in elementwise_calls():
        if common.issuperset(inputs + outputs):
            width = 16 // max(ITEMSIZES[k] for k in inputs + outputs)
            element = element_of(op, inputs, inputs, outputs)
            yield flat_source(element, inputs, outputs, [POINTER] * len(inputs), width)


# The modules of the kernels that are not elementwise, each with a function `sources`; they need a
# driver.
MODULES = (
    "argreduce",
    "attention",
    "conv",
    "fused",
    "indexing",
    "matrices",
    "nll",
    "norm",
    "optimize",
    "pool",
    "products",
    "random",
    "recurrent",
    "reduce",
    "replay",
    "resample",
    "scan",
    "softmax",
    "sort",
)


def all_sources():
    """The sources of all kernels."""
    yield from elementwise_sources()
    for name in MODULES:
        yield from importlib.import_module(f"tensorlib.cuda.{name}").sources()
