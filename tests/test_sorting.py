import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layouts import LAYOUTS, array_of, examples, outcome, random_array
from numpy.exceptions import AxisError

import tensorlib as tl
from tensorlib.testing import check_grads

CUBE = np.arange(24.0).reshape(2, 3, 4) * 7 % 11


@st.composite
def arrays(draw):
    dtype = np.dtype(draw(st.sampled_from("?bHiqefdFD")))
    shape = tuple(draw(st.lists(st.integers(1, 6), min_size=1, max_size=3)))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    return draw(st.sampled_from(LAYOUTS))(random_array(rng, dtype, shape))


@examples(150)
@given(arrays(), st.data())
def test_partition(a, data):
    axis = data.draw(st.sampled_from([None, -1, *range(a.ndim)]))
    length = a.size if axis is None else a.shape[axis]
    places = st.integers(-length, length - 1)
    kth = data.draw(st.one_of(places, st.lists(places, min_size=1, max_size=3)))
    expected = np.partition(a, kth, axis)
    values = tl.partition(tl.asarray(a), kth, axis)
    order = tl.argpartition(tl.asarray(a), kth, axis)
    assert values.dtype == a.dtype
    assert order.dtype == np.int64
    np.testing.assert_array_equal(array_of(values), expected)
    np.testing.assert_array_equal(array_of(order), np.argpartition(a, kth, axis))


def test_partition_of_bfloat16():
    x = tl.asarray([3.0, 1.0, 2.0], dtype=tl.bfloat16)
    assert tl.partition(x, 1).dtype == x.dtype
    assert tl.partition(x, 1).tolist() == [1, 2, 3]
    assert tl.argpartition(x, 1).tolist() == [1, 2, 0]


@pytest.mark.parametrize(
    "error, args",
    [
        (ValueError, ([1, 2, 3], 3)),
        (ValueError, ([1, 2, 3], [0, -4])),
        (ValueError, ([1, 2, 3], True)),
        (TypeError, ([1, 2, 3], 1.0)),
        (AxisError, ([1, 2, 3], 1, 2)),
        (ValueError, ([1, 2, 3], 1, -1, "quick")),
        (ValueError, ([1, 2, 3], 1, -1, "introselect", "field")),
    ],
)
@pytest.mark.parametrize("name", ["partition", "argpartition"])
def test_errors_of_partition(name, error, args):
    assert isinstance(outcome(getattr(np, name), *args), error)
    with pytest.raises(error, match=f"^{name}: " if error is not AxisError else None):
        getattr(tl, name)(*args)


def test_partition_of_scalars():
    assert tl.argpartition(5, 0).tolist() == [0]
    with pytest.raises(AxisError):
        tl.partition(5, 0)
    assert tl.partition(5, 0, None).tolist() == [5]


def test_methods():
    x = tl.asarray(CUBE.copy())
    expected = np.partition(CUBE, 1, 0)
    assert x.argpartition(1, 0).tolist() == np.argpartition(CUBE, 1, 0).tolist()
    assert x.partition(1, 0) is None
    np.testing.assert_array_equal(array_of(x), expected)


@pytest.mark.parametrize(
    "args",
    [
        (([1, 2, 1], [3, 3, 0]),),
        ([[1, 2, 1], [3, 3, 0]],),
        (np.array([[1, 2, 1], [3, 3, 0]]),),
        ((CUBE[0], CUBE[1]), 0),
        ((CUBE[0], CUBE[1] % 2 == 0), -1),
        ((np.array(3), np.array(2)),),
        (([], []),),
        ((np.array([1.0, np.nan, 0]),),),
    ],
)
def test_lexsort(compare, args):
    compare("lexsort", *args)


@pytest.mark.parametrize(
    "error, args",
    [
        (TypeError, ((),)),
        (TypeError, (3,)),
        (ValueError, (([1, 2], [1]),)),
        (AxisError, (([1, 2], [1, 2]), 1)),
    ],
)
def test_errors_of_lexsort(error, args):
    assert isinstance(outcome(np.lexsort, *args), error)
    with pytest.raises(error):
        tl.lexsort(*args)


@pytest.mark.parametrize("letter", "?bBhHiIqQefdFD")
def test_sort_complex(compare, letter):
    compare("sort_complex", np.array([[3, 0, 1], [2, 1, 2]], letter))
    compare("sort_complex", np.array([3, 0, 1], letter)[::-1])


def test_orders_of_tracked_tensors_have_no_gradient():
    x = tl.asarray([3.0, 1.0, 2.0]).requires_grad_()
    assert tl.argpartition(x, 1).tolist() == [1, 2, 0]
    assert tl.lexsort((x, x)).tolist() == [1, 2, 0]


@pytest.mark.parametrize("kth, axis", [(1, -1), ([0, 2], 0), (5, None)])
def test_gradients_of_partition(kth, axis):
    x = np.random.default_rng(3).normal(size=(4, 3))
    check_grads(lambda x: tl.partition(x, kth, axis), [x])
    np.testing.assert_array_equal(
        array_of(tl.partition(tl.asarray(x).requires_grad_(), kth, axis)),
        np.partition(x, kth, axis),
    )


def test_gradients_of_sort_complex():
    x = np.random.default_rng(3).normal(size=(2, 5))
    check_grads(tl.sort_complex, [x])
    check_grads(tl.sort_complex, [x + 1j * x[::-1]])
