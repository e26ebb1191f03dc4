"""Every distribution of both generators: NumPy's numbers, from numbers, arrays and Tensors."""

import inspect

import numpy as np
import pytest

import tensorlib as tl
from tensorlib.random._distributions import TABLE
from tensorlib.testing import assert_array_equal

PAIRS = [
    pytest.param(tl.random.default_rng, np.random.default_rng, id="Generator"),
    pytest.param(tl.random.RandomState, np.random.RandomState, id="RandomState"),
]
# name -> arguments that are allowed
ARGUMENTS = {
    "beta": (2.0, 0.5),
    "binomial": (10, 0.3),
    "chisquare": (3.0,),
    "exponential": (2.0,),
    "f": (4.0, 9.0),
    "gamma": (2.0, 3.0),
    "geometric": (0.25,),
    "gumbel": (1.0, 2.0),
    "hypergeometric": (7, 5, 4),
    "laplace": (1.0, 2.0),
    "logistic": (1.0, 2.0),
    "lognormal": (1.0, 0.5),
    "logseries": (0.5,),
    "negative_binomial": (3.0, 0.5),
    "noncentral_chisquare": (3.0, 1.5),
    "noncentral_f": (4.0, 9.0, 1.5),
    "normal": (1.0, 2.0),
    "pareto": (3.0,),
    "poisson": (4.0,),
    "power": (2.0,),
    "rayleigh": (2.0,),
    "standard_cauchy": (),
    "standard_t": (5.0,),
    "triangular": (0.0, 1.0, 4.0),
    "uniform": (-1.0, 1.0),
    "vonmises": (0.5, 2.0),
    "wald": (2.0, 3.0),
    "weibull": (1.5,),
    "zipf": (3.0,),
}


def assert_same(ours, theirs):
    assert isinstance(ours, tl.Tensor)
    assert not ours.requires_grad
    assert ours.dtype == np.asarray(theirs).dtype
    assert_array_equal(ours, theirs)


def test_all_of_the_table_are_tested():
    assert sorted(ARGUMENTS) == sorted(row[0] for row in TABLE)


@pytest.mark.parametrize("ours, theirs", PAIRS)
@pytest.mark.parametrize("size", [None, (), 4, (2, 3), (0, 2)])
@pytest.mark.parametrize("name", ARGUMENTS)
def test_of_numbers(name, size, ours, theirs):
    arguments = ARGUMENTS[name]
    drawn, expected = ours(7), theirs(7)
    assert_same(
        getattr(drawn, name)(*arguments, size=size), getattr(expected, name)(*arguments, size=size)
    )
    # Both went on to the same place.
    assert_same(drawn.random(), expected.random())


@pytest.mark.parametrize("ours, theirs", PAIRS)
@pytest.mark.parametrize("size", [None, (2, 3)])
@pytest.mark.parametrize("name", [name for name in ARGUMENTS if ARGUMENTS[name]])
def test_of_arrays(name, size, ours, theirs):
    """The first parameter of shape (2, 1) against the others of shape (3,)."""
    first, *others = (np.asarray(value) for value in ARGUMENTS[name])
    arrays = [np.stack([first, first])[:, None], *(np.stack([x] * 3) for x in others)]
    expected = getattr(theirs(7), name)(*arrays, size=size)
    for make in (tl.asarray, np.asarray, np.ndarray.tolist):
        assert_same(getattr(ours(7), name)(*map(make, arrays), size=size), expected)
    # In steps through memory, and each number as a 0-d Tensor.
    views = [tl.asarray(np.repeat(x, 2, axis=-1))[..., ::2] for x in arrays]
    assert_same(getattr(ours(7), name)(*views, size=size), expected)
    scalars = [tl.asarray(value) for value in ARGUMENTS[name]]
    expected = getattr(theirs(7), name)(*ARGUMENTS[name], size=size)
    assert_same(getattr(ours(7), name)(*scalars, size=size), expected)


@pytest.mark.parametrize("name", [name for name in ARGUMENTS if ARGUMENTS[name]])
def test_a_gradient_is_not_lost_in_silence(name):
    parameters = [tl.asarray(float(value)) for value in ARGUMENTS[name]]
    parameters[0].requires_grad = True
    with pytest.raises(TypeError, match=rf"^{name}: .*detach\(\)"):
        getattr(tl.random.default_rng(7), name)(*parameters)


