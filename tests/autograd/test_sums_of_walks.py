"""Where the walk back adds gradients in memory of its own, and where it must not."""

import gc
import tracemalloc

import numpy as np
import pytest

import tensorlib as tl
from tensorlib import autograd, nn
from tensorlib.autograd.graph import Node
from tensorlib.testing import assert_allclose, check_grads

SIZES = [3, 40, 600]  # of a side: below, near and above the bytes from which sums are in place


def leaf(values):
    return tl.asarray(np.array(values)).requires_grad_()


def random(*shape, dtype="float64"):
    return np.random.default_rng(len(shape)).standard_normal(shape).astype(dtype)


# slices


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("through", [False, True])  # a leaf, or something made of one
def test_slices_that_overlap(n, through):
    values = random(n, n)
    x = leaf(values)
    y = x * 2 if through else x
    (y[0] * y[1] + y[:, 2] + y[::-1, 0] + y[..., 1] * y[0, 0] + y[None, 2, :][0]).sum().backward()
    expected = np.zeros((n, n))
    y = values * 2 if through else values
    expected[0] += y[1]
    expected[1] += y[0]
    expected[:, 2] += 1
    expected[::-1, 0] += 1
    expected[..., 1] += y[0, 0]
    expected[0, 0] += y[..., 1].sum()
    expected[2] += 1
    assert_allclose(x.grad, expected * (2 if through else 1), rtol=1e-12)


@pytest.mark.parametrize("n", SIZES)
def test_rows_picked_several_times(n):
    x = leaf(random(n, 4))
    first, second = np.arange(n) % 2, np.array([2, 0, 0])
    (x[first].sum() + (x[second] * 3).sum() + x[x.detach() > 0].sum() + (x * 2).sum()).backward()
    expected = np.full((n, 4), 2.0)
    np.add.at(expected, first, 1)
    np.add.at(expected, second, 3)
    expected += random(n, 4) > 0
    assert_allclose(x.grad, expected, rtol=1e-12)


def test_slices_of_one_of_several_outputs():
    x = leaf(random(7))
    fraction, whole = tl.modf(x * 3)
    (fraction[1:3] * 2 + fraction[2:4] + whole[:2]).sum().backward()
    assert_allclose(x.grad, 3 * np.array([0, 2, 3, 1, 0, 0, 0.0]), rtol=1e-12)


def test_a_second_derivative_of_slices():
    def function(x):
        y = x * x
        return (y[0] * y[1] * x[1] + y[1:3] * y[:2]).sum()

    check_grads(function, (tl.asarray(random(4, 3)),), order=2)


def test_slices_in_a_batch():
    x = tl.asarray(random(5, 4))
    found = tl.func.vmap(tl.func.grad(lambda x: (x[0] * x[1] + x[1:3] * x[:2]).sum()))(x)
    each = [tl.func.grad(lambda x: (x[0] * x[1] + x[1:3] * x[:2]).sum())(row) for row in x]
    assert_allclose(found, tl.stack(each), rtol=1e-12)


def test_a_slice_is_linear_forwards():
    x = tl.asarray(random(4))
    _, tangent = tl.func.jvp(tl.func.grad(lambda x: (x[1:] * x[:-1] ** 2).sum()), (x,), (x,))
    _, hessian = autograd.functional.vhp(lambda x: (x[1:] * x[:-1] ** 2).sum(), x, x)
    assert_allclose(tangent, hessian, rtol=1e-12)


# who else sees a gradient


@pytest.mark.parametrize("n", SIZES)
def test_hooks_of_nodes_see_their_own_part(n):
    x = leaf(random(n, n))
    y = x * 1
    first, second = y[0], y[:1]
    seen = []
    second.grad_fn.register_hook(lambda inputs, outputs: seen.append(inputs[0].copy()))
    (first.sum() + second.sum() * 2).backward()
    assert len(seen) == 1
    expected = np.zeros((n, n))
    expected[0] = 2
    assert_allclose(seen[0], expected)
    expected[0] = 3
    assert_allclose(x.grad, expected)


@pytest.mark.parametrize("n", SIZES)
def test_what_a_hook_remembers_stays_as_it_was(n):
    x = leaf(random(n, n))
    y = x * 1
    seen = []
    first = y[1:] * 3
    first.grad_fn.register_hook(lambda inputs, outputs: seen.append(inputs[0]))
    z = y + 1
    z.register_hook(seen.append)
    (y * z + y).sum().backward(retain_graph=True)
    copies = [g.copy() for g in seen]
    first.sum().backward()
    for g, copied in zip(seen, copies, strict=False):
        assert_allclose(g, copied)
    expected = 2 * random(n, n) + 2
    expected[1:] += 3
    assert_allclose(x.grad, expected, rtol=1e-12)


@pytest.mark.parametrize("n", SIZES)
def test_the_seed_stays_as_it_was(n):
    x = leaf(random(n, n))
    seed = tl.ones((n, n))
    y = x + x
    z = y + y + x
    z.backward(seed, retain_graph=True)
    z.backward(seed)
    assert_allclose(seed, np.ones((n, n)))
    assert_allclose(x.grad, np.full((n, n), 10.0))


@pytest.mark.parametrize("n", SIZES)
def test_a_gradient_that_is_added_to_two_leaves(n):
    a, b = leaf(random(n, n)), leaf(random(n, n))
    ((a + b) * 2 + a).sum().backward()
    assert_allclose(a.grad, np.full((n, n), 3.0))
    assert_allclose(b.grad, np.full((n, n), 2.0))
    a.grad += 1
    assert_allclose(b.grad, np.full((n, n), 2.0))


