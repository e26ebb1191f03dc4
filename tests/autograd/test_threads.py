"""Walks of several threads at once, over graphs and leaves that they share."""

import threading
import time

import numpy as np
import pytest

import tensorlib as tl
from tensorlib.testing import assert_allclose, assert_array_equal
from tensorlib.utils.checkpoint import checkpoint

THREADS = 8


def together(function):
    """Run a function in several threads, which start at one moment; errors are raised."""
    barrier, errors = threading.Barrier(THREADS), []

    def run(number):
        barrier.wait()
        try:
            function(number)
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def leaf(*shape, seed=0):
    return tl.asarray(np.random.default_rng(seed).standard_normal(shape)).requires_grad_()


@pytest.mark.parametrize("shape", [(3,), (200, 200)])
def test_graphs_of_their_own_on_shared_leaves(shape):
    x, w = leaf(*shape), leaf(*shape, seed=1)

    def walk(number):
        for _ in range(20):
            (x * w * number).sum().backward()

    together(walk)
    total = 20 * sum(range(THREADS))
    assert_allclose(x.grad, total * w.detach())
    assert_allclose(w.grad, total * x.detach())


def deep(x):
    y = x
    for _ in range(30):
        y = tl.tanh(y) * x + tl.exp(-y)
    return y


@pytest.mark.parametrize("accumulate", [True, False])
def test_one_graph_that_is_kept(accumulate):
    x = leaf(50)
    y = deep(x).sum()
    (expected,) = tl.autograd.grad(y, x, retain_graph=True)

    def walk(number):
        for _ in range(10):
            if accumulate:
                y.backward(retain_graph=True)
            else:
                found = tl.autograd.grad(y, x, retain_graph=True)[0]
                assert_array_equal(found, expected)

    together(walk)
    if accumulate:
        assert_allclose(x.grad, 10 * THREADS * expected)


def test_one_graph_that_is_freed_by_the_first():
    """One walk at least ends well, the others do or are told; nothing crashes."""
    for _ in range(20):
        x = leaf(50)
        y = deep(x).sum()
        told = []

        def walk(number, y=y, told=told):
            try:
                y.backward()
            except RuntimeError as error:
                assert "backward through a graph that was freed" in str(error)
                told.append(number)

        together(walk)
        assert len(told) < THREADS
        assert np.isfinite(x.grad.numpy()).all()


def test_graphs_that_share_a_part():
    x = leaf(50)
    shared = deep(x)
    tails = [(shared * (i + 1)).sum() for i in range(THREADS)]
    (expected,) = tl.autograd.grad(shared.sum(), x, retain_graph=True)
    together(lambda number: tails[number].backward(retain_graph=True))
    assert_allclose(x.grad, sum(range(1, THREADS + 1)) * expected)


def test_higher_derivatives_hooks_and_checkpoints():
    x = leaf(10)
    y = checkpoint(deep, x)
    y.register_hook(lambda g: g * 2)
    total = (y * y).sum()

    def derivative():
        (first,) = tl.autograd.grad(total, x, create_graph=True)
        return tl.autograd.grad((first * first).sum(), x, retain_graph=True)[0]

    expected = derivative()
    together(lambda number: assert_array_equal(derivative(), expected))


def test_one_function_in_several_threads():
    class Square(tl.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, gradient):
            time.sleep(0.01 * next(pauses))  # the others begin and end in the meantime
            return 2 * ctx.saved_tensors[0] * gradient

    pauses = iter([*range(THREADS)])
    x = leaf(5)
    y = Square.apply(x).sum()

    def walk(number):
        assert_array_equal(tl.autograd.grad(y, x, retain_graph=True)[0], 2 * x.detach())

    together(walk)


def test_modes_and_hooks_for_saved_tensors_belong_to_threads():
    x = leaf(5)
    packed = []

    def run(number):
        if number % 2:
            with tl.no_grad():
                for _ in range(50):
                    assert not (x * 2).requires_grad
            return
        hooks = tl.autograd.graph.saved_tensors_hooks(
            lambda t: (number, packed.append(number), t)[::2], lambda p: p[1]
        )
        for _ in range(50):
            with hooks:
                y = tl.exp(x).sum()
            assert_allclose(tl.autograd.grad(y, x)[0], np.exp(x.detach()))

    together(run)
    assert sorted(packed) == sorted([i for i in range(0, THREADS, 2) for _ in range(50)])
