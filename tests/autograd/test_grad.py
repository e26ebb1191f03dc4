"""grad and backward: what they return, keep and refuse."""

import numpy as np
import pytest

import tensorlib as tl
from tensorlib.autograd import backward, grad
from tensorlib.testing import assert_array_equal


@pytest.fixture
def x():
    return tl.asarray(np.array([1.0, 2.0])).requires_grad_()


def test_grad_returns_a_tuple_and_adds_nothing(x):
    y = tl.asarray(np.array(3.0)).requires_grad_()
    gx, gy = grad((x * x * y).sum(), [x, y])
    assert_array_equal(gx, [6, 12])
    assert_array_equal(gy, 5)
    assert x.grad is None
    assert not gx.requires_grad


def test_several_outputs_with_weights(x):
    (g,) = grad([x * 2, (x * x).sum()], x, [tl.asarray([1.0, 10.0]), None])
    assert_array_equal(g, [4, 24])


def test_intermediate_results_as_inputs(x):
    y = x * 3
    z = (y * y).sum()
    gy, gx = grad(z, [y, x])
    assert_array_equal(gy, [6, 12])
    assert_array_equal(gx, [18, 36])


def test_an_output_as_its_own_input(x):
    y = x * 2
    gx, gy = grad(y, [x, y], tl.ones(2))
    assert_array_equal(gx, [2, 2])
    assert_array_equal(gy, [1, 1])


def test_higher_orders(x):
    first = grad((x**4).sum(), x, create_graph=True)[0]
    second = grad(first.sum(), x, create_graph=True)[0]
    (third,) = grad(second.sum(), x)
    assert_array_equal(third, [24, 48])


def test_the_graph_is_freed_unless_retained(x):
    y = (x * x).sum()
    grad(y, x, retain_graph=True)
    grad(y, x)
    with pytest.raises(RuntimeError, match="retain_graph"):
        grad(y, x)


def test_unused_inputs(x):
    unused = tl.ones(2).requires_grad_()
    with pytest.raises(RuntimeError, match="not used at position 1; allow_unused=True"):
        grad(x.sum(), [x, unused])
    gx, gunused = grad(x.sum(), [x, unused], allow_unused=True)
    assert_array_equal(gx, [1, 1])
    assert gunused is None


def test_backward_adds_up(x):
    backward([x.sum(), (x * x).sum()])
    assert_array_equal(x.grad, [3, 5])
    backward(x * 2, tl.asarray([1.0, 2.0]))
    assert_array_equal(x.grad, [5, 9])


def test_backward_to_some_inputs(x):
    y = tl.ones(2).requires_grad_()
    backward((x * y).sum(), inputs=[y])
    assert x.grad is None
    assert_array_equal(y.grad, [1, 2])


def test_complex_outputs(x):
    z = x * (1 + 2j)
    (g,) = grad(z, x, tl.asarray([1.0, 1j]))
    assert_array_equal(g, [1, 2])


@pytest.mark.parametrize("function", [grad, backward])
def test_refusals(x, function):
    name = function.__name__
    arguments = () if function is backward else (x,)
    with pytest.raises(RuntimeError, match=f"{name}: expected outputs that require a gradient"):
        function(tl.ones(()), *arguments)
    with pytest.raises(RuntimeError, match=r"got none for the shape \(2,\) at position 0"):
        function(x * 2, *arguments)
    with pytest.raises(RuntimeError, match="got none for the dtype complex128"):
        function((x * 1j).sum(), *arguments)
    with pytest.raises(RuntimeError, match=r"the output's shape \(2,\), got \(3,\)"):
        function(x * 2, *arguments, tl.ones(3))
    with pytest.raises(RuntimeError, match="the output's dtype float64, got complex128"):
        function(x * 2, *arguments, tl.ones(2, dtype=complex))
    with pytest.raises(RuntimeError, match="one gradient for each of 1 outputs, got 2"):
        function(x * 2, *arguments, [tl.ones(2), tl.ones(2)])
    with pytest.raises(TypeError, match=f"{name}: expected Tensors as .*, got float"):
        function([1.0], *arguments)
    with pytest.raises(ValueError, match=f"{name}: expected at least one Tensor"):
        function([], *arguments)


