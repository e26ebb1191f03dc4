"""Parametrizations, beside PyTorch's."""

import copy
import pickle

import numpy as np
import pytest
from parity import array_of, assert_close, compare, copy_weights, dtypes, torch

import tensorlib as tl
from tensorlib import nn, optim
from tensorlib.nn.utils import parametrizations, parametrize

theirs_of = torch.nn.utils.parametrizations


class Symmetric(nn.Module):
    def forward(self, x):
        return tl.triu(x) + tl.triu(x, 1).T

    def right_inverse(self, x):
        return tl.triu(x)


class Double(nn.Module):
    def forward(self, x):
        return 2 * x

    def right_inverse(self, x):
        return x / 2


class Rank1(nn.Module):
    def forward(self, u, v):
        return u[:, None] * v

    def right_inverse(self, x):
        return x[:, 0] / x[0, 0], x[0]


def test_one_parametrization():
    layer = nn.Linear(3, 3)
    original = layer.weight
    optimizer = optim.SGD(layer.parameters(), lr=1.0)
    value = original.tolist()
    assert not parametrize.is_parametrized(layer)
    assert parametrize.register_parametrization(layer, "weight", Symmetric()) is layer
    assert parametrize.is_parametrized(layer) and parametrize.is_parametrized(layer, "weight")
    assert not parametrize.is_parametrized(layer, "bias")
    assert type(layer) is parametrize.type_before_parametrizations(layer) is nn.Linear
    assert layer.parametrizations.weight.original is original
    assert (
        array_of(layer.weight).tolist()
        == (np.triu(value).astype("float32") + np.triu(value, 1).astype("float32").T).tolist()
    )
    assert list(layer.state_dict()) == ["bias", "parametrizations.weight.original"]
    assert not isinstance(layer.weight, nn.Parameter)
    layer(tl.ones((1, 3), dtype="float32")).sum().backward()
    before = original.tolist()
    optimizer.step()
    expected = np.array(before) - [[1, 2, 2], [0, 1, 2], [0, 0, 1]]
    np.testing.assert_allclose(array_of(original), expected, rtol=1e-6)


def test_assignment_and_chains():
    layer = nn.Linear(3, 3)
    parametrize.register_parametrization(layer, "weight", Symmetric())
    parametrize.register_parametrization(layer, "weight", Double())
    symmetric = tl.asarray(np.array([[1, 2, 3], [2, 4, 5], [3, 5, 6]], dtype="float32"))
    layer.weight = symmetric
    assert layer.weight.tolist() == symmetric.tolist()
    assert layer.parametrizations.weight.original[0].tolist() == [0.5, 1, 1.5]
    with pytest.raises(ValueError, match="parametrize: expected dtype float32, got float64"):
        layer.weight = symmetric.to("float64")
    layer = parametrize.register_parametrization(nn.Linear(2, 2), "weight", nn.ReLU())
    with pytest.raises(RuntimeError, match="parametrize: ReLU has no right_inverse"):
        layer.weight = tl.ones((2, 2), dtype="float32")


def test_several_originals():
    layer = nn.Linear(3, 2)
    parametrize.register_parametrization(layer, "weight", Rank1(), unsafe=True)
    assert list(layer.state_dict())[1:] == [
        "parametrizations.weight.original0",
        "parametrizations.weight.original1",
    ]
    assert len(list(layer.parameters())) == 3
    layer.weight = tl.asarray([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0]], dtype="float32")
    assert layer.weight.tolist() == [[1, 2, 3], [2, 4, 6]]
    with pytest.raises(
        ValueError, match="expected leave_parametrized=True, as 'weight' is computed"
    ):
        parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
    parametrize.remove_parametrizations(layer, "weight")
    assert isinstance(layer.weight, nn.Parameter) and layer.weight.requires_grad
    assert layer.weight.tolist() == [[1, 2, 3], [2, 4, 6]]


