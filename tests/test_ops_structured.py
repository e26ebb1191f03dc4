"""Views and structured ops of the op table against NumPy, for every dtype and memory layout."""

import functools

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layouts import (
    ALL_DTYPES,
    BFLOAT16,
    DTYPES,
    FLOAT8,
    LAYOUTS,
    ML_DTYPES,
    array_of,
    assert_close,
    assert_identical,
    examples,
    outcome,
    random_array,
    shapes,
)
from numpy.lib.stride_tricks import sliding_window_view
from recurrent_cases import check_gru, check_lstm
from softmax_cases import check_nll_loss, check_softmax, check_softmax_backward

import tensorlib as tl
from tensorlib._core import ops as table
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._resample import SparseRows

pytestmark = pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")

CASES = {}
FLOATING = [np.dtype("f"), np.dtype("d")]


def case(name, dtypes=ALL_DTYPES):
    """Register the test of an op: a function of hypothesis data and an array."""

    def register(function):
        CASES[name] = (function, dtypes)
        return function

    return register


def shares_memory(x, array):
    return np.shares_memory(array_of(x), array) if array.size else True


# views


@case("basic_index")
def basic_index(data, a, rng):
    entries = []
    for n in a.shape[: data.draw(st.integers(0, a.ndim))]:
        bounds = st.none() | st.integers(-n - 2, n + 2)
        steps = st.none() | st.sampled_from([1, 2, -1, -3, 5])
        choices = [st.builds(slice, bounds, bounds, steps)]
        if n:
            choices.append(st.integers(-n, n - 1))
        entries.append(data.draw(st.one_of(choices)))
    if data.draw(st.booleans()):
        entries.insert(data.draw(st.integers(0, len(entries))), None)
    if data.draw(st.booleans()):
        entries.insert(len(entries), ...)
    index = tuple(entries)
    view = tl.asarray(a)[index]
    assert_identical(view, a[index])
    is_value = len(index) == a.ndim and all(isinstance(entry, int) for entry in index)
    assert shares_memory(view, a) != is_value or not view.size  # NumPy gives a scalar there
    # NumPy's strides too, but for axes of length one or zero, where they mean nothing.
    expected = a[index] if isinstance(a[index], np.ndarray) else np.asarray(a[index])
    if expected.size:
        pairs = zip(view.strides, expected.strides, expected.shape, strict=True)
        assert all(ours == theirs or n == 1 for ours, theirs, n in pairs)


@case("broadcast_to")
def broadcast_to(data, a, rng):
    lead = data.draw(st.sampled_from([(), (2,), (0, 3)]))
    shape = lead + tuple(3 if n == 1 else n for n in a.shape)
    view = tl.broadcast_to(tl.asarray(a), shape)
    assert_identical(view, np.broadcast_to(a, shape))
    assert shares_memory(view, a) or not view.size


@case("diagonal")
def diagonal(data, a, rng):
    if a.ndim < 2:
        return
    axis1, axis2 = data.draw(st.permutations(range(-a.ndim, 0)))[:2]
    offset = data.draw(st.integers(-8, 8))
    view = tl.diagonal(tl.asarray(a), offset, axis1, axis2)
    assert_identical(view, np.diagonal(a, offset, axis1, axis2))
    assert shares_memory(view, a) or not view.size


@case("real", DTYPES)
def real(data, a, rng):
    assert_identical(tl.real(tl.asarray(a)), np.real(a))
    assert shares_memory(tl.real(tl.asarray(a)), a)


@case("imag", DTYPES)
def imag(data, a, rng):
    assert_identical(tl.imag(tl.asarray(a)), np.imag(a))
    if a.dtype.kind == "c":
        assert shares_memory(tl.imag(tl.asarray(a)), a)


