"""Loops of ours that take the place of NumPy's: the same results, in every layout and status."""

import runpy
from pathlib import Path

import numpy as np
import pytest

import tensorlib as tl
from tensorlib._core._dispatch import apply, ops

ml_dtypes = pytest.importorskip("ml_dtypes", reason="bfloat16: pip install ml_dtypes")

CORE = Path(__file__).resolve().parent.parent / "tensorlib" / "_core"
GENERATE = runpy.run_path(str(CORE / "generate" / "loops.py"))
INPUTS = {name: len(inputs) for name, _, inputs, *_ in GENERATE["elementwise"](CORE / "ops.py")}
CASES = [
    (name, letter)
    for table in (GENERATE["SAME"], GENERATE["FAST"])
    for name, letters in table.items()
    for letter in letters
]
CASES += [
    (name, letter)
    for name in ("add", "multiply", "divide", "hypot", "less", "maximum", "floor", "frexp", "ldexp")
    for letter in "eE"
]
CASES += [("arctan2", "e"), ("exp", "E"), ("tan", "E"), ("tanh", "E")]
# In the last place; these are not NumPy's to the bit.
ULPS = dict.fromkeys(["arctan2", "cos", "exp", "hypot", "sin", "tan", "tanh"], 1)
ULPS |= {("cos", "f"): 2, ("exp", "f"): 3, ("log", "f"): 3, ("sin", "f"): 2}  # as far off is NumPy
# NumPy's loops of these, and seldom ours, report an underflow of a square or a product that makes
# no difference, where the argument is next to zero.
SPURIOUS = {("cos", "f"), ("exp", "f"), ("sin", "f")}
# The sum of a number and a logarithm: its error is one of the number's size.
SUMS = {"logaddexp", "logaddexp2"}


def dtype_of(letter):
    return np.dtype(ml_dtypes.bfloat16 if letter == "E" else letter)


def numpys(name):
    return np._core.umath.clip if name == "clip" else getattr(np, name)


