"""HIPS autograd's surface: programs written with it, run with either library."""

import types

import numpy as onp
import pytest

import tensorlib as tl
from tensorlib.testing import assert_allclose, check_grads

hips = pytest.importorskip(
    "autograd", reason="HIPS autograd is not installed; to compare with it: pip install autograd"
)


def libraries():
    import autograd
    import autograd.extend
    import autograd.numpy

    import tensorlib.autograd.numpy

    theirs = types.SimpleNamespace(
        autograd=autograd, np=autograd.numpy, extend=autograd.extend, asarray=onp.asarray
    )
    ours = types.SimpleNamespace(
        autograd=tl.autograd,
        np=tensorlib.autograd.numpy,
        extend=tl.autograd.extend,
        asarray=tl.asarray,
    )
    return ours, theirs


def flat(tree):
    if isinstance(tree, dict):
        return [x for key in sorted(tree) for x in flat(tree[key])]
    if isinstance(tree, tuple | list):
        return [x for branch in tree for x in flat(branch)]
    return [tree]


def check(program, rtol=1e-10):
    """A program gives the same numbers with both, and Tensors with ours."""
    ours, theirs = [flat(program(lib)) for lib in libraries()]
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert isinstance(a, tl.Tensor)
        assert a.shape == onp.shape(b)
        assert_allclose(a.detach(), b, rtol=rtol, atol=1e-12)


X = onp.random.default_rng(0).standard_normal((5, 3))
Y = (X @ [1.0, -2.0, 0.5] > 0).astype(float)


def test_higher_derivatives_of_tanh():
    def program(lib):
        np, grad = lib.np, lib.autograd.grad

        def tanh(x):
            y = np.exp(-2.0 * x)
            return (1.0 - y) / (1.0 + y)

        first = grad(tanh)
        return [tanh(lib.asarray(0.7)), first(0.7), grad(first)(0.7), grad(grad(first))(0.7)]

    check(program)


def test_elementwise_grads_nest():
    def program(lib):
        egrad, np = lib.autograd.elementwise_grad, lib.np
        x = onp.linspace(-2, 2, 7)
        f = np.tanh
        found = []
        for _ in range(4):
            f = egrad(f)
            found.append(f(x))
        return found

    check(program)


def test_logistic_regression():
    def program(lib):
        np = lib.np

        def loss(weights, inputs):
            predictions = 0.5 * (np.tanh(np.dot(inputs, weights)) + 1)
            labels = predictions * Y + (1 - predictions) * (1 - Y)
            return -np.sum(np.log(labels))

        gradient = lib.autograd.grad(loss)
        weights = onp.zeros(3)
        for _ in range(20):
            weights = weights - 0.1 * gradient(weights, X)
        return [weights, *lib.autograd.value_and_grad(loss)(weights, X)]

    check(program)


def test_a_network_with_parameters_in_lists_and_dicts():
    rng = onp.random.default_rng(1)
    parameters = [
        {"w": rng.standard_normal((3, 4)), "b": rng.standard_normal(4)},
        {"w": rng.standard_normal((4, 1)), "b": rng.standard_normal(1)},
    ]

    def program(lib):
        np = lib.np

        def loss(layers, x):
            for layer in layers:
                x = np.tanh(np.dot(x, layer["w"]) + layer["b"])
            return np.mean((x[:, 0] - Y) ** 2)

        return [lib.autograd.grad(loss)(parameters, X), lib.autograd.grad(loss, 1)(parameters, X)]

    check(program)


def test_rosenbrock_with_hessian_and_products():
    def program(lib):
        np = lib.np

        def f(x):
            return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

        a = lib.autograd
        x, v = onp.array([0.3, -1.2, 0.8]), onp.array([1.0, 2.0, -1.0])
        hvp, gradient = a.make_hvp(f)(x)
        return [
            a.jacobian(a.grad(f))(x),
            a.hessian(f)(x),
            a.hessian_vector_product(f)(x, v),
            a.hessian_tensor_product(f)(x, v),
            hvp(v),
            gradient,
        ]

    check(program)


def test_jacobians_and_products():
    def program(lib):
        np, a = lib.np, lib.autograd

        def f(x, y):
            return np.sin(x)[:, None] * y[None, :] + np.outer(x, y**2)

        x, y = onp.array([0.1, 0.5]), onp.array([1.0, -2.0, 0.3])
        g = onp.arange(6.0).reshape(2, 3)
        vjp, value = a.make_vjp(f, 1)(x, y)
        return [
            a.jacobian(f)(x, y),
            a.jacobian(f, 1)(x, y),
            a.vector_jacobian_product(f)(x, y, g),
            a.tensor_jacobian_product(f, 1)(x, y, onp.array([1.0, 2.0])),
            vjp(g),
            value,
            a.make_jvp(f)(x, y)(onp.array([1.0, 3.0])),
            a.make_jvp(f, (0, 1))(x, y)((onp.array([1.0, 3.0]), y)),
            a.deriv(lambda t: np.sin(t) * t)(0.4),
        ]

    check(program)


