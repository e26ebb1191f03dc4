"""Distributions beside PyTorch's: densities, moments, entropies, divergences, and gradients."""

import itertools

import numpy as np
import pytest
from parity import TOLERANCES, array_of, compare, convert, dtypes, torch
from scipy import stats

import tensorlib as tl
from tensorlib import distributions
from tensorlib.testing import check_grads

rng = np.random.default_rng(0)
LOC = np.array([[-0.5, 1.0, 0.3]])
SCALE = np.array([[0.7], [1.6]])
POSITIVE = np.array([0.4, 1.3, 5.0])
OTHER = np.array([[0.8], [2.5]])
X = rng.standard_normal((2, 3))
UPPER = rng.uniform(0.1, 4.0, (2, 3))
P = rng.uniform(0.05, 0.95, (2, 3))
COUNTS = rng.integers(0, 6, (2, 3)).astype(float)
TRUTHS = rng.integers(0, 2, (2, 3)).astype(float)
CLASSES = rng.integers(0, 3, 2)
SIMPLEX = rng.dirichlet(np.ones(3), 2)
WEIGHTS = rng.uniform(0.5, 3.0, (2, 3))
FACTOR = np.tril(rng.standard_normal((3, 3)), -1) + np.diag([0.8, 1.2, 0.5])
COVARIANCE = FACTOR @ FACTOR.T
ONE_HOT = np.eye(3)[CLASSES]

# class, parameters that are differentiated, others, a value
CASES = [
    ("Normal", {"loc": LOC, "scale": SCALE}, {}, X),
    ("LogNormal", {"loc": LOC, "scale": SCALE}, {}, UPPER),
    ("HalfNormal", {"scale": SCALE}, {}, UPPER),
    ("Laplace", {"loc": LOC, "scale": SCALE}, {}, X),
    ("Cauchy", {"loc": LOC, "scale": SCALE}, {}, X),
    ("HalfCauchy", {"scale": SCALE}, {}, UPPER),
    ("Gumbel", {"loc": LOC, "scale": SCALE}, {}, X),
    ("Uniform", {"low": -SCALE, "high": POSITIVE}, {}, P - 0.6),
    ("Exponential", {"rate": SCALE}, {}, UPPER),
    ("Weibull", {"scale": SCALE, "concentration": POSITIVE + 0.7}, {}, UPPER),
    ("Pareto", {"scale": SCALE, "alpha": POSITIVE}, {}, UPPER + 2),
    ("Gamma", {"concentration": POSITIVE, "rate": SCALE}, {}, UPPER),
    ("Chi2", {"df": POSITIVE}, {}, UPPER),
    ("Beta", {"concentration1": POSITIVE, "concentration0": OTHER}, {}, P),
    ("Dirichlet", {"concentration": WEIGHTS}, {}, SIMPLEX),
    ("StudentT", {"df": POSITIVE, "loc": LOC, "scale": SCALE}, {}, X),
    ("InverseGamma", {"concentration": POSITIVE, "rate": SCALE}, {}, UPPER),
    ("FisherSnedecor", {"df1": POSITIVE, "df2": 2 * OTHER}, {}, UPPER),
    ("Kumaraswamy", {"concentration1": POSITIVE, "concentration0": OTHER}, {}, P),
    ("LogisticNormal", {"loc": X[:, :2], "scale": SCALE}, {}, SIMPLEX),
    ("RelaxedBernoulli", {"temperature": np.array(0.7), "probs": P}, {}, 0.9 * P + 0.05),
    ("RelaxedBernoulli", {"temperature": np.array(0.7), "logits": X}, {}, 0.9 * P + 0.05),
    ("RelaxedOneHotCategorical", {"temperature": np.array(0.7), "probs": WEIGHTS}, {}, SIMPLEX),
    ("RelaxedOneHotCategorical", {"temperature": np.array(0.7), "logits": X}, {}, SIMPLEX),
    ("OneHotCategoricalStraightThrough", {"logits": X}, {}, ONE_HOT),
    ("VonMises", {"loc": LOC, "concentration": SCALE}, {}, X),
    ("Bernoulli", {"probs": P}, {}, TRUTHS),
    ("Bernoulli", {"logits": X}, {}, TRUTHS),
    ("Geometric", {"probs": P}, {}, COUNTS),
    ("Geometric", {"logits": X}, {}, COUNTS),
    ("Binomial", {"probs": P}, {"total_count": 5}, COUNTS),
    ("Binomial", {"logits": X}, {"total_count": 5}, COUNTS),
    ("NegativeBinomial", {"total_count": OTHER, "probs": P}, {}, COUNTS),
    ("NegativeBinomial", {"total_count": OTHER, "logits": X}, {}, COUNTS),
    ("Poisson", {"rate": UPPER}, {}, COUNTS),
    ("Categorical", {"probs": WEIGHTS}, {}, CLASSES),
    ("Categorical", {"logits": X}, {}, CLASSES),
    ("OneHotCategorical", {"probs": WEIGHTS}, {}, ONE_HOT),
    ("OneHotCategorical", {"logits": X}, {}, ONE_HOT),
    ("Multinomial", {"probs": WEIGHTS}, {"total_count": 4}, np.array([[1.0, 0, 3], [2, 2, 0]])),
    ("Multinomial", {"logits": X}, {"total_count": 4}, np.array([[1.0, 0, 3], [2, 2, 0]])),
    ("MultivariateNormal", {"loc": X, "covariance_matrix": COVARIANCE}, {}, UPPER),
    ("MultivariateNormal", {"loc": X, "precision_matrix": COVARIANCE}, {}, UPPER),
    ("MultivariateNormal", {"loc": X, "scale_tril": FACTOR}, {}, UPPER),
    (
        "LowRankMultivariateNormal",
        {"loc": X, "cov_factor": FACTOR[:, :2], "cov_diag": POSITIVE},
        {},
        UPPER,
    ),
]
IDS = [f"{name}-{'-'.join(parameters)}" for name, parameters, _, _ in CASES]
cases = pytest.mark.parametrize("name, parameters, others, value", CASES, ids=IDS)


