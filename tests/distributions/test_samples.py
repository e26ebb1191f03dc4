"""Samples: their distribution by the Kolmogorov-Smirnov test or their moments, their gradients."""

import itertools

import numpy as np
import pytest
from scipy import special, stats

import tensorlib as tl
from tensorlib import distributions
from tensorlib.distributions import _implicit

COUNT = 4000


@pytest.fixture(autouse=True)
def seed():
    tl.manual_seed(0)


def array(x):
    return np.array(x.detach())


# A distribution and SciPy's of the same parameters.
CONTINUOUS = {
    "Normal": ((1.0, 2.0), stats.norm(1.0, 2.0)),
    "LogNormal": ((0.3, 0.5), stats.lognorm(0.5, scale=np.exp(0.3))),
    "HalfNormal": ((2.0,), stats.halfnorm(scale=2.0)),
    "Laplace": ((1.0, 2.0), stats.laplace(1.0, 2.0)),
    "Cauchy": ((1.0, 2.0), stats.cauchy(1.0, 2.0)),
    "HalfCauchy": ((2.0,), stats.halfcauchy(scale=2.0)),
    "Gumbel": ((1.0, 2.0), stats.gumbel_r(1.0, 2.0)),
    "Uniform": ((-1.0, 3.0), stats.uniform(-1.0, 4.0)),
    "Exponential": ((2.0,), stats.expon(scale=0.5)),
    "Weibull": ((2.0, 1.5), stats.weibull_min(1.5, scale=2.0)),
    "Pareto": ((2.0, 3.0), stats.pareto(3.0, scale=2.0)),
    "Gamma": ((2.5, 2.0), stats.gamma(2.5, scale=0.5)),
    "Chi2": ((3.0,), stats.chi2(3.0)),
    "Beta": ((0.6, 2.0), stats.beta(0.6, 2.0)),
    "InverseGamma": ((2.5, 2.0), stats.invgamma(2.5, scale=2.0)),
    "FisherSnedecor": ((3.0, 5.0), stats.f(3.0, 5.0)),
    "GeneralizedPareto": ((1.0, 2.0, -0.3), stats.genpareto(-0.3, 1.0, 2.0)),
    "StudentT": ((3.0, 1.0, 2.0), stats.t(3.0, 1.0, 2.0)),
    "VonMises": ((0.5, 2.0), stats.vonmises(2.0, 0.5)),
}
DISCRETE = {
    "Bernoulli": ((0.3,), stats.bernoulli(0.3)),
    "Geometric": ((0.3,), stats.geom(0.3, loc=-1)),
    "Binomial": ((7, 0.3), stats.binom(7, 0.3)),
    "NegativeBinomial": ((2.5, 0.4), stats.nbinom(2.5, 0.6)),
    "Poisson": ((3.5,), stats.poisson(3.5)),
}
OF_GAMMA = ("Gamma", "Chi2", "Beta", "InverseGamma")
IMPLICIT = (*OF_GAMMA, "FisherSnedecor")  # gradients of samples, which have tests of their own
REAL_SAMPLES = [name for name in CONTINUOUS if name != "VonMises"]


@pytest.mark.parametrize("name", CONTINUOUS)
def test_samples_have_the_distribution(name):
    parameters, expected = CONTINUOUS[name]
    samples = array(getattr(distributions, name)(*parameters).sample((COUNT,)))
    assert samples.shape == (COUNT,)
    assert stats.kstest(samples, expected.cdf).pvalue > 1e-3


@pytest.mark.parametrize("concentration", [0.05, 0.6, 1.0, 30.0])
def test_gamma_samples_of_all_shapes(concentration):
    samples = array(distributions.Gamma(concentration, 1.0).sample((COUNT,)))
    assert stats.kstest(samples, stats.gamma(concentration).cdf).pvalue > 1e-3


@pytest.mark.parametrize("name", DISCRETE)
def test_samples_have_the_probabilities(name):
    parameters, expected = DISCRETE[name]
    samples = array(getattr(distributions, name)(*parameters).sample((COUNT,)))
    values, counts = np.unique(samples, return_counts=True)
    often = expected.pmf(values) * COUNT > 5
    observed = np.append(counts[often], COUNT - counts[often].sum())
    probable = np.append(expected.pmf(values[often]), 0.0)
    probable[-1] = 1 - probable.sum()
    if probable[-1] < 1e-9:
        observed, probable = observed[:-1], probable[:-1] / probable[:-1].sum()
    assert stats.chisquare(observed, probable * COUNT).pvalue > 1e-3


@pytest.mark.parametrize("name", CONTINUOUS | DISCRETE)
def test_log_prob_is_that_of_scipy(name):
    parameters, expected = (CONTINUOUS | DISCRETE)[name]
    distribution = getattr(distributions, name)(*parameters)
    values = distribution.sample((20,))
    density = expected.logpmf if name in DISCRETE else expected.logpdf
    np.testing.assert_allclose(array(distribution.log_prob(values)), density(array(values)),
                               rtol=1e-9, atol=1e-12)  # fmt: skip


