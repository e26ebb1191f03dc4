"""Calls that go to a kernel by a short way give what the long one gives, and are recorded alike."""

import numpy as np
import pytest
from recorders import Seen

import tensorlib as tl

LONG = 8192  # from here on, kernels let other threads run
SIZES = [0, 1, 2, 7, 64, LONG, LONG + 1]
DTYPES = ["bool", "int8", "int64", "uint64", "float16", "float32", "float64", "complex64"]


def values(shape, dtype="float64", seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=shape) * 4).astype(dtype)


def check(result, expected, flags=("c_contiguous", "f_contiguous")):
    """Equal to what NumPy gives, down to the dtype and the layout."""
    expected = np.asarray(expected)
    assert type(result) is tl.Tensor
    assert result.dtype == expected.dtype
    assert result.shape == expected.shape
    np.testing.assert_array_equal(result.numpy(), expected)
    for flag in flags:
        assert getattr(result.flags, flag) == getattr(expected.flags, flag), flag


def recorded(call, *arrays):
    """The ops of a call of tensors, as a recorder sees them, and as the tape has them."""
    tensors = [tl.asarray(a) for a in arrays]
    with Seen() as seen:
        call(*tensors)
    leaves = [t.requires_grad_() if t.dtype.kind == "f" else t for t in map(tl.asarray, arrays)]
    return [name for name, _ in seen.calls], call(*leaves).grad_fn.name


# ------------------------------------------------------------------------------------------
# indices
# ------------------------------------------------------------------------------------------

BASIC = [
    0, -1, np.int64(1), (1, 2), (-1, -3), (1, 2, 3), (-3, -4, -5), (np.int64(1), 2, 3),
    (slice(None), 2), (slice(1, -1), None, 2), (None, 1), (None, slice(None, 2), None),
    (0, slice(5, 2)), (slice(0, 0), 1), (slice(None, None, 2), 1), (slice(None, None, -1), 1),
    (Ellipsis, 1), (1, Ellipsis), (1, 2, 3, Ellipsis), (1, 2, 3, None), (), (None,) * 61,
    (slice(np.int64(1), None), 1), (slice(-(2**70), 2**70), 1),
]  # fmt: skip


@pytest.mark.parametrize("index", BASIC, ids=str)
@pytest.mark.parametrize("order", ["C", "F"])
def test_basic_indices(index, order):
    array = np.asarray(values((3, 4, 5)), order=order)
    tensor = tl.asarray(array)
    expected = array[index]
    found = tensor[index]
    check(found, expected)
    # Elements are copies, all else is a view.
    assert (found.base is tensor) == isinstance(expected, np.ndarray)


@pytest.mark.parametrize(
    "index",
    [3, -4, (0, 4), (0, -5), (0, 0, 5), (2**70,), (0, 0, 2**70), (0, 0, 0, 0), (0, 0, 0, None, 0),
     (None,) * 62],
    ids=str,
)  # fmt: skip
def test_basic_indices_out_of_bounds(index):
    array = values((3, 4, 5))
    with pytest.raises(IndexError):
        array[index]
    with pytest.raises(IndexError):
        tl.asarray(array)[index]


@pytest.mark.parametrize("n", SIZES[1:])
@pytest.mark.parametrize("dtype", ["bool", "int8", "float32", "complex64"])
def test_index_arrays_and_masks(n, dtype):
    array = values((n, 3), dtype)
    tensor = tl.asarray(array)
    rng = np.random.default_rng(n)
    places = rng.integers(-n, n, (n, 2))
    for index in (places[:, 0].copy(), places, places[:, 1], places.astype("int32"), places[:0]):
        check(tensor[tl.asarray(index)], array[index])
    for mask in (
        rng.random(n) < 0.5,
        np.zeros(n, bool),
        np.ones(n, bool),
        rng.random((n, 3)) < 0.5,
    ):
        check(tensor[tl.asarray(mask)], array[mask])
        if mask.ndim == 2:
            check(tensor.T[tl.asarray(mask.T)], array.T[mask.T])
    check(tensor[tl.asarray(n - 1)], array[np.asarray(n - 1)])
    for wrong in (np.array([n]), np.array([-n - 1]), np.zeros(n + 1, bool), np.array([0.5])):
        with pytest.raises(IndexError):
            tensor[tl.asarray(wrong)]


def test_gradients_through_index_arrays():
    x = tl.asarray(values((4, 3))).requires_grad_()
    i = tl.asarray([3, 0, 3])
    (x[i] * tl.asarray([[1.0], [2.0], [4.0]])).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), np.repeat([[2.0], [0], [0], [5]], 3, 1))
    view = x[1:]
    assert view[i[:1] * 0].grad_fn.name == "advanced_index"


