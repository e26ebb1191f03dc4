import numpy as np
import pytest
import scipy.special

import tensorlib as tl
from tensorlib._core._recorder import Recorder

X = np.array([[3.0, 1.0, 2.0], [6.0, 5.0, 4.0]])


CALLS = [
    lambda x: np.mean(x, axis=0),
    lambda x: np.sum(x, axis=1, keepdims=True),
    lambda x: np.concatenate((x, X), axis=1),
    lambda x: np.stack([X, x]),
    lambda x: np.where(x > 2, x, 0),
    lambda x: np.pad(x, 1, mode="edge"),
    lambda x: np.einsum("ij->ji", x),
    lambda x: np.sort(x, axis=0),
    lambda x: np.mean(x, keepdims=np._NoValue),
    lambda x: np.amax(x, 1),
    lambda x: np.transpose(x),
    lambda x: np.percentile(x, 30, axis=1),
    lambda x: np.linalg.norm(x, axis=1),
    lambda x: np.linalg.svd(x).S,
    lambda x: np.fft.fft(x),
    lambda x: np.gradient(x, axis=1),
    lambda x: np.interp([1.5], [1.0, 2.0, 3.0], x[0]),
    lambda x: np.lib.stride_tricks.sliding_window_view(x, 2, axis=1),
]


@pytest.mark.parametrize("call", CALLS)
def test_functions_keep_a_gradient(call):
    result = call(tl.asarray(X).requires_grad_())
    assert isinstance(result, tl.Tensor) and result.requires_grad
    np.testing.assert_allclose(result.detach(), call(X), rtol=1e-14)


@pytest.mark.parametrize("call", CALLS)
def test_functions_without_a_gradient_are_numpys(call):
    """What NumPy's code does with any array_like."""
    np.testing.assert_array_equal(call(tl.asarray(X)), call(X))


@pytest.mark.parametrize("call", CALLS)
def test_functions_are_seen_by_a_recorder(call):
    class Counter(Recorder):
        calls = 0

        def apply(self, op, inputs, params):
            self.calls += 1
            return super().apply(op, inputs, params)

    with Counter() as counter:
        result = call(tl.asarray(X))
    assert counter.calls and isinstance(result, tl.Tensor)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.result_type(x, np.float32),
        lambda x: np.shape(x),
        lambda x: np.ndim(x),
        lambda x: np.array_equal(x, X),
        lambda x: np.isrealobj(x),
    ],
)
def test_functions_of_no_arrays(call):
    assert call(tl.asarray(X)) == call(tl.asarray(X).requires_grad_()) == call(X)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.histogram(x, bins=3),
        lambda x: np.histogram2d(x[0], x[1]),
        lambda x: np.savetxt("x", x),
    ],
)
def test_functions_that_would_lose_a_gradient_are_refused(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TypeError, match="requires one; use detach|requires a gradient"):
        call(tl.asarray(X).requires_grad_())


def parts(result):
    return result if isinstance(result, tuple) else (result,)


def test_gradients_flow_through_numpys_functions():
    x = tl.asarray(X).requires_grad_()
    np.sum(np.exp(np.concatenate((x, X))) * 2).backward()
    np.testing.assert_allclose(x.grad, 2 * np.exp(X))


def test_saving_is_numpys(tmp_path):
    np.save(tmp_path / "x.npy", tl.asarray(X))
    assert np.load(tmp_path / "x.npy").tolist() == X.tolist()


def test_ufuncs_are_ours(same):
    x = tl.asarray(X)
    same(np.exp(x), np.exp(X))
    same(np.add(X, x), X + X)
    same(X + x, X + X)
    same(X @ x.T, X @ X.T)
    same(np.float32(2) * x, X * 2)
    same(np.divmod(x, 2), np.divmod(X, 2))
    same(np.add.reduce(x, axis=1), np.add.reduce(X, axis=1))
    same(np.multiply.accumulate(x, axis=1), np.multiply.accumulate(X, axis=1))
    same(np.subtract.outer(x[0], X), np.subtract.outer(X[0], X))
    same(np.maximum(x, 2, where=X > 1, out=tl.zeros((2, 3))), np.where(X > 1, np.maximum(X, 2), 0))
    y = x.requires_grad_()
    np.multiply(y, X).sum().backward()
    assert x.grad.tolist() == X.tolist()


