"""Gradients of the special functions against central differences."""

import numpy as np
import pytest

import tensorlib as tl
from tensorlib.autograd.rules.special._register import refused
from tensorlib.special._table import FAMILIES
from tensorlib.testing import check_grads

special = tl.special
ROWS = {name: row for rows in FAMILIES.values() for name, *row in rows}
INPUTS = {name: row[0].split(", ") for name, row in ROWS.items()}
KNOWN = {
    name: [i for i in inputs if i not in refused.get(getattr(special, name).__name__, ())]
    for name, inputs in INPUTS.items()
}
DIFFERENTIABLE = [name for name in ROWS if KNOWN[name]]
# Their densities are functions of SciPy that have no derivative.
FIRST_ORDER = ("kolmogi", "kolmogorov", "ncfdtr", "ncfdtri", "nctdtr", "nctdtrit")
FIRST_ORDER += ("smirnov", "smirnovi")
# Where the example stands at the edge of what the function is defined for.
INSIDE = {
    "ellipkm1": "[0.01, 0.5],",
    "elliprd": "[0.5, 1.0], 2.0, 3.0",
    "elliprf": "[0.5, 1.0], 2.0, 3.0",
    "elliprg": "[0.5, 1.0], 2.0, 3.0",
    "elliprj": "[0.5, 1.0], 2.0, 3.0, 4.0",
    "entr": "[0.25, 0.5],",
}
COMPLEX = [
    name
    for name in DIFFERENTIABLE
    if any("D" in types.partition("->")[0] for types in getattr(special, name).types)
    if name != "wofz"  # of complex numbers alone
]

CYLINDRICAL = ["hankel1", "hankel1e", "hankel2", "hankel2e", "iv", "ive", "jv", "jve"]
CYLINDRICAL += ["kv", "kve", "yv", "yve"]


def check(function, *values, order=2):
    check_grads(function, list(map(np.array, values)), order, eps=1e-5, atol=1e-5, rtol=5e-5)


def check_example(name, seed=None):
    """All inputs with a derivative, near the values of the example; complex for a seed."""
    values = eval(f"({INSIDE.get(name, ROWS[name][1])},)".replace(",,", ","))
    values = list(map(np.array, np.broadcast_arrays(*values)))
    moved = [INPUTS[name].index(i) for i in KNOWN[name]]
    loops = getattr(special, name).types
    points = [values[i] * 1.013 for i in moved]
    if seed is not None:
        rng = np.random.default_rng(seed)
        for k, i in enumerate(moved):
            if any(types[i] == "D" for types in loops):
                points[k] = points[k] + 1j * rng.uniform(0.2, 0.8, points[k].shape)

    def function(*tensors):
        arguments = list(values)
        for i, tensor in zip(moved, tensors, strict=True):
            arguments[i] = tensor
        return getattr(special, name)(*arguments)

    check(function, *points, order=1 if name in FIRST_ORDER else 2)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_real_gradients(name):
    check_example(name)


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_gradients(name):
    check_example(name, seed=0)


@pytest.mark.filterwarnings("ignore:non-integer:DeprecationWarning")  # SciPy's
@pytest.mark.parametrize("name", [n for n in ROWS if getattr(special, n).__name__ in refused])
def test_other_gradients_are_refused(name):
    """Of each input alone, and in no case are they zeros."""
    function = getattr(special, name)
    values = eval(f"({ROWS[name][1]},)")
    for position, i in enumerate(INPUTS[name]):
        if i in KNOWN[name]:
            continue
        arguments = [tl.asarray(value) for value in values]
        x = arguments[position].astype(float).requires_grad_()
        arguments[position] = x
        try:
            result = function(*arguments)
        except TypeError:
            assert "d" not in {types[position] for types in function.types}
            continue  # an input of integers
        result = result[0] if isinstance(result, tuple) else result
        message = f"^special.{function.__name__}: no gradient with respect to {i} is known"
        with pytest.raises(NotImplementedError, match=message):
            result.real.sum().backward()


