"""The functors of ``_core/include`` against NumPy.

They are what runs on a GPU. Here a compiler of the host builds a loop from every one of them, for
every dtype of its op, so that their arithmetic is tested without a GPU.
"""

import ctypes
import itertools
import os
import runpy
import shlex
import shutil
import subprocess
import sys
import warnings
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from references import ABSOLUTE, INEXACT, REFERENCES

try:
    import ml_dtypes
except ImportError:
    ml_dtypes = None

CORE = Path(__file__).resolve().parent.parent / "tensorlib" / "_core"
GENERATOR = CORE / "generate" / "loops.py"
GENERATE = runpy.run_path(str(GENERATOR))
LETTERS = "".join(GENERATE["DTYPES"])  # in the order of the dtype ids
OF_ML_DTYPES = "45E"
TESTED_LETTERS = "".join(c for c in LETTERS if ml_dtypes or c not in OF_ML_DTYPES)
SIGNATURES = GENERATE["functor_signatures"](CORE / "ops.py", every=True)

# Which of 0.0 and -0.0 is the larger one is left open, by NumPy too.
ANY_ZERO = {"maximum", "minimum", "fmax", "fmin", "clip", "hardtanh", "nextafter", "relu"}
ANY_ZERO |= {"masked_divide", "masked_multiply"}
ANY_ZERO |= {name for name in REFERENCES if name.endswith("_backward")}
# What overflows in a product of complex numbers, and the sign of a zero in it, depends on whether
# the processor has fused instructions, which NumPy uses.
MODERATE_COMPLEX = {"multiply", "divide", "square", "power", "float_power"}
MODERATE_COMPLEX |= {"masked_divide", "masked_multiply"}

