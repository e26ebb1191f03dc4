"""NVIDIA's cuDNN, which computes convolutions and attention where it is installed.

Its frontend, the package ``cudnn``, takes a graph, here of one node, and looks for a kernel. That
is a plan: one is made for each op, layout of its operands and device, and kept. What has no plan
has a kernel of tensorlib's own.
"""

import functools
import importlib
import math
import os
import threading
import warnings

from tensorlib._core._views import reshape
from tensorlib._core.device import reason
from tensorlib.cuda._backend import address, compact, new, place, write
from tensorlib.cuda._blas import get_float32_matmul_precision
from tensorlib.cuda._driver import capability
from tensorlib.cuda._libraries import CUDNN, Calls
from tensorlib.cuda.errors import CudaError

__all__ = ["is_available", "refused", "version", "why"]

# What cuDNN and the frontend open by name: loaded before, they are the ones that belong together.
# Without cuBLAS cuDNN would end the process.
LIBRARIES = ("cudart", "nvrtc", "cublasLt", "cublas", "cudnn")
TYPES = {"float16": "HALF", "bfloat16": "BFLOAT16", "float32": "FLOAT"}
# By the frontend: the node, and what it calls its operands.
CONVOLUTIONS = {
    "conv": ("conv_fprop", "image", "weight"),
    "conv_input": ("conv_dgrad", "loss", "filter"),
    "conv_weight": ("conv_wgrad", "image", "loss"),
}
# Notes of kernels that are not used: which sum in any order, or in 16 bits; which transform what
# they multiply, so that an infinity reaches its neighbours.
UNWANTED = ("NONDETERMINISTIC", "REDUCED_PRECISION_REDUCTION", "WINOGRAD", "FFT")
INEXACT = ("TENSOR_CORE", "DOWN_CONVERT_INPUTS")  # of float32: not all of its digits
WORKSPACE = 1 << 30  # bytes that a kernel may ask for
ALIGNMENT = 16  # of addresses and rows in bytes, on which kernels count
LARGEST = 1 << 31  # elements of an operand, which are counted in 32 bits
MOST = 1024  # plans, of 1 MiB each; graphs may have captured their kernels, so none is given up

plans = {}  # key -> Plan, or a text that says why there is none
planning = threading.RLock()
warned = False


def is_available():
    """Whether cuDNN is there for convolutions and attention.

    Returns
    -------
    bool
    """
    return why() == ""


def why():
    """What is missing for cuDNN to be used, in one line.

    Returns
    -------
    str
        Empty where nothing is missing.
    """
    return frontend()[1]


def version():
    """The version of cuDNN, or None where it is not used.

    Returns
    -------
    str or None
    """
    package = frontend()[0]
    return None if package is None else package.backend_version_string()


def refused():
    """What cuDNN was asked for so far and has no kernel for, so that tensorlib's own are used.

    Returns
    -------
    list of str
        For each the op, the operands, and cuDNN's words.
    """
    return [f"{describe(key)}: {plan}" for key, plan in list(plans.items()) if type(plan) is str]


@functools.cache
def frontend():
    """The package and "", or None and what is missing."""
    if os.environ.get("TENSORLIB_CUDNN", "1") == "0":
        return None, "the environment variable TENSORLIB_CUDNN is 0"
    try:
        from cuda import pathfinder

        for name in LIBRARIES:
            pathfinder.load_nvidia_dynamic_lib(name)
        package = importlib.import_module("cudnn")
        package.backend_version()
    except Exception as error:  # the libraries have errors of their own
        return None, f"cuDNN: pip install tensorlib[cuda13] ({reason(error)})"
    return package, ""


def convolve(op, left, right, shape, options, groups):
    """The result of one of `CONVOLUTIONS`, or None; its operands are in C order."""
    if left.dtype.name not in TYPES or not is_available():
        return None
    missing = max(4 - len(shape), 0)  # cuDNN has images of two or three axes
    *options, dilation = [(fill,) * missing + option
                          for fill, option in zip((1, 0, 1), options, strict=True)]  # fmt: skip
    given = [(*x[:2], *(1,) * missing, *x[2:]) for x in (left.shape, right.shape, shape)]
    operands = [aligned(reshape(x, full)) for x, full in zip((left, right), given, strict=False)]
    results = compute(op, operands, [(given[2], left.dtype.name)], (*options, dilation, groups))
    return None if results is None else reshape(results[0], shape)