def test_what_is_refused_does_not_hinder_other_inputs():
    v, z = (tl.asarray(value).requires_grad_() for value in (1.0, 0.5))
    (g,) = tl.autograd.grad(special.jv(v, z), [z])
    assert abs(g.item() - special.jvp(1.0, 0.5).item()) < 1e-15


# points at which formulas tend to fail: zeros, ends, the negative axis, branches


@pytest.mark.parametrize(
    "name, points",
    [
        ("gamma", [-1.5, -0.5, 3.0]),
        ("rgamma", [-3.0, -2.0, -1.5, 0.0, 0.2, 0.5, 1.0, 5.0]),
        ("gammaln", [-1.5, -0.5, 3.0]),
        ("psi", [-3.3, -1.5, 0.2, 7.0, 40.0]),
        ("psi", [-2.3 + 0.4j, 0.5 + 0.1j, 0.49 - 0.1j, 30 + 2j, 0.1 + 20j]),
        ("loggamma", [-2.3 + 0.4j, -5 + 3j, 0.5 + 0.1j, 30 + 2j]),
        ("rgamma", [-2.3 + 0.4j, 0.49 - 0.1j, 3 + 2j]),
        ("erf", [-3.0, 0.0, 2.0]),
        ("log_ndtr", [-30.0, -3.0, 0.0, 2.0, 8.0]),
        ("ndtri_exp", [-300.0, -3.0, -0.1]),
        ("dawsn", [-1.0, 0.0, 5.0]),
        ("wofz", [1 + 1j, -1 - 0.5j, 3j]),
        ("spence", [0.1, 1.0, 1.5, 5.0, 50.0]),
        ("spence", [0.4 + 0.3j, 2 + 3j]),
        ("ellipk", [-20.0, -1.0, 0.0, 0.5, 0.99]),
        ("ellipe", [-20.0, -1.0, 0.0, 0.5, 0.99]),
        ("exprel", [-30.0, -1.0, 0.0, 1.0]),
        ("expit", [-30.0, 0.0, 30.0]),
        ("log_expit", [-30.0, 0.0, 3.0]),
        ("j0", [-3.0, 0.0, 20.0]),
        ("j1", [-3.0, 0.0, 20.0]),
        ("i0", [-3.0, 0.0, 2.0]),
        ("i1", [-3.0, 0.0, 2.0]),
        ("i0e", [-3.0, 2.0, 20.0]),
        ("i1e", [-3.0, 2.0, 20.0]),
        ("k1e", [0.5, 10.0]),
        ("ber", [0.0, 5.0, -2.0]),
        ("beip", [0.0, 5.0, -2.0]),
        ("kerp", [0.5, 5.0]),
        ("airy", [-2.0, 0.0, 1.0]),
        ("airy", [1 + 1j, -1 + 0.5j]),
        ("airye", [1 + 1j, -1 + 0.5j, -2 - 1j, 0.3 - 2j]),
        ("itstruve0", [-2.0, 3.0]),
        ("it2struve0", [-2.0, 3.0]),
    ],
)
def test_points_of_unary_functions(name, points):
    check(getattr(special, name), points)


@pytest.mark.parametrize("v", [0.0, 1.0, 2.5, -1.3])
@pytest.mark.parametrize(
    "name",
    [
        "hankel1",
        "hankel1e",
        "hankel2",
        "hankel2e",
        "iv",
        "ive",
        "jv",
        "jve",
        "kv",
        "kve",
        "yv",
        "yve",
    ],
)
def test_bessel_functions_of_the_plane(name, v):
    check(lambda z: getattr(special, name)(v, z), [0.4 + 0.3j, 1.2 - 0.5j, 2 + 3j, -1 + 2j])


@pytest.mark.parametrize("v", [0, 1, 3])
def test_bessel_functions_of_integer_order(v):
    check(lambda z: special.jv(v, z), [-2.0, 0.0, 0.7])
    check(lambda z: special.iv(v, z), [-2.0, 0.0, 0.7])
    check(lambda z: special.ive(v, z), [-2.0, 0.7])
    check(lambda x: special.yn(v, x), [0.7, 3.0])
    check(lambda x: special.kn(v, x), [0.7, 3.0])
    check(lambda x: special.struve(v, x), [0.7, 3.0, 12.0])
    check(lambda x: special.modstruve(v, x), [0.7, 3.0])


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_exponential_integrals(n):
    check(lambda x: special.expn(n, x), [0.3, 1.0, 4.0])


