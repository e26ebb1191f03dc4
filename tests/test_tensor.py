"""The Tensor itself: what it says of itself, how Python sees it, its views and its layouts."""

import copy
import gc
import pickle
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layouts import (
    ALL_DTYPES,
    BFLOAT16,
    DTYPES,
    LAYOUTS,
    array_of,
    assert_identical,
    examples,
    random_array,
    shapes,
)

import tensorlib as tl


@st.composite
def arrays(draw, dtypes=ALL_DTYPES, shape=shapes):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    array = random_array(rng, draw(st.sampled_from(dtypes)), draw(shape))
    return draw(st.sampled_from(LAYOUTS))(array)


# attributes


@examples(60)
@given(arrays())
def test_attributes(a):
    x = tl.asarray(a)
    for name in ("shape", "strides", "ndim", "size", "itemsize", "nbytes", "dtype"):
        assert getattr(x, name) == getattr(a, name), name
    assert x.device == "cpu"
    for flag in ("C_CONTIGUOUS", "F_CONTIGUOUS", "WRITEABLE", "ALIGNED"):
        assert x.flags[flag] == a.flags[flag], flag
    assert x.T.shape == a.T.shape
    assert (x.requires_grad, x.grad, x.grad_fn, x.is_leaf) == (False, None, None, True)
    assert x.tolist() == a.tolist() or a.dtype.kind not in "biu"
    assert x.tobytes() == a.tobytes()


@pytest.mark.parametrize("name", ["strides", "ndim", "size", "device", "T", "is_leaf", "grad_fn"])
def test_attributes_cannot_be_set(name):
    with pytest.raises(AttributeError):
        setattr(tl.ones(2), name, getattr(tl.zeros(3), name))


def test_attributes_that_do_not_exist():
    with pytest.raises(AttributeError):
        tl.ones(2).colour = 1
    with pytest.raises(AttributeError):
        tl.ones(2).colour  # noqa: B018


def test_matrix_transpose():
    a = np.arange(24).reshape(2, 3, 4)
    assert_identical(tl.asarray(a).mT, a.mT)
    with pytest.raises(ValueError, match="^mT: "):
        tl.ones(3).mT  # noqa: B018


def test_broadcast_views_are_not_written():
    x = tl.ones(3)
    view = tl.broadcast_to(x, (2, 3))
    for write in (
        lambda: view.__setitem__(0, 5.0),
        lambda: view.fill(5.0),
        lambda: view.__iadd__(1.0),
        lambda: tl.exp(tl.ones((2, 3)), out=view),
    ):
        with pytest.raises(ValueError, match="read-only"):
            write()
    assert x.tolist() == [1, 1, 1]


def test_flat():
    a = np.arange(6).reshape(2, 3).T
    assert list(tl.asarray(a).flat) == list(a.flat)


# text


@examples(80)
@given(arrays(DTYPES))
def test_repr_is_numpys(a):
    """NumPy's text for an array of a class named tensor."""
    named = a.view(type("tensor", (np.ndarray,), {}))
    assert repr(tl.asarray(a)) == repr(named)
    assert str(tl.asarray(a)) == str(a)


def test_repr_of_special_cases():
    assert repr(tl.asarray(3.5)) == "tensor(3.5)"
    assert repr(tl.ones(2).requires_grad_()) == "tensor([1., 1.], requires_grad=True)"
    assert repr(tl.asarray(np.ones(1, BFLOAT16))) == "tensor([1], dtype=bfloat16)"
    long = repr(tl.arange(10_000))
    assert "..." in long and len(long) < 200
    with np.printoptions(precision=2):
        assert repr(tl.asarray([1.23456])) == "tensor([1.23])"


def test_format():
    assert f"{tl.asarray(2.0):.3f}" == "2.000"
    assert f"{tl.asarray(7)}" == "7"
    assert f"{tl.arange(2)}" == "[0 1]"
    with pytest.raises(TypeError):
        f"{tl.arange(2):.3f}"


# as a scalar of Python


@pytest.mark.parametrize("dtype", ALL_DTYPES, ids=str)
def test_item(dtype):
    a = random_array(np.random.default_rng(0), dtype, (2, 3), hard=0)
    for layout in LAYOUTS:
        b = layout(a)
        x = tl.asarray(b)
        for i in (0, 5, -1, -6):
            assert x.item(i) == b.item(i) and type(x.item(i)) is type(b.item(i))
        assert x.item(1, -1) == x.item((1, -1)) == b.item(1, -1)
        assert x[0, 0].item() == b[0, 0].item() == x[:1, :1].item()
    for bad in [(), (1, 1, 1)]:
        with pytest.raises(ValueError, match="^item: "):
            tl.asarray(a).item(*bad)
    for bad in [(6,), (-7,), (2, 0), (0, 3), (0, -4)]:
        with pytest.raises(IndexError):
            tl.asarray(a).item(*bad)
    for bad in [("x",), (1.0,), (None,)]:
        with pytest.raises(TypeError):
            tl.asarray(a).item(*bad)


