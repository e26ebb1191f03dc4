"""Gradients, transforms and mixed precision on a GPU, as on the CPU."""

import numpy as np
import pytest

import tensorlib as tl
from tensorlib import func, nn
from tensorlib.utils.checkpoint import checkpoint


def numbers(shape, seed=0, dtype="float64"):
    return tl.asarray(np.random.default_rng(seed).standard_normal(shape)).astype(dtype)


def leaves(place):
    return [
        numbers(shape, seed).to(place).requires_grad_() for seed, shape in enumerate([(4, 5), 5])
    ]


def parts(tree):
    if isinstance(tree, tl.Tensor):
        return [tree]
    return [x for part in tree for x in parts(part)]


def assert_same(function, device, tolerance=1e-10):
    """Check that a function of a device gives on each the same tensors, and on each its own."""
    expected, found = parts(function("cpu")), parts(function(device))
    for x, y in zip(found, expected, strict=True):
        assert (x.shape, x.dtype) == (y.shape, y.dtype)
        assert x.device == "cuda:0"
        wide = "complex128" if y.dtype.kind == "c" else "float64"
        np.testing.assert_allclose(
            x.detach().cpu().astype(wide).numpy(),
            y.detach().astype(wide).numpy(),
            rtol=tolerance,
            atol=tolerance,
        )


# the walk back


def test_a_scalar_of_the_cpu_has_its_gradient_there(device):
    scale = tl.asarray(2.0).requires_grad_()
    x = numbers((3, 4)).to(device).requires_grad_()
    loss = (tl.exp(scale) * x * x).sum()
    (first,) = tl.autograd.grad(loss, [scale], create_graph=True)
    (first * first).backward()
    assert (first.device, scale.grad.device, x.grad.device) == ("cpu", "cpu", "cuda:0")
    squares = (numbers((3, 4)) ** 2).sum().item()
    np.testing.assert_allclose(scale.grad.item(), 2 * (np.exp(2.0) * squares) ** 2)


def test_gradients_add_up_in_place(device):
    x = numbers(3000).to(device).requires_grad_()
    (x * x).sum().backward()
    before = x.grad
    (x * 3).sum().backward()
    assert x.grad is before
    np.testing.assert_allclose(x.grad.cpu().numpy(), 2 * numbers(3000).numpy() + 3)


def hooked(x, y):
    z = x * y
    z.register_hook(lambda g: g * 3)
    x.register_hook(lambda g: g + 1)
    return z


WALKS = {
    "used often": lambda x, y: x * y + y * tl.sin(x) + x,
    "hooks": hooked,
    "checkpoint": lambda x, y: checkpoint(lambda a: tl.tanh(a * y), x, use_reentrant=False),
    "checkpoint, reentrant": lambda x, y: (
        checkpoint(lambda a: tl.tanh(a), x, use_reentrant=True) * y
    ),
    "diagonal": lambda x, y: tl.diagonal(x[:, 1:]) * y[1:],
    "strided": lambda x, y: tl.lib.stride_tricks.as_strided(x, (4, 3), (8, 16)) * y[:3],
    "products": lambda x, y: tl.prod(x, axis=0) * y,
}


@pytest.mark.parametrize("name", WALKS)
def test_walks(name, device):
    def run(place):
        x, y = leaves(place)
        out = WALKS[name](x, y)
        (out * out).sum().backward(retain_graph=True)
        (out * 2).sum().backward()
        return out, x.grad, y.grad

    assert_same(run, device)


@pytest.mark.parametrize("name", ["used often", "hooks", "diagonal", "products"])
def test_gradients_of_gradients(name, device):
    def run(place):
        x, y = leaves(place)
        found = tl.autograd.grad((WALKS[name](x, y) ** 2).sum(), [x, y], create_graph=True)
        sum((g * g).sum() for g in found).backward()
        return found, x.grad, y.grad

    assert_same(run, device)


def test_save_on_cpu(device):
    def run(place):
        x, y = leaves(place)
        with tl.autograd.graph.save_on_cpu(pin_memory=place != "cpu"):
            out = tl.exp(x) * y
        out.sum().backward()
        return x.grad, y.grad

    assert_same(run, device)


