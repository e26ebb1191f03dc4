"""Faults that the tape catches, each with its text: the op, and the lines of this file."""

import inspect
import re

import numpy as np
import pytest
import scipy.special

import tensorlib as tl
from tensorlib import special
from tensorlib._core import _functions, _tape
from tensorlib._core import ops as table
from tensorlib._core._dispatch import ops
from tensorlib.special._ufuncs import UFUNCS
from tensorlib.testing import assert_array_equal

NAN, INF = np.nan, np.inf


def leaf(*values, dtype=float):
    return tl.asarray(np.array(values, dtype)).requires_grad_()


def line_above():
    """The line before the one that calls this, as errors name it."""
    return f"{__file__}:{inspect.currentframe().f_back.f_lineno - 1}"


def error_of(kind, function):
    with pytest.raises(kind) as caught:
        function()
    return str(caught.value)


# what was saved


def test_a_saved_input_changed_in_place():
    x = leaf(1.0, 2.0)
    h = x * 1
    y = tl.sin(h)
    of_op = line_above()
    h += 1
    of_write = line_above()
    assert error_of(RuntimeError, y.sum().backward) == (
        "sin: the input 'x' of shape (2,) that its gradient needs was changed in place: expected "
        f"version 0, got 1; the last write was add at {of_write}; the op was at {of_op}"
    )


def test_a_saved_result_changed_in_place():
    x = leaf(1.0, 2.0)
    y = tl.exp(x)
    of_op = line_above()
    y[0] = 5
    of_write = line_above()
    message = error_of(RuntimeError, y.sum().backward)
    assert message.startswith("exp: the result of shape (2,) that its gradient needs was changed")
    assert message.endswith(f"at {of_write}; the op was at {of_op}")


def test_memory_changed_by_something_else():
    x = leaf(1.0, 2.0)
    h = x * 1
    y = h * h
    of_op = line_above()
    h.detach().numpy()[0] = 7.0
    tl.autograd.graph.increment_version(h)
    of_write = line_above()
    message = error_of(RuntimeError, y.sum().backward)
    assert f"the last write was increment_version at {of_write}; the op was at {of_op}" in message


def test_a_freed_graph():
    x = leaf(1.0, 2.0)
    y = tl.exp(x)
    of_op = line_above()
    z = y.sum()
    z.backward()
    assert error_of(RuntimeError, y.sum().backward) == (
        "exp: backward through a graph that was freed; use retain_graph=True in the first "
        f"backward; the op was at {of_op}"
    )


def test_a_leaf_changed_in_place():
    x = leaf(1.0, 2.0)

    def add():
        x.__iadd__(1)

    def assign():
        x[0] = 3

    def scale():
        x[:1].__imul__(2)

    for write, op in [(add, "add"), (assign, "setitem"), (scale, "multiply")]:
        line = write.__code__.co_firstlineno + 1
        assert error_of(RuntimeError, write) == (
            f"{op}: a leaf that requires a gradient, or a view of it, cannot be written in place; "
            f"use no_grad() or a copy; the write was at {__file__}:{line}"
        )
    assert_array_equal(x.detach(), [1, 2])


def test_a_leaf_changed_in_no_grad_between_the_op_and_the_walk():
    x = leaf(1.0, 2.0)
    y = x * x
    of_op = line_above()
    with tl.no_grad():
        x += 1
        of_write = line_above()
    message = error_of(RuntimeError, y.sum().backward)
    assert message.startswith("multiply: the input")
    assert message.endswith(f"the last write was add at {of_write}; the op was at {of_op}")


# gradients of a wrong kind


def test_a_hook_that_changes_the_shape():
    x = leaf(1.0, 2.0)
    y = x * 2
    of_op = line_above()
    y.register_hook(lambda g: g[:1])
    assert error_of(RuntimeError, y.sum().backward) == (
        f"multiply: expected a gradient of shape (2,) from a hook, got (1,); the op was at {of_op}"
    )
    x.register_hook(lambda g: tl.zeros(3))
    with pytest.raises(RuntimeError, match=r"expected a gradient of shape \(2,\) from a hook, got"):
        (x * 2).sum().backward()
    assert x.grad is None


@pytest.mark.parametrize("dtype", ["complex128", "object"])
def test_a_hook_that_changes_the_dtype(dtype):
    x = leaf(1.0, 2.0)
    y = x * 2
    of_op = line_above()
    wrong = tl.ones(2, dtype=dtype) if dtype != "object" else "text"
    y.register_hook(lambda g: wrong)
    kind = RuntimeError if dtype != "object" else TypeError
    got = "dtype float64 from a hook, got complex128" if dtype != "object" else "None from a hook, "
    message = error_of(kind, y.sum().backward)
    assert message.startswith("multiply: expected a") and got in message
    assert message.endswith(f"the op was at {of_op}")


