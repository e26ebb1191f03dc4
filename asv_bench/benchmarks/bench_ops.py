"""A benchmark for every row of the op table, small (16 elements) and large (65,536).

`CALLS` has a function for each op, which takes the length of a square's side and returns the
call to time. A row without one fails the import, and a test imports this.
"""

import numpy as np

import tensorlib as tl
from tensorlib._core import _functions
from tensorlib._core import ops as table
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._resample import SparseRows

SIDES = (4, 256)

INTEGER_OPS = {
    "bitwise_and",
    "bitwise_count",
    "bitwise_or",
    "bitwise_xor",
    "gcd",
    "invert",
    "lcm",
    "left_shift",
    "right_shift",
}
# Inputs that are not numbers from 0.1 to 0.9.
RANGES = {"arccosh": [(1.1, 1.9)], "clip": [(0.1, 0.9), (0.2, 0.3), (0.6, 0.8)]}
DTYPES = {"ldexp": ["float32", "int32"], "where": ["bool", "float32", "float32"]}
VECTORS = {"matvec": [1], "vecdot": [0, 1], "vecmat": [0]}  # which inputs are vectors

CONVOLUTION = ((1, 1), (0, 0), (1, 1), 1)  # stride, padding, dilation, groups


def numbers(shape, dtype="float32", low=0.1, high=0.9):
    rng = np.random.default_rng(0)
    if dtype.startswith("float"):
        return tl.asarray(rng.uniform(low, high, shape).astype(dtype))
    return tl.asarray(rng.integers(0, 2 if dtype == "bool" else 9, shape).astype(dtype))


def elementwise(name, count):
    default = ["int64" if name in INTEGER_OPS else "float32"] * count
    dtypes = DTYPES.get(name, default)
    ranges = RANGES.get(name, [(0.1, 0.9)] * count)

    def call(side):
        pairs = zip(dtypes, ranges, strict=False)
        inputs = [numbers((side, side), dtype, *ends) for dtype, ends in pairs]
        function = getattr(_functions, name)
        return lambda: function(*inputs)

    return call


def product(name):
    def call(side):
        vectors = VECTORS.get(name, [])
        a, b = (numbers((side,) if i in vectors else (side, side)) for i in range(2))
        function = getattr(tl, name)
        return lambda: function(a, b)

    return call


def fold(name, axis=None):
    def call(side):
        x = numbers((side, side))
        function = getattr(tl, name)
        return lambda: function(x, axis)

    return call


def direct(name, shapes, *params, dtype="float32"):
    """A call of the op itself; shapes and params may depend on the side."""

    def call(side):
        inputs = tuple(numbers(shape, dtype) for shape in shapes(side))
        values = tuple(param(side) if callable(param) else param for param in params)
        op = getattr(ops, name)
        return lambda: apply(op, inputs, values)

    return call


def of_classes(name, shapes, *params):
    """A call of an op whose second input are the classes of rows."""

    def call(side):
        first, *others = [numbers(shape) for shape in shapes(side)]
        values = tuple(param(side) if callable(param) else param for param in params)
        target = tl.asarray(np.random.default_rng(0).integers(0, side, side))
        return lambda: apply(getattr(ops, name), (first, target, *others), values)

    return call


def decomposed(name, *params, inputs=1):
    """A call of an op on well-conditioned symmetric matrices."""

    def call(side):
        a = numbers((side, side))
        a = (a + a.T) / (2 * side) + tl.eye(side, dtype=a.dtype)
        op = getattr(ops, name)
        return lambda: apply(op, (a,) * inputs, params)

    return call


def transformed(name, dtype):
    """A Fourier transform along the second axis."""

    def call(side):
        x = numbers((side, side)).astype(dtype)
        op = getattr(ops, name)
        return lambda: apply(op, (x,), (side, 1, 0.5))

    return call


def square(side):
    return [(side, side)]


def squares(side):
    return [(side, side)] * 2


def square_and_vector(side):
    return [(side, side), (side,)]


def images(side):
    return (1, 2, side, side)


def filters(side):
    return (4, 2, 3, 3)


def convolved(side):
    return (1, 4, side - 2, side - 2)


def rows(side):
    return (1, side, 1, side, 1)


def weight(side):
    return (1, side, 1)


def moments(side):
    return (1, side, 1, 1, 1)


def some_rows(side):
    return (tl.asarray(np.arange(side) * 7 % side),)


def positions(side):
    return tl.asarray(np.arange(side, dtype=np.int64) * side)  # of the first column


def halved(side):
    """The matrix of means of neighbours."""
    half = side // 2
    return SparseRows(np.arange(half + 1) * 2, np.arange(2 * half), np.full(2 * half, 0.5), side)


