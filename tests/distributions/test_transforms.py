"""Transforms, and what is made of other distributions, beside PyTorch's; errors."""

import numpy as np
import pytest
from parity import array_of, compare, convert, dtypes, torch

import tensorlib as tl
from tensorlib import distributions
from tensorlib.distributions import constraints

rng = np.random.default_rng(0)
X = rng.standard_normal((2, 3))
SCALE = np.array([[0.5], [1.5]])

# The transform, from the distributions of either library, and an input.
TRANSFORMS = {
    "affine": (lambda d: d.AffineTransform(0.5, -2.0), X),
    "affine of vectors": (lambda d: d.AffineTransform(0.5, 2.0, event_dim=1), X),
    "exp": (lambda d: d.ExpTransform(), X),
    "sigmoid": (lambda d: d.SigmoidTransform(), X),
    "tanh": (lambda d: d.TanhTransform(), X),
    "softplus": (lambda d: d.SoftplusTransform(), X),
    "inverse": (lambda d: d.SigmoidTransform().inv, rng.uniform(0.1, 0.9, (2, 3))),
    "compose": (
        lambda d: d.ComposeTransform([d.AffineTransform(0.5, 2.0, 1), d.ExpTransform()]),
        X,
    ),
    "nothing": (lambda d: d.ComposeTransform([]), X),
    "identity": (lambda d: d.identity_transform, X),
    "stick breaking": (lambda d: d.StickBreakingTransform(), X),
    "stick breaking, remembered": (lambda d: d.StickBreakingTransform(cache_size=1), X),
    "reshape": (lambda d: d.ReshapeTransform((3,), (3, 1)), X),
    "independent": (lambda d: d.IndependentTransform(d.ExpTransform(), 1), X),
    "concatenated": (
        lambda d: d.CatTransform([d.ExpTransform(), d.SigmoidTransform()], -1, [1, 2]),
        X,
    ),
    "stacked": (lambda d: d.StackTransform([d.ExpTransform(), d.TanhTransform()], 0), X),
}


@dtypes
@pytest.mark.parametrize("name", TRANSFORMS)
def test_transform(name, dtype):
    make, value = TRANSFORMS[name]

    def run(module):
        def of(x):
            transform = make(module)
            y = transform(x)
            return y, transform.inv(y), transform.log_abs_det_jacobian(x, y) * 1.0

        return of

    gradients = name != "affine of vectors"  # PyTorch's derivative is a constant without gradient
    compare(run(distributions), run(torch.distributions), [value], dtype, gradients=gradients)
    ours, theirs = make(distributions), make(torch.distributions)
    assert ours.domain.event_dim == theirs.domain.event_dim
    assert ours.codomain.event_dim == theirs.codomain.event_dim
    assert ours.bijective == theirs.bijective
    if name not in (
        "stick breaking",
        "stick breaking, remembered",
        "reshape",
        "concatenated",
        "stacked",
    ):  # where PyTorch's has none
        assert ours.sign == theirs.sign
    assert ours == make(distributions)


@dtypes
def test_transforms_with_parameters(dtype):
    def affine(module):
        def of(loc, scale, x):
            transform = module.AffineTransform(loc, scale)
            y = transform(x)
            return y, transform.inv(y), transform.log_abs_det_jacobian(x, y)

        return of

    def power(module):
        def of(exponent, x):
            transform = module.PowerTransform(exponent)
            y = transform(x)
            return y, transform.inv(y), transform.log_abs_det_jacobian(x, y)

        return of

    args = X, SCALE, X + 1
    compare(affine(distributions), affine(torch.distributions), args, dtype)
    args = SCALE, np.exp(X)
    compare(power(distributions), power(torch.distributions), args, dtype)
    given = tl.asarray(SCALE)
    assert distributions.PowerTransform(given) == distributions.PowerTransform(given)
    assert distributions.PowerTransform(given) != distributions.PowerTransform(given * 2)


