"""Random numbers: that they are NumPy's, as Tensors."""

import numpy as np
import pytest

import tensorlib as tl
from tensorlib.testing import assert_array_equal

A = np.arange(12.0).reshape(3, 4)


@pytest.mark.parametrize(
    "draw",
    [
        lambda g: g.random(),
        lambda g: g.random(5),
        lambda g: g.random((2, 3), dtype="float32"),
        lambda g: g.random((0, 3)),
        lambda g: g.standard_normal((2, 3)),
        lambda g: g.standard_normal(4, dtype=np.float32),
        lambda g: g.normal(),
        lambda g: g.normal(1.0, 2.0, (2, 3)),
        lambda g: g.normal([0.0, 10.0], 0.5),
        lambda g: g.uniform(-1.0, 1.0, size=3),
        lambda g: g.uniform([0.0, 1.0], [1.0, 5.0]),
        lambda g: g.integers(10),
        lambda g: g.integers(-3, 3, (4, 5), dtype="int8"),
        lambda g: g.integers(0, 1, 20, endpoint=True),
        lambda g: g.integers(2, size=6, dtype=bool),
        lambda g: g.permutation(7),
        lambda g: g.permutation(A),
        lambda g: g.permutation(A, axis=1),
        lambda g: g.choice(5),
        lambda g: g.choice(5, (2, 3)),
        lambda g: g.choice(A, 2, replace=False, axis=1),
        lambda g: g.choice(3, 10, p=[0.1, 0.2, 0.7]),
    ],
)
def test_numbers_and_dtypes_are_numpys(draw):
    ours, theirs = draw(tl.random.default_rng(7)), draw(np.random.default_rng(7))
    assert isinstance(ours, tl.Tensor)
    assert ours.dtype == np.asarray(theirs).dtype
    assert_array_equal(ours, theirs)


def test_tensors_as_arguments():
    a = tl.asarray(A)
    for draw in (
        lambda g, a: g.normal(a, a + 1),
        lambda g, a: g.uniform(a, a + 1),
        lambda g, a: g.permutation(a),
        lambda g, a: g.choice(a[0], 3),
    ):
        assert_array_equal(draw(tl.random.default_rng(7), a), draw(np.random.default_rng(7), A))


def test_shuffle():
    x, expected = tl.asarray(A.copy()), A.copy()
    tl.random.default_rng(7).shuffle(x, axis=1)
    np.random.default_rng(7).shuffle(expected, axis=1)
    assert_array_equal(x, expected)
    view = x[:, ::-1]
    tl.random.default_rng(8).shuffle(view)
    np.random.default_rng(8).shuffle(expected[:, ::-1])
    assert_array_equal(x, expected)
    with pytest.raises(TypeError, match="shuffle: expected a Tensor, got list"):
        tl.random.default_rng(7).shuffle([1, 2])


@pytest.mark.parametrize("kind", [np.random.MT19937, np.random.Philox, np.random.SFC64])
def test_other_bit_generators(kind):
    generator = tl.random.Generator(kind(3))
    assert_array_equal(generator.random(4), np.random.Generator(kind(3)).random(4))
    assert isinstance(generator.bit_generator, kind)
    assert repr(generator) == f"Generator({kind.__name__})"


def test_seeds_of_many_kinds():
    expected = np.random.default_rng(5).random()
    for seed in (5, np.random.SeedSequence(5), np.random.PCG64(5), np.random.default_rng(5)):
        assert tl.random.default_rng(seed).random().item() == expected
    generator = tl.random.default_rng(5)
    assert tl.random.default_rng(generator) is generator
    assert tl.random.default_rng().random().item() != tl.random.default_rng().random().item()


def test_the_state_can_be_restored():
    generator = tl.random.default_rng(5)
    state = generator.bit_generator.state
    first = generator.random(3)
    generator.bit_generator.state = state
    assert_array_equal(generator.random(3), first)


def test_manual_seed_restarts_the_default_generator():
    default = tl.random.default_generator()
    assert tl.manual_seed(11) is default is tl.random.default_generator()
    assert_array_equal(default.random(3), np.random.default_rng(11).random(3))
    assert tl.random.manual_seed is tl.manual_seed


def test_refused_seeds_leave_the_stream():
    default = tl.manual_seed(11)
    with pytest.raises(
        ValueError, match="manual_seed: expected a seed that is not negative, got -"
    ):
        tl.manual_seed(-1)
    with pytest.raises(TypeError, match="manual_seed: expected an integer, got float"):
        tl.manual_seed(1.5)
    assert_array_equal(default.random(3), np.random.default_rng(11).random(3))


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda g: g.random(3, dtype="float16"), TypeError, "random: expected dtype float32 or fl"),
        (lambda g: g.standard_normal(3, dtype=int), TypeError, "standard_normal: .* got int64"),
        (lambda g: g.random(-1), ValueError, "negative"),
        (lambda g: g.normal(0.0, -1.0), ValueError, "scale"),
        (lambda g: g.integers(5, 5), ValueError, "low"),
        (lambda g: g.integers(300, dtype="uint8"), ValueError, "high"),
        (lambda g: g.choice(2, 3, replace=False), ValueError, "larger sample"),
        (lambda g: tl.random.Generator(5), TypeError, "Generator: expected a numpy.random.BitGen"),
    ],
)
def test_refused(call, error, text):
    with pytest.raises(error, match=text):
        call(tl.random.default_rng(0))
