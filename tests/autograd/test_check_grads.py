"""That `check_grads` finds wrong gradients, and says where."""

import numpy as np
import pytest

import tensorlib as tl
from tensorlib._core import _tape
from tensorlib._core._gradients import conj
from tensorlib.autograd.rules._common import times
from tensorlib.testing import assert_allclose, assert_array_equal, check_grads


@pytest.fixture
def rule_of_sin():
    """Replaces the rule of sin for one test."""
    yield lambda function, *names: _tape.set_rule("sin", ((function, names),))
    _tape.set_rule("sin", ((lambda g, x: times(g, conj(tl.cos(x))), ("x",)),))


X = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]])


def test_right_rules_pass():
    check_grads(tl.sin, [X], order=4)
    check_grads(lambda x, y: [x * y, x + 1], [X, X[0] + 1j])


def test_a_wrong_factor_is_found(rule_of_sin):
    rule_of_sin(lambda g, x: g * tl.cos(x) * 1.001, "x")
    with pytest.raises(AssertionError, match=r"order 1, argument 0: .* 6 wrong of 6"):
        check_grads(tl.sin, [X])


def test_the_argument_and_the_worst_element_are_named(rule_of_sin):
    # Twice too large at the last element alone.
    factor = np.ones((2, 3))
    factor[1, 2] = 2
    rule_of_sin(lambda g, x: g * tl.cos(x) * tl.asarray(factor), "x")
    with pytest.raises(AssertionError, match=r"order 1, argument 1: .* at \(1, 2\).* 1 wrong of 6"):
        check_grads(lambda x, y: x * tl.sin(y), [X, X])


def test_a_wrong_sign_of_a_complex_gradient_is_found(rule_of_sin):
    rule_of_sin(lambda g, x: g * tl.cos(x), "x")  # not conjugated
    check_grads(tl.sin, [X])
    with pytest.raises(AssertionError, match="order 1, argument 0"):
        check_grads(tl.sin, [X + 1j])


def test_a_rule_that_forgets_the_second_order_is_found(rule_of_sin):
    rule_of_sin(lambda g, x: g * tl.cos(x.detach()), "x")
    check_grads(tl.sin, [X], order=1)
    with pytest.raises(AssertionError, match="order 2, argument 0"):
        check_grads(tl.sin, [X], order=2)


def test_a_rule_that_forgets_its_gradient_is_found(rule_of_sin):
    rule_of_sin(lambda g, x: g.detach() * tl.cos(x), "x")
    check_grads(tl.sin, [X], order=1)
    with pytest.raises(AssertionError, match="order 2, the gradient of output 0"):
        check_grads(tl.sin, [X], order=2)


def test_a_missing_gradient_is_found():
    with pytest.raises(AssertionError, match="order 1, argument 1"):
        check_grads(lambda x, y: x * y.detach(), [X, X])
    with pytest.raises(AssertionError, match="expected an output that requires a gradient"):
        check_grads(lambda x: x.detach(), [X])


def test_nan_is_wrong(rule_of_sin):
    rule_of_sin(lambda g, x: g * np.nan, "x")
    with pytest.raises(AssertionError, match="got nan"):
        check_grads(tl.sin, [X])


def test_integer_arguments_are_passed_on():
    check_grads(lambda x, i: x[i], [X, np.array([1, 0, 1])])


def test_arguments_are_left_as_they_were():
    x = tl.asarray(X.copy()).requires_grad_()
    check_grads(lambda x: x * x, [x])
    assert x.grad is None
    assert_array_equal(x, X)


def test_bad_calls():
    with pytest.raises(
        TypeError, match="expected float64 or complex128, got float32 as argument 1"
    ):
        check_grads(tl.add, [X, X.astype(np.float32)])
    with pytest.raises(TypeError, match="expected an argument of float64 or complex128, got none"):
        check_grads(tl.add, [1, 2])
    with pytest.raises(ValueError, match="expected an order of at least 1, got 0"):
        check_grads(tl.sin, [X], order=0)


def test_assertions_take_tensors_that_require_gradients():
    x = tl.ones(3).requires_grad_()
    assert_allclose(x, [1, 1, 1 + 1e-9])
    assert_array_equal(x * 2, tl.full(3, 2.0))
    with pytest.raises(AssertionError):
        assert_allclose(x, 1.1)
    with pytest.raises(AssertionError):
        assert_array_equal(x, [1, 1, 2])
    with pytest.raises(AssertionError):
        assert_array_equal(x, np.ones(3, np.float32), strict=True)