def transformed(module, loc, scale):
    d = module
    base = d.Normal(loc, scale)
    return d.TransformedDistribution(base, [d.TanhTransform(), d.AffineTransform(1.0, -2.0)])


VALUES = rng.uniform(-0.9, 2.9, (2, 3))


@dtypes
@pytest.mark.parametrize("ask", ["log_prob", "cdf", "icdf"])
def test_transformed_distribution(ask, dtype):
    value = rng.uniform(0.1, 0.9, (2, 3)) if ask == "icdf" else VALUES

    def run(module):
        return lambda loc, scale, x: getattr(transformed(module, loc, scale), ask)(x)

    compare(run(distributions), run(torch.distributions), (X, SCALE, value), dtype)


def test_transformed_samples():
    d = transformed(distributions, tl.asarray(X).requires_grad_(), tl.asarray(SCALE))
    assert d.has_rsample
    sample = d.rsample((4,))
    assert sample.shape == (4, 2, 3)
    assert sample.requires_grad
    assert not d.sample().requires_grad
    assert (array_of(sample) > -1).all()
    assert (array_of(sample) < 3).all()
    assert d.expand((5, 2, 3)).sample().shape == (5, 2, 3)


@dtypes
def test_transform_of_vectors(dtype):
    """Of axes that become the event's."""

    def run(d):
        def of(loc, scale, x):
            base = d.Normal(loc, scale)
            made = d.TransformedDistribution(base, d.AffineTransform(loc[0], 3.0, event_dim=1))
            assert tuple(made.batch_shape) == (2,)
            assert tuple(made.event_shape) == (3,)
            return made.log_prob(x)

        return of

    compare(run(distributions), run(torch.distributions), (X, SCALE, VALUES), dtype)


@dtypes
def test_independent(dtype):
    def run(d):
        def of(loc, scale, x):
            made = d.Independent(d.Normal(loc, scale), 1)
            assert tuple(made.batch_shape) == (2,)
            assert tuple(made.event_shape) == (3,)
            other = d.Independent(d.Normal(loc + 1, scale), 1)
            divergence = d.kl_divergence(made, other)
            return made.log_prob(x), made.entropy(), made.mean, made.variance, divergence

        return of

    compare(run(distributions), run(torch.distributions), (X, SCALE, VALUES), dtype)
    d = distributions.Independent(distributions.Normal(tl.asarray(X), 1.0), 1)
    assert d.expand((4, 2)).rsample((5,)).shape == (5, 4, 2, 3)
    assert d.support.event_dim == 1


@dtypes
def test_mixture(dtype):
    def run(d):
        def of(logits, loc, scale, x):
            made = d.MixtureSameFamily(d.Categorical(logits=logits), d.Normal(loc, scale))
            return made.log_prob(x), made.cdf(x), made.mean, made.variance

        return of

    args = rng.standard_normal((2, 3)), X, SCALE, rng.standard_normal((4, 2))
    compare(run(distributions), run(torch.distributions), args, dtype)


@dtypes
def test_mixture_of_vectors(dtype):
    def run(d):
        def of(probs, loc, scale, x):
            component = d.Independent(d.Laplace(loc, scale), 1)
            made = d.MixtureSameFamily(d.Categorical(probs), component)
            assert tuple(made.event_shape) == (3,)
            return made.log_prob(x), made.mean, made.variance

        return of

    args = np.array([0.3, 0.7]), X, SCALE, rng.standard_normal((4, 3))
    compare(run(distributions), run(torch.distributions), args, dtype)


def test_mixture_samples():
    tl.manual_seed(0)
    weights = distributions.Categorical(tl.asarray([[0.25, 0.75], [1.0, 0.0]]))
    mixture = distributions.MixtureSameFamily(weights, distributions.Normal(
        tl.asarray([[-50.0, 50.0], [7.0, 0.0]]), 1.0))  # fmt: skip
    samples = array_of(mixture.sample((4000,)))
    assert samples.shape == (4000, 2)
    assert abs((samples[:, 0] > 0).mean() - 0.75) < 0.03
    np.testing.assert_allclose(samples[:, 1].mean(), 7.0, atol=0.1)
    assert mixture.expand((3, 2)).sample((5,)).shape == (5, 3, 2)


