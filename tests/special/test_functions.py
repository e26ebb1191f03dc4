"""The functions of scipy.special that are not ufuncs, and the namespace as a whole."""

import inspect
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st
from layouts import assert_close, assert_identical, examples

import tensorlib as tl
from tensorlib.autograd.rules.special._register import refused
from tensorlib.special._computed_table import FAMILIES, SYNONYMS

special = tl.special
ROWS = [row for rows in FAMILIES.values() for row in rows]


def public_names():
    names = {n for n in dir(scipy.special) if isinstance(getattr(scipy.special, n), np.ufunc)}
    return names | set(scipy.special.__all__)


# the namespace


def test_it_has_all_names():
    assert public_names() - {"test"} <= set(special.__all__)
    assert all(hasattr(special, name) for name in special.__all__)


def test_it_is_loaded_at_its_first_use():
    code = "import sys, tensorlib; assert 'scipy' not in sys.modules; tensorlib.special.erf(0.0)"
    subprocess.run([sys.executable, "-P", "-c", code], check=True, env=dict(os.environ))


@pytest.mark.parametrize("name", sorted(public_names()))
def test_signatures(name):
    """SciPy's, as far as it tells them."""
    theirs = getattr(scipy.special, name)
    if isinstance(theirs, (np.ufunc, type)) or name in ("geterr", "seterr"):
        return
    expected = inspect.signature(theirs)
    if list(expected.parameters) == ["args", "kwargs"]:
        written = re.search(r"(\(.*\))", theirs.__doc__)[1]
        expected = inspect.signature(eval(f"lambda {written[1:-1]}: None"))
    assert inspect.signature(getattr(special, name)) == expected


def test_the_documentation_lists_what_has_no_gradient():
    page = Path(__file__).parents[2] / "doc/source/api/special.rst"
    listed = set(re.findall(r"``(\w+)``", page.read_text("utf-8")))
    without = {
        name
        for name, inputs in refused.items()
        if not name.startswith("_") and len(inputs) == getattr(special, name).nin
    }
    assert without <= listed


# computed by SciPy


@pytest.mark.filterwarnings("ignore::scipy.integrate.IntegrationWarning")
@pytest.mark.parametrize("name, example, _", ROWS)
def test_what_scipy_computes(name, example, _):
    arguments = eval(f"({example},)")
    expected = getattr(scipy.special, name)(*arguments)
    tensors = [tl.asarray(x) if isinstance(x, (float, list)) else x for x in arguments]
    for given_arguments in (arguments, tensors):
        try:
            actual = getattr(special, name)(*given_arguments)
        except (TypeError, ValueError):  # SciPy asks for a scalar of Python
            assert given_arguments is tensors
            with pytest.raises((TypeError, ValueError)):
                getattr(scipy.special, name)(*map(np.asarray, tensors))
            continue
        if not isinstance(expected, tuple):
            actual, expected = (actual,), (expected,)
        for one, other in zip(actual, expected, strict=True):
            assert_identical(one, other)
        expected = expected if len(expected) > 1 else expected[0]


def test_what_scipy_computes_refuses_gradients():
    x = tl.asarray([0.5, 1.0]).requires_grad_()
    with pytest.raises(TypeError, match=r"^special.diric: .* detach\(\)"):
        special.diric(x, 3)


def test_exact_integers_stay_integers():
    assert special.comb(100, 50, exact=True) == scipy.special.comb(100, 50, exact=True)
    assert type(special.factorial(30, exact=True)) is int


def test_older_names():
    for name, other in SYNONYMS.items():
        assert getattr(special, name) is getattr(special, other)


def test_polynomials_as_objects():
    x = np.array([0.25, 0.5])
    result = special.legendre(3)(tl.asarray(x))
    assert_identical(result, scipy.special.legendre(3)(x))


# composites


floats = st.floats(-700, 700) | st.sampled_from([0.0, -np.inf, np.inf, np.nan])


@st.composite
def terms(draw):
    shape = draw(st.sampled_from([(1,), (5,), (2, 3), (3, 2, 2)]))
    count = int(np.prod(shape))
    a = np.array(draw(st.lists(floats, min_size=count, max_size=count))).reshape(shape)
    b = draw(st.none() | st.lists(st.floats(-3, 3), min_size=count, max_size=count))
    axis = draw(st.sampled_from([None, 0, -1]))
    return a, None if b is None else np.array(b).reshape(shape), axis, draw(st.booleans())


