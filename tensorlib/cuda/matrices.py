"""Stacks of matrices on a device, and the kernels of our own for them: ``kernels/linalg.cuh``.

The libraries go by columns. To them a stack in C order is one of the transposes: "turned" are
tensors whose last two axes are exchanged in memory.
"""

import math

from tensorlib._core import _views
from tensorlib.cuda._backend import compact, compute, new, place, write
from tensorlib.cuda.common import THREADS, blocks_for, kernel, type_name


def doubled(a):
    """The dtype of double precision that a tensor is computed in."""
    return "complex128" if a.dtype.kind == "c" else "float64"


def stack(a, dtype, op, turned=False):
    """A new tensor of all matrices, (count, rows, columns) or turned."""
    outer, (rows, columns) = a.shape[:-2], a.shape[-2:]
    if turned:
        axes = tuple(range(a.ndim - 2))
        a = _views.transpose(a, (*axes, a.ndim - 1, a.ndim - 2))
        rows, columns = columns, rows
    result = new((*outer, rows, columns), dtype, a, op)
    write(result, a)
    return _views.reshape(result, (math.prod(outer), rows, columns))


def finished(x, shape, dtype, turned=False):
    """A stack in C order, of the shape and dtype of a result."""
    if turned:
        x = _views.transpose(x, (0, 2, 1))
    return _views.reshape(compact(x, dtype), tuple(shape))


def matrices_between(x, start, stop):
    """Some of the matrices."""
    return _views.basic_index(x, (slice(start, stop),))


def part(x, count):
    """The first rows of each matrix."""
    return _views.basic_index(x, (slice(None), slice(count)))


def adjoint(x, op):
    x = _views.transpose(x, (0, 2, 1))
    if x.dtype.kind != "c":
        return x
    result = new(x.shape, x.dtype, x, op)
    compute("conjugate", result, x)
    return result


def identity(shape, like, op):
    result = new(shape, like.dtype, like, op)
    launch("identity", result, op, result.size, *shape[1:], result)
    return result


def clear_triangle(x, below, op):
    """Write zeros below the diagonal, or else above it."""
    launch("clear_triangle", x, op, x.size, *x.shape[1:], int(below), x)


def addresses(x, op):
    """Where each matrix, or vector, is: int64 on the device."""
    count = len(x)
    result = new((count,), "int64", x, op)
    launch("addresses", None, op, count, x.size // count * x.dtype.itemsize, x, result)
    return result


# Their parameters in C++, where T is the type of the matrices.
PARAMETERS = {
    "addresses": "int64_t count, int64_t bytes, const char *first, int64_t *result",
    "clear_triangle": "int64_t size, int64_t rows, int64_t columns, int64_t below, T *x",
    "complex_vectors": "int64_t size, int64_t n, const Complex<double> *values, "
    "const double *given, Complex<double> *vectors",
    "determinants": "int64_t count, int64_t n, const T *lu, const int32_t *pivots, T *signs, "
    "double *logarithms",
    "from_logarithms": "int64_t count, const T *signs, const double *logarithms, T *result",
    "identity": "int64_t size, int64_t rows, int64_t columns, T *x",
    "inverse_values": "int64_t count, int64_t n, const double *values, const double *limits, "
    "double *inverses, int32_t *ranks",
    "multiply_out": "int64_t count, int64_t width, int64_t rows, int64_t reflectors, "
    "const T *factors, T *q",
    "residuals": "int64_t columns, int64_t rows, int64_t k, int64_t full, const T *x, "
    "const int32_t *ranks, double *sums",
}


def linalg_kernel(name, kind):
    """A kernel of ``kernels/linalg.cuh``, for matrices of a type."""
    parameters = PARAMETERS[name]
    names = ", ".join(words.split()[-1].lstrip("*") for words in parameters.split(","))
    template = f"<{kind}>" if "T *" in parameters else ""
    parameters = parameters.replace("T *", f"{kind} *")
    body = f"tl::linalg::{name}{template}({names});"
    return kernel("linalg.cuh", f"{name}_kernel", parameters, body)


def launch(name, like, op, size, *arguments):
    """With a thread for each of `size` elements."""
    _launch(name, like, op, blocks_for(size), size, *arguments)


def launch_blocks(name, like, op, count, *arguments):
    """With a block for each of `count` matrices or columns."""
    _launch(name, like, op, count, count, *arguments)


def _launch(name, like, op, blocks, *arguments):
    kind = "double" if like is None else type_name(like.dtype)
    device = place(next(x for x in arguments if not isinstance(x, int)))
    linalg_kernel(name, kind)(op, device, blocks, THREADS, *arguments)


def sources():
    """The sources of all of them."""
    for name, parameters in PARAMETERS.items():
        for kind in ("double", "Complex<double>") if "T *" in parameters else ("double",):
            yield linalg_kernel(name, kind).source
