"""The base of the six classes."""

import copy
import functools

import numpy

from tensorlib._core._functions import asarray
from tensorlib._rebound import run_module

run_module("numpy.polynomial._polybase", globals())


def _on_arrays(method):
    """The method, on a copy of the series that holds ndarrays: for those that print."""

    @functools.wraps(method)
    def printed(self, *args):
        series = copy.copy(self)
        for name in ("coef", "domain", "window"):
            setattr(series, name, numpy.asarray(asarray(getattr(self, name)).detach()))
        return method(series, *args)

    return printed


for _name in ("__repr__", "__str__", "__format__", "_repr_latex_"):
    setattr(ABCPolyBase, _name, _on_arrays(getattr(ABCPolyBase, _name)))  # noqa: F821
