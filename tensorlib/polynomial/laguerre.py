"""Laguerre series: coefficients, values, fits, and a class."""

from tensorlib.polynomial._families import define

define(globals())
