"""A stand-in for cuDNN's frontend, the package ``cudnn``, of the calls that tensorlib makes.

It is as strict as the package: names that this does not have are errors. Its graphs are computed
by the CPU's kernels, in the order of the stream of the handle; a graph of CUDA can capture them.
"""

import ctypes
import enum
import sys
import types

import numpy as np
import standin_libraries

import tensorlib as tl
from tensorlib._core import _attention, _conv
from tensorlib._core._views import as_strided

data_type = enum.Enum("data_type", "NOT_SET FLOAT HALF BFLOAT16 DOUBLE")
heur_mode = enum.Enum("heur_mode", "A B FALLBACK OPENSOURCE")
diagonal_alignment = enum.Enum("diagonal_alignment", "TOP_LEFT BOTTOM_RIGHT")
numerical_note = enum.Enum(
    "numerical_note",
    "TENSOR_CORE DOWN_CONVERT_INPUTS REDUCED_PRECISION_REDUCTION FFT NONDETERMINISTIC WINOGRAD "
    "WINOGRAD_TILE_4x4 WINOGRAD_TILE_6x6 WINOGRAD_TILE_13x13 STRICT_NAN_PROP",
)
DTYPES = {data_type.FLOAT: "float32", data_type.HALF: "float16", data_type.BFLOAT16: "bfloat16"}
WORKSPACE = 1000  # bytes that a convolution asks for

graphs = []  # those that were planned
failures = {}  # name of a graph -> what planning it raises
executed = []  # (name of the graph, stream)
captured = []  # what host functions need stays


class cudnnGraphNotSupportedError(Exception):  # noqa: N801, N818 (the frontend's name)
    pass


class Handle:
    def __init__(self, backend_handle, ordinal=None, stream=None):
        self.backend_handle, self.ordinal, self.stream = backend_handle, ordinal, stream


class Tensor:
    def __init__(self, dim=None, stride=None, data_type=None, uid=None):
        self.dim, self.stride, self.data_type, self.uid = dim, stride, data_type, uid
        self.output = False

    def set_uid(self, uid):
        self.uid = uid
        return self

    def set_output(self, output):
        self.output = output
        return self

    def set_dim(self, dim):
        self.dim = dim
        return self

    def set_stride(self, stride):
        self.stride = stride
        return self

    def set_data_type(self, data_type):
        self.data_type = data_type
        return self

    @property
    def nbytes(self):
        last = sum((n - 1) * step for n, step in zip(self.dim, self.stride, strict=True))
        return (last + 1) * tl.dtype(DTYPES[self.data_type]).itemsize

    def view(self, memory):
        """The tensor in a copy of its memory."""
        flat = tl.frombuffer(memory, dtype=DTYPES[self.data_type])
        strides = tuple(step * flat.itemsize for step in self.stride)
        return as_strided(flat, tuple(self.dim), strides, 0)


