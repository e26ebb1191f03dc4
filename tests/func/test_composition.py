"""Transforms of transforms: ops against loops and differences, functions against PyTorch."""

import numpy as np
import pytest
from func_cases import COMPLEX, DIFFERENTIABLE, Case, close, stacked

import tensorlib as tl
from tensorlib import func
from tensorlib.func import grad, jacfwd, jacrev, jvp, vjp, vmap

# PyTorch's own, when it first uses forward mode.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")
MODES = [(name, False) for name in DIFFERENTIABLE] + [(name, True) for name in COMPLEX]
modes = pytest.mark.parametrize(("name", "is_complex"), MODES)


@modes
def test_first_order(name, is_complex):
    case = Case(name, is_complex)
    xs, ts, numbers = case.stacked, case.stacked_directions, tuple(range(len(case.places)))
    gradient = grad(case.scalar, numbers)
    loop = stacked([gradient(*x) for x in case.examples])
    close(vmap(gradient)(*xs), loop)
    close(grad(lambda *a: vmap(case.scalar)(*a).sum(), numbers)(*xs), loop)
    loop = [jvp(case, x, t)[1] for x, t in zip(case.examples, case.directions, strict=True)]
    close(vmap(lambda x, t: jvp(case, x, t)[1])(xs, ts), stacked(loop))
    close(jvp(vmap(case), xs, ts)[1], stacked(loop))


@modes
def test_second_order(name, is_complex):
    case = Case(name, is_complex)
    xs, ts, numbers = case.stacked, case.stacked_directions, tuple(range(len(case.places)))
    gradient = grad(case.scalar, numbers)
    loop = [jvp(gradient, x, t)[1] for x, t in zip(case.examples, case.directions, strict=True)]
    close(vmap(lambda x, t: jvp(gradient, x, t)[1])(xs, ts), stacked(loop), 1e-8, 1e-8)

    def along(x, t):
        return grad(lambda *a: jvp(case.scalar, a, t)[1], numbers)(*x)

    close(vmap(along)(xs, ts), stacked(loop), 1e-7, 1e-7)

    def inner(*x):
        found = vmap(gradient)(*x)
        return sum((g * tl.conj(t)).real.sum() for g, t in zip(found, ts, strict=True))

    close(grad(inner, numbers)(*xs), stacked(loop), 1e-7, 1e-7)


# the same functions in PyTorch


def network(lib, x, w, v):
    return (lib.tanh(x @ w) * lib.sigmoid(x.sum()) @ v).sum() + lib.exp(-(x * x)).sum()


def branches(lib, x, w, v):
    y = lib.where(x > 0, lib.sqrt(lib.where(x > 0, x, 1.0)), x * x)
    return (y[:2] * lib.cumsum(w[0], 0)[:2]).sum() * v.prod()


def distances(lib, x, w, v):
    d = ((x[:, None] - x[None, :]) ** 2 + 0.1) ** 0.5
    return lib.log(d).sum() * lib.linalg.det(w[:, :4] + 3.0 * lib.eye(4)) + v.sum()


def spectrum(lib, x, w, v):
    return (lib.fft.rfft(x).real ** 3).sum() + (w**2).max() * v.sum()


FUNCTIONS = [network, branches, distances, spectrum]
# Each of the two modules that have the names grad, vmap, ... and a function of one argument.
TRANSFORMS = {
    "grad": lambda F, f: F.grad(f),
    "grad of grad": lambda F, f: F.grad(lambda x: (F.grad(f)(x) ** 2).sum()),
    "hessian": lambda F, f: F.hessian(f),
    "jacfwd of jacrev": lambda F, f: F.jacfwd(F.jacrev(f)),
    "jacrev of jacfwd": lambda F, f: F.jacrev(F.jacfwd(f)),
    "jacfwd of jacfwd": lambda F, f: F.jacfwd(F.jacfwd(f)),
    "third": lambda F, f: F.jacfwd(F.hessian(f)),
    "jvp": lambda F, f: lambda x: F.jvp(f, (x,), (x * 2,)),
    "jvp of grad": lambda F, f: lambda x: F.jvp(F.grad(f), (x,), (x * 2,))[1],
    "grad of jvp": lambda F, f: F.grad(lambda x: F.jvp(f, (x,), (x * 2,))[1]),
    "vjp": lambda F, f: lambda x: F.vjp(F.grad(f), x)[1](x)[0],
    "value": lambda F, f: lambda x: F.grad_and_value(f)(x),
}


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_against_torch(function, transform):
    torch = pytest.importorskip("torch", reason="compares with PyTorch; install torch")
    rng = np.random.default_rng(0)
    xs, w, v = rng.standard_normal((3, 4)), rng.standard_normal((4, 5)), rng.uniform(0.5, 2, 5)
    ours = TRANSFORMS[transform](func, lambda x: function(tl, x, tl.asarray(w), tl.asarray(v)))
    theirs = TRANSFORMS[transform](
        torch.func, lambda x: function(torch, x, torch.tensor(w), torch.tensor(v))
    )
    expected = as_arrays([theirs(torch.tensor(x)) for x in xs])
    close(listed([ours(tl.asarray(x)) for x in xs]), expected)
    each = [as_arrays([theirs(torch.tensor(x))]) for x in xs]
    together = [np.stack(parts) for parts in zip(*each, strict=True)]
    close(listed(vmap(ours)(tl.asarray(xs))), together)
    if transform in ("grad", "jvp", "hessian"):
        sums = vmap(lambda x: sum((y**2).sum() for y in listed(ours(x))))
        their_sums = torch.func.vmap(lambda x: sum((y**2).sum() for y in listed_torch(theirs(x))))
        found = grad(lambda x: sums(x).sum())(tl.asarray(xs))
        wanted = torch.func.grad(lambda x: their_sums(x).sum())(torch.tensor(xs))
        close(found, wanted.numpy())
        t = rng.standard_normal((3, 4))
        found = jvp(sums, (tl.asarray(xs),), (tl.asarray(t),))
        wanted = torch.func.jvp(their_sums, (torch.tensor(xs),), (torch.tensor(t),))
        close(found, [y.numpy() for y in wanted])


