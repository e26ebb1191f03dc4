"""Derivatives of distribution functions and of their inverses.

A distribution function has the density as its derivative by the argument, its inverse one over
it; an inverse by another input follows from the derivative of the distribution function by that.
"""

from tensorlib._core._functions import (
    absolute,
    floor,
    greater,
    less,
    logical_and,
    power,
    trunc,
    where,
)
from tensorlib.autograd.rules.special._densities import (
    beta_density,
    chi_square_density,
    f_density,
    gamma_density,
    noncentral_chi_square_density,
    normal_density,
    t_density,
)
from tensorlib.autograd.rules.special._register import derivatives
from tensorlib.special._guarded import _ncf_pdf, _nct_pdf
from tensorlib.special._ufuncs import _kolmogp, _smirnovp, ndtri

# of counts, by the probability of one success or the mean: 8.17.5 and 8.4.10. SciPy rounds the
# count down and cuts other fractions off.


def binomial(k, n, p):
    """Minus the derivative of bdtr."""
    k = floor(k)
    return beta_density(k + 1, trunc(n) - k, p)


def negative_binomial(k, n, p):
    return beta_density(trunc(n), trunc(k) + 1, p)


def poisson(k, m):
    """Minus the derivative of pdtr."""
    return gamma_density(floor(k) + 1, m)


derivatives("bdtr", p=lambda k, n, p: -binomial(k, n, p))
derivatives("bdtrc", p=lambda k, n, p: binomial(k, n, p))
derivatives("bdtri", y=lambda k, n, out: -1 / binomial(k, n, out))
derivatives("nbdtr", p=lambda k, n, p: negative_binomial(k, n, p))
derivatives("nbdtrc", p=lambda k, n, p: -negative_binomial(k, n, p))
derivatives("nbdtri", y=lambda k, n, out: 1 / negative_binomial(k, n, out))
derivatives("pdtr", m=lambda k, m: -poisson(k, m))
derivatives("pdtrc", m=lambda k, m: poisson(k, m))
derivatives("pdtri", y=lambda k, out: -1 / poisson(k, out))

# of continuous variables

derivatives("chdtr", x=lambda v, x: chi_square_density(v, x))
derivatives("chdtrc", x=lambda v, x: -chi_square_density(v, x))
derivatives("chdtri", p=lambda v, out: -1 / chi_square_density(v, out))
derivatives("fdtr", x=lambda dfn, dfd, x: f_density(dfn, dfd, x))
derivatives("fdtrc", x=lambda dfn, dfd, x: -f_density(dfn, dfd, x))
derivatives("fdtri", p=lambda dfn, dfd, out: 1 / f_density(dfn, dfd, out))
derivatives("stdtr", t=lambda df, t: t_density(df, t))
derivatives("stdtrit", p=lambda df, out: 1 / t_density(df, out))
derivatives(
    "gdtr",
    a=lambda a, b, x: x * gamma_density(b, a * x),
    x=lambda a, b, x: a * gamma_density(b, a * x),
)
derivatives(
    "gdtrc",
    a=lambda a, b, x: -x * gamma_density(b, a * x),
    x=lambda a, b, x: -a * gamma_density(b, a * x),
)
derivatives(
    "gdtria",
    p=lambda b, x, out: 1 / (x * gamma_density(b, out * x)),
    x=lambda x, out: -out / x,
)
derivatives(
    "gdtrix",
    a=lambda a, out: -out / a,
    p=lambda a, b, out: 1 / (a * gamma_density(b, a * out)),
)
derivatives(
    "nrdtrimn",
    p=lambda p, std: -std / normal_density(ndtri(p)),
    std=lambda p: -ndtri(p),
    x=lambda x: 1 + 0 * x,
)
derivatives(
    "nrdtrisd",
    mn=lambda p: -1 / ndtri(p),
    p=lambda p, out: -out / (ndtri(p) * normal_density(ndtri(p))),
    x=lambda p: 1 / ndtri(p),
)

# noncentral ones: by the noncentrality minus the density with two degrees of freedom more


def chi_square(df, nc, x):
    return noncentral_chi_square_density(df, nc, x)


derivatives(
    "chndtr",
    x=lambda x, df, nc: chi_square(df, nc, x),
    nc=lambda x, df, nc: -chi_square(df + 2, nc, x),
)
derivatives(
    "chndtrix",
    p=lambda df, nc, out: 1 / chi_square(df, nc, out),
    nc=lambda df, nc, out: chi_square(df + 2, nc, out) / chi_square(df, nc, out),
)
derivatives(
    "chndtrinc",
    x=lambda x, df, out: chi_square(df, out, x) / chi_square(df + 2, out, x),
    p=lambda x, df, out: -1 / chi_square(df + 2, out, x),
)
derivatives("ncfdtr", f=lambda dfn, dfd, nc, f: _ncf_pdf(f, dfn, dfd, nc))
derivatives("ncfdtri", p=lambda dfn, dfd, nc, out: 1 / _ncf_pdf(out, dfn, dfd, nc))
derivatives("nctdtr", t=lambda df, nc, t: _nct_pdf(t, df, nc))
derivatives("nctdtrit", p=lambda df, nc, out: 1 / _nct_pdf(out, df, nc))

# survival functions of statistics

derivatives("kolmogorov", y=lambda y: _kolmogp(y))
derivatives("kolmogi", p=lambda out: 1 / _kolmogp(out))
derivatives("smirnov", d=lambda n, d: _smirnovp(n, d))
derivatives("smirnovi", p=lambda n, out: 1 / _smirnovp(n, out))


def tukey_density(x, lmbda, out):
    """One over the derivative of the quantile function (p**lmbda - (1 - p)**lmbda) / lmbda."""
    outside = logical_and(greater(lmbda, 0), less(1, absolute(x) * lmbda))
    p = where(outside, 0.5, out)
    slope = power(p, lmbda - 1.0) + power(1 - p, lmbda - 1.0)
    return where(outside, 0.0, 1 / slope)


derivatives("tklmbda", x=tukey_density)
