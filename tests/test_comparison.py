import numpy as np
import pytest

import tensorlib as tl

X = np.array([1.0, np.nan, np.inf, -np.inf, 0.0])
NEAR = X + np.array([1e-9, 0, 0, 0, 1e-7])

CASES = [
    ("isclose", (X, NEAR), {}),
    ("isclose", (X, NEAR), {"equal_nan": True, "atol": 0, "rtol": 1e-3}),
    ("isclose", (X[:, None], NEAR), {}),
    ("isclose", (np.array([1, 2], np.uint8), np.array([2, 2], np.uint8)), {"atol": 1}),
    ("isclose", (np.float32([1, 1 + 1e-6]), 1.0), {}),
    ("isclose", (1.0, np.float32([1, 1 + 1e-6])), {}),
    ("isclose", (1, 1), {}),
    ("isclose", (X + 1j, NEAR + 1j), {}),
    ("isclose", (X, NEAR), {"atol": np.array([0, 0, 0, 0, 1])}),
    ("allclose", (X[2:4], NEAR[2:4]), {}),
    ("allclose", (X, NEAR), {}),
    ("allclose", (X[:2], X[:2]), {"equal_nan": True}),
    ("allclose", ([], []), {}),
    ("array_equal", (X, X), {}),
    ("array_equal", (X, X), {"equal_nan": True}),
    ("array_equal", (X[:1], 1.0), {}),
    ("array_equal", ([1, 2], np.array([1.0, 2.0])), {}),
    ("array_equal", ([1, 2], np.array([1, 2])), {"equal_nan": True}),
    ("array_equiv", ([1, 2], [[1, 2], [1, 2]]), {}),
    ("array_equiv", ([1, 2], [1, 2, 3]), {}),
    ("array_equiv", (1, [1, 1]), {}),
]


@pytest.mark.parametrize("name, args, kwargs", CASES)
def test_like_numpy(compare, name, args, kwargs):
    compare(name, *args, **kwargs)


def test_no_gradient_flows():
    x = tl.ones(2).requires_grad_()
    assert not tl.isclose(x, x).requires_grad
    assert tl.allclose(x, x) and tl.array_equal(x, x) and tl.array_equiv(x, 1)


def test_shapes_that_do_not_broadcast():
    for function in (tl.isclose, tl.allclose):
        with pytest.raises(ValueError, match="broadcast"):
            function(tl.ones(2), tl.ones(3))


def test_python_scalars_are_weak():
    below_one = float(1 - np.finfo(float).eps)
    single = tl.asarray(below_one, dtype="f4")
    assert tl.isclose(single, below_one, atol=0, rtol=0)
    assert tl.isclose(single, tl.float32(0), atol=below_one)
    assert not tl.isclose(single, tl.asarray(below_one), atol=0, rtol=0)


@pytest.mark.parametrize("name", ["rtol", "atol"])
def test_tolerances_that_are_not_finite(name):
    with pytest.warns(RuntimeWarning, match="isclose: One of rtol or atol is not valid"):
        tl.isclose([1, 2], [1, 2], **{name: np.inf})
    with np.errstate(invalid="raise"), pytest.raises(FloatingPointError, match="isclose"):
        tl.isclose(1, 1, **{name: np.nan})
