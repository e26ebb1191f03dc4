"""``autograd.Function``: on the tape and under the transforms, against PyTorch."""

import gc
import weakref

import numpy as np
import pytest
from func_cases import close

import tensorlib as tl
from tensorlib.autograd import Function
from tensorlib.autograd.function import once_differentiable
from tensorlib.func import grad, hessian, jacfwd, jacrev, jvp, vmap

RNG = np.random.default_rng(0)
X, T = (tl.asarray(RNG.standard_normal((3, 4))) for _ in range(2))
K = tl.asarray(2.0)


def cube(has_setup=False, has_jvp=False, has_vmap=False):
    """k * x**3 as a Function, and how often its own jvp and vmap were called."""
    calls = {"jvp": 0, "vmap": 0}

    class Cube(Function):
        @staticmethod
        def backward(ctx, gradient):
            x, k = ctx.saved_tensors
            return gradient * k * 3 * x**2, (gradient * x**3).sum()

    def save(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    def forward(ctx, x, k):
        save(ctx, (x, k), None)
        return k * x**3

    def own_jvp(ctx, x_change, k_change):
        calls["jvp"] += 1
        x, k = ctx.saved_tensors
        parts = [] if x_change is None else [x_change * k * 3 * x**2]
        return sum(parts + ([] if k_change is None else [k_change * x**3]))

    def own_vmap(info, in_dims, x, k):
        calls["vmap"] += 1
        assert (info.batch_size, in_dims) == (3, (0, None))
        return k * x**3, 0

    Cube.forward = staticmethod((lambda x, k: k * x**3) if has_setup else forward)
    if has_setup:
        Cube.setup_context = staticmethod(save)
    if has_jvp:
        Cube.jvp = staticmethod(own_jvp)
    if has_vmap:
        Cube.vmap = staticmethod(own_vmap)
    return Cube, calls


def along(f):
    return lambda x: (grad(lambda y: (f(y, K) ** 2).sum())(x) * tl.cos(x)).sum()


TRANSFORMS = {
    "grad": lambda f: grad(lambda x, k: (f(x, k) * tl.cos(x)).sum(), (0, 1))(X, K),
    "grad of grad": lambda f: grad(along(f))(X),
    "jvp": lambda f: jvp(f, (X, K), (T, tl.asarray(0.5))),
    "jvp by one": lambda f: jvp(lambda x: f(x, K), (X,), (T,)),
    "vmap": lambda f: vmap(f, (0, None))(X, K),
    "vmap of grad": lambda f: vmap(grad(lambda x, k: f(x, k).sum(), (0, 1)), (0, None))(X, K),
    "grad of vmap": lambda f: grad(
        lambda x, k: (vmap(f, (0, None))(x, k) * tl.cos(x)).sum(), (0, 1)
    )(X, K),
    "jvp of vmap": lambda f: jvp(vmap(f, (0, None)), (X, K), (T, tl.asarray(0.5))),
    "vmap of jvp": lambda f: vmap(lambda x, t: jvp(lambda x: f(x, K), (x,), (t,)))(X, T),
    "jvp of grad": lambda f: jvp(
        grad(lambda x, k: (f(x, k) ** 2).sum(), (0, 1)), (X, K), (T, tl.asarray(0.5))
    ),
    "grad of jvp": lambda f: grad(lambda x: jvp(lambda x: (f(x, K) ** 2).sum(), (x,), (T,))[1])(X),
    "vmap of jvp of grad": lambda f: vmap(
        lambda x, t: jvp(grad(lambda x: (f(x, K) ** 2).sum()), (x,), (t,))
    )(X, T),
    "vmap of grad of grad": lambda f: vmap(grad(along(f)))(X),
    "grad of vmap of grad": lambda f: grad(
        lambda x: (vmap(grad(lambda y: (f(y, K) ** 2).sum()))(x) * tl.cos(x)).sum()
    )(X),
    "vmap of vmap": lambda f: vmap(vmap(f, (0, None)), (0, None))(X, K),
    "grad of vmap of vmap": lambda f: grad(
        lambda x: (vmap(vmap(lambda a: f(a, K)))(x) * tl.cos(x)).sum()
    )(X),
    "hessian": lambda f: hessian(lambda x: f(x, K).sum())(X[0]),
    "jacrev": lambda f: jacrev(lambda x: f(x, K))(X[0]),
    "jacfwd": lambda f: jacfwd(lambda x: f(x, K))(X[0]),
}
# Where a batch has another size than three, which its vmap expects.
OTHER_SIZES = {"vmap of vmap", "grad of vmap of vmap", "hessian", "jacrev", "jacfwd"}


@pytest.mark.parametrize("options", ["", "setup", "jvp", "setup jvp", "vmap", "setup jvp vmap"])
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_transforms(transform, options):
    if "vmap" in options and transform in OTHER_SIZES:
        return
    function, calls = cube("setup" in options, "jvp" in options, "vmap" in options)
    expected = TRANSFORMS[transform](lambda x, k: k * x**3)
    close(TRANSFORMS[transform](function.apply), expected)
    if (
        "jvp" in options
        and "jvp" in transform
        and not ("vmap" in options and "of vmap" in transform)
    ):
        assert calls["jvp"]
    if "vmap" in options and "vmap" in transform:
        assert calls["vmap"]


def test_a_derivative_of_its_own_counts():
    """Steps that pass gradients on, straight through: the library's derivative would be zero."""

    class Straight(Function):
        @staticmethod
        def forward(ctx, x):
            return tl.rint(x)

        @staticmethod
        def backward(ctx, gradient):
            return gradient

    def scalar(x):
        return (Straight.apply(x) ** 2).sum()

    twice = 2 * np.rint(X.numpy())
    close(grad(scalar)(X), twice)
    close(vmap(grad(scalar))(X), twice)
    close(grad(lambda x: vmap(scalar)(x).sum())(X), twice)
    close(jvp(scalar, (X,), (T,))[1], (twice * T.numpy()).sum())
    close(vmap(lambda x, t: jvp(scalar, (x,), (t,))[1])(X, T), (twice * T.numpy()).sum(1))
    close(jvp(vmap(scalar), (X,), (T,))[1], (twice * T.numpy()).sum(1))
    close(jvp(grad(scalar), (X,), (T,))[1], 2 * T.numpy())
    close(hessian(scalar)(X[0]), 2 * np.eye(4))


def test_code_of_another_library():
    class Sine(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return tl.asarray(np.sin(x.detach().numpy()))

        @staticmethod
        def backward(ctx, gradient):
            (x,) = ctx.saved_tensors
            return gradient * tl.asarray(np.cos(x.detach().numpy()))

        @staticmethod
        def vmap(info, in_dims, x):
            return Sine.apply(x), 0

    class Plain(Sine):
        @staticmethod
        def vmap(info, in_dims, x):
            return Plain.apply(x), in_dims[0]

    for function in (Sine, Plain):
        close(jvp(function.apply, (X,), (T,)), [np.sin(X), np.cos(X) * T.numpy()])
        close(vmap(function.apply)(X), np.sin(X))
        close(grad(lambda x, f=function: vmap(f.apply)(x).sum())(X), np.cos(X))


def test_several_outputs_and_arguments_that_are_no_tensors():
    class Split(Function):
        @staticmethod
        def forward(ctx, x, how, table):
            ctx.how = how
            ctx.save_for_backward(x)
            return x * how, "text", tl.floor(x), x**2

        @staticmethod
        def backward(ctx, first, _, floor, square):
            (x,) = ctx.saved_tensors
            return first * ctx.how + 2 * x * square, None, None

    class Split3(Split):
        @staticmethod
        def forward(ctx, x, how, table):
            first, _, floor, square = Split.forward(ctx, x, how, table)
            ctx.mark_non_differentiable(floor)
            return first, floor, square

        @staticmethod
        def backward(ctx, first, floor, square):
            return Split.backward(ctx, first, None, floor, square)

    x = X.detach().requires_grad_()
    first, text, floor, square = Split.apply(x, 3.0, {"a": 1})
    assert text == "text"
    (first.sum() + square.sum()).backward()
    close(x.grad, 3 + 2 * X.numpy())
    assert not Split3.apply(x, 3.0, None)[1].requires_grad

    def function(x):
        first, floor, square = Split3.apply(x, 3.0, [])
        return first + square, floor

    values, tangents = jvp(function, (X,), (T,))
    close(tangents, [(3 + 2 * X.numpy()) * T.numpy(), np.zeros((3, 4))])
    close(vmap(function)(X), values)
    loop = [grad(lambda x: function(x)[0].sum())(x) for x in X]
    close(vmap(grad(lambda x: function(x)[0].sum()))(X), np.stack([g.numpy() for g in loop]))


def test_gradients_that_did_not_come():
    seen = []

    class Pair(Function):
        @staticmethod
        def forward(ctx, x, materialize):
            ctx.set_materialize_grads(materialize)
            return x * 1, x * 2

        @staticmethod
        def backward(ctx, first, second):
            seen.append(second)
            return first, None

    for materialize in (True, False):
        x = X.detach().requires_grad_()
        Pair.apply(x, materialize)[0].sum().backward()
        close(x.grad, np.ones((3, 4)))
    close(seen[0], np.zeros((3, 4)))
    assert seen[1] is None


def test_what_was_saved():
    class Saves(Function):
        @staticmethod
        def forward(ctx, x, y):
            between = x * y
            out = between * 2
            ctx.save_for_backward(x, None, between, out)
            return out

        @staticmethod
        def backward(ctx, gradient):
            x, nothing, between, out = ctx.saved_tensors
            assert nothing is None
            close([between.detach() * 2], [out.detach()])
            return gradient * between / x * 2, gradient * x * 2

    x, y = X.detach().requires_grad_(), T.detach().requires_grad_()
    out = Saves.apply(x, y)
    with pytest.raises(RuntimeError, match="expected to be asked for inside backward or jvp"):
        _ = tl.autograd.function.FunctionContext(()).saved_tensors
    out.sum().backward()
    close([x.grad, y.grad], [2 * T.numpy(), 2 * X.numpy()])
    with pytest.raises(RuntimeError, match="backward through a graph that was freed"):
        out.sum().backward()
    out = Saves.apply(x, y)
    with tl.no_grad():
        x[0] = 0.0
    with pytest.raises(RuntimeError, match="changed in place.*the last write was setitem"):
        out.sum().backward()
    with pytest.raises(TypeError, match="expected Tensors or None, got float"):
        tl.autograd.function.FunctionContext(()).save_for_backward(1.0)


def test_saved_tensors_do_not_keep_each_other_alive():
    class Exp(Function):
        @staticmethod
        def forward(ctx, x):
            out = tl.exp(x)
            ctx.save_for_backward(out)
            return out

        @staticmethod
        def backward(ctx, gradient):
            return gradient * ctx.saved_tensors[0]

    gc.collect()
    gc.disable()
    try:
        x = X.detach().requires_grad_()
        out = Exp.apply(x)
        gone = weakref.ref(out)
        del out
        assert gone() is None
        out = Exp.apply(x)
        out.sum().backward()
        gone = weakref.ref(out)
        del out
        assert gone() is None
    finally:
        gc.enable()


def test_inputs_that_are_written():
    class Double(Function):
        @staticmethod
        def forward(x):
            x *= 2
            return x

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.mark_dirty(*inputs)

        @staticmethod
        def backward(ctx, gradient):
            return gradient * 2

    x = X.detach().requires_grad_()
    y = x * 1
    z = Double.apply(y)
    assert z is y
    (z * y).sum().backward()
    close(x.grad, 8 * X.numpy())

    def function(x):
        y = x * 1
        z = Double.apply(y)
        assert z is y
        return y * z

    close(jvp(function, (X,), (T,)), [4 * X.numpy() ** 2, 8 * X.numpy() * T.numpy()])
    close(vmap(function)(X), 4 * X.numpy() ** 2)
    close(vmap(grad(lambda x: function(x).sum()))(X), 8 * X.numpy())
    with pytest.raises(RuntimeError, match="a leaf that requires a gradient"):
        Double.apply(X.detach().requires_grad_())


def test_inputs_that_are_written_must_be_returned():
    class Hides(Function):
        @staticmethod
        def forward(ctx, x):
            x += 1
            ctx.mark_dirty(x)
            return x * 2

    text = r"Hides: expected forward to return what it marked as dirty.*shape \(3, 4\)"
    with pytest.raises(RuntimeError, match=text):
        Hides.apply(X.detach().requires_grad_() * 1)


def test_views_and_inputs_as_outputs():
    class Same(Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, gradient):
            return gradient * 5

    x = X.detach().requires_grad_()
    out = Same.apply(x)
    assert out is not x and out.requires_grad
    out.sum().backward()
    close(x.grad, np.full((3, 4), 5.0))


def test_once_differentiable():
    class Square(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @once_differentiable
        def backward(ctx, gradient):
            return 2 * ctx.saved_tensors[0] * gradient

    x = X.detach().requires_grad_()
    (first,) = tl.autograd.grad(Square.apply(x).sum(), [x], create_graph=True)
    close(first.detach(), 2 * X.numpy())
    with pytest.raises(RuntimeError, match="no derivative of this backward"):
        tl.autograd.grad(first.sum(), [x])


def wrong(gradients):
    class Wrong(Function):
        @staticmethod
        def forward(ctx, x, y):
            return x * y

        @staticmethod
        def backward(ctx, gradient):
            return gradients(gradient)

    return Wrong


@pytest.mark.parametrize(
    ("gradients", "error", "text"),
    [
        (lambda g: g, RuntimeError, "expected 2 gradients from backward, one for each argument"),
        (lambda g: (g, g, g), RuntimeError, "expected 2 gradients from backward.*got 3"),
        (lambda g: (g[0], g), RuntimeError, r"expected a gradient of shape \(3, 4\).*got \(4,\)"),
        (lambda g: (1.0, g), TypeError, "a floating-point or complex Tensor or None.*got float"),
        (lambda g: (g > 0, g), TypeError, "from backward for argument 0, got dtype bool"),
    ],
)
def test_wrong_gradients(gradients, error, text):
    x, y = X.detach().requires_grad_(), T.detach().requires_grad_()
    out = wrong(gradients).apply(x, y)  # the line that is named
    with pytest.raises(error, match=rf"^Wrong: .*{text}.*was at .*test_function\.py:\d+"):
        out.sum().backward()


def test_more_gradients_than_arguments_may_be_none():
    x, y = X.detach().requires_grad_(), T.detach().requires_grad_()
    wrong(lambda g: (g, 2 * g, None, None)).apply(x, y).sum().backward()
    close([x.grad, y.grad], [np.ones((3, 4)), np.full((3, 4), 2.0)])


def test_missing_methods():
    class Nothing(Function):
        pass

    with pytest.raises(NotImplementedError, match="no forward is defined"):
        Nothing.apply(X)

    class Forward(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

    out = Forward.apply(X.detach().requires_grad_())
    with pytest.raises(NotImplementedError, match="no backward is defined"):
        out.sum().backward()
    with pytest.raises(NotImplementedError, match="no backward is defined"):
        jvp(Forward.apply, (X,), (T,))


def test_needs_input_grad():
    seen = []

    class Product(Function):
        @staticmethod
        def forward(ctx, x, y):
            ctx.save_for_backward(x, y)
            return x * y

        @staticmethod
        def backward(ctx, gradient):
            seen.append(ctx.needs_input_grad)
            x, y = ctx.saved_tensors
            return gradient * y, gradient * x

    Product.apply(X.detach().requires_grad_(), T).sum().backward()
    grad(lambda y: Product.apply(X, y).sum())(T)
    jvp(lambda x: Product.apply(x, T), (X,), (T,))
    vmap(grad(lambda y: Product.apply(X[0], y).sum()))(T)
    assert seen == [(True, False), (False, True), (True, False), (False, True)]


def test_against_torch():
    torch = pytest.importorskip("torch", reason="compares with PyTorch; install torch")

    def make(base, lib):
        class Softsign(base):
            @staticmethod
            def forward(ctx, x, sharpness):
                out = x / (lib.abs(x) + sharpness)
                ctx.save_for_backward(x, out)
                ctx.sharpness = sharpness
                return out

            @staticmethod
            def backward(ctx, gradient):
                x, out = ctx.saved_tensors
                return gradient * ctx.sharpness / (lib.abs(x) + ctx.sharpness) ** 2, None

        return Softsign

    ours, theirs = make(Function, tl), make(torch.autograd.Function, torch)
    x = X.detach().requires_grad_()
    y = torch.tensor(X.numpy(), requires_grad=True)
    (g,) = tl.autograd.grad((ours.apply(x, 0.5) ** 2).sum(), [x], create_graph=True)
    (h,) = torch.autograd.grad((theirs.apply(y, 0.5) ** 2).sum(), [y], create_graph=True)
    close(g.detach(), h.detach().numpy())
    (g,) = tl.autograd.grad((g**2).sum(), [x])
    (h,) = torch.autograd.grad((h**2).sum(), [y])
    close(g, h.numpy())