@examples(300)
@given(terms())
def test_logsumexp(case):
    a, b, axis, keepdims = case
    with warnings.catch_warnings(action="ignore"):
        expected = scipy.special.logsumexp(a, axis, b, keepdims)
        size, sign = scipy.special.logsumexp(a, axis, b, keepdims, return_sign=True)
    if b is not None and ((b == 0) & ~np.isfinite(a)).any():
        return  # SciPy means to ignore these, and gives NaN if nothing is left
    if b is not None and not np.isclose(np.where(np.isfinite(size), size, 0), 0).all():
        # where weights of both signs cancel, rounding decides
        top = np.max(np.where(b == 0, -np.inf, a), axis=axis, keepdims=keepdims)
        if (np.isfinite(top) & (size < top - 3)).any():
            return
    weights = None if b is None else tl.asarray(b)
    actual = special.logsumexp(tl.asarray(a), axis, weights, keepdims)
    assert_close(actual, expected, 64, scale=1.0)
    actual = special.logsumexp(tl.asarray(a), axis, weights, keepdims, return_sign=True)
    assert_close(actual[0], size, 64, scale=1.0)
    assert_identical(actual[1], sign)


def test_logsumexp_of_other_numbers():
    for a in ([1, 2, 3], np.float32([1, 2]), [1 + 2j, 3 - 1j], 2.0, np.zeros(0)):
        for axis in (None, 0):
            if np.ndim(a) or axis is None:
                expected = scipy.special.logsumexp(a, axis=axis)
                assert_close(special.logsumexp(tl.asarray(a), axis=axis), expected, 8)
    expected = scipy.special.logsumexp([1 + 2j, 3 - 1j], return_sign=True)
    for one, other in zip(
        special.logsumexp([1 + 2j, 3 - 1j], return_sign=True), expected, strict=True
    ):
        assert_close(one.astype(complex), np.asarray(other, complex), 8)


def test_logsumexp_keeps_what_is_small():
    expected = scipy.special.logsumexp([0.0, -40.0])
    assert expected > 0
    assert_close(special.logsumexp([0.0, -40.0]), expected, 2)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("axis", [None, 0, 1, (0, 1)])
def test_softmax(name, axis):
    x = np.array([[1.0, 2.0, -3.0], [1000.0, 0.5, -1000.0]])
    for a in (x, x.astype(np.float32), x.astype(int)):
        expected = getattr(scipy.special, name)(a, axis=axis)
        assert_close(getattr(special, name)(tl.asarray(a), axis=axis), expected, 8, scale=1.0)


def test_softplus():
    x = np.array([-1000.0, -1.0, 0.0, 2.0, 1000.0])
    assert_identical(special.softplus(tl.asarray(x)), scipy.special.softplus(x))


@pytest.mark.parametrize("derivative", [False, True])
@pytest.mark.parametrize("name", ["jn", "yn", "in", "kn"])
def test_spherical_bessel_functions(name, derivative):
    function, reference = (getattr(m, f"spherical_{name}") for m in (special, scipy.special))
    n = np.arange(4)[:, None]
    for z in (np.linspace(0.1, 5, 7), np.linspace(-5, 5, 8), np.array([0.5 + 1j, -1 - 2j])):
        expected = reference(n, z, derivative)
        assert_identical(function(tl.asarray(n), tl.asarray(z), derivative), expected, False)
    assert_identical(function(2, 0.5), np.asarray(reference(2, 0.5)))
    single = np.float32([0.5, 1.0])
    assert_identical(function(1, tl.asarray(single), derivative), reference(1, single, derivative))


@pytest.mark.parametrize("n", [0, 1, 3])
@pytest.mark.parametrize("name", ["jvp", "yvp", "ivp", "kvp", "h1vp", "h2vp"])
def test_derivatives_of_bessel_functions(name, n):
    v, z = np.array([[0.0], [1.5]]), np.array([0.5, 2.0, 5.0])
    expected = getattr(scipy.special, name)(v, z, n)
    assert_close(getattr(special, name)(tl.asarray(v), tl.asarray(z), n), expected, 32)


def test_derivatives_of_bad_orders():
    with pytest.raises(TypeError, match="^jvp: expected an integer as n, got 1.5"):
        special.jvp(1, 0.5, 1.5)
    with pytest.raises(ValueError, match="^kvp: expected n of at least 0, got -1"):
        special.kvp(1, 0.5, -1)


def test_gamma_family():
    x = np.array([0.5, 1.0, 2.5, -1.5])
    for n in (0, 2, np.array([0, 1, 2, 3])):
        expected = scipy.special.polygamma(n, x)
        assert_identical(special.polygamma(n, tl.asarray(x)), expected)
    assert_identical(special.zeta(tl.asarray([2.0, 4.0])), scipy.special.zeta([2.0, 4.0]))
    assert_identical(special.zeta(2.0, tl.asarray(x)), scipy.special.zeta(2.0, x))
    assert_identical(special.zeta(tl.asarray(2 + 1j)), np.asarray(scipy.special.zeta(2 + 1j)))
    out = tl.zeros(4)
    assert special.zeta(2.0, tl.asarray(x), out=out) is out
    a = np.array([3.0, 4.5])
    for d in (1, 3):
        expected = scipy.special.multigammaln(a, d)
        assert_close(special.multigammaln(tl.asarray(a), d), expected, 4)
    with pytest.raises(ValueError, match="^multigammaln: expected a larger than 1"):
        special.multigammaln(tl.asarray([1.0, 3.0]), 3)
    with pytest.raises(ValueError, match="^multigammaln: expected an integer as d, got 1.5"):
        special.multigammaln(tl.asarray([1.0, 3.0]), 1.5)


