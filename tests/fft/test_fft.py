"""Fourier transforms: bit by bit NumPy's, and their gradients."""

import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layouts import LAYOUTS, array_of, assert_identical, examples, outcome, random_array

import tensorlib as tl
from tensorlib.testing import assert_allclose, check_grads

ONE_AXIS = ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"]
SEVERAL = ["fftn", "ifftn", "rfftn", "irfftn", "fft2", "ifft2", "rfft2", "irfft2"]
REAL = {"rfft", "ihfft", "rfftn", "rfft2"}
NAMES = [*ONE_AXIS, *SEVERAL, "fftshift", "ifftshift", "fftfreq", "rfftfreq"]
DTYPES = [np.dtype(letter) for letter in "?bHiqefdFD"]
NORMS = [None, "backward", "ortho", "forward"]

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def numbers(shape, dtype=float, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape)
    return x + 1j * rng.standard_normal(shape) if dtype is complex else x


def assert_like_numpy(name, a, *args, **kwargs):
    expected = outcome(getattr(np.fft, name), a, *args, **kwargs)
    actual = outcome(getattr(tl.fft, name), tl.asarray(a), *args, **kwargs)
    if isinstance(expected, Exception):
        assert isinstance(actual, type(expected)), (actual, expected)
        assert isinstance(actual, TypeError) or str(actual).startswith(f"{name}: "), actual
    else:
        assert_identical(actual, expected)


@pytest.mark.parametrize("name", NAMES)
def test_signatures(name):
    theirs = inspect.signature(getattr(np.fft, name)).parameters
    ours = inspect.signature(getattr(tl.fft, name)).parameters
    # The array API standard gives the frequencies a dtype.
    assert [p for p in ours.values() if p.name in theirs] == list(theirs.values())
    assert set(ours) - set(theirs) <= ({"dtype"} if name.endswith("freq") else set())


def test_all_names():
    assert set(tl.fft.__all__) == set(NAMES) == {n for n in np.fft.__all__ if n != "test"}


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", ONE_AXIS)
def test_one_axis(name, dtype):
    @examples(25)
    @given(st.data())
    def run(data):
        shape = data.draw(st.lists(st.integers(0, 9), min_size=1, max_size=3).map(tuple))
        rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
        a = data.draw(st.sampled_from(LAYOUTS))(random_array(rng, dtype, shape, hard=0.02))
        n = data.draw(st.none() | st.integers(-1, 12))
        axis = data.draw(st.integers(-len(shape), len(shape) - 1))
        assert_like_numpy(name, a, n, axis, data.draw(st.sampled_from(NORMS)))

    run()


@pytest.mark.parametrize("dtype", [np.dtype(letter) for letter in "ifdD"], ids=str)
@pytest.mark.parametrize("name", SEVERAL)
def test_several_axes(name, dtype):
    @examples(25)
    @given(st.data())
    def run(data):
        ndim = data.draw(st.integers(1 if name[-1] == "n" else 2, 3))
        shape = tuple(data.draw(st.integers(1, 6)) for _ in range(ndim))
        a = random_array(np.random.default_rng(ndim), dtype, shape, hard=0)
        kwargs = {"norm": data.draw(st.sampled_from(NORMS))}
        if data.draw(st.booleans()):
            count = data.draw(st.integers(1, ndim))
            kwargs["axes"] = data.draw(st.permutations(range(-ndim, 0)))[:count]
            if data.draw(st.booleans()):
                kwargs["s"] = [data.draw(st.integers(-1, 7)) for _ in range(count)]
        assert_like_numpy(name, a, **kwargs)

    run()


@pytest.mark.parametrize("n", [1, 2, 11, 64, 97, 1000, 4096, 10007])
def test_many_lengths(n):
    for name in ONE_AXIS:
        assert_like_numpy(name, numbers((2, n)).astype("f"))
        assert_like_numpy(name, numbers((2, n), float if name in REAL else complex))


@pytest.mark.parametrize("name", ONE_AXIS)
def test_bad_arguments(name):
    a = np.ones((3, 4))
    for args in [(0,), (-3,), (4, 2), (4, -3), (4, 0, "norm"), (None, 5)]:
        assert_like_numpy(name, a, *args)
    for bad in (1.5, "4", [3]):
        with pytest.raises(TypeError, match=f"^{name}: "):
            getattr(tl.fft, name)(a, bad)
    with pytest.raises((TypeError, ValueError, MemoryError, OverflowError)):
        getattr(tl.fft, name)(a, 2**62)
    with pytest.raises((TypeError, ValueError, MemoryError, OverflowError)):
        getattr(tl.fft, name)(a, 2**70)
    if name in REAL:
        with pytest.raises(TypeError, match=f"^{name}: "):
            getattr(tl.fft, name)(a * 1j)
    assert_like_numpy(name, np.ones((0, 3)))
    assert_like_numpy(name, np.ones((0, 3)), axis=0)


