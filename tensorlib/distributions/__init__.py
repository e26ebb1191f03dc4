"""Probability distributions, with samples and densities that have gradients."""

from tensorlib.distributions import constraints, transforms
from tensorlib.distributions.categorical import Categorical, Multinomial, OneHotCategorical
from tensorlib.distributions.distribution import Distribution
from tensorlib.distributions.exponential import Exponential, Pareto, Weibull
from tensorlib.distributions.gamma import Beta, Chi2, Dirichlet, Gamma
from tensorlib.distributions.independent import Independent
from tensorlib.distributions.kl import kl_divergence, register_kl
from tensorlib.distributions.location_scale import Cauchy, Gumbel, HalfCauchy, Laplace
from tensorlib.distributions.mixture import MixtureSameFamily
from tensorlib.distributions.multivariate_normal import (
    LowRankMultivariateNormal,
    MultivariateNormal,
)
from tensorlib.distributions.normal import HalfNormal, LogNormal, Normal
from tensorlib.distributions.poisson import Poisson
from tensorlib.distributions.student import StudentT
from tensorlib.distributions.transformed import TransformedDistribution
from tensorlib.distributions.transforms import (
    AffineTransform,
    ComposeTransform,
    ExpTransform,
    PowerTransform,
    SigmoidTransform,
    SoftplusTransform,
    TanhTransform,
    Transform,
)
from tensorlib.distributions.trials import Bernoulli, Binomial, Geometric, NegativeBinomial
from tensorlib.distributions.uniform import Uniform
from tensorlib.distributions.vonmises import VonMises

__all__ = [
    "AffineTransform",
    "Bernoulli",
    "Beta",
    "Binomial",
    "Categorical",
    "Cauchy",
    "Chi2",
    "ComposeTransform",
    "Dirichlet",
    "Distribution",
    "ExpTransform",
    "Exponential",
    "Gamma",
    "Geometric",
    "Gumbel",
    "HalfCauchy",
    "HalfNormal",
    "Independent",
    "Laplace",
    "LogNormal",
    "LowRankMultivariateNormal",
    "MixtureSameFamily",
    "Multinomial",
    "MultivariateNormal",
    "NegativeBinomial",
    "Normal",
    "OneHotCategorical",
    "Pareto",
    "Poisson",
    "PowerTransform",
    "SigmoidTransform",
    "SoftplusTransform",
    "StudentT",
    "TanhTransform",
    "Transform",
    "TransformedDistribution",
    "Uniform",
    "VonMises",
    "Weibull",
    "constraints",
    "kl_divergence",
    "register_kl",
    "transforms",
]