def test_perplexity_and_repr():
    uniform = distributions.Categorical(tl.ones(4))
    np.testing.assert_allclose(uniform.perplexity().item(), 4.0)
    assert (
        repr(distributions.Normal(0.0, tl.ones(3))) == "Normal(loc: shape (3,), scale: shape (3,))"
    )
    assert repr(distributions.Poisson(2.0)) == "Poisson(rate: 2.0)"


# errors


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda d: d.Normal(0.0, -1.0), ValueError, "Normal: expected scale to be above 0, got -1"),
        (lambda d: d.Normal(np.nan, 1.0), ValueError, "Normal: expected loc to be real numbers"),
        (lambda d: d.Normal(tl.zeros(2), tl.ones(3)), ValueError, "shape"),
        (lambda d: d.Uniform(2.0, 1.0), ValueError, "Uniform: expected low to be below high"),
        (lambda d: d.Bernoulli(1.5), ValueError, "Bernoulli: expected probs to be from 0 to 1"),
        (lambda d: d.Bernoulli(), ValueError, "Bernoulli: expected exactly one of probs and logit"),
        (lambda d: d.Bernoulli(0.5, 0.5), ValueError, "expected exactly one of probs and logits"),
        (lambda d: d.Categorical(tl.asarray([-1.0, 2.0])), ValueError, "Categorical: expected pro"),
        (lambda d: d.Categorical(tl.asarray(0.5)), ValueError, r"shape \(..., K\), got \(\)"),
        (lambda d: d.Dirichlet(tl.asarray(0.5)), ValueError, r"shape \(..., K\), got \(\)"),
        (lambda d: d.Binomial(1.5, 0.5), ValueError, "Binomial: expected total_count to be whole"),
        (lambda d: d.Multinomial(1.5, tl.ones(2)), TypeError, "an int as total_count, got 1.5"),
        (
            lambda d: d.MultivariateNormal(tl.zeros(2)),
            ValueError,
            "expected exactly one of covaria",
        ),
        (
            lambda d: d.MultivariateNormal(tl.zeros(2), tl.eye(3)),
            ValueError,
            r"covariance_matrix of shape \(..., D, D\), got \(2,\) and \(3, 3\)",
        ),
        (lambda d: d.MultivariateNormal(tl.zeros(2), -tl.eye(2)), ValueError, "positive definite"),
        (
            lambda d: d.MultivariateNormal(tl.zeros(2), scale_tril=tl.ones((2, 2))),
            ValueError,
            "expected scale_tril to be lower triangular",
        ),
        (
            lambda d: d.LowRankMultivariateNormal(tl.zeros(2), tl.ones((3, 1)), tl.ones(2)),
            ValueError,
            r"got \(2,\), \(3, 1\) and \(2,\)",
        ),
        (lambda d: d.Poisson(1.0).log_prob(0.5), ValueError, "Poisson: expected value to be whole"),
        (
            lambda d: d.Exponential(1.0).log_prob(-1.0),
            ValueError,
            "expected value to be at least 0",
        ),
        (
            lambda d: d.Normal(tl.zeros(3), 1.0).log_prob(tl.zeros(2)),
            ValueError,
            r"a shape that broadcasts with \(3,\), got \(2,\)",
        ),
        (
            lambda d: d.Dirichlet(tl.ones(3)).log_prob(tl.ones((3, 1))),
            ValueError,
            r"broadcasts with \(3,\), got \(3, 1\)",
        ),
        (
            lambda d: d.Categorical(tl.ones(3)).log_prob(tl.asarray(3)),
            ValueError,
            "whole numbers from 0 to 2, got 3",
        ),
        (lambda d: d.Independent(d.Normal(0.0, 1.0), 1), ValueError, "from 0 to 0, got 1"),
        (
            lambda d: d.MixtureSameFamily(d.Normal(0.0, 1.0), d.Normal(0.0, 1.0)),
            TypeError,
            "expected a Categorical as mixture_distribution, got Normal",
        ),
        (
            lambda d: d.MixtureSameFamily(d.Categorical(tl.ones(2)), d.Normal(tl.zeros(3), 1.0)),
            ValueError,
            r"batch shape \(2,\), got \(3,\)",
        ),
        (
            lambda d: d.TransformedDistribution(d.Normal(0.0, 1.0), [abs]),
            TypeError,
            "TransformedDistribution: expected transforms",
        ),
        (
            lambda d: d.TransformedDistribution(
                d.Normal(0.0, 1.0), d.AffineTransform(0.0, 1.0, event_dim=1)
            ),
            ValueError,
            r"at least 1 axes, got shape \(\)",
        ),
        (
            lambda d: d.kl_divergence(d.Normal(0.0, 1.0), d.Poisson(1.0)),
            NotImplementedError,
            "kl_divergence: none is known of Normal from Poisson",
        ),
        (
            lambda d: d.register_kl(1, 2),
            TypeError,
            "register_kl: expected two classes, got 1 and 2",
        ),
        (
            lambda d: d.Binomial(tl.asarray([1, 2]), 0.5).entropy(),
            NotImplementedError,
            "no support of different total_count",
        ),
        (lambda d: d.Normal(0.0, 1.0).expand((3,)).expand((2,)), ValueError, r"\(2,\)"),
    ],
)
def test_refuses(call, error, text):
    with pytest.raises(error, match=text):
        call(distributions)


