"""`tensorlib.polynomial` and the older functions of polynomials, against NumPy's."""

import importlib
import inspect
import re

import numpy as np
import pytest

import tensorlib as tl
from tensorlib.polynomial import _documentation

FAMILIES = [family for family in _documentation.FAMILIES if family != "polyutils"]
CLASSES = ["Chebyshev", "Hermite", "HermiteE", "Laguerre", "Legendre", "Polynomial"]
LEGACY = ["poly", "polyadd", "polyder", "polydiv", "polyfit", "polyint", "polymul", "polysub",
          "polyval", "roots"]  # fmt: skip


def modules(family):
    return getattr(tl.polynomial, family), getattr(np.polynomial, family)


FUNCTIONS = [
    (family, name)
    for family in FAMILIES
    for name in modules(family)[1].__all__
    if inspect.isfunction(getattr(modules(family)[1], name))
]


def assert_same(ours, theirs, rtol=1e-12):
    """Tensors for arrays and scalars, of the same dtypes, shapes and values."""
    if isinstance(theirs, (tuple, list)):
        assert type(ours) is type(theirs) and len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            assert_same(one, other, rtol)
    elif isinstance(theirs, (np.ndarray, np.generic)):
        assert isinstance(ours, (tl.Tensor, np.generic))
        theirs = np.asarray(theirs)
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
        np.testing.assert_allclose(np.asarray(ours), theirs, rtol=rtol, atol=rtol)
    else:
        assert ours == theirs


@pytest.mark.parametrize("family", FAMILIES)
def test_names(family):
    ours, theirs = modules(family)
    assert ours.__all__ == theirs.__all__
    assert importlib.import_module(f"tensorlib.polynomial.{family}") is ours
    for name in theirs.__all__:
        value = getattr(ours, name)
        if isinstance(getattr(theirs, name), np.ndarray):
            assert_same(value, getattr(theirs, name))
        else:
            assert value.__module__.startswith("tensorlib.polynomial"), name


def test_the_namespace_has_the_names():
    assert set(tl.polynomial.__all__) >= set(np.polynomial.__all__)


@pytest.mark.parametrize("family, name", FUNCTIONS)
def test_signatures(family, name):
    ours, theirs = (getattr(module, name) for module in modules(family))
    assert inspect.signature(ours) == inspect.signature(theirs)


@pytest.mark.parametrize("family, name", FUNCTIONS)
def test_documentation_is_ours(family, name):
    ours, theirs = (getattr(module, name) for module in modules(family))
    assert ours.__doc__ != theirs.__doc__
    assert re.search(r"[.:]\n\nParameters\n---", ours.__doc__)


@pytest.mark.parametrize("family, name", FUNCTIONS)
def test_the_example_of_each_function(family, name):
    prefix = _documentation.FAMILIES[family].prefix
    operation = "trimcoef" if name.endswith("trim") else name.replace(prefix, "*", 1)
    arguments = eval(f"({_documentation.OPERATIONS[operation].arguments},)")
    ours, theirs = (getattr(module, name) for module in modules(family))
    assert_same(ours(*arguments), theirs(*arguments))


