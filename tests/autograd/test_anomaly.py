"""detect_anomaly: the first op that makes NaN or an infinity, forward and backward."""

import inspect
import threading

import numpy as np
import pytest

import tensorlib as tl
from tensorlib.autograd import detect_anomaly, is_anomaly_enabled, set_detect_anomaly

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def line_above():
    return f"{__file__}:{inspect.currentframe().f_back.f_lineno - 1}"


def leaf(*values):
    return tl.asarray(np.array(values, float)).requires_grad_()


@pytest.fixture(autouse=True)
def off_before_and_after():
    assert not is_anomaly_enabled()
    yield
    set_detect_anomaly(False)


@pytest.mark.parametrize("tracked", [True, False])
def test_the_first_op_that_makes_nan(tracked):
    x = tl.asarray([1.0, -1.0]).requires_grad_(tracked)
    with detect_anomaly(), pytest.raises(FloatingPointError) as caught:
        tl.exp(tl.log(x * 2))
    line = f"{__file__}:{caught.traceback[0].lineno + 1}"
    assert str(caught.value) == (
        "log: made NaN of numbers that are none, in a result of shape (2,); the op was at " + line
    )


@pytest.mark.parametrize("tracked", [True, False])
def test_infinities_where_asked_for(tracked):
    x = tl.asarray([0.0, 1.0]).requires_grad_(tracked)
    with detect_anomaly():
        tl.log(x)
    with (
        detect_anomaly(check_inf=True),
        pytest.raises(FloatingPointError, match="^log: made an infinity of numbers .* was at .*:"),
    ):
        tl.log(x)


def test_nan_that_was_given_is_nobodys_fault():
    x = tl.asarray([np.nan, 1.0])
    with detect_anomaly(check_inf=True):
        y = tl.exp(x * 2) + x
    assert np.isnan(y.numpy()[0])


def test_check_nan_off():
    with detect_anomaly(check_nan=False):
        tl.log(tl.asarray([-1.0]))


@pytest.mark.parametrize("value, check_inf, found", [(-1, False, "NaN"), (0, True, "an infinity")])
def test_backward_of_a_graph_that_is_older_than_the_block(value, check_inf, found):
    x = leaf(value, 4.0)
    y = tl.sqrt(x)
    of_op = line_above()
    with detect_anomaly(check_inf=check_inf), pytest.raises(FloatingPointError) as caught:
        y.sum().backward()
    assert str(caught.value) == (
        f"sqrt: its gradient with respect to input 0, of shape (2,), has {found}; the op was at "
        f"{of_op}"
    )
    assert x.grad is None


class Bad(tl.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, gradient):
        return gradient * np.nan


def test_backward_of_a_function():
    x = leaf(1.0, 2.0)
    y = Bad.apply(x * 3)
    of_call = line_above()
    with detect_anomaly(), pytest.raises(FloatingPointError) as caught:
        y.sum().backward()
    assert str(caught.value) == (
        "Bad: its gradient with respect to input 0, of shape (2,), has NaN; the op was at "
        + of_call
    )


def test_a_branch_not_taken_is_fine_backward():
    x = leaf(-1.0, 0.0, 4.0)
    y = tl.where(x > 0, tl.sqrt(x), 0).sum()
    with detect_anomaly(check_inf=True):
        y.backward()
    assert x.grad.tolist() == [0, 0, 0.25]


def test_switched_on_and_off():
    set_detect_anomaly(True)
    assert is_anomaly_enabled()
    with pytest.raises(FloatingPointError):
        tl.log(tl.asarray([-1.0]))
    set_detect_anomaly(True, check_inf=True)
    with pytest.raises(FloatingPointError):
        tl.log(tl.asarray([0.0]))
    set_detect_anomaly(False)
    tl.log(tl.asarray([-1.0]))


def test_it_belongs_to_the_thread():
    seen = []

    def other():
        x = leaf(-1.0)
        tl.sqrt(x).sum().backward()
        seen.append((is_anomaly_enabled(), bool(np.isnan(x.grad.item()))))

    set_detect_anomaly(True)
    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert seen == [(False, True)]
