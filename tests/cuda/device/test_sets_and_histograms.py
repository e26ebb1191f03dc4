"""Sets, histograms, packed bits and places on a GPU against the CPU: results and errors."""

import warnings

import numpy as np
import pytest

import tensorlib as tl

RNG = np.random.default_rng(0)
NAN = np.nan
ARRAYS = {
    "int64": RNG.integers(-5, 6, 40),
    "uint8": RNG.integers(0, 9, (5, 7)).astype("uint8"),
    "bool": RNG.random(9) < 0.5,
    "float64 with NaN": np.array([1.0, NAN, -0.5, NAN, 1.0, 3.0, -np.inf, 0.0, -0.0]),
    "float32": RNG.integers(-4, 5, (3, 3)).astype("float32"),
    "complex128": np.array([1 + 2j, 1 - 2j, 1 + 2j, 0, complex(NAN, 1)]),
    "one": np.array([3]),
    "0-d": np.array(3.0),
    "empty": np.zeros((0, 3)),
    "float16": np.array([1, 2, 2, 0.5], "float16"),
}
PAIRS = [("int64", other) for other in ARRAYS] + [(one, "float64 with NaN") for one in ARRAYS]
X = RNG.normal(size=300)
Y = RNG.normal(size=300)
WEIGHTS = RNG.integers(0, 9, 300)


def moved(value, place):
    if isinstance(value, np.ndarray):
        return tl.asarray(value.copy()).to(place)
    if isinstance(value, (list, tuple)):
        return type(value)(moved(v, place) for v in value)
    if isinstance(value, dict):
        return {k: moved(v, place) for k, v in value.items()}
    return value


def check(function, device, *args, rtol=0.0, **kwargs):
    """The same results, dtypes, shapes, kinds of tuples, errors and warnings on both devices."""

    def call(place):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                result = function(*moved(args, place), **moved(kwargs, place))
            except Exception as error:
                assert not isinstance(error, NotImplementedError)
                return error, None
        return result, {str(w.message) for w in caught if "in divide" not in str(w.message)}

    (expected, warned), (result, warned_there) = call("cpu"), call(device)
    if isinstance(expected, Exception):
        assert type(result) is type(expected), repr(result)
        assert str(result).endswith(str(expected))  # the op's name may come first
        return
    if isinstance(result, Exception):
        raise result
    assert type(result) is type(expected)
    assert warned_there == warned
    expected, result = (x if isinstance(x, (list, tuple)) else [x] for x in (expected, result))
    flat = [y for x in result for y in (x if isinstance(x, (list, tuple)) else [x])]
    wanted = [y for x in expected for y in (x if isinstance(x, (list, tuple)) else [x])]
    for one, other in zip(flat, wanted, strict=True):
        assert one.device == f"{device}:0"
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        np.testing.assert_allclose(one.cpu().numpy(), other.numpy(), rtol=rtol, equal_nan=True)


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("function", ["unique_all", "unique_counts", "unique_inverse"])
def test_unique(function, name, device):
    check(getattr(tl, function), device, ARRAYS[name])


ROWS = {
    "integers": RNG.integers(0, 2, (7, 3)),
    "three axes": RNG.integers(0, 2, (2, 3, 4)),
    "NaN": np.array([[1, NAN], [1, NAN], [0, 1], [0, 1]]),
    "bool": RNG.random((6, 2)) < 0.5,
    "line": np.array([2.0, NAN, 1.0, NAN]),
    "no rows": np.zeros((0, 2)),
    "nothing in rows": np.zeros((3, 0)),
    "0-d": np.array(1.0),
}


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("axis", [0, -1, 1])
def test_unique_slices(axis, name, device):
    check(tl.unique, device, ROWS[name], axis=axis)
    check(tl.unique, device, ROWS[name], True, True, True, axis)


@pytest.mark.parametrize("pair", PAIRS)
def test_sets(pair, device):
    one, other = (ARRAYS[name] for name in pair)
    for function in (tl.union1d, tl.setxor1d, tl.setdiff1d, tl.intersect1d, tl.isin):
        check(function, device, one, other)
        check(function, device, other, one)
    check(tl.intersect1d, device, one, other, return_indices=True)
    check(tl.isin, device, one, other, invert=True)


def test_sets_of_distinct_elements(device):
    one, other = np.array([5, 1, 3, 2]), np.array([2, 7, 5])
    for function in (tl.setxor1d, tl.setdiff1d, tl.intersect1d, tl.isin):
        check(function, device, one, other, assume_unique=True)
    check(tl.intersect1d, device, one, other, True, True)


