"""Checkpoints: the same gradients, of any order, in less memory."""

import subprocess
import sys
import threading

import numpy as np
import pytest

import tensorlib as tl
from tensorlib import amp, nn
from tensorlib.autograd.graph import saved_bytes
from tensorlib.testing import assert_allclose, assert_array_equal, check_grads
from tensorlib.utils.checkpoint import checkpoint, checkpoint_sequential


def random(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def f(x, w):
    return tl.tanh(x @ w) * tl.exp(x)


X, W = random(4, 3), random(3, 3, seed=1)


def leaves(*arrays):
    return [tl.array(x).requires_grad_() for x in arrays]


FUNCTIONS = {
    "plain": lambda x, w: checkpoint(f, x, w),
    "twice": lambda x, w: checkpoint(f, checkpoint(f, x, w), w),
    "nested": lambda x, w: checkpoint(lambda y: checkpoint(f, tl.sin(y), w) * y, f(x, w)),
    "closure": lambda x, w: checkpoint(lambda: f(x, w)),
    "keywords": lambda x, w: checkpoint(f, x, w=w),
    "trees": lambda x, w: checkpoint(lambda d: f(*d["args"]), {"args": [x, w]}),
    "several": lambda x, w: sum(checkpoint(lambda x, w: (f(x, w), [x * x, 3]), x, w)[1]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivatives_of_any_order(name):
    check_grads(FUNCTIONS[name], [X, W], order=3 if name != "nested" else 2)


def test_the_same_bits_as_without():
    x, w = leaves(X, W)
    expected = tl.autograd.grad(f(f(x, w), w).sum(), [x, w])
    found = tl.autograd.grad(FUNCTIONS["twice"](x, w).sum(), [x, w])
    for a, b in zip(found, expected, strict=True):
        assert_array_equal(a, b)


def test_nothing_is_kept_and_one_call_is_made_per_walk():
    calls = []

    def counted(x, w):
        calls.append(tl.is_grad_enabled())
        return f(x, w)

    x, w = leaves(X, W)
    y = checkpoint(counted, x, w)
    assert saved_bytes(y).total == 0
    y.sum().backward(retain_graph=True)
    assert calls == [True, True]
    y.sum().backward()
    assert len(calls) == 3
    with tl.no_grad():
        checkpoint(counted, x, w)
    assert calls[3:] == [False]
    a, b = leaves(X, W)
    f(a, b).sum().backward()
    assert_allclose(x.grad, 2 * a.grad)


def test_the_second_call_records_where_the_walk_does_not():
    x, w = leaves(X, W)
    y = checkpoint(f, x, w).sum()
    with tl.no_grad():
        y.backward()
    assert x.grad is not None


def test_transforms():
    x, w, tangent = tl.asarray(X), tl.asarray(W), tl.ones(X.shape)

    def one(x):
        return FUNCTIONS["nested"](x, w).sum()

    def other(x):
        return (f(tl.sin(f(x, w)), w) * f(x, w)).sum()

    a = tl.func.jvp(tl.func.grad(one), (x,), (tangent,))[1]
    b = tl.func.jvp(tl.func.grad(other), (x,), (tangent,))[1]
    assert_allclose(a, b, rtol=1e-12)
    assert_allclose(tl.func.hessian(one)(x[:1]), tl.func.hessian(other)(x[:1]), rtol=1e-10)
    rows = tl.func.vmap(tl.func.grad(lambda r: checkpoint(lambda z: tl.sin(z) * z, r).sum()))(x)
    assert_allclose(rows, np.sin(X) + X * np.cos(X))


def penalty(x, w):
    """The squared length of a gradient, computed inside."""
    (gradient,) = tl.autograd.grad(f(x, w).sum(), x, create_graph=True)
    return (gradient * gradient).sum()


def test_a_function_that_computes_gradients():
    x, w = leaves(X, W)
    expected = tl.autograd.grad(penalty(x, w), [x, w])
    calls = []
    y = checkpoint(lambda x, w: (calls.append(0), penalty(x, w))[1], x, w)
    assert saved_bytes(y).total == 0
    for a, b in zip(tl.autograd.grad(y, [x, w]), expected, strict=True):
        assert_array_equal(a, b)
    assert len(calls) == 3
    y = checkpoint(lambda x: checkpoint(penalty, x * 1, w) + x.sum(), x)
    assert_allclose(tl.autograd.grad(y, x)[0], expected[0] + 1)


def noisy(x):
    mask = nn.functional.dropout(tl.ones(x.shape), 0.5)
    return tl.sin(x * mask) * tl.random.standard_normal(x.shape)


def test_random_numbers_are_drawn_again():
    (x,) = leaves(random(50))
    tl.manual_seed(3)
    tl.random.seed(4)
    (expected,) = tl.autograd.grad(noisy(x).sum(), x)
    after = tl.random.default_generator().random(), tl.random.rand()
    tl.manual_seed(3)
    tl.random.seed(4)
    y = checkpoint(noisy, x)
    assert (tl.random.default_generator().random(), tl.random.rand()) == after
    (found,) = tl.autograd.grad(y.sum(), x)
    assert_array_equal(found, expected)

    tl.manual_seed(3)
    y = checkpoint(noisy, x, preserve_rng_state=False)
    (found,) = tl.autograd.grad(y.sum(), x)
    assert (found != expected).any()


def test_the_stream_goes_on_after_a_walk():
    (x,) = leaves(random(50))
    y = checkpoint(noisy, x)
    state = tl.random.default_generator().bit_generator.state
    y.sum().backward()
    assert tl.random.default_generator().bit_generator.state == state


def test_precision_is_that_of_the_first_call():
    x, w = leaves(X.astype("float32"), W.astype("float32"))
    seen = []

    def product(x, w):
        y = tl.tanh(x @ w)
        seen.append(y.dtype)
        return y

    with amp.autocast("cpu", dtype="bfloat16"):
        y = checkpoint(product, x, w)
    y.astype("float32").sum().backward()
    assert seen[0] == seen[1]
    assert seen[0].itemsize == 2


def test_context_fn():
    entered = []

    class Context:
        def __init__(self, name):
            self.name = name

        def __enter__(self):
            entered.append(self.name)

        def __exit__(self, *exception):
            entered.append("/" + self.name)

    x, w = leaves(X, W)
    y = checkpoint(f, x, w, context_fn=lambda: (Context("first"), Context("second")))
    assert entered == ["first", "/first"]
    y.sum().backward()
    assert entered == ["first", "/first", "second", "/second"]


@pytest.mark.parametrize("change", ["shape", "count"])
def test_a_second_call_that_does_something_else(change):
    calls = []

    def varies(x):
        calls.append(0)
        if len(calls) == 1:
            return tl.exp(x * 2).sum()
        return tl.exp(x[:1] * 2).sum() if change == "shape" else tl.exp(tl.exp(x * 2)).sum()

    (x,) = leaves(random(3))
    with pytest.raises(RuntimeError) as caught:
        checkpoint(varies, x).backward()
    assert (
        str(caught.value)
        == "checkpoint: expected the second call of the function to keep "
        + {
            "shape": "what the first did, a tensor of shape (3,) and dtype float64, got one of "
            "shape (1,) and dtype float64",
            "count": "as many tensors as the first, 2, got 3",
        }[change]
    )
    assert x.grad is None


def test_determinism_check_none():
    calls = []

    def varies(x):
        calls.append(0)
        return tl.exp(x) if len(calls) == 1 else tl.exp(x) + tl.exp(2 * x)

    (x,) = leaves(random(3))
    checkpoint(varies, x, determinism_check="none").sum().backward()
    assert_allclose(x.grad, np.exp(random(3)))


def test_an_argument_written_in_between():
    x, w = leaves(X, W)
    h = x * 1
    y = checkpoint(f, h, w)
    h += 1
    with pytest.raises(
        RuntimeError, match=r"^checkpoint: an argument of shape \(4, 3\) was changed in place after"
    ):
        y.sum().backward()


def test_errors_of_the_second_call_pass():
    calls = []

    def breaks(x):
        calls.append(0)
        return tl.exp(x) if len(calls) == 1 else 1 / 0

    (x,) = leaves(X)
    with pytest.raises(ZeroDivisionError):
        checkpoint(breaks, x).sum().backward()
    tl.exp(x).sum().backward()  # no hooks are left over
    assert_allclose(x.grad, np.exp(X))


def test_bad_arguments():
    with pytest.raises(TypeError, match="checkpoint: expected a function, got int"):
        checkpoint(3)
    with pytest.raises(ValueError, match="expected determinism_check 'default' or 'none', got 'a'"):
        checkpoint(f, determinism_check="a")
    with pytest.raises(ValueError, match="checkpoint_sequential: expected from 1 to 2 segments"):
        checkpoint_sequential([tl.sin, tl.cos], 3, tl.ones(2))
    with pytest.raises(TypeError, match="checkpoint_sequential: unexpected arguments other"):
        checkpoint_sequential([tl.sin], 1, tl.ones(2), other=3)


def network(depth=8, width=256):
    tl.manual_seed(0)
    layers = []
    for _ in range(depth):
        layers += [nn.Linear(width, width), nn.Tanh()]
    return nn.Sequential(*layers)


@pytest.mark.parametrize("segments", [1, 2, 4, 16])
def test_sequential(segments):
    model = network(width=5)
    x = tl.asarray(random(3, 5).astype("float32")).requires_grad_()
    expected = tl.autograd.grad(model(x).sum(), [x, *model.parameters()])
    found = tl.autograd.grad(
        checkpoint_sequential(model, segments, x).sum(), [x, *model.parameters()]
    )
    for a, b in zip(found, expected, strict=True):
        assert_array_equal(a, b)


PEAK = """
import numpy as np, tensorlib as tl
from tensorlib import nn
from tensorlib.utils.checkpoint import checkpoint_sequential
layers = [layer for _ in range(16) for layer in (nn.Linear(64, 64), nn.Tanh())]
model = nn.Sequential(*layers)
x = tl.ones((2048, 64), dtype="float32")
before = tl.memory_stats()["allocated"]
{call}.sum().backward()
print((tl.memory_stats()["peak"] - before) / x.nbytes)
"""


def peak_of(call):
    """How far memory rises in a training step, in units of one layer's result. In a process of its
    own, as a peak is one of all times."""
    script = PEAK.format(call=call)
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True)
    assert not done.returncode, done.stderr
    return float(done.stdout)


def test_memory_falls():
    # Sixteen layers keep the result of each tanh. In four segments three results are kept, and
    # those of the four layers of one segment at a time; gradients and temporaries come on top.
    assert peak_of("model(x)") > 16
    assert peak_of("checkpoint_sequential(model, 4, x)") < 12


def test_walks_of_several_threads():
    x, w = leaves(X, W)
    y = FUNCTIONS["nested"](x, w).sum()
    expected = tl.autograd.grad(y, [x, w], retain_graph=True)
    found = []

    def walk():
        found.append(tl.autograd.grad(y, [x, w], retain_graph=True))

    threads = [threading.Thread(target=walk) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for pair in found:
        for a, b in zip(pair, expected, strict=True):
            assert_array_equal(a, b)
