import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layouts import LAYOUTS, array_of, examples, outcome
from numpy.exceptions import AxisError

import tensorlib as tl
from tensorlib.testing import check_grads

CUBE = np.arange(24.0).reshape(2, 3, 4)


def identical(function, *args, same):
    """The same call with ndarrays and with tensors."""
    expected = function(np, *args)
    tensors = [tl.asarray(a) if isinstance(a, np.ndarray) else a for a in args]
    same(function(tl, *tensors), expected)


# apply_along_axis, apply_over_axes


@examples(60)
@given(
    st.sampled_from(LAYOUTS),
    st.integers(-3, 2),
    st.sampled_from(
        [
            lambda row: row[0] + row[-1],
            lambda row: row[::-1],
            lambda row: row[:, None] * row,
            lambda row: [1, 2.5],
            lambda row: bool(row[0] > 3),
            lambda row: 3,
        ]
    ),
)
def test_apply_along_axis(same, layout, axis, function):
    identical(lambda xp, a: xp.apply_along_axis(function, axis, a), layout(CUBE), same=same)


def test_apply_along_axis_hands_arguments_on(same):
    def scaled(row, factor, shift=0):
        return row * factor + shift

    a = CUBE.astype(np.float32)
    identical(lambda xp, a: xp.apply_along_axis(scaled, 1, a, 2, shift=1), a, same=same)


def test_the_first_result_decides_the_dtype(same):
    def mixed(row):
        return 1 if row[0] < 1 else 2.7

    identical(lambda xp, a: xp.apply_along_axis(mixed, 0, a), CUBE, same=same)


@pytest.mark.parametrize(
    "args, error",
    [((0, np.zeros((3, 0))), ValueError), ((2, np.ones(3)), AxisError), ((0, 5.0), AxisError)],
)
def test_errors_of_apply_along_axis(args, error):
    assert isinstance(outcome(np.apply_along_axis, np.sum, *args), error)
    with pytest.raises(error):
        tl.apply_along_axis(tl.sum, *args)


@pytest.mark.parametrize("axes", [0, (0, 2), [-1, 0], (), 1])
def test_apply_over_axes(same, axes):
    identical(lambda xp, a: xp.apply_over_axes(xp.sum, a, axes), CUBE, same=same)
    identical(lambda xp, a: xp.apply_over_axes(xp.sort, a, axes), -CUBE, same=same)


def test_apply_over_axes_needs_an_axis():
    with pytest.raises(ValueError, match="^apply_over_axes: "):
        tl.apply_over_axes(lambda a, axis: a[0, 0], CUBE, 0)


# piecewise

X = np.linspace(-2.5, 2.5, 6)
PIECES = [
    (X, [X < 0, X >= 0], [-1, 1]),
    (X, [X < 0, X >= 0], [lambda x: -x, lambda x: x]),
    (X, [X < 0], [lambda x: -x, lambda x: 10 * x]),
    (X, X < 0, [1, 2]),
    (X, [X < 0, X > -1, X > 2], [1, 2, 3]),
    (X.reshape(2, 3), [X.reshape(2, 3) > 0], [lambda x: x**2]),
    (np.arange(4), [[True, False, True, False]], [1.9]),
    (np.arange(4), [True, False, True, False], [5]),
    (3, [True, False], [1, 2]),
    (np.array(3.0), [np.array(False), np.array(True)], [1, lambda x: x + 1]),
    (-2, True, [lambda x: -x]),
    (5, [False], [lambda x: -x, 9]),
    (np.zeros(0), [np.zeros(0, bool)], [lambda x: x + 1]),
]


def tensors(value):
    if isinstance(value, list):
        return [tensors(v) for v in value]
    return tl.asarray(value) if isinstance(value, np.ndarray) else value


@pytest.mark.parametrize("args", PIECES)
def test_piecewise(same, args):
    same(tl.piecewise(*map(tensors, args)), np.piecewise(*args))


def test_piecewise_hands_arguments_on(same):
    def linear(x, a, b=0):
        return a * x + b

    same(tl.piecewise(X, [X > 0], [linear], 2, b=1), np.piecewise(X, [X > 0], [linear], 2, b=1))


@pytest.mark.parametrize("functions", [[], [1, 2, 3]])
def test_errors_of_piecewise(functions):
    with pytest.raises(ValueError, match="^piecewise: "):
        tl.piecewise(X, [X > 0], functions)


# vectorize


def difference(a, b=1):
    """The larger minus the smaller."""
    return a - b if a > b else b - a