# Where PyTorch's own result has fewer digits, seen against SciPy and sums over all values: its
# Bessel functions are polynomials of 8 digits, its trigamma function has 9, its lgamma differences
# in single precision 5, its multinomial entropy moves probabilities by the rounding unit.
FEWER_DIGITS = {
    ("VonMises", "float64"): 1e-6,
    ("StudentT", "float32"): 1e-4,
    ("Multinomial", "float64"): 1e-7,
    ("Beta", "float64"): 1e-7,
    ("Dirichlet", "float64"): 1e-7,
    ("Gamma", "float64"): 1e-7,
    ("Chi2", "float64"): 1e-7,
    ("InverseGamma", "float64"): 1e-7,
    ("Kumaraswamy", "float64"): 1e-7,
}


@pytest.fixture
def tolerance(monkeypatch):
    def loosen(name, dtype):
        digits = FEWER_DIGITS.get((name, dtype), TOLERANCES[dtype])
        monkeypatch.setitem(TOLERANCES, dtype, digits)

    return loosen


def made(library, name, names, others, values):
    module = distributions if library is tl else torch.distributions
    return getattr(module, name)(**dict(zip(names, values, strict=True)), **others)


def compare_results(name, parameters, others, ask, dtype, *values, gradients=True):
    """Compare what `ask` gives of a distribution, and its gradients by parameters and values."""

    def function(library):
        def run(*args):
            given, rest = args[: len(parameters)], args[len(parameters) :]
            return ask(made(library, name, parameters, others, given), *rest)

        return run

    args = (*parameters.values(), *values)
    compare(function(tl), function(torch), args, dtype, gradients=gradients)


def has(name, parameters, others, ask, *values):
    """Whether PyTorch has it."""
    args = [convert(x, "float64", torch).detach() for x in (*parameters.values(), *values)]
    try:
        d = made(torch, name, parameters, others, args[: len(parameters)])
        return ask(d, *args[len(parameters) :]) is not None
    except (NotImplementedError, AttributeError):
        return False


MORE = {("Beta", "cdf")}  # what PyTorch has not; test_samples.py has it