@pytest.mark.parametrize("name", REAL_SAMPLES)
def test_cdf_and_icdf_are_those_of_scipy(name):
    parameters, expected = CONTINUOUS[name]
    distribution = getattr(distributions, name)(*parameters)
    values = distribution.sample((20,))
    if name not in ("StudentT", "FisherSnedecor"):
        np.testing.assert_allclose(
            array(distribution.cdf(values)), expected.cdf(array(values)), rtol=1e-9
        )
    probabilities = np.linspace(0.05, 0.95, 7)
    if name not in ("StudentT", "FisherSnedecor", *OF_GAMMA):
        np.testing.assert_allclose(
            array(distribution.icdf(tl.asarray(probabilities))), expected.ppf(probabilities),
            rtol=1e-9)  # fmt: skip


@pytest.mark.parametrize("name", ["Categorical", "OneHotCategorical", "Multinomial"])
@pytest.mark.parametrize("how", ["probs", "logits"])
def test_samples_of_classes(name, how):
    probs = np.array([[0.1, 0.0, 0.6, 0.3], [0.25, 0.25, 0.5, 0.0]])
    with np.errstate(divide="ignore"):
        given = {"probs": probs, "logits": np.log(np.maximum(probs, 1e-30))}[how]
    distribution = getattr(distributions, name)(**{how: tl.asarray(given)})
    samples = array(distribution.sample((COUNT,)))
    if name == "Categorical":
        assert samples.dtype == np.int64
        samples = np.eye(4)[samples]
    assert samples.shape == (COUNT, 2, 4)
    assert (samples.sum(-1) == 1).all()
    counts = samples.sum(0)
    assert (counts[probs == 0] == 0).all()
    for row, expected in zip(counts, probs, strict=True):
        there = expected > 0
        assert stats.chisquare(row[there], expected[there] * COUNT).pvalue > 1e-3


def test_multinomial_counts():
    probs = np.array([0.2, 0.3, 0.5])
    samples = array(distributions.Multinomial(10, tl.asarray(probs)).sample((COUNT,)))
    assert (samples.sum(-1) == 10).all()
    np.testing.assert_allclose(samples.mean(0), 10 * probs, atol=0.15)


def test_dirichlet_samples():
    concentration = np.array([0.3, 1.0, 5.0])
    distribution = distributions.Dirichlet(tl.asarray(concentration))
    samples = array(distribution.sample((COUNT,)))
    np.testing.assert_allclose(samples.sum(-1), 1, rtol=1e-12)
    for i, a in enumerate(concentration):
        marginal = stats.beta(a, concentration.sum() - a)
        assert stats.kstest(samples[:, i], marginal.cdf).pvalue > 1e-3


COVARIANCE = np.array([[2.0, 0.6], [0.6, 1.0]])
VECTORS = {
    "covariance": lambda loc: distributions.MultivariateNormal(loc, tl.asarray(COVARIANCE)),
    "precision": lambda loc: distributions.MultivariateNormal(
        loc, precision_matrix=tl.asarray(np.linalg.inv(COVARIANCE))
    ),
    "factor": lambda loc: distributions.MultivariateNormal(
        loc, scale_tril=tl.asarray(np.linalg.cholesky(COVARIANCE))
    ),
    "low rank": lambda loc: distributions.LowRankMultivariateNormal(
        loc, tl.asarray([[1.0], [0.6]]), tl.asarray([1.0, 0.64])
    ),
}


@pytest.mark.parametrize("how", VECTORS)
def test_samples_of_vectors(how):
    distribution = VECTORS[how](tl.asarray([1.0, -2.0]))
    np.testing.assert_allclose(array(distribution.covariance_matrix), COVARIANCE, rtol=1e-12)
    np.testing.assert_allclose(
        array(distribution.precision_matrix), np.linalg.inv(COVARIANCE), rtol=1e-12
    )
    np.testing.assert_allclose(
        array(distribution.scale_tril), np.linalg.cholesky(COVARIANCE), atol=1e-12
    )
    samples = array(distribution.sample((COUNT,)))
    white = np.linalg.solve(np.linalg.cholesky(COVARIANCE), (samples - [1.0, -2.0]).T)
    for row in (*white, (white[0] + white[1]) / np.sqrt(2)):
        assert stats.kstest(row, stats.norm.cdf).pvalue > 1e-3


def test_the_same_seed_gives_the_same_samples():
    for distribution in (
        distributions.Normal(0.0, 1.0),
        distributions.Gamma(0.5, 1.0),
        distributions.Categorical(tl.ones(3)),
    ):
        tl.manual_seed(3)
        first = distribution.sample((5,))
        tl.manual_seed(3)
        np.testing.assert_array_equal(array(first), array(distribution.sample((5,))))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CONTINUOUS | DISCRETE)