def test_checks_can_be_left_out():
    d = distributions.Exponential(1.0, validate_args=False)
    assert d.log_prob(tl.asarray(-1.0)).item() == 1.0
    assert np.isnan(distributions.Normal(0.0, -1.0, validate_args=False).log_prob(0.0).item())


def test_the_default_of_the_checks():
    distributions.Distribution.set_default_validate_args(False)
    try:
        distributions.Normal(0.0, -1.0)
        with pytest.raises(ValueError, match="Normal: expected scale"):
            distributions.Normal(0.0, -1.0, validate_args=True)
    finally:
        distributions.Distribution.set_default_validate_args(True)
    with pytest.raises(ValueError, match="set_default_validate_args: expected a bool, got 2"):
        distributions.Distribution.set_default_validate_args(2)


def test_what_is_computed_once_keeps_its_gradient():
    logits = tl.asarray([0.5, -30.0]).requires_grad_()
    for distribution, value in [
        (distributions.Categorical(logits=logits), tl.asarray(1)),
        (distributions.OneHotCategorical(logits=logits), tl.asarray([0.0, 1.0])),
    ]:
        before = distribution.log_prob(value).item()
        with tl.no_grad():
            assert distribution.probs.shape == (2,)
            assert distribution.entropy().item() > 0
        after = distribution.log_prob(value)
        assert after.item() == before
        assert distribution.probs.requires_grad
        assert "logits: shape (2,)" in repr(distribution)
        assert "probs" not in repr(distribution)
    loc, covariance = tl.zeros(2), tl.eye(2).requires_grad_()
    distribution = distributions.MultivariateNormal(loc, covariance)
    distribution.sample()
    distribution.log_prob(tl.ones(2)).backward()
    np.testing.assert_allclose(array_of(covariance.grad), [[0, 0.5], [0.5, 0]], atol=1e-12)


def test_subclasses_are_served_by_the_nearest_rule():
    class Special(distributions.Normal):
        pass

    p = Special(1.0, 1.0)
    assert distributions.kl_divergence(p, distributions.Normal(0.0, 1.0)).item() == 0.5

    @distributions.register_kl(Special, Special)
    def _(p, q):
        return tl.asarray(-1.0)

    assert distributions.kl_divergence(p, p).item() == -1.0


