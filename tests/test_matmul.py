"""Products of matrices: all sizes around the borders of blocks, layouts, threads."""

import numpy as np
import pytest
from numpy._core._multiarray_umath import __cpu_features__

import tensorlib as tl

RNG = np.random.default_rng(11)
# rows, inner, columns; a stack of the first number if there are four
SIZES = [
    (2, 1, 2),
    (2, 3, 2),
    (3, 4, 5),
    (8, 8, 8),
    (8, 16, 24),
    (9, 17, 33),
    (16, 4096, 16),
    (17, 255, 49),
    (17, 256, 48),
    (31, 257, 47),
    (33, 64, 65),
    (64, 512, 64),
    (100, 100, 100),
    (127, 129, 131),
    (257, 300, 193),
    (300, 10, 700),
    (1000, 1, 204),
    (2, 5000, 1),
    (1, 3000, 50),
    (50, 3000, 1),
    (1, 140_000, 1),
    (1, 65_536, 1),
    (1, 131_073, 1),
    (3, 20_000, 1),
    (64, 20_000, 40),
    (5, 3, 4, 6),
    (40, 33, 32, 31),
    (3, 1, 70_000, 1),
    (2, 120, 130, 140),
    (9, 200, 200, 200),
]
LAYOUTS = ["C", "transposed a", "transposed b", "both", "backwards", "strided", "broadcast"]


def operands(dtype, sizes, layout="C"):
    *stack, rows, inner, columns = sizes
    a = RNG.standard_normal((*stack, rows, inner)).astype(dtype)
    b = RNG.standard_normal((*stack, inner, columns)).astype(dtype)
    if dtype in "FD":
        a, b = a + 1j * a[..., ::-1], b - 1j * b[..., ::-1]
    if layout in ("transposed a", "both"):
        a = np.ascontiguousarray(a.swapaxes(-1, -2)).swapaxes(-1, -2)
    if layout in ("transposed b", "both"):
        b = np.ascontiguousarray(b.swapaxes(-1, -2)).swapaxes(-1, -2)
    if layout == "backwards":
        a, b = a[..., ::-1, ::-1], b[..., ::-1]
    if layout == "strided":
        a, b = a.repeat(2, -1).repeat(3, -2)[..., ::3, ::2], b.repeat(2, -1)[..., ::2]
    if layout == "broadcast":
        a = np.broadcast_to(a[..., :1, :], a.shape)
        b = np.broadcast_to(b[..., :, :1], b.shape)
    return a, b


@pytest.fixture
def on_threads():
    """Call a function with one, two and three threads; its results."""
    usual = tl.get_num_threads()

    def call(function):
        results = []
        for threads in (1, 2, 3):
            tl.set_num_threads(threads)
            results.append(np.asarray(function()))
        return results

    yield call
    tl.set_num_threads(usual)


def assert_same_bits(results):
    for other in results[1:]:
        assert other.tobytes() == results[0].tobytes()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("dtype", ["f", "d"])
def test_like_numpy_on_any_number_of_threads(on_threads, dtype, sizes, layout):
    a, b = operands(dtype, sizes, layout)
    results = on_threads(lambda: tl.asarray(a) @ tl.asarray(b))
    assert_same_bits(results)
    # A bound for sums in any order: so many roundings of the sum of absolute values. NumPy's
    # product of float64 has them too.
    wide = np.abs(a).astype("d") @ np.abs(b).astype("d")
    error = np.abs(results[0] - a.astype("d") @ b.astype("d"))
    assert results[0].dtype == a.dtype
    assert (error <= 2 * (sizes[-2] + 1) * np.finfo(dtype).eps * wide).all()


@pytest.mark.parametrize("sizes", [(300, 100, 200), (2000, 60, 1), (3, 40, 50, 60)], ids=str)
@pytest.mark.parametrize("dtype", ["F", "D", "i", "?"])
def test_other_dtypes(on_threads, dtype, sizes):
    a, b = operands("d", sizes)
    a, b = (a * 9).astype(dtype), (b * 9).astype(dtype)
    results = on_threads(lambda: tl.asarray(a) @ tl.asarray(b))
    assert_same_bits(results)
    tolerance = 1e-4 if dtype == "F" else 1e-12
    np.testing.assert_allclose(results[0], a @ b, rtol=tolerance, atol=tolerance * sizes[-2])