def test_samples_have_the_dtype_of_the_parameters(name, dtype):
    parameters = [tl.asarray(x, dtype=dtype) for x in (CONTINUOUS | DISCRETE)[name][0]]
    distribution = getattr(distributions, name)(*parameters)
    samples = distribution.sample((3,))
    assert samples.dtype == np.dtype(dtype)
    assert distribution.log_prob(samples).dtype == np.dtype(dtype)


RELAXED = {"RelaxedBernoulli": 0.3, "RelaxedOneHotCategorical": [0.3, 0.7]}


@pytest.mark.parametrize("name", RELAXED)
def test_a_temperature_that_is_a_number_has_the_dtype_of_the_parameters(name):
    probs = tl.asarray(RELAXED[name], dtype="float32")
    samples = getattr(distributions, name)(0.5, probs).rsample()
    assert samples.dtype == np.float32


@pytest.mark.parametrize(
    "make",
    [
        lambda p: distributions.Bernoulli(p).entropy(),
        lambda p: distributions.Categorical(p).log_prob(1),
        lambda p: distributions.Categorical(p).entropy(),
        lambda p: distributions.Gamma(p, 1.0).sample(),
        lambda p: distributions.StickBreakingTransform()(p),
        lambda p: distributions.StickBreakingTransform().inv(p),
    ],
)
def test_parameters_of_bfloat16(make):
    pytest.importorskip("ml_dtypes", reason="bfloat16 needs ml_dtypes: pip install ml_dtypes")
    values = tl.asarray([0.25, 0.75])
    tl.manual_seed(0)
    found = make(values.astype("bfloat16"))
    tl.manual_seed(0)
    expected = make(values)
    np.testing.assert_allclose(array(found.astype("float64")), array(expected), rtol=0.02)


WITH_ICDF = [n for n in REAL_SAMPLES if n not in ("StudentT", "FisherSnedecor", *OF_GAMMA)]


@pytest.mark.parametrize("name", WITH_ICDF)
def test_quantiles_of_numbers_and_lists(name):
    parameters, expected = CONTINUOUS[name]
    distribution = getattr(distributions, name)(*(tl.asarray(x, "float32") for x in parameters))
    for probability in (0.25, [0.25, 0.5]):
        found = distribution.icdf(probability)
        assert found.dtype == np.float32
        np.testing.assert_allclose(array(found), expected.ppf(probability), rtol=1e-5, atol=1e-6)


# gradients of samples


@pytest.mark.parametrize("name", [n for n in REAL_SAMPLES if n not in IMPLICIT])
def test_gradients_of_samples_by_moving_the_parameters(name):
    """With the same random numbers samples are differentiable functions of the parameters."""
    parameters = [tl.asarray(x).requires_grad_() for x in CONTINUOUS[name][0]]
    skip = 1 if name == "StudentT" else 0  # the degrees of freedom: implicit, see below

    def samples(*values):
        tl.manual_seed(5)
        return getattr(distributions, name)(*values).rsample((6,))

    weights = np.linspace(0.5, 1.5, 6)
    total = (samples(*parameters) * tl.asarray(weights)).sum()
    total.backward()
    for i, parameter in list(enumerate(parameters))[skip:]:
        moved = []
        for step in (1e-6, -1e-6):
            values = [p.item() + (step if j == i else 0) for j, p in enumerate(parameters)]
            moved.append((array(samples(*values)) * weights).sum())
        np.testing.assert_allclose(
            parameter.grad.item(), (moved[0] - moved[1]) / 2e-6, rtol=1e-6, atol=1e-8
        )


def quantile_slope(a, probability):
    """Derivative of the logarithm of the gamma quantile by the shape, by wide differences."""
    steps = np.array([1e-2, 5e-3]) * np.minimum(a, 1)
    slopes = [
        (np.log(special.gammaincinv(a + h, probability))
         - np.log(special.gammaincinv(a - h, probability))) / (2 * h)
        for h in steps
    ]  # fmt: skip
    return (4 * slopes[1] - slopes[0]) / 3


@pytest.mark.parametrize("a", [0.3, 0.9, 1.0, 2.5, 10.0, 150.0])
def test_implicit_gradient_is_the_slope_of_the_quantile(a):
    probability = np.linspace(0.02, 0.98, 13)
    logarithm = np.log(special.gammaincinv(a, probability))
    slope = _implicit.slope_of_log_sample(np.full(13, a), logarithm)
    np.testing.assert_allclose(slope, quantile_slope(a, probability), rtol=1e-6)