@pytest.mark.parametrize("leave", [True, False])
def test_removal(leave):
    layer = nn.Linear(2, 2)
    original = layer.weight
    parametrize.register_parametrization(layer, "weight", Symmetric())
    parametrize.register_parametrization(layer, "bias", Double())
    inner, outer = original.tolist(), layer.weight.tolist()
    parametrize.remove_parametrizations(layer, "weight", leave_parametrized=leave)
    assert layer.weight is original and original.tolist() == (outer if leave else inner)
    assert parametrize.is_parametrized(layer, "bias")
    parametrize.remove_parametrizations(layer, "bias")
    assert not hasattr(layer, "parametrizations")
    assert sorted(layer.state_dict()) == ["bias", "weight"]
    with pytest.raises(ValueError, match="Linear has no parametrization of 'bias'"):
        parametrize.remove_parametrizations(layer, "bias")


def test_buffers():
    module = nn.Module()
    module.register_buffer("mean", tl.asarray([1.0, 2.0]))
    parametrize.register_parametrization(module, "mean", Double())
    assert module.mean.tolist() == [1, 2]
    assert [name for name, _ in module.named_buffers()] == ["parametrizations.mean.original"]
    parametrize.remove_parametrizations(module, "mean")
    assert [name for name, _ in module.named_buffers()] == ["mean"]


def test_refused_and_nothing_changed():
    layer = nn.Linear(2, 3)
    names = list(layer.state_dict())
    with pytest.raises(ValueError, match="Linear has no parameter or buffer 'gain'"):
        parametrize.register_parametrization(layer, "gain", Double())
    with pytest.raises(
        TypeError, match="register_parametrization: expected a Module, got function"
    ):
        parametrize.register_parametrization(layer, "weight", lambda x: x)
    text = (
        r"expected the result of the parametrization to have shape \(3, 2\) and dtype float32, got"
    )
    for wrong in (lambda x: x.T, lambda x: x.to("float64")):
        module = nn.Module()
        module.forward = wrong
        with pytest.raises(ValueError, match=text):
            parametrize.register_parametrization(layer, "weight", module)
    before = layer.weight.tolist()
    for wrong in (lambda x: x[0], lambda x: x.to("float64"), lambda x: (x[0], x[0])):
        module = nn.Module()
        module.forward = lambda x, *rest: x.T
        module.right_inverse = wrong
        with pytest.raises(ValueError, match=text):
            parametrize.register_parametrization(layer, "weight", module)
    assert layer.weight.tolist() == before and layer.weight.dtype == np.float32
    assert list(layer.state_dict()) == names and isinstance(layer.weight, nn.Parameter)
    module = nn.Module()
    module.forward = lambda x: x.T
    parametrize.register_parametrization(layer, "weight", module, unsafe=True)
    assert layer.weight.shape == (2, 3)


def test_cached():
    layer = parametrizations.weight_norm(nn.Linear(2, 2))
    assert layer.weight is not layer.weight
    with parametrize.cached():
        with parametrize.cached():
            first = layer.weight
        assert layer.weight is first
    assert layer.weight is not first


def test_copies():
    layer = parametrizations.weight_norm(nn.Linear(2, 2))
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert other.weight.tolist() == layer.weight.tolist()
        with tl.no_grad():
            other.parametrizations.weight.original0[...] = 0
        assert not other.weight.detach().any() and layer.weight.detach().any()


# Beside PyTorch


def both(function, layer, dtype, **options):
    """A layer of both libraries with one parametrization and the same state."""
    kind, args = layer
    torch.manual_seed(0)
    theirs = getattr(torch.nn, kind)(*args).to(getattr(torch, dtype))
    ours = getattr(nn, kind)(*args).to(dtype)
    getattr(theirs_of, function)(theirs, **options)
    getattr(parametrizations, function)(ours, **options)
    copy_weights(ours, theirs)
    return ours, theirs