@pytest.mark.parametrize(
    "call",
    [
        lambda xp, a: xp.vectorize(difference)(a, 2),
        lambda xp, a: xp.vectorize(difference)(a),
        lambda xp, a: xp.vectorize(difference)(a, b=a[0]),
        lambda xp, a: xp.vectorize(difference, otypes=[np.float32])(a, 2),
        lambda xp, a: xp.vectorize(difference, otypes="d", cache=True)(a, a[:, :1]),
        lambda xp, a: xp.vectorize(lambda x: (x, 2 * x))(a),
        lambda xp, a: xp.vectorize(lambda x, p: sum(p) + x, excluded={1})(a, [1, 2]),
        lambda xp, a: xp.vectorize(lambda x, p: sum(p) + x, excluded={"p"})(a, p=[1, 2]),
        lambda xp, a: xp.vectorize(lambda r: r[0] + r[1], signature="(n)->()")(a),
        lambda xp, a: xp.vectorize(lambda r, s: (r + s, r[0]), signature="(n),()->(n),()")(a, 2),
        lambda xp, a: xp.vectorize(lambda r: xp.ones(3), signature="(n)->(k)")(a),
        lambda xp, a: xp.vectorize(lambda m: m.T, otypes=[int], signature="(m, n)->(n, m)")(a),
        lambda xp, a: xp.vectorize(lambda r, s: r @ s, signature="(n),(n)->()")(a, a[:1]),
        lambda xp, a: xp.vectorize(abs, otypes=[float])(a[:0]),
        lambda xp, a: xp.vectorize(abs, otypes="f", signature="(n)->(n)")(a[:0]),
        lambda xp, a: xp.vectorize(str)(a[0]),
    ],
)
def test_vectorize(same, call):
    a = np.array([[1, 5], [2, 0]])
    expected = call(np, a)
    actual = call(tl, tl.asarray(a))
    if isinstance(expected, np.ndarray) and expected.dtype.kind == "U":
        assert actual.tolist() == expected.tolist()
    else:
        same(actual, expected)


def test_vectorize_as_decorator():
    @tl.vectorize
    def doubled(x):
        """Twice."""
        return 2 * x

    @tl.vectorize(otypes=[float], doc="Three times.")
    def tripled(x):
        return 3 * x

    assert doubled([1, 2]).tolist() == [2, 4]
    assert (doubled.__name__, doubled.__doc__) == ("doubled", "Twice.")
    assert tripled([1, 2]).dtype == np.float64
    assert tripled.__doc__ == "Three times."
    assert isinstance(doubled, np.vectorize)


@pytest.mark.parametrize(
    "call",
    [
        lambda xp: xp.vectorize(5),
        lambda xp: xp.vectorize(abs, otypes="?!"),
        lambda xp: xp.vectorize(abs, otypes=3),
        lambda xp: xp.vectorize(abs, signature="n->"),
        lambda xp: xp.vectorize(abs)([]),
        lambda xp: xp.vectorize(abs, signature="(n)->(n)")(np.zeros((0, 2))),
        lambda xp: xp.vectorize(abs, otypes="d", signature="(n)->(m)")(np.zeros((0, 2))),
        lambda xp: xp.vectorize(abs, signature="(n)->(n)")(1, 2),
        lambda xp: xp.vectorize(abs, signature="(n)->(n)")(1),
        lambda xp: xp.vectorize(lambda a, b: a, signature="(n),(n)->(n)")([1, 2], [1, 2, 3]),
        lambda xp: xp.vectorize(lambda a: (a, a), signature="(n)->(n)")([1, 2]),
        lambda xp: xp.vectorize(lambda a: a[:1], signature="(n)->(n)")([1, 2]),
        lambda xp: xp.vectorize(lambda a, b: a)([1, 2], [1, 2, 3]),
    ],
)
def test_errors_of_vectorize(call):
    expected = outcome(call, np)
    assert isinstance(expected, Exception)
    with pytest.raises(type(expected)):
        call(tl)


# functions of objects


def test_frompyfunc_gives_arrays_of_objects():
    function = tl.frompyfunc(lambda a, b: f"{a}{b}", 2, 1)
    made = function(tl.asarray([1, 2]), 5)
    assert made.dtype == object
    assert made.tolist() == ["15", "25"]


def test_iterable():
    assert tl.iterable(tl.ones(2))
    assert not tl.iterable(tl.ones(()))
    assert not tl.isscalar(tl.ones(()))
    assert tl.isscalar(2.0)


# gradients


def test_gradients():
    x = np.array([[0.5, -1.5], [2.0, 0.75], [-0.25, 3.0]])
    check_grads(lambda x: tl.apply_along_axis(lambda r: r * r[0], 0, x), [x])
    check_grads(lambda x: tl.apply_along_axis(lambda r: tl.prod(r), 1, x), [x])
    check_grads(lambda x: tl.apply_over_axes(lambda a, k: tl.sum(a**2, k), x, (0, 1)), [x])
    check_grads(lambda x: tl.piecewise(x, [x < 0, x > 1], [lambda v: v**2, lambda v: 1 / v]), [x])
    check_grads(tl.vectorize(lambda a, b: a * b if a > 0 else b**3), [x, x[:, :1] + 4])
    check_grads(tl.vectorize(lambda r: (r * r[0], r[1]), signature="(n)->(n),()"), [x])


def test_gradients_with_other_arguments():
    x = tl.asarray([1.0, 2.0]).requires_grad_()
    power = tl.vectorize(lambda x, p, shift=0: x ** p[0] + shift, excluded={1})
    made = power(x, [3], shift=[[1.0], [2.0]])
    np.testing.assert_array_equal(array_of(made), [[2, 9], [3, 10]])
    made.sum().backward()
    np.testing.assert_allclose(array_of(x.grad), [6, 24])
