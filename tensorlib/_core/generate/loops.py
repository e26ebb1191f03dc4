"""Write the C++ source of the loops that are compiled from functors.

Meson runs this: ``python loops.py [--ops ops.py] [--all] OUTPUT``. Without ``--all`` the source has
what the library needs: the casts, and the ops whose kernel in ``ops.py`` is a functor. With it, it
has every elementwise op, so that the tests can compare the functors that the GPU runs with NumPy.
"""

import argparse
import importlib
import runpy
from pathlib import Path

# In the order of the ids in dtypes.h; the letters are NumPy's and, but for its bfloat16, which is E
# here, ml_dtypes'.
DTYPES = {
    "?": "bool",
    "b": "int8_t",
    "h": "int16_t",
    "i": "int32_t",
    "q": "int64_t",
    "B": "uint8_t",
    "H": "uint16_t",
    "I": "uint32_t",
    "Q": "uint64_t",
    "4": "Float8E4M3",
    "5": "Float8E5M2",
    "e": "Half",
    "E": "BFloat16",
    "f": "float",
    "d": "double",
    "F": "ComplexFloat",
    "D": "ComplexDouble",
}
LETTERS = list(DTYPES)
NARROW = "45eE"
FLOATING = "eEfd"
PAIRS = [2 * letter for letter in FLOATING]

# The inputs of the loops of ops whose kernel is a functor, unless those are the floating types.
FUNCTOR_SIGNATURES = {
    "gelu_backward": PAIRS,
    "gelu_tanh_backward": PAIRS,
    "hardsigmoid_backward": PAIRS,
    "hardswish_backward": PAIRS,
    "hardtanh": [3 * letter for letter in FLOATING],
    "leaky_relu": PAIRS,
    "masked_divide": [2 * letter for letter in FLOATING + "FD"],
    "masked_multiply": [2 * letter for letter in FLOATING + "FD"],
    "mish_backward": PAIRS,
    "relu": list("bhiqBHIQ" + FLOATING),
    "relu_backward": PAIRS,
    "silu_backward": PAIRS,
    "where": ["?" + 2 * letter for letter in LETTERS],
}

# Ops of NumPy's for which these dtypes have loops of ours, clearly faster: of the functors, which
# give what NumPy gives to the bit,
SAME = {
    "absolute": "eE",
    "clip": "bhiqBHIQfd",
    "conjugate": "eEfd",
    "copysign": "eEfd",
    "deg2rad": "fd",
    "degrees": "fd",
    "fabs": "eEfd",
    "heaviside": "eEfd",
    "isfinite": "eE",
    "isinf": "eE",
    "isnan": "eE",
    "logical_and": "eEfd",
    "logical_not": "eEfd",
    "logical_or": "eEfd",
    "logical_xor": "eEfd",
    "negative": "eE",
    "positive": "eEfd",
    "rad2deg": "fd",
    "radians": "fd",
    "sign": "eEfd",
    "signbit": "eE",
}
# and of functors in cpu/fast_functors.h.
FAST = {
    "cos": "fd",
    "exp": "fd",
    "floor_divide": "bhiBHIfd",
    "fmod": "fd",
    "hypot": "fd",
    "log": "f",
    "logaddexp": "fd",
    "logaddexp2": "fd",
    "nextafter": "fd",
    "remainder": "bhiBHIfd",
    "sin": "fd",
}

# The casts among these are compiled for wider vectors too.
WIDE_CASTS = "?Biqfd"

SOURCE = """\
// Written by generate/loops.py; do not edit.
#include <cstring>

#include "guarded_loops.h"
#include "loops.h"
#include "narrow_loops.h"

using namespace tl;

tl_loop tl_cast_loops[TL_NDTYPES][TL_NDTYPES] = {{
{casts}
}};

namespace {{

struct Op {{
  const char *name;
  tl_loop loops[TL_NDTYPES];
}};

const Op functors[] = {{
{functors}
}};

const Op faster[] = {{
{fast}
}};

template <std::size_t n>
tl_loop find(const Op (&ops)[n], const char *name, int dtype) {{
  for (const Op &op : ops) {{
    if (std::strcmp(op.name, name) == 0) return op.loops[dtype];
  }}
  return nullptr;
}}

}}  // namespace

tl_loop tl_functor_loop(const char *name, int dtype) {{ return find(functors, name, dtype); }}

tl_loop tl_fast_loop(const char *name, int dtype) {{
  return target() == Target::base ? nullptr : find(faster, name, dtype);
}}
"""