def test_deprecated_arguments_of_several_axes():
    a = np.ones((3, 4))
    for name in ("fftn", "irfftn", "rfft2"):
        with pytest.warns(DeprecationWarning, match="`axes` should not be `None`"):
            actual = getattr(tl.fft, name)(a, s=(2, 3), axes=None)
        with pytest.warns(DeprecationWarning):
            assert_identical(actual, getattr(np.fft, name)(a, s=(2, 3), axes=None))
        with pytest.warns(DeprecationWarning, match="`None` values to `s`"):
            actual = getattr(tl.fft, name)(a, s=(None, 3), axes=(0, 1))
        with pytest.warns(DeprecationWarning):
            assert_identical(actual, getattr(np.fft, name)(a, s=(None, 3), axes=(0, 1)))
        with pytest.raises(ValueError, match=f"^{name}: Shape and axes"):
            getattr(tl.fft, name)(a, s=(2, 3), axes=(0,))
    for name in ("rfftn", "irfftn"):
        with pytest.raises(IndexError, match=f"^{name}: "):
            getattr(tl.fft, name)(a, axes=())


@pytest.mark.parametrize("name", [*ONE_AXIS, *SEVERAL])
def test_out(name):
    a = numbers((3, 4))
    expected = getattr(np.fft, name)(a)
    out = tl.empty(expected.shape, dtype=expected.dtype)
    assert getattr(tl.fft, name)(a, out=out) is out
    assert_identical(out, expected)
    single = tl.empty(expected.shape, dtype="F" if expected.dtype == complex else "f")
    getattr(tl.fft, name)(a, out=single)
    assert_allclose(single, expected, rtol=1e-5, atol=1e-5)
    with pytest.raises(ValueError, match=f"{name}: "):
        getattr(tl.fft, name)(a, out=tl.empty((2, 2), dtype=expected.dtype))
    with pytest.raises(TypeError, match=f"{name}: "):
        getattr(tl.fft, name)(a, out=tl.empty(expected.shape, dtype=int))


@pytest.mark.parametrize("axes", [None, 0, -1, (0, 2), (1,)], ids=str)
@pytest.mark.parametrize("name", ["fftshift", "ifftshift"])
def test_shifts(name, axes):
    assert_like_numpy(name, np.arange(60).reshape(3, 4, 5), axes)
    assert getattr(tl.fft, name)(1.5).tolist() == 1.5


@pytest.mark.parametrize("name", ["fftfreq", "rfftfreq"])
def test_frequencies(name):
    for n in (1, 2, 9, 10, np.int64(7)):
        assert_identical(getattr(tl.fft, name)(n), getattr(np.fft, name)(n))
        assert_identical(getattr(tl.fft, name)(n, 0.3, "cpu"), getattr(np.fft, name)(n, 0.3))
    with pytest.raises(ValueError, match=f"^{name}: "):
        getattr(tl.fft, name)(2.5)
    with pytest.raises(ZeroDivisionError):
        getattr(tl.fft, name)(0)


# gradients


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("n", [None, 1, 2, 3, 6, 7])
@pytest.mark.parametrize("dtype", [float, complex], ids=["real", "complex"])
@pytest.mark.parametrize("name", ONE_AXIS)
def test_gradients_along_one_axis(name, dtype, n, norm):
    if name in REAL and dtype is complex:
        return
    for axis in (0, 1):
        x = numbers((4, 2) if axis == 0 else (2, 5), dtype)
        check_grads(lambda x, axis=axis: getattr(tl.fft, name)(x, n, axis, norm), [x])


@pytest.mark.parametrize("dtype", [float, complex], ids=["real", "complex"])
@pytest.mark.parametrize("name", [*SEVERAL, "fftshift", "ifftshift"])
def test_gradients_along_several_axes(name, dtype):
    if name in REAL and dtype is complex:
        return
    x = numbers((2, 3, 4), dtype)
    check_grads(getattr(tl.fft, name), [x])
    if "shift" not in name:
        check_grads(lambda x: getattr(tl.fft, name)(x, s=(3, 5), axes=(2, 0)), [x])


def test_gradient_through_out():
    x = tl.asarray(numbers(4)).requires_grad_()
    out = tl.zeros(4, dtype=complex)
    tl.fft.fft(x, out=out)
    tl.real(out).sum().backward()
    assert_allclose(x.grad, [4, 0, 0, 0], atol=1e-15)


@pytest.mark.parametrize("dtype", ["f4", "c8"])
@pytest.mark.parametrize("name", ["fft", "irfft"])
def test_gradients_have_the_dtype_of_the_input(name, dtype):
    x = tl.asarray(numbers(5).astype(dtype)).requires_grad_()
    abs(getattr(tl.fft, name)(x)).sum().backward()
    assert x.grad.dtype == dtype


@pytest.mark.parametrize("name", ONE_AXIS)
def test_against_torch(name):
    torch = pytest.importorskip("torch", reason="to compare with PyTorch: pip install torch")
    a = numbers((3, 6), float if name in REAL else complex)
    x, y = tl.asarray(a).requires_grad_(), torch.tensor(a, requires_grad=True)
    abs(getattr(tl.fft, name)(x, 5, norm="ortho") ** 3).sum().backward()
    abs(getattr(torch.fft, name)(y, 5, norm="ortho") ** 3).sum().backward()
    assert_allclose(x.grad, y.grad.numpy(), rtol=1e-12, atol=1e-12)


def test_convolution_theorem():
    x, kernel = numbers(20), numbers(5, seed=1)
    product = tl.fft.irfft(tl.fft.rfft(x, 24) * tl.fft.rfft(kernel, 24), 24)
    assert_allclose(array_of(product), np.convolve(x, kernel), atol=1e-13)
