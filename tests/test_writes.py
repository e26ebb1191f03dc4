"""Writes into memory that the tape holds: those beside what it needs are fine, others are not."""

import numpy as np
import pytest

import tensorlib as tl
from tensorlib.testing import check_grads


def test_a_recurrence_written_in_place():
    """The logistic map and, by hand, its derivative with respect to the rate."""
    steps, rate = 30, 3.2
    r = tl.asarray(rate).requires_grad_()
    x = tl.empty(steps)
    x[0] = 0.3
    for i in range(1, steps):
        x[i] = r * x[i - 1] * (1 - x[i - 1])
    x[-1].backward()
    value, slope = 0.3, 0.0
    for _ in range(1, steps):
        slope = value * (1 - value) + rate * (1 - 2 * value) * slope
        value = rate * value * (1 - value)
    assert x[-1].item() == pytest.approx(value, rel=1e-12)
    assert r.grad.item() == pytest.approx(slope, rel=1e-10)


def test_time_steps_over_rows():
    def heat(start):
        u = tl.zeros((5, 6))
        u[0] = start
        for t in range(4):
            u[t + 1] = u[t]
            u[t + 1, 1:-1] += 0.25 * (u[t, 2:] - 2 * u[t, 1:-1] + u[t, :-2]) * u[t, 1:-1]
        return u[-1]

    check_grads(heat, (tl.asarray(np.linspace(0.5, 1.5, 6)),), order=2)


@pytest.mark.parametrize("where", [slice(1, 2), slice(0, 4), slice(None, None, 2), [1]])
def test_a_write_over_what_is_needed_is_refused(where):
    x, y = tl.ones(2).requires_grad_(), tl.ones(4)
    z = (x * y[1:3]).sum()
    with tl.no_grad():
        y[where] = 2
    with pytest.raises(RuntimeError, match="changed in place.*the last write was setitem at"):
        z.backward()
    assert x.grad is None


def test_the_write_that_did_it_is_named():
    x, y = tl.ones(2).requires_grad_(), tl.ones(4)
    z = (x * y[1:3]).sum()
    y[1:].fill(3)
    y[:1] = 4
    y[3:] = 5
    with pytest.raises(RuntimeError, match="the last write was fill at"):
        z.backward()


def test_ranges_are_split_and_merged():
    x, y = tl.ones(3).requires_grad_(), tl.arange(100.0)
    parts = [(x * y[i : i + 3]).sum() for i in (0, 10, 20, 97)]
    y[5:50] = 0.0
    y[9:15] = 1.0
    y[:] = y * 1
    parts.append((x * y[20:23]).sum())
    y[23:] = 7.0
    y[:20] = 7.0
    for stale in parts[:-1]:
        with pytest.raises(RuntimeError, match="changed in place"):
            stale.backward()
    parts[-1].backward()
    assert x.grad.tolist() == [0, 0, 0]


@pytest.mark.parametrize("shape", [(0,), (0, 0), (0, 3), (3, 0), (0, 0, 2)])
def test_views_of_empty_roots(shape):
    x, root = tl.ones(shape).requires_grad_(), tl.zeros(shape)
    root[:] = x
    older = root.T
    root[:1] *= 2
    (root.sum() + older.sum()).backward()
    assert x.grad.shape == shape


@pytest.mark.parametrize("part", ["real", "imag"])
def test_parts_of_numbers_whose_distance_is_no_multiple_of_their_size(part):
    """Fields of records: 8 bytes every 12."""
    records = np.zeros(4, dtype=[("label", "f4"), ("number", "c8")])
    root = tl.asarray(records["number"])
    assert root.strides == (12,)
    x = tl.ones(3, dtype="f").requires_grad_()
    getattr(root[1:], part)[...] = x
    root[2] *= 10
    (getattr(root, part) * tl.asarray([1.0, 2.0, 3.0, 4.0])).sum().backward()
    assert x.grad.tolist() == [2, 30, 4]


def test_views_that_reach_beyond_their_root():
    root = tl.arange(6.0)[2:].detach()
    view = tl.as_strided(root, (5,), (8,), 0)
    with pytest.raises(RuntimeError, match=r"^as_strided: a view of shape \(5,\) that reaches"):
        view[...] = tl.ones(5).requires_grad_()
    assert not root.requires_grad