@pytest.mark.parametrize("n", [0, 1, 2, 5, 2.5])
@pytest.mark.parametrize("name", [n for n in ROWS if n.startswith("eval_")])
def test_polynomials(name, n):
    if "hermite" in name and n == 2.5:
        return  # of integer degree alone
    between = {"eval_jacobi": (0.5, 1.5), "eval_sh_jacobi": (2.5, 1.5)}
    parameters = between.get(name, (1.5,) * (len(INPUTS[name]) - 2))
    check(lambda x: getattr(special, name)(n, *parameters, x), [0.3, 0.6, 0.9])
    if n != 2.5 and len(parameters) == 0:
        check(lambda x: getattr(special, name)(n, x), [1.0, 0.0, -1.0])


def test_integrals_at_zero():
    """Where one output has a pole and the other is smooth."""
    check(lambda x: special.sici(x)[0], [0.0, -1.0, 3.0])
    check(lambda x: special.shichi(x)[0], [0.0, -1.0, 3.0])


def test_elliptic_integrals():
    phi, m = [0.5, 2.0, 4.0, -3.0], [0.3, 0.6, 0.9, -2.0]
    check(special.ellipkinc, phi, m)
    check(special.ellipeinc, phi, m)
    check(special.ellipj, phi, [0.3, 0.6, 0.9, 0.2])
    check(special.ellipkinc, phi, [0.0] * 4, order=1)
    check(special.agm, [-1.0, 2.0], [-3.0, 4.0])
    check(special.elliprc, [1.0, 2.0], [-3.0, 3.0])
    check(lambda y, z: special.elliprf(0.0, y, z), [1.0, 2.0], [3.0, 4.0])
    check(lambda y, z: special.elliprg(0.0, y, z), [1.0, 2.0], [3.0, 4.0])
    check(lambda y, z: special.elliprd(0.0, y, z), [1.0, 2.0], [3.0, 4.0])


def test_powers_at_the_exponent_zero():
    check(special.boxcox, [0.5, 2.0, 2.0, 40.0], [0.0, 0.0, -2.0, 3.0])
    check(special.boxcox1p, [0.5, 2.0, -0.5], [0.0, -1.0, 2.0])
    check(special.inv_boxcox, [0.5, 2.0, 0.1], [0.0, -0.3, 2.0])
    check(special.inv_boxcox1p, [0.5, 2.0, 0.1], [0.0, -0.3, 2.0])


def test_products_with_logarithms_at_zero():
    check(special.xlogy, [0.0], [2.0])
    check(special.xlogy, [0.5 + 1j, 2.0], [0.5 + 0.2j, 2.0])
    x = tl.asarray([0.0]).requires_grad_()
    y = tl.asarray([0.0]).requires_grad_()
    (g,) = tl.autograd.grad(special.xlogy(x, y).sum(), [y])
    assert g.tolist() == [0.0]


def test_losses():
    check(special.huber, [1.0, 1.0, 1.0], [0.5, 2.0, -2.0])
    check(special.pseudo_huber, [1.0, 2.0], [0.0, -2.0])


def test_distributions():
    check(lambda p: special.bdtr(2.5, 5, p), [0.2, 0.7])
    check(lambda p: p + special.bdtr(5, 5, p), [0.2, 0.7])
    check(lambda t: special.stdtr(3.5, t), [-2.0, 0.0, 1.0])
    check(lambda x, nc: special.chndtr(x, 3.0, nc), [1.0, 5.0], [0.3, 2.0])
    check(lambda t: special.nctdtr(3.0, 0.5, t), [-0.5, 0.0, 2.0], order=1)
    for lmbda in (2.0, -0.5, 0.0):
        check(lambda x, lmbda=lmbda: special.tklmbda(x, lmbda), [-0.3, 0.2])
    check(lambda x: special.tklmbda(x, 2.0) + x, [0.9, -3.0])