def compare_layers(ours, theirs, shape, dtype):
    x = np.random.default_rng(1).normal(size=shape)
    parameters = list(ours.parameters()), list(theirs.parameters())
    compare(ours, theirs, [x], dtype, parameters=parameters)
    assert_close(ours.weight, theirs.weight, dtype)
    for name, value in theirs.state_dict().items():
        assert_close(ours.state_dict()[name], value, dtype, name)


LINEAR, CONV = ("Linear", (3, 4)), ("Conv2d", (2, 3, 2))


@dtypes
@pytest.mark.parametrize("dim", [0, 1, -1, None])
@pytest.mark.parametrize("layer, shape", [(LINEAR, (5, 3)), (CONV, (2, 2, 4, 4))])
def test_weight_norm(dtype, dim, layer, shape):
    ours, theirs = both("weight_norm", layer, dtype, dim=dim)
    compare_layers(ours, theirs, shape, dtype)
    value = ours.weight.detach()
    ours.weight = value * 2
    assert_close(ours.weight, 2 * theirs.weight, dtype)


def test_weight_norm_takes_older_names():
    layer = parametrizations.weight_norm(nn.Linear(2, 3))
    state = {"bias": tl.zeros(3), "weight_g": tl.ones((3, 1)), "weight_v": tl.ones((3, 2))}
    layer.load_state_dict(state)
    assert list(state) == ["bias", "weight_g", "weight_v"]
    np.testing.assert_allclose(array_of(layer.weight), np.full((3, 2), 0.5**0.5), rtol=1e-6)


@dtypes
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    "layer, shape, options",
    [
        (LINEAR, (5, 3), {}),
        (LINEAR, (5, 3), {"n_power_iterations": 3, "dim": 1}),
        (CONV, (2, 2, 4, 4), {}),
        (LINEAR, (5, 3), {"name": "bias", "eps": 1e-3}),
    ],
)
def test_spectral_norm(dtype, training, layer, shape, options):
    ours, theirs = both("spectral_norm", layer, dtype, **options)
    ours.train(training)
    theirs.train(training)
    compare_layers(ours, theirs, shape, dtype)


def test_spectral_norm_refuses():
    with pytest.raises(ValueError, match="spectral_norm: expected n_power_iterations > 0, got 0"):
        parametrizations.spectral_norm(nn.Linear(2, 2), n_power_iterations=0)
    with pytest.raises(ValueError, match="spectral_norm: Linear has no parameter or buffer 'gain'"):
        parametrizations.spectral_norm(nn.Linear(2, 2), "gain")


MAPS = ["matrix_exp", "cayley", "householder"]


@dtypes
@pytest.mark.parametrize("trivialization", [True, False])
@pytest.mark.parametrize("orthogonal_map", [None, *MAPS])
@pytest.mark.parametrize("sizes", [(3, 3), (3, 5), (5, 3)])
def test_orthogonal(dtype, trivialization, orthogonal_map, sizes):
    options = {"orthogonal_map": orthogonal_map, "use_trivialization": trivialization}
    ours, theirs = both("orthogonal", ("Linear", sizes), dtype, **options)
    compare_layers(ours, theirs, (4, sizes[0]), dtype)
    # Somewhere else, and far away.
    random = np.random.default_rng(2)
    for scale in (0.3, 20):
        free = (scale * random.normal(size=tuple(ours.weight.shape))).astype(dtype)
        state = {name: array_of(x) for name, x in theirs.state_dict().items()}
        state["parametrizations.weight.original"] = free
        ours.load_state_dict(state)
        theirs.load_state_dict({name: torch.tensor(x) for name, x in state.items()})
        for layer in (ours, theirs):
            layer.zero_grad()
        if scale == 0.3:
            compare_layers(ours, theirs, (4, sizes[0]), dtype)
        if orthogonal_map != "householder" and not (orthogonal_map is None and sizes != (3, 3)):
            weight = array_of(ours.weight).astype("float64")
            small = weight if weight.shape[0] <= weight.shape[1] else weight.T
            error = abs(small @ small.T - np.eye(len(small))).max()
            assert error < {"float32": 1e-4, "float64": 1e-10}[dtype]


