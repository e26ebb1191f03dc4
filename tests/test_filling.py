import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layouts import LAYOUTS, array_of, examples, outcome

import tensorlib as tl
from tensorlib.testing import check_grads

SQUARE = np.arange(9).reshape(3, 3)


@pytest.mark.parametrize("shape", [(2, 5), 7, (), (0, 3), (2, 1, 2), np.int64(3), [2, 2]])
@pytest.mark.parametrize("a", [SQUARE, SQUARE.T * 0.5, 3, np.zeros((0, 2), np.int8)])
def test_resize(compare, a, shape):
    compare("resize", a, shape)


def test_errors_of_resize():
    for shape, error in [(-1, ValueError), ((2, -1), ValueError), (2.5, TypeError)]:
        with pytest.raises(error, match="^resize: "):
            tl.resize([1, 2], shape)
    for shape in (2**61, (2**40, 2**40)):
        with pytest.raises((ValueError, MemoryError, OverflowError)):
            tl.resize([1, 2], shape)


@examples(80)
@given(
    st.sampled_from(LAYOUTS[:-1]),
    st.lists(st.booleans(), min_size=9, max_size=9),
    st.lists(st.integers(-9, 9), min_size=1, max_size=11),
    st.sampled_from("qhfD"),
)
def test_place(layout, mask, values, letter):
    ours, expected = (layout(SQUARE.astype(letter)) for _ in range(2))
    tl.place(tl.asarray(ours), mask, values)
    np.place(expected, mask, values)
    np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize(
    "args", [([1, 0], [5]), (SQUARE > 3, []), ((SQUARE > 3)[:2], [1]), (SQUARE > 3, ["a"])]
)
def test_errors_of_place(args):
    expected = outcome(np.place, SQUARE.copy(), *args)
    x = tl.asarray(SQUARE.copy())
    with pytest.raises((ValueError, TypeError)) as raised:
        tl.place(x, *args)
    assert raised.type is type(expected) or args[1] == ["a"]
    np.testing.assert_array_equal(array_of(x), SQUARE)


@examples(120)
@given(
    st.sampled_from([(3, 3), (5, 3), (7, 2), (3, 5), (2, 2, 2), (1, 1, 1, 1), (0, 3), (3, 0)]),
    st.sampled_from(LAYOUTS[:-1]),
    st.sampled_from([1, [1, 2], [], list(range(9)), np.arange(4).reshape(2, 2), 2.5]),
    st.booleans(),
)
def test_fill_diagonal(shape, layout, values, wrap):
    ours, expected = (layout(np.zeros(shape)) for _ in range(2))
    tl.fill_diagonal(tl.asarray(ours), values, wrap)
    np.fill_diagonal(expected, values, wrap)
    np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize("shape", [(3,), (2, 3, 2), ()])
def test_errors_of_fill_diagonal(shape):
    assert isinstance(outcome(np.fill_diagonal, np.zeros(shape), 1), ValueError)
    with pytest.raises(ValueError, match="^fill_diagonal: "):
        tl.fill_diagonal(tl.zeros(shape), 1)


@pytest.mark.parametrize("call", [lambda: tl.place([1], [1], [2]), lambda: tl.fill_diagonal([], 1)])
def test_only_tensors_are_written_to(call):
    with pytest.raises(TypeError, match="expected a Tensor"):
        call()


def test_gradients():
    x = np.arange(1.0, 7).reshape(2, 3)

    def written(write):
        def function(x, v):
            y = x * 1
            write(y, v)
            return y * y

        return function

    check_grads(lambda x: tl.resize(x, (3, 5)) ** 2, [x])
    check_grads(lambda x: tl.resize(x, 4) ** 2, [x])
    mask = [[True, False, True], [True, True, False]]
    check_grads(written(lambda y, v: tl.place(y, mask, v)), [x, np.array([2.0, 3.0, 4.0])])
    check_grads(written(lambda y, v: tl.fill_diagonal(y, v)), [x, np.array([2.0])])
    check_grads(
        written(lambda y, v: tl.fill_diagonal(y, v, True)), [x.T.copy(), np.array([2.0, 3])]
    )


def test_ndarrays_are_written_to():
    a = np.zeros((2, 2))
    tl.fill_diagonal(a, tl.asarray([1, 2]))
    tl.place(a, a == 0, tl.asarray([7.0]))
    assert a.tolist() == [[1, 7], [7, 2]]