@pytest.mark.parametrize("m, n", [(0, 0), (0, 1), (1, 1), (1, 3)])
def test_spheroidal_functions(m, n):
    check(lambda x: special.pro_ang1(m, n, 1.3, x), [0.2, 0.6])
    check(lambda x: special.pro_rad1(m, n, 1.3, x), [1.3, 2.0])
    check(lambda x: special.obl_ang1(m, n, 1.3, x), [0.2, 0.6])
    check(lambda x: special.obl_rad1(m, n, 1.3, x), [0.3, 2.0])


# functions over ufuncs


@pytest.mark.parametrize("derivative", [False, True])
@pytest.mark.parametrize("n", [0, 1, 2, 4])
def test_spherical_bessel_functions(n, derivative):
    for name in ("spherical_jn", "spherical_yn", "spherical_in", "spherical_kn"):
        function = getattr(special, name)
        check(lambda z, f=function: f(n, z, derivative), [0.7, 3.0, -1.5])
        check(lambda z, f=function: f(n, z, derivative), [0.7 + 0.3j, -1.5 + 1j])
    check(lambda z: special.spherical_jn(n, z, derivative), [0.3, -0.3])


def test_derivatives_of_bessel_functions():
    for function in (special.jvp, special.yvp, special.ivp, special.kvp):
        check(lambda z, f=function: f(1.5, z, 2), [0.7, 3.0])
    check(lambda z: special.h1vp(1.5, z, 2), [0.7 + 0.2j, 3.0])
    check(lambda z: special.h2vp(1.5, z), [0.7 + 0.2j, 3.0])


def test_functions_of_the_gamma_family():
    check(lambda x: special.polygamma([0, 1, 2], x), [0.5, 1.5, 2.5])
    check(lambda q: special.zeta(3.0, q), [0.5, 1.5])
    check(lambda a: special.multigammaln(a, 3), [2.5, 4.0])


def test_lambert_w():
    check(special.lambertw, [-0.2, 0.0, 1.0, 5.0])
    check(special.lambertw, [0.3 + 0.4j, -2 + 1j])
    check(lambda z: special.lambertw(z, 1), [0.3 + 0.4j, -2 + 1j])
    check(lambda z: special.lambertw(z, -1).real, [-0.2, -0.1])


def test_sums_of_exponentials():
    x = np.random.default_rng(0).normal(size=(3, 4))
    check(special.logsumexp, x)
    check(lambda a: special.logsumexp(a, axis=1, keepdims=True), x)
    check(lambda a, b: special.logsumexp(a, axis=0, b=b), x, np.abs(x) + 0.1)
    check(lambda a, b: special.logsumexp(a, 0, b, return_sign=True)[0], x, x)
    check(lambda a: special.logsumexp(a, axis=1), x + 0.3j)
    check(special.logsumexp, np.array([1.0, 1.0, 1.0 - 50, -1000.0]))
    check(lambda a: special.softmax(a, axis=1), x)
    check(lambda a: special.log_softmax(a, axis=(0, 1)), x)
    check(special.softplus, x)


def test_through_scipys_own_names():
    import scipy.special

    x = tl.asarray([0.5, 1.0]).requires_grad_()
    for function in (scipy.special.erf, scipy.special.lambertw, scipy.special.legendre(3)):
        (g,) = tl.autograd.grad(function(x).real.sum(), [x])
        ours = getattr(tl.special, getattr(function, "__name__", ""), None)
        by_hand = (ours or scipy.special.legendre(3))(np.array([0.5, 1.0]) + 1e-6)
        below = (ours or scipy.special.legendre(3))(np.array([0.5, 1.0]) - 1e-6)
        difference = (np.asarray(by_hand) - np.asarray(below)).real / 2e-6
        np.testing.assert_allclose(g.detach(), difference, rtol=1e-7)


def test_gradients_in_single_precision():
    x = tl.asarray(np.float32([0.5, 1.0])).requires_grad_()
    (g,) = tl.autograd.grad(special.erf(x).sum(), [x])
    assert g.dtype == np.float32
    np.testing.assert_allclose(g, 2 / np.pi**0.5 * np.exp([-0.25, -1.0]), rtol=1e-6)
