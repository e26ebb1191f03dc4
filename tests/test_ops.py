"""Elementwise ops, folds and products against NumPy, driven by the op table.

Every op, for every dtype that it claims, on all memory layouts. Where a loop is NumPy's own, the
result has NumPy's bits; the exceptions are noted where they are made.
"""

import functools

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layouts import (
    ALL_DTYPES,
    BFLOAT16,
    DTYPES,
    LAYOUTS,
    ML_DTYPES,
    assert_close,
    assert_identical,
    bits,
    computed,
    examples,
    operands,
    outcome,
    random_array,
    shapes,
    tensors,
)
from references import ABSOLUTE, INEXACT, REFERENCES

import tensorlib as tl
from tensorlib._core import _functions
from tensorlib._core import ops as table
from tensorlib._core._dispatch import ops

pytestmark = pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")

ELEMENTWISE = {row[0]: getattr(ops, row[0]) for row in table.ELEMENTWISE}
BINARY = [
    n
    for n, op in ELEMENTWISE.items()
    if len(op.inputs) == 2 and op.outputs == 1 and n not in REFERENCES
]


# NumPy's loops of these choose their kernel by the strides that they are handed (SIMD for some,
# the C library for others; fused multiply-add for complex numbers), so the last bits are those of
# NumPy where the strides are the same: on contiguous operands.
STRIDE_DEPENDENT = {
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "cbrt",
    "cos",
    "cosh",
    "exp",
    "exp2",
    "expm1",
    "float_power",
    "log",
    "log10",
    "log1p",
    "log2",
    "power",
    "sin",
    "sinh",
    "tan",
    "tanh",
}
STRIDE_DEPENDENT_COMPLEX = STRIDE_DEPENDENT | {
    "absolute",
    "divide",
    "multiply",
    "square",
    "reciprocal",
}

# Computed by loops of ours, not to NumPy's last bit. The last two are sums of a number and a
# logarithm of at most 2, whose errors are absolute ones where the sum is small.
OURS = {"cos", "exp", "hypot", "log", "sin", "logaddexp", "logaddexp2"}
SUMS = {"logaddexp", "logaddexp2"}

NOT_REAL = {"hardtanh": "bciu", "relu": "bc"}  # kinds that it refuses

# Which of 0.0 and -0.0 is the larger one is left open, by NumPy too.
ANY_ZERO = {"maximum", "minimum", "fmax", "fmin", "clip", "hardtanh", "relu", "max", "min"}
MASKED = {"masked_divide", "masked_multiply"}  # complex ones are rounded otherwise than NumPy's
ANY_ZERO |= MASKED
ANY_ZERO |= {name for name in REFERENCES if name.endswith("_backward")}


def reference(name):
    return REFERENCES.get(name) or ELEMENTWISE[name].loops.ufunc


def function(name):
    return getattr(_functions, name)  # `clip` and `where` of the namespace are others


def as_tuple(value):
    return value if isinstance(value, tuple) else (value,)


def check(name, actual, expected, operands=()):
    """Compare results with NumPy's. Operands are given where their strides may differ."""
    actual, expected = as_tuple(actual), as_tuple(expected)
    assert len(actual) == len(expected)
    exact = name not in INEXACT and not (name in MASKED and expected[0].dtype.kind == "c")
    exact &= name not in OURS
    if expected[0].dtype in (np.float16, *ML_DTYPES):  # rounded from float32
        exact &= name not in STRIDE_DEPENDENT
    if any(a.dtype.kind == "c" for a in operands):
        exact &= name not in STRIDE_DEPENDENT_COMPLEX
    elif any(
        not a.flags.c_contiguous or a.shape != expected[0].shape or a.size == 1 for a in operands
    ):
        exact &= name not in STRIDE_DEPENDENT
    signed_zeros = name not in ANY_ZERO
    signed_zeros &= name != "sign" or expected[0].dtype != BFLOAT16  # which keeps them
    scale = name in ABSOLUTE or name in SUMS
    if scale and name.endswith("_backward") and operands:
        sizes = np.abs(np.asarray(operands[0]).astype("f8"))
        scale = sizes.max(initial=1, where=np.isfinite(sizes))
    for one, other in zip(actual, expected, strict=True):
        if exact:
            assert_identical(one, other, signed_zeros)
        else:
            assert_close(one, other, 4, scale=scale)


