"""Random numbers: that they are NumPy's, as Tensors."""

import copy
import pickle
import subprocess
import sys

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
    array, items = A.copy(), A.tolist()
    tl.random.default_rng(7).shuffle(array, axis=1)
    np.random.default_rng(7).shuffle(expected := A.copy(), axis=1)
    assert_array_equal(array, expected)
    tl.random.default_rng(7).shuffle(items)
    np.random.default_rng(7).shuffle(expected := A.tolist())
    assert items == expected
    for shape in ((1,), (0,), (0, 3), (3, 0), (2, 3, 4)):
        x = tl.arange(np.prod(shape)).reshape(shape)
        expected, ours, theirs = np.array(x), tl.random.default_rng(7), np.random.default_rng(7)
        ours.shuffle(x, axis=-1)
        theirs.shuffle(expected, axis=-1)
        assert_array_equal(x, expected)
        assert ours.random().item() == theirs.random()
    with pytest.raises(np.exceptions.AxisError):
        tl.random.default_rng(7).shuffle(x, axis=3)
    with pytest.raises(TypeError):
        tl.random.default_rng(7).shuffle(tl.asarray(3))
    with pytest.raises(ValueError, match="read-only"):
        tl.random.default_rng(7).shuffle(tl.broadcast_to(x, (2, *x.shape)))


def tracked(x):
    x = tl.array(x)
    x.requires_grad = True
    return x


def test_what_is_moved_keeps_its_gradient():
    weights = tl.asarray(A)
    x = tracked(A)
    y = x * 2
    tl.random.default_rng(7).shuffle(y)
    (y * weights).sum().backward()
    order = np.arange(3)[:, None]
    np.random.default_rng(7).shuffle(order)
    assert_array_equal(x.grad, 2 * A[np.argsort(order[:, 0])])

    x = tracked(A)
    (tl.random.default_rng(7).permutation(x, axis=1) * weights).sum().backward()
    order = np.random.default_rng(7).permutation(4)
    assert_array_equal(x.grad, A[:, np.argsort(order)])

    x = tracked(A)
    (tl.random.default_rng(7).permuted(x, axis=1) * weights).sum().backward()
    order = np.random.default_rng(7).permuted(np.tile(np.arange(4), (3, 1)), axis=1)
    assert_array_equal(x.grad, np.take_along_axis(A, np.argsort(order), 1))

    x = tracked(A)
    tl.random.default_rng(7).choice(x, 9, axis=1).sum().backward()
    counts = np.bincount(np.random.default_rng(7).choice(4, 9), minlength=4)
    assert_array_equal(x.grad, np.tile(counts, (3, 1)).astype(float))
    for draw in (lambda g: g.choice(2, p=x[0]), lambda g: g.permuted(x, out=np.empty((3, 4)))):
        with pytest.raises(TypeError, match="detach"):
            draw(tl.random.default_rng(7))


LAYOUTS = {
    "C": A,
    "F": np.asfortranarray(A),
    "steps": np.repeat(A, 2, axis=1)[:, ::2],
    "reversed": A[::-1],
    "1-D": A[0],
    "3-D": A.reshape(2, 3, 2).transpose(1, 2, 0),
    "empty": A[:0],
    "0-D": np.array(3.0),
}


