"""Hooks of tensors, nodes and saved tensors, beside PyTorch's."""

import gc
import weakref

import numpy as np
import pytest

import tensorlib as tl
from tensorlib.autograd import graph
from tensorlib.testing import assert_allclose

torch = pytest.importorskip(
    "torch", reason="PyTorch is not installed; to compare with it: pip install torch"
)

X = np.array([[0.3, -1.2, 2.0], [0.7, 0.1, -0.4]])


def both(program):
    """What a program gives with each library: lists of arrays, as nested lists."""

    def run(lib, x):
        return [None if r is None else np.asarray(r.detach()).tolist() for r in program(lib, x)]

    theirs = torch.tensor(X, requires_grad=True)
    return run(tl, tl.array(X).requires_grad_()), run(torch, theirs)


def check(program):
    ours, theirs = both(program)
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            assert_allclose(tl.asarray(a), b, rtol=1e-12)


def test_hooks_of_leaf_and_result_see_gradients():
    def program(lib, x):
        seen = []
        y = lib.sin(x) * x
        x.register_hook(lambda g: seen.append(g))
        y.register_hook(lambda g: seen.append(g))
        (y * y).sum().backward()
        return [*seen, x.grad]

    check(program)


def test_hooks_replace_gradients_in_order():
    def program(lib, x):
        y = x * x
        y.register_hook(lambda g: g + 1)
        y.register_hook(lambda g: g * 10)
        y.register_hook(lambda g: None)
        x.register_hook(lambda g: g * 2)
        x.register_hook(lambda g: g - 3)
        lib.exp(y).sum().backward()
        return [x.grad]

    check(program)


def test_a_leaf_used_often_has_one_call_with_the_sum():
    def program(lib, x):
        seen = []
        x.register_hook(seen.append)
        (x * 2 + x * 3 + lib.exp(x)).sum().backward()
        assert len(seen) == 1
        return [*seen, x.grad]

    check(program)


def test_removed_hooks_are_not_called():
    def program(lib, x):
        y = x * 2
        first = y.register_hook(lambda g: g * 100)
        second = y.register_hook(lambda g: g + 1)
        first.remove()
        first.remove()  # again: nothing
        y.sum().backward(retain_graph=True)
        second.remove()
        y.sum().backward()
        return [x.grad]

    check(program)


def test_a_handle_is_a_context_manager():
    x = tl.array(X).requires_grad_()
    with x.register_hook(lambda g: g * 5):
        (x * 1).sum().backward()
    (x * 1).sum().backward()
    assert_allclose(x.grad, np.full(X.shape, 6.0))


def test_hooks_are_differentiated_with_create_graph():
    def program(lib, x):
        y = x * x
        y.register_hook(lambda g: g * g)
        x.register_hook(lambda g: lib.sin(g))
        grad = lib.autograd.grad
        (first,) = grad(lib.exp(y).sum(), x, create_graph=True)
        (second,) = grad((first * first).sum(), x)
        return [first, second]

    check(program)


def test_hooks_act_on_gradients_asked_for():
    def program(lib, x):
        y = lib.sin(x)
        y.register_hook(lambda g: g * 3)
        z = (y * y).sum()
        # Each alone: of both at once PyTorch gives for y what it was before its hooks.
        return [lib.autograd.grad(z, v, retain_graph=True)[0] for v in (y, x)]

    check(program)


def test_a_hook_removed_by_another():
    x = tl.array(X).requires_grad_()
    y = x * 2
    handles = []
    y.register_hook(lambda g: handles[0].remove())
    handles.append(y.register_hook(lambda g: g * 10))
    y.sum().backward(retain_graph=True)  # it was there when the walk came
    assert_allclose(x.grad, np.full(X.shape, 20.0))
    y.sum().backward()
    assert_allclose(x.grad, np.full(X.shape, 22.0))


def test_post_accumulate_hooks_see_the_sum():
    def program(lib, x):
        seen = []
        x.register_post_accumulate_grad_hook(lambda p: seen.append(p.grad * 1))
        (x * x).sum().backward()
        (x * 3).sum().backward()
        lib.autograd.grad((x * 3).sum(), x)  # nothing is accumulated
        return [*seen, x.grad]

    check(program)


def test_post_accumulate_hooks_may_step_and_clear():
    def program(lib, x):
        def step(p):
            with lib.no_grad():
                p -= 0.1 * p.grad
            p.grad = None

        x.register_post_accumulate_grad_hook(step)
        for _ in range(3):
            (x * x).sum().backward()
        assert x.grad is None
        return [x]

    check(program)