EXTREMA = {"maximum", "minimum", "fmax", "fmin", "max", "min"}


def numbers(name, arrays):
    """What NumPy is given: of what is not moved alone the numbers of 8 bits as float32."""
    return arrays if name == "where" else [computed(a) for a in arrays]


def folded(name, array):
    """What NumPy is given for a fold: numbers of 8 bits, unless one is chosen, as float32."""
    return array if name in EXTREMA else computed(array)


def domain(name, arrays):
    """Numbers for which NumPy's answer is defined."""
    if name == "power" and arrays[1].dtype.kind == "i":
        arrays[1] = np.abs(arrays[1] // 2)  # NumPy refuses negative integers
    if name == "power" and arrays[0] is not None and arrays[0].dtype.kind in "fV":
        arrays[0] = np.abs(arrays[0])  # the root of -inf depends on strides in NumPy
    return arrays


# every loop

LOOPS = [
    pytest.param(name, inputs, id=f"{name}-{''.join(d.char for d in inputs)}")
    for name, op in ELEMENTWISE.items()
    for inputs, _ in op.loops.types()
]


@pytest.mark.parametrize("name, dtypes", LOOPS)
def test_every_loop(name, dtypes):
    @examples(12)
    @given(operands(dtypes))
    def run(arrays):
        arrays = domain(name, arrays)
        check(name, function(name)(*tensors(arrays)), reference(name)(*arrays), arrays)

    run()


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_every_dtype_is_answered_or_refused_as_by_numpy(name):
    rng = np.random.default_rng(0)
    for dtype in ALL_DTYPES:
        arrays = [random_array(rng, dtype, (5,)) for _ in ELEMENTWISE[name].inputs]
        if name == "where":
            arrays[0] = arrays[0].astype(bool)
        arrays = domain(name, arrays)
        expected = outcome(reference(name), *numbers(name, arrays))
        if isinstance(expected, TypeError) or dtype.kind in NOT_REAL.get(name, ""):
            with pytest.raises(TypeError, match=f"^{name}: "):
                function(name)(*tensors(arrays))
        else:
            operands = arrays if name in ABSOLUTE else ()
            check(name, function(name)(*tensors(arrays)), expected, operands)


@pytest.mark.parametrize("name", BINARY)
def test_mixed_dtypes(name):
    rng = np.random.default_rng(1)
    for first in DTYPES:
        for second in DTYPES:
            arrays = [random_array(rng, first, (3, 1)), random_array(rng, second, (4,))]
            arrays = domain(name, arrays)
            expected = outcome(reference(name), *arrays)
            actual = outcome(function(name), *tensors(arrays))
            if isinstance(expected, Exception):
                assert isinstance(actual, TypeError), (first, second)
            else:
                check(name, actual, expected, arrays)


def knows(name, dtype):
    arrays = [np.ones(1, dtype)] * len(ELEMENTWISE[name].inputs)
    return name == "where" or not isinstance(outcome(reference(name), *arrays), Exception)


NARROW_OPS = [(dtype, name) for dtype in ML_DTYPES for name in ELEMENTWISE if knows(name, dtype)]


@pytest.mark.parametrize("dtype, name", NARROW_OPS)
def test_dtypes_of_ml_dtypes(dtype, name):
    dtypes = [dtype] * len(ELEMENTWISE[name].inputs)
    if name == "where":
        dtypes[0] = np.dtype(bool)

    @examples(12)
    @given(operands(dtypes))
    def run(arrays):
        expected = reference(name)(*numbers(name, arrays))
        check(name, function(name)(*tensors(arrays)), expected, arrays)

    run()


def test_dtypes_of_ml_dtypes_are_known_to_most_ops():
    for dtype in ML_DTYPES:
        assert sum(known == dtype for known, _ in NARROW_OPS) > 60
        assert getattr(tl, dtype.name) is getattr(ml_dtypes, dtype.name)


# scalars of Python

SCALARS = [0, 1, -1, 3, 200, 70_000, 2**40, 2**63, 2**64, -(2**70), 0.5, -2.0, 1e300, True, 1j]


@pytest.mark.parametrize("name", BINARY)
def test_python_scalars_are_weak(name):
    rng = np.random.default_rng(2)
    for dtype in DTYPES:
        array = random_array(rng, dtype, (4,))
        if name == "power":
            array = np.abs(array) if dtype.kind == "f" else array
        for scalar in SCALARS:
            if name.startswith("logical") and scalar != 0 and abs(scalar) >= 2**63:
                continue  # NumPy raises OverflowError; the answer is as good
            for flip in (False, True):
                expected = numbers = (scalar, array) if flip else (array, scalar)
                expected = outcome(reference(name), *numbers)
                swapped = (scalar, tl.asarray(array)) if flip else (tl.asarray(array), scalar)
                actual = outcome(function(name), *swapped)
                where = f"{name} of {dtype} and {scalar!r}, {flip=}"
                if isinstance(expected, Exception):
                    kinds = TypeError, OverflowError, ValueError
                    kind = next(k for k in kinds if isinstance(expected, k))
                    assert isinstance(actual, kind), (where, actual, expected)
                else:
                    assert isinstance(actual, tl.Tensor), (where, actual)
                    assert actual.dtype == expected.dtype, where
                    check(name, actual, expected, [array, np.asarray(scalar)])


def test_scalars_without_a_tensor():
    for numbers in [(1, 2), (1.5, 2), (True, False), (2, 1j)]:
        check("add", tl.add(*numbers), np.add(*numbers))
    check("where", tl.where(True, 1, 2.5), np.where(True, 1, 2.5))


@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "//", "%", "**", "@", "&", "|", "^"])
def test_operators(symbol):
    rng = np.random.default_rng(3)
    kind = "i" if symbol in "&|^" else "d"
    a, b = (np.abs(random_array(rng, np.dtype(kind), (3, 3), hard=0)) + 1 for _ in range(2))
    for x, y in [(a, b), (a, 2), (2, a), (a, b[0])]:
        if symbol == "@" and not (np.ndim(x) and np.ndim(y)):
            continue
        expected = eval(f"x {symbol} y")
        for left, right in [(tl.asarray, tl.asarray), (np.asarray, tl.asarray)]:
            ours = [x if np.ndim(x) == 0 else left(x), y if np.ndim(y) == 0 else right(y)]
            if any(isinstance(v, tl.Tensor) for v in ours):
                actual = eval(f"x {symbol} y", {"x": ours[0], "y": ours[1]})
                if symbol in ("@", "**"):
                    assert_close(actual, expected, 4)
                else:
                    check("", actual, expected)
    written = tl.array(a)
    namespace = {"x": written, "y": tl.asarray(b)}
    exec(f"x {symbol}= y", namespace)
    assert namespace["x"] is written
    assert_close(written, eval(f"a {symbol} b"), 4)