def test_gradients_are_refused_elsewhere(device):
    x = tl.ones(3, device=device).requires_grad_()
    with pytest.raises(RuntimeError, match=r"backward: expected a gradient on the output's device"):
        (x * 1).backward(tl.ones(3))
    with pytest.raises(RuntimeError, match=r"grad: expected .* on cuda:0, got .* on cpu"):
        x.grad = tl.ones(3)

    class Elsewhere(tl.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g.cpu()

    with pytest.raises(RuntimeError, match=r"Elsewhere: expected a gradient on cuda:0, where the"):
        Elsewhere.apply(x).sum().backward()


# writes


def through_a_view(z, y):
    rows = z[1:3]
    rows[...] = y
    rows += 1
    z *= 2


def through_views_of_views(z, y):
    turned = z.T
    z[0] += turned[1, 0]
    turned[:, :2] *= y[:, None]
    row = z[::2][0]
    z *= 2
    row *= y


def into_out(z, y):
    flat = z.reshape(-1)[3:8]
    flat *= 2
    tl.add(z[0], y, out=z[1])


def by_index(z, y):
    z[tl.asarray([0, 2], device=z.device)] = y
    z[z > 1] = 0.0


WRITES = [through_a_view, through_views_of_views, into_out, by_index]


@pytest.mark.parametrize("write", WRITES)
def test_writes(write, device):
    def run(place):
        x, y = leaves(place)
        z = x * 1
        write(z, y)
        (z * z * tl.arange(5.0, device=place)).sum().backward()
        return z, x.grad, y.grad

    assert_same(run, device)


def test_writes_into_parts_of_complex_numbers(device):
    def run(place):
        x = (numbers(4) + 1j * numbers(4, 2)).to(place).requires_grad_()
        z = x * 1
        z.real[1:] *= 2
        z.imag[0] = 3
        abs(z * z).sum().backward()
        return z, x.grad

    assert_same(run, device)


# transforms


def layer(w, x):
    return tl.tanh(x @ w)


def written(x):
    y = tl.zeros_like(x)
    y[1:3] = x[1:3] * 2
    return y


W, X, V = numbers((4, 3)), numbers((6, 2, 4), 1), numbers((6, 5), 2)
PLACES = tl.asarray([0, 1, 2, 3, 4, 0])
TRANSFORMS = {
    "grad": lambda d: func.grad(lambda x: (tl.sin(x) * x).sum())(V.to(d)),
    "hessian": lambda d: func.hessian(lambda x: (tl.sin(x) * x).sum())(V[0].to(d)),
    "jacrev": lambda d: func.jacrev(layer)(W.to(d), X[0].to(d)),
    "jacfwd": lambda d: func.jacfwd(layer)(W.to(d), X[0].to(d)),
    "jvp": lambda d: func.jvp(layer, (W.to(d), X[0].to(d)), (W.to(d), X[1].to(d))),
    "vjp": lambda d: func.vjp(layer, W.to(d), X[0].to(d))[1](tl.ones((2, 3), device=d)),
    "linearize": lambda d: func.linearize(tl.exp, V.to(d))[1](V.to(d)),
    "vmap": lambda d: func.vmap(layer, (None, 0))(W.to(d), X.to(d)),
    "vmap of grad": lambda d: func.vmap(
        func.grad(lambda w, x: layer(w, x).sum()), (None, 0)
    )(W.to(d), X.to(d)),
    "vmap of an index": lambda d: func.vmap(lambda x, i: x[i])(V.to(d), PLACES.to(d)),
    "vmap of a write": lambda d: func.vmap(written)(V.to(d)),
}  # fmt: skip


@pytest.mark.parametrize("name", TRANSFORMS)
def test_transforms(name, device):
    assert_same(TRANSFORMS[name], device)


def test_fused(device):
    @tl.fused
    def function(x, y):
        return tl.exp(-x * x) * tl.cos(y) + x

    def run(place):
        x, y = (numbers((600, 600), k).to(place).requires_grad_() for k in range(2))
        out = function(x, y)
        out.sum().backward()

        @tl.fused
        def of_no_arguments():
            return x.detach() * 2 + y.detach()

        return out, x.grad, y.grad, of_no_arguments()

    assert_same(run, device)


# mixed precision


@pytest.mark.parametrize(("dtype", "tolerance"), [("bfloat16", 2e-2), ("float16", 2e-3)])
def test_autocast(dtype, tolerance, device):
    def run(place):
        tl.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)).to(place)
        with tl.amp.autocast(place, dtype=dtype):
            out = model(numbers((5, 4), dtype="float32").to(place))
            assert str(out.dtype) == dtype
            loss = nn.functional.mse_loss(out, tl.zeros_like(out))
        assert str(loss.dtype) == "float32"
        loss.backward()
        return [loss] + [param.grad for param in model.parameters()]

    assert_same(run, device, tolerance)


def test_a_parameter_is_cast_once(device):
    weight = tl.ones((3, 3), dtype="float32", device=device).requires_grad_()
    with tl.amp.autocast("cuda"):
        before = tl.cuda.memory_stats()["allocations"]
        y = weight @ weight
        first = tl.cuda.memory_stats()["allocations"] - before
        before = tl.cuda.memory_stats()["allocations"]
        z = weight @ weight
        assert tl.cuda.memory_stats()["allocations"] - before < first
    assert str(y.dtype) == str(z.dtype) == "float16"
    (y.astype("float32").sum() + z.astype("float32").sum()).backward()
    assert weight.grad.tolist() == [[12.0] * 3] * 3


def test_functions_under_autocast(device):
    class Cube(tl.autograd.Function):
        @staticmethod
        @tl.amp.custom_fwd(device_type="cuda", cast_inputs="float32")
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x * x

        @staticmethod
        @tl.amp.custom_bwd(device_type="cuda")
        def backward(ctx, gradient):
            (x,) = ctx.saved_tensors
            return 3 * x * x * gradient

    x = tl.asarray(2.0, dtype="float16", device=device).requires_grad_()
    with tl.amp.autocast("cuda"):
        y = Cube.apply(x)
    y.backward()
    assert (str(y.dtype), x.grad.item(), x.grad.device) == ("float32", 12.0, "cuda:0")


def test_a_scaler_leaves_out_infinite_steps(device):
    w = tl.ones(3, dtype="float32", device=device).requires_grad_()
    optimizer, scaler = tl.optim.SGD([w], lr=1.0), tl.amp.GradScaler("cuda")
    w.grad = tl.asarray([1.0, np.inf, 2.0], dtype="float32", device=device)
    scaler.step(optimizer)
    scaler.update()
    assert (w.tolist(), scaler.get_scale()) == ([1.0] * 3, 32768.0)


def test_check_grads(device):
    x, y = (tl.linspace(0.1, 2, 6, device=device).reshape(shape) for shape in [(2, 3), (3, 2)])
    tl.testing.check_grads(lambda x, y: (tl.sin(x) @ y, x.sum(0)), [x, y])
    with pytest.raises(AssertionError, match="^check_grads: order 1, argument 0"):
        tl.testing.check_grads(lambda x: x.detach() * x, [x])
    with pytest.raises(tl.DeviceError, match="^check_grads: expected arguments on one device"):
        tl.testing.check_grads(tl.matmul, [x, y.cpu()])