DTYPES = ["int32", "int64", "float32", "float64", "complex64", "complex128"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("family", FAMILIES)
def test_dtypes(family, dtype):
    prefix = _documentation.FAMILIES[family].prefix
    ours, theirs = modules(family)
    rtol = 1e-5 if dtype in ("float32", "complex64") else 1e-12
    random = np.random.default_rng(0)
    x, c, d = ((random.normal(size=n) * 4).astype(dtype) for n in (5, 4, 2))
    for name, arguments in {
        "val": (x, c), "add": (c, d), "sub": (d, c), "mul": (c, d), "div": (c, d),
        "pow": (d, 3), "der": (c, 2), "int": (c, 1, [2]), "vander": (x, 3), "fromroots": (d,),
        "mulx": (c,), "companion": (c,),
    }.items():  # fmt: skip
        tensors = [tl.asarray(a) if isinstance(a, np.ndarray) else a for a in arguments]
        expected = getattr(theirs, prefix + name)(*arguments)
        assert_same(getattr(ours, prefix + name)(*tensors), expected, rtol)
        assert_same(getattr(ours, prefix + name)(*arguments), expected, rtol)


@pytest.mark.parametrize("family", FAMILIES)
def test_axes(family):
    prefix = _documentation.FAMILIES[family].prefix
    ours, theirs = modules(family)
    random = np.random.default_rng(1)
    x, c = random.normal(size=(2, 3)), random.normal(size=(4, 3))
    for name, arguments, keywords in (
        ("val", (x, c), {}), ("val", (x, c), {"tensor": False}), ("val", (2.0, c), {}),
        ("val", (np.float64(2.0), c[:, 0]), {}), ("val", ([1, 2], c[:, 0]), {}),
        ("der", (c,), {"axis": 1, "m": 2}), ("int", (c,), {"axis": 1, "lbnd": -1, "scl": 2}),
        ("vander", (x, 2), {}), ("val2d", (x, x, c), {}), ("grid2d", (x, x[0], c), {}),
        ("vander2d", (x, x, (1, 2)), {}),
    ):  # fmt: skip
        tensors = [tl.asarray(a) if isinstance(a, np.ndarray) else a for a in arguments]
        expected = getattr(theirs, prefix + name)(*arguments, **keywords)
        assert_same(getattr(ours, prefix + name)(*tensors, **keywords), expected)


@pytest.mark.parametrize("family", FAMILIES)
def test_fit(family):
    prefix = _documentation.FAMILIES[family].prefix
    ours, theirs = (getattr(module, prefix + "fit") for module in modules(family))
    random = np.random.default_rng(2)
    x, y, w = np.linspace(-1, 1, 8), random.normal(size=(8, 2)), random.uniform(1, 2, size=8)
    for keywords in ({}, {"full": True}, {"w": w}, {"rcond": 1e-3}):
        for values in (y, y[:, 0]):
            result = ours(tl.asarray(x), tl.asarray(values), 3, **keywords)
            assert_same(result, theirs(x, values, 3, **keywords), 1e-9)
    assert_same(ours(x, y[:, 0], [0, 2]), theirs(x, y[:, 0], [0, 2]), 1e-9)
    with pytest.warns(np.exceptions.RankWarning):
        ours(x[:2], y[:2, 0], 3)


@pytest.mark.parametrize("family", FAMILIES)
def test_errors(family):
    prefix = _documentation.FAMILIES[family].prefix
    ours, theirs = modules(family)
    for name, arguments in (
        ("add", ([], [1.0])), ("add", ([[1.0]], [1.0])), ("div", ([1.0], [0.0])),
        ("pow", ([1.0, 2.0], -1)), ("pow", ([1.0, 2.0], 1.5)), ("der", ([1.0], -1)),
        ("der", ([1.0], 1, 1, 2)), ("int", ([1.0], 1.5)), ("vander", ([1.0], -1)),
        ("fit", ([1.0], [1.0], -1)), ("fit", ([1.0, 2.0], [1.0], 1)), ("companion", ([1.0],)),
        ("val2d", ([1.0, 2.0], [1.0], [[1.0]])), ("vander2d", ([1.0], [1.0], [1])),
    ):  # fmt: skip
        with pytest.raises(Exception) as expected:
            getattr(theirs, prefix + name)(*arguments)
        with pytest.raises(expected.type):
            getattr(ours, prefix + name)(*arguments)


@pytest.mark.parametrize("family", FAMILIES)
def test_gradients(family):
    prefix = _documentation.FAMILIES[family].prefix
    module = modules(family)[0]
    random = np.random.default_rng(3)
    x, c, d = random.normal(size=(3,)), random.normal(size=4), random.normal(size=3)
    matrix = random.normal(size=(3, 2))
    for name, arguments in {
        "val": (x, c), "add": (c, d), "sub": (c, d), "mul": (c, d), "div": (c, d), "mulx": (c,),
        "der": (c,), "int": (c,), "fromroots": (d,), "val2d": (x, x + 1, matrix),
        "grid2d": (x, d, matrix), "companion": (c,),
    }.items():  # fmt: skip
        tl.testing.check_grads(getattr(module, prefix + name), arguments)
    tl.testing.check_grads(lambda x: getattr(module, prefix + "vander")(x, 3), [x])
    tl.testing.check_grads(lambda c: getattr(module, prefix + "pow")(c, 3), [d])
    if family != "polynomial":
        tl.testing.check_grads(getattr(module, prefix + "weight"), [x / 4])
        tl.testing.check_grads(getattr(module, prefix + "2poly"), [c])
        tl.testing.check_grads(getattr(module, "poly2" + prefix), [c])


@pytest.mark.parametrize("family", FAMILIES)
def test_gradients_of_fits(family):
    fit = getattr(modules(family)[0], _documentation.FAMILIES[family].prefix + "fit")
    random = np.random.default_rng(4)
    x, y, w = np.linspace(-1, 1, 6), random.normal(size=6), random.uniform(1, 2, size=6)
    tl.testing.check_grads(lambda x, y, w: fit(x, y, 2, w=w), [x, y, w], order=1)


def test_gradients_of_roots():
    tl.testing.check_grads(tl.polynomial.polynomial.polyvalfromroots, [[0.5, 2.0], [1.0, 3.0]])


# The classes


@pytest.mark.parametrize("name", CLASSES)
def test_class(name):
    ours, theirs = getattr(tl.polynomial, name), getattr(np.polynomial, name)
    assert inspect.signature(ours) == inspect.signature(theirs)
    c, d, x = [1.0, 2.0, 3.0, -1.0], [2.0, 1.0], np.linspace(0, 1, 4)
    domain = [-1.0, 2.0]
    p, q, a, b = ours(c, domain), ours(d, domain), theirs(c, domain), theirs(d, domain)
    for one, other in (
        (p, a), (p + q, a + b), (p - q, a - b), (p * q, a * b), (p // q, a // b), (p % q, a % b),
        (p**2, a**2), (2 * p, 2 * a), (p / 2, a / 2), (-p, -a), (p.deriv(), a.deriv()),
        (p.integ(lbnd=0), a.integ(lbnd=0)), (p(q), a(b)), (p.trim(), a.trim()),
        (p.cutdeg(1), a.cutdeg(1)), (p.truncate(2), a.truncate(2)),
        (p.convert(kind=tl.polynomial.Legendre), a.convert(kind=np.polynomial.Legendre)),
        (ours.fit(x, x**2, 1), theirs.fit(x, x**2, 1)),
        (ours.fromroots([0.5, 2.0]), theirs.fromroots([0.5, 2.0])),
        (ours.basis(2), theirs.basis(2)), (ours.identity(), theirs.identity()),
    ):  # fmt: skip
        for attribute in ("coef", "domain", "window"):
            assert_same(getattr(one, attribute), getattr(other, attribute), 1e-9)
        assert one.symbol == other.symbol
    assert_same(p(tl.asarray(x)), a(x))
    assert_same(p.roots(), a.roots(), 1e-9)
    assert_same(p.linspace(5), a.linspace(5))
    assert_same(p.mapparms(), a.mapparms())
    assert p.degree() == a.degree() and len(p) == len(a)
    assert p == p.copy() and p != q and p.has_samedomain(q)


@pytest.mark.parametrize("name", CLASSES)
def test_printing(name):
    ours, theirs = (getattr(module.polynomial, name)([1.0, -2.5, 3.0]) for module in (tl, np))
    coefficients = tl.asarray([1.0, -2.5, 3.0])
    coefficients.requires_grad = True
    tensor = getattr(tl.polynomial, name)(coefficients)
    for series in (ours, tensor):
        assert repr(series) == repr(theirs)
        assert str(series) == str(theirs)
        assert f"{series:ascii}" == f"{theirs:ascii}"
        assert series._repr_latex_() == theirs._repr_latex_()


@pytest.mark.parametrize("name", CLASSES)
def test_gradients_of_classes(name):
    series = getattr(tl.polynomial, name)
    x, c = [0.5, 2.0], [1.0, 2.0, 3.0]
    tl.testing.check_grads(lambda x, c: series(c)(x), [x, c])
    tl.testing.check_grads(lambda x, c: (series(c) * series(x)).deriv().coef, [x, c])


def test_the_methods_are_documented():
    for name in CLASSES:
        cls = getattr(tl.polynomial, name)
        for attribute in dir(cls):
            method = getattr(cls, attribute)
            if not attribute.startswith("_") and callable(method):
                assert method.__doc__ == _documentation.METHODS[attribute]


def test_set_default_printstyle():
    try:
        tl.polynomial.set_default_printstyle("unicode")
        assert str(tl.polynomial.Polynomial([1.0, 2.0])) == "1.0 + 2.0·x"
        tl.polynomial.set_default_printstyle("ascii")
        assert str(tl.polynomial.Polynomial([1.0, 2.0])) == "1.0 + 2.0 x"
        with pytest.raises(ValueError, match="set_default_printstyle"):
            tl.polynomial.set_default_printstyle("plain")
    finally:
        tl.polynomial.set_default_printstyle("unicode")


# The older functions


@pytest.mark.parametrize("name", LEGACY)
def test_signatures_of_older_functions(name):
    assert inspect.signature(getattr(tl, name)) == inspect.signature(getattr(np, name))


@pytest.mark.parametrize("dtype", DTYPES)
def test_older_functions(dtype):
    rtol = 1e-5 if dtype in ("float32", "complex64") else 1e-12
    random = np.random.default_rng(5)
    x, c, d = ((random.normal(size=n) * 4).astype(dtype) for n in (5, 4, 2))
    for name, arguments in {
        "polyval": (c, x), "polyadd": (c, d), "polysub": (d, c), "polymul": (c, d),
        "polydiv": (c, d), "polyint": (c, 2, [1, 2]), "polyder": (c, 2), "poly": (d,),
    }.items():  # fmt: skip
        tensors = [tl.asarray(a) if isinstance(a, np.ndarray) else a for a in arguments]
        assert_same(getattr(tl, name)(*tensors), getattr(np, name)(*arguments), rtol)
    roots, expected = np.asarray(tl.roots(tl.asarray(c))), np.roots(c)
    assert roots.dtype == expected.dtype
    np.testing.assert_allclose(np.sort(roots), np.sort(expected), rtol=1e-4)


def test_matrices_and_empty_polynomials():
    matrix = np.array([[0.0, 1 / 3], [-0.5, 0.0]])
    assert_same(tl.poly(matrix), np.poly(matrix))
    assert tl.poly([]) == np.poly([])
    assert_same(tl.roots([0.0]), np.roots([0.0]))
    assert_same(tl.roots([0, 2, -4, 0]), np.roots([0, 2, -4, 0]))


def test_polyfit():
    random = np.random.default_rng(6)
    x, y, w = np.linspace(-1, 1, 8), random.normal(size=(8, 2)), random.uniform(1, 2, size=8)
    for keywords in ({}, {"full": True}, {"w": w}, {"cov": True}, {"cov": "unscaled"}):
        for values in (y, y[:, 0]):
            result = tl.polyfit(tl.asarray(x), tl.asarray(values), 3, **keywords)
            expected = np.polyfit(x, values, 3, **keywords)
            assert_same(tuple(result) if isinstance(expected, tuple) else result, expected, 1e-9)
    with pytest.raises(TypeError):
        tl.polyfit(x, y[:3], 1)
    with pytest.raises(ValueError):
        tl.polyfit(x, y, -1)


def test_poly1d():
    p, q = tl.poly1d([1.0, 2.0]), tl.poly1d([2.0, 0.0, 1.0])
    assert isinstance(tl.polyadd(p, q), tl.poly1d)
    a, b, x = np.poly1d([1.0, 2.0]), np.poly1d([2.0, 0.0, 1.0]), np.array([1.0, 2.0])
    for ours, theirs in (
        (p + q, a + b), (p - q, a - b), (p * q, a * b), (q / p, b / a), (p**2, a**2),
        (2 * p, 2 * a), (-p, -a), (p(q), a(b)), (p.integ(), a.integ()), (q.deriv(), b.deriv()),
        (tl.polydiv(q, p), np.polydiv(b, a)),
        (tl.poly1d([2.0, 3.0], True), np.poly1d([2, 3], True)),
    ):  # fmt: skip
        pairs = (c if isinstance(c, tuple) else (c,) for c in (ours, theirs))
        for one, other in zip(*pairs, strict=True):
            assert isinstance(one, tl.poly1d)
            assert_same(one.c, other.c)
    assert_same(p(tl.asarray(x)), a(x))
    assert_same(q.roots, b.roots)
    assert str(q) == str(b) and repr(q) == repr(b)
    assert (q.order, q[2], q[5]) == (b.order, b[2], b[5]) and q == tl.poly1d(q) and p != q


def test_gradients_of_older_functions():
    random = np.random.default_rng(7)
    x, c, d = random.normal(size=3), random.normal(size=4), random.normal(size=2)
    for name, arguments in {
        "polyval": (c, x), "polyadd": (c, d), "polysub": (d, c), "polymul": (c, d),
        "polydiv": (c, d), "polyint": (c,), "polyder": (c,), "poly": (x,),
    }.items():  # fmt: skip
        tl.testing.check_grads(getattr(tl, name), arguments)
    tl.testing.check_grads(lambda x: tl.poly1d([1.0, 2.0, 3.0])(x), [x])
    tl.testing.check_grads(lambda c, x: tl.poly1d(c)(x), [c, x])


def test_gradients_of_polyfit():
    random = np.random.default_rng(8)
    x, y, w = np.linspace(-1, 1, 6), random.normal(size=6), random.uniform(1, 2, size=6)
    tl.testing.check_grads(lambda x, y, w: tl.polyfit(x, y, 2, w=w), [x, y, w], order=1)
