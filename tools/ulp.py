"""Measure the largest error of every elementwise function, in units in the last place.

Each result is compared with what the function gives at 200 bits and more. 16-bit floats are taken
exhaustively (functions of two arguments in random pairs), the others as a fixed random sample over
all exponents, with what is hard: near zeros, near multiples of pi / 2, at the edges of overflow.
``python tools/ulp.py`` writes the table of the documentation, ``doc/source/data/accuracy.csv``. The
reference is computed by python-flint, or by mpmath, which is 20 times slower, where there is none.

An error is the distance from the exact value over the distance of two neighbouring numbers there;
so the best possible is 0.5. A result that is NaN or infinite by mistake counts as infinitely wrong.
"""

import argparse
import csv
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import ml_dtypes
import numpy as np

import tensorlib as tl
from tensorlib._core._dispatch import apply, ops

try:
    import flint
except ImportError:
    flint = None
    import mpmath

BITS = 200
TABLE = Path(__file__).resolve().parent.parent / "doc" / "source" / "data" / "accuracy.csv"
DTYPES = ["float16", "bfloat16", "float32", "float64"]
LIMITS = {"float16": 1, "bfloat16": 1, "float32": 4, "float64": 2}

# (function, dtype): why it may be further off than the limit.
CANCELS = "a number and a logarithm cancel where their sum is near zero, as in NumPy"
MISSED = {(name, dtype): CANCELS for name in ("logaddexp", "logaddexp2") for dtype in DTYPES}
MISSED["gelu_tanh", "float64"] = MISSED["silu", "float64"] = (
    "errors of an exponential and of three operations"
)


class Flint:
    """The functions of mpmath that are used here, of python-flint's balls."""

    def __getattr__(self, name: str) -> Callable:
        return getattr(flint.arb, name)

    @staticmethod
    def number(x: float) -> "flint.arb":
        return flint.arb(x)

    @staticmethod
    def pi() -> "flint.arb":
        return flint.arb.pi()

    @staticmethod
    def pow(x, y):
        return x**y

    @staticmethod
    def hypot(x, y):
        return (x * x + y * y).sqrt()

    @staticmethod
    def cbrt(x):
        return x.root(3) if x > 0 else -(-x).root(3)


class Mpmath:
    """The functions of mpmath, which work with one precision for all."""

    def __getattr__(self, name: str) -> Callable:
        return getattr(mpmath.mp, name)

    @staticmethod
    def number(x: float) -> "mpmath.mpf":
        return mpmath.mpf(x)

    @staticmethod
    def pi() -> "mpmath.mpf":
        return +mpmath.mp.pi

    @staticmethod
    def cbrt(x):
        return mpmath.sign(x) * mpmath.cbrt(abs(x))

    @staticmethod
    def pow(x, y):
        return mpmath.power(x, y)


m = Flint() if flint else Mpmath()


def everywhere(*arguments: np.ndarray) -> np.ndarray:
    return np.ones(arguments[0].shape, bool)


@dataclass
class Function:
    """A function, how it is computed exactly, and where it is defined."""

    name: str
    exact: Callable
    inside: Callable = everywhere  # of arrays of float64
    arguments: int = 1

    def __call__(self, *arrays: np.ndarray) -> np.ndarray:
        op = getattr(ops, self.name)
        with np.errstate(all="ignore"):
            return np.asarray(apply(op, tuple(tl.asarray(a) for a in arrays), ()))


def unit(x):
    return np.abs(x) <= 1


def positive(x):
    return x > 0


def below(limit):
    """A size of arguments beyond which the exact value would be costly and is known anyway."""
    return lambda *arguments: np.all([np.abs(x) < limit for x in arguments], axis=0)


def logistic(x):
    return 1 / (1 + m.exp(-x))


def softplus(x):
    return m.log1p(m.exp(x))


