"""The base of the six classes."""

from tensorlib._rebound import run_module

run_module("numpy.polynomial._polybase", globals())