def test_several_arguments_and_names():
    def program(lib):
        np, a = lib.np, lib.autograd

        def f(x, y, scale=2.0):
            return np.sum(x * y**2) * scale

        x, y = onp.array([1.0, 2.0]), onp.array([3.0, -1.0])
        return [
            a.grad(f, (0, 1))(x, y),
            a.grad(f, 1)(x, y, scale=3.0),
            a.grad(f, argnum=1)(x, y),
            a.grad_named(f, "y")(x, y),
            a.grad_and_aux(lambda x: (np.sum(x**3), x * 2))(x),
        ]

    check(program)


def test_all_arguments_by_name():
    # HIPS autograd's needs a package more; the answer is what it documents.
    found = tl.autograd.multigrad_dict(lambda x, y=3.0, *z, k=1.0: x * y * z[0] * k)(2.0, 5.0, 7.0)
    assert found.pop("z")[0].item() == 10.0
    assert {key: value.item() for key, value in found.items()} == {"x": 35.0, "y": 14.0, "k": 70.0}


def test_gauss_newton():
    def program(lib):
        np, a = lib.np, lib.autograd

        def model(w):
            return np.tanh(np.dot(X, w))

        w, v = onp.array([0.2, -0.4, 1.0]), onp.array([1.0, 0.5, -1.0])
        return [
            a.make_ggnvp(model)(w)(v),
            a.make_ggnvp(model, lambda y: np.sum(np.exp(y)))(w)(v),
        ]

    check(program)


def test_holomorphic_gradients():
    def program(lib):
        a, np = lib.autograd, lib.np
        z = onp.array(0.3 + 0.8j)
        return [a.holomorphic_grad(lambda z: np.exp(1j * z) * z**2)(z)]

    check(program)


def test_gradients_by_complex_numbers_are_conjugates_of_theirs():
    ours, theirs = [
        lib.autograd.grad(lambda z, np=lib.np: np.real(np.sin(z) * (1 + 2j)))(onp.array(0.3 + 0.8j))
        for lib in libraries()
    ]
    assert_allclose(tl.conj(ours), theirs)


def test_checkpoint():
    def program(lib):
        np, a = lib.np, lib.autograd

        def f(x, y):
            return np.sum(np.tanh(x) * np.exp(y))

        x, y = onp.array([0.1, 0.5]), onp.array([1.0, -2.0])
        return [a.grad(a.checkpoint(f))(x, y), a.grad(a.checkpoint(f), 1)(x, y)]

    check(program)


def test_control_flow_and_indexing():
    def program(lib):
        np = lib.np

        def f(x):
            total = 0.0
            for i in range(len(x)):
                total = total + (np.sin(x[i]) if x[i] > 0 else x[i] ** 2) * (i + 1)
            return np.where(total > 0, total, -total) + np.max(np.concatenate([x, x[::-1] * 2]))

        return [lib.autograd.grad(f)(onp.array([0.5, -1.0, 2.0]))]

    check(program)


# primitives


def logsumexp_of(lib, with_jvp):
    np = lib.np

    @lib.extend.primitive
    def logsumexp(x, shift=0.0):
        """Numerically stable log(sum(exp(x)))."""
        x = onp.asarray(x)
        top = x.max()
        return top + onp.log(onp.sum(onp.exp(x - top))) + shift

    lib.extend.defvjp(logsumexp, lambda ans, x, shift=0.0: lambda g: g * np.exp(x - ans + shift))
    if with_jvp:
        lib.extend.defjvp(
            logsumexp, lambda g, ans, x, shift=0.0: np.sum(g * np.exp(x - ans + shift))
        )
    return logsumexp


@pytest.mark.parametrize("with_jvp", [True, False])
def test_a_primitive_of_foreign_code(with_jvp):
    def program(lib):
        a, np = lib.autograd, lib.np
        logsumexp = logsumexp_of(lib, True if lib.extend is libraries()[1].extend else with_jvp)
        x, v = onp.array([1.5, 2.5, 3.5]), onp.array([1.0, 0.0, -2.0])

        def f(y):
            return logsumexp(y * y, shift=2.0) ** 2

        return [
            a.grad(f)(x),
            a.grad(lambda y: np.sum(a.grad(f)(y) * v))(x),
            a.jacobian(a.grad(f))(x),
            a.make_jvp(f)(x)(v),
            a.hessian_vector_product(f)(x, v),
        ]

    check(program)
    assert logsumexp_of(libraries()[0], True).__doc__ == "Numerically stable log(sum(exp(x)))."