def test_retained_gradients_are_those_after_the_hooks():
    def program(lib, x):
        y = x * x
        z = lib.sin(y)
        y.register_hook(lambda g: g * 2)
        y.retain_grad()
        y.retain_grad()
        z.retain_grad()
        assert y.retains_grad and not x.retains_grad
        z.sum().backward(retain_graph=True)
        z.sum().backward()
        return [y.grad, z.grad, x.grad]

    check(program)


def test_retained_gradients_are_those_after_hooks_that_came_later():
    def program(lib, x):
        y = x * x
        y.retain_grad()
        y.register_hook(lambda g: g * 2)
        lib.sin(y).sum().backward()
        return [y.grad, x.grad]

    check(program)


def test_retained_gradients_are_memory_of_their_own():
    x = tl.array(X).requires_grad_()
    y = x * 1
    y.retain_grad()
    (y + 0).sum().backward()
    y.grad *= 5
    assert_allclose(y.grad, np.full(X.shape, 5.0))
    assert_allclose(x.grad, np.ones(X.shape))


def test_hooks_of_nodes():
    def program(lib, x):
        seen = []
        y = x * x
        z = lib.exp(y)
        z.grad_fn.register_prehook(lambda outputs: (outputs[0] * 2,))
        z.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] + 1,))
        y.grad_fn.register_hook(lambda inputs, outputs: seen.extend(outputs))
        z.sum().backward()
        return [*seen, x.grad]

    check(program)


def test_a_hook_of_a_node_cannot_give_to_an_input_that_needs_none():
    x, w = tl.array(X).requires_grad_(), tl.array(X)
    y, z = x * w, x * w
    y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] * 2, w))
    y.sum().backward()
    assert_allclose(x.grad, 2 * X)
    assert w.grad is None
    z.grad_fn.register_hook(lambda inputs, outputs: (inputs[0], tl.ones(5)))
    with pytest.raises(RuntimeError, match=r"multiply: expected a gradient of shape \(2, 3\)"):
        z.sum().backward()


def test_hooks_of_nodes_see_the_dtype_of_the_result():
    x = tl.array(X, dtype="f").requires_grad_()
    y = x * 2
    seen = []
    y.grad_fn.register_prehook(lambda outputs: (tl.ones(X.shape),))
    y.grad_fn.register_hook(lambda inputs, outputs: seen.extend(outputs))
    y.sum().backward()
    assert seen[0].dtype == x.grad.dtype == "float32"


def test_a_hook_before_a_node_has_to_give_a_gradient():
    y = tl.array(X).requires_grad_() * 2
    y.grad_fn.register_prehook(lambda outputs: (None,))
    with pytest.raises(RuntimeError, match="^multiply: expected a gradient from a hook, got None"):
        y.sum().backward()


def test_hooks_of_results_that_need_none():
    x = tl.array(X)
    for register in (x.register_hook, x.register_post_accumulate_grad_hook):
        with pytest.raises(RuntimeError, match=f"{register.__name__}: .* requires? "):
            register(print)
    with pytest.raises(RuntimeError, match="retain_grad: expected a tensor that requires"):
        x.retain_grad()
    y = x.requires_grad_() * 2
    with pytest.raises(RuntimeError, match="post_accumulate_grad_hook: expected a leaf"):
        y.register_post_accumulate_grad_hook(print)
    with pytest.raises(TypeError, match="hook: expected a function, got int"):
        y.register_hook(3)


