"""What tests are driven by: arrays of every dtype, with hard values, in every memory layout."""

import ml_dtypes
import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

import tensorlib as tl

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
FLOAT8 = [np.dtype(ml_dtypes.float8_e4m3fn), np.dtype(ml_dtypes.float8_e5m2)]
ML_DTYPES = [BFLOAT16, *FLOAT8]
DTYPES = [np.dtype(letter) for letter in "?bhilBHILefdFD"]
ALL_DTYPES = [*DTYPES, *ML_DTYPES]

# The same examples on each run, and no files left behind.
QUICK = {
    "derandomize": True,
    "database": None,
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
}


def examples(count):
    """Hypothesis settings for a number of examples."""
    return settings(max_examples=count, **QUICK)


# values


def hard_values(dtype):
    """The numbers of a dtype at which functions tend to go wrong."""
    if dtype.kind == "b":
        return np.array([False, True])
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return np.array([0, 1, 2, limits.max, limits.min, limits.max // 2], dtype)
    if dtype.kind == "c":
        real = hard_values(np.dtype("f" if dtype == np.complex64 else "d"))
        return (real[:, None] + 1j * real).astype(dtype).ravel()
    limits = ml_dtypes.finfo(dtype) if dtype in ML_DTYPES else np.finfo(dtype)
    numbers = [0, -0.0, 1, -1, 0.5, -2.5, 3, np.inf, -np.inf, np.nan]
    numbers += [limits.max, limits.tiny, limits.eps]
    return np.array(numbers).astype(dtype)


def random_array(rng, dtype, shape, hard=0.3):
    """Numbers of all sizes; a part of them `hard_values`."""
    if dtype.kind == "b":
        return np.asarray(rng.random(shape) < 0.5)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        wide = rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)
        low = -9 if dtype.kind == "i" else 0
        made = np.where(rng.random(shape) < 0.5, wide, rng.integers(low, 9, shape).astype(dtype))
    else:
        made = rng.standard_normal(shape) * 10.0 ** rng.integers(-2, 3, shape)
        if dtype.kind == "c":
            made = made + 1j * rng.standard_normal(shape)
    values = hard_values(dtype)
    picked = values[rng.integers(0, len(values), shape)]
    return np.where(rng.random(shape) < hard, picked, made.astype(dtype)).astype(dtype)


# layouts


def contiguous(a):
    return a.copy()


def fortran(a):
    return np.asarray(a, order="F").copy(order="F")


def strided(a):
    """Every other element of a larger array."""
    wide = np.zeros([2 * n for n in a.shape], a.dtype)
    view = wide[tuple(slice(None, None, 2) for _ in a.shape)] if a.ndim else wide
    view[...] = a
    return view


def negative(a):
    """All axes backwards."""
    backwards = (slice(None, None, -1),) * a.ndim
    return a[backwards].copy()[backwards] if a.ndim else a.copy()


def mixed(a):
    """The last axis first, of which every third element, backwards."""
    wide = np.zeros([3 * a.shape[-1], *a.shape[:-1]] if a.ndim else (), a.dtype)
    view = np.moveaxis(wide[::-3], 0, -1) if a.ndim else wide
    view[...] = a
    return view


def broadcast(a):
    """The first element of each row for the whole row, without copies."""
    return np.broadcast_to(a[..., :1], a.shape) if a.ndim and a.size else a.copy()


LAYOUTS = [contiguous, fortran, strided, negative, mixed, broadcast]

shapes = st.lists(st.sampled_from([0, 1, 2, 3, 3, 4, 7]), max_size=4).map(tuple)


@st.composite
def operands(draw, dtypes, shape=shapes):
    """Arrays of the given dtypes, in any layouts, whose shapes broadcast together."""
    full = draw(shape)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    made = []
    for k, dtype in enumerate(dtypes):
        own = full
        if k or len(dtypes) == 1:
            own = tuple(1 if draw(st.integers(0, 4)) == 0 else n for n in full)
            own = own[draw(st.sampled_from([0, 0, 0, 1, len(own)])) :] if len(dtypes) > 1 else own
        made.append(draw(st.sampled_from(LAYOUTS))(random_array(rng, dtype, own)))
    return made


def tensors(arrays):
    return [tl.asarray(a) for a in arrays]


# comparisons


def computed(a):
    """What numbers of an array are computed in, by NumPy too: float32 for those of 8 bits."""
    return a.astype(np.float32) if a.dtype in FLOAT8 else a


def array_of(value):
    return value.detach().numpy() if isinstance(value, tl.Tensor) else np.asarray(value)


def bits(a, signed_zeros=True):
    """The bytes of an array, with all NaNs as one. Without signed zeros all zeros are one too, as
    are all complex numbers with a NaN: among these, the first or the last may be the largest."""
    a = np.array(a).reshape(-1)
    if a.dtype.kind not in "biu":
        if not signed_zeros:
            a[a != a] = np.nan * (1 + 1j) if a.dtype.kind == "c" else np.nan
        parts = a.view(a.dtype.char.lower()) if a.dtype.kind == "c" else a
        parts[parts != parts] = np.nan
        if not signed_zeros:
            parts[parts == 0] = 0
    return a.tobytes()


def assert_identical(actual, expected, signed_zeros=True):
    """A tensor with the shape, dtype and bits of an array."""
    expected = np.asarray(expected)
    assert isinstance(actual, tl.Tensor)
    assert (actual.shape, actual.dtype) == (expected.shape, expected.dtype)
    if bits(array_of(actual), signed_zeros) != bits(expected, signed_zeros):
        np.testing.assert_array_equal(array_of(actual), expected)  # shows where
        raise AssertionError("zeros of another sign, or other parts beside NaN")


def assert_close(actual, expected, epsilons, scale=0.0):
    """A tensor with the shape and dtype of an array, and values up to a number of epsilons of the
    dtype, relative to the length of an element (or to `scale`, where that is larger)."""
    expected = np.asarray(expected)
    assert isinstance(actual, tl.Tensor)
    assert (actual.shape, actual.dtype) == (expected.shape, expected.dtype)
    actual = array_of(actual)
    if expected.dtype.kind in "biu":
        return np.testing.assert_array_equal(actual, expected)
    limits = ml_dtypes.finfo(expected.dtype)
    wide = np.complex128 if expected.dtype.kind == "c" else np.float64
    actual, expected = actual.astype(wide), expected.astype(wide)
    finite = np.abs(expected) < float(limits.max) / 4
    error = np.abs(np.subtract(actual, expected, where=finite, out=np.zeros_like(expected)))
    size = np.maximum(np.abs(np.where(finite, expected, 0)), scale)
    wrong = ~(error <= epsilons * float(limits.eps) * size + 4 * float(limits.tiny))
    if expected.dtype.kind == "f":
        wrong |= ~finite & ~(np.isclose(actual, expected, equal_nan=True))
    else:  # which part of a complex number overflows depends on the order of operations
        wrong |= ~finite & (np.abs(actual) < float(limits.max) / 8)
    if wrong.any():
        k = tuple(np.argwhere(wrong)[0])
        raise AssertionError(f"at {k}: expected {expected[k]!r}, got {actual[k]!r}")


def outcome(function, *args, **kwargs):
    """The result of a call, or the exception that it raised."""
    try:
        return function(*args, **kwargs)
    except Exception as error:
        return error