def listed(result):
    if isinstance(result, tl.Tensor):
        return [result]
    return [y for part in result for y in listed(part)]


def listed_torch(result):
    return [result] if hasattr(result, "numel") else [y for p in result for y in listed_torch(p)]


def as_arrays(results):
    return [y.detach().numpy() for y in listed_torch(results)]


def test_complex_derivatives_against_torch():
    torch = pytest.importorskip("torch", reason="compares with PyTorch; install torch")
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((2, 2, 3)) + 1j * rng.standard_normal((2, 2, 3))

    def function(lib, x):
        return (lib.exp(x) * lib.conj(x)).sum() * lib.abs(x[0, 0])

    ours = jvp(lambda x: function(tl, x), (tl.asarray(x),), (tl.asarray(t),))
    theirs = torch.func.jvp(
        lambda x: function(torch, x), (torch.tensor(x),), (torch.tensor(t),)
    )  # fmt: skip
    close(ours, [y.resolve_conj().numpy() for y in theirs])
    value, pullback = vjp(lambda x: function(tl, x), tl.asarray(x))
    their_value, their_pullback = torch.func.vjp(lambda x: function(torch, x), torch.tensor(x))
    seed = 0.5 - 2j
    close(pullback(tl.asarray(seed)), their_pullback(torch.tensor(seed))[0].resolve_conj().numpy())


def test_vjp_under_vmap_and_jacobians_of_trees():
    x = tl.asarray(np.random.default_rng(0).standard_normal((3, 2)))
    _, pullback = vjp(lambda a, b: {"y": a["x"] * b, "z": b.sum(axis=0)}, {"x": x}, x)
    seeds = {"y": tl.ones((4, 3, 2)), "z": tl.arange(8.0).reshape(4, 2)}
    (first, second) = vmap(pullback)(seeds)
    close(first["x"], np.broadcast_to(x.numpy(), (4, 3, 2)))
    close(second, x.numpy() + np.arange(8.0).reshape(4, 1, 2))
    for jacobian in (jacrev, jacfwd):
        found = jacobian(lambda a, b: {"y": a["x"] * b}, (0, 1))({"x": x}, x)
        expected = np.einsum("ij,ik,jl->ijkl", x.numpy(), np.eye(3), np.eye(2))
        close([found["y"][0]["x"], found["y"][1]], [expected, expected])
        chunked = jacobian(lambda a: a**2, chunk_size=2)(x)
        close(chunked, 2 * expected)


def test_parameters_outside_of_all_transforms():
    """What is made of a leaf from outside inside of transforms has the leaf's gradient."""
    w = tl.asarray([0.5, 2.0]).requires_grad_()
    x = tl.asarray([[1.0, 2.0], [3.0, 4.0]])

    def f(x):
        return (tl.exp(w * x) * x).sum()

    found = {
        "vmap": vmap(f)(x).sum(),
        "vmap of grad": vmap(grad(f))(x).sum(),
        "vmap of jvp": vmap(lambda x: jvp(f, (x,), (x,))[1])(x).sum(),
        "jvp of grad": jvp(lambda x: grad(f)(x).sum(), (x[0],), (x[1],))[1],
        "vmap of jvp of grad": vmap(lambda x: jvp(grad(f), (x,), (x,))[1])(x).sum(),
        "hessian": func.hessian(f)(x[0]).sum(),
    }

    def plain(w):
        e, y = tl.exp(w * x), x
        gradient = e * (w * y + 1)
        second = e * w * (w * y + 2)
        return {
            "vmap": (e * y).sum(),
            "vmap of grad": gradient.sum(),
            "vmap of jvp": (gradient * y).sum(),
            "jvp of grad": (second[0] * y[1]).sum(),
            "vmap of jvp of grad": (second * y).sum(),
            "hessian": second[0].sum(),
        }

    for name, value in found.items():
        v = w.detach().copy().requires_grad_()
        wanted = plain(v)[name]
        close(value.detach(), wanted)
        (expected,) = tl.autograd.grad(wanted, [v])
        close(tl.autograd.grad(value, [w]), expected)


def test_no_tensor_is_left_on_the_tape():
    x = tl.asarray([1.0, 2.0])
    y = tl.asarray(3.0)
    for result in (
        grad(lambda x: (x * y).sum())(x),
        vmap(grad(lambda y: y**3))(x),
        vmap(lambda x: grad(grad(lambda y: tl.exp(y) * x))(y))(x),
        jvp(lambda x: grad(lambda y: (y * y * x).sum())(y), (x,), (x,)),
        jacrev(lambda x: x * y)(x),
        func.hessian(lambda x: (x * y).prod())(x),
    ):
        for leaf in listed(result):
            assert not leaf.requires_grad
