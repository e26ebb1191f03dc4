"""Probability distributions, with samples and densities that have gradients."""

from tensorlib.distributions import constraints, transforms
from tensorlib.distributions.categorical import (
    Categorical,
    Multinomial,
    OneHotCategorical,
    OneHotCategoricalStraightThrough,
)
from tensorlib.distributions.distribution import Distribution
from tensorlib.distributions.exponential import Exponential, Pareto, Weibull
from tensorlib.distributions.fisher_snedecor import FisherSnedecor
from tensorlib.distributions.gamma import Beta, Chi2, Dirichlet, Gamma
from tensorlib.distributions.generalized_pareto import GeneralizedPareto
from tensorlib.distributions.independent import Independent
from tensorlib.distributions.inverse_gamma import InverseGamma
from tensorlib.distributions.kl import kl_divergence, register_kl
from tensorlib.distributions.kumaraswamy import Kumaraswamy
from tensorlib.distributions.location_scale import Cauchy, Gumbel, HalfCauchy, Laplace
from tensorlib.distributions.logistic_normal import LogisticNormal
from tensorlib.distributions.mixture import MixtureSameFamily
from tensorlib.distributions.multivariate_normal import (
    LowRankMultivariateNormal,
    MultivariateNormal,
)
from tensorlib.distributions.normal import HalfNormal, LogNormal, Normal
from tensorlib.distributions.poisson import Poisson
from tensorlib.distributions.relaxed import RelaxedBernoulli, RelaxedOneHotCategorical
from tensorlib.distributions.student import StudentT
from tensorlib.distributions.transformed import TransformedDistribution
from tensorlib.distributions.transforms import (
    AbsTransform,
    AffineTransform,
    CatTransform,
    ComposeTransform,
    CumulativeDistributionTransform,
    ExpTransform,
    IndependentTransform,
    LowerCholeskyTransform,
    PositiveDefiniteTransform,
    PowerTransform,
    ReshapeTransform,
    SigmoidTransform,
    SoftmaxTransform,
    SoftplusTransform,
    StackTransform,
    StickBreakingTransform,
    TanhTransform,
    Transform,
    identity_transform,
)
from tensorlib.distributions.trials import Bernoulli, Binomial, Geometric, NegativeBinomial
from tensorlib.distributions.uniform import Uniform
from tensorlib.distributions.vonmises import VonMises

__all__ = [
    "AbsTransform",
    "AffineTransform",
    "Bernoulli",
    "Beta",
    "Binomial",
    "CatTransform",
    "Categorical",
    "Cauchy",
    "Chi2",
    "ComposeTransform",
    "CumulativeDistributionTransform",
    "Dirichlet",
    "Distribution",
    "ExpTransform",
    "Exponential",
    "FisherSnedecor",
    "Gamma",
    "GeneralizedPareto",
    "Geometric",
    "Gumbel",
    "HalfCauchy",
    "HalfNormal",
    "Independent",
    "IndependentTransform",
    "InverseGamma",
    "Kumaraswamy",
    "Laplace",
    "LogNormal",
    "LogisticNormal",
    "LowRankMultivariateNormal",
    "LowerCholeskyTransform",
    "MixtureSameFamily",
    "Multinomial",
    "MultivariateNormal",
    "NegativeBinomial",
    "Normal",
    "OneHotCategorical",
    "OneHotCategoricalStraightThrough",
    "Pareto",
    "Poisson",
    "PositiveDefiniteTransform",
    "PowerTransform",
    "RelaxedBernoulli",
    "RelaxedOneHotCategorical",
    "ReshapeTransform",
    "SigmoidTransform",
    "SoftmaxTransform",
    "SoftplusTransform",
    "StackTransform",
    "StickBreakingTransform",
    "StudentT",
    "TanhTransform",
    "Transform",
    "TransformedDistribution",
    "Uniform",
    "VonMises",
    "Weibull",
    "constraints",
    "identity_transform",
    "kl_divergence",
    "register_kl",
    "transforms",
]
