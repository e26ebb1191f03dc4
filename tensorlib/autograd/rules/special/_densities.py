"""Densities of distributions, which are the derivatives of their distribution functions."""

import math

from tensorlib._core._functions import exp, log1p, sqrt
from tensorlib.special._ufuncs import betaln, gammaln, hyp0f1, rgamma, xlog1py, xlogy

ROOT_TWO_PI = math.sqrt(2 * math.pi)


def gamma_density(a, x):
    """That of the gamma distribution of shape `a`; DLMF 8.8.13."""
    return exp(xlogy(a - 1, x) - x - gammaln(a))


def beta_density(a, b, x):
    """That of the beta distribution; DLMF 8.17.1."""
    return exp(xlogy(a - 1, x) + xlog1py(b - 1, -x) - betaln(a, b))


def normal_density(x):
    """That of the standard normal distribution."""
    return exp(-0.5 * x * x) / ROOT_TWO_PI


def chi_square_density(df, x):
    """That of the chi-square distribution."""
    return 0.5 * gamma_density(0.5 * df, 0.5 * x)


def noncentral_chi_square_density(df, nc, x):
    """That of the noncentral chi-square distribution."""
    half = 0.5 * df
    outer = 0.5 * exp(xlogy(half - 1, 0.5 * x) - 0.5 * (x + nc)) * rgamma(half)
    return outer * hyp0f1(half, 0.25 * nc * x)


def f_density(dfn, dfd, x):
    """That of the F distribution."""
    a, b, ratio = 0.5 * dfn, 0.5 * dfd, dfn / dfd
    power = xlogy(a, ratio) + xlogy(a - 1, x) - xlog1py(a + b, ratio * x)
    return exp(power - betaln(a, b))


def t_density(df, t):
    """That of Student's t distribution."""
    outer = exp(-betaln(0.5 * df, 0.5)) / sqrt(df)
    return outer * exp(-0.5 * (df + 1) * log1p(t * t / df))