@pytest.mark.parametrize("axis", [None, 0, -1])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_permuted(layout, axis):
    x = LAYOUTS[layout]
    if x.ndim == 0:
        with pytest.raises(np.exceptions.AxisError if axis is not None else TypeError):
            tl.random.default_rng(7).permuted(tl.asarray(x), axis=axis)
        return
    expected = np.random.default_rng(7).permuted(x, axis=axis)
    assert_array_equal(tl.random.default_rng(7).permuted(tl.asarray(x), axis=axis), expected)
    assert_array_equal(tl.random.default_rng(7).permuted(x, axis=axis), expected)
    # Into an array of another layout.
    for make in (np.empty, lambda shape: np.empty(shape, order="F")):
        np.random.default_rng(7).permuted(x, axis=axis, out=(expected := make(x.shape)))
        out = tl.asarray(make(x.shape))
        assert tl.random.default_rng(7).permuted(x, axis=axis, out=out) is out
        assert_array_equal(out, expected)
        out = make(x.shape)
        assert tl.random.default_rng(7).permuted(tl.asarray(x), axis=axis, out=out) is out
        assert_array_equal(out, expected)
    with pytest.raises(ValueError, match="shape"):
        tl.random.default_rng(7).permuted(x, out=tl.zeros(7))
    with pytest.raises(TypeError, match="cast"):
        tl.random.default_rng(7).permuted(x, out=tl.zeros(x.shape, "int64"))


FILLS = {
    "random": (),
    "standard_normal": (),
    "standard_exponential": (),
    "standard_gamma": (2.5,),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FILLS)
def test_into_out(name, dtype):
    for order in "C" if name == "standard_gamma" else "CF":
        expected = np.empty((3, 4), dtype, order)
        getattr(np.random.default_rng(7), name)(*FILLS[name], dtype=dtype, out=expected)
        array = np.empty((3, 4), dtype, order)
        for out in (tl.asarray(array.copy(order)), array):
            draw = getattr(tl.random.default_rng(7), name)
            assert draw(*FILLS[name], size=(3, 4), dtype=dtype, out=out) is out
            assert_array_equal(out, expected)
    for out, error in (
        (tl.zeros((3, 8), dtype)[:, ::2], ValueError),
        (tl.broadcast_to(tl.zeros(4, dtype), (3, 4)), ValueError),
        (tl.zeros((3, 4), "float16"), TypeError),
        (tl.zeros((4, 3), dtype), ValueError),
    ):
        before = out.tolist()
        with pytest.raises(error):
            getattr(tl.random.default_rng(7), name)(*FILLS[name], size=(3, 4), dtype=dtype, out=out)
        assert out.tolist() == before


def test_standard_gamma_of_arrays():
    shapes = np.array([1.0, 20.0, 0.5])
    for size in (None, 3, (2, 3)):
        for dtype in ("float32", "float64"):
            drawn = tl.random.default_rng(7).standard_gamma(tl.asarray(shapes), size, dtype)
            expected = np.random.default_rng(7).standard_gamma(shapes, size, dtype)
            assert drawn.dtype == expected.dtype
            assert_array_equal(drawn, expected)
    with pytest.raises(ValueError):
        tl.random.default_rng(7).standard_gamma(shapes, 4)
    with pytest.raises(TypeError, match=r"standard_gamma: .*detach\(\)"):
        tl.random.default_rng(7).standard_gamma(tracked(shapes))
    inverse = tl.random.default_rng(7).standard_exponential(4, method="inv")
    assert_array_equal(inverse, np.random.default_rng(7).standard_exponential(4, method="inv"))


def test_the_tape_sees_what_is_written():
    x = tracked([1.0, 2.0])
    y = x * 3
    z = y * y
    tl.random.default_rng(7).random(out=y)
    with pytest.raises(RuntimeError):
        z.sum().backward()


def test_a_0d_tensor_is_a_number():
    five = tl.asarray(5)
    for draw in (
        lambda g, n: g.permutation(n),
        lambda g, n: g.choice(n, 3),
        lambda g, n: g.integers(n, size=n),
        lambda g, n: g.random((n, 2)),
        lambda g, n: g.normal(n, n, (2, n)),
    ):
        expected = draw(np.random.default_rng(7), 5)
        assert_array_equal(draw(tl.random.default_rng(7), five), expected)


