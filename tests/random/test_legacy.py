"""``RandomState`` and the functions that share one: NumPy's streams of old, apart from NumPy's."""

import copy
import pickle
import threading
import warnings

import numpy as np
import pytest

import tensorlib as tl
from tensorlib.random._global import functions
from tensorlib.testing import assert_array_equal

A = np.arange(12.0).reshape(3, 4)


def both(draw, seed=7):
    """What the functions of the two modules draw after the same seed."""
    results = []
    for module in (tl.random, np.random.RandomState()):
        module.seed(seed)
        results.append(draw(module))
    return results


@pytest.fixture(autouse=True)
def neither_stream_is_disturbed():
    numpys = np.random.get_state(legacy=False)
    default = tl.random.default_generator().bit_generator.state
    yield
    np.testing.assert_equal(np.random.get_state(legacy=False), numpys)
    assert tl.random.default_generator().bit_generator.state == default


@pytest.mark.parametrize(
    "draw",
    [
        lambda r: r.rand(),
        lambda r: r.rand(2, 3),
        lambda r: r.randn(),
        lambda r: r.randn(5),
        lambda r: r.random(4),
        lambda r: r.random_sample((2, 2)),
        lambda r: r.standard_normal(3),
        lambda r: r.standard_exponential((2, 3)),
        lambda r: r.normal(1.0, 2.0, 4),
        lambda r: r.randint(10),
        lambda r: r.randint(-3, 3, (4, 5)),
        lambda r: r.randint(0, 200, 6, dtype="uint8"),
        lambda r: r.randint(2, size=3, dtype=bool),
        lambda r: r.randint([5, 10], [7, 20]),
        lambda r: r.permutation(7),
        lambda r: r.permutation(A),
        lambda r: r.choice(5),
        lambda r: r.choice(5, (2, 3)),
        lambda r: r.choice(A[0], 2, replace=False),
        lambda r: r.choice(3, 10, p=[0.1, 0.2, 0.7]),
        lambda r: r.multivariate_normal([0, 1], [[2, 1], [1, 2]], 3),
    ],
)
def test_numbers_and_dtypes_are_numpys(draw):
    ours, theirs = both(draw)
    assert isinstance(ours, tl.Tensor)
    assert ours.dtype == np.asarray(theirs).dtype
    assert_array_equal(ours, theirs)


def test_methods_that_the_module_lacks():
    ours, theirs = tl.random.RandomState(7), np.random.RandomState(7)
    assert_array_equal(ours.tomaxint(3), theirs.tomaxint(3))
    assert ours.tomaxint().item() == theirs.tomaxint()
    assert ours.bytes(5) == theirs.bytes(5)
    for call in (tl.random.random_integers, ours.random_integers):
        with pytest.warns(DeprecationWarning):
            call(5)
    with warnings.catch_warnings(action="ignore"):
        drawn, expected = both(lambda r: r.random_integers(3, size=4))
    assert_array_equal(drawn, expected)


def test_the_functions_are_all_of_numpys():
    for name in np.random.__all__:
        assert callable(getattr(tl.random, name)), name
        assert name in tl.random.__all__
    assert tl.random.ranf is tl.random.sample is functions["random_sample"]


def test_tensors_as_arguments():
    a = tl.asarray(A)
    for draw in (
        lambda r, a: r.normal(a, a + 1),
        lambda r, a: r.permutation(a),
        lambda r, a: r.choice(a[0], 3),
        lambda r, a: r.choice(4, 3, p=a[0] / a[0].sum()),
        lambda r, a: r.standard_gamma(a),
    ):
        ours, theirs = tl.random.RandomState(7), np.random.RandomState(7)
        assert_array_equal(draw(ours, a), draw(theirs, A))
    for seed in (tl.asarray(5), tl.asarray([5, 6])):
        expected = np.random.RandomState(np.asarray(seed)).rand()
        assert tl.random.RandomState(seed).rand().item() == expected


def test_shuffle():
    expected = A.copy()
    np.random.RandomState(7).shuffle(expected)
    for make in (np.array, tl.array, np.ndarray.tolist):
        x = make(A)
        tl.random.RandomState(7).shuffle(x)
        assert_array_equal(np.asarray(x), expected)
    x, expected = tl.arange(9), np.arange(9)
    tl.random.RandomState(7).shuffle(x[::2])
    np.random.RandomState(7).shuffle(expected[::2])
    assert_array_equal(x, expected)


