"""All ufuncs of scipy.special against SciPy, bit by bit."""

import pickle
import warnings

import numpy as np
import pytest
import scipy.special
from layouts import LAYOUTS, assert_identical, contiguous

import tensorlib as tl
from tensorlib.special._table import FAMILIES, WAVES

EXAMPLES = {
    name: eval(f"({example},)") for rows in FAMILIES.values() for name, _, example, _ in rows
}
NAMES = sorted(EXAMPLES)
SCIPY = {name: getattr(scipy.special, name) for name in dir(scipy.special)}
SCIPY = {name: value for name, value in SCIPY.items() if isinstance(value, np.ufunc)}
LOOPS = [
    (name, types)
    for name in NAMES
    for types in dict.fromkeys(SCIPY[name].types)
    if "g" not in types  # long double
]
# SciPy's spheroidal functions may never end in single precision.
ENDING = [name for name in NAMES if not name.startswith(("obl_", "pro_"))]
# SciPy's own functions of this family crash or hang at NaN and at some numbers.
FRAGILE = {row[0] for row in WAVES}
SHAPE = (3, 5)


def arguments(name, letters, seed=0):
    """Arrays around the values of the example, some of other signs and some NaN."""
    rng = np.random.default_rng(seed)
    made = []
    for value, letter in zip(EXAMPLES[name], letters, strict=True):
        values = rng.choice(np.ravel(value), SHAPE)
        if name not in FRAGILE and values.dtype.kind != "i":
            values = values * rng.choice([1, 1, 1, 0.5, 1.5, -1, 0], SHAPE)
            values = np.where(rng.random(SHAPE) < 0.05, np.nan, values)
        if letter in "FD":
            values = values + 1j * rng.uniform(-1, 1, SHAPE)
        elif letter in "li":
            values = np.trunc(np.nan_to_num(values.real))
        made.append(values.astype(letter))
    return made


def letters_of(name):
    """The dtypes of the inputs of the widest loop, long double left out."""
    return [types for types in SCIPY[name].types if "g" not in types][-1].partition("->")[0]


def scipys(name, arrays):
    """What SciPy gives; its spheroidal functions never end in single precision, where ours are
    those of double precision, rounded."""
    if not name.startswith(("obl_", "pro_")) or any(a.dtype != np.float32 for a in arrays):
        return SCIPY[name](*arrays)
    found = SCIPY[name](*(a.astype(float) for a in arrays))
    if isinstance(found, tuple):
        return tuple(x.astype(np.float32) for x in found)
    return found.astype(np.float32)


def assert_same(name, arrays):
    """Our function on tensors over the arrays gives what SciPy's gives on the arrays."""
    with warnings.catch_warnings(action="ignore"):  # SciPy's of truncated numbers
        expected = scipys(name, arrays)
        actual = getattr(tl.special, name)(*map(tl.asarray, arrays))
    if SCIPY[name].nout == 1:
        expected, actual = (expected,), (actual,)
    assert isinstance(actual, tuple)
    for one, other in zip(actual, expected, strict=True):
        assert_identical(one, other)


def test_there_are_232():
    assert len(NAMES) == 232
    assert set(SCIPY) == set(NAMES)


@pytest.mark.parametrize("name, types", LOOPS)
def test_every_loop_in_every_layout(name, types):
    arrays = arguments(name, types.partition("->")[0])
    for layout in LAYOUTS:
        assert_same(name, [layout(a) for a in arrays])
    assert_same(name, [LAYOUTS[k % len(LAYOUTS)](a) for k, a in enumerate(arrays)])


@pytest.mark.parametrize("name", NAMES)
def test_shapes_that_broadcast_and_dtypes_that_mix(name):
    arrays = arguments(name, letters_of(name), seed=1)
    assert_same(name, [a[:1] if k % 2 else a[:, :1] for k, a in enumerate(arrays)])
    assert_same(name, [a[0, 0] for a in arrays])
    assert_same(name, [a[:0] for a in arrays])
    for k in range(len(arrays)):
        for dtype in (np.float16, np.float32, np.float64):
            mixed = list(arrays)
            mixed[k] = mixed[k].astype(dtype) if mixed[k].dtype.kind == "f" else mixed[k]
            assert_same(name, mixed)