@pytest.mark.parametrize("name", ["matvec", "vecmat", "vecdot", "dot", "inner"])
@pytest.mark.parametrize("dtype", ["f", "d", "D"])
def test_vectors(on_threads, dtype, name):
    a, b = {
        "matvec": operands(dtype, (500, 700, 1)),
        "vecmat": operands(dtype, (1, 700, 500)),
    }.get(name, operands(dtype, (1, 200_000, 1)))
    a = a if name == "matvec" else a[0]
    b = b if name == "vecmat" else b[:, 0]
    results = on_threads(lambda: getattr(tl, name)(tl.asarray(a), tl.asarray(b)))
    assert_same_bits(results)
    expected = getattr(np, name)(a, b)
    size = np.abs(expected).max()
    np.testing.assert_allclose(
        results[0], expected, rtol=0, atol=size * (1e-3, 1e-10)[dtype != "f"]
    )


@pytest.mark.parametrize("sizes", [(5, 7), (64, 3000), (200, 90), (513, 257), (1000, 31)])
@pytest.mark.parametrize("dtype", ["f", "d"])
def test_a_matrix_times_its_transpose(on_threads, dtype, sizes):
    x = RNG.standard_normal(sizes).astype(dtype)
    results = on_threads(lambda: tl.asarray(x) @ tl.asarray(x).T)
    # The half that is not computed has the bits that it would have had.
    assert_same_bits([*results, np.asarray(tl.asarray(x) @ tl.asarray(x.copy()).T)])
    np.testing.assert_array_equal(results[0], results[0].T)


@pytest.mark.skipif(
    not __cpu_features__.get("AVX2"), reason="BLAS pads with zeros; run it on a CPU with AVX2"
)
@pytest.mark.parametrize("sizes", [(3, 4, 5), (9, 17, 33), (130, 140, 150)], ids=str)
@pytest.mark.parametrize("dtype", ["f", "d"])
def test_infinities_raise_no_more_than_they_should(dtype, sizes):
    a, b = operands(dtype, sizes)
    a, b = np.abs(a) + 1, np.abs(b) + 1
    a[-1, 0], b[0, -1] = np.inf, np.inf
    infinite = np.zeros((sizes[0], sizes[2]), bool)
    infinite[-1] = infinite[:, -1] = True
    with np.errstate(all="raise"):
        result = tl.asarray(a) @ tl.asarray(b)
    np.testing.assert_array_equal(np.isinf(result), infinite)
    a[0, 0] = np.nan
    with np.errstate(all="raise"):
        result = tl.asarray(a) @ tl.asarray(b)
    np.testing.assert_array_equal(np.isnan(result), np.arange(sizes[0])[:, None] == [0] * sizes[2])
    a[0, 0], b[0, 0] = np.inf, 0
    with np.errstate(invalid="raise"), pytest.raises(FloatingPointError, match="matmul"):
        tl.asarray(a) @ tl.asarray(b)


@pytest.mark.parametrize("size", [(2, 1, 3), (20, 1, 30), (4, 3, 5)], ids=str)
def test_sums_of_negative_zeros_are_numpys(size):
    a, b = np.full(size[:2], -0.0), np.ones(size[1:])
    actual = np.asarray(tl.asarray(a) @ tl.asarray(b))
    np.testing.assert_array_equal(np.signbit(actual), np.signbit(a @ b))


@pytest.mark.parametrize("sizes", [(0, 3, 4), (3, 0, 4), (3, 4, 0), (0, 3, 4, 5)], ids=str)
def test_empty(sizes):
    a, b = operands("f", sizes)
    np.testing.assert_array_equal(np.asarray(tl.asarray(a) @ tl.asarray(b)), a @ b)


@pytest.mark.parametrize("sizes", [(5, 6, 7), (100, 110, 120)], ids=str)
def test_memory_that_is_not_aligned(sizes):
    rows, inner, columns = sizes
    memory = np.zeros(8 * inner * (rows + columns) + 8, np.uint8)
    middle = 3 + 8 * rows * inner
    a = memory[3:middle].view("d").reshape(rows, inner)
    b = memory[middle:-5].view("d").reshape(inner, columns)
    a[...], b[...] = operands("d", sizes)
    np.testing.assert_allclose(np.asarray(tl.asarray(a) @ tl.asarray(b)), a @ b, rtol=1e-10)