def four_steps(side):
    return (side // 4,) * 4


# Views and structured ops, whose rows do not tell what to call them with.
OTHERS = {
    "as_strided": direct("as_strided", square, lambda side: (side,), (8,), 4),
    "basic_index": direct("basic_index", square, (slice(1, None, 2), None, 1)),
    "broadcast_to": direct("broadcast_to", square, lambda side: (2, side, side)),
    "diagonal": direct("diagonal", square, 1, 0, 1),
    "imag": direct("imag", square, dtype="complex64"),
    "real": direct("real", square, dtype="complex64"),
    "reshape": direct("reshape", square, lambda side: (side * side,)),
    "transpose": direct("transpose", square, (1, 0)),
    "advanced_index": direct("advanced_index", square, some_rows),
    "argmax": direct("argmax", square, 1, False),
    "argmin": direct("argmin", square, 1, False),
    "argsort": direct("argsort", square, 1, None),
    "astype": direct("astype", square, np.dtype(np.float64)),
    "attention": direct("attention", lambda side: [(side, side)] * 4, True, 0.1),
    "attention_backward": direct(
        "attention_backward",
        lambda side: [(side, side), (side,), *[(side, side)] * 4, (side,)],
        True,
        0.1,
    ),
    "cholesky": decomposed("cholesky", False),
    "concatenate": direct("concatenate", squares, 0),
    "conv": direct("conv", lambda side: [images(side), filters(side)], *CONVOLUTION),
    "conv_input": direct(
        "conv_input", lambda side: [convolved(side), filters(side)], images, *CONVOLUTION
    ),
    "conv_weight": direct(
        "conv_weight", lambda side: [images(side), convolved(side)], filters, *CONVOLUTION
    ),
    "copy": direct("copy", square, "K"),
    "det": decomposed("det"),
    "eig": decomposed("eig"),
    "eigh": decomposed("eigh", "L"),
    "eigvals": decomposed("eigvals"),
    "eigvalsh": decomposed("eigvalsh", "L"),
    "fft": transformed("fft", "complex64"),
    "gru": direct(
        "gru", lambda side: [(side, 96), (96, 32), (96,), (side // 4, 32)], four_steps, False
    ),
    "gru_backward": direct(
        "gru_backward",
        lambda side: [(side, 32), (0,), (96, 32), (side // 4, 32), (side, 32), (side, 128)],
        four_steps,
        False,
    ),
    "ifft": transformed("ifft", "complex64"),
    "index_add": direct("index_add", squares, some_rows),
    "index_put": direct("index_put", squares, some_rows),
    "inv": decomposed("inv"),
    "irfft": transformed("irfft", "complex64"),
    "linear": direct("linear", lambda side: [(side, side), (side, side), (side,)]),
    "log_softmax": direct("log_softmax", square, 1),
    "log_softmax_backward": direct("log_softmax_backward", squares, 1),
    "lstm": direct(
        "lstm",
        lambda side: [(side, 128), (128, 32), (side // 4, 32), (side // 4, 32)],
        four_steps,
        False,
    ),
    "lstm_backward": direct(
        "lstm_backward",
        lambda side: [
            *[(side, 32), (0,), (0,), (128, 32)],
            *[(side // 4, 32), (side, 32), (side, 128)],
        ],
        four_steps,
        False,
    ),
    "lstsq": decomposed("lstsq", 1e-9, inputs=2),
    "max_pool2d": direct("max_pool2d", lambda side: [images(side)], (2, 2), (2, 2), (0, 0), (1, 1)),
    "nll_loss": of_classes("nll_loss", square, None, -100, True, "nll_loss"),
    "nll_loss_backward": of_classes(
        "nll_loss_backward", lambda side: [(), ()], lambda side: (side, side), None, -100, True
    ),
    "nonzero": direct("nonzero", square),
    "normalize": direct(
        "normalize", lambda side: [rows(side), weight(side), weight(side)], 1e-5, True
    ),
    "normalize_input": direct(
        "normalize_input",
        lambda side: [rows(side), rows(side), weight(side), moments(side), moments(side)],
        1e-5,
        True,
    ),
    "normalize_weight": direct(
        "normalize_weight",
        lambda side: [rows(side), rows(side), moments(side), moments(side)],
        1e-5,
        True,
    ),
    "qr": decomposed("qr", False),
    "qr_raw": decomposed("qr_raw"),
    "resample": direct("resample", square, 1, halved),
    "rfft": transformed("rfft", "float32"),
    "slogdet": decomposed("slogdet"),
    "softmax": direct("softmax", square, 1),
    "softmax_backward": direct("softmax_backward", squares, 1),
    "solve": decomposed("solve", inputs=2),
    "solve_triangular": decomposed("solve_triangular", False, False, inputs=2),
    "sort": direct("sort", square, 1, None),
    "svd": decomposed("svd", False),
    "svdvals": decomposed("svdvals"),
    "to_device": direct("to_device", square, 0, 0, False),
    "view_read": direct("view_read", square, positions, None),
    "view_write": direct("view_write", square_and_vector, positions, None),
}

CALLS = {
    **{name: elementwise(name, len(inputs)) for name, _, inputs, _, _ in table.ELEMENTWISE},
    **{name: product(name) for name, *_ in table.PRODUCTS},
    **{name: fold(name) for name, *_ in table.REDUCTIONS},
    **{name: fold(name, axis=1) for name, *_ in table.ACCUMULATIONS},
}
for name, *_ in (*table.VIEWS, *table.STRUCTURED):
    if name not in OTHERS:
        raise LookupError(f"{name}: expected a benchmark for each row of the op table")
    CALLS[name] = OTHERS[name]


class TimeOp:
    """One call of an op."""

    params = (sorted(CALLS), SIDES)
    param_names = ("op", "side")

    def setup(self, name, side):
        self.call = CALLS[name](side)

    def time_op(self, name, side):
        self.call()