# ------------------------------------------------------------------------------------------
# shapes
# ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 3, 4), (2, 0, 3), (1, 2, 1, 3, 2, 1)])
def test_axes_reversed(shape):
    array = values(shape)
    tensor = tl.asarray(array)
    for found in (tensor.T, tensor.transpose(), tl.transpose(tensor), tensor.transpose(None)):
        check(found, array.T)
        assert found.base is tensor
    check(tensor.T.T, array)
    assert recorded(lambda x: x.T, array) == (["transpose"], "transpose")


def test_views_of_views_follow_the_tape():
    x = tl.asarray(values((4, 6))).requires_grad_()
    y = x * 1
    views = {"transpose": y[1:].T, "reshape": y[1:].reshape(6, 3), "copy": y[1:].copy()}
    for name, view in views.items():
        assert view.grad_fn.name == name
    with tl.no_grad():
        assert not y[1:].T.requires_grad
        assert not y[1:].reshape(18).requires_grad
    # a view of a root that is written to, and tracked, after the view was made
    z = tl.zeros((4, 6))
    rows = z[1:]
    z[2] = x[0]
    assert rows.T.requires_grad
    assert rows.reshape(18).requires_grad
    assert rows.copy().requires_grad
    assert rows.astype("float32").requires_grad
    assert rows[tl.asarray([0])].requires_grad


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 0, 3), (2, 3, 4), (LONG + 1,)])
@pytest.mark.parametrize("dtype", ["bool", "float32", "complex128"])
def test_joining(count, shape, dtype):
    arrays = [values(shape, dtype, seed) for seed in range(count)]
    tensors = [tl.asarray(a) for a in arrays]
    for axis in range(-len(shape) - 1, len(shape) + 1):
        check(tl.stack(tensors, axis), np.stack(arrays, axis))
    for axis in range(-len(shape), len(shape)):
        check(tl.concatenate(tuple(tensors), axis), np.concatenate(arrays, axis))
        longer = [*arrays, np.repeat(arrays[0], 3, axis)]
        check(tl.concatenate([tl.asarray(a) for a in longer], axis), np.concatenate(longer, axis))


def test_joining_what_has_no_short_way():
    a, b = values((2, 3)), values((2, 3), seed=1)
    x, y = tl.asarray(a), tl.asarray(b)
    check(tl.concatenate((x, y.astype("float32"))), np.concatenate((a, b.astype("float32"))))
    check(tl.concatenate((x.T, y.T)), np.concatenate((a.T, b.T)))
    check(tl.stack((x, b)), np.stack((a, b)))
    check(tl.concatenate(x), np.concatenate(a))
    for join in (tl.concatenate, tl.stack):
        with pytest.raises(ValueError, match=join.__name__):
            join(())
        with pytest.raises(ValueError, match=join.__name__):
            join((x, tl.ones((3, 2))))
        with pytest.raises(np.exceptions.AxisError):
            join((x, y), 3)
        with pytest.raises(ValueError, match="casting"):
            join((x, y), casting="any")
    with pytest.raises(ValueError, match="zero-dimensional"):
        tl.concatenate((tl.asarray(1.0), tl.asarray(2.0)))
    assert recorded(lambda x, y: tl.concatenate((x, y)), a, b) == (["concatenate"], "concatenate")
    assert recorded(lambda x, y: tl.stack((x, y)), a, b)[1] == "concatenate"


# ------------------------------------------------------------------------------------------
# copies and new tensors
# ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", SIZES)
def test_copies(n):
    for array in (values(n), values((n, 2)), values((2, n)).T, values(2 * n)[::2]):
        tensor = tl.asarray(array)
        check(tensor.copy(), array.copy())
        for order in ("C", "F", "A", "K", "f"):
            check(tensor.copy(order), array.copy(order))
        assert n == 0 or not np.shares_memory(tensor.copy().numpy(), array)
    assert recorded(lambda x: x.copy(), values(n)) == (["copy"], "copy")


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("source", DTYPES)
@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")
def test_casts(n, source):
    array = np.abs(values((n, 2), "float64")).astype(source)
    tensor = tl.asarray(array)
    for target in DTYPES:
        for dtype in (target, np.dtype(target), np.dtype(target).type, np.dtype(target).str):
            check(tensor.astype(dtype), array.astype(dtype))
        check(tensor.T.astype(target), array.T.astype(target))
        check(tensor.astype(target, "F"), array.astype(target, "F"))
    assert tensor.astype(source, copy=False) is tensor
    assert tensor.astype(source) is not tensor