@case("reshape")
def reshape(data, a, rng):
    """A view exactly where NumPy makes one."""
    factors = [a.size] if a.size else [0, data.draw(st.integers(0, 5))]
    while factors[0] and data.draw(st.booleans()):
        last = factors.pop()
        divisor = data.draw(st.sampled_from([d for d in range(1, last + 1) if last % d == 0]))
        factors += [divisor, last // divisor]
    order = data.draw(st.sampled_from("CCFA"))
    shape = tuple(data.draw(st.permutations(factors)))
    if 0 not in shape and shape and data.draw(st.booleans()):
        shape = (*shape[:-1], -1)
    expected = a.reshape(shape, order=order)
    actual = tl.asarray(a).reshape(shape, order=order)
    assert_identical(actual, expected)
    if a.size:
        assert shares_memory(actual, a) == np.shares_memory(expected, a)


@case("transpose")
def transpose(data, a, rng):
    axes = data.draw(st.none() | st.permutations(range(a.ndim)))
    view = tl.transpose(tl.asarray(a), axes)
    assert_identical(view, np.transpose(a, axes))
    assert view.strides == np.transpose(a, axes).strides
    assert_identical(tl.asarray(a).T, a.T)


@case("as_strided")
def as_strided(data, a, rng):
    """Any layout inside the storage is NumPy's view of the same memory, any other is refused."""
    x = tl.array(a, order="C")
    memory = np.asarray(x.numpy()).reshape(-1)
    k, ndim = a.dtype.itemsize, data.draw(st.integers(0, 3))
    shape = tuple(data.draw(st.integers(0, 4)) for _ in range(ndim))
    strides = tuple(k * data.draw(st.integers(-4, 4)) for _ in range(ndim))
    offset = k * data.draw(st.integers(0, 4))
    spans = [(n - 1) * s for n, s in zip(shape, strides, strict=True)]
    low = offset + sum(s for s in spans if s < 0)
    high = offset + sum(s for s in spans if s > 0) + k
    actual = outcome(tl.as_strided, x, shape, strides, offset)
    if 0 in shape:
        assert actual.shape == shape
    elif low < 0 or high > memory.nbytes:
        assert isinstance(actual, ValueError) and str(actual).startswith("as_strided: ")
    else:
        plain = memory.view("u1") if a.dtype in FLOAT8 else memory  # as NumPy refuses float8_e5m2
        view = np.lib.stride_tricks.as_strided(plain[offset // k :], shape, strides)
        assert_identical(actual, view.view(a.dtype))


# copies


@case("copy")
def copy(data, a, rng):
    for order in "CFAK":
        copied = tl.asarray(a).copy(order)
        assert_identical(copied, a)
        assert not np.shares_memory(copied.numpy(), a)
        if 0 not in copied.shape and 1 not in copied.shape:
            assert copied.strides == a.copy(order).strides


@case("to_device")
def to_device(data, a, rng):
    # From one place to the same: another device is not everywhere.
    moved = apply(ops.to_device, (tl.asarray(a),), (0, 0, False))
    assert_identical(moved, a)
    assert not np.shares_memory(moved.numpy(), a)


@case("astype")
def astype(data, a, rng):
    for dtype in ALL_DTYPES:
        source = a
        if dtype.kind in "biu" and a.dtype.kind not in "biu":
            # What does not fit has no defined answer.
            source = np.where(np.abs(a.astype(complex)) < 100, a, np.ones((), a.dtype))
            source = np.abs(source).astype(a.dtype) if dtype.kind == "u" else source
        if {dtype, a.dtype} & {*ML_DTYPES} and "c" in (a.dtype.kind, dtype.kind):
            continue  # ml_dtypes knows no complex numbers; ours go by way of float32
        converted = tl.asarray(source).astype(dtype)
        assert_identical(converted, source.astype(dtype))


@case("concatenate")
def concatenate(data, a, rng):
    if a.ndim == 0:
        return
    axis = data.draw(st.integers(-a.ndim, a.ndim - 1))
    other = data.draw(st.sampled_from([a.dtype, *DTYPES])) if a.dtype not in ML_DTYPES else a.dtype
    lengths = data.draw(st.lists(st.integers(0, 3), max_size=3))
    pieces = [a]
    for n in lengths:
        shape = list(a.shape)
        shape[axis] = n
        pieces.append(data.draw(st.sampled_from(LAYOUTS))(random_array(rng, other, shape)))
    result = tl.concatenate([tl.asarray(p) for p in pieces], axis)
    assert_identical(result, np.concatenate(pieces, axis))


# sorting and searching


def comparable(a):
    """What NumPy should sort: to ml_dtypes a NaN is equal to everything."""
    return a.astype(np.float32) if a.dtype in ML_DTYPES else a


@case("sort")
def sort(data, a, rng):
    axis = data.draw(st.none() | st.integers(-max(a.ndim, 1), max(a.ndim, 1) - 1))
    kind = data.draw(st.sampled_from([None, "stable", "heapsort", "mergesort"]))
    expected = outcome(np.sort, comparable(a), axis, kind=kind)
    if isinstance(expected, Exception):  # NumPy sorts no 0-d array
        return
    actual = tl.sort(tl.asarray(a), axis, kind=kind)
    # The signs of zeros may be in another order.
    assert_identical(actual, expected.astype(a.dtype), signed_zeros=False)


@case("argsort")
def argsort(data, a, rng):
    axis = data.draw(st.none() | st.integers(-max(a.ndim, 1), max(a.ndim, 1) - 1))
    expected = outcome(np.argsort, comparable(a), axis, stable=True)
    if isinstance(expected, Exception):
        return
    assert_identical(tl.argsort(tl.asarray(a), axis, stable=True), expected)


def arg_extremum(name):
    def check(data, a, rng):
        axis = data.draw(st.none() | st.integers(-a.ndim, a.ndim - 1)) if a.ndim else None
        keepdims = data.draw(st.booleans())
        expected = outcome(getattr(np, name), a, axis, keepdims=keepdims)
        actual = outcome(getattr(tl, name), tl.asarray(a), axis, keepdims=keepdims)
        if isinstance(expected, Exception):
            assert isinstance(actual, ValueError) and str(actual).startswith(f"{name}: ")
        else:
            assert_identical(actual, expected)

    return check


case("argmax")(arg_extremum("argmax"))
case("argmin")(arg_extremum("argmin"))


@case("nonzero")
def nonzero(data, a, rng):
    if a.ndim == 0:
        return  # an error in NumPy, and one of ours below
    found = tl.nonzero(tl.asarray(a))
    assert isinstance(found, tuple)
    for ours, theirs in zip(found, np.nonzero(a), strict=True):
        assert_identical(ours, theirs)


# indexing with arrays; test_indexing.py has more


def random_index(data, a, rng, broadcast=True):
    """An index of integers, masks and slices that fits an array of at least one axis."""
    entries = []
    length = data.draw(st.integers(0, 4))
    for n in a.shape:
        kind = data.draw(st.integers(0, 3))
        if kind == 0 or n == 0:
            entries.append(slice(None, None, data.draw(st.sampled_from([1, -1, 2]))))
        elif kind == 1 and len(entries) == 0:
            entries.append(rng.random(n) < 0.5)
            length = int(entries[-1].sum())
        else:
            entries.append(rng.integers(-n, n, length))
    return tuple(entries)


@case("advanced_index")
def advanced_index(data, a, rng):
    if a.ndim == 0:
        return
    index = random_index(data, a, rng)
    ours = tuple(tl.asarray(i) if isinstance(i, np.ndarray) else i for i in index)
    assert_identical(tl.asarray(a)[ours], a[index])
    assert_identical(apply(ops.advanced_index, (tl.asarray(a),), (ours,)), a[index])


@case("index_put")
def index_put(data, a, rng):
    if a.ndim == 0:
        return
    index = random_index(data, a, rng)
    value = random_array(rng, a.dtype, a[index].shape[-1:])
    expected = a.copy()
    expected[index] = value
    ours = tuple(tl.asarray(i) if isinstance(i, np.ndarray) else i for i in index)
    before = a.copy()
    result = apply(ops.index_put, (tl.asarray(a), tl.asarray(value)), (ours,))
    assert_identical(result, expected)
    assert_identical(tl.asarray(a), before)


@case("index_add", [d for d in DTYPES if d.char != "?"])
def index_add(data, a, rng):
    if a.ndim == 0:
        return
    a = random_array(rng, a.dtype, a.shape, hard=0)
    index = random_index(data, a, rng)
    value = random_array(rng, a.dtype, a[index].shape, hard=0)
    expected = a.copy()
    np.add.at(expected, index, value)
    ours = tuple(tl.asarray(i) if isinstance(i, np.ndarray) else i for i in index)
    result = apply(ops.index_add, (tl.asarray(a), tl.asarray(value)), (ours,))
    assert_close(result, expected, 16, scale=1000)


@case("view_read")
def view_read(data, a, rng):
    if a.size == 0:
        return
    positions = rng.integers(0, a.size, (2, 3))
    result = apply(ops.view_read, (tl.asarray(a),), (tl.asarray(positions), None))
    assert_identical(result, a.reshape(-1)[positions])


@case("view_write")
def view_write(data, a, rng):
    if a.size == 0:
        return
    positions = rng.permutation(a.size)[: rng.integers(0, a.size + 1)]
    value = random_array(rng, a.dtype, positions.shape)
    expected = a.copy(order="C")
    expected.reshape(-1)[positions] = value
    inputs = (tl.asarray(a), tl.asarray(value))
    assert_identical(apply(ops.view_write, inputs, (tl.asarray(positions), None)), expected)


# linear algebra and Fourier transforms, which take inexact numbers

INEXACT = [np.dtype(letter) for letter in "fdFD"]


def random_matrices(data, dtype, rng, square=True):
    """A stack of matrices that are neither singular nor of equal eigenvalues, in any layout."""
    outer = data.draw(st.sampled_from([(), (2,), (3, 1), (0,)]))
    rows, columns = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))
    made = rng.standard_normal((*outer, rows, rows if square else columns))
    if dtype.kind == "c":
        made = made + 1j * rng.standard_normal(made.shape)
    layout = data.draw(st.sampled_from(LAYOUTS[:-1]))  # no broadcast rows: they are singular
    return layout(made.astype(dtype))


def assert_equal_numbers(actual, expected, rtol=1e-12):
    """Equal but for the order of BLAS's sums, which may follow the places in memory."""
    expected = expected if isinstance(expected, tuple) else (expected,)
    actual = actual if isinstance(actual, tuple) else (actual,)
    for ours, theirs in zip(actual, expected, strict=True):
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
        rtol = rtol if ours.dtype.char in "dD" else 1e-5
        np.testing.assert_allclose(array_of(ours), theirs, rtol=rtol, atol=rtol)


def on_matrices(name, function, *choices, square=True, change=lambda a: a):
    """A case: the op against a function of NumPy that takes its params."""

    def check(data, a, rng):
        a = change(random_matrices(data, a.dtype, rng, square))
        params = tuple(data.draw(st.sampled_from(values)) for values in choices)
        actual = apply(getattr(ops, name), (tl.asarray(a),), params)
        assert_equal_numbers(actual, function(a, *params))

    case(name, INEXACT)(check)


def hermitian(a):
    return a + a.conj().swapaxes(-1, -2)


def positive_definite(a):
    return a @ a.conj().swapaxes(-1, -2) + np.eye(a.shape[-1], dtype=a.dtype)


def raw_qr(a):
    reflectors, factors = np.linalg.qr(a, "raw")
    return reflectors.swapaxes(-1, -2), factors


BOTH = (False, True)
on_matrices("cholesky", lambda a, upper: np.linalg.cholesky(a, upper=upper), BOTH,
            change=positive_definite)  # fmt: skip
on_matrices("det", np.linalg.det)
on_matrices("eigh", lambda a, uplo: tuple(np.linalg.eigh(a, uplo)), "LU", change=hermitian)
on_matrices("eigvalsh", np.linalg.eigvalsh, "LU", change=hermitian)
on_matrices("inv", np.linalg.inv)
on_matrices("qr", lambda a, complete: tuple(np.linalg.qr(a, "complete" if complete else "reduced")),
            BOTH, square=False)  # fmt: skip
on_matrices("qr_raw", raw_qr, square=False)
on_matrices("slogdet", lambda a: tuple(np.linalg.slogdet(a)))
on_matrices("svd", lambda a, full: tuple(np.linalg.svd(a, full)), BOTH, square=False)
on_matrices("svdvals", np.linalg.svdvals, square=False)


@case("eig", INEXACT)
def eig(data, a, rng):
    a = random_matrices(data, a.dtype, rng)
    values, vectors = apply(ops.eig, (tl.asarray(a),), ())
    assert values.dtype == vectors.dtype == np.result_type(a.dtype, np.complex64)
    eigvals(data, a, rng)
    tolerance = 1e-12 if a.dtype.char in "dD" else 1e-5
    scaled = array_of(vectors) * array_of(values)[..., None, :]
    np.testing.assert_allclose(a @ array_of(vectors), scaled, tolerance, 10 * tolerance)
    lengths = np.linalg.norm(array_of(vectors), axis=-2)
    np.testing.assert_allclose(lengths, np.ones(lengths.shape), 10 * tolerance)


@case("eigvals", INEXACT)
def eigvals(data, a, rng):
    a = random_matrices(data, a.dtype, rng)
    found, expected = apply(ops.eigvals, (tl.asarray(a),), ()), np.linalg.eigvals(a)
    assert found.dtype == np.result_type(a.dtype, np.complex64)
    assert_equal_numbers(found, expected.astype(found.dtype), rtol=1e-10)


@case("solve", INEXACT)
def solve(data, a, rng):
    a = random_matrices(data, a.dtype, rng)
    b = rng.standard_normal((a.shape[-1], data.draw(st.integers(0, 3)))).astype(a.dtype)
    actual = apply(ops.solve, (tl.asarray(a), tl.asarray(b)), ())
    assert_equal_numbers(actual, np.linalg.solve(a, b), rtol=1e-10)


@case("solve_triangular", INEXACT)
def solve_triangular(data, a, rng):
    """Other numbers in the other triangle and, with ones on the diagonal, there."""
    a = random_matrices(data, a.dtype, rng)
    upper, unitriangular = data.draw(st.booleans()), data.draw(st.booleans())
    b = rng.standard_normal((a.shape[-1], data.draw(st.integers(0, 3)))).astype(a.dtype)
    b = data.draw(st.sampled_from(LAYOUTS))(b)
    full = (np.triu if upper else np.tril)(a, (1 if upper else -1) * unitriangular)
    full = full + unitriangular * np.eye(a.shape[-1], dtype=a.dtype)
    actual = apply(ops.solve_triangular, (tl.asarray(a), tl.asarray(b)), (upper, unitriangular))
    expected = np.linalg.solve(full.astype(np.result_type(a, "d")), b).astype(a.dtype)
    scale = float(abs(expected).max(initial=1.0))
    assert_equal_numbers(actual / scale, expected / scale, rtol=1e-10)


@case("lstsq", INEXACT)
def lstsq(data, a, rng):
    m, n, k = (data.draw(st.integers(1, 4)) for _ in range(3))
    first, second = (rng.standard_normal(shape).astype(a.dtype) for shape in ((m, n), (m, k)))
    actual = apply(ops.lstsq, (tl.asarray(first), tl.asarray(second)), (1e-10,))
    x, residuals, rank, s = np.linalg.lstsq(first, second, 1e-10)
    if not residuals.size:  # NumPy leaves out what means nothing
        residuals = array_of(actual[1])
    assert_equal_numbers(actual, (x, residuals, np.asarray(rank), s), rtol=1e-10)


def transform(name, dtypes):
    def check(data, a, rng):
        shape = data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=3).map(tuple))
        axis, n = data.draw(st.integers(0, len(shape) - 1)), data.draw(st.integers(1, 9))
        a = data.draw(st.sampled_from(LAYOUTS))(random_array(rng, a.dtype, shape, hard=0))
        actual = apply(getattr(ops, name), (tl.asarray(a),), (n, axis, 0.5))
        forward = name in ("fft", "rfft")
        expected = getattr(np.fft, name)(a, n, axis, "backward" if forward else "forward") * 0.5
        assert_equal_numbers(actual, expected, rtol=1e-5 if a.dtype.char in "fF" else 1e-12)

    case(name, dtypes)(check)


