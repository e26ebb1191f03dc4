"""Kullback-Leibler divergences of pairs of distributions."""

import functools
import math

from numpy import broadcast_shapes, euler_gamma

from tensorlib._core._functions import (
    absolute,
    exp,
    full,
    log,
    logaddexp,
    power,
    square,
    where,
)
from tensorlib._creation import tril
from tensorlib.distributions.categorical import Categorical, OneHotCategorical
from tensorlib.distributions.exponential import Exponential, Pareto
from tensorlib.distributions.gamma import Beta, Dirichlet, Gamma
from tensorlib.distributions.independent import Independent
from tensorlib.distributions.location_scale import Cauchy, Gumbel, Laplace
from tensorlib.distributions.multivariate_normal import (
    LowRankMultivariateNormal,
    MultivariateNormal,
)
from tensorlib.distributions.normal import HALF_LOG_TWO_PI, HalfNormal, Normal
from tensorlib.distributions.poisson import Poisson
from tensorlib.distributions.transformed import TransformedDistribution
from tensorlib.distributions.transforms.transform import sum_of_last
from tensorlib.distributions.trials import Bernoulli, Binomial, Geometric
from tensorlib.distributions.uniform import Uniform
from tensorlib.linalg import solve_triangular
from tensorlib.special import betaln, gammaln, ndtr, psi, xlog1py, xlogy

RULES = {}  # (class of p, class of q) -> function


def register_kl(type_p, type_q):
    """Decorate a function that computes the divergence of two classes of distributions.

    Parameters
    ----------
    type_p, type_q : type
        Subclasses of them are served too, where no pair is nearer.

    Returns
    -------
    callable
        Takes the function of two distributions, and returns it.

    Raises
    ------
    TypeError
        If one is no class.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.distributions import Distribution, kl_divergence, register_kl
    >>> class Point(Distribution):
    ...     pass
    >>> @register_kl(Point, Point)
    ... def between_points(p, q):
    ...     return tl.asarray(0.0)
    >>> kl_divergence(Point(), Point()).item()
    0.0
    """
    if not isinstance(type_p, type) or not isinstance(type_q, type):
        raise TypeError(f"register_kl: expected two classes, got {type_p!r} and {type_q!r}")

    def decorator(function):
        RULES[type_p, type_q] = function
        _nearest.cache_clear()
        return function

    return decorator


@functools.cache
def _nearest(type_p, type_q):
    """The rule of the nearest classes above: first by p, then by q."""
    for p in type_p.__mro__:
        for q in type_q.__mro__:
            if (p, q) in RULES:
                return RULES[p, q]
    return None


def kl_divergence(p, q):
    """Kullback-Leibler divergence, the mean under `p` of ``log p(x) - log q(x)``.

    Parameters
    ----------
    p, q : Distribution

    Returns
    -------
    Tensor, of the batch shape

    Raises
    ------
    NotImplementedError
        If nothing is known of the two classes.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.distributions import Normal, kl_divergence
    >>> kl_divergence(Normal(1.0, 1.0), Normal(0.0, 1.0)).item()
    0.5
    """
    rule = _nearest(type(p), type(q))
    if rule is None:
        raise NotImplementedError(
            f"kl_divergence: none is known of {type(p).__name__} from {type(q).__name__}"
        )
    return rule(p, q)


# one family


@register_kl(Bernoulli, Bernoulli)
def _of_one_trial(p, q):
    true = p.probs * (logaddexp(0, -q.logits) - logaddexp(0, -p.logits))
    false = (1 - p.probs) * (logaddexp(0, q.logits) - logaddexp(0, p.logits))
    if q._given_name == "logits":
        return true + false
    # The logits of probabilities 0 and 1 are finite.
    excluded = (q.probs == 0) & (p.probs > 0) | (q.probs == 1) & (p.probs < 1)
    return where(excluded, math.inf, true + false)


@register_kl(Beta, Beta)
def _(p, q):
    a, b, c, d = p.concentration1, p.concentration0, q.concentration1, q.concentration0
    slopes = (a - c) * psi(a) + (b - d) * psi(b) + (c + d - a - b) * psi(a + b)
    return betaln(c, d) - betaln(a, b) + slopes


@register_kl(Binomial, Binomial)
def _(p, q):
    return where(p.total_count > q.total_count, math.inf, p.total_count * _of_one_trial(p, q))


@register_kl(OneHotCategorical, OneHotCategorical)
@register_kl(Categorical, Categorical)
def _(p, q):
    terms = p.probs * (p.logits - q.logits)
    terms = where(q.probs == 0, math.inf, terms)
    return where(p.probs == 0, 0, terms).sum(-1)


@register_kl(Cauchy, Cauchy)
def _(p, q):
    # Chyzak and Nielsen, "A closed-form formula for the Kullback-Leibler divergence between Cauchy
    # distributions", 2019.
    distance = square(p.scale + q.scale) + square(p.loc - q.loc)
    return log(distance) - log(4 * p.scale * q.scale)


