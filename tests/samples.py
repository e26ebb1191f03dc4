"""One sample call for every row of the op table.

``SAMPLES[name](rng)`` returns a `Sample`:

- ``inputs``: NumPy arrays, one for each operand of the op. Where the op takes floating-point
  numbers they are float64, inside its domain and, almost surely, away from its kinks.
- ``params``: keyword arguments.
- ``function``: ``function(*inputs, **params)`` makes the call, with Tensors or arrays as inputs,
  and returns a Tensor or a tuple of Tensors.

Where NumPy has the function, ``getattr(np, name)(*inputs, **params)`` is the expected result. A new
row needs an entry here: for an elementwise op a range of numbers in ``DOMAINS``, unless any
number will do; else a function named in ``SAMPLES``.
"""

from typing import NamedTuple

import numpy as np

import tensorlib as tl
from tensorlib._core import _functions
from tensorlib._core import ops as table
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._resample import SparseRows


class Sample(NamedTuple):
    inputs: list
    params: dict
    function: object


# elementwise

INTEGERS = "integers"
TRUTHS = "truths"
ANY = (-2.0, 2.0)
POSITIVE = (0.2, 3.0)

# The range of each input's numbers, where it is not ANY.
DOMAINS = {
    "arccos": [(-0.9, 0.9)],
    "arccosh": [(1.2, 3.0)],
    "arcsin": [(-0.9, 0.9)],
    "arctanh": [(-0.9, 0.9)],
    "bitwise_and": [INTEGERS, INTEGERS],
    "bitwise_count": [INTEGERS],
    "bitwise_or": [INTEGERS, INTEGERS],
    "bitwise_xor": [INTEGERS, INTEGERS],
    "cbrt": [POSITIVE],
    "clip": [ANY, (-1.5, -0.5), (0.5, 1.5)],
    "divide": [ANY, POSITIVE],
    "divmod": [(-9.0, 9.0), (1.0, 2.0)],
    "float_power": [POSITIVE, ANY],
    "floor_divide": [(-9.0, 9.0), (1.0, 2.0)],
    "fmod": [(-9.0, 9.0), (1.0, 2.0)],
    "gcd": [INTEGERS, INTEGERS],
    "hardtanh": [ANY, (-1.5, -0.5), (0.5, 1.5)],
    "invert": [INTEGERS],
    "lcm": [INTEGERS, INTEGERS],
    "ldexp": [ANY, INTEGERS],
    "left_shift": [INTEGERS, INTEGERS],
    "log": [POSITIVE],
    "log10": [POSITIVE],
    "log1p": [(-0.5, 3.0)],
    "log2": [POSITIVE],
    "modf": [(-9.0, 9.0)],
    "masked_divide": [ANY, POSITIVE],
    "power": [POSITIVE, ANY],
    "reciprocal": [POSITIVE],
    "remainder": [(-9.0, 9.0), (1.0, 2.0)],
    "right_shift": [INTEGERS, INTEGERS],
    "sqrt": [POSITIVE],
    "tan": [(-1.0, 1.0)],
    "where": [TRUTHS, ANY, ANY],
}
SHAPES = [(2, 3), (3,), (2, 1)]  # of the first, second and third input: they broadcast


def numbers(rng, domain, shape):
    if domain is INTEGERS:
        return rng.integers(0, 9, shape)
    if domain is TRUTHS:
        return rng.random(shape) < 0.5
    return rng.uniform(*domain, shape)


def elementwise(name, inputs):
    def sample(rng):
        domains = DOMAINS.get(name, [ANY] * len(inputs))
        arrays = [numbers(rng, *pair) for pair in zip(domains, SHAPES, strict=False)]
        return Sample(arrays, {}, getattr(_functions, name))

    return sample


# products, reductions and accumulations

PRODUCT_SHAPES = {
    "matmul": [(2, 3, 4), (4, 5)],
    "matvec": [(2, 3, 4), (4,)],
    "vecdot": [(2, 4), (4,)],
    "vecmat": [(2, 4), (4, 5)],
}


def product(name):
    def sample(rng):
        arrays = [rng.standard_normal(shape) for shape in PRODUCT_SHAPES[name]]
        return Sample(arrays, {}, getattr(_functions, name))

    return sample


def fold(name, **params):
    def sample(rng):
        return Sample([rng.uniform(-2, 2, (2, 3, 4))], params, getattr(_functions, name))

    return sample


# views and structured ops


def direct(name, shapes, low=-2.0, high=2.0, **params):
    """A call of the op itself, as not every one of these has a public function of its own."""

    def function(*inputs, **params):
        inputs = tuple(tl.asarray(x) for x in inputs)
        return apply(getattr(ops, name), inputs, tuple(params.values()))

    def sample(rng):
        return Sample([rng.uniform(low, high, shape) for shape in shapes], params, function)

    return sample


