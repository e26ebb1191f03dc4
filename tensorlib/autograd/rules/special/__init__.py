"""The gradients of the special functions, loaded together with `tensorlib.special`.

Each is the partial derivative by one input, after a formula of the Digital Library of Mathematical
Functions (DLMF, https://dlmf.nist.gov), whose number stands beside it. For an input by which no
derivative is known a gradient is refused when it is asked for.
"""

from tensorlib.autograd.rules.special import (
    airy,
    bessel,
    distributions,
    elementary,
    elliptic,
    error,
    gamma,
    hypergeometric,
    integrals,
    polynomials,
    waves,
)
from tensorlib.autograd.rules.special._register import refuse_the_rest

refuse_the_rest()