def test_item_of_an_empty_tensor():
    with pytest.raises(ValueError):
        tl.ones(0).item()
    with pytest.raises(IndexError):
        tl.ones((0, 3)).item(0)


@pytest.mark.parametrize("value", [0, 1, 2.5, -0.0, True, 3 + 4j, float("nan")])
@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_conversions(value, shape):
    x, a = tl.full(shape, value), np.full((), value)
    assert bool(x) is bool(a)
    if a.dtype.kind == "c":
        assert complex(x) == value
        for kind in (int, float):
            with pytest.raises(TypeError):
                kind(x)
        return
    np.testing.assert_equal(float(x), float(a))
    if value == value:
        assert int(x) == int(a)
        assert complex(x) == complex(a)
    else:
        with pytest.raises(ValueError):
            int(x)


@pytest.mark.parametrize("shape", [(0,), (2,), (2, 2)])
def test_conversions_of_more_or_less_than_one_element(shape):
    x = tl.ones(shape)
    with pytest.raises(ValueError, match="ambiguous"):
        bool(x)
    for kind in (int, float, complex):
        with pytest.raises(TypeError, match=kind.__name__):
            kind(x)


def test_index():
    x = tl.asarray(2)
    assert [10, 20, 30][x] == 30
    assert list(range(tl.asarray(3, dtype="uint8"))) == [0, 1, 2]
    for bad in (tl.asarray(2.0), tl.asarray([2]), tl.asarray(True)):
        with pytest.raises(TypeError):
            [10, 20, 30][bad]


def test_length_iteration_and_membership():
    a = np.arange(6).reshape(3, 2)
    x = tl.asarray(a)
    assert len(x) == 3
    assert [row.tolist() for row in x] == a.tolist()
    row = next(iter(x))
    row[0] = 9
    assert a[0, 0] == 9
    first, *rest = x
    assert len(rest) == 2 and first.shape == (2,)
    assert 9 in x and 100 not in x
    assert list(reversed(tl.arange(3))) == [2, 1, 0]
    for function in (len, iter, list):
        with pytest.raises(TypeError, match="0-d"):
            function(tl.asarray(1))


def test_equality_is_elementwise_and_hash_is_identity():
    x, y = tl.ones(2), tl.ones(2)
    assert (x == y).tolist() == [True, True]
    assert len({x, y, x}) == 2
    assert {x: 1}[x] == 1
    assert not np.any(x == "text") and np.all(x != "text")


def test_deleting_elements():
    with pytest.raises((ValueError, TypeError)):
        del tl.ones(3)[0]


def test_the_constructor_copies():
    a = np.arange(3.0)
    x = tl.Tensor(a)
    x[0] = 9
    assert a[0] == 0 and x.tolist() == [9, 1, 2]
    assert tl.Tensor([1, 2], dtype="f").dtype == np.float32
    with pytest.raises(TypeError, match="^Tensor: "):
        tl.Tensor()
    with pytest.raises(TypeError, match="^Tensor: "):
        x.__init__([1.0])
    assert x.tolist() == [9, 1, 2]


# copies and pickles


@pytest.mark.parametrize("dtype", ALL_DTYPES, ids=str)
@pytest.mark.parametrize(
    "clone", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x)), tl.Tensor.copy]
)
def test_copies(clone, dtype):
    for layout in LAYOUTS:
        a = layout(random_array(np.random.default_rng(1), dtype, (2, 3)))
        x = tl.asarray(a)
        other = clone(x)
        assert type(other) is tl.Tensor and other is not x
        assert_identical(other, a)
        assert not np.shares_memory(array_of(other), a)


def test_copies_of_tensors_that_require_gradients():
    x = tl.ones(2).requires_grad_()
    x.grad = tl.full(2, 5.0)
    deep = copy.deepcopy({"a": x, "b": x})
    assert deep["a"] is deep["b"] and deep["a"].requires_grad and deep["a"].is_leaf
    assert pickle.loads(pickle.dumps(x)).requires_grad
    shallow = copy.copy(x)
    assert shallow.requires_grad and not shallow.is_leaf  # as x.copy(), part of the graph
    with pytest.raises(RuntimeError, match="^deepcopy: "):
        copy.deepcopy(x * 2)


# views


def test_base():
    x = tl.arange(6)
    assert x.base is None
    assert x[1:].base is x
    assert x[1:][1:].base is x
    assert x.reshape(2, 3).T[0].base is x
    assert x.copy().base is None


