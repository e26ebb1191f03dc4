"""Devices, moving tensors between them, and what is refused."""

import copy
import pickle
from typing import ClassVar

import numpy as np
import pytest

import tensorlib as tl
from tensorlib import nn


def test_what_there_is(device):
    assert tl.cuda.is_available() and tl.cuda.why() == ""
    assert tl.cuda.device_count() >= 1
    found = tl.cuda.Device(0)
    assert str(found) == "cuda:0" and found == "cuda:0" and found == tl.cuda.Device("cuda:0")
    assert found.name == tl.cuda.get_device_name() and found.total_memory > 1 << 20
    assert found.compute_capability == tl.cuda.get_device_capability() >= (7, 5)
    assert "cuda:0" in tl.__array_namespace_info__().devices()
    assert tl.cuda.current_device() == 0
    with tl.cuda.Device(0):
        assert tl.zeros(3, device="cuda").device == "cuda:0"


@pytest.mark.parametrize(
    "call",
    [
        lambda name: tl.zeros(3, device=name),
        lambda name: tl.ones(3).to(name),
        lambda name: tl.asarray([1, 2], device=name),
        lambda name: tl.cuda.Device(name),
        lambda name: tl.cuda.synchronize(name),
    ],
)
def test_an_ordinal_that_is_not_there(call, device):
    with pytest.raises(
        tl.DeviceError, match=r"expected a device out of \('cpu', 'cuda:0'.*'cuda:99'"
    ):
        call("cuda:99")
    np.testing.assert_array_equal(tl.ones(3, device=device).cpu().numpy(), np.ones(3))
    with pytest.raises(tl.DeviceError, match="got 'cuda:-1'"):
        call("cuda:-1")


def test_moving(device):
    a = np.arange(12.0).reshape(3, 4)
    x = tl.asarray(a)
    y = x.to(device)
    assert y.device == "cuda:0" and y.to(device) is y and x.to("cpu") is x
    assert y.to("cpu", "float32").dtype == np.float32
    assert y.to(x).device == "cpu" and x.to(y).device == "cuda:0" and x.cuda().device == "cuda:0"
    assert x.to_device("cuda").device == tl.asarray(a, device=tl.cuda.Device(0)).device == "cuda:0"
    np.testing.assert_array_equal(y.cpu().numpy(), a)
    for view in (x.T, x[:, ::2], x[::-1], x[1], tl.broadcast_to(x[:1], (5, 4)), x[:0], x[1, 2]):
        moved = view.to(device)
        assert moved.shape == view.shape
        np.testing.assert_array_equal(moved.cpu().numpy(), view.numpy())
    for dtype in ("bool", "int8", "uint64", "float16", "bfloat16", "complex64"):
        z = x.astype(dtype)
        np.testing.assert_array_equal(z.to(device).cpu().numpy(), z.numpy())


def test_creation(device):
    for made, expected in [
        (tl.zeros((2, 3), device=device), np.zeros((2, 3))),
        (tl.ones(4, dtype="int8", device=device), np.ones(4, np.int8)),
        (tl.full((2,), 7, device=device), np.full(2, 7)),
        (tl.arange(5, device=device), np.arange(5)),
        (tl.linspace(0, 1, 5, device=device), np.linspace(0, 1, 5)),
        (tl.eye(3, device=device), np.eye(3)),
        (tl.asarray([[1, 2], [3, 4]], device=device), np.array([[1, 2], [3, 4]])),
    ]:
        assert made.device == "cuda:0" and made.dtype == expected.dtype
        np.testing.assert_array_equal(made.cpu().numpy(), expected)
        for like in (tl.zeros_like, tl.ones_like, tl.empty_like):
            assert like(made).device == "cuda:0"
        assert tl.zeros_like(made, device="cpu").device == "cpu"
        assert tl.full_like(made, 1).device == "cuda:0"
    assert tl.empty((0, 3), device=device).shape == (0, 3)


def test_gradients_cross(device):
    x = tl.asarray([1.0, 2.0, 3.0]).requires_grad_()
    y = (x.to(device) * 2).to("cpu")
    y.backward(tl.asarray([1.0, 10.0, 100.0]))
    assert x.grad.device == "cpu"
    np.testing.assert_array_equal(x.grad.numpy(), [2, 20, 200])
    z = tl.ones(3, device=device).requires_grad_()
    (z * z).backward(tl.ones(3, device=device))
    (z * z).backward(tl.ones(3, device=device))
    assert z.grad.device == "cuda:0"
    np.testing.assert_array_equal(z.grad.cpu().numpy(), [4, 4, 4])


def test_modules(device):
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    weight = net[0].weight
    assert net.to(device) is net and net[0].weight is weight
    assert {p.device for p in net.parameters()} == {b.device for b in net.buffers()} == {"cuda:0"}
    net.cpu()
    assert {p.device for p in net.parameters()} == {b.device for b in net.buffers()} == {"cpu"}
    for given in (None, 0, "cuda:0", tl.cuda.Device(0)):
        assert {p.device for p in net.cpu().cuda(given).parameters()} == {"cuda:0"}


def test_reading(device):
    a = np.arange(6).reshape(2, 3)
    x = tl.asarray(a, device=device)
    assert x.tolist() == a.tolist() and x.tobytes() == a.tobytes()
    assert x.item(4) == 4 and x.item(1, 2) == 5 and x[1, 0].item() == 3
    assert int(x[0, 1]) == 1 and float(x[0, 2]) == 2.0 and bool(x[0, 1])
    assert repr(x).endswith("device='cuda:0')") and str(x) == str(a)
    with pytest.raises(BufferError, match=r"buffer: the tensor is on cuda:0; use cpu\(\)"):
        memoryview(x)
    for read in (np.asarray, np.array, lambda t: t.numpy()):
        with pytest.raises(
            TypeError, match=r"expected a tensor on the CPU, got one on cuda:0; use"
        ):
            read(x)


