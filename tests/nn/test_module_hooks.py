"""Hooks of modules: around forward and backward, at registration, and their handles."""

import gc
import weakref
from collections import namedtuple

import pytest

import tensorlib as tl
from tensorlib import nn

torch = pytest.importorskip(
    "torch", reason="PyTorch is not installed; to compare with it: pip install torch"
)


class Scale(nn.Module):
    def forward(self, x, *, by=1):
        if by == 0:
            raise ZeroDivisionError("by zero")
        return x * by


X = tl.asarray([1.0, 2.0])


def test_forward_pre_hooks():
    net = Scale()
    seen = []
    net.register_forward_pre_hook(lambda *args: seen.append(args))
    assert net(X, by=2).tolist() == [2, 4]
    assert seen == [(net, (X,))]
    handle = net.register_forward_pre_hook(lambda module, args: args[0] + 1)
    assert net(X).tolist() == [2, 3]
    with net.register_forward_pre_hook(lambda module, args: (args[0] * 10,)):
        assert net(X).tolist() == [20, 30]  # in the order of registration
    with net.register_forward_pre_hook(lambda module, args: (args[0] * 10,), prepend=True):
        assert net(X).tolist() == [11, 21]
    handle.remove()
    handle.remove()
    assert net(X).tolist() == [1, 2]


def test_forward_pre_hooks_with_kwargs():
    net = Scale()
    seen = []

    def double(module, args, kwargs):
        seen.append((module, args, kwargs))
        return args, {"by": 2 * kwargs["by"]}

    net.register_forward_pre_hook(double, with_kwargs=True)
    assert net(X, by=3).tolist() == [6, 12]
    assert seen == [(net, (X,), {"by": 3})]
    net.register_forward_pre_hook(lambda module, args, kwargs: args, with_kwargs=True)
    with pytest.raises(
        RuntimeError, match="Scale: expected a forward pre-hook to return None or a"
    ):
        net(X, by=3)


def test_forward_hooks():
    net = Scale()
    seen = []
    net.register_forward_hook(lambda *args: seen.append(args))
    out = net(X, by=2)
    assert len(seen) == 1 and seen[0][:2] == (net, (X,)) and seen[0][2] is out
    net.register_forward_hook(lambda module, args, output: output + 1)
    with net.register_forward_hook(lambda module, args, output: output * 10):
        assert net(X).tolist() == [20, 30]
    with net.register_forward_hook(lambda module, args, output: output * 10, prepend=True):
        assert net(X).tolist() == [11, 21]
    with net.register_forward_hook(
        lambda module, args, kwargs, output: output + kwargs["by"], with_kwargs=True
    ):
        assert net(X, by=5).tolist() == [11, 16]
    assert net(X).tolist() == [2, 3]


def test_a_hook_may_remove_itself():
    net = Scale()

    def once(module, args, output):
        handle.remove()
        return -output

    handle = net.register_forward_hook(once)
    assert net(X).tolist() == [-1, -2] and net(X).tolist() == [1, 2]


def test_always_called():
    net = Scale()
    seen = []
    net.register_forward_hook(lambda *args: seen.append("skipped"))
    net.register_forward_hook(lambda *args: seen.append(args[2]), always_call=True)
    with pytest.raises(ZeroDivisionError):
        net(X, by=0)
    assert seen == [None]
    seen.clear()
    with net.register_forward_hook(lambda *args: 1 / 0, prepend=True, always_call=True):
        with pytest.raises(ZeroDivisionError, match="division by zero"):
            net(X)
        assert seen == [None]  # the others that are always called, once each
    seen.clear()

    def fail(*args):
        raise KeyError("lost")

    with (
        net.register_forward_hook(fail, always_call=True),
        pytest.raises(ZeroDivisionError, match="by zero"),
        pytest.warns(UserWarning, match="lost"),
    ):
        net(X, by=0)
    assert net(X).tolist() == [1, 2]


def test_hooks_of_all_modules():
    net = nn.Sequential(Scale(), Scale())
    seen = []
    net[0].register_forward_pre_hook(lambda module, args: seen.append("own"))
    pre = nn.register_module_forward_pre_hook(lambda module, args: seen.append("pre"))
    post = nn.register_module_forward_hook(lambda module, args, output: output + 1)
    with pre, post:
        assert net(X).tolist() == [4, 5]
        assert seen == ["pre", "pre", "own", "pre"]
    assert net(X).tolist() == [1, 2]
    with (
        nn.register_module_forward_hook(
            lambda module, args, kwargs, output: seen.append(kwargs),
            with_kwargs=True,
            always_call=True,
        ),
        pytest.raises(ZeroDivisionError),
    ):
        net[1](X, by=0)
    assert seen[-1] == {"by": 0}


