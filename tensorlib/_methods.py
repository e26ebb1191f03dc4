"""The methods of Tensor that are functions of the modules beside this one."""

from tensorlib._arguments import followed
from tensorlib._assignment import put
from tensorlib._complex import imag, real
from tensorlib._core import _tensor
from tensorlib._core._functions import conjugate, matmul, sort
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


def clip_method(self, /, min=None, max=None, out=None, **kwargs):
    """Elements limited to an interval; see `clip`."""
    return clip(self, min, max, out, **kwargs)


def compress_method(self, /, condition, axis=None, out=None):
    """The slices along an axis where a condition holds; see `compress`."""
    return compress(condition, self, axis, out)


def transposed_matrices(self):
    """Tensor: a view with the last two axes exchanged."""
    if self.ndim < 2:
        raise ValueError(f"mT: matrix transpose with ndim < 2 is undefined, got {self.ndim}")
    return matrix_transpose(self)


def conjugate_method(self, /, *out):
    """The complex conjugate, of real elements the tensor itself; see `conjugate`."""
    return conjugate(self, *out) if out or self.dtype.kind == "c" else self


def sort_method(self, /, axis=-1, kind=None, order=None, *, stable=None):
    """Sort in place; see `sort`, which returns a copy."""
    if axis is None:
        raise TypeError("sort: expected axis to be an int, got None")
    # The gradient of sort needs the values that are overwritten.
    values = copy(self) if followed(self) else self
    self[...] = sort(values, axis, kind, order, stable=stable)


def partition_method(self, /, kth, axis=-1, kind="introselect", order=None):
    """Partition in place; see `partition`, which returns a copy."""
    if axis is None:
        raise TypeError("partition: expected axis to be an int, got None")
    values = copy(self) if followed(self) else self  # as for sort
    self[...] = partition(values, kth, axis, kind, order)


def matvec_method(self, x):
    """The product of this matrix and a vector: with it, SciPy takes a tensor as an operator.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.asarray([[1.0, 2.0], [3.0, 4.0]]).matvec([1.0, 10.0])
    tensor([21., 43.])
    """
    return matmul(self, x)


def rmatvec_method(self, x):
    """The product of the conjugate transpose of this matrix and a vector.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.asarray([[1.0, 2.0], [3.0, 4.0]]).rmatvec([1.0, 10.0])
    tensor([31., 42.])
    """
    return matmul(conjugate(matrix_transpose(self)), x)


def argpartition_method(self, /, kth, axis=-1, kind="introselect", order=None):
    """Indices that would partition; see `argpartition`."""
    return argpartition(self, kth, axis, kind, order)


def choose_method(self, /, *choices, out=None, mode="raise"):
    """For each place the element that its index names; the arrays one by one or as a sequence."""
    return choose(self, choices[0] if len(choices) == 1 else choices, out, mode)


def diagonal_method(self, /, offset=0, axis1=0, axis2=1):
    """A view of a diagonal; see `diagonal`."""
    return diagonal(self, offset, axis1, axis2)


def dot_method(self, /, b, out=None):
    """Product with another array; see `dot`."""
    return dot(self, b, out)


def flatten_method(self, /, order="C"):
    """A copy with one axis; see `flatten`."""
    return flatten(self, order)


def mean_method(self, /, axis=None, dtype=None, out=None, **kwargs):
    """Mean of the elements; see `mean`."""
    return mean(self, axis, dtype, out, **kwargs)


def nonzero_method(self, /):
    """Indices of the elements that are not zero; see `nonzero`."""
    return nonzero(self)


def put_method(self, /, indices, values, mode="raise"):
    """Write values at places of the tensor taken as one axis; see `put`."""
    return put(self, indices, values, mode)


def ravel_method(self, /, order="C"):
    """The elements with one axis, a view where possible; see `ravel`."""
    return ravel(self, order)


def repeat_method(self, /, repeats, axis=None):
    """Each element several times; see `repeat`."""
    return repeat(self, repeats, axis)


def round_method(self, /, decimals=0, out=None):
    """Elements rounded; see `round`."""
    return round(self, decimals, out)


def searchsorted_method(self, /, v, side="left", sorter=None):
    """The places where values would keep the order; see `searchsorted`."""
    return searchsorted(self, v, side, sorter)


def squeeze_method(self, /, axis=None):
    """A view without axes of length one; see `squeeze`."""
    return squeeze(self, axis)


def std_method(self, /, axis=None, dtype=None, out=None, ddof=0, **kwargs):
    """Standard deviation; see `std`."""
    return std(self, axis, dtype, out, ddof, **kwargs)


def swapaxes_method(self, axis1, axis2, /):
    """A view with two axes exchanged; see `swapaxes`."""
    return swapaxes(self, axis1, axis2)


def take_method(self, /, indices, axis=None, out=None, mode="raise"):
    """Slices picked by index; see `take`."""
    return take(self, indices, axis, out, mode)


def trace_method(self, /, offset=0, axis1=0, axis2=1, dtype=None, out=None):
    """The sum over a diagonal; see `trace`."""
    return trace(self, offset, axis1, axis2, dtype, out)


def var_method(self, /, axis=None, dtype=None, out=None, ddof=0, **kwargs):
    """Variance; see `var`."""
    return var(self, axis, dtype, out, ddof, **kwargs)


def set_real(self, value):
    real(self)[...] = value


def set_imag(self, value):
    if self.dtype.kind != "c":
        raise TypeError(f"imag: expected a complex tensor to write to, got {self.dtype}")
    imag(self)[...] = value


_tensor.add_methods(
    {
        "mT": property(transposed_matrices),
        "argpartition": argpartition_method,
        "choose": choose_method,
        "clip": clip_method,
        "compress": compress_method,
        "conj": conjugate_method,
        "conjugate": conjugate_method,
        "diagonal": diagonal_method,
        "dot": dot_method,
        "flat": property(flat, set_flat, doc=flat.__doc__),
        "flatten": flatten_method,
        "imag": property(imag, set_imag, doc="Tensor: a view of the imaginary parts."),
        "matvec": matvec_method,
        "mean": mean_method,
        "nonzero": nonzero_method,
        "put": put_method,
        "partition": partition_method,
        "ravel": ravel_method,
        "real": property(real, set_real, doc="Tensor: a view of the real parts."),
        "repeat": repeat_method,
        "rmatvec": rmatvec_method,
        "round": round_method,
        "searchsorted": searchsorted_method,
        "sort": sort_method,
        "squeeze": squeeze_method,
        "std": std_method,
        "swapaxes": swapaxes_method,
        "take": take_method,
        "trace": trace_method,
        "var": var_method,
    }
)
