"""Derivatives of elementary functions, and of the losses and entropies made of them."""

import math

from tensorlib._core._functions import (
    absolute,
    equal,
    exp,
    less_equal,
    log,
    log1p,
    logical_and,
    maximum,
    minimum,
    power,
    sin,
    sqrt,
    where,
)
from tensorlib.autograd.rules._register import zero
from tensorlib.autograd.rules.special._register import derivatives, gradients
from tensorlib.special._guarded import hyp1f1
from tensorlib.special._ufuncs import cosdg, expit, hyp2f1, sindg

DEGREE = math.pi / 180
LN2, LN10 = math.log(2.0), math.log(10.0)

derivatives("cbrt", x=lambda out: 1 / (3 * out * out))
derivatives("exp2", x=lambda out: LN2 * out)
derivatives("exp10", x=lambda out: LN10 * out)
derivatives("expm1", x=lambda out: out + 1)
derivatives("log1p", x=lambda x: 1 / (x + 1))
# (exp(x) - 1) / x is 1F1(1, 2, x) by 13.6.2; this form has no division by x
derivatives("exprel", x=lambda x: 0.5 * hyp1f1(2.0, 3.0, x))
gradients("round", x=zero)

# angles
derivatives("cosm1", x=lambda x: -sin(x))
derivatives("sindg", x=lambda x: DEGREE * cosdg(x))
derivatives("cosdg", x=lambda x: -DEGREE * sindg(x))
derivatives("tandg", x=lambda out: DEGREE * (1 + out * out))
derivatives("cotdg", x=lambda out: -DEGREE * (1 + out * out))
derivatives(
    "radian",
    d=lambda d: DEGREE + 0 * d,
    m=lambda m: DEGREE / 60 + 0 * m,
    s=lambda s: DEGREE / 3600 + 0 * s,
)

# the logistic function
derivatives("expit", x=lambda x, out: out * expit(-x))
derivatives("log_expit", x=lambda x: expit(-x))
derivatives("logit", x=lambda x: 1 / (x * (1 - x)))


# products with logarithms, entropies


def quotient(x, y):
    """x / y, and 0 of two zeros."""
    return x / where(logical_and(equal(x, 0), equal(y, 0)), 1, y)


derivatives("xlogy", x=lambda y: log(y), y=lambda x, y: quotient(x, y))
derivatives("xlog1py", x=lambda y: log1p(y), y=lambda x, y: quotient(x, 1 + y))
derivatives("entr", x=lambda x: -1 - log(x))
derivatives("rel_entr", x=lambda x, y: log(x / y) + 1, y=lambda x, y: -quotient(x, y))
derivatives("kl_div", x=lambda x, y: log(x / y), y=lambda x, y: 1 - quotient(x, y))

# powers: by the exponent with (x**y - 1) / y = log(x) exprel(y log(x)), and log(1 + x) / x =
# 2F1(1, 1, 2, -x) (15.4.1), which need no limit where the exponent is 0


def by_exponent(logarithm, lmbda):
    return 0.5 * logarithm * logarithm * hyp1f1(2.0, 3.0, lmbda * logarithm)


def by_root(base, y, lmbda):
    return -0.5 * base * y * y * hyp2f1(2.0, 2.0, 3.0, -lmbda * y)


derivatives(
    "boxcox",
    x=lambda x, lmbda: power(x, lmbda - 1.0),
    lmbda=lambda x, lmbda: by_exponent(log(x), lmbda),
)
derivatives(
    "boxcox1p",
    x=lambda x, lmbda: exp((lmbda - 1.0) * log1p(x)),
    lmbda=lambda x, lmbda: by_exponent(log1p(x), lmbda),
)
derivatives(
    "inv_boxcox",
    y=lambda lmbda, out: power(out, 1.0 - lmbda),
    lmbda=lambda y, lmbda, out: by_root(out, y, lmbda),
)
derivatives(
    "inv_boxcox1p",
    y=lambda lmbda, out: power(out + 1, 1.0 - lmbda),
    lmbda=lambda y, lmbda, out: by_root(out + 1, y, lmbda),
)
derivatives(
    "powm1",
    x=lambda x, y: y * power(x, y - 1.0),
    y=lambda x, out: (out + 1) * log(x),
)

# losses


def pseudo_huber_by_delta(delta, r):
    square = (r / delta) * (r / delta)
    root = sqrt(1 + square)
    return delta * (2 * (root - 1) - square / root)


derivatives(
    "huber",
    delta=lambda delta, r: where(less_equal(absolute(r), delta), 0.0, absolute(r) - delta),
    r=lambda delta, r: minimum(maximum(r, -delta), delta),
)
derivatives(
    "pseudo_huber",
    delta=pseudo_huber_by_delta,
    r=lambda delta, r: r / sqrt(1 + (r / delta) * (r / delta)),
)