def test_bounds_are_written_when_they_are_asked_for():
    class Bound:
        def __ge__(self, x):
            return x <= 1

        def __format__(self, spec):
            raise RuntimeError("written")

    constraint = constraints.independent(constraints.less_than(Bound()), 0)
    with pytest.raises(RuntimeError, match="written"):
        repr(constraint)
    uniform = distributions.Uniform(tl.zeros(3), 1.0)
    with pytest.raises(ValueError, match=r"expected value to be from \[0. 0. 0.\] to \[1. 1. 1.\]"):
        uniform.log_prob(tl.full(3, 2.0))


def test_equal_transforms_have_one_hash():
    d = distributions
    for make in (lambda: d.AffineTransform(tl.ones(2), 2.0), lambda: d.ExpTransform().inv):
        assert make() == make() and hash(make()) == hash(make())


def test_constraints():
    x = tl.asarray([-1.0, 0.0, 0.5, 1.0, 2.0])
    for constraint, expected in [
        (constraints.positive, [0, 0, 1, 1, 1]),
        (constraints.nonnegative, [0, 1, 1, 1, 1]),
        (constraints.unit_interval, [0, 1, 1, 1, 0]),
        (constraints.boolean, [0, 1, 0, 1, 0]),
        (constraints.nonnegative_integer, [0, 1, 0, 1, 1]),
        (constraints.integer_interval(0, 1), [0, 1, 0, 1, 0]),
        (constraints.greater_than(0.5), [0, 0, 0, 1, 1]),
        (constraints.greater_than_eq(0.5), [0, 0, 1, 1, 1]),
        (constraints.less_than(0.5), [1, 1, 0, 0, 0]),
        (constraints.half_open_interval(0.0, 1.0), [0, 1, 1, 0, 0]),
        (constraints.positive_integer, [0, 0, 0, 1, 1]),
        (constraints.real, [1, 1, 1, 1, 1]),
    ]:
        assert constraint.check(x).tolist() == [bool(e) for e in expected], constraint
    assert constraints.simplex.check(tl.asarray([0.25, 0.75])).item()
    assert constraints.one_hot.check(tl.asarray([0, 1])).item()
    assert not constraints.one_hot.check(tl.asarray([1, 1])).item()
    matrix = convert(np.array([[2.0, 1.0], [1.0, 2.0]]), "float64", tl).detach()
    assert constraints.positive_definite.check(matrix).item()
    assert not constraints.positive_definite.check(matrix - 2).item()


@dtypes
@pytest.mark.parametrize(
    "name", ["SoftmaxTransform", "LowerCholeskyTransform", "PositiveDefiniteTransform"]
)
def test_transforms_without_a_determinant(name, dtype):
    def run(module):
        def of(x):
            transform = getattr(module, name)()
            y = transform(x)
            return y, transform.inv(y)

        return of

    compare(run(distributions), run(torch.distributions), [rng.standard_normal((2, 3, 3))], dtype)
    ours, theirs = (getattr(d, name)() for d in (distributions, torch.distributions))
    assert ours.bijective == theirs.bijective
    assert ours.domain.event_dim == theirs.domain.event_dim
    assert ours.codomain.event_dim == theirs.codomain.event_dim
    x = tl.asarray(X)
    with pytest.raises(NotImplementedError, match=f"{name}: there is no log_abs_det_jacobian"):
        ours.log_abs_det_jacobian(x, x)


def test_absolute_values_and_distribution_functions():
    def absolute(module):
        return lambda x: (module.AbsTransform()(x), module.AbsTransform().inv(x))

    compare(absolute(distributions), absolute(torch.distributions), [X], "float64")
    assert not distributions.AbsTransform().bijective

    def cumulative(module):
        def of(loc, x):
            transform = module.CumulativeDistributionTransform(module.Laplace(loc, 2 * loc))
            y = transform(x)
            return y, transform.inv(y), transform.log_abs_det_jacobian(x, y)

        return of

    compare(cumulative(distributions), cumulative(torch.distributions), [SCALE, X], "float64")