def test_arguments_of_sets(device):
    x = tl.asarray([3, 1, 2], device=device)
    np.testing.assert_array_equal(tl.union1d([1.5, 3], x).cpu(), [1, 1.5, 2, 3])
    np.testing.assert_array_equal(tl.isin(3, x).cpu(), True)
    assert tl.isin([3, 4], x).device == x.device
    with pytest.raises(tl.DeviceError, match=r"use to\(\)"):
        tl.union1d(x, tl.asarray([1, 2]))
    with pytest.raises(TypeError, match="union1d: computed by NumPy, which knows no gradients"):
        tl.union1d(x, tl.asarray([1.0], device=device).requires_grad_())
    check(tl.isin, device, X, Y, kind="table")
    check(tl.isin, device, WEIGHTS, WEIGHTS[:3], kind="table")
    check(tl.isin, device, X, Y, kind="hash")


@pytest.mark.parametrize("trim", ["fb", "f", "b", "x"])
@pytest.mark.parametrize(
    "array",
    [
        np.array([0, 0, 1.5, 0, NAN, 0]),
        np.zeros(3),
        np.zeros(0),
        np.array([1, 2]),
        np.array(0.0),
        np.pad(np.ones((2, 3)), ((1, 0), (0, 2))),
    ],
)
def test_trim_zeros(array, trim, device):
    check(tl.trim_zeros, device, array, trim)
    check(tl.trim_zeros, device, array, trim, -1)


def test_gradient_of_trim_zeros(device):
    x = tl.asarray([0.0, 2.0, 3.0, 0.0], device=device).requires_grad_()
    (tl.trim_zeros(x) ** 2).sum().backward()
    np.testing.assert_array_equal(x.grad.cpu(), [0, 4, 6, 0])


BINS = {
    "ten": {},
    "some": {"bins": 3},
    "range": {"bins": 7, "range": (-1, 1.5)},
    "no width": {"bins": 4, "range": (1, 1)},
    "edges": {"bins": [-1, 0, 0.5, 2]},
    "integers as edges": {"bins": np.array([-2, 0, 1])},
    "edges twice": {"bins": np.array([-1.0, 0.0, 0.0, 1.0, 1.0])},
    "one edge": {"bins": [0.5]},
    "no edge": {"bins": []},
    "to infinity": {"bins": [-np.inf, 0, np.inf]},
    "descending": {"bins": np.array([1.0, 0.0])},
    "matrix": {"bins": np.ones((2, 2))},
    "no bins": {"bins": 0},
    "float": {"bins": 2.5},
    "wrong range": {"bins": 2, "range": (2, 1)},
    "no end": {"bins": 2, "range": (0, np.inf)},
    "too many": {"bins": 2**8, "range": (1, 1 + 1e-15)},
    "unknown": {"bins": "none"},
}
COUNTED = {
    "numbers": X,
    "float32": X.astype("float32").reshape(30, 10),
    "float16": X.astype("float16"),
    "integers": RNG.integers(-9, 99, 300),
    "uint8": RNG.integers(0, 255, 300).astype("uint8"),
    "bool": X > 0,
    "NaN": np.where(X > 1, NAN, X),
    "empty": np.zeros(0, "float32"),
    "0-d": np.array(2.0),
}


@pytest.mark.parametrize("counted", COUNTED)
@pytest.mark.parametrize("name", BINS)
def test_histogram(name, counted, device):
    check(tl.histogram, device, COUNTED[counted], **BINS[name])
    check(tl.histogram_bin_edges, device, COUNTED[counted], **BINS[name])


@pytest.mark.parametrize(
    "rule", ["auto", "doane", "fd", "rice", "scott", "sqrt", "stone", "sturges"]
)
def test_rules_for_bins(rule, device):
    for array in (X, COUNTED["integers"], np.ones(5), np.zeros(0), np.array([1.0, 2.0])):
        check(tl.histogram, device, array, rule, rtol=1e-12)
    check(tl.histogram_bin_edges, device, X, rule, (-1, 1), rtol=1e-12)
    check(tl.histogram_bin_edges, device, X, rule, None, WEIGHTS)


@pytest.mark.parametrize("name", ["ten", "range", "edges", "edges twice", "one edge", "no edge"])
def test_weights_and_densities(name, device):
    for dtype in ("int64", "uint64", "int32", "float64", "float32", "complex64"):
        weights = WEIGHTS.astype(dtype)
        check(tl.histogram, device, X, weights=weights, **BINS[name], rtol=1e-6)
    narrow = tl.asarray(WEIGHTS / 8).astype("bfloat16")
    counts, _ = tl.histogram(moved(X, "cpu"), weights=narrow, **moved(BINS[name], "cpu"))
    found, _ = tl.histogram(
        moved(X, device), weights=narrow.to(device), **moved(BINS[name], device)
    )
    np.testing.assert_allclose(
        np.asarray(found.cpu().astype("f4")), np.asarray(counts.astype("f4")), rtol=2**-8
    )
    check(tl.histogram, device, X, density=True, **BINS[name], rtol=1e-12)
    check(tl.histogram, device, X, density=True, weights=Y**2, **BINS[name], rtol=1e-12)
    check(tl.histogram, device, X, weights=WEIGHTS[1:], **BINS[name])
    check(tl.histogram, device, X, weights=X > 0, **BINS[name])


