"""The methods of Tensor that are functions of the modules beside this one."""

from tensorlib._assignment import put
from tensorlib._complex import imag, real
from tensorlib._core import _tensor
from tensorlib._core._functions import conjugate, sort
from tensorlib._creation import copy
from tensorlib._elementwise import round
from tensorlib._flat import flat, set_flat
from tensorlib._manipulation import matrix_transpose, repeat, swapaxes
from tensorlib._products import dot
from tensorlib._selection import (
    choose,
    clip,
    compress,
    diagonal,
    nonzero,
    searchsorted,
    take,
    trace,
)
from tensorlib._shape import flatten, ravel, squeeze
from tensorlib._sorting import argpartition, partition
from tensorlib._statistics import mean, std, var


def clip_method(self, min=None, max=None, out=None, **kwargs):
    """Elements limited to an interval; see `clip`."""
    return clip(self, min, max, out, **kwargs)


def compress_method(self, condition, axis=None, out=None):
    """The slices along an axis where a condition holds; see `compress`."""
    return compress(condition, self, axis, out)


def transposed_matrices(self):
    """Tensor: a view with the last two axes exchanged."""
    if self.ndim < 2:
        raise ValueError(f"mT: expected at least 2 dimensions, got {self.ndim}")
    return matrix_transpose(self)


def conjugate_method(self):
    """The complex conjugate; see `conjugate`."""
    return conjugate(self)


def sort_method(self, axis=-1, kind=None, *, stable=None):
    """Sort in place; see `sort`, which returns a copy."""
    # The gradient of sort needs the values that are overwritten.
    values = copy(self) if self.requires_grad else self
    self[...] = sort(values, axis, kind, stable=stable)


def partition_method(self, kth, axis=-1, kind="introselect", order=None):
    """Partition in place; see `partition`, which returns a copy."""
    values = copy(self) if self.requires_grad else self  # as for sort
    self[...] = partition(values, kth, axis, kind, order)


def set_real(self, value):
    real(self)[...] = value


def set_imag(self, value):
    if self.dtype.kind != "c":
        raise TypeError(f"imag: expected a complex tensor to write to, got {self.dtype}")
    imag(self)[...] = value


_tensor.add_methods(
    {
        "mT": property(transposed_matrices),
        "argpartition": argpartition,
        "choose": choose,
        "clip": clip_method,
        "compress": compress_method,
        "conj": conjugate_method,
        "conjugate": conjugate_method,
        "diagonal": diagonal,
        "dot": dot,
        "flat": property(flat, set_flat, doc=flat.__doc__),
        "flatten": flatten,
        "imag": property(imag, set_imag, doc="Tensor: a view of the imaginary parts."),
        "mean": mean,
        "nonzero": nonzero,
        "put": put,
        "partition": partition_method,
        "ravel": ravel,
        "real": property(real, set_real, doc="Tensor: a view of the real parts."),
        "repeat": repeat,
        "round": round,
        "searchsorted": searchsorted,
        "sort": sort_method,
        "squeeze": squeeze,
        "std": std,
        "swapaxes": swapaxes,
        "take": take,
        "trace": trace,
        "var": var,
    }
)
