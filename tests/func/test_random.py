"""Random numbers inside of vmap: what the examples get, by `randomness`."""

import numpy as np
import pytest
from func_cases import close, stacked

import tensorlib as tl
from tensorlib import random
from tensorlib.func import grad, jvp, vmap
from tensorlib.nn import functional as F

X = tl.asarray(np.arange(1.0, 13.0).reshape(4, 3))
K = tl.asarray([1.0, 2.0, 3.0, 4.0])


def shuffled(g, x, k):
    y = x * 1
    g.shuffle(y)
    return y


def into_out(g, x, k):
    y = tl.zeros(3)
    g.random(out=y)
    return y + x


# name -> (the draw, whether it depends on the elements of the batch)
DRAWS = {
    "random": (lambda g, x, k: g.random(3) + x, False),
    "one number": (lambda g, x, k: g.random() + x, False),
    "normal": (lambda g, x, k: g.normal(size=(2,)) + k, False),
    "standard_normal": (lambda g, x, k: g.standard_normal((2, 3)) * x, False),
    "standard_exponential": (lambda g, x, k: g.standard_exponential(3) * x, False),
    "normal around": (lambda g, x, k: g.normal(k, 1.0, size=3) + x, True),
    "normal around each": (lambda g, x, k: g.normal(x, 1.0), True),
    "gamma": (lambda g, x, k: g.standard_gamma(k, size=2), True),
    "gamma of each": (lambda g, x, k: g.standard_gamma(x), True),
    "dirichlet": (lambda g, x, k: g.dirichlet(x), True),
    "permutation": (lambda g, x, k: g.permutation(x), False),
    "permutation of numbers": (lambda g, x, k: g.permutation(5) + k, False),
    "choice": (lambda g, x, k: g.choice(x, 2), False),
    "choice with chances": (lambda g, x, k: g.choice(3, 2, p=x / x.sum()) + k, True),
    "shuffle": (shuffled, False),
}
NEW = {
    "float32": (lambda g, x, k: g.random((2, 3), dtype="float32") + x, False),
    "integers": (lambda g, x, k: g.integers(5, size=3) + x, False),
    "permuted": (lambda g, x, k: g.permuted(x), False),
    "out": (into_out, False),
}
CASES = [(name, make) for name in DRAWS for make in (random.default_rng, random.RandomState)]
CASES += [(name, random.default_rng) for name in NEW]


@pytest.mark.parametrize(("name", "make"), CASES)
def test_draws(name, make):
    draw, depends = (DRAWS | NEW)[name]

    def run(randomness):
        g = make(5)
        return vmap(lambda x, k: draw(g, x, k), randomness=randomness)(X, K)

    g = make(5)
    close(run("different"), stacked([draw(g, X[i], K[i]) for i in range(4)]))
    with pytest.raises(RuntimeError, match="randomness='different' or 'same' says"):
        run("error")
    if depends:
        with pytest.raises(RuntimeError, match="expected random numbers that do not depend"):
            run("same")
    else:
        close(run("same"), stacked([draw(make(5), X[i], K[i]) for i in range(4)]))


def test_gamma_distribution():
    def draw(shape):
        tl.manual_seed(1)
        return tl.distributions.Gamma(shape, 1.0).rsample()

    shape = (X[0] / 2).requires_grad_()  # below 1 and above, which are drawn differently
    draw(shape).sum().backward()
    close(jvp(draw, (X[0] / 2,), (tl.ones(3),))[1], shape.grad)
    tl.manual_seed(1)
    found = vmap(lambda x: tl.distributions.Gamma(x, 1.0).rsample(), randomness="different")(X)
    assert found.shape == X.shape and (found > 0).all()


def test_global_functions():
    random.seed(3)
    found = vmap(lambda x: x + random.rand(3), randomness="different")(X)
    random.seed(3)
    close(found, X.numpy() + random.rand(4, 3).numpy())


def test_dropout():
    ones = tl.ones((6, 50))
    tl.manual_seed(0)
    different = vmap(F.dropout, randomness="different")(ones)
    same = vmap(F.dropout, randomness="same")(ones)
    assert set(different.reshape(-1).tolist()) == {0.0, 2.0}
    assert len({tuple(row) for row in different.tolist()}) == 6
    assert len({tuple(row) for row in same.tolist()}) == 1
    with pytest.raises(RuntimeError, match="expected no random numbers to be drawn"):
        vmap(F.dropout)(ones)
    close(vmap(lambda x: F.dropout(x, training=False))(ones), ones)
    channels = vmap(F.dropout2d, randomness="different")(tl.ones((3, 2, 4, 5, 5)))
    assert (channels == channels[..., :1, :1]).all()


def test_nested():
    def number(x):
        return x * 0 + random.rand()

    outer = vmap(vmap(number, randomness="same"), randomness="different")(tl.ones((5, 3)))
    assert (outer == outer[:, :1]).all() and len(set(outer[:, 0].tolist())) == 5
    inner = vmap(vmap(number, randomness="different"), randomness="same")(tl.ones((5, 3)))
    assert (inner == inner[:1]).all() and len(set(inner[0].tolist())) == 3
    both = vmap(vmap(number, randomness="different"), randomness="different")(tl.ones((5, 3)))
    assert len(set(both.reshape(-1).tolist())) == 15


def test_other_transforms_leave_numbers_alone():
    def noisy(x):
        return (x * random.default_rng(1).random(3)).sum()

    noise = random.default_rng(1).random(3).numpy()
    close(grad(noisy)(X[0]), noise)
    close(jvp(noisy, (X[0],), (X[1],))[1], noise @ X[1].numpy())
    found = vmap(grad(lambda x: (x * random.rand(3)).sum()), randomness="different")(X)
    assert len(set(found.reshape(-1).tolist())) == 12
    with pytest.raises(TypeError, match="a tensor with a forward derivative would lose it"):
        jvp(lambda x: random.normal(x), (X,), (X,))
    with pytest.raises(ValueError, match="expected elements"):
        vmap(lambda k: random.normal(k), randomness="different")(K[:0])
    assert vmap(lambda k: random.default_rng(0).random(2), randomness="different")(K[:0]).shape == (
        0,
        2,
    )