def attend(query, key, value, is_causal, scale):
    """The results of attention without a mask, or None."""
    if query.dtype.name not in ("float16", "bfloat16") or not is_available():
        return None
    given = [as_heads(x) for x in (query, key, value)]
    rows = given[0].shape[:3]
    wanted = [((*rows, value.shape[-1]), query.dtype.name), ((*rows, 1), "float32")]
    results = compute("attention", given, wanted, (bool(is_causal), float(scale)))
    if results is None:
        return None
    shapes = (*query.shape[:-1], value.shape[-1]), query.shape[:-1]
    return tuple(reshape(x, shape) for x, shape in zip(results, shapes, strict=True))


def attend_backward(g, out, query, key, value, logsumexp, is_causal, scale):
    """The gradients of queries, keys and values of attention without a mask, or None."""
    if not is_available():
        return None
    given = [as_heads(x) for x in (query, key, value, out, g)]
    sums = aligned(reshape(compact(logsumexp), (*given[0].shape[:3], 1)))
    wanted = [(x.shape, x.dtype.name) for x in given[:3]]
    params = bool(is_causal), float(scale)
    results = compute("attention_backward", [*given, sums], wanted, params)
    if results is None:
        return None
    return tuple(reshape(x, y.shape) for x, y in zip(results, (query, key, value), strict=True))


def as_heads(x):
    """A stack of matrices as one along two axes, with rows that cuDNN can read."""
    if x.ndim > 4:
        x = reshape(x, (math.prod(x.shape[:-2]), *x.shape[-2:]))
    if x.ndim < 4:
        x = reshape(x, (*x.shape[:-2], *(1,) * (4 - x.ndim), *x.shape[-2:]))
    return aligned(x if is_readable(x) else compact(x))


def is_readable(x):
    """Whether rows are without gaps, and no two elements at one place."""
    if x.shape[-1] > 1 and x.strides[-1] != x.itemsize:
        return False
    reach = x.shape[-1] * x.itemsize
    for step, length in sorted(zip(x.strides[:-1], x.shape[:-1], strict=True)):
        if length > 1:
            if step < reach or step % ALIGNMENT:
                return False
            reach = step * length
    return True


def aligned(x):
    """x, or a copy of it, at an address that cuDNN can read from."""
    if address(x) % ALIGNMENT == 0:
        return x
    copy = new(x.shape, x.dtype, x, "copy")
    write(copy, x)
    return copy


def compute(op, operands, wanted, params):
    """Execute the plan of an op.

    Parameters
    ----------
    op : str
    operands : list of Tensor
    wanted : list of (tuple of int, str)
        The shapes and dtypes of the results.
    params : tuple

    Returns
    -------
    list of Tensor or None
        The results, in C order; None where there is no plan.
    """
    shapes = [x.shape for x in operands] + [shape for shape, _ in wanted]
    if not all(0 < math.prod(shape) < LARGEST for shape in shapes):
        return None
    device = place(operands[0])
    exact = operands[0].dtype == "float32" and get_float32_matmul_precision() == "highest"
    key = op, device, exact, params, tuple(map(layout, operands)), tuple(wanted)
    plan = plans.get(key)
    if plan is None:
        plan = make_plan(key)
    if type(plan) is str:
        return None
    results = [new(shape, dtype, operands[0], op) for shape, dtype in wanted]
    plan.execute(op, device, [*operands, *results])
    return results