@pytest.mark.parametrize("rate", [0.2, 1.0, 2.0])
def test_implicit_gradient_of_the_exponential_distribution(rate):
    """At shape 1 by the series of the incomplete gamma function (DLMF 8.7.1)."""
    z = rate * np.array([0.1, 0.5, 1.0, 3.0])

    def series(a):
        k = np.arange(80)
        signs = (-1.0) ** k / special.factorial(k)
        return ((z[:, None] ** (a + k) * signs / (a + k)).sum(1)) / special.gamma(a)

    h = 1e-4
    by_shape = (8 * (series(1 + h) - series(1 - h)) - series(1 + 2 * h) + series(1 - 2 * h)) / (
        12 * h
    )
    expected = -by_shape / np.exp(-z) / z
    slope = _implicit.slope_of_log_sample(np.ones(4), np.log(z))
    np.testing.assert_allclose(slope, expected, rtol=1e-7)


@pytest.mark.parametrize("a", [1e-6, 1e-3, 0.05])
def test_implicit_gradient_of_small_shapes(a):
    """Samples are u**(1/a) nearly, whose logarithms move by -log(u) / a**2."""
    u = np.array([0.2, 0.5, 0.9])
    logarithm = (np.log(u) + special.gammaln(a + 1)) / a
    slope = _implicit.slope_of_log_sample(np.full(3, a), logarithm)
    expected = -np.log(u) / a**2 + (special.psi(a + 1) - special.gammaln(a + 1) / a) / a
    where = logarithm < np.log(1e-8)
    np.testing.assert_allclose(slope[where], expected[where], rtol=1e-6)
    assert np.isfinite(slope).all()


@pytest.mark.parametrize("a", [0.01, 0.5, 3.0, 1e4])
def test_gradient_of_the_mean_of_the_logarithm(a):
    """The mean of log(x) is psi(a), that of x is a: their slopes are trigamma(a) and 1."""
    shape = tl.full(20_000, a).requires_grad_()
    logarithms = _implicit.log_gamma_sample(shape, (20_000,))
    logarithms.sum().backward()
    slope = array(shape.grad)
    error = slope.std() / np.sqrt(len(slope))
    assert abs(slope.mean() - special.polygamma(1, a)) < 5 * error
    by_sample = slope * np.exp(array(logarithms))
    assert abs(by_sample.mean() - 1) < 5 * by_sample.std() / np.sqrt(len(slope)) + 1e-9


def test_gradients_of_means_of_samples():
    """Of the distributions made of gamma samples, against derivatives of the means."""
    for make, mean_slope in [
        (lambda a: distributions.Gamma(a, 2.0), lambda a: 0.5),
        (lambda a: distributions.Chi2(a), lambda a: 1.0),
        (lambda a: distributions.Beta(a, 2.0), lambda a: 2.0 / (a + 2.0) ** 2),
        (lambda a: distributions.Beta(2.0, a), lambda a: -2.0 / (a + 2.0) ** 2),
    ]:
        a = 0.7
        parameter = tl.full(20_000, a).requires_grad_()
        make(parameter).rsample().sum().backward()
        slope = array(parameter.grad)
        assert abs(slope.mean() - mean_slope(a)) < 5 * slope.std() / np.sqrt(len(slope))


def test_gradient_of_dirichlet_samples():
    a = np.array([0.6, 1.5, 3.0])
    parameter = tl.asarray(np.tile(a, (20_000, 1))).requires_grad_()
    distributions.Dirichlet(parameter).rsample()[:, 0].sum().backward()
    slope = array(parameter.grad)
    total = a.sum()
    expected = np.array([(total - a[0]), -a[0], -a[0]]) / total**2
    assert (abs(slope.mean(0) - expected) < 5 * slope.std(0) / np.sqrt(len(slope))).all()


def test_gradient_of_student_samples_by_the_degrees_of_freedom():
    """The mean of log(abs(t)) is (log(df) + psi(1/2) - psi(df/2)) / 2."""
    df = tl.full(40_000, 4.0).requires_grad_()
    samples = distributions.StudentT(df).rsample()
    tl.log(abs(samples)).sum().backward()
    slope = array(df.grad)
    expected = 0.5 * (1 / 4.0 - 0.5 * special.polygamma(1, 2.0))
    assert abs(slope.mean() - expected) < 5 * slope.std() / np.sqrt(len(slope))


def test_tiny_shapes_give_finite_samples_and_gradients():
    for dtype, a in itertools.product(("float32", "float64"), (1e-5, 1e-2)):
        parameter = tl.full(100, a, dtype=dtype).requires_grad_()
        gamma = distributions.Gamma(parameter, 1.0).rsample()
        beta = distributions.Beta(parameter, parameter).rsample()
        (gamma + beta).sum().backward()
        assert (array(gamma) > 0).all()
        assert np.isfinite(array(beta)).all()
        assert np.isfinite(array(parameter.grad)).all()