@register_kl(Dirichlet, Dirichlet)
def _(p, q):
    a, b = p.concentration, q.concentration
    total = a.sum(-1, keepdims=True)
    constant = gammaln(total[..., 0]) - gammaln(b.sum(-1)) - (gammaln(a) - gammaln(b)).sum(-1)
    return constant + ((a - b) * (psi(a) - psi(total))).sum(-1)


@register_kl(Exponential, Exponential)
def _(p, q):
    ratio = q.rate / p.rate
    return ratio - log(ratio) - 1


@register_kl(Gamma, Gamma)
def _(p, q):
    a, b = p.concentration, q.concentration
    means = b * log(p.rate / q.rate) + a * (q.rate / p.rate - 1)
    return means + gammaln(b) - gammaln(a) + (a - b) * psi(a)


@register_kl(Geometric, Geometric)
def _(p, q):
    return -p.entropy() - xlog1py(1 / p.probs - 1, -q.probs) - log(q.probs)


@register_kl(Gumbel, Gumbel)
def _(p, q):
    ratio, shift = p.scale / q.scale, (p.loc - q.loc) / q.scale
    constant = -log(ratio) + shift + (ratio - 1) * euler_gamma - 1
    return constant + exp(gammaln(1 + ratio) - shift)


@register_kl(HalfNormal, HalfNormal)
def _(p, q):
    ratio = square(p.scale / q.scale)
    return 0.5 * (ratio - 1 - log(ratio))


@register_kl(Laplace, Laplace)
def _(p, q):
    ratio, distance = p.scale / q.scale, absolute(p.loc - q.loc)
    return -log(ratio) + distance / q.scale + ratio * exp(-distance / p.scale) - 1


@register_kl(Normal, Normal)
def _(p, q):
    ratio = square(p.scale / q.scale)
    return 0.5 * (ratio + square((p.loc - q.loc) / q.scale) - 1 - log(ratio))


@register_kl(MultivariateNormal, MultivariateNormal)
@register_kl(MultivariateNormal, LowRankMultivariateNormal)
@register_kl(LowRankMultivariateNormal, MultivariateNormal)
@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
def _(p, q):
    if p.event_shape != q.event_shape:
        raise ValueError(
            "kl_divergence: expected distributions of vectors of one length, "
            f"got {p.event_shape} and {q.event_shape}"
        )
    factor, shift = tril(p.scale_tril), (q.loc - p.loc)[..., None]
    trace, distance = (
        square(solve_triangular(q.scale_tril, x, upper=False)).sum((-2, -1))
        for x in (factor, shift)
    )
    determinants = log(q.scale_tril.diagonal(0, -2, -1)) - log(factor.diagonal(0, -2, -1))
    return determinants.sum(-1) + 0.5 * (trace + distance - p.event_shape[0])


@register_kl(Pareto, Pareto)
def _(p, q):
    ratio = q.alpha / p.alpha
    divergence = q.alpha * log(p.scale / q.scale) - log(ratio) + ratio - 1
    return where(p.scale < q.scale, math.inf, divergence)


@register_kl(Poisson, Poisson)
def _(p, q):
    return xlogy(p.rate, p.rate) - xlogy(p.rate, q.rate) - (p.rate - q.rate)


@register_kl(Uniform, Uniform)
def _(p, q):
    outside = (q.low > p.low) | (q.high < p.high)
    return where(outside, math.inf, log((q.high - q.low) / (p.high - p.low)))