FUNCTIONS = [
    Function("add", lambda x, y: x + y, arguments=2),
    Function("arccos", lambda x: m.acos(x), unit),
    Function("arccosh", lambda x: m.acosh(x), lambda x: x >= 1),
    Function("arcsin", lambda x: m.asin(x), unit),
    Function("arcsinh", lambda x: m.asinh(x)),
    Function("arctan", lambda x: m.atan(x)),
    Function("arctan2", lambda y, x: m.atan2(y, x), lambda y, x: (x != 0) | (y != 0), 2),
    Function("arctanh", lambda x: m.atanh(x), lambda x: np.abs(x) < 1),
    Function("cbrt", lambda x: m.cbrt(x)),
    Function("cos", lambda x: m.cos(x)),
    Function("cosh", lambda x: m.cosh(x), below(1e4)),
    Function("degrees", lambda x: x * 180 / m.pi()),
    Function("divide", lambda x, y: x / y, lambda x, y: y != 0, 2),
    Function("erf", lambda x: m.erf(x), below(1e4)),
    Function("exp", lambda x: m.exp(x), below(1e4)),
    Function("exp2", lambda x: m.pow(m.number(2.0), x), below(1e4)),
    Function("expm1", lambda x: m.expm1(x), below(1e4)),
    Function("float_power", lambda x, y: m.pow(x, y), lambda x, y: x > 0, 2),
    Function("gelu", lambda x: x * m.erfc(-x / m.sqrt(m.number(2.0))) / 2, below(1e4)),
    Function(
        "gelu_tanh",
        lambda x: x * logistic(m.sqrt(8 / m.pi()) * (x + m.number(44715) / 1000000 * x * x * x)),
        below(1e4),
    ),
    Function("hypot", lambda x, y: m.hypot(x, y), arguments=2),
    Function("log", lambda x: m.log(x), positive),
    Function("log10", lambda x: m.log(x) / m.log(m.number(10.0)), positive),
    Function("log1p", lambda x: m.log1p(x), lambda x: x > -1),
    Function("log2", lambda x: m.log(x) / m.log(m.number(2.0)), positive),
    Function("logaddexp", lambda x, y: max(x, y) + m.log1p(m.exp(-abs(x - y))), below(1e4), 2),
    Function(
        "logaddexp2",
        lambda x, y: max(x, y) + m.log1p(m.pow(m.number(2.0), -abs(x - y))) / m.log(m.number(2.0)),
        below(1e4),
        2,
    ),
    Function("logsigmoid", lambda x: -softplus(-x), below(1e4)),
    Function("mish", lambda x: x * m.tanh(softplus(x)), below(1e4)),
    Function("multiply", lambda x, y: x * y, arguments=2),
    Function("power", lambda x, y: m.pow(x, y), lambda x, y: x > 0, 2),
    Function("radians", lambda x: x * m.pi() / 180),
    Function("reciprocal", lambda x: 1 / x, lambda x: x != 0),
    Function("sigmoid", logistic, below(1e4)),
    Function("silu", lambda x: x * logistic(x), below(1e4)),
    Function("sin", lambda x: m.sin(x)),
    Function("sinh", lambda x: m.sinh(x), below(1e4)),
    Function("softplus", softplus, below(1e4)),
    Function("sqrt", lambda x: m.sqrt(x), lambda x: x >= 0),
    Function("square", lambda x: x * x),
    Function("subtract", lambda x, y: x - y, arguments=2),
    Function("tan", lambda x: m.tan(x)),
    Function("tanh", lambda x: m.tanh(x), below(1e4)),
]


def dtypes(function: Function) -> list[str]:
    """Those in which a function is computed."""
    if function.name == "float_power":
        return ["float64"]
    if function.name in {"degrees", "radians"}:  # of bfloat16 they give float32
        return [name for name in DTYPES if name != "bfloat16"]
    return DTYPES


def dtype_of(name: str) -> np.dtype:
    return np.dtype(getattr(ml_dtypes, name, None) or name)


def numbers(dtype: np.dtype, size: int, rng: np.random.Generator) -> np.ndarray:
    """About so many finite numbers: of 16 bits all, if there are no more than that."""
    bits = np.dtype(f"u{dtype.itemsize}")
    if dtype.itemsize == 2 and size >= 1 << 16:
        return finite(np.arange(1 << 16, dtype=bits).view(dtype))
    part = size // 4
    info = ml_dtypes.finfo(dtype)
    everything = rng.integers(0, np.iinfo(bits).max, part, dtype=bits, endpoint=True)
    angles = rng.integers(1, 2 ** rng.integers(1, 20, part)) * (np.pi / 2)
    small = 2.0 ** -rng.uniform(0, info.nmant + 2, part)
    edges = [math.log(float(info.max)), math.log(float(info.smallest_subnormal))]
    near = np.concatenate(
        [
            angles,
            rng.choice([-1, 1], part) + rng.choice([-1, 1], part) * small,  # zeros of logarithms
            np.multiply.outer([1, 1 / math.log(2), 0.5], edges).ravel(),  # of exponentials
        ]
    )
    with np.errstate(over="ignore"):
        near = rng.choice(near, part).astype(dtype).view(bits)
    near += rng.integers(-2, 3, part).astype(bits)  # and their neighbours
    moderate = rng.uniform(-20, 20, part) * 2.0 ** rng.integers(-4, 3, part)
    parts = [moderate.astype(dtype), rng.uniform(-1, 1, part).astype(dtype)]
    x = np.concatenate([everything.view(dtype), near.view(dtype), *parts])
    return finite(x)


def finite(x: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):  # signalling NaN
        return x[np.isfinite(x.astype("f8"))]


