import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layouts import examples

import tensorlib as tl
from tensorlib.testing import check_grads

WINDOWS = ["bartlett", "blackman", "hamming", "hanning"]


@pytest.mark.parametrize("name", [*WINDOWS, "kaiser", "i0"])
def test_signature(name):
    assert inspect.signature(getattr(tl, name)) == inspect.signature(getattr(np, name))


@pytest.mark.parametrize("name", WINDOWS)
@pytest.mark.parametrize("M", [-2, 0, 1, 2, 7, 8, np.int8(5), 4.5])
def test_windows(compare, name, M):
    compare(name, M)


@pytest.mark.parametrize("M", [-2, 0, 1, 2, 7, 8])
@pytest.mark.parametrize("beta", [0, 5, 8.6, 14.0])
def test_kaiser(compare, same, M, beta):
    compare("kaiser", M, beta)
    tracked = tl.kaiser(M, tl.asarray(float(beta)).requires_grad_())
    same(tracked.detach(), np.kaiser(M, beta))


@pytest.mark.parametrize("M, error", [(10**15, MemoryError), (1e300, ValueError), ("x", TypeError)])
@pytest.mark.parametrize("name", [*WINDOWS, "kaiser"])
def test_bad_lengths(name, M, error):
    with pytest.raises(error):
        getattr(tl, name)(M, *([5.0] if name == "kaiser" else []))


@pytest.mark.parametrize("dtype", "?bhilBHILefd")
def test_dtypes_of_i0(compare, dtype):
    compare("i0", np.arange(6).reshape(2, 3).astype(dtype))
    compare("i0", np.array(3).astype(dtype))


@given(st.floats(-700, 700))
@examples(100)
def test_i0_that_is_tracked(x):
    expected = float(np.i0(x))
    assert float(tl.i0(x)) == expected
    tracked = tl.i0(tl.asarray(x).requires_grad_())
    np.testing.assert_allclose(tracked.detach(), expected, rtol=2e-14)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_i0_that_is_tracked_in_less_precision(same, dtype):
    x = np.linspace(-9, 9, 7, dtype=dtype)
    same(tl.i0(tl.asarray(x).requires_grad_()).detach(), np.i0(x))


def test_i0_of_complex_numbers():
    with pytest.raises(TypeError, match="i0: .*complex128"):
        tl.i0([1j])


def test_gradient():
    check_grads(tl.i0, [[[-9.0, -1.0, 0.0], [0.3, 4.0, 12.0]]], atol=1e-4)
    check_grads(lambda beta: tl.kaiser(7, beta), [5.3])
    check_grads(lambda beta: tl.kaiser(2, beta), [0.4])