@pytest.mark.filterwarnings("ignore:non-integer:DeprecationWarning")  # SciPy's
@pytest.mark.parametrize("name", ENDING)
def test_numbers_of_python(name):
    scalars = [np.ravel(value)[0].item() for value in EXAMPLES[name]]
    expected = SCIPY[name](*scalars)
    actual = getattr(tl.special, name)(*scalars)
    for one, other in zip(np.atleast_1d(actual), np.atleast_1d(expected), strict=True):
        assert_identical(tl.asarray(one), other)
    if len(scalars) > 1:  # weak beside a tensor
        last = np.float32([scalars[-1]] * 3)
        expected = SCIPY[name](*scalars[:-1], last)
        actual = getattr(tl.special, name)(*scalars[:-1], tl.asarray(last))
        if SCIPY[name].nout == 1:
            expected, actual = (expected,), (actual,)
        for one, other in zip(actual, expected, strict=True):
            assert_identical(one, other)


@pytest.mark.parametrize("name", ENDING)
def test_integers_and_truths(name):
    """The same loop or the same refusal."""
    for dtype in (np.bool_, np.int8, np.int64, np.uint64):
        arrays = [np.ones(3, dtype)] * SCIPY[name].nin
        try:
            with warnings.catch_warnings(action="ignore"):
                SCIPY[name](*arrays)
        except TypeError:
            with pytest.raises(TypeError, match=f"^special.{SCIPY[name].__name__}: not supported"):
                getattr(tl.special, name)(*map(tl.asarray, arrays))
        else:
            assert_same(name, arrays)


@pytest.mark.parametrize("name", ENDING)
def test_by_scipys_own_name(name):
    arrays = arguments(name, letters_of(name), seed=2)
    with warnings.catch_warnings(action="ignore"):
        expected = SCIPY[name](*arrays)
        actual = SCIPY[name](*map(tl.asarray, arrays))
    if SCIPY[name].nout == 1:
        expected, actual = (expected,), (actual,)
    for one, other in zip(actual, expected, strict=True):
        assert_identical(one, other)


@pytest.mark.parametrize("name", ENDING)
def test_out(name):
    arrays = arguments(name, letters_of(name), seed=3)
    with warnings.catch_warnings(action="ignore"):
        expected = SCIPY[name](*arrays)
        expected = (expected,) if SCIPY[name].nout == 1 else expected
        targets = tuple(tl.zeros(x.shape, x.dtype).T.copy().T for x in expected)
        actual = getattr(tl.special, name)(*map(tl.asarray, arrays), out=targets)
    actual = (actual,) if SCIPY[name].nout == 1 else actual
    for one, target, other in zip(actual, targets, expected, strict=True):
        assert one is target
        assert_identical(one, other)


def test_where():
    x = np.array([0.5, 1.0, 2.0])
    mask = np.array([True, False, True])
    out = tl.full(3, 7.0)
    tl.special.gamma(tl.asarray(x), out=out, where=mask)
    assert_identical(out, np.where(mask, scipy.special.gamma(x), 7.0))


def test_long_tensors():
    x = np.linspace(-5, 5, 300_001)
    assert_same("erf", [x])
    assert_same("airy", [x])
    assert_same("xlogy", [x, contiguous(x)])


@pytest.mark.parametrize("name", ["erf", "psi", "airy", "jn_zeros"])
def test_pickle(name):
    function = getattr(tl.special, name)
    assert pickle.loads(pickle.dumps(function)) is function


def test_names_and_signatures():
    assert tl.special.digamma is tl.special.psi
    assert tl.special.jn is tl.special.jv
    assert tl.special.erf.__name__ == "erf"
    assert repr(tl.special.erf) == "<ufunc 'special.erf'>"
    with pytest.raises(TypeError, match="special.erf: expected 1 inputs"):
        tl.special.erf(1.0, 2.0, 3.0)


# errors: the loops ask scipy.special.errstate


def test_errors_are_ignored_at_first():
    assert tl.special.gammaln(tl.asarray([-1.0, 1.0])).tolist() == [np.inf, 0.0]


def test_errors_raise():
    x = tl.asarray([-1.0, 1.0])
    with (
        tl.special.errstate(singular="raise"),
        pytest.raises(tl.special.SpecialFunctionError, match="singularity"),
    ):
        tl.special.gammaln(x)
    assert tl.special.gammaln(x).tolist() == [np.inf, 0.0]


def test_errors_warn():
    with (
        tl.special.errstate(all="warn"),
        pytest.warns(tl.special.SpecialFunctionWarning, match="singularity"),
    ):
        assert tl.special.gammaln(tl.asarray([-1.0, 1.0])).tolist() == [np.inf, 0.0]


def test_errors_in_long_tensors():
    """Whose loop runs without the lock of the interpreter."""
    x = tl.ones(300_000)
    x[7] = -1.0
    with (
        tl.special.errstate(all="raise"),
        pytest.raises(tl.special.SpecialFunctionError, match="singularity"),
    ):
        tl.special.gammaln(x)