def test_casts_warn_and_are_recorded():
    with pytest.warns(np.exceptions.ComplexWarning):
        tl.asarray([1j]).astype(float)
    with pytest.warns(RuntimeWarning, match="overflow"):
        tl.asarray([1e300]).astype("float32")
    with pytest.raises(TypeError, match="casting rule 'safe'"):
        tl.asarray([1.5]).astype("int64", casting="safe")
    with pytest.raises(TypeError, match="^astype: "):
        tl.asarray([1.5]).astype("float1")
    assert recorded(lambda x: x.astype("float32"), values(3)) == (["astype"], "astype")


@pytest.mark.parametrize("shape", [0, 3, (), (2, 3), [2, 3], (np.int64(2), 3), (1,) * 64])
@pytest.mark.parametrize("dtype", [None, float, int, bool, complex, "f4", np.int8, np.dtype("F")])
def test_new_tensors(shape, dtype):
    check(tl.zeros(shape, dtype), np.zeros(shape, dtype))
    check(tl.ones(shape, dtype), np.ones(shape, dtype))
    check(tl.full(shape, 1, dtype), np.full(shape, 1, dtype))
    check(tl.zeros(shape, dtype, order="F"), np.zeros(shape, dtype, order="F"))
    assert tl.empty(shape, dtype).shape == np.empty(shape, dtype).shape


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: tl.zeros((2, -1)), ValueError, "^zeros: negative dimensions"),
        (lambda: tl.zeros(-1), ValueError, "^zeros: negative dimensions"),
        (lambda: tl.empty(2**62), ValueError, "^empty: array is too big"),
        (lambda: tl.empty(2**70), OverflowError, "^empty: .*64 bits"),
        (lambda: tl.empty((1,) * 65), ValueError, "^empty: expected at most 64 dim"),
        (lambda: tl.empty(1.5), TypeError, "^empty: expected a shape"),
        (lambda: tl.empty((1, 1.5)), TypeError, "^empty: expected a shape"),
        (lambda: tl.empty(2, "float1"), TypeError, "^empty: "),
        (lambda: tl.empty(2, order="Z"), ValueError, "^empty: order"),
        (lambda: tl.empty(2, device="moon"), ValueError, "^empty: .*moon"),
    ],
)
def test_errors_of_new_tensors(call, error, text):
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize(
    "args",
    [
        (0,), (1,), (8,), (-3,), (LONG + 1,), (2, 9), (9, 2), (2, 9, 3), (2, 10, 3), (9, 2, -3),
        (9, 3, -3), (2, 9, -1), (-5, 5, 4), (2**52 - 3, 2**52), (2**52, 2**53, 2**51),
        (2**53, 2**53 + 5), (-(2**62), 2**62, 2**61), (1.5,), (0, 1, 0.25), (True,),
        (np.int8(3),), (np.float32(2), 5),
    ],
    ids=str,
)  # fmt: skip
def test_arange(args):
    check(tl.arange(*args), np.arange(*args))


def test_arange_with_more_to_say():
    check(tl.arange(5, dtype="float32"), np.arange(5, dtype="float32"))
    check(tl.arange(2, 5, dtype=np.int8), np.arange(2, 5, dtype=np.int8))
    check(tl.arange(stop=4), np.arange(4))
    with pytest.raises(ZeroDivisionError):
        tl.arange(1, 5, 0)
    with pytest.raises(ValueError, match="moon"):
        tl.arange(3, device="moon")


# ------------------------------------------------------------------------------------------
# elementwise
# ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("dtype", ["int8", "int64", "float32", "float64", "complex64"])
def test_where(n, dtype):
    a, b, c = values(n, dtype), values(n, dtype, 1), values(n, dtype, 2) > 0
    x, y, condition = map(tl.asarray, (a, b, c))
    check(tl.where(condition, x, y), np.where(c, a, b))
    check(tl.where(condition, x, 1), np.where(c, a, 1))
    check(tl.where(condition, 1, x), np.where(c, 1, a))
    check(tl.where(condition, 1, 0), np.where(c, 1, 0))
    check(tl.where(condition, 1.5, x), np.where(c, 1.5, a))
    check(tl.where(x, x, y), np.where(a, a, b))
    check(tl.where(condition[::2], x[::2], y[::2]), np.where(c[::2], a[::2], b[::2]))
    if n > 1:
        check(tl.where(condition[0], x, y), np.where(c[0], a, b))
        with pytest.raises(ValueError, match="^where: .*broadcast"):
            tl.where(condition, x, y[1:][:2][:0])


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("dtype", ["int8", "int64", "uint64", "float16", "float32", "float64"])
def test_clip(n, dtype):
    a = values(n, "float64").astype("int64" if dtype[0] == "u" else dtype).astype(dtype)
    if n > 6 and a.dtype.kind == "f":
        a[:5] = [np.nan, -0.0, 0.0, np.inf, -np.inf]
    lo, hi = np.full(n, 1, dtype), np.full(n, 2, dtype)
    x, low, high = map(tl.asarray, (a, lo, hi))
    check(tl.clip(x, 1, 2), np.clip(a, 1, 2))
    check(x.clip(1, 2), a.clip(1, 2))
    check(tl.clip(x, low, high), np.clip(a, lo, hi))
    check(tl.clip(x, low, 2), np.clip(a, lo, 2))
    check(tl.clip(x, 2, 1), np.clip(a, 2, 1))
    check(tl.clip(x, 1, None), np.clip(a, 1, None))
    check(tl.clip(x[::2], 1, 2), np.clip(a[::2], 1, 2))
    if a.dtype.kind == "f":
        check(tl.clip(x, 0.5, np.inf), np.clip(a, 0.5, np.inf))
        check(tl.clip(x, 0, np.nan), np.clip(a, 0, np.nan))
    else:
        check(tl.clip(x, 0.5, 1.5), np.clip(a, 0.5, 1.5))