class pygraph:  # noqa: N801 (the frontend's name)
    def __init__(
        self, *, name, io_data_type, intermediate_data_type, compute_data_type, handle, sm_version
    ):
        assert isinstance(handle, Handle) and compute_data_type is data_type.FLOAT
        self.name, self.tensors, self.steps = name, [], []

    def tensor(self, *, dim, stride, data_type, uid):
        self.tensors.append(Tensor(dim, stride, data_type, uid))
        return self.tensors[-1]

    def node(self, function, operands, results):
        self.function, self.operands = function, operands
        self.results = [Tensor() for _ in range(results)]
        return self.results

    def conv_fprop(self, *, image, weight, stride, padding, dilation):
        options = tuple(stride), tuple(padding), tuple(dilation)

        def forward(x, w):
            return [_conv.conv(x, w, *options, x.shape[1] // w.shape[1])]

        return self.node(forward, [image, weight], 1)[0]

    def conv_dgrad(self, *, loss, filter, stride, padding, dilation):
        options = tuple(stride), tuple(padding), tuple(dilation)

        def backward(g, w):
            shape = tuple(self.results[0].dim)
            return [_conv.conv_input(g, w, shape, *options, shape[1] // w.shape[1])]

        return self.node(backward, [loss, filter], 1)[0]

    def conv_wgrad(self, *, image, loss, stride, padding, dilation):
        options = tuple(stride), tuple(padding), tuple(dilation)

        def backward(x, g):
            shape = tuple(self.results[0].dim)
            return [_conv.conv_weight(x, g, shape, *options, x.shape[1] // shape[1])]

        return self.node(backward, [image, loss], 1)[0]

    def sdpa(
        self,
        *,
        q,
        k,
        v,
        attn_scale,
        generate_stats,
        diagonal_alignment=diagonal_alignment.TOP_LEFT,
        diagonal_band_right_bound=None,
    ):
        assert generate_stats and diagonal_alignment.name == "TOP_LEFT"
        assert diagonal_band_right_bound in (None, 0)
        causal = diagonal_band_right_bound == 0

        def forward(q, k, v):
            out, sums = _attention.attention(q, k, v, tl.asarray(False), causal, attn_scale)
            return out, sums.reshape(*sums.shape, 1)

        return self.node(forward, [q, k, v], 2)

    def sdpa_backward(
        self,
        *,
        q,
        k,
        v,
        o,
        dO,  # noqa: N803 (the frontend's name)
        stats,
        attn_scale,
        use_deterministic_algorithm,
        diagonal_alignment=diagonal_alignment.TOP_LEFT,
        diagonal_band_right_bound=None,
    ):
        assert use_deterministic_algorithm and diagonal_alignment.name == "TOP_LEFT"
        causal = diagonal_band_right_bound == 0

        def backward(q, k, v, o, g, stats):
            operands = g, o, q, k, v, tl.asarray(False), stats[..., 0]
            return _attention.attention_backward(*operands, causal, attn_scale)

        return self.node(backward, [q, k, v, o, dO, stats], 3)

    def validate(self):
        every = [*self.tensors, *self.results]
        assert all(x.output for x in self.results)
        assert sorted(x.uid for x in every) == list(range(1, len(every) + 1))
        assert all(len(x.dim) == len(x.stride) >= 4 for x in every)
        if self.name.startswith("attention") and any(x.dim[-1] % 8 for x in self.tensors[:3]):
            raise cudnnGraphNotSupportedError("hidden_dim should be multiple of 8\nand so on")
        self.steps.append("validate")

    def build_operation_graph(self):
        self.steps.append("build_operation_graph")

    def create_execution_plans(self, modes):
        if self.name in failures:
            raise failures[self.name]
        self.steps.append("create_execution_plans")

    def deselect_numeric_notes(self, notes):
        assert "create_execution_plans" in self.steps  # else they are forgotten
        self.unwanted = {note.name for note in notes}

    def deselect_workspace_greater_than(self, nbytes):
        assert nbytes >= WORKSPACE

    def check_support(self):
        self.steps.append("check_support")

    def build_plans(self):
        assert self.steps[-1] == "check_support" and self.unwanted
        graphs.append(self)

    def get_workspace_size(self):
        return 0 if self.name.startswith("attention") else WORKSPACE

    def execute(self, tensor_dict, workspace=None, handle=None):
        stream = ctypes.c_void_p(library().standin_stream(ctypes.c_void_p(handle.backend_handle)))
        executed.append((self.name, stream.value or 0))
        every = [*self.operands, *self.results]
        assert set(tensor_dict) == {x.uid for x in every}
        assert all(type(place) is int and place % 16 == 0 for place in tensor_dict.values())
        memory = {x.uid: np.zeros(x.nbytes, np.uint8) for x in every}
        scratch = np.zeros(self.get_workspace_size(), np.uint8)

        def work(_):
            operands = [x.view(memory[x.uid]) for x in self.operands]
            if operands[0].dtype == "float32" and "TENSOR_CORE" not in self.unwanted:
                operands = [tl.asarray(rounded(x.numpy())) for x in operands]
            for x, result in zip(self.results, self.function(*operands), strict=True):
                x.view(memory[x.uid])[...] = result

        work = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(work)
        captured.append((work, memory, scratch))
        check("cuMemcpyHtoDAsync_v2", workspace, scratch.ctypes.data, scratch.nbytes, stream)
        for x in self.operands:
            place = tensor_dict[x.uid]
            check("cuMemcpyDtoHAsync_v2", memory[x.uid].ctypes.data, place, x.nbytes, stream)
        check("cuLaunchHostFunc", stream, work, None)
        for x in self.results:
            place = tensor_dict[x.uid]
            check("cuMemcpyHtoDAsync_v2", place, memory[x.uid].ctypes.data, x.nbytes, stream)


def rounded(x):
    """Float32 to the 11 bits of TensorFloat-32."""
    return ((x.view(np.uint32) + 0x1000) & 0xFFFFE000).view(np.float32)


def check(function, *arguments):
    """Call the driver."""
    arguments = [ctypes.c_size_t(x) if type(x) is int else x for x in arguments]
    status = getattr(ctypes.CDLL("libcuda.so.1"), function)(*arguments)
    if status:
        raise RuntimeError(f"{function} failed: {status}")


def backend_version():
    return 92800


def backend_version_string():
    return "9.28.0"


def library():
    found = ctypes.CDLL("libcudnn.so.9")
    found.standin_stream.restype = ctypes.c_void_p
    return found


def install():
    """Let ``import cudnn`` find this, and tensorlib the libraries that it asks for."""
    for soname in ("libcublasLt.so.13", "libcublas.so.13"):
        ctypes.CDLL(standin_libraries.build_empty(soname))
    ctypes.CDLL(standin_libraries.build_library("cudnn", "libcudnn.so.9"))
    module = types.ModuleType("cudnn")
    module.__dict__.update({name: value for name, value in globals().items() if name[0] != "_"})
    sys.modules["cudnn"] = module