def test_a_hook_may_give_less_precision():
    x = leaf(1.0, 2.0)
    x.register_hook(lambda g: g.astype("float32") * 3)
    (x * 2).sum().backward()
    assert (x.grad.dtype, x.grad.tolist()) == (np.float64, [6, 6])


@pytest.mark.parametrize("register", ["register_hook", "register_prehook"])
def test_a_hook_of_a_node_that_changes_shape_or_count(register):
    x = leaf(1.0, 2.0)
    y = x * 2
    of_op = line_above()
    with getattr(y.grad_fn, register)(lambda *g: (tl.ones(5),) + (None,) * (len(g) - 1)):
        message = error_of(RuntimeError, lambda: y.sum().backward(retain_graph=True))
    assert "multiply: expected a gradient of shape (2,) from a hook, got (5,)" in message
    assert message.endswith(f"the op was at {of_op}")
    with getattr(y.grad_fn, register)(lambda *g: (None,) * 7):
        message = error_of(RuntimeError, y.sum().backward)
    assert re.match(r"multiply: expected \d gradients from a hook, got 7; the op was at", message)


class Wrong(tl.autograd.Function):
    """Its backward returns what it is told to."""

    answer = None

    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, gradient):
        return Wrong.answer(gradient)


@pytest.mark.parametrize(
    "answer, kind, text",
    [
        (lambda g: tl.ones(5), RuntimeError,
         "Wrong: expected a gradient of shape (2,), or one that it can be broadcast to, got (5,)"),
        (lambda g: g.astype("int64"), TypeError,
         "Wrong: expected a floating-point or complex Tensor or None from backward for argument 0, "
         "got dtype int64"),
        (lambda g: 3.0, TypeError,
         "Wrong: expected a floating-point or complex Tensor or None from backward for argument 0, "
         "got float"),
        (lambda g: (g, g), RuntimeError,
         "Wrong: expected 1 gradients from backward, one for each argument of forward, got 2"),
    ],
)  # fmt: skip
def test_a_function_with_a_wrong_gradient(answer, kind, text):
    Wrong.answer = staticmethod(answer)
    x = leaf(1.0, 2.0)
    y = Wrong.apply(x)
    of_call = line_above()
    message = error_of(kind, y.sum().backward)
    assert message.startswith(text)
    assert re.search(f"the (op|call) was at {re.escape(of_call)}$", message)
    assert x.grad is None


@pytest.mark.parametrize(
    "gradient, text",
    [
        (tl.ones(3), r"backward: expected a gradient of the output's shape \(2,\), got \(3,\)"),
        (tl.ones(2, dtype=complex), "backward: expected a gradient of the output's dtype float64"),
        (None, r"backward: expected a gradient for an output that is not a scalar, got none"),
    ],
)
def test_a_wrong_gradient_to_start_with(gradient, text):
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match=text):
        (x * 2).backward(gradient)
    assert x.grad is None


def test_an_unpack_hook_that_gives_no_tensor():
    x = leaf(1.0, 2.0)
    with tl.autograd.graph.saved_tensors_hooks(lambda x: x, lambda x: 3):
        y = tl.exp(x)
        of_op = line_above()
    assert error_of(TypeError, y.sum().backward) == (
        "saved_tensors_hooks: expected a Tensor from the hook that unpacks, got int; it was saved "
        f"by exp at {of_op}"
    )


# the branch that `where` did not take

ELEMENTWISE = {
    row[0]: (getattr(_functions, row[0]), len(row[2]))
    for row in table.ELEMENTWISE
    if getattr(ops, row[0]).differentiable and row[0] != "ldexp"
}
HARD = np.array([0.0, -0.0, 1.0, -1.0, 3.0, INF, -INF, NAN, 1e-320, 1e300, 0.5])


def hidden(function, args):
    """The sum of what the function gives, none of which is taken."""
    results = function(*args)
    total = tl.zeros(())
    for result in results if isinstance(results, tuple) else (results,):
        if result.dtype.kind in "fc":
            total = total + tl.where(tl.zeros(result.shape, dtype=bool), result, 0).sum().real
    return total


def hard_arguments(name, count, kind):
    arrays = [x.ravel() for x in np.meshgrid(*[HARD] * min(count, 2), indexing="ij")]
    arrays += [arrays[0]] * (count - len(arrays))
    if kind == "complex":
        arrays = [x + 1j * np.roll(x, 3) for x in arrays]
    if name == "where":
        arrays[0] = arrays[0].real > 0
    tensors = [tl.asarray(x) for x in arrays]
    return [x if x.dtype.kind == "b" else x.requires_grad_() for x in tensors]