@pytest.mark.parametrize("symbol", ["<", "<=", "==", "!=", ">", ">="])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_comparisons(symbol, dtype):
    a = random_array(np.random.default_rng(4), dtype, (5,))
    for b in [a[::-1], 1, 0.5, -(2**70), 2**70]:
        if dtype.kind == "b" and np.ndim(b) == 0 and abs(b) == 2**70:
            continue  # NumPy raises OverflowError for bools alone
        expected = eval(f"a {symbol} b")
        check("", eval(f"x {symbol} b", {"x": tl.asarray(a), "b": b}), expected)
        if np.ndim(b) == 0:
            check("", eval(f"b {symbol} x", {"x": tl.asarray(a), "b": b}), eval(f"b {symbol} a"))


def test_unary_operators_and_divmod():
    a = np.array([-7, 3, 5])
    x = tl.asarray(a)
    for actual, expected in [(-x, -a), (+x, +a), (abs(x), abs(a)), (~x, ~a)]:
        check("", actual, expected)
    check("", divmod(x, 3), divmod(a, 3))
    check("", divmod(50, x), divmod(50, a))
    check("", x << 2, a << 2)
    check("", x >> 1, a >> 1)


# out, where, dtype


def uniform_loop(name):
    """The dtypes of a loop whose inputs and outputs are of one dtype, else of its first loop."""
    types = ELEMENTWISE[name].loops.types()
    loops = [t for t in types if len({*t[0], *t[1]}) == 1 and t[0][0].kind != "b"] or types
    return loops[len(loops) // 2]


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_out_that_overlaps_the_inputs(name):
    """As if the inputs had been copied first."""
    dtypes, results = uniform_loop(name)

    @examples(15)
    @given(st.data())
    def run(data):
        rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
        pools = {d: random_array(rng, d, (12,)) for d in {*dtypes, *results}}
        pools = {d: domain(name, [None, pool])[1] for d, pool in pools.items()}
        copies = {d: tl.array(pool) for d, pool in pools.items()}
        windows = [data.draw(st.sampled_from(WINDOWS)) for _ in (*dtypes, *results)]
        if len(results) == 2 and results[0] == results[1]:
            windows[-2:] = [slice(0, 4), slice(4, 8)]  # two outputs in one place are no answer
        ins = [pools[d][w].copy() for d, w in zip(dtypes, windows, strict=False)]
        outs = tuple(pools[d][w] for d, w in zip(results, windows[-len(results) :], strict=True))
        expected = as_tuple(reference(name)(*ins))
        for target, value in zip(outs, expected, strict=True):
            target[...] = value
        our_ins = [copies[d][w] for d, w in zip(dtypes, windows, strict=False)]
        our_outs = tuple(
            copies[d][w] for d, w in zip(results, windows[-len(results) :], strict=True)
        )
        returned = as_tuple(function(name)(*our_ins, out=our_outs))
        assert all(one is other for one, other in zip(returned, our_outs, strict=True))
        for dtype, pool in pools.items():
            check(name, copies[dtype], pool, ins)

    run()


WINDOWS = [
    slice(0, 4),
    slice(1, 5),
    slice(2, 6),
    slice(3, None, -1),
    slice(4, 0, -1),
    slice(0, 8, 2),
    slice(1, 9, 2),
    slice(10, 2, -2),
    slice(0, 12, 3),
]


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_out_of_another_layout_and_dtype(name):
    dtypes, results = uniform_loop(name)
    rng = np.random.default_rng(5)
    arrays = domain(name, [random_array(rng, d, (3, 4)) for d in dtypes])
    expected = as_tuple(reference(name)(*arrays))
    wider = [np.result_type(d, np.complex128 if d.kind == "c" else np.float64) for d in results]
    for layout in LAYOUTS[:-1]:
        for targets in (results, wider):
            buffers = [layout(np.zeros((3, 4), d)) for d in targets]
            out = tuple(tensors(buffers))
            target = out[0] if len(out) == 1 else out
            assert as_tuple(function(name)(*tensors(arrays), out=target))[0] is out[0]
            for buffer, value in zip(buffers, expected, strict=True):
                written = buffer
                if value.dtype.kind in "fc":  # rounded to the loop's digits
                    written = buffer.astype(value.dtype)
                value = value.astype(written.dtype)
                check(name, tl.asarray(written), value, [*arrays, buffer])


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_where(name):
    dtypes, results = uniform_loop(name)

    @examples(8)
    @given(operands(dtypes), st.integers(0, 2**32 - 1))
    def run(arrays, seed):
        arrays = domain(name, arrays)
        rng = np.random.default_rng(seed)
        values = as_tuple(reference(name)(*arrays))
        mask = rng.random(values[0].shape) < 0.5
        if mask.ndim > 1 and len(mask) and rng.random() < 0.3:
            mask = mask[0]
        targets = [random_array(rng, d, values[0].shape) for d in results]
        out = tuple(tl.array(t) for t in targets)
        function(name)(*tensors(arrays), out=out, where=tl.asarray(mask))
        for actual, value, target in zip(out, values, targets, strict=True):
            check(name, actual, np.where(mask, value, target), arrays)

    run()


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_dtype(name):
    if name in REFERENCES:
        return
    rng = np.random.default_rng(6)
    for wanted in ["f", "d", "D", "l", "?"]:
        for source in ["b", "f", "d"]:
            arrays = [random_array(rng, np.dtype(source), (6,), hard=0) for _ in range(3)]
            arrays = domain(name, arrays[: len(ELEMENTWISE[name].inputs)])
            expected = outcome(reference(name), *arrays, dtype=wanted)
            actual = outcome(function(name), *tensors(arrays), dtype=wanted)
            if isinstance(expected, Exception):
                assert isinstance(actual, TypeError), (source, wanted, actual)
                assert str(actual).startswith(f"{name}: ")
            else:
                check(name, actual, expected)


# reduce, accumulate, outer

# Sums and products are made in another order than NumPy's, so they round otherwise.
NAMED = {binary: name for name, binary, _ in table.REDUCTIONS}  # of minimum.reduce: min
OTHER_ORDER = {"add": 64, "multiply": 64, "logaddexp": 16, "logaddexp2": 16, "hypot": 16}
OTHER_ORDER |= {"arctan2": 16, "power": 64, "float_power": 64}  # STRIDE_DEPENDENT


def compare_folds(name, actual, expected, where):
    if isinstance(expected, Exception):
        assert isinstance(actual, (TypeError, ValueError)), (where, actual, expected)
        assert str(actual).startswith((name, NAMED.get(name, name))), (where, actual)
    elif isinstance(actual, Exception):
        raise AssertionError((where, expected)) from actual
    elif name in OTHER_ORDER:
        assert_close(actual, expected, OTHER_ORDER[name], scale=2 if name == "add" else 0)
    else:
        assert_identical(actual, expected)


def mild_array(name, rng, dtype, shape):
    """Numbers that no fold takes to where rounding or overflow decides: for folds whose order
    may differ, their absolute values are below two."""
    hard = 0 if name in OTHER_ORDER and dtype.kind in "fcV" else 0.1
    array = random_array(rng, dtype, shape, hard)
    if hard == 0:
        wide = array.astype(np.complex128 if dtype.kind == "c" else np.float64)
        array = (2 * wide / (1 + np.abs(wide))).astype(dtype)
    return np.abs(array) if name in ("power", "float_power") and dtype.kind != "c" else array


def one_by_one(ufunc, array, dtype, axis=0, keepdims=False):
    """A fold along an axis. NumPy's own (2.4) skips elements where the loop has SIMD."""
    if array.ndim == 0 or array.shape[axis or 0] == 0:
        return ufunc.reduce(array, axis, keepdims=keepdims)
    rows = np.moveaxis(array.astype(dtype), axis or 0, 0)
    folded = np.asarray(functools.reduce(ufunc, rows), dtype)
    return np.expand_dims(folded, axis or 0) if keepdims else folded


@pytest.mark.parametrize("name", BINARY)
def test_reduce(name):
    rng = np.random.default_rng(7)
    ufunc = reference(name)
    for dtype in ALL_DTYPES:
        if name == "ldexp" and dtype.kind != "b":
            continue  # NumPy's fold of numbers takes its own results for exponents
        for layout in LAYOUTS:
            for shape in [(3, 4, 2), (5,), (0, 3), (), (1, 1)]:
                array = layout(mild_array(name, rng, dtype, shape))
                wide = folded(name, array)
                for kwargs in [{}, {"axis": -1}, {"axis": None}, {"axis": (0, -1)}]:
                    if isinstance(kwargs.get("axis"), tuple) and len(shape) < 2:
                        continue
                    kwargs["keepdims"] = bool(rng.integers(2))
                    expected = outcome(ufunc.reduce, wide, **kwargs)
                    if name in ("arctan2", "power") and not isinstance(expected, Exception):
                        expected = one_by_one(ufunc, wide, expected.dtype, **kwargs)
                    actual = outcome(function(name).reduce, tl.asarray(array), **kwargs)
                    compare_folds(name, actual, expected, (dtype, layout, shape, kwargs))


@pytest.mark.parametrize("name", BINARY)
def test_accumulate(name):
    rng = np.random.default_rng(8)
    ufunc = reference(name)
    for dtype in ALL_DTYPES:
        for layout in LAYOUTS:
            for shape in [(3, 4, 2), (5,), (0, 3), (1, 1)]:
                array = layout(mild_array(name, rng, dtype, shape))
                for axis in range(-1, len(shape)):
                    expected = outcome(ufunc.accumulate, folded(name, array), axis)
                    actual = outcome(function(name).accumulate, tl.asarray(array), axis)
                    compare_folds(name, actual, expected, (dtype, layout, shape, axis))


@pytest.mark.parametrize("name", BINARY)
def test_outer(name):
    dtypes, _ = uniform_loop(name)
    rng = np.random.default_rng(9)
    for first, second in [((2, 3), (4,)), ((), (3,)), ((0,), (2,)), ((2,), ())]:
        pair = domain(
            name, [random_array(rng, dtypes[0], first), random_array(rng, dtypes[1], second)]
        )
        check(name, function(name).outer(*tensors(pair)), reference(name).outer(*pair), pair)


def test_methods_of_ops_that_have_none():
    for name in ("exp", "divmod", "frexp"):
        for method in ("reduce", "accumulate", "outer"):
            with pytest.raises(ValueError, match=f"^{name}.{method}: "):
                getattr(function(name), method)(tl.ones(3), *([tl.ones(3)] * (method == "outer")))


@pytest.mark.parametrize("name", BINARY)
def test_attributes_of_ufuncs(name):
    ours, theirs = function(name), reference(name)
    for attribute in ("nin", "nout", "nargs", "identity", "signature"):
        assert getattr(ours, attribute) == getattr(theirs, attribute)
    assert ours.ntypes == len(ours.types) > 0


# reductions and accumulations by name

REDUCTIONS = [row[0] for row in table.REDUCTIONS]
ACCUMULATIONS = [row[0] for row in table.ACCUMULATIONS]
ROUNDED = {"sum": 64, "prod": 64, "cumsum": 64, "cumprod": 64}


def fold_input(rng, name, dtype, shape):
    return mild_array("add" if name in ROUNDED else name, rng, dtype, shape)


@pytest.mark.parametrize("dtype", ALL_DTYPES, ids=str)
@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions(name, dtype):
    @examples(30)
    @given(st.data())
    def run(data):
        shape = data.draw(shapes)
        rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
        array = data.draw(st.sampled_from(LAYOUTS))(fold_input(rng, name, dtype, shape))
        axes = [None, *range(-len(shape), len(shape)), tuple(range(0, len(shape), 2)), ()]
        kwargs = {"axis": data.draw(st.sampled_from(axes)), "keepdims": data.draw(st.booleans())}
        if name in ("sum", "prod") and dtype not in ML_DTYPES:
            kwargs["dtype"] = data.draw(st.sampled_from([None, None, "d", "D", "l"]))
        if dtype == BFLOAT16 and name in ROUNDED:  # of which NumPy's own sums stagnate
            expected = outcome(getattr(np, name), array, dtype="f", **kwargs)
            if not isinstance(expected, Exception):
                expected = expected.astype(dtype)
        else:
            expected = outcome(getattr(np, name), folded(name, array), **kwargs)
        actual = outcome(getattr(tl, name), tl.asarray(array), **kwargs)
        compare_named(name, actual, expected)

    run()


def compare_named(name, actual, expected):
    if isinstance(expected, Exception):
        assert type(actual) is type(expected) or isinstance(actual, TypeError)
        assert str(actual).startswith(f"{name}: ")
    elif isinstance(actual, Exception):
        raise actual
    elif name in ROUNDED:
        assert_close(actual, expected, ROUNDED[name], scale=2 if "sum" in name else 0)
    else:
        assert_identical(actual, expected, signed_zeros=name not in ANY_ZERO)


@pytest.mark.parametrize("dtype", ALL_DTYPES, ids=str)
@pytest.mark.parametrize("name", ACCUMULATIONS)
def test_accumulations(name, dtype):
    @examples(20)
    @given(st.data())
    def run(data):
        shape = data.draw(shapes)
        rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
        array = data.draw(st.sampled_from(LAYOUTS))(fold_input(rng, name, dtype, shape))
        axis = data.draw(st.sampled_from([None, *range(-len(shape), len(shape))]))
        expected = outcome(getattr(np, name), folded(name, array), axis)
        compare_named(name, outcome(getattr(tl, name), tl.asarray(array), axis), expected)

    run()


@pytest.mark.parametrize("name", REDUCTIONS)
def test_initial_and_where(name):
    rng = np.random.default_rng(10)
    for dtype in ["l", "d", "?"]:
        for shape, axis in [((3, 4), 1), ((3, 4), None), ((0, 3), 0), ((2, 0), 1)]:
            array = fold_input(rng, name, np.dtype(dtype), shape)
            mask = rng.random(shape) < 0.5
            cases = [{"where": mask}]
            if name not in ("all", "any"):
                cases += [{"initial": 2}, {"initial": 1, "where": mask}]
            for kwargs in cases:
                expected = outcome(getattr(np, name), array, axis, **kwargs)
                ours = {k: tl.asarray(v) if k == "where" else v for k, v in kwargs.items()}
                actual = outcome(getattr(tl, name), tl.asarray(array), axis, **ours)
                compare_named(name, actual, expected)


@pytest.mark.parametrize("name", [*REDUCTIONS, *ACCUMULATIONS])
def test_out_of_folds(name):
    array = fold_input(np.random.default_rng(11), name, np.dtype("d"), (3, 4))
    expected = getattr(np, name)(array, axis=1)
    for layout in (LAYOUTS[0], LAYOUTS[2], LAYOUTS[3]):
        buffer = layout(np.zeros(expected.shape, expected.dtype))
        out = tl.asarray(buffer)
        assert getattr(tl, name)(tl.asarray(array), axis=1, out=out) is out
        compare_named(name, tl.asarray(buffer), expected)


def test_an_accumulation_into_its_own_input():
    x = tl.arange(6.0)
    assert tl.cumsum(x, out=x) is x
    assert x.tolist() == [0, 1, 3, 6, 10, 15]


@pytest.mark.parametrize("dtype", ["e", "f", "d"])
def test_sums_are_made_pairwise(dtype):
    """The error of many small numbers stays small, along each axis."""
    x = np.full((1000, 100), 0.1, dtype)
    for layout in (x, x.T, np.asfortranarray(x), x[::-1, ::-1]):
        actual = float(tl.sum(tl.asarray(layout)))
        exact = float(x[0, 0]) * x.size
        assert abs(actual - exact) <= 8 * np.finfo(dtype).eps * exact


# products

PRODUCTS = [row[0] for row in table.PRODUCTS]


@st.composite
def product_operands(draw, name, dtypes):
    n, k, m = (draw(st.sampled_from([0, 1, 2, 5, 17])) for _ in range(3))
    cores = {
        "matmul": draw(st.sampled_from([((n, k), (k, m)), ((k,), (k, m)), ((n, k), (k,))])),
        "matvec": ((n, k), (k,)),
        "vecmat": ((k,), (k, m)),
        "vecdot": ((k,), (k,)),
    }[name]
    outer = draw(st.sampled_from([((), ()), ((2,), ()), ((), (3,)), ((2, 1), (3,)), ((0,), (1,))]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    made = []
    for core, lead, dtype in zip(cores, outer, dtypes, strict=True):
        lead = () if name == "matmul" and len(core) == 1 else lead
        array = random_array(rng, dtype, (*lead, *core), hard=0)
        if dtype.kind in "fcV":
            array = (array / (1 + np.abs(array))).astype(dtype)
        made.append(draw(st.sampled_from(LAYOUTS))(array))
    return made


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", PRODUCTS)
def test_products(name, dtype):
    @examples(30)
    @given(product_operands(name, (dtype, dtype)))
    def run(arrays):
        # BLAS adds in an order that depends on strides.
        assert_close(getattr(tl, name)(*tensors(arrays)), getattr(np, name)(*arrays), 64, scale=1)

    run()


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_of_mixed_dtypes(name):
    @examples(40)
    @given(st.sampled_from(DTYPES), st.sampled_from(DTYPES), st.data())
    def run(first, second, data):
        arrays = data.draw(product_operands(name, (first, second)))
        assert_close(getattr(tl, name)(*tensors(arrays)), getattr(np, name)(*arrays), 64, scale=1)

    run()


def test_out_of_products():
    a, b = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
    out = tl.zeros((4, 2)).T
    assert tl.matmul(tl.asarray(a), tl.asarray(b), out=out) is out
    assert_identical(out, a @ b)
    square = tl.array(a @ b @ b.T @ a.T)
    expected = np.asarray(square) @ np.asarray(square)
    tl.matmul(square, square, out=square)
    assert_close(square, expected, 4)
    assert_identical(tl.matmul(tl.asarray(a), tl.asarray(b), dtype="D"), (a @ b).astype("D"))


@pytest.mark.parametrize("function", [tl.add, tl.sum, tl.matmul])
def test_large_tensors(function):
    """More elements than are run under the lock."""
    rng = np.random.default_rng(12)
    a = rng.standard_normal((300, 300))
    arrays = [a] if function is tl.sum else [a, a[::-1]]
    assert_close(function(*tensors(arrays)), getattr(np, function.__name__)(*arrays), 1e4)


def test_a_result_never_shares_memory_with_an_input():
    for name in ELEMENTWISE:
        arrays = [np.ones(3, d) for d in uniform_loop(name)[0]]
        inputs = tensors(arrays)
        before = [bits(a) for a in arrays]
        for result in as_tuple(function(name)(*inputs)):
            result[...] = 0
        assert [bits(a) for a in arrays] == before
