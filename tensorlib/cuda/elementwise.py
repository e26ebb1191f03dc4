"""The sources of elementwise kernels, generated from the functors of ``_core/include``."""

from tensorlib._core.ops import ELEMENTWISE

# C++ types, by the id of a dtype (see dtypes.h).
TYPES = (
    "bool",
    "int8_t",
    "int16_t",
    "int32_t",
    "int64_t",
    "uint8_t",
    "uint16_t",
    "uint32_t",
    "uint64_t",
    "Float8E4M3",
    "Float8E5M2",
    "Half",
    "BFloat16",
    "float",
    "double",
    "Complex<float>",
    "Complex<double>",
)
ITEMSIZES = (1, 1, 2, 4, 8, 1, 2, 4, 8, 1, 1, 2, 2, 4, 8, 8, 16)
THREADS = 256  # of a block

# How an operand is read. POINTER: an element after the other; SAME: one element for all;
# VALUE: a scalar among the arguments.
POINTER, SAME, VALUE = range(3)

# Axes that a strided kernel can have: few of them make its arguments short.
FEW, MANY = 4, 64

OPS = frozenset(row[0] for row in ELEMENTWISE) | {"copy"}


def functor(name):
    """The struct of an op: ``floor_divide`` -> ``FloorDivide``."""
    return "Same" if name == "copy" else "".join(word.capitalize() for word in name.split("_"))


def flat_source(element, inputs, outputs, modes, width):
    """A kernel over operands that lie in one order without gaps.

    Parameters
    ----------
    element : str
        What happens to one element: of `element_of`, or of several ops.
    inputs, outputs : sequence of int
        The ids of the dtypes in memory.
    modes : sequence of int
        How each input is read.
    width : int
        Elements at once: a power of two, 1 where memory is not aligned to more.

    Returns
    -------
    str
        Of a kernel ``elementwise(int64_t n, outputs..., inputs...)``.
    """
    parameters = ["int64_t n"]
    parameters += [f"{TYPES[dtype]} *y{k}" for k, dtype in enumerate(outputs)]
    loads, packs, elements = [], [], []
    for k, (dtype, mode) in enumerate(zip(inputs, modes, strict=True)):
        parameters.append(f"const {TYPES[dtype]} {'' if mode == VALUE else '*'}x{k}")
        if mode == POINTER:
            packs.append(f"auto const p{k} = load<{width}>(x{k} + i);")
            elements.append((f"p{k}.values[k]", f"x{k}[i + k]"))
        else:
            loads.append(f"auto const s{k} = {'*' if mode == SAME else ''}x{k};")
            elements.append((f"s{k}", f"s{k}"))
    results = [f"Pack<{TYPES[dtype]}, {width}> q{k};" for k, dtype in enumerate(outputs)]
    stores = [f"store(y{k} + i, q{k});" for k in range(len(outputs))]
    whole = [f"q{k}.values[k]" for k in range(len(outputs))] + [e for e, _ in elements]
    single = [f"y{k}[i + k]" for k in range(len(outputs))] + [e for _, e in elements]
    return f"""{element}
extern "C" __global__ void __launch_bounds__({THREADS}) elementwise({", ".join(parameters)}) {{
  {" ".join(loads)}
  int64_t const step = int64_t(gridDim.x) * {THREADS * width};
  for (int64_t i = (int64_t(blockIdx.x) * {THREADS} + threadIdx.x) * {width}; i < n; i += step) {{
    if (i + {width} <= n) {{
      {" ".join(packs)}
      {" ".join(results)}
#pragma unroll
      for (int k = 0; k < {width}; ++k) element({", ".join(whole)});
      {" ".join(stores)}
    }} else {{
      for (int k = 0; i + k < n; ++k) element({", ".join(single)});
    }}
  }}
}}
"""