def layout(x):
    """What a plan depends on of an operand: shape, strides in elements, dtype."""
    packed, strides = 1, []
    for length, step in zip(x.shape[::-1], x.strides[::-1], strict=True):
        strides.append(packed if length == 1 else step // x.itemsize)
        packed = strides[-1] * length
    return x.shape, tuple(strides[::-1]), x.dtype.name


class Plan:
    """A kernel of cuDNN, and what it needs."""

    def __init__(self, graph):
        self.graph = graph
        self.workspace = graph.get_workspace_size()
        self.lock = threading.RLock()  # not all plans can be executed by two threads at once

    def execute(self, op, device, tensors):
        addresses = {number: address(x) for number, x in enumerate(tensors, 1)}
        memory = new((max(self.workspace, 1),), "uint8", tensors[0], op)
        with self.lock, Calls(CUDNN, device, op) as (handle, stream):
            try:
                self.graph.execute(addresses, address(memory), handle=wrap(handle, device, stream))
            except Exception as error:
                raise CudaError(f"{op}: cuDNN: {error}") from error


def make_plan(key):
    """The plan of a key, or a text, which is kept as well."""
    with planning:
        if key not in plans:
            if len(plans) >= MOST:
                return "there are too many plans"
            plans[key] = found_plan(key)
        return plans[key]


def found_plan(key):
    """Ask cuDNN for a plan."""
    op, device = key[:2]
    package = frontend()[0]
    major, minor = capability(device)
    try:
        with Calls(CUDNN, device, op) as (handle, stream):
            where = {"handle": wrap(handle, device, stream), "sm_version": 10 * major + minor}
            return Plan(planned(package, build(package, key, **where), key[2]))
    except Exception as error:
        refusal = isinstance(error, package.cudnnGraphNotSupportedError)
        refusal = refusal or "CUDNN_STATUS_NOT_SUPPORTED" in str(error)
        # Newer frontends call it unsupported, too, where a part of cuDNN cannot be loaded.
        if not refusal or "CUDNN_STATUS_SUBLIBRARY" in str(error):
            warn(key, error)
        return reason(error)


def warn(key, error):
    """Say for the first plan that failed for another reason than what cuDNN supports."""
    global warned
    if not warned:
        warned = True
        warnings.warn(
            f"{describe(key)}: cuDNN made no plan, so kernels of tensorlib's own are used; "
            f"further failures are listed by tl.cuda.cudnn.refused(): {error}",
            RuntimeWarning,
            stacklevel=2,
        )


def describe(key):
    """A key in words."""
    op, device, _, params, operands, _ = key
    shapes = ", ".join(f"{dtype} {shape} by {strides}" for shape, strides, dtype in operands)
    return f"{op} on cuda:{device} of {shapes} with {params}"


def wrap(handle, device, stream):
    """A handle as this version of the frontend wants it: of 1.28 on in a class."""
    kind = getattr(frontend()[0], "Handle", None)
    return handle if kind is None else kind(handle, device, stream)


def planned(package, graph, exact):
    """The graph, for which cuDNN found a kernel."""
    graph.validate()
    graph.build_operation_graph()
    graph.create_execution_plans([package.heur_mode.A, package.heur_mode.FALLBACK])
    unwanted = UNWANTED + INEXACT if exact else UNWANTED
    graph.deselect_numeric_notes([getattr(package.numerical_note, name) for name in unwanted])
    graph.deselect_workspace_greater_than(WORKSPACE)
    graph.check_support()
    graph.build_plans()
    return graph


def build(package, key, **where):
    """The graph of a key, for the device that the frontend is told of."""
    op, _, _, params, operands, wanted = key
    types = {name: getattr(package.data_type, TYPES[name]) for name in TYPES}
    graph = package.pygraph(
        name=op,
        io_data_type=types[operands[0][2]],
        intermediate_data_type=types["float32"],
        compute_data_type=types["float32"],
        **where,
    )
    tensors = [
        graph.tensor(dim=list(shape), stride=list(strides), data_type=types[dtype], uid=number)
        for number, (shape, strides, dtype) in enumerate(operands, 1)
    ]
    add = convolution_node if op in CONVOLUTIONS else attention_node
    results = add(package, graph, op, tensors, params)
    for number, (result, (shape, dtype)) in enumerate(
        zip(results, wanted, strict=True), len(tensors) + 1
    ):
        strides = [math.prod(shape[k + 1 :]) for k in range(len(shape))]
        result.set_uid(number).set_output(True).set_dim(list(shape)).set_stride(strides)
        result.set_data_type(types[dtype])
    return graph


def convolution_node(package, graph, op, tensors, params):
    node, *names = CONVOLUTIONS[op]
    stride, padding, dilation, _ = params  # groups are known by the numbers of channels
    options = {"stride": list(stride), "padding": list(padding), "dilation": list(dilation)}
    return [getattr(graph, node)(**dict(zip(names, tensors, strict=True)), **options)]


def attention_node(package, graph, op, tensors, params):
    is_causal, scale = params
    options = {"attn_scale": scale}
    if is_causal:
        options["diagonal_alignment"] = package.diagonal_alignment.TOP_LEFT
        options["diagonal_band_right_bound"] = 0
    if op == "attention":
        return graph.sdpa(**dict(zip("qkv", tensors, strict=True)), generate_stats=True, **options)
    operands = dict(zip(("q", "k", "v", "o", "dO", "stats"), tensors, strict=True))
    return graph.sdpa_backward(**operands, use_deterministic_algorithm=True, **options)