def sample(function: Function, dtype: np.dtype, size: int, seed: int = 0) -> list[np.ndarray]:
    """Arguments of a function, inside of where it is defined."""
    arrays = [
        numbers(dtype, size, np.random.default_rng([seed, k])) for k in range(function.arguments)
    ]
    if function.arguments == 2:
        length = min(map(len, arrays))
        rng = np.random.default_rng(seed)
        arrays = [rng.permutation(x)[:length] for x in arrays]
        second = arrays[1].copy()
        close = np.flatnonzero(rng.random(length) < 0.3)  # the others are mostly far apart
        with np.errstate(all="ignore"):
            scale = rng.uniform(0.25, 4, close.size)
            second[close] = (arrays[0][close].astype("f8") * scale).astype(dtype)
        arrays[1] = np.where(np.isfinite(second.astype("f8")), second, arrays[1])
    inside = function.inside(*(x.astype("f8") for x in arrays))
    return [x[inside] for x in arrays]


def exactly(function: Function, arguments: tuple[float, ...]):
    """The value with more correct bits than any dtype has."""
    if flint is None:
        mpmath.mp.prec = BITS
        return function.exact(*map(m.number, arguments))
    for bits in (BITS, 4 * BITS, 16 * BITS):
        flint.ctx.prec = bits
        value = function.exact(*map(m.number, arguments))
        if value.rel_accuracy_bits() > 100 or value == 0:
            return value.mid()
    raise ArithmeticError(f"{function.name}{arguments}: no exact value")


def exponent(value) -> int:
    """e with 2**(e - 1) <= abs(value) < 2**e."""
    mantissa, e = value.man_exp() if flint else value.man_exp
    return int(e) + abs(int(mantissa)).bit_length()


def error(value, got: float, info: np.finfo) -> float:
    """Of one result, in units in the last place."""
    largest = float(info.max)
    if math.isnan(got):
        return math.inf
    if value == 0:
        return 0.0 if got == 0 else math.inf
    e = exponent(value)
    if math.isinf(got):  # right where the nearest number would be the one after the largest
        limit = m.number(largest) * (1 + m.number(2.0) ** (-2 - info.nmant))
        return 0.0 if abs(value) >= limit else math.inf
    last = max(e - 1, int(info.minexp)) - info.nmant
    distance = abs(m.number(got) - value) * m.number(2.0) ** (-last)
    return min(float(distance), 1e99)


def errors(function: Function, arrays: list[np.ndarray]) -> np.ndarray:
    info = ml_dtypes.finfo(arrays[0].dtype)
    results = function(*arrays)
    rows = zip(*(x.astype("f8").tolist() for x in arrays), strict=True)
    found = results.astype("f8").tolist()
    return np.array(
        [error(exactly(function, row), got, info) for row, got in zip(rows, found, strict=True)]
    )


def measure(function: Function, dtype_name: str, size: int) -> tuple[float, tuple[float, ...]]:
    """The largest error, and the arguments that have it."""
    arrays = sample(function, dtype_of(dtype_name), size)
    found = errors(function, arrays)
    worst = int(np.argmax(found))
    return float(found[worst]), tuple(float(x[worst]) for x in arrays)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("functions", nargs="*", help="names of functions; all, if none is given")
    parser.add_argument("--numbers", type=int, default=1 << 16, help="of each dtype")
    parser.add_argument("--dtypes", nargs="*", choices=DTYPES, default=DTYPES)
    parser.add_argument("--write", action="store_true", help=f"{TABLE.name}, of all of them")
    options = parser.parse_args()
    names = {function.name for function in FUNCTIONS}
    if unknown := set(options.functions) - names:
        parser.error(f"no such function: {', '.join(sorted(unknown))}")
    if options.write and (options.functions or options.dtypes != DTYPES):
        parser.error("the table has all functions and dtypes")
    rows = []
    for function in FUNCTIONS:
        if options.functions and function.name not in options.functions:
            continue
        rows.append(row := [function.name])
        notes = []
        for dtype in options.dtypes:
            if dtype not in dtypes(function):
                row.append("")
                continue
            worst, arguments = measure(function, dtype, options.numbers)
            row.append(f"{worst:.3g}")
            print(f"{function.name:12} {dtype:9} {worst:9.3f} at {arguments}", flush=True)
            if worst > LIMITS[dtype]:
                notes.append(MISSED.get((function.name, dtype), "more than the limit"))
        row.append("; ".join(dict.fromkeys(notes)))
    if options.write:
        TABLE.parent.mkdir(exist_ok=True)
        with TABLE.open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["function", *options.dtypes, "more than the limit, because"])
            writer.writerows(rows)


if __name__ == "__main__":
    main()