def refuses(name, parameters, others, ask, what, *values):
    """What PyTorch does not have, ours does not either, and says so."""
    if (name, what) not in MORE:
        given = [tl.asarray(x) for x in parameters.values()]
        what = {"stddev": "variance"}.get(what, what)
        with pytest.raises(NotImplementedError, match=rf"^_?[A-Z]\w+: there is no {what}"):
            ask(made(tl, name, parameters, others, given), *map(tl.asarray, values))


@dtypes
@cases
def test_log_prob(name, parameters, others, value, dtype, tolerance):
    if name in ("VonMises", "StudentT"):
        tolerance(name, dtype)
    compare_results(name, parameters, others, lambda d, x: d.log_prob(x), dtype, value)


@dtypes
@cases
def test_log_prob_of_several_samples(name, parameters, others, value, dtype, tolerance):
    if name in ("VonMises", "StudentT"):
        tolerance(name, dtype)
    several = np.stack([value, value[::-1]])
    compare_results(name, parameters, others, lambda d, x: d.log_prob(x), dtype, several)


SHAPES = (
    "Gamma",
    "Chi2",
    "Beta",
    "InverseGamma",
)  # their distribution functions have no slope by parameters


@dtypes
@cases
def test_cdf(name, parameters, others, value, dtype):
    def ask(d, x):
        return d.cdf(x)

    if not has(name, parameters, others, ask, value):
        refuses(name, parameters, others, ask, "cdf", value)
        return
    compare_results(name, parameters, others, ask, dtype, value, gradients=name not in SHAPES)


@dtypes
@cases
def test_icdf(name, parameters, others, value, dtype):
    def ask(d, x):
        return d.icdf(x)

    if not has(name, parameters, others, ask, P):
        refuses(name, parameters, others, ask, "icdf", P)
        return
    compare_results(name, parameters, others, ask, dtype, P)


@dtypes
@pytest.mark.parametrize("what", ["mean", "mode", "variance", "stddev"])
@cases
def test_moments(name, parameters, others, value, what, dtype, tolerance):
    if name == "VonMises":
        tolerance(name, dtype)
    if (name, what) == ("Kumaraswamy", "mode"):
        return  # PyTorch's is NaN; see test_mode_of_kumaraswamy

    def ask(d):
        return getattr(d, what)

    if not has(name, parameters, others, ask):
        refuses(name, parameters, others, ask, what)
        return
    theirs = [convert(x, dtype, torch) for x in parameters.values()]
    result = ask(made(torch, name, parameters, others, theirs))
    finite = bool(np.isfinite(array_of(result)).all())
    compare_results(name, parameters, others, ask, dtype,
                    gradients=finite and result.requires_grad)  # fmt: skip


@dtypes
@cases
def test_entropy(name, parameters, others, value, dtype, tolerance):
    tolerance(name, dtype)

    def ask(d):
        return d.entropy()

    if not has(name, parameters, others, ask):
        refuses(name, parameters, others, ask, "entropy")
        return
    compare_results(name, parameters, others, ask, dtype)


@cases
def test_shapes_and_expand(name, parameters, others, value):
    mine = [convert(x, "float32", tl) for x in parameters.values()]
    yours = [convert(x, "float32", torch) for x in parameters.values()]
    ours = made(tl, name, parameters, others, mine)
    theirs = made(torch, name, parameters, others, yours)
    assert ours.batch_shape == tuple(theirs.batch_shape)
    assert ours.event_shape == tuple(theirs.event_shape)
    assert ours.has_rsample == theirs.has_rsample
    assert ours.has_enumerate_support == theirs.has_enumerate_support
    batch = (4, 2, 3)[: 1 + len(ours.batch_shape)] if ours.batch_shape != (3,) else (2, 3)
    ours, theirs = ours.expand(batch), theirs.expand(batch)
    value = np.broadcast_to(value, np.broadcast_shapes(value.shape, theirs.sample().shape))
    x = convert(value, "float32", tl)
    np.testing.assert_allclose(
        array_of(ours.log_prob(x)), array_of(theirs.log_prob(convert(value, "float32", torch))),
        rtol=1e-4, atol=1e-5)  # fmt: skip
    assert ours.sample((5,)).shape == tuple(theirs.sample((5,)).shape)
    assert ours.sample().dtype == array_of(theirs.sample()).dtype
    if ours.has_rsample:
        assert ours.rsample((5,)).requires_grad
    else:
        with pytest.raises(NotImplementedError, match=f"{name}: there is no rsample"):
            ours.rsample()
    if ours.has_enumerate_support:
        for expand in (True, False):
            np.testing.assert_array_equal(
                array_of(ours.enumerate_support(expand)), array_of(theirs.enumerate_support(expand))
            )


