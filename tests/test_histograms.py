import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from layouts import examples

import tensorlib as tl
from tensorlib.testing import check_grads

RNG = np.random.default_rng(19)
X = RNG.normal(size=(4, 25))
INTS = RNG.integers(0, 9, 30)
WEIGHTS = RNG.random(30)
NAMES = ["bincount", "histogram", "histogram2d", "histogramdd", "histogram_bin_edges"]


@pytest.mark.parametrize("name", NAMES)
def test_signature(name):
    assert inspect.signature(getattr(tl, name)) == inspect.signature(getattr(np, name))


CASES = [
    ("bincount", (INTS,), {}),
    ("bincount", (INTS[::-2],), {"minlength": 20}),
    ("bincount", (INTS, WEIGHTS), {}),
    ("bincount", (INTS, WEIGHTS.astype(np.float32)), {"minlength": 3}),
    ("bincount", (np.array([True, False]),), {}),
    ("bincount", ([],), {}),
    ("bincount", (np.array([], np.int8),), {"weights": [], "minlength": 2}),
    ("histogram", (X,), {}),
    ("histogram", (X[:, ::-2], 7, (-1, 2)), {"density": True}),
    ("histogram", (X, np.array([-1, 0, 3])), {"weights": X}),
    ("histogram", (X.astype(np.float32), "auto"), {}),
    ("histogram", (X, [-1.0, 0.5, 2.0]), {"weights": X + 1j}),
    ("histogram", (INTS.astype(np.uint8), 4), {}),
    ("histogram", ([],), {}),
    ("histogram_bin_edges", (X, "fd"), {}),
    ("histogram_bin_edges", (X, 5), {"range": (0.0, 1.0)}),
    ("histogram2d", (X[0], X[1]), {}),
    ("histogram2d", (X[0], X[1], [3, np.array([-1.0, 0.0, 2.0])]), {"density": True}),
    ("histogram2d", (X[0], X[1], 4, [[-1, 1], [0, 2]]), {"weights": X[2]}),
    ("histogramdd", (X.T[:, :3], 3), {}),
    ("histogramdd", ([X[0], X[1]], (2, 3)), {"density": True}),
]


@pytest.mark.parametrize("name, args, kwargs", CASES)
def test_like_numpy(compare, name, args, kwargs):
    compare(name, *args, **kwargs)


@pytest.mark.parametrize("dtype", "bhilBHIL")
def test_dtypes_of_counted(compare, dtype):
    compare("bincount", INTS.astype(dtype))


@given(arrays(np.int64, st.integers(0, 20), elements=st.integers(0, 40)), st.integers(0, 50))
@examples(60)
def test_any_integers(x, minlength):
    expected = np.bincount(x, minlength=minlength)
    tl.testing.assert_array_equal(tl.bincount(tl.asarray(x), None, minlength), expected)


@pytest.mark.parametrize(
    "args, kwargs, error, text",
    [
        (([-1],), {}, ValueError, "negative"),
        (([[1]],), {}, ValueError, "bincount"),
        ((3,), {}, ValueError, "bincount"),
        ((np.array([1.5]),), {}, TypeError, "bincount: .*float64"),
        (([1, 2], [1.0]), {}, ValueError, "length"),
        (([1, 2], [1j, 2]), {}, TypeError, "complex"),
        (([1],), {"minlength": -1}, ValueError, "minlength"),
        (([1],), {"minlength": None}, TypeError, "minlength"),
        # sizes for which there is no memory, and those with which sums overflow
        (([2**44],), {}, MemoryError, "allocate"),
        (([2**60 - 1],), {}, ValueError, "too big"),
        (([2**63 - 1],), {}, ValueError, "bincount: .*9223372036854775807"),
        ((np.array([2**63 - 1, 0]), [1.0, 2.0]), {}, ValueError, "bincount: "),
        ((np.array([2**64 - 1], np.uint64),), {}, ValueError, "bincount: "),
        (([1],), {"minlength": 2**62}, ValueError, "too big"),
        (([1],), {"minlength": 2**63 - 1}, ValueError, "too big"),
        (([1],), {"minlength": 2**64}, OverflowError, "large"),
    ],
)
def test_bad_counts(args, kwargs, error, text):
    with pytest.raises(error, match=text):
        tl.bincount(*args, **kwargs)


@pytest.mark.parametrize(
    "call, error",
    [
        (lambda: tl.histogram([1.0, 2.0], 10**14), MemoryError),
        (lambda: tl.histogram([1.0, 2.0], 2**62), ValueError),
        (lambda: tl.histogram([1.0, 2.0], 0), ValueError),
        (lambda: tl.histogram([1.0, 2.0], [2, 1]), ValueError),
        (lambda: tl.histogram([1.0, 2.0], 1.5), TypeError),
        (lambda: tl.histogram([1.0, tl.nan]), ValueError),
        (lambda: tl.histogramdd(tl.ones((2, 2)), 10**7), MemoryError),
        (lambda: tl.histogramdd(tl.ones((2, 5)), 10**6), ValueError),
        (lambda: tl.histogram2d([1, 2], [1]), ValueError),
    ],
)
def test_bad_bins(call, error):
    with pytest.raises(error):
        call()


def test_gradient_of_weights():
    check_grads(lambda w: tl.bincount(tl.asarray(INTS), w, 12), [WEIGHTS])


def test_histograms_refuse_to_lose_a_gradient():
    with pytest.raises(TypeError, match=r"histogram: .*detach\(\)"):
        tl.histogram(tl.asarray(X).requires_grad_())
