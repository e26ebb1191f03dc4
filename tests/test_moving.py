"""Copies, casts, gathers, masks and sorts of many elements, which several threads share."""

import numpy as np
import pytest
from layouts import assert_identical

import tensorlib as tl

REALS = "?bhilBHILefd"
SPECIAL = [0.0, -0.0, np.nan, -np.nan, 1, -1, np.inf, -np.inf, 1e-7]


@pytest.fixture(params=[1, 2, 5], autouse=True)
def threads(request):
    usual = tl.get_num_threads()
    tl.set_num_threads(request.param)
    yield request.param
    tl.set_num_threads(usual)


def numbers(shape, dtype):
    return np.random.default_rng(0).integers(0, 100, shape).astype(dtype)


# Blocks of transposed copies are 64 bytes wide; copies of 4 MiB and more go past the cache.
@pytest.mark.parametrize("dtype", "?hfdD")
@pytest.mark.parametrize(
    "shape", [(3, 5), (64, 64), (65, 127), (300, 301), (1024, 1024), (1025, 1031), (5, 200_001)]
)
def test_transposed_copies(shape, dtype):
    a = numbers(shape, dtype)
    x = tl.asarray(a)
    assert_identical(tl.ascontiguousarray(x.T), np.ascontiguousarray(a.T))
    assert_identical(tl.ascontiguousarray(x[1:, 1:].T), np.ascontiguousarray(a[1:, 1:].T))
    assert_identical(x.copy(), a)
    assert_identical(tl.ascontiguousarray(x[::2, ::2]), np.ascontiguousarray(a[::2, ::2]))
    assert_identical(tl.ascontiguousarray(x[::-1].T), np.ascontiguousarray(a[::-1].T))


@pytest.mark.parametrize("axes", [(0, 2, 1), (1, 0, 2), (2, 0, 1), (1, 2, 0), (2, 1, 0)])
@pytest.mark.parametrize("shape", [(3, 4, 5), (16, 65, 129), (3, 2, 20_000), (70, 130, 120)])
def test_permuted_copies(shape, axes):
    a = numbers(shape, np.float32)
    x = tl.asarray(a)
    assert_identical(tl.ascontiguousarray(x.transpose(axes)), a.transpose(axes).copy("C"))
    part = a[1:, 1:, 1:].transpose(axes)
    assert_identical(tl.ascontiguousarray(x[1:, 1:, 1:].transpose(axes)), part.copy("C"))


def test_a_copy_of_unaligned_memory():
    memory = np.random.default_rng(0).bytes(8 * 600 * 700 + 1)
    a = np.frombuffer(memory, np.float64, offset=1).reshape(600, 700)
    assert_identical(tl.ascontiguousarray(tl.asarray(a).T), np.ascontiguousarray(a.T))


def test_a_long_copy_onto_itself():
    a = np.arange(1_000_000.0)
    x = tl.asarray(a.copy())
    x[1:] = x[:-1]
    a[1:] = a[:-1].copy()
    assert_identical(x, a)
    square = np.arange(640_000.0).reshape(800, 800)
    y = tl.asarray(square.copy())
    y[...] = y.T
    assert_identical(y, square.T.copy())


@pytest.mark.parametrize("source, target", ["df", "fd", "ld", "di", "ef", "fe", "Df", "?l", "d?"])
@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")
def test_casts(source, target):
    for shape in [(100_001,), (500, 501)]:
        a = numbers(shape, source)
        x = tl.asarray(a)
        assert_identical(x.astype(target), a.astype(target))
        y = tl.empty(shape[::-1], dtype=np.dtype(target))
        y[...] = x.T
        assert_identical(y, a.T.astype(target, order="C"))


@pytest.mark.parametrize("shape, place", [((300_000,), -1), ((600, 500), (-1, 0))])
def test_errors_of_casts_are_found_in_all_parts(shape, place):
    a = np.zeros(shape)
    a[place] = 1e300
    x = tl.asarray(a)
    target = tl.empty(shape[::-1], dtype=np.float32)
    with np.errstate(over="raise"):
        with pytest.raises(FloatingPointError, match="overflow"):
            x.astype(np.float32)
        with pytest.raises(FloatingPointError, match="overflow"):
            target[...] = x.T
        with pytest.raises(FloatingPointError, match="overflow"):
            tl.square(tl.ones(shape[::-1]), out=tl.empty(shape[::-1])) + tl.square(x).T


# Tiles are 64 bytes high and 256 elements long.
@pytest.mark.parametrize("dtype", "hfdD")
@pytest.mark.parametrize(
    "shape", [(92, 91), (128, 128), (8, 2000), (2000, 8), (7, 2000), (300, 257), (3, 70, 80)]
)
def test_operands_in_different_orders(shape, dtype):
    a, b, c = (numbers(s, dtype) for s in (shape, shape[::-1], shape[::-1]))
    x, y, z = map(tl.asarray, (a, b, c))
    assert_identical(x + y.T, np.add(a, b.T, order="C"))
    assert_identical(tl.ascontiguousarray(y.T * x), (b.T * a).copy("C"))
    assert_identical(tl.where(z.T > y.T, x, y.T), np.where(c.T > b.T, a, b.T))
    assert_identical(x - y.T[..., ::-1], np.subtract(a, b.T[..., ::-1], order="C"))
    wide = numbers(shape[::-1], np.float64)
    assert_identical(x + tl.asarray(wide).T, np.add(a, wide.T, order="C"))
    total = tl.asarray(a.copy())
    total += y.T
    assert_identical(total, np.add(a, b.T, order="C"))


def test_a_square_added_to_its_own_transpose():
    a = numbers((300, 300), np.float64)
    x = tl.asarray(a.copy())
    x += x.T
    assert_identical(x, a + a.T)