transform("fft", [np.dtype("F"), np.dtype("D")])
transform("ifft", [np.dtype("F"), np.dtype("D")])
transform("irfft", [np.dtype("F"), np.dtype("D")])
transform("rfft", FLOATING)


# convolution and pooling

GEOMETRIES = [
    ((1, 1), (0, 0), (1, 1), 1),
    ((2, 1), (1, 2), (1, 1), 1),
    ((1, 3), (2, 0), (2, 1), 2),
    ((2, 2), (1, 1), (2, 3), 4),
]
IMAGES, CHANNELS, OUTPUTS = (2, 4, 7, 8), 4, 8


def windows(x, kernel, stride, dilation):
    """All windows of padded images: (n, channels, rows, columns, *kernel)."""
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    seen = sliding_window_view(x, spans, axis=(2, 3))[:, :, :: stride[0], :: stride[1]]
    return seen[..., :: dilation[0], :: dilation[1]]


def convolved(x, weight, stride, padding, dilation, groups):
    x = np.pad(x, [(0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2])
    seen = windows(x, weight.shape[2:], stride, dilation)
    seen = seen.reshape(len(x), groups, -1, *seen.shape[2:])
    weight = weight.reshape(groups, -1, *weight.shape[1:])
    made = np.einsum("ngcijkl,gockl->ngoij", seen, weight)
    return made.reshape(len(x), -1, *made.shape[3:])


def check_convolution(data, a, rng):
    """conv against sums over windows, and its gradients against their definition: for numbers
    s, `sum(conv(x, w) * g)` is linear in x and in w."""
    geometry = data.draw(st.sampled_from(GEOMETRIES))
    groups, layout = geometry[-1], data.draw(st.sampled_from(LAYOUTS[:-1]))
    x = layout(rng.standard_normal(IMAGES).astype(a.dtype))
    weight = layout(rng.standard_normal((OUTPUTS, CHANNELS // groups, 3, 2)).astype(a.dtype))
    expected = convolved(x, weight, *geometry)
    x_, weight_ = tl.asarray(x), tl.asarray(weight)
    assert_close(apply(ops.conv, (x_, weight_), geometry), expected, 64, scale=10)
    g = layout(rng.standard_normal(expected.shape).astype(a.dtype))
    g_ = tl.asarray(g)
    gx = apply(ops.conv_input, (g_, weight_), (IMAGES, *geometry))
    gw = apply(ops.conv_weight, (x_, g_), (weight.shape, *geometry))
    assert (gx.shape, gx.dtype, gw.shape, gw.dtype) == (IMAGES, a.dtype, weight.shape, a.dtype)
    for _ in range(3):
        dx = np.eye(1, x.size, rng.integers(x.size)).reshape(IMAGES)
        dw = np.eye(1, weight.size, rng.integers(weight.size)).reshape(weight.shape)
        for gradient, d, changed in [
            (gx, dx, convolved(dx, weight, *geometry)),
            (gw, dw, convolved(x, dw, *geometry)),
        ]:
            derivative = (changed * g).sum().astype(a.dtype)
            assert_close((gradient * d.astype(a.dtype)).sum(), derivative, 64, scale=10)


for _name in ("conv", "conv_input", "conv_weight"):
    case(_name, FLOATING)(check_convolution)


@case("max_pool2d", [np.dtype("f"), np.dtype("d")])
def max_pool2d(data, a, rng):
    kernel = data.draw(st.sampled_from([(2, 2), (3, 2), (1, 3)]))
    stride = data.draw(st.sampled_from([(1, 1), (2, 2), (3, 1)]))
    padding = data.draw(st.sampled_from([(0, 0), (1, 1)])) if kernel[0] > 1 else (0, 1)
    dilation = data.draw(st.sampled_from([(1, 1), (2, 1)]))
    layout = data.draw(st.sampled_from(LAYOUTS))
    x = layout(rng.standard_normal(IMAGES).astype(a.dtype))
    padded = np.pad(
        x, [(0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2], constant_values=-np.inf
    )
    seen = windows(padded, kernel, stride, dilation)
    values, places = apply(ops.max_pool2d, (tl.asarray(x),), (kernel, stride, padding, dilation))
    assert_identical(values, seen.max((-2, -1)))
    assert places.dtype.kind == "i" and places.shape == values.shape
    picked = np.take_along_axis(
        x.reshape(*x.shape[:2], -1), array_of(places).reshape(*x.shape[:2], -1), -1
    )
    assert_identical(values, picked.reshape(values.shape))


@case("resample", [np.dtype(c) for c in "efdFD"])
def resample(data, a, rng):
    shape = data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=3).map(tuple))
    axis, rows = data.draw(st.integers(0, len(shape) - 1)), data.draw(st.integers(1, 5))
    a = data.draw(st.sampled_from(LAYOUTS))(random_array(rng, a.dtype, shape, hard=0))
    dense = rng.integers(-4, 5, (rows, shape[axis])) * rng.integers(0, 2, (rows, shape[axis]))
    r, c = np.nonzero(dense)
    offsets = np.concatenate(([0], np.cumsum(np.bincount(r, minlength=rows))))
    matrix = SparseRows(offsets, c, dense[r, c], shape[axis])
    actual = apply(ops.resample, (tl.asarray(a),), (axis, matrix))
    assert actual.dtype == a.dtype
    wide = a.astype("D")
    expected = np.moveaxis(np.tensordot(dense, wide, (1, axis)), 0, axis)
    size = np.moveaxis(np.tensordot(abs(dense), abs(wide), (1, axis)), 0, axis)
    error = abs(array_of(actual).astype("D") - expected)
    assert (error <= 8 * np.finfo(a.dtype).eps * size).all()


@case("linear")
def linear(data, a, rng):
    """Against sums in double precision; 16-bit numbers are rounded once."""

    def numbers(*shape):
        layout = data.draw(st.sampled_from(LAYOUTS))
        if a.dtype.kind in "biu":
            return layout(random_array(rng, a.dtype, shape))
        x = rng.uniform(-2, 2, shape) + 1j * (a.dtype.kind == "c") * rng.uniform(-2, 2, shape)
        return layout((x if a.dtype.kind == "c" else x.real).astype(a.dtype))

    *lead, k = data.draw(st.lists(st.sampled_from([0, 1, 3, 5, 40]), min_size=1, max_size=3))
    n = data.draw(st.sampled_from([0, 1, 4, 33]))
    x, weight, bias = numbers(*lead, k), numbers(n, k), numbers(n)
    actual = apply(ops.linear, tuple(map(tl.asarray, (x, weight, bias))))
    dtype = np.dtype("f") if a.dtype in FLOAT8 else a.dtype
    assert (actual.shape, actual.dtype) == ((*lead, n), dtype)
    if a.dtype.kind in "biu":
        return assert_identical(actual, x @ weight.T + bias)
    x, weight, bias = (y.astype("D") for y in (x, weight, bias))
    expected = x @ weight.T + bias
    error, size = abs(array_of(actual).astype("D") - expected), abs(x) @ abs(weight.T) + abs(bias)
    eps, sums = (
        float(ml_dtypes.finfo(dtype).eps),
        np.finfo("f" if a.itemsize < 4 else dtype).eps,
    )
    assert (error <= 0.5 * eps * abs(expected) + 8 * sums * size).all()


# normalization, whose sums are made in an order of their own


NORMALIZED = (0, 3, 4)


def check_normalization(data, a, rng):
    """normalize and its gradients against their formulas, in float64."""
    dims = st.tuples(
        *[st.sampled_from([1, 2, 3])] * 3, st.sampled_from([1, 5, 70]), st.integers(1, 20)
    )
    shape, centred = data.draw(dims), data.draw(st.booleans())
    layout = data.draw(st.sampled_from(LAYOUTS))
    x, g = (layout(rng.uniform(-3, 4, shape).astype(a.dtype)) for _ in range(2))
    weight, bias = (rng.uniform(-2, 2, (*shape[2:4], 1)).astype(a.dtype) for _ in range(2))
    x_, g_, weight_, bias_ = map(tl.asarray, (x, g, weight, bias))
    params = (0.25, centred)
    wide, p = x.astype("d"), g.astype("d") * weight.astype("d")
    count = shape[0] * shape[3] * shape[4]
    mean = wide.sum(NORMALIZED, keepdims=True) / count * centred
    variance = ((wide - mean) ** 2).sum(NORMALIZED, keepdims=True) / count
    factor = (variance + 0.25) ** -0.5
    z = (wide - mean) * factor
    out, mean_, variance_ = apply(ops.normalize, (x_, weight_, bias_), params)
    moments = np.dtype("d") if a.dtype == "d" else np.dtype("f")
    assert_close(out, (z * weight + bias).astype(a.dtype), 8, scale=20)
    assert_close(mean_, mean.astype(moments), 16, scale=4)
    assert_close(variance_, variance.astype(moments), 16, scale=16)
    gx = apply(ops.normalize_input, (g_, x_, weight_, mean_, variance_), params)
    expected = p - z * (p * z).sum(NORMALIZED, keepdims=True) / count
    expected -= p.sum(NORMALIZED, keepdims=True) / count * centred
    assert_close(gx, (factor * expected).astype(a.dtype), 16, scale=40)
    gw = apply(ops.normalize_weight, (g_, x_, mean_, variance_), params)
    expected = (g.astype("d") * z).sum((0, 1, 4))[..., None]
    assert_close(gw, expected.astype(a.dtype), 16, scale=10 * count)


for _name in ("normalize", "normalize_input", "normalize_weight"):
    case(_name, [np.dtype("e"), *FLOATING, BFLOAT16])(check_normalization)


# attention, whose sums are made in blocks


def check_attention(data, a, rng):
    """attention and its gradients against their formulas, in float64."""
    queries, keys = (data.draw(st.sampled_from([1, 3, 40, 150])) for _ in range(2))
    stack, width, values = (data.draw(st.sampled_from([1, 2, 5])) for _ in range(3))
    is_causal, masked = data.draw(st.booleans()), data.draw(st.booleans())
    shapes = (queries, width), (keys, width), (keys, values), (queries, values)
    q, k, v, g = (rng.uniform(-1, 1, (stack, *s)).astype(a.dtype) for s in shapes)
    mask = rng.uniform(-1, 1, (queries, keys) if masked else ()).astype(a.dtype)
    wide = [x.astype("d") for x in (q, k, v, g)]
    scores = 0.5 * wide[0] @ wide[1].swapaxes(1, 2) + (mask.astype("d") if masked else 0)
    if is_causal:
        scores = np.where(np.tri(queries, keys, dtype=bool), scores, -np.inf)
    sums = np.log(np.exp(scores).sum(-1))
    weights = np.exp(scores - sums[..., None])
    q_, k_, v_, g_, mask_ = map(tl.asarray, (q, k, v, g, mask))
    out, logsumexp = apply(ops.attention, (q_, k_, v_, mask_), (is_causal, 0.5))
    assert_close(out, (weights @ wide[2]).astype(a.dtype), 64, scale=1)
    assert_close(logsumexp, sums.astype(a.dtype), 64, scale=8)
    inner = (wide[3] * (weights @ wide[2])).sum(-1, keepdims=True)
    slopes = weights * (wide[3] @ wide[2].swapaxes(1, 2) - inner)
    inputs = g_, out, q_, k_, v_, mask_, logsumexp
    gq, gk, gv = apply(ops.attention_backward, inputs, (is_causal, 0.5))
    assert_close(gq, (0.5 * slopes @ wide[1]).astype(a.dtype), 64, scale=10)
    assert_close(gk, (0.5 * slopes.swapaxes(1, 2) @ wide[0]).astype(a.dtype), 64, scale=queries)
    assert_close(gv, (weights.swapaxes(1, 2) @ wide[3]).astype(a.dtype), 64, scale=queries)


for _name in ("attention", "attention_backward"):
    case(_name, [np.dtype("f"), np.dtype("d")])(check_attention)


# softmax and the loss made of it

for _name in ("softmax", "log_softmax"):
    case(_name, [np.dtype("e"), *FLOATING, BFLOAT16])(functools.partial(check_softmax, _name))
for _name in ("softmax_backward", "log_softmax_backward"):
    _check = functools.partial(check_softmax_backward, _name)
    case(_name, [np.dtype("e"), *FLOATING, BFLOAT16])(_check)
case("nll_loss", [np.dtype("e"), *FLOATING, BFLOAT16])(check_nll_loss)
case("nll_loss_backward", FLOATING)(check_nll_loss)


# recurrent layers

for _name in ("lstm", "lstm_backward"):
    case(_name, FLOATING)(check_lstm)
for _name in ("gru", "gru_backward"):
    case(_name, FLOATING)(check_gru)


# the tests

PARAMETERS = [
    pytest.param(function, dtype, id=f"{name}-{dtype}")
    for name, (function, dtypes) in CASES.items()
    for dtype in dtypes
]


def test_every_row_has_a_case():
    assert {row[0] for row in (*table.VIEWS, *table.STRUCTURED)} == set(CASES)


@pytest.mark.parametrize("function, dtype", PARAMETERS)
def test_every_op_against_numpy(function, dtype):
    @examples(12)
    @given(st.data())
    def run(data):
        shape = data.draw(shapes)
        rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
        layout = data.draw(st.sampled_from(LAYOUTS))
        function(data, layout(random_array(rng, dtype, shape)), rng)

    run()