def test_what_is_moved_keeps_its_gradient():
    x = tl.arange(5.0)
    x.requires_grad = True
    order = np.random.RandomState(7).permutation(5)
    (tl.random.RandomState(7).permutation(x) * tl.arange(5.0)).sum().backward()
    assert_array_equal(x.grad, np.argsort(order).astype(float))
    x.grad = None
    tl.random.RandomState(7).choice(x, 8).sum().backward()
    assert_array_equal(x.grad, np.bincount(np.random.RandomState(7).choice(5, 8), minlength=5))


def test_states():
    state = tl.random.RandomState(7)
    state.randn()  # keeps the other half of a pair
    for legacy in (True, False):
        saved = state.get_state(legacy)
        other, numpys = tl.random.RandomState(), np.random.RandomState()
        other.set_state(saved)
        numpys.set_state(saved)
        expected = numpys.randn(3)
        assert_array_equal(other.randn(3), expected)
        assert_array_equal(copy.deepcopy(state).randn(3), expected)
        assert_array_equal(pickle.loads(pickle.dumps(state)).randn(3), expected)
    other.set_state(saved := state.get_state()[:3])
    numpys.set_state(saved)
    assert_array_equal(other.randn(3), numpys.randn(3))


@pytest.mark.parametrize(
    "change, error",
    [
        (lambda s: None, TypeError),
        (lambda s: s[:2], ValueError),
        (lambda s: s[:4], ValueError),
        (lambda s: ("PCG64", *s[1:]), ValueError),
        (lambda s: (s[0], s[1][:-1], *s[2:]), ValueError),
        (lambda s: (*s[:2], 625, *s[3:]), ValueError),
        (lambda s: (*s[:2], -1, *s[3:]), ValueError),
        (lambda s: (*s[:3], 2, s[4]), ValueError),
        (lambda s: (*s[:3], 0.5, s[4]), TypeError),
        (lambda s: (*s[:4], "a"), ValueError),
        (lambda s: (*s[:4], None), TypeError),
        (lambda s: {}, ValueError),
        (lambda s: {"bit_generator": "MT19937", "state": {"key": s[1]}}, ValueError),
        (lambda s: {"bit_generator": "MT19937", "state": {"key": s[1], "pos": 10**6}}, ValueError),
    ],
)
def test_wrong_states_change_nothing(change, error):
    state = tl.random.RandomState(7)
    state.randn()
    before = state.get_state()
    with pytest.raises(error):
        state.set_state(change(before))
    assert repr(state.get_state()) == repr(before)


@pytest.mark.parametrize(
    "seed, error",
    [(-1, ValueError), (2**32, ValueError), ([], ValueError), (1.5, TypeError), ([-1], ValueError),
     (tl.asarray([2**40]), ValueError)],
)  # fmt: skip
def test_refused_seeds(seed, error):
    state = tl.random.RandomState(7)
    with pytest.raises(error):
        tl.random.RandomState(seed)
    with pytest.raises(error):
        state.seed(seed)
    assert state.rand().item() == np.random.RandomState(7).rand()


def test_another_bit_generator():
    state, expected = (m.RandomState(m.PCG64(3)) for m in (tl.random, np.random))
    assert str(state) == "RandomState(PCG64)"
    assert_array_equal(state.randn(3), expected.randn(3))
    for made in (copy.deepcopy(state), pickle.loads(pickle.dumps(state))):
        assert_array_equal(made.randn(3), copy.deepcopy(expected).randn(3))
    with pytest.raises(TypeError, match="MT19937"):
        state.seed(3)
    old = tl.random.get_bit_generator()
    try:
        tl.random.set_bit_generator(tl.random.PCG64(3))
        assert_array_equal(tl.random.randn(3), np.random.RandomState(np.random.PCG64(3)).randn(3))
        tl.random.seed(3)
        assert_array_equal(tl.random.randn(3), np.random.RandomState(np.random.PCG64(3)).randn(3))
        with pytest.raises(TypeError, match="set_bit_generator: expected a BitGenerator, got int"):
            tl.random.set_bit_generator(3)
    finally:
        tl.random.set_bit_generator(old)


def test_threads_share_a_stream():
    tl.random.seed(7)
    drawn = []

    def draw():
        drawn.extend(tl.random.rand(1000).tolist())

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(drawn) == sorted(np.random.RandomState(7).rand(4000).tolist())