def functor(name: str) -> str:
    """The struct of an op: ``floor_divide`` -> ``FloorDivide``."""
    return "".join(word.capitalize() for word in name.split("_"))


def loop(functor: str, inputs: str, template: str = "Elementwise") -> str:
    """The C++ name of the loop of a functor over inputs of these types."""
    return f"{template}<{', '.join([functor, *(DTYPES[letter] for letter in inputs)])}>::loop"


def cast(from_: str, to: str) -> str:
    """The C++ name of the loop of a cast."""
    if from_ + to == "de":
        return "double_to_half"
    if to == "e" and from_ in "FD":
        return f"cast_to_half<{DTYPES[from_]}>"
    if from_ != to and {from_, to} & set(NARROW) and not {from_, to} & set("FD"):
        return f"CastThroughFloat<{DTYPES[from_]}, {DTYPES[to]}>::loop"
    wide = from_ != to and {from_, to} <= set(WIDE_CASTS)
    return loop(f"Cast<{DTYPES[to]}>", from_, "WideElementwise" if wide else "Elementwise")


def casts() -> str:
    rows = (", ".join(cast(from_, to) for to in LETTERS) for from_ in LETTERS)
    return "\n".join(f"    {{{row}}}," for row in rows)


def key(name: str, inputs: str) -> str:
    """The letter of the dtype under which a loop is found."""
    return inputs[1] if name == "where" else inputs[0]


def op_row(name: str, signatures: list[str], template: str, space: str = "") -> str:
    """The table row of an op, given the letters of its inputs for every type it has."""
    loops = ["nullptr"] * len(LETTERS)
    for inputs in signatures:
        loops[LETTERS.index(key(name, inputs))] = loop(space + functor(name), inputs, template)
    return f'    {{"{name}",\n     {{{", ".join(loops)}}}}},'


def source(signatures: dict[str, list[str]], own: set[str], inputs: dict[str, int]) -> str:
    """The whole file; `own` are the ops whose loops the library uses, for which wide ones pay."""
    functors = [
        op_row(name, signatures[name], "WideElementwise" if name in own else "Elementwise")
        for name in signatures
    ]
    fast = [
        op_row(name, [letter * inputs[name] for letter in letters], template, space)
        for table, template, space in (
            (SAME, "WideElementwise", ""),
            (FAST, "GuardedElementwise", "fast::"),
        )
        for name, letters in table.items()
    ]
    return SOURCE.format(casts=casts(), functors="\n".join(functors), fast="\n".join(fast))


def ufunc_signatures(path: str) -> list[str]:
    """The inputs of every loop of a NumPy ufunc that functors have, and bfloat16 beside float32."""
    module, _, name = path.rpartition(".")
    types = getattr(importlib.import_module(module), name).types
    # NumPy has two letters for int64. It also has second loops with the same first input (int64
    # compared with uint64, ldexp by int64); functors are templates, so the first one stands for it.
    signatures = {}
    for inputs, _, _ in (loop_types.partition("->") for loop_types in types):
        inputs = inputs.replace("l", "q").replace("L", "Q")
        if set(inputs) <= set(LETTERS):
            signatures.setdefault(inputs[0], inputs)
    if "f" in signatures:
        signatures["E"] = signatures["f"].replace("f", "E")
    return list(signatures.values())


def elementwise(ops_file: Path) -> list[tuple]:
    """The rows of the elementwise ops."""
    # Run, not imported: the package is not built yet when this script is needed.
    return runpy.run_path(str(ops_file))["ELEMENTWISE"]


def kernels(ops_file: Path) -> dict[str, str]:
    """The kernel of each elementwise op."""
    return {name: kernel for name, kernel, *_ in elementwise(ops_file)}


def functor_signatures(ops_file: Path, every: bool) -> dict[str, list[str]]:
    """The ops to compile and, for each of their loops, the letters of its inputs."""
    signatures = {}
    for name, kernel in kernels(ops_file).items():
        if kernel == "functor":
            signatures[name] = FUNCTOR_SIGNATURES.get(name, list(FLOATING))
        elif every:
            signatures[name] = ufunc_signatures(kernel)
    return signatures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("--ops", type=Path, default=Path(__file__).parent.parent / "ops.py")
    parser.add_argument("--all", action="store_true", help="every elementwise op, for the tests")
    options = parser.parse_args()
    own = {name for name, kernel in kernels(options.ops).items() if kernel == "functor"}
    inputs = {name: len(names) for name, _, names, *_ in elementwise(options.ops)}
    options.output.write_text(source(functor_signatures(options.ops, options.all), own, inputs))


if __name__ == "__main__":
    main()