@pytest.mark.parametrize("k", [0, 1, -1, np.array([0, -1, 2])])
def test_lambert_w(k):
    for z in (np.array([-0.2, 0.5, 3.0]), np.array([0.5 + 1j, -2, 1e-5j])):
        assert_identical(special.lambertw(tl.asarray(z), k), scipy.special.lambertw(z, k))


def test_assoc_laguerre():
    x = np.array([0.5, 1.0])
    expected = scipy.special.assoc_laguerre(x, 2, 1.5)
    assert_identical(special.assoc_laguerre(tl.asarray(x), 2, 1.5), expected)


# numbers with which SciPy's own functions crash or never end

HOSTILE = """
import itertools
import numpy as np
import tensorlib as tl

bad = [np.nan, np.inf, -np.inf, 1e10, 300.0, 2.0**31]
for name in NAMES:
    function = getattr(tl.special, name)
    for m, n in itertools.product(bad + [1.0], repeat=2):
        rest = [0.5] * (function.nin - 2)
        outputs = function(m, n, *rest)
        if not {m, n} <= {1.0, 300.0}:
            for x in outputs if isinstance(outputs, tuple) else (outputs,):
                assert np.isnan(x), (name, m, n, x)
"""


def test_hostile_parameters_are_nan():
    names = [n for n in special.__all__ if n.startswith(("obl_", "pro_", "mathieu_"))]
    names = [n for n in names if getattr(getattr(special, n), "nin", 0) > 2]
    done = subprocess.run(
        [sys.executable, "-P", "-c", f"NAMES = {names}\n{HOSTILE}"],
        capture_output=True,
        text=True,
        timeout=60,
        env=dict(os.environ),
    )
    assert done.returncode == 0, done.stderr or done.returncode


HANGING = """
import itertools
import numpy as np
import tensorlib as tl

size = [0.0, 1.0, 2.3, 1e4 + 0.3, 1e6, 1e8, 1e12, 1e300, np.inf]
signed = size + [-x for x in size] + [np.nan]
x = tl.asarray(signed).requires_grad_()
np.seterr(all="ignore")
for a, b in itertools.product(signed[1::2], signed[::2]):
    if a == 1e8:
        continue  # SciPy takes a step for each unit of it: eight seconds
    tl.special.hyp1f1(a, b, x).sum().backward()
tl.special.exprel(x).sum().backward()
print(tl.special.yn(np.inf, 1e300).item(), tl.special.lpmv(np.inf, 0.5, 1.0).item())
"""


def test_nothing_hangs():
    command = [sys.executable, "-P", "-c", HANGING]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, env=dict(os.environ)
    )
    assert done.returncode == 0, done.stderr or done.returncode
    assert done.stdout == "nan nan\n"


@pytest.mark.parametrize(
    "a, b, x, limit",
    [
        (2.0, 3.0, np.inf, np.inf),
        (2.0, 3.0, 1e15, np.inf),
        (0.5, -2.5, 1e15, -np.inf),
        (-0.5, 2.0, np.inf, -np.inf),
        (2.3, 2.3, -1e15, 0),  # exp(x)
        (2.5, 1.5, -1e15, 0),  # exp(x) (1 + x / 1.5)
        (-2.0, 3.0, 1e15, 1e30 / 12),  # a polynomial
        (0.5, 1.5, -1e12, np.sqrt(np.pi) / 2e6),  # of the error function
        (1e12, 1e12, 1e12, np.nan),  # nothing is known
    ],
)
def test_kummers_function_far_out(a, b, x, limit):
    for values in (x, [1.0, x]):
        found = special.hyp1f1(a, b, tl.asarray(values)).numpy().ravel()
        np.testing.assert_allclose(found[-1], limit, rtol=1e-12)
    out = tl.zeros(2)
    assert special.hyp1f1(a, b, [x, 1.0], out=out) is out
    np.testing.assert_allclose(out[0], limit, rtol=1e-12)
    x = tl.asarray(x).requires_grad_()
    if np.isinf(limit):
        assert tl.autograd.grad(special.hyp1f1(a, b, x), x)[0].item() == limit


@pytest.mark.parametrize("name", ["obl_ang1", "obl_cv", "pro_rad1", "pro_rad2"])
def test_spheroidal_functions_in_single_precision(name):
    x = np.float32([1.1369617, 1.25])
    arguments = [np.float32(1), np.float32(2), np.float32(1.1369617), x]
    arguments = arguments[: getattr(special, name).nin]
    actual = getattr(special, name)(*map(tl.asarray, arguments))
    expected = getattr(scipy.special, name)(*(a.astype(float) for a in arguments))
    if not isinstance(actual, tuple):
        actual, expected = (actual,), (expected,)
    for one, other in zip(actual, expected, strict=True):
        assert_identical(one, np.asarray(other, np.float32))
