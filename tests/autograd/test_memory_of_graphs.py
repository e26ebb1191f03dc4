"""That graphs are freed by counting alone: no cycle between a tensor and what made it."""

import contextlib
import gc
import resource
import sys

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