def test_a_hook_that_raises_leaves_gradients_alone():
    x, w = tl.array(X).requires_grad_(), tl.array(X).requires_grad_()
    x.register_hook(lambda g: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        (x * w).sum().backward()
    assert (x.grad, w.grad) == (None, None)


# saved tensors


@pytest.mark.parametrize("mode", ["once", "nested"])
def test_saved_tensors_hooks(mode):
    def program(lib, x):
        outer = lib.autograd.graph.saved_tensors_hooks(lambda t: t * 100, lambda t: t / 100)
        inner = lib.autograd.graph.saved_tensors_hooks(lambda t: t * 2, lambda t: t)
        with outer:
            y = lib.exp(x)
            if mode == "nested":
                with inner:
                    y = y * y
            y = lib.sin(y)
        y.sum().backward()
        return [x.grad]

    check(program)


def test_saved_tensors_hooks_and_higher_derivatives():
    def program(lib, x):
        pack = (lambda t: t.numpy().copy()) if lib is tl else lambda t: t.detach().numpy().copy()
        unpack = tl.asarray if lib is tl else torch.tensor
        with lib.autograd.graph.saved_tensors_hooks(pack, unpack):
            y = (lib.sin(x) * lib.exp(x)).sum()
            (first,) = lib.autograd.grad(y, x, create_graph=True)
            (second,) = lib.autograd.grad((first**2).sum(), x, create_graph=True)
        (third,) = lib.autograd.grad(second.sum(), x)
        return [first, second, third]

    check(program)


def test_each_saved_tensor_is_packed_and_unpacked_once():
    packed, unpacked = [], []

    def unpack(i):
        unpacked.append(i)
        return packed[i]

    def pack(t):
        packed.append(t)
        return len(packed) - 1

    x, y = tl.array(X).requires_grad_(), tl.array(X).requires_grad_()
    with graph.saved_tensors_hooks(pack, unpack):
        z = tl.hypot(x, y)
    assert len(packed) == 3
    assert all(t.grad_fn is None and not t.requires_grad for t in packed)
    z.sum().backward()
    assert sorted(unpacked) == [0, 1, 2]


def test_hooks_end_with_their_block_and_with_errors():
    x = tl.array(X).requires_grad_()
    with pytest.raises(KeyError), graph.saved_tensors_hooks(lambda t: 1 / 0, lambda t: t):
        raise KeyError
    with pytest.raises(ZeroDivisionError), graph.saved_tensors_hooks(lambda t: 1 / 0, lambda t: t):
        tl.exp(x)
    tl.exp(x).sum().backward()
    with pytest.raises(TypeError, match="saved_tensors_hooks: expected functions, got int"):
        graph.saved_tensors_hooks(3, lambda t: t)


def test_disabled_saved_tensors_hooks():
    x = tl.array(X).requires_grad_()
    hooks = graph.saved_tensors_hooks(lambda t: t, lambda t: t)
    with graph.disable_saved_tensors_hooks("not in here"):
        with pytest.raises(RuntimeError, match="^not in here$"), hooks:
            pass
        tl.exp(x)
    with hooks:
        tl.exp(x).sum().backward()


def test_save_on_cpu_changes_nothing():
    def program(lib, x):
        with lib.autograd.graph.save_on_cpu():
            y = lib.exp(x) * x
        y.sum().backward()
        return [x.grad]

    check(program)


# several tensors


def test_multi_grad_hooks():
    def program(lib, x):
        seen = []
        y, z, unused = x * 2, x * 3, x * 4
        hook = lib.autograd.graph.register_multi_grad_hook
        handle = hook([x, y, z, unused], lambda grads: seen.append(list(grads)))
        hook([y, z], lambda grad: seen.append([grad]), mode="any")
        (y * z).sum().backward(retain_graph=True)
        handle.remove()
        (y * z).sum().backward()
        return [g for grads in sorted(seen, key=len) for g in grads]

    check(program)


@pytest.mark.parametrize("mode", ["all", "any"])
def test_multi_grad_hooks_after_a_walk_that_failed(mode):
    x = tl.array(X).requires_grad_()
    y, seen = x * 2, []
    graph.register_multi_grad_hook([x, y], seen.append, mode=mode)
    with x.register_hook(lambda g: 1 / 0), pytest.raises(ZeroDivisionError):
        y.sum().backward(retain_graph=True)
    seen.clear()
    y.sum().backward()
    found = seen[0] if mode == "all" else [2 * seen[0], seen[0]]
    assert len(seen) == 1
    for gradient, value in zip(found, (2.0, 1.0), strict=True):
        assert_allclose(gradient, np.full(X.shape, value))


def test_multi_grad_hooks_check_their_arguments():
    x = tl.array(X).requires_grad_()
    hook = graph.register_multi_grad_hook
    with pytest.raises(ValueError, match="expected the mode 'all' or 'any', got 'some'"):
        hook([x], print, mode="some")
    with pytest.raises(ValueError, match="expected at least one tensor"):
        hook([], print)
    with pytest.raises(RuntimeError, match="requires a gradient"):
        hook([x, tl.ones(2)], print)
    with pytest.raises(TypeError, match="expected a function, got int"):
        hook([x], 3)


# no cycles


def test_hooks_make_no_cycles():
    gc.collect()
    gc.disable()
    try:
        x = tl.array(X).requires_grad_()
        y = tl.exp(x)
        y.retain_grad()
        y.register_hook(lambda g: g * 2)
        y.grad_fn.register_hook(lambda i, o: None)
        graph.register_multi_grad_hook([x, y], lambda grads: None)
        x.register_post_accumulate_grad_hook(lambda p: None)
        (y * y).sum().backward()
        references = weakref.ref(x), weakref.ref(y), weakref.ref(y.grad)
        del x, y
        assert [r() for r in references] == [None] * 3
    finally:
        gc.enable()