def test_three_inputs_are_recorded():
    a, b = values(4), values(4, seed=1)
    assert recorded(lambda x: tl.clip(x, 0, 1), a) == (["clip"], "clip")
    assert recorded(lambda x, y: tl.clip(x, 0, y), a, b) == (["clip"], "clip")
    assert recorded(lambda x, y: tl.where(y, x, 0.0), a, b > 0) == (["where"], "where")
    x = tl.asarray(a).requires_grad_()
    tl.where(tl.asarray(b > 0), x, 2.0).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), b > 0)
    with tl.no_grad():
        assert not tl.clip(x, 0, 1).requires_grad


OPERATORS = [np.add, np.subtract, np.multiply, np.divide, np.power, np.floor_divide, np.remainder,
             np.less, np.equal, np.arctan2, np.fmax]  # fmt: skip


@pytest.mark.parametrize("ufunc", OPERATORS, ids=lambda u: u.__name__)
@pytest.mark.parametrize("dtype", ["int64", "float32", "float64"])
def test_broadcasting_and_numbers(ufunc, dtype):
    a, b = np.abs(values((8, 8), dtype)) + 1, np.abs(values((8, 8), dtype, 1)) + 1
    function = getattr(tl, ufunc.__name__)
    pairs = [(a, b[0]), (a[:, :1], b[0]), (a.T, b), (a.T, b.T), (a[::2], b[::-2]), (a, b[0, 0:1]),
             (a[:0], b[0]), (a[0], b[1, 1].reshape(()))]  # fmt: skip
    for first, second in pairs:
        # of operands in C and in Fortran order NumPy makes one in C order, tensorlib does not yet
        check(function(tl.asarray(first), tl.asarray(second)), ufunc(first, second), ())
    for number in (2, 3, 2.0, 0.5, True, 2**62):
        check(function(tl.asarray(a), number), ufunc(a, number))
        check(function(number, tl.asarray(a)), ufunc(number, a))
        check(function(tl.asarray(a.T), number), ufunc(a.T, number))
    with pytest.raises(ValueError, match=f"^{ufunc.__name__}: .*broadcast"):
        function(tl.asarray(a), tl.asarray(b[0, :3]))


def test_broadcasting_is_recorded():
    a, b = values((3, 4)), values(4, seed=1)
    assert recorded(lambda x, y: x * y, a, b) == (["multiply"], "multiply")
    x, y = tl.asarray(a).requires_grad_(), tl.asarray(b).requires_grad_()
    (x * y).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), np.broadcast_to(b, (3, 4)))
    np.testing.assert_allclose(y.grad.numpy(), a.sum(0), rtol=1e-15)


@pytest.mark.parametrize(
    "call", [lambda x: x & 1, lambda x: x << 1.0, lambda x: tl.bitwise_or(x, 2)]
)
def test_numbers_beside_dtypes_that_have_no_loop(call):
    with pytest.raises(TypeError, match="not supported for input dtypes .*Python"):
        call(tl.asarray([1.5]))


@pytest.mark.parametrize("n", [1, 2, 7, 33])
@pytest.mark.parametrize("dtype", DTYPES)
def test_squares(n, dtype):
    array = values(n, dtype)
    for exponent in (2, 2.0, True, 3):
        check(tl.asarray(array) ** exponent, array**exponent)
        check(tl.asarray(np.stack([array] * 2).T) ** exponent, np.stack([array] * 2).T ** exponent)
    check(2 ** tl.asarray(np.abs(array)), 2 ** np.abs(array))


def test_squares_are_recorded_as_such():
    assert recorded(lambda x: x**2, values(3)) == (["square"], "square")
    x = tl.asarray([0.0, -3.0]).requires_grad_()
    (x**2).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [0.0, -6.0])