def test_primitives_of_several_arguments():
    def program(lib):
        a, e = lib.autograd, lib.extend

        @e.primitive
        def scaled(x, y, power):
            return x * y**power

        e.defvjp(
            scaled,
            lambda ans, x, y, power: lambda g: g * y**power,
            lambda ans, x, y, power: lambda g: g * power * x * y ** (power - 1),
            None,
        )
        e.defjvp(
            scaled,
            "same",
            lambda g, ans, x, y, power: g * power * x * y ** (power - 1),
            None,
        )
        x, y = 2.0, 3.0
        return [
            a.grad(scaled)(x, y, 3),
            a.grad(scaled, 1)(x, y, 3),
            a.grad(a.grad(scaled, 1), 0)(x, y, 3),
            a.grad(a.grad(scaled, 1), 1)(x, y, 3),
            a.make_jvp(scaled, 0)(x, y, 3)(1.5),
            a.make_jvp(scaled, 1)(x, y, 3)(1.5),
        ]

    check(program)


def test_primitives_by_number():
    def program(lib):
        a, e = lib.autograd, lib.extend
        total = e.primitive(lambda *args: sum(i * x for i, x in enumerate(args)))
        e.defvjp_argnum(total, lambda argnum, ans, args, kwargs: lambda g: g * argnum)
        e.defjvp_argnum(total, lambda argnum, g, ans, args, kwargs: g * argnum)
        return [a.grad(total, (1, 2))(1.0, 2.0, 3.0), a.make_jvp(total, 2)(1.0, 2.0, 3.0)(5.0)]

    check(program)


def test_primitives_and_the_tape():
    logsumexp = logsumexp_of(libraries()[0], True)
    check_grads(logsumexp, [onp.array([0.3, 1.2])], order=3)
    x = tl.ones(3).requires_grad_()
    logsumexp(x).backward()
    assert_allclose(x.grad, onp.full(3, 1 / 3))
    rows = tl.func.vmap(tl.func.grad(lambda r: tl.sum(cube(r))))(tl.asarray(X))
    assert_allclose(rows, 3 * X**2)


cube = tl.autograd.primitive(lambda x: x * x * x)
tl.autograd.defvjp(cube, lambda ans, x: lambda g: 3 * x * x * g)


def test_primitives_without_derivatives():
    f = tl.autograd.primitive(lambda x, y: x * y)
    with pytest.raises(NotImplementedError, match="<lambda>: expected a gradient given by defvjp"):
        tl.autograd.grad(f)(1.0, 2.0)
    tl.autograd.defvjp(f, lambda ans, x, y: lambda g: g * y, argnums=[0])
    assert tl.autograd.grad(f)(1.0, 2.0).item() == 2
    text = "<lambda>: no derivative with respect to argument 1 was given to defvjp"
    with pytest.raises(NotImplementedError, match=text):
        tl.autograd.grad(f, 1)(1.0, 2.0)
    with pytest.raises(ValueError, match=r"defvjp: expected a function for each of the argnums"):
        tl.autograd.defvjp(f, None, None, argnums=[0])
    with pytest.raises(TypeError, match="defvjp: expected a function made by primitive"):
        tl.autograd.defvjp(tl.sin, None)
    with pytest.raises(TypeError, match="primitive: expected a function, got int"):
        tl.autograd.primitive(3)


# grad of both kinds


def test_grad_dispatches():
    x = tl.asarray(2.0).requires_grad_()
    assert tl.autograd.grad(x * x, x)[0].item() == 4
    assert tl.autograd.grad(outputs=x * x, inputs=x)[0].item() == 4
    assert tl.autograd.grad(lambda x: x * x)(2.0).item() == 4
    assert tl.autograd.grad(lambda y, x: x * x * y, 1)(1.0, 2.0).item() == 4
    assert tl.autograd.grad(lambda y, x: x * x * y, argnum=(0, 1))(1.0, 2.0)[1].item() == 4
    with pytest.raises(TypeError, match="grad: expected inputs to differentiate by, got none"):
        tl.autograd.grad(x * x)
    with pytest.raises(TypeError, match="grad: expected the numbers of arguments for a function"):
        tl.autograd.grad(tl.sin, x)
    with pytest.raises(RuntimeError, match="one real output of one element"):
        tl.autograd.grad(tl.sin)(tl.ones(2))
    with pytest.raises(ValueError, match="deriv: expected argnums below 1, .* got 3"):
        tl.autograd.deriv(tl.sin, 3)(1.0)
    assert tl.autograd.elementwise_grad(lambda x: 3.0)(onp.ones(2)).tolist() == [0, 0]
    with pytest.raises(ValueError, match=r"grad_named: expected one of the arguments \['x'\]"):
        tl.autograd.grad_named(lambda x: x, "y")