def with_classes(name, shapes, **params):
    """A call of an op whose second input are classes."""

    def function(x, target, *others, **params):
        return apply(getattr(ops, name), (x, target, *others), tuple(params.values()))

    def sample(rng):
        first, *others = [rng.uniform(0.5, 2.0, shape) for shape in shapes]
        target = np.array([[0, 2, 1, 2], [1, 1, 0, 2]])
        return Sample([first, target, *others], params, function)

    return sample


def with_complex_input(sample):
    def complex_sample(rng):
        real, imaginary = sample(rng), sample(rng)
        inputs = [real.inputs[0] + 1j * imaginary.inputs[0]]
        return Sample(inputs, real.params, real.function)

    return complex_sample


def advanced_index(rng):
    index = (np.array([[0, 2], [-1, 0]]), slice(None), np.array([1, 2]))
    inputs = [rng.standard_normal((3, 2, 4))]
    return Sample(inputs, {"index": index}, lambda x, index: tl.asarray(x)[index])


def index_update(name):
    """With integers that repeat, and a value that is broadcast."""

    def function(x, value, index):
        index = tuple(tl.asarray(i) if isinstance(i, np.ndarray) else i for i in index)
        return apply(getattr(ops, name), (tl.asarray(x), tl.asarray(value)), (index,))

    def sample(rng):
        index = (np.array([0, 2, 0]), slice(1, 3))
        inputs = [rng.standard_normal((3, 4)), rng.standard_normal((3, 1))]
        return Sample(inputs, {"index": index}, function)

    return sample


def view_positions(name, shapes):
    def function(*inputs, positions):
        inputs = tuple(tl.asarray(x) for x in inputs)
        return apply(getattr(ops, name), inputs, (tl.asarray(positions), None))

    def sample(rng):
        positions = np.array([[1, 4], [7, 10]])  # x[:, 1::3].T, say
        return Sample(
            [rng.standard_normal(shape) for shape in shapes], {"positions": positions}, function
        )

    return sample


# linear algebra and Fourier transforms


def matrices(name, shape=(2, 3, 3), change=lambda a: a, **params):
    """A call of an op on matrices that are changed to what it takes."""

    def function(a, **params):
        return apply(getattr(ops, name), (change(tl.asarray(a)),), tuple(params.values()))

    def sample(rng):
        return Sample([rng.standard_normal(shape)], params, function)

    return sample


def hermitian(a):
    return a + tl.conj(tl.matrix_transpose(a))


def positive_definite(a):
    return a @ tl.conj(tl.matrix_transpose(a)) + tl.eye(a.shape[-1], device=a.device)


def with_real_eigenvalues(a):
    return 0.1 * a + tl.diag(tl.arange(1.0, a.shape[-1] + 1)).to(a.device)


CONVOLUTION = {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2), "groups": 2}
IMAGES, FILTERS, CONVOLVED = (2, 4, 5, 6), (6, 2, 3, 2), (2, 6, 3, 8)
NORMED, WEIGHT, MOMENTS = (2, 2, 3, 2, 2), (3, 2, 1), (1, 2, 3, 1, 1)
NORM = {"eps": 1e-2, "centred": True}
STEPS = {"sizes": (3, 3, 1), "reverse": True}