@pytest.mark.parametrize("sizes", [(3, 3), (3, 5), (5, 3)])
@pytest.mark.parametrize("orthogonal_map", MAPS)
def test_orthogonal_matrices_can_be_assigned(orthogonal_map, sizes):
    layer = nn.Linear(*sizes, dtype="float64")
    parametrizations.orthogonal(layer, orthogonal_map=orthogonal_map)
    square = np.linalg.qr(np.random.default_rng(3).normal(size=(5, 5)))[0]
    value = square[: sizes[1], : sizes[0]] if max(sizes) == 5 else np.linalg.qr(square[:3, :3])[0]
    layer.weight = tl.asarray(value.copy())
    np.testing.assert_allclose(array_of(layer.weight), value, atol=1e-12)


def test_householder_without_trivialization_keeps_an_orthogonal_matrix():
    value = np.linalg.qr(np.random.default_rng(3).normal(size=(5, 3)))[0]
    layer = nn.Linear(3, 5, dtype="float64")
    layer.load_state_dict({"weight": value, "bias": np.zeros(5)})
    parametrizations.orthogonal(layer, orthogonal_map="householder", use_trivialization=False)
    np.testing.assert_allclose(array_of(layer.weight), value, atol=1e-12)


def test_orthogonal_complex():
    ours, theirs = nn.Module(), torch.nn.Module()
    value = np.random.default_rng(0).normal(size=(2, 4, 3)) @ np.diag([1, 1j, 1 + 1j])
    ours.w = nn.Parameter(tl.asarray(value))
    theirs.w = torch.nn.Parameter(torch.tensor(value))
    parametrizations.orthogonal(ours, "w", "cayley", use_trivialization=False)
    theirs_of.orthogonal(theirs, "w", "cayley", use_trivialization=False)
    np.testing.assert_allclose(array_of(ours.w), array_of(theirs.w), atol=1e-12)
    parametrize.remove_parametrizations(ours, "w")
    parametrizations.orthogonal(ours, "w")
    w = array_of(ours.w)
    np.testing.assert_allclose(
        w.conj().swapaxes(-1, -2) @ w, np.broadcast_to(np.eye(3), (2, 3, 3)), atol=1e-12
    )
    with pytest.raises(
        ValueError, match="orthogonal: 'householder' is for real matrices, got comp"
    ):
        parametrizations.orthogonal(ours, "w", "householder")


def test_orthogonal_refuses():
    with pytest.raises(
        ValueError, match=r"expected 'bias' with two axes or more, got shape \(2,\)"
    ):
        parametrizations.orthogonal(nn.Linear(2, 2), "bias")
    with pytest.raises(
        ValueError, match="expected orthogonal_map to be one of 'matrix_exp', 'cayle"
    ):
        parametrizations.orthogonal(nn.Linear(2, 2), orthogonal_map="qr")
    with pytest.raises(ValueError, match="orthogonal: Linear has no parameter or buffer 'gain'"):
        parametrizations.orthogonal(nn.Linear(2, 2), "gain")


@pytest.mark.parametrize("orthogonal_map", MAPS)
def test_second_order(orthogonal_map):
    from tensorlib.nn.utils.parametrizations import _Orthogonal, _WeightNorm

    x = tl.asarray(np.random.default_rng(0).normal(size=(4, 3)))
    if orthogonal_map == "householder":  # the diagonal holds signs, which have no derivative
        below = np.tril(np.ones((4, 3)), -1)
        module = _Orthogonal(orthogonal_map, False)
        tl.testing.check_grads(lambda y: module(y * below + np.eye(4, 3)), (x,), order=2)
    else:
        tl.testing.check_grads(_Orthogonal(orthogonal_map, False), (x,), order=2)
    g = tl.asarray(np.random.default_rng(1).normal(size=(4, 1)))
    tl.testing.check_grads(_WeightNorm(0), (g, x), order=2)
