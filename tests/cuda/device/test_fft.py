"""Fourier transforms on a device against those of the CPU."""

import numpy as np
import pytest

import tensorlib as tl

pytestmark = pytest.mark.usefixtures("libraries")

DTYPES = ("float32", "float64", "complex64", "complex128")
OTHERS = ("bool", "int32", "float16", "bfloat16")


def numbers(shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    x = 3 * rng.standard_normal(shape)
    if dtype.startswith("complex"):
        x = x + 1j * rng.standard_normal(shape)
    return tl.asarray(x).astype(dtype)


def check(function, device, x, *args):
    expected, result = function(x, *args), function(x.to(device), *args)
    assert result.device == f"{device}:0"
    assert (result.shape, result.dtype) == (expected.shape, expected.dtype)
    error = {"complex64": 1e-5, "float32": 1e-5, "float16": 1e-2}.get(str(result.dtype), 1e-12)
    np.testing.assert_allclose(result.cpu().numpy(), expected.numpy(), rtol=error, atol=10 * error)


def transforms(dtype):
    names = ["fft", "ifft", "irfft"] if dtype.startswith("complex") else ["fft", "rfft", "irfft"]
    return [getattr(tl.fft, name) for name in names]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [None, 1, 4, 11])
def test_one_axis(dtype, n, device):
    x = numbers((3, 5, 8), dtype)
    for function in transforms(dtype):
        for axis in (0, 1, -1):
            for norm in (None, "ortho", "forward"):
                check(function, device, x, n, axis, norm)


@pytest.mark.parametrize("dtype", OTHERS)
def test_other_dtypes(dtype, device):
    for function in (tl.fft.fft, tl.fft.rfft, tl.fft.irfft):
        check(function, device, numbers((4, 6), dtype))


VIEWS = (
    lambda x: x[::2, ::-1, 1:],
    lambda x: x.transpose(2, 0, 1),
    lambda x: tl.broadcast_to(x[:1], (4, 5, 8)),
    lambda x: x[..., 1:4],
    lambda x: x[:0],
    lambda x: x[1, 2],
    lambda x: x.real[..., 1:],
)


@pytest.mark.parametrize("view", VIEWS)
def test_views(view, device):
    def transforms(x):
        x = view(x)
        return tl.stack([tl.fft.fft(x), tl.fft.ifft(x)]), tl.fft.irfft(x), tl.fft.hfft(x)

    for dtype in ("complex64", "complex128"):
        for k in range(3):
            check(lambda x, k: transforms(x)[k], device, numbers((3, 5, 8), dtype), k)


@pytest.mark.parametrize("dtype", ["float32", "complex128"])
def test_several_axes(dtype, device):
    x = numbers((3, 4, 6), dtype)
    functions = [tl.fft.fftn, tl.fft.fft2, tl.fft.ifft2, tl.fft.irfftn]
    if dtype == "float32":
        functions += [tl.fft.rfftn, tl.fft.ihfft]
    for function in functions:
        check(function, device, x)
    check(tl.fft.fftn, device, x, (5, 2), (2, 0), "ortho")
    check(tl.fft.fftshift, device, x)


def test_no_elements_become_zeros(device):
    x = tl.zeros((2, 0), device=device)
    np.testing.assert_array_equal(tl.fft.fft(x, 4).cpu().numpy(), np.zeros((2, 4)))


def test_what_has_no_mirror_image_is_taken_for_real(device):
    x = tl.asarray(np.array([[1 + 5j, 2 - 1j, 3 + 7j]]))
    for n in (4, 5):
        check(tl.fft.irfft, device, x, n)


def test_the_input_stays(device):
    x = numbers((2, 5), "complex128").to(device)
    before = x.cpu().numpy()
    for function in (tl.fft.fft, tl.fft.ifft, tl.fft.irfft):
        function(x)
    np.testing.assert_array_equal(x.cpu().numpy(), before)


def test_frequencies(device):
    for function in (tl.fft.fftfreq, tl.fft.rfftfreq):
        result = function(7, 0.1, device=device)
        assert result.device == f"{device}:0"
        np.testing.assert_allclose(result.cpu().numpy(), function(7, 0.1).numpy(), rtol=1e-15)


def test_errors(device):
    texts = []
    for place in ("cpu", device):
        with pytest.raises(ValueError) as caught:
            tl.fft.fft(tl.ones(3, device=place), 0)
        texts.append(str(caught.value))
        with pytest.raises(TypeError) as caught:
            tl.fft.rfft(tl.ones(3, "complex64", device=place))
        texts.append(str(caught.value))
    assert texts[:2] == texts[2:]


def test_gradients(device):
    for function in (tl.fft.fft, tl.fft.ifft, tl.fft.rfft, tl.fft.irfft):
        grads = []
        for place in ("cpu", device):
            x = numbers((2, 6), "float64").to(place).requires_grad_()
            y = function(x, 5)
            (y * y.conj()).real.sum().backward()
            grads.append(x.grad.cpu().numpy())
        np.testing.assert_allclose(*grads, rtol=1e-10, atol=1e-12)


def test_plans_are_kept_but_not_all(device):
    from tensorlib.cuda import _fft

    x = tl.ones((2, 200), device=device)
    for n in range(1, 100):
        tl.fft.rfft(x, n)
    assert _fft.kept_plans()[0] == 64
    np.testing.assert_allclose(tl.fft.rfft(x, 1).cpu().numpy(), np.ones((2, 1)))


def test_streams_and_graphs(device):
    x = numbers((3, 8), "complex64").to(device)
    expected = tl.fft.fft(x, norm="ortho").cpu().numpy()
    with tl.cuda.Stream() as stream:
        stream.wait_stream(tl.cuda.default_stream())
        result = tl.fft.fft(x, norm="ortho")
    stream.synchronize()
    np.testing.assert_array_equal(result.cpu().numpy(), expected)
    graph = tl.cuda.CUDAGraph()
    with tl.cuda.graph(graph):
        result = tl.fft.fft(x, norm="ortho")
    for n in range(1, 70):
        tl.fft.fft(x, n)  # which lets go of plans, but not of the graph's
    x *= 2
    graph.replay()
    np.testing.assert_allclose(result.cpu().numpy(), 2 * expected, rtol=1e-6)