def test_results_are_remembered():
    x = tl.asarray(X)
    for transform in (distributions.ExpTransform(), distributions.ExpTransform(cache_size=0)):
        y = transform(x)
        assert transform.inv(y) is not x
    both = [distributions.AffineTransform(0.5, 2.0, cache_size=1), distributions.ExpTransform()]
    for transform in (both[0], both[1].with_cache(), distributions.ComposeTransform(both, 1)):
        y = transform(x)
        assert transform.inv(y) is x and transform(x) is y
        other = transform(x * 2)
        assert transform.inv(y) is not x and transform.inv(other) is not x
    inverse = distributions.ExpTransform(cache_size=1).inv
    assert inverse.inv(inverse(y)) is y
    assert transform.with_cache(0).inv(y) is not x
    with pytest.raises(ValueError, match="ExpTransform: expected cache_size 0 or 1, got 2"):
        distributions.ExpTransform(cache_size=2)


def test_conditions_on_parts_and_matrices():
    ours, theirs = constraints, torch.distributions.constraints
    matrices = np.stack([np.eye(2), [[1, 0], [1, 0]], [[0, 1], [1, 0]], [[0.6, 0], [0.6, 0.8]]])
    for name in ("lower_triangular", "square", "symmetric", "positive_semidefinite"):
        if name == "positive_semidefinite":  # PyTorch's looks at symmetry first, of all together
            matrices = np.stack([np.eye(2), np.ones((2, 2)), [[0, 1], [1, 0]]])
        a, b = getattr(ours, name), getattr(theirs, name)
        np.testing.assert_array_equal(
            array_of(a.check(tl.asarray(matrices))), b.check(torch.tensor(matrices)).numpy()
        )
        assert a.event_dim == b.event_dim
    factors = np.stack([np.eye(2), [[1, 0], [0.6, 0.8]], [[1, 0], [0.6, 0.7]]])
    assert ours.corr_cholesky.check(tl.asarray(factors)).tolist() == [True, True, False]

    def conditions(c, module):
        yield c.cat([c.positive, c.real], dim=-1, lengths=[1, 2])
        yield c.stack([c.positive, c.unit_interval])
        yield module.CatTransform(
            [module.ExpTransform(), module.SigmoidTransform()], -1, [1, 2]
        ).codomain
        yield module.StackTransform([module.ExpTransform(), module.TanhTransform()]).codomain

    for a, b in zip(conditions(ours, distributions), conditions(theirs, torch.distributions),
                    strict=True):  # fmt: skip
        np.testing.assert_array_equal(
            array_of(a.check(tl.asarray(X))), b.check(torch.tensor(X)).numpy()
        )
        assert a.event_dim == b.event_dim and a.is_discrete == b.is_discrete


def test_errors_of_transforms_of_shapes_and_parts():
    d, x = distributions, tl.asarray(X)
    with pytest.raises(ValueError, match=r"one number of elements, got \(3,\) and \(2, 2\)"):
        d.ReshapeTransform((3,), (2, 2))
    with pytest.raises(ValueError, match=r"expected a shape \(..., \*\(4,\)\), got \(2, 3\)"):
        d.ReshapeTransform((4,), (2, 2))(x)
    with pytest.raises(ValueError, match=r"CatTransform: expected a value of length 2 .* \(2, 3\)"):
        d.CatTransform([d.ExpTransform(), d.TanhTransform()], 1)(x)
    with pytest.raises(ValueError, match="a length for each of 1 transforms, got \\[1, 2\\]"):
        d.CatTransform([d.ExpTransform()], lengths=[1, 2])
    with pytest.raises(ValueError, match=r"StackTransform: expected a value of length 2 .* 1, got"):
        d.StackTransform([d.ExpTransform(), d.TanhTransform()], 1)(x)
    with pytest.raises(TypeError, match="StackTransform: expected transforms"):
        d.StackTransform([])
    with pytest.raises(ValueError, match="StickBreakingTransform: expected a shape of at least"):
        d.StickBreakingTransform().forward_shape(())