def test_arguments_of_histogram(device):
    x = tl.asarray(X, device=device)
    for counts, edges in (tl.histogram(X, bins=tl.asarray([0, 1], device=device)),
                          tl.histogram(x, range=(x.min(), x.max()))):  # fmt: skip
        assert counts.device == edges.device == x.device
    with pytest.raises(tl.DeviceError, match=r"use to\(\)"):
        tl.histogram(x, bins=tl.asarray([0, 1]))
    with pytest.raises(TypeError, match="histogram: computed by NumPy, which knows no gradients"):
        tl.histogram(x.requires_grad_())


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bins": 3},
        {"bins": [2, [-1, 0, 3]]},
        {"bins": (np.array([0, 1]), np.array([-1.0, 0.0, 2.0]))},
        {"bins": [-1, 0, 1, 2]},
        {"range": [(-1, 1), (0, 2)]},
        {"range": [None, (0, 2)]},
        {"bins": [2, 0]},
        {"bins": [2, 2.5]},
        {"bins": [[[1]], 2]},
        {"bins": [[1, 0], 2]},
        {"bins": [1]},
        {"range": [(0, 1)]},
        {"range": [(1, 0), None]},
        {"weights": Y},
        {"weights": Y[1:]},
        {"density": True},
        {"density": True, "weights": WEIGHTS, "bins": [3, [-1, 0, 3]]},
    ],
)
def test_histograms_of_points(options, device):
    for dtype in ("float64", "float32"):
        x, y = X.astype(dtype), Y.astype(dtype)
        check(tl.histogram2d, device, x, y, **options, rtol=1e-12)
        check(tl.histogramdd, device, np.stack([x, y], 1), **options, rtol=1e-12)
        check(tl.histogramdd, device, [x, y], **options, rtol=1e-12)
    check(tl.histogram2d, device, X[:0], Y[:0], **options)
    check(tl.histogram2d, device, X, Y[1:], **options)


def test_more_histograms_of_points(device):
    three = RNG.normal(size=(50, 3))
    check(tl.histogramdd, device, three, bins=(2, 3, 4))
    check(tl.histogramdd, device, three, density=True, rtol=1e-12)
    check(tl.histogramdd, device, X, bins=4)
    check(tl.histogramdd, device, X, bins=[[0, 1, 2]])
    check(tl.histogramdd, device, WEIGHTS, bins=4)
    check(tl.histogramdd, device, np.where(X > 1, NAN, X))
    check(tl.histogramdd, device, three, bins=2**21)


@pytest.mark.parametrize("order", ["big", "little", "middle"])
@pytest.mark.parametrize("shape", [(), (0,), (1,), (8,), (13,), (3, 17), (2, 0), (0, 3), (2, 3, 9)])
def test_bits(shape, order, device):
    bits = RNG.random(shape) < 0.5
    octets = np.asarray(RNG.integers(0, 256, shape), "uint8")
    for axis in (None, 0, -1, 1):
        for array in (np.asarray(bits), np.asarray(octets * 5, "int16"), octets):
            check(tl.packbits, device, array, axis, order)
        for count in (None, 0, 3, 11, 30, -1, -9, -500):
            check(tl.unpackbits, device, octets, axis, count, order)


def test_what_are_no_bits(device):
    check(tl.packbits, device, X)
    check(tl.unpackbits, device, X)
    check(tl.unpackbits, device, WEIGHTS)


@pytest.mark.parametrize("order", ["C", "F"])
def test_places(order, device):
    rows, columns = RNG.integers(0, 4, (3, 5)), RNG.integers(0, 6, 5)
    for dtype in ("int64", "uint8", "float64", "bool"):
        indices = rows.astype(dtype), columns.astype(dtype)
        check(tl.ravel_multi_index, device, indices, (4, 6), order=order)
        check(tl.unravel_index, device, rows.astype(dtype), (4, 6), order=order)
    check(tl.ravel_multi_index, device, np.stack([columns, columns]), (7, 6), order=order)
    for mode in ("raise", "wrap", "clip", ("clip", "wrap"), ("raise", "clip"), "bounce", ()):
        check(tl.ravel_multi_index, device, (rows - 2, columns * 2), (3, 5), mode, order)
    check(tl.ravel_multi_index, device, (rows,), (4, 6), order=order)
    check(tl.ravel_multi_index, device, (rows[:, :0], columns[:0]), (0, 6), order=order)
    check(tl.ravel_multi_index, device, (rows, columns), (2**40, 2**40), order=order)
    for shape in ((2, 3, 4), 24, (24,), (), (0, 3), (2, 3), (-1, 2)):
        check(tl.unravel_index, device, np.arange(24), shape, order)
        check(tl.unravel_index, device, np.array(5), shape, order)
        check(tl.unravel_index, device, np.arange(0), shape, order)
        check(tl.unravel_index, device, np.array([[3, -1]]), shape, order)
    check(tl.unravel_index, device, rows, (4, 6), "K")
    check(tl.ravel_multi_index, device, (rows, columns), (4, 6), order="K")