def test_copies(device):
    x = tl.arange(4, device=device)
    for made in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x)), x.copy()):
        assert made.device == "cuda:0"
        made += 1
        np.testing.assert_array_equal(made.cpu().numpy(), [1, 2, 3, 4])
    np.testing.assert_array_equal(x.cpu().numpy(), [0, 1, 2, 3])


def test_sequences_of_tensors(device):
    x = tl.arange(6.0, device=device).reshape(2, 3)
    assert tl.asarray([x[1], x[0]]).device == "cuda:0"
    assert tl.asarray([[x[0], x[1]], [x[1], x[0]]]).shape == (2, 2, 3)
    assert tl.asarray([x[0, 1], x[1, 2]], dtype="int32", device="cpu").tolist() == [1, 5]
    with pytest.raises(tl.DeviceError, match="expected tensors on one device"):
        tl.asarray([x[0], tl.ones(3)])


def test_ufuncs_at_places(device):
    x = tl.zeros((3, 2), dtype=int, device=device)
    tl.add.at(x, ([0, 0, 1], [1, 1, 0]), 2)
    tl.subtract.at(x, tl.asarray([2, 2], device=device), 1)
    assert x.tolist() == [[0, 4], [2, 0], [-2, -2]]
    with pytest.raises(TypeError, match=r"add\.at: cannot cast from float64 to int64"):
        tl.add.at(x, [0], 0.5)
    with pytest.raises(NotImplementedError, match=r"maximum\.at: no kernel for cuda:0"):
        tl.maximum.at(x, [0], 1)


def test_views_share_memory(device):
    x = tl.zeros((3, 4), device=device)
    x[1:, ::2] = 5
    x.T[3, 0] = 7
    x.reshape(-1)[5] = 9
    expected = np.zeros((3, 4))
    expected[1:, ::2], expected[0, 3], expected[1, 1] = 5, 7, 9
    np.testing.assert_array_equal(x.cpu().numpy(), expected)


def test_exchange(device):
    x = tl.arange(6, dtype="float32", device=device).reshape(2, 3)
    described = x.__cuda_array_interface__
    assert (described["version"], described["shape"], described["typestr"]) == (3, (2, 3), "<f4")
    assert described["stream"] == 1 and x.__dlpack_device__() == (2, 0)

    class Interface:
        def __init__(self, tensor):
            self.__cuda_array_interface__ = tensor.__cuda_array_interface__
            self.tensor = tensor

    class OldExporter:
        def __dlpack_device__(self):
            return x.__dlpack_device__()

        def __dlpack__(self, stream=None):
            return x.__dlpack__(stream=stream)

    for other in (tl.asarray(Interface(x)), tl.from_dlpack(x), tl.from_dlpack(OldExporter())):
        before = x.cpu().numpy()
        other += 1
        assert other.device == "cuda:0"
        np.testing.assert_array_equal(x.cpu().numpy(), before + 1)
    transposed = tl.from_dlpack(x.T)
    assert transposed.shape == (3, 2) and transposed.strides == x.T.strides
    assert tl.from_dlpack(x, copy=True).to("cpu").device == "cpu"
    assert tl.from_dlpack(x, device="cpu").device == "cpu"
    for dtype in ("bool", "int16", "uint8", "float16", "bfloat16", "complex128"):
        y = tl.ones(3, dtype=dtype, device=device)
        assert tl.from_dlpack(y).dtype == y.dtype
    with pytest.raises(AttributeError):
        _ = tl.ones(3).__cuda_array_interface__
    with pytest.raises(TypeError, match="requires a gradient"):
        x.detach().requires_grad_().__dlpack__()
    capsule = x.__dlpack__()  # nobody takes it
    del capsule


def test_exchange_prefers_dlpack(device):
    """It knows bfloat16, and orders streams where the other protocol need not."""

    class Both:
        def __init__(self, tensor):
            described = tl.empty(3, dtype="uint16", device=device).__cuda_array_interface__
            self.__cuda_array_interface__ = {**described, "typestr": "<V2"}
            self.__dlpack__, self.__dlpack_device__ = tensor.__dlpack__, tensor.__dlpack_device__

    x = tl.ones(3, dtype="bfloat16", device=device)
    found = tl.asarray(Both(x))
    found += 1
    assert (found.dtype, x.tolist()) == ("bfloat16", [2, 2, 2])


def test_exchange_is_refused(device):
    class Wrong:
        __cuda_array_interface__: ClassVar = {
            "shape": (3,), "typestr": "<f8", "data": (4096, False), "version": 3
        }  # fmt: skip

    with pytest.raises(tl.cuda.CudaError, match="asarray: CUDA_ERROR_INVALID_VALUE"):
        tl.asarray(Wrong())
    x = tl.ones(3, device=device)
    for wanted in ({"dl_device": (1, 0), "copy": False}, {"dl_device": (2, 99)}):
        with pytest.raises(BufferError, match=r"__dlpack__: the tensor is on cuda:0, and only"):
            x.__dlpack__(**wanted)
    assert np.from_dlpack(x, device="cpu").tolist() == [1, 1, 1]


def test_a_write_through_dlpack_keeps_memory(device):
    x = tl.from_dlpack(tl.arange(5, device=device))
    assert x.cpu().tolist() == [0, 1, 2, 3, 4]