def strided_source(element, inputs, outputs, modes, axes, index):
    """A kernel over operands of any strides.

    Parameters
    ----------
    axes : int
        The most that there may be: FEW or MANY.
    index : {"uint32_t", "uint64_t"}
        A type that can count the elements.

    Returns
    -------
    str
        Of a kernel ``elementwise(Strides<axes, operands>, outputs..., inputs...)``; other
        parameters are those of `flat_source`.
    """
    operands = len(outputs) + len(inputs)
    # __grid_constant__: without it each thread may copy what it indexes.
    parameters = [f"const __grid_constant__ Strides<{axes}, {operands}> strides"]
    parameters += [f"char *y{k}" for k in range(len(outputs))]
    elements = [
        f"*reinterpret_cast<{TYPES[dtype]} *>(y{k} + offsets[{k}])"
        for k, dtype in enumerate(outputs)
    ]
    for k, (dtype, mode) in enumerate(zip(inputs, modes, strict=True)):
        if mode == VALUE:
            parameters.append(f"const {TYPES[dtype]} x{k}")
            elements.append(f"x{k}")
        else:
            parameters.append(f"const char *x{k}")
            elements.append(
                f"*reinterpret_cast<const {TYPES[dtype]} *>(x{k} + offsets[{len(outputs) + k}])"
            )
    return f"""{element}
extern "C" __global__ void __launch_bounds__({THREADS}) elementwise({", ".join(parameters)}) {{
  {index} const size = strides.size;
  uint64_t const step = uint64_t(gridDim.x) * {THREADS};
  int64_t offsets[{operands}];
  for ({index} i = {index}(blockIdx.x) * {THREADS} + threadIdx.x; i < size;) {{
    strides.find(i, offsets);
    element({", ".join(elements)});
    if (size - i <= step) break;  # the sum could overflow
    i += {index}(step);
  }}
}}
""".replace("# the sum", "// the sum")


def turned_source(source, target, axes):
    """A kernel that copies where different axes have the neighbours.

    Parameters
    ----------
    source, target : int
        The ids of the dtypes.
    axes : int
        The most that there may be beside those two: FEW or MANY.

    Returns
    -------
    str
        Of a kernel ``elementwise(Strides<axes, 2>, rows, columns, row_step, column_step, y, x)``;
        see ``kernels/turned.cuh``.
    """
    steps = "rows", "columns", "row_step", "column_step"
    parameters = [f"const __grid_constant__ Strides<{axes}, 2> outer"]
    parameters += [f"int64_t {step}" for step in steps] + ["char *y", "const char *x"]
    return f"""#include "turned.cuh"
using namespace tl;
extern "C" __global__ void __launch_bounds__({THREADS}) elementwise({", ".join(parameters)}) {{
  copy_turned<{TYPES[target]}, {TYPES[source]}>(outer, {", ".join(steps)}, y, x);
}}
"""


def element_of(op, computed, inputs, outputs):
    """What an op does to one element.

    Parameters
    ----------
    op : str
    computed : sequence of int
        The ids of the dtypes that the functor takes and gives.
    inputs, outputs : sequence of int
        The ids of the dtypes in memory.

    Returns
    -------
    str
        Of the head of a source, with a function ``element``.
    """
    call = call_of(op, computed, [f"x{k}" for k in range(len(inputs))])
    if len(outputs) == 1:
        lines = [f"y0 = Cast<{TYPES[outputs[0]]}>()({call});"]
    else:
        lines = [f"auto const y = {call};"]
        for k, part in enumerate(("first", "second")):
            lines.append(f"y{k} = Cast<{TYPES[outputs[k]]}>()(y.{part});")
    return element_function(lines, inputs, outputs)


def call_of(op, computed, operands):
    """A call of an op's functor, for which operands of other dtypes are cast."""
    taken = [f"Cast<{TYPES[computed[k]]}>()({operand})" for k, operand in enumerate(operands)]
    return f"{functor(op)}()({', '.join(taken)})"


def element_function(lines, inputs, outputs):
    """The head of a source: a function of the results and operands of one element."""
    parameters = [f"{TYPES[dtype]} &y{k}" for k, dtype in enumerate(outputs)]
    parameters += [f"const {TYPES[dtype]} &x{k}" for k, dtype in enumerate(inputs)]
    body = "\n  ".join(lines)
    return f"""#include "elementwise.cuh"
using namespace tl;
static __device__ __forceinline__ void element({", ".join(parameters)}) {{
  {body}
}}
"""