def test_hooks_of_registration():
    seen = []

    def note(kind):
        return lambda module, name, member: seen.append((kind, name))

    with (
        nn.register_module_parameter_registration_hook(note("parameter")),
        nn.register_module_buffer_registration_hook(note("buffer")),
        nn.register_module_module_registration_hook(note("module")),
    ):
        net = nn.Module()
        net.weight = nn.Parameter(tl.zeros(2))
        net.register_parameter("bias", None)
        net.mean = nn.Buffer(tl.zeros(2))
        net.mean = tl.ones(2)
        net.head = nn.ReLU()
        net.add_module("tail", nn.ReLU())
    assert seen == [
        ("parameter", "weight"),
        ("buffer", "mean"),
        ("buffer", "mean"),
        ("module", "head"),
        ("module", "tail"),
    ]
    frozen = lambda module, name, parameter: nn.Parameter(parameter, requires_grad=False)  # noqa: E731
    with nn.register_module_parameter_registration_hook(frozen):
        assert not nn.Linear(2, 2).weight.requires_grad
    assert nn.Linear(2, 2).weight.requires_grad


@pytest.mark.parametrize(
    "name",
    [
        "register_forward_pre_hook",
        "register_forward_hook",
        "register_full_backward_pre_hook",
        "register_full_backward_hook",
        "register_state_dict_pre_hook",
        "register_state_dict_post_hook",
        "register_load_state_dict_pre_hook",
        "register_load_state_dict_post_hook",
    ],
)
def test_what_is_no_function(name):
    with pytest.raises(TypeError, match=f"{name}: expected a callable, got int"):
        getattr(Scale(), name)(1)


def test_handles_have_numbers():
    net = Scale()
    first = net.register_forward_hook(print)
    second = net.register_forward_hook(print)
    assert first.id != second.id


# Backward hooks, beside PyTorch's


def both(run):
    """What a function of a library's ``nn``, of tensors and of a list for notes noted."""
    notes = []
    for library, base in ((tl, nn), (torch, torch.nn)):

        def tensor(values, library=library):
            made = tl.asarray(values) if library is tl else torch.tensor(values).double()
            return made.requires_grad_()

        seen = []
        run(base, tensor, seen)
        notes.append(plain(seen))
    ours, theirs = notes
    assert ours == theirs
    return ours


def plain(value):
    if isinstance(value, tuple | list):
        return [plain(v) for v in value]
    return value.tolist() if hasattr(value, "tolist") else value


def two_in_two_out(base):
    class TwoInTwoOut(base.Module):
        def forward(self, x, n, y, unused):
            return x * y * n, y * y

    return TwoInTwoOut()


A, B = [1.0, 2.0], [3.0, 5.0]


def test_backward_hooks():
    def run(base, tensor, seen):
        net = two_in_two_out(base)
        net.register_full_backward_hook(lambda module, *grads: seen.append(grads))
        x, y, z = tensor(A), tensor(B), tensor(A)
        first, second = net(x, 2, y, z)
        (3 * first + second).sum().backward(retain_graph=True)
        seen.append((x.grad, y.grad))
        second.sum().backward()
        seen.append((x.grad, y.grad))

    notes = both(run)
    assert len(notes) == 4
    assert notes[0][0][0] == [18, 30] and notes[0][0][1] is None


def test_backward_hooks_replace_gradients():
    def run(base, tensor, seen):
        net = two_in_two_out(base)
        net.register_full_backward_hook(
            lambda module, inputs, outputs: (inputs[0] * 10, None, inputs[2] * 100, None)
        )
        net.register_full_backward_hook(lambda module, *grads: seen.append(grads))
        net.register_full_backward_pre_hook(lambda module, grads: (grads[0] * 2, grads[1]))
        net.register_full_backward_pre_hook(lambda module, grads: seen.append(grads))
        x, y = tensor(A), tensor(B)
        first, second = net(x * 1, 1, y * 1, 3)
        (first + second).sum().backward()
        seen.append((x.grad, y.grad))

    both(run)


def test_order_of_backward_hooks():
    def run(base, tensor, seen):
        net = base.Sequential(base.Tanh(), base.Linear(2, 1, bias=False), base.Tanh())
        with_no_grad = tl.no_grad if base is nn else torch.no_grad
        with with_no_grad():
            net[1].weight[...] = 0.25
        for name, module in net.named_modules():
            module.register_full_backward_hook(lambda *args, name=name: seen.append(name))
            module.register_full_backward_hook(
                lambda *args, name=name: seen.append("first " + name), prepend=True
            )
            module.register_full_backward_pre_hook(
                lambda *args, name=name: seen.append("pre " + name)
            )
        x = tensor(A).float() if base is torch.nn else tl.asarray(A, dtype="float32")
        x = (x if base is nn else x.detach()).requires_grad_()
        net(x).sum().backward()

    notes = both(run)
    assert notes[:4] == ["pre ", "pre 2", "first 2", "2"] and notes[-1] == ""