def test_the_namespace():
    import tensorlib.autograd.numpy as np
    import tensorlib.autograd.numpy.linalg as npl
    import tensorlib.autograd.numpy.random as npr

    assert np.sin is tl.sin
    assert np.float64 is onp.float64
    assert npr is tl.random
    assert npl is tl.linalg is np.linalg


# PyTorch's functions of the same names, which take the arguments at once


def torch_functional(name, of, inputs, **kwargs):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")

    def run(lib, make, functional):
        given = tuple(make(x) for x in inputs)
        given = given if len(given) > 1 else given[0]
        more = {k: make(v) if isinstance(v, onp.ndarray) else v for k, v in kwargs.items()}
        return flat(getattr(functional, name)(lambda *x: of(lib, *x), given, **more))

    ours = run(tl, tl.asarray, tl.autograd.functional)
    theirs = run(torch, torch.tensor, torch.autograd.functional)
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert not a.requires_grad
        assert a.shape == b.shape
        assert_allclose(a, b.numpy(), rtol=1e-12, atol=1e-12)


A, B = X[:2], X[2:4] + 2


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")  # PyTorch's own
@pytest.mark.parametrize("strategy", ["reverse-mode", "forward-mode"])
def test_functional_jacobian(strategy):
    vectorize = strategy == "forward-mode"
    for of, inputs in [
        (lambda lib, x: lib.exp(x) * x.sum(), (A,)),
        (lambda lib, x, y: lib.sin(x) * y, (A, B)),
        (lambda lib, x, y: (lib.sin(x).sum(1), x * y), (A, B)),
    ]:
        torch_functional("jacobian", of, inputs, strategy=strategy, vectorize=vectorize)


@pytest.mark.parametrize("inputs", [(A,), (A, B)])
def test_functional_hessian_and_its_products(inputs):
    def of(lib, *x):
        return (lib.exp(x[0]) * lib.sin(x[-1]) * x[0].sum()).sum()

    torch_functional("hessian", of, inputs)
    if len(inputs) == 1:
        for name in ("hvp", "vhp"):
            torch_functional(name, of, inputs, v=B)
            torch_functional(name, lambda lib, x: of(lib, x).reshape(1), inputs, v=B)


def test_functional_vjp_and_jvp():
    torch_functional("vjp", lambda lib, x: lib.exp(x).sum(0), (A,), v=B[0])
    torch_functional("vjp", lambda lib, x, y: (x * lib.exp(y)).sum(), (A, B))
    torch_functional("jvp", lambda lib, x: lib.exp(x).sum(0), (A,), v=B)


def test_functional_results_can_be_differentiated():
    x = tl.asarray(A).requires_grad_()
    functional = tl.autograd.functional
    for name in ("jacobian", "hessian"):
        found = getattr(functional, name)(lambda x: (x**3).sum(), x, create_graph=True)
        (gradient,) = tl.autograd.grad(found.sum(), x)
        assert_allclose(gradient, 6 * A if name == "jacobian" else onp.full(A.shape, 6.0))
        assert not getattr(functional, name)(lambda x: (x**3).sum(), x).requires_grad


def test_functional_errors():
    functional = tl.autograd.functional
    x = tl.asarray(A)
    with pytest.raises(TypeError, match="jacobian: expected inputs to be a Tensor or a tuple"):
        functional.jacobian(tl.sin, [1.0])
    with pytest.raises(ValueError, match="jacobian: expected the strategy 'reverse-mode' or"):
        functional.jacobian(tl.sin, x, strategy="backward")
    with pytest.raises(RuntimeError, match="hessian: expected one real output of one element"):
        functional.hessian(tl.sin, x)
    with pytest.raises(
        RuntimeError, match=r"vjp: expected v for values of the shapes \[\(2, 3\)\]"
    ):
        functional.vjp(tl.sin, x)
    with pytest.raises(RuntimeError, match=r"jvp: expected v of the shapes .*, got \[\(3,\)\]"):
        functional.jvp(tl.sin, x, tl.ones(3))
    text = "output 1 that does not depend on input 0"
    with pytest.raises(RuntimeError, match=text):
        functional.jacobian(lambda x: (x, tl.ones(2)), x, strict=True)
    assert_allclose(functional.jacobian(tl.sum, x, strict=True), onp.ones(A.shape))
