"""Softmax and the ops beside it against NumPy, in float64; their sums are made in an order of their
own."""

import numpy as np
from hypothesis import strategies as st
from layouts import LAYOUTS, array_of, assert_close

import tensorlib as tl
from tensorlib._core._dispatch import apply, ops


def check_softmax(name, data, a, rng):
    if a.ndim == 0:
        return
    axis = data.draw(st.integers(0, a.ndim - 1))
    x = a.astype(np.float64)
    with np.errstate(all="ignore"):
        x = x - x.max(axis, keepdims=True, initial=-np.inf)  # NaN beside inf, and without numbers
        total = np.exp(x).sum(axis, keepdims=True)
        expected = x - np.log(total) if name == "log_softmax" else np.exp(x) / total
        actual = apply(getattr(ops, name), (tl.asarray(a),), (axis,))
        assert_close(actual, expected.astype(a.dtype), 8, scale=float(name == "log_softmax"))


def check_softmax_backward(name, data, a, rng):
    if a.ndim == 0:
        return
    axis = data.draw(st.integers(0, a.ndim - 1))
    g = data.draw(st.sampled_from(LAYOUTS))(rng.uniform(-2, 2, a.shape).astype(a.dtype))
    y = rng.uniform(-3, 0, a.shape).astype(a.dtype)
    actual = apply(getattr(ops, name), (tl.asarray(g), tl.asarray(y)), (axis,))
    g, y = g.astype(np.float64), y.astype(np.float64)
    if name == "softmax_backward":
        expected = y * (g - (g * y).sum(axis, keepdims=True))
    else:
        expected = g - np.exp(y) * g.sum(axis, keepdims=True)
    assert_close(actual, expected.astype(a.dtype), 8, scale=20 + 2 * a.shape[axis])


def check_nll_loss(data, a, rng):
    """nll_loss and its gradient against sums over places, in float64."""
    shape = data.draw(st.sampled_from([(3,), (4, 3), (2, 3, 5), (2, 1, 2, 3), (0, 3)]))
    axis = min(len(shape) - 1, 1)
    dtype, classes = a.dtype, shape[axis]
    x = data.draw(st.sampled_from(LAYOUTS))(rng.standard_normal(shape).astype(dtype))
    target = np.asarray(rng.integers(0, classes, shape[:axis] + shape[axis + 1 :]))
    weight = data.draw(st.sampled_from([None, rng.uniform(0.5, 2.0, classes).astype(dtype)]))
    ignored, mean = data.draw(st.sampled_from([-100, 0])), data.draw(st.booleans())
    counts = np.ones(classes) if weight is None else weight.astype(float)
    ones = np.expand_dims(target, axis) == np.arange(classes).reshape(
        (-1,) + (1,) * (len(shape) - 1 - axis)
    )
    ones = ones * counts.reshape((-1,) + (1,) * (len(shape) - 1 - axis))
    ones = ones * np.expand_dims(target != ignored, axis)
    divisor = ones.sum() if mean else 1.0
    params = None if weight is None else tl.asarray(weight), ignored, mean
    loss, total = apply(ops.nll_loss, (tl.asarray(x), tl.asarray(target)), (*params, "here"))
    assert loss.dtype == dtype and total.dtype == (np.float32 if dtype.itemsize == 2 else dtype)
    with np.errstate(invalid="ignore"):
        expected, slopes = -(x.astype(float) * ones).sum() / divisor, -2.0 * ones / divisor
    rtol = {2: 2e-2, 4: 1e-5, 8: 1e-13}[dtype.itemsize]
    close = {"rtol": rtol, "atol": rtol}
    np.testing.assert_allclose(array_of(loss).astype(float), expected, **close)
    np.testing.assert_allclose(array_of(total), ones.sum(), **close)
    inputs = tl.asarray(np.array(2.0).astype(dtype)), tl.asarray(target), total
    found = apply(ops.nll_loss_backward, inputs, (shape, *params))
    assert found.dtype == dtype
    np.testing.assert_allclose(array_of(found).astype(float), slopes, **close)