@pytest.mark.filterwarnings("ignore:Full backward hook is firing")  # PyTorch's
def test_inputs_without_gradients():
    def run(base, tensor, seen):
        net = base.Linear(2, 1).double()
        net.register_full_backward_hook(lambda module, *grads: seen.append(grads))
        net(tensor(A).detach()).sum().backward()
        seen.append(net.weight.grad)

    assert both(run)[0] == [[None], [[1.0]]]
    net = nn.Linear(2, 1, dtype="float64")
    net.register_full_backward_hook(lambda module, inputs, outputs: (X,))
    with pytest.raises(RuntimeError, match="Linear: expected None from a backward hook"):
        net(X).sum().backward()


def test_second_order_through_backward_hooks():
    def run(base, tensor, seen):
        grad = tl.autograd.grad if base is nn else torch.autograd.grad
        net = two_in_two_out(base)
        net.register_full_backward_hook(lambda module, i, o: (i[0] * 2, None, i[2], None))
        x, y = tensor(A), tensor(B)
        (first,) = grad(net(x * x, 1, y, 0)[0].sum(), [x], create_graph=True)
        seen.append(first.detach())
        seen.extend(grad(first.sum(), [x, y]))

    both(run)


def test_backward_hooks_in_other_places():
    net = two_in_two_out(nn)
    seen = []
    net.register_full_backward_hook(lambda *args: seen.append("own"))
    x = tl.asarray(A).requires_grad_()
    with (
        nn.register_module_full_backward_hook(lambda *args: seen.append("all")),
        nn.register_module_full_backward_pre_hook(lambda *args: seen.append("pre")),
    ):
        net(x, 1, x, 0)[0].sum().backward()
    assert seen == ["pre", "all", "own"] and x.grad.tolist() == [2, 4]
    with tl.no_grad():
        assert not net(x, 1, x, 0)[0].requires_grad
    # A named tuple stays one, and a dict passes by.
    Pair = namedtuple("Pair", "first second")

    class Named(nn.Module):
        def forward(self, x):
            return Pair(x, 3)

    named = Named()
    named.register_full_backward_hook(lambda module, *grads: seen.append(grads))
    result = named(x)
    assert type(result) is Pair and result.second == 3
    result.first.sum().backward()
    assert [grad is None for grad in seen[-1][1]] == [False, True]


@pytest.mark.parametrize(
    "name, hook",
    [
        ("register_full_backward_hook", lambda module, inputs, outputs: (X, X)),
        ("register_full_backward_pre_hook", lambda module, outputs: ()),
    ],
)
def test_what_backward_hooks_may_not_return(name, hook):
    net = nn.Tanh()
    x = tl.asarray(A).requires_grad_()
    getattr(net, name)(hook)
    with pytest.raises(RuntimeError, match="Tanh: expected 1 gradients or None from a backward"):
        net(x).sum().backward()
    assert x.grad is None


def test_a_layer_that_works_in_place():
    def run(base, tensor, seen):
        class InPlace(base.Module):
            def forward(self, x):
                y = x * 2
                y *= x
                return y

        net = base.Sequential(InPlace(), base.ReLU(inplace=True))
        net[0].register_full_backward_hook(lambda module, *grads: seen.append(grads))
        x = tensor([1.0, -2.0])
        (net[0](x) * 3).sum().backward()
        seen.append(x.grad)

    both(run)
    net = nn.ReLU(inplace=True)  # PyTorch refuses this one
    net.register_full_backward_hook(lambda module, *grads: None)
    x = tl.asarray([1.0, -2.0]).requires_grad_()
    y = x * 1
    (net(y) * 3).sum().backward()
    assert x.grad.tolist() == [3, 0] and y.tolist() == [1, 0]


def test_hooks_leave_no_cycle():
    """After a backward pass the memory of a call is back without the garbage collector."""
    net = nn.Linear(2, 2, dtype="float64")
    net.register_full_backward_hook(lambda module, *grads: None)
    net.register_forward_hook(lambda module, args, output: None)
    gc.collect()
    gc.disable()
    try:
        refs = []
        for _ in range(3):
            x = tl.ones((1, 2)).requires_grad_()
            y = net(x)
            refs += [weakref.ref(x), weakref.ref(y)]
            y.sum().backward()
            del x, y
        assert [ref() for ref in refs] == [None] * 6
    finally:
        gc.enable()