@pytest.mark.parametrize("kind", ["real", "complex"])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_a_branch_not_taken_has_no_gradient(name, kind):
    function, count = ELEMENTWISE[name]
    args = hard_arguments(name, count, kind)
    with np.errstate(all="ignore"):
        try:
            total = hidden(function, args)
        except TypeError:
            return  # no complex numbers
        inputs = [x for x in args if x.requires_grad]
        if not total.requires_grad:
            return
        first = tl.autograd.grad(total, inputs, create_graph=True, allow_unused=True)
        for gradient in first:
            assert gradient is None or not (gradient != 0).any()
        again = sum(g.sum().real for g in first if g is not None)
        if again.requires_grad:
            for gradient in tl.autograd.grad(again, inputs, allow_unused=True):
                assert gradient is None or not (gradient != 0).any()


SPECIAL = [name for name, u in UFUNCS.items() if _tape.has_rule(u.op.name) and name[0] != "_"]


@pytest.mark.filterwarnings("ignore:floating point number truncated:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:non-integer arg n:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*_hyp0f1_asy:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", SPECIAL)
def test_a_branch_not_taken_of_a_special_function_has_no_gradient(name):
    function = getattr(special, name)
    hard = [0.0, -1.0, 0.5, INF, NAN] if function.nin > 3 else HARD[2:]
    args = [x.ravel() for x in np.meshgrid(*[hard] * function.nin, indexing="ij")]
    args = [tl.asarray(x).requires_grad_() for x in args]
    if name.startswith("eval_hermite"):
        args[0] = tl.arange(args[0].size) % 4  # integers alone
    with np.errstate(all="ignore"), scipy.special.errstate(all="ignore"):
        total = hidden(function, args)
        for x in [x for x in args if x.requires_grad and total.requires_grad]:
            try:
                (gradient,) = tl.autograd.grad(total, x, retain_graph=True, allow_unused=True)
            except NotImplementedError:
                continue  # none is known
            assert gradient is None or not (gradient != 0).any()


@pytest.mark.parametrize("name", ["sqrt", "log", "divide", "power", "arccos", "hypot", "tan"])
def test_a_branch_not_taken_has_no_gradient_in_forward_over_reverse(name):
    function, count = ELEMENTWISE[name]
    args = tuple([x.detach() for x in hard_arguments(name, count, "real")])
    gradient = tl.func.grad(lambda *x: hidden(function, x), tuple(range(count)))
    with np.errstate(all="ignore"):
        found = tl.func.jvp(gradient, args, tuple([tl.ones(x.shape) for x in args]))[1]
    for x in found:
        assert not (x != 0).any()


@pytest.mark.parametrize(
    "f, x, first, second",
    [
        (lambda x: tl.where(x > 0, tl.sqrt(x), 0), [-1.0, 0, 4], [0, 0, 0.25], [0, 0, -1 / 32]),
        (lambda x: tl.where(x > 0, tl.log(x), 0), [-1.0, 0, 4], [0, 0, 0.25], [0, 0, -1 / 16]),
        (lambda x: tl.where(x != 0, 1 / x, 0), [0.0, 2], [0, -0.25], [0, 0.25]),
        (lambda x: tl.where(x != 0, x / tl.sqrt(x * x), 0), [0.0, 2], [0, 0], [0, 0]),
        (lambda x: tl.where(x < 5, tl.exp(x * x), 0), [0.0, 1e3], [0, 0], [2, 0]),
        (lambda x: tl.where(x != 0, tl.sin(x) / x, 1), [0.0, np.pi], [0, -1 / np.pi],
         [0, 2 / np.pi**2]),
        (lambda x: tl.where(x > 0, x**0.5, 0), [-1.0, 0, 4], [0, 0, 0.25], [0, 0, -1 / 32]),
    ],
)  # fmt: skip
def test_functions_that_are_defined_in_pieces(f, x, first, second):
    x = leaf(*x)
    with np.errstate(all="ignore"):
        (found,) = tl.autograd.grad(f(x).sum(), x, create_graph=True)
        (again,) = tl.autograd.grad(found.sum(), x)
    np.testing.assert_allclose(found.detach(), first, atol=1e-15)
    np.testing.assert_allclose(again, second, atol=1e-15)


def test_a_gradient_of_zero_is_no_constant():
    # At 0 the gradient of the square is zero, and its own derivative is not.
    x = leaf(0.0)
    (first,) = tl.autograd.grad((tl.sin(x) ** 2).sum(), x, create_graph=True)
    (second,) = tl.autograd.grad(first.sum(), x)
    assert (first.tolist(), second.tolist()) == ([0], [2])


def test_real_infinities_and_nan_stay():
    x = leaf(0.0, -1.0, 1.0)
    with np.errstate(all="ignore"):
        (g,) = tl.autograd.grad(tl.sqrt(x).sum(), x)
    assert_array_equal(g, [INF, NAN, 0.5])