SAMPLES = {
    **{name: elementwise(name, inputs) for name, _, inputs, _, _ in table.ELEMENTWISE},
    **{name: product(name) for name, _, _, _ in table.PRODUCTS},
    **{name: fold(name, axis=(0, 2), keepdims=False) for name, _, _ in table.REDUCTIONS},
    **{name: fold(name, axis=1) for name, _, _ in table.ACCUMULATIONS},
    "as_strided": direct("as_strided", [(3, 4)], shape=(3, 4), strides=(16, 8), offset=8),
    "basic_index": direct("basic_index", [(3, 4)], index=(slice(None, None, -2), None, 1)),
    "broadcast_to": direct("broadcast_to", [(3, 1)], shape=(2, 3, 4)),
    "diagonal": direct("diagonal", [(3, 2, 4)], offset=1, axis1=2, axis2=0),
    "imag": with_complex_input(direct("imag", [(2, 3)])),
    "real": with_complex_input(direct("real", [(2, 3)])),
    "reshape": direct("reshape", [(2, 6)], shape=(3, 4)),
    "transpose": direct("transpose", [(2, 3, 4)], axes=(2, 0, 1)),
    "advanced_index": advanced_index,
    "argmax": direct("argmax", [(3, 4)], axis=1, keepdims=False),
    "argmin": direct("argmin", [(3, 4)], axis=1, keepdims=False),
    "argsort": direct("argsort", [(3, 4)], axis=0, kind=None),
    "astype": direct("astype", [(3, 4)], dtype=np.dtype(np.complex128)),
    "attention": direct(
        "attention", [(2, 3, 4), (2, 5, 4), (2, 5, 2), (3, 5)], is_causal=True, scale=0.5
    ),
    "attention_backward": direct(
        "attention_backward",
        [(2, 3, 2), (2, 3, 2), (2, 3, 4), (2, 5, 4), (2, 5, 2), (3, 5), (2, 3)],
        is_causal=True,
        scale=0.5,
    ),
    "cholesky": matrices("cholesky", change=positive_definite, upper=False),
    "concatenate": direct("concatenate", [(2, 3), (2, 1), (2, 4)], axis=1),
    "conv": direct("conv", [IMAGES, FILTERS], **CONVOLUTION),
    "conv_input": direct("conv_input", [CONVOLVED, FILTERS], shape=IMAGES, **CONVOLUTION),
    "conv_weight": direct("conv_weight", [IMAGES, CONVOLVED], shape=FILTERS, **CONVOLUTION),
    "copy": direct("copy", [(3, 4)], order="K"),
    "det": matrices("det"),
    "to_device": direct("to_device", [(3, 4)], device=0, source=0, non_blocking=False),
    "eig": matrices("eig", change=with_real_eigenvalues),
    "eigh": matrices("eigh", change=hermitian, uplo="L"),
    "eigvals": matrices("eigvals"),
    "eigvalsh": matrices("eigvalsh", change=hermitian, uplo="U"),
    "fft": direct("fft", [(3, 4)], n=5, axis=0, scale=0.5),
    "gru": direct("gru", [(7, 6), (6, 2), (6,), (3, 2)], **STEPS),
    "gru_backward": direct(
        "gru_backward", [(7, 2), (7, 8), (6, 2), (3, 2), (7, 2), (7, 8)], **STEPS
    ),
    "ifft": direct("ifft", [(3, 4)], n=3, axis=1, scale=0.5),
    "index_add": index_update("index_add"),
    "index_put": index_update("index_put"),
    "inv": matrices("inv"),
    "irfft": direct("irfft", [(3, 4)], n=6, axis=1, scale=0.5),
    "linear": direct("linear", [(2, 3, 4), (5, 4), (5,)]),
    "log_softmax": direct("log_softmax", [(2, 3, 4)], axis=1),
    "log_softmax_backward": direct("log_softmax_backward", [(2, 3, 4)] * 2, -2.0, -0.1, axis=1),
    "lstm": direct("lstm", [(7, 8), (8, 2), (3, 2), (3, 2)], **STEPS),
    "lstm_backward": direct(
        "lstm_backward", [(7, 2), (7, 2), (7, 8), (8, 2), (3, 2), (7, 2), (7, 8)], **STEPS
    ),
    "lstsq": direct("lstsq", [(4, 3), (4, 2)], rcond=1e-9),
    "max_pool2d": direct(
        "max_pool2d",
        [(2, 3, 5, 6)],
        kernel_size=(3, 2),
        stride=(2, 1),
        padding=(1, 0),
        dilation=(1, 2),
    ),  # fmt: skip
    "nll_loss": with_classes(
        "nll_loss", [(2, 3, 4)], weight=None, ignore_index=1, mean=True, caller="nll_loss"
    ),
    "nll_loss_backward": with_classes(
        "nll_loss_backward", [(), ()], shape=(2, 3, 4), weight=None, ignore_index=1, mean=True
    ),
    "nonzero": direct("nonzero", [(3, 4)]),
    "normalize": direct("normalize", [NORMED, WEIGHT, WEIGHT], **NORM),
    "normalize_input": direct(
        "normalize_input", [NORMED, NORMED, WEIGHT, MOMENTS, MOMENTS], 0.2, 2.0, **NORM
    ),
    "normalize_weight": direct(
        "normalize_weight", [NORMED, NORMED, MOMENTS, MOMENTS], 0.2, 2.0, **NORM
    ),
    "qr": matrices("qr", (2, 4, 3), complete=False),
    "qr_raw": matrices("qr_raw", (2, 4, 3)),
    "resample": direct(
        "resample",
        [(2, 3, 4)],
        axis=1,
        matrix=SparseRows([0, 2, 2, 5], [0, 2, 1, 1, 2], [0.5, -1.5, 2.0, 0.25, 3.0], 3),
    ),  # fmt: skip
    "rfft": direct("rfft", [(3, 4)], n=4, axis=0, scale=0.5),
    "slogdet": matrices("slogdet"),
    "softmax": direct("softmax", [(2, 3, 4)], axis=2),
    "softmax_backward": direct("softmax_backward", [(2, 3, 4)] * 2, axis=2),
    "solve": direct("solve", [(2, 3, 3), (3, 2)]),
    "solve_triangular": direct(
        "solve_triangular", [(2, 3, 3), (3, 2)], upper=False, unitriangular=False
    ),
    "sort": direct("sort", [(3, 4)], axis=0, kind=None),
    "svd": matrices("svd", (2, 3, 4), full_matrices=False),
    "svdvals": matrices("svdvals", (2, 3, 4)),
    "view_read": view_positions("view_read", [(3, 4)]),
    "view_write": view_positions("view_write", [(3, 4), (2, 2)]),
}