@examples(60)
@given(arrays(DTYPES, st.sampled_from([(4,), (3, 4), (2, 3, 4)])), st.data())
def test_writes_through_views(a, data):
    """The same views of the same views, written in NumPy and here, leave the same memory."""
    a = np.array(a)
    x, b = tl.array(a), a
    y = x
    for _ in range(data.draw(st.integers(1, 3))):
        if b.ndim == 0:
            break
        change = data.draw(st.sampled_from(["slice", "transpose", "reshape", "axis", "integer"]))
        if change == "slice":
            step = data.draw(st.sampled_from([1, 2, -1]))
            y, b = y[::step], b[::step]
        elif change == "transpose":
            y, b = y.T, b.T
        elif change == "axis":
            y, b = y[:, None] if b.ndim else y, b[:, None]
        elif change == "integer" and b.shape[0]:
            y, b = y[-1, ...], b[-1, ...]
        elif change == "reshape" and b.flags.c_contiguous:
            y, b = y.reshape(-1), b.reshape(-1)
    value = random_array(np.random.default_rng(2), a.dtype, ())
    y[...] = value
    b[...] = value
    assert_identical(x, a)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_filling(dtype):
    x, a = tl.zeros((3, 4), dtype=dtype), np.zeros((3, 4), dtype)
    x[:, ::2].fill(1)
    a[:, ::2].fill(1)
    assert_identical(x, a)


def test_overlapping_writes():
    """As if the right side had been copied first."""
    for source, target in [
        (slice(0, 5), slice(1, 6)),
        (slice(1, 6), slice(0, 5)),
        (slice(None, None, -1), slice(None)),
        (slice(0, 4, 2), slice(1, 3)),
    ]:
        a = np.arange(6)
        x = tl.array(a)
        x[target] = x[source]
        a[target] = a[source].copy()
        assert_identical(x, a)
        a, x = np.arange(6), tl.arange(6)
        x[target] += x[source]
        a[target] += a[source].copy()
        assert_identical(x, a)
    a = np.arange(9).reshape(3, 3)
    x = tl.array(a)
    x[...] = x.T
    assert_identical(x, a.T)
    x += x.T
    assert_identical(x, a + a.T)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_writes_cast_as_numpys(dtype):
    for value in [1, 1.0, np.float32(2.0), np.int8(3), True]:
        x, a = tl.zeros(3, dtype=dtype), np.zeros(3, dtype)
        x[1] = value
        a[1] = value
        x[2:] = tl.asarray([value])
        a[2:] = np.asarray([value])
        assert_identical(x, a)


def test_read_only_tensors_are_not_written():
    a = np.arange(3.0)
    a.flags.writeable = False
    x = tl.asarray(a)

    def in_place(x):
        x += 1

    def masked(x):
        x[x > 0] = 5.0

    for write in (
        lambda x: x.__setitem__(0, 1.0),
        lambda x: x[1:].__setitem__(0, 1.0),
        lambda x: x.__setitem__([0], 1.0),
        lambda x: x.fill(1.0),
        lambda x: x.sort(),
        lambda x: tl.exp(x, out=x),
        lambda x: tl.cumsum(x, out=x),
        in_place,
        masked,
    ):
        with pytest.raises(ValueError, match="read-only"):
            write(x)
    assert a.tolist() == [0, 1, 2]
    assert not x.flags.writeable and x.copy().flags.writeable


def test_in_place_operators_keep_the_dtype():
    x = tl.ones(3, dtype="f")
    same = x
    x += np.ones(3)
    assert x is same and x.dtype == np.float32
    integers = tl.ones(3, dtype=int)
    with pytest.raises(TypeError, match="^add: "):
        integers += 0.5
    with pytest.raises(TypeError, match="^divide: "):
        integers /= 2
    with pytest.raises(ValueError, match="^add: "):
        integers += tl.ones((2, 3), dtype=int)
    assert integers.tolist() == [1, 1, 1]


def test_a_view_keeps_its_storage():
    view = tl.arange(5.0)[3:]
    gc.collect()
    tl.ones(5)
    assert view.tolist() == [3, 4]


def test_as_strided_sees_the_whole_storage():
    x = tl.arange(6)
    assert tl.as_strided(x[2:], (3,), (8,)).tolist() == [2, 3, 4]
    assert tl.as_strided(x[2:], (3,), (8,), 0).tolist() == [0, 1, 2]
    assert tl.as_strided(x[2:], (3,), (-8,), 40).tolist() == [5, 4, 3]
    view = tl.as_strided(x, (2, 2), (8, 8))
    view[0, 0] = 10
    assert x[0] == 10