def test_inputs_that_require_no_gradient(x):
    with pytest.raises(RuntimeError, match="inputs that require a gradient, .* at position 1"):
        grad(x.sum(), [x, tl.ones(2)])
    with pytest.raises(RuntimeError, match="inputs that require a gradient"):
        backward(x.sum(), inputs=tl.ones(2))
    with pytest.raises(ValueError, match="expected at least one Tensor as inputs"):
        backward(x.sum(), inputs=[])


# what PyTorch's has besides


def both(program):
    """What a program gives with each library, as lists."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")

    def plain(found):
        if isinstance(found, dict):
            return {key: plain(value) for key, value in found.items()}
        return [None if g is None else g.detach().tolist() for g in found]

    x = np.array([1.0, 2.0, 3.0])
    ours = program(tl, tl.asarray, tl.asarray(x.copy()).requires_grad_())
    theirs = program(torch, torch.tensor, torch.tensor(x, requires_grad=True))
    return plain(ours), plain(theirs)


ROWS = np.array([[1.0, 0, 0], [0, 2, 0], [1, 1, 1], [0, 0, 0]])
PROGRAMS = {
    "one": lambda lib, make, x: lib.autograd.grad(x * x, x, make(ROWS), is_grads_batched=True),
    "two outputs, an unused input": lambda lib, make, x: lib.autograd.grad(
        [lib.sin(x), (x**3).sum()], [make([1.0]).requires_grad_(), x],
        [make(ROWS), make([1.0, 2.0, 0.0, 1.0])], is_grads_batched=True, allow_unused=True,
    ),
    "differentiated": lambda lib, make, x: lib.autograd.grad(
        lib.autograd.grad(x**3, x, make(ROWS), None, True, True, None, True)[0].sum(), x
    ),
    "a dict": lambda lib, make, x: lib.autograd.grad((x * x).sum(), {"x": x}),
    "zeros": lambda lib, make, x: lib.autograd.grad(
        x.sum(), [make([1.0, 2.0]).requires_grad_(), x], materialize_grads=True
    ),
    "zeros that are differentiated": lambda lib, make, x: lib.autograd.grad(
        lib.autograd.grad(
            x.sum(), make([1.0]).requires_grad_(), create_graph=True, materialize_grads=True
        )[0].sum() + x.sum(), x,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_as_torch(name):
    ours, theirs = both(PROGRAMS[name])
    assert ours == theirs


def test_zeros_of_a_batch(x):
    unused = tl.ones(4).requires_grad_()
    found, _ = grad(
        x * 2, [unused, x], tl.ones((3, 2)), is_grads_batched=True, materialize_grads=True
    )
    assert_array_equal(found, np.zeros((3, 4)))


def test_backward_to_a_dict_of_inputs(x):
    backward(x.sum(), inputs={"x": x})
    assert_array_equal(x.grad, [1, 1])


def test_refusals_of_batches_and_zeros(x):
    text = "grad: expected allow_unused to be None or True, as materialize_grads is True"
    with pytest.raises(ValueError, match=text):
        grad(x.sum(), x, allow_unused=False, materialize_grads=True)
    with pytest.raises(RuntimeError, match=r"output's shape \(2,\), along the first axis, got"):
        grad(x * 2, x, tl.ones(2), is_grads_batched=True)
    with pytest.raises(RuntimeError, match="a batch of gradients for each output.*got none at"):
        grad(x.sum(), x, is_grads_batched=True)
    with pytest.raises(TypeError, match="^grad: expected Tensors as inputs, got int$"):
        grad(x.sum(), 3)
    with pytest.warns(FutureWarning, match="only_inputs has no effect"):
        grad(x.sum(), x, only_inputs=False)