# Ops not named here are exact. These call a function of the C library where NumPy has one of its
# own (SIMD, up to 4 units in the last place off in float32).
REAL_ULPS = dict.fromkeys(
    ["arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "cbrt", "cos"]
    + ["cosh", "exp", "exp2", "expm1", "float_power", "hypot", "log", "log10", "log1p", "log2"]
    + ["logaddexp", "logaddexp2", "power", "sin", "sinh", "tan", "tanh"],
    4,
) | dict.fromkeys(INEXACT, 6)
# Complex errors are measured in epsilons of the length of the result. The formulas of functions
# are other ones than the C library's (largest difference seen: 3.1), and NumPy's arithmetic may
# be fused.
COMPLEX_EPSILONS = dict.fromkeys(REAL_ULPS, 8) | dict.fromkeys(
    ["absolute", "divide", "masked_divide", "masked_multiply", "multiply", "reciprocal", "sign"]
    + ["sqrt", "square"],
    4,
)


def dtype_of(letter):
    name = {"E": "bfloat16", "4": "float8_e4m3fn", "5": "float8_e5m2"}.get(letter)
    return np.dtype(getattr(ml_dtypes, name) if name else letter)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The loops of all functors, compiled."""
    compiler = os.environ.get("CXX") or next(filter(shutil.which, ["c++", "g++", "clang++"]), None)
    if compiler is None:
        pytest.skip("needs a C++ compiler: install g++ or clang++, or set CXX")
    folder = tmp_path_factory.mktemp("functors")
    source, shared = folder / "loops.cpp", folder / "loops.so"
    subprocess.run([sys.executable, GENERATOR, "--all", source], check=True)
    # No contraction to fused multiply-add, which would make results depend on the processor.
    options = ["-std=c++17", "-O1", "-ffp-contract=off", "-shared", "-fPIC"]
    folders = [f"-I{CORE / 'include'}", f"-I{CORE / 'cpu'}"]
    command = [*shlex.split(compiler), *options, *folders, source, "-o", shared]
    subprocess.run(command, check=True)
    loaded = ctypes.CDLL(str(shared))
    loaded.tl_functor_loop.restype = ctypes.c_void_p
    return loaded


def call(loop, inputs, outputs):
    """Run a loop, given by its address, over one-dimensional arrays."""
    assert loop, "no such loop"
    operands = [*inputs, *outputs]
    args = (ctypes.c_void_p * len(operands))(*[operand.ctypes.data for operand in operands])
    steps = (ctypes.c_ssize_t * len(operands))(*[operand.strides[0] for operand in operands])
    size = ctypes.c_ssize_t(len(outputs[0]))
    ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4)(loop)(args, ctypes.addressof(size), steps, None)


def op_loop(library, name, inputs):
    dtype_id = LETTERS.index(GENERATE["key"](name, inputs))
    return library.tl_functor_loop(name.encode(), dtype_id)


def cast_loop(library, from_, to):
    table = (ctypes.c_void_p * len(LETTERS) * len(LETTERS)).in_dll(library, "tl_cast_loops")
    return table[LETTERS.index(from_)][LETTERS.index(to)]


def every_other(array):
    """The same values, not contiguous."""
    return np.repeat(array, 2)[::2]


# Values


def edges(letter):
    """Where functions of this dtype tend to go wrong."""
    dtype = dtype_of(letter)
    if letter == "?":
        return np.array([False, True])
    if dtype.kind in "iu":
        limits, bits = np.iinfo(dtype), dtype.itemsize * 8
        values = [0, 1, 2, 3, 5, 7, 12, bits - 1, bits]
        values += [limits.max, limits.max - 1, limits.max // 2, limits.min, limits.min + 1]
        return np.array(values + [-1, -2, -3, -7] * (dtype.kind == "i"), dtype)
    if dtype.kind == "c":
        return grid([edges(letter.lower())[:25]] * 2, dtype)
    info = (ml_dtypes or np).finfo(dtype)
    tiny, smallest, largest, epsilon = map(
        float, [info.tiny, info.smallest_subnormal, info.max, info.eps]
    )
    values = [0.0, 0.5, 1.0, np.inf, tiny, smallest, largest, 1.5, 0.1, 2.5, 10.0, 100.0]
    values = [np.nan, *values, *(-value for value in values)]
    values += [epsilon, 1 - epsilon, 1 + epsilon, 0.25, 0.7, 2.0, 3.0, 7.25, -3.0, 1e-3, np.pi]
    values += [30.7, 88.9, 89.5, -89.5, -104.0, 710.1, -745.2, 1e4, -1e4]
    with np.errstate(over="ignore"):
        return np.array(values).astype(dtype)


def grid(parts, dtype):
    """All complex numbers of these parts."""
    real, imag = np.meshgrid(*parts)
    return np.stack([real.ravel(), imag.ravel()], axis=-1).view(dtype).ravel()


def random(letter, rng, size=2000):
    dtype = dtype_of(letter)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        values = rng.integers(limits.min, limits.max, size, dtype=dtype, endpoint=True)
        return values >> rng.integers(0, dtype.itemsize * 8, size).astype(dtype)
    if dtype.kind == "c":
        parts = [random(letter.lower(), rng, size) for _ in range(2)]
        return np.stack(parts, axis=-1).view(dtype).ravel()
    if letter == "?":
        return rng.random(size) < 0.5
    return (rng.standard_normal(size) * 10.0 ** rng.uniform(-4, 4, size)).astype(dtype)


def sample(name, signature):
    """Inputs for an op: its dtypes' edges, each with each, and random numbers."""
    rng = np.random.default_rng(2)
    inputs = [edges(letter) for letter in signature]
    if name in MODERATE_COMPLEX and signature[0] in "FD":
        inputs = [values[is_moderate(values)] for values in inputs]
    if len(inputs) > 1:
        longest = 400 if len(inputs) == 2 else 30
        shuffled = [rng.permutation(values) for values in inputs]
        mesh = np.meshgrid(*[values[:longest] for values in shuffled], indexing="ij")
        inputs = [values.ravel() for values in mesh]
    noise = [random(letter, rng) for letter in signature]
    inputs = [np.concatenate(pair) for pair in zip(inputs, noise, strict=True)]
    if name == "power" and inputs[0].dtype.kind in "iu":  # negative exponents are refused earlier
        inputs = [values[inputs[1] >= 0] for values in inputs]
    if name == "sign" and signature == "E":  # ml_dtypes has its own rule for -0.0
        inputs = [np.delete(inputs[0], np.flatnonzero(inputs[0].view("i2") == -(2**15)))]
    if name == "clip" and signature[0] in "FD":  # NumPy looks for NaN in the real parts alone
        inputs = [np.nan_to_num(values) for values in inputs]
    return inputs


def is_moderate(values):
    parts = np.abs(np.stack([values.real, values.imag]))
    return np.all((parts < 200) & ((parts > 1e-5) | (parts == 0)), axis=0)


# What NumPy says


def reference(name, inputs):
    """The outputs of NumPy, as a list."""
    with np.errstate(all="ignore"):
        function = REFERENCES.get(name) or getattr(np, name)
        outputs = function(*inputs)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        # NumPy computes some ops of bfloat16 in float32, and gives that.
        is_bfloat16 = ml_dtypes and inputs[-1].dtype == ml_dtypes.bfloat16
        return [
            output.astype(inputs[-1].dtype) if is_bfloat16 and output.dtype == "f4" else output
            for output in outputs
        ]


def real_errors(actual, expected, any_zero):
    """The distance in units in the last place; infinite where NaN or the sign of zero differ."""
    if expected.dtype.kind in "biu":
        return np.where(actual == expected, 0.0, np.inf)
    is_nan, should_be_nan = (np.isnan(values.astype("f8")) for values in (actual, expected))
    errors = np.abs(ordinal(actual) - ordinal(expected)).astype(float)
    errors[is_nan & should_be_nan] = 0
    errors[is_nan != should_be_nan] = np.inf
    wrong_sign = ~is_nan & (np.signbit(actual) != np.signbit(expected))
    errors[wrong_sign & ~((actual == 0) & (expected == 0) & any_zero)] = np.inf
    return errors


def ordinal(values):
    """Floats counted from zero, as Python integers."""
    bits = values.view(f"i{values.dtype.itemsize}").astype(object)
    return np.where(bits < 0, -(2 ** (values.dtype.itemsize * 8 - 1)) - bits, bits)


def complex_errors(actual, expected, any_zero):
    """The distance in epsilons; infinite where special values differ."""
    parts = [(actual.real, expected.real), (actual.imag, expected.imag)]
    info = np.finfo(expected.real.dtype)
    wide, length = expected.astype("G"), np.maximum(np.abs(expected.astype("G")), info.tiny)
    with np.errstate(all="ignore"):
        errors = (np.abs(actual.astype("G") - wide) / length / info.eps).astype(float)
    errors[~np.isfinite(expected)] = 0
    half_nan = np.isnan(expected)
    for part, should_be in parts:
        is_special = half_nan | np.isinf(part) | np.isinf(should_be)
        wrong = (np.abs(part) != np.abs(should_be)) & ~(np.isnan(part) & np.isnan(should_be))
        errors[is_special & wrong] = np.inf
        # C leaves open the sign of the other part of a number that is half NaN.
        signed = ~half_nan & (np.isinf(part) | ((part == 0) & (should_be == 0) & (not any_zero)))
        errors[signed & (np.signbit(part) != np.signbit(should_be))] = np.inf
    return errors


def check(name, inputs, actual, expected):
    assert actual.dtype == expected.dtype
    is_complex = inputs[-1].dtype.kind == "c"
    any_zero = name in ANY_ZERO or (is_complex and name in MODERATE_COMPLEX)
    errors_of = complex_errors if expected.dtype.kind == "c" else real_errors
    errors = errors_of(actual, expected, any_zero)
    allowed = (COMPLEX_EPSILONS if is_complex else REAL_ULPS).get(name, 0)
    if is_complex and name in {"power", "float_power"}:
        # The error of the logarithm times the exponent is one of the result's exponent.
        with np.errstate(all="ignore"):
            exponents = np.abs(inputs[1] * np.log(inputs[0]))
            allowed = allowed * (1 + np.nan_to_num(exponents))
    if name in INEXACT and expected.dtype == "f8":
        allowed += 4  # the reference is in float64 too, and rounds several times
    if name in ABSOLUTE:
        with np.errstate(all="ignore"):
            size = np.abs(inputs[0].astype("f8")) if name.endswith("_backward") else 1
            allowed = allowed * np.fmax(1, size / np.abs(expected.astype("f8")))
    for i in np.flatnonzero(errors > allowed)[:1]:
        arguments = ", ".join(repr(values[i]) for values in inputs)
        count = np.count_nonzero(errors > allowed)
        pytest.fail(
            f"{name}({arguments}): expected {expected[i]!r}, got {actual[i]!r}, an error of"
            f" {errors[i]:.3g}; {count} of {errors.size} values are wrong"
        )


def assert_equal(actual, expected):
    """Element by element, NaN equal to NaN."""
    assert actual.dtype == expected.dtype
    if actual.dtype.char in OF_ML_DTYPES:  # in which NumPy does not see NaN
        actual, expected = actual.astype("f4"), expected.astype("f4")
    np.testing.assert_array_equal(actual, expected)


# Tests


@pytest.mark.parametrize("name", SIGNATURES)
def test_functor_is_numpys(library, name):
    for signature in SIGNATURES[name]:
        if not set(signature) <= set(TESTED_LETTERS):
            continue
        inputs = sample(name, signature)
        expected = reference(name, inputs)
        loop = op_loop(library, name, signature)
        outputs = [np.empty_like(output) for output in expected]
        call(loop, inputs, outputs)
        for actual, should_be in zip(outputs, expected, strict=True):
            check(name, inputs, actual, should_be)
        strided = [every_other(np.empty_like(output)) for output in expected]
        call(loop, [every_other(values) for values in inputs], strided)
        for actual, output in zip(strided, outputs, strict=True):
            assert_equal(actual, output)


@pytest.mark.parametrize("from_", TESTED_LETTERS)
def test_casts_are_numpys(library, from_):
    rng = np.random.default_rng(3)
    values = np.concatenate([edges(from_), random(from_, rng)])
    for to in TESTED_LETTERS:
        inputs = values[fits(values, to)]
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", np.exceptions.ComplexWarning)
            expected = inputs.astype(dtype_of(to))
        for arrange in (np.array, every_other):
            actual = arrange(np.empty_like(expected))
            call(cast_loop(library, from_, to), [arrange(inputs)], [actual])
            assert_equal(actual, expected)


def fits(values, to):
    """Where a float can become an integer; elsewhere C leaves the result open."""
    dtype = dtype_of(to)
    if values.dtype.kind in "biu" or dtype.kind not in "iu":
        return np.ones(values.shape, bool)
    limits, real = np.iinfo(dtype), values.real.astype("f8")
    with np.errstate(invalid="ignore"):
        return (real > float(limits.min) - (dtype.itemsize < 8)) & (real < float(limits.max))


def test_complex_log_on_the_unit_circle(library):
    """Its real part, which cancels: log|z| is half of |z|**2 - 1 when that is tiny."""
    inputs = np.exp(1j * np.linspace(-3, 3, 200))
    actual = np.empty_like(inputs)
    call(op_loop(library, "log", "D"), [inputs], [actual])
    squares = [Fraction(z.real) ** 2 + Fraction(z.imag) ** 2 for z in inputs.tolist()]
    expected = [float(square - 1) / 2 for square in squares]
    np.testing.assert_allclose(actual.real, expected, rtol=1e-12)


NARROW = [letter for letter in "e" + OF_ML_DTYPES if letter in TESTED_LETTERS]


def every(letter):
    """All numbers of a narrow dtype."""
    dtype = dtype_of(letter)
    return np.arange(1 << 8 * dtype.itemsize, dtype=f"u{dtype.itemsize}").view(dtype)


@pytest.mark.parametrize("narrow", NARROW)
@pytest.mark.parametrize("to", [letter for letter in TESTED_LETTERS if letter not in "bhiqBHIQ"])
def test_every_narrow_float_converts(library, narrow, to):
    inputs = every(narrow)
    with np.errstate(all="ignore"):
        expected = inputs.astype(dtype_of(to))
    actual = np.empty_like(expected)
    call(cast_loop(library, narrow, to), [inputs], [actual])
    assert_equal(actual, expected)
    if to in "45eEfd":
        np.testing.assert_array_equal(np.signbit(actual), np.signbit(expected))


@pytest.mark.parametrize(("from_", "narrow"), list(itertools.product("fd", NARROW)))
def test_rounding_to_every_narrow_float(library, from_, narrow):
    """Every number of a dtype, the middles between neighbours, and what lies next to those."""
    dtype = dtype_of(narrow)
    with np.errstate(all="ignore"):
        numbers = every(narrow).astype(from_)
        middles = numbers[:-1] / 2 + numbers[1:] / 2
        above, below = np.nextafter(middles, np.inf), np.nextafter(middles, -np.inf)
        inputs = np.concatenate([numbers, middles, above, below]).astype(from_)
        expected = inputs.astype(dtype)
    actual = np.empty_like(expected)
    call(cast_loop(library, from_, narrow), [inputs], [actual])
    is_nan = np.isnan(expected.astype("f4"))
    np.testing.assert_array_equal(np.isnan(actual.astype("f4")), is_nan)
    bits, should_be = (values.view(f"u{dtype.itemsize}")[~is_nan] for values in (actual, expected))
    np.testing.assert_array_equal(bits, should_be)


def test_any_nonzero_byte_is_a_true_bool(library):
    inputs = np.array([0, 1, 2, 255], np.uint8)
    actual = np.empty(4, np.int8)
    call(cast_loop(library, "?", "b"), [inputs], [actual])
    np.testing.assert_array_equal(actual, [0, 1, 1, 1])


def test_unaligned_memory(library):
    memory = np.zeros(8 * 9 + 1, np.uint8)
    inputs = memory[1:].view(np.float64)
    inputs[:] = np.arange(9)
    actual = np.empty(9, np.int32)
    call(cast_loop(library, "d", "i"), [inputs], [actual])
    np.testing.assert_array_equal(actual, np.arange(9))


def test_an_input_may_be_the_output(library):
    values = np.arange(-8.0, 8.0)
    call(op_loop(library, "relu", "d"), [values], [values])
    np.testing.assert_array_equal(values, np.maximum(np.arange(-8.0, 8.0), 0))


def test_ops_without_a_functor_have_no_loop(library):
    assert library.tl_functor_loop(b"no_such_op", 0) is None
    assert library.tl_functor_loop(b"sigmoid", LETTERS.index("b")) is None
