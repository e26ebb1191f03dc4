"""That graphs are freed by counting alone: no cycle between a tensor and what made it."""

import contextlib
import gc
import resource
import sys
import weakref

import numpy as np
import pytest

import tensorlib as tl
from tensorlib import nn, optim
from tensorlib.autograd import graph
from tensorlib.utils.checkpoint import checkpoint

STEPS = 10_000
OURS = (tl.Tensor, graph.Node)


@pytest.fixture(autouse=True)
def without_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def resident():
    """Bytes of this process that are in memory."""
    if sys.platform.startswith("linux"):
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    return 0  # elsewhere tl.memory_stats alone is looked at


def flat_memory(step, steps=STEPS):
    """Run a step often; memory must not grow, and the collector find nothing afterwards."""
    for _ in range(200):
        step()
    tensors, process = tl.memory_stats()["allocated"], resident()
    for _ in range(steps):
        step()
    assert tl.memory_stats()["allocated"] == tensors
    assert resident() - process < 4 << 20  # a leak of 400 bytes a step would be as much
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        found = [type(x).__name__ for x in gc.garbage if isinstance(x, OURS)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
    assert not found


def leaf(*shape, seed=0):
    values = np.random.default_rng(seed).uniform(0.5, 1.5, shape)
    return tl.asarray(values).requires_grad_()


class Scaled(tl.autograd.Function):
    @staticmethod
    def forward(ctx, x, y):
        out = x * y
        ctx.save_for_backward(x, y, out)
        ctx.note = [out]
        return out

    @staticmethod
    def backward(ctx, gradient):
        x, y, _ = ctx.saved_tensors
        return gradient * y, gradient * x


def test_training_steps():
    tl.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.LayerNorm(8), nn.Linear(8, 1))
    optimizer = optim.SGD(model.parameters(), lr=1e-6, momentum=0.9)
    x = tl.ones((2, 4), dtype="float32")

    def step():
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x), tl.zeros((2, 1), dtype="float32"))
        loss.backward()
        optimizer.step()

    flat_memory(step)


def test_views_writes_and_indices():
    w, index = leaf(6), tl.asarray([0, 2, 2])

    def step():
        y = tl.exp(w) + 0
        a, b = y[:3], y.reshape(2, 3).T
        a *= 2
        b[0] = w[:2]
        y[index] = 3 * w[:3]
        z = tl.zeros(6)
        z[1:4] = y[:3]
        z[0] = z[1] * z[2]
        loss = (z * y).sum() + tl.concatenate([a, w]).max() + tl.where(w > 1, w, b.sum()).sum()
        loss.backward()
        w.grad = None

    flat_memory(step)


def test_hooks_and_retained_gradients():
    w = leaf(5)

    def step():
        y = tl.sin(w)
        z = y * y
        y.retain_grad()
        seen = []
        handle = w.register_hook(lambda g: g * 2)
        y.register_hook(lambda g: seen.append(g))
        z.grad_fn.register_hook(lambda inputs, outputs: None)
        z.grad_fn.register_prehook(lambda outputs: None)
        z.grad_fn.metadata["note"] = 1
        both = graph.register_multi_grad_hook([y, z], lambda grads: None)
        after = w.register_post_accumulate_grad_hook(lambda p: None)
        with graph.saved_tensors_hooks(lambda t: [t], lambda t: t[0]):
            loss = tl.exp(z).sum()
        loss.backward()
        for h in (handle, both, after):
            h.remove()
        w.grad = None

    flat_memory(step)


def test_functions_and_checkpoints():
    w = leaf(5)
    primitive = tl.autograd.primitive(lambda x: x * x)
    tl.autograd.defvjp(primitive, lambda ans, x: lambda g: 2 * g * x)

    def step():
        y = Scaled.apply(w, tl.exp(w))
        z = checkpoint(lambda y: tl.sin(y) * checkpoint(tl.exp, y), primitive(y))
        (z * y).sum().backward()
        w.grad = None

    flat_memory(step, STEPS // 2)


def test_derivatives_of_derivatives():
    w = leaf(5)

    def step():
        y = (tl.sin(w) * Scaled.apply(w, w)).sum()
        (first,) = tl.autograd.grad(y, w, create_graph=True)
        (second,) = tl.autograd.grad((first * first).sum(), w, create_graph=True)
        second.sum().backward()
        w.grad = None

    flat_memory(step, STEPS // 2)


def test_transforms():
    x = leaf(3).detach()

    def step():
        tl.func.vmap(tl.func.grad(lambda r: tl.sin(r) * r))(x)
        tl.func.jvp(tl.func.grad(lambda r: (r**3).sum()), (x,), (x,))

    flat_memory(step, STEPS // 5)


def test_graphs_that_are_never_walked():
    w = leaf(50)

    def step():
        y = tl.exp(w)
        for _ in range(5):
            y = tl.tanh(y) * w
            y += 1
        y.retain_grad()

    flat_memory(step)


def test_errors_leave_nothing():
    w = leaf(5)

    def step():
        y = tl.exp(w)
        y.register_hook(lambda g: 1 / 0)
        with contextlib.suppress(ZeroDivisionError):
            y.sum().backward()
        h = w * 1
        z = tl.sin(h)
        h += 1
        with contextlib.suppress(RuntimeError):
            z.sum().backward()

    flat_memory(step)


# -- cycles that users close: the collector finds them


def through_gradients(x):
    y = tl.sin(x * x)
    y.sum().backward(create_graph=True)
    return y


def through_a_gradient_that_was_set(x):
    y = tl.exp(x**3)
    (x.grad,) = tl.autograd.grad(y.sum(), x, create_graph=True)
    return y


def through_a_hook_of_a_leaf(x):
    x.register_hook(lambda gradient: y)
    y = tl.exp(x * 2)
    return y


def through_a_hook_of_a_result(x):
    h = x * 2
    h.register_hook(lambda gradient: y)
    y = tl.exp(h + 1) * h
    return y


def through_a_hook_of_a_node(x):
    h = x * 2
    h.grad_fn.metadata["later"] = later = []
    later.append(tl.exp(h + 1).var())
    return later[0]


class Remembering(tl.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.seen = []
        Remembering.last = ctx
        return x * 2

    @staticmethod
    def backward(ctx, gradient):
        return gradient * 2


def through_a_context(x):
    y = tl.exp(Remembering.apply(x)) + 1
    Remembering.last.seen.append(y)
    del Remembering.last
    return y


def through_what_hooks_keep(x):
    kept = []
    with graph.saved_tensors_hooks(lambda t: kept, lambda kept: kept[0]):
        y = tl.exp(x)
    kept.append(y * 2)
    return y


@pytest.mark.parametrize(
    "close",
    [
        through_gradients,
        through_a_gradient_that_was_set,
        through_a_hook_of_a_leaf,
        through_a_hook_of_a_result,
        through_a_hook_of_a_node,
        through_a_context,
        through_what_hooks_keep,
    ],
)
def test_cycles_of_users_are_collected(close):
    x = leaf(3)
    inner = x * 1.5  # a leaf is not all that the cycle holds
    result = close(x)
    died = weakref.ref(result)
    x_died = weakref.ref(x)
    del x, inner, result
    assert x_died() is not None or died() is not None  # else there was no cycle
    gc.collect()
    assert died() is None
    assert x_died() is None


def test_the_collector_need_not_visit_graphs():
    x = leaf(3)
    y = tl.split(tl.exp(x) * x, 3)[1].sum()
    assert not gc.is_tracked(y.grad_fn)
    assert not gc.is_tracked(y.grad_fn.next_functions[0][0])
