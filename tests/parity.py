"""Modules and functions beside PyTorch's: the same weights and inputs, values and gradients.

In float64 results agree to 1e-10, in float32 to 1e-5, relative to the largest element of a result.
"""

import numpy as np
import pytest

import tensorlib as tl
from tensorlib import nn

torch = pytest.importorskip(
    "torch", reason="PyTorch is not installed; to compare with it: pip install torch"
)

TOLERANCES = {"float32": 1e-5, "float64": 1e-10}
dtypes = pytest.mark.parametrize("dtype", TOLERANCES)


def array_of(x):
    """A Tensor of either library as an ndarray."""
    return np.array(x.detach()) if isinstance(x, tl.Tensor) else x.detach().numpy().copy()


def flat(results):
    """The Tensors in nested tuples, lists and dicts, in order; None is left out."""
    if results is None:
        return []
    if isinstance(results, dict):
        results = results.values()
    if hasattr(results, "detach"):
        return [results]
    if isinstance(results, str) or not np.iterable(results):
        return []
    return [x for result in results for x in flat(result)]


def assert_close(ours, theirs, dtype, label=""):
    """Shapes, dtypes and values of two Tensors agree."""
    ours, theirs = array_of(ours), array_of(theirs)
    assert ours.shape == theirs.shape, label
    assert ours.dtype == theirs.dtype, label
    if ours.dtype.kind not in "fc":
        np.testing.assert_array_equal(ours, theirs, label)
        return
    finite = np.abs(theirs[np.isfinite(theirs)])
    scale = max(1.0, float(finite.max(initial=0)))
    tolerance = TOLERANCES[dtype]
    np.testing.assert_allclose(ours, theirs, tolerance, tolerance * scale, err_msg=label)


def convert(value, dtype, library):
    """An argument for one library: floating ndarrays require a gradient, others do not."""
    if isinstance(value, tuple | list):
        return type(value)(convert(v, dtype, library) for v in value)
    if not isinstance(value, np.ndarray):
        return value
    if value.dtype.kind == "f":
        value = value.astype(dtype)
    elif value.dtype.kind == "c":
        value = value.astype({"float32": "complex64", "float64": "complex128"}[dtype])
    tensor = tl.array(value) if library is tl else torch.tensor(value)
    return tensor.requires_grad_() if value.dtype.kind in "fc" else tensor


def compare(ours, theirs, args, dtype, *, gradients=True, parameters=((), ()), **options):
    """Call two functions and compare results and gradients, weighted with fixed random numbers.

    Parameters
    ----------
    ours, theirs : callable
    args : sequence
        ndarrays (floating ones are cast to `dtype` and differentiated), sequences of them, and
        anything else, which is passed on.
    dtype : {"float32", "float64"}
    gradients : bool
    parameters : pair of sequences of Tensor
        What else to differentiate by, of both libraries.
    **options
        Keyword arguments of both.
    """
    mine = [convert(arg, dtype, tl) for arg in args]
    yours = [convert(arg, dtype, torch) for arg in args]
    a, b = flat(ours(*mine, **options)), flat(theirs(*yours, **options))
    assert len(a) == len(b)
    for number, (x, y) in enumerate(zip(a, b, strict=True)):
        assert_close(x, y, dtype, f"result {number}")
    if not gradients:
        return
    random = np.random.default_rng(0)
    total, other = 0, 0
    for x, y in zip(a, b, strict=True):
        assert x.requires_grad == y.requires_grad
        if y.requires_grad:
            weight = random.uniform(0.5, 1.5, tuple(x.shape)).astype(array_of(x).real.dtype)
            total = total + (x * tl.asarray(weight)).sum().real
            other = other + (y * torch.tensor(weight)).sum().real
    total.backward()
    other.backward()
    leaves = [
        pair
        for pair in zip(
            flat(mine) + list(parameters[0]), flat(yours) + list(parameters[1]), strict=True
        )
        if pair[1].requires_grad
    ]
    for number, (x, y) in enumerate(leaves):
        assert (x.grad is None) == (y.grad is None), f"gradient {number}"
        if y.grad is not None:
            assert_close(x.grad, y.grad, dtype, f"gradient {number}")


def pair_of(name, *args, dtype="float64", **options):
    """A module of ours and PyTorch's of the same name, with PyTorch's weights.

    The names, shapes and dtypes of the two state dicts are the same.
    """
    theirs = getattr(torch.nn, name)(*args, **options).to(getattr(torch, dtype))
    ours = getattr(nn, name)(*args, **options).to(dtype)
    copy_weights(ours, theirs)
    return ours, theirs


def copy_weights(ours, theirs):
    """Give our module the weights of PyTorch's."""
    state = {name: array_of(x) for name, x in theirs.state_dict().items()}
    own = ours.state_dict()
    assert list(own) == list(state)
    for name, value in state.items():
        assert own[name].dtype == value.dtype, name
    ours.load_state_dict(state)


def compare_modules(name, args, inputs, dtype, *, gradients=True, training=True, **options):
    """Make a module in both libraries, with the same weights, and compare its calls.

    Parameters
    ----------
    name : str
        The class, in ``nn`` of both libraries.
    args, options
        For the constructor.
    inputs : sequence
        As `compare` takes its arguments.
    dtype : {"float32", "float64"}
    gradients, training : bool
    """
    ours, theirs = pair_of(name, *args, dtype=dtype, **options)
    ours.train(training)
    theirs.train(training)
    parameters = list(ours.parameters()), list(theirs.parameters())
    compare(ours, theirs, inputs, dtype, gradients=gradients, parameters=parameters)
    for key, value in theirs.state_dict().items():  # buffers that the call changes
        assert_close(ours.state_dict()[key], value, dtype, key)
    return ours, theirs
