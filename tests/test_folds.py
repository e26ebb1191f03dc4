"""Reductions, means and running folds of many elements: NumPy's bits on any number of threads."""

import itertools

import numpy as np
import pytest

import tensorlib as tl

RNG = np.random.default_rng(11)
NODE = 1 << 14  # what a task folds, of a run
LEAF = 128  # what NumPy adds up without halving

SHORT = [*range(1, 40), *range(LEAF - 9, LEAF + 9), *range(2 * LEAF - 17, 2 * LEAF + 17), 1000]
LONG = [8192, 8193, NODE - 1, 2 * NODE - 1, 2 * NODE, 2 * NODE + 1, 100_003, 32 * NODE + 77]
HUGE = 300 * NODE + 13  # more nodes than there may be


@pytest.fixture(params=[1, 3])
def threads(request):
    usual = tl.get_num_threads()
    tl.set_num_threads(request.param)
    yield request.param
    tl.set_num_threads(usual)


def numbers(dtype, *shape):
    """Of many sizes, so that another order of additions has other bits."""
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return RNG.random(shape) < 0.9
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        return RNG.integers(info.min, info.max, shape, dtype, endpoint=True)
    values = RNG.normal(size=shape) * np.exp(3 * RNG.normal(size=shape))
    if dtype.kind == "c":
        values = values + 1j * RNG.normal(size=shape)
    return values.astype(dtype)


def same_bits(actual, expected, note=""):
    expected = np.asarray(expected)
    actual = np.asarray(actual)
    assert actual.dtype == expected.dtype and actual.shape == expected.shape, note
    if actual.tobytes() != expected.tobytes():
        np.testing.assert_array_equal(actual, expected, err_msg=str(note))
        assert np.array_equal(np.signbit(actual.real), np.signbit(expected.real)), note


@pytest.mark.parametrize("dtype", "efdFD")
def test_sums_of_runs(dtype, threads):
    array = numbers(dtype, 3 * max(LONG))
    for n in SHORT + LONG:
        for step in (1, 2, -1, 3):
            run = array[: n * abs(step)][::step]
            same_bits(tl.asarray(run).sum(), run.sum(), (n, step))


@pytest.mark.parametrize("name", ["sum", "mean", "var", "std", "max", "min", "argmax", "argmin"])
@pytest.mark.parametrize("dtype", "fd")
def test_a_huge_run(name, dtype, threads):
    array = numbers(dtype, HUGE)
    x = tl.asarray(array)
    for _ in range(2):  # threads are used once the cost is known
        same_bits(getattr(x, name)(), getattr(array, name)())


@pytest.mark.parametrize("name", ["sum", "prod", "max", "min", "any", "all", "argmax", "argmin"])
@pytest.mark.parametrize("dtype", "?bhilBHILef")
def test_runs_of_any_dtype(name, dtype, threads):
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        for n in (5, 4 * NODE + 3):
            array = numbers(dtype, n)
            same_bits(getattr(tl.asarray(array), name)(), getattr(array, name)(), n)


SHAPES = [(300, 700), (3, 5, 4000), (70000, 3), (2, 50000), (64, 40, 90), (1, 40000)]
LAYOUTS = {
    "C": lambda x: x,
    "F": np.asfortranarray,
    "transposed": lambda x: x.T,
    "every second": lambda x: x[..., ::2],
    "every second row": lambda x: x[::2],
    "backwards": lambda x: x[::-1],
    "one row for all": lambda x: np.broadcast_to(x[:1], x.shape),
}


def axes_of(array):
    every = [None, 0, -1, (0, -1)]
    return every if array.ndim == 2 else [*every, 1, (0, 1), (1, 2)]


def same_fold(actual, array, axis, expected, note):
    """Of several axes that are not one in memory NumPy's iterator adds up parts of its own."""
    dense = array.flags.c_contiguous or array.flags.f_contiguous
    if dense or type(axis) is int or expected.dtype.kind in "iu":
        same_bits(actual, expected, note)
    else:
        size = np.abs(array).sum() / max(np.size(expected), 1)
        rtol = 1e-3 if array.dtype.char in "fF" else 1e-11
        np.testing.assert_allclose(actual, expected, rtol, rtol * size, err_msg=str(note))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ["sum", "max"])
def test_axes(name, layout, threads):
    for dtype in "fdFi":
        for shape in SHAPES:
            array = LAYOUTS[layout](numbers(dtype, *shape))
            x = tl.asarray(array)
            for axis in axes_of(array):
                expected = getattr(array, name)(axis)
                same_fold(getattr(x, name)(axis), array, axis, expected, (dtype, shape, axis))


@pytest.mark.parametrize("name", ["sum", "max", "argmin", "cumsum", "mean", "std"])
@pytest.mark.parametrize("shape", [(1500, 2000), (8, 500, 700)])
def test_axes_of_many_elements(name, shape, threads):
    for dtype in "fd":
        array = numbers(dtype, *shape)
        x = tl.asarray(array)
        for axis in range(len(shape)):
            expected = getattr(array, name)(axis)
            for _ in range(2):  # threads are used once the cost is known
                same_bits(getattr(x, name)(axis), expected, (dtype, axis))