SMOOTH = [row for row in CASES if row[0] not in ("Uniform",)]


@pytest.mark.parametrize("name, parameters, others, value", SMOOTH,
                         ids=[i for i in IDS if "Uniform" not in i])  # fmt: skip
def test_second_order(name, parameters, others, value):
    options = others | {"validate_args": False}
    fixed = tl.asarray(value)

    def log_prob(*values):
        if name == "MultivariateNormal":  # of a symmetric matrix, when one element moves
            values = (values[0], (values[1] + values[1].T) / 2)
        return made(tl, name, parameters, options, values).log_prob(fixed)

    check_grads(log_prob, list(parameters.values()))


# divergences

PAIRS = {
    "Normal": {"loc": LOC, "scale": SCALE},
    "HalfNormal": {"scale": SCALE},
    "LogNormal": {"loc": LOC, "scale": SCALE},
    "Laplace": {"loc": LOC, "scale": SCALE},
    "Cauchy": {"loc": LOC, "scale": SCALE},
    "Gumbel": {"loc": LOC, "scale": SCALE},
    "Uniform": {"low": P, "high": P + SCALE * 0.02},
    "Exponential": {"rate": SCALE},
    "Pareto": {"scale": SCALE, "alpha": POSITIVE + 2.0},
    "Gamma": {"concentration": POSITIVE, "rate": SCALE},
    "Chi2": {"df": POSITIVE},
    "Beta": {"concentration1": POSITIVE, "concentration0": OTHER},
    "Dirichlet": {"concentration": WEIGHTS},
    "Bernoulli": {"probs": P},
    "Geometric": {"probs": P},
    "Binomial": {"probs": P},
    "Poisson": {"rate": UPPER},
    "Categorical": {"logits": X},
    "OneHotCategorical": {"probs": WEIGHTS},
    "MultivariateNormal": {"loc": X, "covariance_matrix": COVARIANCE},
    "LowRankMultivariateNormal": {"loc": X, "cov_factor": FACTOR[:, :2], "cov_diag": POSITIVE},
}


def kl_of_torch(p, q):
    """Whether PyTorch knows it."""
    try:
        made_p, made_q = (
            made(torch, n, PAIRS[n], {}, [convert(x, "float64", torch) for x in PAIRS[n].values()])
            for n in (p, q)
        )
        torch.distributions.kl_divergence(made_p, made_q)
    except NotImplementedError:
        return False
    return True


@pytest.mark.parametrize("p, q", list(itertools.product(PAIRS, PAIRS)))
def test_kl_divergence(p, q, tolerance):
    tolerance(p, "float64")
    first, second = PAIRS[p], {name: x * 1.07 for name, x in PAIRS[q].items()}
    if not kl_of_torch(p, q):
        with pytest.raises(NotImplementedError, match=f"none is known of {p} from {q}"):
            distributions.kl_divergence(
                made(tl, p, first, {}, [tl.asarray(x) for x in first.values()]),
                made(tl, q, second, {}, [tl.asarray(x) for x in second.values()]),
            )
        return

    def function(library):
        module = distributions if library is tl else torch.distributions

        def run(*args):
            a = made(library, p, first, {}, args[: len(first)])
            b = made(library, q, second, {}, args[len(first) :])
            return module.kl_divergence(a, b)

        return run

    args = (*first.values(), *second.values())
    result = array_of(function(torch)(*(convert(x, "float64", torch) for x in args)))
    if np.isinf(result).any():  # PyTorch's may have the shape of p alone
        ours = array_of(function(tl)(*(tl.asarray(x) for x in args)))
        np.testing.assert_allclose(ours, np.broadcast_to(result, ours.shape), rtol=1e-10)
    else:
        compare(function(tl), function(torch), args, "float64")