@register_kl(TransformedDistribution, TransformedDistribution)
def _(p, q):
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError("kl_divergence: none is known of different transforms")
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(Independent, Independent)
def _(p, q):
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError("kl_divergence: none is known of events of different axes")
    return sum_of_last(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


# two families: minus the entropy of p, less the mean of log q under p


@register_kl(Bernoulli, Poisson)
def _(p, q):
    return -p.entropy() - (p.probs * log(q.rate) - q.rate)


@register_kl(Beta, Exponential)
@register_kl(Gamma, Exponential)
@register_kl(Pareto, Exponential)
def _of_exponential(p, q):
    return -p.entropy() - log(q.rate) + q.rate * p.mean


def _of_gamma(p, q, logarithm):
    """With the mean of the logarithm under `p`."""
    constant = gammaln(q.concentration) - q.concentration * log(q.rate)
    return -p.entropy() + constant - (q.concentration - 1) * logarithm + q.rate * p.mean


def _logarithm_of_uniform(p):
    """The mean of the logarithm."""
    width = p.high - p.low
    return (xlogy(p.high, p.high) - xlogy(p.low, p.low) - width) / width


@register_kl(Beta, Gamma)
def _(p, q):
    return _of_gamma(p, q, psi(p.concentration1) - psi(p.concentration1 + p.concentration0))


@register_kl(Beta, Normal)
@register_kl(Exponential, Normal)
@register_kl(Gamma, Normal)
@register_kl(Gumbel, Normal)
@register_kl(Laplace, Normal)
@register_kl(Uniform, Normal)
def _(p, q):
    moment = p.variance + square(p.mean - q.loc)
    return -p.entropy() + log(q.scale) + HALF_LOG_TWO_PI + 0.5 * moment / square(q.scale)


@register_kl(Beta, Uniform)
def _(p, q):
    return where((q.high < 1) | (q.low > 0), math.inf, -p.entropy() + log(q.high - q.low))


@register_kl(Exponential, Gamma)
def _(p, q):
    ratio = q.rate / p.rate
    slope = ratio + euler_gamma * (q.concentration - 1) - 1
    return slope - q.concentration * log(ratio) + gammaln(q.concentration)


@register_kl(Exponential, Gumbel)
def _(p, q):
    scale = p.rate * q.scale
    return log(scale) - 1 + exp(q.loc / q.scale) * scale / (scale + 1) - q.loc / q.scale + 1 / scale


@register_kl(Gamma, Gumbel)
def _(p, q):
    scale = p.rate * q.scale
    mean = power(1 + 1 / scale, -p.concentration) * exp(q.loc / q.scale)
    return -p.entropy() + log(q.scale) + p.concentration / scale - q.loc / q.scale + mean


@register_kl(Normal, Gumbel)
def _(p, q):
    mean, ratio = (p.loc - q.loc) / q.scale, square(p.scale / q.scale)
    return -p.entropy() + log(q.scale) + mean + exp(-mean + 0.5 * ratio)


@register_kl(Normal, Laplace)
def _(p, q):
    mean = p.loc - q.loc
    z = mean / p.scale
    distance = p.scale * math.sqrt(2 / math.pi) * exp(-0.5 * square(z)) + mean * (2 * ndtr(z) - 1)
    return -p.entropy() + log(2 * q.scale) + distance / q.scale


@register_kl(Pareto, Gamma)
def _(p, q):
    return _of_gamma(p, q, log(p.scale) + 1 / p.alpha)


@register_kl(Pareto, Normal)
def _(p, q):
    exists = p.alpha > 2
    alpha = where(exists, p.alpha, 3)
    moment = square(p.scale) * alpha / (square(alpha - 1) * (alpha - 2))
    moment = moment + square(p.scale * alpha / (alpha - 1) - q.loc)
    divergence = -p.entropy() + log(q.scale) + HALF_LOG_TWO_PI + 0.5 * moment / square(q.scale)
    return where(exists, divergence, math.inf)


@register_kl(Uniform, Beta)
def _(p, q):
    width, first = p.high - p.low, _logarithm_of_uniform(p)
    second = xlogy(1 - p.high, 1 - p.high) - xlogy(1 - p.low, 1 - p.low) + width
    mean = (q.concentration1 - 1) * first - (q.concentration0 - 1) * second / width
    divergence = -log(width) + betaln(q.concentration1, q.concentration0) - mean
    return where((p.high > 1) | (p.low < 0), math.inf, divergence)


@register_kl(Uniform, Exponential)
def _(p, q):
    return where(p.low < 0, math.inf, _of_exponential(p, q))


@register_kl(Uniform, Gamma)
def _(p, q):
    return where(p.low < 0, math.inf, _of_gamma(p, q, _logarithm_of_uniform(p)))


@register_kl(Uniform, Gumbel)
def _(p, q):
    scaled = q.scale / (p.high - p.low)
    high, low = (p.high - q.loc) / q.scale, (p.low - q.loc) / q.scale
    return log(scaled) + 0.5 * (high + low) - scaled * (exp(-high) - exp(-low))


@register_kl(Uniform, Pareto)
def _(p, q):
    density = log(q.alpha) + q.alpha * log(q.scale) - (q.alpha + 1) * _logarithm_of_uniform(p)
    divergence = -p.entropy() - density
    return where(p.low < q.scale, math.inf, divergence)


# p has values where q has none

INFINITE = {
    Beta: (Pareto,),
    Exponential: (Beta, Pareto, Uniform),
    Gamma: (Beta, Pareto, Uniform),
    Gumbel: (Beta, Exponential, Gamma, Pareto, Uniform),
    Laplace: (Beta, Exponential, Gamma, Pareto, Uniform),
    Normal: (Beta, Exponential, Gamma, Pareto, Uniform),
    Pareto: (Beta, Uniform),
    Poisson: (Bernoulli, Binomial),
}


def _infinite(p, q):
    return full(
        broadcast_shapes(p.batch_shape, q.batch_shape), math.inf, dtype=p.dtype, device=p.device
    )


for _type_p, _types_q in INFINITE.items():
    for _type_q in _types_q:
        register_kl(_type_p, _type_q)(_infinite)