@pytest.mark.parametrize("ours, theirs", PAIRS)
@pytest.mark.parametrize(
    "name, arguments",
    [
        ("dirichlet", ([1.0, 2.0, 3.0],)),
        ("multinomial", (20, [0.2, 0.3, 0.5])),
        ("multivariate_normal", ([0.0, 1.0], [[2.0, 1.0], [1.0, 2.0]])),
        ("standard_gamma", ([1.0, 20.0, 0.5],)),
    ],
)
@pytest.mark.parametrize("size", [None, (), (2, 3)])
def test_vectors(name, arguments, size, ours, theirs):
    if name == "standard_gamma" and size == ():
        size = 3
    expected = getattr(theirs(7), name)(*arguments, size=size)
    assert_same(getattr(ours(7), name)(*arguments, size=size), expected)
    tensors = [tl.asarray(x) if isinstance(x, list) else x for x in arguments]
    assert_same(getattr(ours(7), name)(*tensors, size=size), expected)


@pytest.mark.parametrize("method", ["svd", "eigh", "cholesky"])
def test_multivariate_normal_methods(method):
    cov = np.array([[2.0, 1.0], [1.0, 2.0]])
    assert_same(
        tl.random.default_rng(7).multivariate_normal([0, 1], tl.asarray(cov), 4, method=method),
        np.random.default_rng(7).multivariate_normal([0, 1], cov, 4, method=method),
    )
    with pytest.raises(ValueError, match="not symmetric positive-semidefinite"):
        tl.random.default_rng(7).multivariate_normal([0, 1], -cov, check_valid="raise")


@pytest.mark.parametrize("method", ["marginals", "count"])
@pytest.mark.parametrize("size", [None, 4, (2, 3)])
def test_multivariate_hypergeometric(method, size):
    expected = np.random.default_rng(7).multivariate_hypergeometric([5, 3, 2], 4, size, method)
    for colors in ([5, 3, 2], tl.asarray([5, 3, 2])):
        drawn = tl.random.default_rng(7).multivariate_hypergeometric(colors, 4, size, method)
        assert_same(drawn, expected)


@pytest.mark.parametrize(
    "ours, theirs",
    [
        (tl.random.Generator, np.random.Generator),
        (tl.random.RandomState, np.random.RandomState),
        (tl.random.BitGenerator, np.random.BitGenerator),
        (tl.random.SeedSequence, np.random.SeedSequence),
        (tl.random.Philox, np.random.Philox),
    ],
)
def test_signatures(ours, theirs):
    assert issubclass(ours, theirs)
    assert inspect.signature(ours) == inspect.signature(theirs)
    for name in dir(theirs):
        if not name.startswith("_") and callable(getattr(theirs, name)):
            expected = inspect.signature(getattr(theirs, name))
            assert inspect.signature(getattr(ours, name)) == expected, name


def test_documentation():
    for row in TABLE:
        method = getattr(tl.random.Generator, row[0])
        assert method.__name__ == row[0]
        described = method.__doc__.partition("Parameters")[2].partition("Returns")[0]
        for parameter in list(inspect.signature(method).parameters)[1:]:
            assert parameter in described, (row[0], parameter)


HOSTILE = [2**62, 2**70, -1, (2**40, 2**40), (2**31,) * 8, (1,) * 65, (3, -1)]


@pytest.mark.parametrize("size", HOSTILE, ids=str)
@pytest.mark.parametrize("ours, theirs", PAIRS)
def test_hostile_sizes(size, ours, theirs):
    generator = ours(7)
    for name, arguments in (
        *ARGUMENTS.items(),
        ("random", ()),
        ("standard_normal", ()),
        ("standard_exponential", ()),
        ("standard_gamma", (1.0,)),
        ("dirichlet", ([1.0, 2.0],)),
        ("multinomial", (3, [0.5, 0.5])),
        ("choice", (5,)),
    ):
        with pytest.raises((ValueError, MemoryError, OverflowError)):
            getattr(generator, name)(*arguments, size=size)
    assert_same(generator.random(), theirs(7).random())  # nothing was drawn


@pytest.mark.parametrize("call", [
    lambda g: g.permutation(2**62),
    lambda g: g.choice(2**62, 2**61, replace=False),
    lambda g: g.bytes(2**62),
    lambda g: g.multivariate_hypergeometric([2**62, 2**61], 5, method="count"),
    lambda g: g.hypergeometric(2**62, 5, 3),
    lambda g: g.bit_generator.random_raw(2**62),
])  # fmt: skip
def test_hostile_numbers(call):
    with pytest.raises((ValueError, MemoryError, OverflowError)):
        call(tl.random.default_rng(7))


@pytest.mark.parametrize("shape", [(3, 2), (3,), (2, 4)])
def test_permuted_into_another_shape(shape):
    with pytest.raises(ValueError, match="permuted: out must have the same shape as x"):
        tl.random.default_rng(7).permuted(tl.ones((2, 3)), out=tl.zeros(shape))