@pytest.mark.parametrize("name", ["Bernoulli", "Binomial", "Geometric"])
def test_kl_divergence_where_q_is_sure(name):
    p, q = np.array([0.5, 0.5, 1.0]), np.array([1.0, 0.25, 1.0])
    theirs = (getattr(torch.distributions, name)(probs=torch.tensor(x[1])) for x in (p, q))
    expected = [np.inf, torch.distributions.kl_divergence(*theirs), 0]
    made = [getattr(distributions, name)(probs=tl.asarray(x)) for x in (p, q)]
    np.testing.assert_allclose(array_of(distributions.kl_divergence(*made)), expected, atol=1e-12)


def test_kl_divergence_of_large_logits_is_finite():
    p, q = (distributions.Bernoulli(logits=tl.asarray(x, dtype="float32")) for x in (0.0, 30.0))
    assert distributions.kl_divergence(p, q).item() == pytest.approx(15 - np.log(2), rel=1e-6)


def test_mode_of_weibull_without_a_peak():
    weibull = distributions.Weibull(2.0, tl.asarray([0.5, 0.6, 1.0, 2.0]))
    np.testing.assert_allclose(array_of(weibull.mode), [0, 0, 0, np.sqrt(2)], rtol=1e-12)


def test_mode_of_kumaraswamy():
    a, b = tl.asarray([1.5, 3.0, 0.5]), tl.asarray([2.0, 1.0, 2.0])
    mode = array_of(distributions.Kumaraswamy(a, b).mode)
    x = np.linspace(0, 1, 100_001)[1:-1]
    density = array_of(distributions.Kumaraswamy(a, b).log_prob(tl.asarray(x[:, None])))
    np.testing.assert_allclose(mode[:2], x[density.argmax(0)][:2], atol=2e-5)
    assert np.isnan(mode[2])


def test_tails_without_mean_and_variance():
    tails = distributions.GeneralizedPareto(0.0, 1.0, tl.asarray([0.0, 0.5, 1.0]))
    assert tails.mean.tolist() == [1, 2, np.inf]
    assert tails.variance.tolist() == [1, np.inf, np.inf]
    exponential = distributions.Exponential(1.0)
    for what in ("log_prob", "cdf"):
        ours = getattr(tails, what)(0.7)[0].item()
        assert ours == pytest.approx(getattr(exponential, what)(0.7).item(), rel=1e-14)
    fisher = distributions.FisherSnedecor(tl.asarray([1.0, 3.0]), tl.asarray([2.0, 4.0]))
    assert np.isnan(fisher.mean[0].item()) and np.isnan(fisher.variance).all()
    x = tl.asarray([0.1, 0.7, 40.0])
    expected = stats.genpareto(np.array([0.0, 0.5, 1.0]))
    for ours, scipys in (("log_cdf", "logcdf"), ("log_survival_function", "logsf")):
        np.testing.assert_allclose(
            array_of(getattr(tails, ours)(x)), getattr(expected, scipys)(array_of(x)), rtol=1e-13
        )
    # PyTorch's own fails for float64; test_samples.py compares it with SciPy.
    check_grads(
        lambda *args: distributions.GeneralizedPareto(*args[:3]).log_prob(args[3]),
        [tl.asarray(x) for x in (-1.0, 1.3, [0.3, -0.2, 0.8], [0.2, 0.7, -0.4])],
        order=2,
    )
    inverse = distributions.InverseGamma(tl.asarray([1.0, 2.0]), 3.0)
    assert inverse.mean.tolist() == [np.inf, 3] and np.isinf(inverse.variance).all()


@dtypes
def test_straight_through_samples_have_the_gradient_of_the_probabilities(dtype):
    logits = tl.asarray(X, dtype=dtype).requires_grad_()
    samples = distributions.OneHotCategoricalStraightThrough(logits=logits).rsample()
    assert set(np.unique(array_of(samples).round(6))) == {0, 1}
    (samples * tl.asarray(UPPER, dtype=dtype)).sum().backward()
    other = tl.asarray(X, dtype=dtype).requires_grad_()
    probs = distributions.OneHotCategorical(logits=other).probs
    (probs * tl.asarray(UPPER, dtype=dtype)).sum().backward()
    np.testing.assert_allclose(array_of(logits.grad), array_of(other.grad), rtol=1e-6)
