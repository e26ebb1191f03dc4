"""Floating-point errors are those of NumPy, with its texts, and handled as np.errstate says."""

import threading
import warnings

import numpy as np
import pytest

import tensorlib as tl

CALLS = [
    lambda m: m.asarray([1.0, 2.0]) / m.asarray([0.0, 1.0]),
    lambda m: m.asarray([0.0, 2.0]) / m.asarray([0.0, 1.0]),
    lambda m: m.asarray([1.0, 2.0]) / 0.0,
    lambda m: m.asarray([1, 2]) // m.asarray([0, 1]),
    lambda m: m.exp(m.asarray([1000.0, 2.0])),
    lambda m: m.log(m.asarray([0.0, -2.0])),
    lambda m: m.log(m.zeros((20, 20)).T[::2, ::2]),
    lambda m: m.sqrt(m.asarray([-1.0] * 100_000)),
    lambda m: m.asarray([np.nan, 1.0]).astype("int32"),
    lambda m: m.asarray([1e300, 1.0]).astype("float32"),
    lambda m: m.asarray([1e6, 1.0]).astype("float16"),
    lambda m: m.sum(m.asarray([1e308, 1e308])),
    lambda m: m.cumsum(m.asarray([1e308, 1e308])),
    lambda m: m.asarray([[1e308, 1e308]]) @ m.asarray([[1e308], [1e308]]),
    lambda m: m.reciprocal(m.asarray([0])),
    lambda m: m.asarray([np.nan]) < m.asarray([1.0]),
]


def messages(call, module):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call(module)
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize("call", CALLS)
def test_warnings_are_numpys(call):
    assert messages(call, tl) == messages(call, np)


def test_raise_call_and_ignore():
    x, calls = tl.zeros(3), []
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError, match="in log"):
        tl.log(x)
    with tl.errstate(divide="call", call=lambda kind, flag: calls.append(kind)):
        tl.log(x)
    assert calls == ["divide by zero"]
    with tl.errstate(divide="ignore"), warnings.catch_warnings(action="error"):
        tl.log(x)


def test_the_state_is_that_of_the_thread():
    raised = []

    def work():
        with np.errstate(all="raise"), pytest.raises(FloatingPointError):
            tl.log(tl.zeros(20_000))
        raised.append(True)

    with np.errstate(all="ignore"):
        thread = threading.Thread(target=work)
        thread.start()
        tl.log(tl.zeros(20_000))
        thread.join()
    assert raised == [True]


def test_places_that_a_mask_leaves_out_are_not_computed():
    a, b = tl.asarray([1.0, 2.0]), tl.asarray([0.0, 4.0])
    with np.errstate(all="raise"):
        assert tl.divide(a, b, out=tl.ones(2), where=b != 0).tolist() == [1.0, 0.5]
