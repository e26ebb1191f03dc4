"""Derivatives of hypergeometric functions by their argument."""

from tensorlib._core._functions import exp
from tensorlib.autograd.rules.special._register import derivatives
from tensorlib.special._guarded import hyp1f1
from tensorlib.special._ufuncs import (
    hyp0f1,
    hyp2f1,
    hyperu,
    log_wright_bessel,
    wright_bessel,
)

derivatives("hyp0f1", z=lambda v, z: hyp0f1(v + 1, z) / v)  # 16.3.1
derivatives("hyp1f1", x=lambda a, b, x: a / b * hyp1f1(a + 1, b + 1, x))  # 13.3.15
derivatives("hyperu", x=lambda a, b, x: -a * hyperu(a + 1, b + 1, x))  # 13.3.22
derivatives("hyp2f1", z=lambda a, b, c, z: a * b / c * hyp2f1(a + 1, b + 1, c + 1, z))  # 15.5.1
# 10.46.1, term by term
derivatives("wright_bessel", x=lambda a, b, x: wright_bessel(a, a + b, x))
derivatives("log_wright_bessel", x=lambda a, b, x, out: exp(log_wright_bessel(a, a + b, x) - out))