def test_ufuncs_of_scipy_keep_a_gradient(same):
    x = tl.asarray(X)
    same(scipy.special.gamma(x), scipy.special.gamma(X))
    y = tl.asarray([0.5, 1.0]).requires_grad_()
    scipy.special.erf(y).sum().backward()
    np.testing.assert_allclose(y.grad, 2 / np.sqrt(np.pi) * np.exp(-np.square([0.5, 1.0])))


def test_methods_of_ufuncs(same):
    x = tl.asarray(X)
    same(np.add.reduceat(x, [0, 2], axis=1), np.add.reduceat(X, [0, 2], axis=1))
    expected = X.copy()
    np.add.at(x, (0, [0, 0]), 1)
    np.add.at(expected, (0, [0, 0]), 1)
    same(x, expected)


def test_out_of_methods_of_ufuncs(same):
    out = tl.zeros(2)
    assert np.add.reduce(X, axis=1, out=out) is out
    same(out, X.sum(axis=1))
    array = np.zeros((2, 3))
    assert np.multiply.accumulate(tl.asarray(X), axis=1, out=array) is array
    np.testing.assert_array_equal(array, np.multiply.accumulate(X, axis=1))


def test_a_ufunc_of_nobody_known():
    x = tl.asarray([0.5, 2.0])
    squared = np.frompyfunc(lambda v: v * v, 1, 1)
    assert list(squared(x)) == [0.25, 4]
    with pytest.raises(TypeError, match="square.*requires|requires one; use detach"):
        squared(x.requires_grad_())


def test_ufuncs_that_share_a_name_are_not_confused():
    x = tl.asarray([0.5, 2.0])
    assert scipy.special.log1p is not np.log1p
    np.testing.assert_allclose(scipy.special.log1p(x), np.log1p([0.5, 2.0]))


def test_out_of_ndarrays(same):
    out = np.zeros((2, 3))
    assert np.exp(tl.asarray(X), out=out) is out
    np.testing.assert_array_equal(out, np.exp(X))
    assert np.add(X, tl.asarray(X), out) is out
    np.testing.assert_array_equal(out, X + X)
    total = np.zeros(3)
    assert np.sum(tl.asarray(X), axis=0, out=total) is total
    np.testing.assert_array_equal(total, X.sum(axis=0))
    out = X.copy()
    out += tl.ones(3)
    np.testing.assert_array_equal(out, X + 1)
    parts = np.zeros((2, 3)), np.zeros((2, 3))
    assert np.modf(tl.asarray(X) / 2, out=parts)[0] is parts[0]
    np.testing.assert_array_equal(parts[1], X // 2)


def test_out_of_ndarrays_would_lose_a_gradient():
    x = tl.asarray(X).requires_grad_()
    out = np.zeros((2, 3))
    for call in (np.exp, np.negative):
        with pytest.raises(TypeError, match="gradient"):
            call(x, out=out)
    with pytest.raises(TypeError, match="gradient"):
        np.concatenate((x, X), out=np.zeros((4, 3)))
    assert not out.any()
    with tl.no_grad():
        np.exp(x, out=out)
    np.testing.assert_array_equal(out, np.exp(X))


def test_writing_into_an_ndarray():
    array = np.zeros(3)
    np.copyto(array, tl.arange(3))
    np.put(array, tl.asarray([0]), 7)
    np.putmask(array, tl.asarray([False, True, False]), 8)
    assert array.tolist() == [7, 8, 2]
    x = tl.zeros(2)
    np.copyto(x, [1, 2])
    assert x.tolist() == [1, 2]


def test_tensor_as_out_of_numpys_functions():
    out = tl.zeros(3)
    assert np.percentile(tl.asarray(X), 50, axis=0, out=out) is out
    np.testing.assert_allclose(out, np.percentile(X, 50, axis=0))


def test_other_types_answer_themselves():
    class Answers:
        def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
            return "mine"

        def __array_function__(self, function, types, args, kwargs):
            return "mine"

    assert np.add(tl.ones(2), Answers()) == "mine"
    assert np.concatenate((tl.ones(2), Answers())) == "mine"