def test_64_dimensions_and_not_more():
    x = tl.ones(())[(None,) * 64]
    assert x.ndim == 64 and (x + x).sum() == 2
    assert x.T.reshape(-1).shape == (1,)
    with pytest.raises(IndexError):
        x[None]
    with pytest.raises(ValueError):
        tl.ones((1,) * 65)
    with pytest.raises(ValueError):
        tl.add.outer(x, tl.ones(2))
    with pytest.raises(ValueError):
        x.reshape((1,) * 65)


# memory layout of results


@examples(60)
@given(st.permutations(range(3)), st.sampled_from([1, -1, 2]), st.sampled_from(["f", "d", "i"]))
def test_results_keep_the_layout_of_their_input(axes, step, dtype):
    """NumPy's order K."""
    a = np.arange(4 * 3 * 8).astype(dtype).reshape(4, 3, 8).transpose(axes)[::step]
    x = tl.asarray(a)
    for name in ("negative", "square", "sqrt", "empty_like"):
        assert getattr(tl, name)(x).strides == getattr(np, name)(a).strides, name
    assert (x + x).strides == (a + a).strides
    assert (x + 1).strides == (a + 1).strides
    assert x.astype("D").strides == a.astype("D").strides
    assert x.copy("K").strides == a.copy("K").strides
    assert x.copy().strides == a.copy().strides


def test_layout_of_results_of_several_inputs():
    c, f = np.ones((3, 4)), np.asfortranarray(np.ones((3, 4)))
    for pair in [(c, c), (f, f), (f, f[:1]), (f, 2.0)]:
        ours = [tl.asarray(p) if isinstance(p, np.ndarray) else p for p in pair]
        assert tl.add(*ours).strides == np.add(*pair).strides


@pytest.mark.parametrize("order", ["C", "F"])
def test_orders_of_creation(order):
    for function in (tl.zeros, tl.ones, tl.empty):
        assert function((2, 3, 4), order=order).strides == np.zeros((2, 3, 4), order=order).strides
    assert tl.full((2, 3), 7, order=order).flags[f"{order}_CONTIGUOUS"]


# methods are functions


METHODS = [
    "all any argmax argmin argsort astype clip copy cumprod cumsum diagonal dot flatten max mean "
    "min nonzero prod ravel repeat reshape round searchsorted squeeze std sum swapaxes take trace "
    "transpose var item tolist tobytes fill sort conj conjugate choose compress put"
][0].split()


@pytest.mark.parametrize("name", METHODS)
def test_every_method_of_numpy(name):
    assert callable(getattr(tl.Tensor, name))


def test_methods_against_numpy():
    a = np.array([[3.0, -1.0, 2.5], [0.5, 4.0, -2.0]])
    x = tl.asarray(a)
    calls = [
        ("sum", (0,), {}),
        ("mean", (), {"axis": 1, "keepdims": True}),
        ("std", (), {"ddof": 1}),
        ("var", (0,), {}),
        ("argmax", (1,), {}),
        ("clip", (-1, 2), {}),
        ("round", (), {}),
        ("take", ([0, 2],), {"axis": 1}),
        ("repeat", (2,), {"axis": 0}),
        ("swapaxes", (0, 1), {}),
        ("reshape", (3, 2), {}),
        ("reshape", ((3, -1),), {}),
        ("transpose", (1, 0), {}),
        ("transpose", ((1, 0),), {}),
        ("cumsum", (1,), {}),
        ("flatten", ("F",), {}),
        ("ravel", (), {}),
        ("astype", (np.int16,), {}),
        ("diagonal", (), {}),
        ("trace", (), {}),
        ("argsort", (), {"axis": 0}),
        ("dot", (np.ones(3),), {}),
    ]
    for name, args, kwargs in calls:
        ours = getattr(x, name)(*args, **kwargs)
        theirs = np.asarray(getattr(a, name)(*args, **kwargs))
        np.testing.assert_allclose(array_of(ours), theirs, rtol=1e-15)
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape), name
    y = x.copy()
    y.sort(axis=0)
    np.testing.assert_array_equal(array_of(y), np.sort(a, axis=0))


def test_no_references_are_lost():
    """Calls that succeed and calls that fail leave their arguments' counts as they were."""
    x, index, shape = tl.ones((2, 3)), slice(0, 1), (3, 2)
    arguments = [x, index, shape, x.dtype]
    tl.ones(shape) + x.T
    before = list(map(sys.getrefcount, arguments))
    for _ in range(50):
        x.reshape(shape)
        x[index]
        x + 1
        np.asarray(x)
        x.astype(x.dtype)
        for bad in (lambda: x + tl.ones(7), lambda: x[5], lambda: x.reshape(5), lambda: x @ x):
            with pytest.raises((ValueError, IndexError)):
                bad()
    assert list(map(sys.getrefcount, arguments)) == before