def edges(dtype):
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        return np.array([0, 1, 2, 3, 7, info.max, info.max - 1, info.min, info.min // 3], dtype)
    info = ml_dtypes.finfo(dtype)
    sizes = [0, float(info.smallest_subnormal), float(info.tiny), 1e-3, 0.5, 1, 1.5, 3, 7.25, 100]
    sizes += [float(info.max), float(info.max) / 3, np.inf, np.nan, 2.0**20, 1e3 + 1]
    with np.errstate(over="ignore"):
        return np.array(sizes + [-size for size in sizes]).astype(dtype)


def arguments(name, dtype, size):
    """Edges, each with each, repeated up to a size among random numbers."""
    rng = np.random.default_rng(1)
    mesh = np.meshgrid(*[edges(dtype)[: 40 if INPUTS[name] < 3 else 12]] * INPUTS[name])
    arrays = []
    for part in mesh:
        if dtype.kind in "iu":
            noise = rng.integers(1, 100, size).astype(dtype)
        else:
            noise = (rng.standard_normal(size) * 10.0 ** rng.uniform(-3, 3, size)).astype(dtype)
        arrays.append(np.concatenate([part.ravel(), noise]))
    if name == "ldexp":
        arrays[1] = rng.integers(-30, 30, arrays[0].size).astype("i")
    return arrays


def outputs(result):
    return [np.asarray(r) for r in (result if isinstance(result, tuple) else (result,))]


def ours(name, *arrays):
    with np.errstate(all="ignore"):
        return outputs(apply(getattr(ops, name), tuple(map(tl.asarray, arrays)), ()))


def bits(values):
    return values.view(f"u{values.dtype.itemsize}")


def is_nan(values):
    with np.errstate(invalid="ignore"):
        return values.astype("f8") != values.astype("f8")


def ordinal(values):
    signed = values.view(f"i{values.dtype.itemsize}").astype("O")
    return np.where(signed < 0, -(2 ** (values.dtype.itemsize * 8 - 1)) - signed, signed)


@pytest.mark.parametrize("name, letter", CASES)
def test_results_are_numpys(name, letter):
    dtype = dtype_of(letter)
    arrays = arguments(name, dtype, 600)
    with np.errstate(all="ignore"):
        expected = outputs(numpys(name)(*arrays))
    for actual, should_be in zip(ours(name, *arrays), expected, strict=True):
        if should_be.dtype.kind in "biu":
            np.testing.assert_array_equal(actual, should_be)
            continue
        should_be = should_be.astype(actual.dtype)  # ml_dtypes gives float32 for some
        np.testing.assert_array_equal(is_nan(actual), is_nan(should_be))
        numbers = ~is_nan(actual)
        if name in SUMS:
            size = np.maximum(np.maximum(np.abs(arrays[0]), np.abs(arrays[1])), 1)[numbers]
            with np.errstate(all="ignore"):
                off = np.abs(actual - should_be)[numbers] / size
            assert np.nanmax(off) <= 4 * np.finfo(dtype).eps
            continue
        distance = np.abs(ordinal(actual) - ordinal(should_be))[numbers]
        wrong = np.flatnonzero(distance > ULPS.get((name, letter), ULPS.get(name, 0)))[:1]
        assert wrong.size == 0, (
            [x[numbers][wrong] for x in arrays],
            actual[numbers][wrong],
            should_be[numbers][wrong],
        )


@pytest.mark.parametrize("name, letter", CASES)
def test_an_element_is_the_same_wherever_it_is(name, letter):
    dtype = dtype_of(letter)
    for size in (1, 2, 7, 15, 16, 17, 33, 255, 256, 257, 511, 512, 513, 1025):
        arrays = [x[-size:] for x in arguments(name, dtype, size)]
        together = ours(name, *arrays)
        apart = [np.repeat(x, 3)[::3] for x in arrays]
        backwards = [x[::-1].copy()[::-1] for x in arrays]
        unaligned = [np.frombuffer(b" " + x.tobytes(), x.dtype, offset=1) for x in arrays]
        for other in (apart, backwards, unaligned):
            for result, expected in zip(ours(name, *other), together, strict=True):
                np.testing.assert_array_equal(bits(result), bits(expected))
        for i in {0, size // 2, size - 1}:
            for result, expected in zip(
                ours(name, *(x[i : i + 1] for x in arrays)), together, strict=True
            ):
                np.testing.assert_array_equal(bits(result), bits(expected[i : i + 1]))
        if len(arrays) > 1:  # one number for all
            scalar = np.full_like(arrays[1], arrays[1][0])
            for result, expected in zip(
                ours(name, arrays[0], arrays[1][:1].reshape(()), *arrays[2:]),
                ours(name, arrays[0], scalar, *arrays[2:]),
                strict=True,
            ):
                np.testing.assert_array_equal(bits(result), bits(expected))


@pytest.mark.parametrize("name, letter", [case for case in CASES if case[0] != "frexp"])
def test_in_place_and_overlapping(name, letter):
    dtype = dtype_of(letter)
    arrays = arguments(name, dtype, 600)
    (expected,) = ours(name, *arrays)
    function = getattr(tl, name)
    if expected.dtype != dtype:
        return
    with np.errstate(all="ignore"):
        for k in range(len(arrays)):
            if arrays[k].dtype != dtype:
                continue
            tensors = [tl.asarray(x.copy()) for x in arrays]
            function(*tensors, out=tensors[k])
            np.testing.assert_array_equal(bits(np.asarray(tensors[k])), bits(expected))
        long = tl.asarray(np.concatenate([arrays[0], arrays[0][:3]]))
        size = arrays[0].size
        function(long[:size], *map(tl.asarray, arrays[1:]), out=long[3:])
        np.testing.assert_array_equal(bits(np.asarray(long[3:])), bits(expected))


def status_of(function, *arguments):
    """What np.errstate says of a call."""
    found = []
    with np.errstate(all="call", call=lambda kind, flag: found.append(kind)):
        function(*arguments)
    return found


@pytest.mark.parametrize(
    "name, letter",
    [
        (name, letter)
        for name, letter in CASES
        if letter != "E"  # ml_dtypes' loops do not always report what they raise
    ],
)
def test_float_status_is_numpys(name, letter):
    dtype = dtype_of(letter)
    arrays = arguments(name, dtype, 0)
    for i in range(arrays[0].size):
        row = [x[i : i + 1] for x in arrays]
        expected = status_of(numpys(name), *row)
        op, tensors = getattr(ops, name), tuple(map(tl.asarray, row))
        found = status_of(lambda op=op, tensors=tensors: apply(op, tensors, ()))
        if (name, letter) in SPURIOUS and 0 < abs(row[0][0]) < 1e-37:
            assert {*found, *expected} <= {"underflow"}, row
        else:
            assert found == expected, row


@pytest.mark.parametrize("letter", "fd")
def test_casts_to_float16_round_once_and_report_as_numpys(letter):
    halves = np.arange(1 << 16, dtype=np.uint16).view("e")
    with np.errstate(all="ignore"):
        wide = halves.astype(letter)
        middle = (wide[:-1] + wide[1:]) / 2
        near = [np.nextafter(middle, np.array(to, letter)) for to in (-np.inf, np.inf)]
        x = np.concatenate([wide, middle, *near])
        for values in (x, x[::2], x[:7]):
            expected = values.astype("e")
            np.testing.assert_array_equal(np.asarray(tl.asarray(values).astype("e")), expected)
            back = np.asarray(tl.asarray(expected).astype(letter))
            np.testing.assert_array_equal(back, expected.astype(letter))
    for value in (1e-300, 1e-8, 6e-8, 7e4, 65519.0, 65520.0, np.inf, np.nan, 1e300, 6.1e-5, 0.0):
        with np.errstate(all="ignore"):
            a = np.array([value], letter)
        assert status_of(lambda a=a: tl.asarray(a).astype("e")) == status_of(
            lambda a=a: a.astype("e")
        )


@pytest.mark.parametrize("name", ["clip", "hardtanh"])
@pytest.mark.parametrize("letter", "fdeE")
def test_limits_that_are_numbers(name, letter):
    dtype = dtype_of(letter)
    function = getattr(ops, name)
    for size in (1, 7, 16, 17, 127, 128, 129, 1000):
        x = arguments("clip", dtype, size)[0][-size:]
        for low, high in ((-1.0, 2.0), (0.0, 6.0), (float("nan"), 1.0), (2.0, -2.0)):
            limits = (np.array(low, dtype), np.array(high, dtype))
            expected = np._core.umath.clip(x.astype("d"), low, high)
            for values in (x, np.repeat(x, 2)[::2]):
                actual = apply(function, tuple(map(tl.asarray, (values, *limits))), ())
                np.testing.assert_array_equal(np.asarray(actual).astype("d"), expected)