def test_what_is_no_number_stays_numpys():
    ours, theirs = tl.random.default_rng(7), np.random.default_rng(7)
    assert ours.choice(["a", "b"], 5).tolist() == theirs.choice(["a", "b"], 5).tolist()
    assert ours.permutation(["a", "b", "c"]).tolist() == theirs.permutation(list("abc")).tolist()
    assert ours.bytes(7) == theirs.bytes(7)


def test_copies_and_children():
    generator, expected = tl.random.default_rng(7), np.random.default_rng(7)
    generator.random(3), expected.random(3)
    for made in (copy.deepcopy(generator), pickle.loads(pickle.dumps(generator))):
        assert type(made) is tl.random.Generator
        assert made.bit_generator is not generator.bit_generator
        assert_array_equal(made.random(3), copy.deepcopy(expected).random(3))
    for child, other in zip(generator.spawn(2), expected.spawn(2), strict=True):
        assert type(child) is tl.random.Generator
        assert_array_equal(child.normal(size=3), other.normal(size=3))
    with pytest.raises(ValueError):
        generator.spawn(-1)


def test_manual_seed_restarts_the_children_too():
    children = [tl.manual_seed(7).spawn(1)[0].random().item() for _ in range(2)]
    assert children == [np.random.default_rng(7).spawn(1)[0].random()] * 2


def test_scipy_takes_it_for_numpys():
    stats = pytest.importorskip("scipy.stats")
    for make, numpys in (
        (tl.random.default_rng, np.random.default_rng),
        (tl.random.RandomState, np.random.RandomState),
    ):
        drawn = stats.norm.rvs(2.0, size=3, random_state=make(7))
        assert_array_equal(drawn, stats.norm.rvs(2.0, size=3, random_state=numpys(7)))
    generator = tl.random.default_rng(7)
    assert isinstance(generator, np.random.Generator)
    assert np.random.default_rng(generator) is generator


def test_import_leaves_numpys_generators_unread():
    code = "import sys, tensorlib; sys.exit('numpy.random' in sys.modules)"
    # -P: not the sources in the current folder, which are not built
    assert subprocess.run([sys.executable, "-P", "-c", code]).returncode == 0


@pytest.mark.parametrize("kind", [np.random.MT19937, np.random.Philox, np.random.SFC64])
def test_other_bit_generators(kind):
    generator = tl.random.Generator(kind(3))
    assert_array_equal(generator.random(4), np.random.Generator(kind(3)).random(4))
    assert isinstance(generator.bit_generator, kind)
    assert str(generator) == f"Generator({kind.__name__})"


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


@pytest.mark.parametrize("seed, words", [(7, 7), (np.int64(7), 7), (5 + (6 << 64), [5, 0, 6])])
def test_manual_seed_restarts_the_functions_too(seed, words):
    tl.manual_seed(seed)
    assert tl.random.rand().item() == np.random.RandomState(words).rand()
    following = tl.random.default_generator().random()
    assert following == np.random.default_rng(int(seed)).random()


def test_seed_leaves_the_default_generator_alone():
    tl.manual_seed(7)
    tl.random.seed(1)
    assert tl.random.default_generator().random() == np.random.default_rng(7).random()


def test_refused_seeds_leave_the_streams():
    default = tl.manual_seed(11)
    with pytest.raises(
        ValueError, match="manual_seed: expected a seed that is not negative, got -"
    ):
        tl.manual_seed(-1)
    with pytest.raises(TypeError, match="manual_seed: expected an integer, got float"):
        tl.manual_seed(1.5)
    assert_array_equal(default.random(3), np.random.default_rng(11).random(3))
    assert_array_equal(tl.random.rand(3), np.random.RandomState(11).rand(3))


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
        (lambda g: tl.random.Generator(5), TypeError, "Generator: expected a BitGenerator"),
        (lambda g: tl.random.Generator(tl.random.PCG64), ValueError, "got the class PCG64"),
    ],
)
def test_refused(call, error, text):
    with pytest.raises(error, match=text):
        call(tl.random.default_rng(0))