@pytest.mark.parametrize("n", SIZES)
def test_gradients_of_leaves_have_memory_of_their_own(n):
    x, w, v = leaf(random(n, n)), leaf(random(n, n)), leaf(random(n))
    out = x @ w.T + v
    out.reshape(-1).sum().backward()
    grads = [x.grad, w.grad, v.grad]
    for g in grads:
        assert g.base is None
        assert not any(np.shares_memory(np.asarray(g), np.asarray(h)) for h in grads if h is not g)
    ones = np.ones((n, n))
    assert_allclose(x.grad, ones @ random(n, n), rtol=1e-9)
    assert_allclose(w.grad, ones.T @ random(n, n), rtol=1e-9)
    assert_allclose(v.grad, np.full(n, n))


def test_anomaly_detection_sees_each_gradient():
    x = leaf(random(4, 4))
    with autograd.detect_anomaly():
        (x[0] * x[1] + x[:, 2]).sum().backward()
    expected = np.zeros((4, 4))
    expected[0] += random(4, 4)[1]
    expected[1] += random(4, 4)[0]
    expected[:, 2] += 1
    assert_allclose(x.grad, expected)


# products of transposed matrices, whose gradient is laid out as they are


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
@pytest.mark.parametrize("shape", [(5, 3), (2, 5, 3), (3,)])
def test_a_product_with_a_transposed_matrix(dtype, shape):
    x = leaf(random(*shape).astype(dtype))
    w = leaf((random(4, 3) * (1 + (1j if dtype == "complex128" else 0))).astype(dtype))
    g = random(*shape[:-1], 4).astype(dtype)
    (x @ w.T).backward(tl.asarray(g))
    flat = g.reshape(-1, 4)
    rows = random(*shape).astype(dtype).reshape(-1, 3)
    matrix = np.asarray(w.detach())
    assert_allclose(w.grad, flat.T @ rows.conj(), rtol=1e-5)
    assert_allclose(x.grad, (flat @ matrix.conj()).reshape(shape), rtol=1e-5)


def test_second_derivatives_of_linear():
    parts = tuple(map(tl.asarray, (random(2, 3, 4), random(5, 4), random(5))))
    check_grads(lambda *parts: (nn.functional.linear(*parts) ** 2).sum(), parts, order=2)


@pytest.mark.parametrize("rows", [2, 200, 2000])
def test_linear_adds_the_bias_below_and_above_the_size_for_a_write(rows):
    x, w, b = random(rows, 8), random(16, 8), random(16)
    parts = tuple(map(leaf, (x, w, b)))
    out = nn.functional.linear(*parts)
    assert_allclose(out.detach(), x @ w.T + b, rtol=1e-12)
    out.sum().backward()
    assert_allclose(parts[2].grad, np.full(16, rows))
    assert_allclose(parts[1].grad, np.ones((16, rows)) @ x, rtol=1e-9)


# memory


def test_a_node_is_small():
    """A sum of tensors of one axis: the node, its inputs and its shapes, without the result."""
    x, v = leaf([1.0]), leaf([1.0])

    def chain(y, count):
        for _ in range(count):
            y = y + v
        return y

    y = chain(x, 100)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    y = chain(y, 10_000)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(y.grad_fn, Node)
    assert (after - before) / 10_000 < 400


def test_what_is_kept_is_freed_when_its_node_was_passed():
    gc.collect()
    before = tl.memory_stats()["allocated"]
    x = leaf(random(100, 100))
    held = []
    y = x
    for _ in range(10):
        y = tl.exp(y * 0.01)
        y.register_hook(lambda g: held.append(tl.memory_stats()["allocated"]))
    y = y.sum()
    y.backward()
    assert held == sorted(held, reverse=True) and held[0] - held[-1] >= 8 * x.nbytes
    del x, y
    assert tl.memory_stats()["allocated"] == before


def test_kept_tensors_of_a_node():
    x = leaf(random(3))
    y = tl.exp(x) * x.detach()
    (kept,) = y.grad_fn.kept
    assert_allclose(kept, random(3))
    assert not kept.requires_grad
    y.sum().backward()
    assert y.grad_fn.kept == ()


# in-place operators without history


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool", "float16"])
@pytest.mark.parametrize("n", [0, 1, 5, 100_000])
def test_adding_in_place(dtype, n):
    a, b = (np.arange(n) % k for k in (7, 5))
    a, b = a.astype(dtype), b.astype(dtype)
    x, y = tl.array(a), tl.array(b)
    version = x._version
    x += y
    a += b
    assert x._version == version + 1
    np.testing.assert_array_equal(np.asarray(x), a)
    x += x
    a += a
    np.testing.assert_array_equal(np.asarray(x), a)


def test_adding_a_part_in_place_to_a_part():
    values = np.arange(10.0)
    x = tl.array(values)
    x[1:] += x[:-1]
    values[1:] += values[:-1]
    np.testing.assert_array_equal(np.asarray(x), values)


def test_in_place_operators_refuse_what_they_refused():
    x = tl.broadcast_to(tl.ones(1), (3,))
    with pytest.raises(ValueError, match="read-only"):
        x += tl.ones(3)
    with pytest.raises(RuntimeError, match="leaf"):
        y = leaf(random(3))
        y += tl.ones(3)
    z = tl.ones(3)
    z *= leaf(random(3))
    assert z.requires_grad


@pytest.mark.parametrize("function", [tl.exp, lambda x: x * 2.0, lambda x: x[tl.arange(50_000)]])
def test_a_leaf_takes_the_gradient_that_the_walk_made_without_a_copy(function):
    x = leaf(np.ones(50_000))
    y = function(x)
    before = tl.memory_stats()["allocations"]
    y.backward(y.detach())
    assert tl.memory_stats()["allocations"] - before == 1
