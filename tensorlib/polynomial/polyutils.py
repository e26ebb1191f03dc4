"""What the families of polynomials have in common: series, domains."""

from tensorlib._rebound import run_module

run_module("numpy.polynomial.polyutils", globals())
