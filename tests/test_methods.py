import inspect

import numpy as np
import pytest

import tensorlib as tl

X = np.array([[3.25, -1.5, 2.0], [0.0, 7.75, -4.0]])

CALLS = [
    ("choose", ([[1, 2], [3, 4]],), {"mode": "wrap"}, np.array([0, 1])),
    ("clip", (0,), {}, X),
    ("clip", (-1, 2), {}, X),
    ("clip", (), {"max": 2}, X),
    ("compress", ([False, True], 0), {}, X),
    ("conj", (), {}, X + 1j),
    ("conjugate", (), {}, X),
    ("diagonal", (1,), {}, X),
    ("dot", (X.T,), {}, X),
    ("flatten", ("F",), {}, X),
    ("mean", (0,), {"keepdims": True}, X),
    ("nonzero", (), {}, X),
    ("ravel", (), {"order": "F"}, X),
    ("repeat", (2,), {"axis": 1}, X),
    ("round", (1,), {}, X),
    ("searchsorted", ([2, 3],), {"side": "right"}, np.array([1, 2, 4])),
    ("squeeze", (), {}, X[None]),
    ("std", (), {"axis": 1, "ddof": 1}, X),
    ("swapaxes", (0, 1), {}, X),
    ("take", ([0, 2], 1), {}, X),
    ("trace", (), {}, X),
    ("var", (1,), {}, X),
]


@pytest.mark.parametrize("name, args, kwargs, array", CALLS)
def test_like_ndarrays(same, name, args, kwargs, array):
    expected = getattr(array, name)(*args, **kwargs)
    same(getattr(tl.asarray(array), name)(*args, **kwargs), expected)


def test_sort_and_put_change_the_tensor():
    x = tl.asarray(X.copy())
    assert x.sort() is None
    assert x.tolist() == np.sort(X).tolist()
    assert x.sort(axis=0) is None
    assert x.tolist() == np.sort(np.sort(X), axis=0).tolist()
    assert x.put([0, -1], 9) is None
    assert x[0, 0] == 9 and x[1, 2] == 9


def test_gradients_flow_through_sort_in_place():
    x = tl.asarray([3.0, 1.0, 2.0]).requires_grad_()
    y = x * 1
    y.sort()
    (y * tl.asarray([1.0, 10.0, 100.0])).sum().backward()
    assert x.grad.tolist() == [100, 1, 10]


def test_parts():
    x = tl.asarray(X + 1j)
    assert x.real.tolist() == X.tolist()
    assert (x.imag == 1).all()


def test_bad_input():
    with pytest.raises(TypeError, match="indices"):
        tl.ones(2).take([0.5])
    with pytest.raises(ValueError, match="kind"):
        tl.ones(2).sort(kind="fast")
    with pytest.raises(TypeError, match="sort: .* axis .* None"):
        tl.ones(2).sort(axis=None)
    with pytest.raises(TypeError, match="partition: .* axis .* None"):
        tl.ones(2).partition(1, axis=None)


def test_choose_takes_arrays_one_by_one():
    index = tl.asarray([0, 1])
    assert index.choose([1, 2], [3, 4]).tolist() == [1, 4]
    assert index.choose(([1, 2], [3, 4])).tolist() == [1, 4]


def test_conjugates():
    real, complex_, out = tl.ones(2), tl.asarray([1j, 2.0]), tl.zeros(2, dtype=complex)
    assert real.conj() is real and real.conjugate() is real
    assert complex_.conj(out) is out
    assert out.tolist() == [-1j, 2]


@pytest.mark.parametrize(
    "name",
    [
        "argpartition", "clip", "compress", "conj", "conjugate", "diagonal", "dot", "dump", "dumps",
        "flatten", "mean", "nonzero", "partition", "put", "ravel", "repeat", "round",
        "searchsorted", "sort", "squeeze", "std", "swapaxes", "take", "tofile", "trace", "var",
        "byteswap", "__array_wrap__",
    ],
)  # fmt: skip
def test_signatures(name):
    theirs = inspect.signature(getattr(np.ndarray, name)).parameters
    ours = inspect.signature(getattr(tl.Tensor, name)).parameters
    assert ours["self"].kind is inspect.Parameter.POSITIONAL_ONLY
    if name not in ("conj", "conjugate", "dot"):  # NumPy's do not show what they take
        defaults = [(parameter.name, parameter.default) for parameter in theirs.values()]
        assert [(parameter.name, parameter.default) for parameter in ours.values()] == defaults


def test_keywords_that_numpy_takes():
    x = tl.asarray([3.0, 1.0, 2.0])
    assert x.dot(b=x) == 14
    assert x.take(indices=[1]) == 1
    assert x.repeat(repeats=2).shape == (6,)
    assert x.compress(condition=[True]) == 3
    x.put(indices=[0], values=0)
    x.partition(kth=1)
    assert x.searchsorted(v=1) == 1
    assert x.argpartition(kth=1).shape == (3,)


def test_to_device():
    x = tl.arange(3)
    assert x.to_device("cpu") is x
    with pytest.raises(ValueError, match="stream argument"):
        x.to_device("cpu", stream=1)
    with pytest.raises(ValueError, match="'moon'"):
        x.to_device("moon")