@pytest.mark.parametrize("name", ["argmax", "argmin", "cumsum", "cumprod"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_along_one_axis(name, layout, threads):
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        # NumPy's products of complex numbers depend on the layout.
        for dtype in "fdi" if name == "cumprod" else "fdFi":
            for shape in SHAPES:
                array = LAYOUTS[layout](numbers(dtype, *shape))
                x = tl.asarray(array)
                for axis in range(-1, array.ndim - 1):
                    expected = getattr(array, name)(axis)
                    same_bits(getattr(x, name)(axis), expected, (dtype, shape, axis))


@pytest.mark.parametrize(
    "name, dtype",
    [
        *itertools.product(["cumsum"], "bhlBLefdFD"),
        *itertools.product(["cumprod"], "bhlBLefd"),
    ],
)
def test_running_folds(name, dtype):
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        for n in (1, 2, 3, 100, 20_000):
            array = numbers(dtype, 2 * n)
            for run in (array[:n], array[::2], array[::-1][:n]):
                same_bits(getattr(tl.asarray(run), name)(), getattr(run, name)(), n)


@pytest.mark.parametrize("name", ["mean", "var", "std"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_moments(name, layout, threads):
    for dtype in "fd":
        for shape in [(4, 5), (2, 3, 4), *SHAPES]:
            array = LAYOUTS[layout](numbers(dtype, *shape))
            x = tl.asarray(array)
            for axis in axes_of(array):
                for kwargs in [{}] if name == "mean" else [{}, {"ddof": 1}, {"ddof": 0.5}]:
                    if "ddof" in kwargs and (array.size > 100 or 1 in array.shape):
                        continue
                    kwargs = {"axis": axis, "keepdims": len(shape) == 2, **kwargs}
                    expected = getattr(array, name)(**kwargs)
                    actual = getattr(x, name)(**kwargs)
                    same_fold(actual, array, axis, expected, (dtype, shape, kwargs))


@pytest.mark.parametrize("dtype", "?bhilBHIL")
def test_moments_of_integers(dtype):
    for shape in [(7,), (30, 40)]:
        array = numbers(dtype, *shape)
        for name in ("mean", "var", "std"):
            same_bits(getattr(tl.asarray(array), name)(0), getattr(array, name)(0))


@pytest.mark.parametrize("dtype", "fd")
def test_moments_that_are_followed_are_the_same(dtype):
    array = numbers(dtype, 40, 50)
    x, tracked = tl.asarray(array), tl.asarray(array).requires_grad_()
    for name in ("mean", "var", "std"):
        for axis in (None, 0, 1):
            followed = getattr(tracked, name)(axis)
            assert followed.requires_grad
            same_bits(followed.detach(), getattr(x, name)(axis))


def test_what_is_not_a_number_and_negative_zero(threads):
    for n in (3, 1000, 5 * NODE):
        zeros = np.full(n, -0.0)
        assert np.signbit(tl.asarray(zeros).sum())  # where NumPy begins with 0.0
        for name in ("max", "min", "cumsum"):
            same_bits(getattr(tl.asarray(zeros), name)(), getattr(zeros, name)())
        array = numbers("d", n)
        array[n // 2 :: 3] = np.nan
        for name in ("sum", "mean", "std", "max", "min", "argmax", "argmin"):
            same_bits(getattr(tl.asarray(array), name)(), getattr(array, name)())


@pytest.mark.parametrize("name", ["max", "min"])
@pytest.mark.parametrize("dtype", "fd")
def test_zeros_of_both_signs_and_nan_down_columns(name, dtype, threads):
    for values in ([0.0, -0.0], [0.0, -0.0, 1.0, -np.inf, np.nan]):
        for shape in [(9, 3), (21, 70), (40, 5000), (300, 2048)]:
            array = RNG.choice(np.array(values, dtype), shape)
            with np.errstate(all="raise"):
                same_bits(getattr(tl.asarray(array), name)(0), getattr(array, name)(0), shape)


def test_the_first_of_equal_ones(threads):
    for n in (10, 7 * NODE + 5):
        array = np.zeros((3, n), np.float32)
        array[1, [n // 3, n // 2, n - 1]] = 1
        array[2, [n - 2, n - 1]] = np.nan
        for function in ("argmax", "argmin"):
            for axis in (None, 0, 1):
                expected = getattr(array, function)(axis)
                same_bits(getattr(tl.asarray(array), function)(axis), expected)


@pytest.mark.parametrize("shape, axis", [((10 * NODE,), None), ((200, 2000), 0), ((2000, 200), 1)])
@pytest.mark.parametrize("name", ["sum", "mean", "std", "cumsum"])
def test_warnings_of_all_threads(name, shape, axis, threads):
    array = np.zeros(shape, np.float32)
    array[..., -5:] = 3e38
    array[-5:] = 3e38
    x = tl.asarray(array)
    for _ in range(2):
        with np.errstate(over="raise"), pytest.raises(FloatingPointError, match="overflow"):
            getattr(x, name)(axis)
        with np.errstate(all="ignore"):
            getattr(x, name)(axis)
    quiet = tl.ones(shape, dtype="float32")
    with np.errstate(all="raise"):
        getattr(quiet, name)(axis)


def test_unaligned_elements(threads):
    for dtype in "fd":
        array = numbers(dtype, 3 * NODE)
        raw = np.zeros(array.nbytes + 1, np.uint8)
        unaligned = raw[1:].view(array.dtype)
        unaligned[...] = array
        x = tl.asarray(unaligned)
        for name in ("sum", "mean", "std", "max", "argmax", "cumsum"):
            same_bits(getattr(x, name)(), getattr(array, name)())
        for axis in (0, 1):
            same_bits(x.reshape(3, NODE).sum(axis), array.reshape(3, NODE).sum(axis))