@pytest.mark.parametrize("dtype", "?hfdD")
@pytest.mark.parametrize("n", [5, 8192, 8193, 100_003])
def test_takes(n, dtype):
    rng = np.random.default_rng(n)
    a = numbers(n, dtype)
    places = rng.integers(-n, n, n)
    assert_identical(tl.take(tl.asarray(a), tl.asarray(places)), a[places])
    rows, picked = numbers((200, 3, 50), dtype), rng.integers(-50, 50, 40)
    x = tl.asarray(rows)
    assert_identical(tl.take(x, tl.asarray(picked), 2), rows[:, :, picked])
    assert_identical(tl.take(x, tl.asarray(places % 200), 0), rows[places % 200])
    assert_identical(x[1:, 1:, tl.asarray(picked)], rows[1:, 1:, picked])
    assert_identical(x[tl.asarray(places % 200), 1], rows[places % 200, 1])


def test_the_first_index_outside_is_named():
    places = np.zeros(200_000, np.int64)
    places[[60_000, 150_000, 199_999]] = [-11, 10, 12]
    with pytest.raises(IndexError, match="index -11 is out of bounds for axis 0 with size 10"):
        tl.take(tl.arange(10.0), tl.asarray(places))
    with pytest.raises(IndexError, match="index -11 "):
        tl.zeros((10, 3))[tl.asarray(places)]


# A mask has at most 64 blocks, none below 16,384 elements.
@pytest.mark.parametrize("n", [16_384, 16_385, 100_003, 64 * 16_384 + 1])
@pytest.mark.parametrize("part", [0, 0.01, 0.5, 1])
def test_masks(n, part):
    mask = np.random.default_rng(n).random(n) < part
    mask[n // 2 : n // 2 + 20_000] = True
    m = tl.asarray(mask)
    for dtype in "?hfdD":
        a = numbers(n, dtype)
        picked = a[mask]
        assert_identical(tl.asarray(a)[m], picked)
        x, expected = tl.asarray(a.copy()), a.copy()
        x[m] = tl.asarray(picked[::-1].copy())
        expected[mask] = picked[::-1]
        assert_identical(x, expected)
        x[m] = 1
        expected[mask] = 1
        assert_identical(x, expected)
    assert_identical(tl.nonzero(m)[0], np.nonzero(mask)[0])


# Rows of 32,768 elements and more are sorted in pieces.
@pytest.mark.parametrize("dtype", REALS)
@pytest.mark.parametrize("n", [2, 100, 32_767, 32_768, 70_001])
def test_sorts(n, dtype):
    rng = np.random.default_rng(n)
    for values in (SPECIAL if dtype in "efd" else [0, 1, 2, 100], numbers(n, dtype)):
        a = rng.choice(np.asarray(values), n).astype(dtype)
        x = tl.asarray(a)
        assert_identical(tl.argsort(x), np.argsort(a, stable=True))
        assert_identical(tl.argsort(x, stable=True), np.argsort(a, stable=True))
        assert_identical(tl.sort(x, stable=True), np.sort(a, stable=True))
        np.testing.assert_array_equal(np.asarray(tl.sort(x)), np.sort(a))


@pytest.mark.parametrize("dtype", "fd")
def test_zeros_keep_their_signs_in_long_sorts(dtype):
    a = np.random.default_rng(0).choice(SPECIAL, 50_000).astype(dtype)
    found = np.asarray(tl.sort(tl.asarray(a)))
    zeros = np.signbit(found[found == 0])
    assert zeros.sum() == np.signbit(a[a == 0]).sum()
    assert np.all(zeros[:-1] >= zeros[1:])


def test_rows_sorted_while_threads_come_and_go():
    # Each row is sorted in one piece or in several, as is the better at the moment.
    a = numbers((3, 40_000), "l")
    expected = np.sort(a)
    for _ in range(200):
        assert_identical(tl.sort(tl.asarray(a)), expected)


@pytest.mark.parametrize("dtype", "fdlD")
@pytest.mark.parametrize("shape", [(300, 70), (3, 40_000), (2, 0, 40_000), (40_000, 3)])
def test_sorts_of_rows(shape, dtype):
    a = numbers(shape, dtype)
    for axis in (0, -1):
        assert_identical(tl.sort(tl.asarray(a), axis), np.sort(a, axis))
        assert_identical(tl.argsort(tl.asarray(a), axis), np.argsort(a, axis, stable=True))


@pytest.mark.parametrize("n", [1000, 200_000])
def test_the_order_of_keys_that_differ_in_few_bits(n):
    """With their indices, 64-bit keys have more bits than are sorted at first."""
    rng = np.random.default_rng(n)
    near = 1 + rng.integers(0, 1000, n) * 2.0**-52
    for a in (
        np.where(rng.random(n) < 0.5, near, rng.standard_normal(n) * 1e300),
        np.concatenate([near, [-1e300, np.inf, np.nan]]),
        rng.integers(0, 2**63, n, np.int64) // 2**20 * 2**20 + rng.integers(0, 3, n),
        rng.integers(-(2**63), 2**63, n, np.int64),
        np.where(rng.random(n) < 0.5, 2**64 - 1, rng.integers(0, 5, n)).astype(np.uint64),
    ):
        assert_identical(tl.argsort(tl.asarray(a)), np.argsort(a, stable=True))


def test_argsort_of_bfloat16():
    values = np.random.default_rng(0).choice(SPECIAL, 40_000).astype(np.float32)
    x = tl.asarray(values).astype(tl.bfloat16)
    expected = np.argsort(np.asarray(x.astype(np.float32)), stable=True)
    assert_identical(tl.argsort(x), expected)
